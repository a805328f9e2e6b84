// Is a fit stuck? The cheapest merge of two cells against the best split of a third, without any truth.
//
// Merging cells i and j costs m_i m_j / (m_i + m_j) |c_i - c_j|^2; splitting cell l gains what the 2-means of its
// points gain. Where some split gains more than some merge costs, moving one center lowers the objective at once: the
// fit has a many-fit-one (or almost-empty) group beside a one-fit-many cell (QZC section 4), and the move repairs it.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/landscape/certificate.hpp>
#include <kmscape/landscape/merge_cells.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/solve/lloyd.hpp>
#include <kmscape/solve/seeding.hpp>

namespace kmscape {

struct StuckOptions {
  int split_trials = 8;  // greedy k-means++ starts for the 2-means of a cell, beside one maximin start
  Seed seed = 0;         // of those starts
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct StuckTest {
  bool stuck = false;  // some split gains more than some merge of two other cells costs
  bool has_move =
      false;  // there is a pair to merge (or an empty center) and another cell with two distinct points to split
  Index merge_first = -1,
        merge_second = -1;    // the pair of the best move; equal for an empty center, free without a partner
  Index split = -1;           // the cell of the best move
  double merge_cost = 0;      // rise of the objective by the merge
  double split_gain = 0;      // fall by the split: that of the best 2-means found
  double value = 0;           // objective with every center on its cell's mean
  double moved_value = 0;     // value + merge_cost - split_gain: the partition's objective right after the move
  double repaired_value = 0;  // after Lloyd's iteration from there; `value` where not stuck
  FittedCenters<Scalar, Dim> repaired;  // d x k, the centers of repaired_value; d x 0 where not stuck
};

/// Tests the partition that `centers` (d x k) induce on the data, ranking all pairs against all third cells by
/// split_gain - merge_cost. Throws `invalid_input`. O(n (k d + trials)) and O(k^2 d).
template <DataObjective O, class Derived>
[[nodiscard]] StuckTest<typename O::Scalar, O::dim> stuck_test(const O& objective,
                                                               const Eigen::MatrixBase<Derived>& centers,
                                                               const StuckOptions& options = {});

namespace internal {

template <std::floating_point Scalar, int Dim>
struct Split {
  double gain = 0;
  FittedCenters<Scalar, Dim> halves;  // d x 2; d x 0 where the cell cannot be split
};

/// The best 2-means found of the points with label `cell`.
template <DataObjective O>
[[nodiscard]] Split<typename O::Scalar, O::dim> best_split(const O& objective,
                                                           const Assignment<typename O::Scalar, O::dim>& assignment,
                                                           Label cell, const StuckOptions& options) {
  using Scalar = typename O::Scalar;
  const Index size = assignment.counts(cell);
  Split<Scalar, O::dim> best;
  best.halves.resize(objective.dimension(), 0);
  if (size < 2) return best;
  Points<Scalar, O::dim> points(objective.dimension(), size);
  Weights<Scalar> weights(objective.is_weighted() ? size : 0);
  for (Index i = 0, filled = 0; i < objective.size(); ++i) {
    if (assignment.labels(i) != cell) continue;
    points.col(filled) = objective.points().col(i);
    if (objective.is_weighted()) weights(filled) = objective.weight(i);
    ++filled;
  }
  const EmpiricalObjective<Scalar, O::dim> within(std::move(points), std::move(weights));
  if (within.distinct_points(2) < 2) return best;
  const auto whole = within.value(assignment.cells.centroid.col(cell));
  RandomStream stream(options.seed, static_cast<std::uint64_t>(cell));
  for (int trial = 0; trial <= options.split_trials; ++trial) {
    const Seeding method = trial == 0 ? Seeding::maximin : Seeding::greedy_kmeans_plus_plus;
    auto halves = lloyd(within, Seeder(within, 2, stream).run({.method = method}).centers);
    // Single exchanges go on where Lloyd's iteration stops; each lowers the value, so this ends.
    for (;;) {
      const auto parts = within.assign(halves.centers);
      const auto exchange = best_exchange(within, parts);
      if (exchange.point < 0) break;
      auto lower = lloyd(within, after_exchange(within, parts, exchange));
      if (!(lower.value < halves.value)) break;
      halves = std::move(lower);
    }
    const auto gain = static_cast<double>(whole - halves.value);
    if (gain > best.gain) best = {gain, halves.centers};
  }
  return best;
}

}  // namespace internal

template <DataObjective O, class Derived>
StuckTest<typename O::Scalar, O::dim> stuck_test(const O& objective, const Eigen::MatrixBase<Derived>& centers,
                                                 const StuckOptions& options) {
  using Scalar = typename O::Scalar;
  internal::require(options.split_trials >= 0, "stuck_test", "options.split_trials", options.split_trials,
                    "a number of trials cannot be negative", "pass 0 for the maximin start alone");
  const auto assignment = objective.assign(centers);
  const auto& cells = assignment.cells;
  const Index k = cells.mass.size();

  StuckTest<Scalar, O::dim> result;
  result.repaired.resize(objective.dimension(), 0);
  for (Index j = 0; j < k; ++j)  // about the means, should the centers not lie there
    result.value +=
        static_cast<double>(cells.distortion(j)) -
        static_cast<double>(cells.mass(j)) *
            static_cast<double>((centers.col(j).template cast<Sum<Scalar>>() - cells.centroid.col(j)).squaredNorm());
  result.moved_value = result.repaired_value = result.value;

  std::vector<internal::Split<Scalar, O::dim>> splits;
  for (Index l = 0; l < k; ++l)
    splits.push_back(internal::best_split(objective, assignment, static_cast<Label>(l), options));
  std::vector<Index> by_gain;
  for (Index l = 0; l < k; ++l)
    if (splits[static_cast<std::size_t>(l)].halves.cols() == 2) by_gain.push_back(l);
  std::stable_sort(by_gain.begin(), by_gain.end(), [&](Index a, Index b) {
    return splits[static_cast<std::size_t>(a)].gain > splits[static_cast<std::size_t>(b)].gain;
  });

  double best = -std::numeric_limits<double>::infinity();
  for (Index i = 0; i < k; ++i)
    for (Index j = cells.mass(i) > 0 ? i + 1 : i; j < k; ++j) {  // an empty center also alone: i = j
      // Of the three best splits at least one is of a third cell.
      const auto third = std::find_if(by_gain.begin(), by_gain.end(), [&](Index l) { return l != i && l != j; });
      if (third == by_gain.end()) continue;
      const double cost = merge_cost(cells, i, j);
      const double gain = splits[static_cast<std::size_t>(*third)].gain;
      if (gain - cost <= best) continue;
      best = gain - cost;
      result.has_move = true;
      result.merge_first = i;
      result.merge_second = j;
      result.split = *third;
      result.merge_cost = cost;
      result.split_gain = gain;
    }
  if (!result.has_move) return result;
  result.moved_value = result.value + result.merge_cost - result.split_gain;
  // A fall below the rounding of the objective is none.
  result.stuck = best > 64 * static_cast<double>(std::numeric_limits<Sum<Scalar>>::epsilon()) * result.value;
  if (!result.stuck) return result;

  FittedCenters<Scalar, O::dim> moved = cells.centroid;
  const auto first_mass = cells.mass(result.merge_first), second_mass = cells.mass(result.merge_second);
  if (first_mass + second_mass > 0)
    moved.col(result.merge_first) += second_mass / (first_mass + second_mass) *
                                     (cells.centroid.col(result.merge_second) - cells.centroid.col(result.merge_first));
  const auto& halves = splits[static_cast<std::size_t>(result.split)].halves;
  moved.col(result.split) = halves.col(0);
  moved.col(result.merge_second) = halves.col(1);
  auto repaired = lloyd(objective, moved);
  result.repaired_value = static_cast<double>(repaired.value);
  result.repaired = std::move(repaired.centers);
  return result;
}

}  // namespace kmscape

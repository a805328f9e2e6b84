// Bisecting k-means: start from one cell of all points and split one cell in two, by 2-means, until there are k.
//
// Each split keeps the best of several 2-means of the cell's points, so that a run costs about k 2-means of shrinking
// cells, O(n d log k) a Lloyd step where the tree is balanced, and the splits form a tree: one run gives a partition
// for every number of cells up to k, each refining the one before. Source: Steinbach, Karypis, Kumar 2000.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/solve/lloyd.hpp>
#include <kmscape/solve/seeding.hpp>

namespace kmscape {

/// Which cell is split next; among equals the one of lowest label. Cells of equal points are passed over.
enum class SplitRule {
  largest_distortion,  // the cell that holds most of the objective
  largest_mass,        // the cell of most weight
};

enum class BisectingStatus {
  complete,             // k cells
  stopped_by_callback,  // the progress callback returned false: fewer cells
  non_finite,           // k cells, but the objective overflows
};

[[nodiscard]] constexpr std::string_view to_string(SplitRule rule) {
  switch (rule) {
    case SplitRule::largest_distortion:
      return "largest_distortion";
    case SplitRule::largest_mass:
      return "largest_mass";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(BisectingStatus status) {
  switch (status) {
    case BisectingStatus::complete:
      return "complete";
    case BisectingStatus::stopped_by_callback:
      return "stopped_by_callback";
    case BisectingStatus::non_finite:
      return "non_finite";
  }
  return "unknown";
}

struct BisectingOptions {
  SplitRule rule = SplitRule::largest_distortion;
  int trials = 5;  // 2-means of a cell, of which the best is kept
  Seeding seeding = Seeding::kmeans_plus_plus;
  int max_iterations = 1000;  // Lloyd steps of each of them and of the refinement
  bool refine = false;        // Lloyd's iteration over all points at the end, from the cells' means
  Seed seed = 0;
  int threads = 1;                 // of one pass over a cell's points; 0: all cores
  ProgressCallback progress = {};  // stage "splits", before each of them
};

/// A set of points that was a cell at some time. Node 0 holds all points; split t = 1, 2, ... makes nodes 2 t - 1 and
/// 2 t.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct SplitNode {
  Index parent = -1;              // -1 for node 0
  Index first = -1, second = -1;  // its halves; -1 for a leaf. The first holds the point of lowest index
  Label cell = 0;                 // its label while it was a cell; the first half keeps it, the second gets the next
  Index size = 0;                 // points
  Sum<Scalar> mass = 0;           // their weight
  Sum<Scalar> distortion = 0;     // weighted squared distances to their mean
  FittedCenters<Scalar, Dim> mean = {};  // d x 1

  [[nodiscard]] bool is_leaf() const { return first < 0; }
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct BisectingResult {
  FittedCenters<Scalar, Dim> centers;  // d x k: the cells' means; after a refinement its centers
  CellMoments<Scalar, Dim> cells;      // of the partition `labels`
  Sum<Scalar> value = 0;               // of that partition about the centers
  BisectingStatus status = BisectingStatus::complete;
  Labels labels;                              // n. Without a refinement a point need not be with its nearest center
  Counts counts;                              // k: points per cell
  std::vector<SplitNode<Scalar, Dim>> nodes;  // the tree, 2 k - 1 nodes
  Labels leaves;                              // n: the label of each point's leaf; what `labels` is before a refinement
  std::vector<Sum<Scalar>> values;            // objective of 1, 2, ..., k cells of the tree
  std::int64_t iterations = 0;                // Lloyd steps of all 2-means
  bool refined = false;                       // the refinement was asked for and the splits were not stopped
  LloydStatus refinement = LloydStatus::iteration_limit;  // how it ended
  int refinement_iterations = 0;

  /// The partition after `cells_wanted` - 1 splits, 1 <= cells_wanted <= k. Throws `invalid_input`. O(n + k).
  [[nodiscard]] Labels cut(Index cells_wanted) const {
    const Index most = static_cast<Index>(values.size());
    internal::require(cells_wanted >= 1 && cells_wanted <= most, "BisectingResult::cut", "cells_wanted", cells_wanted,
                      internal::text("the tree has between 1 and ", most, " cells to cut it into"),
                      internal::text("pass 1 <= cells_wanted <= ", most));
    // Label t came into being by split t out of a lower one.
    std::vector<Label> earlier(static_cast<std::size_t>(most));
    for (Index t = 0; t < most; ++t) {
      const auto own = static_cast<std::size_t>(t);
      if (t < cells_wanted) {
        earlier[own] = static_cast<Label>(t);
      } else {
        const Index parent = nodes[2 * own].parent;
        earlier[own] = earlier[static_cast<std::size_t>(nodes[static_cast<std::size_t>(parent)].cell)];
      }
    }
    return leaves.unaryExpr([&](Label leaf) { return earlier[static_cast<std::size_t>(leaf)]; });
  }
};

/// Splits the data into k cells. Throws `invalid_input` unless 1 <= k <= the number of distinct points.
template <DataObjective O>
[[nodiscard]] BisectingResult<typename O::Scalar, O::dim> bisecting_k_means(const O& objective, Index k,
                                                                            const BisectingOptions& options = {});

namespace internal {

inline void check(const BisectingOptions& options) {
  constexpr std::string_view function = "bisecting_k_means";
  require(options.trials >= 1, function, "options.trials", options.trials, "a cell is split by the best of its trials",
          "pass options.trials >= 1");
  require(options.max_iterations >= 0, function, "options.max_iterations", options.max_iterations,
          "a number of steps cannot be negative", "pass 0 to split by the nearer of two starting centers");
  static_cast<void>(resolve_threads(options.threads, function, "options.threads"));  // throws on a negative number
}

template <DataObjective O>
class Bisection {
 public:
  using Scalar = typename O::Scalar;
  using Real = Sum<Scalar>;
  using Result = BisectingResult<Scalar, O::dim>;
  using Members = std::vector<Index>;

  Bisection(const O& objective, const BisectingOptions& options) : objective_(objective), options_(options) {
    Members all(static_cast<std::size_t>(objective.size()));
    std::iota(all.begin(), all.end(), Index{0});
    result_.leaves.setZero(objective.size());
    result_.nodes.push_back(node(all, -1, 0));
    leaves_.push_back({0, std::move(all)});
    result_.values.push_back(total());
  }

  Result run(Index k) {
    for (Index made = 1; made < k; ++made) {
      if (options_.progress && !options_.progress({"splits", made - 1, k - 1})) {
        result_.status = BisectingStatus::stopped_by_callback;
        break;
      }
      // One with two distinct points is left, since the data has k of them.
      split(next_leaf());
      result_.values.push_back(total());
    }
    collect();
    return std::move(result_);
  }

 private:
  struct Leaf {
    std::size_t node;
    Members members;         // ascending
    bool undecided = true;   // whether it holds two distinct points was not asked yet
    bool divisible = false;  // it does
  };

  /// The cell to split, by the rule.
  std::size_t next_leaf() {
    std::vector<std::size_t> left;
    for (std::size_t j = 0; j < leaves_.size(); ++j)
      if (leaves_[j].undecided || leaves_[j].divisible) left.push_back(j);
    for (;;) {
      std::size_t best = 0;
      for (std::size_t a = 1; a < left.size(); ++a)
        if (size_by_rule(left[a]) > size_by_rule(left[best])) best = a;
      Leaf& leaf = leaves_[left[best]];
      if (leaf.undecided) {
        const auto first = objective_.points().col(leaf.members.front());
        for (const Index i : leaf.members) leaf.divisible = leaf.divisible || objective_.points().col(i) != first;
        leaf.undecided = false;
      }
      if (leaf.divisible) return left[best];
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(best));
    }
  }

  [[nodiscard]] Real size_by_rule(std::size_t leaf) const {
    const auto& at = result_.nodes[leaves_[leaf].node];
    return options_.rule == SplitRule::largest_mass ? at.mass : at.distortion;
  }

  [[nodiscard]] EmpiricalObjective<Scalar, O::dim> points_of(const Members& members) const {
    const auto size = static_cast<Index>(members.size());
    Points<Scalar, O::dim> points(objective_.dimension(), size);
    Weights<Scalar> weights(objective_.is_weighted() ? size : 0);
    for (Index i = 0; i < size; ++i) {
      points.col(i) = objective_.points().col(members[static_cast<std::size_t>(i)]);
      if (objective_.is_weighted()) weights(i) = objective_.weight(members[static_cast<std::size_t>(i)]);
    }
    return EmpiricalObjective<Scalar, O::dim>(std::move(points), std::move(weights));
  }

  /// 0 or 1 for every member, both of them occurring.
  [[nodiscard]] Labels two_means(const Leaf& leaf) {
    const auto within = points_of(leaf.members);
    const RandomStream stream(options_.seed, static_cast<std::uint64_t>(leaf.node));
    Labels best;
    Real lowest = std::numeric_limits<Real>::infinity();
    for (int trial = 0; trial < options_.trials; ++trial) {
      RandomStream draws = stream.split(static_cast<std::uint64_t>(trial));
      const auto start = seed_centers(within, 2, {.method = options_.seeding}, draws).centers;
      auto halves = lloyd(within, start, {.max_iterations = options_.max_iterations, .threads = options_.threads});
      result_.iterations += halves.iterations;
      if (halves.empty_cells > 0 || !(halves.value < lowest)) continue;
      lowest = halves.value;
      best = std::move(halves.labels);
    }
    if (best.size() > 0) return best;
    // Distinct points whose squared distances underflow or overflow: those equal to the first against the others.
    best.resize(within.size());
    for (Index i = 0; i < within.size(); ++i) best(i) = within.points().col(i) == within.points().col(0) ? 0 : 1;
    return best;
  }

  void split(std::size_t chosen) {
    const Labels half = two_means(leaves_[chosen]);
    const Members members = std::move(leaves_[chosen].members);
    const std::size_t parent = leaves_[chosen].node;
    Members first, second;
    for (std::size_t i = 0; i < members.size(); ++i)
      (half(static_cast<Index>(i)) == half(0) ? first : second).push_back(members[i]);
    const auto label = static_cast<Label>(leaves_.size());
    for (const Index i : second) result_.leaves(i) = label;

    auto& nodes = result_.nodes;
    nodes[parent].first = static_cast<Index>(nodes.size());
    nodes[parent].second = nodes[parent].first + 1;
    nodes.push_back(node(first, static_cast<Index>(parent), nodes[parent].cell));
    nodes.push_back(node(second, static_cast<Index>(parent), label));
    leaves_[chosen] = {nodes.size() - 2, std::move(first)};
    leaves_.push_back({nodes.size() - 1, std::move(second)});
  }

  [[nodiscard]] SplitNode<Scalar, O::dim> node(const Members& members, Index parent, Label cell) const {
    SplitNode<Scalar, O::dim> result{.parent = parent, .cell = cell, .size = static_cast<Index>(members.size())};
    const auto point = [&](Index i) { return objective_.points().col(i).template cast<Real>(); };
    // About one of the points, so that a common offset costs no digits and the mean of copies is the copy.
    const Eigen::Matrix<Real, O::dim, 1> origin = point(members.front());
    Eigen::Matrix<Real, O::dim, 1> sum = origin;
    sum.setZero();
    for (const Index i : members) {
      const auto weight = static_cast<Real>(objective_.weight(i));
      result.mass += weight;
      sum += weight * (point(i) - origin);
    }
    result.mean = origin + sum / result.mass;
    for (const Index i : members)
      result.distortion += static_cast<Real>(objective_.weight(i)) * (point(i) - result.mean.col(0)).squaredNorm();
    return result;
  }

  [[nodiscard]] Real total() const {
    Real sum = 0;
    for (const Leaf& leaf : leaves_) sum += result_.nodes[leaf.node].distortion;
    return sum;
  }

  /// Leaves stand in the order of their labels: the first half takes its parent's place, the second the next free one.
  void collect() {
    const auto k = static_cast<Index>(leaves_.size());
    result_.centers.resize(objective_.dimension(), k);
    result_.cells.mass.resize(k);
    result_.cells.distortion.resize(k);
    result_.counts.resize(k);
    for (Index j = 0; j < k; ++j) {
      const auto& at = result_.nodes[leaves_[static_cast<std::size_t>(j)].node];
      result_.centers.col(j) = at.mean.col(0);
      result_.cells.mass(j) = at.mass;
      result_.cells.distortion(j) = at.distortion;
      result_.counts(j) = at.size;
    }
    result_.cells.centroid = result_.centers;
    result_.labels = result_.leaves;
    result_.value = result_.values.back();
    if (result_.status == BisectingStatus::complete && !std::isfinite(result_.value))
      result_.status = BisectingStatus::non_finite;
    if (!options_.refine || result_.status != BisectingStatus::complete) return;
    auto refined =
        lloyd(objective_, result_.centers, {.max_iterations = options_.max_iterations, .threads = options_.threads});
    result_.centers = std::move(refined.centers);
    result_.cells = std::move(refined.cells);
    result_.labels = std::move(refined.labels);
    result_.counts = std::move(refined.counts);
    result_.value = refined.value;
    result_.refined = true;
    result_.refinement = refined.status;
    result_.refinement_iterations = refined.iterations;
  }

  const O& objective_;
  const BisectingOptions& options_;
  Result result_;
  std::vector<Leaf> leaves_;  // by label
};

}  // namespace internal

template <DataObjective O>
BisectingResult<typename O::Scalar, O::dim> bisecting_k_means(const O& objective, Index k,
                                                              const BisectingOptions& options) {
  internal::check(options);
  internal::check_clusters(objective, k, "bisecting_k_means", "k");
  return internal::Bisection<O>(objective, options).run(k);
}

}  // namespace kmscape

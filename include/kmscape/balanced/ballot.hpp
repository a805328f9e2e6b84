// BalLOT: balanced k-means by alternating minimisation, its assignment step an exact transportation.
//
// F^t = argmin f(., mu^t) over assignments that keep to the capacities, mu^{t+1} = the means of F^t, until nothing gets
// cheaper. Source: Luo, Mixon, BalLOT, arXiv 2512.05926. Each F^t is integral (their Theorem 5: for generic points it
// is also the only minimiser; `margin` says whether it is). Both half-steps can only lower the objective, so that no
// partition comes twice.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/balanced/assign_balanced.hpp>
#include <kmscape/balanced/capacities.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

enum class BallotStatus {
  fixed_point,          // the partition is a cheapest one for its means, up to rounding
  iteration_limit,      // max_iterations steps were made
  stopped_by_callback,  // on_step returned false
};

[[nodiscard]] constexpr std::string_view to_string(BallotStatus status) {
  switch (status) {
    case BallotStatus::fixed_point:
      return "fixed_point";
    case BallotStatus::iteration_limit:
      return "iteration_limit";
    case BallotStatus::stopped_by_callback:
      return "stopped_by_callback";
  }
  return "unknown";
}

/// What `BallotOptions::on_step` is told after each assignment.
struct BallotStep {
  int iteration = 0;  // means taken so far
  double value = 0;   // cost of the assignment to the present centers
  Index moved = 0;    // points whose cluster changed, all of them at first
  double gap = 0;     // of this assignment, with the bound of its rounding error
  double gap_error = 0;
  double margin = 0;  // positive beyond rounding: the assignment is the only cheapest one for its sizes
};

struct BallotOptions {
  Capacities capacities = Capacities::equal();
  int max_iterations = 1000;                            // times that means are taken; 0 assigns to the start only
  Seed seed = 0;                                        // of the samples inside assignments
  int threads = 1;                                      // of assignments; 0 means all cores; changes no bit
  bool keep_steps = false;                              // fill BallotResult::steps
  std::function<bool(const BallotStep&)> on_step = {};  // returning false stops the iteration
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct BallotResult {
  FittedCenters<Scalar, Dim> centers;  // d x k: at a fixed point the means of the clusters, an empty one's as it was
  Labels labels;                       // n
  Counts sizes;                        // k
  Sum<Scalar> cost = 0;                // sum of the weighted squared distances to these centers
  Weights<Sum<Scalar>> prices;         // k, of the assignment to these centers
  Sum<Scalar> gap = 0, gap_error = 0;  // cost <= the least for these centers + gap + gap_error
  Sum<Scalar> margin = 0, margin_error = 0;  // as in BalancedAssignment
  BallotStatus status = BallotStatus::iteration_limit;
  int iterations = 0;                // times that means were taken
  std::vector<SharedWeight> shared;  // with weights, as in BalancedAssignment
  std::vector<BallotStep> steps;     // on request
};

/// Iterates from `start` (d x k, finite) until one of the conditions of `BallotStatus` holds. Throws `invalid_input`. A
/// step takes the time of `assign_balanced`, which begins at the last step's prices, and O(n d).
template <class P, class C>
[[nodiscard]] BallotResult<typename P::Scalar, P::RowsAtCompileTime> ballot(const Eigen::MatrixBase<P>& points,
                                                                            const Eigen::MatrixBase<C>& start,
                                                                            const BallotOptions& options = {});

/// The same for weighted points: `weights(i)` >= 1 copies of point i, which clusters may share.
template <class P, class C>
[[nodiscard]] BallotResult<typename P::Scalar, P::RowsAtCompileTime> ballot(const Eigen::MatrixBase<P>& points,
                                                                            const Counts& weights,
                                                                            const Eigen::MatrixBase<C>& start,
                                                                            const BallotOptions& options = {});

namespace internal {

/// Calls `visit(i, cluster, weight)` for every part of every point.
template <class Assignment, class Visit>
void for_each_part(const Assignment& assignment, const Counts* weights, const Visit& visit) {
  auto share = assignment.shared.begin();
  for (Index i = 0; i < assignment.labels.size(); ++i) {
    if (share == assignment.shared.end() || share->point != i) {
      visit(i, assignment.labels(i), weights ? (*weights)(i) : Index{1});
      continue;
    }
    for (; share != assignment.shared.end() && share->point == i; ++share) visit(i, share->cluster, share->weight);
  }
}

/// Means of the clusters, taken about the present centers for the sake of data far from the origin; an empty cluster
/// keeps its center.
template <class P, class Center, class Assignment>
void take_means(const P& points, const Counts* weights, const Assignment& assignment, Center& centers) {
  using Real = typename Center::Scalar;
  const Index d = points.rows();
  std::vector<Real> sum(static_cast<std::size_t>(centers.size()), Real(0));
  for_each_part(assignment, weights, [&](Index i, Label cluster, Index weight) {
    Real* into = sum.data() + cluster * d;
    for (Index s = 0; s < d; ++s)
      into[s] += static_cast<Real>(weight) * (static_cast<Real>(points(s, i)) - centers(s, cluster));
  });
  for (Index j = 0; j < centers.cols(); ++j)
    if (assignment.sizes(j) > 0)
      for (Index s = 0; s < d; ++s)
        centers(s, j) += sum[static_cast<std::size_t>(j * d + s)] / static_cast<Real>(assignment.sizes(j));
}

template <class P, class Center, class Assignment>
[[nodiscard]] typename Center::Scalar cost_of(const P& points, const Counts* weights, const Assignment& assignment,
                                              const Center& centers) {
  using Real = typename Center::Scalar;
  Real total = 0, block = 0;
  for_each_part(assignment, weights, [&](Index i, Label cluster, Index weight) {
    Real distance = 0;
    for (Index s = 0; s < points.rows(); ++s) {
      const Real difference = static_cast<Real>(points(s, i)) - centers(s, cluster);
      distance += difference * difference;
    }
    block += static_cast<Real>(weight) * distance;
    if (i % 1024 == 1023) {  // sums of sums lose less
      total += block;
      block = 0;
    }
  });
  return total + block;
}

template <class P, class C>
[[nodiscard]] BallotResult<typename P::Scalar, P::RowsAtCompileTime> ballot(const Eigen::MatrixBase<P>& points,
                                                                            const Counts* weights,
                                                                            const Eigen::MatrixBase<C>& start,
                                                                            const BallotOptions& options) {
  using Scalar = typename P::Scalar;
  using Real = Sum<Scalar>;
  require(options.max_iterations >= 0, "ballot", "options.max_iterations", options.max_iterations,
          "a number of steps cannot be negative", "pass 0 to assign to the start only");
  BalancedOptions balanced{.prices = {}, .seed = options.seed, .threads = options.threads};
  FittedCenters<Scalar, P::RowsAtCompileTime> centers = start.template cast<Real>();
  const auto assign = [&] {
    auto assignment = weights ? kmscape::assign_balanced(points, *weights, centers, options.capacities, balanced)
                              : kmscape::assign_balanced(points, centers, options.capacities, balanced);
    balanced.prices.assign(assignment.prices.data(), assignment.prices.data() + assignment.prices.size());
    return assignment;
  };

  BallotResult<Scalar, P::RowsAtCompileTime> result;
  BalancedAssignment<Real> present = assign();
  Index moved = present.labels.size();
  for (;;) {
    const BallotStep step{result.iterations,
                          static_cast<double>(present.cost),
                          moved,
                          static_cast<double>(present.gap),
                          static_cast<double>(present.gap_error),
                          static_cast<double>(present.margin)};
    if (options.keep_steps) result.steps.push_back(step);
    if (options.on_step && !options.on_step(step)) {
      result.status = BallotStatus::stopped_by_callback;
      break;
    }
    if (result.iterations == options.max_iterations) break;
    take_means(points, weights, present, centers);
    ++result.iterations;
    BalancedAssignment<Real> next = assign();
    const Real value = cost_of(points, weights, present, centers);
    // What rounding cannot tell from the present cost is no improvement: the partition at hand is then a cheapest one.
    if (value - next.cost <= next.gap_error) {
      next.gap = std::max(value - (next.cost - next.gap), Real(0));
      next.cost = value;
      next.labels = std::move(present.labels);
      next.sizes = std::move(present.sizes);
      next.shared = std::move(present.shared);
      present = std::move(next);
      result.status = BallotStatus::fixed_point;
      break;
    }
    moved = 0;
    for (Index i = 0; i < next.labels.size(); ++i) moved += next.labels(i) != present.labels(i) ? 1 : 0;
    present = std::move(next);
  }
  result.centers = std::move(centers);
  result.labels = std::move(present.labels);
  result.sizes = std::move(present.sizes);
  result.cost = present.cost;
  result.prices = std::move(present.prices);
  result.gap = present.gap;
  result.gap_error = present.gap_error;
  result.margin = present.margin;
  result.margin_error = present.margin_error;
  result.shared = std::move(present.shared);
  return result;
}

}  // namespace internal

template <class P, class C>
BallotResult<typename P::Scalar, P::RowsAtCompileTime> ballot(const Eigen::MatrixBase<P>& points,
                                                              const Eigen::MatrixBase<C>& start,
                                                              const BallotOptions& options) {
  return internal::ballot(points, nullptr, start, options);
}

template <class P, class C>
BallotResult<typename P::Scalar, P::RowsAtCompileTime> ballot(const Eigen::MatrixBase<P>& points, const Counts& weights,
                                                              const Eigen::MatrixBase<C>& start,
                                                              const BallotOptions& options) {
  return internal::ballot(points, &weights, start, options);
}

}  // namespace kmscape

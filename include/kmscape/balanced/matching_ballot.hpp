// Balanced k-means by bipartite matching: each center stands n / k times on one side, each point once on the other.
//
// The assignment step of balanced Lloyd before BalLOT (Malinen, Franti 2014), in cubic time on an n x n matrix; kept
// for comparison, since its partitions are those of `ballot`. BalLOT's authors compare with two solvers of this one
// problem, Hungarian and Matchpair; here it is shortest augmenting paths (`minimum_cost_matching`).
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <string_view>

#include <kmscape/balanced/ballot.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/metric/matching.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct MatchingBallotResult {
  FittedCenters<Scalar, Dim> centers;  // d x k: means of the clusters
  Labels labels;                       // n
  Counts sizes;                        // k
  Sum<Scalar> cost = 0;
  BallotStatus status = BallotStatus::iteration_limit;
  int iterations = 0;  // times that means were taken
};

/// Iterates from `start` (d x k, k dividing n) until labels repeat or `max_iterations` means were taken. Throws
/// `invalid_input`. O(n^3) time and O(n^2) memory a step.
template <class P, class C>
[[nodiscard]] MatchingBallotResult<typename P::Scalar, P::RowsAtCompileTime> matching_ballot(
    const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<C>& start, int max_iterations = 1000) {
  using Real = Sum<typename P::Scalar>;
  constexpr std::string_view function = "matching_ballot";
  internal::check_columns(points, function, "points", "point");
  internal::check_columns(start, function, "start", "center");
  const Index n = points.cols(), k = start.cols();
  internal::require(start.rows() == points.rows(), function, "start.rows()", start.rows(),
                    internal::text("the points have ", points.rows(), " coordinates"),
                    "pass centers of the same dimension");
  internal::require(n % k == 0, function, "start.cols()", k, internal::text("it does not divide the ", n, " points"),
                    "use ballot, which does not need it to");
  internal::require(max_iterations >= 0, function, "max_iterations", max_iterations,
                    "a number of steps cannot be negative", "pass 0 to assign to the start only");
  MatchingBallotResult<typename P::Scalar, P::RowsAtCompileTime> result;
  result.centers = start.template cast<Real>();
  Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic> cost(n, n);
  BalancedAssignment<Real> present;
  present.sizes.setConstant(k, n / k);
  for (;; ++result.iterations) {
    for (Index j = 0; j < n; ++j)
      for (Index i = 0; i < n; ++i)
        cost(i, j) = (points.col(i).template cast<Real>() - result.centers.col(j / (n / k))).squaredNorm();
    const auto matching = minimum_cost_matching(cost);
    Labels next(n);
    for (Index i = 0; i < n; ++i) next(i) = static_cast<Label>(matching.column[static_cast<std::size_t>(i)] / (n / k));
    const bool repeats = present.labels.size() == n && (present.labels == next).all();
    present.labels = next;
    result.cost = matching.cost;
    if (repeats) result.status = BallotStatus::fixed_point;
    if (repeats || result.iterations >= max_iterations) break;
    internal::take_means(points.derived(), nullptr, present, result.centers);
  }
  result.labels = present.labels;
  result.sizes = present.sizes;
  return result;
}

}  // namespace kmscape

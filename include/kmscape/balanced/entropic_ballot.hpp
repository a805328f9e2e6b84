// E-BalLOT: BalLOT with an entropically regularised assignment, rounded in the end to an exactly balanced partition.
//
// Each step solves the assignment in the log domain (sinkhorn_assignment.hpp), which keeps prices and never a plan, and
// takes the means under the plan for centers. For epsilon >= 2 lambda_max(covariance) all of them collapse to the mean
// of the data (this library's statement), so that a schedule begins below and halves epsilon. Source of the method:
// Luo, Mixon, BalLOT, arXiv 2512.05926; details are ours.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmscape/balanced/assign_balanced.hpp>
#include <kmscape/balanced/ballot.hpp>
#include <kmscape/balanced/capacities.hpp>
#include <kmscape/balanced/sinkhorn_assignment.hpp>
#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

enum class EntropicStatus {
  converged,        // centers at the last epsilon have come to rest and the column sums fit, within the tolerances
  iteration_limit,  // the last stage of the schedule ran out of steps
};

[[nodiscard]] constexpr std::string_view to_string(EntropicStatus status) {
  return status == EntropicStatus::converged ? "converged" : "iteration_limit";
}

struct EntropicOptions {
  Capacities capacities = Capacities::equal();  // equal or exactly: sizes that a plan can be asked to have
  double epsilon = 0;        // last regularisation, data units squared; 0: a fiftieth of lambda_max(covariance)
  double first_epsilon = 0;  // where the schedule begins, at least epsilon; 0: lambda_max(covariance), or epsilon
  double decay = 0.5;        // from one stage to the next, in (0, 1)
  double marginal_tolerance = 1e-2;  // on sum_j |column sum - b_j|, for each assignment
  double center_tolerance = 1e-6;    // the last stage ends when no center's squared move exceeds it times
                                     // lambda_max; those before it at 1e-3 or this
  int max_iterations = 200;          // means taken in one stage
  int max_sinkhorn = 1000;           // passes over the points in one assignment
  Seed seed = 0;                     // of the samples inside the final exact assignment
  int threads = 1;                   // 0 means all cores; changes no bit of the result
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct EntropicBallotResult {
  FittedCenters<Scalar, Dim> centers;       // d x k: means of the balanced partition
  Labels labels;                            // n: the exact balanced assignment to the plan's means
  Counts sizes;                             // k
  Sum<Scalar> cost = 0;                     // of the partition, about `centers`
  FittedCenters<Scalar, Dim> soft_centers;  // d x k: means under the last plan
  Weights<Sum<Scalar>> soft_prices;         // k: g of the last plan
  Weights<Sum<Scalar>> prices;              // k: of the exact assignment to `soft_centers`
  Sum<Scalar> gap = 0, gap_error = 0;       // of that assignment
  Sum<Scalar> marginal_error = 0;           // sum_j |column sum - b_j| of the last plan
  double epsilon = 0;                       // of the last plan
  EntropicStatus status = EntropicStatus::iteration_limit;
  int iterations = 0;           // means taken, all stages together
  int sinkhorn_iterations = 0;  // passes over the points
};

/// Iterates from `start` (d x k, finite). Throws `invalid_input`. Time of a pass as in `sinkhorn_assignment`; memory
/// O(n + k d + k^2).
template <class P, class C>
[[nodiscard]] EntropicBallotResult<typename P::Scalar, P::RowsAtCompileTime> entropic_ballot(
    const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<C>& start, const EntropicOptions& options = {});

namespace internal {

/// The largest eigenvalue of the covariance of (at most 4096 of) the points, by thirty power iterations: from below,
/// and good enough for a scale.
template <class Real, class P>
[[nodiscard]] Real largest_variance(const P& points) {
  const Index d = points.rows(), step = (points.cols() + 4095) / 4096, m = (points.cols() + step - 1) / step;
  Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic> sample(d, m);
  for (Index t = 0; t < m; ++t) sample.col(t) = points.col(t * step).template cast<Real>();
  const Eigen::Matrix<Real, Eigen::Dynamic, 1> mean = sample.rowwise().mean();
  sample.colwise() -= mean;
  // No direction of coordinates is preferred by data, and this one is orthogonal to none that data usually takes.
  Eigen::Matrix<Real, Eigen::Dynamic, 1> direction(d), projected(m);
  for (Index s = 0; s < d; ++s) direction(s) = 1 + static_cast<Real>(s + 1) / static_cast<Real>(3 * d);
  Real value = 0;
  for (int turn = 0; turn < 30; ++turn) {
    const Real length = direction.norm();
    if (!(length > 0)) break;
    projected.noalias() = sample.transpose() * (direction / length);
    value = projected.squaredNorm() / static_cast<Real>(m);
    direction.noalias() = sample * projected;
  }
  return value;
}

}  // namespace internal

template <class P, class C>
EntropicBallotResult<typename P::Scalar, P::RowsAtCompileTime> entropic_ballot(const Eigen::MatrixBase<P>& points,
                                                                               const Eigen::MatrixBase<C>& start,
                                                                               const EntropicOptions& options) {
  using Scalar = typename P::Scalar;
  using Real = Sum<Scalar>;
  using internal::require;
  constexpr std::string_view function = "entropic_ballot";
  internal::check_columns(points, function, "points", "point");
  internal::check_columns(start, function, "start", "center");
  require(start.rows() == points.rows(), function, "start.rows()", start.rows(),
          internal::text("the points have ", points.rows(), " coordinates"), "pass centers of the same dimension");
  require(options.epsilon >= 0 && std::isfinite(options.epsilon), function, "options.epsilon", options.epsilon,
          "regularisation is a positive finite number", "pass 0 for a default that fits the data");
  require(options.first_epsilon >= 0 && std::isfinite(options.first_epsilon), function, "options.first_epsilon",
          options.first_epsilon, "regularisation is a positive finite number",
          "pass 0 for a default that fits the data");
  require(options.decay > 0 && options.decay < 1, function, "options.decay", options.decay,
          "epsilon must fall from stage to stage", "pass a number between 0 and 1");
  require(options.max_iterations >= 1 && options.max_sinkhorn >= 1, function, "options.max_iterations, max_sinkhorn",
          internal::text(options.max_iterations, ", ", options.max_sinkhorn), "a stage takes at least one step",
          "pass 1 or more");
  const Index n = points.cols(), k = start.cols();
  const auto bounds = options.capacities.bounds(k, n, function);
  Weights<Real> shares(k);
  Real held = 0;
  for (Index j = 0; j < k; ++j) {
    const auto at = static_cast<std::size_t>(j);
    require(bounds.upper[at] - bounds.lower[at] <= 1, function, internal::text("upper[", j, "] - lower[", j, "]"),
            bounds.upper[at] - bounds.lower[at], "a plan needs column sums, not bounds of them",
            "pass Capacities::equal() or exactly(sizes), or use ballot");
    require(bounds.upper[at] > 0, function, internal::text("sizes[", j, "]"), 0, "a plan's column sums are positive",
            "leave out centers that are to hold nothing");
    held += shares(j) = static_cast<Real>(bounds.lower[at] + bounds.upper[at]) / 2;
  }
  if (bounds.lower != bounds.upper) {
    shares.setConstant(1 / static_cast<Real>(k));  // equal parts of the mass, n / k points each
  } else {
    shares /= held;
  }

  EntropicBallotResult<Scalar, P::RowsAtCompileTime> result;
  const Real variance = internal::largest_variance<Real>(points.derived());
  const Real scale = variance > 0 ? variance : Real(1);
  const Real last = options.epsilon > 0 ? static_cast<Real>(options.epsilon) : scale / 50;
  Real epsilon = std::max(last, options.first_epsilon > 0 ? static_cast<Real>(options.first_epsilon) : scale);
  Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic> centers = start.template cast<Real>();
  Weights<Real> prices;
  const Eigen::Ref<const internal::PointsOf<P>>& x = points.derived();
  const auto columns = internal::point_columns(x);
  ThreadTeam team(resolve_threads(options.threads, function, "options.threads"));
  for (;; epsilon = std::max(last, epsilon * static_cast<Real>(options.decay))) {
    // Centers of a stage that only prepares the next need not be known well.
    const Real tolerance =
        static_cast<Real>(epsilon <= last ? options.center_tolerance : std::max(options.center_tolerance, 1e-3));
    bool is_at_rest = false;
    for (int turn = 0; turn < options.max_iterations && !is_at_rest; ++turn) {
      internal::SinkhornSearch<Scalar> search(columns, centers, shares, epsilon, team);
      auto plan = search.run(prices, static_cast<Real>(options.marginal_tolerance), options.max_sinkhorn);
      ++result.iterations;
      result.sinkhorn_iterations += plan.iterations;
      is_at_rest = (plan.means - centers).colwise().squaredNorm().maxCoeff() <= tolerance * scale &&
                   plan.marginal_error <= static_cast<Real>(options.marginal_tolerance);
      result.marginal_error = plan.marginal_error;
      centers = std::move(plan.means);
      prices = std::move(plan.prices);
    }
    if (epsilon <= last) {
      result.status = is_at_rest ? EntropicStatus::converged : EntropicStatus::iteration_limit;
      break;
    }
  }
  result.epsilon = static_cast<double>(epsilon);
  result.soft_centers = centers;
  result.soft_prices = prices;

  BalancedOptions balanced{.prices = {}, .seed = options.seed, .threads = options.threads};
  balanced.prices.assign(prices.data(), prices.data() + k);
  auto assignment = assign_balanced(points, centers, options.capacities, balanced);
  internal::take_means(points, nullptr, assignment, centers);
  result.cost = internal::cost_of(points, nullptr, assignment, centers);
  result.centers = std::move(centers);
  result.labels = std::move(assignment.labels);
  result.sizes = std::move(assignment.sizes);
  result.prices = std::move(assignment.prices);
  result.gap = assignment.gap;
  result.gap_error = assignment.gap_error;
  return result;
}

}  // namespace kmscape

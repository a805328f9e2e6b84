// One call for BalLOT and all that its authors compare it with, so that a study can go through them in a loop.
//
// Each method has a function with more to set and more in its result: `ballot`, `entropic_ballot`, `matching_ballot`,
// `amini_levina`, `lloyd`.
#pragma once

#include <Eigen/Core>
#include <concepts>
#include <string_view>
#include <utility>

#include <kmscape/balanced/amini_levina.hpp>
#include <kmscape/balanced/assign_balanced.hpp>
#include <kmscape/balanced/ballot.hpp>
#include <kmscape/balanced/entropic_ballot.hpp>
#include <kmscape/balanced/matching_ballot.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/solve/lloyd.hpp>

namespace kmscape {

enum class BalancedMethod {
  ballot,        // exact transportation and means in turn
  entropic,      // E-BalLOT, rounded to exactly balanced clusters
  matching,      // Hungarian, Matchpair: the partitions of `ballot` in cubic time; k divides n
  semidefinite,  // the Amini-Levina relaxation, rounded; k divides n, and the start is not used
  lloyd,         // plain k-means, whose clusters are of any size
};

[[nodiscard]] constexpr std::string_view to_string(BalancedMethod method) {
  switch (method) {
    case BalancedMethod::ballot:
      return "ballot";
    case BalancedMethod::entropic:
      return "entropic";
    case BalancedMethod::matching:
      return "matching";
    case BalancedMethod::semidefinite:
      return "semidefinite";
    case BalancedMethod::lloyd:
      return "lloyd";
  }
  return "unknown";
}

enum class BalancedClusteringStatus {
  finished,         // by the method's own rule: a fixed point, or within its tolerance
  iteration_limit,  // max_iterations were made
};

[[nodiscard]] constexpr std::string_view to_string(BalancedClusteringStatus status) {
  return status == BalancedClusteringStatus::finished ? "finished" : "iteration_limit";
}

struct BalancedClusteringOptions {
  BalancedMethod method = BalancedMethod::ballot;
  int max_iterations = 0;  // of the method's own kind; 0: as many as it allows by default
  double epsilon = 0;      // entropic: last regularisation, data units squared; 0: a fiftieth of lambda_max(covariance)
  double tolerance = 1e-6;  // semidefinite: relative, on residuals and gap
  Seed seed = 0;            // of the samples inside exact assignments
  int threads = 1;          // 0 means all cores; changes no bit; matching and semidefinite use one
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct BalancedClustering {
  Labels labels;                       // n
  Counts sizes;                        // k: points per cluster, of lloyd's possibly 0
  Sum<Scalar> cost = 0;                // sum of squared distances to `centers`
  FittedCenters<Scalar, Dim> centers;  // d x k; when finished, the means of the clusters
  BalancedClusteringStatus status = BalancedClusteringStatus::iteration_limit;
  int iterations = 0;  // means taken; semidefinite: eigendecompositions
};

/// Clusters `points` (d x n) into as many clusters as `start` (d x k) has centers, of n / k points each but for lloyd.
/// Throws `invalid_input`. Time and memory are the method's.
template <class P, class C>
[[nodiscard]] BalancedClustering<typename P::Scalar, P::RowsAtCompileTime> balanced_clustering(
    const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<C>& start,
    const BalancedClusteringOptions& options = {}) {
  using Scalar = typename P::Scalar;
  using Real = Sum<Scalar>;
  constexpr std::string_view function = "balanced_clustering";
  internal::check_columns(points, function, "points", "point");
  internal::check_columns(start, function, "start", "center");
  internal::require(start.rows() == points.rows(), function, "start.rows()", start.rows(),
                    internal::text("the points have ", points.rows(), " coordinates"),
                    "pass centers of the same dimension");
  internal::require(options.max_iterations >= 0, function, "options.max_iterations", options.max_iterations,
                    "a number of steps cannot be negative", "pass 0 for the method's default");
  internal::check_spread(points, start.template cast<Real>(), static_cast<double>(points.cols()), function);
  const FittedCenters<Scalar, P::RowsAtCompileTime> from = start.template cast<Real>();
  const auto limited = [&](auto own) {
    if (options.max_iterations > 0) own.max_iterations = options.max_iterations;
    return own;
  };

  BalancedClustering<Scalar, P::RowsAtCompileTime> result;
  const auto take = [&](auto&& fit, bool is_finished) {
    result.labels = std::move(fit.labels);
    result.iterations = fit.iterations;
    if (is_finished) result.status = BalancedClusteringStatus::finished;
    if constexpr (requires { fit.cost; }) result.cost = fit.cost;
    if constexpr (requires { fit.centers; }) result.centers = std::move(fit.centers);
    if constexpr (requires { fit.sizes; }) result.sizes = std::move(fit.sizes);
  };
  switch (options.method) {
    case BalancedMethod::ballot: {
      auto fit = ballot(points, from, limited(BallotOptions{.seed = options.seed, .threads = options.threads}));
      take(fit, fit.status == BallotStatus::fixed_point);
      break;
    }
    case BalancedMethod::entropic: {
      auto fit = entropic_ballot(
          points, from,
          limited(EntropicOptions{.epsilon = options.epsilon, .seed = options.seed, .threads = options.threads}));
      take(fit, fit.status == EntropicStatus::converged);
      break;
    }
    case BalancedMethod::matching: {
      auto fit = options.max_iterations > 0 ? matching_ballot(points, from, options.max_iterations)
                                            : matching_ballot(points, from);
      take(fit, fit.status == BallotStatus::fixed_point);
      break;
    }
    case BalancedMethod::semidefinite: {
      auto fit = amini_levina(points, start.cols(), limited(AminiLevinaOptions{.tolerance = options.tolerance}));
      take(fit, fit.status == AminiLevinaStatus::converged);
      break;
    }
    case BalancedMethod::lloyd: {
      auto fit = lloyd(EmpiricalObjective<Scalar, P::RowsAtCompileTime>(points), from,
                       limited(LloydOptions{.threads = options.threads}));
      result.cost = fit.value;
      result.sizes = fit.counts;
      take(fit, fit.status == LloydStatus::fixed_point || fit.status == LloydStatus::rounding_limit);
      break;
    }
  }
  return result;
}

}  // namespace kmscape

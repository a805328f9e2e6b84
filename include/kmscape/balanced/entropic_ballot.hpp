// E-BalLOT: BalLOT with an entropically regularised assignment, rounded in the end to an exactly balanced partition.
//
// min over plans F of sum_ij F_ij |x_i - mu_j|^2 + epsilon sum_ij F_ij log F_ij, row sums w_i / W, column sums b_j, by
// Sinkhorn's iteration in the log domain: with p_ij = softmax_j((g_j - |x_i - mu_j|^2) / epsilon), the prices follow
// g_j += epsilon (log b_j - log sum_i w_i p_ij / W). Only g is stored, never a plan. Centers are means under the plan.
// For epsilon >= 2 lambda_max(covariance) all of them collapse to the mean of the data (this library's statement), so
// that a schedule begins below and halves epsilon. Source of the method: Luo, Mixon, BalLOT, arXiv 2512.05926; details
// are ours.
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
  int max_sinkhorn = 1000;           // Sinkhorn iterations in one assignment
  Seed seed = 0;                     // of the samples inside the final exact assignment
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

/// Iterates from `start` (d x k, finite). Throws `invalid_input`. O(n k d) a Sinkhorn iteration; O(n + k d) memory.
template <class P, class C>
[[nodiscard]] EntropicBallotResult<typename P::Scalar, P::RowsAtCompileTime> entropic_ballot(
    const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<C>& start, const EntropicOptions& options = {});

/// One regularised assignment: prices g whose plan has column sums `shares`, and what the plan says.
template <std::floating_point Real>
struct SinkhornResult {
  Weights<Real> prices;     // k: g, up to a constant; of mean 0
  Weights<Real> shares;     // k: the plan's column sums
  Real marginal_error = 0;  // sum_j |column sum - wanted|
  Real transport_cost = 0;  // sum_ij F_ij |x_i - mu_j|^2, the entropy left out; rows sum to 1 / n
  Centers<Real> means;      // d x k under the plan
  int iterations = 0;       // passes over the points
};

/// Sinkhorn's iteration from `prices` (k) until the column sums are within `tolerance` of `shares` (k, positive, of sum
/// 1) or the limit is reached. O(n k d) an iteration.
template <class P, class C, class Real>
[[nodiscard]] SinkhornResult<Real> sinkhorn_assignment(const Eigen::MatrixBase<P>& points,
                                                       const Eigen::MatrixBase<C>& centers, const Weights<Real>& shares,
                                                       const Weights<Real>& prices, std::type_identity_t<Real> epsilon,
                                                       std::type_identity_t<Real> tolerance, int max_iterations) {
  using Scalar = typename P::Scalar;
  internal::refuse_row_major<P>();
  const Eigen::Ref<const internal::PointsOf<P>>& x = points.derived();
  const Points<Real> c = centers.template cast<Real>();
  const Index k = c.cols(), d = c.rows(), n = x.cols();
  internal::require(epsilon > 0, "sinkhorn_assignment", "epsilon", epsilon, "regularisation is a positive number",
                    "pass epsilon > 0, or use assign_balanced");
  const internal::PointColumns<Scalar> columns{x.data(), d, n,
                                               P::RowsAtCompileTime == 1 ? x.innerStride() : x.outerStride()};
  const internal::CenterCosts<Scalar> costs(columns, k, [&](Index j) { return c.data() + j * d; });

  SinkhornResult<Real> result;
  result.prices = prices;
  constexpr Index block = 64;  // points whose terms are taken to the power together
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  const Index width = costs.width();
  Eigen::Array<Real, Eigen::Dynamic, 1> distance(block * width), term(block * width);
  std::vector<Real> price(static_cast<std::size_t>(width), -infinity);
  std::vector<Real> mass(static_cast<std::size_t>(k)), sum(static_cast<std::size_t>(k * d));
  const Real inverse = 1 / epsilon;
  // exp(-40) of the largest term is below the rounding of the sum of any number of centers that fits into memory.
  constexpr Real negligible = -40;
  for (result.iterations = 1;; ++result.iterations) {
    std::fill(mass.begin(), mass.end(), Real(0));
    std::fill(sum.begin(), sum.end(), Real(0));
    std::copy(result.prices.data(), result.prices.data() + k, price.begin());
    Real cost = 0;
    for (Index first = 0; first < n; first += block) {
      const Index count = std::min(block, n - first);
      for (Index t = 0; t < count; ++t) {
        Real* row = distance.data() + t * width;
        Real* exponent = term.data() + t * width;
        costs.row(first + t, row);
        const Real least = internal::Cheapest<Real>(row, price.data(), width).value;
        for (Index j = 0; j < width; ++j)
          exponent[j] = std::max((price[static_cast<std::size_t>(j)] - row[j] + least) * inverse, 2 * negligible);
      }
      const auto size = count * width;
      term.head(size) = (term.head(size) < negligible).select(Real(0), term.head(size).exp());
      for (Index t = 0; t < count; ++t) {
        const Real* row = distance.data() + t * width;
        const Real* terms = term.data() + t * width;
        const Scalar* point = columns.point(first + t);
        Real total = 0, weighted = 0;
        for (Index j = 0; j < k; ++j) {
          total += terms[j];
          weighted += terms[j] * row[j];
        }
        cost += weighted / total;
        for (Index j = 0; j < k; ++j) {
          if (terms[j] == 0) continue;
          const Real share = terms[j] / total;
          mass[static_cast<std::size_t>(j)] += share;
          // About the center, for the sake of data far from the origin.
          for (Index s = 0; s < d; ++s)
            sum[static_cast<std::size_t>(j * d + s)] += share * (static_cast<Real>(point[s]) - c(s, j));
        }
      }
    }
    result.shares = Eigen::Map<const Weights<Real>>(mass.data(), k) / static_cast<Real>(n);
    result.marginal_error = (result.shares - shares).abs().sum();
    if (result.marginal_error <= tolerance || result.iterations >= max_iterations) {
      result.transport_cost = cost / static_cast<Real>(n);
      result.means = c;
      for (Index j = 0; j < k; ++j)
        if (mass[static_cast<std::size_t>(j)] > 0)
          for (Index s = 0; s < d; ++s)
            result.means(s, j) += sum[static_cast<std::size_t>(j * d + s)] / mass[static_cast<std::size_t>(j)];
      return result;
    }
    for (Index j = 0; j < k; ++j) {
      // A cluster that no point can see yet is raised as far as the terms that still count reach.
      const Real ratio = std::log(shares(j)) - std::log(result.shares(j));
      result.prices(j) += epsilon * std::min(ratio, -negligible);
    }
    result.prices -= result.prices.mean();
  }
}

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
  FittedCenters<Scalar, P::RowsAtCompileTime> centers = start.template cast<Real>();
  Weights<Real> prices = Weights<Real>::Zero(k);
  for (;; epsilon = std::max(last, epsilon * static_cast<Real>(options.decay))) {
    // Centers of a stage that only prepares the next need not be known well.
    const Real tolerance =
        static_cast<Real>(epsilon <= last ? options.center_tolerance : std::max(options.center_tolerance, 1e-3));
    bool is_at_rest = false;
    for (int turn = 0; turn < options.max_iterations && !is_at_rest; ++turn) {
      auto plan = sinkhorn_assignment(points, centers, shares, prices, epsilon,
                                      static_cast<Real>(options.marginal_tolerance), options.max_sinkhorn);
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

  BalancedOptions balanced{.prices = {}, .seed = options.seed};
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

// The entropically regularised assignment: minimise sum_ij F_ij |x_i - c_j|^2 + epsilon sum_ij F_ij log F_ij over plans
// F whose rows sum to 1 / n and whose columns sum to given shares b.
//
// With p_ij = softmax_j((g_j - |x_i - c_j|^2) / epsilon) the plan is p / n, and the prices g maximise the concave dual
// <b, g> - (epsilon / n) sum_i log sum_j exp((g_j - |x_i - c_j|^2) / epsilon), of gradient b - s, s the column sums.
// Sinkhorn's iteration in the log domain is g_j += epsilon log(b_j / s_j) (Cuturi 2013). It takes as many passes over
// the points as epsilon is small; Newton's step, (diag(s) - P^T P / n) delta = epsilon (b - s), takes a handful. A
// third derivative of the dual in direction delta is at most range(delta) / epsilon times the second, so that the step
// log(1 + r) / r, r = range(delta) / epsilon, never overshoots (Sun, Tran-Dinh 2019, for functions of this kind).
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/balanced/center_costs.hpp>
#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

struct SinkhornOptions {
  std::vector<double> prices = {};  // k prices to begin with, those of a similar problem; empty: found on samples
  double tolerance = 1e-6;          // on sum_j |column sum - share|
  int max_iterations = 10000;       // passes over all points
  int threads = 1;                  // 0 means all cores; changes no bit of the result
};

/// One regularised assignment: prices g whose plan has column sums `shares`, and what the plan says.
template <std::floating_point Real>
struct SinkhornResult {
  Weights<Real> prices;     // k: g, up to a constant; of mean 0
  Weights<Real> shares;     // k: the plan's column sums
  Real marginal_error = 0;  // sum_j |column sum - wanted|
  Real transport_cost = 0;  // sum_ij F_ij |x_i - c_j|^2, the entropy left out; rows sum to 1 / n
  Real dual_value = 0;  // <b, g> - (epsilon / n) sum_i log sum_j exp(...); minus epsilon log n it is at most the least
                        // regularised cost, and equal to it where the marginal error is 0
  Centers<Real> means;  // d x k under the plan
  int iterations = 0;   // passes over all points
};

/// The plan of points (d x n) and centers (d x k), both finite, for column sums `shares` (k, positive, of sum 1):
/// iterates until they are within the tolerance or the limit is reached, which `marginal_error` tells. Throws
/// `invalid_input`. O(n k d) a pass, and O(n k) for every 16 centers where Newton's step is taken (k <= 256);
/// memory O(k d) and, for these, O(k^2).
template <class P, class C, class Real>
[[nodiscard]] SinkhornResult<Real> sinkhorn_assignment(const Eigen::MatrixBase<P>& points,
                                                       const Eigen::MatrixBase<C>& centers, const Weights<Real>& shares,
                                                       double epsilon, const SinkhornOptions& options = {});

namespace internal {

/// What a pass over points sums up; parts of the points are added in their order.
template <class Real>
struct SinkhornSums {
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;

  Weights<Real> mass;  // k: sum_i p_ij
  Matrix moment;       // d x k: sum_i p_ij x_i, about the origin
  Matrix products;     // k x k: sum_i p_ij p_il over the `observed` points
  Real cost = 0;       // sum_ij p_ij |x_i - c_j|^2
  Real exponent = 0;   // sum_i log sum_j exp(...)
  Index observed = 0;

  void clear(Index d, Index k, bool has_products) {
    mass.setZero(k);
    moment.setZero(d, k);
    products.setZero(has_products ? k : 0, has_products ? k : 0);
    cost = exponent = 0;
    observed = 0;
  }

  void add(const SinkhornSums& other) {
    mass += other.mass;
    moment += other.moment;
    products += other.products;
    cost += other.cost;
    exponent += other.exponent;
    observed += other.observed;
  }
};

template <std::floating_point Scalar>
class SinkhornSearch {
 public:
  using Real = Sum<Scalar>;
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;

  SinkhornSearch(const PointColumns<Scalar>& points, const Matrix& centers, Weights<Real> shares, Real epsilon,
                 ThreadTeam& team)
      : points_(points),
        n_(points.size),
        centers_(centers),
        origin_(centers.rowwise().mean()),
        shares_(std::move(shares)),
        wanted_(epsilon),
        epsilon_(epsilon),
        team_(team),
        k_(centers.cols()),
        d_(centers.rows()),
        block_(std::clamp<Index>(8192 / k_ / 16 * 16, 32, 256)),
        workspaces_(static_cast<std::size_t>(team.size())) {
    for (auto& workspace : workspaces_) {
      workspace.coordinates.resize(block_, d_);
      workspace.costs.resize(block_, k_);
      workspace.terms.resize(block_, k_);
    }
  }

  /// @param prices k of them, or none.
  [[nodiscard]] SinkhornResult<Real> run(const Weights<Real>& prices, Real tolerance, int max_iterations) {
    if (prices.size() > 0) {
      prices_ = prices;
    } else {
      prices_ = Weights<Real>::Zero(k_);
      prepare();
    }
    SinkhornResult<Real> result;
    result.iterations = solve(1, tolerance, max_iterations);
    result.prices = prices_;
    result.shares = sums_.mass / static_cast<Real>(n_);
    result.marginal_error = error_;
    result.transport_cost = sums_.cost / static_cast<Real>(n_);
    result.dual_value = (shares_ * prices_).sum() - epsilon_ * sums_.exponent / static_cast<Real>(n_);
    result.means.resize(d_, k_);
    for (Index j = 0; j < k_; ++j) result.means.col(j) = origin_ + sums_.moment.col(j) / sums_.mass(j);
    return result;
  }

 private:
  static constexpr Index most_newton = 256;  // centers; for more, k x k matrices cost more than the passes they save
  static constexpr Index most_parts = 32;
  // exp(-80) of the largest term counts for nothing in any sum, and is far from numbers that are slow to compute with.
  static constexpr Real least_exponent = -80;

  struct Workspace {
    Matrix coordinates;                                               // block x d, about the origin
    Eigen::Array<Real, Eigen::Dynamic, Eigen::Dynamic> costs, terms;  // block x k
    Eigen::Array<Real, Eigen::Dynamic, 1> best, total;
  };

  /// Prices from samples, each four times as large as the one before, the first by falling epsilon. Every `step`th
  /// point is a sample also of points that come cluster by cluster; a bad one only costs passes.
  void prepare() {
    Index step = 1;
    while (n_ / (4 * step) >= std::max<Index>(16 * k_, 1024)) step *= 4;
    Real scale = 0;
    for (Index j = 0; j < k_; ++j) scale = std::max(scale, (centers_.col(j) - origin_).squaredNorm());
    for (epsilon_ = std::max(wanted_, scale); epsilon_ > wanted_; epsilon_ = std::max(wanted_, epsilon_ / 4))
      solve(step, Real(0.1), 100);
    for (; step > 1; step /= 4) solve(step, Real(1e-3), 100);
  }

  /// Iterates on every `step`th point; returns the number of passes.
  int solve(Index step, Real tolerance, int max_iterations) {
    bool may_leap = k_ <= most_newton;
    Real before = std::numeric_limits<Real>::infinity();
    for (int iteration = 1;; ++iteration) {
      pass(step);
      const Weights<Real> held = sums_.mass / sums_.mass.sum();
      error_ = (held - shares_).abs().sum();
      if (error_ <= tolerance || iteration >= max_iterations) return iteration;
      // A leap that has not helped is followed by one of Sinkhorn's steps, which cannot fail.
      may_leap = k_ <= most_newton && !(may_leap && error_ > before);
      before = error_;
      // A cluster that holds next to nothing is not seen by second derivatives.
      if (!may_leap || (held < shares_ / 16).any() || !leap(held)) {
        for (Index j = 0; j < k_; ++j) prices_(j) += epsilon_ * (std::log(shares_(j)) - std::log(held(j)));
        may_leap = false;
        before = std::numeric_limits<Real>::infinity();
      }
      prices_ -= prices_.mean();
    }
  }

  /// Newton's step, shortened so that it cannot overshoot; false where rounding leaves none.
  bool leap(const Weights<Real>& held) {
    Matrix& second = sums_.products;
    second.template triangularView<Eigen::StrictlyUpper>() = second.transpose();
    second /= -static_cast<Real>(sums_.observed);
    // The diagonal of a Laplacian, so that observing some of the points only leaves it one; and a little more, since
    // clusters may be cut off from each other.
    for (Index j = 0; j < k_; ++j) {
      second(j, j) = 0;
      second(j, j) = -second.col(j).sum() + Real(1e-9) * held(j);
    }
    second.array() += 1 / static_cast<Real>(k_ * k_);  // prices count up to a constant only
    const Eigen::LLT<Eigen::Ref<Matrix>> factors(second);
    if (factors.info() != Eigen::Success) return false;
    const Eigen::Matrix<Real, Eigen::Dynamic, 1> step = factors.solve((shares_ - held).matrix());
    const Real range = step.maxCoeff() - step.minCoeff();
    if (!std::isfinite(range)) return false;
    prices_ += step.array() * (epsilon_ * (range > Real(1e-3) ? std::log1p(range) / range : Real(1)));
    return true;
  }

  /// One pass over every `step`th point into `sums_`. Parts do not depend on the number of threads.
  void pass(Index step) {
    const Index count = (n_ + step - 1) / step, blocks = (count + block_ - 1) / block_;
    const Index parts = std::min(blocks, most_parts);
    const bool has_products = k_ <= most_newton;
    // Products cost k / 16 times what the rest does: they are taken from some of the blocks only.
    const Index observe = std::clamp<Index>(std::min(k_ / 16, blocks / 16), 1, 16);
    parts_.resize(static_cast<std::size_t>(parts));
    team_.run(parts, [&](Index part, int worker) {
      auto& sums = parts_[static_cast<std::size_t>(part)];
      sums.clear(d_, k_, has_products);
      for (Index b = blocks * part / parts; b < blocks * (part + 1) / parts; ++b) {
        const Index first = b * block_;
        add_block(first, std::min(block_, count - first), step, has_products && b % observe == 0,
                  workspaces_[static_cast<std::size_t>(worker)], sums);
      }
    });
    sums_.clear(d_, k_, has_products);
    for (const auto& sums : parts_) sums_.add(sums);
  }

  void add_block(Index first, Index count, Index step, bool observes, Workspace& work, SinkhornSums<Real>& sums) const {
    for (Index t = 0; t < count; ++t) {
      const Scalar* x = points_.point((first + t) * step);
      for (Index s = 0; s < d_; ++s) work.coordinates(t, s) = static_cast<Real>(x[s]) - origin_(s);
    }
    auto x = work.coordinates.topRows(count);
    auto costs = work.costs.topRows(count), terms = work.terms.topRows(count);
    const Real inverse = 1 / epsilon_;
    for (Index j = 0; j < k_; ++j) {
      costs.col(j) = (x.col(0).array() - (centers_(0, j) - origin_(0))).square();
      for (Index s = 1; s < d_; ++s) costs.col(j) += (x.col(s).array() - (centers_(s, j) - origin_(s))).square();
      terms.col(j) = (prices_(j) - costs.col(j)) * inverse;
      if (j == 0)
        work.best = terms.col(0);
      else
        work.best = work.best.max(terms.col(j));
    }
    work.total.setZero(count);
    for (Index j = 0; j < k_; ++j) {
      auto term = terms.col(j);
      term = (term - work.best).max(least_exponent).exp();
      work.total += term;
    }
    sums.exponent += (work.best + work.total.log()).sum();
    work.total = work.total.inverse();
    for (Index j = 0; j < k_; ++j) {
      auto term = terms.col(j);
      term *= work.total;
      sums.mass(j) += term.sum();
      sums.cost += (term * costs.col(j)).sum();
    }
    sums.moment.noalias() += x.transpose() * terms.matrix();
    if (!observes) return;
    sums.products.template selfadjointView<Eigen::Lower>().rankUpdate(terms.matrix().transpose());
    sums.observed += count;
  }

  PointColumns<Scalar> points_;
  Index n_;
  const Matrix& centers_;
  Eigen::Matrix<Real, Eigen::Dynamic, 1> origin_;
  Weights<Real> shares_, prices_;
  Real wanted_, epsilon_, error_ = 0;
  ThreadTeam& team_;
  Index k_, d_, block_;
  std::vector<Workspace> workspaces_;
  std::vector<SinkhornSums<Real>> parts_;
  SinkhornSums<Real> sums_;
};

}  // namespace internal

template <class P, class C, class Real>
SinkhornResult<Real> sinkhorn_assignment(const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<C>& centers,
                                         const Weights<Real>& shares, double epsilon, const SinkhornOptions& options) {
  using Scalar = typename P::Scalar;
  using internal::require, internal::text;
  static_assert(std::is_same_v<Real, Sum<Scalar>>, "shares are kept in the type of sums: Weights<Sum<Scalar>>");
  constexpr std::string_view function = "sinkhorn_assignment";
  internal::refuse_row_major<P>();
  internal::check_columns(points, function, "points", "point");
  internal::check_columns(centers, function, "centers", "center");
  const Index k = centers.cols();
  require(centers.rows() == points.rows(), function, "centers.rows()", centers.rows(),
          text("the points have ", points.rows(), " coordinates"), "pass centers of the same dimension");
  require(shares.size() == k, function, "shares", text(shares.size(), " numbers"), text("there are ", k, " centers"),
          "pass one share per center");
  for (Index j = 0; j < k; ++j)
    require(shares(j) > 0, function, text("shares(", j, ")"), shares(j), "a plan's column sums are positive",
            "leave out centers that are to hold nothing");
  require(std::abs(shares.sum() - 1) <= Real(1e-9), function, "sum of shares", shares.sum(), "all mass is one",
          "divide the shares by their sum");
  require(epsilon > 0 && std::isfinite(epsilon), function, "epsilon", epsilon,
          "regularisation is a positive finite number", "pass epsilon > 0, or use assign_balanced");
  require(options.tolerance >= 0, function, "options.tolerance", options.tolerance, "a tolerance is not negative",
          "pass 1e-6, say");
  require(options.max_iterations >= 1, function, "options.max_iterations", options.max_iterations,
          "an assignment takes at least one pass", "pass 1 or more");
  internal::check_prices(options.prices, k, function);
  const Weights<Real> prices =
      Eigen::Map<const Eigen::ArrayXd>(options.prices.data(), static_cast<Index>(options.prices.size()))
          .template cast<Real>();
  const Eigen::Ref<const internal::PointsOf<P>>& x = points.derived();
  const Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic> c = centers.template cast<Real>();
  ThreadTeam team(resolve_threads(options.threads, function, "options.threads"));
  return internal::SinkhornSearch<Scalar>(internal::point_columns(x), c, shares, static_cast<Real>(epsilon), team)
      .run(prices, static_cast<Real>(options.tolerance), options.max_iterations);
}

}  // namespace kmscape

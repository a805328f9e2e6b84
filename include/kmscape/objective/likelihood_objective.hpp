// The likelihood objective: negative log-likelihood of a spherical Gaussian mixture of known deviation tau and known
// mixing weights as a function of its centers (QZC section 2.2), a smooth relative of k-means.
//
//     L_tau(beta) = - sum_i w_i log sum_j alpha_j exp(-|x_i - beta_j|^2 / (2 tau^2)),   alpha_j = 1 in QZC.
//
// As an `Objective` it is taken in the units of G_n, as G_tau = 2 tau^2 L_tau = sum_i w_i softmin_j |x_i - beta_j|^2.
// Then everything that holds for the cells of G_n holds for its soft cells: with r_ij the responsibility of center j
// for point i, m_j = sum_i w_i r_ij and c_j = sum_i w_i r_ij x_i / m_j,
//
//     dG_tau / dbeta_j = 2 m_j (beta_j - c_j),
//     H_jj = 2 m_j I - (2 / tau^2) sum_i w_i r_ij (1 - r_ij) u_ij u_ij^T,   u_ij = x_i - beta_j,
//     H_jl = (2 / tau^2) sum_i w_i r_ij r_il u_ij u_il^T,
//
// and beta_j <- c_j is the step of expectation maximisation (Dempster, Laird, Rubin 1977), which never raises G_tau:
// `lloyd(objective, start)` is EM. For alpha = 1, 0 <= G_n - G_tau <= 2 tau^2 log(k) sum_i w_i; without ties the
// difference falls like exp(-gap / (2 tau^2)) as tau -> 0, gap being the least |x - beta_second|^2 - |x -
// beta_first|^2.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <concepts>
#include <limits>
#include <numbers>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/objective/assignment_engine.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/objective/soft_cells.hpp>

namespace kmscape {

struct LikelihoodOptions {
  Weights<double> mixing = {};  // one positive weight per center, of any scale; empty: equal ones
  int threads = 1;              // of one pass over the data; 0: all cores. Small data is never split
};

namespace internal {

/// tau as the scores need it: 2 tau^2 and its inverse within the range of the type.
template <std::floating_point Real>
[[nodiscard]] Real likelihood_deviation(Real tau, std::string_view function) {
  using Limits = std::numeric_limits<Real>;
  const Real least = std::sqrt(Limits::min()), most = std::sqrt(Limits::max()) / 2;
  require(tau >= least && tau <= most, function, "tau", tau,
          text("a deviation lies between ", least, " and ", most, ", so that its square is a number"),
          "pass the components' standard deviation per coordinate; for the limit tau -> 0 use EmpiricalObjective");
  return tau;
}

/// Log mixing weights, scaled so that the weights have mean 1: equal ones are then QZC's alpha = 1. Empty for none.
template <std::floating_point Real>
[[nodiscard]] Weights<Real> log_mixing(const Weights<double>& mixing, std::string_view function) {
  if (mixing.size() == 0) return {};
  check_weights(mixing, mixing.size(), function, "options.mixing", "center");
  const Weights<Real> logs = mixing.cast<Real>().log();
  const Real largest = logs.maxCoeff();
  return logs - (largest + std::log((logs - largest).exp().mean()));
}

/// The scores of k centers under one deviation.
template <std::floating_point Real>
[[nodiscard]] SoftScores<Real> likelihood_scores(const Weights<Real>& log_mixing, Real tau, Index k,
                                                 std::string_view function) {
  require(log_mixing.size() == 0 || log_mixing.size() == k, function, "centers.cols()", k,
          text("the objective holds mixing weights of ", log_mixing.size(), " centers"),
          text("pass ", log_mixing.size(), " centers, or an objective without mixing weights"));
  SoftScores<Real> scores;
  scores.offset = log_mixing.size() == 0 ? Weights<Real>::Zero(k) : log_mixing;
  scores.rate.setConstant(k, 1 / (2 * tau * tau));
  return scores;
}

/// Passes over the points of `data`, which must outlive them.
template <std::floating_point Scalar, int Dim>
[[nodiscard]] SoftPass<Scalar, Dim> soft_pass(const EmpiricalObjective<Scalar, Dim>& data, int threads) {
  const Scalar* weights = nullptr;
  Labels none;
  data.for_each_block(none, [&](const PointBlock<Scalar>& block, Index) { weights = block.weights; });
  return SoftPass<Scalar, Dim>(data.span(), weights, threads);
}

/// Soft cells from the sums of a pass, in the units of G. A center without mass keeps its place.
template <std::floating_point Scalar, int Dim>
[[nodiscard]] CellMoments<Scalar, Dim> soft_moments(const SoftSums<Sum<Scalar>, Dim>& sums,
                                                    const FittedCenters<Scalar, Dim>& centers, Sum<Scalar> tau) {
  CellMoments<Scalar, Dim> cells;
  cells.mass = sums.mass;
  cells.centroid = centers;
  for (Index j = 0; j < centers.cols(); ++j)
    if (sums.mass(j) > 0) cells.centroid.col(j) += sums.moment.col(j) / sums.mass(j);
  cells.distortion = (-2 * tau * tau) * sums.share;
  return cells;
}

/// The Hessian of G_tau, (d k) x (d k). O(n (d k)^2).
template <std::floating_point Scalar, int Dim>
[[nodiscard]] Eigen::Matrix<Sum<Scalar>, Eigen::Dynamic, Eigen::Dynamic> soft_hessian(
    SoftPass<Scalar, Dim>& pass, const FittedCenters<Scalar, Dim>& centers, const SoftScores<Sum<Scalar>>& scores,
    Sum<Scalar> tau) {
  using Real = Sum<Scalar>;
  using Square = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
  const Index d = centers.rows(), k = centers.cols(), size = d * k;
  struct Partial {
    Square outer;              // sum over points of w (r u)(r u)^T, all centers stacked
    Square own;                // d x dk: sum of w r u u^T for every center
    Weights<Real> mass;        // k
    Square stacked, weighted;  // of one block, a row a point
  };
  std::vector<Partial> partial(static_cast<std::size_t>(pass.chunks()));
  for (auto& part : partial) {
    part.outer.setZero(size, size);
    part.own.setZero(d, size);
    part.mass.setZero(k);
  }
  pass.for_each_block(centers, scores, [&](SoftBlock<Scalar, Dim>& block, Index first, Index count, Index chunk) {
    auto& part = partial[static_cast<std::size_t>(chunk)];
    Weights<Real> w = Weights<Real>::Ones(count);
    if (pass.weights() != nullptr)
      w = Eigen::Map<const Weights<Scalar>>(pass.weights() + first, count).template cast<Real>();
    part.stacked.resize(count, size);
    part.weighted.resize(count, size);
    for (Index j = 0; j < k; ++j) {
      const auto r = block.share().col(j);
      for (Index s = 0; s < d; ++s) part.stacked.col(j * d + s) = block.coordinates().col(s) - centers(s, j);
      auto u = part.stacked.middleCols(j * d, d);
      part.own.middleCols(j * d, d) += u.transpose() * ((w * r).matrix().asDiagonal() * u);
      part.mass(j) += (w * r).sum();
      u.array().colwise() *= r;
      part.weighted.middleCols(j * d, d) = w.matrix().asDiagonal() * u;
    }
    part.outer += part.stacked.transpose() * part.weighted;
  });
  auto& total = partial[0];
  for (std::size_t c = 1; c < partial.size(); ++c) {
    total.outer += partial[c].outer;
    total.own += partial[c].own;
    total.mass += partial[c].mass;
  }
  Square result = (2 / (tau * tau)) * total.outer;
  for (Index j = 0; j < k; ++j) {
    auto block = result.block(j * d, j * d, d, d);
    block -= (2 / (tau * tau)) * total.own.middleCols(j * d, d);
    block.diagonal().array() += 2 * total.mass(j);
  }
  // Symmetric to the last bit.
  return (result + result.transpose()) / 2;
}

}  // namespace internal

/// G_tau = 2 tau^2 L_tau of data, a sum over points as G_n is. Immutable; copies share the data. Works with `lloyd`,
/// whose step is then that of EM with fixed tau and mixing weights. A center far from all points, whose
/// responsibilities all underflow, has mass 0 and keeps its place.
template <std::floating_point Scalar_, int Dim = Eigen::Dynamic>
class LikelihoodObjective {
 public:
  using Scalar = Scalar_;
  using Real = Sum<Scalar>;
  using CentersType = FittedCenters<Scalar, Dim>;
  static constexpr int dim = Dim;

  /// @param data points and weights; shared, not copied
  /// @param tau standard deviation of the components per coordinate, in data units, > 0
  /// Throws `invalid_input`.
  LikelihoodObjective(EmpiricalObjective<Scalar, Dim> data, Real tau, const LikelihoodOptions& options = {})
      : data_(std::move(data)),
        tau_(internal::likelihood_deviation(tau, "LikelihoodObjective")),
        log_mixing_(internal::log_mixing<Real>(options.mixing, "LikelihoodObjective")),
        threads_(resolve_threads(options.threads, "LikelihoodObjective", "options.threads")) {}

  /// The same for points (d x n) without weights.
  template <class Derived>
  LikelihoodObjective(const Eigen::MatrixBase<Derived>& points, Real tau, const LikelihoodOptions& options = {})
      : LikelihoodObjective(EmpiricalObjective<Scalar, Dim>(points), tau, options) {}

  [[nodiscard]] Index dimension() const { return data_.dimension(); }
  [[nodiscard]] const EmpiricalObjective<Scalar, Dim>& data() const { return data_; }
  [[nodiscard]] Real tau() const { return tau_; }

  /// Soft cells of `centers` (d x k, finite): mass m_j, center of mass c_j, and as distortion the cell's part of G_tau,
  /// sum_i w_i r_ij softmin_i, which may be negative where cells overlap. O(n k d).
  template <class Derived>
  [[nodiscard]] CellMoments<Scalar, Dim> cells(const Eigen::MatrixBase<Derived>& centers) const {
    const CentersType at = check_centers(centers, "LikelihoodObjective::cells");
    auto pass = make_pass();
    return internal::soft_moments<Scalar, Dim>(pass.sums(at, scores(at, "LikelihoodObjective::cells")), at, tau_);
  }

  /// G_tau(centers) = 2 tau^2 L_tau, in squared data units. O(n k d).
  template <class Derived>
  [[nodiscard]] Real value(const Eigen::MatrixBase<Derived>& centers) const {
    return cells(centers).value();
  }

  /// L_tau(centers) as QZC defines it, a sum over points. O(n k d).
  template <class Derived>
  [[nodiscard]] Real likelihood(const Eigen::MatrixBase<Derived>& centers) const {
    return value(centers) / (2 * tau_ * tau_);
  }

  /// The log-likelihood of the mixture with normalised weights and densities: what L_tau leaves out is
  /// sum_i w_i (log k + d/2 log(2 pi tau^2)). O(n k d).
  template <class Derived>
  [[nodiscard]] Real log_likelihood(const Eigen::MatrixBase<Derived>& centers) const {
    const Real constant = std::log(static_cast<Real>(centers.cols())) +
                          static_cast<Real>(dimension()) * std::log(tau_ * std::sqrt(2 * std::numbers::pi_v<Real>));
    return -likelihood(centers) - data_.total_weight() * constant;
  }

  /// dG_tau / dbeta_j = 2 m_j (beta_j - c_j), d x k. O(n k d).
  template <class Derived>
  [[nodiscard]] CentersType gradient(const Eigen::MatrixBase<Derived>& centers) const {
    const CentersType at = check_centers(centers, "LikelihoodObjective::gradient");
    auto pass = make_pass();
    return -2 * pass.sums(at, scores(at, "LikelihoodObjective::gradient")).moment;
  }

  /// The Hessian of G_tau, (d k) x (d k), coordinate s of center j in row j d + s. O(n (d k)^2).
  template <class Derived>
  [[nodiscard]] Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic> hessian(
      const Eigen::MatrixBase<Derived>& centers) const {
    const CentersType at = check_centers(centers, "LikelihoodObjective::hessian");
    auto pass = make_pass();
    return internal::soft_hessian<Scalar, Dim>(pass, at, scores(at, "LikelihoodObjective::hessian"), tau_);
  }

  /// Responsibilities, k x n: columns sum to 1. O(n k d).
  template <class Derived>
  [[nodiscard]] Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic> responsibilities(
      const Eigen::MatrixBase<Derived>& centers) const {
    const CentersType at = check_centers(centers, "LikelihoodObjective::responsibilities");
    auto pass = make_pass();
    return internal::responsibilities<Scalar, Dim>(pass, data_.size(), at,
                                                   scores(at, "LikelihoodObjective::responsibilities"));
  }

 private:
  template <class Derived>
  [[nodiscard]] CentersType check_centers(const Eigen::MatrixBase<Derived>& centers, std::string_view function) const {
    internal::refuse_row_major<Derived>();
    internal::check_centers(centers, dimension(), function, "centers");
    return centers.template cast<Real>();
  }

  [[nodiscard]] internal::SoftScores<Real> scores(const CentersType& centers, std::string_view function) const {
    return internal::likelihood_scores(log_mixing_, tau_, centers.cols(), function);
  }

  [[nodiscard]] internal::SoftPass<Scalar, Dim> make_pass() const { return internal::soft_pass(data_, threads_); }

  EmpiricalObjective<Scalar, Dim> data_;
  Real tau_;
  Weights<Real> log_mixing_;  // empty: equal weights
  int threads_;
};

// The scalar and the dimension are those of the points.
template <class Derived>
LikelihoodObjective(const Eigen::MatrixBase<Derived>&, double, const LikelihoodOptions& = {})
    -> LikelihoodObjective<typename Derived::Scalar, Derived::RowsAtCompileTime>;
template <std::floating_point Scalar, int Dim>
LikelihoodObjective(const EmpiricalObjective<Scalar, Dim>&, double, const LikelihoodOptions& = {})
    -> LikelihoodObjective<Scalar, Dim>;

}  // namespace kmscape

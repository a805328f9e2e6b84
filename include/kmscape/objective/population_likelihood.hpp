// The likelihood objective of a planted mixture: G_tau = 2 tau^2 L_tau with QZC's population L_tau (section 2.2),
//
//     L_tau(beta) = - E log sum_j alpha_j exp(-|x - beta_j|^2 / (2 tau^2)),   alpha_j = 1 in QZC,
//
// the expectation over a ball or a spherical Gaussian mixture. Value, gradient, Hessian and soft cells are those of
// likelihood_objective.hpp with sums over points replaced by means over the model.
//
// As tau -> 0 it tends to the population's G like tau^4: with f the model's density and F_jl the face between cells j
// and l, if f is continuous there,
//
//     G - G_tau = (pi^2 / 3) tau^4 sum_{j<l} 1/|beta_j - beta_l| int_{F_jl} f dS + o(tau^4)
//
// (near a face the second center adds -2 tau^2 log(1 + exp(-gap / (2 tau^2))), the gap's density at 0 is that sum, and
// int_0^inf log(1 + exp(-t)) dt = pi^2 / 12). Faces that the model does not charge leave an exponentially small term.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>
#include <numbers>
#include <optional>
#include <string_view>
#include <utility>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/quasi_random.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/geometry/span_basis.hpp>
#include <kmscape/model/mixture_model.hpp>
#include <kmscape/objective/likelihood_objective.hpp>
#include <kmscape/objective/mixture_quadrature.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/objective/soft_cells.hpp>

namespace kmscape {

struct PopulationLikelihoodOptions {
  Weights<double> mixing = {};  // one positive weight per fitted center, of any scale; empty: equal ones
  bool reduce = true;  // d >= 3: centers on a line or in a plane are served there as d <= 2 is; false: as all others
  // d <= 2: the estimated error at which refinement ends, in units of 1 for masses, l for first moments and
  // max(l^2, 2 tau^2) for values, l^2 being the mean squared distance of the model from the nearest center of each
  // component. The result is usually far closer.
  double tolerance = 1e-10;
  Index most_boxes = 20'000;  // d <= 2: where refinement ends in any case; 32 nodes each (d = 1) or 256 (d = 2)
  Index points = 4096;        // d >= 3: per component and replicate; a power of two is best
  Index replicates = 8;       // d >= 3: of the scrambled Sobol points, >= 2
  Seed seed = 0;              // d >= 3
  int threads = 1;            // d >= 3: of one pass over the nodes; 0: all cores
};

/// All that one integration tells. Errors are estimates: in d <= 2 the sum over boxes of the changes at their last
/// halving, as a rule far above the true error; in d >= 3 one standard error.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct PopulationLikelihoodEstimate {
  CellMoments<Scalar, Dim> cells;
  Sum<Scalar> value = 0, value_error = 0;               // G_tau
  Weights<Sum<Scalar>> mass_error;                      // k
  FittedCenters<Scalar, Dim> gradient, gradient_error;  // d x k
  Index nodes = 0;                                      // points at which the integrand was evaluated for the result
  bool converged = true;                                // d <= 2: the tolerance was met within `most_boxes`
};

/// G_tau of a model, a mean as the population's G is: mass 1. Models `Objective`, so that `lloyd` runs the population's
/// EM. In d <= 2 nodes are chosen anew for every set of centers: values are exact up to the tolerance, for tau far
/// below the cells' size too, at a cost that grows like 1 / tau^2 in the plane. So it is in d >= 3 while the centers
/// lie on a line or in a plane, as up to three always do; for others nodes are fixed by the seed: G_tau is then a
/// smooth function exactly, and EM on it monotone; its error shows in `estimate`.
template <MixtureModel M>
class PopulationLikelihood {
 public:
  static_assert(internal::BallMixture<M> || internal::SphericalGaussianMixture<M>,
                "kmscape: PopulationLikelihood integrates over StochasticBallModel or GaussianMixtureModel, or a model "
                "with their radii() or sigmas(). For other models take LikelihoodObjective on a large sample.");
  using Scalar = typename M::Scalar;
  using Real = Sum<Scalar>;
  using CentersType = FittedCenters<Scalar, M::dim>;
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
  static constexpr int dim = M::dim;

  /// @param tau standard deviation per coordinate of the components that are fitted, > 0
  /// Throws `invalid_input`. The first centers in d >= 3 that span more than a plane take O(replicates components
  /// points d) time and memory.
  PopulationLikelihood(M model, Real tau, const PopulationLikelihoodOptions& options = {})
      : model_(std::move(model)),
        tau_(internal::likelihood_deviation(tau, "PopulationLikelihood")),
        options_(check(options)),
        log_mixing_(internal::log_mixing<Real>(options.mixing, "PopulationLikelihood")) {}

  [[nodiscard]] Index dimension() const { return model_.dimension(); }
  [[nodiscard]] const M& model() const { return model_; }
  [[nodiscard]] Real tau() const { return tau_; }

  /// Everything at `centers` (d x k, finite) with errors, from one integration.
  template <class Derived>
  [[nodiscard]] PopulationLikelihoodEstimate<Scalar, dim> estimate(const Eigen::MatrixBase<Derived>& centers) const {
    const CentersType at = check_centers(centers, "PopulationLikelihood::estimate");
    const auto scores = internal::likelihood_scores(log_mixing_, tau_, at.cols(), "PopulationLikelihood::estimate");
    auto quadrature = adaptive(at);
    const auto means = quadrature
                           ? refine(*quadrature, at, scores)
                           : internal::replicate_means(nodes(), options_.replicates, at, scores, options_.threads);
    PopulationLikelihoodEstimate<Scalar, dim> result;
    result.cells = internal::soft_moments<Scalar, dim>(means.sums, at, tau_);
    result.value = result.cells.value();
    result.value_error = 2 * tau_ * tau_ * means.error.total;
    result.mass_error = means.error.mass;
    result.gradient = -2 * means.sums.moment;
    result.gradient_error = 2 * means.error.moment;
    result.nodes = means.nodes;
    result.converged = means.converged;
    return result;
  }

  /// Soft cells: probability, center of mass and part of G_tau of each.
  template <class Derived>
  [[nodiscard]] CellMoments<Scalar, dim> cells(const Eigen::MatrixBase<Derived>& centers) const {
    return estimate(centers).cells;
  }

  /// G_tau(centers) = 2 tau^2 L_tau, in squared units of the model.
  template <class Derived>
  [[nodiscard]] Real value(const Eigen::MatrixBase<Derived>& centers) const {
    return estimate(centers).value;
  }

  /// L_tau(centers) as QZC defines it.
  template <class Derived>
  [[nodiscard]] Real likelihood(const Eigen::MatrixBase<Derived>& centers) const {
    return value(centers) / (2 * tau_ * tau_);
  }

  /// dG_tau / dbeta_j = 2 m_j (beta_j - c_j), d x k.
  template <class Derived>
  [[nodiscard]] CentersType gradient(const Eigen::MatrixBase<Derived>& centers) const {
    return estimate(centers).gradient;
  }

  /// The Hessian of G_tau, (d k) x (d k), coordinate s of center j in row j d + s, from the nodes that `estimate` ends
  /// with. O(nodes (d k)^2).
  template <class Derived>
  [[nodiscard]] Matrix hessian(const Eigen::MatrixBase<Derived>& centers) const {
    const CentersType at = check_centers(centers, "PopulationLikelihood::hessian");
    const auto scores = internal::likelihood_scores(log_mixing_, tau_, at.cols(), "PopulationLikelihood::hessian");
    auto quadrature = adaptive(at);
    if (!quadrature) return hessian_of(nodes(), at, scores) / static_cast<Real>(options_.replicates);
    static_cast<void>(refine(*quadrature, at, scores));
    return hessian_of(quadrature->nodes(), at, scores);
  }

 private:
  using NodesType = internal::Nodes<Real, dim>;
  using Scores = internal::SoftScores<Real>;
  using Quadrature = internal::AdaptiveQuadrature<M>;

  static PopulationLikelihoodOptions check(const PopulationLikelihoodOptions& options) {
    constexpr std::string_view function = "PopulationLikelihood";
    internal::require(options.tolerance > 0 && std::isfinite(options.tolerance), function, "options.tolerance",
                      options.tolerance, "an error is positive and finite", "pass e.g. 1e-10");
    internal::require(options.most_boxes >= 1, function, "options.most_boxes", options.most_boxes,
                      "refinement needs boxes", "pass e.g. 20000");
    internal::require(options.points >= 1 && options.points <= QuasiRandom::most_points, function, "options.points",
                      options.points, "a replicate holds between 1 and 2^32 points", "pass a power of two, e.g. 4096");
    internal::require(options.replicates >= 2, function, "options.replicates", options.replicates,
                      "a standard error needs at least 2 replicates", "pass e.g. 8");
    static_cast<void>(resolve_threads(options.threads, function, "options.threads"));  // throws on a negative number
    return options;
  }

  template <class Derived>
  [[nodiscard]] CentersType check_centers(const Eigen::MatrixBase<Derived>& centers, std::string_view function) const {
    internal::refuse_row_major<Derived>();
    internal::check_centers(centers, dimension(), function, "centers");
    return centers.template cast<Real>();
  }

  /// Nodes in all of space, of all copies of the object, made when the first centers need them.
  struct FixedNodes {
    std::once_flag once;
    NodesType nodes;
  };
  [[nodiscard]] const NodesType& nodes() const {
    std::call_once(fixed_->once, [&] {
      fixed_->nodes = internal::quasi_random_nodes(model_, options_.points, options_.replicates, options_.seed);
    });
    return fixed_->nodes;
  }

  /// Of the line or plane that the centers need; none where they span more.
  [[nodiscard]] std::optional<Quadrature> adaptive(const CentersType& at) const {
    if (dimension() <= 2) return Quadrature(model_);
    if (!options_.reduce) return std::nullopt;
    const Eigen::MatrixXd plain = at.template cast<double>();
    Eigen::MatrixXd differences = Eigen::MatrixXd::Zero(dimension(), std::max(at.cols() - 1, Index{1}));
    for (Index j = 1; j < at.cols(); ++j) differences.col(j - 1) = plain.col(j) - plain.col(0);
    const Eigen::MatrixXd basis = internal::span_basis(differences, plain.cwiseAbs().maxCoeff(), 1);
    if (basis.cols() > 2) return std::nullopt;
    return Quadrature(model_, basis.template cast<Real>(), internal::complement_of(basis).template cast<Real>());
  }

  [[nodiscard]] internal::SoftMeans<Real, dim> refine(Quadrature& quadrature, const CentersType& at,
                                                      const Scores& scores) const {
    Real squared = 0;
    for (Index s = 0; s < model_.components(); ++s) {
      const auto away = at.colwise() - model_.centers().col(s).template cast<Real>();
      squared += static_cast<Real>(model_.weights()(s)) *
                 (away.colwise().squaredNorm().minCoeff() + static_cast<Real>(model_.component_variance(s)));
    }
    const internal::SumScale<Real> scale{std::sqrt(squared), std::max(squared / (2 * tau_ * tau_), Real(1))};
    return quadrature.run(at, scores, scale, static_cast<Real>(options_.tolerance), options_.most_boxes);
  }

  [[nodiscard]] Matrix hessian_of(const NodesType& nodes, const CentersType& at, const Scores& scores) const {
    internal::SoftPass<Real, dim> pass(nodes.span(), nodes.weights.data(), options_.threads);
    return internal::soft_hessian<Real, dim>(pass, at, scores, tau_);
  }

  M model_;
  Real tau_;
  PopulationLikelihoodOptions options_;
  Weights<Real> log_mixing_;  // empty: equal weights
  std::shared_ptr<FixedNodes> fixed_ = std::make_shared<FixedNodes>();
};

}  // namespace kmscape

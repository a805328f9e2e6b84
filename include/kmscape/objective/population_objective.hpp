// The k-means objective of a population: G(beta) = E min_j |x - beta_j|^2 (QZC equation 3), computed and not sampled.
//
// With V_i the Voronoi cell of beta_i, m_i its mass, c_i its center of mass, F_ij the face of V_i and V_j and f the
// mixture's density,
//   gradient    2 m_i (beta_i - c_i)                                                              (QZC Lemmas 1, 2)
//   Hessian     H_ii = 2 m_i I - sum_j 2/|beta_i - beta_j| int_{F_ij} (x - beta_i)(x - beta_i)^T f dS
//               H_ij =           2/|beta_i - beta_j| int_{F_ij} (x - beta_i)(x - beta_j)^T f dS
// for uniform balls and spherical Gaussians of any sizes and weights. Cells depend on the centers' span only: for d =
// 1, d = 2, and centers on one line or in one plane, everything is exact to rounding. Otherwise quasi-random rays
// estimate it, the same ones at every call, so that the estimate of G is itself a smooth function whose gradient is the
// estimate of the gradient, and Lloyd's iteration converges on it. The Hessian estimates the true one, with rays within
// the faces, not that function's: of it, which sees a face only where a ray happens to cross it, differences of the
// gradient are off by many times the Hessian's error. All is computed in double, for long double models too.
#pragma once

#include <Eigen/Core>
#include <concepts>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/model/mixture_model.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/objective/population_cells.hpp>
#include <kmscape/objective/population_integrator.hpp>

namespace kmscape {

/// A mixture of uniform balls, with radii(), or of spherical Gaussians, with sigmas().
template <class M>
concept SphericalMixture = MixtureModel<M> &&(
    requires(const M& model) { model.radii(); } || requires(const M& model) { model.sigmas(); });

/// G of a model. Immutable; holds a copy of the model. `centers` are d x k, finite, in every member; members throw
/// `invalid_input` otherwise, and where a forced integrator does not fit the centers. Of coinciding centers the lowest
/// index owns the cell; the others have no mass, their own center as centroid, and a zero block in the Hessian.
///
/// Cost of `cells`, with K components: O(k^3 + k K) for centers on a line, O(k^3 + k^2 K) for d = 2 or a plane of
/// centers (times d for balls in d > 2), and for a span of p >= 3 O(samples replicates k K (k + p)).
template <SphericalMixture Model>
class PopulationObjective {
 public:
  using Scalar = typename Model::Scalar;
  using Real = Sum<Scalar>;
  static constexpr int dim = Model::dim;
  using CentersType = FittedCenters<Scalar, dim>;

  explicit PopulationObjective(Model model, PopulationOptions options = {});

  [[nodiscard]] const Model& model() const { return model_; }
  [[nodiscard]] const PopulationOptions& options() const { return integrator_.options(); }
  [[nodiscard]] Index dimension() const { return model_.dimension(); }

  /// G(centers), a mean.
  template <class Derived>
  [[nodiscard]] Real value(const Eigen::MatrixBase<Derived>& centers) const {
    return cells_of(centers, "PopulationObjective::value").value();
  }

  /// G(centers) with the standard error of its estimate.
  template <class Derived>
  [[nodiscard]] Estimate value_with_error(const Eigen::MatrixBase<Derived>& centers) const {
    constexpr std::string_view function = "PopulationObjective::value_with_error";
    return integrator_.value(plain(centers, function), function);
  }

  /// dG / dbeta_i = 2 m_i (beta_i - c_i), d x k.
  template <class Derived>
  [[nodiscard]] CentersType gradient(const Eigen::MatrixBase<Derived>& centers) const {
    constexpr std::string_view function = "PopulationObjective::gradient";
    // Not beta_i - c_i: for small components far from the origin that has few digits.
    return (-2 * integrator_.cells(plain(centers, function), function).first).template cast<Real>();
  }

  /// The same with the standard error of every entry, 0 where the integrals are exact.
  template <class Derived>
  [[nodiscard]] GradientEstimate gradient_with_error(const Eigen::MatrixBase<Derived>& centers) const {
    constexpr std::string_view function = "PopulationObjective::gradient_with_error";
    return integrator_.gradient(plain(centers, function), function);
  }

  /// Mass, center of mass and share of G of every cell.
  template <class Derived>
  [[nodiscard]] CellMoments<Scalar, dim> cells(const Eigen::MatrixBase<Derived>& centers) const {
    return cells_of(centers, "PopulationObjective::cells");
  }

  /// The same with standard errors, in double.
  template <class Derived>
  [[nodiscard]] CellsEstimate cells_with_error(const Eigen::MatrixBase<Derived>& centers) const {
    constexpr std::string_view function = "PopulationObjective::cells_with_error";
    return integrator_.cells_with_error(plain(centers, function), function);
  }

  /// The Hessian, d k x d k. Where G is not twice differentiable, a ball's face through the end of an interval (d = 1),
  /// it is the one-sided value with that face's density 0; for d >= 2 a ball's density over a touching face is 0 too.
  template <class Derived>
  [[nodiscard]] Eigen::MatrixXd hessian(const Eigen::MatrixBase<Derived>& centers) const {
    constexpr std::string_view function = "PopulationObjective::hessian";
    return integrator_.hessian(plain(centers, function), function).value;
  }
  template <class Derived>
  [[nodiscard]] HessianEstimate hessian_with_error(const Eigen::MatrixBase<Derived>& centers) const {
    constexpr std::string_view function = "PopulationObjective::hessian_with_error";
    return integrator_.hessian(plain(centers, function), function);
  }

  /// QZC's m_{i,s} and c_{i,s}: every cell's mass and center of mass under every component alone.
  template <class Derived>
  [[nodiscard]] ComponentCells component_cells(const Eigen::MatrixBase<Derived>& centers) const {
    constexpr std::string_view function = "PopulationObjective::component_cells";
    return integrator_.component_cells(plain(centers, function), function);
  }

  /// The face of cells i and j, i != j; all zero where they are not adjacent. For a span of p >= 4 dimensions the
  /// integrals over it are estimates.
  template <class Derived>
  [[nodiscard]] FaceMoments face(const Eigen::MatrixBase<Derived>& centers, Index i, Index j) const;

  /// All faces, i < j: of adjacent cells for a span of one or two dimensions, otherwise those that carry some density.
  template <class Derived>
  [[nodiscard]] std::vector<FaceMoments> faces(const Eigen::MatrixBase<Derived>& centers) const {
    constexpr std::string_view function = "PopulationObjective::faces";
    return integrator_.faces(plain(centers, function), function);
  }

  /// For what is built on the integrals.
  [[nodiscard]] const internal::PopulationIntegrator<internal::SpanMixture>& integrator() const { return integrator_; }

 private:
  template <class Derived>
  [[nodiscard]] Eigen::MatrixXd plain(const Eigen::MatrixBase<Derived>& centers, std::string_view function) const {
    internal::refuse_row_major<Derived>();
    internal::check_centers(centers, dimension(), function, "centers");
    return centers.template cast<double>();
  }

  template <class Derived>
  [[nodiscard]] CellMoments<Scalar, dim> cells_of(const Eigen::MatrixBase<Derived>& centers,
                                                  std::string_view function) const;
  [[nodiscard]] static internal::SpanMixture components_of(const Model& model);

  Model model_;
  internal::PopulationIntegrator<internal::SpanMixture> integrator_;
};

template <SphericalMixture Model>
PopulationObjective<Model>::PopulationObjective(Model model, PopulationOptions options)
    : model_(std::move(model)), integrator_(components_of(model_), options) {
  using internal::require;
  const Index d = model_.dimension();
  require(options.samples >= 1, "PopulationObjective", "options.samples", options.samples,
          "an estimate needs directions", "pass e.g. 512");
  require(options.replicates >= 8, "PopulationObjective", "options.replicates", options.replicates,
          "a standard error is the spread of at least 8 replicates", "pass e.g. 16");
  require(options.integrator != Integrator::line || d == 1, "PopulationObjective", "options.integrator", "line",
          internal::text("the model's dimension is ", d), "use Integrator::automatic");
  require(options.integrator != Integrator::plane || d == 2, "PopulationObjective", "options.integrator", "plane",
          internal::text("the model's dimension is ", d), "use Integrator::automatic");
}

template <SphericalMixture Model>
internal::SpanMixture PopulationObjective<Model>::components_of(const Model& model) {
  internal::SpanMixture mixture;
  mixture.dimension = model.dimension();
  const auto sizes = [&] {
    if constexpr (requires { model.radii(); }) {
      return Eigen::ArrayXd(model.radii().template cast<double>());
    } else {
      mixture.is_gaussian = true;
      return Eigen::ArrayXd(model.sigmas().template cast<double>());
    }
  }();
  for (Index s = 0; s < model.components(); ++s)
    mixture.components.push_back(
        {model.centers().col(s).template cast<double>(), sizes(s), static_cast<double>(model.weights()(s))});
  return mixture;
}

template <SphericalMixture Model>
template <class Derived>
auto PopulationObjective<Model>::cells_of(const Eigen::MatrixBase<Derived>& centers, std::string_view function) const
    -> CellMoments<Scalar, dim> {
  const auto sums = integrator_.cells(plain(centers, function), function);
  CellMoments<Scalar, dim> result;
  result.mass = sums.mass.template cast<Real>();
  result.distortion = sums.distortion.template cast<Real>();
  result.centroid = centers.template cast<Real>();
  for (Index i = 0; i < result.mass.size(); ++i)
    if (sums.mass(i) > 0) result.centroid.col(i) += (sums.first.col(i) / sums.mass(i)).template cast<Real>();
  return result;
}

template <SphericalMixture Model>
template <class Derived>
FaceMoments PopulationObjective<Model>::face(const Eigen::MatrixBase<Derived>& centers, Index i, Index j) const {
  constexpr std::string_view function = "PopulationObjective::face";
  const Eigen::MatrixXd at = plain(centers, function);
  const Index k = at.cols();
  internal::require(i >= 0 && i < k, function, "i", i, "centers are numbered 0, ..., k - 1",
                    "pass an index in this range");
  internal::require(j >= 0 && j < k && j != i, function, "j", j, "a face lies between two different centers",
                    "pass another index in 0, ..., k - 1");
  return integrator_.face(at, i, j, function);
}

}  // namespace kmscape

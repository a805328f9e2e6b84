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
// estimate of the gradient, and Lloyd's iteration converges on it. All is computed in double, for long double models
// too.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <concepts>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/model/mixture_model.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/objective/population_cells.hpp>

namespace kmscape {

/// A mixture of uniform balls, with radii(), or of spherical Gaussians, with sigmas().
template <class M>
concept SphericalMixture = MixtureModel<M> &&(
    requires(const M& model) { model.radii(); } || requires(const M& model) { model.sigmas(); });

/// The Hessian (d k x d k, blocks by center) with the standard errors of its entries.
struct HessianEstimate {
  Eigen::MatrixXd value;
  Eigen::MatrixXd standard_error;
};

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
  [[nodiscard]] const PopulationOptions& options() const { return options_; }
  [[nodiscard]] Index dimension() const { return model_.dimension(); }

  /// G(centers), a mean.
  template <class Derived>
  [[nodiscard]] Real value(const Eigen::MatrixBase<Derived>& centers) const {
    return cells_of(centers, "PopulationObjective::value").value();
  }

  /// G(centers) with the standard error of its estimate.
  template <class Derived>
  [[nodiscard]] Estimate value_with_error(const Eigen::MatrixBase<Derived>& centers) const;

  /// dG / dbeta_i = 2 m_i (beta_i - c_i), d x k.
  template <class Derived>
  [[nodiscard]] CentersType gradient(const Eigen::MatrixBase<Derived>& centers) const {
    const auto cells = cells_of(centers, "PopulationObjective::gradient");  // checks the centers first
    const CentersType at = centers.template cast<Real>();
    return internal::gradient(at, cells);
  }

  /// Mass, center of mass and share of G of every cell.
  template <class Derived>
  [[nodiscard]] CellMoments<Scalar, dim> cells(const Eigen::MatrixBase<Derived>& centers) const {
    return cells_of(centers, "PopulationObjective::cells");
  }

  /// The Hessian, d k x d k. Where G is not twice differentiable, a ball's face through the end of an interval (d = 1),
  /// it is the one-sided value with that face's density 0; for d >= 2 a ball's density over a touching face is 0 too.
  template <class Derived>
  [[nodiscard]] Eigen::MatrixXd hessian(const Eigen::MatrixBase<Derived>& centers) const {
    return hessian_of(centers, "PopulationObjective::hessian").value;
  }
  template <class Derived>
  [[nodiscard]] HessianEstimate hessian_with_error(const Eigen::MatrixBase<Derived>& centers) const {
    return hessian_of(centers, "PopulationObjective::hessian_with_error");
  }

  /// QZC's m_{i,s} and c_{i,s}: every cell's mass and center of mass under every component alone.
  template <class Derived>
  [[nodiscard]] ComponentCells component_cells(const Eigen::MatrixBase<Derived>& centers) const;

  /// The face of cells i and j, i != j; all zero where they are not adjacent. For a span of p >= 4 dimensions the
  /// integrals over it are estimates.
  template <class Derived>
  [[nodiscard]] FaceMoments face(const Eigen::MatrixBase<Derived>& centers, Index i, Index j) const;

  /// All faces, i < j: of adjacent cells for a span of one or two dimensions, otherwise those that carry some density.
  template <class Derived>
  [[nodiscard]] std::vector<FaceMoments> faces(const Eigen::MatrixBase<Derived>& centers) const {
    return faces_of(plain(centers, "PopulationObjective::faces"), "PopulationObjective::faces");
  }

  /// The components in coordinates of space, for what is built on the integrals.
  [[nodiscard]] const internal::SpanMixture& mixture() const { return mixture_; }
  [[nodiscard]] internal::RayRule ray_rule() const { return {options_.samples, options_.replicates, options_.seed}; }

 private:
  struct Evaluation {
    Eigen::MatrixXd centers;
    internal::CenterSpan span;
    std::vector<internal::MomentTable> tables;
  };
  /// Sums over components for every cell, around its own center.
  struct CellSums {
    Eigen::ArrayXd mass, distortion;
    Eigen::MatrixXd first;
  };

  template <class Derived>
  [[nodiscard]] Eigen::MatrixXd plain(const Eigen::MatrixBase<Derived>& centers, std::string_view function) const {
    internal::refuse_row_major<Derived>();
    internal::check_centers(centers, dimension(), function, "centers");
    return centers.template cast<double>();
  }

  [[nodiscard]] Evaluation evaluate(Eigen::MatrixXd centers, std::string_view function) const {
    auto span = internal::center_span({centers}, mixture_, options_.integrator, function);
    const auto regions = internal::cell_regions(span.project(centers));
    auto tables = internal::moment_tables(regions, span.p(), span.mixture, ray_rule(), span.by_rays);
    return {std::move(centers), std::move(span), std::move(tables)};
  }

  [[nodiscard]] CellSums sums(const Evaluation& at, const internal::MomentTable& table) const {
    const Index k = at.centers.cols(), components = model_.components();
    CellSums result{Eigen::ArrayXd::Zero(k), Eigen::ArrayXd::Zero(k), Eigen::MatrixXd::Zero(dimension(), k)};
    for (Index i = 0; i < k; ++i)
      for (Index s = 0; s < components; ++s) {
        if (!(table.mass(i, s) > 0)) continue;
        const auto own = internal::shifted_moments(table, i, s, at.span, component(s).center, at.centers.col(i));
        const double weight = component(s).weight;
        result.mass(i) += weight * own.mass;
        result.first.col(i) += weight * own.first;
        result.distortion(i) += weight * own.square;
      }
    return result;
  }

  template <class Derived>
  [[nodiscard]] CellMoments<Scalar, dim> cells_of(const Eigen::MatrixBase<Derived>& centers,
                                                  std::string_view function) const;
  template <class Derived>
  [[nodiscard]] HessianEstimate hessian_of(const Eigen::MatrixBase<Derived>& centers, std::string_view function) const;
  [[nodiscard]] std::vector<FaceMoments> faces_of(const Eigen::MatrixXd& centers, std::string_view function) const;

  [[nodiscard]] std::vector<Eigen::MatrixXd> face_directions(const internal::CenterSpan& span) const {
    return span.p() >= 4 ? internal::sphere_directions(span.p() - 1, ray_rule()) : std::vector<Eigen::MatrixXd>{};
  }
  [[nodiscard]] const internal::SpanComponent& component(Index s) const {
    return mixture_.components[static_cast<std::size_t>(s)];
  }

  Model model_;
  PopulationOptions options_;
  internal::SpanMixture mixture_;
  Eigen::MatrixXd true_centers_;
};

template <SphericalMixture Model>
PopulationObjective<Model>::PopulationObjective(Model model, PopulationOptions options)
    : model_(std::move(model)), options_(options), true_centers_(model_.centers().template cast<double>()) {
  using internal::require;
  const Index d = model_.dimension();
  require(options_.samples >= 1, "PopulationObjective", "options.samples", options_.samples,
          "an estimate needs directions", "pass e.g. 512");
  require(options_.replicates >= 8, "PopulationObjective", "options.replicates", options_.replicates,
          "a standard error is the spread of at least 8 replicates", "pass e.g. 16");
  require(options_.integrator != Integrator::line || d == 1, "PopulationObjective", "options.integrator", "line",
          internal::text("the model's dimension is ", d), "use Integrator::automatic");
  require(options_.integrator != Integrator::plane || d == 2, "PopulationObjective", "options.integrator", "plane",
          internal::text("the model's dimension is ", d), "use Integrator::automatic");
  mixture_.dimension = d;
  const auto sizes = [&] {
    if constexpr (requires { model_.radii(); }) {
      return Eigen::ArrayXd(model_.radii().template cast<double>());
    } else {
      mixture_.is_gaussian = true;
      return Eigen::ArrayXd(model_.sigmas().template cast<double>());
    }
  }();
  for (Index s = 0; s < model_.components(); ++s)
    mixture_.components.push_back({true_centers_.col(s), sizes(s), static_cast<double>(model_.weights()(s))});
}

template <SphericalMixture Model>
template <class Derived>
auto PopulationObjective<Model>::cells_of(const Eigen::MatrixBase<Derived>& centers, std::string_view function) const
    -> CellMoments<Scalar, dim> {
  const auto at = evaluate(plain(centers, function), function);
  const Index k = at.centers.cols();
  CellSums total = sums(at, at.tables.front());
  for (std::size_t r = 1; r < at.tables.size(); ++r) {
    const CellSums more = sums(at, at.tables[r]);
    total.mass += more.mass;
    total.first += more.first;
    total.distortion += more.distortion;
  }
  const double count = static_cast<double>(at.tables.size());
  CellMoments<Scalar, dim> result;
  result.mass = (total.mass / count).template cast<Real>();
  result.distortion = (total.distortion / count).template cast<Real>();
  result.centroid = centers.template cast<Real>();
  for (Index i = 0; i < k; ++i)
    if (total.mass(i) > 0) result.centroid.col(i) += (total.first.col(i) / total.mass(i)).template cast<Real>();
  return result;
}

template <SphericalMixture Model>
template <class Derived>
Estimate PopulationObjective<Model>::value_with_error(const Eigen::MatrixBase<Derived>& centers) const {
  constexpr std::string_view function = "PopulationObjective::value_with_error";
  const auto at = evaluate(plain(centers, function), function);
  std::vector<Eigen::ArrayXd> values;
  for (const auto& table : at.tables) values.push_back(Eigen::ArrayXd::Constant(1, sums(at, table).distortion.sum()));
  const auto [mean, error] = internal::mean_and_error(values);
  return {mean(0), error(0)};
}

template <SphericalMixture Model>
template <class Derived>
ComponentCells PopulationObjective<Model>::component_cells(const Eigen::MatrixBase<Derived>& centers) const {
  constexpr std::string_view function = "PopulationObjective::component_cells";
  const auto at = evaluate(plain(centers, function), function);
  const Index k = at.centers.cols(), components = model_.components(), d = dimension();
  ComponentCells result;
  result.mass = result.distortion = Eigen::ArrayXXd::Zero(k, components);
  result.mass_error = result.centroid_error = result.distortion_error = result.mass;
  result.centroid.assign(static_cast<std::size_t>(components), at.centers);
  for (Index s = 0; s < components; ++s)
    for (Index i = 0; i < k; ++i) {
      std::vector<Eigen::ArrayXd> replicates;  // first moment around the center, mass, square
      for (const auto& table : at.tables) {
        const auto own = internal::shifted_moments(table, i, s, at.span, component(s).center, at.centers.col(i));
        Eigen::ArrayXd all(d + 2);
        all << own.first.array(), own.mass, own.square;
        replicates.push_back(std::move(all));
      }
      const auto [mean, error] = internal::mean_and_error(replicates);
      result.mass(i, s) = mean(d);
      result.mass_error(i, s) = error(d);
      result.distortion(i, s) = mean(d + 1);
      result.distortion_error(i, s) = error(d + 1);
      if (!(mean(d) > 0)) continue;
      const Eigen::ArrayXd offset = mean.head(d) / mean(d);
      result.centroid[static_cast<std::size_t>(s)].col(i) += offset.matrix();
      // A quotient's error, to first order: that of its numerator less the quotient times its denominator.
      std::vector<Eigen::ArrayXd> residuals;
      for (const auto& all : replicates) residuals.push_back((all.head(d) - offset * all(d)) / mean(d));
      result.centroid_error(i, s) = internal::mean_and_error(residuals).second.maxCoeff();
    }
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
  if (i > j) std::swap(i, j);
  const auto span = internal::center_span({at}, mixture_, options_.integrator, function);
  internal::HalfSpaces cell;
  cell.normals.resize(span.p(), 0);
  internal::append_cell(span.project(at), i, cell);
  const auto found = std::find(cell.origins.begin(), cell.origins.end(), j);
  internal::FaceRegion region;
  if (found == cell.origins.end()) {
    region.is_empty = true;
    region.normal = Eigen::VectorXd::Unit(span.p(), 0);
  } else {
    region = internal::face_region(cell, found - cell.origins.begin());
  }
  auto result = internal::face_moments(region, span, true_centers_, at.col(i) + (at.col(j) - at.col(i)) / 2,
                                       face_directions(span));
  result.i = i;
  result.j = j;
  return result;
}

template <SphericalMixture Model>
std::vector<FaceMoments> PopulationObjective<Model>::faces_of(const Eigen::MatrixXd& at,
                                                              std::string_view function) const {
  const auto span = internal::center_span({at}, mixture_, options_.integrator, function);
  const auto cells = internal::cell_regions(span.project(at));
  const auto directions = face_directions(span);
  std::vector<FaceMoments> result;
  for (Index i = 0; i < at.cols(); ++i) {
    const auto& cell = cells[static_cast<std::size_t>(i)];
    for (std::size_t h = 0; h < cell.origins.size(); ++h) {
      const Index j = cell.origins[h];
      if (j <= i) continue;
      const auto region = internal::face_region(cell, static_cast<Index>(h));
      if (region.is_empty) continue;
      auto face =
          internal::face_moments(region, span, true_centers_, at.col(i) + (at.col(j) - at.col(i)) / 2, directions);
      if (span.p() >= 3 && !(face.density > 0).any()) continue;
      face.i = i;
      face.j = j;
      result.push_back(std::move(face));
    }
  }
  return result;
}

template <SphericalMixture Model>
template <class Derived>
HessianEstimate PopulationObjective<Model>::hessian_of(const Eigen::MatrixBase<Derived>& centers,
                                                       std::string_view function) const {
  const auto at = evaluate(plain(centers, function), function);
  const Index d = dimension(), k = at.centers.cols(), components = model_.components();
  std::vector<Eigen::ArrayXd> masses;
  for (const auto& table : at.tables) masses.push_back(sums(at, table).mass);
  const auto [mass, mass_error] = internal::mean_and_error(masses);
  HessianEstimate result{Eigen::MatrixXd::Zero(d * k, d * k), Eigen::MatrixXd::Zero(d * k, d * k)};
  Eigen::MatrixXd variance = Eigen::MatrixXd::Zero(d * k, d * k);
  for (Index i = 0; i < k; ++i) {
    result.value.diagonal().segment(i * d, d).setConstant(2 * mass(i));
    variance.diagonal().segment(i * d, d).setConstant(4 * mass_error(i) * mass_error(i));
  }
  for (const auto& face : faces_of(at.centers, function)) {
    const Eigen::VectorXd half = (at.centers.col(face.j) - at.centers.col(face.i)) / 2;
    const double scale = 1 / half.norm();  // 2 / |beta_i - beta_j|
    // x - beta_i = y + half and x - beta_j = y - half, y = x - midpoint.
    Eigen::MatrixXd second = Eigen::MatrixXd::Zero(d, d);
    Eigen::VectorXd first = Eigen::VectorXd::Zero(d);
    double density = 0, error = 0;
    for (Index s = 0; s < components; ++s) {
      const double weight = component(s).weight;
      second += weight * face.second[static_cast<std::size_t>(s)];
      first += weight * face.first.col(s);
      density += weight * face.density(s);
      // The same directions serve all components and moments: their errors may add up.
      error += weight * (face.second_error(s) + 2 * half.norm() * face.first_error(s) +
                         half.squaredNorm() * face.density_error(s));
    }
    const Eigen::MatrixXd square = density * half * half.transpose(), mixed = half * first.transpose();
    const Index a = face.i * d, b = face.j * d;
    result.value.block(a, a, d, d) -= scale * (second + mixed + mixed.transpose() + square);
    result.value.block(b, b, d, d) -= scale * (second - mixed - mixed.transpose() + square);
    const Eigen::MatrixXd between = scale * (second + mixed - mixed.transpose() - square);
    result.value.block(a, b, d, d) += between;
    result.value.block(b, a, d, d) += between.transpose();
    for (const Index row : {a, b})
      for (const Index column : {a, b}) variance.block(row, column, d, d).array() += std::pow(scale * error, 2);
  }
  result.standard_error = variance.cwiseSqrt();
  return result;
}

}  // namespace kmscape

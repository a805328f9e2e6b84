// Is this a local minimum of the population objective G? The Hessian decides, and a verdict "saddle" comes with the way
// down and the drop that was measured on it.
//
// G is twice differentiable where no face of a cell lies in a jump of the density, so a stationary point whose Hessian
// (in the centers of cells with mass) is positive definite is a strict local minimum, and one with a negative
// eigenvalue is none. On the line a face can lie on the end of an interval; the Hessian then has one value on either
// side, and the one with the larger density, which is the smaller, decides. (In the plane and beyond, what a ball holds
// of a moving face is continuous.) A center whose cell has no mass is free to move while its cell stays clear of all
// balls: a minimum then, but not a strict one.
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/geometry/voronoi_cells.hpp>
#include <kmscape/objective/population_objective.hpp>

namespace kmscape {

enum class PopulationVerdict {
  strict_minimum,  // stationary, and every small move raises G
  flat_minimum,    // no small move lowers G, but some keep it: centers of empty cells, or a continuum of minima
  saddle,          // stationary, but G falls along `escape`, by `drop` at `descent`
  not_stationary,  // some center is not its cell's mean; Lloyd's step leads to `descent`
  degenerate,      // stationary, but undecided: an eigenvalue that cannot be told from 0 and belongs to no continuum (a
                   // bifurcation, or too little precision), or an escape on which no drop could be measured
};

[[nodiscard]] constexpr std::string_view to_string(PopulationVerdict verdict) {
  switch (verdict) {
    case PopulationVerdict::strict_minimum:
      return "strict_minimum";
    case PopulationVerdict::flat_minimum:
      return "flat_minimum";
    case PopulationVerdict::saddle:
      return "saddle";
    case PopulationVerdict::not_stationary:
      return "not_stationary";
    case PopulationVerdict::degenerate:
      return "degenerate";
  }
  return "unknown";
}

struct PopulationCertificateOptions {
  double stationarity = 1e-7;  // residual that counts as 0, in units of `component_scale`, or rounding
  double curvature = 1e-7;     // eigenvalue that counts as 0, as a share of twice the largest cell's mass
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct PopulationCertificate {
  PopulationVerdict verdict = PopulationVerdict::degenerate;
  double value = 0;                   // G
  double residual = 0;                // largest distance of a center with mass from its cell's mean
  double distance = 0;                // Newton's step: about how far the nearest stationary point is, largest center
  Eigen::VectorXd eigenvalues;        // of the Hessian in the centers with mass, ascending; the smaller at a jump
  double smallest_eigenvalue = 0;     // the first of them
  double eigenvalue_error = 0;        // bound on the error of any of them: three standard errors, or rounding
  double rounding = 0;                // the part of it that the rounding of places makes; 0 where no face meets a ball
  bool is_precision_limited = false;  // degenerate for one reason: rounding exceeds what decides
  Index negative = 0;                 // eigenvalues that are certainly negative: the saddle's index
  Index continuum = 0;                // dimension of the continuum of minima around these, where there is one
  Index empty_cells = 0;              // cells without mass
  double empty_margin =
      std::numeric_limits<double>::infinity();  // least distance of such a cell from a ball of the model
  Centers<double, Dim> escape;         // saddle: the direction of `smallest_eigenvalue`, d x m, of norm 1; else d x 0
  FittedCenters<Scalar, Dim> descent;  // where refuted: centers with a lower objective; else d x 0
  double drop = 0;                     // where refuted: G here minus G there

  [[nodiscard]] bool is_minimum() const {
    return verdict == PopulationVerdict::strict_minimum || verdict == PopulationVerdict::flat_minimum;
  }
};

/// Certifies `centers` (d x m, finite) for a population. Throws `invalid_input`. One Hessian and its eigenvalues,
/// O((d m)^3), beside the cost of `cells`.
template <SphericalMixture Model, class Derived>
[[nodiscard]] PopulationCertificate<typename Model::Scalar, Model::dim> certify(
    const PopulationObjective<Model>& objective, const Eigen::MatrixBase<Derived>& centers,
    const PopulationCertificateOptions& options = {});

struct StationaryPointOptions {
  int max_iterations = 50;
  double tolerance = 1e-13;   // residual to reach, in units of `component_scale`
  double largest_step = 0.1;  // of all centers together, in units of `population_scale`
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct StationaryPoint {
  FittedCenters<Scalar, Dim> centers;
  double residual = 0;             // largest distance of a center with mass from its cell's mean
  double distance = 0;             // Newton's next step: about how far the stationary point still is, largest center
  double predicted_change = 0;     // of G on that step, to second order: < 0 on the way down to a minimum
  double smallest_eigenvalue = 0;  // of the Hessian there, in the centers with mass
  int iterations = 0;
  bool converged = false;  // the residual is at the tolerance or rounding, and the next step is short
  bool in_valley = false;  // the residual is, but G is so flat that the next step is long: not yet the stationary point
};

/// Newton's method for grad G = 0 from `start` (d x m, finite): the stationary point nearby, be it a minimum or a
/// saddle. Steps that do not lower the residual are halved; centers of empty cells stay. Along a curved valley whose
/// floor is all but level the residual falls to the tolerance anywhere: what is left of the way shows in `distance`,
/// and such a point counts as `in_valley`, not as converged. Throws `invalid_input`.
template <SphericalMixture Model, class Derived>
[[nodiscard]] StationaryPoint<typename Model::Scalar, Model::dim> stationary_point(
    const PopulationObjective<Model>& objective, const Eigen::MatrixBase<Derived>& start,
    const StationaryPointOptions& options = {});

/// Root-mean-square distance of the population from its mean: the unit of what concerns all centers.
template <SphericalMixture Model>
[[nodiscard]] double population_scale(const Model& model) {
  using Vector = internal::Dependent<Eigen::VectorXd, Model>;
  const internal::Dependent<Eigen::MatrixXd, Model> centers = model.centers().template cast<double>();
  const Vector weights = model.weights().template cast<double>().matrix();
  const Vector mean = centers * weights;
  double square = (centers.colwise() - mean).colwise().squaredNorm() * weights;
  for (Index s = 0; s < model.components(); ++s)
    square += weights(s) * static_cast<double>(model.component_variance(s));
  return std::sqrt(square);
}

/// The least root-mean-square radius of a component: the unit of what happens within one cluster.
template <SphericalMixture Model>
[[nodiscard]] double component_scale(const Model& model) {
  double least = std::numeric_limits<double>::infinity();
  for (Index s = 0; s < model.components(); ++s)
    least = std::min(least, std::sqrt(static_cast<double>(model.component_variance(s))));
  return least;
}

namespace internal {

/// What rounding leaves of a center's or a mean's place.
template <class Model>
[[nodiscard]] double rounding_of_places(const Model& model) {
  const double farthest = static_cast<double>(model.centers().cwiseAbs().maxCoeff());
  return 64 * std::numeric_limits<double>::epsilon() * (farthest + population_scale(model));
}

/// The cells with mass, and the Hessian's rows that belong to them.
struct UsedCenters {
  std::vector<Index> cells;

  template <class Cells>
  explicit UsedCenters(const Cells& moments) {
    for (Index i = 0; i < moments.mass.size(); ++i)
      if (moments.mass(i) > 0) cells.push_back(i);
  }

  template <class Matrix>
  [[nodiscard]] Matrix block(const Matrix& full, Index d) const {
    const auto m = static_cast<Index>(cells.size());
    Matrix result(d * m, d * m);
    for (Index a = 0; a < m; ++a)
      for (Index b = 0; b < m; ++b) result.block(a * d, b * d, d, d) = full.block(cell(a) * d, cell(b) * d, d, d);
    return result;
  }
  /// A vector over the centers with mass as a d x m matrix over all of them.
  template <class Vector>
  [[nodiscard]] auto spread(const Vector& part, Index d, Index m) const {
    using Matrix = Dependent<Eigen::MatrixXd, Vector>;
    Matrix result = Matrix::Zero(d, m);
    for (Index a = 0; a < static_cast<Index>(cells.size()); ++a) result.col(cell(a)) = part.segment(a * d, d);
    return result;
  }
  template <class Matrix>
  [[nodiscard]] Eigen::VectorXd gather(const Matrix& columns) const {
    Dependent<Eigen::MatrixXd, Matrix> result(columns.rows(), static_cast<Index>(cells.size()));
    for (Index a = 0; a < result.cols(); ++a) result.col(a) = columns.col(cell(a)).template cast<double>();
    return result.reshaped();
  }

 private:
  [[nodiscard]] Index cell(Index a) const { return cells[static_cast<std::size_t>(a)]; }
};

template <class Centers, class Cells>
[[nodiscard]] double stationarity_residual(const Centers& centers, const Cells& cells) {
  double residual = 0;
  for (Index i = 0; i < centers.cols(); ++i)
    if (cells.mass(i) > 0)
      residual = std::max(residual, static_cast<double>((centers.col(i) - cells.centroid.col(i)).norm()));
  return residual;
}

/// The lowest value of G on both rays of a direction, at steps from a quarter of `farthest` down to `nearest`.
struct RaySearch {
  double step = 0, drop = 0;
};
template <class Objective, class Centers, class Direction>
[[nodiscard]] RaySearch search_ray(const Objective& objective, const Centers& centers, const Direction& direction,
                                   double value, double farthest, double nearest) {
  RaySearch best;
  for (double length = farthest / 4; length >= nearest; length /= 4)
    for (const double step : {length, -length}) {
      const Direction moved = centers.template cast<double>() + step * direction;
      const double drop = value - static_cast<double>(objective.value(moved));
      if (drop > best.drop) best = {step, drop};
    }
  return best;
}

/// How far the cells without mass stay clear of the balls; 0 for a center on one with mass, whose cell any move shares.
/// A Gaussian's cell has no mass only where the mass is too small for a double: nothing moves it.
template <class Model, class Centers>
[[nodiscard]] double margin_of_empty_cells(const Model& model, const Centers& centers,
                                           const std::vector<Index>& empty) {
  double margin = std::numeric_limits<double>::infinity();
  for (const Index i : empty) {
    for (Index j = 0; j < centers.cols(); ++j)
      if (centers.col(j) == centers.col(i) && std::find(empty.begin(), empty.end(), j) == empty.end()) margin = 0;
    if constexpr (requires { model.radii(); }) {
      const auto cell = polyhedral_cell(centers, i);
      for (Index s = 0; s < model.components(); ++s) {
        const Dependent<Eigen::VectorXd, Model> ball = model.centers().col(s).template cast<double>();
        const auto nearest = nearest_in_cell(cell, ball);
        if (nearest.exists)
          margin = std::min(margin, static_cast<double>(nearest.distance) - static_cast<double>(model.radii()(s)));
      }
    }
  }
  return std::max(margin, 0.0);
}

/// On the line, gives every face between cells with mass the larger of the densities at `within` on both its sides:
/// v'Hv holds -(|beta_i - beta_j| / 2) f (v_i + v_j)^2 for it.
template <class Objective, class Matrix>
void take_larger_densities(const Objective& objective, const Matrix& centers, const Eigen::ArrayXd& mass, double within,
                           Matrix& hessian) {
  using Array = Dependent<Eigen::ArrayXd, Objective>;
  const auto& model = objective.model();
  if constexpr (requires { model.radii(); }) {
    if (model.dimension() != 1) return;
    const Array ends = model.radii().template cast<double>(), weights = model.weights().template cast<double>();
    const Array middles = model.centers().row(0).transpose().array().template cast<double>();
    const auto density = [&](double x) { return ((middles - x).abs() < ends).select(weights / (2 * ends), 0.0).sum(); };
    for (const auto& face : objective.faces(centers)) {
      if (!(mass(face.i) > 0 && mass(face.j) > 0)) continue;
      const double x = face.midpoint(0), larger = std::max(density(x - within), density(x + within));
      const double change =
          std::abs(centers(0, face.j) - centers(0, face.i)) / 2 * (larger - (face.density * weights).sum());
      for (const Index row : {face.i, face.j})
        for (const Index column : {face.i, face.j}) hessian(row, column) -= change;
    }
  }
}

/// Newton's step, a vector over the centers with mass. It has no part along eigenvectors of curvature `flat` or less:
/// there rounding alone would set it.
template <class Matrix>
struct NewtonStep {
  Eigen::Matrix<typename Matrix::Scalar, Eigen::Dynamic, 1> step;  // to be subtracted from the centers
  double change = 0;                                               // of G, to second order
  double smallest_eigenvalue = 0;
};
[[nodiscard]] auto newton_step(const std::same_as<Eigen::MatrixXd> auto& hessian, const Eigen::VectorXd& gradient,
                               double flat) {
  using Matrix = std::remove_cvref_t<decltype(hessian)>;
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(hessian);
  NewtonStep<Matrix> result;
  result.step = Eigen::VectorXd::Zero(gradient.size());
  for (Index e = 0; e < gradient.size(); ++e) {
    const double curvature = eigen.eigenvalues()(e), along = eigen.eigenvectors().col(e).dot(gradient);
    if (std::abs(curvature) <= flat) continue;
    result.step += eigen.eigenvectors().col(e) * (along / curvature);
    result.change -= along * along / (2 * curvature);
  }
  if (gradient.size() > 0) result.smallest_eigenvalue = eigen.eigenvalues()(0);
  return result;
}

/// Whether every ball lies in one cell, farther from its faces than `beyond`: then G is a quadratic around the centers,
/// and its Hessian known but for the rounding of weights. A Gaussian lies in no cell.
template <class Model, class Matrix>
[[nodiscard]] bool balls_are_whole(const Model& model, const Matrix& centers, double beyond) {
  using Vector = Eigen::Matrix<typename Matrix::Scalar, Eigen::Dynamic, 1>;
  if constexpr (requires { model.radii(); }) {
    for (Index s = 0; s < model.components(); ++s) {
      const Vector ball = model.centers().col(s).template cast<typename Matrix::Scalar>();
      Index own = 0;
      (centers.colwise() - ball).colwise().squaredNorm().minCoeff(&own);
      for (Index j = 0; j < centers.cols(); ++j) {
        const Vector apart = centers.col(j) - centers.col(own);
        const double length = apart.norm();
        if (j != own && !(length > 0)) return false;
        if (j != own &&
            !(apart.dot(centers.col(own) + apart / 2 - ball) / length > static_cast<double>(model.radii()(s)) + beyond))
          return false;
      }
    }
    return true;
  } else {
    return false;
  }
}

/// Whether a stationary point of the same value lies about where a step of `length` in `direction` leads. Values differ
/// by the square of `rounding`, the error of places in units of the step's.
template <class Objective, class Centers, class Direction>
[[nodiscard]] bool continues_along(const Objective& objective, const Centers& centers, const Direction& direction,
                                   double length, double value, double rounding) {
  const Direction moved = centers.template cast<double>() + length * direction;
  const auto point = stationary_point(objective, moved);
  const double stayed = (point.centers.template cast<double>() - moved).norm();
  return point.converged && stayed < std::abs(length) / 2 &&
         std::abs(static_cast<double>(objective.value(point.centers)) - value) <= (1e-11 + rounding * rounding) * value;
}

}  // namespace internal

template <SphericalMixture Model, class Derived>
PopulationCertificate<typename Model::Scalar, Model::dim> certify(const PopulationObjective<Model>& objective,
                                                                  const Eigen::MatrixBase<Derived>& centers,
                                                                  const PopulationCertificateOptions& options) {
  using internal::require;
  require(options.stationarity >= 0 && std::isfinite(options.stationarity), "certify", "options.stationarity",
          options.stationarity, "a tolerance is finite and not negative", "pass e.g. 1e-7");
  require(options.curvature >= 0 && std::isfinite(options.curvature), "certify", "options.curvature", options.curvature,
          "a tolerance is finite and not negative", "pass e.g. 1e-7");
  internal::refuse_row_major<Derived>();
  internal::check_centers(centers, objective.dimension(), "certify", "centers");
  using Fitted = FittedCenters<typename Model::Scalar, Model::dim>;
  const Fitted at = centers.template cast<typename Fitted::Scalar>();
  using Matrix = internal::Dependent<Eigen::MatrixXd, Model>;
  const Matrix plain = at.template cast<double>();
  const Index d = at.rows(), m = at.cols();
  const double scale = population_scale(objective.model()), size = component_scale(objective.model());
  const double place = internal::rounding_of_places(objective.model());

  PopulationCertificate<typename Model::Scalar, Model::dim> result;
  const auto cells = objective.cells(at);
  result.value = static_cast<double>(cells.value());
  result.residual = internal::stationarity_residual(at, cells);
  result.escape.resize(d, 0);
  result.descent.resize(d, 0);

  const internal::UsedCenters used(cells);
  std::vector<Index> empty;
  for (Index i = 0; i < m; ++i)
    if (!(cells.mass(i) > 0)) empty.push_back(i);
  result.empty_cells = static_cast<Index>(empty.size());
  if (!empty.empty()) result.empty_margin = internal::margin_of_empty_cells(objective.model(), plain, empty);

  auto hessian = objective.hessian_with_error(at);
  const Eigen::VectorXd slope = used.gather(internal::gradient(at, cells));
  const double unit = 2 * static_cast<double>(cells.mass.maxCoeff());
  const Matrix newton =
      used.spread(internal::newton_step(used.block(hessian.value, d), slope, unit * place / size).step, d, m);
  result.distance = newton.colwise().norm().maxCoeff();
  // A jump nearer than the stationary point is known, or than centers are rounded, may be hit.
  const double rounding = 16 * std::numeric_limits<double>::epsilon() * std::max(scale, plain.cwiseAbs().maxCoeff());
  internal::take_larger_densities(objective, plain, cells.mass.template cast<double>(), result.distance + rounding,
                                  hessian.value);
  const Matrix block = used.block(hessian.value, d);
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(block);
  result.eigenvalues = eigen.eigenvalues();
  result.smallest_eigenvalue = result.eigenvalues(0);
  // By Weyl's inequality no eigenvalue is off by more than the norm of the Hessian's error. For tiny components what
  // rounding leaves of the centers' places shows in it: a face through a component moves by `place`, and eigenvalues by
  // the share of the component's size that this is. With every ball whole in its cell there is no such face.
  if (!internal::balls_are_whole(objective.model(), plain, 2 * (place + result.distance)))
    result.rounding = unit * place / size;
  result.eigenvalue_error =
      std::max({options.curvature * unit, 3 * used.block(hessian.standard_error, d).norm(), result.rounding});
  result.negative = (result.eigenvalues.array() < -result.eigenvalue_error).count();

  const auto refute = [&](PopulationVerdict verdict, const Matrix& direction, const internal::RaySearch& ray) {
    result.verdict = verdict;
    result.drop = ray.drop;
    result.descent = (plain + ray.step * direction).template cast<typename Fitted::Scalar>();
  };

  if (result.residual > std::max(options.stationarity * size, place)) {
    result.verdict = PopulationVerdict::not_stationary;
    result.descent = cells.centroid;
    result.drop = result.value - static_cast<double>(objective.value(result.descent));
    return result;
  }
  const Matrix lowest = used.spread(eigen.eigenvectors().col(0), d, m);
  if (result.negative > 0) {
    const auto ray = internal::search_ray(objective, at, lowest, result.value, scale, 1e-6 * size);
    if (ray.drop > 0) {
      result.escape = lowest;
      refute(PopulationVerdict::saddle, lowest, ray);
    }
    return result;
  }
  if (result.empty_margin <= 0) {
    // A center that can take mass from its neighbours at once: only trial can say in which direction.
    internal::RaySearch best;
    Matrix direction = Matrix::Zero(d, m);
    for (const Index i : empty)
      for (Index s = 0; s < d; ++s) {
        Matrix axis = Matrix::Zero(d, m);
        axis(s, i) = 1;
        const auto ray = internal::search_ray(objective, at, axis, result.value, scale, 1e-6 * size);
        if (ray.drop <= best.drop) continue;
        best = ray;
        direction = axis;
      }
    if (best.drop > 0) {
      result.escape = direction;
      refute(PopulationVerdict::saddle, direction, best);
    }
    return result;
  }
  const Index kernel = (result.eigenvalues.array() <= result.eigenvalue_error).count();
  if (kernel > 0 && result.rounding > 1e-2 * unit) {
    // A component is but some hundred units of rounding across: nothing that is seen along these eigenvectors is real.
    result.is_precision_limited = true;
    return result;
  }
  // A step a off a continuum meets curvature of order a^2, by which Newton's method divides the rounding of places: the
  // cube root keeps what it adds to the step below the step.
  const double along = size * std::max(1e-3, std::cbrt(place / size));
  for (Index e = 0; e < kernel; ++e)
    for (const double step : {along, -along})
      if (!internal::continues_along(objective, at, used.spread(eigen.eigenvectors().col(e), d, m), step, result.value,
                                     place / size))
        return result;
  // In a valley that is all but flat a small residual does not say that the bottom is near.
  if (kernel == 0 && result.rounding > 0 && result.distance > std::max(1e-3, 10 * options.stationarity) * size)
    return result;
  result.continuum = kernel;
  const bool is_flat = result.empty_cells > 0 || result.continuum > 0;
  result.verdict = is_flat ? PopulationVerdict::flat_minimum : PopulationVerdict::strict_minimum;
  return result;
}

template <SphericalMixture Model, class Derived>
StationaryPoint<typename Model::Scalar, Model::dim> stationary_point(const PopulationObjective<Model>& objective,
                                                                     const Eigen::MatrixBase<Derived>& start,
                                                                     const StationaryPointOptions& options) {
  using internal::require;
  require(options.max_iterations >= 0, "stationary_point", "options.max_iterations", options.max_iterations,
          "a number of steps cannot be negative", "pass e.g. 50");
  require(options.tolerance >= 0 && std::isfinite(options.tolerance), "stationary_point", "options.tolerance",
          options.tolerance, "a tolerance is finite and not negative", "pass e.g. 1e-13");
  require(options.largest_step > 0 && std::isfinite(options.largest_step), "stationary_point", "options.largest_step",
          options.largest_step, "a step is positive and finite", "pass e.g. 0.1");
  internal::refuse_row_major<Derived>();
  internal::check_centers(start, objective.dimension(), "stationary_point", "start");
  using Fitted = FittedCenters<typename Model::Scalar, Model::dim>;
  using Real = typename Fitted::Scalar;
  const double scale = population_scale(objective.model()), size = component_scale(objective.model());
  const double place = internal::rounding_of_places(objective.model());

  StationaryPoint<typename Model::Scalar, Model::dim> result;
  result.centers = start.template cast<Real>();
  auto cells = objective.cells(result.centers);
  result.residual = internal::stationarity_residual(result.centers, cells);
  const auto newton = [&] {
    const internal::UsedCenters used(cells);
    const Index d = result.centers.rows(), m = result.centers.cols();
    const double unit = 2 * static_cast<double>(cells.mass.maxCoeff());
    const auto step =
        internal::newton_step(used.block(objective.hessian(result.centers), d),
                              used.gather(internal::gradient(result.centers, cells)), unit * place / size);
    const auto move = used.spread(step.step, d, m);
    result.distance = move.colwise().norm().maxCoeff();
    result.predicted_change = step.change;
    result.smallest_eigenvalue = step.smallest_eigenvalue;
    return move;
  };
  auto step = newton();
  while (result.residual > options.tolerance * size && result.iterations < options.max_iterations) {
    const double length = step.norm();
    if (length > options.largest_step * scale) step *= options.largest_step * scale / length;
    bool lowered = false;
    for (int halvings = 0; halvings < 12 && !lowered; ++halvings, step /= 2) {
      const Fitted moved = result.centers - step.template cast<Real>();
      const auto cells_there = objective.cells(moved);
      const double residual = internal::stationarity_residual(moved, cells_there);
      if (!(residual < result.residual)) continue;
      lowered = true;
      result.centers = moved;
      cells = cells_there;
      result.residual = residual;
    }
    if (!lowered) break;
    ++result.iterations;
    step = newton();
  }
  // Where steps only move the last digits the residual is rounding.
  const bool is_at_rest = result.residual <= std::max(std::max(options.tolerance, 1e-10) * size, place);
  result.in_valley = is_at_rest && result.distance > 1e-3 * size;
  result.converged = is_at_rest && !result.in_valley;
  return result;
}

}  // namespace kmscape

// The population objective along a direction: H^v(t) = G(beta + t v), and QZC's decomposition of it (section 5).
//
// H = U + W. U^v(t) keeps every point in its old cell: a quadratic in t, above H. W^v(t) <= 0 is what the points gain
// that change cells: the sum over i != j of the integrals of |x - beta_j - t v_j|^2 - |x - beta_i - t v_i|^2 over the
// swept sets Delta_{i->j}(t) = V_i(beta) and V_j(beta + t v) (QZC equation 10). Swept sets are intersections of
// half-spaces, so that the cells' integrators serve them too; on the line and in the plane they are exact.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/objective/population_objective.hpp>

namespace kmscape {

/// The points that change cells between beta and beta + t v. Entry (i, j) is about Delta_{i->j}; the diagonal, points
/// that stay, is left out of `gain`.
struct SweptSets {
  Eigen::ArrayXXd mass;                         // m x m: P(Delta_{i->j}); all entries sum to 1
  Eigen::ArrayXXd gain;                         // m x m: the integral in W over Delta_{i->j}, <= 0
  std::vector<Eigen::ArrayXXd> component_mass;  // k matrices m x m: P_s(Delta_{i->j}), of component s alone
  std::vector<Eigen::ArrayXXd> component_gain;  // k matrices m x m: QZC's W_{i->j,s}
  Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic> adjacent;  // m x m: cells i and j share a face at t = 0
  Eigen::ArrayXXd mass_error, gain_error;                       // m x m: standard errors; 0 where exact
  std::vector<Eigen::ArrayXXd> component_mass_error, component_gain_error;  // k matrices m x m
  double reassignment_error = 0, adjacent_reassignment_error = 0;  // of the sums below, whose terms depend on one another

  /// W^v(t).
  template <class WhenUsed = void>
  [[nodiscard]] double reassignment() const { return gain.sum(); }
  /// The part of W^v(t) of cells that are adjacent at t = 0, in QZC equation 11: an upper bound of W.
  template <class WhenUsed = void>
  [[nodiscard]] double adjacent_reassignment() const { return adjacent.select(gain, 0).sum(); }
};

/// H^v and its parts for fixed centers and a fixed direction. Holds copies of all it needs.
template <SphericalMixture Model>
class DirectionalObjective {
 public:
  using Matrix = internal::Dependent<Eigen::MatrixXd, Model>;
  using Vector = internal::Dependent<Eigen::VectorXd, Model>;

  /// Use `directional`.
  DirectionalObjective(PopulationObjective<Model> objective, Matrix centers, Matrix direction)
      : objective_(std::move(objective)), centers_(std::move(centers)), direction_(std::move(direction)) {
    const internal::Dependent<Eigen::ArrayXd, Model> squares = direction_.colwise().squaredNorm().transpose();
    for (const auto& sums : objective_.integrator().cell_replicates(centers_, "DirectionalObjective"))
      quadratics_.push_back({sums.distortion.sum(), slope(sums), 2 * (sums.mass * squares).sum()});
  }

  [[nodiscard]] const PopulationObjective<Model>& objective() const { return objective_; }
  [[nodiscard]] const Matrix& centers() const { return centers_; }      // d x m: beta
  [[nodiscard]] const Matrix& direction() const { return direction_; }  // d x m: v

  /// H^v(t) = G(beta + t v).
  [[nodiscard]] double value(double t) const { return static_cast<double>(objective_.value(at(t))); }
  [[nodiscard]] Estimate value_with_error(double t) const { return objective_.value_with_error(at(t)); }

  /// The first derivative of H^v at t (QZC Lemma 1).
  [[nodiscard]] double derivative(double t) const { return derivative_with_error(t).value; }
  [[nodiscard]] Estimate derivative_with_error(double t) const {
    std::vector<double> slopes;
    for (const auto& sums : objective_.integrator().cell_replicates(centers_ + t * direction_, "DirectionalObjective"))
      slopes.push_back(slope(sums));
    return internal::mean_and_error(slopes);
  }

  /// The second derivative of H^v at t, from the Hessian of G.
  [[nodiscard]] double second_derivative(double t) const { return second_derivative_with_error(t).value; }
  [[nodiscard]] Estimate second_derivative_with_error(double t) const {
    std::vector<double> forms;
    const Vector v = direction_.reshaped();
    for (const auto& hessian :
         objective_.integrator().hessian_replicates(centers_ + t * direction_, "DirectionalObjective"))
      forms.push_back(v.dot(hessian.matrix() * v));
    return internal::mean_and_error(forms);
  }

  /// U^v(t): every point stays with its center of t = 0. A quadratic with U(0) = H(0), U'(0) = H'(0), U'' = 2 sum_i m_i
  /// |v_i|^2.
  [[nodiscard]] double unreassigned(double t) const { return unreassigned_with_error(t).value; }
  [[nodiscard]] Estimate unreassigned_with_error(double t) const {
    std::vector<double> values;
    for (const auto& quadratic : quadratics_) values.push_back(quadratic(t));
    return internal::mean_and_error(values);
  }

  /// W^v(t) = H^v(t) - U^v(t), from the swept sets: accurate where the difference would cancel.
  [[nodiscard]] double reassignment(double t) const { return swept(t).reassignment(); }
  [[nodiscard]] Estimate reassignment_with_error(double t) const {
    const auto sets = swept(t);
    return {sets.reassignment(), sets.reassignment_error};
  }

  /// U^v(t) + the reassignments between adjacent cells: QZC's upper bound (11), equal to H^v near t = 0.
  [[nodiscard]] double upper_bound(double t) const { return upper_bound_with_error(t).value; }
  [[nodiscard]] Estimate upper_bound_with_error(double t) const;

  /// The swept sets between 0 and t, masses and gains. O(m^2) times the cost of a cell.
  [[nodiscard]] SweptSets swept(double t) const { return sweep(t).sets; }

 private:
  /// U^v(t) = start + t slope + t^2 curvature / 2.
  struct Quadratic {
    double start, slope, curvature;
    [[nodiscard]] double operator()(double t) const { return start + t * (slope + t * curvature / 2); }
  };
  struct Sweep {
    SweptSets sets;
    std::vector<double> adjacent;  // adjacent reassignments, one a replicate
  };
  [[nodiscard]] Sweep sweep(double t) const;

  /// The derivative of G along v at centers whose cells have these sums.
  [[nodiscard]] double slope(const internal::CellSums& sums) const {
    return -2 * sums.first.cwiseProduct(direction_).sum();
  }
  [[nodiscard]] typename PopulationObjective<Model>::CentersType at(double t) const {
    return (centers_ + t * direction_).template cast<typename PopulationObjective<Model>::Real>();
  }

  PopulationObjective<Model> objective_;
  Matrix centers_, direction_;
  std::vector<Quadratic> quadratics_;  // U^v: one where it is exact, else one a replicate
};

/// H^v for `centers` and `direction`, both d x m and finite. Throws `invalid_input`.
template <SphericalMixture Model, class Centers, class Direction>
[[nodiscard]] DirectionalObjective<Model> directional(const PopulationObjective<Model>& objective,
                                                      const Eigen::MatrixBase<Centers>& centers,
                                                      const Eigen::MatrixBase<Direction>& direction) {
  internal::refuse_row_major<Centers>();
  internal::refuse_row_major<Direction>();
  internal::check_centers(centers, objective.dimension(), "directional", "centers");
  internal::check_centers(direction, objective.dimension(), "directional", "direction");
  internal::require(direction.cols() == centers.cols(), "directional", "direction",
                    internal::text("a ", direction.rows(), " x ", direction.cols(), " matrix"),
                    internal::text("there are ", centers.cols(), " centers"), "pass one column per center");
  return {objective, centers.template cast<double>(), direction.template cast<double>()};
}

template <SphericalMixture Model>
Estimate DirectionalObjective<Model>::upper_bound_with_error(double t) const {
  // Sum by sum: both parts of a replicate may come from the same directions. One of them may be exact.
  const auto gains = sweep(t).adjacent;
  std::vector<double> sums;
  for (std::size_t r = 0; r < std::max(gains.size(), quadratics_.size()); ++r)
    sums.push_back(quadratics_[quadratics_.size() > 1 ? r : 0](t) + gains[gains.size() > 1 ? r : 0]);
  return internal::mean_and_error(sums);
}

template <SphericalMixture Model>
auto DirectionalObjective<Model>::sweep(double t) const -> Sweep {
  constexpr std::string_view function = "DirectionalObjective::swept";
  internal::require(std::isfinite(t), function, "t", t, "a step is finite", "pass a finite number");
  const Matrix moved = centers_ + t * direction_;
  const Index m = centers_.cols(), k = objective_.model().components();
  const auto& mixture = objective_.integrator().mixture();
  const auto span = internal::center_span({centers_, moved}, mixture, objective_.options().integrator, function);
  const auto before = internal::cell_regions(span.project(centers_)),
             after = internal::cell_regions(span.project(moved));

  // Region i + m j is Delta_{i->j}.
  std::vector<internal::Dependent<internal::HalfSpaces, Model>> regions;
  for (const auto& to : after)
    for (const auto& from : before) {
      internal::Dependent<internal::HalfSpaces, Model> both = from;
      both.normals.conservativeResize(Eigen::NoChange, from.normals.cols() + to.normals.cols());
      both.normals.rightCols(to.normals.cols()) = to.normals;
      both.offsets.conservativeResize(from.offsets.size() + to.offsets.size());
      both.offsets.tail(to.offsets.size()) = to.offsets;
      both.origins.insert(both.origins.end(), to.origins.begin(), to.origins.end());
      regions.push_back(std::move(both));
    }
  const auto rays = objective_.integrator().ray_rule();
  const auto tables = internal::moment_tables(regions, span.p(), span.mixture, rays, span.by_rays);

  using Array = internal::Dependent<Eigen::ArrayXXd, Model>;
  internal::Dependent<SweptSets, Model> result;
  const Array zero = Array::Zero(m, m);
  std::vector<Array> masses(tables.size(), zero), gains(tables.size(), zero);
  for (Index s = 0; s < k; ++s) {
    const auto& component = mixture.components[static_cast<std::size_t>(s)];
    std::vector<Array> own_masses(tables.size(), zero), own_gains(tables.size(), zero);
    for (std::size_t r = 0; r < tables.size(); ++r)
      for (Index j = 0; j < m; ++j)
        for (Index i = 0; i < m; ++i) {
          // |x - b|^2 - |x - a|^2 = -2 (b - a) . (x - (a + b) / 2), small near the new boundary: moments around a point
          // of it keep its digits.
          const Vector difference = moved.col(j) - moved.col(i);
          const auto own =
              internal::shifted_moments(tables[r], i + m * j, s, span, component.center, moved.col(i) + difference / 2);
          own_masses[r](i, j) = own.mass;
          own_gains[r](i, j) = -2 * difference.dot(own.first);
        }
    for (std::size_t r = 0; r < tables.size(); ++r) {
      masses[r] += component.weight * own_masses[r];
      gains[r] += component.weight * own_gains[r];
    }
    auto [mass, mass_error] = internal::mean_and_error(own_masses);
    auto [gain, gain_error] = internal::mean_and_error(own_gains);
    result.component_mass.push_back(std::move(mass));
    result.component_mass_error.push_back(std::move(mass_error));
    result.component_gain.push_back(std::move(gain));
    result.component_gain_error.push_back(std::move(gain_error));
  }
  std::tie(result.mass, result.mass_error) = internal::mean_and_error(masses);
  std::tie(result.gain, result.gain_error) = internal::mean_and_error(gains);
  result.adjacent.setConstant(m, m, false);
  for (const auto& face : objective_.faces(at(0)))
    result.adjacent(face.i, face.j) = result.adjacent(face.j, face.i) = true;
  std::vector<double> all, adjacent;
  for (const auto& gain : gains) {
    all.push_back(gain.sum());
    adjacent.push_back(result.adjacent.select(gain, 0).sum());
  }
  result.reassignment_error = internal::mean_and_error(all).standard_error;
  result.adjacent_reassignment_error = internal::mean_and_error(adjacent).standard_error;
  return {std::move(result), std::move(adjacent)};
}

}  // namespace kmscape

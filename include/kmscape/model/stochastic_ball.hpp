// The stochastic ball model: uniform distributions on k balls (QZC Definition 1).
//
// f = sum_s w_s 1{|x - beta*_s| <= r_s} / Vol(ball of radius r_s). Equal weights and radii are the paper's case. Balls
// may overlap; the separation says whether they do.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <concepts>
#include <numbers>
#include <type_traits>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/model/mixture_model.hpp>

namespace kmscape {

template <std::floating_point Scalar_, int Dim = Eigen::Dynamic>
class StochasticBallModel {
 public:
  using Scalar = Scalar_;
  using CentersType = Centers<Scalar, Dim>;
  static constexpr int dim = Dim;

  /// k balls of one radius around the columns of `centers` (d x k, finite), with equal weights. Throws `invalid_input`.
  template <class Derived>
  StochasticBallModel(const Eigen::MatrixBase<Derived>& centers, std::type_identity_t<Scalar> radius)
      : StochasticBallModel(
            centers,
            Weights<Scalar>::Constant(std::max<Index>(centers.cols(), 1),
                                      internal::positive_size(radius, "StochasticBallModel", "radius", "radius")),
            Weights<Scalar>::Ones(std::max<Index>(centers.cols(), 1))) {}

  /// One radius and one positive weight per ball; the weights are scaled to sum to 1.
  template <class Derived>
  StochasticBallModel(const Eigen::MatrixBase<Derived>& centers, const Weights<std::type_identity_t<Scalar>>& radii,
                      const Weights<std::type_identity_t<Scalar>>& weights)
      : centers_(internal::true_centers<CentersType>(centers, "StochasticBallModel")),
        radii_(internal::component_sizes<Scalar>(radii, centers.cols(), "StochasticBallModel", "radii", "radius")),
        weights_(internal::normalised_weights<Scalar>(weights, centers.cols(), "StochasticBallModel")) {}

  [[nodiscard]] Index dimension() const { return centers_.rows(); }
  [[nodiscard]] Index components() const { return centers_.cols(); }
  [[nodiscard]] const CentersType& centers() const { return centers_; }
  [[nodiscard]] const Weights<Scalar>& radii() const { return radii_; }
  [[nodiscard]] const Weights<Scalar>& weights() const { return weights_; }

  /// E|x - beta*_s|^2 over component s: r^2 d / (d + 2).
  [[nodiscard]] Scalar component_variance(Index s) const {
    internal::check_component(s, components(), "StochasticBallModel::component_variance");
    const auto d = static_cast<Scalar>(dimension());
    return radii_(s) * radii_(s) * d / (d + 2);
  }

  /// Writes a point of component s into `point` (d entries).
  template <class Derived>
  void draw(Index s, RandomStream& stream, Eigen::MatrixBase<Derived>& point) const {
    internal::check_component(s, components(), "StochasticBallModel::draw");
    internal::require(point.size() == dimension(), "StochasticBallModel::draw", "point.size()", point.size(),
                      "a point has dimension() coordinates", "pass a vector of this size");
    stream.unit_ball(point);
    point = centers_.col(s) + radii_(s) * point;
  }

  /// f_s(x) for one point x, a finite d-vector. In high dimension it may exceed or fall below what Scalar holds. O(d).
  template <class Derived>
  [[nodiscard]] Scalar component_density(Index s, const Eigen::MatrixBase<Derived>& x) const {
    internal::check_component(s, components(), "StochasticBallModel::component_density");
    internal::check_point(x, dimension(), "StochasticBallModel::component_density");
    using Real = std::common_type_t<Scalar, double>;
    const Real radius = radii_(s);
    const Real distance = (x.template cast<Real>() - centers_.col(s).template cast<Real>()).norm();
    if (distance > radius) return 0;
    // 1 / Vol by the recursion Vol_d = Vol_{d-2} 2 pi r^2 / d from Vol_0 = 1, Vol_1 = 2 r.
    Real result = dimension() % 2 == 0 ? Real(1) : 1 / (2 * radius);
    for (Index d = 2 + dimension() % 2; d <= dimension(); d += 2)
      result *= static_cast<Real>(d) / (2 * std::numbers::pi_v<Real> * radius * radius);
    return static_cast<Scalar>(result);
  }

  /// f(x) = sum_s w_s f_s(x) for one point x, a finite d-vector. O(k d).
  template <class Derived>
  [[nodiscard]] Scalar density(const Eigen::MatrixBase<Derived>& x) const {
    Scalar sum = 0;
    for (Index s = 0; s < components(); ++s) sum += weights_(s) * component_density(s, x);
    return sum;
  }

  /// Share of component s in [a, b], for d = 1; a <= b may be infinite. Throws `invalid_input`.
  [[nodiscard]] Scalar interval_mass(Index s, Scalar a, Scalar b) const {
    internal::check_component(s, components(), "StochasticBallModel::interval_mass");
    internal::check_interval(a, b, dimension(), "StochasticBallModel::interval_mass");
    using Real = std::common_type_t<Scalar, double>;
    const Real center = centers_(0, s), radius = radii_(s), left = a - center, right = b - center;
    // The whole ball must have mass 1, and an interval inside it its own length, however the ends round.
    const bool inside = left >= -radius && right <= radius;
    const Real length = inside ? static_cast<Real>(b) - static_cast<Real>(a)
                               : std::max(Real(0), std::min(right, radius) - std::max(left, -radius));
    return static_cast<Scalar>(length / (2 * radius));
  }

  /// n independent points. Throws `invalid_input`. O(n d).
  [[nodiscard]] Sample<Scalar, Dim> sample(Index n, Seed seed) const { return sample(n, RandomStream(seed)); }
  [[nodiscard]] Sample<Scalar, Dim> sample(Index n, const RandomStream& stream) const {
    return internal::draw_independent(*this, n, stream, "StochasticBallModel::sample");
  }

  /// Exactly n / k points of each component, in turn; needs equal weights and k to divide n.
  [[nodiscard]] Sample<Scalar, Dim> sample_balanced(Index n, Seed seed) const {
    return sample_balanced(n, RandomStream(seed));
  }
  [[nodiscard]] Sample<Scalar, Dim> sample_balanced(Index n, const RandomStream& stream) const {
    return internal::draw_balanced(*this, n, stream, "StochasticBallModel::sample_balanced");
  }

 private:
  CentersType centers_;
  Weights<Scalar> radii_, weights_;
};

// The scalar and the dimension are those of the centers.
template <class Derived, class... Rest>
StochasticBallModel(const Eigen::MatrixBase<Derived>&, const Rest&...)
    -> StochasticBallModel<typename Derived::Scalar, Derived::RowsAtCompileTime>;

}  // namespace kmscape

// The spherical Gaussian mixture model (QZC Definition 2).
//
// f = sum_s w_s N(beta*_s, sigma_s^2 I). Equal weights and deviations are the paper's case.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <numbers>
#include <type_traits>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/model/mixture_model.hpp>

namespace kmscape {

namespace internal {

/// Mass of a standard normal in an interval of length h around m, for h (1 + |m|) <= 1: the Taylor series of its
/// density phi at m, integrated term by term,
///   phi(m) h sum over even p of a_p / (p + 1)!,   a_p = (h/2)^p He_p(m),   a_{p+1} = (h m / 2) a_p - p (h/2)^2
///   a_{p-1}.
/// The terms shrink slowest at m = 0, h = 1, where the first one left out is 2^-39 / (13! 27) < 1e-22.
template <class Real>
[[nodiscard]] Real short_normal_mass(Real m, Real h) {
  const Real slope = h * m / 2, square = h * h / 4;
  Real before = 1, here = slope, factorial = 1, sum = 1;  // a_0, a_1, 1!
  for (int p = 2; p <= 24; ++p) {
    const Real next = slope * here - static_cast<Real>(p - 1) * square * before;
    before = here;
    here = next;
    factorial *= static_cast<Real>(p);
    if (p % 2 == 0) sum += here / (factorial * static_cast<Real>(p + 1));
  }
  return std::numbers::inv_sqrtpi_v<Real> / std::numbers::sqrt2_v<Real> * std::exp(-m * m / 2) * h * sum;
}

/// Mass of a standard normal in [left, right]; `length` is right - left, before it was rounded by a shift.
template <class Real>
[[nodiscard]] Real normal_mass(Real left, Real right, Real length) {
  const Real middle = (left + right) / 2, root = std::numbers::sqrt2_v<Real>;
  // False when an end is infinite. Where true, differences of erf would cancel; elsewhere they lose a digit at most.
  if (length * (1 + std::abs(middle)) <= 1) return short_normal_mass(middle, length);
  if (left >= 0) return (std::erfc(left / root) - std::erfc(right / root)) / 2;
  if (right <= 0) return (std::erfc(-right / root) - std::erfc(-left / root)) / 2;
  return (std::erf(right / root) - std::erf(left / root)) / 2;
}

}  // namespace internal

template <std::floating_point Scalar_, int Dim = Eigen::Dynamic>
class GaussianMixtureModel {
 public:
  using Scalar = Scalar_;
  using CentersType = Centers<Scalar, Dim>;
  static constexpr int dim = Dim;

  /// k Gaussians of one standard deviation around the columns of `centers` (d x k, finite), with equal weights. Throws
  /// `invalid_input`.
  template <class Derived>
  GaussianMixtureModel(const Eigen::MatrixBase<Derived>& centers, std::type_identity_t<Scalar> sigma)
      : GaussianMixtureModel(centers,
                             Weights<Scalar>::Constant(
                                 std::max<Index>(centers.cols(), 1),
                                 internal::positive_size(sigma, "GaussianMixtureModel", "sigma", "standard deviation")),
                             Weights<Scalar>::Ones(std::max<Index>(centers.cols(), 1))) {}

  /// One standard deviation (per coordinate, not its square) and one positive weight per component; the weights are
  /// scaled to sum to 1.
  template <class Derived>
  GaussianMixtureModel(const Eigen::MatrixBase<Derived>& centers, const Weights<std::type_identity_t<Scalar>>& sigmas,
                       const Weights<std::type_identity_t<Scalar>>& weights)
      : centers_(internal::true_centers<CentersType>(centers, "GaussianMixtureModel")),
        sigmas_(internal::component_sizes<Scalar>(sigmas, centers.cols(), "GaussianMixtureModel", "sigmas",
                                                  "standard deviation")),
        weights_(internal::normalised_weights<Scalar>(weights, centers.cols(), "GaussianMixtureModel")) {}

  [[nodiscard]] Index dimension() const { return centers_.rows(); }
  [[nodiscard]] Index components() const { return centers_.cols(); }
  [[nodiscard]] const CentersType& centers() const { return centers_; }
  [[nodiscard]] const Weights<Scalar>& sigmas() const { return sigmas_; }
  [[nodiscard]] const Weights<Scalar>& weights() const { return weights_; }

  /// E|x - beta*_s|^2 over component s: d sigma^2.
  [[nodiscard]] Scalar component_variance(Index s) const {
    internal::check_component(s, components(), "GaussianMixtureModel::component_variance");
    return static_cast<Scalar>(dimension()) * sigmas_(s) * sigmas_(s);
  }

  /// Writes a point of component s into `point` (d entries).
  template <class Derived>
  void draw(Index s, RandomStream& stream, Eigen::MatrixBase<Derived>& point) const {
    internal::check_component(s, components(), "GaussianMixtureModel::draw");
    internal::require(point.size() == dimension(), "GaussianMixtureModel::draw", "point.size()", point.size(),
                      "a point has dimension() coordinates", "pass a vector of this size");
    for (Index t = 0; t < point.size(); ++t)
      point(t) = centers_(t, s) + sigmas_(s) * static_cast<Scalar>(stream.normal());
  }

  /// f_s(x) for one point x, a finite d-vector. In high dimension it may exceed or fall below what Scalar holds. O(d).
  template <class Derived>
  [[nodiscard]] Scalar component_density(Index s, const Eigen::MatrixBase<Derived>& x) const {
    internal::check_component(s, components(), "GaussianMixtureModel::component_density");
    internal::check_point(x, dimension(), "GaussianMixtureModel::component_density");
    using Real = std::common_type_t<Scalar, double>;
    const Real sigma = sigmas_(s);
    const Real squared = ((x.template cast<Real>() - centers_.col(s).template cast<Real>()) / sigma).squaredNorm();
    // One exponential: either factor alone may overflow where their product does not.
    const Real log_volume =
        static_cast<Real>(dimension()) * (std::log(sigma) + std::log(2 * std::numbers::pi_v<Real>) / 2);
    return static_cast<Scalar>(std::exp(-squared / 2 - log_volume));
  }

  /// f(x) = sum_s w_s f_s(x) for one point x, a finite d-vector. O(k d).
  template <class Derived>
  [[nodiscard]] Scalar density(const Eigen::MatrixBase<Derived>& x) const {
    Scalar sum = 0;
    for (Index s = 0; s < components(); ++s) sum += weights_(s) * component_density(s, x);
    return sum;
  }

  /// Share of component s in [a, b], for d = 1, where a <= b may be infinite; accurate relative to its size, in the
  /// tails and for short intervals too. Throws `invalid_input`.
  [[nodiscard]] Scalar interval_mass(Index s, Scalar a, Scalar b) const {
    internal::check_component(s, components(), "GaussianMixtureModel::interval_mass");
    internal::check_interval(a, b, dimension(), "GaussianMixtureModel::interval_mass");
    using Real = std::common_type_t<Scalar, double>;
    const Real center = centers_(0, s), sigma = sigmas_(s);
    return static_cast<Scalar>(internal::normal_mass<Real>((a - center) / sigma, (b - center) / sigma,
                                                           (static_cast<Real>(b) - static_cast<Real>(a)) / sigma));
  }

  /// n independent points. Throws `invalid_input`. O(n d).
  [[nodiscard]] Sample<Scalar, Dim> sample(Index n, Seed seed) const { return sample(n, RandomStream(seed)); }
  [[nodiscard]] Sample<Scalar, Dim> sample(Index n, const RandomStream& stream) const {
    return internal::draw_independent(*this, n, stream, "GaussianMixtureModel::sample");
  }

  /// Exactly n / k points of each component, in turn; needs equal weights and k to divide n.
  [[nodiscard]] Sample<Scalar, Dim> sample_balanced(Index n, Seed seed) const {
    return sample_balanced(n, RandomStream(seed));
  }
  [[nodiscard]] Sample<Scalar, Dim> sample_balanced(Index n, const RandomStream& stream) const {
    return internal::draw_balanced(*this, n, stream, "GaussianMixtureModel::sample_balanced");
  }

 private:
  CentersType centers_;
  Weights<Scalar> sigmas_, weights_;
};

// The scalar and the dimension are those of the centers.
template <class Derived, class... Rest>
GaussianMixtureModel(const Eigen::MatrixBase<Derived>&, const Rest&...)
    -> GaussianMixtureModel<typename Derived::Scalar, Derived::RowsAtCompileTime>;

}  // namespace kmscape

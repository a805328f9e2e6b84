// The spherical Gaussian mixture model (QZC Definition 2).
//
// f = sum_s w_s N(beta*_s, sigma_s^2 I). Equal weights and deviations are the paper's case.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <type_traits>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/model/mixture_model.hpp>

namespace kmscape {

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
      : GaussianMixtureModel(centers, Weights<Scalar>::Constant(std::max<Index>(centers.cols(), 1), sigma),
                             Weights<Scalar>::Ones(std::max<Index>(centers.cols(), 1)), "sigma") {}

  /// One standard deviation (per coordinate, not its square) and one positive weight per component; the weights are
  /// scaled to sum to 1.
  template <class Derived>
  GaussianMixtureModel(const Eigen::MatrixBase<Derived>& centers, const Weights<std::type_identity_t<Scalar>>& sigmas,
                       const Weights<std::type_identity_t<Scalar>>& weights)
      : GaussianMixtureModel(centers, sigmas, weights, "sigmas") {}

  [[nodiscard]] Index dimension() const { return centers_.rows(); }
  [[nodiscard]] Index components() const { return centers_.cols(); }
  [[nodiscard]] const CentersType& centers() const { return centers_; }
  [[nodiscard]] const Weights<Scalar>& sigmas() const { return sigmas_; }
  [[nodiscard]] const Weights<Scalar>& weights() const { return weights_; }

  /// E|x - beta*_s|^2 over component s: d sigma^2.
  [[nodiscard]] Scalar component_variance(Index s) const {
    return static_cast<Scalar>(dimension()) * sigmas_(s) * sigmas_(s);
  }

  /// Writes a point of component s into `point` (d entries).
  template <class Derived>
  void draw(Index s, RandomStream& stream, Eigen::MatrixBase<Derived>& point) const {
    for (Index t = 0; t < point.size(); ++t)
      point(t) = centers_(t, s) + sigmas_(s) * static_cast<Scalar>(stream.normal());
  }

  /// Share of component s in [a, b], for d = 1; the ends may be infinite. Accurate in the tails, where both ends lie on
  /// one side: the difference is taken of the smaller of the two tail pairs.
  [[nodiscard]] Scalar interval_mass(Index s, Scalar a, Scalar b) const {
    internal::require(dimension() == 1, "GaussianMixtureModel::interval_mass", "dimension", dimension(),
                      "intervals are sets on the line", "use a model in one dimension");
    if (!(a < b)) return 0;
    const Scalar unit = sigmas_(s) * std::numbers::sqrt2_v<Scalar>;
    const Scalar left = (a - centers_(0, s)) / unit, right = (b - centers_(0, s)) / unit;
    if (left > 0) return (std::erfc(left) - std::erfc(right)) / 2;
    if (right < 0) return (std::erfc(-right) - std::erfc(-left)) / 2;
    return (std::erf(right) - std::erf(left)) / 2;
  }

  /// n independent points. Throws `invalid_input`. O(n d).
  [[nodiscard]] Sample<Scalar, Dim> sample(Index n, Seed seed) const { return sample(n, RandomStream(seed)); }
  [[nodiscard]] Sample<Scalar, Dim> sample(Index n, const RandomStream& stream) const {
    return internal::draw_independent(*this, n, stream, "GaussianMixtureModel::sample");
  }

  /// Exactly n / k points of each component, in turn; needs equal weights and k to divide n.
  [[nodiscard]] Sample<Scalar, Dim> sample_balanced(Index n, Seed seed) const {
    return internal::draw_balanced(*this, n, RandomStream(seed), "GaussianMixtureModel::sample_balanced");
  }

 private:
  template <class Derived>
  GaussianMixtureModel(const Eigen::MatrixBase<Derived>& centers, const Weights<Scalar>& sigmas,
                       const Weights<Scalar>& weights, std::string_view size_name)
      : centers_((internal::refuse_row_major<Derived>(),
                  internal::check_columns(centers, "GaussianMixtureModel", "centers", "center"), centers)),
        sigmas_(internal::component_sizes<Scalar>(sigmas, centers.cols(), "GaussianMixtureModel", size_name,
                                                  "standard deviation")),
        weights_(internal::normalised_weights<Scalar>(weights, centers.cols(), "GaussianMixtureModel")) {}

  CentersType centers_;
  Weights<Scalar> sigmas_, weights_;
};

// The scalar and the dimension are those of the centers.
template <class Derived, class... Rest>
GaussianMixtureModel(const Eigen::MatrixBase<Derived>&, const Rest&...)
    -> GaussianMixtureModel<typename Derived::Scalar, Derived::RowsAtCompileTime>;

}  // namespace kmscape

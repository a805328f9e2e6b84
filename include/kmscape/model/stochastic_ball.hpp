// The stochastic ball model: uniform distributions on k balls (QZC Definition 1).
//
// f = sum_s w_s 1{|x - beta*_s| <= r_s} / Vol(ball of radius r_s). Equal weights and radii are the paper's case. Balls may
// overlap; the separation says whether they do.
#pragma once

#include <Eigen/Core>
#include <algorithm>
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
      : StochasticBallModel(centers, Weights<Scalar>::Constant(std::max<Index>(centers.cols(), 1), radius),
                            Weights<Scalar>::Ones(std::max<Index>(centers.cols(), 1)), "radius") {}

  /// One radius and one positive weight per ball; the weights are scaled to sum to 1.
  template <class Derived>
  StochasticBallModel(const Eigen::MatrixBase<Derived>& centers, const Weights<std::type_identity_t<Scalar>>& radii,
                      const Weights<std::type_identity_t<Scalar>>& weights)
      : StochasticBallModel(centers, radii, weights, "radii") {}

  [[nodiscard]] Index dimension() const { return centers_.rows(); }
  [[nodiscard]] Index components() const { return centers_.cols(); }
  [[nodiscard]] const CentersType& centers() const { return centers_; }
  [[nodiscard]] const Weights<Scalar>& radii() const { return radii_; }
  [[nodiscard]] const Weights<Scalar>& weights() const { return weights_; }

  /// E|x - beta*_s|^2 over component s: r^2 d / (d + 2).
  [[nodiscard]] Scalar component_variance(Index s) const {
    const auto d = static_cast<Scalar>(dimension());
    return radii_(s) * radii_(s) * d / (d + 2);
  }

  /// Writes a point of component s into `point` (d entries).
  template <class Derived>
  void draw(Index s, RandomStream& stream, Eigen::MatrixBase<Derived>& point) const {
    stream.unit_ball(point);
    point = centers_.col(s) + radii_(s) * point;
  }

  /// Share of component s in [a, b], for d = 1; the ends may be infinite.
  [[nodiscard]] Scalar interval_mass(Index s, Scalar a, Scalar b) const {
    internal::require(dimension() == 1, "StochasticBallModel::interval_mass", "dimension", dimension(),
                      "intervals are sets on the line", "use a model in one dimension");
    const Scalar left = std::max(a, centers_(0, s) - radii_(s)), right = std::min(b, centers_(0, s) + radii_(s));
    return std::max(Scalar(0), right - left) / (2 * radii_(s));
  }

  /// n independent points. Throws `invalid_input`. O(n d).
  [[nodiscard]] Sample<Scalar, Dim> sample(Index n, Seed seed) const { return sample(n, RandomStream(seed)); }
  [[nodiscard]] Sample<Scalar, Dim> sample(Index n, const RandomStream& stream) const {
    return internal::draw_independent(*this, n, stream, "StochasticBallModel::sample");
  }

  /// Exactly n / k points of each component, in turn; needs equal weights and k to divide n.
  [[nodiscard]] Sample<Scalar, Dim> sample_balanced(Index n, Seed seed) const {
    return internal::draw_balanced(*this, n, RandomStream(seed), "StochasticBallModel::sample_balanced");
  }

 private:
  template <class Derived>
  StochasticBallModel(const Eigen::MatrixBase<Derived>& centers, const Weights<Scalar>& radii,
                      const Weights<Scalar>& weights, std::string_view size_name)
      : centers_((internal::refuse_row_major<Derived>(),
                  internal::check_columns(centers, "StochasticBallModel", "centers", "center"), centers)),
        radii_(internal::component_sizes<Scalar>(radii, centers.cols(), "StochasticBallModel", size_name, "radius")),
        weights_(internal::normalised_weights<Scalar>(weights, centers.cols(), "StochasticBallModel")) {}

  CentersType centers_;
  Weights<Scalar> radii_, weights_;
};

// The scalar and the dimension are those of the centers.
template <class Derived, class... Rest>
StochasticBallModel(const Eigen::MatrixBase<Derived>&, const Rest&...)
    -> StochasticBallModel<typename Derived::Scalar, Derived::RowsAtCompileTime>;

}  // namespace kmscape

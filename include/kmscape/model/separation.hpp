// How far apart the true centers are, in data units and in units of the components' size (QZC section 2.3).
//
// Delta_min and Delta_max are the least and largest distance of two true centers; eta is Delta / r for the stochastic
// ball model and Delta / (sigma sqrt(min(2k, d))) for the Gaussian mixture. Unequal components count with the largest
// radius or deviation, which makes eta a lower bound for every pair.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include <kmscape/core/points.hpp>
#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>

namespace kmscape {

struct Separation {
  double delta_min = 0, delta_max = 0;  // distances of true centers
  double eta_min = 0, eta_max = 0;      // the same in units of the components' size
};

/// Separation of centers (d x k, k >= 2, finite) in units of `scale` > 0. Throws `invalid_input`. O(k^2 d).
template <class Derived>
[[nodiscard]] Separation separation(const Eigen::MatrixBase<Derived>& centers, double scale) {
  internal::refuse_row_major<Derived>();
  internal::check_columns(centers, "separation", "centers", "center");
  internal::require(centers.cols() >= 2, "separation", "centers", "one center",
                    "a separation is that of at least two centers", "pass a d x k matrix with k >= 2");
  internal::require(scale > 0 && std::isfinite(scale), "separation", "scale", scale, "a unit is positive and finite",
                    "pass a radius or a standard deviation");
  Separation result;
  result.delta_min = std::numeric_limits<double>::infinity();
  for (Index s = 0; s < centers.cols(); ++s)
    for (Index t = s + 1; t < centers.cols(); ++t) {
      const auto distance = static_cast<double>((centers.col(s) - centers.col(t)).norm());
      result.delta_min = std::min(result.delta_min, distance);
      result.delta_max = std::max(result.delta_max, distance);
    }
  result.eta_min = result.delta_min / scale;
  result.eta_max = result.delta_max / scale;
  return result;
}

/// eta = Delta / r.
template <std::floating_point Scalar, int Dim>
[[nodiscard]] Separation separation(const StochasticBallModel<Scalar, Dim>& model) {
  return separation(model.centers(), static_cast<double>(model.radii().maxCoeff()));
}

/// eta = Delta / (sigma sqrt(min(2k, d))).
template <std::floating_point Scalar, int Dim>
[[nodiscard]] Separation separation(const GaussianMixtureModel<Scalar, Dim>& model) {
  const auto span = static_cast<double>(std::min(2 * model.components(), model.dimension()));
  return separation(model.centers(), static_cast<double>(model.sigmas().maxCoeff()) * std::sqrt(span));
}

}  // namespace kmscape

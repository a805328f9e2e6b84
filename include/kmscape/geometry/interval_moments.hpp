// Mass, first and second moment of a ball's or a Gaussian's marginal over an interval of the line.
//
// In units of its size and around its center, a uniform distribution on a D-dimensional ball has the density
// c (1 - y^2)^((D-1)/2) on [-1, 1] along any direction, a Gaussian phi(y). These are what a component of a mixture puts
// between two parallel hyperplanes.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include <kmscape/core/points.hpp>
#include <kmscape/geometry/gauss_legendre.hpp>
#include <kmscape/geometry/normal_distribution.hpp>
#include <kmscape/model/gaussian_mixture.hpp>

namespace kmscape {

/// The integrals of 1, y and y^2 against a density.
struct IntervalMoments {
  double mass = 0, first = 0, second = 0;
};

/// N(0, 1) over [a, b], a <= b, ends may be infinite. Mass and moments have full relative accuracy, in the tails and
/// for short intervals too.
template <class WhenUsed = void>
[[nodiscard]] IntervalMoments normal_interval_moments(double a, double b);

/// The first coordinate of a uniform point of the unit ball of dimension D >= 1 over [a, b], a <= b, ends anywhere.
template <class WhenUsed = void>
[[nodiscard]] IntervalMoments ball_interval_moments(double a, double b, Index ball_dimension);

/// The density of the first coordinate of a uniform point of the unit ball of dimension D >= 1; 0 at +-1 and beyond.
[[nodiscard]] inline double ball_slice_density(double y, Index ball_dimension);

namespace internal {

/// Gamma(a + 1/2) / Gamma(a) for a = twice / 2, by the recursion of both from a = 1/2 or 1. O(twice).
[[nodiscard]] inline double half_gamma_ratio(Index twice) {
  double ratio = twice % 2 == 1 ? std::numbers::inv_sqrtpi : 1 / (2 * std::numbers::inv_sqrtpi);
  for (Index t = 2 - twice % 2; t < twice; t += 2) ratio *= static_cast<double>(t + 1) / static_cast<double>(t);
  return ratio;
}

}  // namespace internal

template <class WhenUsed>
IntervalMoments normal_interval_moments(double a, double b) {
  if (!(a < b)) return {};
  if (b - a <= 1) {
    // The closed forms of the moments would cancel.
    const auto& rule = internal::gauss_legendre<12>();
    IntervalMoments result;
    for (std::size_t i = 0; i < rule.node.size(); ++i) {
      const double y = a + (b - a) * rule.node[i], part = (b - a) * rule.weight[i] * normal_density(y);
      result.mass += part;
      result.first += part * y;
      result.second += part * y * y;
    }
    return result;
  }
  const double left = normal_density(a), right = normal_density(b);
  const double mass = internal::normal_mass(a, b, b - a);
  return {mass, left - right, mass + (std::isinf(a) ? 0 : a * left) - (std::isinf(b) ? 0 : b * right)};
}

template <class WhenUsed>
IntervalMoments ball_interval_moments(double a, double b, Index ball_dimension) {
  a = std::max(a, -1.0);
  b = std::min(b, 1.0);
  if (!(a < b)) return {};
  if (a == -1 && b == 1) return {1, 0, 1 / static_cast<double>(ball_dimension + 2)};
  if (ball_dimension == 1) return {(b - a) / 2, (b - a) * (b + a) / 4, (b - a) * (a * a + a * b + b * b) / 6};
  // With y = sin(angle) the density becomes a power of a cosine, smooth up to the ends.
  const auto angle = [](double y) { return std::atan2(y, std::sqrt((1 - y) * (1 + y))); };
  const double dimension = static_cast<double>(ball_dimension);
  // Beyond `reach` it has fallen by e^-40 from its largest value in [a, b].
  const double nearest = std::cos(a > 0 ? angle(a) : b < 0 ? angle(b) : 0);
  const double reach = std::acos(nearest * std::exp(-40 / dimension));
  const double start = std::max(angle(a), -reach), end = std::min(angle(b), reach);
  const double fall = dimension * std::log(nearest / std::max(std::min(std::cos(start), std::cos(end)), 1e-300));
  const int panels = 1 + static_cast<int>((end - start) * std::sqrt(dimension) / 2 + std::min(fall, 40.0) / 6);
  const auto& rule = internal::gauss_legendre<16>();
  const double step = (end - start) / panels;
  IntervalMoments result;
  for (int p = 0; p < panels; ++p)
    for (std::size_t i = 0; i < rule.node.size(); ++i) {
      const double at = start + step * (p + rule.node[i]), y = std::sin(at);
      const double part = rule.weight[i] * std::pow(std::cos(at), dimension);
      result.mass += part;
      result.first += part * y;
      result.second += part * y * y;
    }
  const double scale = step * std::numbers::inv_sqrtpi * internal::half_gamma_ratio(ball_dimension + 1);
  return {scale * result.mass, scale * result.first, scale * result.second};
}

inline double ball_slice_density(double y, Index ball_dimension) {
  if (!(std::abs(y) < 1)) return 0;
  return std::numbers::inv_sqrtpi * internal::half_gamma_ratio(ball_dimension + 1) *
         std::pow((1 - y) * (1 + y), static_cast<double>(ball_dimension - 1) / 2);
}

}  // namespace kmscape

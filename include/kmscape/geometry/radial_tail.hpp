// How far a component reaches along a ray from its center: tails of the radius |y| and its first two moments.
//
// In p dimensions the radius of N(0, I) has the chi distribution with p degrees of freedom; the squared radius of the
// first p coordinates of a uniform point of the D-ball has the beta distribution with parameters p/2, (D - p)/2 + 1.
// With half-integer parameters both tails are finite sums of positive terms.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <kmscape/core/points.hpp>
#include <kmscape/geometry/interval_moments.hpp>

namespace kmscape::internal {

/// E[1, r, r^2; r > rho].
struct RadialTail {
  double mass = 0, first = 0, second = 0;
};

/// A tail for a parameter n / 2, and what it gains when the parameter becomes n / 2 + 1.
struct TailStep {
  double value = 0, next = 0;
};

/// Upper incomplete gamma function Q(a, x) for a = twice / 2, twice >= 1: the sum of x^b e^-x / Gamma(b + 1) over
/// b = a - 1, a - 2, ... down to 0 or 1/2, where it starts from e^-x or erfc(sqrt x). `exponential` is e^-x.
[[nodiscard]] inline TailStep gamma_tail_step(Index twice, double x, double exponential) {
  if (std::isinf(x)) return {};
  const bool is_odd = twice % 2 == 1;
  const double root = is_odd ? std::sqrt(x) : 0;
  double sum = is_odd ? std::erfc(root) : exponential;
  double term = is_odd ? 2 * std::numbers::inv_sqrtpi * root * exponential : x * exponential;  // at b = 1/2 or 1
  for (Index t = is_odd ? 3 : 4; t <= twice; t += 2) {
    sum += term;
    term *= x / (static_cast<double>(t) / 2);
  }
  return {sum, term};
}
[[nodiscard]] inline double gamma_tail(Index twice, double x) { return gamma_tail_step(twice, x, std::exp(-x)).value; }

/// Regularised incomplete beta function I_x(a, b) for a = twice_a / 2, b = twice_b / 2, both at least 1/2, 0 < x < 1;
/// `power` is x^a.
[[nodiscard]] inline TailStep beta_mass_step(Index twice_a, Index twice_b, double x, double power) {
  const double a = static_cast<double>(twice_a) / 2, y = 1 - x;
  double sum, term;  // term = x^a y^b / (b B(a, b)) at the present b
  if (twice_b % 2 == 0) {
    sum = power;
    term = a * power * y;
  } else {
    // x^a y^(1/2) / (1/2 B(a, 1/2)), and I_x(a, 1/2) from it by a series in x, or downwards in a where that is slow.
    const double inverse_beta = half_gamma_ratio(twice_a) * std::numbers::inv_sqrtpi;  // 1 / B(a, 1/2)
    term = 2 * inverse_beta * power * std::sqrt(y);
    if (x < 0.6) {
      double part = 1 / a, series = part;
      for (int n = 1; part > 1e-17 * series; ++n) {
        const double whole = static_cast<double>(n);
        part *= x * (whole - 0.5) / whole * (a + whole - 1) / (a + whole);
        series += part;
      }
      sum = power * inverse_beta * series;
    } else {
      const bool is_odd = twice_a % 2 == 1;
      sum = is_odd ? 2 * std::numbers::inv_pi * std::asin(std::sqrt(x)) : 1 - std::sqrt(y);
      double step = is_odd ? 2 * std::numbers::inv_pi * std::sqrt(x * y) : x * std::sqrt(y) / 2;
      for (Index t = is_odd ? 1 : 2; t < twice_a; t += 2) {
        sum -= step;
        step *= x * static_cast<double>(t + 1) / static_cast<double>(t + 2);
      }
    }
  }
  for (Index t = twice_b % 2 == 0 ? 2 : 1; t < twice_b; t += 2) {
    sum += term;
    // From b to b + 1: y (a + b) / (b + 1).
    term *= y * (a + static_cast<double>(t) / 2) / (static_cast<double>(t) / 2 + 1);
  }
  return {sum, term};
}
[[nodiscard]] inline double beta_mass(Index twice_a, Index twice_b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  return beta_mass_step(twice_a, twice_b, x, std::pow(x, static_cast<double>(twice_a) / 2)).value;
}

/// Tails of the radius in p dimensions of a standard Gaussian.
[[nodiscard]] inline RadialTail gaussian_radial_tail(Index p, double rho) {
  const double x = rho * rho / 2, exponential = std::exp(-x);
  const TailStep own = gamma_tail_step(p, x, exponential), other = gamma_tail_step(p + 1, x, exponential);
  return {own.value, std::numbers::sqrt2 * half_gamma_ratio(p) * other.value,
          static_cast<double>(p) * (own.value + own.next)};
}

/// Tails of the radius of the first p coordinates of a uniform point of the D-ball.
[[nodiscard]] inline RadialTail ball_radial_tail(Index p, Index ball_dimension, double rho) {
  if (rho >= 1) return {};
  const double first = half_gamma_ratio(p) / half_gamma_ratio(ball_dimension + 2);
  const double second = static_cast<double>(p) / static_cast<double>(ball_dimension + 2);
  const double x = (1 - rho) * (1 + rho);
  if (x >= 1) return {1, first, second};
  const Index twice_a = ball_dimension - p + 2;
  const double power = std::pow(x, static_cast<double>(twice_a) / 2);
  const TailStep own = beta_mass_step(twice_a, p, x, power), other = beta_mass_step(twice_a, p + 1, x, power);
  return {own.value, first * other.value, second * (own.value + own.next)};
}

}  // namespace kmscape::internal

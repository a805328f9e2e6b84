// Gauss-Legendre rules: the m points and weights on [-1, 1] that integrate polynomials of degree 2 m - 1 exactly.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <concepts>
#include <limits>
#include <numbers>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>

namespace kmscape {

/// Points in increasing order and their weights, which sum to 2.
template <std::floating_point Real>
struct QuadratureRule {
  Weights<Real> points, weights;
};

/// The rule of m >= 1 points, to a few units in the last place. Throws `invalid_input`. O(m^2).
template <std::floating_point Real>
[[nodiscard]] QuadratureRule<Real> gauss_legendre(Index m) {
  internal::require(m >= 1, "gauss_legendre", "m", m, "a rule needs at least one point", "pass m >= 1");
  QuadratureRule<Real> rule{Weights<Real>(m), Weights<Real>(m)};
  const auto degree = static_cast<Real>(m);
  for (Index i = 0; i < (m + 1) / 2; ++i) {
    // Newton's iteration from Tricomi's estimate of the i-th root from the right.
    const Real angle = std::numbers::pi_v<Real> * (static_cast<Real>(i) + Real(0.75)) / (degree + Real(0.5));
    Real x = std::cos(angle), slope = 0;
    for (int step = 0; step < 100; ++step) {
      Real before = 1, here = x;  // P_0, P_1
      for (Index p = 2; p <= m; ++p) {
        const auto n = static_cast<Real>(p);
        const Real next = ((2 * n - 1) * x * here - (n - 1) * before) / n;
        before = here;
        here = next;
      }
      slope = degree * (x * here - before) / (x * x - 1);
      const Real move = here / slope;
      x -= move;
      if (std::abs(move) <= 2 * std::numeric_limits<Real>::epsilon()) break;
    }
    if (2 * i + 1 == m) x = 0;
    rule.points(m - 1 - i) = x;
    rule.points(i) = -x;
    rule.weights(i) = rule.weights(m - 1 - i) = 2 / ((1 - x * x) * slope * slope);
  }
  return rule;
}

}  // namespace kmscape

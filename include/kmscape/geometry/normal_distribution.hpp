// The standard normal distribution on the line, and its mass in plane wedges: Owen's function T.
//
// T(h, a) = 1/(2 pi) int_0^a exp(-h^2 (1 + x^2) / 2) / (1 + x^2) dx is, for h, a >= 0, the mass of N(0, I) in
// {x > h, 0 < y < a x} (Owen 1956). It carries the mass of every polygon: see geometry/gaussian_moments.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

#include <kmscape/core/simd.hpp>
#include <kmscape/geometry/gauss_legendre.hpp>

namespace kmscape {

/// phi(x), the density of N(0, 1); 0 at infinity.
[[nodiscard]] inline double normal_density(double x) {
  return std::numbers::inv_sqrtpi / std::numbers::sqrt2 * std::exp(-x * x / 2);
}

/// The mass of N(0, 1) above x, with full relative accuracy in the tail.
[[nodiscard]] inline double normal_tail(double x) { return std::erfc(x / std::numbers::sqrt2) / 2; }

/// Phi(x), the mass of N(0, 1) below x.
[[nodiscard]] inline double normal_cdf(double x) { return normal_tail(-x); }

/// Owen's T(h, a) for any h and a, infinite ones included; relative error a few units in the last place.
template <class WhenUsed = void>
[[nodiscard]] double owens_t(double h, double a);

namespace internal {

/// Where exp(-(x^2 - start^2) / 2) has fallen below 2^-57.
[[nodiscard]] inline double normal_cutoff(double start) { return std::sqrt(start * start + 80); }

/// e^x for a register of x >= -690, x <= 0: 2^n e^r with |r| <= ln(2) / 2 and the series of e^r. Relative error 3e-16.
[[nodiscard]] [[gnu::always_inline]] inline Pack<double> exponential(Pack<double> x) {
  constexpr double log2_e = std::numbers::log2e, ln2_high = 0x1.62e42fefa0000p-1, ln2_low = 0x1.cf79abc9e3b3ap-40;
  constexpr double to_integer = 0x1.8p52;  // adding it rounds to an integer, which then stands in the lowest bits
  const Pack<double> shifted = x * log2_e + to_integer, n = shifted - to_integer;
  const Pack<double> r = (x - n * ln2_high) - n * ln2_low;
  Pack<double> series = r * (1.0 / 13) + 1;
  unrolled<12>([&](auto step) { series = r * (1.0 / (12 - step)) * series + 1; });
  return series * std::bit_cast<Pack<double>>((std::bit_cast<IntegerPack<double>>(shifted) + 1023) << 52);
}

/// The integral over [a, b] of exp(-scale (x - from) (x + from) / 2) / (height + x^2) for 0 <= from <= a. All 16
/// exponentials are done in registers, which makes T four times as fast as with calls of std::exp.
template <class WhenUsed = void>
[[nodiscard]] double integrate_normal_wedge(double a, double b, double from, double scale, double height) {
  constexpr int packs = 16 / pack_lanes<double>;
  const auto& rule = gauss_legendre<16>();
  Pack<double> sum = {};
  unrolled<packs>([&](auto u) {
    const auto node = load_pack<Pack<double>>(rule.node.data() + u * pack_lanes<double>);
    const auto weight = load_pack<Pack<double>>(rule.weight.data() + u * pack_lanes<double>);
    const Pack<double> x = node * (b - a) + a, exponent = (x - from) * (x + from) * (-scale / 2);
    const Pack<double> least = Pack<double>{} - 690;
    sum += weight * exponential(exponent > least ? exponent : least) / (x * x + height);
  });
  std::array<double, static_cast<std::size_t>(pack_lanes<double>)> lanes;
  store_pack(lanes.data(), sum);
  double total = 0;
  for (const double lane : lanes) total += lane;
  return (b - a) * total;
}

/// T(h, a) for h >= 0 and 0 <= a <= 1. The integrand is positive, so that nothing cancels, and its poles at +-i are far
/// enough from [0, 1].
template <class WhenUsed = void>
[[nodiscard]] double owens_t_below_one(double h, double a) {
  const double square = h * h;
  double sum = 0;
  if (h * a <= 3.5) {
    sum = integrate_normal_wedge(0, a, 0, square, 1);
  } else {
    sum = integrate_normal_wedge(0, 3.5 / h, 0, square, 1) +
          integrate_normal_wedge(3.5 / h, std::min(a, normal_cutoff(0) / h), 0, square, 1);
  }
  return std::exp(-square / 2) * sum / (2 * std::numbers::pi);
}

/// T(h, to / h) - T(h, from / h) for h > 0 and from <= to, which may be infinite: the mass of the wedge from the origin
/// to the segment {(h, s): from < s < to}, beyond that segment. Short and far segments are integrated by themselves,
/// since there the difference would cancel.
template <class WhenUsed = void>
[[nodiscard]] double mass_beyond_segment(double h, double from, double to) {
  if (from < 0 && to > 0) return owens_t(h, to / h) + owens_t(h, -from / h);
  if (!(from < to)) return 0;
  if (to <= 0) return mass_beyond_segment(h, -to, -from);
  if (to - from > 1 && from <= std::min(h / 2, 1.0)) return owens_t(h, to / h) - owens_t(h, from / h);
  // Nothing is left beyond 39 deviations, and far beyond steps of the length below would be rounded away.
  const double largest = std::exp(-(h * h + from * from) / 2);
  if (largest == 0) return 0;
  const double end = std::min(to, normal_cutoff(from));
  double sum = 0;
  for (double left = from; left < end;) {
    // What 16 nodes can follow: a fall by e^-15, and the poles at +-ih no nearer than two thirds of the length.
    const double right = std::min({end, std::sqrt(left * left + 30), left + 1.5 * std::sqrt(h * h + left * left)});
    sum += integrate_normal_wedge(left, right, from, 1, h * h);
    left = right;
  }
  return h * largest * sum / (2 * std::numbers::pi);
}

}  // namespace internal

template <class WhenUsed>
double owens_t(double h, double a) {
  if (a < 0) return -owens_t(h, -a);
  h = std::abs(h);
  if (a <= 1) return internal::owens_t_below_one(h, a);
  if (h == 0) return std::atan(a) / (2 * std::numbers::pi);
  const double far = h * a;
  const double here = normal_tail(h), there = normal_tail(far);
  // The two wedges between the axes and the ray of slope a, the corner beyond (h, a h) counted once.
  return here / 2 + there / 2 - here * there - (std::isinf(a) ? 0 : internal::owens_t_below_one(far, 1 / a));
}

}  // namespace kmscape

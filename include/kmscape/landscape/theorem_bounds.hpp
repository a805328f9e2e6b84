// The numbers in QZC's Theorems 1 to 4, as functions of k, c, t, lambda and the separation alone.
//
// Corrected against the printed text: Theorem 2 needs t >= 2, because its tail bound (45) fails nearer to 1; the second
// line of Theorem 4 part 2 reads k lambda r where k lambda is printed (its own equation 47). Theorem 1's first
// hypothesis is implied by its second: eta_min <= eta_max forces eta_max >= 100 c^2 k^4.
//
// k counts true clusters in the proofs' sums over s and fitted centers in their sums over cells. For m fitted centers
// and k clusters every bound holds with max(m, k) in place of k, which is what the callers pass.
#pragma once

#include <cmath>
#include <limits>
#include <string_view>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>

namespace kmscape {

/// What Theorem 1 or 2 demands and grants. Distances are in data units.
struct StructureBounds {
  double lambda = 0;         // c/sqrt(r Delta_max): the level that tells deep cuts from shallow ones
  double least_eta_max = 0;  // first hypothesis: eta_max > this (Theorem 1; redundant), >= this (Theorem 2)
  double least_eta_min = 0;  // second hypothesis: eta_min >= this
  double many_fit_one = 0;   // |beta_i - beta*_s| <= this
  double one_fit_many = 0;   // |beta_i - mean of beta*_s over S*_a| <= this
  double almost_empty = 0;   // P(V_i) <= this
};

/// What Theorem 3 or 4 grants at a level lambda. Distances are in data units.
struct FamilyBounds {
  double near_cut_cluster = 0;  // part 1: |beta_i - beta*_s| <= k/lambda + 3r
  double missing_mass = 0;      // part 2, s in A_i: 1 - P_s(V_i) <= this
  double stray_mass = 0;        // part 2, s in T_i without A_i: P_s(V_i) <= this
  double almost_empty = 0;      // part 2 (a): P(V_i) <= this
  double near_mean = 0;         // part 2 (b): |beta_i - b_i| <= this; infinite unless missing_mass < 1
};

/// phi(t) = 2 exp(-t^2 min(d, 2k)/8), above the mass of a Gaussian component outside its ball of radius
/// t sigma sqrt(min(d, 2k)) when t >= 2 (QZC Theorem 2 and equation 45). `span` is min(d, 2k).
[[nodiscard]] inline double gaussian_tail_bound(double t, Index span) {
  internal::require(t > 0 && std::isfinite(t), "gaussian_tail_bound", "t", t, "a radius in deviations is positive",
                    "pass t >= 2");
  internal::require(span >= 1, "gaussian_tail_bound", "span", span, "min(d, 2k) is at least 1", "pass min(d, 2k)");
  return 2 * std::exp(-t * t * static_cast<double>(span) / 8);
}

namespace internal {

inline void check_bound_arguments(std::string_view function, double k, double c, double delta_max, double eta_max) {
  require(k >= 1, function, "k", k, "there is at least one center", "pass the number of centers");
  require(c > 0 && std::isfinite(c), function, "c", c, "the theorem's constant is positive; it is proved for c >= 3",
          "pass c = 3");
  require(delta_max > 0 && std::isfinite(delta_max), function, "delta_max", delta_max,
          "the largest distance of two true centers is positive", "pass separation(model).delta_max");
  require(eta_max > 0 && std::isfinite(eta_max), function, "eta_max", eta_max, "a separation is positive",
          "pass separation(model).eta_max");
}

inline void check_family_arguments(std::string_view function, double k, double lambda, double radius,
                                   double delta_max) {
  check_bound_arguments(function, k, 1, delta_max, 1);
  require(lambda > 0 && std::isfinite(lambda), function, "lambda", lambda, "a level of face density is positive",
          "pass lambda > 0, e.g. c/(r sqrt(eta_max))");
  require(radius > 0 && std::isfinite(radius), function, "radius", radius, "a radius is positive and finite",
          "pass the radius of the balls");
}

}  // namespace internal

/// Theorem 1, for eta_max = Delta_max/r. Throws `invalid_input`.
[[nodiscard]] inline StructureBounds theorem1_bounds(double k, double c, double delta_max, double eta_max) {
  internal::check_bound_arguments("theorem1_bounds", k, c, delta_max, eta_max);
  const double root = std::sqrt(eta_max), rate = c / root;
  return {.lambda = rate * eta_max / delta_max,
          .least_eta_max = 4 * c * c * k * k * k * k,
          .least_eta_min = 10 * c * k * k * root,
          .many_fit_one = delta_max * 8 * k * k * rate,
          .one_fit_many = delta_max * 11 * k * k * rate,
          .almost_empty = k * rate};
}

/// Theorem 2, for eta_max = Delta_max/(sigma sqrt(span)) and span = min(d, 2k). Throws `invalid_input`.
[[nodiscard]] inline StructureBounds theorem2_bounds(double k, double c, double t, Index span, double delta_max,
                                                     double eta_max) {
  internal::check_bound_arguments("theorem2_bounds", k, c, delta_max, eta_max);
  const double tail = gaussian_tail_bound(t, span), rate = c * std::sqrt(t / eta_max);
  // lambda r = c sqrt(r/Delta_max) = rate, with r = t sigma sqrt(span) = t Delta_max/eta_max.
  return {.lambda = rate * eta_max / (t * delta_max),
          .least_eta_max = 16 * c * c * k * k * k * k * t,
          .least_eta_min = 8 * c * k * k * std::sqrt(t * eta_max) + 7 * k * tail * eta_max,
          .many_fit_one = delta_max * (7 * k * k * rate + 7 * k * tail),
          .one_fit_many = delta_max * (9 * k * k * rate + 7 * k * tail),
          .almost_empty = k * rate + tail};
}

/// Theorem 3, for balls of one radius. Throws `invalid_input`.
[[nodiscard]] inline FamilyBounds theorem3_bounds(double k, double lambda, double radius, double delta_max) {
  internal::check_family_arguments("theorem3_bounds", k, lambda, radius, delta_max);
  const double missing = k * k * lambda * radius, left = 1 - missing;
  return {.near_cut_cluster = k / lambda + 3 * radius,
          .missing_mass = missing,
          .stray_mass = k * lambda * radius,
          .almost_empty = k * lambda * radius,
          .near_mean = left > 0
                           ? k * radius / left + k * radius * missing / (left * left) + 2 * missing / left * delta_max
                           : std::numeric_limits<double>::infinity()};
}

/// Theorem 4, for Gaussians of one deviation sigma and balls of radius t sigma sqrt(span), span = min(d, 2k). Throws
/// `invalid_input`.
[[nodiscard]] inline FamilyBounds theorem4_bounds(double k, double lambda, double t, Index span, double sigma,
                                                  double delta_max) {
  internal::require(sigma > 0 && std::isfinite(sigma), "theorem4_bounds", "sigma", sigma,
                    "a standard deviation is positive and finite", "pass sigma > 0");
  const double tail = gaussian_tail_bound(t, span);
  const double radius = t * sigma * std::sqrt(static_cast<double>(span));
  internal::check_family_arguments("theorem4_bounds", k, lambda, radius, delta_max);
  const double missing = k * k * lambda * radius + tail, stray = k * lambda * radius + tail, left = 1 - missing;
  return {.near_cut_cluster = k / lambda + 3 * radius,
          .missing_mass = missing,
          .stray_mass = stray,
          .almost_empty = stray,
          .near_mean = left > 0
                           ? 4 * k * sigma / left + 2 * k * k * sigma * std::sqrt(missing) * stray / (left * left) +
                                 (3 * k * k * lambda * radius + 3 * k * tail) / left * delta_max
                           : std::numeric_limits<double>::infinity()};
}

}  // namespace kmscape

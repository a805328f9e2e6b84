// When BalLOT recovers planted balls in one step, and what its first step gets wrong otherwise, in closed form.
//
// The model: k unit balls around gamma_a, a rotation-invariant law in each, exactly n / k points a ball, Delta the
// least distance of two gamma_a; for balls of radius r divide every length by r. Of the theorems of Luo, Mixon, BalLOT,
// arXiv 2512.05926, the text of Theorem 5 was at hand (integral and unique assignments: `assign_balanced`, `ballot`),
// of 6, 8, 11, 12, 15 and 17 the subjects only. Each function says which of these it stands for; every statement here
// is this library's own, proved beside it, and the paper's may differ.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <string_view>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/geometry/interval_moments.hpp>
#include <kmscape/geometry/radial_tail.hpp>

namespace kmscape {

/// k = 2: the assignment to mu_1, mu_2 sorts points by <x, w>, w = mu_1 - mu_2; it recovers both balls, whatever n, if
/// |<w, e>| / |w| > 2 / Delta, e being the axis through the balls' centers: the balls' shadows on w are then disjoint.
/// As n grows this is necessary too where the law reaches the sphere. For k = 2 it stands for the paper's theorem on
/// the basin of attraction (the threshold in its Figure 4; number not at hand).
[[nodiscard]] inline double recovery_cosine(double delta) {
  internal::require(delta > 0 && std::isfinite(delta), "recovery_cosine", "delta", delta, "a distance is positive",
                    "pass the distance of the balls' centers in radii");
  return 2 / delta;
}

/// Any k: centers mu_a within this distance of gamma_a each recover all balls in one step, Delta / 2 - 1 (negative
/// where no start is promised anything): every point is then nearer to its own center than to any other. Stands for the
/// paper's theorem on the basin of attraction (the threshold in its Figure 4; number not at hand).
[[nodiscard]] inline double recovery_radius(double delta) {
  internal::require(delta > 0 && std::isfinite(delta), "recovery_radius", "delta", delta, "a distance is positive",
                    "pass the least distance of the balls' centers in radii");
  return delta / 2 - 1;
}

/// k = 2: probability that a uniformly random direction w recovers both balls in one step,
/// I_{1 - 4 / Delta^2}((d - 1) / 2, 1 / 2); 1 for d = 1 and Delta > 2. Of `recovery_cosine`; no theorem of the paper's.
[[nodiscard]] inline double random_direction_recovery(double delta, Index dimension) {
  internal::require(dimension >= 1, "random_direction_recovery", "dimension", dimension, "there is a coordinate",
                    "pass the dimension of the data");
  const double cosine = recovery_cosine(delta);
  if (cosine >= 1) return 0;
  return dimension == 1 ? 1 : internal::beta_mass(dimension - 1, 1, (1 - cosine) * (1 + cosine));
}

/// k = 2, uniform law: the limit for n to infinity of the share of points that the first assignment puts with the other
/// ball, I_{1 - a^2}((d + 1) / 2, 1 / 2) / 2 with a = Delta cosine / 2, 0 for a >= 1. By symmetry the threshold is the
/// middle, and a is its distance from a ball's center. No bound for a finite n: see `first_step_misclustering_bound`.
/// Stands for part (b) of the paper's theorem on the misclustering rate, as n grows (Figure 5; number not at hand).
[[nodiscard]] inline double first_step_misclustering(double delta, double cosine, Index dimension) {
  internal::require(delta > 0 && std::isfinite(delta), "first_step_misclustering", "delta", delta,
                    "a distance is positive", "pass the distance of the balls' centers in radii");
  internal::require(cosine >= 0 && cosine <= 1, "first_step_misclustering", "cosine", cosine,
                    "a cosine lies between 0 and 1", "pass |<w, e>| / |w|");
  internal::require(dimension >= 1, "first_step_misclustering", "dimension", dimension, "there is a coordinate",
                    "pass the dimension of the data");
  const double a = delta * cosine / 2;
  return a >= 1 ? 0 : internal::beta_mass(dimension + 1, 1, (1 - a) * (1 + a)) / 2;
}

/// k = 2, uniform law, n points: a bound that the share of points which the first assignment puts with the other ball
/// exceeds with probability at most `failure`, p + sqrt(log(2 / failure) / n), p = `first_step_misclustering`; 0 where
/// p is.
///
/// Let A points of the right ball lie left of the middle and B of the left ball right of it, both Binomial(n / 2, p).
/// Right of the middle there are n / 2 - A + B points. If A >= B, the threshold that halves the points is at or left of
/// it, and at most A points of the right ball are left of that; as many of the other ball are then right of it. So,
/// with the other case, both numbers lie between min(A, B) and max(A, B), and Hoeffding's inequality bounds A and B.
/// Stands for the paper's theorem on the misclustering rate, k = 2 (number not at hand).
[[nodiscard]] inline double first_step_misclustering_bound(double delta, double cosine, Index dimension, Index n,
                                                           double failure) {
  constexpr std::string_view function = "first_step_misclustering_bound";
  internal::require(n >= 2 && n % 2 == 0, function, "n", n, "two balls hold n / 2 points each", "pass an even n");
  internal::require(failure > 0 && failure < 1, function, "failure", failure,
                    "a probability lies strictly between 0 and 1", "pass 0.01, say");
  const double p = first_step_misclustering(delta, cosine, dimension);
  return p == 0 ? 0 : std::min(1.0, p + std::sqrt(std::log(2 / failure) / static_cast<double>(n)));
}

/// k = 2, uniform law, n -> infinity: the cosine after one step of BalLOT from `cosine`. The difference of the two
/// means is (Delta / 2)(1 - 2p) e + 2 m w / |w|, p the misclustering rate and m = C_d (1 - a^2)^((d + 1) / 2) / (d + 1)
/// the half-ball's excess moment. The result exceeds the argument in (0, 1): no start but cosine = 0 stays, and the
/// population landscape is benign. Stands, for k = 2, for the paper's benign population landscape (Theorem 6 or 8).
[[nodiscard]] inline double population_step_cosine(double delta, double cosine, Index dimension) {
  const double p = first_step_misclustering(delta, cosine, dimension), a = std::min(delta * cosine / 2, 1.0);
  const double d = static_cast<double>(dimension);
  // C_d = Gamma(d / 2 + 1) / (sqrt(pi) Gamma((d + 1) / 2)), the density of one coordinate at the ball's center.
  const double density = std::exp(std::lgamma(d / 2 + 1) - std::lgamma((d + 1) / 2)) * std::numbers::inv_sqrtpi;
  const double moment = density * std::pow((1 - a) * (1 + a), (d + 1) / 2) / (d + 1);
  const double along = delta / 2 * (1 - 2 * p) + 2 * moment * cosine;
  const double across = 2 * moment * std::sqrt((1 - cosine) * (1 + cosine));
  return along / std::hypot(along, across);
}

/// Any k, sharp as n grows where the law reaches the sphere: with arcs a -> b of length <gamma_a, mu_a - mu_b> -
/// |mu_a - mu_b|, the cost that moving the most willing point of ball a to b has at least, one step from `centers` (mu,
/// d x k) recovers all balls around `true_centers` (gamma, d x k), mu_a standing for gamma_a, if every cycle is
/// positive. Returns the length of the shortest cycle, or a negative number where some cycle is negative; infinite for
/// k = 1. This library's; no theorem of the paper's. Throws `invalid_input`. O(k^3).
template <class A, class B>
[[nodiscard]] double recovery_cycle(const Eigen::MatrixBase<A>& true_centers, const Eigen::MatrixBase<B>& centers) {
  constexpr std::string_view function = "recovery_cycle";
  internal::check_columns(true_centers, function, "true_centers", "center");
  internal::check_columns(centers, function, "centers", "center");
  internal::require(centers.rows() == true_centers.rows() && centers.cols() == true_centers.cols(), function, "centers",
                    internal::text("a ", centers.rows(), " x ", centers.cols(), " matrix"),
                    internal::text("the true centers are ", true_centers.rows(), " x ", true_centers.cols()),
                    "pass one center for each true one, in the same order");
  const Index k = centers.cols();
  std::vector<double> length(static_cast<std::size_t>(k * k), std::numeric_limits<double>::infinity());
  const auto at = [&](Index a, Index b) -> double& { return length[static_cast<std::size_t>(a * k + b)]; };
  for (Index a = 0; a < k; ++a)
    for (Index b = 0; b < k; ++b) {
      if (a == b) continue;
      // About the first true center, which changes no cycle.
      double product = 0, squared = 0;
      for (Index s = 0; s < centers.rows(); ++s) {
        const double difference = static_cast<double>(centers(s, a)) - static_cast<double>(centers(s, b));
        product += (static_cast<double>(true_centers(s, a)) - static_cast<double>(true_centers(s, 0))) * difference;
        squared += difference * difference;
      }
      at(a, b) = product - std::sqrt(squared);
    }
  for (Index via = 0; via < k; ++via)
    for (Index a = 0; a < k; ++a)
      for (Index b = 0; b < k; ++b) at(a, b) = std::min(at(a, b), at(a, via) + at(via, b));
  double shortest = std::numeric_limits<double>::infinity();
  for (Index a = 0; a < k; ++a) shortest = std::min(shortest, at(a, a));
  return shortest;
}

}  // namespace kmscape

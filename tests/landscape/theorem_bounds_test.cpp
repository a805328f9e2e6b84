#include <kmscape/landscape/theorem_bounds.hpp>

#include <cmath>

#include "support/catch.hpp"
#include "support/refusal.hpp"

using kmscape::theorem1_bounds;
using kmscape::theorem2_bounds;
using kmscape::theorem3_bounds;
using kmscape::theorem4_bounds;

TEST_CASE("Theorem 1 at its threshold for k = 3, c = 3: eta = 270^2 = 72,900, where the bounds are empty") {
  const auto bounds = theorem1_bounds(3, 3, 1, 72'900);
  CHECK(bounds.least_eta_max == 2916);
  CHECK(bounds.least_eta_min == Approx(72'900).epsilon(1e-15));
  CHECK(bounds.many_fit_one == Approx(0.8).epsilon(1e-15));  // of Delta_max: more than Delta_min/2
  CHECK(bounds.one_fit_many == Approx(1.1).epsilon(1e-15));  // more than Delta_max
  CHECK(bounds.almost_empty == Approx(1.0 / 30).epsilon(1e-15));
  CHECK(bounds.lambda == Approx(3 * 270).epsilon(1e-15));       // c/(r sqrt(eta_max)), r = 1/72900
  CHECK(theorem1_bounds(3, 3, 1, 3.53e7).one_fit_many < 0.05);  // what an error of 0.05 takes
  CHECK(theorem1_bounds(3, 3, 1, 3.52e7).one_fit_many > 0.05);
}

TEST_CASE("Theorem 1's first hypothesis follows from its second") {
  // eta_max >= eta_min >= 10 c k^2 sqrt(eta_max) means eta_max >= 100 c^2 k^4, 25 times the first bound.
  for (const double k : {2.0, 3.0, 7.0})
    for (const double c : {3.0, 5.0}) {
      const double least = 100 * c * c * k * k * k * k;
      CHECK(theorem1_bounds(k, c, 1, least).least_eta_min == Approx(least).epsilon(1e-14));
      CHECK(theorem1_bounds(k, c, 1, least / 2).least_eta_min > least / 2);
      CHECK(theorem1_bounds(k, c, 1, least).least_eta_max == Approx(least / 25).epsilon(1e-14));
    }
}

TEST_CASE("Theorem 2's hypotheses can be met from eta of about 2.7e5 on, for k = 3 in the plane") {
  double least = 1e9;
  for (double t = 2; t < 8; t += 0.01) {
    // eta_min = eta_max = eta: eta (1 - 7 k phi) >= 8 c sqrt(t) k^2 sqrt(eta).
    const double left = 1 - 21 * kmscape::gaussian_tail_bound(t, 2);
    if (left > 0) least = std::min(least, std::pow(216 * std::sqrt(t) / left, 2));
  }
  CHECK(least == Approx(2.7e5).epsilon(0.02));
  const auto bounds = theorem2_bounds(3, 3, 5, 2, 1, 2.8e5);
  CHECK(bounds.least_eta_min < 2.8e5);
  CHECK(theorem2_bounds(3, 3, 5, 2, 1, 2.7e5).least_eta_min > 2.7e5);
  // By hand: rate = 3 sqrt(5/2.8e5) = 0.0126773, phi = 2 exp(-6.25) = 0.00386091.
  CHECK(bounds.many_fit_one == Approx(63 * 0.0126773 + 21 * 0.00386091).epsilon(1e-5));
  CHECK(bounds.one_fit_many == Approx(81 * 0.0126773 + 21 * 0.00386091).epsilon(1e-5));
  CHECK(bounds.almost_empty == Approx(3 * 0.0126773 + 0.00386091).epsilon(1e-5));
  CHECK(bounds.least_eta_max == 16 * 9 * 81 * 5);
  // lambda = c/sqrt(r Delta_max), r = t sigma sqrt(2), sigma sqrt(2) = 1/eta.
  CHECK(bounds.lambda == Approx(3 / std::sqrt(5 / 2.8e5)).epsilon(1e-14));
}

TEST_CASE("the tail bound phi(t) holds from t = 2 on and fails nearer to 1") {
  // The mass outside the ball of radius t sqrt(2 n) in 2 n dimensions is exp(-x) sum of x^b / b! for b < n, x = t^2 n.
  const auto outside = [](double t, int n) {
    const double x = t * t * n;
    double term = std::exp(-x), sum = 0;
    for (int b = 0; b < n; ++b) {
      sum += term;
      term *= x / (b + 1);
    }
    return sum;
  };
  for (int n = 1; n <= 30; ++n)
    for (double t = 2; t < 6; t += 0.1) CHECK(outside(t, n) <= kmscape::gaussian_tail_bound(t, 2 * n));
  CHECK(outside(1.01, 20) == Approx(0.43).epsilon(0.05));
  CHECK(kmscape::gaussian_tail_bound(1.01, 40) == Approx(0.0122).epsilon(0.01));  // erratum: t > 1 is not enough
}

TEST_CASE("Theorem 3 by hand, and empty where k^2 lambda r reaches 1") {
  // k = 2, lambda r = 1/16: k^2 lambda r = 1/4.
  const auto bounds = theorem3_bounds(2, 0.5, 0.125, 10);
  CHECK(bounds.near_cut_cluster == 4.375);
  CHECK(bounds.missing_mass == 0.25);
  CHECK(bounds.stray_mass == 0.125);
  CHECK(bounds.almost_empty == 0.125);
  // 2/8 / (3/4) + 2/8 1/4 / (9/16) + 2 (1/4)/(3/4) 10
  CHECK(bounds.near_mean == Approx(1.0 / 3 + 1.0 / 9 + 20.0 / 3).epsilon(1e-15));
  CHECK(std::isinf(theorem3_bounds(2, 2, 0.125, 10).near_mean));
}

TEST_CASE("Theorem 3's error term is the sum of Lemma 5's and Lemma 6's as printed") {
  // q^2/(1 - q)^2 (Lemma 5) + q/(1 - q) (Lemma 6) = q/(1 - q)^2 (Theorem 3), times k r.
  for (const double q : {0.01, 0.2, 0.49}) {
    const double k = 3, r = 0.01, lambda = q / (k * k * r), delta = 1;
    const double lemma5 = k * r / (1 - q) + k * r * q * q / ((1 - q) * (1 - q)) + q / (1 - q) * delta;
    const double lemma6 = k * r * q / (1 - q) + q / (1 - q) * delta;
    CHECK(theorem3_bounds(k, lambda, r, delta).near_mean == Approx(lemma5 + lemma6).epsilon(1e-14));
  }
}

TEST_CASE("Theorem 4 by hand, with k lambda r in part 2") {
  // k = 2, span 2, t = 4, sigma = 1/100: r = 4 sqrt 2/100, phi = 2 exp(-4).
  const double r = 0.04 * std::sqrt(2.0), phi = 2 * std::exp(-4.0), lambda = 1;
  const auto bounds = theorem4_bounds(2, lambda, 4, 2, 0.01, 10);
  CHECK(bounds.near_cut_cluster == Approx(2 + 3 * r).epsilon(1e-15));
  CHECK(bounds.missing_mass == Approx(4 * r + phi).epsilon(1e-15));
  CHECK(bounds.stray_mass == Approx(2 * r + phi).epsilon(1e-15));
  CHECK(bounds.almost_empty == Approx(2 * r + phi).epsilon(1e-15));
  const double left = 1 - 4 * r - phi;
  CHECK(bounds.near_mean == Approx(0.08 / left + 0.08 * std::sqrt(4 * r + phi) * (2 * r + phi) / (left * left) +
                                   (12 * r + 6 * phi) / left * 10)
                                .epsilon(1e-14));
  CHECK(std::isinf(theorem4_bounds(2, 100, 4, 2, 0.01, 10).near_mean));
}

TEST_CASE("theorem bounds refuse what they cannot mean") {
  CHECK(refusal([] { static_cast<void>(theorem1_bounds(3, 0, 1, 1)); }) ==
        "kmscape::theorem1_bounds: c = 0, but the theorem's constant is positive; it is proved for c >= 3; pass c = 3");
  CHECK_THAT(refusal([] { static_cast<void>(theorem1_bounds(3, 3, 0, 1)); }), ContainsSubstring("delta_max = 0"));
  CHECK_THAT(refusal([] { static_cast<void>(theorem1_bounds(3, 3, 1, -1)); }), ContainsSubstring("eta_max = -1"));
  CHECK_THAT(refusal([] { static_cast<void>(theorem1_bounds(0, 3, 1, 1)); }), ContainsSubstring("k = 0"));
  CHECK_THAT(refusal([] { static_cast<void>(theorem2_bounds(3, 3, 0, 2, 1, 1)); }), ContainsSubstring("t = 0"));
  CHECK_THAT(refusal([] { static_cast<void>(theorem2_bounds(3, 3, 2, 0, 1, 1)); }), ContainsSubstring("span = 0"));
  CHECK_THAT(refusal([] { static_cast<void>(theorem3_bounds(3, 0, 1, 1)); }), ContainsSubstring("lambda = 0"));
  CHECK_THAT(refusal([] { static_cast<void>(theorem3_bounds(3, 1, 0, 1)); }), ContainsSubstring("radius = 0"));
  CHECK_THAT(refusal([] { static_cast<void>(theorem4_bounds(3, 1, 2, 2, 0, 1)); }), ContainsSubstring("sigma = 0"));
}

#include <kmscape/geometry/normal_distribution.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "support/catch.hpp"
#include "support/numbers.hpp"

using kmscape::owens_t;
using testing::infinity;

namespace {

struct KnownT {
  double h, a, value;
};

/// From the defining integral in 40 digits (mpmath 1.3).
const KnownT known_t[] = {
    {0, 1, 0.125},
    {0.0625, 0.25, 0.03891193023470136689662248},
    {0.5, 0.875, 0.09829261022934436388430318},
    {1, 1, 0.06674188216570096662273367},
    {1, 0.5, 0.04306469112078536563238109},
    {2, 3, 0.01137506597154504061255167},
    {3, 0.125, 0.0002148405221155110934500991},
    {6.5, 0.4375, 2.000577304850831541009072e-11},
    {0.25, 40, 0.2006468371585381378795731},
    {5, infinity, 0.0000001433257859395969558368762},
    {10, 0.25, 3.765695914803479759639906e-24},
    {20, 1.5, 1.376812059303167217085667e-89},
    {30, 0.75, 2.453356963574183283833299e-198},
    {0.0009765625, 1000, 0.2497704557898144580852141},
};

struct KnownSegment {
  double h, from, to, value;
};

/// The same, of the wedge's mass beyond a segment.
const KnownSegment known_segments[] = {
    {1, 2, 3, 0.0008313177557884908153635531},
    {2, 0.5, 0.625, 0.00106448388351824214080996},
    {0.125, 3, infinity, 0.000006293503417339167410452337},
    {5, 4, infinity, 5.49766123731797380256967e-12},
    {8, 3, 3.25, 4.240404097149717440959538e-19},
    {0.5, -1, 2, 0.2951369949969163772513455},
    {15, -20, -12, 3.972712035636477402542816e-84},
    {0.0625, 8, 9, 2.348148324792772139602806e-19},
};

/// One rounding of the exponent h^2 (1 + a^2) / 2 moves the result by that many units in the last place.
double units(double exponent) { return std::numeric_limits<double>::epsilon() * (8 + exponent); }

}  // namespace

TEST_CASE("Owen's T against 40 digits, tails included") {
  for (const auto& [h, a, value] : known_t) {
    CAPTURE(h, a);
    CHECK(owens_t(h, a) == Approx(value).epsilon(units(h * h / 2)).margin(0));
    CHECK(owens_t(-h, a) == owens_t(h, a));
    CHECK(owens_t(h, -a) == -owens_t(h, a));
  }
  CHECK(owens_t(0, infinity) == 0.25);
  CHECK(owens_t(1, 0) == 0);
}

TEST_CASE("Owen's T satisfies its addition theorem and its value at slope one") {
  for (double h = 0; h < 6; h += 0.37) {
    const double below = kmscape::normal_cdf(h), above = kmscape::normal_tail(h);
    CHECK(owens_t(h, 1) == Approx(below * above / 2).epsilon(units(h * h / 2)).margin(0));
    for (const double a : {0.3, 1.7, 9.0}) {
      const double there = kmscape::normal_tail(a * h);
      CHECK(owens_t(h, a) + owens_t(a * h, 1 / a) ==
            Approx(above / 2 + there / 2 - above * there).epsilon(units(h * h / 2)).margin(0));
    }
  }
}

TEST_CASE("the mass beyond a segment keeps its digits where a difference of two T's has none") {
  for (const auto& [h, from, to, value] : known_segments) {
    CAPTURE(h, from, to);
    const double nearest = from < 0 && to > 0 ? 0 : std::min(std::abs(from), std::abs(to));
    CHECK(kmscape::internal::mass_beyond_segment(h, from, to) ==
          Approx(value).epsilon(units((h * h + nearest * nearest) / 2)).margin(0));
  }
  // Two pieces make the whole.
  for (double h = 0.1; h < 5; h *= 1.6)
    for (double from = -3; from < 4; from += 0.7) {
      const auto mass = [h](double a, double b) { return kmscape::internal::mass_beyond_segment(h, a, b); };
      CHECK(mass(from, from + 0.4) + mass(from + 0.4, from + 2.5) == Approx(mass(from, from + 2.5)).epsilon(1e-13));
    }
}

TEST_CASE("the mass beyond a segment ends where steps along it would be rounded away") {
  // Reached by a center that a search sends far off; this did not end.
  for (const double from : {38.0, 40.0, 1e4, 1e8, 1e9, 1e150, 1e300}) {
    CAPTURE(from);
    for (const double to : {from * 2, infinity}) {
      const double mass = kmscape::internal::mass_beyond_segment(1, from, to);
      CHECK((from < 39 ? mass > 0 && mass < 1e-300 : mass == 0));
    }
  }
}

TEST_CASE("the normal distribution's tail and density") {
  CHECK(kmscape::normal_density(0) == Approx(1 / std::sqrt(2 * std::numbers::pi)).epsilon(1e-15));
  CHECK(kmscape::normal_density(infinity) == 0);
  CHECK(kmscape::normal_cdf(0) == 0.5);
  CHECK(kmscape::normal_tail(10) == Approx(7.619853024160526066e-24).epsilon(2e-14).margin(0));
  CHECK(kmscape::normal_cdf(-10) == kmscape::normal_tail(10));
}

#include <kmscape/geometry/interval_moments.hpp>

#include <cmath>

#include "support/catch.hpp"
#include "support/numbers.hpp"

using kmscape::ball_interval_moments;
using kmscape::Index;
using kmscape::normal_interval_moments;
using testing::infinity;

namespace {

struct KnownBall {
  Index dimension;
  double a, b, mass, first, second;
};

/// From integrals in 40 digits (mpmath 1.3).
const KnownBall known_balls[] = {
    {2, -0.5, 0.25, 0.46198006928496839851, -0.054794164913770676861, 0.027690485481220590754},
    {3, 0.75, 2, 0.04296875, 0.035888671875, 0.030126953125},
    {5, -1, -0.875, 0.0022182464599609375, -0.0020116567611694335937, 0.0018256349223000662667},
    {10, 0.5, 0.5078125, 0.0027045083701068837158, 0.0013627350589169070444, 0.00068666233700207769715},
    {10, 0.9375, 1, 1.1247369749622242812e-6, 1.0654335413809683412e-6, 1.0093350308711216917e-6},
    {64, -0.25, 0.125, 0.82258483014596452476, -0.023494898464631683117, 0.0073361824353280336185},
    {300, 0.25, 0.75, 5.3169592184123981311e-6, 1.3897708784726239608e-6, 3.6389807226317003701e-7},
    {7, -0.96875, 0.984375, 0.99999786309812321861, 1.8324434764710462176e-6, 0.11110907636838733771},
};

struct KnownNormal {
  double a, b, mass, first, second;
};

const KnownNormal known_normals[] = {
    {-1, 0.5, 0.53280720734255605222, -0.11009460224515612798, 0.11480381944126296354},
    {0.25, 0.375, 0.047463440989800070132, 0.014813022933080295668, 0.0046848099893490301401},
    {3, 3.5, 0.0011172689525945694903, 0.00355916571689224711, 0.011358424755748430788},
    {10, infinity, 7.619853024160526066e-24, 7.6945986267064193463e-23, 7.770797156948024607e-22},
    {-infinity, -6, 9.865876450376981407e-10, -6.075882849823285487e-9, 3.7441884743977411063e-8},
    {-infinity, infinity, 1, 0, 1},
    {20, 21.5, 2.7536241186057752344e-89, 5.5209483621588368161e-88, 1.1069432965503715212e-86},
    {-0.0625, 0.0625, 0.049835338058494442391, 0, 0.000064855972633619260361},
};

}  // namespace

TEST_CASE("a Gaussian's moments over intervals against 40 digits, tails and short intervals included") {
  for (const auto& [a, b, mass, first, second] : known_normals) {
    CAPTURE(a, b);
    const auto moments = normal_interval_moments(a, b);
    const double nearest = a > 0 ? a : b < 0 ? -b : 0, units = 4e-15 * (1 + nearest * nearest / 8);
    CHECK(moments.mass == Approx(mass).epsilon(units).margin(0));
    CHECK(moments.first == Approx(first).epsilon(units).margin(mass * 1e-16));
    CHECK(moments.second == Approx(second).epsilon(units).margin(0));
  }
  CHECK(normal_interval_moments(1, 1).mass == 0);
}

TEST_CASE("a ball's moments between hyperplanes against 40 digits, in dimensions up to 300") {
  for (const auto& [dimension, a, b, mass, first, second] : known_balls) {
    CAPTURE(dimension, a, b);
    const auto moments = ball_interval_moments(a, b, dimension);
    CHECK(moments.mass == Approx(mass).epsilon(2e-14).margin(0));
    CHECK(moments.first == Approx(first).epsilon(2e-14).margin(1e-16));
    CHECK(moments.second == Approx(second).epsilon(2e-14).margin(0));
  }
}

TEST_CASE("a ball of one dimension is an interval, and a whole ball is whole") {
  const auto part = ball_interval_moments(-0.25, 0.75, 1);
  CHECK(part.mass == 0.5);
  CHECK(part.first == 0.125);
  CHECK(part.second == Approx((0.421875 + 0.015625) / 6).epsilon(1e-15));
  for (const Index dimension : {1, 2, 3, 17}) {
    const auto whole = ball_interval_moments(-infinity, infinity, dimension);
    CHECK(whole.mass == 1);
    CHECK(whole.first == 0);
    CHECK(whole.second == Approx(1 / static_cast<double>(dimension + 2)).epsilon(1e-15));
    const auto left = ball_interval_moments(-1, 0.3, dimension), right = ball_interval_moments(0.3, 5, dimension);
    CHECK(left.mass + right.mass == Approx(1).epsilon(1e-14));
    CHECK(left.first + right.first == Approx(0).margin(1e-15));
    CHECK(left.second + right.second == Approx(whole.second).epsilon(1e-14));
    CHECK(ball_interval_moments(1, 3, dimension).mass == 0);
    CHECK(ball_interval_moments(-3, -1, dimension).mass == 0);
  }
}

TEST_CASE("a slice's density is the derivative of the mass below it") {
  const double step = 1e-4;
  for (const Index dimension : {1, 2, 3, 8, 41})
    for (const double y : {-0.7, 0.0, 0.4, 0.9}) {
      CAPTURE(dimension, y);
      const double slope = ball_interval_moments(y - step, y + step, dimension).mass / (2 * step);
      CHECK(kmscape::ball_slice_density(y, dimension) == Approx(slope).epsilon(1e-4).margin(1e-12));
    }
  CHECK(kmscape::ball_slice_density(0.3, 1) == Approx(0.5).epsilon(1e-15));
  CHECK(kmscape::ball_slice_density(1, 1) == 0);
  CHECK(kmscape::ball_slice_density(-2, 3) == 0);
}

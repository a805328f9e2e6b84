#include <kmscape/core/gauss_legendre.hpp>

#include <cmath>
#include <limits>

#include "support/catch.hpp"
#include "support/refusal.hpp"

using kmscape::gauss_legendre;
using kmscape::Index;

TEST_CASE("Gauss-Legendre rules of one, two and three points are the known ones") {
  const auto one = gauss_legendre<double>(1), two = gauss_legendre<double>(2), three = gauss_legendre<double>(3);
  CHECK(one.points(0) == 0);
  CHECK(one.weights(0) == Approx(2).epsilon(1e-15));
  CHECK(two.points(1) == Approx(std::sqrt(1.0 / 3)).epsilon(1e-15));
  CHECK(two.weights(0) == Approx(1).epsilon(1e-15));
  CHECK(three.points(0) == Approx(-std::sqrt(0.6)).epsilon(1e-15));
  CHECK(three.points(1) == 0);
  CHECK(three.weights(1) == Approx(8.0 / 9).epsilon(1e-15));
  CHECK(three.weights(2) == Approx(5.0 / 9).epsilon(1e-15));
}

TEMPLATE_TEST_CASE("a Gauss-Legendre rule of m points is exact to degree 2 m - 1 and not beyond", "", float, double,
                   long double) {
  constexpr TestType epsilon = std::numeric_limits<TestType>::epsilon();
  for (Index m = 1; m <= 40; ++m) {
    const auto rule = gauss_legendre<TestType>(m);
    for (Index i = 1; i < m; ++i) CHECK(rule.points(i - 1) < rule.points(i));
    for (Index power = 0; power <= 2 * m; ++power) {
      kmscape::Weights<TestType> terms = rule.weights;
      for (Index factor = 0; factor < power; ++factor) terms *= rule.points;
      const TestType sum = terms.sum();
      const TestType exact = power % 2 == 0 ? 2 / static_cast<TestType>(power + 1) : TestType(0);
      if (power < 2 * m)
        CHECK(std::abs(sum - exact) <= 32 * epsilon);
      else if (m <= 4)
        CHECK(std::abs(sum - exact) > 1e-3);
    }
  }
}

TEST_CASE("a Gauss-Legendre rule without points is refused") {
  CHECK(refusal([] { (void)gauss_legendre<double>(0); }) ==
        "kmscape::gauss_legendre: m = 0, but a rule needs at least one point; pass m >= 1");
}

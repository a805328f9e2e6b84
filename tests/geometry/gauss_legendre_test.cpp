#include <kmscape/geometry/gauss_legendre.hpp>

#include <cmath>

#include "support/catch.hpp"

TEST_CASE("fixed rules integrate polynomials of degree 2N - 1 exactly, and no higher ones") {
  const auto& rule = kmscape::internal::gauss_legendre<5>();
  for (int degree = 0; degree <= 9; ++degree)
    CHECK(rule.integrate(0, 2, [&](double x) { return std::pow(x, degree); }) ==
          Approx(std::pow(2, degree + 1) / (degree + 1)).epsilon(1e-14));
  CHECK(std::abs(rule.integrate(0, 2, [](double x) { return std::pow(x, 10); }) - 2048.0 / 11) > 1e-4);
}

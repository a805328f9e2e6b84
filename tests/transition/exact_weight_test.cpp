#include <kmscape/transition/exact_weight.hpp>

#include <cstdint>

#include "support/catch.hpp"

#include <kmscape/core/random.hpp>

using kmscape::internal::Breakpoint;
using kmscape::internal::Integer;
using kmscape::internal::LinearWeight;

TEST_CASE("Signs of weights at rational lambda are those of whole numbers") {
  kmscape::RandomStream stream(kmscape::Seed{1});
  for (int trial = 0; trial < 2000; ++trial) {
    const auto draw = [&](Integer most) {
      return static_cast<Integer>(stream.index(static_cast<kmscape::Index>(2 * most + 1))) - most;
    };
    const LinearWeight weight{draw(9), draw(9)};
    Breakpoint lambda{draw(5), -draw(5)};
    if (lambda.start < 0) lambda.start = -lambda.start;
    if (lambda.end > 0) lambda.end = -lambda.end;
    if (lambda.start == 0 && lambda.end == 0) continue;
    // Times lambda's denominator, and far from what a product of two 64-bit numbers holds.
    const Integer value = weight.start * -lambda.end + weight.end * lambda.start;
    const int expected = value > 0 ? 1 : value < 0 ? -1 : 0;
    CHECK(sign(weight, lambda) == expected);
    const int shift = static_cast<int>(stream.index(120));
    const Integer scale = Integer{1} << shift;
    CHECK(sign(LinearWeight{weight.start * scale, weight.end * scale},
               {lambda.start << 120, -((-lambda.end) << 120)}) == expected);
  }
}

TEST_CASE("Products of 128-bit numbers that differ in their last bit are told apart") {
  using kmscape::internal::compare_products;
  using kmscape::internal::Magnitude;
  const Magnitude big = ~Magnitude{0};  // (b - 1)(b + 1) = b^2 - 1
  CHECK(compare_products(big - 1, big - 1, big, big - 2) == 1);
  CHECK(compare_products(big, big - 2, big - 1, big - 1) == -1);
  CHECK(compare_products(big, big - 1, big - 1, big) == 0);
  CHECK(compare_products(Magnitude{1} << 127, 2, Magnitude{1} << 64, Magnitude{1} << 64) == 0);
  CHECK(compare_products(0, big, 0, 1) == 0);
}

TEST_CASE("Breakpoints are ordered as fractions, and a falling weight vanishes at its root") {
  const Breakpoint third{1, -2}, half{5, -5}, again{7, -14};
  CHECK(compare(third, half) == -1);
  CHECK(compare(half, third) == 1);
  CHECK(compare(third, again) == 0);
  CHECK(third.value() == Approx(1.0 / 3));
  CHECK(compare(kmscape::internal::lambda_zero, third) == -1);
  CHECK(compare(kmscape::internal::lambda_one, third) == 1);
  CHECK(kmscape::internal::breakpoint_near(0.375).value() == 0.375);
  const LinearWeight falling{3, -5};
  CHECK(sign(falling, root(falling)) == 0);
  CHECK(sign(falling, third) == 1);
  CHECK(sign(falling, half) == -1);
}

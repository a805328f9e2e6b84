#include <kmscape/core/error.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "support/catch.hpp"

TEST_CASE("invalid_input says function, argument, value, rule and way out") {
  const kmscape::invalid_input error("survey", "clusters", "12", "the data holds 9 distinct points",
                                     "use clusters <= 9, or jitter the data");
  CHECK(std::string(error.what()) ==
        "kmscape::survey: clusters = 12, but the data holds 9 distinct points; use clusters <= 9, or jitter the data");
  CHECK(error.argument() == "clusters");
}

TEST_CASE("invalid_input is caught as std::invalid_argument and keeps its argument when copied") {
  try {
    throw kmscape::invalid_input("f", "radius", "-1", "a radius is positive", "pass a radius > 0");
  } catch (const std::invalid_argument& caught) {
    const auto* error = dynamic_cast<const kmscape::invalid_input*>(&caught);
    REQUIRE(error != nullptr);
    const kmscape::invalid_input copy = *error;
    CHECK(copy.argument() == "radius");
    CHECK(std::string(copy.what()) == caught.what());
  }
}

TEST_CASE("text joins values of any kind") {
  CHECK(kmscape::internal::text("n = ", 3, ", k = ", 4L, std::string("!")) == "n = 3, k = 4!");
}

TEST_CASE("text writes a number as a person would, when that reads back as the same number") {
  CHECK(kmscape::internal::text(0.1) == "0.1");
  CHECK(kmscape::internal::text(0.1f) == "0.1");
  CHECK(kmscape::internal::text(1e300) == "1e+300");
  CHECK(kmscape::internal::text(-2.5) == "-2.5");
}

TEST_CASE("text keeps every digit that distinguishes two numbers") {
  const double above = std::nextafter(0.1, 1.0);
  CHECK(std::stod(kmscape::internal::text(above)) == above);
  CHECK(std::stod(kmscape::internal::text(1.0 / 3.0)) == 1.0 / 3.0);
  CHECK(std::stod(kmscape::internal::text(std::numeric_limits<double>::max())) == std::numeric_limits<double>::max());
  CHECK(std::stof(kmscape::internal::text(1.0f / 3.0f)) == 1.0f / 3.0f);

  // A long number must not change how the next one is written.
  CHECK(kmscape::internal::text(1.0 / 3.0, " ", 0.1) == "0.33333333333333331 0.1");
}

TEST_CASE("text names what is not a number") {
  CHECK(kmscape::internal::text(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(kmscape::internal::text(-std::numeric_limits<double>::infinity()) == "-inf");
}

TEST_CASE("require throws exactly when the rule is broken") {
  CHECK_NOTHROW(kmscape::internal::require(true, "f", "k", 0, "rule", "way out"));
  CHECK_THROWS_WITH(kmscape::internal::require(false, "f", "k", 0.5, "k is whole", "round it"),
                    "kmscape::f: k = 0.5, but k is whole; round it");
}

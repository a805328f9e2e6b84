#include <kmscape/model/center_layouts.hpp>

#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <type_traits>

#include "support/catch.hpp"
#include "support/numbers.hpp"

using kmscape::centers_at_random;
using kmscape::centers_on_grid;
using kmscape::centers_on_line;
using kmscape::centers_on_simplex;
using kmscape::Index;
using kmscape::invalid_input;
using kmscape::Seed;
using testing::infinity;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

static_assert(std::is_same_v<decltype(centers_on_line(3, 2.0)), kmscape::Centers<double, 1>>);
static_assert(std::is_same_v<decltype(centers_on_line(3, 2.0f)), kmscape::Centers<float, 1>>);
static_assert(std::is_same_v<decltype(centers_on_simplex(3, 2.0L)), kmscape::Centers<long double>>);

}  // namespace

TEST_CASE("a line of three centers 2 apart is -2, 0, 2") {
  CHECK(centers_on_line(3, 2.0) == Eigen::RowVector3d(-2, 0, 2));
  CHECK(centers_on_line(4, 1.0) == Eigen::RowVector4d(-1.5, -0.5, 0.5, 1.5));
  CHECK(centers_on_line(1, 5.0) == Eigen::RowVectorXd::Zero(1));
  CHECK(centers_on_simplex(1, 5.0) == Eigen::MatrixXd::Zero(1, 1));
  CHECK(centers_on_line<float>(2, 3.0f) == Eigen::RowVector2f(-1.5f, 1.5f));
}

TEMPLATE_TEST_CASE("a simplex has all distances equal to its side and its mean at 0", "", float, double, long double) {
  const TestType rounding = 8 * std::numeric_limits<TestType>::epsilon();
  for (const Index k : {2, 3, 4, 7, 20}) {
    const auto least = centers_on_simplex(k, TestType(2.5));
    CHECK(least.rows() == k - 1);
    const auto more = centers_on_simplex(k, TestType(2.5), k + 3);
    CHECK(more.topRows(k - 1) == least);
    CHECK(more.bottomRows(4).isZero(0));
    CHECK(more.rowwise().mean().norm() <= rounding);
    for (Index s = 0; s < k; ++s)
      for (Index t = 0; t < s; ++t) {
        CAPTURE(k, s, t);
        CHECK(std::abs((more.col(s) - more.col(t)).norm() / TestType(2.5) - 1) <= rounding);
      }
  }
}

TEST_CASE("four centers on a grid are the corners of a square around 0") {
  const Eigen::MatrixXd centers = centers_on_grid(4, 2.0);
  CHECK(centers == (Eigen::MatrixXd(2, 4) << -1, 1, -1, 1, -1, -1, 1, 1).finished());
}

TEST_CASE("a grid that is not full keeps its first points, moved to mean zero") {
  for (const Index k : {5, 7, 8}) {
    const Eigen::MatrixXd part = centers_on_grid(k, 1.5), whole = centers_on_grid(9, 1.5);
    CHECK(part.rowwise().mean().norm() < 1e-15);
    const Eigen::MatrixXd offsets = part.colwise() - part.col(0).eval();
    const Eigen::MatrixXd expected = whole.leftCols(k).colwise() - whole.col(0).eval();
    CHECK((offsets - expected).cwiseAbs().maxCoeff() < 1e-15);
  }
  // 10 points need a 4 x 4 grid: two full rows and two points.
  const Eigen::MatrixXd ten = centers_on_grid(10, 1.0);
  CHECK(ten.row(0).maxCoeff() - ten.row(0).minCoeff() == Approx(3));
  CHECK(ten.row(1).maxCoeff() - ten.row(1).minCoeff() == Approx(2));
}

TEST_CASE("a grid has 1 center at 0, one dimension as a line, and room in any dimension") {
  CHECK(centers_on_grid(1, 2.0, 3) == Eigen::MatrixXd::Zero(3, 1));
  CHECK(centers_on_grid(5, 2.0, 1) == centers_on_line(5, 2.0));
  const Eigen::MatrixXd cube = centers_on_grid(27, 1.0, 3);
  CHECK(cube.rowwise().sum().isZero(0));
  CHECK(cube.cwiseAbs().maxCoeff() == 1);
  for (Index s = 0; s < 27; ++s)
    for (Index t = 0; t < s; ++t) CHECK((cube.col(s) - cube.col(t)).norm() >= 1);
  // Two points a side are enough for 4 centers in 100 dimensions: a square in the first two.
  const Eigen::MatrixXd high = centers_on_grid(4, 2.0, 100);
  CHECK(high.topRows(2) == centers_on_grid(4, 2.0));
  CHECK(high.bottomRows(98).isZero(0));
}

TEMPLATE_TEST_CASE("random centers keep their distance and stay in the box", "", float, double, long double) {
  for (const Index d : {1, 2, 3, 10}) {
    const auto drawn = centers_at_random(12, d, TestType(1), TestType(40), Seed{5});
    REQUIRE(drawn.rows() == d);
    REQUIRE(drawn.cols() == 12);
    const Eigen::MatrixXd centers = drawn.template cast<double>();
    CHECK(centers.minCoeff() >= 0);
    CHECK(centers.maxCoeff() <= 40);
    for (Index s = 0; s < 12; ++s)
      for (Index t = 0; t < s; ++t)
        CHECK((centers.col(s) - centers.col(t)).norm() >= 1 - 40 * double(std::numeric_limits<TestType>::epsilon()));
  }
}

TEST_CASE("random centers are uniform in the box when nothing is rejected") {
  const double n = 2000;
  const Eigen::MatrixXd centers = centers_at_random(2000, 2, 0.0, 6.0, Seed{1}).array() - 3;
  // A coordinate of the box from 0 to 6, less 3, has mean 0 and variance 36 / 12 = 3; its square has variance 3^4 / 5 -
  // 9 = 7.2.
  for (Index t = 0; t < 2; ++t) {
    CHECK(std::abs(centers.row(t).mean()) < 5 * std::sqrt(3 / n));
    CHECK(std::abs(centers.row(t).squaredNorm() / n - 3) < 5 * std::sqrt(7.2 / n));
  }
  CHECK(std::abs(centers.row(0).dot(centers.row(1)) / n) < 5 * 3 / std::sqrt(n));
}

TEST_CASE("random centers depend on the seed only, and fewer of them are the first ones") {
  const Eigen::MatrixXd centers = centers_at_random(8, 2, 1.0, 10.0, Seed{3});
  CHECK(centers == centers_at_random(8, 2, 1.0, 10.0, 3));
  CHECK(centers != centers_at_random(8, 2, 1.0, 10.0, Seed{4}));
  CHECK(centers.leftCols(5) == centers_at_random(5, 2, 1.0, 10.0, Seed{3}));
}

TEST_CASE("a box that is too small is given up with advice") {
  // Two intervals' worth of points at most fit on a line of length 1 when they must lie 0.6 apart.
  CHECK_THROWS_WITH(
      centers_at_random(3, 1, 0.6, 1.0, Seed{1}),
      ContainsSubstring("kmscape::centers_at_random: min_separation = 0.6, but no place was found for center ") &&
          ContainsSubstring(" in 10000 draws; use a larger box_side, fewer centers or a smaller min_separation"));
}

TEST_CASE("layouts refuse numbers of centers and dimensions that do not exist") {
  CHECK_THROWS_WITH(centers_on_line(0, 1.0),
                    "kmscape::centers_on_line: k = 0, but at least one center is needed; pass k >= 1");
  CHECK_THROWS_WITH(centers_on_grid(-1, 1.0),
                    "kmscape::centers_on_grid: k = -1, but at least one center is needed; pass k >= 1");
  CHECK_THROWS_WITH(
      centers_on_grid(2, 1.0, 0),
      "kmscape::centers_on_grid: dimension = 0, but a grid has at least one dimension; pass dimension >= 1");
  CHECK_THROWS_WITH(centers_at_random(0, 2, 1.0, 9.0, Seed{1}),
                    "kmscape::centers_at_random: k = 0, but at least one center is needed; pass k >= 1");
  CHECK_THROWS_WITH(
      centers_at_random(2, -2, 1.0, 9.0, Seed{1}),
      "kmscape::centers_at_random: dimension = -2, but a point has at least one coordinate; pass dimension >= 1");
  CHECK_THROWS_WITH(centers_on_simplex(0, 1.0),
                    "kmscape::centers_on_simplex: k = 0, but at least one center is needed; pass k >= 1");
  CHECK_THROWS_WITH(centers_on_simplex(5, 1.0, 3),
                    "kmscape::centers_on_simplex: dimension = 3, but a simplex with 5 corners spans 4 dimensions; pass "
                    "0 or a dimension >= 4");
}

TEST_CASE("layouts refuse lengths that are not positive and finite") {
  CHECK_THROWS_WITH(centers_on_line(3, -2.0),
                    "kmscape::centers_on_line: spacing = -2, but a length is positive and finite; pass spacing > 0");
  CHECK_THROWS_WITH(centers_on_simplex(3, 0.0),
                    "kmscape::centers_on_simplex: side = 0, but a length is positive and finite; pass side > 0");
  CHECK_THROWS_AS(centers_on_grid(3, infinity), invalid_input);
  CHECK_THROWS_AS(centers_on_grid(3, not_a_number), invalid_input);
  CHECK_THROWS_WITH(centers_at_random(3, 2, -1.0, 9.0, Seed{1}),
                    "kmscape::centers_at_random: min_separation = -1, but a distance is finite and not negative; pass "
                    "0 for no condition");
  CHECK_THROWS_AS(centers_at_random(3, 2, not_a_number, 9.0, Seed{1}), invalid_input);
  CHECK_THROWS_WITH(centers_at_random(3, 2, 1.0, 0.0, Seed{1}),
                    "kmscape::centers_at_random: box_side = 0, but a length is positive and finite; pass box_side > 0");
}

#include <kmscape/metric/contingency.hpp>

#include <algorithm>
#include <limits>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::contingency_table;
using kmscape::ContingencyTable;
using kmscape::Labels;
using testing::labels;

TEST_CASE("the contingency table counts pairs of labels, unused ones included") {
  const Labels a = labels({0, 0, 2, 2, 2}), b = labels({0, 1, 1, 1, 0});
  ContingencyTable expected(3, 2);
  expected << 1, 1, 0, 0, 1, 2;
  CHECK(contingency_table(a, b) == expected);
  CHECK(contingency_table(b, a) == expected.transpose());
}

TEST_CASE("a shape that is asked for keeps the rows and columns of parts that lost all points") {
  const Labels a = labels({0, 1, 1}), b = labels({0, 0, 1});
  ContingencyTable expected(4, 3);
  expected << 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0;
  CHECK(contingency_table(a, b, {.rows = 4, .columns = 3}) == expected);
  CHECK(contingency_table(a, b, {.columns = 3}) == expected.topRows(2));
  CHECK(contingency_table(a, b, {.rows = 2, .columns = 2}) == contingency_table(a, b));
}

TEST_CASE("weights are summed, and a point of weight w counts as w points") {
  const Labels a = labels({0, 1, 1}), b = labels({1, 0, 0});
  Eigen::Matrix2d expected;
  expected << 0, 0.5, 3.25, 0;
  CHECK(contingency_table(a, b, Eigen::Array3f(0.5f, 1.25f, 2.0f)) == expected);
  CHECK(contingency_table(a, b, Eigen::Vector3d(0.5, 1.25, 2), {.rows = 3}).topRows(2) == expected);
  CHECK(contingency_table(a, b, Eigen::Vector3d(1, 2, 3)) ==
        contingency_table(labels({0, 1, 1, 1, 1, 1}), labels({1, 0, 0, 0, 0, 0})).cast<double>());
}

TEST_CASE("tables that cannot be are refused") {
  const Labels a = labels({0, 2, 1}), b = labels({0, 0, 1});
  const auto refuses = [](const auto&... arguments) {
    return refusal([&] { static_cast<void>(contingency_table(arguments...)); });
  };
  CHECK(
      refuses(labels({}), labels({})) ==
      "kmscape::contingency_table: a = an empty list, but there must be at least one point; pass one label per point");
  CHECK(refuses(a, labels({0})) ==
        "kmscape::contingency_table: b = 1 labels, but there are 3 points; pass one label per point");
  CHECK(refuses(a, labels({0, -1, 0})) ==
        "kmscape::contingency_table: b(1) = -1, but labels are 0-based cell indices; number the clusters 0, 1, 2, ...");
  CHECK(refuses(a, b, kmscape::TableShape{.rows = 2}) ==
        "kmscape::contingency_table: shape.rows = 2, but a(1) = 2; pass at least 3, or 0 to have it found");
  CHECK(refuses(a, b, kmscape::TableShape{.columns = -1}) ==
        "kmscape::contingency_table: shape.columns = -1, but b(2) = 1; pass at least 2, or 0 to have it found");
  // The number of parts of the largest label there is does not fit a label.
  CHECK(refuses(labels({std::numeric_limits<kmscape::Label>::max()}), labels({0}), kmscape::TableShape{.rows = 1}) ==
        "kmscape::contingency_table: shape.rows = 1, but a(0) = 2147483647; pass at least 2147483648, or 0 to have it "
        "found");
  CHECK(refuses(a, b, Eigen::Vector2d(1, 1)) ==
        "kmscape::contingency_table: weights = 2 numbers, but there are 3 points; pass one weight per point");
  CHECK(refuses(a, b, Eigen::Vector3d(1, 0, 1)) ==
        "kmscape::contingency_table: weights(1) = 0, but every weight must be a positive finite number; "
        "drop point 1 instead of giving it no weight");
  CHECK_THAT(refuses(a, b, Eigen::Vector3d(1, 1, std::numeric_limits<double>::quiet_NaN())),
             ContainsSubstring("weights(2) = nan"));
}

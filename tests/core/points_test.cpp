#include <kmscape/core/points.hpp>

#include <Eigen/Core>
#include <limits>
#include <string>

#include "support/catch.hpp"
#include "support/numbers.hpp"

using kmscape::internal::check_columns;
using kmscape::internal::check_labels;
using kmscape::internal::check_weights;
using testing::infinity;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
}  // namespace

TEST_CASE("check_columns accepts finite points of any size, the largest and smallest numbers included") {
  CHECK_NOTHROW(check_columns(Eigen::MatrixXd::Constant(3, 50, -0.5), "f", "points", "point"));
  CHECK_NOTHROW(
      check_columns(Eigen::MatrixXd::Constant(2, 9, std::numeric_limits<double>::max()), "f", "points", "point"));
  CHECK_NOTHROW(check_columns(Eigen::MatrixXf::Constant(1, 1, -std::numeric_limits<float>::denorm_min()), "f", "points",
                              "point"));
  const Eigen::MatrixXd points = Eigen::MatrixXd::Ones(3, 5);
  CHECK_NOTHROW(check_columns(2 * points.leftCols(4), "f", "points", "point"));
}

TEST_CASE("check_columns names the first coordinate that is not finite") {
  Eigen::MatrixXd points = Eigen::MatrixXd::Ones(3, 6);
  points(2, 1) = not_a_number;
  points(0, 4) = infinity;
  CHECK_THROWS_WITH(
      check_columns(points, "EmpiricalObjective", "points", "point"),
      "kmscape::EmpiricalObjective: points(2, 1) = nan, but every coordinate must be a finite number; drop "
      "or impute point 1");
  points(2, 1) = 0;
  CHECK_THROWS_WITH(check_columns(points, "lloyd", "start", "center"),
                    "kmscape::lloyd: start(0, 4) = inf, but every coordinate must be a finite number; drop or impute "
                    "center 4");
}

TEST_CASE("check_columns finds one bad coordinate anywhere") {
  const Eigen::Index d = 2, n = 17;
  for (const double bad : {not_a_number, infinity, -infinity})
    for (Eigen::Index i = 0; i < n; ++i)
      for (Eigen::Index s = 0; s < d; ++s) {
        Eigen::MatrixXd points = Eigen::MatrixXd::Ones(d, n);
        points(s, i) = bad;
        CHECK_THROWS_WITH(check_columns(points, "f", "points", "point"),
                          ContainsSubstring("points(" + std::to_string(s) + ", " + std::to_string(i) + ") = "));
      }
}

TEST_CASE("check_columns is not fooled by infinities that cancel") {
  Eigen::MatrixXd points = Eigen::MatrixXd::Zero(2, 2);
  points(0, 0) = infinity;
  points(1, 1) = -infinity;
  CHECK_THROWS_AS(check_columns(points, "f", "points", "point"), kmscape::invalid_input);
}

TEST_CASE("check_columns refuses an empty matrix and says which sizes it saw") {
  CHECK_THROWS_WITH(check_columns(Eigen::MatrixXd(3, 0), "f", "points", "point"),
                    "kmscape::f: points = a 3 x 0 matrix, but at least one point of at least one dimension is needed; "
                    "pass a d x n matrix whose columns are the points");
  CHECK_THROWS_AS(check_columns(Eigen::MatrixXd(0, 3), "f", "points", "point"), kmscape::invalid_input);
}

TEST_CASE("check_weights wants one positive finite number a point and names the first that is not") {
  kmscape::Weights<double> weights(4);
  weights << 1, 0.5, 1e-300, 3;
  CHECK_NOTHROW(check_weights(weights, 4, "f", "weights", "point"));

  CHECK_THROWS_WITH(check_weights(weights, 5, "f", "weights", "point"),
                    "kmscape::f: weights = 4 numbers, but there are 5 points; pass one weight per point");

  for (const double bad : {0.0, -1.0, not_a_number, infinity}) {
    CAPTURE(bad);
    weights << 1, bad, 2, bad;
    CHECK_THROWS_WITH(check_weights(weights, 4, "f", "weights", "point"), ContainsSubstring("weights(1) = "));
  }
  weights << 1, 1, 1, 0;
  CHECK_THROWS_WITH(
      check_weights(weights, 4, "f", "weights", "point"),
      "kmscape::f: weights(3) = 0, but every weight must be a positive finite number; drop point 3 instead "
      "of giving it no weight");
}

TEST_CASE("check_labels wants one 0-based label a point and names the first that is not") {
  kmscape::Labels labels(3);
  labels << 0, 2, 1;
  CHECK_NOTHROW(check_labels(labels, 3, "f", "labels"));
  CHECK_THROWS_WITH(check_labels(labels, 2, "f", "labels"),
                    "kmscape::f: labels = 3 labels, but there are 2 points; pass one label per point");
  labels << 0, -1, -2;
  CHECK_THROWS_WITH(
      check_labels(labels, 3, "f", "labels"),
      "kmscape::f: labels(1) = -1, but labels are 0-based cell indices; number the clusters 0, 1, 2, ...");
}

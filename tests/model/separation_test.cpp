#include <kmscape/model/separation.hpp>

#include <Eigen/Core>
#include <Eigen/Geometry>
#include <cmath>
#include <limits>

#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "support/catch.hpp"

using kmscape::GaussianMixtureModel;
using kmscape::separation;
using kmscape::StochasticBallModel;

namespace {

/// Corners of a 3-4-5 triangle: the distances are 3, 4 and 5.
const Eigen::MatrixXd triangle = (Eigen::MatrixXd(2, 3) << 1, 4, 1, 1, 1, 5).finished();

const Eigen::RowVector3d proposition2(-2, 0, 2);

}  // namespace

TEST_CASE("separation of a 3-4-5 triangle is 3 to 5 data units") {
  const auto found = separation(triangle, 0.5);
  CHECK(found.delta_min == 3);
  CHECK(found.delta_max == 5);
  CHECK(found.eta_min == 6);
  CHECK(found.eta_max == 10);
}

TEST_CASE("separation of Proposition 2's model with r = 0.3: Delta 2 to 4, eta 20/3 to 40/3") {
  const auto found = separation(StochasticBallModel(proposition2, 0.3));
  CHECK(found.delta_min == 2);
  CHECK(found.delta_max == 4);
  CHECK(found.eta_min == Approx(20.0 / 3).epsilon(1e-15));
  CHECK(found.eta_max == Approx(40.0 / 3).epsilon(1e-15));
}

TEST_CASE("Proposition 2's condition r < 0.4 is eta_min > 5") {
  CHECK(separation(StochasticBallModel(proposition2, 0.4)).eta_min == Approx(5).epsilon(1e-15));
  CHECK(separation(StochasticBallModel(proposition2, 0.39)).eta_min > 5);
  CHECK(separation(StochasticBallModel(proposition2, 0.41)).eta_min < 5);
}

TEST_CASE("a Gaussian's eta is Delta / (sigma sqrt(d)) while d < 2k") {
  // k = 3, d = 2.
  const auto found = separation(GaussianMixtureModel(triangle, 0.5));
  CHECK(found.delta_min == 3);
  CHECK(found.eta_min == Approx(3 / (0.5 * std::sqrt(2.0))).epsilon(1e-15));
  CHECK(found.eta_max == Approx(5 / (0.5 * std::sqrt(2.0))).epsilon(1e-15));
}

TEST_CASE("a Gaussian's eta is Delta / (sigma sqrt(2k)) from d = 2k on") {
  // k = 2, so sqrt(2k) = 2.
  for (const Eigen::Index d : {4, 5, 100}) {
    CAPTURE(d);
    Eigen::MatrixXd centers = Eigen::MatrixXd::Zero(d, 2);
    centers(d - 1, 1) = 6;
    const auto found = separation(GaussianMixtureModel(centers, 1.5));
    CHECK(found.delta_max == 6);
    CHECK(found.eta_min == 2);
    CHECK(found.eta_max == 2);
  }
  // The branches meet at d = 2k and not before.
  const Eigen::MatrixXd space = Eigen::MatrixXd::Identity(3, 2) * 6;
  CHECK(separation(GaussianMixtureModel(space, 1.0)).eta_min == Approx(6 * std::sqrt(2.0 / 3)).epsilon(1e-15));
}

TEST_CASE("of unequal scales the largest is the unit") {
  const Eigen::Array3d scales(0.1, 0.5, 0.2), weights(1, 1, 2);
  CHECK(separation(StochasticBallModel(triangle, scales, weights)).eta_min == 6);
  CHECK(separation(GaussianMixtureModel(triangle, scales, weights)).eta_max ==
        Approx(10 / std::sqrt(2.0)).epsilon(1e-15));
}

TEST_CASE("separation does not change with translation, rotation or the order of the centers") {
  const Eigen::Rotation2Dd rotation(0.7);
  const Eigen::Vector2d shift(-3, 11);
  Eigen::MatrixXd moved = (rotation.toRotationMatrix() * triangle).colwise() + shift;
  moved.col(0).swap(moved.col(2));
  const auto found = separation(StochasticBallModel(moved, 0.25));
  CHECK(found.delta_min == Approx(3).epsilon(1e-14));
  CHECK(found.delta_max == Approx(5).epsilon(1e-14));
  CHECK(found.eta_min == Approx(12).epsilon(1e-14));
  CHECK(found.eta_max == Approx(20).epsilon(1e-14));
}

TEST_CASE("coinciding centers are separated by nothing") {
  const auto found = separation(Eigen::RowVector3d(1, 1, 4), 1.0);
  CHECK(found.delta_min == 0);
  CHECK(found.eta_min == 0);
  CHECK(found.delta_max == 3);
}

TEST_CASE("separation takes float and long double models") {
  CHECK(separation(StochasticBallModel(triangle.cast<float>(), 0.5f)).eta_max == 10);
  CHECK(separation(StochasticBallModel(triangle.cast<long double>(), 0.5L)).eta_max == 10);
}

TEST_CASE("separation says what is wrong with its arguments") {
  CHECK_THROWS_WITH(separation(StochasticBallModel(Eigen::Vector2d(1, 2), 0.3)),
                    "kmscape::separation: centers = one center, but a separation is that of at least two centers; pass "
                    "a d x k matrix with k >= 2");
  CHECK_THROWS_WITH(separation(triangle, 0.0),
                    "kmscape::separation: scale = 0, but a unit is positive and finite; pass a radius or a standard "
                    "deviation");
  CHECK_THROWS_AS(separation(triangle, -1.0), kmscape::invalid_input);
  CHECK_THROWS_AS(separation(triangle, std::numeric_limits<double>::infinity()), kmscape::invalid_input);
  CHECK_THROWS_AS(separation(triangle, std::numeric_limits<double>::quiet_NaN()), kmscape::invalid_input);
  CHECK_THROWS_AS(separation(Eigen::MatrixXd(2, 0), 1.0), kmscape::invalid_input);
  CHECK_THROWS_WITH(separation(Eigen::RowVector2d(0, std::numeric_limits<double>::quiet_NaN()), 1.0),
                    "kmscape::separation: centers(0, 1) = nan, but every coordinate must be a finite number; drop or "
                    "impute center 1");
}

#include <kmscape/model/stochastic_ball.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <kmscape/model/center_layouts.hpp>

#include "support/catch.hpp"
#include "support/numbers.hpp"

using kmscape::Index;
using kmscape::Seed;
using kmscape::StochasticBallModel;
using testing::kolmogorov_smirnov;

namespace {

constexpr double pi = std::numbers::pi;

constexpr double ks_limit = 2.3;

}  // namespace

TEST_CASE("Proposition 2's model is one line") {
  const auto model = StochasticBallModel(kmscape::centers_on_line(3, 2.0), /*radius=*/0.3);
  CHECK(model.centers() == Eigen::RowVector3d(-2, 0, 2));
  CHECK((model.radii() == Eigen::Array3d::Constant(0.3)).all());
  CHECK(model.component_variance(1) == Approx(0.03).epsilon(1e-15));  // r^2 / 3
}

TEMPLATE_TEST_CASE("every point lies in its own ball", "", float, double) {
  using Scalar = TestType;
  for (const Index d : {1, 2, 3, 5}) {
    const Eigen::MatrixX<Scalar> centers = kmscape::centers_at_random<Scalar>(4, d, Scalar(0), Scalar(20), Seed{9});
    const Eigen::ArrayX<Scalar> radii = Eigen::ArrayX<Scalar>::LinSpaced(4, Scalar(0.125), 2);
    const StochasticBallModel model(centers, radii, Eigen::Array<Scalar, 4, 1>(1, 1, 2, 2));
    const auto sample = model.sample(20000, Seed{4});
    for (Index i = 0; i < sample.labels.size(); ++i) {
      const Index s = sample.labels(i);
      const double distance =
          (sample.points.col(i).template cast<double>() - centers.col(s).template cast<double>()).norm();
      // Rounding of the offset (6 roundings of r) and of center + offset (half an ulp a coordinate).
      const double r = radii(s), largest = centers.col(s).cwiseAbs().maxCoeff();
      const double rounding = 3 * r + std::sqrt(static_cast<double>(d)) / 2 * (largest + r);
      REQUIRE(distance <= r + rounding * static_cast<double>(std::numeric_limits<Scalar>::epsilon()));
    }
  }
}

TEMPLATE_TEST_CASE("the distance to the center is u^(1/d) r: its d-th power is uniform", "", float, double) {
  for (const Index d : {1, 2, 3, 7}) {
    CAPTURE(d);
    const Eigen::MatrixX<TestType> center = Eigen::MatrixX<TestType>::Zero(d, 1);
    const auto sample = StochasticBallModel(center, TestType(2)).sample(50000, Seed{12});
    std::vector<double> power;
    for (Index i = 0; i < sample.points.cols(); ++i)
      power.push_back(std::pow(static_cast<double>(sample.points.col(i).norm()) / 2, static_cast<double>(d)));
    CHECK(kolmogorov_smirnov(power) < ks_limit);
  }
}

TEST_CASE("a point of the line's ball is uniform on the interval") {
  const auto sample = StochasticBallModel(Eigen::RowVectorXd::Constant(1, 5.0), 2.0).sample(50000, Seed{1});
  std::vector<double> share;
  for (Index i = 0; i < sample.points.cols(); ++i) share.push_back((sample.points(0, i) - 3) / 4);
  CHECK(kolmogorov_smirnov(share) < ks_limit);
}

TEST_CASE("directions are uniform: the angle in the plane, one coordinate on the sphere (Archimedes)") {
  std::vector<double> angle, height;
  const auto disk = StochasticBallModel(Eigen::Vector2d(0, 0), 1.0).sample(50000, Seed{2});
  for (Index i = 0; i < disk.points.cols(); ++i)
    angle.push_back(std::atan2(disk.points(1, i), disk.points(0, i)) / (2 * pi) + 0.5);
  CHECK(kolmogorov_smirnov(angle) < ks_limit);
  const auto ball = StochasticBallModel(Eigen::Vector3d(0, 0, 0), 1.0).sample(50000, Seed{3});
  for (Index i = 0; i < ball.points.cols(); ++i)
    height.push_back((ball.points(2, i) / ball.points.col(i).norm() + 1) / 2);
  CHECK(kolmogorov_smirnov(height) < ks_limit);
}

TEMPLATE_TEST_CASE("the density is one over the ball's volume inside, border included, and 0 outside", "", float,
                   double, long double) {
  const auto at = [](Index d, double distance) {
    Eigen::MatrixX<TestType> center = Eigen::MatrixX<TestType>::Constant(d, 1, 4), x = center;
    x(d - 1) += static_cast<TestType>(distance);
    return StochasticBallModel(center, TestType(0.5)).density(x);
  };
  const double volumes[] = {2, pi, 4 * pi / 3, pi * pi / 2, 8 * pi * pi / 15, pi * pi * pi / 6};
  for (Index d = 1; d <= 6; ++d) {
    CAPTURE(d);
    const double expected = std::pow(2.0, static_cast<double>(d)) / volumes[d - 1];
    const auto close = Approx(expected).epsilon(std::max(1e-14, double(std::numeric_limits<TestType>::epsilon())));
    CHECK(static_cast<double>(at(d, 0)) == close);
    CHECK(static_cast<double>(at(d, 0.5)) == close);
    CHECK(at(d, 0.50001) == 0);
  }
}

TEST_CASE("where balls overlap their densities add, each with its weight") {
  const StochasticBallModel model(Eigen::RowVector2d(0, 1), Eigen::Array2d(1, 2), Eigen::Array2d(1, 3));
  CHECK(model.density(Eigen::Matrix<double, 1, 1>(0.5)) == Approx(0.25 / 2 + 0.75 / 4).epsilon(1e-15));
  CHECK(model.density(Eigen::Matrix<double, 1, 1>(-0.9)) == Approx(0.25 / 2 + 0.75 / 4).epsilon(1e-15));
  CHECK(model.density(Eigen::Matrix<double, 1, 1>(2.5)) == Approx(0.75 / 4).epsilon(1e-15));
  CHECK(model.density(Eigen::Matrix<double, 1, 1>(-1.5)) == 0);
}

TEMPLATE_TEST_CASE("a ball's mass in an interval is the share of its length", "", float, double, long double) {
  constexpr TestType infinite = std::numeric_limits<TestType>::infinity();
  const StochasticBallModel model(Eigen::Matrix<TestType, 1, 2>(2, -8), TestType(0.25));
  // The ball is [1.75, 2.25].
  CHECK(model.interval_mass(0, -infinite, infinite) == 1);
  CHECK(model.interval_mass(0, 0, 3) == 1);
  CHECK(model.interval_mass(0, TestType(1.75), TestType(2.25)) == 1);
  CHECK(model.interval_mass(0, -infinite, 2) == TestType(0.5));
  CHECK(model.interval_mass(0, TestType(2.125), infinite) == TestType(0.25));
  CHECK(model.interval_mass(0, TestType(1.875), TestType(2.125)) == TestType(0.5));
  CHECK(model.interval_mass(0, 2, TestType(2.0625)) == TestType(0.125));
  CHECK(model.interval_mass(0, 2, 2) == 0);
  CHECK(model.interval_mass(0, TestType(2.25), 9) == 0);
  CHECK(model.interval_mass(0, 3, infinite) == 0);
  CHECK(model.interval_mass(0, -infinite, 1) == 0);
  CHECK(model.interval_mass(0, infinite, infinite) == 0);
  CHECK(model.interval_mass(1, -9, -8) == TestType(0.5));
}

TEST_CASE("a ball's mass in a short interval keeps its digits far from the center") {
  // b - a is exact; a - 100 and b - 100 are rounded to multiples of 2^-46.
  const double a = 0.1, b = a + 0x1p-50;
  const StochasticBallModel model(Eigen::RowVectorXd::Constant(1, 100.0), 128.0);
  CHECK(model.interval_mass(0, a, b) == 0x1p-58);
}

TEST_CASE("a ball's masses in the parts of the line add up to 1") {
  const StochasticBallModel model(Eigen::RowVectorXd::Constant(1, 0.3), 0.7);
  double total = model.interval_mass(0, -10, -1) + model.interval_mass(0, 1.5, 10);
  for (int part = 0; part < 250; ++part) total += model.interval_mass(0, -1 + 0.01 * part, -1 + 0.01 * (part + 1));
  CHECK(total == Approx(1).epsilon(1e-13));
}

TEST_CASE("component_variance is r^2 d / (d + 2)") {
  CHECK(StochasticBallModel(Eigen::MatrixXd::Zero(1, 2), 3.0).component_variance(0) == 3);
  CHECK(StochasticBallModel(Eigen::MatrixXd::Zero(2, 2), 3.0).component_variance(1) == 4.5);
  CHECK(StochasticBallModel(Eigen::MatrixXd::Zero(4, 1), 3.0).component_variance(0) == 6);
}

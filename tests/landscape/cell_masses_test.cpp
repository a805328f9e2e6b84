#include <kmscape/landscape/cell_masses.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>

#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "support/catch.hpp"
#include "support/numbers.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::cell_masses;
using kmscape::GaussianMixtureModel;
using kmscape::Index;
using kmscape::StochasticBallModel;
using testing::normal_below;
using testing::normal_points;
using testing::on_line;

namespace {

/// Share of the unit disc with first coordinate above h, 0 <= h <= 1: a circular segment.
double segment(double h) { return (std::acos(h) - h * std::sqrt(1 - h * h)) / std::numbers::pi; }

/// Discs that nobody can integrate: the model hides what it is made of.
struct OnlyDrawn {
  using Scalar = double;
  static constexpr int dim = 2;
  StochasticBallModel<double, 2> balls;

  [[nodiscard]] Index dimension() const { return 2; }
  [[nodiscard]] Index components() const { return balls.components(); }
  [[nodiscard]] const auto& centers() const { return balls.centers(); }
  [[nodiscard]] const auto& weights() const { return balls.weights(); }
  template <class Point>
  void draw(Index s, kmscape::RandomStream& stream, Point& point) const {
    balls.draw(s, stream, point);
  }
  [[nodiscard]] double component_variance(Index s) const { return balls.component_variance(s); }
  [[nodiscard]] double interval_mass(Index s, double a, double b) const { return balls.interval_mass(s, a, b); }
};

}  // namespace

TEST_CASE("Proposition 2's cells hold 1/6, 1/6 and 2/3 whatever the radius of the balls") {
  for (const double r : {0.01, 0.1, 0.3, 0.39}) {
    const StochasticBallModel model(kmscape::centers_on_line(3, 2.0), r);
    const auto masses = cell_masses(on_line({-2 - r / 2, -2 + r / 2, 1}), model);
    INFO("r = " << r);
    CHECK(masses.standard_error == 0);
    CHECK(masses.mass(0, 0) == Approx(1.0 / 6).epsilon(1e-13));
    CHECK(masses.mass(1, 0) == Approx(1.0 / 6).epsilon(1e-13));
    CHECK(masses.mass(2, 1) == Approx(1.0 / 3).epsilon(1e-13));
    CHECK(masses.mass(2, 2) == Approx(1.0 / 3).epsilon(1e-13));
    CHECK((masses.mass > 0).count() == 4);
    CHECK(masses.mass.sum() == Approx(1).epsilon(1e-14));
  }
}

TEST_CASE("on the line every cluster's masses add up to its weight, for unequal weights, sizes and any centers") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto truth = normal_points<double, 1>(1, 4, seed), centers = normal_points<double, 1>(1, 6, seed + 100);
    const Eigen::ArrayXd sizes = Eigen::Array4d(0.1, 0.5, 1, 2), weights = Eigen::Array4d(1, 2, 3, 4);
    const auto check = [&](const auto& model) {
      const auto masses = cell_masses(centers, model);
      CHECK((masses.mass >= 0).all());
      for (Index s = 0; s < 4; ++s) CHECK(masses.mass.col(s).sum() == Approx(weights(s) / 10).epsilon(1e-13));
    };
    check(StochasticBallModel(truth, sizes, weights));
    check(GaussianMixtureModel(truth, sizes, weights));
  }
}

TEST_CASE("in the plane a disc cut at any distance from its center splits as its segment does") {
  for (const double h : {0.0, 0.3, 0.7, 0.95}) {
    // The boundary of the cells is the line x = h, turned by an angle that no axis knows.
    const double angle = 0.7;
    const Eigen::Vector2d direction(std::cos(angle), std::sin(angle));
    Eigen::Matrix2d centers;
    centers << (h - 0.4) * direction, (h + 0.4) * direction;
    const StochasticBallModel model(Eigen::Matrix<double, 2, 1>(Eigen::Vector2d::Zero()), 1.0);
    const double exact = segment(h), error = std::sqrt(exact * (1 - exact) / 50'000);
    INFO("h = " << h);
    const auto masses = cell_masses(centers, model);
    CHECK(masses.mass(1, 0) == Approx(exact).epsilon(1e-12));
    CHECK(masses.standard_error == 0);
    const OnlyDrawn hidden{StochasticBallModel<double, 2>(Eigen::Matrix<double, 2, -1>(Eigen::Vector2d::Zero()), 1.0)};
    const auto drawn = cell_masses(centers, hidden, {.samples = 50'000, .seed = 5});
    CHECK(std::abs(drawn.mass(1, 0) - exact) < 5 * error);
    CHECK(drawn.mass.sum() == Approx(1).epsilon(1e-14));
    CHECK(drawn.standard_error == Approx(error).epsilon(0.1));
  }
}

TEST_CASE("a Gaussian in three dimensions splits as the normal distribution says") {
  const GaussianMixtureModel model(Eigen::MatrixXd(Eigen::Matrix<double, 3, 2>{{0, 3}, {0, 0}, {0, 0}}), 0.8);
  Eigen::MatrixXd centers(3, 2);
  centers << -1, 2, 0, 0, 0, 0;  // boundary at x = 1/2
  const auto masses = cell_masses(centers, model);
  CHECK(masses.standard_error == 0);
  CHECK(masses.mass(0, 0) == Approx(normal_below(0.5 / 0.8) / 2).epsilon(1e-12));
  CHECK(masses.mass(0, 1) == Approx(normal_below(-2.5 / 0.8) / 2).epsilon(1e-12));
}

TEST_CASE("a Gaussian that three planes cut into octants is estimated within its error") {
  // The six centers +-e_s are the faces of a cube seen from its center: by symmetry a sixth each.
  Eigen::MatrixXd centers(3, 6);
  centers << Eigen::Matrix3d::Identity(), -Eigen::Matrix3d::Identity();
  const GaussianMixtureModel model(Eigen::MatrixXd(Eigen::Vector3d::Zero()), 1.0);
  const auto masses = cell_masses(centers, model);
  CHECK(masses.standard_error < 2e-3);
  for (Index i = 0; i < 6; ++i) CHECK(std::abs(masses.mass(i, 0) - 1.0 / 6) <= 5 * masses.standard_error);
}

TEST_CASE("the standard error is the spread of the estimate from seed to seed") {
  const OnlyDrawn model{
      StochasticBallModel<double, 2>(Eigen::Matrix2d{{0, 5}, {0, 0}}, Eigen::Array2d(1, 1), Eigen::Array2d(3, 1))};
  const Eigen::Matrix2d centers{{-0.2, 0.4}, {0, 0}};
  double sum = 0, squares = 0, reported = 0;
  constexpr int seeds = 400;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const auto masses = cell_masses(centers, model, {.samples = 500, .seed = seed});
    sum += masses.mass(0, 0);
    squares += masses.mass(0, 0) * masses.mass(0, 0);
    reported += masses.standard_error / seeds;
  }
  const double mean = sum / seeds, deviation = std::sqrt(squares / seeds - mean * mean);
  CHECK(std::abs(mean - 0.75 * (1 - segment(0.1))) < 5 * deviation / std::sqrt(seeds));
  CHECK(deviation == Approx(reported).epsilon(0.15));  // four standard errors of a deviation from 400 draws
}

TEST_CASE("estimated masses are a function of the seed") {
  const OnlyDrawn model{StochasticBallModel<double, 2>(Eigen::Matrix2d{{0, 5}, {0, 0}}, 1.0)};
  const auto centers = normal_points<double, 2>(2, 4, 3);
  const auto with = [&](std::uint64_t seed) {
    return cell_masses(centers, model, {.samples = 300, .seed = seed}).mass;
  };
  CHECK((with(1) == with(1)).all());
  CHECK((with(1) != with(2)).any());
}

TEST_CASE("float models and centers of a fixed dimension are measured, too") {
  const StochasticBallModel model(Eigen::Matrix<float, 2, 2>{{0, 10}, {0, 0}}, 1.0f);
  const auto masses = cell_masses(Eigen::Matrix<float, 2, 2>{{-1, 1}, {0, 0}}, model);
  CHECK(masses.mass(0, 0) == Approx(0.25).epsilon(1e-12));
  CHECK(masses.mass(1, 1) == 0.5);
}

TEST_CASE("cell_masses says what is wrong with its arguments") {
  const StochasticBallModel model(on_line({0, 5}), 1.0);
  CHECK(refusal([&] { static_cast<void>(cell_masses(Eigen::MatrixXd(1, 0), model)); }) ==
        "kmscape::cell_masses: centers = a 1 x 0 matrix, but at least one center of at least one dimension is needed; "
        "pass a d x n matrix whose columns are the centers");
  CHECK(refusal([&] { static_cast<void>(cell_masses(on_line({std::nan("")}), model)); }) ==
        "kmscape::cell_masses: centers(0, 0) = nan, but every coordinate must be a finite number; drop or impute "
        "center 0");
  CHECK(refusal([&] { static_cast<void>(cell_masses(on_line({0}), model, {.samples = 0})); }) ==
        "kmscape::cell_masses: options.samples = 0, but an estimate needs at least one draw per component; pass e.g. "
        "10000");
}

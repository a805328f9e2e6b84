#include <kmscape/landscape/opposing_directions.hpp>

#include <cmath>
#include <numbers>

#include <kmscape/model/center_layouts.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::candidate_geometry;
using kmscape::Index;
using kmscape::opposing_directions;
using testing::on_line;

TEST_CASE("two centers that share two discs part in opposite directions, at the rate 3/r^2") {
  const double r = 0.1, height = 4 * r / (3 * std::numbers::pi);
  const kmscape::StochasticBallModel model(Eigen::Matrix2d{{-1, 1}, {0, 0}}, r);
  const Eigen::MatrixXd centers = Eigen::Matrix2d{{0, 0}, {height, -height}};
  const auto geometry = candidate_geometry(model, centers);
  const auto best = opposing_directions(geometry);
  CHECK(std::abs(best.axis(0)) == Approx(1).epsilon(1e-14));
  CHECK(best.signs(0) == -best.signs(1));
  CHECK(best.second_order == Approx(-3 / (r * r)).epsilon(1e-12));
  CHECK(best.printed_limit == Approx(1 - 1.5 * (1 - r) * (1 - r) / (r * r)).epsilon(1e-12));
  CHECK(std::abs(best.first_order) < 1e-15);
  CHECK(best.refutes());
  CHECK(best.is_exhaustive);
  const kmscape::PopulationObjective objective(model);
  const double t = 1e-4;
  CHECK((objective.value(centers + t * best.direction) - objective.value(centers)) / (t * t) ==
        Approx(best.second_order).epsilon(1e-4));
  const auto drop = measure_drop(objective, geometry, best);
  CHECK(drop.drop == Approx(objective.value(centers) - objective.value(centers + drop.step * best.direction)));
  CHECK(drop.drop > 0.15);  // G falls from 1.0 to little more than r^2/2 if followed by Lloyd
}

TEST_CASE("Example 1 turns from a minimum into a saddle at r = 4/17") {
  // Both centers of the 2-fit-3 along one direction: 1 - (4/3 + r/3)/(6 r) = 17/18 - 2/(9 r).
  const auto best = [](double r) {
    const kmscape::StochasticBallModel model(kmscape::centers_on_line(3, 1.0), r);
    return opposing_directions(candidate_geometry(model, on_line({-2.0 / 3 - r / 6, 2.0 / 3 + r / 6, 50})));
  };
  CHECK(best(0.2).second_order == Approx(17.0 / 18 - 2 / (9 * 0.2)).epsilon(1e-12));
  CHECK(best(0.2).signs(0) == best(0.2).signs(1));
  CHECK(best(0.2).refutes());
  CHECK(best(4.0 / 17 - 1e-6).refutes());
  CHECK_FALSE(best(4.0 / 17 + 1e-6).refutes());
}

TEST_CASE("minima are not refuted: the truth and Proposition 2's point") {
  const kmscape::StochasticBallModel model(kmscape::centers_on_line(3, 2.0), 0.3);
  const kmscape::PopulationObjective objective(model);
  for (const auto& centers : {on_line({-2, 0, 2}), on_line({-2.15, -1.85, 1})}) {
    const auto geometry = candidate_geometry(model, centers);
    const auto best = opposing_directions(geometry);
    CHECK_FALSE(best.refutes());
    CHECK(best.second_order > 0);
    CHECK(measure_drop(objective, geometry, best).drop == 0);
  }
  // v^T H v/2 for v = (1, 1, 1) e_i with H of Proposition 2: 1/4 +- 1/12 + 2/3, the lower one for equal signs.
  const auto geometry = candidate_geometry(model, on_line({-2.15, -1.85, 1}));
  CHECK(opposing_directions(geometry).second_order == Approx(1.0 / 4 - 1.0 / 12 + 2.0 / 3).epsilon(1e-12));
  CHECK(second_order_limit(geometry, Eigen::VectorXd::Ones(1), Eigen::Array3i(1, -1, 1)) == Approx(1).epsilon(1e-12));
}

TEST_CASE("the second-order limit is the curvature of G along the direction, anywhere") {
  for (std::uint64_t trial = 0; trial < 12; ++trial) {
    const Index d = 1 + static_cast<Index>(trial % 3), m = 3;  // three centers: exact in every dimension
    const kmscape::GaussianMixtureModel model(testing::normal_points(d, 3, trial), 0.7);
    const kmscape::PopulationObjective objective(model);
    const Eigen::MatrixXd centers = testing::normal_points(d, m, 60 + trial);
    const auto geometry = candidate_geometry(model, centers, 2.0);
    const Eigen::VectorXd axis = testing::normal_points(d, 1, 90 + trial).normalized();
    for (int pattern = 0; pattern < 4; ++pattern) {
      const Eigen::ArrayXi signs = Eigen::Array3i(1, pattern & 1 ? -1 : 1, pattern & 2 ? -1 : 1);
      const Eigen::MatrixXd v = axis * signs.cast<double>().matrix().transpose();
      const double h = 1e-3, here = objective.value(centers);
      const auto second = [&](double t) {
        return (objective.value(centers + t * v) + objective.value(centers - t * v) - 2 * here) / (2 * t * t);
      };
      CAPTURE(trial, d, pattern);
      CHECK(second_order_limit(geometry, axis, signs) ==
            Approx((4 * second(h) - second(2 * h)) / 3).epsilon(1e-6).margin(1e-6));
    }
    const auto best = opposing_directions(geometry);
    CHECK(best.second_order == Approx(second_order_limit(geometry, best.axis, best.signs)).margin(1e-12));
    CHECK(best.first_order <= 0);
    CHECK(best.first_order ==
          Approx((objective.gradient(centers).array() * best.direction.array()).sum()).margin(1e-12));
    // No direction of the class is better, and equation (17) as printed promises less.
    CHECK(best.second_order <= best.printed_limit + 1e-12);
    for (std::uint64_t other = 0; other < 40; ++other)
      for (int pattern = 0; pattern < 4; ++pattern)
        CHECK(best.second_order <= second_order_limit(geometry, testing::normal_points(d, 1, 500 + other).normalized(),
                                                      Eigen::Array3i(1, pattern & 1 ? -1 : 1, pattern & 2 ? -1 : 1)) +
                                       1e-12);
  }
}

TEST_CASE("equation (17) by hand, and where it is the whole limit") {
  // One disc cut by a face beside its center: half-space of two centers, k = 2 with the other disc untouched.
  const kmscape::StochasticBallModel model(Eigen::Matrix2d{{0, 9}, {3, 0}}, 0.5);
  const Eigen::MatrixXd centers = Eigen::Matrix2d{{-1, 1}, {0, 0}};
  const auto geometry = candidate_geometry(model, centers);
  const auto& face = geometry.faces[0];
  const double rho = 4 / std::numbers::pi;  // a chord of length 1 in a disc of area pi/4
  CHECK(equation_17(geometry, face, 0, 0, true) == Approx(1 - rho).epsilon(1e-13));
  CHECK(equation_17(geometry, face, 0, std::numbers::pi / 3, true) == Approx(1 - rho / 4).epsilon(1e-13));
  CHECK(equation_17(geometry, face, 0, std::numbers::pi / 2, false) == Approx(1 - rho * 6.25).epsilon(1e-13));
  CHECK(equation_17(geometry, face, 1, 0, true) == 1);
  CHECK(second_order_limit(geometry, Eigen::Vector2d(1, 0), Eigen::Array2i(1, 1)) == Approx(1 - rho).epsilon(1e-13));
  CHECK(second_order_limit(geometry, Eigen::Vector2d(0, 1), Eigen::Array2i(1, -1)) <
        equation_17(geometry, face, 0, std::numbers::pi / 2, false));
}

TEST_CASE("many centers: climbing over signs finds what trying all of them finds") {
  // 11 centers are too many to try; the same with the last one far off, which no face joins, leaves 10.
  const kmscape::StochasticBallModel model(testing::normal_points(2, 4, 3), 0.8);
  Eigen::MatrixXd centers = testing::normal_points(2, 11, 4);
  centers.col(10) << 1e3, 1e3;
  const auto all = opposing_directions(candidate_geometry(model, centers.leftCols(10)));
  const auto climbed = opposing_directions(candidate_geometry(model, centers));
  CHECK(all.is_exhaustive);
  CHECK_FALSE(climbed.is_exhaustive);
  CHECK(climbed.second_order == Approx(all.second_order).epsilon(1e-9));
}

TEST_CASE("second-order limits refuse what is no direction of the class") {
  const kmscape::StochasticBallModel model(on_line({0, 4}), 0.5);
  const auto geometry = candidate_geometry(model, on_line({0, 4}));
  const auto limit = [&](const Eigen::VectorXd& axis, const Eigen::ArrayXi& signs) {
    return refusal([&] { static_cast<void>(second_order_limit(geometry, axis, signs)); });
  };
  CHECK(
      limit(Eigen::VectorXd::Constant(1, 2), Eigen::Array2i(1, 1)) ==
      "kmscape::second_order_limit: axis.norm() = 2, but all centers move by unit vectors (QZC equation 13); normalise "
      "the axis");
  CHECK_THAT(limit(Eigen::VectorXd::Ones(2), Eigen::Array2i(1, 1)), ContainsSubstring("axis = 2 numbers"));
  CHECK_THAT(limit(Eigen::VectorXd::Ones(1), Eigen::Array3i(1, 1, 1)), ContainsSubstring("signs = 3 numbers"));
  CHECK_THAT(limit(Eigen::VectorXd::Ones(1), Eigen::Array2i(1, 0)), ContainsSubstring("signs(1) = 0"));
  CHECK_THAT(refusal([&] { static_cast<void>(equation_17(geometry, geometry.faces[0], 2, 0, true)); }),
             ContainsSubstring("s = 2"));
}

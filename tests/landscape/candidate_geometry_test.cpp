#include <kmscape/landscape/candidate_geometry.hpp>

#include <cmath>
#include <numbers>
#include <vector>

#include <kmscape/model/center_layouts.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::candidate_geometry;
using kmscape::Index;
using testing::normal_points;
using testing::on_line;

TEST_CASE("Proposition 2's point: every quantity of section 6.1 by hand") {
  const double r = 0.3;
  const kmscape::StochasticBallModel model(kmscape::centers_on_line(3, 2.0), r);
  const auto geometry = candidate_geometry(model, on_line({-2 - r / 2, -2 + r / 2, 1}));
  CHECK(geometry.centers() == 3);
  CHECK(geometry.separation.eta_max == Approx(4 / r));
  CHECK(geometry.radius == r);
  CHECK_FALSE(geometry.is_gaussian());
  CHECK(geometry.met_clusters(0) == std::vector<Index>{0});
  CHECK(geometry.met_clusters(1) == std::vector<Index>{0});
  CHECK(geometry.met_clusters(2) == std::vector<Index>{1, 2});
  CHECK(geometry.held_clusters(0).empty());  // beta*_0 = -2 is the boundary of cells 0 and 1
  CHECK(geometry.held_clusters(1).empty());
  CHECK(geometry.held_clusters(2) == std::vector<Index>{1, 2});
  CHECK(geometry.depth(2, 1) == Approx(0.425).epsilon(1e-14));  // the boundary is at (-1.85 + 1)/2
  CHECK(geometry.cell_distance(1, 1) == Approx(0.425).epsilon(1e-14));
  REQUIRE(geometry.faces.size() == 2);
  CHECK(geometry.faces[0].half_distance == Approx(r / 2).epsilon(1e-14));
  CHECK(geometry.faces[0].density(0) == Approx(1 / (2 * r)).epsilon(1e-14));
  CHECK(geometry.faces[0].mixture_density == Approx(1 / (6 * r)).epsilon(1e-14));
  CHECK(geometry.faces[0].ball_distance(0) == 0);
  CHECK(geometry.faces[0].ball_distance(1) == 1);  // QZC's convention: the ball misses the face
  CHECK_FALSE(geometry.faces[0].meets(1));
  CHECK(geometry.deepest_cut(0) == Approx(1 / (2 * r)).epsilon(1e-14));
  CHECK(geometry.deepest_cut(1) == 0);
  CHECK(geometry.mass(0, 0) == Approx(0.5).epsilon(1e-14));
  CHECK(geometry.missing_mass(0, 0) == Approx(0.5).epsilon(1e-14));
  CHECK(geometry.cell_mass(2) == Approx(2.0 / 3).epsilon(1e-14));
  CHECK(geometry.centroid[0](0, 0) == Approx(-2 - r / 2).epsilon(1e-14));
  CHECK(geometry.cell_centroid(2)(0) == Approx(1).epsilon(1e-14));
  CHECK(geometry.distance_to_mean(2, {1, 2}) == 0);
  CHECK(geometry.distance_to_mean(2, {1}) == 1);
}

TEST_CASE("a pair that halves a disc: D, rho and the angles in the plane by hand") {
  // Face of the pair: the line x = 0; the disc around (0, 3) of radius 1/2 is cut through its center, the one around
  // (0.3, -2) in a chord of half-length 0.4 that starts 1.6 from the midpoint.
  const kmscape::StochasticBallModel model(Eigen::Matrix2d{{0, 0.3}, {3, -2}}, 0.5);
  const Eigen::MatrixXd pair = Eigen::Matrix2d{{-1, 1}, {0, 0}};
  const auto geometry = candidate_geometry(model, pair);
  REQUIRE(geometry.faces.size() == 1);
  const auto& face = geometry.faces[0];
  CHECK(face.half_distance == 1);
  CHECK(face.ball_distance(0) == Approx(2.5).epsilon(1e-15));
  CHECK(face.ball_distance(1) == Approx(1.6).epsilon(1e-15));
  CHECK((face.ball_foot.col(1) - Eigen::Vector2d(0, -1.6)).norm() < 1e-15);
  const double area = std::numbers::pi / 4;
  CHECK(face.density(0) == Approx(1 / area).epsilon(1e-14));
  CHECK(face.density(1) == Approx(0.8 / area).epsilon(1e-14));
  CHECK(face.mixture_second(1, 1) ==
        Approx((std::pow(3.5, 3) - std::pow(2.5, 3) + std::pow(2.4, 3) - std::pow(1.6, 3)) / 6 / area).epsilon(1e-13));
  CHECK(kmscape::perturbation_angle(pair, Eigen::Matrix2d{{0, -2}, {1, 0}}, 0, 1) == Approx(0).margin(1e-15));
  CHECK(kmscape::perturbation_angle(pair, Eigen::Matrix2d{{0, 0}, {1, -3}}, 0, 1) ==
        Approx(std::numbers::pi / 2).epsilon(1e-15));
  CHECK(kmscape::perturbation_angle(pair, Eigen::Matrix2d{{1, 1}, {1, 1}}, 1, 0) ==
        Approx(std::numbers::pi / 4).epsilon(1e-15));
}

TEST_CASE("a Gaussian's rho counts the face within its ball, m and the mixture the whole of it") {
  const Eigen::MatrixXd centers = normal_points(2, 4, 6), truth = normal_points(2, 2, 7);
  const kmscape::GaussianMixtureModel model(truth, 0.5);
  const auto cut = candidate_geometry(model, centers, 1.0), wide = candidate_geometry(model, centers, 12.0);
  CHECK(cut.is_gaussian());
  CHECK(cut.span == 2);
  CHECK(cut.radius == Approx(0.5 * std::sqrt(2.0)).epsilon(1e-15));
  CHECK((cut.mass == wide.mass).all());
  REQUIRE(cut.faces.size() == wide.faces.size());
  bool is_cut = false;
  for (std::size_t f = 0; f < cut.faces.size(); ++f) {
    double total = 0;
    for (Index s = 0; s < 2; ++s) {
      const double within = cut.faces[f].density(s);
      CHECK(within <= wide.faces[f].density(s));
      is_cut = is_cut || within < 0.7 * wide.faces[f].density(s);
      total += wide.faces[f].density(s) / 2;
    }
    // Twelve deviations hold everything: our cut density and PopulationObjective's whole one are then the same number.
    CHECK(total == Approx(cut.faces[f].mixture_density).epsilon(1e-12));
  }
  CHECK(is_cut);
}

TEST_CASE("balls inside one cell are inscribed, and touching ones are met") {
  // Cells are half-planes x <= 0 and x >= 0; the balls around +-1/4 of radius 1/4 touch the boundary from inside.
  const kmscape::StochasticBallModel model(Eigen::Matrix2d{{-0.25, 0.5}, {0, 0}}, 0.25);
  const auto geometry = candidate_geometry(model, Eigen::Matrix2d{{-1, 1}, {0, 0}});
  CHECK(geometry.depth(0, 0) == 0.25);  // inscribed: depth >= radius
  CHECK(geometry.meets(1, 0));          // the closed ball touches the closed cell
  CHECK_FALSE(geometry.meets(0, 1));
  CHECK(geometry.faces[0].meets(0));
  CHECK(geometry.faces[0].density(0) == 0);
  CHECK(geometry.missing_mass(0, 0) == 0);
}

TEST_CASE("coinciding centers: the first owns the cell, the second meets nothing") {
  const kmscape::StochasticBallModel model(on_line({0, 4}), 0.5);
  const auto geometry = candidate_geometry(model, on_line({0, 4, 0}));
  CHECK(geometry.owned(0));
  CHECK_FALSE(geometry.owned(2));
  CHECK(geometry.met_clusters(2).empty());
  CHECK(geometry.held_clusters(0) == std::vector<Index>{0});
  CHECK(geometry.cell_mass(2) == 0);
  CHECK(geometry.cell_centroid(2)(0) == 0);
}

TEST_CASE("a candidate's geometry refuses what it cannot mean") {
  const kmscape::StochasticBallModel model(on_line({0, 4}), 0.5);
  CHECK_THAT(refusal([&] { static_cast<void>(candidate_geometry(model, Eigen::MatrixXd::Zero(2, 2).eval())); }),
             ContainsSubstring("candidate_geometry: centers = a 2 x 2 matrix"));
  CHECK(refusal([&] {
          static_cast<void>(candidate_geometry(kmscape::StochasticBallModel(on_line({0}), 1.0), on_line({0})));
        }) ==
        "kmscape::candidate_geometry: model.components() = 1, but the theorems compare at least two true centers; "
        "pass a model with k >= 2");
  const kmscape::GaussianMixtureModel gaussian(on_line({0, 4}), 0.5);
  CHECK_THAT(refusal([&] { static_cast<void>(candidate_geometry(gaussian, on_line({0}), 0.0)); }),
             ContainsSubstring("t = 0"));
  const auto centers = on_line({0, 1});
  CHECK_THAT(refusal([&] { static_cast<void>(kmscape::perturbation_angle(centers, on_line({1}), 0, 1)); }),
             ContainsSubstring("v = a 1 x 1 matrix"));
  CHECK_THAT(refusal([&] {
               static_cast<void>(kmscape::perturbation_angle(centers, on_line({1, 0}), 0, 1));
             }),
             ContainsSubstring("v.col(1) = 0"));
  CHECK_THAT(refusal([&] {
               static_cast<void>(kmscape::perturbation_angle(on_line({1, 1}), centers, 0, 1));
             }),
             ContainsSubstring("centers 0 and 1 coincide"));
}

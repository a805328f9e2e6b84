#include <kmscape/landscape/candidate_geometry.hpp>

#include <cmath>
#include <numbers>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/model/center_layouts.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::candidate_geometry;
using kmscape::Index;
using testing::normal_points;
using testing::on_line;

namespace {

/// The two nearest centers of x and how far x is from their bisector.
struct NearestPair {
  Index first = -1, second = -1;
  double offset = 0;
};

NearestPair nearest_pair(const Eigen::MatrixXd& centers, const Eigen::VectorXd& x) {
  const Eigen::VectorXd squared = (centers.colwise() - x).colwise().squaredNorm().transpose();
  NearestPair result;
  squared.minCoeff(&result.first);
  for (Index j = 0; j < centers.cols(); ++j)
    if (j != result.first && (result.second < 0 || squared(j) < squared(result.second))) result.second = j;
  if (result.second >= 0)
    result.offset = (squared(result.second) - squared(result.first)) /
                    (2 * (centers.col(result.first) - centers.col(result.second)).norm());
  return result;
}

/// What `draws` points of every component say of masses, centroids and thin layers around the faces.
struct Sampled {
  Eigen::ArrayXXd mass;                   // m x k
  std::vector<Eigen::MatrixXd> centroid;  // k of d x m
  std::vector<Eigen::ArrayXXd> density;   // k of m x m, i < j: share within `layer` of F_ij, by twice the layer
};

template <class Model>
Sampled sampled(const Model& model, const Eigen::MatrixXd& centers, int draws, double layer, double radius_factor) {
  const Index m = centers.cols(), k = model.components(), d = centers.rows();
  Sampled result{Eigen::ArrayXXd::Zero(m, k), {}, {}};
  for (Index s = 0; s < k; ++s) {
    kmscape::RandomStream stream(kmscape::Seed{77}, static_cast<std::uint64_t>(s));
    Eigen::MatrixXd first = Eigen::MatrixXd::Zero(d, m);
    Eigen::ArrayXXd layers = Eigen::ArrayXXd::Zero(m, m);
    Eigen::Matrix<double, Model::dim, 1> x(d);
    for (int draw = 0; draw < draws; ++draw) {
      model.draw(s, stream, x);
      const auto pair = nearest_pair(centers, x);
      result.mass(pair.first, s) += 1;
      first.col(pair.first) += x;
      if (pair.offset < layer && (x - model.centers().col(s)).norm() <= radius_factor)
        layers(std::min(pair.first, pair.second), std::max(pair.first, pair.second)) += 1 / (2 * layer * draws);
    }
    for (Index i = 0; i < m; ++i) first.col(i) /= std::max(1.0, result.mass(i, s));
    result.centroid.push_back(first);
    result.density.push_back(layers);
  }
  result.mass /= draws;
  return result;
}

}  // namespace

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

TEST_CASE("balls in one to four dimensions: T, A, m, c and rho against sampling") {
  for (std::uint64_t trial = 0; trial < 8; ++trial) {
    const Index d = 1 + static_cast<Index>(trial % 4), m = 3 + static_cast<Index>(trial / 4), k = 3;
    const Eigen::MatrixXd centers = normal_points(d, m, trial), truth = normal_points(d, k, 40 + trial);
    const kmscape::StochasticBallModel model(truth, Eigen::ArrayXd(Eigen::Array3d(0.7, 1, 1.3)),
                                             Eigen::ArrayXd(Eigen::Array3d(1, 2, 1)));
    const auto geometry = candidate_geometry(model, centers);
    const int draws = 30'000;
    const double layer = 0.02;
    const auto expected = sampled(model, centers, draws, layer, 10);
    CAPTURE(trial, d, m);
    CHECK(geometry.converged);
    for (Index s = 0; s < k; ++s) {
      const auto at = static_cast<std::size_t>(s);
      const auto own = nearest_pair(centers, truth.col(s));
      for (Index i = 0; i < m; ++i) {
        const double share = expected.mass(i, s);
        if (share > 0) CHECK(geometry.meets(i, s));
        if (geometry.mass(i, s) > 0) CHECK(geometry.meets(i, s));
        if (!geometry.meets(i, s)) CHECK(geometry.cell_distance(i, s) > model.radii()(s));
        CHECK(geometry.holds(i, s) == (own.first == i));
        const double error = std::sqrt(std::max(share * (1 - share), 1.0 / draws) / draws);
        CHECK(std::abs(geometry.mass(i, s) - share) <= 5 * std::hypot(error, geometry.mass_error(i, s)));
        CHECK(geometry.missing_mass(i, s) == Approx(1 - geometry.mass(i, s)).margin(1e-9));
        if (share > 0.02) {
          const double spread = 5 * model.radii()(s) / std::sqrt(share * draws);
          CHECK((geometry.centroid[at].col(i) - expected.centroid[at].col(i)).norm() <=
                spread + 5 * geometry.centroid_error(i, s) * std::sqrt(static_cast<double>(d)));
        }
      }
      for (const auto& face : geometry.faces) {
        const double share = expected.density[at](face.i, face.j);
        const double error = std::sqrt((share + 1e-3) / (2 * layer * draws)) + layer;  // noise, and the layer's width
        if (d >= 2) CHECK(std::abs(face.density(s) - share) <= 5 * error);
        if (d == 1) {  // a face next to the end of an interval is not told from one inside by a layer
          const bool is_inside = std::abs(face.midpoint(0) - truth(0, s)) < model.radii()(s);
          CHECK(face.density(s) == Approx(is_inside ? 0.5 / model.radii()(s) : 0).epsilon(1e-14));
        }
        if (!face.meets(s)) CHECK(face.density(s) == 0);
        CHECK(face.half_distance == Approx((centers.col(face.i) - centers.col(face.j)).norm() / 2).epsilon(1e-14));
      }
    }
  }
}

TEST_CASE("a Gaussian's rho counts the face within its ball, m and c the whole cell") {
  const Eigen::MatrixXd centers = normal_points(2, 4, 6), truth = normal_points(2, 2, 7);
  const kmscape::GaussianMixtureModel model(truth, 0.5);
  const auto cut = candidate_geometry(model, centers, 1.0), wide = candidate_geometry(model, centers, 12.0);
  CHECK(cut.is_gaussian());
  CHECK(cut.span == 2);
  CHECK(cut.radius == Approx(0.5 * std::sqrt(2.0)).epsilon(1e-15));
  CHECK((cut.mass == wide.mass).all());
  const int draws = 60'000;
  const auto expected = sampled(model, centers, draws, 0.02, cut.radius);
  REQUIRE(cut.faces.size() == wide.faces.size());
  bool is_cut = false;
  for (std::size_t f = 0; f < cut.faces.size(); ++f) {
    double total = 0;
    for (Index s = 0; s < 2; ++s) {
      const auto& face = cut.faces[f];
      const double share = expected.density[static_cast<std::size_t>(s)](face.i, face.j);
      CHECK(std::abs(face.density(s) - share) <= 5 * std::sqrt((share + 1e-3) / (0.04 * draws)) + 0.02);
      CHECK(face.density(s) <= wide.faces[f].density(s));
      is_cut = is_cut || face.density(s) < 0.7 * wide.faces[f].density(s);
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

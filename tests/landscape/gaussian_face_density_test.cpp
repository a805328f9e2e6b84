#include <kmscape/landscape/gaussian_face_density.hpp>

#include <cmath>

#include <kmscape/core/random.hpp>

#include "support/catch.hpp"
#include "support/numbers.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::gaussian_face_density;
using kmscape::Index;
using kmscape::voronoi_face;
using testing::normal_below;

namespace {

double normal(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0)); }
/// By plain Monte Carlo in the bisector, with its standard error.
kmscape::FaceDensity by_sampling(const Eigen::MatrixXd& centers, Index i, Index j, const Eigen::VectorXd& mean,
                                 double sigma, double radius, int draws) {
  kmscape::RandomStream stream(kmscape::Seed{99});
  const Eigen::VectorXd along = (centers.col(j) - centers.col(i)).normalized();
  const Eigen::VectorXd middle = (centers.col(i) + centers.col(j)) / 2;
  const double height = along.dot(mean - middle);
  double hits = 0;
  Eigen::VectorXd x(centers.rows());
  for (int draw = 0; draw < draws; ++draw) {
    for (Index s = 0; s < x.size(); ++s) x(s) = sigma * stream.normal();
    x -= along * along.dot(x);
    x += mean - height * along;
    bool inside = (x - mean).norm() <= radius;
    for (Index l = 0; l < centers.cols() && inside; ++l)
      inside = l == i || l == j || (x - centers.col(l)).norm() >= (x - centers.col(i)).norm();
    hits += inside;
  }
  const double share = hits / draws, factor = normal(height / sigma) / sigma;
  return {factor * share, factor * std::sqrt(share * (1 - share) / draws)};
}

}  // namespace

TEST_CASE("a Gaussian's face density on the line is its density at the midpoint, or 0 beyond the ball") {
  const auto face = voronoi_face(testing::on_line({0, 2}), 0, 1);
  const Eigen::VectorXd mean = Eigen::VectorXd::Constant(1, 0.25);
  CHECK(gaussian_face_density(face, mean, 0.5, 1.0, 1).value == Approx(normal(1.5) / 0.5).epsilon(1e-15));
  CHECK(gaussian_face_density(face, mean, 0.5, 0.7, 1).value == 0);
}

TEST_CASE("a Gaussian's face density in the plane is a product of a density and a clipped interval") {
  // The face of 0 and 1 is the half-line {x = 0, y <= 15/8}.
  const Eigen::MatrixXd centers = Eigen::Matrix<double, 2, 3>{{-1, 1, 0}, {0, 0, 4}};
  const auto face = voronoi_face(centers, 0, 1);
  const Eigen::Vector2d mean(0.5, 1.5);
  const double sigma = 0.8, half_chord = std::sqrt(2.0 * 2.0 - 0.25);
  const auto clipped = gaussian_face_density(face, mean, sigma, 2, 2);
  CHECK(clipped.standard_error == 0);
  CHECK(clipped.value ==
        Approx(normal(0.5 / sigma) / sigma * (normal_below(0.375 / sigma) - normal_below(-half_chord / sigma)))
            .epsilon(1e-14));
  // A small ball inside the face: the whole chord counts.
  const double short_chord = std::sqrt(0.6 * 0.6 - 0.25);
  CHECK(gaussian_face_density(face, mean, sigma, 0.6, 2).value ==
        Approx(normal(0.5 / sigma) / sigma * (1 - 2 * normal_below(-short_chord / sigma))).epsilon(1e-14));
  CHECK(gaussian_face_density(face, Eigen::Vector2d(0, 4), sigma, 2, 2).value == 0);  // the ball misses the face
}

TEST_CASE("two centers in three dimensions: the slice's chi-square mass in closed form") {
  const Eigen::MatrixXd centers = Eigen::Matrix<double, 3, 2>{{0, 2}, {0, 0}, {0, 0}};
  const auto density = gaussian_face_density(voronoi_face(centers, 0, 1), Eigen::Vector3d(0.4, 7, -3), 0.5, 1, 3);
  CHECK(density.value == Approx(normal(1.2) / 0.5 * (1 - std::exp(-(1 - 0.36) / (2 * 0.25)))).epsilon(1e-14));
}

TEST_CASE("face densities in three and more dimensions agree with sampling in the bisector") {
  int exact = 0, estimated = 0;
  for (std::uint64_t trial = 0; trial < 12; ++trial) {
    const Index d = 3 + static_cast<Index>(trial % 3), m = 3 + static_cast<Index>(trial / 3 % 3);
    const Eigen::MatrixXd centers = testing::normal_points(d, m, trial);
    const Eigen::VectorXd mean = 0.5 * testing::normal_points(d, 1, 50 + trial);
    CAPTURE(trial, d, m);
    for (Index j = 1; j < m; ++j) {
      const auto face = voronoi_face(centers, 0, j);
      const auto density = gaussian_face_density(face, mean, 0.7, 1.6, d);
      const auto sampled = by_sampling(centers, 0, j, mean, 0.7, 1.6, 20'000);
      CHECK(std::abs(density.value - sampled.value) <=
            4.5 * std::hypot(sampled.standard_error, density.standard_error) + 1e-12);
      CHECK(density.standard_error <= 0.003);
      ++(density.standard_error > 0 ? estimated : exact);
    }
  }
  CHECK(exact > 10);
  CHECK(estimated > 10);
}

TEST_CASE("dimensions beyond those of all centers do not change a face density") {
  // span = 4 in 4 dimensions, and the same centers with three zero coordinates more.
  const Eigen::MatrixXd centers = testing::normal_points(4, 3, 8);
  const Eigen::VectorXd mean = testing::normal_points(4, 1, 9) / 2;
  Eigen::MatrixXd padded = Eigen::MatrixXd::Zero(7, 3);
  padded.topRows(4) = centers;
  Eigen::VectorXd padded_mean = Eigen::VectorXd::Zero(7);
  padded_mean.head(4) = mean;
  const auto plain = gaussian_face_density(voronoi_face(centers, 0, 1), mean, 1, 2, 4);
  CHECK(plain.value > 0);
  CHECK(gaussian_face_density(voronoi_face(padded, 0, 1), padded_mean, 1, 2, 4).value ==
        Approx(plain.value).epsilon(1e-12));
}

TEST_CASE("a Gaussian's face density refuses what it cannot mean") {
  const auto face = voronoi_face(testing::on_line({0, 2}), 0, 1);
  const Eigen::VectorXd mean = Eigen::VectorXd::Zero(1);
  CHECK(refusal([&] { static_cast<void>(gaussian_face_density(face, mean, 0, 1, 1)); }) ==
        "kmscape::gaussian_face_density: sigma = 0, but a standard deviation is positive and finite; pass sigma > 0");
  CHECK_THAT(refusal([&] { static_cast<void>(gaussian_face_density(face, mean, 1, -1, 1)); }),
             ContainsSubstring("radius = -1"));
  CHECK_THAT(refusal([&] { static_cast<void>(gaussian_face_density(face, mean, 1, 1, 2)); }),
             ContainsSubstring("span = 2"));
  CHECK_THAT(refusal([&] { static_cast<void>(gaussian_face_density(face, mean, 1, 1, 1, {.directions = 0})); }),
             ContainsSubstring("options.directions = 0"));
  CHECK_THAT(refusal([&] { static_cast<void>(gaussian_face_density(face, mean, 1, 1, 1, {.replicates = 1})); }),
             ContainsSubstring("options.replicates = 1"));
}

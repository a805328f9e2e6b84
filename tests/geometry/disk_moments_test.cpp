#include <kmscape/geometry/disk_moments.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/geometry/interval_moments.hpp>

#include "support/catch.hpp"
#include "support/plane_quadrature.hpp"

using kmscape::ball_moments;
using kmscape::ConvexPolygon;
using kmscape::HalfPlane;
using kmscape::Index;
using kmscape::PlaneMoments;
using kmscape::Seed;

namespace {

/// Half-planes with random directions, at distances around the origin from -near to 1.
std::vector<HalfPlane> random_half_planes(int count, double near, std::uint64_t seed) {
  kmscape::RandomStream stream{Seed(seed)};
  std::vector<HalfPlane> result;
  for (int e = 0; e < count; ++e) {
    const double angle = 2 * std::numbers::pi * stream.uniform();
    result.push_back({Eigen::Vector2d(std::cos(angle), std::sin(angle)), stream.uniform() * (1 + near) - near, e});
  }
  return result;
}

double distance(const PlaneMoments& a, const PlaneMoments& b) {
  return std::max({std::abs(a.mass - b.mass), (a.first - b.first).cwiseAbs().maxCoeff(),
                   (a.second - b.second).cwiseAbs().maxCoeff()});
}

}  // namespace

TEST_CASE("moments of discs and of balls' shadows over random polygons against plain quadrature") {
  for (const Index dimension : {2, 3, 4, 5, 8, 13})
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      CAPTURE(dimension, seed);
      const auto half_planes = random_half_planes(static_cast<int>(seed % 5) + 1, seed % 2 == 0 ? 0.4 : 0.0, seed);
      const Eigen::Vector2d center(0.1, -0.05);
      const double radius = 1.1, power = static_cast<double>(dimension) / 2 - 1;
      const auto exact = ball_moments(ConvexPolygon(half_planes), center, radius, dimension);
      const auto plain = testing::plane_quadrature(half_planes, center, radius, 1, [power](const Eigen::Vector2d& y) {
        return (power + 1) * std::numbers::inv_pi * std::pow(std::max(0.0, 1 - y.squaredNorm()), power);
      });
      // The quadrature's own error, where the density ends in a jump or a root; half-planes below allow 1e-11.
      CHECK(distance(exact, plain) < 2e-9);
    }
}

TEST_CASE("a half-plane's moments are those of an interval") {
  for (const Index dimension : {2, 3, 6, 7, 20})
    for (const double h : {-0.99, -0.6, -1e-9, 0.0, 0.2, 0.75, 0.999}) {
      CAPTURE(dimension, h);
      const Eigen::Vector2d normal(0.6, 0.8), center(3, -2);
      const ConvexPolygon polygon(std::vector<HalfPlane>{{normal, normal.dot(center) + 0.5 * h, 0}});
      const auto moments = ball_moments(polygon, center, 0.5, dimension);
      const auto interval = kmscape::ball_interval_moments(-1, h, dimension);
      CHECK(moments.mass == Approx(interval.mass).epsilon(1e-11).margin(1e-15));
      CHECK(moments.first.dot(normal) == Approx(interval.first).epsilon(1e-11).margin(1e-15));
      CHECK(normal.dot(moments.second * normal) == Approx(interval.second).epsilon(1e-11).margin(1e-15));
    }
}

TEST_CASE("a disc's small caps and corners keep their digits") {
  // A cap of height 1e-8, and a right-angled corner with legs of 1e-7 at the far end of the disc.
  const double height = 0x1p-27;
  const auto cap = ball_moments(ConvexPolygon(std::vector<HalfPlane>{{{-1, 0}, height - 1, 0}}), {0, 0}, 1);
  const double series = 4.0 / 3 * std::sqrt(2.0) * std::pow(height, 1.5) * (1 - 3 * height / 20) * std::numbers::inv_pi;
  CHECK(cap.mass == Approx(series).epsilon(1e-13).margin(0));
  CHECK(cap.first.x() / cap.mass == Approx(1 - 0.6 * height).epsilon(1e-15));
  const double leg = 0x1p-23;
  const auto corner = ball_moments(
      ConvexPolygon(std::vector<HalfPlane>{{{-1, 0}, -0.5, 0},
                                           {{0, -1}, -0.25, 1},
                                           {Eigen::Vector2d(1, 1).normalized(), (0.75 + leg) / std::sqrt(2.0), 2}}),
      {0, 0}, 1);
  CHECK(corner.mass == Approx(leg * leg / 2 * std::numbers::inv_pi).epsilon(1e-8).margin(0));
  CHECK(corner.first.x() / corner.mass == Approx(0.5 + leg / 3).epsilon(1e-14));
}

TEST_CASE("small caps of high balls' shadows keep their digits") {
  for (const Index dimension : {3, 4, 9})
    for (const double h : {0.5, 0.9, 0.9999}) {
      CAPTURE(dimension, h);
      const auto moments = ball_moments(ConvexPolygon(std::vector<HalfPlane>{{{-1, 0}, -h, 0}}), {0, 0}, 1, dimension);
      const auto interval = kmscape::ball_interval_moments(h, 1, dimension);
      CHECK(moments.mass == Approx(interval.mass).epsilon(1e-11).margin(0));
      CHECK(moments.first.x() == Approx(interval.first).epsilon(1e-11).margin(0));
    }
}

TEST_CASE("a disc inside, outside, and touched by the polygon's edges and corners") {
  const auto box = [](double left, double right, double low, double high) {
    return ConvexPolygon(
        std::vector<HalfPlane>{{{1, 0}, right, 0}, {{-1, 0}, -left, 1}, {{0, 1}, high, 2}, {{0, -1}, -low, 3}});
  };
  for (const Index dimension : {2, 3, 4}) {
    CAPTURE(dimension);
    const double variance = 1 / static_cast<double>(dimension + 2);
    CHECK(ball_moments(box(-2, 2, -2, 2), {0, 0}, 1, dimension).mass == 1);
    CHECK(ball_moments(box(-1, 1, -1, 1), {0, 0}, 1, dimension).second(0, 0) == Approx(variance).epsilon(1e-14));
    CHECK(ball_moments(box(1, 3, -2, 2), {0, 0}, 1, dimension).mass == 0);
    CHECK(ball_moments(box(1.5, 3, -2, 2), {0, 0}, 1, dimension).mass == 0);
    CHECK(ball_moments(ConvexPolygon(), {5, 5}, 1, dimension).mass == 1);
    // A quadrant with its corner on the center, and one ulp beside it.
    for (const double shift : {0.0, 1e-17, -1e-17}) {
      const auto quarter = ball_moments(box(shift, 9, shift, 9), {0, 0}, 1, dimension);
      CHECK(quarter.mass == Approx(0.25).epsilon(1e-14));
      CHECK(quarter.second.trace() == Approx(variance / 2).epsilon(1e-14));
    }
    // Four corners of the box just outside the circle, on it, and inside it.
    for (const double half : {0.70711, std::sqrt(0.5), 0.7071}) {
      const auto all = ball_moments(box(-half, half, -half, half), {0, 0}, 1, dimension);
      const auto cap = kmscape::ball_interval_moments(half, 1, dimension);
      CHECK(all.mass == Approx(1 - 4 * cap.mass).epsilon(1e-8));
      CHECK(all.first.norm() < 1e-15);
    }
  }
}

TEST_CASE("a disc is the sum of its parts in a Voronoi diagram") {
  kmscape::RandomStream stream{Seed(8)};
  for (const Index dimension : {2, 3, 6, 11}) {
    const Eigen::Matrix2Xd centers = Eigen::Matrix2Xd::NullaryExpr(2, 7, [&] { return stream.normal(); });
    PlaneMoments sum;
    for (Index i = 0; i < 7; ++i) {
      const auto part = ball_moments(kmscape::voronoi_cell(centers, i), {0.3, 0.2}, 0.9, dimension);
      CHECK(part.mass >= 0);
      sum.mass += part.mass;
      sum.first += part.first;
      sum.second += part.second;
    }
    CHECK(distance(sum, {1, Eigen::Vector2d::Zero(),
                         Eigen::Matrix2d::Identity() / static_cast<double>(dimension + 2)}) < 1e-14);
  }
}

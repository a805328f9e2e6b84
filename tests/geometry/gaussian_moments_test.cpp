#include <kmscape/geometry/gaussian_moments.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/geometry/interval_moments.hpp>

#include "support/catch.hpp"
#include "support/numbers.hpp"
#include "support/plane_quadrature.hpp"
#include "support/trials.hpp"

using kmscape::ConvexPolygon;
using kmscape::gaussian_moments;
using kmscape::HalfPlane;
using kmscape::Index;
using kmscape::normal_interval_moments;
using kmscape::PlaneMoments;
using kmscape::Seed;
using testing::infinity;

namespace {

ConvexPolygon box(double left, double right, double low, double high) {
  std::vector<HalfPlane> sides;
  if (std::isfinite(right)) sides.push_back({{1, 0}, right, 0});
  if (std::isfinite(left)) sides.push_back({{-1, 0}, -left, 1});
  if (std::isfinite(high)) sides.push_back({{0, 1}, high, 2});
  if (std::isfinite(low)) sides.push_back({{0, -1}, -low, 3});
  return ConvexPolygon(sides);
}

}  // namespace

TEST_CASE("a Gaussian over random polygons against plain quadrature") {
  kmscape::RandomStream stream{Seed(3)};
  for (int trial = 0; trial < testing::trials(24); ++trial) {
    CAPTURE(trial);
    std::vector<HalfPlane> half_planes;
    for (int e = 0; e <= trial % 5; ++e) {
      const double angle = 2 * std::numbers::pi * stream.uniform();
      half_planes.push_back({{std::cos(angle), std::sin(angle)}, trial % 3 - 0.5 + stream.uniform(), e});
    }
    const Eigen::Vector2d center(0.3, -0.2);
    const auto exact = gaussian_moments(ConvexPolygon(half_planes), center, 0.8);
    const auto plain = testing::plane_quadrature(half_planes, center, 0.8, 9, [](const Eigen::Vector2d& y) {
      return std::exp(-y.squaredNorm() / 2) / (2 * std::numbers::pi);
    });
    CHECK(exact.mass == Approx(plain.mass).epsilon(0).margin(2e-12));
    CHECK((exact.first - plain.first).norm() < 2e-12);
    CHECK((exact.second - plain.second).norm() < 2e-12);
  }
}

TEST_CASE("a Gaussian over boxes is a product, relatively exact far in the tail") {
  const struct {
    double left, right, low, high;
  } boxes[] = {{-1, 2, -0.5, 0.25}, {0, infinity, 0, infinity},  {-1e-17, infinity, 1e-17, infinity},
               {3, 4, -1, 1},       {10, infinity, -2, 3},       {12, 14, -infinity, infinity},
               {5, 6, 5, infinity}, {-20, -15, 9, 11},           {0.5, infinity, -infinity, 0.25},
               {-9, 9, -9, 9},      {-infinity, infinity, -3, 8}};
  for (const auto& [left, right, low, high] : boxes) {
    CAPTURE(left, right, low, high);
    const Eigen::Vector2d center(1, -3);
    const double sigma = 0.5;  // powers of two: nothing is rounded
    const auto moments = gaussian_moments(
        box(center.x() + sigma * left, center.x() + sigma * right, center.y() + sigma * low, center.y() + sigma * high),
        center, sigma);
    const auto across = normal_interval_moments(left, right), up = normal_interval_moments(low, high);
    CHECK(moments.mass == Approx(across.mass * up.mass).epsilon(1e-12).margin(0));
    CHECK(moments.first.x() == Approx(across.first * up.mass).epsilon(1e-12).margin(1e-16 * moments.mass + 1e-300));
    CHECK(moments.first.y() == Approx(across.mass * up.first).epsilon(1e-12).margin(1e-16 * moments.mass + 1e-300));
    CHECK(moments.second(0, 0) == Approx(across.second * up.mass).epsilon(1e-11).margin(0));
    CHECK(moments.second(0, 1) == Approx(across.first * up.first).epsilon(1e-11).margin(1e-15 * moments.mass));
    CHECK(moments.second(1, 0) == Approx(across.first * up.first).epsilon(1e-11).margin(1e-15 * moments.mass));
    CHECK(moments.second(1, 1) == Approx(across.mass * up.second).epsilon(1e-11).margin(0));
  }
}

TEST_CASE("a Gaussian's mass does not jump where its center crosses an edge, a corner, or the change of formula") {
  kmscape::RandomStream stream{Seed(6)};
  const Eigen::Matrix2Xd centers = Eigen::Matrix2Xd::NullaryExpr(2, 5, [&] { return stream.normal(); });
  for (Index i = 0; i < 5; ++i) {
    const auto cell = kmscape::voronoi_cell(centers, i);
    std::vector<Eigen::Vector2d> places = cell.corners();
    for (const auto& edge : cell.edges())
      for (const double beside : {0.0, 0.7, -0.7})
        places.push_back(edge.at(std::clamp(0.0, edge.from, edge.to)) + beside * edge.normal);
    for (const auto& place : places) {
      const double here = gaussian_moments(cell, place, 1).mass;
      for (int turn = 0; turn < 8; ++turn) {
        const double angle = turn * std::numbers::pi / 4;
        const Eigen::Vector2d aside = place + 1e-13 * Eigen::Vector2d(std::cos(angle), std::sin(angle));
        CHECK(gaussian_moments(cell, aside, 1).mass == Approx(here).margin(2e-13));
      }
    }
  }
}

TEST_CASE("a Gaussian is the sum of its parts in a Voronoi diagram") {
  kmscape::RandomStream stream{Seed(8)};
  for (const double spread : {0.01, 1.0, 6.0}) {
    const Eigen::Matrix2Xd centers = Eigen::Matrix2Xd::NullaryExpr(2, 7, [&] { return spread * stream.normal(); });
    PlaneMoments sum;
    for (Index i = 0; i < 7; ++i) {
      const auto part = gaussian_moments(kmscape::voronoi_cell(centers, i), {0.3, 0.2}, 0.9);
      sum.mass += part.mass;
      sum.first += part.first;
      sum.second += part.second;
    }
    CHECK(sum.mass == Approx(1).epsilon(1e-14));
    CHECK(sum.first.norm() < 1e-14);
    CHECK((sum.second - Eigen::Matrix2d::Identity()).norm() < 1e-13);
  }
}

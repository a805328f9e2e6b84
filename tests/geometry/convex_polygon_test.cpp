#include <kmscape/geometry/convex_polygon.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <kmscape/geometry/gaussian_moments.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::ConvexPolygon;
using kmscape::HalfPlane;
using kmscape::Index;

namespace {

HalfPlane half_plane(double x, double y, double offset, Index origin = -1) {
  return {Eigen::Vector2d(x, y).normalized(), offset, origin};
}

double area(const ConvexPolygon& polygon) {
  const auto corners = polygon.corners();
  double sum = 0;
  for (std::size_t c = 0; c < corners.size(); ++c) {
    const auto &a = corners[c], &b = corners[(c + 1) % corners.size()];
    sum += (a.x() * b.y() - a.y() * b.x()) / 2;
  }
  return sum;
}

}  // namespace

TEST_CASE("a square from four half-planes in any order, with redundant ones left out") {
  const ConvexPolygon square(std::vector<HalfPlane>{half_plane(0, 1, 1, 10), half_plane(1, 0, 2, 11),
                                                    half_plane(1, 1, 9, 12), half_plane(0, -1, 1, 13),
                                                    half_plane(-1, 0, 2, 14), half_plane(1, 0, 3, 15)});
  REQUIRE(square.edges().size() == 4);
  CHECK(square.is_bounded());
  CHECK(area(square) == Approx(8).epsilon(1e-15));
  for (std::size_t e = 0; e < 4; ++e) {
    const auto &edge = square.edges()[e], &next = square.edges()[(e + 1) % 4];
    CHECK((edge.at(edge.to) - next.at(next.from)).norm() < 1e-15);
    CHECK(edge.origin != 12);
    CHECK(edge.origin != 15);
  }
  CHECK(square.contains({1.5, -1}));
  CHECK_FALSE(square.contains({1.5, 1.25}));
}

TEST_CASE("unbounded polygons: plane, half-plane, strip and wedge") {
  CHECK(ConvexPolygon().is_plane());
  CHECK_FALSE(ConvexPolygon().is_bounded());
  CHECK(ConvexPolygon().contains({1e9, -3}));

  const ConvexPolygon half(std::vector<HalfPlane>{half_plane(1, 1, 2)});
  REQUIRE(half.edges().size() == 1);
  CHECK(std::isinf(half.edges()[0].from));
  CHECK(std::isinf(half.edges()[0].to));

  const ConvexPolygon strip(std::vector<HalfPlane>{half_plane(1, 0, 2), half_plane(-1, 0, 1), half_plane(1, 0, 5)});
  CHECK(strip.edges().size() == 2);
  CHECK(strip.corners().empty());

  const ConvexPolygon wedge(std::vector<HalfPlane>{half_plane(-1, 0, 0), half_plane(0, -1, 0)});
  REQUIRE(wedge.edges().size() == 2);
  CHECK_FALSE(wedge.is_bounded());
  REQUIRE(wedge.corners().size() == 1);
  CHECK(wedge.corners()[0].norm() == 0);
}

TEST_CASE("empty polygons: contradictory, touching and equal half-planes") {
  CHECK(ConvexPolygon(std::vector<HalfPlane>{half_plane(1, 0, -1), half_plane(-1, 0, -1)}).is_empty());
  CHECK(ConvexPolygon(std::vector<HalfPlane>{half_plane(1, 0, 1), half_plane(-1, 0, -1)}).is_empty());
  CHECK(ConvexPolygon(std::vector<HalfPlane>{half_plane(0, 1, 0), half_plane(1, -1, 0), half_plane(-1, -1, -1)})
            .is_empty());
  const ConvexPolygon twice(std::vector<HalfPlane>{half_plane(1, 0, 1, 4), half_plane(1, 0, 1, 5)});
  REQUIRE(twice.edges().size() == 1);
  CHECK(twice.edges()[0].origin == 4);
}

TEST_CASE("a regular polygon keeps its edges in order for any turn") {
  for (const double turn : {0.0, 1e-9, 0.1, 1.0, 2.9}) {
    std::vector<HalfPlane> sides;
    for (int e = 0; e < 48; ++e) {
      const double angle = turn + (29 * e % 48) * std::numbers::pi / 24;
      sides.push_back(half_plane(std::cos(angle), std::sin(angle), 1));
    }
    const ConvexPolygon polygon(sides);
    CHECK(polygon.edges().size() == 48);
    CHECK(area(polygon) == Approx(48 * std::tan(std::numbers::pi / 48)).epsilon(1e-13));
  }
}

TEST_CASE("a lens between two almost equal lines stays closed") {
  // Lines that cross at an angle of 1e-9: the crossing is known to 1e-7 along them only, the area to 1e-16.
  const double angle = 1e-9;
  const ConvexPolygon sliver(std::vector<HalfPlane>{half_plane(std::sin(angle), std::cos(angle), 0.5 * std::cos(angle)),
                                                    half_plane(0, -1, -0.5), half_plane(-1, 0, 1)});
  REQUIRE(sliver.edges().size() == 3);
  for (std::size_t e = 0; e < 3; ++e) {
    const auto &edge = sliver.edges()[e], &next = sliver.edges()[(e + 1) % 3];
    CHECK((edge.at(edge.to) - next.at(next.from)).norm() < 1e-15);
  }
  CHECK(area(sliver) == Approx(angle / 2).margin(1e-15));
}

TEST_CASE("half-planes that leave one line up to rounding leave no polygon with mass") {
  // Faces of cells whose centers lie on one sphere: many bounding lines coincide, with either side taken.
  for (int turn = 0; turn < 2000; ++turn) {
    const double angle = 0.37 * turn;
    const Eigen::Vector2d normal(std::cos(angle), std::sin(angle)), point(std::sin(7 * angle), 3 * std::cos(5 * angle));
    std::vector<HalfPlane> half_planes;
    for (const double sign : {1.0, -1.0, 1.0, -1.0}) {
      const double tilt = angle + 3e-17 * (turn % 7) * static_cast<double>(half_planes.size());
      const Eigen::Vector2d own =
          sign * (half_planes.size() < 2 ? normal : Eigen::Vector2d(std::cos(tilt), std::sin(tilt)));
      half_planes.push_back({own, std::nextafter(own.dot(point), turn % 2 ? 9.0 : -9.0), 0});
    }
    const ConvexPolygon polygon(half_planes);
    CHECK(kmscape::gaussian_moments(polygon, Eigen::Vector2d::Zero(), 1.0).mass < 1e-13);
  }
}

TEST_CASE("a Voronoi cell names its neighbours and holds the points that are nearest to its center") {
  const Eigen::MatrixXd centers = testing::normal_points(2, 9, 4), points = 2 * testing::normal_points(2, 400, 5);
  std::vector<ConvexPolygon> cells;
  for (Index i = 0; i < 9; ++i) cells.push_back(kmscape::voronoi_cell(centers, i));
  for (Index q = 0; q < points.cols(); ++q) {
    Index nearest = -1;
    (centers.colwise() - points.col(q)).colwise().squaredNorm().minCoeff(&nearest);
    for (Index i = 0; i < 9; ++i) CHECK(cells[static_cast<std::size_t>(i)].contains(points.col(q)) == (i == nearest));
  }
  for (Index i = 0; i < 9; ++i)
    for (const auto& edge : cells[static_cast<std::size_t>(i)].edges()) {
      const double s = std::isfinite(edge.from) ? edge.from + (std::isfinite(edge.to) ? (edge.to - edge.from) / 2 : 1)
                       : std::isfinite(edge.to) ? edge.to - 1
                                                : 0;
      const auto point = edge.at(s);
      CHECK((point - centers.col(i)).norm() == Approx((point - centers.col(edge.origin)).norm()).epsilon(1e-12));
      const auto& back = cells[static_cast<std::size_t>(edge.origin)].edges();
      CHECK(std::any_of(back.begin(), back.end(), [&](const auto& other) { return other.origin == i; }));
    }
}

TEST_CASE("of coinciding centers the first owns the Voronoi cell") {
  const Eigen::Matrix<double, 2, 3> centers{{0, 0, 1}, {0, 0, 0}};
  CHECK(kmscape::voronoi_cell(centers, 1).is_empty());
  const auto first = kmscape::voronoi_cell(centers, 0), last = kmscape::voronoi_cell(centers, 2);
  REQUIRE(first.edges().size() == 1);
  CHECK(first.edges()[0].origin == 2);
  REQUIRE(last.edges().size() == 1);
  CHECK(last.edges()[0].origin == 0);
}

TEST_CASE("a Voronoi cell refuses what is no plane and no center") {
  CHECK(refusal([] { (void)kmscape::voronoi_cell(Eigen::MatrixXd::Zero(3, 2), 0); }) ==
        "kmscape::voronoi_cell: centers.rows() = 3, but cells are polygons in the plane only; pass 2 x k centers");
  CHECK(refusal([] { (void)kmscape::voronoi_cell(Eigen::MatrixXd::Zero(2, 2), 2); }) ==
        "kmscape::voronoi_cell: i = 2, but centers are numbered 0, ..., k - 1; pass an index in this range");
}

#include <kmscape/geometry/voronoi_cells.hpp>

#include <cmath>
#include <limits>

#include <kmscape/core/random.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/trials.hpp"

using kmscape::depth;
using kmscape::Index;
using kmscape::nearest_in_cell;
using kmscape::nearest_in_face;
using kmscape::nearest_in_face_and_ball;
using kmscape::polyhedral_cell;
using kmscape::voronoi_face;
using testing::normal_points;
using testing::on_line;

namespace {

Index nearest(const Eigen::MatrixXd& centers, const Eigen::VectorXd& x) {
  Index index = 0;
  (centers.colwise() - x).colwise().squaredNorm().minCoeff(&index);
  return index;
}

/// How much farther the nearest of the other centers is than centers i and j, which are equally far from x.
double lead(const Eigen::MatrixXd& centers, const Eigen::VectorXd& x, Index i, Index j) {
  double least = std::numeric_limits<double>::infinity();
  for (Index l = 0; l < centers.cols(); ++l)
    if (l != i && l != j) least = std::min(least, (centers.col(l) - x).norm() - (centers.col(i) - x).norm());
  return least;
}

/// A random point of the bisector of centers i and j.
Eigen::VectorXd on_bisector(const Eigen::MatrixXd& centers, Index i, Index j, double spread,
                            kmscape::RandomStream& stream) {
  Eigen::VectorXd x(centers.rows());
  for (double& coordinate : x) coordinate = spread * stream.normal();
  const Eigen::VectorXd along = (centers.col(j) - centers.col(i)).normalized();
  x -= along * along.dot(x);
  return x + (centers.col(i) + centers.col(j)) / 2;
}

}  // namespace

TEST_CASE("on the line: depths, distances and neighbours by hand") {
  const auto centers = on_line({4, 0, 1});
  const auto middle = polyhedral_cell(centers, 2);  // [0.5, 2.5]
  CHECK(depth(middle, Eigen::VectorXd::Constant(1, 1.0)) == 0.5);
  CHECK(depth(middle, Eigen::VectorXd::Constant(1, 2.0)) == 0.5);
  CHECK(depth(middle, Eigen::VectorXd::Constant(1, 2.5)) == 0);
  CHECK(depth(middle, Eigen::VectorXd::Constant(1, 4.0)) == -1.5);
  const auto from_right = nearest_in_cell(middle, Eigen::VectorXd::Constant(1, 4.0));
  CHECK(from_right.distance == 1.5);
  CHECK(from_right.point(0) == 2.5);
  CHECK(nearest_in_cell(middle, Eigen::VectorXd::Constant(1, 0.75)).distance == 0);
  const auto neighbours = kmscape::adjacency(centers);
  CHECK(neighbours(0, 2));
  CHECK(neighbours(2, 1));
  CHECK_FALSE(neighbours(0, 1));
  CHECK_FALSE(neighbours(1, 1));
  const auto face = voronoi_face(centers, 0, 2);
  CHECK(face.half_distance == 1.5);
  CHECK(nearest_in_face(face, Eigen::VectorXd::Constant(1, 0.0)).distance == 2.5);
  CHECK(nearest_in_face_and_ball(face, Eigen::VectorXd::Constant(1, 3.0), 0.5).distance == 0);  // touches
  CHECK_FALSE(nearest_in_face_and_ball(face, Eigen::VectorXd::Constant(1, 3.0), 0.4).exists);
}

TEST_CASE("one center owns the space") {
  const auto cell = polyhedral_cell(on_line({3}), 0);
  CHECK(std::isinf(depth(cell, Eigen::VectorXd::Zero(1))));
  CHECK(nearest_in_cell(cell, Eigen::VectorXd::Zero(1)).distance == 0);
  CHECK(kmscape::adjacency(on_line({3})).sum() == 0);
}

TEST_CASE("of coinciding centers the first owns the cell and its faces") {
  const auto centers = on_line({0, 2, 0});
  CHECK(polyhedral_cell(centers, 0).owned);
  const auto second = polyhedral_cell(centers, 2);
  CHECK_FALSE(second.owned);
  CHECK(depth(second, Eigen::VectorXd::Zero(1)) == -std::numeric_limits<double>::infinity());
  CHECK_FALSE(nearest_in_cell(second, Eigen::VectorXd::Zero(1)).exists);
  CHECK(voronoi_face(centers, 0, 1).adjacent);
  CHECK_FALSE(voronoi_face(centers, 1, 2).adjacent);
  CHECK_FALSE(voronoi_face(centers, 0, 2).adjacent);
  CHECK_FALSE(nearest_in_face(voronoi_face(centers, 0, 2), Eigen::VectorXd::Zero(1)).exists);
}

TEST_CASE("a corner of a square's diagram: the cells across meet in a point only") {
  const Eigen::MatrixXd square = Eigen::Matrix<double, 2, 4>{{0, 1, 1, 0}, {0, 0, 1, 1}};
  const auto neighbours = kmscape::adjacency(square);
  CHECK(neighbours.cast<int>().sum() == 8);
  CHECK_FALSE(neighbours(0, 2));
  CHECK_FALSE(neighbours(1, 3));
  // Pushing one corner in by 0.001 opens a face: the circumcenters of the two triangles part.
  Eigen::MatrixXd pushed = square;
  pushed(0, 2) = pushed(1, 2) = 0.999;
  CHECK(kmscape::adjacency(pushed)(0, 2));
  CHECK_FALSE(kmscape::adjacency(pushed)(1, 3));
  const auto cell = polyhedral_cell(square, 0);
  const auto corner = nearest_in_cell(cell, Eigen::Vector2d(1.5, 2.5));
  CHECK((corner.point - Eigen::Vector2d(0.5, 0.5)).norm() < 1e-15);
  CHECK(corner.distance == Approx(std::sqrt(5.0)).epsilon(1e-15));
}

TEST_CASE("faces next to a pair that is a millionth apart are still told from none") {
  // beta_2 stands 1e-6 beside beta_1, behind it as seen from beta_0: the bisector of 0 and 2 is cut off near the line
  // through them, but reached far away, at height about 0.5e6, where the bisector of 1 and 2 crosses.
  const Eigen::MatrixXd centers = Eigen::Matrix<double, 2, 3>{{0, 1, 1}, {0, 0, 1e-6}};
  const auto neighbours = kmscape::adjacency(centers);
  CHECK(neighbours(0, 1));
  CHECK(neighbours(0, 2));
  CHECK(neighbours(1, 2));
  const Eigen::MatrixXd behind = Eigen::Matrix<double, 2, 3>{{0, 1, 1 + 1e-6}, {0, 0, 0}};
  CHECK_FALSE(kmscape::adjacency(behind)(0, 2));
  CHECK(kmscape::adjacency(behind)(0, 1));
  // The face of 0 and 1 ends where all three distances agree, at height 0.5e-6.
  const auto foot = nearest_in_face(voronoi_face(centers, 0, 2), Eigen::Vector2d(0.5, -3.0));
  CHECK(foot.point(1) == Approx(0.5e-6).epsilon(0).margin(4e-15));
}

TEST_CASE("in 1 to 6 dimensions, the nearest point of a cell obeys the variational inequality") {
  // p is nearest to x iff p lies in the cell and (x - p) . (z - p) <= 0 for every z of the cell.
  kmscape::RandomStream stream(kmscape::Seed{17});
  int outside = 0;
  for (std::uint64_t trial = 0; trial < testing::trials(150u); ++trial) {
    const Index d = 1 + stream.index(6), k = 2 + stream.index(8);
    const Eigen::MatrixXd centers = normal_points(d, k, 2 * trial), probes = 2 * normal_points(d, 400, 2 * trial + 1);
    const Eigen::VectorXd x = 2 * normal_points(d, 1, 9000 + trial);
    CAPTURE(trial, d, k);
    for (Index i = 0; i < k; ++i) {
      const auto cell = polyhedral_cell(centers, i);
      const auto foot = nearest_in_cell(cell, x);
      REQUIRE(foot.converged);
      CHECK(depth(cell, foot.point) >= -1e-12);
      CHECK((foot.distance == 0) == (nearest(centers, x) == i));
      CHECK((depth(cell, x) > 0) == (nearest(centers, x) == i));
      CHECK(foot.distance == Approx((foot.point - x).norm()).margin(1e-14));
      outside += foot.distance > 0;
      for (Index p = 0; p < probes.cols(); ++p)
        if (nearest(centers, probes.col(p)) == i) CHECK((x - foot.point).dot(probes.col(p) - foot.point) <= 1e-11);
    }
  }
  CHECK(outside > testing::trials(300));
}

TEST_CASE("depth is the radius of the largest inscribed ball") {
  kmscape::RandomStream stream(kmscape::Seed{4});
  const Eigen::MatrixXd centers = normal_points(3, 6, 1);
  for (Index i = 0; i < 6; ++i) {
    const auto cell = polyhedral_cell(centers, i);
    const Eigen::VectorXd x = centers.col(i);
    const double radius = depth(cell, x);
    bool escapes = false;
    Eigen::VectorXd direction(3);
    for (int ray = 0; ray < testing::trials(4000); ++ray) {
      stream.unit_ball(direction);
      direction.normalize();
      CHECK(nearest(centers, x + 0.999999 * radius * direction) == i);
      escapes = escapes || nearest(centers, x + 1.05 * radius * direction) != i;
    }
    CHECK(escapes);
  }
}

TEST_CASE("adjacency has a witness, and where it has none no sample of the bisector finds one") {
  kmscape::RandomStream stream(kmscape::Seed{23});
  int apart = 0, together = 0;
  for (std::uint64_t trial = 0; trial < 60; ++trial) {
    const Index d = 2 + stream.index(3), k = 3 + stream.index(9);
    const Eigen::MatrixXd centers = normal_points(d, k, 300 + trial);
    CAPTURE(trial, d, k);
    for (Index i = 0; i < k; ++i)
      for (Index j = i + 1; j < k; ++j) {
        const auto face = voronoi_face(centers, i, j);
        CHECK(face.adjacent == voronoi_face(centers, j, i).adjacent);
        if (face.adjacent) {
          ++together;
          CHECK(std::abs((face.inner - centers.col(i)).norm() - (face.inner - centers.col(j)).norm()) <
                1e-12 * (1 + face.inner.norm()));
          CHECK(lead(centers, face.inner, i, j) > 0);
          continue;
        }
        ++apart;
        bool found = false;
        for (int probe = 0; probe < 1500; ++probe)
          found = found || lead(centers, on_bisector(centers, i, j, probe % 2 ? 1 : 30, stream), i, j) > 1e-9;
        CHECK_FALSE(found);
      }
  }
  CHECK(apart > 80);
  CHECK(together > 300);
}

TEST_CASE("the nearest points of a face, and of its part in a ball, obey the variational inequality") {
  kmscape::RandomStream stream(kmscape::Seed{31});
  int cut = 0, missed = 0, inside = 0;
  for (std::uint64_t trial = 0; trial < 120; ++trial) {
    const Index d = 2 + stream.index(3), k = 2 + stream.index(6);
    const Eigen::MatrixXd centers = normal_points(d, k, 700 + trial);
    const Eigen::VectorXd x = 1.5 * normal_points(d, 1, 800 + trial);
    const double radius = 0.2 + 1.5 * stream.uniform();
    CAPTURE(trial, d, k, radius);
    for (Index i = 0; i < k; ++i)
      for (Index j = i + 1; j < k; ++j) {
        const auto face = voronoi_face(centers, i, j);
        const auto foot = nearest_in_face(face, x);
        REQUIRE(foot.exists == face.adjacent);
        if (!face.adjacent) continue;
        CHECK(lead(centers, foot.point, i, j) >= -1e-11);
        CHECK(std::abs(face.normal.dot(foot.point - face.midpoint)) < 1e-12);
        CHECK(foot.distance == Approx((foot.point - x).norm()).epsilon(1e-12));
        const auto part = nearest_in_face_and_ball(face, x, radius);
        CHECK(part.exists == (foot.distance <= radius));
        if (part.exists) {
          CHECK(part.converged);
          CHECK((part.point - x).norm() <= radius * (1 + 1e-12));
          CHECK(lead(centers, part.point, i, j) >= -1e-11);
          CHECK(part.distance == Approx((part.point - face.midpoint).norm()).margin(1e-13));
          ++(part.distance > 0 ? cut : inside);
        } else {
          ++missed;
        }
        for (int probe = 0; probe < 300; ++probe) {
          const auto z = on_bisector(centers, i, j, 1.5, stream);
          if (lead(centers, z, i, j) < 0) continue;
          CHECK((x - foot.point).dot(z - foot.point) <= 1e-11);
          if (part.exists && (z - x).norm() <= radius) CHECK((face.midpoint - part.point).dot(z - part.point) <= 1e-10);
          if (!part.exists) CHECK((z - x).norm() > radius);
        }
      }
  }
  CHECK(cut > 100);
  CHECK(missed > 100);
  CHECK(inside > 40);
}

TEST_CASE("D of a face that the ball's slice fills is the distance to the slice") {
  // Bisector x = 0; the ball around (3, 4), radius 3.25, cuts it in the slice around (0, 4) of half-width 1.25.
  const Eigen::MatrixXd centers = Eigen::Matrix2d{{-1, 1}, {0, 0}};
  const auto part = nearest_in_face_and_ball(voronoi_face(centers, 0, 1), Eigen::Vector2d(3, 4), 3.25);
  CHECK(part.distance == Approx(2.75).epsilon(1e-15));
  // In three dimensions, and away from the face's own end: beta_2 cuts off z < 1 - (y - ...) as a half-plane z <= 2.
  Eigen::MatrixXd three(3, 3);
  three << -1, 1, 0, 0, 0, 0, 0, 0, 4;  // the face of 0 and 1 is {x = 0, z <= 15/8}
  const auto face = voronoi_face(three, 0, 1);
  const auto cut = nearest_in_face_and_ball(face, Eigen::Vector3d(0, 2, 2), 1.0);
  // Nearest point of the disc around (2, 2) of radius 1 with z <= 15/8 to the origin: towards it, at 2 sqrt 2 - 1.
  CHECK(cut.distance == Approx(2 * std::sqrt(2.0) - 1).epsilon(1e-14));
  const auto corner = nearest_in_face_and_ball(face, Eigen::Vector3d(0, 2, 2.8), 1.0);
  // Here the chord z = 15/8 holds the nearest point: y = 2 - sqrt(1 - 0.925^2).
  CHECK(corner.distance == Approx(std::hypot(1.875, 2 - std::sqrt(1 - 0.925 * 0.925))).epsilon(1e-13));
}

TEST_CASE("cells are the same far from the origin, for float and for fixed dimension") {
  const Eigen::Matrix<float, 2, 3> centers{{0.f, 2.f, 0.f}, {0.f, 0.f, 3.f}};
  const auto cell = polyhedral_cell(centers, 0);
  static_assert(std::is_same_v<decltype(cell)::Real, double>);
  CHECK(depth(cell, Eigen::Vector2f(0.5f, 0.25f)) == 0.5);
  const Eigen::MatrixXd far = (centers.cast<double>().array() + 1048576.0).matrix();
  CHECK(depth(polyhedral_cell(far, 0), Eigen::Vector2d(1048576.5, 1048576.25)) == 0.5);
  CHECK((kmscape::adjacency(far) == kmscape::adjacency(centers)).all());
}

TEST_CASE("cells refuse what they cannot mean") {
  const auto centers = on_line({0, 1});
  CHECK(refusal([&] { static_cast<void>(polyhedral_cell(centers, 2)); }) ==
        "kmscape::polyhedral_cell: i = 2, but there are 2 centers; pass an index in 0, ..., centers.cols() - 1");
  CHECK_THAT(refusal([&] { static_cast<void>(voronoi_face(centers, 0, -1)); }), ContainsSubstring("j = -1"));
  CHECK_THAT(refusal([&] { static_cast<void>(voronoi_face(centers, 1, 1)); }),
             ContainsSubstring("j = 1, but a face lies between two different cells"));
  CHECK_THAT(refusal([&] { static_cast<void>(depth(polyhedral_cell(centers, 0), Eigen::Vector2d::Zero())); }),
             ContainsSubstring("depth: x = a 2 x 1 matrix, but the dimension is 1"));
  CHECK_THAT(refusal([&] {
               static_cast<void>(nearest_in_face_and_ball(voronoi_face(centers, 0, 1), Eigen::VectorXd::Zero(1), -1));
             }),
             ContainsSubstring("radius = -1"));
  CHECK_THAT(refusal([&] {
               static_cast<void>(polyhedral_cell(on_line({0, std::nan("")}), 0));
             }),
             ContainsSubstring("centers(0, 1) = nan"));
}

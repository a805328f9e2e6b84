#include "common/plane.hpp"

#include <kmscape/core/random.hpp>

#include "support/catch.hpp"

namespace {

double area(const Eigen::MatrixXd& polygon) {
  double twice = 0;
  for (Eigen::Index c = 0; c < polygon.cols(); ++c) {
    const Eigen::Vector2d a = polygon.col(c), b = polygon.col((c + 1) % polygon.cols());
    twice += a.x() * b.y() - a.y() * b.x();
  }
  return twice / 2;
}

Eigen::MatrixXd random_points(Eigen::Index d, Eigen::Index n, std::uint64_t seed) {
  kmscape::RandomStream stream(kmscape::Seed{seed});
  return Eigen::MatrixXd::NullaryExpr(d, n, [&] { return stream.normal(); });
}

}  // namespace

TEST_CASE("Voronoi cells tile the box, and the share of random points nearest to a center is its cell's area") {
  const examples::Box box{{-3, -2}, {3, 4}};
  const auto centers = random_points(2, 7, 1);
  const auto cells = examples::voronoi_cells(centers, box);
  double total = 0;
  for (const auto& cell : cells) total += area(cell);
  CHECK(total == Approx(36).epsilon(1e-12));

  kmscape::RandomStream stream(kmscape::Seed{2});
  constexpr int draws = 200'000;
  Eigen::ArrayXd share = Eigen::ArrayXd::Zero(7);
  for (int i = 0; i < draws; ++i) {
    const Eigen::Vector2d x(-3 + 6 * stream.uniform(), -2 + 6 * stream.uniform());
    Eigen::Index nearest = 0;
    (centers.colwise() - x).colwise().squaredNorm().minCoeff(&nearest);
    share(nearest) += 1.0 / draws;
  }
  for (Eigen::Index j = 0; j < 7; ++j) {
    const double expected = area(cells[static_cast<std::size_t>(j)]) / 36;
    CHECK(std::abs(share(j) - expected) < 5 * std::sqrt(expected * (1 - expected) / draws) + 1e-12);
  }
}

TEST_CASE("the projection onto principal axes keeps as much of the scatter as the two largest eigenvalues hold") {
  Eigen::MatrixXd points = random_points(4, 300, 3);
  points.row(2) *= 5;
  points.row(1) *= 3;
  const auto plane = examples::plane_of(points);
  CHECK((plane.axes.transpose() * plane.axes).isIdentity(1e-12));
  const Eigen::MatrixXd centred = points.colwise() - points.rowwise().mean();
  const Eigen::VectorXd singular = centred.jacobiSvd().singularValues();
  CHECK(plane(points).squaredNorm() == Approx(singular.head(2).squaredNorm()).epsilon(1e-12));
  CHECK(plane(points).row(0).squaredNorm() == Approx(singular(0) * singular(0)).epsilon(1e-12));
}

TEST_CASE("points of the plane are shown as they are") {
  const auto points = random_points(2, 10, 4);
  CHECK(examples::plane_of(points)(points) == points);
}

TEST_CASE("the box around points has an area that labels of six digits can show, though all points agree") {
  Eigen::MatrixXd points(2, 3);
  points << 5, 5, 5, -2e6, -2e6, -2e6;
  for (const Eigen::Index n : {1, 3}) {
    const auto box = examples::box_around(points.leftCols(n));
    CHECK(box.low.x() < 4.9995);
    CHECK(box.high.x() > 5.0005);
    CHECK(box.low.y() < -2000100);
    CHECK(box.high.y() > -1999900);
  }
  const auto zero = examples::box_around(Eigen::MatrixXd::Zero(2, 2));
  CHECK(zero.high.x() > zero.low.x());
  points.row(0) << 0, 5, 10;
  CHECK(examples::box_around(points).high.x() == Approx(10.6));
}

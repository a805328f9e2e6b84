#include <kmscape/geometry/least_norm_point.hpp>

#include <Eigen/QR>
#include <cmath>
#include <limits>

#include <kmscape/core/random.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/trials.hpp"

using kmscape::Index;
using kmscape::least_norm_point;
using kmscape::LeastNormStatus;

namespace {

Eigen::MatrixXd unit_normals(Index d, Index q, std::uint64_t seed) {
  Eigen::MatrixXd normals = testing::normal_points(d, q, seed);
  normals.colwise().normalize();
  return normals;
}

/// The least norm over all choices of constraints to hold with equality, infinite when none is feasible.
double by_enumeration(const Eigen::MatrixXd& normals, const Eigen::ArrayXd& offsets) {
  double best = std::numeric_limits<double>::infinity();
  const Index d = normals.rows(), q = normals.cols();
  for (unsigned subset = 0; subset < (1u << q); ++subset) {
    std::vector<Index> chosen;
    for (Index j = 0; j < q; ++j)
      if (subset >> j & 1u) chosen.push_back(j);
    const auto a = static_cast<Index>(chosen.size());
    if (a > d) continue;
    Eigen::MatrixXd n(d, a);
    Eigen::VectorXd h(a);
    for (Index j = 0; j < a; ++j) {
      n.col(j) = normals.col(chosen[static_cast<std::size_t>(j)]);
      h(j) = offsets(chosen[static_cast<std::size_t>(j)]);
    }
    const Eigen::VectorXd y =
        a == 0 ? Eigen::VectorXd::Zero(d).eval() : n.transpose().completeOrthogonalDecomposition().solve(h).eval();
    if (((normals.transpose() * y).array() <= offsets + 1e-9).all()) best = std::min(best, y.norm());
  }
  return best;
}

}  // namespace

TEST_CASE("a least-norm point by hand, on a plane, in a corner and at the origin") {
  const Eigen::MatrixXd axes = -Eigen::Matrix2d::Identity();
  const auto plane = least_norm_point<double, Eigen::Dynamic>(axes, Eigen::Array2d(-3, 1));  // x >= 3, y >= -1
  CHECK(plane.status == LeastNormStatus::found);
  CHECK(plane.point == Eigen::Vector2d(3, 0));
  CHECK(plane.active == std::vector<Index>{0});
  CHECK(plane.multipliers == std::vector<double>{3});
  const auto corner = least_norm_point<double, Eigen::Dynamic>(axes, Eigen::Array2d(-3, -4));
  CHECK(corner.point.norm() == Approx(5).epsilon(1e-15));
  CHECK(least_norm_point<double, Eigen::Dynamic>(axes, Eigen::Array2d(0, 0)).point.norm() == 0);
  CHECK(least_norm_point<double, 2>(Eigen::Matrix2Xd(2, 0), Eigen::ArrayXd(0)).point == Eigen::Vector2d::Zero());
}

TEST_CASE("a least-norm point agrees with all subsets of constraints, and its multipliers certify it") {
  kmscape::RandomStream stream(kmscape::Seed{5});
  int empty = 0, cornered = 0;
  for (std::uint64_t trial = 0; trial < testing::trials(2000u); ++trial) {
    const Index d = 1 + stream.index(4), q = 1 + stream.index(8);
    const Eigen::MatrixXd normals = unit_normals(d, q, 1000 + trial);
    Eigen::ArrayXd offsets(q);
    for (double& offset : offsets) offset = stream.normal() - 0.3;
    const auto result = least_norm_point<double, Eigen::Dynamic>(normals, offsets);
    const double expected = by_enumeration(normals, offsets);
    CAPTURE(trial, d, q);
    REQUIRE(result.status != LeastNormStatus::iteration_limit);
    REQUIRE((result.status == LeastNormStatus::empty) == std::isinf(expected));
    if (result.status == LeastNormStatus::empty) {
      ++empty;
      continue;
    }
    CHECK(result.point.norm() == Approx(expected).epsilon(1e-9).margin(1e-12));
    CHECK((normals.transpose() * result.point - offsets.matrix()).maxCoeff() <= 1e-10 * (1 + expected));
    Eigen::VectorXd rebuilt = Eigen::VectorXd::Zero(d);
    for (std::size_t a = 0; a < result.active.size(); ++a) {
      CHECK(result.multipliers[a] >= 0);
      rebuilt -= result.multipliers[a] * normals.col(result.active[a]);
    }
    CHECK((rebuilt - result.point).norm() <= 1e-8 * (1 + expected));
    cornered += result.active.size() > 1;
  }
  CHECK(empty > testing::trials(100));
  CHECK(cornered > testing::trials(200));
}

TEST_CASE("redundant and repeated half-spaces do not disturb a least-norm point") {
  Eigen::MatrixXd normals(2, 5);
  normals << -1, -1, -1, 0, 0, 0, 0, 0, -1, -1;
  const auto result = least_norm_point<double, Eigen::Dynamic>(
      normals, (Eigen::ArrayXd(5) << -1, -2, -2, -1, -1).finished());  // x >= 1, 2, 2 and y >= 1, 1
  CHECK(result.status == LeastNormStatus::found);
  CHECK((result.point - Eigen::Vector2d(2, 1)).norm() < 1e-15);
  CHECK(result.active.size() == 2);
  normals.col(4) *= -1;
  CHECK(
      least_norm_point<double, Eigen::Dynamic>(normals, (Eigen::ArrayXd(5) << -1, -2, -2, -1, 0.5).finished()).status ==
      LeastNormStatus::empty);
}

TEST_CASE("a least-norm point in long double is one to its precision") {
  const kmscape::Points<long double, 2> normals = (Eigen::Matrix2d{{-0.6, 0.8}, {-0.8, -0.6}}).cast<long double>();
  kmscape::Points<long double, 2> unit = normals;
  unit.colwise().normalize();
  const auto result = least_norm_point<long double, 2>(unit, Eigen::Array<long double, 2, 1>(-1, -2));
  // The corner in coordinates along the two orthogonal normals.
  CHECK(std::abs(static_cast<double>(result.point.norm() - std::sqrt(5.0L))) < 1e-16);
}

TEST_CASE("half-spaces need one offset each") {
  CHECK(refusal([] {
          static_cast<void>(least_norm_point<double, 2>(Eigen::Matrix2Xd::Ones(2, 3), Eigen::ArrayXd::Ones(2)));
        }) ==
        "kmscape::least_norm_point: offsets = 2 numbers, but there are 3 half-spaces; pass one offset per normal");
}

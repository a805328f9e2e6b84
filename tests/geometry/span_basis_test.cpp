#include <kmscape/geometry/span_basis.hpp>

#include <Eigen/Core>

#include "support/catch.hpp"
#include "support/points.hpp"

using kmscape::Index;
using kmscape::internal::complement_of;
using kmscape::internal::settled_basis;
using kmscape::internal::span_basis;

TEST_CASE("a span's basis and its complement are orthonormal, and the columns lie in the one") {
  for (const Index p : {1, 2, 3}) {
    CAPTURE(p);
    const Eigen::MatrixXd columns = testing::normal_points(5, p, 3) * testing::normal_points(p, 4, 4);
    const Eigen::MatrixXd basis = span_basis(columns, 1, 1), across = complement_of(basis);
    REQUIRE(basis.cols() == p);
    REQUIRE(across.cols() == 5 - p);
    Eigen::MatrixXd all(5, 5);
    all << basis, across;
    CHECK((all.transpose() * all - Eigen::MatrixXd::Identity(5, 5)).norm() < 1e-14);
    CHECK((across.transpose() * columns).norm() < 1e-13);
    // The settled basis does not depend on the vectors that span.
    const Eigen::MatrixXd mixed = columns * testing::normal_points(4, 4, 5);
    CHECK((settled_basis(basis) - settled_basis(span_basis(mixed, 1, 1))).norm() < 1e-11);
    CHECK((settled_basis(basis).transpose() * across).norm() < 1e-13);
  }
}

TEST_CASE("differences that are rounding span nothing, and a basis has the least number of directions") {
  const Eigen::MatrixXd columns = (Eigen::MatrixXd(3, 2) << 1, 1e-13, 0, 1e-13, 0, 0).finished();
  CHECK(span_basis(columns, 1000, 1).cols() == 1);
  CHECK(span_basis(columns, 1, 1).cols() == 2);
  CHECK(span_basis(columns, 1000, 2).cols() == 2);
  CHECK(span_basis(Eigen::MatrixXd(Eigen::MatrixXd::Zero(3, 1)), 1, 1).cols() == 1);
  CHECK(complement_of(Eigen::MatrixXd(Eigen::MatrixXd::Identity(3, 3))).cols() == 0);
}

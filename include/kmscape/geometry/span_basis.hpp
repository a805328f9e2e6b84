// Orthonormal bases of what some vectors span, and of what lies across.
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>

namespace kmscape::internal {

/// An orthonormal basis of the span of the columns; at least one column, and exactly `least` if fewer are needed.
/// `scale` is the size of the numbers that the columns are differences of: what is below its rounding is no direction.
[[nodiscard]] Eigen::MatrixXd span_basis(const std::same_as<Eigen::MatrixXd> auto& columns, double scale, Index least) {
  using Matrix = std::remove_cvref_t<decltype(columns)>;
  const Index d = columns.rows();
  Eigen::ColPivHouseholderQR<Matrix> qr(columns);
  const double smallest = 64 * std::numeric_limits<double>::epsilon() * scale;
  Index rank = 0;
  const Index most = std::min(columns.rows(), columns.cols());
  while (rank < most && std::abs(qr.matrixR()(rank, rank)) > smallest) ++rank;
  const Index p = std::min(d, std::max(rank, least));
  Matrix basis = qr.householderQ() * Matrix::Identity(d, p);
  return basis;
}

/// The basis of the same space that is a smooth function of the space alone, whatever vectors it was spanned by: the
/// one nearest to p fixed directions. Rays then keep their directions in space while centers move within their span.
[[nodiscard]] Eigen::MatrixXd settled_basis(const std::same_as<Eigen::MatrixXd> auto& basis) {
  using Matrix = std::remove_cvref_t<decltype(basis)>;
  const Index d = basis.rows(), p = basis.cols();
  if (p == d) return Eigen::MatrixXd::Identity(d, d);
  RandomStream stream(Seed{0});
  const Matrix fixed = Matrix::NullaryExpr(d, p, [&] { return stream.normal(); });
  const Eigen::JacobiSVD<Matrix> svd(basis.transpose() * fixed, Eigen::ComputeFullU | Eigen::ComputeFullV);
  return basis * svd.matrixU() * svd.matrixV().transpose();
}

/// An orthonormal basis of what is orthogonal to the columns of `basis`, which are orthonormal.
[[nodiscard]] Eigen::MatrixXd complement_of(const std::same_as<Eigen::MatrixXd> auto& basis) {
  using Matrix = std::remove_cvref_t<decltype(basis)>;
  const Index d = basis.rows();
  const Matrix q = Eigen::ColPivHouseholderQR<Matrix>(basis).householderQ() * Matrix::Identity(d, d);
  return q.rightCols(d - basis.cols());
}

}  // namespace kmscape::internal

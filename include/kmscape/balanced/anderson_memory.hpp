// Anderson acceleration of a fixed-point iteration z <- g(z): the next point is the combination of the last few g(z)
// whose residuals g(z) - z, were g affine, would combine to the least norm.
//
// Source: Anderson 1965; Walker, Ni 2011 (the form in differences, "type II").
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>

#include <kmscape/core/points.hpp>

namespace kmscape::internal {

template <std::floating_point Real>
class AndersonMemory {
 public:
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;

  /// Of iterates with `size` entries, `depth` >= 1 differences.
  AndersonMemory(Index size, Index depth)
      : residuals_(size, depth),
        images_(size, depth),
        products_(Matrix::Zero(depth, depth)),
        last_residual_(size),
        last_image_(size) {}

  void forget() {
    count_ = 0;
    is_empty_ = true;
  }

  /// Takes g(z) - z and g(z), and moves `image` to the next point; false, and no move, where nothing is remembered.
  [[nodiscard]] bool extrapolate(const Vector& residual, Vector& image) {
    if (is_empty_) {
      last_residual_ = residual;
      last_image_ = image;
      is_empty_ = false;
      return false;
    }
    const Index depth = residuals_.cols(), slot = count_ % depth, kept = std::min(count_ + 1, depth);
    residuals_.col(slot) = residual - last_residual_;
    images_.col(slot) = image - last_image_;
    last_residual_ = residual;
    last_image_ = image;
    ++count_;
    products_.col(slot).head(kept).noalias() = residuals_.leftCols(kept).transpose() * residuals_.col(slot);
    products_.row(slot).head(kept) = products_.col(slot).head(kept).transpose();
    Matrix normal = products_.topLeftCorner(kept, kept);
    // Differences are nearly parallel in the end: a trace of ridge keeps the coefficients from growing without bound.
    normal.diagonal().array() += Real(1e-10) * normal.trace();
    const Vector coefficients = normal.ldlt().solve(residuals_.leftCols(kept).transpose() * residual);
    if (!(coefficients.norm() < Real(1e5))) return false;
    image.noalias() -= images_.leftCols(kept) * coefficients;
    return true;
  }

 private:
  Matrix residuals_, images_, products_;
  Vector last_residual_, last_image_;
  Index count_ = 0;
  bool is_empty_ = true;
};

}  // namespace kmscape::internal

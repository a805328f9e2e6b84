// The 2-Wasserstein distance of two sets of centers: W2^2 is the least mean squared distance over all couplings.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include <kmscape/core/points.hpp>
#include <kmscape/metric/transport.hpp>

namespace kmscape {

/// W2 between the columns of `a` (d x m) with masses `a_mass` and of `b` (d x k) with masses `b_mass`, each set of masses
/// scaled to sum to 1. A distance in data units. Throws `invalid_input`. O(m k d) and the transport.
template <class A, class B>
[[nodiscard]] double wasserstein2(const Eigen::MatrixBase<A>& a, const Eigen::VectorXd& a_mass,
                                  const Eigen::MatrixBase<B>& b, const Eigen::VectorXd& b_mass) {
  internal::refuse_row_major<A>();
  internal::refuse_row_major<B>();
  internal::check_columns(a, "wasserstein2", "a", "center");
  internal::check_columns(b, "wasserstein2", "b", "center");
  internal::require(a.rows() == b.rows(), "wasserstein2", "b", internal::text("centers in ", b.rows(), " dimensions"),
                    internal::text("the others have ", a.rows()), "pass centers of one space");
  internal::check_weights(a_mass, a.cols(), "wasserstein2", "a_mass", "center");
  internal::check_weights(b_mass, b.cols(), "wasserstein2", "b_mass", "center");
  Eigen::MatrixXd cost(a.cols(), b.cols());
  for (Index i = 0; i < a.cols(); ++i)
    for (Index j = 0; j < b.cols(); ++j)
      cost(i, j) = (a.col(i).template cast<double>() - b.col(j).template cast<double>()).squaredNorm();
  return std::sqrt(std::max(0.0, optimal_transport(a_mass / a_mass.sum(), b_mass / b_mass.sum(), cost).cost));
}

/// W2 with equal masses on each side, 1/m and 1/k.
template <class A, class B>
[[nodiscard]] double wasserstein2(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b) {
  return wasserstein2(a, Eigen::VectorXd::Ones(a.cols()), b, Eigen::VectorXd::Ones(b.cols()));
}

}  // namespace kmscape

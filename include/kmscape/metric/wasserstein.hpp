// The 2-Wasserstein distance of two sets of centers: W2^2 = min over couplings P of sum_ij P_ij |a_i - b_j|^2, exactly.
// It sees how far off centers are, where the centroid index only counts those that are missing.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <concepts>
#include <type_traits>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/metric/centroid_index.hpp>  // two sets of centers in one unit
#include <kmscape/metric/matching.hpp>
#include <kmscape/metric/transport.hpp>

namespace kmscape {

/// W2 between the columns of `a` (d x m) and of `b` (d x k), each of mass 1/m and 1/k: the root of the mean squared
/// distance, in data units; a double, or long double if a scalar is. For m = k an optimal coupling is a matching of the
/// centers. Throws `invalid_input`. O(m k d), and O(m^3) for the matching or the transport's time.
template <class A, class B>
[[nodiscard]] auto wasserstein2(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b)
    -> std::common_type_t<double, typename A::Scalar, typename B::Scalar>;

/// W2 with the positive masses `a_mass` (m) and `b_mass` (k), each scaled to sum to 1. Throws `invalid_input`. O(m k d)
/// and the transport's time.
template <class A, class MassA, class B, class MassB>
[[nodiscard]] auto wasserstein2(const Eigen::MatrixBase<A>& a, const Eigen::DenseBase<MassA>& a_mass,
                                const Eigen::MatrixBase<B>& b, const Eigen::DenseBase<MassB>& b_mass)
    -> std::common_type_t<double, typename A::Scalar, typename B::Scalar>;

namespace internal {

template <std::floating_point Scalar, int DimA, int DimB>
[[nodiscard]] Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> squared_distances(
    const CenterPair<Scalar, DimA, DimB>& pair) {
  return Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>::NullaryExpr(
      pair.a.cols(), pair.b.cols(), [&pair](Index i, Index j) { return pair.squared_distance(i, j); });
}

}  // namespace internal

template <class A, class B>
auto wasserstein2(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b)
    -> std::common_type_t<double, typename A::Scalar, typename B::Scalar> {
  const auto pair = internal::center_pair(a, b, "wasserstein2", "a", "b");
  const auto cost = internal::squared_distances(pair);
  using Scalar = typename decltype(cost)::Scalar;
  const auto m = static_cast<Scalar>(cost.rows()), k = static_cast<Scalar>(cost.cols());
  // Masses k and m instead of 1/m and 1/k: every entry of the plan is then a whole number, and exact.
  const Scalar squared = m == k ? minimum_cost_matching(cost).cost / m
                                : optimal_transport(Weights<Scalar>::Constant(cost.rows(), k),
                                                    Weights<Scalar>::Constant(cost.cols(), m), cost)
                                          .cost /
                                      (m * k);
  return std::ldexp(std::sqrt(squared), pair.exponent);
}

template <class A, class MassA, class B, class MassB>
auto wasserstein2(const Eigen::MatrixBase<A>& a, const Eigen::DenseBase<MassA>& a_mass, const Eigen::MatrixBase<B>& b,
                  const Eigen::DenseBase<MassB>& b_mass)
    -> std::common_type_t<double, typename A::Scalar, typename B::Scalar> {
  const auto pair = internal::center_pair(a, b, "wasserstein2", "a", "b");
  internal::check_weights(a_mass, a.cols(), "wasserstein2", "a_mass", "center");
  internal::check_weights(b_mass, b.cols(), "wasserstein2", "b_mass", "center");
  const auto cost = internal::squared_distances(pair);
  using Scalar = typename decltype(cost)::Scalar;
  const auto shares = [](const auto& mass) {
    const Weights<Scalar> wide = mass.derived().template cast<Scalar>();
    return Weights<Scalar>(wide / wide.maxCoeff() / (wide / wide.maxCoeff()).sum());  // the sum alone may overflow
  };
  return std::ldexp(std::sqrt(optimal_transport(shares(a_mass), shares(b_mass), cost).cost), pair.exponent);
}

}  // namespace kmscape

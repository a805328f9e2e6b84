// The centroid index: how many clusters a set of centers misses (Fraenti, Rezaei, Zhao 2014).
//
// Every center maps to the nearest center of the other set; those that none maps to are orphans. The index is the
// larger number of orphans of the two directions: 0 means that both sets have the same structure. For as many fitted as
// true centers the orphans among the true ones number sum (|S*_a| - 1) over the one-fit-many groups of QZC Theorem 1.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <string_view>
#include <type_traits>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>

namespace kmscape {

/// The centers of either set, in ascending order, that are nearest to no center of the other.
struct OrphanCenters {
  std::vector<Index> centers;    // centers that no reference center maps to: surplus ones
  std::vector<Index> reference;  // reference centers that no center maps to: missed ones
};

/// Orphans of both directions between `centers` (d x m) and `reference` (d x k), finite. A center between several
/// nearest ones maps to the lowest index. Throws `invalid_input`. O(m k d).
template <class A, class B>
[[nodiscard]] OrphanCenters orphan_centers(const Eigen::MatrixBase<A>& centers, const Eigen::MatrixBase<B>& reference);

/// The larger of the two numbers of orphans, symmetric in the sets. Throws `invalid_input`. O(m k d).
template <class A, class B>
[[nodiscard]] Index centroid_index(const Eigen::MatrixBase<A>& centers, const Eigen::MatrixBase<B>& reference);

namespace internal {

/// Two checked sets of centers in one unit, 2^exponent, in which every coordinate lies in [-1, 1]: squared distances
/// then neither overflow nor vanish, and a power of two changes no digit.
template <std::floating_point Scalar, int DimA, int DimB>
struct CenterPair {
  Centers<Scalar, DimA> a;
  Centers<Scalar, DimB> b;
  int exponent;

  [[nodiscard]] Scalar squared_distance(Index i, Index j) const { return (a.col(i) - b.col(j)).squaredNorm(); }
};

/// Distances of floats are compared and summed in double.
template <class A, class B>
using CenterPairOf = CenterPair<std::common_type_t<double, typename A::Scalar, typename B::Scalar>,
                                A::RowsAtCompileTime, B::RowsAtCompileTime>;

template <class A, class B>
[[nodiscard]] CenterPairOf<A, B> center_pair(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b,
                                             std::string_view function, std::string_view a_name,
                                             std::string_view b_name) {
  refuse_row_major<A>();
  refuse_row_major<B>();
  check_columns(a, function, a_name, "center");
  check_columns(b, function, b_name, "center");
  require(a.rows() == b.rows(), function, b_name, text("centers in ", b.rows(), " dimensions"),
          text("those of ", a_name, " have ", a.rows()), "pass centers of one space");
  using Scalar = std::common_type_t<double, typename A::Scalar, typename B::Scalar>;
  CenterPairOf<A, B> pair{a.template cast<Scalar>(), b.template cast<Scalar>(), 0};
  std::frexp(std::max(pair.a.cwiseAbs().maxCoeff(), pair.b.cwiseAbs().maxCoeff()), &pair.exponent);
  const auto rescale = [&pair](Scalar coordinate) { return std::ldexp(coordinate, -pair.exponent); };
  pair.a = pair.a.unaryExpr(rescale).eval();
  pair.b = pair.b.unaryExpr(rescale).eval();
  return pair;
}

/// The items 0, ..., to - 1 that `distance(i, j)` makes the nearest (ties: lowest j) of no i in 0, ..., from - 1.
template <class Distance>
[[nodiscard]] std::vector<Index> orphans(Index from, Index to, const Distance& distance) {
  std::vector<bool> is_chosen(static_cast<std::size_t>(to), false);
  for (Index i = 0; i < from; ++i) {
    Index nearest = 0;
    auto least = distance(i, 0);
    for (Index j = 1; j < to; ++j) {
      const auto candidate = distance(i, j);
      if (candidate < least) {
        least = candidate;
        nearest = j;
      }
    }
    is_chosen[static_cast<std::size_t>(nearest)] = true;
  }
  std::vector<Index> left;
  for (Index j = 0; j < to; ++j)
    if (!is_chosen[static_cast<std::size_t>(j)]) left.push_back(j);
  return left;
}

template <class A, class B>
[[nodiscard]] OrphanCenters orphan_centers(const Eigen::MatrixBase<A>& centers, const Eigen::MatrixBase<B>& reference,
                                           std::string_view function) {
  const auto pair = center_pair(centers, reference, function, "centers", "reference");
  const Index m = pair.a.cols(), k = pair.b.cols();
  return {orphans(k, m, [&pair](Index j, Index i) { return pair.squared_distance(i, j); }),
          orphans(m, k, [&pair](Index i, Index j) { return pair.squared_distance(i, j); })};
}

}  // namespace internal

template <class A, class B>
OrphanCenters orphan_centers(const Eigen::MatrixBase<A>& centers, const Eigen::MatrixBase<B>& reference) {
  return internal::orphan_centers(centers, reference, "orphan_centers");
}

template <class A, class B>
Index centroid_index(const Eigen::MatrixBase<A>& centers, const Eigen::MatrixBase<B>& reference) {
  const auto orphans = internal::orphan_centers(centers, reference, "centroid_index");
  return static_cast<Index>(std::max(orphans.centers.size(), orphans.reference.size()));
}

}  // namespace kmscape

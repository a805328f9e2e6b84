// The centroid index: how many clusters a set of centers misses (Fraenti, Rezaei, Zhao 2014).
//
// Every center points to the nearest center of the other set; the centers that none points to are orphans. The index is the
// larger number of orphans of the two directions: 0 means that both sets have the same structure, and for as many fitted as
// true centers it is generically the number of true clusters that share a center with another, sum (|S*_a| - 1).
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <vector>

#include <kmscape/core/points.hpp>

namespace kmscape {

namespace internal {

/// The columns of `to` that are nearest (ties: lowest index) to no column of `from`.
template <class From, class To>
[[nodiscard]] Index count_orphans(const Eigen::MatrixBase<From>& from, const Eigen::MatrixBase<To>& to) {
  std::vector<bool> chosen(static_cast<std::size_t>(to.cols()), false);
  for (Index i = 0; i < from.cols(); ++i) {
    Index nearest = 0;
    auto least = (to.col(0) - from.col(i)).squaredNorm();
    for (Index j = 1; j < to.cols(); ++j) {
      const auto squared = (to.col(j) - from.col(i)).squaredNorm();
      if (squared < least) {
        least = squared;
        nearest = j;
      }
    }
    chosen[static_cast<std::size_t>(nearest)] = true;
  }
  return static_cast<Index>(std::count(chosen.begin(), chosen.end(), false));
}

}  // namespace internal

/// Centroid index of two sets of centers (d x m and d x k, finite). Symmetric. Throws `invalid_input`. O(m k d).
template <class A, class B>
[[nodiscard]] Index centroid_index(const Eigen::MatrixBase<A>& centers, const Eigen::MatrixBase<B>& reference) {
  internal::refuse_row_major<A>();
  internal::refuse_row_major<B>();
  internal::check_columns(centers, "centroid_index", "centers", "center");
  internal::check_columns(reference, "centroid_index", "reference", "center");
  internal::require(centers.rows() == reference.rows(), "centroid_index", "reference",
                    internal::text("centers in ", reference.rows(), " dimensions"),
                    internal::text("the others have ", centers.rows()), "pass centers of one space");
  return std::max(internal::count_orphans(centers, reference), internal::count_orphans(reference, centers));
}

}  // namespace kmscape

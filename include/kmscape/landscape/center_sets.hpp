// When two sets of fitted centers are the same minimum.
#pragma once

#include <Eigen/Core>
#include <vector>

#include <kmscape/core/points.hpp>

namespace kmscape::internal {

/// Whether the columns of one set (d x a) can be matched one to one with those of the other (d x b), each pair within
/// `tolerance`. Centers that coincide, or several within the tolerance, must not take one another's partner: hence
/// augmenting paths. O(a b d) unless many pairs are within the tolerance, then O(a^2 b d).
template <class A, class B>
[[nodiscard]] bool same_center_sets(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b, double tolerance) {
  if (a.cols() != b.cols()) return false;
  const auto size = static_cast<std::size_t>(b.cols());
  std::vector<Index> partner(size, -1);
  std::vector<bool> tried;
  const auto place = [&](const auto& self, Index j) -> bool {
    for (std::size_t i = 0; i < size; ++i) {
      if (tried[i] || static_cast<double>((b.col(static_cast<Index>(i)) - a.col(j)).norm()) > tolerance) continue;
      tried[i] = true;
      if (partner[i] >= 0 && !self(self, partner[i])) continue;
      partner[i] = j;
      return true;
    }
    return false;
  };
  for (Index j = 0; j < a.cols(); ++j) {
    tried.assign(size, false);
    if (!place(place, j)) return false;
  }
  return true;
}

}  // namespace kmscape::internal

// The contingency table of two labelings: entry (i, j) counts the points with label i in one and label j in the other.
#pragma once

#include <Eigen/Core>
#include <string_view>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>

namespace kmscape {

namespace internal {

inline void check_label_pair(const Labels& a, const Labels& b, std::string_view function, std::string_view a_name,
                             std::string_view b_name) {
  require(a.size() > 0, function, a_name, "an empty list", "there must be at least one point", "pass one label per point");
  check_labels(a, a.size(), function, a_name);
  check_labels(b, a.size(), function, b_name);
}

}  // namespace internal

/// Counts as doubles, (largest label of a + 1) x (largest label of b + 1). Throws `invalid_input` for empty lists, lists of
/// different length and negative labels. O(n + rows columns).
[[nodiscard]] inline Eigen::MatrixXd contingency_table(const Labels& a, const Labels& b) {
  internal::check_label_pair(a, b, "contingency_table", "a", "b");
  Eigen::MatrixXd table = Eigen::MatrixXd::Zero(a.maxCoeff() + 1, b.maxCoeff() + 1);
  for (Index i = 0; i < a.size(); ++i) table(a(i), b(i)) += 1;
  return table;
}

}  // namespace kmscape

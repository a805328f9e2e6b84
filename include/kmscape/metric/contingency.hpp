// The contingency table of two labelings of the same points: entry (i, j) counts the points with label i in the one and
// label j in the other, or sums their weights. Every measure of agreement between partitions is a function of it.
#pragma once

#include <Eigen/Core>
#include <string_view>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>

namespace kmscape {

using ContingencyTable = Eigen::Matrix<Index, Eigen::Dynamic, Eigen::Dynamic>;

/// Size of a table, for labelings whose last labels may be unused; 0 stands for the largest label + 1.
struct TableShape {
  Index rows = 0;
  Index columns = 0;
};

/// Numbers of points, (labels of a) x (labels of b). Throws `invalid_input` for lists that are empty or of different
/// length, negative labels, and labels outside the shape. O(n + rows columns).
template <class WhenUsed = void>
[[nodiscard]] ContingencyTable contingency_table(const Labels& a, const Labels& b, const TableShape& shape = {});

/// Sums of weights: `weights` holds one positive number per point. Throws `invalid_input` for weights too.
/// O(n + rows columns).
template <class Derived>
[[nodiscard]] Eigen::MatrixXd contingency_table(const Labels& a, const Labels& b,
                                                const Eigen::DenseBase<Derived>& weights, const TableShape& shape = {});

namespace internal {

template <class WhenUsed = void>
void check_label_pair(const Labels& a, const Labels& b, std::string_view function, std::string_view a_name,
                      std::string_view b_name) {
  require(a.size() > 0, function, a_name, "an empty list", "there must be at least one point",
          "pass one label per point");
  check_labels(a, a.size(), function, a_name);
  check_labels(b, a.size(), function, b_name);
}

/// The number asked for, or the smallest that holds every label.
template <class WhenUsed = void>
[[nodiscard]] Index table_size(const Labels& labels, Index asked, std::string_view label_name,
                               std::string_view size_name) {
  Index largest = 0;
  labels.maxCoeff(&largest);
  const Index needed = Index{labels(largest)} + 1;
  require(asked == 0 || asked >= needed, "contingency_table", size_name, asked,
          text(label_name, "(", largest, ") = ", labels(largest)),
          text("pass at least ", needed, ", or 0 to have it found"));
  return asked == 0 ? needed : asked;
}

template <class WhenUsed = void>
[[nodiscard]] TableShape table_shape(const Labels& a, const Labels& b, const TableShape& asked) {
  check_label_pair(a, b, "contingency_table", "a", "b");
  return {table_size(a, asked.rows, "a", "shape.rows"), table_size(b, asked.columns, "b", "shape.columns")};
}

}  // namespace internal

template <class WhenUsed>
ContingencyTable contingency_table(const Labels& a, const Labels& b, const TableShape& shape) {
  const auto [rows, columns] = internal::table_shape(a, b, shape);
  ContingencyTable table = ContingencyTable::Zero(rows, columns);
  for (Index i = 0; i < a.size(); ++i) ++table(a(i), b(i));
  return table;
}

template <class Derived>
Eigen::MatrixXd contingency_table(const Labels& a, const Labels& b, const Eigen::DenseBase<Derived>& weights,
                                  const TableShape& shape) {
  const auto [rows, columns] = internal::table_shape(a, b, shape);
  internal::check_weights(weights, a.size(), "contingency_table", "weights", "point");
  Eigen::MatrixXd table = Eigen::MatrixXd::Zero(rows, columns);
  for (Index i = 0; i < a.size(); ++i) table(a(i), b(i)) += static_cast<double>(weights(i));
  return table;
}

}  // namespace kmscape

// The library's vocabulary for data: points and centers are columns, labels are 0-based, weights are positive.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <string_view>

#include <kmscape/core/error.hpp>

namespace kmscape {

using Index = Eigen::Index;

/// Points as columns: d x n. `Dim` may be a compile-time dimension; small ones are the fast path.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
using Points = Eigen::Matrix<Scalar, Dim, Eigen::Dynamic>;

/// Fitted or true centers as columns: d x k (beta in QZC).
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
using Centers = Eigen::Matrix<Scalar, Dim, Eigen::Dynamic>;

using Label = std::int32_t;

/// For every point the 0-based index of its cell or cluster.
using Labels = Eigen::Array<Label, Eigen::Dynamic, 1>;

/// Number of points per cell or cluster.
using Counts = Eigen::Array<Index, Eigen::Dynamic, 1>;

/// One positive number per point or per cell.
template <std::floating_point Scalar>
using Weights = Eigen::Array<Scalar, Eigen::Dynamic, 1>;

namespace internal {

template <class T, class>
struct DependentType {
  using type = T;
};
/// T by a name that depends on a template's parameter: expressions of it are compiled where the template is used, and
/// not wherever its header is included.
template <class T, class Parameter>
using Dependent = typename DependentType<T, Parameter>::type;

/// The plain type that holds the columns of an expression: same scalar, same compile-time dimension.
template <class Derived>
using PointsOf = Points<typename Derived::Scalar, Derived::RowsAtCompileTime>;

/// A row-major d x n expression stores each coordinate's values together, the opposite of what the kernels read; an
/// implicit copy would hide the cost, so it does not compile.
template <class Derived>
constexpr void refuse_row_major() {
  static_assert(
      Derived::RowsAtCompileTime == 1 || !static_cast<bool>(Derived::IsRowMajor),
      "kmscape: points are the columns of a column-major d x n matrix. Row-major n x d data `a` needs no copy: "
      "pass Eigen::Map<const Eigen::MatrixXd>(a.data(), d, n). A row-major d x n matrix must be copied: pass "
      "Eigen::MatrixXd(a).");
}

/// Checks that every column is finite and that there is at least one; names the first offender.
template <class Derived>
void check_columns(const Eigen::MatrixBase<Derived>& columns, std::string_view function, std::string_view argument,
                   std::string_view noun) {
  if (columns.rows() == 0 || columns.cols() == 0) [[unlikely]]
    throw invalid_input(function, argument, text("a ", columns.rows(), " x ", columns.cols(), " matrix"),
                        text("at least one ", noun, " of at least one dimension is needed"),
                        text("pass a d x n matrix whose columns are the ", noun, "s"));
  // One cheap pass decides; the search for the offender happens only when there is one. The sum of x * 0 is 0 for
  // finite entries and NaN otherwise.
  if ((columns.derived().array() * typename Derived::Scalar(0)).sum() == typename Derived::Scalar(0)) [[likely]]
    return;
  for (Index i = 0; i < columns.cols(); ++i)
    for (Index s = 0; s < columns.rows(); ++s)
      if (!std::isfinite(columns(s, i)))
        throw invalid_input(function, text(argument, "(", s, ", ", i, ")"), text(columns(s, i)),
                            "every coordinate must be a finite number", text("drop or impute ", noun, " ", i));
}

template <class Derived>
void check_weights(const Eigen::DenseBase<Derived>& weights, Index expected, std::string_view function,
                   std::string_view argument, std::string_view noun) {
  if (weights.size() != expected) [[unlikely]]
    throw invalid_input(function, argument, text(weights.size(), " numbers"),
                        text("there are ", expected, " ", noun, "s"), text("pass one weight per ", noun));
  for (Index i = 0; i < weights.size(); ++i)
    if (!(weights(i) > 0) || !std::isfinite(weights(i))) [[unlikely]]
      throw invalid_input(function, text(argument, "(", i, ")"), text(weights(i)),
                          "every weight must be a positive finite number",
                          text("drop ", noun, " ", i, " instead of giving it no weight"));
}

/// Labels must be a partition's: one per point, none negative.
inline void check_labels(const Labels& labels, Index expected, std::string_view function, std::string_view argument) {
  if (labels.size() != expected) [[unlikely]]
    throw invalid_input(function, argument, text(labels.size(), " labels"), text("there are ", expected, " points"),
                        "pass one label per point");
  for (Index i = 0; i < labels.size(); ++i)
    if (labels(i) < 0) [[unlikely]]
      throw invalid_input(function, text(argument, "(", i, ")"), text(labels(i)), "labels are 0-based cell indices",
                          "number the clusters 0, 1, 2, ...");
}

}  // namespace internal
}  // namespace kmscape

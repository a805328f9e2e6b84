// Minimum-cost matching of rows to columns of a dense matrix: minimise sum_i c(i, s(i)) over injections s of the
// shorter side into the longer, the assignment problem. Shortest augmenting paths with dual prices (Kuhn 1955, Munkres
// 1957, in the form of Jonker, Volgenant 1987); the prices returned prove the optimum.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>

namespace kmscape {

/// Prices satisfy row_price(i) + column_price(j) <= cost(i, j), with equality on matched pairs, and those of the longer
/// side are <= 0, and 0 where unmatched: so their sum is the cost, and no matching costs less.
template <std::floating_point Scalar = double>
struct Matching {
  std::vector<Index> column;  // per row: the column it is matched to, or -1 where there are more rows than columns
  Scalar cost = 0;            // sum of the matched entries
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> row_price;     // one per row
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> column_price;  // one per column
};

/// Matches min(rows, columns) pairs at least total cost; the negated matrix gives the most. Entries are finite, and so
/// small that their sums are. Throws `invalid_input`. O(min^2 max) time, one copy of the matrix.
template <class Derived>
requires std::floating_point<typename Derived::Scalar>
[[nodiscard]] Matching<typename Derived::Scalar> minimum_cost_matching(const Eigen::MatrixBase<Derived>& cost);

namespace internal {

/// Costs of every row with every column: at least one, all finite, and no path's price overflows.
template <class Derived>
void check_costs(const Eigen::MatrixBase<Derived>& cost, std::string_view function) {
  using Scalar = typename Derived::Scalar;
  require(cost.size() > 0, function, "cost", text("a ", cost.rows(), " x ", cost.cols(), " matrix"),
          "there must be something to match", "pass at least one row and one column");
  const Scalar most = std::numeric_limits<Scalar>::max() / (8 * static_cast<Scalar>(cost.rows() + cost.cols()));
  for (Index j = 0; j < cost.cols(); ++j)
    for (Index i = 0; i < cost.rows(); ++i) {
      const Scalar entry = cost(i, j);
      if (std::abs(entry) <= most) [[likely]]
        continue;
      require(std::isfinite(entry), function, text("cost(", i, ", ", j, ")"), entry,
              "every cost must be a finite number", "give a forbidden pair a cost larger than the sum of the others");
      require(false, function, text("cost(", i, ", ", j, ")"), entry, text("sums of costs overflow above ", most),
              "scale all costs down");
    }
}

/// Successive shortest augmenting paths. `costs` is (long side) x (short side), so that the inner loop runs down a
/// column.
template <std::floating_point Scalar>
class MatchingSearch {
 public:
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

  explicit MatchingSearch(const Matrix& costs)
      : short_price(Vector::Zero(costs.cols())),
        long_price(Vector::Zero(costs.rows())),
        partner(static_cast<std::size_t>(costs.rows()), -1),
        costs_(costs),
        distance_(costs.rows()),
        before_(static_cast<std::size_t>(costs.rows())),
        settled_(static_cast<std::size_t>(costs.rows())) {
    for (Index item = 0; item < costs.cols(); ++item) match(item);
  }

  Vector short_price, long_price;
  std::vector<Index> partner;  // per item of the long side: its item of the short side, or -1

 private:
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  void match(Index start) {
    short_price(start) = (costs_.col(start) - long_price).minCoeff();  // no reduced cost is negative
    Index end = find_nearest_free(start);
    while (end >= 0) {
      const Index previous = before_[at(end)];
      partner[at(end)] = previous >= 0 ? partner[at(previous)] : start;
      end = previous;
    }
  }

  /// Dijkstra's search by reduced costs over the long side; moves the prices so that the path found costs nothing.
  Index find_nearest_free(Index start) {
    distance_.setConstant(std::numeric_limits<Scalar>::infinity());
    settled_.assign(settled_.size(), false);
    order_.clear();
    Index item = start, last = -1;
    Scalar reached = 0;
    for (;;) {
      Index nearest = -1;
      for (Index j = 0; j < costs_.rows(); ++j) {
        if (settled_[at(j)]) continue;
        // Only rounding can make a reduced cost negative.
        const Scalar through = reached + std::max(costs_(j, item) - short_price(item) - long_price(j), Scalar{0});
        if (through < distance_(j)) {
          distance_(j) = through;
          before_[at(j)] = last;
        }
        if (nearest < 0 || distance_(j) < distance_(nearest)) nearest = j;
      }
      last = nearest;
      reached = distance_(last);
      settled_[at(last)] = true;
      if (partner[at(last)] < 0) break;
      order_.push_back(last);
      item = partner[at(last)];
    }
    short_price(start) += reached;
    for (const Index j : order_) {
      short_price(partner[at(j)]) += reached - distance_(j);
      long_price(j) -= reached - distance_(j);
    }
    return last;
  }

  const Matrix& costs_;
  Vector distance_;
  std::vector<Index> before_, order_;
  std::vector<bool> settled_;
};

}  // namespace internal

template <class Derived>
requires std::floating_point<typename Derived::Scalar> Matching<typename Derived::Scalar> minimum_cost_matching(
    const Eigen::MatrixBase<Derived>& cost) {
  using Scalar = typename Derived::Scalar;
  using Matrix = typename internal::MatchingSearch<Scalar>::Matrix;
  const Matrix costs = cost;
  internal::check_costs(costs, "minimum_cost_matching");
  const bool is_tall = costs.rows() > costs.cols();
  const Matrix by_short_side = is_tall ? costs : Matrix(costs.transpose());
  internal::MatchingSearch<Scalar> search(by_short_side);

  Matching<Scalar> result;
  if (is_tall) {
    result.column = std::move(search.partner);
  } else {
    result.column.assign(static_cast<std::size_t>(costs.rows()), -1);
    for (std::size_t j = 0; j < search.partner.size(); ++j)
      if (search.partner[j] >= 0) result.column[static_cast<std::size_t>(search.partner[j])] = static_cast<Index>(j);
  }
  result.row_price = is_tall ? search.long_price : search.short_price;
  result.column_price = is_tall ? search.short_price : search.long_price;
  for (Index i = 0; i < costs.rows(); ++i) {
    const Index j = result.column[static_cast<std::size_t>(i)];
    if (j >= 0) result.cost += costs(i, j);
  }
  return result;
}

}  // namespace kmscape

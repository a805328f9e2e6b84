// Minimum-cost matching of rows to columns of a dense matrix: the assignment problem.
//
// Shortest augmenting paths with dual potentials (Kuhn 1955, Munkres 1957; in the form of Jonker, Volgenant 1987).
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>

namespace kmscape {

struct Matching {
  std::vector<Index> column;  // per row: the column it is matched to, or -1 where there are more rows than columns
  double cost = 0;            // sum of the matched entries
};

/// Matches min(rows, columns) pairs at least total cost. Entries must be finite. Throws `invalid_input`.
/// O(min^2 max) time, O(rows + columns) memory beyond a transposed copy.
[[nodiscard]] inline Matching minimum_cost_matching(const Eigen::Ref<const Eigen::MatrixXd>& cost) {
  internal::require(cost.size() > 0, "minimum_cost_matching", "cost",
                    internal::text("a ", cost.rows(), " x ", cost.cols(), " matrix"), "there must be something to match",
                    "pass at least one row and one column");
  internal::require(cost.allFinite(), "minimum_cost_matching", "cost", "a matrix with NaN or infinity",
                    "every entry must be a finite number", "replace forbidden pairs by a large finite cost");
  if (cost.rows() > cost.cols()) {
    const Matching turned = minimum_cost_matching(cost.transpose());
    Matching result{std::vector<Index>(static_cast<std::size_t>(cost.rows()), -1), turned.cost};
    for (std::size_t j = 0; j < turned.column.size(); ++j)
      result.column[static_cast<std::size_t>(turned.column[j])] = static_cast<Index>(j);
    return result;
  }

  const Index n = cost.rows(), m = cost.cols();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Eigen::ArrayXd row_price = Eigen::ArrayXd::Zero(n), column_price = Eigen::ArrayXd::Zero(m);
  std::vector<Index> row_of(static_cast<std::size_t>(m), -1), before(static_cast<std::size_t>(m));
  const auto at = [](Index i) { return static_cast<std::size_t>(i); };

  for (Index start = 0; start < n; ++start) {
    // Dijkstra's search over columns, by reduced costs, from the free row to the nearest free column.
    Eigen::ArrayXd distance = Eigen::ArrayXd::Constant(m, infinity);
    std::vector<bool> settled(at(m), false);
    std::vector<Index> order;
    Index row = start, column = -1;
    double reached = 0;
    for (;;) {
      Index nearest = -1;
      for (Index j = 0; j < m; ++j) {
        if (settled[at(j)]) continue;
        const double through = reached + cost(row, j) - row_price(row) - column_price(j);
        if (through < distance(j)) {
          distance(j) = through;
          before[at(j)] = column;
        }
        if (nearest < 0 || distance(j) < distance(nearest)) nearest = j;
      }
      column = nearest;
      reached = distance(column);
      settled[at(column)] = true;
      if (row_of[at(column)] < 0) break;
      order.push_back(column);
      row = row_of[at(column)];
    }
    row_price(start) += reached;
    for (const Index j : order) {
      row_price(row_of[at(j)]) += reached - distance(j);
      column_price(j) -= reached - distance(j);
    }
    while (column >= 0) {
      const Index previous = before[at(column)];
      row_of[at(column)] = previous >= 0 ? row_of[at(previous)] : start;
      column = previous;
    }
  }

  Matching result{std::vector<Index>(at(n), -1), 0};
  for (Index j = 0; j < m; ++j)
    if (row_of[at(j)] >= 0) {
      result.column[at(row_of[at(j)])] = j;
      result.cost += cost(row_of[at(j)], j);
    }
  return result;
}

}  // namespace kmscape

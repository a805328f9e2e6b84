// Fewer centers from more: what joining two cells costs, and the cheapest joins down to k centers.
//
// Joining cells i and j raises the objective by m_i m_j / (m_i + m_j) |c_i - c_j|^2 before any point changes cells. Of
// a fit with more centers than clusters the cheapest joins drop almost-empty cells and bring groups of centers that
// share a cluster together, as QZC section 4 proposes.
#pragma once

#include <Eigen/Core>
#include <limits>
#include <utility>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

/// Rise of the objective when cells i and j become one, before points change cells; 0 for an empty cell.
/// Throws `invalid_input`. O(d).
template <std::floating_point Scalar, int Dim>
[[nodiscard]] double merge_cost(const CellMoments<Scalar, Dim>& cells, Index i, Index j) {
  for (const auto& [name, index] : {std::pair("i", i), std::pair("j", j)})
    internal::require(index >= 0 && index < cells.mass.size(), "merge_cost", name, index,
                      "cells are numbered 0, ..., m - 1", "pass an index in this range");
  const double a = static_cast<double>(cells.mass(i)), b = static_cast<double>(cells.mass(j));
  if (!(a > 0 && b > 0)) return 0;
  double squared = 0;
  for (Index s = 0; s < cells.centroid.rows(); ++s) {
    const double step = static_cast<double>(cells.centroid(s, i) - cells.centroid(s, j));
    squared += step * step;
  }
  return a * b / (a + b) * squared;
}

/// The centers, d x k, that are left when the cheapest pair of m >= k cells is joined again and again (Ward 1963);
/// equal costs go to the pair of lowest indices. Throws `invalid_input`. O((m - k) m^2 d).
template <std::floating_point Scalar, int Dim>
[[nodiscard]] FittedCenters<Scalar, Dim> merged_to(CellMoments<Scalar, Dim> cells, Index k) {
  Index left = cells.mass.size();
  internal::require(k >= 1 && k <= left, "merged_to", "k", k,
                    internal::text("there are ", left, " cells to begin with, and one must be left"),
                    internal::text("pass 1, ..., ", left));
  while (left > k) {
    Index first = 0, second = 1;
    double least = std::numeric_limits<double>::infinity();
    for (Index i = 0; i < left; ++i)
      for (Index j = i + 1; j < left; ++j)
        if (const double cost = merge_cost(cells, i, j); cost < least) {
          least = cost;
          first = i;
          second = j;
        }
    const auto a = cells.mass(first), b = cells.mass(second);
    --left;
    for (Index s = 0; s < cells.centroid.rows(); ++s) {
      if (a + b > 0)
        cells.centroid(s, first) = (a * cells.centroid(s, first) + b * cells.centroid(s, second)) / (a + b);
      cells.centroid(s, second) = cells.centroid(s, left);
    }
    cells.mass(first) = a + b;
    cells.mass(second) = cells.mass(left);
  }
  cells.centroid.conservativeResize(Eigen::NoChange, k);
  return std::move(cells.centroid);
}

}  // namespace kmscape

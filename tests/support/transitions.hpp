// Small instances of transitions, and their linear programs as BHZ state them.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>

#include "support/linear_program.hpp"
#include "support/points.hpp"

namespace testing {

using kmscape::Counts;
using kmscape::Index;
using kmscape::Label;
using kmscape::Labels;

/// Calls `visit` with every clustering of n items into k clusters (names matter, clusters may be empty).
template <class Visit>
void for_each_clustering(Index n, Label k, const Visit& visit) {
  Labels labels = Labels::Zero(n);
  for (;;) {
    visit(labels);
    Index j = 0;
    while (j < n && labels(j) == k - 1) labels(j++) = 0;
    if (j == n) return;
    ++labels(j);
  }
}

inline Counts sizes_of(const Labels& labels, Index k) {
  Counts sizes = Counts::Zero(k);
  for (Index j = 0; j < labels.size(); ++j) ++sizes(labels(j));
  return sizes;
}

/// sum of x . s_i over all items, x relative to `origin`.
inline double objective(const Eigen::MatrixXd& points, const Labels& labels, const Eigen::MatrixXd& sites,
                        const Eigen::VectorXd& origin) {
  double sum = 0;
  for (Index j = 0; j < labels.size(); ++j) sum += (points.col(j) - origin).dot(sites.col(labels(j)));
  return sum;
}

/// The best clustering among all within the bounds, the first of several.
inline Labels best_clustering(const Eigen::MatrixXd& points, const Eigen::MatrixXd& sites, const Counts& lower,
                              const Counts& upper, const Eigen::VectorXd& origin) {
  Labels best;
  double most = -std::numeric_limits<double>::infinity();
  for_each_clustering(points.cols(), static_cast<Label>(sites.cols()), [&](const Labels& labels) {
    const Counts sizes = sizes_of(labels, sites.cols());
    if ((sizes < lower).any() || (sizes > upper).any()) return;
    const double value = objective(points, labels, sites, origin);
    if (value > most + 1e-12) {
      most = value;
      best = labels;
    }
  });
  return best;
}

/// max c(s) . y over the transportation polytope (2) by its dual: min sum_j u_j + sum_i (kappa+_i a_i - kappa-_i b_i)
/// with u_j + a_i - b_i >= x_j . s_i and a, b >= 0.
inline double transportation_optimum(const Eigen::MatrixXd& points, const Eigen::MatrixXd& sites, const Counts& lower,
                                     const Counts& upper, const Eigen::VectorXd& origin) {
  const auto n = static_cast<std::size_t>(points.cols()), k = static_cast<std::size_t>(sites.cols());
  LinearProgram program;
  program.objective.assign(n + 2 * k, -1);
  for (std::size_t i = 0; i < k; ++i) {
    program.objective[n + i] = -static_cast<long double>(upper(static_cast<Index>(i)));
    program.objective[n + k + i] = static_cast<long double>(lower(static_cast<Index>(i)));
    for (const std::size_t variable : {n + i, n + k + i}) {
      std::vector<long double> row(n + 2 * k, 0);
      row[variable] = -1;
      program.add(row, 0);
    }
    for (std::size_t j = 0; j < n; ++j) {
      std::vector<long double> row(n + 2 * k, 0);
      row[j] = -1;
      row[n + i] = -1;
      row[n + k + i] = 1;
      program.add(row, -(points.col(static_cast<Index>(j)) - origin).dot(sites.col(static_cast<Index>(i))));
    }
  }
  return static_cast<double>(-solve(program).value);
}

/// LP (9): the largest lambda up to which `labels` stays optimal in (2) for (1 - lambda) s + lambda t; infinite if
/// always. As BHZ state it, for min -c(s) . y: dual variables that are feasible for lambda and whose value is that of
/// `labels`.
inline double ranging_breakpoint(const Eigen::MatrixXd& points, const Labels& labels, const Eigen::MatrixXd& start,
                                 const Eigen::MatrixXd& target, const Counts& lower, const Counts& upper,
                                 const Eigen::VectorXd& origin) {
  const auto n = static_cast<std::size_t>(points.cols()), k = static_cast<std::size_t>(start.cols());
  const std::size_t lambda = n + 2 * k;  // after u_j, the prices of lower bounds and those of upper ones
  LinearProgram program;
  program.objective.assign(lambda + 1, 0);
  program.objective[lambda] = 1;
  const Eigen::MatrixXd change = target - start;
  std::vector<long double> value(lambda + 1, 0);  // of the dual variables, less that of `labels`
  long double value_at_start = 0;
  for (std::size_t j = 0; j < n; ++j) {
    const Eigen::VectorXd x = points.col(static_cast<Index>(j)) - origin;
    const Label own = labels(static_cast<Index>(j));
    value[j] = 1;
    value[lambda] += x.dot(change.col(own));
    value_at_start -= x.dot(start.col(own));
    for (std::size_t i = 0; i < k; ++i) {
      std::vector<long double> row(lambda + 1, 0);
      row[j] = row[n + i] = 1;
      row[n + k + i] = -1;
      row[lambda] = x.dot(change.col(static_cast<Index>(i)));
      program.add(row, -x.dot(start.col(static_cast<Index>(i))));
    }
  }
  for (std::size_t i = 0; i < k; ++i) {
    value[n + i] = static_cast<long double>(lower(static_cast<Index>(i)));
    value[n + k + i] = -static_cast<long double>(upper(static_cast<Index>(i)));
    for (const std::size_t price : {n + i, n + k + i}) {
      std::vector<long double> row(lambda + 1, 0);
      row[price] = -1;
      program.add(row, 0);
    }
  }
  // By weak duality the value is at most that of `labels`: one inequality states that both are equal.
  for (auto& entry : value) entry = -entry;
  program.add(value, -value_at_start);
  const auto result = solve(program);
  if (result.status == ProgramStatus::unbounded) return std::numeric_limits<double>::infinity();
  return static_cast<double>(result.value);
}

/// LP (6): the largest margin of a power diagram with these sites; infinite if unbounded.
inline double largest_margin(const Eigen::MatrixXd& points, const Labels& labels, const Eigen::MatrixXd& sites) {
  const auto k = static_cast<std::size_t>(sites.cols());
  LinearProgram program;
  program.objective.assign(k + 1, 0);
  program.objective[k] = 1;
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t l = 0; l < k; ++l) {
      if (l == i) continue;
      const Eigen::VectorXd gap = sites.col(static_cast<Index>(l)) - sites.col(static_cast<Index>(i));
      double most = -std::numeric_limits<double>::infinity();
      for (Index j = 0; j < points.cols(); ++j)
        if (labels(j) == static_cast<Label>(i)) most = std::max(most, gap.dot(points.col(j)));
      if (std::isinf(most)) continue;
      std::vector<long double> row(k + 1, 0);
      row[l] = -1;
      row[i] = 1;
      row[k] = gap.norm();
      program.add(row, -most);
    }
  const auto result = solve(program);
  if (result.status == ProgramStatus::unbounded) return std::numeric_limits<double>::infinity();
  return static_cast<double>(result.value);
}

}  // namespace testing

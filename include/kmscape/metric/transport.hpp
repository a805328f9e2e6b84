// Exact optimal transport between two small discrete measures: the dense transportation problem.
//
// Minimise sum_ij P_ij c_ij over P >= 0 with given row and column sums, by successive shortest augmenting paths under dual
// prices; complementary slackness of plan and prices proves the optimum.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>

namespace kmscape {

struct TransportPlan {
  Eigen::MatrixXd plan;          // m x k, non-negative; rows sum to the supplies, columns to the demands
  double cost = 0;               // sum of plan * cost
  Eigen::VectorXd row_price;     // m: row_price(i) + column_price(j) <= cost(i, j), equal where the plan is positive
  Eigen::VectorXd column_price;  // k
};

/// Moves `supply` (m masses) onto `demand` (k masses) at least cost. Masses are positive; their totals must agree to 1e-9
/// relatively, and the demands are scaled to match exactly. Throws `invalid_input`. O((m + k)^2 m k) at worst.
[[nodiscard]] inline TransportPlan optimal_transport(const Eigen::Ref<const Eigen::VectorXd>& supply,
                                                     const Eigen::Ref<const Eigen::VectorXd>& demand,
                                                     const Eigen::Ref<const Eigen::MatrixXd>& cost) {
  const Index m = supply.size(), k = demand.size();
  internal::require(m > 0 && k > 0, "optimal_transport", m > 0 ? "demand" : "supply", "an empty list",
                    "there must be mass to move", "pass at least one mass on each side");
  internal::check_weights(supply, m, "optimal_transport", "supply", "row");
  internal::check_weights(demand, k, "optimal_transport", "demand", "column");
  internal::require(cost.rows() == m && cost.cols() == k, "optimal_transport", "cost",
                    internal::text("a ", cost.rows(), " x ", cost.cols(), " matrix"),
                    internal::text("there are ", m, " supplies and ", k, " demands"), "pass one cost per pair");
  internal::require(cost.allFinite(), "optimal_transport", "cost", "a matrix with NaN or infinity",
                    "every cost must be a finite number", "replace forbidden pairs by a large finite cost");
  const double total = supply.sum();
  internal::require(std::abs(total - demand.sum()) <= 1e-9 * total, "optimal_transport", "demand",
                    internal::text("masses of total ", demand.sum()), internal::text("the supplies total ", total),
                    "scale one side to the other's total");

  constexpr double infinity = std::numeric_limits<double>::infinity();
  // What is left below this is rounding of the subtractions.
  const double negligible = 1e-14 * total;
  const auto at = [](Index i) { return static_cast<std::size_t>(i); };
  TransportPlan result;
  result.plan = Eigen::MatrixXd::Zero(m, k);
  // Nodes 0, ..., m - 1 are rows, m, ..., m + k - 1 columns; reduced costs c_ij + potential_i - potential_{m+j} stay >= 0.
  Eigen::VectorXd potential = Eigen::VectorXd::Zero(m + k);
  for (Index j = 0; j < k; ++j) potential(m + j) = cost.col(j).minCoeff();
  Eigen::VectorXd left = supply, open = demand * (total / demand.sum());

  while (left.maxCoeff() > negligible) {
    Eigen::VectorXd distance = Eigen::VectorXd::Constant(m + k, infinity);
    std::vector<Index> before(at(m + k), -1);
    std::vector<bool> settled(at(m + k), false);
    for (Index i = 0; i < m; ++i)
      if (left(i) > negligible) distance(i) = 0;
    Index target = -1;
    double reached = 0;
    for (;;) {
      Index node = -1;
      for (Index v = 0; v < m + k; ++v)
        if (!settled[at(v)] && distance(v) < infinity && (node < 0 || distance(v) < distance(node))) node = v;
      if (node < 0) break;
      settled[at(node)] = true;
      reached = distance(node);
      if (node >= m && open(node - m) > negligible) {
        target = node;
        break;
      }
      const auto relax = [&](Index to, double length) {
        if (settled[at(to)] || reached + std::max(length, 0.0) >= distance(to)) return;
        distance(to) = reached + std::max(length, 0.0);
        before[at(to)] = node;
      };
      if (node < m) {
        for (Index j = 0; j < k; ++j) relax(m + j, cost(node, j) + potential(node) - potential(m + j));
      } else {
        for (Index i = 0; i < m; ++i)
          if (result.plan(i, node - m) > 0) relax(i, potential(node) - cost(i, node - m) - potential(i));
      }
    }
    if (target < 0) break;  // only rounding is left on the other side
    for (Index v = 0; v < m + k; ++v) potential(v) += std::min(distance(v), reached);

    double amount = open(target - m);
    Index source = target;
    for (Index v = target; before[at(v)] >= 0; v = before[at(v)]) {
      source = before[at(v)];
      if (v < m) amount = std::min(amount, result.plan(v, source - m));
    }
    amount = std::min(amount, left(source));
    for (Index v = target; before[at(v)] >= 0; v = before[at(v)]) {
      const Index u = before[at(v)];
      if (v >= m)
        result.plan(u, v - m) += amount;
      else
        result.plan(v, u - m) -= amount;
    }
    left(source) -= amount;
    open(target - m) -= amount;
  }
  result.cost = result.plan.cwiseProduct(cost).sum();
  result.row_price = -potential.head(m);
  result.column_price = potential.tail(k);
  return result;
}

}  // namespace kmscape

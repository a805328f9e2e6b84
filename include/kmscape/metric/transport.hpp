// Exact optimal transport between two small discrete measures: minimise sum_ij P_ij c_ij over plans P >= 0 with given
// row and column sums, the dense transportation problem. Successive shortest augmenting paths under dual prices (Jewell
// 1958, Busacker, Gowen 1960; prices after Edmonds, Karp 1972); plan and prices together prove the optimum.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <utility>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/metric/matching.hpp>

namespace kmscape {

/// Prices satisfy row_price(i) + column_price(j) <= cost(i, j), with equality where the plan is positive, so that no
/// plan costs less than supply * row_price + demand * column_price, which is the cost of this one.
template <std::floating_point Scalar = double>
struct TransportPlan {
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> plan;  // m x k, >= 0; rows sum to supplies, columns to demands
  Scalar cost = 0;                                             // sum of plan times cost
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> row_price;          // m
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> column_price;       // k
};

/// Moves `supply` (m masses) onto `demand` (k masses) at least `cost` (m x k, finite), in the scalar type of the costs.
/// Masses are positive, and their totals agree relatively to the square root of the machine precision; the demands are
/// scaled to the supplies' total, and sums of the plan are exact up to rounding of that total. Throws `invalid_input`.
/// Memory O(m k); time O(m k) a path, and paths number a few times m + k on all but contrived data.
template <class Supply, class Demand, class Cost>
requires std::floating_point<typename Cost::Scalar>
[[nodiscard]] TransportPlan<typename Cost::Scalar> optimal_transport(const Eigen::DenseBase<Supply>& supply,
                                                                     const Eigen::DenseBase<Demand>& demand,
                                                                     const Eigen::MatrixBase<Cost>& cost);

namespace internal {

/// The plan so far, its prices, and the search for the next path. Nodes 0, ..., m - 1 are rows, m, ..., m + k - 1
/// columns; a row leads to every column at its reduced cost c_ij - row_price_i - column_price_j >= 0, and a column
/// back, at no cost, to every row that sends it mass.
template <std::floating_point Scalar>
class TransportSearch {
 public:
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

  TransportSearch(const Matrix& cost, Vector supply, Vector demand)
      : plan(Matrix::Zero(cost.rows(), cost.cols())),
        row_price(Vector::Zero(cost.rows())),
        column_price(cost.colwise().minCoeff().transpose()),
        cost_(cost),
        left_(std::move(supply)),
        open_(std::move(demand)),
        rows_(cost.rows()),
        nodes_(static_cast<std::size_t>(cost.rows() + cost.cols())) {
    // Each path uses up a supply, a demand or an entry of the plan exactly. When one side is used up, rounding of the
    // totals is all that the other can have left.
    while ((left_.array() > 0).any() && (open_.array() > 0).any()) {
      const Index target = find_path();
      raise_prices(node(target).distance);
      augment(target);
    }
    // The tightest row prices: they clear the rounding that the raises have left in the inequalities.
    for (Index i = 0; i < rows_; ++i) row_price(i) = (cost.row(i).transpose() - column_price).minCoeff();
  }

  Matrix plan;
  Vector row_price, column_price;

 private:
  struct Node {
    Scalar distance;
    Index arcs;  // on the path; among paths of equal length the one of fewest arcs comes first, without which paths of
                 // equal length can follow each other without end (Edmonds, Karp 1972)
    Index before;  // previous node, or -1
    bool is_settled;
  };

  Node& node(Index v) { return nodes_[static_cast<std::size_t>(v)]; }
  static bool is_nearer(const Node& a, const Node& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.arcs < b.arcs);
  }

  /// Dijkstra's search from all rows with mass left; returns the nearest column that still takes some.
  Index find_path() {
    constexpr Scalar infinity = std::numeric_limits<Scalar>::infinity();
    const Index count = static_cast<Index>(nodes_.size());
    for (Index v = 0; v < count; ++v) node(v) = {v < rows_ && left_(v) > 0 ? Scalar{0} : infinity, 0, -1, false};
    for (;;) {
      Index nearest = -1;
      for (Index v = 0; v < count; ++v)
        if (!node(v).is_settled && (nearest < 0 || is_nearer(node(v), node(nearest)))) nearest = v;
      node(nearest).is_settled = true;
      if (nearest < rows_) {
        for (Index j = 0; j < cost_.cols(); ++j)
          // Only rounding can make a reduced cost negative.
          relax(nearest, rows_ + j, std::max(cost_(nearest, j) - row_price(nearest) - column_price(j), Scalar{0}));
      } else {
        const Index j = nearest - rows_;
        if (open_(j) > 0) return nearest;
        for (Index i = 0; i < rows_; ++i)
          if (plan(i, j) > 0) relax(nearest, i, 0);
      }
    }
  }

  void relax(Index from, Index to, Scalar length) {
    const Node through{node(from).distance + length, node(from).arcs + 1, from, false};
    if (!node(to).is_settled && is_nearer(through, node(to))) node(to) = through;
  }

  /// Makes every arc of the path free and none negative; only nodes nearer than `reached` change.
  void raise_prices(Scalar reached) {
    for (Index i = 0; i < rows_; ++i) row_price(i) += reached - std::min(node(i).distance, reached);
    for (Index j = 0; j < cost_.cols(); ++j) column_price(j) -= reached - std::min(node(rows_ + j).distance, reached);
  }

  /// Sends as much as supply, demand and the entries to be taken back allow.
  void augment(Index target) {
    Scalar amount = open_(target - rows_);
    Index source = target;
    for (Index v = target; node(v).before >= 0; v = source) {
      source = node(v).before;
      if (v < rows_) amount = std::min(amount, plan(v, source - rows_));
    }
    amount = std::min(amount, left_(source));
    for (Index v = target; v != source; v = node(v).before) {
      const Index u = node(v).before;
      if (v < rows_)
        plan(v, u - rows_) -= amount;
      else
        plan(u, v - rows_) += amount;
    }
    left_(source) -= amount;
    open_(target - rows_) -= amount;
  }

  const Matrix& cost_;
  Vector left_, open_;
  Index rows_;
  std::vector<Node> nodes_;
};

}  // namespace internal

template <class Supply, class Demand, class Cost>
requires std::floating_point<typename Cost::Scalar> TransportPlan<typename Cost::Scalar> optimal_transport(
    const Eigen::DenseBase<Supply>& supply, const Eigen::DenseBase<Demand>& demand,
    const Eigen::MatrixBase<Cost>& cost) {
  using Scalar = typename Cost::Scalar;
  using Search = internal::TransportSearch<Scalar>;
  constexpr auto function = "optimal_transport";
  const Index m = supply.size(), k = demand.size();
  internal::require(m > 0 && k > 0, function, m > 0 ? "demand" : "supply", "an empty list",
                    "there must be mass to move", "pass at least one mass on each side");
  internal::check_weights(supply, m, function, "supply", "row");
  internal::check_weights(demand, k, function, "demand", "column");
  internal::require(cost.rows() == m && cost.cols() == k, function, "cost",
                    internal::text("a ", cost.rows(), " x ", cost.cols(), " matrix"),
                    internal::text("there are ", m, " supplies and ", k, " demands"), "pass one cost per pair");
  const typename Search::Matrix costs = cost;
  internal::check_costs(costs, function);
  const typename Search::Vector supplies = supply.derived().template cast<Scalar>();
  typename Search::Vector demands = demand.derived().template cast<Scalar>();
  const Scalar total = supplies.sum(), demanded = demands.sum();
  internal::require(std::abs(total - demanded) <= std::sqrt(std::numeric_limits<Scalar>::epsilon()) * total, function,
                    "demand", internal::text("masses of total ", demanded),
                    internal::text("the supplies total ", total), "scale one side to the other's total");
  if (demanded != total) demands *= total / demanded;

  Search search(costs, supplies, demands);
  TransportPlan<Scalar> result{std::move(search.plan), 0, std::move(search.row_price), std::move(search.column_price)};
  result.cost = result.plan.cwiseProduct(costs).sum();
  return result;
}

}  // namespace kmscape

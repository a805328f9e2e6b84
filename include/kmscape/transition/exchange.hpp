// What turns one clustering into another: single moves of items, the clustering difference graph, and its decomposition
// into sequential and cyclical exchanges.
//
// Source: BHZ section 2.1 and Definition 4. The graph CDG(C, C') has a node for each cluster and for each item x in
// C_i and C'_l, i != l, an arc i -> l. A path in it is a sequential exchange, a cycle a cyclical one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>

namespace kmscape {

/// Item `item` leaves cluster `from` for cluster `to`: an arc of the difference graph.
struct Move {
  Index item = -1;
  Label from = -1, to = -1;

  friend bool operator==(const Move&, const Move&) = default;
};

/// The moves of one exchange in order: each cluster passes on one item to the next. No cluster occurs twice, but for
/// the last one of a cyclical exchange, which is the first.
using ItemExchange = std::vector<Move>;

/// Whether every cluster keeps its size.
[[nodiscard]] inline bool is_cyclical(const ItemExchange& exchange) {
  return !exchange.empty() && exchange.front().from == exchange.back().to;
}

/// Whether the moves form one path or one cycle through different clusters with an item for each arc.
[[nodiscard]] inline bool is_single_exchange(const ItemExchange& exchange) {
  if (exchange.empty()) return false;
  for (std::size_t m = 0; m < exchange.size(); ++m) {
    if (exchange[m].from == exchange[m].to) return false;
    if (m > 0 && exchange[m - 1].to != exchange[m].from) return false;
    for (std::size_t other = 0; other < m; ++other)
      if (exchange[other].from == exchange[m].from || exchange[other].to == exchange[m].to ||
          exchange[other].item == exchange[m].item)
        return false;
  }
  // A path may not come back to its first cluster before its end.
  for (std::size_t m = 0; m + 1 < exchange.size(); ++m)
    if (exchange[m].to == exchange.front().from) return false;
  return true;
}

namespace internal {

/// Whether every item is where its move begins.
template <class WhenUsed = void>
[[nodiscard]] bool is_applicable(const ItemExchange& exchange, const Labels& labels) {
  return std::all_of(exchange.begin(), exchange.end(), [&](const Move& move) {
    return move.item >= 0 && move.item < labels.size() && labels(move.item) == move.from;
  });
}

}  // namespace internal

/// Makes the moves. Throws `invalid_input` where an item is not where its move begins.
template <class WhenUsed = void>
void apply_exchange(const ItemExchange& exchange, Labels& labels) {
  if (!internal::is_applicable(exchange, labels))
    for (const auto& move : exchange) {
      internal::require(move.item >= 0 && move.item < labels.size(), "apply_exchange", "exchange.item", move.item,
                        internal::text("there are ", labels.size(), " items"),
                        "pass the labels that the exchange is for");
      internal::require(labels(move.item) == move.from, "apply_exchange", internal::text("labels(", move.item, ")"),
                        labels(move.item), internal::text("the exchange moves this item from cluster ", move.from),
                        "apply exchanges in their order to the clustering that they start from");
    }
  for (const auto& move : exchange) labels(move.item) = move.to;
}

/// The exchange that undoes this one.
template <class WhenUsed = void>
[[nodiscard]] ItemExchange reversed(const ItemExchange& exchange) {
  ItemExchange result;
  result.reserve(exchange.size());
  for (auto move = exchange.rbegin(); move != exchange.rend(); ++move)
    result.push_back({move->item, move->to, move->from});
  return result;
}

/// The clustering difference graph CDG(C, C') of two clusterings of the same items.
struct DifferenceGraph {
  Index clusters = 0;
  std::vector<Move> arcs;  // in order of items
};

/// Throws `invalid_input` unless the labels are of equally many items. O(n).
template <class WhenUsed = void>
[[nodiscard]] DifferenceGraph difference_graph(const Labels& from, const Labels& to) {
  internal::check_labels(from, from.size(), "difference_graph", "from");
  internal::check_labels(to, from.size(), "difference_graph", "to");
  DifferenceGraph graph;
  for (Index j = 0; j < from.size(); ++j) {
    graph.clusters = std::max<Index>(graph.clusters, std::max(from(j), to(j)) + 1);
    if (from(j) != to(j)) graph.arcs.push_back({j, from(j), to(j)});
  }
  return graph;
}

/// The arcs of the graph as exchanges, applicable in any order: the cyclical ones first, then sequential ones, each
/// from a cluster that is to shrink to one that is to grow, as few as possible. Size bounds that hold for both
/// clusterings hold in between. O(arcs).
template <class WhenUsed = void>
[[nodiscard]] std::vector<ItemExchange> decompose(const DifferenceGraph& graph) {
  const auto at = [](auto i) { return static_cast<std::size_t>(i); };
  std::vector<std::vector<Move>> leaving(at(graph.clusters));
  for (auto arc = graph.arcs.rbegin(); arc != graph.arcs.rend(); ++arc) leaving[at(arc->from)].push_back(*arc);

  // A walk that takes each arc once; what lies between two visits of a cluster is a cycle.
  std::vector<ItemExchange> cycles, paths;
  std::vector<std::ptrdiff_t> visited(at(graph.clusters), -1);  // how many arcs of the walk come before the cluster
  ItemExchange walk;
  const auto follow = [&](Index first) {
    walk.clear();
    Index here = first;
    visited[at(here)] = 0;
    while (!leaving[at(here)].empty()) {
      walk.push_back(leaving[at(here)].back());
      leaving[at(here)].pop_back();
      here = walk.back().to;
      if (visited[at(here)] >= 0) {
        const auto begin = visited[at(here)];
        cycles.emplace_back(walk.begin() + begin, walk.end());
        for (auto move = walk.begin() + begin; move != walk.end(); ++move) visited[at(move->to)] = -1;
        walk.resize(at(begin));
      }
      visited[at(here)] = static_cast<std::ptrdiff_t>(walk.size());
    }
    visited[at(first)] = -1;
    for (const auto& move : walk) visited[at(move.to)] = -1;
  };
  // From a cluster that loses more than it gets a walk ends where more comes in than goes out, elsewhere where it
  // began.
  std::vector<Index> surplus(at(graph.clusters), 0);
  for (const auto& arc : graph.arcs) {
    ++surplus[at(arc.from)];
    --surplus[at(arc.to)];
  }
  for (Index i = 0; i < graph.clusters; ++i)
    for (; surplus[at(i)] > 0; --surplus[at(i)]) {
      follow(i);
      paths.push_back(walk);
    }
  for (Index i = 0; i < graph.clusters; ++i)
    while (!leaving[at(i)].empty()) follow(i);
  cycles.insert(cycles.end(), std::make_move_iterator(paths.begin()), std::make_move_iterator(paths.end()));
  return cycles;
}

}  // namespace kmscape

// Shortest paths and negative cycles among the clusters, by label correcting, decided exactly.
//
// No negative cycle among the clusters: the clustering is a constrained least-squares assignment for its sizes. None
// with the root either, whose arcs lead to clusters that may shrink and come from those that may grow: it is radial
// (BHZ section 2.2 with LP duality). Without a negative cycle the labels p satisfy p_l <= p_i + w_il: gamma = -p is a
// separating power diagram.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include <kmscape/transition/exact_weight.hpp>
#include <kmscape/transition/exchange.hpp>
#include <kmscape/transition/predecessors.hpp>
#include <kmscape/transition/transition_graph.hpp>

namespace kmscape::internal {

/// Which clusters may shrink and grow.
template <class WhenUsed>
struct BasicRoom {
  std::vector<char> shrink, grow;

  [[nodiscard]] bool any() const { return std::find(shrink.begin(), shrink.end(), 1) != shrink.end(); }
};
using Room = BasicRoom<void>;

template <class WhenUsed>
class BasicExchangePaths {
 public:
  explicit BasicExchangePaths(std::size_t k) : k_(k), nodes_(k + 1), label_(nodes_), value_(nodes_), via_(nodes_, -1) {
    tree_.assign(nodes_, -1);
  }

  /// Looks for a negative cycle at lambda among the clusters and, where `room` is given, the root. Labels start from
  /// the paths of the last call that found none.
  bool find_cycle(TransitionGraph& graph, const Breakpoint& lambda, const Room* room) {
    prepare(graph, lambda, room);
    via_ = tree_;
    // The forest's labels with today's weights, parents first.
    std::fill(value_.begin(), value_.end(), infinity);
    for (std::size_t node = 0; node < used_; ++node) {
      chain_.clear();
      for (std::size_t at = node; value_[at] == infinity; at = static_cast<std::size_t>(via_[at])) {
        chain_.push_back(at);
        if (via_[at] >= 0 && !has_arc(static_cast<std::size_t>(via_[at]), at)) via_[at] = -1;
        if (via_[at] < 0) {
          label_[at] = {};
          value_[at] = 0;
          chain_.pop_back();
          break;
        }
      }
      for (; !chain_.empty(); chain_.pop_back()) {
        const std::size_t at = chain_.back();
        set(at, label_[static_cast<std::size_t>(via_[at])] + weight(static_cast<std::size_t>(via_[at]), at));
      }
    }
    const bool found = correct();
    if (!found) tree_ = via_;
    return found;
  }

  /// Shortest paths from all clusters that may shrink; there must be no negative cycle among the clusters.
  void find_paths(TransitionGraph& graph, const Breakpoint& lambda, const Room& room) {
    prepare(graph, lambda, nullptr);
    for (std::size_t i = 0; i < k_; ++i) {
      via_[i] = -1;
      label_[i] = {};
      value_[i] = room.shrink[i] != 0 ? 0 : infinity;
    }
    correct();
  }

  /// The nodes of the cycle found, each followed by where its item goes; clusters only, beginning after the root if it
  /// takes part.
  [[nodiscard]] const std::vector<std::size_t>& cycle() const { return cycle_; }
  /// Whether the root takes part: then the cycle is a path of clusters.
  [[nodiscard]] bool through_root() const { return through_root_; }

  /// The exchange along the cycle found, and what it weighs.
  [[nodiscard]] ItemExchange exchange(const TransitionGraph& graph, LinearWeight& total) const {
    ItemExchange result;
    total = {};
    const std::size_t arcs = through_root_ ? cycle_.size() - 1 : cycle_.size();
    for (std::size_t c = 0; c < arcs; ++c) append(graph, cycle_[c], cycle_[(c + 1) % cycle_.size()], result, total);
    return result;
  }

  /// The exchange along the path found to cluster `last`, and what it weighs.
  [[nodiscard]] ItemExchange path_to(const TransitionGraph& graph, std::size_t last, LinearWeight& total) const {
    std::vector<std::size_t> nodes = {last};
    while (via_[nodes.back()] >= 0) nodes.push_back(static_cast<std::size_t>(via_[nodes.back()]));
    ItemExchange result;
    total = {};
    for (std::size_t c = nodes.size(); c-- > 1;) append(graph, nodes[c], nodes[c - 1], result, total);
    return result;
  }

  /// The length of the path found to a node.
  [[nodiscard]] const LinearWeight& label(std::size_t node) const { return label_[node]; }
  [[nodiscard]] bool is_reached(std::size_t node) const { return value_[node] < infinity; }
  /// The same, rounded.
  [[nodiscard]] double value(std::size_t node) const { return value_[node]; }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  static void append(const TransitionGraph& graph, std::size_t from, std::size_t to, ItemExchange& exchange,
                     LinearWeight& total) {
    const auto& line = graph.line(from, to);
    exchange.push_back({line.item, static_cast<Label>(from), static_cast<Label>(to)});
    total = total + line.weight;
  }

  void prepare(TransitionGraph& graph, const Breakpoint& lambda, const Room* room) {
    graph_ = &graph;
    weights_ = graph.weights(lambda).data();
    lambda_ = lambda;
    lambda_value_ = lambda.value();
    room_ = room;
    used_ = room != nullptr ? nodes_ : k_;
    tolerance_ = graph.tolerance();
  }

  [[nodiscard]] bool has_arc(std::size_t from, std::size_t to) const {
    if (from == k_) return room_ != nullptr && room_->shrink[to] != 0;
    if (to == k_) return room_ != nullptr && room_->grow[from] != 0;
    return weights_[from * k_ + to] < infinity;
  }

  [[nodiscard]] LinearWeight weight(std::size_t from, std::size_t to) const {
    return from == k_ || to == k_ ? LinearWeight{} : graph_->line(from, to).weight;
  }

  void set(std::size_t node, const LinearWeight& label) {
    label_[node] = label;
    const double start = rounded(label.start), end = rounded(label.end);
    value_[node] = start + lambda_value_ * (end - start);
  }

  /// Lowers labels along arcs until none can be lowered; true where that found a negative cycle.
  bool correct() {
    active_.assign(nodes_, 0);
    fallen_.assign(nodes_, 0);
    children_.assign(nodes_, 0);
    for (std::size_t l = 0; l < k_; ++l)
      if (via_[l] >= 0) ++children_[static_cast<std::size_t>(via_[l])];
    for (std::size_t node = 0; node < used_; ++node) active_[node] = value_[node] < infinity;
    for (bool any = true; any;) {
      any = false;
      for (std::size_t i = 0; i < used_; ++i) {
        if (active_[i] == 0) continue;
        active_[i] = 0;
        any = true;
        if (i == k_) {
          for (std::size_t l = 0; l < k_; ++l)
            if (room_->shrink[l] != 0 && lower(i, l, 0)) return true;
          continue;
        }
        const double* const row = weights_ + i * k_;
        const double own = value_[i];
        int near = 0;
        for (std::size_t l = 0; l < k_; ++l) near += own + row[l] < value_[l] + tolerance_;
        // The forest's own arcs hold with equality until the label they start from falls.
        const bool is_kept = fallen_[i] == 0;
        if (near > (is_kept ? children_[i] : 0))
          for (std::size_t l = 0; near > 0; ++l) {
            if (!(own + row[l] < value_[l] + tolerance_)) continue;
            --near;
            if (is_kept && via_[l] == static_cast<std::ptrdiff_t>(i)) continue;
            if (lower(i, l, row[l])) return true;
          }
        if (room_ != nullptr && room_->grow[i] != 0 && lower(i, k_, 0)) return true;
      }
    }
    return false;
  }

  /// Lowers the label of l if the way over i is shorter; true where that closed a cycle. `rounded` may be a bound.
  bool lower(std::size_t i, std::size_t l, double rounded) {
    double difference = value_[i] + rounded - value_[l];
    if (difference > tolerance_) return false;
    if (i != k_ && l != k_ && graph_->make_exact(i, l)) difference = value_[i] + weights_[i * k_ + l] - value_[l];
    if (difference > tolerance_) return false;
    const LinearWeight label = label_[i] + weight(i, l);
    if (value_[l] < infinity && difference > -tolerance_ && sign(label - label_[l], lambda_) >= 0) return false;
    if (closes_cycle(via_, i, l, cycle_)) {
      begin_after_root();
      return true;
    }
    set(l, label);
    if (l != k_) {
      if (via_[l] >= 0) --children_[static_cast<std::size_t>(via_[l])];
      ++children_[i];
    }
    via_[l] = static_cast<std::ptrdiff_t>(i);
    active_[l] = fallen_[l] = 1;
    return false;
  }

  void begin_after_root() {
    const auto root = std::find(cycle_.begin(), cycle_.end(), k_);
    through_root_ = root != cycle_.end();
    if (through_root_) {
      std::rotate(cycle_.begin(), root, cycle_.end());
      cycle_.erase(cycle_.begin());
    }
  }

  std::size_t k_, nodes_, used_ = 0;
  std::vector<LinearWeight> label_;
  std::vector<double> value_;
  Predecessors via_, tree_;
  std::vector<char> active_, fallen_;
  std::vector<int> children_;  // clusters whose label comes from this node
  std::vector<std::size_t> cycle_, chain_;
  bool through_root_ = false;
  TransitionGraph* graph_ = nullptr;
  const double* weights_ = nullptr;
  const Room* room_ = nullptr;
  Breakpoint lambda_;
  double lambda_value_ = 0, tolerance_ = 0;
};
using ExchangePaths = BasicExchangePaths<void>;

}  // namespace kmscape::internal

// The network of a landscape: local minima joined by transition states, and what it says about getting from one to
// another.
//
// Two minima are joined where a transition state leads down to both. The barrier between two minima is the lowest value
// that a path must reach, min over paths of the highest state on it; merged in order of barrier, the minima form a tree
// (the disconnectivity graph of Becker and Karplus 1997). A funnel is what leads to one bottom when every minimum goes
// on, over its lowest state that leads to a lower minimum, to that minimum (monotonic sequences: Kunz and Berry 1995).
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <limits>
#include <numeric>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

/// A strict local minimum of G_n with k non-empty cells.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct NetworkMinimum {
  double value = 0;                    // G_n
  FittedCenters<Scalar, Dim> centers;  // d x k, in order of the first point of each cell
  Counts sizes;                        // k: points per cell
  Labels labels;                       // n
};

/// A transition state of index 1: one point lies as far from center `first` as from center `second`, closer than from
/// any other, and divided between the two cells in shares t and 1 - t every center is its cell's mean. From there G_n
/// falls to either side, as the whole point joins one cell or the other, and rises in all directions that keep the tie.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct TransitionState {
  double value = 0;                    // G_n
  FittedCenters<Scalar, Dim> centers;  // d x k, in order of the first undivided point of each cell
  Index point = -1;                    // the divided one; the first of several equal points, which divide together
  Label first = -1, second = -1;       // the cells that share it, first < second
  double t = 0;                        // share of `first`, strictly between 0 and 1
  Index first_minimum = -1;            // where Lloyd's iteration leads when all of the point joins `first`, ...
  Index second_minimum = -1;           // ... or `second`; -1 where no certified minimum was reached. May be equal
  Labels labels;                       // n; the divided point, and all equal to it, have label `first`
};

enum class NetworkStatus {
  closed,               // every start was followed, and led to nothing else
  minima_budget,        // options.max_minima were found and another one met
  states_budget,        // options.max_states were found and another one met
  stopped_by_callback,  // the progress callback ended the search
};

[[nodiscard]] constexpr std::string_view to_string(NetworkStatus status) {
  switch (status) {
    case NetworkStatus::closed:
      return "closed";
    case NetworkStatus::minima_budget:
      return "minima_budget";
    case NetworkStatus::states_budget:
      return "states_budget";
    case NetworkStatus::stopped_by_callback:
      return "stopped_by_callback";
  }
  return "unknown";
}

/// What became of the starts (partition, point, its cell -> another); the seven ends below add up to `total`.
struct TransitionStarts {
  Index total = 0;           // followed
  Index found_state = 0;     // ended in a certified transition state
  Index outside = 0;         // t <= 0 or t >= 1: the divided point would rather be in one cell
  Index third_center = 0;    // the divided point is as near to a third center, or nearer
  Index tied_point = 0;      // another point ties, to rounding
  Index empty_cell = 0;      // a cell lost all its undivided points
  Index degenerate = 0;      // t is 0 or 1 to rounding, or the two centers coincide
  Index no_convergence = 0;  // options.max_iterations steps were made
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct Network {
  std::vector<NetworkMinimum<Scalar, Dim>> minima;   // by value: the first is the best found
  std::vector<TransitionState<Scalar, Dim>> states;  // by value
  NetworkStatus status = NetworkStatus::closed;
  Index explored = 0;    // minima of which every start was followed
  bool sampled = false;  // only a sample of the starts of each partition was asked for
  TransitionStarts starts;
  Index uncertified_given = 0;     // of the centers given, how many led to no certified minimum
  Index uncertified_descents = 0;  // ways down from states that reached no certified minimum
  Index refilled_descents = 0;     // ways down on which a cell ran empty and its center moved to the farthest point

  /// The minimum of lowest value found.
  [[nodiscard]] const NetworkMinimum<Scalar, Dim>& best() const { return minima.front(); }
};

/// Which minima are joined by paths over transition states.
struct NetworkComponents {
  std::vector<Index> component;  // of every minimum; numbered from 0 in order of their lowest minimum
  Index count = 0;
};

/// A node of the merge tree: a minimum, or the union of two subtrees at the lowest state that joins them.
struct MergeNode {
  double value = 0;               // the minimum's, or the state's
  Index state = -1;               // -1 for a minimum
  Index lower = -1, higher = -1;  // the two subtrees, that with the lower `lowest` first; -1 for a minimum
  Index parent = -1;              // -1 for the root of a component
  Index lowest = -1;              // the best minimum beneath
  Index minima = 1;               // how many are beneath
};

/// Minima merged in order of barrier: nodes 0, ..., m - 1 are the minima, the others follow by value. With c components
/// there are 2 m - c nodes.
struct MergeTree {
  std::vector<MergeNode> nodes;
};

/// Where descending over lowest barriers leads.
struct Funnels {
  std::vector<Index> next;  // of every minimum: the lower one beyond its lowest state that leads to a lower one; or -1
  std::vector<Index> via;   // the state in between, or -1
  std::vector<Index> bottom;   // where following `next` ends
  std::vector<Index> bottoms;  // the different ends, by value
  double share_of_best = 0;    // share of the minima whose bottom is the best minimum
};

/// O(m + s) beyond sorting, for m minima and s states.
template <std::floating_point Scalar, int Dim>
[[nodiscard]] NetworkComponents connected_components(const Network<Scalar, Dim>& network);

/// O(s log s + m).
template <std::floating_point Scalar, int Dim>
[[nodiscard]] MergeTree merge_tree(const Network<Scalar, Dim>& network);

/// The m x m matrix of barriers: the lowest value that a path between two minima must reach. A minimum's own value on
/// the diagonal; infinite where no path is known. O(m^2 + s log s).
template <std::floating_point Scalar, int Dim>
[[nodiscard]] Eigen::MatrixXd barriers(const Network<Scalar, Dim>& network);

/// O(m + s).
template <std::floating_point Scalar, int Dim>
[[nodiscard]] Funnels funnels(const Network<Scalar, Dim>& network);

template <std::floating_point Scalar, int Dim>
MergeTree merge_tree(const Network<Scalar, Dim>& network) {
  const auto at = [](Index i) { return static_cast<std::size_t>(i); };
  const std::size_t minima = network.minima.size();
  MergeTree tree;
  tree.nodes.resize(minima);
  for (std::size_t m = 0; m < minima; ++m) {
    tree.nodes[m].value = network.minima[m].value;
    tree.nodes[m].lowest = static_cast<Index>(m);
  }
  std::vector<Index> order(network.states.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return network.states[at(a)].value < network.states[at(b)].value; });

  // Shortcuts towards the root, halved on every search: they are not the tree's parents.
  std::vector<Index> above(minima);
  std::iota(above.begin(), above.end(), Index{0});
  const auto root = [&](Index node) {
    while (above[at(node)] != node) node = above[at(node)] = above[at(above[at(node)])];
    return node;
  };
  for (const Index s : order) {
    const auto& state = network.states[at(s)];
    if (state.first_minimum < 0 || state.second_minimum < 0) continue;
    Index lower = root(state.first_minimum), higher = root(state.second_minimum);
    if (lower == higher) continue;
    const auto depth = [&](Index node) {
      const Index lowest = tree.nodes[at(node)].lowest;
      return std::pair(network.minima[at(lowest)].value, lowest);
    };
    if (depth(higher) < depth(lower)) std::swap(lower, higher);
    const auto joined = static_cast<Index>(tree.nodes.size());
    auto &low = tree.nodes[at(lower)], &high = tree.nodes[at(higher)];
    low.parent = high.parent = joined;
    const MergeNode node{state.value, s, lower, higher, -1, low.lowest, low.minima + high.minima};
    tree.nodes.push_back(node);
    above.push_back(joined);
    above[at(lower)] = above[at(higher)] = joined;
  }
  return tree;
}

template <std::floating_point Scalar, int Dim>
NetworkComponents connected_components(const Network<Scalar, Dim>& network) {
  const auto tree = merge_tree(network);
  NetworkComponents result;
  // A parent comes after its children.
  std::vector<Index> root(tree.nodes.size());
  for (std::size_t node = tree.nodes.size(); node-- > 0;) {
    const Index parent = tree.nodes[node].parent;
    root[node] = parent < 0 ? static_cast<Index>(node) : root[static_cast<std::size_t>(parent)];
  }
  std::vector<Index> number(tree.nodes.size(), -1);
  for (std::size_t m = 0; m < network.minima.size(); ++m) {
    Index& component = number[static_cast<std::size_t>(root[m])];
    if (component < 0) component = result.count++;
    result.component.push_back(component);
  }
  return result;
}

template <std::floating_point Scalar, int Dim>
Eigen::MatrixXd barriers(const Network<Scalar, Dim>& network) {
  const auto tree = merge_tree(network);
  const auto m = static_cast<Index>(network.minima.size());
  Eigen::MatrixXd result;
  result.setConstant(m, m, std::numeric_limits<double>::infinity());
  std::vector<std::vector<Index>> beneath(tree.nodes.size());
  for (std::size_t n = 0; n < tree.nodes.size(); ++n) {
    const auto& node = tree.nodes[n];
    if (node.state < 0) {
      const auto i = static_cast<Index>(n);
      result(i, i) = node.value;
      beneath[n] = {i};
      continue;
    }
    auto larger = std::move(beneath[static_cast<std::size_t>(node.lower)]);
    auto smaller = std::move(beneath[static_cast<std::size_t>(node.higher)]);
    for (const Index i : larger)
      for (const Index j : smaller) result(i, j) = result(j, i) = node.value;
    if (larger.size() < smaller.size()) std::swap(larger, smaller);
    larger.insert(larger.end(), smaller.begin(), smaller.end());
    beneath[n] = std::move(larger);
  }
  return result;
}

template <std::floating_point Scalar, int Dim>
Funnels funnels(const Network<Scalar, Dim>& network) {
  const auto at = [](Index i) { return static_cast<std::size_t>(i); };
  const auto m = static_cast<Index>(network.minima.size());
  Funnels result;
  result.next.assign(at(m), -1);
  result.via.assign(at(m), -1);
  const auto offer = [&](Index from, Index to, Index state) {
    if (!(network.minima[at(to)].value < network.minima[at(from)].value)) return;
    const Index known = result.via[at(from)];
    if (known >= 0 && network.states[at(known)].value <= network.states[at(state)].value) return;
    result.next[at(from)] = to;
    result.via[at(from)] = state;
  };
  for (Index s = 0; s < static_cast<Index>(network.states.size()); ++s) {
    const auto& state = network.states[at(s)];
    if (state.first_minimum < 0 || state.second_minimum < 0) continue;
    offer(state.first_minimum, state.second_minimum, s);
    offer(state.second_minimum, state.first_minimum, s);
  }

  std::vector<Index> order(at(m));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return network.minima[at(a)].value < network.minima[at(b)].value; });
  result.bottom.assign(at(m), -1);
  Index reach_best = 0;
  for (const Index i : order) {
    const Index next = result.next[at(i)];  // has a lower value: done already
    result.bottom[at(i)] = next < 0 ? i : result.bottom[at(next)];
    if (next < 0) result.bottoms.push_back(i);
    reach_best += result.bottom[at(i)] == order.front();
  }
  if (m > 0) result.share_of_best = static_cast<double>(reach_best) / static_cast<double>(m);
  return result;
}

}  // namespace kmscape

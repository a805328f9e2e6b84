// What is read off a network, against plain searches on random graphs and against graphs drawn by hand.
#include <kmscape/landscape/network.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <utility>
#include <vector>

#include <kmscape/core/random.hpp>

#include "support/catch.hpp"
#include "support/numbers.hpp"

using kmscape::barriers;
using kmscape::connected_components;
using kmscape::funnels;
using kmscape::Index;
using kmscape::merge_tree;
using kmscape::Network;
using testing::infinity;

namespace {

struct Edge {
  double value;
  Index first, second;
};

Network<double> network_of(const std::vector<double>& minima, const std::vector<Edge>& edges) {
  Network<double> network;
  for (const double value : minima) network.minima.emplace_back().value = value;
  for (const auto& edge : edges) {
    auto& state = network.states.emplace_back();
    state.value = edge.value;
    state.first_minimum = edge.first;
    state.second_minimum = edge.second;
  }
  return network;
}

/// Values in [0, 1) for minima, above their ends for edges; some lead nowhere, some back to where they start.
Network<double> random_network(std::uint64_t seed) {
  kmscape::RandomStream stream{kmscape::Seed(seed)};
  std::vector<double> minima(2 + static_cast<std::size_t>(stream.index(12)));
  for (auto& value : minima) value = stream.uniform();
  std::vector<Edge> edges(static_cast<std::size_t>(stream.index(20)));
  const auto m = static_cast<Index>(minima.size());
  for (auto& edge : edges) {
    edge.first = stream.index(m);
    edge.second = stream.index(8) == 0 ? -1 : stream.index(m);
    // Coarse values, so that some are equal.
    edge.value = 1 + static_cast<double>(stream.index(10));
  }
  return network_of(minima, edges);
}

/// Least highest edge on any path, by relaxing over every middle minimum.
Eigen::MatrixXd relaxed(const Network<double>& network) {
  const auto m = static_cast<Index>(network.minima.size());
  Eigen::MatrixXd best = Eigen::MatrixXd::Constant(m, m, infinity);
  for (Index i = 0; i < m; ++i) best(i, i) = network.minima[static_cast<std::size_t>(i)].value;
  for (const auto& state : network.states) {
    const Index i = state.first_minimum, j = state.second_minimum;
    if (i < 0 || j < 0 || i == j) continue;
    best(i, j) = best(j, i) = std::min(best(i, j), state.value);
  }
  for (Index via = 0; via < m; ++via)
    for (Index i = 0; i < m; ++i)
      for (Index j = 0; j < m; ++j)
        if (i != j && i != via && j != via) best(i, j) = std::min(best(i, j), std::max(best(i, via), best(via, j)));
  return best;
}

}  // namespace

TEST_CASE("barriers are the least highest states of all paths") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto network = random_network(seed);
    REQUIRE(barriers(network) == relaxed(network));
  }
}

TEST_CASE("minima share a component where the barrier between them is finite") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto network = random_network(seed);
    const auto between = relaxed(network);
    const auto parts = connected_components(network);
    const auto m = static_cast<Index>(network.minima.size());
    REQUIRE(parts.component.size() == network.minima.size());
    for (Index i = 0; i < m; ++i)
      for (Index j = 0; j < m; ++j)
        REQUIRE((parts.component[static_cast<std::size_t>(i)] == parts.component[static_cast<std::size_t>(j)]) ==
                (between(i, j) < infinity));
    CHECK(parts.component[0] == 0);
    CHECK(static_cast<Index>(std::set<Index>(parts.component.begin(), parts.component.end()).size()) == parts.count);
  }
}

TEST_CASE("in the merge tree two minima first meet at their barrier, above the best minimum beneath") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto network = random_network(seed);
    const auto between = relaxed(network);
    const auto tree = merge_tree(network);
    const auto m = static_cast<Index>(network.minima.size());
    REQUIRE(static_cast<Index>(tree.nodes.size()) == 2 * m - connected_components(network).count);
    const auto above = [&](Index node) {
      std::vector<Index> path = {node};
      while (tree.nodes[static_cast<std::size_t>(path.back())].parent >= 0)
        path.push_back(tree.nodes[static_cast<std::size_t>(path.back())].parent);
      return path;
    };
    for (Index i = 0; i < m; ++i)
      for (Index j = 0; j < m; ++j) {
        const auto path_i = above(i), path_j = above(j);
        const auto meet = std::find_first_of(path_i.begin(), path_i.end(), path_j.begin(), path_j.end());
        REQUIRE((meet == path_i.end()) == (between(i, j) == infinity));
        if (meet != path_i.end()) REQUIRE(tree.nodes[static_cast<std::size_t>(*meet)].value == between(i, j));
      }
    for (std::size_t n = 0; n < tree.nodes.size(); ++n) {
      std::vector<Index> beneath;
      for (Index i = 0; i < m; ++i) {
        const auto path = above(i);
        if (std::find(path.begin(), path.end(), static_cast<Index>(n)) != path.end()) beneath.push_back(i);
      }
      const auto& node = tree.nodes[n];
      REQUIRE(node.minima == static_cast<Index>(beneath.size()));
      for (const Index i : beneath)
        REQUIRE(network.minima[static_cast<std::size_t>(node.lowest)].value <=
                network.minima[static_cast<std::size_t>(i)].value);
      if (node.state < 0) continue;
      REQUIRE(network.states[static_cast<std::size_t>(node.state)].value == node.value);
      REQUIRE(tree.nodes[static_cast<std::size_t>(node.lower)].parent == static_cast<Index>(n));
      REQUIRE(tree.nodes[static_cast<std::size_t>(node.higher)].parent == static_cast<Index>(n));
      REQUIRE(tree.nodes[static_cast<std::size_t>(node.lower)].lowest == node.lowest);
    }
  }
}

TEST_CASE("two funnels by hand: the lowest way down counts, not the lowest minimum beyond") {
  // 2 can go to 0 over 5 or to 1 over 4; 3 only to 2; 1 has no lower neighbour; 4 is alone.
  const auto network =
      network_of({0, 1, 2, 3, 9}, {{5, 0, 2}, {4, 1, 2}, {6, 3, 2}, {3.5, 3, 3}, {2, 0, -1}, {7, 3, 4}});
  const auto found = funnels(network);
  CHECK(found.next == std::vector<Index>{-1, -1, 1, 2, 3});
  CHECK(found.via == std::vector<Index>{-1, -1, 1, 2, 5});
  CHECK(found.bottom == std::vector<Index>{0, 1, 1, 1, 1});
  CHECK(found.bottoms == std::vector<Index>{0, 1});
  CHECK(found.share_of_best == 0.2);
  // Without the way from 2 to 1 everything but 1 goes to the best.
  const auto other = funnels(network_of({0, 1, 2, 3}, {{5, 0, 2}, {6, 3, 2}}));
  CHECK(other.bottom == std::vector<Index>{0, 1, 0, 0});
  CHECK(other.share_of_best == 0.75);
}

TEST_CASE("following a funnel descends, ends at its bottom, and nothing lower lies beside a bottom") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto network = random_network(seed);
    const auto found = funnels(network);
    const auto value = [&](Index i) { return network.minima[static_cast<std::size_t>(i)].value; };
    const auto m = static_cast<Index>(network.minima.size());
    for (Index i = 0; i < m; ++i) {
      Index at = i;
      for (Index next = found.next[static_cast<std::size_t>(at)]; next >= 0;
           next = found.next[static_cast<std::size_t>(at)]) {
        REQUIRE(value(next) < value(at));
        at = next;
      }
      REQUIRE(found.bottom[static_cast<std::size_t>(i)] == at);
      REQUIRE(std::find(found.bottoms.begin(), found.bottoms.end(), at) != found.bottoms.end());
    }
    for (const auto& state : network.states)
      for (const Index bottom : found.bottoms) {
        if (state.first_minimum < 0 || state.second_minimum < 0) continue;
        if (state.first_minimum == bottom) REQUIRE(value(state.second_minimum) >= value(bottom));
        if (state.second_minimum == bottom) REQUIRE(value(state.first_minimum) >= value(bottom));
      }
  }
}

TEST_CASE("an empty network and one minimum have their trees") {
  CHECK(merge_tree(Network<double>()).nodes.empty());
  CHECK(connected_components(Network<double>()).count == 0);
  CHECK(barriers(Network<double>()).size() == 0);
  CHECK(funnels(Network<double>()).share_of_best == 0);
  const auto one = network_of({3}, {});
  CHECK(merge_tree(one).nodes.size() == 1);
  CHECK(barriers(one)(0, 0) == 3);
  CHECK(funnels(one).share_of_best == 1);
  CHECK(to_string(kmscape::NetworkStatus::states_budget) == "states_budget");
}

// Cycles in a forest of predecessors, as label correcting meets them: a node whose label is to fall although the way to
// it begins there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace kmscape::internal {

/// The node before each on the shortest way known, or -1.
using Predecessors = std::vector<std::ptrdiff_t>;

/// If l lies on the way to i, so that an arc i -> l closes a cycle, puts the nodes l -> ... -> i into `cycle`.
/// O(nodes).
template <class WhenUsed = void>
[[nodiscard]] bool closes_cycle(const Predecessors& via, std::size_t i, std::size_t l,
                                std::vector<std::size_t>& cycle) {
  auto at = static_cast<std::ptrdiff_t>(i);
  while (at >= 0 && at != static_cast<std::ptrdiff_t>(l)) at = via[static_cast<std::size_t>(at)];
  if (at < 0) return false;
  cycle.assign(1, i);
  while (cycle.back() != l) cycle.push_back(static_cast<std::size_t>(via[cycle.back()]));
  std::reverse(cycle.begin(), cycle.end());
  return true;
}

}  // namespace kmscape::internal

// Enumeration, for what is compared with all partitions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace testing {

/// Calls `visit(labels)` for every partition of n points into k non-empty cells, named in order of first appearance.
template <class Number, class Visit>
void for_each_partition(Number n, Number k, const Visit& visit) {
  std::vector<Number> labels(static_cast<std::size_t>(n), Number(0));
  const auto place = [&](const auto& self, std::size_t i, Number used) -> void {
    if (i == labels.size()) {
      if (used == k) visit(labels);
      return;
    }
    for (labels[i] = 0; labels[i] < std::min<Number>(used + 1, k); ++labels[i])
      self(self, i + 1, std::max<Number>(used, labels[i] + 1));
  };
  place(place, 0, 0);
}

}  // namespace testing

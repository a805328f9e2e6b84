// Partitions told apart whatever their cells are called.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <concepts>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>

namespace kmscape::internal {

struct CellNames {
  std::vector<Label> name;  // k: the new one of every cell
  std::uint64_t key;        // of the renamed labels: equal where they are equal, else different but for accidents
};

/// Renames the k cells in order of their first point, those without one last; point `left_out` (-1: none) is not looked
/// at. `seed` sets keys of one kind apart from those of another. O(n + k).
template <std::same_as<Labels> L>
[[nodiscard]] CellNames name_by_first_point(L& labels, Index k, std::uint64_t seed = 0, Index left_out = -1) {
  CellNames result{std::vector<Label>(static_cast<std::size_t>(k), -1), seed};
  Label next = 0;
  for (Index i = 0; i < labels.size(); ++i) {
    if (i == left_out) continue;
    Label& renamed = result.name[static_cast<std::size_t>(labels(i))];
    if (renamed < 0) renamed = next++;
    labels(i) = renamed;
    result.key = (result.key ^ static_cast<std::uint64_t>(renamed)) * 0xD6E8FEB86659FD93u;
    result.key ^= result.key >> 32;
  }
  for (Label& renamed : result.name)
    if (renamed < 0) renamed = next++;
  return result;
}

/// Different labellings in the order in which they were first met.
class LabelCollection {
 public:
  /// The position of `labels`, and whether they are new. Labellings of different keys are not compared.
  template <std::same_as<Labels> L>
  [[nodiscard]] std::pair<Index, bool> add(std::uint64_t key, const L& labels) {
    const auto [first, last] = by_key_.equal_range(key);
    for (auto entry = first; entry != last; ++entry) {
      const auto& known = all_[static_cast<std::size_t>(entry->second)];
      if (std::equal(known.begin(), known.end(), labels.data())) return {entry->second, false};
    }
    const auto position = static_cast<Index>(all_.size());
    by_key_.emplace(key, position);
    all_.emplace_back(labels.data(), labels.data() + labels.size());
    return {position, true};
  }

 private:
  std::vector<std::vector<Label>> all_;
  std::unordered_multimap<std::uint64_t, Index> by_key_;
};

}  // namespace kmscape::internal

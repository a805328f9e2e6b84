// What moving the cheapest item of a cluster to another one costs, as a function of lambda: the lower envelope of the
// lines of some items, and how far it is that of all.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/transition/exact_weight.hpp>
#include <kmscape/transition/item_pool.hpp>

namespace kmscape::internal {

/// The cheapest item from `from` on, until the next line's.
struct EnvelopeLine {
  Index item = -1;
  LinearWeight weight;
  double start = 0, end = 0;  // the weight, rounded
  Breakpoint from;
  double from_value = 0;

  [[nodiscard]] double at(double lambda) const { return start + lambda * (end - start); }
};

template <class WhenUsed>
struct BasicArcEnvelope {
  static constexpr std::size_t small_cluster = 200;  // its pools are the whole of it

  ItemPool pool;                    // may hold items that have left, and some twice
  std::vector<EnvelopeLine> lines;  // the envelope, from `first` on
  std::size_t first = 0;
  bool is_whole = true;                 // the pool holds the whole cluster
  bool is_changed = false;              // waits to be built anew
  double from = 0, to = 1;              // the window
  double floor_from = 0, floor_to = 0;  // all items outside of the pool lie above the line through these
  double valid_until = 1;               // the lines are the cluster's envelope until here
  double horizon = 1.0 / 64;            // how far the envelope is computed at a time
  bool is_used_up = false;              // because of the floor, not of the window
  double length = 1;                    // of the window
  std::size_t wanted = 0;               // size of the pool

  [[nodiscard]] double floor(double lambda) const {
    return to > from ? floor_from + (lambda - from) / (to - from) * (floor_to - floor_from) : floor_from;
  }

  /// The line that is the cheapest at lambda, of those from `first` on; where two meet, the later one.
  [[nodiscard]] std::size_t line_at(const Breakpoint& lambda) const {
    std::size_t s = first;
    while (s + 1 < lines.size() && sign(lines[s + 1].weight - lines[s].weight, lambda) <= 0) ++s;
    return s;
  }

  /// Whether so many items have joined the pool that a new one is worth a scan.
  [[nodiscard]] bool is_crowded() const { return pool.size() > 4 * (wanted + small_cluster); }

  /// How far the lines, which begin at lambda and are known until `reach`, stay below the floor by more than the
  /// tolerance; -1 where they do not at lambda.
  [[nodiscard]] double certified_until(double lambda, double reach, double tolerance) const {
    if (lines.empty()) return -1;
    double before = lambda, before_room = floor(before) - lines.front().at(before);
    if (before_room <= 2 * tolerance) return -1;
    for (std::size_t s = 0; s < lines.size() && before < reach; ++s) {
      const double corner = s + 1 < lines.size() ? std::min(reach, lines[s + 1].from_value) : reach;
      const double room = floor(corner) - lines[s].at(corner);
      if (room <= 2 * tolerance)
        return before + (corner - before) * std::max(0.0, (before_room - 3 * tolerance) / (before_room - room));
      before = corner;
      before_room = room;
    }
    return reach;
  }
};
using ArcEnvelope = BasicArcEnvelope<void>;

}  // namespace kmscape::internal

// Which points certainly keep their label while centers move: one comparison a point and a pass.
//
// With u an upper bound on the distance to a point's own center and l a lower bound on that to all others, the label is
// safe while u < l, or while u is below half the distance from its center to the nearest other one. Both bounds are
// kept with the drift of their moment (center_drift.hpp), so that a pass only computes a threshold a cell.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/simd.hpp>
#include <kmscape/solve/center_drift.hpp>

namespace kmscape::internal {

/// For every point the gap to all other centers and the reach of its own: with the label's thresholds of one pass, a
/// comparison each says whether the label is safe. Two floats a point.
template <std::floating_point Real>
class GapBounds {
 public:
  void restart() { drift_.restart(); }
  [[nodiscard]] bool is_started() const { return drift_.is_started(); }
  [[nodiscard]] const CenterDrift<Real>& drift() const { return drift_; }

  /// Moves on to `centers` and computes the thresholds of their cells.
  void follow(Index n, const Real* centers, Index d, Index k, Real scale) {
    if (!is_started()) {
      gap_.assign(static_cast<std::size_t>(n), -std::numeric_limits<float>::infinity());
      reach_.assign(static_cast<std::size_t>(n), std::numeric_limits<float>::infinity());
    }
    drift_.follow(centers, d, k, scale);
    // Distances between all centers are worth their time where points are many.
    if (k * k <= 4 * n)
      half_separations(centers, d, k, scale, half_);
    else
      half_.assign(static_cast<std::size_t>(k), 0);
    for (auto* table : {&least_gap_, &most_reach_, &closing_, &own_}) table->resize(static_cast<std::size_t>(k));
    for (Index j = 0; j < k; ++j) {
      const auto at = static_cast<std::size_t>(j);
      least_gap_[at] = float_above(drift_.closing(j), 0);
      most_reach_[at] = float_below(half_[at], -drift_.own(j));
      closing_[at] = float_below(drift_.closing(j), 0);
      own_[at] = float_below(drift_.own(j), 0);
    }
  }

  [[nodiscard]] bool is_safe(Index i, Label label) const {
    const auto at = static_cast<std::size_t>(label), point = static_cast<std::size_t>(i);
    return gap_[point] > least_gap_[at] || reach_[point] < most_reach_[at];
  }

  /// Bounds found now, for a pack of labels: a point is at most `upper` from its center and all others are farther by
  /// `gap` at least. What to store of them for each lane.
  struct Stored {
    Pack<float> gap, reach;
  };
  [[nodiscard]] Stored stored(const IntegerPack<float>& label, const Pack<float>& gap, const Pack<float>& upper) const {
    constexpr float margin = static_cast<float>(2 * bound_margin), rounding = 3e-7f;
    const Pack<float> closing = gather(closing_.data(), label), own = gather(own_.data(), label);
    const Pack<float> zero{}, size = (gap < zero ? -gap : gap) + closing;
    return {gap - margin * upper + closing - size * rounding, upper - own + (upper + own) * rounding};
  }

  void set(Index i, float gap, float reach) {
    gap_[static_cast<std::size_t>(i)] = gap;
    reach_[static_cast<std::size_t>(i)] = reach;
  }

  /// For filter_lanes points that follow one another.
  void set_pack(Index first, const Stored& bounds) {
    store_pack(gap_.data() + first, bounds.gap);
    store_pack(reach_.data() + first, bounds.reach);
  }

  /// Nothing is known of this point.
  void forget(Index i) { set(i, -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::infinity()); }

  /// The points of first, ..., last - 1 (at most as many as `list` holds) whose labels are not safe.
  [[nodiscard]] int unsafe(Index first, Index last, const Label* labels, Index* list) const {
    int count = 0;
    Index i = first;
    for (; i + pack_lanes<float> <= last; i += pack_lanes<float>) {
      const auto label = load_pack<IntegerPack<float>>(labels + i);
      const auto gap = load_pack<Pack<float>>(gap_.data() + i);
      std::uint32_t left = lane_bits(~(gap > gather(least_gap_.data(), label)));
      if (left == 0) continue;
      const auto reach = load_pack<Pack<float>>(reach_.data() + i);
      left &= lane_bits(~(reach < gather(most_reach_.data(), label)));
      for (; left != 0; left &= left - 1) list[count++] = i + std::countr_zero(left);
    }
    for (; i < last; ++i)
      if (!is_safe(i, labels[i])) list[count++] = i;
    return count;
  }

 private:
  CenterDrift<Real> drift_;
  std::vector<float> gap_, reach_;                             // n
  std::vector<float> least_gap_, most_reach_, closing_, own_;  // k
  std::vector<double> half_;                                   // k
};

}  // namespace kmscape::internal

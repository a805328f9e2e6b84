// Items of a cluster with what it costs to move each of them to another cluster, as lines over lambda.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <vector>

#include <kmscape/core/points.hpp>

namespace kmscape::internal {

/// Numbers that passes take side by side: more than compilers unroll, so that they vectorise.
inline constexpr std::size_t pool_lanes = 32;

/// The least of some numbers; infinite for none.
[[nodiscard]] inline double least_of(const double* values, std::size_t count) {
  std::array<double, pool_lanes> best;
  best.fill(std::numeric_limits<double>::infinity());
  std::size_t m = 0;
  for (; m + pool_lanes <= count; m += pool_lanes)
    for (std::size_t q = 0; q < pool_lanes; ++q) best[q] = values[m + q] < best[q] ? values[m + q] : best[q];
  for (; m < count; ++m) best[0] = std::min(best[0], values[m]);
  return *std::min_element(best.begin(), best.end());
}

/// Rounded costs stand side by side, for passes over all of them, in whole blocks: the last is filled up with infinite
/// ones.
template <class WhenUsed>
struct BasicItemPool {
  std::vector<Index> items;
  std::vector<double> start, slope;  // of the cost over lambda

  [[nodiscard]] std::size_t size() const { return items.size(); }
  [[nodiscard]] double value(std::size_t m, double lambda) const { return start[m] + lambda * slope[m]; }

  void clear() {
    items.clear();
    start.clear();
    slope.clear();
  }
  /// The members given, with lines that the caller fills in: their slopes are 0 so far.
  void assign(const std::vector<Index>& members) {
    items = members;
    const std::size_t room = (items.size() + pool_lanes - 1) / pool_lanes * pool_lanes;
    start.assign(room, infinity);
    slope.assign(room, 0);
  }
  void add(Index item, double at_start, double at_end) {
    const std::size_t place = items.size();
    if (place == start.size()) {
      start.resize(place + pool_lanes, infinity);
      slope.resize(place + pool_lanes, 0);
    }
    items.push_back(item);
    start[place] = at_start;
    slope[place] = at_end - at_start;
  }
  /// The last member takes the place of member m.
  void drop(std::size_t m) {
    const std::size_t last = items.size() - 1;
    items[m] = items[last];
    start[m] = start[last];
    slope[m] = slope[last];
    items.pop_back();
    start[last] = infinity;
    slope[last] = 0;
  }

  /// Infinite for no items.
  [[nodiscard]] double least_value(double lambda) const {
    // Several minima side by side, which the compiler keeps in registers.
    std::array<double, pool_lanes> least;
    least.fill(infinity);
    for (std::size_t begin = 0; begin < items.size(); begin += pool_lanes) {
      const double* const first = start.data() + begin;
      const double* const rise = slope.data() + begin;
      for (std::size_t q = 0; q < pool_lanes; ++q) {
        const double here = first[q] + lambda * rise[q];
        least[q] = here < least[q] ? here : least[q];
      }
    }
    // By halves: comparing one after another mispredicts branches for longer than a small pool's pass takes.
    for (std::size_t half = pool_lanes / 2; half > 0; half /= 2)
      for (std::size_t q = 0; q < half; ++q) least[q] = std::min(least[q], least[q + half]);
    return least[0];
  }

  /// Calls `visit` with the numbers of the members whose lines are not above `limit` at `lambda`; it may change both.
  template <class Visit>
  void visit_below(const double& lambda, const double& limit, const Visit& visit) const {
    for (std::size_t begin = 0; begin < items.size(); begin += pool_lanes) {
      const double* const first = start.data() + begin;
      const double* const rise = slope.data() + begin;
      const double here = lambda, most = limit;
      int below = 0;
      for (std::size_t q = 0; q < pool_lanes; ++q) below += first[q] + here * rise[q] <= most;
      if (below == 0) continue;
      const std::size_t end = std::min(begin + pool_lanes, items.size());
      for (std::size_t m = begin; m < end; ++m)
        if (value(m, lambda) <= limit) visit(m);
    }
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
};
using ItemPool = BasicItemPool<void>;

}  // namespace kmscape::internal

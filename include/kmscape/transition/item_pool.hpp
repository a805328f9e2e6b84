// Items of a cluster with what it costs to move each of them to another cluster, as lines over lambda.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <vector>

#include <kmscape/core/points.hpp>

namespace kmscape::internal {

/// Rounded costs stand side by side, for passes over all of them, in whole blocks: the last is filled up with infinite
/// ones.
struct ItemPool {
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
    const std::size_t room = (items.size() + lanes - 1) / lanes * lanes;
    start.assign(room, infinity);
    slope.assign(room, 0);
  }
  void add(Index item, double at_start, double at_end) {
    const std::size_t place = items.size();
    if (place == start.size()) {
      start.resize(place + lanes, infinity);
      slope.resize(place + lanes, 0);
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
    std::array<double, lanes> least;
    least.fill(infinity);
    for (std::size_t begin = 0; begin < items.size(); begin += lanes) {
      const double* const first = start.data() + begin;
      const double* const rise = slope.data() + begin;
      for (std::size_t q = 0; q < lanes; ++q) {
        const double here = first[q] + lambda * rise[q];
        least[q] = here < least[q] ? here : least[q];
      }
    }
    // By halves: comparing one after another mispredicts branches for longer than a small pool's pass takes.
    for (std::size_t half = lanes / 2; half > 0; half /= 2)
      for (std::size_t q = 0; q < half; ++q) least[q] = std::min(least[q], least[q + half]);
    return least[0];
  }

  /// Calls `visit` with the numbers of the members whose lines are not above `limit` at `lambda`; it may change both.
  template <class Visit>
  void visit_below(const double& lambda, const double& limit, const Visit& visit) const {
    for (std::size_t begin = 0; begin < items.size(); begin += lanes) {
      const double* const first = start.data() + begin;
      const double* const rise = slope.data() + begin;
      const double here = lambda, most = limit;
      int below = 0;
      for (std::size_t q = 0; q < lanes; ++q) below += first[q] + here * rise[q] <= most;
      if (below == 0) continue;
      const std::size_t end = std::min(begin + lanes, items.size());
      for (std::size_t m = begin; m < end; ++m)
        if (value(m, lambda) <= limit) visit(m);
    }
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr std::size_t lanes = 32;  // more than compilers unroll, so that they vectorise
};

}  // namespace kmscape::internal

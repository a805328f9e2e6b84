// Items of a cluster with what it costs to move each of them to another cluster, as lines over lambda.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <vector>

#include <kmscape/core/points.hpp>

namespace kmscape::internal {

/// Rounded costs at both ends of a transition stand side by side, for passes over all of them.
struct ItemPool {
  std::vector<Index> items;
  std::vector<double> start, end;  // at lambda = 0 and 1

  [[nodiscard]] std::size_t size() const { return items.size(); }
  [[nodiscard]] double value(std::size_t m, double lambda) const { return start[m] + lambda * (end[m] - start[m]); }

  void clear() {
    items.clear();
    start.clear();
    end.clear();
  }
  void add(Index item, double at_start, double at_end) {
    items.push_back(item);
    start.push_back(at_start);
    end.push_back(at_end);
  }
  /// The last member takes the place of member m.
  void drop(std::size_t m) {
    items[m] = items.back();
    start[m] = start.back();
    end[m] = end.back();
    items.pop_back();
    start.pop_back();
    end.pop_back();
  }

  /// Infinite for no items.
  [[nodiscard]] double least_value(double lambda) const {
    const std::size_t count = size();
    const double* const first = start.data();
    const double* const last = end.data();
    // Several minima side by side, which the compiler keeps in one register.
    std::array<double, lanes> least;
    least.fill(std::numeric_limits<double>::infinity());
    std::size_t done = 0;
    for (; done + lanes <= count; done += lanes)
      for (std::size_t q = 0; q < lanes; ++q) {
        const double here = first[done + q] + lambda * (last[done + q] - first[done + q]);
        least[q] = here < least[q] ? here : least[q];
      }
    for (; done < count; ++done) least[0] = std::min(least[0], value(done, lambda));
    // By halves: comparing one after another mispredicts branches for longer than a small pool's pass takes.
    for (std::size_t half = lanes / 2; half > 0; half /= 2)
      for (std::size_t q = 0; q < half; ++q) least[q] = std::min(least[q], least[q + half]);
    return least[0];
  }

  /// Calls `visit` with the numbers of the members whose lines are not above `limit` at `lambda`; it may change both.
  template <class Visit>
  void visit_below(const double& lambda, const double& limit, const Visit& visit) const {
    const std::size_t count = size();
    const double* const first = start.data();
    const double* const last = end.data();
    std::size_t done = 0;
    for (; done + lanes <= count; done += lanes) {
      const double here = lambda, most = limit;
      int below = 0;
      for (std::size_t q = 0; q < lanes; ++q)
        below += first[done + q] + here * (last[done + q] - first[done + q]) <= most;
      if (below == 0) continue;
      for (std::size_t m = done; m < done + lanes; ++m)
        if (value(m, lambda) <= limit) visit(m);
    }
    for (; done < count; ++done)
      if (value(done, lambda) <= limit) visit(done);
  }

 private:
  static constexpr std::size_t lanes = 32;  // more than compilers unroll, so that they vectorise
};

}  // namespace kmscape::internal

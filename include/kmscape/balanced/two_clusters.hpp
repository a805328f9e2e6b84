// Two clusters by selection: the first takes the points with the largest |x - c_1|^2 - |x - c_0|^2, as many as it
// needs.
//
// Ranks are found between two values of a sample (Floyd, Rivest 1975): one pass counts what lies beyond them and keeps
// what lies between, another writes the labels. Linear time; O(n^(2/3)) memory beyond the labels.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <vector>

#include <kmscape/balanced/center_costs.hpp>
#include <kmscape/core/points.hpp>

namespace kmscape::internal {

template <class Real>
struct TwoClusters {
  Labels labels;
  Index first_size = 0;
  std::array<Real, 2> prices{};
};

/// keys[t] = |x - c_1|^2 - |x - c_0|^2 for the points from `first` on. Not inlined: two passes must see the same bits.
template <class Scalar>
[[gnu::noinline]] void preference_keys(const CenterCosts<Scalar>& costs, Index first, Index count, Sum<Scalar>* keys) {
  for (Index t = 0; t < count; ++t) keys[t] = costs.preference(first + t);
}

template <class Real>
struct RankedKeys {
  Real last_in;    // the least key among the `rank` largest; infinite where rank = 0
  Real first_out;  // the largest of the others; -infinite where there are none
  Index above;     // keys > last_in
};

/// Finds the key of a rank among n, 0 <= rank <= n. `read(first, count, keys)` gives them in blocks.
template <class Real, class Read>
[[nodiscard]] RankedKeys<Real> ranked_keys(Index n, Index rank, const Read& read) {
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  constexpr Index block = 1024;
  std::vector<Real> keys(static_cast<std::size_t>(block)), between;
  Real low = -infinity, high = infinity;
  if (n > 64 * block) {
    // Blocks from all over the data; data may come in any order, so that a bad guess only costs another pass.
    const auto wanted = static_cast<Index>(std::cbrt(static_cast<double>(n)));
    std::vector<Real> sample;
    const Index samples = wanted * wanted;
    for (Index t = 0; t < samples; ++t) {
      read(static_cast<Index>(static_cast<double>(t) * (static_cast<double>(n) / static_cast<double>(samples))), 1,
           keys.data());
      sample.push_back(keys[0]);
    }
    std::sort(sample.begin(), sample.end(), std::greater<>());
    const double center = static_cast<double>(rank) / static_cast<double>(n) * static_cast<double>(samples);
    const double spread = 3 * std::sqrt(static_cast<double>(samples));
    if (center - spread > 0) high = sample[static_cast<std::size_t>(center - spread)];
    if (center + spread < static_cast<double>(samples)) low = sample[static_cast<std::size_t>(center + spread)];
  }
  for (;;) {
    Index above = 0;
    Real next_below = -infinity, least_above = infinity;
    between.clear();
    for (Index first = 0; first < n; first += block) {
      const Index count = std::min(block, n - first);
      read(first, count, keys.data());
      for (Index t = 0; t < count; ++t) {
        const Real key = keys[static_cast<std::size_t>(t)];
        if (key > high) {
          ++above;
          least_above = std::min(least_above, key);
        } else if (key < low) {
          next_below = std::max(next_below, key);
        } else {
          between.push_back(key);
        }
      }
    }
    const Index inside = rank - above, count = static_cast<Index>(between.size());
    if (inside < 0 || inside > count) {
      low = -infinity;
      high = infinity;
      continue;
    }
    RankedKeys<Real> result{least_above, next_below, 0};
    const auto cut = between.begin() + inside;
    if (inside < count) {
      std::nth_element(between.begin(), cut, between.end(), std::greater<>());
      result.first_out = *cut;
    }
    if (inside > 0) {
      result.last_in = *std::min_element(between.begin(), cut);
      result.above = above + std::count_if(between.begin(), cut, [&](Real key) { return key > result.last_in; });
    } else {
      // Copies of the least key above the interval would be needed to count those above it; `rank` leaves all of them
      // in.
      result.above = rank;
    }
    return result;
  }
}

/// The cheapest assignment of unit weights to two clusters within the bounds.
template <class Scalar>
[[nodiscard]] TwoClusters<Sum<Scalar>> split_in_two(const CenterCosts<Scalar>& costs, const std::vector<Index>& lower,
                                                    const std::vector<Index>& upper) {
  using Real = Sum<Scalar>;
  constexpr Index block = 1024;
  const Index n = costs.size();
  std::vector<Real> keys(static_cast<std::size_t>(block));
  const auto read = [&](Index first, Index count, Real* out) { preference_keys(costs, first, count, out); };
  const auto each_block = [&](const auto& visit) {
    for (Index first = 0; first < n; first += block) {
      const Index count = std::min(block, n - first);
      read(first, count, keys.data());
      visit(first, count);
    }
  };

  TwoClusters<Real> result;
  result.labels.resize(n);
  const Index least = std::max(lower[0], n - upper[1]), most = std::min(upper[0], n - lower[1]);
  Index wanted = least;
  if (least < most) {
    Index natural = 0;
    each_block([&](Index, Index count) {
      natural += std::count_if(keys.begin(), keys.begin() + count, [](Real key) { return key >= 0; });
    });
    wanted = std::clamp(natural, least, most);
  }
  const auto ranked = ranked_keys<Real>(n, wanted, read);
  Index ties = wanted - ranked.above;
  each_block([&](Index first, Index count) {
    for (Index t = 0; t < count; ++t) {
      const Real key = keys[static_cast<std::size_t>(t)];
      const bool is_tie = key == ranked.last_in;
      const bool is_first = wanted > 0 && (is_tie ? ranked.above == wanted || ties > 0 : key > ranked.last_in);
      if (is_tie) --ties;
      result.labels(first + t) = is_first ? 0 : 1;
    }
  });
  result.first_size = wanted;

  // Any threshold between the last key inside and the first outside separates; the middle leaves the widest margin.
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  const Real inside = ranked.last_in, outside = ranked.first_out;
  Real threshold = inside == infinity ? outside : outside == -infinity ? inside : outside + (inside - outside) / 2;
  if (lower == upper) {
    result.prices = {-threshold / 2, threshold / 2};
  } else if (inside >= 0 && outside <= 0) {
    result.prices = {0, 0};
  } else if (threshold < 0) {
    // The first cluster holds points that would rather leave: its lower bound keeps them, or the other's upper bound.
    (wanted == lower[0] ? result.prices[0] : result.prices[1]) = wanted == lower[0] ? -threshold : threshold;
  } else {
    (n - wanted == lower[1] ? result.prices[1] : result.prices[0]) = n - wanted == lower[1] ? threshold : -threshold;
  }
  return result;
}

}  // namespace kmscape::internal

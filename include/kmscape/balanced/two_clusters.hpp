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
#include <numeric>
#include <vector>

#include <kmscape/balanced/center_costs.hpp>
#include <kmscape/core/parallel.hpp>
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

/// Points that one thread takes at a time, and keys that are computed together.
inline constexpr Index split_part = Index{1} << 16, split_block = 1024;

/// Calls `visit(part, first, count, keys)` for the blocks of every part, those of one part in order by one thread.
/// `read(first, count, keys)` gives the keys.
template <class Real, class Read, class Visit>
void each_split_block(Index n, ThreadTeam& team, const Read& read, const Visit& visit) {
  team.run((n + split_part - 1) / split_part, [&](Index part, int) {
    std::array<Real, static_cast<std::size_t>(split_block)> keys;
    for (Index first = part * split_part; first < std::min(n, (part + 1) * split_part); first += split_block) {
      const Index count = std::min(split_block, n - first);
      read(first, count, keys.data());
      visit(static_cast<std::size_t>(part), first, count, keys.data());
    }
  });
}

/// Finds the key of a rank among n, 0 <= rank <= n.
template <class Real, class Read>
[[nodiscard]] RankedKeys<Real> ranked_keys(Index n, Index rank, const Read& read, ThreadTeam& team) {
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  Real low = -infinity, high = infinity;
  if (n > split_part) {
    // Blocks from all over the data; data may come in any order, so that a bad guess only costs another pass.
    const auto wanted = static_cast<Index>(std::cbrt(static_cast<double>(n)));
    std::vector<Real> sample;
    const Index samples = wanted * wanted;
    for (Index t = 0; t < samples; ++t) {
      Real key;
      read(static_cast<Index>(static_cast<double>(t) * (static_cast<double>(n) / static_cast<double>(samples))), 1,
           &key);
      sample.push_back(key);
    }
    std::sort(sample.begin(), sample.end(), std::greater<>());
    const double center = static_cast<double>(rank) / static_cast<double>(n) * static_cast<double>(samples);
    const double spread = 3 * std::sqrt(static_cast<double>(samples));
    if (center - spread > 0) high = sample[static_cast<std::size_t>(center - spread)];
    if (center + spread < static_cast<double>(samples)) low = sample[static_cast<std::size_t>(center + spread)];
  }
  struct Part {
    Index above = 0;
    Real next_below, least_above;
    std::vector<Real> between;
  };
  std::vector<Part> parts(static_cast<std::size_t>((n + split_part - 1) / split_part));
  std::vector<Real> between;
  for (;;) {
    for (Part& part : parts) {
      part.above = 0;
      part.next_below = -infinity;
      part.least_above = infinity;
      part.between.clear();
    }
    each_split_block<Real>(n, team, read, [&](std::size_t at, Index, Index count, const Real* keys) {
      Part& part = parts[at];
      for (Index t = 0; t < count; ++t) {
        const Real key = keys[t];
        if (key > high) {
          ++part.above;
          part.least_above = std::min(part.least_above, key);
        } else if (key < low) {
          part.next_below = std::max(part.next_below, key);
        } else {
          part.between.push_back(key);
        }
      }
    });
    Index above = 0;
    Real next_below = -infinity, least_above = infinity;
    between.clear();
    for (const Part& part : parts) {
      above += part.above;
      next_below = std::max(next_below, part.next_below);
      least_above = std::min(least_above, part.least_above);
      between.insert(between.end(), part.between.begin(), part.between.end());
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
                                                    const std::vector<Index>& upper, ThreadTeam& team) {
  using Real = Sum<Scalar>;
  const Index n = costs.size();
  const auto read = [&](Index first, Index count, Real* out) { preference_keys(costs, first, count, out); };
  std::vector<Index> counts(static_cast<std::size_t>((n + split_part - 1) / split_part), 0);

  TwoClusters<Real> result;
  result.labels.resize(n);
  const Index least = std::max(lower[0], n - upper[1]), most = std::min(upper[0], n - lower[1]);
  Index wanted = least;
  if (least < most) {
    each_split_block<Real>(n, team, read, [&](std::size_t part, Index, Index count, const Real* keys) {
      counts[part] += std::count_if(keys, keys + count, [](Real key) { return key >= 0; });
    });
    wanted = std::clamp(std::accumulate(counts.begin(), counts.end(), Index{0}), least, most);
  }
  const auto ranked = ranked_keys<Real>(n, wanted, read, team);
  // Ties go to the first cluster, and are counted; those for which it has no room, the last of them, leave it again.
  std::fill(counts.begin(), counts.end(), 0);
  each_split_block<Real>(n, team, read, [&](std::size_t part, Index first, Index count, const Real* keys) {
    for (Index t = 0; t < count; ++t) {
      counts[part] += keys[t] == ranked.last_in ? 1 : 0;
      result.labels(first + t) = wanted > 0 && keys[t] >= ranked.last_in ? 0 : 1;
    }
  });
  Index room = ranked.above == wanted ? n : wanted - ranked.above;
  for (std::size_t part = 0; part < counts.size() && wanted > 0; ++part) {
    if (counts[part] > room) {
      const Index begin = static_cast<Index>(part) * split_part, end = std::min(n, begin + split_part);
      std::vector<Real> keys(static_cast<std::size_t>(split_block));
      Index ties = 0;
      for (Index first = begin; first < end; first += split_block) {
        const Index count = std::min(split_block, end - first);
        read(first, count, keys.data());  // the same blocks as before, for the same bits
        for (Index t = 0; t < count; ++t)
          if (keys[static_cast<std::size_t>(t)] == ranked.last_in && ++ties > room) result.labels(first + t) = 1;
      }
    }
    room -= std::min(room, counts[part]);
  }
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

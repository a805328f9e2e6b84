// Which center is certainly the nearest: float scores with a proved error bound, many points and centers at a time.
//
// About an origin in the middle of the data, |x - c|^2 = |x|^2 + 2 s with the score s = |c|^2 / 2 - x.c: one fused
// multiply-add a coordinate, in float twice as many a register as in double. The computed score of center j is off by
// at most g (|c_j|^2 / 2 + |x| |c_j|), g = (d + 6) 2^-24 (1 + small): d roundings of partial sums, none larger than
// that bracket, and those of x, c and |c|^2. Where the two lowest scores are farther apart than their errors the label
// is proved; all other points, few of them, go to the arithmetic of nearest_center.hpp. Labels therefore never depend
// on this file.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/simd.hpp>
#include <kmscape/objective/filter_centers.hpp>
#include <kmscape/objective/nearest_center.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape::internal {

/// Evens (Odd = 0) or odds (Odd = 1) of two packs, one after the other.
template <int Odd>
[[gnu::always_inline]] inline Pack<float> every_second(Pack<float> a, Pack<float> b) {
  return [&]<int... I>(std::integer_sequence<int, I...>) {
    return Pack<float>(__builtin_shufflevector(a, b, (2 * I + Odd)...));
  }
  (std::make_integer_sequence<int, filter_lanes>{});
}

/// Turns `Count` packs that hold filter_lanes points of Count coordinates each into one pack a coordinate.
template <int Count>
[[gnu::always_inline]] inline void points_to_coordinates(std::array<Pack<float>, Count>& packs) {
  if constexpr (Count > 1) {
    std::array<Pack<float>, Count / 2> even, odd;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count / 2; ++i) {
      even[i] = every_second<0>(packs[2 * i], packs[2 * i + 1]);
      odd[i] = every_second<1>(packs[2 * i], packs[2 * i + 1]);
    }
    points_to_coordinates<Count / 2>(even);
    points_to_coordinates<Count / 2>(odd);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count / 2; ++i) {
      packs[2 * i] = even[i];
      packs[2 * i + 1] = odd[i];
    }
  }
}

/// The sum of all lanes of each pack.
template <std::size_t Count>
[[gnu::always_inline]] inline Pack<float> sums_of_lanes(const std::array<Pack<float>, Count>& packs) {
  if constexpr (Count == 1) {
    return packs[0];
  } else {
    std::array<Pack<float>, Count / 2> pairs;
    unrolled<static_cast<int>(Count / 2)>([&](auto i) {
      pairs[i] = every_second<0>(packs[2 * i], packs[2 * i + 1]) + every_second<1>(packs[2 * i], packs[2 * i + 1]);
    });
    return sums_of_lanes(pairs);
  }
}

/// Calls `body` with the number of centers in a tile as a constant.
template <class Body>
[[gnu::always_inline]] inline void with_tile(int tile, const Body& body) {
  unrolled<wide_tile - 1>([&](auto i) {
    if (tile == i + 2) body(std::integral_constant<int, i + 2>{});
  });
}

/// filter_lanes points' sums with one center.
using RowSums = std::array<Pack<float>, static_cast<std::size_t>(filter_lanes)>;

/// Memory that is soon to be read.
struct Ahead {
  const char *next = nullptr, *end = nullptr;

  [[gnu::always_inline]] void fetch(int lines) {
    if (next >= end) return;
    for (int l = 0; l < lines; ++l, next += 64) __builtin_prefetch(next);
  }
};

/// Products of filter_lanes rows, `stride` packs apart, with the centers of a tile, pack by pack: sums[c][p] for center
/// c and row p, of which the lanes are yet to be added up. Fetches `lines` cache lines of what is ahead a pack
/// meanwhile.
template <int tile, int lines>
void multiply_rows(const Pack<float>* rows, Index stride, Index packs, const float* centers,
                   std::array<RowSums, wide_tile>& sums, Ahead& ahead) {
  constexpr int points = tile <= wide_tile / 2 ? 2 * row_points : row_points;
  for (int first = 0; first < filter_lanes; first += points) {
    const Pack<float>* x = rows + first * stride;
    const float* center = centers;
    Pack<float> sum[tile][points] = {};
    for (Index s = 0; s < packs; ++s, ++x, center += tile * filter_lanes) {
      ahead.fetch(points * lines);
      unrolled<tile>([&](auto c) {
        const auto coordinates = load_pack<Pack<float>>(center + c * filter_lanes);
        unrolled<points>([&](auto p) { sum[c][p] += x[p * stride] * coordinates; });
      });
    }
    unrolled<tile>(
        [&](auto c) { unrolled<points>([&](auto p) { sums[c][static_cast<std::size_t>(first + p)] = sum[c][p]; }); });
  }
}

/// filter_width points in the filter's frame, and what is known of their nearest centers.
template <class Scalar>
class FilterPanel {
 public:
  using Real = Sum<Scalar>;

  FilterPanel(const PointSpan<Scalar>& points, const FilterFrame<Scalar>& frame)
      : points_(points), frame_(frame), factor_(frame.error_factor()) {
    const Index d = points.dimension;
    read(points);
    // The origin, repeated, so that a run of whole points can be shifted register by register.
    shifts_.resize(static_cast<std::size_t>(d * filter_lanes));
    for (Index e = 0; e < d; ++e) shifts_[static_cast<std::size_t>(e)] = frame.origin(e) * frame.scale;
    for (std::size_t e = static_cast<std::size_t>(d); e < shifts_.size(); ++e)
      shifts_[e] = shifts_[e - static_cast<std::size_t>(d)];
    // An odd number of packs a row: rows at a multiple of a page would share the cache's sets.
    stride_ = ((d + filter_lanes - 1) / filter_lanes | 1) * filter_lanes;
    if (!is_shuffled(d)) rows_.resize(static_cast<std::size_t>(d < filter_lanes ? d : stride_));
    for (int p = 0; p < filter_lanes; ++p) {
      first_of_row_[p] = static_cast<std::int32_t>(p * stride_);
      first_in_run_[p] = static_cast<std::int32_t>(p * d);
    }
  }

  /// The points that `load` reads from now on; as many coordinates as before. With `stays` they are the same at every
  /// call, and panels of few of them are kept once they are loaded.
  void read(const PointSpan<Scalar>& points, bool stays = false) {
    points_ = points;
    constexpr Index most = 16384 / static_cast<Index>(sizeof(Pack<float>));  // half of the nearest cache
    const Index panels = (points.size + filter_width - 1) / filter_width;
    kept_ = stays && panels * place_size() <= most ? panels : 0;
    if (kept_ == 0) loaded_ = 0;
    packs_.resize(std::max(packs_.size(), static_cast<std::size_t>(std::max<Index>(kept_, 1) * place_size())));
    select(0);
  }

  /// Loads points first, ..., first + used - 1; what the remaining lanes hold is of no account.
  void load(Index first, int used) {
    if (const Index panel = first / filter_width; panel < kept_ && panel <= loaded_ && first % filter_width == 0) {
      select(panel);
      if (panel < loaded_) return;
      loaded_ = panel + 1;
      used = static_cast<int>(std::min<Index>(filter_width, points_.size - first));
    } else {
      select(kept_);
    }
    for (int u = 0; u * filter_lanes < used; ++u) {
      const int count = std::min(filter_lanes, used - u * filter_lanes);
      if (count == filter_lanes && points_.dimension < filter_lanes)
        load_run(u, points_.point(first + u * filter_lanes));
      else
        load_rows(u, count, [&](int p) { return address(first, u * filter_lanes + p); });
    }
  }

  /// The same for the points of a list.
  void load(const Index* list, int used) {
    select(kept_);
    for (int u = 0; u * filter_lanes < used; ++u)
      load_rows(u, std::min(filter_lanes, used - u * filter_lanes),
                [&](int p) { return address(list, u * filter_lanes + p); });
  }

  /// Finds the two lowest scores of points first, ..., first + used - 1, or of those of a list.
  template <class From>
  void find_nearest(From from, int used, const FilterCenters& centers) {
    if (!centers.by_rows()) {
      load(from, used);
      if constexpr (std::is_integral_v<From>) prefetch(from + filter_width, points_.size);
      score(centers);
      return;
    }
    largest_norm_ = centers.largest_norm();
    select(kept_);
    for (int u = 0; u * filter_lanes < used; ++u) {
      RowSums squares;
      for (int p = 0; p < filter_lanes; ++p) {
        // Lanes that are not used repeat a point.
        const Scalar* x = address(from, std::min(u * filter_lanes + p, used - 1));
        convert_row(p, x);
        squares[static_cast<std::size_t>(p)] = squares_of_row(p);
      }
      squared_norm(u) = sums_of_lanes(squares);
      Ahead ahead;
      if constexpr (std::is_integral_v<From>) ahead = rows_from(from + (u + 1) * filter_lanes);
      score_rows(u, centers, ahead);
    }
  }

  /// Finds the two lowest scores of every lane that was loaded.
  void score(const FilterCenters& centers) {
    largest_norm_ = centers.largest_norm();
    switch (points_.dimension) {
      case 1:
        return score_as<1, narrow_tile>(centers);
      case 2:
        return score_as<2, narrow_tile>(centers);
      case 3:
        return score_as<3, narrow_tile>(centers);
      case 4:
        return score_as<4, narrow_tile>(centers);
      default:
        break;
    }
    with_tile(centers.tile(), [&](auto tile) { score_as<Eigen::Dynamic, tile>(centers); });
  }

  /// The two lowest scores of one pack within some wide tiles of centers, and the center of the lowest.
  struct Lowest {
    Pack<float> best, second;
    IntegerPack<float> index;
  };
  [[nodiscard]] Lowest score_tiles(int u, const FilterCenters& centers, Index first_tile, Index last_tile) const {
    constexpr int tile = wide_tile;
    // Two tiles at a time: enough independent sums to hide the latency of the multiply-adds.
    Lowest lowest;
    lowest.best = lowest.second = broadcast(std::numeric_limits<float>::infinity());
    lowest.index = IntegerPack<float>{};
    const Index d = points_.dimension;
    for (Index t = first_tile; t < last_tile; t += 2) {
      const Index other = std::min(t + 1, last_tile - 1);
      Pack<float> scores[2][tile];
      unrolled<tile>([&](auto c) {
        scores[0][c] = broadcast(centers.heights(t)[c]);
        scores[1][c] = broadcast(centers.heights(other)[c]);
      });
      const float* a = centers.coordinates(t);
      const float* b = centers.coordinates(other);
      const Pack<float>* x = here_ + u;
      for (Index s = 0; s < d; ++s, a += tile, b += tile, x += filter_packs)
        unrolled<tile>([&](auto c) {
          scores[0][c] += *x * broadcast(a[c]);
          scores[1][c] += *x * broadcast(b[c]);
        });
      const auto take = [&](const Pack<float>& score, Index center) {
        const auto here = static_cast<std::int32_t>(center);
        lowest.index = score < lowest.best ? IntegerPack<float>{} + here : lowest.index;
        lowest.second = pack_min(lowest.second, pack_max(lowest.best, score));
        lowest.best = pack_min(lowest.best, score);
      };
      unrolled<tile>([&](auto c) { take(scores[0][c], t * tile + c); });
      if (other != t) unrolled<tile>([&](auto c) { take(scores[1][c], other * tile + c); });
    }
    return lowest;
  }

  /// Takes over scores found by `score_tiles` as those of pack u.
  void set_lowest(int u, const Lowest& lowest, const FilterCenters& centers) {
    best_[at(u)] = lowest.best;
    second_[at(u)] = lowest.second;
    index_[at(u)] = lowest.index;
    largest_norm_ = centers.largest_norm();
  }

  /// Distances, in the frame's unit, that pack u's to centers of these scores certainly do not exceed or fall below.
  [[nodiscard]] Pack<float> upper(int u, const Pack<float>& score) const {
    return upper(u, score, pack_sqrt(squared_norm(u)));
  }
  [[nodiscard]] Pack<float> lower(int u, const Pack<float>& score) const {
    return lower(u, score, pack_sqrt(squared_norm(u)));
  }

  /// Bit p is set unless the label of lane p (of filter_lanes * u + p in all) is proved.
  [[nodiscard]] std::uint32_t uncertain(int u) const {
    const Pack<float> gap = 2 * (second_[at(u)] - best_[at(u)]);
    // A NaN anywhere makes a comparison false. The slack without a root settles nearly all.
    const std::uint32_t left = ~lane_bits(gap > relative_slack(u)) & lane_mask;
    return left == 0 ? 0 : left & ~lane_bits(gap > uniform_slack(u));
  }

  [[nodiscard]] IntegerPack<float> index(int u) const { return index_[at(u)]; }

  /// For lanes that are proved: how much farther the second nearest center is than the nearest, at least, and the
  /// distance to the nearest at most; in the frame's unit.
  struct Bounds {
    Pack<float> gap, upper;
  };
  [[nodiscard]] Bounds bounds(int u) const {
    const Pack<float> norm = pack_sqrt(squared_norm(u));
    const Pack<float> nearest = upper(u, best_[at(u)], norm), next = lower(u, second_[at(u)], norm);
    return {next - nearest - next * 2e-7f, nearest};
  }

 private:
  static constexpr std::size_t at(int u) { return static_cast<std::size_t>(u); }

  /// Packs of a panel in place: filter_packs for every coordinate, and for the squared norms.
  [[nodiscard]] Index place_size() const { return (points_.dimension + 1) * filter_packs; }
  void select(Index place) {
    const auto first = static_cast<std::size_t>(place * place_size());
    if (const std::size_t end = first + static_cast<std::size_t>(place_size()); packs_.size() < end) packs_.resize(end);
    here_ = packs_.data() + first;
  }
  [[nodiscard]] Pack<float>& squared_norm(int u) { return here_[points_.dimension * filter_packs + u]; }
  [[nodiscard]] const Pack<float>& squared_norm(int u) const { return here_[points_.dimension * filter_packs + u]; }
  [[nodiscard]] const Scalar* address(Index first, int p) const { return points_.point(first + p); }
  [[nodiscard]] const Scalar* address(const Index* list, int p) const { return points_.point(list[p]); }

  static constexpr std::uint32_t lane_mask = static_cast<std::uint32_t>((std::uint64_t{1} << filter_lanes) - 1);

  /// Twice the error of two scores, by the largest center: |c_j| <= R. Squared distances enter for the rounding of the
  /// arithmetic that decides, and |x|^2 for its own.
  [[nodiscard]] Pack<float> uniform_slack(int u) const {
    const Pack<float> norm = pack_sqrt(squared_norm(u));
    return factor_ * (2.05f * largest_norm_ * (largest_norm_ + 2 * norm) + 1.1f * squared_norm(u) * tiny_share +
                      (sum_of_distances(u)) * tiny_share) +
           underflow;
  }

  /// The same by the distances themselves: from |c_j| <= |x| + |x - c_j| the error of |x|^2 + 2 s_j is below
  /// g (7 |x|^2 + 5 |x - c_j|^2), which grows with the distance, so that the second best bounds all others.
  [[nodiscard]] Pack<float> relative_slack(int u) const {
    return factor_ * (14.1f * squared_norm(u) + 5.1f * sum_of_distances(u)) + underflow;
  }

  [[nodiscard]] Pack<float> sum_of_distances(int u) const {
    return pack_max(2 * squared_norm(u) + 2 * (best_[at(u)] + second_[at(u)]), Pack<float>{});
  }

  [[nodiscard]] Pack<float> upper(int u, const Pack<float>& score, const Pack<float>& norm) const {
    const Pack<float> distance = squared_norm(u) + 2 * score;
    return pack_sqrt(pack_max(distance + slack(u, distance, norm) + rounding(u, distance), Pack<float>{})) *
           (1 + 4e-7f);
  }
  [[nodiscard]] Pack<float> lower(int u, const Pack<float>& score, const Pack<float>& norm) const {
    const Pack<float> distance = squared_norm(u) + 2 * score;
    return pack_sqrt(pack_max(distance - slack(u, distance, norm) - rounding(u, distance), Pack<float>{})) *
           (1 - 4e-7f);
  }

  /// How far |x|^2 + 2 s may be from the squared distance, by the smaller of the two bounds above.
  [[nodiscard]] Pack<float> slack(int u, const Pack<float>& distance, const Pack<float>& norm) const {
    const Pack<float> uniform = 2.05f * largest_norm_ * (largest_norm_ + 2 * norm);
    const Pack<float> relative = 14.1f * squared_norm(u) + 5.1f * pack_max(distance, Pack<float>{});
    return factor_ * pack_min(uniform, relative) + underflow;
  }

  /// The sums |x|^2 + 2 s and the one with its slack round by a few 2^-24 of their terms, |x|^2 by its d terms.
  [[nodiscard]] Pack<float> rounding(int u, const Pack<float>& distance) const {
    return (squared_norm(u) + pack_max(distance, Pack<float>{})) * 6e-7f + squared_norm(u) * factor_;
  }

  static constexpr float tiny_share = 1.5e-8f, underflow = 1e-33f;

  /// Inner loops for one dimension, known to the compiler or not.
  template <int Dim, int tile>
  void score_as(const FilterCenters& centers) {
    const Index d = Dim == Eigen::Dynamic ? points_.dimension : Dim;
    Pack<float> best[filter_packs], second[filter_packs];
    IntegerPack<float> index[filter_packs];
    unrolled<filter_packs>([&](auto u) {
      best[u] = second[u] = broadcast(std::numeric_limits<float>::infinity());
      index[u] = IntegerPack<float>{};
    });
    for (Index t = 0; t < centers.tiles(); ++t) {
      Pack<float> scores[tile][filter_packs];
      const float* height = centers.heights(t);
      unrolled<tile>([&](auto c) { unrolled<filter_packs>([&](auto u) { scores[c][u] = broadcast(height[c]); }); });
      const float* center = centers.coordinates(t);
      const Pack<float>* x = here_;
      for (Index s = 0; s < d; ++s, center += tile, x += filter_packs)
        unrolled<tile>([&](auto c) {
          const Pack<float> coordinate = broadcast(center[c]);
          unrolled<filter_packs>([&](auto u) { scores[c][u] += x[u] * coordinate; });
        });
      unrolled<tile>([&](auto c) {
        const auto here = static_cast<std::int32_t>(t * tile + c);
        unrolled<filter_packs>([&](auto u) {
          const auto closer = scores[c][u] < best[u];
          index[u] = closer ? IntegerPack<float>{} + here : index[u];
          second[u] = pack_min(second[u], pack_max(best[u], scores[c][u]));
          best[u] = pack_min(best[u], scores[c][u]);
        });
      });
    }
    unrolled<filter_packs>([&](auto u) {
      best_[at(u)] = best[u];
      second_[at(u)] = second[u];
      index_[at(u)] = index[u];
    });
  }

  /// Fetches what the next `load(first, ...)` will read, of points before `last`, while scores are computed. Panels
  /// that would push this one out of the cache are left to the processor.
  void prefetch(Index first, Index last) const {
    if (points_.dimension * filter_width * static_cast<Index>(sizeof(Scalar)) > 32768) return;
    const auto* from = reinterpret_cast<const char*>(points_.point(first));
    const auto* to = reinterpret_cast<const char*>(points_.point(std::min(first + filter_width, last)));
    for (; from < to; from += 64) __builtin_prefetch(from);
  }

  [[nodiscard]] Ahead rows_from(Index first) const {
    const Index last = std::min(first + filter_lanes, points_.size);
    if (first >= last) return {};
    return {reinterpret_cast<const char*>(points_.point(first)), reinterpret_cast<const char*>(points_.point(last))};
  }

  /// The two lowest scores of the rows, as those of pack u.
  void score_rows(int u, const FilterCenters& centers, Ahead ahead) {
    // More than a pack takes: what is ahead is then fetched before it is needed.
    constexpr int lines = static_cast<int>(filter_lanes * sizeof(Scalar) / 64) + 1;
    const Index packs = (points_.dimension + filter_lanes - 1) / filter_lanes, stride = stride_ / filter_lanes;
    std::array<RowSums, wide_tile> sums;
    Pack<float> best = broadcast(std::numeric_limits<float>::infinity()), second = best;
    IntegerPack<float> index{};
    for (Index t = 0; t < centers.tiles(); ++t) {
      with_tile(centers.tile(), [&](auto tile) {
        multiply_rows<tile, lines>(rows_.data(), stride, packs, centers.coordinates(t), sums, ahead);
      });
      for (int c = 0; c < centers.tile(); ++c) {
        const Pack<float> score = sums_of_lanes(sums[static_cast<std::size_t>(c)]) + broadcast(centers.heights(t)[c]);
        const auto here = static_cast<std::int32_t>(t * centers.tile() + c);
        index = score < best ? IntegerPack<float>{} + here : index;
        second = pack_min(second, pack_max(best, score));
        best = pack_min(best, score);
      }
    }
    best_[at(u)] = best;
    second_[at(u)] = second;
    index_[at(u)] = index;
  }

  /// filter_lanes numbers from memory, scaled and shifted; scaling by a power of two commutes with rounding.
  [[gnu::always_inline]] Pack<float> convert(const Scalar* from, const Scalar* shift) const {
    if constexpr (std::is_same_v<Scalar, float>) {
      return load_in_order<Pack<float>>(from) * frame_.scale - load_pack<Pack<float>>(shift);
    } else {
      constexpr int half = filter_lanes / 2;
      const auto first = load_in_order<Pack<Scalar>>(from), second = load_in_order<Pack<Scalar>>(from + half);
      const Pack<Scalar> low = first * frame_.scale - load_pack<Pack<Scalar>>(shift);
      const Pack<Scalar> high = second * frame_.scale - load_pack<Pack<Scalar>>(shift + half);
      typedef float Half __attribute__((vector_size(register_bytes / 2)));
      const Half a = __builtin_convertvector(low, Half), b = __builtin_convertvector(high, Half);
      return [&]<int... I>(std::integer_sequence<int, I...>) {
        return Pack<float>(__builtin_shufflevector(a, b, I...));
      }
      (std::make_integer_sequence<int, filter_lanes>{});
    }
  }

  /// Pack u from points that do not follow one another, or are too few: small ones are put in order first.
  template <class PointOf>
  void load_rows(int u, int count, const PointOf& point_of) {
    const Index d = points_.dimension;
    if (d < filter_lanes) {
      std::array<Scalar, static_cast<std::size_t>(filter_lanes * (filter_lanes - 1))> run;
      for (int p = 0; p < count; ++p) std::copy_n(point_of(p), d, run.data() + p * d);
      std::fill_n(run.data() + count * d, (filter_lanes - count) * d, Scalar(0));
      load_run(u, run.data());
    } else {
      for (int p = 0; p < count; ++p) convert_row(p, point_of(p));
      transpose(u, first_of_row_);
    }
  }

  /// Pack u from filter_lanes points of fewer than filter_lanes coordinates that follow one another.
  void load_run(int u, const Scalar* from) {
    switch (points_.dimension) {
      case 1:
        return load_run_of<1>(u, from);
      case 2:
        return load_run_of<2>(u, from);
      case 4:
        return load_run_of<4>(u, from);
      case 8:
        return load_run_of<std::min(8, filter_lanes)>(u, from);
      default:
        for (Index r = 0; r < points_.dimension; ++r)
          rows_[static_cast<std::size_t>(r)] = convert(from + r * filter_lanes, shifts_.data() + r * filter_lanes);
        transpose(u, first_in_run_);
    }
  }

  /// Whether `load_run` needs no rows.
  [[nodiscard]] static bool is_shuffled(Index d) { return d < filter_lanes && (d == 1 || d == 2 || d == 4 || d == 8); }

  /// The same where the number of coordinates is a power of two, which shuffles bring into place.
  template <int Count>
  void load_run_of(int u, const Scalar* from) {
    std::array<Pack<float>, static_cast<std::size_t>(Count)> packs;
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Count; ++r)
      packs[r] = convert(from + static_cast<Index>(r) * filter_lanes, shifts_.data() + r * filter_lanes);
    points_to_coordinates<Count>(packs);
    Pack<float> squared{};
    Pack<float>* to = here_ + u;
#pragma GCC unroll 8
    for (std::size_t s = 0; s < Count; ++s) {
      to[s * filter_packs] = packs[s];
      squared += packs[s] * packs[s];
    }
    squared_norm(u) = squared;
  }

  /// One point of at least filter_lanes coordinates into its row, from the first to the last, as memory likes it; the
  /// last pack overlaps the one before it.
  [[gnu::always_inline]] void convert_row(int p, const Scalar* from) {
    const Index d = points_.dimension;
    float* to = reinterpret_cast<float*>(rows_.data()) + p * stride_;
    for (Index s = 0; s + filter_lanes <= d; s += filter_lanes)
      store_pack(to + s, convert(from + s, shifts_.data() + s));
    if (d % filter_lanes != 0)
      store_pack(to + d - filter_lanes, convert(from + d - filter_lanes, shifts_.data() + d - filter_lanes));
  }

  /// The squares of a row's coordinates, added up lane by lane.
  [[nodiscard]] [[gnu::always_inline]] Pack<float> squares_of_row(int p) const {
    const Pack<float>* x = rows_.data() + p * (stride_ / filter_lanes);
    Pack<float> even{}, odd{};
    const Index packs = (points_.dimension + filter_lanes - 1) / filter_lanes;
    Index s = 0;
    for (; s + 2 <= packs; s += 2) {
      even += x[s] * x[s];
      odd += x[s + 1] * x[s + 1];
    }
    if (s < packs) even += x[s] * x[s];
    return even + odd;
  }

  /// Turns the rows, which begin at these places, into pack u of every coordinate.
  void transpose(int u, const IntegerPack<float>& first_of_point) {
    const Index d = points_.dimension;
    const float* rows = reinterpret_cast<const float*>(rows_.data());
    Pack<float> squared{};
    Pack<float>* to = here_ + u;
    const auto put = [&](Index s, const Pack<float>& x) {
      to[s * filter_packs] = x;
      squared += x * x;
    };
    Index s = 0;
    for (; s + filter_lanes <= d; s += filter_lanes) {
      std::array<Pack<float>, static_cast<std::size_t>(filter_lanes)> packs;
      unrolled<filter_lanes>([&](auto p) { packs[p] = load_pack<Pack<float>>(rows + p * stride_ + s); });
      points_to_coordinates<filter_lanes>(packs);
      unrolled<filter_lanes>([&](auto c) { put(s + c, packs[c]); });
    }
    for (; s < d; ++s) put(s, gather(rows + s, first_of_point));
    squared_norm(u) = squared;
  }

  PointSpan<Scalar> points_;
  const FilterFrame<Scalar>& frame_;
  float factor_, largest_norm_ = 0;
  std::vector<Pack<float>> packs_, rows_;  // panels, one after the other
  Pack<float>* here_ = nullptr;            // the panel loaded last
  Index kept_ = 0, loaded_ = 0;            // panels that stay, and how many of them are loaded
  std::vector<Scalar> shifts_;
  Index stride_ = 0;  // between rows
  IntegerPack<float> first_of_row_{}, first_in_run_{};
  std::array<Pack<float>, static_cast<std::size_t>(filter_packs)> best_{}, second_{};
  std::array<IntegerPack<float>, static_cast<std::size_t>(filter_packs)> index_{};
};

}  // namespace kmscape::internal

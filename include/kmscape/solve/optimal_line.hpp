// Exact k-means on the line: the global minimum of G_n over k centers, for one-dimensional data, by dynamic
// programming.
//
// Optimal cells are runs of the sorted points. With F_c(j) the optimum of c centers on the first j of them and
// cost(t, j) the distortion of points t + 1, ..., j about their mean, F_c(j) = min_t F_{c-1}(t) + cost(t, j) (Wu 1991;
// Wang, Song 2011), and the least minimiser t grows with j. A layer c therefore takes O(n log n) by divide and conquer
// over j (Gronlund, Larsen, Mathiasen, Nielsen, Schneider, Song 2017): the rows of one level are independent, and each
// reads a run of memory, several t in a register. SMAWK needs O(n), but one by one and in no order: measured at a
// million points, its search took one and a half times as long.
//
// Rounding. Prefix sums of weight, moment and square are kept in pairs of numbers (twice the digits) about a point in
// the middle, so that an offset of the data costs nothing. Minimisers are searched in plain numbers, with sums about a
// point near the row; every t whose value lies within the error bound of the least one is evaluated again in pairs, and
// among equals the least t wins. F itself is always taken from the pairs.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/core/simd.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/exact_sums.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/solve/seeding.hpp>

namespace kmscape {

enum class OptimalLineStatus {
  optimal,              // the global minimum, up to rounding
  stopped_by_callback,  // on_progress returned false: the global minimum for the number of centers reached
};

[[nodiscard]] constexpr std::string_view to_string(OptimalLineStatus status) {
  switch (status) {
    case OptimalLineStatus::optimal:
      return "optimal";
    case OptimalLineStatus::stopped_by_callback:
      return "stopped_by_callback";
  }
  return "unknown";
}

struct OptimalLineOptions {
  int threads = 1;                    // 0: all cores. The result does not depend on it
  ProgressCallback on_progress = {};  // before each number of centers from 2 to k; returning false stops there
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct OptimalLineResult {
  FittedCenters<Scalar, Dim> centers;  // 1 x k, ascending
  Labels labels;                       // n: cell of every point
  Counts counts;                       // k: points in each cell
  Sum<Scalar> value = 0;               // the objective at these centers
  std::vector<Sum<Scalar>> values;     // k: the global minimum for 1, ..., k centers; the last one is `value`
  OptimalLineStatus status = OptimalLineStatus::optimal;
};

/// The best k centers for points on the line. Equal points share a cell; among partitions whose values are equal the
/// one with the least last boundaries is taken.
/// Throws `invalid_input` unless the dimension is 1 and 1 <= k <= the number of distinct points.
/// O(n k log n) time; memory O(n), and n k / 4 bytes for the way back.
template <DataObjective O>
[[nodiscard]] OptimalLineResult<typename O::Scalar, O::dim> optimal_line(const O& objective, Index k,
                                                                         const OptimalLineOptions& options = {});

namespace internal {

/// An unevaluated sum of two numbers, the second at most half a unit in the last place of the first.
template <class Real>
struct TwoPart {
  Real high = 0, low = 0;

  /// a + b without rounding (Knuth 1969).
  [[nodiscard]] static TwoPart sum(Real a, Real b) {
    const Real high = a + b, b_part = high - a;
    return {high, (a - (high - b_part)) + (b - b_part)};
  }
  /// The same for |a| >= |b| (Dekker 1971).
  [[nodiscard]] static TwoPart ordered_sum(Real a, Real b) {
    const Real high = a + b;
    return {high, b - (high - a)};
  }
  /// a * b without rounding.
  [[nodiscard]] static TwoPart product(Real a, Real b) {
    const Real high = a * b;
    return {high, product_error(a, b, high)};
  }

  friend TwoPart operator+(const TwoPart& a, const TwoPart& b) {
    const TwoPart first = sum(a.high, b.high), second = sum(a.low, b.low);
    const TwoPart both = ordered_sum(first.high, first.low + second.high);
    return ordered_sum(both.high, both.low + second.low);
  }
  friend TwoPart operator-(const TwoPart& a) { return {-a.high, -a.low}; }
  friend TwoPart operator-(const TwoPart& a, const TwoPart& b) { return a + (-b); }
  friend TwoPart operator*(const TwoPart& a, const TwoPart& b) {
    const TwoPart first = product(a.high, b.high);
    return ordered_sum(first.high, first.low + (a.high * b.low + a.low * b.high));
  }
  friend TwoPart operator/(const TwoPart& a, const TwoPart& b) {
    const Real first = a.high / b.high;
    const TwoPart rest = a - b * TwoPart{first, 0};
    return ordered_sum(first, rest.high / b.high);
  }
};

/// The distinct points in ascending order, scaled by powers of two and shifted to a point in the middle, with prefix
/// sums.
template <DataObjective O>
class SortedLine {
 public:
  using Real = typename O::Real;
  using Pair = TwoPart<Real>;

  explicit SortedLine(const O& objective) {
    const Index n = objective.size();
    std::vector<std::pair<Real, Index>> sorted(static_cast<std::size_t>(n));
    Real heaviest = 0;
    for (Index i = 0; i < n; ++i) {
      sorted[static_cast<std::size_t>(i)] = {static_cast<Real>(objective.points()(0, i)), i};
      heaviest = std::max(heaviest, static_cast<Real>(objective.weight(i)));
    }
    std::sort(sorted.begin(), sorted.end());
    const Real half_range = sorted.back().first / 2 - sorted.front().first / 2;
    if (half_range > 0) exponent_ = std::ilogb(half_range) + 1;
    weight_exponent_ = std::ilogb(heaviest);
    middle_ = std::ldexp(sorted[static_cast<std::size_t>(n / 2)].first, -exponent_);

    place_.resize(static_cast<std::size_t>(n));
    for (std::size_t next = 0; next < sorted.size();) {
      const Real x = sorted[next].first;
      Pair weight;
      for (; next < sorted.size() && sorted[next].first == x; ++next) {
        const Index i = sorted[next].second;
        place_[static_cast<std::size_t>(i)] = size();
        weight = weight + Pair{std::ldexp(static_cast<Real>(objective.weight(i)), -weight_exponent_), 0};
      }
      const Pair y = Pair::sum(std::ldexp(x, -exponent_), -middle_), moment = weight * y;
      values_.push_back(x);
      shifted_.push_back(y.high);
      weight_.push_back(weight_.back() + weight);
      moment_.push_back(moment_.back() + moment);
      square_.push_back(square_.back() + moment * y);
    }
  }

  /// Distinct points.
  [[nodiscard]] Index size() const { return static_cast<Index>(values_.size()); }
  /// The rank of a point among the distinct ones.
  [[nodiscard]] Index place(Index point) const { return place_[static_cast<std::size_t>(point)]; }
  /// Distinct point i, shifted and scaled, rounded.
  [[nodiscard]] Real shifted(Index i) const { return shifted_[static_cast<std::size_t>(i)]; }

  /// Distortion of distinct points t, ..., j - 1, scaled.
  [[nodiscard]] Real cost(Index t, Index j) const {
    const Sums between = sums(t, j);
    const Real result = (between.square - between.moment * between.moment / between.weight).high;
    return j - t > 1 && result > 0 ? result : Real(0);
  }

  /// Weight, moment and square of points before i less those before j, about the point a, rounded.
  [[nodiscard]] std::array<Real, 3> about(Index j, Real a, Index i) const {
    const Sums between = sums(j, i);
    const Pair anchor{a, 0};
    const Pair moment = between.moment - between.weight * anchor;
    const Pair square = between.square - anchor * (between.moment + moment);
    return {between.weight.high, moment.high, square.high};
  }

  [[nodiscard]] Real mean(Index t, Index j) const {
    if (j - t == 1) return values_[static_cast<std::size_t>(t)];
    const Sums between = sums(t, j);
    return std::ldexp((between.moment / between.weight + Pair{middle_, 0}).high, exponent_);
  }

  /// A scaled distortion in the data's units.
  [[nodiscard]] Real unscaled(Real distortion) const {
    return std::ldexp(distortion, 2 * exponent_ + weight_exponent_);
  }

 private:
  struct Sums {
    Pair weight, moment, square;
  };

  [[nodiscard]] Sums sums(Index t, Index j) const {
    return {weight_.between(t, j), moment_.between(t, j), square_.between(t, j)};
  }

  /// Prefix sums, their parts apart so that loops over them run in registers.
  class Prefix {
   public:
    [[nodiscard]] Pair back() const { return {high_.back(), low_.back()}; }
    void push_back(const Pair& sum) {
      high_.push_back(sum.high);
      low_.push_back(sum.low);
    }
    [[nodiscard]] Pair between(Index t, Index j) const {
      const Real* high = high_.data();
      const Real* low = low_.data();
      return Pair{high[j], low[j]} - Pair{high[t], low[t]};
    }

   private:
    std::vector<Real> high_ = {0}, low_ = {0};
  };

  int exponent_ = 0, weight_exponent_ = 0;
  Real middle_ = 0;  // scaled
  std::vector<Index> place_;
  std::vector<Real> values_, shifted_;
  Prefix weight_, moment_, square_;
};

/// The splits of one layer, which never decrease: row j as a bit at place j + split(j), two bits a row (Elias 1974).
template <class WhenUsed>
class BasicSplitCode {
 public:
  BasicSplitCode(Index first_row, const std::vector<Index>& split) : first_row_(first_row) {
    const Index last = static_cast<Index>(split.size()) - 1;
    offset_ = first_row + split[static_cast<std::size_t>(first_row)];
    words_.assign(static_cast<std::size_t>((last + split.back() - offset_) / 64 + 1), 0);
    for (Index j = first_row; j <= last; ++j) {
      const Index place = j + split[static_cast<std::size_t>(j)] - offset_;
      words_[static_cast<std::size_t>(place / 64)] |= std::uint64_t{1} << (place % 64);
    }
  }

  /// O(n / 64).
  [[nodiscard]] Index split(Index row) const {
    Index before = row - first_row_;  // bits before the row's own
    std::size_t w = 0;
    for (; std::popcount(words_[w]) <= before; ++w) before -= std::popcount(words_[w]);
    std::uint64_t word = words_[w];
    for (; before > 0; --before) word &= word - 1;
    return static_cast<Index>(w) * 64 + std::countr_zero(word) + offset_ - row;
  }

 private:
  Index first_row_ = 0, offset_ = 0;
  std::vector<std::uint64_t> words_;
};
using SplitCode = BasicSplitCode<void>;

template <DataObjective O>
class LineProgram {
 public:
  using Real = typename O::Real;

  LineProgram(const SortedLine<O>& line, ThreadTeam& team) : line_(line), team_(team), size_(line.size()) {
    const auto rows = static_cast<std::size_t>(size_ + 1);
    value_.assign(rows, 0);
    next_.assign(rows, 0);
    split_.assign(rows, 0);
    for (Index j = 0; j <= size_; ++j) value_[static_cast<std::size_t>(j)] = line_.cost(0, j);
    everywhere_.resize(0, size_);
    workspaces_.resize(static_cast<std::size_t>(team.size()));
    const Index middle = size_ / 2;
    everywhere_.fill(line_, middle, line_.shifted(middle));
  }

  /// The optimum for the present number of centers, scaled.
  [[nodiscard]] Real value() const { return value_.back(); }

  /// From c - 1 centers to c. The last layer needs the last row only.
  void advance(Index c, bool is_last) {
    centers_ = c;
    everywhere_.start_from(value_);
    // Rows apart by the size of a chunk first, with sums about the middle; then each chunk between two of them, with
    // sums about a point of its own.
    const Index steps = is_last ? 0 : (size_ - c) / chunk, first = size_ - steps * chunk;
    const auto coarse = [&](Index i) { return first + i * chunk; };
    halve(steps + 1, [&](Index width, Index count) {
      team_.run((count + width) / (2 * width), [&](Index i, int worker) {
        const Index at = width + 2 * width * i, row = coarse(at - 1);
        const Index low = at == width ? c - 1 : split_[static_cast<std::size_t>(coarse(at - width - 1))];
        const Index high =
            std::min(row - 1, at + width > count ? row - 1 : split_[static_cast<std::size_t>(coarse(at + width - 1))]);
        solve(everywhere_, everywhere_, row, low, high, error(everywhere_, everywhere_, row, row, low, high),
              workspaces_[static_cast<std::size_t>(worker)]);
      });
    });
    if (!is_last) {
      team_.run(steps + 1, [&](Index i, int worker) {
        const Index below = i == 0 ? c - 1 : coarse(i - 1), above = coarse(i);
        solve_between(below, above, i == 0 ? c - 1 : split_[static_cast<std::size_t>(below)],
                      workspaces_[static_cast<std::size_t>(worker)]);
        evaluate(below + 1, above);
      });
      codes_.emplace_back(c, split_);
    } else {
      evaluate(size_, size_);
      is_last_ = true;
    }
    value_.swap(next_);
  }

  /// The ends of the optimal cells: of c numbers, ascending, the last one the number of distinct points.
  [[nodiscard]] std::vector<Index> ends() const {
    std::vector<Index> result(static_cast<std::size_t>(centers_), size_);
    Index row = size_;
    for (Index c = centers_; c > 1; --c) {
      row = c == centers_ && is_last_ ? split_.back() : codes_[static_cast<std::size_t>(c - 2)].split(row);
      result[static_cast<std::size_t>(c - 2)] = row;
    }
    return result;
  }

 private:
  static constexpr Index chunk = 1024;
  static constexpr int lanes = pack_lanes<Real>;

  /// Prefix sums at rows or columns first, ..., last about a point near them, in plain numbers.
  struct Frame {
    Index first = 0;
    std::size_t count = 0;
    std::vector<Real> weight, moment, square;
    std::vector<Real> start;  // of columns: F_{c-1}(t) less its square, what the row's share comes on top of
    Real anchor = 0;

    void resize(Index from, Index last) {
      first = from;
      count = static_cast<std::size_t>(last - from + 1);
      for (auto* numbers : {&weight, &moment, &square, &start})  // packs may read beyond the end
        numbers->resize(count + static_cast<std::size_t>(lanes));
    }
    void start_from(const std::vector<Real>& value) {
      for (std::size_t i = 0; i < count; ++i) start[i] = value[static_cast<std::size_t>(first) + i] - square[i];
    }
    void fill(const SortedLine<O>& line, Index origin, Real about) {
      anchor = about;
      // By blocks that lie beside nothing else: the loop then runs in registers.
      constexpr std::size_t width = 64;
      for (std::size_t done = 0; done < count; done += width) {
        const std::size_t here = std::min(width, count - done);
        std::array<Real, width> block_weight, block_moment, block_square;
        for (std::size_t i = 0; i < here; ++i) {
          const auto sums = line.about(origin, about, first + static_cast<Index>(done + i));
          block_weight[i] = sums[0];
          block_moment[i] = sums[1];
          block_square[i] = sums[2];
        }
        std::copy_n(block_weight.begin(), here, weight.begin() + static_cast<std::ptrdiff_t>(done));
        std::copy_n(block_moment.begin(), here, moment.begin() + static_cast<std::ptrdiff_t>(done));
        std::copy_n(block_square.begin(), here, square.begin() + static_cast<std::ptrdiff_t>(done));
      }
    }
  };

  struct Workspace {
    Frame rows, columns;
    std::vector<Real> values;
  };

  /// Calls `level(width, count)` for width = the largest power of 2 up to count, ..., 2, 1: rows width, 3 width, ... of
  /// 1, ..., count are then between solved ones.
  template <class Level>
  static void halve(Index count, const Level& level) {
    if (count < 1) return;
    for (auto width = static_cast<Index>(std::bit_floor(static_cast<std::uint64_t>(count))); width > 0; width /= 2)
      level(width, count);
  }

  /// Solves rows below + 1, ..., above - 1, whose splits lie between `low` and that of row `above`.
  void solve_between(Index below, Index above, Index low, Workspace& work) {
    if (above - below <= 1) return;
    const Index high = split_[static_cast<std::size_t>(above)];
    // About the last point of the chunk's middle row: near all rows, and the cells of a row end there.
    const Index origin = (below + above) / 2;
    const Real anchor = line_.shifted(std::max(Index{1}, origin) - 1);
    work.rows.resize(below + 1, above - 1);
    work.columns.resize(low, high);
    work.rows.fill(line_, origin, anchor);
    work.columns.fill(line_, origin, anchor);
    work.columns.start_from(value_);
    const Real error_of_chunk = error(work.rows, work.columns, below + 1, above - 1, low, high);
    halve(above - below - 1, [&](Index width, Index count) {
      for (Index at = width; at <= count; at += 2 * width) {
        const Index row = below + at;
        const Index from = at == width ? low : split_[static_cast<std::size_t>(row - width)];
        const Index to = at + width > count ? high : split_[static_cast<std::size_t>(row + width)];
        solve(work.rows, work.columns, row, from, std::min(to, row - 1), error_of_chunk, work);
      }
    });
  }

  /// Finds the split of row j in low, ..., high.
  void solve(const Frame& rows, const Frame& columns, Index j, Index low, Index high, Real error, Workspace& work) {
    split_[static_cast<std::size_t>(j)] = low == high ? low : best_split(rows, columns, j, low, high, error, work);
  }

  /// F_c of rows first, ..., last from their splits.
  void evaluate(Index first, Index last) {
    constexpr Index width = 64;
    const Index* split = split_.data();
    const Real* value = value_.data();
    for (; first <= last; first += width) {
      const Index count = std::min(width, last + 1 - first);
      std::array<Real, static_cast<std::size_t>(width)> block;
      for (Index i = 0; i < count; ++i) {
        const Index t = split[first + i];
        block[static_cast<std::size_t>(i)] = value[t] + line_.cost(t, first + i);
      }
      std::copy_n(block.begin(), count, next_.begin() + first);
    }
  }

  [[nodiscard]] Index best_split(const Frame& rows, const Frame& columns, Index j, Index low, Index high, Real error,
                                 Workspace& work) const {
    const auto row = static_cast<std::size_t>(j - rows.first);
    const auto begin = static_cast<std::size_t>(low - columns.first);
    const auto count = static_cast<std::size_t>(high - low + 1);
    constexpr auto width = static_cast<std::size_t>(lanes);
    const Real row_weight = rows.weight[row], row_moment = rows.moment[row];
    constexpr Real infinity = std::numeric_limits<Real>::infinity();
    // Values less the row's own square, which is the same for all of them; what a last pack reads too much is infinite.
    const auto values_from = [&](std::size_t i) {
      Pack<Real> weight, moment, start;
      std::memcpy(&weight, columns.weight.data() + begin + i, sizeof(weight));
      std::memcpy(&moment, columns.moment.data() + begin + i, sizeof(moment));
      std::memcpy(&start, columns.start.data() + begin + i, sizeof(start));
      moment = row_moment - moment;
      weight = row_weight - weight;
      // A weight lost in rounding takes less with it than the error bound.
      const Pack<Real> gain = weight > 0 ? moment * moment / weight : Pack<Real>{};
      const Pack<Real> value = start - gain;
      const auto left = static_cast<PackInteger<Real>>(count - i);
      return lane_numbers() < left ? value : broadcast(infinity);
    };
    if (count <= width) {
      const Pack<Real> values = values_from(0);
      const Pack<Real> limit = broadcast(least_lane(values) + 2 * error);
      const std::uint64_t hits = lanes_set(values <= limit);
      const Index first = low + std::countr_zero(hits);
      return std::has_single_bit(hits) ? first : best_exactly(j, first, low + 63 - std::countl_zero(hits));
    }
    const std::size_t packs = (count + width - 1) / width;
    work.values.resize(packs * width);
    Real* values = work.values.data();
    Pack<Real> least = broadcast(infinity);
    for (std::size_t i = 0; i < count; i += width) {
      const Pack<Real> here = values_from(i);
      std::memcpy(values + i, &here, sizeof(here));
      least = here < least ? here : least;
    }
    const Real limit = least_lane(least) + 2 * error;
    const auto is_near = [&](Real value) { return value <= limit; };
    const auto first = std::find_if(values, values + count, is_near);
    const auto last = std::find_if(std::reverse_iterator(values + count), std::reverse_iterator(first + 1), is_near);
    return first + 1 == last.base() ? low + (first - values)
                                    : best_exactly(j, low + (first - values), low + (last.base() - 1 - values));
  }

  /// The least t in first, ..., last of the least value, by the pairs.
  [[nodiscard]] Index best_exactly(Index j, Index first, Index last) const {
    Index best = first;
    Real least = std::numeric_limits<Real>::infinity();
    for (Index t = first; t <= last; ++t) {
      const Real value = value_[static_cast<std::size_t>(t)] + line_.cost(t, j);
      if (value < least) {
        least = value;
        best = t;
      }
    }
    return best;
  }

  [[gnu::always_inline]] static IntegerPack<Real> lane_numbers() {
    std::array<PackInteger<Real>, static_cast<std::size_t>(lanes)> numbers;
    for (int lane = 0; lane < lanes; ++lane) numbers[static_cast<std::size_t>(lane)] = lane;
    IntegerPack<Real> result;
    std::memcpy(&result, numbers.data(), sizeof(result));
    return result;
  }
  [[gnu::always_inline]] static Real least_lane(const Pack<Real>& pack) {
    std::array<Real, static_cast<std::size_t>(lanes)> lane;
    std::memcpy(lane.data(), &pack, sizeof(lane));
    for (std::size_t half = lane.size() / 2; half > 0; half /= 2)
      for (std::size_t l = 0; l < half; ++l) lane[l] = std::min(lane[l], lane[l + half]);
    return lane[0];
  }
  template <class Mask>
  [[gnu::always_inline]] static std::uint64_t lanes_set(const Mask& mask) {
    std::array<PackInteger<Real>, static_cast<std::size_t>(lanes)> set;
    const auto all = mask ? IntegerPack<Real>{} + 1 : IntegerPack<Real>{};
    std::memcpy(set.data(), &all, sizeof(set));
    std::uint64_t result = 0;
    for (std::size_t l = 0; l < set.size(); ++l) result |= static_cast<std::uint64_t>(set[l]) << l;
    return result;
  }

  /// A bound on the rounding error of the plain values of rows from, ..., to over columns low, ..., high. Each prefix
  /// sum carries its relative error u. The moment m between two of them, with weight w, enters as m^2 / w: an error e
  /// in m changes that by 2 |m / w| e, one in w by (m / w)^2 e, and the mean |m / w| is at most the largest distance of
  /// the points to the anchor. All three sums are largest at an end of the rows or columns.
  [[nodiscard]] Real error(const Frame& rows, const Frame& columns, Index from, Index to, Index low, Index high) const {
    const auto largest = [&](const std::vector<Real>& of_rows, const std::vector<Real>& of_columns) {
      const auto at = [](const std::vector<Real>& sums, Index i) {
        return std::abs(sums[static_cast<std::size_t>(i)]);
      };
      return std::max(at(of_rows, from - rows.first), at(of_rows, to - rows.first)) +
             std::max(at(of_columns, low - columns.first), at(of_columns, high - columns.first));
    };
    const Real mean =
        std::max(std::abs(line_.shifted(low) - rows.anchor), std::abs(line_.shifted(to - 1) - rows.anchor));
    return 2 * std::numeric_limits<Real>::epsilon() *
           (4 * mean * largest(rows.moment, columns.moment) + 2 * mean * mean * largest(rows.weight, columns.weight) +
            6 * largest(rows.square, columns.square) + 4 * value_[static_cast<std::size_t>(high)]);
  }

  const SortedLine<O>& line_;
  ThreadTeam& team_;
  Index size_;
  Index centers_ = 1;
  bool is_last_ = false;
  std::vector<Real> value_, next_;  // F_{c-1} and F_c
  std::vector<Index> split_;
  std::vector<SplitCode> codes_;  // of layers 2, 3, ...
  Frame everywhere_;
  std::vector<Workspace> workspaces_;  // one a thread
};

}  // namespace internal

template <DataObjective O>
OptimalLineResult<typename O::Scalar, O::dim> optimal_line(const O& objective, Index k,
                                                           const OptimalLineOptions& options) {
  using Real = typename O::Real;
  internal::require(objective.dimension() == 1, "optimal_line", "objective.dimension()", objective.dimension(),
                    "the exact minimum is found on the line only",
                    "pass points of one coordinate, or use lloyd from several starts");
  internal::check_clusters(objective, k, "optimal_line", "k");
  const int threads = resolve_threads(options.threads, "optimal_line", "options.threads");

  OptimalLineResult<typename O::Scalar, O::dim> result;
  const internal::SortedLine<O> line(objective);
  ThreadTeam team(line.size() < 4096 ? 1 : threads);
  internal::LineProgram<O> program(line, team);
  result.values.push_back(line.unscaled(program.value()));
  for (Index c = 2; c <= k; ++c) {
    if (options.on_progress && !options.on_progress({"centers", c - 1, k})) {
      result.status = OptimalLineStatus::stopped_by_callback;
      break;
    }
    program.advance(c, c == k);
    result.values.push_back(line.unscaled(program.value()));
  }

  const auto ends = program.ends();
  const auto reached = static_cast<Index>(ends.size());
  result.centers.resize(1, reached);
  std::vector<Label> cell(static_cast<std::size_t>(line.size()));
  for (Index j = 0, from = 0; j < reached; from = ends[static_cast<std::size_t>(j++)]) {
    const Index to = ends[static_cast<std::size_t>(j)];
    result.centers(0, j) = line.mean(from, to);
    std::fill(cell.begin() + from, cell.begin() + to, static_cast<Label>(j));
  }
  result.labels.resize(objective.size());
  result.counts.setZero(reached);
  Weights<Real> distortion;
  distortion.setZero(reached);
  for (Index i = 0; i < objective.size(); ++i) {
    const Label j = cell[static_cast<std::size_t>(line.place(i))];
    const Real difference = static_cast<Real>(objective.points()(0, i)) - result.centers(0, j);
    result.labels(i) = j;
    result.counts(j) += 1;
    distortion(j) += static_cast<Real>(objective.weight(i)) * difference * difference;
  }
  for (Index j = 0; j < reached; ++j) result.value += distortion(j);
  result.values.back() = result.value;
  return result;
}

}  // namespace kmscape

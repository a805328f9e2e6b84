// Sums over cells that do not depend on the order of their terms: exact additions on a fixed grid.
//
// Every term is cut into a high and a low part, multiples of two powers of two so large that no sum of n terms needs
// more digits than the type holds (pre-rounded summation: Demmel, Nguyen, "Parallel reproducible summation", 2015). All
// additions are then exact. That is what lets an iteration move only the points that change cells, a thread add its
// share whenever it is done, and a stream arrive in blocks of any size: the sums have the same bits as one pass over
// all points. A term keeps 2 (p - log2 n) binary digits below the largest one, p being the type's digits (at a million
// doubles 66 of them), so that what is cut off lies far below the rounding of the mean.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include <kmscape/core/points.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape::internal {

/// The two grids for sums of up to n terms none of which exceeds `largest`.
template <std::floating_point Real>
struct SumGrid {
  Real high = 1, low = 0;  // adding and subtracting one of them rounds to its grid

  SumGrid() = default;
  SumGrid(Real largest, Index n) {
    using Limits = std::numeric_limits<Real>;
    constexpr int digits = Limits::digits;
    int exponent = 0;
    if (largest > 0) std::frexp(largest, &exponent);  // largest < 2^exponent
    int terms = 0;
    while ((Index{1} << terms) < n) ++terms;
    const int high_exponent = std::min(exponent + terms + 1, Limits::max_exponent - 2);
    const int low_exponent = std::max(high_exponent - digits + 1 + terms, Limits::min_exponent);
    high = std::ldexp(Real(1.5), high_exponent);
    low = std::ldexp(Real(1.5), low_exponent);
  }
};

/// a * b - c without rounding, where c is the rounded product a * b.
template <class Real>
[[nodiscard]] inline Real product_error(Real a, Real b, Real c) {
#if defined(__FMA__) || defined(__aarch64__)
  return std::fma(a, b, -c);
#else
  // Dekker 1971: halves whose products are exact. std::fma without the instruction would be a slow library call.
  constexpr Real splitter = static_cast<Real>(std::size_t{1} << ((std::numeric_limits<Real>::digits + 1) / 2)) + 1;
  const auto split = [](Real x) {
    const Real t = splitter * x;
    return t - (t - x);
  };
  const Real a_high = split(a), a_low = a - a_high, b_high = split(b), b_low = b - b_high;
  return a_low * b_low - (((c - a_high * b_high) - a_low * b_high) - a_high * b_low);
#endif
}

/// Counts, masses and first moments of k cells.
template <std::floating_point Scalar>
class ExactSums {
 public:
  using Real = Sum<Scalar>;
  using Grids = Eigen::Array<Real, Eigen::Dynamic, 2>;

  /// What all sums over one data set share: a grid per coordinate, d x 2, and one for the weights.
  struct Layout {
    Grids coordinates;
    SumGrid<Real> weights;
    bool is_weighted = false;
  };

  /// Makes all sums 0 for `cells` cells.
  void reset(const Layout& layout, Index cells) {
    layout_ = &layout;
    const Index d = layout.coordinates.rows();
    moments_.setZero(2 * d, cells);
    masses_.setZero(2, cells);
    counts_.setZero(cells);
  }

  void add(const Scalar* x, Real weight, Index cell) {
    change<1>(x, weight, cell);
    counts_(cell) += 1;
  }

  void remove(const Scalar* x, Real weight, Index cell) {
    change<-1>(x, weight, cell);
    counts_(cell) -= 1;
  }

  /// Takes a point out of one cell and into another.
  void move(const Scalar* x, Real weight, Index from, Index to) {
    counts_(from) -= 1;
    counts_(to) += 1;
    if (layout_->is_weighted) {
      change<-1>(x, weight, from);
      change<1>(x, weight, to);
      return;
    }
    const Index d = layout_->coordinates.rows();
    if (d == 8)  // whole registers: where the compiler knows it, a pass at d = 8, k = 10 takes a tenth less time
      move_coordinates(x, from, to, std::integral_constant<Index, 8>{});
    else
      move_coordinates(x, from, to, d);
  }

  /// Adds the sums of other points.
  void add(const ExactSums& other) {
    moments_ += other.moments_;
    masses_ += other.masses_;
    counts_ += other.counts_;
  }

  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] Real mass(Index cell) const {
    return layout_->is_weighted ? masses_(0, cell) + masses_(1, cell) : static_cast<Real>(counts_(cell));
  }

  /// The cell's mean: the exact quotient of the sums, up to its last rounding (so the mean of copies is the copy).
  /// Writes d numbers.
  void mean(Index cell, Real* out) const {
    const Index d = moments_.rows() / 2;
    const Real* high = moments_.data() + 2 * d * cell;
    const Real divisor = mass(cell);
    const Real divisor_rest = layout_->is_weighted ? (masses_(0, cell) - divisor) + masses_(1, cell) : Real(0);
    for (Index s = 0; s < d; ++s) {
      const Real quotient = (high[s] + high[d + s]) / divisor;
      const Real product = quotient * divisor;
      const Real rest =
          (high[s] - product) + (high[d + s] - product_error(quotient, divisor, product) - quotient * divisor_rest);
      const Real correction = rest / divisor;
      // Where the product overflows there is nothing to correct.
      out[s] = std::isfinite(correction) ? quotient + correction : quotient;
    }
  }

 private:
  template <class Size>
  [[gnu::always_inline]] void move_coordinates(const Scalar* __restrict x, Index from, Index to, Size d) {
    const Real* __restrict grid = layout_->coordinates.data();
    Real* __restrict out = moments_.data() + 2 * d * from;
    Real* __restrict in = moments_.data() + 2 * d * to;
    for (Index s = 0; s < d; ++s) {
      const auto [coarse, fine] = cut(static_cast<Real>(x[s]), grid[s], grid[d + s]);
      out[s] -= coarse;
      out[d + s] -= fine;
      in[s] += coarse;
      in[d + s] += fine;
    }
  }

  /// Adds or removes one point. Its terms are cut the same way every time, so that a point leaves with the bits it
  /// came with.
  template <int Sign>
  [[gnu::always_inline]] void change(const Scalar* x, Real weight, Index cell) {
    if (layout_->is_weighted) return change_weighted<Sign>(x, weight, cell);
    switch (layout_->coordinates.rows()) {  // sums of a known length stay in registers
      case 1:
        return change_few<Sign, 1>(x, cell);
      case 2:
        return change_few<Sign, 2>(x, cell);
      case 3:
        return change_few<Sign, 3>(x, cell);
      case 4:
        return change_few<Sign, 4>(x, cell);
      default:
        return change_many<Sign>(x, cell);
    }
  }

  template <int Sign, Index D>
  [[gnu::always_inline]] void change_few(const Scalar* x, Index cell) {
    using Row = Eigen::Array<Real, static_cast<int>(D), 1>;
    const Real* grid = layout_->coordinates.data();
    Eigen::Map<Row> high(moments_.data() + 2 * D * cell), low(moments_.data() + 2 * D * cell + D);
    Row coarse, fine;
    for (Index s = 0; s < D; ++s) {
      const auto parts = cut(static_cast<Real>(x[s]), grid[s], grid[D + s]);
      coarse(s) = parts.coarse;
      fine(s) = parts.fine;
    }
    high += Sign * coarse;
    low += Sign * fine;
  }

  template <int Sign>
  [[gnu::noinline]] void change_many(const Scalar* x, Index cell) {
    const Index d = layout_->coordinates.rows();
    put<Sign>(x, layout_->coordinates.data(), moments_.data() + 2 * d * cell, d);
  }

  template <int Sign>
  [[gnu::noinline]] void change_weighted(const Scalar* x, Real weight, Index cell) {
    const Index d = layout_->coordinates.rows();
    const Real* grid = layout_->coordinates.data();
    Real* sums = moments_.data() + 2 * d * cell;
    terms_.resize(2 * d);
    weigh(x, weight, d, terms_.data());
    put<Sign>(terms_.data(), grid, sums, d);
    for (Index s = 0; s < d; ++s) sums[d + s] += Sign * ((terms_(d + s) + grid[d + s]) - grid[d + s]);
    const Real coarse = (weight + layout_->weights.high) - layout_->weights.high;
    masses_(0, cell) += Sign * coarse;
    masses_(1, cell) += Sign * (((weight - coarse) + layout_->weights.low) - layout_->weights.low);
  }

  struct Cut {
    Real coarse, fine;
  };
  /// A term's multiples of the two grids.
  [[gnu::always_inline]] static Cut cut(Real term, Real high, Real low) {
    const Real coarse = (term + high) - high;
    return {coarse, ((term - coarse) + low) - low};
  }

  template <int Sign, class Term>
  [[gnu::always_inline]] static void put(const Term* terms, const Real* grid, Real* sums, Index d) {
    for (Index s = 0; s < d; ++s) {
      const auto [coarse, fine] = cut(static_cast<Real>(terms[s]), grid[s], grid[d + s]);
      sums[s] += Sign * coarse;
      sums[d + s] += Sign * fine;
    }
  }

  /// Products and their rounding errors. Not inlined: were a product fused with the addition to the grid in one place
  /// and not in another, a point would leave a cell with other bits than it came with.
  [[gnu::noinline]] static void weigh(const Scalar* x, Real weight, Index d, Real* terms) {
    for (Index s = 0; s < d; ++s) {
      const Real value = static_cast<Real>(x[s]);
      terms[s] = weight * value;
      terms[d + s] = product_error(weight, value, terms[s]);
    }
  }

  const Layout* layout_ = nullptr;
  Eigen::Array<Real, Eigen::Dynamic, Eigen::Dynamic> moments_;  // 2 d x k: high parts above low parts
  Eigen::Array<Real, 2, Eigen::Dynamic> masses_;
  Eigen::Array<Real, Eigen::Dynamic, 1> terms_;
  Counts counts_;
};

}  // namespace kmscape::internal

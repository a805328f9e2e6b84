// Weights of exchanges, decided exactly.
//
// Along a linear transition of the sites every weight x . (s_i - s_l) is linear in lambda and known by its values at
// lambda = 0 and 1. With coordinates on a grid both are integers, and so are those of every path and cycle. A
// breakpoint is where such a weight vanishes: a rational number, kept by the weight itself. On which side of it another
// weight is negative is the sign of a difference of two products of 128-bit integers.
#pragma once

#include <cstdint>

namespace kmscape::internal {

__extension__ typedef __int128 Integer;
__extension__ typedef unsigned __int128 Magnitude;

/// To about the last place; the compiler's own conversion of 128 bits is a slow call.
[[nodiscard]] constexpr double rounded(Integer a) {
  const Magnitude size = a < 0 ? Magnitude{0} - static_cast<Magnitude>(a) : static_cast<Magnitude>(a);
  const double result = static_cast<double>(static_cast<std::uint64_t>(size >> 64)) * 0x1p64 +
                        static_cast<double>(static_cast<std::uint64_t>(size));
  return a < 0 ? -result : result;
}

/// A weight by its values at lambda = 0 and 1.
struct LinearWeight {
  Integer start = 0, end = 0;

  friend LinearWeight operator+(const LinearWeight& a, const LinearWeight& b) {
    return {a.start + b.start, a.end + b.end};
  }
  friend LinearWeight operator-(const LinearWeight& a, const LinearWeight& b) {
    return {a.start - b.start, a.end - b.end};
  }
  friend bool operator==(const LinearWeight&, const LinearWeight&) = default;
};

/// lambda = start / (start - end), with start >= 0 >= end and not both 0: where a falling weight vanishes.
struct Breakpoint {
  Integer start = 0, end = -1;

  [[nodiscard]] double value() const {
    const double above = rounded(start);
    return above / (above - rounded(end));
  }
};

inline constexpr Breakpoint lambda_zero{0, -1}, lambda_one{1, 0};

/// A lambda in [0, 1] that is the number given up to 2^-62.
[[nodiscard]] inline Breakpoint breakpoint_near(double lambda) {
  constexpr double scale = 0x1p62;
  const auto start = static_cast<Integer>(lambda * scale);
  return {start, start - static_cast<Integer>(scale)};
}

/// The sign of |a| |b| - |c| |d|.
[[nodiscard]] constexpr int compare_products(Magnitude a, Magnitude b, Magnitude c, Magnitude d) {
  struct Product {
    Magnitude high, low;
  };
  const auto product = [](Magnitude x, Magnitude y) -> Product {
    const Magnitude mask = 0xFFFFFFFFFFFFFFFFu;
    const Magnitude x0 = x & mask, x1 = x >> 64, y0 = y & mask, y1 = y >> 64;
    const Magnitude low = x0 * y0, left = x1 * y0, right = x0 * y1;
    const Magnitude middle = (low >> 64) + (left & mask) + (right & mask);
    return {x1 * y1 + (left >> 64) + (right >> 64) + (middle >> 64), (middle << 64) | (low & mask)};
  };
  const Product ab = product(a, b), cd = product(c, d);
  if (ab.high != cd.high) return ab.high < cd.high ? -1 : 1;
  return ab.low == cd.low ? 0 : ab.low < cd.low ? -1 : 1;
}

[[nodiscard]] constexpr Magnitude magnitude(Integer a) {
  return a < 0 ? Magnitude{0} - static_cast<Magnitude>(a) : static_cast<Magnitude>(a);
}

/// The sign of a weight at lambda: of weight.start (1 - lambda) + weight.end lambda.
[[nodiscard]] constexpr int sign(const LinearWeight& weight, const Breakpoint& lambda) {
  const bool left = weight.start != 0 && lambda.end != 0, right = weight.end != 0 && lambda.start != 0;
  const int left_sign = left ? (weight.start < 0 ? -1 : 1) : 0, right_sign = right ? (weight.end < 0 ? -1 : 1) : 0;
  if (left_sign * right_sign >= 0) return left_sign != 0 ? left_sign : right_sign;
  return left_sign * compare_products(magnitude(weight.start), magnitude(lambda.end), magnitude(weight.end),
                                      magnitude(lambda.start));
}

/// The sign of a - b.
[[nodiscard]] constexpr int compare(const Breakpoint& a, const Breakpoint& b) {
  // With ends e, f <= 0: a/(a - e) - b/(b - f) has the sign of a (b - f) - b (a - e) = a |f| - b |e|.
  return compare_products(magnitude(a.start), magnitude(b.end), magnitude(b.start), magnitude(a.end));
}

/// Where a weight vanishes that is not negative at some lambda and negative at a larger one.
[[nodiscard]] constexpr Breakpoint root(const LinearWeight& weight) { return {weight.start, weight.end}; }

}  // namespace kmscape::internal

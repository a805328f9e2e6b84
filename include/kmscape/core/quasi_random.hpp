// Randomised quasi-Monte Carlo points: a Sobol sequence, scrambled anew for every replicate.
//
// The first n = 2^m points of a Sobol sequence (Sobol 1967) hit every box of a fine dyadic grid equally often, so that
// means over them converge almost like 1/n where independent points give 1/sqrt(n). A random linear scramble with a
// digital shift (Matousek 1998) keeps that and makes every point uniform: the mean over n points of one replicate is an
// unbiased estimate of the integral, its variance is that of Owen's nested scrambling (Owen 2003), and R independent
// replicates give a standard error with R - 1 degrees of freedom.
//
// The sequence is built here from its definition: coordinate j takes the j-th primitive polynomial over GF(2) in order
// of degree and value. The initial direction numbers of the first 37 coordinates were searched for this library, one
// coordinate after the other, minimising sum 2^t over the pairs of coordinates and over 2^4, ..., 2^16 points, where t
// is the pair's quality parameter (at most 7 within the table); coordinates beyond it take fixed odd numbers.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>

namespace kmscape {

/// The x with Phi(x) = u for 0 < u < 1, Phi being the standard normal distribution function; to a few units in the last
/// place of the smaller of u and 1 - u. Throws `invalid_input`.
template <class WhenUsed = void>
[[nodiscard]] double normal_quantile(double u);

/// One replicate of a scrambled Sobol sequence in [0, 1)^dimension. Immutable: threads may share it. A coordinate's
/// values depend on the seed, the replicate and the coordinate only, not on the dimension.
class QuasiRandom {
 public:
  static constexpr Index most_points = Index{1} << 32;

  /// Replicates with different numbers are independent. Needs dimension >= 1 and replicate >= 0. Throws
  /// `invalid_input`. O(dimension).
  template <class WhenUsed = void>
  explicit QuasiRandom(Index dimension, Seed seed = 0, Index replicate = 0);

  [[nodiscard]] Index dimension() const { return shift_.size(); }

  /// Writes point i, 0 <= i < 2^32, into `out` (dimension() entries), each coordinate an odd multiple of 2^-53: never 0
  /// or 1. Take the first 2^m points: their means are the accurate ones. Throws `invalid_input`. O(dimension log i).
  template <class WhenUsed = void>
  void point(Index i, Eigen::Ref<Eigen::VectorXd> out) const {
    check(i, out.size(), dimension(), "QuasiRandom::point");
    write(i, out);
  }

  /// Writes a standard normal vector (dimension() entries) made of point i, coordinate by coordinate.
  template <class WhenUsed = void>
  void normal(Index i, Eigen::Ref<Eigen::VectorXd> out) const {
    check(i, out.size(), dimension(), "QuasiRandom::normal");
    write(i, out);
    for (Index s = 0; s < out.size(); ++s) out(s) = normal_quantile(out(s));
  }

  /// Writes a point of the unit ball in dimension() - 1 dimensions, uniform over replicates: the direction of a normal
  /// vector, and the last coordinate's root as the radius.
  template <class WhenUsed = void>
  void unit_ball(Index i, Eigen::Ref<Eigen::VectorXd> out) const {
    check(i, out.size(), dimension() - 1, "QuasiRandom::unit_ball");
    Eigen::VectorXd u(dimension());
    write(i, u);
    const Index d = out.size();
    if (d == 1) {
      out(0) = 2 * u(0) - 1;
      return;
    }
    for (Index s = 0; s < d; ++s) out(s) = normal_quantile(u(s));
    // No coordinate of `u` is 1/2, an even multiple: the norm is positive.
    out *= std::pow(u(d), 1 / static_cast<double>(d)) / out.norm();
  }

 private:
  static constexpr int digits = 52;   // of a coordinate; half a unit is added, so that 53 are used
  static constexpr int columns = 32;  // of the generating matrices: binary digits of a point's number

  template <class WhenUsed = void>
  static void check(Index i, Index size, Index expected, std::string_view function) {
    internal::require(i >= 0 && i < most_points, function, "i", i, "points are numbered 0, ..., 2^32 - 1",
                      "use another replicate for more points");
    internal::require(size == expected, function, "out.size()", size,
                      internal::text("this sequence writes ", expected, " coordinates"), "pass a vector of this size");
  }

  template <class WhenUsed = void>
  void write(Index i, Eigen::Ref<Eigen::VectorXd> out) const {
    // Gray code of i: neighbours differ in one digit, and each block of 2^m points holds the same points as without it.
    const auto number = static_cast<std::uint64_t>(i);
    std::uint64_t gray = number ^ (number >> 1);
    for (Index s = 0; s < out.size(); ++s) {
      std::uint64_t x = shift_(s);
      int column = 0;
      for (std::uint64_t rest = gray; rest != 0; rest >>= 1, ++column)
        if (rest & 1) x ^= directions_(column, s);
      out(s) = (static_cast<double>(x) + 0.5) * 0x1p-52;
    }
  }

  Eigen::Array<std::uint64_t, columns, Eigen::Dynamic> directions_;  // column c of coordinate s, scrambled
  Eigen::Array<std::uint64_t, Eigen::Dynamic, 1> shift_;
};

namespace internal {

/// Whether x generates the multiplicative group modulo a polynomial over GF(2) of this degree, whose coefficients are
/// the bits of `polynomial`.
[[nodiscard]] constexpr bool is_primitive(std::uint32_t polynomial, int degree) {
  const std::uint32_t order = (std::uint32_t{1} << degree) - 1;
  std::uint32_t power = 1;
  for (std::uint32_t step = 1; step <= order; ++step) {
    power <<= 1;
    if (power >> degree) power ^= polynomial;
    if (power == 1) return step == order;
  }
  return false;  // the polynomial is divisible by x: powers never return to 1
}

struct PrimitivePolynomial {
  std::uint32_t bits = 1;
  int degree = 0;
};

/// The primitive polynomials over GF(2) by degree, then value: x + 1, x^2 + x + 1, x^3 + x + 1, ...
template <class WhenUsed = void>
[[nodiscard]] std::vector<PrimitivePolynomial> primitive_polynomials(Index count) {
  std::vector<PrimitivePolynomial> found;
  for (int degree = 1; static_cast<Index>(found.size()) < count; ++degree)
    for (std::uint32_t bits = (std::uint32_t{1} << degree) + 1;
         bits < (std::uint32_t{2} << degree) && static_cast<Index>(found.size()) < count; bits += 2)
      if (is_primitive(bits, degree)) found.push_back({bits, degree});
  return found;
}

/// Initial direction numbers of coordinates 1, ..., 36; as many as the polynomial's degree, the k-th odd and below 2^k.
inline constexpr std::array<std::array<std::uint8_t, 7>, 36> sobol_initial_numbers = {{{1},
                                                                                       {1, 1},
                                                                                       {1, 3, 1},
                                                                                       {1, 1, 5},
                                                                                       {1, 1, 5, 5},
                                                                                       {1, 1, 1, 7},
                                                                                       {1, 1, 1, 15, 17},
                                                                                       {1, 1, 7, 13, 21},
                                                                                       {1, 3, 7, 7, 25},
                                                                                       {1, 3, 1, 11, 15},
                                                                                       {1, 1, 5, 5, 19},
                                                                                       {1, 1, 3, 3, 9},
                                                                                       {1, 3, 1, 1, 11, 55},
                                                                                       {1, 3, 1, 3, 3, 15},
                                                                                       {1, 3, 7, 15, 13, 47},
                                                                                       {1, 3, 5, 15, 19, 37},
                                                                                       {1, 3, 1, 9, 23, 53},
                                                                                       {1, 1, 3, 5, 29, 21},
                                                                                       {1, 1, 5, 3, 15, 15, 35},
                                                                                       {1, 3, 3, 9, 23, 19, 111},
                                                                                       {1, 1, 7, 9, 3, 19, 31},
                                                                                       {1, 3, 5, 3, 29, 1, 103},
                                                                                       {1, 1, 7, 3, 17, 49, 27},
                                                                                       {1, 1, 3, 9, 17, 43, 13},
                                                                                       {1, 3, 3, 11, 9, 41, 43},
                                                                                       {1, 3, 1, 5, 13, 39, 33},
                                                                                       {1, 1, 3, 7, 7, 57, 19},
                                                                                       {1, 1, 7, 7, 9, 35, 33},
                                                                                       {1, 3, 7, 3, 11, 13, 113},
                                                                                       {1, 3, 1, 3, 7, 17, 11},
                                                                                       {1, 1, 5, 13, 27, 17, 31},
                                                                                       {1, 1, 1, 15, 9, 51, 39},
                                                                                       {1, 1, 5, 7, 9, 15, 3},
                                                                                       {1, 1, 5, 9, 23, 45, 61},
                                                                                       {1, 1, 1, 5, 31, 55, 53},
                                                                                       {1, 3, 5, 5, 19, 51, 13}}};

/// The columns of coordinate s's generating matrix before scrambling, row 1 in the top bit of 64. Column k has a one in
/// row k and nothing below it. Coordinate 0 is van der Corput's.
template <class WhenUsed = void>
[[nodiscard]] std::vector<std::uint64_t> sobol_columns(Index s, PrimitivePolynomial polynomial, int count) {
  std::vector<std::uint64_t> v(static_cast<std::size_t>(count));
  const auto at = [&v](int k) -> std::uint64_t& { return v[static_cast<std::size_t>(k)]; };
  for (int k = 0; k < count; ++k) {
    if (s == 0) {
      at(k) = std::uint64_t{1} << (63 - k);
    } else if (k < polynomial.degree) {
      std::uint64_t number = 1;
      if (static_cast<std::size_t>(s) <= sobol_initial_numbers.size()) {
        number = sobol_initial_numbers[static_cast<std::size_t>(s - 1)][static_cast<std::size_t>(k)];
      } else {
        const auto block = philox({static_cast<std::uint32_t>(s), static_cast<std::uint32_t>(k), 0, 0}, {0, 0});
        number = ((std::uint64_t{block[0]} << 1) | 1) & ((std::uint64_t{2} << k) - 1);
      }
      at(k) = number << (63 - k);
    } else {
      const int degree = polynomial.degree;
      std::uint64_t next = at(k - degree) ^ (at(k - degree) >> degree);
      for (int a = 1; a < degree; ++a)
        if (polynomial.bits >> (degree - a) & 1) next ^= at(k - a);
      at(k) = next;
    }
  }
  return v;
}

}  // namespace internal

template <class WhenUsed>
QuasiRandom::QuasiRandom(Index dimension, Seed seed, Index replicate) {
  internal::require(dimension >= 1, "QuasiRandom", "dimension", dimension, "a point needs at least one coordinate",
                    "pass dimension >= 1");
  internal::require(replicate >= 0, "QuasiRandom", "replicate", replicate, "replicates are numbered 0, 1, 2, ...",
                    "pass replicate >= 0");
  directions_.setZero(columns, dimension);
  shift_.resize(dimension);
  const auto polynomials = internal::primitive_polynomials(dimension - 1);
  const RandomStream own = RandomStream(seed).split(static_cast<std::uint64_t>(replicate));
  for (Index s = 0; s < dimension; ++s) {
    const auto plain = internal::sobol_columns(
        s, s == 0 ? internal::PrimitivePolynomial{} : polynomials[static_cast<std::size_t>(s - 1)], columns);
    RandomStream stream = own.split(static_cast<std::uint64_t>(s));
    shift_(s) = stream() >> (64 - digits);
    // The scramble is a random lower triangular matrix with ones on its diagonal. Its column r, applied to row r.
    for (int row = 0; row < columns; ++row) {
      const std::uint64_t one = std::uint64_t{1} << (63 - row);
      const std::uint64_t scramble = one | (stream() & (one - 1));
      for (int c = row; c < columns; ++c)
        if (plain[static_cast<std::size_t>(c)] & one) directions_(c, s) ^= scramble >> (64 - digits);
    }
  }
}

template <class WhenUsed>
double normal_quantile(double u) {
  internal::require(u > 0 && u < 1, "normal_quantile", "u", u, "a quantile belongs to a probability inside (0, 1)",
                    "pass 0 < u < 1");
  // The upper tail holds p <= 1/2. A start good to 4.5e-4 (Abramowitz and Stegun 26.2.23); each of Halley's steps
  // triples its digits.
  const double p = u < 0.5 ? u : 1 - u;
  const double t = std::sqrt(-2 * std::log(p));
  double x = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (int step = 0; step < 2; ++step) {
    const double density = std::exp(-x * x / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
    const double newton = (std::erfc(x / std::numbers::sqrt2) / 2 - p) / density;
    x += newton / (1 - x * newton / 2);
  }
  return u < 0.5 ? -x : x;
}

}  // namespace kmscape

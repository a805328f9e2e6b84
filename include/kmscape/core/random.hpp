// Counter-based random streams: draw number t of stream s under seed q is a fixed function of (q, s, t).
//
// Every restart, point or trial takes a stream of its own, so results depend on the seed alone and not on the number
// of threads or the order of work. The generator is Philox 4x32 with 10 rounds (Salmon, Moraes, Dror, Shaw, "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011).
#pragma once

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>

namespace kmscape {

/// A 64-bit seed. Converts from an integer, so that options read `.seed = 7`.
struct Seed {
  std::uint64_t value = 0;

  constexpr Seed() = default;
  constexpr Seed(std::uint64_t seed) : value(seed) {}
};

namespace internal {

using PhiloxBlock = std::array<std::uint32_t, 4>;

/// One block of Philox 4x32-10: ten rounds of two 32 x 32 -> 64 bit products.
[[nodiscard]] constexpr PhiloxBlock philox(PhiloxBlock counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(product0)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

}  // namespace internal

/// A stream of independent draws. Copying it copies its position. Models `std::uniform_random_bit_generator`.
class RandomStream {
 public:
  using result_type = std::uint64_t;

  /// Stream `id` under `seed`; streams with different ids are independent.
  explicit constexpr RandomStream(Seed seed, std::uint64_t id = 0) : key_(seed.value), id_(id) {}

  /// A child stream, a function of this stream's seed and id and of `child` only, not of the draws made so far.
  [[nodiscard]] constexpr RandomStream split(std::uint64_t child) const {
    // The key is complemented, so that deriving children never repeats a block that this stream hands out as draws.
    const auto block = internal::philox(words(child, id_), key_words(~key_));
    return RandomStream(Seed{pair(block[0], block[1])}, pair(block[2], block[3]));
  }

  [[nodiscard]] static constexpr result_type min() { return 0; }
  [[nodiscard]] static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  /// 64 uniform bits.
  constexpr result_type operator()() {
    if (left_ == 0) {
      const auto block = internal::philox(words(position_++, id_), key_words(key_));
      buffer_ = {pair(block[0], block[1]), pair(block[2], block[3])};
      left_ = 2;
    }
    return buffer_[static_cast<std::size_t>(2 - left_--)];
  }

  /// Uniform on [0, 1), a multiple of 2^-53.
  constexpr double uniform() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }

  /// Uniform on 0, ..., n - 1, without bias (Lemire 2019). Needs n >= 1.
  Index index(Index n) {
    internal::require(n >= 1, "RandomStream::index", "n", n, "there must be something to draw from", "pass n >= 1");
    const auto range = static_cast<std::uint64_t>(n);
    const std::uint64_t threshold = (0 - range) % range;
    for (;;) {
      const auto [high, low] = multiply((*this)(), range);
      if (low >= threshold) return static_cast<Index>(high);
    }
  }

  /// Standard normal (Box and Muller 1958).
  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));  // 1 - u lies in (0, 1]
    const double angle = 2 * std::numbers::pi * uniform();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

  /// Fills `out` (a vector of any size >= 1) uniformly on the unit sphere.
  template <class Derived>
  void unit_sphere(Eigen::MatrixBase<Derived>& out) {
    using Scalar = typename Derived::Scalar;
    double squared = 0;
    do {
      squared = 0;
      for (Index s = 0; s < out.size(); ++s) {
        const double z = normal();
        out(s) = static_cast<Scalar>(z);
        squared += z * z;
      }
    } while (!(squared > 0));
    out *= static_cast<Scalar>(1 / std::sqrt(squared));
  }

  /// Fills `out` (a vector of d >= 1 entries) uniformly in the unit ball: a direction times u^(1/d).
  template <class Derived>
  void unit_ball(Eigen::MatrixBase<Derived>& out) {
    unit_sphere(out);
    out *= static_cast<typename Derived::Scalar>(std::pow(uniform(), 1.0 / static_cast<double>(out.size())));
  }

 private:
  static constexpr std::uint64_t pair(std::uint32_t low, std::uint32_t high) {
    return (std::uint64_t{high} << 32) | low;
  }
  static constexpr internal::PhiloxBlock words(std::uint64_t a, std::uint64_t b) {
    return {static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(a >> 32), static_cast<std::uint32_t>(b),
            static_cast<std::uint32_t>(b >> 32)};
  }
  static constexpr std::array<std::uint32_t, 2> key_words(std::uint64_t key) {
    return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
  }

  struct Wide {
    std::uint64_t high, low;
  };
  /// The 128-bit product, in portable arithmetic.
  static constexpr Wide multiply(std::uint64_t a, std::uint64_t b) {
    const std::uint64_t a0 = a & 0xFFFFFFFFu, a1 = a >> 32, b0 = b & 0xFFFFFFFFu, b1 = b >> 32;
    const std::uint64_t p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0, p11 = a1 * b1;
    const std::uint64_t middle = (p00 >> 32) + (p01 & 0xFFFFFFFFu) + (p10 & 0xFFFFFFFFu);
    return {p11 + (p01 >> 32) + (p10 >> 32) + (middle >> 32), (middle << 32) | (p00 & 0xFFFFFFFFu)};
  }

  std::uint64_t key_;
  std::uint64_t id_;
  std::uint64_t position_ = 0;
  std::array<std::uint64_t, 2> buffer_{};
  int left_ = 0;
  bool has_spare_ = false;
  double spare_ = 0;
};

}  // namespace kmscape

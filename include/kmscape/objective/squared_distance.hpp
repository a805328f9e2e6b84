// The squared distance of one point to one center, along its coordinates.
//
// Differences are taken in the type of sums; eight running sums, whatever the registers' width, make the order of the
// additions the same on every machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include <kmscape/core/points.hpp>
#include <kmscape/core/simd.hpp>

namespace kmscape::internal {

/// Eight running sums, whatever the registers' width, so that the order of the additions is the same everywhere.
template <class Real>
struct EightSums {
  static constexpr int parts = 8 / pack_lanes<Real>;
  Pack<Real> part[parts] = {};

  [[nodiscard]] Real total() const {
    std::array<Real, 8> lane;
    std::memcpy(lane.data(), part, sizeof(lane));
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
  }
};

/// Numbers of the data's type, as many as a register of sums holds, in the type of sums.
template <class Real, class Scalar>
[[gnu::always_inline]] inline Pack<Real> load_wide(const Scalar* from) {
  Pack<Real> result;
  if constexpr (std::is_same_v<Real, Scalar>) {
    std::memcpy(&result, from, sizeof(result));
  } else {
    typedef Scalar Narrow __attribute__((vector_size(sizeof(Scalar) * static_cast<std::size_t>(pack_lanes<Real>))));
    Narrow narrow;
    std::memcpy(&narrow, from, sizeof(narrow));
    result = __builtin_convertvector(narrow, Pack<Real>);
  }
  return result;
}

/// |x - c|^2, the differences taken in the type of sums.
template <class Scalar, class Real>
[[nodiscard, gnu::always_inline]] inline Real squared_distance(const Scalar* x, const Real* c, Index d) {
  constexpr int lanes = pack_lanes<Real>, parts = EightSums<Real>::parts;
  Index s = 0;
  Real rest = 0;
  if (d < 8) {
    for (; s < d; ++s) {
      const Real difference = static_cast<Real>(x[s]) - c[s];
      rest += difference * difference;
    }
    return rest;
  }
  EightSums<Real> even, odd;
  for (; s + 16 <= d; s += 16)
    unrolled<parts>([&](auto u) {
      const Index at = s + u * lanes;
      const Pack<Real> first = load_wide<Real>(x + at) - load_wide<Real>(c + at);
      const Pack<Real> second = load_wide<Real>(x + at + 8) - load_wide<Real>(c + at + 8);
      even.part[u] += first * first;
      odd.part[u] += second * second;
    });
  if (s + 8 <= d) {
    unrolled<parts>([&](auto u) {
      const Pack<Real> first = load_wide<Real>(x + s + u * lanes) - load_wide<Real>(c + s + u * lanes);
      even.part[u] += first * first;
    });
    s += 8;
  }
  unrolled<parts>([&](auto u) { even.part[u] += odd.part[u]; });
  for (; s < d; ++s) {
    const Real difference = static_cast<Real>(x[s]) - c[s];
    rest += difference * difference;
  }
  return even.total() + rest;
}

}  // namespace kmscape::internal

// A register full of numbers, in the vector types that g++ and clang++ share: +, -, *, <, and `mask ? a : b` by lane.
//
// Written once, the kernels run at the width that the build targets; a type without registers (long double) is one
// lane.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace kmscape::internal {

#if defined(__AVX512F__)
inline constexpr std::size_t register_bytes = 64;
inline constexpr int group_packs = 4;  // packs that one inner loop keeps in registers, of 32 there are
#elif defined(__AVX__)
inline constexpr std::size_t register_bytes = 32;
inline constexpr int group_packs = 2;
#else
inline constexpr std::size_t register_bytes = 16;
inline constexpr int group_packs = 2;
#endif

template <class Scalar>
struct PackTypes {
  typedef Scalar Values __attribute__((vector_size(register_bytes)));
  using Integer = std::conditional_t<sizeof(Scalar) == 4, std::int32_t, std::int64_t>;
  typedef Integer Integers __attribute__((vector_size(register_bytes)));
};

template <>
struct PackTypes<long double> {
  using Values = long double;
  using Integer = std::int64_t;
  using Integers = std::int64_t;
};

template <std::floating_point Scalar>
using Pack = typename PackTypes<Scalar>::Values;

/// Integers as wide as the scalar, so that a comparison's mask selects among them too.
template <std::floating_point Scalar>
using PackInteger = typename PackTypes<Scalar>::Integer;
template <std::floating_point Scalar>
using IntegerPack = typename PackTypes<Scalar>::Integers;

template <std::floating_point Scalar>
inline constexpr int pack_lanes = static_cast<int>(sizeof(Pack<Scalar>) / sizeof(Scalar));

/// Calls `body(std::integral_constant<int, 0>{})`, ..., `Count - 1`: a loop that is unrolled at any optimisation level.
template <int Count, class Body>
[[gnu::always_inline]] inline void unrolled(Body&& body) {
  [&]<int... I>(std::integer_sequence<int, I...>) { (body(std::integral_constant<int, I>{}), ...); }
  (std::make_integer_sequence<int, Count>{});
}

}  // namespace kmscape::internal

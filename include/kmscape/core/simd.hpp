// A register full of numbers, in the vector types that g++ and clang++ share: +, -, *, <, and `mask ? a : b` by lane.
//
// Written once, the kernels run at the width that the build targets; a type without registers (long double) is one
// lane.
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__AVX__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>  // a fraction of the other header's compile time
#endif

#if defined(__FAST_MATH__)
#error "kmscape: -ffast-math breaks the library's exact sums and its certified comparisons; compile without it"
#endif

namespace kmscape::internal {

#if defined(__AVX512F__)
inline constexpr std::size_t register_bytes = 64;
inline constexpr int registers = 32;
inline constexpr int group_packs = 4;  // packs that one inner loop keeps in registers, of 32 there are
#elif defined(__AVX__)
inline constexpr std::size_t register_bytes = 32;
inline constexpr int registers = 16;
inline constexpr int group_packs = 2;
#else
inline constexpr std::size_t register_bytes = 16;
inline constexpr int registers = 16;
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
  [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
    (body(std::integral_constant<int, I>{}), ...);
  }
  (std::make_integer_sequence<int, Count>{});
}

/// A pack read from memory of any alignment.
template <class Type>
[[gnu::always_inline]] inline Type load_pack(const void* from) {
  Type pack;
  std::memcpy(&pack, from, sizeof(pack));
  return pack;
}

/// The same, after all reads that come before it and are made this way. Processors see a run of rising addresses and
/// fetch ahead of it; where a compiler mixes the reads up, an EPYC of the fifth generation gets half of what memory
/// gives.
template <class Type>
[[gnu::always_inline]] inline Type load_in_order(const void* from) {
  auto pack = load_pack<Type>(from);
#if defined(__AVX512F__)
  asm volatile("" : "+v"(pack));
#elif defined(__SSE2__)
  asm volatile("" : "+x"(pack));
#endif
  return pack;
}

template <class Type>
[[gnu::always_inline]] inline void store_pack(void* to, const Type& pack) {
  std::memcpy(to, &pack, sizeof(pack));
}

/// The same number in every lane. A sum with zeros would not be the number (of -0) and would be computed; a difference is
/// the number, and no instruction is made for it.
template <std::floating_point Scalar>
[[gnu::always_inline]] inline Pack<Scalar> broadcast(Scalar number) {
  return number - Pack<Scalar>{};
}

// The compilers see a comparison and a selection where the processor has one instruction; float packs, on which the
// filter of distances lives, therefore name it. With a NaN on either side the second argument comes back.

#if defined(__AVX512F__)
// The forms without a mask read an undefined register in g++ 12's header, which it then warns about.
inline constexpr __mmask16 every_lane = 0xFFFF;
#endif

[[gnu::always_inline]] inline Pack<float> pack_min(Pack<float> a, Pack<float> b) {
#if defined(__AVX512F__)
  return (Pack<float>)_mm512_maskz_min_ps(every_lane, (__m512)a, (__m512)b);
#elif defined(__AVX__)
  return (Pack<float>)_mm256_min_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (Pack<float>)_mm_min_ps((__m128)a, (__m128)b);
#else
  return a < b ? a : b;
#endif
}

[[gnu::always_inline]] inline Pack<float> pack_max(Pack<float> a, Pack<float> b) {
#if defined(__AVX512F__)
  return (Pack<float>)_mm512_maskz_max_ps(every_lane, (__m512)a, (__m512)b);
#elif defined(__AVX__)
  return (Pack<float>)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (Pack<float>)_mm_max_ps((__m128)a, (__m128)b);
#else
  return a > b ? a : b;
#endif
}

[[gnu::always_inline]] inline Pack<float> pack_sqrt(Pack<float> a) {
#if defined(__AVX512F__)
  return (Pack<float>)_mm512_maskz_sqrt_ps(every_lane, (__m512)a);
#elif defined(__AVX__)
  return (Pack<float>)_mm256_sqrt_ps((__m256)a);
#elif defined(__SSE2__)
  return (Pack<float>)_mm_sqrt_ps((__m128)a);
#else
  for (int p = 0; p < pack_lanes<float>; ++p) a[p] = std::sqrt(a[p]);
  return a;
#endif
}

/// table[index[p]] in lane p.
[[gnu::always_inline]] inline Pack<float> gather(const float* table, IntegerPack<float> index) {
#if defined(__AVX512F__)
  return (Pack<float>)_mm512_mask_i32gather_ps(_mm512_setzero_ps(), every_lane, (__m512i)index, table, 4);
#elif defined(__AVX2__)
  return (Pack<float>)_mm256_i32gather_ps(table, (__m256i)index, 4);
#else
  Pack<float> result{};
  for (int p = 0; p < pack_lanes<float>; ++p) result[p] = table[index[p]];
  return result;
#endif
}

/// Bit p is set where lane p of a comparison's mask is.
[[gnu::always_inline]] inline std::uint32_t lane_bits(IntegerPack<float> mask) {
#if defined(__AVX512F__)
  return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask);
#elif defined(__AVX__)
  return static_cast<std::uint32_t>(_mm256_movemask_ps((__m256)mask));
#elif defined(__SSE2__)
  return static_cast<std::uint32_t>(_mm_movemask_ps((__m128)mask));
#else
  std::uint32_t bits = 0;
  for (int p = 0; p < pack_lanes<float>; ++p) bits |= static_cast<std::uint32_t>(mask[p] != 0) << p;
  return bits;
#endif
}

[[gnu::always_inline]] inline std::uint32_t lane_bits(IntegerPack<double> mask) {
#if defined(__AVX512F__)
  return _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask);
#elif defined(__AVX__)
  return static_cast<std::uint32_t>(_mm256_movemask_pd((__m256d)mask));
#elif defined(__SSE2__)
  return static_cast<std::uint32_t>(_mm_movemask_pd((__m128d)mask));
#else
  std::uint32_t bits = 0;
  for (int p = 0; p < pack_lanes<double>; ++p) bits |= static_cast<std::uint32_t>(mask[p] != 0) << p;
  return bits;
#endif
}

[[gnu::always_inline]] inline std::uint32_t lane_bits(IntegerPack<long double> mask) { return mask != 0 ? 1 : 0; }

/// Visits some lanes of up to `Packs` packs, where it pays all of them at the end: how many lanes of one pack there are
/// is a branch that processors guess wrong, and AVX-512 can line them up without it.
template <int Packs>
class ChosenLanes {
 public:
  /// Calls `visit(first + p, pack[p])` for the lanes p that `bits` names, now or in `finish`.
  template <class Visitor>
  [[gnu::always_inline]] void add(std::uint32_t bits, std::int32_t first, IntegerPack<float> pack,
                                  [[maybe_unused]] const Visitor& visit) {
#if defined(__AVX512F__)
    const auto mask = static_cast<__mmask16>(bits);
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    store_pack(numbers_ + size_, (IntegerPack<float>)_mm512_maskz_compress_epi32(mask, lanes) + first);
    store_pack(values_ + size_, _mm512_maskz_compress_epi32(mask, (__m512i)pack));
    size_ += std::popcount(bits);
#else
    if (bits == 0) return;
    std::int32_t values[pack_lanes<float>];
    store_pack(values, pack);
    for (; bits != 0; bits &= bits - 1) {
      const int p = std::countr_zero(bits);
      visit(first + p, values[p]);
    }
#endif
  }

  template <class Visitor>
  [[gnu::always_inline]] void finish([[maybe_unused]] const Visitor& visit) const {
#if defined(__AVX512F__)
    for (int i = 0; i < size_; ++i) visit(numbers_[i], values_[i]);
#endif
  }

#if defined(__AVX512F__)
 private:
  static constexpr int room = (Packs + 1) * pack_lanes<float>;  // whole packs are written
  std::int32_t numbers_[room], values_[room];
  int size_ = 0;
#endif
};

}  // namespace kmscape::internal

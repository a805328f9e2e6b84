// What the machine can do at most, measured where the program runs: fused multiply-adds and reads of memory a second.
//
// One pass of Lloyd's iteration needs n k d multiply-adds, in float whatever the data (objective/nearest_filter.hpp),
// and reads the n d coordinates once. The slower of the two is the limit that binds; a pass is judged by its share of
// it. Memory is read at the size of the data, so that data which stays in a cache is judged by that cache.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <kmscape/core/simd.hpp>

namespace bench {

[[nodiscard]] inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Least wall time of `trials` runs of `work(t)` on `threads` threads at once.
template <class Work>
[[nodiscard]] double least_seconds(int trials, int threads, const Work& work) {
  double least = 1e300;
  for (int trial = 0; trial < trials; ++trial) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back([&work, t] { work(t); });
    work(0);
    for (auto& other : others) other.join();
    least = std::min(least, seconds_since(start));
  }
  return least;
}

/// `rounds` times `Sums` multiply-adds of whole registers that do not wait for each other.
template <class Scalar, int Sums>
[[gnu::noinline]] void multiply_and_add(int rounds) {
  using Pack = kmscape::internal::Pack<Scalar>;
  Pack factor = Pack{} + Scalar(0.999), term = factor, sum[Sums];
  // The compiler must not know any of the numbers.
  asm volatile("" : "+x"(factor), "+x"(term));
#pragma GCC unroll 32
  for (int i = 0; i < Sums; ++i) sum[i] = term * static_cast<Scalar>(i + 1);
  for (int r = 0; r < rounds; ++r) {
#pragma GCC unroll 32
    for (int i = 0; i < Sums; ++i) sum[i] = sum[i] * factor + term;
  }
  Pack total = sum[0];
#pragma GCC unroll 32
  for (int i = 1; i < Sums; ++i) total += sum[i];
  asm volatile("" : : "x"(total));
}

/// Floating-point operations a second, two a fused multiply-add.
template <class Scalar>
[[nodiscard]] double fma_peak(int threads) {
  namespace internal = kmscape::internal;
  // More independent sums than an addition's latency times the units per cycle, and no more than there are registers.
  constexpr int sums = internal::registers == 32 ? 24 : 12, rounds = 1'000'000;
  const double seconds = least_seconds(15, threads, [](int) { multiply_and_add<Scalar, sums>(rounds); });
  return 2.0 * sums * rounds * internal::pack_lanes<Scalar> * threads / seconds;
}

/// Bytes a second read again and again from an array of that many bytes, a part for each thread.
[[nodiscard]] inline double read_bandwidth(std::size_t bytes, int threads) {
  namespace internal = kmscape::internal;
  using Pack = internal::Pack<float>;
  constexpr std::size_t step = 8 * sizeof(Pack);
  const std::size_t part = std::max(bytes / static_cast<std::size_t>(threads) / step, std::size_t{1}) * step;
  const std::size_t rounds = std::max(std::size_t{50'000'000} / part, std::size_t{1});
  const std::size_t size = part * static_cast<std::size_t>(threads);
  std::vector<float> memory((size + sizeof(Pack)) / sizeof(float), 1.0f);
  void* aligned = memory.data();
  std::size_t room = size + sizeof(Pack);
  std::align(sizeof(Pack), size, aligned, room);
  const auto work = [&](int t) {
    const float* from = static_cast<const float*>(aligned) + static_cast<std::size_t>(t) * (part / sizeof(float));
    Pack sum[8] = {};
    for (std::size_t r = 0; r < rounds; ++r) {
      for (std::size_t at = 0; at < part / sizeof(float); at += step / sizeof(float))
        internal::unrolled<8>([&](auto i) {
          sum[i] += internal::load_pack<Pack>(from + at + static_cast<std::size_t>(i * internal::pack_lanes<float>));
        });
      internal::unrolled<8>([&](auto i) { asm volatile("" : "+x"(sum[i])); });
    }
  };
  return static_cast<double>(part * rounds) * threads / least_seconds(9, threads, work);
}

struct Share {
  double share;            // of the limit, 1 being all that the machine has
  std::string_view binds;  // "arithmetic" or "memory"
};

/// The share of the machine that one pass over n points of d coordinates against k centers makes use of.
[[nodiscard]] inline Share share_of_limit(double n, double d, double k, std::size_t scalar_bytes, int threads,
                                          double seconds) {
  static std::map<int, double> peaks;
  static std::map<std::pair<std::size_t, int>, double> bandwidths;
  if (!peaks.contains(threads)) peaks[threads] = fma_peak<float>(threads);
  const auto bytes = static_cast<std::size_t>(n * d) * scalar_bytes;
  if (!bandwidths.contains({bytes, threads})) bandwidths[{bytes, threads}] = read_bandwidth(bytes, threads);
  const double arithmetic = 2 * n * d * k / peaks[threads];
  const double memory = static_cast<double>(bytes) / bandwidths[{bytes, threads}];
  if (arithmetic >= memory) return {arithmetic / seconds, "arithmetic"};
  return {memory / seconds, "memory"};
}

}  // namespace bench

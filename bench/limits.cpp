// The machine's limits by which lloyd_iteration is judged: multiply-adds a second, bytes read a second.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>

#include "support/limits.hpp"
#include "support/report.hpp"

namespace {

template <class Scalar>
void BM_FmaPeak(benchmark::State& state) {
  double best = 0;
  for (auto _ : state) best = std::max(best, bench::fma_peak<Scalar>(static_cast<int>(state.range(0))));
  state.counters["flop/s"] = best;
}

void BM_ReadBandwidth(benchmark::State& state) {
  double best = 0;
  for (auto _ : state)
    best = std::max(
        best, bench::read_bandwidth(static_cast<std::size_t>(state.range(0)) << 10, static_cast<int>(state.range(1))));
  state.counters["bytes/s"] = best;
}

BENCHMARK(BM_FmaPeak<float>)->ArgName("threads")->Arg(1)->Arg(2)->Iterations(3)->UseRealTime();
BENCHMARK(BM_FmaPeak<double>)->ArgName("threads")->Arg(1)->Arg(2)->Iterations(3)->UseRealTime();
BENCHMARK(BM_ReadBandwidth)
    ->ArgNames({"KiB", "threads"})
    ->ArgsProduct({{24, 1 << 10, 16 << 10, 128 << 10, 1 << 20}, {1, 2}})
    ->Iterations(3)
    ->UseRealTime();

}  // namespace

int main(int argc, char** argv) { return bench::run("Limits of the machine", argc, argv, /*shows_time=*/false); }

// One pass of Lloyd's iteration: assignment and update together, per scalar, size and number of threads.
#include <benchmark/benchmark.h>

#include "data.hpp"

namespace {

constexpr int steps = 5;

/// Times `steps` steps; lloyd() makes steps + 1 passes over the data, and the counters are per pass.
template <class Scalar>
void BM_LloydIteration(benchmark::State& state) {
  const auto n = state.range(0), d = state.range(1), k = state.range(2);
  const kmscape::EmpiricalObjective objective(bench::uniform_points<Scalar>(d, n));
  const kmscape::Centers<Scalar> start = objective.points().leftCols(k);
  double value = 0;
  for (auto _ : state) {
    const auto fit =
        kmscape::lloyd(objective, start, {.max_iterations = steps, .threads = static_cast<int>(state.range(3))});
    value = static_cast<double>(fit.value);
  }
  const double passes = static_cast<double>(state.iterations()) * (steps + 1);
  const double distances = passes * static_cast<double>(n) * static_cast<double>(k);
  state.counters["pass"] = benchmark::Counter(passes, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["points/s"] = benchmark::Counter(passes * static_cast<double>(n), benchmark::Counter::kIsRate);
  state.counters["distances/s"] = benchmark::Counter(distances, benchmark::Counter::kIsRate);
  // A subtraction, a product and a sum for every coordinate.
  state.counters["flop/s"] = benchmark::Counter(3 * distances * static_cast<double>(d), benchmark::Counter::kIsRate);
  state.counters["value"] = value;
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"n", "d", "k", "threads"})->Unit(benchmark::kMillisecond)->UseRealTime();
  for (const int threads : {1, 2}) {
    benchmark->Args({1'000'000, 2, 16, threads});
    benchmark->Args({1'000'000, 2, 100, threads});
    benchmark->Args({1'000'000, 8, 10, threads});
    benchmark->Args({200'000, 32, 64, threads});
    benchmark->Args({50'000, 256, 256, threads});
  }
  benchmark->Args({1'000, 2, 3, 1});
  benchmark->Args({10'000, 16, 20, 1});
}

BENCHMARK(BM_LloydIteration<double>)->Apply(sizes);
BENCHMARK(BM_LloydIteration<float>)->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();

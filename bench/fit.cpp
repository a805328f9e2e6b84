// Whole fits: k-means++ and Lloyd's iteration to a fixed point, on data with clusters and without.
#include <benchmark/benchmark.h>

#include "data.hpp"

namespace {

template <class Scalar>
void fit(benchmark::State& state, const kmscape::Points<Scalar>& points) {
  const auto k = state.range(2);
  const kmscape::EmpiricalObjective objective(points);
  double value = 0, iterations = 0;
  for (auto _ : state) {
    const auto start = kmscape::seed_centers(objective, k, {.seed = 1});
    const auto result = kmscape::lloyd(objective, start.centers, {.threads = static_cast<int>(state.range(3))});
    value = static_cast<double>(result.value);
    iterations = result.iterations;
  }
  state.counters["iterations"] = iterations;
  state.counters["value"] = value;
}

template <class Scalar>
void BM_FitClustered(benchmark::State& state) {
  fit(state, bench::clustered_points<Scalar>(state.range(1), state.range(0), state.range(2)));
}

template <class Scalar>
void BM_FitUniform(benchmark::State& state) {
  fit(state, bench::uniform_points<Scalar>(state.range(1), state.range(0)));
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"n", "d", "k", "threads"})->Unit(benchmark::kMillisecond)->UseRealTime();
  benchmark->Args({1'000, 2, 3, 1});
  for (const int threads : {1, 2}) {
    benchmark->Args({100'000, 2, 10, threads});
    benchmark->Args({100'000, 8, 20, threads});
    benchmark->Args({20'000, 32, 50, threads});
  }
}

BENCHMARK(BM_FitClustered<double>)->Apply(sizes);
BENCHMARK(BM_FitUniform<double>)->Apply(sizes);
BENCHMARK(BM_FitClustered<float>)->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();

// Starting centers, per method and size.
#include <benchmark/benchmark.h>

#include <string>

#include "data.hpp"

namespace {

void BM_Seeding(benchmark::State& state, kmscape::Seeding method) {
  const auto n = state.range(0), d = state.range(1), k = state.range(2);
  const kmscape::EmpiricalObjective objective(bench::clustered_points<double>(d, n, k));
  double potential = 0;
  for (auto _ : state) {
    const auto start = kmscape::seed_centers(objective, k, {.method = method, .seed = 1});
    state.PauseTiming();
    potential = objective.value(start.centers);
    state.ResumeTiming();
  }
  state.counters["potential"] = potential;
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"n", "d", "k"})->Unit(benchmark::kMillisecond);
  benchmark->Args({100'000, 2, 10});
  benchmark->Args({100'000, 2, 100});
  benchmark->Args({20'000, 32, 50});
}

BENCHMARK_CAPTURE(BM_Seeding, uniform_points, kmscape::Seeding::uniform_points)->Apply(sizes);
BENCHMARK_CAPTURE(BM_Seeding, random_partition, kmscape::Seeding::random_partition)->Apply(sizes);
BENCHMARK_CAPTURE(BM_Seeding, kmeans_plus_plus, kmscape::Seeding::kmeans_plus_plus)->Apply(sizes);
BENCHMARK_CAPTURE(BM_Seeding, greedy_kmeans_plus_plus, kmscape::Seeding::greedy_kmeans_plus_plus)->Apply(sizes);
BENCHMARK_CAPTURE(BM_Seeding, maximin, kmscape::Seeding::maximin)->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();

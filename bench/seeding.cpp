// Starting centers, per method and size.
#include <benchmark/benchmark.h>

#include <string>

#include "support/data.hpp"
#include "support/report.hpp"

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
BENCHMARK_CAPTURE(BM_Seeding, kmeans_parallel, kmscape::Seeding::kmeans_parallel)->Apply(sizes);
BENCHMARK_CAPTURE(BM_Seeding, afk_mc2, kmscape::Seeding::afk_mc2)->Apply(sizes);

}  // namespace

int main(int argc, char** argv) { return bench::run("Starting centers", argc, argv); }

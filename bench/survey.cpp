// Restarts per second of a survey, on data of the size of iris and on larger planted mixtures.
#include <benchmark/benchmark.h>

#include "support/data.hpp"
#include "support/report.hpp"

namespace {

void BM_SurveyRestarts(benchmark::State& state) {
  const auto n = state.range(0), d = state.range(1), k = state.range(2);
  const kmscape::Index restarts = n <= 1000 ? 10'000 : 200;
  const kmscape::EmpiricalObjective objective(bench::clustered_points<double>(d, n, k));
  double minima = 0, best = 0;
  for (auto _ : state) {
    const auto found = kmscape::survey(objective, {.clusters = k,
                                                   .restarts = restarts,
                                                   .seeding = kmscape::Seeding::uniform_points,
                                                   .seed = 1,
                                                   .threads = static_cast<int>(state.range(3)),
                                                   .stuck_tests = false});
    minima = static_cast<double>(found.minima.size());
    best = found.best().value;
  }
  state.counters["restarts/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(restarts), benchmark::Counter::kIsRate);
  state.counters["minima"] = minima;
  state.counters["best"] = best;
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"n", "d", "k", "threads"})->Unit(benchmark::kMillisecond)->UseRealTime();
  for (const int threads : {1, 2}) {
    benchmark->Args({150, 4, 3, threads});
    benchmark->Args({5'000, 2, 20, threads});
  }
}

BENCHMARK(BM_SurveyRestarts)->Apply(sizes);

}  // namespace

int main(int argc, char** argv) { return bench::run("Surveys", argc, argv); }

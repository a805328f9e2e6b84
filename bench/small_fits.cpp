// Fits of data as small as iris, from distinct points drawn at random, to a fixed point: how many a second on one core.
#include <benchmark/benchmark.h>

#include "common/csv.hpp"
#include "support/report.hpp"

#include <kmscape/solve/lloyd.hpp>
#include <kmscape/solve/seeding.hpp>

namespace {

/// 150 flowers by four measurements.
void BM_IrisRestarts(benchmark::State& state) {
  const kmscape::EmpiricalObjective<double, 4> objective(
      examples::read_table(KMSCAPE_EXAMPLES_DIR "/data/iris.csv", "label").points);
  kmscape::RandomStream stream(kmscape::Seed{1});
  const auto k = state.range(0);
  double iterations = 0, best = 1e300;
  for (auto _ : state) {
    const auto start = kmscape::seed_centers(objective, k, {.method = kmscape::Seeding::uniform_points}, stream);
    const auto fit = kmscape::lloyd(objective, start.centers);
    iterations += fit.iterations;
    best = std::min(best, fit.value);
  }
  const auto fits = static_cast<double>(state.iterations());
  state.counters["restarts/s"] = benchmark::Counter(fits, benchmark::Counter::kIsRate);
  state.counters["iterations each"] = iterations / fits;
  state.counters["best value"] = best;
}

BENCHMARK(BM_IrisRestarts)->ArgName("k")->Arg(3)->Unit(benchmark::kMicrosecond)->MinTime(1)->UseRealTime();

}  // namespace

int main(int argc, char** argv) { return bench::run("Restarts on iris", argc, argv); }

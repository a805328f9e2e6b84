// One pass of Lloyd's iteration: assignment and update together, per scalar, size, engine and number of threads.
#include <benchmark/benchmark.h>

#include <string>

#include "support/data.hpp"
#include "support/fit.hpp"
#include "support/limits.hpp"
#include "support/report.hpp"

namespace {

constexpr int first_steps = 2, steps = 6;

/// The time of `steps` steps after the first ones, so that what happens once a fit does not count.
template <class Scalar>
void BM_LloydIteration(benchmark::State& state) {
  const auto n = state.range(0), d = state.range(1), k = state.range(2);
  const int threads = static_cast<int>(state.range(3));
  const auto engine = bench::engines[state.range(4)];
  const kmscape::EmpiricalObjective objective(bench::uniform_points<Scalar>(d, n));
  const kmscape::Centers<Scalar> start = objective.points().leftCols(k);
  const auto seconds = [&](int iterations, double& value) {
    const auto begin = std::chrono::steady_clock::now();
    const auto fit =
        kmscape::lloyd(objective, start, {.engine = engine, .max_iterations = iterations, .threads = threads});
    value = static_cast<double>(fit.value);
    return bench::seconds_since(begin);
  };
  double value = 0, total = 0;
  for (auto _ : state) {
    const double few = seconds(first_steps, value);
    const double pass = std::max((seconds(first_steps + steps, value) - few) / steps, 1e-9);
    state.SetIterationTime(pass);
    total += pass;
  }
  const double passes = static_cast<double>(state.iterations()) / total;
  const auto share = bench::share_of_limit(static_cast<double>(n), static_cast<double>(d), static_cast<double>(k),
                                           sizeof(Scalar), threads, 1 / passes);
  state.counters["points/s"] = passes * static_cast<double>(n);
  state.counters["distances/s"] = passes * static_cast<double>(n * k);
  state.counters["% of limit"] = 100 * share.share;
  state.counters["value"] = value;
  state.SetLabel(std::string(to_string(engine)) + ", limit: " + std::string(share.binds));
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"n", "d", "k", "threads", "engine"})->Unit(benchmark::kMillisecond)->UseManualTime();
  for (const int engine : {0, 1})
    for (const int threads : {1, 2}) {
      benchmark->Args({1'000'000, 2, 16, threads, engine});
      benchmark->Args({1'000'000, 2, 100, threads, engine});
      benchmark->Args({1'000'000, 8, 10, threads, engine});
      benchmark->Args({200'000, 32, 64, threads, engine});
      benchmark->Args({50'000, 256, 256, threads, engine});
    }
  benchmark->Args({1'000, 2, 3, 1, 0});
  benchmark->Args({10'000, 16, 20, 1, 0});
}

BENCHMARK(BM_LloydIteration<double>)->Apply(sizes);
BENCHMARK(BM_LloydIteration<float>)->Apply(sizes);

}  // namespace

int main(int argc, char** argv) { return bench::run("One pass of Lloyd's iteration", argc, argv); }

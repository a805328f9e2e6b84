// Whole fits: Lloyd's iteration from k-means++ to a fixed point, on data with clusters and without, per engine.
#include <benchmark/benchmark.h>

#include <string>

#include "support/data.hpp"
#include "support/fit.hpp"
#include "support/report.hpp"

namespace {

template <class Scalar>
void fit(benchmark::State& state, const kmscape::Points<Scalar>& points) {
  const auto engine = bench::engines[state.range(4)];
  const kmscape::EmpiricalObjective objective(points);
  const auto start = kmscape::seed_centers(objective, state.range(2), {.seed = 1});
  const kmscape::LloydOptions options = {
      .engine = engine, .max_iterations = 10'000, .threads = static_cast<int>(state.range(3))};
  kmscape::LloydResult<Scalar> result;
  for (auto _ : state) result = kmscape::lloyd(objective, start.centers, options);
  const auto distances = static_cast<double>(result.distances);
  state.counters["iterations"] = result.iterations;
  state.counters["% distances saved"] =
      100 * static_cast<double>(result.distances_saved) / (distances + static_cast<double>(result.distances_saved));
  state.counters["value"] = static_cast<double>(result.value);
  state.SetLabel(std::string(to_string(engine)) +
                 (engine == result.engine ? "" : ", " + std::string(to_string(result.engine)) + " in the end"));
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
  benchmark->ArgNames({"n", "d", "k", "threads", "engine"})->Unit(benchmark::kMillisecond)->UseRealTime();
  benchmark->Args({1'000, 2, 3, 1, 0});
  for (const int threads : {1, 2}) {
    benchmark->Args({100'000, 2, 10, threads, 0});
    benchmark->Args({100'000, 8, 20, threads, 0});
    benchmark->Args({20'000, 32, 50, threads, 0});
  }
}

void every_engine(benchmark::internal::Benchmark* benchmark) {
  sizes(benchmark);
  for (const int engine : {1, 2, 3, 4}) {
    benchmark->Args({100'000, 8, 20, 1, engine});
    benchmark->Args({20'000, 32, 50, 1, engine});
  }
}

BENCHMARK(BM_FitClustered<double>)->Apply(every_engine);
BENCHMARK(BM_FitUniform<double>)->Apply(every_engine);
BENCHMARK(BM_FitClustered<float>)->Apply(sizes);

}  // namespace

int main(int argc, char** argv) { return bench::run("Whole fits", argc, argv); }

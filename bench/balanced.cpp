// Exact balanced assignment, BalLOT, E-BalLOT and the Amini-Levina relaxation: time, and what was proved. The largest
// size of two clusters, 2^27 points, and of the relaxation takes part where the environment sets KMSCAPE_BENCH_LARGE.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>

#include "support/data.hpp"
#include "support/report.hpp"

namespace {

using kmscape::Index;

/// Centers that have nothing to do with the points' order or density, so that many points must leave their nearest one.
Eigen::MatrixXd uniform_centers(Index d, Index k) {
  kmscape::RandomStream stream(kmscape::Seed{5});
  return Eigen::MatrixXd::NullaryExpr(d, k, [&] { return stream.uniform(); });
}

/// The most memory that the program has held so far, in GB; the rows come in the order of their size for k = 2.
double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e9;
}

void BM_AssignBalanced(benchmark::State& state) {
  const auto n = state.range(0), d = state.range(1), k = state.range(2);
  const auto points = bench::uniform_points<double>(d, n);
  const auto centers = uniform_centers(d, k);
  kmscape::BalancedAssignment<double> result;
  for (auto _ : state) result = kmscape::assign_balanced(points, centers);
  state.counters["points/s"] =
      benchmark::Counter(static_cast<double>(state.iterations() * n), benchmark::Counter::kIsRate);
  state.counters["paths"] = static_cast<double>(result.paths);
  state.counters["cost"] = result.cost;
  state.counters["gap"] = result.gap;
  state.counters["peak GB"] = peak_memory();
  if (result.status != kmscape::BalancedStatus::optimal) state.SkipWithError("the assignment is not proved");
}

void assignments(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"n", "d", "k"})->Unit(benchmark::kMillisecond)->UseRealTime();
  for (const Index n : {10'000, 100'000, 1'000'000}) benchmark->Args({n, 2, 10});
  benchmark->Args({1'000'000, 2, 2});
  benchmark->Args({16'777'216, 2, 2});
  if (std::getenv("KMSCAPE_BENCH_LARGE")) benchmark->Args({134'217'728, 2, 2});
  benchmark->Args({1'000'000, 2, 100});
  benchmark->Args({100'000, 32, 10});
}

void BM_Ballot(benchmark::State& state) {
  const auto n = state.range(0), d = state.range(1), k = state.range(2);
  const auto points = bench::clustered_points<double>(d, n, k);
  const auto start = kmscape::seed_centers(kmscape::EmpiricalObjective<double>(points), k, {.seed = 1}).centers;
  kmscape::BallotResult<double> result;
  for (auto _ : state) result = kmscape::ballot(points, start);
  state.counters["steps"] = result.iterations;
  state.counters["cost"] = result.cost;
  state.counters["gap"] = static_cast<double>(result.gap);
}

void BM_EntropicBallot(benchmark::State& state) {
  const auto n = state.range(0), d = state.range(1), k = state.range(2);
  const auto points = bench::clustered_points<double>(d, n, k);
  const auto start = kmscape::seed_centers(kmscape::EmpiricalObjective<double>(points), k, {.seed = 1}).centers;
  kmscape::EntropicBallotResult<double> result;
  for (auto _ : state) result = kmscape::entropic_ballot(points, start);
  state.counters["steps"] = result.iterations;
  state.counters["passes"] = result.sinkhorn_iterations;
  state.counters["cost"] = result.cost;
}

void fits(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"n", "d", "k"})->Unit(benchmark::kMillisecond)->UseRealTime();
  for (const Index n : {10'000, 100'000}) benchmark->Args({n, 2, 10});
  benchmark->Args({1'000'000, 2, 2});
}

BENCHMARK(BM_AssignBalanced)->Apply(assignments);
BENCHMARK(BM_Ballot)->Apply(fits);
BENCHMARK(BM_EntropicBallot)->Apply(fits);

/// Balls of radius 1 at the corners of a regular simplex, centers delta apart.
void BM_AminiLevina(benchmark::State& state) {
  const auto n = state.range(0), k = state.range(1);
  const kmscape::StochasticBallModel<double> model(
      kmscape::centers_on_simplex(k, static_cast<double>(state.range(2)) / 100, std::max<Index>(k - 1, 2)), 1);
  const auto sample = model.sample_balanced(n, kmscape::Seed{1});
  kmscape::AminiLevinaResult<double> result;
  for (auto _ : state) result = kmscape::amini_levina(sample.points, k);
  state.counters["iterations"] = result.iterations;
  state.counters["primal"] = result.primal_residual;
  state.counters["dual"] = result.dual_residual;
  state.counters["gap"] = (result.value - result.bound) / result.value;
  if (result.status != kmscape::AminiLevinaStatus::converged) state.SkipWithError("the relaxation is not solved");
}

void relaxations(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"n", "k", "100 delta"})->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);
  benchmark->Args({256, 2, 220})->Args({256, 2, 180})->Args({60, 3, 160})->Args({120, 3, 160});
  if (std::getenv("KMSCAPE_BENCH_LARGE")) benchmark->Args({256, 2, 140})->Args({255, 3, 160});
}

BENCHMARK(BM_AminiLevina)->Apply(relaxations);

}  // namespace

int main(int argc, char** argv) { return bench::run("Balanced clusters", argc, argv); }

// One gradient and one Hessian of a population objective, per model, dimension and number of centers.
#include <benchmark/benchmark.h>

#include <kmscape/kmscape.hpp>

#include "support/report.hpp"

namespace {

using kmscape::Index;

/// k components whose centers are six deviations of the components apart on average, and as many fitted centers near
/// them.
struct Candidate {
  Eigen::MatrixXd true_centers, fitted;

  Candidate(Index d, Index k) : true_centers(d, k), fitted(d, k) {
    kmscape::RandomStream stream(kmscape::Seed{7});
    const double spread = 6 * std::pow(static_cast<double>(k), 1 / static_cast<double>(d));
    for (Index s = 0; s < k; ++s)
      for (Index t = 0; t < d; ++t) {
        true_centers(t, s) = spread * stream.uniform();
        fitted(t, s) = true_centers(t, s) + stream.normal();
      }
  }
};

kmscape::PopulationObjective<kmscape::GaussianMixtureModel<double>> gaussians(const Eigen::MatrixXd& centers) {
  return kmscape::PopulationObjective(kmscape::GaussianMixtureModel(centers, 1.0));
}
kmscape::PopulationObjective<kmscape::StochasticBallModel<double>> balls(const Eigen::MatrixXd& centers) {
  return kmscape::PopulationObjective(kmscape::StochasticBallModel(centers, 2.0));
}

template <class Make>
void BM_Gradient(benchmark::State& state, Make make) {
  const Candidate candidate(state.range(0), state.range(1));
  const auto objective = make(candidate.true_centers);
  for (auto _ : state) benchmark::DoNotOptimize(objective.gradient(candidate.fitted));
}
template <class Make>
void BM_Hessian(benchmark::State& state, Make make) {
  const Candidate candidate(state.range(0), state.range(1));
  const auto objective = make(candidate.true_centers);
  for (auto _ : state) benchmark::DoNotOptimize(objective.hessian(candidate.fitted));
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"d", "k"})->Unit(benchmark::kMillisecond);
  for (const Index d : {1, 2, 3, 10})
    for (const Index k : {3, 10, 20}) benchmark->Args({d, k});
}

BENCHMARK_CAPTURE(BM_Gradient, gaussians, gaussians)->Apply(sizes);
BENCHMARK_CAPTURE(BM_Hessian, gaussians, gaussians)->Apply(sizes);
BENCHMARK_CAPTURE(BM_Gradient, balls, balls)->Apply(sizes);
BENCHMARK_CAPTURE(BM_Hessian, balls, balls)->Apply(sizes);

}  // namespace

int main(int argc, char** argv) { return bench::run("The population objective", argc, argv); }

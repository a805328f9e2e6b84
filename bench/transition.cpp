// Transitions between separable clusterings of equal sizes, a quarter of the items changing their cluster: the last row
// of BHZ's Table 2 (k = 20, n = 5000: 685 steps, 77,655 s there), and how time grows with n and k.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include <kmscape/transition/transition.hpp>

#include "common/transition_instances.hpp"
#include "support/report.hpp"

namespace {

void BM_Transition(benchmark::State& state) {
  const auto instance = examples::transition_instance(state.range(0), state.range(1), 0.25, 1);
  kmscape::TransitionSequenceOptions options;
  options.diagrams = state.range(2) != 0 ? kmscape::Diagrams::all : kmscape::Diagrams::none;
  double steps = 0;
  for (auto _ : state) {
    kmscape::TransitionSequence sequence(instance.points, instance.start, instance.start_sites, instance.target,
                                         instance.target_sites, options);
    steps = 0;
    while (const auto step = sequence.next()) ++steps;
  }
  state.counters["steps"] = steps;
  state.counters["steps/s"] = benchmark::Counter(steps, benchmark::Counter::kIsIterationInvariantRate);
}

/// The mean over 20 instances of Table 2's last row, with all power diagrams.
void BM_TransitionTable2(benchmark::State& state) {
  std::vector<examples::TransitionInstance> instances;
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    instances.push_back(examples::transition_instance(5000, 20, 0.25, seed));
  kmscape::TransitionSequenceOptions options;
  options.diagrams = kmscape::Diagrams::all;
  double steps = 0;
  for (auto _ : state) {
    steps = 0;
    for (const auto& instance : instances) {
      kmscape::TransitionSequence sequence(instance.points, instance.start, instance.start_sites, instance.target,
                                           instance.target_sites, options);
      while (const auto step = sequence.next()) ++steps;
    }
  }
  const auto count = static_cast<double>(instances.size());
  state.counters["steps"] = steps / count;
  state.counters["transitions/s"] = benchmark::Counter(count, benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK(BM_TransitionTable2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(BM_Transition)
    ->ArgNames({"n", "k", "diagrams"})
    ->Args({5000, 20, 0})
    ->Args({5000, 20, 1})
    ->Args({100'000, 20, 0})
    ->Args({100'000, 100, 0})
    ->Args({1'000'000, 20, 0})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace

int main(int argc, char** argv) { return bench::run("Transitions between clusterings", argc, argv); }

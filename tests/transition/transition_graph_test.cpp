#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include <kmscape/core/random.hpp>
#include <kmscape/transition/transition_graph.hpp>

#include "support/catch.hpp"

using kmscape::Index;
using kmscape::Label;
using kmscape::internal::Breakpoint;
using kmscape::internal::TransitionGraph;

namespace {

/// min over x in C_i of x . (s_i - s_l) at lambda, on the graph's grid; infinite for an empty cluster.
double least_weight(const TransitionGraph& graph, std::size_t i, std::size_t l, double lambda) {
  const auto& clusters = graph.clusters();
  const auto d = static_cast<std::size_t>(clusters.dim);
  double least = std::numeric_limits<double>::infinity();
  for (const Index item : clusters.clusters[i].items) {
    double product = 0;
    for (std::size_t r = 0; r < d; ++r) {
      const double start = clusters.start_sites[i * d + r] - clusters.start_sites[l * d + r];
      const double end = clusters.target_sites[i * d + r] - clusters.target_sites[l * d + r];
      product += clusters.coordinate(item, static_cast<Index>(r)) * (start + lambda * (end - start));
    }
    least = std::min(least, product);
  }
  return least;
}

}  // namespace

TEST_CASE("weights of the graph of exchanges are bounds until they are asked for, then exact, as items move") {
  constexpr Index n = 1500, k = 5;
  kmscape::RandomStream stream(kmscape::Seed{3});
  kmscape::Points<double> points(2, n), start(2, k), target(2, k);
  for (auto* matrix : {&points, &start, &target})
    for (Index e = 0; e < matrix->size(); ++e) matrix->data()[e] = stream.uniform();
  kmscape::Labels labels(n);
  for (Index j = 0; j < n; ++j) labels(j) = j < 3 ? 4 : static_cast<Label>(j % 4);  // the last cluster runs empty
  TransitionGraph graph(kmscape::internal::clusters_on_grid(points, labels, start, target, true),
                        kmscape::internal::lambda_zero, false);

  int bounds = 0, loose = 0;
  for (int step = 0; step < 60; ++step) {
    const double lambda = step / 60.0;
    const Breakpoint here = kmscape::internal::breakpoint_near(lambda);
    const auto& weights = graph.weights(here);
    for (std::size_t i = 0; i < k; ++i)
      for (std::size_t l = 0; l < k; ++l) {
        if (i == l) continue;
        const double exact = least_weight(graph, i, l, lambda), before = weights[i * k + l];
        CHECK((before <= exact + graph.tolerance()));
        if (stream.uniform() > 0.2) continue;
        const bool was_bound = graph.make_exact(i, l);
        bounds += was_bound;
        loose += was_bound && before < exact - graph.tolerance();
        const double after = weights[i * k + l];
        CHECK((after == exact || std::abs(after - exact) <= graph.tolerance()));
        CHECK((was_bound || after == before));
        CHECK_FALSE(graph.make_exact(i, l));
        if (exact < std::numeric_limits<double>::infinity()) {
          const Index item = graph.line(i, l).item;
          CHECK(graph.clusters().label[static_cast<std::size_t>(item)] == static_cast<Label>(i));
        }
      }
    graph.advance(here);
    const Index item = step < 3 ? step : stream.index(n);
    const Label from = graph.clusters().label[static_cast<std::size_t>(item)];
    graph.apply({{item, from, step < 50 ? (from + 1) % 4 : Label{4}}});
  }
  CHECK(bounds == k * (k - 1));
  CHECK(loose > 0);
}

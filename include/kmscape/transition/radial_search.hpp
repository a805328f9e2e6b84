// What a clustering lacks to being optimal for its sizes, and then to being radial, as exchanges at fixed sites.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/transition/clusters.hpp>
#include <kmscape/transition/exact_weight.hpp>
#include <kmscape/transition/exchange.hpp>
#include <kmscape/transition/exchange_paths.hpp>
#include <kmscape/transition/transition_graph.hpp>

namespace kmscape::internal {

template <class WhenUsed = void>
[[nodiscard]] Room room_for(const Clusters& clusters, const Counts& lower, const Counts& upper) {
  Room room;
  for (Index i = 0; i < clusters.count; ++i) {
    room.shrink.push_back(clusters.size(i) > lower(i));
    room.grow.push_back(clusters.size(i) < upper(i));
  }
  return room;
}

/// "item 3 from cluster 0 to 1, item 5 from cluster 1 to 0"
template <class WhenUsed = void>
[[nodiscard]] std::string describe(const ItemExchange& exchange) {
  std::string result;
  for (const auto& move : exchange)
    result += text(result.empty() ? "" : ", ", "item ", move.item, " from cluster ", move.from, " to ", move.to);
  return result;
}

/// Makes a clustering optimal for its sizes that is so up to rounding, and returns the exchanges; refuses any other.
template <class WhenUsed = void>
[[nodiscard]] std::vector<ItemExchange> mend(TransitionGraph& graph, ExchangePaths& paths, const Breakpoint& lambda,
                                             double tolerance, std::string_view function, std::string_view argument,
                                             std::string_view sites) {
  std::vector<ItemExchange> result;
  while (paths.find_cycle(graph, lambda, nullptr)) {
    LinearWeight total;
    const ItemExchange exchange = paths.exchange(graph, total);
    const double gain = -rounded(lambda.start == 0 ? total.start : total.end);
    if (gain > tolerance * graph.clusters().bound)
      throw invalid_input(function, argument, "a clustering",
                          text("it is no constrained least-squares assignment for ", sites, ": moving ",
                               describe(exchange), " keeps all sizes and lowers the sum of squared distances by ",
                               2 * gain * graph.clusters().weight_unit()),
                          "pass the sites that it is optimal for, or constrained_lsa(points, sites, sizes)");
    graph.apply(exchange);
    result.push_back(exchange);
  }
  return result;
}

/// The next step of BHZ Algorithm 2; empty at a radial clustering.
template <class WhenUsed = void>
[[nodiscard]] ItemExchange path_to_radial(TransitionGraph& graph, ExchangePaths& paths, const Breakpoint& lambda,
                                          const Room& room) {
  if (!room.any()) return {};
  paths.find_paths(graph, lambda, room);
  const std::size_t none = graph.size();
  std::size_t best = none;
  for (std::size_t l = 0; l < graph.size(); ++l) {
    if (room.grow[l] == 0 || !paths.is_reached(l) || sign(paths.label(l), lambda) >= 0) continue;
    if (best == none || sign(paths.label(l) - paths.label(best), lambda) < 0) best = l;
  }
  LinearWeight total;
  return best == none ? ItemExchange{} : paths.path_to(graph, best, total);
}

}  // namespace kmscape::internal

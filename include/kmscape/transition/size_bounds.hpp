// Sizes of clusters and the bounds that all clusterings of a transition keep.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>

namespace kmscape::internal {

template <class WhenUsed = void>
[[nodiscard]] Counts cluster_sizes(const Labels& labels, Index k) {
  Counts sizes;
  sizes.resize(k);
  std::fill_n(sizes.data(), k, Index{0});
  for (Index j = 0; j < labels.size(); ++j) ++sizes(labels(j));
  return sizes;
}

template <class WhenUsed = void>
void check_bounds(const Counts& lower, const Counts& upper, Index k, std::string_view function) {
  for (const auto& [name, bounds] : {std::pair<const char*, const Counts*>{"lower", &lower}, {"upper", &upper}})
    require(bounds->size() == k, function, name, text(bounds->size(), " bounds"), text("there are ", k, " clusters"),
            "pass one bound per cluster");
  for (Index i = 0; i < k; ++i)
    require(lower(i) >= 0, function, text("lower(", i, ")"), lower(i), "no cluster has fewer than 0 items",
            "pass bounds >= 0");
}

template <class WhenUsed = void>
void check_sizes(const Counts& sizes, const Counts& lower, const Counts& upper, std::string_view function,
                 std::string_view argument) {
  for (Index i = 0; i < sizes.size(); ++i)
    if (sizes(i) < lower(i) || sizes(i) > upper(i)) [[unlikely]]
      throw invalid_input(
          function, argument, text("a clustering with ", sizes(i), " items in cluster ", i),
          text("its size must lie between lower(", i, ") = ", lower(i), " and upper(", i, ") = ", upper(i)),
          "widen the bounds, or leave them empty for the tightest");
}

/// The bounds given, or the tightest where they are empty; both clusterings must keep them.
template <class WhenUsed = void>
[[nodiscard]] std::pair<Counts, Counts> common_bounds(const Labels& start, const Labels& target, Index k, Counts lower,
                                                      Counts upper, std::string_view function) {
  const Counts start_sizes = cluster_sizes(start, k), target_sizes = cluster_sizes(target, k);
  if (lower.size() == 0) {
    lower.resize(k);
    upper.resize(k);
    for (Index i = 0; i < k; ++i) {
      lower(i) = std::min(start_sizes(i), target_sizes(i));
      upper(i) = std::max(start_sizes(i), target_sizes(i));
    }
  }
  check_sizes(start_sizes, lower, upper, function, "start");
  check_sizes(target_sizes, lower, upper, function, "target");
  return {std::move(lower), std::move(upper)};
}

}  // namespace kmscape::internal

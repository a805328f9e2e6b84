// Constrained least-squares assignments and radial clusterings: the clusterings between which transitions lead.
//
// A constrained least-squares assignment to sites s minimises the sum of |x - s_i|^2 over x in C_i among all
// clusterings of given sizes; a radial one maximises the sum of x . s_i among all whose sizes keep to bounds (BHZ
// Definition 2 and Proposition 2). Both come from the balanced assignment, a radial one after the sites are lifted to a
// common distance from the origin by one more coordinate, and are then made optimal on the grid on which transitions
// decide.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include <kmscape/balanced/assign_balanced.hpp>
#include <kmscape/balanced/capacities.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/transition/clusters.hpp>
#include <kmscape/transition/exact_weight.hpp>
#include <kmscape/transition/exchange_paths.hpp>
#include <kmscape/transition/transition.hpp>
#include <kmscape/transition/transition_graph.hpp>

namespace kmscape {

/// The clustering of `points` (d x n) with the given cluster sizes that is optimal for `sites` (d x k). Throws
/// `invalid_input`. Time and memory as assign_balanced().
template <class P, class S>
[[nodiscard]] Labels constrained_lsa(const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<S>& sites,
                                     const Counts& sizes);

/// The clustering of `points` (d x n) within the bounds that maximises the sum of x . s_i, with x relative to the mean
/// of the data if `center` is set. Throws `invalid_input`. Time and memory as assign_balanced().
template <class P, class S>
[[nodiscard]] Labels radial_clustering(const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<S>& sites,
                                       const Capacities& bounds, bool center = true);

namespace internal {

/// The optimal clustering within the bounds on the grid, from one that is so up to rounding.
template <class P, class S>
[[nodiscard]] Labels optimal_on_grid(const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<S>& sites,
                                     const Labels& labels, const Counts& lower, const Counts& upper, bool center,
                                     std::string_view function) {
  TransitionGraph graph(clusters_on_grid(points, labels, sites, sites, center), lambda_zero, true);
  ExchangePaths paths(graph.size());
  static_cast<void>(mend(graph, paths, lambda_zero, 1, function, "points", "sites"));
  for (;;) {
    const auto exchange = path_to_radial(graph, paths, lambda_zero, room_for(graph.clusters(), lower, upper));
    if (exchange.empty()) break;
    graph.apply(exchange);
  }
  Labels result;
  result.resize(labels.size());
  std::copy(graph.clusters().label.begin(), graph.clusters().label.end(), result.data());
  return result;
}

}  // namespace internal

template <class P, class S>
Labels constrained_lsa(const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<S>& sites, const Counts& sizes) {
  constexpr auto function = "constrained_lsa";
  internal::check_sites(points, sites, function);
  const auto capacities = Capacities::exactly(std::vector<Index>(sizes.data(), sizes.data() + sizes.size()));
  static_cast<void>(capacities.bounds(sites.cols(), points.cols(), function));
  const auto assignment = assign_balanced(points, sites.template cast<typename P::Scalar>(), capacities);
  return internal::optimal_on_grid(points, sites, assignment.labels, sizes, sizes, true, function);
}

template <class P, class S>
Labels radial_clustering(const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<S>& sites,
                         const Capacities& bounds, bool center) {
  constexpr auto function = "radial_clustering";
  internal::check_sites(points, sites, function);
  const auto checked = bounds.bounds(sites.cols(), points.cols(), function);
  const Index d = points.rows(), n = points.cols(), k = sites.cols();
  using Lifted = Points<double, P::RowsAtCompileTime == Eigen::Dynamic ? Eigen::Dynamic : P::RowsAtCompileTime + 1>;
  Lifted lifted_points(d + 1, n), lifted_sites(d + 1, k);
  for (Index r = 0; r < d; ++r) {
    double mean = 0;
    for (Index j = 0; center && j < n; ++j) mean += static_cast<double>(points(r, j)) / static_cast<double>(n);
    for (Index j = 0; j < n; ++j) lifted_points(r, j) = static_cast<double>(points(r, j)) - mean;
    for (Index i = 0; i < k; ++i) lifted_sites(r, i) = static_cast<double>(sites(r, i));
  }
  double farthest = 0;
  for (Index i = 0; i < k; ++i) farthest = std::max(farthest, lifted_sites.col(i).head(d).squaredNorm());
  for (Index j = 0; j < n; ++j) lifted_points(d, j) = 0;
  for (Index i = 0; i < k; ++i)
    lifted_sites(d, i) = std::sqrt(std::max(0.0, farthest - lifted_sites.col(i).head(d).squaredNorm()));
  const auto assignment = assign_balanced(lifted_points, lifted_sites, bounds);
  Counts lower, upper;
  lower.resize(k);
  upper.resize(k);
  std::copy(checked.lower.begin(), checked.lower.end(), lower.data());
  std::copy(checked.upper.begin(), checked.upper.end(), upper.data());
  return internal::optimal_on_grid(points, sites, assignment.labels, lower, upper, center, function);
}

}  // namespace kmscape

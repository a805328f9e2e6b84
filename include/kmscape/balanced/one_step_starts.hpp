// Starts from which one step of BalLOT recovers planted clusters: the farthest pair for two, and separated groups of a
// small sample for any number.
//
// Under the stochastic ball model with unit balls whose centers are Delta > 2 apart, points of one ball are at most 2
// apart and points of two balls more than Delta - 2. For Delta > 4 the groups of sampled points that chains of steps
// <= Delta - 2 join are exactly the balls met; one point of each, less than Delta / 2 - 1 from its ball's center or
// not, starts BalLOT. Statements and constants are this library's, after the initialisations of Luo, Mixon, arXiv
// 2512.05926.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

/// Two points of `points` (d x n, n >= 2) that are farthest apart, the lowest indices of such pairs' in the order of
/// search. Throws `invalid_input`. O(n log n) and the pairs whose distances to the mean add up to the diameter, which
/// on scattered data are few, in the worst case O(n^2 d).
template <class P>
[[nodiscard]] std::pair<Index, Index> farthest_pair(const Eigen::MatrixBase<P>& points);

struct GroupStartOptions {
  double reach = 1;       // points at most this far apart belong together: min(Delta - 2, 2) for unit balls
  double failure = 0.01;  // probability that some cluster of equal share is not sampled
  Seed seed = 0;
};

/// Indices of points, one of each group in a sample of ceil(k log(2 k / failure)) points (with replacement), groups in
/// order of their first point; they need not be k where clusters are missed or split. Throws `invalid_input`.
/// O(k^2 log^2 k d).
template <class P>
[[nodiscard]] std::vector<Index> group_start(const Eigen::MatrixBase<P>& points, Index k,
                                             const GroupStartOptions& options);

template <class P>
std::pair<Index, Index> farthest_pair(const Eigen::MatrixBase<P>& points) {
  using Real = Sum<typename P::Scalar>;
  internal::check_columns(points, "farthest_pair", "points", "point");
  internal::require(points.cols() >= 2, "farthest_pair", "points.cols()", points.cols(), "a pair needs two points",
                    "pass at least two points");
  const Index n = points.cols(), d = points.rows();
  std::vector<Real> mean(static_cast<std::size_t>(d), Real(0)), radius(static_cast<std::size_t>(n), Real(0));
  for (Index i = 0; i < n; ++i)
    for (Index s = 0; s < d; ++s)
      mean[static_cast<std::size_t>(s)] += static_cast<Real>(points(s, i)) / static_cast<Real>(n);
  for (Index i = 0; i < n; ++i) {
    Real sum = 0;
    for (Index s = 0; s < d; ++s) {
      const Real difference = static_cast<Real>(points(s, i)) - mean[static_cast<std::size_t>(s)];
      sum += difference * difference;
    }
    radius[static_cast<std::size_t>(i)] = std::sqrt(sum);
  }
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  const auto at = [&](Index t) { return radius[static_cast<std::size_t>(t)]; };
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return at(a) > at(b) || (at(a) == at(b) && a < b); });
  std::pair<Index, Index> best{order[0], order[1]};
  Real longest = 0;
  for (std::size_t a = 0; a + 1 < order.size(); ++a)
    for (std::size_t b = a + 1; b < order.size(); ++b) {
      // No pair from here on can be farther apart than its distances to the mean add up to.
      if (at(order[a]) + at(order[b]) < longest) break;
      Real sum = 0;
      for (Index s = 0; s < d; ++s) {
        const Real difference = static_cast<Real>(points(s, order[a])) - static_cast<Real>(points(s, order[b]));
        sum += difference * difference;
      }
      if (const Real distance = std::sqrt(sum); distance > longest) {
        longest = distance;
        best = {order[a], order[b]};
      }
    }
  return std::minmax(best.first, best.second);
}

template <class P>
std::vector<Index> group_start(const Eigen::MatrixBase<P>& points, Index k, const GroupStartOptions& options) {
  using internal::require;
  constexpr std::string_view function = "group_start";
  internal::check_columns(points, function, "points", "point");
  require(k >= 1, function, "k", k, "there must be a cluster", "pass k >= 1");
  require(options.reach > 0 && std::isfinite(options.reach), function, "options.reach", options.reach,
          "a distance that joins points is positive and finite", "pass min(Delta - 2, 2) radii");
  require(options.failure > 0 && options.failure < 1, function, "options.failure", options.failure,
          "a probability lies strictly between 0 and 1", "pass 0.01, say");
  const double clusters = static_cast<double>(k);
  const auto size = static_cast<std::size_t>(std::ceil(clusters * std::log(2 * clusters / options.failure)));
  RandomStream stream(options.seed);
  std::vector<Index> sample(size);
  for (Index& i : sample) i = stream.index(points.cols());

  std::vector<bool> is_reached(size, false);
  std::vector<Index> result;
  std::vector<std::size_t> queue;
  for (std::size_t first = 0; first < size; ++first) {
    if (is_reached[first]) continue;
    result.push_back(sample[first]);
    is_reached[first] = true;
    queue.assign(1, first);
    while (!queue.empty()) {
      const std::size_t here = queue.back();
      queue.pop_back();
      for (std::size_t other = first + 1; other < size; ++other)
        if (!is_reached[other] &&
            (points.col(sample[here]) - points.col(sample[other])).template cast<double>().norm() <= options.reach) {
          is_reached[other] = true;
          queue.push_back(other);
        }
    }
  }
  return result;
}

}  // namespace kmscape

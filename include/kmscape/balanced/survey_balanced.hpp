// The survey of balanced k-means: many restarts of BalLOT, every distinct partition they end in, how often, and whether
// it is proved a local minimum.
//
// The objective is f(mu) = the least cost of an assignment of points to mu that keeps to the capacities. Where that
// assignment is the only one, it stays so for all centers nearby, and f is there a quadratic that is least at the
// means: a fixed point with a margin beyond rounding is a local minimum, a strict one if no cluster is empty. Restart r
// seeds as restart r of `survey` with the same seed does, so that the two landscapes are seen from the same starts.
// Results depend on the seed only, bit for bit, whatever the number of threads.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/balanced/assign_balanced.hpp>
#include <kmscape/balanced/ballot.hpp>
#include <kmscape/balanced/capacities.hpp>
#include <kmscape/core/labellings.hpp>
#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/solve/seeding.hpp>

namespace kmscape {

struct BalancedSurveyOptions {
  Index clusters = 0;  // k; must be set
  Index restarts = 1000;
  Capacities capacities = Capacities::equal();
  Seeding seeding = Seeding::kmeans_plus_plus;
  Seed seed = 0;
  int threads = 0;                 // restarts run side by side; 0: all cores
  int max_iterations = 1000;       // steps per restart
  ProgressCallback progress = {};  // stage "restarts"; returning false ends the survey early
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct BalancedMinimum {
  double value = 0;                     // cost of the partition about its means
  Index count = 0;                      // restarts that ended here
  double share = 0;                     // count / restarts made
  Index first_restart = 0;              // the lowest restart that ended here
  FittedCenters<Scalar, Dim> centers;   // d x k: means, in order of the first point of each cluster; empty ones last
  Counts sizes;                         // k
  Labels labels;                        // n
  double margin = 0, margin_error = 0;  // as in BalancedAssignment, of the assignment to these centers
  bool is_minimum = false;              // proved a local minimum; else points tie, within rounding
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct BalancedSurvey {
  std::vector<BalancedMinimum<Scalar, Dim>> minima;  // by value, then by first restart; the first is the best found
  Index restarts = 0;                                // made
  Index unfinished = 0;                              // of these, stopped by the iteration limit; counted nowhere else
  std::int64_t iterations = 0;                       // steps of all restarts
  bool stopped = false;                              // the progress callback ended it early
};

/// Surveys the balanced objective of `points` (d x n). Throws `invalid_input`. The time of `ballot` a restart; O(n)
/// memory a restart in flight and a distinct end, beyond a copy of the points.
template <class P>
[[nodiscard]] BalancedSurvey<typename P::Scalar, P::RowsAtCompileTime> survey_balanced(
    const Eigen::MatrixBase<P>& points, const BalancedSurveyOptions& options);

namespace internal {

/// Where one restart ended, with its clusters named in order of their first point, empty ones last.
template <std::floating_point Scalar, int Dim>
struct BalancedEnd {
  BallotResult<Scalar, Dim> fit;
  std::uint64_t key = 0;  // of the labels
};

template <std::floating_point Scalar, int Dim>
[[nodiscard]] BalancedEnd<Scalar, Dim> balanced_end(BallotResult<Scalar, Dim> fit) {
  const auto [name, key] = name_by_first_point(fit.labels, fit.sizes.size());
  const auto centers = fit.centers;
  const auto sizes = fit.sizes;
  const auto prices = fit.prices;
  for (Index j = 0; j < sizes.size(); ++j) {
    const Label to = name[static_cast<std::size_t>(j)];
    fit.centers.col(to) = centers.col(j);
    fit.sizes(to) = sizes(j);
    fit.prices(to) = prices(j);
  }
  return {std::move(fit), key};
}

}  // namespace internal

template <class P>
BalancedSurvey<typename P::Scalar, P::RowsAtCompileTime> survey_balanced(const Eigen::MatrixBase<P>& points,
                                                                         const BalancedSurveyOptions& options) {
  using Scalar = typename P::Scalar;
  constexpr int dim = P::RowsAtCompileTime;
  constexpr std::string_view function = "survey_balanced";
  internal::check_columns(points, function, "points", "point");
  internal::require(options.restarts >= 1, function, "options.restarts", options.restarts,
                    "a survey needs at least one restart", "pass e.g. 1000");
  internal::require(options.max_iterations >= 1, function, "options.max_iterations", options.max_iterations,
                    "a restart needs at least one step", "pass e.g. 1000");
  const EmpiricalObjective<Scalar, dim> objective(points);
  internal::check_clusters(objective, options.clusters, function, "options.clusters");
  static_cast<void>(options.capacities.bounds(options.clusters, points.cols(), function));
  const Index n = points.cols();
  ThreadTeam team(static_cast<int>(
      std::min<Index>(resolve_threads(options.threads, function, "options.threads"), options.restarts)));
  const auto descend = [&](Index restart) {
    RandomStream stream(options.seed, static_cast<std::uint64_t>(restart));
    const auto start = seed_centers(objective, options.clusters, {.method = options.seeding}, stream).centers;
    return internal::balanced_end(
        ballot(objective.points(), start,
               {.capacities = options.capacities, .max_iterations = options.max_iterations, .seed = options.seed}));
  };

  BalancedSurvey<Scalar, dim> result;
  internal::LabelCollection known;
  std::vector<std::vector<double>> prices;
  // Ends are held until they are merged in order: few at a time of large data. The batches do not affect the result.
  const Index at_once = std::clamp<Index>((Index{1} << 18) / n, 2 * team.size(), std::max(4096, 2 * team.size()));
  std::vector<internal::BalancedEnd<Scalar, dim>> batch;
  while (result.restarts < options.restarts && !result.stopped) {
    const Index first = result.restarts, size = std::min(options.restarts - first, at_once);
    batch.resize(static_cast<std::size_t>(size));
    team.run(size, [&](Index r, int) { batch[static_cast<std::size_t>(r)] = descend(first + r); });
    for (Index r = 0; r < size; ++r) {
      auto& [fit, key] = batch[static_cast<std::size_t>(r)];
      result.iterations += fit.iterations;
      if (fit.status != BallotStatus::fixed_point) {
        ++result.unfinished;
        continue;
      }
      const auto [position, is_new] = known.add(key, fit.labels);
      if (is_new) {
        BalancedMinimum<Scalar, dim> minimum;
        minimum.value = static_cast<double>(fit.cost);
        minimum.first_restart = first + r;
        minimum.centers = std::move(fit.centers);
        minimum.sizes = std::move(fit.sizes);
        minimum.labels = std::move(fit.labels);
        result.minima.push_back(std::move(minimum));
        prices.emplace_back(fit.prices.data(), fit.prices.data() + fit.prices.size());
      }
      ++result.minima[static_cast<std::size_t>(position)].count;
    }
    result.restarts += size;
    result.stopped = options.progress && !options.progress({"restarts", result.restarts, options.restarts});
  }

  team.run(static_cast<Index>(result.minima.size()), [&](Index m, int) {
    auto& minimum = result.minima[static_cast<std::size_t>(m)];
    minimum.share = static_cast<double>(minimum.count) / static_cast<double>(result.restarts);
    const auto assignment = assign_balanced(objective.points(), minimum.centers, options.capacities,
                                            {.prices = prices[static_cast<std::size_t>(m)], .seed = options.seed});
    minimum.margin = static_cast<double>(assignment.margin);
    minimum.margin_error = static_cast<double>(assignment.margin_error);
    minimum.is_minimum = assignment.margin > assignment.margin_error && (assignment.labels == minimum.labels).all();
  });
  std::sort(result.minima.begin(), result.minima.end(), [](const auto& a, const auto& b) {
    return std::pair(a.value, a.first_restart) < std::pair(b.value, b.first_restart);
  });
  return result;
}

}  // namespace kmscape

// The survey: many restarts, every distinct local minimum they end in, how often, and what each one is.
//
// Restart r seeds from stream r of the survey's seed and runs Lloyd's iteration to a fixed point. Ends are merged when
// they are the same partition up to the names of the cells. Each distinct end is certified; one that a tied point
// refutes is followed through its lower piece until a minimum is reached, and counted there. Results depend on the seed
// only, bit for bit, whatever the number of threads.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <kmscape/core/labellings.hpp>
#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/landscape/center_sets.hpp>
#include <kmscape/landscape/certificate.hpp>
#include <kmscape/landscape/stuck_test.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/solve/lloyd.hpp>
#include <kmscape/solve/seeding.hpp>

namespace kmscape {

/// When two restarts count as having found the same minimum.
enum class SameMinimum {
  automatic,  // partition up to 20,000 points, centers beyond
  partition,  // the same cells up to their names; keeps the labels of every minimum: O(n) memory each
  centers,    // the same non-empty centers up to order, each within `center_tolerance`
};

struct SurveyOptions {
  Index clusters = 0;  // k; must be set
  Index restarts = 1000;
  Seeding seeding = Seeding::kmeans_plus_plus;
  int candidates = 0;  // of greedy k-means++; 0: 2 + floor(ln k)
  Seed seed = 0;
  int threads = 0;            // restarts run side by side; 0: all cores
  int max_iterations = 1000;  // Lloyd steps per restart
  EmptyCell on_empty = EmptyCell::keep;
  SameMinimum same = SameMinimum::automatic;
  double center_tolerance = 1e-6;  // for SameMinimum::centers, in root-mean-square distances of the data from its mean
  bool stuck_tests = true;         // run `stuck_test` on every minimum
  ProgressCallback progress = {};  // stages "restarts" and "minima"; returning false ends the survey early
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct LocalMinimum {
  double value = 0;                      // G_n
  Index count = 0;                       // restarts that ended here
  double share = 0;                      // count / restarts made
  double share_low = 0, share_high = 0;  // Wilson interval of the share at 95%
  Index first_restart = 0;               // the lowest restart that ended here
  FittedCenters<Scalar, Dim> centers;    // d x k, in order of the first point of each cell; empty cells last
  CellMoments<Scalar, Dim> cells;        // of these centers
  Counts sizes;                          // k: points per cell
  Labels labels;                         // n; empty under SameMinimum::centers: ask objective.assign(centers)
  Certificate<Scalar, Dim> certificate;
  StuckTest<Scalar, Dim> stuck;  // where asked for
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct Survey {
  std::vector<LocalMinimum<Scalar, Dim>> minima;  // by value, then by first restart; the first is the best found
  Index restarts = 0;                             // made
  Index redirected = 0;  // of these, first ended at a fixed point that a tie refuted, and counted where it led
  Index unfinished = 0;  // of these, ended at no certified minimum (iteration limit, rounding); counted nowhere else
  std::int64_t iterations = 0;  // Lloyd steps of all restarts
  bool stopped = false;         // the progress callback ended it early

  /// The minimum of lowest value found; there is one unless every restart is unfinished.
  [[nodiscard]] const LocalMinimum<Scalar, Dim>& best() const { return minima.front(); }
};

/// Surveys the local minima of k-means with `options.clusters` centers. Throws `invalid_input`.
/// O(restarts steps n k d) time; O(n + k d) memory a restart in flight plus one record a distinct minimum.
template <DataObjective O>
[[nodiscard]] Survey<typename O::Scalar, O::dim> survey(const O& objective, const SurveyOptions& options);

/// The same from given starts (each d x k), one restart each; `clusters`, `restarts` and `seeding` are not used.
template <DataObjective O>
[[nodiscard]] Survey<typename O::Scalar, O::dim> survey(
    const O& objective, std::span<const FittedCenters<typename O::Scalar, O::dim>> starts,
    const SurveyOptions& options = {});

/// Wilson's interval for a share of which `count` of `trials` were seen, at `z` standard deviations.
struct ShareInterval {
  double low = 0, high = 1;
};
template <class WhenUsed = void>
[[nodiscard]] ShareInterval wilson_interval(Index count, Index trials, double z = 1.959963984540054) {
  internal::require(trials >= 1, "wilson_interval", "trials", trials, "a share needs at least one trial",
                    "pass trials >= 1");
  internal::require(count >= 0 && count <= trials, "wilson_interval", "count", count,
                    internal::text("it counts some of ", trials, " trials"), "pass 0 <= count <= trials");
  const double n = static_cast<double>(trials), share = static_cast<double>(count) / n;
  const double center = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return {count == 0 ? 0 : center - half, count == trials ? 1 : center + half};
}

namespace internal {

/// Where one restart ended, with its cells named in order of their first point.
template <std::floating_point Scalar, int Dim>
struct SurveyEnd {
  LloydResult<Scalar, Dim> fit;
  std::uint64_t key = 0;    // of the canonical labels
  bool redirected = false;  // a refuted end was left on the way
};

/// Only an end where another step changes nothing can be a minimum.
template <std::floating_point Scalar, int Dim>
[[nodiscard]] bool is_finished(const LloydResult<Scalar, Dim>& fit) {
  return fit.status == LloydStatus::fixed_point || fit.status == LloydStatus::rounding_limit;
}

/// Renames the cells in order of their first point, empty ones last, and hashes the labels.
template <std::floating_point Scalar, int Dim>
[[nodiscard]] SurveyEnd<Scalar, Dim> canonical(LloydResult<Scalar, Dim> fit) {
  const Index k = fit.centers.cols();
  const auto [name, key] = name_by_first_point(fit.labels, k);
  const auto centers = fit.centers;
  const auto cells = fit.cells;
  const auto counts = fit.counts;
  for (Index j = 0; j < k; ++j) {
    const Index to = name[static_cast<std::size_t>(j)];
    fit.centers.col(to) = centers.col(j);
    fit.cells.centroid.col(to) = cells.centroid.col(j);
    fit.cells.mass(to) = cells.mass(j);
    fit.cells.distortion(to) = cells.distortion(j);
    fit.counts(to) = counts(j);
  }
  return {std::move(fit), key, false};
}

/// Distinct ends in the order in which they were first met.
template <DataObjective O>
class EndCollection {
 public:
  using Scalar = typename O::Scalar;
  using End = SurveyEnd<Scalar, O::dim>;

  EndCollection(const O& objective, const SurveyOptions& options)
      : by_partition_(options.same == SameMinimum::partition ||
                      (options.same == SameMinimum::automatic && objective.size() <= 20'000)) {
    if (by_partition_) return;
    const auto whole = objective.assign(objective.points().template cast<typename O::Real>().rowwise().mean());
    tolerance_ = options.center_tolerance *
                 std::sqrt(static_cast<double>(whole.value()) / static_cast<double>(objective.total_weight()));
  }

  [[nodiscard]] bool keeps_labels() const { return by_partition_; }

  /// The position of `end` among the distinct ones, which it joins if it is new.
  Index add(End end) {
    const Index known = by_partition_ ? find_partition(end) : find_centers(end);
    if (known >= 0) return known;
    const auto position = static_cast<Index>(ends_.size());
    if (by_partition_)
      by_key_.emplace(end.key, position);
    else
      end.fit.labels.resize(0);
    ends_.push_back(std::move(end));
    return position;
  }

  [[nodiscard]] Index size() const { return static_cast<Index>(ends_.size()); }
  [[nodiscard]] const LloydResult<Scalar, O::dim>& operator[](Index i) const {
    return ends_[static_cast<std::size_t>(i)].fit;
  }

 private:
  [[nodiscard]] Index find_partition(const End& end) const {
    const auto [first, last] = by_key_.equal_range(end.key);
    for (auto entry = first; entry != last; ++entry)
      if (((*this)[entry->second].labels == end.fit.labels).all()) return entry->second;
    return -1;
  }

  [[nodiscard]] Index find_centers(const End& end) const {
    for (Index i = 0; i < size(); ++i)
      if (same_centers((*this)[i], end.fit)) return i;
    return -1;
  }

  /// Every non-empty center of one lies within the tolerance of a different one of the other.
  [[nodiscard]] bool same_centers(const LloydResult<Scalar, O::dim>& a, const LloydResult<Scalar, O::dim>& b) const {
    return same_center_sets(a.centers.leftCols((a.counts > 0).count()), b.centers.leftCols((b.counts > 0).count()),
                            tolerance_);
  }

  bool by_partition_;
  double tolerance_ = 0;
  std::vector<End> ends_;
  std::unordered_multimap<std::uint64_t, Index> by_key_;
};

/// Restarts that are in flight together: their ends are held until they are merged in order. Large data goes in small
/// batches, for memory and so that progress is reported often; the batches do not affect the result.
[[nodiscard]] inline Index survey_batch(Index n, Index k, Index d, int threads) {
  return std::clamp<Index>((Index{1} << 18) / (n + 2 * k * d), 2 * threads, std::max(4096, 2 * threads));
}

template <DataObjective O, class Start>
[[nodiscard]] Survey<typename O::Scalar, O::dim> run_survey(const O& objective, Index restarts, Index k,
                                                            const Start& start, const SurveyOptions& options) {
  using Scalar = typename O::Scalar;
  using End = SurveyEnd<Scalar, O::dim>;
  const auto descend = [&](const auto& from, Index restart) {
    const LloydOptions how{.max_iterations = options.max_iterations,
                           .on_empty = options.on_empty,
                           .seed = RandomStream(options.seed, static_cast<std::uint64_t>(restart)).split(0)()};
    auto end = canonical(lloyd(objective, from, how));
    // Ends of one partition are judged together, but an empty center can lie where it tempts a point in one end and
    // idle in another: such ends go down by themselves.
    while (end.fit.empty_cells > 0 && is_finished(end.fit)) {
      const auto certificate = certify(objective, end.fit.centers);
      if (certificate.descent.cols() == 0) break;
      end = canonical(lloyd(objective, certificate.descent, how));
      end.redirected = true;
    }
    return end;
  };
  const auto report = [&](std::string_view stage, Index done, Index total) {
    return !options.progress || options.progress({stage, done, total});
  };

  Survey<Scalar, O::dim> result;
  ThreadTeam team(static_cast<int>(std::min<Index>(resolve_threads(options.threads), restarts)));
  EndCollection<O> ends(objective, options);
  std::vector<Index> count, first_restart, already_redirected;
  const auto record = [&](Index end, Index restart) {
    if (end == static_cast<Index>(count.size())) {
      count.push_back(0);
      first_restart.push_back(restart);
      already_redirected.push_back(0);
    }
    ++count[static_cast<std::size_t>(end)];
  };

  std::vector<End> batch;
  while (result.restarts < restarts && !result.stopped) {
    const Index first = result.restarts;
    const Index size =
        std::min(restarts - first, survey_batch(objective.size(), k, objective.dimension(), team.size()));
    batch.resize(static_cast<std::size_t>(size));
    team.run(size, [&](Index r, int) { batch[static_cast<std::size_t>(r)] = descend(start(first + r), first + r); });
    for (Index r = 0; r < size; ++r) {
      auto& end = batch[static_cast<std::size_t>(r)];
      result.iterations += end.fit.iterations;
      if (!is_finished(end.fit)) {
        ++result.unfinished;
        continue;
      }
      result.redirected += end.redirected;
      const bool redirected = end.redirected;
      const Index at = ends.add(std::move(end));
      record(at, first + r);
      already_redirected[static_cast<std::size_t>(at)] += redirected;
    }
    result.restarts += size;
    result.stopped = !report("restarts", result.restarts, restarts);
  }

  // Follow every end that a tie refutes down to a minimum; new ends met on the way join the list and are examined too.
  // (Renaming the cells can give a tied point to its other cell; the centers then are not even stationary.)
  std::vector<Certificate<Scalar, O::dim>> certificates;
  std::vector<SurveyEnd<Scalar, O::dim>> lower;
  std::vector<Index> leads_to;
  while (static_cast<Index>(certificates.size()) < ends.size()) {
    const auto first = static_cast<Index>(certificates.size()), found = ends.size() - first;
    certificates.resize(static_cast<std::size_t>(ends.size()));
    lower.assign(static_cast<std::size_t>(found), {});
    team.run(found, [&](Index e, int) {
      auto& certificate = certificates[static_cast<std::size_t>(first + e)];
      certificate = certify(objective, ends[first + e].centers);
      if (certificate.descent.cols() > 0)
        lower[static_cast<std::size_t>(e)] =
            descend(certificate.descent, first_restart[static_cast<std::size_t>(first + e)]);
    });
    for (Index e = 0; e < found; ++e) {
      leads_to.push_back(first + e);
      auto& end = lower[static_cast<std::size_t>(e)];
      if (end.fit.centers.cols() == 0 || !is_finished(end.fit)) continue;
      const Index to = ends.add(std::move(end));
      // Within a wide center tolerance the end below can be taken for this one or for one above it: no way down.
      if (ends[to].value < ends[first + e].value) leads_to.back() = to;
      if (to < static_cast<Index>(count.size())) continue;
      count.push_back(0);
      first_restart.push_back(first_restart[static_cast<std::size_t>(first + e)]);
    }
  }
  // Each lead goes to a strictly lower value, so following them ends.
  for (Index e = 0; e < ends.size(); ++e) {
    const auto at = static_cast<std::size_t>(e);
    Index last = e;
    while (leads_to[static_cast<std::size_t>(last)] != last) last = leads_to[static_cast<std::size_t>(last)];
    if (last == e) continue;
    if (e < static_cast<Index>(already_redirected.size())) result.redirected += count[at] - already_redirected[at];
    count[static_cast<std::size_t>(last)] += count[at];
    first_restart[static_cast<std::size_t>(last)] =
        std::min(first_restart[static_cast<std::size_t>(last)], first_restart[at]);
    count[at] = 0;
  }

  for (Index e = 0; e < ends.size(); ++e) {
    const auto at = static_cast<std::size_t>(e);
    if (count[at] == 0) continue;
    if (!certificates[at].is_minimum()) {
      result.unfinished += count[at];
      continue;
    }
    LocalMinimum<Scalar, O::dim> minimum;
    const auto& fit = ends[e];
    minimum.value = static_cast<double>(fit.value);
    minimum.count = count[at];
    minimum.share = static_cast<double>(count[at]) / static_cast<double>(result.restarts);
    const auto interval = wilson_interval(count[at], result.restarts);
    minimum.share_low = interval.low;
    minimum.share_high = interval.high;
    minimum.first_restart = first_restart[at];
    minimum.centers = fit.centers;
    minimum.cells = fit.cells;
    minimum.sizes = fit.counts;
    minimum.labels = fit.labels;
    minimum.certificate = std::move(certificates[at]);
    result.minima.push_back(std::move(minimum));
  }
  std::sort(result.minima.begin(), result.minima.end(), [](const auto& a, const auto& b) {
    return std::pair(a.value, a.first_restart) < std::pair(b.value, b.first_restart);
  });

  if (options.stuck_tests) {
    const auto total = static_cast<Index>(result.minima.size());
    const Index step = 4 * team.size();
    for (Index first = 0; first < total && !result.stopped; first += step) {
      const Index size = std::min(step, total - first);
      team.run(size, [&](Index m, int) {
        auto& minimum = result.minima[static_cast<std::size_t>(first + m)];
        minimum.stuck = stuck_test(objective, minimum.centers, {.seed = options.seed});
      });
      if (!report("minima", first + size, total)) result.stopped = true;
    }
  }
  return result;
}

inline void check_survey(const SurveyOptions& options) {
  require(options.max_iterations >= 1, "survey", "options.max_iterations", options.max_iterations,
          "a restart needs at least one step", "pass e.g. 1000");
  require(options.center_tolerance >= 0 && std::isfinite(options.center_tolerance), "survey",
          "options.center_tolerance", options.center_tolerance, "a tolerance is finite and not negative",
          "pass e.g. 1e-6");
  static_cast<void>(resolve_threads(options.threads, "survey", "options.threads"));  // throws on a negative number
}

template <class Start>
void check_starts(std::span<const Start> starts, Index dimension) {
  require(!starts.empty(), "survey", "starts", "an empty list", "a survey needs at least one start",
          "pass one d x k matrix per restart");
  for (std::size_t r = 0; r < starts.size(); ++r) {
    check_centers(starts[r], dimension, "survey", text("starts[", r, "]"));
    require(starts[r].cols() == starts[0].cols(), "survey", text("starts[", r, "]"), text(starts[r].cols(), " centers"),
            text("starts[0] has ", starts[0].cols()), "pass starts of one k");
  }
}

}  // namespace internal

template <DataObjective O>
Survey<typename O::Scalar, O::dim> survey(const O& objective, const SurveyOptions& options) {
  internal::check_survey(options);
  internal::require(options.restarts >= 1, "survey", "options.restarts", options.restarts,
                    "a survey needs at least one restart", "pass e.g. 1000");
  internal::check_clusters(objective, options.clusters, "survey", "options.clusters");
  const SeedingOptions seeding{.method = options.seeding, .candidates = options.candidates};
  internal::check(seeding);
  return internal::run_survey(
      objective, options.restarts, options.clusters,
      [&](Index restart) {
        RandomStream stream(options.seed, static_cast<std::uint64_t>(restart));
        return internal::Seeder(objective, options.clusters, stream).run(seeding).centers;
      },
      options);
}

template <DataObjective O>
Survey<typename O::Scalar, O::dim> survey(const O& objective,
                                          std::span<const FittedCenters<typename O::Scalar, O::dim>> starts,
                                          const SurveyOptions& options) {
  internal::check_survey(options);
  internal::check_starts(starts, objective.dimension());
  return internal::run_survey(
      objective, static_cast<Index>(starts.size()),
      starts[0].cols(), [&](Index restart) -> const auto& { return starts[static_cast<std::size_t>(restart)]; },
      options);
}

}  // namespace kmscape

// Ways out of a bad local minimum of k-means: moves that take centers from where they are cheap to where they are
// missed.
//
// A bad minimum has several centers on one cluster and one center over several (QZC Theorem 1). A move is judged by the
// exact change of the objective before anything is evaluated anew: merging cells i and j costs
// m_i m_j / (m_i + m_j) |c_i - c_j|^2, splitting a cell gains what its 2-means gains, and moving a center onto a point
// is worth what the distances to the nearest and second nearest centers say. Lloyd's iteration then follows, and only a
// lower end is kept. Merging down from more centers than k prunes almost-empty cells and joins many-fit-one groups,
// which are the cheapest merges (QZC section 4).
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/landscape/merge_cells.hpp>
#include <kmscape/landscape/stuck_test.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/solve/lloyd.hpp>

namespace kmscape {

enum class EscapeStrategy {
  fission_fusion,     // split one of the three best cells, merge the cheapest pair of others; ends where none helps
  random_swap,        // a random center moves onto a random point
  ls_plus_plus,       // a point drawn by D^2 takes the place of the center whose loss costs least
  over_parametrised,  // fit m > k centers, then merge the cheapest pairs down to k
  breathing,          // a center more in several cells at once, then merge as many pairs; fewer after every failure
  best,               // as breathing, at about half the cost: new centers on points drawn by D^2, a few Lloyd steps
                      // before and after the merges, and breaths halved after a failure
};

enum class EscapeStatus {
  no_move_left,     // the strategy has no further move that helps
  move_limit,       // max_moves were tried
  iteration_limit,  // max_iterations steps of Lloyd's iteration were made
  time_limit,       // seconds have passed
  target_reached,   // the value is at most `target`
  stopped_by_callback,
};

[[nodiscard]] constexpr std::string_view to_string(EscapeStrategy strategy) {
  switch (strategy) {
    case EscapeStrategy::fission_fusion:
      return "fission_fusion";
    case EscapeStrategy::random_swap:
      return "random_swap";
    case EscapeStrategy::ls_plus_plus:
      return "ls_plus_plus";
    case EscapeStrategy::over_parametrised:
      return "over_parametrised";
    case EscapeStrategy::breathing:
      return "breathing";
    case EscapeStrategy::best:
      return "best";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(EscapeStatus status) {
  switch (status) {
    case EscapeStatus::no_move_left:
      return "no_move_left";
    case EscapeStatus::move_limit:
      return "move_limit";
    case EscapeStatus::iteration_limit:
      return "iteration_limit";
    case EscapeStatus::time_limit:
      return "time_limit";
    case EscapeStatus::target_reached:
      return "target_reached";
    case EscapeStatus::stopped_by_callback:
      return "stopped_by_callback";
  }
  return "unknown";
}

struct EscapeOptions {
  EscapeStrategy strategy = EscapeStrategy::best;
  Index max_moves = 100;                                     // tried, accepted or not
  std::int64_t max_iterations = 100'000;                     // Lloyd steps after the start's own, all moves together
  double seconds = std::numeric_limits<double>::infinity();  // looked at before every move and every Lloyd step
  double target = -std::numeric_limits<double>::infinity();  // stop at this value of the objective
  double over_parametrisation = 2;                           // m / k of over_parametrised
  Index breath = 5;                                          // cells split at once by breathing and best, at first
  int split_trials = 2;                                      // as in StuckOptions
  Seed seed = 0;
  int threads = 1;                 // of one pass over the data; 0: all cores. Results do not depend on it
  ProgressCallback progress = {};  // stage "moves"; returning false ends the escape
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct EscapeResult {
  FittedCenters<Scalar, Dim> centers;  // d x k
  double value = 0;                    // objective at these centers; never above that at the start
  double start_value = 0;              // objective at the start as given
  EscapeStatus status = EscapeStatus::no_move_left;
  Counts sizes;                       // k: points per cell
  Index moves = 0;                    // tried
  Index accepted = 0;                 // of these, ended lower
  std::int64_t lloyd_iterations = 0;  // of the whole data, the start's own included
  double seconds = 0;                 // wall clock
  std::vector<double> history;        // falling: after the start's own Lloyd iteration and after every accepted move
};

/// Leaves the local minimum at or below `start` (d x k, finite) for lower ones. Throws `invalid_input`.
/// O(n (k d + trials) + m^3 d) a move, for m = k or more centers fitted, and O(n k d) a Lloyd step; ls_plus_plus and
/// random_swap judge a move in O(n d + k).
template <DataObjective O, class Derived>
[[nodiscard]] EscapeResult<typename O::Scalar, O::dim> escape(const O& objective,
                                                              const Eigen::MatrixBase<Derived>& start,
                                                              const EscapeOptions& options = {});

/// The same by `strategy`, whatever the options say. A template in it, so that {} stands for options.
template <DataObjective O, class Derived, std::same_as<EscapeStrategy> Strategy>
[[nodiscard]] EscapeResult<typename O::Scalar, O::dim> escape(const O& objective,
                                                              const Eigen::MatrixBase<Derived>& start,
                                                              Strategy strategy, EscapeOptions options = {}) {
  options.strategy = strategy;
  return escape(objective, start, options);
}

namespace internal {

/// The objective after each center in turn moved onto point `point`, all others staying. O(n d + k).
template <DataObjective O>
[[nodiscard]] std::vector<double> swap_values(const O& objective, const NearestTwo<typename O::Scalar>& nearest,
                                              Index k, Index point) {
  const Index d = objective.dimension();
  const auto* data = objective.span().data;
  std::vector<double> values(static_cast<std::size_t>(k), 0.0);
  double kept = 0;
  for (Index i = 0; i < objective.size(); ++i) {
    double squared = 0;
    for (Index s = 0; s < d; ++s) {
      const double step = static_cast<double>(data[i * d + s]) - static_cast<double>(data[point * d + s]);
      squared += step * step;
    }
    const auto w = static_cast<double>(objective.weight(i));
    const double with = std::min(squared, static_cast<double>(nearest.first_squared_distance(i)));
    const double without = std::min(squared, static_cast<double>(nearest.second_squared_distance(i)));
    kept += w * with;
    values[static_cast<std::size_t>(nearest.first(i))] += w * (without - with);
  }
  for (double& value : values) value += kept;
  return values;
}

template <DataObjective O>
class Escape {
 public:
  using Scalar = typename O::Scalar;
  using CentersType = FittedCenters<Scalar, O::dim>;
  using Fit = LloydResult<Scalar, O::dim>;

  template <class Derived>
  Escape(const O& objective, const Eigen::MatrixBase<Derived>& start, const EscapeOptions& options)
      : objective_(objective), options_(options), stream_(options.seed), k_(start.cols()) {
    result_.start_value = static_cast<double>(objective.value(start));
    fit_ = lloyd(objective, start, {.threads = options.threads, .stop = time_is_up()});
    if (fit_.status == LloydStatus::stopped_by_callback) end(EscapeStatus::time_limit);
    result_.lloyd_iterations = fit_.iterations;
    own_ = fit_.iterations;
    if (!(static_cast<double>(fit_.value) <= result_.start_value))  // by rounding
      fit_ = lloyd(objective, start, {.max_iterations = 0, .threads = options.threads});
    result_.history.push_back(static_cast<double>(fit_.value));
  }

  EscapeResult<Scalar, O::dim> run() {
    // One center has nowhere better to be than the mean.
    if (!ended() && k_ > 1) {
      switch (options_.strategy) {
        case EscapeStrategy::fission_fusion:
          fission_fusion();
          break;
        case EscapeStrategy::random_swap:
          swaps(false);
          break;
        case EscapeStrategy::ls_plus_plus:
          swaps(true);
          break;
        case EscapeStrategy::over_parametrised:
          over_parametrised();
          break;
        case EscapeStrategy::breathing:
          breathing();
          break;
        case EscapeStrategy::best:
          best();
          break;
      }
    }
    result_.centers = std::move(fit_.centers);
    result_.sizes = std::move(fit_.counts);
    result_.value = result_.history.back();
    result_.seconds = elapsed();
    return std::move(result_);
  }

 private:
  [[nodiscard]] double elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

  /// For Lloyd's iteration, which is the longest part of a move. Nothing where there is no limit.
  [[nodiscard]] std::function<bool()> time_is_up() const {
    if (!std::isfinite(options_.seconds)) return {};
    return [this] { return elapsed() >= options_.seconds; };
  }

  bool end(EscapeStatus status) {
    result_.status = status;
    return has_ended_ = true;
  }

  /// Whether a budget is used up; asked before every move.
  [[nodiscard]] bool ended() {
    if (has_ended_) return true;
    if (result_.history.back() <= options_.target) return end(EscapeStatus::target_reached);
    if (result_.moves >= options_.max_moves) return end(EscapeStatus::move_limit);
    if (steps_left() <= 0) return end(EscapeStatus::iteration_limit);
    if (elapsed() >= options_.seconds) return end(EscapeStatus::time_limit);
    if (options_.progress && !options_.progress({"moves", result_.moves, options_.max_moves}))
      return end(EscapeStatus::stopped_by_callback);
    return false;
  }

  [[nodiscard]] std::int64_t steps_left() const { return options_.max_iterations - (result_.lloyd_iterations - own_); }

  [[nodiscard]] Fit descend(const CentersType& centers, std::int64_t most = 1000) {
    auto fit = lloyd(
        objective_, centers,
        {.max_iterations = static_cast<int>(std::min<std::int64_t>(most, std::max<std::int64_t>(0, steps_left()))),
         .threads = options_.threads,
         .stop = time_is_up()});
    result_.lloyd_iterations += fit.iterations;
    if (fit.status == LloydStatus::stopped_by_callback) end(EscapeStatus::time_limit);
    return fit;
  }

  /// Keeps the end of Lloyd's iteration from `centers` if it is lower by more than rounding.
  bool try_move(const CentersType& centers, std::int64_t most = 1000) {
    auto fit = descend(centers, most);
    const double value = static_cast<double>(fit.value), before = result_.history.back();
    if (!(before - value > 64 * static_cast<double>(std::numeric_limits<Sum<Scalar>>::epsilon()) * before))
      return false;
    fit_ = std::move(fit);
    result_.history.push_back(value);
    ++result_.accepted;
    return true;
  }

  using Cells = CellMoments<Scalar, O::dim>;

  struct Splits {
    Assignment<Scalar, O::dim> assignment;
    std::vector<Split<Scalar, O::dim>> of;
    std::vector<Index> by_gain;  // cells that can be split, best first
  };

  [[nodiscard]] Splits splits() const {
    Splits all{objective_.assign(fit_.centers, options_.threads), {}, {}};
    const StuckOptions options{options_.split_trials, options_.seed};
    for (Index l = 0; l < k_; ++l) {
      all.of.push_back(best_split(objective_, all.assignment, static_cast<Label>(l), options));
      if (all.of.back().halves.cols() == 2) all.by_gain.push_back(l);
    }
    std::stable_sort(all.by_gain.begin(), all.by_gain.end(), [&](Index a, Index b) {
      return all.of[static_cast<std::size_t>(a)].gain > all.of[static_cast<std::size_t>(b)].gain;
    });
    return all;
  }

  void fission_fusion() {
    while (!ended()) {
      const auto all = splits();
      const Cells& cells = all.assignment.cells;
      // Also a move that rises at first may lead lower, so each of the best cells is tried.
      bool is_lower = false;
      for (std::size_t rank = 0; rank < std::min<std::size_t>(3, all.by_gain.size()) && !is_lower; ++rank) {
        const Index l = all.by_gain[rank];
        double least = std::numeric_limits<double>::infinity();
        Index first = -1, second = -1;
        for (Index i = 0; i < k_; ++i)
          for (Index j = cells.mass(i) > 0 ? i + 1 : i; j < k_; ++j)  // an empty center also alone: i = j
            if (const double cost = merge_cost(cells, i, j); i != l && j != l && cost < least) {
              least = cost;
              first = i;
              second = j;
            }
        if (first < 0) continue;
        if (ended()) return;
        CentersType moved = cells.centroid;
        const auto a = cells.mass(first), b = cells.mass(second);
        const auto& halves = all.of[static_cast<std::size_t>(l)].halves;
        for (Index s = 0; s < moved.rows(); ++s) {
          if (a + b > 0) moved(s, first) = (a * moved(s, first) + b * moved(s, second)) / (a + b);
          moved(s, second) = halves(s, 1);
          moved(s, l) = halves(s, 0);
        }
        ++result_.moves;
        is_lower = try_move(moved);
      }
      if (!is_lower) return;
    }
  }

  [[nodiscard]] std::vector<Index> by_distortion() const {
    std::vector<Index> order(static_cast<std::size_t>(k_));
    std::iota(order.begin(), order.end(), Index{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](Index a, Index b) { return fit_.cells.distortion(a) > fit_.cells.distortion(b); });
    return order;
  }

  /// A center more in each of the cells with the largest distortion, a little beside their own (Fritzke 2020).
  void breathing() {
    for (Index breath = std::min(options_.breath, k_); breath > 0 && !ended();) {
      const auto& cells = fit_.cells;
      const auto order = by_distortion();
      CentersType more = fit_.centers;
      more.conservativeResize(Eigen::NoChange, k_ + breath);
      for (Index t = 0; t < breath; ++t) {
        const Index l = order[static_cast<std::size_t>(t)];
        const auto mass = cells.mass(l);
        const auto spread = mass > 0 ? std::sqrt(cells.distortion(l) / mass) : mass;
        for (Index s = 0; s < more.rows(); ++s)
          more(s, k_ + t) = more(s, l) + spread * static_cast<Sum<Scalar>>(0.02 * (stream_.uniform() - 0.5));
      }
      if (!merge_and_try(more)) --breath;
    }
  }

  /// Whether a move succeeds is seen long before Lloyd's iteration ends: planted clusters need 2 steps before the
  /// merges and 2 after, and 5 and 10 give up next to nothing on uniform data, where there is no structure to find. A
  /// center beside its cell's own spends most of its steps on getting away from it; one on a drawn point does not.
  void best() {
    for (Index breath = std::min(options_.breath, k_); breath > 0 && !ended();)
      if (!merge_and_try(with_points_of_worst_cells(breath), 5, 10)) breath /= 2;
    // The last fit that was kept may still have steps to make.
    fit_ = descend(fit_.centers);
    result_.history.back() = static_cast<double>(fit_.value);
    if (result_.history.back() <= options_.target) end(EscapeStatus::target_reached);
  }

  /// The centers and, from each of the cells with the largest distortion, a point drawn by its share of it.
  [[nodiscard]] CentersType with_points_of_worst_cells(Index cells) {
    const auto order = by_distortion();
    std::vector<double> left(static_cast<std::size_t>(k_), -1);
    for (Index t = 0; t < cells; ++t) {
      const Index l = order[static_cast<std::size_t>(t)];
      left[static_cast<std::size_t>(l)] = stream_.uniform() * static_cast<double>(fit_.cells.distortion(l));
    }
    CentersType more = fit_.centers;
    more.conservativeResize(Eigen::NoChange, k_ + cells);
    Index filled = k_;
    for (Index i = 0; i < objective_.size() && filled < more.cols(); ++i) {
      const auto label = fit_.labels(i);
      double& rest = left[static_cast<std::size_t>(label)];
      if (rest < 0) continue;
      const auto x = objective_.points().col(i);
      Sum<Scalar> squared = 0;
      for (Index s = 0; s < more.rows(); ++s) {
        const auto step = static_cast<Sum<Scalar>>(x(s)) - fit_.centers(s, label);
        squared += step * step;
      }
      rest -= static_cast<double>(objective_.weight(i)) * static_cast<double>(squared);
      if (rest < 0) more.col(filled++) = x.template cast<Sum<Scalar>>();
    }
    more.conservativeResize(Eigen::NoChange, filled);  // a cell on its center has no point to give
    return more;
  }

  /// A move: fits more than k centers and merges them down, with at most so many steps before and after.
  bool merge_and_try(const CentersType& more, std::int64_t before = 1000, std::int64_t after = 1000) {
    ++result_.moves;
    const auto fit = descend(more, before);
    return try_move(merged_to(fit.cells, k_), after);
  }

  /// A point by D^2; -1 where every point lies on a center.
  template <class Distances>
  [[nodiscard]] Index draw(const Distances& squared) {
    const Index n = objective_.size();
    double total = 0;
    for (Index i = 0; i < n; ++i) total += static_cast<double>(objective_.weight(i)) * static_cast<double>(squared(i));
    if (!(total > 0)) return -1;
    double left = stream_.uniform() * total;
    Index last = -1;
    for (Index i = 0; i < n; ++i) {
      const double share = static_cast<double>(objective_.weight(i)) * static_cast<double>(squared(i));
      if (!(share > 0)) continue;
      last = i;
      if ((left -= share) < 0) break;
    }
    return last;
  }

  void over_parametrised() {
    const auto m = static_cast<Index>(std::ceil(options_.over_parametrisation * static_cast<double>(k_)));
    while (!ended()) {
      CentersType more = fit_.centers;
      auto squared = objective_.nearest_two(fit_.centers).first_squared_distance;
      while (more.cols() < m) {
        const Index point = draw(squared);
        if (point < 0) break;
        more.conservativeResize(Eigen::NoChange, more.cols() + 1);
        more.col(more.cols() - 1) = objective_.points().col(point).template cast<Sum<Scalar>>();
        for (Index i = 0; i < objective_.size(); ++i) {
          Sum<Scalar> to = 0;
          for (Index s = 0; s < more.rows(); ++s) {
            const auto step = static_cast<Sum<Scalar>>(objective_.points()(s, i)) - more(s, more.cols() - 1);
            to += step * step;
          }
          squared(i) = std::min(squared(i), to);
        }
      }
      if (more.cols() == k_) return;
      merge_and_try(more);
    }
  }

  void swaps(bool local_search) {
    auto nearest = objective_.nearest_two(fit_.centers);
    while (!ended()) {
      const Index point = local_search ? draw(nearest.first_squared_distance) : stream_.index(objective_.size());
      if (point < 0 || !(result_.history.back() > 0)) return;
      ++result_.moves;
      const auto values = swap_values(objective_, nearest, k_, point);
      const Index from =
          local_search ? std::min_element(values.begin(), values.end()) - values.begin() : stream_.index(k_);
      // Lloyd's iteration seldom makes good a rise beyond the present value; such a swap is not worth its steps.
      if (values[static_cast<std::size_t>(from)] > 2 * result_.history.back()) continue;
      CentersType moved = fit_.centers;
      moved.col(from) = objective_.points().col(point).template cast<Sum<Scalar>>();
      if (try_move(moved)) nearest = objective_.nearest_two(fit_.centers);
    }
  }

  const O& objective_;
  const EscapeOptions& options_;
  RandomStream stream_;
  Index k_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  Fit fit_;
  std::int64_t own_ = 0;  // Lloyd steps of the start
  bool has_ended_ = false;
  EscapeResult<Scalar, O::dim> result_;
};

inline void check(const EscapeOptions& options) {
  require(options.max_moves >= 0, "escape", "options.max_moves", options.max_moves,
          "a number of moves cannot be negative", "pass 0 for Lloyd's iteration alone");
  require(options.max_iterations >= 0, "escape", "options.max_iterations", options.max_iterations,
          "a number of steps cannot be negative", "pass 0 for the start's own Lloyd iteration alone");
  require(options.seconds >= 0, "escape", "options.seconds", options.seconds, "a time limit cannot be negative",
          "leave it infinite for no limit");
  require(!std::isnan(options.target), "escape", "options.target", options.target, "a target must be a number",
          "leave it at minus infinity for none");
  require(options.over_parametrisation > 1 && std::isfinite(options.over_parametrisation), "escape",
          "options.over_parametrisation", options.over_parametrisation, "there must be more than k centers to merge",
          "pass a finite factor > 1");
  require(options.breath >= 1, "escape", "options.breath", options.breath, "a breath splits at least one cell",
          "pass options.breath >= 1");
  require(options.split_trials >= 0, "escape", "options.split_trials", options.split_trials,
          "a number of trials cannot be negative", "pass 0 for the maximin start alone");
  static_cast<void>(resolve_threads(options.threads, "escape", "options.threads"));  // throws on a negative number
}

}  // namespace internal

template <DataObjective O, class Derived>
EscapeResult<typename O::Scalar, O::dim> escape(const O& objective, const Eigen::MatrixBase<Derived>& start,
                                                const EscapeOptions& options) {
  internal::refuse_row_major<Derived>();
  internal::check_centers(start, objective.dimension(), "escape", "start");
  internal::check(options);
  return internal::Escape<O>(objective, start, options).run();
}

}  // namespace kmscape

// Lloyd's iteration for any objective: replace every center by its cell's center of mass until nothing moves.
//
// Source: Lloyd 1982; QZC section 1.1. No step raises the objective, and its fixed points with non-empty cells are the
// points where the gradient vanishes (QZC Lemma 2). On data all that a result holds belongs together: labels, counts
// and value are those of the returned centers, also at the iteration limit and after a center was moved out of an empty
// cell.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

/// What becomes of a center whose cell holds nothing.
enum class EmptyCell {
  keep,             // stays where it is
  drop,             // is removed: the result has fewer centers
  reseed_farthest,  // moves to the point farthest from its nearest center (data only)
  reseed_random,    // moves to a point drawn uniformly among those that lie on no center (data only)
};

enum class LloydStatus {
  fixed_point,      // another step would change nothing
  tolerance,        // the last step moved no center by more than the tolerance
  iteration_limit,  // max_iterations steps were made
  rounding_limit,   // rounding is all that is left: on data a further step would raise the computed objective, or would
                    // move a center out of an empty cell without lowering it; for other objectives the last step moved
                    // no center by more than its rounding error
  stopped_by_callback,  // on_step returned false
  non_finite,           // the objective overflowed or is not a number; centers are the last ones with a finite value
};

[[nodiscard]] constexpr std::string_view to_string(EmptyCell policy) {
  switch (policy) {
    case EmptyCell::keep:
      return "keep";
    case EmptyCell::drop:
      return "drop";
    case EmptyCell::reseed_farthest:
      return "reseed_farthest";
    case EmptyCell::reseed_random:
      return "reseed_random";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(LloydStatus status) {
  switch (status) {
    case LloydStatus::fixed_point:
      return "fixed_point";
    case LloydStatus::tolerance:
      return "tolerance";
    case LloydStatus::iteration_limit:
      return "iteration_limit";
    case LloydStatus::rounding_limit:
      return "rounding_limit";
    case LloydStatus::stopped_by_callback:
      return "stopped_by_callback";
    case LloydStatus::non_finite:
      return "non_finite";
  }
  return "unknown";
}

/// What `LloydOptions::on_step` is told before each step.
struct LloydStep {
  int iteration = 0;                                              // steps made so far
  double value = 0;                                               // objective at the present centers
  double largest_move = std::numeric_limits<double>::infinity();  // of the last step, a distance; infinite at the start
};

struct LloydOptions {
  int max_iterations = 1000;  // steps; 0 evaluates the start only
  double tolerance = 0;       // stop when no center's squared move exceeds it (data units squared); 0: at a fixed point
  EmptyCell on_empty = EmptyCell::keep;
  Seed seed = 0;              // for EmptyCell::reseed_random only
  int threads = 1;            // of one pass over the data; 0: all cores. Small data is never split
  bool keep_values = false;   // fill LloydResult::values
  bool keep_centers = false;  // fill LloydResult::path
  std::function<bool(const LloydStep&)> on_step = {};  // returning false stops the iteration
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct LloydResult {
  Centers<Scalar, Dim> centers;    // d x k
  CellMoments<Scalar, Dim> cells;  // of these centers
  Sum<Scalar> value = 0;           // objective at these centers
  LloydStatus status = LloydStatus::iteration_limit;
  int iterations = 0;                      // steps made
  Labels labels;                           // n: cell of every point; empty for an objective without points
  Counts counts;                           // k: points per cell; empty for an objective without points
  Index empty_cells = 0;                   // among the returned centers
  Index reseeded = 0;                      // times a center was moved out of an empty cell
  Index dropped = 0;                       // centers removed with their empty cells
  std::vector<Sum<Scalar>> values;         // on request: the objective before each step and at the end
  std::vector<Centers<Scalar, Dim>> path;  // on request: the centers before each step and at the end
};

/// Iterates from `start` (d x k, finite) until one of the conditions of `LloydStatus` holds.
/// Throws `invalid_input`. O(n k d) a step on data, with O(n + k d) memory beyond the points.
template <Objective O, class Derived>
[[nodiscard]] LloydResult<typename O::Scalar, O::dim> lloyd(const O& objective, const Eigen::MatrixBase<Derived>& start,
                                                            const LloydOptions& options = {});

namespace internal {

/// Lloyd's step for data: one sweep gives labels and cells; buffers live as long as the object.
template <DataObjective O>
class DataCells {
 public:
  using Scalar = typename O::Scalar;
  using CentersType = Centers<Scalar, O::dim>;

  explicit DataCells(const O& objective) : objective_(objective), sweep_(objective.sweep()) {
    labels_.setConstant(objective.size(), -1);
  }

  /// Evaluates the cells of `centers`; true if some label differs from the previous call's.
  bool update(const CentersType& centers, ThreadTeam& team) {
    const auto& sums = sweep_.run(centers, labels_, team);
    counts_ = sums.counts;
    cells_ = O::moments(sums, centers);
    return sums.changed > 0;
  }

  void restart() { labels_.setConstant(-1); }
  [[nodiscard]] bool is_empty(Index j) const { return counts_(j) == 0; }
  [[nodiscard]] const CellMoments<Scalar, O::dim>& cells() const { return cells_; }
  [[nodiscard]] const Labels& labels() const { return labels_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }

  /// Moves the centers of empty cells onto points that lie on no other center; returns how many found one.
  Index reseed(CentersType& centers, EmptyCell policy, RandomStream& stream) const {
    const auto points = objective_.points();
    // Distances to the centers after the step: a center moved onto a point can then only lower the objective.
    Weights<Scalar> distance(objective_.size());
    distance.setConstant(std::numeric_limits<Scalar>::infinity());
    for (Index j = 0; j < centers.cols(); ++j)
      if (!is_empty(j)) lower_to_distance<Scalar, O::dim>(objective_.span(), centers.col(j).data(), distance);
    Index moved = 0;
    for (Index j = 0; j < centers.cols(); ++j) {
      if (!is_empty(j)) continue;
      Index chosen = -1;
      if (policy == EmptyCell::reseed_farthest) {
        if (distance.maxCoeff(&chosen) <= 0) break;  // every point lies on a center
      } else {
        const Index free = (distance > 0).count();
        if (free == 0) break;
        Index left = stream.index(free);
        for (chosen = 0; !(distance(chosen) > 0) || left > 0; ++chosen) left -= distance(chosen) > 0;
      }
      centers.col(j) = points.col(chosen);
      lower_to_distance<Scalar, O::dim>(objective_.span(), centers.col(j).data(), distance);
      ++moved;
    }
    return moved;
  }

 private:
  const O& objective_;
  Sweep<Scalar, O::dim> sweep_;
  CellMoments<Scalar, O::dim> cells_;
  Labels labels_;
  Counts counts_;
};

/// The same for an objective that only knows its cells.
template <Objective O>
class PlainCells {
 public:
  using Scalar = typename O::Scalar;
  using CentersType = Centers<Scalar, O::dim>;

  explicit PlainCells(const O& objective) : objective_(objective) {}

  bool update(const CentersType& centers, ThreadTeam&) {
    cells_ = objective_.cells(centers);
    return true;
  }

  void restart() {}
  [[nodiscard]] bool is_empty(Index j) const { return !(cells_.mass(j) > 0); }
  [[nodiscard]] const CellMoments<Scalar, O::dim>& cells() const { return cells_; }

 private:
  const O& objective_;
  CellMoments<Scalar, O::dim> cells_;
};

template <Objective O>
struct CellsOf {
  using type = PlainCells<O>;
};
template <DataObjective O>
struct CellsOf<O> {
  using type = DataCells<O>;
};

/// Threads are started only where a pass over the data takes longer than waking them.
template <Objective O>
[[nodiscard]] int useful_threads(const O& objective, Index k, int threads) {
  if constexpr (DataObjective<O>) {
    const Index n = objective.size(), size = chunk_size(n, k), chunks = (n + size - 1) / size;
    if (n * k * objective.dimension() < (Index{1} << 20)) return 1;
    return static_cast<int>(std::min<Index>(resolve_threads(threads), chunks));
  } else {
    return 1;
  }
}

inline void check(const LloydOptions& options) {
  require(options.max_iterations >= 0, "lloyd", "options.max_iterations", options.max_iterations,
          "a number of steps cannot be negative", "pass 0 to evaluate the start only");
  require(options.tolerance >= 0 && std::isfinite(options.tolerance), "lloyd", "options.tolerance", options.tolerance,
          "a squared distance is finite and not negative", "pass 0 to iterate to a fixed point");
  static_cast<void>(resolve_threads(options.threads, "lloyd", "options.threads"));  // throws on a negative number
}

/// The least distance that a computed mean of such centers' size can be trusted to.
template <class CentersType>
[[nodiscard]] double rounding_of_centers(const CentersType& centers) {
  return 4 * static_cast<double>(std::numeric_limits<typename CentersType::Scalar>::epsilon()) *
         static_cast<double>(centers.cwiseAbs().maxCoeff());
}

template <class CentersType, class IsEmpty>
[[nodiscard]] CentersType without_empty(const CentersType& centers, const IsEmpty& is_empty) {
  CentersType kept(centers.rows(), centers.cols());
  Index count = 0;
  for (Index j = 0; j < centers.cols(); ++j)
    if (!is_empty(j)) kept.col(count++) = centers.col(j);
  return kept.leftCols(count);
}

}  // namespace internal

template <Objective O, class Derived>
LloydResult<typename O::Scalar, O::dim> lloyd(const O& objective, const Eigen::MatrixBase<Derived>& start,
                                              const LloydOptions& options) {
  using Scalar = typename O::Scalar;
  using CentersType = Centers<Scalar, O::dim>;
  internal::refuse_row_major<Derived>();
  internal::check_centers(start, objective.dimension(), "lloyd", "start");
  internal::check(options);
  const bool reseeds = options.on_empty == EmptyCell::reseed_farthest || options.on_empty == EmptyCell::reseed_random;
  internal::require(DataObjective<O> || !reseeds, "lloyd", "options.on_empty", to_string(options.on_empty),
                    "this objective has no points to move an empty center to",
                    "use EmptyCell::keep or EmptyCell::drop");

  LloydResult<Scalar, O::dim> result;
  ThreadTeam team(internal::useful_threads(objective, start.cols(), options.threads));
  typename internal::CellsOf<O>::type state(objective);
  RandomStream stream(options.seed);
  CentersType centers = start, previous = centers;
  Sum<Scalar> previous_value = std::numeric_limits<Sum<Scalar>>::infinity();
  double largest_move = std::numeric_limits<double>::infinity();
  Index moved_out_before = 0;   // centers that the last step moved out of empty cells
  bool dropped_before = false;  // whether the last step dropped empty cells

  for (;;) {
    const bool changed = state.update(centers, team);
    result.value = state.cells().value();
    const bool finite = std::isfinite(result.value);
    // On data, where each step changes labels, a rise is rounding, and going on might cycle. The value of a smooth
    // objective stops falling long before its centers have converged: there the moves decide.
    // Moving a center onto a free point lowers the objective; where it does not, the point is a copy of a center up to
    // the rounding of the center's mean, and the two would take turns for ever.
    const bool rose = result.value > previous_value || (moved_out_before > 0 && result.value == previous_value);
    if (result.iterations > 0 && (!finite || (DataObjective<O> && rose))) {
      // The step before was the last good one: go back to it.
      centers = previous;
      result.reseeded -= moved_out_before;
      state.update(centers, team);
      result.value = state.cells().value();
      if (dropped_before) {
        // What is left of that step is that it dropped the empty cells.
        if (options.keep_values) result.values.push_back(result.value);
        if (options.keep_centers) result.path.push_back(centers);
      } else {
        result.iterations -= 1;
      }
      result.status = finite ? LloydStatus::rounding_limit : LloydStatus::non_finite;
      break;
    }
    if (options.keep_values) result.values.push_back(result.value);
    if (options.keep_centers) result.path.push_back(centers);
    if (!finite) {
      result.status = LloydStatus::non_finite;
      break;
    }

    CentersType next = state.cells().centroid;
    Index moved_out = 0, empty = 0;
    for (Index j = 0; j < centers.cols(); ++j) empty += state.is_empty(j);
    if (empty > 0) {
      if constexpr (DataObjective<O>)
        if (reseeds) moved_out = state.reseed(next, options.on_empty, stream);
      if (options.on_empty == EmptyCell::drop)
        next = internal::without_empty(next, [&](Index j) { return state.is_empty(j); });
    }
    const bool dropped = next.cols() < centers.cols();
    const bool same = !dropped && moved_out == 0 && (!changed || next == centers);
    // Labels that did not change leave every cell's mean where the last step put the center.
    if (same) {
      result.status = LloydStatus::fixed_point;
      break;
    }
    if (!dropped && moved_out == 0 && largest_move * largest_move <= options.tolerance && result.iterations > 0) {
      result.status = LloydStatus::tolerance;
      break;
    }
    if (!DataObjective<O> && !dropped && largest_move <= internal::rounding_of_centers(centers)) {
      result.status = LloydStatus::rounding_limit;
      break;
    }
    if (result.iterations == options.max_iterations) {
      result.status = LloydStatus::iteration_limit;
      break;
    }
    if (options.on_step && !options.on_step({result.iterations, static_cast<double>(result.value), largest_move})) {
      result.status = LloydStatus::stopped_by_callback;
      break;
    }

    previous_value = result.value;
    if (dropped) {
      result.dropped += centers.cols() - next.cols();
      state.restart();
      largest_move = std::numeric_limits<double>::infinity();
      // Dropping empty cells changes no point's nearest center, so the step back of the guard above stays sound.
      previous = internal::without_empty(centers, [&](Index j) { return state.is_empty(j); });
    } else {
      largest_move = std::sqrt(static_cast<double>((next - centers).colwise().squaredNorm().maxCoeff()));
      previous = centers;
    }
    result.reseeded += moved_out;
    moved_out_before = moved_out;
    dropped_before = dropped;
    centers = std::move(next);
    result.iterations += 1;
  }

  result.centers = std::move(centers);
  result.cells = state.cells();
  if constexpr (DataObjective<O>) {
    result.labels = state.labels();
    result.counts = state.counts();
  }
  for (Index j = 0; j < result.centers.cols(); ++j) result.empty_cells += state.is_empty(j);
  return result;
}

}  // namespace kmscape

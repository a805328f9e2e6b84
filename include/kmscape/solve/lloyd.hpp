// Lloyd's iteration for any objective: replace every center by its cell's center of mass until nothing moves.
//
// Source: Lloyd 1982; QZC section 1.1. No step raises the objective, and its fixed points with non-empty cells are the
// points where the gradient vanishes (QZC Lemma 2). On data all that a result holds belongs together: labels, counts
// and value are those of the returned centers, also at the iteration limit and after a center was moved out of an empty
// cell. They are the same for every engine and any number of threads, to the last bit: sums over cells are exact, and
// whatever finds labels faster is proved or asks the arithmetic that decides (see objective/assignment_engine.hpp).
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/objective/assignment_engine.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/solve/engine.hpp>

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
  rounding_limit,   // rounding is all that is left: on data the labels came back to those of an earlier step; for other
                    // objectives the last step moved no center by more than its rounding error
  stopped_by_callback,  // on_step returned false, or stop true
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
  Engine engine = Engine::automatic;
  int max_iterations = 1000;  // steps; 0 evaluates the start only
  double tolerance = 0;       // stop when no center's squared move exceeds it (data units squared); 0: at a fixed point
  EmptyCell on_empty = EmptyCell::keep;
  Seed seed = 0;              // for EmptyCell::reseed_random only
  int threads = 1;            // of one pass over the data; 0: all cores. Small data is never split
  bool keep_values = false;   // fill LloydResult::values
  bool keep_centers = false;  // fill LloydResult::path
  // Returning false stops the iteration. Its `value` costs O(n d) a step, as `keep_values` does.
  std::function<bool(const LloydStep&)> on_step = {};
  std::function<bool()> stop = {};  // asked before each step; returning true stops the iteration. Costs nothing else
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct LloydResult {
  FittedCenters<Scalar, Dim> centers;  // d x k, in the type of sums
  CellMoments<Scalar, Dim> cells;      // of these centers
  Sum<Scalar> value = 0;               // objective at these centers
  LloydStatus status = LloydStatus::iteration_limit;
  int iterations = 0;                            // steps made
  Labels labels;                                 // n: cell of every point; empty for an objective without points
  Counts counts;                                 // k: points per cell; empty for an objective without points
  Index empty_cells = 0;                         // among the returned centers
  Index reseeded = 0;                            // times a center was moved out of an empty cell
  Index dropped = 0;                             // centers removed with their empty cells
  std::vector<Sum<Scalar>> values;               // on request: the objective before each step and at the end
  std::vector<FittedCenters<Scalar, Dim>> path;  // on request: the centers before each step and at the end
  Engine engine = Engine::brute;                 // that labelled the points in the end
  std::int64_t distances = 0;                    // between points and centers computed while iterating, bounds included
  std::int64_t distances_saved = 0;              // of n k a pass; negative where a method pays more than it saves
};

/// Iterates from `start` (d x k, finite) until one of the conditions of `LloydStatus` holds.
/// Throws `invalid_input`. O(n k d) a step on data, with O(n + k d) memory beyond the points.
template <Objective O, class Derived>
[[nodiscard]] LloydResult<typename O::Scalar, O::dim> lloyd(const O& objective, const Eigen::MatrixBase<Derived>& start,
                                                            const LloydOptions& options = {});

namespace internal {

/// Lloyd's step for data: labels and sums follow the centers; buffers live as long as the object.
template <BlockObjective O>
class DataCells {
 public:
  using Scalar = typename O::Scalar;
  using CentersType = FittedCenters<Scalar, O::dim>;

  DataCells(const O& objective, const LloydOptions& options, Index k)
      : objective_(objective),
        k_(k),
        team_(useful_threads(objective.size(), objective.dimension(), k, resolve_threads(options.threads))),
        engine_(make_engine(objective, options.engine, k)) {
    restart();
  }

  /// Evaluates the cells of `centers`; true if some label differs from the previous call's.
  bool update(const CentersType& centers) {
    if (centers.cols() != k_) {
      k_ = centers.cols();
      restart();
    }
    PassReport report;
    objective_.for_each_block(labels_, [&](const PointBlock<Scalar>& block, Index) {
      report.add(engine_->pass(block, centers.data(), k_, sums_, team_));
    });
    signature_ += report.signature;
    distances_ += report.distances;
    possible_ += objective_.size() * k_;
    return report.changed > 0;
  }

  /// The cells' means; an empty cell keeps its center.
  void means(const CentersType& centers, CentersType& out) const {
    out = centers;
    for (Index j = 0; j < k_; ++j)
      if (!is_empty(j)) sums_.mean(j, out.col(j).data());
  }

  /// Mass, mean and distortion of every cell. O(n d).
  [[nodiscard]] CellMoments<Scalar, O::dim> cells(const CentersType& centers) {
    distortions_.reset(objective_.size(), k_);
    objective_.for_each_block(labels_, [&](const PointBlock<Scalar>& block, Index offset) {
      distortions_.add(block, offset, centers.data(), team_);
    });
    return moments<O::dim>(sums_, centers, distortions_.total());
  }

  [[nodiscard]] bool is_empty(Index j) const { return sums_.counts()(j) == 0; }
  [[nodiscard]] bool stays_finite(const CentersType& centers) const {
    return objective_.layout().stays_finite(centers);
  }
  /// Equal for equal labels since the last change of k.
  [[nodiscard]] std::uint64_t signature() const { return signature_; }

  /// Hands over what the result keeps.
  template <class Result>
  void finish(Result& result) {
    result.labels = std::move(labels_);
    result.counts = sums_.counts();
    result.engine = engine_->kind();
    result.distances = distances_;
    result.distances_saved = possible_ - distances_;
  }

  /// Moves the centers of empty cells onto points that lie on no other center; returns how many found one.
  Index reseed(CentersType& centers, EmptyCell policy, RandomStream& stream) {
    // Distances to the centers after the step: a center moved onto a point can then only lower the objective.
    Weights<Sum<Scalar>> distance(objective_.size());
    distance.setConstant(std::numeric_limits<Sum<Scalar>>::infinity());
    for (Index j = 0; j < centers.cols(); ++j)
      if (!is_empty(j)) lower(distance, centers, j);
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
      objective_.for_each_block(labels_, [&](const PointBlock<Scalar>& block, Index offset) {
        if (chosen < offset || chosen >= offset + block.points.size) return;
        const Scalar* x = block.points.point(chosen - offset);
        for (Index s = 0; s < centers.rows(); ++s) centers(s, j) = static_cast<Sum<Scalar>>(x[s]);
      });
      lower(distance, centers, j);
      ++moved;
    }
    return moved;
  }

 private:
  void restart() {
    labels_.setConstant(objective_.size(), -1);
    sums_.reset(objective_.layout().sums, k_);
    signature_ = 0;
    engine_->restart();
  }

  void lower(Weights<Sum<Scalar>>& distance, const CentersType& centers, Index j) {
    objective_.for_each_block(labels_, [&](const PointBlock<Scalar>& block, Index offset) {
      lower_to_distance(block.points, centers.col(j).data(), distance.data() + offset);
    });
  }

  const O& objective_;
  Index k_;
  ThreadTeam team_;
  std::unique_ptr<AssignmentEngine<Scalar>> engine_;
  Labels labels_;
  ExactSums<Scalar> sums_;
  DistortionSums<Scalar> distortions_;
  std::uint64_t signature_ = 0;
  std::int64_t distances_ = 0, possible_ = 0;
};

/// The same for an objective that only knows its cells.
template <Objective O>
class PlainCells {
 public:
  using Scalar = typename O::Scalar;
  using CentersType = FittedCenters<Scalar, O::dim>;

  PlainCells(const O& objective, const LloydOptions&, Index) : objective_(objective) {}

  bool update(const CentersType& centers) {
    cells_ = objective_.cells(centers);
    return true;
  }

  void means(const CentersType&, CentersType& out) const { out = cells_.centroid; }
  [[nodiscard]] const CellMoments<Scalar, O::dim>& cells(const CentersType&) const { return cells_; }
  [[nodiscard]] bool is_empty(Index j) const { return !(cells_.mass(j) > 0); }
  [[nodiscard]] bool stays_finite(const CentersType&) const { return false; }

 private:
  const O& objective_;
  CellMoments<Scalar, O::dim> cells_;
};

template <Objective O>
struct CellsOf {
  using type = PlainCells<O>;
};
template <BlockObjective O>
struct CellsOf<O> {
  using type = DataCells<O>;
};

/// Says when a sequence of numbers has come back to an earlier one: compared with the one at the last power of two, so
/// that every cycle is noticed after at most three times its start and length (Brent 1980).
class RecurrenceCheck {
 public:
  [[nodiscard]] bool operator()(std::uint64_t value) {
    if (count_ > 0 && value == saved_) return true;
    if (++count_ == power_) {
      power_ *= 2;
      saved_ = value;
    }
    return false;
  }

 private:
  std::uint64_t saved_ = 0, count_ = 0, power_ = 1;
};

inline void check(const LloydOptions& options) {
  require(options.max_iterations >= 0, "lloyd", "options.max_iterations", options.max_iterations,
          "a number of steps cannot be negative", "pass 0 to evaluate the start only");
  require(options.tolerance >= 0 && std::isfinite(options.tolerance), "lloyd", "options.tolerance", options.tolerance,
          "a squared distance is finite and not negative", "pass 0 to iterate to a fixed point");
  static_cast<void>(resolve_threads(options.threads, "lloyd", "options.threads"));  // throws on a negative number
}

/// The least distance that a computed mean can be trusted to: by the size of centers and of the cells around them.
template <class CentersType, class Cells>
[[nodiscard]] double rounding_of_centers(const CentersType& centers, const Cells& cells) {
  double size = static_cast<double>(centers.cwiseAbs().maxCoeff());
  for (Index j = 0; j < centers.cols(); ++j)
    if (cells.mass(j) > 0) size = std::max(size, std::sqrt(static_cast<double>(cells.distortion(j) / cells.mass(j))));
  return 4 * static_cast<double>(std::numeric_limits<typename CentersType::Scalar>::epsilon()) * size;
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
  using CentersType = FittedCenters<Scalar, O::dim>;
  constexpr bool is_data = internal::BlockObjective<O>;
  internal::refuse_row_major<Derived>();
  internal::check_centers(start, objective.dimension(), "lloyd", "start");
  internal::check(options);
  const bool reseeds = options.on_empty == EmptyCell::reseed_farthest || options.on_empty == EmptyCell::reseed_random;
  internal::require(is_data || !reseeds, "lloyd", "options.on_empty", to_string(options.on_empty),
                    "this objective has no points to move an empty center to",
                    "use EmptyCell::keep or EmptyCell::drop");

  LloydResult<Scalar, O::dim> result;
  CentersType centers = start.template cast<Sum<Scalar>>(), previous = centers, next = centers;
  typename internal::CellsOf<O>::type state(objective, options, centers.cols());
  RandomStream stream(options.seed);
  internal::RecurrenceCheck recurs;
  CellMoments<Scalar, O::dim> cells;
  double largest_move = std::numeric_limits<double>::infinity();
  Index moved_out_before = 0;  // centers that the last step moved out of empty cells

  for (;;) {
    const bool changed = state.update(centers);
    // The value is an extra pass on data: made where somebody looks at it or an overflow is possible.
    const bool looks_at_value = options.keep_values || options.on_step || !is_data || !state.stays_finite(centers);
    if (looks_at_value) {
      cells = state.cells(centers);
      result.value = cells.value();
      if (!std::isfinite(result.value)) {
        result.status = LloydStatus::non_finite;
        if (result.iterations > 0) {
          // The step before was the last good one: go back to it.
          centers = previous;
          state.update(centers);
          result.iterations -= 1;
          result.reseeded -= moved_out_before;
          break;
        }
      }
    }
    if (options.keep_values) result.values.push_back(result.value);
    if (options.keep_centers) result.path.push_back(centers);
    if (result.status == LloydStatus::non_finite) break;

    state.means(centers, next);
    Index moved_out = 0, empty = 0;
    for (Index j = 0; j < centers.cols(); ++j) empty += state.is_empty(j);
    if (empty > 0) {
      if constexpr (is_data)
        if (reseeds) moved_out = state.reseed(next, options.on_empty, stream);
      if (options.on_empty == EmptyCell::drop)
        next = internal::without_empty(next, [&](Index j) { return state.is_empty(j); });
    }
    const bool dropped = next.cols() < centers.cols();
    // Labels that did not change leave every cell's mean where the last step put the center.
    if (!dropped && moved_out == 0 && (!changed || next == centers)) {
      result.status = LloydStatus::fixed_point;
      break;
    }
    if (!dropped && moved_out == 0 && largest_move * largest_move <= options.tolerance && result.iterations > 0) {
      result.status = LloydStatus::tolerance;
      break;
    }
    if constexpr (is_data) {
      // In exact arithmetic every step that changes labels lowers the objective, so that they never recur.
      if (recurs(state.signature())) {
        result.status = LloydStatus::rounding_limit;
        break;
      }
    } else if (!dropped && largest_move <= internal::rounding_of_centers(centers, cells)) {
      result.status = LloydStatus::rounding_limit;
      break;
    }
    if (result.iterations == options.max_iterations) {
      result.status = LloydStatus::iteration_limit;
      break;
    }
    if ((options.stop && options.stop()) ||
        (options.on_step && !options.on_step({result.iterations, static_cast<double>(result.value), largest_move}))) {
      result.status = LloydStatus::stopped_by_callback;
      break;
    }

    if (dropped) {
      result.dropped += centers.cols() - next.cols();
      recurs = {};
      largest_move = std::numeric_limits<double>::infinity();
      previous = internal::without_empty(centers, [&](Index j) { return state.is_empty(j); });
    } else {
      largest_move = std::sqrt(static_cast<double>((next - centers).colwise().squaredNorm().maxCoeff()));
      previous = centers;
    }
    result.reseeded += moved_out;
    moved_out_before = moved_out;
    centers.swap(next);
    result.iterations += 1;
  }

  result.cells = state.cells(centers);
  result.value = result.cells.value();
  result.centers = std::move(centers);
  for (Index j = 0; j < result.centers.cols(); ++j) result.empty_cells += state.is_empty(j);
  if constexpr (is_data) state.finish(result);
  return result;
}

}  // namespace kmscape

// Mini-batch k-means: every step draws a few points, and each center moves towards those nearest to it.
//
// A point drawn with probability proportional to its weight moves its nearest center c by (x - c) / v, v being the
// number of points that c has been given so far: c stays the mean of all of them, and the rate 1 / v falls as it must
// for the centers to settle. Sources: Bottou, Bengio 1995 (the rate); Sculley 2010 (batches, assigned before any center
// moves). Cheap and approximate: a step costs O(batch k d) whatever the number of points, and no step knows the
// objective.
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
#include <kmscape/solve/seeding.hpp>

namespace kmscape {

enum class MiniBatchStatus {
  no_improvement,       // the smoothed value set no new low in `patience` batches
  batch_limit,          // max_batches batches were drawn
  stopped_by_callback,  // on_batch returned false
  non_finite,           // a batch's value overflowed: centers are those before it
};

[[nodiscard]] constexpr std::string_view to_string(MiniBatchStatus status) {
  switch (status) {
    case MiniBatchStatus::no_improvement:
      return "no_improvement";
    case MiniBatchStatus::batch_limit:
      return "batch_limit";
    case MiniBatchStatus::stopped_by_callback:
      return "stopped_by_callback";
    case MiniBatchStatus::non_finite:
      return "non_finite";
  }
  return "unknown";
}

/// What `MiniBatchOptions::on_batch` is told after each batch.
struct MiniBatchStep {
  int batch = 0;            // batches drawn so far, this one included
  double value = 0;         // mean squared distance of this batch's points to the centers before the step
  double smoothed = 0;      // exponentially weighted mean of these values
  double largest_move = 0;  // of this step, a distance
  Index reassigned = 0;     // centers that were moved onto a point of this batch
};

struct MiniBatchOptions {
  Index batch_size = 1024;  // points a batch, drawn with replacement
  int max_batches = 1000;
  int patience = 10;          // end after this many batches in a row without a new low of the smoothed value; 0: never
  double smoothing = 0;       // weight of the newest value, at most 1; 0: 2 batch_size / (n + 1), but at most 1
  double reassign_below = 0;  // a center given fewer points than this share of the most given to one moves onto a point
                              // of the batch, drawn by its squared distance; below 1; 0: never
  int reassign_every = 10;    // batches between two such reassignments
  Seed seed = 0;              // batch t is a function of seed and t alone
  int threads = 1;            // of the assignments; 0: all cores
  bool final_assignment = true;  // one pass over all points at the end: fills labels, counts, cells and value
  bool keep_steps = false;       // fill MiniBatchResult::steps
  bool keep_centers = false;     // fill MiniBatchResult::path
  std::function<bool(const MiniBatchStep&)> on_batch = {};  // returning false ends the run
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct MiniBatchResult {
  FittedCenters<Scalar, Dim> centers;  // d x k
  MiniBatchStatus status = MiniBatchStatus::batch_limit;
  int batches = 0;  // drawn and used
  Counts given;     // k: points that each center is the mean of; a moved one takes over the least number of the others
  Index reassigned = 0;            // times a center was moved onto a point
  double smoothed = 0;             // the last smoothed value, an estimate of the objective over the total weight
  Labels labels;                   // n: nearest center of every point; these four only after a final assignment
  Counts counts;                   // k: points per cell
  CellMoments<Scalar, Dim> cells;  // of the centers
  Sum<Scalar> value = std::numeric_limits<Sum<Scalar>>::quiet_NaN();  // objective at the centers
  std::vector<MiniBatchStep> steps;                                   // on request
  std::vector<FittedCenters<Scalar, Dim>> path;  // on request: the start and the centers after each batch
};

/// Runs mini-batch k-means from `start` (d x k, finite). The centers need not be their cells' means at the end; `lloyd`
/// or `hartigan_wong` from them goes on. A weight acts as that many copies of its point. Throws `invalid_input`.
/// O(batch_size k d) a batch, with O(batch_size d + k d) memory, and O(n k d) for the final assignment.
template <DataObjective O, class Derived>
[[nodiscard]] MiniBatchResult<typename O::Scalar, O::dim> mini_batch_k_means(const O& objective,
                                                                             const Eigen::MatrixBase<Derived>& start,
                                                                             const MiniBatchOptions& options = {});

namespace internal {

inline void check(const MiniBatchOptions& options) {
  constexpr std::string_view function = "mini_batch_k_means";
  require(options.batch_size >= 1, function, "options.batch_size", options.batch_size,
          "a batch holds at least one point", "pass options.batch_size >= 1");
  require(options.max_batches >= 0, function, "options.max_batches", options.max_batches,
          "a number of batches cannot be negative", "pass 0 to assign the points to the start only");
  require(options.patience >= 0, function, "options.patience", options.patience,
          "a number of batches cannot be negative", "pass 0 to draw max_batches batches in any case");
  require(options.smoothing >= 0 && options.smoothing <= 1, function, "options.smoothing", options.smoothing,
          "the newest value's weight in a mean lies between 0 and 1", "pass 0 for 2 batch_size / (n + 1)");
  require(options.reassign_below >= 0 && options.reassign_below < 1, function, "options.reassign_below",
          options.reassign_below, "it is a share of the largest number of points given to a center",
          "pass 0 to leave all centers where they are, or a share below 1 such as 0.01");
  require(options.reassign_every >= 1, function, "options.reassign_every", options.reassign_every,
          "reassignments happen between batches", "pass options.reassign_every >= 1");
  static_cast<void>(resolve_threads(options.threads, function, "options.threads"));  // throws on a negative number
}

/// Draws points with probability proportional to their weight, in O(log n) each.
template <DataObjective O>
class WeightedDraw {
 public:
  using Real = typename O::Real;

  explicit WeightedDraw(const O& objective) : size_(objective.size()) {
    if (!objective.is_weighted()) return;
    reached_.reserve(static_cast<std::size_t>(size_));
    Real total = 0;
    for (Index i = 0; i < size_; ++i) reached_.push_back(total += static_cast<Real>(objective.weight(i)));
  }

  [[nodiscard]] Index operator()(RandomStream& stream) const {
    if (reached_.empty()) return stream.index(size_);
    const Real target = static_cast<Real>(stream.uniform()) * reached_.back();
    const auto found = std::upper_bound(reached_.begin(), reached_.end(), target);
    return std::min<Index>(found - reached_.begin(), size_ - 1);  // the product may round up to the total
  }

 private:
  Index size_;
  std::vector<Real> reached_;  // sums of the weights up to each point
};

/// Moves centers that were given too few points onto points of the batch; returns how many.
template <class Points, class Real, int Dim>
Index reassign(const Points& batch, double share, RandomStream& stream, Centers<Real, Dim>& centers, Counts& given) {
  const Index k = centers.cols();
  const double least = share * static_cast<double>(given.maxCoeff());
  // A moved center starts with as many points as the poorest of those that stay: at rate 1 it would jump onto the next
  // point that comes near.
  Index inherited = std::numeric_limits<Index>::max();
  for (Index j = 0; j < k; ++j)
    if (static_cast<double>(given(j)) >= least) inherited = std::min(inherited, given(j));
  Weights<Real> distance(batch.cols());
  for (Index i = 0; i < batch.cols(); ++i)
    distance(i) = (centers.colwise() - batch.col(i).template cast<Real>()).colwise().squaredNorm().minCoeff();
  Index moved = 0;
  for (Index j = 0; j < k; ++j) {
    if (static_cast<double>(given(j)) >= least) continue;
    if (!(distance.maxCoeff() > 0)) break;  // every point of the batch lies on a center
    const Index point = draw_proportional(
        batch.cols(), [&](Index i) { return distance(i); }, stream);
    centers.col(j) = batch.col(point).template cast<Real>();
    given(j) = inherited;
    for (Index i = 0; i < batch.cols(); ++i)
      distance(i) = std::min(distance(i), (centers.col(j) - batch.col(i).template cast<Real>()).squaredNorm());
    ++moved;
  }
  return moved;
}

}  // namespace internal

template <DataObjective O, class Derived>
MiniBatchResult<typename O::Scalar, O::dim> mini_batch_k_means(const O& objective,
                                                               const Eigen::MatrixBase<Derived>& start,
                                                               const MiniBatchOptions& options) {
  using Scalar = typename O::Scalar;
  using Real = Sum<Scalar>;
  using PointsType = Points<Scalar, O::dim>;
  internal::refuse_row_major<Derived>();
  internal::check_centers(start, objective.dimension(), "mini_batch_k_means", "start");
  internal::check(options);

  MiniBatchResult<Scalar, O::dim> result;
  const Index k = start.cols(), n = objective.size();
  const double newest = options.smoothing > 0
                            ? options.smoothing
                            : std::min(1.0, 2 * static_cast<double>(options.batch_size) / (static_cast<double>(n) + 1));
  const internal::WeightedDraw<O> draw(objective);
  PointsType batch(objective.dimension(), options.batch_size);
  FittedCenters<Scalar, O::dim> centers = start.template cast<Real>(), next = centers;
  result.given.setZero(k);
  if (options.keep_centers) result.path.push_back(centers);
  double lowest = std::numeric_limits<double>::infinity();
  int in_vain = 0;

  while (result.batches < options.max_batches) {
    RandomStream stream(options.seed, static_cast<std::uint64_t>(result.batches));
    for (Index i = 0; i < options.batch_size; ++i) batch.col(i) = objective.points().col(draw(stream));
    const auto assignment =
        EmpiricalObjective<Scalar, O::dim>(Eigen::Map<const PointsType>(batch.data(), batch.rows(), batch.cols()))
            .assign(centers, options.threads);

    MiniBatchStep step{.batch = result.batches + 1};
    step.value = static_cast<double>(assignment.value()) / static_cast<double>(options.batch_size);
    // One point after another at rate 1 / v is the mean of what the center stood for and its share of the batch.
    Counts given = result.given + assignment.counts;
    for (Index j = 0; j < k; ++j)
      if (assignment.counts(j) > 0)
        next.col(j) = centers.col(j) + static_cast<Real>(assignment.counts(j)) / static_cast<Real>(given(j)) *
                                           (assignment.cells.centroid.col(j) - centers.col(j));
    if (!std::isfinite(step.value) || !next.allFinite()) {
      result.status = MiniBatchStatus::non_finite;
      break;
    }
    if (options.reassign_below > 0 && step.batch % options.reassign_every == 0)
      step.reassigned =
          internal::reassign<PointsType, Real, O::dim>(batch, options.reassign_below, stream, next, given);
    step.smoothed = result.batches == 0 ? step.value : result.smoothed + newest * (step.value - result.smoothed);
    step.largest_move = std::sqrt(static_cast<double>((next - centers).colwise().squaredNorm().maxCoeff()));
    centers = next;
    result.given = given;
    result.smoothed = step.smoothed;
    result.reassigned += step.reassigned;
    result.batches += 1;
    if (options.keep_steps) result.steps.push_back(step);
    if (options.keep_centers) result.path.push_back(centers);
    if (options.on_batch && !options.on_batch(step)) {
      result.status = MiniBatchStatus::stopped_by_callback;
      break;
    }
    in_vain = step.smoothed < lowest ? 0 : in_vain + 1;
    lowest = std::min(lowest, step.smoothed);
    if (options.patience > 0 && in_vain >= options.patience) {
      result.status = MiniBatchStatus::no_improvement;
      break;
    }
  }

  if (options.final_assignment) {
    auto assignment = objective.assign(centers, options.threads);
    result.value = assignment.value();
    result.labels = std::move(assignment.labels);
    result.counts = std::move(assignment.counts);
    result.cells = std::move(assignment.cells);
  }
  result.centers = std::move(centers);
  return result;
}

}  // namespace kmscape

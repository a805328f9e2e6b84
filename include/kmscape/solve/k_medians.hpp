// k-medians: centers that make sum_i w_i min_j |x_i - c_j|_1 low, |.|_1 being the sum of the coordinates' absolute
// values.
//
// Lloyd's alternation with another distance: points go to their nearest center, ties to the lowest index, and each
// center to its cell's median, coordinate by coordinate (Bradley, Mangasarian, Street, "Clustering via concave
// minimization", NIPS 1996). Where a whole interval of medians is optimal the lowest is taken, the smallest coordinate
// such that the points up to it hold at least half of the cell's weight. In exact arithmetic no step raises the value,
// and steps that leave it unchanged only lower labels: the alternation ends at a fixed point.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

enum class KMediansStatus {
  fixed_point,          // another step would change nothing
  iteration_limit,      // max_iterations steps were made
  rounding_limit,       // rounding is all that is left: another step would raise the computed value
  stopped_by_callback,  // on_progress returned false
  non_finite,           // the value overflowed
};

[[nodiscard]] constexpr std::string_view to_string(KMediansStatus status) {
  switch (status) {
    case KMediansStatus::fixed_point:
      return "fixed_point";
    case KMediansStatus::iteration_limit:
      return "iteration_limit";
    case KMediansStatus::rounding_limit:
      return "rounding_limit";
    case KMediansStatus::stopped_by_callback:
      return "stopped_by_callback";
    case KMediansStatus::non_finite:
      return "non_finite";
  }
  return "unknown";
}

struct KMediansOptions {
  int max_iterations = 1000;          // steps; 0 evaluates the start only
  int threads = 1;                    // of one pass over the data; 0: all cores. Small data is never split
  bool keep_values = false;           // fill KMediansResult::values
  bool keep_centers = false;          // fill KMediansResult::path
  ProgressCallback on_progress = {};  // before each step, stage "k-medians"; false stops the iteration
};

/// Labels, counts and value are those of the returned centers. A center whose cell is empty stays where it is.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct KMediansResult {
  FittedCenters<Scalar, Dim> centers;  // d x k
  Labels labels;                       // n: nearest center, ties to the lowest index
  Counts counts;                       // k: points per cell
  Weights<Sum<Scalar>> mass;           // k: weight per cell
  Weights<Sum<Scalar>> distortion;     // k: sum of w_i |x_i - c_j|_1 over the cell
  Sum<Scalar> value = 0;               // sum of w_i |x_i - c(x_i)|_1
  KMediansStatus status = KMediansStatus::iteration_limit;
  int iterations = 0;                            // steps made
  Index empty_cells = 0;                         // among the returned centers
  std::vector<Sum<Scalar>> values;               // on request: the value before each step and at the end
  std::vector<FittedCenters<Scalar, Dim>> path;  // on request: the centers before each step and at the end
};

/// Iterates from `start` (d x k, finite, of any scalar) until one of the conditions of `KMediansStatus` holds.
/// Throws `invalid_input`. O(n k d) a step, medians O(n d) expected; memory O(n + k d) beyond the points.
template <DataObjective O, class Derived>
[[nodiscard]] KMediansResult<typename O::Scalar, O::dim> k_medians(const O& objective,
                                                                   const Eigen::MatrixBase<Derived>& start,
                                                                   const KMediansOptions& options = {});

namespace internal {

template <class Scalar, class Real>
struct WeightedValue {
  Scalar value;
  Real weight;
};

/// The lower median of at least one value, which are reordered. O(n) expected.
template <class Scalar>
[[nodiscard]] Scalar lower_median(std::vector<Scalar>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The smallest value such that the values up to it hold at least half of the weight: halves are split off until one
/// value is left. Reorders. O(n) expected.
template <class Scalar, class Real>
[[nodiscard]] Scalar lower_median(std::vector<WeightedValue<Scalar, Real>>& values) {
  const auto add = [](Real sum, const WeightedValue<Scalar, Real>& v) { return sum + v.weight; };
  const Real total = std::accumulate(values.begin(), values.end(), Real(0), add);
  auto first = values.begin(), last = values.end();
  Real below = 0;  // weight of what lies before `first`
  while (last - first > 1) {
    const auto middle = first + (last - first) / 2;
    std::nth_element(first, middle, last, [](const auto& a, const auto& b) { return a.value < b.value; });
    const Real reached = std::accumulate(first, middle, below, add);
    if (2 * reached >= total) {
      last = middle;
    } else {
      below = reached;
      first = middle;
    }
  }
  return first->value;
}

/// The two half-steps of k-medians, with buffers that live as long as the object.
template <DataObjective O>
class MedianCells {
 public:
  using Scalar = typename O::Scalar;
  using Real = Sum<Scalar>;
  using CentersType = FittedCenters<Scalar, O::dim>;

  MedianCells(const O& objective, Index k, int threads)
      : objective_(objective),
        weighted_(is_weighted(objective)),
        // At most 64 chunks; they depend on the data's size only.
        chunk_(std::max({Index{4096}, (objective.size() + 63) / 64, k})),
        chunks_((objective.size() + chunk_ - 1) / chunk_),
        team_(chunks_ > 1 ? threads : 1),
        partial_(static_cast<std::size_t>(chunks_)),
        changed_(static_cast<std::size_t>(k), true),
        order_(static_cast<std::size_t>(objective.size())),
        offsets_(static_cast<std::size_t>(k + 1)),
        plain_(static_cast<std::size_t>(team_.size())),
        pairs_(static_cast<std::size_t>(team_.size())) {
    labels_.setConstant(objective.size(), -1);
    for (std::size_t worker = 0; worker < plain_.size(); ++worker) {
      if (weighted_)
        pairs_[worker].reserve(order_.size());
      else
        plain_[worker].reserve(order_.size());
    }
  }

  /// Gives every point to its nearest center.
  void assign(const CentersType& centers) {
    team_.run(chunks_, [&](Index c, int) { assign_chunk(centers, c); });
    for (std::size_t c = 1; c < partial_.size(); ++c) partial_[0].add(partial_[c]);
    for (Index j = 0; j < centers.cols(); ++j)
      if (partial_[0].touched(j)) changed_[static_cast<std::size_t>(j)] = true;
  }

  /// Moves every center to its cell's median. A cell without changes since the last call has it already.
  void move(CentersType& centers) {
    const Index k = centers.cols(), d = centers.rows();
    std::fill(offsets_.begin(), offsets_.end(), Index{0});
    for (Index j = 0; j < k; ++j) offset(j + 1) = offset(j) + counts()(j);
    for (Index i = 0; i < labels_.size(); ++i) order_[static_cast<std::size_t>(offset(labels_(i))++)] = i;
    for (Index j = k; j > 0; --j) offset(j) = offset(j - 1);
    offset(0) = 0;
    team_.run(k * d, [&](Index t, int worker) {
      const Index j = t / d, s = t % d;
      if (!changed_[static_cast<std::size_t>(j)] || counts()(j) == 0) return;
      centers(s, j) = static_cast<Real>(median(j, s, static_cast<std::size_t>(worker)));
    });
    std::fill(changed_.begin(), changed_.end(), false);
  }

  [[nodiscard]] const Labels& labels() const { return labels_; }
  [[nodiscard]] const Counts& counts() const { return partial_[0].counts; }
  [[nodiscard]] const Weights<Real>& mass() const { return partial_[0].mass; }
  [[nodiscard]] const Weights<Real>& distortion() const { return partial_[0].distortion; }

  [[nodiscard]] Real value() const {
    Real sum = 0;
    for (Index j = 0; j < distortion().size(); ++j) sum += distortion()(j);
    return sum;
  }

 private:
  static constexpr int width = 16;  // points whose distances to one center are formed together
  using Lanes = Eigen::Array<Real, width, 1>;

  struct Partial {
    Weights<Real> mass, distortion;
    Counts counts;
    Eigen::Array<bool, Eigen::Dynamic, 1> touched;    // cells that lost or won a point
    Eigen::Array<Real, width, Eigen::Dynamic> block;  // the points at hand, width x d

    void reset(Index dimension, Index k) {
      mass.setZero(k);
      distortion.setZero(k);
      counts.setZero(k);
      touched.setConstant(k, false);
      block.resize(width, dimension);
    }

    void add(const Partial& other) {
      mass += other.mass;
      distortion += other.distortion;
      counts += other.counts;
      touched = touched || other.touched;
    }
  };

  [[nodiscard]] static bool is_weighted(const O& objective) {
    for (Index i = 0; i < objective.size(); ++i)
      if (objective.weight(i) != Scalar(1)) return true;
    return false;
  }

  [[nodiscard]] Index& offset(Index j) { return offsets_[static_cast<std::size_t>(j)]; }
  [[nodiscard]] Index offset(Index j) const { return offsets_[static_cast<std::size_t>(j)]; }

  void assign_chunk(const CentersType& centers, Index chunk) {
    const Index d = centers.rows(), k = centers.cols(), n = labels_.size();
    const auto points = objective_.points();
    auto& partial = partial_[static_cast<std::size_t>(chunk)];
    partial.reset(d, k);
    auto& block = partial.block;
    Lanes best, here;
    Eigen::Array<Label, width, 1> nearest;
    const Index end = std::min(n, (chunk + 1) * chunk_);
    for (Index first = chunk * chunk_; first < end; first += width) {
      const Index used = std::min<Index>(width, end - first);
      for (Index p = 0; p < width; ++p)
        for (Index s = 0; s < d; ++s) block(p, s) = static_cast<Real>(points(s, first + std::min(p, used - 1)));
      for (Index j = 0; j < k; ++j) {
        here.setZero();
        for (Index s = 0; s < d; ++s) here += (block.col(s) - centers(s, j)).abs();
        if (j == 0) {
          best = here;
          nearest.setZero();
          continue;
        }
        for (Index p = 0; p < width; ++p) {
          nearest(p) = here(p) < best(p) ? static_cast<Label>(j) : nearest(p);
          best(p) = here(p) < best(p) ? here(p) : best(p);
        }
      }
      for (Index p = 0; p < used; ++p) {
        const Label cell = nearest(p), before = labels_(first + p);
        const Real weight = static_cast<Real>(objective_.weight(first + p));
        partial.mass(cell) += weight;
        partial.distortion(cell) += weight * best(p);
        partial.counts(cell) += 1;
        if (cell == before) continue;
        partial.touched(cell) = true;
        if (before >= 0) partial.touched(before) = true;
        labels_(first + p) = cell;
      }
    }
  }

  [[nodiscard]] Scalar median(Index j, Index s, std::size_t worker) {
    const auto points = objective_.points();
    const auto gather = [&](auto& values, const auto& item) {
      values.clear();
      for (Index t = offset(j); t < offset(j + 1); ++t) values.push_back(item(order_[static_cast<std::size_t>(t)]));
      return lower_median(values);
    };
    if (!weighted_) return gather(plain_[worker], [&](Index i) { return points(s, i); });
    return gather(pairs_[worker], [&](Index i) {
      return WeightedValue<Scalar, Real>{points(s, i), static_cast<Real>(objective_.weight(i))};
    });
  }

  const O& objective_;
  bool weighted_;
  Index chunk_, chunks_;
  ThreadTeam team_;
  std::vector<Partial> partial_;
  std::vector<char> changed_;  // k: whether the cell's median may have moved
  std::vector<Index> order_;   // n: the points, cell after cell
  std::vector<Index> offsets_;
  std::vector<std::vector<Scalar>> plain_;  // a worker's values, or values and weights, of one cell and coordinate
  std::vector<std::vector<WeightedValue<Scalar, Real>>> pairs_;
  Labels labels_;
};

}  // namespace internal

template <DataObjective O, class Derived>
KMediansResult<typename O::Scalar, O::dim> k_medians(const O& objective, const Eigen::MatrixBase<Derived>& start,
                                                     const KMediansOptions& options) {
  using Real = Sum<typename O::Scalar>;
  internal::refuse_row_major<Derived>();
  internal::check_centers(start, objective.dimension(), "k_medians", "start");
  internal::require(options.max_iterations >= 0, "k_medians", "options.max_iterations", options.max_iterations,
                    "a number of steps cannot be negative", "pass 0 to evaluate the start only");
  const int threads = resolve_threads(options.threads, "k_medians", "options.threads");

  KMediansResult<typename O::Scalar, O::dim> result;
  internal::MedianCells<O> cells(objective, start.cols(), threads);
  FittedCenters<typename O::Scalar, O::dim> centers = start.template cast<Real>(), previous = centers;
  for (;;) {
    cells.assign(centers);
    const Real value = cells.value();
    if (result.iterations > 0 && value > result.value) {
      // Only rounding can raise it, and going on might cycle: the step is taken back.
      centers = previous;
      cells.assign(centers);
      result.iterations -= 1;
      result.status = KMediansStatus::rounding_limit;
      break;
    }
    result.value = value;
    if (options.keep_values) result.values.push_back(value);
    if (options.keep_centers) result.path.push_back(centers);
    if (!std::isfinite(value)) {
      result.status = KMediansStatus::non_finite;
      break;
    }
    previous = centers;
    cells.move(centers);
    if (centers == previous) {
      result.status = KMediansStatus::fixed_point;
      break;
    }
    const bool limited = result.iterations == options.max_iterations;
    if (limited ||
        (options.on_progress && !options.on_progress({"k-medians", result.iterations, options.max_iterations}))) {
      centers = previous;
      result.status = limited ? KMediansStatus::iteration_limit : KMediansStatus::stopped_by_callback;
      break;
    }
    result.iterations += 1;
  }

  result.centers = std::move(centers);
  result.labels = cells.labels();
  result.counts = cells.counts();
  result.mass = cells.mass();
  result.distortion = cells.distortion();
  result.empty_cells = (result.counts == 0).count();
  return result;
}

}  // namespace kmscape

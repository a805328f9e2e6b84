// Single-point exchange: points change cells one at a time, both means following, until no such move lowers G_n.
//
// Moving a point x of weight w from cell a (mass m_a, mean c_a) to cell b changes the objective by
//     w m_b / (m_b + w) |x - c_b|^2 - w m_a / (m_a - w) |x - c_a|^2.
// A partition where this is never negative is D-local: a fixed point of Lloyd's iteration without ties, and more (Li,
// Metel, Takeda 2025). Sources: Hartigan 1975 (the move); Hartigan, Wong 1979 (passes over all cells with quick passes
// between them that look at the runner-up only). A lower bound on the cost of every other cell, kept per point in the
// manner of Hamerly 2010, spares most points most of the full passes.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

enum class HartiganWongStatus {
  d_local,              // verified: no move of a single point lowers the objective by more than rounding
  pass_limit,           // max_passes passes were made
  stopped_by_callback,  // the progress callback returned false
  non_finite,           // the start's objective overflows: nothing was moved, centers are the start's
};

[[nodiscard]] constexpr std::string_view to_string(HartiganWongStatus status) {
  switch (status) {
    case HartiganWongStatus::d_local:
      return "d_local";
    case HartiganWongStatus::pass_limit:
      return "pass_limit";
    case HartiganWongStatus::stopped_by_callback:
      return "stopped_by_callback";
    case HartiganWongStatus::non_finite:
      return "non_finite";
  }
  return "unknown";
}

struct HartiganWongOptions {
  int max_passes = 1000;           // full passes over the points; 0 moves nothing
  int threads = 1;                 // of the first assignment and of the final proof; exchanges follow one another
  bool keep_values = false;        // fill HartiganWongResult::values
  ProgressCallback progress = {};  // stage "passes", before each of them
};

/// A partition and its means. At `d_local` every point is with its nearest center (copies of one point may share out
/// among coinciding centers); where the passes ended early it need not be.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct HartiganWongResult {
  FittedCenters<Scalar, Dim> centers;  // d x k: the cells' means; an empty cell keeps its start
  CellMoments<Scalar, Dim> cells;      // of the partition `labels`
  Sum<Scalar> value = 0;               // sum over cells of the weighted squared distances to the cell's mean
  HartiganWongStatus status = HartiganWongStatus::pass_limit;
  int passes = 0;              // full passes made
  int quick_passes = 0;        // passes that looked at each point's own cell and its runner-up only
  std::int64_t exchanges = 0;  // points moved, those into cells that the start leaves empty included
  Index filled = 0;            // cells that the start leaves empty and that got a point
  Labels labels;               // n
  Counts counts;               // k: points per cell
  Index empty_cells = 0;       // only where the data has fewer distinct points than there are centers
  double margin = std::numeric_limits<double>::infinity();  // at d_local: the least rise by a single-point move, up to
                                                            // rounding; infinite where no point can move
  std::vector<Sum<Scalar>> values;  // on request: the objective before the first and after each pass
};

/// Exchanges points from the partition that `start` (d x k, finite) induces, its cells' means taken as centers.
/// Cells that the start leaves empty first get a point each, the one that pays most where it is; no cell is ever
/// emptied. Every exchange lowers the objective by more than its rounding, so that no partition comes twice. A point
/// moves with its whole weight. Throws `invalid_input`. O(n d) a pass and O(k d) more for each point that its bound
/// does not settle, O(n k d) for the final proof; O(n + k d) memory beyond the points.
template <DataObjective O, class Derived>
[[nodiscard]] HartiganWongResult<typename O::Scalar, O::dim> hartigan_wong(const O& objective,
                                                                           const Eigen::MatrixBase<Derived>& start,
                                                                           const HartiganWongOptions& options = {});

namespace internal {

/// Quick passes that may follow a full one. Measured on uniform and clustered data, n = 20,000 and 100,000, d = 2, 8
/// and 32: none at all takes up to twice as long, and so does going on until they move nothing.
inline constexpr int quick_passes_at_most = 10;

/// A partition that changes by one point at a time.
///
/// All is relative to the data's mean, so that a common offset costs no digits. Sums are unevaluated pairs (Knuth's
/// two-sum): taking a point away leaves what was there before it came to about eps^2, however many exchanges are made,
/// and a mean is the rounded quotient of its sums at any time.
template <DataObjective O>
class ExchangePartition {
 public:
  using Scalar = typename O::Scalar;
  using Real = Sum<Scalar>;
  using Point = Eigen::Matrix<Real, O::dim, 1>;

  /// One thread's view of a point: itself and what every cell would cost it.
  struct View {
    Point x;
    Weights<Real> cost;  // m_j / (m_j + w) |x - c_j|^2
    Real weight = 1;
  };

  ExchangePartition(const O& objective, Labels labels, Index cells)
      : objective_(objective), labels_(std::move(labels)), cells_(cells) {
    const Index n = objective.size();
    const auto points = objective.points();
    // The mean about the first point: the sum of a common offset could overflow where the mean does not.
    const Point first = points.col(0).template cast<Real>();
    origin_.setZero(objective.dimension());
    for (Index i = 0; i < n; ++i) origin_ += weight(i) * (points.col(i).template cast<Real>() - first);
    origin_ = first + origin_ / objective.total_weight();
    Real largest = 0;
    View view = make_view();
    for (Index i = 0; i < n; ++i) {
      look_at(i, view);
      largest = std::max(largest, view.x.squaredNorm());
      largest_weight_ = std::max(largest_weight_, view.weight);
    }
    // A rounded quotient of sums of rounded products.
    center_error_ = 4 * epsilon * std::sqrt(largest);
    distance_error_ = static_cast<Real>(objective.dimension() + 8) * epsilon;
    runner_up_.setConstant(n, -1);
    changed_.setConstant(cells, std::numeric_limits<Index>::min() / 2);
    sum_again();
  }

  [[nodiscard]] View make_view() const { return {Point(objective_.dimension()), Weights<Real>(cells_), Real(1)}; }

  void look_at(Index i, View& view) const {
    view.x = objective_.points().col(i).template cast<Real>() - origin_;
    view.weight = weight(i);
  }

  /// What x pays where it is: m_a / (m_a - w) |x - c_a|^2. Zero for a point alone in its cell, which is its mean.
  [[nodiscard]] Real present_cost(Label own, const View& view) const {
    const Real rest = mass_without(own, view.weight);
    if (counts_(own) <= 1 || !(rest > 0)) return 0;
    return mass_(own) / rest * (view.x - means_.col(own)).squaredNorm();
  }

  /// Fills `view.cost` and returns the cheapest other cell. There must be one.
  Label cheapest_other(Label own, View& view) const {
    view.cost = (means_by_coordinate_.col(0) - view.x(0)).square();
    for (Index s = 1; s < view.x.size(); ++s) view.cost += (means_by_coordinate_.col(s) - view.x(s)).square();
    if (objective_.is_weighted())
      view.cost *= mass_ / (mass_ + view.weight);
    else
      view.cost *= unit_factor_;
    view.cost(own) = std::numeric_limits<Real>::infinity();
    const Real least = view.cost.minCoeff();
    Label to = 0;
    while (to + 1 < cells_ && view.cost(to) != least) ++to;
    return to;
  }

  [[nodiscard]] Real cost_at(Label cell, const View& view) const {
    return mass_(cell) / (mass_(cell) + view.weight) * (view.x - means_.col(cell)).squaredNorm();
  }

  /// True if moving there surely lowers the objective, whatever the computed costs were rounded by.
  [[nodiscard]] bool surely_lowers(Label own, const View& view, Real cost) const {
    const Real present = present_cost(own, view);
    if (!(cost < present)) return false;
    const Real growth = std::sqrt(mass_(own) / mass_without(own, view.weight));
    const Real least = std::sqrt(present) - growth * center_error_, most = std::sqrt(cost) + center_error_;
    return least > 0 && least * least * (1 - distance_error_) > most * most * (1 + distance_error_);
  }

  void move(Index i, const View& view, Label to) {
    const Label from = labels_(i);
    if (objective_.is_weighted()) {
      term_ = view.weight * view.x;
    } else {
      term_ = view.x;
    }
    const Real mass_before = mass_(from);
    add(to, term_, view.weight, 1);
    term_ = -term_;
    add(from, term_, -view.weight, -1);
    labels_(i) = to;
    runner_up_(i) = from;
    bound_(i) = 0;
    const Real to_move = update_mean(to), from_move = update_mean(from);
    // m_j / (m_j + w) shrinks by no less than this for any weight w of a point.
    const Real kept = mass_(from) / mass_before * ((mass_before + largest_weight_) / (mass_(from) + largest_weight_));
    for (Drift* drift : {&since_pass_, &since_previous_}) {
      drift->add(to, to_move, 1);
      drift->add(from, from_move, kept);
    }
    changed_(from) = changed_(to) = step_;
    ++exchanges_;
  }

  /// Gives each empty cell the point that would pay most both where it is and in the cells filled before, so that no
  /// two cells get copies of one point; returns how many got one.
  Index fill_empty_cells() {
    Index filled = 0;
    View view = make_view();
    Weights<Real> elsewhere = Weights<Real>::Constant(objective_.size(), std::numeric_limits<Real>::infinity());
    for (Label empty = 0; empty < cells_; ++empty) {
      if (counts_(empty) > 0) continue;
      Index chosen = -1;
      Real most = 0;
      for (Index i = 0; i < objective_.size(); ++i) {
        look_at(i, view);
        const Real pays = view.weight * std::min(present_cost(labels_(i), view), elsewhere(i));
        if (pays > most && surely_lowers(labels_(i), view, 0)) {
          most = pays;
          chosen = i;
        }
      }
      if (chosen < 0) break;
      look_at(chosen, view);
      move(chosen, view, empty);
      ++filled;
      for (Index i = 0; i < objective_.size(); ++i) {
        look_at(i, view);
        elsewhere(i) = std::min(elsewhere(i), cost_at(empty, view));
      }
    }
    return filled;
  }

  /// Every point against every cell, except where its bound shows that no cell can be cheaper than its own.
  void full_pass(View& view) {
    since_previous_ = since_pass_;
    since_pass_.reset(cells_);
    for (Index i = 0; i < objective_.size(); ++i, ++step_) {
      // sqrt(m_j / (m_j + w)) |x - c_j| was at least bound_(i) for all other cells at the last visit, which the
      // previous pass made at its start or later.
      bound_(i) = std::sqrt(since_previous_.kept) * std::max(Real(0), bound_(i) - since_previous_.path);
      const Label own = labels_(i);
      if (counts_(own) <= 1) continue;
      look_at(i, view);
      if (present_cost(own, view) <= bound_(i) * bound_(i)) continue;
      const Label to = cheapest_other(own, view);
      runner_up_(i) = to;
      bound_(i) = std::sqrt(view.cost(to));
      if (surely_lowers(own, view, view.cost(to))) move(i, view, to);
    }
  }

  /// Every point against its runner-up, unless neither cell changed since its last visit. False when nothing moved.
  bool quick_pass(View& view) {
    const std::int64_t before = exchanges_;
    const Index n = objective_.size();
    for (Index i = 0; i < n; ++i, ++step_) {
      const Label own = labels_(i), other = runner_up_(i);
      if (other < 0 || counts_(own) <= 1) continue;
      if (std::max(changed_(own), changed_(other)) <= step_ - n) continue;
      look_at(i, view);
      if (surely_lowers(own, view, cost_at(other, view))) move(i, view, other);
    }
    return exchanges_ > before;
  }

  /// The least rise of the objective by a single-point move; negative infinity if some move surely lowers it.
  [[nodiscard]] Real least_rise(ThreadTeam& team) const {
    constexpr Real infinity = std::numeric_limits<Real>::infinity();
    const Index n = objective_.size(), size = std::max<Index>(4096, (n + 63) / 64), chunks = (n + size - 1) / size;
    Weights<Real> rise = Weights<Real>::Constant(chunks, infinity);
    if (cells_ == 1) return infinity;
    std::vector<View> views(static_cast<std::size_t>(team.size()), make_view());
    team.run(chunks, [&](Index chunk, int worker) {
      View& view = views[static_cast<std::size_t>(worker)];
      for (Index i = chunk * size; i < std::min(n, (chunk + 1) * size); ++i) {
        const Label own = labels_(i);
        if (counts_(own) <= 1) continue;
        look_at(i, view);
        const Real cost = view.cost(cheapest_other(own, view));
        if (surely_lowers(own, view, cost)) {
          rise(chunk) = -infinity;
          return;
        }
        rise(chunk) = std::min(rise(chunk), std::max(Real(0), view.weight * (cost - present_cost(own, view))));
      }
    });
    return rise.minCoeff();
  }

  /// Recomputes all sums from the labels and forgets all bounds.
  void sum_again() {
    const Index d = objective_.dimension();
    sum_high_.setZero(d, cells_);
    sum_low_.setZero(d, cells_);
    mass_high_.setZero(cells_);
    mass_low_.setZero(cells_);
    mass_.setZero(cells_);
    counts_.setZero(cells_);
    unit_factor_.setZero(cells_);
    means_.setZero(d, cells_);
    means_by_coordinate_.setZero(cells_, d);
    bound_.setZero(objective_.size());
    since_pass_.reset(cells_);
    since_previous_.reset(cells_);
    View view = make_view();
    for (Index i = 0; i < objective_.size(); ++i) {
      look_at(i, view);
      if (objective_.is_weighted()) view.x *= view.weight;
      add(labels_(i), view.x, view.weight, 1);
    }
    for (Label j = 0; j < cells_; ++j) update_mean(j);
  }

  /// Each cell's mass, mean and weighted squared distances to it; an empty cell keeps its column of `start`.
  [[nodiscard]] CellMoments<Real, O::dim> moments(const Centers<Real, O::dim>& start) const {
    const Index n = objective_.size();
    const auto points = objective_.points();
    CellMoments<Real, O::dim> result{mass_, start, Weights<Real>::Zero(cells_)};
    // About a point of the cell, so that the mean of copies is the copy.
    Eigen::Array<Index, Eigen::Dynamic, 1> first = Eigen::Array<Index, Eigen::Dynamic, 1>::Constant(cells_, -1);
    Centers<Real, O::dim> high, low;
    high.setZero(start.rows(), cells_);
    low.setZero(start.rows(), cells_);
    for (Index i = 0; i < n; ++i) {
      const Label j = labels_(i);
      if (first(j) < 0) first(j) = i;
      for (Index s = 0; s < start.rows(); ++s)
        add_exactly(high(s, j), low(s, j),
                    weight(i) * (static_cast<Real>(points(s, i)) - static_cast<Real>(points(s, first(j)))));
    }
    for (Index j = 0; j < cells_; ++j)
      if (first(j) >= 0)
        result.centroid.col(j) = points.col(first(j)).template cast<Real>() + (high.col(j) + low.col(j)) / mass_(j);
    for (Index i = 0; i < n; ++i)
      result.distortion(labels_(i)) +=
          weight(i) * (points.col(i).template cast<Real>() - result.centroid.col(labels_(i))).squaredNorm();
    return result;
  }

  /// The cells' means from the data's mean, d x k.
  [[nodiscard]] const Centers<Real, O::dim>& means() const { return means_; }
  [[nodiscard]] const Labels& labels() const { return labels_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::int64_t exchanges() const { return exchanges_; }

 private:
  static constexpr Real epsilon = std::numeric_limits<Real>::epsilon();

  /// How much the costs may have fallen since some moment.
  struct Drift {
    Weights<Real> paths, shares;  // per cell: the way its mean came; the least share kept of m / (m + w)
    Real path = 0, kept = 1;      // the largest and the least of them

    void reset(Index cells) {
      paths.setZero(cells);
      shares.setOnes(cells);
      path = 0;
      kept = 1;
    }
    void add(Label cell, Real way, Real share) {
      paths(cell) += way;
      path = std::max(path, paths(cell));
      shares(cell) *= share;
      kept = std::min(kept, shares(cell));
    }
  };

  [[nodiscard]] Real weight(Index i) const { return static_cast<Real>(objective_.weight(i)); }

  /// From the pair, since the rounded mass of a cell says little about what a heavy point leaves behind.
  [[nodiscard]] Real mass_without(Label cell, Real weight) const {
    return (mass_high_(cell) - weight) + mass_low_(cell);
  }

  static void add_exactly(Real& high, Real& low, Real term) {
    const Real sum = high + term, part = sum - high;
    low += (high - (sum - part)) + (term - part);
    high = sum;
  }

  void add(Label cell, const Point& term, Real weight, Index count) {
    for (Index s = 0; s < term.size(); ++s) add_exactly(sum_high_(s, cell), sum_low_(s, cell), term(s));
    add_exactly(mass_high_(cell), mass_low_(cell), weight);
    counts_(cell) += count;
  }

  /// Returns how far the mean moves.
  Real update_mean(Label cell) {
    mass_(cell) = mass_high_(cell) + mass_low_(cell);
    if (counts_(cell) == 0) return 0;
    unit_factor_(cell) = mass_(cell) / (mass_(cell) + 1);
    term_ = (sum_high_.col(cell) + sum_low_.col(cell)) / mass_(cell);
    const Real way = (term_ - means_.col(cell)).norm();
    means_.col(cell) = term_;
    means_by_coordinate_.row(cell) = term_.transpose();
    return way;
  }

  const O& objective_;
  Labels labels_, runner_up_;
  Index cells_;
  Point origin_, term_;
  Centers<Real, O::dim> sum_high_, sum_low_, means_;
  Eigen::Array<Real, Eigen::Dynamic, O::dim> means_by_coordinate_;  // k x d: the scan over cells runs along columns
  Weights<Real> mass_high_, mass_low_, mass_;
  Weights<Real> unit_factor_;  // m / (m + 1), for points without weights
  Counts counts_;
  Weights<Real> bound_;  // n
  Drift since_pass_, since_previous_;
  Eigen::Array<Index, Eigen::Dynamic, 1> changed_;  // the step at which each cell last changed
  Index step_ = 0;                                  // points visited
  std::int64_t exchanges_ = 0;
  Real center_error_ = 0, distance_error_ = 0, largest_weight_ = 0;
};

inline void check(const HartiganWongOptions& options) {
  require(options.max_passes >= 0, "hartigan_wong", "options.max_passes", options.max_passes,
          "a number of passes cannot be negative", "pass 0 to move nothing");
  static_cast<void>(
      resolve_threads(options.threads, "hartigan_wong", "options.threads"));  // throws on a negative number
}

}  // namespace internal

template <DataObjective O, class Derived>
HartiganWongResult<typename O::Scalar, O::dim> hartigan_wong(const O& objective,
                                                             const Eigen::MatrixBase<Derived>& start,
                                                             const HartiganWongOptions& options) {
  using Scalar = typename O::Scalar;
  using Real = Sum<Scalar>;
  internal::refuse_row_major<Derived>();
  internal::check_centers(start, objective.dimension(), "hartigan_wong", "start");
  internal::check(options);

  HartiganWongResult<Scalar, O::dim> result;
  const Index k = start.cols();
  auto assignment = objective.assign(start, options.threads);
  internal::ExchangePartition<O> partition(objective, std::move(assignment.labels), k);
  const Centers<Real, O::dim> from = start.template cast<Real>();
  auto moments = partition.moments(from);
  if (!std::isfinite(moments.value())) {
    result.status = HartiganWongStatus::non_finite;
  } else {
    ThreadTeam team(options.threads);
    auto view = partition.make_view();
    if (options.keep_values) result.values.push_back(moments.value());
    if (options.max_passes > 0) result.filled = partition.fill_empty_cells();
    for (bool moved = true;;) {
      if (!moved) {
        // The proof, from sums and costs computed anew. Should it find a move, the passes go on with nothing skipped.
        partition.sum_again();
        const Real rise = partition.least_rise(team);
        if (rise >= 0) {
          result.status = HartiganWongStatus::d_local;
          result.margin = static_cast<double>(rise);
          break;
        }
      }
      if (result.passes == options.max_passes) {
        result.status = HartiganWongStatus::pass_limit;
        break;
      }
      if (options.progress && !options.progress({"passes", result.passes, options.max_passes})) {
        result.status = HartiganWongStatus::stopped_by_callback;
        break;
      }
      const std::int64_t before = partition.exchanges();
      partition.full_pass(view);
      result.passes += 1;
      moved = partition.exchanges() > before;
      bool again = moved;
      for (int quick = 0; again && quick < internal::quick_passes_at_most; ++quick) {
        again = partition.quick_pass(view);
        result.quick_passes += 1;
      }
      if (options.keep_values) result.values.push_back(partition.moments(from).value());
    }
    if (result.status != HartiganWongStatus::d_local) partition.sum_again();
    moments = partition.moments(from);
  }

  result.exchanges = partition.exchanges();
  result.labels = partition.labels();
  result.counts = partition.counts();
  result.empty_cells = (result.counts == 0).count();
  if (result.status == HartiganWongStatus::non_finite) {
    result.centers = from;
    result.cells = std::move(assignment.cells);
  } else {
    result.cells.mass = std::move(moments.mass);
    result.cells.centroid = moments.centroid;
    result.cells.distortion = std::move(moments.distortion);
    result.centers = std::move(moments.centroid);
  }
  result.value = result.cells.value();
  return result;
}

}  // namespace kmscape

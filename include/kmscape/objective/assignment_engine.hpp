// The pass over the data that everything else is made of: which points change their cell, and what that does to sums.
//
// Sums are exact (exact_sums.hpp), so a pass only moves the points whose label changes; labels come from the filter
// (nearest_filter.hpp) and, where it is not certain, from the arithmetic that decides (nearest_center.hpp). The result
// depends on neither the order of the work nor the number of threads nor the engine.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/objective/exact_sums.hpp>
#include <kmscape/objective/nearest_center.hpp>
#include <kmscape/objective/nearest_filter.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/objective/squared_distance.hpp>

namespace kmscape {

/// For given centers: the cell of every point and the moments of every cell, all of the same pass.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct Assignment {
  Labels labels;                   // n: nearest center, ties to the lowest index
  Counts counts;                   // k: points in each cell
  CellMoments<Scalar, Dim> cells;  // k: weight, centroid and distortion of each cell

  [[nodiscard]] Sum<Scalar> value() const { return cells.value(); }
};

/// The ways to label points, pass after pass, while centers move. All give the same labels, ties included; they differ
/// in what they skip and in what they remember for it.
enum class Engine {
  automatic,  // by size, and by what bounds are seen to save
  brute,      // every point against every center, by a kernel that the others share: O(k d) memory
  hamerly,    // one bound a point: O(n + k d)
  yinyang,    // one bound a group of centers: O(n k / 12 + k d)
  elkan,      // one bound a center: O(n k + k d)
};

[[nodiscard]] constexpr std::string_view to_string(Engine engine) {
  switch (engine) {
    case Engine::automatic:
      return "automatic";
    case Engine::brute:
      return "brute";
    case Engine::hamerly:
      return "hamerly";
    case Engine::yinyang:
      return "yinyang";
    case Engine::elkan:
      return "elkan";
  }
  return "unknown";
}

namespace internal {

/// The least and the greatest value and the sum of every coordinate of the points seen so far.
template <std::floating_point Scalar>
struct CoordinateRanges {
  Eigen::Array<Scalar, Eigen::Dynamic, 1> least, greatest;  // d
  Eigen::Array<Sum<Scalar>, Eigen::Dynamic, 1> sum;         // d
  Index count = 0;

  void add(const PointSpan<Scalar>& points) {
    const Index d = points.dimension;
    if (count == 0) {
      least = greatest = Eigen::Map<const Eigen::Array<Scalar, Eigen::Dynamic, 1>>(points.data, d);
      sum.setZero(d);
    }
    // Runs of whole points are treated as one long point, so that small dimensions fill the registers too.
    const Index run = std::max<Index>(1, 64 / d), length = run * d;
    Eigen::Array<Scalar, Eigen::Dynamic, 1> low = least.replicate(run, 1), high = greatest.replicate(run, 1);
    Eigen::Array<Sum<Scalar>, Eigen::Dynamic, 1> total;
    total.setZero(length);
    Index i = 0;
    for (; i + run <= points.size; i += run) {
      const Eigen::Map<const Eigen::Array<Scalar, Eigen::Dynamic, 1>> x(points.point(i), length);
      low = low.min(x);
      high = high.max(x);
      total += x.template cast<Sum<Scalar>>();
    }
    for (Index r = 0; r < run; ++r) {
      least = least.min(low.segment(r * d, d));
      greatest = greatest.max(high.segment(r * d, d));
      sum += total.segment(r * d, d);
    }
    for (; i < points.size; ++i) {
      const Eigen::Map<const Eigen::Array<Scalar, Eigen::Dynamic, 1>> x(points.point(i), d);
      least = least.min(x);
      greatest = greatest.max(x);
      sum += x.template cast<Sum<Scalar>>();
    }
    count += points.size;
  }
};

/// What all passes over one data set share.
template <std::floating_point Scalar>
struct DataLayout {
  FilterFrame<Scalar> frame;
  typename ExactSums<Scalar>::Layout sums;
  Index points = 0;
  double largest = 0;   // coordinate, in absolute value
  double heaviest = 1;  // weight

  /// From the ranges of all points and the largest weight (0: none).
  DataLayout(const CoordinateRanges<Scalar>& ranges, Sum<Scalar> largest_weight) {
    using Real = Sum<Scalar>;
    const auto& least = ranges.least;
    const auto& greatest = ranges.greatest;
    const Index d = least.size(), n = ranges.count;
    points = n;
    const Real weight = largest_weight > 0 ? largest_weight : Real(1);
    heaviest = static_cast<double>(weight);
    sums.is_weighted = largest_weight > 0;
    sums.weights = SumGrid<Real>(weight, n);
    sums.coordinates.resize(d, 2);
    Real reach = 0;
    frame.origin.resize(d);
    for (Index s = 0; s < d; ++s) {
      const Real size = std::max(std::abs(static_cast<Real>(least(s))), std::abs(static_cast<Real>(greatest(s))));
      const SumGrid<Real> grid(size * weight, n);
      sums.coordinates(s, 0) = grid.high;
      sums.coordinates(s, 1) = grid.low;
      largest = std::max(largest, static_cast<double>(size));
      // Where the sum overflowed, any point of the range will do.
      const Real mean = ranges.sum(s) / static_cast<Real>(n);
      const Real middle = std::isfinite(mean) ? mean : static_cast<Real>(least(s));
      frame.origin(s) = std::clamp(static_cast<Scalar>(middle), least(s), greatest(s));
      reach = std::max({reach, static_cast<Real>(greatest(s)) / 2 - static_cast<Real>(frame.origin(s)) / 2,
                        static_cast<Real>(frame.origin(s)) / 2 - static_cast<Real>(least(s)) / 2});
    }
    int exponent = 0;
    if (reach > 0) std::frexp(reach, &exponent);
    const int most = std::numeric_limits<Scalar>::max_exponent - 2;
    frame.scale = std::ldexp(Scalar(1), std::clamp(-exponent - 1, -most, most));
  }

  /// Whether neither the data's squared distances to the centers nor their sum over n points can overflow.
  template <class Derived>
  [[nodiscard]] bool stays_finite(const Eigen::MatrixBase<Derived>& centers) const {
    const double reach = largest + static_cast<double>(centers.cwiseAbs().maxCoeff());
    return reach < 1e100 && heaviest < 1e60;
  }
};

/// The layout of points in memory. O(n d).
template <class Scalar>
[[nodiscard]] DataLayout<Scalar> data_layout(const PointSpan<Scalar>& points, const Scalar* weights) {
  CoordinateRanges<Scalar> ranges;
  ranges.add(points);
  Sum<Scalar> largest_weight = 0;
  for (Index i = 0; weights && i < points.size; ++i)
    largest_weight = std::max(largest_weight, static_cast<Sum<Scalar>>(weights[i]));
  return DataLayout<Scalar>(ranges, largest_weight);
}

/// Some consecutive points of a data set: all of them, or a block of a stream.
template <class Scalar>
struct PointBlock {
  PointSpan<Scalar> points;
  const Scalar* weights;  // null: all 1
  Label* labels;          // of these points, updated in place; -1: none yet

  [[nodiscard]] Sum<Scalar> weight(Index i) const { return weights ? static_cast<Sum<Scalar>>(weights[i]) : 1; }
};

/// What one pass did.
struct PassReport {
  Index changed = 0;            // labels
  std::uint64_t signature = 0;  // sums over passes to equal numbers when the labels are equal
  Index uncertain = 0;          // points that the filter left to the arithmetic that decides
  std::int64_t distances = 0;   // between points and centers, scores included

  void add(const PassReport& other) {
    changed += other.changed;
    signature += other.signature;
    uncertain += other.uncertain;
    distances += other.distances;
  }
};

/// Points per task of a pass, and per partial sum of the objective: at most 128 chunks, each of at least 1024 points
/// and of at least k, so that partial sums never need more memory than the data.
[[nodiscard]] inline Index chunk_size(Index n, Index k) { return std::max({Index{1024}, (n + 127) / 128, k}); }

/// Threads are started only where a pass over n points takes longer than waking them.
[[nodiscard]] inline int useful_threads(Index n, Index dimension, Index k, int threads) {
  if (n * k * dimension < (Index{1} << 20)) return 1;
  const Index size = chunk_size(n, k), chunks = (n + size - 1) / size;
  return static_cast<int>(std::min<Index>(threads, chunks));
}

/// Labels points with their nearest centers, pass after pass.
template <std::floating_point Scalar>
class AssignmentEngine {
 public:
  using Real = Sum<Scalar>;

  AssignmentEngine() = default;
  AssignmentEngine(const AssignmentEngine&) = delete;
  AssignmentEngine& operator=(const AssignmentEngine&) = delete;
  virtual ~AssignmentEngine() = default;

  /// Updates labels and sums to `centers` (d x k).
  virtual PassReport pass(const PointBlock<Scalar>& block, const Real* centers, Index k, ExactSums<Scalar>& sums,
                          ThreadTeam& team) = 0;

  /// The way the last pass was made.
  [[nodiscard]] virtual Engine kind() const = 0;

  /// Forgets what earlier passes found: the labels were reset, or the centers have other indices.
  virtual void restart() {}
};

/// One thread's tools: it labels panels of points and keeps account of what changes.
template <class Scalar>
class PassWorker {
 public:
  using Real = Sum<Scalar>;
  using Group = PointGroup<Scalar>;
  static constexpr bool has_filter = !std::is_same_v<Scalar, long double>;
  using Panel = FilterPanel<std::conditional_t<has_filter, Scalar, double>>;

  PassWorker(Index dimension, const DataLayout<Scalar>& layout) : size_(layout.points), group_(dimension) {
    if constexpr (has_filter) panel_ = std::make_unique<Panel>(PointSpan<Scalar>{nullptr, dimension, 0}, layout.frame);
  }

  /// Starts a pass whose changes go to `sums`.
  void begin(const PointBlock<Scalar>& block, const Real* centers, Index k, ExactSums<Scalar>& sums) {
    block_ = &block;
    centers_ = centers;
    k_ = k;
    sums_ = &sums;
    report = {};
    waiting_ = 0;
    // A block that holds all points is the same at every pass.
    if constexpr (has_filter) panel_->read(block.points, block.points.size == size_);
  }

  [[nodiscard]] Panel& panel() { return *panel_; }

  /// Takes over the panel's labels for points point_of(0), ..., point_of(used - 1).
  template <class PointOf>
  void commit_panel(const PointOf& point_of, int used) {
    ChosenLanes<filter_packs> moving;
    const auto move = [&](int p, Label to) { commit(point_of(p), to); };
    for (int u = 0; u * filter_lanes < used; ++u) {
      const int count = std::min(filter_lanes, used - u * filter_lanes);
      const auto present = static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
      const std::uint32_t uncertain = panel_->uncertain(u) & present;
      const auto index = panel_->index(u);
      IntegerPack<float> old{};
      if constexpr (std::is_same_v<PointOf, Consecutive>) {
        const Label* from = block_->labels + point_of(u * filter_lanes);
        if (count == filter_lanes)
          old = load_pack<IntegerPack<float>>(from);
        else
          for (int p = 0; p < count; ++p) old[p] = from[p];
      } else {
        for (int p = 0; p < count; ++p) old[p] = block_->labels[point_of(u * filter_lanes + p)];
      }
      const std::uint32_t changed = lane_bits(index != old) & present & ~uncertain;
      moving.add(changed, u * filter_lanes, index, move);
      for (std::uint32_t left = uncertain; left != 0; left &= left - 1)
        decide_later(point_of(u * filter_lanes + std::countr_zero(left)));
    }
    moving.finish(move);
  }

  /// Labels points first, ..., last - 1 by the arithmetic that decides.
  void decide(Index first, Index last) {
    typename Group::Integers index;
    for (Index start = first; start < last; start += Group::width) {
      const int used = static_cast<int>(std::min<Index>(Group::width, last - start));
      group_.load(block_->points, start, used);
      group_.nearest(centers_, k_, index);
      for (int p = 0; p < used; ++p) commit(start + p, static_cast<Label>(index[static_cast<std::size_t>(p)]));
    }
    report.distances += (last - first) * k_;
  }

  /// The same for one point, at the latest when `finish` is called.
  void decide_later(Index i) {
    undecided_[static_cast<std::size_t>(waiting_++)] = i;
    ++report.uncertain;
    if (waiting_ == Group::width) finish();
  }

  void finish() {
    if (waiting_ == 0) return;
    typename Group::Integers index;
    group_.load(block_->points, undecided_.data(), waiting_);
    group_.nearest(centers_, k_, index);
    for (int p = 0; p < waiting_; ++p)
      commit(undecided_[static_cast<std::size_t>(p)], static_cast<Label>(index[static_cast<std::size_t>(p)]));
    report.distances += waiting_ * k_;
    waiting_ = 0;
  }

  /// Gives point i to cell `to`.
  void commit(Index i, Label to) {
    Label& label = block_->labels[i];
    if (label == to) return;
    const Scalar* x = block_->points.point(i);
    const Real weight = block_->weight(i);
    if (label >= 0) {
      sums_->move(x, weight, label, to);
      report.signature += signature(i, to) - signature(i, label);
    } else {
      sums_->add(x, weight, to);
    }
    label = to;
    ++report.changed;
  }

  /// Points that follow one another in memory.
  struct Consecutive {
    Index first;
    Index operator()(int p) const { return first + p; }
  };
  /// Points of a list.
  struct Listed {
    const Index* list;
    Index operator()(int p) const { return list[p]; }
  };

  PassReport report;
  // Room for engines that gather points and for those that group centers.
  std::vector<Index> list, sorted, starts;
  std::vector<typename Panel::Lowest> lowest;
  std::vector<std::int8_t> wanted;

 private:
  /// A number for "point i is in this cell" whose sums over points collide only by accident.
  [[nodiscard]] static std::uint64_t signature(Index i, Label cell) {
    std::uint64_t z = static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15u + static_cast<std::uint64_t>(cell);
    z = (z ^ (z >> 29)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 32)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  Index size_;  // of the data set
  Group group_;
  std::unique_ptr<Panel> panel_;
  std::array<Index, static_cast<std::size_t>(Group::width)> undecided_;
  int waiting_ = 0;
  const PointBlock<Scalar>* block_ = nullptr;
  const Real* centers_ = nullptr;
  Index k_ = 0;
  ExactSums<Scalar>* sums_ = nullptr;
};

/// A worker for every thread of a team, each with sums of its own beside the first, which adds to the caller's.
template <class Scalar>
class PassCrew {
 public:
  using Worker = PassWorker<Scalar>;

  PassCrew(Index dimension, const DataLayout<Scalar>& layout) : dimension_(dimension), layout_(layout) {}

  /// The workers of a team's threads, for an engine that gives them room before they start.
  [[nodiscard]] std::span<const std::unique_ptr<Worker>> workers(const ThreadTeam& team) {
    const auto size = static_cast<std::size_t>(team.size());
    while (workers_.size() < size) workers_.push_back(std::make_unique<Worker>(dimension_, layout_));
    return {workers_.data(), size};
  }

  /// Runs `task(worker, first, last)` over chunks of the block and adds up what the workers changed.
  template <class Task>
  PassReport run(const PointBlock<Scalar>& block, const Sum<Scalar>* centers, Index k, ExactSums<Scalar>& sums,
                 ThreadTeam& team, const Task& task) {
    const auto crew = workers(team);
    const std::size_t size = crew.size();
    if (partial_.size() + 1 < size) partial_.resize(size - 1);
    crew[0]->begin(block, centers, k, sums);
    for (std::size_t w = 1; w < size; ++w) {
      partial_[w - 1].reset(layout_.sums, k);
      crew[w]->begin(block, centers, k, partial_[w - 1]);
    }
    const Index n = block.points.size, chunk = chunk_size(n, k);
    team.run((n + chunk - 1) / chunk, [&](Index c, int worker) {
      task(*crew[static_cast<std::size_t>(worker)], c * chunk, std::min(n, (c + 1) * chunk));
    });
    PassReport report;
    for (std::size_t w = 0; w < size; ++w) {
      crew[w]->finish();
      report.add(crew[w]->report);
      if (w > 0) sums.add(partial_[w - 1]);
    }
    return report;
  }

 private:
  Index dimension_;
  const DataLayout<Scalar>& layout_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<ExactSums<Scalar>> partial_;
};

/// Every point against every center.
template <class Scalar>
class BruteEngine final : public AssignmentEngine<Scalar> {
 public:
  using Real = Sum<Scalar>;
  using Worker = PassWorker<Scalar>;

  BruteEngine(Index dimension, const DataLayout<Scalar>& layout) : layout_(layout), crew_(dimension, layout) {}

  [[nodiscard]] Engine kind() const override { return Engine::brute; }

  PassReport pass(const PointBlock<Scalar>& block, const Real* centers, Index k, ExactSums<Scalar>& sums,
                  ThreadTeam& team) override {
    const bool filtered = k > 1 && layout_.frame.is_useful() && direct_passes_ == 0;
    if constexpr (Worker::has_filter)
      if (filtered) filter_.assign(centers, k, layout_.frame);
    const auto report = crew_.run(block, centers, k, sums, team, [&](Worker& worker, Index first, Index last) {
      if constexpr (Worker::has_filter) {
        if (filtered) {
          for (Index start = first; start < last; start += filter_width) {
            const int used = static_cast<int>(std::min<Index>(filter_width, last - start));
            worker.panel().find_nearest(start, used, filter_);
            worker.commit_panel(typename Worker::Consecutive{start}, used);
            worker.report.distances += used * k;
          }
          return;
        }
      }
      worker.decide(first, last);
    });
    // Where many points are uncertain (clusters that are tiny beside their distances) the filter costs more than it
    // saves; it is tried again after a while, since centers move apart.
    if (filtered && 4 * report.uncertain > block.points.size)
      direct_passes_ = 16;
    else
      direct_passes_ = std::max(0, direct_passes_ - 1);
    return report;
  }

 private:
  const DataLayout<Scalar>& layout_;
  PassCrew<Scalar> crew_;
  FilterCenters filter_;
  int direct_passes_ = 0;
};

/// The objective's terms, cell by cell: distortion(j) = sum over cell j of w_i |x_i - c_j|^2. Terms are added in order
/// within chunks of the data set and chunks in order, however the blocks are cut.
template <std::floating_point Scalar>
class DistortionSums {
 public:
  using Real = Sum<Scalar>;

  /// For n points in all.
  void reset(Index n, Index k) {
    chunk_ = chunk_size(n, k);
    total_.setZero(k);
    partial_.setZero(k, (n + chunk_ - 1) / chunk_);
  }

  /// Adds the points of a block whose first point is number `offset` of the data set. Blocks come in order.
  void add(const PointBlock<Scalar>& block, Index offset, const Real* centers, ThreadTeam& team) {
    const Index n = block.points.size, d = block.points.dimension;
    if (n == 0) return;
    const Index first_chunk = offset / chunk_, last_chunk = (offset + n - 1) / chunk_;
    team.run(last_chunk - first_chunk + 1, [&](Index task, int) {
      const Index chunk = first_chunk + task;
      const Index first = std::max<Index>(chunk * chunk_ - offset, 0);
      const Index last = std::min(n, (chunk + 1) * chunk_ - offset);
      Real* sums = partial_.data() + chunk * partial_.rows();
      // A dimension that the compiler knows costs no loop.
      if (d == 2)
        add_range(block, first, last, centers, std::integral_constant<Index, 2>{}, sums);
      else if (d == 4)
        add_range(block, first, last, centers, std::integral_constant<Index, 4>{}, sums);
      else
        add_range(block, first, last, centers, d, sums);
    });
  }

  [[nodiscard]] const Weights<Real>& total() {
    total_.setZero();
    for (Index c = 0; c < partial_.cols(); ++c) total_ += partial_.col(c);
    return total_;
  }

 private:
  template <class Size>
  [[gnu::always_inline]] static void add_range(const PointBlock<Scalar>& block, Index first, Index last,
                                               const Real* centers, Size d, Real* sums) {
    for (Index i = first; i < last; ++i) {
      const Label label = block.labels[i];
      sums[label] += block.weight(i) * squared_distance(block.points.point(i), centers + label * d, d);
    }
  }

  Index chunk_ = 1;
  Weights<Real> total_;
  Eigen::Array<Real, Eigen::Dynamic, Eigen::Dynamic> partial_;  // k x chunks
};

/// Sums and distortions of the cells of `centers` as moments; an empty cell keeps its center.
template <int Dim, class Scalar>
[[nodiscard]] CellMoments<Scalar, Dim> moments(const ExactSums<Scalar>& sums, const FittedCenters<Scalar, Dim>& centers,
                                               const Weights<Sum<Scalar>>& distortions) {
  const Index k = centers.cols();
  CellMoments<Scalar, Dim> result{Weights<Sum<Scalar>>(k), centers, distortions};
  for (Index j = 0; j < k; ++j) {
    result.mass(j) = sums.mass(j);
    if (sums.counts()(j) > 0) sums.mean(j, result.centroid.col(j).data());
  }
  return result;
}

/// An objective whose points come in blocks, from memory or from elsewhere, always in the same order:
///
///     Index size() const;                                // n
///     const DataLayout<Scalar>& layout() const;
///     void for_each_block(Labels& labels, visit) const;  // visit(PointBlock<Scalar>, number of its first point)
template <class O>
concept BlockObjective = Objective<O> && requires(const O& objective, Labels& labels) {
  { objective.size() } -> std::convertible_to<Index>;
  { objective.layout() } -> std::same_as<const DataLayout<typename O::Scalar>&>;
  objective.for_each_block(labels, [](const PointBlock<typename O::Scalar>&, Index) {});
};

/// One pass over all blocks: nearest centers and the cells' moments.
template <int Dim, BlockObjective O>
[[nodiscard]] Assignment<typename O::Scalar, Dim> assign_blocks(const O& objective,
                                                                const FittedCenters<typename O::Scalar, Dim>& centers,
                                                                int threads) {
  using Scalar = typename O::Scalar;
  const Index n = objective.size(), k = centers.cols();
  ThreadTeam team(useful_threads(n, centers.rows(), k, threads));
  Assignment<Scalar, Dim> result;
  result.labels.setConstant(n, -1);
  ExactSums<Scalar> sums;
  sums.reset(objective.layout().sums, k);
  DistortionSums<Scalar> distortions;
  distortions.reset(n, k);
  BruteEngine<Scalar> engine(centers.rows(), objective.layout());
  objective.for_each_block(result.labels, [&](const PointBlock<Scalar>& block, Index offset) {
    engine.pass(block, centers.data(), k, sums, team);
    distortions.add(block, offset, centers.data(), team);
  });
  result.counts = sums.counts();
  result.cells = moments<Dim>(sums, centers, distortions.total());
  return result;
}

}  // namespace internal
}  // namespace kmscape

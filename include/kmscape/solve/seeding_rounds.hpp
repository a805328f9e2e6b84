// The squared distance D_i^2 of every point to its nearest center, for k-means||: all candidates of a round come at
// once, and the pass over the data that lowers the distances also draws the candidates of the next round.
//
// The pass asks for points in the order in which they come and needs each only once, so that they may come from memory
// or from a stream: what a round draws has the same bits in both. Blocks of 256 points, counted from the first, have
// their sums and their random stream; where a source cuts them, at most 256 points wait for the rest. The nearest
// candidate is found by the filter of nearest_filter.hpp and, where that is not certain, by the arithmetic that
// decides.
//
// A point is drawn if its uniform number u is below l w_i D_i^2 / sum w D^2, and the sum is known at the end only, when
// the points of a stream are gone. The sum so far is no larger, so that u against it finds all that can be drawn; these
// are kept with their coordinates, and few: about l log n where the data is in no particular order.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/core/simd.hpp>
#include <kmscape/objective/assignment_engine.hpp>
#include <kmscape/objective/nearest_center.hpp>
#include <kmscape/objective/nearest_filter.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/objective/squared_distance.hpp>
#include <kmscape/solve/seeding_distances.hpp>

namespace kmscape::internal {

/// One pass: visit(PointBlock<Scalar>, number of its first point).
template <BlockObjective O, class Visit>
void read_points(const O& objective, const Visit& visit) {
  Labels unused(objective.size());  // never written: address space, not memory
  objective.for_each_block(unused, visit);
}

/// The points of these numbers as columns; from a stream in one pass.
template <BlockObjective O>
[[nodiscard]] FittedCenters<typename O::Scalar, O::dim> points_at(const O& objective,
                                                                  const std::vector<Index>& points) {
  using Real = Sum<typename O::Scalar>;
  const auto count = static_cast<Index>(points.size());
  FittedCenters<typename O::Scalar, O::dim> result(objective.dimension(), count);
  if constexpr (DataObjective<O>) {
    for (Index j = 0; j < count; ++j)
      result.col(j) = objective.points().col(points[static_cast<std::size_t>(j)]).template cast<Real>();
  } else {
    std::vector<std::size_t> order(points.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return points[a] < points[b]; });
    auto next = order.begin();
    read_points(objective, [&](const PointBlock<typename O::Scalar>& block, Index offset) {
      for (; next != order.end() && points[*next] < offset + block.points.size; ++next) {
        const auto* x = block.points.point(points[*next] - offset);
        for (Index s = 0; s < result.rows(); ++s) result(s, static_cast<Index>(*next)) = static_cast<Real>(x[s]);
      }
    });
  }
  return result;
}

/// Hands on what a source gives in any pieces as runs of whole blocks of `size` points, the data's last points as they
/// are left.
template <class Scalar>
class WholeBlocks {
 public:
  WholeBlocks(Index dimension, Index n, Index size) : d_(dimension), n_(n), size_(size) {}

  /// Calls `visit(points, number of the first)`, at most twice. Points come in order, the first being number `offset`.
  template <class Visit>
  void add(const PointSpan<Scalar>& points, Index offset, const Visit& visit) {
    Index at = 0;
    if (waiting_ > 0) {
      at = std::min(size_ - waiting_, points.size);
      wait(points, 0, at);
      if (waiting_ < size_ && offset + at < n_) return;
      visit(PointSpan<Scalar>{buffer_.data(), d_, waiting_}, offset + at - waiting_);
      waiting_ = 0;
    }
    const Index left = points.size - at;
    const Index whole = offset + points.size == n_ ? left : left / size_ * size_;
    if (whole > 0) visit(PointSpan<Scalar>{points.point(at), d_, whole}, offset + at);
    wait(points, at + whole, left - whole);
  }

 private:
  void wait(const PointSpan<Scalar>& points, Index first, Index count) {
    if (count == 0) return;
    buffer_.resize(static_cast<std::size_t>(size_ * d_));
    std::copy_n(points.point(first), count * d_, buffer_.data() + waiting_ * d_);
    waiting_ += count;
  }

  Index d_, n_, size_;
  Index waiting_ = 0;
  std::vector<Scalar> buffer_;
};

/// Centers that come together, d x count, the first of them number `first`; without a filter where it is of no use.
template <class Scalar>
struct RoundCenters {
  const Sum<Scalar>* data;
  Index count, first;
  const FilterCenters* filter;
};

/// One thread's tools for one pass.
template <class Scalar>
class RoundWorker {
 public:
  using Real = Sum<Scalar>;
  static constexpr Index block = 256;

  RoundWorker(Index dimension, const DataLayout<Scalar>& layout) : group_(dimension) {
    if constexpr (has_filter) panel_ = std::make_unique<Panel>(PointSpan<Scalar>{nullptr, dimension, 0}, layout.frame);
  }

  /// Lowers D^2 of points first, ..., first + count - 1, at most a block of them; a point that comes closer takes the
  /// center for its label.
  void lower(const PointSpan<Scalar>& points, Index first, Index count, const RoundCenters<Scalar>& centers,
             Real* distance, Label* label) {
    find_nearest(points, first, count, centers);
    const Index d = points.dimension;
    for (Index p = 0; p < count; ++p) {
      const Label nearest = nearest_[static_cast<std::size_t>(p)];
      const Real squared = squared_distance(points.point(first + p), centers.data + nearest * d, d);
      if (!(squared < distance[p])) continue;
      distance[p] = squared;
      label[p] = static_cast<Label>(centers.first) + nearest;
    }
  }

 private:
  using Group = PointGroup<Scalar>;
  static constexpr bool has_filter = !std::is_same_v<Scalar, long double>;
  using Panel = FilterPanel<std::conditional_t<has_filter, Scalar, double>>;

  void find_nearest(const PointSpan<Scalar>& points, Index first, Index count, const RoundCenters<Scalar>& centers) {
    nearest_.fill(0);
    if (centers.count == 1) return;
    // Where many points are uncertain (copies among the centers, or clusters tiny beside their distances), the filter
    // costs more than it saves.
    const bool filtered = centers.filter != nullptr && 4 * uncertain_ <= seen_ + 16 * block;
    Index undecided = 0;
    if (filtered) {
      if constexpr (has_filter) undecided = filter_nearest(points, first, count, *centers.filter);
      seen_ += count;
      uncertain_ += undecided;
    } else {
      for (; undecided < count; ++undecided) undecided_[static_cast<std::size_t>(undecided)] = first + undecided;
    }
    typename Group::Integers index;
    for (Index start = 0; start < undecided; start += Group::width) {
      const int used = static_cast<int>(std::min<Index>(Group::width, undecided - start));
      const Index* list = undecided_.data() + start;
      group_.load(points, list, used);
      group_.nearest(centers.data, centers.count, index);
      for (int p = 0; p < used; ++p)
        nearest_[static_cast<std::size_t>(list[p] - first)] = static_cast<Label>(index[static_cast<std::size_t>(p)]);
    }
  }

  /// Returns how many points remain undecided.
  Index filter_nearest(const PointSpan<Scalar>& points, Index first, Index count, const FilterCenters& filter) {
    std::size_t undecided = 0;
    panel_->read(points);
    for (Index start = 0; start < count; start += filter_width) {
      const int used = static_cast<int>(std::min<Index>(filter_width, count - start));
      panel_->find_nearest(first + start, used, filter);
      for (int u = 0; u * filter_lanes < used; ++u) {
        const int here = std::min(filter_lanes, used - u * filter_lanes);
        const Index place = start + u * filter_lanes;
        const auto index = panel_->index(u);
        std::memcpy(nearest_.data() + place, &index, static_cast<std::size_t>(here) * sizeof(Label));
        auto left = panel_->uncertain(u) & static_cast<std::uint32_t>((std::uint64_t{1} << here) - 1);
        for (; left != 0; left &= left - 1) undecided_[undecided++] = first + place + std::countr_zero(left);
      }
    }
    return static_cast<Index>(undecided);
  }

  Group group_;
  std::unique_ptr<Panel> panel_;
  std::array<Label, static_cast<std::size_t>(block)> nearest_;
  std::array<Index, static_cast<std::size_t>(block)> undecided_;
  Index seen_ = 0, uncertain_ = 0;  // by the filter in this pass
};

/// Points that were drawn, as numbers and as columns.
template <std::floating_point Scalar, int Dim>
struct RoundSample {
  std::vector<Index> points;
  FittedCenters<Scalar, Dim> centers;
};

template <BlockObjective O>
class RoundDistances : public BlockedDistances<Sum<typename O::Scalar>> {
 public:
  using Scalar = typename O::Scalar;
  using Real = Sum<Scalar>;
  using CentersType = FittedCenters<Scalar, O::dim>;
  using Sample = RoundSample<Scalar, O::dim>;

  /// Weights are read in a pass of their own.
  RoundDistances(const O& objective, ThreadTeam& team)
      : Base(objective.size(), Worker::block, objective.is_weighted()), objective_(objective), team_(team) {
    label_.setZero(blocks_ * block_);
    if (weight_.size() > 0)
      objective_.for_each_block(label_, [&](const PointBlock<Scalar>& block, Index offset) {
        for (Index i = 0; i < block.points.size; ++i) weight_(offset + i) = block.weight(i);
      });
  }

  /// Adds the columns (d x m) as centers, in one pass.
  void lower(const CentersType& added) {
    if (added.cols() > 0) pass(added, [](const PointSpan<Scalar>&, Index) {});
  }

  /// The same, and draws every point on its own with probability min(1, expected w_i D_i^2 / total()); block b draws
  /// from stream b of the seed.
  [[nodiscard]] Sample lower_and_sample(const CentersType& added, Real expected, Seed seed) {
    Drawn drawn{expected, seed, {}, {}, {}};
    std::size_t limit = 4096;
    pass(added, [&](const PointSpan<Scalar>& points, Index first) {
      draw(points, first, drawn);
      if (drawn.points.size() <= limit) return;
      thin(drawn, reached(first + points.size));
      limit = std::max(limit, 2 * drawn.points.size());
    });
    thin(drawn, this->total());
    using Columns = Eigen::Map<const CentersType>;
    return {drawn.points,
            Columns(drawn.coordinates.data(), objective_.dimension(), static_cast<Index>(drawn.points.size()))};
  }

  /// A point drawn with probability proportional to w_i D_i^2; -1 if all are zero. O(log n).
  [[nodiscard]] Index draw(RandomStream& stream) const { return this->draw_place(stream); }

  [[nodiscard]] Real weight(Index i) const { return weight_.size() > 0 ? weight_(i) : Real(1); }

  /// The total weight of the points nearest to each center, ties to the earliest.
  [[nodiscard]] Weights<Real> masses() const {
    Weights<Real> result;
    result.setZero(count_);
    for (Index i = 0; i < n_; ++i) result(label_(i)) += weight(i);
    return result;
  }

  /// D^2 of a point.
  [[nodiscard]] Real at(Index point) const { return distance_(point); }

  [[nodiscard]] Index centers() const { return count_; }
  [[nodiscard]] Index computed() const { return n_ * count_; }
  [[nodiscard]] Index skipped() const { return 0; }

 private:
  using Base = BlockedDistances<Real>;
  using Base::block_, Base::blocks_, Base::distance_, Base::n_, Base::points_in, Base::prefix_, Base::share_at,
      Base::sum_, Base::sum_of, Base::weight_;
  using Worker = RoundWorker<Scalar>;
  static constexpr Index blocks_per_task = 32;

  /// Points that may have been drawn.
  struct Drawn {
    Real expected;
    Seed seed;
    std::vector<Index> points;
    std::vector<Real> uniform, coordinates;

    [[nodiscard]] bool takes(Real u, Real share, Real total) const { return u < expected * (share / total); }
  };

  /// The sum of w D^2 over the points before `last`, which ends a block.
  [[nodiscard]] Real reached(Index last) const { return prefix_[static_cast<std::size_t>((last - 1) / block_)]; }

  /// Calls `then(points, number of the first)` after each run of blocks whose distances were lowered.
  template <class Then>
  void pass(const CentersType& added, const Then& then) {
    const auto& layout = objective_.layout();
    std::vector<std::unique_ptr<Worker>> workers;
    for (int w = 0; w < team_.size(); ++w) workers.push_back(std::make_unique<Worker>(objective_.dimension(), layout));
    FilterCenters filter;
    RoundCenters<Scalar> centers{added.data(), added.cols(), count_, nullptr};
    if constexpr (!std::is_same_v<Scalar, long double>)
      if (added.cols() > 1 && layout.frame.is_useful()) {
        filter.assign(added.data(), added.cols(), layout.frame);
        centers.filter = &filter;
      }
    WholeBlocks<Scalar> whole_blocks(objective_.dimension(), n_, block_);
    objective_.for_each_block(label_, [&](const PointBlock<Scalar>& block, Index offset) {
      whole_blocks.add(block.points, offset, [&](const PointSpan<Scalar>& points, Index first) {
        if (centers.count > 0) {
          for_each_block(first, points.size, [&](Index b, int worker) {
            Real* distance = distance_.data() + b * block_;
            workers[static_cast<std::size_t>(worker)]->lower(points, b * block_ - first, points_in(b), centers,
                                                             distance, label_.data() + b * block_);
            sum_(b) = sum_of(b, distance);
          });
          this->add_up(first / block_, (first + points.size - 1) / block_ + 1);
        }
        then(points, first);
      });
    });
    count_ += added.cols();
  }

  /// Calls `body(b, worker)` for the blocks of points first, ..., first + count - 1.
  template <class Body>
  void for_each_block(Index first, Index count, const Body& body) {
    const Index begin = first / block_, end = (first + count - 1) / block_ + 1;
    team_.run((end - begin + blocks_per_task - 1) / blocks_per_task, [&](Index t, int worker) {
      const Index from = begin + t * blocks_per_task;
      for (Index b = from; b < std::min(end, from + blocks_per_task); ++b) body(b, worker);
    });
  }

  /// Adds what may be drawn of points first, ... to `drawn`.
  void draw(const PointSpan<Scalar>& points, Index first, Drawn& drawn) {
    const Real total = reached(first + points.size);
    const Index begin = first / block_;
    found_.resize(static_cast<std::size_t>((points.size + block_ - 1) / block_));
    for_each_block(first, points.size, [&](Index b, int) {
      auto& found = found_[static_cast<std::size_t>(b - begin)];
      found.clear();
      if (!(sum_(b) > 0)) return;
      RandomStream stream(drawn.seed, static_cast<std::uint64_t>(b));
      for (Index i = b * block_; i < b * block_ + points_in(b); ++i) {
        const Real u = static_cast<Real>(stream.uniform());
        if (drawn.takes(u, share_at(i), total)) found.emplace_back(i, u);
      }
    });
    for (const auto& found : found_)
      for (const auto& [i, u] : found) {
        drawn.points.push_back(i);
        drawn.uniform.push_back(u);
        const Scalar* x = points.point(i - first);
        drawn.coordinates.insert(drawn.coordinates.end(), x, x + points.dimension);
      }
  }

  /// Drops what is not drawn when the sum is at least `total`.
  void thin(Drawn& drawn, Real total) const {
    const auto d = static_cast<std::size_t>(objective_.dimension());
    std::size_t kept = 0;
    for (std::size_t c = 0; c < drawn.points.size(); ++c) {
      if (!drawn.takes(drawn.uniform[c], share_at(drawn.points[c]), total)) continue;
      drawn.points[kept] = drawn.points[c];
      drawn.uniform[kept] = drawn.uniform[c];
      std::copy_n(drawn.coordinates.data() + c * d, d, drawn.coordinates.data() + kept * d);
      ++kept;
    }
    drawn.points.resize(kept);
    drawn.uniform.resize(kept);
    drawn.coordinates.resize(kept * d);
  }

  const O& objective_;
  ThreadTeam& team_;
  Labels label_;                                            // of every place: the nearest center
  Index count_ = 0;                                         // centers
  std::vector<std::vector<std::pair<Index, Real>>> found_;  // in each block of a run
};

}  // namespace kmscape::internal

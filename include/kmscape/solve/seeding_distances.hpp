// The squared distance D_i^2 of every point to its nearest center so far, kept while centers are added one by one: all
// the state that D^2 sampling has.
//
// Points lie in blocks of 256 or 64. Each block keeps its sum of w_i D_i^2, so that a draw searches the block sums and
// then inside one block. A new center leaves D_i as it is wherever it is too far away, and where that is certain
// nothing is computed:
// - up to 8 dimensions a block is skipped if the center is as far from its bounding box as the largest D_i inside. When
//   many centers are to come, the points are first put in Morton order, so that blocks are small in space;
// - beyond, a point x is skipped if the center c and the center a nearest to it satisfy |c - a| >= 2 |x - a|, for then
//   |x - c| >= |c - a| - |x - a| >= |x - a| (Elkan 2003; for seeding Raff 2021, "Exact acceleration of k-means++ and
//   k-means||", and Bottesch, Buehler, Kaechele 2016).
// Both tests leave room for rounding: what is skipped could not have changed a bit. Sums are taken in one order, over
// eight lanes in a block and then over the blocks, so that neither filter nor threads change a draw.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/core/simd.hpp>
#include <kmscape/objective/nearest_center.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/objective/squared_distance.hpp>

namespace kmscape::internal {

/// Calls `visit` with the dimension as a compile-time constant up to 4, as Eigen::Dynamic otherwise.
template <int Dim, class Visitor>
decltype(auto) with_static_dimension(Index dimension, Visitor&& visit) {
  if constexpr (Dim != Eigen::Dynamic) {
    return visit(std::integral_constant<int, Dim>{});
  } else {
    switch (dimension) {
      case 1:
        return visit(std::integral_constant<int, 1>{});
      case 2:
        return visit(std::integral_constant<int, 2>{});
      case 3:
        return visit(std::integral_constant<int, 3>{});
      case 4:
        return visit(std::integral_constant<int, 4>{});
      default:
        return visit(std::integral_constant<int, Eigen::Dynamic>{});
    }
  }
}

/// D^2 and weight of every point, in places that lie in blocks, and the blocks' sums of w D^2.
template <class Real>
class BlockedDistances {
 public:
  /// The sum of all w_i D_i^2.
  [[nodiscard]] Real total() const { return prefix_.back(); }

 protected:
  BlockedDistances(Index n, Index block, bool is_weighted) : n_(n), block_(block), blocks_((n + block - 1) / block) {
    distance_.setZero(blocks_ * block_);
    distance_.head(n_).setConstant(std::numeric_limits<Real>::infinity());
    if (is_weighted) weight_.setZero(blocks_ * block_);
    sum_.setConstant(blocks_, std::numeric_limits<Real>::infinity());
    prefix_.resize(static_cast<std::size_t>(blocks_));
  }

  [[nodiscard]] Real share_at(Index i) const { return weight_.size() > 0 ? weight_(i) * distance_(i) : distance_(i); }
  [[nodiscard]] Index points_in(Index b) const { return std::min(block_, n_ - b * block_); }
  /// Points of block b, rounded up to whole packs: what lies beyond the last point has no distance and no weight.
  [[nodiscard]] Index width(Index b) const { return (points_in(b) + 7) / 8 * 8; }

  [[gnu::always_inline]] static void add_share(Pack<Real>& sum, const Pack<Real>& squared, const Real* weight,
                                               Index i) {
    if (weight) {
      Pack<Real> here;
      std::memcpy(&here, weight + i, sizeof(here));
      sum += here * squared;
    } else {
      sum += squared;
    }
  }

  /// The sum of w D^2 over block b, where its points have these distances.
  [[nodiscard]] Real sum_of(Index b, const Real* squared) const {
    constexpr int lanes = pack_lanes<Real>;
    EightSums<Real> sums;
    const Real* weight = weight_.size() > 0 ? weight_.data() + b * block_ : nullptr;
    const Index whole = width(b);
    for (Index p = 0; p < whole; p += 8)
      unrolled<EightSums<Real>::parts>([&](auto u) {
        Pack<Real> here;
        std::memcpy(&here, squared + p + u * lanes, sizeof(here));
        add_share(sums.part[u], here, weight, p + u * lanes);
      });
    return sums.total();
  }

  /// Adds the sums of blocks first, ..., last - 1 to those before.
  void add_up(Index first, Index last) {
    Real total = first > 0 ? prefix_[static_cast<std::size_t>(first - 1)] : Real(0);
    for (Index b = first; b < last; ++b) prefix_[static_cast<std::size_t>(b)] = total += sum_(b);
  }

  /// A place drawn with probability proportional to w D^2; -1 if all are zero. O(log n).
  [[nodiscard]] Index draw_place(RandomStream& stream) const {
    if (!(total() > 0)) return -1;
    const Real target = static_cast<Real>(stream.uniform()) * total();
    auto found = std::upper_bound(prefix_.begin(), prefix_.end(), target);
    // Rounding or an infinite total may leave the target beyond the end: the last block that holds anything, then.
    if (found == prefix_.end()) found = std::prev(prefix_.end());
    while (!(sum_(found - prefix_.begin()) > 0)) --found;
    const Index b = found - prefix_.begin();
    Real reached = b > 0 ? prefix_[static_cast<std::size_t>(b - 1)] : Real(0);
    Index last = -1;
    for (Index i = b * block_; i < b * block_ + points_in(b); ++i) {
      const Real share = share_at(i);
      if (!(share > 0)) continue;
      reached += share;
      last = i;
      if (reached > target) break;
    }
    return last;
  }

  Index n_, block_, blocks_;
  Weights<Real> distance_, weight_;  // of every place; no weights: all one
  Weights<Real> sum_;                // of every block
  std::vector<Real> prefix_;         // sums of the blocks up to and with each
};

/// Whether distances that cannot matter are left out: always, but for the tests that compare the two.
enum class Skipping { on, off };

template <class O>
class NearestDistances : public BlockedDistances<Sum<typename O::Scalar>> {
 public:
  using Scalar = typename O::Scalar;
  using Real = Sum<Scalar>;

  /// `trials` says how many centers each point may be compared with before all is done.
  NearestDistances(const O& objective, Index trials, ThreadTeam& team, Skipping skipping)
      : BlockedDistances<Real>(objective.size(), objective.dimension() <= 8 ? boxed_block : listed_block,
                               objective.is_weighted()),
        points_(objective.points().data()),
        d_(objective.dimension()),
        has_boxes_(d_ <= 8),
        skips_(skipping == Skipping::on),
        team_(team) {
    // Measured: putting the points in order takes as long as some 400 / d centers without it.
    if (has_boxes_ && n_ >= 16 * boxed_block && trials * d_ >= 400) sort_in_space();
    if (objective.is_weighted())
      for (Index i = 0; i < n_; ++i) weight_(i) = static_cast<Real>(objective.weight(point_at(i)));
    if (has_boxes_) {
      largest_.setConstant(blocks_, infinity);
      copy_into_blocks();
    } else {
      label_.setZero(blocks_ * block_);
    }
  }

  /// Adds the point as a center.
  void lower(Index point) {
    const auto here = static_cast<Label>(count_);
    put_center(point, centers_, count_++);
    const Real* center = centers_.col(here).data();
    if (!has_boxes_) reaches(center, here, reach_);
    for_each_block(1, [&](Index b) { return has_boxes_ ? lower_boxed(b, center) : lower_listed(b, center, here); });
    this->add_up(0, blocks_);
  }

  /// The objective that each of the points would leave as the next center, in one pass over the data.
  [[nodiscard]] std::vector<Real> potentials(const std::vector<Index>& candidates) {
    const auto count = static_cast<Index>(candidates.size());
    candidates_ = candidates;
    trial_sum_.resize(blocks_, count);
    trial_reach_.resize(candidates.size());
    if (!has_boxes_) trial_distance_.resize(blocks_ * block_, count);
    for (Index c = 0; c < count; ++c) {
      put_center(candidates[static_cast<std::size_t>(c)], trial_centers_, c);
      if (!has_boxes_) reaches(trial_centers_.col(c).data(), count_, trial_reach_[static_cast<std::size_t>(c)]);
    }
    for_each_block(count, [&](Index b) {
      Index computed = 0;
      for (Index c = 0; c < count; ++c) computed += has_boxes_ ? try_boxed(b, c) : try_listed(b, c);
      return computed;
    });
    std::vector<Real> result(candidates.size(), 0);
    for (Index c = 0; c < count; ++c)
      for (Index b = 0; b < blocks_; ++b) result[static_cast<std::size_t>(c)] += trial_sum_(b, c);
    return result;
  }

  /// Adds one of the candidates of the last call of potentials() as a center.
  void accept(std::size_t candidate) {
    // Up to 8 dimensions distances are formed faster than they are stored and read.
    if (has_boxes_) return lower(candidates_[candidate]);
    const auto c = static_cast<Index>(candidate);
    const auto here = static_cast<Label>(count_);
    put_center(candidates_[candidate], centers_, count_++);
    for_each_block(0, [&](Index b) {
      for (Index i = b * block_; i < b * block_ + points_in(b); ++i)
        if (trial_distance_(i, c) < distance_(i)) {
          distance_(i) = trial_distance_(i, c);
          label_(i) = here;
        }
      sum_(b) = trial_sum_(b, c);
      return Index{0};
    });
    this->add_up(0, blocks_);
  }

  /// A point drawn with probability proportional to w_i D_i^2; -1 if all are zero. O(log n).
  [[nodiscard]] Index draw(RandomStream& stream) const {
    const Index place = this->draw_place(stream);
    return place < 0 ? -1 : point_at(place);
  }

  /// The point farthest from its nearest center, the lowest index among equals.
  [[nodiscard]] std::pair<Index, Real> farthest() const {
    Index result = -1;
    Real most = -1;
    for (Index i = 0; i < n_; ++i)
      if (distance_(i) > most || (distance_(i) == most && point_at(i) < result)) {
        most = distance_(i);
        result = point_at(i);
      }
    return {result, most};
  }

  /// D^2 of a point; only where the points were not put in another order.
  [[nodiscard]] Real at(Index point) const { return distance_(point); }

  [[nodiscard]] Index centers() const { return count_; }
  [[nodiscard]] Index computed() const { return computed_; }
  [[nodiscard]] Index skipped() const { return skipped_; }

 private:
  using Base = BlockedDistances<Real>;
  using Base::add_share, Base::block_, Base::blocks_, Base::distance_, Base::n_, Base::points_in, Base::sum_,
      Base::sum_of, Base::weight_, Base::width;

  // Where points are compared one by one, a block of them should stay in the nearest cache while candidates pass by.
  static constexpr Index boxed_block = 256, listed_block = 64;
  static constexpr int lanes = pack_lanes<Real>;
  static constexpr int parts = EightSums<Real>::parts;

  using Columns = Eigen::Array<Real, Eigen::Dynamic, Eigen::Dynamic>;
  static constexpr Real epsilon = std::numeric_limits<Real>::epsilon();
  static constexpr Real infinity = std::numeric_limits<Real>::infinity();
  // Squares above this carry their relative error; below, some of their bits may have been lost to underflow.
  static constexpr Real smallest_square = std::numeric_limits<Real>::min() / (epsilon * epsilon);

  [[nodiscard]] Index point_at(Index i) const { return order_.empty() ? i : order_[static_cast<std::size_t>(i)]; }

  /// Writes the point into a column; each begins on a boundary of eight numbers, so that no load crosses a cache line.
  void put_center(Index point, Columns& to, Index column) const {
    if (column >= to.cols()) to.conservativeResize((d_ + 7) / 8 * 8, std::max(Index{16}, 2 * to.cols()));
    for (Index s = 0; s < d_; ++s) to(s, column) = static_cast<Real>(points_[point * d_ + s]);
  }

  /// Calls `body(b)`, which returns the distances it computed, for every block; `centers` were to be looked at in each.
  template <class Body>
  void for_each_block(Index centers, const Body& body) {
    const Index blocks_per_task = 32 * boxed_block / block_;
    const Index tasks = (blocks_ + blocks_per_task - 1) / blocks_per_task;
    computed_of_task_.assign(static_cast<std::size_t>(tasks), 0);
    team_.run(tasks, [&](Index t, int) {
      Index computed = 0;
      for (Index b = t * blocks_per_task; b < std::min(blocks_, (t + 1) * blocks_per_task); ++b) computed += body(b);
      computed_of_task_[static_cast<std::size_t>(t)] = computed;
    });
    Index computed = 0;
    for (const Index here : computed_of_task_) computed += here;
    computed_ += computed;
    skipped_ += n_ * centers - computed;
  }

  // ---- Up to 8 dimensions: each block's coordinates one after the other, eight points side by side.

  void copy_into_blocks() {
    coordinates_.resize(blocks_ * block_ * d_);
    low_.resize(d_, blocks_);
    high_.resize(d_, blocks_);
    for (Index b = 0; b < blocks_; ++b) {
      const Index used = points_in(b), whole = width(b);
      Real* to = coordinates_.data() + b * boxed_block * d_;
      for (Index p = 0; p < whole; ++p) {
        const Scalar* x = points_ + point_at(b * block_ + std::min(p, used - 1)) * d_;
        for (Index s = 0; s < d_; ++s) to[s * boxed_block + p] = static_cast<Real>(x[s]);
      }
      for (Index s = 0; s < d_; ++s) {
        const Eigen::Map<const Weights<Real>> values(to + s * boxed_block, used);
        low_(s, b) = values.minCoeff();
        high_(s, b) = values.maxCoeff();
      }
    }
  }

  /// Whether the center cannot lower any distance of the block. The gaps to the box are formed and summed like the
  /// distances of its points, and rounding is monotone: the margin only covers differently fused products.
  [[nodiscard]] bool box_is_far(Index b, const Real* center) const {
    if (!skips_) return false;
    if (!(largest_(b) > 0)) return true;
    Real gap_squared = 0;
    for (Index s = 0; s < d_; ++s) {
      const Real gap = std::max({low_(s, b) - center[s], center[s] - high_(s, b), Real(0)});
      gap_squared += gap * gap;
    }
    return gap_squared > smallest_square && gap_squared < infinity &&
           largest_(b) <= gap_squared * (1 - 4 * static_cast<Real>(d_ + 2) * epsilon);
  }

  /// Calls `visit(first point, part of the eight lanes, squared distances)` for all of a block.
  template <class Visit>
  [[gnu::always_inline]] void visit_block(Index b, const Real* center, const Visit& visit) const {
    with_static_dimension<O::dim>(d_, [&](auto dim) {
      constexpr int known = decltype(dim)::value;
      const Index d = known == Eigen::Dynamic ? d_ : known;
      const Real* coordinates = coordinates_.data() + b * boxed_block * d;
      const Index whole = width(b);
      for (Index p = 0; p < whole; p += 8)
        unrolled<parts>([&](auto u) {
          Pack<Real> squared{};
          for (Index s = 0; s < d; ++s) {
            Pack<Real> difference;
            std::memcpy(&difference, coordinates + s * boxed_block + p + u * lanes, sizeof(difference));
            difference -= center[s];
            squared += difference * difference;
          }
          visit(b * block_ + p + u * lanes, u, squared);
        });
    });
  }

  Index lower_boxed(Index b, const Real* center) {
    if (box_is_far(b, center)) return 0;
    EightSums<Real> sums, largest;
    const Real* weight = weight_.size() > 0 ? weight_.data() : nullptr;
    visit_block(b, center, [&](Index i, auto u, const Pack<Real>& squared) {
      Pack<Real> old;
      std::memcpy(&old, &distance_(i), sizeof(old));
      const Pack<Real> least = squared < old ? squared : old;
      std::memcpy(&distance_(i), &least, sizeof(least));
      largest.part[u] = least > largest.part[u] ? least : largest.part[u];
      add_share(sums.part[u], least, weight, i);
    });
    sum_(b) = sums.total();
    std::array<Real, 8> lane;
    std::memcpy(lane.data(), largest.part, sizeof(lane));
    largest_(b) = *std::max_element(lane.begin(), lane.end());
    return points_in(b);
  }

  Index try_boxed(Index b, Index c) {
    const Real* center = trial_centers_.col(c).data();
    trial_sum_(b, c) = sum_(b);
    if (box_is_far(b, center)) return 0;
    EightSums<Real> sums;
    const Real* weight = weight_.size() > 0 ? weight_.data() : nullptr;
    visit_block(b, center, [&](Index i, auto u, const Pack<Real>& squared) {
      Pack<Real> old;
      std::memcpy(&old, &distance_(i), sizeof(old));
      add_share(sums.part[u], squared < old ? squared : old, weight, i);
    });
    trial_sum_(b, c) = sums.total();
    return points_in(b);
  }

  /// Morton order of the points, each coordinate cut into cells that hold equally many of a sample's values: an outlier
  /// then costs nothing. Points of one code keep their order.
  void sort_in_space() {
    const int bits = std::min(10, 16 / static_cast<int>(d_));
    const Index cells = Index{1} << bits, sampled = std::min(n_, std::max(Index{1024}, 8 * cells));
    std::vector<std::uint16_t> code(static_cast<std::size_t>(n_), 0);
    std::vector<Scalar> sample(static_cast<std::size_t>(sampled)), bound(static_cast<std::size_t>(cells));
    for (Index s = 0; s < d_; ++s) {
      for (Index i = 0; i < sampled; ++i) sample[static_cast<std::size_t>(i)] = points_[(i * n_ / sampled) * d_ + s];
      std::sort(sample.begin(), sample.end());
      for (Index c = 0; c < cells; ++c)
        bound[static_cast<std::size_t>(c)] = sample[static_cast<std::size_t>(c * sampled / cells)];
      constexpr Index points_per_task = 64 * boxed_block;
      team_.run((n_ + points_per_task - 1) / points_per_task, [&](Index t, int) {
        for (Index i = t * points_per_task; i < std::min(n_, (t + 1) * points_per_task); ++i) {
          const Scalar x = points_[i * d_ + s];
          std::size_t cell = 0;
          std::uint32_t spread = 0;
          for (int bit = bits - 1; bit >= 0; --bit) {
            const bool upper = bound[cell + (std::size_t{1} << bit)] <= x;
            cell += std::size_t{upper} << bit;
            spread |= std::uint32_t{upper} << (bit * static_cast<int>(d_) + static_cast<int>(s));
          }
          code[static_cast<std::size_t>(i)] |= static_cast<std::uint16_t>(spread);
        }
      });
    }
    std::vector<Index> start(65537, 0);
    for (const std::uint16_t c : code) ++start[c + 1u];
    std::partial_sum(start.begin(), start.end(), start.begin());
    order_.resize(static_cast<std::size_t>(n_));
    for (Index i = 0; i < n_; ++i) order_[static_cast<std::size_t>(start[code[static_cast<std::size_t>(i)]]++)] = i;
  }

  // ---- Beyond 8 dimensions: the points as they lie, one by one.

  /// For each center a so far the largest D^2 at which a point nearest to it cannot come closer by the new center:
  /// |c - a|^2 / 4 less rounding. Coordinates are exact, so a computed square is right up to (d + 2) epsilon.
  void reaches(const Real* center, Index count, std::vector<Real>& reach) {
    reach.assign(static_cast<std::size_t>(std::max(count, Index{1})), skips_ ? Real(0) : Real(-1));
    if (!skips_) return;
    for (Index j = 0; j < count; ++j) {
      const Real squared = squared_distance(centers_.col(j).data(), center, d_);
      if (squared > smallest_square && squared < infinity)
        reach[static_cast<std::size_t>(j)] = squared / 4 * (1 - 8 * static_cast<Real>(d_ + 2) * epsilon);
    }
    computed_ += count;
  }

  /// Calls `visit(place, squared distance)` for the points of the block that the center may come closer to, and returns
  /// how many they are.
  template <class Visit>
  Index visit_active(Index b, const Real* center, const Real* reach, const Visit& visit) const {
    const Real* distance = distance_.data() + b * block_;
    const Label* label = label_.data() + b * block_;
    std::array<std::int32_t, static_cast<std::size_t>(listed_block)> active;
    std::size_t count = 0;
    for (std::int32_t p = 0; p < static_cast<std::int32_t>(points_in(b)); ++p) {
      active[count] = p;
      count += distance[p] > reach[label[p]];
    }
    for (std::size_t a = 0; a < count; ++a) {
      const Index i = b * block_ + active[a];
      visit(i, squared_distance(points_ + i * d_, center, d_));
    }
    return static_cast<Index>(count);
  }

  Index lower_listed(Index b, const Real* center, Label here) {
    bool lowered = false;
    const Index computed = visit_active(b, center, reach_.data(), [&](Index i, Real squared) {
      if (!(squared < distance_(i))) return;
      distance_(i) = squared;
      label_(i) = here;
      lowered = true;
    });
    if (lowered) sum_(b) = sum_of(b, distance_.data() + b * block_);
    return computed;
  }

  Index try_listed(Index b, Index c) {
    Real* least = &trial_distance_(0, c);
    std::copy_n(distance_.data() + b * block_, block_, least + b * block_);
    const Real* reach = trial_reach_[static_cast<std::size_t>(c)].data();
    const Index computed = visit_active(b, trial_centers_.col(c).data(), reach,
                                        [&](Index i, Real squared) { least[i] = std::min(least[i], squared); });
    trial_sum_(b, c) = computed > 0 ? sum_of(b, least + b * block_) : sum_(b);
    return computed;
  }

  const Scalar* points_;
  Index d_;
  bool has_boxes_;
  bool skips_;
  ThreadTeam& team_;
  std::vector<Index> order_;   // the point at each place; empty: as they came
  Weights<Real> coordinates_;  // up to 8 dimensions: block, coordinate, point
  Weights<Real> largest_;      // D^2 of every block
  Labels label_;               // beyond 8 dimensions: the nearest center
  Columns low_, high_;         // d x blocks: the bounding boxes
  Columns centers_, trial_centers_;
  Index count_ = 0;  // of centers_
  std::vector<Real> reach_;
  std::vector<Index> candidates_;
  std::vector<std::vector<Real>> trial_reach_;
  Columns trial_sum_, trial_distance_;  // blocks x candidates, and beyond 8 dimensions places x candidates
  std::vector<Index> computed_of_task_;
  Index computed_ = 0, skipped_ = 0;
};

}  // namespace kmscape::internal

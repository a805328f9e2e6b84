// Lloyd's iteration with one bound a group of centers: Ding, Zhao, Shen, Musuvathi, Mytkowicz, "Yinyang k-means", 2015.
//
// Where many centers move little and a few move far, one bound for all closes too fast. Here about twelve neighbouring
// centers share a bound. Points that their gap (gap_bounds.hpp) does not settle are sorted by label, so that those in
// one register ask for the same groups; each register is scored against its points' own groups first, which makes their
// upper bounds exact, and then against the groups that may still hold a nearer center.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/simd.hpp>
#include <kmscape/objective/assignment_engine.hpp>
#include <kmscape/objective/nearest_filter.hpp>
#include <kmscape/solve/gap_bounds.hpp>

namespace kmscape::internal {

/// An order of k centers in which runs of `run` are near each other: recursive cuts across the widest coordinate.
template <class Real>
class CompactOrder {
 public:
  CompactOrder(const Real* centers, Index d, Index run) : centers_(centers), d_(d), run_(run) {}

  void arrange(std::vector<Index>& order, Index first, Index last) const {
    if (last - first <= run_) return;
    Index widest = 0;
    Real width = -1;
    for (Index s = 0; s < d_; ++s) {
      const auto [least, greatest] =
          std::minmax_element(order.begin() + first, order.begin() + last,
                              [&](Index a, Index b) { return centers_[a * d_ + s] < centers_[b * d_ + s]; });
      const Real here = centers_[*greatest * d_ + s] - centers_[*least * d_ + s];
      if (here > width) {
        width = here;
        widest = s;
      }
    }
    const Index runs = (last - first + run_ - 1) / run_, middle = first + runs / 2 * run_;
    std::nth_element(order.begin() + first, order.begin() + middle, order.begin() + last, [&](Index a, Index b) {
      const Real at_a = centers_[a * d_ + widest], at_b = centers_[b * d_ + widest];
      return at_a < at_b || (at_a == at_b && a < b);
    });
    arrange(order, first, middle);
    arrange(order, middle, last);
  }

 private:
  const Real* centers_;
  Index d_, run_;
};

/// n (k / 12 + 2) floats beside the data.
template <class Scalar>
class YinyangEngine final : public AssignmentEngine<Scalar> {
 public:
  using Real = Sum<Scalar>;
  using Worker = PassWorker<Scalar>;
  static constexpr Index group_tiles = 12 / wide_tile;
  static constexpr Index group_size = group_tiles * wide_tile;

  YinyangEngine(Index dimension, const DataLayout<Scalar>& layout)
      : dimension_(dimension), layout_(layout), crew_(dimension, layout) {}

  [[nodiscard]] Engine kind() const override { return Engine::yinyang; }
  void restart() override { bounds_.restart(); }

  PassReport pass(const PointBlock<Scalar>& block, const Real* centers, Index k, ExactSums<Scalar>& sums,
                  ThreadTeam& team) override {
    const Index n = block.points.size, d = dimension_;
    const bool all = !bounds_.is_started();
    k_ = k;
    groups_ = (k + group_size - 1) / group_size;
    if (all) {
      order_.resize(static_cast<std::size_t>(k));
      std::iota(order_.begin(), order_.end(), Index{0});
      CompactOrder<Real>(centers, d, group_size).arrange(order_, 0, k);
      place_.resize(static_cast<std::size_t>(k));
      for (Index j = 0; j < k; ++j) place_[static_cast<std::size_t>(order_[static_cast<std::size_t>(j)])] = j;
      lower_.assign(static_cast<std::size_t>(n * groups_), 0);
      group_drift_.assign(static_cast<std::size_t>(groups_), 0);
      group_threshold_.resize(static_cast<std::size_t>(groups_));
    }
    ordered_.resize(static_cast<std::size_t>(k * d));
    for (Index j = 0; j < k; ++j)
      std::copy_n(centers + order_[static_cast<std::size_t>(j)] * d, d, ordered_.data() + j * d);
    filter_.assign(ordered_.data(), k, layout_.frame, wide_tile);
    bounds_.follow(n, centers, d, k, static_cast<Real>(layout_.frame.scale));
    for (Index g = 0; g < groups_; ++g) {
      double farthest = 0;
      for (Index j = g * group_size; j < std::min(k, (g + 1) * group_size); ++j)
        farthest = std::max(farthest, bounds_.drift().step(order_[static_cast<std::size_t>(j)]));
      group_drift_[static_cast<std::size_t>(g)] += farthest;
      group_threshold_[static_cast<std::size_t>(g)] = float_above(group_drift_[static_cast<std::size_t>(g)], 0);
    }

    const auto most = static_cast<std::size_t>(chunk_size(n, k) + 1);
    for (const auto& worker : crew_.workers(team)) {
      worker->list.reserve(most);
      worker->sorted.reserve(most);
      worker->starts.reserve(static_cast<std::size_t>(k + 1));
      worker->lowest.resize(static_cast<std::size_t>(groups_));
      worker->wanted.resize(static_cast<std::size_t>(groups_));
    }
    return crew_.run(block, centers, k, sums, team, [&](Worker& worker, Index first, Index last) {
      worker.list.resize(static_cast<std::size_t>(last - first + 1));
      int count = static_cast<int>(last - first);
      if (all)
        std::iota(worker.list.begin(), worker.list.end(), first);
      else
        count = bounds_.unsafe(first, last, block.labels, worker.list.data());
      if (!all) sort_by_label(worker, block.labels, count);
      for (int at = 0; at < count; at += filter_width)
        look(worker, block, worker.list.data() + at, std::min(filter_width, count - at), all);
    });
  }

 private:
  /// Worker::list's first `count` points in the order of their centers' groups, stable.
  void sort_by_label(Worker& worker, const Label* labels, int count) const {
    worker.sorted.resize(static_cast<std::size_t>(count));
    worker.starts.assign(static_cast<std::size_t>(k_ + 1), 0);
    const auto place = [&](Index i) { return static_cast<std::size_t>(place_[static_cast<std::size_t>(labels[i])]); };
    for (int p = 0; p < count; ++p) ++worker.starts[place(worker.list[static_cast<std::size_t>(p)]) + 1];
    std::partial_sum(worker.starts.begin(), worker.starts.end(), worker.starts.begin());
    for (int p = 0; p < count; ++p) {
      const Index i = worker.list[static_cast<std::size_t>(p)];
      worker.sorted[static_cast<std::size_t>(worker.starts[place(i)]++)] = i;
    }
    worker.list.swap(worker.sorted);
    worker.list.resize(worker.sorted.size() + 1);
  }

  /// Scores one pack against the groups wanted, and adds them to what is known of it.
  void score_wanted(Worker& worker, int u, typename Worker::Panel::Lowest& total, std::int8_t mark) {
    for (Index g = 0; g < groups_; ++g) {
      if (worker.wanted[static_cast<std::size_t>(g)] != mark) continue;
      auto& found = worker.lowest[static_cast<std::size_t>(g)];
      found = worker.panel().score_tiles(u, filter_, g * group_tiles, std::min((g + 1) * group_tiles, filter_.tiles()));
      total.index = found.best < total.best ? found.index : total.index;
      total.second = pack_min(pack_min(total.second, found.second), pack_max(total.best, found.best));
      total.best = pack_min(total.best, found.best);
    }
  }

  void look(Worker& worker, const PointBlock<Scalar>& block, const Index* list, int used, bool all) {
    auto& panel = worker.panel();
    panel.load(list, used);
    std::array<Pack<float>, static_cast<std::size_t>(filter_packs)> upper;
    for (int u = 0; u * filter_lanes < used; ++u) {
      const int count = std::min(filter_lanes, used - u * filter_lanes);
      const Index* points = list + u * filter_lanes;
      auto& wanted = worker.wanted;
      std::fill(wanted.begin(), wanted.end(), static_cast<std::int8_t>(all));
      for (int p = 0; p < count && !all; ++p)
        wanted[static_cast<std::size_t>(place_[static_cast<std::size_t>(block.labels[points[p]])] / group_size)] = 1;

      typename Worker::Panel::Lowest total;
      total.best = total.second = broadcast(std::numeric_limits<float>::infinity());
      total.index = IntegerPack<float>{};
      score_wanted(worker, u, total, 1);
      panel.set_lowest(u, total, filter_);
      if (!all) {
        const Pack<float> reach = panel.upper(u, total.best) * static_cast<float>(1 + 2 * bound_margin);
        for (int p = 0; p < count; ++p) {
          const float* lower = lower_.data() + points[p] * groups_;
          for (Index g = 0; g < groups_; ++g)
            // A group not scored yet whose bound does not keep it away.
            wanted[static_cast<std::size_t>(g)] |=
                static_cast<std::int8_t>(!(lower[g] > reach[p] + group_threshold_[static_cast<std::size_t>(g)]) << 1);
        }
        for (auto& mark : wanted) mark = (mark & 1) != 0 ? 1 : mark;
        score_wanted(worker, u, total, 2);
        panel.set_lowest(u, total, filter_);
      }

      const std::uint32_t uncertain = panel.uncertain(u);
      IntegerPack<float> doubtful{};
      for (int p = 0; p < filter_lanes; ++p) doubtful[p] = (uncertain >> p & 1) != 0 ? -1 : 0;
      Index scored = 0;
      for (Index g = 0; g < groups_; ++g) {
        const auto at = static_cast<std::size_t>(g);
        if (wanted[at] == 0) continue;
        scored += std::min(k_, (g + 1) * group_size) - g * group_size;
        const auto& found = worker.lowest[at];
        // The bound is on all centers of the group but the point's own; in doubt, on all.
        const IntegerPack<float> own = (found.index == total.index) & (found.best == total.best) & ~doubtful;
        const Pack<float> bound = panel.lower(u, own ? found.second : found.best);
        for (int p = 0; p < count; ++p)
          lower_[static_cast<std::size_t>(points[p] * groups_ + g)] =
              float_below(static_cast<double>(bound[p]), group_drift_[at]);
      }
      worker.report.distances += count * scored;
      upper[static_cast<std::size_t>(u)] = panel.upper(u, total.best);
      for (int p = 0; p < filter_lanes; ++p)
        total.index[p] = static_cast<std::int32_t>(order_[static_cast<std::size_t>(total.index[p])]);
      panel.set_lowest(u, total, filter_);
    }

    worker.commit_panel(typename Worker::Listed{list}, used);
    for (int u = 0; u * filter_lanes < used; ++u) {
      const int count = std::min(filter_lanes, used - u * filter_lanes);
      const Index* points = list + u * filter_lanes;
      Pack<float> nearest_other = broadcast(std::numeric_limits<float>::infinity());
      for (int p = 0; p < count; ++p) {
        const float* lower = lower_.data() + points[p] * groups_;
        for (Index g = 0; g < groups_; ++g)
          nearest_other[p] = std::min(nearest_other[p], lower[g] - group_threshold_[static_cast<std::size_t>(g)]);
      }
      const Pack<float> reach = upper[static_cast<std::size_t>(u)];
      const Pack<float> size = (nearest_other < Pack<float>{} ? -nearest_other : nearest_other) * 1e-6f;
      const auto bounds = bounds_.stored(panel.index(u), nearest_other - size - reach, reach);
      for (int p = 0; p < count; ++p) bounds_.set(points[p], bounds.gap[p], bounds.reach[p]);
      for (std::uint32_t left = panel.uncertain(u); left != 0; left &= left - 1)
        if (const int p = std::countr_zero(left); p < count) bounds_.forget(points[p]);
    }
  }

  Index dimension_, k_ = 0, groups_ = 0;
  const DataLayout<Scalar>& layout_;
  PassCrew<Scalar> crew_;
  FilterCenters filter_;
  GapBounds<Real> bounds_;
  std::vector<Index> order_, place_;  // k: the centers group by group, and where each stands
  std::vector<Real> ordered_;         // d x k
  std::vector<float> lower_;          // groups x n, with the drift of their moment
  std::vector<double> group_drift_;
  std::vector<float> group_threshold_;
};

}  // namespace kmscape::internal

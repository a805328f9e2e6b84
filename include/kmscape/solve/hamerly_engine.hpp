// Lloyd's iteration with one bound a point: Hamerly, "Making k-means even faster", 2010.
//
// A point at distance u at most from its center, all other centers being l > u away at least, keeps its label; when
// centers move, u and l change by no more than the moves do. Points that this does not settle are gathered and go
// through the kernel of nearest_filter.hpp, which returns new bounds with the labels. Every bound is rounded to the
// safe side, and what is too close to call goes to the arithmetic that decides: labels are those of brute force.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/objective/assignment_engine.hpp>
#include <kmscape/objective/nearest_filter.hpp>
#include <kmscape/solve/gap_bounds.hpp>

namespace kmscape::internal {

/// Points that one round of a bounded engine looks at.
inline constexpr Index bounds_block = 1024;

/// One gap a point (Hamerly).
template <class Scalar>
class HamerlyEngine final : public AssignmentEngine<Scalar> {
 public:
  using Real = Sum<Scalar>;
  using Worker = PassWorker<Scalar>;

  HamerlyEngine(Index dimension, const DataLayout<Scalar>& layout)
      : dimension_(dimension), layout_(layout), crew_(dimension, layout) {}

  [[nodiscard]] Engine kind() const override { return Engine::hamerly; }
  void restart() override { bounds_.restart(); }

  PassReport pass(const PointBlock<Scalar>& block, const Real* centers, Index k, ExactSums<Scalar>& sums,
                  ThreadTeam& team) override {
    const bool all = !bounds_.is_started();
    k_ = k;
    filter_.assign(centers, k, layout_.frame);
    bounds_.follow(block.points.size, centers, dimension_, k, static_cast<Real>(layout_.frame.scale));
    return crew_.run(block, centers, k, sums, team, [&](Worker& worker, Index first, Index last) {
      std::array<Index, static_cast<std::size_t>(bounds_block)> list;
      for (Index start = first; start < last; start += bounds_block) {
        const Index end = std::min(start + bounds_block, last);
        const int unsafe = all ? 0 : bounds_.unsafe(start, end, block.labels, list.data());
        if (all || 4 * unsafe > 3 * (end - start)) {
          for (Index at = start; at < end; at += filter_width) {
            const int used = static_cast<int>(std::min<Index>(filter_width, end - at));
            worker.panel().find_nearest(at, used, filter_);
            look(worker, typename Worker::Consecutive{at}, used);
          }
        } else {
          for (int at = 0; at < unsafe; at += filter_width) {
            const int used = std::min(filter_width, unsafe - at);
            worker.panel().find_nearest(list.data() + at, used, filter_);
            look(worker, typename Worker::Listed{list.data() + at}, used);
          }
        }
      }
    });
  }

 private:
  template <class PointOf>
  void look(Worker& worker, const PointOf& point_of, int used) {
    auto& panel = worker.panel();
    worker.commit_panel(point_of, used);
    worker.report.distances += used * k_;
    for (int u = 0; u * filter_lanes < used; ++u) {
      const int count = std::min(filter_lanes, used - u * filter_lanes);
      const auto found = panel.bounds(u);
      const auto bounds = bounds_.stored(panel.index(u), found.gap, found.upper);
      if (std::is_same_v<PointOf, typename Worker::Consecutive> && count == filter_lanes)
        bounds_.set_pack(point_of(u * filter_lanes), bounds);
      else
        for (int p = 0; p < count; ++p) bounds_.set(point_of(u * filter_lanes + p), bounds.gap[p], bounds.reach[p]);
      for (std::uint32_t left = panel.uncertain(u); left != 0; left &= left - 1)
        if (const int p = std::countr_zero(left); p < count) bounds_.forget(point_of(u * filter_lanes + p));
    }
  }

  Index dimension_, k_ = 0;
  const DataLayout<Scalar>& layout_;
  PassCrew<Scalar> crew_;
  FilterCenters filter_;
  GapBounds<Real> bounds_;
};

}  // namespace kmscape::internal

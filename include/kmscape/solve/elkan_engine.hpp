// Lloyd's iteration with one bound a center: Elkan, "Using the triangle inequality to accelerate k-means", 2003, in the
// simplified form of Newling, Fleuret, "Fast k-means with accurate bounds", 2016.
//
// For every point and every center a lower bound on their distance is kept with the drift of its moment
// (center_drift.hpp); only centers whose bound falls below the distance to the point's own are looked at. This computes
// the fewest distances of all engines and pays where each is expensive.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/simd.hpp>
#include <kmscape/objective/assignment_engine.hpp>
#include <kmscape/solve/gap_bounds.hpp>

namespace kmscape::internal {

/// n (k + 2) floats beside the data.
template <class Scalar>
class ElkanEngine final : public AssignmentEngine<Scalar> {
 public:
  using Real = Sum<Scalar>;
  using Worker = PassWorker<Scalar>;

  ElkanEngine(Index dimension, const DataLayout<Scalar>& layout)
      : dimension_(dimension), layout_(layout), crew_(dimension, layout) {}

  [[nodiscard]] Engine kind() const override { return Engine::elkan; }
  void restart() override { bounds_.restart(); }

  PassReport pass(const PointBlock<Scalar>& block, const Real* centers, Index k, ExactSums<Scalar>& sums,
                  ThreadTeam& team) override {
    const Index n = block.points.size;
    const bool all = !bounds_.is_started();
    if (all) lower_.assign(static_cast<std::size_t>(n * k), -std::numeric_limits<float>::infinity());
    scale_ = static_cast<Real>(layout_.frame.scale);
    bounds_.follow(n, centers, dimension_, k, scale_);
    drift_.resize(static_cast<std::size_t>(k));
    for (Index j = 0; j < k; ++j) drift_[static_cast<std::size_t>(j)] = float_above(bounds_.drift().own(j), 0);
    return crew_.run(block, centers, k, sums, team, [&](Worker& worker, Index first, Index last) {
      for (Index i = first; i < last; ++i)
        if (all || !bounds_.is_safe(i, block.labels[i])) look(worker, block, centers, k, i);
    });
  }

 private:
  void look(Worker& worker, const PointBlock<Scalar>& block, const Real* centers, Index k, Index i) {
    const Label own = block.labels[i];
    const Eigen::Map<const Eigen::Matrix<Scalar, Eigen::Dynamic, 1>> x(block.points.point(i), dimension_);
    float* lower = lower_.data() + i * k;
    const auto distance_to = [&](Index j) {
      const Eigen::Map<const Eigen::Matrix<Real, Eigen::Dynamic, 1>> c(centers + j * dimension_, dimension_);
      const double distance = static_cast<double>(((x.template cast<Real>() - c) * scale_).norm());
      lower[j] = float_below(distance * (1 - bound_margin), bounds_.drift().own(j));
      ++worker.report.distances;
      return distance;
    };
    // The nearest and the second nearest of the centers looked at. All others are farther than the nearest by more than
    // its rounding.
    Index nearest = own >= 0 ? own : 0;
    double best = distance_to(nearest), second = std::numeric_limits<double>::infinity();
    for (Index j = 0; j < k; ++j) {
      if (j == own || (own < 0 && j == 0)) continue;
      const double reach = best * (1 + 2 * bound_margin);
      if (static_cast<double>(lower[j] - drift_[static_cast<std::size_t>(j)]) > reach) continue;
      const double distance = distance_to(j);
      if (distance < best) {
        second = best;
        best = distance;
        nearest = j;
      } else {
        second = std::min(second, distance);
      }
    }
    if (!(second > best * (1 + bound_margin))) {
      worker.decide_later(i);
      bounds_.forget(i);
      return;
    }
    worker.commit(i, static_cast<Label>(nearest));
    float others = std::numeric_limits<float>::infinity();
    for (Index j = 0; j < k; ++j)
      if (j != nearest) others = std::min(others, lower[j] - drift_[static_cast<std::size_t>(j)]);
    const float upper = float_above(best * (1 + bound_margin), 0);
    const IntegerPack<float> label = IntegerPack<float>{} + static_cast<std::int32_t>(nearest);
    const auto bounds =
        bounds_.stored(label, broadcast(float_below(static_cast<double>(others), -static_cast<double>(upper))),
                       broadcast(upper));
    bounds_.set(i, bounds.gap[0], bounds.reach[0]);
  }

  Index dimension_;
  Real scale_ = 1;
  const DataLayout<Scalar>& layout_;
  PassCrew<Scalar> crew_;
  GapBounds<Real> bounds_;
  std::vector<float> lower_;  // k x n, with the drift of their moment
  std::vector<float> drift_;  // k
};

}  // namespace kmscape::internal

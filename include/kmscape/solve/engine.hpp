// Which engine labels the points: the one asked for, or the one that pays.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <type_traits>

#include <kmscape/core/points.hpp>
#include <kmscape/objective/assignment_engine.hpp>
#include <kmscape/solve/elkan_engine.hpp>
#include <kmscape/solve/hamerly_engine.hpp>
#include <kmscape/solve/yinyang_engine.hpp>

namespace kmscape::internal {

/// Brute force while many points change cells, bounds as soon as few do and as long as they save enough.
template <class Scalar>
class AutomaticEngine final : public AssignmentEngine<Scalar> {
 public:
  using Real = Sum<Scalar>;

  AutomaticEngine(Index dimension, const DataLayout<Scalar>& layout)
      : brute_(dimension, layout), bounded_(dimension, layout) {}

  [[nodiscard]] Engine kind() const override { return uses_bounds_ ? bounded_.kind() : brute_.kind(); }

  void restart() override {
    uses_bounds_ = false;
    wait_ = 1;
    next_wait_ = 4;
  }

  PassReport pass(const PointBlock<Scalar>& block, const Real* centers, Index k, ExactSums<Scalar>& sums,
                  ThreadTeam& team) override {
    const Index n = block.points.size, d = block.points.dimension;
    if (!uses_bounds_) {
      const auto report = brute_.pass(block, centers, k, sums, team);
      wait_ = std::max(0, wait_ - 1);
      // Of the points that a bound does not settle most keep their label all the same, the more so in high dimension.
      const double share =
          10 * std::sqrt(static_cast<double>(d)) * static_cast<double>(report.changed) / static_cast<double>(n);
      if (wait_ == 0 && bounds_pay(share, d, k)) {
        uses_bounds_ = is_first_ = true;
        bounded_.restart();
      }
      return report;
    }
    const auto report = bounded_.pass(block, centers, k, sums, team);
    const double share = static_cast<double>(report.distances) / static_cast<double>(n * k);
    if (!is_first_ && !bounds_pay(share, d, k)) {
      uses_bounds_ = false;
      wait_ = next_wait_;
      next_wait_ *= 2;
    }
    is_first_ = false;
    return report;
  }

 private:
  /// Whether a pass with bounds that leaves this share of the points to the kernel takes less time than the kernel on
  /// all points. The costs of a point, in cycles of a processor with 16 lanes, were measured; only their ratio matters.
  [[nodiscard]] static bool bounds_pay(double share, Index d, Index k) {
    const double kernel = static_cast<double>(k * (d + 5)) / 44 + static_cast<double>(d + 1);
    return 3 + std::min(share, 1.0) * (kernel + 19) < kernel;
  }

  BruteEngine<Scalar> brute_;
  HamerlyEngine<Scalar> bounded_;
  bool uses_bounds_ = false, is_first_ = false;
  int wait_ = 1, next_wait_ = 4;
};

/// The engine for an objective. Bounds are kept for points in memory only, and long double has no filter that could
/// find them: brute force there.
template <BlockObjective O>
[[nodiscard]] std::unique_ptr<AssignmentEngine<typename O::Scalar>> make_engine(const O& objective, Engine kind,
                                                                                Index k) {
  using Scalar = typename O::Scalar;
  const Index d = objective.dimension();
  const auto& layout = objective.layout();
  if constexpr (DataObjective<O> && !std::is_same_v<Scalar, long double>) {
    if (layout.frame.is_useful()) switch (kind) {
        case Engine::automatic:
          // Below some thousand products a pass, bounds cost more than they could save.
          if (objective.size() * k < 4096) break;
          return std::make_unique<AutomaticEngine<Scalar>>(d, layout);
        case Engine::hamerly:
          return std::make_unique<HamerlyEngine<Scalar>>(d, layout);
        case Engine::yinyang:
          return std::make_unique<YinyangEngine<Scalar>>(d, layout);
        case Engine::elkan:
          return std::make_unique<ElkanEngine<Scalar>>(d, layout);
        case Engine::brute:
          break;
      }
  }
  return std::make_unique<BruteEngine<Scalar>>(d, layout);
}

}  // namespace kmscape::internal

// Checks a transition against each property that BHZ's Theorem 1 promises, from the points alone: by sums over all
// items and all pairs of clusters, in double, sharing nothing with what found the exchanges.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/transition/exchange.hpp>
#include <kmscape/transition/separating_diagram.hpp>
#include <kmscape/transition/size_bounds.hpp>
#include <kmscape/transition/transition.hpp>

namespace kmscape {

struct VerifyOptions {
  /// What a sum may miss by rounding, relative to the largest |x . (s_i - s_l)|; positions relative to the data's
  /// extent.
  double tolerance = 1e-10;
  /// Optimality and diagrams are checked for about so many clusterings, evenly spread, and all of the rest; 0 for all.
  Index most_clusterings = 0;
  ProgressCallback progress = {};  // stage "steps"; returning false ends the check, which then does not hold
};

/// One property of Theorem 1.
struct PropertyCheck {
  int number = 0;  // in Theorem 1
  std::string statement;
  Index checked = 0;  // clusterings, pairs or diagrams looked at; 0 where the transition has none of the kind
  bool holds = true;
  double violation = 0;  // the largest, relative as the tolerance is; 0 for what is counted
  Index step = -1;       // the first that fails: steps before it are right; -1 where none fails
};

struct TransitionVerification {
  std::vector<PropertyCheck> properties;  // of Theorem 1, by number, 11 in all
  bool holds = false;                     // all of them
};

/// Checks all properties of Theorem 1. Throws `invalid_input` where points and transition do not belong together.
/// O(n k d + k^3) for each clustering checked.
template <class P>
[[nodiscard]] TransitionVerification verify(const Eigen::MatrixBase<P>& points, const Transition& transition,
                                            const VerifyOptions& options = {});

namespace internal {

/// The weight of the most negative closed walk among the nodes: 0 without a negative cycle (Floyd and Warshall).
[[nodiscard]] inline double most_negative_cycle(std::vector<double> weights, std::size_t nodes) {
  double least = 0;
  for (std::size_t via = 0; via < nodes; ++via)
    for (std::size_t i = 0; i < nodes; ++i) {
      const double left = weights[i * nodes + via];
      if (left == std::numeric_limits<double>::infinity()) continue;
      for (std::size_t l = 0; l < nodes; ++l) {
        double& known = weights[i * nodes + l];
        known = std::min(known, left + weights[via * nodes + l]);
      }
      least = std::min(least, weights[i * nodes + i]);
      // Negative cycles would grow without bound with each round.
      if (least < 0) return least;
    }
  return least;
}

/// The checks that look at one clustering after another.
template <class P>
class TransitionCheck {
 public:
  TransitionCheck(const Eigen::MatrixBase<P>& points, const Transition& transition)
      : points_(points), transition_(transition), items_(points.rows(), points.cols()) {
    const Index d = points.rows();
    for (Index r = 0; r < d; ++r) {
      double sum = 0, most = 0;
      for (Index j = 0; j < points.cols(); ++j) sum += static_cast<double>(points(r, j));
      const double mean = sum / static_cast<double>(points.cols());
      for (Index j = 0; j < points.cols(); ++j) {
        items_(r, j) = static_cast<double>(points(r, j)) - mean;
        most = std::max(most, std::abs(items_(r, j)));
        farthest_ = std::max(farthest_, std::abs(static_cast<double>(points(r, j))));
      }
      origin_.push_back(transition.is_centered ? 0 : mean);
      extent_ = std::max(extent_, transition.is_centered ? most : most + std::abs(mean));
    }
    double apart = 0;
    for (Index i = 0; i < transition.start_sites.cols(); ++i)
      for (Index l = 0; l < i; ++l)
        for (Index r = 0; r < d; ++r)
          apart = std::max({apart, std::abs(transition.start_sites(r, i) - transition.start_sites(r, l)),
                            std::abs(transition.target_sites(r, i) - transition.target_sites(r, l))});
    scale_ = std::max(std::numeric_limits<double>::min(), static_cast<double>(d) * extent_ * apart);
  }

  /// How far a clustering is from a constrained least-squares assignment for the sites at lambda, or from a radial one.
  [[nodiscard]] double violation(const Labels& labels, double lambda, bool radial) const {
    const auto& t = transition_;
    const auto k = static_cast<std::size_t>(t.start_sites.cols());
    const Eigen::MatrixXd sites = (1 - lambda) * t.start_sites + lambda * t.target_sites;
    std::vector<double> weights(k * k, std::numeric_limits<double>::infinity());
    lower_weights(items_, labels, sites, weights);
    if (!radial) return -most_negative_cycle(std::move(weights), k) / scale_;
    const Counts sizes = cluster_sizes(labels, t.start_sites.cols());
    std::vector<double> with_root((k + 1) * (k + 1), std::numeric_limits<double>::infinity());
    for (std::size_t i = 0; i < k; ++i) {
      const auto row = static_cast<Index>(i);
      for (std::size_t l = 0; l < k; ++l) {
        double moved = 0;
        for (Index r = 0; r < sites.rows(); ++r)
          moved += origin_[static_cast<std::size_t>(r)] * (sites(r, row) - sites(r, static_cast<Index>(l)));
        with_root[i * (k + 1) + l] = weights[i * k + l] + moved;
      }
      if (sizes(row) > t.lower(row)) with_root[k * (k + 1) + i] = 0;
      if (sizes(row) < t.upper(row)) with_root[i * (k + 1) + k] = 0;
    }
    return -most_negative_cycle(std::move(with_root), k + 1) / scale_;
  }

  /// How far an item lies outside of its cell, beyond the rounding of its own coordinates, relative to the extent.
  [[nodiscard]] double violation(const Labels& labels, const PowerDiagram& diagram) const {
    const double outside = -diagram.margin(points_, labels) - 64 * std::numeric_limits<double>::epsilon() * farthest_;
    return std::max(0.0, outside) / std::max(extent_, std::numeric_limits<double>::min());
  }

 private:
  const Eigen::MatrixBase<P>& points_;
  const Transition& transition_;
  Eigen::MatrixXd items_;       // relative to their mean: what is common to all drops out of every cycle of clusters
  std::vector<double> origin_;  // where that is from the origin of radial clusterings
  double extent_ = 0, farthest_ = 0, scale_ = 0;
};

}  // namespace internal

template <class P>
TransitionVerification verify(const Eigen::MatrixBase<P>& points, const Transition& transition,
                              const VerifyOptions& options) {
  constexpr auto function = "verify";
  const auto& t = transition;
  internal::check_clustering(points, t.start, t.start_sites, function, "transition.start", "transition.start_sites");
  internal::check_clustering(points, t.target, t.target_sites, function, "transition.target",
                             "transition.target_sites");
  internal::check_bounds(t.lower, t.upper, t.start_sites.cols(), function);

  TransitionVerification result;
  for (const char* statement :
       {"the steps lead from the start to the target", "all clusterings are constrained least-squares assignments",
        "all cluster sizes are within the bounds", "consecutive clusterings differ by a single exchange",
        "every separating power diagram separates its clustering",
        "every shared power diagram separates the clusterings before and after its step",
        "the clusterings of the linear phase are radial, and lambda does not fall",
        "the initial phase keeps the sites s", "the target phase keeps the sites t",
        "the sizes in the initial phase are all distinct", "the sizes in the target phase are all distinct"})
    result.properties.push_back({.number = static_cast<int>(result.properties.size()) + 1, .statement = statement});
  const auto check = [&](int number, Index step, bool holds, double violation = 0) {
    auto& property = result.properties[static_cast<std::size_t>(number - 1)];
    ++property.checked;
    property.violation = std::max(property.violation, violation);
    if (holds && violation <= options.tolerance) return;
    if (property.holds) property.step = step;
    property.holds = false;
  };

  const internal::TransitionCheck<P> examine(points, t);
  const auto count = static_cast<Index>(t.steps.size());
  const Index stride = options.most_clusterings > 0 ? std::max<Index>(1, count / options.most_clusterings) : 1;
  using Sizes = std::vector<Index>;
  const auto sizes_of = [&](const Labels& labels) {
    const Counts sizes = internal::cluster_sizes(labels, t.start_sites.cols());
    return Sizes(sizes.data(), sizes.data() + sizes.size());
  };
  const auto within = [&](const Sizes& sizes) {
    for (std::size_t i = 0; i < sizes.size(); ++i)
      if (sizes[i] < t.lower(static_cast<Index>(i)) || sizes[i] > t.upper(static_cast<Index>(i))) return false;
    return true;
  };

  Labels labels = t.start;
  Sizes sizes = sizes_of(labels);
  std::set<Sizes> initial_sizes = {sizes}, target_sizes;
  check(3, 0, within(sizes));
  check(2, 0, true, examine.violation(labels, 0, false));
  if (t.start_diagram.sites.cols() > 0) check(5, 0, true, examine.violation(labels, t.start_diagram));
  double lambda = 0;
  int phase = 0;
  for (Index r = 0; r < count; ++r) {
    const auto& step = t.steps[static_cast<std::size_t>(r)];
    const bool looked_at = r % stride == 0 || r + 1 == count;
    // A copy for every step would take longer than what is looked at.
    const Labels before = looked_at ? labels : Labels();
    const bool applies = internal::is_applicable(step.moves, labels);
    check(4, r, applies && is_single_exchange(step.moves));
    if (!applies) break;
    apply_exchange(step.moves, labels);
    if (step.phase == TransitionPhase::target && target_sizes.empty()) target_sizes.insert(sizes);
    for (const auto& move : step.moves) {
      --sizes[static_cast<std::size_t>(move.from)];
      ++sizes[static_cast<std::size_t>(move.to)];
    }
    check(3, r, within(sizes));
    const bool in_order = step.lambda >= lambda && step.lambda <= 1 && static_cast<int>(step.phase) >= phase;
    lambda = step.lambda;
    phase = static_cast<int>(step.phase);
    const bool is_linear = step.phase == TransitionPhase::linear;
    if (step.phase == TransitionPhase::initial) {
      check(8, r, in_order && step.lambda == 0);
      if (!step.is_tie) check(10, r, initial_sizes.insert(sizes).second);
    } else if (step.phase == TransitionPhase::target) {
      check(9, r, in_order && step.lambda == 1);
      if (!step.is_tie) check(11, r, target_sizes.insert(sizes).second);
    } else {
      check(7, r, in_order);
    }
    if (looked_at) {
      // Both clusterings are optimal for the sites at lambda.
      check(2, r, true, examine.violation(before, step.lambda, false));
      check(2, r, true, examine.violation(labels, step.lambda, false));
      if (is_linear) {
        check(7, r, true, examine.violation(before, step.lambda, true));
        check(7, r, true, examine.violation(labels, step.lambda, true));
      }
      if (step.separating.sites.cols() > 0) check(5, r, true, examine.violation(labels, step.separating));
      if (step.shared.sites.cols() > 0)
        check(6, r, true, std::max(examine.violation(before, step.shared), examine.violation(labels, step.shared)));
    }
    if (options.progress && !options.progress({"steps", r + 1, count})) return result;
  }
  check(1, count, (labels == t.target).all() && t.status == TransitionStatus::complete);
  check(2, count, true, examine.violation(labels, 1, false));
  result.holds = std::all_of(result.properties.begin(), result.properties.end(),
                             [](const PropertyCheck& property) { return property.holds; });
  return result;
}

}  // namespace kmscape

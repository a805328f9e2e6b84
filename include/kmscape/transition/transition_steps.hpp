// What a transition between two clusterings is: its steps, and all that belongs to them.
//
// Source: BHZ, "An algorithm for the separation-preserving transition of clusterings", Algorithm 1.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/geometry/power_diagram.hpp>
#include <kmscape/transition/exchange.hpp>

namespace kmscape {

enum class TransitionPhase {
  initial,  // sites s, from the start to a radial clustering
  linear,   // sites (1 - lambda) s + lambda t, radial clusterings
  target,   // sites t, from a radial clustering to the target
};

[[nodiscard]] constexpr std::string_view to_string(TransitionPhase phase) {
  switch (phase) {
    case TransitionPhase::initial:
      return "initial";
    case TransitionPhase::linear:
      return "linear";
    case TransitionPhase::target:
      return "target";
  }
  return "unknown";
}

struct TransitionStep {
  TransitionPhase phase = TransitionPhase::initial;
  double lambda = 0;    // the breakpoint: both clusterings are optimal for the sites (1 - lambda) s + lambda t
  ItemExchange moves;   // from the clustering before to the one after
  bool is_tie = false;  // made at the lambda of the step before, or of weight 0, or to mend rounding
  /// The largest margin of a power diagram for the clustering after the step (BHZ, LP 6); NaN unless asked for. Its
  /// sites are s or t, and between two breakpoints those halfway.
  double margin = std::numeric_limits<double>::quiet_NaN();
  PowerDiagram separating;  // of that margin; without sites unless asked for
  PowerDiagram shared;      // separates the clusterings before and after the step, for the sites at lambda
};

enum class TransitionStatus {
  complete,
  stopped_by_callback,
};

[[nodiscard]] constexpr std::string_view to_string(TransitionStatus status) {
  switch (status) {
    case TransitionStatus::complete:
      return "complete";
    case TransitionStatus::stopped_by_callback:
      return "stopped_by_callback";
  }
  return "unknown";
}

struct Transition {
  Labels start, target;                       // n
  Eigen::MatrixXd start_sites, target_sites;  // d x k
  Counts lower, upper;                        // k: all sizes lie within
  bool is_centered = true;
  std::vector<TransitionStep> steps;
  double start_margin = std::numeric_limits<double>::quiet_NaN();  // as of the steps, of the first clustering
  PowerDiagram start_diagram;
  TransitionStatus status = TransitionStatus::complete;
};

/// The same transition from target to start.
template <class WhenUsed = void>
[[nodiscard]] Transition reversed(const Transition& transition) {
  Transition result;
  result.start = transition.target;
  result.target = transition.start;
  result.start_sites = transition.target_sites;
  result.target_sites = transition.start_sites;
  result.lower = transition.lower;
  result.upper = transition.upper;
  result.is_centered = transition.is_centered;
  result.status = transition.status;
  const auto& steps = transition.steps;
  result.start_margin = steps.empty() ? transition.start_margin : steps.back().margin;
  result.start_diagram = steps.empty() ? transition.start_diagram : steps.back().separating;
  for (std::size_t r = steps.size(); r-- > 0;) {
    TransitionStep step = steps[r];
    if (step.phase != TransitionPhase::linear)
      step.phase = step.phase == TransitionPhase::initial ? TransitionPhase::target : TransitionPhase::initial;
    step.lambda = 1 - step.lambda;
    step.moves = reversed(step.moves);
    step.is_tie = steps[r].is_tie || (r + 1 < steps.size() && steps[r + 1].is_tie);
    step.margin = r > 0 ? steps[r - 1].margin : transition.start_margin;
    step.separating = r > 0 ? steps[r - 1].separating : transition.start_diagram;
    result.steps.push_back(std::move(step));
  }
  return result;
}

}  // namespace kmscape

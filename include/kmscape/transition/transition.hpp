// From one separable clustering to another, one exchange of items at a time, through separable clusterings only.
//
// Given constrained least-squares assignments C^s for sites s and C^t for sites t, the sites stay at s until the
// clustering is radial (optimal over all sizes within bounds), then move along (1 - lambda) s + lambda t while the
// clustering stays radial, then stay at t. BHZ solve a linear program in n k variables for each step; here a step is a
// shortest path or a negative cycle on k + 1 nodes, and all decisions are exact.
//
// Source: BHZ, "An algorithm for the separation-preserving transition of clusterings", Algorithms 1 to 3, Theorems 1-3.
//
// Ties. Several exchanges may fall on one lambda: they are made one after the other, each raises the rate at which the
// objective grows with lambda, so that there are finitely many. Of items and paths of equal weight the item of lowest
// index goes, and the path found first in order of clusters. If the optimum at t is not unique, the clustering reached
// is led to the target's radial clustering by exchanges of weight 0 at lambda = 1. Clusterings given that are optimal
// up to rounding only (options.tolerance) are first made optimal, at their sites. `TransitionStep::is_tie` marks all
// these.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/geometry/power_diagram.hpp>
#include <kmscape/transition/clusters.hpp>
#include <kmscape/transition/exact_weight.hpp>
#include <kmscape/transition/exchange.hpp>
#include <kmscape/transition/exchange_paths.hpp>
#include <kmscape/transition/radial_search.hpp>
#include <kmscape/transition/separating_diagram.hpp>
#include <kmscape/transition/size_bounds.hpp>
#include <kmscape/transition/transition_graph.hpp>
#include <kmscape/transition/transition_steps.hpp>

namespace kmscape {

/// What is computed beside the exchanges.
enum class Diagrams {
  none,
  margins,  // the largest margin of every clustering
  all,      // and the power diagrams: that of largest margin of every clustering, one shared by every two in a row
};

struct TransitionSequenceOptions {
  Counts lower = {}, upper = {};  // bounds on cluster sizes (k each); empty for the tightest, those of start and target
  bool center = true;  // take the data relative to their mean, as BHZ do. The origin decides which clusterings are
                       // radial, unless the bounds fix all sizes
  Diagrams diagrams = Diagrams::none;
  /// How far start and target may be from optimal for their sites, relative to the largest |x . (s_i - s_l)|.
  double tolerance = 1e-12;
  ProgressCallback progress = {};  // stage "exchanges"; returning false ends the transition early
};

/// All of BHZ Algorithm 1: from the constrained least-squares assignment `start` for start_sites (d x k) to `target`
/// for target_sites. Throws `invalid_input`, also where start or target is no such assignment.
template <class P, class S, class T>
[[nodiscard]] Transition transition(const Eigen::MatrixBase<P>& points, const Labels& start,
                                    const Eigen::MatrixBase<S>& start_sites, const Labels& target,
                                    const Eigen::MatrixBase<T>& target_sites,
                                    const TransitionSequenceOptions& options = {});

/// BHZ Algorithm 2: from a constrained least-squares assignment for `sites` to a radial clustering for the same sites
/// and sizes within bounds. Sizes are monotone, and the number of steps is half of the l1 distance of first and last.
/// Throws `invalid_input`. @param options its bounds are ignored
template <class P, class S>
[[nodiscard]] Transition lsa_to_radial(const Eigen::MatrixBase<P>& points, const Labels& labels,
                                       const Eigen::MatrixBase<S>& sites, const Counts& lower, const Counts& upper,
                                       const TransitionSequenceOptions& options = {});

/// BHZ Algorithm 3: from the radial clustering `start` for start_sites to `target`, radial for target_sites, within the
/// size bounds of `options`. Throws `invalid_input`, also where one of them is not radial.
template <class P, class S, class T>
[[nodiscard]] Transition radial_to_radial(const Eigen::MatrixBase<P>& points, const Labels& start,
                                          const Eigen::MatrixBase<S>& start_sites, const Labels& target,
                                          const Eigen::MatrixBase<T>& target_sites,
                                          const TransitionSequenceOptions& options = {});

namespace internal {

/// A step that is found but not returned yet.
struct PendingStep {
  TransitionStep step;
  Breakpoint at;
  bool is_made = false;  // the graph is past it already
};

}  // namespace internal

/// The sequence of exchanges of a transition, computed as it is asked for: however many there are, it needs memory for
/// the items (in the plane about 45 bytes each), the pools of k^2 arcs (at most 16 kB each while clusters have fewer
/// than 4000 items, then growing as the root of their sizes) and the exchanges of the last phase.
class TransitionSequence {
 public:
  /// BHZ Algorithm 1. @param points d x n; @param start constrained least-squares assignment for start_sites (d x k);
  /// target likewise. Throws `invalid_input`, also where start or target is no such assignment.
  template <class P, class S, class T>
  TransitionSequence(const Eigen::MatrixBase<P>& points, const Labels& start, const Eigen::MatrixBase<S>& start_sites,
                     const Labels& target, const Eigen::MatrixBase<T>& target_sites,
                     const TransitionSequenceOptions& options = {});

  /// The next exchange, made; nothing at the end.
  template <class WhenUsed = void>
  [[nodiscard]] std::optional<TransitionStep> next();

  /// The clustering after the steps returned so far.
  [[nodiscard]] const Labels& labels() const { return labels_; }
  [[nodiscard]] const Counts& lower() const { return lower_; }
  [[nodiscard]] const Counts& upper() const { return upper_; }
  /// The largest margin of the first clustering; NaN unless asked for.
  [[nodiscard]] double start_margin() const { return start_margin_; }
  [[nodiscard]] const PowerDiagram& start_diagram() const { return start_diagram_; }

 private:
  template <class P, class S, class T>
  friend Transition transition(const Eigen::MatrixBase<P>& points, const Labels& start,
                               const Eigen::MatrixBase<S>& start_sites, const Labels& target,
                               const Eigen::MatrixBase<T>& target_sites, const TransitionSequenceOptions& options);
  template <class P, class S>
  friend Transition lsa_to_radial(const Eigen::MatrixBase<P>& points, const Labels& labels,
                                  const Eigen::MatrixBase<S>& sites, const Counts& lower, const Counts& upper,
                                  const TransitionSequenceOptions& options);
  template <class P, class S, class T>
  friend Transition radial_to_radial(const Eigen::MatrixBase<P>& points, const Labels& start,
                                     const Eigen::MatrixBase<S>& start_sites, const Labels& target,
                                     const Eigen::MatrixBase<T>& target_sites,
                                     const TransitionSequenceOptions& options);

  enum class Stage { mend, initial, linear, connection, target, end };

  TransitionSequence() = default;
  template <class P, class S, class T>
  void begin(const Eigen::MatrixBase<P>& points, const Labels& start, const Eigen::MatrixBase<S>& start_sites,
             const Eigen::MatrixBase<T>& target_sites, bool fixed, std::string_view function, std::string_view argument,
             std::string_view sites);
  template <class P, class S, class T>
  void begin_target(const Eigen::MatrixBase<P>& points, const Labels& target, const Eigen::MatrixBase<S>& start_sites,
                    const Eigen::MatrixBase<T>& target_sites, std::string_view function);
  template <class WhenUsed = void>
  Transition collect(const Labels& target);

  template <class WhenUsed = void>
  void find();
  template <class WhenUsed = void>
  [[nodiscard]] bool find_breakpoint(ItemExchange& exchange, internal::Breakpoint& at);
  template <class WhenUsed = void>
  void set_pending(TransitionPhase phase, const internal::Breakpoint& at, ItemExchange moves, bool is_tie);
  template <class WhenUsed = void>
  void connect();
  void find_twins(const internal::Breakpoint& at);
  void set_sites(double lambda);
  void set_diagram(double lambda, PowerDiagram& diagram) const;
  template <class WhenUsed = void>
  void share(internal::PendingStep& pending);
  template <class WhenUsed = void>
  void measure(const internal::Breakpoint& at, double& margin, PowerDiagram& diagram);

  TransitionSequenceOptions options_;
  Labels labels_;
  Counts lower_, upper_;
  Eigen::MatrixXd start_sites_, target_sites_;
  std::optional<internal::TransitionGraph> graph_;
  std::optional<internal::ExchangePaths> paths_;
  std::optional<internal::DifferenceSystem> system_;
  internal::Room room_;
  bool has_room_ = false;  // the bounds leave the size of some cluster open
  Stage stage_ = Stage::mend, end_of_initial_ = Stage::linear;
  std::vector<ItemExchange> mends_;         // of the start
  std::size_t mended_ = 0;                  // of them returned
  std::vector<ItemExchange> connection_;    // exchanges of weight 0 at lambda = 1 that are left to make, last first
  std::vector<ItemExchange> target_steps_;  // from the target to its radial clustering, as far as they are left to undo
  std::size_t target_mends_ = 0;            // the first of them, which mend the target
  std::vector<Label> target_radial_;
  double gap_ = 1.0 / 64;                     // between breakpoints, lately
  std::optional<internal::Breakpoint> last_;  // of the linear phase
  double last_lambda_ = 0;
  std::optional<internal::PendingStep> pending_;
  bool is_begun_ = false;
  double start_margin_ = std::numeric_limits<double>::quiet_NaN();
  PowerDiagram start_diagram_;
  std::vector<double> distances_, scaled_, sites_, products_;
  std::vector<std::size_t> twins_;
  double apart_from_ = 1, apart_until_ = 0;  // between these values of lambda no two sites meet
};

namespace internal {

template <class P, class S, class T>
void check_transition(const Eigen::MatrixBase<P>& points, const Labels& start, const Eigen::MatrixBase<S>& start_sites,
                      const Labels& target, const Eigen::MatrixBase<T>& target_sites,
                      const TransitionSequenceOptions& options, std::string_view function) {
  check_clustering(points, start, start_sites, function, "start", "start_sites");
  check_clustering(points, target, target_sites, function, "target", "target_sites");
  require(start_sites.cols() == target_sites.cols(), function, "target_sites.cols()", target_sites.cols(),
          text("there are ", start_sites.cols(), " start sites"),
          "pass as many sites as clusters, also for empty ones");
  require(options.tolerance >= 0 && options.tolerance < 1, function, "options.tolerance", options.tolerance,
          "it is a share of the largest weight", "pass a small number >= 0, 1e-12 unless rounding was coarser");
  require((options.lower.size() == 0) == (options.upper.size() == 0), function, "options.lower.size()",
          options.lower.size(), text("options.upper has ", options.upper.size(), " bounds"),
          "pass both bounds or neither");
  if (options.lower.size() > 0) check_bounds(options.lower, options.upper, start_sites.cols(), function);
}

}  // namespace internal

template <class P, class S, class T>
void TransitionSequence::begin(const Eigen::MatrixBase<P>& points, const Labels& start,
                               const Eigen::MatrixBase<S>& start_sites, const Eigen::MatrixBase<T>& target_sites,
                               bool fixed, std::string_view function, std::string_view argument,
                               std::string_view sites) {
  const Index k = start_sites.cols();
  labels_ = start;
  start_sites_ = start_sites.template cast<double>();
  target_sites_ = target_sites.template cast<double>();
  graph_.emplace(internal::clusters_on_grid(points, start, start_sites, target_sites, options_.center),
                 internal::lambda_zero, fixed);
  paths_.emplace(static_cast<std::size_t>(k));
  if (options_.diagrams != Diagrams::none) system_.emplace(static_cast<std::size_t>(k));
  for (Index i = 0; i < k; ++i) has_room_ = has_room_ || lower_(i) < upper_(i);
  mends_ = internal::mend(*graph_, *paths_, internal::lambda_zero, options_.tolerance, function, argument, sites);
  room_ = internal::room_for(graph_->clusters(), lower_, upper_);
  if (options_.diagrams != Diagrams::none) measure(internal::lambda_zero, start_margin_, start_diagram_);
}

template <class P, class S, class T>
void TransitionSequence::begin_target(const Eigen::MatrixBase<P>& points, const Labels& target,
                                      const Eigen::MatrixBase<S>& start_sites, const Eigen::MatrixBase<T>& target_sites,
                                      std::string_view function) {
  internal::TransitionGraph graph(
      internal::clusters_on_grid(points, target, start_sites, target_sites, options_.center), internal::lambda_one,
      true);
  internal::ExchangePaths paths(graph.size());
  target_steps_ =
      internal::mend(graph, paths, internal::lambda_one, options_.tolerance, function, "target", "target_sites");
  target_mends_ = target_steps_.size();
  for (;;) {
    auto exchange = internal::path_to_radial(graph, paths, internal::lambda_one,
                                             internal::room_for(graph.clusters(), lower_, upper_));
    if (exchange.empty()) break;
    graph.apply(exchange);
    target_steps_.push_back(std::move(exchange));
  }
  target_radial_ = graph.clusters().label;
}

template <class P, class S, class T>
TransitionSequence::TransitionSequence(const Eigen::MatrixBase<P>& points, const Labels& start,
                                       const Eigen::MatrixBase<S>& start_sites, const Labels& target,
                                       const Eigen::MatrixBase<T>& target_sites,
                                       const TransitionSequenceOptions& options)
    : options_(options) {
  constexpr auto function = "transition";
  internal::check_transition(points, start, start_sites, target, target_sites, options, function);
  std::tie(lower_, upper_) =
      internal::common_bounds(start, target, start_sites.cols(), options.lower, options.upper, function);
  begin_target(points, target, start_sites, target_sites, function);
  begin(points, start, start_sites, target_sites, false, function, "start", "start_sites");
}

template <class WhenUsed>
std::optional<TransitionStep> TransitionSequence::next() {
  if (!is_begun_) find();
  is_begun_ = true;
  if (!pending_) return std::nullopt;
  internal::PendingStep current = std::move(*pending_);
  pending_.reset();
  auto& step = current.step;
  if (!current.is_made) {
    graph_->advance(current.at);
    graph_->apply(step.moves);
    room_ = internal::room_for(graph_->clusters(), lower_, upper_);
  }
  apply_exchange(step.moves, labels_);
  find();
  if (options_.diagrams != Diagrams::none) {
    auto at = step.phase == TransitionPhase::initial ? internal::lambda_zero : internal::lambda_one;
    if (step.phase == TransitionPhase::linear && pending_ && pending_->step.phase == TransitionPhase::linear)
      at = pending_->step.lambda > step.lambda
               ? internal::breakpoint_near(step.lambda + (pending_->step.lambda - step.lambda) / 2)
               : current.at;
    measure(at, step.margin, step.separating);
  }
  return std::move(current.step);
}

/// Finds what is to be made next, from the clustering that the graph holds.
template <class WhenUsed>
void TransitionSequence::find() {
  ItemExchange exchange;
  internal::Breakpoint at = internal::lambda_zero;
  if (stage_ == Stage::mend) {
    if (mended_ < mends_.size()) {
      set_pending(TransitionPhase::initial, at, mends_[mended_++], true);
      pending_->is_made = true;
      return;
    }
    stage_ = Stage::initial;
  }
  if (stage_ == Stage::initial) {
    exchange = internal::path_to_radial(*graph_, *paths_, at, room_);
    if (!exchange.empty()) return set_pending(TransitionPhase::initial, at, std::move(exchange), false);
    stage_ = end_of_initial_;
  }
  if (stage_ == Stage::linear) {
    if (find_breakpoint(exchange, at)) return set_pending(TransitionPhase::linear, at, std::move(exchange), false);
    connect();
    stage_ = Stage::connection;
  }
  at = internal::lambda_one;
  if (stage_ == Stage::connection) {
    if (!connection_.empty()) {
      set_pending(TransitionPhase::linear, at, std::move(connection_.back()), true);
      connection_.pop_back();
      return;
    }
    stage_ = Stage::target;
  }
  if (stage_ == Stage::target) {
    if (!target_steps_.empty()) {
      const bool mends = target_steps_.size() <= target_mends_;
      set_pending(TransitionPhase::target, at, reversed(target_steps_.back()), mends);
      target_steps_.pop_back();
      return;
    }
    stage_ = Stage::end;
  }
}

template <class WhenUsed>
void TransitionSequence::set_pending(TransitionPhase phase, const internal::Breakpoint& at, ItemExchange moves,
                                     bool is_tie) {
  pending_.emplace();
  pending_->at = at;
  auto& step = pending_->step;
  step.phase = phase;
  step.moves = std::move(moves);
  // Equal breakpoints are equal fractions, not always the same one.
  const bool repeats = phase == TransitionPhase::linear && last_ && internal::compare(*last_, at) == 0;
  step.lambda = repeats ? last_lambda_ : std::max(last_lambda_, at.value());
  step.is_tie = is_tie || repeats;
  if (phase == TransitionPhase::linear) last_ = at;
  last_lambda_ = step.lambda;
  if (options_.diagrams == Diagrams::all) share(*pending_);
}

/// The largest lambda up to which the graph's clustering stays radial, and the exchange that is due there; false where
/// that is 1. Newton's method from above: a negative cycle at some lambda vanishes at a smaller one.
template <class WhenUsed>
bool TransitionSequence::find_breakpoint(ItemExchange& exchange, internal::Breakpoint& at) {
  const internal::Room* const room = has_room_ ? &room_ : nullptr;
  const double from = graph_->lambda().value();
  at = internal::lambda_one;
  for (double ahead = std::max(3 * gap_, 1e-15); from + ahead < 1; ahead *= 4) {
    const auto there = internal::breakpoint_near(from + ahead);
    if (internal::compare(there, graph_->lambda()) <= 0 || !paths_->find_cycle(*graph_, there, room)) continue;
    at = there;
    break;
  }
  if (at.end == 0 && !paths_->find_cycle(*graph_, at, room)) return false;
  do {
    internal::LinearWeight total;
    exchange = paths_->exchange(*graph_, total);
    at = internal::root(total);
  } while (paths_->find_cycle(*graph_, at, room));
  gap_ += 0.1 * (at.value() - from - gap_);
  return true;
}

/// What leads from the graph's clustering, optimal for the sites t, to the target's radial one.
template <class WhenUsed>
void TransitionSequence::connect() {
  DifferenceGraph difference;
  difference.clusters = graph_->clusters().count;
  const auto& label = graph_->clusters().label;
  for (std::size_t j = 0; j < label.size(); ++j)
    if (label[j] != target_radial_[j]) difference.arcs.push_back({static_cast<Index>(j), label[j], target_radial_[j]});
  connection_ = decompose(difference);
  std::reverse(connection_.begin(), connection_.end());
}

/// For each cluster the first one with items whose site is at the same place at lambda, exactly; between such sites
/// there is no boundary, only the difference of two roundings.
inline void TransitionSequence::find_twins(const internal::Breakpoint& at) {
  const double lambda = at.value();
  if (lambda >= apart_from_ && lambda <= apart_until_) return;  // as last time: none
  const auto& clusters = graph_->clusters();
  const std::size_t k = graph_->size(), d = static_cast<std::size_t>(clusters.dim);
  // Sites move along lines at constant speed: two of them stay apart for as long as half of the gap takes to close.
  double apart = 1;
  std::vector<char> is_equal(k * k, 0);
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t l = 0; l < i; ++l) {
      double distance = 0, speed = 0, rounding = 0;
      bool vanishes = true;
      for (std::size_t r = 0; r < d; ++r) {
        const double start = clusters.start_sites[i * d + r] - clusters.start_sites[l * d + r];
        const double end = clusters.target_sites[i * d + r] - clusters.target_sites[l * d + r];
        const double gap = std::abs(start + lambda * (end - start)), error = 1e-14 * (std::abs(start) + std::abs(end));
        distance += gap;
        speed += std::abs(end - start);
        rounding += error;
        const internal::LinearWeight exact{static_cast<std::int64_t>(start), static_cast<std::int64_t>(end)};
        vanishes = vanishes && gap <= error && internal::sign(exact, at) == 0;
      }
      is_equal[i * k + l] = is_equal[l * k + i] = vanishes;
      apart = std::min(apart, distance <= rounding ? -1 : speed > 0 ? distance / (2 * speed) : 1);
    }
  apart_from_ = lambda - apart;
  apart_until_ = lambda + apart;

  twins_.resize(k);
  for (std::size_t i = 0; i < k; ++i) twins_[i] = i;
  // An empty cluster bounds nothing by itself and takes the place of one that is not.
  const auto join = [&](std::size_t i, std::size_t l) {
    if (twins_[i] == i && !clusters.clusters[l].items.empty() && is_equal[i * k + l] != 0) twins_[i] = twins_[l];
  };
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t l = 0; l < i; ++l) join(i, l);
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t l = i + 1; l < k && clusters.clusters[i].items.empty(); ++l) join(i, l);
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t l = 0; l < k; ++l)
      if (i != l && twins_[i] == twins_[l] && !clusters.clusters[i].items.empty()) scaled_[i * k + l] = 0;
}

/// Sites at lambda and gamma from the solution of the difference system, whose items are relative to the grid's origin.
inline void TransitionSequence::set_diagram(double lambda, PowerDiagram& diagram) const {
  const auto& origin = graph_->clusters().origin;
  const Index d = start_sites_.rows(), k = start_sites_.cols();
  diagram.sites.resize(d, k);
  diagram.gamma.resize(k);
  for (Index i = 0; i < k; ++i) {
    const auto twin = static_cast<Index>(twins_[static_cast<std::size_t>(i)]);
    double gamma = system_->potential(0) - system_->potential(static_cast<std::size_t>(twin));
    for (Index r = 0; r < d; ++r) {
      const double first = (1 - lambda) * start_sites_(r, 0) + lambda * target_sites_(r, 0);
      const double site = (1 - lambda) * start_sites_(r, twin) + lambda * target_sites_(r, twin);
      diagram.sites(r, i) = site;
      gamma += (site - first) * origin[static_cast<std::size_t>(r)];
    }
    diagram.gamma(i) = gamma;
  }
}

/// The sites at lambda on the grid, coordinate by coordinate.
inline void TransitionSequence::set_sites(double lambda) {
  const auto& clusters = graph_->clusters();
  const std::size_t k = graph_->size(), d = static_cast<std::size_t>(clusters.dim);
  sites_.resize(k * d);
  products_.resize(k);
  for (std::size_t r = 0; r < d; ++r)
    for (std::size_t i = 0; i < k; ++i) {
      const double start = clusters.start_sites[i * d + r], end = clusters.target_sites[i * d + r];
      sites_[r * k + i] = start + lambda * (end - start);
    }
}

/// A power diagram for the clusterings before and after a step: system (7) of BHZ.
template <class WhenUsed>
void TransitionSequence::share(internal::PendingStep& pending) {
  const auto& clusters = graph_->clusters();
  const std::size_t k = graph_->size(), d = static_cast<std::size_t>(clusters.dim);
  const double lambda = pending.step.lambda, unit = clusters.weight_unit();
  set_sites(lambda);
  do {
    scaled_ = graph_->weights(pending.at);
    for (const auto& move : pending.step.moves)
      for (const Label cluster : {move.from, move.to}) {
        const auto i = static_cast<std::size_t>(cluster);
        std::fill_n(products_.begin(), k, 0.0);
        for (std::size_t r = 0; r < d; ++r) {
          const double x = clusters.coordinate(move.item, static_cast<Index>(r));
          const double* const own = sites_.data() + r * k;
          for (std::size_t l = 0; l < k; ++l) products_[l] += x * (own[i] - own[l]);
        }
        products_[i] = std::numeric_limits<double>::infinity();
        for (std::size_t l = 0; l < k; ++l) scaled_[i * k + l] = std::min(scaled_[i * k + l], products_[l]);
      }
    for (double& weight : scaled_) weight *= unit;
    find_twins(pending.at);
  } while (!system_->feasible(scaled_.data()) && graph_->make_exact(system_->negative_cycle()));
  set_diagram(lambda, pending.step.shared);
}

/// The largest margin of the graph's clustering for the sites at lambda: LP (6) of BHZ.
template <class WhenUsed>
void TransitionSequence::measure(const internal::Breakpoint& at, double& margin, PowerDiagram& diagram) {
  const std::size_t k = graph_->size(), d = static_cast<std::size_t>(graph_->clusters().dim);
  const auto& clusters = graph_->clusters();
  const double lambda = at.value(), unit = clusters.weight_unit();
  const auto set_weights = [&] {
    scaled_ = graph_->weights(internal::compare(at, graph_->lambda()) < 0 ? graph_->lambda() : at);
    for (double& weight : scaled_) weight *= unit;
    find_twins(at);
  };
  set_weights();
  set_sites(lambda);
  distances_.assign(k * k, 0);
  for (std::size_t i = 0; i < k; ++i) {
    double* const row = distances_.data() + i * k;
    for (std::size_t r = 0; r < d; ++r) {
      const double* const own = sites_.data() + r * k;
      for (std::size_t l = 0; l < k; ++l) row[l] += (own[i] - own[l]) * (own[i] - own[l]);
    }
    for (std::size_t l = 0; l < k; ++l) row[l] = std::sqrt(row[l]) * clusters.site_unit;
    for (std::size_t l = 0; l < k; ++l)
      if (twins_[i] == twins_[l]) row[l] = 0;
  }
  // Bounds instead of weights can only lower the margin, unless no cycle that attains it has any.
  while (margin = system_->maximize(scaled_.data(), distances_.data()), graph_->make_exact(system_->tight_cycle()))
    set_weights();
  if (options_.diagrams == Diagrams::all) set_diagram(lambda, diagram);
}

template <class WhenUsed>
Transition TransitionSequence::collect(const Labels& target) {
  Transition result;
  result.start = labels_;
  result.start_sites = start_sites_;
  result.target_sites = target_sites_;
  result.lower = lower_;
  result.upper = upper_;
  result.is_centered = options_.center;
  result.start_margin = start_margin_;
  result.start_diagram = start_diagram_;
  constexpr Index parts = 1000;
  Index reported = -1;
  while (auto step = next()) {
    const auto done = std::min(parts, static_cast<Index>(step->lambda * static_cast<double>(parts)));
    result.steps.push_back(std::move(*step));
    if (options_.progress && (done != reported || step->phase != TransitionPhase::linear) &&
        !options_.progress({"exchanges", done, parts})) {
      result.status = TransitionStatus::stopped_by_callback;
      break;
    }
    reported = done;
  }
  result.target = target.size() > 0 && result.status == TransitionStatus::complete ? target : labels_;
  return result;
}

template <class P, class S, class T>
Transition transition(const Eigen::MatrixBase<P>& points, const Labels& start, const Eigen::MatrixBase<S>& start_sites,
                      const Labels& target, const Eigen::MatrixBase<T>& target_sites,
                      const TransitionSequenceOptions& options) {
  return TransitionSequence(points, start, start_sites, target, target_sites, options).collect(target);
}

template <class P, class S>
Transition lsa_to_radial(const Eigen::MatrixBase<P>& points, const Labels& labels, const Eigen::MatrixBase<S>& sites,
                         const Counts& lower, const Counts& upper, const TransitionSequenceOptions& options) {
  constexpr auto function = "lsa_to_radial";
  internal::check_clustering(points, labels, sites, function, "labels", "sites");
  internal::check_bounds(lower, upper, sites.cols(), function);
  internal::check_sizes(internal::cluster_sizes(labels, sites.cols()), lower, upper, function, "labels");
  TransitionSequence sequence;
  sequence.options_ = options;
  sequence.lower_ = lower;
  sequence.upper_ = upper;
  sequence.end_of_initial_ = TransitionSequence::Stage::end;
  sequence.begin(points, labels, sites, sites, true, function, "labels", "sites");
  return sequence.collect({});
}

template <class P, class S, class T>
Transition radial_to_radial(const Eigen::MatrixBase<P>& points, const Labels& start,
                            const Eigen::MatrixBase<S>& start_sites, const Labels& target,
                            const Eigen::MatrixBase<T>& target_sites, const TransitionSequenceOptions& options) {
  constexpr auto function = "radial_to_radial";
  internal::check_transition(points, start, start_sites, target, target_sites, options, function);
  TransitionSequence sequence;
  sequence.options_ = options;
  std::tie(sequence.lower_, sequence.upper_) =
      internal::common_bounds(start, target, start_sites.cols(), options.lower, options.upper, function);
  sequence.begin_target(points, target, start_sites, target_sites, function);
  const auto refuse = [](const ItemExchange& exchange, std::string_view argument, std::string_view sites) {
    throw invalid_input(function, argument, "a clustering",
                        internal::text("it is not radial for ", sites, " within the size bounds: moving ",
                                       internal::describe(exchange), " raises the sum of x . s"),
                        "use transition(), which begins and ends at any constrained least-squares assignment");
  };
  if (sequence.target_steps_.size() > sequence.target_mends_)
    refuse(sequence.target_steps_[sequence.target_mends_], "target", "target_sites");
  sequence.begin(points, start, start_sites, target_sites, false, function, "start", "start_sites");
  const auto missing =
      internal::path_to_radial(*sequence.graph_, *sequence.paths_, internal::lambda_zero, sequence.room_);
  if (!missing.empty()) refuse(missing, "start", "start_sites");
  return sequence.collect(target);
}

}  // namespace kmscape

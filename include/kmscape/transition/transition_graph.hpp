// The graph of exchanges on the clusters: arc i -> l has the weight min over x in C_i of x . (s_i - s_l), what moving
// the cheapest item costs the objective sum_i sum_{x in C_i} x . s_i, for every lambda of a linear transition of the
// sites.
//
// As a function of lambda such a weight is the lower envelope of the lines of the cluster's items. An arc knows its
// envelope on a window of lambda from a pool of items alone: the others lie above a line that the envelope does not
// reach. A pool is drawn by a scan of the cluster and serves hundreds of exchanges; what changes by an exchange are
// envelopes of pools only. Which item is the cheapest is decided exactly.
//
// Of clusters far apart it is enough to know that an exchange between them does not pay: until somebody asks for the
// item, an arc has a line below all its items' lines instead, through the least costs at lambda = 0 and 1.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/transition/arc_envelope.hpp>
#include <kmscape/transition/clusters.hpp>
#include <kmscape/transition/exact_weight.hpp>
#include <kmscape/transition/exchange.hpp>
#include <kmscape/transition/item_pool.hpp>

namespace kmscape::internal {

template <class WhenUsed>
class BasicTransitionGraph {
 public:
  /// @param fixed the sites do not move: all questions are about the same lambda
  BasicTransitionGraph(Clusters clusters, const Breakpoint& lambda, bool fixed)
      : clusters_(std::move(clusters)),
        k_(static_cast<std::size_t>(clusters_.count)),
        lambda_(lambda),
        lambda_value_(lambda.value()),
        fixed_(fixed),
        arcs_(k_ * k_),
        start_(k_ * k_, infinity),
        slope_(k_ * k_, 0),
        until_(k_ * k_, infinity),
        is_bound_(k_ * k_, 1),
        bound_end_(k_ * k_, infinity),
        weights_(k_ * k_, infinity),
        chosen_(k_ * k_, 0),
        first_gap_(static_cast<std::size_t>(clusters_.dim)),
        last_gap_(static_cast<std::size_t>(clusters_.dim)) {
    // Weights and labels are sums of products in double: errors of a few units in the last place of the largest.
    tolerance_ = 64 * (static_cast<double>(k_) + 2 + static_cast<double>(clusters_.dim)) *
                 std::numeric_limits<double>::epsilon() * clusters_.bound;
    scanned_first_.resize(block);
    scanned_last_.resize(block);
    for (std::size_t i = 0; i < k_; ++i)
      for (std::size_t l = 0; l < k_; ++l)
        if (i != l) draw_bound(i, l);
  }

  [[nodiscard]] const Clusters& clusters() const { return clusters_; }
  [[nodiscard]] std::size_t size() const { return k_; }
  [[nodiscard]] const Breakpoint& lambda() const { return lambda_; }
  /// Differences of sums of up to k + 2 rounded weights that are larger have the sign of the exact ones.
  [[nodiscard]] double tolerance() const { return tolerance_; }

  /// Computes all weights at `at` >= lambda(), rounded, arc i -> l at i * k + l; infinite where C_i is empty and for
  /// i = l; of an arc whose item nobody asked for, a lower bound (`make_exact`). Valid until the next call of
  /// `weights`, `advance` or `apply`.
  const std::vector<double>& weights(const Breakpoint& at) {
    const double value = at.value();
    asked_ = at;
    asked_value_ = value;
    if (fixed_) {
      for (std::size_t a = 0; a < arcs_.size(); ++a) {
        if (until_[a] < 0) draw_pool(a / k_, a % k_, value);
        weights_[a] = weight_if_fixed(a);
      }
      return weights_;
    }
    for (const std::size_t a : looked_up_) chosen_[a] = arcs_[a].first;
    looked_up_.clear();
    for (std::size_t a = 0; a < arcs_.size(); ++a) weights_[a] = start_[a] + value * slope_[a];
    visit_ended(value, [&](std::size_t a) { look_up(a / k_, a % k_, at, value); });
    return weights_;
  }

  /// Whether the weight of arc i -> l was a bound; then what weights() returned has it exactly now.
  bool make_exact(std::size_t i, std::size_t l) {
    const std::size_t a = i * k_ + l;
    if (is_bound_[a] == 0) return false;
    is_bound_[a] = 0;
    draw_pool(i, l, std::min(1.0, asked_value_ + 2 * near));
    if (fixed_)
      weights_[a] = weight_if_fixed(a);
    else
      look_up(i, l, asked_, asked_value_);
    return true;
  }

  /// The same for all arcs of a cycle.
  bool make_exact(const std::vector<std::size_t>& cycle) {
    bool any = false;
    for (std::size_t c = 0; c < cycle.size(); ++c)
      any |= make_exact(cycle[c], cycle[c + 1 == cycle.size() ? 0 : c + 1]);
    return any;
  }

  /// The cheapest item of arc i -> l where weights() was asked last. Its weight must be exact.
  [[nodiscard]] const EnvelopeLine& line(std::size_t i, std::size_t l) const {
    return arcs_[i * k_ + l].lines[chosen_[i * k_ + l]];
  }

  /// No more questions will be about a smaller lambda.
  void advance(const Breakpoint& lambda) {
    lambda_ = lambda;
    lambda_value_ = lambda.value();
    visit_ended(lambda_value_, [&](std::size_t a) {
      arcs_[a].first = arcs_[a].line_at(lambda);
      publish(a);
    });
  }

  /// Moves the items of an exchange.
  void apply(const ItemExchange& exchange) {
    std::vector<double>& coordinates = moved_;
    const auto d = static_cast<std::size_t>(clusters_.dim);
    coordinates.resize(d * exchange.size());
    for (std::size_t m = 0; m < exchange.size(); ++m) {
      clusters_.erase(exchange[m].item, coordinates.data() + m * d);
      clusters_.label[static_cast<std::size_t>(exchange[m].item)] = -1;
      const auto i = static_cast<std::size_t>(exchange[m].from);
      const bool is_last = clusters_.clusters[i].items.empty();
      for (std::size_t l = 0; l < k_; ++l) {
        if (is_bound_[i * k_ + l] != 0) {
          if (is_last) set_bound(i * k_ + l, infinity, infinity);
          continue;
        }
        const auto& arc = arcs_[i * k_ + l];
        for (std::size_t s = arc.first; s < arc.lines.size(); ++s)
          if (arc.lines[s].item == exchange[m].item) {
            cut(i * k_ + l, s, arc.lines[s].from_value);
            break;
          }
      }
    }
    for (std::size_t m = 0; m < exchange.size(); ++m)
      clusters_.insert(exchange[m].item, exchange[m].to, coordinates.data() + m * d);
    for (std::size_t m = 0; m < exchange.size(); ++m)
      offer(exchange[m].item, static_cast<std::size_t>(exchange[m].to), coordinates.data() + m * d);
    for (const std::size_t a : changed_) {
      arcs_[a].is_changed = false;
      build(a / k_, a % k_, lambda_value_);
    }
    changed_.clear();
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr double near =
      64 * std::numeric_limits<double>::epsilon();    // values of lambda this close: unknown order
  static constexpr std::size_t small_if_fixed = 512;  // likewise: an envelope of one line is soon built
  static constexpr std::size_t lines_ahead = 3;       // of an envelope

  /// Calls `visit` for the arcs whose first line ends before `lambda` or too close to it to tell.
  template <class Visit>
  void visit_ended(double lambda, const Visit& visit) const {
    const double late = lambda + near;
    for (std::size_t i = 0; i < k_; ++i) {
      // Most rows have none.
      int ended = 0;
      for (std::size_t a = i * k_; a < (i + 1) * k_; ++a) ended += until_[a] < late;
      for (std::size_t a = i * k_; ended > 0; ++a) {
        if (!(until_[a] < late)) continue;
        --ended;
        visit(a);
      }
    }
  }

  void mark(std::size_t a) {
    if (arcs_[a].is_changed) return;
    arcs_[a].is_changed = true;
    changed_.push_back(a);
  }

  /// The first `count` lines of the arc are its envelope until `until`; what comes after is computed when asked for.
  void cut(std::size_t a, std::size_t count, double until) {
    auto& arc = arcs_[a];
    if (count <= arc.first || until < lambda_value_ + 4 * near) {
      mark(a);
      return;
    }
    arc.valid_until = std::min(arc.valid_until, until);
    arc.is_used_up = false;
    arc.lines.resize(count);
    publish(a);
  }

  /// Tells the dense arrays what the arc's first line is.
  void publish(std::size_t a) {
    const auto& arc = arcs_[a];
    chosen_[a] = arc.first;
    if (arc.lines.empty()) {
      start_[a] = infinity;
      slope_[a] = 0;
      until_[a] = arc.is_whole ? infinity : -1;
      return;
    }
    start_[a] = arc.lines[arc.first].start;
    slope_[a] = arc.lines[arc.first].end - start_[a];
    const double next = arc.first + 1 < arc.lines.size() ? arc.lines[arc.first + 1].from_value : infinity;
    // At lambda = 1 there is nothing beyond the window.
    until_[a] = std::min(next, arc.valid_until >= 1 ? infinity : arc.valid_until);
  }

  [[nodiscard]] double weight_if_fixed(std::size_t a) const {
    return asked_value_ == 0 ? start_[a] : start_[a] + slope_[a];
  }

  /// No item of the arc's cluster costs less than these at lambda = 0 and 1, nor than the line through them between.
  void set_bound(std::size_t a, double start, double end) {
    start_[a] = start;
    bound_end_[a] = end;
    slope_[a] = start < infinity ? end - start : 0;
  }

  void draw_bound(std::size_t i, std::size_t l) {
    const auto& cluster = clusters_.clusters[i];
    double start = infinity, end = infinity;
    gaps(i, l, 0, 1);
    for (std::size_t begin = 0; begin < cluster.items.size(); begin += block) {
      const std::size_t count = std::min(cluster.items.size() - begin, block);
      scan(cluster, begin, begin + count);
      start = std::min(start, least_of(scanned_first_.data(), count));
      end = std::min(end, least_of(scanned_last_.data(), count));
    }
    set_bound(i * k_ + l, start, end);
  }

  void look_up(std::size_t i, std::size_t l, const Breakpoint& lambda, double value) {
    const std::size_t a = i * k_ + l;
    auto& arc = arcs_[a];
    if (arc.valid_until < 1 && arc.valid_until < value + near) {
      const double needed = std::min(1.0, value + 2 * near);
      if (!arc.is_used_up && arc.to >= needed) {
        arc.horizon = std::max(2 * (value - lambda_value_), std::min(1.0, 2 * arc.horizon));
        build(i, l, needed);
      }
      if (arc.valid_until < needed) draw_pool(i, l, needed);
    }
    if (arc.lines.empty()) {
      weights_[a] = infinity;
      return;
    }
    const std::size_t s = arc.line_at(lambda);
    chosen_[a] = s;
    looked_up_.push_back(a);
    weights_[a] = arc.lines[s].at(value);
  }

  void gaps(std::size_t i, std::size_t l, double from, double to) {
    for (std::size_t r = 0; r < first_gap_.size(); ++r) {
      const std::size_t a = i * first_gap_.size() + r, b = l * first_gap_.size() + r;
      const double start = clusters_.start_sites[a] - clusters_.start_sites[b];
      const double end = clusters_.target_sites[a] - clusters_.target_sites[b];
      first_gap_[r] = start + from * (end - start);
      last_gap_[r] = start + to * (end - start);
    }
  }

  /// x . (s_i - s_l) at both ends of what gaps() was asked for, for members `begin` to `end` of a cluster.
  void scan(const Clusters::Cluster& cluster, std::size_t begin, std::size_t end) {
    const std::size_t count = end - begin;
    double* const first = scanned_first_.data();
    double* const last = scanned_last_.data();
    std::fill_n(first, count, 0.0);
    std::fill_n(last, count, 0.0);
    for (std::size_t r = 0; r < first_gap_.size(); ++r) {
      const double* const x = cluster.coordinates.data() + r * cluster.capacity + begin;
      const double a = first_gap_[r], b = last_gap_[r];
      for (std::size_t m = 0; m < count; ++m) {
        first[m] += a * x[m];
        last[m] += b * x[m];
      }
    }
  }

  /// Draws the arc's pool anew from lambda() on, so that the envelope is known until `needed` at least.
  void draw_pool(std::size_t i, std::size_t l, double needed) {
    const std::size_t a = i * k_ + l;
    auto& arc = arcs_[a];
    const auto& cluster = clusters_.clusters[i];
    const std::size_t n = cluster.items.size();
    const double ahead = needed - lambda_value_;
    if (arc.wanted == 0)
      arc.wanted = std::max<std::size_t>(32, static_cast<std::size_t>(std::sqrt(static_cast<double>(n))));
    else if (!arc.is_used_up)  // the window ended before the pool did
      arc.length *= 2;
    else
      arc.length = 2 * (lambda_value_ - arc.from);
    arc.length = std::min(1.0, std::max(arc.length, 8 * ahead));
    for (;; arc.wanted *= 4) {
      arc.is_whole = n <= (fixed_ ? small_if_fixed : ArcEnvelope::small_cluster) || arc.wanted >= n / 2;
      arc.from = lambda_value_;
      arc.to = fixed_ ? lambda_value_ : arc.is_whole ? 1 : std::clamp(lambda_value_ + arc.length, needed, 1.0);
      collect(arc, cluster, i, l);
      build(i, l, needed);
      if (arc.is_whole || arc.valid_until >= needed) return;
      if (arc.to > needed) {  // the window was too long
        arc.to = needed;
        collect(arc, cluster, i, l);
        build(i, l, needed);
        if (arc.valid_until >= needed) return;
      }
    }
  }

  void collect(ArcEnvelope& arc, const Clusters::Cluster& cluster, std::size_t i, std::size_t l) {
    const std::size_t n = cluster.items.size();
    arc.pool.clear();
    arc.floor_from = arc.floor_to = infinity;
    if (!arc.is_whole) {
      // Thresholds from a sample: how many items lie below matters for speed only.
      gaps(i, l, arc.from, arc.to);
      const std::size_t count = std::min(n, std::clamp<std::size_t>(8 * n / arc.wanted, 48, 2048)), stride = n / count;
      sample_first_.resize(count);
      sample_last_.resize(count);
      for (std::size_t m = 0; m < count; ++m) {
        double first = 0, last = 0;
        for (std::size_t r = 0; r < first_gap_.size(); ++r) {
          const double x = cluster.coordinates[r * cluster.capacity + m * stride];
          first += first_gap_[r] * x;
          last += last_gap_[r] * x;
        }
        sample_first_[m] = first;
        sample_last_[m] = last;
      }
      const auto rank = static_cast<std::ptrdiff_t>(std::min(count - 1, 1 + arc.wanted * count / n));
      std::nth_element(sample_first_.begin(), sample_first_.begin() + rank, sample_first_.end());
      std::nth_element(sample_last_.begin(), sample_last_.begin() + rank, sample_last_.end());
      arc.floor_from = sample_first_[static_cast<std::size_t>(rank)];
      arc.floor_to = sample_last_[static_cast<std::size_t>(rank)];
      picked_.clear();
      for (std::size_t begin = 0; begin < n; begin += block) {
        const std::size_t end = std::min(n, begin + block);
        scan(cluster, begin, end);
        for (std::size_t m = 0; m < end - begin; ++m)
          if (scanned_first_[m] < arc.floor_from || scanned_last_[m] < arc.floor_to) picked_.push_back(begin + m);
      }
    }
    gaps(i, l, 0, 1);
    const auto take = [&](std::size_t m) {
      double start = 0, end = 0;
      for (std::size_t r = 0; r < first_gap_.size(); ++r) {
        const double x = cluster.coordinates[r * cluster.capacity + m];
        start += first_gap_[r] * x;
        end += last_gap_[r] * x;
      }
      arc.pool.add(cluster.items[m], start, end);
    };
    if (!arc.is_whole) {
      for (const std::size_t m : picked_) take(m);
      return;
    }
    auto& pool = arc.pool;
    pool.assign(cluster.items);
    std::fill_n(pool.start.begin(), n, 0.0);
    for (std::size_t r = 0; r < first_gap_.size(); ++r) {
      const double* const x = cluster.coordinates.data() + r * cluster.capacity;
      const double a = first_gap_[r], b = last_gap_[r] - a;
      for (std::size_t m = 0; m < n; ++m) {
        pool.start[m] += a * x[m];
        pool.slope[m] += b * x[m];
      }
    }
  }

  /// A new item of cluster i may be among the cheapest.
  void offer(Index item, std::size_t i, const double* coordinates) {
    const std::size_t d = first_gap_.size();
    for (std::size_t l = 0; l < k_; ++l) {
      if (l == i) continue;
      const std::size_t a = i * k_ + l;
      auto& arc = arcs_[a];
      double start = 0, end = 0;
      for (std::size_t r = 0; r < d; ++r) {
        const double x = coordinates[r];
        start += x * (clusters_.start_sites[i * d + r] - clusters_.start_sites[l * d + r]);
        end += x * (clusters_.target_sites[i * d + r] - clusters_.target_sites[l * d + r]);
      }
      if (is_bound_[a] != 0) {
        set_bound(a, std::min(start_[a], start), std::min(bound_end_[a], end));
        continue;
      }
      const auto value = [&](double lambda) { return start + lambda * (end - start); };
      if (!arc.is_whole && value(arc.from) > arc.floor_from + tolerance_ && value(arc.to) > arc.floor_to + tolerance_)
        continue;
      arc.pool.add(item, start, end);
      if (arc.lines.empty() || arc.is_crowded()) {
        mark(a);
        continue;
      }
      // Between two corners envelope and line are both straight.
      double before = lambda_value_, above = value(before) - arc.lines[arc.first].at(before);
      if (above < tolerance_) {
        if (above > -tolerance_ || !put_first(a, item, start, end)) mark(a);
        continue;
      }
      const double last = fixed_ ? lambda_value_ : std::max(lambda_value_, arc.valid_until);
      for (std::size_t s = arc.first; s < arc.lines.size(); ++s) {
        const double corner = s + 1 < arc.lines.size() ? arc.lines[s + 1].from_value : last;
        const double then = value(corner) - arc.lines[s].at(corner);
        if (then < tolerance_) {
          cut(a, s + 1, before + (corner - before) * std::max(0.0, (above - 3 * tolerance_) / (above - then)));
          break;
        }
        before = corner;
        above = then;
      }
    }
  }

  /// Puts the line of an item that is now clearly the cheapest before those that it does not undercut until the end of
  /// the envelope, which is concave: there is one crossing at most. False where rounding leaves open which line it is.
  [[nodiscard]] bool put_first(std::size_t a, Index item, double start, double end) {
    auto& arc = arcs_[a];
    if (fixed_ || arc.is_changed || arc.valid_until < lambda_value_ + 4 * near) return false;
    const auto above = [&](const EnvelopeLine& line, double lambda) {
      return start + lambda * (end - start) - line.at(lambda);
    };
    std::size_t s = arc.first;
    for (;; ++s) {
      const bool is_last = s + 1 == arc.lines.size();
      const double corner = is_last ? arc.valid_until : arc.lines[s + 1].from_value;
      const double then = above(arc.lines[s], corner);
      if (std::abs(then) < tolerance_) return false;
      if (then > 0) break;
      if (!is_last) continue;
      ++s;
      break;
    }
    EnvelopeLine line = line_of(item, a / k_, a % k_, lambda_);
    if (s < arc.lines.size()) {
      const Breakpoint crossing = root(line.weight - arc.lines[s].weight);
      arc.lines[s].from = crossing;
      arc.lines[s].from_value = crossing.value();
    }
    if (s == 0) {
      arc.lines.insert(arc.lines.begin(), line);
    } else {
      arc.lines[s - 1] = line;
      arc.first = s - 1;
    }
    publish(a);
    return true;
  }

  [[nodiscard]] EnvelopeLine line_of(Index item, std::size_t i, std::size_t l, const Breakpoint& from) const {
    EnvelopeLine line;
    line.item = item;
    line.weight = clusters_.weight(item, static_cast<Index>(i), static_cast<Index>(l));
    line.start = rounded(line.weight.start);
    line.end = rounded(line.weight.end);
    line.from = from;
    line.from_value = from.value();
    return line;
  }

  /// Computes the first lines of the pool's envelope from lambda() on, at least until `needed`, and how far it is the
  /// cluster's. More lines would be computed in vain: exchanges change them before they are asked for.
  void build(std::size_t i, std::size_t l, double needed) {
    const std::size_t a = i * k_ + l;
    auto& arc = arcs_[a];
    arc.lines.clear();
    arc.first = 0;
    double reach = std::min(arc.to, std::max(needed, lambda_value_ + arc.horizon));
    const std::size_t first = cheapest(arc, i, l);
    if (first < arc.pool.size()) {
      arc.lines.push_back(line_of(arc.pool.items[first], i, l, lambda_));
      const Breakpoint horizon = reach < 1 ? breakpoint_near(reach) : lambda_one;
      while (!fixed_ && arc.lines.back().from_value < reach) {
        Breakpoint until = horizon;
        const std::size_t next = next_line(arc, i, l, until);
        if (next == arc.pool.size()) break;
        const double end = until.value();
        if (arc.lines.size() >= lines_ahead && end > needed) {
          reach = std::min(reach, end);
          break;
        }
        arc.lines.push_back(line_of(arc.pool.items[next], i, l, until));
      }
    }
    arc.is_used_up = arc.is_crowded();
    arc.valid_until = fixed_ ? 1 : reach;
    if (!arc.is_whole && !arc.is_used_up) {
      const double certified = arc.certified_until(lambda_value_, reach, tolerance_);
      arc.is_used_up = certified < reach;
      arc.valid_until = fixed_ && !arc.is_used_up ? 1 : certified;
    }
    if (arc.is_crowded()) arc.valid_until = -1;
    publish(a);
  }

  /// The member of the pool that is cheapest at lambda(); of several the one that falls fastest, then the lowest item.
  /// The pool's size if it holds no item. Items that have left are met here, where they were cheapest, and dropped.
  [[nodiscard]] std::size_t cheapest(ArcEnvelope& arc, std::size_t i, std::size_t l) {
    for (;;) {
      auto& pool = arc.pool;
      const std::size_t count = pool.size();
      const double limit = pool.least_value(lambda_value_) + 2 * tolerance_;
      std::size_t best = count;
      LinearWeight best_weight;
      bool has_weight = false;
      picked_.clear();
      pool.visit_below(lambda_value_, limit, [&](std::size_t m) {
        if (has_left(pool.items[m], i)) {
          picked_.push_back(m);
          return;
        }
        if (best == count) {
          best = m;
          return;
        }
        if (!has_weight) best_weight = clusters_.weight(pool.items[best], static_cast<Index>(i), static_cast<Index>(l));
        has_weight = true;
        const LinearWeight weight = clusters_.weight(pool.items[m], static_cast<Index>(i), static_cast<Index>(l));
        if (is_before(weight, pool.items[m], best_weight, pool.items[best], lambda_)) {
          best = m;
          best_weight = weight;
        }
      });
      if (picked_.empty()) return best;
      for (; !picked_.empty(); picked_.pop_back()) pool.drop(picked_.back());
    }
  }

  [[nodiscard]] bool has_left(Index item, std::size_t i) const {
    return clusters_.label[static_cast<std::size_t>(item)] != static_cast<Label>(i);
  }

  /// Whether the first item is cheaper at lambda and right of it, or comes first in a tie.
  [[nodiscard]] static bool is_before(const LinearWeight& weight, Index item, const LinearWeight& other,
                                      Index other_item, const Breakpoint& lambda) {
    const LinearWeight difference = weight - other;
    const int here = sign(difference, lambda);
    if (here != 0) return here < 0;
    const Integer slope = difference.end - difference.start;
    if (slope != 0) return slope < 0;
    return item < other_item;
  }

  /// The member of the pool that first gets cheaper than the last line, and where; the pool's size if none does.
  [[nodiscard]] std::size_t next_line(const ArcEnvelope& arc, std::size_t i, std::size_t l, Breakpoint& until) const {
    const EnvelopeLine& line = arc.lines.back();
    const auto& items = arc.pool.items;
    std::size_t best = items.size();
    LinearWeight best_weight;
    double value = until.value(), limit = line.at(value) + tolerance_;
    arc.pool.visit_below(value, limit, [&](std::size_t m) {
      if (items[m] == line.item || has_left(items[m], i)) return;
      const LinearWeight weight = clusters_.weight(items[m], static_cast<Index>(i), static_cast<Index>(l));
      const LinearWeight difference = weight - line.weight;
      const int side = sign(difference, until);
      if (side > 0 || difference.end - difference.start >= 0) return;
      // Where several lines take over at once it is the one that falls fastest.
      if (side == 0 && (best == items.size() || !is_before(weight, items[m], best_weight, items[best], until))) return;
      best = m;
      best_weight = weight;
      until = root(difference);
      value = until.value();
      limit = line.at(value) + tolerance_;
    });
    return best;
  }

  static constexpr std::size_t block = 1024;

  Clusters clusters_;
  std::size_t k_;
  Breakpoint lambda_;
  double lambda_value_;
  bool fixed_;
  double tolerance_ = 0;
  std::vector<ArcEnvelope> arcs_;
  std::vector<double> start_, slope_, until_;  // of the first lines, or of the bounds
  std::vector<char> is_bound_;
  std::vector<double> bound_end_;  // at lambda = 1
  std::vector<double> weights_;
  Breakpoint asked_;  // where weights() was asked last
  double asked_value_ = 0;
  std::vector<std::size_t> chosen_, looked_up_, changed_, picked_;
  std::vector<double> first_gap_, last_gap_, scanned_first_, scanned_last_, sample_first_, sample_last_, moved_;
};
using TransitionGraph = BasicTransitionGraph<void>;

}  // namespace kmscape::internal

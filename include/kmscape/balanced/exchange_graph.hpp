// The residual graph of a transportation from n points to k clusters: k + 1 nodes, however many points there are.
//
// Moving point i from cluster a to b costs c_ib - c_ia, a number that no other move changes, so that the arc a -> b is
// as long as its cheapest point; the root, one node more, takes and gives what bounds on the sizes leave open. Prices
// keep every length c_ib - c_ia + price_a - price_b >= 0; points flow from clusters that hold too much along shortest
// paths (Tokuyama, Nakano 1995; Jewell 1958, Busacker, Gowen 1960). An arc knows only its few cheapest points and a
// number below which it knows them all. Beyond them that number is a lower bound of its length; it looks for more when
// a shortest path needs them.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <kmscape/balanced/center_costs.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/simd.hpp>

namespace kmscape::internal {

template <std::floating_point Scalar>
class ExchangeGraph {
 public:
  using Real = Sum<Scalar>;

  /// `points` are the indices that take part, all of them where it is empty; `weights` belong to these, and are all 1
  /// where it is empty. Every point joins its cheapest cluster under `prices` (k); the sizes need not fit yet.
  ExchangeGraph(const CenterCosts<Scalar>& costs, std::vector<Index> points, std::vector<Index> weights,
                const std::vector<Index>& lower, const std::vector<Index>& upper, const std::vector<Real>& prices)
      : labels(static_cast<std::size_t>(points.empty() ? costs.size() : static_cast<Index>(points.size()))),
        sizes(lower.size(), 0),
        costs_(costs),
        points_(std::move(points)),
        weights_(std::move(weights)),
        lower_(lower),
        upper_(upper),
        clusters_(lower.size()),
        stride_((clusters_ + 1 + lanes - 1) / lanes * lanes),
        root_(clusters_),
        price_(stride_, -infinity),
        row_(static_cast<std::size_t>(costs.width())),
        length_((clusters_ + 1) * stride_, infinity),
        bound_(clusters_ * stride_, -infinity),
        cheapest_((clusters_ + 1) * stride_, -1),
        lists_(clusters_ * clusters_),
        kept_(clusters_ * clusters_),
        distance_(stride_),
        open_(stride_),
        before_(stride_),
        held_(clusters_) {
    std::copy(prices.begin(), prices.end(), price_.begin());
    const std::size_t pieces = labels.size();
    // All lists together stay of the order of the points.
    const std::size_t kept = std::clamp<std::size_t>(pieces / (clusters_ * clusters_), 1, most_kept);
    std::fill(kept_.begin(), kept_.end(), static_cast<std::uint32_t>(kept));
    for (std::size_t a = 0; a < clusters_; ++a)
      for (std::size_t b = 0; b < clusters_; ++b)
        if (a != b) bound_[arc(a, b)] = infinity;
    for (std::size_t i = 0; i < pieces; ++i) {
      costs_.row(point(i), row_.data());
      const auto a = static_cast<std::size_t>(Cheapest<Real>(row_.data(), price_.data(), costs_.width()).center);
      labels[i] = static_cast<Label>(a);
      sizes[a] += weight(i);
      offer(a, static_cast<std::uint32_t>(i));
    }
    price_[root_] = 0;
    for (std::size_t a = 0; a < clusters_; ++a)
      for (std::size_t b = 0; b < clusters_; ++b) {
        auto& list = lists_[pair(a, b)];
        std::make_heap(list.begin(), list.end(), Later{});
        look_up(a, b);
      }
    open_root();
  }

  /// Makes the sizes fit; the assignment is then a cheapest one.
  void balance() {
    for (std::size_t source = 0; source <= root_; ++source)
      while (excess_[source] > 0) augment(source);
  }

  /// Points (their weights) that sit in clusters that hold too many.
  [[nodiscard]] Index total_excess() const {
    Index total = 0;
    for (const Index excess : excess_) total += std::max(excess, Index{0});
    return total;
  }

  /// Moves the prices, which keep every length >= 0, to the middle of those that do: the mean of the solutions that
  /// shortest paths from each node give. No length stays 0 that some solution makes positive. O(k^3).
  void center_prices() {
    std::vector<Real> sum(clusters_ + 1, Real(0));
    for (std::size_t source = 0; source <= root_; ++source) {
      const Real farthest = search_all(source);
      for (std::size_t v = 0; v <= root_; ++v)
        sum[v] += std::min(distance_[v], farthest) - std::min(distance_[root_], farthest);
    }
    for (std::size_t v = 0; v <= root_; ++v) price_[v] += sum[v] / static_cast<Real>(clusters_ + 1);
  }

  /// Prices of the clusters. Where bounds leave sizes open, one is positive only at a lower bound and negative only at
  /// an upper; where all sizes are fixed they have mean 0.
  [[nodiscard]] std::vector<Real> prices() const {
    std::vector<Real> result(price_.begin(), price_.begin() + static_cast<std::ptrdiff_t>(clusters_));
    Real shift = price_[root_];
    if (lower_ == upper_) {
      shift = 0;
      for (const Real price : result) shift += price / static_cast<Real>(clusters_);
    }
    for (std::size_t j = 0; j < clusters_; ++j) {
      result[j] -= shift;
      if (lower_[j] == upper_[j]) continue;
      if (held_[j] > lower_[j]) result[j] = std::min(result[j], Real(0));
      if (held_[j] < upper_[j]) result[j] = std::max(result[j], Real(0));
    }
    return result;
  }

  /// Of piece p: the index of its point among all, and how much of the point's weight it is. The first pieces are the
  /// points, what is left of them; those after them were cut off to go elsewhere.
  [[nodiscard]] Index point(std::size_t p) const {
    if (p >= whole_pieces()) p = cut_from_[p - whole_pieces()];
    return points_.empty() ? static_cast<Index>(p) : points_[p];
  }
  [[nodiscard]] Index weight(std::size_t p) const { return weights_.empty() ? 1 : weights_[p]; }
  [[nodiscard]] std::size_t whole_pieces() const { return labels.size() - cut_from_.size(); }

  std::vector<Label> labels;  // per piece
  std::vector<Index> sizes;   // per cluster
  Index paths = 0;            // that carried points

 private:
  static constexpr Real infinity = std::numeric_limits<Real>::infinity();
  static constexpr std::size_t lanes = static_cast<std::size_t>(pack_lanes<Real>);
  static constexpr std::size_t most_kept = 256;
  static constexpr std::uint32_t least_refill = 8;

  struct Candidate {
    Real key;  // what its move costs before prices
    std::uint32_t piece;
  };
  /// Order by key, then by index; the heap's front is the first.
  struct Later {
    bool operator()(const Candidate& a, const Candidate& b) const {
      return a.key > b.key || (a.key == b.key && a.piece > b.piece);
    }
  };

  [[nodiscard]] std::size_t arc(std::size_t a, std::size_t b) const { return a * stride_ + b; }
  [[nodiscard]] std::size_t pair(std::size_t a, std::size_t b) const { return a * clusters_ + b; }
  [[nodiscard]] bool is_exact(std::size_t a, std::size_t b) const {
    return a == root_ || b == root_ || cheapest_[arc(a, b)] >= 0 || bound_[arc(a, b)] == infinity;
  }

  /// While the lists are being filled: enters the piece whose costs are in `row_` where it may be among the cheapest.
  void offer(std::size_t a, std::uint32_t piece) {
    const Pack<Real> own = broadcast(row_[a]);
    const Real* bounds = &bound_[arc(a, 0)];
    for (std::size_t first = 0; first < row_.size(); first += lanes) {
      const Pack<Real> keys = load_pack<Pack<Real>>(&row_[first]) - own;
      auto bits = lane_bits((IntegerPack<Real>)(keys < load_pack<Pack<Real>>(bounds + first)));
      for (; bits != 0; bits &= bits - 1) {
        const std::size_t b = first + static_cast<std::size_t>(__builtin_ctz(bits));
        enlist(a, b, {row_[b] - row_[a], piece});
      }
    }
  }

  void enlist(std::size_t a, std::size_t b, const Candidate& candidate) {
    auto& list = lists_[pair(a, b)];
    list.push_back(candidate);
    const std::size_t kept = kept_[pair(a, b)];
    if (list.size() < 2 * kept) return;
    const auto cut = list.begin() + static_cast<std::ptrdiff_t>(kept);
    std::nth_element(list.begin(), cut, list.end(), [](const auto& x, const auto& y) { return Later{}(y, x); });
    bound_[arc(a, b)] = cut->key;
    list.erase(cut, list.end());
  }

  /// Drops the pieces that have left cluster a, and reads the arc's length off the first that has not.
  void look_up(std::size_t a, std::size_t b) {
    auto& list = lists_[pair(a, b)];
    while (!list.empty() && labels[list.front().piece] != static_cast<Label>(a)) {
      std::pop_heap(list.begin(), list.end(), Later{});
      list.pop_back();
    }
    length_[arc(a, b)] = a == b ? infinity : list.empty() ? bound_[arc(a, b)] : list.front().key;
    cheapest_[arc(a, b)] = list.empty() ? -1 : static_cast<std::int64_t>(list.front().piece);
  }

  /// More points than before for an arc that has run out.
  void refill(std::size_t a, std::size_t b) {
    kept_[pair(a, b)] = std::max<std::uint32_t>(least_refill, 2 * kept_[pair(a, b)]);
    bound_[arc(a, b)] = infinity;
    auto& list = lists_[pair(a, b)];
    list.clear();
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] != static_cast<Label>(a)) continue;
      const Index x = point(i);
      const Real key = costs_.entry(x, static_cast<Index>(b)) - costs_.entry(x, static_cast<Index>(a));
      if (key < bound_[arc(a, b)]) enlist(a, b, {key, static_cast<std::uint32_t>(i)});
    }
    std::make_heap(list.begin(), list.end(), Later{});
    look_up(a, b);
  }

  /// What each cluster is to hold as far as prices say: its lower bound where they pay for points, its upper where they
  /// charge. The root makes up for the sum.
  void open_root() {
    excess_.assign(clusters_ + 1, 0);
    for (std::size_t j = 0; j < clusters_; ++j) {
      held_[j] = price_[j] > 0 ? lower_[j] : price_[j] < 0 ? upper_[j] : std::clamp(sizes[j], lower_[j], upper_[j]);
      excess_[j] = sizes[j] - held_[j];
      excess_[root_] -= excess_[j];
      set_root_arcs(j);
    }
  }

  void set_root_arcs(std::size_t j) {
    length_[arc(j, root_)] = held_[j] < upper_[j] ? Real(0) : infinity;
    length_[arc(root_, j)] = held_[j] > lower_[j] ? Real(0) : infinity;
  }

  void start_search(std::size_t source) {
    std::fill(distance_.begin(), distance_.end(), infinity);
    std::fill(open_.begin(), open_.end(), infinity);
    distance_[source] = open_[source] = 0;
  }

  /// Settles u, and returns the open node that is then nearest.
  std::size_t settle(std::size_t u) {
    const Pack<Real> here = broadcast(distance_[u]), price = broadcast(price_[u]), zero{};
    const Real* lengths = &length_[arc(u, 0)];
    open_[u] = infinity;
    for (std::size_t first = 0; first < stride_; first += lanes) {
      // Only rounding can make a length negative. A settled node is never reached again.
      const Pack<Real> length = load_pack<Pack<Real>>(lengths + first) + price - load_pack<Pack<Real>>(&price_[first]);
      const Pack<Real> through = here + (length > zero ? length : zero);
      auto bits = lane_bits((IntegerPack<Real>)(through < load_pack<Pack<Real>>(&distance_[first])));
      if (bits == 0) continue;
      Real reached[lanes];
      store_pack(reached, through);
      for (; bits != 0; bits &= bits - 1) {
        const auto lane = static_cast<std::size_t>(__builtin_ctz(bits));
        distance_[first + lane] = open_[first + lane] = reached[lane];
        before_[first + lane] = u;
      }
    }
    return static_cast<std::size_t>(index_of_least(open_.data(), static_cast<Index>(stride_)));
  }

  /// The cluster nearest to the source that has room.
  [[nodiscard]] std::size_t search(std::size_t source) {
    start_search(source);
    settled_.clear();
    std::size_t u = source;
    while (excess_[u] >= 0) {
      settled_.push_back(u);
      u = settle(u);
    }
    return u;
  }

  /// Distances from the source to all nodes; returns the largest finite one.
  Real search_all(std::size_t source) {
    start_search(source);
    Real farthest = 0;
    for (std::size_t u = source;;) {
      farthest = distance_[u];
      const std::size_t next = settle(u);
      if (open_[next] == infinity) return farthest;
      u = next;
    }
  }

  void augment(std::size_t source) {
    std::size_t target = search(source);
    while (refill_path(source, target)) target = search(source);
    // Every length stays >= 0, and those of the path become 0.
    const Real reached = distance_[target];
    for (const std::size_t u : settled_) price_[u] -= reached - distance_[u];
    Index amount = std::min(excess_[source], -excess_[target]);
    for (std::size_t v = target; v != source; v = before_[v]) {
      const std::size_t u = before_[v];
      amount = std::min(amount, v == root_   ? upper_[u] - held_[u]
                                : u == root_ ? held_[v] - lower_[v]
                                             : weight(static_cast<std::size_t>(cheapest_[arc(u, v)])));
    }
    for (std::size_t v = target; v != source; v = before_[v]) {
      const std::size_t u = before_[v];
      if (v == root_ || u == root_) {
        const std::size_t j = v == root_ ? u : v;
        held_[j] += v == root_ ? amount : -amount;
        set_root_arcs(j);
      } else {
        move(static_cast<std::size_t>(cheapest_[arc(u, v)]), u, v, amount);
      }
    }
    excess_[source] -= amount;
    excess_[target] += amount;
    ++paths;
  }

  /// Whether some arc of the path was only a bound.
  bool refill_path(std::size_t source, std::size_t target) {
    bool any = false;
    for (std::size_t v = target; v != source; v = before_[v])
      if (!is_exact(before_[v], v)) {
        refill(before_[v], v);
        any = true;
      }
    return any;
  }

  void move(std::size_t piece, std::size_t a, std::size_t b, Index amount) {
    sizes[a] -= amount;
    sizes[b] += amount;
    costs_.row(point(piece), row_.data());
    std::size_t arrived = piece;
    if (amount < weight(piece)) {
      weights_[piece] -= amount;
      arrived = labels.size();
      cut_from_.push_back(piece < whole_pieces() ? piece : cut_from_[piece - whole_pieces()]);
      labels.push_back(static_cast<Label>(b));
      weights_.push_back(amount);
    } else {
      labels[piece] = static_cast<Label>(b);
      for (std::size_t c = 0; c < clusters_; ++c)
        if (cheapest_[arc(a, c)] == static_cast<std::int64_t>(piece)) look_up(a, c);
    }
    for (std::size_t c = 0; c < clusters_; ++c) {
      const Candidate candidate{row_[c] - row_[b], static_cast<std::uint32_t>(arrived)};
      if (!(candidate.key < bound_[arc(b, c)])) continue;
      auto& list = lists_[pair(b, c)];
      list.push_back(candidate);
      std::push_heap(list.begin(), list.end(), Later{});
      look_up(b, c);
    }
  }

  const CenterCosts<Scalar>& costs_;
  std::vector<Index> points_, weights_;
  const std::vector<Index>&lower_, &upper_;
  std::size_t clusters_, stride_, root_;
  std::vector<Real> price_, row_;
  std::vector<Real> length_;            // (k + 1) x (k + 1): before prices
  std::vector<Real> bound_;             // k x k: pieces whose move costs less are all in the list
  std::vector<std::int64_t> cheapest_;  // k x k: the piece that would move, -1 where the list is empty
  std::vector<std::vector<Candidate>> lists_;
  std::vector<std::uint32_t> kept_;
  std::vector<Real> distance_, open_;
  std::vector<std::size_t> before_, settled_;
  std::vector<Index> held_, excess_;
  std::vector<std::size_t> cut_from_;
};

}  // namespace kmscape::internal

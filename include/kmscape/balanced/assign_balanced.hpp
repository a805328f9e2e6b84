// Exact balanced assignment: minimise sum_i |x_i - c_a(i)|^2 over assignments a whose cluster sizes keep to bounds.
//
// This is the assignment step of balanced k-means (Luo, Mixon, BalLOT, arXiv 2512.05926), a transportation problem
// whose optimum is integral. Since squared distances and -2 <x, s> differ by terms that given sizes fix, it is as well
// the constrained least-squares assignment to sites s, which maximises sum_i <x_i, s_a(i)>. Its dual are prices, one a
// cluster: point i belongs where |x_i - c_j|^2 - price_j is least, in a cell of a power diagram. They are found on
// random samples, each four times as large as the one before, and made exact on a graph of k + 1 nodes
// (exchange_graph.hpp). For two clusters of points without weights the order of |x - c_1|^2 - |x - c_0|^2 decides, and
// selection takes the place of sorting.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/balanced/capacities.hpp>
#include <kmscape/balanced/center_costs.hpp>
#include <kmscape/balanced/exchange_graph.hpp>
#include <kmscape/balanced/two_clusters.hpp>
#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

enum class BalancedStatus {
  optimal,     // proved by the prices: the gap is within its rounding error
  not_proved,  // rounding has left a larger gap
};

[[nodiscard]] constexpr std::string_view to_string(BalancedStatus status) {
  return status == BalancedStatus::optimal ? "optimal" : "not_proved";
}

struct BalancedOptions {
  // k prices to begin with, those of a similar problem; empty: none. They change the time, and among equally cheap
  // assignments possibly the one found.
  std::vector<double> prices = {};
  Seed seed = 0;    // of the samples; changes the same
  int threads = 1;  // 0 means all cores; they share the passes of k = 2 and of the proof, and change no bit
};

/// A part of a point's weight, where more than one cluster shares it.
struct SharedWeight {
  Index point = 0;
  Label cluster = 0;
  Index weight = 0;
};

/// The dual bound is sum_i w_i min_j (|x_i - c_j|^2 - price_j) + sum_j price_j b_j, b_j being the lower bound of
/// cluster j where its price is positive and the upper where it is negative; no assignment costs less. The gap is the
/// cost minus this bound, summed over terms that are all >= 0.
template <std::floating_point Real>
struct BalancedAssignment {
  Labels labels;         // n: cluster of every point; of a point that clusters share, the one with most of its weight
  Counts sizes;          // k: points, or weight, per cluster
  Real cost = 0;         // sum of the weighted squared distances
  Weights<Real> prices;  // k; of mean 0 where all sizes are fixed, and 0 where a size lies strictly between its bounds
  Real gap = 0;          // cost minus dual bound as computed; exactly 0 unless points tie
  Real gap_error = 0;    // bound of the gap's rounding error: cost <= optimum + gap + gap_error
  Real margin = 0;       // least surplus that a point would pay in another cluster, prices counted; where it exceeds
                         // margin_error, the assignment is the only one of least cost for its sizes
  Real margin_error = 0;
  BalancedStatus status = BalancedStatus::not_proved;
  std::vector<SharedWeight> shared;  // with weights: the parts of all points that clusters share, at most k - 1 points
                                     // where nothing ties
  Index paths = 0;                   // shortest paths along which points moved, samples included
};

/// Assigns points (d x n) to centers (d x k), both finite, at least cost. The result is a function of its arguments. A
/// point that several clusters suit equally starts in the lowest; among clusters that must then give up points, the
/// point whose move costs least goes, the lowest of equal ones. For k = 2 the lower of tying points stay in cluster 0.
/// Throws `invalid_input`. Memory O(n + k d + k^2), for k = 2 O(n) for the labels alone; time O(n k d) and a term for
/// the exchanges, about sqrt(n k) paths of O(k^2) each on data without order, O(n d) for k = 2.
template <class P, class C>
[[nodiscard]] BalancedAssignment<Sum<typename P::Scalar>> assign_balanced(
    const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<C>& centers,
    const Capacities& capacities = Capacities::equal(), const BalancedOptions& options = {});

/// The same for weighted points: `weights(i)` >= 1 copies of point i, at most 2^53 in all, which clusters may share.
/// For k = 2 too it goes by exchanges and not by selection: time and memory are those of any k.
template <class P, class C>
[[nodiscard]] BalancedAssignment<Sum<typename P::Scalar>> assign_balanced(
    const Eigen::MatrixBase<P>& points, const Counts& weights, const Eigen::MatrixBase<C>& centers,
    const Capacities& capacities = Capacities::equal(), const BalancedOptions& options = {});

namespace internal {

template <std::floating_point Scalar>
class BalancedSearch {
 public:
  using Real = Sum<Scalar>;
  using Result = BalancedAssignment<Real>;

  /// `weights` is empty where all are 1.
  BalancedSearch(const CenterCosts<Scalar>& costs, std::vector<Index> weights, Capacities::Bounds bounds,
                 ThreadTeam& team)
      : costs_(costs),
        weights_(std::move(weights)),
        bounds_(std::move(bounds)),
        team_(team),
        k_(costs.centers()),
        total_(0) {
    for (Index i = 0; i < costs.size(); ++i) total_ += weight(i);
  }

  [[nodiscard]] Result run(const BalancedOptions& options) {
    if (k_ == 2 && weights_.empty())
      select();
    else
      search(options);
    certify();
    return std::move(result_);
  }

 private:
  static constexpr Index sampling = 4;  // a sample's size to that of the next smaller one

  [[nodiscard]] Index weight(Index i) const { return weights_.empty() ? 1 : weights_[static_cast<std::size_t>(i)]; }

  void select() {
    auto split = split_in_two(costs_, bounds_.lower, bounds_.upper, team_);
    result_.labels = std::move(split.labels);
    prices_ = {split.prices[0], split.prices[1]};
    result_.sizes.resize(2);
    result_.sizes(0) = split.first_size;
    result_.sizes(1) = total_ - split.first_size;
  }

  void search(const BalancedOptions& options) {
    prices_.assign(static_cast<std::size_t>(k_), Real(0));
    std::copy(options.prices.begin(), options.prices.end(), prices_.begin());
    const Index n = costs_.size();
    const Index smallest = std::max<Index>(4 * k_, 64);
    if (!options.prices.empty()) {
      // Prices of a similar problem misplace few points; where they misplace more than a sample's would, samples are
      // the shorter way.
      auto graph = graph_of({});
      const double usual = 2 * std::sqrt(static_cast<double>(n) * static_cast<double>(k_)) * mean_weight();
      if (static_cast<double>(graph.total_excess()) <= usual || n <= smallest) return finish(graph);
    }
    std::vector<Index> sizes;
    for (Index m = n / sampling; m >= smallest; m /= sampling) sizes.push_back(m);
    const RandomStream stream(options.seed);
    for (; !sizes.empty(); sizes.pop_back()) {
      auto graph = graph_of(sample(sizes.back(), stream.split(sizes.size())));
      balance(graph);
    }
    auto graph = graph_of({});
    finish(graph);
  }

  [[nodiscard]] double mean_weight() const { return static_cast<double>(total_) / static_cast<double>(costs_.size()); }

  /// One point of every stretch of n / m, so that memory is read in order.
  [[nodiscard]] std::vector<Index> sample(Index m, RandomStream stream) const {
    const Index n = costs_.size(), step = n / m, longer = n % m;
    std::vector<Index> chosen(static_cast<std::size_t>(m));
    for (Index t = 0, first = 0; t < m; ++t) {
      const Index length = step + (t < longer ? 1 : 0);
      chosen[static_cast<std::size_t>(t)] = first + stream.index(length);
      first += length;
    }
    return chosen;
  }

  /// The problem on a sample, its bounds scaled, or on all points.
  [[nodiscard]] ExchangeGraph<Scalar> graph_of(std::vector<Index> chosen) {
    if (chosen.empty()) return {costs_, {}, weights_, bounds_.lower, bounds_.upper, prices_};
    std::vector<Index> weights;
    Index total = static_cast<Index>(chosen.size());
    if (!weights_.empty()) {
      total = 0;
      for (const Index i : chosen) weights.push_back(weight(i));
      for (const Index w : weights) total += w;
    }
    const double share = static_cast<double>(total) / static_cast<double>(total_);
    scaled_ = bounds_;
    Index least = 0, most = 0;
    for (Index& bound : scaled_.lower)
      least += bound = static_cast<Index>(std::floor(share * static_cast<double>(bound)));
    for (Index& bound : scaled_.upper)
      most += bound = static_cast<Index>(std::ceil(share * static_cast<double>(bound)));
    // Rounding may leave the sums on the wrong side of the total.
    for (Index& bound : scaled_.lower)
      if (const Index cut = std::clamp<Index>(least - total, 0, bound); cut > 0) {
        bound -= cut;
        least -= cut;
      }
    scaled_.upper[0] += std::max<Index>(total - most, 0);
    return {costs_, std::move(chosen), std::move(weights), scaled_.lower, scaled_.upper, prices_};
  }

  void balance(ExchangeGraph<Scalar>& graph) {
    graph.balance();
    if (k_ <= most_centered) graph.center_prices();
    prices_ = graph.prices();
    result_.paths += graph.paths;
  }

  void finish(ExchangeGraph<Scalar>& graph) {
    balance(graph);
    const Index n = costs_.size();
    result_.labels.resize(n);
    std::copy(graph.labels.begin(), graph.labels.begin() + n, result_.labels.data());
    result_.sizes.resize(k_);
    std::copy(graph.sizes.begin(), graph.sizes.end(), result_.sizes.data());
    if (static_cast<Index>(graph.labels.size()) > n) collect_shares(graph);
  }

  /// Pieces of one point in one cluster are one share.
  void collect_shares(const ExchangeGraph<Scalar>& graph) {
    std::vector<Index> cut;
    for (std::size_t p = graph.whole_pieces(); p < graph.labels.size(); ++p) cut.push_back(graph.point(p));
    std::sort(cut.begin(), cut.end());
    cut.erase(std::unique(cut.begin(), cut.end()), cut.end());
    std::vector<SharedWeight> pieces;
    for (const Index i : cut)
      pieces.push_back({i, graph.labels[static_cast<std::size_t>(i)], graph.weight(static_cast<std::size_t>(i))});
    for (std::size_t p = graph.whole_pieces(); p < graph.labels.size(); ++p)
      pieces.push_back({graph.point(p), graph.labels[p], graph.weight(p)});
    std::sort(pieces.begin(), pieces.end(), [](const SharedWeight& a, const SharedWeight& b) {
      return a.point < b.point || (a.point == b.point && a.cluster < b.cluster);
    });
    auto& shared = result_.shared;
    for (const SharedWeight& piece : pieces) {
      if (!shared.empty() && shared.back().point == piece.point && shared.back().cluster == piece.cluster)
        shared.back().weight += piece.weight;
      else
        shared.push_back(piece);
    }
    for (std::size_t first = 0, last = 0; first < shared.size(); first = last) {
      std::size_t most = first;
      for (last = first; last < shared.size() && shared[last].point == shared[first].point; ++last)
        if (shared[last].weight > shared[most].weight) most = last;
      result_.labels(shared[first].point) = shared[most].cluster;
    }
    // Pieces may have met again in one cluster.
    std::erase_if(shared, [this](const SharedWeight& share) { return share.weight == weight(share.point); });
  }

  /// What a block of points adds to the proof.
  struct BlockSums {
    Real cost = 0, gap = 0, largest_cost = 0;
    Real margin = std::numeric_limits<Real>::infinity();
  };
  static constexpr Index block = 1024;  // sums of sums lose less

  [[nodiscard]] BlockSums sums_of_block(Index first, const Real* price, Real* row) const {
    const Index width = costs_.width();
    BlockSums sums;
    auto share = std::lower_bound(result_.shared.begin(), result_.shared.end(), first,
                                  [](const SharedWeight& part, Index i) { return part.point < i; });
    for (Index i = first; i < std::min(first + block, costs_.size()); ++i) {
      costs_.row(i, row);
      const TwoCheapest<Real> cheapest(row, price, k_, width);
      const auto add = [&](Index own, Index amount) {
        const Real distance = row[own], reduced = distance - price[own];
        const Real other = reduced == cheapest.first ? cheapest.second : cheapest.first;
        sums.margin = std::min(sums.margin, other - reduced);
        sums.largest_cost = std::max(sums.largest_cost, distance);
        sums.cost += static_cast<Real>(amount) * distance;
        if (other < reduced) sums.gap += static_cast<Real>(amount) * (reduced - other);
      };
      if (share == result_.shared.end() || share->point != i)
        add(result_.labels(i), weight(i));
      else
        for (; share != result_.shared.end() && share->point == i; ++share) add(share->cluster, share->weight);
    }
    return sums;
  }

  /// One more pass over the points, which trusts nothing but labels, sizes and prices.
  void certify() {
    const auto width = static_cast<std::size_t>(costs_.width());
    constexpr Real infinity = std::numeric_limits<Real>::infinity();
    std::vector<Real> price(width, -infinity);
    std::copy(prices_.begin(), prices_.end(), price.begin());
    Real largest_price = 0, largest_cost = 0;
    for (const Real p : prices_) largest_price = std::max(largest_price, std::abs(p));
    std::vector<std::vector<Real>> rows(static_cast<std::size_t>(team_.size()), std::vector<Real>(width));
    std::vector<BlockSums> blocks(static_cast<std::size_t>((costs_.size() + block - 1) / block));
    const auto count = static_cast<Index>(blocks.size());
    constexpr Index together = 16;  // blocks of one task
    team_.run((count + together - 1) / together, [&](Index task, int worker) {
      for (Index b = task * together; b < std::min((task + 1) * together, count); ++b)
        blocks[static_cast<std::size_t>(b)] =
            sums_of_block(b * block, price.data(), rows[static_cast<std::size_t>(worker)].data());
    });
    result_.margin = infinity;
    for (const BlockSums& sums : blocks) {
      result_.cost += sums.cost;
      result_.gap += sums.gap;
      result_.margin = std::min(result_.margin, sums.margin);
      largest_cost = std::max(largest_cost, sums.largest_cost);
    }
    for (std::size_t j = 0; j < prices_.size(); ++j) {
      const Index bound = prices_[j] > 0 ? bounds_.lower[j] : bounds_.upper[j];
      result_.gap += prices_[j] * static_cast<Real>(result_.sizes(static_cast<Index>(j)) - bound);
    }
    result_.prices = Eigen::Map<const Weights<Real>>(prices_.data(), k_);
    // A squared distance of d terms has a relative error of (d + 2) u, u = epsilon / 2. The cheapest center's is at
    // most the own one's and two prices.
    const Real rounding = static_cast<Real>(costs_.dimension() + 4) * std::numeric_limits<Real>::epsilon();
    result_.margin_error = rounding * (largest_cost + 2 * largest_price);
    result_.gap_error = static_cast<Real>(total_) * result_.margin_error;
    result_.status = result_.gap <= result_.gap_error ? BalancedStatus::optimal : BalancedStatus::not_proved;
  }

  static constexpr Index most_centered = 512;

  const CenterCosts<Scalar>& costs_;
  std::vector<Index> weights_;
  Capacities::Bounds bounds_, scaled_;
  ThreadTeam& team_;
  Index k_, total_;
  std::vector<Real> prices_;
  Result result_;
};

/// Squared distances between points and centers, and their sum, must not overflow.
template <class P, class C>
void check_spread(const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<C>& centers, double total,
                  std::string_view function) {
  using Real = Sum<typename P::Scalar>;
  const Real largest = std::max<Real>(points.cwiseAbs().maxCoeff(), centers.cwiseAbs().maxCoeff());
  const Real most =
      std::sqrt(std::numeric_limits<Real>::max() /
                (64 * static_cast<Real>(total) * static_cast<Real>(points.rows()) * static_cast<Real>(centers.cols())));
  require(largest <= most, function, "largest |coordinate|", largest, text("sums of squares overflow above ", most),
          "scale points and centers down");
}

template <class P, class C>
[[nodiscard]] BalancedAssignment<Sum<typename P::Scalar>> assign_balanced(const Eigen::MatrixBase<P>& points,
                                                                          std::vector<Index> weights,
                                                                          const Eigen::MatrixBase<C>& centers,
                                                                          const Capacities& capacities,
                                                                          const BalancedOptions& options) {
  using Scalar = typename P::Scalar;
  using Real = Sum<Scalar>;
  constexpr std::string_view function = "assign_balanced";
  refuse_row_major<P>();
  refuse_row_major<C>();
  const Eigen::Ref<const PointsOf<P>>& x = points.derived();
  const Points<Real, P::RowsAtCompileTime> c = centers.template cast<Real>();
  check_columns(x, function, "points", "point");
  check_columns(c, function, "centers", "center");
  require(c.rows() == x.rows(), function, "centers.rows()", c.rows(),
          text("the points have ", x.rows(), " coordinates"), "pass centers of the same dimension");
  Index total = x.cols();
  if (!weights.empty()) {
    total = 0;
    for (const Index w : weights) total += w;
  }
  auto bounds = capacities.bounds(c.cols(), total, function);
  check_prices(options.prices, c.cols(), function);
  check_spread(x, c, static_cast<double>(total), function);
  const CenterCosts<Scalar> costs(point_columns(x), c.cols(), [&](Index j) { return c.data() + j * c.rows(); });
  ThreadTeam team(resolve_threads(options.threads, function, "options.threads"));
  return BalancedSearch<Scalar>(costs, std::move(weights), std::move(bounds), team).run(options);
}

}  // namespace internal

template <class P, class C>
BalancedAssignment<Sum<typename P::Scalar>> assign_balanced(const Eigen::MatrixBase<P>& points,
                                                            const Eigen::MatrixBase<C>& centers,
                                                            const Capacities& capacities,
                                                            const BalancedOptions& options) {
  return internal::assign_balanced(points, std::vector<Index>(), centers, capacities, options);
}

template <class P, class C>
BalancedAssignment<Sum<typename P::Scalar>> assign_balanced(const Eigen::MatrixBase<P>& points, const Counts& weights,
                                                            const Eigen::MatrixBase<C>& centers,
                                                            const Capacities& capacities,
                                                            const BalancedOptions& options) {
  constexpr std::string_view function = "assign_balanced";
  internal::require(weights.size() == points.cols(), function, "weights", internal::text(weights.size(), " numbers"),
                    internal::text("there are ", points.cols(), " points"), "pass one weight per point");
  Index left = Index{1} << 53;
  for (Index i = 0; i < weights.size(); ++i) {
    internal::require(weights(i) >= 1, function, internal::text("weights(", i, ")"), weights(i),
                      "every weight must be a positive whole number", "drop points that weigh nothing");
    internal::require(weights(i) <= left, function, internal::text("weights(", i, ")"), weights(i),
                      "the sum of the weights exceeds 2^53", "scale the weights down");
    left -= weights(i);
  }
  return internal::assign_balanced(points, std::vector<Index>(weights.data(), weights.data() + weights.size()), centers,
                                   capacities, options);
}

}  // namespace kmscape

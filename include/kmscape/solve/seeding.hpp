// Starting centers: uniform points, random partition, k-means++, greedy k-means++, maximin, k-means|| and AFK-MC^2.
//
// k-means++ (Arthur, Vassilvitskii 2007) draws each next center with probability proportional to w_i D_i^2, D_i being
// the distance to the nearest center so far; its greedy form draws several candidates and keeps the one that lowers the
// objective most. Maximin (Gonzalez 1985) takes the farthest point. k-means|| (Bahmani, Moseley, Vattani, Kumar,
// Vassilvitskii 2012) draws about l points in each of a few rounds, each point on its own with probability
// min(1, l w_i D_i^2 / sum w D^2), and reduces them by k-means++ on the points weighted with their cells. AFK-MC^2
// (Bachem, Lucic, Hassani, Krause 2016) draws each next center by a Markov chain whose limit is D^2 sampling and which
// looks at few points. A weight acts as that many copies of its point.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/solve/seeding_distances.hpp>

namespace kmscape {

enum class Seeding {
  uniform_points,           // k distinct points, uniformly
  random_partition,         // means of a uniformly random partition without empty parts
  kmeans_plus_plus,         // D^2 sampling
  greedy_kmeans_plus_plus,  // the best of several D^2 samples, each time
  maximin,                  // a uniform point, then always the farthest point
  kmeans_parallel,          // a few rounds of many D^2 samples, reduced to k by weighted k-means++
  afk_mc2,                  // D^2 sampling by Markov chains: for many centers on many points
};

[[nodiscard]] constexpr std::string_view to_string(Seeding method) {
  switch (method) {
    case Seeding::uniform_points:
      return "uniform_points";
    case Seeding::random_partition:
      return "random_partition";
    case Seeding::kmeans_plus_plus:
      return "kmeans_plus_plus";
    case Seeding::greedy_kmeans_plus_plus:
      return "greedy_kmeans_plus_plus";
    case Seeding::maximin:
      return "maximin";
    case Seeding::kmeans_parallel:
      return "kmeans_parallel";
    case Seeding::afk_mc2:
      return "afk_mc2";
  }
  return "unknown";
}

struct SeedingOptions {
  Seeding method = Seeding::kmeans_plus_plus;
  int candidates = 0;  // of the greedy form, per center; 0: 2 + floor(ln k)
  Seed seed = 0;
  int threads = 1;          // of one pass over the data; 0: all cores. The draw does not depend on it
  double oversampling = 2;  // of kmeans_parallel: points expected from a round, as a multiple of k
  int rounds = 5;           // of kmeans_parallel
  int chain_length = 200;   // of afk_mc2: states of each chain; 1 draws from the proposal
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct SeedingResult {
  FittedCenters<Scalar, Dim> centers;  // d x k
  std::vector<Index> points;           // the data points that became centers, in that order; empty for random_partition
  Index distances = 0;                 // computed: between points and centers, and between centers
  Index distances_saved = 0;           // left out between points and centers, being certain to change nothing
};

/// Draws k starting centers; the draws continue `stream`.
/// Throws `invalid_input` unless 1 <= k <= the number of distinct points.
/// At most O(n k d), greedy times `candidates`, kmeans_parallel times `oversampling rounds`; afk_mc2
/// O(n d + chain_length k^2 d). Memory O(n), with a copy of the points in up to 8 dimensions.
template <DataObjective O>
[[nodiscard]] SeedingResult<typename O::Scalar, O::dim> seed_centers(const O& objective, Index k,
                                                                     const SeedingOptions& options,
                                                                     RandomStream& stream);

/// The same from `options.seed`.
template <DataObjective O>
[[nodiscard]] SeedingResult<typename O::Scalar, O::dim> seed_centers(const O& objective, Index k,
                                                                     const SeedingOptions& options = {}) {
  RandomStream stream(options.seed);
  return seed_centers(objective, k, options, stream);
}

namespace internal {

/// One clear refusal for every function that must place k centers on the data.
template <DataObjective O>
void check_clusters(const O& objective, Index k, std::string_view function, std::string_view argument) {
  require(k >= 1, function, argument, k, "at least one center is needed", text("pass ", argument, " >= 1"));
  const Index distinct = objective.distinct_points(k);
  require(distinct >= k, function, argument, k, text("the data holds ", distinct, " distinct points"),
          text("use ", argument, " <= ", distinct, ", or jitter the data"));
}

inline void check(const SeedingOptions& options) {
  require(options.candidates >= 0, "seed_centers", "options.candidates", options.candidates,
          "a number of candidates cannot be negative", "pass 0 for 2 + floor(ln k)");
  static_cast<void>(
      resolve_threads(options.threads, "seed_centers", "options.threads"));  // throws on a negative number
  require(options.oversampling > 0 && std::isfinite(options.oversampling), "seed_centers", "options.oversampling",
          options.oversampling, "a round must be expected to draw something",
          "pass a finite number > 0, for example 2");
  require(options.rounds >= 1, "seed_centers", "options.rounds", options.rounds, "k-means|| needs a round",
          "pass options.rounds >= 1");
  require(options.chain_length >= 1, "seed_centers", "options.chain_length", options.chain_length,
          "a chain has at least its first state", "pass options.chain_length >= 1");
}

/// Draws i with probability proportional to score(i) >= 0; at least one score must be positive.
template <class Score>
[[nodiscard]] Index draw_proportional(Index n, const Score& score, RandomStream& stream) {
  using Real = decltype(score(Index{0}));
  Real total = 0;
  for (Index i = 0; i < n; ++i) total += score(i);
  const Real target = static_cast<Real>(stream.uniform()) * total;
  Real reached = 0;
  Index last = 0;
  for (Index i = 0; i < n; ++i) {
    const Real here = score(i);
    if (!(here > 0)) continue;
    reached += here;
    last = i;
    if (reached > target) break;
  }
  return last;
}

template <DataObjective O>
[[nodiscard]] Index draw_point(const O& objective, RandomStream& stream) {
  if (!objective.is_weighted()) return stream.index(objective.size());
  return draw_proportional(
      objective.size(), [&](Index i) { return static_cast<typename O::Real>(objective.weight(i)); }, stream);
}

template <DataObjective O>
class Seeder {
 public:
  using Scalar = typename O::Scalar;
  using Real = typename O::Real;

  Seeder(const O& objective, Index k, RandomStream& stream, Skipping skipping = Skipping::on)
      : objective_(objective), k_(k), stream_(stream), skipping_(skipping) {
    result_.centers.resize(objective.dimension(), k);
    result_.points.reserve(static_cast<std::size_t>(k));
  }

  SeedingResult<Scalar, O::dim> run(const SeedingOptions& options) {
    switch (options.method) {
      case Seeding::uniform_points:
        uniform_points();
        break;
      case Seeding::random_partition:
        random_partition();
        break;
      case Seeding::kmeans_plus_plus:
        plus_plus(1, options.threads);
        break;
      case Seeding::greedy_kmeans_plus_plus:
        plus_plus(options.candidates > 0 ? options.candidates : 2 + static_cast<int>(std::log(k_)), options.threads);
        break;
      case Seeding::maximin:
        maximin(options.threads);
        break;
      case Seeding::kmeans_parallel:
        parallel(options);
        break;
      case Seeding::afk_mc2:
        markov_chains(options);
        break;
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] Index taken() const { return static_cast<Index>(result_.points.size()); }

  void take(Index point) {
    result_.centers.col(taken()) = objective_.points().col(point).template cast<Real>();
    result_.points.push_back(point);
  }

  [[nodiscard]] bool is_taken(Index point) const {
    for (Index j = 0; j < taken(); ++j)
      if (result_.centers.col(j) == objective_.points().col(point).template cast<Real>()) return true;
    return false;
  }

  void uniform_points() {
    // Drawing a taken point again could take as many draws as the weights' ratio.
    while (objective_.is_weighted() && taken() < k_) take(draw_untaken());
    // Copies of a taken point are drawn again, so that no two centers coincide.
    while (taken() < k_) {
      const Index point = draw_point(objective_, stream_);
      if (!is_taken(point)) take(point);
    }
  }

  void random_partition() {
    const Index n = objective_.size();
    // The first k of a random permutation found the parts, so that none is empty; all others choose uniformly.
    std::vector<Index> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), Index{0});
    Eigen::Matrix<Real, O::dim, Eigen::Dynamic> moment;
    moment.setZero(objective_.dimension(), k_);
    Weights<Real> mass;
    mass.setZero(k_);
    for (Index i = 0; i < n; ++i) {
      if (i < k_)
        std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(i + stream_.index(n - i))]);
      const Index point = order[static_cast<std::size_t>(i)];
      const Index part = i < k_ ? i : stream_.index(k_);
      const Real weight = static_cast<Real>(objective_.weight(point));
      moment.col(part) += weight * objective_.points().col(point).template cast<Real>();
      mass(part) += weight;
    }
    for (Index j = 0; j < k_; ++j) result_.centers.col(j) = moment.col(j) / mass(j);
  }

  /// The distances to centers that are to be added, and the threads that compute them.
  struct Nearest {
    Nearest(const Seeder& seeder, int threads, Index trials, bool labels = false)
        : team(useful_threads(seeder.objective_, threads)),
          to(seeder.objective_, trials, team, seeder.skipping_, labels) {}

    /// Threads are started only where a pass over the data takes longer than waking them.
    static int useful_threads(const O& objective, int threads) {
      return objective.size() * objective.dimension() < (Index{1} << 17) ? 1 : resolve_threads(threads);
    }

    ThreadTeam team;
    NearestDistances<O> to;
  };

  void take(Index point, NearestDistances<O>& nearest) {
    take(point);
    nearest.lower(point);
  }

  /// A point that lies on no center, by weight. O(n d) for every center that is new since the last call.
  [[nodiscard]] Index draw_untaken() {
    const auto points = objective_.points();
    if (left_.size() == 0) {
      left_.resize(objective_.size());
      for (Index i = 0; i < left_.size(); ++i) left_(i) = static_cast<Real>(objective_.weight(i));
    }
    for (; removed_ < result_.points.size(); ++removed_)
      for (Index i = 0; i < left_.size(); ++i)
        if (points.col(i) == points.col(result_.points[removed_])) left_(i) = 0;
    return draw_proportional(
        left_.size(), [&](Index i) { return left_(i); }, stream_);
  }

  /// By D^2; where squares underflowed and D^2 sampling sees only zeros, any point that lies on no center.
  [[nodiscard]] Index draw_next(const NearestDistances<O>& nearest) {
    const Index point = nearest.draw(stream_);
    return point >= 0 ? point : draw_untaken();
  }

  void count(const NearestDistances<O>& nearest) {
    result_.distances += nearest.computed();
    result_.distances_saved += nearest.skipped();
  }

  void plus_plus(int candidates, int threads) {
    take(draw_point(objective_, stream_));
    if (k_ == 1) return;
    Nearest nearest(*this, threads, k_ * candidates);
    nearest.to.lower(result_.points.front());
    std::vector<Index> drawn(static_cast<std::size_t>(candidates));
    while (taken() < k_) {
      for (Index& point : drawn) point = draw_next(nearest.to);
      std::size_t best = 0;
      if (candidates > 1) {
        const auto potentials = nearest.to.potentials(drawn);
        for (std::size_t c = 1; c < drawn.size(); ++c)
          if (potentials[c] < potentials[best]) best = c;
      }
      take(drawn[best]);
      if (taken() == k_) break;  // nothing is drawn any more
      if (candidates > 1)
        nearest.to.accept(best);
      else
        nearest.to.lower(drawn[best]);
    }
    count(nearest.to);
  }

  void maximin(int threads) {
    take(draw_point(objective_, stream_));
    if (k_ == 1) return;
    Nearest nearest(*this, threads, k_);
    nearest.to.lower(result_.points.front());
    while (taken() < k_) {
      auto [farthest, squared] = nearest.to.farthest();
      while (!(squared > 0) && is_taken(farthest)) farthest = (farthest + 1) % objective_.size();
      take(farthest, nearest.to);
    }
    count(nearest.to);
  }

  void parallel(const SeedingOptions& options) {
    const Index first = draw_point(objective_, stream_);
    const auto expected = static_cast<Real>(options.oversampling) * static_cast<Real>(k_);
    const double trials = static_cast<double>(expected) * options.rounds;
    Nearest nearest(*this, options.threads,
                    static_cast<Index>(std::min(trials, static_cast<double>(objective_.size()))), true);
    std::vector<Index> candidates = {first};
    nearest.to.lower(first);
    for (int round = 0; round < options.rounds && nearest.to.total() > 0; ++round)
      for (const Index point : nearest.to.sample(expected, Seed{stream_()})) {
        candidates.push_back(point);
        nearest.to.lower(point);
      }
    // A copy of an earlier candidate is nearest to no point.
    const Weights<Real> masses = nearest.to.masses();
    std::vector<Index> kept;
    for (std::size_t c = 0; c < candidates.size(); ++c)
      if (masses(static_cast<Index>(c)) > 0) kept.push_back(static_cast<Index>(c));
    if (static_cast<Index>(kept.size()) <= k_) {
      for (const Index c : kept) take(candidates[static_cast<std::size_t>(c)]);
      while (taken() < k_) take(draw_next(nearest.to), nearest.to);
    } else {
      Points<Scalar, O::dim> points(objective_.dimension(), static_cast<Index>(kept.size()));
      Weights<Scalar> weights(points.cols());
      for (Index c = 0; c < points.cols(); ++c) {
        const Index candidate = kept[static_cast<std::size_t>(c)];
        points.col(c) = objective_.points().col(candidates[static_cast<std::size_t>(candidate)]);
        weights(c) = static_cast<Scalar>(masses(candidate));
      }
      using Reduced = EmpiricalObjective<Scalar, O::dim>;
      const Reduced reduced(std::move(points), std::move(weights));
      const auto chosen = Seeder<Reduced>(reduced, k_, stream_, skipping_).run({.threads = options.threads});
      for (const Index c : chosen.points) take(candidates[static_cast<std::size_t>(kept[static_cast<std::size_t>(c)])]);
      result_.distances += chosen.distances;
      result_.distances_saved += chosen.distances_saved;
    }
    count(nearest.to);
  }

  void markov_chains(const SeedingOptions& options) {
    take(draw_point(objective_, stream_));
    if (k_ == 1) return;
    Nearest first(*this, options.threads, 1);
    first.to.lower(result_.points.front());
    const Real total = first.to.total(), weight = static_cast<Real>(objective_.total_weight());
    const bool is_usable = total > 0 && std::isfinite(total);  // else squares under- or overflowed
    // All that was taken so far, once a chain had to be replaced by a draw from all points.
    std::unique_ptr<Nearest> all;
    Index lowered = 0;
    while (taken() < k_) {
      Index state = -1;
      if (is_usable) state = end_of_chain(first.to, total, weight, options.chain_length);
      if (state < 0) {
        if (!all) all = std::make_unique<Nearest>(*this, options.threads, k_);
        for (; lowered < taken(); ++lowered) all->to.lower(result_.points[static_cast<std::size_t>(lowered)]);
        state = draw_next(all->to);
      }
      take(state);
    }
    count(first.to);
    if (all) count(all->to);
  }

  /// A chain's last state, -1 if that lies on a center. Its proposals are half by D^2 to the first center and half by
  /// weight: q_i / w_i = D_i^2 / (2 total) + 1 / (2 weight), so that the weights cancel in the acceptance ratio.
  [[nodiscard]] Index end_of_chain(const NearestDistances<O>& first, Real total, Real weight, int length) {
    const auto propose = [&] {
      return stream_.uniform() < 0.5 ? first.draw(stream_) : draw_by_weight(stream_.uniform());
    };
    const auto density = [&](Index i) { return first.at(i) / total + 1 / weight; };
    Index state = propose();
    Real squared = nearest_squared(state), proposed = density(state);
    for (int step = 1; step < length; ++step) {
      const Index next = propose();
      const Real next_squared = nearest_squared(next), next_proposed = density(next);
      // A state on a center has no share in the limit, and the ratio cannot be formed: any step away is right.
      if (!(squared > 0) || static_cast<Real>(stream_.uniform()) * squared * next_proposed < next_squared * proposed) {
        state = next;
        squared = next_squared;
        proposed = next_proposed;
      }
    }
    return squared > 0 ? state : -1;
  }

  [[nodiscard]] Index draw_by_weight(double share) {
    const Index n = objective_.size();
    if (!objective_.is_weighted()) return std::min(n - 1, static_cast<Index>(share * static_cast<double>(n)));
    if (cumulative_.empty()) {
      Real sum = 0;
      for (Index i = 0; i < n; ++i) cumulative_.push_back(sum += static_cast<Real>(objective_.weight(i)));
    }
    const auto found =
        std::upper_bound(cumulative_.begin(), cumulative_.end(), static_cast<Real>(share) * cumulative_.back());
    return std::min<Index>(n - 1, found - cumulative_.begin());
  }

  [[nodiscard]] Real nearest_squared(Index point) {
    const Index d = objective_.dimension();
    Real least = std::numeric_limits<Real>::infinity();
    for (Index j = 0; j < taken(); ++j)
      least =
          std::min(least, squared_distance(objective_.points().data() + point * d, result_.centers.data() + j * d, d));
    result_.distances += taken();
    return least;
  }

  const O& objective_;
  Index k_;
  RandomStream& stream_;
  Skipping skipping_;
  SeedingResult<Scalar, O::dim> result_;
  Weights<Real> left_;  // the weights of points that lie on none of the first removed_ centers
  std::size_t removed_ = 0;
  std::vector<Real> cumulative_;  // afk_mc2: of the weights
};

}  // namespace internal

template <DataObjective O>
SeedingResult<typename O::Scalar, O::dim> seed_centers(const O& objective, Index k, const SeedingOptions& options,
                                                       RandomStream& stream) {
  internal::check(options);
  internal::check_clusters(objective, k, "seed_centers", "k");
  return internal::Seeder<O>(objective, k, stream).run(options);
}

}  // namespace kmscape

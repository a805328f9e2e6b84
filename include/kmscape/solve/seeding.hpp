// Starting centers: uniform points, random partition, k-means++, greedy k-means++, maximin, k-means|| and AFK-MC^2.
//
// k-means++ (Arthur, Vassilvitskii 2007) draws each next center with probability proportional to w_i D_i^2, D_i being
// the distance to the nearest center so far; its greedy form draws several candidates and keeps the one that lowers the
// objective most. Maximin (Gonzalez 1985) takes the farthest point. k-means|| (Bahmani, Moseley, Vattani, Kumar,
// Vassilvitskii 2012) draws about l points in each of a few rounds, each point on its own with probability
// min(1, l w_i D_i^2 / sum w D^2), and reduces them by k-means++ on the points weighted with their cells. AFK-MC^2
// (Bachem, Lucic, Hassani, Krause 2016) draws each next center by a Markov chain whose limit is D^2 sampling and which
// looks at few points. A weight acts as that many copies of its point.
//
// k-means|| and uniform points also seed data larger than memory (StreamedObjective), and draw what they draw from the
// same points in memory, bit for bit.
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
#include <kmscape/objective/assignment_engine.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/solve/seeding_distances.hpp>
#include <kmscape/solve/seeding_rounds.hpp>

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
///
/// A StreamedObjective takes kmeans_parallel, and without weights uniform_points; the other methods would need a pass
/// for every center and are refused.
/// - kmeans_parallel: rounds + 2 passes, one more with weights, and two more for every center that the rounds leave to
///   be drawn by D^2 (next to none unless `oversampling rounds` is small). Memory 12 bytes a point, 20 with weights.
/// - uniform_points: a pass, and two or more where it drew copies of a point.
/// Too large a k is then refused in the same words as in memory, but before the first pass only if k > n: that points
/// repeat shows in the passes.
template <internal::BlockObjective O>
[[nodiscard]] SeedingResult<typename O::Scalar, O::dim> seed_centers(const O& objective, Index k,
                                                                     const SeedingOptions& options,
                                                                     RandomStream& stream);

/// The same from `options.seed`.
template <internal::BlockObjective O>
[[nodiscard]] SeedingResult<typename O::Scalar, O::dim> seed_centers(const O& objective, Index k,
                                                                     const SeedingOptions& options = {}) {
  RandomStream stream(options.seed);
  return seed_centers(objective, k, options, stream);
}

namespace internal {

/// One clear refusal for every function that must place k centers on the data.
inline void check_clusters(Index distinct, Index k, std::string_view function, std::string_view argument) {
  if (k >= 1 && distinct >= k) [[likely]]
    return;  // before any text is made
  require(k >= 1, function, argument, k, "at least one center is needed", text("pass ", argument, " >= 1"));
  require(distinct >= k, function, argument, k, text("the data holds ", distinct, " distinct points"),
          text("use ", argument, " <= ", distinct, ", or jitter the data"));
}

template <DataObjective O>
void check_clusters(const O& objective, Index k, std::string_view function, std::string_view argument) {
  check_clusters(k < 1 ? 0 : objective.distinct_points(k), k, function, argument);
}

/// What can be known of a stream before a pass.
template <class O>
void check_stream(const O& objective, Index k, Seeding method) {
  const bool is_feasible =
      method == Seeding::kmeans_parallel || (method == Seeding::uniform_points && !objective.is_weighted());
  std::string_view rule = "it would need a pass over the stream for every center";
  if (method == Seeding::uniform_points) rule = "with weights it would need a pass over the stream for every center";
  if (method == Seeding::random_partition) rule = "it takes the points in a random order, which a stream cannot give";
  if (method == Seeding::afk_mc2) rule = "it would need a pass over the stream for every state of its chains";
  require(is_feasible, "seed_centers", "options.method", to_string(method), rule, "use Seeding::kmeans_parallel");
  require(k >= 1, "seed_centers", "k", k, "at least one center is needed", "pass k >= 1");
  require(k <= objective.size(), "seed_centers", "k", k, text("the data holds ", objective.size(), " points"),
          text("use k <= ", objective.size()));
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

template <BlockObjective O>
class Seeder {
 public:
  using Scalar = typename O::Scalar;
  using Real = Sum<Scalar>;
  using CentersType = FittedCenters<Scalar, O::dim>;
  static constexpr bool is_in_memory = DataObjective<O>;

  Seeder(const O& objective, Index k, RandomStream& stream, Skipping skipping = Skipping::on)
      : objective_(objective), k_(k), stream_(stream), skipping_(skipping) {
    result_.centers.resize(objective.dimension(), k);
    result_.points.reserve(static_cast<std::size_t>(k));
  }

  SeedingResult<Scalar, O::dim> run(const SeedingOptions& options) {
    if (options.method == Seeding::kmeans_parallel)
      parallel(options);
    else if (options.method == Seeding::uniform_points)
      uniform_points();
    else if constexpr (is_in_memory)
      run_in_memory(options);
    return std::move(result_);
  }

 private:
  void run_in_memory(const SeedingOptions& options) {
    switch (options.method) {
      case Seeding::random_partition:
        return random_partition();
      case Seeding::kmeans_plus_plus:
        return plus_plus(1, options.threads);
      case Seeding::greedy_kmeans_plus_plus:
        return plus_plus(options.candidates > 0 ? options.candidates : 2 + static_cast<int>(std::log(k_)),
                         options.threads);
      case Seeding::maximin:
        return maximin(options.threads);
      case Seeding::afk_mc2:
        return markov_chains(options);
      case Seeding::uniform_points:
      case Seeding::kmeans_parallel:
        break;
    }
  }

  [[nodiscard]] Index taken() const { return static_cast<Index>(result_.points.size()); }

  template <class Derived>
  void take(Index point, const Eigen::MatrixBase<Derived>& x) {
    result_.centers.col(taken()) = x;
    result_.points.push_back(point);
  }

  void take(Index point) { take(point, objective_.points().col(point).template cast<Real>()); }

  template <class Derived>
  [[nodiscard]] bool is_taken(const Eigen::MatrixBase<Derived>& x) const {
    for (Index j = 0; j < taken(); ++j)
      if (result_.centers.col(j) == x) return true;
    return false;
  }

  void uniform_points() {
    // Drawing a taken point again could take as many draws as the weights' ratio.
    if constexpr (is_in_memory)
      while (objective_.is_weighted() && taken() < k_) take(draw_untaken());
    // Copies of a taken point are drawn again, so that no two centers coincide. Points are looked up many at a time,
    // for a stream's sake, and those beyond the last that is needed are not drawn.
    std::vector<Index> drawn;
    for (Index ahead = 2 * k_; taken() < k_; ahead = std::min(2 * ahead, std::max(2 * k_, Index{4096}))) {
      RandomStream draws = stream_;
      drawn.resize(static_cast<std::size_t>(ahead));
      for (Index& point : drawn) point = draws.index(objective_.size());
      const CentersType x = points_at(objective_, drawn);
      for (Index j = 0; j < ahead && taken() < k_; ++j) {
        const Index point = stream_.index(objective_.size());
        if (!is_taken(x.col(j))) take(point, x.col(j));
      }
      if (!is_in_memory && taken() < k_) check_untaken();
    }
  }

  /// Refuses k if every point of a stream lies on one of the centers that were taken. A pass.
  void check_untaken() const {
    bool has_untaken = false;
    read_points(objective_, [&](const PointBlock<Scalar>& block, Index) {
      for (Index i = 0; i < block.points.size && !has_untaken; ++i) has_untaken = !is_taken(column(block, i));
    });
    if (!has_untaken) check_clusters(taken(), k_, "seed_centers", "k");
  }

  /// A point of a block, in the type of centers.
  [[nodiscard]] static auto column(const PointBlock<Scalar>& block, Index i) {
    return Eigen::Map<const Eigen::Matrix<Scalar, O::dim, 1>>(block.points.point(i), block.points.dimension)
        .template cast<Real>();
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

  /// Threads are started only where a pass over the data takes longer than waking them.
  [[nodiscard]] int useful_threads(int threads) const {
    return objective_.size() * objective_.dimension() < (Index{1} << 17) ? 1 : resolve_threads(threads);
  }

  /// The distances to centers that are to be added, and the threads that compute them.
  struct Nearest {
    Nearest(const Seeder& seeder, int threads, Index trials)
        : team(seeder.useful_threads(threads)), to(seeder.objective_, trials, team, seeder.skipping_) {}

    ThreadTeam team;
    NearestDistances<O> to;
  };

  void take(Index point, NearestDistances<O>& nearest) {
    take(point);
    nearest.lower(point);
  }

  /// A point that lies on no center, by weight. O(n d) for every center that is new since the last call, in one pass.
  [[nodiscard]] Index draw_untaken() {
    const bool is_first = left_.size() == 0;
    if (is_first) left_.resize(objective_.size());
    read_points(objective_, [&](const PointBlock<Scalar>& block, Index offset) {
      for (Index i = 0; i < block.points.size; ++i) {
        Real& left = left_(offset + i);
        if (is_first) left = block.weight(i);
        for (Index j = removed_; j < taken() && left > 0; ++j)
          if (result_.centers.col(j) == column(block, i)) left = 0;
      }
    });
    removed_ = taken();
    // Points in memory were counted before.
    if (!(left_.maxCoeff() > 0)) check_clusters(taken(), k_, "seed_centers", "k");
    return draw_proportional(
        left_.size(), [&](Index i) { return left_(i); }, stream_);
  }

  /// By D^2; where squares underflowed and D^2 sampling sees only zeros, any point that lies on no center.
  template <class Distances>
  [[nodiscard]] Index draw_next(const Distances& nearest) {
    const Index point = nearest.draw(stream_);
    return point >= 0 ? point : draw_untaken();
  }

  template <class Distances>
  void count(const Distances& nearest) {
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
      while (!(squared > 0) && is_taken(objective_.points().col(farthest).template cast<Real>()))
        farthest = (farthest + 1) % objective_.size();
      take(farthest, nearest.to);
    }
    count(nearest.to);
  }

  void parallel(const SeedingOptions& options) {
    const Index n = objective_.size();
    ThreadTeam team(useful_threads(options.threads));
    RoundDistances<O> nearest(objective_, team);
    const auto weight = [&](Index i) { return nearest.weight(i); };
    std::vector<Index> candidates;
    candidates.push_back(objective_.is_weighted() ? draw_proportional(n, weight, stream_) : stream_.index(n));
    const Real expected = static_cast<Real>(options.oversampling) * static_cast<Real>(k_);
    CentersType added = points_at(objective_, candidates), all = added;
    for (int round = 0; round < options.rounds; ++round) {
      auto drawn = nearest.lower_and_sample(added, expected, Seed{stream_()});
      if (!(nearest.total() > 0)) break;
      candidates.insert(candidates.end(), drawn.points.begin(), drawn.points.end());
      added = std::move(drawn.centers);
      all.conservativeResize(Eigen::NoChange, all.cols() + added.cols());
      all.rightCols(added.cols()) = added;
    }
    if (nearest.centers() < all.cols()) nearest.lower(added);
    reduce(candidates, all, nearest, options.threads);
    count(nearest);
  }

  /// Takes k of the candidates, which are the columns of `all`, by k-means++ on their cells.
  void reduce(const std::vector<Index>& candidates, const CentersType& all, RoundDistances<O>& nearest, int threads) {
    // A copy of an earlier candidate is nearest to no point.
    const Weights<Real> masses = nearest.masses();
    std::vector<Index> kept;
    for (Index c = 0; c < masses.size(); ++c)
      if (masses(c) > 0) kept.push_back(c);
    const auto take_kept = [&](Index j) {
      const Index c = kept[static_cast<std::size_t>(j)];
      take(candidates[static_cast<std::size_t>(c)], all.col(c));
    };
    const auto count = static_cast<Index>(kept.size());
    if (count <= k_) {
      for (Index j = 0; j < count; ++j) take_kept(j);
      while (taken() < k_) {
        const Index point = draw_next(nearest);
        const CentersType x = points_at(objective_, {point});
        take(point, x.col(0));
        if (taken() < k_) nearest.lower(x);
      }
      return;
    }
    Points<Scalar, O::dim> points(objective_.dimension(), count);
    Weights<Scalar> weights(count);
    for (Index j = 0; j < count; ++j) {
      const Index c = kept[static_cast<std::size_t>(j)];
      points.col(j) = all.col(c).template cast<Scalar>();
      weights(j) = static_cast<Scalar>(masses(c));
    }
    using Reduced = EmpiricalObjective<Scalar, O::dim>;
    const Reduced reduced(std::move(points), std::move(weights));
    const auto chosen = Seeder<Reduced>(reduced, k_, stream_, skipping_).run({.threads = threads});
    for (const Index j : chosen.points) take_kept(j);
    result_.distances += chosen.distances;
    result_.distances_saved += chosen.distances_saved;
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
  Index removed_ = 0;
  std::vector<Real> cumulative_;  // afk_mc2: of the weights
};

}  // namespace internal

template <internal::BlockObjective O>
SeedingResult<typename O::Scalar, O::dim> seed_centers(const O& objective, Index k, const SeedingOptions& options,
                                                       RandomStream& stream) {
  internal::check(options);
  if constexpr (DataObjective<O>)
    internal::check_clusters(objective, k, "seed_centers", "k");
  else
    internal::check_stream(objective, k, options.method);
  return internal::Seeder<O>(objective, k, stream).run(options);
}

}  // namespace kmscape

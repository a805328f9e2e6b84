// Starting centers: uniform points, random partition, k-means++, greedy k-means++ and maximin.
//
// k-means++ (Arthur, Vassilvitskii 2007) draws each next center with probability proportional to w_i D_i^2, D_i being
// the distance to the nearest center so far; its greedy form draws several candidates and keeps the one that lowers the
// objective most. Maximin (Gonzalez 1985) takes the farthest point. A weight acts as that many copies of its point.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/objective/empirical_objective.hpp>

namespace kmscape {

enum class Seeding {
  uniform_points,           // k distinct points, uniformly
  random_partition,         // means of a uniformly random partition without empty parts
  kmeans_plus_plus,         // D^2 sampling
  greedy_kmeans_plus_plus,  // the best of several D^2 samples, each time
  maximin,                  // a uniform point, then always the farthest point
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
  }
  return "unknown";
}

struct SeedingOptions {
  Seeding method = Seeding::kmeans_plus_plus;
  int candidates = 0;  // of the greedy form, per center; 0: 2 + floor(ln k)
  Seed seed = 0;
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct SeedingResult {
  Centers<Scalar, Dim> centers;  // d x k
  std::vector<Index> points;     // the data points that became centers, in that order; empty for random_partition
};

/// Draws k starting centers; the draws continue `stream`.
/// Throws `invalid_input` unless 1 <= k <= the number of distinct points. O(n k d), greedy O(n k d candidates).
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

  Seeder(const O& objective, Index k, RandomStream& stream) : objective_(objective), stream_(stream) {
    result_.centers.resize(objective.dimension(), k);
    result_.points.reserve(static_cast<std::size_t>(k));
  }

  SeedingResult<Scalar, O::dim> run(const SeedingOptions& options) {
    const Index k = result_.centers.cols();
    switch (options.method) {
      case Seeding::uniform_points:
        uniform_points(k);
        break;
      case Seeding::random_partition:
        random_partition(k);
        break;
      case Seeding::kmeans_plus_plus:
        plus_plus(k, 1);
        break;
      case Seeding::greedy_kmeans_plus_plus:
        plus_plus(k, options.candidates > 0 ? options.candidates : 2 + static_cast<int>(std::log(k)));
        break;
      case Seeding::maximin:
        maximin(k);
        break;
    }
    return std::move(result_);
  }

 private:
  void take(Index point) {
    result_.centers.col(static_cast<Index>(result_.points.size())) = objective_.points().col(point);
    result_.points.push_back(point);
  }

  [[nodiscard]] bool is_taken(Index point) const {
    for (Index j = 0; j < static_cast<Index>(result_.points.size()); ++j)
      if (result_.centers.col(j) == objective_.points().col(point)) return true;
    return false;
  }

  void uniform_points(Index k) {
    if (objective_.is_weighted()) {
      // Drawing a taken point again could take as many draws as the weights' ratio: taken points lose their weight.
      Weights<Real> left(objective_.size());
      for (Index i = 0; i < left.size(); ++i) left(i) = static_cast<Real>(objective_.weight(i));
      for (Index j = 0; j < k; ++j) {
        take(draw_proportional(
            left.size(), [&](Index i) { return left(i); }, stream_));
        for (Index i = 0; i < left.size(); ++i)
          if (objective_.points().col(i) == result_.centers.col(j)) left(i) = 0;
      }
      return;
    }
    // Copies of a taken point are drawn again, so that no two centers coincide.
    while (static_cast<Index>(result_.points.size()) < k) {
      const Index point = draw_point(objective_, stream_);
      if (!is_taken(point)) take(point);
    }
  }

  void random_partition(Index k) {
    const Index n = objective_.size();
    // The first k of a random permutation found the parts, so that none is empty; all others choose uniformly.
    std::vector<Index> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), Index{0});
    Eigen::Matrix<Real, O::dim, Eigen::Dynamic> moment;
    moment.setZero(objective_.dimension(), k);
    Weights<Real> mass;
    mass.setZero(k);
    for (Index i = 0; i < n; ++i) {
      if (i < k)
        std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(i + stream_.index(n - i))]);
      const Index point = order[static_cast<std::size_t>(i)];
      const Index part = i < k ? i : stream_.index(k);
      const Real weight = static_cast<Real>(objective_.weight(point));
      moment.col(part) += weight * objective_.points().col(point).template cast<Real>();
      mass(part) += weight;
    }
    for (Index j = 0; j < k; ++j) result_.centers.col(j) = (moment.col(j) / mass(j)).template cast<Scalar>();
  }

  [[nodiscard]] Weights<Scalar> distances_to_first() {
    take(draw_point(objective_, stream_));
    Weights<Scalar> distance;
    distance.setConstant(objective_.size(), std::numeric_limits<Scalar>::infinity());
    lower_to_distance<Scalar, O::dim>(objective_.span(), result_.centers.col(0).data(), distance);
    return distance;
  }

  void plus_plus(Index k, int candidates) {
    const Index n = objective_.size();
    auto distance = distances_to_first();
    const auto share = [&](const Weights<Scalar>& d, Index i) {
      return static_cast<Real>(objective_.weight(i)) * static_cast<Real>(d(i));
    };
    Weights<Scalar> trial, best;
    for (Index j = 1; j < k; ++j) {
      Index chosen = -1;
      Real lowest = std::numeric_limits<Real>::infinity();
      for (int c = 0; c < candidates; ++c) {
        const Index point = draw_proportional(
            n, [&](Index i) { return share(distance, i); }, stream_);
        trial = distance;
        lower_to_distance<Scalar, O::dim>(objective_.span(), objective_.points().col(point).data(), trial);
        Real potential = 0;
        if (candidates > 1)
          for (Index i = 0; i < n; ++i) potential += share(trial, i);
        if (chosen < 0 || potential < lowest) {  // the first also where squared distances overflow
          lowest = potential;
          chosen = point;
          best.swap(trial);
        }
      }
      distance.swap(best);
      take(chosen);
    }
  }

  void maximin(Index k) {
    auto distance = distances_to_first();
    for (Index j = 1; j < k; ++j) {
      Index farthest = 0;
      distance.maxCoeff(&farthest);
      take(farthest);
      lower_to_distance<Scalar, O::dim>(objective_.span(), result_.centers.col(j).data(), distance);
    }
  }

  const O& objective_;
  RandomStream& stream_;
  SeedingResult<Scalar, O::dim> result_;
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

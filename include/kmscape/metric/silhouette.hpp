// Silhouettes: does each point lie nearer to its own cluster than to the next one? s(i) = (b - a) / max(a, b), where a
// is the mean distance of point i to the other points of its cluster and b the least mean distance to another cluster.
//
// Source: Rousseeuw 1987; the simplified form, with distances to centers in place of means of distances, Hruschka, de
// Castro, Campello 2004. Distances are Euclidean, not squared. A weight acts as that many copies of its point: the mean
// a(i) runs over what is left of the cluster without *one* copy of point i, so that its other w_i - 1 copies count, at
// distance 0. Of a point that weighs less than one copy nothing is left: a(i) is then the weighted mean over the
// others. Where nothing is left of the cluster, s(i) = 0 by convention.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>

namespace kmscape {

struct SilhouetteOptions {
  int threads = 0;                 // 0: all cores; small data is never split, and results do not depend on it
  ProgressCallback progress = {};  // stage "silhouettes", counted in points; returning false ends the work
};

/// Distances are in data units. `Real` is double, or long double for such data.
template <std::floating_point Real>
struct Silhouette {
  using Values = Eigen::Array<Real, Eigen::Dynamic, 1>;

  Values value;           // n: s(i), between -1 and 1; 0 for the only point of a cluster, and where a = b = 0
  Values own_distance;    // n: a(i); 0 for the only point of a cluster
  Values other_distance;  // n: b(i)
  Labels neighbor;        // n: the cluster of b(i), ties to the lowest label
  Values cluster_mean;    // k: weighted mean of s(i) over each cluster; 0 for an empty one
  Values cluster_weight;  // k: points, or their weight
  Real mean = 0;          // weighted mean of s(i) over all points
  bool stopped = false;   // the progress callback ended the work; everything above is then empty
};

/// Silhouettes of `points` (d x n, finite) under `labels` (n). Labels that no point has are empty clusters, which
/// nothing is compared with; k is the largest label + 1. Throws `invalid_input`, also when all points have one label: a
/// silhouette needs two clusters. O(n^2 d) time, O(n d + n + k) memory.
template <class P>
[[nodiscard]] auto silhouette(const Eigen::MatrixBase<P>& points, const Labels& labels,
                              const SilhouetteOptions& options = {})
    -> Silhouette<std::common_type_t<double, typename P::Scalar>>;

/// The same with one positive weight per point (n), see above.
template <class P, class W>
[[nodiscard]] auto silhouette(const Eigen::MatrixBase<P>& points, const Labels& labels,
                              const Eigen::DenseBase<W>& weights, const SilhouetteOptions& options = {})
    -> Silhouette<std::common_type_t<double, typename P::Scalar>>;

/// Simplified silhouettes: a(i) is the distance to the point's own center, b(i) the least distance to the center (d x
/// k) of another cluster that holds points. Never negative where the labels are those of the nearest centers. Throws
/// `invalid_input`. O(n k d).
template <class P, class C>
[[nodiscard]] auto simplified_silhouette(const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<C>& centers,
                                         const Labels& labels, const SilhouetteOptions& options = {})
    -> Silhouette<std::common_type_t<double, typename P::Scalar, typename C::Scalar>>;

/// The same with one positive weight per point (n): it decides what is the only point of a cluster, and the means.
template <class P, class C, class W>
[[nodiscard]] auto simplified_silhouette(const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<C>& centers,
                                         const Labels& labels, const Eigen::DenseBase<W>& weights,
                                         const SilhouetteOptions& options = {})
    -> Silhouette<std::common_type_t<double, typename P::Scalar, typename C::Scalar>>;

namespace internal {

/// The clusters of a labeling by what they weigh.
template <std::floating_point Real>
struct ClusterWeights {
  using Values = Eigen::Array<Real, Eigen::Dynamic, 1>;

  const Labels& labels;
  Values weight;      // n
  Values rest;        // n: weight of the point's cluster without one copy of it
  Values of_cluster;  // k
  Counts count;       // k

  ClusterWeights(const Labels& labels_of_points, Values weight_of_points, Index k)
      : labels(labels_of_points),
        weight(std::move(weight_of_points)),
        rest((weight - Real(1)).max(Real(0))),
        of_cluster(Values::Zero(k)),
        count(Counts::Zero(k)) {
    // What comes before and what comes after are added, rather than the point subtracted from the whole: nothing
    // cancels.
    const auto n = labels.size();
    for (Index i = 0; i < n; ++i) {
      rest(i) += of_cluster(labels(i));
      of_cluster(labels(i)) += weight(i);
      count(labels(i)) += 1;
    }
    Values after = Values::Zero(k);
    for (Index i = n - 1; i >= 0; --i) {
      rest(i) += after(labels(i));
      after(labels(i)) += weight(i);
    }
  }

  [[nodiscard]] Index clusters() const { return of_cluster.size(); }
};

/// Mean distances between points, which are kept cluster by cluster in groups of a few, coordinate by coordinate, so
/// that the innermost loops run over points. Groups are filled up with points of no weight.
template <std::floating_point Real>
class MeanDistances {
 public:
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;

  MeanDistances(Matrix points, const ClusterWeights<Real>& clusters) : points_(std::move(points)), clusters_(clusters) {
    const Index n = points_.cols(), d = points_.rows(), k = clusters.clusters();
    first_group_.assign(static_cast<std::size_t>(k) + 1, 0);
    for (Index c = 0; c < k; ++c) group(c + 1) = group(c) + (clusters.count(c) + width - 1) / width;
    coordinates_.setZero(width, d * group(k));
    weights_.setZero(width, group(k));
    Counts placed = Counts::Zero(k);
    for (Index i = 0; i < n; ++i) {
      const Index c = clusters.labels(i), place = placed(c)++;
      const Index at = group(c) + place / width, lane = place % width;
      for (Index s = 0; s < d; ++s) coordinates_(lane, at * d + s) = points_(s, i);
      weights_(lane, at) = clusters.weight(i);
    }
  }

  /// Work of one point, in steps of one coordinate.
  [[nodiscard]] Index cost() const { return points_.size(); }

  [[nodiscard]] Real own(Index i) const { return sum(i, clusters_.labels(i)) / clusters_.rest(i); }
  [[nodiscard]] Real other(Index i, Index c) const { return sum(i, c) / clusters_.of_cluster(c); }

 private:
  static constexpr int width = 8;

  [[nodiscard]] Index& group(Index c) { return first_group_[static_cast<std::size_t>(c)]; }
  [[nodiscard]] Index group(Index c) const { return first_group_[static_cast<std::size_t>(c)]; }

  /// Weighted sum of the distances of point i to cluster c.
  [[nodiscard]] Real sum(Index i, Index c) const {
    const Index d = points_.rows();
    const Real* x = points_.data() + i * d;
    Eigen::Array<Real, width, 1> total = Eigen::Array<Real, width, 1>::Zero(), squared;
    for (Index at = group(c); at < group(c + 1); ++at) {
      squared.setZero();
      for (Index s = 0; s < d; ++s) squared += (coordinates_.col(at * d + s) - x[s]).square();
      total += weights_.col(at) * squared.sqrt();
    }
    return total.sum();
  }

  Matrix points_;
  const ClusterWeights<Real>& clusters_;
  std::vector<Index> first_group_;  // k + 1
  Eigen::Array<Real, width, Eigen::Dynamic> coordinates_, weights_;
};

/// Distances to centers.
template <std::floating_point Real>
class CenterDistances {
 public:
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;

  CenterDistances(Matrix points, Matrix centers, const ClusterWeights<Real>& clusters)
      : points_(std::move(points)), centers_(std::move(centers)), clusters_(clusters) {}

  [[nodiscard]] Index cost() const { return centers_.size(); }
  [[nodiscard]] Real own(Index i) const { return other(i, clusters_.labels(i)); }
  [[nodiscard]] Real other(Index i, Index c) const { return (points_.col(i) - centers_.col(c)).norm(); }

 private:
  Matrix points_, centers_;
  const ClusterWeights<Real>& clusters_;
};

/// Fills a(i), b(i), s(i) of one point.
template <std::floating_point Real, class Distances>
void silhouette_of_point(Index i, const ClusterWeights<Real>& clusters, const Distances& distances,
                         Silhouette<Real>& result) {
  const Index own = clusters.labels(i);
  Real nearest = 0;
  Index neighbor = -1;
  for (Index c = 0; c < clusters.clusters(); ++c) {
    if (c == own || clusters.count(c) == 0) continue;
    const Real distance = distances.other(i, c);
    if (neighbor < 0 || distance < nearest) {
      nearest = distance;
      neighbor = c;
    }
  }
  const bool alone = !(clusters.rest(i) > 0);
  const Real mine = alone ? Real(0) : distances.own(i), larger = std::max(mine, nearest);
  result.value(i) = alone || !(larger > 0) ? Real(0) : (nearest - mine) / larger;
  result.own_distance(i) = mine;
  result.other_distance(i) = nearest;
  result.neighbor(i) = static_cast<Label>(neighbor);
}

/// All points, in tasks of a fixed number. Distances come in units of 2^exponent.
template <std::floating_point Real, class Distances>
[[nodiscard]] Silhouette<Real> silhouettes(const ClusterWeights<Real>& clusters, const Distances& distances,
                                           int exponent, const SilhouetteOptions& options) {
  using Values = typename Silhouette<Real>::Values;
  constexpr Index task_size = 64;
  const Index n = clusters.labels.size(), tasks = (n + task_size - 1) / task_size;
  const bool is_small = static_cast<double>(n) * static_cast<double>(distances.cost()) < 1e6;
  ThreadTeam team(is_small ? 1 : static_cast<int>(std::min<Index>(resolve_threads(options.threads), tasks)));

  Silhouette<Real> result;
  result.value.setZero(n);
  result.own_distance.setZero(n);
  result.other_distance.setZero(n);
  result.neighbor.setZero(n);
  // Without a listener there is nothing to stop for; with one, about a hundred stops.
  const Index batch = options.progress ? std::max<Index>(team.size(), (tasks + 99) / 100) : tasks;
  for (Index first = 0; first < tasks; first += batch) {
    const Index size = std::min(batch, tasks - first);
    team.run(size, [&](Index t, int) {
      const Index begin = (first + t) * task_size, end = std::min(n, begin + task_size);
      for (Index i = begin; i < end; ++i) silhouette_of_point(i, clusters, distances, result);
    });
    if (!options.progress || options.progress({"silhouettes", std::min(n, (first + size) * task_size), n})) continue;
    Silhouette<Real> nothing;
    nothing.stopped = true;
    return nothing;
  }

  result.cluster_weight = clusters.of_cluster;
  result.cluster_mean = Values::Zero(clusters.clusters());
  for (Index i = 0; i < n; ++i) result.cluster_mean(clusters.labels(i)) += clusters.weight(i) * result.value(i);
  result.mean = result.cluster_mean.sum() / clusters.of_cluster.sum();
  for (Index c = 0; c < clusters.clusters(); ++c)
    if (clusters.count(c) > 0) result.cluster_mean(c) /= clusters.of_cluster(c);
  const auto in_data_units = [exponent](Real distance) { return std::ldexp(distance, exponent); };
  result.own_distance = result.own_distance.unaryExpr(in_data_units).eval();
  result.other_distance = result.other_distance.unaryExpr(in_data_units).eval();
  return result;
}

/// The exponent e for which every coordinate lies within 2^e: in that unit squared distances neither overflow nor
/// vanish, and a power of two changes no digit.
template <class Derived>
[[nodiscard]] int exponent_of(const Eigen::MatrixBase<Derived>& columns) {
  int exponent = 0;
  std::frexp(columns.cwiseAbs().maxCoeff(), &exponent);
  return exponent;
}

template <std::floating_point Real, class Derived>
[[nodiscard]] Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic> in_unit(const Eigen::MatrixBase<Derived>& columns,
                                                                          int exponent) {
  return columns.template cast<Real>().unaryExpr([exponent](Real x) { return std::ldexp(x, -exponent); });
}

template <std::floating_point Real, class W>
[[nodiscard]] Eigen::Array<Real, Eigen::Dynamic, 1> checked_weights(const Eigen::DenseBase<W>& weights, Index n,
                                                                    std::string_view function) {
  check_weights(weights, n, function, "weights", "point");
  Eigen::Array<Real, Eigen::Dynamic, 1> result(n);
  for (Index i = 0; i < n; ++i) result(i) = static_cast<Real>(weights(i));
  return result;
}

template <class WhenUsed = void>
void check_two_clusters(const Labels& labels, std::string_view function) {
  require(labels.minCoeff() < labels.maxCoeff(), function, "labels", text("all ", labels(0)),
          "a silhouette compares a cluster with others, and there is one only", "pass labels of at least two clusters");
}

template <class P>
void check_silhouette(const Eigen::MatrixBase<P>& points, const Labels& labels, const SilhouetteOptions& options,
                      std::string_view function) {
  refuse_row_major<P>();
  check_columns(points, function, "points", "point");
  check_labels(labels, points.cols(), function, "labels");
  static_cast<void>(resolve_threads(options.threads, function, "options.threads"));  // throws on a negative number
}

template <std::floating_point Real, class P>
[[nodiscard]] Silhouette<Real> full_silhouettes(const Eigen::MatrixBase<P>& points, const Labels& labels,
                                                Eigen::Array<Real, Eigen::Dynamic, 1> weights,
                                                const SilhouetteOptions& options) {
  check_two_clusters(labels, "silhouette");
  const int exponent = exponent_of(points);
  const ClusterWeights<Real> clusters(labels, std::move(weights), Index{labels.maxCoeff()} + 1);
  const MeanDistances<Real> distances(in_unit<Real>(points, exponent), clusters);
  return silhouettes(clusters, distances, exponent, options);
}

template <std::floating_point Real, class P, class C>
[[nodiscard]] Silhouette<Real> center_silhouettes(const Eigen::MatrixBase<P>& points,
                                                  const Eigen::MatrixBase<C>& centers, const Labels& labels,
                                                  Eigen::Array<Real, Eigen::Dynamic, 1> weights,
                                                  const SilhouetteOptions& options) {
  constexpr auto function = "simplified_silhouette";
  refuse_row_major<C>();
  check_columns(centers, function, "centers", "center");
  require(centers.rows() == points.rows(), function, "centers", text("centers in ", centers.rows(), " dimensions"),
          text("the points have ", points.rows()), "pass centers of one space with the points");
  Index last = 0;
  labels.maxCoeff(&last);
  require(labels(last) < centers.cols(), function, text("labels(", last, ")"), labels(last),
          text("there are ", centers.cols(), " centers"), "pass labels that number the columns of `centers`");
  check_two_clusters(labels, function);
  const int exponent = std::max(exponent_of(points), exponent_of(centers));
  const ClusterWeights<Real> clusters(labels, std::move(weights), centers.cols());
  const CenterDistances<Real> distances(in_unit<Real>(points, exponent), in_unit<Real>(centers, exponent), clusters);
  return silhouettes(clusters, distances, exponent, options);
}

}  // namespace internal

template <class P>
auto silhouette(const Eigen::MatrixBase<P>& points, const Labels& labels, const SilhouetteOptions& options)
    -> Silhouette<std::common_type_t<double, typename P::Scalar>> {
  using Real = std::common_type_t<double, typename P::Scalar>;
  internal::check_silhouette(points, labels, options, "silhouette");
  return internal::full_silhouettes<Real>(points, labels, Silhouette<Real>::Values::Ones(points.cols()), options);
}

template <class P, class W>
auto silhouette(const Eigen::MatrixBase<P>& points, const Labels& labels, const Eigen::DenseBase<W>& weights,
                const SilhouetteOptions& options) -> Silhouette<std::common_type_t<double, typename P::Scalar>> {
  using Real = std::common_type_t<double, typename P::Scalar>;
  internal::check_silhouette(points, labels, options, "silhouette");
  return internal::full_silhouettes<Real>(
      points, labels, internal::checked_weights<Real>(weights, points.cols(), "silhouette"), options);
}

template <class P, class C>
auto simplified_silhouette(const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<C>& centers,
                           const Labels& labels, const SilhouetteOptions& options)
    -> Silhouette<std::common_type_t<double, typename P::Scalar, typename C::Scalar>> {
  using Real = std::common_type_t<double, typename P::Scalar, typename C::Scalar>;
  internal::check_silhouette(points, labels, options, "simplified_silhouette");
  return internal::center_silhouettes<Real>(points, centers, labels, Silhouette<Real>::Values::Ones(points.cols()),
                                            options);
}

template <class P, class C, class W>
auto simplified_silhouette(const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<C>& centers,
                           const Labels& labels, const Eigen::DenseBase<W>& weights, const SilhouetteOptions& options)
    -> Silhouette<std::common_type_t<double, typename P::Scalar, typename C::Scalar>> {
  using Real = std::common_type_t<double, typename P::Scalar, typename C::Scalar>;
  internal::check_silhouette(points, labels, options, "simplified_silhouette");
  return internal::center_silhouettes<Real>(
      points, centers, labels, internal::checked_weights<Real>(weights, points.cols(), "simplified_silhouette"),
      options);
}

}  // namespace kmscape

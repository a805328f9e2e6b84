// k-medoids: k of the n points, the medoids, such that sum_i w_i d(i, nearest medoid) is low, for any dissimilarity d:
// a callable, a matrix, or a distance of points. The algorithm is faster_pam.hpp's.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <concepts>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/solve/faster_pam.hpp>

namespace kmscape {

/// How far apart two points are, where the points themselves are given.
enum class MedoidDistance {
  squared_euclidean,  // |x - y|^2
  euclidean,          // |x - y|
  manhattan,          // sum_s |x_s - y_s|
};

[[nodiscard]] constexpr std::string_view to_string(MedoidDistance distance) {
  switch (distance) {
    case MedoidDistance::squared_euclidean:
      return "squared_euclidean";
    case MedoidDistance::euclidean:
      return "euclidean";
    case MedoidDistance::manhattan:
      return "manhattan";
  }
  return "unknown";
}

/// Medoids under `dissimilarity(i, j)` >= 0, finite, of point i to medoid j, of points 0, ..., n - 1; it is symmetric
/// as a rule, but nothing depends on that. One positive weight a point or none. Throws `invalid_input`, also when a
/// call returns a negative number or none. O(n^2) a pass; memory O(n k), and n^2 when cached.
template <class Dissimilarity>
requires std::floating_point<std::invoke_result_t<const Dissimilarity&, Index, Index>>
[[nodiscard]] auto k_medoids(Index n, const Dissimilarity& dissimilarity, Index k, const KMedoidsOptions& options = {},
                             const Weights<Sum<std::invoke_result_t<const Dissimilarity&, Index, Index>>>& weights = {})
    -> KMedoidsResult<Sum<std::invoke_result_t<const Dissimilarity&, Index, Index>>>;

/// The same for a matrix, n x n, whose entry (i, j) is the dissimilarity of point i to medoid j. It is read in place.
template <class Derived>
[[nodiscard]] KMedoidsResult<Sum<typename Derived::Scalar>> k_medoids(
    const Eigen::MatrixBase<Derived>& dissimilarity, Index k, const KMedoidsOptions& options = {},
    const Weights<Sum<typename Derived::Scalar>>& weights = {});

/// The same for the points and weights of an objective. O(n^2 d) a pass, O(n^2) when cached.
template <DataObjective O>
[[nodiscard]] KMedoidsResult<Sum<typename O::Scalar>> k_medoids(const O& objective, Index k,
                                                                MedoidDistance distance = MedoidDistance::euclidean,
                                                                const KMedoidsOptions& options = {});

namespace internal {

template <class WhenUsed = void>
void check(const KMedoidsOptions& options, Index n, Index k) {
  constexpr std::string_view function = "k_medoids";
  require(n >= 1, function, "n", n, "at least one point is needed", "pass n >= 1");
  require(k >= 1, function, "k", k, "at least one medoid is needed", "pass k >= 1");
  require(k <= n, function, "k", k, text("there are ", n, " points"), text("use k <= ", n));
  require(options.max_iterations >= 0, function, "options.max_iterations", options.max_iterations,
          "a number of passes cannot be negative", "pass 0 to evaluate the start only");
  require(options.cache_points >= 0, function, "options.cache_points", options.cache_points,
          "a number of points cannot be negative", "pass 0 to keep no dissimilarities");
  if (options.start.empty()) return;
  require(static_cast<Index>(options.start.size()) == k, function, "options.start",
          text(options.start.size(), " points"), text("k = ", k), "pass one point per medoid, or none");
  std::vector<bool> seen(static_cast<std::size_t>(n), false);
  for (std::size_t j = 0; j < options.start.size(); ++j) {
    const Index point = options.start[j];
    const auto argument = text("options.start[", j, "]");
    require(point >= 0 && point < n, function, argument, point, text("the points are 0, ..., ", n - 1),
            "pass indices of points");
    require(!seen[static_cast<std::size_t>(point)], function, argument, point, "an earlier medoid is that point",
            "pass distinct points");
    seen[static_cast<std::size_t>(point)] = true;
  }
}

/// Runs on the source itself, or on a table of it where that is small.
template <std::floating_point Entry>
KMedoidsResult<Sum<Entry>> k_medoids_of_columns(const DissimilarityColumns<Entry>& source, Index k,
                                                const Weights<Sum<Entry>>& weights, const KMedoidsOptions& options,
                                                ThreadTeam& team, bool is_table) {
  if (is_table || source.size > options.cache_points) return FasterPam<Entry>(source, k, weights, options, team).run();
  Eigen::Matrix<Entry, Eigen::Dynamic, Eigen::Dynamic> table(source.size, source.size);
  team.run(source.size, [&](Index j, int) { source.column(j, table.col(j).data()); });
  const DissimilarityColumns<Entry> cached{source.size, [&](Index j, Entry*) { return table.col(j).data(); },
                                           [&](Index i, Index j) { return table(i, j); }};
  return FasterPam<Entry>(cached, k, weights, options, team).run();
}

template <class Entry>
void check_dissimilarity(Entry value, Index i, Index j) {
  if (!(value >= 0) || !std::isfinite(value)) [[unlikely]]
    throw invalid_input("k_medoids", text("dissimilarity(", i, ", ", j, ")"), text(value),
                        "every dissimilarity must be a finite number >= 0",
                        "shift or replace those that are not; a large number keeps two points apart");
}

/// Distances of points from their coordinates, which lie coordinate after coordinate: the inner loops run over points.
template <std::floating_point Real>
class PointDistances {
 public:
  template <DataObjective O>
  PointDistances(const O& objective, MedoidDistance distance)
      : coordinates_(objective.points().transpose().template cast<Real>()), distance_(distance) {}

  void column(Index j, Real* out) const {
    Eigen::Map<Eigen::Array<Real, Eigen::Dynamic, 1>> result(out, coordinates_.rows());
    result.setZero();
    for (Index s = 0; s < coordinates_.cols(); ++s) {
      if (distance_ == MedoidDistance::manhattan)
        result += (coordinates_.col(s) - coordinates_(j, s)).abs();
      else
        result += (coordinates_.col(s) - coordinates_(j, s)).square();
    }
    if (distance_ == MedoidDistance::euclidean) result = result.sqrt();
  }

  [[nodiscard]] Real entry(Index i, Index j) const {
    Real sum = 0;
    for (Index s = 0; s < coordinates_.cols(); ++s) {
      const Real difference = coordinates_(i, s) - coordinates_(j, s);
      sum += distance_ == MedoidDistance::manhattan ? std::abs(difference) : difference * difference;
    }
    return distance_ == MedoidDistance::euclidean ? std::sqrt(sum) : sum;
  }

 private:
  Eigen::Array<Real, Eigen::Dynamic, Eigen::Dynamic> coordinates_;  // n x d
  MedoidDistance distance_;
};

}  // namespace internal

template <class Dissimilarity>
requires std::floating_point<std::invoke_result_t<const Dissimilarity&, Index, Index>>
auto k_medoids(Index n, const Dissimilarity& dissimilarity, Index k, const KMedoidsOptions& options,
               const Weights<Sum<std::invoke_result_t<const Dissimilarity&, Index, Index>>>& weights)
    -> KMedoidsResult<Sum<std::invoke_result_t<const Dissimilarity&, Index, Index>>> {
  using Entry = std::invoke_result_t<const Dissimilarity&, Index, Index>;
  internal::check(options, n, k);
  if (weights.size() > 0) internal::check_weights(weights, n, "k_medoids", "weights", "point");
  ThreadTeam team(resolve_threads(options.threads, "k_medoids", "options.threads"));
  const auto checked = [&](Index i, Index j) {
    const Entry value = dissimilarity(i, j);
    internal::check_dissimilarity(value, i, j);
    return value;
  };
  const internal::DissimilarityColumns<Entry> source{n,
                                                     [&](Index j, Entry* buffer) {
                                                       for (Index i = 0; i < n; ++i) buffer[i] = checked(i, j);
                                                       return buffer;
                                                     },
                                                     checked};
  return internal::k_medoids_of_columns(source, k, weights, options, team, false);
}

template <class Derived>
KMedoidsResult<Sum<typename Derived::Scalar>> k_medoids(const Eigen::MatrixBase<Derived>& dissimilarity, Index k,
                                                        const KMedoidsOptions& options,
                                                        const Weights<Sum<typename Derived::Scalar>>& weights) {
  using Entry = typename Derived::Scalar;
  static_assert(!static_cast<bool>(Derived::IsRowMajor) || Derived::IsVectorAtCompileTime,
                "kmscape: dissimilarities are read column by column. A row-major matrix `a` that is symmetric needs no "
                "copy: pass a.transpose().");
  const Eigen::Ref<const Eigen::Matrix<Entry, Eigen::Dynamic, Eigen::Dynamic>, 0, Eigen::OuterStride<>> matrix(
      dissimilarity.derived());
  const Index n = matrix.rows();
  internal::require(n == matrix.cols() && n > 0, "k_medoids", "dissimilarity",
                    internal::text("a ", n, " x ", matrix.cols(), " matrix"),
                    "there is one row and one column for each point",
                    "pass an n x n matrix, or an EmpiricalObjective of the points");
  internal::check(options, n, k);
  if (weights.size() > 0) internal::check_weights(weights, n, "k_medoids", "weights", "point");
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) internal::check_dissimilarity(matrix(i, j), i, j);
  ThreadTeam team(resolve_threads(options.threads, "k_medoids", "options.threads"));
  const internal::DissimilarityColumns<Entry> source{n, [&](Index j, Entry*) { return matrix.col(j).data(); },
                                                     [&](Index i, Index j) { return matrix(i, j); }};
  return internal::k_medoids_of_columns(source, k, weights, options, team, true);
}

template <DataObjective O>
KMedoidsResult<Sum<typename O::Scalar>> k_medoids(const O& objective, Index k, MedoidDistance distance,
                                                  const KMedoidsOptions& options) {
  using Real = Sum<typename O::Scalar>;
  const Index n = objective.size();
  internal::check_clusters(objective, k, "k_medoids", "k");
  internal::check(options, n, k);
  ThreadTeam team(resolve_threads(options.threads, "k_medoids", "options.threads"));
  Weights<Real> weights(n);
  for (Index i = 0; i < n; ++i) weights(i) = static_cast<Real>(objective.weight(i));
  const internal::PointDistances<Real> distances(objective, distance);
  const internal::DissimilarityColumns<Real> source{n,
                                                    [&](Index j, Real* buffer) {
                                                      distances.column(j, buffer);
                                                      return buffer;
                                                    },
                                                    [&](Index i, Index j) { return distances.entry(i, j); }};
  return internal::k_medoids_of_columns(source, k, weights, options, team, false);
}

}  // namespace kmscape

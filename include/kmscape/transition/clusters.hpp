// The items of a clustering on an integer grid, cluster by cluster, with two sets of sites.
//
// Everything that follows from a comparison of weights is then decided exactly, on data that differ from the caller's
// by less than 2^-50 of their extent. Coordinates lie dimension by dimension within each cluster, so that a search for
// a cluster's extreme item reads memory in order.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/transition/exact_weight.hpp>

namespace kmscape::internal {

/// Sites s at lambda = 0 and t at lambda = 1, and items that belong to clusters.
template <class WhenUsed>
struct BasicClusters {
  Index dim = 0, items = 0, count = 0;

  struct Cluster {
    std::vector<Index> items;
    std::vector<double> coordinates;  // coordinate r of member m at r * capacity + m: whole numbers below 2^53
    std::size_t capacity = 0;
  };
  std::vector<Cluster> clusters;
  std::vector<Label> label;          // of every item
  std::vector<std::int32_t> member;  // its place in its cluster

  std::vector<double> start_sites, target_sites;  // coordinate r of site i at i * dim + r: whole numbers below 2^53
  double item_unit = 1, site_unit = 1;            // what 1 on the grid is in the caller's units
  std::vector<double> origin;                     // of items, in the caller's units; that of sites does not matter
  double bound = 0;                               // of |x . (s_i - s_l)| on the grid

  [[nodiscard]] Index size(Index cluster) const {
    return static_cast<Index>(clusters[static_cast<std::size_t>(cluster)].items.size());
  }

  [[nodiscard]] double coordinate(Index item, Index r) const {
    const auto& cluster = clusters[static_cast<std::size_t>(label[static_cast<std::size_t>(item)])];
    return cluster.coordinates[static_cast<std::size_t>(r) * cluster.capacity +
                               static_cast<std::size_t>(member[static_cast<std::size_t>(item)])];
  }

  /// x . (s_i - s_l) at lambda = 0 and x . (t_i - t_l) at lambda = 1.
  [[nodiscard]] LinearWeight weight(Index item, Index i, Index l) const {
    LinearWeight result;
    for (Index r = 0; r < dim; ++r) {
      const auto x = static_cast<std::int64_t>(coordinate(item, r));
      const auto a = static_cast<std::size_t>(i * dim + r), b = static_cast<std::size_t>(l * dim + r);
      result.start += Integer{x} * static_cast<std::int64_t>(start_sites[a] - start_sites[b]);
      result.end += Integer{x} * static_cast<std::int64_t>(target_sites[a] - target_sites[b]);
    }
    return result;
  }

  /// What a weight, or what is computed from weights, is in the caller's units.
  [[nodiscard]] double weight_unit() const { return item_unit * site_unit; }

  void insert(Index item, Label into, const double* coordinates) {
    auto& cluster = clusters[static_cast<std::size_t>(into)];
    if (cluster.items.size() == cluster.capacity) {
      const std::size_t capacity = std::max<std::size_t>(16, 2 * cluster.capacity);
      std::vector<double> larger(capacity * static_cast<std::size_t>(dim));
      for (std::size_t r = 0; r < static_cast<std::size_t>(dim); ++r)
        std::copy_n(cluster.coordinates.data() + r * cluster.capacity, cluster.items.size(),
                    larger.data() + r * capacity);
      cluster.coordinates = std::move(larger);
      cluster.capacity = capacity;
    }
    const std::size_t place = cluster.items.size();
    for (std::size_t r = 0; r < static_cast<std::size_t>(dim); ++r)
      cluster.coordinates[r * cluster.capacity + place] = coordinates[r];
    cluster.items.push_back(item);
    label[static_cast<std::size_t>(item)] = into;
    member[static_cast<std::size_t>(item)] = static_cast<std::int32_t>(place);
  }

  /// Takes the item out of its cluster and writes its coordinates to `coordinates`.
  void erase(Index item, double* coordinates) {
    auto& cluster = clusters[static_cast<std::size_t>(label[static_cast<std::size_t>(item)])];
    const auto place = static_cast<std::size_t>(member[static_cast<std::size_t>(item)]);
    const std::size_t last = cluster.items.size() - 1;
    for (std::size_t r = 0; r < static_cast<std::size_t>(dim); ++r) {
      double* row = cluster.coordinates.data() + r * cluster.capacity;
      coordinates[r] = row[place];
      row[place] = row[last];
    }
    cluster.items[place] = cluster.items[last];
    member[static_cast<std::size_t>(cluster.items[place])] = static_cast<std::int32_t>(place);
    cluster.items.pop_back();
  }
};
using Clusters = BasicClusters<void>;

/// A grid for the columns of one or two matrices of equal size: of spacing 2^-exponent, from an origin that is a
/// multiple of the extent's power of two, so that coordinates that are whole multiples of something stay so.
struct Grid {
  std::vector<double> origin;
  int exponent = 0;
};

/// @param move_origin false to keep the origin at 0
template <class First, class Second>
[[nodiscard]] Grid grid_of(const Eigen::MatrixBase<First>& first, const Eigen::MatrixBase<Second>& second, int bits,
                           bool move_origin) {
  Grid grid;
  double extent = 0;
  std::vector<double> mean(static_cast<std::size_t>(first.rows()), 0);
  const auto visit = [](const auto& matrix, const auto& take) {
    for (Index j = 0; j < matrix.cols(); ++j)
      for (Index r = 0; r < matrix.rows(); ++r) take(static_cast<std::size_t>(r), static_cast<double>(matrix(r, j)));
  };
  if (move_origin) {
    const auto share = 1 / static_cast<double>(first.cols() + second.cols());
    const auto add = [&](std::size_t r, double x) { mean[r] += x * share; };
    visit(first, add);
    visit(second, add);
  }
  const auto widen = [&](std::size_t r, double x) { extent = std::max(extent, std::abs(x - mean[r])); };
  visit(first, widen);
  visit(second, widen);
  int magnitude = 0;  // extent < 2^magnitude
  std::frexp(extent, &magnitude);
  for (const double m : mean) grid.origin.push_back(std::ldexp(std::rint(std::ldexp(m, -magnitude)), magnitude));
  grid.exponent = extent > 0 ? bits - 1 - magnitude : 0;
  return grid;
}

/// The clustering `labels` of `points` (d x n) with sites (d x k each). With `center` items are taken relative to their
/// mean, to the precision of the grid.
template <class P, class S, class T>
[[nodiscard]] Clusters clusters_on_grid(const Eigen::MatrixBase<P>& points, const Labels& labels,
                                        const Eigen::MatrixBase<S>& start_sites,
                                        const Eigen::MatrixBase<T>& target_sites, bool center) {
  Clusters result;
  const Index d = points.rows(), n = points.cols(), k = start_sites.cols();
  result.dim = d;
  result.items = n;
  result.count = k;
  // Products of two coordinates, summed over dimensions and over the arcs of a path, must stay below 2^126.
  const int sums =
      std::max(0, static_cast<int>(std::ceil(std::log2(static_cast<double>(d) * static_cast<double>(k + 3)))));
  const int bits = std::min(51, (126 - 4 - sums) / 2);

  const Grid sites = grid_of(start_sites, target_sites, bits, true);
  const auto put = [&](const auto& from, std::vector<double>& to) {
    to.resize(static_cast<std::size_t>(d * k));
    for (Index i = 0; i < k; ++i)
      for (Index r = 0; r < d; ++r)
        to[static_cast<std::size_t>(i * d + r)] = std::rint(
            std::ldexp(static_cast<double>(from(r, i)) - sites.origin[static_cast<std::size_t>(r)], sites.exponent));
  };
  put(start_sites, result.start_sites);
  put(target_sites, result.target_sites);

  const Grid grid = grid_of(points, points.leftCols(0), bits, center);
  result.item_unit = std::ldexp(1.0, -grid.exponent);
  result.site_unit = std::ldexp(1.0, -sites.exponent);
  const auto on_grid = [&](Index r, Index j) {
    return std::rint(
        std::ldexp(static_cast<double>(points(r, j)) - grid.origin[static_cast<std::size_t>(r)], grid.exponent));
  };
  std::vector<double> mean(static_cast<std::size_t>(d), 0);
  if (center)
    for (Index r = 0; r < d; ++r) {
      Integer sum = 0;
      for (Index j = 0; j < n; ++j) sum += static_cast<std::int64_t>(on_grid(r, j));
      mean[static_cast<std::size_t>(r)] = std::rint(static_cast<double>(sum) / static_cast<double>(n));
    }
  for (Index r = 0; r < d; ++r)
    result.origin.push_back(grid.origin[static_cast<std::size_t>(r)] +
                            mean[static_cast<std::size_t>(r)] * result.item_unit);

  result.label.assign(static_cast<std::size_t>(n), 0);
  result.member.assign(static_cast<std::size_t>(n), 0);
  result.clusters.resize(static_cast<std::size_t>(k));
  std::vector<std::size_t> sizes(static_cast<std::size_t>(k), 0);
  for (Index j = 0; j < n; ++j) ++sizes[static_cast<std::size_t>(labels(j))];
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    auto& cluster = result.clusters[i];
    cluster.capacity = sizes[i] + sizes[i] / 8 + 8;
    cluster.items.reserve(cluster.capacity);
    cluster.coordinates.resize(cluster.capacity * static_cast<std::size_t>(d));
  }
  std::vector<double> item(static_cast<std::size_t>(d));
  double largest = 0;
  for (Index j = 0; j < n; ++j) {
    for (Index r = 0; r < d; ++r) {
      const double x = on_grid(r, j) - mean[static_cast<std::size_t>(r)];
      item[static_cast<std::size_t>(r)] = x;
      largest = std::max(largest, std::abs(x));
    }
    result.insert(j, labels(j), item.data());
  }
  double apart = 0;
  for (Index i = 0; i < k; ++i)
    for (Index l = 0; l < i; ++l)
      for (Index r = 0; r < d; ++r) {
        const auto a = static_cast<std::size_t>(i * d + r), b = static_cast<std::size_t>(l * d + r);
        apart = std::max({apart, std::abs(result.start_sites[a] - result.start_sites[b]),
                          std::abs(result.target_sites[a] - result.target_sites[b])});
      }
  result.bound = static_cast<double>(d) * largest * apart;
  return result;
}

}  // namespace kmscape::internal

// The pass over the data that everything else is made of: nearest center, cell sums and objective in one sweep.
//
// Squared distances are formed from differences, not from |x|^2 - 2 x.c + |c|^2, so nothing cancels when the data is
// far from the origin. Points are taken in small groups that are transposed first: the innermost loops then run over
// points, one a lane, for any dimension. A tie goes to the center of lowest index. Sums are kept per chunk of points
// and added in chunk order; chunks depend on the data's size only, so results do not depend on the threads.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/simd.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

/// The two nearest centers of every point. `second` is -1 and its distance infinite when there is one center only.
template <std::floating_point Scalar>
struct NearestTwo {
  Labels first, second;
  Weights<Scalar> first_squared_distance, second_squared_distance;
};

namespace internal {

/// Calls `visit` with the dimension as a compile-time constant when it is small, as Eigen::Dynamic otherwise.
template <int Dim, class Visitor>
decltype(auto) with_static_dimension(Index dimension, Visitor&& visit) {
  if constexpr (Dim != Eigen::Dynamic) {
    return visit(std::integral_constant<int, Dim>{});
  } else {
    switch (dimension) {
      case 1:
        return visit(std::integral_constant<int, 1>{});
      case 2:
        return visit(std::integral_constant<int, 2>{});
      case 3:
        return visit(std::integral_constant<int, 3>{});
      case 4:
        return visit(std::integral_constant<int, 4>{});
      case 5:
        return visit(std::integral_constant<int, 5>{});
      case 6:
        return visit(std::integral_constant<int, 6>{});
      case 7:
        return visit(std::integral_constant<int, 7>{});
      case 8:
        return visit(std::integral_constant<int, 8>{});
      default:
        return visit(std::integral_constant<int, Eigen::Dynamic>{});
    }
  }
}

/// Column-major points without their Eigen type: one kernel serves owned matrices and maps.
template <class Scalar>
struct PointSpan {
  const Scalar* data;  // d * n numbers, point after point
  Index dimension, size;
};

/// A few registers of points, coordinate by coordinate, against one center at a time.
template <class Scalar, int Dim>
class PointGroup {
 public:
  static constexpr int packs = group_packs;
  static constexpr int lanes = pack_lanes<Scalar>;
  static constexpr int width = packs * lanes;
  using Values = std::array<Scalar, static_cast<std::size_t>(width)>;
  using Integers = std::array<PackInteger<Scalar>, static_cast<std::size_t>(width)>;

  explicit PointGroup(Index dimension) : dimension_(dimension) {
    if constexpr (Dim == Eigen::Dynamic) coordinates_.resize(static_cast<std::size_t>(dimension * packs));
  }

  /// Loads points first, ..., first + used - 1; the remaining lanes repeat the last one.
  void load(const PointSpan<Scalar>& points, Index first, int used) {
    const Index d = dimension();
    for (Index s = 0; s < d; ++s) {
      const Scalar* x = points.data + first * d + s;
      Values values{};
      for (int p = 0; p < width; ++p) values[static_cast<std::size_t>(p)] = x[(p < used ? p : used - 1) * d];
      std::memcpy(&coordinates_[static_cast<std::size_t>(s * packs)], values.data(), sizeof(values));
    }
  }

  /// Squared distances of all lanes to one center, into `packs` registers.
  [[gnu::always_inline]] void squared_distances(const Scalar* center, Pack<Scalar> (&out)[packs]) const {
    const Index d = dimension();
    unrolled<packs>([&](auto u) { out[u] = Pack<Scalar>{}; });
    for (Index s = 0; s < d; ++s) {
      const Pack<Scalar>* x = coordinates_.data() + s * packs;
      const Scalar coordinate = center[s];
      unrolled<packs>([&](auto u) {
        const Pack<Scalar> difference = x[u] - coordinate;
        out[u] += difference * difference;
      });
    }
  }

  void squared_distances(const Scalar* center, Values& out) const {
    Pack<Scalar> distance[packs];
    squared_distances(center, distance);
    std::memcpy(out.data(), distance, sizeof(out));
  }

  /// The nearest of k centers for every lane, and its squared distance.
  void nearest(const Scalar* centers, Index k, Values& distance, Integers& index) const {
    Pack<Scalar> candidate[packs], best[packs];
    IntegerPack<Scalar> cell[packs];
    squared_distances(centers, best);
    unrolled<packs>([&](auto u) { cell[u] = IntegerPack<Scalar>{}; });
    for (Index j = 1; j < k; ++j) {
      squared_distances(centers + j * dimension(), candidate);
      const auto here = static_cast<PackInteger<Scalar>>(j);
      unrolled<packs>([&](auto u) {
        const auto closer = candidate[u] < best[u];
        best[u] = closer ? candidate[u] : best[u];
        cell[u] = closer ? IntegerPack<Scalar>{} + here : cell[u];
      });
    }
    std::memcpy(distance.data(), best, sizeof(distance));
    std::memcpy(index.data(), cell, sizeof(index));
  }

 private:
  [[nodiscard]] Index dimension() const {
    if constexpr (Dim == Eigen::Dynamic)
      return dimension_;
    else
      return Dim;
  }

  using Storage =
      std::conditional_t<Dim == Eigen::Dynamic, std::vector<Pack<Scalar>>,
                         std::array<Pack<Scalar>, static_cast<std::size_t>(Dim == Eigen::Dynamic ? 1 : Dim * packs)>>;
  Index dimension_;
  Storage coordinates_;
};

/// Sums over the cells of k centers, of one chunk of points or of all.
template <class Scalar>
struct CellSums {
  Eigen::Matrix<Sum<Scalar>, Eigen::Dynamic, Eigen::Dynamic> first_moment;  // d x k
  Weights<Sum<Scalar>> mass, distortion;                                    // k
  Counts counts;                                                            // k
  Index changed = 0;                                                        // labels that this sweep changed

  void reset(Index dimension, Index k) {
    first_moment.setZero(dimension, k);
    mass.setZero(k);
    distortion.setZero(k);
    counts.setZero(k);
    changed = 0;
  }

  void add(const CellSums& other) {
    first_moment += other.first_moment;
    mass += other.mass;
    distortion += other.distortion;
    counts += other.counts;
    changed += other.changed;
  }
};

/// Labels points first, ..., last - 1 and adds them to `sums`. `weights` may be null.
template <class Scalar, int Dim>
void sweep_chunk(const PointSpan<Scalar>& points, const Scalar* weights, const Scalar* centers, Index k, Index first,
                 Index last, Label* labels, CellSums<Scalar>& sums) {
  using Real = Sum<Scalar>;
  using Group = PointGroup<Scalar, Dim>;
  const Index d = Dim == Eigen::Dynamic ? points.dimension : Dim;
  Group group(points.dimension);
  typename Group::Values best;
  typename Group::Integers index;

  for (Index start = first; start < last; start += Group::width) {
    const int used = static_cast<int>(std::min<Index>(Group::width, last - start));
    group.load(points, start, used);
    group.nearest(centers, k, best, index);
    for (int p = 0; p < used; ++p) {
      const Index i = start + p;
      const auto cell = static_cast<Label>(index[static_cast<std::size_t>(p)]);
      const Real weight = weights ? static_cast<Real>(weights[i]) : Real(1);
      const Scalar* x = points.data + i * d;
      Real* moment = sums.first_moment.data() + cell * d;
      for (Index s = 0; s < d; ++s) moment[s] += weight * static_cast<Real>(x[s]);
      sums.mass(cell) += weight;
      sums.distortion(cell) += weight * static_cast<Real>(best[static_cast<std::size_t>(p)]);
      sums.counts(cell) += 1;
      sums.changed += labels[i] != cell;
      labels[i] = cell;
    }
  }
}

/// Points per chunk: at most 64 chunks, each of at least 4096 points and of at least k, so that the partial sums never
/// need more memory than the data.
[[nodiscard]] inline Index chunk_size(Index n, Index k) { return std::max({Index{4096}, (n + 63) / 64, k}); }

/// The sweep over all points with buffers that are reused from one call to the next.
template <class Scalar, int Dim>
class Sweep {
 public:
  Sweep(PointSpan<Scalar> points, const Scalar* weights) : points_(points), weights_(weights) {}

  /// Labels every point with its nearest center; `labels` (size n) holds the previous labels on entry, so that changes
  /// can be counted.
  const CellSums<Scalar>& run(const Centers<Scalar, Dim>& centers, Labels& labels, ThreadTeam& team) {
    const Index k = centers.cols(), n = points_.size, size = chunk_size(n, k), chunks = (n + size - 1) / size;
    partial_.resize(static_cast<std::size_t>(chunks));
    with_static_dimension<Dim>(points_.dimension, [&](auto dim) {
      team.run(chunks, [&](Index chunk, int) {
        auto& sums = partial_[static_cast<std::size_t>(chunk)];
        sums.reset(points_.dimension, k);
        sweep_chunk<Scalar, decltype(dim)::value>(points_, weights_, centers.data(), k, chunk * size,
                                                  std::min(n, (chunk + 1) * size), labels.data(), sums);
      });
    });
    for (std::size_t chunk = 1; chunk < partial_.size(); ++chunk) partial_[0].add(partial_[chunk]);
    return partial_[0];
  }

 private:
  PointSpan<Scalar> points_;
  const Scalar* weights_;
  std::vector<CellSums<Scalar>> partial_;
};

/// Calls `visit(i, first, first_squared, second, second_squared)` for every point, in order.
template <class Scalar, int Dim, class Visitor>
void for_each_nearest_two(const PointSpan<Scalar>& points, const Centers<Scalar, Dim>& centers, Visitor&& visit) {
  with_static_dimension<Dim>(points.dimension, [&](auto dim) {
    using Group = PointGroup<Scalar, decltype(dim)::value>;
    constexpr Scalar infinity = std::numeric_limits<Scalar>::infinity();
    Group group(points.dimension);
    typename Group::Values distance, best, runner_up;
    std::array<Label, static_cast<std::size_t>(Group::width)> first, second;
    for (Index start = 0; start < points.size; start += Group::width) {
      const int used = static_cast<int>(std::min<Index>(Group::width, points.size - start));
      group.load(points, start, used);
      best.fill(infinity);
      runner_up.fill(infinity);
      first.fill(0);
      second.fill(-1);
      for (Index j = 0; j < centers.cols(); ++j) {
        group.squared_distances(centers.data() + j * points.dimension, distance);
        for (std::size_t p = 0; p < distance.size(); ++p) {
          if (distance[p] < best[p]) {
            // Center 0 always enters here unless its distance overflows; only a real predecessor becomes runner-up.
            runner_up[p] = best[p];
            second[p] = best[p] < infinity ? first[p] : Label{-1};
            best[p] = distance[p];
            first[p] = static_cast<Label>(j);
          } else if (distance[p] < runner_up[p]) {
            runner_up[p] = distance[p];
            second[p] = static_cast<Label>(j);
          }
        }
      }
      for (int p = 0; p < used; ++p) {
        const auto lane = static_cast<std::size_t>(p);
        visit(start + p, first[lane], best[lane], second[lane], runner_up[lane]);
      }
    }
  });
}

/// target(i) = min(target(i), |x_i - center|^2) for every point, by the same arithmetic as the sweep.
template <class Scalar, int Dim>
void lower_to_distance(const PointSpan<Scalar>& points, const Scalar* center, Weights<Scalar>& target) {
  with_static_dimension<Dim>(points.dimension, [&](auto dim) {
    using Group = PointGroup<Scalar, decltype(dim)::value>;
    Group group(points.dimension);
    typename Group::Values distance;
    for (Index start = 0; start < points.size; start += Group::width) {
      const int used = static_cast<int>(std::min<Index>(Group::width, points.size - start));
      group.load(points, start, used);
      group.squared_distances(center, distance);
      for (int p = 0; p < used; ++p)
        target(start + p) = std::min(target(start + p), distance[static_cast<std::size_t>(p)]);
    }
  });
}

}  // namespace internal
}  // namespace kmscape

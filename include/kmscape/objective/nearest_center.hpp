// Nearest centers by the arithmetic that decides: squared distances formed from differences in the type of sums.
//
// Differences, not |x|^2 - 2 x.c + |c|^2: nothing cancels when the data is far from the origin, and equal distances of
// whole numbers are equal. A tie goes to the center of lowest index. Whatever finds labels faster (nearest_filter.hpp,
// the bounds of solve/) must agree with this, and asks it where it cannot be certain. Points are taken in small groups
// that are transposed first: the innermost loops then run over points, one a lane, for any dimension.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/simd.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

/// The two nearest centers of every point. `second` is -1 and its distance infinite when there is one center only.
template <std::floating_point Scalar>
struct NearestTwo {
  Labels first, second;
  Weights<Sum<Scalar>> first_squared_distance, second_squared_distance;
};

namespace internal {

/// Column-major points without their Eigen type: one kernel serves owned matrices and maps.
template <class Scalar>
struct PointSpan {
  const Scalar* data;  // d * n numbers, point after point
  Index dimension, size;

  [[nodiscard]] const Scalar* point(Index i) const { return data + i * dimension; }
};

/// A few registers of points, coordinate by coordinate, against one center at a time.
template <class Scalar>
class PointGroup {
 public:
  using Real = Sum<Scalar>;
  static constexpr int packs = group_packs;
  static constexpr int lanes = pack_lanes<Real>;
  static constexpr int width = packs * lanes;
  using Values = std::array<Real, static_cast<std::size_t>(width)>;
  using Integers = std::array<PackInteger<Real>, static_cast<std::size_t>(width)>;

  explicit PointGroup(Index dimension)
      : dimension_(dimension), coordinates_(static_cast<std::size_t>(dimension * packs)) {}

  /// Loads points first, ..., first + used - 1; the remaining lanes repeat the last one.
  void load(const PointSpan<Scalar>& points, Index first, int used) {
    load_from(points, used, [first](int p) { return first + p; });
  }

  /// The same for the points of a list.
  void load(const PointSpan<Scalar>& points, const Index* list, int used) {
    load_from(points, used, [list](int p) { return list[p]; });
  }

  /// Squared distances of all lanes to one center, into `packs` registers.
  [[gnu::always_inline]] void squared_distances(const Real* center, Pack<Real> (&out)[packs]) const {
    const Index d = dimension_;
    unrolled<packs>([&](auto u) { out[u] = Pack<Real>{}; });
    for (Index s = 0; s < d; ++s) {
      const Pack<Real>* x = coordinates_.data() + s * packs;
      const Real coordinate = center[s];
      unrolled<packs>([&](auto u) {
        const Pack<Real> difference = x[u] - coordinate;
        out[u] += difference * difference;
      });
    }
  }

  void squared_distances(const Real* center, Values& out) const {
    Pack<Real> distance[packs];
    squared_distances(center, distance);
    std::memcpy(out.data(), distance, sizeof(out));
  }

  /// The nearest of k centers for every lane.
  void nearest(const Real* centers, Index k, Integers& index) const {
    Pack<Real> candidate[packs], best[packs];
    IntegerPack<Real> cell[packs];
    squared_distances(centers, best);
    unrolled<packs>([&](auto u) { cell[u] = IntegerPack<Real>{}; });
    for (Index j = 1; j < k; ++j) {
      squared_distances(centers + j * dimension_, candidate);
      const auto here = static_cast<PackInteger<Real>>(j);
      unrolled<packs>([&](auto u) {
        const auto closer = candidate[u] < best[u];
        best[u] = closer ? candidate[u] : best[u];
        cell[u] = closer ? IntegerPack<Real>{} + here : cell[u];
      });
    }
    std::memcpy(index.data(), cell, sizeof(index));
  }

 private:
  template <class PointOf>
  void load_from(const PointSpan<Scalar>& points, int used, const PointOf& point_of) {
    const Index d = dimension_;
    std::array<const Scalar*, static_cast<std::size_t>(width)> from;
    for (int p = 0; p < width; ++p)
      from[static_cast<std::size_t>(p)] = points.data + point_of(p < used ? p : used - 1) * d;
    for (Index s = 0; s < d; ++s) {
      Values values;
      for (std::size_t p = 0; p < values.size(); ++p) values[p] = static_cast<Real>(from[p][s]);
      std::memcpy(&coordinates_[static_cast<std::size_t>(s * packs)], values.data(), sizeof(values));
    }
  }

  Index dimension_;
  std::vector<Pack<Real>> coordinates_;
};

/// Calls `visit(i, first, first_squared, second, second_squared)` for every point, in order. `centers` is d x k.
template <class Scalar, int Dim, class Visitor>
void for_each_nearest_two(const PointSpan<Scalar>& points, const FittedCenters<Scalar, Dim>& centers, Visitor&& visit) {
  using Group = PointGroup<Scalar>;
  constexpr auto infinity = std::numeric_limits<Sum<Scalar>>::infinity();
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
}

/// target[i] = min(target[i], |x_i - center|^2) for every point, by the same arithmetic as above.
template <class Scalar>
void lower_to_distance(const PointSpan<Scalar>& points, const Sum<Scalar>* center, Sum<Scalar>* target) {
  using Group = PointGroup<Scalar>;
  Group group(points.dimension);
  typename Group::Values distance;
  for (Index start = 0; start < points.size; start += Group::width) {
    const int used = static_cast<int>(std::min<Index>(Group::width, points.size - start));
    group.load(points, start, used);
    group.squared_distances(center, distance);
    for (int p = 0; p < used; ++p)
      target[start + p] = std::min(target[start + p], distance[static_cast<std::size_t>(p)]);
  }
}

}  // namespace internal
}  // namespace kmscape

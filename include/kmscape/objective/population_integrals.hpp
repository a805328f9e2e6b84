// Integrals of a mixture's components over intersections of half-spaces, by the number of directions that bound them.
//
// Cells of k centers are cylinders over the affine span of the centers. With p the span's dimension and Q (d x p) its
// basis, every half-space reads Q^T x: a Gaussian keeps its shape there and a uniform D-ball, D = d, shows its shadow
// (1 - |y|^2)^((D-p)/2). Across the span a component is symmetric around its own center, so that around that center
// first moments have no part there, and each direction has the variance sigma^2 or r^2 E[1 - |y|^2] / (D - p + 2),
// whatever the component's distance from the span. p = 1 and 2 are done in closed form or to rounding, p >= 3 by
// quasi-random rays from the component's center on which the radius is integrated in closed form.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/geometry/convex_polygon.hpp>
#include <kmscape/geometry/disk_moments.hpp>
#include <kmscape/geometry/gaussian_moments.hpp>
#include <kmscape/geometry/interval_moments.hpp>
#include <kmscape/geometry/radial_tail.hpp>
#include <kmscape/geometry/span_basis.hpp>
#include <kmscape/geometry/sphere_directions.hpp>

// Functions are templates, also those of concrete types, and name their types through a parameter: a program that uses
// no population does not wait for the compiler to look at them.
namespace kmscape::internal {

/// {x: normals.col(h) . x <= offsets(h) for all h}, unit normals; p x h. `origins` name what lies behind each plane.
struct HalfSpaces {
  Eigen::MatrixXd normals;
  Eigen::VectorXd offsets;
  std::vector<Index> origins;
};

/// Appends the half-spaces of the Voronoi cell of center i (p x k). Of coinciding centers the lowest index owns the
/// cell and is everybody's neighbour; for the others two half-spaces without a common point are appended.
void append_cell(const std::same_as<Eigen::MatrixXd> auto& centers, Index i, HalfSpaces& out) {
  using Vector = Eigen::Matrix<typename std::remove_cvref_t<decltype(centers)>::Scalar, Eigen::Dynamic, 1>;
  const Index before = out.offsets.size(), p = centers.rows(), k = centers.cols();
  const auto is_owner = [&](Index j) {
    for (Index l = 0; l < j; ++l)
      if (centers.col(l) == centers.col(j)) return false;
    return true;
  };
  out.normals.conservativeResize(p, before + std::max<Index>(k, 2));
  out.offsets.conservativeResize(before + std::max<Index>(k, 2));
  Index at = before;
  const auto append = [&](const Vector& normal, double offset, Index origin) {
    out.normals.col(at) = normal;
    out.offsets(at++) = offset;
    out.origins.push_back(origin);
  };
  if (!is_owner(i)) {
    append(Vector::Unit(p, 0), -1, -1);
    append(-Vector::Unit(p, 0), -1, -1);
  } else {
    for (Index j = 0; j < k; ++j) {
      if (j == i || !is_owner(j)) continue;
      const Vector difference = centers.col(j) - centers.col(i);
      const Vector normal = difference.stableNormalized();
      append(normal, normal.dot(centers.col(i) + difference / 2), j);
    }
  }
  out.normals.conservativeResize(p, at);
  out.offsets.conservativeResize(at);
}

/// A component in coordinates of the span.
struct SpanComponent {
  Eigen::VectorXd center;  // p
  double size = 1;         // radius or deviation
  double weight = 1;
};

/// The components of one model: all balls or all Gaussians of dimension d.
struct SpanMixture {
  using Matrix = Eigen::MatrixXd;
  using Vector = Eigen::VectorXd;
  using Array = Eigen::ArrayXd;

  bool is_gaussian = false;
  Index dimension = 1;  // d
  std::vector<SpanComponent> components;
};

/// The moments of one region and one component around the component's center in units of its size.
template <class WhenUsed>
struct BasicRegionMoments {
  double mass = 0;
  double square = 0;       // of |y|^2
  Eigen::VectorXd first;   // p
  Eigen::MatrixXd second;  // p x p

  explicit BasicRegionMoments(Index p = 0) : first(Eigen::VectorXd::Zero(p)), second(Eigen::MatrixXd::Zero(p, p)) {}
};
using RegionMoments = BasicRegionMoments<void>;

/// The interval that half-spaces of the line leave, empty when left >= right.
struct Interval {
  double left = -std::numeric_limits<double>::infinity(), right = std::numeric_limits<double>::infinity();
};

[[nodiscard]] inline Interval to_interval(const HalfSpaces& region) {
  Interval result;
  for (Index h = 0; h < region.offsets.size(); ++h) {
    if (region.normals(0, h) > 0)
      result.right = std::min(result.right, region.offsets(h));
    else
      result.left = std::max(result.left, -region.offsets(h));
  }
  return result;
}

[[nodiscard]] ConvexPolygon to_polygon(const std::same_as<HalfSpaces> auto& region) {
  std::vector<HalfPlane> half_planes(static_cast<std::size_t>(region.offsets.size()));
  for (std::size_t h = 0; h < half_planes.size(); ++h) {
    const auto column = static_cast<Index>(h);
    half_planes[h] = {region.normals.col(column), region.offsets(column), region.origins[h]};
  }
  return ConvexPolygon(half_planes);
}

/// One replicate of quasi-random rays.
///
/// On the line {rho u} the half-spaces leave an interval; its parts on both sides of the center are integrated in
/// closed form. `slopes` are normals^T directions, `offsets` the planes' distances from the center in units of its
/// size.
void add_rays(const std::same_as<Eigen::MatrixXd> auto& directions, const Eigen::MatrixXd& slopes,
              const Eigen::VectorXd& offsets, bool is_gaussian, Index ball_dimension, bool with_second,
              RegionMoments& result) {
  const Index p = directions.rows(), count = directions.cols(), planes = offsets.size();
  const auto tail = [&](double rho) {
    return is_gaussian ? gaussian_radial_tail(p, rho) : ball_radial_tail(p, ball_dimension, rho);
  };
  const RadialTail all = tail(0);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto between = [&](double near, double far) {
    RadialTail part;
    if (!(near < far)) return part;
    part = near > 0 ? tail(near) : all;
    if (far < infinity && (is_gaussian || far < 1)) {
      const RadialTail rest = tail(far);
      part.mass -= rest.mass;
      part.first -= rest.first;
      part.second -= rest.second;
    }
    return part;
  };
  const double weight = 1 / static_cast<double>(2 * count);
  for (Index j = 0; j < count; ++j) {
    double low = -infinity, high = infinity;
    for (Index h = 0; h < planes && low < high; ++h) {
      const double slope = slopes(h, j);
      if (slope > 0)
        high = std::min(high, offsets(h) / slope);
      else if (slope < 0)
        low = std::max(low, offsets(h) / slope);
      else if (offsets(h) < 0)
        high = -infinity;
    }
    if (!(low < high)) continue;
    const RadialTail ahead = between(std::max(low, 0.0), high), behind = between(std::max(-high, 0.0), -low);
    result.mass += weight * (ahead.mass + behind.mass);
    const double square = weight * (ahead.second + behind.second);
    result.square += square;
    result.first += weight * (ahead.first - behind.first) * directions.col(j);
    if (with_second) result.second += square * directions.col(j) * directions.col(j).transpose();
  }
}

/// Moments with their second matrices over a region of p dimensions whose offsets are in units of the component's size
/// from its center: one entry where they are exact, else one a replicate. For p >= 3 by `directions`, with `slopes` =
/// normals^T directions.
[[nodiscard]] std::vector<RegionMoments> region_moments(const std::same_as<HalfSpaces> auto& region, bool is_gaussian,
                                                        Index ball_dimension,
                                                        const std::vector<Eigen::MatrixXd>& directions,
                                                        const std::vector<Eigen::MatrixXd>& slopes) {
  const Index p = region.normals.rows();
  std::vector<RegionMoments> result(1, RegionMoments(p));
  if (p == 0) {
    result[0].mass = (region.offsets.array() < 0).any() ? 0 : 1;
  } else if (p == 1) {
    const auto [left, right] = to_interval(region);
    const auto moments =
        is_gaussian ? normal_interval_moments(left, right) : ball_interval_moments(left, right, ball_dimension);
    result[0].mass = moments.mass;
    result[0].square = moments.second;
    result[0].first(0) = moments.first;
    result[0].second(0, 0) = moments.second;
  } else if (p == 2) {
    const auto polygon = to_polygon(region);
    const PlaneMoments moments = is_gaussian ? gaussian_moments(polygon, Eigen::Vector2d::Zero(), 1)
                                             : ball_moments(polygon, Eigen::Vector2d::Zero(), 1, ball_dimension);
    result[0].mass = moments.mass;
    result[0].square = moments.second.trace();
    result[0].first = moments.first;
    result[0].second = moments.second;
  } else {
    result.assign(directions.size(), RegionMoments(p));
    for (std::size_t r = 0; r < directions.size(); ++r)
      add_rays(directions[r], slopes[r], region.offsets, is_gaussian, ball_dimension, true, result[r]);
  }
  return result;
}

/// Masses and moments of m regions (rows) and K components (columns), around the components' centers in their units.
template <class WhenUsed>
struct BasicMomentTable {
  Eigen::ArrayXXd mass, square;  // m x K
  Eigen::MatrixXd first;         // p x (m K), column i + m s

  BasicMomentTable(Index p, Index m, Index components)
      : mass(Eigen::ArrayXXd::Zero(m, components)),
        square(Eigen::ArrayXXd::Zero(m, components)),
        first(Eigen::MatrixXd::Zero(p, m * components)) {}

  [[nodiscard]] Index column(Index i, Index s) const { return i + mass.rows() * s; }

  template <class First>
  void set(Index i, Index s, double own_mass, double own_square, const First& own_first) {
    // A difference that vanishes may round below zero: nothing is left then.
    if (!(own_mass > 0)) return;
    mass(i, s) = own_mass;
    square(i, s) = own_square;
    for (Index t = 0; t < first.rows(); ++t) first(t, column(i, s)) = own_first(t);
  }
};
using MomentTable = BasicMomentTable<void>;

/// Tables of Voronoi cells by rays, one a replicate.
///
/// A line through a component's center is followed from cell to cell: what leaves a cell by one of its planes enters
/// the cell behind, so that a line costs as many tails as it crosses faces, and k planes each. O(k) a crossing. Lines
/// that leave through an edge pass empty pieces of cells, never the same cell twice: each crossing brings centers that
/// lie farther along the line. Should rounding say otherwise, the last of m cells keeps what is left.
template <std::same_as<SpanMixture> Mixture>
[[nodiscard]] std::vector<MomentTable> cell_tables_by_rays(const std::vector<HalfSpaces>& cells, Index p,
                                                           const Mixture& mixture, const RayRule& rule) {
  using Matrix = typename Mixture::Matrix;
  using Vector = typename Mixture::Vector;
  const auto m = cells.size(), count = mixture.components.size();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr Index batch = 64;  // rays whose slopes to all planes are held at once
  const Index d = mixture.dimension;
  const auto tail = [&](double rho) {
    return mixture.is_gaussian ? gaussian_radial_tail(p, rho) : ball_radial_tail(p, d, rho);
  };
  const RadialTail all = tail(0);
  const double end = mixture.is_gaussian ? infinity : 1;

  // Offsets of all planes in units of a component's size from its center, and the cell that holds the center.
  std::vector<std::vector<Vector>> offsets(count, std::vector<Vector>(m));
  std::vector<std::size_t> home(count, 0);
  for (std::size_t s = 0; s < count; ++s) {
    const auto& component = mixture.components[s];
    double most = -infinity;
    for (std::size_t i = 0; i < m; ++i) {
      auto& own = offsets[s][i];
      const Vector &offset = cells[i].offsets, &center = component.center;
      const Matrix& normals = cells[i].normals;
      own = (offset - normals.transpose() * center) / component.size;
      const double room = own.size() == 0 ? infinity : own.minCoeff();
      if (room > most) {
        most = room;
        home[s] = i;
      }
    }
  }

  const std::vector<Matrix> directions = sphere_directions(p, rule);
  const double weight = 1 / static_cast<double>(2 * rule.samples);
  std::vector<MomentTable> tables(directions.size(), MomentTable(p, static_cast<Index>(m), static_cast<Index>(count)));
  std::vector<Matrix> slopes(m);
  for (std::size_t r = 0; r < directions.size(); ++r) {
    auto& table = tables[r];
    for (Index begin = 0; begin < rule.samples; begin += batch) {
      const Index rays = std::min(batch, rule.samples - begin);
      const auto some = directions[r].middleCols(begin, rays);
      for (std::size_t i = 0; i < m; ++i) {
        const Matrix& normals = cells[i].normals;
        slopes[i].noalias() = normals.transpose() * some;
      }
      for (std::size_t s = 0; s < count; ++s)
        for (Index ray = 0; ray < rays; ++ray)
          for (const double sign : {1.0, -1.0}) {
            std::size_t cell = home[s];
            RadialTail near = all;
            double from = 0;
            for (std::size_t crossed = 1;; ++crossed) {
              const Vector& room = offsets[s][cell];
              const double* slope = slopes[cell].col(ray).data();
              double to = infinity;
              Index through = 0;
              for (Index h = 0; h < room.size(); ++h) {
                const double along = sign * slope[h], reach = room(h) / along;
                if (along > 0 && reach < to) {
                  to = reach;
                  through = h;
                }
              }
              to = std::max(to, from);
              const bool is_last = !(to < end) || crossed == m;
              const RadialTail far = is_last ? RadialTail{} : tail(to);
              const auto i = static_cast<Index>(cell), c = static_cast<Index>(s);
              table.mass(i, c) += weight * (near.mass - far.mass);
              table.square(i, c) += weight * (near.second - far.second);
              table.first.col(table.column(i, c)) += sign * weight * (near.first - far.first) * some.col(ray);
              if (is_last) break;
              near = far;
              from = to;
              cell = static_cast<std::size_t>(cells[cell].origins[static_cast<std::size_t>(through)]);
            }
          }
    }
    // A difference that vanishes may round below zero: nothing is left then.
    for (Index s = 0; s < table.mass.cols(); ++s)
      for (Index i = 0; i < table.mass.rows(); ++i)
        if (!(table.mass(i, s) > 0)) {
          table.mass(i, s) = table.square(i, s) = 0;
          for (Index t = 0; t < p; ++t) table.first(t, table.column(i, s)) = 0;
        }
  }
  return tables;
}

/// Tables of all regions and components: one where they are exact, else one a replicate.
/// @param by_rays for p = 1 and 2 too.
[[nodiscard]] std::vector<MomentTable> moment_tables(const std::same_as<std::vector<HalfSpaces>> auto& regions, Index p,
                                                     const SpanMixture& mixture, const RayRule& rule, bool by_rays) {
  const auto m = static_cast<Index>(regions.size()), count = static_cast<Index>(mixture.components.size());
  const Index d = mixture.dimension;
  std::vector<MomentTable> tables(1, MomentTable(p, m, count));
  if (by_rays || p >= 3) {
    const auto directions = sphere_directions(p, rule);
    tables.assign(directions.size(), tables[0]);
    for (std::size_t r = 0; r < directions.size(); ++r)
      for (Index i = 0; i < m; ++i) {
        const auto& region = regions[static_cast<std::size_t>(i)];
        const Eigen::MatrixXd slopes = region.normals.transpose() * directions[r];
        for (Index s = 0; s < count; ++s) {
          const auto& component = mixture.components[static_cast<std::size_t>(s)];
          const Eigen::VectorXd offsets =
              (region.offsets - region.normals.transpose() * component.center) / component.size;
          RegionMoments moments(p);
          add_rays(directions[r], slopes, offsets, mixture.is_gaussian, d, false, moments);
          tables[r].set(i, s, moments.mass, moments.square, moments.first);
        }
      }
    return tables;
  }
  auto& table = tables[0];
  for (Index i = 0; i < m; ++i) {
    const auto& region = regions[static_cast<std::size_t>(i)];
    if (p == 1) {
      const auto [left, right] = to_interval(region);
      if (!(left < right)) continue;
      for (Index s = 0; s < count; ++s) {
        const auto& component = mixture.components[static_cast<std::size_t>(s)];
        const double from = (left - component.center(0)) / component.size;
        const double to = (right - component.center(0)) / component.size;
        const auto moments =
            mixture.is_gaussian ? normal_interval_moments(from, to) : ball_interval_moments(from, to, d);
        table.set(i, s, moments.mass, moments.second, Eigen::Matrix<double, 1, 1>(moments.first));
      }
    } else {
      const auto polygon = to_polygon(region);
      if (polygon.is_empty()) continue;
      for (Index s = 0; s < count; ++s) {
        const auto& component = mixture.components[static_cast<std::size_t>(s)];
        const Eigen::Vector2d center = component.center;
        const PlaneMoments moments = mixture.is_gaussian ? gaussian_moments(polygon, center, component.size)
                                                         : ball_moments(polygon, center, component.size, d);
        table.set(i, s, moments.mass, moments.second.trace(), moments.first);
      }
    }
  }
  return tables;
}

/// The variance, times mass, that a component has along each direction across the span.
[[nodiscard]] inline double variance_across(const SpanMixture& mixture, Index p, double mass, double square) {
  return mixture.is_gaussian ? mass : (mass - square) / static_cast<double>(mixture.dimension - p + 2);
}

}  // namespace kmscape::internal

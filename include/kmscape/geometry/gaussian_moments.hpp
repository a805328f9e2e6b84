// Moments of a spherical Gaussian over convex polygons of the plane.
//
// With phi' = -x phi the divergence theorem turns first and second moments into sums over edges: for an edge at
// distance h with outward normal n and tangent t, from s1 to s2 along t, I0 = phi(h) (Phi(s2) - Phi(s1)) and I1 =
// phi(h) (phi(s1) - phi(s2)),
//   first = -sum n I0,   second = mass I - sum (h n I0 + t I1) n^T.
// The mass is a sum of wedges between the center and an edge, each one difference of Owen's T.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <numbers>

#include <kmscape/geometry/convex_polygon.hpp>
#include <kmscape/geometry/normal_distribution.hpp>
#include <kmscape/geometry/plane_moments.hpp>
#include <kmscape/model/gaussian_mixture.hpp>

namespace kmscape {

/// Moments over `polygon` of the Gaussian with this center and deviation. Absolute accuracy near rounding; polygons
/// that lie more than 0.7 deviations off the center keep relative accuracy, unless they are slivers, so that cells in
/// the far tail have good centroids. O(edges).
[[nodiscard]] PlaneMoments gaussian_moments(const std::same_as<ConvexPolygon> auto& polygon,
                                            const Eigen::Vector2d& center, double sigma);

namespace internal {

/// Mass of the triangle (0, 0), (h, 0), (h, s) for h >= 0 (Nicholson 1943), odd in s.
template <class WhenUsed = void>
[[nodiscard]] double normal_triangle_mass(double h, double s) {
  if (h == 0 || s == 0) return 0;
  return std::atan2(s, h) / (2 * std::numbers::pi) - owens_t(h, s / h);
}

}  // namespace internal

PlaneMoments gaussian_moments(const std::same_as<ConvexPolygon> auto& polygon, const Eigen::Vector2d& center,
                              double sigma) {
  if (polygon.is_empty()) return {};
  if (polygon.is_plane()) return {1, Eigen::Vector2d::Zero(), Eigen::Matrix2d::Identity()};
  constexpr double far = 0.7;
  PlaneMoments result;
  double nearest = std::numeric_limits<double>::infinity();
  double beyond = 0;  // what the edges cut off
  const auto& edges = polygon.edges();
  for (const auto& edge : edges) nearest = std::min(nearest, (edge.offset - edge.normal.dot(center)) / sigma);
  const bool is_near = std::abs(nearest) < far;
  for (std::size_t e = 0; e < edges.size(); ++e) {
    const auto& edge = edges[e];
    const Eigen::Vector2d tangent = edge.tangent();
    const double foot = tangent.dot(center), h = (edge.offset - edge.normal.dot(center)) / sigma;
    const double from = (edge.from - foot) / sigma, to = (edge.to - foot) / sigma;
    const double away = std::abs(h), sign = h < 0 ? -1 : 1;
    if (is_near) {
      // Triangles with the center, and sectors between the rays of an unbounded polygon: nothing jumps when the center
      // crosses an edge or a corner.
      result.mass += sign * (internal::normal_triangle_mass(away, to) - internal::normal_triangle_mass(away, from));
      if (std::isinf(edge.to))
        result.mass += internal::turn(edge, edges[e + 1 < edges.size() ? e + 1 : 0]) / (2 * std::numbers::pi) - 0.5;
    } else if (away < 39) {  // phi(39) underflows
      beyond += sign * internal::mass_beyond_segment(away, from, to);
    }
    const double height = normal_density(h);
    if (height == 0) continue;
    const double mass = height * internal::normal_mass(from, to, to - from);
    const double moment = height * (normal_density(from) - normal_density(to));
    result.first -= mass * edge.normal;
    result.second -= (h * mass * edge.normal + moment * tangent) * edge.normal.transpose();
  }
  if (!is_near) result.mass = (nearest > 0 ? 1 : 0) - beyond;
  result.second.diagonal().array() += result.mass;
  return result;
}

}  // namespace kmscape

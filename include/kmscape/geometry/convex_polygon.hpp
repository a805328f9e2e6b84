// Convex polygons in the plane as intersections of half-planes, unbounded ones included: Voronoi cells and what they
// have in common with each other.
//
// Every edge knows which half-plane it comes from, so that an edge of a cell names the neighbour behind it.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>
#include <vector>

#include <kmscape/core/points.hpp>

namespace kmscape {

/// {x: normal . x <= offset}, with a unit normal.
struct HalfPlane {
  Eigen::Vector2d normal;
  double offset = 0;
  Index origin = -1;  // the caller's number: for a Voronoi cell, the center on the other side
};

/// One side of a polygon: the points offset * normal + s * tangent with from < s < to, where the tangent is the normal
/// turned left. Walking along the tangent keeps the polygon to the left.
struct PolygonEdge {
  Eigen::Vector2d normal;
  double offset = 0;
  double from = 0, to = 0;  // -infinity and infinity where the edge is a ray or a line
  Index origin = -1;

  [[nodiscard]] Eigen::Vector2d tangent() const { return {-normal.y(), normal.x()}; }
  [[nodiscard]] Eigen::Vector2d at(double s) const {
    return {offset * normal.x() - s * normal.y(), offset * normal.y() + s * normal.x()};
  }
};

/// The intersection of half-planes: its edges in counter-clockwise order, starting anywhere.
class ConvexPolygon {
 public:
  /// The whole plane.
  ConvexPolygon() = default;

  /// The intersection of h half-planes; of equal ones the first gives the edge. A polygon without interior has no
  /// edges and is empty. O(h^2).
  template <class WhenUsed = void>
  explicit ConvexPolygon(std::span<const HalfPlane> half_planes) {
    assign(half_planes);
  }

  /// The same in place, reusing memory.
  template <class WhenUsed = void>
  void assign(std::span<const HalfPlane> half_planes);

  [[nodiscard]] const std::vector<PolygonEdge>& edges() const { return edges_; }
  [[nodiscard]] bool is_empty() const { return is_empty_; }
  [[nodiscard]] bool is_plane() const { return !is_empty_ && edges_.empty(); }
  template <class WhenUsed = void>
  [[nodiscard]] bool is_bounded() const {
    return is_empty_ || (!edges_.empty() && std::all_of(edges_.begin(), edges_.end(), [](const PolygonEdge& edge) {
             return std::isfinite(edge.from) && std::isfinite(edge.to);
           }));
  }

  /// Whether x lies in the polygon, its boundary included. O(edges).
  template <class WhenUsed = void>
  [[nodiscard]] bool contains(const Eigen::Vector2d& x) const {
    return !is_empty_ && std::all_of(edges_.begin(), edges_.end(),
                                     [&](const PolygonEdge& edge) { return edge.normal.dot(x) <= edge.offset; });
  }

  /// The corners in counter-clockwise order, for a picture; those of an unbounded polygon without the ones at infinity.
  template <class WhenUsed = void>
  [[nodiscard]] std::vector<Eigen::Vector2d> corners() const {
    std::vector<Eigen::Vector2d> result;
    for (const auto& edge : edges_)
      if (std::isfinite(edge.to)) result.push_back(edge.at(edge.to));
    return result;
  }

 private:
  std::vector<PolygonEdge> edges_;
  bool is_empty_ = false;
};

/// The half-planes whose intersection is the Voronoi cell of center i among the columns of `centers` (2 x k); their
/// origins are the other centers. Of coinciding centers the lowest index owns the cell. `shift` is added to origins.
template <class Derived>
void append_voronoi_half_planes(const Eigen::MatrixBase<Derived>& centers, Index i, std::vector<HalfPlane>& out,
                                Index shift = 0);

/// The Voronoi cell of center i among the columns of `centers` (2 x k, finite); origins of edges are the neighbours.
/// Empty for a center that coincides with one of lower index. Throws `invalid_input`. O(k^2).
template <class Derived>
[[nodiscard]] ConvexPolygon voronoi_cell(const Eigen::MatrixBase<Derived>& centers, Index i);

namespace internal {

/// A number in [-2, 2] that grows with the angle of a direction, and resolves angles as well as its coordinates do.
template <class WhenUsed = void>
[[nodiscard]] double turning_key(const Eigen::Vector2d& direction) {
  const double part = direction.y() / (std::abs(direction.x()) + std::abs(direction.y()));
  if (direction.x() >= 0) return part;
  return direction.y() >= 0 ? 2 - part : -2 - part;
}

/// The angle in [0, 2 pi] by which an edge's normal is turned left into the next one's; 2 pi from an edge to itself.
template <class WhenUsed = void>
[[nodiscard]] double turn(const PolygonEdge& edge, const PolygonEdge& next) {
  // By identity: the cross product of a vector with itself is no exact 0 where the compiler fuses its terms.
  if (&edge == &next) return 2 * std::numbers::pi;
  const double cross = edge.normal.x() * next.normal.y() - edge.normal.y() * next.normal.x();
  const double angle = std::atan2(cross, edge.normal.dot(next.normal));
  // Nearly parallel edges turn by nothing, whatever the sign of the rounding.
  return angle > -1e-15 ? std::max(angle, 0.0) : angle + 2 * std::numbers::pi;
}

/// {x: |x - a| <= |x - b|} for distinct points of the plane.
template <class WhenUsed = void>
[[nodiscard]] HalfPlane nearer_half_plane(const Eigen::Vector2d& a, const Eigen::Vector2d& b, Index origin) {
  const double dx = b.x() - a.x(), dy = b.y() - a.y(), length = std::hypot(dx, dy);
  const Eigen::Vector2d normal(dx / length, dy / length);
  return {normal, normal.x() * (a.x() + dx / 2) + normal.y() * (a.y() + dy / 2), origin};
}

}  // namespace internal

template <class WhenUsed>
void ConvexPolygon::assign(std::span<const HalfPlane> half_planes) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  // Where lines meet that are parallel up to rounding is decided by rounding: such a strip may seem to end on one of
  // its sides and to have no end on the other.
  constexpr double parallel = 8 * std::numeric_limits<double>::epsilon();
  edges_.clear();
  for (std::size_t e = 0; e < half_planes.size(); ++e) {
    const auto& own = half_planes[e];
    PolygonEdge edge{own.normal, own.offset, -infinity, infinity, own.origin};
    const Eigen::Vector2d tangent = edge.tangent();
    for (std::size_t f = 0; f < half_planes.size() && edge.from < edge.to; ++f) {
      if (f == e) continue;
      const auto& other = half_planes[f];
      const double along = other.normal.dot(tangent), cosine = other.normal.dot(own.normal);
      const double room = other.offset - own.offset * cosine;
      if (std::abs(along) <= parallel) {
        if (cosine > 0) {
          // Offsets are compared as they are: of two lines that are one up to rounding exactly one must stay.
          if (other.offset < own.offset || (other.offset == own.offset && f < e)) edge.to = edge.from;
        } else if (room <= parallel * (std::abs(own.offset) + std::abs(other.offset))) {
          edges_.clear();
          is_empty_ = true;
          return;
        }
      } else if (along > 0) {
        edge.to = std::min(edge.to, room / along);
      } else {
        edge.from = std::max(edge.from, room / along);
      }
    }
    if (edge.from < edge.to) edges_.push_back(edge);
  }
  std::sort(edges_.begin(), edges_.end(), [](const PolygonEdge& a, const PolygonEdge& b) {
    return internal::turning_key(a.normal) < internal::turning_key(b.normal);
  });
  // A corner of two nearly parallel lines is known badly along them. Both edges must end in the same point, or the
  // polygon's boundary has a gap that its area would feel.
  for (std::size_t e = 0; e < edges_.size(); ++e) {
    auto& edge = edges_[e];
    auto& next = edges_[e + 1 < edges_.size() ? e + 1 : 0];
    if (std::isfinite(edge.to))
      next.from = next.tangent().dot(edge.at(edge.to));
    else if (std::isfinite(next.from))
      edge.to = edge.tangent().dot(next.at(next.from));
  }
  // Lines that are parallel up to rounding meet anywhere; an edge turned round by that has no length.
  std::erase_if(edges_, [](const PolygonEdge& edge) { return !(edge.from < edge.to); });
  is_empty_ = edges_.empty() && !half_planes.empty();
}

template <class Derived>
void append_voronoi_half_planes(const Eigen::MatrixBase<Derived>& centers, Index i, std::vector<HalfPlane>& out,
                                Index shift) {
  const Eigen::Vector2d own = centers.col(i);
  for (Index j = 0; j < centers.cols(); ++j) {
    if (j == i) continue;
    const Eigen::Vector2d other = centers.col(j);
    if (other != own)
      out.push_back(internal::nearer_half_plane(own, other, j + shift));
    else if (j < i)  // nothing is nearer to i: two half-planes without a common point
      for (const double side : {1.0, -1.0}) out.push_back({{side, 0}, -1, -1});
  }
}

template <class Derived>
ConvexPolygon voronoi_cell(const Eigen::MatrixBase<Derived>& centers, Index i) {
  internal::check_columns(centers, "voronoi_cell", "centers", "center");
  internal::require(centers.rows() == 2, "voronoi_cell", "centers.rows()", centers.rows(),
                    "cells are polygons in the plane only", "pass 2 x k centers");
  internal::require(i >= 0 && i < centers.cols(), "voronoi_cell", "i", i, "centers are numbered 0, ..., k - 1",
                    "pass an index in this range");
  std::vector<HalfPlane> half_planes;
  append_voronoi_half_planes(centers.template cast<double>(), i, half_planes);
  return ConvexPolygon(half_planes);
}

}  // namespace kmscape

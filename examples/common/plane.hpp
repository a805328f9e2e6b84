// Ways to see points on paper: Voronoi cells as polygons in the plane, and the two principal axes of higher dimensions.
#pragma once

#include <Eigen/Dense>
#include <vector>

#include <kmscape/geometry/convex_polygon.hpp>

namespace examples {

/// A rectangle that holds what is to be shown.
struct Box {
  Eigen::Vector2d low = Eigen::Vector2d::Zero(), high = Eigen::Vector2d::Zero();
};

/// The bounding box of points (2 x n), wider by `margin` of its size on every side; where all agree in a coordinate,
/// by as much as the labels of an axis can show.
Box box_around(const Eigen::Ref<const Eigen::MatrixXd>& points, double margin = 0.06);

/// The box as half-planes, to cut unbounded polygons with.
std::vector<kmscape::HalfPlane> box_sides(const Box& box);

/// Voronoi cell i of `centers` (2 x k) as half-planes.
std::vector<kmscape::HalfPlane> cell_sides(const Eigen::Ref<const Eigen::MatrixXd>& centers, Eigen::Index i);

/// The points as the columns of a matrix (2 x points).
Eigen::MatrixXd in_columns(const std::vector<Eigen::Vector2d>& points);

/// What all have in common, as corners in order (2 x corners); no column where that has no area.
template <class... More>
Eigen::MatrixXd common_area(std::vector<kmscape::HalfPlane> first, const More&... more) {
  (first.insert(first.end(), more.begin(), more.end()), ...);
  return in_columns(kmscape::ConvexPolygon(first).corners());
}

/// Every center's Voronoi cell within the box, as corners in order (2 x corners, none where the cell lies outside).
std::vector<Eigen::MatrixXd> voronoi_cells(const Eigen::Ref<const Eigen::MatrixXd>& centers, const Box& box);

/// The affine map onto the plane of the two principal axes: shown = axes^T (x - mean).
struct PlaneProjection {
  Eigen::VectorXd mean;  // d
  Eigen::MatrixXd axes;  // d x 2

  [[nodiscard]] Eigen::MatrixXd operator()(const Eigen::Ref<const Eigen::MatrixXd>& points) const;
};

/// Principal axes of points (d x n, d >= 2), each with its largest coordinate positive; in the plane the identity.
PlaneProjection plane_of(const Eigen::Ref<const Eigen::MatrixXd>& points);

}  // namespace examples

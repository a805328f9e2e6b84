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

/// The bounding box of points (2 x n), wider by `margin` of its size on every side.
inline Box box_around(const Eigen::Ref<const Eigen::MatrixXd>& points, double margin = 0.06) {
  const Eigen::Vector2d low = points.rowwise().minCoeff(), high = points.rowwise().maxCoeff();
  const Eigen::Vector2d wider = margin * (high - low).cwiseMax(1e-9);
  return {low - wider, high + wider};
}

/// The box as half-planes, to cut unbounded polygons with.
inline std::vector<kmscape::HalfPlane> box_sides(const Box& box) {
  return {{{1, 0}, box.high.x()}, {{0, 1}, box.high.y()}, {{-1, 0}, -box.low.x()}, {{0, -1}, -box.low.y()}};
}

/// Voronoi cell i of `centers` (2 x k) as half-planes.
inline std::vector<kmscape::HalfPlane> cell_sides(const Eigen::Ref<const Eigen::MatrixXd>& centers, Eigen::Index i) {
  std::vector<kmscape::HalfPlane> result;
  kmscape::append_voronoi_half_planes(centers, i, result);
  return result;
}

/// The points as the columns of a matrix (2 x points).
inline Eigen::MatrixXd in_columns(const std::vector<Eigen::Vector2d>& points) {
  Eigen::MatrixXd result(2, static_cast<Eigen::Index>(points.size()));
  for (std::size_t i = 0; i < points.size(); ++i) result.col(static_cast<Eigen::Index>(i)) = points[i];
  return result;
}

/// What all have in common, as corners in order (2 x corners); no column where that has no area.
template <class... More>
Eigen::MatrixXd common_area(std::vector<kmscape::HalfPlane> first, const More&... more) {
  (first.insert(first.end(), more.begin(), more.end()), ...);
  return in_columns(kmscape::ConvexPolygon(first).corners());
}

/// Every center's Voronoi cell within the box, as corners in order (2 x corners, none where the cell lies outside).
inline std::vector<Eigen::MatrixXd> voronoi_cells(const Eigen::Ref<const Eigen::MatrixXd>& centers, const Box& box) {
  std::vector<Eigen::MatrixXd> cells;
  for (Eigen::Index i = 0; i < centers.cols(); ++i)
    cells.push_back(common_area(cell_sides(centers, i), box_sides(box)));
  return cells;
}

/// The affine map onto the plane of the two principal axes: shown = axes^T (x - mean).
struct PlaneProjection {
  Eigen::VectorXd mean;  // d
  Eigen::MatrixXd axes;  // d x 2

  [[nodiscard]] Eigen::MatrixXd operator()(const Eigen::Ref<const Eigen::MatrixXd>& points) const {
    return axes.transpose() * (points.colwise() - mean);
  }
};

/// Principal axes of points (d x n, d >= 2), each with its largest coordinate positive; in the plane the identity.
inline PlaneProjection plane_of(const Eigen::Ref<const Eigen::MatrixXd>& points) {
  const auto d = points.rows();
  if (d == 2) return {Eigen::VectorXd::Zero(2), Eigen::MatrixXd::Identity(2, 2)};
  const Eigen::VectorXd mean = points.rowwise().mean();
  const Eigen::MatrixXd centred = points.colwise() - mean;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(centred * centred.transpose());
  Eigen::MatrixXd axes = solver.eigenvectors().rightCols(2).rowwise().reverse();
  for (Eigen::Index j = 0; j < 2; ++j) {
    Eigen::Index largest = 0;
    axes.col(j).cwiseAbs().maxCoeff(&largest);
    if (axes(largest, j) < 0) axes.col(j) *= -1;
  }
  return {mean, axes};
}

}  // namespace examples

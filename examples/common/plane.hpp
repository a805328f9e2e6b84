// Ways to see points on paper: Voronoi cells as polygons in the plane, and the two principal axes of higher dimensions.
#pragma once

#include <Eigen/Dense>
#include <vector>

#include <kmscape/core/points.hpp>

namespace examples {

/// A rectangle that holds what is to be shown.
struct Box {
  Eigen::Vector2d low, high;
};

/// The bounding box of points (2 x n), wider by `margin` of its size on every side.
inline Box box_around(const Eigen::Ref<const Eigen::MatrixXd>& points, double margin = 0.06) {
  const Eigen::Vector2d low = points.rowwise().minCoeff(), high = points.rowwise().maxCoeff();
  const Eigen::Vector2d wider = margin * (high - low).cwiseMax(1e-9);
  return {low - wider, high + wider};
}

/// Every center's Voronoi cell within the box, as corners in order (2 x corners, none where the cell lies outside): the
/// box, cut by the bisector with each other center.
inline std::vector<Eigen::MatrixXd> voronoi_cells(const Eigen::Ref<const Eigen::MatrixXd>& centers, const Box& box) {
  std::vector<Eigen::MatrixXd> cells;
  for (Eigen::Index i = 0; i < centers.cols(); ++i) {
    std::vector<Eigen::Vector2d> corners = {
        box.low, {box.high.x(), box.low.y()}, box.high, {box.low.x(), box.high.y()}};
    for (Eigen::Index j = 0; j < centers.cols(); ++j) {
      const Eigen::Vector2d normal = centers.col(j) - centers.col(i), middle = (centers.col(i) + centers.col(j)) / 2;
      if (normal.isZero(0)) continue;
      std::vector<Eigen::Vector2d> kept;
      for (std::size_t c = 0; c < corners.size(); ++c) {
        const Eigen::Vector2d &here = corners[c], &next = corners[(c + 1) % corners.size()];
        const double a = normal.dot(here - middle), b = normal.dot(next - middle);
        if (a <= 0) kept.push_back(here);
        if ((a < 0 && b > 0) || (a > 0 && b < 0)) kept.push_back(here + a / (a - b) * (next - here));
      }
      corners = std::move(kept);
    }
    Eigen::MatrixXd cell(2, static_cast<Eigen::Index>(corners.size()));
    for (std::size_t c = 0; c < corners.size(); ++c) cell.col(static_cast<Eigen::Index>(c)) = corners[c];
    cells.push_back(std::move(cell));
  }
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

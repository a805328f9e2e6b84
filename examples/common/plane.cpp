#include "common/plane.hpp"

#include <algorithm>
#include <cmath>

namespace examples {

Box box_around(const Eigen::Ref<const Eigen::MatrixXd>& points, double margin) {
  const Eigen::Vector2d low = points.rowwise().minCoeff(), high = points.rowwise().maxCoeff();
  Eigen::Vector2d wider = margin * (high - low);
  for (Eigen::Index s = 0; s < 2; ++s) {
    const double scale = std::max(std::abs(low(s)), std::abs(high(s)));
    if (!(high(s) - low(s) > 1e-9 * scale)) wider(s) = 1e-3 * std::max(1.0, scale);
  }
  return {low - wider, high + wider};
}

std::vector<kmscape::HalfPlane> box_sides(const Box& box) {
  return {{{1, 0}, box.high.x()}, {{0, 1}, box.high.y()}, {{-1, 0}, -box.low.x()}, {{0, -1}, -box.low.y()}};
}

std::vector<kmscape::HalfPlane> cell_sides(const Eigen::Ref<const Eigen::MatrixXd>& centers, Eigen::Index i) {
  std::vector<kmscape::HalfPlane> result;
  kmscape::append_voronoi_half_planes(centers, i, result);
  return result;
}

Eigen::MatrixXd in_columns(const std::vector<Eigen::Vector2d>& points) {
  Eigen::MatrixXd result(2, static_cast<Eigen::Index>(points.size()));
  for (std::size_t i = 0; i < points.size(); ++i) result.col(static_cast<Eigen::Index>(i)) = points[i];
  return result;
}

std::vector<Eigen::MatrixXd> voronoi_cells(const Eigen::Ref<const Eigen::MatrixXd>& centers, const Box& box) {
  std::vector<Eigen::MatrixXd> cells;
  for (Eigen::Index i = 0; i < centers.cols(); ++i)
    cells.push_back(common_area(cell_sides(centers, i), box_sides(box)));
  return cells;
}

Eigen::MatrixXd PlaneProjection::operator()(const Eigen::Ref<const Eigen::MatrixXd>& points) const {
  return axes.transpose() * (points.colwise() - mean);
}

PlaneProjection plane_of(const Eigen::Ref<const Eigen::MatrixXd>& points) {
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

// What the integrators of the plane return: moments of a component over a polygon.
#pragma once

#include <Eigen/Core>

namespace kmscape {

/// The integrals of 1, y and y y^T against a density over a region of the plane, where y = (x - center) / size: in
/// units of the component's radius or deviation, around its center.
struct PlaneMoments {
  double mass = 0;
  Eigen::Vector2d first = Eigen::Vector2d::Zero();
  Eigen::Matrix2d second = Eigen::Matrix2d::Zero();
};

}  // namespace kmscape

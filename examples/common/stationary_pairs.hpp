// Stationary points of the population objective with two effective centers on the first axis: the boundary x_1 = b of
// their cells determines the cells, these their centers of mass, and those the boundary again. Where it comes back to
// b, both centers are the means of their cells.
#pragma once

#include <Eigen/Dense>
#include <vector>

#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/objective/population_objective.hpp>

namespace examples {

/// QZC's Example 2 (appendix G): three discs in a row and two centers for them, one over the right two; the third
/// center is out of the way.
inline kmscape::StochasticBallModel<double, 2> example_2_model(double radius) {
  Eigen::Matrix<double, 2, 3> centers;
  centers << -1, 0, 1, 0, 0, 0;
  return {centers, radius};
}
inline Eigen::MatrixXd example_2_candidate() {
  Eigen::MatrixXd result(2, 3);
  result << -1, 0.5, 0, 0, 0, 40;
  return result;
}

struct StationaryPair {
  double boundary;
  Eigen::MatrixXd centers;  // d x 2
  double least_eigenvalue;  // of the Hessian in these centers
};

/// The least eigenvalue of the Hessian at two centers.
template <class Objective>
double least_eigenvalue(const Objective& objective, const Eigen::MatrixXd& centers) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(objective.hessian(centers), Eigen::EigenvaluesOnly);
  return solver.eigenvalues()(0);
}

/// The means of the cells x_1 < b and x_1 > b, d x 2.
template <class Objective>
Eigen::MatrixXd means_beside(const Objective& objective, double b) {
  Eigen::MatrixXd centers = Eigen::MatrixXd::Zero(objective.dimension(), 2);
  centers.row(0) << b - 0.5, b + 0.5;
  return objective.cells(centers).centroid;
}

/// All with a boundary between -reach and reach that `count` equal steps, an odd number, tell apart; by boundary. The
/// model must be symmetric to the first axis.
template <class Objective>
std::vector<StationaryPair> stationary_pairs(const Objective& objective, double reach, int count) {
  const auto excess = [&](double b) { return means_beside(objective, b).row(0).mean() - b; };
  std::vector<StationaryPair> result;
  double left = -reach, at_left = excess(left);
  for (int step = 1; step <= count; ++step) {
    double right = -reach + 2 * reach * step / count;
    const double at_right = excess(right), next = right;
    if ((at_left > 0) != (at_right > 0)) {
      for (int halving = 0; halving < 50; ++halving) {
        const double middle = (left + right) / 2;
        ((excess(middle) > 0) == (at_left > 0) ? left : right) = middle;
      }
      const Eigen::MatrixXd centers = means_beside(objective, (left + right) / 2);
      result.push_back({(left + right) / 2, centers, least_eigenvalue(objective, centers)});
    }
    left = next;
    at_left = at_right;
  }
  return result;
}

}  // namespace examples

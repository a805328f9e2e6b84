// The samples and starts of the figures on two balls: the same ones for the same trial.
#pragma once

#include <Eigen/Core>
#include <cstdint>

#include <kmscape/core/random.hpp>
#include <kmscape/model/stochastic_ball.hpp>

namespace examples {

/// n points of two unit balls in the plane, delta apart.
inline kmscape::Sample<double> two_balls(double delta, Eigen::Index n, std::int64_t trial) {
  Eigen::MatrixXd centers = Eigen::MatrixXd::Zero(2, 2);
  centers(0, 1) = delta;
  return kmscape::StochasticBallModel<double>(centers, 1.0)
      .sample_balanced(n, kmscape::Seed(static_cast<std::uint64_t>(trial)));
}

/// Two different columns of `points`, drawn at random.
inline Eigen::MatrixXd random_pair(const Eigen::MatrixXd& points, std::int64_t trial) {
  kmscape::RandomStream stream(kmscape::Seed(static_cast<std::uint64_t>(trial)), 1);
  const Eigen::Index first = stream.index(points.cols());
  const Eigen::Index second = (first + 1 + stream.index(points.cols() - 1)) % points.cols();
  Eigen::MatrixXd start(points.rows(), 2);
  start << points.col(first), points.col(second);
  return start;
}

}  // namespace examples

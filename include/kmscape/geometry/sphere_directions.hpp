// Quasi-random directions: replicates of a scrambled Sobol sequence, carried to the sphere by normal coordinates.
#pragma once

#include <Eigen/Core>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/quasi_random.hpp>
#include <kmscape/core/random.hpp>

namespace kmscape::internal {

/// How integrals by rays are done.
struct RayRule {
  Index samples = 0;   // directions a replicate
  int replicates = 0;  // independent scrambles
  Seed seed;
};

/// `rule.replicates` matrices p x samples of unit vectors, each column uniform on the sphere. The points of a sequence
/// fill the cube evenly, and normal vectors made of them the sphere. O(replicates samples p).
template <class WhenUsed = void>
[[nodiscard]] std::vector<Eigen::MatrixXd> sphere_directions(Index p, const RayRule& rule) {
  std::vector<Eigen::MatrixXd> result;
  Eigen::VectorXd direction(p);
  for (int r = 0; r < rule.replicates; ++r) {
    const QuasiRandom points(p, rule.seed, r);
    Eigen::MatrixXd directions(p, rule.samples);
    for (Index i = 0; i < rule.samples; ++i) {
      points.normal(i, direction);
      directions.col(i) = direction.normalized();  // no coordinate is 1/2: the norm is positive
    }
    result.push_back(std::move(directions));
  }
  return result;
}

}  // namespace kmscape::internal

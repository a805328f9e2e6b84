// Fixed inputs for the benchmarks: the same bits in every run.
#pragma once

#include <Eigen/Core>
#include <cmath>

#include <kmscape/kmscape.hpp>

namespace bench {

/// n points, uniform in the unit cube: no structure that bounds or lucky starts could use.
template <class Scalar>
kmscape::Points<Scalar> uniform_points(kmscape::Index d, kmscape::Index n) {
  kmscape::RandomStream stream(kmscape::Seed{20260101});
  kmscape::Points<Scalar> points(d, n);
  for (kmscape::Index i = 0; i < points.size(); ++i) points.data()[i] = static_cast<Scalar>(stream.uniform());
  return points;
}

/// n points of k Gaussian clusters of deviation 1 whose centers lie at random, at least 8 apart.
template <class Scalar>
kmscape::Points<Scalar> clustered_points(kmscape::Index d, kmscape::Index n, kmscape::Index k) {
  const double side = 16 * std::pow(static_cast<double>(k), 1.0 / static_cast<double>(d));
  const auto centers = kmscape::centers_at_random(k, d, 8.0, side, kmscape::Seed{7});
  return kmscape::GaussianMixtureModel(centers, 1.0).sample(n, kmscape::Seed{8}).points.template cast<Scalar>();
}

}  // namespace bench

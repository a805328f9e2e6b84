// Starts for population surveys that also lead to minima with empty cells, which points of the model never do.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>

namespace examples {

/// m centers each. Half of the starts are points of the model, so that clusters get several centers; the others are
/// uniform in a cube half as wide again as the true centers reach, so that cells stay empty.
template <class Model>
std::vector<kmscape::FittedCenters<double>> random_starts(const Model& model, kmscape::Index m, std::int64_t count,
                                                          std::uint64_t seed) {
  const Eigen::VectorXd low = model.centers().rowwise().minCoeff(), high = model.centers().rowwise().maxCoeff();
  const Eigen::VectorXd middle = (low + high) / 2;
  const double side = 1.5 * (high - low).maxCoeff();
  std::vector<kmscape::FittedCenters<double>> starts;
  for (std::int64_t r = 0; r < count; ++r) {
    kmscape::RandomStream stream(kmscape::Seed{seed}, static_cast<std::uint64_t>(r));
    kmscape::FittedCenters<double> start = model.sample(m, stream).points;
    if (r % 2 == 1) {
      for (double& coordinate : start.reshaped()) coordinate = stream.uniform();
      start = (side * (start.array() - 0.5)).matrix().colwise() + middle;
    }
    starts.push_back(std::move(start));
  }
  return starts;
}

}  // namespace examples

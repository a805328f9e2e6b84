// Planted clusterings to try solvers on: Gaussian clusters drawn from a seed, in the manner of the benchmark sets that
// the literature knows as S, A, Unbalance and Dim (Fraenti, Sieranoja 2018), whose data is not used.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/gaussian_mixture.hpp>

namespace examples {

struct PlantedSet {
  std::string name;
  Eigen::MatrixXd true_centers;  // d x k
  Eigen::MatrixXd points;        // d x n
  kmscape::Labels labels;        // n, of the cluster that each point was drawn from
};

/// sizes(s) points of deviation sigmas(s) around column s of `centers`.
inline PlantedSet planted_set(std::string name, const Eigen::MatrixXd& centers, const std::vector<Eigen::Index>& sizes,
                              const std::vector<double>& sigmas, std::uint64_t seed) {
  PlantedSet set{std::move(name), centers, {}, {}};
  Eigen::Index n = 0;
  for (const auto size : sizes) n += size;
  set.points.resize(centers.rows(), n);
  set.labels.resize(n);
  Eigen::Index filled = 0;
  for (std::size_t s = 0; s < sizes.size(); ++s) {
    const auto column = static_cast<Eigen::Index>(s);
    const auto cluster = kmscape::GaussianMixtureModel<double>(centers.col(column), sigmas[s])
                             .sample(sizes[s], kmscape::RandomStream(seed).split(s));
    set.points.middleCols(filled, sizes[s]) = cluster.points;
    set.labels.segment(filled, sizes[s]).setConstant(static_cast<kmscape::Label>(s));
    filled += sizes[s];
  }
  return set;
}

/// k clusters of equal size and deviation 1, centers at random at least `separation` apart.
inline PlantedSet even_set(std::string name, Eigen::Index d, Eigen::Index k, Eigen::Index size, double separation,
                           double box, std::uint64_t seed) {
  const auto count = static_cast<std::size_t>(k);
  return planted_set(std::move(name), kmscape::centers_at_random(k, d, separation, box, kmscape::Seed{seed}),
                     std::vector<Eigen::Index>(count, size), std::vector<double>(count, 1.0), seed);
}

/// Share of the points that lie nearer to a point of another cluster than to the mean of their own. O(n^2 d).
inline double overlap(const PlantedSet& set) {
  const Eigen::Index n = set.points.cols(), k = set.true_centers.cols();
  Eigen::MatrixXd means = Eigen::MatrixXd::Zero(set.points.rows(), k);
  Eigen::ArrayXd counts = Eigen::ArrayXd::Zero(k);
  for (Eigen::Index i = 0; i < n; ++i) {
    means.col(set.labels(i)) += set.points.col(i);
    counts(set.labels(i)) += 1;
  }
  for (Eigen::Index s = 0; s < k; ++s) means.col(s) /= counts(s);
  Eigen::Index overlapping = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    const double own = (set.points.col(i) - means.col(set.labels(i))).squaredNorm();
    for (Eigen::Index j = 0; j < n; ++j)
      if (set.labels(j) != set.labels(i) && (set.points.col(i) - set.points.col(j)).squaredNorm() < own) {
        ++overlapping;
        break;
      }
  }
  return static_cast<double>(overlapping) / static_cast<double>(n);
}

/// Twelve sets: fifteen clusters with overlaps from 9% to 44%, twenty to fifty of overlap 20%, eight of 100 to 2000
/// points, and sixteen in 32 to 256 dimensions. Another layout has other centers and points, of about the same overlap.
inline std::vector<PlantedSet> planted_benchmark(std::uint64_t layout) {
  std::vector<PlantedSet> sets;
  const double boxes[] = {31.5, 26.3, 21.6, 21.1};
  for (int s = 0; s < 4; ++s)
    sets.push_back(even_set("S" + std::to_string(s + 1), 2, 15, 333, boxes[s] / 6, boxes[s], layout + 1));
  const Eigen::Index counts[] = {20, 35, 50};
  const double spacings[] = {5.85, 6.16, 6.02};
  for (int a = 0; a < 3; ++a)
    sets.push_back(even_set("A" + std::to_string(a + 1), 2, counts[a], 150, 0.7 * spacings[a],
                            spacings[a] * std::sqrt(static_cast<double>(counts[a])), layout));
  Eigen::MatrixXd centers(2, 8);
  centers << 0, 9, 4.5, 100, 130, 100, 130, 115,  //
      0, 0, 8, -25, -25, 5, 5, -50;
  sets.push_back(
      planted_set("unbalance", centers, {2000, 2000, 2000, 100, 100, 100, 100, 100}, {1, 1, 1, 3, 3, 3, 3, 3}, layout));
  for (const Eigen::Index d : {32, 64, 128, 256})
    sets.push_back(even_set("dim" + std::to_string(d), d, 16, 64, 0, 10, layout));
  return sets;
}

}  // namespace examples

// Instances of transitions as BHZ's appendix C describes them: items uniform in the unit square, random sites, and as
// many items that differ as asked for.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/transition/constrained_lsa.hpp>

namespace examples {

struct TransitionInstance {
  Eigen::MatrixXd points, start_sites, target_sites;
  kmscape::Labels start, target;
  double difference = 0;  // share of the items that change their cluster
};

/// n items uniform in the unit square.
inline Eigen::MatrixXd uniform_items(kmscape::Index n, kmscape::RandomStream& stream) {
  Eigen::MatrixXd points(2, n);
  for (kmscape::Index j = 0; j < n; ++j)
    for (kmscape::Index r = 0; r < 2; ++r) points(r, j) = stream.uniform();
  return points;
}

/// k sites spread evenly: each the farthest of ten random ones from those before.
inline Eigen::MatrixXd spread_sites(kmscape::Index k, kmscape::RandomStream& stream) {
  Eigen::MatrixXd sites(2, k);
  for (kmscape::Index i = 0; i < k; ++i) {
    double farthest = -1;
    for (int trial = 0; trial < 10; ++trial) {
      const Eigen::Vector2d candidate(stream.uniform(), stream.uniform());
      const double distance = i == 0 ? 0 : (sites.leftCols(i).colwise() - candidate).colwise().squaredNorm().minCoeff();
      if (distance <= farthest) continue;
      farthest = distance;
      sites.col(i) = candidate;
    }
  }
  return sites;
}

/// Both clusterings have the same sizes, n / k, and are therefore radial; the
/// target's sites are moved until about a share `difference` of the items changes its cluster.
inline TransitionInstance transition_instance(kmscape::Index n, kmscape::Index k, double difference,
                                              std::uint64_t seed) {
  kmscape::RandomStream stream(kmscape::Seed{seed}, 1);
  TransitionInstance instance;
  instance.points = uniform_items(n, stream);
  instance.start_sites = spread_sites(k, stream);
  const Eigen::MatrixXd other = spread_sites(k, stream);
  kmscape::Counts sizes = kmscape::Counts::Constant(k, n / k);
  sizes.head(n % k) += 1;
  instance.start = kmscape::constrained_lsa(instance.points, instance.start_sites, sizes);
  // Between a way that is too short and one that is too long the share is taken to grow linearly; it does so at first.
  double way = 0.05, below = 0, share_below = 0, above = 0, share_above = 0;
  for (int trial = 0; trial < 12; ++trial) {
    instance.target_sites = instance.start_sites + way * (other - instance.start_sites);
    instance.target = kmscape::constrained_lsa(instance.points, instance.target_sites, sizes);
    const double share = static_cast<double>((instance.start != instance.target).count()) / static_cast<double>(n);
    instance.difference = share;
    if (std::abs(share - difference) < 0.02 * difference || (share < difference && way == 1)) break;
    (share < difference ? below : above) = way;
    (share < difference ? share_below : share_above) = share;
    if (above == 0)
      way = std::min(1.0, way * (share > 0 ? std::min(4.0, difference / share) : 4.0));
    else
      way = below + (above - below) * std::clamp((difference - share_below) / (share_above - share_below), 0.1, 0.9);
  }
  return instance;
}

}  // namespace examples

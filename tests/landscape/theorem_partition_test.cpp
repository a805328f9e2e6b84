#include <kmscape/landscape/theorem_partition.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::AssociationKind;
using kmscape::CandidateGeometry;
using kmscape::Index;
using kmscape::theorem_partition;

namespace {

using IndexSets = std::vector<std::vector<Index>>;

/// A geometry of which only what the steps read is set: T_i, A_i, and the depth of every cluster's deepest cut.
CandidateGeometry bare_geometry(const IndexSets& met, const IndexSets& held, const std::vector<double>& cuts) {
  CandidateGeometry geometry;
  const auto m = static_cast<Index>(met.size()), k = static_cast<Index>(cuts.size());
  geometry.fitted.setZero(1, m);
  geometry.true_centers.setZero(1, k);
  geometry.meets.setConstant(m, k, false);
  geometry.holds.setConstant(m, k, false);
  for (Index i = 0; i < m; ++i) {
    for (const Index s : met[static_cast<std::size_t>(i)]) geometry.meets(i, s) = true;
    for (const Index s : held[static_cast<std::size_t>(i)]) geometry.holds(i, s) = true;
  }
  kmscape::CandidateFace face;
  face.density = Eigen::Map<const Eigen::ArrayXd>(cuts.data(), k);
  geometry.faces.push_back(face);
  return geometry;
}

IndexSets centers_of(const kmscape::TheoremPartition& partition) {
  IndexSets result;
  for (const auto& group : partition.groups) result.push_back(group.centers);
  return result;
}

IndexSets clusters_of(const kmscape::TheoremPartition& partition) {
  IndexSets result;
  for (const auto& group : partition.groups) result.push_back(group.clusters);
  return result;
}

}  // namespace

TEST_CASE("steps 1 to 3 of Theorem 1's proof, every case by hand") {
  // Cluster 0 is cut deeply and shared by centers 0 and 1; center 2 has cluster 1; center 3 holds 2 and 3; center 4
  // holds nothing and meets only the edge of cluster 2.
  const auto partition =
      theorem_partition(bare_geometry({{0}, {0}, {1}, {2, 3}, {2}}, {{}, {0}, {1}, {2, 3}, {}}, {2, 0.5, 0.5, 0}), 1);
  CHECK(partition.is_partition);
  CHECK(partition.gaps.empty());
  CHECK(centers_of(partition) == IndexSets{{0, 1}, {2}, {3}});
  CHECK(clusters_of(partition) == IndexSets{{0}, {1}, {2, 3}});
  CHECK(partition.groups[0].kind == AssociationKind::many_fit_one);
  CHECK(partition.groups[1].kind == AssociationKind::one_fit_one);
  CHECK(partition.groups[2].kind == AssociationKind::one_fit_many);
  CHECK(partition.almost_empty == std::vector<Index>{4});
  CHECK(partition.counting_defect(5, 4) == 0);
}

TEST_CASE("step 3 leaves a deeply cut cluster to the set that has it, and takes it when none has") {
  // Center 1 holds 1 and 2 and meets cluster 0, which center 0 has from step 2.
  const auto taken = theorem_partition(bare_geometry({{0}, {0, 1, 2}}, {{0}, {1, 2}}, {2, 0, 0}), 1);
  CHECK(taken.is_partition);
  CHECK(clusters_of(taken) == IndexSets{{0}, {1, 2}});
  // The same when cluster 0 is held by center 1 itself: A_1 without 0.
  const auto own = theorem_partition(bare_geometry({{0}, {0, 1, 2}}, {{}, {0, 1, 2}}, {2, 0, 0}), 1);
  CHECK(own.is_partition);
  CHECK(clusters_of(own) == IndexSets{{0}, {1, 2}});
  // Nobody has cluster 0 yet: center 0 takes it, and center 1, later, leaves it.
  const auto first = theorem_partition(bare_geometry({{0, 1, 2}, {0, 3, 4}}, {{1, 2}, {3, 4}}, {2, 0, 0, 0, 0}), 1);
  CHECK(first.is_partition);
  CHECK(clusters_of(first) == IndexSets{{0, 1, 2}, {3, 4}});
  CHECK(first.counting_defect(2, 5) == 0);
}

TEST_CASE("a level above every cut forgets the cuts") {
  const auto geometry = bare_geometry({{0}, {0}}, {{}, {0}}, {2});
  CHECK(centers_of(theorem_partition(geometry, 1.9)) == IndexSets{{0, 1}});
  const auto shallow = theorem_partition(geometry, 2);  // rho <= lambda is shallow
  CHECK(centers_of(shallow) == IndexSets{{1}});
  CHECK(shallow.almost_empty == std::vector<Index>{0});
}

TEST_CASE("what the proof takes for granted is said where it fails") {
  const auto two_cuts = theorem_partition(bare_geometry({{0, 1}, {1}}, {{0}, {1}}, {2, 2}), 1);
  REQUIRE(two_cuts.gaps.size() == 1);
  CHECK(two_cuts.gaps[0] == "Observation 1: cell 0 meets 2 clusters that faces cut deeply; the first, 0, is used");
  CHECK(two_cuts.is_partition);

  const auto on_face = theorem_partition(bare_geometry({{0}, {0, 1}}, {{}, {1}}, {0.5, 0}), 1);
  REQUIRE(on_face.gaps.size() == 2);
  CHECK(on_face.gaps[0] == "Observation 2: no face cuts cluster 0 deeply, yet its center lies on a face");
  CHECK(on_face.gaps[1] == "cluster 0 is in no set S*_a");
  CHECK_FALSE(on_face.is_partition);
  CHECK(on_face.counting_defect(2, 2) == -1);

  const auto lone = theorem_partition(bare_geometry({{0}, {0, 1}}, {{}, {0, 1}}, {2, 0}), 1);
  REQUIRE(lone.gaps.size() == 1);
  CHECK(lone.gaps[0] == "Lemma 4: cell 1 holds only 1 true center beside that of the deeply cut cluster 0");
  CHECK(clusters_of(lone) == IndexSets{{0}, {1}});

  // Cell 1 meets two deep cuts: the first is used, the second is both center 0's and its own.
  const auto both = theorem_partition(bare_geometry({{1}, {0, 1, 2}}, {{1}, {1, 2}}, {2, 2, 0}), 1);
  CHECK_FALSE(both.is_partition);
  CHECK(both.gaps.back() == "cluster 1 is in 2 sets S*_a");
}

TEST_CASE("the counting identity holds for whatever is a partition, at any separation") {
  kmscape::RandomStream stream(kmscape::Seed{3});
  int partitions = 0, broken = 0;
  for (std::uint64_t trial = 0; trial < 300; ++trial) {
    const Index m = 1 + stream.index(5), k = 2 + stream.index(4), d = 1 + stream.index(2);
    const kmscape::StochasticBallModel model(testing::normal_points(d, k, trial), 0.05 + 0.3 * stream.uniform());
    const auto geometry = kmscape::candidate_geometry(model, testing::normal_points(d, m, 1000 + trial));
    const auto partition = theorem_partition(geometry, 1 / geometry.radius * std::exp(2 * stream.normal()));
    CAPTURE(trial);
    std::vector<int> times(static_cast<std::size_t>(m));
    for (const Index i : partition.almost_empty) ++times[static_cast<std::size_t>(i)];
    for (const auto& group : partition.groups) {
      CHECK((group.centers.size() == 1 || group.clusters.size() == 1));
      for (const Index i : group.centers) ++times[static_cast<std::size_t>(i)];
    }
    CHECK(std::count(times.begin(), times.end(), 1) == m);
    if (partition.is_partition) CHECK(partition.counting_defect(m, k) == 0);
    if (!partition.is_partition) CHECK_FALSE(partition.gaps.empty());
    ++(partition.is_partition ? partitions : broken);
  }
  CHECK(partitions > 50);
  CHECK(broken > 20);
}

TEST_CASE("a partition needs a positive level") {
  CHECK(refusal([] { static_cast<void>(theorem_partition(bare_geometry({{0}}, {{0}}, {0}), 0)); }) ==
        "kmscape::theorem_partition: lambda = 0, but a level of face density is positive; pass c/(r sqrt(eta_max)) for "
        "Theorem 1");
}

// The partition of Theorem 1's proof, built literally by steps 1 to 3 of QZC section 6.
//
// A cluster s is cut deeply when rho_s(F_jl) > lambda for some face. Step 1: a center that meets no such cluster and
// has no true center in its cell is almost empty. Step 2: one with at most one true center in its cell joins the deeply
// cut cluster that it meets, or else its own. Step 3: one with several takes them all; a deeply cut cluster that it
// meets is counted in if no set has it yet, and out otherwise. Under the theorem's hypotheses this partitions centers
// and clusters, by Observations 1 and 2 and Lemma 4; where the candidate does not keep what these promise, `gaps` says
// so. Nearest true centers play no part: the many-fit-one bound may exceed Delta_min/2. Nothing here needs m = k.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <concepts>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/landscape/candidate_geometry.hpp>
#include <kmscape/landscape/theorem_report.hpp>

namespace kmscape {

namespace internal {

/// Clusters s in T_i with rho_s(F_jl) > lambda for some pair (j, l).
[[nodiscard]] std::vector<Index> deeply_cut(const std::same_as<CandidateGeometry> auto& geometry, Index i,
                                            double lambda) {
  std::vector<Index> result;
  for (const Index s : geometry.met_clusters(i))
    if (geometry.deepest_cut(s) > lambda) result.push_back(s);
  return result;
}

/// The sets S_a while they are made.
template <class WhenUsed>
class BasicPartitionBuilder {
 public:
  explicit BasicPartitionBuilder(Index clusters) : group_of_(static_cast<std::size_t>(clusters), -1) {}

  [[nodiscard]] bool has(Index s) const { return group_of_[static_cast<std::size_t>(s)] >= 0; }

  /// Step 2: center i joins the set of cluster s.
  void join(Index i, Index s) {
    auto& at = group_of_[static_cast<std::size_t>(s)];
    if (at < 0) open({}, {s});
    groups_[static_cast<std::size_t>(at)].centers.push_back(i);
  }

  /// Step 3: center i alone takes `clusters`.
  void open(std::vector<Index> centers, std::vector<Index> clusters) {
    for (const Index s : clusters)
      if (!has(s)) group_of_[static_cast<std::size_t>(s)] = static_cast<Index>(groups_.size());
    groups_.push_back({AssociationKind::one_fit_one, std::move(centers), std::move(clusters)});
  }

  [[nodiscard]] std::vector<AssociationGroup> finish() && {
    for (auto& group : groups_) group.kind = kind_of(group.centers.size(), group.clusters.size());
    return std::move(groups_);
  }

 private:
  std::vector<AssociationGroup> groups_;
  std::vector<Index> group_of_;  // the set that has cluster s, -1 for none
};
using PartitionBuilder = BasicPartitionBuilder<void>;

/// Says which clusters are in no set or in several. (Every center is in exactly one by the steps themselves.)
template <class WhenUsed = void>
void check_cover(Index clusters, TheoremPartition& partition) {
  std::vector<int> times(static_cast<std::size_t>(clusters));
  for (const auto& group : partition.groups)
    for (const Index s : group.clusters) ++times[static_cast<std::size_t>(s)];
  partition.is_partition = true;
  for (Index s = 0; s < clusters; ++s) {
    const int count = times[static_cast<std::size_t>(s)];
    if (count == 1) continue;
    partition.is_partition = false;
    partition.gaps.push_back(count == 0 ? text("cluster ", s, " is in no set S*_a")
                                        : text("cluster ", s, " is in ", count, " sets S*_a"));
  }
}

}  // namespace internal

/// Steps 1 to 3 at the level `lambda` > 0 (in 1/length). Throws `invalid_input`. O(m k).
[[nodiscard]] TheoremPartition theorem_partition(const std::same_as<CandidateGeometry> auto& geometry, double lambda) {
  internal::require(lambda > 0, "theorem_partition", "lambda", lambda, "a level of face density is positive",
                    "pass c/(r sqrt(eta_max)) for Theorem 1");
  const Index m = geometry.centers(), k = geometry.clusters();
  TheoremPartition result;
  internal::PartitionBuilder builder(k);
  std::vector<std::vector<Index>> cut(static_cast<std::size_t>(m));
  for (Index i = 0; i < m; ++i) cut[static_cast<std::size_t>(i)] = internal::deeply_cut(geometry, i, lambda);

  for (Index i = 0; i < m; ++i) {  // steps 1 and 2
    const auto& deep = cut[static_cast<std::size_t>(i)];
    const auto held = geometry.held_clusters(i);
    if (deep.size() > 1)
      result.gaps.push_back(internal::text("Observation 1: cell ", i, " meets ", deep.size(),
                                           " clusters that faces cut deeply; the first, ", deep.front(), ", is used"));
    if (held.size() > 1) continue;
    if (!deep.empty())
      builder.join(i, deep.front());
    else if (held.empty())
      result.almost_empty.push_back(i);
    else
      builder.join(i, held.front());
  }
  for (Index i = 0; i < m; ++i) {  // step 3
    const auto& deep = cut[static_cast<std::size_t>(i)];
    auto held = geometry.held_clusters(i);
    if (held.size() <= 1) continue;
    if (!deep.empty()) {
      const Index s = deep.front();
      held.erase(std::remove(held.begin(), held.end(), s), held.end());
      if (held.size() < 2)
        result.gaps.push_back(internal::text("Lemma 4: cell ", i, " holds only ", held.size(),
                                             " true center beside that of the deeply cut cluster ", s));
      if (!builder.has(s)) held.insert(std::lower_bound(held.begin(), held.end(), s), s);
    }
    builder.open({i}, std::move(held));
  }
  for (Index s = 0; s < k; ++s)
    if (geometry.deepest_cut(s) <= lambda && !geometry.holds.col(s).any())
      result.gaps.push_back(
          internal::text("Observation 2: no face cuts cluster ", s, " deeply, yet its center lies on a face"));
  result.groups = std::move(builder).finish();
  internal::check_cover(k, result);
  return result;
}

}  // namespace kmscape

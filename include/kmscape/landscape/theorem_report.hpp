// What a theorem says about a candidate: its hypotheses and its conclusions as rows, each with both sides' numbers.
//
// Sources: QZC Theorems 1 to 4. That beta is a local minimum is a hypothesis of them all; here it appears as the
// conditions that are necessary for it (Lemma 2, equations 18 and 19). So a candidate that meets every hypothesis but
// not every conclusion is no local minimum, and the rows say which conclusion it breaks.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/landscape/association.hpp>

namespace kmscape {

enum class HypothesisRole {
  model,    // what the theorem demands of the planted model
  minimum,  // what every local minimum of G fulfils: a candidate that fails it is none
};

struct Hypothesis {
  std::string name;  // as QZC writes it, e.g. "eta_max > 4 c^2 k^4"
  double left = 0, right = 0;
  bool met = false;
  HypothesisRole role = HypothesisRole::model;
};

enum class ConclusionKind {
  one_fit_one,       // Theorems 1 and 2: |beta_i - beta*_s|
  many_fit_one,      // the same, for one of several centers on cluster s
  one_fit_many,      // |beta_i - mean of S*_a|
  almost_empty,      // all four: P(V_i)
  near_cut_cluster,  // Theorems 3 and 4 part 1: |beta_i - beta*_s| for s in T_i that a face cuts deeply
  holds_cluster,     // part 2: 1 - P_s(V_i) for s in A_i
  grazes_cluster,    // part 2: P_s(V_i) for s in T_i, not in A_i
  near_mean,         // part 2 (b): |beta_i - b_i|, b_i the mean of A_i
};

[[nodiscard]] constexpr std::string_view to_string(ConclusionKind kind) {
  switch (kind) {
    case ConclusionKind::one_fit_one:
      return "one_fit_one";
    case ConclusionKind::many_fit_one:
      return "many_fit_one";
    case ConclusionKind::one_fit_many:
      return "one_fit_many";
    case ConclusionKind::almost_empty:
      return "almost_empty";
    case ConclusionKind::near_cut_cluster:
      return "near_cut_cluster";
    case ConclusionKind::holds_cluster:
      return "holds_cluster";
    case ConclusionKind::grazes_cluster:
      return "grazes_cluster";
    case ConclusionKind::near_mean:
      return "near_mean";
  }
  return "unknown";
}

struct Conclusion {
  ConclusionKind kind = ConclusionKind::one_fit_one;
  std::vector<Index> centers;   // the one center that the row is about
  std::vector<Index> clusters;  // the clusters it is compared with; none for an almost empty cell
  double observed = 0;          // a distance in data units, or a probability
  double bound = 0;             // what the theorem promises
  double standard_error = 0;    // of `observed`; 0 where it is exact
  bool holds = false;           // observed <= bound; equality up to rounding holds
  bool is_informative = false;  // the bound says something: a distance below Delta_max, a probability below 1
};

enum class TheoremVerdict {
  confirmed,      // every hypothesis is met and every conclusion holds
  not_a_minimum,  // refuted: a necessary condition fails, or all hypotheses are met and a conclusion fails
  silent,         // the model does not meet the hypotheses: the theorem says nothing
};

[[nodiscard]] constexpr std::string_view to_string(TheoremVerdict verdict) {
  switch (verdict) {
    case TheoremVerdict::confirmed:
      return "confirmed";
    case TheoremVerdict::not_a_minimum:
      return "not_a_minimum";
    case TheoremVerdict::silent:
      return "silent";
  }
  return "unknown";
}

/// The sets S_a, S*_a and S_0 of QZC section 6, steps 1 to 3.
struct TheoremPartition {
  std::vector<AssociationGroup> groups;  // in the order of their making: step 2 by cluster, then step 3 by center
  std::vector<Index> almost_empty;       // S_0
  std::vector<std::string> gaps;         // what the proof takes for granted and this candidate does not keep
  bool is_partition = false;             // every center and every cluster is in exactly one set

  /// m - k minus the sum of |S_a| - |S*_a| over the groups and |S_0|: 0 for a partition.
  [[nodiscard]] Index counting_defect(Index m, Index k) const {
    Index sum = static_cast<Index>(almost_empty.size());
    for (const auto& group : groups)
      sum += static_cast<Index>(group.centers.size()) - static_cast<Index>(group.clusters.size());
    return m - k - sum;
  }
};

struct TheoremReport {
  std::string_view theorem;  // "Theorem 1", ...
  double lambda = 0;         // the level that tells deep cuts from shallow ones, in 1/length
  std::vector<Hypothesis> hypotheses;
  std::vector<Conclusion> conclusions;
  TheoremPartition partition;  // Theorems 1 and 2; empty for the families, which bound every center by itself

  template <class WhenUsed = void>
  [[nodiscard]] bool model_applies() const {
    return all_met(HypothesisRole::model);
  }
  /// False: certainly no local minimum. True does not prove one; the Hessian does.
  template <class WhenUsed = void>
  [[nodiscard]] bool may_be_minimum() const {
    return all_met(HypothesisRole::minimum);
  }
  /// Every bound holds and, where the theorem promises a partition, there is one.
  template <class WhenUsed = void>
  [[nodiscard]] bool concludes() const {
    return std::all_of(conclusions.begin(), conclusions.end(), [](const auto& row) { return row.holds; }) &&
           partition.gaps.empty();
  }
  template <class WhenUsed = void>
  [[nodiscard]] TheoremVerdict verdict() const {
    if (!may_be_minimum()) return TheoremVerdict::not_a_minimum;
    if (!model_applies()) return TheoremVerdict::silent;
    return concludes() ? TheoremVerdict::confirmed : TheoremVerdict::not_a_minimum;
  }

 private:
  template <class WhenUsed = void>
  [[nodiscard]] bool all_met(HypothesisRole role) const {
    return std::all_of(hypotheses.begin(), hypotheses.end(),
                       [role](const auto& row) { return row.role != role || row.met; });
  }
};

}  // namespace kmscape

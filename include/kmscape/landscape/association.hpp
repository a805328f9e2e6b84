// Which fitted centers stand for which true clusters: many-fit-one, one-fit-many, almost-empty.
//
// A local minimum of a well-separated mixture is made of these associations only (QZC Theorems 1 and 2). This is the
// classification by mass: center i and cluster s are joined when cell V_i holds a large share of cluster s or cluster s
// makes up a large share of V_i; the connected components of that graph are the groups S_a, S*_a. They obey the
// counting identity m - k = sum over many-fit-one (|S_a| - 1) + |S_0| - sum over one-fit-many (|S*_a| - 1) when no
// group is many-fit-many; in general each group contributes |S_a| - |S*_a|.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/landscape/cell_masses.hpp>
#include <kmscape/model/mixture_model.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

enum class AssociationKind {
  one_fit_one,    // one center on one cluster
  many_fit_one,   // several centers share one cluster
  one_fit_many,   // one center covers several clusters
  many_fit_many,  // several centers over several clusters: no local minimum under QZC Theorems 1 and 2
};

[[nodiscard]] constexpr std::string_view to_string(AssociationKind kind) {
  switch (kind) {
    case AssociationKind::one_fit_one:
      return "one_fit_one";
    case AssociationKind::many_fit_one:
      return "many_fit_one";
    case AssociationKind::one_fit_many:
      return "one_fit_many";
    case AssociationKind::many_fit_many:
      return "many_fit_many";
  }
  return "unknown";
}

/// A set of centers S_a and the set of clusters S*_a that they fit.
struct AssociationGroup {
  AssociationKind kind = AssociationKind::one_fit_one;
  std::vector<Index> centers;   // ascending
  std::vector<Index> clusters;  // ascending
};

struct AssociationOptions {
  double edge_share = 0.3;      // share of a cluster in a cell, or of a cell in a cluster, that joins them; in (0, 1]
  double empty_mass = 0.01;     // a cell of at most this many mean cell masses 1/m is almost empty, unless it is the
                                // largest cell of some cluster; in [0, 1)
  CellMassOptions masses = {};  // how a model's cells are measured
};

struct Association {
  std::vector<AssociationGroup> groups;  // ordered by their lowest cluster
  std::vector<Index> almost_empty;       // S_0: centers whose cells hold next to nothing
  Eigen::ArrayXXd mass;                  // m x k: probability of cell i and cluster s together; sums to 1
  double standard_error = 0;             // of the entries of `mass`: 0 when they are exact

  template <class WhenUsed = void>
  [[nodiscard]] Index count(AssociationKind kind) const {
    return std::count_if(groups.begin(), groups.end(), [kind](const auto& group) { return group.kind == kind; });
  }
  /// True when every cluster has a center of its own and no center is left over.
  template <class WhenUsed = void>
  [[nodiscard]] bool is_truth() const {
    return almost_empty.empty() && count(AssociationKind::one_fit_one) == static_cast<Index>(groups.size());
  }
  /// The structure that QZC's theorems prove for local minima: no many-fit-many group.
  template <class WhenUsed = void>
  [[nodiscard]] bool is_structured() const {
    return count(AssociationKind::many_fit_many) == 0;
  }
};

/// Groups from the joint masses of m cells (rows) and k clusters (columns), any common scale.
/// Every cluster keeps its largest cell and every cell that is not almost empty its largest cluster, so that nothing is
/// left without a group. Throws `invalid_input` for negative or non-finite masses and for a cluster without mass. O(m
/// k).
template <class WhenUsed = void>
[[nodiscard]] Association associate(const Eigen::Ref<const Eigen::ArrayXXd>& masses,
                                    const AssociationOptions& options = {});

/// Groups of fitted centers (d x m) and the components of a model, by the masses of the centers' Voronoi cells.
template <class Derived, MixtureModel Model>
[[nodiscard]] Association associate(const Eigen::MatrixBase<Derived>& centers, const Model& model,
                                    const AssociationOptions& options = {});

/// Groups of fitted centers (d x m) and the classes of labelled data. `truth`: n labels 0, ..., k - 1, all in use.
template <DataObjective O, class Derived>
[[nodiscard]] Association associate(const O& objective, const Eigen::MatrixBase<Derived>& centers, const Labels& truth,
                                    const AssociationOptions& options = {});

/// The association as a person would say it: `2 centers on cluster 0; 1 center over clusters {1, 3}; center 4 almost
/// empty`. Clusters are called by `names` where given.
template <class WhenUsed = void>
[[nodiscard]] std::string describe(const Association& association, std::span<const std::string> names = {});

namespace internal {

/// Connected components by repeated relabelling to the smaller representative.
template <class WhenUsed>
class BasicComponents {
 public:
  explicit BasicComponents(Index size) : parent_(static_cast<std::size_t>(size)) {
    std::iota(parent_.begin(), parent_.end(), Index{0});
  }
  Index find(Index i) {
    auto& parent = parent_[static_cast<std::size_t>(i)];
    if (parent != i) parent = find(parent);
    return parent;
  }
  void join(Index i, Index j) {
    i = find(i);
    j = find(j);
    parent_[static_cast<std::size_t>(std::max(i, j))] = std::min(i, j);
  }

 private:
  std::vector<Index> parent_;
};
using Components = BasicComponents<void>;

[[nodiscard]] inline AssociationKind kind_of(std::size_t centers, std::size_t clusters) {
  if (clusters == 1) return centers == 1 ? AssociationKind::one_fit_one : AssociationKind::many_fit_one;
  return centers == 1 ? AssociationKind::one_fit_many : AssociationKind::many_fit_many;
}

}  // namespace internal

template <class WhenUsed>
Association associate(const Eigen::Ref<const Eigen::ArrayXXd>& masses, const AssociationOptions& options) {
  using internal::require;
  require(options.edge_share > 0 && options.edge_share <= 1, "associate", "options.edge_share", options.edge_share,
          "a share that joins a cell and a cluster lies in (0, 1]", "pass e.g. 0.3");
  require(options.empty_mass >= 0 && options.empty_mass < 1, "associate", "options.empty_mass", options.empty_mass,
          "an almost-empty cell holds less than the mean cell: the bound lies in [0, 1)", "pass e.g. 0.01");
  const Index m = masses.rows(), k = masses.cols();
  const auto at = [](Index i) { return static_cast<std::size_t>(i); };
  require(m > 0 && k > 0, "associate", "masses", internal::text("a ", m, " x ", k, " array"),
          "at least one cell and one cluster are needed", "pass one row per cell and one column per cluster");
  double total = 0;
  for (Index s = 0; s < k; ++s) {
    double of_column = 0;
    for (Index i = 0; i < m; ++i) {
      require(masses(i, s) >= 0 && std::isfinite(masses(i, s)), "associate", internal::text("masses(", i, ", ", s, ")"),
              masses(i, s), "a mass is finite and not negative", "pass probabilities or counts");
      of_column += masses(i, s);
    }
    total += of_column;
    require(of_column > 0, "associate", internal::text("masses.col(", s, ")"), 0,
            internal::text("cluster ", s, " holds nothing"),
            "number the clusters that occur 0, 1, 2, ... without gaps");
  }

  Association result;
  result.mass.resize(m, k);
  std::vector<double> of_cell(at(m)), of_cluster(at(k));
  std::vector<Index> largest_cell(at(k)), largest_cluster(at(m));
  for (Index s = 0; s < k; ++s)
    for (Index i = 0; i < m; ++i) {
      const double mass = result.mass(i, s) = masses(i, s) / total;
      of_cell[at(i)] += mass;
      of_cluster[at(s)] += mass;
      if (mass > result.mass(largest_cell[at(s)], s)) largest_cell[at(s)] = i;
      if (mass > result.mass(i, largest_cluster[at(i)])) largest_cluster[at(i)] = s;
    }
  std::vector<bool> empty(at(m));
  for (Index i = 0; i < m; ++i) {
    empty[at(i)] = of_cell[at(i)] <= options.empty_mass / static_cast<double>(m) &&
                   std::find(largest_cell.begin(), largest_cell.end(), i) == largest_cell.end();
    if (empty[at(i)]) result.almost_empty.push_back(i);
  }

  internal::Components components(k + m);  // clusters first, so that a group's representative is its lowest cluster
  for (Index i = 0; i < m; ++i) {
    if (empty[at(i)]) continue;
    components.join(largest_cluster[at(i)], k + i);
    for (Index s = 0; s < k; ++s)
      if (result.mass(i, s) >= options.edge_share * std::min(of_cell[at(i)], of_cluster[at(s)]))
        components.join(s, k + i);
  }
  for (Index s = 0; s < k; ++s) components.join(s, k + largest_cell[at(s)]);

  for (Index s = 0; s < k; ++s) {
    if (components.find(s) != s) continue;
    AssociationGroup group;
    for (Index t = 0; t < k; ++t)
      if (components.find(t) == s) group.clusters.push_back(t);
    for (Index i = 0; i < m; ++i)
      if (!empty[at(i)] && components.find(k + i) == s) group.centers.push_back(i);
    group.kind = internal::kind_of(group.centers.size(), group.clusters.size());
    result.groups.push_back(std::move(group));
  }
  return result;
}

template <class Derived, MixtureModel Model>
Association associate(const Eigen::MatrixBase<Derived>& centers, const Model& model,
                      const AssociationOptions& options) {
  const auto measured = cell_masses(centers, model, options.masses);
  Association result = associate(measured.mass, options);
  result.standard_error = measured.standard_error;
  return result;
}

template <DataObjective O, class Derived>
Association associate(const O& objective, const Eigen::MatrixBase<Derived>& centers, const Labels& truth,
                      const AssociationOptions& options) {
  internal::check_labels(truth, objective.size(), "associate", "truth");
  const auto cells = objective.assign(centers).labels;
  Eigen::ArrayXXd masses = Eigen::ArrayXXd::Zero(centers.cols(), truth.maxCoeff() + 1);
  for (Index i = 0; i < objective.size(); ++i) masses(cells(i), truth(i)) += static_cast<double>(objective.weight(i));
  return associate(masses, options);
}

template <class WhenUsed>
std::string describe(const Association& association, std::span<const std::string> names) {
  const auto cluster = [&](Index s) {
    const auto at = static_cast<std::size_t>(s);
    return at < names.size() ? names[at] : std::to_string(s);
  };
  const auto list = [](const std::vector<Index>& items, const auto& name) {
    std::string out;
    for (const Index item : items) out += (out.empty() ? "" : ", ") + name(item);
    return out;
  };
  const auto count = [](std::size_t number) { return std::to_string(number) + (number == 1 ? " center" : " centers"); };

  std::string out;
  const auto say = [&out](const std::string& clause) { out += (out.empty() ? "" : "; ") + clause; };
  Index alone = 0;
  for (const auto& group : association.groups) {
    const std::string over = "clusters {" + list(group.clusters, cluster) + "}";
    switch (group.kind) {
      case AssociationKind::one_fit_one:
        ++alone;
        break;
      case AssociationKind::many_fit_one:
        say(count(group.centers.size()) + " on cluster " + cluster(group.clusters.front()));
        break;
      case AssociationKind::one_fit_many:
        say("1 center over " + over);
        break;
      case AssociationKind::many_fit_many:
        say(count(group.centers.size()) + " over " + over +
            " (many-fit-many: not a minimum of a well-separated model)");
        break;
    }
  }
  if (!association.almost_empty.empty())
    say((association.almost_empty.size() == 1 ? "center " : "centers ") +
        list(association.almost_empty, [](Index i) { return std::to_string(i); }) + " almost empty");
  if (alone > 0) {
    if (out.empty())
      say("every cluster has its own center");
    else if (alone == 1)
      for (const auto& group : association.groups) {
        if (group.kind == AssociationKind::one_fit_one) say("1 center on cluster " + cluster(group.clusters.front()));
      }
    else
      say(std::to_string(alone) + " other clusters have their own center");
  }
  return out;
}

}  // namespace kmscape

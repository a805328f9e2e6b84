// Power diagrams with given sites that separate a clustering: with the largest margin, or shared by two clusterings.
//
// With w_il = min over x in C_i of x . (s_i - s_l) a diagram separates if gamma_i - gamma_l <= w_il, and keeps all
// items at distance e from the boundaries if gamma_i - gamma_l <= w_il - e |s_i - s_l| (BHZ, LP 6). Such a system of
// differences has a solution if and only if no cycle is negative, and then shortest path lengths solve it: the largest
// e is the least ratio of the sum of w to the sum of |s_i - s_l| over all cycles. A shared diagram (BHZ, system 7)
// solves the system of both clusterings with e = 0.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/geometry/power_diagram.hpp>
#include <kmscape/transition/predecessors.hpp>

namespace kmscape {

struct SeparatingDiagram {
  PowerDiagram diagram;  // gamma of cluster 0 is 0
  /// The least distance of an item from the boundary of its cell: the optimum of LP (6). Infinite where there is no
  /// boundary: at most one non-empty cluster, or sites all equal. Negative where the clustering is no least-squares
  /// assignment for the sites: then no diagram does better.
  double margin = 0;
};

/// The power diagram with sites s (d x k) that keeps the items of all clusters as far from the boundaries of their
/// cells as possible. Throws `invalid_input`. O(n k d) and about O(k^3).
template <class P, class S>
[[nodiscard]] SeparatingDiagram maximum_margin_diagram(const Eigen::MatrixBase<P>& points, const Labels& labels,
                                                       const Eigen::MatrixBase<S>& sites);

/// A power diagram with sites s (d x k) that separates both clusterings, up to rounding: items by which they differ lie
/// on boundaries. None unless both are least-squares assignments of equal value for s and for all sizes in between.
/// Throws `invalid_input`. O(n k d) and about O(k^3).
template <class P, class S>
[[nodiscard]] std::optional<PowerDiagram> shared_diagram(const Eigen::MatrixBase<P>& points, const Labels& first,
                                                         const Labels& second, const Eigen::MatrixBase<S>& sites);

namespace internal {

/// Solves p_l <= p_i + weight_il - e distance_il for the largest e, or for e = 0, in double. Keeps its last solution as
/// the start of the next.
template <class WhenUsed>
class BasicDifferenceSystem {
 public:
  explicit BasicDifferenceSystem(std::size_t k)
      : k_(k), potential_(k, 0.0), via_(k, -1), active_(k, 0), reduced_(k * k), lower_(k + 1) {}

  /// The largest e; infinite where no cycle bounds it. Infinite weights are no constraints.
  double maximize(const double* weights, const double* distances) {
    measure(weights);
    double margin = infinity;
    std::size_t first = 0, second = 0;
    for (std::size_t i = 0; i < k_; ++i)
      for (std::size_t l = 0; l < i; ++l) {
        const double distance = distances[i * k_ + l] + distances[l * k_ + i];
        const double ratio = (weights[i * k_ + l] + weights[l * k_ + i]) / distance;
        if (!(distance > 0) || ratio >= margin) continue;
        margin = ratio;
        first = i;
        second = l;
      }
    if (margin == infinity) {
      tight_.clear();
      solve(weights, distances, 0);
      return margin;
    }
    // Newton's method: each cycle found has a smaller ratio than the last one. The one that decided last time is often
    // the one that decides now.
    if (const double last = ratio(tight_, weights, distances); last < margin)
      margin = last;
    else
      tight_ = {first, second};
    while (!solve(weights, distances, margin)) {
      const double found = ratio(cycle_, weights, distances);
      if (!(found < margin)) break;
      margin = found;
      tight_ = cycle_;
    }
    return margin;
  }

  /// Whether no cycle is negative beyond rounding.
  bool feasible(const double* weights) {
    measure(weights);
    return solve(weights, nullptr, 0);
  }

  /// The cycle that bounds the e of the last `maximize`; empty where none does.
  [[nodiscard]] const std::vector<std::size_t>& tight_cycle() const { return tight_; }
  /// The negative one that the last `feasible` found.
  [[nodiscard]] const std::vector<std::size_t>& negative_cycle() const { return cycle_; }

  [[nodiscard]] double potential(std::size_t node) const { return potential_[node]; }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  /// The sum of weights over that of distances along a cycle; NaN without one.
  [[nodiscard]] double ratio(const std::vector<std::size_t>& cycle, const double* weights,
                             const double* distances) const {
    double weight = 0, distance = 0;
    for (std::size_t c = 0; c < cycle.size(); ++c) {
      const std::size_t arc = cycle[c] * k_ + cycle[c + 1 == cycle.size() ? 0 : c + 1];
      weight += weights[arc];
      distance += distances[arc];
    }
    return weight / distance;
  }

  void measure(const double* weights) {
    double largest = 0;
    for (std::size_t a = 0; a < k_ * k_; ++a)
      if (weights[a] < infinity) largest = std::max(largest, std::abs(weights[a]));
    tolerance_ = 64 * std::numeric_limits<double>::epsilon() * largest;
    for (double& p : potential_)
      if (!(std::abs(p) <= static_cast<double>(k_ + 1) * largest)) p = 0;
  }

  /// False with the cycle where one is negative.
  bool solve(const double* weights, const double* distances, double margin) {
    if (distances == nullptr || margin == 0)
      std::copy_n(weights, k_ * k_, reduced_.begin());
    else
      for (std::size_t a = 0; a < k_ * k_; ++a) reduced_[a] = weights[a] - margin * distances[a];
    std::fill(via_.begin(), via_.end(), -1);
    std::fill(active_.begin(), active_.end(), char{1});
    for (bool any = true; any;) {
      any = false;
      for (std::size_t i = 0; i < k_; ++i) {
        if (active_[i] == 0) continue;
        active_[i] = 0;
        const double own = potential_[i] + tolerance_;
        const double* const row = reduced_.data() + i * k_;
        int better = 0;
        for (std::size_t l = 0; l < k_; ++l) better += own + row[l] < potential_[l];
        if (better == 0) continue;
        any = true;
        // Which they are nobody can foretell: listed without a branch.
        std::size_t count = 0;
        for (std::size_t l = 0; l < k_; ++l) {
          lower_[count] = l;
          count += own + row[l] < potential_[l] ? 1 : 0;
        }
        for (std::size_t c = 0; c < count; ++c) {
          const std::size_t l = lower_[c];
          if (l == i) continue;
          if (closes_cycle(via_, i, l, cycle_)) return false;
          potential_[l] = potential_[i] + row[l];
          via_[l] = static_cast<std::ptrdiff_t>(i);
          active_[l] = 1;
        }
      }
    }
    return true;
  }

  std::size_t k_;
  std::vector<double> potential_;
  Predecessors via_;
  std::vector<char> active_;
  std::vector<double> reduced_;
  std::vector<std::size_t> lower_;
  std::vector<std::size_t> cycle_, tight_;  // found last, and the one whose ratio is the last margin
  double tolerance_ = 0;
};
using DifferenceSystem = BasicDifferenceSystem<void>;

template <class P, class S>
void check_sites(const Eigen::MatrixBase<P>& points, const Eigen::MatrixBase<S>& sites, std::string_view function,
                 std::string_view argument = "sites") {
  refuse_row_major<P>();
  refuse_row_major<S>();
  check_columns(points, function, "points", "point");
  check_columns(sites, function, argument, "site");
  require(sites.rows() == points.rows(), function, text(argument, ".rows()"), sites.rows(),
          text("the points have ", points.rows(), " coordinates"), "pass d x k sites");
  // Objectives are sums over all items, paths over all clusters.
  const double most = largest_coordinate(static_cast<double>(points.size()) * static_cast<double>(sites.cols()));
  check_magnitude(points, most, function, "points");
  check_magnitude(sites, most, function, argument);
}

template <class P, class S>
void check_clustering(const Eigen::MatrixBase<P>& points, const Labels& labels, const Eigen::MatrixBase<S>& sites,
                      std::string_view function, std::string_view labels_argument, std::string_view sites_argument) {
  check_sites(points, sites, function, sites_argument);
  check_labels(labels, points.cols(), function, labels_argument);
  for (Index j = 0; j < labels.size(); ++j)
    if (labels(j) >= sites.cols()) [[unlikely]]
      throw invalid_input(function, text(labels_argument, "(", j, ")"), text(labels(j)),
                          text("there are ", sites.cols(), " sites"), "pass a site for every cluster");
}

/// w_il = min over x in C_i of x . (s_i - s_l) at i * k + l, infinite for empty clusters and i = l, lowered where the
/// matrix holds less already.
template <class P, class S>
void lower_weights(const Eigen::MatrixBase<P>& points, const Labels& labels, const Eigen::MatrixBase<S>& sites,
                   std::vector<double>& weights) {
  const Index k = sites.cols(), d = sites.rows();
  for (Index j = 0; j < points.cols(); ++j) {
    const Index i = labels(j);
    for (Index l = 0; l < k; ++l) {
      if (l == i) continue;
      double product = 0;
      for (Index r = 0; r < d; ++r)
        product +=
            static_cast<double>(points(r, j)) * (static_cast<double>(sites(r, i)) - static_cast<double>(sites(r, l)));
      double& weight = weights[static_cast<std::size_t>(i * k + l)];
      weight = std::min(weight, product);
    }
  }
}

template <class S>
[[nodiscard]] PowerDiagram diagram_of(const Eigen::MatrixBase<S>& sites, const DifferenceSystem& system) {
  PowerDiagram result;
  result.sites.resize(sites.rows(), sites.cols());
  result.gamma.resize(sites.cols());
  for (Index i = 0; i < sites.cols(); ++i) {
    result.gamma(i) = system.potential(0) - system.potential(static_cast<std::size_t>(i));
    for (Index r = 0; r < sites.rows(); ++r) result.sites(r, i) = static_cast<double>(sites(r, i));
  }
  return result;
}

}  // namespace internal

template <class P, class S>
SeparatingDiagram maximum_margin_diagram(const Eigen::MatrixBase<P>& points, const Labels& labels,
                                         const Eigen::MatrixBase<S>& sites) {
  internal::check_clustering(points, labels, sites, "maximum_margin_diagram", "labels", "sites");
  const auto k = static_cast<std::size_t>(sites.cols());
  std::vector<double> weights(k * k, std::numeric_limits<double>::infinity()), distances(k * k, 0);
  internal::lower_weights(points, labels, sites, weights);
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t l = 0; l < k; ++l) {
      double squared = 0;
      for (Index r = 0; r < sites.rows(); ++r) {
        const double gap =
            static_cast<double>(sites(r, static_cast<Index>(i))) - static_cast<double>(sites(r, static_cast<Index>(l)));
        squared += gap * gap;
      }
      distances[i * k + l] = std::sqrt(squared);
    }
  internal::DifferenceSystem system(k);
  SeparatingDiagram result;
  result.margin = system.maximize(weights.data(), distances.data());
  result.diagram = internal::diagram_of(sites, system);
  return result;
}

template <class P, class S>
std::optional<PowerDiagram> shared_diagram(const Eigen::MatrixBase<P>& points, const Labels& first,
                                           const Labels& second, const Eigen::MatrixBase<S>& sites) {
  internal::check_clustering(points, first, sites, "shared_diagram", "first", "sites");
  internal::check_clustering(points, second, sites, "shared_diagram", "second", "sites");
  const auto k = static_cast<std::size_t>(sites.cols());
  std::vector<double> weights(k * k, std::numeric_limits<double>::infinity());
  internal::lower_weights(points, first, sites, weights);
  internal::lower_weights(points, second, sites, weights);
  internal::DifferenceSystem system(k);
  if (!system.feasible(weights.data())) return std::nullopt;
  return internal::diagram_of(sites, system);
}

}  // namespace kmscape

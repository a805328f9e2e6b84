// Lloyd's iteration on a facet: centers keep one point x tied between cells i and j, all other points go to their
// nearest center.
//
// Let A, B be the masses of the two cells without x (weight w), p, q their means, a = A |x - p|, b = B |x - q|. Among
// all centers with |x - beta_i| = |x - beta_j| = r the two quadratics of i, j and x are least at
//     r = (a + b)/(A + B + w),  beta_i = x + r (p - x)/|p - x|,  beta_j = x + r (q - x)/|q - x|,
// which is the stationary point of x divided in shares t and 1 - t, t = (a/r - A)/w = (a (B + w) - b A)/(w (a + b)).
// Neither step raises the objective on the facet, so that partitions do not recur and the iteration ends. With
// 0 < t < 1 the objective there lies below t Q_i + (1 - t) Q_j, a convex quadratic that is least at the end, and equals
// it where x ties: a transition state of index 1. Otherwise the tie cannot hold: x would rather be in one cell.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/nearest_center.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape::internal {

enum class FacetEnd { state, outside, third_center, tied_point, empty_cell, degenerate, no_convergence };

template <std::floating_point Real, int Dim>
struct FacetState {
  Index point = -1;
  Label first = -1, second = -1;
  Real t = 0;
  FittedCenters<Real, Dim> centers;
  Labels labels;  // that of the divided point is `first`
};

/// The points of an objective laid out for many runs, which any number of threads may make at once.
template <std::floating_point Real, int Dim>
class FacetLloyd {
 public:
  using Group = PointGroup<Real>;
  using CentersType = FittedCenters<Real, Dim>;

  /// Cells in which runs start, with the sums over them.
  struct Partition {
    std::vector<typename Group::Integers> cells;  // of every point, laid out as the groups are
    CentersType sums;                             // d x k: weights times points
    std::vector<Real> mass;
    std::vector<Index> points;  // how many there are in each cell
  };

  /// What a run works on; holds its end.
  struct Workspace {
    Partition now;
    Labels labels;
    CentersType centers;
    std::vector<Real> mass;
    Real t = 0, t_rounding = 0;
  };

  explicit FacetLloyd(const EmpiricalObjective<Real, Dim>& objective) : objective_(objective) {
    const Index n = objective.size();
    for (Index start = 0; start < n; start += Group::width) {
      groups_.emplace_back(objective.dimension());
      groups_.back().load(objective.span(), start, static_cast<int>(std::min<Index>(Group::width, n - start)));
    }
  }

  /// The partition of all points that `labels` say. O(n d).
  [[nodiscard]] Partition partition(const Labels& labels, Index k) const {
    Partition result;
    result.cells.resize(groups_.size());
    result.sums.setZero(objective_.dimension(), k);
    result.mass.assign(static_cast<std::size_t>(k), Real(0));
    result.points.assign(static_cast<std::size_t>(k), 0);
    const Index n = objective_.size();
    for (Index y = 0; y < n; ++y) change(result, y, labels(y), 1);
    for (std::size_t g = 0; g < groups_.size(); ++g)
      for (Index lane = 0; lane < Group::width; ++lane) {
        // The lanes beyond the last point repeat it.
        const Index y = std::min(static_cast<Index>(g) * Group::width + lane, n - 1);
        result.cells[g][static_cast<std::size_t>(lane)] = labels(y);
      }
    return result;
  }

  /// Runs from a partition until no other point changes cells. O(n k d) a step.
  [[nodiscard]] FacetEnd run(const Partition& from, Index x, Label i, Label j, int max_iterations,
                             Workspace& work) const {
    work.now = from;
    change(work.now, x, static_cast<Label>(cell_of(work.now, x)), -1);
    for (int step = 0;; ++step) {
      if (!means(work)) return FacetEnd::empty_cell;
      const FacetEnd placed = tie(x, i, j, work);
      if (placed != FacetEnd::state) return placed;
      if (!reassign(x, work)) break;
      if (step == max_iterations) return FacetEnd::no_convergence;
    }
    // Sums that points were added to and taken from hold more rounding than `t_rounding` counts: up to that of every
    // move. This many times more is out of their reach.
    const Real margin = Real(1e5) * work.t_rounding;
    if (work.t < -margin || work.t > 1 + margin) return FacetEnd::outside;
    work.labels.resize(objective_.size());
    for (Index y = 0; y < objective_.size(); ++y) work.labels(y) = static_cast<Label>(cell_of(work.now, y));
    work.labels(x) = i;
    // Once more for the last digits: a mean taken about a mean carries no rounding of the sum.
    refine(x, work);
    const FacetEnd placed = tie(x, i, j, work);
    return placed == FacetEnd::state ? verdict(x, i, j, work) : placed;
  }

 private:
  [[nodiscard]] const Real* point(Index y) const { return objective_.span().point(y); }

  [[nodiscard]] static auto cell_of(const Partition& partition, Index y) {
    return partition.cells[static_cast<std::size_t>(y / Group::width)][static_cast<std::size_t>(y % Group::width)];
  }

  /// Adds point y to the sums over a cell, or takes it from them.
  void change(Partition& partition, Index y, Label cell, int sign) const {
    const Index d = objective_.dimension();
    const Real w = static_cast<Real>(sign) * objective_.weight(y);
    partition.mass[static_cast<std::size_t>(cell)] += w;
    partition.points[static_cast<std::size_t>(cell)] += sign;
    Real* sum = partition.sums.data() + cell * d;
    const Real* from = point(y);
    for (Index s = 0; s < d; ++s) sum[s] += w * from[s];
  }

  /// Means of all cells, the divided point left out; false if one has no other point.
  [[nodiscard]] bool means(Workspace& work) const {
    const Index d = objective_.dimension(), k = work.now.sums.cols();
    work.mass = work.now.mass;
    work.centers.resize(d, k);
    for (Index cell = 0; cell < k; ++cell) {
      if (work.now.points[static_cast<std::size_t>(cell)] == 0) return false;
      const Real mass = work.mass[static_cast<std::size_t>(cell)];
      const Real* sum = work.now.sums.data() + cell * d;
      Real* mean = work.centers.data() + cell * d;
      for (Index s = 0; s < d; ++s) mean[s] = sum[s] / mass;
    }
    return true;
  }

  void refine(Index x, Workspace& work) const {
    const Index d = objective_.dimension();
    std::fill(work.mass.begin(), work.mass.end(), Real(0));
    for (Index y = 0; y < objective_.size(); ++y)
      if (y != x) work.mass[static_cast<std::size_t>(work.labels(y))] += objective_.weight(y);
    // From the means that the run ended with: `tie` has moved two of the centers.
    CentersType mean(d, work.centers.cols());
    for (Index cell = 0; cell < mean.cols(); ++cell)
      for (Index s = 0; s < d; ++s) mean(s, cell) = work.now.sums(s, cell) / work.mass[static_cast<std::size_t>(cell)];
    for (int pass = 0; pass < 2; ++pass) {
      work.centers = mean;
      for (Index y = 0; y < objective_.size(); ++y) {
        if (y == x) continue;
        const Index cell = work.labels(y);
        const Real share = objective_.weight(y) / work.mass[static_cast<std::size_t>(cell)];
        for (Index s = 0; s < d; ++s) mean(s, cell) += share * (point(y)[s] - work.centers(s, cell));
      }
    }
    work.centers = mean;
  }

  /// Moves centers i and j from the means p and q to the least point of the facet.
  [[nodiscard]] FacetEnd tie(Index x, Label i, Label j, Workspace& work) const {
    const Index d = objective_.dimension();
    const Real* at = point(x);
    Real *p = work.centers.data() + i * d, *q = work.centers.data() + j * d;
    Real to_p = 0, to_q = 0, size = 0, size_p = 0, size_q = 0;
    for (Index s = 0; s < d; ++s) {
      to_p += (p[s] - at[s]) * (p[s] - at[s]);
      to_q += (q[s] - at[s]) * (q[s] - at[s]);
      size += at[s] * at[s];
      size_p += p[s] * p[s];
      size_q += q[s] * q[s];
    }
    to_p = std::sqrt(to_p);
    to_q = std::sqrt(to_q);
    const Real A = work.mass[static_cast<std::size_t>(i)], B = work.mass[static_cast<std::size_t>(j)];
    const Real w = objective_.weight(x);
    const Real a = A * to_p, b = B * to_q;
    const Real r = (a + b) / (A + B + w);
    if (!(r > 0) || !std::isfinite(r)) return FacetEnd::degenerate;
    // x on the mean of one cell, where no direction leads away from it: t is -A/w or 1 + B/w.
    if (!(a > 0) || !(b > 0)) return FacetEnd::outside;
    work.t = (a * (B + w) - b * A) / (w * (a + b));
    // |x - p| is known to a few units of the last place of x and p, d additions included; the same of q.
    const Real unit = 4 * std::numeric_limits<Real>::epsilon();
    const Real loose_p = unit * (std::sqrt(size) + std::sqrt(size_p) + static_cast<Real>(d) * to_p) / to_p;
    const Real loose_q = unit * (std::sqrt(size) + std::sqrt(size_q) + static_cast<Real>(d) * to_q) / to_q;
    work.t_rounding = 2 * (loose_p + loose_q) * (a * (B + w) + b * A) / (w * (a + b));
    Real apart = 0;
    for (Index s = 0; s < d; ++s) {
      p[s] = at[s] + r / to_p * (p[s] - at[s]);
      q[s] = at[s] + r / to_q * (q[s] - at[s]);
      apart += (p[s] - q[s]) * (p[s] - q[s]);
    }
    // p and q in one direction from x: the two centers coincide, and what belongs to which is left open.
    if (std::sqrt(apart) <= 4 * (loose_p * to_p + loose_q * to_q)) return FacetEnd::degenerate;
    return FacetEnd::state;
  }

  /// Gives every point but x to its nearest center; true if one moved.
  [[nodiscard]] bool reassign(Index x, Workspace& work) const {
    bool moved = false;
    typename Group::Integers nearest;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      auto& cells = work.now.cells[g];
      groups_[g].nearest(work.centers.data(), work.centers.cols(), nearest);
      const Index start = static_cast<Index>(g) * Group::width;
      if (x >= start && x < start + Group::width) {
        const Index used = std::min<Index>(Group::width, objective_.size() - start);
        const auto at = static_cast<std::size_t>(x - start);
        // Lanes that repeat the last point do as it does.
        for (std::size_t lane = at; lane < (x - start == used - 1 ? nearest.size() : at + 1); ++lane)
          nearest[lane] = cells[lane];
      }
      if (std::memcmp(nearest.data(), cells.data(), sizeof(nearest)) == 0) continue;
      moved = true;
      const Index end = std::min<Index>(start + Group::width, objective_.size());
      for (Index y = start; y < end; ++y) {
        const auto lane = static_cast<std::size_t>(y - start);
        if (nearest[lane] == cells[lane]) continue;
        change(work.now, y, static_cast<Label>(cells[lane]), -1);
        change(work.now, y, static_cast<Label>(nearest[lane]), 1);
      }
      cells = nearest;
    }
    return moved;
  }

  /// Whether what the iteration came to is a transition state, by more than rounding.
  [[nodiscard]] FacetEnd verdict(Index x, Label i, Label j, const Workspace& work) const {
    if (work.t <= -work.t_rounding || work.t >= 1 + work.t_rounding) return FacetEnd::outside;
    if (!(work.t > work.t_rounding && work.t < 1 - work.t_rounding)) return FacetEnd::degenerate;
    // Centers here come from a few more operations than a mean does.
    const auto rounding = [&](Index y, Label cell) {
      return 4 * objective_.rounding_of_distance(y, work.centers, cell);
    };
    const auto squared = [&](Index y, Index cell) {
      Real sum = 0;
      for (Index s = 0; s < objective_.dimension(); ++s) {
        const Real difference = point(y)[s] - work.centers(s, cell);
        sum += difference * difference;
      }
      return sum;
    };
    const Real radius = std::max(squared(x, i), squared(x, j));
    if (std::abs(squared(x, i) - squared(x, j)) > rounding(x, i)) return FacetEnd::degenerate;
    for (Index l = 0; l < work.centers.cols(); ++l)
      if (l != i && l != j && squared(x, l) - radius <= rounding(x, i)) return FacetEnd::third_center;
    bool strict = true;
    for_each_nearest_two<Real, Dim>(
        objective_.span(), work.centers, [&](Index y, Label first, Real nearest, Label second, Real next) {
          if (y == x || !strict) return;
          strict = first == work.labels(y) && second >= 0 && next - nearest > rounding(y, first);
        });
    return strict ? FacetEnd::state : FacetEnd::tied_point;
  }

  const EmpiricalObjective<Real, Dim>& objective_;
  std::vector<Group> groups_;
};

}  // namespace kmscape::internal

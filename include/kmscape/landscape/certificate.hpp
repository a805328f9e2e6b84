// Is this a local minimum of G_n? A certificate with the numbers behind the verdict.
//
// Near centers without ties G_n is one convex quadratic, so they are a strict local minimum iff every non-empty center
// is its cell's mean and no point ties: then G_n(beta + delta) = G_n(beta) + sum_j m_j |delta_j|^2 while no center
// moves farther than `radius`. A point x that ties between cells i and j of masses A and B (x at distance a > 0 from
// both centers) opens a second piece whose minimum is lower by w a^2 (A/(A - w) - B/(B + w)) > 0: a fixed point of
// Lloyd's iteration, but no local minimum (Li, Metel, Takeda 2025). An empty center is free to move: a minimum, but not
// a strict one.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include <kmscape/core/points.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

enum class CertificateStatus {
  strict_minimum,  // proved: every small move of the centers raises the objective
  flat_minimum,    // proved: no small move lowers it; centers of empty cells may move freely
  not_a_minimum,   // refuted: stationary, but a tied point opens a lower piece; see `descent`
  not_stationary,  // refuted: some center is not its cell's mean; see `descent`
  undecided,       // the residual is rounding, but too large for the certified radius to settle the matter
};

[[nodiscard]] constexpr std::string_view to_string(CertificateStatus status) {
  switch (status) {
    case CertificateStatus::strict_minimum:
      return "strict_minimum";
    case CertificateStatus::flat_minimum:
      return "flat_minimum";
    case CertificateStatus::not_a_minimum:
      return "not_a_minimum";
    case CertificateStatus::not_stationary:
      return "not_stationary";
    case CertificateStatus::undecided:
      return "undecided";
  }
  return "unknown";
}

/// Grades of local optimality, each implying those before it.
enum class OptimalityGrade {
  none,
  lloyd_fixed,  // a step of Lloyd's iteration changes nothing
  c_local,      // a local minimum over centers: ties decided
  d_local,      // moving any single point to another cell, with both means updated, does not lower it (Hartigan)
  global,       // proved: one center on the mean of all points
};

[[nodiscard]] constexpr std::string_view to_string(OptimalityGrade grade) {
  switch (grade) {
    case OptimalityGrade::none:
      return "none";
    case OptimalityGrade::lloyd_fixed:
      return "lloyd_fixed";
    case OptimalityGrade::c_local:
      return "c_local";
    case OptimalityGrade::d_local:
      return "d_local";
    case OptimalityGrade::global:
      return "global";
  }
  return "unknown";
}

/// A single point that would lower the objective in another cell, both means following.
struct Exchange {
  Index point = -1;  // -1: no move of one point lowers the objective
  Label from = -1, to = -1;
  double gain = 0;  // by how much it falls
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct Certificate {
  CertificateStatus status = CertificateStatus::undecided;
  OptimalityGrade grade = OptimalityGrade::none;
  double residual = 0;    // largest distance of a non-empty center from its cell's mean
  double tie_margin = 0;  // least gap between a point's two smallest squared distances; infinite for one center
  double radius = 0;      // no label changes while every center moves by less; infinite for one center
  Index tied_points = 0;  // points whose gap is no larger than its rounding error
  Index empty_cells = 0;
  Exchange exchange;             // the best single-point move
  FittedCenters<Scalar, Dim> descent;  // where refuted: centers with a strictly lower objective; otherwise d x 0
  double drop = 0;               // where refuted: objective here minus objective at `descent`

  [[nodiscard]] bool is_minimum() const {
    return status == CertificateStatus::strict_minimum || status == CertificateStatus::flat_minimum;
  }
};

/// Certifies `centers` (d x k, finite) for a data objective. Throws `invalid_input`. O(n k d).
template <DataObjective O, class Derived>
[[nodiscard]] Certificate<typename O::Scalar, O::dim> certify(const O& objective,
                                                              const Eigen::MatrixBase<Derived>& centers);

namespace internal {

/// The fall of the objective when a point of weight w at squared distance `from_squared` from the mean of its cell
/// (mass A) joins a cell of mass B whose mean is at squared distance `to_squared`, both means following.
template <class Real>
[[nodiscard]] Real exchange_gain(Real w, Real from_mass, Real from_squared, Index from_count, Real to_mass,
                                 Real to_squared) {
  // A point alone in its cell is that cell's mean: leaving it frees nothing.
  const Real freed = from_count > 1 ? w * from_mass / (from_mass - w) * from_squared : Real(0);
  return freed - w * to_mass / (to_mass + w) * to_squared;
}

/// The centroids after moving `point` from one cell to another.
template <DataObjective O>
[[nodiscard]] FittedCenters<typename O::Scalar, O::dim> after_exchange(
    const O& objective, const Assignment<typename O::Scalar, O::dim>& assignment, const Exchange& exchange) {
  using Scalar = typename O::Scalar;
  auto moved = assignment.cells.centroid;
  const auto x = objective.points().col(exchange.point).template cast<Sum<Scalar>>();
  const auto w = static_cast<Sum<Scalar>>(objective.weight(exchange.point));
  const auto away = w / (assignment.cells.mass(exchange.from) - w);
  const auto closer = w / (assignment.cells.mass(exchange.to) + w);
  moved.col(exchange.from) += away * (moved.col(exchange.from) - x);
  moved.col(exchange.to) += closer * (x - moved.col(exchange.to));
  return moved;
}

/// The single-point move that lowers the objective most, over all points and cells. O(n k d).
template <DataObjective O>
[[nodiscard]] Exchange best_exchange(const O& objective, const Assignment<typename O::Scalar, O::dim>& assignment) {
  using Scalar = typename O::Scalar;
  using Real = Sum<Scalar>;
  const auto& cells = assignment.cells;
  const auto points = objective.points();
  Exchange best;
  for (Index i = 0; i < objective.size(); ++i) {
    const Label from = assignment.labels(i);
    if (assignment.counts(from) <= 1) continue;
    const auto w = static_cast<Real>(objective.weight(i));
    const Real squared = (points.col(i).template cast<Real>() - cells.centroid.col(from)).squaredNorm();
    const Real freed = exchange_gain<Real>(w, cells.mass(from), squared, assignment.counts(from), 0, 0);
    // Gains below the rounding of the two terms are no gains.
    const Real least = 64 * std::numeric_limits<Real>::epsilon() * freed;
    for (Index j = 0; j < cells.mass.size(); ++j) {
      if (j == from) continue;
      const Real there = (points.col(i).template cast<Real>() - cells.centroid.col(j)).squaredNorm();
      const Real gain = freed - w * cells.mass(j) / (cells.mass(j) + w) * there;
      if (gain > least && static_cast<double>(gain) > best.gain)
        best = {i, from, static_cast<Label>(j), static_cast<double>(gain)};
    }
  }
  return best;
}

}  // namespace internal

template <DataObjective O, class Derived>
Certificate<typename O::Scalar, O::dim> certify(const O& objective, const Eigen::MatrixBase<Derived>& centers) {
  using Scalar = typename O::Scalar;
  using Real = Sum<Scalar>;
  internal::refuse_row_major<Derived>();
  internal::check_centers(centers, objective.dimension(), "certify", "centers");
  const FittedCenters<Scalar, O::dim> at = centers.template cast<Real>();
  const auto assignment = objective.assign(at);
  const auto& cells = assignment.cells;

  // Centers are as good as the type they come in.
  constexpr Real epsilon = std::max(std::numeric_limits<Real>::epsilon(),
                                    static_cast<Real>(std::numeric_limits<typename Derived::Scalar>::epsilon()));
  constexpr Real coarser = epsilon / std::numeric_limits<Real>::epsilon();

  Certificate<Scalar, O::dim> result;
  result.descent.resize(objective.dimension(), 0);
  const auto refute = [&](CertificateStatus status, FittedCenters<Scalar, O::dim> lower, double drop) {
    if (!(drop > 0)) return false;
    result.status = status;
    result.descent = std::move(lower);
    result.drop = drop;
    return true;
  };

  // What sums of so many coordinates of this size may round to, in units of epsilon; a mean may be far smaller than
  // they are.
  double scale = 0;
  for (Index j = 0; j < at.cols(); ++j) {
    if (assignment.counts(j) == 0) {
      ++result.empty_cells;
      continue;
    }
    const double spread = std::sqrt(static_cast<double>(cells.distortion(j) / cells.mass(j)));
    const double size = static_cast<double>(cells.centroid.col(j).cwiseAbs().maxCoeff()) + spread;
    scale = std::max(scale, size * (64 + 8 * std::sqrt(static_cast<double>(assignment.counts(j)))));
    result.residual = std::max(result.residual, static_cast<double>((at.col(j) - cells.centroid.col(j)).norm()));
  }

  Real margin = std::numeric_limits<Real>::infinity(), gap = margin;
  Exchange through_tie;  // the tied point whose other piece lies lowest
  internal::for_each_nearest_two<Scalar, O::dim>(
      objective.span(), at, [&](Index i, Label first, Real nearest, Label second, Real next) {
        if (second < 0) return;
        const Real difference = next - nearest;
        margin = std::min(margin, difference);
        gap = std::min(gap, std::sqrt(next) - std::sqrt(nearest));
        if (difference > coarser * objective.rounding_of_distance(i, at, first)) return;
        ++result.tied_points;
        const Real gain = internal::exchange_gain<Real>(static_cast<Real>(objective.weight(i)), cells.mass(first),
                                                        nearest, assignment.counts(first), cells.mass(second), next);
        if (static_cast<double>(gain) > through_tie.gain) through_tie = {i, first, second, static_cast<double>(gain)};
      });
  result.tie_margin = static_cast<double>(margin);
  result.radius = static_cast<double>(gap) / 2;

  const double rounding = static_cast<double>(epsilon) * scale;
  if (result.residual > rounding) {
    // The fall within each cell, in closed form; points that change cells add to it. The difference of two objectives
    // holds both, but near a stationary point it is all rounding.
    const double within = static_cast<double>(
        ((at - cells.centroid).colwise().squaredNorm().transpose().array() * cells.mass).sum());
    const double difference = static_cast<double>(assignment.value() - objective.value(cells.centroid));
    const double noise = static_cast<double>(std::numeric_limits<Real>::epsilon()) *
                         static_cast<double>(assignment.value()) * std::sqrt(static_cast<double>(objective.size()));
    const double fall = difference > within + noise ? difference : within;
    if (refute(CertificateStatus::not_stationary, cells.centroid, fall)) return result;
    result.status = CertificateStatus::undecided;
    return result;
  }
  result.grade = OptimalityGrade::lloyd_fixed;
  if (through_tie.point >= 0) {
    auto lower = internal::after_exchange(objective, assignment, through_tie);
    const double fall = static_cast<double>(assignment.value() - objective.value(lower));
    if (!refute(CertificateStatus::not_a_minimum, std::move(lower), fall)) result.status = CertificateStatus::undecided;
    result.exchange = through_tie;
    return result;
  }
  // What ties is left are points that lie on coinciding centers: nothing moves when those centers do.
  if (result.tied_points == 0 && result.residual > 0 && result.residual >= result.radius) {
    result.status = CertificateStatus::undecided;
    return result;
  }
  result.status = result.empty_cells == 0 ? CertificateStatus::strict_minimum : CertificateStatus::flat_minimum;
  result.exchange = internal::best_exchange(objective, assignment);
  result.grade = result.exchange.point >= 0 ? OptimalityGrade::c_local : OptimalityGrade::d_local;
  if (at.cols() == 1) result.grade = OptimalityGrade::global;
  return result;
}

}  // namespace kmscape

// What every local minimum of G fulfils, face by face, as a table: QZC equations (18) and (19), and sharper ones.
//
// Moving centers i and j alone, along the same unit vector u or along u and -u, changes G to second order by
//   u = (beta_i - beta_j)/|beta_i - beta_j|:  m_i + m_j - 2 d_ij int_F f dS,
//   u orthogonal to it:                       m_i + m_j - (2/d_ij) int_F ((x - midpoint) . u)^2 f dS,
// less what other faces add, which is never positive. A minimum keeps both from being negative. Bounding m_i + m_j by 1
// and f from below by one component's w_s f_s in its ball gives d_ij rho_s <= k/2 (18) and D_ijs^2 rho_s/d_ij <= k/2
// (19), with 1/(2 w_s) for k/2 where weights differ; for (19), u points to the part of the face in B_s, whose points
// all have (x - midpoint) . u >= D_ijs because that part is convex. (QZC's own u, in the plane of beta_i, beta_j and
// beta*_s, leaves a gap for d >= 3, where a facet may miss that plane; this one closes it.)
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/landscape/candidate_geometry.hpp>
#include <kmscape/landscape/theorem_report.hpp>

namespace kmscape {

enum class NecessaryKind {
  cut_depth,     // (18): d_ij rho_s(F_ij) <= k/2
  cut_offset,    // (19): D_ijs^2 rho_s(F_ij)/d_ij <= k/2, d >= 2
  face_density,  // sharper: 2 d_ij int_F f dS <= m_i + m_j
  face_spread,   // sharper: (2/d_ij) max_u int_F ((x - midpoint) . u)^2 f dS <= m_i + m_j, d >= 2
};

[[nodiscard]] constexpr std::string_view to_string(NecessaryKind kind) {
  switch (kind) {
    case NecessaryKind::cut_depth:
      return "cut_depth";
    case NecessaryKind::cut_offset:
      return "cut_offset";
    case NecessaryKind::face_density:
      return "face_density";
    case NecessaryKind::face_spread:
      return "face_spread";
  }
  return "unknown";
}

struct NecessaryCondition {
  NecessaryKind kind = NecessaryKind::cut_depth;
  Index i = -1, j = -1;  // the face F_ij, i < j
  Index s = -1;          // the component, for (18) and (19); -1 for all of them
  double left = 0, right = 0;
  double standard_error = 0;  // of left - right; 0 where both are exact
  double slack = 0;           // relative: of rounding, and of centers that are only nearly their cells' means
  bool met = false;           // left <= right (1 + slack) + 5 standard errors; false: beta is no local minimum
};

/// All conditions of all adjacent pairs, by face; O(faces (k + d^3)).
[[nodiscard]] std::vector<NecessaryCondition> necessary_conditions(
    const std::same_as<CandidateGeometry> auto& geometry);

/// The rows of a theorem's report that stand for "beta is a local minimum": distinct centers and beta_i = c_i within
/// `tolerance` (Lemma 2), and of each kind of necessary condition the row that comes closest to failing, or fails most.
[[nodiscard]] std::vector<Hypothesis> minimum_rows(const std::same_as<CandidateGeometry> auto& geometry,
                                                   double tolerance);

namespace internal {

/// The largest eigenvalue of a symmetric matrix.
[[nodiscard]] double largest_eigenvalue(const std::same_as<Eigen::MatrixXd> auto& matrix) {
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(matrix, Eigen::EigenvaluesOnly).eigenvalues().maxCoeff();
}

/// How well half the distance of two centers is known, relatively, when they are this large and off by `residual`. A
/// pair on one round cluster may turn freely: it meets the last condition with equality, and rounding must not refute
/// it.
[[nodiscard]] double relative_rounding(const std::same_as<CandidateGeometry> auto& geometry, double half_distance,
                                       double residual) {
  const double scale = std::max(geometry.fitted.cwiseAbs().maxCoeff(), geometry.true_centers.cwiseAbs().maxCoeff());
  return 1e-12 + (32 * std::numeric_limits<double>::epsilon() * scale + residual) / half_distance;
}

}  // namespace internal

std::vector<NecessaryCondition> necessary_conditions(const std::same_as<CandidateGeometry> auto& geometry) {
  std::vector<NecessaryCondition> result;
  const Index d = geometry.fitted.rows();
  const auto residual = [&](Index i) { return (geometry.cell_centroid(i) - geometry.fitted.col(i)).norm(); };
  for (const auto& face : geometry.faces) {
    const double h = face.half_distance;
    const double slack = internal::relative_rounding(geometry, h, residual(face.i) + residual(face.j));
    const auto add = [&](NecessaryKind kind, Index s, double left, double right, double error) {
      result.push_back({kind, face.i, face.j, s, left, right, error, slack, left <= right * (1 + slack) + 5 * error});
    };
    for (Index s = 0; s < geometry.clusters(); ++s) {
      const double half_count = 1 / (2 * geometry.weights(s));
      add(NecessaryKind::cut_depth, s, h * face.density(s), half_count, h * face.density_error(s));
      const double lever = face.ball_distance(s) * face.ball_distance(s) / h;
      if (d >= 2) add(NecessaryKind::cut_offset, s, lever * face.density(s), half_count, lever * face.density_error(s));
    }
    const double masses = geometry.cell_mass(face.i) + geometry.cell_mass(face.j);
    const double mass_error = geometry.cell_mass_error(face.i) + geometry.cell_mass_error(face.j);
    add(NecessaryKind::face_density, -1, 2 * h * face.mixture_density, masses,
        2 * h * face.mixture_density_error + mass_error);
    if (d >= 2)
      add(NecessaryKind::face_spread, -1, 2 / h * internal::largest_eigenvalue(face.mixture_second), masses,
          2 / h * static_cast<double>(d) * face.mixture_second_error + mass_error);
  }
  return result;
}

std::vector<Hypothesis> minimum_rows(const std::same_as<CandidateGeometry> auto& geometry, double tolerance) {
  std::vector<Hypothesis> rows;
  const auto row = [&](std::string name, double left, double right, bool met) {
    rows.push_back({std::move(name), left, right, met, HypothesisRole::minimum});
  };
  // A coinciding center shares a cell of positive mass with its owner, or one without mass, which Lemma 2 lets pass.
  double coinciding = 0, residual = 0, allowed = tolerance;
  for (Index i = 0; i < geometry.centers(); ++i) {
    if (!geometry.owned(i)) {
      for (Index j = 0; j < i; ++j)
        if (geometry.fitted.col(j) == geometry.fitted.col(i) && geometry.cell_mass(j) > 0) coinciding += 1;
      continue;
    }
    const double own = (geometry.cell_centroid(i) - geometry.fitted.col(i)).norm();
    const double own_allowed = tolerance + 5 * geometry.cell_centroid_error(i);
    if (own * allowed > residual * own_allowed) {
      residual = own;
      allowed = own_allowed;
    }
  }
  row("centers of cells with mass are distinct (Lemma 2)", coinciding, 0, coinciding == 0);
  row("|beta_i - c_i| = 0 (Lemma 2)", residual, allowed, residual <= allowed);

  const auto conditions = necessary_conditions(geometry);
  const auto worst = [&](NecessaryKind kind, std::string name) {
    const NecessaryCondition* chosen = nullptr;
    for (const auto& condition : conditions) {
      if (condition.kind != kind) continue;
      const bool is_worse =
          chosen == nullptr || (chosen->met && !condition.met) ||
          (chosen->met == condition.met && condition.left * chosen->right > chosen->left * condition.right);
      if (is_worse) chosen = &condition;
    }
    if (chosen != nullptr) row(std::move(name), chosen->left, chosen->right, chosen->met);
  };
  worst(NecessaryKind::cut_depth, "d_ij rho_s(F_ij) <= k/2 (18)");
  worst(NecessaryKind::cut_offset, "D_ijs^2 rho_s(F_ij)/d_ij <= k/2 (19)");
  worst(NecessaryKind::face_density, "2 d_ij int_F f <= m_i + m_j");
  worst(NecessaryKind::face_spread, "(2/d_ij) max_u int_F ((x - mid) . u)^2 f <= m_i + m_j");
  return rows;
}

}  // namespace kmscape

// QZC's own directions, every center along or against one unit vector (equation 13), and what they do to G.
//
// For v_i = e_i u with signs e_i = +-1 and |u| = 1, at a point where the gradient vanishes,
//   lim (G(beta + t v) - G(beta))/t^2 = 1 - u^T M u,
//   M = sum over faces with e_i = e_j of 2 d_ij u_ij u_ij^T int_F f dS
//     + sum over faces with e_i != e_j of (2/d_ij) int_F (x - midpoint)(x - midpoint)^T f dS:
// equation (17) with every face and component counted, not one. A boundary between equal signs is translated, one
// between opposite signs turns around its midpoint. The best u for given signs is the top eigenvector of M; the best
// signs are searched. A negative limit refutes a local minimum constructively, as QZC's proof refutes many-fit-many.
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <numbers>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/landscape/candidate_geometry.hpp>
#include <kmscape/landscape/necessary_conditions.hpp>
#include <kmscape/objective/population_objective.hpp>

namespace kmscape {

struct OpposingDirection {
  Eigen::VectorXd axis;        // d: u, of length 1
  Eigen::ArrayXi signs;        // m: e_i
  Eigen::MatrixXd direction;   // d x m: v_i = e_i u
  double first_order = 0;      // lim (G(beta + t v) - G(beta))/t; 0 where beta is stationary, never positive
  double second_order = 0;     // lim (G(beta + t v) - G(beta) - first_order t)/t^2
  double standard_error = 0;   // of second_order; an upper bound, 0 where it is exact
  double rounding = 0;         // of second_order
  double printed_limit = 1;    // the lowest that equation (17) as printed yields for any face, component and axis
  bool is_exhaustive = false;  // all 2^(m-1) signs were tried; otherwise flips of one sign find no better ones

  /// The limit is negative beyond its error: beta is no local minimum.
  [[nodiscard]] bool refutes() const { return second_order < -5 * standard_error - rounding; }
};

/// How far G falls along a direction.
struct MeasuredDrop {
  double step = 0;            // t, the lowest of those tried; 0 when G rises at once
  double drop = 0;            // G(beta) - G(beta + t v)
  double standard_error = 0;  // of G at either end
};

/// lim (G(beta + t v) - G(beta))/t^2 at a stationary point, for v_i = signs(i) axis. `axis` has length 1, signs are
/// +-1. Throws `invalid_input`. O(faces d^2).
[[nodiscard]] double second_order_limit(const std::same_as<CandidateGeometry> auto& geometry,
                                        const Eigen::VectorXd& axis, const Eigen::ArrayXi& signs);

/// Equation (17) as printed, for one face, one component and the angle theta^v_ij between the axis and beta_i - beta_j:
/// 1 - (2/k) cos^2(theta) d_ij rho_s where the signs of i and j agree, 1 - (2/k) sin^2(theta) D_ijs^2 rho_s/d_ij where
/// they are opposite; w_s stands for 1/k. With one face and one component only, it is no lower than
/// `second_order_limit`, if for opposite signs the axis lies in the plane of beta_i, beta_j and face.ball_foot.col(s).
[[nodiscard]] double equation_17(const std::same_as<CandidateGeometry> auto& geometry, const CandidateFace& face,
                                 Index s, double theta, bool signs_agree);

/// The direction of QZC's class with the lowest second-order limit. All signs for m <= 10, beyond that ascent from the
/// signs that each face suggests. O(2^m d^3) or O(faces m d^3).
[[nodiscard]] OpposingDirection opposing_directions(const std::same_as<CandidateGeometry> auto& geometry);

/// How far G falls along a direction before it rises, on steps that double from a thousandth of the smallest distance
/// of adjacent centers to the largest. At a minimum nothing falls: what lies lower behind a ridge does not count.
template <SphericalMixture Model>
[[nodiscard]] MeasuredDrop measure_drop(const PopulationObjective<Model>& objective, const CandidateGeometry& geometry,
                                        const OpposingDirection& direction);

namespace internal {

/// M for given signs.
[[nodiscard]] Eigen::MatrixXd curvature(const std::same_as<CandidateGeometry> auto& geometry,
                                        const Eigen::ArrayXi& signs) {
  const Index d = geometry.fitted.rows();
  Eigen::MatrixXd result = Eigen::MatrixXd::Zero(d, d);
  for (const auto& face : geometry.faces) {
    if (signs(face.i) == signs(face.j))
      result += 2 * face.half_distance * face.mixture_density * face.normal * face.normal.transpose();
    else
      result += 2 / face.half_distance * face.mixture_second;
  }
  return result;
}

template <class WhenUsed = void>
[[nodiscard]] Eigen::ArrayXi signs_of(unsigned pattern, Index m) {
  Eigen::ArrayXi signs(m);
  for (Index i = 0; i < m; ++i) signs(i) = i > 0 && (pattern >> (i - 1) & 1u) ? -1 : 1;
  return signs;
}

/// Flips single signs while the top eigenvalue of M grows.
[[nodiscard]] double climb(const std::same_as<CandidateGeometry> auto& geometry, Eigen::ArrayXi& signs) {
  double best = largest_eigenvalue(curvature(geometry, signs));
  for (bool improved = true; improved;) {
    improved = false;
    for (Index i = 1; i < signs.size(); ++i) {  // all signs turned over are the same direction
      signs(i) = -signs(i);
      const double value = largest_eigenvalue(curvature(geometry, signs));
      if (value > best * (1 + 1e-12)) {
        best = value;
        improved = true;
      } else {
        signs(i) = -signs(i);
      }
    }
  }
  return best;
}

}  // namespace internal

double second_order_limit(const std::same_as<CandidateGeometry> auto& geometry, const Eigen::VectorXd& axis,
                          const Eigen::ArrayXi& signs) {
  using internal::require;
  require(axis.size() == geometry.fitted.rows(), "second_order_limit", "axis", internal::text(axis.size(), " numbers"),
          internal::text("the dimension is ", geometry.fitted.rows()), "pass a vector of this size");
  require(std::abs(axis.norm() - 1) <= 1e-12, "second_order_limit", "axis.norm()", axis.norm(),
          "all centers move by unit vectors (QZC equation 13)", "normalise the axis");
  require(signs.size() == geometry.centers(), "second_order_limit", "signs", internal::text(signs.size(), " numbers"),
          internal::text("there are ", geometry.centers(), " centers"), "pass one sign per center");
  for (Index i = 0; i < signs.size(); ++i)
    require(signs(i) == 1 || signs(i) == -1, "second_order_limit", internal::text("signs(", i, ")"), signs(i),
            "a center moves along the axis or against it", "pass 1 or -1");
  return 1 - axis.dot(internal::curvature(geometry, signs) * axis);
}

double equation_17(const std::same_as<CandidateGeometry> auto& geometry, const CandidateFace& face, Index s,
                   double theta, bool signs_agree) {
  internal::require(s >= 0 && s < geometry.clusters(), "equation_17", "s", s, "components are numbered 0, ..., k - 1",
                    "pass an index in this range");
  const double cosine = std::cos(theta), sine = std::sin(theta), distance = face.ball_distance(s);
  const double lever =
      signs_agree ? cosine * cosine * face.half_distance : sine * sine * distance * distance / face.half_distance;
  return 1 - 2 * geometry.weights(s) * lever * face.density(s);
}

OpposingDirection opposing_directions(const std::same_as<CandidateGeometry> auto& geometry) {
  const Index m = geometry.centers(), d = geometry.fitted.rows();
  internal::Dependent<OpposingDirection, decltype(geometry)> result;
  result.is_exhaustive = m <= 10;
  result.signs = Eigen::ArrayXi::Ones(m);
  double best = -1;
  const auto consider = [&](const Eigen::ArrayXi& signs, double value) {
    if (value <= best) return;
    best = value;
    result.signs = signs;
  };
  if (result.is_exhaustive) {
    for (unsigned pattern = 0; pattern < (1u << (m - 1)); ++pattern) {
      const auto signs = internal::signs_of(pattern, m);
      consider(signs, internal::largest_eigenvalue(internal::curvature(geometry, signs)));
    }
  } else {
    Eigen::ArrayXi signs = Eigen::ArrayXi::Ones(m);
    consider(signs, internal::climb(geometry, signs));
    for (const auto& face : geometry.faces) {
      // The other centers' signs by the side of the face they stand on.
      for (Index l = 0; l < m; ++l) signs(l) = face.normal.dot(geometry.fitted.col(l) - face.midpoint) < 0 ? 1 : -1;
      const double value = internal::climb(geometry, signs);
      consider(signs, value);
    }
  }
  const Eigen::SelfAdjointEigenSolver<internal::Dependent<Eigen::MatrixXd, decltype(geometry)>> eigen(
      internal::curvature(geometry, result.signs));
  result.axis = eigen.eigenvectors().col(d - 1).normalized();
  result.direction = result.axis * result.signs.template cast<double>().matrix().transpose();
  for (Index i = 0; i < m; ++i)
    result.first_order +=
        2 * geometry.cell_mass(i) * result.direction.col(i).dot(geometry.fitted.col(i) - geometry.cell_centroid(i));
  if (result.first_order > 0) {
    result.axis = -result.axis;
    result.direction = -result.direction;
    result.first_order = -result.first_order;
  }
  result.second_order = 1 - eigen.eigenvalues()(d - 1);
  result.rounding = 1e-12;
  for (const auto& face : geometry.faces) {
    result.rounding = std::max(result.rounding, internal::relative_rounding(geometry, face.half_distance, 0) *
                                                    std::max(1.0, eigen.eigenvalues()(d - 1)));
    const bool agree = result.signs(face.i) == result.signs(face.j);
    result.standard_error += agree ? 2 * face.half_distance * face.mixture_density_error
                                   : 2 / face.half_distance * static_cast<double>(d) * face.mixture_second_error;
    for (Index s = 0; s < geometry.clusters(); ++s) {
      result.printed_limit = std::min(result.printed_limit, equation_17(geometry, face, s, 0, true));
      if (d >= 2)
        result.printed_limit =
            std::min(result.printed_limit, equation_17(geometry, face, s, std::numbers::pi / 2, false));
    }
  }
  return result;
}

template <SphericalMixture Model>
MeasuredDrop measure_drop(const PopulationObjective<Model>& objective, const CandidateGeometry& geometry,
                          const OpposingDirection& direction) {
  double shortest = std::numeric_limits<double>::infinity(), longest = 0;
  for (const auto& face : geometry.faces) {
    shortest = std::min(shortest, face.half_distance);
    longest = std::max(longest, 2 * face.half_distance);
  }
  MeasuredDrop result;
  const auto here = objective.value_with_error(geometry.fitted);
  result.standard_error = here.standard_error;
  const double rounding = 8 * std::numeric_limits<double>::epsilon() * std::abs(here.value);
  for (double step = shortest / 1024; step <= longest; step *= 2) {
    const auto there = objective.value_with_error((geometry.fitted + step * direction.direction).eval());
    const double drop = here.value - there.value;
    if (drop < result.drop - rounding) break;  // uphill again, or from the start
    if (drop > result.drop + rounding) result = {step, drop, std::max(here.standard_error, there.standard_error)};
  }
  return result;
}

}  // namespace kmscape

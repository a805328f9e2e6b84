// The Amini-Levina semidefinite relaxation of balanced k-means: minimise <D, Z> over Z positive semidefinite, Z >= 0,
// diag Z = 1, Z 1 = (n / k) 1, with D_ij = |x_i - x_j|^2; balanced partitions are its points with entries 0 and 1.
//
// Source: Amini, Levina, "On semidefinite relaxations for the block model" (2018); one of the methods that Luo, Mixon,
// BalLOT, arXiv 2512.05926, compare with. Solved by alternating projections with multipliers (consensus form; Boyd and
// others 2011, section 7.1), one eigendecomposition an iteration, and rounded by BalLOT on the leading eigenvectors.
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include <kmscape/balanced/ballot.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/solve/seeding.hpp>

namespace kmscape {

enum class AminiLevinaStatus {
  converged,        // the three constraints agree and the iterate rests, within the tolerance
  iteration_limit,  // max_iterations were made
};

[[nodiscard]] constexpr std::string_view to_string(AminiLevinaStatus status) {
  return status == AminiLevinaStatus::converged ? "converged" : "iteration_limit";
}

struct AminiLevinaOptions {
  double tolerance = 1e-6;  // on both residuals, root mean square over the entries of Z
  int max_iterations = 5000;
};

template <std::floating_point Real>
struct AminiLevinaResult {
  Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic> relaxed;  // Z, n x n
  Real value = 0;            // <D, Z> k / (2 n), to be compared with the cost of a balanced partition
  Real primal_residual = 0;  // root mean square of the disagreement between the constraints
  Real dual_residual = 0;    // the same of the last change, times the penalty, costs of mean 1
  AminiLevinaStatus status = AminiLevinaStatus::iteration_limit;
  int iterations = 0;
  Labels labels;  // n: the rounded balanced partition
  Real cost = 0;  // of it, about its means
};

/// Solves the relaxation of `points` (d x n) for k clusters, k dividing n. Throws `invalid_input`. O(n^3) an iteration,
/// O(n^2) memory: for n up to a few hundred.
template <class P>
[[nodiscard]] AminiLevinaResult<Sum<typename P::Scalar>> amini_levina(const Eigen::MatrixBase<P>& points, Index k,
                                                                      const AminiLevinaOptions& options = {}) {
  using Real = Sum<typename P::Scalar>;
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;
  using internal::require;
  constexpr std::string_view function = "amini_levina";
  internal::check_columns(points, function, "points", "point");
  const Index n = points.cols();
  require(k >= 1 && n % std::max<Index>(k, 1) == 0, function, "k", k,
          internal::text("it does not divide the ", n, " points"), "pass a divisor of the number of points");
  require(n >= 3, function, "points.cols()", n, "a relaxation of fewer than three points says nothing",
          "pass three points or more");
  require(options.tolerance > 0, function, "options.tolerance", options.tolerance, "residuals never vanish",
          "pass 1e-6, say");
  const Matrix x = points.template cast<Real>();
  Matrix distances(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) distances(i, j) = (x.col(i) - x.col(j)).squaredNorm();
  const Real mean = distances.mean(), size = static_cast<Real>(n / k), points_count = static_cast<Real>(n);
  const Matrix cost = distances / (mean > 0 ? mean : Real(1));

  AminiLevinaResult<Real> result;
  Matrix common = Matrix::Constant(n, n, size / points_count), before(n, n), affine(n, n), semidefinite(n, n),
         positive(n, n);
  Matrix affine_multiplier = Matrix::Zero(n, n), semidefinite_multiplier = affine_multiplier,
         positive_multiplier = affine_multiplier;
  Eigen::SelfAdjointEigenSolver<Matrix> solver(n);
  Vector rows(n), shift(n);
  Real weight = 1;
  for (result.iterations = 1; result.iterations <= options.max_iterations; ++result.iterations) {
    // The nearest symmetric matrix of these diagonal entries and row sums is X + u 1^T + 1 u^T + diag(v); its two
    // conditions give (n - 2) u_i + sum u = n / k - (row sum)_i - 1 + X_ii.
    affine = common - affine_multiplier - cost / weight;
    rows = affine.rowwise().sum();
    shift = (size - 1 - rows.array()).matrix() + affine.diagonal();
    const Real total = shift.sum() / (2 * points_count - 2);
    shift = (shift.array() - total).matrix() / (points_count - 2);
    affine.colwise() += shift;
    affine.rowwise() += shift.transpose();
    affine.diagonal().setOnes();

    solver.compute(common - semidefinite_multiplier);
    semidefinite.noalias() =
        solver.eigenvectors() * solver.eigenvalues().cwiseMax(Real(0)).asDiagonal() * solver.eigenvectors().transpose();
    positive = (common - positive_multiplier).cwiseMax(Real(0));

    before = common;
    common = (affine + affine_multiplier + semidefinite + semidefinite_multiplier + positive + positive_multiplier) / 3;
    affine_multiplier += affine - common;
    semidefinite_multiplier += semidefinite - common;
    positive_multiplier += positive - common;

    const Real disagreement =
        (affine - common).squaredNorm() + (semidefinite - common).squaredNorm() + (positive - common).squaredNorm();
    result.primal_residual = std::sqrt(disagreement / 3) / points_count;
    result.dual_residual = weight * (common - before).norm() / points_count;
    const Real tolerance = static_cast<Real>(options.tolerance);
    if (result.primal_residual <= tolerance && result.dual_residual <= tolerance) {
      result.status = AminiLevinaStatus::converged;
      break;
    }
    // Neither residual should run ahead of the other (Boyd and others, section 3.4.1).
    Real factor = 1;
    if (result.iterations % 10 == 0 && result.iterations <= options.max_iterations / 2)
      factor = result.primal_residual > 5 * result.dual_residual   ? Real(2)
               : result.dual_residual > 5 * result.primal_residual ? Real(0.5)
                                                                   : Real(1);
    weight *= factor;
    affine_multiplier /= factor;
    semidefinite_multiplier /= factor;
    positive_multiplier /= factor;
  }
  result.iterations = std::min(result.iterations, options.max_iterations);
  result.value = distances.cwiseProduct(common).sum() / (2 * size);
  result.relaxed = common;

  solver.compute(common);
  const Matrix embedded =
      (solver.eigenvectors().rightCols(k) * solver.eigenvalues().tail(k).cwiseMax(Real(0)).cwiseSqrt().asDiagonal())
          .transpose();
  const EmpiricalObjective<Real> objective(embedded);
  // Coincident rows leave fewer distinct places than clusters only where the relaxation says nothing.
  Matrix start = embedded.leftCols(k);
  if (objective.distinct_points(k) >= k)
    start = seed_centers(objective, k, {.method = Seeding::maximin, .seed = 1}).centers;
  BalancedAssignment<Real> rounded;
  auto fit = ballot(embedded, start);
  rounded.labels = std::move(fit.labels);
  rounded.sizes = std::move(fit.sizes);
  Matrix centers = Matrix::Zero(x.rows(), k);
  internal::take_means(x, nullptr, rounded, centers);
  result.cost = internal::cost_of(x, nullptr, rounded, centers);
  result.labels = std::move(rounded.labels);
  return result;
}

}  // namespace kmscape

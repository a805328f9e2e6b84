// The Amini-Levina semidefinite relaxation of balanced k-means: minimise <D, Z> over Z positive semidefinite, Z >= 0,
// diag Z = 1, Z 1 = (n / k) 1, with D_ij = |x_i - x_j|^2; balanced partitions are its points with entries 0 and 1.
//
// Source: Amini, Levina, "On semidefinite relaxations for the block model" (2018); one of the methods that Luo, Mixon,
// BalLOT, arXiv 2512.05926, compare with. Solved on the dual, maximise sum u + 2 (n / k) sum w over Diag(u) + w 1^T +
// 1 w^T + S + W = D, S positive semidefinite, W >= 0, by alternating directions with multiplier Z, the equations taken
// before and after S (Sun, Toh, Yang 2015): one eigendecomposition an iteration. Whatever u, w and W >= 0 have become,
// trace Z = n makes sum u + 2 (n / k) sum w + n min(0, least eigenvalue of what is left for S) a bound that no balanced
// partition undercuts. Rounded by BalLOT on the leading eigenvectors.
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
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
  converged,        // constraints hold, and value and bound agree, within the tolerance
  iteration_limit,  // max_iterations were made
};

[[nodiscard]] constexpr std::string_view to_string(AminiLevinaStatus status) {
  return status == AminiLevinaStatus::converged ? "converged" : "iteration_limit";
}

struct AminiLevinaOptions {
  double tolerance = 1e-6;  // relative: on both residuals and on value minus bound
  int max_iterations = 20000;
};

template <std::floating_point Real>
struct AminiLevinaResult {
  Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic> relaxed;  // Z, n x n
  Real value = 0;            // <D, Z> k / (2 n), to be compared with the cost of a balanced partition
  Real bound = 0;            // the same of the best dual solution met, its rounding error taken off: no balanced
                             // partition costs less, converged or not
  Real primal_residual = 0;  // Z's violation of the constraints, and what Z and the dual solution are short of
                             // complementary, the largest, relative to norms
  Real dual_residual = 0;    // the dual equation's violation, likewise
  AminiLevinaStatus status = AminiLevinaStatus::iteration_limit;
  int iterations = 0;
  Labels labels;                                                // n: the rounded balanced partition
  Counts sizes;                                                 // k: n / k
  Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic> centers;  // d x k: its means
  Real cost = 0;  // of it, about its means; where it is the bound up to rounding, the partition is an optimal one
};

/// Solves the relaxation of `points` (d x n) for k clusters, k dividing n. Throws `invalid_input`. O(n^3) an iteration,
/// O(n^2) memory: for n up to a few hundred. The iterations are few where clusters are separated and many where they
/// are not: two balls in the plane, n = 256, take 80 (0.7 s) at Delta = 2.2 and 1060 (10 s) at 1.8; three, n = 255, at
/// Delta = 1.6 end at the default limit (205 s) with residual 3e-6 and bound 8e-6 short of the value. `bound` holds
/// still.
template <class P>
[[nodiscard]] AminiLevinaResult<Sum<typename P::Scalar>> amini_levina(const Eigen::MatrixBase<P>& points, Index k,
                                                                      const AminiLevinaOptions& options = {});

namespace internal {

/// The state of the iteration, costs of mean 1.
template <std::floating_point Real>
class AminiLevinaIteration {
 public:
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;

  AminiLevinaIteration(const Matrix& cost, Real size)
      : cost_(cost),
        n_(cost.rows()),
        size_(size),
        z_(Matrix::Constant(n_, n_, size / static_cast<Real>(n_))),
        semidefinite_(Matrix::Zero(n_, n_)),
        positive_(semidefinite_),
        equations_(semidefinite_),
        work_(n_, n_),
        diagonal_(Vector::Zero(n_)),
        rows_(diagonal_),
        solver_(n_) {}

  void step() {
    positive_ = (cost_ - equations_ - semidefinite_ - z_ / penalty_).cwiseMax(Real(0));
    solve_equations();
    project();
    solve_equations();
    // Longer than 1, short of the golden ratio up to which the iteration is proved to converge.
    work_ = equations_ + semidefinite_ + positive_ - cost_;
    z_ += Real(1.6) * penalty_ * work_;
    const Real of_z = z_.norm(), of_s = semidefinite_.norm(), of_w = positive_.norm(), n = static_cast<Real>(n_);
    const Real equations =
        std::sqrt((z_.diagonal().array() - 1).square().sum() + 4 * (z_.rowwise().sum().array() - size_).square().sum());
    primal_residual =
        std::max({equations / (1 + std::sqrt(n + 4 * size_ * size_ * n)), z_.cwiseMin(Real(0)).norm() / (1 + of_z),
                  std::abs(semidefinite_.cwiseProduct(z_).sum()) / (1 + of_s + of_z),
                  std::abs(positive_.cwiseProduct(z_).sum()) / (1 + of_w + of_z)});
    dual_residual = work_.norm() / (1 + cost_.norm());
  }

  /// Neither residual should run ahead of the other: called once in a while.
  void balance_penalty() {
    if (primal_residual > 2 * dual_residual) penalty_ /= Real(1.5);
    if (dual_residual > 2 * primal_residual) penalty_ *= Real(1.5);
  }

  /// What the present dual solution proves of <D, Z>.
  [[nodiscard]] Real bound() {
    work_ = cost_ - equations_ - positive_;
    solver_.compute(work_, Eigen::EigenvaluesOnly);
    const Real n = static_cast<Real>(n_), scale = work_.norm() + diagonal_.norm() + size_ * rows_.norm() + cost_.norm();
    const Real rounding = 10 * n * n * std::numeric_limits<Real>::epsilon() * scale;
    return diagonal_.sum() + 2 * size_ * rows_.sum() + n * std::min(solver_.eigenvalues()(0), Real(0)) - rounding;
  }

  [[nodiscard]] Real value() const { return cost_.cwiseProduct(z_).sum(); }
  [[nodiscard]] const Matrix& relaxed() const { return z_; }

  Real primal_residual = 0, dual_residual = 0;

 private:
  /// The best u and w for the present S, W and Z. Of the equations' normal matrix, diag and row sums give
  /// u + 2 w = r and 2 u + 2 n w + 2 (sum w) 1 = q.
  void solve_equations() {
    work_ = cost_ - semidefinite_ - positive_;
    const Real n = static_cast<Real>(n_);
    const Vector r = work_.diagonal() + ((1 - z_.diagonal().array()) / penalty_).matrix();
    const Vector q = 2 * work_.rowwise().sum() + (2 * (size_ - z_.rowwise().sum().array()) / penalty_).matrix();
    const Vector difference = q - 2 * r;
    const Real total = difference.sum() / (4 * n - 4);
    rows_ = ((difference.array() - 2 * total) / (2 * n - 4)).matrix();
    diagonal_ = r - 2 * rows_;
    equations_ = rows_.replicate(1, n_);
    equations_.rowwise() += rows_.transpose();
    equations_.diagonal() += diagonal_;
  }

  /// S: the positive semidefinite part, from whichever part has fewer eigenvalues.
  void project() {
    work_ = cost_ - equations_ - positive_ - z_ / penalty_;
    solver_.compute(work_);
    const Index positive = (solver_.eigenvalues().array() > 0).count();
    const bool few = 2 * positive <= n_;
    const Index count = few ? positive : n_ - positive;
    const Matrix vectors = few ? solver_.eigenvectors().rightCols(count) : solver_.eigenvectors().leftCols(count);
    const Vector values = few ? solver_.eigenvalues().tail(count) : solver_.eigenvalues().head(count);
    if (few)
      semidefinite_.noalias() = vectors * values.asDiagonal() * vectors.transpose();
    else
      semidefinite_ = work_ - vectors * values.asDiagonal() * vectors.transpose();
  }

  const Matrix& cost_;
  Index n_;
  Real size_, penalty_ = 1;
  Matrix z_, semidefinite_, positive_, equations_, work_;
  Vector diagonal_, rows_;
  Eigen::SelfAdjointEigenSolver<Matrix> solver_;
};

}  // namespace internal

template <class P>
AminiLevinaResult<Sum<typename P::Scalar>> amini_levina(const Eigen::MatrixBase<P>& points, Index k,
                                                        const AminiLevinaOptions& options) {
  using Real = Sum<typename P::Scalar>;
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
  using internal::require;
  constexpr std::string_view function = "amini_levina";
  internal::check_columns(points, function, "points", "point");
  const Index n = points.cols();
  require(k >= 1 && n % std::max<Index>(k, 1) == 0, function, "k", k,
          internal::text("it does not divide the ", n, " points"), "pass a divisor of the number of points");
  require(n >= 3, function, "points.cols()", n, "a relaxation of fewer than three points says nothing",
          "pass three points or more");
  require(options.max_iterations >= 1, function, "options.max_iterations", options.max_iterations,
          "a relaxation takes at least one iteration", "pass 1 or more");
  require(options.tolerance > 0, function, "options.tolerance", options.tolerance, "residuals never vanish",
          "pass 1e-6, say");
  const Matrix x = points.template cast<Real>();
  Matrix distances(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) distances(i, j) = (x.col(i) - x.col(j)).squaredNorm();
  const Real mean = distances.mean(), scale = mean > 0 ? mean : Real(1), size = static_cast<Real>(n / k);
  const Matrix cost = distances / scale;

  AminiLevinaResult<Real> result;
  internal::AminiLevinaIteration<Real> iteration(cost, size);
  const Real tolerance = static_cast<Real>(options.tolerance);
  Real best = 0;  // costs are not negative
  constexpr int usual = 20;
  for (;;) {
    iteration.step();
    ++result.iterations;
    const bool is_last = result.iterations >= options.max_iterations;
    if (!is_last && result.iterations % usual != 0) continue;
    const bool fits = iteration.primal_residual <= tolerance && iteration.dual_residual <= tolerance;
    if (fits || is_last) {
      best = std::max(best, iteration.bound());
      if (fits && std::abs(iteration.value() - best) <= tolerance * (1 + iteration.value()))
        result.status = AminiLevinaStatus::converged;
      if (is_last || result.status == AminiLevinaStatus::converged) break;
    }
    iteration.balance_penalty();
  }
  result.primal_residual = iteration.primal_residual;
  result.dual_residual = iteration.dual_residual;
  result.relaxed = iteration.relaxed();
  result.value = iteration.value() * scale / (2 * size);
  result.bound = best * scale / (2 * size);

  const Eigen::SelfAdjointEigenSolver<Matrix> solver(result.relaxed);
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
  result.sizes = std::move(rounded.sizes);
  result.centers = std::move(centers);
  return result;
}

}  // namespace kmscape

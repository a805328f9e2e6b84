// The Amini-Levina semidefinite relaxation of balanced k-means: minimise <D, Z> over Z positive semidefinite, Z >= 0,
// diag Z = 1, Z 1 = (n / k) 1, with D_ij = |x_i - x_j|^2; balanced partitions are its points with entries 0 and 1.
//
// Source: Amini, Levina, "On semidefinite relaxations for the block model" (2018); one of the methods that Luo, Mixon,
// BalLOT, arXiv 2512.05926, compare with. Z is sought as one point of two sets whose nearest points are closed forms:
// the Z with Z 1 = (n / k) 1 and the rest, on the complement of 1, positive semidefinite; and the Y >= 0 with diag Y
// = 1. Douglas and Rachford's iteration, overrelaxed (Eckstein, Bertsekas 1992) and accelerated (Anderson 1965; Walker,
// Ni 2011), goes from one to the other; its multiplier L has -L = Diag(u) + W, W >= 0 off the diagonal. With P the
// projection on the complement of 1 and S = (P (D + L) P)_+, some w makes Diag(u) + w 1^T + 1 w^T + S + W = D but for
// what S leaves out. Whatever L has become, trace P Z P = n - n / k makes sum u + 2 (n / k) sum w + (n - n / k) min(0,
// least eigenvalue of P (D + L) P) a bound that no balanced partition undercuts. Rounded by BalLOT on the leading
// eigenvectors.
//
// Of two clusters Z >= 0 says nothing new: P Z P is semidefinite with diagonal 1 / 2, so that no entry of it is less
// than -1 / 2, and none of Z = P Z P + 1 / 2 less than 0. It is left out, and W is 0. Kept, W_ij could be traded for a
// multiple of (e_i + e_j) (e_i + e_j)^T in S where Z_ij = 0, and between so many dual solutions the iteration creeps.
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include <kmscape/balanced/anderson_memory.hpp>
#include <kmscape/balanced/ballot.hpp>
#include <kmscape/balanced/semidefinite_part.hpp>
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
/// O(n^2) memory: for n up to a few hundred. The iterations are few for two clusters, overlapping or not: balls in the
/// plane, n = 256, take 150 (0.5 s) at Delta = 2.2, 400 (1.2 s) at 1.8 and 500 (1.5 s) at 1.4. Of three and more that
/// overlap they are many: n = 255 at Delta = 1.6 takes 12,650 (44 s), as `KMSCAPE_BENCH_LARGE=1 sh bench/run.sh
/// balanced` measures, and at 1.8 the default max_iterations may end them just short of 1e-6.
template <class P>
[[nodiscard]] AminiLevinaResult<Sum<typename P::Scalar>> amini_levina(const Eigen::MatrixBase<P>& points, Index k,
                                                                      const AminiLevinaOptions& options = {});

namespace internal {

/// The state of the iteration, costs of mean 1. All of it is one matrix z: Y is its part >= 0 with diagonal 1 (of two
/// clusters, z with diagonal 1), and z - Y the multiplier of Y = Z, over the penalty.
template <std::floating_point Real>
class AminiLevinaIteration {
 public:
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;

  AminiLevinaIteration(const Matrix& cost, Real size)
      : cost_(cost),
        n_(cost.rows()),
        size_(size),
        centered_cost_(cost),
        state_(Matrix::Constant(n_, n_, size / static_cast<Real>(n_))),
        positive_(n_, n_),
        relaxed_(n_, n_),
        work_(n_, n_),
        image_(n_, n_),
        plain_(n_, n_),
        residuals_(n_ * (n_ + 1) / 2),
        images_(residuals_.size()),
        memory_(residuals_.size(), std::min<Index>(20, (n_ + 1) / 2)),
        part_(n_) {
    if (2 * size == static_cast<Real>(n_)) {  // Z >= 0 follows from the rest
      least_entry_ = -std::numeric_limits<Real>::infinity();
      favor_ = 1;
    }
    center(centered_cost_);
    state_.diagonal().setOnes();
  }

  /// Brings Z and the multiplier of the present state up to date, and takes the state further.
  void step() {
    take_positive();
    work_ = 2 * positive_ - state_ - centered_cost_ / penalty_;
    center(work_);
    part_.project(work_, relaxed_);
    relaxed_.array() += size_ / static_cast<Real>(n_);
    work_ = relaxation * (relaxed_ - positive_);
    const Real residual = work_.norm();
    multiplier_penalty_ = penalty_;
    multiplier_ = state_ - positive_;
    if (is_extrapolated_ && !(residual <= 2 * last_residual_)) {  // it led astray
      state_ = plain_;
      memory_.forget();
      is_extrapolated_ = false;
      return;
    }
    image_ = state_ + work_;
    pack(work_, residuals_);
    pack(image_, images_);
    is_extrapolated_ = memory_.extrapolate(residuals_, images_);
    state_ = image_;
    if (!is_extrapolated_) return;
    plain_.swap(image_);
    last_residual_ = residual;
    unpack(images_, state_);
  }

  /// How far the present Z and the dual solution that belongs to the multiplier are from optimal.
  void measure() {
    const Real n = static_cast<Real>(n_), penalty = multiplier_penalty_;
    const Real multipliers = penalty * multiplier_.trace();
    work_ = cost_ + penalty * multiplier_;
    const Real sum = work_.sum() * size_ / n;
    const Real scale =
        work_.norm() + size_ * work_.rowwise().mean().norm() + cost_.norm() + multiplier_.diagonal().norm() * penalty;
    center(work_);
    part_.project(work_, image_);
    const Real least = std::min(part_.least_eigenvalue(), Real(0));
    dual_residual = (image_ - work_).norm() / (1 + cost_.norm());
    const Real rounding = 10 * n * n * std::numeric_limits<Real>::epsilon() * scale;
    bound = std::max(bound, sum - multipliers + (n - size_) * least - rounding);
    value = cost_.cwiseProduct(relaxed_).sum();

    const Real of_z = relaxed_.norm(), of_s = image_.norm();
    work_ = penalty * multiplier_;
    work_.diagonal().setZero();
    const Real of_w = work_.norm(), w_z = work_.cwiseProduct(relaxed_).sum();
    const Real equations = std::sqrt((relaxed_.diagonal().array() - 1).square().sum() +
                                     4 * (relaxed_.rowwise().sum().array() - size_).square().sum());
    const Real with_s = std::abs(image_.cwiseProduct(relaxed_).sum()) / (1 + of_s + of_z);
    primal_share_ = std::max({equations / (1 + std::sqrt(n + 4 * size_ * size_ * n)),
                              relaxed_.cwiseMin(Real(0)).norm() / (1 + of_z), std::abs(w_z) / (1 + of_w + of_z)});
    dual_share_ = std::max({dual_residual, with_s, -(n - size_) * least / (1 + value)});
    primal_residual = std::max(primal_share_, with_s);
  }

  /// What a larger penalty makes smaller should not run ahead of what it makes larger: called after `measure`.
  void balance_penalty() {
    log_ratio_ += std::log(std::max(primal_share_, tiny) / std::max(dual_share_, tiny));
    ++since_;
    ++measures_;
    if (measures_ < next_change_) return;
    // A change forgets what was remembered, so that they come ever more seldom.
    const Real mean = log_ratio_ / static_cast<Real>(since_) + std::log(favor_);
    if (std::abs(mean) <= std::log(Real(2))) return;
    const Real factor = std::clamp(std::exp(mean / 2), Real(0.2), Real(5));
    take_positive();
    state_ = positive_ + (state_ - positive_) / factor;
    penalty_ *= factor;
    memory_.forget();
    is_extrapolated_ = false;
    log_ratio_ = 0;
    since_ = 0;
    next_change_ = measures_ + 2 + measures_ / 2;
  }

  [[nodiscard]] const Matrix& relaxed() const { return relaxed_; }
  [[nodiscard]] Matrix multiplier() const { return multiplier_penalty_ * multiplier_; }

  Real primal_residual = 0, dual_residual = 0, value = 0;
  Real bound = 0;  // costs are not negative

 private:
  static constexpr Real relaxation = Real(1.6), tiny = std::numeric_limits<Real>::epsilon();

  void take_positive() {
    positive_ = state_.cwiseMax(least_entry_);
    positive_.diagonal().setOnes();
  }

  /// P a P, P taking the mean off.
  void center(Matrix& a) const {
    const Vector means = a.colwise().mean().transpose();
    const Real mean = means.mean();
    for (Index j = 0; j < n_; ++j) a.col(j).array() -= means.array() + (means(j) - mean);
  }

  void pack(const Matrix& a, Vector& packed) const {
    for (Index j = 0, at = 0; j < n_; at += n_ - j, ++j) packed.segment(at, n_ - j) = a.col(j).tail(n_ - j);
  }

  void unpack(const Vector& packed, Matrix& a) const {
    for (Index j = 0, at = 0; j < n_; at += n_ - j, ++j) a.col(j).tail(n_ - j) = packed.segment(at, n_ - j);
    a.template triangularView<Eigen::StrictlyUpper>() = a.transpose();
  }

  const Matrix& cost_;
  Index n_;
  Real size_, penalty_ = 30, multiplier_penalty_ = 30;
  Matrix centered_cost_, state_, positive_, relaxed_, multiplier_, work_, image_, plain_;
  Vector residuals_, images_;
  AndersonMemory<Real> memory_;
  SemidefinitePart<Real> part_;
  Real least_entry_ = 0;  // of Y, off the diagonal
  // Measured at n = 60 and 120, three and four balls 1.6 apart: 1 takes up to twice the iterations, 10 a quarter more.
  // Without multipliers of Z >= 0 it is the other way round: two balls, n = 256, take a fifth more with 4 than with 1.
  Real favor_ = 4;
  Real last_residual_ = 0, primal_share_ = 0, dual_share_ = 0;
  bool is_extrapolated_ = false;
  Real log_ratio_ = 0;
  int since_ = 0, measures_ = 0, next_change_ = 2;  // in measures
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
  constexpr int usual = 25;
  while (result.status != AminiLevinaStatus::converged && result.iterations < options.max_iterations) {
    iteration.step();
    ++result.iterations;
    if (result.iterations < options.max_iterations && result.iterations % usual != 0) continue;
    iteration.measure();
    if (iteration.primal_residual <= tolerance && iteration.dual_residual <= tolerance &&
        std::abs(iteration.value - iteration.bound) <= tolerance * (1 + iteration.value))
      result.status = AminiLevinaStatus::converged;
    iteration.balance_penalty();
  }
  result.primal_residual = iteration.primal_residual;
  result.dual_residual = iteration.dual_residual;
  result.relaxed = iteration.relaxed();
  result.value = iteration.value * scale / (2 * size);
  result.bound = iteration.bound * scale / (2 * size);

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

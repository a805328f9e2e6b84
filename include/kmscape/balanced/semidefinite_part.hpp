// The positive semidefinite matrix nearest to a symmetric one: its eigenvalues below zero put to zero.
//
// Where few eigenvalues have one of the signs, as near the solution of a semidefinite program, only theirs are
// computed: Householder's tridiagonal form, bisection on Sturm counts for all of them at once, inverse iteration
// (Parlett, The symmetric eigenvalue problem, chapters 3, 4, 7). At n = 255 with 20 of them it takes a third of the
// time of Eigen's solver, most of which goes into turning the n eigenvectors.
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <utility>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>

namespace kmscape::internal {

/// A workspace for matrices of one size.
template <std::floating_point Real>
class SemidefinitePart {
 public:
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;
  using Array = Eigen::Array<Real, Eigen::Dynamic, 1>;

  explicit SemidefinitePart(Index n)
      : tridiagonal_(n),
        diagonal_(n),
        beside_(n - 1),
        squares_(n - 1),
        pivots_(n),
        above_(n),
        second_(n),
        factors_(n) {}

  /// Writes that of `a` (n x n, symmetric) into `part`.
  void project(const Matrix& a, Matrix& part) {
    reduce(a);
    const Real least = std::numeric_limits<Real>::epsilon() * norm_;
    const Index positive = count_above(least), negative = a.rows() - count_above(-least);
    const bool few = positive <= negative;
    if (few)
      part.setZero(a.rows(), a.rows());
    else
      part = a;
    if (std::min(positive, negative) == 0) return;
    if (!few) {  // a + (-a)_+
      diagonal_ = -diagonal_;
      beside_ = -beside_;
    }
    find_eigenvalues(few ? positive : negative);
    const bool found = find_eigenvectors();
    if (!few) {
      diagonal_ = -diagonal_;
      beside_ = -beside_;
    }
    if (!found) {
      const Eigen::SelfAdjointEigenSolver<Matrix> solver(a);
      part = solver.eigenvectors() * solver.eigenvalues().cwiseMax(Real(0)).asDiagonal() *
             solver.eigenvectors().transpose();
      return;
    }
    vectors_.applyOnTheLeft(tridiagonal_.matrixQ());
    vectors_ *= values_.sqrt().matrix().asDiagonal();
    part.template selfadjointView<Eigen::Lower>().rankUpdate(vectors_);
    part.template triangularView<Eigen::StrictlyUpper>() = part.transpose();
  }

  /// The least eigenvalue of the last matrix, from below.
  [[nodiscard]] Real least_eigenvalue() {
    const auto n = diagonal_.size();
    Real low = -norm_, high = norm_;
    for (int step = 0; step < steps; ++step) {
      const Real middle = (low + high) / 2;
      (count_above(middle) == n ? low : high) = middle;
    }
    return low;
  }

 private:
  static constexpr int steps = std::numeric_limits<Real>::digits + 2;

  void reduce(const Matrix& a) {
    const Index n = a.rows();
    tridiagonal_.compute(a);
    diagonal_ = tridiagonal_.diagonal();
    beside_ = tridiagonal_.subDiagonal();
    squares_ = beside_.cwiseAbs2();
    // Gershgorin's bound.
    factors_ = diagonal_.cwiseAbs();
    factors_.head(n - 1) += beside_.cwiseAbs();
    factors_.tail(n - 1) += beside_.cwiseAbs();
    norm_ = factors_.maxCoeff();
    smallest_pivot_ = std::numeric_limits<Real>::min() * std::max(Real(1), squares_.maxCoeff());
  }

  /// How many eigenvalues lie above each of `at_`: the positive pivots of T - at.
  void count() {
    pivot_ = diagonal_(0) - at_;
    counts_ = (pivot_ > 0).template cast<Real>();
    for (Index i = 1; i < diagonal_.size(); ++i) {
      pivot_ = (pivot_.abs() < smallest_pivot_).select(-smallest_pivot_, pivot_);
      pivot_ = diagonal_(i) - at_ - squares_(i - 1) / pivot_;
      counts_ += (pivot_ > 0).template cast<Real>();
    }
  }

  [[nodiscard]] Index count_above(Real value) {
    at_.setConstant(1, value);
    count();
    return static_cast<Index>(counts_(0));
  }

  /// The `wanted` largest eigenvalues, none of them negative, in falling order.
  void find_eigenvalues(Index wanted) {
    low_.setZero(wanted);
    high_.setConstant(wanted, norm_);
    rank_.setLinSpaced(wanted, Real(1), static_cast<Real>(wanted));
    for (int step = 0; step < steps && wanted > 0; ++step) {
      at_ = (low_ + high_) / 2;
      count();
      low_ = (counts_ >= rank_).select(at_, low_);
      high_ = (counts_ >= rank_).select(high_, at_);
    }
    values_ = (low_ + high_) / 2;
  }

  /// Those of the tridiagonal matrix, kept orthogonal to one another as they come: false where one does not.
  [[nodiscard]] bool find_eigenvectors() {
    const Index n = diagonal_.size();
    const Real accuracy = 64 * std::numeric_limits<Real>::epsilon() * norm_;
    vectors_.resize(n, values_.size());
    RandomStream stream(Seed(1), 0);
    Vector x(n), product(values_.size());
    for (Index j = 0; j < values_.size(); ++j) {
      factorise(values_(j));
      for (Index i = 0; i < n; ++i) x(i) = static_cast<Real>(stream.uniform()) - Real(0.5);
      bool good = false;
      for (int round = 0; round < 6 && !good; ++round) {
        x.normalize();
        solve(x);
        x /= x.cwiseAbs().maxCoeff();
        for (int twice = 0; twice < 2; ++twice) {
          product.head(j).noalias() = vectors_.leftCols(j).transpose() * x;
          x.noalias() -= vectors_.leftCols(j) * product.head(j);
        }
        x.normalize();
        factors_ = (diagonal_.array() - values_(j)).matrix().cwiseProduct(x);
        factors_.head(n - 1) += beside_.cwiseProduct(x.tail(n - 1));
        factors_.tail(n - 1) += beside_.cwiseProduct(x.head(n - 1));
        good = round > 0 && factors_.norm() <= accuracy;
      }
      if (!good) return false;
      vectors_.col(j) = x;
    }
    return true;
  }

  /// T - shift as a product of triangular matrices, rows interchanged where the pivot would be the smaller.
  void factorise(Real shift) {
    const Index n = diagonal_.size();
    const Real least = std::numeric_limits<Real>::epsilon() * norm_;
    const auto safe = [least](Real pivot) { return std::abs(pivot) >= least ? pivot : pivot < 0 ? -least : least; };
    multipliers_.resize(n);
    interchanged_.setConstant(n, false);
    Real pivot = diagonal_(0) - shift, above = beside_(0);
    for (Index i = 0; i + 1 < n; ++i) {
      const Real below = beside_(i), next = diagonal_(i + 1) - shift, further = i + 2 < n ? beside_(i + 1) : Real(0);
      interchanged_(i) = std::abs(pivot) < std::abs(below);
      if (interchanged_(i)) {
        multipliers_(i) = pivot / below;
        pivots_(i) = safe(below);
        above_(i) = next;
        second_(i) = further;
        pivot = above - multipliers_(i) * next;
        above = -multipliers_(i) * further;
      } else {
        pivots_(i) = safe(pivot);
        multipliers_(i) = below / pivots_(i);
        above_(i) = above;
        second_(i) = 0;
        pivot = next - multipliers_(i) * above;
        above = further;
      }
    }
    pivots_(n - 1) = safe(pivot);
  }

  void solve(Vector& x) const {
    const Index n = x.size();
    for (Index i = 0; i + 1 < n; ++i) {
      if (interchanged_(i)) std::swap(x(i), x(i + 1));
      x(i + 1) -= multipliers_(i) * x(i);
    }
    x(n - 1) /= pivots_(n - 1);
    x(n - 2) = (x(n - 2) - above_(n - 2) * x(n - 1)) / pivots_(n - 2);
    for (Index i = n - 3; i >= 0; --i) x(i) = (x(i) - above_(i) * x(i + 1) - second_(i) * x(i + 2)) / pivots_(i);
  }

  Eigen::Tridiagonalization<Matrix> tridiagonal_;
  Vector diagonal_, beside_, squares_;
  Real norm_ = 0, smallest_pivot_ = 0;
  Array at_, pivot_, counts_, low_, high_, rank_, values_;
  Matrix vectors_;
  Vector pivots_, above_, second_, multipliers_, factors_;
  Eigen::Array<bool, Eigen::Dynamic, 1> interchanged_;
};

}  // namespace kmscape::internal

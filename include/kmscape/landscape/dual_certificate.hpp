// Is a clustering the best there is? A proof by semidefinite duality, or a lower bound on what any clustering reaches.
//
// Let x_i have weight w_i and mean 0, and write a partition with cells of mass W_a as X = sum_a u_a u_a' / W_a, where
// u_a holds sqrt(w_i) on cell a and 0 elsewhere. Then G_n = sum_i w_i |x_i|^2 - <K, X> with K_ij = sqrt(w_i w_j)
// x_i.x_j, and X is positive semidefinite, has no negative entry, trace k and X s = s for s = sqrt(w): what the
// relaxation of Peng and Wei (2007) keeps. By the last, the eigenvalues of X other than that of s lie in [0, 1] and sum
// to k - 1. So for every symmetric B without negative entries
//
//   G_n >= sum_i w_i |x_i|^2 - s'B s / s's - (the k - 1 largest eigenvalues of K + B orthogonal to s)   at all centers.
//
// B = 0 is the bound by principal components (Ding, He 2004). For a given partition B should vanish within its cells
// and make the span of the u_a invariant under K + B. With g_ab(i) = |x_i - c_b|^2 - |x_i - c_a|^2 for i in cell a,
//
//   B_ab = r_ab r_ba' / rho_ab,   r_ab(i) = W_b sqrt(w_i) (g_ab(i) / 2 - t_ab),   rho_ab = u_a'r_ab = u_b'r_ba,
//
// does, for every t_ab = t_ba up to half the least g_ab or g_ba. Where all eigenvalues in that span are at least as
// large as those orthogonal to it, the bound is the partition's own value: it is optimal. t_ab = z (1/W_a + 1/W_b) / 2,
// z as large as allowed, is the certificate of Iguchi, Mixon, Peterson, Villar (2017); each t_ab as large as allowed is
// tried too. K + B has rank at most d + k (k - 1), so no n x n matrix is needed.
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

struct DualCertificate {
  bool proven = false;  // the partition is a global minimum among all of at most k cells
  double value = 0;     // G_n of the partition that the centers induce, about its own means
  double bound = 0;     // no k centers have a lower G_n; `value` where proven
  double gap = 0;       // value - bound, never negative
  double margin = 0;  // least eigenvalue on the cells minus the largest orthogonal to them; at least `error` in a proof
  double error = 0;   // bound on the rounding of the eigenvalues, taken off `bound` where nothing is proven
};

/// Certifies the partition that `centers` (d x k, finite) induce on the data, or bounds from below what k centers can
/// reach. Throws `invalid_input`. With m = d + k (k - 1) and m <= n: O(n m^2 + m^3), memory O(n m).
template <DataObjective O, class Derived>
[[nodiscard]] DualCertificate dual_certificate(const O& objective, const Eigen::MatrixBase<Derived>& centers);

namespace internal {

/// The partition in coordinates about the mean, and the matrices of one dual point at a time.
template <DataObjective O>
class DualPoint {
 public:
  using Matrix = Dependent<Eigen::MatrixXd, O>;
  using Vector = Dependent<Eigen::VectorXd, O>;

  template <class Derived>
  DualPoint(const O& objective, const Eigen::MatrixBase<Derived>& centers) : k_(centers.cols()) {
    const auto assignment = objective.assign(centers);
    const Index n = objective.size(), d = objective.dimension();
    std::vector<Index> name(static_cast<std::size_t>(k_), -1);  // empty cells have none
    for (Index j = 0; j < k_; ++j)
      if (assignment.counts(j) > 0) name[static_cast<std::size_t>(j)] = cells_++;

    // Differences from the first point, then from the mean: the data may lie far from the origin.
    points_.resize(d, n);
    root_.resize(n);
    cell_.resize(static_cast<std::size_t>(n));
    for (Index i = 0; i < n; ++i) {
      for (Index s = 0; s < d; ++s)
        points_(s, i) = static_cast<double>(static_cast<Sum<typename O::Scalar>>(objective.points()(s, i)) -
                                            static_cast<Sum<typename O::Scalar>>(objective.points()(s, 0)));
      root_(i) = std::sqrt(static_cast<double>(objective.weight(i)));
      cell_[static_cast<std::size_t>(i)] = name[static_cast<std::size_t>(assignment.labels(i))];
    }
    const double total = root_.squaredNorm();
    const Vector mean = points_ * root_.cwiseAbs2() / total;
    points_.colwise() -= mean;

    mass_.setZero(cells_);
    means_.setZero(d, cells_);
    for (Index i = 0; i < n; ++i) mass_(cell(i)) += root_(i) * root_(i);
    for (Index i = 0; i < n; ++i) means_.col(cell(i)) += root_(i) * root_(i) / mass_(cell(i)) * points_.col(i);
    for (Index i = 0; i < n; ++i) value_ += root_(i) * root_(i) * (points_.col(i) - means_.col(cell(i))).squaredNorm();
    scale_ = value_ + (means_.colwise().squaredNorm() * mass_).value();

    // Half the least g of every pair of cells.
    half_.setConstant(cells_, cells_, std::numeric_limits<double>::infinity());
    for (Index i = 0; i < n; ++i)
      for (Index b = 0; b < cells_; ++b)
        if (const Index a = cell(i); b != a) half_(a, b) = std::min(half_(a, b), half_gain(i, b));
    for (Index a = 0; a < cells_; ++a)
      for (Index b = 0; b < a; ++b) half_(a, b) = half_(b, a) = std::min(half_(a, b), half_(b, a));
  }

  [[nodiscard]] DualCertificate run() {
    DualCertificate best;
    best.value = value_;
    best.margin = -std::numeric_limits<double>::infinity();
    best.gap = std::numeric_limits<double>::infinity();
    if (!(value_ > 0) || k_ == 1) {  // nothing is below 0; one center is best on the mean
      best.proven = true;
      best.gap = best.margin = 0;
      best.bound = value_;
      return best;
    }
    consider(principal_components(), best);
    if (cells_ == k_) {
      double z = std::numeric_limits<double>::infinity();
      for (Index a = 0; a < cells_; ++a)
        for (Index b = 0; b < a; ++b) z = std::min(z, 2 * half_(a, b) * harmonic(a, b));
      Matrix common(cells_, cells_);
      for (Index a = 0; a < cells_; ++a)
        for (Index b = 0; b < cells_; ++b) common(a, b) = std::min(half_(a, b), z / (2 * harmonic(a, b)));
      consider(evaluate(common), best);
      if (!best.proven) consider(evaluate(half_), best);
    }
    best.bound = best.value - best.gap;
    return best;
  }

 private:
  [[nodiscard]] Index cell(Index i) const { return cell_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] double harmonic(Index a, Index b) const { return mass_(a) * mass_(b) / (mass_(a) + mass_(b)); }

  /// g_ab(i) / 2 as (c_a - c_b).(x_i - (c_a + c_b) / 2).
  [[nodiscard]] double half_gain(Index i, Index b) const {
    const Index a = cell(i);
    double sum = 0;
    for (Index s = 0; s < points_.rows(); ++s)
      sum += (means_(s, a) - means_(s, b)) * (points_(s, i) - (means_(s, a) + means_(s, b)) / 2);
    return sum;
  }

  static void consider(const DualCertificate& candidate, DualCertificate& best) {
    best.proven |= candidate.proven;
    if (candidate.margin > best.margin) {
      best.margin = candidate.margin;
      best.error = candidate.error;
    }
    best.gap = best.proven ? 0 : std::min(best.gap, candidate.gap);
  }

  /// Rounding of eigenvalues of a matrix of this norm that products of length n build (a generous constant).
  [[nodiscard]] double rounding(double norm) const {
    return 8 * std::numeric_limits<double>::epsilon() * static_cast<double>(points_.cols() + points_.rows()) * norm;
  }

  /// The bound with B = 0.
  [[nodiscard]] DualCertificate principal_components() const {
    const Matrix weighted = points_ * root_.asDiagonal();
    const Matrix scatter = points_.rows() <= points_.cols() ? Matrix(weighted * weighted.transpose())
                                                            : Matrix(weighted.transpose() * weighted);
    const Vector eigenvalues = Eigen::SelfAdjointEigenSolver<Matrix>(scatter, Eigen::EigenvaluesOnly).eigenvalues();
    DualCertificate result;
    result.margin = -std::numeric_limits<double>::infinity();
    result.error = rounding(scale_);
    // What the k - 1 components leave of the scatter: summed as such, nothing cancels.
    double left = 0;
    for (Index e = 0; e < eigenvalues.size() - (k_ - 1); ++e) left += std::max(eigenvalues(e), 0.0);
    result.gap = std::min(value_, value_ - left + static_cast<double>(k_) * result.error);
    return result;
  }

  /// The dual point of the given t (cells x cells, symmetric).
  [[nodiscard]] DualCertificate evaluate(const Matrix& t) const {
    const Index n = points_.cols(), d = points_.rows(), c = cells_;
    // K + B = U C U': the columns of U are the weighted coordinates, then r_ab and r_ba, of norm 1, for every a < b.
    Matrix factor;
    factor.setZero(n, d + c * (c - 1));
    Matrix rho;
    rho.setZero(c, c);
    for (Index i = 0; i < n; ++i) {
      for (Index s = 0; s < d; ++s) factor(i, s) = root_(i) * points_(s, i);
      for (Index b = 0; b < c; ++b) {
        const Index a = cell(i);
        if (a == b) continue;
        const double r = mass_(b) * root_(i) * std::max(0.0, half_gain(i, b) - t(a, b));
        factor(i, d + column(a, b)) = r;
        rho(a, b) += root_(i) * r;
      }
    }
    Matrix core;
    core.setZero(factor.cols(), factor.cols());
    for (Index s = 0; s < d; ++s) core(s, s) = 1;
    double norm = scale_;
    for (Index a = 0; a < c; ++a)
      for (Index b = 0; b < a; ++b) {
        const Index p = d + column(a, b), q = d + column(b, a);
        const double first = factor.col(p).norm(), second = factor.col(q).norm();
        if (!(first > 0 && second > 0)) continue;  // B_ab = 0
        factor.col(p) /= first;
        factor.col(q) /= second;
        core(p, q) = core(q, p) = 2 * first * second / (rho(a, b) + rho(b, a));
        norm = std::max(norm, core(p, q));
      }

    // The part in the span of the cells, in the basis u_a / sqrt(W_a), and what is orthogonal to it.
    Matrix inside;
    inside.setZero(c, factor.cols());
    for (Index i = 0; i < n; ++i) inside.row(cell(i)) += root_(i) / std::sqrt(mass_(cell(i))) * factor.row(i);
    for (Index i = 0; i < n; ++i) factor.row(i) -= root_(i) / std::sqrt(mass_(cell(i))) * inside.row(cell(i));
    const Matrix basis = complement(mass_.cwiseSqrt());  // of s, within the span: c x (c - 1)
    const Matrix projected = basis.transpose() * inside;
    const Matrix on_cells = projected * core * projected.transpose();
    // Zero but for rounding.
    const double coupling = (factor * (core * projected.transpose())).norm();
    const Matrix triangle = upper_triangle(factor);
    const Matrix off_cells = triangle * core * triangle.transpose();
    const auto ascending = [](const Matrix& matrix) -> Vector {
      return Eigen::SelfAdjointEigenSolver<Matrix>(matrix, Eigen::EigenvaluesOnly).eigenvalues();
    };
    const Vector on = ascending(on_cells), off = ascending(off_cells);

    DualCertificate result;
    result.error = coupling + rounding(norm);
    result.margin = on(0) - std::max(off(off.size() - 1), 0.0);
    result.proven = result.margin >= result.error;
    // Every eigenvalue off the cells that exceeds one on them takes its place.
    double excess = 0;
    Index higher = off.size() - 1;
    for (Index e = 0; e < on.size(); ++e, --higher)
      if (const double other = higher >= 0 ? std::max(off(higher), 0.0) : 0.0; other > on(e)) excess += other - on(e);
    result.gap = std::min(value_, excess + static_cast<double>(k_) * result.error);
    return result;
  }

  [[nodiscard]] Index column(Index a, Index b) const { return a * (cells_ - 1) + b - (b > a); }

  /// An orthonormal basis of what is orthogonal to `vector` (c entries): c x (c - 1).
  [[nodiscard]] static Matrix complement(const Vector& vector) {
    const Matrix q = Eigen::HouseholderQR<Matrix>(vector).householderQ();
    return q.rightCols(vector.size() - 1);
  }

  /// R of the QR decomposition.
  [[nodiscard]] static Matrix upper_triangle(const Matrix& matrix) {
    const Eigen::HouseholderQR<Matrix> qr(matrix);
    const Index rows = std::min(matrix.rows(), matrix.cols());
    return qr.matrixQR().topRows(rows).template triangularView<Eigen::Upper>();
  }

  Index k_, cells_ = 0;
  Matrix points_, means_, half_;
  Vector root_, mass_;
  std::vector<Index> cell_;
  double value_ = 0, scale_ = 0;
};

}  // namespace internal

template <DataObjective O, class Derived>
DualCertificate dual_certificate(const O& objective, const Eigen::MatrixBase<Derived>& centers) {
  internal::refuse_row_major<Derived>();
  internal::check_centers(centers, objective.dimension(), "dual_certificate", "centers");
  return internal::DualPoint<O>(objective, centers).run();
}

}  // namespace kmscape

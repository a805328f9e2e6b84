// The point of a polyhedron that is nearest to the origin: argmin |y|^2 subject to n_j . y <= h_j for all j.
//
// The dual active-set method for strictly convex quadratic programs (Goldfarb and Idnani 1983), for the identity as
// Hessian: from the unconstrained minimum y = 0, constraints enter one at a time, and y = -sum of mu_j n_j with mu >= 0
// holds throughout. It ends after finitely many steps either with a point that fulfils the conditions of Karush, Kuhn
// and Tucker, or with a proof that the polyhedron is empty.
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include <kmscape/core/points.hpp>

namespace kmscape {

enum class LeastNormStatus {
  found,            // feasible, and optimal by its multipliers
  empty,            // no point fulfils all constraints
  iteration_limit,  // rounding kept the method from ending: the point is the last iterate
};

[[nodiscard]] constexpr std::string_view to_string(LeastNormStatus status) {
  switch (status) {
    case LeastNormStatus::found:
      return "found";
    case LeastNormStatus::empty:
      return "empty";
    case LeastNormStatus::iteration_limit:
      return "iteration_limit";
  }
  return "unknown";
}

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct LeastNormPoint {
  LeastNormStatus status = LeastNormStatus::found;
  Eigen::Matrix<Scalar, Dim, 1> point;  // d
  std::vector<Index> active;            // constraints that hold with equality and are linearly independent
  std::vector<Scalar> multipliers;      // mu >= 0 of the active ones: point = -sum of mu_j n_j
  int iterations = 0;                   // constraints added or dropped
};

/// The nearest point to the origin of {y : normals.col(j) . y <= offsets(j) for all j}; `normals` is d x q with unit
/// columns, q may be 0. O(q d + d a^2) a step, with a <= d active constraints; usually a few steps more than the result
/// has active constraints. Throws `invalid_input` when the sizes differ.
template <std::floating_point Scalar, int Dim>
[[nodiscard]] LeastNormPoint<Scalar, Dim> least_norm_point(const Points<Scalar, Dim>& normals,
                                                           const Eigen::Array<Scalar, Eigen::Dynamic, 1>& offsets);

namespace internal {

/// The active constraints of the method, with what one factorisation N = QR of their normals yields.
template <class Scalar, int Dim>
class ActiveSet {
 public:
  using Vector = Eigen::Matrix<Scalar, Dim, 1>;
  using Dense = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  using DenseVector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

  ActiveSet(const Points<Scalar, Dim>& normals, const Eigen::Array<Scalar, Eigen::Dynamic, 1>& offsets)
      : normals_(normals), offsets_(offsets), basis_(normals.rows(), 0) {}

  [[nodiscard]] const std::vector<Index>& members() const { return members_; }
  [[nodiscard]] bool contains(Index j) const {
    return std::find(members_.begin(), members_.end(), j) != members_.end();
  }
  void add(Index j) {
    members_.push_back(j);
    factorise();
  }
  void drop(std::size_t at) {
    members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(at));
    factorise();
  }

  /// What is left of a vector beside the span of the active normals. Projected twice: once leaves rounding of the size
  /// of what was removed.
  [[nodiscard]] Vector beside(const Vector& n) const {
    Vector rest = n - basis_ * (basis_.transpose() * n);
    rest -= basis_ * (basis_.transpose() * rest);
    return rest;
  }
  /// Coefficients of the part of n within that span.
  [[nodiscard]] DenseVector coefficients(const Vector& n) const {
    return triangle_.template triangularView<Eigen::Upper>().solve(basis_.transpose() * n);
  }
  /// The nearest point to the origin where all active constraints hold with equality.
  [[nodiscard]] Vector vertex() const {
    DenseVector right(static_cast<Index>(members_.size()));
    for (Index a = 0; a < right.size(); ++a) right(a) = offsets_(members_[static_cast<std::size_t>(a)]);
    return basis_ * triangle_.transpose().template triangularView<Eigen::Lower>().solve(right);
  }

 private:
  void factorise() {
    const auto a = static_cast<Index>(members_.size());
    Dense chosen(normals_.rows(), a);
    for (Index j = 0; j < a; ++j) chosen.col(j) = normals_.col(members_[static_cast<std::size_t>(j)]);
    const Eigen::HouseholderQR<Dense> qr(chosen);
    basis_ = qr.householderQ() * Dense::Identity(normals_.rows(), a);
    triangle_ = qr.matrixQR().topRows(a).template triangularView<Eigen::Upper>();
  }

  const Points<Scalar, Dim>& normals_;
  const Eigen::Array<Scalar, Eigen::Dynamic, 1>& offsets_;
  std::vector<Index> members_;
  Dense basis_, triangle_;
};

}  // namespace internal

template <std::floating_point Scalar, int Dim>
LeastNormPoint<Scalar, Dim> least_norm_point(const Points<Scalar, Dim>& normals,
                                             const Eigen::Array<Scalar, Eigen::Dynamic, 1>& offsets) {
  internal::require(normals.cols() == offsets.size(), "least_norm_point", "offsets",
                    internal::text(offsets.size(), " numbers"),
                    internal::text("there are ", normals.cols(), " half-spaces"), "pass one offset per normal");
  using Vector = Eigen::Matrix<Scalar, Dim, 1>;
  constexpr Scalar infinity = std::numeric_limits<Scalar>::infinity();
  constexpr Scalar rounding = 16 * std::numeric_limits<Scalar>::epsilon();
  const Index d = normals.rows(), q = normals.cols();
  const int limit = 50 + 20 * static_cast<int>(std::min(d, q)) + 4 * static_cast<int>(q);

  LeastNormPoint<Scalar, Dim> result;
  Vector& y = result.point;
  std::vector<Scalar>& mu = result.multipliers;
  y = Vector::Zero(d);
  internal::ActiveSet<Scalar, Dim> active(normals, offsets);
  const auto violation = [&](Index j) { return normals.col(j).dot(y) - offsets(j); };
  while (true) {
    Index enters = -1;
    Scalar worst = 0;
    for (Index j = 0; j < q; ++j) {
      const Scalar excess = violation(j);
      // Less than this is the rounding of the two terms.
      if (excess > rounding * (y.norm() + std::abs(offsets(j))) && excess > worst && !active.contains(j)) {
        worst = excess;
        enters = j;
      }
    }
    if (enters < 0) break;
    const Vector normal = normals.col(enters);
    Scalar own = 0;  // multiplier of the constraint that enters
    while (true) {
      if (++result.iterations > limit) {
        result.status = LeastNormStatus::iteration_limit;
        result.active = active.members();
        return result;
      }
      const Vector direction = active.beside(normal);
      const Scalar squared = direction.squaredNorm();
      const auto change = active.coefficients(normal);
      // A full step -t * direction makes the constraint hold with equality; a multiplier may reach zero before that.
      const Scalar full = std::sqrt(squared) > rounding ? violation(enters) / squared : infinity;
      Scalar partial = infinity;
      std::size_t blocks = 0;
      for (std::size_t a = 0; a < mu.size(); ++a) {
        const Scalar rate = change(static_cast<Index>(a));
        if (rate > rounding && mu[a] / rate < partial) {
          partial = mu[a] / rate;
          blocks = a;
        }
      }
      const Scalar step = std::min(full, partial);
      if (step == infinity) {  // the active normals and this one contradict each other, whatever the multipliers
        result.status = LeastNormStatus::empty;
        result.active = active.members();
        return result;
      }
      own += step;
      for (std::size_t a = 0; a < mu.size(); ++a)
        mu[a] = std::max(Scalar(0), mu[a] - step * change(static_cast<Index>(a)));
      if (full <= partial) {
        active.add(enters);
        mu.push_back(own);
        y = active.vertex();  // instead of y - step * direction: rounding does not add up over the steps
        break;
      }
      if (full < infinity) y -= step * direction;
      active.drop(blocks);
      mu.erase(mu.begin() + static_cast<std::ptrdiff_t>(blocks));
    }
  }
  result.active = active.members();
  return result;
}

}  // namespace kmscape

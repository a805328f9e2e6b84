// The k-means objective of data: G_n(beta) = sum_i w_i min_j |x_i - beta_j|^2 (QZC equation 1, with weights).
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <concepts>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/objective/assignment_engine.hpp>
#include <kmscape/objective/nearest_center.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

/// G_n for points in the columns of a d x n matrix, a sum over points (not a mean). Immutable; copies share the data.
///
/// A matrix is taken over: copied from an lvalue, moved from an rvalue. An `Eigen::Map` is *not* copied: the caller
/// keeps that memory alive and unchanged as long as the objective or a copy of it lives. Row-major n x d data is the
/// same memory as column-major d x n data, so `Eigen::Map<const Eigen::MatrixXd>(pointer, d, n)` reads it in place.
template <std::floating_point Scalar_, int Dim = Eigen::Dynamic>
class EmpiricalObjective {
 public:
  using Scalar = Scalar_;
  using Real = Sum<Scalar>;
  using PointsType = Points<Scalar, Dim>;
  using CentersType = FittedCenters<Scalar, Dim>;
  static constexpr int dim = Dim;

  /// Takes over the points (d x n, finite, n >= 1), with one positive weight per point or none. Throws `invalid_input`.
  /// O(n d).
  explicit EmpiricalObjective(PointsType points, Weights<Scalar> weights = {})
      : owner_(std::make_shared<const Owned>(std::move(points), std::move(weights))) {}

  /// Reads the caller's memory in place, see above.
  template <class Mapped>
  requires std::same_as<std::remove_const_t<Mapped>, PointsType>
  explicit EmpiricalObjective(Eigen::Map<Mapped> points, Weights<Scalar> weights = {})
      : owner_(std::make_shared<const Owned>(Eigen::Map<const PointsType>(points.data(), points.rows(), points.cols()),
                                             std::move(weights))) {}

  /// Any other Eigen expression is evaluated into owned points.
  template <class Derived>
  explicit EmpiricalObjective(const Eigen::MatrixBase<Derived>& points, Weights<Scalar> weights = {})
      : EmpiricalObjective(owned(points), std::move(weights)) {}

  [[nodiscard]] Index dimension() const { return span().dimension; }
  [[nodiscard]] Index size() const { return span().size; }

  /// The points, d x n.
  [[nodiscard]] Eigen::Map<const PointsType> points() const {
    return Eigen::Map<const PointsType>(span().data, span().dimension, span().size);
  }

  [[nodiscard]] bool is_weighted() const { return owner_->weights.size() > 0; }
  [[nodiscard]] Scalar weight(Index i) const { return is_weighted() ? owner_->weights(i) : Scalar(1); }
  [[nodiscard]] Real total_weight() const {
    return is_weighted() ? owner_->weights.template cast<Real>().sum() : static_cast<Real>(size());
  }

  /// Nearest center of every point and the cells' moments in one pass: O(n k d), no n x k matrix.
  /// @param centers d x k, finite.
  template <class Derived>
  [[nodiscard]] Assignment<Scalar, Dim> assign(const Eigen::MatrixBase<Derived>& centers, int threads = 1) const {
    const CentersType checked = check_centers(centers, "EmpiricalObjective::assign");
    return internal::assign_blocks<Dim>(*this, checked, resolve_threads(threads, "EmpiricalObjective::assign"));
  }

  template <class Derived>
  [[nodiscard]] CellMoments<Scalar, Dim> cells(const Eigen::MatrixBase<Derived>& centers) const {
    return assign(centers).cells;
  }

  /// G_n(centers). O(n k d).
  template <class Derived>
  [[nodiscard]] Real value(const Eigen::MatrixBase<Derived>& centers) const {
    return assign(centers).value();
  }

  /// dG_n / dbeta_i = 2 m_i (beta_i - c_i), d x k (QZC Lemma 1). Where points tie G_n has no gradient; this is then the
  /// gradient of the piece that gives each tied point to its center of lowest index. O(n k d).
  template <class Derived>
  [[nodiscard]] CentersType gradient(const Eigen::MatrixBase<Derived>& centers) const {
    const CentersType at = check_centers(centers, "EmpiricalObjective::gradient");
    return internal::gradient(at, cells(at));
  }

  /// The Hessian, (d k) x (d k): block diagonal with blocks 2 m_i I, since near centers without ties G_n is a sum of
  /// quadratics. Empty when some point ties within the rounding of its distances: there G_n is not smooth. O(n k d + (d
  /// k)^2).
  template <class Derived>
  [[nodiscard]] std::optional<Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>> hessian(
      const Eigen::MatrixBase<Derived>& centers) const {
    const CentersType at = check_centers(centers, "EmpiricalObjective::hessian");
    bool smooth = true;
    internal::for_each_nearest_two<Scalar, Dim>(
        span(), at, [&](Index i, Label first, Real nearest, Label second, Real next) {
          if (second >= 0 && next - nearest <= rounding_of_distance(i, at, first)) smooth = false;
        });
    if (!smooth) return std::nullopt;
    const auto mass = cells(at).mass;
    const Index d = dimension();
    Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic> result;
    result.setZero(d * at.cols(), d * at.cols());
    for (Index j = 0; j < at.cols(); ++j) result.diagonal().segment(j * d, d).setConstant(2 * mass(j));
    return result;
  }

  /// The two nearest centers of every point, ties to the lowest index. O(n k d).
  template <class Derived>
  [[nodiscard]] NearestTwo<Scalar> nearest_two(const Eigen::MatrixBase<Derived>& centers) const {
    const CentersType at = check_centers(centers, "EmpiricalObjective::nearest_two");
    NearestTwo<Scalar> result;
    result.first.resize(size());
    result.second.resize(size());
    result.first_squared_distance.resize(size());
    result.second_squared_distance.resize(size());
    internal::for_each_nearest_two<Scalar, Dim>(span(), at,
                                                [&](Index i, Label first, Real nearest, Label second, Real next) {
                                                  result.first(i) = first;
                                                  result.second(i) = second;
                                                  result.first_squared_distance(i) = nearest;
                                                  result.second_squared_distance(i) = next;
                                                });
    return result;
  }

  /// A bound on the rounding error of the difference of two computed squared distances of point i, one of them to
  /// center j and the other no farther apart than rounding: differences below it cannot be told from a tie.
  [[nodiscard]] Real rounding_of_distance(Index i, const CentersType& centers, Index j) const {
    const auto x = points().col(i).template cast<Real>();
    const auto c = centers.col(j);
    const Real distance = (x - c).norm();
    // A center is a rounded mean: it carries an error of about eps |c|, which moves |x - c|^2 by 2 |x - c| eps |c|.
    const Real scale = distance * (x.norm() + c.norm() + static_cast<Real>(dimension()) * distance);
    return 8 * std::numeric_limits<Real>::epsilon() * scale;
  }

  /// The number of distinct points, counted until `enough` are found: O(enough d) on data without repeats.
  [[nodiscard]] Index distinct_points(Index enough) const {
    const auto all = points();
    if (std::array<Index, 16> found; enough <= static_cast<Index>(found.size())) {
      auto last = found.begin();
      for (Index i = 0; i < size() && last - found.begin() < enough; ++i)
        if (std::none_of(found.begin(), last, [&](Index other) { return all.col(other) == all.col(i); })) *last++ = i;
      return last - found.begin();
    }
    // Buckets by a hash of the coordinates; equal hashes are compared in full.
    std::unordered_multimap<std::size_t, Index> seen;
    for (Index i = 0; i < size() && static_cast<Index>(seen.size()) < enough; ++i) {
      std::size_t hash = 0;
      for (Index s = 0; s < dimension(); ++s)
        hash = hash * 1099511628211u ^ std::hash<Scalar>{}(all(s, i) + Scalar(0));  // + 0 turns -0 into 0
      const auto [first, last] = seen.equal_range(hash);
      if (std::none_of(first, last, [&](const auto& entry) { return all.col(entry.second) == all.col(i); }))
        seen.emplace(hash, i);
    }
    return static_cast<Index>(seen.size());
  }

  /// @cond internal: what passes over the data work on.
  [[nodiscard]] const internal::PointSpan<Scalar>& span() const { return owner_->span; }
  [[nodiscard]] const internal::DataLayout<Scalar>& layout() const { return owner_->layout; }
  template <class Visitor>
  void for_each_block(Labels& labels, Visitor&& visit) const {
    visit(block(labels), Index{0});
  }
  /// @endcond

 private:
  [[nodiscard]] internal::PointBlock<Scalar> block(Labels& labels) const {
    return {span(), is_weighted() ? owner_->weights.data() : nullptr, labels.data()};
  }

  struct Owned {
    PointsType points;  // empty where the caller owns them
    Weights<Scalar> weights;
    internal::PointSpan<Scalar> span;
    internal::DataLayout<Scalar> layout;

    Owned(PointsType&& taken, Weights<Scalar>&& w)
        : points(std::move(taken)),
          weights(std::move(w)),
          span{points.data(), points.rows(), points.cols()},
          layout(check(points, weights, span)) {}
    Owned(const Eigen::Map<const PointsType>& seen, Weights<Scalar>&& w)
        : weights(std::move(w)), span{seen.data(), seen.rows(), seen.cols()}, layout(check(seen, weights, span)) {}

    template <class P>
    static internal::DataLayout<Scalar> check(const P& points, const Weights<Scalar>& weights,
                                              const internal::PointSpan<Scalar>& span) {
      internal::check_columns(points, "EmpiricalObjective", "points", "point");
      if (weights.size() > 0) internal::check_weights(weights, points.cols(), "EmpiricalObjective", "weights", "point");
      return internal::data_layout(span, weights.size() > 0 ? weights.data() : nullptr);
    }
  };

  template <class Derived>
  static PointsType owned(const Eigen::MatrixBase<Derived>& points) {
    internal::refuse_row_major<Derived>();
    internal::require(Dim == Eigen::Dynamic || points.rows() == Dim, "EmpiricalObjective", "points",
                      internal::text("a ", points.rows(), " x ", points.cols(), " matrix"),
                      internal::text("the objective's compile-time dimension is ", Dim),
                      "pass points of that dimension, or leave the dimension to deduction");
    return points;
  }

  template <class Derived>
  CentersType check_centers(const Eigen::MatrixBase<Derived>& centers, std::string_view function) const {
    internal::refuse_row_major<Derived>();
    internal::check_centers(centers, dimension(), function, "centers");
    return centers.template cast<Real>();
  }

  std::shared_ptr<const Owned> owner_;
};

template <class Derived>
EmpiricalObjective(const Eigen::MatrixBase<Derived>&)
    -> EmpiricalObjective<typename Derived::Scalar, Derived::RowsAtCompileTime>;
template <class Derived, class W>
EmpiricalObjective(const Eigen::MatrixBase<Derived>&, const W&)
    -> EmpiricalObjective<typename Derived::Scalar, Derived::RowsAtCompileTime>;

}  // namespace kmscape

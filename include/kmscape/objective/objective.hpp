// What every solver and every landscape tool of the library asks of an objective.
//
// An objective is beta -> sum or mean over x of min_j |x - beta_j|^2 for some distribution of x (QZC equations 1 and
// 3). Its Voronoi cells carry everything else: with m_i the mass of cell i and c_i its center of mass, the gradient is
// 2 m_i (beta_i - c_i) (QZC Lemmas 1 and 2) and Lloyd's step is beta_i <- c_i.
#pragma once

#include <concepts>
#include <type_traits>

#include <kmscape/core/points.hpp>

namespace kmscape {

/// The type that sums are kept in: double for float data, so that a million terms lose nothing that the data holds.
template <std::floating_point Scalar>
using Sum = std::conditional_t<std::is_same_v<Scalar, float>, double, Scalar>;

/// Fitted centers as columns, d x k, kept in the type of sums: the mean of float data is known better than a float
/// holds it, and far from the origin a rounded center would lie visibly beside its cell's mean.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
using FittedCenters = Centers<Sum<Scalar>, Dim>;

/// Mass, center of mass and share of the objective of every Voronoi cell of k centers.
template <std::floating_point Scalar_, int Dim = Eigen::Dynamic>
struct CellMoments {
  using Scalar = Scalar_;

  Weights<Sum<Scalar>> mass;            // k: total weight (data) or probability (population) of each cell
  FittedCenters<Scalar, Dim> centroid;  // d x k: center of mass; an empty cell keeps its center here
  Weights<Sum<Scalar>> distortion;      // k: sum or integral of |x - beta_i|^2 over the cell

  /// The objective at the centers whose cells these are. Summed in index order: an empty cell, which adds zero, then
  /// changes no bit, so that a solver may drop it without seeming to raise the objective.
  [[nodiscard]] Sum<Scalar> value() const {
    Sum<Scalar> sum = 0;
    for (Index j = 0; j < distortion.size(); ++j) sum += distortion(j);
    return sum;
  }
};

/// The door for new problems: a type with these members works with `lloyd` and everything built on it.
///
///     using Scalar = ...;                            // float, double or long double
///     static constexpr int dim = ...;                // compile-time dimension or Eigen::Dynamic
///     Index dimension() const;                       // d
///     Sum<Scalar> value(centers) const;              // the objective at d x k centers
///     FittedCenters<Scalar, dim> gradient(centers) const;  // d x k
///     CellMoments<Scalar, dim> cells(centers) const;
template <class O>
concept Objective = requires(const O& objective, const FittedCenters<typename O::Scalar, O::dim>& centers) {
  requires std::floating_point<typename O::Scalar>;
  { objective.dimension() } -> std::convertible_to<Index>;
  { objective.value(centers) } -> std::convertible_to<Sum<typename O::Scalar>>;
  { objective.gradient(centers) } -> std::convertible_to<FittedCenters<typename O::Scalar, O::dim>>;
  { objective.cells(centers) } -> std::same_as<CellMoments<typename O::Scalar, O::dim>>;
};

/// An objective on finitely many points: it can also say which point belongs to which cell.
template <class O>
concept DataObjective = Objective<O> && requires(const O& objective, Index i) {
  { objective.size() } -> std::convertible_to<Index>;
  objective.points();
  { objective.weight(i) } -> std::convertible_to<typename O::Scalar>;
};

namespace internal {

/// The gradient at `centers` whose cells have these moments: 2 m_i (beta_i - c_i) (QZC Lemmas 1 and 2).
template <std::floating_point Scalar, int Dim>
[[nodiscard]] FittedCenters<Scalar, Dim> gradient(const FittedCenters<Scalar, Dim>& centers,
                                                  const CellMoments<Scalar, Dim>& cells) {
  return (centers - cells.centroid) * (2 * cells.mass).matrix().asDiagonal();
}

/// Centers of an objective must be finite, at least one, and of the objective's dimension.
template <class Derived>
void check_centers(const Eigen::MatrixBase<Derived>& centers, Index dimension, std::string_view function,
                   std::string_view argument) {
  check_columns(centers, function, argument, "center");
  if (centers.rows() == dimension) [[likely]]
    return;  // before any text is made
  require(false, function, argument, text("a ", centers.rows(), " x ", centers.cols(), " matrix"),
          text("the objective's dimension is ", dimension),
          text("pass a ", dimension, " x k matrix whose columns are the centers"));
}

}  // namespace internal
}  // namespace kmscape

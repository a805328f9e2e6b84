// How much of every component of a model falls into every Voronoi cell: pi_s P_s(V_i).
//
// Balls and spherical Gaussians are integrated: exactly where the centers span a line or a plane, by quasi-random rays
// with a standard error otherwise. Other models are exact on the line and estimated from draws of a fixed seed elsewhere.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/model/mixture_model.hpp>
#include <kmscape/objective/nearest_center.hpp>
#include <kmscape/objective/population_objective.hpp>

namespace kmscape {

struct CellMassOptions {
  PopulationOptions integration = {};  // of balls and spherical Gaussians
  Index samples = 10'000;              // draws per component of other models, in more than one dimension
  Seed seed = 0;                       // of those draws
};

struct CellMasses {
  Eigen::ArrayXXd mass;       // m x k: probability of component s times its share in cell i; sums to 1
  double standard_error = 0;  // the largest of all entries; 0 when they are exact
};

/// Masses of the cells of `centers` (d x m, finite) under `model`. Throws `invalid_input`. O(m k) for d = 1, otherwise
/// what `PopulationObjective::component_cells` costs, or O(samples m k d) for draws.
template <class Derived, MixtureModel Model>
[[nodiscard]] CellMasses cell_masses(const Eigen::MatrixBase<Derived>& centers, const Model& model,
                                     const CellMassOptions& options = {});

namespace internal {

/// Cells on the line, from left to right; of coinciding centers the lowest index owns the cell.
template <class Row, class Visitor>
void for_each_interval(const Row& centers, Visitor&& visit) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<Index> order(static_cast<std::size_t>(centers.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index i, Index j) { return centers(0, i) < centers(0, j); });
  order.erase(std::unique(order.begin(), order.end(), [&](Index i, Index j) { return centers(0, i) == centers(0, j); }),
              order.end());
  double left = -infinity;
  for (std::size_t p = 0; p < order.size(); ++p) {
    const double right =
        p + 1 < order.size()
            ? (static_cast<double>(centers(0, order[p])) + static_cast<double>(centers(0, order[p + 1]))) / 2
            : infinity;
    visit(order[p], left, right);
    left = right;
  }
}

}  // namespace internal

template <class Derived, MixtureModel Model>
CellMasses cell_masses(const Eigen::MatrixBase<Derived>& centers, const Model& model, const CellMassOptions& options) {
  internal::refuse_row_major<Derived>();
  internal::check_centers(centers, model.dimension(), "cell_masses", "centers");
  internal::require(options.samples >= 1, "cell_masses", "options.samples", options.samples,
                    "an estimate needs at least one draw per component", "pass e.g. 10000");
  using Scalar = typename Model::Scalar;
  const Index m = centers.cols(), k = model.components(), d = model.dimension();
  CellMasses result;
  result.mass.setZero(m, k);
  if (d == 1) {
    internal::for_each_interval(centers, [&](Index i, double left, double right) {
      for (Index s = 0; s < k; ++s)
        result.mass(i, s) =
            static_cast<double>(model.weights()(s)) *
            static_cast<double>(model.interval_mass(s, static_cast<Scalar>(left), static_cast<Scalar>(right)));
    });
    return result;
  }
  if constexpr (SphericalMixture<Model>) {
    const auto cells = PopulationObjective<Model>(model, options.integration).component_cells(centers);
    const Eigen::ArrayXd weights = model.weights().template cast<double>();
    result.mass = cells.mass.rowwise() * weights.transpose();
    result.standard_error = (cells.mass_error.rowwise() * weights.transpose()).maxCoeff();
    return result;
  }
  const FittedCenters<Scalar, Derived::RowsAtCompileTime> fitted = centers.template cast<Sum<Scalar>>();
  Points<Scalar, Derived::RowsAtCompileTime> draws(d, options.samples);
  const double n = static_cast<double>(options.samples);
  for (Index s = 0; s < k; ++s) {
    RandomStream stream(options.seed, static_cast<std::uint64_t>(s));
    for (Index i = 0; i < options.samples; ++i) {
      auto column = draws.col(i);
      model.draw(s, stream, column);
    }
    const double weight = static_cast<double>(model.weights()(s));
    internal::for_each_nearest_two<Scalar, Derived::RowsAtCompileTime>(
        {draws.data(), d, options.samples}, fitted,
        [&](Index, Label cell, Sum<Scalar>, Label, Sum<Scalar>) { result.mass(cell, s) += 1; });
    for (Index i = 0; i < m; ++i) {
      const double share = result.mass(i, s) / n;
      result.mass(i, s) = weight * share;
      result.standard_error = std::max(result.standard_error, weight * std::sqrt(share * (1 - share) / n));
    }
  }
  return result;
}

}  // namespace kmscape

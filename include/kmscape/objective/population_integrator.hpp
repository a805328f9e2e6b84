// All integrals of a population over the cells and faces of fitted centers, in double and without the model's types.
//
// Every model and dimension shares this one class: it is compiled once a program however many models there are.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/objective/population_cells.hpp>

namespace kmscape {

/// The gradient (d x k) with the standard errors of its entries.
struct GradientEstimate {
  Eigen::MatrixXd value;
  Eigen::MatrixXd standard_error;
};

/// Mass, center of mass and share of G of every cell, with standard errors; 0 where exact. A cell without mass has its
/// own center for centroid.
struct CellsEstimate {
  Eigen::ArrayXd mass;              // k
  Eigen::MatrixXd centroid;         // d x k
  Eigen::ArrayXd distortion;        // k: the integral of |x - beta_i|^2 f over V_i
  Eigen::ArrayXd mass_error;        // k
  Eigen::ArrayXd centroid_error;    // k: the largest of a centroid's d coordinates
  Eigen::ArrayXd distortion_error;  // k
};

/// The Hessian (d k x d k, blocks by center) with the standard errors of its entries.
struct HessianEstimate {
  Eigen::MatrixXd value;
  Eigen::MatrixXd standard_error;
};

namespace internal {

/// Mass, share of G and first moment around its own center of every cell.
struct CellSums {
  Eigen::ArrayXd mass, distortion;  // m
  Eigen::MatrixXd first;            // d x m
};

/// Components in coordinates of space, with the options of their integration. A template so that the headers cost
/// nothing where no population is used.
template <std::same_as<SpanMixture> Mixture>
class PopulationIntegrator {
 public:
  using Matrix = typename Mixture::Matrix;
  using Vector = typename Mixture::Vector;
  using Array = typename Mixture::Array;
  using Square = Eigen::Array<typename Matrix::Scalar, Eigen::Dynamic, Eigen::Dynamic>;

  PopulationIntegrator(Mixture mixture, const PopulationOptions& options)
      : mixture_(std::move(mixture)), options_(options), true_centers_(mixture_.dimension, components()) {
    for (Index s = 0; s < components(); ++s) true_centers_.col(s) = component(s).center;
  }

  [[nodiscard]] const Mixture& mixture() const { return mixture_; }
  [[nodiscard]] const PopulationOptions& options() const { return options_; }
  [[nodiscard]] RayRule ray_rule() const { return {options_.samples, options_.replicates, options_.seed}; }

  /// Replicates have one entry where cells or faces are exact.
  [[nodiscard]] std::vector<CellSums> cell_replicates(const Matrix& centers, std::string_view function) const;
  [[nodiscard]] std::vector<Square> hessian_replicates(const Matrix& centers, std::string_view function) const;

  /// Means over replicates.
  [[nodiscard]] CellSums cells(const Matrix& centers, std::string_view function) const;
  [[nodiscard]] CellsEstimate cells_with_error(const Matrix& centers, std::string_view function) const;
  [[nodiscard]] GradientEstimate gradient(const Matrix& centers, std::string_view function) const;
  [[nodiscard]] Estimate value(const Matrix& centers, std::string_view function) const;
  [[nodiscard]] ComponentCells component_cells(const Matrix& centers, std::string_view function) const;
  [[nodiscard]] FaceMoments face(const Matrix& centers, Index i, Index j, std::string_view function) const;
  [[nodiscard]] std::vector<FaceMoments> faces(const Matrix& centers, std::string_view function) const {
    const auto span = center_span({centers}, mixture_, options_.integrator, function);
    return faces(centers, span, cell_regions(span.project(centers)));
  }
  [[nodiscard]] HessianEstimate hessian(const Matrix& centers, std::string_view function) const {
    const auto [mean, error] = mean_and_error(hessian_replicates(centers, function));
    return {mean.matrix(), error.matrix()};
  }

 private:
  struct Evaluation {
    Matrix centers;
    CenterSpan span;
    std::vector<HalfSpaces> regions;
    std::vector<MomentTable> tables;
  };

  [[nodiscard]] Evaluation evaluate(const Matrix& centers, std::string_view function) const {
    auto span = center_span({centers}, mixture_, options_.integrator, function);
    auto regions = cell_regions(span.project(centers));
    auto tables = span.by_rays || span.p() >= 3 ? cell_tables_by_rays(regions, span.p(), span.mixture, ray_rule())
                                                : moment_tables(regions, span.p(), span.mixture, ray_rule(), false);
    return {centers, std::move(span), std::move(regions), std::move(tables)};
  }

  /// Of one cell, from replicates of its first moment around its center, mass and square: d + 2 numbers.
  struct CellEstimate {
    Array mean, error;        // d + 2
    Vector offset;            // d: of the centroid from the center
    double offset_error = 0;  // the largest of d
  };
  [[nodiscard]] CellEstimate estimate(const std::vector<Array>& replicates) const;

  [[nodiscard]] CellSums sums(const Evaluation& at, const MomentTable& table) const {
    const Index k = at.centers.cols(), d = mixture_.dimension;
    CellSums result{Array::Zero(k), Array::Zero(k), Matrix::Zero(d, k)};
    for (Index i = 0; i < k; ++i)
      for (Index s = 0; s < components(); ++s) {
        if (!(table.mass(i, s) > 0)) continue;
        const auto own = shifted_moments(table, i, s, at.span, component(s).center, at.centers.col(i));
        const double weight = component(s).weight;
        result.mass(i) += weight * own.mass;
        result.first.col(i) += weight * own.first;
        result.distortion(i) += weight * own.square;
      }
    return result;
  }

  [[nodiscard]] std::vector<FaceMoments> faces(const Matrix& at, const CenterSpan& span,
                                               const std::vector<HalfSpaces>& cells) const;

  [[nodiscard]] std::vector<Matrix> face_directions(const CenterSpan& span) const {
    return span.p() >= 4 ? sphere_directions(span.p() - 1, ray_rule()) : std::vector<Matrix>{};
  }
  [[nodiscard]] Index components() const { return static_cast<Index>(mixture_.components.size()); }
  [[nodiscard]] const SpanComponent& component(Index s) const {
    return mixture_.components[static_cast<std::size_t>(s)];
  }

  Mixture mixture_;
  PopulationOptions options_;
  Matrix true_centers_;
};

template <std::same_as<SpanMixture> Mixture>
std::vector<CellSums> PopulationIntegrator<Mixture>::cell_replicates(const Matrix& centers,
                                                                     std::string_view function) const {
  const auto at = evaluate(centers, function);
  std::vector<CellSums> result;
  for (const auto& table : at.tables) result.push_back(sums(at, table));
  return result;
}

template <std::same_as<SpanMixture> Mixture>
CellSums PopulationIntegrator<Mixture>::cells(const Matrix& centers, std::string_view function) const {
  const auto replicates = cell_replicates(centers, function);
  CellSums total = replicates.front();
  for (std::size_t r = 1; r < replicates.size(); ++r) {
    total.mass += replicates[r].mass;
    total.first += replicates[r].first;
    total.distortion += replicates[r].distortion;
  }
  const double count = static_cast<double>(replicates.size());
  total.mass /= count;
  total.first /= count;
  total.distortion /= count;
  return total;
}

template <std::same_as<SpanMixture> Mixture>
Estimate PopulationIntegrator<Mixture>::value(const Matrix& centers, std::string_view function) const {
  std::vector<double> values;
  for (const auto& sums : cell_replicates(centers, function)) values.push_back(sums.distortion.sum());
  return mean_and_error(values);
}

template <std::same_as<SpanMixture> Mixture>
GradientEstimate PopulationIntegrator<Mixture>::gradient(const Matrix& centers, std::string_view function) const {
  std::vector<Square> gradients;
  for (const auto& sums : cell_replicates(centers, function)) gradients.push_back(-2 * sums.first.array());
  const auto [mean, error] = mean_and_error(gradients);
  return {mean.matrix(), error.matrix()};
}

template <std::same_as<SpanMixture> Mixture>
auto PopulationIntegrator<Mixture>::estimate(const std::vector<Array>& replicates) const -> CellEstimate {
  const Index d = mixture_.dimension;
  const auto [mean, error] = mean_and_error(replicates);
  CellEstimate result{mean, error, Vector::Zero(d)};
  const double mass = mean(d);
  if (!(mass > 0)) return result;
  const Array offset = mean.head(d) / mass;
  // A quotient's error, to first order: that of its numerator less the quotient times its denominator.
  std::vector<Array> residuals;
  for (const auto& all : replicates) residuals.push_back((all.head(d) - offset * all(d)) / mass);
  result.offset = offset.matrix();
  result.offset_error = mean_and_error(residuals).second.maxCoeff();
  return result;
}

template <std::same_as<SpanMixture> Mixture>
CellsEstimate PopulationIntegrator<Mixture>::cells_with_error(const Matrix& centers, std::string_view function) const {
  const auto replicates = cell_replicates(centers, function);
  const Index k = centers.cols(), d = mixture_.dimension;
  const Array zero = Array::Zero(k);
  CellsEstimate result{zero, centers, zero, zero, zero, zero};
  for (Index i = 0; i < k; ++i) {
    std::vector<Array> numbers;
    for (const auto& sums : replicates) {
      Array all(d + 2);
      all << sums.first.col(i).array(), sums.mass(i), sums.distortion(i);
      numbers.push_back(std::move(all));
    }
    const auto own = estimate(numbers);
    result.mass(i) = own.mean(d);
    result.mass_error(i) = own.error(d);
    result.distortion(i) = own.mean(d + 1);
    result.distortion_error(i) = own.error(d + 1);
    result.centroid.col(i) += own.offset;
    result.centroid_error(i) = own.offset_error;
  }
  return result;
}

template <std::same_as<SpanMixture> Mixture>
ComponentCells PopulationIntegrator<Mixture>::component_cells(const Matrix& centers, std::string_view function) const {
  const auto at = evaluate(centers, function);
  const Index k = at.centers.cols(), d = mixture_.dimension;
  ComponentCells result;
  result.mass = result.distortion = Eigen::ArrayXXd::Zero(k, components());
  result.mass_error = result.centroid_error = result.distortion_error = result.mass;
  result.centroid.assign(static_cast<std::size_t>(components()), at.centers);
  for (Index s = 0; s < components(); ++s)
    for (Index i = 0; i < k; ++i) {
      std::vector<Array> replicates;
      for (const auto& table : at.tables) {
        const auto own = shifted_moments(table, i, s, at.span, component(s).center, at.centers.col(i));
        Array all(d + 2);
        all << own.first.array(), own.mass, own.square;
        replicates.push_back(std::move(all));
      }
      const auto own = estimate(replicates);
      result.mass(i, s) = own.mean(d);
      result.mass_error(i, s) = own.error(d);
      result.distortion(i, s) = own.mean(d + 1);
      result.distortion_error(i, s) = own.error(d + 1);
      result.centroid[static_cast<std::size_t>(s)].col(i) += own.offset;
      result.centroid_error(i, s) = own.offset_error;
    }
  return result;
}

template <std::same_as<SpanMixture> Mixture>
FaceMoments PopulationIntegrator<Mixture>::face(const Matrix& at, Index i, Index j, std::string_view function) const {
  if (i > j) std::swap(i, j);
  const auto span = center_span({at}, mixture_, options_.integrator, function);
  HalfSpaces cell;
  cell.normals.resize(span.p(), 0);
  append_cell(span.project(at), i, cell);
  const auto found = std::find(cell.origins.begin(), cell.origins.end(), j);
  FaceRegion region;
  if (found == cell.origins.end()) {
    region.is_empty = true;
    region.normal = Vector::Unit(span.p(), 0);
  } else {
    region = face_region(cell, found - cell.origins.begin());
  }
  auto result =
      face_moments(region, span, true_centers_, at.col(i) + (at.col(j) - at.col(i)) / 2, face_directions(span));
  result.i = i;
  result.j = j;
  return result;
}

template <std::same_as<SpanMixture> Mixture>
std::vector<FaceMoments> PopulationIntegrator<Mixture>::faces(const Matrix& at, const CenterSpan& span,
                                                              const std::vector<HalfSpaces>& cells) const {
  const auto directions = face_directions(span);
  std::vector<FaceMoments> result;
  for (Index i = 0; i < at.cols(); ++i) {
    const auto& cell = cells[static_cast<std::size_t>(i)];
    for (std::size_t h = 0; h < cell.origins.size(); ++h) {
      const Index j = cell.origins[h];
      if (j <= i) continue;
      const auto region = face_region(cell, static_cast<Index>(h));
      if (region.is_empty) continue;
      auto face = face_moments(region, span, true_centers_, at.col(i) + (at.col(j) - at.col(i)) / 2, directions);
      if (span.p() >= 3 && !(face.density > 0).any()) continue;
      face.i = i;
      face.j = j;
      result.push_back(std::move(face));
    }
  }
  return result;
}

template <std::same_as<SpanMixture> Mixture>
auto PopulationIntegrator<Mixture>::hessian_replicates(const Matrix& centers, std::string_view function) const
    -> std::vector<Square> {
  const auto at = evaluate(centers, function);
  const Index d = mixture_.dimension, k = at.centers.cols();
  const auto directions = face_directions(at.span);
  // Their spread is the error, whatever the correlations of what goes into an entry.
  const auto count = std::max(at.tables.size(), std::max<std::size_t>(directions.size(), 1));
  std::vector<Square> replicates(count, Square::Zero(d * k, d * k));
  double most = 0;
  for (std::size_t r = 0; r < count; ++r) {
    const Array mass = sums(at, at.tables[at.tables.size() > 1 ? r : 0]).mass;
    for (Index i = 0; i < k; ++i) replicates[r].matrix().diagonal().segment(i * d, d).setConstant(2 * mass(i));
    most = std::max(most, mass.maxCoeff());
  }
  for (Index i = 0; i < k; ++i) {
    const auto& cell = at.regions[static_cast<std::size_t>(i)];
    for (std::size_t plane = 0; plane < cell.origins.size(); ++plane) {
      const Index j = cell.origins[plane];
      if (j <= i) continue;
      const auto region = face_region(cell, static_cast<Index>(plane));
      if (region.is_empty) continue;
      const Vector half = (at.centers.col(j) - at.centers.col(i)) / 2, midpoint = at.centers.col(i) + half;
      const double length = half.norm(), scale = 1 / length;  // 2 / |beta_i - beta_j|
      // |x - beta_i|^2 <= 2 (1 + |half|^2)(1 + |y|^2): what is left out is no bit of an entry.
      const double negligible = 1e-20 * most / (scale * (1 + length * length));
      const auto parts = face_replicates(region, at.span, true_centers_, midpoint, directions, negligible);
      for (std::size_t r = 0; r < count; ++r) {
        Square sum = Square::Zero(d + 1, d + 1);
        for (Index s = 0; s < components(); ++s) {
          const auto& own = parts[static_cast<std::size_t>(s)];
          sum += component(s).weight * own[own.size() > 1 ? r : 0];
        }
        // x - beta_i = y + half and x - beta_j = y - half, y = x - midpoint.
        const Matrix second = sum.topLeftCorner(d, d).matrix(), square = sum(d, d) * half * half.transpose(),
                     mixed = half * sum.col(d).head(d).matrix().transpose();
        const Index a = i * d, b = j * d;
        auto hessian = replicates[r].matrix();
        hessian.block(a, a, d, d) -= scale * (second + mixed + mixed.transpose() + square);
        hessian.block(b, b, d, d) -= scale * (second - mixed - mixed.transpose() + square);
        const Matrix between = scale * (second + mixed - mixed.transpose() - square);
        hessian.block(a, b, d, d) += between;
        hessian.block(b, a, d, d) += between.transpose();
      }
    }
  }
  return replicates;
}

}  // namespace internal
}  // namespace kmscape

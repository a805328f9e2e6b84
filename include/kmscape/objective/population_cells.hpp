// Cells and faces of fitted centers under a mixture of balls or Gaussians, from the integrals over their span.
//
// This is where coordinates of the span become those of space again, and replicates become means with errors; the
// public results are described here, PopulationObjective hands them out.
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <cmath>
#include <concepts>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/objective/population_integrals.hpp>

namespace kmscape {

/// How integrals over cells are done.
enum class Integrator {
  automatic,          // line and plane for d = 1, 2; otherwise by the dimension of the centers' span
  line,               // d = 1: closed form
  plane,              // d = 2: closed form to rounding
  reduced_line,       // all centers on one line: to rounding
  reduced_plane,      // all centers in one plane: to rounding
  quasi_monte_carlo,  // quasi-random rays from the components' centers, with standard errors
};

[[nodiscard]] constexpr std::string_view to_string(Integrator integrator) {
  switch (integrator) {
    case Integrator::automatic:
      return "automatic";
    case Integrator::line:
      return "line";
    case Integrator::plane:
      return "plane";
    case Integrator::reduced_line:
      return "reduced_line";
    case Integrator::reduced_plane:
      return "reduced_plane";
    case Integrator::quasi_monte_carlo:
      return "quasi_monte_carlo";
  }
  return "unknown";
}

struct PopulationOptions {
  Integrator integrator = Integrator::automatic;
  Index samples = 512;  // quasi_monte_carlo: directions a replicate, each with its opposite; a power of 2 is best
  // quasi_monte_carlo: independent sets of directions, >= 8, whose spread is the error. A sliver of a component that
  // all 2 samples replicates directions from its center miss counts as 0 with error 0; it is seen from there under less
  // than 3 / (2 samples replicates) of the sphere, with a confidence of 95%. An error that rests on few hits is rough.
  int replicates = 16;
  Seed seed = 0;  // quasi_monte_carlo: of the directions; the same ones serve every call
};

/// A number and the standard error of its estimate; 0 where it is exact to rounding.
struct Estimate {
  double value = 0;
  double standard_error = 0;
};

/// What every cell holds of every component: QZC's m_{i,s} and c_{i,s}. A cell without mass has its own center for
/// centroid.
struct ComponentCells {
  Eigen::ArrayXXd mass;                   // m x k: P_s(V_i), of component s alone: columns sum to 1
  std::vector<Eigen::MatrixXd> centroid;  // k matrices d x m: center of mass of V_i under f_s
  Eigen::ArrayXXd distortion;             // m x k: the integral of |x - beta_i|^2 f_s over V_i
  Eigen::ArrayXXd mass_error;             // m x k: standard errors; 0 where exact
  Eigen::ArrayXXd centroid_error;         // m x k: the largest of a centroid's d coordinates
  Eigen::ArrayXXd distortion_error;       // m x k
};

/// Integrals over the face F_ij = V_i and V_j's common facet, by component; around the midpoint of the two centers,
/// which lies in the face's hyperplane. In one dimension a face is a point and its area measure counts it once.
struct FaceMoments {
  Index i = -1, j = -1;                 // i < j
  Eigen::VectorXd midpoint;             // d
  Eigen::ArrayXd density;               // k: rho_s(F_ij), the integral of f_s dS
  Eigen::MatrixXd first;                // d x k: of (x - midpoint) f_s
  std::vector<Eigen::MatrixXd> second;  // k matrices d x d: of (x - midpoint)(x - midpoint)^T f_s
  Eigen::ArrayXd density_error;         // k: standard errors; 0 where exact
  Eigen::ArrayXd first_error;           // k: the largest of d coordinates
  Eigen::ArrayXd second_error;          // k: the largest of d x d entries
};

namespace internal {

/// Centers, components and half-spaces in coordinates of the span of some directions.
struct CenterSpan {
  using Matrix = Eigen::MatrixXd;
  using Vector = Eigen::VectorXd;

  Eigen::VectorXd origin;  // d
  Eigen::MatrixXd basis;   // d x p, orthonormal
  SpanMixture mixture;
  bool by_rays = false;

  [[nodiscard]] Index p() const { return basis.cols(); }
  [[nodiscard]] Eigen::MatrixXd project(const std::same_as<Eigen::MatrixXd> auto& points) const {
    return basis.transpose() * (points.colwise() - origin);
  }
};

/// The span that the cells of all `diagrams` need, each a d x m matrix of centers. `mixture` has its centers in space.
[[nodiscard]] CenterSpan center_span(const std::vector<Eigen::MatrixXd>& diagrams,
                                     const std::same_as<SpanMixture> auto& mixture, Integrator integrator,
                                     std::string_view function) {
  Dependent<CenterSpan, decltype(mixture)> span;
  const Index d = mixture.dimension;
  span.origin = diagrams.front().col(0);
  span.by_rays = integrator == Integrator::quasi_monte_carlo;
  if (d <= 2 && !span.by_rays && integrator != Integrator::reduced_line) {
    span.basis = Eigen::MatrixXd::Identity(d, d);
  } else {
    Index columns = 0;
    double scale = 0;
    for (const auto& centers : diagrams) columns += centers.cols() - 1;
    Dependent<Eigen::MatrixXd, decltype(mixture)> differences(d, std::max<Index>(columns, 1));
    differences.setZero();
    Index at = 0;
    for (const auto& centers : diagrams) {
      scale = std::max(scale, centers.cwiseAbs().maxCoeff());
      for (Index j = 1; j < centers.cols(); ++j) differences.col(at++) = centers.col(j) - centers.col(0);
    }
    span.basis = span_basis(differences, scale, integrator == Integrator::reduced_plane ? 2 : 1);
    if (span.by_rays || span.p() >= 3) span.basis = settled_basis(span.basis);
    const Index most = integrator == Integrator::reduced_line ? 1 : integrator == Integrator::reduced_plane ? 2 : d;
    require(span.p() <= most, function, "options.integrator", to_string(integrator),
            text("the centers span ", span.p(), " dimensions"), "use Integrator::automatic");
  }
  span.mixture = mixture;
  for (auto& component : span.mixture.components)
    component.center = span.basis.transpose() * (component.center - span.origin);
  return span;
}

/// The cells of one diagram in the span.
[[nodiscard]] std::vector<HalfSpaces> cell_regions(const std::same_as<Eigen::MatrixXd> auto& span_centers) {
  std::vector<HalfSpaces> regions(static_cast<std::size_t>(span_centers.cols()));
  for (std::size_t i = 0; i < regions.size(); ++i) {
    regions[i].normals.resize(span_centers.rows(), 0);
    append_cell(span_centers, static_cast<Index>(i), regions[i]);
  }
  return regions;
}

/// Integrals of 1, x - a and |x - a|^2 over a region against one component, around any point a.
struct ShiftedMoments {
  double mass = 0, square = 0;
  Eigen::VectorXd first;
};

[[nodiscard]] ShiftedMoments shifted_moments(const std::same_as<MomentTable> auto& table, Index i, Index s,
                                             const std::same_as<CenterSpan> auto& span,
                                             const Eigen::VectorXd& true_center, const Eigen::VectorXd& around) {
  using Vector = typename std::remove_cvref_t<decltype(span)>::Vector;
  const double size = span.mixture.components[static_cast<std::size_t>(s)].size;
  const Index d = span.mixture.dimension, p = span.p();
  ShiftedMoments result;
  result.mass = table.mass(i, s);
  const Vector own = size * (span.basis * table.first.col(i + table.mass.rows() * s));
  const Vector shift = true_center - around;
  const double across = static_cast<double>(d - p) * variance_across(span.mixture, p, result.mass, table.square(i, s));
  result.first = own + result.mass * shift;
  result.square = size * size * (table.square(i, s) + across) + 2 * shift.dot(own) + shift.squaredNorm() * result.mass;
  return result;
}

/// Mean of replicates and its standard error, entry by entry; no error for a single exact one.
template <class Array>
[[nodiscard]] std::pair<Array, Array> mean_and_error(const std::vector<Array>& replicates) {
  Array mean = replicates.front();
  for (std::size_t r = 1; r < replicates.size(); ++r) mean += replicates[r];
  const double count = static_cast<double>(replicates.size());
  mean /= count;
  Array error = mean - mean;
  if (replicates.size() > 1) {
    for (const auto& replicate : replicates) error += (replicate - mean).square();
    error = (error / (count * (count - 1))).sqrt();
  }
  return {std::move(mean), std::move(error)};
}

/// The same of numbers.
[[nodiscard]] inline Estimate mean_and_error(const std::vector<double>& replicates) {
  const double count = static_cast<double>(replicates.size());
  double sum = 0, squares = 0;
  for (const double replicate : replicates) sum += replicate;
  const double mean = sum / count;
  for (const double replicate : replicates) squares += (replicate - mean) * (replicate - mean);
  return {mean, replicates.size() > 1 ? std::sqrt(squares / (count * (count - 1))) : 0};
}

/// The hyperplane between two cells in the span, and what of it is their face.
struct FaceRegion {
  Eigen::VectorXd normal;  // p, from i to j
  double offset = 0;
  Eigen::MatrixXd basis;  // p x (p - 1), of the hyperplane
  HalfSpaces region;      // in coordinates w: x = offset normal + basis w
  bool is_empty = false;
};

/// The face behind half-space `number` of a cell.
[[nodiscard]] FaceRegion face_region(const std::same_as<HalfSpaces> auto& cell, Index number) {
  using Matrix = std::remove_cvref_t<decltype(cell.normals)>;
  using Vector = std::remove_cvref_t<decltype(cell.offsets)>;
  Dependent<FaceRegion, decltype(cell)> face;
  const Index p = cell.normals.rows(), planes = cell.offsets.size();
  face.normal = cell.normals.col(number);
  face.offset = cell.offsets(number);
  const Eigen::HouseholderQR<Matrix> qr(face.normal);
  const Matrix rotation = qr.householderQ();
  face.basis = rotation.rightCols(p - 1);
  face.region.normals.resize(p - 1, planes);
  face.region.offsets.resize(planes);
  Index at = 0;
  for (Index h = 0; h < planes; ++h) {
    if (h == number) continue;
    const Vector inside = face.basis.transpose() * cell.normals.col(h);
    const double room = cell.offsets(h) - face.offset * face.normal.dot(cell.normals.col(h)), length = inside.norm();
    if (length > 0) {
      face.region.normals.col(at) = inside / length;
      face.region.offsets(at++) = room / length;
      face.region.origins.push_back(cell.origins[static_cast<std::size_t>(h)]);
    } else if (room < 0) {
      face.is_empty = true;
    }
  }
  face.region.normals.conservativeResize(p - 1, at);
  face.region.offsets.conservativeResize(at);
  if (p == 2 && !face.is_empty) {
    const auto [left, right] = to_interval(face.region);
    face.is_empty = !(left < right);
  }
  return face;
}

/// Density, first and second moments of one component over a face, around its own center in its units, one entry a
/// replicate: a slice of a D-ball is a (D-1)-ball, a slice of a Gaussian a Gaussian. `slopes` = face.region.normals^T
/// directions.
[[nodiscard]] std::vector<RegionMoments> slice_moments(const std::same_as<FaceRegion> auto& face,
                                                       const SpanMixture& mixture, const SpanComponent& component,
                                                       const std::vector<Eigen::MatrixXd>& directions,
                                                       const std::vector<Eigen::MatrixXd>& slopes) {
  using Matrix = std::remove_cvref_t<decltype(face.basis)>;
  using Vector = std::remove_cvref_t<decltype(face.normal)>;
  const Index p = face.normal.size(), d = mixture.dimension;
  const double h = (face.offset - face.normal.dot(component.center)) / component.size;
  const double height = mixture.is_gaussian ? normal_density(h) : ball_slice_density(h, d);
  if (face.is_empty || !(height > 0)) return {RegionMoments(p)};
  const double radius = mixture.is_gaussian ? 1 : std::sqrt((1 - h) * (1 + h));
  HalfSpaces region = face.region;
  const Vector foot = face.basis.transpose() * component.center;
  region.offsets = (region.offsets - region.normals.transpose() * foot) / (component.size * radius);
  auto result = region_moments(region, mixture.is_gaussian, d - 1, directions, slopes);
  const double scale = height / component.size;
  for (auto& moments : result) {
    const Vector inside = radius * (face.basis * moments.first);
    const Matrix cross = h * face.normal * inside.transpose();
    const Matrix second = radius * radius * (face.basis * moments.second * face.basis.transpose()) + cross +
                          cross.transpose() + h * h * moments.mass * face.normal * face.normal.transpose();
    moments.square = scale * (h * h * moments.mass + radius * radius * moments.square);
    moments.first = scale * (inside + h * moments.mass * face.normal);
    moments.second = scale * second;
    moments.mass *= scale;
  }
  return result;
}

/// The same in space around `midpoint`, for every component its replicates: (d + 1) x (d + 1) arrays that hold second
/// moments, first moments in the last column and the density in the corner.
///
/// Zeros stand for a component whose integral of 1 + |x - midpoint|^2 over the whole hyperplane is at most
/// `negligible`. It is bounded by Minkowski's inequality: |x - center|^2 is at most r^2 for a ball, and sigma^2 (h^2 +
/// d - 1) in the mean for a Gaussian at the distance h sigma.
template <std::same_as<CenterSpan> Span>
[[nodiscard]] std::vector<std::vector<Eigen::ArrayXXd>> face_replicates(const FaceRegion& face, const Span& span,
                                                                        const Eigen::MatrixXd& true_centers,
                                                                        const Eigen::VectorXd& midpoint,
                                                                        const std::vector<Eigen::MatrixXd>& directions,
                                                                        double negligible = 0) {
  using Matrix = typename Span::Matrix;
  using Vector = typename Span::Vector;
  using Square = Eigen::Array<typename Matrix::Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  const Index d = span.mixture.dimension, p = span.p();
  const auto k = static_cast<Index>(span.mixture.components.size());
  const Matrix &basis = span.basis, &normals = face.region.normals;
  const Matrix across = Matrix::Identity(d, d) - basis * basis.transpose();
  std::vector<Matrix> slopes;
  for (const Matrix& some : directions) slopes.push_back(normals.transpose() * some);
  std::vector<std::vector<Square>> result(static_cast<std::size_t>(k));
  for (Index s = 0; s < k; ++s) {
    const auto& component = span.mixture.components[static_cast<std::size_t>(s)];
    auto& replicates = result[static_cast<std::size_t>(s)];
    const double size = component.size;
    const Vector shift = true_centers.col(s) - midpoint;
    if (negligible > 0) {
      const Vector &normal = face.normal, &center = component.center;
      const double h = (face.offset - normal.dot(center)) / size;
      const double height = span.mixture.is_gaussian ? normal_density(h) : ball_slice_density(h, d);
      const double spread = size * std::sqrt(span.mixture.is_gaussian ? h * h + static_cast<double>(d) : 1);
      const double reach = shift.norm() + spread;
      if (height / size * (1 + reach * reach) <= negligible) {
        replicates.push_back(Square::Zero(d + 1, d + 1));
        continue;
      }
    }
    for (const auto& own : slice_moments(face, span.mixture, component, directions, slopes)) {
      const Vector first = size * (basis * own.first);
      const Matrix cross = first * shift.transpose();
      Square all = Square::Zero(d + 1, d + 1);
      all.topLeftCorner(d, d) = (size * size *
                                     (basis * own.second * basis.transpose() +
                                      variance_across(span.mixture, p, own.mass, own.square) * across) +
                                 cross + cross.transpose() + own.mass * shift * shift.transpose())
                                    .array();
      all.col(d).head(d) = (first + own.mass * shift).array();
      all(d, d) = own.mass;
      replicates.push_back(std::move(all));
    }
  }
  return result;
}

/// The same, as means and errors.
[[nodiscard]] FaceMoments face_moments(const std::same_as<FaceRegion> auto& face,
                                       const std::same_as<CenterSpan> auto& span, const Eigen::MatrixXd& true_centers,
                                       const Eigen::VectorXd& midpoint,
                                       const std::vector<Eigen::MatrixXd>& directions) {
  const Index d = span.mixture.dimension;
  const auto k = static_cast<Index>(span.mixture.components.size());
  FaceMoments result;
  result.midpoint = midpoint;
  result.density = result.density_error = result.first_error = result.second_error = Eigen::ArrayXd::Zero(k);
  result.first = Eigen::MatrixXd::Zero(d, k);
  result.second.assign(static_cast<std::size_t>(k), Eigen::MatrixXd::Zero(d, d));
  const auto replicates = face_replicates(face, span, true_centers, midpoint, directions);
  for (Index s = 0; s < k; ++s) {
    const auto [mean, error] = mean_and_error(replicates[static_cast<std::size_t>(s)]);
    result.density(s) = mean(d, d);
    result.first.col(s) = mean.col(d).head(d).matrix();
    result.second[static_cast<std::size_t>(s)] = mean.topLeftCorner(d, d).matrix();
    result.density_error(s) = error(d, d);
    result.first_error(s) = error.col(d).head(d).maxCoeff();
    result.second_error(s) = error.topLeftCorner(d, d).maxCoeff();
  }
  return result;
}

}  // namespace internal
}  // namespace kmscape

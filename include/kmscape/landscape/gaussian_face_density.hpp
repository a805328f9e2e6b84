// rho_s(F_ij) of the Gaussian mixture: the density of component s over the part of a face in the ball B_s(r) (QZC
// equation 44), which Theorems 2 and 4 cut to radius r = t sigma sqrt(min(d, 2k)).
//
// In the bisector, around the foot of beta*_s at height h, the component is N(0, sigma^2 I) in D - 1 dimensions times
// phi(h/sigma)/sigma, the ball a ball of radius R = sqrt(r^2 - h^2), and the face a polyhedron whose normals span the
// fitted centers only. Closed form where no edge reaches the ball or D <= 2; one integral where the edges are parallel
// (three centers); otherwise the chi distribution along quasi-random rays, with a standard error.
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <string_view>
#include <type_traits>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/geometry/gauss_legendre.hpp>
#include <kmscape/geometry/interval_moments.hpp>
#include <kmscape/geometry/normal_distribution.hpp>
#include <kmscape/geometry/radial_tail.hpp>
#include <kmscape/geometry/sphere_directions.hpp>
#include <kmscape/geometry/voronoi_cells.hpp>

namespace kmscape {

struct FaceDensityOptions {
  Index directions = 1024;  // rays a replicate, each with its opposite
  int replicates = 8;       // independent scrambles, at least 2
  Seed seed = 0;
};

struct FaceDensity {
  double value = 0;           // rho_s(F_ij), in 1/length
  double standard_error = 0;  // 0 where it is exact up to rounding
};

/// Density of N(center, sigma^2 I) in `span` dimensions over the part of the face within `radius` of `center` (d).
/// `span` = min(d, 2k) may be less than d: all centers lie in that many dimensions, and the component is taken there.
/// Throws `invalid_input`. O(k + directions replicates k span) at most.
[[nodiscard]] FaceDensity gaussian_face_density(const std::same_as<VoronoiFace<double>> auto& face,
                                                const Eigen::VectorXd& center, double sigma, double radius, Index span,
                                                const FaceDensityOptions& options = {});

namespace internal {

/// Mass of N(0, I) in e dimensions within distance rho of the origin.
[[nodiscard]] inline double normal_ball_mass(Index e, double rho) {
  return e == 0 ? 1 : 1 - gamma_tail(e, rho * rho / 2);
}

/// Mass of N(0, I) in e >= 2 dimensions within distance R and between two parallel hyperplanes. With s = R sin(angle)
/// the integrand is smooth up to the ball's boundary.
[[nodiscard]] inline double normal_slab_mass(Index e, double lower, double upper, double R) {
  const double from = std::asin(std::clamp(lower / R, -1.0, 1.0)), to = std::asin(std::clamp(upper / R, -1.0, 1.0));
  const int panels = 4 + static_cast<int>(2 * R);
  const auto integrand = [e, R](double angle) {
    const double s = R * std::sin(angle), rest = R * std::cos(angle);
    return normal_density(s) * normal_ball_mass(e - 1, rest) * rest;
  };
  const double width = (to - from) / panels;
  double sum = 0;
  for (int panel = 0; panel < panels; ++panel)
    sum += gauss_legendre<16>().integrate(from + width * panel, from + width * (panel + 1), integrand);
  return sum;
}

/// Mass of N(0, I) in e dimensions within distance R along the ray of direction `ray`, inside the polyhedron.
[[nodiscard]] inline double normal_ray_mass(Index e, const Eigen::VectorXd& slopes, const Eigen::ArrayXd& offsets,
                                            double R) {
  double enters = 0, leaves = R;
  for (Index l = 0; l < slopes.size(); ++l) {
    if (slopes(l) > 0) leaves = std::min(leaves, offsets(l) / slopes(l));
    if (slopes(l) < 0) enters = std::max(enters, offsets(l) / slopes(l));
    if (slopes(l) == 0 && offsets(l) < 0) return 0;
  }
  if (enters >= leaves) return 0;
  return gamma_tail(e, enters * enters / 2) - gamma_tail(e, leaves * leaves / 2);
}

}  // namespace internal

FaceDensity gaussian_face_density(const std::same_as<VoronoiFace<double>> auto& face, const Eigen::VectorXd& center,
                                  double sigma, double radius, Index span, const FaceDensityOptions& options) {
  using internal::require;
  using Vector = std::remove_cvref_t<decltype(face.midpoint)>;
  using Array = std::remove_cvref_t<decltype(face.offsets)>;
  using Matrix = std::remove_cvref_t<decltype(face.edges)>;
  constexpr std::string_view function = "gaussian_face_density";
  internal::check_cell_point(face.midpoint, center, function);
  require(sigma > 0 && std::isfinite(sigma), function, "sigma", sigma, "a standard deviation is positive and finite",
          "pass sigma > 0");
  require(radius > 0 && std::isfinite(radius), function, "radius", radius, "a radius is positive and finite",
          "pass t sigma sqrt(span)");
  require(span >= 1 && span <= center.size(), function, "span", span, "it is a number of dimensions, at most d",
          "pass min(d, 2k)");
  require(options.directions >= 1, function, "options.directions", options.directions, "at least one ray is needed",
          "pass e.g. 1024");
  require(options.replicates >= 2, function, "options.replicates", options.replicates,
          "an error is estimated from at least two replicates", "pass e.g. 8");
  if (!face.adjacent) return {};
  const Vector from = center - face.midpoint;
  const double height = face.normal.dot(from);
  if (std::abs(height) >= radius) return {};
  const Vector foot = from - height * face.normal;
  const double R = std::sqrt((radius - height) * (radius + height)) / sigma;
  const double factor = normal_density(height / sigma) / sigma;
  const Index e = span - 1;
  const Array offsets = (face.offsets - (face.edges.transpose() * foot).array()) / sigma;
  if ((offsets >= R).all()) return {factor * internal::normal_ball_mass(e, R), 0};
  if ((offsets <= -R).any()) return {};

  const Eigen::ColPivHouseholderQR<Matrix> qr(face.edges);
  const Index rank = std::min(qr.rank(), e);
  if (rank == 1) {  // edges along one line: the face is a slab
    const Vector along = face.edges.col(0);
    double lower = -R, upper = R;
    for (Index l = 0; l < offsets.size(); ++l)
      if (face.edges.col(l).dot(along) > 0)
        upper = std::min(upper, offsets(l));
      else
        lower = std::max(lower, -offsets(l));
    if (lower >= upper) return {};
    return {
        factor * (e == 1 ? normal_interval_moments(lower, upper).mass : internal::normal_slab_mass(e, lower, upper, R)),
        0};
  }
  // Coordinates of the edges in a basis of their span, the first coordinates of the rays.
  const Matrix basis = qr.householderQ() * Matrix::Identity(face.edges.rows(), rank);
  const Matrix edges = basis.transpose() * face.edges;
  const auto replicates = internal::sphere_directions(
      e, {.samples = options.directions, .replicates = options.replicates, .seed = options.seed});
  Array means(options.replicates);
  for (Index replicate = 0; replicate < means.size(); ++replicate) {
    const auto& rays = replicates[static_cast<std::size_t>(replicate)];
    double sum = 0;
    for (Index ray = 0; ray < rays.cols(); ++ray) {
      const Vector slopes = edges.transpose() * rays.col(ray).head(rank);
      sum += internal::normal_ray_mass(e, slopes, offsets, R) + internal::normal_ray_mass(e, -slopes, offsets, R);
    }
    means(replicate) = sum / static_cast<double>(2 * rays.cols());
  }
  const auto n = static_cast<double>(options.replicates);
  return {factor * means.mean(), factor * std::sqrt((means - means.mean()).square().sum() / (n * (n - 1)))};
}

}  // namespace kmscape

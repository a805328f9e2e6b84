// Where fitted centers stand against a mixture model: every quantity that QZC's section 6 and appendix F are built on.
//
// d_ij, D_ijs and rho_s(F_ij) for adjacent cells, m_is and c_is, and for every cell the clusters T_i whose balls it
// meets and A_i whose centers it holds inside. Membership is decided by exact distances (geometry/voronoi_cells.hpp),
// not sampled; masses and face integrals are PopulationObjective's, with their standard errors. For a Gaussian mixture
// the balls are B_s(r) with r = t sigma_s sqrt(min(d, 2k)), and rho_s counts the part of a face in that ball (equation
// 44). The number m of fitted centers need not be the number k of clusters; 2k is then 2 max(m, k).
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/geometry/voronoi_cells.hpp>
#include <kmscape/landscape/gaussian_face_density.hpp>
#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/separation.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/objective/population_objective.hpp>

namespace kmscape {

/// What QZC section 6.1 measures on the face between two adjacent cells.
struct CandidateFace {
  Index i = -1, j = -1;                         // i < j, V_i ~ V_j
  double half_distance = 0;                     // d_ij = |beta_i - beta_j|/2 (a)
  Eigen::VectorXd normal;                       // d: from beta_i to beta_j, of length 1
  Eigen::VectorXd midpoint;                     // d
  Eigen::Array<bool, Eigen::Dynamic, 1> meets;  // k: B_s meets the face
  Eigen::ArrayXd ball_distance;                 // k: D_ijs, from the midpoint to the face's part in B_s; 1 if void (c)
  Eigen::MatrixXd ball_foot;                    // d x k: the point of that part at distance D_ijs; the midpoint if void
  Eigen::ArrayXd density, density_error;        // k: rho_s(F_ij), in 1/length (d), and its standard error
  double mixture_density = 0;                   // the integral of f over the whole face, all components
  Eigen::MatrixXd mixture_second;               // d x d: of (x - midpoint)(x - midpoint)^T f
  double mixture_density_error = 0, mixture_second_error = 0;  // standard errors; of the latter's largest entry
};

struct CandidateGeometry {
  using Membership = Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic>;

  Eigen::MatrixXd fitted;         // d x m: beta
  Eigen::MatrixXd true_centers;   // d x k: beta*
  Eigen::ArrayXd weights, sizes;  // k: of the components; radii or standard deviations
  Separation separation;          // Delta and eta, the latter with 2 max(m, k) for Gaussians
  double t = 0;                   // Gaussian: radius of the balls in units of sigma sqrt(span); 0 for the ball model
  Index span = 0;                 // Gaussian: min(d, 2 max(m, k)); ball model: d
  Eigen::ArrayXd radii;           // k: of the balls B_s
  double radius = 0;              // r, the largest of them

  std::vector<CandidateFace> faces;             // of adjacent cells, by (i, j)
  Eigen::ArrayXXd cell_distance;                // m x k: from beta*_s to V_i; 0 inside, infinite for a void cell
  Eigen::ArrayXXd depth;                        // m x k: of beta*_s in V_i; positive inside, negative outside
  Membership meets;                             // m x k: s in T_i, V_i meets the closed ball B_s (Theorem 3)
  Membership holds;                             // m x k: s in A_i, beta*_s is in V_i's interior (Theorem 3)
  Eigen::ArrayXXd mass, mass_error;             // m x k: m_is = P_s(V_i) (section 5.2), and its standard error
  std::vector<Eigen::MatrixXd> centroid;        // k matrices d x m: c_is (section 5.2)
  Eigen::ArrayXXd centroid_error;               // m x k
  Eigen::Array<bool, Eigen::Dynamic, 1> owned;  // m: false where an earlier center coincides and owns the cell
  bool converged = true;                        // false: rounding kept some distance from being certain

  [[nodiscard]] Index centers() const { return fitted.cols(); }
  [[nodiscard]] Index clusters() const { return true_centers.cols(); }
  /// max(m, k), which stands for k in the theorems.
  [[nodiscard]] double count() const { return static_cast<double>(std::max(centers(), clusters())); }
  [[nodiscard]] bool is_gaussian() const { return t > 0; }

  /// T_i, ascending.
  template <class WhenUsed = void>
  [[nodiscard]] std::vector<Index> met_clusters(Index i) const {
    return members(meets, i);
  }
  /// A_i, ascending.
  template <class WhenUsed = void>
  [[nodiscard]] std::vector<Index> held_clusters(Index i) const {
    return members(holds, i);
  }

  /// The largest rho_s(F_jl) over all faces; 0 where none cuts B_s.
  [[nodiscard]] double deepest_cut(Index s) const {
    double result = 0;
    for (const auto& face : faces) result = std::max(result, face.density(s));
    return result;
  }
  /// m_is for s alone, from its complement: 1 - P_s(V_i), exact where it is small.
  [[nodiscard]] double missing_mass(Index i, Index s) const {
    double result = 0;
    for (Index j = 0; j < centers(); ++j)
      if (j != i) result += mass(j, s);
    return result;
  }
  /// P(V_i).
  [[nodiscard]] double cell_mass(Index i) const { return weighted_row(mass, i); }
  /// At most: the same directions serve all components, so that errors may add up.
  [[nodiscard]] double cell_mass_error(Index i) const { return weighted_row(mass_error, i); }
  /// c_i = sum of m_is c_is / sum of m_is, weighted (equation 9); beta_i where the cell has no mass.
  template <class WhenUsed = void>
  [[nodiscard]] Eigen::VectorXd cell_centroid(Index i) const {
    const double total = cell_mass(i);
    Eigen::VectorXd result(fitted.rows());
    for (Index e = 0; e < fitted.rows(); ++e) {
      double offset = 0;
      for (Index s = 0; s < clusters() && total > 0; ++s)
        offset += weights(s) * mass(i, s) / total * (centroid[static_cast<std::size_t>(s)](e, i) - fitted(e, i));
      result(e) = fitted(e, i) + offset;
    }
    return result;
  }
  /// An upper bound on the standard error of `cell_centroid`'s distance from beta_i.
  template <class WhenUsed = void>
  [[nodiscard]] double cell_centroid_error(Index i) const;
  /// |beta_i - mean of the true centers of `clusters`|; `clusters` is not empty.
  [[nodiscard]] double distance_to_mean(Index i, const std::vector<Index>& clusters) const {
    double square = 0;
    for (Index e = 0; e < fitted.rows(); ++e) {
      double offset = 0;
      for (const Index s : clusters) offset += true_centers(e, s) - fitted(e, i);
      square += offset * offset;
    }
    return std::sqrt(square) / static_cast<double>(clusters.size());
  }

 private:
  // In loops: every program that includes the library would compile expressions.
  [[nodiscard]] double weighted_row(const Eigen::ArrayXXd& table, Index i) const {
    double sum = 0;
    for (Index s = 0; s < clusters(); ++s) sum += table(i, s) * weights(s);
    return sum;
  }
  template <class WhenUsed = void>
  [[nodiscard]] static std::vector<Index> members(const Membership& table, Index i) {
    std::vector<Index> result;
    for (Index s = 0; s < table.cols(); ++s)
      if (table(i, s)) result.push_back(s);
    return result;
  }
};

struct CandidateOptions {
  PopulationOptions population = {};     // of the masses and the face integrals
  FaceDensityOptions face_density = {};  // Gaussian, four and more centers beyond the plane: rho_s within the balls
};

/// Geometry of centers (d x m, finite) against a stochastic ball model with k >= 2. Throws `invalid_input`. O(m^2 k)
/// small quadratic programs, and PopulationObjective's cells and faces.
template <std::floating_point Scalar, int Dim, class Derived>
[[nodiscard]] CandidateGeometry candidate_geometry(const StochasticBallModel<Scalar, Dim>& model,
                                                   const Eigen::MatrixBase<Derived>& centers,
                                                   const CandidateOptions& options = {});

/// The same against a Gaussian mixture, with balls of radius t sigma_s sqrt(min(d, 2 max(m, k))). Theorems 2 and 4 are
/// proved for t >= 2; any t > 0 is measured.
template <std::floating_point Scalar, int Dim, class Derived>
[[nodiscard]] CandidateGeometry candidate_geometry(const GaussianMixtureModel<Scalar, Dim>& model,
                                                   const Eigen::MatrixBase<Derived>& centers, double t,
                                                   const CandidateOptions& options = {});

/// theta^v_ij, the angle in [0, pi] between v_j and beta_i - beta_j (QZC section 6.1 (b)). `centers` and `v` are d x m;
/// v_j is not zero, beta_i and beta_j differ. Throws `invalid_input`.
template <class Centers, class Direction>
[[nodiscard]] double perturbation_angle(const Eigen::MatrixBase<Centers>& centers,
                                        const Eigen::MatrixBase<Direction>& v, Index i, Index j) {
  using internal::require;
  internal::check_cell_index(i, centers.cols(), "perturbation_angle", "i");
  internal::check_cell_index(j, centers.cols(), "perturbation_angle", "j");
  require(v.rows() == centers.rows() && v.cols() == centers.cols(), "perturbation_angle", "v",
          internal::text("a ", v.rows(), " x ", v.cols(), " matrix"),
          internal::text("the centers are ", centers.rows(), " x ", centers.cols()), "pass one direction per center");
  const Eigen::VectorXd along = v.col(j).template cast<double>().stableNormalized();
  const Eigen::VectorXd apart =
      (centers.col(i).template cast<double>() - centers.col(j).template cast<double>()).stableNormalized();
  require(along.squaredNorm() > 0, "perturbation_angle", internal::text("v.col(", j, ")"), 0, "a direction is not zero",
          "pass a vector of length 1");
  require(apart.squaredNorm() > 0, "perturbation_angle", "j", j, internal::text("centers ", i, " and ", j, " coincide"),
          "pass two different centers");
  // Kahan's form, accurate near 0 and pi too.
  return 2 * std::atan2((along - apart).norm(), (along + apart).norm());
}

template <class WhenUsed>
double CandidateGeometry::cell_centroid_error(Index i) const {
  const double total = cell_mass(i);
  if (!(total > 0)) return 0;
  const double root = std::sqrt(static_cast<double>(fitted.rows()));
  double sum = 0;
  for (Index s = 0; s < clusters(); ++s) {
    double square = 0;
    for (Index e = 0; e < fitted.rows(); ++e) {
      const double difference = centroid[static_cast<std::size_t>(s)](e, i) - fitted(e, i);
      square += difference * difference;
    }
    sum += weights(s) * (mass(i, s) * centroid_error(i, s) * root + mass_error(i, s) * std::sqrt(square));
  }
  return sum / total;
}

namespace internal {

/// T_i and A_i by exact distances.
void measure_cells(std::same_as<CandidateGeometry> auto& geometry) {
  const Index m = geometry.centers(), k = geometry.clusters();
  geometry.cell_distance.resize(m, k);
  geometry.depth.resize(m, k);
  geometry.owned.resize(m);
  for (Index i = 0; i < m; ++i) {
    const auto cell = polyhedral_cell(geometry.fitted, i);
    geometry.owned(i) = cell.owned;
    for (Index s = 0; s < k; ++s) {
      const auto nearest = nearest_in_cell(cell, geometry.true_centers.col(s));
      geometry.cell_distance(i, s) = nearest.distance;
      geometry.converged = geometry.converged && nearest.converged;
      geometry.depth(i, s) = depth(cell, geometry.true_centers.col(s));
    }
  }
  geometry.meets = geometry.cell_distance <= geometry.radii.transpose().replicate(m, 1);
  geometry.holds = geometry.depth > 0;
}

/// d_ij and D_ijs of the face, its part in every ball, and nothing yet of the densities.
[[nodiscard]] CandidateFace measure_face(const VoronoiFace<double>& face,
                                         std::same_as<CandidateGeometry> auto& geometry) {
  const Index k = geometry.clusters(), d = geometry.fitted.rows();
  CandidateFace result;
  result.i = face.first;
  result.j = face.second;
  result.half_distance = face.half_distance;
  result.normal = face.normal;
  result.midpoint = face.midpoint;
  result.meets.resize(k);
  result.ball_distance = Eigen::ArrayXd::Ones(k);
  result.ball_foot = face.midpoint.replicate(1, k);
  result.density = result.density_error = Eigen::ArrayXd::Zero(k);
  result.mixture_second = Eigen::MatrixXd::Zero(d, d);
  for (Index s = 0; s < k; ++s) {
    const auto part = nearest_in_face_and_ball(face, geometry.true_centers.col(s), geometry.radii(s));
    geometry.converged = geometry.converged && part.converged;
    result.meets(s) = part.exists;
    if (!part.exists) continue;
    result.ball_distance(s) = part.distance;
    result.ball_foot.col(s) = part.point;
  }
  return result;
}

/// Everything but rho_s; `densities(face, candidate_face, moments)` sets that.
template <class Model, class Densities>
void measure_candidate(const PopulationObjective<Model>& objective, CandidateGeometry& geometry,
                       const Densities& densities) {
  const auto cells = objective.component_cells(geometry.fitted);
  geometry.mass = cells.mass;
  geometry.mass_error = cells.mass_error;
  geometry.centroid = cells.centroid;
  geometry.centroid_error = cells.centroid_error;
  measure_cells(geometry);
  const auto moments = objective.faces(geometry.fitted);
  auto next = moments.begin();  // both go through the pairs in one order
  for (Index i = 0; i < geometry.centers(); ++i)
    for (Index j = i + 1; j < geometry.centers(); ++j) {
      while (next != moments.end() && (next->i < i || (next->i == i && next->j < j))) ++next;
      const auto face = voronoi_face(geometry.fitted, i, j);
      if (!face.adjacent) continue;
      CandidateFace result = measure_face(face, geometry);
      const bool is_known = next != moments.end() && next->i == i && next->j == j;
      if (is_known) {
        for (Index s = 0; s < geometry.clusters(); ++s) {
          result.mixture_density += geometry.weights(s) * next->density(s);
          result.mixture_density_error += geometry.weights(s) * next->density_error(s);
          result.mixture_second += geometry.weights(s) * next->second[static_cast<std::size_t>(s)];
          result.mixture_second_error += geometry.weights(s) * next->second_error(s);
        }
      }
      densities(face, is_known ? &*next : nullptr, result);
      geometry.faces.push_back(std::move(result));
    }
}

template <class Model, class Derived>
[[nodiscard]] CandidateGeometry start_geometry(const Model& model, const Eigen::MatrixBase<Derived>& centers) {
  refuse_row_major<Derived>();
  check_centers(centers, model.dimension(), "candidate_geometry", "centers");
  require(model.components() >= 2, "candidate_geometry", "model.components()", model.components(),
          "the theorems compare at least two true centers", "pass a model with k >= 2");
  CandidateGeometry geometry;
  geometry.fitted = centers.template cast<double>();
  geometry.true_centers = model.centers().template cast<double>();
  geometry.weights = model.weights().template cast<double>();
  return geometry;
}

}  // namespace internal

template <std::floating_point Scalar, int Dim, class Derived>
CandidateGeometry candidate_geometry(const StochasticBallModel<Scalar, Dim>& model,
                                     const Eigen::MatrixBase<Derived>& centers, const CandidateOptions& options) {
  CandidateGeometry geometry = internal::start_geometry(model, centers);
  geometry.sizes = geometry.radii = model.radii().template cast<double>();
  geometry.radius = geometry.radii.maxCoeff();
  geometry.span = model.dimension();
  geometry.separation = separation(geometry.true_centers, geometry.radius);
  internal::measure_candidate(PopulationObjective<StochasticBallModel<Scalar, Dim>>(model, options.population),
                              geometry,
                              [](const VoronoiFace<double>&, const FaceMoments* moments, CandidateFace& face) {
                                if (moments == nullptr) return;
                                face.density = moments->density;
                                face.density_error = moments->density_error;
                              });
  return geometry;
}

template <std::floating_point Scalar, int Dim, class Derived>
CandidateGeometry candidate_geometry(const GaussianMixtureModel<Scalar, Dim>& model,
                                     const Eigen::MatrixBase<Derived>& centers, double t,
                                     const CandidateOptions& options) {
  internal::require(t > 0 && std::isfinite(t), "candidate_geometry", "t", t,
                    "the balls have t sigma sqrt(min(d, 2k)) for radius", "pass t >= 2, where Theorem 2 is proved");
  CandidateGeometry geometry = internal::start_geometry(model, centers);
  geometry.t = t;
  geometry.sizes = model.sigmas().template cast<double>();
  geometry.span = std::min(model.dimension(), 2 * std::max(geometry.centers(), geometry.clusters()));
  const double root = std::sqrt(static_cast<double>(geometry.span));
  geometry.radii = t * root * geometry.sizes;
  geometry.radius = geometry.radii.maxCoeff();
  geometry.separation = separation(geometry.true_centers, geometry.sizes.maxCoeff() * root);
  internal::measure_candidate(
      PopulationObjective<GaussianMixtureModel<Scalar, Dim>>(model, options.population), geometry,
      [&](const VoronoiFace<double>& face, const FaceMoments*, CandidateFace& result) {
        for (Index s = 0; s < geometry.clusters(); ++s) {
          if (!result.meets(s)) continue;
          const auto density = gaussian_face_density(face, geometry.true_centers.col(s), geometry.sizes(s),
                                                     geometry.radii(s), geometry.span, options.face_density);
          result.density(s) = density.value;
          result.density_error(s) = density.standard_error;
        }
      });
  return geometry;
}

}  // namespace kmscape

// Theorems 1 to 4 of QZC as functions: a model and fitted centers in, hypotheses and conclusions out.
//
// Theorems 1 (balls) and 2 (Gaussians) grant a partition with error bounds; 3 and 4 are the deterministic families in
// lambda behind them, which bound every center by itself. The statements are the corrected ones (theorem_bounds.hpp
// says which errata); the number of fitted centers m may differ from k, with max(m, k) in place of k.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <string>
#include <utility>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/landscape/candidate_geometry.hpp>
#include <kmscape/landscape/necessary_conditions.hpp>
#include <kmscape/landscape/theorem_bounds.hpp>
#include <kmscape/landscape/theorem_partition.hpp>
#include <kmscape/landscape/theorem_report.hpp>
#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>

namespace kmscape {

struct TheoremOptions {
  double stationarity = 1e-9;  // beta_i counts as the mean of its cell within this share of Delta_max
  double rounding = 1e-12;     // relative; equal sizes, and bounds that are attained, hold within this
};

/// Theorem 1 for the ball model, with its constant `c` (proved for c >= 3). The geometry must be that of a stochastic
/// ball model with k >= 2. Throws `invalid_input`. O(m k + faces k).
[[nodiscard]] TheoremReport theorem1(const std::same_as<CandidateGeometry> auto& geometry, double c = 3,
                                     const TheoremOptions& options = {});

/// Theorem 2 for Gaussian mixtures, with its constants `c` (c >= 3) and t; t is that of the geometry's balls, which
/// must be those of a Gaussian mixture. Corrected: t >= 2.
[[nodiscard]] TheoremReport theorem2(const std::same_as<CandidateGeometry> auto& geometry, double c = 3,
                                     const TheoremOptions& options = {});

/// Theorem 3 for the ball model, at any lambda > 0 (in 1/length).
[[nodiscard]] TheoremReport theorem3(const std::same_as<CandidateGeometry> auto& geometry, double lambda,
                                     const TheoremOptions& options = {});

/// Theorem 4 for Gaussian mixtures, at any lambda > 0. Corrected: t >= 2, and k lambda r in part 2.
[[nodiscard]] TheoremReport theorem4(const std::same_as<CandidateGeometry> auto& geometry, double lambda,
                                     const TheoremOptions& options = {});

namespace internal {

/// Rows of one theorem, as they are collected.
template <std::same_as<CandidateGeometry> Geometry>
class ReportBuilder {
 public:
  ReportBuilder(std::string_view theorem, const Geometry& geometry, double lambda, const TheoremOptions& options)
      : geometry_(geometry), options_(options) {
    report_.theorem = theorem;
    report_.lambda = lambda;
  }

  void demand(std::string name, double left, double right, bool met, HypothesisRole role = HypothesisRole::model) {
    report_.hypotheses.push_back({std::move(name), left, right, met, role});
  }

  /// Both theorems' model: equal weights and equal sizes.
  void demand_equal_components() {
    const double k = static_cast<double>(geometry_.clusters());
    const double heaviest = k * geometry_.weights.maxCoeff();
    demand("every weight is 1/k", heaviest, 1, heaviest <= 1 + options_.rounding);
    const double largest = geometry_.sizes.maxCoeff(), smallest = geometry_.sizes.minCoeff();
    demand("all components have one size", largest, smallest, largest <= smallest * (1 + options_.rounding));
  }

  /// What is necessary for a local minimum.
  void demand_minimum() {
    const double tolerance = options_.stationarity * geometry_.separation.delta_max;
    for (auto& row : minimum_rows(geometry_, tolerance)) report_.hypotheses.push_back(std::move(row));
  }

  void conclude(ConclusionKind kind, Index center, std::vector<Index> clusters, double observed, double bound,
                double standard_error, bool is_distance) {
    report_.conclusions.push_back({.kind = kind,
                                   .centers = {center},
                                   .clusters = std::move(clusters),
                                   .observed = observed,
                                   .bound = bound,
                                   .standard_error = standard_error,
                                   .holds = observed <= bound * (1 + options_.rounding),
                                   .is_informative = bound < (is_distance ? geometry_.separation.delta_max : 1.0)});
  }

  void conclude_distance(ConclusionKind kind, Index i, std::vector<Index> clusters, double bound) {
    const double observed = geometry_.distance_to_mean(i, clusters);
    conclude(kind, i, std::move(clusters), observed, bound, 0, true);
  }
  void conclude_mass(Index i, double bound) {
    conclude(ConclusionKind::almost_empty, i, {}, geometry_.cell_mass(i), bound, geometry_.cell_mass_error(i), false);
  }

  /// The partition of Theorems 1 and 2 and the bounds on its members.
  void conclude_structure(const StructureBounds& bounds) {
    report_.partition = theorem_partition(geometry_, bounds.lambda);
    for (const auto& group : report_.partition.groups)
      for (const Index i : group.centers) {
        const bool over_many = group.kind == AssociationKind::one_fit_many;
        const auto kind = over_many                  ? ConclusionKind::one_fit_many
                          : group.centers.size() > 1 ? ConclusionKind::many_fit_one
                                                     : ConclusionKind::one_fit_one;
        conclude_distance(kind, i, group.clusters, over_many ? bounds.one_fit_many : bounds.many_fit_one);
      }
    for (const Index i : report_.partition.almost_empty) conclude_mass(i, bounds.almost_empty);
  }

  /// Parts 1 and 2 of Theorems 3 and 4.
  void conclude_family(const FamilyBounds& bounds) {
    for (Index i = 0; i < geometry_.centers(); ++i) {
      bool meets_deep_cut = false;
      for (const Index s : geometry_.met_clusters(i)) {
        if (geometry_.deepest_cut(s) > report_.lambda) {
          meets_deep_cut = true;
          conclude_distance(ConclusionKind::near_cut_cluster, i, {s}, bounds.near_cut_cluster);
        } else if (geometry_.holds(i, s)) {
          conclude(ConclusionKind::holds_cluster, i, {s}, geometry_.missing_mass(i, s), bounds.missing_mass,
                   geometry_.mass_error(i, s), false);
        } else {
          conclude(ConclusionKind::grazes_cluster, i, {s}, geometry_.mass(i, s), bounds.stray_mass,
                   geometry_.mass_error(i, s), false);
        }
      }
      if (meets_deep_cut) continue;
      auto held = geometry_.held_clusters(i);
      if (held.empty())
        conclude_mass(i, bounds.almost_empty);
      else
        conclude_distance(ConclusionKind::near_mean, i, std::move(held), bounds.near_mean);
    }
  }

  [[nodiscard]] TheoremReport finish() && { return std::move(report_); }

 private:
  const Geometry& geometry_;
  const TheoremOptions& options_;
  TheoremReport report_;
};

inline void check_theorem_geometry(const CandidateGeometry& geometry, bool wants_gaussian, std::string_view function) {
  require(
      geometry.is_gaussian() == wants_gaussian, function, "geometry",
      geometry.is_gaussian() ? "that of a Gaussian mixture" : "that of a stochastic ball model",
      wants_gaussian ? "this theorem is about Gaussian mixtures" : "this theorem is about the stochastic ball model",
      wants_gaussian ? "use theorem1 or theorem3" : "use theorem2 or theorem4");
}

}  // namespace internal

TheoremReport theorem1(const std::same_as<CandidateGeometry> auto& geometry, double c, const TheoremOptions& options) {
  internal::check_theorem_geometry(geometry, false, "theorem1");
  const auto& [delta_min, delta_max, eta_min, eta_max] = geometry.separation;
  const auto bounds = theorem1_bounds(geometry.count(), c, delta_max, eta_max);
  internal::ReportBuilder report("Theorem 1", geometry, bounds.lambda, options);
  report.demand_equal_components();
  report.demand("c >= 3", c, 3, c >= 3);
  report.demand("eta_max > 4 c^2 k^4", eta_max, bounds.least_eta_max, eta_max > bounds.least_eta_max);
  report.demand("eta_min >= 10 c k^2 sqrt(eta_max)", eta_min, bounds.least_eta_min, eta_min >= bounds.least_eta_min);
  report.demand_minimum();
  report.conclude_structure(bounds);
  return std::move(report).finish();
}

TheoremReport theorem2(const std::same_as<CandidateGeometry> auto& geometry, double c, const TheoremOptions& options) {
  internal::check_theorem_geometry(geometry, true, "theorem2");
  const auto& [delta_min, delta_max, eta_min, eta_max] = geometry.separation;
  const double t = geometry.t, tail = gaussian_tail_bound(t, geometry.span);
  const auto bounds = theorem2_bounds(geometry.count(), c, t, geometry.span, delta_max, eta_max);
  internal::ReportBuilder report("Theorem 2", geometry, bounds.lambda, options);
  report.demand_equal_components();
  report.demand("c >= 3", c, 3, c >= 3);
  report.demand("t >= 2", t, 2, t >= 2);
  report.demand("phi(t) < 1/4", tail, 0.25, tail < 0.25);
  report.demand("eta_max >= 16 c^2 k^4 t", eta_max, bounds.least_eta_max, eta_max >= bounds.least_eta_max);
  report.demand("eta_min >= 8 c sqrt(t) k^2 sqrt(eta_max) + 7 k phi(t) eta_max", eta_min, bounds.least_eta_min,
                eta_min >= bounds.least_eta_min);
  report.demand_minimum();
  report.conclude_structure(bounds);
  return std::move(report).finish();
}

TheoremReport theorem3(const std::same_as<CandidateGeometry> auto& geometry, double lambda,
                       const TheoremOptions& options) {
  internal::check_theorem_geometry(geometry, false, "theorem3");
  const auto bounds = theorem3_bounds(geometry.count(), lambda, geometry.radius, geometry.separation.delta_max);
  internal::ReportBuilder report("Theorem 3", geometry, lambda, options);
  report.demand_equal_components();
  report.demand_minimum();
  report.conclude_family(bounds);
  return std::move(report).finish();
}

TheoremReport theorem4(const std::same_as<CandidateGeometry> auto& geometry, double lambda,
                       const TheoremOptions& options) {
  internal::check_theorem_geometry(geometry, true, "theorem4");
  const auto bounds = theorem4_bounds(geometry.count(), lambda, geometry.t, geometry.span, geometry.sizes.maxCoeff(),
                                      geometry.separation.delta_max);
  internal::ReportBuilder report("Theorem 4", geometry, lambda, options);
  report.demand_equal_components();
  report.demand("t >= 2", geometry.t, 2, geometry.t >= 2);
  report.demand_minimum();
  report.conclude_family(bounds);
  return std::move(report).finish();
}

/// The theorems on a model and centers (d x m): `candidate_geometry`, then the theorem.
template <std::floating_point Scalar, int Dim, class Derived>
[[nodiscard]] TheoremReport theorem1(const StochasticBallModel<Scalar, Dim>& model,
                                     const Eigen::MatrixBase<Derived>& centers, double c = 3,
                                     const TheoremOptions& options = {}) {
  return theorem1(candidate_geometry(model, centers), c, options);
}

template <std::floating_point Scalar, int Dim, class Derived>
[[nodiscard]] TheoremReport theorem2(const GaussianMixtureModel<Scalar, Dim>& model,
                                     const Eigen::MatrixBase<Derived>& centers, double c, double t,
                                     const TheoremOptions& options = {}) {
  return theorem2(candidate_geometry(model, centers, t), c, options);
}

template <std::floating_point Scalar, int Dim, class Derived>
[[nodiscard]] TheoremReport theorem3(const StochasticBallModel<Scalar, Dim>& model,
                                     const Eigen::MatrixBase<Derived>& centers, double lambda,
                                     const TheoremOptions& options = {}) {
  return theorem3(candidate_geometry(model, centers), lambda, options);
}

template <std::floating_point Scalar, int Dim, class Derived>
[[nodiscard]] TheoremReport theorem4(const GaussianMixtureModel<Scalar, Dim>& model,
                                     const Eigen::MatrixBase<Derived>& centers, double lambda, double t,
                                     const TheoremOptions& options = {}) {
  return theorem4(candidate_geometry(model, centers, t), lambda, options);
}

}  // namespace kmscape

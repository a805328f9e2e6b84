// Maximum likelihood for spherical Gaussian mixtures by expectation maximisation.
//
//     l(pi, beta, sigma) = sum_i w_i log sum_j pi_j N(x_i; beta_j, sigma_j^2 I).
//
// A step computes the responsibilities r_ij and the masses m_j = sum_i w_i r_ij, and sets beta_j to the mean of the
// points under w_i r_ij, sigma_j^2 to their mean squared distance from it over d (over all components where they share
// one), and pi_j to m_j / sum m. It never lowers l by more than rounding (Dempster, Laird, Rubin 1977). With fixed
// equal variances tau^2 and fixed equal weights it is Lloyd's iteration on LikelihoodObjective.
//
// With a variance of its own a component can close in on a point, and l grows without bound. A floor stops it: the
// step's maximum under sigma_j^2 >= floor is the larger of the two, so that l still never falls. The result says how
// many variances rest on it; without a floor such a fit ends as `collapsed`.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/likelihood_objective.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/objective/soft_cells.hpp>
#include <kmscape/solve/seeding.hpp>

namespace kmscape {

enum class VarianceModel {
  fixed,          // as given
  shared,         // one for all components, estimated
  per_component,  // each its own, estimated
};

[[nodiscard]] constexpr std::string_view to_string(VarianceModel model) {
  switch (model) {
    case VarianceModel::fixed:
      return "fixed";
    case VarianceModel::shared:
      return "shared";
    case VarianceModel::per_component:
      return "per_component";
  }
  return "unknown";
}

enum class MixtureStatus {
  converged,            // the rise still to come is estimated to be within the tolerance
  rounding_limit,       // the last step changed nothing but rounding
  variance_floor,       // either of these, but with a variance on the floor: l has no maximum there without it
  iteration_limit,      // max_iterations steps were made
  collapsed,            // no floor, and a variance fell to rounding: l is unbounded; the last step is not made
  stopped_by_callback,  // on_progress returned false
  non_finite,           // l overflowed
};

[[nodiscard]] constexpr std::string_view to_string(MixtureStatus status) {
  switch (status) {
    case MixtureStatus::converged:
      return "converged";
    case MixtureStatus::rounding_limit:
      return "rounding_limit";
    case MixtureStatus::variance_floor:
      return "variance_floor";
    case MixtureStatus::iteration_limit:
      return "iteration_limit";
    case MixtureStatus::collapsed:
      return "collapsed";
    case MixtureStatus::stopped_by_callback:
      return "stopped_by_callback";
    case MixtureStatus::non_finite:
      return "non_finite";
  }
  return "unknown";
}

/// A spherical Gaussian mixture: where EM starts, and what it fits.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct MixtureParameters {
  FittedCenters<Scalar, Dim> centers;  // d x k
  Weights<Sum<Scalar>> variances;      // k: sigma_j^2, per coordinate
  Weights<Sum<Scalar>> weights;        // k: pi_j, summing to 1
};

struct MixtureOptions {
  VarianceModel variance = VarianceModel::shared;
  bool free_weights = true;      // false: mixing weights stay at the start's
  double start_variance = 0;     // where the start does not say; 0: the mean squared distance to the nearest center / d
  double variance_floor = 1e-6;  // as a share of the data's variance per coordinate; 0: none
  int max_iterations = 1000;     // steps; 0 evaluates the start only
  double tolerance = 1e-10;  // on the rise of l still to come per unit of weight, by Aitken's estimate; 0: iterate as
                             // far as rounding permits
  int threads = 1;           // of one pass over the data; 0: all cores. Small data is never split
  bool keep_values = false;  // fill MixtureFit::values
  bool keep_responsibilities = false;           // fill MixtureFit::responsibilities: O(n k) memory
  int restarts = 10;                            // where k is given
  Seeding seeding = Seeding::kmeans_plus_plus;  // of the restarts
  Seed seed = 0;                                // restart r draws from its stream r
  ProgressCallback on_progress = {};  // before each step, stage "mixture"; false ends the fit and all restarts to come
};

/// What one restart came to.
template <std::floating_point Scalar>
struct MixtureRestart {
  Sum<Scalar> log_likelihood = 0;
  MixtureStatus status = MixtureStatus::iteration_limit;
  int iterations = 0;
  Index at_floor = 0;
};

/// All that a fit holds belongs to its parameters.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct MixtureFit {
  MixtureParameters<Scalar, Dim> parameters;
  Sum<Scalar> log_likelihood = 0;  // l, of densities: data in other units shifts it
  MixtureStatus status = MixtureStatus::iteration_limit;
  int iterations = 0;               // steps made
  Weights<Sum<Scalar>> mass;        // k: sum_i w_i r_ij
  Labels labels;                    // n: component of the largest responsibility, ties to the lowest index
  Counts counts;                    // k: points of each label
  Sum<Scalar> variance_floor = 0;   // in squared data units; 0: none
  Index at_floor = 0;               // variances that rest on it
  Index empty_components = 0;       // whose mass underflows: they stay as they are, with weight 0 if weights are free
  Index free_parameters = 0;        // p
  double aic = 0, bic = 0;          // 2 p - 2 l and p log(sum w) - 2 l: smaller is better; weights count as copies
  std::vector<Sum<Scalar>> values;  // on request: l before each step and at the end
  Eigen::Matrix<Sum<Scalar>, Eigen::Dynamic, Eigen::Dynamic> responsibilities;  // on request: k x n, columns sum to 1
  std::vector<MixtureRestart<Scalar>> restarts;                                 // where k was given: all of them
  Index best_restart = 0;                                                       // the one that is returned
};

/// Iterates from full parameters. Variances must be positive and reach the floor unless they are fixed; shared ones
/// start from their mean under the weights, and weights are scaled to sum to 1. Throws `invalid_input`.
/// O(n k d) a step, O(n + k d) memory.
template <std::floating_point Scalar, int Dim>
[[nodiscard]] MixtureFit<Scalar, Dim> fit_mixture(const EmpiricalObjective<Scalar, Dim>& data,
                                                  const MixtureParameters<Scalar, Dim>& start,
                                                  const MixtureOptions& options = {});

/// Iterates from centers (d x k, finite), equal weights and `options.start_variance`.
template <std::floating_point Scalar, int Dim, class Derived>
[[nodiscard]] MixtureFit<Scalar, Dim> fit_mixture(const EmpiricalObjective<Scalar, Dim>& data,
                                                  const Eigen::MatrixBase<Derived>& start,
                                                  const MixtureOptions& options = {});

/// The best of `options.restarts` fits of k components from seeded centers: the highest l, fits with a variance on the
/// floor or collapsed only where there are no others, since there l measures the floor.
template <std::floating_point Scalar, int Dim>
[[nodiscard]] MixtureFit<Scalar, Dim> fit_mixture(const EmpiricalObjective<Scalar, Dim>& data, Index k,
                                                  const MixtureOptions& options = {});

namespace internal {

inline void check(const MixtureOptions& options) {
  constexpr std::string_view function = "fit_mixture";
  const auto check_size = [&](double size, std::string_view argument, std::string_view zero) {
    require(size >= 0 && std::isfinite(size), function, argument, size, "it is finite and not negative", zero);
  };
  check_size(options.start_variance, "options.start_variance", "pass 0 to take it from the data");
  check_size(options.variance_floor, "options.variance_floor", "pass 0 for none");
  check_size(options.tolerance, "options.tolerance", "pass 0 to iterate as far as rounding permits");
  require(options.max_iterations >= 0, function, "options.max_iterations", options.max_iterations,
          "a number of steps cannot be negative", "pass 0 to evaluate the start only");
  static_cast<void>(resolve_threads(options.threads, function, "options.threads"));  // throws on a negative number
}

/// One data set's fits: what they share, and the iteration.
template <std::floating_point Scalar, int Dim>
class MixtureFitter {
 public:
  using Real = Sum<Scalar>;
  using Fit = MixtureFit<Scalar, Dim>;
  using Parameters = MixtureParameters<Scalar, Dim>;
  using CentersType = FittedCenters<Scalar, Dim>;

  MixtureFitter(const EmpiricalObjective<Scalar, Dim>& data, const MixtureOptions& options)
      : data_(data),
        options_(options),
        dimension_(static_cast<Real>(data.dimension())),
        total_(data.total_weight()),
        pass_(soft_pass(data, resolve_threads(options.threads))) {
    const bool is_free = options.variance != VarianceModel::fixed;
    const auto whole = data.assign(data.points().template cast<Real>().rowwise().mean());
    variance_ = data.value(whole.cells.centroid) / (dimension_ * total_);
    const Real largest = data.points().template cast<Real>().cwiseAbs().maxCoeff();
    // Differences of coordinates are known to some units of rounding of the coordinates.
    const Real difference = 16 * std::numeric_limits<Real>::epsilon() * largest;
    least_ = std::max(difference * difference, std::numeric_limits<Real>::min() / std::numeric_limits<Real>::epsilon());
    rounding_ = 4 * std::numeric_limits<Real>::epsilon() * largest;
    require(!is_free || variance_ > least_, "fit_mixture", "the data's variance per coordinate", variance_,
            "it does not exceed the rounding of the coordinates, so that no variance can be estimated",
            "use VarianceModel::fixed, or pass distinct points, nearer to the origin");
    if (is_free) floor_ = static_cast<Real>(options.variance_floor) * variance_;
    if (floor_ < least_) floor_ = 0;
  }

  /// Equal weights and one variance at these centers.
  [[nodiscard]] Parameters start_at(const CentersType& centers) const {
    const Index k = centers.cols();
    Real variance = static_cast<Real>(options_.start_variance);
    if (variance == 0) {
      require(options_.variance != VarianceModel::fixed, "fit_mixture", "options.start_variance", variance,
              "a variance that is fixed must be given", "pass sigma^2 > 0, or another VarianceModel");
      variance = data_.value(centers) / (dimension_ * total_);
      // Centers on all points leave none.
      if (variance < least_) variance = variance_;
      variance = std::max(variance, floor_);
    }
    return {centers, Weights<Real>::Constant(k, variance), Weights<Real>::Constant(k, 1 / static_cast<Real>(k))};
  }

  [[nodiscard]] Fit run(Parameters now) {
    const Index k = now.centers.cols();
    check(now);
    now.weights /= now.weights.sum();
    if (options_.variance == VarianceModel::shared) now.variances.setConstant((now.weights * now.variances).sum());
    Fit fit;
    Real last = 0, last_rise = 0;
    for (;;) {
      const auto& sums = pass_.sums(now.centers, scores(now));
      fit.log_likelihood = sums.total;
      fit.mass = sums.mass;
      if (options_.keep_values) fit.values.push_back(sums.total);
      if (!std::isfinite(sums.total)) {
        fit.status = MixtureStatus::non_finite;
        break;
      }
      Parameters next = now;
      if (!maximise(sums, next)) {
        fit.status = MixtureStatus::collapsed;
        break;
      }
      if (is_same(now, next)) {
        fit.status = MixtureStatus::rounding_limit;
        break;
      }
      const Real rise = sums.total - last;
      if (options_.tolerance > 0 && fit.iterations > 1 && is_near_limit(rise, last_rise, sums.total)) {
        fit.status = MixtureStatus::converged;
        break;
      }
      if (fit.iterations == options_.max_iterations) {
        fit.status = MixtureStatus::iteration_limit;
        break;
      }
      if (options_.on_progress && !options_.on_progress({"mixture", fit.iterations, options_.max_iterations})) {
        fit.status = MixtureStatus::stopped_by_callback;
        break;
      }
      last_rise = rise;
      last = sums.total;
      now = std::move(next);
      fit.iterations += 1;
    }
    fit.variance_floor = floor_;
    if (floor_ > 0)
      fit.at_floor = options_.variance == VarianceModel::shared ? Index{now.variances(0) <= floor_}
                                                                : (now.variances <= floor_).count();
    if (fit.at_floor > 0 && (fit.status == MixtureStatus::converged || fit.status == MixtureStatus::rounding_limit))
      fit.status = MixtureStatus::variance_floor;
    fit.empty_components = k - (fit.mass > 0).count();
    fit.free_parameters = k * data_.dimension() + (options_.free_weights ? k - 1 : 0);
    if (options_.variance != VarianceModel::fixed)
      fit.free_parameters += options_.variance == VarianceModel::shared ? 1 : k;
    const double p = static_cast<double>(fit.free_parameters), twice = 2 * static_cast<double>(fit.log_likelihood);
    fit.aic = 2 * p - twice;
    fit.bic = p * std::log(static_cast<double>(total_)) - twice;
    fit.parameters = std::move(now);
    return fit;
  }

  /// Labels, and responsibilities where asked for.
  void finish(Fit& fit) {
    const auto& at = fit.parameters;
    const Index k = at.centers.cols();
    fit.labels.resize(data_.size());
    pass_.for_each_block(at.centers, scores(at),
                         [&](const SoftBlock<Scalar, Dim>& block, Index first, Index count, Index) {
                           for (Index b = 0; b < count; ++b) {
                             Index most = 0;
                             for (Index j = 1; j < k; ++j)
                               if (block.share()(b, j) > block.share()(b, most)) most = j;
                             fit.labels(first + b) = static_cast<Label>(most);
                           }
                         });
    fit.counts.setZero(k);
    for (Index i = 0; i < fit.labels.size(); ++i) fit.counts(fit.labels(i)) += 1;
    if (options_.keep_responsibilities)
      fit.responsibilities = responsibilities<Scalar, Dim>(pass_, data_.size(), at.centers, scores(at));
  }

 private:
  void check(const Parameters& start) const {
    const Index k = start.centers.cols();
    check_centers(start.centers, data_.dimension(), "fit_mixture", "start.centers");
    check_weights(start.variances, k, "fit_mixture", "start.variances", "component");
    check_weights(start.weights, k, "fit_mixture", "start.weights", "component");
    const Real least =
        options_.variance == VarianceModel::fixed ? std::numeric_limits<Real>::min() : std::max(floor_, least_);
    require(start.variances.minCoeff() >= least, "fit_mixture", "the start's least variance",
            start.variances.minCoeff(), text("the least one permitted is ", least),
            "start from larger variances, or lower options.variance_floor");
  }

  [[nodiscard]] SoftScores<Real> scores(const Parameters& at) const {
    return {at.weights.log() - (dimension_ / 2) * (2 * std::numbers::pi_v<Real> * at.variances).log(),
            1 / (2 * at.variances)};
  }

  /// The step, from the sums at `next`, which it replaces. False where a variance falls to rounding.
  [[nodiscard]] bool maximise(const SoftSums<Real, Dim>& sums, Parameters& next) const {
    const Index k = next.centers.cols();
    Real pooled = 0;
    for (Index j = 0; j < k; ++j) {
      const Real mass = sums.mass(j);
      if (!(mass > 0)) continue;
      next.centers.col(j) += sums.moment.col(j) / mass;
      // About the new center. What cancels here is gone once the centers stand still.
      const Real spread = std::max(Real(0), sums.spread(j) - sums.moment.col(j).squaredNorm() / mass);
      pooled += spread;
      if (options_.variance == VarianceModel::per_component) {
        next.variances(j) = std::max(spread / (dimension_ * mass), floor_);
        if (next.variances(j) < least_) return false;
      }
    }
    if (options_.variance == VarianceModel::shared) {
      next.variances.setConstant(std::max(pooled / (dimension_ * sums.mass.sum()), floor_));
      if (next.variances(0) < least_) return false;
    }
    if (options_.free_weights) next.weights = sums.mass / sums.mass.sum();
    return true;
  }

  /// Whether nothing changed by more than the rounding of a step.
  [[nodiscard]] bool is_same(const Parameters& a, const Parameters& b) const {
    constexpr Real epsilon = std::numeric_limits<Real>::epsilon();
    const Real relative = 16 * epsilon;
    const auto deviation = a.variances.sqrt();
    return (a.centers - b.centers).cwiseAbs().maxCoeff() <= rounding_ + relative * deviation.maxCoeff() &&
           ((a.variances - b.variances).abs() <= relative * a.variances + rounding_ * deviation).all() &&
           (a.weights - b.weights).abs().maxCoeff() <= relative;
  }

  /// Rises that shrink by a factor a a step add up to rise a / (1 - a) (Aitken). Below rounding there is none to see.
  [[nodiscard]] bool is_near_limit(Real rise, Real last_rise, Real value) const {
    if (rise <= 4 * std::numeric_limits<Real>::epsilon() * (std::abs(value) + total_)) return true;
    const Real ratio = rise / last_rise;
    return ratio > 0 && ratio < 1 && rise * ratio / (1 - ratio) <= static_cast<Real>(options_.tolerance) * total_;
  }

  const EmpiricalObjective<Scalar, Dim>& data_;
  const MixtureOptions& options_;
  Real dimension_, total_;
  SoftPass<Scalar, Dim> pass_;
  Real variance_ = 0;  // of the data, per coordinate
  Real floor_ = 0;     // of variances; 0: none
  Real least_ = 0;     // variance that differences of coordinates can tell from 0
  Real rounding_ = 0;  // of a center's coordinate
};

}  // namespace internal

template <std::floating_point Scalar, int Dim>
MixtureFit<Scalar, Dim> fit_mixture(const EmpiricalObjective<Scalar, Dim>& data,
                                    const MixtureParameters<Scalar, Dim>& start, const MixtureOptions& options) {
  internal::check(options);
  internal::MixtureFitter<Scalar, Dim> fitter(data, options);
  auto fit = fitter.run(start);
  fitter.finish(fit);
  return fit;
}

template <std::floating_point Scalar, int Dim, class Derived>
MixtureFit<Scalar, Dim> fit_mixture(const EmpiricalObjective<Scalar, Dim>& data,
                                    const Eigen::MatrixBase<Derived>& start, const MixtureOptions& options) {
  internal::refuse_row_major<Derived>();
  internal::check_centers(start, data.dimension(), "fit_mixture", "start");
  internal::check(options);
  internal::MixtureFitter<Scalar, Dim> fitter(data, options);
  auto fit = fitter.run(fitter.start_at(start.template cast<Sum<Scalar>>()));
  fitter.finish(fit);
  return fit;
}

template <std::floating_point Scalar, int Dim>
MixtureFit<Scalar, Dim> fit_mixture(const EmpiricalObjective<Scalar, Dim>& data, Index k,
                                    const MixtureOptions& options) {
  internal::check_clusters(data, k, "fit_mixture", "k");
  internal::check(options);
  internal::require(options.restarts >= 1, "fit_mixture", "options.restarts", options.restarts,
                    "at least one fit is needed", "pass restarts >= 1");
  internal::MixtureFitter<Scalar, Dim> fitter(data, options);
  SeedingOptions seeding{.method = options.seeding, .threads = options.threads};
  // Bounded fits first, then the higher value; NaN is below all.
  const auto is_better = [](const auto& a, const auto& b) {
    const auto is_bounded = [](const auto& fit) {
      return fit.at_floor == 0 && fit.status != MixtureStatus::collapsed && fit.status != MixtureStatus::non_finite;
    };
    if (is_bounded(a) != is_bounded(b)) return is_bounded(a);
    return a.log_likelihood > b.log_likelihood || (std::isnan(b.log_likelihood) && !std::isnan(a.log_likelihood));
  };
  MixtureFit<Scalar, Dim> best;
  std::vector<MixtureRestart<Scalar>> restarts;
  for (int r = 0; r < options.restarts; ++r) {
    RandomStream stream(options.seed, static_cast<std::uint64_t>(r));
    auto fit = fitter.run(fitter.start_at(seed_centers(data, k, seeding, stream).centers));
    restarts.push_back({fit.log_likelihood, fit.status, fit.iterations, fit.at_floor});
    const bool is_stopped = fit.status == MixtureStatus::stopped_by_callback;
    if (r == 0 || is_better(fit, best)) {
      best = std::move(fit);
      best.best_restart = r;
    }
    if (is_stopped) break;
  }
  best.restarts = std::move(restarts);
  fitter.finish(best);
  return best;
}

}  // namespace kmscape

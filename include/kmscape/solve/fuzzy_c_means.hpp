// Fuzzy c-means: every point belongs to every center to a degree. Minimise
//
//     J(u, c) = sum_i w_i sum_j u_ji^m |x_i - c_j|^2    over centers c and memberships u >= 0 with sum_j u_ji = 1.
//
// Source: Dunn 1973 (m = 2), Bezdek 1981. For given centers u_ji is proportional to |x_i - c_j|^(-2 / (m - 1)), and for
// given memberships c_j is the mean of the points with weights w_i u_ji^m: alternating between the two never raises J
// (by more than rounding), and converges linearly. As the fuzzifier m falls to 1, memberships become labels and the
// iteration Lloyd's; a large m blurs the cells, and where no direction holds half of the data's spread all centers may
// meet at the mean, which draws them in as soon as m > 1 / (1 - 2 lambda), lambda being the largest eigenvalue of the
// mean of y y^T / |y|^2 over the centered points y (Yu, Cheng, Huang 2004): lower m then, or start elsewhere.
//
// Memberships are formed from ratios to the point's least distance, all in [0, 1]: whatever m, nothing overflows, and
// what underflows is negligible. Where squared distances leave the range of the type, ratios of distances decide.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

enum class FuzzyCMeansStatus {
  fixed_point,          // the next step would move no center
  tolerance,            // the last step moved no center by more than the tolerance
  rounding_limit,       // the last step changed no coordinate by more than its rounding error
  iteration_limit,      // max_iterations steps were made
  stopped_by_callback,  // on_progress returned false
  non_finite,           // the value overflowed
};

[[nodiscard]] constexpr std::string_view to_string(FuzzyCMeansStatus status) {
  switch (status) {
    case FuzzyCMeansStatus::fixed_point:
      return "fixed_point";
    case FuzzyCMeansStatus::tolerance:
      return "tolerance";
    case FuzzyCMeansStatus::rounding_limit:
      return "rounding_limit";
    case FuzzyCMeansStatus::iteration_limit:
      return "iteration_limit";
    case FuzzyCMeansStatus::stopped_by_callback:
      return "stopped_by_callback";
    case FuzzyCMeansStatus::non_finite:
      return "non_finite";
  }
  return "unknown";
}

struct FuzzyCMeansOptions {
  double fuzzifier = 2;               // m > 1
  int max_iterations = 1000;          // steps; 0 evaluates the start only
  double tolerance = 0;               // stop when no center's squared move exceeds it (data units squared)
  int threads = 1;                    // of one pass over the data; 0: all cores. Small data is never split
  bool keep_values = false;           // fill FuzzyCMeansResult::values
  bool keep_centers = false;          // fill FuzzyCMeansResult::path
  ProgressCallback on_progress = {};  // before each step, stage "fuzzy c-means"; false stops the iteration
};

/// Memberships, labels and value are those of the returned centers.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct FuzzyCMeansResult {
  FittedCenters<Scalar, Dim> centers;                                     // d x k
  Eigen::Matrix<Sum<Scalar>, Eigen::Dynamic, Eigen::Dynamic> membership;  // k x n; every column sums to 1
  Labels labels;              // n: center of the largest membership, the nearest one, ties to the lowest index
  Counts counts;              // k: points of each label
  Weights<Sum<Scalar>> mass;  // k: sum_i w_i u_ji^m
  Sum<Scalar> value = 0;      // J
  FuzzyCMeansStatus status = FuzzyCMeansStatus::iteration_limit;
  int iterations = 0;     // steps made
  Index empty_cells = 0;  // centers whose mass underflows, as of one far from all points while m is near 1: they stay
                          // where they are
  std::vector<Sum<Scalar>> values;               // on request: J before each step and at the end
  std::vector<FittedCenters<Scalar, Dim>> path;  // on request: the centers before each step and at the end
};

/// Iterates from `start` (d x k, finite, of any scalar) until one of the conditions of `FuzzyCMeansStatus` holds. A
/// point that lies on one center or several belongs to these alone, in equal parts. Centers that coincide stay
/// together. Throws `invalid_input`. O(n k d) a step; memory O(n k).
template <DataObjective O, class Derived>
[[nodiscard]] FuzzyCMeansResult<typename O::Scalar, O::dim> fuzzy_c_means(const O& objective,
                                                                          const Eigen::MatrixBase<Derived>& start,
                                                                          const FuzzyCMeansOptions& options = {});

namespace internal {

/// One pass over the data: memberships for given centers, and the sums of the next step.
template <DataObjective O>
class FuzzyCells {
 public:
  using Real = Sum<typename O::Scalar>;
  using CentersType = FittedCenters<typename O::Scalar, O::dim>;

  FuzzyCells(const O& objective, Index k, double fuzzifier, int threads)
      : objective_(objective),
        sharpness_(1 / (static_cast<Real>(fuzzifier) - 1)),
        softness_(static_cast<Real>(fuzzifier) - 1),
        // At most 64 chunks; they depend on the data's size only.
        chunk_(std::max({Index{1024}, (objective.size() + 63) / 64, k})),
        chunks_((objective.size() + chunk_ - 1) / chunk_),
        team_(chunks_ > 1 ? threads : 1),
        partial_(static_cast<std::size_t>(chunks_)) {
    membership_.resize(k, objective.size());
    labels_.resize(objective.size());
    Real total = 0;
    for (Index i = 0; i < objective.size(); ++i) total += static_cast<Real>(objective.weight(i));
    // Below it, products of weights and differences lose digits.
    least_mass_ = total * smallest;
  }

  void update(const CentersType& centers) {
    team_.run(chunks_, [&](Index c, int) { update_chunk(centers, c); });
    for (std::size_t c = 1; c < partial_.size(); ++c) partial_[0].add(partial_[c]);
  }

  /// A center moves by the mean of the differences from it, not to the mean of the points: far from the origin that
  /// keeps digits.
  [[nodiscard]] CentersType next(const CentersType& centers) const {
    CentersType result = centers;
    for (Index j = 0; j < centers.cols(); ++j)
      if (!is_empty(j)) result.col(j) += partial_[0].moment.col(j) / mass()(j);
    return result;
  }

  [[nodiscard]] bool is_empty(Index j) const { return !(mass()(j) > least_mass_); }
  [[nodiscard]] Real value() const { return partial_[0].value; }
  [[nodiscard]] const Weights<Real>& mass() const { return partial_[0].mass; }
  [[nodiscard]] const Labels& labels() const { return labels_; }
  [[nodiscard]] const Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>& membership() const { return membership_; }

 private:
  /// Squares below it have lost digits.
  static constexpr Real smallest = std::numeric_limits<Real>::min() / std::numeric_limits<Real>::epsilon();

  struct Partial {
    Eigen::Matrix<Real, O::dim, Eigen::Dynamic> moment;  // d x k: sum of w_i u_ji^m (x_i - c_j)
    Weights<Real> mass;
    Real value = 0;
    Weights<Real> ratio;                     // k: |x - c_nearest|^2 / |x - c_j|^2 of the point at hand
    Eigen::Matrix<Real, O::dim, 1> x, away;  // the point at hand and its difference from a center

    void reset(Index dimension, Index k) {
      moment.setZero(dimension, k);
      mass.setZero(k);
      value = 0;
      ratio.resize(k);
    }

    void add(const Partial& other) {
      moment += other.moment;
      mass += other.mass;
      value += other.value;
    }
  };

  [[nodiscard]] static Real power(Real base, Real exponent) { return exponent == 1 ? base : std::pow(base, exponent); }

  void update_chunk(const CentersType& centers, Index chunk) {
    const Index k = centers.cols();
    const auto points = objective_.points();
    auto& partial = partial_[static_cast<std::size_t>(chunk)];
    partial.reset(centers.rows(), k);
    for (Index i = chunk * chunk_; i < std::min(labels_.size(), (chunk + 1) * chunk_); ++i) {
      partial.x = points.col(i).template cast<Real>();
      const Real squared_distance = rank(centers, i, partial);
      auto u = membership_.col(i);
      Real sum = 0;  // at least 1, that of the nearest center
      for (Index j = 0; j < k; ++j) {
        u(j) = power(partial.ratio(j), sharpness_);
        sum += u(j);
      }
      u /= sum;
      // With r_j = ratio_j^(1 / (m - 1)) and u_j = r_j / sum, u_j^m = u_j ratio_j / sum^(m - 1): one power for all j.
      // The point's share of J is the squared distance of its nearest center over the same number.
      const Real weight = static_cast<Real>(objective_.weight(i)) / power(sum, softness_);
      partial.value += weight * squared_distance;
      for (Index j = 0; j < k; ++j) {
        const Real share = weight * partial.ratio(j) * u(j);
        if (!(share > 0)) continue;
        partial.mass(j) += share;
        partial.away = partial.x - centers.col(j);
        partial.moment.col(j) += share * partial.away;
      }
    }
  }

  /// Labels point i, fills `partial.ratio`, and returns the squared distance to the nearest center.
  [[nodiscard]] Real rank(const CentersType& centers, Index i, Partial& partial) {
    auto& ratio = partial.ratio;
    Index nearest = 0;
    Real most = 0;
    for (Index j = 0; j < ratio.size(); ++j) {
      partial.away = partial.x - centers.col(j);
      ratio(j) = partial.away.squaredNorm();
      most = std::max(most, ratio(j));
      if (ratio(j) < ratio(nearest)) nearest = j;
    }
    const Real squared_distance = ratio(nearest);
    if (squared_distance >= smallest && most <= std::numeric_limits<Real>::max()) [[likely]] {
      ratio = squared_distance / ratio;
    } else {
      nearest = rank_scaled(centers, partial, most <= std::numeric_limits<Real>::max() ? Real(1) : Real(0.25));
    }
    labels_(i) = static_cast<Label>(nearest);
    return squared_distance;
  }

  /// The same ratios from distances that are scaled so that no square leaves the range of the type.
  [[nodiscard]] Index rank_scaled(const CentersType& centers, Partial& partial, Real scale) {
    auto& ratio = partial.ratio;
    Index nearest = 0;
    for (Index j = 0; j < ratio.size(); ++j) {
      partial.away = scale * partial.x - scale * centers.col(j);
      const Real largest = partial.away.cwiseAbs().maxCoeff();
      ratio(j) = largest > 0 ? largest * (partial.away / largest).norm() : Real(0);
      if (ratio(j) < ratio(nearest)) nearest = j;
    }
    const Real distance = ratio(nearest);
    for (Index j = 0; j < ratio.size(); ++j) {
      const Real quotient = ratio(j) > 0 ? distance / ratio(j) : Real(1);
      ratio(j) = quotient * quotient;
    }
    return nearest;
  }

  const O& objective_;
  Real sharpness_, softness_;  // 1 / (m - 1) and m - 1
  Index chunk_, chunks_;
  ThreadTeam team_;
  std::vector<Partial> partial_;
  Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic> membership_;  // k x n
  Labels labels_;
  Real least_mass_ = 0;
};

}  // namespace internal

template <DataObjective O, class Derived>
FuzzyCMeansResult<typename O::Scalar, O::dim> fuzzy_c_means(const O& objective, const Eigen::MatrixBase<Derived>& start,
                                                            const FuzzyCMeansOptions& options) {
  using Real = Sum<typename O::Scalar>;
  using CentersType = FittedCenters<typename O::Scalar, O::dim>;
  internal::refuse_row_major<Derived>();
  internal::check_centers(start, objective.dimension(), "fuzzy_c_means", "start");
  internal::require(options.fuzzifier > 1 && std::isfinite(options.fuzzifier), "fuzzy_c_means", "options.fuzzifier",
                    options.fuzzifier, "the exponent of memberships is a finite number above 1",
                    "pass 2 as a rule, or use lloyd for the limit 1");
  internal::require(options.max_iterations >= 0, "fuzzy_c_means", "options.max_iterations", options.max_iterations,
                    "a number of steps cannot be negative", "pass 0 to evaluate the start only");
  internal::require(options.tolerance >= 0, "fuzzy_c_means", "options.tolerance", options.tolerance,
                    "a squared move cannot be negative", "pass 0 to iterate as far as rounding permits");
  const int threads = resolve_threads(options.threads, "fuzzy_c_means", "options.threads");

  FuzzyCMeansResult<typename O::Scalar, O::dim> result;
  internal::FuzzyCells<O> cells(objective, start.cols(), options.fuzzifier, threads);
  CentersType centers = start.template cast<Real>();
  // A center's coordinate is the sum of the one before and a mean of differences, all rounded; after the first step it
  // lies among the points'.
  const Real rounding =
      4 * std::numeric_limits<Real>::epsilon() * objective.points().template cast<Real>().cwiseAbs().maxCoeff();
  Real largest_move = std::numeric_limits<Real>::infinity(),
       largest_change = largest_move;  // of a center, a coordinate
  for (;;) {
    cells.update(centers);
    result.value = cells.value();
    if (options.keep_values) result.values.push_back(result.value);
    if (options.keep_centers) result.path.push_back(centers);
    if (!std::isfinite(result.value)) {
      result.status = FuzzyCMeansStatus::non_finite;
      break;
    }
    CentersType next = cells.next(centers);
    if (next == centers) {
      result.status = FuzzyCMeansStatus::fixed_point;
      break;
    }
    if (options.tolerance > 0 && largest_move <= std::sqrt(static_cast<Real>(options.tolerance))) {
      result.status = FuzzyCMeansStatus::tolerance;
      break;
    }
    if (largest_change <= rounding) {
      result.status = FuzzyCMeansStatus::rounding_limit;
      break;
    }
    if (result.iterations == options.max_iterations) {
      result.status = FuzzyCMeansStatus::iteration_limit;
      break;
    }
    if (options.on_progress && !options.on_progress({"fuzzy c-means", result.iterations, options.max_iterations})) {
      result.status = FuzzyCMeansStatus::stopped_by_callback;
      break;
    }
    largest_change = (next - centers).cwiseAbs().maxCoeff();
    largest_move = 0;
    for (Index j = 0; j < centers.cols(); ++j)
      largest_move = std::max(largest_move, (next.col(j) - centers.col(j)).stableNorm());
    centers = std::move(next);
    result.iterations += 1;
  }

  result.centers = std::move(centers);
  result.membership = cells.membership();
  result.labels = cells.labels();
  result.mass = cells.mass();
  result.counts.setZero(result.centers.cols());
  for (Index i = 0; i < result.labels.size(); ++i) result.counts(result.labels(i)) += 1;
  for (Index j = 0; j < result.centers.cols(); ++j) result.empty_cells += cells.is_empty(j);
  return result;
}

}  // namespace kmscape

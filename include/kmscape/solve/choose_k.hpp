// How many clusters? Fits for k = 1, ..., k_max, and what the usual rules of thumb make of them; they may disagree, or
// choose nothing.
//
// With W_k the best value of G_n found with k centers:
// - elbow (Thorndike 1953; as a distance to the chord, Satopaa, Albrecht, Irwin, Raghavan 2011): k is scaled to
//   x = (k - 1) / (k_max - 1) and W_k to y = (W_k - W_kmax) / (W_1 - W_kmax); the score (1 - x - y) / sqrt(2) is how
//   far (x, y) lies below the chord from (0, 1) to (1, 0). The largest positive score is chosen.
// - second difference: log W_{k-1} - 2 log W_k + log W_{k+1} for 1 < k < k_max. The logarithm weighs the drop before k
//   against the drop after it; plain differences would favour small k, where drops are large. The largest positive one
//   is chosen.
// - silhouette (Rousseeuw 1987): the largest positive mean silhouette, full or simplified. It cannot choose k = 1.
// - gap (Tibshirani, Walther, Hastie 2001): gap(k) = mean_b log W*_kb - log W_k over B reference samples of n uniform
//   points, W*_kb their values; s_k = sqrt(1 + 1/B) times the standard deviation (divisor B) of log W*_kb. The smallest
//   k with gap(k) >= gap(k+1) - s_{k+1} is chosen.
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <numbers>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/metric/silhouette.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/solve/lloyd.hpp>
#include <kmscape/solve/seeding.hpp>

namespace kmscape {

/// Where the gap statistic's reference samples are uniform.
enum class GapReference {
  bounding_box,   // over the range of each coordinate
  principal_box,  // over the range of the data along each of its principal axes; turns with the data
};

[[nodiscard]] constexpr std::string_view to_string(GapReference reference) {
  switch (reference) {
    case GapReference::bounding_box:
      return "bounding_box";
    case GapReference::principal_box:
      return "principal_box";
  }
  return "unknown";
}

struct ChooseKOptions {
  Index k_max = 10;
  int restarts = 10;    // of greedy k-means++ and Lloyd's iteration, for each k, on the data and on every reference
  int references = 20;  // B; 0: no gap statistic
  GapReference reference = GapReference::principal_box;
  Index silhouette_limit = 20'000;  // full silhouettes, O(n^2 d) each, up to this many points; simplified ones always
  int max_iterations = 1000;        // Lloyd steps per restart
  Seed seed = 0;
  int threads = 0;                 // 0: all cores; results do not depend on them
  ProgressCallback progress = {};  // stages "fits", "silhouettes" and "references"; returning false ends the work
};

/// One k. What is not defined, or was not computed, is empty.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct KFit {
  Index k = 0;
  LloydResult<Scalar, Dim> fit;             // the restart of lowest value, of equal ones the first
  int restart = 0;                          // which one that is
  double value = 0;                         // W_k
  double explained = 0;                     // 1 - W_k / W_1
  std::optional<double> elbow;              // for k_max >= 3
  std::optional<double> second_difference;  // for 1 < k < k_max where no value is 0
  std::optional<double> silhouette;         // mean, for k >= 2 and n <= silhouette_limit
  std::optional<double> simplified_silhouette;
  // No gap where W_k or a reference's value is 0, as for as many centers as distinct points.
  std::optional<double> reference_log_value;  // mean_b log W*_kb
  std::optional<double> gap;
  std::optional<double> gap_error;  // s_k
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct ChooseKResult {
  std::vector<KFit<Scalar, Dim>> fits;  // k = 1, ..., k_max
  Eigen::MatrixXd reference_values;     // B x k_max: W*_kb
  // The k that each rule chooses, or -1 where it chooses none; ties go to the smallest k.
  Index elbow = -1;
  Index second_difference = -1;
  Index silhouette = -1;
  Index simplified_silhouette = -1;
  Index gap = -1;
  bool stopped = false;  // the progress callback ended the work; what its stage and later ones would tell is empty
};

/// Compares k = 1, ..., `options.k_max`. A weight acts as that many copies of its point, but for the references: these
/// have as many points as the data, with the weights of the data in its order. Throws `invalid_input` unless 1 <= k_max
/// <= the number of distinct points.
/// O((1 + B) restarts steps n k_max^2 d) for the fits and O(k_max n^2 d) for full silhouettes.
template <DataObjective O>
[[nodiscard]] ChooseKResult<typename O::Scalar, O::dim> choose_k(const O& objective,
                                                                 const ChooseKOptions& options = {});

namespace internal {

template <DataObjective O>
void check(const O& objective, const ChooseKOptions& options) {
  constexpr auto function = "choose_k";
  require(options.restarts >= 1, function, "options.restarts", options.restarts, "every k needs a fit",
          "pass restarts >= 1");
  require(options.references >= 0, function, "options.references", options.references,
          "a number of samples cannot be negative", "pass 0 to leave the gap statistic out");
  require(options.silhouette_limit >= 0, function, "options.silhouette_limit", options.silhouette_limit,
          "a number of points cannot be negative", "pass 0 to leave full silhouettes out");
  require(options.max_iterations >= 0, function, "options.max_iterations", options.max_iterations,
          "a number of steps cannot be negative", "pass 0 to evaluate the starts only");
  static_cast<void>(resolve_threads(options.threads, function, "options.threads"));  // throws on a negative number
  check_clusters(objective, options.k_max, function, "options.k_max");
}

/// Runs the tasks, in batches when there is a listener to tell of them; false if it ends the work.
template <class Task>
[[nodiscard]] bool run_reported(ThreadTeam& team, Index tasks, std::string_view stage, const ProgressCallback& progress,
                                const Task& task) {
  const Index batch = progress ? 2 * team.size() : tasks;
  for (Index first = 0; first < tasks; first += batch) {
    const Index size = std::min(batch, tasks - first);
    team.run(size, [&](Index t, int) { task(first + t); });
    if (progress && !progress({stage, first + size, tasks})) return false;
  }
  return true;
}

/// Restart r with k centers; the draws are a function of `stream`, k and r.
template <DataObjective O>
[[nodiscard]] auto fit_once(const O& objective, Index k, int restart, const RandomStream& stream, int max_iterations) {
  auto draws = stream.split(static_cast<std::uint64_t>(k)).split(static_cast<std::uint64_t>(restart));
  const auto start = seed_centers(objective, k, {.method = Seeding::greedy_kmeans_plus_plus}, draws);
  return lloyd(objective, start.centers, {.max_iterations = max_iterations, .on_empty = EmptyCell::reseed_farthest});
}

/// The edges of the box that the references fill. Where it lies and how it is turned does not change their values.
template <DataObjective O>
[[nodiscard]] auto reference_edges(const O& objective, GapReference reference) {
  using Real = typename O::Real;
  using Vector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
  constexpr Index block_size = 256;
  const auto points = objective.points();
  const Index n = points.cols(), d = points.rows();
  if (reference == GapReference::bounding_box)
    return Vector(points.rowwise().maxCoeff().template cast<Real>() -
                  points.rowwise().minCoeff().template cast<Real>());

  Vector mean = Vector::Zero(d);
  for (Index i = 0; i < n; ++i) mean += static_cast<Real>(objective.weight(i)) * points.col(i).template cast<Real>();
  mean /= objective.total_weight();
  const auto for_each_block = [&](const auto& visit) {
    for (Index first = 0; first < n; first += block_size) {
      const Index size = std::min(block_size, n - first);
      visit(first, Matrix(points.middleCols(first, size).template cast<Real>().colwise() - mean));
    }
  };
  Matrix scatter = Matrix::Zero(d, d);
  for_each_block([&](Index first, const Matrix& centred) {
    Matrix scaled = centred;
    for (Index i = 0; i < centred.cols(); ++i) scaled.col(i) *= static_cast<Real>(objective.weight(first + i));
    scatter.noalias() += scaled * centred.transpose();
  });
  const Matrix axes = Eigen::SelfAdjointEigenSolver<Matrix>(scatter).eigenvectors();
  // The mean, 0 in these coordinates, lies within every range.
  Vector low = Vector::Zero(d), high = Vector::Zero(d);
  for_each_block([&](Index, const Matrix& centred) {
    const Matrix along = axes.transpose() * centred;
    low = low.cwiseMin(along.rowwise().minCoeff());
    high = high.cwiseMax(along.rowwise().maxCoeff());
  });
  return Vector(high - low);
}

template <DataObjective O>
[[nodiscard]] Weights<typename O::Scalar> weights_of(const O& objective) {
  Weights<typename O::Scalar> weights(objective.is_weighted() ? objective.size() : 0);
  for (Index i = 0; i < weights.size(); ++i) weights(i) = objective.weight(i);
  return weights;
}

/// W*_kb: n uniform points with the weights of the data, as well fitted as the data.
template <DataObjective O, class Edges>
[[nodiscard]] double reference_value(const O& objective, const Edges& edges, Index k, const RandomStream& stream,
                                     const ChooseKOptions& options) {
  using Scalar = typename O::Scalar;
  auto draws = stream;
  Points<Scalar, O::dim> points(objective.dimension(), objective.size());
  for (Index i = 0; i < points.cols(); ++i)
    for (Index s = 0; s < points.rows(); ++s)
      points(s, i) = static_cast<Scalar>(static_cast<typename O::Real>(draws.uniform()) * edges(s));
  const EmpiricalObjective<Scalar, O::dim> sample(std::move(points), weights_of(objective));
  if (sample.distinct_points(k) < k) return 0;  // every point can have its center
  double best = 0;
  for (int r = 0; r < options.restarts; ++r) {
    const auto value = static_cast<double>(fit_once(sample, k, r, stream, options.max_iterations).value);
    if (r == 0 || value < best) best = value;
  }
  return best;
}

/// Mean silhouettes of one fit; none where all points are in one cell.
template <DataObjective O, class Fit>
void fill_silhouettes(const O& objective, const ChooseKOptions& options, Fit& fit) {
  const auto points = objective.points();
  const auto weights = weights_of(objective);
  const Labels& labels = fit.fit.labels;
  const SilhouetteOptions how{.threads = options.threads};
  if (labels.minCoeff() == labels.maxCoeff()) return;
  const auto simplified = objective.is_weighted() ? simplified_silhouette(points, fit.fit.centers, labels, weights, how)
                                                  : simplified_silhouette(points, fit.fit.centers, labels, how);
  fit.simplified_silhouette = static_cast<double>(simplified.mean);
  if (objective.size() > options.silhouette_limit) return;
  const auto full =
      objective.is_weighted() ? silhouette(points, labels, weights, how) : silhouette(points, labels, how);
  fit.silhouette = static_cast<double>(full.mean);
}

/// The k of the largest positive score; -1 if there is none.
template <class Fit>
[[nodiscard]] Index k_of_largest(const std::vector<Fit>& fits, std::optional<double> Fit::*score) {
  double largest = 0;
  Index chosen = -1;
  for (const auto& fit : fits) {
    if (!(fit.*score) || !(*(fit.*score) > largest)) continue;
    largest = *(fit.*score);
    chosen = fit.k;
  }
  return chosen;
}

template <class Fits>
void fill_elbows(Fits& fits) {
  const double first = fits.front().value, last = fits.back().value, steps = static_cast<double>(fits.size() - 1);
  for (std::size_t at = 0; at < fits.size(); ++at) {
    auto& fit = fits[at];
    fit.explained = first > 0 ? 1 - fit.value / first : 0;
    if (fits.size() < 3 || !(first > last)) continue;
    const double x = static_cast<double>(at) / steps, y = (fit.value - last) / (first - last);
    fit.elbow = (1 - x - y) / std::numbers::sqrt2;
    if (at == 0 || at + 1 == fits.size() || !(fit.value > 0) || !(fits[at + 1].value > 0)) continue;
    fit.second_difference = std::log(fits[at - 1].value / fit.value) - std::log(fit.value / fits[at + 1].value);
  }
}

template <class Fits>
void fill_gaps(Fits& fits, const Eigen::MatrixXd& reference_values) {
  const auto references = static_cast<double>(reference_values.rows());
  for (auto& fit : fits) {
    const auto values = reference_values.col(fit.k - 1).array();
    if (!(fit.value > 0) || !(values > 0).all()) continue;
    const Eigen::ArrayXd logs = values.unaryExpr([](double value) { return std::log(value); });
    const double mean = logs.mean(), deviation = std::sqrt((logs - mean).square().mean());
    fit.reference_log_value = mean;
    fit.gap = mean - std::log(fit.value);
    fit.gap_error = deviation * std::sqrt(1 + 1 / references);
  }
}

/// The smallest k with gap(k) >= gap(k+1) - s_{k+1}; -1 if there is none.
template <class Fits>
[[nodiscard]] Index k_of_gap(const Fits& fits) {
  for (std::size_t at = 0; at + 1 < fits.size(); ++at)
    if (fits[at].gap && fits[at + 1].gap && *fits[at].gap >= *fits[at + 1].gap - *fits[at + 1].gap_error)
      return fits[at].k;
  return -1;
}

}  // namespace internal

template <DataObjective O>
ChooseKResult<typename O::Scalar, O::dim> choose_k(const O& objective, const ChooseKOptions& options) {
  using Fit = KFit<typename O::Scalar, O::dim>;
  internal::check(objective, options);
  const Index k_max = options.k_max;
  const RandomStream root(options.seed);
  ThreadTeam team(resolve_threads(options.threads));
  ChooseKResult<typename O::Scalar, O::dim> result;

  // Tasks go through all k, the longest first, restart by restart. Only the best fit of each k is kept.
  std::vector<Fit> fits(static_cast<std::size_t>(k_max));
  std::mutex mutex;
  result.stopped = !internal::run_reported(team, k_max * options.restarts, "fits", options.progress, [&](Index task) {
    const Index k = k_max - task % k_max;
    const int restart = static_cast<int>(task / k_max);
    auto fit = internal::fit_once(objective, k, restart, root.split(0), options.max_iterations);
    const auto value = static_cast<double>(fit.value);
    const std::lock_guard lock(mutex);
    auto& best = fits[static_cast<std::size_t>(k - 1)];
    if (best.k > 0 && !(value < best.value || (value == best.value && restart < best.restart))) return;
    best.k = k;
    best.fit = std::move(fit);
    best.restart = restart;
    best.value = value;
  });
  if (result.stopped) return result;
  internal::fill_elbows(fits);
  result.fits = std::move(fits);
  result.elbow = internal::k_of_largest(result.fits, &Fit::elbow);
  result.second_difference = internal::k_of_largest(result.fits, &Fit::second_difference);

  for (auto& fit : result.fits) {
    if (fit.k > 1) internal::fill_silhouettes(objective, options, fit);
    result.stopped = options.progress && !options.progress({"silhouettes", fit.k, k_max});
    if (!result.stopped) continue;
    for (auto& done : result.fits) done.silhouette = done.simplified_silhouette = std::nullopt;
    return result;
  }
  result.silhouette = internal::k_of_largest(result.fits, &Fit::silhouette);
  result.simplified_silhouette = internal::k_of_largest(result.fits, &Fit::simplified_silhouette);

  if (options.references == 0) return result;
  const auto edges = internal::reference_edges(objective, options.reference);
  Eigen::MatrixXd values(options.references, k_max);
  result.stopped =
      !internal::run_reported(team, k_max * options.references, "references", options.progress, [&](Index task) {
        const Index k = k_max - task % k_max, b = task / k_max;
        values(b, k - 1) =
            internal::reference_value(objective, edges, k, root.split(1).split(static_cast<std::uint64_t>(b)), options);
      });
  if (result.stopped) return result;
  internal::fill_gaps(result.fits, values);
  result.reference_values = std::move(values);
  result.gap = internal::k_of_gap(result.fits);
  return result;
}

}  // namespace kmscape

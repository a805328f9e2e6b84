// The survey of a population's local minima: many restarts of Lloyd's iteration on G itself.
//
// Restart r draws its start from stream r of the survey's seed: from a small sample of the model, seeded as data are.
// Lloyd's iteration is followed until it moves little, then Newton's method goes to the stationary point, which is
// certified; where the certificate finds a way down (a symmetric start can end on a saddle) the descent goes on from
// there. Ends whose centers agree up to order are one minimum, and so are those of one continuum. Same seed, same bits,
// whatever the number of threads.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/landscape/center_sets.hpp>
#include <kmscape/landscape/population_certificate.hpp>
#include <kmscape/landscape/survey.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/population_objective.hpp>
#include <kmscape/solve/lloyd.hpp>
#include <kmscape/solve/seeding.hpp>

namespace kmscape {

/// A stationary point of G that restarts met: a minimum, or a saddle that was left again.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct PopulationEnd {
  double value = 0;                      // G
  Index count = 0;                       // restarts that ended here (minima) or passed it (saddles)
  double share = 0;                      // count / restarts made
  double share_low = 0, share_high = 0;  // Wilson interval of the share at 95%
  Index first_restart = 0;               // the lowest of them
  FittedCenters<Scalar, Dim> centers;    // d x k, in lexicographic order; centers of empty cells last
  CellMoments<Scalar, Dim> cells;        // of these centers
  Eigen::ArrayXXd component_mass;        // k x components: P_s(V_i), of component s alone
  PopulationCertificate<Scalar, Dim> certificate;
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct PopulationSurvey {
  std::vector<PopulationEnd<Scalar, Dim>> minima;   // by value, then by first restart
  std::vector<PopulationEnd<Scalar, Dim>> saddles;  // on which Lloyd's iteration ended and which were left downhill
  std::vector<PopulationEnd<Scalar, Dim>> degenerate_ends;  // where the Hessian does not decide
  Index restarts = 0;                                       // made
  Index redirected = 0;                                     // of these, left a saddle on the way
  Index degenerate = 0;                                     // of these, ended at one of `degenerate_ends`
  Index unfinished = 0;         // of these, ended at no stationary point within `max_iterations`
  std::int64_t iterations = 0;  // Lloyd steps of all restarts
  bool stopped = false;         // the progress callback ended it early

  [[nodiscard]] const PopulationEnd<Scalar, Dim>& best() const { return minima.front(); }
};

/// Surveys the local minima of G with `options.clusters` centers. Of `options`, `same` and `stuck_tests` are about data
/// and not used: ends are merged by `center_tolerance`, in units of `component_scale`. An empty cell can be kept or
/// dropped, not reseeded. Throws `invalid_input`.
template <SphericalMixture Model>
[[nodiscard]] PopulationSurvey<typename Model::Scalar, Model::dim> survey(const PopulationObjective<Model>& objective,
                                                                          const SurveyOptions& options);

/// The same from given starts (each d x k), one restart each; `clusters`, `restarts` and `seeding` are not used.
template <SphericalMixture Model>
[[nodiscard]] PopulationSurvey<typename Model::Scalar, Model::dim> survey(
    const PopulationObjective<Model>& objective,
    std::span<const FittedCenters<typename Model::Scalar, Model::dim>> starts, const SurveyOptions& options = {});

namespace internal {

/// The stationary points of one restart, in order: saddles that it left, and the last one.
template <std::floating_point Scalar, int Dim>
struct PopulationDescent {
  std::vector<PopulationEnd<Scalar, Dim>> ends;
  std::int64_t iterations = 0;
  bool finished = false;  // at a stationary point
};

/// Centers in lexicographic order, those of empty cells last.
template <class Centers, class Cells>
[[nodiscard]] Centers in_order(const Centers& centers, const Cells& cells) {
  std::vector<Index> order(static_cast<std::size_t>(centers.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    const bool a_used = cells.mass(a) > 0, b_used = cells.mass(b) > 0;
    if (a_used != b_used) return a_used;
    return std::lexicographical_compare(centers.col(a).begin(), centers.col(a).end(), centers.col(b).begin(),
                                        centers.col(b).end());
  });
  Centers result(centers.rows(), centers.cols());
  for (Index i = 0; i < centers.cols(); ++i) result.col(i) = centers.col(order[static_cast<std::size_t>(i)]);
  return result;
}

template <SphericalMixture Model>
[[nodiscard]] PopulationDescent<typename Model::Scalar, Model::dim> descend(
    const PopulationObjective<Model>& objective, FittedCenters<typename Model::Scalar, Model::dim> centers,
    const SurveyOptions& options) {
  PopulationDescent<typename Model::Scalar, Model::dim> result;
  // Lloyd's iteration is slow near a minimum, and Newton's method quick.
  const double little = 1e-4 * component_scale(objective.model());
  constexpr int most_saddles = 32;
  while (result.ends.size() <= most_saddles) {
    const auto fit =
        lloyd(objective, centers,
              {.max_iterations = options.max_iterations, .tolerance = little * little, .on_empty = options.on_empty});
    result.iterations += fit.iterations;
    if (fit.status == LloydStatus::iteration_limit || fit.status == LloydStatus::non_finite) return result;
    auto point = stationary_point(objective, fit.centers);
    // Newton's method may leave the valley that Lloyd's iteration was in; then the iteration goes on alone.
    if (!(point.converged || point.in_valley) ||
        static_cast<double>(objective.value(point.centers)) > static_cast<double>(fit.value) * (1 + 1e-12)) {
      const auto rest =
          lloyd(objective, fit.centers, {.max_iterations = options.max_iterations, .on_empty = options.on_empty});
      result.iterations += rest.iterations;
      if (rest.status == LloydStatus::iteration_limit || rest.status == LloydStatus::non_finite) return result;
      point = stationary_point(objective, rest.centers);
      if (!(point.converged || point.in_valley)) point.centers = rest.centers;
    }
    PopulationEnd<typename Model::Scalar, Model::dim> end;
    end.centers = in_order(point.centers, objective.cells(point.centers));
    end.cells = objective.cells(end.centers);
    end.component_mass = objective.component_cells(end.centers).mass;
    end.certificate = certify(objective, end.centers);
    end.value = end.certificate.value;
    const bool goes_on = end.certificate.verdict == PopulationVerdict::saddle && end.certificate.drop > 0;
    centers = end.certificate.descent;
    result.ends.push_back(std::move(end));
    if (goes_on) continue;
    result.finished = result.ends.back().certificate.verdict != PopulationVerdict::not_stationary;
    break;
  }
  return result;
}

/// Points of one continuum share their value and what their cells hold of every component.
/// @param rounding of the centers' places, in units of the least component
template <std::floating_point Scalar, int Dim>
[[nodiscard]] bool on_one_continuum(const PopulationEnd<Scalar, Dim>& a, const PopulationEnd<Scalar, Dim>& b,
                                    double rounding) {
  if (a.certificate.continuum == 0 || a.certificate.continuum != b.certificate.continuum) return false;
  if (std::abs(a.value - b.value) > (1e-9 + rounding * rounding) * a.value) return false;
  return same_center_sets(a.component_mass.matrix().transpose(), b.component_mass.matrix().transpose(),
                          1e-6 + rounding);
}

/// Distinct stationary points in the order in which they were met.
template <std::floating_point Scalar, int Dim>
class PopulationEnds {
 public:
  /// @param rounding of the centers' places, in units of the least component
  PopulationEnds(double tolerance, double rounding) : tolerance_(tolerance), rounding_(rounding) {}

  void add(PopulationEnd<Scalar, Dim> end, Index restart) {
    const auto known = std::find_if(ends_.begin(), ends_.end(), [&](const auto& e) {
      return same_center_sets(used(e), used(end), tolerance_) || on_one_continuum(e, end, rounding_);
    });
    if (known != ends_.end()) {
      ++known->count;
      return;
    }
    end.count = 1;
    end.first_restart = restart;
    ends_.push_back(std::move(end));
  }

  /// All of them by value, with their shares of `restarts`.
  [[nodiscard]] std::vector<PopulationEnd<Scalar, Dim>> take(Index restarts) {
    for (auto& end : ends_) {
      end.share = static_cast<double>(end.count) / static_cast<double>(restarts);
      const auto interval = wilson_interval(end.count, restarts);
      end.share_low = interval.low;
      end.share_high = interval.high;
    }
    std::sort(ends_.begin(), ends_.end(), [](const auto& a, const auto& b) {
      return std::pair(a.value, a.first_restart) < std::pair(b.value, b.first_restart);
    });
    return std::move(ends_);
  }

 private:
  [[nodiscard]] static auto used(const PopulationEnd<Scalar, Dim>& end) {
    return end.centers.leftCols((end.cells.mass > 0).count());
  }

  double tolerance_, rounding_;
  std::vector<PopulationEnd<Scalar, Dim>> ends_;
};

template <SphericalMixture Model, class Start>
[[nodiscard]] PopulationSurvey<typename Model::Scalar, Model::dim> run_population_survey(
    const PopulationObjective<Model>& objective, Index restarts, const Start& start, const SurveyOptions& options) {
  using Scalar = typename Model::Scalar;
  constexpr int dim = Model::dim;
  PopulationSurvey<Scalar, dim> result;
  const double unit = component_scale(objective.model()), place = rounding_of_places(objective.model());
  const PopulationEnds<Scalar, dim> none(std::max(options.center_tolerance * unit, place), place / unit);
  auto minima = none, saddles = none, degenerate = none;
  ThreadTeam team(static_cast<int>(std::min<Index>(resolve_threads(options.threads), restarts)));
  constexpr Index batch = 64;  // whatever the threads, so that a stop comes after the same restart
  std::vector<PopulationDescent<Scalar, dim>> descents(static_cast<std::size_t>(batch));
  while (result.restarts < restarts && !result.stopped) {
    const Index first = result.restarts, size = std::min(batch, restarts - first);
    team.run(size, [&](Index r, int) {
      descents[static_cast<std::size_t>(r)] = descend(objective, start(first + r), options);
    });
    for (Index r = 0; r < size; ++r) {
      auto& descent = descents[static_cast<std::size_t>(r)];
      result.iterations += descent.iterations;
      if (!descent.finished) {
        ++result.unfinished;
        continue;
      }
      result.redirected += descent.ends.size() > 1;
      for (std::size_t e = 0; e + 1 < descent.ends.size(); ++e) saddles.add(std::move(descent.ends[e]), first + r);
      auto& last = descent.ends.back();
      if (last.certificate.is_minimum()) {
        minima.add(std::move(last), first + r);
      } else {
        degenerate.add(std::move(last), first + r);
        ++result.degenerate;
      }
    }
    result.restarts += size;
    result.stopped = options.progress && !options.progress({"restarts", result.restarts, restarts});
  }
  result.minima = minima.take(result.restarts);
  result.saddles = saddles.take(result.restarts);
  result.degenerate_ends = degenerate.take(result.restarts);
  return result;
}

inline void check_population_survey(const SurveyOptions& options) {
  check_survey(options);
  require(options.on_empty == EmptyCell::keep || options.on_empty == EmptyCell::drop, "survey", "options.on_empty",
          to_string(options.on_empty), "a population has no points to move an empty center to",
          "use EmptyCell::keep or EmptyCell::drop");
}

}  // namespace internal

template <SphericalMixture Model>
PopulationSurvey<typename Model::Scalar, Model::dim> survey(const PopulationObjective<Model>& objective,
                                                            const SurveyOptions& options) {
  internal::check_population_survey(options);
  const Index k = options.clusters;
  internal::require(options.restarts >= 1, "survey", "options.restarts", options.restarts,
                    "a survey needs at least one restart", "pass e.g. 1000");
  internal::require(k >= 1, "survey", "options.clusters", k, "at least one center is needed",
                    "pass options.clusters >= 1");
  const SeedingOptions seeding{.method = options.seeding, .candidates = options.candidates};
  internal::check(seeding);
  // Uniform points of a population are independent draws; other seedings choose among a few more.
  const Index draws = options.seeding == Seeding::uniform_points ? k : 64 * k;
  return internal::run_population_survey(
      objective, options.restarts,
      [&](Index restart) {
        RandomStream stream(options.seed, static_cast<std::uint64_t>(restart));
        const EmpiricalObjective sample(objective.model().sample(draws, stream.split(0)).points);
        return internal::Seeder(sample, k, stream).run(seeding).centers;
      },
      options);
}

template <SphericalMixture Model>
PopulationSurvey<typename Model::Scalar, Model::dim> survey(
    const PopulationObjective<Model>& objective,
    std::span<const FittedCenters<typename Model::Scalar, Model::dim>> starts, const SurveyOptions& options) {
  internal::check_population_survey(options);
  internal::check_starts(starts, objective.dimension());
  return internal::run_population_survey(
      objective, static_cast<Index>(starts.size()),
      [&](Index restart) -> const auto& { return starts[static_cast<std::size_t>(restart)]; }, options);
}

}  // namespace kmscape

// Saddles of index 1 of a population's objective, and the network of minima that they join.
//
// From a minimum the search goes up along one eigenvector of the Hessian and down along all others (eigenvector
// following: Cerjan, Miller 1981; the step lengths of Wales 1994), the mode being kept by its overlap with the one
// before, until Newton's method takes over. A saddle is certified: gradient 0, exactly one negative eigenvalue beyond
// its error, and Lloyd's iteration from either side leads to a certified minimum. What no such walk reaches is not
// found.
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/landscape/center_sets.hpp>
#include <kmscape/landscape/network.hpp>
#include <kmscape/landscape/population_certificate.hpp>
#include <kmscape/landscape/population_survey.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/objective/population_objective.hpp>
#include <kmscape/solve/lloyd.hpp>

namespace kmscape {

struct SaddleSearchOptions {
  double step = 0.05;   // longest step of all centers together, in units of `population_scale`
  int max_steps = 400;  // of one walk
};

enum class SaddleSearchStatus {
  saddle,       // a certified saddle of index 1
  other_index,  // a stationary point with another number of negative eigenvalues, or one that cannot be told from 0
  empty_cell,   // a cell lost its mass on the way
  step_limit,   // max_steps were made
};

[[nodiscard]] constexpr std::string_view to_string(SaddleSearchStatus status) {
  switch (status) {
    case SaddleSearchStatus::saddle:
      return "saddle";
    case SaddleSearchStatus::other_index:
      return "other_index";
    case SaddleSearchStatus::empty_cell:
      return "empty_cell";
    case SaddleSearchStatus::step_limit:
      return "step_limit";
  }
  return "unknown";
}

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct PopulationSaddle {
  SaddleSearchStatus status = SaddleSearchStatus::step_limit;
  FittedCenters<Scalar, Dim> centers;              // d x k: the saddle, or where the walk ended
  PopulationCertificate<Scalar, Dim> certificate;  // of these centers, where the walk came to a stationary point
  int steps = 0;
};

/// Walks from a minimum (d x k, every cell with mass) along its eigenvector number `mode`, 0 being that of the least
/// eigenvalue, in the sense of `sign` (1 or -1), to a saddle of index 1. Throws `invalid_input`. A Hessian and its
/// eigenvectors a step: O((d k)^3) beside the cost of `cells`.
template <SphericalMixture Model, class Derived>
[[nodiscard]] PopulationSaddle<typename Model::Scalar, Model::dim> saddle_from(
    const PopulationObjective<Model>& objective, const Eigen::MatrixBase<Derived>& minimum, Index mode, int sign,
    const SaddleSearchOptions& options = {});

struct PopulationNetworkOptions {
  SaddleSearchOptions search = {};
  Index max_minima = 1000;         // the search ends when more are met
  int threads = 0;                 // walks run side by side; 0: all cores. The result does not depend on it
  ProgressCallback progress = {};  // stage "walks", in `total` those known so far; returning false ends the search
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct PopulationNetwork {
  /// Minima and saddles by value. What belongs to data alone is left empty: labels, sizes, the divided point, its cells
  /// and its share. Either side of a saddle leads to `first_minimum` and `second_minimum`.
  Network<Scalar, Dim> network;
  std::vector<PopulationCertificate<Scalar, Dim>> saddles;                  // of every state of the network
  Index walks = 0;                                                          // 2 d k from every minimum
  Index found_saddle = 0, other_index = 0, empty_cell = 0, step_limit = 0;  // their ends
};

/// The saddles of index 1 that walks from `minima` (each d x k; taken to be minima, such as those of a survey, with
/// mass in every cell) reach, and the minima that they join, the given ones included; from minima met on the way, too,
/// until nothing new is found. Two points are one where a matching brings their centers within 1e-6 of a component's
/// size, and so are minima of one continuum (the halves of a ball that turn freely): the first to be met stands for
/// all, and walks start there only. Throws `invalid_input`.
template <SphericalMixture Model>
[[nodiscard]] PopulationNetwork<typename Model::Scalar, Model::dim> population_network(
    const PopulationObjective<Model>& objective,
    const std::vector<FittedCenters<typename Model::Scalar, Model::dim>>& minima,
    const PopulationNetworkOptions& options = {});

namespace internal {

template <class Options>
void check_saddle_search(const Options& options, std::string_view function) {
  require(options.step > 0 && std::isfinite(options.step), function, "options.step", options.step,
          "a step is positive and finite", "pass e.g. 0.05");
  require(options.max_steps >= 1, function, "options.max_steps", options.max_steps, "a walk needs a step",
          "pass e.g. 400");
}

template <class Cells>
[[nodiscard]] bool has_empty_cell(const Cells& cells) {
  return !(cells.mass.minCoeff() > 0);
}

/// Down to a certified minimum with mass in every cell; false where there is none.
template <class Objective, class Centers>
[[nodiscard]] bool descend_to_minimum(const Objective& objective, Centers& centers) {
  for (int attempt = 0; attempt < 8; ++attempt) {
    auto fit = lloyd(objective, centers, {.max_iterations = 200});
    for (int round = 0; round < 50; ++round) {
      if (has_empty_cell(fit.cells)) return false;
      const auto point = stationary_point(objective, fit.centers);
      const double value = point.converged ? static_cast<double>(objective.value(point.centers)) : 0;
      // Newton's method may also go up to a saddle.
      if (point.converged && value <= static_cast<double>(fit.value) * (1 + 1e-12)) {
        fit.centers = point.centers;
        break;
      }
      fit = lloyd(objective, fit.centers, {.max_iterations = 200});
    }
    const auto certificate = certify(objective, fit.centers);
    centers = fit.centers;
    if (certificate.is_minimum()) return certificate.empty_cells == 0;
    if (certificate.descent.cols() == 0) return false;
    centers = certificate.descent;
  }
  return false;
}

}  // namespace internal

template <SphericalMixture Model, class Derived>
PopulationSaddle<typename Model::Scalar, Model::dim> saddle_from(const PopulationObjective<Model>& objective,
                                                                 const Eigen::MatrixBase<Derived>& minimum, Index mode,
                                                                 int sign, const SaddleSearchOptions& options) {
  using internal::require;
  constexpr std::string_view function = "saddle_from";
  internal::check_saddle_search(options, function);
  internal::refuse_row_major<Derived>();
  internal::check_centers(minimum, objective.dimension(), function, "minimum");
  const Index size = minimum.size();
  require(mode >= 0 && mode < size, function, "mode", mode, internal::text("there are ", size, " eigenvectors"),
          internal::text("pass 0, ..., ", size - 1));
  require(sign == 1 || sign == -1, function, "sign", sign, "a walk goes one way or the other", "pass 1 or -1");
  using Result = PopulationSaddle<typename Model::Scalar, Model::dim>;
  using Fitted = FittedCenters<typename Model::Scalar, Model::dim>;
  using Matrix = internal::Dependent<Eigen::MatrixXd, Model>;
  using Vector = internal::Dependent<Eigen::VectorXd, Model>;
  const double scale = population_scale(objective.model()), longest = options.step * scale;

  Result result;
  result.centers = minimum.template cast<typename Fitted::Scalar>();
  if (internal::has_empty_cell(objective.cells(result.centers)))
    require(false, function, "minimum", "a center without mass", "nothing holds such a center in its place",
            "leave it out");
  Vector followed;
  for (; result.steps < options.max_steps; ++result.steps) {
    const auto cells = objective.cells(result.centers);
    if (internal::has_empty_cell(cells)) {
      result.status = SaddleSearchStatus::empty_cell;
      return result;
    }
    const Fitted slopes = internal::gradient(result.centers, cells);
    const Vector slope = slopes.template cast<double>().reshaped();
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(objective.hessian(result.centers));
    const auto& values = eigen.eigenvalues();
    const auto& vectors = eigen.eigenvectors();
    Index current = mode;
    Vector step;
    if (result.steps == 0) {
      followed = sign * vectors.col(mode);
      step = longest / 2 * followed;  // the gradient is 0 here and says nothing
    } else {
      (vectors.transpose() * followed).cwiseAbs().maxCoeff(&current);
      followed = vectors.col(current).dot(followed) < 0 ? Vector(-vectors.col(current)) : Vector(vectors.col(current));
      step.setZero(size);
      for (Index e = 0; e < size; ++e) {
        const double along = vectors.col(e).dot(slope), curvature = std::abs(values(e));
        if (along == 0) continue;
        // Newton's step near the end, bounded where the curvature vanishes; up along the mode, down along the others.
        const double ratio = 2 * along / std::max(curvature, 1e-300);
        const double length = 2 * along / (std::max(curvature, 1e-300) * (1 + std::sqrt(1 + ratio * ratio)));
        step += (e == current ? length : -length) * vectors.col(e);
      }
      const bool is_near =
          values(current) < 0 && (current == 0) && (size == 1 || values(1) > 0) && step.norm() < 0.02 * longest;
      if (is_near) {
        const auto point = stationary_point(objective, result.centers);
        if (point.converged && (point.centers - result.centers).norm() < static_cast<double>(longest)) {
          result.centers = point.centers;
          result.certificate = certify(objective, result.centers);
          const bool is_index_one =
              result.certificate.verdict == PopulationVerdict::saddle && result.certificate.negative == 1 &&
              (size == 1 || result.certificate.eigenvalues(1) > result.certificate.eigenvalue_error);
          result.status = is_index_one ? SaddleSearchStatus::saddle : SaddleSearchStatus::other_index;
          return result;
        }
      }
      if (step.norm() > longest) step *= longest / step.norm();
    }
    result.centers += step.reshaped(minimum.rows(), minimum.cols()).template cast<typename Fitted::Scalar>();
  }
  return result;
}

template <SphericalMixture Model>
PopulationNetwork<typename Model::Scalar, Model::dim> population_network(
    const PopulationObjective<Model>& objective,
    const std::vector<FittedCenters<typename Model::Scalar, Model::dim>>& minima,
    const PopulationNetworkOptions& options) {
  using internal::require;
  constexpr std::string_view function = "population_network";
  using Scalar = typename Model::Scalar;
  using Fitted = FittedCenters<Scalar, Model::dim>;
  internal::check_saddle_search(options.search, function);
  require(options.max_minima >= 1, function, "options.max_minima", options.max_minima, "nothing could be found",
          "pass at least 1");
  require(!minima.empty(), function, "minima", "an empty list", "the search starts at minima",
          "pass those of a survey");
  for (std::size_t m = 0; m < minima.size(); ++m) {
    internal::check_centers(minima[m], objective.dimension(), function, internal::text("minima[", m, "]"));
    require(minima[m].cols() == minima.front().cols(), function, internal::text("minima[", m, "]"),
            internal::text(minima[m].cols(), " centers"), internal::text("minima[0] has ", minima.front().cols()),
            "pass minima of one k");
  }
  const double tolerance = 1e-6 * component_scale(objective.model());
  const double nudge = 1e-3 * component_scale(objective.model());

  struct State {
    PopulationSaddle<Scalar, Model::dim> saddle;
    Index side[2] = {-1, -1};
  };
  PopulationNetwork<Scalar, Model::dim> result;
  result.network.status = NetworkStatus::closed;
  using End = PopulationEnd<Scalar, Model::dim>;
  std::vector<End> known;
  std::vector<State> states;
  const double rounding = internal::rounding_of_places(objective.model()) / component_scale(objective.model());
  const auto place_of = [&](const Fitted& centers) {
    const auto place = [&](const auto& is_same) {
      const auto found = std::find_if(known.begin(), known.end(), is_same);
      return found == known.end() ? Index{-1} : static_cast<Index>(found - known.begin());
    };
    const Index equal =
        place([&](const End& other) { return internal::same_center_sets(other.centers, centers, tolerance); });
    if (equal >= 0) return equal;
    End end;
    end.centers = centers;
    end.component_mass = objective.component_cells(centers).mass;
    end.certificate = certify(objective, centers);
    end.value = end.certificate.value;
    const Index joined = place([&](const End& other) { return internal::on_one_continuum(other, end, rounding); });
    if (joined >= 0) return joined;
    if (static_cast<Index>(known.size()) == options.max_minima) {
      result.network.status = NetworkStatus::minima_budget;
      return Index{-1};
    }
    known.push_back(std::move(end));
    return static_cast<Index>(known.size()) - 1;
  };
  for (const auto& minimum : minima) static_cast<void>(place_of(minimum));

  ThreadTeam team(resolve_threads(options.threads, function, "options.threads"));
  const Index modes = minima.front().size();
  for (std::size_t next = 0; next < known.size() && result.network.status == NetworkStatus::closed; ++next) {
    struct Walk {
      State state;
      Fitted down[2];
      bool reached[2] = {false, false};
    };
    std::vector<Walk> walks(static_cast<std::size_t>(2 * modes));
    const Fitted from = known[next].centers;
    team.run(2 * modes, [&](Index w, int) {
      auto& walk = walks[static_cast<std::size_t>(w)];
      walk.state.saddle = saddle_from(objective, from, w / 2, w % 2 == 0 ? 1 : -1, options.search);
      if (walk.state.saddle.status != SaddleSearchStatus::saddle) return;
      for (int side = 0; side < 2; ++side) {
        walk.down[side] =
            walk.state.saddle.centers + ((side == 0 ? nudge : -nudge) * walk.state.saddle.certificate.escape)
                                            .template cast<typename Fitted::Scalar>();
        walk.reached[side] = internal::descend_to_minimum(objective, walk.down[side]);
      }
    });
    for (auto& walk : walks) {
      ++result.walks;
      const auto status = walk.state.saddle.status;
      result.found_saddle += status == SaddleSearchStatus::saddle;
      result.other_index += status == SaddleSearchStatus::other_index;
      result.empty_cell += status == SaddleSearchStatus::empty_cell;
      result.step_limit += status == SaddleSearchStatus::step_limit;
      if (status != SaddleSearchStatus::saddle) continue;
      if (std::any_of(states.begin(), states.end(), [&](const State& state) {
            return internal::same_center_sets(state.saddle.centers, walk.state.saddle.centers, tolerance);
          }))
        continue;
      for (int side = 0; side < 2; ++side) {
        if (walk.reached[side])
          walk.state.side[side] = place_of(walk.down[side]);
        else
          ++result.network.uncertified_descents;
      }
      states.push_back(std::move(walk.state));
    }
    ++result.network.explored;
    if (options.progress && !options.progress({"walks", result.walks, static_cast<Index>(known.size()) * 2 * modes}))
      result.network.status = NetworkStatus::stopped_by_callback;
  }

  std::vector<double> values;
  for (const auto& end : known) values.push_back(end.value);
  std::vector<Index> order(known.size()), rank(known.size());
  for (std::size_t m = 0; m < order.size(); ++m) order[m] = static_cast<Index>(m);
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return values[static_cast<std::size_t>(a)] < values[static_cast<std::size_t>(b)];
  });
  for (const Index m : order) {
    rank[static_cast<std::size_t>(m)] = static_cast<Index>(result.network.minima.size());
    auto& minimum = result.network.minima.emplace_back();
    minimum.value = values[static_cast<std::size_t>(m)];
    minimum.centers = known[static_cast<std::size_t>(m)].centers;
  }
  std::stable_sort(states.begin(), states.end(), [](const State& a, const State& b) {
    return a.saddle.certificate.value < b.saddle.certificate.value;
  });
  for (auto& found : states) {
    auto& state = result.network.states.emplace_back();
    state.value = found.saddle.certificate.value;
    state.centers = found.saddle.centers;
    state.first_minimum = found.side[0] < 0 ? -1 : rank[static_cast<std::size_t>(found.side[0])];
    state.second_minimum = found.side[1] < 0 ? -1 : rank[static_cast<std::size_t>(found.side[1])];
    result.saddles.push_back(std::move(found.saddle.certificate));
  }
  return result;
}

}  // namespace kmscape

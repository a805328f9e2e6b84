#include <kmscape/landscape/escape.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/trials.hpp"

using kmscape::EmpiricalObjective;
using kmscape::escape;
using kmscape::EscapeOptions;
using kmscape::EscapeStatus;
using kmscape::EscapeStrategy;
using kmscape::Index;

namespace {

constexpr EscapeStrategy escape_strategies[] = {EscapeStrategy::fission_fusion, EscapeStrategy::random_swap,
                                                EscapeStrategy::ls_plus_plus,   EscapeStrategy::over_parametrised,
                                                EscapeStrategy::breathing,      EscapeStrategy::best};

constexpr Index per_cluster = 20;

/// Nine clusters on a 3 x 3 grid 10 apart, standard deviation 0.5.
Eigen::MatrixXd planted_grid() {
  Eigen::MatrixXd points = 0.5 * testing::normal_points(2, 9 * per_cluster, 3);
  for (Index i = 0; i < points.cols(); ++i) {
    points(0, i) += 10.0 * static_cast<double>(i / per_cluster % 3);
    points(1, i) += 10.0 * static_cast<double>(i / per_cluster / 3);
  }
  return points;
}

/// All centers on points of the first cluster: a start as bad as there is.
Eigen::MatrixXd crowded_start(const Eigen::MatrixXd& points) { return points.leftCols(9); }

/// The scatter of the clusters about their own means.
double planted_value(const Eigen::MatrixXd& points) {
  double sum = 0;
  for (Index c = 0; c < 9; ++c) {
    const auto part = points.middleCols(c * per_cluster, per_cluster);
    const Eigen::VectorXd mean = part.rowwise().mean();
    sum += (part.colwise() - mean).squaredNorm();
  }
  return sum;
}

EscapeOptions with(EscapeStrategy strategy) {
  EscapeOptions options;
  options.strategy = strategy;
  options.max_moves = strategy == EscapeStrategy::random_swap ? 2000 : 60;
  return options;
}

}  // namespace

TEST_CASE("every strategy of escape brings nine centers on one of nine clusters to the global minimum") {
  const auto points = planted_grid();
  const EmpiricalObjective objective(points);
  for (const auto strategy : escape_strategies) {
    INFO(to_string(strategy));
    auto options = with(strategy);
    options.target = planted_value(points) * (1 + 1e-9);
    const auto result = escape(objective, crowded_start(points), options);
    CHECK(result.value == Approx(planted_value(points)).epsilon(1e-12));
    CHECK(result.status == EscapeStatus::target_reached);
    CHECK(result.history.front() > 5 * result.value);  // where Lloyd alone ends
    CHECK((result.sizes == static_cast<int>(per_cluster)).all());
    CHECK(static_cast<double>(objective.value(result.centers)) == result.value);
    CHECK(result.start_value == static_cast<double>(objective.value(crowded_start(points))));
    CHECK(static_cast<Index>(result.history.size()) == result.accepted + 1);
    for (std::size_t t = 1; t < result.history.size(); ++t) CHECK(result.history[t] < result.history[t - 1]);
  }
}

TEST_CASE("escape never returns worse than its start and repeats itself") {
  const auto points = testing::normal_points(3, 200, 8);
  const EmpiricalObjective objective(points, testing::whole_weights(200, 5));
  for (const auto strategy : escape_strategies) {
    INFO(to_string(strategy));
    auto options = with(strategy);
    options.max_moves = 15;
    options.seed = 4;
    const auto one = escape(objective, points.leftCols(6), options);
    CHECK(one.value <= one.start_value);
    CHECK(one.moves <= 15);
    const auto same = escape(objective, points.leftCols(6), options);
    CHECK(one.centers == same.centers);
    CHECK(one.history == same.history);
    const auto again = escape(objective, one.centers, options);
    CHECK(again.value <= one.value);
  }
}

TEST_CASE("escape gives the same bits for one thread and two, on data large enough for both") {
  const auto points = testing::normal_points(8, 7000, 9);
  REQUIRE(kmscape::internal::useful_threads(7000, 8, 20, 2) == 2);
  const EmpiricalObjective objective(points);
  for (const auto strategy : escape_strategies) {
    INFO(to_string(strategy));
    EscapeOptions options;
    options.strategy = strategy;
    options.max_moves = 2;
    const auto one = escape(objective, points.leftCols(20), options);
    options.threads = 2;
    const auto two = escape(objective, points.leftCols(20), options);
    CHECK(one.centers == two.centers);
    CHECK(one.history == two.history);
    CHECK(one.lloyd_iterations == two.lloyd_iterations);
  }
}

TEST_CASE("the values of swaps are those of a full evaluation") {
  const auto points = testing::normal_points(2, 80, 6);
  const EmpiricalObjective objective(points, testing::whole_weights(80, 7));
  const Eigen::MatrixXd centers = points.leftCols(5);
  const auto values = kmscape::internal::swap_values(objective, objective.nearest_two(centers), 5, 40);
  for (Index j = 0; j < 5; ++j) {
    Eigen::MatrixXd moved = centers;
    moved.col(j) = points.col(40);
    CHECK(values[static_cast<std::size_t>(j)] == Approx(static_cast<double>(objective.value(moved))).epsilon(1e-12));
  }
}

TEST_CASE("a strategy given by itself goes before that of the options") {
  const auto points = planted_grid();
  const EmpiricalObjective objective(points);
  for (const auto strategy : escape_strategies) {
    INFO(to_string(strategy));
    const auto options = with(strategy);
    const auto named = escape(objective, crowded_start(points), strategy,
                              {.strategy = EscapeStrategy::fission_fusion, .max_moves = options.max_moves});
    CHECK(named.history == escape(objective, crowded_start(points), options).history);
  }
  CHECK(escape(objective, crowded_start(points), {}).history ==
        escape(objective, crowded_start(points), EscapeStrategy::best).history);
}

TEST_CASE("escape stops at each of its budgets") {
  const auto points = planted_grid();
  const EmpiricalObjective objective(points);
  const auto status = [&](const EscapeOptions& options) {
    return escape(objective, crowded_start(points), options).status;
  };
  EscapeOptions options;
  CHECK(status({.max_moves = 0}) == EscapeStatus::move_limit);
  CHECK(status({.max_iterations = 0}) == EscapeStatus::iteration_limit);
  CHECK(status({.max_iterations = 3}) == EscapeStatus::iteration_limit);
  CHECK(status({.seconds = 0}) == EscapeStatus::time_limit);
  CHECK(status({.target = 1e9}) == EscapeStatus::target_reached);
  CHECK(status({.strategy = EscapeStrategy::fission_fusion}) == EscapeStatus::no_move_left);
  options.progress = [](const kmscape::Progress& progress) { return progress.done < 2; };
  CHECK(status(options) == EscapeStatus::stopped_by_callback);
  CHECK(escape(objective, points.leftCols(1)).status == EscapeStatus::no_move_left);
  CHECK(escape(EmpiricalObjective(testing::on_line({1, 1, 4})), testing::on_line({1, 4, 9})).value == 0);
}

TEST_CASE("escape keeps to its time within Lloyd's iteration, too, and to its start's value") {
  const auto points = testing::normal_points(2, testing::trials(20'000), 11);
  const EmpiricalObjective objective(points);
  const Eigen::MatrixXd start = points.leftCols(40);
  // The start's own Lloyd iteration, at its quickest: another program may be in the way once.
  auto whole = escape(objective, start, {.max_moves = 0});
  for (int again = 0; again < 3; ++again)
    whole.seconds = std::min(whole.seconds, escape(objective, start, {.max_moves = 0}).seconds);
  REQUIRE(whole.lloyd_iterations > 20);
  for (const auto strategy : escape_strategies) {
    INFO(to_string(strategy));
    const auto none = escape(objective, start, strategy, {.seconds = 0});
    CHECK(none.status == EscapeStatus::time_limit);
    CHECK(none.lloyd_iterations == 0);
    CHECK(none.value == none.start_value);
    CHECK(none.centers == start);
    for (const double share : {0.1, 1.5}) {
      const auto cut = escape(objective, start, strategy, {.max_moves = 1000, .seconds = share * whole.seconds});
      CHECK(cut.value <= cut.start_value);
      CHECK(static_cast<double>(objective.value(cut.centers)) == cut.value);
      if (cut.status == EscapeStatus::time_limit) CHECK(cut.seconds >= share * whole.seconds);
      if (share > 1) continue;
      CHECK(cut.status == EscapeStatus::time_limit);
      CHECK(cut.moves == 0);
      CHECK(cut.lloyd_iterations < whole.lloyd_iterations);
    }
    // A limit that is not reached changes nothing.
    const auto free = escape(objective, start, strategy, {.max_moves = 2}),
               limited = escape(objective, start, strategy, {.max_moves = 2, .seconds = 1e6});
    CHECK(free.history == limited.history);
    CHECK(free.centers == limited.centers);
    CHECK(free.lloyd_iterations == limited.lloyd_iterations);
    CHECK(free.status == limited.status);
  }
}

TEST_CASE("escape refuses options that make no sense") {
  const EmpiricalObjective objective(testing::on_line({0, 1, 5}));
  const auto error = [&](const EscapeOptions& options) {
    return refusal([&] { static_cast<void>(escape(objective, testing::on_line({0, 1}), options)); });
  };
  CHECK_THAT(error({.max_moves = -1}),
             ContainsSubstring("kmscape::escape: options.max_moves = -1, but a number of moves cannot be negative; "
                               "pass 0 for Lloyd's iteration alone"));
  CHECK_THAT(error({.max_iterations = -1}),
             ContainsSubstring("kmscape::escape: options.max_iterations = -1, but a number of steps cannot be "
                               "negative; pass 0 for the start's own Lloyd iteration alone"));
  CHECK_THAT(error({.seconds = -1}), ContainsSubstring("kmscape::escape: options.seconds = -1, but a time limit cannot "
                                                       "be negative; leave it infinite for no limit"));
  CHECK_THAT(error({.target = std::nan("")}), ContainsSubstring("options.target"));
  CHECK_THAT(error({.over_parametrisation = 1}),
             ContainsSubstring("kmscape::escape: options.over_parametrisation = 1, but there must be more than k "
                               "centers to merge; pass a finite factor > 1"));
  CHECK_THAT(
      error({.breath = 0}),
      ContainsSubstring(
          "kmscape::escape: options.breath = 0, but a breath splits at least one cell; pass options.breath >= 1"));
  CHECK_THAT(error({.split_trials = -1}),
             ContainsSubstring("kmscape::escape: options.split_trials = -1, but a number of trials cannot be negative; "
                               "pass 0 for the maximin start alone"));
  CHECK_THAT(error({.threads = -1}), ContainsSubstring("options.threads"));
  CHECK_THAT(refusal([&] { static_cast<void>(escape(objective, Eigen::MatrixXd(2, 2))); }), ContainsSubstring("start"));
}

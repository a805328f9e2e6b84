#include <kmscape/solve/mini_batch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/trials.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::mini_batch_k_means;
using kmscape::MiniBatchStatus;
using testing::normal_points;
using testing::on_line;

namespace {

/// The algorithm as it is written down: assign the batch, then move one center after another by one point at a time.
struct Written {
  Eigen::MatrixXd centers;
  kmscape::Counts given;
  std::vector<double> values;
};
template <class O>
Written as_written(const O& objective, Eigen::MatrixXd centers, Index size, int batches, std::uint64_t seed) {
  kmscape::Counts given = kmscape::Counts::Zero(centers.cols());
  std::vector<double> values;
  for (int t = 0; t < batches; ++t) {
    kmscape::RandomStream stream(kmscape::Seed{seed}, static_cast<std::uint64_t>(t));
    std::vector<Index> batch(static_cast<std::size_t>(size)), nearest;
    double value = 0;
    for (Index& i : batch) {
      i = stream.index(objective.size());
      Index best = 0;
      const auto distances =
          (centers.colwise() - objective.points().col(i).template cast<double>()).colwise().squaredNorm().eval();
      value += distances.minCoeff(&best);
      nearest.push_back(best);
    }
    values.push_back(value / static_cast<double>(size));
    for (std::size_t b = 0; b < batch.size(); ++b) {
      given(nearest[b]) += 1;
      const double rate = 1 / static_cast<double>(given(nearest[b]));
      centers.col(nearest[b]) =
          (1 - rate) * centers.col(nearest[b]) + rate * objective.points().col(batch[b]).template cast<double>();
    }
  }
  return {centers, given, values};
}

/// Four groups of normal points, far apart.
Eigen::MatrixXd groups(Index n, std::uint64_t seed) {
  Eigen::MatrixXd points = normal_points(2, n, seed);
  for (Index i = 0; i < n; ++i) points.col(i) += Eigen::Vector2d(i % 2 == 0 ? 0 : 20, i % 4 < 2 ? 0 : 20);
  return points;
}

}  // namespace

TEST_CASE("batches move the centers as the algorithm is written down, point after point at rate 1 / v") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const EmpiricalObjective objective(normal_points(3, 400, seed));
    const Eigen::MatrixXd start = normal_points(3, 6, seed + 50);
    const auto result = mini_batch_k_means(
        objective, start, {.batch_size = 37, .max_batches = 30, .patience = 0, .seed = seed, .keep_steps = true});
    const auto expected = as_written(objective, start, 37, 30, seed);
    CHECK(result.status == MiniBatchStatus::batch_limit);
    CHECK(result.batches == 30);
    CHECK((result.centers - expected.centers).cwiseAbs().maxCoeff() < 1e-13);
    CHECK((result.given == expected.given).all());
    CHECK(result.given.sum() == 37 * 30);
    REQUIRE(result.steps.size() == 30);
    for (std::size_t t = 0; t < 30; ++t) CHECK(result.steps[t].value == Approx(expected.values[t]).epsilon(1e-12));
  }
  const EmpiricalObjective narrow((normal_points<float>(2, 400, 1).array() + 1000).matrix().eval());
  const Eigen::MatrixXf begin = narrow.points().leftCols(4);
  const auto result =
      mini_batch_k_means(narrow, begin, {.batch_size = 64, .max_batches = 40, .patience = 0, .seed = 3});
  const auto expected = as_written(narrow, begin.cast<double>(), 64, 40, 3);
  CHECK((result.centers - expected.centers).cwiseAbs().maxCoeff() < 1e-10);
  CHECK((result.given == expected.given).all());
}

TEST_CASE("what a center is given follows the weights, as copies do") {
  // Every point is a center: it is given a binomial number of the draws.
  const Eigen::MatrixXd points = on_line({0, 1, 3, 7});
  const Eigen::ArrayXd weights = (Eigen::ArrayXd(4) << 3, 1, 0.5, 5.5).finished();
  const auto weighted = mini_batch_k_means(EmpiricalObjective(points, weights), points,
                                           {.batch_size = 4000, .max_batches = 10, .patience = 0});
  const auto copied =
      mini_batch_k_means(EmpiricalObjective(on_line({0, 0, 0, 0, 0, 0, 1, 1, 3, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7})),
                         points, {.batch_size = 4000, .max_batches = 10, .patience = 0, .seed = 1});
  for (Index j = 0; j < 4; ++j) {
    const double share = weights(j) / 10, deviation = std::sqrt(40'000 * share * (1 - share));
    CHECK(std::abs(static_cast<double>(weighted.given(j)) - 40'000 * share) < 5 * deviation);
    CHECK(std::abs(static_cast<double>(copied.given(j)) - 40'000 * share) < 5 * deviation);
  }
  CHECK(weighted.centers == points);
  CHECK(weighted.value == 0);
  const auto mean = mini_batch_k_means(EmpiricalObjective(points, weights), on_line({100}),
                                       {.batch_size = 4000, .max_batches = 10, .patience = 0});
  CHECK(std::abs(mean.centers(0) - 41 / 10.0) < 5 * std::sqrt((1 + 4.5 + 269.5) / 10 / 40'000));
}

TEST_CASE("on separated groups the centers come to the groups' means, whatever the batch size") {
  const EmpiricalObjective objective(groups(20'000, 3));
  const Eigen::MatrixXd start = objective.points().leftCols(4);
  const auto fixed = kmscape::lloyd(objective, start);
  for (const Index size : {1, 64, 4096}) {
    const Index draws = size == 1 ? testing::trials(100'000) : 100'000;
    const auto result = mini_batch_k_means(
        objective, start, {.batch_size = size, .max_batches = static_cast<int>(draws / size), .patience = 0});
    INFO("batch size " << size);
    // Each center is the mean of about a quarter of the draws, of deviation 1 per coordinate.
    CHECK((result.centers - fixed.centers).cwiseAbs().maxCoeff() < 5 / std::sqrt(0.245 * static_cast<double>(draws)));
    CHECK(result.value < fixed.value * 1.001);
    CHECK(result.value >= fixed.value);
    CHECK((result.labels == fixed.labels).all());
    CHECK(result.smoothed * 20'000 == Approx(result.value).epsilon(size == 1 ? 1.0 : 0.05));
  }
}

TEST_CASE("the final assignment is that of the centers, and only made when asked for") {
  const EmpiricalObjective objective(normal_points(2, 3000, 4), Eigen::ArrayXd::LinSpaced(3000, 0.1, 2));
  const Eigen::MatrixXd start = normal_points(2, 7, 5);
  const auto result = mini_batch_k_means(objective, start, {.batch_size = 100, .max_batches = 20});
  const auto assignment = objective.assign(result.centers);
  CHECK((result.labels == assignment.labels).all());
  CHECK((result.counts == assignment.counts).all());
  CHECK(result.value == assignment.value());
  CHECK(result.cells.value() == result.value);
  const auto without =
      mini_batch_k_means(objective, start, {.batch_size = 100, .max_batches = 20, .final_assignment = false});
  CHECK(without.centers == result.centers);
  CHECK(without.labels.size() == 0);
  CHECK(std::isnan(without.value));
  const auto nothing = mini_batch_k_means(objective, start, {.max_batches = 0});
  CHECK(nothing.centers == start);
  CHECK(nothing.value == objective.value(start));
  CHECK(nothing.batches == 0);
}

TEST_CASE("steps, path and callback tell the same story, and smoothing is the exponential mean") {
  const EmpiricalObjective objective(normal_points(2, 1000, 6));
  const Eigen::MatrixXd start = normal_points(2, 5, 7);
  std::vector<double> heard;
  const auto result = mini_batch_k_means(objective, start,
                                         {.batch_size = 50,
                                          .max_batches = 40,
                                          .patience = 0,
                                          .keep_steps = true,
                                          .keep_centers = true,
                                          .on_batch = [&](const kmscape::MiniBatchStep& step) {
                                            heard.push_back(step.value);
                                            return step.batch < 25;
                                          }});
  CHECK(result.status == MiniBatchStatus::stopped_by_callback);
  CHECK(result.batches == 25);
  REQUIRE(result.steps.size() == 25);
  REQUIRE(result.path.size() == 26);
  CHECK(result.path.front() == start);
  CHECK(result.path.back() == result.centers);
  double smoothed = result.steps[0].value;
  for (std::size_t t = 0; t < 25; ++t) {
    CHECK(result.steps[t].batch == static_cast<int>(t) + 1);
    CHECK(result.steps[t].value == heard[t]);
    CHECK(result.steps[t].largest_move ==
          Approx(std::sqrt((result.path[t + 1] - result.path[t]).colwise().squaredNorm().maxCoeff())).epsilon(1e-12));
    smoothed += 100.0 / 1001 * (result.steps[t].value - smoothed);
    CHECK(result.steps[t].smoothed == Approx(smoothed).epsilon(1e-13));
  }
  CHECK(result.smoothed == result.steps.back().smoothed);
  for (const auto& step :
       mini_batch_k_means(objective, start, {.batch_size = 50, .max_batches = 5, .smoothing = 1, .keep_steps = true})
           .steps)
    CHECK(step.smoothed == step.value);
}

TEST_CASE("the run ends when the smoothed value sets no new low for as long as patience says") {
  // Every center lies on its points: the first value, 0, is never undercut.
  const auto perfect = [](int patience) {
    return mini_batch_k_means(EmpiricalObjective(on_line({0, 1})), on_line({0, 1}),
                              {.batch_size = 8, .max_batches = 50, .patience = patience});
  };
  CHECK(perfect(3).batches == 4);
  CHECK(perfect(3).status == MiniBatchStatus::no_improvement);
  CHECK(perfect(1).batches == 2);
  CHECK(perfect(0).batches == 50);
  CHECK(perfect(0).status == MiniBatchStatus::batch_limit);

  const EmpiricalObjective objective(normal_points(2, 5000, 8));
  const auto result =
      mini_batch_k_means(objective, normal_points(2, 8, 9), {.batch_size = 500, .patience = 5, .keep_steps = true});
  REQUIRE(result.status == MiniBatchStatus::no_improvement);
  REQUIRE(result.steps.size() > 6);
  const auto low = std::min_element(result.steps.begin(), result.steps.end(),
                                    [](const auto& a, const auto& b) { return a.smoothed < b.smoothed; });
  CHECK(result.steps.end() - low == 6);
}

TEST_CASE("a center that is given nothing stays, or moves onto a point where asked to") {
  const EmpiricalObjective objective(groups(2000, 10));
  Eigen::MatrixXd start(2, 4);
  start << 0, 20, 1e6, -1e6, 0, 0, 0, 0;
  const auto left = mini_batch_k_means(objective, start, {.batch_size = 200, .max_batches = 50});
  CHECK(left.centers.rightCols(2) == start.rightCols(2));
  CHECK(left.given(2) == 0);
  CHECK(left.reassigned == 0);

  const auto moved = mini_batch_k_means(objective, start,
                                        {.batch_size = 200,
                                         .max_batches = 300,
                                         .patience = 0,
                                         .reassign_below = 0.01,
                                         .reassign_every = 3,
                                         .keep_steps = true,
                                         .keep_centers = true});
  CHECK(moved.path[2].rightCols(2) == start.rightCols(2));
  CHECK(moved.steps[1].reassigned == 0);
  CHECK(moved.steps[2].reassigned == 2);
  CHECK(moved.reassigned == 2);
  for (const Index j : {2, 3})
    CHECK((objective.points().colwise() - moved.path[3].col(j)).colwise().squaredNorm().minCoeff() == 0);
  // The squared distance drew them from the two groups, 20 away, that had no center.
  CHECK(moved.value < 2.1 * 2000);
  CHECK((moved.counts == 500).all());
  // Where all points of the batch lie on centers there is nowhere to go.
  const auto nowhere =
      mini_batch_k_means(EmpiricalObjective(on_line({3, 3, 3})), on_line({3, 5}),
                         {.batch_size = 4, .max_batches = 9, .reassign_below = 0.5, .reassign_every = 1});
  CHECK(nowhere.reassigned == 0);
  CHECK(nowhere.centers == on_line({3, 5}));
}

TEST_CASE("a moved center takes over the least number of points of those that stay") {
  const EmpiricalObjective objective(on_line({0, 0, 0, 10, 10, 12}));
  const auto result =
      mini_batch_k_means(objective, on_line({0, 10, 1000}),
                         {.batch_size = 60, .max_batches = 1, .reassign_below = 0.1, .reassign_every = 1});
  REQUIRE(result.reassigned == 1);
  CHECK(result.given(2) == std::min(result.given(0), result.given(1)));
  CHECK(result.given(0) + result.given(1) == 60);
  CHECK((result.centers(2) == 10 || result.centers(2) == 12));
}

TEST_CASE("a seed repeats its run, another one does not, and threads change no bit") {
  const EmpiricalObjective objective(normal_points(4, 20'000, 11));
  const Eigen::MatrixXd start = normal_points(4, 30, 12);
  const auto with = [&](std::uint64_t seed, int threads) {
    return mini_batch_k_means(objective, start,
                              {.batch_size = 10'000,
                               .max_batches = 4,
                               .reassign_below = 0.5,
                               .reassign_every = 2,
                               .seed = seed,
                               .threads = threads});
  };
  const auto one = with(1, 1), three = with(1, 3);
  CHECK(one.reassigned > 0);
  CHECK(one.centers == three.centers);
  CHECK(one.value == three.value);
  CHECK(one.smoothed == three.smoothed);
  CHECK((one.labels == three.labels).all());
  CHECK(with(2, 1).centers != one.centers);
}

TEST_CASE("fixed dimensions and long double run too, and an overflow is reported") {
  const EmpiricalObjective<long double, 2> objective(normal_points<long double, 2>(2, 200, 13));
  const auto result = mini_batch_k_means(objective, normal_points<long double, 2>(2, 3, 14), {.batch_size = 50});
  CHECK(result.value < objective.value(normal_points<long double, 2>(2, 3, 14)));

  const auto overflow = mini_batch_k_means(EmpiricalObjective(on_line({-1e200, 1e200})), on_line({0}));
  CHECK(overflow.status == MiniBatchStatus::non_finite);
  CHECK(overflow.batches == 0);
  CHECK(overflow.centers == on_line({0}));
  CHECK(std::isinf(overflow.value));
}

TEST_CASE("every status of mini-batch k-means has a name of its own") {
  std::set<std::string_view> names;
  for (const auto status : {MiniBatchStatus::no_improvement, MiniBatchStatus::batch_limit,
                            MiniBatchStatus::stopped_by_callback, MiniBatchStatus::non_finite})
    names.insert(to_string(status));
  CHECK(names == std::set<std::string_view>{"no_improvement", "batch_limit", "stopped_by_callback", "non_finite"});
}

TEST_CASE("mini-batch k-means refuses bad starts and options before any work") {
  const EmpiricalObjective objective(on_line({1, 2, 3}));
  const auto with = [&](const kmscape::MiniBatchOptions& options) {
    return refusal([&] { static_cast<void>(mini_batch_k_means(objective, on_line({1, 2}), options)); });
  };
  CHECK(with({.batch_size = 0}) ==
        "kmscape::mini_batch_k_means: options.batch_size = 0, but a batch holds at least one point; pass "
        "options.batch_size >= "
        "1");
  CHECK(with({.max_batches = -1}) ==
        "kmscape::mini_batch_k_means: options.max_batches = -1, but a number of batches cannot be negative; pass 0 to "
        "assign the "
        "points to the start only");
  CHECK(
      with({.patience = -2}) ==
      "kmscape::mini_batch_k_means: options.patience = -2, but a number of batches cannot be negative; pass 0 to draw "
      "max_batches batches in any case");
  CHECK(with({.smoothing = 1.5}) ==
        "kmscape::mini_batch_k_means: options.smoothing = 1.5, but the newest value's weight in a mean lies between 0 "
        "and 1; "
        "pass 0 for 2 batch_size / (n + 1)");
  CHECK_THAT(with({.smoothing = std::numeric_limits<double>::quiet_NaN()}),
             ContainsSubstring("options.smoothing = nan"));
  CHECK(with({.reassign_below = 1}) ==
        "kmscape::mini_batch_k_means: options.reassign_below = 1, but it is a share of the largest number of points "
        "given to a "
        "center; pass 0 to leave all centers where they are, or a share below 1 such as 0.01");
  CHECK(with({.reassign_every = 0}) ==
        "kmscape::mini_batch_k_means: options.reassign_every = 0, but reassignments happen between batches; pass "
        "options.reassign_every >= 1");
  CHECK_THAT(with({.threads = -4}), ContainsSubstring("kmscape::mini_batch_k_means: options.threads = -4"));
  CHECK_THAT(refusal([&] {
               static_cast<void>(mini_batch_k_means(objective, on_line({1, std::nan("")})));
             }),
             ContainsSubstring("kmscape::mini_batch_k_means: start(0, 1) = nan"));
  CHECK_THAT(refusal([&] { static_cast<void>(mini_batch_k_means(objective, Eigen::MatrixXd::Zero(2, 2).eval())); }),
             ContainsSubstring("start = a 2 x 2 matrix, but the objective's dimension is 1"));
}

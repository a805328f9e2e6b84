#include <kmscape/balanced/ballot.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <kmscape/balanced/one_step_starts.hpp>
#include <kmscape/metric/partition_agreement.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "support/catch.hpp"
#include "support/partitions.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::ballot;
using kmscape::BallotStatus;
using kmscape::Capacities;
using kmscape::Counts;
using kmscape::Index;
using kmscape::Label;
using testing::grid_points;
using testing::normal_points;
using testing::on_line;

namespace {

Eigen::MatrixXd means_of(const Eigen::MatrixXd& points, const std::vector<Label>& labels, Index k) {
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(points.rows(), k);
  Eigen::ArrayXd size = Eigen::ArrayXd::Zero(k);
  for (Index i = 0; i < points.cols(); ++i) {
    sum.col(labels[static_cast<std::size_t>(i)]) += points.col(i);
    size(labels[static_cast<std::size_t>(i)]) += 1;
  }
  return sum * size.inverse().matrix().asDiagonal();
}

double cost_to(const Eigen::MatrixXd& points, const std::vector<Label>& labels, const Eigen::MatrixXd& centers) {
  double cost = 0;
  for (Index i = 0; i < points.cols(); ++i)
    cost += (points.col(i) - centers.col(labels[static_cast<std::size_t>(i)])).squaredNorm();
  return cost;
}

/// Whether the sizes of a partition keep to the bounds, its clusters named in some order.
bool is_allowed(std::vector<Index> sizes, Index lower, Index upper) {
  return std::all_of(sizes.begin(), sizes.end(), [&](Index size) { return lower <= size && size <= upper; });
}

std::vector<Index> sizes_of(const std::vector<Label>& labels, Index k) {
  std::vector<Index> sizes(static_cast<std::size_t>(k), 0);
  for (const Label j : labels) ++sizes[static_cast<std::size_t>(j)];
  return sizes;
}

}  // namespace

TEST_CASE("BalLOT ends at partitions that are cheapest for their means, among all of allowed sizes") {
  for (std::uint64_t trial = 0; trial < 60; ++trial) {
    const Index k = 2 + static_cast<Index>(trial % 2), n = 8;
    const bool is_bounded = trial % 3 == 0;
    const Eigen::MatrixXd points = trial % 5 == 0 ? grid_points(2, n, 2, trial) : normal_points(2, n, trial);
    const Index lower = is_bounded ? 1 : n / k, upper = is_bounded ? 4 : (n + k - 1) / k;
    const auto result = ballot(points, points.leftCols(k),
                               {.capacities = is_bounded ? Capacities::between(lower, upper) : Capacities::equal()});
    CAPTURE(trial);
    REQUIRE(result.status == BallotStatus::fixed_point);
    const std::vector<Label> labels(result.labels.data(), result.labels.data() + n);
    REQUIRE(is_allowed(sizes_of(labels, k), lower, upper));
    REQUIRE((means_of(points, labels, k) - result.centers).norm() < 1e-12);
    REQUIRE(result.cost == Approx(cost_to(points, labels, result.centers)));
    REQUIRE(result.gap <= result.gap_error);
    testing::for_each_partition<Label>(static_cast<Label>(n), static_cast<Label>(k),
                                       [&](const std::vector<Label>& other) {
                                         if (!is_allowed(sizes_of(other, k), lower, upper)) return;
                                         std::vector<Label> name(static_cast<std::size_t>(k));
                                         for (std::size_t j = 0; j < name.size(); ++j) name[j] = static_cast<Label>(j);
                                         do {
                                           std::vector<Label> renamed = other;
                                           for (Label& j : renamed) j = name[static_cast<std::size_t>(j)];
                                           REQUIRE(cost_to(points, renamed, result.centers) >= result.cost - 1e-12);
                                         } while (std::next_permutation(name.begin(), name.end()));
                                       });
  }
}

TEST_CASE("BalLOT's objective falls in every step, each an assignment without ties (Theorem 5)") {
  for (const Index k : {2, 3, 7}) {
    const Eigen::MatrixXd points = normal_points(2, 840, 4);
    const auto result = ballot(points, points.leftCols(k), {.keep_steps = true});
    REQUIRE(result.status == BallotStatus::fixed_point);
    REQUIRE(static_cast<int>(result.steps.size()) == result.iterations);
    REQUIRE(result.steps.front().moved == 840);
    for (std::size_t t = 0; t < result.steps.size(); ++t) {
      CHECK(result.steps[t].iteration == static_cast<int>(t));
      CHECK(result.steps[t].gap == 0);
      CHECK(result.steps[t].margin > 0);
      if (t == 0) continue;
      CHECK(result.steps[t].value < result.steps[t - 1].value);
      CHECK(result.steps[t].moved > 0);
    }
    CHECK((result.sizes == 840 / k).all());
    CHECK(result.cost < result.steps.back().value);
    // A fixed point stays where it is.
    const auto again = ballot(points, result.centers);
    CHECK((again.labels == result.labels).all());
    CHECK(again.iterations == 1);
  }
}

TEST_CASE("Weighted BalLOT goes the way of copied points") {
  const Eigen::MatrixXd points = normal_points(2, 60, 1), start = points.leftCols(4);
  Counts weights(60);
  Eigen::MatrixXd copies(2, 0);
  for (Index i = 0; i < 60; ++i) {
    weights(i) = 1 + i % 3;
    for (Index t = 0; t < weights(i); ++t) {
      copies.conservativeResize(2, copies.cols() + 1);
      copies.rightCols(1) = points.col(i);
    }
  }
  const auto weighted = ballot(points, weights, start), copied = ballot(copies, start);
  CHECK(weighted.status == BallotStatus::fixed_point);
  CHECK(weighted.cost == Approx(copied.cost));
  CHECK((weighted.centers - copied.centers).norm() < 1e-12);
  CHECK(weighted.sizes.sum() == 120);
}

TEST_CASE("BalLOT stops when told to, at its limit, and lets an empty cluster's center stay") {
  const Eigen::MatrixXd points = normal_points(2, 300, 2);
  const auto stopped =
      ballot(points, points.leftCols(3), {.on_step = [](const auto& step) { return step.iteration < 2; }});
  CHECK(stopped.status == BallotStatus::stopped_by_callback);
  CHECK(stopped.iterations == 2);
  const auto limited = ballot(points, points.leftCols(3), {.max_iterations = 0});
  CHECK(limited.status == BallotStatus::iteration_limit);
  CHECK(limited.centers == points.leftCols(3));
  CHECK(to_string(limited.status) == "iteration_limit");
  Eigen::MatrixXd start = points.leftCols(3);
  start.col(2) << 1000, 1000;
  const auto empty = ballot(points, start, {.capacities = Capacities::between(0, 300)});
  CHECK(empty.sizes(2) == 0);
  CHECK(empty.centers.col(2) == start.col(2));
  CHECK_THAT(refusal([&] { (void)ballot(points, start, {.max_iterations = -1}); }),
             ContainsSubstring("kmscape::ballot: options.max_iterations = -1"));
}

TEST_CASE("The farthest pair is that of all pairs, and starts recovery in one step at Delta = 2.2") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Eigen::MatrixXd points = seed % 2 ? grid_points(2, 40, 5, seed) : normal_points(3, 40, seed);
    double longest = 0;
    for (Index a = 0; a < 40; ++a)
      for (Index b = 0; b < a; ++b) longest = std::max(longest, (points.col(a) - points.col(b)).norm());
    const auto [i, j] = kmscape::farthest_pair(points);
    CHECK(i < j);
    CHECK((points.col(i) - points.col(j)).norm() == Approx(longest));
  }
  const kmscape::StochasticBallModel<double> model(kmscape::centers_on_line(2, 2.2), 1);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto sample = model.sample_balanced(100, kmscape::Seed(seed));
    const auto [i, j] = kmscape::farthest_pair(sample.points);
    Eigen::MatrixXd start(sample.points.rows(), 2);
    start << sample.points.col(i), sample.points.col(j);
    CHECK(kmscape::exact_recovery(ballot(sample.points, start, {.max_iterations = 0}).labels, sample.labels));
  }
  CHECK_THAT(refusal([] { (void)kmscape::farthest_pair(on_line({1})); }), ContainsSubstring("points.cols() = 1"));
}

TEST_CASE("Groups of a sample meet every ball once for Delta > 4, and start recovery in one step") {
  const kmscape::StochasticBallModel<double> model(kmscape::centers_on_line(5, 4.5), 1);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto sample = model.sample_balanced(500, kmscape::Seed(seed));
    const auto chosen = kmscape::group_start(sample.points, 5, {.reach = 2, .failure = 1e-6, .seed = seed});
    REQUIRE(chosen.size() == 5);
    Eigen::MatrixXd start(sample.points.rows(), 5);
    for (Index j = 0; j < 5; ++j) start.col(j) = sample.points.col(chosen[static_cast<std::size_t>(j)]);
    CHECK(kmscape::exact_recovery(ballot(sample.points, start, {.max_iterations = 0}).labels, sample.labels));
  }
  const auto line = on_line({0, 1});
  CHECK_THAT(refusal([&] { (void)kmscape::group_start(line, 0, {}); }), ContainsSubstring("group_start: k = 0"));
  CHECK_THAT(refusal([&] { (void)kmscape::group_start(line, 1, {.reach = 0}); }),
             ContainsSubstring("options.reach = 0"));
  CHECK_THAT(refusal([&] { (void)kmscape::group_start(line, 1, {.failure = 1}); }),
             ContainsSubstring("options.failure = 1"));
}

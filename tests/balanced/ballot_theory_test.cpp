#include <kmscape/balanced/ballot_theory.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include <kmscape/balanced/assign_balanced.hpp>
#include <kmscape/balanced/ballot.hpp>
#include <kmscape/balanced/matching_ballot.hpp>
#include <kmscape/metric/partition_agreement.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/trials.hpp"

using kmscape::assign_balanced;
using kmscape::first_step_misclustering;
using kmscape::Index;
using kmscape::population_step_cosine;
using testing::normal_points;

namespace {

/// Two unit balls on the first axis, delta apart, n / 2 points each.
kmscape::Sample<double> two_balls(double delta, Index d, Index n, std::uint64_t seed) {
  Eigen::MatrixXd centers = Eigen::MatrixXd::Zero(d, 2);
  centers(0, 0) = delta / 2;
  centers(0, 1) = -delta / 2;
  return kmscape::StochasticBallModel<double>(centers, 1).sample_balanced(n, kmscape::Seed(seed));
}

Eigen::MatrixXd start_at(double cosine, Index d) {
  Eigen::MatrixXd start = Eigen::MatrixXd::Zero(d, 2);
  start(0, 0) = cosine;
  if (d > 1) start(1, 0) = std::sqrt(1 - cosine * cosine);
  start.col(1) = -start.col(0);
  return start;
}

}  // namespace

TEST_CASE("The first step's misclustering rate has its closed form in the plane, and is what samples show") {
  for (const double a : {0.0, 0.3, 0.9}) {
    const double plane = (std::acos(a) - a * std::sqrt(1 - a * a)) / std::numbers::pi;
    CHECK(first_step_misclustering(2.5, a / 1.25, 2) == Approx(plane).margin(1e-14));
    CHECK(first_step_misclustering(2.5, a / 1.25, 1) == Approx((1 - a) / 2));
  }
  CHECK(first_step_misclustering(4, 0.5, 3) == 0);
  CHECK(first_step_misclustering(4, 0, 3) == Approx(0.5));
  for (const Index d : {2, 5}) {
    const auto sample = two_balls(2.4, d, 100000, 3);
    const auto labels = assign_balanced(sample.points, start_at(0.5, d)).labels;
    CHECK(kmscape::misclassification_rate(labels, sample.labels) ==
          Approx(first_step_misclustering(2.4, 0.5, d)).margin(0.004));
  }
}

TEST_CASE("The population's step turns to the planted axis, as steps on samples do") {
  for (const Index d : {2, 3, 6})
    for (const double cosine : {0.1, 0.4, 0.8}) {
      const double next = population_step_cosine(2.1, cosine, d);
      CHECK(next > cosine);
      CHECK(next <= 1);
      const auto sample = two_balls(2.1, d, testing::trials(60000), 4);
      const auto result = kmscape::ballot(sample.points, start_at(cosine, d), {.max_iterations = 1});
      const Eigen::VectorXd w = result.centers.col(0) - result.centers.col(1);
      CHECK(std::abs(w(0)) / w.norm() == Approx(next).margin(testing::is_sanitized ? 0.033 : 0.015));
    }
  CHECK(population_step_cosine(2.1, 0, 2) == 0);
  CHECK(population_step_cosine(2.1, 1, 2) == 1);
}

TEST_CASE("The bound of the first step's misclustering holds as often as it says, and its proof point by point") {
  for (const Index d : {2, 3, 5})
    for (const double cosine : {0.2, 0.7}) {
      const double delta = 2.2, failure = 0.3;
      const Index n = 60, trials = testing::trials(400);
      const double limit = first_step_misclustering(delta, cosine, d);
      const double bound = kmscape::first_step_misclustering_bound(delta, cosine, d, n, failure);
      CAPTURE(d, cosine);
      CHECK(bound == Approx(limit + std::sqrt(std::log(2 / failure) / 60)));
      Index beyond = 0, above_limit = 0;
      for (Index trial = 0; trial < trials; ++trial) {
        const auto sample = two_balls(delta, d, n, static_cast<std::uint64_t>(trial));
        const Eigen::MatrixXd start = start_at(cosine, d);
        const auto labels = assign_balanced(sample.points, start).labels;
        const Eigen::RowVectorXd key = start.col(0).transpose() * sample.points;
        Index a = 0, b = 0, wrong = 0;
        for (Index i = 0; i < n; ++i) {
          a += sample.labels(i) == 0 && key(i) < 0;
          b += sample.labels(i) == 1 && key(i) > 0;
          wrong += labels(i) != sample.labels(i);
        }
        REQUIRE(wrong >= 2 * std::min(a, b));
        REQUIRE(wrong <= 2 * std::max(a, b));
        beyond += static_cast<double>(wrong) / 60 > bound;
        above_limit += static_cast<double>(wrong) / 60 > limit;
      }
      CHECK(static_cast<double>(beyond) <= failure * static_cast<double>(trials));
      // The limit for many points is no bound.
      CHECK(10 * above_limit > trials);
    }
  CHECK(kmscape::first_step_misclustering_bound(4, 0.5, 3, 10, 0.1) == 0);
  CHECK(kmscape::first_step_misclustering_bound(2, 0, 3, 2, 1e-9) == 1);
}

TEST_CASE(
    "A direction beyond the recovery cosine recovers two balls for every n, one short of it does not for large n") {
  for (const Index d : {2, 4})
    for (std::uint64_t seed = 0; seed < testing::trials(20u); ++seed) {
      const double delta = 2.3, cosine = kmscape::recovery_cosine(delta);
      const auto sample = two_balls(delta, d, 400, seed);
      CHECK(kmscape::exact_recovery(assign_balanced(sample.points, start_at(cosine + 1e-9, d)).labels, sample.labels));
    }
  const auto sample = two_balls(2.3, 2, 200000, 1);
  CHECK_FALSE(kmscape::exact_recovery(
      assign_balanced(sample.points, start_at(kmscape::recovery_cosine(2.3) - 0.03, 2)).labels, sample.labels));
}

TEST_CASE("The chance of a random direction is the share of directions beyond the recovery cosine") {
  CHECK(kmscape::random_direction_recovery(4, 2) == Approx(2 * std::acos(0.5) / std::numbers::pi));
  CHECK(kmscape::random_direction_recovery(4, 3) == Approx(0.5));  // Archimedes: cosines are uniform
  CHECK(kmscape::random_direction_recovery(2.1, 1) == 1);
  CHECK(kmscape::random_direction_recovery(2, 3) == 0);
  kmscape::RandomStream stream{kmscape::Seed(7)};
  Eigen::VectorXd direction(6);
  int hits = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    stream.unit_sphere(direction);
    hits += std::abs(direction(0)) > kmscape::recovery_cosine(5) ? 1 : 0;
  }
  CHECK(hits / 20000.0 == Approx(kmscape::random_direction_recovery(5, 6)).margin(0.012));
}

TEST_CASE(
    "Positive recovery cycles mean recovery in one step for any number of balls, and negative ones failure at last") {
  const Eigen::MatrixXd centers = kmscape::centers_at_random(4, 2, 2.3, 7.0, kmscape::Seed{3});
  const kmscape::StochasticBallModel<double> model(centers, 1);
  const auto sample = model.sample_balanced(40000, kmscape::Seed(1));
  int recovered = 0, failed = 0;
  for (std::uint64_t seed = 0; seed < 40; seed += testing::is_sanitized ? 3 : 1) {
    const Eigen::MatrixXd start = centers + 0.05 * static_cast<double>(1 + seed) * normal_points(2, 4, seed);
    const double cycle = kmscape::recovery_cycle(centers, start);
    const bool recovers = (assign_balanced(sample.points, start).labels == sample.labels).all();
    CAPTURE(seed, cycle);
    if (cycle > 0) CHECK(recovers);
    if (cycle < -0.1) CHECK_FALSE(recovers);
    ++(recovers ? recovered : failed);
    if ((start - centers).colwise().norm().maxCoeff() < kmscape::recovery_radius(2.3)) CHECK(cycle > 0);
  }
  CHECK(recovered > 3);
  CHECK(failed > 3);
  CHECK(kmscape::recovery_radius(3) == 0.5);
  CHECK(kmscape::recovery_cycle(centers.leftCols(1), centers.leftCols(1)) == std::numeric_limits<double>::infinity());
}

TEST_CASE("Matching finds the partitions of BalLOT") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Eigen::MatrixXd points = normal_points(2, 60, seed), start = points.leftCols(4);
    const auto a = kmscape::matching_ballot(points, start);
    const auto b = kmscape::ballot(points, start);
    CHECK((a.labels == b.labels).all());
    CHECK(a.cost == Approx(b.cost));
    CHECK((a.centers - b.centers).norm() < 1e-12);
    CHECK(a.status == kmscape::BallotStatus::fixed_point);
    CHECK((a.sizes == 15).all());
  }
  const Eigen::MatrixXd points = normal_points(2, 61, 1);
  CHECK(kmscape::matching_ballot(points.leftCols(60), points.leftCols(4), 0).status ==
        kmscape::BallotStatus::iteration_limit);
  CHECK_THAT(refusal([&] { (void)kmscape::matching_ballot(points, points.leftCols(4)); }),
             ContainsSubstring("start.cols() = 4, but it does not divide the 61 points"));
  CHECK_THAT(refusal([&] { (void)kmscape::matching_ballot(points, testing::on_line({1})); }),
             ContainsSubstring("start.rows() = 1"));
  CHECK(refusal([&] { (void)kmscape::matching_ballot(points.leftCols(60), points.leftCols(4), -3); }) ==
        "kmscape::matching_ballot: max_iterations = -3, but a number of steps cannot be negative; pass 0 to assign to "
        "the start only");
}

TEST_CASE("Refused questions about recovery say why") {
  CHECK_THAT(refusal([] { (void)kmscape::recovery_cosine(0); }), ContainsSubstring("recovery_cosine: delta = 0"));
  CHECK_THAT(refusal([] { (void)kmscape::recovery_radius(-1); }), ContainsSubstring("recovery_radius: delta = -1"));
  CHECK_THAT(refusal([] { (void)kmscape::random_direction_recovery(3, 0); }), ContainsSubstring("dimension = 0"));
  CHECK_THAT(refusal([] { (void)first_step_misclustering(3, 1.5, 2); }), ContainsSubstring("cosine = 1.5"));
  CHECK_THAT(refusal([] { (void)kmscape::first_step_misclustering_bound(3, 0.5, 2, 7, 0.1); }),
             ContainsSubstring("first_step_misclustering_bound: n = 7, but two balls hold n / 2 points each"));
  CHECK_THAT(refusal([] { (void)kmscape::first_step_misclustering_bound(3, 0.5, 2, 8, 1); }),
             ContainsSubstring("failure = 1"));
  CHECK_THAT(refusal([] { (void)first_step_misclustering(3, 0.5, 0); }), ContainsSubstring("dimension = 0"));
  const Eigen::MatrixXd two = normal_points(2, 2, 1), three = normal_points(2, 3, 1);
  CHECK_THAT(refusal([&] { (void)kmscape::recovery_cycle(two, three); }),
             ContainsSubstring("centers = a 2 x 3 matrix"));
}

#include <kmscape/balanced/entropic_ballot.hpp>

#include <cmath>

#include <kmscape/metric/partition_agreement.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "support/catch.hpp"
#include "support/numbers.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::Capacities;
using kmscape::entropic_ballot;
using kmscape::EntropicStatus;
using kmscape::Index;
using testing::normal_points;
using testing::on_line;

TEST_CASE("E-BalLOT recovers separated balls, is exactly balanced, and its last assignment is proved") {
  const kmscape::StochasticBallModel<double> model(kmscape::centers_on_line(3, 3.0), 1);
  const auto sample = model.sample_balanced(303, kmscape::Seed(1));
  Eigen::MatrixXd start(sample.points.rows(), 3);
  start << sample.points.col(0), sample.points.col(1), sample.points.col(2);
  const auto result = entropic_ballot(sample.points, start);
  CHECK(result.status == EntropicStatus::converged);
  CHECK(kmscape::exact_recovery(result.labels, sample.labels));
  CHECK((result.sizes == 101).all());
  CHECK(result.gap <= result.gap_error);
  CHECK(result.marginal_error <= 1e-2);
  const auto exact = kmscape::ballot(sample.points, start);
  CHECK(result.cost == Approx(exact.cost));
  CHECK((result.centers - exact.centers).norm() < 1e-9);

  const auto uneven = entropic_ballot(sample.points, start, {.capacities = Capacities::exactly({100, 150, 53})});
  CHECK(uneven.sizes(1) == 150);
  const auto odd = entropic_ballot(Eigen::MatrixXd(sample.points.leftCols(302)), start);
  CHECK(odd.sizes.maxCoeff() - odd.sizes.minCoeff() == 1);
  CHECK(to_string(result.status) == "converged");
  const auto threaded = entropic_ballot(sample.points, start, {.threads = 3});
  CHECK(threaded.soft_centers == result.soft_centers);
  CHECK((threaded.labels == result.labels).all());
  CHECK(entropic_ballot(sample.points, start, {.epsilon = 1, .first_epsilon = 1, .max_iterations = 1}).status ==
        EntropicStatus::iteration_limit);
}

TEST_CASE("Soft centers collapse to the mean if and only if epsilon is at least twice the largest variance") {
  const Eigen::MatrixXd points = normal_points(2, 400, 5);
  const Eigen::Vector2d mean = points.rowwise().mean();
  const Eigen::MatrixXd centred = points.colwise() - mean;
  const Eigen::Matrix2d covariance = centred * centred.transpose() / 400;
  const double root = std::hypot((covariance(0, 0) - covariance(1, 1)) / 2, covariance(0, 1));
  const double largest = covariance.trace() / 2 + root;
  const auto spread = [&](double factor) {
    const double epsilon = factor * largest;
    const auto result = entropic_ballot(points, points.leftCols(2),
                                        {.epsilon = epsilon,
                                         .first_epsilon = epsilon,
                                         .marginal_tolerance = 1e-9,
                                         .center_tolerance = 1e-14,
                                         .max_iterations = 3000});
    return (result.soft_centers.colwise() - mean).norm();
  };
  CHECK(spread(2.2) < 1e-4);
  CHECK(spread(1.8) > 0.1);
}

TEST_CASE("Refused regularised assignments say why") {
  const Eigen::MatrixXd points = on_line({0, 1, 2, 3}), start = on_line({0, 3});
  const auto with = [&](const kmscape::EntropicOptions& options) {
    return refusal([&] { (void)entropic_ballot(points, start, options); });
  };
  CHECK_THAT(with({.epsilon = -1}), ContainsSubstring("entropic_ballot: options.epsilon = -1"));
  CHECK_THAT(with({.first_epsilon = testing::infinity}), ContainsSubstring("options.first_epsilon = inf"));
  CHECK_THAT(with({.decay = 1}), ContainsSubstring("options.decay = 1"));
  CHECK_THAT(with({.max_sinkhorn = 0}), ContainsSubstring("max_sinkhorn = 200, 0"));
  CHECK_THAT(with({.capacities = Capacities::between(0, 4)}), ContainsSubstring("a plan needs column sums"));
  CHECK_THAT(with({.capacities = Capacities::exactly({4, 0})}), ContainsSubstring("sizes[1] = 0"));
  CHECK_THAT(refusal([&] { (void)entropic_ballot(points, normal_points(2, 2, 1)); }),
             ContainsSubstring("start.rows() = 2"));
}

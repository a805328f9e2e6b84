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

TEST_CASE("Sinkhorn's prices give a plan with the wanted column sums, of the form that optimality asks for") {
  const Eigen::MatrixXd points = normal_points(2, 40, 1), centers = normal_points(2, 3, 2);
  kmscape::Weights<double> shares(3);
  shares << 0.5, 0.3, 0.2;
  const kmscape::Weights<double> zero = kmscape::Weights<double>::Zero(3);
  const double epsilon = 0.3;
  const auto result = kmscape::sinkhorn_assignment(points, centers, shares, zero, epsilon, 1e-12, 100000);
  Eigen::MatrixXd plan(40, 3);
  for (Index i = 0; i < 40; ++i) {
    for (Index j = 0; j < 3; ++j)
      plan(i, j) = std::exp((result.prices(j) - (points.col(i) - centers.col(j)).squaredNorm()) / epsilon);
    plan.row(i) /= 40 * plan.row(i).sum();
  }
  for (Index j = 0; j < 3; ++j) {
    CHECK(plan.col(j).sum() == Approx(shares(j)).epsilon(1e-10));
    CHECK((points * plan.col(j) / shares(j) - result.means.col(j)).norm() < 1e-9);
  }
  double cost = 0, regularised = 0;
  for (Index i = 0; i < 40; ++i)
    for (Index j = 0; j < 3; ++j) {
      cost += plan(i, j) * (points.col(i) - centers.col(j)).squaredNorm();
      regularised += epsilon * plan(i, j) * std::log(plan(i, j));
    }
  regularised += cost;
  CHECK(result.transport_cost == Approx(cost));
  CHECK(result.marginal_error <= 1e-12);
  // Exchanging mass between two points and two centers keeps the margins and must not lower the objective.
  for (Index i = 0; i < 39; ++i) {
    for (const double step : {1e-4, -1e-4}) {
      Eigen::MatrixXd other = plan;
      other(i, 0) *= 1 + step;
      const double amount = other(i, 0) - plan(i, 0);
      other(i, 1) -= amount;
      other(i + 1, 0) -= amount;
      other(i + 1, 1) += amount;
      if (other.minCoeff() <= 0) continue;
      double value = 0;
      for (Index a = 0; a < 40; ++a)
        for (Index b = 0; b < 3; ++b)
          value += other(a, b) * (points.col(a) - centers.col(b)).squaredNorm() +
                   epsilon * other(a, b) * std::log(other(a, b));
      CHECK(value >= regularised - 1e-13);
    }
  }
}

TEST_CASE("Without much regularisation Sinkhorn's plan costs what the exact assignment costs") {
  const Eigen::MatrixXd points = normal_points(2, 60, 3), centers = normal_points(2, 4, 4);
  const kmscape::Weights<double> shares = kmscape::Weights<double>::Constant(4, 0.25), zero = 0 * shares;
  const auto soft = kmscape::sinkhorn_assignment(points, centers, shares, zero, 1e-2, 1e-6, 200000);
  const double exact = kmscape::assign_balanced(points, centers).cost / 60;
  CHECK(soft.transport_cost >= exact - 1e-6);
  CHECK(soft.transport_cost <= exact + 1e-2 * std::log(4) + 1e-5);  // entropy can pay no more than epsilon log k
}

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
  const kmscape::Weights<double> half = kmscape::Weights<double>::Constant(2, 0.5);
  CHECK_THAT(refusal([&] { (void)kmscape::sinkhorn_assignment(points, start, half, half, 0, 1e-2, 10); }),
             ContainsSubstring("sinkhorn_assignment: epsilon = 0"));
}

#include <kmscape/balanced/amini_levina.hpp>
#include <kmscape/balanced/semidefinite_part.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <kmscape/metric/partition_agreement.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "support/catch.hpp"
#include "support/partitions.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/trials.hpp"

using kmscape::amini_levina;
using kmscape::AminiLevinaStatus;
using kmscape::Index;
using kmscape::Label;

TEST_CASE("The Amini-Levina relaxation is the planted partition where balls are well separated") {
  const kmscape::StochasticBallModel<double> model(kmscape::centers_on_simplex(3, 4.0), 1);
  const auto sample = model.sample_balanced(30, kmscape::Seed(1));
  const auto result = amini_levina(sample.points, 3);
  CHECK(result.status == AminiLevinaStatus::converged);
  for (Index i = 0; i < 30; ++i)
    for (Index j = 0; j < 30; ++j)
      REQUIRE(result.relaxed(i, j) == Approx(sample.labels(i) == sample.labels(j) ? 1 : 0).margin(1e-4));
  CHECK(kmscape::exact_recovery(result.labels, sample.labels));
  CHECK(result.value == Approx(result.cost).epsilon(1e-5));
  // The bound proves the partition optimal.
  CHECK(result.bound == Approx(result.cost).epsilon(1e-5));
  CHECK(result.bound <= result.cost);
}

TEST_CASE("The Amini-Levina relaxation of 256 points in two separated balls comes to 1e-6, as documented") {
  const kmscape::StochasticBallModel<double> model(kmscape::centers_on_line(2, 2.2), 1);
  const Index n = testing::is_sanitized ? 32 : 256;
  const auto sample = model.sample_balanced(n, kmscape::Seed(1));
  const auto result = amini_levina(sample.points, 2);
  CHECK(result.status == AminiLevinaStatus::converged);
  CHECK(result.primal_residual <= 1e-6);
  CHECK(result.dual_residual <= 1e-6);
  CHECK(result.value - result.bound <= 2e-6 * result.value);
  CHECK(result.iterations < 1000);
  CHECK((result.sizes == n / 2).all());
}

TEST_CASE("The Amini-Levina relaxation bounds every balanced partition from below, and is feasible") {
  for (std::uint64_t seed = 0; seed < testing::trials<std::uint64_t>(4); ++seed) {
    const Eigen::MatrixXd points = testing::normal_points(2, 8, seed);
    const auto result = amini_levina(points, 2);
    double least = std::numeric_limits<double>::infinity();
    testing::for_each_partition<Label>(8, 2, [&](const std::vector<Label>& labels) {
      if (std::count(labels.begin(), labels.end(), 0) != 4) return;
      double cost = 0;
      for (std::size_t i = 0; i < 8; ++i)
        for (std::size_t j = 0; j < i; ++j)
          if (labels[i] == labels[j])
            cost += (points.col(static_cast<Index>(i)) - points.col(static_cast<Index>(j))).squaredNorm() / 4;
      least = std::min(least, cost);
    });
    CHECK(result.status == AminiLevinaStatus::converged);
    CHECK(result.value <= least * (1 + 1e-5));
    CHECK(result.bound <= least);
    CHECK(result.bound >= result.value * (1 - 1e-5));
    // No matter how early, the bound is one.
    for (const int iterations : {1, 3, 10, 30})
      CHECK(amini_levina(points, 2, {.max_iterations = iterations}).bound <= least);
    CHECK(result.cost >= least * (1 - 1e-12));
    CHECK((result.relaxed.rowwise().sum().array() - 4).abs().maxCoeff() < 1e-4);
    CHECK((result.relaxed.diagonal().array() - 1).abs().maxCoeff() < 1e-4);
    CHECK(result.relaxed.minCoeff() > -1e-4);
    CHECK(Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(result.relaxed).eigenvalues()(0) > -1e-4);
  }
}

TEST_CASE("Where clusters cannot be told apart the relaxation's bound stays below its value and every partition") {
  for (const double delta : {0.0, 1.0}) {
    const kmscape::StochasticBallModel<double> model(kmscape::centers_on_line(2, std::max(delta, 1e-3)), 1);
    const auto sample = model.sample_balanced(testing::is_sanitized ? 12 : 24, kmscape::Seed(3));
    const auto result = amini_levina(sample.points, 2);
    CAPTURE(delta, result.iterations, result.value, result.bound, result.cost);
    CHECK(result.bound <= result.cost);
    CHECK(result.bound >= result.value * (1 - 1e-4));
    CHECK(result.value <= result.cost * (1 + 1e-4));
  }
}

TEST_CASE("The Amini-Levina relaxation of overlapping balls comes to 1e-6, as its optimality conditions show") {
  const Index n = testing::is_sanitized ? 12 : 60;
  for (const Index k : {2, 3}) {
    const kmscape::StochasticBallModel<double> model(kmscape::centers_on_simplex(k, 1.6), 1);
    const auto sample = model.sample_balanced(n, kmscape::Seed(1));
    const auto result = amini_levina(sample.points, k);
    CAPTURE(k, result.iterations);
    REQUIRE(result.status == AminiLevinaStatus::converged);
    CHECK(result.bound <= result.cost * (1 + 1e-12));
    CHECK(result.value <= result.cost * (1 + 1e-5));
    Eigen::MatrixXd distances(n, n);
    for (Index j = 0; j < n; ++j)
      distances.col(j) = (sample.points.colwise() - sample.points.col(j)).colwise().squaredNorm().transpose();
    const double scale = distances.mean(), size = static_cast<double>(n / k), count = static_cast<double>(n);
    CHECK(result.value == Approx(distances.cwiseProduct(result.relaxed).sum() / (2 * size)).epsilon(1e-12));

    // The same iterations once more, for the dual solution.
    const Eigen::MatrixXd cost = distances / scale;
    kmscape::internal::AminiLevinaIteration<double> iteration(cost, size);
    for (int i = 1; i <= result.iterations; ++i) {
      iteration.step();
      if (i % 25 != 0) continue;
      iteration.measure();
      if (i < result.iterations) iteration.balance_penalty();
    }
    const Eigen::MatrixXd& z = result.relaxed;
    REQUIRE((iteration.relaxed() - z).norm() == 0);
    const Eigen::VectorXd u = -iteration.multiplier().diagonal();
    Eigen::MatrixXd w_positive = -iteration.multiplier();
    w_positive.diagonal().setZero();
    Eigen::MatrixXd rest = cost - w_positive;
    rest.diagonal() -= u;
    const double sum_w = rest.sum() / (2 * count);
    const Eigen::VectorXd w = ((rest.rowwise().sum().array() - sum_w) / count).matrix();
    rest.colwise() -= w;
    rest.rowwise() -= w.transpose();
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(rest);
    const Eigen::MatrixXd s =
        solver.eigenvectors() * solver.eigenvalues().cwiseMax(0).asDiagonal() * solver.eigenvectors().transpose();

    CHECK((z - z.transpose()).norm() == 0);
    CHECK(Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(z).eigenvalues()(0) > -1e-12 * z.norm());
    CHECK((z.rowwise().sum().array() - size).abs().maxCoeff() < 1e-11 * size);
    CHECK((z.diagonal().array() - 1).matrix().norm() < 1e-6 * (1 + std::sqrt(count + 4 * size * size * count)));
    CHECK(z.cwiseMin(0).norm() < 1e-6 * (1 + z.norm()));
    CHECK(w_positive.minCoeff() >= 0);
    CHECK((rest - s).norm() < 1e-6 * (1 + cost.norm()));
    CHECK(std::abs(w_positive.cwiseProduct(z).sum()) < 1e-6 * (1 + w_positive.norm() + z.norm()));
    CHECK(std::abs(s.cwiseProduct(z).sum()) < 1e-6 * (1 + s.norm() + z.norm()));
    const double value = cost.cwiseProduct(z).sum();
    const double bound = u.sum() + 2 * size * w.sum() + (count - size) * std::min(solver.eigenvalues()(0), 0.0);
    CHECK(bound <= value * (1 + 1e-6));
    CHECK(result.bound * 2 * size / scale >= bound * (1 - 1e-9));
    CHECK(std::abs(value - result.bound * 2 * size / scale) < 1e-6 * (1 + value) * (1 + 1e-9));
  }
}

TEST_CASE("The Amini-Levina relaxation of two overlapping balls takes few iterations: no multiplier of Z >= 0 creeps") {
  const Index n = testing::is_sanitized ? 20 : 100;
  for (const double delta : {0.6, 1.2, 1.4, 1.6})
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const kmscape::StochasticBallModel<double> model(kmscape::centers_on_simplex(2, delta, 2), 1);
      const auto sample = model.sample_balanced(n, kmscape::Seed(seed));
      const auto result = amini_levina(sample.points, 2);
      CAPTURE(delta, seed, result.iterations, result.primal_residual);
      CHECK(result.status == AminiLevinaStatus::converged);
      CHECK(result.iterations <= 1000);  // at 1.6, seed 2, there were 20,000, and a residual of 8e-6
      CHECK(result.relaxed.cwiseMin(0).norm() <= 1e-6 * (1 + result.relaxed.norm()));
      CHECK(result.bound <= result.cost * (1 + 1e-12));
    }
}

TEST_CASE("The nearest semidefinite matrix is the one that Eigen's eigenvectors give") {
  const Index n = 40;
  const Eigen::MatrixXd q = Eigen::HouseholderQR<Eigen::MatrixXd>(testing::normal_points(n, n, 1)).householderQ() *
                            Eigen::MatrixXd::Identity(n, n);
  kmscape::internal::SemidefinitePart<double> part(n);
  Eigen::MatrixXd found;
  const auto check = [&](const Eigen::VectorXd& values) {
    const Eigen::MatrixXd full = q * values.asDiagonal() * q.transpose(), a = (full + full.transpose()) / 2;
    part.project(a, found);
    const Eigen::MatrixXd wanted = q * values.cwiseMax(0).asDiagonal() * q.transpose();
    CHECK((found - wanted).norm() <= 1e-12 * (1 + values.norm()));
    CHECK(part.least_eigenvalue() == Approx(values.minCoeff()).margin(1e-12 * (1 + values.norm())));
  };
  for (const Index positive : {0, 1, 5, 20, 35, 39, 40}) {
    Eigen::VectorXd values = testing::normal_points(n, 1, 2).cwiseAbs();
    values.tail(n - positive) *= -1;
    check(values);
    check(values.cwiseSign());  // two eigenvalues, many times
    check(1e-9 * values.cwiseSign() + (values.array() > 1).matrix().cast<double>());
    check(values.cwiseMax(0));
  }
  check(Eigen::VectorXd::Zero(n));
  found.setOnes();
  const Eigen::MatrixXd diagonal = Eigen::VectorXd::LinSpaced(n, -1, 1).asDiagonal();  // tridiagonal already
  part.project(diagonal, found);
  CHECK((found - diagonal.cwiseMax(0)).norm() <= 1e-13);
}

TEST_CASE("Refused relaxations say why, and a limit is a status") {
  const auto line = testing::on_line({0, 1, 5, 6});
  CHECK_THAT(refusal([&] { (void)amini_levina(line, 3); }),
             ContainsSubstring("amini_levina: k = 3, but it does not divide"));
  CHECK_THAT(refusal([&] { (void)amini_levina(line, 0); }), ContainsSubstring("k = 0"));
  CHECK_THAT(refusal([&] { (void)amini_levina(line.leftCols(2), 1); }), ContainsSubstring("points.cols() = 2"));
  CHECK_THAT(refusal([&] { (void)amini_levina(line, 2, {.tolerance = 0}); }),
             ContainsSubstring("options.tolerance = 0"));
  CHECK_THAT(refusal([&] { (void)amini_levina(line, 2, {.max_iterations = 0}); }),
             ContainsSubstring("options.max_iterations = 0"));
  const auto limited = amini_levina(line, 2, {.max_iterations = 1});
  CHECK(limited.status == AminiLevinaStatus::iteration_limit);
  CHECK(limited.iterations == 1);
  CHECK(to_string(limited.status) == "iteration_limit");
}

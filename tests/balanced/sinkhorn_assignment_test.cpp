#include <kmscape/balanced/sinkhorn_assignment.hpp>

#include <cmath>
#include <vector>

#include <kmscape/balanced/assign_balanced.hpp>

#include "support/catch.hpp"
#include "support/numbers.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::Index;
using kmscape::sinkhorn_assignment;
using kmscape::Weights;
using testing::normal_points;
using testing::on_line;

namespace {

/// Prices by Sinkhorn's iteration alone, in long double, of mean 0.
std::vector<double> plain_sinkhorn(const Eigen::MatrixXd& points, const Eigen::MatrixXd& centers,
                                   const Weights<double>& shares, double epsilon, int iterations) {
  const Index n = points.cols(), k = centers.cols();
  std::vector<long double> price(static_cast<std::size_t>(k), 0), sum(price);
  for (int turn = 0; turn < iterations; ++turn) {
    std::fill(sum.begin(), sum.end(), 0);
    for (Index i = 0; i < n; ++i) {
      std::vector<long double> term(price);
      long double best = -1e300L, total = 0;
      for (Index j = 0; j < k; ++j) {
        auto& t = term[static_cast<std::size_t>(j)];
        t = (t - (points.col(i) - centers.col(j)).squaredNorm()) / epsilon;
        best = std::max(best, t);
      }
      for (auto& t : term) total += t = std::exp(t - best);
      for (std::size_t j = 0; j < term.size(); ++j) sum[j] += term[j] / total / n;
    }
    long double mean = 0;
    for (std::size_t j = 0; j < price.size(); ++j) {
      price[j] += epsilon * std::log(shares(static_cast<Index>(j)) / sum[j]);
      mean += price[j] / k;
    }
    for (auto& p : price) p -= mean;
  }
  return {price.begin(), price.end()};
}

}  // namespace

TEST_CASE("Sinkhorn's prices give a plan with the wanted column sums, of the form that optimality asks for") {
  const Eigen::MatrixXd points = normal_points(2, 40, 1), centers = normal_points(2, 3, 2);
  kmscape::Weights<double> shares(3);
  shares << 0.5, 0.3, 0.2;
  const double epsilon = 0.3;
  const auto result = kmscape::sinkhorn_assignment(points, centers, shares, epsilon, {.tolerance = 1e-12});
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
  const kmscape::Weights<double> shares = kmscape::Weights<double>::Constant(4, 0.25);
  const auto soft = kmscape::sinkhorn_assignment(points, centers, shares, 1e-2);
  const double exact = kmscape::assign_balanced(points, centers).cost / 60;
  CHECK(soft.transport_cost >= exact - 1e-6);
  CHECK(soft.transport_cost <= exact + 1e-2 * std::log(4) + 1e-5);  // entropy can pay no more than epsilon log k
}

TEST_CASE("Newton's steps and samples lead to the prices of Sinkhorn's plain iteration, in far fewer passes") {
  for (const Index k : {1, 2, 7, 20})
    for (const double epsilon : {2.0, 0.2}) {
      CAPTURE(k, epsilon);
      const Eigen::MatrixXd points = normal_points(3, 120, 11), centers = normal_points(3, k, 12);
      Weights<double> shares(k);
      for (Index j = 0; j < k; ++j) shares(j) = 1 + static_cast<double>(j % 3);
      shares /= shares.sum();
      const auto plain = plain_sinkhorn(points, centers, shares, epsilon, 400);
      const auto result = sinkhorn_assignment(points, centers, shares, epsilon, {.tolerance = 1e-10});
      CHECK(result.marginal_error <= 1e-10);
      CHECK(result.iterations <= 30);
      for (Index j = 0; j < k; ++j)
        CHECK(result.prices(j) == Approx(plain[static_cast<std::size_t>(j)]).margin(1e-6 * epsilon));
    }
}

TEST_CASE("The dual value of a regularised assignment is its cost, and a bound of it on the way there") {
  const Eigen::MatrixXd points = normal_points(2, 200, 5), centers = normal_points(2, 6, 6);
  const Weights<double> shares = Weights<double>::Constant(6, 1.0 / 6);
  const double epsilon = 0.1;
  const auto end = sinkhorn_assignment(points, centers, shares, epsilon, {.tolerance = 1e-13});
  double entropy = 0;
  for (Index i = 0; i < 200; ++i) {
    Eigen::ArrayXd row(6);
    for (Index j = 0; j < 6; ++j)
      row(j) = std::exp((end.prices(j) - (points.col(i) - centers.col(j)).squaredNorm()) / epsilon);
    row /= 200 * row.sum();
    entropy += (row * row.log()).sum();
  }
  CHECK(end.dual_value - epsilon * std::log(200) == Approx(end.transport_cost + epsilon * entropy).epsilon(1e-12));
  for (int passes = 1; passes < 4; ++passes) {
    const auto early =
        sinkhorn_assignment(points, centers, shares, epsilon, {.tolerance = 0, .max_iterations = passes});
    CHECK(early.iterations == passes);
    CHECK(early.dual_value <= end.dual_value + 1e-14);
  }
}

TEST_CASE("A regularised assignment begins where it is told to, and cares neither for the origin nor for threads") {
  const Eigen::MatrixXd points = normal_points(2, 3000, 7), centers = normal_points(2, 20, 8);
  const Weights<double> shares = Weights<double>::Constant(20, 0.05);
  const auto first = sinkhorn_assignment(points, centers, shares, 0.02, {.tolerance = 1e-9});
  CHECK(first.marginal_error <= 1e-9);
  const std::vector<double> prices(first.prices.data(), first.prices.data() + 20);
  CHECK(sinkhorn_assignment(points, centers, shares, 0.02, {.prices = prices, .tolerance = 1e-9}).iterations == 1);
  for (const int threads : {2, 3, 8}) {
    const auto other = sinkhorn_assignment(points, centers, shares, 0.02, {.tolerance = 1e-9, .threads = threads});
    CHECK((other.prices == first.prices).all());
    CHECK((other.shares == first.shares).all());
    CHECK(other.transport_cost == first.transport_cost);
    CHECK(other.means == first.means);
    CHECK(other.iterations == first.iterations);
  }
  const auto far = sinkhorn_assignment(Eigen::MatrixXd(points.array() + 1024), Eigen::MatrixXd(centers.array() + 1024),
                                       shares, 0.02, {.tolerance = 1e-9});
  CHECK((far.prices - first.prices).abs().maxCoeff() < 1e-8);
  CHECK((far.means.array() - 1024 - first.means.array()).abs().maxCoeff() < 1e-8);
  const Eigen::MatrixXf rounded = points.cast<float>();
  const auto single = sinkhorn_assignment(rounded, centers, shares, 0.02, {.tolerance = 1e-9});
  CHECK(
      (single.prices ==
       sinkhorn_assignment(Eigen::MatrixXd(rounded.cast<double>()), centers, shares, 0.02, {.tolerance = 1e-9}).prices)
          .all());
}

TEST_CASE(
    "Regularised assignments come to their column sums from centers that see no point, and with hardly any blur") {
  Eigen::MatrixXd centers = normal_points(2, 5, 9);
  centers.col(4) << 40, 30;
  const Eigen::MatrixXd points = normal_points(2, 300, 10);
  const Weights<double> shares = Weights<double>::Constant(5, 0.2);
  for (const double epsilon : {1.0, 0.1, 0.01}) {
    CAPTURE(epsilon);
    const std::vector<double> zero(5, 0.0);
    const auto cold = sinkhorn_assignment(points, centers, shares, epsilon, {.tolerance = 1e-8});
    const auto blind = sinkhorn_assignment(points, centers, shares, epsilon, {.prices = zero, .tolerance = 1e-8});
    CHECK(cold.marginal_error <= 1e-8);
    CHECK(blind.marginal_error <= 1e-8);
    CHECK(cold.dual_value == Approx(blind.dual_value).epsilon(1e-7));
    // With less blur the dual is too flat to tell prices apart.
    if (epsilon >= 0.1) CHECK((cold.prices - blind.prices).abs().maxCoeff() < 1e-6);
  }
}

TEST_CASE("Refused Sinkhorn assignments say why") {
  const Eigen::MatrixXd points = on_line({0, 1, 2, 3}), centers = on_line({0, 3});
  const Weights<double> half = Weights<double>::Constant(2, 0.5);
  const auto with = [&](double epsilon, const kmscape::SinkhornOptions& options) {
    return refusal([&] { (void)sinkhorn_assignment(points, centers, half, epsilon, options); });
  };
  CHECK(with(0, {}) ==
        "kmscape::sinkhorn_assignment: epsilon = 0, but regularisation is a positive finite number; pass "
        "epsilon > 0, or use assign_balanced");
  CHECK_THAT(with(testing::infinity, {}), ContainsSubstring("epsilon = inf"));
  CHECK_THAT(with(1, {.prices = {1}}), ContainsSubstring("options.prices = 1 numbers, but there are 2 centers"));
  CHECK_THAT(with(1, {.prices = {1, testing::infinity}}), ContainsSubstring("options.prices[1] = inf"));
  CHECK_THAT(with(1, {.tolerance = -1}), ContainsSubstring("options.tolerance = -1"));
  CHECK_THAT(with(1, {.max_iterations = 0}), ContainsSubstring("options.max_iterations = 0"));
  CHECK_THAT(with(1, {.threads = -1}), ContainsSubstring("options.threads = -1"));
  const auto of = [&](const Weights<double>& shares) {
    return refusal([&] { (void)sinkhorn_assignment(points, centers, shares, 1.0); });
  };
  CHECK_THAT(of(half.head(1)), ContainsSubstring("shares = 1 numbers, but there are 2 centers"));
  CHECK_THAT(of(2 * half), ContainsSubstring("sum of shares = 2, but all mass is one"));
  Weights<double> none = half;
  none << 1, 0;
  CHECK_THAT(of(none), ContainsSubstring("shares(1) = 0"));
  CHECK_THAT(refusal([&] { (void)sinkhorn_assignment(points, normal_points(2, 2, 1), half, 1.0); }),
             ContainsSubstring("centers.rows() = 2"));
  CHECK_THAT(refusal([&] { (void)sinkhorn_assignment(Eigen::MatrixXd(1, 0), centers, half, 1.0); }),
             ContainsSubstring("points = a 1 x 0 matrix"));
  CHECK_THAT(refusal([&] {
               (void)sinkhorn_assignment(on_line({0, std::nan("")}), centers, half, 1.0);
             }),
             ContainsSubstring("points(0, 1) = nan"));
}

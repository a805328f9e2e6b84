#include <kmscape/balanced/survey_balanced.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "support/catch.hpp"
#include "support/partitions.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::Index;
using kmscape::Label;
using kmscape::survey_balanced;

namespace {

/// All partitions into clusters of n / k points that no reassignment to their means improves, as canonical labels.
std::set<std::vector<Label>> fixed_partitions(const Eigen::MatrixXd& points, Label k) {
  const auto n = static_cast<Label>(points.cols());
  std::vector<std::vector<Label>> partitions;
  testing::for_each_partition<Label>(n, k, [&](const std::vector<Label>& labels) {
    for (Label j = 0; j < k; ++j)
      if (std::count(labels.begin(), labels.end(), j) != n / k) return;
    partitions.push_back(labels);
  });
  std::set<std::vector<Label>> result;
  for (const auto& own : partitions) {
    Eigen::MatrixXd centers = Eigen::MatrixXd::Zero(points.rows(), k);
    for (Index i = 0; i < n; ++i) centers.col(own[static_cast<std::size_t>(i)]) += points.col(i) * k / n;
    const auto cost = [&](const std::vector<Label>& labels, const std::vector<Label>& name) {
      double sum = 0;
      for (Index i = 0; i < n; ++i)
        sum += (points.col(i) - centers.col(name[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])]))
                   .squaredNorm();
      return sum;
    };
    std::vector<Label> name(static_cast<std::size_t>(k));
    for (Label j = 0; j < k; ++j) name[static_cast<std::size_t>(j)] = j;
    const double present = cost(own, name);
    bool is_fixed = true;
    for (const auto& other : partitions) {
      auto renamed = name;
      do is_fixed = is_fixed && cost(other, renamed) >= present - 1e-12;
      while (std::next_permutation(renamed.begin(), renamed.end()));
    }
    if (is_fixed) result.insert(own);
  }
  return result;
}

std::vector<Label> as_vector(const kmscape::Labels& labels) { return {labels.data(), labels.data() + labels.size()}; }

}  // namespace

TEST_CASE("A balanced survey finds the fixed partitions that enumeration finds, each proved a minimum") {
  std::size_t several = 0;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const Label k = seed % 2 ? 3 : 2;
    const Eigen::MatrixXd points = testing::normal_points(2, k == 2 ? 8 : 6, seed);
    const auto expected = fixed_partitions(points, k);
    const auto survey = survey_balanced(
        points, {.clusters = k, .restarts = 400, .seeding = kmscape::Seeding::random_partition, .threads = 1});
    CAPTURE(seed, expected.size());
    std::set<std::vector<Label>> found;
    Index count = 0;
    double share = 0, last = 0;
    for (const auto& minimum : survey.minima) {
      CHECK(found.insert(as_vector(minimum.labels)).second);
      CHECK(expected.contains(as_vector(minimum.labels)));
      CHECK(minimum.is_minimum);
      CHECK(minimum.margin > minimum.margin_error);
      CHECK((minimum.sizes == points.cols() / k).all());
      CHECK(minimum.value >= last);
      CHECK(minimum.value == Approx((points - minimum.centers(Eigen::all, as_vector(minimum.labels))).squaredNorm()));
      last = minimum.value;
      count += minimum.count;
      share += minimum.share;
    }
    CHECK(found == expected);
    CHECK(count == 400);
    CHECK(share == Approx(1));
    CHECK(survey.restarts == 400);
    CHECK(survey.unfinished == 0);
    several += found.size() > 1;
  }
  CHECK(several >= 2);
}

TEST_CASE("A balanced survey starts where survey does, and is the same for any number of threads") {
  const Eigen::MatrixXd points = testing::normal_points(2, 90, 3);
  const auto one = survey_balanced(points, {.clusters = 4, .restarts = 60, .seed = 5, .threads = 1});
  const auto many = survey_balanced(points, {.clusters = 4, .restarts = 60, .seed = 5, .threads = 3});
  REQUIRE(one.minima.size() > 2);
  REQUIRE(many.minima.size() == one.minima.size());
  CHECK(many.iterations == one.iterations);
  for (std::size_t m = 0; m < one.minima.size(); ++m) {
    CHECK((many.minima[m].labels == one.minima[m].labels).all());
    CHECK(many.minima[m].count == one.minima[m].count);
    CHECK(many.minima[m].value == one.minima[m].value);
    CHECK(many.minima[m].is_minimum == one.minima[m].is_minimum);
    const auto first = one.minima[m].first_restart;
    kmscape::RandomStream stream(kmscape::Seed(5), static_cast<std::uint64_t>(first));
    const auto start = kmscape::seed_centers(kmscape::EmpiricalObjective<double>(points), 4, {}, stream).centers;
    CHECK(kmscape::ballot(points, start, {.seed = 5}).cost == one.minima[m].value);
  }
}

TEST_CASE("A balanced survey of separated balls finds one minimum, of tied points none that is proved") {
  const kmscape::StochasticBallModel<double> model(kmscape::centers_on_simplex(3, 5.0), 1);
  const auto sample = model.sample_balanced(90, kmscape::Seed(1));
  const auto separated = survey_balanced(sample.points, {.clusters = 3, .restarts = 50});
  REQUIRE(separated.minima.size() == 1);
  CHECK(separated.minima[0].count == 50);
  CHECK(separated.minima[0].is_minimum);
  // The two points in the middle can trade places for nothing.
  const auto tied = survey_balanced(testing::on_line({-1, 0, 0, 1}),
                                    {.clusters = 2, .restarts = 20, .seeding = kmscape::Seeding::uniform_points});
  for (const auto& minimum : tied.minima) CHECK_FALSE(minimum.is_minimum);
  const auto bounded = survey_balanced(
      sample.points, {.clusters = 3, .restarts = 5, .capacities = kmscape::Capacities::between(20, 60)});
  CHECK(bounded.minima.front().sizes.minCoeff() >= 20);
}

TEST_CASE("A balanced survey stops when told to, counts what its limit cuts off, and refuses with reasons") {
  const Eigen::MatrixXd points = testing::normal_points(2, 300, 4);
  const auto stopped = survey_balanced(
      points, {.clusters = 5, .restarts = 100'000, .threads = 1, .progress = [](const auto&) { return false; }});
  CHECK(stopped.stopped);
  CHECK(stopped.restarts < 100'000);
  const auto limited = survey_balanced(points, {.clusters = 5, .restarts = 10, .max_iterations = 1});
  CHECK(limited.unfinished == 10);
  CHECK(limited.minima.empty());
  const auto with = [&](const kmscape::BalancedSurveyOptions& options) {
    return refusal([&] { (void)survey_balanced(points, options); });
  };
  CHECK_THAT(with({}), ContainsSubstring("kmscape::survey_balanced: options.clusters = 0"));
  CHECK_THAT(with({.clusters = 301}), ContainsSubstring("kmscape::survey_balanced: options.clusters = 301"));
  CHECK_THAT(with({.clusters = 2, .restarts = 0}), ContainsSubstring("options.restarts = 0"));
  CHECK_THAT(with({.clusters = 2, .max_iterations = 0}), ContainsSubstring("options.max_iterations = 0"));
  CHECK_THAT(with({.clusters = 2, .threads = -1}), ContainsSubstring("options.threads = -1"));
  CHECK_THAT(with({.clusters = 2, .capacities = kmscape::Capacities::between(0, 100)}),
             ContainsSubstring("survey_balanced: sum of upper = 200"));
}

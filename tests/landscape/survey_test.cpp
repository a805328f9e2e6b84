#include <kmscape/landscape/survey.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include <kmscape/landscape/association.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/surveys.hpp"
#include "support/trials.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::Seeding;
using kmscape::survey;
using testing::iris;
using testing::normal_points;
using testing::on_line;
using testing::restarts_counted;

namespace {

template <class S>
void check_same(const S& a, const S& b) {
  REQUIRE(a.minima.size() == b.minima.size());
  CHECK(a.iterations == b.iterations);
  CHECK(a.redirected == b.redirected);
  for (std::size_t m = 0; m < a.minima.size(); ++m) {
    CHECK(a.minima[m].value == b.minima[m].value);
    CHECK(a.minima[m].count == b.minima[m].count);
    CHECK(a.minima[m].first_restart == b.minima[m].first_restart);
    CHECK(a.minima[m].centers == b.minima[m].centers);
    CHECK((a.minima[m].labels == b.minima[m].labels).all());
    CHECK(a.minima[m].stuck.repaired_value == b.minima[m].stuck.repaired_value);
  }
}

}  // namespace

TEST_CASE("iris, k = 3: the best of 10,000 restarts is 78.851441 and every restart ends in a certified minimum") {
  for (const auto seeding : {Seeding::uniform_points, Seeding::kmeans_plus_plus}) {
    const auto result =
        survey(iris(), {.clusters = 3, .restarts = testing::trials(10'000), .seeding = seeding, .seed = 1});
    CHECK(std::abs(result.best().value - 78.851441) < 5e-7);
    CHECK(result.unfinished == 0);
    CHECK(restarts_counted(result) == testing::trials(10'000));
    CHECK(result.minima.size() <= 10);  // that is how many there are
    for (const auto& minimum : result.minima) {
      CHECK(minimum.certificate.status == kmscape::CertificateStatus::strict_minimum);
      CHECK(minimum.share_low < minimum.share);
      CHECK(minimum.share < minimum.share_high);
      CHECK(minimum.sizes.sum() == 150);
      CHECK(minimum.stuck.stuck == (minimum.value > 100));
    }
  }
}

TEST_CASE("iris, k = 2: every start ends in 152.347952") {
  const auto result = survey(
      iris(), {.clusters = 2, .restarts = testing::trials(10'000), .seeding = Seeding::random_partition, .seed = 2});
  REQUIRE(result.minima.size() == 1);
  CHECK(std::abs(result.best().value - 152.347952) < 5e-7);
  CHECK(result.best().share == 1);
}

TEST_CASE(
    "the ball model on the line: the global minimum and Proposition 2's, named, in the same shares for any threads") {
  const kmscape::StochasticBallModel model(kmscape::centers_on_line(3, 2.0), 0.3);
  const EmpiricalObjective objective(model.sample_balanced(3000, kmscape::Seed{1}).points);
  const auto with = [&](int threads) {
    return survey(objective, {.clusters = 3,
                              .restarts = testing::trials(500),
                              .seeding = Seeding::uniform_points,
                              .seed = 4,
                              .threads = threads});
  };
  const auto one = with(1);
  check_same(one, with(2));
  check_same(one, with(3));
  CHECK(describe(kmscape::associate(one.best().centers, model)) == "every cluster has its own center");
  const auto spurious = std::find_if(one.minima.begin(), one.minima.end(), [&](const auto& minimum) {
    return describe(kmscape::associate(minimum.centers, model)) ==
           "2 centers on cluster 0; 1 center over clusters {1, 2}";
  });
  REQUIRE(spurious != one.minima.end());
  Eigen::RowVector3d sorted = spurious->centers;
  std::sort(sorted.begin(), sorted.end());
  // QZC Proposition 2: (-2 - r/2, -2 + r/2, 1), up to the sample's error, a few 0.3 / sqrt(1000).
  CHECK((sorted - Eigen::RowVector3d(-2.15, -1.85, 1)).cwiseAbs().maxCoeff() < 0.03);
  CHECK(spurious->stuck.stuck);
  CHECK(spurious->stuck.repaired_value == Approx(one.best().value).epsilon(1e-12));
}

TEST_CASE("another seed gives other counts, the same seed the same") {
  const EmpiricalObjective objective(normal_points(2, 100, 1));
  const auto with = [&](std::uint64_t seed) {
    return survey(objective, {.clusters = 6, .restarts = 300, .seed = seed, .stuck_tests = false});
  };
  check_same(with(1), with(1));
  const auto a = with(1), b = with(2);
  CHECK((a.minima.size() != b.minima.size() || a.best().count != b.best().count));
}

TEST_CASE("brute force: every minimum found is the best its partition can be, and the global one is among them") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Eigen::MatrixXd points = testing::grid_points(1 + static_cast<Index>(seed % 2), 8, 6, seed);
    const EmpiricalObjective objective(points);
    const int k = 2 + static_cast<int>(seed % 2);
    if (objective.distinct_points(k) < k) continue;
    const auto result =
        survey(objective, {.clusters = k, .restarts = 300, .seeding = Seeding::uniform_points, .threads = 1});
    CHECK(result.unfinished == 0);
    double global = std::numeric_limits<double>::infinity();
    for (int code = 0; code < static_cast<int>(std::pow(k, 8)); ++code) {
      Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(points.rows(), k);
      Eigen::ArrayXd count = Eigen::ArrayXd::Zero(k);
      double squares = 0;
      for (int i = 0, rest = code; i < 8; ++i, rest /= k) {
        sum.col(rest % k) += points.col(i);
        count(rest % k) += 1;
        squares += points.col(i).squaredNorm();
      }
      for (int j = 0; j < k; ++j)
        if (count(j) > 0) squares -= sum.col(j).squaredNorm() / count(j);
      global = std::min(global, squares);
    }
    CHECK(result.best().value == Approx(global).margin(1e-9));
    for (const auto& minimum : result.minima) {
      CHECK(minimum.certificate.is_minimum());
      // No small move of the centers lowers the objective.
      for (std::uint64_t trial = 0; trial < 20; ++trial) {
        const Eigen::MatrixXd moved = minimum.centers + 1e-4 * normal_points(points.rows(), k, trial);
        CHECK(objective.value(moved) > minimum.value);
      }
    }
  }
}

TEST_CASE("an end that a tie refutes is followed to the minimum below it") {
  // Cells {-2, 0}, {1} are where starts at -2 and 1 stop, by the tie rule; the minimum below is {-2}, {0, 1}.
  const EmpiricalObjective objective(on_line({-2, 0, 1}));
  const std::vector<Eigen::MatrixXd> starts(3, on_line({-1, 1}));
  const auto result = survey(objective, std::span(starts));
  CHECK(result.redirected == 3);
  REQUIRE(result.minima.size() == 1);
  CHECK(result.best().value == 0.5);
  CHECK(result.best().count == 3);
}

TEST_CASE("given starts are where the restarts begin") {
  const EmpiricalObjective objective(on_line({0, 1, 10, 11, 20, 21}));
  const std::vector<Eigen::MatrixXd> starts = {on_line({0, 1, 15}), on_line({0, 10, 20}), on_line({20, 0, 10})};
  const auto result = survey(objective, std::span(starts));
  REQUIRE(result.minima.size() == 2);
  CHECK(result.minima[0].count == 2);
  CHECK(result.minima[0].first_restart == 1);
  CHECK(result.minima[0].centers == on_line({0.5, 10.5, 20.5}));  // in order of the first points
  CHECK(result.minima[1].centers == on_line({0, 1, 15.5}));
}

TEST_CASE("merging by centers finds what merging by partition finds, without labels") {
  const EmpiricalObjective objective(normal_points(2, 200, 3));
  const auto with = [&](kmscape::SameMinimum same) {
    return survey(objective, {.clusters = 5, .restarts = 300, .seed = 1, .same = same, .stuck_tests = false});
  };
  const auto partitions = with(kmscape::SameMinimum::partition), centers = with(kmscape::SameMinimum::centers);
  REQUIRE(partitions.minima.size() == centers.minima.size());
  for (std::size_t m = 0; m < centers.minima.size(); ++m) {
    CHECK(partitions.minima[m].value == centers.minima[m].value);
    CHECK(partitions.minima[m].count == centers.minima[m].count);
    CHECK(centers.minima[m].labels.size() == 0);
  }
  CHECK(with(kmscape::SameMinimum::automatic).best().labels.size() == 200);
}

TEST_CASE("the first restart of a minimum really ends there") {
  const EmpiricalObjective objective(normal_points(2, 60, 4));
  const auto all = survey(objective, {.clusters = 5, .restarts = 60, .seed = 9, .stuck_tests = false});
  for (const auto& minimum : all.minima) {
    const auto part =
        survey(objective, {.clusters = 5, .restarts = minimum.first_restart + 1, .seed = 9, .stuck_tests = false});
    const auto before = [&](const auto& found) {
      return std::any_of(found.minima.begin(), found.minima.end(),
                         [&](const auto& m) { return m.centers == minimum.centers; });
    };
    CHECK(before(part));
    if (minimum.first_restart > 0)
      CHECK_FALSE(before(
          survey(objective, {.clusters = 5, .restarts = minimum.first_restart, .seed = 9, .stuck_tests = false})));
  }
}

TEST_CASE("every empty-cell policy surveys, also with more centers than a start fills") {
  const EmpiricalObjective objective(normal_points(1, 40, 5));
  for (const auto policy : {kmscape::EmptyCell::keep, kmscape::EmptyCell::drop, kmscape::EmptyCell::reseed_farthest,
                            kmscape::EmptyCell::reseed_random}) {
    const auto result =
        survey(objective,
               {.clusters = 8, .restarts = 100, .seeding = Seeding::random_partition, .seed = 1, .on_empty = policy});
    CHECK(restarts_counted(result) == 100);
    for (const auto& minimum : result.minima) {
      CHECK(minimum.certificate.is_minimum());
      if (policy != kmscape::EmptyCell::keep) CHECK((minimum.sizes > 0).all());
    }
  }
}

TEST_CASE("progress goes up to the total, and a callback can end the survey with what there is") {
  const EmpiricalObjective objective(normal_points(2, 5000, 6));
  std::vector<Index> done;
  static_cast<void>(
      survey(objective, {.clusters = 2, .restarts = 200, .threads = 2, .progress = [&](const kmscape::Progress& p) {
                           if (p.stage == "restarts") {
                             CHECK(p.total == 200);
                             done.push_back(p.done);
                           }
                           return true;
                         }}));
  CHECK(done.size() >= 2);
  CHECK(std::is_sorted(done.begin(), done.end()));
  CHECK(done.back() == 200);
  const auto stopped =
      survey(objective, {.clusters = 2, .restarts = 200, .progress = [](const kmscape::Progress&) { return false; }});
  CHECK(stopped.stopped);
  CHECK(stopped.restarts < 200);
  CHECK(restarts_counted(stopped) == stopped.restarts);
}

TEST_CASE("restarts that the iteration limit ends are restarts_counted as unfinished") {
  const auto result =
      survey(EmpiricalObjective(normal_points(2, 500, 7)), {.clusters = 6, .restarts = 50, .max_iterations = 1});
  CHECK(result.unfinished > 0);
  CHECK(restarts_counted(result) == 50);
}

TEST_CASE("Wilson's interval has its known values and covers as it should") {
  CHECK(kmscape::wilson_interval(5, 10).low == Approx(0.23659).epsilon(1e-4));
  CHECK(kmscape::wilson_interval(5, 10).high == Approx(0.76341).epsilon(1e-4));
  CHECK(kmscape::wilson_interval(0, 10).low == 0);
  CHECK(kmscape::wilson_interval(0, 10).high == Approx(0.27753).epsilon(1e-4));  // z^2 / (n + z^2)
  CHECK(kmscape::wilson_interval(10, 10).low == Approx(0.72247).epsilon(1e-4));
  CHECK(kmscape::wilson_interval(10, 10).high == 1);
  kmscape::RandomStream stream(kmscape::Seed{1});
  int covered = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    Index count = 0;
    for (int i = 0; i < 100; ++i) count += stream.uniform() < 0.3;
    const auto interval = kmscape::wilson_interval(count, 100);
    covered += interval.low <= 0.3 && 0.3 <= interval.high;
  }
  CHECK(covered > 1860);  // 93%, three standard errors below the nominal 95%
  CHECK(covered < 1950);
}

TEST_CASE("impossible surveys are refused before any work") {
  const EmpiricalObjective objective(on_line({0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8}));
  const auto with = [&](const kmscape::SurveyOptions& options) {
    return refusal([&] { static_cast<void>(survey(objective, options)); });
  };
  CHECK(with({.clusters = 12}) ==
        "kmscape::survey: options.clusters = 12, but the data holds 9 distinct points; use options.clusters <= 9, or "
        "jitter the "
        "data");
  CHECK(with({}) ==
        "kmscape::survey: options.clusters = 0, but at least one center is needed; pass options.clusters >= 1");
  CHECK_THAT(with({.clusters = 2, .restarts = 0}),
             ContainsSubstring("options.restarts = 0, but a survey needs at least one restart"));
  CHECK_THAT(with({.clusters = 2, .candidates = -1}), ContainsSubstring("options.candidates = -1"));
  CHECK_THAT(with({.clusters = 2, .threads = -1}), ContainsSubstring("kmscape::survey: options.threads = -1"));
  CHECK_THAT(with({.clusters = 2, .max_iterations = 0}), ContainsSubstring("options.max_iterations = 0"));
  CHECK_THAT(with({.clusters = 2, .center_tolerance = -1}), ContainsSubstring("options.center_tolerance = -1"));
  const auto from = [&](std::vector<Eigen::MatrixXd> starts) {
    return refusal([&] { static_cast<void>(survey(objective, std::span<const Eigen::MatrixXd>(starts))); });
  };
  CHECK_THAT(from({}), ContainsSubstring("starts = an empty list"));
  CHECK_THAT(from({on_line({1}), on_line({std::nan("")})}), ContainsSubstring("starts[1](0, 0) = nan"));
  CHECK_THAT(from({on_line({1}), on_line({1, 2})}), ContainsSubstring("starts[1] = 2 centers, but starts[0] has 1"));
  CHECK_THAT(refusal([] { static_cast<void>(kmscape::wilson_interval(3, 2)); }), ContainsSubstring("count = 3"));
  CHECK_THAT(refusal([] { static_cast<void>(kmscape::wilson_interval(0, 0)); }), ContainsSubstring("trials = 0"));
}

TEST_CASE("ends of one partition are judged apart when their empty centers lie apart") {
  // Centers 1 and 11 are the cells' means. An empty center at 100 may stay; one at 3 ties with 1 for the point 2, and
  // taking it lowers the objective.
  const EmpiricalObjective objective(on_line({0, 2, 10, 12}));
  const std::vector<Eigen::MatrixXd> starts = {on_line({1, 11, 100}), on_line({1, 11, 3})};
  const std::vector<Eigen::MatrixXd> swapped = {starts[1], starts[0]};
  for (const auto& list : {starts, swapped}) {
    const auto result = survey(objective, std::span(list));
    REQUIRE(result.minima.size() == 2);
    CHECK(result.minima[0].value == 2);
    CHECK(result.minima[0].count == 1);
    CHECK(result.minima[0].certificate.status == kmscape::CertificateStatus::strict_minimum);
    CHECK(result.minima[1].value == 4);
    CHECK(result.minima[1].count == 1);
    CHECK(result.minima[1].certificate.status == kmscape::CertificateStatus::flat_minimum);
    CHECK(result.redirected == 1);
  }
}

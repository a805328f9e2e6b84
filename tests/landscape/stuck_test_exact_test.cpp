// `stuck_test` against an exhaustive search over all merges, all third cells and all bipartitions of these.
#include <kmscape/landscape/stuck_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/solve/lloyd.hpp>
#include <kmscape/solve/seeding.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::stuck_test;
using testing::normal_points;

namespace {

/// Sum of squared distances of the chosen columns from their mean, in long double.
long double scatter(const Eigen::MatrixXd& points, const std::vector<Index>& chosen) {
  long double sum = 0;
  for (Index s = 0; s < points.rows(); ++s) {
    long double mean = 0;
    for (const Index i : chosen) mean += static_cast<long double>(points(s, i));
    mean /= static_cast<long double>(std::max<std::size_t>(chosen.size(), 1));
    for (const Index i : chosen) {
      const long double difference = static_cast<long double>(points(s, i)) - mean;
      sum += difference * difference;
    }
  }
  return sum;
}

long double best_split_gain(const Eigen::MatrixXd& points, const std::vector<Index>& cell) {
  const long double whole = scatter(points, cell);
  long double best = 0;
  for (unsigned mask = 1; mask + 1 < 1u << cell.size(); ++mask) {
    std::vector<Index> parts[2];
    for (std::size_t i = 0; i < cell.size(); ++i) parts[mask >> i & 1u].push_back(cell[i]);
    best = std::max(best, whole - scatter(points, parts[0]) - scatter(points, parts[1]));
  }
  return best;
}

/// The least scatter of all partitions of the points into at most k cells.
long double global_optimum(const Eigen::MatrixXd& points, std::size_t k) {
  long double best = std::numeric_limits<long double>::infinity();
  std::vector<std::vector<Index>> cells(k);
  const auto place = [&](const auto& self, Index i, std::size_t used) -> void {
    if (i == points.cols()) {
      long double sum = 0;
      for (const auto& cell : cells) sum += scatter(points, cell);
      best = std::min(best, sum);
      return;
    }
    for (std::size_t j = 0; j < std::min(used + 1, k); ++j) {
      cells[j].push_back(i);
      self(self, i + 1, std::max(used, j + 1));
      cells[j].pop_back();
    }
  };
  place(place, 0, 0);
  return best;
}

/// Three squares of four whole points, far apart but not equally so.
Eigen::MatrixXd three_squares() {
  Eigen::MatrixXd points(2, 12);
  for (Index i = 0; i < 12; ++i)
    points.col(i) =
        Eigen::Vector2d(static_cast<double>(i % 2), static_cast<double>(i / 2 % 2)) + Eigen::Vector2d(i < 4   ? 0
                                                                                                      : i < 8 ? 20
                                                                                                              : 30,
                                                                                                      i < 8 ? 0 : 3);
  return points;
}

}  // namespace

TEST_CASE("two centers on one square and one over two: one move, and it leads to the best of all partitions") {
  const Eigen::MatrixXd points = three_squares();
  const EmpiricalObjective objective(points);
  const auto trap = kmscape::lloyd(objective, Eigen::MatrixXd(Eigen::Matrix<double, 2, 3>{{25, 0, 1}, {2, 0.5, 0.5}}));
  REQUIRE(trap.iterations <= 1);
  const auto test = stuck_test(objective, trap.centers);
  CHECK(test.stuck);
  CHECK(test.split == 0);
  CHECK(test.merge_first == 1);
  CHECK(test.merge_second == 2);
  CHECK(test.merge_cost == Approx(1).epsilon(1e-14));            // 2 * 2 / 4 * 1^2
  CHECK(test.split_gain == Approx(4 * 109 / 2).epsilon(1e-14));  // 4 * 4 / 8 * (10^2 + 3^2)
  CHECK(test.moved_value == Approx(test.value + 1 - 218).epsilon(1e-14));
  CHECK(test.repaired_value == Approx(static_cast<double>(global_optimum(points, 3))).epsilon(1e-14));
  CHECK_FALSE(stuck_test(objective, test.repaired).stuck);
}

TEST_CASE("no third cell and no merge beats the best move found, on random small sets") {
  int stuck = 0, free = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const std::size_t k = 3 + seed % 2;
    const Eigen::MatrixXd points = normal_points(1 + static_cast<Index>(seed % 3), 14, seed);
    const EmpiricalObjective objective(points);
    const auto fit =
        kmscape::lloyd(objective, kmscape::seed_centers(objective, static_cast<Index>(k),
                                                        {.method = kmscape::Seeding::uniform_points, .seed = seed})
                                      .centers);
    const auto test = stuck_test(objective, fit.centers, {.split_trials = 20, .seed = seed});
    std::vector<std::vector<Index>> cells(k);
    for (Index i = 0; i < 14; ++i) cells[static_cast<std::size_t>(fit.labels(i))].push_back(i);
    long double best = -std::numeric_limits<long double>::infinity();
    for (std::size_t i = 0; i < k; ++i)
      for (std::size_t j = 0; j < i; ++j) {
        auto both = cells[i];
        both.insert(both.end(), cells[j].begin(), cells[j].end());
        const long double cost = scatter(points, both) - scatter(points, cells[i]) - scatter(points, cells[j]);
        for (std::size_t l = 0; l < k; ++l)
          if (l != i && l != j && cells[l].size() > 1) best = std::max(best, best_split_gain(points, cells[l]) - cost);
      }
    INFO("seed " << seed << ", k = " << k);
    REQUIRE(test.has_move);
    CHECK(test.split_gain - test.merge_cost == Approx(static_cast<double>(best)).epsilon(1e-12).margin(1e-12));
    CHECK(test.stuck == (best > 0));
    CHECK(test.value == Approx(static_cast<double>(fit.value)).epsilon(1e-13));
    if (test.stuck) {
      CHECK(test.repaired_value <= test.moved_value * (1 + 1e-13));
      CHECK(test.repaired_value < test.value);
      CHECK(test.moved_value == Approx(static_cast<double>(static_cast<long double>(fit.value) - best)).epsilon(1e-12));
    } else {
      CHECK(test.repaired_value == test.value);
      CHECK(test.repaired.cols() == 0);
    }
    (test.stuck ? stuck : free) += 1;
  }
  CHECK(stuck > 5);
  CHECK(free > 5);
}

TEST_CASE("a fit of the best value of all is never stuck") {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const Eigen::MatrixXd points = normal_points(2, 9, seed);
    const EmpiricalObjective objective(points);
    const auto best = static_cast<double>(global_optimum(points, 3));
    bool found = false;
    for (std::uint64_t restart = 0; restart < 200 && !found; ++restart) {
      const auto fit = kmscape::lloyd(objective, kmscape::seed_centers(objective, 3, {.seed = restart}).centers);
      if (fit.value > best * (1 + 1e-12)) continue;
      found = true;
      CHECK_FALSE(stuck_test(objective, fit.centers).stuck);
    }
    INFO("seed " << seed);
    CHECK(found);
  }
}

TEST_CASE("weights and copies give the same move") {
  kmscape::RandomStream stream(kmscape::Seed{4});
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Eigen::MatrixXd points = normal_points(2, 15, seed);
    const Eigen::ArrayXd weights =
        Eigen::ArrayXd::NullaryExpr(15, [&] { return static_cast<double>(1 + stream.index(4)); });
    Eigen::MatrixXd copies(2, static_cast<Index>(weights.sum()));
    for (Index i = 0, filled = 0; i < 15; ++i)
      for (double w = 0; w < weights(i); ++w) copies.col(filled++) = points.col(i);
    const EmpiricalObjective repeated(copies);
    const auto fit = kmscape::lloyd(repeated, Eigen::MatrixXd(points.leftCols(4)));
    // Many trials, so that both find the best split of each cell.
    const auto one = stuck_test(EmpiricalObjective(points, weights), fit.centers, {.split_trials = 40});
    const auto other = stuck_test(repeated, fit.centers, {.split_trials = 40});
    INFO("seed " << seed);
    CHECK(one.split == other.split);
    CHECK(one.merge_first == other.merge_first);
    CHECK(one.merge_second == other.merge_second);
    CHECK(one.stuck == other.stuck);
    CHECK(one.value == Approx(other.value).epsilon(1e-13));
    CHECK(one.merge_cost == Approx(other.merge_cost).epsilon(1e-12));
    CHECK(one.split_gain == Approx(other.split_gain).epsilon(1e-12));
  }
}

TEST_CASE("the first or the second center of the merged pair may be the empty one") {
  const EmpiricalObjective objective(testing::on_line({0, 2, 100, 104}));
  for (const auto& centers :
       {testing::on_line({1000, 1, 102}), testing::on_line({1, 1000, 102}), testing::on_line({1, 102, 1000})}) {
    const auto test = stuck_test(objective, centers);
    CHECK(test.stuck);
    CHECK(test.merge_cost == 0);
    CHECK(test.split_gain == 8);
    CHECK(test.repaired_value == 2);  // {0, 2}, {100}, {104}
  }
}

TEST_CASE("the stuck test repeats bit for bit, in float as in double") {
  const EmpiricalObjective objective(normal_points<float>(3, 200, 6));
  const auto fit = kmscape::lloyd(objective, Eigen::MatrixXf(objective.points().leftCols(6)));
  const auto one = stuck_test(objective, fit.centers, {.seed = 3}),
             again = stuck_test(objective, fit.centers, {.seed = 3});
  CHECK(one.split_gain == again.split_gain);
  CHECK(one.repaired_value == again.repaired_value);
  const EmpiricalObjective precise(Eigen::MatrixXd(objective.points().cast<double>()));
  const auto reference = stuck_test(precise, fit.centers.cast<double>(), {.seed = 3});
  CHECK(one.stuck == reference.stuck);
  CHECK(one.merge_cost == Approx(reference.merge_cost).epsilon(1e-4));
  CHECK(one.value == Approx(reference.value).epsilon(1e-5));
}

TEST_CASE("the stuck test refuses centers of another dimension or not a number") {
  const EmpiricalObjective objective(testing::on_line({0, 1, 2}));
  CHECK_THAT(refusal([&] { static_cast<void>(stuck_test(objective, Eigen::MatrixXd::Zero(2, 3).eval())); }),
             ContainsSubstring("centers = a 2 x 3 matrix, but the objective's dimension is 1"));
  CHECK_THAT(refusal([&] {
               static_cast<void>(stuck_test(objective, testing::on_line({0, std::nan("")})));
             }),
             ContainsSubstring("centers(0, 1) = nan"));
}

#include <kmscape/landscape/stuck_test.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::stuck_test;
using testing::on_line;

namespace {

double scatter(std::vector<double> values) {
  double mean = 0, sum = 0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  for (const double v : values) sum += (v - mean) * (v - mean);
  return sum;
}

}  // namespace

TEST_CASE("two centers on one group and one over two others: the right cells, the exact numbers, the repair") {
  // Cells {0, 2}, {4, 6}, {100, 102, 200, 202}.
  const EmpiricalObjective objective(on_line({0, 2, 4, 6, 100, 102, 200, 202}));
  const auto test = stuck_test(objective, on_line({1, 5, 151}));
  CHECK(test.stuck);
  CHECK(test.merge_first == 0);
  CHECK(test.merge_second == 1);
  CHECK(test.split == 2);
  CHECK(test.merge_cost == Approx(scatter({0, 2, 4, 6}) - scatter({0, 2}) - scatter({4, 6})).epsilon(1e-14));
  CHECK(test.split_gain ==
        Approx(scatter({100, 102, 200, 202}) - scatter({100, 102}) - scatter({200, 202})).epsilon(1e-14));
  CHECK(test.value == scatter({0, 2}) + scatter({4, 6}) + scatter({100, 102, 200, 202}));
  CHECK(test.moved_value == Approx(scatter({0, 2, 4, 6}) + scatter({100, 102}) + scatter({200, 202})).epsilon(1e-12));
  CHECK(test.repaired_value == Approx(test.moved_value).epsilon(1e-12));
  CHECK(objective.value(test.repaired) == test.repaired_value);
}

TEST_CASE("a fit with a center on every group is not stuck, and says by how much") {
  const EmpiricalObjective objective(on_line({0, 2, 100, 102, 200, 202}));
  const auto test = stuck_test(objective, on_line({1, 101, 201}));
  CHECK_FALSE(test.stuck);
  CHECK(test.has_move);
  CHECK(test.merge_cost == 10'000);  // two and two points, 100 apart: 2 * 2 / 4 * 100^2
  CHECK(test.split_gain == 2);
  CHECK(test.repaired.cols() == 0);
  CHECK(test.repaired_value == test.value);
}

TEST_CASE("two centers leave no third cell to split") {
  const auto test = stuck_test(EmpiricalObjective(on_line({0, 1, 10, 11})), on_line({0.5, 10.5}));
  CHECK_FALSE(test.has_move);
  CHECK_FALSE(test.stuck);
  CHECK(test.split == -1);
}

TEST_CASE("cells of one distinct point cannot be split") {
  const auto test = stuck_test(EmpiricalObjective(on_line({0, 0, 5, 9, 9})), on_line({0, 5, 9}));
  CHECK_FALSE(test.has_move);
}

TEST_CASE("an empty center merges at no cost, so any spread cell makes the fit stuck") {
  const EmpiricalObjective objective(on_line({0, 2, 100, 104}));
  const auto test = stuck_test(objective, on_line({1, 102, 1000}));
  CHECK(test.stuck);
  CHECK(test.merge_cost == 0);
  CHECK(test.split == 1);
  CHECK(test.split_gain == 8);
  CHECK(test.repaired_value == 2);
}

TEST_CASE("the split found is never more than the best of all bipartitions and nearly always that") {
  int exact = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Eigen::MatrixXd points(2, 12);
    points << testing::normal_points(2, 10, seed), Eigen::Vector2d(1000, 0), Eigen::Vector2d(0, 1000);
    Eigen::MatrixXd centers(2, 3);
    centers << points.leftCols(10).rowwise().mean(), points.rightCols(2);
    const auto test = stuck_test(EmpiricalObjective(points), centers);
    double best = 0;
    for (unsigned mask = 1; mask < 512; ++mask) {  // point 9 always in the second part
      Eigen::Vector2d sum[2] = {{0, 0}, {0, 0}};
      double count[2] = {0, 0};
      for (Index i = 0; i < 10; ++i) {
        const auto part = (mask >> i & 1u) ? 0 : 1;
        sum[part] += points.col(i);
        count[part] += 1;
      }
      // Huygens: the gain of a split is the scatter between its parts.
      best = std::max(best, count[0] * count[1] / 10 * (sum[0] / count[0] - sum[1] / count[1]).squaredNorm());
    }
    CHECK(test.split == 0);
    CHECK(test.split_gain <= best * (1 + 1e-12));
    CHECK(test.split_gain >= 0.97 * best);
    exact += test.split_gain >= best * (1 - 1e-12);
  }
  CHECK(exact >= 28);
}

TEST_CASE("weights act as copies, and centers off their means are judged at the means") {
  const EmpiricalObjective weighted(on_line({0, 2, 4, 100, 200}),
                                    Eigen::ArrayXd(Eigen::Array<double, 5, 1>(1, 2, 1, 3, 1)));
  const EmpiricalObjective copied(on_line({0, 2, 2, 4, 100, 100, 100, 200}));
  const auto one = stuck_test(weighted, on_line({0, 3, 140})), other = stuck_test(copied, on_line({0, 3, 140}));
  CHECK(one.merge_cost == Approx(other.merge_cost).epsilon(1e-14));
  CHECK(one.split_gain == Approx(other.split_gain).epsilon(1e-14));
  CHECK(one.value == Approx(scatter({2, 2, 4}) + scatter({100, 100, 100, 200})).epsilon(1e-12));
  CHECK(one.stuck);
}

TEST_CASE("an empty center needs no partner to be free") {
  const auto test = stuck_test(EmpiricalObjective(on_line({0, 2, 100})), on_line({34, 1000}));
  CHECK(test.stuck);
  CHECK(test.merge_first == 1);
  CHECK(test.merge_second == 1);
  CHECK(test.split == 0);
  CHECK(test.repaired_value == 2);
}

TEST_CASE("stuck_test refuses a negative number of trials") {
  CHECK_THAT(refusal([] {
               static_cast<void>(stuck_test(EmpiricalObjective(on_line({0, 1})), on_line({0}), {.split_trials = -1}));
             }),
             ContainsSubstring("options.split_trials = -1"));
}

#include <kmscape/solve/bisecting.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::bisecting_k_means;
using kmscape::BisectingStatus;
using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::Label;
using kmscape::SplitRule;
using testing::grid_points;
using testing::normal_points;
using testing::on_line;

namespace {

/// Weight, mean and distortion of the points with a label, in long double.
struct Part {
  long double mass = 0, distortion = 0;
  Eigen::Matrix<long double, Eigen::Dynamic, 1> mean;
  Index size = 0;
};
template <class O>
Part part(const O& objective, const kmscape::Labels& labels, Label label) {
  Part result;
  const auto x = [&](Index i) { return objective.points().col(i).template cast<long double>(); };
  result.mean.setZero(objective.dimension());
  for (Index i = 0; i < objective.size(); ++i)
    if (labels(i) == label) {
      result.mass += static_cast<long double>(objective.weight(i));
      result.mean += static_cast<long double>(objective.weight(i)) * x(i);
      result.size += 1;
    }
  result.mean /= result.mass;
  for (Index i = 0; i < objective.size(); ++i)
    if (labels(i) == label)
      result.distortion += static_cast<long double>(objective.weight(i)) * (x(i) - result.mean).squaredNorm();
  return result;
}

/// True if the points with that label are not all equal.
template <class O>
bool is_divisible(const O& objective, const kmscape::Labels& labels, Label label) {
  Index first = -1;
  for (Index i = 0; i < objective.size(); ++i) {
    if (labels(i) != label) continue;
    if (first < 0) first = i;
    if (objective.points().col(i) != objective.points().col(first)) return true;
  }
  return false;
}

/// All that the tree says is true of the partitions that it is cut into.
template <class O>
void check_tree(const O& objective, Index k, const kmscape::BisectingOptions& options) {
  const auto result = bisecting_k_means(objective, k, options);
  REQUIRE(result.status == BisectingStatus::complete);
  REQUIRE(result.nodes.size() == static_cast<std::size_t>(2 * k - 1));
  REQUIRE(result.values.size() == static_cast<std::size_t>(k));
  CHECK((result.cut(k) == result.leaves).all());
  CHECK((result.cut(1) == 0).all());
  std::vector<Index> nodes = {0};  // of the cells, by label
  for (Index cells = 1; cells <= k; ++cells) {
    const auto labels = result.cut(cells);
    long double value = 0;
    for (Label j = 0; j < cells; ++j) {
      const Part truth = part(objective, labels, j);
      const auto& node = result.nodes[static_cast<std::size_t>(nodes[static_cast<std::size_t>(j)])];
      REQUIRE(truth.size > 0);
      CHECK(node.cell == j);
      CHECK(node.size == truth.size);
      CHECK(static_cast<double>(node.mass) == Approx(static_cast<double>(truth.mass)).epsilon(1e-13));
      CHECK(static_cast<double>(node.distortion) ==
            Approx(static_cast<double>(truth.distortion)).epsilon(1e-12).margin(1e-20));
      CHECK(static_cast<double>((node.mean.col(0).template cast<long double>() - truth.mean).norm()) < 1e-13);
      value += truth.distortion;
    }
    CHECK(static_cast<double>(result.values[static_cast<std::size_t>(cells - 1)]) ==
          Approx(static_cast<double>(value)).epsilon(1e-12).margin(1e-20));
    if (cells == k) break;
    // The next split takes the cell that the rule names.
    const auto made = static_cast<std::size_t>(2 * cells);
    const Index parent = result.nodes[made].parent;
    const auto& split = result.nodes[static_cast<std::size_t>(parent)];
    CHECK(result.nodes[made - 1].parent == parent);
    CHECK(split.first == 2 * cells - 1);
    CHECK(split.second == 2 * cells);
    const auto at = std::find(nodes.begin(), nodes.end(), parent);
    REQUIRE(at != nodes.end());
    for (Label j = 0; j < cells; ++j) {
      const auto& other = result.nodes[static_cast<std::size_t>(nodes[static_cast<std::size_t>(j)])];
      if (!is_divisible(objective, labels, j)) continue;
      if (options.rule == SplitRule::largest_mass)
        CHECK(other.mass <= split.mass);
      else
        CHECK(other.distortion <= split.distortion);
    }
    // Its halves are a fixed point: every point of the cell is with the nearer of the two means.
    const auto after = result.cut(cells + 1);
    bool second_seen = false;
    for (Index i = 0; i < objective.size(); ++i) {
      if (labels(i) != split.cell) {
        CHECK(after(i) == labels(i));
        continue;
      }
      const bool second = after(i) != split.cell;
      if (second) CHECK(after(i) == static_cast<Label>(cells));
      if (!second) second_seen = true;
      CHECK((!second || second_seen));  // the first half holds the first point
      const auto x = objective.points().col(i).template cast<double>().eval();
      const auto to = [&](std::size_t node) {
        return (x - result.nodes[node].mean.col(0).template cast<double>()).squaredNorm();
      };
      CHECK(to(second ? made : made - 1) <= to(second ? made - 1 : made) * (1 + 1e-12) + 1e-25);
    }
    *at = split.first;
    nodes.push_back(split.second);
  }
  // Without a refinement the result is the tree's last partition.
  CHECK((result.labels == result.leaves).all());
  CHECK(result.value == result.values.back());
  CHECK(result.cells.value() == result.value);
  for (Label j = 0; j < k; ++j) {
    const auto& node = result.nodes[static_cast<std::size_t>(nodes[static_cast<std::size_t>(j)])];
    CHECK(node.is_leaf());
    CHECK(result.centers.col(j) == node.mean.col(0));
    CHECK(result.counts(j) == node.size);
  }
  CHECK_FALSE(result.refined);
}

}  // namespace

TEST_CASE("two groups on a line: the tree by hand") {
  const auto result = bisecting_k_means(EmpiricalObjective(on_line({10, 0, 1, 2, 11, 12})), 3);
  CHECK(result.values == std::vector<double>{154, 4, 2.5});
  CHECK((result.cut(2) == (kmscape::Labels(6) << 0, 1, 1, 1, 0, 0).finished()).all());
  REQUIRE(result.nodes.size() == 5);
  CHECK(result.nodes[0].mean(0) == 6);
  CHECK(result.nodes[1].mean(0) == 11);
  CHECK(result.nodes[2].mean(0) == 1);
  CHECK(result.nodes[1].parent == 0);
  CHECK(result.nodes[1].first == 3);  // both have distortion 2; the lower label is split
  CHECK(result.nodes[2].is_leaf());
  CHECK(result.nodes[3].distortion + result.nodes[4].distortion == 0.5);
  CHECK(result.value == 2.5);
  CHECK(result.counts.sum() == 6);
}

TEST_CASE("sizes, masses, means, values and the order of the splits belong to the cut partitions") {
  for (const auto rule : {SplitRule::largest_distortion, SplitRule::largest_mass})
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      INFO(to_string(rule) << ", seed " << seed);
      check_tree(EmpiricalObjective(normal_points(2, 150, seed)), 9, {.rule = rule, .seed = seed});
      check_tree(EmpiricalObjective(grid_points(2, 60, 3, seed)), 12, {.rule = rule, .seed = seed});
      check_tree(EmpiricalObjective(normal_points(3, 80, seed), Eigen::ArrayXd::LinSpaced(80, 0.1, 5)), 7,
                 {.rule = rule, .trials = 2, .seed = seed});
      check_tree(EmpiricalObjective(normal_points<float>(2, 90, seed)), 6, {.rule = rule, .seed = seed});
    }
  check_tree(EmpiricalObjective(normal_points(2, 12, 5)), 12, {});  // k = n
  check_tree(EmpiricalObjective(normal_points(2, 12, 5)), 1, {});   // k = 1
  check_tree(EmpiricalObjective(normal_points(2, 1, 5)), 1, {});    // n = 1
  check_tree(EmpiricalObjective<double, 1>(normal_points<double, 1>(1, 40, 6)), 5,
             {.seeding = kmscape::Seeding::maximin});
  check_tree(EmpiricalObjective<long double, 2>(normal_points<long double, 2>(2, 40, 7)), 5, {});
}

TEST_CASE("with enough trials a split on the line is the best of all cuts") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Eigen::MatrixXd points = normal_points(1, 14, seed);
    std::sort(points.data(), points.data() + points.size());
    const EmpiricalObjective objective(points, Eigen::ArrayXd::LinSpaced(14, 2, 0.3));
    long double best = std::numeric_limits<long double>::infinity();
    for (Index cut = 1; cut < 14; ++cut) {
      kmscape::Labels labels = kmscape::Labels::Zero(14);
      labels.tail(14 - cut) = 1;
      best = std::min(best, part(objective, labels, 0).distortion + part(objective, labels, 1).distortion);
    }
    const auto many = bisecting_k_means(objective, 2, {.trials = 60, .seed = seed});
    CHECK(many.value == Approx(static_cast<double>(best)).epsilon(1e-12));
    // The trials of one seed are the first of many.
    double before = std::numeric_limits<double>::infinity();
    for (const int trials : {1, 2, 5, 20}) {
      const double value = bisecting_k_means(objective, 2, {.trials = trials, .seed = seed}).value;
      CHECK(value <= before);
      before = value;
    }
  }
}

TEST_CASE("cells of equal points are passed over, however heavy they are") {
  const EmpiricalObjective objective(on_line({0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.7, 0.8, 0.8}));
  for (const auto rule : {SplitRule::largest_distortion, SplitRule::largest_mass}) {
    const auto result = bisecting_k_means(objective, 3, {.rule = rule});
    CHECK(result.centers == on_line({0.1, 0.7, 0.8}));
    CHECK(result.value == 0);
    CHECK(result.counts(0) == 7);
  }
}

TEST_CASE("distinct points are told apart although their squared distances underflow or overflow") {
  const auto tiny = bisecting_k_means(EmpiricalObjective(on_line({0, 1, 1e-200, 0})), 3);
  CHECK(tiny.status == BisectingStatus::complete);
  CHECK((tiny.labels == (kmscape::Labels(4) << 0, 1, 2, 0).finished()).all());
  CHECK(tiny.value == 0);
  const auto huge = bisecting_k_means(EmpiricalObjective(on_line({-1e200, 1e200, 0, 3e200})), 2, {.refine = true});
  CHECK(huge.status == BisectingStatus::non_finite);
  CHECK_FALSE(huge.refined);
  CHECK(huge.counts.minCoeff() > 0);
  CHECK(std::isinf(huge.value));
}

TEST_CASE("the refinement is Lloyd's iteration from the tree's means") {
  int moved = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const EmpiricalObjective objective(normal_points(2, 300, seed));
    const auto tree = bisecting_k_means(objective, 8, {.seed = seed});
    const auto result = bisecting_k_means(objective, 8, {.refine = true, .seed = seed});
    const auto expected = kmscape::lloyd(objective, tree.centers);
    CHECK(result.refined);
    CHECK(result.centers == expected.centers);
    CHECK(result.value == expected.value);
    CHECK((result.labels == expected.labels).all());
    CHECK((result.counts == expected.counts).all());
    CHECK(result.refinement == expected.status);
    CHECK(result.refinement_iterations == expected.iterations);
    CHECK((result.leaves == tree.leaves).all());
    CHECK(result.values == tree.values);
    CHECK(result.value <= tree.value);
    moved += (result.labels != result.leaves).any();
  }
  CHECK(moved > 5);
}

TEST_CASE("a weight splits like that many copies") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Eigen::MatrixXd points = normal_points(1, 15, seed);
    kmscape::Weights<double> weights(15);
    for (Index i = 0; i < 15; ++i) weights(i) = 1 + static_cast<double>(i % 3);
    Eigen::MatrixXd copies(1, 30);
    for (Index i = 0, filled = 0; i < 15; ++i)
      for (int c = 0; c < static_cast<int>(weights(i)); ++c) copies.col(filled++) = points.col(i);
    // So many trials find the best split of each cell either way.
    const auto weighted = bisecting_k_means(EmpiricalObjective(points, weights), 5, {.trials = 60, .seed = seed});
    const auto copied = bisecting_k_means(EmpiricalObjective(copies), 5, {.trials = 60, .seed = seed + 1});
    for (std::size_t t = 0; t < 5; ++t) CHECK(weighted.values[t] == Approx(copied.values[t]).epsilon(1e-12));
    CHECK((weighted.centers - copied.centers).cwiseAbs().maxCoeff() < 1e-13);
  }
}

TEST_CASE("a seed repeats its tree on any number of threads, and another seed may find another") {
  const EmpiricalObjective objective(normal_points(3, 30'000, 8));
  const auto with = [&](std::uint64_t seed, int threads) {
    return bisecting_k_means(objective, 4, {.trials = 1, .max_iterations = 5, .seed = seed, .threads = threads});
  };
  const auto one = with(1, 1), three = with(1, 3);
  CHECK(one.values == three.values);
  CHECK(one.centers == three.centers);
  CHECK((one.labels == three.labels).all());
  CHECK(one.iterations == three.iterations);
  CHECK(one.iterations == 15);
  CHECK(with(2, 1).values != one.values);
}

TEST_CASE("float data far from the origin splits as the same numbers in double do") {
  const Eigen::MatrixXf points = (normal_points<float>(2, 200, 9).array() + 1000).matrix();
  const auto narrow = bisecting_k_means(EmpiricalObjective(points), 6, {.seed = 2});
  const auto wide = bisecting_k_means(EmpiricalObjective(points.cast<double>().eval()), 6, {.seed = 2});
  CHECK(static_cast<double>(narrow.values[0]) == Approx(wide.values[0]).epsilon(1e-13));
  CHECK(narrow.nodes[0].mean == wide.nodes[0].mean);
  CHECK(narrow.value == Approx(wide.value).epsilon(0.05));
}

TEST_CASE("the callback hears of every split and may end the tree early") {
  const EmpiricalObjective objective(normal_points(2, 100, 10));
  std::vector<Index> heard;
  const auto result = bisecting_k_means(objective, 6, {.refine = true, .progress = [&](const kmscape::Progress& at) {
                                                         CHECK(at.stage == "splits");
                                                         CHECK(at.total == 5);
                                                         heard.push_back(at.done);
                                                         return at.done < 3;
                                                       }});
  CHECK(result.status == BisectingStatus::stopped_by_callback);
  CHECK(heard == std::vector<Index>{0, 1, 2, 3});
  CHECK(result.centers.cols() == 4);
  CHECK(result.nodes.size() == 7);
  CHECK(result.values.size() == 4);
  CHECK(result.labels.maxCoeff() == 3);
  CHECK_FALSE(result.refined);
  CHECK((result.cut(2) == bisecting_k_means(objective, 2).labels).all());
}

TEST_CASE("every rule and every status of bisecting k-means has a name of its own") {
  std::set<std::string_view> names;
  for (const auto rule : {SplitRule::largest_distortion, SplitRule::largest_mass}) names.insert(to_string(rule));
  for (const auto status :
       {BisectingStatus::complete, BisectingStatus::stopped_by_callback, BisectingStatus::non_finite})
    names.insert(to_string(status));
  CHECK(names == std::set<std::string_view>{"largest_distortion", "largest_mass", "complete", "stopped_by_callback",
                                            "non_finite"});
}

TEST_CASE("bisecting k-means refuses bad numbers before any work") {
  const EmpiricalObjective objective(on_line({1, 2, 3, 3}));
  const auto with = [&](Index k, const kmscape::BisectingOptions& options) {
    return refusal([&] { static_cast<void>(bisecting_k_means(objective, k, options)); });
  };
  CHECK(with(0, {}) == "kmscape::bisecting_k_means: k = 0, but at least one center is needed; pass k >= 1");
  CHECK(with(4, {}) ==
        "kmscape::bisecting_k_means: k = 4, but the data holds 3 distinct points; use k <= 3, or jitter the data");
  CHECK(with(2, {.trials = 0}) ==
        "kmscape::bisecting_k_means: options.trials = 0, but a cell is split by the best of its trials; pass "
        "options.trials >= 1");
  CHECK(with(2, {.max_iterations = -1}) ==
        "kmscape::bisecting_k_means: options.max_iterations = -1, but a number of steps cannot be negative; pass 0 to "
        "split by the nearer of two starting centers");
  CHECK_THAT(with(2, {.threads = -4}), ContainsSubstring("kmscape::bisecting_k_means: options.threads = -4"));
  const auto result = bisecting_k_means(objective, 2);
  CHECK(
      refusal([&] { static_cast<void>(result.cut(3)); }) ==
      "kmscape::BisectingResult::cut: cells_wanted = 3, but the tree has between 1 and 2 cells to cut it into; pass 1 "
      "<= cells_wanted <= 2");
  CHECK_THAT(refusal([&] { static_cast<void>(result.cut(0)); }), ContainsSubstring("cells_wanted = 0"));
}

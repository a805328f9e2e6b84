#include <kmscape/solve/optimal_line.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/solve/lloyd.hpp>
#include <kmscape/solve/seeding.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/trials.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::optimal_line;
using kmscape::OptimalLineStatus;
using testing::grid_points;
using testing::normal_points;
using testing::on_line;

namespace {

/// Distortion of points first, ..., last - 1 about their mean, in two passes.
long double distortion(const std::vector<long double>& x, const std::vector<long double>& w, std::size_t first,
                       std::size_t last) {
  long double weight = 0, moment = 0, sum = 0;
  for (std::size_t i = first; i < last; ++i) weight += w[i], moment += w[i] * (x[i] - x[first]);
  const long double mean = x[first] + moment / weight;
  for (std::size_t i = first; i < last; ++i) sum += w[i] * (x[i] - mean) * (x[i] - mean);
  return sum;
}

/// The optimum for 1, ..., k centers on ascending points, by the quadratic program from the definition.
std::vector<long double> textbook(const std::vector<long double>& x, const std::vector<long double>& w, std::size_t k) {
  const std::size_t n = x.size();
  std::vector<long double> best(n + 1, 0), next(n + 1), result;
  for (std::size_t c = 1; c <= k; ++c) {
    for (std::size_t j = 1; j <= n; ++j) {
      // Points are added on the left one by one; mean and distortion follow by Welford's update.
      long double weight = 0, mean = 0, sum = 0, least = std::numeric_limits<long double>::infinity();
      for (std::size_t t = j; t-- > 0;) {
        const long double difference = x[t] - mean;
        weight += w[t];
        mean += difference * w[t] / weight;
        sum += w[t] * difference * (x[t] - mean);
        if (c > 1 || t == 0) least = std::min(least, best[t] + sum);
      }
      next[j] = least;
    }
    best = next;
    best[0] = 0;
    result.push_back(best[n]);
  }
  return result;
}

std::vector<long double> sorted_copy(const Eigen::MatrixXd& x) {
  std::vector<long double> result(x.data(), x.data() + x.size());
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<long double> ones(std::size_t n) { return std::vector<long double>(n, 1); }

/// What a result says of itself must be true by an independent computation.
template <class O, class R>
void check_line_result(const O& objective, const R& result) {
  const Index k = result.centers.cols();
  REQUIRE(result.labels.size() == objective.size());
  REQUIRE(result.counts.sum() == objective.size());
  REQUIRE(result.values.size() == static_cast<std::size_t>(k));
  CHECK(result.values.back() == result.value);
  for (Index j = 0; j + 1 < k; ++j) CHECK(result.centers(0, j) < result.centers(0, j + 1));
  CHECK(result.counts.minCoeff() >= 1);
  const auto assigned = objective.assign(result.centers);
  CHECK((assigned.labels == result.labels).all());
  CHECK((assigned.counts == result.counts).all());
  CHECK(static_cast<double>(result.value) == Approx(static_cast<double>(assigned.value())).epsilon(1e-13).margin(0));
  for (std::size_t c = 1; c < result.values.size(); ++c) CHECK(result.values[c] <= result.values[c - 1]);
}

}  // namespace

TEST_CASE("no contiguous partition is better, for all numbers of centers, with weights, duplicates and ties") {
  kmscape::RandomStream stream{kmscape::Seed{1}};
  for (int trial = 0; trial < testing::trials(60); ++trial) {
    const Index n = 1 + stream.index(12);
    const bool whole = trial % 2 == 0;  // whole numbers tie often
    Eigen::MatrixXd x(1, n);
    Eigen::ArrayXd w(n);
    for (Index i = 0; i < n; ++i) {
      x(0, i) = whole ? static_cast<double>(stream.index(9)) : stream.normal();
      w(i) = trial % 3 == 0 ? 1 : static_cast<double>(1 + stream.index(3));
    }
    const EmpiricalObjective objective(x, w);
    std::vector<std::size_t> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return x(static_cast<Index>(a)) < x(static_cast<Index>(b)); });
    std::vector<long double> xs, ws;
    for (const std::size_t i : order) {
      xs.push_back(x(static_cast<Index>(i)));
      ws.push_back(w(static_cast<Index>(i)));
    }
    std::vector<double> least(static_cast<std::size_t>(n), std::numeric_limits<double>::infinity());
    for (unsigned cuts = 0; cuts < (1u << (n - 1)); ++cuts) {
      long double value = 0;
      std::size_t from = 0, parts = 0;
      for (std::size_t i = 1; i <= xs.size(); ++i)
        if (i == xs.size() || ((cuts >> (i - 1)) & 1u)) {
          value += distortion(xs, ws, from, i);
          from = i;
          ++parts;
        }
      least[parts - 1] = std::min(least[parts - 1], static_cast<double>(value));
    }
    const Index distinct = objective.distinct_points(n);
    for (Index k = 1; k <= distinct; ++k) {
      INFO("trial " << trial << ", k = " << k);
      const auto result = optimal_line(objective, k);
      check_line_result(objective, result);
      CHECK(result.status == OptimalLineStatus::optimal);
      for (Index c = 1; c <= k; ++c)
        CHECK(result.values[static_cast<std::size_t>(c - 1)] ==
              Approx(least[static_cast<std::size_t>(c - 1)]).epsilon(1e-13).margin(1e-14));
    }
    CHECK(optimal_line(objective, distinct).value == 0);
  }
}

TEST_CASE("equal values: the least last boundary is taken, then the least one before it") {
  const auto labels = [](const Eigen::MatrixXd& x, Index k) {
    const auto result = optimal_line(EmpiricalObjective(x), k);
    return std::vector<int>(result.labels.data(), result.labels.data() + result.labels.size());
  };
  CHECK(labels(on_line({0, 1, 2}), 2) == std::vector<int>{0, 1, 1});
  CHECK(labels(on_line({2, 1, 0}), 2) == std::vector<int>{1, 1, 0});
  CHECK(labels(on_line({0, 1, 2, 3, 4, 5}), 4) == std::vector<int>{0, 1, 2, 2, 3, 3});
  CHECK(labels(on_line({-1, -1, 0, 1, 1}), 2) == std::vector<int>{0, 0, 1, 1, 1});
  // 2k - 1 equal gaps and k centers: pairs, in one way only; with one center more, one pair parts into single points,
  // and the last two points do so last.
  const Index k = testing::trials(1500), n = 2 * k;
  Eigen::MatrixXd even(1, n);
  for (Index i = 0; i < n; ++i) even(0, i) = static_cast<double>(i);
  const auto pairs = optimal_line(EmpiricalObjective(even), k);
  CHECK(pairs.value == static_cast<double>(k) / 2);
  for (Index i = 0; i < n; ++i) REQUIRE(pairs.labels(i) == i / 2);
  const auto more = optimal_line(EmpiricalObjective(even), k + 1);
  CHECK(more.value == static_cast<double>(k - 1) / 2);
  CHECK(more.labels(0) == 0);
  CHECK(more.labels(1) == 1);
  for (Index i = 2; i < n; ++i) REQUIRE(more.labels(i) == i / 2 + 1);
}

TEST_CASE("over several chunks the optimum is that of the quadratic program, for every number of centers") {
  kmscape::RandomStream stream{kmscape::Seed{2}};
  for (const int kind : {0, 1, 2}) {
    Eigen::MatrixXd x = normal_points(1, 2600, 3 + static_cast<std::uint64_t>(kind));
    if (kind == 1) x = x.array().cube().matrix();  // heavy tails
    if (kind == 2)                                 // groups
      for (Index i = 0; i < x.size(); ++i) x(0, i) += 1000 * static_cast<double>(stream.index(5));
    const EmpiricalObjective objective(x);
    const auto result = optimal_line(objective, 9);
    check_line_result(objective, result);
    const auto expected = textbook(sorted_copy(x), ones(2600), 9);
    for (std::size_t c = 0; c < 9; ++c)
      CHECK(result.values[c] == Approx(static_cast<double>(expected[c])).epsilon(1e-13).margin(0));
  }
}

TEST_CASE("Lloyd's best of many starts never lies below, and often meets it") {
  int met = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const EmpiricalObjective objective(normal_points(1, 200, 10 + seed));
    const auto best = optimal_line(objective, 5);
    double least = std::numeric_limits<double>::infinity();
    for (std::uint64_t restart = 0; restart < 60; ++restart)
      least = std::min(least,
                       kmscape::lloyd(objective, kmscape::seed_centers(objective, 5, {.seed = restart}).centers).value);
    CHECK(least >= best.value * (1 - 1e-13));
    met += least <= best.value * (1 + 1e-12);
  }
  CHECK(met >= 5);
}

TEST_CASE("an offset of the data changes nothing but the centers") {
  // Multiples of 1/16, so that data and offsets are exact: only the computation could lose digits.
  Eigen::MatrixXd x = (16 * normal_points(1, 3000, 20)).array().round().matrix() / 16;
  const auto plain = optimal_line(EmpiricalObjective(x), 7);
  for (const double offset : {1e6, 1e8, -1e8, 68719476736.0}) {
    INFO("offset " << offset);
    const EmpiricalObjective moved((x.array() + offset).matrix());
    const auto result = optimal_line(moved, 7);
    CHECK((result.labels == plain.labels).all());
    for (std::size_t c = 0; c + 1 < 7; ++c) CHECK(result.values[c] == plain.values[c]);
    for (Index j = 0; j < 7; ++j) CHECK(result.centers(0, j) == plain.centers(0, j) + offset);
  }
}

TEST_CASE("tight groups far apart are cut as each of them alone would be") {
  for (const double gap : {1e6, 1e8}) {
    // The best 9 centers on three groups: the best division of 9 among them. Groups are whole numbers.
    const Index size = 400;
    std::vector<std::vector<long double>> group;
    Eigen::MatrixXd x(1, 3 * size);
    for (Index g = 0; g < 3; ++g) {
      const Eigen::MatrixXd part = grid_points(1, size, 100 * (g + 1), 30 + static_cast<std::uint64_t>(g));
      x.middleCols(g * size, size) = (part.array() + gap * static_cast<double>(g)).matrix();
      group.push_back(textbook(sorted_copy(part), ones(static_cast<std::size_t>(size)), 7));
    }
    long double least = std::numeric_limits<long double>::infinity();
    for (std::size_t a = 0; a < 7; ++a)
      for (std::size_t b = 0; a + b < 7; ++b) least = std::min(least, group[0][a] + group[1][b] + group[2][6 - a - b]);
    const EmpiricalObjective objective(x);
    const auto result = optimal_line(objective, 9);
    check_line_result(objective, result);
    CHECK(result.value == Approx(static_cast<double>(least)).epsilon(1e-13).margin(0));
  }
}

TEST_CASE("a weight acts like that many copies, and weights may differ by any factor") {
  kmscape::RandomStream stream{kmscape::Seed{3}};
  const Eigen::MatrixXd x = normal_points(1, 60, 40);
  Eigen::ArrayXd w(60);
  std::vector<double> copies;
  for (Index i = 0; i < 60; ++i) {
    w(i) = static_cast<double>(1 + stream.index(4));
    copies.insert(copies.end(), static_cast<std::size_t>(w(i)), x(0, i));
  }
  const EmpiricalObjective weighted(x, w);
  const EmpiricalObjective copied(
      Eigen::MatrixXd(Eigen::Map<const Eigen::MatrixXd>(copies.data(), 1, static_cast<Index>(copies.size()))));
  const auto one = optimal_line(weighted, 6), other = optimal_line(copied, 6);
  CHECK(one.centers == other.centers);
  CHECK(one.value == Approx(other.value).epsilon(1e-14));

  // The heavy points take a center each; the light ones divide what is left like light points alone.
  const EmpiricalObjective uneven(on_line({-50, 0, 1, 4, 5, 60}),
                                  Eigen::ArrayXd((Eigen::ArrayXd(6) << 1e18, 1, 1, 1, 1, 1e18).finished()));
  const auto result = optimal_line(uneven, 4);
  CHECK(result.centers == on_line({-50, 0.5, 4.5, 60}));
  CHECK(result.value == 1);
  const EmpiricalObjective late(on_line({0, 100, 101, 104, 105}),
                                Eigen::ArrayXd((Eigen::ArrayXd(5) << 1e20, 1, 1, 1, 1).finished()));
  CHECK(optimal_line(late, 3).centers == on_line({0, 100.5, 104.5}));
}

TEST_CASE("powers of two scale centers and values exactly, up to the ends of the range") {
  const Eigen::MatrixXd x = normal_points(1, 300, 50);
  const auto plain = optimal_line(EmpiricalObjective(x), 6);
  for (const int power : {500, -480, 1019}) {
    const EmpiricalObjective scaled(x.unaryExpr([&](double v) { return std::ldexp(v, power); }).eval());
    const auto result = optimal_line(scaled, 6);
    CHECK((result.labels == plain.labels).all());
    for (Index j = 0; j < 6; ++j) CHECK(result.centers(0, j) == std::ldexp(plain.centers(0, j), power));
    if (power == 1019) continue;  // squares overflow
    for (std::size_t c = 0; c + 1 < 6; ++c) CHECK(result.values[c] == std::ldexp(plain.values[c], 2 * power));
  }
  const EmpiricalObjective widest(
      on_line({-std::numeric_limits<double>::max(), 0, std::numeric_limits<double>::max()}));
  CHECK((optimal_line(widest, 3).labels == kmscape::Labels(Eigen::Array3i(0, 1, 2))).all());
}

TEST_CASE("one center is the mean, all distinct points cost nothing, one point is enough") {
  const EmpiricalObjective objective(grid_points(1, 500, 40, 60));
  const auto one = optimal_line(objective, 1);
  CHECK(one.centers(0, 0) == Approx(objective.points().mean()).epsilon(1e-15));
  CHECK(one.value == Approx((objective.points().array() - objective.points().mean()).square().sum()).epsilon(1e-14));
  const auto all = optimal_line(objective, 41);
  CHECK(all.value == 0);
  for (Index j = 0; j < 41; ++j) CHECK(all.centers(0, j) == static_cast<double>(j));
  CHECK(optimal_line(EmpiricalObjective(on_line({3, 3, 3})), 1).centers(0, 0) == 3);
  CHECK(optimal_line(EmpiricalObjective(on_line({-0.0, 0.0, 1})), 2).counts(0) == 2);
}

TEST_CASE("the order of the points and the number of threads change nothing") {
  const Eigen::MatrixXd x = normal_points(1, 6000, 70);
  const auto one = optimal_line(EmpiricalObjective(x), 8);
  for (const int threads : {2, 3, 0}) {
    const auto other = optimal_line(EmpiricalObjective(x), 8, {.threads = threads});
    CHECK(one.centers == other.centers);
    CHECK(one.values == other.values);
    CHECK((one.labels == other.labels).all());
  }
  const auto reversed = optimal_line(EmpiricalObjective(x.rowwise().reverse().eval()), 8);
  CHECK((reversed.labels == one.labels.reverse()).all());
  CHECK(reversed.centers == one.centers);
}

TEMPLATE_TEST_CASE("points of every scalar, of fixed dimension or not", "", float, double, long double) {
  using Real = kmscape::Sum<TestType>;
  const auto x = normal_points<TestType>(1, 900, 80);
  const EmpiricalObjective<TestType> dynamic(x);
  const EmpiricalObjective<TestType, 1> fixed(normal_points<TestType, 1>(1, 900, 80));
  const auto one = optimal_line(dynamic, 6);
  const auto two = optimal_line(fixed, 6);
  CHECK(one.values == two.values);
  for (Index j = 0; j < 6; ++j) CHECK(one.centers(0, j) == two.centers(0, j));
  std::vector<long double> sorted(x.data(), x.data() + x.size());
  std::sort(sorted.begin(), sorted.end());
  const auto expected = textbook(sorted, ones(900), 6);
  for (std::size_t c = 0; c < 6; ++c)
    CHECK(std::abs(one.values[c] - static_cast<Real>(expected[c])) <=
          100 * std::numeric_limits<Real>::epsilon() * static_cast<Real>(expected[c]));
}

TEST_CASE("a caller who stops gets the optimum of the number of centers reached") {
  const EmpiricalObjective objective(normal_points(1, 3000, 90));
  std::vector<Index> told;
  const auto stopped = optimal_line(objective, 10, {.on_progress = [&](const kmscape::Progress& progress) {
                                      CHECK(progress.total == 10);
                                      told.push_back(progress.done);
                                      return progress.done < 4;
                                    }});
  CHECK(told == std::vector<Index>{1, 2, 3, 4});
  CHECK(stopped.status == OptimalLineStatus::stopped_by_callback);
  const auto four = optimal_line(objective, 4);
  CHECK(stopped.centers == four.centers);
  CHECK(stopped.values == four.values);
  CHECK((stopped.labels == four.labels).all());
  const auto at_once = optimal_line(objective, 10, {.on_progress = [](const kmscape::Progress&) { return false; }});
  CHECK(at_once.centers == optimal_line(objective, 1).centers);
  CHECK(to_string(OptimalLineStatus::optimal) == "optimal");
  CHECK(to_string(OptimalLineStatus::stopped_by_callback) == "stopped_by_callback");
}

TEST_CASE("the plane, impossible numbers of centers and of threads are refused") {
  const EmpiricalObjective objective(on_line({1, 1, 2}));
  const auto with = [&](Index k, const kmscape::OptimalLineOptions& options = {}) {
    return refusal([&] { static_cast<void>(optimal_line(objective, k, options)); });
  };
  CHECK(with(0) == "kmscape::optimal_line: k = 0, but at least one center is needed; pass k >= 1");
  CHECK(with(3) ==
        "kmscape::optimal_line: k = 3, but the data holds 2 distinct points; use k <= 2, or jitter the data");
  CHECK(with(1, {.threads = -1}) ==
        "kmscape::optimal_line: options.threads = -1, but a number of threads cannot be negative; pass 0 for all cores "
        "or 1 for the calling thread only");
  CHECK(
      refusal([] { static_cast<void>(optimal_line(EmpiricalObjective(normal_points(2, 5, 1)), 2)); }) ==
      "kmscape::optimal_line: objective.dimension() = 2, but the exact minimum is found on the line only; pass points "
      "of one coordinate, or use lloyd from several starts");
}

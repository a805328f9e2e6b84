#include <kmscape/solve/engine.hpp>

#include <cmath>
#include <limits>
#include <set>
#include <string_view>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/trials.hpp"

using kmscape::EmpiricalObjective;
using kmscape::EmptyCell;
using kmscape::Engine;
using kmscape::Index;
using kmscape::lloyd;
using testing::grid_points;
using testing::normal_points;

namespace {

constexpr auto all_engines = {Engine::automatic, Engine::brute, Engine::hamerly, Engine::yinyang, Engine::elkan};

/// n points around k random places, `spread` apart.
template <class Scalar>
kmscape::Points<Scalar> clustered_points(Index d, Index n, Index k, double spread, std::uint64_t seed) {
  kmscape::RandomStream stream{kmscape::Seed(seed)};
  const Eigen::MatrixXd places = normal_points(d, k, seed + 1) * spread;
  Eigen::MatrixXd points = normal_points(d, n, seed + 2);
  for (Index i = 0; i < n; ++i) points.col(i) += places.col(stream.index(k));
  return points.cast<Scalar>();
}

/// Every engine, one or two threads, whatever becomes of empty cells: the bits of one brute-force fit.
template <class Scalar>
void engine_battery(const kmscape::Points<Scalar>& points, Index k, kmscape::Weights<Scalar> weights = {}) {
  const EmpiricalObjective<Scalar> objective(points, std::move(weights));
  kmscape::Points<Scalar> start = points.leftCols(k);
  if (k > 3) start.col(2).setConstant(1000);  // an empty cell
  const int steps = testing::trials(60);
  for (const auto policy : {EmptyCell::keep, EmptyCell::drop, EmptyCell::reseed_farthest}) {
    const auto expected =
        lloyd(objective, start, {.engine = Engine::brute, .max_iterations = steps, .on_empty = policy});
    CHECK(expected.engine == Engine::brute);
    for (const auto engine : all_engines)
      for (const int threads : {1, 2}) {
        const auto result =
            lloyd(objective, start, {.engine = engine, .max_iterations = steps, .on_empty = policy, .threads = threads});
        INFO("d = " << points.rows() << ", n = " << points.cols() << ", k = " << k << ", " << to_string(engine) << ", "
                    << to_string(policy) << ", threads " << threads);
        CHECK((result.labels == expected.labels).all());
        CHECK(result.centers == expected.centers);
        CHECK(result.value == expected.value);
        CHECK(result.iterations == expected.iterations);
        CHECK(result.status == expected.status);
        CHECK((result.counts == expected.counts).all());
        CHECK((result.cells.distortion == expected.cells.distortion).all());
      }
  }
}

/// Lloyd's iteration as in the textbook, in long double, without a line of the library's: labels after each step.
std::vector<kmscape::Labels> textbook(const Eigen::MatrixXd& points, const Eigen::MatrixXd& start, int steps) {
  const Index d = points.rows(), n = points.cols(), k = start.cols();
  std::vector<std::vector<long double>> centers(static_cast<std::size_t>(k),
                                                std::vector<long double>(static_cast<std::size_t>(d)));
  for (Index j = 0; j < k; ++j)
    for (Index s = 0; s < d; ++s) centers[static_cast<std::size_t>(j)][static_cast<std::size_t>(s)] = start(s, j);
  std::vector<kmscape::Labels> history;
  for (int step = 0; step <= steps; ++step) {
    kmscape::Labels labels(n);
    std::vector<std::vector<long double>> sums(static_cast<std::size_t>(k),
                                               std::vector<long double>(static_cast<std::size_t>(d), 0));
    std::vector<Index> counts(static_cast<std::size_t>(k), 0);
    for (Index i = 0; i < n; ++i) {
      long double best = std::numeric_limits<long double>::infinity();
      for (Index j = 0; j < k; ++j) {
        long double sum = 0;
        for (Index s = 0; s < d; ++s) {
          const long double difference = static_cast<long double>(points(s, i)) -
                                         centers[static_cast<std::size_t>(j)][static_cast<std::size_t>(s)];
          sum += difference * difference;
        }
        if (sum < best) {
          best = sum;
          labels(i) = static_cast<kmscape::Label>(j);
        }
      }
      const auto cell = static_cast<std::size_t>(labels(i));
      ++counts[cell];
      for (Index s = 0; s < d; ++s) sums[cell][static_cast<std::size_t>(s)] += static_cast<long double>(points(s, i));
    }
    for (std::size_t j = 0; j < static_cast<std::size_t>(k); ++j)
      for (std::size_t s = 0; s < static_cast<std::size_t>(d); ++s)
        if (counts[j] > 0) centers[j][s] = sums[j][s] / static_cast<long double>(counts[j]);
    history.push_back(labels);
  }
  return history;
}

}  // namespace

TEST_CASE("every engine walks the textbook's path") {
  for (const Index d : {1, 2, 5, 12, 40}) {
    const Eigen::MatrixXd points = clustered_points<double>(d, 400, 20, 2.0, static_cast<std::uint64_t>(d));
    const Eigen::MatrixXd start = points.leftCols(20);
    const auto history = textbook(points, start, 12);
    for (const auto engine : all_engines)
      for (int steps = 0; steps <= 12; ++steps) {
        const auto result = lloyd(EmpiricalObjective(points), start, {.engine = engine, .max_iterations = steps});
        INFO("d = " << d << ", " << to_string(engine) << ", step " << steps);
        CHECK((result.labels == history[static_cast<std::size_t>(result.iterations)]).all());
      }
  }
}

TEMPLATE_TEST_CASE("all engines give the bits of brute force: data with and without clusters", "", float, double) {
  const Index n = testing::is_sanitized ? 2200 : 5000;  // several blocks in either case
  engine_battery<TestType>(normal_points<TestType>(1, n, 1), 9);
  engine_battery<TestType>(normal_points<TestType>(2, n, 2), 30);
  engine_battery<TestType>(clustered_points<TestType>(3, n, 40, 10, 3), 40);
  engine_battery<TestType>(clustered_points<TestType>(9, 2000, 25, 3, 4), 25);
  engine_battery<TestType>(normal_points<TestType>(24, 1500, 5), 50);
  engine_battery<TestType>(clustered_points<TestType>(70, 500, 13, 1, 6), 13);
}

TEMPLATE_TEST_CASE("all engines give the bits of brute force: exact ties, duplicates, k = 1, k = n", "", float,
                   double) {
  engine_battery<TestType>(grid_points(2, 3000, 6, 7).template cast<TestType>(), 20);  // more copies than places
  engine_battery<TestType>(grid_points(3, 2000, 9, 8).template cast<TestType>(), 15);
  engine_battery<TestType>(grid_points(1, 2000, 40, 9).template cast<TestType>(), 12);
  engine_battery<TestType>(normal_points<TestType>(4, 300, 10), 1);
  engine_battery<TestType>(normal_points<TestType>(4, 60, 11), 60);
  engine_battery<TestType>(normal_points<TestType>(2, 7, 12), 5);
}

TEMPLATE_TEST_CASE("all engines give the bits of brute force: far from the origin, outliers, weights", "", float,
                   double) {
  const TestType far = std::is_same_v<TestType, float> ? TestType(1e5) : TestType(1e9);
  engine_battery<TestType>((normal_points<TestType>(3, 2000, 13).array() + far).matrix(), 20);
  kmscape::Points<TestType> outliers = normal_points<TestType>(2, 2000, 14);
  outliers.col(5) *= TestType(1e7);
  outliers.col(1000) *= TestType(1e4);
  engine_battery<TestType>(outliers, 16);
  engine_battery<TestType>(
      normal_points<TestType>(3, 2000, 15), 20,
      kmscape::Weights<TestType>(normal_points<TestType>(1, 2000, 16).array().abs().transpose() + TestType(0.001)));
  engine_battery<TestType>(normal_points<TestType>(5, 1000, 17) * TestType(1e-30), 10);
}

TEST_CASE("clusters far smaller than their distances make the filter give way to the arithmetic that decides") {
  Eigen::MatrixXd points = normal_points(2, 4000, 18) * 1e-7;
  for (Index i = 0; i < 4000; ++i) points(0, i) += static_cast<double>(i % 4);
  engine_battery<double>(points, 30);
}

TEST_CASE("bounds save distances, and the result counts them") {
  const auto points = clustered_points<double>(4, 20'000, 30, 6, 19);
  const EmpiricalObjective objective(points);
  const Eigen::MatrixXd start = points.leftCols(30);
  std::int64_t all = 0;
  for (const auto engine : {Engine::brute, Engine::hamerly, Engine::yinyang, Engine::elkan}) {
    const auto result = lloyd(objective, start, {.engine = engine});
    CHECK(result.engine == engine);
    if (engine == Engine::brute) {
      all = result.distances;
      // A pass a step and one to see that nothing changes, and few points twice.
      CHECK(all >= 20'000 * 30 * (result.iterations + 1));
      CHECK(static_cast<double>(all) <= 1.01 * 20'000 * 30 * (result.iterations + 1));
    } else {
      CHECK(result.distances * 2 < all);
      CHECK(result.distances + result.distances_saved == 20'000 * 30 * (result.iterations + 1));
    }
  }
  const auto automatic = lloyd(objective, start);
  CHECK(automatic.engine == Engine::hamerly);
  CHECK(automatic.distances * 2 < all);
}

TEST_CASE("little data, long double and many changes are left to brute force") {
  CHECK(lloyd(EmpiricalObjective(normal_points(2, 100, 20)), normal_points(2, 3, 21)).engine == Engine::brute);
  const auto wide = normal_points<long double>(2, 500, 22);
  CHECK(lloyd(EmpiricalObjective(wide), wide.leftCols(5), {.engine = Engine::elkan}).engine == Engine::brute);
}

TEST_CASE("float data a million deviations from the origin is fitted as its double copy is") {
  const kmscape::Points<float> points =
      (clustered_points<float>(3, 5000, 8, 4, 23).array() + 4e6f).matrix();  // about 16 floats a deviation
  const Eigen::MatrixXd exact = points.cast<double>();
  const auto coarse = lloyd(EmpiricalObjective(points), points.leftCols(8));
  const auto fine = lloyd(EmpiricalObjective(exact), exact.leftCols(8));
  CHECK((coarse.labels == fine.labels).all());
  CHECK(coarse.value == fine.value);
  CHECK(coarse.centers == fine.centers);
  // And the doubles are right: the same data about its middle, where nothing can be lost.
  const Eigen::MatrixXd middle = (exact.array() - 4e6).matrix();
  const auto near = lloyd(EmpiricalObjective(middle), middle.leftCols(8));
  CHECK((near.labels == fine.labels).all());
  CHECK(fine.value == Approx(near.value).epsilon(1e-12));
}

TEST_CASE("double data offset by a million deviations keeps its partition and its objective") {
  const Eigen::MatrixXd points = clustered_points<double>(2, 4000, 10, 5, 24);
  // Multiples of 2^-20, so that the offset loses nothing.
  const Eigen::MatrixXd rounded = (points * 0x1p20).array().round().matrix() * 0x1p-20;
  const Eigen::MatrixXd offset = (rounded.array() + 0x1p23).matrix();
  const auto here = lloyd(EmpiricalObjective(rounded), rounded.leftCols(10));
  const auto there = lloyd(EmpiricalObjective(offset), offset.leftCols(10));
  CHECK((here.labels == there.labels).all());
  CHECK(there.value == Approx(here.value).epsilon(1e-9));
}

TEST_CASE("every engine has a name of its own") {
  std::set<std::string_view> names;
  for (const auto engine : all_engines) names.insert(to_string(engine));
  CHECK(names == std::set<std::string_view>{"automatic", "brute", "hamerly", "yinyang", "elkan"});
}

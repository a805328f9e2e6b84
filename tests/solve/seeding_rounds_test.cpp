#include <kmscape/solve/seeding_rounds.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/streamed_objective.hpp>
#include <kmscape/solve/seeding.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::RandomStream;
using kmscape::Seed;
using kmscape::Seeding;
using kmscape::SeedingOptions;
using kmscape::StreamedObjective;
using kmscape::ThreadTeam;
using kmscape::internal::RoundDistances;
using testing::grid_points;
using testing::normal_points;
using testing::on_line;

namespace {

template <class Scalar>
kmscape::Weights<Scalar> some_weights(Index n) {
  RandomStream stream{Seed{77}};
  return kmscape::Weights<Scalar>::NullaryExpr(n, [&] { return static_cast<Scalar>(0.1 + stream.uniform()); });
}

/// Points handed out in blocks of one size, every pass but the first beginning with a shorter one; passes are counted.
template <class Scalar, int Dim = Eigen::Dynamic>
struct Streamed {
  std::shared_ptr<int> passes = std::make_shared<int>(0);
  StreamedObjective<Scalar, Dim> objective;

  Streamed(const kmscape::Points<Scalar, Dim>& points, const kmscape::Weights<Scalar>& weights, Index size)
      : objective([=, passes = passes](const auto& visit) {
          Index next = *passes == 0 ? size : 1 + *passes % size;
          ++*passes;
          for (Index first = 0, count = 0; first < points.cols(); first += count, next = size) {
            count = std::min(next, points.cols() - first);
            const kmscape::Points<Scalar, Dim> block = points.middleCols(first, count);  // dies after the visit
            if (weights.size() > 0)
              visit(block, weights.segment(first, count));
            else
              visit(block);
          }
        }) {
    *passes = 0;
  }
};

/// The stream's start is the one from memory, and so is what is drawn next; returns the passes.
template <class Scalar>
int compare(const kmscape::Points<Scalar>& points, const kmscape::Weights<Scalar>& weights, Index k,
            const SeedingOptions& options, Index size) {
  INFO(to_string(options.method) << ", d = " << points.rows() << ", n = " << points.cols() << ", k = " << k
                                 << ", blocks of " << size << (weights.size() > 0 ? ", weights" : ""));
  const EmpiricalObjective<Scalar> memory(points, weights);
  const Streamed<Scalar> stream(points, weights, size);
  RandomStream here(options.seed), there(options.seed);
  const auto expected = kmscape::seed_centers(memory, k, options, here);
  const auto result = kmscape::seed_centers(stream.objective, k, options, there);
  CHECK(result.centers == expected.centers);
  CHECK(result.points == expected.points);
  CHECK(result.distances == expected.distances);
  CHECK(result.distances_saved == expected.distances_saved);
  CHECK(here() == there());
  return *stream.passes;
}

}  // namespace

TEST_CASE("pieces of any size are handed on as runs of whole blocks") {
  const Index n = 23, size = 4;
  Eigen::MatrixXd points(2, n);
  for (Index i = 0; i < n; ++i) points.col(i) << static_cast<double>(i), -static_cast<double>(i);
  for (const Index piece : {1, 2, 3, 4, 5, 8, 9, 22, 23}) {
    kmscape::internal::WholeBlocks<double> blocks(2, n, size);
    Index seen = 0;
    for (Index offset = 0; offset < n; offset += piece) {
      const Eigen::MatrixXd copy = points.middleCols(offset, std::min(piece, n - offset));
      blocks.add(
          {copy.data(), 2, copy.cols()}, offset, [&](const kmscape::internal::PointSpan<double>& run, Index first) {
            CHECK(first == seen);
            CHECK(first % size == 0);
            CHECK((run.size % size == 0 || first + run.size == n));
            CHECK(Eigen::Map<const Eigen::MatrixXd>(run.data, 2, run.size) == points.middleCols(first, run.size));
            seen += run.size;
          });
    }
    CHECK(seen == n);
  }
}

TEMPLATE_TEST_CASE("distances to centers that come together, their sum and the cells are those of the definition", "",
                   float, double, long double) {
  using Real = kmscape::Sum<TestType>;
  ThreadTeam team(1);
  for (const Index d : {1, 2, 3, 8, 9, 16, 35})
    for (const bool weighted : {false, true}) {
      const Index n = 700;
      INFO("d = " << d << ", weighted: " << weighted);
      auto x = normal_points<TestType>(d, n, 1);
      x.col(400) = x.col(3);
      const auto w = weighted ? some_weights<TestType>(n) : kmscape::Weights<TestType>();
      const EmpiricalObjective<TestType> objective(x, w);
      RoundDistances<EmpiricalObjective<TestType>> nearest(objective, team);
      // The copy of a center gets no point, neither in its round nor in a later one.
      const std::vector<Index> chosen = {17, 3, 650, 400, 255, 256, 3};
      nearest.lower(kmscape::internal::points_at(objective, {17}));
      nearest.lower(kmscape::internal::points_at(objective, {3, 650, 400}));
      nearest.lower(kmscape::internal::points_at(objective, {255, 256, 3}));
      CHECK(nearest.centers() == 7);
      CHECK(nearest.computed() == 7 * n);
      Real sum = 0;
      std::vector<Real> mass(chosen.size(), 0);
      for (Index i = 0; i < n; ++i) {
        Real least = std::numeric_limits<Real>::infinity();
        std::size_t cell = 0;
        for (std::size_t j = 0; j < chosen.size(); ++j) {
          Real squared = 0;
          for (Index s = 0; s < d; ++s) {
            const Real difference = static_cast<Real>(x(s, i)) - static_cast<Real>(x(s, chosen[j]));
            squared += difference * difference;
          }
          if (squared < least) least = squared, cell = j;
        }
        REQUIRE(std::abs(nearest.at(i) - least) <= 50 * std::numeric_limits<Real>::epsilon() * least);
        sum += static_cast<Real>(objective.weight(i)) * least;
        mass[cell] += static_cast<Real>(objective.weight(i));
      }
      CHECK(std::abs(nearest.total() - sum) <= 1000 * std::numeric_limits<Real>::epsilon() * sum);
      const auto masses = nearest.masses();
      for (std::size_t j = 0; j < mass.size(); ++j)
        CHECK(static_cast<double>(masses(static_cast<Index>(j))) ==
              Approx(static_cast<double>(mass[j])).epsilon(1e-13));
      CHECK(masses(3) == 0);
      CHECK(masses(6) == 0);
    }
}

TEST_CASE("where most points are equally near to two candidates the labels are still the first of the two") {
  // 60 copies of each of 100 places: the filter is certain of no point, and gives up.
  Eigen::MatrixXd x(2, 6000);
  for (Index i = 0; i < 6000; ++i) x.col(i) << static_cast<double>(i % 10), static_cast<double>(i % 100 / 10);
  const EmpiricalObjective objective(x);
  ThreadTeam team(1);
  RoundDistances<EmpiricalObjective<double>> nearest(objective, team);
  std::vector<Index> chosen;
  for (Index i = 0; i < 300; ++i) chosen.push_back(5700 + i);
  nearest.lower(kmscape::internal::points_at(objective, chosen));
  const auto masses = nearest.masses();
  CHECK((masses.head(100) == 60).all());
  CHECK((masses.tail(200) == 0).all());
  CHECK(nearest.total() == 0);
}

TEST_CASE("points that float arithmetic cannot tell apart go to the nearer of two candidates all the same") {
  for (const Index d : {1, 2, 10}) {
    Eigen::MatrixXd x = Eigen::MatrixXd::Zero(d, 900), centers = Eigen::MatrixXd::Zero(d, 2);
    for (Index i = 0; i < 900; ++i) x(d - 1, i) = static_cast<double>(i) / 300;
    centers.row(d - 1) << 1 + 2e-12, 1;
    const EmpiricalObjective objective(x);
    ThreadTeam team(1);
    RoundDistances<EmpiricalObjective<double>> nearest(objective, team);
    nearest.lower(centers);
    CHECK(nearest.masses()(0) == 599);
    CHECK(nearest.masses()(1) == 301);
  }
}

TEST_CASE("sampling takes every point on its own with probability min(1, l w D^2 / sum)") {
  const Eigen::ArrayXd weights = (Eigen::ArrayXd(5) << 1, 1, 2, 1, 1).finished();
  const EmpiricalObjective memory(on_line({0, 1, 2, 4, 10}), weights);
  const Streamed<double> stream(on_line({0, 1, 2, 4, 10}), weights, 2);
  ThreadTeam team(1);
  RoundDistances<EmpiricalObjective<double>> nearest(memory, team);
  RoundDistances<StreamedObjective<double>> streamed(stream.objective, team);
  const Eigen::MatrixXd first = on_line({0}), none(1, 0);
  nearest.lower(first);
  streamed.lower(first);
  std::map<std::vector<Index>, int> seen;
  constexpr int trials = 40'000;
  for (int t = 0; t < trials; ++t) {
    const Seed seed(static_cast<std::uint64_t>(t));
    const auto sample = nearest.lower_and_sample(none, 0.03 * 125, seed);
    ++seen[sample.points];
    if (t < 100) CHECK(streamed.lower_and_sample(none, 0.03 * 125, seed).points == sample.points);
  }
  const std::vector<double> probability = {0, 0.03, 0.24, 0.48, 1};
  double covered = 0;
  for (unsigned set = 0; set < 32; ++set) {
    double expected = 1;
    std::vector<Index> points;
    for (unsigned i = 0; i < 5; ++i) {
      expected *= (set >> i) & 1u ? probability[i] : 1 - probability[i];
      if ((set >> i) & 1u) points.push_back(static_cast<Index>(i));
    }
    const double share = seen[points] / double{trials};
    CHECK(std::abs(share - expected) <= 5 * std::sqrt(expected * (1 - expected) / trials));
    covered += expected;
  }
  CHECK(covered == Approx(1));
}

TEST_CASE("a stream's sample is the one from memory, however unlike the end the beginning is") {
  // Distances that grow or shrink by many powers along the data: the sum so far says little of the sum.
  const Index n = 20'000;
  ThreadTeam team(1);
  for (const double power : {-3.0, 0.5, 4.0}) {
    const Eigen::MatrixXd x =
        Eigen::RowVectorXd::NullaryExpr(n, [&](Index i) { return std::pow(static_cast<double>(i + 1), power); });
    const EmpiricalObjective<double> memory(x);
    for (const Index size : {1, 256, 1000, 20'000}) {
      const Streamed<double> stream(x, {}, size);
      RoundDistances<EmpiricalObjective<double>> a(memory, team);
      RoundDistances<StreamedObjective<double>> b(stream.objective, team);
      for (const double expected : {3.0, 2000.0}) {
        const Eigen::MatrixXd zero = on_line({0});
        const auto from_memory = a.lower_and_sample(zero, expected, Seed{5});
        const auto from_stream = b.lower_and_sample(zero, expected, Seed{5});
        INFO("power " << power << ", blocks of " << size << ", expected " << expected);
        CHECK(from_memory.points == from_stream.points);
        CHECK(from_memory.centers == from_stream.centers);
        REQUIRE(from_memory.centers.cols() == static_cast<Index>(from_memory.points.size()));
        for (std::size_t c = 0; c < from_memory.points.size(); ++c)
          REQUIRE(from_memory.centers(0, static_cast<Index>(c)) == x(0, from_memory.points[c]));
        if (power == 0.5) CHECK(std::abs(static_cast<double>(from_memory.points.size()) - expected) < 5 * 45);
        CHECK(a.total() == b.total());
      }
    }
  }
}

TEMPLATE_TEST_CASE("a stream is seeded with the bits of the same points in memory, however it is cut", "", float,
                   double) {
  for (const Index d : {1, 3, 8, 9, 20})
    for (const bool weighted : {false, true}) {
      const Index n = 1100;
      const auto points = normal_points<TestType>(d, n, static_cast<std::uint64_t>(d));
      const auto weights = weighted ? some_weights<TestType>(n) : kmscape::Weights<TestType>();
      for (const Index size : {Index{1}, Index{7}, Index{255}, Index{256}, Index{257}, n})
        for (std::uint64_t seed = 1; seed <= 2; ++seed) {
          const int passes =
              compare<TestType>(points, weights, 6, {.method = Seeding::kmeans_parallel, .seed = seed}, size);
          CHECK(passes == 7 + weighted);  // one for the first point, one a round, one for the last round's cells
          if (!weighted)
            CHECK(compare<TestType>(points, weights, 6, {.method = Seeding::uniform_points, .seed = seed}, size) == 1);
        }
    }
}

TEST_CASE("threads change no bit of a streamed start") {
  for (const Index d : {3, 12}) {
    const Index n = 45'000;
    const Eigen::MatrixXd points = normal_points(d, n, 4);
    for (const Index size : {1000, 30'000})
      for (const int threads : {1, 2, 3})
        compare<double>(points, some_weights<double>(n), 15,
                        {.method = Seeding::kmeans_parallel, .seed = 3, .threads = threads, .rounds = 2}, size);
  }
  // compare() uses one number of threads on both sides.
  const EmpiricalObjective<double> objective(normal_points(3, 45'000, 4));
  const auto with = [&](int threads) {
    return kmscape::seed_centers(objective, 15, {.method = Seeding::kmeans_parallel, .seed = 3, .threads = threads})
        .centers;
  };
  CHECK(with(1) == with(3));
}

TEST_CASE("a compile-time dimension changes no bit of a streamed start") {
  const kmscape::Points<double, 3> points = normal_points<double, 3>(3, 600, 2);
  const Streamed<double, 3> fixed(points, {}, 100);
  const EmpiricalObjective<double> memory{Eigen::MatrixXd(points)};
  for (const auto method : {Seeding::kmeans_parallel, Seeding::uniform_points})
    CHECK(kmscape::seed_centers(fixed.objective, 5, {.method = method, .seed = 1}).centers ==
          kmscape::seed_centers(memory, 5, {.method = method, .seed = 1}).centers);
}

TEST_CASE("centers that the rounds of a stream leave are drawn by D^2, in two passes each") {
  const Eigen::MatrixXd points = normal_points(2, 500, 8);
  const SeedingOptions options{.method = Seeding::kmeans_parallel, .seed = 2, .oversampling = 1e-9, .rounds = 1};
  // The first point, the round that draws nothing, and the second to fifth center: the fifth lowers no distance.
  CHECK(compare<double>(points, {}, 5, options, 64) == 2 + 4 + 3);
  CHECK(compare<double>(points, some_weights<double>(500), 5, options, 64) == 1 + 2 + 4 + 3);
}

TEST_CASE("copies, all places taken, and squares that underflow or overflow are no different in a stream") {
  const auto kinds = {grid_points(2, 400, 2, 3), Eigen::MatrixXd(normal_points(2, 40, 1) * 1e-200),
                      Eigen::MatrixXd(normal_points(2, 40, 1) * 1e200), Eigen::MatrixXd(on_line({3, 3, 3, 3, 1, 3}))};
  for (const auto& points : kinds)
    for (const Index size : {1, 3, 300})
      for (std::uint64_t seed = 0; seed < 10; ++seed) {
        const Index k = points.rows() == 1 ? 2 : 9;
        for (const bool weighted : {false, true})
          compare<double>(points, weighted ? some_weights<double>(points.cols()) : Eigen::ArrayXd(), k,
                          {.method = Seeding::kmeans_parallel, .seed = seed}, size);
        compare<double>(points, {}, k, {.method = Seeding::uniform_points, .seed = seed}, size);
      }
}

TEST_CASE("few places among many copies are found by uniform points from a stream in few passes") {
  Eigen::MatrixXd points = Eigen::MatrixXd::Zero(1, 3000);
  for (Index i = 0; i < 12; ++i) points(0, 100 + 200 * i) = static_cast<double>(i + 1);
  const int passes = compare<double>(points, {}, 10, {.method = Seeding::uniform_points, .seed = 1}, 500);
  CHECK(passes > 1);
  CHECK(passes < 25);
}

TEST_CASE("what a stream cannot be seeded with is refused in words") {
  const Streamed<double> stream(normal_points(2, 30, 1), {}, 7),
      weighted(normal_points(2, 30, 1), some_weights<double>(30), 7);
  const auto with = [&](Seeding method, Index k = 3) {
    return refusal([&] { static_cast<void>(kmscape::seed_centers(stream.objective, k, {.method = method})); });
  };
  CHECK(with(Seeding::kmeans_plus_plus) ==
        "kmscape::seed_centers: options.method = kmeans_plus_plus, but it would need a pass over the stream for every "
        "center; use Seeding::kmeans_parallel");
  CHECK(with(Seeding::greedy_kmeans_plus_plus) ==
        "kmscape::seed_centers: options.method = greedy_kmeans_plus_plus, but it would need a pass over the stream for "
        "every center; use Seeding::kmeans_parallel");
  CHECK(with(Seeding::maximin) ==
        "kmscape::seed_centers: options.method = maximin, but it would need a pass over the stream for every center; "
        "use Seeding::kmeans_parallel");
  CHECK(with(Seeding::random_partition) ==
        "kmscape::seed_centers: options.method = random_partition, but it takes the points in a random order, which a "
        "stream cannot give; use Seeding::kmeans_parallel");
  CHECK(with(Seeding::afk_mc2) ==
        "kmscape::seed_centers: options.method = afk_mc2, but it would need a pass over the stream for every state of "
        "its chains; use Seeding::kmeans_parallel");
  CHECK(refusal([&] {
          static_cast<void>(kmscape::seed_centers(weighted.objective, 3, {.method = Seeding::uniform_points}));
        }) ==
        "kmscape::seed_centers: options.method = uniform_points, but with weights it would need a pass over the stream "
        "for every center; use Seeding::kmeans_parallel");
  CHECK(with(Seeding::kmeans_parallel, 0) ==
        "kmscape::seed_centers: k = 0, but at least one center is needed; pass k >= 1");
  CHECK(with(Seeding::kmeans_parallel, 31) ==
        "kmscape::seed_centers: k = 31, but the data holds 30 points; use k <= 30");
  CHECK(refusal([&] {
          static_cast<void>(
              kmscape::seed_centers(stream.objective, 3, {.method = Seeding::kmeans_parallel, .rounds = 0}));
        }) == "kmscape::seed_centers: options.rounds = 0, but k-means|| needs a round; pass options.rounds >= 1");
  CHECK(*stream.passes == 0);
}

TEST_CASE("more centers than places are refused in the words that points in memory are refused in") {
  for (const Eigen::MatrixXd& points :
       {grid_points(2, 200, 2, 5), Eigen::MatrixXd(grid_points(2, 200, 2, 5) * 1e-200)}) {
    const Streamed<double> stream(points, {}, 50), weighted(points, some_weights<double>(200), 50);
    const EmpiricalObjective<double> memory(points);
    const auto refused = [](const auto& objective, Seeding method) {
      return refusal([&] { static_cast<void>(kmscape::seed_centers(objective, 12, {.method = method})); });
    };
    const std::string text =
        "kmscape::seed_centers: k = 12, but the data holds 9 distinct points; use k <= 9, or jitter the data";
    CHECK(refused(memory, Seeding::kmeans_parallel) == text);
    CHECK(refused(stream.objective, Seeding::kmeans_parallel) == text);
    CHECK(refused(weighted.objective, Seeding::kmeans_parallel) == text);
    CHECK(refused(stream.objective, Seeding::uniform_points) == text);
  }
}

TEST_CASE("a source that changes its mind between the passes of a seeding is noticed") {
  const Eigen::MatrixXd points = normal_points(2, 50, 1);
  int passes = 0;
  const StreamedObjective<double> stream([&](const auto& visit) { visit(points.leftCols(++passes < 4 ? 50 : 49)); });
  CHECK(refusal([&] { static_cast<void>(kmscape::seed_centers(stream, 4, {.method = Seeding::kmeans_parallel})); }) ==
        "kmscape::StreamedObjective: source = 49 points in a later pass, but its first pass gave 50; give the same "
        "points in every pass");
}

#include <kmscape/solve/seeding.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/trials.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::Seeding;
using testing::normal_points;
using testing::on_line;

namespace {

constexpr std::array methods = {
    Seeding::uniform_points, Seeding::random_partition, Seeding::kmeans_plus_plus, Seeding::greedy_kmeans_plus_plus,
    Seeding::maximin,        Seeding::kmeans_parallel,  Seeding::afk_mc2};
constexpr int trials = testing::trials(40'000);

/// How often each ordered choice of k points is drawn.
template <class O>
std::map<std::vector<Index>, double> frequencies(const O& objective, Index k, const kmscape::SeedingOptions& options) {
  std::map<std::vector<Index>, double> result;
  for (int t = 0; t < trials; ++t) {
    kmscape::RandomStream stream(kmscape::Seed{5}, static_cast<std::uint64_t>(t));
    result[kmscape::seed_centers(objective, k, options, stream).points] += 1.0 / trials;
  }
  return result;
}
template <class O>
std::map<std::vector<Index>, double> frequencies(const O& objective, Seeding method) {
  return frequencies(objective, 2, {.method = method});
}

bool is_near(double seen, double expected) {
  return std::abs(seen - expected) <= 5 * std::sqrt(expected * (1 - expected) / trials);
}

}  // namespace

TEST_CASE("every method but the partition returns distinct data points, and k = n takes them all") {
  const EmpiricalObjective objective(normal_points(2, 12, 1));
  for (const auto method : methods)
    for (const Index k : {1, 5, 12}) {
      INFO(to_string(method) << ", k = " << k);
      const auto start = kmscape::seed_centers(objective, k, {.method = method, .seed = 3});
      CHECK(start.centers.cols() == k);
      if (method == Seeding::random_partition) {
        CHECK(start.points.empty());
        continue;
      }
      REQUIRE(start.points.size() == static_cast<std::size_t>(k));
      CHECK(std::set<Index>(start.points.begin(), start.points.end()).size() == start.points.size());
      for (Index j = 0; j < k; ++j)
        CHECK(start.centers.col(j) == objective.points().col(start.points[static_cast<std::size_t>(j)]));
    }
}

TEST_CASE("equal points are never taken twice") {
  const EmpiricalObjective objective(on_line({0, 0, 0, 0, 0, 0, 1, 1, 7}));
  for (const auto method : methods)
    for (std::uint64_t seed = 0; seed < 200 && method != Seeding::random_partition; ++seed) {
      const auto centers = kmscape::seed_centers(objective, 3, {.method = method, .seed = seed}).centers;
      CHECK(std::set<double>(centers.data(), centers.data() + 3) == std::set<double>{0, 1, 7});
    }
}

TEST_CASE("a random partition's centers are means: one part gives the mean, n parts the points") {
  const EmpiricalObjective objective(normal_points(3, 20, 2));
  const auto whole = kmscape::seed_centers(objective, 1, {.method = Seeding::random_partition}).centers;
  CHECK((whole - objective.points().rowwise().mean()).norm() < 1e-14);
  const auto parts = kmscape::seed_centers(objective, 20, {.method = Seeding::random_partition}).centers;
  CHECK(objective.value(parts) == 0);
}

TEST_CASE("k-means++ draws pairs with the probabilities of its definition") {
  // Points 0, 1, 3 with weights 1, 2, 1. From 0: D^2 w = (0, 2, 9); from 1: (1, 0, 4); from 3: (9, 8, 0).
  const EmpiricalObjective objective(on_line({0, 1, 3}), Eigen::ArrayXd(Eigen::Array3d(1, 2, 1)));
  const auto seen = frequencies(objective, Seeding::kmeans_plus_plus);
  const std::map<std::vector<Index>, double> expected = {{{0, 1}, 1.0 / 4 * 2 / 11}, {{0, 2}, 1.0 / 4 * 9 / 11},
                                                         {{1, 0}, 1.0 / 2 * 1 / 5},  {{1, 2}, 1.0 / 2 * 4 / 5},
                                                         {{2, 0}, 1.0 / 4 * 9 / 17}, {{2, 1}, 1.0 / 4 * 8 / 17}};
  for (const auto& [pair, probability] : expected) {
    INFO(pair[0] << ", " << pair[1]);
    CHECK(is_near(seen.at(pair), probability));
  }
}

TEST_CASE("uniform points are uniform over ordered pairs, and follow the weights") {
  const auto plain = frequencies(EmpiricalObjective(on_line({0, 1, 3})), Seeding::uniform_points);
  CHECK(plain.size() == 6);
  for (const auto& [pair, share] : plain) CHECK(is_near(share, 1.0 / 6));
  const auto weighted = frequencies(EmpiricalObjective(on_line({0, 1, 3}), Eigen::ArrayXd(Eigen::Array3d(1, 2, 1))),
                                    Seeding::uniform_points);
  CHECK(is_near(weighted.at({0, 1}), 1.0 / 4 * 2 / 3));
  CHECK(is_near(weighted.at({1, 2}), 1.0 / 2 * 1 / 2));
}

TEST_CASE("the greedy form keeps the best of its candidates") {
  // From 0 the candidates 1 and 10 are drawn with 1/101 and 100/101; of 20 candidates one is 10, and 10 leaves less.
  const EmpiricalObjective objective(on_line({0, 1, 10}));
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto start = kmscape::seed_centers(
        objective, 2, {.method = Seeding::greedy_kmeans_plus_plus, .candidates = 20, .seed = seed});
    CHECK(objective.value(start.centers) == 1);
  }
  const EmpiricalObjective many(normal_points(2, 300, 3));
  const auto mean_potential = [&](Seeding method) {
    double sum = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed)
      sum += many.value(kmscape::seed_centers(many, 10, {.method = method, .seed = seed}).centers);
    return sum / 200;
  };
  CHECK(mean_potential(Seeding::greedy_kmeans_plus_plus) < 0.9 * mean_potential(Seeding::kmeans_plus_plus));
}

TEST_CASE("with one candidate the greedy form is k-means++, draw for draw") {
  const EmpiricalObjective objective(normal_points(2, 100, 4));
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    CHECK(
        kmscape::seed_centers(objective, 8, {.method = Seeding::greedy_kmeans_plus_plus, .candidates = 1, .seed = seed})
            .points == kmscape::seed_centers(objective, 8, {.method = Seeding::kmeans_plus_plus, .seed = seed}).points);
}

TEST_CASE("maximin takes the farthest point each time") {
  const EmpiricalObjective objective(on_line({0, 4, 9, 10}));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto points = kmscape::seed_centers(objective, 3, {.method = Seeding::maximin, .seed = seed}).points;
    const std::map<Index, std::vector<Index>> expected = {
        {0, {0, 3, 1}}, {1, {1, 3, 0}}, {2, {2, 0, 1}}, {3, {3, 0, 1}}};
    CHECK(points == expected.at(points.front()));
  }
}

TEST_CASE("a seed repeats its draw, another seed and the rest of the stream do not") {
  const EmpiricalObjective objective(normal_points(2, 500, 5));
  for (const auto method : methods) {
    const auto draw = [&](std::uint64_t seed) {
      return kmscape::seed_centers(objective, 6, {.method = method, .seed = seed}).centers;
    };
    CHECK(draw(1) == draw(1));
    CHECK(draw(1) != draw(2));
    kmscape::RandomStream stream(kmscape::Seed{1});
    const auto first = kmscape::seed_centers(objective, 6, {.method = method}, stream).centers;
    CHECK(first == draw(1));
    CHECK(kmscape::seed_centers(objective, 6, {.method = method}, stream).centers != first);
  }
}

TEST_CASE(
    "three draws of k-means++ on four points have the probabilities of the definition, with weights and without") {
  const std::array<double, 4> x = {0, 1, 3, 7};
  for (const std::array<double, 4>& w : {std::array<double, 4>{1, 1, 1, 1}, std::array<double, 4>{2, 1, 4, 3}}) {
    const EmpiricalObjective objective(on_line({x[0], x[1], x[2], x[3]}),
                                       Eigen::ArrayXd(Eigen::Map<const Eigen::Array4d>(w.data())));
    std::map<std::vector<Index>, int> seen;
    for (int t = 0; t < trials; ++t)
      seen[kmscape::seed_centers(objective, 3, {.seed = static_cast<std::uint64_t>(t)}).points] += 1;
    double covered = 0;
    for (std::size_t a = 0; a < 4; ++a)
      for (std::size_t b = 0; b < 4; ++b)
        for (std::size_t c = 0; c < 4; ++c) {
          if (a == b || b == c || a == c) continue;
          double total1 = 0, total2 = 0;
          const auto d1 = [&](std::size_t i) { return w[i] * (x[i] - x[a]) * (x[i] - x[a]); };
          const auto d2 = [&](std::size_t i) { return std::min(d1(i), w[i] * (x[i] - x[b]) * (x[i] - x[b])); };
          for (std::size_t i = 0; i < 4; ++i) total1 += d1(i), total2 += d2(i);
          const double expected = w[a] / (w[0] + w[1] + w[2] + w[3]) * d1(b) / total1 * d2(c) / total2;
          INFO(a << ", " << b << ", " << c << " with probability " << expected);
          CHECK(is_near(seen[{static_cast<Index>(a), static_cast<Index>(b), static_cast<Index>(c)}] / double{trials},
                        expected));
          covered += expected;
        }
    CHECK(covered == Approx(1).epsilon(1e-14));
  }
}

TEST_CASE("a weight draws like that many copies, by every method that draws points") {
  const EmpiricalObjective weighted(on_line({0, 1, 3, 7}), Eigen::ArrayXd(Eigen::Array4d(3, 1, 2, 1)));
  const EmpiricalObjective copied(on_line({0, 0, 0, 1, 3, 3, 7}));
  for (const auto method :
       {Seeding::uniform_points, Seeding::kmeans_plus_plus, Seeding::greedy_kmeans_plus_plus, Seeding::maximin}) {
    const auto places = [&](const auto& objective, std::uint64_t salt) {
      std::map<std::vector<double>, double> shares;
      for (int t = 0; t < trials; ++t) {
        kmscape::RandomStream stream(kmscape::Seed{salt}, static_cast<std::uint64_t>(t));
        const auto centers = kmscape::seed_centers(objective, 2, {.method = method}, stream).centers;
        shares[{centers(0), centers(1)}] += 1.0 / trials;
      }
      return shares;
    };
    auto a = places(weighted, 11), b = places(copied, 12);
    for (const auto& entry : a) b[entry.first] += 0;  // both maps hold every pair that either saw
    for (const auto& [pair, share] : b) {
      const double pooled = (a[pair] + share) / 2;
      INFO(to_string(method) << ": " << pair[0] << ", " << pair[1]);
      CHECK(std::abs(a[pair] - share) <= 5 * std::sqrt(2 * pooled * (1 - pooled) / trials));
    }
  }
}

TEST_CASE("uniform points end soon however unequal the weights are") {
  // Drawing copies of a taken point again and again once took as many draws as the weights' ratio.
  const EmpiricalObjective objective(on_line({1, 1, 2, 3}), Eigen::ArrayXd(Eigen::Array4d(1e15, 1e15, 1, 3)));
  constexpr auto draws = testing::trials(4000u);
  unsigned threes = 0;
  for (std::uint64_t seed = 0; seed < draws; ++seed) {
    const auto centers = kmscape::seed_centers(objective, 2, {.method = Seeding::uniform_points, .seed = seed}).centers;
    REQUIRE(centers(0) == 1);
    REQUIRE(centers(1) != 1);
    threes += centers(1) == 3;
  }
  CHECK(std::abs(threes - 0.75 * draws) <= 5 * std::sqrt(draws * 0.75 * 0.25));
}

TEST_CASE("no number of candidates makes the greedy form fail where squared distances overflow") {
  const EmpiricalObjective objective(on_line({-1e200, 0, 1e200}));
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    for (const int candidates : {0, 1, 5}) {
      const auto points =
          kmscape::seed_centers(objective, 2,
                                {.method = Seeding::greedy_kmeans_plus_plus, .candidates = candidates, .seed = seed})
              .points;
      REQUIRE(points.size() == 2);
      CHECK(points[0] != points[1]);
    }
}

TEST_CASE("a random partition's means lie in the data's hull and average, by their parts, to its mean") {
  // Two parts of sizes a and 41 - a with means p and q: a p + (41 - a) q = 41 mean must have a whole solution a.
  const EmpiricalObjective objective(normal_points(1, 41, 6));
  const double least = objective.points().minCoeff(), most = objective.points().maxCoeff(),
               mean = objective.points().mean();
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto centers =
        kmscape::seed_centers(objective, 2, {.method = Seeding::random_partition, .seed = seed}).centers;
    CHECK(centers.minCoeff() >= least);
    CHECK(centers.maxCoeff() <= most);
    const double size = 41 * (mean - centers(1)) / (centers(0) - centers(1));  // of the first part
    CHECK(std::abs(size - std::round(size)) < 1e-9);
    CHECK(size > 0.5);
    CHECK(size < 40.5);
  }
  // Weighted means too: weights 1, 1, 2 on 0, 4, 16 leave six ordered pairs of means.
  const EmpiricalObjective weighted(on_line({0, 4, 16}), Eigen::ArrayXd(Eigen::Array3d(1, 1, 2)));
  std::set<std::pair<double, double>> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto centers =
        kmscape::seed_centers(weighted, 2, {.method = Seeding::random_partition, .seed = seed}).centers;
    seen.insert({centers(0), centers(1)});
  }
  const double a = 2, b = 32.0 / 3, c = 36.0 / 3;  // means of {0, 4}, {0, 16}, {4, 16}
  CHECK(seen == std::set<std::pair<double, double>>{{a, 16}, {16, a}, {b, 4}, {4, b}, {c, 0}, {0, c}});
}

TEMPLATE_TEST_CASE("every method seeds data of every scalar, fixed dimension or not", "", float, double, long double) {
  const EmpiricalObjective<TestType> dynamic(normal_points<TestType>(3, 50, 7));
  const EmpiricalObjective<TestType, 3> fixed(normal_points<TestType, 3>(3, 50, 7));
  for (const auto method : methods) {
    const auto one = kmscape::seed_centers(dynamic, 5, {.method = method, .seed = 8});
    const auto two = kmscape::seed_centers(fixed, 5, {.method = method, .seed = 8});
    CHECK(one.centers == two.centers);
    CHECK(one.points == two.points);
    CHECK(dynamic.assign(one.centers).counts.minCoeff() >= (method == Seeding::random_partition ? 0 : 1));
  }
}

TEST_CASE("every method has a name of its own") {
  std::set<std::string_view> names;
  for (const auto method : methods) names.insert(to_string(method));
  CHECK(names == std::set<std::string_view>{"uniform_points", "random_partition", "kmeans_plus_plus",
                                            "greedy_kmeans_plus_plus", "maximin", "kmeans_parallel", "afk_mc2"});
}

TEST_CASE("impossible numbers of centers and candidates are refused") {
  const EmpiricalObjective objective(on_line({1, 1, 2}));
  const auto with = [&](Index k, const kmscape::SeedingOptions& options) {
    return refusal([&] { static_cast<void>(kmscape::seed_centers(objective, k, options)); });
  };
  CHECK(with(0, {}) == "kmscape::seed_centers: k = 0, but at least one center is needed; pass k >= 1");
  for (const auto method : methods)
    CHECK(with(3, {.method = method}) ==
          "kmscape::seed_centers: k = 3, but the data holds 2 distinct points; use k <= 2, or jitter the data");
  CHECK_THAT(with(-3, {}), ContainsSubstring("k = -3"));
  CHECK(with(1, {.candidates = -1}) ==
        "kmscape::seed_centers: options.candidates = -1, but a number of candidates cannot be negative; pass 0 for 2 + "
        "floor(ln k)");
  CHECK(with(1, {.threads = -2}) ==
        "kmscape::seed_centers: options.threads = -2, but a number of threads cannot be negative; pass 0 for all cores "
        "or 1 for the calling thread only");
  for (const double oversampling : {0.0, -1.0, std::numeric_limits<double>::infinity()})
    CHECK_THAT(
        with(1, {.oversampling = oversampling}),
        ContainsSubstring(", but a round must be expected to draw something; pass a finite number > 0, for example 2"));
  CHECK(with(1, {.oversampling = -1}).starts_with("kmscape::seed_centers: options.oversampling = -1, but"));
  CHECK(with(1, {.rounds = 0}) ==
        "kmscape::seed_centers: options.rounds = 0, but k-means|| needs a round; pass options.rounds >= 1");
  CHECK(with(1, {.chain_length = 0}) ==
        "kmscape::seed_centers: options.chain_length = 0, but a chain has at least its first state; pass "
        "options.chain_length >= 1");
}

TEST_CASE("points whose squared distances underflow are still taken once each") {
  const EmpiricalObjective objective(on_line({0, 1e-200, 2e-200, 0, 1}));
  const EmpiricalObjective far(normal_points(12, 6, 9) * 1e-200);
  for (const auto method : methods) {
    if (method == Seeding::random_partition) continue;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      INFO(to_string(method) << ", seed " << seed);
      const auto centers = kmscape::seed_centers(objective, 4, {.method = method, .seed = seed}).centers;
      CHECK(std::set<double>(centers.data(), centers.data() + 4) == std::set<double>{0, 1e-200, 2e-200, 1});
      const auto points = kmscape::seed_centers(far, 6, {.method = method, .seed = seed}).points;
      CHECK(std::set<Index>(points.begin(), points.end()).size() == 6);
    }
  }
}

TEST_CASE("k-means|| that draws every point is weighted k-means++") {
  // In its one round every point's probability is 1; the candidates' cells are then the points with their weights.
  const EmpiricalObjective objective(on_line({0, 1, 3}), Eigen::ArrayXd(Eigen::Array3d(1, 2, 1)));
  const auto seen = frequencies(objective, 2, {.method = Seeding::kmeans_parallel, .oversampling = 1e9, .rounds = 1});
  const std::map<std::vector<Index>, double> expected = {{{0, 1}, 1.0 / 4 * 2 / 11}, {{0, 2}, 1.0 / 4 * 9 / 11},
                                                         {{1, 0}, 1.0 / 2 * 1 / 5},  {{1, 2}, 1.0 / 2 * 4 / 5},
                                                         {{2, 0}, 1.0 / 4 * 9 / 17}, {{2, 1}, 1.0 / 4 * 8 / 17}};
  for (const auto& [pair, probability] : expected) {
    INFO(pair[0] << ", " << pair[1]);
    CHECK(is_near(seen.at(pair), probability));
  }
}

TEST_CASE("k-means|| that draws next to nothing is k-means++") {
  const EmpiricalObjective objective(on_line({0, 1, 3, 7}));
  const auto seen = frequencies(objective, 2, {.method = Seeding::kmeans_parallel, .oversampling = 1e-12, .rounds = 1});
  const std::array<double, 4> x = {0, 1, 3, 7};
  for (std::size_t a = 0; a < 4; ++a) {
    double total = 0;
    for (const double y : x) total += (y - x[a]) * (y - x[a]);
    for (std::size_t b = 0; b < 4; ++b)
      if (a != b)
        CHECK(is_near(seen.at({static_cast<Index>(a), static_cast<Index>(b)}),
                      (x[b] - x[a]) * (x[b] - x[a]) / total / 4));
  }
}

TEST_CASE("k-means|| leaves a lower objective than k-means++ on average") {
  const EmpiricalObjective objective(normal_points(2, 600, 13));
  const auto mean_potential = [&](Seeding method) {
    double sum = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed)
      sum += objective.value(kmscape::seed_centers(objective, 10, {.method = method, .seed = seed}).centers);
    return sum / 100;
  };
  CHECK(mean_potential(Seeding::kmeans_parallel) < 0.97 * mean_potential(Seeding::kmeans_plus_plus));
}

TEST_CASE("the chains of AFK-MC^2 have D^2 sampling for their limit, with weights and without") {
  // pi / q is at most 2 at the second center and 2 phi_1 / phi_2 at the third: the limit is reached far below the
  // noise.
  const int length = testing::is_sanitized ? 30 : 100;
  const std::array<double, 4> x = {0, 1, 3, 7};
  for (const std::array<double, 4>& w : {std::array<double, 4>{1, 1, 1, 1}, std::array<double, 4>{2, 1, 4, 3}}) {
    const EmpiricalObjective objective(on_line({x[0], x[1], x[2], x[3]}),
                                       Eigen::ArrayXd(Eigen::Map<const Eigen::Array4d>(w.data())));
    const auto seen = frequencies(objective, 3, {.method = Seeding::afk_mc2, .chain_length = length});
    double covered = 0;
    for (std::size_t a = 0; a < 4; ++a)
      for (std::size_t b = 0; b < 4; ++b)
        for (std::size_t c = 0; c < 4; ++c) {
          if (a == b || b == c || a == c) continue;
          double total1 = 0, total2 = 0;
          const auto d1 = [&](std::size_t i) { return w[i] * (x[i] - x[a]) * (x[i] - x[a]); };
          const auto d2 = [&](std::size_t i) { return std::min(d1(i), w[i] * (x[i] - x[b]) * (x[i] - x[b])); };
          for (std::size_t i = 0; i < 4; ++i) total1 += d1(i), total2 += d2(i);
          const double expected = w[a] / (w[0] + w[1] + w[2] + w[3]) * d1(b) / total1 * d2(c) / total2;
          const auto found = seen.find({static_cast<Index>(a), static_cast<Index>(b), static_cast<Index>(c)});
          INFO(a << ", " << b << ", " << c << " with probability " << expected);
          CHECK(is_near(found == seen.end() ? 0 : found->second, expected));
          covered += expected;
        }
    CHECK(covered == Approx(1).epsilon(1e-14));
  }
}

TEST_CASE("a chain of one state is the proposal, and a proposal on a center is replaced by a D^2 sample") {
  const std::array<double, 3> x = {0, 1, 3}, w = {1, 2, 1};
  const EmpiricalObjective objective(on_line({0, 1, 3}), Eigen::ArrayXd(Eigen::Array3d(1, 2, 1)));
  const auto seen = frequencies(objective, 2, {.method = Seeding::afk_mc2, .chain_length = 1});
  for (std::size_t a = 0; a < 3; ++a) {
    double total = 0;
    for (std::size_t i = 0; i < 3; ++i) total += w[i] * (x[i] - x[a]) * (x[i] - x[a]);
    for (std::size_t b = 0; b < 3; ++b) {
      if (a == b) continue;
      const double by_distance = w[b] * (x[b] - x[a]) * (x[b] - x[a]) / total;
      const double expected = w[a] / 4 * (by_distance / 2 + w[b] / 8 + w[a] / 8 * by_distance);
      CHECK(is_near(seen.at({static_cast<Index>(a), static_cast<Index>(b)}), expected));
    }
  }
}

TEST_CASE("chains leave a center's copies even when almost all points are copies") {
  Eigen::MatrixXd x = Eigen::MatrixXd::Zero(1, 2000);
  x(0, 700) = 1;
  x(0, 1900) = 2;
  const EmpiricalObjective objective(x);
  for (std::uint64_t seed = 0; seed < 100; ++seed)
    for (const int length : {1, 2, 20}) {
      const auto centers =
          kmscape::seed_centers(objective, 3, {.method = Seeding::afk_mc2, .seed = seed, .chain_length = length})
              .centers;
      CHECK(std::set<double>(centers.data(), centers.data() + 3) == std::set<double>{0, 1, 2});
    }
}

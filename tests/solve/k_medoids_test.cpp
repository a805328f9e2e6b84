#include <kmscape/solve/k_medoids.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
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
using kmscape::k_medoids;
using kmscape::KMedoidsOptions;
using kmscape::KMedoidsStatus;
using kmscape::MedoidDistance;
using kmscape::MedoidSeeding;
using testing::grid_points;
using testing::normal_points;
using testing::on_line;
using testing::whole_weights;

namespace {

const std::vector<MedoidSeeding> seedings = {MedoidSeeding::build, MedoidSeeding::lab, MedoidSeeding::random};

double distance(const Eigen::VectorXd& x, const Eigen::VectorXd& y, MedoidDistance how) {
  switch (how) {
    case MedoidDistance::squared_euclidean:
      return (x - y).dot(x - y);
    case MedoidDistance::euclidean:
      return std::sqrt((x - y).dot(x - y));
    case MedoidDistance::manhattan:
      return (x - y).lpNorm<1>();
  }
  return -1;
}

template <class P>
Eigen::MatrixXd table(const P& points, MedoidDistance how = MedoidDistance::manhattan) {
  return Eigen::MatrixXd::NullaryExpr(points.cols(), points.cols(), [&](Index i, Index j) {
    return distance(points.col(i).template cast<double>(), points.col(j).template cast<double>(), how);
  });
}

/// The value by its definition.
double value_of(const Eigen::MatrixXd& d, const Eigen::ArrayXd& w, const std::vector<Index>& medoids) {
  double sum = 0;
  for (Index i = 0; i < d.rows(); ++i) {
    double least = std::numeric_limits<double>::infinity();
    for (const Index m : medoids) least = std::min(least, d(i, m));
    sum += w(i) * least;
  }
  return sum;
}

/// The lowest value over all subsets of k points.
double lowest_value(const Eigen::MatrixXd& d, const Eigen::ArrayXd& w, Index k) {
  double lowest = std::numeric_limits<double>::infinity();
  for (unsigned subset = 0; subset < 1u << d.rows(); ++subset) {
    std::vector<Index> medoids;
    for (Index i = 0; i < d.rows(); ++i)
      if (subset >> i & 1u) medoids.push_back(i);
    if (static_cast<Index>(medoids.size()) == k) lowest = std::min(lowest, value_of(d, w, medoids));
  }
  return lowest;
}

struct Swaps {
  std::vector<Index> medoids;
  std::vector<double> values;
  Index candidates;  // looked at
};

/// Eager swapping by its definition: all values from scratch, O(n k) each.
Swaps naive_swaps(const Eigen::MatrixXd& d, const Eigen::ArrayXd& w, std::vector<Index> medoids) {
  Swaps result{medoids, {value_of(d, w, medoids)}, 0};
  for (Index c = 0, since = 0; since < d.rows(); c = (c + 1) % d.rows()) {
    ++since;
    ++result.candidates;
    if (std::find(medoids.begin(), medoids.end(), c) != medoids.end()) continue;
    std::size_t best = 0;
    double lowest = std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < medoids.size(); ++j) {
      auto other = medoids;
      other[j] = c;
      if (const double value = value_of(d, w, other); value < lowest) {
        lowest = value;
        best = j;
      }
    }
    if (lowest < result.values.back()) {
      medoids[best] = c;
      result.values.push_back(lowest);
      since = 0;
    }
  }
  result.medoids = medoids;
  return result;
}

/// Everything that a result says must be true of its medoids, by an independent computation.
template <class R>
void check_consistent(const Eigen::MatrixXd& d, const Eigen::ArrayXd& w, const R& result, double rounding) {
  const auto k = static_cast<Index>(result.medoids.size());
  REQUIRE(std::set<Index>(result.medoids.begin(), result.medoids.end()).size() == result.medoids.size());
  kmscape::Counts counts = kmscape::Counts::Zero(k);
  for (Index i = 0; i < d.rows(); ++i) {
    Index nearest = 0;
    for (Index j = 1; j < k; ++j)
      if (d(i, result.medoids[static_cast<std::size_t>(j)]) < d(i, result.medoids[static_cast<std::size_t>(nearest)]))
        nearest = j;
    CHECK(result.labels(i) == nearest);
    CHECK(static_cast<double>(result.distance(i)) ==
          Approx(d(i, result.medoids[static_cast<std::size_t>(nearest)])).epsilon(rounding));
    counts(result.labels(i)) += 1;
  }
  CHECK((result.counts == counts).all());
  const double value = value_of(d, w, result.medoids);
  CHECK(static_cast<double>(result.value) == Approx(value).epsilon(rounding));
  REQUIRE(result.removal_loss.size() == k);
  for (Index j = 0; j < k; ++j) {
    auto others = result.medoids;
    others.erase(others.begin() + j);
    const double loss = value_of(d, w, others) - value;
    if (k == 1)
      CHECK(static_cast<double>(result.removal_loss(0)) == std::numeric_limits<double>::infinity());
    else
      CHECK(static_cast<double>(result.removal_loss(j)) ==
            Approx(loss).epsilon(rounding).margin(rounding * (value + loss)));
  }
  if (!result.values.empty()) {
    CHECK(result.values.back() == result.value);
    CHECK(static_cast<Index>(result.values.size()) == result.swaps + 1);
  }
  for (std::size_t t = 1; t < result.values.size(); ++t) CHECK(result.values[t] < result.values[t - 1]);
}

void check_no_swap_improves(const Eigen::MatrixXd& d, const Eigen::ArrayXd& w, const std::vector<Index>& medoids,
                            double rounding) {
  const double value = value_of(d, w, medoids);
  for (std::size_t j = 0; j < medoids.size(); ++j)
    for (Index c = 0; c < d.rows(); ++c) {
      auto other = medoids;
      other[j] = c;
      CHECK(value_of(d, w, other) >= value * (1 - rounding));
    }
}

}  // namespace

TEST_CASE("all k medoids of at most eight points: no swap improves, and the lowest value is found from some start") {
  for (std::uint64_t seed = 0; seed < testing::trials(12u); ++seed) {
    const Index n = 3 + static_cast<Index>(seed % 6);
    const Eigen::MatrixXd points = seed % 2 == 0 ? grid_points(2, n, 4, seed) : normal_points(2, n, seed);
    const Eigen::ArrayXd w = seed % 3 == 0 ? Eigen::ArrayXd::Ones(n).eval() : whole_weights(n, seed);
    const Eigen::MatrixXd d = table(points);
    const double rounding = seed % 2 == 0 ? 0 : 1e-14;  // on whole numbers nothing rounds
    for (Index k = 1; k <= n; ++k) {
      INFO("seed " << seed << ", n " << n << ", k " << k);
      const double lowest = lowest_value(d, w, k);
      double found = std::numeric_limits<double>::infinity();
      for (const auto seeding : seedings)
        for (std::uint64_t restart = 0; restart < 8; ++restart) {
          const auto result = k_medoids(d, k, {.seeding = seeding, .seed = restart, .keep_values = true}, w);
          CHECK(result.status == KMedoidsStatus::swap_optimal);
          check_consistent(d, w, result, rounding);
          check_no_swap_improves(d, w, result.medoids, rounding);
          CHECK(result.value >= lowest * (1 - rounding));
          found = std::min(found, result.value);
        }
      CHECK(found <= lowest * (1 + rounding));
      if (k == n) CHECK(found == 0);
    }
  }
}

TEST_CASE("the swaps are those of eager swapping by its definition, one after the other") {
  // Whole numbers: sums are exact in any order, so that values, ties and decisions agree to the last bit.
  Index swaps = 0, most = 0;
  for (std::uint64_t seed = 0; seed < testing::trials(40u); ++seed) {
    const Index n = 20 + static_cast<Index>(seed), k = 1 + static_cast<Index>(seed % 7);
    const Eigen::MatrixXd points = grid_points(2, n, seed % 4 == 0 ? 5 : 100, seed);
    const Eigen::ArrayXd w = whole_weights(n, seed + 1);
    const Eigen::MatrixXd d = table(points);
    std::vector<Index> start;
    for (Index j = 0; j < k; ++j) start.push_back(j);
    const auto expected = naive_swaps(d, w, start);
    const auto result = k_medoids(d, k, {.start = start, .keep_values = true}, w);
    INFO("seed " << seed);
    CHECK(result.medoids == expected.medoids);
    CHECK(result.values == expected.values);
    CHECK(result.iterations == (expected.candidates + n - 1) / n);
    CHECK(result.status == KMedoidsStatus::swap_optimal);
    check_consistent(d, w, result, 0);
    swaps += result.swaps;
    most = std::max(most, result.swaps);
  }
  CHECK(swaps > testing::trials(200));
  CHECK(most > 8);
}

TEST_CASE("a dissimilarity need not be symmetric, nor zero from a point to itself") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Eigen::MatrixXd d = grid_points(25, 25, 1000, seed);
    const Eigen::ArrayXd w = Eigen::ArrayXd::Ones(25);
    const auto result = k_medoids(d, 4, {.start = {3, 9, 1, 20}, .keep_values = true});
    const auto expected = naive_swaps(d, w, {3, 9, 1, 20});
    CHECK(result.medoids == expected.medoids);
    CHECK(result.values == expected.values);
    check_consistent(d, w, result, 0);
  }
}

TEST_CASE("one medoid is the best of all points, whatever the start") {
  const Eigen::MatrixXd d = table(normal_points(3, 60, 5), MedoidDistance::euclidean);
  const Eigen::ArrayXd w = Eigen::ArrayXd::LinSpaced(60, 0.5, 2);
  Index best = 0;
  for (Index c = 1; c < 60; ++c)
    if (value_of(d, w, {c}) < value_of(d, w, {best})) best = c;
  for (Index start = 0; start < 60; ++start) {
    const auto result = k_medoids(d, 1, {.start = {start}}, w);
    CHECK(result.medoids == std::vector<Index>{best});
    CHECK(result.swaps <= 60);
    CHECK((result.labels == 0).all());
  }
}

TEST_CASE("six points on a line by hand: BUILD takes the middle, then a group's middle, and one swap repairs it") {
  // Totals of |x - x_c| are lowest, 30, at 2 and at 10; the first of them comes first. Beside 2, the point 11 leaves
  // least: 2 + 1 + 0 + 1 + 0 + 1 = 5. Swapping 2 for 1 leaves 1 + 0 + 1 + 1 + 0 + 1 = 4.
  const EmpiricalObjective objective(on_line({0, 1, 2, 10, 11, 12}));
  const auto start = k_medoids(objective, 2, MedoidDistance::manhattan,
                               {.seeding = MedoidSeeding::build, .max_iterations = 0, .keep_values = true});
  CHECK(start.medoids == std::vector<Index>{2, 4});
  CHECK(start.value == 5);
  CHECK(start.status == KMedoidsStatus::iteration_limit);
  CHECK(start.iterations == 0);
  const auto end = k_medoids(objective, 2, MedoidDistance::manhattan, {.seeding = MedoidSeeding::build});
  CHECK(end.medoids == std::vector<Index>{1, 4});
  CHECK(end.value == 4);
  CHECK(end.swaps == 1);
  CHECK(end.iterations == 2);  // the swap is the second candidate: the pass after it ends in the second pass
  CHECK(end.removal_loss(0) == (11 + 10 + 9) - 2);
}

TEST_CASE("BUILD takes, each time, the point that lowers the value most") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Eigen::MatrixXd d = table(grid_points(2, 150, 12, seed));  // three tasks of candidates, ties, duplicates
    const Eigen::ArrayXd w = whole_weights(150, seed + 3);
    std::vector<Index> expected;
    for (Index j = 0; j < 6; ++j) {
      Index best = -1;
      double lowest = 0;
      for (Index c = 0; c < 150; ++c) {
        if (std::find(expected.begin(), expected.end(), c) != expected.end()) continue;
        auto more = expected;
        more.push_back(c);
        const double value = value_of(d, w, more);
        if (best < 0 || value < lowest) {
          best = c;
          lowest = value;
        }
      }
      expected.push_back(best);
    }
    CHECK(k_medoids(d, 6, {.seeding = MedoidSeeding::build, .max_iterations = 0}, w).medoids == expected);
  }
}

TEST_CASE("LAB on data no larger than its samples is BUILD, and starts lower than random points on more") {
  const Eigen::MatrixXd few = table(normal_points(2, 12, 1));
  for (Index k = 1; k <= 12; ++k) {
    const auto of = [&](MedoidSeeding seeding, std::uint64_t seed) {
      return k_medoids(few, k, {.seeding = seeding, .max_iterations = 0, .seed = seed}).medoids;
    };
    for (std::uint64_t seed = 0; seed < 5; ++seed) CHECK(of(MedoidSeeding::lab, seed) == of(MedoidSeeding::build, 0));
  }
  const Eigen::MatrixXd many = table(normal_points(2, 400, 2));
  double lab = 0, random = 0;
  std::set<std::vector<Index>> seen;
  for (std::uint64_t seed = 0; seed < testing::trials(50u); ++seed) {
    const auto start = k_medoids(many, 5, {.seeding = MedoidSeeding::lab, .max_iterations = 0, .seed = seed});
    lab += start.value;
    random += k_medoids(many, 5, {.seeding = MedoidSeeding::random, .max_iterations = 0, .seed = seed}).value;
    seen.insert(start.medoids);
  }
  CHECK(seen.size() > testing::trials(40u));
  CHECK(lab < 0.9 * random);
}

TEST_CASE("random medoids are drawn by their weights, without repetition") {
  const Eigen::MatrixXd d = table(on_line({0, 1, 2}));
  const Eigen::ArrayXd w = Eigen::Array3d(1, 2, 5);
  Eigen::Array33d seen = Eigen::Array33d::Zero();
  constexpr int trials = testing::trials(20'000);
  for (int t = 0; t < trials; ++t) {
    const auto medoids =
        k_medoids(d, 2, {.seeding = MedoidSeeding::random, .max_iterations = 0, .seed = static_cast<std::uint64_t>(t)},
                  w)
            .medoids;
    seen(medoids[0], medoids[1]) += 1;
  }
  for (Index a = 0; a < 3; ++a)
    for (Index b = 0; b < 3; ++b) {
      const double p = a == b ? 0 : w(a) / 8 * w(b) / (8 - w(a));
      CHECK(std::abs(seen(a, b) / trials - p) <= 5 * std::sqrt(p * (1 - p) / trials));
    }
}

TEST_CASE("points, a table and a callable give the same medoids, cached or not") {
  const Eigen::MatrixXd points = grid_points(3, 200, 50, 8);
  const Eigen::ArrayXd w = whole_weights(200, 9);
  const EmpiricalObjective objective(points, w);
  for (const auto how : {MedoidDistance::squared_euclidean, MedoidDistance::euclidean, MedoidDistance::manhattan}) {
    const Eigen::MatrixXd d = table(points, how);
    for (const auto seeding : seedings)
      for (const Index cache : {0, 1000}) {
        INFO(to_string(how) << " from " << to_string(seeding) << ", cache " << cache);
        const KMedoidsOptions options = {.seeding = seeding, .cache_points = cache, .seed = 4, .keep_values = true};
        const auto of_table = k_medoids(d, 6, options, w);
        const auto of_points = k_medoids(objective, 6, how, options);
        Index calls = 0;
        const auto of_callable = k_medoids(
            200,
            [&](Index i, Index j) {
              ++calls;
              return d(i, j);
            },
            6, options, w);
        CHECK((calls == 200 * 200) == (cache > 0));
        CHECK(of_callable.medoids == of_table.medoids);
        CHECK(of_callable.values == of_table.values);
        CHECK((of_callable.labels == of_table.labels).all());
        CHECK(of_points.medoids == of_table.medoids);
        CHECK((of_points.labels == of_table.labels).all());
        CHECK(of_points.value == Approx(of_table.value).epsilon(1e-14));
        check_consistent(d, w, of_points, 1e-13);
      }
  }
}

TEMPLATE_TEST_CASE("points and tables of every scalar", "", float, double, long double) {
  const auto points = normal_points<TestType, 2>(2, 80, 11);
  const EmpiricalObjective<TestType, 2> objective(points);
  const Eigen::ArrayXd ones = Eigen::ArrayXd::Ones(80);
  const Eigen::MatrixXd d = table(points, MedoidDistance::squared_euclidean);
  const auto of_points = k_medoids(objective, 5, MedoidDistance::squared_euclidean, {.seed = 2});
  check_consistent(d, ones, of_points, 1e-13);
  check_no_swap_improves(d, ones, of_points.medoids, 1e-14);

  const Eigen::Matrix<TestType, Eigen::Dynamic, Eigen::Dynamic> rounded = d.cast<TestType>();
  const auto of_table = k_medoids(rounded, 5, {.seed = 2});
  static_assert(std::is_same_v<decltype(of_table.value), decltype(of_points.value)>);
  check_consistent(rounded.template cast<double>(), ones, of_table, 1e-13);
  check_no_swap_improves(rounded.template cast<double>(), ones, of_table.medoids, 1e-14);
}

TEST_CASE("k-medoids takes a weight as that many copies of its point") {
  const Eigen::MatrixXd points = grid_points(2, 30, 40, 13);
  const Eigen::ArrayXd w = whole_weights(30, 14);
  std::vector<Index> original;
  for (Index i = 0; i < 30; ++i) original.insert(original.end(), static_cast<std::size_t>(w(i)), i);
  Eigen::MatrixXd copies(2, static_cast<Index>(original.size()));
  for (std::size_t i = 0; i < original.size(); ++i) copies.col(static_cast<Index>(i)) = points.col(original[i]);
  for (Index k = 1; k <= 8; ++k) {
    const KMedoidsOptions options = {.seeding = MedoidSeeding::build, .keep_values = true};
    const auto weighted = k_medoids(EmpiricalObjective(points, w), k, MedoidDistance::manhattan, options);
    const auto copied = k_medoids(EmpiricalObjective(copies), k, MedoidDistance::manhattan, options);
    CHECK(copied.values == weighted.values);
    for (std::size_t j = 0; j < weighted.medoids.size(); ++j)
      CHECK(original[static_cast<std::size_t>(copied.medoids[j])] == weighted.medoids[j]);
  }
}

TEST_CASE("copies: a medoid that is a copy of another leaves its cell empty, and can go without loss") {
  const Eigen::MatrixXd d = table(on_line({0, 0, 0, 7, 7}));
  for (const auto seeding : seedings) {
    const auto result = k_medoids(d, 4, {.seeding = seeding, .seed = 3});
    CHECK(result.status == KMedoidsStatus::swap_optimal);
    CHECK(result.value == 0);
    check_consistent(d, Eigen::ArrayXd::Ones(5), result, 0);
    CHECK((result.counts == 0).count() == 2);
    CHECK((result.removal_loss == 0).count() >= 3);  // a medoid without copies among them is the only one of its place
  }
}

TEST_CASE("any number of threads makes the same swaps, with a table and without") {
  const EmpiricalObjective objective(normal_points(3, 4200, 15));  // more points than one thread alone judges
  for (const auto seeding : {MedoidSeeding::lab, MedoidSeeding::random}) {
    if (testing::is_sanitized && seeding == MedoidSeeding::random) continue;  // slow there
    const auto run = [&](int threads) {
      return k_medoids(objective, 7, MedoidDistance::euclidean,
                       {.seeding = seeding, .max_iterations = 1, .seed = 5, .threads = threads, .keep_values = true});
    };
    const auto one = run(1), two = run(2), five = run(5);
    CHECK(one.swaps > 10);
    CHECK(one.values == two.values);
    CHECK(one.values == five.values);
    CHECK(one.medoids == five.medoids);
    CHECK((one.labels == five.labels).all());
    CHECK(one.iterations == five.iterations);
    CHECK(one.status == five.status);
  }
  const EmpiricalObjective fewer(normal_points(2, 300, 16));
  const auto run = [&](int threads) {
    return k_medoids(fewer, 7, MedoidDistance::euclidean, {.seeding = MedoidSeeding::build, .threads = threads});
  };
  CHECK(run(1).medoids == run(3).medoids);
  CHECK(run(1).value == run(3).value);
}

TEST_CASE("the end is swap-optimal also when candidates are judged in blocks") {
  const Eigen::MatrixXd points = grid_points(1, 4100, 1'000'000, 17);
  const auto result = k_medoids(EmpiricalObjective(points), 2, MedoidDistance::manhattan, {.threads = 2});
  REQUIRE(result.status == KMedoidsStatus::swap_optimal);
  // Whole numbers: the values are exact.
  for (std::size_t j = 0; j < 2; ++j)
    for (Index c = 0; c < points.cols(); c += 7) {
      const double kept = points(0, result.medoids[1 - j]), candidate = points(0, c);
      const double value = (points.array() - kept).abs().min((points.array() - candidate).abs()).sum();
      CHECK(value >= result.value);
    }
}

TEST_CASE("the work stops at the limit and at the callback, and the result is that of the medoids so far") {
  const Index n = testing::is_sanitized ? 1100 : 1500;  // more than one block of candidates in either case
  const Eigen::MatrixXd d = table(normal_points(2, n, 18));
  const Eigen::ArrayXd w = Eigen::ArrayXd::Ones(n);
  const auto limited = k_medoids(d, 5, {.seeding = MedoidSeeding::random, .max_iterations = 1});
  CHECK(limited.status == KMedoidsStatus::iteration_limit);
  CHECK(limited.iterations == 1);
  check_consistent(d, w, limited, 1e-13);

  std::vector<Index> done;
  const auto stopped =
      k_medoids(d, 5, {.seeding = MedoidSeeding::random, .max_iterations = 2, .on_progress = [&](const auto& p) {
                         CHECK(p.stage == "swap");
                         CHECK(p.total == 2 * n);
                         done.push_back(p.done);
                         return p.done < 1024;
                       }});
  CHECK(stopped.status == KMedoidsStatus::stopped_by_callback);
  CHECK(done == std::vector<Index>{0, 1024});
  CHECK(stopped.iterations == 1);
  check_consistent(d, w, stopped, 1e-13);

  const auto build = [&](Index medoids) {
    return k_medoids(d, 4, {.seeding = MedoidSeeding::build, .on_progress = [&](const auto& p) {
                              return p.stage == "build" ? p.done < medoids : p.total > 0;
                            }});
  };
  const auto early = build(2), late = build(4);
  CHECK(early.status == KMedoidsStatus::stopped_by_callback);
  CHECK(early.iterations == 0);
  CHECK(early.medoids[0] == k_medoids(d, 1, {.seeding = MedoidSeeding::build}).medoids[0]);
  CHECK(early.medoids[2] == 0);
  CHECK(early.medoids[3] == 1);
  check_consistent(d, w, early, 1e-13);
  CHECK(late.status == KMedoidsStatus::swap_optimal);
}

TEST_CASE("distances that overflow are a status, not a wrong claim") {
  const EmpiricalObjective far(on_line({-1e200, 0, 1, 1e200}));
  for (const auto seeding : seedings)
    for (const Index k : {1, 2, 3}) {
      const auto squared = k_medoids(far, k, MedoidDistance::squared_euclidean, {.seeding = seeding});
      CHECK(squared.status == KMedoidsStatus::non_finite);
      CHECK(std::set<Index>(squared.medoids.begin(), squared.medoids.end()).size() == static_cast<std::size_t>(k));
      const auto plain = k_medoids(far, k, MedoidDistance::manhattan, {.seeding = seeding});
      CHECK(plain.status == KMedoidsStatus::swap_optimal);
    }
}

TEST_CASE("every distance, start and status has a name of its own") {
  std::set<std::string_view> names;
  for (const auto how : {MedoidDistance::squared_euclidean, MedoidDistance::euclidean, MedoidDistance::manhattan})
    names.insert(to_string(how));
  for (const auto seeding : seedings) names.insert(to_string(seeding));
  for (const auto status : {KMedoidsStatus::swap_optimal, KMedoidsStatus::iteration_limit,
                            KMedoidsStatus::stopped_by_callback, KMedoidsStatus::non_finite})
    names.insert(to_string(status));
  CHECK(names == std::set<std::string_view>{"squared_euclidean", "euclidean", "manhattan", "build", "lab", "random",
                                            "swap_optimal", "iteration_limit", "stopped_by_callback", "non_finite"});
}

TEST_CASE("bad tables, numbers and starts are refused") {
  const Eigen::MatrixXd d = table(on_line({0, 1, 3}));
  const auto with = [&](Index k, const KMedoidsOptions& options, const Eigen::ArrayXd& weights = {}) {
    return refusal([&] { static_cast<void>(k_medoids(d, k, options, weights)); });
  };
  CHECK(with(0, {}) == "kmscape::k_medoids: k = 0, but at least one medoid is needed; pass k >= 1");
  CHECK(with(4, {}) == "kmscape::k_medoids: k = 4, but there are 3 points; use k <= 3");
  CHECK(with(2, {.start = {1}}) ==
        "kmscape::k_medoids: options.start = 1 points, but k = 2; pass one point per medoid, or none");
  CHECK(with(2, {.start = {1, 3}}) ==
        "kmscape::k_medoids: options.start[1] = 3, but the points are 0, ..., 2; pass indices of points");
  CHECK_THAT(with(2, {.start = {-1, 0}}), ContainsSubstring("options.start[0] = -1, but the points are"));
  CHECK(with(2, {.start = {1, 1}}) ==
        "kmscape::k_medoids: options.start[1] = 1, but an earlier medoid is that point; pass distinct points");
  CHECK(with(2, {.max_iterations = -1}) ==
        "kmscape::k_medoids: options.max_iterations = -1, but a number of passes cannot be negative; pass 0 to "
        "evaluate the start only");
  CHECK(with(2, {.cache_points = -2}) ==
        "kmscape::k_medoids: options.cache_points = -2, but a number of points cannot be negative; pass 0 to keep no "
        "dissimilarities");
  CHECK_THAT(with(2, {.threads = -1}), ContainsSubstring("kmscape::k_medoids: options.threads = -1"));
  CHECK_THAT(with(2, {}, Eigen::ArrayXd::Ones(2)), ContainsSubstring("kmscape::k_medoids: weights = 2 numbers"));
  CHECK_THAT(with(2, {}, Eigen::Array3d(1, 0, 1)), ContainsSubstring("kmscape::k_medoids: weights(1) = 0"));

  const auto table_of = [&](const Eigen::MatrixXd& matrix) {
    return refusal([&] { static_cast<void>(k_medoids(matrix, 1)); });
  };
  CHECK(table_of(Eigen::MatrixXd::Zero(2, 3)) ==
        "kmscape::k_medoids: dissimilarity = a 2 x 3 matrix, but there is one row and one column for each point; pass "
        "an n x n matrix, or an EmpiricalObjective of the points");
  CHECK_THAT(table_of(Eigen::MatrixXd(0, 0)), ContainsSubstring("a 0 x 0 matrix"));
  Eigen::MatrixXd bad = d;
  bad(2, 1) = -1;
  CHECK(table_of(bad) ==
        "kmscape::k_medoids: dissimilarity(2, 1) = -1, but every dissimilarity must be a finite number >= 0; shift or "
        "replace those that are not; a large number keeps two points apart");
  bad(2, 1) = std::nan("");
  CHECK_THAT(table_of(bad), ContainsSubstring("dissimilarity(2, 1) = nan"));

  const auto callable = [&](Index n, double value, int threads) {
    return refusal([&] {
      static_cast<void>(
          k_medoids(n, [&](Index i, Index j) { return i == 2 && j >= 1 ? value : 1.0; }, 1, {.threads = threads}));
    });
  };
  CHECK_THAT(callable(0, 1, 1), ContainsSubstring("n = 0, but at least one point is needed; pass n >= 1"));
  CHECK_THAT(callable(3, std::numeric_limits<double>::infinity(), 1), ContainsSubstring("dissimilarity(2, 1) = inf"));
  CHECK_THAT(callable(30, -0.5, 2), ContainsSubstring("dissimilarity(2, 1) = -0.5"));

  CHECK(refusal([&] {
          static_cast<void>(k_medoids(EmpiricalObjective(on_line({1, 1, 2})), 3));
        }) == "kmscape::k_medoids: k = 3, but the data holds 2 distinct points; use k <= 2, or jitter the data");
}

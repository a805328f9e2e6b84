#include <kmscape/balanced/assign_balanced.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <kmscape/balanced/ballot.hpp>
#include <kmscape/balanced/entropic_ballot.hpp>

#include "support/catch.hpp"
#include "support/numbers.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/trials.hpp"

using kmscape::assign_balanced;
using kmscape::BalancedStatus;
using kmscape::Capacities;
using kmscape::Counts;
using kmscape::Index;
using testing::grid_points;
using testing::infinity;
using testing::normal_points;
using testing::on_line;

namespace {

using Bounds = Capacities::Bounds;

/// Least cost by dynamic programming over the sizes so far: any number of points may go anywhere. Weighted points go
/// copy by copy.
double least_cost(const Eigen::MatrixXd& points, const std::vector<Index>& weights, const Eigen::MatrixXd& centers,
                  const Bounds& bounds) {
  std::vector<std::size_t> place{1};
  for (const Index upper : bounds.upper) place.push_back(place.back() * static_cast<std::size_t>(upper + 1));
  std::vector<double> best(place.back(), infinity);
  best[0] = 0;
  for (Index i = 0; i < points.cols(); ++i)
    for (Index copy = 0; copy < (weights.empty() ? 1 : weights[static_cast<std::size_t>(i)]); ++copy) {
      std::vector<double> next(best.size(), infinity);
      for (std::size_t state = 0; state < best.size(); ++state) {
        if (best[state] == infinity) continue;
        for (std::size_t j = 0; j + 1 < place.size(); ++j) {
          const auto size = static_cast<Index>(state % place[j + 1] / place[j]);
          if (size == bounds.upper[j]) continue;
          const double cost = (points.col(i) - centers.col(static_cast<Index>(j))).squaredNorm();
          next[state + place[j]] = std::min(next[state + place[j]], best[state] + cost);
        }
      }
      best = next;
    }
  double least = infinity;
  for (std::size_t state = 0; state < best.size(); ++state) {
    bool fits = true;
    for (std::size_t j = 0; j + 1 < place.size(); ++j)
      fits = fits && static_cast<Index>(state % place[j + 1] / place[j]) >= bounds.lower[j];
    if (fits) least = std::min(least, best[state]);
  }
  return least;
}

/// Recomputes all that the result claims, with loops of its own.
template <class R>
void check_claims(const R& result, const Eigen::MatrixXd& points, const std::vector<Index>& weights,
                  const Eigen::MatrixXd& centers, const Bounds& bounds) {
  const Index n = points.cols(), k = centers.cols();
  Eigen::MatrixXd plan = Eigen::MatrixXd::Zero(n, k);
  for (Index i = 0; i < n; ++i)
    plan(i, result.labels(i)) = weights.empty() ? 1 : static_cast<double>(weights[static_cast<std::size_t>(i)]);
  for (const auto& share : result.shared) plan.row(share.point).setZero();
  for (const auto& share : result.shared) {
    REQUIRE(share.weight > 0);
    REQUIRE(plan(share.point, share.cluster) == 0);
    plan(share.point, share.cluster) = static_cast<double>(share.weight);
  }
  double cost = 0, gap = 0, scale = 1;
  for (Index i = 0; i < n; ++i) {
    REQUIRE(plan.row(i).sum() == (weights.empty() ? 1 : static_cast<double>(weights[static_cast<std::size_t>(i)])));
    REQUIRE(plan(i, result.labels(i)) == plan.row(i).maxCoeff());
    double least = infinity;
    for (Index j = 0; j < k; ++j)
      least = std::min(least, (points.col(i) - centers.col(j)).squaredNorm() - result.prices(j));
    for (Index j = 0; j < k; ++j) {
      const double distance = (points.col(i) - centers.col(j)).squaredNorm();
      cost += plan(i, j) * distance;
      gap += plan(i, j) * (distance - result.prices(j) - least);
      scale += plan(i, j) * (distance + std::abs(result.prices(j)));
    }
  }
  for (Index j = 0; j < k; ++j) {
    const auto at = static_cast<std::size_t>(j);
    REQUIRE(static_cast<double>(result.sizes(j)) == plan.col(j).sum());
    REQUIRE(result.sizes(j) >= bounds.lower[at]);
    REQUIRE(result.sizes(j) <= bounds.upper[at]);
    if (bounds.lower == bounds.upper) continue;
    if (result.prices(j) > 0) REQUIRE(result.sizes(j) == bounds.lower[at]);
    if (result.prices(j) < 0) REQUIRE(result.sizes(j) == bounds.upper[at]);
  }
  REQUIRE(result.status == BalancedStatus::optimal);
  REQUIRE(std::abs(result.cost - cost) <= 1e-13 * scale);
  REQUIRE(std::abs(gap) <= 1e-12 * scale);
  REQUIRE(result.gap >= 0);
  REQUIRE(result.gap_error <= 1e-12 * scale * static_cast<double>(n));
}

Eigen::MatrixXd instance_points(Index d, Index n, int kind, std::uint64_t seed) {
  if (kind == 0) return normal_points(d, n, seed);
  if (kind == 1) return grid_points(d, n, 1, seed);  // duplicates everywhere
  if (kind == 2) return grid_points(d, n, 4, seed);
  return Eigen::MatrixXd::Constant(d, n, 3);
}

/// Bounds that hold for some assignment of `total` points.
Bounds random_bounds(Index k, Index total, kmscape::RandomStream& stream) {
  std::vector<Index> sizes(static_cast<std::size_t>(k), 0);
  for (Index i = 0; i < total; ++i) ++sizes[static_cast<std::size_t>(stream.index(k))];
  Bounds bounds{sizes, sizes};
  for (std::size_t j = 0; j < sizes.size(); ++j) {
    bounds.lower[j] -= stream.index(sizes[j] + 1);
    bounds.upper[j] += stream.index(3);
  }
  return bounds;
}

std::vector<Index> no_weights;

}  // namespace

TEST_CASE(
    "Balanced assignment costs what dynamic programming finds, with ties and duplicates, for all kinds of bounds") {
  kmscape::RandomStream stream{kmscape::Seed(1)};
  for (std::uint64_t trial = 0; trial < testing::trials(3000u); ++trial) {
    const Index k = 1 + stream.index(4), n = 1 + stream.index(9), d = 1 + stream.index(3);
    const Eigen::MatrixXd points = instance_points(d, n, static_cast<int>(trial % 4), 10 * trial);
    Eigen::MatrixXd centers = instance_points(d, k, static_cast<int>(stream.index(3)), 10 * trial + 1);
    if (trial % 7 == 0) centers.col(0) = centers.col(k - 1);
    const auto random = random_bounds(k, n, stream);
    const Bounds equal{std::vector<Index>(static_cast<std::size_t>(k), n / k),
                       std::vector<Index>(static_cast<std::size_t>(k), (n + k - 1) / k)};
    CAPTURE(trial, k, n, d);
    if (k <= n) {
      const auto result = assign_balanced(points, centers);
      check_claims(result, points, no_weights, centers, equal);
      REQUIRE(result.cost == Approx(least_cost(points, no_weights, centers, equal)).epsilon(1e-12));
    }
    const auto between = assign_balanced(points, centers, Capacities::between(random.lower, random.upper));
    check_claims(between, points, no_weights, centers, random);
    REQUIRE(between.cost == Approx(least_cost(points, no_weights, centers, random)).epsilon(1e-12));
    std::vector<Index> sizes(between.sizes.data(), between.sizes.data() + k);
    const auto exact = assign_balanced(points, centers, Capacities::exactly(sizes));
    check_claims(exact, points, no_weights, centers, {sizes, sizes});
    REQUIRE(exact.cost == Approx(between.cost).epsilon(1e-12));
  }
}

TEST_CASE("Weighted balanced assignment shares points as copies would be assigned") {
  kmscape::RandomStream stream{kmscape::Seed(2)};
  for (std::uint64_t trial = 0; trial < testing::trials(1000u); ++trial) {
    const Index k = 1 + stream.index(4), n = 1 + stream.index(4), d = 1 + stream.index(2);
    const Eigen::MatrixXd points = instance_points(d, n, static_cast<int>(trial % 4), 10 * trial + 5);
    const Eigen::MatrixXd centers = instance_points(d, k, static_cast<int>(stream.index(3)), 10 * trial + 6);
    Counts weights(n);
    for (Index i = 0; i < n; ++i) weights(i) = 1 + stream.index(4);
    const std::vector<Index> copies(weights.data(), weights.data() + n);
    const auto bounds = random_bounds(k, weights.sum(), stream);
    CAPTURE(trial, k, n, d);
    const auto result = assign_balanced(points, weights, centers, Capacities::between(bounds.lower, bounds.upper));
    check_claims(result, points, copies, centers, bounds);
    REQUIRE(result.cost == Approx(least_cost(points, copies, centers, bounds)).epsilon(1e-12));
  }
}

TEST_CASE("Prices prove balanced assignments of thousands of points, where samples and refills take part") {
  for (const Index k : {2, 3, 10, 40})
    for (int kind = 0; kind < testing::trials(4); ++kind) {
      const Index n = 3001;
      CAPTURE(k, kind);
      const Eigen::MatrixXd points = instance_points(2, n, kind, 77);
      const Eigen::MatrixXd centers = normal_points(2, k, 78);
      const Bounds equal{std::vector<Index>(static_cast<std::size_t>(k), n / k),
                         std::vector<Index>(static_cast<std::size_t>(k), (n + k - 1) / k)};
      check_claims(assign_balanced(points, centers), points, no_weights, centers, equal);
      const Bounds wide{std::vector<Index>(static_cast<std::size_t>(k), n / (2 * k)),
                        std::vector<Index>(static_cast<std::size_t>(k), 3 * n / (2 * k) + 1)};
      check_claims(assign_balanced(points, centers, Capacities::between(wide.lower, wide.upper)), points, no_weights,
                   centers, wide);
      Counts weights = Counts::Constant(n, 3);
      const Bounds weighted{std::vector<Index>(static_cast<std::size_t>(k), 3 * n / k),
                            std::vector<Index>(static_cast<std::size_t>(k), (3 * n + k - 1) / k)};
      check_claims(assign_balanced(points, weights, centers), points,
                   std::vector<Index>(static_cast<std::size_t>(n), 3), centers, weighted);
    }
}

TEST_CASE("Without ties the gap of a balanced assignment is exactly 0, and its margin proves it unique") {
  for (const Index k : {2, 5, 30}) {
    const Eigen::MatrixXd points = normal_points(3, 2000, 5), centers = normal_points(3, k, 6);
    const auto result = assign_balanced(points, centers);
    CHECK(result.gap == 0);
    CHECK(result.margin > result.margin_error);
    // Another seed and a start from other prices find the same.
    const auto other = assign_balanced(points, centers, Capacities::equal(), {.seed = 9});
    CHECK((other.labels == result.labels).all());
    std::vector<double> prices(result.prices.data(), result.prices.data() + k);
    const auto warm = assign_balanced(points, centers, Capacities::equal(), {.prices = prices});
    CHECK((warm.labels == result.labels).all());
    CHECK(warm.paths == 0);
    prices[0] += 100;
    CHECK((assign_balanced(points, centers, Capacities::equal(), {.prices = prices}).labels == result.labels).all());
  }
  const auto tied = assign_balanced(on_line({0, 0, 0, 0}), on_line({-1, 1}));
  CHECK(tied.margin == 0);
  CHECK((tied.labels == testing::labels({0, 0, 1, 1})).all());
}

TEST_CASE("Balanced assignment of float data is that of its double copy, of a fixed dimension that of a dynamic one") {
  const Eigen::MatrixXf points = normal_points<float>(2, 1000, 3);
  const Eigen::MatrixXd wide = points.cast<double>(), centers = normal_points(2, 7, 4);
  const auto a = assign_balanced(points, centers), b = assign_balanced(wide, centers);
  CHECK((a.labels == b.labels).all());
  CHECK(a.cost == b.cost);
  CHECK((a.prices == b.prices).all());
  const kmscape::Points<double, 2> fixed = wide;
  CHECK((assign_balanced(fixed, centers).labels == b.labels).all());
  CHECK((assign_balanced(wide.leftCols(500), centers).labels ==
         assign_balanced(Eigen::MatrixXd(wide.leftCols(500)), centers).labels)
            .all());
  const kmscape::Points<double, 1> line = wide.row(0);
  CHECK((assign_balanced(line, centers.row(0)).labels ==
         assign_balanced(Eigen::MatrixXd(line), centers.topRows(1)).labels)
            .all());
  const kmscape::Points<long double> longer = wide.cast<long double>();
  CHECK((assign_balanced(longer, centers).labels == b.labels).all());
}

TEST_CASE("Balanced assignment does not care where the origin lies") {
  const Eigen::MatrixXd points = grid_points(2, 600, 50, 8), centers = grid_points(2, 6, 50, 9);
  const auto here = assign_balanced(points, centers);
  const auto far = assign_balanced(Eigen::MatrixXd(points.array() + 1e9), Eigen::MatrixXd(centers.array() + 1e9));
  CHECK(here.cost == far.cost);
  CHECK((here.labels == far.labels).all());
}

TEST_CASE("Selection for two clusters and exchanges agree") {
  for (const Index n : {2, 3, 101, 200001}) {
    const Eigen::MatrixXd points = n == 101 ? grid_points(1, n, 3, 1) : normal_points(1, n, 1);
    const Eigen::MatrixXd centers = on_line({-0.4, 1});
    for (const Index first : {Index{0}, Index{1}, n / 3, n}) {
      CAPTURE(n, first);
      const auto selected = assign_balanced(points, centers, Capacities::exactly({first, n - first}));
      CHECK(selected.status == BalancedStatus::optimal);
      CHECK(selected.sizes(0) == first);
      CHECK(selected.sizes(0) == (selected.labels == 0).count());
      // Weights of 1 are no weights, but go the other way.
      const auto exchanged =
          assign_balanced(points, Counts(Counts::Ones(n)), centers, Capacities::exactly({first, n - first}));
      CHECK(exchanged.cost == Approx(selected.cost).epsilon(1e-12));
    }
  }
}

TEST_CASE("Balanced assignments have the same bits for any number of threads, ties or none, two clusters or more") {
  for (const Index k : {2, 9})
    for (const bool is_tied : {false, true})
      for (const Index lower : {Index{0}, Index{40000}}) {
        // More than two of the parts that threads take.
        const Index n = k == 2 ? 150001 : 20001;
        CAPTURE(k, is_tied, lower);
        const Eigen::MatrixXd points = is_tied ? grid_points(2, n, 3, 5) : normal_points(2, n, 5);
        const Eigen::MatrixXd centers = is_tied ? grid_points(2, k, 3, 6) : normal_points(2, k, 6);
        const auto capacities = lower == 0 ? Capacities::equal() : Capacities::between(lower * n / (k * 80000), n);
        const auto one = assign_balanced(points, centers, capacities);
        for (const int threads : {2, 5}) {
          const auto many = assign_balanced(points, centers, capacities, {.threads = threads});
          REQUIRE((many.labels == one.labels).all());
          REQUIRE((many.prices == one.prices).all());
          REQUIRE(many.cost == one.cost);
          REQUIRE(many.gap == one.gap);
          REQUIRE(many.margin == one.margin);
          REQUIRE(many.gap_error == one.gap_error);
        }
      }
}

TEST_CASE("Of points that tie between two clusters the lower stay in the first, over all parts that threads take") {
  const Index n = 200000;
  const Eigen::MatrixXd points = Eigen::MatrixXd::Zero(1, n);
  for (const Index first : {Index{1}, Index{65536}, Index{100000}, n}) {
    const auto result =
        assign_balanced(points, on_line({-1, 1}), Capacities::exactly({first, n - first}), {.threads = 3});
    REQUIRE((result.labels.head(first) == 0).all());
    REQUIRE((result.labels.tail(n - first) == 1).all());
  }
}

TEST_CASE("Refused balanced assignments say why") {
  const Eigen::MatrixXd points = on_line({1, 2, 3, 4}), centers = on_line({1, 3});
  const auto with = [&](const Capacities& capacities) {
    return refusal([&] { (void)assign_balanced(points, centers, capacities); });
  };
  CHECK(with(Capacities::exactly({1, 2})) ==
        "kmscape::assign_balanced: sum of sizes = 3, but there are 4 points to hold; let the sizes add up to the "
        "number of "
        "points (the sum of the weights)");
  CHECK_THAT(with(Capacities::exactly({-1, 5})), ContainsSubstring("sizes[0] = -1, but a cluster cannot hold"));
  CHECK_THAT(with(Capacities::exactly({4})), ContainsSubstring("sizes = 1 numbers, but there are 2 centers"));
  CHECK_THAT(with(Capacities::between({0, 0}, {2})), ContainsSubstring("upper = 1 numbers"));
  CHECK_THAT(with(Capacities::between({-2, 0}, {4, 4})), ContainsSubstring("lower[0] = -2"));
  CHECK_THAT(with(Capacities::between({2, 3}, {4, 1})), ContainsSubstring("upper[1] = 1, but the lower bound of this"));
  CHECK_THAT(with(Capacities::between(3, 4)), ContainsSubstring("sum of lower = 6, but there are only 4 points"));
  CHECK_THAT(with(Capacities::between(0, 1)), ContainsSubstring("sum of upper = 2, but there are 4 points to hold"));
  const auto huge = std::numeric_limits<Index>::max();
  CHECK_THAT(with(Capacities::exactly({huge, huge})), ContainsSubstring("sum of sizes"));
  CHECK(with(Capacities::between(0, huge)).empty());
  CHECK_THAT(refusal([] { (void)Capacities::equal().bounds(0, 3); }), ContainsSubstring("Capacities::bounds: k = 0"));

  // More clusters than points are refused where all are to hold as many, not where some may stay empty.
  const Eigen::MatrixXd five = on_line({1, 2, 3, 4, 5});
  const std::string rule =
      "k = 5, but there are only 4 points, and equal sizes would leave some clusters empty; pass at most one center "
      "per "
      "point, or Capacities::between(0, 1)";
  CHECK(refusal([&] { (void)assign_balanced(points, five); }) == "kmscape::assign_balanced: " + rule);
  CHECK(refusal([&] { (void)kmscape::ballot(points, five); }) == "kmscape::assign_balanced: " + rule);
  CHECK(refusal([&] { (void)kmscape::entropic_ballot(points, five); }) == "kmscape::entropic_ballot: " + rule);
  CHECK(assign_balanced(points, Counts(Counts::Constant(4, 2)), five).sizes.minCoeff() == 1);
  CHECK(assign_balanced(points, five, Capacities::between(0, 1)).cost == 0);

  const Eigen::MatrixXd none(1, 0), plane = Eigen::MatrixXd::Zero(2, 2);
  CHECK_THAT(refusal([&] { (void)assign_balanced(none, centers); }), ContainsSubstring("points = a 1 x 0 matrix"));
  CHECK_THAT(refusal([&] { (void)assign_balanced(points, none); }), ContainsSubstring("centers = a 1 x 0 matrix"));
  CHECK_THAT(refusal([&] { (void)assign_balanced(points, plane); }), ContainsSubstring("centers.rows() = 2"));
  CHECK_THAT(refusal([&] {
               (void)assign_balanced(on_line({0, infinity}), centers);
             }),
             ContainsSubstring("points(0, 1) = inf"));
  CHECK_THAT(refusal([&] {
               (void)assign_balanced(points, on_line({0, std::nan("")}));
             }),
             ContainsSubstring("centers(0, 1) = nan"));
  CHECK_THAT(refusal([&] {
               (void)assign_balanced(on_line({0, 1e200}), centers);
             }),
             ContainsSubstring("largest |coordinate| = 1e+200, but sums of squares overflow"));
  CHECK_THAT(refusal([&] { (void)assign_balanced(points, centers, Capacities::equal(), {.prices = {1}}); }),
             ContainsSubstring("options.prices = 1 numbers, but there are 2 centers"));
  CHECK_THAT(refusal([&] {
               (void)assign_balanced(points, centers, Capacities::equal(), {.prices = {1, infinity}});
             }),
             ContainsSubstring("options.prices[1] = inf"));
  CHECK_THAT(refusal([&] { (void)assign_balanced(points, centers, Capacities::equal(), {.threads = -1}); }),
             ContainsSubstring("assign_balanced: options.threads = -1"));
  Counts weights = Counts::Ones(4);
  CHECK_THAT(refusal([&] { (void)assign_balanced(points, Counts(weights.head(3)), centers); }),
             ContainsSubstring("weights = 3 numbers, but there are 4 points"));
  weights(2) = 0;
  CHECK_THAT(refusal([&] { (void)assign_balanced(points, weights, centers); }), ContainsSubstring("weights(2) = 0"));
  weights << (Index{1} << 53), 1, 1, 1;
  CHECK_THAT(refusal([&] { (void)assign_balanced(points, weights, centers); }),
             ContainsSubstring("weights(1) = 1, but the sum of the weights exceeds 2^53"));
}

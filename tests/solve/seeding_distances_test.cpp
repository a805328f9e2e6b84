#include <kmscape/solve/seeding_distances.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/solve/seeding.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::Seeding;
using kmscape::SeedingOptions;
using kmscape::ThreadTeam;
using kmscape::internal::NearestDistances;
using kmscape::internal::Skipping;
using testing::grid_points;
using testing::normal_points;

namespace {

/// Twelve groups of points in any order.
Eigen::MatrixXd grouped_points(Index d, Index n, std::uint64_t seed) {
  kmscape::RandomStream stream{kmscape::Seed(seed)};
  const Eigen::MatrixXd centers = 30 * normal_points(d, 12, seed + 1);
  Eigen::MatrixXd points = normal_points(d, n, seed + 2);
  for (Index i = 0; i < n; ++i) points.col(i) += centers.col(stream.index(12));
  return points;
}

template <class O>
auto drawn(const O& objective, Index k, const SeedingOptions& options, Skipping skipping) {
  kmscape::RandomStream stream(options.seed);
  return kmscape::internal::Seeder<O>(objective, k, stream, skipping).run(options);
}

Eigen::ArrayXd some_weights(Index n) {
  kmscape::RandomStream stream{kmscape::Seed{77}};
  return Eigen::ArrayXd::NullaryExpr(n, [&] { return 0.1 + stream.uniform(); });
}

}  // namespace

TEMPLATE_TEST_CASE("distances and their sum are those of the definition in every dimension", "", float, double,
                   long double) {
  using Real = kmscape::Sum<TestType>;
  ThreadTeam team(1);
  for (const Index d : {1, 2, 3, 5, 8, 9, 15, 16, 17, 24, 35})
    for (const bool weighted : {false, true}) {
      const Index n = 700;
      INFO("d = " << d << ", weighted: " << weighted);
      const auto x = normal_points<TestType>(d, n, 1);
      const kmscape::Weights<TestType> w =
          weighted ? kmscape::Weights<TestType>(some_weights(n).cast<TestType>()) : kmscape::Weights<TestType>();
      const EmpiricalObjective<TestType> objective(x, w);
      NearestDistances<EmpiricalObjective<TestType>> nearest(objective, 5, team, Skipping::on);
      const std::vector<Index> chosen = {17, 3, 650, 255, 256};
      for (const Index point : chosen) nearest.lower(point);
      Real sum = 0;
      for (Index i = 0; i < n; ++i) {
        Real least = std::numeric_limits<Real>::infinity();
        for (std::size_t j = 0; j < chosen.size(); ++j) {
          Real squared = 0;
          for (Index s = 0; s < d; ++s) {
            const Real difference = static_cast<Real>(x(s, i)) - static_cast<Real>(x(s, chosen[j]));
            squared += difference * difference;
          }
          least = std::min(least, squared);
        }
        REQUIRE(std::abs(nearest.at(i) - least) <= 50 * std::numeric_limits<Real>::epsilon() * least);
        sum += static_cast<Real>(objective.weight(i)) * least;
      }
      CHECK(std::abs(nearest.total() - sum) <= 1000 * std::numeric_limits<Real>::epsilon() * sum);
      const auto [farthest, squared] = nearest.farthest();
      for (Index i = 0; i < n; ++i) REQUIRE((nearest.at(i) < squared || (nearest.at(i) == squared && i >= farthest)));
    }
}

TEST_CASE("potentials are the objective with one center more") {
  ThreadTeam team(1);
  for (const Index d : {2, 20})
    for (const Index trials : {1, 1000}) {  // 1000: in Morton order
      const Eigen::MatrixXd x = grouped_points(d, 5000, 5);
      const EmpiricalObjective objective(x, some_weights(5000));
      NearestDistances<EmpiricalObjective<double>> nearest(objective, trials, team, Skipping::on);
      for (const Index point : {0, 11, 4000}) nearest.lower(point);
      const std::vector<Index> candidates = {1, 4999, 11, 2500};
      const auto potentials = nearest.potentials(candidates);
      for (std::size_t c = 0; c < candidates.size(); ++c) {
        Eigen::MatrixXd centers(d, 4);
        centers << x.col(0), x.col(11), x.col(4000), x.col(candidates[c]);
        CHECK(potentials[c] == Approx(objective.value(centers)).epsilon(1e-12));
      }
      CHECK(potentials[2] == nearest.total());
      nearest.accept(3);
      CHECK(nearest.total() == potentials[3]);
      CHECK(nearest.centers() == 4);
    }
}

TEST_CASE("what is left out changes no bit: same distances, same points") {
  struct Data {
    const char* name;
    double scale, offset;
    bool is_grid;
  };
  for (const Data& data : {Data{"groups", 1, 0, false}, Data{"groups far from the origin", 1, 1e9, false},
                           Data{"squares underflow", 1e-162, 0, false}, Data{"squares overflow", 2e153, 0, false},
                           Data{"copies and ties", 1, 0, true}})
    for (const Index d : {1, 2, 8, 9, 20}) {
      const Index n = d <= 8 ? 4500 : 1100;  // enough for Morton order up to 8 dimensions
      const Eigen::MatrixXd x = data.is_grid ? grid_points(d, n, 3, 6) : grouped_points(d, n, 6);
      const EmpiricalObjective objective(((data.scale * x).array() + data.offset).matrix(), some_weights(n));
      ThreadTeam team(1);
      for (const Index trials : {1, 1000}) {
        using Distances = NearestDistances<EmpiricalObjective<double>>;
        Distances with(objective, trials, team, Skipping::on), without(objective, trials, team, Skipping::off);
        for (Index j = 0; j < 12; ++j) {
          with.lower(90 * j);
          without.lower(90 * j);
          bool same = true;
          for (Index i = 0; i < n; ++i) same = same && with.at(i) == without.at(i);
          INFO(data.name << ", d = " << d << ", center " << j);
          REQUIRE(same);
          REQUIRE(with.total() == without.total());
          REQUIRE(with.potentials({j, 99 * j}) == without.potentials({j, 99 * j}));
        }
      }
      for (const auto& options :
           {SeedingOptions{.method = Seeding::kmeans_plus_plus, .seed = 1},
            SeedingOptions{.method = Seeding::greedy_kmeans_plus_plus, .candidates = 30, .seed = 2},
            SeedingOptions{.method = Seeding::maximin, .seed = 3},
            SeedingOptions{.method = Seeding::kmeans_parallel, .seed = 4, .rounds = 2}}) {
        const Index k = data.is_grid && d == 1 ? 4 : 15;
        const auto with = drawn(objective, k, options, Skipping::on);
        const auto without = drawn(objective, k, options, Skipping::off);
        INFO(data.name << ", d = " << d << ", " << to_string(options.method));
        CHECK(with.points == without.points);
        CHECK(without.distances_saved == 0);
        if (data.scale == 1 && !data.is_grid && options.method == Seeding::greedy_kmeans_plus_plus)
          CHECK(with.distances_saved > 0);
      }
    }
}

TEST_CASE("points between two centers, where the triangle inequality is an equality, are judged rightly") {
  for (const Index d : {2, 12}) {
    const Eigen::MatrixXd x = Eigen::VectorXd::Ones(d) * grid_points(1, 5000, 1000, 12);
    const EmpiricalObjective objective(x);
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const SeedingOptions options{.method = Seeding::greedy_kmeans_plus_plus, .candidates = 10, .seed = seed};
      const auto with = drawn(objective, 40, options, Skipping::on);
      CHECK(with.points == drawn(objective, 40, options, Skipping::off).points);
      CHECK(with.distances_saved > with.distances);
    }
  }
}

TEST_CASE("distances are counted: every point against every center is computed or saved") {
  for (const Index d : {2, 12}) {
    const EmpiricalObjective objective(grouped_points(d, 6000, 8));
    const Index k = d == 2 ? 220 : 30;  // many enough in the plane for Morton order
    const Index between_centers = d > 8 ? (k - 1) * (k - 2) / 2 : 0;
    const auto plain = drawn(objective, k, {.seed = 1}, Skipping::on);
    CHECK(plain.distances + plain.distances_saved == (k - 1) * 6000 + between_centers);  // the last one lowers nothing
    CHECK(plain.distances_saved > plain.distances);
    CHECK(drawn(objective, k, {.seed = 1}, Skipping::off).distances == (k - 1) * 6000);
    const auto greedy =
        drawn(objective, k, {.method = Seeding::greedy_kmeans_plus_plus, .candidates = 4, .seed = 1}, Skipping::off);
    // Beyond 8 dimensions the accepted candidate's distances are kept.
    CHECK(greedy.distances == (d > 8 ? 1 : k - 1) * 6000 + (k - 1) * 4 * 6000);
    const auto chains = drawn(objective, 4, {.method = Seeding::afk_mc2, .seed = 1, .chain_length = 10}, Skipping::on);
    CHECK(chains.distances == 6000 + 10 * (1 + 2 + 3));
  }
}

TEST_CASE("a draw follows w D^2, also where the points were put in another order") {
  // All but six points lie on centers.
  const Index n = 5000;
  for (const Index d : {1, 3, 10}) {
    Eigen::MatrixXd x = Eigen::MatrixXd::Zero(d, n);
    const std::vector<Index> free = {0, 255, 256, 1000, 4095, 4999};
    Eigen::ArrayXd w = some_weights(n);
    double total = 0;
    for (std::size_t f = 0; f < free.size(); ++f) {
      x(d - 1, free[f]) = static_cast<double>(f + 1) * (f % 2 == 0 ? 1 : -1);
      total += w(free[f]) * static_cast<double>((f + 1) * (f + 1));
    }
    const EmpiricalObjective objective(x, w);
    ThreadTeam team(1);
    NearestDistances<EmpiricalObjective<double>> nearest(objective, 1000, team, Skipping::on);
    nearest.lower(1);
    CHECK(nearest.total() == Approx(total).epsilon(1e-14));
    kmscape::RandomStream stream{kmscape::Seed{9}};
    std::map<Index, int> seen;
    constexpr int trials = 40'000;
    for (int t = 0; t < trials; ++t) ++seen[nearest.draw(stream)];
    CHECK(seen.size() == free.size());
    double chi_square = 0;
    for (std::size_t f = 0; f < free.size(); ++f) {
      const double expected = trials * w(free[f]) * static_cast<double>((f + 1) * (f + 1)) / total;
      chi_square += (seen[free[f]] - expected) * (seen[free[f]] - expected) / expected;
    }
    CHECK(chi_square < 25.7);  // 5 degrees of freedom: exceeded with probability 1e-4
    CHECK(nearest.farthest().first == 4999);
    for (const Index point : free) nearest.lower(point);
    CHECK(nearest.total() == 0);
    CHECK(nearest.draw(stream) == -1);
  }
}

TEST_CASE("the number of threads changes no draw and no count") {
  for (const Index d : {2, 12}) {
    const Index n = d == 2 ? 70'000 : 12'000;  // enough for threads to be started
    const EmpiricalObjective objective(grouped_points(d, n, 10));
    for (const auto& options : {SeedingOptions{.method = Seeding::kmeans_plus_plus, .seed = 1},
                                SeedingOptions{.method = Seeding::greedy_kmeans_plus_plus, .candidates = 20, .seed = 2},
                                SeedingOptions{.method = Seeding::maximin, .seed = 3},
                                SeedingOptions{.method = Seeding::kmeans_parallel, .seed = 4, .rounds = 2},
                                SeedingOptions{.method = Seeding::afk_mc2, .seed = 5, .chain_length = 20}}) {
      auto more = options;
      const auto one = kmscape::seed_centers(objective, 12, options);
      for (const int threads : {2, 3, 0}) {
        more.threads = threads;
        const auto other = kmscape::seed_centers(objective, 12, more);
        INFO(to_string(options.method) << ", d = " << d << ", threads " << threads);
        CHECK(one.points == other.points);
        CHECK(one.distances == other.distances);
        CHECK(one.distances_saved == other.distances_saved);
      }
    }
  }
}

// Degenerate input of transitions, each kind by hand: what comes out, and what a refusal says.
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <kmscape/transition/constrained_lsa.hpp>
#include <kmscape/transition/transition.hpp>
#include <kmscape/transition/verify.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

namespace {

/// A transition with all diagrams that has every property of Theorem 1.
kmscape::Transition verified(const Eigen::MatrixXd& points, const kmscape::Labels& start, const Eigen::MatrixXd& s,
                             const kmscape::Labels& target, const Eigen::MatrixXd& t) {
  auto result = kmscape::transition(points, start, s, target, t, {.diagrams = kmscape::Diagrams::all});
  CHECK(kmscape::verify(points, result).holds);
  CHECK(kmscape::verify(points, kmscape::reversed(result)).holds);
  return result;
}

}  // namespace

TEST_CASE("Degenerate: items all equal are exchanged at lambda = 1, by ties, until the target is reached") {
  const Eigen::MatrixXd points = Eigen::MatrixXd::Constant(2, 4, 3.0);
  const Eigen::MatrixXd s = testing::normal_points(2, 2, 1), t = testing::normal_points(2, 2, 2);
  const auto walk = verified(points, testing::labels({0, 0, 0, 1}), s, testing::labels({0, 1, 1, 1}), t);
  REQUIRE(walk.steps.size() == 2);
  for (const auto& step : walk.steps) {
    CHECK(step.is_tie);
    CHECK(step.lambda == 1);
    CHECK(step.moves.size() == 1);
    CHECK(step.margin == Approx(0).margin(1e-12));
  }
}

TEST_CASE("Degenerate: between equal sites every clustering is optimal, and no boundary bounds the margin") {
  const Eigen::MatrixXd points = testing::on_line({0, 1, 2, 3}), equal = testing::on_line({1, 1});
  const auto walk = verified(points, testing::labels({0, 1, 0, 1}), equal, testing::labels({1, 0, 1, 0}), equal);
  REQUIRE(walk.steps.size() == 2);
  for (const auto& step : walk.steps) {
    CHECK(step.is_tie);
    CHECK(kmscape::is_cyclical(step.moves));
    CHECK(std::isinf(step.margin));
  }
}

TEST_CASE("Degenerate: sites that change places on a line meet on the way, where all exchanges fall on one lambda") {
  const Eigen::MatrixXd points = testing::on_line({0, 1, 2, 3}), s = testing::on_line({0, 3}),
                        t = testing::on_line({3, 0});
  const auto walk = verified(points, testing::labels({0, 0, 1, 1}), s, testing::labels({1, 1, 0, 0}), t);
  REQUIRE(walk.steps.size() == 2);
  for (const auto& step : walk.steps) CHECK(step.lambda == 0.5);
  CHECK(!walk.steps[0].is_tie);
  CHECK(walk.steps[1].is_tie);
}

TEST_CASE("Degenerate: of equal items in a tie the lowest index goes") {
  const Eigen::MatrixXd points = testing::on_line({-3, 1, 1, 1, 1, 2}), sites = testing::on_line({0, 5});
  kmscape::Counts lower(2), upper(2);
  lower << 0, 0;
  upper << 6, 4;
  const auto walk = kmscape::lsa_to_radial(points, testing::labels({0, 0, 0, 0, 0, 1}), sites, lower, upper);
  REQUIRE(walk.steps.size() == 3);
  for (kmscape::Index r = 0; r < 3; ++r)
    CHECK(walk.steps[static_cast<std::size_t>(r)].moves == kmscape::ItemExchange{{r + 1, 0, 1}});
}

TEST_CASE("Degenerate: coordinates whose products overflow are refused by name, the largest below are not") {
  const auto labels = testing::labels({0, 0, 1, 1}), other = testing::labels({0, 1, 1, 1});
  const Eigen::MatrixXd near = testing::on_line({0, 1, 2, 3}), sites = testing::on_line({0, 3});
  for (const double scale : {1e155, 1e300}) {
    const Eigen::MatrixXd far = scale * near, far_sites = scale * sites;
    CHECK_THAT(refusal([&] { (void)kmscape::transition(far, labels, sites, other, sites); }),
               ContainsSubstring("kmscape::transition: points(0, 1) = "));
    CHECK_THAT(refusal([&] { (void)kmscape::transition(near, labels, sites, other, far_sites); }),
               ContainsSubstring("kmscape::transition: target_sites(0, 1) = "));
    CHECK_THAT(refusal([&] { (void)kmscape::constrained_lsa(far, sites, kmscape::Counts::Constant(2, 2)); }),
               ContainsSubstring("kmscape::constrained_lsa: points(0, 1) = "));
    CHECK_THAT(refusal([&] { (void)kmscape::radial_clustering(near, far_sites, kmscape::Capacities::equal()); }),
               ContainsSubstring("kmscape::radial_clustering: sites(0, 1) = "));
    CHECK_THAT(refusal([&] { (void)kmscape::maximum_margin_diagram(far, labels, sites); }),
               ContainsSubstring("sums of products overflow above "));
  }
  const auto walk = verified(1e151 * near, labels, 1e151 * sites, other, 1e151 * sites);
  REQUIRE(walk.steps.size() == 1);
  CHECK(walk.steps[0].margin == Approx(0.5e151));
}

TEST_CASE("Degenerate: clusters may be empty at the start, at the target or throughout") {
  const Eigen::MatrixXd points = testing::on_line({0, 1, 2, 3}), sites = testing::on_line({0, 3, 9, 20});
  const auto fills = verified(points, testing::labels({0, 0, 1, 1}), sites, testing::labels({0, 0, 1, 2}), sites);
  REQUIRE(fills.steps.size() == 1);
  CHECK(fills.steps[0].moves == kmscape::ItemExchange{{3, 1, 2}});
  const auto empties = verified(points, testing::labels({0, 0, 1, 2}), sites, testing::labels({0, 0, 0, 2}), sites);
  CHECK(empties.target(2) == 0);
  const auto all_in_one = verified(points, testing::labels({0, 0, 0, 0}), sites, testing::labels({3, 3, 3, 3}), sites);
  CHECK(all_in_one.steps.size() == 4);
  CHECK(verified(points, testing::labels({0, 0, 0, 0}), sites, testing::labels({0, 0, 0, 0}), sites).steps.empty());
}

TEST_CASE("Degenerate: a target that is no assignment for any sites is refused, with the exchange that shows it") {
  Eigen::MatrixXd square(2, 4);
  square << 0, 1, 0, 1, 0, 1, 1, 0;
  const auto crossed = testing::labels({0, 0, 1, 1});
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const Eigen::MatrixXd sites = testing::normal_points(2, 2, seed);
    const auto start = kmscape::constrained_lsa(square, sites, kmscape::Counts::Constant(2, 2));
    const auto words = refusal([&] { (void)kmscape::transition(square, start, sites, crossed, sites); });
    INFO("seed " << seed);
    CHECK_THAT(words, ContainsSubstring("kmscape::transition: target = a clustering, but it is no constrained "
                                        "least-squares assignment for target_sites: moving item "));
    CHECK_THAT(words, ContainsSubstring("keeps all sizes and lowers the sum of squared distances by "));
  }
  // Equal sites tell no clusters apart, and therefore do not refuse any.
  const Eigen::MatrixXd equal = Eigen::MatrixXd::Zero(2, 2);
  CHECK(verified(square, testing::labels({0, 1, 0, 1}), equal, crossed, equal).steps.size() == 1);
}

TEST_CASE("Degenerate: coarse grids of items and sites end after finitely many steps, few for their items") {
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    const kmscape::Index n = 30, k = 2 + static_cast<kmscape::Index>(seed % 4);
    const Eigen::MatrixXd points = testing::grid_points(2, n, 1 + static_cast<kmscape::Index>(seed % 3), seed);
    const Eigen::MatrixXd s = testing::grid_points(2, k, 1, seed + 1000),
                          t = testing::grid_points(2, k, 1, seed + 2000);
    kmscape::RandomStream stream(kmscape::Seed{seed}, 9);
    kmscape::Counts first = kmscape::Counts::Zero(k), last = kmscape::Counts::Zero(k);
    for (kmscape::Index j = 0; j < n; ++j) {
      ++first(stream.index(k));
      ++last(stream.index(k));
    }
    INFO("seed " << seed);
    const auto walk = kmscape::transition(points, kmscape::constrained_lsa(points, s, first), s,
                                          kmscape::constrained_lsa(points, t, last), t);
    CHECK(kmscape::verify(points, walk).holds);
    CHECK(static_cast<kmscape::Index>(walk.steps.size()) <= 3 * n * k);
  }
}

// Errata of BHZ that no other test of transitions shows; examples/figures/README.md lists all.
#include <cmath>
#include <cstddef>

#include <kmscape/geometry/power_diagram.hpp>
#include <kmscape/transition/constrained_lsa.hpp>
#include <kmscape/transition/transition.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/transitions.hpp"

TEST_CASE("BHZ Theorem 1: two mirrored pairs are exchanged at one lambda, between which LP (6) has the optimum 0") {
  Eigen::MatrixXd points(2, 4), s(2, 4), t(2, 4);
  points << 5, 5.5, -5, -5.5, 1, -1, -1, 1;
  s << 5, 6, -5, -6, 1, -1, -1, 1;
  t << 5, 6, -5, -6, -1.2, 1.1, 1.2, -1.1;
  const auto walk = kmscape::transition(points, testing::labels({0, 1, 2, 3}), s, testing::labels({1, 0, 3, 2}), t,
                                        {.diagrams = kmscape::Diagrams::margins});
  REQUIRE(walk.steps.size() == 2);
  const double lambda = 4.5 / 8.6;  // (x_0 - x_1) . (s_0 - s_1) = 4.5, and -4.1 with t
  for (const auto& step : walk.steps) CHECK(step.lambda == Approx(lambda));
  CHECK(walk.steps[0].lambda == walk.steps[1].lambda);
  CHECK(walk.steps[1].is_tie);
  auto between = walk.start;
  kmscape::apply_exchange(walk.steps[0].moves, between);
  CHECK(walk.steps[0].margin == Approx(0).margin(1e-12));
  CHECK(testing::largest_margin(points, between, (1 - lambda) * s + lambda * t) == Approx(0).margin(1e-12));
}

TEST_CASE("BHZ Algorithm 3: where the optimum at t is not unique no breakpoint leads to the target") {
  // Both items lie on the boundary for all sites on the way: each clustering with one item a cluster is optimal.
  Eigen::MatrixXd points(2, 2), s(2, 2), t(2, 2);
  points << 0, 0, 1, -1;
  s << 1, -1, 0, 0;
  t << 2, -1, 0, 0;
  const auto start = testing::labels({0, 1}), target = testing::labels({1, 0});
  const kmscape::Counts one = kmscape::Counts::Ones(2);
  CHECK(std::isinf(testing::ranging_breakpoint(points, start, s, t, one, one, Eigen::VectorXd::Zero(2))));
  const auto walk = kmscape::transition(points, start, s, target, t);
  REQUIRE(walk.steps.size() == 1);
  CHECK(walk.steps[0].lambda == 1);
  CHECK(walk.steps[0].is_tie);
}

TEST_CASE("BHZ Figure 1: balls meet between their cells when r^2 grows by the same, not when r grows by a factor") {
  Eigen::MatrixXd sites(2, 2);
  sites << 0, 4, 0, 0;
  const Eigen::Array2d squared(1, 4);
  const auto diagram = kmscape::power_diagram(sites, squared);
  // The point where the circles of squared radii a around (0, 0) and b around (4, 0) meet.
  const auto meeting = [](double a, double b) -> Eigen::MatrixXd {
    const double x = (16 + a - b) / 8;
    return Eigen::Vector2d(x, std::sqrt(a - x * x));
  };
  for (const double more : {2.0, 3.0, 10.0})
    CHECK(diagram.margin(meeting(1 + more, 4 + more), testing::labels({0})) == Approx(0).margin(1e-12));
  for (const double factor : {1.5, 2.0})
    CHECK(std::abs(diagram.margin(meeting(factor * factor, 4 * factor * factor), testing::labels({0}))) > 0.4);
}

TEST_CASE("BHZ: sites moved past each breakpoint by 5% of the way to it skip the breakpoints that follow closely") {
  const kmscape::Index n = 300, k = 5;
  const Eigen::MatrixXd points = testing::normal_points(2, n, 1), s = testing::normal_points(2, k, 2),
                        t = testing::normal_points(2, k, 3);
  const kmscape::Counts sizes = kmscape::Counts::Constant(k, n / k);
  const auto target = kmscape::constrained_lsa(points, t, sizes);
  auto labels = kmscape::constrained_lsa(points, s, sizes);
  const auto walk = kmscape::transition(points, labels, s, target, t);
  int skipped = 0;
  double last = 0;
  for (std::size_t r = 0; r + 1 < walk.steps.size(); ++r) {
    const double lambda = walk.steps[r].lambda, past = lambda + 0.05 * (lambda - last);
    last = lambda;
    const auto before = labels;
    kmscape::apply_exchange(walk.steps[r].moves, labels);
    if (walk.steps[r + 1].lambda >= past || past > 1) continue;
    const auto found = kmscape::constrained_lsa(points, (1 - past) * s + past * t, sizes);
    CHECK((found != labels).any());
    const auto exchanges = kmscape::decompose(kmscape::difference_graph(before, found));
    skipped += exchanges.size() > 1;
  }
  CHECK(skipped > 0);
}

#include <kmscape/transition/separating_diagram.hpp>

#include <cmath>
#include <cstdint>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/transitions.hpp"

TEST_CASE("The maximum margin is the optimum of LP (6), and the diagram has it") {
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    const kmscape::Index n = 8, k = 2 + static_cast<kmscape::Index>(seed % 3);
    const Eigen::MatrixXd points = testing::normal_points(2, n, seed), sites = testing::normal_points(2, k, seed + 1);
    kmscape::PowerDiagram voronoi{sites, sites.colwise().squaredNorm().transpose() / 2};
    const auto labels = voronoi.classify(points);
    const auto found = kmscape::maximum_margin_diagram(points, labels, sites);
    const double expected = testing::largest_margin(points, labels, sites);
    if (std::isinf(expected)) {
      CHECK(std::isinf(found.margin));
      continue;
    }
    CHECK(found.margin == Approx(expected).margin(1e-10));
    CHECK(found.margin >= voronoi.margin(points, labels) - 1e-12);
    CHECK(found.diagram.margin(points, labels) == Approx(expected).margin(1e-10));
    CHECK((found.diagram.classify(points) == labels).all());
    CHECK(found.diagram.gamma(0) == 0);
  }
}

TEST_CASE(
    "Halfway between two items runs the boundary; without one the margin is infinite, and negative without a diagram") {
  const Eigen::MatrixXd points = testing::on_line({0, 1, 4, 6}), sites = testing::on_line({-1, 2});
  const auto found = kmscape::maximum_margin_diagram(points, testing::labels({0, 0, 1, 1}), sites);
  CHECK(found.margin == Approx(1.5));
  CHECK(found.diagram.gamma(1) == Approx(3 * 2.5));
  CHECK(std::isinf(kmscape::maximum_margin_diagram(points, testing::labels({1, 1, 1, 1}), sites).margin));
  CHECK(std::isinf(
      kmscape::maximum_margin_diagram(points, testing::labels({0, 1, 0, 1}), testing::on_line({3, 3})).margin));
  CHECK(kmscape::maximum_margin_diagram(points, testing::labels({1, 0, 0, 1}), sites).margin == Approx(-2));
}

TEST_CASE("A shared diagram has the items that move on its boundaries, and exists only where both are optimal") {
  const Eigen::MatrixXd points = testing::on_line({0, 1, 4, 6}), sites = testing::on_line({-1, 2});
  const auto first = testing::labels({0, 0, 1, 1}), second = testing::labels({0, 0, 0, 1});
  const auto shared = kmscape::shared_diagram(points, first, second, sites);
  REQUIRE(shared);
  CHECK(shared->gamma(1) - shared->gamma(0) == Approx(3 * 4));
  CHECK(shared->margin(points, first) == Approx(0).margin(1e-12));
  CHECK(shared->margin(points, second) == Approx(0).margin(1e-12));
  CHECK(!kmscape::shared_diagram(points, first, testing::labels({0, 0, 0, 0}), sites));
  CHECK(!kmscape::shared_diagram(points, first, testing::labels({0, 1, 0, 1}), sites));
}

TEST_CASE("Diagrams refuse what does not fit together") {
  const Eigen::MatrixXd points = testing::on_line({0, 1}), sites = testing::on_line({0, 3});
  CHECK_THAT(refusal([&] {
               (void)kmscape::maximum_margin_diagram(points, testing::labels({0, 2}), sites);
             }),
             ContainsSubstring("labels(1) = 2, but there are 2 sites"));
  CHECK_THAT(refusal([&] { (void)kmscape::maximum_margin_diagram(points, testing::labels({0}), sites); }),
             ContainsSubstring("labels = 1 labels"));
  CHECK_THAT(refusal([&] {
               (void)kmscape::shared_diagram(points, testing::labels({0, 1}), testing::labels({0, 5}), sites);
             }),
             ContainsSubstring("second(1) = 5"));
}

#include <kmscape/geometry/power_diagram.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

TEST_CASE("With gamma = |s|^2 / 2 a power diagram is the Voronoi diagram") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Eigen::MatrixXd sites = testing::normal_points(2, 5, seed), points = testing::normal_points(2, 40, seed + 50);
    const kmscape::PowerDiagram diagram{sites, sites.colwise().squaredNorm().transpose() / 2};
    const auto labels = diagram.classify(points);
    double room = std::numeric_limits<double>::infinity();
    for (kmscape::Index j = 0; j < points.cols(); ++j) {
      Eigen::Index nearest = 0;
      (sites.colwise() - points.col(j)).colwise().squaredNorm().minCoeff(&nearest);
      CHECK(labels(j) == nearest);
      for (kmscape::Index l = 0; l < 5; ++l) {
        CHECK(diagram.cell(l).contains(points.col(j)) == (l == nearest));
        if (l != nearest)
          room = std::min(room, ((points.col(j) - sites.col(l)).squaredNorm() -
                                 (points.col(j) - sites.col(nearest)).squaredNorm()) /
                                    (2 * (sites.col(l) - sites.col(nearest)).norm()));
      }
    }
    CHECK(diagram.margin(points, labels) == Approx(room));
    auto wrong = labels;
    wrong(0) = (labels(0) + 1) % 5;
    CHECK(diagram.margin(points, wrong) < 0);
  }
}

TEST_CASE("A larger gamma shrinks a cell, and of equal sites the least gamma owns the cell") {
  Eigen::MatrixXd sites(2, 3);
  sites << 0, 2, 2, 0, 0, 0;
  const kmscape::PowerDiagram diagram{sites, Eigen::Vector3d(0, 6, 7)};  // x = 3 between 0 and 1
  Eigen::MatrixXd points(2, 3);
  points << 1, 3, 5, 0, 0, 0;
  CHECK((diagram.classify(points) == testing::labels({0, 0, 1})).all());  // the lowest on a boundary
  CHECK(diagram.margin(points, testing::labels({0, 1, 1})) == 0);
  CHECK(diagram.margin(points, testing::labels({0, 0, 2})) == -std::numeric_limits<double>::infinity());
  CHECK(diagram.cell(2).is_empty());
  REQUIRE(diagram.cell(0).edges().size() == 1);
  CHECK(diagram.cell(0).edges()[0].offset == 3);
  CHECK(diagram.cell(0).edges()[0].origin == 1);
}

TEST_CASE("The power diagram of prices puts a point where its squared distance less the price is least") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Eigen::MatrixXd sites = testing::normal_points(3, 6, seed), points = testing::normal_points(3, 40, seed + 50);
    const Eigen::ArrayXd prices = testing::normal_points(1, 6, seed + 90).transpose();
    const auto labels = kmscape::power_diagram(sites, prices).classify(points);
    for (kmscape::Index j = 0; j < points.cols(); ++j) {
      Eigen::Index cheapest = 0;
      ((sites.colwise() - points.col(j)).colwise().squaredNorm().transpose().array() - prices).minCoeff(&cheapest);
      CHECK(labels(j) == cheapest);
    }
  }
  CHECK_THAT(refusal([] {
               (void)kmscape::power_diagram(testing::on_line({1, 2}), Eigen::ArrayXd::Zero(3));
             }),
             ContainsSubstring("kmscape::power_diagram: prices.size() = 3, but there are 2 sites; pass one price per "
                               "site"));
  CHECK_THAT(refusal([] { (void)kmscape::power_diagram(testing::on_line({1}), Eigen::ArrayXd::Constant(1, NAN)); }),
             ContainsSubstring("prices(0) = nan, but a price is a finite number"));
}

TEST_CASE("Power diagrams refuse points and cells that they have not") {
  const kmscape::PowerDiagram diagram{Eigen::MatrixXd::Identity(3, 3), Eigen::Vector3d(0, 0, 0)};
  CHECK_THAT(refusal([&] { (void)diagram.classify(testing::on_line({1})); }),
             ContainsSubstring("points.rows() = 1, but the sites have 3 coordinates"));
  CHECK_THAT(refusal([&] { (void)diagram.margin(testing::on_line({1}), testing::labels({0})); }),
             ContainsSubstring("PowerDiagram::margin"));
  CHECK_THAT(refusal([&] { (void)diagram.margin(Eigen::MatrixXd::Identity(3, 1), testing::labels({3})); }),
             ContainsSubstring("labels(0) = 3, but there are 3 cells"));
  CHECK_THAT(refusal([&] { (void)diagram.cell(0); }), ContainsSubstring("cells are polygons in the plane only"));
  const kmscape::PowerDiagram plane{Eigen::MatrixXd::Identity(2, 2), Eigen::Vector2d(0, 0)};
  CHECK_THAT(refusal([&] { (void)plane.cell(2); }), ContainsSubstring("cells are numbered 0, ..., k - 1"));
}

TEST_CASE(
    "Power diagrams refuse coordinates whose products overflow, and gammas that are not one finite number a site") {
  const auto far = testing::on_line({0, 1e160}), near = testing::on_line({0, 1});
  const kmscape::PowerDiagram diagram{near, Eigen::Vector2d(0, 0.5)};
  CHECK_THAT(
      refusal([&] { (void)diagram.classify(far); }),
      ContainsSubstring("kmscape::PowerDiagram::classify: points(0, 1) = 1e+160, but sums of products overflow"));
  CHECK_THAT(refusal([&] {
               (void)diagram.margin(far, testing::labels({0, 1}));
             }),
             ContainsSubstring("kmscape::PowerDiagram::margin: points(0, 1) = 1e+160"));
  CHECK_THAT(refusal([&] {
               (void)kmscape::PowerDiagram{far, Eigen::Vector2d(0, 0)}.classify(near);
             }),
             ContainsSubstring("sites(0, 1) = 1e+160"));
  CHECK_THAT(refusal([&] { (void)kmscape::power_diagram(far, Eigen::Array2d(0, 0)); }),
             ContainsSubstring("kmscape::power_diagram: sites(0, 1) = 1e+160"));
  CHECK_THAT(refusal([&] {
               (void)kmscape::PowerDiagram{near, Eigen::Vector3d(0, 0, 0)}.classify(near);
             }),
             ContainsSubstring("gamma.size() = 3, but there are 2 sites; give each site one gamma"));
  CHECK_THAT(refusal([&] {
               (void)kmscape::PowerDiagram{near, Eigen::Vector2d(0, NAN)}.classify(near);
             }),
             ContainsSubstring("gamma(1) = nan"));
  CHECK_THAT(refusal([&] {
               (void)kmscape::PowerDiagram{Eigen::MatrixXd::Identity(2, 2), Eigen::VectorXd::Zero(1)}.cell(0);
             }),
             ContainsSubstring("gamma.size() = 1"));
  // The largest that is accepted is told apart exactly.
  const auto largest = testing::on_line({-1e152, 1e152});
  CHECK((kmscape::power_diagram(largest, Eigen::Array2d(0, 0)).classify(largest) == testing::labels({0, 1})).all());
}

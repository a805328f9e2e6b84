#include <kmscape/landscape/global_certificate.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "support/catch.hpp"
#include "support/partitions.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::global_certificate;
using kmscape::GlobalMethod;
using kmscape::GlobalVerdict;

TEST_CASE("a global certificate on the line names the better centers or proves that there are none") {
  const kmscape::EmpiricalObjective objective(testing::on_line({0, 1, 10, 11, 30}));
  const auto good = global_certificate(objective, testing::on_line({0.5, 10.5, 30}));
  CHECK(good.method == GlobalMethod::line);
  CHECK(good.verdict == GlobalVerdict::optimal);
  CHECK(good.value == 1);
  CHECK(good.bound == 1);
  CHECK(good.gap == 0);
  CHECK(good.better.cols() == 0);
  const auto bad = global_certificate(objective, testing::on_line({0, 1, 16}));
  CHECK(bad.verdict == GlobalVerdict::improvable);
  // 10, 11 and 30 share a cell of mean 17.
  CHECK(bad.value == Approx(49 + 36 + 169));
  CHECK(bad.bound == 1);
  CHECK(bad.gap == Approx(253));
  CHECK(bad.better == testing::on_line({0.5, 10.5, 30}));
}

TEST_CASE("a global certificate by enumeration agrees with all partitions") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const Eigen::MatrixXd points = testing::normal_points(2, 8, seed);
    const Eigen::ArrayXd weights = testing::whole_weights(8, seed);
    const kmscape::EmpiricalObjective objective(points, weights);
    double least = 1e300;
    testing::for_each_partition(8, 3, [&](const std::vector<int>& labels) {
      Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(2, 3);
      Eigen::ArrayXd mass = Eigen::ArrayXd::Zero(3);
      double square = 0;
      for (int i = 0; i < 8; ++i) {
        sum.col(labels[static_cast<std::size_t>(i)]) += weights(i) * points.col(i);
        mass(labels[static_cast<std::size_t>(i)]) += weights(i);
        square += weights(i) * points.col(i).squaredNorm();
      }
      for (int j = 0; j < 3; ++j) square -= sum.col(j).squaredNorm() / mass(j);
      least = std::min(least, square);
    });
    for (kmscape::Index start = 0; start < 6; ++start) {
      const auto fit = kmscape::lloyd(objective, points.middleCols(start, 3));
      const auto result = global_certificate(objective, fit.centers);
      CHECK(result.method == GlobalMethod::enumeration);
      CHECK(result.bound == Approx(least).epsilon(1e-11));
      const bool is_least = static_cast<double>(fit.value) < least * (1 + 1e-10);
      CHECK(result.verdict == (is_least ? GlobalVerdict::optimal : GlobalVerdict::improvable));
      if (!is_least) CHECK(static_cast<double>(objective.value(result.better)) == Approx(least).epsilon(1e-11));
      // Without enumeration the dual point may leave it open, but never contradicts.
      const auto dual = global_certificate(objective, fit.centers, {.enumerate = 0});
      CHECK(dual.method == GlobalMethod::dual);
      CHECK(dual.bound <= least * (1 + 1e-11));
      if (!is_least) CHECK(dual.verdict == GlobalVerdict::undecided);
    }
  }
}

TEST_CASE("equal points count once for the enumeration, and data far from the origin gets its centers back") {
  Eigen::MatrixXd points(2, 40);
  for (kmscape::Index i = 0; i < 40; ++i)
    points.col(i) = Eigen::Vector2d(1000 + 100 * static_cast<double>(i % 2), static_cast<double>(i % 4));
  const kmscape::EmpiricalObjective objective(points);
  const auto result = global_certificate(objective, (Eigen::MatrixXd(2, 2) << 1050, 1050, 0, 3).finished());
  CHECK(result.method == GlobalMethod::enumeration);
  CHECK(result.verdict == GlobalVerdict::improvable);
  CHECK(result.bound == 40);
  Eigen::MatrixXd better = result.better;
  if (better(0, 0) > better(0, 1)) better.col(0).swap(better.col(1));
  CHECK(better == (Eigen::MatrixXd(2, 2) << 1000, 1100, 1, 2).finished());
}

TEST_CASE("one center on the mean is globally optimal, and bad input is refused") {
  const auto points = testing::normal_points(3, 50, 2);
  const kmscape::EmpiricalObjective objective(points);
  const auto one = global_certificate(objective, points.leftCols(1));
  CHECK(one.method == GlobalMethod::one_center);
  CHECK(one.verdict == GlobalVerdict::optimal);
  CHECK(one.value == Approx((points.colwise() - points.rowwise().mean()).squaredNorm()));
  CHECK_THAT(
      refusal([&] { static_cast<void>(global_certificate(objective, points.leftCols(2), {.enumerate = 15})); }),
      ContainsSubstring("kmscape::global_certificate: options.enumerate = 15, but all partitions of more than 14 "
                        "points are too many; pass 0, ..., 14"));
  const kmscape::EmpiricalObjective two(testing::on_line({1, 1, 2}));
  CHECK_THAT(
      refusal([&] {
        static_cast<void>(global_certificate(two, testing::on_line({1, 2, 3})));
      }),
      ContainsSubstring("kmscape::global_certificate: centers.cols() = 3, but the data holds 2 distinct points"));
}

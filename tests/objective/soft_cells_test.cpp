#include <kmscape/objective/soft_cells.hpp>

#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <vector>

#include "support/catch.hpp"
#include "support/points.hpp"

using kmscape::Index;
using kmscape::internal::PointSpan;
using kmscape::internal::SoftPass;
using kmscape::internal::SoftScores;

namespace {

using Long = long double;

SoftScores<double> some_scores() { return {Eigen::Array3d(-0.5, 0.25, -2), Eigen::Array3d(0.5, 2, 0.1)}; }

}  // namespace

TEST_CASE("sums over soft cells are those of the definition, at the sizes where blocks and chunks end") {
  const Index n = GENERATE(1, 63, 64, 65, 1024, 1025, 2100);
  const bool is_weighted = GENERATE(false, true);
  CAPTURE(n, is_weighted);
  const Eigen::MatrixXd x = testing::normal_points(2, n, 1), c = testing::normal_points(2, 3, 2);
  const Eigen::ArrayXd w = testing::grid_points(1, n, 8, 3).transpose().array() + 0.5;
  const auto scores = some_scores();
  SoftPass<double, Eigen::Dynamic> pass({x.data(), 2, n}, is_weighted ? w.data() : nullptr, 1);
  const auto& sums = pass.sums(c, scores);

  Long mass[3] = {}, spread[3] = {}, share[3] = {}, moment[6] = {}, total = 0;
  for (Index i = 0; i < n; ++i) {
    Long term[3], sum = 0;
    for (Index j = 0; j < 3; ++j) {
      term[j] = std::exp(static_cast<Long>(scores.offset(j)) -
                         static_cast<Long>(scores.rate(j)) * static_cast<Long>((x.col(i) - c.col(j)).squaredNorm()));
      sum += term[j];
    }
    const Long weight = is_weighted ? static_cast<Long>(w(i)) : 1;
    total += weight * std::log(sum);
    for (Index j = 0; j < 3; ++j) {
      const Long r = weight * term[j] / sum;
      mass[j] += r;
      spread[j] += r * static_cast<Long>((x.col(i) - c.col(j)).squaredNorm());
      share[j] += r * std::log(sum);
      for (Index s = 0; s < 2; ++s) moment[2 * j + s] += r * static_cast<Long>(x(s, i) - c(s, j));
    }
  }
  const double margin = 1e-13 * static_cast<double>(n);
  CHECK(sums.total == Approx(static_cast<double>(total)).margin(margin));
  CHECK(sums.share.sum() == Approx(sums.total).margin(margin));
  for (Index j = 0; j < 3; ++j) {
    CHECK(sums.mass(j) == Approx(static_cast<double>(mass[j])).margin(margin));
    CHECK(sums.spread(j) == Approx(static_cast<double>(spread[j])).margin(margin));
    CHECK(sums.share(j) == Approx(static_cast<double>(share[j])).margin(margin));
    for (Index s = 0; s < 2; ++s)
      CHECK(sums.moment(s, j) == Approx(static_cast<double>(moment[2 * j + s])).margin(margin));
  }
  const auto r = kmscape::internal::responsibilities<double, Eigen::Dynamic>(pass, n, c, scores);
  const Eigen::VectorXd weights = is_weighted ? Eigen::VectorXd(w) : Eigen::VectorXd::Ones(n);
  CHECK((r * weights).isApprox(sums.mass.matrix(), 1e-13));
  // A second pass starts from nothing.
  const auto first = sums.mass;
  CHECK((pass.sums(c, scores).mass == first).all());
}

TEST_CASE("a responsibility that underflows is exactly 0, also where exponentials are vectorised") {
  // One far point in every place of a block; its score lies 1e4 below.
  for (Index n = 1; n <= 20; ++n)
    for (const double away : {40.0, 1e2, 1e8, 1e150}) {
      Eigen::MatrixXd x = Eigen::MatrixXd::Zero(1, n), c(1, 2);
      c << 0, away;
      SoftPass<double, Eigen::Dynamic> pass({x.data(), 1, n}, nullptr, 1);
      const auto& sums = pass.sums(c, {Eigen::Array2d(0, 0), Eigen::Array2d(0.5, 0.5)});
      CHECK(sums.mass(1) == 0);
      CHECK(sums.mass(0) == static_cast<double>(n));
    }
}

TEST_CASE("a component of weight 0 takes no part") {
  const Eigen::MatrixXd x = testing::normal_points(2, 100, 4), c = testing::normal_points(2, 3, 5);
  auto scores = some_scores();
  scores.offset(1) = -std::numeric_limits<double>::infinity();
  SoftPass<double, Eigen::Dynamic> pass({x.data(), 2, 100}, nullptr, 1);
  const auto& sums = pass.sums(c, scores);
  CHECK(sums.mass(1) == 0);
  CHECK(sums.share(1) == 0);
  CHECK(sums.mass(0) + sums.mass(2) == Approx(100).epsilon(1e-15));
}

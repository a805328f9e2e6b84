#include <kmscape/landscape/dual_certificate.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/solve/lloyd.hpp>
#include <kmscape/solve/seeding.hpp>

#include <algorithm>
#include <limits>
#include <vector>

#include "support/catch.hpp"
#include "support/partitions.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::dual_certificate;
using kmscape::EmpiricalObjective;
using kmscape::Index;

namespace {

/// The least scatter of all partitions into at most k cells, and the means of one that has it; by enumeration.
struct LeastScatter {
  double value = std::numeric_limits<double>::infinity();
  Eigen::MatrixXd means;
};

LeastScatter least_scatter(const Eigen::MatrixXd& points, const Eigen::ArrayXd& weights, int k) {
  LeastScatter least;
  testing::for_each_partition(static_cast<int>(points.cols()), k, [&](const std::vector<int>& labels) {
    Eigen::MatrixXd means = Eigen::MatrixXd::Zero(points.rows(), k);
    Eigen::ArrayXd mass = Eigen::ArrayXd::Zero(k);
    for (Index i = 0; i < points.cols(); ++i) {
      const int j = labels[static_cast<std::size_t>(i)];
      means.col(j) += weights(i) * points.col(i);
      mass(j) += weights(i);
    }
    for (int j = 0; j < k; ++j) means.col(j) /= mass(j);
    double value = 0;
    for (Index i = 0; i < points.cols(); ++i)
      value += weights(i) * (points.col(i) - means.col(labels[static_cast<std::size_t>(i)])).squaredNorm();
    if (value < least.value) least = {value, means};
  });
  return least;
}

}  // namespace

TEST_CASE("the dual bound never exceeds the least of all partitions, and a proof is given to global minima only") {
  Index proofs = 0, of_minima = 0, tight = 0;
  for (int seed = 0; seed < 60; ++seed) {
    const Index n = 6 + seed % 4, d = 1 + seed % 3;
    const int k = 2 + seed % 2;
    Eigen::MatrixXd points = testing::normal_points(d, n, static_cast<std::uint64_t>(seed));
    if (seed % 3 != 0)  // clusters, of several distances
      for (Index i = 0; i < n; ++i) points(0, i) += static_cast<double>((2 + seed % 7) * (i % k));
    const bool is_weighted = seed % 2 == 1;
    const Eigen::ArrayXd weights =
        is_weighted ? testing::whole_weights(n, static_cast<std::uint64_t>(seed)) : Eigen::ArrayXd::Ones(n);
    const auto least = least_scatter(points, weights, k);
    const EmpiricalObjective<double> objective(points, is_weighted ? weights : Eigen::ArrayXd());
    for (Index start = 0; start + k <= n; ++start) {
      const auto fit = kmscape::lloyd(objective, points.middleCols(start, k));
      const auto result = dual_certificate(objective, fit.centers);
      CHECK(result.value == Approx(static_cast<double>(fit.value)).epsilon(1e-12));
      CHECK(result.bound <= least.value * (1 + 1e-12));
      CHECK(result.gap >= 0);
      if (result.proven) {
        CHECK(result.value == Approx(least.value).epsilon(1e-12));
        CHECK(result.bound == result.value);
        CHECK(result.margin >= result.error);
      }
    }
    const auto result = dual_certificate(objective, least.means);
    of_minima += 1;
    proofs += result.proven;
    tight += result.bound > 0.9 * least.value;
  }
  // It must also say yes, to a good part of them.
  CHECK(proofs >= 20);
  CHECK(proofs < of_minima);
  CHECK(tight > proofs);
}

TEST_CASE("far apart balls are certified, near ones and swapped centers are not") {
  const Eigen::MatrixXd layout = kmscape::centers_on_simplex(4, 1.0);
  const auto certificate_at = [&](double distance, Index dimension) {
    const Eigen::MatrixXd centers = distance * kmscape::centers_on_simplex(4, 1.0, dimension);
    const auto sample =
        kmscape::StochasticBallModel<double>(centers, 1.0).sample_balanced(200, kmscape::Seed{3}).points;
    const EmpiricalObjective objective(sample);
    return dual_certificate(objective, kmscape::lloyd(objective, centers).centers);
  };
  for (const Index d : {Index{3}, Index{30}}) {
    INFO(d);
    const auto far = certificate_at(6, d);
    CHECK(far.proven);
    CHECK(far.gap == 0);
    CHECK(far.margin > 1);
    const auto near = certificate_at(1, d);
    CHECK_FALSE(near.proven);
    CHECK(near.gap > 0);
  }
  const Eigen::MatrixXd centers = 6 * layout;
  const auto points = kmscape::StochasticBallModel<double>(centers, 1.0).sample_balanced(200, kmscape::Seed{3}).points;
  const EmpiricalObjective objective(points);
  const double optimum = static_cast<double>(kmscape::lloyd(objective, centers).value);
  // Two centers on one ball, one over two.
  Eigen::MatrixXd spurious = centers;
  spurious.col(0) = centers.col(1) + 0.3 * Eigen::Vector3d::UnitX();
  spurious.col(1) = centers.col(1) - 0.3 * Eigen::Vector3d::UnitX();
  spurious.col(2) = (centers.col(0) + centers.col(2)) / 2;
  const auto bad = dual_certificate(objective, kmscape::lloyd(objective, spurious).centers);
  CHECK(bad.value > 2 * optimum);
  CHECK_FALSE(bad.proven);
  CHECK(bad.bound <= optimum);
}

TEST_CASE("the dual bound without any help from the partition is that of principal components") {
  // Two cells of a square's corners across its diagonal: every g is 0 or less, and the scatter is the same in all
  // directions, so that one component leaves half of it.
  const Eigen::MatrixXd corners = (Eigen::MatrixXd(2, 4) << 0, 1, 1, 0, 0, 0, 1, 1).finished();
  const EmpiricalObjective objective(corners);
  const auto result = dual_certificate(objective, (Eigen::MatrixXd(2, 2) << 0.5, 0.5, 0.0, 1.0).finished());
  CHECK(result.value == Approx(1));
  CHECK(result.bound == Approx(1).epsilon(1e-12));  // 2 in all
  CHECK(result.gap < 1e-12);
}

TEST_CASE("weights certify as copies of points do, and far from the origin as at it") {
  Eigen::MatrixXd points = testing::normal_points(2, 12, 5);
  for (Index i = 0; i < 12; ++i) points(0, i) += static_cast<double>(6 * (i % 3));
  const Eigen::ArrayXd weights = testing::whole_weights(12, 6);
  Eigen::MatrixXd copies(2, static_cast<Index>(weights.sum()));
  for (Index i = 0, filled = 0; i < 12; ++i)
    for (int copy = 0; copy < static_cast<int>(weights(i)); ++copy) copies.col(filled++) = points.col(i);
  const EmpiricalObjective weighted(points, weights);
  const EmpiricalObjective plain(copies);
  const Eigen::MatrixXd centers = kmscape::lloyd(weighted, points.leftCols(3)).centers;
  const auto one = dual_certificate(weighted, centers), other = dual_certificate(plain, centers);
  CHECK(one.value == Approx(other.value).epsilon(1e-12));
  CHECK(one.proven == other.proven);
  CHECK(one.bound == Approx(other.bound).epsilon(1e-9));
  CHECK(one.margin == Approx(other.margin).epsilon(1e-9));
  const Eigen::MatrixXd moved = points.array() + 65536.0;
  const auto far = dual_certificate(EmpiricalObjective(moved, weights), (centers.array() + 65536.0).matrix());
  CHECK(far.value == Approx(one.value).epsilon(1e-9));
  CHECK(far.margin == Approx(one.margin).epsilon(1e-7));
}

TEST_CASE("the dual certificate of one center, of empty cells and of points on their centers") {
  const EmpiricalObjective objective(testing::on_line({0, 1, 5, 6}));
  const auto one = dual_certificate(objective, testing::on_line({3}));
  CHECK(one.proven);
  CHECK(one.value == Approx(26));
  const auto empty = dual_certificate(objective, testing::on_line({0.5, 5.5, 100}));
  CHECK_FALSE(empty.proven);
  CHECK(empty.bound <= 0.5);
  const auto all = dual_certificate(objective, testing::on_line({0, 1, 5, 6}));
  CHECK(all.proven);
  CHECK(all.value == 0);
  const auto floats = dual_certificate(EmpiricalObjective<float>(testing::on_line({0, 1, 5, 6}).cast<float>()),
                                       testing::on_line({0.5, 5.5}).cast<float>());
  CHECK(floats.proven);
  CHECK(floats.value == Approx(1));
  CHECK_THAT(
      refusal([&] { static_cast<void>(dual_certificate(objective, Eigen::MatrixXd::Zero(2, 1))); }),
      ContainsSubstring("kmscape::dual_certificate: centers = a 2 x 1 matrix, but the objective's dimension is 1; "
                        "pass a 1 x k matrix whose columns are the centers"));
}

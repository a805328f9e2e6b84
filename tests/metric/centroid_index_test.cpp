#include <kmscape/metric/centroid_index.hpp>

#include <algorithm>
#include <limits>
#include <vector>

#include <kmscape/core/random.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::centroid_index;
using kmscape::Index;
using kmscape::orphan_centers;
using testing::on_line;

TEST_CASE("the centroid index counts the clusters that lack a center of their own") {
  const auto truth = on_line({0, 10, 20, 30});
  CHECK(centroid_index(on_line({1, 9, 21, 29}), truth) == 0);
  CHECK(centroid_index(on_line({30, 0, 20, 10}), truth) == 0);
  // Two on one, one over two: sum (|S*_a| - 1) = 1 (landscape of QZC Proposition 2).
  CHECK(centroid_index(on_line({-0.15, 0.15, 10, 25.1}), truth) == 1);
  // Three on one, one over three.
  CHECK(centroid_index(on_line({-1, 0, 1, 20}), truth) == 2);
}

TEST_CASE("orphans are the missed clusters on one side and the surplus centers on the other") {
  const auto orphans = orphan_centers(on_line({-0.15, 0.1, 10, 25.1}), on_line({0, 10, 20, 30}));
  CHECK(orphans.reference == std::vector<Index>{2});  // 25.1 is nearer to 30
  CHECK(orphans.centers == std::vector<Index>{0});    // 0 maps to 0.1
  const auto fewer = orphan_centers(on_line({0}), on_line({5, 0, 9}));
  CHECK(fewer.reference == std::vector<Index>{0, 2});
  CHECK(fewer.centers.empty());
}

TEST_CASE("with one-fit-many groups the missed clusters number sum (|S*_a| - 1), the surplus centers sum (|S_a| - 1)") {
  kmscape::RandomStream stream(kmscape::Seed{1});
  for (int trial = 0; trial < 100; ++trial) {
    // Far from each other, runs of clusters with one center in their middle and clusters with several centers. Nearer
    // groups could lend a surplus center to a cluster at the end of a run.
    std::vector<double> truth, fitted;
    Index missed = 0, surplus = 0;
    for (int group = 0; group < 6; ++group) {
      const double left = 1000.0 * group;
      const Index size = 1 + stream.index(4);
      const bool one_fit_many = stream.uniform() < 0.5;
      for (Index s = 0; s < (one_fit_many ? size : 1); ++s) truth.push_back(left + 10 * static_cast<double>(s));
      for (Index s = 0; s < (one_fit_many ? 1 : size); ++s)
        fitted.push_back(one_fit_many ? left + 5 * static_cast<double>(size - 1) : left + stream.uniform() - 0.5);
      (one_fit_many ? missed : surplus) += size - 1;
    }
    const Eigen::MatrixXd centers = Eigen::Map<Eigen::RowVectorXd>(fitted.data(), static_cast<Index>(fitted.size()));
    const Eigen::MatrixXd reference = Eigen::Map<Eigen::RowVectorXd>(truth.data(), static_cast<Index>(truth.size()));
    const auto orphans = orphan_centers(centers, reference);
    CAPTURE(trial, centers, reference);
    CHECK(static_cast<Index>(orphans.reference.size()) == missed);
    CHECK(static_cast<Index>(orphans.centers.size()) == surplus);
    CHECK(centroid_index(centers, reference) == std::max(missed, surplus));
  }
}

TEST_CASE("it is symmetric, also between sets of different size, where every missing center is an orphan") {
  const auto a = on_line({0, 10, 20}), b = on_line({0, 20});
  CHECK(centroid_index(a, b) == 1);
  CHECK(centroid_index(b, a) == 1);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto p = testing::normal_points(2, 6, seed), q = testing::normal_points(2, 4, seed + 100);
    CHECK(centroid_index(p, q) == centroid_index(q, p));
    CHECK(orphan_centers(p, q).centers == orphan_centers(q, p).reference);
    CHECK(centroid_index(p, q) >= 2);
    CHECK(centroid_index(p, p) == 0);
    CHECK(centroid_index(p, p.rowwise().reverse()) == 0);
  }
}

TEST_CASE("centers at equal distance choose the lowest index") {
  // 1 takes 0 and 3 takes 2, so 4 is left; 0 takes 1, 2 takes 1 and 4 takes 3.
  const auto orphans = orphan_centers(on_line({1, 3}), on_line({0, 2, 4}));
  CHECK(orphans.reference == std::vector<Index>{2});
  CHECK(orphans.centers.empty());
  CHECK(orphan_centers(on_line({1}), on_line({2, 0})).reference == std::vector<Index>{1});
}

TEST_CASE("the unit of the centers does not matter, even where squares overflow or vanish") {
  const auto centers = testing::normal_points(3, 8, 1), truth = testing::normal_points(3, 8, 2);
  const auto expected = orphan_centers(centers, truth).reference;
  REQUIRE(!expected.empty());
  for (const double unit : {0x1p-1000, 0x1p-600, 0x1p600, 0x1p1020})
    CHECK(orphan_centers(unit * centers, unit * truth).reference == expected);
  CHECK(centroid_index(on_line({0, 0}), on_line({0})) == 1);
}

TEMPLATE_TEST_CASE("scalars and dimensions may be mixed and fixed", "", float, double, long double) {
  kmscape::Centers<TestType, 2> centers(2, 3);
  centers << 0, 1, 5, 0, 0, 5;
  const Eigen::Matrix<double, 2, 2> truth = centers.template rightCols<2>().template cast<double>();
  CHECK(centroid_index(centers, truth) == 1);
  CHECK(centroid_index(truth, centers) == 1);
  CHECK(centroid_index(centers.col(0), centers.leftCols(1) * TestType(2)) == 0);
}

TEST_CASE("centers of other spaces, none and NaN are refused") {
  const auto refuses = [](const auto& a, const auto& b) {
    return refusal([&] { static_cast<void>(centroid_index(a, b)); });
  };
  CHECK(refuses(on_line({0}), Eigen::MatrixXd::Zero(2, 1)) ==
        "kmscape::centroid_index: reference = centers in 2 dimensions, but those of centers have 1; "
        "pass centers of one space");
  CHECK(refuses(on_line({0, std::numeric_limits<double>::quiet_NaN()}), on_line({0})) ==
        "kmscape::centroid_index: centers(0, 1) = nan, but every coordinate must be a finite number; "
        "drop or impute center 1");
  CHECK(refuses(on_line({0}), Eigen::MatrixXd(1, 0)) ==
        "kmscape::centroid_index: reference = a 1 x 0 matrix, but at least one center of at least one dimension is "
        "needed; "
        "pass a d x n matrix whose columns are the centers");
  CHECK_THAT(refusal([] { static_cast<void>(orphan_centers(on_line({0}), Eigen::MatrixXd(1, 0))); }),
             ContainsSubstring("kmscape::orphan_centers: reference = a 1 x 0 matrix"));
}

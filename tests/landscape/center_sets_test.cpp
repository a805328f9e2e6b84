// Matching of center sets against all permutations.
#include <kmscape/landscape/center_sets.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <numeric>
#include <vector>

#include "support/catch.hpp"
#include "support/points.hpp"

using kmscape::Index;
using kmscape::internal::same_center_sets;
using testing::on_line;

namespace {

bool same_by_permutations(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b, double tolerance) {
  std::vector<Index> order(static_cast<std::size_t>(b.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  do {
    bool all = true;
    for (Index j = 0; j < a.cols(); ++j)
      all = all && (a.col(j) - b.col(order[static_cast<std::size_t>(j)])).norm() <= tolerance;
    if (all) return true;
  } while (std::next_permutation(order.begin(), order.end()));
  return false;
}

}  // namespace

TEST_CASE("center sets are the same exactly when some permutation brings every pair within the tolerance") {
  int same = 0, different = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto d = static_cast<Index>(1 + seed % 2), m = static_cast<Index>(1 + seed % 5);
    const Eigen::MatrixXd a = testing::grid_points(d, m, 3, seed), b = testing::grid_points(d, m, 3, 1000 + seed);
    for (const double tolerance : {0.0, 1.0, 1.5, 2.0}) {
      const bool expected = same_by_permutations(a, b, tolerance);
      CHECK(same_center_sets(a, b, tolerance) == expected);
      CHECK(same_center_sets(b, a, tolerance) == expected);
      ++(expected ? same : different);
    }
    const Eigen::MatrixXd reversed = a.rowwise().reverse();
    CHECK(same_center_sets(a, reversed, 0));
  }
  CHECK(same > 100);
  CHECK(different > 100);
}

TEST_CASE("centers that coincide or crowd within the tolerance do not take one another's partner") {
  CHECK(same_center_sets(on_line({1, 1, 4}), on_line({4, 1, 1}), 0));
  CHECK_FALSE(same_center_sets(on_line({1, 1, 4}), on_line({4, 4, 1}), 0));
  CHECK(same_center_sets(on_line({0.9, 0}), on_line({0.8, 1.7}), 0.81));  // 0.9 is nearest to 0.8, the only one for 0
  CHECK_FALSE(same_center_sets(on_line({0.9, 0}), on_line({0.8, 1.7}), 0.79));
  CHECK_FALSE(same_center_sets(on_line({0, 1}), on_line({0, 1, 1}), 10));
  CHECK(same_center_sets(Eigen::MatrixXd(2, 0), Eigen::MatrixXd(2, 0), 0));
}

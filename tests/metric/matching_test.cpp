#include <kmscape/metric/matching.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

#include <kmscape/core/random.hpp>

#include "support/catch.hpp"
#include "support/refusal.hpp"

using kmscape::Index;
using kmscape::minimum_cost_matching;

namespace {

/// The least cost over all injections of the shorter side, tried one by one.
double brute_force(const Eigen::MatrixXd& cost) {
  if (cost.rows() > cost.cols()) return brute_force(cost.transpose());
  std::vector<Index> columns(static_cast<std::size_t>(cost.cols()));
  std::iota(columns.begin(), columns.end(), Index{0});
  double best = std::numeric_limits<double>::infinity();
  do {
    double sum = 0;
    for (Index i = 0; i < cost.rows(); ++i) sum += cost(i, columns[static_cast<std::size_t>(i)]);
    best = std::min(best, sum);
  } while (std::next_permutation(columns.begin(), columns.end()));
  return best;
}

Eigen::MatrixXd random_costs(Index rows, Index columns, bool ties, kmscape::RandomStream& stream) {
  return Eigen::MatrixXd::NullaryExpr(
      rows, columns, [&] { return ties ? static_cast<double>(stream.index(4)) - 1 : stream.normal(); });
}

/// A matching of min(rows, columns) pairs whose cost is the sum of its entries.
template <class Scalar, class Matrix>
void check_is_matching(const kmscape::Matching<Scalar>& matching, const Matrix& cost, Scalar rounding) {
  std::set<Index> used;
  Scalar sum = 0;
  REQUIRE(static_cast<Index>(matching.column.size()) == cost.rows());
  for (Index i = 0; i < cost.rows(); ++i) {
    const Index j = matching.column[static_cast<std::size_t>(i)];
    if (j < 0) continue;
    CHECK(used.insert(j).second);
    sum += cost(i, j);
  }
  CHECK(static_cast<Index>(used.size()) == std::min(cost.rows(), cost.cols()));
  CHECK(std::abs(sum - matching.cost) <= rounding);
}

}  // namespace

TEST_CASE("matchings are injections of least cost, of every shape, with ties and negative costs") {
  kmscape::RandomStream stream(kmscape::Seed{1});
  for (int trial = 0; trial < 600; ++trial) {
    const Eigen::MatrixXd cost =
        random_costs(1 + stream.index(6), 1 + stream.index(6), /*ties=*/trial % 2 == 0, stream);
    CAPTURE(trial, cost);
    const auto matching = minimum_cost_matching(cost);
    CHECK(matching.cost == Approx(brute_force(cost)).margin(1e-13));
    check_is_matching(matching, cost, 1e-13);
  }
}

TEMPLATE_TEST_CASE("prices prove large matchings optimal in every precision", "", float, double, long double) {
  using Matrix = Eigen::Matrix<TestType, Eigen::Dynamic, Eigen::Dynamic>;
  kmscape::RandomStream stream(kmscape::Seed{2});
  const TestType rounding = 200 * std::numeric_limits<TestType>::epsilon();
  for (int trial = 0; trial < 40; ++trial) {
    const Matrix cost =
        random_costs(1 + stream.index(60), 1 + stream.index(60), trial % 2 == 0, stream).template cast<TestType>();
    CAPTURE(trial, cost.rows(), cost.cols());
    const auto matching = minimum_cost_matching(cost);
    check_is_matching(matching, cost, rounding * 60);
    CHECK((cost.colwise() - matching.row_price - matching.column_price.transpose().replicate(cost.rows(), 1))
              .minCoeff() >= -rounding);
    if (cost.rows() <= cost.cols()) CHECK(matching.column_price.maxCoeff() <= 0);
    if (cost.rows() >= cost.cols()) CHECK(matching.row_price.maxCoeff() <= 0);
    // Weak duality: a longer side's prices <= 0 may all be counted.
    CHECK(std::abs(matching.row_price.sum() + matching.column_price.sum() - matching.cost) <= rounding * 60);
  }
}

TEST_CASE("matching takes expressions, fixed sizes and row-major costs, and its turned matrix matches as well") {
  Eigen::Matrix<float, 2, 3, Eigen::RowMajor> cost;
  cost << 4, 1, 3, 2, 0, 5;
  const auto matching = minimum_cost_matching(cost);
  CHECK(matching.column == std::vector<Index>{1, 0});
  CHECK(matching.cost == 3);
  const auto turned = minimum_cost_matching(2 * cost.transpose());
  CHECK(turned.column == std::vector<Index>{1, 0, -1});
  CHECK(turned.cost == 6);
  CHECK(minimum_cost_matching(-cost).cost == -9);  // the most: 4 + 5
}

TEST_CASE("a pair as dear as all others together is used only where nothing else is left") {
  const double never = 1e6;
  Eigen::Matrix3d cost;
  cost << 1, never, never, 1, 7, never, never, 2, 9;
  CHECK(minimum_cost_matching(cost).column == std::vector<Index>{0, 1, 2});
}

TEST_CASE("matching refuses nothing, NaN, infinity and sums that overflow") {
  const auto refuses = [](const auto& cost) {
    return refusal([&] { static_cast<void>(minimum_cost_matching(cost)); });
  };
  CHECK(refuses(Eigen::MatrixXd(0, 2)) ==
        "kmscape::minimum_cost_matching: cost = a 0 x 2 matrix, but there must be something to match; "
        "pass at least one row and one column");
  Eigen::Matrix2d cost = Eigen::Matrix2d::Zero();
  cost(1, 0) = std::numeric_limits<double>::quiet_NaN();
  CHECK(refuses(cost) ==
        "kmscape::minimum_cost_matching: cost(1, 0) = nan, but every cost must be a finite number; "
        "give a forbidden pair a cost larger than the sum of the others");
  cost(1, 0) = -std::numeric_limits<double>::infinity();
  CHECK_THAT(refuses(cost), ContainsSubstring("cost(1, 0) = -inf, but every cost must be a finite number"));
  cost(1, 0) = std::numeric_limits<double>::max();
  CHECK_THAT(refuses(cost),
             ContainsSubstring("cost(1, 0) = 1.79769313486232e+308, but sums of costs overflow above") ||
                 ContainsSubstring("cost(1, 0) = 1.7976931348623157e+308, but sums of costs overflow above"));
  CHECK_THAT(refuses(cost), ContainsSubstring("; scale all costs down"));
}

#include <kmscape/metric/transport.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include <kmscape/core/random.hpp>

#include "support/catch.hpp"
#include "support/refusal.hpp"

using kmscape::Index;
using kmscape::optimal_transport;

namespace {

Eigen::VectorXd random_masses(Index n, bool whole, kmscape::RandomStream& stream) {
  return Eigen::VectorXd::NullaryExpr(
      n, [&] { return whole ? 1 + static_cast<double>(stream.index(3)) : 0.1 + stream.uniform(); });
}

/// Demands of the supplies' total. Whole ones start at 1 and take the rest one by one.
Eigen::VectorXd demands_of_total(const Eigen::VectorXd& supply, Index n, bool whole, kmscape::RandomStream& stream) {
  if (!whole) {
    const Eigen::VectorXd demand = random_masses(n, false, stream);
    return demand * (supply.sum() / demand.sum());
  }
  Eigen::VectorXd demand = Eigen::VectorXd::Ones(n);
  for (double rest = supply.sum() - static_cast<double>(n); rest > 0; --rest) demand(stream.index(n)) += 1;
  return demand;
}

Eigen::MatrixXd random_transport_costs(Index m, Index k, bool ties, kmscape::RandomStream& stream) {
  return Eigen::MatrixXd::NullaryExpr(
      m, k, [&] { return ties ? static_cast<double>(stream.index(4)) - 1 : stream.normal(); });
}

/// The cost of the only plan that is positive on none but the cells of `chosen`, if these form a tree and the plan has
/// no negative entry: a vertex of the transportation polytope. A row or column with one cell left settles that cell.
std::optional<double> cost_of_vertex(unsigned chosen, Eigen::VectorXd supply, Eigen::VectorXd demand,
                                     const Eigen::MatrixXd& cost) {
  const Index m = supply.size(), k = demand.size();
  double sum = 0;
  while (chosen != 0) {
    bool is_settled = false;
    for (Index cell = 0; cell < m * k && !is_settled; ++cell) {
      if ((chosen >> cell & 1u) == 0) continue;
      const Index i = cell / k, j = cell % k;
      int in_row = 0, in_column = 0;
      for (Index other = 0; other < m * k; ++other) {
        if ((chosen >> other & 1u) == 0) continue;
        in_row += other / k == i;
        in_column += other % k == j;
      }
      if (in_row > 1 && in_column > 1) continue;
      const double amount = in_row == 1 ? supply(i) : demand(j);
      if (amount < -1e-12) return std::nullopt;
      supply(i) -= amount;
      demand(j) -= amount;
      sum += amount * cost(i, j);
      chosen &= ~(1u << cell);
      is_settled = true;
    }
    if (!is_settled) return std::nullopt;  // a cycle
  }
  if (supply.cwiseAbs().maxCoeff() > 1e-12 || demand.cwiseAbs().maxCoeff() > 1e-12) return std::nullopt;
  return sum;
}

/// The least cost over all vertices, of which one is optimal.
double least_vertex(const Eigen::VectorXd& supply, const Eigen::VectorXd& demand, const Eigen::MatrixXd& cost) {
  double best = std::numeric_limits<double>::infinity();
  for (unsigned chosen = 1; chosen < 1u << cost.size(); ++chosen)
    if (std::popcount(chosen) == static_cast<int>(cost.rows() + cost.cols()) - 1)
      best = std::min(best, cost_of_vertex(chosen, supply, demand, cost).value_or(best));
  return best;
}

/// The least cost over all permutations, for unit masses.
double best_permutation(const Eigen::MatrixXd& cost) {
  std::vector<Index> order(static_cast<std::size_t>(cost.rows()));
  std::iota(order.begin(), order.end(), Index{0});
  double best = std::numeric_limits<double>::infinity();
  do {
    double sum = 0;
    for (Index i = 0; i < cost.rows(); ++i) sum += cost(i, order[static_cast<std::size_t>(i)]);
    best = std::min(best, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

/// The plan has the masses, the prices are feasible, and both have one value: then nothing is cheaper.
template <class Scalar, class Vector, class Matrix>
void check_is_proved_optimal(const kmscape::TransportPlan<Scalar>& result, const Vector& supply, const Vector& demand,
                             const Matrix& cost, Scalar rounding) {
  const Scalar total = supply.sum();
  CHECK(result.plan.minCoeff() >= 0);
  CHECK((result.plan.rowwise().sum() - supply).cwiseAbs().maxCoeff() <= rounding * total);
  CHECK((result.plan.colwise().sum().transpose() - demand).cwiseAbs().maxCoeff() <= rounding * total);
  CHECK(std::abs(result.plan.cwiseProduct(cost).sum() - result.cost) <= rounding * total);
  const Matrix slack =
      cost - result.row_price.replicate(1, cost.cols()) - result.column_price.transpose().replicate(cost.rows(), 1);
  CHECK(slack.minCoeff() >= -rounding);
  for (Index i = 0; i < cost.rows(); ++i)
    for (Index j = 0; j < cost.cols(); ++j)
      if (result.plan(i, j) > 0) CHECK(slack(i, j) <= rounding);
  CHECK(std::abs(result.row_price.dot(supply) + result.column_price.dot(demand) - result.cost) <= rounding * total);
}

}  // namespace

TEST_CASE("a transport costs as much as the best vertex of its polytope") {
  kmscape::RandomStream stream(kmscape::Seed{1});
  for (int trial = 0; trial < 240; ++trial) {
    const bool whole = trial % 2 == 0, ties = trial % 3 == 0;
    const Index m = 1 + stream.index(4), k = 1 + stream.index(whole ? m : (m == 4 ? 3 : 4));
    const Eigen::VectorXd supply = random_masses(m, whole, stream), demand = demands_of_total(supply, k, whole, stream);
    if (m * k > 12) continue;
    const Eigen::MatrixXd cost = random_transport_costs(m, k, ties, stream);
    CAPTURE(trial, supply, demand, cost);
    CHECK(optimal_transport(supply, demand, cost).cost == Approx(least_vertex(supply, demand, cost)).margin(1e-12));
    CHECK(optimal_transport(demand, supply, cost.transpose()).cost ==
          Approx(optimal_transport(supply, demand, cost).cost).margin(1e-12));
  }
}

TEMPLATE_TEST_CASE("a plan has the given masses and is proved optimal by its prices", "", float, double, long double) {
  using Vector = Eigen::Matrix<TestType, Eigen::Dynamic, 1>;
  using Matrix = Eigen::Matrix<TestType, Eigen::Dynamic, Eigen::Dynamic>;
  kmscape::RandomStream stream(kmscape::Seed{2});
  for (int trial = 0; trial < 300; ++trial) {
    const bool whole = trial % 2 == 0, ties = trial % 3 == 0;
    const Index m = 1 + stream.index(trial % 10 == 0 ? 40 : 7), k = 1 + stream.index(whole ? m : 30);
    const Eigen::VectorXd supply = random_masses(m, whole, stream), demand = demands_of_total(supply, k, whole, stream);
    const Matrix cost = random_transport_costs(m, k, ties, stream).cast<TestType>();
    const Vector s = supply.cast<TestType>();
    Vector t = demand.cast<TestType>();
    t *= s.sum() / t.sum();  // in this precision
    CAPTURE(trial, m, k);
    check_is_proved_optimal(optimal_transport(s, t, cost), s, t, cost, 100 * std::numeric_limits<TestType>::epsilon());
  }
}

TEST_CASE("whole masses give a whole plan, and unit masses are matched as the best permutation does") {
  kmscape::RandomStream stream(kmscape::Seed{3});
  for (int trial = 0; trial < 100; ++trial) {
    const Eigen::MatrixXd cost = random_transport_costs(5, 5, trial % 2 == 0, stream);
    const auto result = optimal_transport(Eigen::VectorXd::Ones(5), Eigen::VectorXd::Ones(5), cost);
    CHECK(result.cost == Approx(best_permutation(cost)).margin(1e-13));
    CHECK((result.plan.array() == 0 || result.plan.array() == 1).all());
    const Eigen::VectorXd supply = random_masses(9, true, stream), demand = demands_of_total(supply, 6, true, stream);
    const auto plan = optimal_transport(supply, demand, random_transport_costs(9, 6, true, stream)).plan;
    CHECK(plan == plan.array().round().matrix());
    CHECK(plan.rowwise().sum() == supply);
    CHECK(plan.colwise().sum().transpose() == demand);
  }
}

TEST_CASE("a mass that is nothing beside the others is moved too") {
  const double dust = 0x1p-50;
  const auto result =
      optimal_transport(Eigen::Vector2d(dust, 1), Eigen::Vector2d(1, dust), Eigen::Matrix2d{{7, 0}, {0, 7}});
  CHECK(result.plan == Eigen::Matrix2d{{0, dust}, {1, 0}});
  CHECK(result.cost == 0);
}

TEST_CASE(
    "adding a number to a row or a column of the costs changes the cost by that times its mass, and not the plan") {
  kmscape::RandomStream stream(kmscape::Seed{4});
  const Eigen::VectorXd supply = random_masses(6, false, stream), demand = demands_of_total(supply, 5, false, stream);
  const Eigen::MatrixXd cost = random_transport_costs(6, 5, false, stream);
  Eigen::MatrixXd raised = cost;
  raised.row(2).array() += 3;
  raised.col(4).array() -= 5;
  const auto before = optimal_transport(supply, demand, cost), after = optimal_transport(supply, demand, raised);
  CHECK(after.cost == Approx(before.cost + 3 * supply(2) - 5 * demand(4)).epsilon(1e-13));
  CHECK((after.plan - before.plan).norm() < 1e-13);
}

TEST_CASE("transport takes arrays, expressions, fixed sizes and row-major costs, and masses in another precision") {
  Eigen::Matrix<double, 2, 3, Eigen::RowMajor> cost;
  cost << 0, 2, 1, 1, 0, 2;
  const auto result = optimal_transport(Eigen::Array2f(2, 1), Eigen::Vector3d::Ones(), 2 * cost);
  CHECK(result.cost == 2);
  CHECK(result.plan == Eigen::MatrixXd{{1, 0, 1}, {0, 1, 0}});
}

TEST_CASE("transports that cannot be are refused") {
  const Eigen::VectorXd one = Eigen::VectorXd::Ones(1), two = Eigen::VectorXd::Ones(2);
  const Eigen::MatrixXd cost = Eigen::MatrixXd::Zero(1, 2);
  const auto refuses = [](const Eigen::VectorXd& a, const Eigen::VectorXd& b, const Eigen::MatrixXd& c) {
    return refusal([&] { static_cast<void>(optimal_transport(a, b, c)); });
  };
  CHECK(refuses(one, two, cost) ==
        "kmscape::optimal_transport: demand = masses of total 2, but the supplies total 1; scale one side to the "
        "other's total");
  CHECK(refuses(2 * (1 + 1e-9) * one, two, cost).empty());
  CHECK_THAT(refuses(2 * (1 + 1e-7) * one, two, cost), ContainsSubstring("the supplies total 2.0000002"));
  CHECK(refuses(Eigen::VectorXd(), two, cost) ==
        "kmscape::optimal_transport: supply = an empty list, but there must be mass to move; "
        "pass at least one mass on each side");
  CHECK_THAT(refuses(one, Eigen::VectorXd(), cost), ContainsSubstring("demand = an empty list"));
  CHECK(refuses(2 * one, Eigen::Vector2d(3, -1), cost) ==
        "kmscape::optimal_transport: demand(1) = -1, but every weight must be a positive finite number; "
        "drop column 1 instead of giving it no weight");
  CHECK_THAT(refuses(0 * one, two, cost), ContainsSubstring("supply(0) = 0"));
  CHECK_THAT(refuses(std::numeric_limits<double>::quiet_NaN() * one, two, cost), ContainsSubstring("supply(0) = nan"));
  CHECK(refuses(2 * one, two, Eigen::MatrixXd::Zero(2, 2)) ==
        "kmscape::optimal_transport: cost = a 2 x 2 matrix, but there are 1 supplies and 2 demands; pass one cost per "
        "pair");
  CHECK(refuses(2 * one, two, Eigen::RowVector2d(0, std::numeric_limits<double>::infinity())) ==
        "kmscape::optimal_transport: cost(0, 1) = inf, but every cost must be a finite number; "
        "give a forbidden pair a cost larger than the sum of the others");
  CHECK_THAT(refuses(2 * one, two, Eigen::RowVector2d(-1e308, 0)),
             ContainsSubstring("cost(0, 0) = -1e+308, but sums of costs overflow"));
}

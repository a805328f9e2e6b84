#include <kmscape/metric/wasserstein.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmscape/core/random.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::Index;
using kmscape::wasserstein2;
using testing::normal_points;
using testing::on_line;

namespace {

Eigen::VectorXd random_masses(Index n, kmscape::RandomStream& stream) {
  return Eigen::VectorXd::NullaryExpr(n, [&] { return 0.1 + stream.uniform(); });
}

/// W2 of two measures on the line: the root of the integral over u of the squared difference of their quantiles at u.
double line_wasserstein(const Eigen::MatrixXd& a, const Eigen::VectorXd& p, const Eigen::MatrixXd& b,
                        const Eigen::VectorXd& q) {
  using Quantiles = std::vector<std::pair<double, double>>;  // position, and the share of mass up to it
  const auto quantiles = [](const Eigen::MatrixXd& at, const Eigen::VectorXd& mass) {
    Quantiles steps;
    for (Index i = 0; i < at.cols(); ++i) steps.emplace_back(at(0, i), mass(i) / mass.sum());
    std::sort(steps.begin(), steps.end());
    for (std::size_t i = 1; i < steps.size(); ++i) steps[i].second += steps[i - 1].second;
    steps.back().second = 1;
    return steps;
  };
  const Quantiles first = quantiles(a, p), second = quantiles(b, q);
  double sum = 0, reached = 0;
  for (std::size_t i = 0, j = 0; reached < 1;) {
    const double next = std::min(first[i].second, second[j].second), gap = first[i].first - second[j].first;
    sum += (next - reached) * gap * gap;
    reached = next;
    if (first[i].second <= reached) ++i;
    if (second[j].second <= reached) ++j;
  }
  return std::sqrt(sum);
}

}  // namespace

TEST_CASE("on the line W2 is the distance of the quantile functions, whatever the masses") {
  kmscape::RandomStream stream(kmscape::Seed{3});
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    const Index m = 1 + stream.index(9), k = 1 + stream.index(9);
    const Eigen::MatrixXd a = normal_points(1, m, trial), b = normal_points(1, k, trial + 500);
    const Eigen::VectorXd p = random_masses(m, stream), q = random_masses(k, stream);
    CAPTURE(trial, m, k);
    CHECK(wasserstein2(a, p, b, q) == Approx(line_wasserstein(a, p, b, q)).epsilon(1e-13));
    CHECK(wasserstein2(a, b) ==
          Approx(line_wasserstein(a, Eigen::VectorXd::Ones(m), b, Eigen::VectorXd::Ones(k))).epsilon(1e-13));
  }
}

TEST_CASE("between as many centers W2 is the root of the least mean square over all permutations") {
  for (std::uint64_t trial = 0; trial < 60; ++trial) {
    const Index k = 1 + static_cast<Index>(trial % 6);
    const Eigen::MatrixXd a = normal_points(3, k, trial), b = normal_points(3, k, trial + 60);
    std::vector<Index> order(static_cast<std::size_t>(k));
    std::iota(order.begin(), order.end(), Index{0});
    double least = std::numeric_limits<double>::infinity();
    do {
      double sum = 0;
      for (Index i = 0; i < k; ++i) sum += (a.col(i) - b.col(order[static_cast<std::size_t>(i)])).squaredNorm();
      least = std::min(least, sum);
    } while (std::next_permutation(order.begin(), order.end()));
    const double expected = std::sqrt(least / static_cast<double>(k));
    CHECK(wasserstein2(a, b) == Approx(expected).epsilon(1e-14));
    // The same through the transport with masses.
    const Eigen::VectorXd equal = Eigen::VectorXd::Constant(k, 0.3);
    CHECK(wasserstein2(a, equal, b, equal) == Approx(expected).epsilon(1e-13));
  }
}

TEST_CASE("W2 by hand") {
  CHECK(wasserstein2(on_line({0, 2}), on_line({1})) == 1);
  CHECK(wasserstein2(on_line({0, 3}), on_line({0, 0, 3, 3})) == 0);
  // A sixth of the mass moves from 0 to 1, and another from 2 to 1.
  CHECK(wasserstein2(on_line({0, 2}), on_line({0, 1, 2})) == Approx(std::sqrt(1.0 / 3)).epsilon(1e-15));
  // A quarter moves by 2.
  CHECK(wasserstein2(on_line({0, 2}), Eigen::Vector2d(3, 1), on_line({0, 2}), Eigen::Vector2d(1, 1)) == 1);
}

TEST_CASE("W2 is a distance") {
  kmscape::RandomStream stream(kmscape::Seed{4});
  for (std::uint64_t trial = 0; trial < 60; ++trial) {
    const Index m = 1 + stream.index(6), k = 1 + stream.index(6), l = 1 + stream.index(6);
    const Eigen::MatrixXd a = normal_points(2, m, trial), b = normal_points(2, k, trial + 60),
                          c = normal_points(2, l, trial + 120);
    const Eigen::VectorXd p = random_masses(m, stream), q = random_masses(k, stream), r = random_masses(l, stream);
    CAPTURE(trial);
    CHECK(wasserstein2(a, a) == 0);
    CHECK(wasserstein2(a, p, a, p) == 0);
    CHECK(wasserstein2(a, b) == Approx(wasserstein2(b, a)).epsilon(1e-13));
    CHECK(wasserstein2(a, p, b, q) == Approx(wasserstein2(b, q, a, p)).epsilon(1e-13));
    CHECK(wasserstein2(a, c) <= wasserstein2(a, b) + wasserstein2(b, c));
    CHECK(wasserstein2(a, p, c, r) <= wasserstein2(a, p, b, q) + wasserstein2(b, q, c, r));
    // The means are at most as far apart.
    CHECK((a.rowwise().mean() - b.rowwise().mean()).norm() <= wasserstein2(a, b) * (1 + 1e-14));
  }
}

TEST_CASE("W2 follows a translation, ignores the order of centers, and sees only the proportions of masses") {
  kmscape::RandomStream stream(kmscape::Seed{5});
  const Eigen::MatrixXd a = normal_points(3, 6, 1), b = normal_points(3, 4, 2);
  const Eigen::VectorXd p = random_masses(6, stream), q = random_masses(4, stream);
  const Eigen::Vector3d v(3, -4, 12);
  CHECK(wasserstein2(a, a.colwise() + v) == Approx(13).epsilon(1e-14));
  CHECK(wasserstein2(a, p, a.colwise() + v, p) == Approx(13).epsilon(1e-14));
  CHECK(wasserstein2(a, b) == Approx(wasserstein2(a.rowwise().reverse(), b)).epsilon(1e-14));
  CHECK(wasserstein2(a, p, b, q) == Approx(wasserstein2(a.rowwise().reverse(), p.reverse(), b, q)).epsilon(1e-13));
  CHECK(wasserstein2(a, 5 * p, b, q / 7) == Approx(wasserstein2(a, p, b, q)).epsilon(1e-13));
  CHECK(wasserstein2(a, 0x1p1022 * p, b, q) == Approx(wasserstein2(a, p, b, q)).epsilon(1e-13));
  // A center of mass 2 is two centers.
  Eigen::MatrixXd twice(3, 5);
  twice << b, b.col(3);
  CHECK(wasserstein2(a, p, twice, Eigen::VectorXd::Ones(5)) ==
        Approx(wasserstein2(a, p, b, Eigen::Vector4d(1, 1, 1, 2))).epsilon(1e-13));
}

TEST_CASE("W2 scales with its unit, even where squares overflow or vanish") {
  const Eigen::MatrixXd a = normal_points(2, 5, 1), b = normal_points(2, 3, 2);
  const double distance = wasserstein2(a, b);
  for (const double unit : {0x1p-1000, 0x1p-600, 0x1p600, 0x1p1015})
    CHECK(wasserstein2(unit * a, unit * b) == unit * distance);
  CHECK(wasserstein2(on_line({0}), on_line({0, 0})) == 0);
}

TEMPLATE_TEST_CASE("scalars and dimensions may be mixed and fixed, and floats are measured in double", "", float,
                   double, long double) {
  const kmscape::Centers<TestType, 3> a = normal_points<TestType, 3>(3, 6, 1);
  const Eigen::MatrixXd b = normal_points(3, 4, 2);
  const auto distance = wasserstein2(a, b);
  STATIC_REQUIRE(std::is_same_v<std::remove_const_t<decltype(distance)>, std::common_type_t<double, TestType>>);
  CHECK(static_cast<double>(distance) == Approx(wasserstein2(a.template cast<double>(), b)).epsilon(1e-14));
  const kmscape::Weights<TestType> mass = kmscape::Weights<TestType>::Ones(6);
  CHECK(static_cast<double>(wasserstein2(a, mass, b, Eigen::Array4f::Ones())) ==
        Approx(static_cast<double>(distance)).epsilon(1e-13));
}

TEST_CASE("centers and masses that are none are refused") {
  const auto refuses = [](const auto&... arguments) {
    return refusal([&] { static_cast<void>(wasserstein2(arguments...)); });
  };
  const Eigen::VectorXd one = Eigen::VectorXd::Ones(1);
  CHECK(refuses(on_line({0}), Eigen::MatrixXd::Zero(2, 1)) ==
        "kmscape::wasserstein2: b = centers in 2 dimensions, but those of a have 1; pass centers of one space");
  CHECK(refuses(on_line({std::numeric_limits<double>::quiet_NaN()}), on_line({0})) ==
        "kmscape::wasserstein2: a(0, 0) = nan, but every coordinate must be a finite number; drop or impute center 0");
  CHECK(refuses(Eigen::MatrixXd(0, 0), on_line({0})) ==
        "kmscape::wasserstein2: a = a 0 x 0 matrix, but at least one center of at least one dimension is needed; "
        "pass a d x n matrix whose columns are the centers");
  CHECK(refuses(on_line({0}), 0 * one, on_line({0}), one) ==
        "kmscape::wasserstein2: a_mass(0) = 0, but every weight must be a positive finite number; "
        "drop center 0 instead of giving it no weight");
  CHECK(refuses(on_line({0}), one, on_line({0, 1}), one) ==
        "kmscape::wasserstein2: b_mass = 1 numbers, but there are 2 centers; pass one weight per center");
}

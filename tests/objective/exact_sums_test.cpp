#include <kmscape/objective/exact_sums.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/objective/empirical_objective.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::internal::ExactSums;
using testing::normal_points;

namespace {

/// Means of all cells, d x k.
template <class Scalar>
kmscape::Points<kmscape::Sum<Scalar>> means(const ExactSums<Scalar>& sums, Index d, Index k) {
  kmscape::Points<kmscape::Sum<Scalar>> result(d, k);
  for (Index j = 0; j < k; ++j) sums.mean(j, result.col(j).data());
  return result;
}

/// Points whose sizes differ by many powers of two, the hardest case for the order of a sum.
template <class Scalar>
kmscape::Points<Scalar> wild_points(Index d, Index n, std::uint64_t seed) {
  auto points = normal_points<Scalar>(d, n, seed);
  for (Index i = 0; i < points.size(); ++i)
    points.data()[i] = std::ldexp(points.data()[i], static_cast<int>(i % 23) - 11);
  return points;
}

}  // namespace

TEMPLATE_TEST_CASE("sums do not depend on the order, on detours, or on who adds them", "", float, double, long double) {
  for (const bool weighted : {false, true}) {
    const Index d = 3, n = 500, k = 4;
    const auto points = wild_points<TestType>(d, n, 1);
    kmscape::Weights<TestType> weights;
    if (weighted) weights = normal_points<TestType>(1, n, 2).array().abs().transpose() + TestType(0.01);
    const EmpiricalObjective<TestType> objective(points, weights);
    const auto cell = [](Index i) { return (i * 7) % 4; };
    const auto weight = [&](Index i) { return static_cast<kmscape::Sum<TestType>>(objective.weight(i)); };
    ExactSums<TestType> forward, backward, roundabout, half;
    for (auto* sums : {&forward, &backward, &roundabout, &half}) sums->reset(objective.layout().sums, k);
    for (Index i = 0; i < n; ++i) forward.add(points.col(i).data(), weight(i), cell(i));
    for (Index i = n - 1; i >= 0; --i) backward.add(points.col(i).data(), weight(i), cell(i));
    for (Index i = 0; i < n; ++i) roundabout.add(points.col(i).data(), weight(i), 0);
    for (Index i = n - 1; i >= 0; --i) {
      auto& moved = i % 2 == 0 ? roundabout : half;  // two workers, whose changes are put together
      moved.remove(points.col(i).data(), weight(i), 0);
      moved.add(points.col(i).data(), weight(i), cell(i));
    }
    roundabout.add(half);
    CHECK(means(forward, d, k) == means(backward, d, k));
    CHECK(means(forward, d, k) == means(roundabout, d, k));
    CHECK((forward.counts() == roundabout.counts()).all());
    for (Index j = 0; j < k; ++j) CHECK(forward.mass(j) == roundabout.mass(j));
  }
}

TEST_CASE("a mean is the exact mean, rounded once: against sums in integers") {
  // Multiples of 2^-40 up to 2^10: their sums are whole numbers of 2^-40 that 128 bits hold.
  kmscape::RandomStream stream{kmscape::Seed{3}};
  for (const Index n : {1, 2, 3, 7, 1000}) {
    std::vector<std::int64_t> numbers;
    Eigen::MatrixXd points(1, n);
    for (Index i = 0; i < n; ++i) {
      numbers.push_back(static_cast<std::int64_t>(stream.index(Index{1} << 51)) - (std::int64_t{1} << 50));
      points(0, i) = std::ldexp(static_cast<double>(numbers.back()), -40);
    }
    const EmpiricalObjective objective(points);
    ExactSums<double> sums;
    sums.reset(objective.layout().sums, 1);
    __extension__ __int128 total = 0;
    for (Index i = 0; i < n; ++i) {
      sums.add(points.col(i).data(), 1, 0);
      total += numbers[static_cast<std::size_t>(i)];
    }
    const long double exact = std::ldexp(static_cast<long double>(total) / static_cast<long double>(n), -40);
    double mean = 0;
    sums.mean(0, &mean);
    INFO("n = " << n);
    CHECK(std::abs(static_cast<long double>(mean) - exact) <= 0.5001L * std::abs(std::nextafter(mean, 1e300) - mean));
  }
}

TEST_CASE("the mean of copies is the copy, with weights too") {
  for (const double value : {0.1, 0.7, 1.0 / 3, 1e-3, 123456.789})
    for (Index n = 1; n < 60; ++n) {
      const Eigen::MatrixXd points = Eigen::MatrixXd::Constant(1, n, value);
      const EmpiricalObjective plain(points);
      const EmpiricalObjective weighted(points, kmscape::Weights<double>(Eigen::ArrayXd::LinSpaced(n, 0.1, 1.7)));
      for (const auto* objective : {&plain, &weighted}) {
        ExactSums<double> sums;
        sums.reset(objective->layout().sums, 1);
        for (Index i = 0; i < n; ++i) sums.add(points.col(i).data(), objective->weight(i), 0);
        double mean = 0;
        sums.mean(0, &mean);
        CHECK(mean == value);
      }
    }
}

TEST_CASE("whole weights are copies, to the last bit") {
  const Eigen::MatrixXd points = normal_points(2, 40, 4);
  const Eigen::ArrayXd weights =
      Eigen::ArrayXd::NullaryExpr(40, [](Index i) { return static_cast<double>(1 + i % 5); });
  Eigen::MatrixXd copies(2, static_cast<Index>(weights.sum()));
  for (Index i = 0, at = 0; i < 40; ++i)
    for (int c = 0; c < static_cast<int>(weights(i)); ++c) copies.col(at++) = points.col(i);
  const auto one = EmpiricalObjective(points, weights).assign(points.leftCols(3));
  const auto many = EmpiricalObjective(copies).assign(points.leftCols(3));
  CHECK(one.cells.centroid == many.cells.centroid);
  CHECK((one.cells.mass == many.cells.mass).all());
}

TEST_CASE("means of points far from the origin keep every digit that the points have") {
  // 2^52 + {0, 1, 1, 3}: the mean's fraction 1/4 needs more digits than a plain sum of four such numbers leaves.
  Eigen::MatrixXd points(1, 4);
  points << 0x1p50, 0x1p50 + 1, 0x1p50 + 1, 0x1p50 + 3;
  CHECK(EmpiricalObjective(points).assign(points.leftCols(1)).cells.centroid(0) == 0x1p50 + 1.25);
}

TEMPLATE_TEST_CASE("a product and its error make the exact product", "", double, long double) {
  kmscape::RandomStream stream{kmscape::Seed{5}};
  for (int trial = 0; trial < 1000; ++trial) {
    const auto a = static_cast<TestType>(stream.normal()), b = static_cast<TestType>(stream.normal());
    const TestType product = a * b;
    CHECK(kmscape::internal::product_error(a, b, product) == std::fma(a, b, -product));
  }
}

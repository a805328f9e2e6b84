#include <kmscape/objective/empirical_objective.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using testing::normal_points;
using testing::on_line;

namespace {

static_assert(kmscape::DataObjective<EmpiricalObjective<double>>);
static_assert(kmscape::DataObjective<EmpiricalObjective<float, 3>>);
static_assert(kmscape::DataObjective<EmpiricalObjective<long double, 1>>);

/// Nearest center by the definition, in long double.
template <class P, class C>
std::pair<Index, long double> naive_nearest(const P& points, const C& centers, Index i) {
  Index best = -1;
  long double least = std::numeric_limits<long double>::infinity();
  for (Index j = 0; j < centers.cols(); ++j) {
    long double squared = 0;
    for (Index s = 0; s < points.rows(); ++s) {
      const long double difference = static_cast<long double>(points(s, i)) - static_cast<long double>(centers(s, j));
      squared += difference * difference;
    }
    if (squared < least) {
      least = squared;
      best = j;
    }
  }
  return {best, least};
}

template <class P, class C>
long double naive_value(const P& points, const C& centers) {
  long double sum = 0;
  for (Index i = 0; i < points.cols(); ++i) sum += naive_nearest(points, centers, i).second;
  return sum;
}

template <class Scalar, int Dim>
void compare_with_definition(Index d, Index n, Index k) {
  const auto points = normal_points<Scalar, Dim>(d, n, static_cast<std::uint64_t>(100 * d + n + k));
  const kmscape::Centers<Scalar, Dim> centers = normal_points<Scalar, Dim>(d, k, static_cast<std::uint64_t>(k + 7));
  const EmpiricalObjective<Scalar, Dim> objective(points);
  const auto result = objective.assign(centers);
  const auto epsilon = static_cast<double>(std::numeric_limits<Scalar>::epsilon());
  const double reference = std::max(epsilon, std::numeric_limits<double>::epsilon());  // the sums here are doubles
  INFO("d = " << d << ", n = " << n << ", k = " << k);

  Eigen::MatrixXd moment = Eigen::MatrixXd::Zero(d, k);
  Eigen::ArrayXd mass = Eigen::ArrayXd::Zero(k), distortion = mass;
  for (Index i = 0; i < n; ++i) {
    const auto [cell, squared] = naive_nearest(points, centers, i);
    REQUIRE(result.labels(i) == cell);
    mass(cell) += 1;
    moment.col(cell) += points.col(i).template cast<double>();
    distortion(cell) += static_cast<double>(squared);
  }
  CHECK(static_cast<double>(result.value()) ==
        Approx(static_cast<double>(naive_value(points, centers))).epsilon(static_cast<double>(d) * 4 * epsilon));
  for (Index j = 0; j < k; ++j) {
    CHECK(result.counts(j) == static_cast<Index>(mass(j)));
    CHECK(static_cast<double>(result.cells.mass(j)) == mass(j));
    CHECK(static_cast<double>(result.cells.distortion(j)) ==
          Approx(distortion(j)).epsilon(static_cast<double>(d) * 4 * reference));
    const Eigen::VectorXd expected = mass(j) > 0 ? Eigen::VectorXd(moment.col(j) / mass(j))
                                                 : Eigen::VectorXd(centers.col(j).template cast<double>());
    CHECK((result.cells.centroid.col(j).template cast<double>() - expected).norm() <=
          8 * reference * (1 + expected.norm()));
  }
}

}  // namespace

TEST_CASE("labels, cells and value agree with the definition in every dimension, size and scalar") {
  for (const Index d : {1, 2, 3, 4, 5, 6, 7, 8, 9, 33})
    for (const Index n : {1, 2, 15, 16, 17, 100})
      for (const Index k : {Index{1}, Index{2}, Index{7}, n}) {
        compare_with_definition<double, Eigen::Dynamic>(d, n, k);
        compare_with_definition<float, Eigen::Dynamic>(d, n, k);
        compare_with_definition<long double, Eigen::Dynamic>(d, n, k);
      }
  compare_with_definition<double, 1>(1, 100, 7);
  compare_with_definition<float, 2>(2, 100, 7);
  compare_with_definition<double, 12>(12, 100, 7);
}

TEST_CASE("a tie goes to the center of lowest index, coinciding centers included") {
  const EmpiricalObjective objective(on_line({-1, 0, 1, 5}));
  CHECK((objective.assign(on_line({-1, 1, 1})).labels == Eigen::Array4i(0, 0, 1, 1)).all());
  CHECK((objective.assign(on_line({1, -1, 5})).labels == Eigen::Array4i(1, 0, 0, 2)).all());
  const auto two = objective.nearest_two(on_line({1, -1, 5}));
  CHECK(two.first(1) == 0);
  CHECK(two.second(1) == 1);
  CHECK(two.first_squared_distance(1) == two.second_squared_distance(1));
  CHECK(objective.nearest_two(on_line({3})).second(0) == -1);
}

TEST_CASE("a weight is that many copies of its point") {
  const auto points = normal_points(3, 40, 1);
  const Eigen::MatrixXd centers = normal_points(3, 4, 2);
  kmscape::Weights<double> weights(40);
  Eigen::MatrixXd copies(3, 0);
  for (Index i = 0; i < 40; ++i) {
    weights(i) = static_cast<double>(1 + i % 3);
    for (Index c = 0; c <= i % 3; ++c) {
      copies.conservativeResize(3, copies.cols() + 1);
      copies.rightCols(1) = points.col(i);
    }
  }
  const EmpiricalObjective weighted(points, weights), copied(copies);
  CHECK(weighted.total_weight() == static_cast<double>(copies.cols()));
  CHECK(weighted.value(centers) == Approx(copied.value(centers)).epsilon(1e-14));
  CHECK(weighted.gradient(centers).isApprox(copied.gradient(centers), 1e-13));
  CHECK(weighted.cells(centers).mass.isApprox(copied.cells(centers).mass));
  CHECK(weighted.hessian(centers)->isApprox(*copied.hessian(centers)));
}

TEST_CASE("the gradient is the slope of the value, and the Hessian the slope of the gradient") {
  const auto points = normal_points(2, 60, 3);
  const Eigen::MatrixXd centers = normal_points(2, 3, 4);
  const EmpiricalObjective objective(points);
  const Eigen::MatrixXd gradient = objective.gradient(centers);
  const auto hessian = objective.hessian(centers);
  REQUIRE(hessian.has_value());
  constexpr double h = 1e-6;
  for (Index c = 0; c < centers.size(); ++c) {
    Eigen::MatrixXd plus = centers, minus = centers;
    plus.data()[c] += h;
    minus.data()[c] -= h;
    const auto slope = static_cast<double>((naive_value(points, plus) - naive_value(points, minus)) / (2 * h));
    CHECK(gradient.data()[c] == Approx(slope).epsilon(1e-8));
    const Eigen::MatrixXd change = (objective.gradient(plus) - objective.gradient(minus)) / (2 * h);
    CHECK((change.reshaped() - hessian->col(c)).norm() < 1e-6);
  }
}

TEST_CASE("where a point ties there is no Hessian") {
  const EmpiricalObjective objective(on_line({0, 1, 2}));
  CHECK_FALSE(objective.hessian(on_line({0, 2})).has_value());
  CHECK(objective.hessian(on_line({0, 2.5})).has_value());
}

TEST_CASE("total scatter is scatter within cells plus scatter of the cells' means") {
  const EmpiricalObjective objective(normal_points(4, 200, 5));
  const auto cells = objective.assign(normal_points(4, 6, 6)).cells;
  const Eigen::VectorXd mean = objective.points().rowwise().mean();
  double between = 0;
  for (Index j = 0; j < 6; ++j) between += cells.mass(j) * (cells.centroid.col(j) - mean).squaredNorm();
  double within = 0;
  const auto labels = objective.assign(normal_points(4, 6, 6)).labels;
  for (Index i = 0; i < 200; ++i) within += (objective.points().col(i) - cells.centroid.col(labels(i))).squaredNorm();
  CHECK(objective.value(mean) == Approx(within + between).epsilon(1e-13));
}

TEST_CASE("data a million deviations from the origin loses no more than its coordinates do") {
  const Eigen::MatrixXd points = (normal_points(2, 500, 7) * 1024).array().round() / 1024;  // exact after the shift
  const Eigen::MatrixXd centers = (normal_points(2, 5, 8) * 1024).array().round() / 1024;
  const Eigen::MatrixXd shifted = points.array() + 1048576.0, shifted_centers = centers.array() + 1048576.0;
  CHECK(EmpiricalObjective(shifted).value(shifted_centers) == EmpiricalObjective(points).value(centers));
  CHECK(
      (EmpiricalObjective(shifted).assign(shifted_centers).labels == EmpiricalObjective(points).assign(centers).labels)
          .all());
}

TEST_CASE("any number of threads gives the same bits") {
  const EmpiricalObjective objective(normal_points(3, 30'000, 9));
  const Eigen::MatrixXd centers = normal_points(3, 11, 10);
  const auto one = objective.assign(centers, 1);
  for (const int threads : {2, 3, 7}) {
    const auto many = objective.assign(centers, threads);
    CHECK((one.labels == many.labels).all());
    CHECK(one.cells.centroid == many.cells.centroid);
    CHECK((one.cells.distortion == many.cells.distortion).all());
  }
}

TEST_CASE("a map is read in place, an rvalue is moved, copies share the data") {
  std::vector<double> rows = {1, 2, 3, 4, 5, 6};  // row-major 3 x 2 is column-major 2 x 3
  const EmpiricalObjective<double> mapped(Eigen::Map<const Eigen::MatrixXd>(rows.data(), 2, 3));
  CHECK(mapped.points().data() == rows.data());
  Eigen::MatrixXd points = normal_points(2, 5, 11);
  const double* const address = points.data();
  const EmpiricalObjective<double> moved(std::move(points));
  CHECK(moved.points().data() == address);
  const auto copy = moved;
  CHECK(copy.points().data() == address);
  const Eigen::MatrixXd kept = normal_points(2, 5, 12);
  const EmpiricalObjective owned(kept);
  CHECK(owned.points().data() != kept.data());
  CHECK(owned.points() == kept);
}

TEST_CASE("distinct points are counted up to the number that is enough, zero and minus zero being equal") {
  const EmpiricalObjective objective(on_line({0.0, -0.0, 1, 1, 2, 3}));
  CHECK(objective.distinct_points(100) == 4);
  CHECK(objective.distinct_points(2) == 2);
}

TEST_CASE("moving, turning or renumbering everything changes nothing that it should not") {
  const Eigen::MatrixXd points = testing::grid_points(2, 90, 40, 13), centers = testing::grid_points(2, 6, 40, 14);
  const auto plain = EmpiricalObjective(points).assign(centers);

  // On whole numbers a shift, a quarter turn and a reflection are exact: so must the result be.
  const Eigen::Vector2d shift(1000, -77);
  const auto shifted = EmpiricalObjective(points.colwise() + shift).assign(centers.colwise() + shift);
  CHECK((shifted.labels == plain.labels).all());
  CHECK(shifted.value() == plain.value());
  const Eigen::Matrix2d turn{{0, -1}, {1, 0}};
  const auto turned = EmpiricalObjective(turn * points).assign(turn * centers);
  CHECK((turned.labels == plain.labels).all());
  CHECK(turned.value() == plain.value());
  CHECK(turned.cells.centroid.isApprox(turn * plain.cells.centroid, 1e-15));

  // Any rotation, to rounding; away from ties the labels too.
  const Eigen::MatrixXd cloud = normal_points(2, 90, 15), sites = normal_points(2, 6, 16);
  const Eigen::Matrix2d rotation{{std::cos(0.7), -std::sin(0.7)}, {std::sin(0.7), std::cos(0.7)}};
  const auto before = EmpiricalObjective(cloud).assign(sites);
  const auto after = EmpiricalObjective(rotation * cloud).assign(rotation * sites);
  CHECK((after.labels == before.labels).all());
  CHECK(after.value() == Approx(before.value()).epsilon(1e-14));
  CHECK(after.cells.centroid.isApprox(rotation * before.cells.centroid, 1e-14));

  // Points in reverse; centers in reverse.
  const auto reversed = EmpiricalObjective(cloud.rowwise().reverse()).assign(sites);
  CHECK((reversed.labels.reverse() == before.labels).all());
  CHECK(reversed.value() == Approx(before.value()).epsilon(1e-14));
  const auto renumbered = EmpiricalObjective(cloud).assign(sites.rowwise().reverse());
  CHECK((5 - renumbered.labels == before.labels).all());
  CHECK((renumbered.cells.distortion.reverse() == before.cells.distortion).all());
}

TEST_CASE("where no point ties, the gradient is the slope of the value also for weights and empty cells") {
  const auto points = normal_points(3, 50, 17);
  const kmscape::Weights<double> weights = Eigen::ArrayXd::LinSpaced(50, 0.1, 4);
  Eigen::MatrixXd centers = normal_points(3, 4, 18);
  centers.col(2).setConstant(50);  // nearest to no point
  const EmpiricalObjective objective(points, weights);
  const auto value = [&](const Eigen::MatrixXd& c) {
    long double sum = 0;
    for (Index i = 0; i < 50; ++i) sum += static_cast<long double>(weights(i)) * naive_nearest(points, c, i).second;
    return sum;
  };
  const Eigen::MatrixXd gradient = objective.gradient(centers);
  CHECK(gradient.col(2).isZero(0));
  constexpr double h = 1e-6;
  for (Index c = 0; c < centers.size(); ++c) {
    Eigen::MatrixXd plus = centers, minus = centers;
    plus.data()[c] += h;
    minus.data()[c] -= h;
    CHECK(gradient.data()[c] == Approx(static_cast<double>((value(plus) - value(minus)) / (2 * h))).epsilon(1e-8));
  }
}

TEST_CASE("every kind of map is read in place, and deduction moves what it can") {
  std::vector<double> memory = {1, 2, 3, 4, 5, 6};
  const kmscape::Weights<double> weights = Eigen::Array3d(1, 2, 3);
  Eigen::Map<Eigen::MatrixXd> writable(memory.data(), 2, 3);
  const Eigen::Map<const Eigen::MatrixXd> readable(memory.data(), 2, 3);
  const Eigen::Map<const Eigen::Matrix2Xd> fixed(memory.data(), 2, 3);
  CHECK(EmpiricalObjective(writable).points().data() == memory.data());
  CHECK(EmpiricalObjective(writable, weights).points().data() == memory.data());
  CHECK(EmpiricalObjective(readable).points().data() == memory.data());
  CHECK(EmpiricalObjective(readable, weights).points().data() == memory.data());
  CHECK(EmpiricalObjective(fixed).points().data() == memory.data());
  static_assert(decltype(EmpiricalObjective(fixed))::dim == 2);

  Eigen::MatrixXd points = normal_points(2, 3, 19);
  const double* const address = points.data();
  const EmpiricalObjective moved(std::move(points), weights);
  CHECK(moved.points().data() == address);
  CHECK(moved.weight(2) == 3);
  EmpiricalObjective<double> survivor(on_line({0}));
  {
    const EmpiricalObjective<double> short_lived(normal_points(2, 3, 20));
    survivor = short_lived;
  }
  CHECK(survivor.points() == normal_points(2, 3, 20));
}

TEST_CASE("distinct points are compared coordinate by coordinate") {
  Eigen::MatrixXd points(2, 6);
  points << 0, 1, 0.0, 1, -0.0, 1,  //
      1, 0, -0.0, 1, 0.0, 0;
  CHECK(EmpiricalObjective(points).distinct_points(100) == 4);  // (0,1), (1,0), (0,0), (1,1)
  CHECK(EmpiricalObjective(points).distinct_points(0) == 0);
  CHECK(EmpiricalObjective(normal_points<float>(3, 1000, 21)).distinct_points(2000) == 1000);
}

TEST_CASE("points of another dimension than the type's are refused, not truncated") {
  const auto message = refusal([] { EmpiricalObjective<double, 3>(Eigen::MatrixXd(normal_points(2, 5, 22))); });
  CHECK_THAT(message, ContainsSubstring("kmscape::EmpiricalObjective: points = a 2 x 5 matrix"));
  CHECK_THAT(message, ContainsSubstring("3"));
  CHECK(refusal([] { EmpiricalObjective<double, 2>(Eigen::MatrixXd(normal_points(2, 5, 22))); }).empty());
}

TEST_CASE("every question about centers refuses bad ones, and says where") {
  const EmpiricalObjective objective(normal_points(2, 5, 23));
  Eigen::MatrixXd bad = Eigen::MatrixXd::Zero(2, 3);
  bad(1, 2) = -std::numeric_limits<double>::infinity();
  const auto place = ContainsSubstring("centers(1, 2) = -inf, but every coordinate must be a finite number");
  CHECK_THAT(refusal([&] { static_cast<void>(objective.assign(bad)); }), place);
  CHECK_THAT(refusal([&] { static_cast<void>(objective.cells(bad)); }), place);
  CHECK_THAT(refusal([&] { static_cast<void>(objective.value(bad)); }), place);
  CHECK_THAT(refusal([&] { static_cast<void>(objective.gradient(bad)); }), place);
  CHECK_THAT(refusal([&] { static_cast<void>(objective.hessian(bad)); }), place);
  CHECK_THAT(refusal([&] { static_cast<void>(objective.nearest_two(bad)); }), place);
  CHECK_THAT(refusal([&] { static_cast<void>(objective.nearest_two(on_line({1}))); }),
             ContainsSubstring("a 1 x 1 matrix, but the objective's dimension is 2"));
  CHECK_THAT(refusal([&] { static_cast<void>(objective.hessian(Eigen::MatrixXd(2, 0))); }),
             ContainsSubstring("at least one center"));
}

TEST_CASE("bad points, weights and centers are refused by name, value, rule and way out") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  CHECK(refusal([&] {
          EmpiricalObjective(on_line({1, nan}));
        }) ==
        "kmscape::EmpiricalObjective: points(0, 1) = nan, but every coordinate must be a finite number; drop or impute "
        "point 1");
  CHECK_THAT(refusal([&] { EmpiricalObjective(on_line({infinity})); }), ContainsSubstring("points(0, 0) = inf"));
  CHECK(refusal([] { EmpiricalObjective(Eigen::MatrixXd(2, 0)); }) ==
        "kmscape::EmpiricalObjective: points = a 2 x 0 matrix, but at least one point of at least one dimension is "
        "needed; "
        "pass a d x n matrix whose columns are the points");
  const auto weigh = [](std::initializer_list<double> values) {
    kmscape::Weights<double> weights(static_cast<Index>(values.size()));
    std::copy(values.begin(), values.end(), weights.data());
    return refusal([&] { EmpiricalObjective(on_line({1, 2}), weights); });
  };
  CHECK_THAT(weigh({1}), ContainsSubstring("weights = 1 numbers, but there are 2 points; pass one weight per point"));
  CHECK_THAT(weigh({1, 0}),
             ContainsSubstring("weights(1) = 0, but every weight must be a positive finite number; drop point 1"));
  CHECK_THAT(weigh({-1, 1}), ContainsSubstring("weights(0) = -1"));
  CHECK_THAT(weigh({1, nan}), ContainsSubstring("weights(1) = nan"));
  const EmpiricalObjective objective(on_line({1, 2}));
  CHECK(
      refusal([&] { static_cast<void>(objective.value(Eigen::MatrixXd::Zero(2, 1))); }) ==
      "kmscape::EmpiricalObjective::assign: centers = a 2 x 1 matrix, but the objective's dimension is 1; pass a 1 x k "
      "matrix whose columns are the centers");
  CHECK_THAT(refusal([&] { static_cast<void>(objective.gradient(on_line({nan}))); }),
             ContainsSubstring("centers(0, 0) = nan"));
  CHECK_THAT(refusal([&] { static_cast<void>(objective.assign(Eigen::MatrixXd(1, 0))); }),
             ContainsSubstring("a 1 x 0 matrix"));
  CHECK_THAT(refusal([&] { static_cast<void>(objective.assign(on_line({1}), -1)); }),
             ContainsSubstring("threads = -1"));
}

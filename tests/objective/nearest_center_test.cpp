#include <kmscape/objective/nearest_center.hpp>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <kmscape/objective/empirical_objective.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::Label;
using testing::grid_points;
using testing::normal_points;

namespace {

template <class P, class C>
long double squared_distance(const P& points, Index i, const C& centers, Index j) {
  long double sum = 0;
  for (Index s = 0; s < points.rows(); ++s) {
    const long double difference = static_cast<long double>(points(s, i)) - static_cast<long double>(centers(s, j));
    sum += difference * difference;
  }
  return sum;
}

/// Nearest and second nearest center by sorting nothing: two scans, a tie to the lower index.
template <class P, class C>
std::pair<Index, Index> naive_two(const P& points, Index i, const C& centers) {
  Index first = 0, second = -1;
  for (Index j = 1; j < centers.cols(); ++j)
    if (squared_distance(points, i, centers, j) < squared_distance(points, i, centers, first)) first = j;
  for (Index j = 0; j < centers.cols(); ++j)
    if (j != first &&
        (second < 0 || squared_distance(points, i, centers, j) < squared_distance(points, i, centers, second)))
      second = j;
  return {first, second};
}

template <class Scalar, int Dim>
void compare(Index d, Index n, Index k) {
  const auto points = normal_points<Scalar, Dim>(d, n, static_cast<std::uint64_t>(1000 * d + 10 * n + k));
  const kmscape::Centers<Scalar, Dim> centers = normal_points<Scalar, Dim>(d, k, static_cast<std::uint64_t>(k));
  const EmpiricalObjective<Scalar, Dim> objective(points);
  const auto two = objective.nearest_two(centers);
  const auto assignment = objective.assign(centers);
  const auto rounding = 2 * static_cast<long double>(d + 2) * std::numeric_limits<kmscape::Sum<Scalar>>::epsilon();
  INFO("d = " << d << ", n = " << n << ", k = " << k << ", Dim = " << Dim << ", " << sizeof(Scalar) << " bytes");
  bool labels_agree = true, distances_agree = true;
  long double value = 0;
  for (Index i = 0; i < n; ++i) {
    const auto [first, second] = naive_two(points, i, centers);
    labels_agree &= two.first(i) == first && two.second(i) == second && assignment.labels(i) == first;
    const auto nearest = squared_distance(points, i, centers, first);
    distances_agree &= std::abs(two.first_squared_distance(i) - nearest) <= rounding * nearest;
    if (second < 0) {
      distances_agree &= std::isinf(two.second_squared_distance(i));
    } else {
      const auto next = squared_distance(points, i, centers, second);
      distances_agree &= std::abs(two.second_squared_distance(i) - next) <= rounding * next;
    }
    value += nearest;
  }
  CHECK(labels_agree);
  CHECK(distances_agree);
  // The distances and their sum are rounded to the sum type: n roundings at most.
  const auto sum_rounding = static_cast<long double>(n) * std::numeric_limits<kmscape::Sum<Scalar>>::epsilon();
  CHECK(std::abs(static_cast<long double>(objective.value(centers)) - value) <= (rounding + sum_rounding) * value);
}

template <class Scalar, int Dim>
void compare_sizes(Index d) {
  for (const Index n : {1, 3, 31, 65})
    for (const Index k : {Index{1}, Index{2}, Index{7}, n}) compare<Scalar, Dim>(d, n, k);
}

template <class Scalar, int... Dim>
void compare_fixed() {
  (compare_sizes<Scalar, Dim>(Dim), ...);
}

}  // namespace

TEMPLATE_TEST_CASE("the two nearest centers and the value are those of the definition, fixed dimension or not", "",
                   float, double, long double) {
  for (const Index d : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 33}) compare_sizes<TestType, Eigen::Dynamic>(d);
  compare_fixed<TestType, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 33>();
}

TEST_CASE("a dimension known at compile time changes no bit") {
  const Eigen::MatrixXd points = normal_points(5, 301, 1), centers = normal_points(5, 9, 2);
  const auto dynamic = EmpiricalObjective<double>(points).assign(centers);
  const auto fixed = EmpiricalObjective<double, 5>(points).assign(centers);
  CHECK((dynamic.labels == fixed.labels).all());
  CHECK((dynamic.cells.distortion == fixed.cells.distortion).all());
  CHECK(dynamic.cells.centroid == fixed.cells.centroid);
}

TEST_CASE("among whole numbers every tie goes to the lowest index, in both of its places") {
  Index ties = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Eigen::MatrixXd points = grid_points(2, 50, 3, seed), centers = grid_points(2, 7, 3, seed + 100);
    const EmpiricalObjective objective(points);
    const auto two = objective.nearest_two(centers);
    const auto labels = objective.assign(centers).labels;
    for (Index i = 0; i < 50; ++i) {
      const auto [first, second] = naive_two(points, i, centers);
      CHECK(labels(i) == first);
      CHECK(two.first(i) == first);
      CHECK(two.second(i) == second);
      ties += two.first_squared_distance(i) == two.second_squared_distance(i);
    }
  }
  CHECK(ties > 100);  // or the test would say nothing
}

TEST_CASE("all centers in one place: the first takes everything and the second is next") {
  const EmpiricalObjective objective(normal_points(3, 37, 3));
  const Eigen::MatrixXd centers = normal_points(3, 1, 4).replicate(1, 5);
  const auto assignment = objective.assign(centers);
  CHECK((assignment.labels == 0).all());
  CHECK(assignment.counts(0) == 37);
  const auto two = objective.nearest_two(centers);
  CHECK((two.first == 0).all());
  CHECK((two.second == 1).all());
  CHECK((two.first_squared_distance == two.second_squared_distance).all());
}

TEST_CASE("lowering distances center after center ends at the distance to the nearest, to the last bit") {
  for (const Index d : {2, 11}) {
    const Eigen::MatrixXd points = normal_points(d, 131, 5), centers = normal_points(d, 6, 6);
    const EmpiricalObjective objective(points);
    kmscape::Weights<double> distance = Eigen::ArrayXd::Constant(131, std::numeric_limits<double>::infinity());
    for (Index j = 5; j >= 0; --j)
      kmscape::internal::lower_to_distance(objective.span(), centers.col(j).data(), distance.data());
    CHECK((distance == objective.nearest_two(centers).first_squared_distance).all());
  }
}

TEST_CASE("distances too large for the scalar leave valid labels behind") {
  const EmpiricalObjective objective(testing::on_line({-1e200, 0, 1e200}));
  const auto centers = testing::on_line({0, 1});
  CHECK((objective.assign(centers).labels == Eigen::Array3i(0, 0, 0)).all());
  CHECK(std::isinf(objective.value(centers)));
  const auto two = objective.nearest_two(centers);
  CHECK((two.first == 0).all());
  CHECK(two.second(1) == 1);
}

#include <kmscape/solve/lloyd.hpp>

#include <cmath>
#include <limits>

#include <kmscape/core/random.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::EmpiricalObjective;
using kmscape::EmptyCell;
using kmscape::Index;
using kmscape::lloyd;
using kmscape::LloydStatus;
using testing::normal_points;
using testing::on_line;

namespace {

/// Uniform density on [0, 1]: cells are intervals between midpoints, everything in closed form.
class UniformOnInterval {
 public:
  using Scalar = double;
  static constexpr int dim = 1;
  using CentersType = kmscape::Centers<double, 1>;

  Index dimension() const { return 1; }
  double value(const CentersType& c) const { return cells(c).value(); }
  CentersType gradient(const CentersType& c) const {
    const auto moments = cells(c);
    return 2 * (c - moments.centroid).cwiseProduct(moments.mass.matrix().transpose());
  }
  kmscape::CellMoments<double, 1> cells(const CentersType& c) const {  // c ascending
    const Index k = c.cols();
    kmscape::CellMoments<double, 1> result{Eigen::ArrayXd(k), c, Eigen::ArrayXd(k)};
    for (Index j = 0; j < k; ++j) {
      const double a = j == 0 ? 0 : (c(j - 1) + c(j)) / 2, b = j == k - 1 ? 1 : (c(j) + c(j + 1)) / 2;
      result.mass(j) = b - a;
      result.centroid(j) = (a + b) / 2;
      result.distortion(j) = (std::pow(b - c(j), 3) - std::pow(a - c(j), 3)) / 3;
    }
    return result;
  }
};
static_assert(kmscape::Objective<UniformOnInterval> && !kmscape::DataObjective<UniformOnInterval>);

/// Everything that a result says must be true of its centers, by an independent computation.
template <class O, class R>
void check_consistent(const O& objective, const R& result) {
  const Index n = objective.size(), k = result.centers.cols();
  REQUIRE(result.labels.size() == n);
  kmscape::Counts counts = kmscape::Counts::Zero(k);
  double value = 0;
  for (Index i = 0; i < n; ++i) {
    Index nearest = 0;
    for (Index j = 1; j < k; ++j)
      if ((objective.points().col(i) - result.centers.col(j)).squaredNorm() <
          (objective.points().col(i) - result.centers.col(nearest)).squaredNorm() * (1 - 1e-6))
        nearest = j;
    // Distances that agree to rounding may go either way.
    const auto here = (objective.points().col(i) - result.centers.col(result.labels(i))).squaredNorm();
    const auto there = (objective.points().col(i) - result.centers.col(nearest)).squaredNorm();
    CHECK(static_cast<double>(here) <= static_cast<double>(there) * (1 + 1e-5) + 1e-12);
    counts(result.labels(i)) += 1;
    value += static_cast<double>(objective.weight(i)) * static_cast<double>(here);
  }
  CHECK((counts == result.counts).all());
  CHECK((counts == 0).count() == result.empty_cells);
  const double epsilon = 64 * static_cast<double>(std::numeric_limits<typename O::Scalar>::epsilon());
  CHECK(static_cast<double>(result.value) == Approx(value).epsilon(epsilon).margin(1e-12));
  CHECK(static_cast<double>(result.cells.value()) == static_cast<double>(result.value));
  for (std::size_t t = 1; t < result.values.size(); ++t) CHECK(result.values[t] <= result.values[t - 1]);
  if (!result.values.empty()) CHECK(result.values.back() == result.value);
}

template <class O, class C>
void battery(const O& objective, const C& start) {
  for (const auto policy : {EmptyCell::keep, EmptyCell::drop, EmptyCell::reseed_farthest, EmptyCell::reseed_random}) {
    INFO("policy " << to_string(policy));
    for (const int limit : {0, 1, 2, 1000}) {
      const auto result = lloyd(objective, start, {.max_iterations = limit, .on_empty = policy, .seed = 3, .keep_values = true, .keep_centers = true});
      INFO("limit " << limit << ", status " << to_string(result.status));
      check_consistent(objective, result);
      CHECK(result.iterations <= limit);
      CHECK(result.path.size() == result.values.size());
      CHECK(result.path.back() == result.centers);
      CHECK(result.dropped + result.centers.cols() == start.cols());
      if (policy == EmptyCell::drop && limit > 0) CHECK((result.empty_cells == 0 || result.status == LloydStatus::iteration_limit));
      if (limit < 1000) continue;
      REQUIRE((result.status == LloydStatus::fixed_point || result.status == LloydStatus::rounding_limit));
      if (result.status == LloydStatus::fixed_point) {
        const auto again = lloyd(objective, result.centers, {.max_iterations = 1, .on_empty = EmptyCell::keep});
        CHECK(again.centers == result.centers);
        CHECK((again.labels == result.labels).all());
      }
      const Index distinct = objective.distinct_points(start.cols());
      if (policy == EmptyCell::reseed_farthest || policy == EmptyCell::reseed_random)
        CHECK((result.empty_cells == 0 || distinct < start.cols()));
    }
  }
}

}  // namespace

TEST_CASE("whatever the data, the start and the policy, a result's labels, counts, value and centers belong together") {
  battery(EmpiricalObjective(normal_points(3, 200, 1)), normal_points(3, 6, 2));
  battery(EmpiricalObjective(testing::grid_points(2, 60, 3, 3)), testing::grid_points(2, 5, 3, 4));  // ties, duplicates
  battery(EmpiricalObjective(on_line({0, 0, 0, 1, 1})), on_line({0, 1, 5, 6}));                      // fewer distinct points than centers
  battery(EmpiricalObjective(normal_points(2, 50, 5)), Eigen::MatrixXd((normal_points(2, 5, 6).array() + 100).matrix()));  // empty at first
  battery(EmpiricalObjective(normal_points(2, 30, 7)), Eigen::MatrixXd::Zero(2, 1).eval());
  const Eigen::MatrixXd few = normal_points(2, 8, 8);
  battery(EmpiricalObjective(few), few);
  battery(EmpiricalObjective(normal_points<float>(4, 100, 9)), normal_points<float>(4, 5, 10));
  battery(EmpiricalObjective(Eigen::MatrixXd((normal_points(2, 100, 11).array() + 1e6).matrix())),
          Eigen::MatrixXd((normal_points(2, 4, 12).array() + 1e6).matrix()));
  battery(EmpiricalObjective(normal_points(2, 80, 13), kmscape::Weights<double>(Eigen::ArrayXd::LinSpaced(80, 0.1, 5))),
          normal_points(2, 7, 14));
}

TEST_CASE("six points on a line: the steps and the end by hand") {
  const auto result = lloyd(EmpiricalObjective(on_line({0, 1, 2, 10, 11, 12})), on_line({0, 1}),
                            {.keep_values = true, .keep_centers = true});
  REQUIRE(result.path.size() == 3);
  CHECK(result.path[1] == on_line({0, 7.2}));  // cells {0} and {1, 2, 10, 11, 12}
  CHECK(result.path[2] == on_line({1, 11}));
  CHECK(result.value == 4);
  CHECK(result.iterations == 2);
  CHECK(result.status == LloydStatus::fixed_point);
  CHECK((result.counts == 3).all());
}

TEST_CASE("an empty cell's center stays, goes, or moves to the farthest or to a free point, as asked") {
  const EmpiricalObjective objective(on_line({0, 1, 2, 10, 11, 12}));
  const auto start = on_line({1, 11, 100});
  const auto with = [&](EmptyCell policy) { return lloyd(objective, start, {.on_empty = policy, .seed = 1}); };
  CHECK(with(EmptyCell::keep).centers == start);
  CHECK(with(EmptyCell::keep).empty_cells == 1);
  CHECK(with(EmptyCell::drop).centers == on_line({1, 11}));
  CHECK(with(EmptyCell::drop).dropped == 1);
  const auto farthest = with(EmptyCell::reseed_farthest);
  CHECK(farthest.reseeded == 1);
  CHECK(farthest.value == 2.5);  // one of the groups of three is split into two and one
  CHECK(farthest.empty_cells == 0);
  CHECK(with(EmptyCell::reseed_random).value == 2.5);
  CHECK(with(EmptyCell::reseed_random).centers == with(EmptyCell::reseed_random).centers);
}

TEST_CASE("the iteration stops for each of its reasons and says which") {
  const EmpiricalObjective objective(normal_points(2, 500, 15));
  const Eigen::MatrixXd start = normal_points(2, 8, 16);
  CHECK(lloyd(objective, start).status == LloydStatus::fixed_point);
  const auto limited = lloyd(objective, start, {.max_iterations = 2});
  CHECK(limited.status == LloydStatus::iteration_limit);
  CHECK(limited.iterations == 2);
  const auto tolerant = lloyd(objective, start, {.tolerance = 0.01, .keep_centers = true});
  CHECK(tolerant.status == LloydStatus::tolerance);
  REQUIRE(tolerant.path.size() >= 3);
  const auto move = [&](std::size_t t) { return (tolerant.path[t] - tolerant.path[t - 1]).colwise().squaredNorm().maxCoeff(); };
  CHECK(move(tolerant.path.size() - 1) <= 0.01);
  CHECK(move(tolerant.path.size() - 2) > 0.01);

  int calls = 0;
  const auto stopped = lloyd(objective, start, {.on_step = [&](const kmscape::LloydStep& step) {
                               CHECK(step.iteration == calls);
                               return ++calls <= 3;
                             }});
  CHECK(stopped.status == LloydStatus::stopped_by_callback);
  CHECK(stopped.iterations == 3);
  check_consistent(objective, stopped);

  const auto overflow = lloyd(EmpiricalObjective(on_line({-1e200, 1e200})), on_line({0}));
  CHECK(overflow.status == LloydStatus::non_finite);
}

TEST_CASE("a step that would raise the computed objective is not made") {
  // Means of these points round so that plain iteration gains nothing and keeps changing labels at most for ever.
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Eigen::MatrixXf points = (normal_points<float>(1, 300, seed).array() * 1e-3f + 1000.0f).matrix();
    const EmpiricalObjective objective(points);
    const auto result = lloyd(objective, Eigen::MatrixXf(points.leftCols(20)), {.keep_values = true});
    CHECK((result.status == LloydStatus::fixed_point || result.status == LloydStatus::rounding_limit));
    for (std::size_t t = 1; t < result.values.size(); ++t) CHECK(result.values[t] <= result.values[t - 1]);
    CHECK(result.value == objective.value(result.centers));
  }
}

TEST_CASE("any number of threads gives the same bits at every step") {
  const EmpiricalObjective objective(normal_points(4, 40'000, 17));
  const Eigen::MatrixXd start = normal_points(4, 9, 18);
  const auto one = lloyd(objective, start, {.max_iterations = 20, .threads = 1, .keep_values = true});
  const auto two = lloyd(objective, start, {.max_iterations = 20, .threads = 2, .keep_values = true});
  CHECK(one.values == two.values);
  CHECK(one.centers == two.centers);
  CHECK((one.labels == two.labels).all());
}

TEST_CASE("a user's own objective runs through the same iteration: the uniform density's optimum") {
  for (const Index k : {1, 2, 5}) {
    kmscape::Centers<double, 1> start(1, k);
    for (Index j = 0; j < k; ++j) start(j) = std::pow((static_cast<double>(j) + 0.7) / static_cast<double>(k), 2);
    const auto result = lloyd(UniformOnInterval(), start, {.max_iterations = 100'000, .tolerance = 1e-32});
    for (Index j = 0; j < k; ++j)
      CHECK(result.centers(j) == Approx((2.0 * static_cast<double>(j) + 1) / (2.0 * static_cast<double>(k))).epsilon(1e-12));
    CHECK(result.value == Approx(1.0 / (12.0 * static_cast<double>(k * k))).epsilon(1e-12));
    CHECK(result.labels.size() == 0);
  }
}

TEST_CASE("bad starts and options are refused before any work") {
  const EmpiricalObjective objective(on_line({1, 2, 3}));
  const auto with = [&](const kmscape::LloydOptions& options) {
    return refusal([&] { static_cast<void>(lloyd(objective, on_line({1, 2}), options)); });
  };
  CHECK(with({.max_iterations = -1}) ==
        "kmscape::lloyd: options.max_iterations = -1, but a number of steps cannot be negative; pass 0 to evaluate the start "
        "only");
  CHECK_THAT(with({.tolerance = -0.5}), ContainsSubstring("options.tolerance = -0.5"));
  CHECK_THAT(with({.tolerance = std::numeric_limits<double>::quiet_NaN()}), ContainsSubstring("options.tolerance = nan"));
  CHECK_THAT(with({.threads = -4}), ContainsSubstring("threads = -4"));
  CHECK_THAT(refusal([&] { static_cast<void>(lloyd(objective, on_line({1, std::nan("")}))); }),
             ContainsSubstring("kmscape::lloyd: start(0, 1) = nan"));
  CHECK_THAT(refusal([&] { static_cast<void>(lloyd(objective, Eigen::MatrixXd::Zero(2, 2).eval())); }),
             ContainsSubstring("start = a 2 x 2 matrix, but the objective's dimension is 1"));
  CHECK(refusal([&] {
          static_cast<void>(lloyd(UniformOnInterval(), Eigen::RowVector2d(0.2, 0.4), {.on_empty = EmptyCell::reseed_random}));
        }) == "kmscape::lloyd: options.on_empty = reseed_random, but this objective has no points to move an empty center to; "
              "use EmptyCell::keep or EmptyCell::drop");
}

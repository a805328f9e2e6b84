#include <kmscape/solve/lloyd.hpp>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <vector>

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
void check_lloyd_result(const O& objective, const R& result) {
  const auto points = objective.points().template cast<kmscape::Sum<typename O::Scalar>>().eval();
  const Index n = objective.size(), k = result.centers.cols();
  REQUIRE(result.labels.size() == n);
  kmscape::Counts counts = kmscape::Counts::Zero(k);
  double value = 0;
  for (Index i = 0; i < n; ++i) {
    Index nearest = 0;
    for (Index j = 1; j < k; ++j)
      if ((points.col(i) - result.centers.col(j)).squaredNorm() <
          (points.col(i) - result.centers.col(nearest)).squaredNorm() * (1 - 1e-6))
        nearest = j;
    // Distances that agree to rounding may go either way.
    const auto here = (points.col(i) - result.centers.col(result.labels(i))).squaredNorm();
    const auto there = (points.col(i) - result.centers.col(nearest)).squaredNorm();
    CHECK(static_cast<double>(here) <= static_cast<double>(there) * (1 + 1e-5) + 1e-12);
    counts(result.labels(i)) += 1;
    value += static_cast<double>(objective.weight(i)) * static_cast<double>(here);
  }
  CHECK((counts == result.counts).all());
  CHECK((counts == 0).count() == result.empty_cells);
  const double epsilon = 64 * std::numeric_limits<double>::epsilon();
  CHECK(static_cast<double>(result.value) == Approx(value).epsilon(epsilon).margin(1e-12));
  CHECK(static_cast<double>(result.cells.value()) == static_cast<double>(result.value));
  for (std::size_t t = 1; t < result.values.size(); ++t) CHECK(result.values[t] <= result.values[t - 1]);
  if (!result.values.empty()) CHECK(result.values.back() == result.value);
}

template <class O, class C>
void lloyd_battery(const O& objective, const C& start_expression) {
  const kmscape::FittedCenters<typename O::Scalar, O::dim> start =
      start_expression.template cast<kmscape::Sum<typename O::Scalar>>();
  for (const auto policy : {EmptyCell::keep, EmptyCell::drop, EmptyCell::reseed_farthest, EmptyCell::reseed_random}) {
    INFO("policy " << to_string(policy));
    for (const int limit : {0, 1, 2, 1000}) {
      const auto result =
          lloyd(objective, start,
                {.max_iterations = limit, .on_empty = policy, .seed = 3, .keep_values = true, .keep_centers = true});
      INFO("limit " << limit << ", status " << to_string(result.status));
      check_lloyd_result(objective, result);
      CHECK(result.iterations <= limit);
      CHECK(result.path.size() == result.values.size());
      CHECK(result.path.size() == static_cast<std::size_t>(result.iterations + 1));
      CHECK(result.path.front() == start);
      CHECK(result.values.front() == objective.value(start));
      CHECK(result.path.back() == result.centers);
      CHECK(result.dropped + result.centers.cols() == start.cols());
      if (policy == EmptyCell::drop && limit > 0)
        CHECK((result.empty_cells == 0 || result.status == LloydStatus::iteration_limit));
      if (limit < 1000) continue;
      REQUIRE((result.status == LloydStatus::fixed_point || result.status == LloydStatus::rounding_limit));
      if (result.status == LloydStatus::fixed_point) {
        const auto again = lloyd(objective, result.centers, {.max_iterations = 1, .on_empty = EmptyCell::keep});
        CHECK(again.centers == result.centers);
        CHECK((again.labels == result.labels).all());
        CHECK(again.value == result.value);
      }
      const Index distinct = objective.distinct_points(start.cols());
      if (policy == EmptyCell::reseed_farthest || policy == EmptyCell::reseed_random)
        CHECK((result.empty_cells == 0 || distinct < start.cols()));
    }
    const auto stopped =
        lloyd(objective, start,
              {.on_empty = policy, .seed = 3, .keep_values = true, .on_step = [](const kmscape::LloydStep& step) {
                 return step.iteration < 1;
               }});
    INFO("stopped at step " << stopped.iterations);
    check_lloyd_result(objective, stopped);
    CHECK(stopped.iterations <= 1);
  }
}

}  // namespace

TEST_CASE("whatever the data, the start and the policy, a result's labels, counts, value and centers belong together") {
  lloyd_battery(EmpiricalObjective(normal_points(3, 200, 1)), normal_points(3, 6, 2));
  lloyd_battery(EmpiricalObjective(testing::grid_points(2, 60, 3, 3)),
                testing::grid_points(2, 5, 3, 4));  // ties, duplicates
  lloyd_battery(EmpiricalObjective(on_line({0, 0, 0, 1, 1})),
                on_line({0, 1, 5, 6}));  // fewer distinct points than centers
  lloyd_battery(EmpiricalObjective(normal_points(2, 50, 5)),
                Eigen::MatrixXd((normal_points(2, 5, 6).array() + 100).matrix()));  // empty at first
  lloyd_battery(EmpiricalObjective(normal_points(2, 30, 7)), Eigen::MatrixXd::Zero(2, 1).eval());
  lloyd_battery(EmpiricalObjective(normal_points(1, 70, 27)), normal_points(1, 6, 28));  // d = 1
  lloyd_battery(EmpiricalObjective(on_line({-2, -1, 0, 1, 2})), on_line({1, -1}));       // 0 ties at the start
  lloyd_battery(EmpiricalObjective(normal_points(2, 30, 29)),
                Eigen::MatrixXd::Zero(2, 4).eval());  // coinciding centers
  lloyd_battery(EmpiricalObjective<long double, 2>(normal_points<long double, 2>(2, 60, 30)),
                normal_points<long double, 2>(2, 5, 31));
  lloyd_battery(EmpiricalObjective(testing::grid_points(1, 40, 2, 32) * 0.1),
                testing::grid_points(1, 6, 9, 33) * 0.1);  // means of copies round
  const Eigen::MatrixXd few = normal_points(2, 8, 8);
  lloyd_battery(EmpiricalObjective(few), few);
  lloyd_battery(EmpiricalObjective(normal_points<float>(4, 100, 9)), normal_points<float>(4, 5, 10));
  lloyd_battery(EmpiricalObjective(Eigen::MatrixXd((normal_points(2, 100, 11).array() + 1e6).matrix())),
                Eigen::MatrixXd((normal_points(2, 4, 12).array() + 1e6).matrix()));
  lloyd_battery(
      EmpiricalObjective(normal_points(2, 80, 13), kmscape::Weights<double>(Eigen::ArrayXd::LinSpaced(80, 0.1, 5))),
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
  const auto move = [&](std::size_t t) {
    return (tolerant.path[t] - tolerant.path[t - 1]).colwise().squaredNorm().maxCoeff();
  };
  CHECK(move(tolerant.path.size() - 1) <= 0.01);
  CHECK(move(tolerant.path.size() - 2) > 0.01);

  int calls = 0;
  const auto stopped = lloyd(objective, start, {.on_step = [&](const kmscape::LloydStep& step) {
                               CHECK(step.iteration == calls);
                               return ++calls <= 3;
                             }});
  CHECK(stopped.status == LloydStatus::stopped_by_callback);
  CHECK(stopped.iterations == 3);
  check_lloyd_result(objective, stopped);

  const auto overflow = lloyd(EmpiricalObjective(on_line({-1e200, 1e200})), on_line({0}));
  CHECK(overflow.status == LloydStatus::non_finite);

  int asked = 0;
  const auto halted = lloyd(objective, start, {.stop = [&] { return ++asked > 2; }});
  CHECK(halted.status == LloydStatus::stopped_by_callback);
  CHECK(asked == 3);
  CHECK(halted.centers == limited.centers);
  CHECK(halted.value == limited.value);
  CHECK(lloyd(objective, start, {.stop = [] { return false; }}).status == LloydStatus::fixed_point);
}

TEST_CASE("no step raises the computed objective, on floats whose neighbours are all that tells them apart") {
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
      CHECK(result.centers(j) ==
            Approx((2.0 * static_cast<double>(j) + 1) / (2.0 * static_cast<double>(k))).epsilon(1e-12));
    CHECK(result.value == Approx(1.0 / (12.0 * static_cast<double>(k * k))).epsilon(1e-12));
    CHECK(result.labels.size() == 0);
  }
}

TEST_CASE("a fixed point that only sheds its empty cells keeps its value to the last bit") {
  // The value was once summed in an order that the number of cells decides, and dropping could seem to raise it.
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Eigen::MatrixXd points = normal_points(2, 60, seed);
    const EmpiricalObjective objective(points);
    const auto fixed = lloyd(objective, points.leftCols(9));
    REQUIRE(fixed.status == LloydStatus::fixed_point);
    REQUIRE(fixed.empty_cells == 0);
    Eigen::MatrixXd start = Eigen::MatrixXd::Constant(2, 13, 100);  // columns 1, 4, 7 and 10 stay far from every point
    for (Index j = 0, at = 0; at < 13; ++at)
      if (at % 3 != 1 || at > 10) start.col(at) = fixed.centers.col(j++);
    const auto result =
        lloyd(objective, start, {.on_empty = EmptyCell::drop, .keep_values = true, .keep_centers = true});
    INFO("seed " << seed << ", status " << to_string(result.status));
    CHECK(result.status == LloydStatus::fixed_point);
    CHECK(result.centers == fixed.centers);
    CHECK(result.value == fixed.value);
    CHECK(result.values == std::vector<double>{fixed.value, fixed.value});
    CHECK(result.path.back().cols() == 9);
    CHECK(result.dropped == 4);
  }
}

TEST_CASE("reseeding ends when there are fewer distinct points than centers, although means of copies round") {
  // The sum of three times 0.1 rounds: center and copies once chased each other until the iteration limit.
  for (const auto policy : {EmptyCell::reseed_farthest, EmptyCell::reseed_random})
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      const EmpiricalObjective objective(testing::grid_points(1, 30, 2, seed) * 0.1);
      const Eigen::MatrixXd start = testing::grid_points(1, 6, 2, seed + 7) * 0.1;
      const auto result = lloyd(objective, start, {.on_empty = policy, .seed = seed, .keep_values = true});
      INFO(to_string(policy) << ", seed " << seed << ", status " << to_string(result.status));
      CHECK((result.status == LloydStatus::fixed_point || result.status == LloydStatus::rounding_limit));
      CHECK(result.iterations < 20);
      CHECK(result.value < 1e-30);
      check_lloyd_result(objective, result);
    }
}

TEST_CASE("no empty center is moved onto a copy of a center") {
  // Every point lies on a center, and the mean of three times 0.1 is 0.1: there is no free point.
  for (const auto policy : {EmptyCell::reseed_farthest, EmptyCell::reseed_random}) {
    const auto start = on_line({0.1, 0.7, 5});
    const auto result = lloyd(EmpiricalObjective(on_line({0.1, 0.1, 0.1, 0.7, 0.7, 0.7})), start, {.on_empty = policy});
    CHECK(result.value == 0);
    CHECK(result.iterations == 0);
    CHECK(result.reseeded == 0);
    CHECK(result.centers == start);
  }
}

TEST_CASE("the mean of copies is the copy, although their sum rounds: only dropping the empty cells is left to do") {
  const auto start = on_line({0.1, 0.7, 5});
  const auto result = lloyd(EmpiricalObjective(on_line({0.1, 0.1, 0.1, 0.7, 0.7, 0.7})), start,
                            {.on_empty = EmptyCell::drop, .keep_values = true, .keep_centers = true});
  CHECK(result.status == LloydStatus::fixed_point);
  CHECK(result.centers == on_line({0.1, 0.7}));
  CHECK(result.dropped == 1);
  CHECK(result.iterations == 1);
  CHECK(result.values == std::vector<double>{0, 0});
  REQUIRE(result.path.size() == 2);
  CHECK(result.path[0] == start);
  CHECK(result.path[1] == result.centers);
}

TEST_CASE("empty cells' centers go to the points farthest from the means, one after another") {
  // Cells {0, 1, 2, 3} and {20, 29} have means 1.5 and 24.5; 20 and 29 are both 4.5 away from theirs, 20 comes first.
  const EmpiricalObjective objective(on_line({0, 1, 2, 3, 20, 29}));
  const auto step = [&](const Eigen::MatrixXd& start) {
    return lloyd(objective, start, {.max_iterations = 1, .on_empty = EmptyCell::reseed_farthest});
  };
  CHECK(step(on_line({1, 20, 1000})).centers == on_line({1.5, 24.5, 20}));
  const auto two = step(on_line({1, 1000, 20, 2000}));
  CHECK(two.centers == on_line({1.5, 20, 24.5, 29}));
  CHECK(two.reseeded == 2);
  // Random ones, too, never share a place.
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto random = lloyd(objective, on_line({1, 20, 1000, 2000, 3000}),
                              {.max_iterations = 1, .on_empty = EmptyCell::reseed_random, .seed = seed})
                            .centers;
    CHECK(std::set<double>(random.data(), random.data() + 5).size() == 5);
  }
}

TEST_CASE("whole numbers moved by a whole number take the same path, moved") {
  const Eigen::MatrixXd points = testing::grid_points(2, 128, 30, 19), start = testing::grid_points(2, 6, 30, 20);
  const Eigen::Vector2d shift(4096, -512);
  for (const auto policy : {EmptyCell::keep, EmptyCell::drop, EmptyCell::reseed_farthest, EmptyCell::reseed_random}) {
    const auto here = lloyd(EmpiricalObjective(points), start, {.max_iterations = 1, .on_empty = policy});
    const auto there = lloyd(EmpiricalObjective(points.colwise() + shift), start.colwise() + shift,
                             {.max_iterations = 1, .on_empty = policy});
    // The first labels are exact; the means that follow are rounded where they lie.
    CHECK((there.centers.colwise() - shift).isApprox(here.centers, 1e-12));
    const auto end_here = lloyd(EmpiricalObjective(points), start, {.on_empty = policy});
    const auto end_there =
        lloyd(EmpiricalObjective(points.colwise() + shift), start.colwise() + shift, {.on_empty = policy});
    CHECK((end_here.labels == end_there.labels).all());
    CHECK(end_there.value == Approx(end_here.value).epsilon(1e-11));
  }
}

TEST_CASE("the callback hears of every step: its number, the value so far and how far the centers came") {
  const EmpiricalObjective objective(on_line({0, 1, 2, 10, 11, 12}));
  std::vector<kmscape::LloydStep> heard;
  const auto result = lloyd(objective, on_line({0, 1}), {.on_step = [&](const kmscape::LloydStep& step) {
                              heard.push_back(step);
                              return true;
                            }});
  REQUIRE(heard.size() == 2);  // before each of the two steps; nothing is asked at the fixed point
  CHECK(heard[0].iteration == 0);
  CHECK(heard[0].value == 0 + 0 + 1 + 81 + 100 + 121);
  CHECK(std::isinf(heard[0].largest_move));
  CHECK(heard[1].iteration == 1);
  CHECK(heard[1].largest_move == Approx(6.2).epsilon(1e-15));  // 1 to 7.2
  CHECK(result.status == LloydStatus::fixed_point);
}

TEST_CASE("a random reseeding repeats under its seed and spreads over the free points under others") {
  const EmpiricalObjective objective(on_line({0, 0, 1, 2, 4, 8, 16}));
  const auto one_step = [&](std::uint64_t seed) {
    return lloyd(objective, on_line({4, 1000}),
                 {.max_iterations = 1, .on_empty = EmptyCell::reseed_random, .seed = seed})
        .centers(1);
  };
  std::map<double, int> seen;
  constexpr int trials = 7000;
  for (std::uint64_t seed = 0; seed < trials; ++seed) seen[one_step(seed)] += 1;
  CHECK(one_step(3) == one_step(3));
  // After the step the first center is the mean 31/7, on no point; each of the seven is drawn alike, 0 twice as often.
  CHECK(seen.size() == 6);
  for (const auto& [place, count] : seen) {
    const double expected = place == 0 ? 2.0 / 7 : 1.0 / 7;
    CHECK(std::abs(count - trials * expected) <= 5 * std::sqrt(trials * expected * (1 - expected)));
  }
}

TEST_CASE("an overflow after the start goes back to the last finite step") {
  // The sum over the cell overflows, its mean is infinite, the start itself is fine.
  const EmpiricalObjective objective(on_line({1.5e308, 1.5e308}));
  const auto result = lloyd(objective, on_line({1.5e308}), {.keep_values = true});
  CHECK(result.status == LloydStatus::non_finite);
  CHECK(result.iterations == 0);
  CHECK(result.centers == on_line({1.5e308}));
  CHECK(result.value == 0);
  CHECK(result.values == std::vector<double>{0});
}

TEST_CASE("weights can overflow the objective where distances do not") {
  const EmpiricalObjective objective(on_line({0, 1e90}), kmscape::Weights<double>(Eigen::Array2d(1e200, 1e200)));
  CHECK(lloyd(objective, on_line({1e89})).status == LloydStatus::non_finite);
}

TEST_CASE("every policy and every status has a name of its own") {
  std::set<std::string_view> names;
  for (const auto policy : {EmptyCell::keep, EmptyCell::drop, EmptyCell::reseed_farthest, EmptyCell::reseed_random})
    names.insert(to_string(policy));
  for (const auto status : {LloydStatus::fixed_point, LloydStatus::tolerance, LloydStatus::iteration_limit,
                            LloydStatus::rounding_limit, LloydStatus::stopped_by_callback, LloydStatus::non_finite})
    names.insert(to_string(status));
  CHECK(names == std::set<std::string_view>{"keep", "drop", "reseed_farthest", "reseed_random", "fixed_point",
                                            "tolerance", "iteration_limit", "rounding_limit", "stopped_by_callback",
                                            "non_finite"});
}

TEST_CASE("bad starts and options are refused before any work") {
  const EmpiricalObjective objective(on_line({1, 2, 3}));
  const auto with = [&](const kmscape::LloydOptions& options) {
    return refusal([&] { static_cast<void>(lloyd(objective, on_line({1, 2}), options)); });
  };
  CHECK(with({.max_iterations = -1}) ==
        "kmscape::lloyd: options.max_iterations = -1, but a number of steps cannot be negative; pass 0 to evaluate the "
        "start "
        "only");
  CHECK_THAT(with({.tolerance = -0.5}), ContainsSubstring("options.tolerance = -0.5"));
  CHECK_THAT(with({.tolerance = std::numeric_limits<double>::quiet_NaN()}),
             ContainsSubstring("options.tolerance = nan"));
  CHECK_THAT(with({.threads = -4}), ContainsSubstring("kmscape::lloyd: options.threads = -4"));
  CHECK_THAT(refusal([&] {
               static_cast<void>(lloyd(objective, on_line({1, std::nan("")})));
             }),
             ContainsSubstring("kmscape::lloyd: start(0, 1) = nan"));
  CHECK_THAT(refusal([&] { static_cast<void>(lloyd(objective, Eigen::MatrixXd::Zero(2, 2).eval())); }),
             ContainsSubstring("start = a 2 x 2 matrix, but the objective's dimension is 1"));
  CHECK(
      refusal([&] {
        static_cast<void>(
            lloyd(UniformOnInterval(), Eigen::RowVector2d(0.2, 0.4), {.on_empty = EmptyCell::reseed_random}));
      }) ==
      "kmscape::lloyd: options.on_empty = reseed_random, but this objective has no points to move an empty center to; "
      "use EmptyCell::keep or EmptyCell::drop");
}

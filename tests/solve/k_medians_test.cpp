#include <kmscape/solve/k_medians.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/objective/empirical_objective.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::k_medians;
using kmscape::KMediansStatus;
using testing::grid_points;
using testing::normal_points;
using testing::on_line;
using testing::whole_weights;

namespace {

/// The lower weighted median by its definition: sort, and walk until half of the weight is reached.
double median_by_sorting(std::vector<std::pair<double, double>> values) {
  std::sort(values.begin(), values.end());
  double total = 0, reached = 0;
  for (const auto& [value, weight] : values) total += weight;
  for (const auto& [value, weight] : values) {
    reached += weight;
    if (2 * reached >= total) return value;
  }
  return std::nan("");
}

struct Step {
  Eigen::MatrixXd centers;
  std::vector<Index> labels;
  double value;
};

Step evaluate(const Eigen::MatrixXd& x, const Eigen::ArrayXd& w, const Eigen::MatrixXd& centers) {
  Step step{centers, {}, 0};
  for (Index i = 0; i < x.cols(); ++i) {
    Index nearest = 0;
    for (Index j = 1; j < centers.cols(); ++j)
      if ((x.col(i) - centers.col(j)).lpNorm<1>() < (x.col(i) - centers.col(nearest)).lpNorm<1>()) nearest = j;
    step.labels.push_back(nearest);
    step.value += w(i) * (x.col(i) - centers.col(nearest)).lpNorm<1>();
  }
  return step;
}

Eigen::MatrixXd medians(const Eigen::MatrixXd& x, const Eigen::ArrayXd& w, const std::vector<Index>& labels,
                        Eigen::MatrixXd centers) {
  for (Index j = 0; j < centers.cols(); ++j)
    for (Index s = 0; s < x.rows(); ++s) {
      std::vector<std::pair<double, double>> values;
      for (Index i = 0; i < x.cols(); ++i)
        if (labels[static_cast<std::size_t>(i)] == j) values.emplace_back(x(s, i), w(i));
      if (!values.empty()) centers(s, j) = median_by_sorting(values);
    }
  return centers;
}

/// The alternation by its definition, until the centers repeat.
std::vector<Step> naive_path(const Eigen::MatrixXd& x, const Eigen::ArrayXd& w, const Eigen::MatrixXd& start) {
  std::vector<Step> path = {evaluate(x, w, start)};
  for (;;) {
    const Eigen::MatrixXd next = medians(x, w, path.back().labels, path.back().centers);
    if (next == path.back().centers) return path;
    path.push_back(evaluate(x, w, next));
  }
}

/// The lowest value over all partitions into k cells, and its medians.
Step best_partition(const Eigen::MatrixXd& x, const Eigen::ArrayXd& w, Index k) {
  Step best{{}, {}, std::numeric_limits<double>::infinity()};
  std::vector<Index> labels(static_cast<std::size_t>(x.cols()), 0);
  for (;;) {
    const Eigen::MatrixXd centers = medians(x, w, labels, Eigen::MatrixXd::Zero(x.rows(), k));
    double value = 0;
    for (Index i = 0; i < x.cols(); ++i)
      value += w(i) * (x.col(i) - centers.col(labels[static_cast<std::size_t>(i)])).lpNorm<1>();
    if (value < best.value) best = {centers, labels, value};
    std::size_t i = 0;
    while (i < labels.size() && ++labels[i] == k) labels[i++] = 0;
    if (i == labels.size()) return best;
  }
}

/// Everything that a result says must be true of its centers.
template <class O, class R>
void check_consistent(const O& objective, const R& result, double rounding) {
  const Eigen::MatrixXd x = objective.points().template cast<double>();
  Eigen::ArrayXd w(x.cols());
  for (Index i = 0; i < w.size(); ++i) w(i) = static_cast<double>(objective.weight(i));
  const Index k = result.centers.cols();
  const Eigen::MatrixXd centers = result.centers.template cast<double>();
  const auto step = evaluate(x, w, centers);
  Eigen::ArrayXd mass = Eigen::ArrayXd::Zero(k), distortion = mass;
  kmscape::Counts counts = kmscape::Counts::Zero(k);
  for (Index i = 0; i < x.cols(); ++i) {
    const Index nearest = step.labels[static_cast<std::size_t>(i)], own = result.labels(i);
    const double here = (x.col(i) - centers.col(own)).template lpNorm<1>();
    CHECK(here <= (x.col(i) - centers.col(nearest)).template lpNorm<1>() * (1 + rounding));
    counts(own) += 1;
    mass(own) += w(i);
    distortion(own) += w(i) * here;
  }
  CHECK((counts == result.counts).all());
  CHECK((counts == 0).count() == result.empty_cells);
  for (Index j = 0; j < k; ++j) {
    CHECK(static_cast<double>(result.mass(j)) == Approx(mass(j)).epsilon(rounding));
    CHECK(static_cast<double>(result.distortion(j)) == Approx(distortion(j)).epsilon(rounding));
  }
  CHECK(static_cast<double>(result.value) == Approx(step.value).epsilon(rounding));
  for (std::size_t t = 1; t < result.values.size(); ++t) CHECK(result.values[t] <= result.values[t - 1]);
  if (!result.values.empty()) {
    CHECK(result.values.back() == result.value);
    CHECK(static_cast<int>(result.values.size()) == result.iterations + 1);
  }
  if (!result.path.empty()) {
    CHECK(result.path.back() == result.centers);
    CHECK(static_cast<int>(result.path.size()) == result.iterations + 1);
  }
}

}  // namespace

TEST_CASE("the lower median is the sorted one, for every small vector of values and weights") {
  for (int code = 0; code < 4 * 4 * 4 * 4 * 4; ++code)
    for (std::size_t n = 1; n <= 5; ++n) {
      std::vector<std::pair<double, double>> values, ones;
      std::vector<double> plain;
      std::vector<kmscape::internal::WeightedValue<double, double>> pairs;
      for (std::size_t i = 0, rest = static_cast<std::size_t>(code); i < n; ++i, rest /= 4) {
        const double value = static_cast<double>(rest % 4);
        const double weight = static_cast<double>((static_cast<std::size_t>(code) * (i + 3) + i) % 5 + 1);
        values.emplace_back(value, weight);
        ones.emplace_back(value, 1);
        plain.push_back(value);
        pairs.push_back({value, weight});
      }
      REQUIRE(kmscape::internal::lower_median(plain) == median_by_sorting(ones));
      REQUIRE(kmscape::internal::lower_median(pairs) == median_by_sorting(values));
    }
  std::vector<kmscape::internal::WeightedValue<double, double>> many;
  std::vector<std::pair<double, double>> same;
  const Eigen::MatrixXd x = grid_points(2, 1000, 300, 1);
  for (Index i = 0; i < 1000; ++i) {
    many.push_back({x(0, i), x(1, i) + 1});
    same.emplace_back(x(0, i), x(1, i) + 1);
  }
  CHECK(kmscape::internal::lower_median(many) == median_by_sorting(same));
}

TEST_CASE("every step is that of the definition, to the last bit on whole numbers") {
  int steps = 0, empty = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Index d = 1 + static_cast<Index>(seed % 4), n = 15 + 3 * static_cast<Index>(seed), k = 1 + seed % 6;
    const Index most = seed % 3 == 0 ? 3 : 200;  // duplicates and ties, or few of them
    const Eigen::MatrixXd x = grid_points(d, n, most, seed);
    const Eigen::ArrayXd w = seed % 2 == 0 ? Eigen::ArrayXd::Ones(n).eval() : whole_weights(n, seed);
    const Eigen::MatrixXd start = grid_points(d, k, most + most / 2, seed + 1000);
    const EmpiricalObjective objective(x, w);
    const auto expected = naive_path(x, w, start);
    const auto result = k_medians(objective, start, {.keep_values = true, .keep_centers = true});
    INFO("seed " << seed << ", status " << to_string(result.status));
    CHECK(result.status == KMediansStatus::fixed_point);
    REQUIRE(result.path.size() == expected.size());
    for (std::size_t t = 0; t < expected.size(); ++t) {
      CHECK(result.path[t] == expected[t].centers);
      CHECK(result.values[t] == expected[t].value);
    }
    for (Index i = 0; i < n; ++i) CHECK(result.labels(i) == expected.back().labels[static_cast<std::size_t>(i)]);
    check_consistent(objective, result, 0);
    steps += result.iterations;
    empty += result.empty_cells > 0;
  }
  CHECK(steps > 150);
  CHECK(empty > 3);
}

TEST_CASE("all partitions of at most eight points: the best one is a fixed point, and no run ends below it") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const Index n = 4 + static_cast<Index>(seed % 5), k = n == 8 ? 3 : 2 + static_cast<Index>(seed % 2);
    const Eigen::MatrixXd x = grid_points(2, n, 9, seed);
    const Eigen::ArrayXd w = whole_weights(n, seed + 5);
    const EmpiricalObjective objective(x, w);
    const auto best = best_partition(x, w, k);
    const auto stays = k_medians(objective, best.centers);
    INFO("seed " << seed);
    CHECK(stays.value == best.value);
    double found = std::numeric_limits<double>::infinity();
    for (unsigned subset = 0; subset < 1u << n; ++subset) {
      Eigen::MatrixXd start(2, 0);
      for (Index i = 0; i < n; ++i)
        if (subset >> i & 1u) {
          start.conservativeResize(2, start.cols() + 1);
          start.rightCols(1) = x.col(i);
        }
      if (start.cols() != k) continue;
      const auto result = k_medians(objective, start);
      CHECK(result.value >= best.value);
      found = std::min(found, result.value);
    }
    CHECK(found == best.value);
  }
}

TEST_CASE("five points by hand: an outlier does not drag a median, and the lower of two medians is taken") {
  const auto result = k_medians(EmpiricalObjective(on_line({0, 1, 2, 3, 1000})), on_line({5}));
  CHECK(result.centers == on_line({2}));
  CHECK(result.value == 2 + 1 + 0 + 1 + 998);
  CHECK(result.iterations == 1);
  CHECK(k_medians(EmpiricalObjective(on_line({4, 1, 3, 2})), on_line({9})).centers == on_line({2}));
  CHECK(k_medians(EmpiricalObjective(on_line({0, 10, 20}), Eigen::ArrayXd(Eigen::Array3d(1, 1, 2))), on_line({9}))
            .centers == on_line({10}));
  // Coordinate by coordinate: (0, 0) is none of the points.
  Eigen::MatrixXd corners(2, 3);
  corners << 0, 5, 0, 7, 0, 0;
  CHECK(k_medians(EmpiricalObjective(corners), Eigen::MatrixXd::Ones(2, 1).eval()).centers == Eigen::Vector2d(0, 0));
}

TEST_CASE("an empty cell's center stays where it is and is counted") {
  const auto result = k_medians(EmpiricalObjective(on_line({0, 1, 2, 10, 11, 12})), on_line({1, 100, 11, 1}));
  CHECK(result.centers == on_line({1, 100, 11, 1}));
  CHECK(result.empty_cells == 2);
  CHECK((result.counts == kmscape::Counts(Eigen::Array<Index, 4, 1>(3, 0, 3, 0))).all());
  CHECK(result.value == 4);
  CHECK(result.status == KMediansStatus::fixed_point);
  CHECK(result.iterations == 0);
}

TEMPLATE_TEST_CASE("points of every scalar, fixed dimension or not, from a start of another scalar", "", float, double,
                   long double) {
  const auto points = normal_points<TestType, 3>(3, 500, 7);
  const EmpiricalObjective<TestType, 3> fixed(points);
  const EmpiricalObjective<TestType> dynamic{kmscape::Points<TestType>(points)};
  const Eigen::MatrixXf start = normal_points<float>(3, 6, 8);
  const auto one = k_medians(fixed, start, {.keep_values = true, .keep_centers = true});
  const auto two = k_medians(dynamic, start);
  CHECK(one.status == KMediansStatus::fixed_point);
  CHECK(one.iterations > 2);
  CHECK(one.centers == two.centers);
  check_consistent(fixed, one, 1e-13);
  // Medians are coordinates of points, to the last bit.
  for (Index j = 0; j < 6; ++j)
    for (Index s = 0; s < 3; ++s)
      CHECK((points.row(s).array().template cast<kmscape::Sum<TestType>>() == one.centers(s, j)).any());
}

TEST_CASE("values fall on any data, and the end belongs together at any limit") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const double offset = seed % 2 == 0 ? 0 : 1e9;
    const Eigen::MatrixXd x = (normal_points(2, 200, seed).array() * 0.1 + offset).matrix();
    const EmpiricalObjective objective(x, Eigen::ArrayXd(Eigen::ArrayXd::LinSpaced(200, 0.1, 3)));
    for (const int limit : {0, 1, 2, 1000}) {
      const auto result =
          k_medians(objective, x.leftCols(7), {.max_iterations = limit, .keep_values = true, .keep_centers = true});
      INFO("seed " << seed << ", limit " << limit << ", status " << to_string(result.status));
      check_consistent(objective, result, 1e-12);
      if (limit == 1000)
        CHECK((result.status == KMediansStatus::fixed_point || result.status == KMediansStatus::rounding_limit));
      else
        CHECK(result.status == KMediansStatus::iteration_limit);
      CHECK(result.path.front() == x.leftCols(7));
    }
  }
}

TEST_CASE("where only rounding tells points that tie apart, the iteration ends and gives nothing away") {
  int ended = 0;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    const Index d = 1 + static_cast<Index>(seed % 3), n = 6 + static_cast<Index>(seed % 20),
                k = 2 + static_cast<Index>(seed % 5);
    const Eigen::MatrixXd x = grid_points(d, n, 3 + static_cast<Index>(seed % 7), seed) * 0.1;  // tenths round
    const EmpiricalObjective objective(x);
    const auto result =
        k_medians(objective, grid_points(d, k, 12, seed + 7) * 0.05, {.keep_values = true, .keep_centers = true});
    if (result.status == KMediansStatus::fixed_point) continue;
    REQUIRE(result.status == KMediansStatus::rounding_limit);
    ++ended;
    check_consistent(objective, result, 1e-14);
    const std::vector<Index> labels(result.labels.begin(), result.labels.end());
    const Eigen::ArrayXd ones = Eigen::ArrayXd::Ones(n);
    CHECK(evaluate(x, ones, medians(x, ones, labels, result.centers)).value == Approx(result.value).epsilon(1e-14));
  }
  CHECK(ended > 3);
}

TEST_CASE("k-medians takes a weight as that many copies of its point") {
  const Eigen::MatrixXd x = grid_points(3, 60, 30, 9);
  const Eigen::ArrayXd w = whole_weights(60, 10);
  Eigen::MatrixXd copies(3, static_cast<Index>(w.sum()));
  for (Index i = 0, at = 0; i < 60; ++i)
    for (Index c = 0; c < static_cast<Index>(w(i)); ++c) copies.col(at++) = x.col(i);
  const auto weighted = k_medians(EmpiricalObjective(x, w), x.leftCols(5), {.keep_values = true});
  const auto copied = k_medians(EmpiricalObjective(copies), x.leftCols(5), {.keep_values = true});
  CHECK(weighted.centers == copied.centers);
  CHECK(weighted.values == copied.values);
  CHECK((weighted.mass == copied.mass).all());
}

TEST_CASE("moved, mirrored and stretched data gives moved, mirrored and stretched medians") {
  const Eigen::MatrixXd x = grid_points(2, 101, 1000, 11);  // odd: a single cell has one median
  const auto of = [](const Eigen::MatrixXd& data) { return k_medians(EmpiricalObjective(data), data.leftCols(3)); };
  const auto base = of(x);
  const auto moved = of((x.colwise() + Eigen::Vector2d(1000, -77)).eval());
  CHECK(moved.centers == (base.centers.colwise() + Eigen::Vector2d(1000, -77)));
  CHECK(moved.value == base.value);
  CHECK(of(4 * x).centers == 4 * base.centers);
  CHECK(of(4 * x).value == 4 * base.value);
  CHECK(of(x.colwise().reverse()).centers == base.centers.colwise().reverse());
  const Eigen::MatrixXd one = x.rowwise().mean();
  CHECK(k_medians(EmpiricalObjective(Eigen::MatrixXd(-x)), -one).centers ==
        -k_medians(EmpiricalObjective(x), one).centers);
}

TEST_CASE("any number of threads gives the same bits at every step of k-medians") {
  const Eigen::MatrixXd x = normal_points(3, 20'000, 12);
  for (const bool weighted : {false, true}) {
    const EmpiricalObjective objective(
        x, weighted ? Eigen::ArrayXd(Eigen::ArrayXd::LinSpaced(20'000, 0.5, 2)) : Eigen::ArrayXd());
    const auto run = [&](int threads) {
      return k_medians(objective, x.leftCols(8),
                       {.max_iterations = 12, .threads = threads, .keep_values = true, .keep_centers = true});
    };
    const auto one = run(1), two = run(2), five = run(5);
    CHECK(one.iterations == 12);
    CHECK(one.values == two.values);
    CHECK(one.values == five.values);
    CHECK(one.path == five.path);
    CHECK((one.labels == five.labels).all());
    check_consistent(objective, one, 1e-12);
  }
}

TEST_CASE("many chunks of points make the steps of the definition too") {
  const Eigen::MatrixXd x = grid_points(2, 9000, 400, 16);
  const Eigen::MatrixXd start = grid_points(2, 5, 400, 17);
  const auto expected = naive_path(x, Eigen::ArrayXd::Ones(9000), start);
  CHECK(expected.size() > 5);
  const auto result = k_medians(EmpiricalObjective(x), start, {.keep_values = true, .keep_centers = true});
  REQUIRE(result.path.size() == expected.size());
  for (std::size_t t = 0; t < expected.size(); ++t) {
    CHECK(result.path[t] == expected[t].centers);
    CHECK(result.values[t] == expected[t].value);
  }
}

TEST_CASE("the iteration stops for each of its reasons and says which: k_medians") {
  const EmpiricalObjective objective(normal_points(2, 300, 13));
  const Eigen::MatrixXd start = normal_points(2, 5, 14);
  std::vector<Index> done;
  const auto stopped = k_medians(
      objective, start,
      {.max_iterations = 50, .keep_values = true, .keep_centers = true, .on_progress = [&](const kmscape::Progress& p) {
         CHECK(p.stage == "k-medians");
         CHECK(p.total == 50);
         done.push_back(p.done);
         return p.done < 2;
       }});
  CHECK(stopped.status == KMediansStatus::stopped_by_callback);
  CHECK(stopped.iterations == 2);
  CHECK(done == std::vector<Index>{0, 1, 2});
  check_consistent(objective, stopped, 1e-13);
  CHECK(k_medians(objective, start, {.max_iterations = 1}).status == KMediansStatus::iteration_limit);
  CHECK(k_medians(objective, start).status == KMediansStatus::fixed_point);
  const auto overflow = k_medians(EmpiricalObjective(on_line({-1.7e308, 1.7e308})), on_line({1e308}));
  CHECK(overflow.status == KMediansStatus::non_finite);
  CHECK(overflow.iterations == 0);
}

TEST_CASE("every status of k-medians has a name of its own") {
  std::set<std::string_view> names;
  for (const auto status :
       {KMediansStatus::fixed_point, KMediansStatus::iteration_limit, KMediansStatus::rounding_limit,
        KMediansStatus::stopped_by_callback, KMediansStatus::non_finite})
    names.insert(to_string(status));
  CHECK(names == std::set<std::string_view>{"fixed_point", "iteration_limit", "rounding_limit", "stopped_by_callback",
                                            "non_finite"});
}

TEST_CASE("bad starts and options of k-medians are refused before any work") {
  const EmpiricalObjective objective(on_line({1, 2, 3}));
  const auto with = [&](const Eigen::MatrixXd& start, const kmscape::KMediansOptions& options) {
    return refusal([&] { static_cast<void>(k_medians(objective, start, options)); });
  };
  CHECK(with(on_line({1}), {.max_iterations = -1}) ==
        "kmscape::k_medians: options.max_iterations = -1, but a number of steps cannot be negative; pass 0 to evaluate "
        "the start only");
  CHECK_THAT(with(on_line({1}), {.threads = -2}), ContainsSubstring("kmscape::k_medians: options.threads = -2"));
  CHECK_THAT(with(on_line({1, std::nan("")}), {}), ContainsSubstring("kmscape::k_medians: start(0, 1) = nan"));
  CHECK_THAT(with(Eigen::MatrixXd::Zero(2, 2), {}),
             ContainsSubstring("start = a 2 x 2 matrix, but the objective's dimension is 1"));
  CHECK_THAT(with(Eigen::MatrixXd(1, 0), {}), ContainsSubstring("start = a 1 x 0 matrix"));
}

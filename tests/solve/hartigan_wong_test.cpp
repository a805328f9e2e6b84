#include <kmscape/solve/hartigan_wong.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>
#include <type_traits>
#include <vector>

#include <kmscape/landscape/certificate.hpp>
#include <kmscape/solve/lloyd.hpp>
#include <kmscape/solve/seeding.hpp>

#include "support/catch.hpp"
#include "support/numbers.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/trials.hpp"

using kmscape::EmpiricalObjective;
using kmscape::hartigan_wong;
using kmscape::HartiganWongStatus;
using kmscape::Index;
using kmscape::Label;
using testing::grid_points;
using testing::infinity;
using testing::normal_points;
using testing::on_line;

namespace {

/// The objective of a partition about its means, by sum_j (sum w |x|^2 - |sum w x|^2 / m) in long double.
template <class O>
long double partition_value(const O& objective, const kmscape::Labels& labels, Index k) {
  using Vector = Eigen::Matrix<long double, Eigen::Dynamic, 1>;
  long double value = 0;
  const Vector origin = objective.points().col(0).template cast<long double>();
  for (Index j = 0; j < k; ++j) {
    Vector sum = Vector::Zero(objective.dimension());
    long double squares = 0, mass = 0;
    for (Index i = 0; i < objective.size(); ++i) {
      if (labels(i) != j) continue;
      const Vector x = objective.points().col(i).template cast<long double>() - origin;
      const auto w = static_cast<long double>(objective.weight(i));
      sum += w * x;
      squares += w * x.squaredNorm();
      mass += w;
    }
    if (mass > 0) value += squares - sum.squaredNorm() / mass;
  }
  return value;
}

/// The least rise of the objective over all moves of one point that empty no cell.
template <class O>
double least_rise(const O& objective, kmscape::Labels labels, Index k) {
  const long double before = partition_value(objective, labels, k);
  long double least = std::numeric_limits<long double>::infinity();
  for (Index i = 0; i < labels.size(); ++i) {
    const Label own = labels(i);
    if ((labels == own).count() == 1) continue;
    for (Label j = 0; j < k; ++j) {
      if (j == own) continue;
      labels(i) = j;
      least = std::min(least, partition_value(objective, labels, k) - before);
    }
    labels(i) = own;
  }
  return static_cast<double>(least);
}

/// All that a result says is true of its partition, by an independent computation.
template <class O, class R>
void check_exchange_result(const O& objective, const R& result) {
  const Index k = result.centers.cols();
  REQUIRE(result.labels.size() == objective.size());
  const auto spread =
      static_cast<double>((objective.points().colwise() - objective.points().col(0)).cwiseAbs().maxCoeff());
  const auto offset = static_cast<double>(objective.points().cwiseAbs().maxCoeff());
  for (Index j = 0; j < k; ++j) {
    long double mass = 0;
    Eigen::Matrix<long double, Eigen::Dynamic, 1> sum;
    sum.setZero(objective.dimension());
    for (Index i = 0; i < objective.size(); ++i)
      if (result.labels(i) == j) {
        mass += static_cast<long double>(objective.weight(i));
        sum += static_cast<long double>(objective.weight(i)) * (objective.points().col(i).template cast<long double>() -
                                                                objective.points().col(0).template cast<long double>());
      }
    CHECK((result.labels == static_cast<Label>(j)).count() == result.counts(j));
    CHECK(static_cast<double>(result.cells.mass(j)) == Approx(static_cast<double>(mass)).epsilon(1e-14));
    if (result.counts(j) == 0) continue;
    const auto mean = (sum / mass + objective.points().col(0).template cast<long double>()).eval();
    CHECK(static_cast<double>((result.centers.col(j).template cast<long double>() - mean).norm()) <=
          1e-14 * (spread + offset));
  }
  CHECK((result.counts == 0).count() == result.empty_cells);
  const auto value = static_cast<double>(partition_value(objective, result.labels, k));
  CHECK(static_cast<double>(result.value) ==
        Approx(value).epsilon(1e-12).margin(1e-15 * spread * spread * static_cast<double>(objective.size())));
  CHECK(result.cells.value() == result.value);
  for (std::size_t t = 1; t < result.values.size(); ++t) CHECK(result.values[t] <= result.values[t - 1]);
}

/// Runs to the end and compares the proof with all single-point moves, each evaluated by the definition.
template <class O, class C>
auto battery(const O& objective, const C& start) {
  const Index k = start.cols();
  const auto result = hartigan_wong(objective, start, {.keep_values = true});
  INFO("passes " << result.passes << ", exchanges " << result.exchanges);
  check_exchange_result(objective, result);
  CHECK(result.status == HartiganWongStatus::d_local);
  CHECK(result.values.size() == static_cast<std::size_t>(result.passes + 1));
  const double rise = least_rise(objective, result.labels, k);
  const double rounding =
      1e-13 * static_cast<double>(partition_value(objective, kmscape::Labels::Zero(objective.size()), 1));
  CHECK(rise >= -rounding);
  if (std::isinf(rise))
    CHECK(result.margin == infinity);
  else
    CHECK(result.margin == Approx(std::max(0.0, rise)).epsilon(1e-9).margin(rounding));
  // Cells of the start keep at least one point, and empty ones get one while some point can spare its mean.
  if (objective.distinct_points(k) >= k) CHECK(result.empty_cells == 0);
  return result;
}

}  // namespace

TEST_CASE("whatever the data and the start, no single-point move lowers the objective at the end") {
  for (std::uint64_t seed = 0; seed < testing::trials(20u); ++seed) {
    INFO("seed " << seed);
    battery(EmpiricalObjective(normal_points(2, 24, seed)), normal_points(2, 4, seed + 100));
    battery(EmpiricalObjective(grid_points(2, 24, 3, seed)), grid_points(2, 4, 3, seed + 100));  // ties, duplicates
    battery(EmpiricalObjective(normal_points(2, 20, seed),
                               kmscape::Weights<double>(grid_points(1, 20, 4, seed).transpose().array() + 0.3)),
            normal_points(2, 4, seed + 100));
    battery(EmpiricalObjective(normal_points(1, 20, seed)), normal_points(1, 5, seed + 100));
    battery(EmpiricalObjective(normal_points<float>(3, 20, seed)), normal_points<float>(3, 4, seed + 100));
  }
  const Eigen::MatrixXd few = normal_points(2, 8, 8);
  battery(EmpiricalObjective(few), few);                                        // k = n
  battery(EmpiricalObjective(few), Eigen::MatrixXd::Zero(2, 1).eval());         // k = 1
  battery(EmpiricalObjective(few), Eigen::MatrixXd::Zero(2, 4).eval());         // coinciding centers
  battery(EmpiricalObjective(few), Eigen::MatrixXd::Constant(2, 8, 7).eval());  // seven empty cells, as many as points
  battery(EmpiricalObjective(few.leftCols(1)), few.leftCols(1).eval());         // n = 1
  battery(EmpiricalObjective(Eigen::MatrixXd((normal_points(2, 20, 5).array() + 1e6).matrix())),
          Eigen::MatrixXd((normal_points(2, 3, 6).array() + 1e6).matrix()));
  battery(EmpiricalObjective(Eigen::MatrixXf((normal_points<float>(2, 20, 5).array() + 1000).matrix())),
          Eigen::MatrixXf((normal_points<float>(2, 3, 6).array() + 1000).matrix()));
  battery(EmpiricalObjective<long double, 2>(normal_points<long double, 2>(2, 20, 7)),
          normal_points<long double, 2>(2, 3, 8));
}

TEST_CASE("three points on a line: a fixed point of Lloyd's iteration that one exchange leaves") {
  // Cells {0, 4} and {7}: 4 is nearer to 2 than to 7, but pays 2 * 4 where it is and 1/2 * 9 there.
  const EmpiricalObjective objective(on_line({0, 4, 7}));
  REQUIRE(kmscape::lloyd(objective, on_line({2, 7})).value == 8);
  const auto result = hartigan_wong(objective, on_line({2, 7}), {.keep_values = true});
  CHECK(result.centers == on_line({0, 5.5}));
  CHECK(result.value == 4.5);
  CHECK(result.exchanges == 1);
  CHECK(result.filled == 0);
  CHECK(result.margin == 3.5);  // 4 back to 0: 16/2 - 2 * 2.25
  CHECK(result.values == std::vector<double>{8, 4.5, 4.5});
  CHECK(result.passes == 2);
  CHECK(result.counts(0) == 1);
  CHECK(result.cells.distortion(1) == 4.5);
}

TEST_CASE("an empty cell gets the point that gains most, and never loses its last") {
  // The mean of all is 3.25; 10 is farthest from it.
  const auto result = hartigan_wong(EmpiricalObjective(on_line({0, 1, 2, 10})), on_line({1, 100}));
  CHECK(result.centers == on_line({1, 10}));
  CHECK(result.filled == 1);
  CHECK(result.exchanges == 1);
  CHECK(result.margin == 30.5);  // 2 to the cell of 10: 64/2 - 3/2 * 1
  const auto nothing = hartigan_wong(EmpiricalObjective(on_line({0, 1, 2, 10})), on_line({1, 100}), {.max_passes = 0});
  CHECK(nothing.centers == on_line({3.25, 100}));
  CHECK(nothing.filled == 0);
  CHECK(nothing.empty_cells == 1);
  CHECK(nothing.status == HartiganWongStatus::pass_limit);
}

TEST_CASE("over all starts the least value is the global minimum, and none lies below it") {
  for (std::uint64_t seed = 0; seed < 3; ++seed)
    for (const bool weighted : {false, true}) {
      const Eigen::MatrixXd points = normal_points(2, 8, seed);
      const kmscape::Weights<double> weights =
          weighted ? kmscape::Weights<double>(Eigen::ArrayXd::LinSpaced(8, 0.2, 3)) : kmscape::Weights<double>();
      const EmpiricalObjective objective(points, weights);
      double global = infinity, best = infinity;
      kmscape::Labels labels(8);
      for (int code = 0; code < 6561; ++code) {  // 3^8
        for (int i = 0, rest = code; i < 8; ++i, rest /= 3) labels(i) = rest % 3;
        global = std::min(global, static_cast<double>(partition_value(objective, labels, 3)));
      }
      for (Index a = 0; a < 8; ++a)
        for (Index b = 0; b < a; ++b)
          for (Index c = 0; c < b; ++c) {
            Eigen::MatrixXd start(2, 3);
            start << points.col(a), points.col(b), points.col(c);
            const double value = hartigan_wong(objective, start).value;
            CHECK(value >= global * (1 - 1e-14));
            best = std::min(best, value);
          }
      CHECK(best == Approx(global).epsilon(1e-13));
    }
}

TEST_CASE("from a fixed point of Lloyd's iteration it never rises, and what it ends at certifies as D-local") {
  int left = 0;
  for (std::uint64_t seed = 0; seed < testing::trials(30u); ++seed) {
    const EmpiricalObjective objective(normal_points(2, 150, seed));
    const auto fixed = kmscape::lloyd(objective, normal_points(2, 7, seed + 50));
    const auto result = hartigan_wong(objective, fixed.centers);
    CHECK(result.value <= fixed.value * (1 + 1e-14));
    left += result.exchanges > 0;
    const auto certificate = kmscape::certify(objective, result.centers);
    CHECK(certificate.grade == kmscape::OptimalityGrade::d_local);
    CHECK((objective.assign(result.centers).labels == result.labels).all());
    CHECK(hartigan_wong(objective, result.centers).exchanges == 0);
  }
  CHECK(left > testing::trials(5));
}

TEST_CASE("bounds never hide a move: passes that move nothing leave none that would") {
  // Asked of the sums as the passes left them, before anything is computed anew.
  kmscape::ThreadTeam team(1);
  for (std::uint64_t seed = 0; seed < testing::trials(240u); ++seed) {
    const bool weighted = seed % 2 == 1;
    // Small cells lose much of their mass at once, large ones take many points' way together.
    const Index n = seed % 3 == 0 ? 80 : 300, k = seed % 3 == 0 ? 30 : 5 * static_cast<Index>(seed % 3);
    kmscape::RandomStream stream(kmscape::Seed{seed});
    const kmscape::Weights<double> weights =
        kmscape::Weights<double>::NullaryExpr(weighted ? n : 0, [&] { return std::pow(2.0, 14 * stream.uniform()); });
    const EmpiricalObjective objective(normal_points(2, n, seed), weights);
    using Partition = kmscape::internal::ExchangePartition<EmpiricalObjective<double>>;
    Partition partition(objective, objective.assign(normal_points(2, k, seed + 1)).labels, k);
    partition.fill_empty_cells();
    auto view = partition.make_view();
    for (std::int64_t before = -1; partition.exchanges() > before;) {
      before = partition.exchanges();
      partition.full_pass(view);
      if (seed % 4 < 2) partition.quick_pass(view);
    }
    INFO("seed " << seed << ", exchanges " << partition.exchanges());
    CHECK(partition.exchanges() > 5);
    CHECK(partition.least_rise(team) >= 0);
    // And the sums, after so many exchanges, are those of the labels.
    const Eigen::MatrixXd means = partition.means();
    partition.sum_again();
    CHECK((partition.means() - means).cwiseAbs().maxCoeff() < 1e-15);
  }
}

TEST_CASE("a bound falls with the mass of a cell, not only with the way of its mean") {
  // The heavy 0 pays 2 * 3.1^2 = 19.22 beside -6.2, and 2/1002 * 100.005^2 = 19.96 in the light cell. Then 100.01
  // leaves that cell, its mean hardly moves, and half of that price is left.
  const EmpiricalObjective objective(on_line({0, -6.2, 100, 100.01, 100.018}),
                                     kmscape::Weights<double>((Eigen::ArrayXd(5) << 1000, 1000, 1, 1, 3).finished()));
  using Partition = kmscape::internal::ExchangePartition<EmpiricalObjective<double>>;
  Partition partition(objective, (kmscape::Labels(5) << 0, 0, 1, 1, 2).finished(), 3);
  auto view = partition.make_view();
  partition.full_pass(view);
  CHECK((partition.labels() == (kmscape::Labels(5) << 0, 0, 1, 2, 2).finished()).all());
  partition.full_pass(view);
  CHECK((partition.labels() == (kmscape::Labels(5) << 1, 0, 2, 2, 2).finished()).all());  // and 100 leaves it
}

TEST_CASE("unit weights change no bit, and a weighted end is D-local for copies too") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Eigen::MatrixXd points = normal_points(2, 60, seed), start = normal_points(2, 5, seed + 1);
    const auto plain = hartigan_wong(EmpiricalObjective(points), start);
    const auto ones = hartigan_wong(EmpiricalObjective(points, kmscape::Weights<double>::Ones(60)), start);
    CHECK(plain.centers == ones.centers);
    CHECK((plain.labels == ones.labels).all());
    CHECK(plain.exchanges == ones.exchanges);

    // Moving t of w changes the objective by t m_b / (m_b + t) b - t m_a / (m_a - t) a, whose part per unit falls with
    // t: where no whole point gains, no part of one does.
    kmscape::Weights<double> weights(60);
    for (Index i = 0; i < 60; ++i) weights(i) = 1 + static_cast<double>(i % 4);
    Eigen::MatrixXd copies(2, static_cast<Index>(weights.sum()));
    for (Index i = 0, filled = 0; i < 60; ++i)
      for (int c = 0; c < static_cast<int>(weights(i)); ++c) copies.col(filled++) = points.col(i);
    const auto weighted = hartigan_wong(EmpiricalObjective(points, weights), start);
    const auto copied = hartigan_wong(EmpiricalObjective(copies), weighted.centers);
    CHECK(copied.exchanges == 0);
    CHECK(copied.value == Approx(weighted.value).epsilon(1e-13));
  }
}

TEST_CASE("weights that differ by many orders of magnitude end with finite numbers that belong together") {
  const EmpiricalObjective objective(
      on_line({0, 1, 2, 3, 4, 5}),
      kmscape::Weights<double>((Eigen::ArrayXd(6) << 1e30, 1, 1e15, 1, 1e-20, 1e8).finished()));
  for (const auto& start : {on_line({0, 5}), on_line({2, 100}), on_line({1, 3, 4})}) {
    const auto result = hartigan_wong(objective, start);
    CHECK(result.status == HartiganWongStatus::d_local);
    CHECK(result.empty_cells == 0);
    CHECK(result.centers.allFinite());
    CHECK(std::isfinite(result.value));
    for (Index j = 0; j < start.cols(); ++j) {
      double mass = 0;
      for (Index i = 0; i < 6; ++i) mass += result.labels(i) == j ? objective.weight(i) : 0;
      CHECK(result.cells.mass(j) == Approx(mass).epsilon(1e-15));
    }
  }
}

TEST_CASE("copies of fewer points than centers end at once, although their means round") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const EmpiricalObjective objective(grid_points(1, 30, 2, seed) * 0.1);
    const auto result = hartigan_wong(objective, grid_points(1, 6, 2, seed + 7) * 0.1);
    CHECK(result.status == HartiganWongStatus::d_local);
    CHECK(result.value < 1e-30);
    CHECK(result.passes < 6);
    check_exchange_result(objective, result);
  }
  const auto result = hartigan_wong(EmpiricalObjective(on_line({0, 0, 0, 1, 1})), on_line({0, 1, 5, 6}));
  CHECK(result.centers == on_line({0, 1, 5, 6}));
  CHECK(result.empty_cells == 2);
  CHECK(result.exchanges == 0);
  CHECK(result.margin == 0);  // a copy of 0 would be as well off in a cell of its own
}

TEST_CASE("a shift by whole numbers, a scaling by a power of two and a renaming of cells change nothing else") {
  const Eigen::MatrixXd points = normal_points(2, 200, 19), start = normal_points(2, 6, 20);
  const auto here = hartigan_wong(EmpiricalObjective(points), start);
  REQUIRE(here.exchanges > 10);
  const auto scaled = hartigan_wong(EmpiricalObjective(points * 1024), start * 1024);
  CHECK((scaled.labels == here.labels).all());
  CHECK(scaled.value == here.value * 1024 * 1024);
  CHECK(scaled.exchanges == here.exchanges);

  const auto renamed = hartigan_wong(EmpiricalObjective(points), start.rowwise().reverse());
  CHECK((renamed.labels == 5 - here.labels).all());
  CHECK(renamed.exchanges == here.exchanges);

  const Eigen::Vector2d shift(1 << 20, -(1 << 22));
  const Eigen::MatrixXd whole = grid_points(2, 128, 1000, 21), begin = grid_points(2, 6, 1000, 22);
  const auto near = hartigan_wong(EmpiricalObjective(whole), begin);
  const auto far = hartigan_wong(EmpiricalObjective(whole.colwise() + shift), begin.colwise() + shift);
  CHECK((near.labels == far.labels).all());
  CHECK(near.exchanges == far.exchanges);
  CHECK(far.value == Approx(near.value).epsilon(1e-14));
}

TEST_CASE("float data is fitted as exactly as the same numbers in double") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Eigen::MatrixXf points = (normal_points<float>(2, 100, seed).array() + 100).matrix();
    const EmpiricalObjective<float> objective(points);
    const auto begin = kmscape::seed_centers(objective, 5, {.seed = seed}).centers.cast<float>().eval();
    const auto narrow = hartigan_wong(objective, begin);
    const auto wide = hartigan_wong(EmpiricalObjective<double>(points.cast<double>()), begin.cast<double>());
    static_assert(std::is_same_v<std::decay_t<decltype(narrow.centers)>, Eigen::MatrixXd>);
    CHECK((narrow.labels == wide.labels).all());
    CHECK(narrow.centers == wide.centers);
    CHECK(narrow.value == wide.value);
  }
}

TEST_CASE("any number of threads makes the same exchanges") {
  const EmpiricalObjective objective(normal_points(3, 20'000, 17));
  const Eigen::MatrixXd start = normal_points(3, 8, 18);
  const auto one = hartigan_wong(objective, start, {.max_passes = 4, .threads = 1, .keep_values = true});
  const auto four = hartigan_wong(objective, start, {.max_passes = 4, .threads = 4, .keep_values = true});
  CHECK(one.values == four.values);
  CHECK(one.centers == four.centers);
  CHECK((one.labels == four.labels).all());
  const Eigen::MatrixXd near_the_end = kmscape::lloyd(objective, start).centers;
  const auto end = hartigan_wong(objective, near_the_end, {.threads = 1}),
             same = hartigan_wong(objective, near_the_end, {.threads = 3});
  CHECK(end.status == HartiganWongStatus::d_local);
  CHECK(end.margin == same.margin);
  CHECK(end.margin > 0);
  CHECK(end.centers == same.centers);
}

TEST_CASE("passes end at their limit or when the callback says so, with a partition that belongs together") {
  const EmpiricalObjective objective(normal_points(2, 500, 15));
  const Eigen::MatrixXd start = normal_points(2, 8, 16);
  const auto limited = hartigan_wong(objective, start, {.max_passes = 1, .keep_values = true});
  CHECK(limited.status == HartiganWongStatus::pass_limit);
  CHECK(limited.passes == 1);
  CHECK(limited.quick_passes > 0);
  CHECK(limited.margin == infinity);
  REQUIRE(limited.values.size() == 2);
  CHECK(limited.values[1] < limited.values[0]);
  CHECK(limited.values[1] == Approx(limited.value).epsilon(1e-14));
  check_exchange_result(objective, limited);

  std::vector<Index> heard;
  const auto stopped = hartigan_wong(objective, start, {.max_passes = 50, .progress = [&](const kmscape::Progress& at) {
                                                          CHECK(at.stage == "passes");
                                                          CHECK(at.total == 50);
                                                          heard.push_back(at.done);
                                                          return at.done < 2;
                                                        }});
  CHECK(stopped.status == HartiganWongStatus::stopped_by_callback);
  CHECK(stopped.passes == 2);
  CHECK(heard == std::vector<Index>{0, 1, 2});
  check_exchange_result(objective, stopped);

  const auto nothing = hartigan_wong(objective, start, {.max_passes = 0});
  CHECK((nothing.labels == objective.assign(start).labels).all());
  CHECK(nothing.exchanges == 0);
  check_exchange_result(objective, nothing);
}

TEST_CASE("an objective that overflows is reported, and nothing moves") {
  const auto result = hartigan_wong(EmpiricalObjective(on_line({-1e200, 1e200})), on_line({0}));
  CHECK(result.status == HartiganWongStatus::non_finite);
  CHECK(result.centers == on_line({0}));
  CHECK(result.value == infinity);
  CHECK(result.exchanges == 0);
  // A common offset near the largest number is no overflow.
  const auto copies = hartigan_wong(EmpiricalObjective(on_line({1.5e308, 1.5e308, 1.5e308})), on_line({1.5e308}));
  CHECK(copies.status == HartiganWongStatus::d_local);
  CHECK(copies.centers == on_line({1.5e308}));
}

TEST_CASE("every status of single-point exchange has a name of its own") {
  std::set<std::string_view> names;
  for (const auto status : {HartiganWongStatus::d_local, HartiganWongStatus::pass_limit,
                            HartiganWongStatus::stopped_by_callback, HartiganWongStatus::non_finite})
    names.insert(to_string(status));
  CHECK(names == std::set<std::string_view>{"d_local", "pass_limit", "stopped_by_callback", "non_finite"});
}

TEST_CASE("single-point exchange refuses bad starts and options before any work") {
  const EmpiricalObjective objective(on_line({1, 2, 3}));
  const auto with = [&](const kmscape::HartiganWongOptions& options) {
    return refusal([&] { static_cast<void>(hartigan_wong(objective, on_line({1, 2}), options)); });
  };
  CHECK(with({.max_passes = -1}) ==
        "kmscape::hartigan_wong: options.max_passes = -1, but a number of passes cannot be negative; pass 0 to move "
        "nothing");
  CHECK(
      with({.threads = -4}) ==
      "kmscape::hartigan_wong: options.threads = -4, but a number of threads cannot be negative; pass 0 for all cores "
      "or 1 for the calling thread only");
  CHECK(
      refusal([&] {
        static_cast<void>(hartigan_wong(objective, on_line({1, std::nan("")})));
      }) ==
      "kmscape::hartigan_wong: start(0, 1) = nan, but every coordinate must be a finite number; drop or impute center "
      "1");
  CHECK(refusal([&] { static_cast<void>(hartigan_wong(objective, Eigen::MatrixXd::Zero(2, 2).eval())); }) ==
        "kmscape::hartigan_wong: start = a 2 x 2 matrix, but the objective's dimension is 1; pass a 1 x k matrix whose "
        "columns are the centers");
  CHECK_THAT(refusal([&] { static_cast<void>(hartigan_wong(objective, Eigen::MatrixXd(1, 0))); }),
             ContainsSubstring("kmscape::hartigan_wong: start = a 1 x 0 matrix"));
}

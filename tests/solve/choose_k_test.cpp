#include <kmscape/solve/choose_k.hpp>

#include <cmath>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/trials.hpp"

using kmscape::choose_k;
using kmscape::EmpiricalObjective;
using kmscape::GapReference;
using kmscape::Index;
using testing::normal_points;
using testing::on_line;

namespace {

using Result = kmscape::ChooseKResult<double>;

/// Four round clusters of deviation 1, their means at least 9 apart.
Eigen::MatrixXd four_clusters(Index n, std::uint64_t seed) {
  Eigen::MatrixXd means(2, 4);
  means << 0, 10, 1, 12,  //
      0, 1, 9, 11;
  Eigen::MatrixXd points = normal_points(2, n, seed);
  for (Index i = 0; i < n; ++i) points.col(i) += means.col(i % 4);
  return points;
}

const kmscape::ChooseKOptions quick = {.k_max = 6, .restarts = 4, .references = 6, .seed = 1};

bool same(const std::optional<double>& a, const std::optional<double>& b) { return a == b; }

void check_equal(const Result& a, const Result& b) {
  REQUIRE(a.fits.size() == b.fits.size());
  for (std::size_t at = 0; at < a.fits.size(); ++at) {
    const auto &x = a.fits[at], &y = b.fits[at];
    CHECK(x.fit.centers == y.fit.centers);
    CHECK(x.restart == y.restart);
    CHECK(x.value == y.value);
    CHECK(same(x.silhouette, y.silhouette));
    CHECK(same(x.simplified_silhouette, y.simplified_silhouette));
    CHECK(same(x.gap, y.gap));
    CHECK(same(x.gap_error, y.gap_error));
  }
  CHECK(a.reference_values == b.reference_values);
  CHECK(a.gap == b.gap);
}

/// Stops at the first call of `stage`; `stages` collects what was announced.
auto stop_at(const std::string& stage, std::vector<std::string>& stages) {
  return [stage, &stages](const kmscape::Progress& progress) {
    if (stages.empty() || stages.back() != progress.stage) stages.emplace_back(progress.stage);
    return progress.stage != stage;
  };
}

}  // namespace

TEST_CASE("every rule finds four planted clusters, in both boxes") {
  for (const auto box : {GapReference::bounding_box, GapReference::principal_box})
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      CAPTURE(to_string(box), seed);
      const auto result = choose_k(EmpiricalObjective(four_clusters(160, seed)),
                                   {.k_max = 8, .restarts = 5, .references = 10, .reference = box, .seed = seed});
      CHECK(result.elbow == 4);
      CHECK(result.second_difference == 4);
      CHECK(result.silhouette == 4);
      CHECK(result.simplified_silhouette == 4);
      CHECK(result.gap == 4);
      CHECK_FALSE(result.stopped);
    }
}

TEST_CASE("the gap chooses one cluster where there is one, which silhouettes cannot") {
  kmscape::RandomStream stream(kmscape::Seed{4});
  const Eigen::MatrixXd square = Eigen::MatrixXd::NullaryExpr(2, 150, [&] { return stream.uniform(); });
  const auto result = choose_k(EmpiricalObjective(square), quick);
  CHECK(result.gap == 1);
  CHECK(result.silhouette >= 2);
  CHECK_FALSE(result.fits[0].silhouette.has_value());
  CHECK_FALSE(result.fits[0].simplified_silhouette.has_value());
}

TEST_CASE("the scores are those of their formulas") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const EmpiricalObjective objective(seed % 2 == 0 ? normal_points(3, 60, seed) : four_clusters(60, seed));
    const auto result = choose_k(objective, quick);
    REQUIRE(result.fits.size() == 6);
    REQUIRE(result.reference_values.rows() == 6);
    REQUIRE(result.reference_values.cols() == 6);
    std::vector<double> value, gap, error;
    for (std::size_t at = 0; at < 6; ++at) {
      const auto& fit = result.fits[at];
      CHECK(fit.k == static_cast<Index>(at) + 1);
      CHECK(fit.fit.centers.cols() == fit.k);
      CHECK(fit.value == static_cast<double>(fit.fit.value));
      CHECK(fit.value == Approx(objective.value(fit.fit.centers)).epsilon(1e-13));
      value.push_back(fit.value);

      double sum = 0, squares = 0;
      for (Index b = 0; b < 6; ++b) sum += std::log(result.reference_values(b, fit.k - 1)) / 6;
      for (Index b = 0; b < 6; ++b) squares += std::pow(std::log(result.reference_values(b, fit.k - 1)) - sum, 2) / 6;
      gap.push_back(sum - std::log(fit.value));
      error.push_back(std::sqrt(squares * 7 / 6));
      CHECK(*fit.reference_log_value == Approx(sum).epsilon(1e-14));
      CHECK(*fit.gap == Approx(gap.back()).margin(1e-14));
      CHECK(*fit.gap_error == Approx(error.back()).epsilon(1e-12));
    }
    const auto scatter = (objective.points().colwise() - objective.points().rowwise().mean()).squaredNorm();
    CHECK(value[0] == Approx(scatter).epsilon(1e-13));

    Index elbow = -1, second = -1, chosen_by_gap = -1;
    double largest_elbow = 0, largest_second = 0;
    for (std::size_t at = 0; at < 6; ++at) {
      const auto& fit = result.fits[at];
      CHECK(fit.explained == Approx(1 - value[at] / value[0]).margin(1e-15));
      // Distance to the line through (0, 1) and (1, 0), by the area of the triangle with them.
      const double x = static_cast<double>(at) / 5, y = (value[at] - value[5]) / (value[0] - value[5]);
      const double distance = ((0 - x) * (0 - y) - (1 - x) * (1 - y)) / -std::numbers::sqrt2;
      CHECK(*fit.elbow == Approx(distance).margin(1e-14));
      if (distance > largest_elbow + 1e-12) {
        largest_elbow = distance;
        elbow = fit.k;
      }
      CHECK(fit.second_difference.has_value() == (at > 0 && at < 5));
      if (at == 0 || at == 5) continue;
      const double expected = std::log(value[at - 1]) - 2 * std::log(value[at]) + std::log(value[at + 1]);
      CHECK(*fit.second_difference == Approx(expected).margin(1e-13));
      if (expected > largest_second) {
        largest_second = expected;
        second = fit.k;
      }
    }
    for (std::size_t at = 5; at-- > 0;)
      if (gap[at] >= gap[at + 1] - error[at + 1]) chosen_by_gap = static_cast<Index>(at) + 1;
    CHECK(result.elbow == elbow);
    CHECK(result.second_difference == second);
    CHECK(result.gap == chosen_by_gap);
  }
}

TEST_CASE("two points on the line: the expected gap is -3 and the deviation of its logarithms sqrt(5)") {
  // W*_1 = (u - v)^2 / 2 for u, v uniform on [0, 1], and |u - v| has density 2 (1 - t): E log = -3/2, Var log = 5/4.
  for (const auto box : {GapReference::bounding_box, GapReference::principal_box})
    for (const double length : {1.0, 1e-3, 700.0}) {
      constexpr int references = testing::trials(20'000);
      const auto result = choose_k(EmpiricalObjective(on_line({5, 5 + length})),
                                   {.k_max = 1, .restarts = 1, .references = references, .reference = box});
      const double deviation = std::sqrt(5.0), standard_error = deviation / std::sqrt(references);
      CHECK(std::abs(*result.fits[0].gap + 3) < 5 * standard_error);
      CHECK(*result.fits[0].gap_error == Approx(deviation).epsilon(0.05));
      CHECK(result.gap == -1);  // gap(2) is not known
    }
}

TEST_CASE("references fill the box: the mean of W*_1 is (sum w - sum w^2 / sum w) sum of edges^2 / 12") {
  // A 3 x 4 grid of steps 1 and 2, turned by 30 degrees: edges 2 and 6 along its axes.
  Eigen::MatrixXd grid(2, 12);
  for (Index i = 0; i < 12; ++i) grid.col(i) << static_cast<double>(i % 3), 2 * static_cast<double>(i / 3);
  Eigen::Matrix2d turn;
  turn << std::cos(0.5), -std::sin(0.5), std::sin(0.5), std::cos(0.5);
  const Eigen::MatrixXd points = turn * grid;
  const Eigen::Vector2d bounding = points.rowwise().maxCoeff() - points.rowwise().minCoeff(), along(2, 6);
  // Weights that leave the principal axes where they are: 2 on the rows at the ends, 1 on those between.
  Eigen::ArrayXd weights(12);
  for (Index i = 0; i < 12; ++i) weights(i) = i < 3 || i >= 9 ? 2 : 1;
  for (const bool weighted : {false, true})
    for (const auto box : {GapReference::bounding_box, GapReference::principal_box}) {
      const EmpiricalObjective objective(points, weighted ? weights : Eigen::ArrayXd());
      const Eigen::VectorXd values =
          choose_k(objective, {.k_max = 1, .restarts = 1, .references = 4000, .reference = box}).reference_values;
      const Eigen::Vector2d edges = box == GapReference::bounding_box ? bounding : along;
      const double free = weighted ? 18 - 30.0 / 18 : 11;  // n - 1 without weights
      const double expected = free * edges.squaredNorm() / 12;
      const double error = std::sqrt((values.array() - values.mean()).square().mean() / 4000);
      CAPTURE(weighted, to_string(box));
      CHECK(std::abs(values.mean() - expected) < 5 * error);
      CHECK(error < 0.01 * expected);
    }
}

TEST_CASE("the boxes of weighted data are those of its copies") {
  Eigen::MatrixXd points = normal_points(3, 30, 11);
  points.row(1) += 2 * points.row(0);
  const Eigen::ArrayXd weights = testing::grid_points(1, 30, 4, 11).transpose().array() + 1;
  std::vector<Index> source;
  for (Index i = 0; i < 30; ++i) source.insert(source.end(), static_cast<std::size_t>(weights(i)), i);
  for (const auto box : {GapReference::bounding_box, GapReference::principal_box}) {
    const Eigen::VectorXd copies =
        kmscape::internal::reference_edges(EmpiricalObjective(points(Eigen::all, source).eval()), box);
    const Eigen::VectorXd weighted = kmscape::internal::reference_edges(EmpiricalObjective(points, weights), box);
    const Eigen::VectorXd plain = kmscape::internal::reference_edges(EmpiricalObjective(points), box);
    CHECK((weighted - copies).norm() < 1e-12);
    CHECK(((weighted - plain).norm() > 1e-3) == (box == GapReference::principal_box));
  }
}

TEST_CASE("the principal box turns with the data, the bounding box does not") {
  Eigen::MatrixXd points = normal_points(2, 40, 3);
  const double correlation = points.row(0).dot(points.row(1)) / points.row(0).squaredNorm();
  points.row(1) -= correlation * points.row(0);
  Eigen::MatrixXd centred = points.colwise() - points.rowwise().mean();
  centred.row(1) -= centred.row(0).dot(centred.row(1)) / centred.row(0).squaredNorm() * centred.row(0);
  centred.row(1) *= 7;  // the axes are now the coordinates', the long one second
  Eigen::Matrix2d turn;
  turn << std::cos(1.0), -std::sin(1.0), std::sin(1.0), std::cos(1.0);
  const auto with = [&](const Eigen::MatrixXd& data, GapReference box) {
    auto options = quick;
    options.reference = box;
    return choose_k(EmpiricalObjective(data), options);
  };
  const auto plain = with(centred, GapReference::bounding_box);
  const auto turned = with(turn * centred, GapReference::principal_box);
  const auto boxed = with(turn * centred, GapReference::bounding_box);
  CHECK((plain.reference_values - turned.reference_values).cwiseAbs().maxCoeff() <
        1e-10 * plain.reference_values.maxCoeff());
  for (std::size_t at = 0; at < 6; ++at) CHECK(*plain.fits[at].gap == Approx(*turned.fits[at].gap).margin(1e-10));
  CHECK(*boxed.fits[5].gap > *turned.fits[5].gap + 0.5);  // a long diagonal cloud fills little of its bounding box
}

TEST_CASE("the silhouettes are those of the fits, full ones end at the limit") {
  const EmpiricalObjective objective(four_clusters(50, 9));
  auto options = quick;
  const auto result = choose_k(objective, options);
  for (const auto& fit : result.fits) {
    if (fit.k == 1) continue;
    CHECK(*fit.silhouette == kmscape::silhouette(objective.points(), fit.fit.labels).mean);
    CHECK(*fit.simplified_silhouette ==
          kmscape::simplified_silhouette(objective.points(), fit.fit.centers, fit.fit.labels).mean);
  }
  options.silhouette_limit = 50;
  CHECK(choose_k(objective, options).silhouette == 4);
  options.silhouette_limit = 49;
  const auto limited = choose_k(objective, options);
  CHECK(limited.silhouette == -1);
  CHECK_FALSE(limited.fits[3].silhouette.has_value());
  CHECK(limited.fits[3].simplified_silhouette == result.fits[3].simplified_silhouette);
  CHECK(limited.simplified_silhouette == 4);
}

TEST_CASE("more restarts never give a higher value, and the restart kept is the one that reached it") {
  const EmpiricalObjective objective(normal_points(2, 80, 6));
  const auto with = [&](int restarts) {
    return choose_k(objective, {.k_max = 8, .restarts = restarts, .references = 0, .seed = 2});
  };
  const auto one = with(1), twelve = with(12);
  bool any_better = false;
  for (std::size_t at = 0; at < 8; ++at) {
    CHECK(one.fits[at].restart == 0);
    CHECK(twelve.fits[at].value <= one.fits[at].value);
    any_better |= twelve.fits[at].value < one.fits[at].value;
    const auto as_many = with(twelve.fits[at].restart + 1);
    CHECK(as_many.fits[at].value == twelve.fits[at].value);
    CHECK(as_many.fits[at].restart == twelve.fits[at].restart);
    if (twelve.fits[at].restart > 0) CHECK(with(twelve.fits[at].restart).fits[at].value > twelve.fits[at].value);
  }
  CHECK(any_better);
  CHECK(one.gap == -1);
  CHECK(one.reference_values.size() == 0);
  CHECK_FALSE(one.fits[2].gap.has_value());
  CHECK_FALSE(one.fits[2].gap_error.has_value());
}

TEST_CASE("weights act as copies in the values and the silhouettes") {
  const Index n = 40;
  const Eigen::MatrixXd points = four_clusters(n, 3);
  const Eigen::ArrayXd weights = testing::grid_points(1, n, 2, 3).transpose().array() + 1;
  std::vector<Index> source;
  for (Index i = 0; i < n; ++i) source.insert(source.end(), static_cast<std::size_t>(weights(i)), i);
  kmscape::ChooseKOptions options = quick;
  options.k_max = 5;
  options.restarts = 30;  // enough for the best minimum from either stream of draws
  options.references = 0;
  const auto weighted = choose_k(EmpiricalObjective(points, weights), options);
  const auto copies = choose_k(EmpiricalObjective(points(Eigen::all, source).eval()), options);
  for (std::size_t at = 0; at < 5; ++at) {
    CHECK(weighted.fits[at].value == Approx(copies.fits[at].value).epsilon(1e-12));
    if (at == 0) continue;
    CHECK(*weighted.fits[at].silhouette == Approx(*copies.fits[at].silhouette).epsilon(1e-12));
    CHECK(*weighted.fits[at].simplified_silhouette == Approx(*copies.fits[at].simplified_silhouette).epsilon(1e-12));
  }
  CHECK(weighted.silhouette == 4);
}

TEST_CASE("threads and a listener change no bit, the seed does") {
  const EmpiricalObjective objective(normal_points(3, 90, 8));
  auto options = quick;
  options.threads = 1;
  const auto one = choose_k(objective, options);
  options.threads = 4;
  check_equal(one, choose_k(objective, options));
  std::vector<std::string> stages;
  options.progress = stop_at("never", stages);
  check_equal(one, choose_k(objective, options));
  CHECK(stages == std::vector<std::string>{"fits", "silhouettes", "references"});
  options.seed = 2;
  CHECK(choose_k(objective, options).reference_values != one.reference_values);
}

TEST_CASE("a listener ends the work at any stage, what was finished before stays") {
  const EmpiricalObjective objective(four_clusters(60, 2));
  const auto with = [&](const std::string& stage) {
    std::vector<std::string> stages;
    auto options = quick;
    options.progress = stop_at(stage, stages);
    auto result = choose_k(objective, options);
    CHECK(result.stopped);
    CHECK(stages.back() == stage);
    return result;
  };
  const auto at_fits = with("fits");
  CHECK(at_fits.fits.empty());
  CHECK(at_fits.elbow == -1);
  const auto at_silhouettes = with("silhouettes");
  CHECK(at_silhouettes.elbow == 4);
  CHECK(at_silhouettes.second_difference == 4);
  CHECK(at_silhouettes.silhouette == -1);
  CHECK_FALSE(at_silhouettes.fits[1].silhouette.has_value());
  const auto at_references = with("references");
  CHECK(at_references.silhouette == 4);
  CHECK(at_references.simplified_silhouette == 4);
  CHECK(at_references.gap == -1);
  CHECK(at_references.reference_values.size() == 0);
  CHECK_FALSE(at_references.fits[1].gap.has_value());
}

TEST_CASE("float data and a fixed dimension give the same choice") {
  const auto points = four_clusters(120, 5);
  const EmpiricalObjective exact(points);
  const EmpiricalObjective<float, 2> floats(points.cast<float>().eval());
  const auto a = choose_k(exact, quick);
  const auto b = choose_k(floats, quick);
  static_assert(std::is_same_v<decltype(b), const kmscape::ChooseKResult<float, 2>>);
  CHECK(b.elbow == a.elbow);
  CHECK(b.second_difference == a.second_difference);
  CHECK(b.silhouette == 4);
  CHECK(b.simplified_silhouette == 4);
  CHECK(b.gap == a.gap);
  CHECK(b.fits[3].value == Approx(a.fits[3].value).epsilon(1e-5));
  CHECK(*b.fits[3].silhouette == Approx(*a.fits[3].silhouette).epsilon(1e-5));
}

TEST_CASE("one k, two k, and as many as there are distinct points") {
  const EmpiricalObjective three(on_line({0, 0, 0, 1, 1, 16, 16}));
  const auto with = [&](Index k_max) {
    return choose_k(three, {.k_max = k_max, .restarts = 10, .references = 4, .seed = 3});
  };
  const auto one = with(1);
  CHECK(one.fits.size() == 1);
  CHECK(one.elbow == -1);
  CHECK(one.second_difference == -1);
  CHECK(one.silhouette == -1);
  CHECK(one.simplified_silhouette == -1);
  CHECK(one.gap == -1);
  CHECK(one.fits[0].gap.has_value());

  const auto two = with(2);
  CHECK(two.elbow == -1);
  CHECK(two.silhouette == 2);
  CHECK(two.fits[1].value == Approx(3 * 0.16 + 2 * 0.36).epsilon(1e-14));
  CHECK_FALSE(two.fits[0].elbow.has_value());

  const auto all = with(3);
  CHECK(all.fits[2].value == 0);
  CHECK(all.fits[2].explained == 1);
  CHECK(*all.fits[2].silhouette == 1);
  CHECK(all.silhouette == 3);
  CHECK_FALSE(all.fits[2].gap.has_value());
  CHECK_FALSE(all.fits[1].second_difference.has_value());
  CHECK(all.elbow == 2);

  const auto same_points = choose_k(EmpiricalObjective(on_line({2, 2, 2})), {.k_max = 1, .references = 2});
  CHECK(same_points.fits[0].value == 0);
  CHECK(same_points.fits[0].explained == 0);
  CHECK_FALSE(same_points.fits[0].gap.has_value());
}

TEST_CASE("corners of a regular simplex have no clusters: the rules that can say so choose none") {
  // W = 3, 2, 1: 2 is above the geometric mean of its neighbours; and all distances are equal.
  const auto result = choose_k(EmpiricalObjective(Eigen::MatrixXd::Identity(4, 4).eval()), {.k_max = 3});
  CHECK(result.fits[0].value == 3);
  CHECK(result.fits[1].value == Approx(2).epsilon(1e-15));
  CHECK(result.fits[2].value == 1);
  CHECK(*result.fits[1].second_difference == Approx(std::log(0.75)).epsilon(1e-14));
  CHECK(result.second_difference == -1);
  CHECK(*result.fits[1].silhouette == 0);
  CHECK(result.silhouette == -1);
}

TEST_CASE("what choose_k refuses") {
  const EmpiricalObjective objective(on_line({0, 1, 1, 5}));
  const auto of = [&](const kmscape::ChooseKOptions& options) {
    return refusal([&] { static_cast<void>(choose_k(objective, options)); });
  };
  CHECK(of({.k_max = 4}) ==
        "kmscape::choose_k: options.k_max = 4, but the data holds 3 distinct points; use options.k_max <= 3, or jitter "
        "the data");
  CHECK(of({.k_max = 0}) ==
        "kmscape::choose_k: options.k_max = 0, but at least one center is needed; pass options.k_max >= 1");
  CHECK(of({.k_max = 2, .restarts = 0}) ==
        "kmscape::choose_k: options.restarts = 0, but every k needs a fit; pass restarts >= 1");
  CHECK(
      of({.k_max = 2, .references = -1}) ==
      "kmscape::choose_k: options.references = -1, but a number of samples cannot be negative; pass 0 to leave the gap "
      "statistic out");
  CHECK(of({.k_max = 2, .silhouette_limit = -5}) ==
        "kmscape::choose_k: options.silhouette_limit = -5, but a number of points cannot be negative; pass 0 to leave "
        "full silhouettes out");
  CHECK(of({.k_max = 2, .max_iterations = -1}) ==
        "kmscape::choose_k: options.max_iterations = -1, but a number of steps cannot be negative; pass 0 to evaluate "
        "the "
        "starts only");
  CHECK(
      of({.k_max = 2, .threads = -1}) ==
      "kmscape::choose_k: options.threads = -1, but a number of threads cannot be negative; pass 0 for all cores or 1 "
      "for the calling thread only");
}

TEST_CASE("the boxes have names") {
  CHECK(to_string(GapReference::bounding_box) == "bounding_box");
  CHECK(to_string(GapReference::principal_box) == "principal_box");
}

// The survey of a population's minima on models whose minima are known in closed form.
#include <kmscape/landscape/population_survey.hpp>

#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/surveys.hpp"

using kmscape::EmptyCell;
using kmscape::GaussianMixtureModel;
using kmscape::Index;
using kmscape::PopulationObjective;
using kmscape::PopulationVerdict;
using kmscape::Seeding;
using kmscape::StochasticBallModel;
using kmscape::survey;
using std::numbers::pi;
using testing::on_line;
using testing::restarts_counted;

namespace {

template <class Ends>
bool identical_ends(const Ends& a, const Ends& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t e = 0; e < a.size(); ++e)
    if (a[e].value != b[e].value || a[e].count != b[e].count || a[e].first_restart != b[e].first_restart ||
        a[e].share != b[e].share || a[e].share_low != b[e].share_low || a[e].share_high != b[e].share_high ||
        a[e].centers != b[e].centers || (a[e].cells.mass != b[e].cells.mass).any() ||
        (a[e].component_mass != b[e].component_mass).any() || a[e].certificate.verdict != b[e].certificate.verdict ||
        a[e].certificate.eigenvalues != b[e].certificate.eigenvalues)
      return false;
  return true;
}

/// Every number of one survey is that of the other, to the last bit.
template <class S>
bool identical(const S& a, const S& b) {
  return identical_ends(a.minima, b.minima) && identical_ends(a.saddles, b.saddles) && a.restarts == b.restarts &&
         a.redirected == b.redirected && a.degenerate == b.degenerate && a.unfinished == b.unfinished &&
         a.iterations == b.iterations && a.stopped == b.stopped;
}

auto line_model(double r = 0.3) { return PopulationObjective(StochasticBallModel(on_line({-2, 0, 2}), r)); }

/// Standard normals at (-1, 0) and (1, 0).
auto two_gaussians() {
  Eigen::MatrixXd truth(2, 2);
  truth << -1, 1, 0, 0;
  return PopulationObjective(GaussianMixtureModel(truth, 1.0));
}

Eigen::MatrixXd across(double c) {
  Eigen::MatrixXd centers(2, 2);
  centers << 0, 0, -c, c;
  return centers;
}

}  // namespace

TEST_CASE("the line of three intervals has the truth and the two mirror images of Proposition 2 for minima") {
  constexpr double r = 0.3;
  const auto result =
      survey(line_model(r), {.clusters = 3, .restarts = 150, .seeding = Seeding::uniform_points, .seed = 5});
  REQUIRE(result.minima.size() == 3);
  CHECK(result.restarts == 150);
  CHECK(restarts_counted(result) == 150);
  CHECK(result.degenerate == 0);
  CHECK(result.unfinished == 0);
  CHECK_FALSE(result.stopped);
  CHECK(result.iterations >= 150);
  CHECK(&result.best() == &result.minima.front());
  CHECK(result.best().value == Approx(r * r / 3).epsilon(1e-12));
  CHECK((result.best().centers - on_line({-2, 0, 2})).norm() < 1e-12);
  const bool left_first = result.minima[1].centers(0, 2) < 1.5;
  const auto& left = result.minima[left_first ? 1 : 2];
  const auto& right = result.minima[left_first ? 2 : 1];
  CHECK((left.centers - on_line({-2 - r / 2, -2 + r / 2, 1})).norm() < 1e-11);
  CHECK((right.centers - on_line({-1, 2 - r / 2, 2 + r / 2})).norm() < 1e-11);
  CHECK((left.component_mass.matrix() - Eigen::Matrix3d{{0.5, 0, 0}, {0.5, 0, 0}, {0, 1, 1}}).norm() < 1e-12);
  double share = 0;
  std::set<Index> firsts;
  for (const auto& minimum : result.minima) {
    CHECK(minimum.certificate.verdict == PopulationVerdict::strict_minimum);
    CHECK(minimum.share == static_cast<double>(minimum.count) / 150);
    CHECK(minimum.share_low < minimum.share);
    CHECK(minimum.share_high > minimum.share);
    CHECK(minimum.cells.mass.sum() == Approx(1).epsilon(1e-13));
    CHECK(firsts.insert(minimum.first_restart).second);
    share += minimum.share;
  }
  CHECK(share == Approx(1).epsilon(1e-14));
  CHECK(firsts.contains(0));
  CHECK(left.value == Approx(2.0 / 3 + r * r / 4).epsilon(1e-12));
  CHECK(right.value == Approx(2.0 / 3 + r * r / 4).epsilon(1e-12));
}

TEST_CASE("small intervals leave room for a third center that is empty, and those minima are flat") {
  // Then one center covers the middle and one side: G = 2/3 + r^2/3, the same on both sides; the third is anywhere
  // clear.
  constexpr double r = 0.1;
  const auto result =
      survey(line_model(r), {.clusters = 3, .restarts = 400, .seeding = Seeding::uniform_points, .seed = 5});
  CHECK(restarts_counted(result) == 400);
  Index strict = 0, flat = 0;
  for (const auto& minimum : result.minima) {
    if (minimum.certificate.empty_cells == 0) {
      CHECK(minimum.certificate.verdict == PopulationVerdict::strict_minimum);
      ++strict;
      continue;
    }
    ++flat;
    CHECK(minimum.certificate.verdict == PopulationVerdict::flat_minimum);
    CHECK(minimum.certificate.empty_margin > 0);
    CHECK(minimum.value == Approx(2.0 / 3 + r * r / 3).epsilon(1e-12));
  }
  CHECK(strict == 3);
  CHECK(flat == 2);
}

TEST_CASE("minima are found and certified however small the clusters are beside their distances") {
  // Two centers that halve a disc of radius r stand 4r/(3 pi) from its center; the third is halfway between the others.
  Eigen::MatrixXd truth(2, 3);
  truth << 0, 1, 0.3, 0, 0, 0.9;
  for (const double r : {1e-2, 1e-6, 1e-10}) {
    CAPTURE(r);
    const PopulationObjective objective(StochasticBallModel(truth, r));
    const auto result =
        survey(objective, {.clusters = 3, .restarts = 80, .seeding = Seeding::uniform_points, .seed = 3});
    CHECK(result.degenerate == 0);
    CHECK(result.unfinished == 0);
    CHECK(restarts_counted(result) == 80);
    Index halved = 0;
    for (const auto& minimum : result.minima) {
      if (minimum.certificate.continuum == 0 || minimum.certificate.empty_cells > 0) continue;
      ++halved;
      double least = 10;  // distance of two centers
      for (Index i = 0; i < 3; ++i)
        for (Index j = 0; j < i; ++j) least = std::min(least, (minimum.centers.col(i) - minimum.centers.col(j)).norm());
      CHECK(least == Approx(8 * r / (3 * std::numbers::pi)).epsilon(std::max(1e-6, 1e-15 / r)));
    }
    CHECK(halved == 3);
  }
}

TEST_CASE("a population is surveyed to the same bits by 1, 2 and 3 threads") {
  const auto with = [](int threads, std::uint64_t seed) {
    return survey(line_model(), {.clusters = 3, .restarts = 70, .seed = seed, .threads = threads});
  };
  const auto one = with(1, 7);
  CHECK(identical(one, with(1, 7)));
  CHECK(identical(one, with(2, 7)));
  CHECK(identical(one, with(3, 7)));
  CHECK_FALSE(identical(one, with(1, 8)));
}

TEST_CASE("three centers on a square of discs: the four sides that one center can take are four minima") {
  const double r = 0.2;
  Eigen::MatrixXd truth(2, 4);
  truth << -1, 1, -1, 1, -1, -1, 1, 1;
  const auto result =
      survey(PopulationObjective(StochasticBallModel(truth, r)), {.clusters = 3, .restarts = 40, .seed = 2});
  CHECK(restarts_counted(result) == 40);
  REQUIRE(result.minima.size() >= 4);
  std::set<std::vector<double>> pairs;
  for (std::size_t m = 0; m < 4; ++m) {
    CHECK(result.minima[m].value == Approx(r * r / 2 + 0.5).epsilon(1e-12));  // half of the mass is 1 from its center
    for (Index i = 0; i < 3; ++i)
      if (result.minima[m].cells.mass(i) > 0.4) {
        const auto row = result.minima[m].component_mass.row(i).round().eval();
        CHECK(row.sum() == 2);
        pairs.insert(std::vector<double>(row.begin(), row.end()));
      }
  }
  CHECK(pairs.size() == 4);
}

TEST_CASE("five centers on a square of discs: one continuum of halvings for every disc, kept apart by component") {
  // Regression: the two halves hold the same of every component, and an end was not even taken for itself.
  const double r = 0.2, c = 4 * r / (3 * pi);
  Eigen::MatrixXd truth(2, 4);
  truth << -1, 1, -1, 1, -1, -1, 1, 1;
  const PopulationObjective objective(StochasticBallModel(truth, r));
  std::vector<Eigen::MatrixXd> starts;
  for (Index s = 0; s < 4; ++s)
    for (const double angle : {0.0, 0.5, 1.1}) {
      const Eigen::Vector2d offset(0.1 * std::cos(angle), 0.1 * std::sin(angle));
      Eigen::MatrixXd start(2, 5);
      start << truth, truth.col(s) + offset;
      start.col(s) -= offset;
      starts.push_back(start);
    }
  const auto result = survey(objective, std::span<const Eigen::MatrixXd>(starts));
  CHECK(restarts_counted(result) == 12);
  REQUIRE(result.minima.size() == 4);
  std::set<Index> halved;
  for (const auto& minimum : result.minima) {
    CHECK(minimum.count == 3);
    CHECK(minimum.certificate.verdict == PopulationVerdict::flat_minimum);
    CHECK(minimum.certificate.continuum == 1);
    CHECK(minimum.value == Approx(r * r / 2 - c * c / 4).epsilon(1e-10));
    for (Index s = 0; s < 4; ++s)
      if ((minimum.component_mass.col(s) - 0.5).abs().minCoeff() < 1e-9) halved.insert(s);
  }
  CHECK(halved.size() == 4);
}

TEST_CASE("a symmetric start ends on a saddle and is redirected to the minimum below") {
  const auto objective = two_gaussians();
  Eigen::MatrixXd aside(2, 2);
  aside << -1, 1, 0.3, 0.1;
  const std::vector<Eigen::MatrixXd> starts = {across(0.7), aside, across(1.2)};
  // Options that only drawn starts need do not matter.
  const auto result =
      survey(objective, std::span<const Eigen::MatrixXd>(starts), {.clusters = -3, .restarts = 0, .threads = 1});
  CHECK(result.restarts == 3);
  CHECK(result.redirected == 2);
  CHECK(restarts_counted(result) == 3);
  REQUIRE(result.minima.size() == 1);
  const double b = std::sqrt(2 / pi) * std::exp(-0.5) + std::erf(std::sqrt(0.5));  // E|x| of N(1, 1)
  CHECK(result.best().value == Approx(3 - b * b).epsilon(1e-12));
  CHECK(result.best().count == 3);
  CHECK(result.best().first_restart == 0);
  CHECK(result.best().centers(0, 0) == Approx(-b).epsilon(1e-11));  // in lexicographic order
  REQUIRE(result.saddles.size() == 1);
  const auto& saddle = result.saddles.front();
  CHECK(saddle.value == Approx(3 - 2 / pi).epsilon(1e-12));
  CHECK(saddle.count == 2);
  CHECK(saddle.first_restart == 0);
  CHECK(saddle.certificate.verdict == PopulationVerdict::saddle);
  CHECK(saddle.certificate.negative == 1);
  CHECK(saddle.certificate.smallest_eigenvalue == Approx(-1).epsilon(1e-10));
}

TEST_CASE("restarts that the iteration limit ends are unfinished, also behind a saddle") {
  const auto objective = two_gaussians();
  Eigen::MatrixXd far(2, 2);
  far << 3, 4, 5, 5;
  const std::vector<Eigen::MatrixXd> starts = {far, across(std::sqrt(2 / pi))};
  const auto result = survey(objective, std::span<const Eigen::MatrixXd>(starts), {.max_iterations = 3});
  CHECK(result.unfinished == 2);
  CHECK(result.degenerate == 0);
  CHECK(result.minima.empty());
  CHECK(restarts_counted(result) == 2);
}

TEST_CASE("ends at a bifurcation are counted as degenerate") {
  const double r = 4.0 / 17, a = 2.0 / 3 + r / 6;
  const PopulationObjective objective(StochasticBallModel(on_line({-1, 0, 1}), r));
  const std::vector<Eigen::MatrixXd> starts = {on_line({-a, a})};
  const auto result = survey(objective, std::span<const Eigen::MatrixXd>(starts));
  CHECK(result.degenerate == 1);
  CHECK(result.unfinished == 0);
  CHECK(result.minima.empty());
}

TEST_CASE("an empty center of a population's start is kept or dropped as asked") {
  const auto objective = line_model();
  const std::vector<Eigen::MatrixXd> starts = {on_line({9, -2, 0, 2})};
  const auto kept = survey(objective, std::span<const Eigen::MatrixXd>(starts), {.on_empty = EmptyCell::keep});
  REQUIRE(kept.minima.size() == 1);
  CHECK(kept.best().certificate.verdict == PopulationVerdict::flat_minimum);
  CHECK((kept.best().centers - on_line({-2, 0, 2, 9})).norm() < 1e-13);  // empty cells last
  CHECK(kept.best().certificate.empty_margin == Approx(5.5 - 2.3).epsilon(1e-14));
  CHECK(kept.best().component_mass.row(3).sum() == 0);
  const auto dropped = survey(objective, std::span<const Eigen::MatrixXd>(starts), {.on_empty = EmptyCell::drop});
  REQUIRE(dropped.minima.size() == 1);
  CHECK(dropped.best().certificate.verdict == PopulationVerdict::strict_minimum);
  CHECK(dropped.best().centers.cols() == 3);

  // The empty center does not tell minima apart.
  const std::vector<Eigen::MatrixXd> two = {on_line({9, -2, 0, 2}), on_line({-2, 0, 2, -12})};
  const auto merged = survey(objective, std::span<const Eigen::MatrixXd>(two));
  REQUIRE(merged.minima.size() == 1);
  CHECK(merged.best().count == 2);
}

TEST_CASE("a callback watches a population's survey and may end it") {
  kmscape::SurveyOptions options{.clusters = 3, .restarts = 100, .seed = 3, .threads = 1};
  const auto plain = survey(line_model(), options);
  Index last = 0;
  options.progress = [&](const kmscape::Progress& progress) {
    CHECK(progress.stage == "restarts");
    CHECK(progress.done > last);
    CHECK(progress.total == 100);
    last = progress.done;
    return true;
  };
  CHECK(identical(plain, survey(line_model(), options)));
  CHECK(last == 100);
  options.progress = [](const kmscape::Progress& progress) { return progress.done < 20; };
  const auto stopped = survey(line_model(), options);
  CHECK(stopped.stopped);
  CHECK(stopped.restarts >= 20);
  CHECK(stopped.restarts < 100);
  CHECK(restarts_counted(stopped) == stopped.restarts);
  double share = 0;
  for (const auto& minimum : stopped.minima) share += minimum.share;
  CHECK(share == Approx(1).epsilon(1e-14));
}

TEST_CASE("the survey of a population refuses what it cannot use") {
  const auto objective = line_model();
  const auto with = [&](const kmscape::SurveyOptions& options) {
    return refusal([&] { (void)survey(objective, options); });
  };
  CHECK(with({}) ==
        "kmscape::survey: options.clusters = 0, but at least one center is needed; pass options.clusters "
        ">= 1");
  CHECK(with({.clusters = 2, .restarts = 0}) ==
        "kmscape::survey: options.restarts = 0, but a survey needs at least one restart; pass e.g. 1000");
  CHECK(with({.clusters = 2, .max_iterations = 0}) ==
        "kmscape::survey: options.max_iterations = 0, but a restart needs at least one step; pass e.g. 1000");
  CHECK(with({.clusters = 2, .center_tolerance = -1}) ==
        "kmscape::survey: options.center_tolerance = -1, but a tolerance is finite and not negative; pass e.g. 1e-6");
  CHECK(with({.clusters = 2, .threads = -2}) ==
        "kmscape::survey: options.threads = -2, but a number of threads cannot be negative; pass 0 for all cores or 1 "
        "for the calling thread only");
  CHECK(with({.clusters = 2, .candidates = -1}) ==
        "kmscape::seed_centers: options.candidates = -1, but a number of candidates cannot be negative; pass 0 for 2 + "
        "floor(ln k)");
  CHECK(with({.clusters = 2, .on_empty = EmptyCell::reseed_farthest}) ==
        "kmscape::survey: options.on_empty = reseed_farthest, but a population has no points to move an empty center "
        "to; use EmptyCell::keep or EmptyCell::drop");
  const auto from = [&](const std::vector<Eigen::MatrixXd>& starts, const kmscape::SurveyOptions& options = {}) {
    return refusal([&] { (void)survey(objective, std::span<const Eigen::MatrixXd>(starts), options); });
  };
  CHECK(from({}) ==
        "kmscape::survey: starts = an empty list, but a survey needs at least one start; pass one d x k "
        "matrix per restart");
  CHECK(from({on_line({0, 1}), on_line({0})}) ==
        "kmscape::survey: starts[1] = 1 centers, but starts[0] has 2; pass starts of one k");
  CHECK(from({Eigen::MatrixXd::Zero(2, 2)}) ==
        "kmscape::survey: starts[0] = a 2 x 2 matrix, but the objective's dimension is 1; pass a 1 x k matrix whose "
        "columns are the centers");
  CHECK_THAT(from({on_line({0, std::numeric_limits<double>::infinity()})}), ContainsSubstring("starts[0](0, 1) = inf"));
  CHECK_THAT(from({on_line({0, 1})}, {.on_empty = EmptyCell::reseed_random}),
             ContainsSubstring("options.on_empty = reseed_random"));
}

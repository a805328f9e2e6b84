#include <kmscape/objective/directional_objective.hpp>

#include <Eigen/Core>
#include <cmath>

#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/repeated_draws.hpp"
#include "support/trials.hpp"

using kmscape::directional;
using kmscape::GaussianMixtureModel;
using kmscape::Index;
using kmscape::PopulationObjective;
using kmscape::StochasticBallModel;
using testing::on_line;

namespace {

/// Runs a check on H^v of a ball model and a Gaussian one with unequal components.
template <class Check>
void for_both_models(Index d, Index k, const Check& check) {
  const Eigen::MatrixXd truth = testing::normal_points(d, 3, 3), centers = testing::normal_points(d, k, 4),
                        direction = testing::normal_points(d, k, 5);
  const Eigen::Array3d sizes(0.9, 1.2, 0.6), weights(1, 2, 1.5);
  check(directional(PopulationObjective(StochasticBallModel(truth, sizes, weights)), centers, direction));
  check(directional(PopulationObjective(GaussianMixtureModel(truth, sizes, weights)), centers, direction));
}

}  // namespace

TEST_CASE("Equation 10: H is U plus W, exactly on the line and in the plane") {
  for (const Index d : {1, 2})
    for (const Index k : {2, 5})
      for_both_models(d, k, [&](const auto& along) {
        CAPTURE(d, k);
        CHECK(along.reassignment(0) == Approx(0).margin(1e-15));
        for (const double t : {1e-6, -1e-3, 0.1, 0.7, -2.0}) {
          CAPTURE(t);
          const auto swept = along.swept(t);
          CHECK(along.unreassigned(t) + swept.reassignment() ==
                Approx(along.value(t)).epsilon(4e-15 * (1 + t * t * 9)));
          CHECK(along.upper_bound(t) >= along.value(t) - 1e-14);
          CHECK(swept.gain.maxCoeff() <= 1e-15);
          CHECK(swept.gain.matrix().diagonal().norm() == 0);
          CHECK(swept.mass_error.maxCoeff() == 0);
          // Rows make up the old cells, columns the new ones.
          const auto before = along.objective().cells(along.centers());
          const auto after = along.objective().cells(along.centers() + t * along.direction());
          CHECK((swept.mass.rowwise().sum() - before.mass).abs().maxCoeff() < 1e-14);
          CHECK((swept.mass.colwise().sum().transpose() - after.mass).abs().maxCoeff() < 1e-14);
        }
      });
}

TEST_CASE("H's derivatives against differences, and U's quadratic touches H at 0") {
  for (const Index d : {1, 2, 4})
    for_both_models(d, 3, [&](const auto& along) {
      CAPTURE(d);
      const double h = 1e-4;
      for (const double t : {0.0, 0.3}) {
        CHECK(along.derivative(t) == Approx((along.value(t + h) - along.value(t - h)) / (2 * h)).margin(3e-7));
        CHECK(along.second_derivative(t) ==
              Approx((along.derivative(t + h) - along.derivative(t - h)) / (2 * h)).margin(3e-6));
      }
      CHECK(along.unreassigned(0) == along.value(0));
      CHECK((along.unreassigned(h) - along.unreassigned(-h)) / (2 * h) == Approx(along.derivative(0)).margin(1e-11));
      CHECK(along.unreassigned(0.5) >= along.value(0.5));
    });
}

TEST_CASE("swept sets and their gains against drawn points, in the plane and by rays") {
  for (const Index d : {2, 4})
    for_both_models(d, 3, [&](const auto& along) {
      CAPTURE(d);
      const double t = 0.6;
      const auto swept = along.swept(t);
      const auto& model = along.objective().model();
      const Index n = 40'000;
      const auto points = model.sample(n, kmscape::Seed(2)).points;
      const Eigen::MatrixXd moved = along.centers() + t * along.direction();
      Eigen::ArrayXXd mass = Eigen::ArrayXXd::Zero(3, 3), gain = mass, square = mass;
      for (Index q = 0; q < n; ++q) {
        Index i = -1, j = -1;
        (along.centers().colwise() - points.col(q)).colwise().squaredNorm().minCoeff(&i);
        const double there = (moved.colwise() - points.col(q)).colwise().squaredNorm().minCoeff(&j);
        const double own = there - (moved.col(i) - points.col(q)).squaredNorm();
        mass(i, j) += 1;
        gain(i, j) += own;
        square(i, j) += own * own;
      }
      const double count = static_cast<double>(n);
      for (Index i = 0; i < 3; ++i)
        for (Index j = 0; j < 3; ++j) {
          const double share = mass(i, j) / count, error = std::sqrt(share * (1 - share) / count) + 1 / count;
          CHECK(std::abs(swept.mass(i, j) - share) < 5 * error + 5 * swept.mass_error(i, j));
          CHECK(std::abs(swept.gain(i, j) - gain(i, j) / count) <
                5 * (std::sqrt(square(i, j)) + 1) / count + 5 * swept.gain_error(i, j));
        }
      Eigen::ArrayXXd mixed = Eigen::ArrayXXd::Zero(3, 3), gained = mixed;
      for (Index s = 0; s < 3; ++s) {
        mixed += model.weights()(s) * swept.component_mass[static_cast<std::size_t>(s)];
        gained += model.weights()(s) * swept.component_gain[static_cast<std::size_t>(s)];
      }
      CHECK((mixed - swept.mass).abs().maxCoeff() < 1e-14);
      CHECK((gained - swept.gain).abs().maxCoeff() < 1e-13);
    });
}

TEST_CASE("standard errors of rays are those of repeated draws: H, U, W and the swept sets") {
  // As for G itself: three centers that move on a line are exact, and more of them far away change nothing but the
  // span.
  constexpr int seeds = testing::is_sanitized ? 20 : 50;
  constexpr Index d = 3;
  for_both_models(d, 3, [&](const auto& given) {
    const auto& model = given.objective().model();
    const Eigen::VectorXd axis = Eigen::VectorXd::LinSpaced(d, 1, 2).normalized();
    Eigen::MatrixXd line(d, 3), moves(d, 3), all = Eigen::MatrixXd::Zero(d, d + 2), all_moves = all;
    line << -1.1 * axis, 0.2 * axis, 1.4 * axis;
    moves << 1.5 * axis, -0.5 * axis, axis;
    all.leftCols(3) = line;
    all_moves.leftCols(3) = moves;
    for (Index e = 1; e < d; ++e) all.col(e + 2) = 500 * Eigen::VectorXd::Unit(d, e);
    const double t = 0.7;
    const auto truth = directional(PopulationObjective(model), line, moves);
    const auto sets = truth.swept(t);
    // Nothing is estimated on the line.
    CHECK(truth.derivative_with_error(t).standard_error + truth.second_derivative_with_error(t).standard_error +
              truth.unreassigned_with_error(t).standard_error + truth.reassignment_with_error(t).standard_error +
              truth.upper_bound_with_error(t).standard_error ==
          0);
    testing::RepeatedDraws of_h, of_slope, of_curvature, of_u, of_w, of_bound, of_parts;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      const PopulationObjective rays(model, {.samples = 16, .replicates = 16, .seed = seed});
      const auto along = directional(rays, all, all_moves);
      const auto add = [](auto& draws, const kmscape::Estimate& estimate, double exact) {
        draws.add(estimate.value - exact, estimate.standard_error);
      };
      add(of_h, along.value_with_error(t), truth.value(t));
      add(of_slope, along.derivative_with_error(t), truth.derivative(t));
      add(of_curvature, along.second_derivative_with_error(t), truth.second_derivative(t));
      add(of_u, along.unreassigned_with_error(t), truth.unreassigned(t));
      add(of_bound, along.upper_bound_with_error(t), truth.upper_bound(t));
      const auto swept = along.swept(t);
      add(of_w, {swept.reassignment(), swept.reassignment_error}, sets.reassignment());
      add(of_w, {swept.adjacent_reassignment(), swept.adjacent_reassignment_error}, sets.adjacent_reassignment());
      for (std::size_t s = 0; s < 3; ++s)
        for (Index i = 0; i < 3; ++i)
          for (Index j = 0; j < 3; ++j) {
            if (sets.component_mass[s](i, j) < 0.1 || sets.component_mass[s](i, j) > 0.9) continue;
            of_parts.add(swept.component_mass[s](i, j) - sets.component_mass[s](i, j),
                         swept.component_mass_error[s](i, j));
            if (i != j)
              of_parts.add(swept.component_gain[s](i, j) - sets.component_gain[s](i, j),
                           swept.component_gain_error[s](i, j));
          }
    }
    const auto last = directional(PopulationObjective(model, {.samples = 16}), all, all_moves);
    CHECK(last.reassignment_with_error(t).value == last.swept(t).reassignment());
    CHECK(last.reassignment_with_error(t).standard_error == last.swept(t).reassignment_error);
    for (const auto* draws : {&of_h, &of_slope, &of_curvature, &of_u, &of_w, &of_bound, &of_parts}) draws->check(seeds);
  });
}

TEST_CASE("a boundary that moves over a uniform interval, by hand") {
  // One interval [-1, 1] halved at 0; both centers move right by t: [0, t] goes from center 1 to center 0.
  const PopulationObjective objective(StochasticBallModel(on_line({0}), 1.0));
  const auto along = directional(objective, on_line({-0.5, 0.5}), on_line({1, 1}));
  const double t = 0.25;
  const auto swept = along.swept(t);
  CHECK(swept.mass(1, 0) == Approx(t / 2).epsilon(1e-15));
  CHECK(swept.mass(0, 1) == 0);
  // |x - b_0|^2 - |x - b_1|^2 = 2 (x - t), with density 1/2 over [0, t]: -t^2 / 2.
  CHECK(swept.gain(1, 0) == Approx(-t * t / 2).epsilon(1e-14));
  CHECK(along.unreassigned(t) == Approx(1.0 / 12 + t * t).epsilon(1e-14));
  CHECK(along.value(t) == Approx(1.0 / 12 + t * t / 2).epsilon(1e-14));
  CHECK(swept.adjacent(0, 1));
}

TEST_CASE("a directional objective refuses a direction of another shape") {
  const PopulationObjective objective(StochasticBallModel(on_line({0, 3}), 1.0));
  CHECK(refusal([&] {
          (void)directional(objective, on_line({0, 3}), on_line({1}));
        }) == "kmscape::directional: direction = a 1 x 1 matrix, but there are 2 centers; pass one column per center");
  CHECK_THAT(refusal([&] {
               (void)directional(objective, on_line({0, 3}), Eigen::MatrixXd::Zero(2, 2));
             }),
             ContainsSubstring("directional: direction = a 2 x 2 matrix, but the objective's dimension is 1"));
  const auto along = directional(objective, on_line({0, 3}), on_line({1, 0}));
  CHECK_THAT(refusal([&] { (void)along.swept(1 / std::sin(0.0)); }), ContainsSubstring("swept: t = inf, but a step"));
}

TEST_CASE("a common shift of all centers in a direction that no axis knows sweeps finite sets") {
  // All bisectors move parallel to themselves: half-planes that are parallel up to rounding only.
  const Eigen::Matrix<double, 2, 3> centers{{-1.25, 1.05, 0.75}, {0.15, 1.05, -1.15}};
  const Eigen::Vector2d axis = Eigen::Vector2d(0.88, 0.475).normalized();
  const PopulationObjective objective(kmscape::GaussianMixtureModel(Eigen::MatrixXd(centers), 0.6));
  const auto along = directional(objective, centers, Eigen::MatrixXd(axis * Eigen::RowVector3d::Ones()));
  const auto swept = along.swept(0.42);
  CHECK(swept.gain.isFinite().all());
  CHECK(swept.mass.sum() == Approx(1).epsilon(1e-12));
  CHECK(along.unreassigned(0.42) + swept.reassignment() == Approx(along.value(0.42)).epsilon(1e-12));
}

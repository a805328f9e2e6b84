#include <kmscape/objective/population_objective.hpp>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/repeated_draws.hpp"
#include "support/trials.hpp"

using kmscape::GaussianMixtureModel;
using kmscape::Index;
using kmscape::Integrator;
using kmscape::normal_density;
using kmscape::normal_interval_moments;
using kmscape::PopulationObjective;
using kmscape::PopulationOptions;
using kmscape::StochasticBallModel;
using testing::on_line;

namespace {

static_assert(kmscape::Objective<PopulationObjective<StochasticBallModel<double, 2>>>);
static_assert(kmscape::Objective<PopulationObjective<GaussianMixtureModel<float>>>);

Eigen::ArrayXd sizes() { return Eigen::Array4d(0.9, 1.2, 0.6, 1.5); }
Eigen::ArrayXd weights() { return Eigen::Array4d(1, 2, 3, 1.5); }

StochasticBallModel<double> balls(Index d, std::uint64_t seed) {
  return {testing::normal_points(d, 4, seed), sizes(), weights()};
}
GaussianMixtureModel<double> gaussians(Index d, std::uint64_t seed) {
  return {testing::normal_points(d, 4, seed), sizes(), weights()};
}

/// Runs a check on a ball model and a Gaussian one.
template <class Check>
void for_both_populations(Index d, std::uint64_t seed, const Check& check) {
  check(balls(d, seed));
  check(gaussians(d, seed));
}

double least_eigenvalue(const Eigen::MatrixXd& matrix) {
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(matrix).eigenvalues()(0);
}

/// All corners of the cube [-1, 1]^d.
Eigen::MatrixXd cube_corners(Index d) {
  return Eigen::MatrixXd::NullaryExpr(d, Index{1} << d, [](Index s, Index i) { return (i >> s) & 1 ? 1.0 : -1.0; });
}

}  // namespace

TEST_CASE("Proposition 2: Hessian and value of the two-on-one point for every radius") {
  for (const double r : {0.01, 0.1, 0.25, 0.39}) {
    const PopulationObjective objective(StochasticBallModel(on_line({-2, 0, 2}), r));
    const auto point = on_line({-2 - r / 2, -2 + r / 2, 1});
    Eigen::Matrix3d hessian;
    hessian << 0.25, -1.0 / 12, 0, -1.0 / 12, 0.25, 0, 0, 0, 4.0 / 3;
    CHECK((objective.hessian(point) - hessian).cwiseAbs().maxCoeff() < 1e-14);
    CHECK(objective.gradient(point).norm() < 1e-14);
    CHECK(objective.value(point) == Approx(2.0 / 3 + r * r / 4).epsilon(1e-14));
    CHECK(objective.value(on_line({-2, 0, 2})) == Approx(r * r / 3).epsilon(1e-14));
  }
}

TEST_CASE("Example 1: the symmetric 2-fit-3 point is a minimum in its two centers iff r is above 4/17") {
  for (const double r : {0.1637, 0.235, 0.2353, 0.24, 0.3, 0.49}) {
    CAPTURE(r);
    const PopulationObjective objective(StochasticBallModel(on_line({-1, 0, 1}), r));
    const double a = 2.0 / 3 + r / 6;
    const Eigen::MatrixXd hessian = objective.hessian(on_line({-a, a, 1000}));
    Eigen::Matrix2d expected;
    expected << 6 * r - a, -a, -a, 6 * r - a;
    CHECK((hessian.topLeftCorner(2, 2) - expected / (6 * r)).norm() < 1e-13);
    CHECK(hessian.row(2).norm() == 0);  // an empty cell
    CHECK((least_eigenvalue(hessian.topLeftCorner(2, 2)) > 0) == (r > 4.0 / 17));
    CHECK(objective.gradient(on_line({-a, a, 1000})).norm() < 1e-14);
    const double gap = objective.value(on_line({-a, a, 1000})) - objective.value(on_line({-1, 0, 1}));
    CHECK(gap == Approx(2.0 / 3 - a * a).epsilon(1e-12));
    CHECK(gap > 0);
  }
}

TEST_CASE("Example 2: the Hessian at r = 1/4 and the branch of minima beyond it") {
  const Eigen::Matrix<double, 2, 3> truth{{-1, 0, 1}, {0, 0, 0}};
  {
    const PopulationObjective objective(StochasticBallModel(truth, 0.25));
    const Eigen::Matrix2d point{{-1, 0.5}, {0, 0}};
    Eigen::Vector4d diagonal(2.0 / 3, 2.0 / 3, 4.0 / 3, 4.0 / 3);
    CHECK((objective.hessian(point) - Eigen::MatrixXd(diagonal.asDiagonal())).norm() < 1e-14);
    CHECK(objective.gradient(point).norm() < 1e-14);
  }
  const struct {
    double radius, boundary, first, second, least;
  } branch[] = {{0.26, -0.245701, -0.994297, 0.502896, 0.416},
                {0.29, -0.172192, -0.900919, 0.556535, 0.081},
                {0.30, -0.060188, -0.771850, 0.651473, 0.0065}};
  for (const auto& [radius, boundary, first, second, least] : branch) {
    CAPTURE(radius);
    const PopulationObjective objective(StochasticBallModel(truth, radius));
    const Eigen::Matrix2d start{{first, second}, {0, 0}};
    const auto result = lloyd(objective, start, {.max_iterations = 20'000});
    CHECK(result.status != kmscape::LloydStatus::iteration_limit);
    CHECK(result.centers(0, 0) == Approx(first).margin(1e-6));
    CHECK(result.centers(0, 1) == Approx(second).margin(1e-6));
    CHECK(result.centers.row(0).mean() == Approx(boundary).margin(1e-6));
    CHECK(result.centers.row(1).norm() < 1e-12);
    CHECK(least_eigenvalue(objective.hessian(result.centers)) == Approx(least).margin(6e-4));
  }
}

TEST_CASE("gradient and Hessian against differences of the value") {
  const std::pair<Index, Index> shapes[] = {{1, 2}, {1, 5}, {2, 3}, {2, 5}, {3, 2}, {3, 3}, {5, 3}};
  for (const auto& [d, k] : shapes)
    for_both_populations(d, static_cast<std::uint64_t>(d), [&, d = d, k = k](const auto& model) {
      CAPTURE(d, k);
      const PopulationObjective objective(model);
      const Eigen::MatrixXd point = testing::normal_points(d, k, static_cast<std::uint64_t>(10 + k));
      const auto gradient = objective.gradient(point);
      const auto hessian = objective.hessian(point);
      CHECK((hessian - hessian.transpose()).cwiseAbs().maxCoeff() < 1e-13);
      const double h = 3e-4;
      const auto value = [&](Index a, double da, Index b, double db) {
        Eigen::MatrixXd moved = point;
        moved.data()[a] += da;
        moved.data()[b] += db;
        return objective.value(moved);
      };
      for (Index a = 0; a < point.size(); ++a) {
        CHECK(gradient.data()[a] == Approx((value(a, h, a, 0) - value(a, -h, a, 0)) / (2 * h)).margin(2e-7));
        for (Index b = 0; b <= a; ++b)
          CHECK(
              hessian(a, b) ==
              Approx((value(a, h, b, h) - value(a, h, b, -h) - value(a, -h, b, h) + value(a, -h, b, -h)) / (4 * h * h))
                  .margin(2e-6));
      }
    });
}

TEST_CASE("values, masses and centroids against drawn points, in dimensions 1 to 10") {
  for (const Index d : {1, 2, 3, 5, 10})
    for_both_populations(d, static_cast<std::uint64_t>(20 + d), [&](const auto& model) {
      CAPTURE(d);
      const Index k = 4, n = 20'000;
      const Eigen::MatrixXd centers = testing::normal_points(d, k, static_cast<std::uint64_t>(30 + d));
      const PopulationObjective objective(model, {.samples = 128});
      const auto cells = objective.cells(centers);
      const auto parts = objective.component_cells(centers);
      for (Index s = 0; s < 4; ++s) {
        kmscape::RandomStream stream(kmscape::Seed(9), static_cast<std::uint64_t>(s));
        Eigen::ArrayXd mass = Eigen::ArrayXd::Zero(k), sum = mass, square = mass;
        Eigen::MatrixXd first = Eigen::MatrixXd::Zero(d, k);
        Eigen::VectorXd x(d);
        for (Index q = 0; q < n; ++q) {
          model.draw(s, stream, x);
          Index i = -1;
          const double distance = (centers.colwise() - x).colwise().squaredNorm().minCoeff(&i);
          mass(i) += 1;
          first.col(i) += x;
          sum(i) += distance;
          square(i) += distance * distance;
        }
        const double count = static_cast<double>(n);
        for (Index i = 0; i < k; ++i) {
          const double share = mass(i) / count;
          const double error = std::sqrt(share * (1 - share) / count) + 1 / count;
          CHECK(std::abs(parts.mass(i, s) - share) < 5 * error + 5 * parts.mass_error(i, s));
          const double spread = std::sqrt(square(i) / count / count) + 1 / count;
          CHECK(std::abs(parts.distortion(i, s) - sum(i) / count) < 5 * spread + 5 * parts.distortion_error(i, s));
          if (mass(i) < 500) continue;
          CHECK((parts.centroid[static_cast<std::size_t>(s)].col(i) - first.col(i) / mass(i)).cwiseAbs().maxCoeff() <
                5 * 1.5 / std::sqrt(mass(i)) + 5 * parts.centroid_error(i, s));
        }
      }
      // The cells are the components' mixture.
      const Eigen::VectorXd mixed = parts.mass.matrix() * model.weights().matrix();
      CHECK((mixed - cells.mass.matrix()).norm() < 1e-14);
      CHECK(cells.mass.sum() == Approx(1).epsilon(1e-13));
      CHECK((parts.distortion.matrix() * model.weights().matrix()).sum() == Approx(cells.value()).epsilon(1e-13));
      const auto estimate = objective.value_with_error(centers);
      CHECK(estimate.value == Approx(cells.value()).epsilon(1e-13));
      CHECK((estimate.standard_error > 0) == (d >= 3));
    });
}

TEST_CASE("rotations, translations and permutations move results along") {
  const Index d = 3, k = 3;
  const Eigen::MatrixXd rotation =
      Eigen::HouseholderQR<Eigen::MatrixXd>(testing::normal_points(d, d, 5)).householderQ();
  const Eigen::Vector3d shift(30, -20, 10);
  const Eigen::MatrixXd centers = testing::normal_points(d, k, 6);
  const Eigen::MatrixXd moved = (rotation * centers).colwise() + shift;
  for_both_populations(d, 4, [&](const auto& model) {
    using Model = std::remove_cvref_t<decltype(model)>;
    const Eigen::MatrixXd truth = (rotation * model.centers()).colwise() + shift;
    const PopulationObjective before(model), after(Model(truth, sizes(), weights()));
    const auto here = before.cells(centers), there = after.cells(moved);
    CHECK(there.value() == Approx(here.value()).epsilon(1e-12));
    CHECK((there.mass - here.mass).abs().maxCoeff() < 1e-13);
    CHECK((there.centroid - ((rotation * here.centroid).colwise() + shift)).norm() < 1e-12);
    Eigen::MatrixXd turn = Eigen::MatrixXd::Zero(d * k, d * k);
    for (Index i = 0; i < k; ++i) turn.block(i * d, i * d, d, d) = rotation;
    CHECK((after.hessian(moved) - turn * before.hessian(centers) * turn.transpose()).norm() < 1e-11);

    Eigen::MatrixXd permuted(d, k);
    permuted << centers.col(2), centers.col(0), centers.col(1);
    const auto other = before.cells(permuted);
    CHECK(other.mass(0) == Approx(here.mass(2)).epsilon(1e-13));
    CHECK((other.centroid.col(1) - here.centroid.col(0)).norm() < 1e-13);
  });
}

TEST_CASE("a planar model in five dimensions: the plane's objective and a constant for Gaussians") {
  const Eigen::MatrixXd basis =
      Eigen::MatrixXd(Eigen::HouseholderQR<Eigen::MatrixXd>(testing::normal_points(5, 5, 8)).householderQ())
          .leftCols(2);
  const Eigen::MatrixXd truth = testing::normal_points(2, 4, 1), centers = testing::normal_points(2, 5, 2);
  const GaussianMixtureModel plane(truth, sizes(), weights()), space(basis * truth, sizes(), weights());
  const PopulationObjective flat(plane), reduced(space, {.integrator = Integrator::reduced_plane});
  const double constant = 3 * (plane.weights() * sizes().square()).sum();
  CHECK(reduced.value(basis * centers) == Approx(flat.value(centers) + constant).epsilon(1e-13));
  CHECK((reduced.gradient(basis * centers) - basis * flat.gradient(centers)).norm() < 1e-12);
  Eigen::MatrixXd lift = Eigen::MatrixXd::Zero(25, 10);
  for (Index i = 0; i < 5; ++i) lift.block(5 * i, 2 * i, 5, 2) = basis;
  CHECK((lift.transpose() * reduced.hessian(basis * centers) * lift - flat.hessian(centers)).norm() < 1e-11);

  // All centers in place: the whole of a ball's variance, and 1 center: the exact mean squared distance.
  const PopulationObjective ball(StochasticBallModel(Eigen::MatrixXd::Zero(5, 1), 2.0));
  const Eigen::VectorXd aside = Eigen::VectorXd::Constant(5, 0.1);
  CHECK(ball.value(aside) == Approx(4 * 5.0 / 7 + aside.squaredNorm()).epsilon(1e-14));
}

TEST_CASE("a line of centers in the plane: reduced line and plane agree") {
  Eigen::MatrixXd centers(2, 4);
  for (Index i = 0; i < 4; ++i) centers.col(i) = Eigen::Vector2d(0.6, 0.8) * (static_cast<double>(i * i) - 3);
  for_both_populations(2, 5, [&](const auto& model) {
    const PopulationObjective plane(model), line(model, {.integrator = Integrator::reduced_line});
    CHECK(line.value(centers) == Approx(plane.value(centers)).epsilon(1e-13));
    CHECK((line.gradient(centers) - plane.gradient(centers)).norm() < 1e-12);
    CHECK((line.hessian(centers) - plane.hessian(centers)).norm() < 1e-11);
  });
}

TEST_CASE("quasi-random rays agree with the plane within their errors, repeat, and suit Lloyd's iteration") {
  const Eigen::MatrixXd centers = testing::normal_points(2, 4, 3);
  for_both_populations(2, 7, [&](const auto& model) {
    const PopulationObjective exact(model), rays(model, {.integrator = Integrator::quasi_monte_carlo});
    const auto estimate = rays.value_with_error(centers);
    CHECK(estimate.standard_error > 0);
    CHECK(estimate.standard_error < 1e-3);
    CHECK(std::abs(estimate.value - exact.value(centers)) < 5 * estimate.standard_error);
    const auto parts = rays.component_cells(centers), sure = exact.component_cells(centers);
    CHECK(sure.mass_error.maxCoeff() == 0);
    CHECK(((parts.mass - sure.mass).abs() <= 6 * parts.mass_error + 1e-14).all());
    for (Index s = 0; s < 4; ++s)
      for (Index i = 0; i < 4; ++i)
        CHECK((parts.centroid[static_cast<std::size_t>(s)] - sure.centroid[static_cast<std::size_t>(s)])
                  .col(i)
                  .cwiseAbs()
                  .maxCoeff() <= 6 * parts.centroid_error(i, s) + 1e-12);
    CHECK(rays.value(centers) == rays.value(centers));
    // The estimate is a function with its own gradient.
    const double h = 1e-5;
    Eigen::MatrixXd right = centers, left = centers;
    right(1, 2) += h;
    left(1, 2) -= h;
    CHECK(rays.gradient(centers)(1, 2) == Approx((rays.value(right) - rays.value(left)) / (2 * h)).margin(1e-7));
    const PopulationObjective few(model, {.integrator = Integrator::quasi_monte_carlo, .samples = 32, .replicates = 8});
    const auto result = lloyd(few, centers, {.max_iterations = 3000, .tolerance = 1e-10, .keep_values = true});
    CHECK(result.status != kmscape::LloydStatus::iteration_limit);
    CHECK(
        std::is_sorted(result.values.rbegin(), result.values.rend(), [](double a, double b) { return a < b - 1e-14; }));
  });
}

TEST_CASE("orthants in three and four dimensions: products for a Gaussian, equal shares for a ball") {
  for (const Index d : {3, 4}) {
    CAPTURE(d);
    const Eigen::MatrixXd corners = cube_corners(d);
    const double sigma = 0.8;
    Eigen::VectorXd center(d);
    for (Index s = 0; s < d; ++s) center(s) = 0.5 - 0.3 * static_cast<double>(s);
    const PopulationObjective objective(GaussianMixtureModel(center, sigma), {.samples = 256});
    const auto parts = objective.component_cells(corners);
    const Index last = corners.cols() - 1;  // the positive orthant
    double mass = 1;
    Eigen::VectorXd mean(d);
    for (Index s = 0; s < d; ++s) {
      const auto own = normal_interval_moments(-center(s) / sigma, std::numeric_limits<double>::infinity());
      mass *= own.mass;
      mean(s) = center(s) + sigma * own.first / own.mass;
    }
    CHECK(parts.mass_error(last, 0) > 0);
    CHECK(std::abs(parts.mass(last, 0) - mass) < 6 * parts.mass_error(last, 0));
    CHECK((parts.centroid[0].col(last) - mean).cwiseAbs().maxCoeff() < 6 * parts.centroid_error(last, 0));
    // The face to the neighbour across the first coordinate plane.
    const auto face = objective.face(corners, last - 1, last);
    const double own = normal_interval_moments(-center(0) / sigma, std::numeric_limits<double>::infinity()).mass;
    const double density = mass / own * normal_density(center(0) / sigma) / sigma;
    CHECK(std::abs(face.density(0) - density) < 6 * face.density_error(0) + 1e-13);
    CHECK((face.density_error(0) > 0) == (d == 4));
    Eigen::VectorXd offset = mean - face.midpoint;
    offset(0) = 0;
    CHECK((face.first.col(0) / density - offset).cwiseAbs().maxCoeff() <
          (d == 3 ? 1e-12 : 8 * (face.first_error(0) + face.density_error(0)) / density));
    for (Index s = 1; s < d; ++s) {
      const auto along = normal_interval_moments(-center(s) / sigma, std::numeric_limits<double>::infinity());
      const double shift = center(s) - 1;
      const double second =
          density * (shift * shift + (2 * shift * sigma * along.first + sigma * sigma * along.second) / along.mass);
      CHECK(std::abs(face.second[0](s, s) - second) < 6 * face.second_error(0) + 1e-12);
    }

    const PopulationObjective ball(StochasticBallModel(Eigen::VectorXd::Zero(d), 1.0), {.samples = 256});
    const auto shares = ball.component_cells(corners);
    const double share = 1 / static_cast<double>(corners.cols());
    CHECK(((shares.mass - share).abs() <= 6 * shares.mass_error).all());
    const double slice = kmscape::ball_slice_density(0, d) * 2 * share;
    const auto cut = ball.face(corners, last - 1, last);
    CHECK(std::abs(cut.density(0) - slice) < 6 * cut.density_error(0) + 1e-13);
  }
}

TEST_CASE("standard errors of rays are those of repeated draws: G, its gradient and Hessian, cells and masses") {
  // Three centers on a line are exact; more of them, far off in all other directions, change nothing but the span.
  constexpr int seeds = testing::is_sanitized ? 20 : 50;
  // A sliver that all of the 2 * 16 * 16 directions miss counts as 0, with error 0: its share of them is below 3/512 in
  // 95 of 100 draws, and its mass smaller still. One that few of them meet has a rough error. Faces in space
  // have none at all.
  constexpr double sliver = 3.0 / 512;
  for (const Index d : {3, 4})
    for_both_populations(d, 11, [&](const auto& model) {
      CAPTURE(d);
      const Eigen::VectorXd along = Eigen::VectorXd::LinSpaced(d, 1, 2).normalized();
      Eigen::MatrixXd line(d, 3), all = Eigen::MatrixXd::Zero(d, d + 2);
      line << -1.1 * along, 0.2 * along, 1.4 * along;
      all.leftCols(3) = line;
      for (Index t = 1; t < d; ++t) all.col(t + 2) = 500 * Eigen::VectorXd::Unit(d, t);
      const PopulationObjective exact(model);
      const Eigen::MatrixXd hessian = exact.hessian(line);
      const Eigen::ArrayXXd masses = exact.component_cells(line).mass;
      const double value = exact.value(line);
      const Eigen::MatrixXd gradient = exact.gradient(line);
      const auto cells = exact.cells_with_error(line);
      testing::RepeatedDraws of_values, of_masses, of_hessians, of_gradients, of_cells, of_centroids;
      for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const PopulationObjective rays(model, {.samples = 16, .replicates = 16, .seed = seed});
        const auto estimate = rays.value_with_error(all);
        of_values.add(estimate.value - value, estimate.standard_error, 0);
        const auto parts = rays.component_cells(all);
        for (Index s = 0; s < masses.cols(); ++s)
          for (Index i = 0; i < 3; ++i) {
            const double difference = parts.mass(i, s) - masses(i, s);
            if (std::min(masses(i, s), 1 - masses(i, s)) > 0.1)
              of_masses.add(difference, parts.mass_error(i, s), sliver);
            else
              CHECK(std::abs(difference) < 5 * parts.mass_error(i, s) + sliver);
          }
        const auto slope = rays.gradient_with_error(all);
        const auto mixed = rays.cells_with_error(all);
        for (Index i = 0; i < 3; ++i) {
          for (Index e = 0; e < d; ++e) {
            of_gradients.add(slope.value(e, i) - gradient(e, i), slope.standard_error(e, i));
            of_centroids.add(mixed.centroid(e, i) - cells.centroid(e, i), mixed.centroid_error(i));
          }
          of_cells.add(mixed.mass(i) - cells.mass(i), mixed.mass_error(i));
          of_cells.add(mixed.distortion(i) - cells.distortion(i), mixed.distortion_error(i));
        }
        const auto second = rays.hessian_with_error(all);
        CHECK(second.value.bottomRows((d - 1) * d).norm() == 0);
        for (Index a = 0; a < 3 * d; ++a)
          for (Index b = 0; b <= a; ++b)
            of_hessians.add(second.value(a, b) - hessian(a, b), second.standard_error(a, b), 1e-11);
      }
      of_values.check(seeds);
      of_masses.check(seeds);
      of_hessians.check(seeds);
      of_gradients.check(seeds);
      of_cells.check(seeds);
      of_centroids.check(seeds);
    });
}

TEST_CASE("estimates with errors are the estimates without, and errors are 0 where nothing is estimated") {
  for (const Index d : {1, 2, 4})
    for_both_populations(d, 13, [&](const auto& model) {
      CAPTURE(d);
      const PopulationObjective objective(model, {.samples = 64});
      Eigen::MatrixXd centers = testing::normal_points(d, 5, 14);
      centers.col(3) = centers.col(1);
      const auto gradient = objective.gradient_with_error(centers);
      CHECK(gradient.value == objective.gradient(centers));
      const auto cells = objective.cells_with_error(centers);
      const auto plain = objective.cells(centers);
      CHECK((cells.mass == plain.mass).all());
      CHECK((cells.distortion == plain.distortion).all());
      CHECK((cells.centroid - plain.centroid).norm() < 1e-14);
      CHECK(cells.centroid.col(3) == centers.col(3));
      for (const Index i : {0, 1, 2, 4}) {
        CHECK((gradient.standard_error.col(i).minCoeff() > 0) == (d == 4));
        CHECK((cells.mass_error(i) > 0) == (d == 4));
        CHECK((cells.distortion_error(i) > 0) == (d == 4));
        CHECK((cells.centroid_error(i) > 0) == (d == 4));
      }
      CHECK(gradient.standard_error.col(3).norm() + cells.mass_error(3) + cells.centroid_error(3) == 0);
    });
}

TEST_CASE("in space the Hessian by rays is the derivative of the true gradient, not of the estimated one") {
  // Only masses are estimated there. The exact gradient is that of the line of the same centers.
  const auto model = gaussians(3, 11);
  const Eigen::VectorXd along = Eigen::Vector3d(1, 1.5, 2).normalized();
  Eigen::MatrixXd line(3, 3), all = Eigen::MatrixXd::Zero(3, 5);
  line << -1.1 * along, 0.2 * along, 1.4 * along;
  all.leftCols(3) = line;
  all(0, 3) = all(1, 4) = 500;
  const PopulationObjective exact(model), rays(model);
  const double h = 1e-4;
  const auto slope = [&](const auto& objective, const Eigen::MatrixXd& at) {
    Eigen::MatrixXd right = at, left = at;
    right.col(1) += h * along;
    left.col(1) -= h * along;
    const Eigen::MatrixXd difference = (objective.gradient(right) - objective.gradient(left)) / (2 * h);
    return Eigen::VectorXd(difference.leftCols(3).reshaped());
  };
  const auto estimate = rays.hessian_with_error(all);
  const Eigen::VectorXd column = estimate.value.block(0, 3, 9, 3) * along;
  const double error = estimate.standard_error.maxCoeff();
  const double off = (column - slope(exact, line)).cwiseAbs().maxCoeff();
  CHECK(off < 5 * error);
  CHECK((column - slope(rays, all)).cwiseAbs().maxCoeff() > 5 * off);
}

TEST_CASE("a ball inside a cell is exact for rays, too") {
  Eigen::MatrixXd centers = 9 * Eigen::MatrixXd::Identity(4, 4);
  const PopulationObjective objective(StochasticBallModel(centers, 1.0), {.samples = 16});
  const auto cells = objective.cells(centers);
  CHECK((cells.mass - 0.25).abs().maxCoeff() < 1e-15);
  CHECK((cells.centroid - centers).norm() < 1e-13);
  CHECK(cells.value() == Approx(4.0 / 6).epsilon(1e-13));
  CHECK((objective.hessian(centers) - 0.5 * Eigen::MatrixXd::Identity(16, 16)).norm() < 1e-13);
}

TEST_CASE("an almost empty Gaussian cell has a good centroid") {
  // Center 2 holds the tail beyond ten deviations: its centroid is known from the line.
  const Eigen::Matrix<double, 2, 3> centers{{-1, 1, 19}, {0, 0, 0}};
  const PopulationObjective objective(GaussianMixtureModel(Eigen::Vector2d::Zero(), 1.0));
  const auto cells = objective.cells(centers);
  const auto tail = normal_interval_moments(10, std::numeric_limits<double>::infinity());
  CHECK(cells.mass(2) == Approx(tail.mass).epsilon(1e-12).margin(0));
  CHECK(cells.centroid(0, 2) == Approx(tail.first / tail.mass).epsilon(1e-12));
  CHECK(cells.centroid(1, 2) == Approx(0).margin(1e-12));
}

TEST_CASE("coinciding centers: the first owns the cell, the others are empty") {
  for (const Index d : {1, 2, 3, 4}) {
    CAPTURE(d);
    const Eigen::MatrixXd apart = testing::normal_points(d, 4, 12);
    Eigen::MatrixXd doubled(d, 5);
    doubled << apart.col(0), apart.col(1), apart.col(0), apart.col(2), apart.col(3);
    for_both_populations(d, 3, [&](const auto& model) {
      const PopulationObjective objective(model, {.samples = 64});
      const auto cells = objective.cells(doubled), plain = objective.cells(apart);
      CHECK(cells.mass(2) == 0);
      CHECK(cells.distortion(2) == 0);
      CHECK(cells.centroid.col(2) == doubled.col(2));
      CHECK(cells.mass(0) == Approx(plain.mass(0)).epsilon(1e-12));
      CHECK(cells.value() == Approx(plain.value()).epsilon(1e-12));
      const auto hessian = objective.hessian(doubled);
      CHECK(hessian.middleRows(2 * d, d).norm() == 0);
      CHECK((hessian.topLeftCorner(2 * d, 2 * d) - objective.hessian(apart).topLeftCorner(2 * d, 2 * d)).norm() <
            1e-10);
      CHECK(objective.face(doubled, 0, 2).density.maxCoeff() == 0);
      CHECK(objective.cells(apart.col(0).replicate(1, 3)).mass(0) == Approx(1).epsilon(1e-14));
    });
  }
}

TEST_CASE("faces: a point on the line, adjacency in the plane, either order") {
  const PopulationObjective line(GaussianMixtureModel(on_line({0, 3}), Eigen::Array2d(1, 2), Eigen::Array2d(1, 1)));
  const auto point = line.face(on_line({-1, 5}), 1, 0);
  CHECK(point.i == 0);
  CHECK(point.j == 1);
  CHECK(point.midpoint(0) == 2);
  CHECK(point.density(0) == Approx(normal_density(2)).epsilon(1e-14));
  CHECK(point.density(1) == Approx(normal_density(0.5) / 2).epsilon(1e-14));
  CHECK(point.first.norm() == 0);
  CHECK(line.faces(on_line({0, 9, 4, -3})).size() == 3);
  CHECK(line.face(on_line({0, 9, 4}), 0, 1).density.maxCoeff() == 0);

  // A ball's interval that ends at the boundary: the one-sided value, density 0.
  const PopulationObjective ends(StochasticBallModel(on_line({0}), 1.0));
  CHECK(ends.face(on_line({0, 2}), 0, 1).density(0) == 0);
  CHECK(ends.face(on_line({0, 1.99}), 0, 1).density(0) == 0.5);

  // Four corners of a square: diagonals touch in a point.
  const Eigen::Matrix<double, 2, 4> square{{0, 1, 1, 0}, {0, 0, 1, 1}};
  const PopulationObjective plane(GaussianMixtureModel(Eigen::Vector2d(0.5, 0.5), 1.0));
  CHECK(plane.faces(square).size() >= 4);
  CHECK(plane.face(square, 0, 1).density(0) == Approx(normal_density(0) / 2).epsilon(1e-14));
  CHECK(plane.face(square, 0, 2).density(0) < 1e-15);
}

TEST_CASE("the gradient of a tiny ball far from the origin keeps its digits") {
  // The line through the midpoint of two centers cuts off a cap: mass (acos h - h sqrt(1 - h^2))/pi, first moment
  // 2/3 (1 - h^2)^(3/2)/pi along the normal. All places are exact in binary.
  const double r = std::ldexp(1.0, -25), a = 0.375, b = -0.4375, h = (a + b) / 2;
  Eigen::MatrixXd truth(2, 2), centers(2, 3);
  truth << 1, 4, 2, 3;
  centers << 1 + r * a, 1 + r * b, 4, 2, 2, 3;
  const PopulationObjective objective(StochasticBallModel(truth, r));
  const double cap = (std::acos(h) - h * std::sqrt(1 - h * h)) / std::numbers::pi,
               moment = 2 * std::pow(1 - h * h, 1.5) / (3 * std::numbers::pi);
  const Eigen::MatrixXd gradient = objective.gradient(centers);
  CHECK(gradient(0, 0) == Approx((cap * a - moment) * r).epsilon(1e-13));
  CHECK(gradient(0, 1) == Approx(((1 - cap) * b + moment) * r).epsilon(1e-13));
  CHECK(gradient.row(1).norm() < 1e-15 * r);
  CHECK(gradient.col(2).norm() < 1e-15 * r);
}

TEST_CASE("float and long double models run in double") {
  const Eigen::MatrixXd truth = testing::normal_points(2, 3, 4), centers = testing::normal_points(2, 3, 5);
  const PopulationObjective usual(StochasticBallModel(truth, 1.0));
  const PopulationObjective narrow(StochasticBallModel(Eigen::MatrixXf(truth.cast<float>()), 1.0f));
  const PopulationObjective wide(
      StochasticBallModel(Eigen::Matrix<long double, -1, -1>(truth.cast<long double>()), 1.0L));
  CHECK(narrow.value(centers) == Approx(usual.value(centers)).epsilon(1e-6));
  CHECK(static_cast<double>(wide.value(centers.cast<long double>())) == Approx(usual.value(centers)).epsilon(1e-13));
  CHECK(static_cast<double>(lloyd(wide, centers.cast<long double>()).value) ==
        Approx(lloyd(usual, centers).value).epsilon(1e-12));
}

TEST_CASE("a population objective refuses what it cannot do") {
  const GaussianMixtureModel plane(testing::normal_points(2, 3, 4), 1.0);
  const GaussianMixtureModel space(testing::normal_points(3, 3, 4), 1.0);
  CHECK(refusal([&] { (void)PopulationObjective(plane, {.samples = 0}); }) ==
        "kmscape::PopulationObjective: options.samples = 0, but an estimate needs directions; pass e.g. 512");
  CHECK(refusal([&] { (void)PopulationObjective(plane, {.replicates = 7}); }) ==
        "kmscape::PopulationObjective: options.replicates = 7, but a standard error is the spread of at least 8 "
        "replicates; pass e.g. 16");
  CHECK(refusal([&] { (void)PopulationObjective(plane, {.integrator = Integrator::line}); }) ==
        "kmscape::PopulationObjective: options.integrator = line, but the model's dimension is 2; use "
        "Integrator::automatic");
  CHECK(refusal([&] { (void)PopulationObjective(space, {.integrator = Integrator::plane}); }) ==
        "kmscape::PopulationObjective: options.integrator = plane, but the model's dimension is 3; use "
        "Integrator::automatic");
  const PopulationObjective flat(space, {.integrator = Integrator::reduced_plane});
  CHECK(refusal([&] { (void)flat.value(testing::normal_points(3, 4, 1)); }) ==
        "kmscape::PopulationObjective::value: options.integrator = reduced_plane, but the centers span 3 dimensions; "
        "use Integrator::automatic");
  const PopulationObjective objective(plane);
  CHECK_THAT(
      refusal([&] { (void)objective.gradient(testing::normal_points(3, 4, 1)); }),
      ContainsSubstring("PopulationObjective::gradient: centers = a 3 x 4 matrix, but the objective's dimension"));
  CHECK(refusal([&] { (void)objective.face(testing::normal_points(2, 3, 1), 0, 0); }) ==
        "kmscape::PopulationObjective::face: j = 0, but a face lies between two different centers; pass another index "
        "in 0, ..., k - 1");
  CHECK_THAT(refusal([&] { (void)objective.face(testing::normal_points(2, 3, 1), 3, 0); }),
             ContainsSubstring("face: i = 3, but centers are numbered"));
}

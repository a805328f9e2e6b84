// Certificates of the population objective against Hessians worked out by hand for points with closed forms.
#include <kmscape/landscape/population_certificate.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "support/catch.hpp"
#include "support/numbers.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::certify;
using kmscape::GaussianMixtureModel;
using kmscape::Index;
using kmscape::population_scale;
using kmscape::PopulationObjective;
using kmscape::PopulationVerdict;
using kmscape::stationary_point;
using kmscape::StochasticBallModel;
using std::numbers::pi;
using testing::infinity;
using testing::on_line;

namespace {

const double half_normal = std::sqrt(2 / pi);  // E|x| of a standard normal

/// G on the line for intervals of one radius and equal weights: cubics between the centers' midpoints.
double line_value(const Eigen::MatrixXd& truth, double radius, const Eigen::MatrixXd& centers) {
  std::vector<double> sorted(centers.data(), centers.data() + centers.size());
  std::sort(sorted.begin(), sorted.end());
  double sum = 0;
  for (const double middle : truth.reshaped())
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      const double left = std::max(middle - radius, i == 0 ? -infinity : (sorted[i - 1] + sorted[i]) / 2);
      const double right =
          std::min(middle + radius, i + 1 == sorted.size() ? infinity : (sorted[i] + sorted[i + 1]) / 2);
      if (left < right) sum += (std::pow(right - sorted[i], 3) - std::pow(left - sorted[i], 3)) / 3;
    }
  return sum / (2 * radius * static_cast<double>(truth.size()));
}

/// E|x| of N(a, 1).
double folded_mean(double a) { return half_normal * std::exp(-a * a / 2) + a * std::erf(a / std::sqrt(2.0)); }
double normal_density_at(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * pi); }

Eigen::VectorXd ascending(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return Eigen::Map<Eigen::VectorXd>(values.data(), static_cast<Index>(values.size()));
}

/// The largest difference of two spectra; infinite when their sizes differ.
double apart(const Eigen::VectorXd& eigenvalues, const std::vector<double>& expected) {
  if (eigenvalues.size() != static_cast<Index>(expected.size())) return infinity;
  return (eigenvalues - ascending(expected)).cwiseAbs().maxCoeff();
}

/// Two standard normals at (-a, 0, ...) and (a, 0, ...).
auto two_gaussians(double a, Index d = 2) {
  Eigen::MatrixXd truth = Eigen::MatrixXd::Zero(d, 2);
  truth.row(0) << -a, a;
  return PopulationObjective(GaussianMixtureModel(truth, 1.0));
}

/// Two centers at -c and c on axis s.
Eigen::MatrixXd opposite(double c, Index s, Index d = 2) {
  Eigen::MatrixXd centers = Eigen::MatrixXd::Zero(d, 2);
  centers.row(s) << -c, c;
  return centers;
}

/// What every refutation must carry: a lower value, measured where it says.
template <class Objective, class Certificate>
void check_descent(const Objective& objective, const Eigen::MatrixXd& centers, const Certificate& certificate) {
  REQUIRE(certificate.descent.cols() == centers.cols());
  CHECK_FALSE(certificate.is_minimum());
  CHECK(certificate.drop > 0);
  CHECK(certificate.drop == objective.value(centers) - objective.value(certificate.descent));
}

template <class Certificate>
void check_nothing_refuted(const Certificate& certificate) {
  CHECK(certificate.descent.cols() == 0);
  CHECK(certificate.escape.cols() == 0);
  CHECK(certificate.drop == 0);
}

}  // namespace

TEST_CASE("Proposition 2: the two-on-one point is certified strict for every radius below 0.4") {
  for (const double r : {0.001, 0.05, 0.2, 0.31, 0.399}) {
    CAPTURE(r);
    const PopulationObjective objective(StochasticBallModel(on_line({-2, 0, 2}), r));
    const auto certificate = certify(objective, on_line({-2 - r / 2, -2 + r / 2, 1}));
    CHECK(certificate.verdict == PopulationVerdict::strict_minimum);
    CHECK(certificate.is_minimum());
    CHECK(apart(certificate.eigenvalues, {1.0 / 6, 1.0 / 3, 4.0 / 3}) < 1e-12);
    CHECK(certificate.smallest_eigenvalue == certificate.eigenvalues(0));
    CHECK(certificate.value == Approx(2.0 / 3 + r * r / 4).epsilon(1e-14));
    CHECK(certificate.residual < 1e-14);
    CHECK(certificate.negative == 0);
    CHECK(certificate.continuum == 0);
    CHECK(certificate.empty_cells == 0);
    CHECK(certificate.empty_margin == infinity);
    check_nothing_refuted(certificate);
  }
}

TEST_CASE("Example 1 with its far third center is a flat minimum above r = 4/17 and a saddle with a drop below") {
  const Eigen::MatrixXd truth = on_line({-1, 0, 1});
  for (const double r : {0.17, 0.22, 0.2352, 0.2354, 0.3, 0.49}) {
    CAPTURE(r);
    const PopulationObjective objective(StochasticBallModel(truth, r));
    const double a = 2.0 / 3 + r / 6;
    const Eigen::MatrixXd point = on_line({-a, a, 10});
    const auto certificate = certify(objective, point);
    CHECK(apart(certificate.eigenvalues, {1 - a / (3 * r), 1}) < 1e-12);
    CHECK(certificate.value == Approx(line_value(truth, r, point)).epsilon(1e-13));
    CHECK(certificate.empty_cells == 1);
    CHECK(certificate.empty_margin == Approx((a + 10) / 2 - (1 + r)).epsilon(1e-14));
    if (r > 4.0 / 17) {
      CHECK(certificate.verdict == PopulationVerdict::flat_minimum);
      CHECK(certificate.continuum == 0);
      check_nothing_refuted(certificate);
      continue;
    }
    CHECK(certificate.verdict == PopulationVerdict::saddle);
    CHECK(certificate.negative == 1);
    check_descent(objective, point, certificate);
    CHECK(certificate.drop ==
          Approx(certificate.value - line_value(truth, r, certificate.descent)).epsilon(1e-9).margin(1e-14));
    CHECK(certificate.escape.norm() == Approx(1).epsilon(1e-14));
    CHECK(std::abs(certificate.escape(0, 0)) == Approx(std::sqrt(0.5)).epsilon(1e-10));
    CHECK(certificate.escape(0, 0) == Approx(certificate.escape(0, 1)).epsilon(1e-10));
    CHECK(certificate.escape(0, 2) == 0);
  }
}

TEST_CASE("Example 1 at its bifurcation r = 4/17 is degenerate") {
  const double r = 4.0 / 17, a = 2.0 / 3 + r / 6;
  const PopulationObjective objective(StochasticBallModel(on_line({-1, 0, 1}), r));
  const auto certificate = certify(objective, on_line({-a, a, 10}));
  CHECK(certificate.verdict == PopulationVerdict::degenerate);
  CHECK_FALSE(certificate.is_minimum());
  CHECK(std::abs(certificate.smallest_eigenvalue) < 1e-14);
  CHECK(certificate.continuum == 0);
}

TEST_CASE("on the line a face on the end of an interval is judged by its worse side") {
  // Regression: with the density 0 of the outer side the first point passed for a strict minimum.
  const Eigen::MatrixXd truth = on_line({-1, 0, 1}), point = on_line({-1, 0.5});
  {
    const PopulationObjective objective(StochasticBallModel(truth, 0.25));
    const auto certificate = certify(objective, point);
    CHECK(certificate.verdict == PopulationVerdict::saddle);
    // diag(2/3, 4/3) - 1/2 in every entry: |beta_1 - beta_2| / 2 = 3/4 times the density 2/3.
    CHECK(apart(certificate.eigenvalues, {(1 - std::sqrt(13.0) / 3) / 2, (1 + std::sqrt(13.0) / 3) / 2}) < 1e-13);
    check_descent(objective, point, certificate);
    CHECK(line_value(truth, 0.25, certificate.descent) < line_value(truth, 0.25, point) - 1e-4);
  }
  {
    const PopulationObjective objective(StochasticBallModel(truth, 0.2499));
    const auto certificate = certify(objective, point);
    CHECK(certificate.verdict == PopulationVerdict::strict_minimum);
    CHECK(apart(certificate.eigenvalues, {2.0 / 3, 4.0 / 3}) < 1e-13);
  }
  // An interval [-1/16, 17/16] of weight 1/8 that begins at the face between -1 and 7/8: G rises on both sides.
  const StochasticBallModel model(on_line({-1, 1, 0.5}), Eigen::Array3d(0.125, 0.125, 0.5625), Eigen::Array3d(4, 3, 1));
  const auto certificate = certify(PopulationObjective(model), on_line({-1, 0.875}));
  CHECK(certificate.verdict == PopulationVerdict::strict_minimum);
  CHECK(apart(certificate.eigenvalues, {38.0 / 48, 1}) < 1e-13);
}

TEST_CASE("the truth of separated balls is strict with twice the weights for eigenvalues in any dimension") {
  for (const Index d : {1, 2, 3, 5}) {
    CAPTURE(d);
    Eigen::MatrixXd truth = Eigen::MatrixXd::Zero(d, 3);
    truth.row(0) << -4, 0, 5;
    if (d > 1) truth(1, 1) = 3;
    const StochasticBallModel model(truth, Eigen::Array3d(1, 0.5, 1.5), Eigen::Array3d(1, 2, 5));
    const auto certificate = certify(PopulationObjective(model), truth);
    CHECK(certificate.verdict == PopulationVerdict::strict_minimum);
    std::vector<double> expected;
    for (Index s = 0; s < d; ++s) expected.insert(expected.end(), {1.0 / 4, 2.0 / 4, 5.0 / 4});
    CHECK(apart(certificate.eigenvalues, expected) < 1e-12);
    const double n = static_cast<double>(d);
    CHECK(certificate.value == Approx((1 * 1 + 2 * 0.25 + 5 * 2.25) / 8 * n / (n + 2)).epsilon(1e-12));
    CHECK(certificate.distance < 1e-12);
  }
}

TEST_CASE("a point that is not stationary is refuted by Lloyd's step and told how far the stationary point is") {
  const double r = 0.2;
  const Eigen::MatrixXd truth = on_line({-2, 0, 2});
  const PopulationObjective objective(StochasticBallModel(truth, r));
  const Eigen::MatrixXd point = on_line({-2 - r / 2, -2 + r / 2, 1.001});
  const auto certificate = certify(objective, point);
  CHECK(certificate.verdict == PopulationVerdict::not_stationary);
  CHECK(certificate.residual == Approx(0.001).epsilon(1e-10));
  CHECK(certificate.distance == Approx(0.001).epsilon(1e-10));
  check_descent(objective, point, certificate);
  CHECK(certificate.escape.cols() == 0);
  CHECK((certificate.descent - on_line({-2 - r / 2, -2 + r / 2, 1})).norm() < 1e-14);
  CHECK(certificate.drop == Approx(2.0 / 3 * 1e-6).epsilon(1e-8));
  // What counts as 0 is the caller's.
  CHECK(certify(objective, point, {.stationarity = 0.01}).verdict == PopulationVerdict::strict_minimum);
  CHECK(certify(objective, on_line({-2 - r / 2, -2 + r / 2, 1}), {.curvature = 0.2}).verdict ==
        PopulationVerdict::degenerate);
}

TEST_CASE("two centers on one disc turn freely: a flat minimum with a continuum of dimension 1") {
  for (const double radius : {1.0, 0.3})
    for (const double angle : {0.0, 0.7, 2.1}) {
      CAPTURE(radius, angle);
      const Eigen::Vector2d middle(2, -1);
      const PopulationObjective objective(StochasticBallModel(Eigen::MatrixXd(middle), radius));
      const double c = 4 * radius / (3 * pi);  // of a half-disc's mean from the disc's center
      const Eigen::Vector2d offset(c * std::cos(angle), c * std::sin(angle));
      Eigen::MatrixXd point(2, 2);
      point << middle - offset, middle + offset;
      const auto certificate = certify(objective, point);
      CHECK(certificate.verdict == PopulationVerdict::flat_minimum);
      CHECK(certificate.continuum == 1);
      CHECK(certificate.empty_cells == 0);
      // Both centers along: 1 less the face's mass density; both across, in opposite directions: the rotation.
      CHECK(apart(certificate.eigenvalues, {0, 1 - 16 / (3 * pi * pi), 1, 1}) < 1e-12);
      CHECK(certificate.value == Approx(radius * radius / 2 - c * c).epsilon(1e-12));
      check_nothing_refuted(certificate);
    }
}

TEST_CASE("a tiny ball's halves turn freely however far from the origin it lies, in the plane and in space") {
  // Regression: rounding of the centers' places was taken for curvature, and the continuum for a bifurcation.
  for (const double radius : {1e-3, 1e-6, 1e-9})
    for (const Index d : {2, 3}) {
      CAPTURE(radius, d);
      Eigen::MatrixXd truth = Eigen::MatrixXd::Zero(d, 2), point(d, 3);
      truth.col(0).fill(1.7);
      const PopulationObjective objective(StochasticBallModel(truth, radius));
      const double c = (d == 2 ? 4 / (3 * pi) : 3.0 / 8) * radius;  // of a half-ball's mean from the ball's center
      Eigen::VectorXd along = Eigen::VectorXd::LinSpaced(d, 1, 2).normalized();
      point << truth.col(0) - c * along, truth.col(0) + c * along, truth.col(1);
      const auto certificate = certify(objective, point);
      CHECK(certificate.verdict == PopulationVerdict::flat_minimum);
      CHECK(certificate.continuum == d - 1);
      CHECK(certificate.negative == 0);
      check_nothing_refuted(certificate);
    }
}

TEST_CASE("coinciding centers are a saddle that any parting leaves downhill") {
  const Eigen::MatrixXd truth = on_line({0}), point = on_line({0, 0});
  const PopulationObjective line(StochasticBallModel(truth, 1.0));
  const auto on_it = certify(line, point);
  CHECK(on_it.verdict == PopulationVerdict::saddle);
  CHECK(on_it.empty_margin == 0);
  CHECK(on_it.negative == 0);
  check_descent(line, point, on_it);
  CHECK(on_it.drop == Approx(line_value(truth, 1, point) - line_value(truth, 1, on_it.descent)).epsilon(1e-12));
  CHECK(on_it.escape(0, 0) == 0);
  CHECK(std::abs(on_it.escape(0, 1)) == 1);

  const PopulationObjective plane = two_gaussians(2);
  Eigen::MatrixXd three(2, 3);
  three << opposite(folded_mean(2), 0), Eigen::Vector2d(folded_mean(2), 0);
  const auto in_plane = certify(plane, three);
  CHECK(in_plane.verdict == PopulationVerdict::saddle);
  check_descent(plane, three, in_plane);
  CHECK(in_plane.escape.norm() == 1);
}

TEST_CASE("an empty center is free as far as its margin says, and one whose cell touches a ball is not") {
  const PopulationObjective line(StochasticBallModel(on_line({0}), 1.0));
  const auto clear = certify(line, on_line({0, 4}));
  CHECK(clear.verdict == PopulationVerdict::flat_minimum);
  CHECK(clear.empty_margin == 1);  // the cell begins at 2, the interval ends at 1
  CHECK(clear.continuum == 0);
  CHECK(apart(clear.eigenvalues, {2}) < 1e-14);

  const Eigen::MatrixXd at_end = on_line({0, 2});
  const auto touching = certify(line, at_end);
  CHECK(touching.verdict == PopulationVerdict::saddle);
  CHECK(touching.empty_margin == 0);
  CHECK(touching.empty_cells == 1);
  check_descent(line, at_end, touching);

  const PopulationObjective plane(StochasticBallModel(Eigen::MatrixXd::Zero(2, 1), 1.0));
  Eigen::MatrixXd aside(2, 2);
  aside << 0, 6, 0, 8;
  CHECK(certify(plane, aside).empty_margin == Approx(4).epsilon(1e-15));
  CHECK(certify(plane, aside).verdict == PopulationVerdict::flat_minimum);

  // Two empty centers on one another are as free as one.
  const auto pair = certify(line, on_line({0, 4, 4}));
  CHECK(pair.verdict == PopulationVerdict::flat_minimum);
  CHECK(pair.empty_cells == 2);
  CHECK(pair.empty_margin == 1);

  // A Gaussian's tail at 500 deviations is no double.
  Eigen::MatrixXd beyond(2, 3);
  beyond << opposite(folded_mean(3), 0), Eigen::Vector2d(0, 1000);
  const auto tail = certify(two_gaussians(3), beyond);
  CHECK(tail.verdict == PopulationVerdict::flat_minimum);
  CHECK(tail.empty_margin == infinity);
}

TEST_CASE("two centers across two Gaussians are a saddle of index 1 that leads down to the truth") {
  for (const double a : {0.5, 1.0, 2.0}) {
    CAPTURE(a);
    const auto objective = two_gaussians(a);
    // Newton's method stays on the line of symmetry; half-planes y > 0 have their mean at sqrt(2/pi).
    const auto point = stationary_point(objective, opposite(0.6, 1));
    CHECK(point.converged);
    CHECK((point.centers - opposite(half_normal, 1)).norm() < 1e-12);
    const auto certificate = certify(objective, point.centers);
    CHECK(certificate.verdict == PopulationVerdict::saddle);
    CHECK(certificate.negative == 1);
    CHECK(apart(certificate.eigenvalues, {-a * a, 1 - 2 / pi, 1, 1}) < 1e-12);
    CHECK(certificate.value == Approx(2 + a * a - 2 / pi).epsilon(1e-13));
    // The escape turns the pair towards the two components.
    CHECK(std::abs(certificate.escape(0, 0)) == Approx(std::sqrt(0.5)).epsilon(1e-10));
    CHECK(certificate.escape(0, 0) == Approx(-certificate.escape(0, 1)).epsilon(1e-10));
    check_descent(objective, point.centers, certificate);

    const auto fit = lloyd(objective, certificate.descent, {.max_iterations = 20'000});
    const double b = folded_mean(a);
    CHECK(fit.value == Approx(2 + a * a - b * b).epsilon(1e-11));
    const auto below = certify(objective, opposite(b, 0));
    CHECK(below.verdict == PopulationVerdict::strict_minimum);
    const double density = normal_density_at(a);
    CHECK(apart(below.eigenvalues, {1 - 2 * b * density, 1 - 2 * density / b, 1, 1}) < 1e-12);
  }
}

TEST_CASE("one Gaussian halved by two centers: a continuum, and the limit of the saddles above") {
  const auto certificate = certify(two_gaussians(0), opposite(half_normal, 1));
  CHECK(certificate.verdict == PopulationVerdict::flat_minimum);
  CHECK(certificate.continuum == 1);
  CHECK(apart(certificate.eigenvalues, {0, 1 - 2 / pi, 1, 1}) < 1e-12);
}

TEST_CASE("Example 2: the symmetric 2-fit-3 point below, at and above its pitchfork") {
  const Eigen::Matrix<double, 2, 3> truth{{-1, 0, 1}, {0, 0, 0}};
  const double critical = (8.0 / 3) / (3 * pi - 16 / (9 * pi));
  CHECK(critical == Approx(0.301016).epsilon(2e-6));
  for (const double r : {0.26, 0.30, critical, 0.302, 0.4}) {
    CAPTURE(r);
    const PopulationObjective objective(StochasticBallModel(truth, r));
    const double a = 2.0 / 3 + 4 * r / (9 * pi);
    const Eigen::MatrixXd point = opposite(a, 0);
    const auto certificate = certify(objective, point);
    CHECK(apart(certificate.eigenvalues, {1 - 4 * a / (3 * pi * r), 1 - 4 * r / (9 * pi * a), 1, 1}) < 1e-12);
    CHECK(certificate.verdict == (r == critical  ? PopulationVerdict::degenerate
                                  : r < critical ? PopulationVerdict::saddle
                                                 : PopulationVerdict::strict_minimum));
    Eigen::MatrixXd three(2, 3);
    three << point, Eigen::Vector2d(0, 40);
    const auto with_empty = certify(objective, three);
    CHECK(with_empty.verdict == (r > critical ? PopulationVerdict::flat_minimum : certificate.verdict));
  }
}

TEST_CASE("Example 2: Newton's method finds the branch of minima between 1/4 and the pitchfork") {
  const Eigen::Matrix<double, 2, 3> truth{{-1, 0, 1}, {0, 0, 0}};
  const struct {
    double radius, first, second, least;
  } branch[] = {
      {0.26, -0.994297, 0.502896, 0.416}, {0.29, -0.900919, 0.556535, 0.081}, {0.30, -0.771850, 0.651473, 0.0065}};
  for (const auto& [radius, first, second, least] : branch) {
    CAPTURE(radius);
    const PopulationObjective objective(StochasticBallModel(truth, radius));
    const Eigen::Matrix2d start{{first - 0.003, second + 0.002}, {0.001, -0.001}};
    const auto point = stationary_point(objective, start);
    CHECK(point.converged);
    CHECK(point.centers(0, 0) == Approx(first).margin(1e-6));
    CHECK(point.centers(0, 1) == Approx(second).margin(1e-6));
    CHECK(point.centers.row(1).norm() < 1e-11);
    const auto certificate = certify(objective, point.centers);
    CHECK(certificate.verdict == PopulationVerdict::strict_minimum);
    CHECK(certificate.smallest_eigenvalue == Approx(least).margin(6e-4));
  }
}

TEST_CASE("Newton's errors square from step to step, and the residual is what it says") {
  const double a = 1.5;
  const auto objective = two_gaussians(a, 1);
  const double b = folded_mean(a);
  const Eigen::MatrixXd truth = on_line({-b, b}), start = on_line({-b - 0.11, b - 0.05});
  std::vector<double> errors;
  for (int steps = 0; steps <= 5; ++steps) {
    const auto point = stationary_point(objective, start, {.max_iterations = steps});
    CHECK(point.iterations <= steps);
    const auto cells = objective.cells(point.centers);
    CHECK(point.residual == (point.centers - cells.centroid).cwiseAbs().maxCoeff());
    errors.push_back((point.centers - truth).norm());
  }
  CHECK(errors[0] == Approx((start - truth).norm()));
  CHECK_FALSE(stationary_point(objective, start, {.max_iterations = 0}).converged);
  for (std::size_t n = 0; n + 1 < errors.size(); ++n) {
    CAPTURE(n, errors[n], errors[n + 1]);
    // The iteration ends at residuals of 1.8e-13.
    CHECK(errors[n + 1] <= std::max(0.5 * errors[n] * errors[n], 1e-12));
  }
  CHECK(errors[1] > 1e-9);  // it is not the start that was exact
  const auto point = stationary_point(objective, start);
  CHECK(point.converged);
  CHECK(point.iterations <= 5);
  CHECK(point.residual <= 1e-13 * std::sqrt(1 + a * a));

  // A step is no longer than it may be.
  const auto slow = stationary_point(objective, start, {.max_iterations = 1, .largest_step = 1e-3});
  CHECK((slow.centers - start).norm() == Approx(1e-3 * std::sqrt(1 + a * a)).epsilon(1e-10));
}

TEST_CASE("in a curved valley that is all but level Newton's method says how far the stationary point still is") {
  // Two centers halve one of two Gaussians 14 deviations apart, at any angle: the other one prefers two of them, by
  // differences of G of some 1e-11.
  const auto objective = two_gaussians(7);
  const auto halves = [&](double angle) {
    Eigen::MatrixXd centers(2, 3);
    const Eigen::Vector2d offset = half_normal * Eigen::Vector2d(std::cos(angle), std::sin(angle));
    centers << Eigen::Vector2d(-7, 0) - offset, Eigen::Vector2d(-7, 0) + offset, Eigen::Vector2d(7, 0);
    return lloyd(objective, centers, {.max_iterations = 300, .tolerance = 1e-24}).centers;
  };
  const auto point = stationary_point(objective, halves(0.7));
  CHECK(point.residual < 1e-10);
  CHECK_FALSE(point.converged);
  CHECK(point.in_valley);
  CHECK(point.distance > 1e-2);
  CHECK(std::abs(point.smallest_eigenvalue) < 1e-8);
  CHECK(std::abs(point.predicted_change) > 1e-16);
  CHECK(std::abs(point.predicted_change) < 1e-9);
  CHECK(certify(objective, point.centers).verdict == PopulationVerdict::degenerate);
  // Across the line of the clusters and along it the symmetry makes points that are stationary.
  for (const double angle : {0.0, pi / 2}) {
    const auto still = stationary_point(objective, halves(angle));
    CHECK(still.converged);
    CHECK_FALSE(still.in_valley);
    CHECK(still.distance < 1e-3);
  }
  // What a stationary point far from all this reports: a step of no length.
  const auto sure = stationary_point(two_gaussians(2), opposite(folded_mean(2) + 0.1, 0));
  CHECK(sure.converged);
  CHECK(sure.distance < 1e-12);
  CHECK(std::abs(sure.predicted_change) < 1e-24);
  CHECK(sure.smallest_eigenvalue == Approx(1 - 2 * normal_density_at(2) * folded_mean(2)).epsilon(1e-10));
}

TEST_CASE(
    "tiny balls far from the origin: strict where no face meets one, undecided where rounding is the ball's size") {
  // Places near 1000 are known to 1e-13, whatever the radius.
  for (const double radius : {1e-6, 1e-9, 1e-11, 1e-12}) {
    CAPTURE(radius);
    const PopulationObjective line(StochasticBallModel(on_line({-1000, 0, 1000}), radius));
    const auto truth = certify(line, on_line({-1000, 0, 1000}));
    CHECK(truth.verdict == PopulationVerdict::strict_minimum);
    CHECK(truth.rounding == 0);
    CHECK(apart(truth.eigenvalues, {2.0 / 3, 2.0 / 3, 2.0 / 3}) < 1e-14);
    Eigen::MatrixXd square = Eigen::MatrixXd::Zero(2, 3);
    square.row(0) << -1000, 0, 1000;
    square(1, 1) = 1000;
    CHECK(certify(PopulationObjective(StochasticBallModel(square, radius)), square).verdict ==
          PopulationVerdict::strict_minimum);

    // Proposition 2's point: eigenvalues 1/6, 1/3, 4/3 for every radius, of which rounding leaves its share.
    const auto halves = certify(line, on_line({-1000 - radius / 2, -1000 + radius / 2, 500}));
    const double unit = 4.0 / 3, share = 64 * 2.3e-16 * (1000 + 1000 * std::sqrt(2.0 / 3)) * std::sqrt(3.0) / radius;
    CHECK(halves.rounding == Approx(unit * share).epsilon(0.05));
    if (radius >= 1e-9) {
      CHECK(halves.verdict == PopulationVerdict::strict_minimum);
      CHECK(apart(halves.eigenvalues, {1.0 / 6, 1.0 / 3, 4.0 / 3}) < halves.rounding);
      CHECK_FALSE(halves.is_precision_limited);
    } else {
      CHECK(halves.verdict == PopulationVerdict::degenerate);
      CHECK(halves.is_precision_limited);
      CHECK(halves.rounding > 1.0 / 6);
    }
  }
}

TEST_CASE("five dimensions reduce to the line of centers without error") {
  const double a = 1.5, b = folded_mean(a), density = normal_density_at(a);
  const auto objective = two_gaussians(a, 5);
  const auto certificate = certify(objective, opposite(b, 0, 5));
  CHECK(certificate.verdict == PopulationVerdict::strict_minimum);
  std::vector<double> expected = {1 - 2 * b * density, 1};
  for (int s = 1; s < 5; ++s) expected.insert(expected.end(), {1 - 2 * density / b, 1});
  CHECK(apart(certificate.eigenvalues, expected) < 1e-11);
  CHECK(certificate.value == Approx(5 + a * a - b * b).epsilon(1e-13));
  CHECK(certificate.eigenvalue_error == Approx(1e-7).epsilon(1e-10));  // the option's share of 2 m = 1

  // Around a ball two centers turn in all directions: a sphere of minima.
  const PopulationObjective ball(StochasticBallModel(Eigen::MatrixXd::Zero(5, 1), 1.0));
  const double c = 5.0 / 16;  // E|x_1|: integral of 2 x (1 - x^2)^2 over that of 2 (1 - x^2)^2
  const auto turning = certify(ball, opposite(c, 0, 5));
  CHECK(turning.verdict == PopulationVerdict::flat_minimum);
  CHECK(turning.continuum == 4);
  CHECK(turning.value == Approx(5.0 / 7 - c * c).epsilon(1e-12));
}

TEST_CASE("eight Gaussians on a cube by quasi-random rays: the product's spectrum within the error it reports") {
  // Every coordinate is -2 or 2 plus a standard normal, so cells are orthants and face integrals are products.
  const double a = 2, b = folded_mean(a), spread = 1 + a * a - b * b, q = normal_density_at(a) / (4 * b);
  const Eigen::MatrixXd corners =
      Eigen::MatrixXd::NullaryExpr(3, 8, [](Index s, Index i) { return (i >> s) & 1 ? 1.0 : -1.0; });
  const PopulationObjective objective(GaussianMixtureModel(Eigen::MatrixXd(a * corners), 1.0),
                                      {.samples = 64, .replicates = 8, .seed = 3});
  const auto point = stationary_point(objective, b * corners);
  CHECK(point.converged);
  CHECK((point.centers - b * corners).cwiseAbs().maxCoeff() < 0.02);
  const auto certificate = certify(objective, point.centers);
  CHECK(certificate.verdict == PopulationVerdict::strict_minimum);
  std::vector<double> expected;
  for (int t = 0; t < 3; ++t)
    for (const double own : {-1, 1})
      for (const double one : {-1, 1})
        for (const double other : {-1, 1})
          expected.push_back(0.25 - q * b * b * (1 + own) - q * spread * (2 - one - other));
  CHECK(certificate.eigenvalue_error > 1e-4);
  CHECK(certificate.eigenvalue_error < 0.1);
  CHECK(apart(certificate.eigenvalues, expected) < certificate.eigenvalue_error);
  CHECK(certificate.value == Approx(3 * spread).epsilon(0.01));
}

TEST_CASE("float and long double models are certified in double") {
  const kmscape::Centers<float> truth = on_line({-2, 0, 2}).cast<float>();
  const PopulationObjective coarse(StochasticBallModel(truth, 0.25f));
  CHECK(certify(coarse, on_line({-2.125, -1.875, 1})).verdict == PopulationVerdict::strict_minimum);
  const kmscape::Centers<long double> fine = on_line({-2, 0, 2}).cast<long double>();
  const PopulationObjective precise(StochasticBallModel(fine, 0.25L));
  const auto certificate = certify(precise, on_line({-2.125, -1.875, 1}));
  CHECK(certificate.verdict == PopulationVerdict::strict_minimum);
  CHECK(apart(certificate.eigenvalues, {1.0 / 6, 1.0 / 3, 4.0 / 3}) < 1e-13);
}

TEST_CASE("the scale of a population is the deviation of its sample") {
  const Eigen::MatrixXd truth = testing::normal_points(3, 4, 5);
  const Eigen::Array4d sizes(0.5, 1, 1.5, 2), weights(1, 2, 3, 4);
  const auto check = [&](const auto& model) {
    const auto points = model.sample(100'000, kmscape::Seed{4}).points;
    const Eigen::VectorXd mean = points.rowwise().mean();
    CHECK(population_scale(model) ==
          Approx(std::sqrt((points.colwise() - mean).colwise().squaredNorm().mean())).epsilon(0.01));
  };
  check(StochasticBallModel(truth, sizes, weights));
  check(GaussianMixtureModel(truth, sizes, weights));
  CHECK(population_scale(StochasticBallModel(on_line({-3, 3}), 1.5)) == Approx(std::sqrt(9.75)).epsilon(1e-15));
}

TEST_CASE("every verdict on a population has its own name") {
  std::set<std::string_view> names;
  for (const auto verdict :
       {PopulationVerdict::strict_minimum, PopulationVerdict::flat_minimum, PopulationVerdict::saddle,
        PopulationVerdict::not_stationary, PopulationVerdict::degenerate})
    names.insert(to_string(verdict));
  CHECK(names.size() == 5);
  CHECK_FALSE(names.contains("unknown"));
  CHECK(to_string(PopulationVerdict::not_stationary) == "not_stationary");
}

TEST_CASE("certify and stationary_point refuse what they cannot use") {
  const PopulationObjective objective(StochasticBallModel(on_line({-2, 0, 2}), 0.25));
  const Eigen::MatrixXd centers = on_line({-1, 1});
  CHECK(refusal([&] { (void)certify(objective, centers, {.stationarity = -1}); }) ==
        "kmscape::certify: options.stationarity = -1, but a tolerance is finite and not negative; pass e.g. 1e-7");
  CHECK(refusal([&] { (void)certify(objective, centers, {.curvature = infinity}); }) ==
        "kmscape::certify: options.curvature = inf, but a tolerance is finite and not negative; pass e.g. 1e-7");
  CHECK_THAT(refusal([&] { (void)certify(objective, centers, {.stationarity = std::nan("")}); }),
             ContainsSubstring("options.stationarity = nan"));
  CHECK(refusal([&] { (void)certify(objective, Eigen::MatrixXd::Zero(2, 3)); }) ==
        "kmscape::certify: centers = a 2 x 3 matrix, but the objective's dimension is 1; pass a 1 x k matrix whose "
        "columns are the centers");
  CHECK(refusal([&] {
          (void)certify(objective, on_line({0, std::nan("")}));
        }) ==
        "kmscape::certify: centers(0, 1) = nan, but every coordinate must be a finite number; drop or impute center 1");
  CHECK(refusal([&] { (void)certify(objective, Eigen::MatrixXd(1, 0)); }) ==
        "kmscape::certify: centers = a 1 x 0 matrix, but at least one center of at least one dimension is needed; "
        "pass a d x n matrix whose columns are the centers");
  CHECK(
      refusal([&] { (void)stationary_point(objective, centers, {.max_iterations = -1}); }) ==
      "kmscape::stationary_point: options.max_iterations = -1, but a number of steps cannot be negative; pass e.g. 50");
  CHECK(refusal([&] { (void)stationary_point(objective, centers, {.tolerance = -0.5}); }) ==
        "kmscape::stationary_point: options.tolerance = -0.5, but a tolerance is finite and not negative; pass e.g. "
        "1e-13");
  CHECK(refusal([&] { (void)stationary_point(objective, centers, {.largest_step = 0}); }) ==
        "kmscape::stationary_point: options.largest_step = 0, but a step is positive and finite; pass e.g. 0.1");
  CHECK_THAT(refusal([&] { (void)stationary_point(objective, Eigen::MatrixXd::Zero(2, 3)); }),
             ContainsSubstring("kmscape::stationary_point: start = a 2 x 3 matrix"));
}

#include <kmscape/objective/population_likelihood.hpp>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::GaussianMixtureModel;
using kmscape::Index;
using kmscape::lloyd;
using kmscape::LloydStatus;
using kmscape::PopulationLikelihood;
using kmscape::PopulationLikelihoodOptions;
using kmscape::StochasticBallModel;
using testing::on_line;

namespace {

static_assert(kmscape::Objective<PopulationLikelihood<GaussianMixtureModel<double>>>);
static_assert(kmscape::Objective<PopulationLikelihood<StochasticBallModel<float, 3>>>);
static_assert(kmscape::Objective<PopulationLikelihood<StochasticBallModel<long double, 1>>>);

constexpr double pi = std::numbers::pi;

/// softmin of one point's squared distances by its definition, alpha of mean 1.
double softmin(const Eigen::VectorXd& x, const Eigen::MatrixXd& c, double tau, const Eigen::ArrayXd& alpha) {
  const Eigen::ArrayXd squared = (c.colwise() - x).colwise().squaredNorm().transpose();
  const double least = squared.minCoeff();
  return least - 2 * tau * tau * std::log((alpha * (-(squared - least) / (2 * tau * tau)).exp()).sum());
}

Eigen::ArrayXd ones(const Eigen::MatrixXd& c) { return Eigen::ArrayXd::Ones(c.cols()); }

/// The mean over a Gaussian mixture by the trapezoidal rule, whose error falls like exp(-2 pi a / h), a = pi tau^2 / L
/// being the distance of the softmin's nearest complex singularity for centers L apart.
double gaussian_mean(const GaussianMixtureModel<double>& model, const Eigen::MatrixXd& c, double tau, double h) {
  const Index d = model.dimension();
  double sum = 0;
  for (Index s = 0; s < model.components(); ++s) {
    const double sigma = model.sigmas()(s);
    const int reach = static_cast<int>(9 / h);
    Eigen::VectorXd x(d);
    for (int i = -reach; i <= reach; ++i)
      for (int l = d == 1 ? 0 : -reach; l <= (d == 1 ? 0 : reach); ++l) {
        x(0) = model.centers()(0, s) + sigma * h * i;
        double weight = h * std::exp(-h * h * i * i / 2) / std::sqrt(2 * pi);
        if (d == 2) {
          x(1) = model.centers()(1, s) + sigma * h * l;
          weight *= h * std::exp(-h * h * l * l / 2) / std::sqrt(2 * pi);
        }
        if (weight > 1e-19) sum += model.weights()(s) * weight * softmin(x, c, tau, ones(c));
      }
  }
  return sum;
}

/// The mean over balls: Simpson's rule on the line; in the plane it runs over the squared radius, of which the
/// trapezoidal mean over the circle is a smooth function.
double ball_mean(const StochasticBallModel<double>& model, const Eigen::MatrixXd& c, double tau, int panels) {
  const Index d = model.dimension();
  double sum = 0;
  for (Index s = 0; s < model.components(); ++s) {
    const double r = model.radii()(s);
    Eigen::VectorXd x(d);
    for (int i = 0; i <= 2 * panels; ++i) {
      const double simpson = (i == 0 || i == 2 * panels ? 1 : i % 2 == 1 ? 4 : 2) / (6.0 * panels);
      const double u = i / (2.0 * panels);
      double mean = 0;
      if (d == 1) {
        x(0) = model.centers()(0, s) + r * (2 * u - 1);
        mean = softmin(x, c, tau, ones(c));
      } else {
        const int angles = 200;
        for (int l = 0; l < angles; ++l) {
          x = model.centers().col(s) +
              r * std::sqrt(u) * Eigen::Vector2d(std::cos(2 * pi * l / angles), std::sin(2 * pi * l / angles));
          mean += softmin(x, c, tau, ones(c)) / angles;
        }
      }
      sum += model.weights()(s) * simpson * mean;
    }
  }
  return sum;
}

GaussianMixtureModel<double> gaussians(const Eigen::MatrixXd& centers) {
  Eigen::ArrayXd sigmas(centers.cols()), weights(centers.cols());
  for (Index s = 0; s < centers.cols(); ++s) {
    sigmas(s) = 0.6 + 0.3 * static_cast<double>(s);
    weights(s) = 1.0 + static_cast<double>(s % 2);
  }
  return {centers, sigmas, weights};
}

StochasticBallModel<double> balls(const Eigen::MatrixXd& centers) {
  const auto sizes = gaussians(centers);
  return {centers, sizes.sigmas(), sizes.weights()};
}

const Eigen::MatrixXd& line_truth() {
  static const Eigen::MatrixXd centers = on_line({-2, 0, 2.5});
  return centers;
}
const Eigen::MatrixXd& line_fit() {
  static const Eigen::MatrixXd centers = on_line({-1.7, 0.4, 1.9});
  return centers;
}
const Eigen::MatrixXd& plane_truth() {
  static const Eigen::MatrixXd centers = (Eigen::MatrixXd(2, 3) << -2, 0, 2.5, 0, 1, -0.5).finished();
  return centers;
}
const Eigen::MatrixXd& plane_fit() {
  static const Eigen::MatrixXd centers = (Eigen::MatrixXd(2, 3) << -1.7, 0.4, 1.9, 0.3, 1.2, 0).finished();
  return centers;
}

/// In d dimensions, on the first axis.
Eigen::MatrixXd embedded(const Eigen::MatrixXd& line, Index d) {
  Eigen::MatrixXd result = Eigen::MatrixXd::Zero(d, line.cols());
  result.row(0) = line.row(0);
  return result;
}

/// Gradient and Hessian by differences of value and gradient.
template <class O>
void check_derivatives(const O& objective, const Eigen::MatrixXd& c, double rounding) {
  const auto gradient = objective.gradient(c);
  const auto hessian = objective.hessian(c);
  const auto cells = objective.cells(c);
  CHECK(((c - cells.centroid) * (2 * cells.mass).matrix().asDiagonal() - gradient).cwiseAbs().maxCoeff() < 1e-14);
  const double h = 1e-3;
  for (Index a = 0; a < c.size(); ++a) {
    const auto at = [&](double step) {
      Eigen::MatrixXd moved = c;
      moved(a) += step;
      return objective.estimate(moved);  // value and gradient at once
    };
    const auto right = at(h), left = at(-h), far_right = at(2 * h), far_left = at(-2 * h);
    const double slope = (8 * (right.value - left.value) - (far_right.value - far_left.value)) / (12 * h);
    CHECK(gradient(a) == Approx(slope).margin(rounding));
    const Eigen::MatrixXd change =
        (8 * (right.gradient - left.gradient) - (far_right.gradient - far_left.gradient)) / (12 * h);
    CHECK((hessian.col(a) - change.reshaped()).cwiseAbs().maxCoeff() < rounding);
  }
}

}  // namespace

TEST_CASE("population G_tau of Gaussians on the line and in the plane is the trapezoidal rule's") {
  for (const double tau : {0.5, 1.0, 2.5}) {
    CAPTURE(tau);
    const auto line = gaussians(line_truth());
    const auto one = PopulationLikelihood(line, tau, {.tolerance = 1e-12}).estimate(line_fit());
    CHECK(one.converged);
    CHECK(one.value == Approx(gaussian_mean(line, line_fit(), tau, 0.01)).margin(1e-12));
    CHECK(one.value_error < 1e-11);
    CHECK(one.cells.mass.sum() == Approx(1).epsilon(1e-14));
  }
  const auto plane = gaussians(plane_truth());
  const auto two = PopulationLikelihood(plane, 0.9).estimate(plane_fit());
  CHECK(two.converged);
  CHECK(two.value == Approx(gaussian_mean(plane, plane_fit(), 0.9, 0.06)).margin(1e-11));
  CHECK(two.cells.mass.sum() == Approx(1).epsilon(1e-13));
}

TEST_CASE("population G_tau of balls on the line and in the plane is that of other quadratures") {
  for (const double tau : {0.5, 1.0, 2.5}) {
    CAPTURE(tau);
    const auto line = balls(line_truth());
    CHECK(PopulationLikelihood(line, tau, {.tolerance = 1e-12}).value(line_fit()) ==
          Approx(ball_mean(line, line_fit(), tau, 4000)).margin(1e-12));
  }
  for (const double tau : {0.5, 2.5}) {
    CAPTURE(tau);
    const auto plane = balls(plane_truth());
    CHECK(PopulationLikelihood(plane, tau).value(plane_fit()) ==
          Approx(ball_mean(plane, plane_fit(), tau, 100)).margin(1e-10));
  }
}

TEST_CASE("one center: the population's G_tau is the variance plus the squared bias for every tau") {
  for (const double tau : {1e-3, 0.5, 20.0})
    for (const Index d : {1, 2}) {
      CAPTURE(tau, d);
      const Eigen::MatrixXd truth = d == 1 ? line_truth() : plane_truth(), c = truth.col(2) * 0.3;
      const auto exact = [&](const auto& model) {
        double sum = 0;
        for (Index s = 0; s < 3; ++s)
          sum += model.weights()(s) * ((truth.col(s) - c).squaredNorm() + model.component_variance(s));
        return sum;
      };
      CHECK(PopulationLikelihood(gaussians(truth), tau).value(c) == Approx(exact(gaussians(truth))).epsilon(1e-13));
      CHECK(PopulationLikelihood(balls(truth), tau).value(c) == Approx(exact(balls(truth))).epsilon(1e-13));
    }
}

TEST_CASE("gradient and Hessian of the population's G_tau are differences of its value and gradient") {
  for (const double tau : {0.4, 1.5}) {
    CAPTURE(tau);
    check_derivatives(PopulationLikelihood(gaussians(line_truth()), tau, {.tolerance = 1e-13}), line_fit(), 1e-9);
    check_derivatives(PopulationLikelihood(balls(line_truth()), tau, {.tolerance = 1e-13}), line_fit(), 1e-9);
  }
  check_derivatives(PopulationLikelihood(balls(plane_truth()), 0.8), plane_fit(), 1e-8);
  check_derivatives(PopulationLikelihood(gaussians(plane_truth()), 1.5, {.tolerance = 1e-9}), plane_fit(), 1e-8);
  const Eigen::Array3d mixing(1, 2, 0.5);
  check_derivatives(PopulationLikelihood(balls(line_truth()), 0.8, {.mixing = mixing}), line_fit(), 1e-9);
}

TEST_CASE("in three and more dimensions G_tau is the line's plus the other coordinates' variance, within its error") {
  // All centers on one axis: the softmin only adds the other coordinates' squares.
  const double tau = 0.7;
  for (const Index d : {3, 6}) {
    CAPTURE(d);
    const GaussianMixtureModel line(line_truth(), 0.8), model(embedded(line_truth(), d), 0.8);
    const auto exact = PopulationLikelihood(line, tau).estimate(line_fit());
    const auto e = PopulationLikelihood(model, tau, {.reduce = false, .points = 1024, .seed = 5})
                       .estimate(embedded(line_fit(), d));
    const double value = exact.value + static_cast<double>(d - 1) * 0.64;
    CHECK(e.value_error > 0);
    CHECK(e.value_error < 2e-2);
    CHECK(std::abs(e.value - value) < 4 * e.value_error);
    for (Index j = 0; j < 3; ++j) {
      CHECK(std::abs(e.cells.mass(j) - exact.cells.mass(j)) < 4 * e.mass_error(j));
      CHECK(e.mass_error(j) < 2e-3);
      CHECK(std::abs(e.gradient(0, j) - exact.gradient(0, j)) < 4 * e.gradient_error(0, j));
      CHECK(std::abs(e.gradient(1, j)) < 4 * e.gradient_error(1, j));
    }
    CHECK(e.nodes == 8 * 3 * 1024);
    CHECK(e.cells.mass.sum() == Approx(1).epsilon(1e-13));
  }
}

TEST_CASE("balls in three dimensions: G_tau by Simpson's rule over the marginal of the axis, within its error") {
  const double tau = 0.6, r = 1.1;
  const StochasticBallModel model(embedded(line_truth(), 3), r);
  // The first coordinate has density 3/4 (1 - t^2) in radii; the other two add 2 r^2 / 5 on average.
  double exact = 2 * r * r / 5;
  const int panels = 2000;
  for (Index s = 0; s < 3; ++s)
    for (int i = 0; i <= 2 * panels; ++i) {
      const double simpson = (i == 0 || i == 2 * panels ? 1 : i % 2 == 1 ? 4 : 2) / (6.0 * panels);
      const double t = i / static_cast<double>(panels) - 1;
      const Eigen::VectorXd x = Eigen::VectorXd::Constant(1, line_truth()(0, s) + r * t);
      exact += simpson * 2 * 0.75 * (1 - t * t) * softmin(x, line_fit(), tau, ones(line_fit())) / 3;
    }
  const Eigen::MatrixXd c = embedded(line_fit(), 3);
  const auto few = PopulationLikelihood(model, tau, {.reduce = false, .points = 256, .seed = 1}).estimate(c);
  const auto many = PopulationLikelihood(model, tau, {.reduce = false, .points = 4096, .seed = 2}).estimate(c);
  CHECK(std::abs(few.value - exact) < 4 * few.value_error);
  CHECK(std::abs(many.value - exact) < 4 * many.value_error);
  CHECK(many.value_error < few.value_error / 6);  // independent points would gain a factor of 4
  CHECK(many.value_error < 1e-4);
  check_derivatives(PopulationLikelihood(model, tau, {.reduce = false, .points = 64, .seed = 3}), c, 1e-9);
}

TEST_CASE("in the span of its centers G_tau is exact in any dimension: a line's and a plane's Gaussians") {
  const double tau = 0.7;
  const auto check = [&](const Eigen::MatrixXd& truth, const Eigen::MatrixXd& fit, Index d) {
    CAPTURE(truth.rows(), d);
    // Turned into general position and moved; the components leave the span, each by its own height.
    const Index p = truth.rows();
    const Eigen::MatrixXd turn = testing::normal_points(d, d, 11).householderQr().householderQ();
    Eigen::MatrixXd high = Eigen::MatrixXd::Zero(d, 3), flat = high;
    high.topRows(p) = truth;
    flat.topRows(p) = fit;
    high.row(p) << 0.5, -0.3, 0.8;
    const Eigen::VectorXd shift = Eigen::VectorXd::LinSpaced(d, -1, 2);
    const auto plain = gaussians(truth);
    const GaussianMixtureModel<double> model((turn * high).colwise() + shift, plain.sigmas(), plain.weights());
    const Eigen::MatrixXd centers = (turn * flat).colwise() + shift;
    const auto exact = PopulationLikelihood(plain, tau).estimate(fit);
    const auto e = PopulationLikelihood(model, tau).estimate(centers);
    double value = exact.value;
    for (Index s = 0; s < 3; ++s)
      value +=
          model.weights()(s) * (high(p, s) * high(p, s) + static_cast<double>(d - p) * std::pow(plain.sigmas()(s), 2));
    CHECK(e.value == Approx(value).epsilon(1e-11));
    CHECK(e.converged);
    CHECK(e.value_error < 1e-8);
    CHECK((e.cells.mass - exact.cells.mass).abs().maxCoeff() < 1e-11);
    CHECK(((turn.leftCols(p).transpose() * e.gradient) - exact.gradient).cwiseAbs().maxCoeff() < 1e-10);
    CHECK((turn.rightCols(d - p - 1).transpose() * e.gradient).norm() < 1e-11);
    // Quasi-random points in all of space agree within their error, also across the span.
    const auto rays = PopulationLikelihood(model, tau, {.reduce = false, .points = 512, .seed = 3}).estimate(centers);
    CHECK(std::abs(rays.value - e.value) < 5 * rays.value_error);
    CHECK(((rays.gradient - e.gradient).cwiseAbs().array() < 5 * rays.gradient_error.array() + 1e-12).all());
  };
  check(line_truth(), line_fit(), 3);
  check(line_truth(), line_fit(), 6);
  check(plane_truth(), plane_fit(), 4);
}

TEST_CASE("in the span of its centers G_tau of balls is that of their shadows") {
  const double tau = 0.6, r = 1.1;
  for (const Index d : {3, 4, 7}) {
    CAPTURE(d);
    // The first coordinate has density c (1 - t^2)^((d - 1)/2); the others add r^2 (d - 1)/(d + 2) on average.
    double exact = 0, mass = 0;
    const int panels = 4000;
    for (int i = 0; i <= 2 * panels; ++i) {
      const double simpson = (i == 0 || i == 2 * panels ? 1 : i % 2 == 1 ? 4 : 2) / (6.0 * panels);
      const double angle = pi * (i / (2.0 * panels) - 0.5);
      const double weight = simpson * std::pow(std::cos(angle), static_cast<double>(d));
      mass += weight;
      for (Index s = 0; s < 3; ++s) {
        const Eigen::VectorXd x = Eigen::VectorXd::Constant(1, line_truth()(0, s) + r * std::sin(angle));
        exact += weight * softmin(x, line_fit(), tau, ones(line_fit())) / 3;
      }
    }
    const PopulationLikelihood objective(StochasticBallModel(embedded(line_truth(), d), r), tau);
    const auto e = objective.estimate(embedded(line_fit(), d));
    CHECK(e.value ==
          Approx(exact / mass + r * r * static_cast<double>(d - 1) / static_cast<double>(d + 2)).epsilon(1e-10));
    CHECK(e.cells.mass.sum() == Approx(1).epsilon(1e-12));
  }
  // Centers in a plane of space: derivatives across the plane, and quasi-random points within their error.
  Eigen::MatrixXd truth(3, 3), fit(3, 3);
  truth << plane_truth(), 0.4, -0.2, 0.3;
  fit << plane_fit(), 0, 0, 0;
  const StochasticBallModel model(truth, r);
  const PopulationLikelihood objective(model, tau);
  check_derivatives(objective, fit.leftCols(2), 1e-8);
  const double h = 1e-4;
  Eigen::MatrixXd above = fit, below = fit;
  above(2, 0) += h;
  below(2, 0) -= h;
  const Eigen::MatrixXd change = (objective.gradient(above) - objective.gradient(below)) / (2 * h);
  CHECK((objective.hessian(fit).col(2) - change.reshaped()).cwiseAbs().maxCoeff() < 1e-6);
  const auto rays = PopulationLikelihood(model, tau, {.reduce = false, .points = 512, .seed = 3}).estimate(fit);
  const auto e = objective.estimate(fit);
  CHECK(std::abs(rays.value - e.value) < 5 * rays.value_error);
  CHECK(((rays.gradient - e.gradient).cwiseAbs().array() < 5 * rays.gradient_error.array()).all());
  // Four centers in general position span more.
  const Eigen::MatrixXd four = testing::normal_points(3, 4, 8);
  CHECK(objective.estimate(four).nodes == 8 * 3 * 4096);
}

TEST_CASE("G - G_tau falls like tau^4 with the constant pi^2 / 3 times the density on the faces over their length") {
  // One standard Gaussian and centers 0 and 1: one face, at 1/2.
  const GaussianMixtureModel model(on_line({0}), 1.0);
  const Eigen::MatrixXd c = on_line({0, 1});
  // G = 1 + int_{1/2}^inf ((x - 1)^2 - x^2) phi = 1 + Q(1/2) - 2 phi(1/2).
  const double phi = std::exp(-0.125) / std::sqrt(2 * pi), G = 1 + std::erfc(0.5 / std::sqrt(2.0)) / 2 - 2 * phi;
  const double constant = pi * pi / 3 * phi;
  double last = 1;
  for (const double tau : {0.4, 0.2, 0.1, 0.05}) {
    const double ratio = (G - PopulationLikelihood(model, tau, {.tolerance = 1e-13}).value(c)) / std::pow(tau, 4);
    const double away = std::abs(ratio / constant - 1);
    CAPTURE(tau, ratio, constant);
    CHECK(away < last / 3);
    last = away;
  }
  CHECK(last < 1e-4);
  // The plane: a ball of radius 1 cut by the face x = 1/4 into a chord of length 2 sqrt(1 - 1/16).
  const StochasticBallModel disc(Eigen::MatrixXd(Eigen::Vector2d::Zero()), 1.0);
  const Eigen::MatrixXd pair = (Eigen::MatrixXd(2, 2) << 0, 0.5, 0, 0).finished();
  // G = 1/2 + 1/4 m - c_1 with m and c_1 the mass and first moment beyond the chord, (acos(h) - h sqrt(1 - h^2)) / pi
  // and 2/3 (1 - h^2)^(3/2) / pi.
  const double h = 0.25, root = std::sqrt(1 - h * h);
  const double exact = 0.5 + 0.25 * (std::acos(h) - h * root) / pi - 2.0 / 3 * root * root * root / pi;
  const double tau = 0.06;
  const double difference = exact - PopulationLikelihood(disc, tau).value(pair);
  CHECK(difference / std::pow(tau, 4) == Approx(pi * pi / 3 * (2 * root / pi) / 0.5).epsilon(1e-3));
}

TEST_CASE("faces in the gaps between balls leave an exponentially small difference to G") {
  const StochasticBallModel model(on_line({-2, 2}), 0.5);
  const Eigen::MatrixXd c = on_line({-2, 2});
  // The least gap is at x = 1.5: 3.5^2 - 0.5^2 = 12.
  for (const double tau : {1.0, 0.7, 0.5}) {
    const double below = 0.25 / 3 - PopulationLikelihood(model, tau, {.tolerance = 1e-14}).value(c);
    CHECK(below > 0);
    CHECK(below < 2 * tau * tau * std::exp(-12 / (2 * tau * tau)));
  }
  CHECK(PopulationLikelihood(model, 0.2).value(c) == Approx(0.25 / 3).epsilon(1e-14));
}

TEST_CASE("for a small tau the Hessian at Proposition 2's point is that of G") {
  // Two centers on the ball around -2, the third between the others (QZC Proposition 2): for every r.
  const double r = 0.3, tau = 0.03;
  const StochasticBallModel model(on_line({-2, 0, 2}), r);
  const PopulationLikelihood objective(model, tau);
  const Eigen::MatrixXd c = on_line({-2 - r / 2, -2 + r / 2, 1});
  const Eigen::Matrix3d expected =
      (Eigen::Matrix3d() << 1.0 / 4, -1.0 / 12, 0, -1.0 / 12, 1.0 / 4, 0, 0, 0, 4.0 / 3).finished();
  // The face of length L = r is smeared like a logistic density of variance (pi^2 / 3) (tau^2 / L)^2.
  const double f = 1 / (6 * r), smear = 2 / r * f * pi * pi / 3 * std::pow(tau, 4) / (r * r);
  Eigen::Matrix3d smeared = expected;
  smeared.topLeftCorner(2, 2).array() += smear * Eigen::Array22d{{-1, 1}, {1, -1}};
  CHECK((objective.hessian(c) - smeared).cwiseAbs().maxCoeff() < 1e-9);
  CHECK((PopulationLikelihood(model, 0.01).hessian(c) - expected).cwiseAbs().maxCoeff() < 2e-6);
  CHECK(objective.gradient(c).cwiseAbs().maxCoeff() < 1e-4);
  const auto fit = lloyd(objective, c, {.max_iterations = 2000});
  CHECK(fit.centers.isApprox(c, 1e-3));
  CHECK(objective.gradient(fit.centers).cwiseAbs().maxCoeff() < 1e-10);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> spectrum(objective.hessian(fit.centers));
  CHECK(spectrum.eigenvalues().minCoeff() > 0.1);
}

TEST_CASE("Lloyd's iteration on the population's G_tau is its EM: values never rise and the gradient vanishes") {
  const auto run = [](const auto& objective, const Eigen::MatrixXd& start, double rounding) {
    const auto fit = lloyd(objective, start, {.max_iterations = 300, .tolerance = 1e-18, .keep_values = true});
    CHECK((fit.status == LloydStatus::tolerance || fit.status == LloydStatus::rounding_limit ||
           fit.status == LloydStatus::fixed_point));
    for (std::size_t t = 1; t < fit.values.size(); ++t) CHECK(fit.values[t] <= fit.values[t - 1] + rounding);
    CHECK(fit.values.front() > fit.values.back());
    CHECK(objective.gradient(fit.centers).cwiseAbs().maxCoeff() < 1e-7);
  };
  run(PopulationLikelihood(balls(line_truth()), 0.4), line_fit(), 1e-13);
  run(PopulationLikelihood(balls(plane_truth().rightCols(2)), 0.4, {.tolerance = 1e-8}), plane_fit().rightCols(2),
      1e-10);
  run(PopulationLikelihood(GaussianMixtureModel(embedded(line_truth(), 4), 0.4), 0.4, {.points = 64}),
      embedded(line_fit(), 4), 1e-13);
}

TEST_CASE("the truth is a fixed point of the population's EM when tau is the deviation") {
  const double sigma = 0.9;
  const GaussianMixtureModel line(line_truth(), sigma), plane(plane_truth(), sigma);
  CHECK(PopulationLikelihood(line, sigma).gradient(line_truth()).cwiseAbs().maxCoeff() < 1e-12);
  CHECK(PopulationLikelihood(plane, sigma).gradient(plane_truth()).cwiseAbs().maxCoeff() < 1e-11);
  const Eigen::Array3d weights(1, 3, 2);
  const GaussianMixtureModel uneven(line_truth(), Eigen::Array3d::Constant(sigma), weights);
  CHECK(PopulationLikelihood(uneven, sigma, {.mixing = weights}).gradient(line_truth()).cwiseAbs().maxCoeff() < 1e-12);
  CHECK(PopulationLikelihood(uneven, sigma).gradient(line_truth()).cwiseAbs().maxCoeff() > 1e-2);
}

TEST_CASE("a population that moves, turns or grows takes G_tau along") {
  const double tau = 0.8;
  const Eigen::Rotation2Dd turn(0.7);
  const Eigen::Vector2d shift(3, -2);
  const auto moved = [&](const Eigen::MatrixXd& c) -> Eigen::MatrixXd {
    return ((2 * (turn.toRotationMatrix() * c)).colwise() + shift);
  };
  const GaussianMixtureModel model(plane_truth(), 0.7), other(moved(plane_truth()), 1.4);
  const double value = PopulationLikelihood(model, tau, {.tolerance = 1e-9}).value(plane_fit());
  CHECK(PopulationLikelihood(other, 2 * tau, {.tolerance = 1e-9}).value(moved(plane_fit())) ==
        Approx(4 * value).epsilon(1e-10));
}

TEST_CASE("a float model is integrated in double") {
  const StochasticBallModel<float> narrow(line_truth().cast<float>(), 0.75f);
  const StochasticBallModel<double> wide(narrow.centers().cast<double>(), 0.75);
  CHECK(PopulationLikelihood(narrow, 0.6).value(line_fit()) ==
        Approx(PopulationLikelihood(wide, 0.6).value(line_fit())).epsilon(1e-7));
}

TEST_CASE("quasi-Monte Carlo nodes depend on the seed only, and the sums not on the threads") {
  const StochasticBallModel model(embedded(line_truth(), 3), 0.8);
  const Eigen::MatrixXd c = embedded(line_fit(), 3);
  const auto value = [&](const PopulationLikelihoodOptions& options) {
    return PopulationLikelihood(model, 0.7, options).value(c);
  };
  const double first = value({.reduce = false, .points = 256, .seed = 4});
  CHECK(value({.reduce = false, .points = 256, .seed = 4}) == first);
  CHECK(value({.reduce = false, .points = 256, .seed = 4, .threads = 3}) == first);
  CHECK(value({.reduce = false, .points = 256, .seed = 5}) != first);
}

TEST_CASE("a refinement that ends early says so") {
  const PopulationLikelihood objective(balls(plane_truth()), 0.05, {.most_boxes = 20});
  const auto e = objective.estimate(plane_fit());
  CHECK_FALSE(e.converged);
  CHECK(e.value_error > 1e-8);
  const double exact = PopulationLikelihood(balls(plane_truth()), 0.05, {.tolerance = 1e-8}).value(plane_fit());
  CHECK(std::abs(e.value - exact) < e.value_error);
}

TEST_CASE("the population's likelihood refuses bad options, deviations and centers") {
  const auto make = [](const PopulationLikelihoodOptions& options, double tau = 1) {
    return refusal([&] { PopulationLikelihood(StochasticBallModel(line_truth(), 0.5), tau, options); });
  };
  CHECK(make({.tolerance = 0}) ==
        "kmscape::PopulationLikelihood: options.tolerance = 0, but an error is positive and finite; pass e.g. 1e-10");
  CHECK(make({.most_boxes = 0}) ==
        "kmscape::PopulationLikelihood: options.most_boxes = 0, but refinement needs boxes; pass e.g. 20000");
  CHECK(make({.points = 0}) ==
        "kmscape::PopulationLikelihood: options.points = 0, but a replicate holds between 1 and 2^32 points; pass a "
        "power of two, e.g. 4096");
  CHECK(make({.replicates = 1}) ==
        "kmscape::PopulationLikelihood: options.replicates = 1, but a standard error needs at least 2 replicates; pass "
        "e.g. 8");
  CHECK(make({.threads = -2}).starts_with("kmscape::PopulationLikelihood: options.threads = -2"));
  CHECK(make({}, -1).starts_with("kmscape::PopulationLikelihood: tau = -1, but a deviation lies between "));
  const PopulationLikelihood objective(StochasticBallModel(line_truth(), 0.5), 1.0, {.mixing = Eigen::Array2d(1, 2)});
  CHECK(refusal([&] { (void)objective.value(line_fit()); }).find("centers.cols() = 3") != std::string::npos);
  CHECK(refusal([&] {
          (void)objective.hessian(plane_fit());
        }).starts_with("kmscape::PopulationLikelihood::hessian: centers = a 2 x 3 matrix"));
}

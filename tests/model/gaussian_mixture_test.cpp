#include <kmscape/model/gaussian_mixture.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <kmscape/model/center_layouts.hpp>

#include "support/catch.hpp"
#include "support/numbers.hpp"

using kmscape::GaussianMixtureModel;
using kmscape::Index;
using kmscape::Seed;
using testing::infinity;
using testing::kolmogorov_smirnov;

namespace {

struct KnownMass {
  double a, b, mass;
};

/// Mass of N(0, 1) in [a, b], from erfc in 60 digits (mpmath 1.3). The ends are exact in binary, so the conditioning of
/// the ends adds nothing.
const KnownMass known_masses[] = {
    {-infinity, 0.0, 0.5},
    {-8.0, infinity, 0.9999999999999993779039426},
    {-1.0, 1.0, 0.6826894921370858971704651},
    {-2.0, 0.5, 0.668712329325833896437422},
    {-0.5, 0.5, 0.3829249225480262072754092},
    {-0.25, 0.5, 0.2901687869569368278785584},
    {0.0, 0.75, 0.2733726476231318006729378},
    {0.25, 0.75, 0.174666321940208076432084},
    {0.25, 1.0, 0.2426384203856192243443788},
    {3.0, 3.125, 0.0004608727325216624673186258},
    {5.0, 9.0, 0.0000002866515718790810528331569},
    {0.0, 0x1p-20, 0.000000380461006547329144755894},
    {1.0, 1.0 + 0x1p-40, 2.20071091934217578684059e-13},
    {10.0, infinity, 7.619853024160526065973343e-24},
    {-infinity, -10.0, 7.619853024160526065973343e-24},
    {10.0, 10.0078125, 5.782524509063718253557569e-25},
    {-10.0078125, -10.0, 5.782524509063718253557569e-25},
    {20.0, 21.0, 2.753624115326955676096587e-89},
    {30.0, 30.015625, 1.838140295441035536075722e-198},
};

}  // namespace

TEST_CASE("a Gaussian's mass in an interval has full relative accuracy, tails and short intervals included") {
  const GaussianMixtureModel standard(Eigen::RowVectorXd::Zero(1), 1.0);
  for (const auto& [a, b, mass] : known_masses) {
    CAPTURE(a, b);
    // One rounding of z = a / sqrt(2) changes erfc(z) by z^2 = a^2 / 2 units in the last place, two by twice that.
    const double nearest = a > 0 ? a : b < 0 ? -b : 0;
    const double epsilon = std::numeric_limits<double>::epsilon() * (4 + nearest * nearest);
    CHECK(standard.interval_mass(0, a, b) == Approx(mass).epsilon(epsilon).margin(0));
  }
}

TEST_CASE("a Gaussian's mass depends on the ends' distances to the center in sigmas only") {
  // Powers of two, so that nothing is rounded.
  const GaussianMixtureModel standard(Eigen::RowVectorXd::Zero(1), 1.0);
  const GaussianMixtureModel model(Eigen::RowVector2d(100, -3), Eigen::Array2d(1, 0.25), Eigen::Array2d(1, 2));
  for (const auto& [a, b, mass] : known_masses) {
    CAPTURE(a, b);
    CHECK(model.interval_mass(1, a / 4 - 3, b / 4 - 3) ==
          Approx(standard.interval_mass(0, a, b)).epsilon(b - a < 1e-3 ? 1e-11 : 1e-13).margin(0));
  }
}

TEST_CASE("a Gaussian's mass is the integral of its density, for intervals around the change of method") {
  const GaussianMixtureModel model(Eigen::RowVectorXd::Constant(1, 1.5), 0.8);
  const auto density = [&](double x) { return model.density(Eigen::Matrix<double, 1, 1>(x)); };
  for (const double a : {-2.0, 0.0, 1.1, 1.5, 2.0, 4.0})
    for (const double length : {0.01, 0.2, 0.3, 0.5, 0.7, 0.79, 0.81, 1.0, 2.0}) {
      CAPTURE(a, length);
      // Simpson's rule; its error is length^5 / (180 * 400^4) times a fourth derivative that is below 3 / 0.8^5.
      const int parts = 400;
      const double h = length / parts;
      double sum = density(a) + density(a + length);
      for (int i = 1; i < parts; ++i) sum += (i % 2 == 1 ? 4 : 2) * density(a + h * i);
      CHECK(model.interval_mass(0, a, a + length) ==
            Approx(sum * h / 3).epsilon(1e-11).margin(2e-10 * std::pow(length, 5)));
    }
}

TEST_CASE("a Gaussian's masses of adjacent intervals add up, also where the method changes between them") {
  const GaussianMixtureModel model(Eigen::RowVectorXd::Zero(1), 1.0);
  for (const double a : {-3.0, -0.4, 0.0, 0.5, 2.0, 8.0})
    for (const double length : {1e-6, 0.1, 0.5, 1.0, 3.0}) {
      const double middle = a + 0.3 * length, b = a + length;
      CAPTURE(a, length);
      CHECK(model.interval_mass(0, a, middle) + model.interval_mass(0, middle, b) ==
            Approx(model.interval_mass(0, a, b)).epsilon(2e-14).margin(0));
    }
  CHECK(model.interval_mass(0, -infinity, infinity) == 1);
  CHECK(model.interval_mass(0, -infinity, 0.7) + model.interval_mass(0, 0.7, infinity) == Approx(1).epsilon(1e-15));
}

TEST_CASE("empty intervals have no mass, at infinity either") {
  const GaussianMixtureModel model(Eigen::RowVectorXd::Zero(1), 1.0);
  CHECK(model.interval_mass(0, 0.3, 0.3) == 0);
  CHECK(model.interval_mass(0, infinity, infinity) == 0);
  CHECK(model.interval_mass(0, -infinity, -infinity) == 0);
  CHECK(model.interval_mass(0, 50, infinity) == 0);
}

TEST_CASE("float and long double models know their masses to their own precision") {
  const GaussianMixtureModel small(Eigen::RowVectorXf::Zero(1), 1.0f);
  const GaussianMixtureModel wide(Eigen::Matrix<long double, 1, 1>(0), 1.0L);
  CHECK(small.interval_mass(0, 5, 9) == Approx(2.866515718790810528e-7f).epsilon(1e-7).margin(0));
  CHECK(std::abs(wide.interval_mass(0, -0.5L, 0.5L) / 0.3829249225480262072754092L - 1) < 1e-18L);
  CHECK(std::abs(wide.interval_mass(0, 5, 9) / 2.866515718790810528331569e-7L - 1) < 3e-18L);
}

TEMPLATE_TEST_CASE("coordinates are normal: the distribution function of each is uniform", "", float, double) {
  const GaussianMixtureModel model(Eigen::Matrix<TestType, 2, 1>(3, -1), TestType(0.5));
  const auto sample = model.sample(50000, Seed{8});
  std::vector<double> first, second, radial;
  for (Index i = 0; i < sample.points.cols(); ++i) {
    const double x = (static_cast<double>(sample.points(0, i)) - 3) / 0.5;
    const double y = (static_cast<double>(sample.points(1, i)) + 1) / 0.5;
    first.push_back(std::erfc(-x / std::numbers::sqrt2) / 2);
    second.push_back(std::erfc(-y / std::numbers::sqrt2) / 2);
    radial.push_back(std::exp(-(x * x + y * y) / 2));
  }
  CHECK(kolmogorov_smirnov(first) < 2.3);
  CHECK(kolmogorov_smirnov(second) < 2.3);
  CHECK(kolmogorov_smirnov(radial) < 2.3);
}

TEMPLATE_TEST_CASE("the density is 1 / sqrt(2 pi) at the center and falls by exp(-1/2) at one sigma", "", float, double,
                   long double) {
  const GaussianMixtureModel model(Eigen::Matrix<TestType, 1, 1>(7), TestType(2));
  const double epsilon = std::max(1e-14, static_cast<double>(2 * std::numeric_limits<TestType>::epsilon()));
  const auto at = [&](TestType x) { return static_cast<double>(model.density(Eigen::Matrix<TestType, 1, 1>(x))); };
  CHECK(at(7) == Approx(0.3989422804014327 / 2).epsilon(epsilon));
  CHECK(at(9) == Approx(0.24197072451914337 / 2).epsilon(epsilon));
  CHECK(at(5) == Approx(0.24197072451914337 / 2).epsilon(epsilon));
}

TEST_CASE("the density of a mixture integrates to 1 over the plane") {
  const GaussianMixtureModel model(kmscape::centers_on_grid(3, 2.0), Eigen::Array3d(0.5, 0.75, 1),
                                   Eigen::Array3d(1, 2, 3));
  // The trapezoidal rule with step sigma/2 errs by exp(-2 (pi / 0.5)^2) = 1e-34 on a Gaussian; the square reaches 10
  // sigmas beyond all centers.
  double sum = 0;
  for (double x = -12; x <= 12; x += 0.25)
    for (double y = -12; y <= 12; y += 0.25) sum += model.density(Eigen::Vector2d(x, y));
  CHECK(sum * 0.0625 == Approx(1).epsilon(1e-13));
}

TEST_CASE("the density stays finite where its two factors would not") {
  // (sqrt(2 pi) 0.01)^-200 alone is 10^320.
  const Eigen::VectorXd center = Eigen::VectorXd::Zero(200);
  Eigen::VectorXd x = center;
  x(0) = 0.2;  // 20 sigmas: exp(-200)
  const GaussianMixtureModel model(center, 0.01);
  const double expected = -200 - 200 * (std::log(0.01) + 0.5 * std::log(2 * std::numbers::pi));
  CHECK(std::log(model.density(x)) == Approx(expected).epsilon(1e-14));
}

TEST_CASE("component_variance is d sigma^2") {
  CHECK(GaussianMixtureModel(Eigen::MatrixXd::Zero(1, 2), 3.0).component_variance(1) == 9);
  CHECK(GaussianMixtureModel(Eigen::MatrixXd::Zero(5, 1), 3.0).component_variance(0) == 45);
}

TEST_CASE("sigmas are standard deviations") {
  const GaussianMixtureModel model(Eigen::RowVectorXd::Zero(1), 4.0);
  CHECK(model.sigmas()(0) == 4);
  CHECK(model.interval_mass(0, -4, 4) == Approx(0.6826894921370859).epsilon(1e-15));
}

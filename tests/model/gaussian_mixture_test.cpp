#include <kmscape/model/gaussian_mixture.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <kmscape/model/center_layouts.hpp>

#include "support/catch.hpp"

using kmscape::GaussianMixtureModel;
using kmscape::Index;
using kmscape::Seed;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// See stochastic_ball_test.cpp: above 2.3 with a probability of 5e-5.
double kolmogorov_smirnov(std::vector<double> sample) {
  std::sort(sample.begin(), sample.end());
  const double n = static_cast<double>(sample.size());
  double distance = 0;
  for (std::size_t i = 0; i < sample.size(); ++i)
    distance = std::max({distance, sample[i] - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - sample[i]});
  return distance * std::sqrt(n);
}

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

TEST_CASE("empty intervals have no mass, at infinity either") {
  const GaussianMixtureModel model(Eigen::RowVectorXd::Zero(1), 1.0);
  CHECK(model.interval_mass(0, 0.3, 0.3) == 0);
  CHECK(model.interval_mass(0, infinity, infinity) == 0);
  CHECK(model.interval_mass(0, -infinity, -infinity) == 0);
  CHECK(model.interval_mass(0, 50, infinity) == 0);
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

TEST_CASE("component_variance is d sigma^2") {
  CHECK(GaussianMixtureModel(Eigen::MatrixXd::Zero(1, 2), 3.0).component_variance(1) == 9);
  CHECK(GaussianMixtureModel(Eigen::MatrixXd::Zero(5, 1), 3.0).component_variance(0) == 45);
}

TEST_CASE("sigmas are standard deviations") {
  const GaussianMixtureModel model(Eigen::RowVectorXd::Zero(1), 4.0);
  CHECK(model.sigmas()(0) == 4);
  CHECK(model.interval_mass(0, -4, 4) == Approx(0.6826894921370859).epsilon(1e-15));
}

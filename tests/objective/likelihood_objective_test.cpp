#include <kmscape/objective/likelihood_objective.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::LikelihoodObjective;
using kmscape::lloyd;
using kmscape::LloydStatus;
using kmscape::Weights;
using testing::normal_points;
using testing::on_line;

namespace {

static_assert(kmscape::Objective<LikelihoodObjective<double>>);
static_assert(kmscape::Objective<LikelihoodObjective<float, 3>>);
static_assert(kmscape::Objective<LikelihoodObjective<long double, 2>>);
// Its cells are soft: nothing that labels points may take it.
static_assert(!kmscape::DataObjective<LikelihoodObjective<double>>);
static_assert(!kmscape::internal::BlockObjective<LikelihoodObjective<double>>);

using Long = long double;
using LongMatrix = Eigen::Matrix<Long, Eigen::Dynamic, Eigen::Dynamic>;
using LongArray = Eigen::Array<Long, Eigen::Dynamic, 1>;

/// Responsibilities and softmin of one point, by their definitions; alpha of mean 1.
std::pair<LongArray, Long> soft(const LongMatrix& x, Index i, const LongMatrix& c, Long tau, const LongArray& alpha) {
  LongArray r(c.cols());
  for (Index j = 0; j < c.cols(); ++j)
    r(j) = std::log(alpha(j)) - (x.col(i) - c.col(j)).squaredNorm() / (2 * tau * tau);
  const Long most = r.maxCoeff();
  r = (r - most).exp();
  const Long sum = r.sum();
  r /= sum;
  return {r, -2 * tau * tau * (most + std::log(sum))};
}

Long value_of(const LongMatrix& x, const LongArray& w, const LongMatrix& c, Long tau, const LongArray& alpha) {
  Long sum = 0;
  for (Index i = 0; i < x.cols(); ++i) sum += w(i) * soft(x, i, c, tau, alpha).second;
  return sum;
}

/// EM's step for the means.
LongMatrix means_of(const LongMatrix& x, const LongArray& w, const LongMatrix& c, Long tau, const LongArray& alpha) {
  LongMatrix sum = LongMatrix::Zero(c.rows(), c.cols());
  LongArray mass = LongArray::Zero(c.cols());
  for (Index i = 0; i < x.cols(); ++i) {
    const LongArray r = w(i) * soft(x, i, c, tau, alpha).first;
    sum += x.col(i) * r.matrix().transpose();
    mass += r;
  }
  return sum * mass.inverse().matrix().asDiagonal();
}

LongArray ones(Index n) { return LongArray::Ones(n); }

/// Three overlapping groups in the plane, or in as many dimensions.
Eigen::MatrixXd three_groups(Index d, Index n, std::uint64_t seed) {
  Eigen::MatrixXd x = normal_points(d, n, seed);
  for (Index i = 0; i < n; ++i) {
    x(0, i) += 3 * static_cast<double>(i % 3);
    x(d - 1, i) += i % 3 == 1 ? 2 : 0;
  }
  return x;
}

Eigen::ArrayXd some_weights(Index n, std::uint64_t seed) {
  return testing::grid_points(1, n, 8, seed).transpose().array() * 0.5 + 0.5;
}

template <class O, class C>
void check_against_definition(const O& objective, const LongMatrix& x, const LongArray& w, const C& centers,
                              const LongArray& alpha, double rounding) {
  const LongMatrix c = centers.template cast<Long>();
  const Index d = c.rows(), k = c.cols();
  const Long tau = static_cast<Long>(objective.tau());
  const double value = static_cast<double>(value_of(x, w, c, tau, alpha));
  const double size = static_cast<double>(w.sum()) * (1 + std::abs(value) / static_cast<double>(w.sum()));
  CHECK(static_cast<double>(objective.value(centers)) == Approx(value).margin(rounding * size));
  CHECK(static_cast<double>(objective.likelihood(centers)) ==
        Approx(static_cast<double>(value_of(x, w, c, tau, alpha) / (2 * tau * tau)))
            .margin(rounding * size / static_cast<double>(tau * tau)));

  const auto r = objective.responsibilities(centers);
  const auto cells = objective.cells(centers);
  LongArray mass = LongArray::Zero(k), share = LongArray::Zero(k);
  for (Index i = 0; i < x.cols(); ++i) {
    const auto [expected, softmin] = soft(x, i, c, tau, alpha);
    CHECK(static_cast<double>((r.col(i).array().template cast<Long>() - expected).abs().maxCoeff()) < rounding);
    mass += w(i) * expected;
    share += w(i) * softmin * expected;
  }
  CHECK(static_cast<double>((cells.mass.template cast<Long>() - mass).abs().maxCoeff()) < rounding * size);
  CHECK(static_cast<double>((cells.distortion.template cast<Long>() - share).abs().maxCoeff()) < rounding * size);
  CHECK(cells.value() == objective.value(centers));
  CHECK(static_cast<double>(
            (cells.centroid.template cast<Long>() - means_of(x, w, c, tau, alpha)).cwiseAbs().maxCoeff()) <
        10 * rounding);

  // Derivatives by differences of the definition. The steps balance truncation and the rounding of long double.
  const auto gradient = objective.gradient(centers);
  const auto hessian = objective.hessian(centers);
  REQUIRE(hessian.rows() == d * k);
  const Long h = 0x1p-12L;
  const auto at = [&](Index a, Long da, Index b, Long db) {
    LongMatrix moved = c;
    moved(a) += da;
    moved(b) += db;
    return value_of(x, w, moved, tau, alpha);
  };
  for (Index a = 0; a < d * k; ++a) {
    const Long slope = (8 * (at(a, h, a, 0) - at(a, -h, a, 0)) - (at(a, 2 * h, a, 0) - at(a, -2 * h, a, 0))) / (12 * h);
    CHECK(static_cast<double>(gradient(a)) ==
          Approx(static_cast<double>(slope)).margin(size * std::max(1e-11, 10 * rounding)));
    for (Index b = 0; b <= a; ++b) {
      const Long curvature = (at(a, h, b, h) - at(a, h, b, -h) - at(a, -h, b, h) + at(a, -h, b, -h)) / (4 * h * h);
      CHECK(static_cast<double>(hessian(a, b)) ==
            Approx(static_cast<double>(curvature)).margin(size * 1e-5 / static_cast<double>(tau * tau)));
      CHECK(hessian(a, b) == hessian(b, a));
    }
  }
}

}  // namespace

TEST_CASE("G_tau, its soft cells, gradient and Hessian are those of the definition") {
  const double tau = GENERATE(0.4, 1.0, 3.0);
  const Index d = GENERATE(1, 2, 4);
  CAPTURE(tau, d);
  const Eigen::MatrixXd x = three_groups(d, 60, 1), c = three_groups(d, 3, 2);
  check_against_definition(LikelihoodObjective(x, tau), x.cast<Long>(), ones(60), c, ones(3), 1e-14);
}

TEST_CASE("G_tau with data weights and mixing weights is that of the definition") {
  const Eigen::MatrixXd x = three_groups(2, 60, 3), c = three_groups(2, 3, 4);
  const Eigen::ArrayXd w = some_weights(60, 5);
  const Eigen::Array3d mixing(0.2, 1.0, 4.0);
  const LongArray alpha = (mixing / mixing.mean()).cast<Long>();
  check_against_definition(LikelihoodObjective(EmpiricalObjective(x, w), 0.9, {.mixing = mixing}), x.cast<Long>(),
                           w.cast<Long>(), c, alpha, 1e-14);
}

TEST_CASE("G_tau of float and of fixed-dimension data is that of the definition, with sums in double") {
  const Eigen::Matrix3Xf x = three_groups(3, 80, 6).cast<float>();
  const Eigen::Matrix3Xd c = three_groups(3, 4, 7);
  check_against_definition(LikelihoodObjective<float, 3>(x, 1.1), x.cast<Long>(), ones(80), c, ones(4), 1e-14);
}

TEST_CASE("by hand: two centers at -b and b on the points -1 and 1") {
  // The responsibility of the own center is 1 / (1 + exp(-2 b / tau^2)), so that EM's step is b -> tanh(b / tau^2).
  const double tau = GENERATE(0.5, 0.8, 1.5);
  const double b = 0.7;
  const LikelihoodObjective objective(on_line({-1, 1}), tau);
  const auto cells = objective.cells(on_line({-b, b}));
  CHECK(cells.centroid(1) == Approx(std::tanh(b / (tau * tau))).epsilon(1e-15));
  CHECK(cells.centroid(0) == Approx(-std::tanh(b / (tau * tau))).epsilon(1e-15));
  CHECK(cells.mass(0) == Approx(1).epsilon(1e-15));
  // Curvature along (-1, 1) at b = 0, by hand: 4 (1 - 1 / tau^2). Below tau = 1 the merged centers are a saddle.
  const Eigen::Matrix2d hessian = objective.hessian(on_line({0, 0}));
  CHECK(hessian(0, 0) - hessian(0, 1) - hessian(1, 0) + hessian(1, 1) == Approx(4 * (1 - 1 / (tau * tau))));
}

TEST_CASE("one center: G_tau is G for every tau") {
  const Eigen::MatrixXd x = three_groups(3, 200, 8), c = three_groups(3, 1, 9);
  for (const double tau : {1e-3, 0.3, 1.0, 50.0}) {
    const LikelihoodObjective objective(x, tau);
    CHECK(objective.value(c) == Approx(EmpiricalObjective(x).value(c)).epsilon(1e-13));
    CHECK(objective.cells(c).centroid.isApprox(x.rowwise().mean(), 1e-14));
  }
}

TEST_CASE("2 tau^2 L_tau tends to G as tau falls: exponentially fast on data without ties") {
  const Eigen::MatrixXd x = three_groups(2, 90, 10), c = three_groups(2, 2, 11);
  const EmpiricalObjective data(x);
  const auto two = data.nearest_two(c);
  const Eigen::ArrayXd gap = two.second_squared_distance - two.first_squared_distance;
  const double G = data.value(c);
  double last = std::numeric_limits<double>::infinity();
  for (const double tau : {4.0, 2.0, 1.0, 0.5, 0.25, 0.125}) {
    const double below = G - LikelihoodObjective(x, tau).value(c);
    // With two centers the difference is one sum.
    const double exact = 2 * tau * tau * (-gap / (2 * tau * tau)).exp().log1p().sum();
    CAPTURE(tau);
    CHECK(below == Approx(exact).epsilon(1e-9).margin(1e-12 * G));
    CHECK(below <= 2 * tau * tau * std::log(2.0) * 90);
    CHECK(below <= last);
    last = below;
  }
  for (const double tau : {1e-3, 1e-8, 1e-100, 1e-140}) {
    const LikelihoodObjective objective(x, tau);
    const auto cells = objective.cells(c);
    const auto hard = data.cells(c);
    CHECK(cells.value() == Approx(G).epsilon(1e-15));
    CHECK((cells.mass == hard.mass).all());
    CHECK(cells.centroid.isApprox(hard.centroid, 1e-15));
    CHECK((cells.distortion / hard.distortion - 1).abs().maxCoeff() < 1e-14);
  }
}

TEST_CASE("with tied points 2 tau^2 L_tau tends to G like tau^2, and with unequal mixing too") {
  const Eigen::MatrixXd x = on_line({-1, 0, 0, 1}), c = on_line({-1, 1});
  for (const double tau : {1e-1, 1e-2, 1e-3}) {
    CHECK(2 - LikelihoodObjective(x, tau).value(c) == Approx(4 * tau * tau * std::log(2.0)).epsilon(1e-9));
    // alpha = (1/2, 3/2): the tied points feel their sum, the others their own.
    const double expected = 2 * tau * tau * (std::log(0.5) + 2 * std::log(2.0) + std::log(1.5));
    CHECK(2 - LikelihoodObjective(x, tau, {.mixing = Eigen::Array2d(1, 3)}).value(c) == Approx(expected).epsilon(1e-9));
  }
}

TEST_CASE("log_likelihood is the mixture's, with its densities") {
  const Eigen::MatrixXd x = three_groups(3, 100, 12), c = three_groups(3, 3, 13);
  const Eigen::ArrayXd w = some_weights(100, 14);
  const Eigen::Array3d mixing(0.5, 0.2, 0.3);
  const kmscape::GaussianMixtureModel<double> model(c, Eigen::ArrayXd::Constant(3, 0.8), mixing);
  double expected = 0;
  for (Index i = 0; i < 100; ++i) expected += w(i) * std::log(model.density(x.col(i)));
  CHECK(LikelihoodObjective(EmpiricalObjective(x, w), 0.8, {.mixing = mixing}).log_likelihood(c) ==
        Approx(expected).epsilon(1e-13));
}

TEST_CASE("Lloyd's iteration on the likelihood objective is EM: same steps, values that never rise, a zero gradient") {
  const double tau = GENERATE(0.3, 0.7, 1.2);
  CAPTURE(tau);
  const Eigen::MatrixXd x = three_groups(2, 300, 15), start = x.leftCols(3);
  const Eigen::ArrayXd w = some_weights(300, 16);
  const Eigen::Array3d mixing(1, 2, 1.5);
  const LikelihoodObjective objective(EmpiricalObjective(x, w), tau, {.mixing = mixing});
  const auto fit = lloyd(objective, start, {.max_iterations = 20000, .keep_values = true, .keep_centers = true});
  CHECK((fit.status == LloydStatus::rounding_limit || fit.status == LloydStatus::fixed_point));

  const LongArray alpha = (mixing / mixing.mean()).cast<Long>();
  LongMatrix c = start.cast<Long>();
  REQUIRE(fit.iterations >= 5);
  for (std::size_t t = 0; t < 5; ++t) {
    CHECK((fit.path[t] - c.cast<double>()).cwiseAbs().maxCoeff() < 1e-13);
    c = means_of(x.cast<Long>(), w.cast<Long>(), c, tau, alpha);
  }
  for (std::size_t t = 1; t < fit.values.size(); ++t)
    CHECK(fit.values[t] <= fit.values[t - 1] + 1e-14 * std::abs(fit.values[t - 1]));
  CHECK(fit.values.front() > fit.values.back());
  CHECK(fit.value == objective.value(fit.centers));
  CHECK(objective.gradient(fit.centers).cwiseAbs().maxCoeff() < 1e-11 * w.sum());
  CHECK(fit.labels.size() == 0);
}

TEST_CASE("EM with a small tau ends where Lloyd's iteration on the data does") {
  Eigen::MatrixXd x = normal_points(2, 150, 17) * 0.3;
  for (Index i = 0; i < 150; ++i) x(0, i) += 10 * static_cast<double>(i % 3);
  const Eigen::MatrixXd start = x.leftCols(3);
  const auto soft = lloyd(LikelihoodObjective(x, 0.05), start);
  const auto hard = lloyd(EmpiricalObjective(x), start);
  CHECK(soft.centers.isApprox(hard.centers, 1e-14));
  CHECK(soft.value == Approx(hard.value).epsilon(1e-14));
}

TEST_CASE("a center whose responsibilities underflow has no mass and stays, and Lloyd can drop it") {
  const Eigen::MatrixXd x = three_groups(2, 90, 18);
  Eigen::MatrixXd c(2, 3);
  c << 0, 6, 1e4, 0, 0, 0;
  const LikelihoodObjective objective(x, 1.0);
  const auto cells = objective.cells(c);
  CHECK(cells.mass(2) == 0);
  CHECK(cells.distortion(2) == 0);
  CHECK(cells.centroid.col(2) == c.col(2));
  CHECK(objective.gradient(c).col(2) == Eigen::Vector2d::Zero());
  CHECK(cells.mass.sum() == Approx(90).epsilon(1e-15));
  // A responsibility of exp(-600) still counts: the center moves to its points' side.
  Eigen::MatrixXd near(1, 2);
  near << 0, 34.7;
  const LikelihoodObjective line(on_line({0.0, 0.1}), 1.0);
  CHECK(line.cells(near).mass(1) > 0);
  CHECK(line.cells(near).centroid(1) ==
        Approx((0.1 * std::exp(3.47 - 0.005)) / (1 + std::exp(3.47 - 0.005))).epsilon(0.02));

  const auto fit = lloyd(objective, c, {.on_empty = kmscape::EmptyCell::drop});
  CHECK(fit.dropped == 1);
  CHECK(fit.centers.cols() == 2);
}

TEST_CASE("copies of points act as weights, and the order of points or centers does not matter") {
  const Eigen::MatrixXd x = three_groups(2, 40, 19), c = three_groups(2, 3, 20);
  const LikelihoodObjective once(EmpiricalObjective(x, Eigen::ArrayXd(Eigen::ArrayXd::Constant(40, 2))), 0.8);
  Eigen::MatrixXd twice(2, 80);
  twice << x.rowwise().reverse(), x;
  const LikelihoodObjective copies(twice, 0.8);
  CHECK(once.value(c) == Approx(copies.value(c)).epsilon(1e-14));
  CHECK(once.hessian(c).isApprox(copies.hessian(c), 1e-13));
  const Eigen::MatrixXd swapped = c.rowwise().reverse();
  CHECK(once.cells(swapped).centroid.rowwise().reverse().isApprox(once.cells(c).centroid, 1e-14));
}

TEST_CASE("far from the origin, and in other units, the soft cells are the same") {
  const Eigen::MatrixXf x = three_groups(2, 200, 21).cast<float>();
  // Multiples of 1/4: both data sets are exact floats.
  const Eigen::MatrixXf near = (x * 4).array().round() / 4, far = near.array() + 1e6f;
  const Eigen::MatrixXd c = three_groups(2, 3, 22).array().round(), moved = c.array() + 1e6;
  const auto a = LikelihoodObjective(near, 0.9).cells(c);
  const auto b = LikelihoodObjective(far, 0.9).cells(moved);
  CHECK((a.mass == b.mass).all());
  CHECK((a.distortion == b.distortion).all());
  CHECK(((b.centroid.array() - 1e6).matrix() - a.centroid).cwiseAbs().maxCoeff() < 2e-10);

  const double unit = 0x1p300;
  const Eigen::MatrixXd plain = near.cast<double>();
  const auto scaled = LikelihoodObjective(Eigen::MatrixXd(unit * plain), 0.9 * unit).cells(unit * c);
  CHECK((scaled.mass == a.mass).all());
  CHECK((scaled.distortion / unit / unit == a.distortion).all());
}

TEST_CASE("soft cells have the same bits for any number of threads") {
  const Eigen::MatrixXd x = three_groups(3, 5000, 23), c = three_groups(3, 5, 24);
  const EmpiricalObjective data(x, some_weights(5000, 25));
  const auto one = LikelihoodObjective(data, 0.7).cells(c);
  const auto hessian = LikelihoodObjective(data, 0.7).hessian(c);
  for (const int threads : {2, 5}) {
    const LikelihoodObjective objective(data, 0.7, {.threads = threads});
    const auto cells = objective.cells(c);
    CHECK((cells.mass == one.mass).all());
    CHECK((cells.distortion == one.distortion).all());
    CHECK(cells.centroid == one.centroid);
    CHECK(objective.hessian(c) == hessian);
  }
}

TEST_CASE("mixing weights may come in any scale, and equal ones are none") {
  const Eigen::MatrixXd x = three_groups(2, 50, 26), c = three_groups(2, 3, 27);
  const double plain = LikelihoodObjective(x, 1.0).value(c);
  for (const double scale : {1e-300, 1.0, 1e300})
    CHECK(LikelihoodObjective(x, 1.0, {.mixing = Eigen::Array3d::Constant(scale)}).value(c) ==
          Approx(plain).epsilon(1e-14));
}

TEST_CASE("distances that overflow end Lloyd's iteration as non_finite") {
  const Eigen::MatrixXd x = on_line({-1e200, 1e200});
  CHECK(lloyd(LikelihoodObjective(x, 1.0), on_line({0.0, 1.0})).status == LloydStatus::non_finite);
}

TEST_CASE("the likelihood objective refuses bad deviations, mixing weights and centers") {
  const Eigen::MatrixXd x = three_groups(2, 10, 28);
  for (const double tau : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity(), 1e-160, 1e160})
    CHECK(refusal([&] { LikelihoodObjective(x, tau); }).starts_with("kmscape::LikelihoodObjective: tau = "));
  CHECK(refusal([&] { LikelihoodObjective(x, 0.0); })
            .ends_with("so that its square is a number; pass the components' standard deviation per coordinate; for "
                       "the limit tau -> 0 "
                       "use EmpiricalObjective"));
  CHECK(refusal([&] { LikelihoodObjective(x, 1.0, {.mixing = Eigen::Array2d(1, 0)}); }) ==
        "kmscape::LikelihoodObjective: options.mixing(1) = 0, but every weight must be a positive finite number; drop "
        "center 1 "
        "instead of giving it no weight");
  const LikelihoodObjective objective(x, 1.0, {.mixing = Eigen::Array2d(1, 2)});
  CHECK(refusal([&] { (void)objective.value(Eigen::MatrixXd::Zero(2, 3)); }) ==
        "kmscape::LikelihoodObjective::cells: centers.cols() = 3, but the objective holds mixing weights of 2 centers; "
        "pass 2 centers, or an objective without mixing weights");
  CHECK(refusal([&] { (void)objective.gradient(Eigen::MatrixXd::Zero(3, 2)); }) ==
        "kmscape::LikelihoodObjective::gradient: centers = a 3 x 2 matrix, but the objective's dimension is 2; pass a "
        "2 x k matrix whose columns are the centers");
  CHECK(refusal([&] { LikelihoodObjective(x, 1.0, {.threads = -1}); }) ==
        "kmscape::LikelihoodObjective: options.threads = -1, but a number of threads cannot be negative; pass 0 for "
        "all cores "
        "or 1 for the calling thread only");
}

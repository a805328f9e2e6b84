// What holds for every model. Statistics are judged at five standard errors with fixed seeds.
#include <kmscape/model/mixture_model.hpp>

#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "support/catch.hpp"
#include "support/trials.hpp"

using kmscape::GaussianMixtureModel;
using kmscape::Index;
using kmscape::invalid_input;
using kmscape::RandomStream;
using kmscape::Seed;
using kmscape::StochasticBallModel;

namespace {

static_assert(kmscape::MixtureModel<StochasticBallModel<double, 2>>);
static_assert(kmscape::MixtureModel<StochasticBallModel<float>>);
static_assert(kmscape::MixtureModel<GaussianMixtureModel<long double, 1>>);
static_assert(kmscape::MixtureModel<GaussianMixtureModel<double>>);
static_assert(!kmscape::MixtureModel<Eigen::MatrixXd>);

// The scalar and the dimension are the centers'.
static_assert(std::is_same_v<decltype(StochasticBallModel(Eigen::MatrixXd(), 1.0)), StochasticBallModel<double>>);
static_assert(
    std::is_same_v<decltype(GaussianMixtureModel(Eigen::Matrix<float, 3, 7>(), 1)), GaussianMixtureModel<float, 3>>);
static_assert(
    std::is_same_v<decltype(GaussianMixtureModel(Eigen::Matrix3Xd() * 2.0, Eigen::VectorXd(), Eigen::Array2d())),
                   GaussianMixtureModel<double, 3>>);
static_assert(
    std::is_same_v<decltype(StochasticBallModel(Eigen::RowVectorXd() * 2.0, 1.0)), StochasticBallModel<double, 1>>);

template <class Model>
struct Traits;
template <class Scalar, int Dim>
struct Traits<StochasticBallModel<Scalar, Dim>> {
  static inline const std::string name = "StochasticBallModel", scale = "radius", scales = "radii", noun = "radius";
  /// Variance of one coordinate of a uniform point in the ball of radius r: r^2 / (d + 2).
  static double coordinate_variance(double r, double d) { return r * r / (d + 2); }
};
template <class Scalar, int Dim>
struct Traits<GaussianMixtureModel<Scalar, Dim>> {
  static inline const std::string name = "GaussianMixtureModel", scale = "sigma", scales = "sigmas",
                                  noun = "standard deviation";
  static double coordinate_variance(double sigma, double) { return sigma * sigma; }
};

template <class Model>
using Matrix = kmscape::Points<typename Model::Scalar, Model::dim>;

/// Three centers of d coordinates (2 when the type does not fix it).
template <class Model>
Matrix<Model> three_centers(Index d = 2) {
  Matrix<Model> centers(Model::dim == Eigen::Dynamic ? d : Model::dim, 3);
  for (Index s = 0; s < 3; ++s)
    for (Index t = 0; t < centers.rows(); ++t)
      centers(t, s) = static_cast<typename Model::Scalar>(3 * s - 2 + (t * s) % 2);
  return centers;
}

template <class Model>
kmscape::Weights<typename Model::Scalar> three(double a, double b, double c) {
  return Eigen::Array3d(a, b, c).cast<typename Model::Scalar>();
}

template <class Model>
Model equal_model() {
  return Model(three_centers<Model>(), static_cast<typename Model::Scalar>(0.5));
}

template <class Model>
Model general_model(Index d = 2) {
  return Model(three_centers<Model>(d), three<Model>(0.5, 0.25, 1), three<Model>(1, 2, 5));
}

template <class Model>
std::string in(const std::string& function, const std::string& rest) {
  return "kmscape::" + Traits<Model>::name + function + ": " + rest;
}

}  // namespace

#define KMSCAPE_TEST_MODELS                                                                               \
  (StochasticBallModel<float, 2>), (StochasticBallModel<double, 2>), (StochasticBallModel<float>),        \
      (StochasticBallModel<double>), (GaussianMixtureModel<float, 2>), (GaussianMixtureModel<double, 2>), \
      (GaussianMixtureModel<float>), (GaussianMixtureModel<double>)

TEMPLATE_TEST_CASE("a model of one scale has equal weights and equal scales", "", KMSCAPE_TEST_MODELS) {
  const auto model = equal_model<TestType>();
  CHECK(model.components() == 3);
  CHECK(model.dimension() == 2);
  CHECK(model.centers() == three_centers<TestType>());
  const auto third = static_cast<typename TestType::Scalar>(1) / 3;
  CHECK((model.weights() == third).all());
  CHECK(model.component_variance(0) == model.component_variance(2));
}

TEMPLATE_TEST_CASE("a general model keeps its scales and divides its weights by their sum", "", KMSCAPE_TEST_MODELS) {
  const auto model = general_model<TestType>();
  REQUIRE(model.weights().size() == 3);
  CHECK(model.weights()(0) == 0.125f);
  CHECK(model.weights()(1) == 0.25f);
  CHECK(model.weights()(2) == 0.625f);
  const double half = Traits<TestType>::coordinate_variance(0.5, 2);
  CHECK(model.component_variance(0) == Approx(2 * half).epsilon(1e-6));
  CHECK(model.component_variance(1) == Approx(2 * half / 4).epsilon(1e-6));
  CHECK(model.component_variance(2) == Approx(2 * half * 4).epsilon(1e-6));
}

TEMPLATE_TEST_CASE("a shorter sample is a prefix of a longer one", "", KMSCAPE_TEST_MODELS) {
  const auto model = general_model<TestType>();
  const auto brief = model.sample(500, Seed{3}), whole = model.sample(1003, Seed{3});
  CHECK(whole.points.leftCols(500) == brief.points);
  CHECK((whole.labels.head(500) == brief.labels).all());

  const auto equal = equal_model<TestType>();
  const auto brief_balanced = equal.sample_balanced(300, Seed{3}), whole_balanced = equal.sample_balanced(600, Seed{3});
  CHECK(whole_balanced.points.leftCols(300) == brief_balanced.points);
  CHECK((whole_balanced.labels.head(300) == brief_balanced.labels).all());
}

TEMPLATE_TEST_CASE("a seed gives the same bits every time, and other seeds other points", "", KMSCAPE_TEST_MODELS) {
  const auto model = equal_model<TestType>();
  const auto first = model.sample(200, Seed{7}), again = model.sample(200, 7), other = model.sample(200, Seed{8});
  CHECK(first.points == again.points);
  CHECK((first.labels == again.labels).all());
  CHECK((first.points.array() != other.points.array()).any());
  CHECK((first.labels != other.labels).any());
  CHECK(model.sample_balanced(30, Seed{7}).points == model.sample_balanced(30, 7).points);
  CHECK(model.sample_balanced(30, Seed{7}).points != model.sample_balanced(30, Seed{8}).points);
}

TEMPLATE_TEST_CASE("a seed is its stream 0, whatever was drawn from the stream before", "", KMSCAPE_TEST_MODELS) {
  const auto model = equal_model<TestType>();
  RandomStream stream(Seed{7});
  (void)stream.normal();
  CHECK(model.sample(50, stream).points == model.sample(50, Seed{7}).points);
  CHECK(model.sample(50, RandomStream(Seed{7}, 1)).points != model.sample(50, Seed{7}).points);
}

TEMPLATE_TEST_CASE("a balanced sample takes a stream as well as its seed", "", KMSCAPE_TEST_MODELS) {
  const auto model = equal_model<TestType>();
  RandomStream stream(Seed{7});
  (void)stream.normal();
  CHECK(model.sample_balanced(60, stream).points == model.sample_balanced(60, Seed{7}).points);
  CHECK(model.sample_balanced(60, RandomStream(Seed{7}, 1)).points != model.sample_balanced(60, Seed{7}).points);
}

TEMPLATE_TEST_CASE("a balanced sample holds n/k points of every component, and so does every whole round of it", "",
                   KMSCAPE_TEST_MODELS) {
  const auto sample = equal_model<TestType>().sample_balanced(300, Seed{1});
  REQUIRE(sample.points.cols() == 300);
  for (kmscape::Label s = 0; s < 3; ++s) {
    CHECK((sample.labels == s).count() == 100);
    CHECK((sample.labels.head(60) == s).count() == 20);
  }
  // The labels are true: the centers are more than 2.5 apart and the scale is 0.5.
  const auto model = equal_model<TestType>();
  double moved = 0;
  for (Index i = 0; i < 300; ++i)
    moved += static_cast<double>((sample.points.col(i) - model.centers().col(sample.labels(i))).squaredNorm());
  CHECK(moved / 300 < 1);
}

TEMPLATE_TEST_CASE("components are drawn in proportion to their weights", "", KMSCAPE_TEST_MODELS) {
  const double n = 100000;
  const auto sample = general_model<TestType>().sample(100000, Seed{5});
  const double weights[] = {0.125, 0.25, 0.625};
  for (kmscape::Label s = 0; s < 3; ++s) {
    const double p = weights[s], count = static_cast<double>((sample.labels == s).count());
    CAPTURE(s, count);
    CHECK(std::abs(count - n * p) < 5 * std::sqrt(n * p * (1 - p)));
  }
}

TEMPLATE_TEST_CASE("every component has its center as mean, its variance, and no correlation", "",
                   KMSCAPE_TEST_MODELS) {
  for (const Index d : {1, 2, 3, 5}) {
    if (TestType::dim != Eigen::Dynamic && d != TestType::dim) continue;
    const auto model = general_model<TestType>(d);
    const auto sample = model.sample(testing::trials(200'000), Seed{17});
    const double scales[] = {0.5, 0.25, 1};
    for (kmscape::Label s = 0; s < 3; ++s) {
      CAPTURE(d, s);
      const double variance = Traits<TestType>::coordinate_variance(scales[s], static_cast<double>(d));
      const double n = static_cast<double>((sample.labels == s).count());
      Eigen::VectorXd sum = Eigen::VectorXd::Zero(d);
      Eigen::MatrixXd products = Eigen::MatrixXd::Zero(d, d);
      for (Index i = 0; i < sample.labels.size(); ++i)
        if (sample.labels(i) == s) {
          const Eigen::VectorXd offset = (sample.points.col(i) - model.centers().col(s)).template cast<double>();
          sum += offset;
          products += offset * offset.transpose();
        }
      CHECK((sum / n).cwiseAbs().maxCoeff() < 5 * std::sqrt(variance / n));
      // The variance of a square is at most 2 variance^2, the Gaussian's; that of a product at most variance^2.
      for (Index t = 0; t < d; ++t)
        for (Index u = 0; u <= t; ++u) {
          const double expected = t == u ? variance : 0, spread = t == u ? std::sqrt(2.0) : 1;
          CHECK(std::abs(products(t, u) / n - expected) < 5 * spread * variance / std::sqrt(n));
        }
      const double whole = static_cast<double>(d) * variance;
      CHECK(model.component_variance(s) == Approx(whole).epsilon(1e-6));
      CHECK(std::abs(products.trace() / n - whole) < 5 * std::sqrt(2 * static_cast<double>(d) / n) * variance);
    }
  }
}

TEMPLATE_TEST_CASE("moving the centers moves the sample", "", KMSCAPE_TEST_MODELS) {
  using Scalar = typename TestType::Scalar;
  const auto model = general_model<TestType>();
  Matrix<TestType> centers = three_centers<TestType>();
  const Eigen::Matrix<Scalar, 2, 1> shift(16, -8);
  centers.colwise() += shift;
  const TestType moved(centers, three<TestType>(0.5, 0.25, 1), three<TestType>(1, 2, 5));
  const auto before = model.sample(1000, Seed{2}), after = moved.sample(1000, Seed{2});
  CHECK((before.labels == after.labels).all());
  // Rounding of numbers up to 32.
  const Matrix<TestType> difference = (after.points - before.points).colwise() - shift;
  CHECK(difference.cwiseAbs().maxCoeff() <= 32 * std::numeric_limits<Scalar>::epsilon());
}

TEMPLATE_TEST_CASE("the same scale for all and a vector of it make the same model", "", KMSCAPE_TEST_MODELS) {
  const TestType written(three_centers<TestType>(), three<TestType>(0.5, 0.5, 0.5), three<TestType>(4, 4, 4));
  CHECK(written.sample(100, Seed{1}).points == equal_model<TestType>().sample(100, Seed{1}).points);
  CHECK(written.sample_balanced(99, Seed{1}).points == equal_model<TestType>().sample_balanced(99, Seed{1}).points);
}

TEMPLATE_TEST_CASE("draw uses the stream alone and may write into a matrix", "", KMSCAPE_TEST_MODELS) {
  const auto model = general_model<TestType>();
  RandomStream one(Seed{4}), same(Seed{4});
  Matrix<TestType> points(2, 3);
  points.setConstant(100);
  auto column = points.col(1);
  model.draw(2, one, column);
  Eigen::Matrix<typename TestType::Scalar, TestType::dim, 1> point(2);
  model.draw(2, same, point);
  CHECK(points.col(1) == point);
  CHECK((points.col(0).array() == 100).all());
  CHECK((points.col(2).array() == 100).all());
}

TEMPLATE_TEST_CASE("a mixture's density is the weighted sum of its components'", "", KMSCAPE_TEST_MODELS) {
  using Scalar = typename TestType::Scalar;
  // All three components share a center, where the densities add up.
  Matrix<TestType> centers(2, 3);
  centers.setZero();
  const TestType model(centers, three<TestType>(0.5, 0.25, 1), three<TestType>(1, 2, 5));
  const Eigen::Matrix<Scalar, 2, 1> x(0, 0);
  const double at_half = static_cast<double>(model.component_density(0, x));
  // In the plane the peak goes with 1 / scale^2.
  CHECK(model.density(x) == Approx(at_half * (0.125 + 0.25 * 4 + 0.625 / 4)).epsilon(1e-6));
}

TEMPLATE_TEST_CASE("a model refuses bad centers", "", KMSCAPE_TEST_MODELS) {
  using Scalar = typename TestType::Scalar;
  auto centers = three_centers<TestType>();
  centers(1, 2) = std::numeric_limits<Scalar>::quiet_NaN();
  CHECK_THROWS_WITH(TestType(centers, 1),
                    in<TestType>("",
                                 "centers(1, 2) = nan, but every coordinate must be a finite number; drop or impute "
                                 "center 2"));
  CHECK_THROWS_WITH(TestType(Matrix<TestType>(2, 0), 1),
                    in<TestType>("",
                                 "centers = a 2 x 0 matrix, but at least one center of at least one dimension is "
                                 "needed; pass a d x n matrix whose columns are the centers"));
}

TEMPLATE_TEST_CASE("a model of fixed dimension refuses centers of another", "", (StochasticBallModel<float, 2>),
                   (GaussianMixtureModel<double, 2>)) {
  using Scalar = typename TestType::Scalar;
  CHECK_THROWS_WITH(TestType(Eigen::MatrixX<Scalar>(Eigen::MatrixX<Scalar>::Zero(3, 4)), 1),
                    in<TestType>("",
                                 "centers = a 3 x 4 matrix, but the model's compile-time dimension is 2; pass 2 x k "
                                 "centers, or leave the dimension to deduction"));
}

TEMPLATE_TEST_CASE("a model refuses bad scales", "", KMSCAPE_TEST_MODELS) {
  using Scalar = typename TestType::Scalar;
  using T = Traits<TestType>;
  const auto centers = three_centers<TestType>();
  const auto ones = three<TestType>(1, 1, 1);
  CHECK_THROWS_WITH(TestType(centers, 0), in<TestType>("", T::scale + " = 0, but a " + T::noun +
                                                               " is positive and finite; pass a " + T::noun + " > 0"));
  CHECK_THROWS_AS(TestType(centers, -1), invalid_input);
  CHECK_THROWS_AS(TestType(centers, std::numeric_limits<Scalar>::infinity()), invalid_input);
  CHECK_THROWS_AS(TestType(centers, std::numeric_limits<Scalar>::quiet_NaN()), invalid_input);
  CHECK_THROWS_WITH(TestType(centers, three<TestType>(1, -0.5, 1), ones),
                    in<TestType>("", T::scales + "(1) = -0.5, but a " + T::noun + " is positive and finite; pass a " +
                                         T::noun + " > 0"));
  CHECK_THROWS_WITH(
      TestType(centers, kmscape::Weights<Scalar>::Ones(2), ones),
      in<TestType>("", T::scales + " = 2 numbers, but there are 3 components; pass one " + T::noun + " per component"));
}

TEMPLATE_TEST_CASE("a model refuses bad weights", "", KMSCAPE_TEST_MODELS) {
  using Scalar = typename TestType::Scalar;
  const auto centers = three_centers<TestType>();
  const auto ones = three<TestType>(1, 1, 1);
  CHECK_THROWS_WITH(TestType(centers, ones, three<TestType>(1, 0, 1)),
                    in<TestType>("",
                                 "weights(1) = 0, but every weight must be a positive finite number; drop component "
                                 "1 instead of giving it no weight"));
  CHECK_THROWS_AS(TestType(centers, ones, three<TestType>(1, 1, std::numeric_limits<double>::quiet_NaN())),
                  invalid_input);
  CHECK_THROWS_WITH(TestType(centers, ones, kmscape::Weights<Scalar>::Ones(4)),
                    in<TestType>("", "weights = 4 numbers, but there are 3 components; pass one weight per component"));
}

TEMPLATE_TEST_CASE("a model refuses weights whose sum is infinite", "", KMSCAPE_TEST_MODELS) {
  using Scalar = typename TestType::Scalar;
  const auto centers = three_centers<TestType>();
  const auto ones = three<TestType>(1, 1, 1);
  const Scalar huge = std::numeric_limits<Scalar>::max();
  CHECK_THROWS_WITH(TestType(centers, ones, Eigen::Array<Scalar, 3, 1>(huge, huge, huge)),
                    in<TestType>("",
                                 "weights.sum() = inf, but the sum of the weights must be finite; divide all of "
                                 "them by the largest"));
}

TEMPLATE_TEST_CASE("sampling refuses sizes that it cannot fill", "", KMSCAPE_TEST_MODELS) {
  const auto model = equal_model<TestType>();
  CHECK_THROWS_WITH(model.sample(0, Seed{1}),
                    in<TestType>("::sample", "n = 0, but a sample holds at least one point; pass n >= 1"));
  CHECK_THROWS_WITH(
      model.sample_balanced(-3, Seed{1}),
      in<TestType>("::sample_balanced", "n = -3, but it must be a positive multiple of the 3 components; pass e.g. 3"));
  CHECK_THROWS_WITH(
      model.sample_balanced(10, Seed{1}),
      in<TestType>("::sample_balanced", "n = 10, but it must be a positive multiple of the 3 components; pass e.g. 9"));
  CHECK_THROWS_WITH(
      model.sample_balanced(2, Seed{1}),
      in<TestType>("::sample_balanced", "n = 2, but it must be a positive multiple of the 3 components; pass e.g. 3"));
  CHECK_THROWS_WITH(general_model<TestType>().sample_balanced(9, Seed{1}),
                    in<TestType>("::sample_balanced",
                                 "weights = unequal, but a balanced sample takes the same number of points from every "
                                 "component; use sample(), or a model with equal weights"));
}

TEMPLATE_TEST_CASE("weights that differ by rounding only are equal to sample_balanced", "", KMSCAPE_TEST_MODELS) {
  using Scalar = typename TestType::Scalar;
  const auto ones = three<TestType>(1, 1, 1);
  const Scalar third = Scalar(1) / 3;
  const Eigen::Array<Scalar, 3, 1> thirds(third, third, std::nextafter(third, Scalar(1)));
  CHECK_NOTHROW(TestType(three_centers<TestType>(), ones, thirds).sample_balanced(3, Seed{1}));
  CHECK_THROWS_AS(TestType(three_centers<TestType>(), ones, three<TestType>(1, 1, 1.0001)).sample_balanced(3, Seed{1}),
                  invalid_input);
}

TEMPLATE_TEST_CASE("every question about a component names the components there are", "", KMSCAPE_TEST_MODELS) {
  using Scalar = typename TestType::Scalar;
  const auto model = equal_model<TestType>();
  const std::string rest = ", but components are numbered 0, ..., components() - 1; pass an index in this range";
  RandomStream stream(Seed{1});
  Eigen::Matrix<Scalar, 2, 1> x(0, 0);
  CHECK_THROWS_WITH(model.draw(3, stream, x), in<TestType>("::draw", "s = 3" + rest));
  CHECK_THROWS_WITH(model.component_variance(-1), in<TestType>("::component_variance", "s = -1" + rest));
  CHECK_THROWS_WITH(model.component_density(3, x), in<TestType>("::component_density", "s = 3" + rest));
  CHECK_THROWS_WITH(model.interval_mass(3, 0, 1), in<TestType>("::interval_mass", "s = 3" + rest));
}

TEMPLATE_TEST_CASE("points of another shape and intervals off the line are refused", "", KMSCAPE_TEST_MODELS) {
  using Scalar = typename TestType::Scalar;
  const auto model = equal_model<TestType>();
  RandomStream stream(Seed{1});
  Eigen::VectorX<Scalar> three = Eigen::VectorX<Scalar>::Zero(3);
  CHECK_THROWS_WITH(model.draw(0, stream, three),
                    in<TestType>("::draw",
                                 "point.size() = 3, but a point has dimension() coordinates; pass a vector of "
                                 "this size"));
  CHECK_THROWS_WITH(model.density(three), in<TestType>("::component_density",
                                                       "x = a 3 x 1 matrix, but the model's dimension is 2; pass a "
                                                       "vector of 2"));
  Eigen::VectorX<Scalar> nowhere = Eigen::VectorX<Scalar>::Zero(2);
  nowhere(0) = std::numeric_limits<Scalar>::quiet_NaN();
  CHECK_THROWS_WITH(
      model.density(nowhere),
      in<TestType>("::component_density",
                   "x(0, 0) = nan, but every coordinate must be a finite number; drop or impute point 0"));
  CHECK_THROWS_WITH(model.interval_mass(0, 0, 1),
                    in<TestType>("::interval_mass",
                                 "dimension = 2, but intervals are sets on the line; use cell_masses, "
                                 "which takes any dimension"));
}

TEMPLATE_TEST_CASE("an interval has its ends in order", "", (StochasticBallModel<float, 1>),
                   (StochasticBallModel<double>), (GaussianMixtureModel<float, 1>), (GaussianMixtureModel<double>)) {
  using Scalar = typename TestType::Scalar;
  const TestType model(Eigen::Matrix<Scalar, 1, 2>(0, 1), 1);
  CHECK_THROWS_WITH(model.interval_mass(0, 2, 1),
                    in<TestType>("::interval_mass",
                                 "[a, b] = [2, 1], but a <= b must hold; pass the smaller end first; "
                                 "an end may be infinite but not NaN"));
  const Scalar nan = std::numeric_limits<Scalar>::quiet_NaN();
  CHECK_THROWS_AS(model.interval_mass(0, nan, 1), invalid_input);
  CHECK_THROWS_AS(model.interval_mass(0, 0, nan), invalid_input);
}

TEMPLATE_TEST_CASE("an interval's mass is the share of draws that fall into it", "", (StochasticBallModel<float, 1>),
                   (StochasticBallModel<double>), (GaussianMixtureModel<float, 1>), (GaussianMixtureModel<double>)) {
  using Scalar = typename TestType::Scalar;
  const TestType model(Eigen::Matrix<Scalar, 1, 2>(-1, 2), Eigen::Array<Scalar, 2, 1>(Scalar(0.5), Scalar(1.5)),
                       Eigen::Array<Scalar, 2, 1>(1, 3));
  const auto sample = model.sample(200000, Seed{6});
  const Scalar infinite = std::numeric_limits<Scalar>::infinity();
  const Scalar ends[] = {-infinite, Scalar(-1.25), Scalar(-0.75), 1, Scalar(2.5), Scalar(3.25), infinite};
  for (kmscape::Label s = 0; s < 2; ++s) {
    const double n = static_cast<double>((sample.labels == s).count());
    double total = 0;
    for (int part = 0; part + 1 < 7; ++part) {
      const Scalar a = ends[part], b = ends[part + 1];
      double inside = 0;
      for (Index i = 0; i < sample.labels.size(); ++i)
        inside += sample.labels(i) == s && sample.points(0, i) >= a && sample.points(0, i) < b;
      const double mass = static_cast<double>(model.interval_mass(s, a, b));
      CAPTURE(s, a, b, inside / n, mass);
      CHECK(std::abs(inside - n * mass) <= 5 * std::sqrt(n * mass * (1 - mass)));
      total += mass;
    }
    CHECK(total == Approx(1).epsilon(4 * std::numeric_limits<Scalar>::epsilon()));
  }
}

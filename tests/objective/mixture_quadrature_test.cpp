#include <kmscape/objective/mixture_quadrature.hpp>

#include <Eigen/Core>
#include <cmath>

#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"

using kmscape::GaussianMixtureModel;
using kmscape::Index;
using kmscape::StochasticBallModel;

namespace {

static_assert(kmscape::internal::BallMixture<StochasticBallModel<double>>);
static_assert(!kmscape::internal::BallMixture<GaussianMixtureModel<double>>);
static_assert(kmscape::internal::SphericalGaussianMixture<GaussianMixtureModel<float, 2>>);

/// Checks that weighted sums over the nodes are the model's mass, mean and second moments.
template <class M, class N>
void check_moments(const M& model, const N& nodes, double rounding) {
  const Index d = model.dimension();
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(d);
  Eigen::MatrixXd second = Eigen::MatrixXd::Zero(d, d);
  for (Index s = 0; s < model.components(); ++s) {
    const Eigen::VectorXd center = model.centers().col(s);
    mean += model.weights()(s) * center;
    second +=
        model.weights()(s) * (center * center.transpose() +
                              Eigen::MatrixXd::Identity(d, d) * model.component_variance(s) / static_cast<double>(d));
  }
  CHECK(nodes.weights.sum() == Approx(1).margin(rounding));
  CHECK((nodes.points * nodes.weights.matrix() - mean).cwiseAbs().maxCoeff() < rounding);
  CHECK((nodes.points * nodes.weights.matrix().asDiagonal() * nodes.points.transpose() - second).cwiseAbs().maxCoeff() <
        10 * rounding);
  CHECK(nodes.weights.minCoeff() >= 0);
}

template <class M>
void check_adaptive(const M& model) {
  kmscape::internal::AdaptiveQuadrature<M> quadrature(model);
  const Eigen::MatrixXd c = model.centers() * 0.8;
  const kmscape::internal::SoftScores<double> scores{Eigen::Array2d(0, 0), Eigen::Array2d(2, 2)};
  const auto means = quadrature.run(c, scores, {1, 1}, 1e-10, 5000);
  CHECK(means.converged);
  const auto nodes = quadrature.nodes();
  CHECK(nodes.points.cols() == means.nodes);
  check_moments(model, nodes, 1e-12);
  // The nodes are those that the sums were made with.
  kmscape::internal::SoftPass<double, M::dim> pass(nodes.span(), nodes.weights.data(), 1);
  const auto& sums = pass.sums(c, scores);
  CHECK(sums.total == Approx(means.sums.total).epsilon(1e-12));
  CHECK(sums.moment.isApprox(means.sums.moment, 1e-11));
  // Fewer boxes, a larger error, and it is an honest one.
  const auto rough = quadrature.run(c, scores, {1, 1}, 1e-3, 5000);
  CHECK(rough.nodes <= means.nodes);
  CHECK(std::abs(rough.sums.total - means.sums.total) <= rough.error.total + means.error.total);
  CHECK(((rough.sums.mass - means.sums.mass).abs() <= rough.error.mass + means.error.mass).all());
}

}  // namespace

TEST_CASE("adaptive nodes carry the moments of balls and Gaussians") {
  const Eigen::Array2d sizes(0.7, 1.2), weights(1, 2);
  const Eigen::MatrixXd line = testing::on_line({-1, 2});
  const Eigen::MatrixXd plane = (Eigen::MatrixXd(2, 2) << -1, 2, 0.5, 1).finished();
  for (const auto& centers : {line, plane}) {
    check_adaptive(StochasticBallModel<double>(centers, sizes, weights));
    check_adaptive(GaussianMixtureModel<double>(centers, sizes, weights));
  }
}

TEST_CASE("quasi-random nodes carry the moments of balls and Gaussians, replicate by replicate") {
  const Eigen::Array2d sizes(0.7, 1.2), weights(1, 2);
  const Eigen::MatrixXd centers = testing::normal_points(4, 2, 1);
  const auto check = [&](const auto& model) {
    const Index points = 2048;
    auto nodes = kmscape::internal::quasi_random_nodes(model, points, 3, kmscape::Seed{2});
    REQUIRE(nodes.points.cols() == 3 * 2 * points);
    for (Index r = 0; r < 3; ++r) {
      kmscape::internal::Nodes<double, Eigen::Dynamic> own{nodes.points.middleCols(r * 2 * points, 2 * points),
                                                           nodes.weights.segment(r * 2 * points, 2 * points)};
      check_moments(model, own, 2e-3);
    }
    // Replicates differ.
    CHECK(nodes.points.leftCols(2 * points) != nodes.points.rightCols(2 * points));
  };
  check(StochasticBallModel<double>(centers, sizes, weights));
  check(GaussianMixtureModel<double>(centers, sizes, weights));
}

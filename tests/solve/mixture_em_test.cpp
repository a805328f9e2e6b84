#include <kmscape/solve/mixture_em.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::EmpiricalObjective;
using kmscape::fit_mixture;
using kmscape::Index;
using kmscape::MixtureFit;
using kmscape::MixtureOptions;
using kmscape::MixtureStatus;
using kmscape::VarianceModel;
using testing::normal_points;
using testing::on_line;

namespace {

using Parameters = kmscape::MixtureParameters<double>;
using Long = long double;

constexpr VarianceModel all_models[] = {VarianceModel::fixed, VarianceModel::shared, VarianceModel::per_component};

/// The log-likelihood by its definition.
template <class Points, class P>
Long log_likelihood(const Points& x, const Eigen::ArrayXd& w, const P& at) {
  const Long d = static_cast<Long>(x.rows());
  Long sum = 0;
  for (Index i = 0; i < x.cols(); ++i) {
    std::vector<Long> terms;
    for (Index j = 0; j < at.centers.cols(); ++j) {
      const Long variance = static_cast<Long>(at.variances(j));
      Long squared = 0;
      for (Index s = 0; s < x.rows(); ++s) {
        const Long away = static_cast<Long>(x(s, i)) - static_cast<Long>(at.centers(s, j));
        squared += away * away;
      }
      terms.push_back(std::log(static_cast<Long>(at.weights(j))) - squared / (2 * variance) -
                      d / 2 * std::log(2 * std::numbers::pi_v<Long> * variance));
    }
    const Long most = *std::max_element(terms.begin(), terms.end());
    Long total = 0;
    for (const Long term : terms) total += std::exp(term - most);
    sum += static_cast<Long>(w(i)) * (most + std::log(total));
  }
  return sum;
}

Eigen::ArrayXd ones(const Eigen::MatrixXd& x) { return Eigen::ArrayXd::Ones(x.cols()); }

Eigen::ArrayXd some_weights(Index n, std::uint64_t seed) {
  return testing::grid_points(1, n, 8, seed).transpose().array() * 0.5 + 0.5;
}

/// Three groups of different spread and size, overlapping where `distance` is small.
Eigen::MatrixXd three_groups(Index d, Index n, double distance, std::uint64_t seed) {
  Eigen::MatrixXd x = normal_points(d, n, seed);
  for (Index i = 0; i < n; ++i) {
    const Index s = i % 6 < 3 ? 0 : i % 6 < 5 ? 1 : 2;
    x.col(i) *= 0.5 + 0.4 * static_cast<double>(s);
    x(0, i) += distance * static_cast<double>(s);
  }
  return x;
}

/// A start that is nobody's fixed point.
Parameters some_start(const Eigen::MatrixXd& centers) {
  const Index k = centers.cols();
  return {centers, Eigen::ArrayXd::LinSpaced(k, 0.7, 1.3), Eigen::ArrayXd::LinSpaced(k, 1, 2)};
}

/// The derivatives of l that a maximum in the given family must have 0: centers, log variances, and weights along
/// differences. By differences of the definition.
double steepest_slope(const Eigen::MatrixXd& x, const Eigen::ArrayXd& w, const Parameters& at,
                      const MixtureOptions& options) {
  const Long h = 0x1p-10L;
  double steepest = 0;
  using LongParameters = kmscape::MixtureParameters<Long>;
  const LongParameters here{at.centers.cast<Long>(), at.variances.cast<Long>(), at.weights.cast<Long>()};
  const auto judge = [&](const auto& move) {
    const auto value = [&](Long step) {
      LongParameters moved = here;
      move(moved, step);
      return log_likelihood(x, w, moved);
    };
    const Long slope = (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h);
    steepest = std::max(steepest, std::abs(static_cast<double>(slope)));
  };
  const Index k = at.centers.cols();
  for (Index a = 0; a < at.centers.size(); ++a) judge([a](LongParameters& p, Long step) { p.centers(a) += step; });
  if (options.variance == VarianceModel::shared)
    judge([](LongParameters& p, Long step) { p.variances *= std::exp(step); });
  if (options.variance == VarianceModel::per_component)
    for (Index j = 0; j < k; ++j) judge([j](LongParameters& p, Long step) { p.variances(j) *= std::exp(step); });
  if (options.free_weights)
    for (Index j = 1; j < k; ++j)
      judge([j](LongParameters& p, Long step) {
        const Long share = step * std::min(p.weights(0), p.weights(j));
        p.weights(j) += share;
        p.weights(0) -= share;
      });
  return steepest;
}

/// What must hold of any fit of finite likelihood.
template <class Fit>
void check_consistent(const Eigen::MatrixXd& x, const Eigen::ArrayXd& w, const Fit& fit) {
  const auto& at = fit.parameters;
  const double l = static_cast<double>(log_likelihood(x, w, at));
  CHECK(fit.log_likelihood == Approx(l).epsilon(1e-12).margin(1e-12 * w.sum()));
  CHECK(at.weights.sum() == Approx(1).epsilon(1e-14));
  CHECK(fit.mass.sum() == Approx(w.sum()).epsilon(1e-13));
  CHECK(fit.aic == Approx(2 * static_cast<double>(fit.free_parameters) - 2 * fit.log_likelihood));
  CHECK(fit.bic == Approx(static_cast<double>(fit.free_parameters) * std::log(w.sum()) - 2 * fit.log_likelihood));
  kmscape::Counts counts = kmscape::Counts::Zero(at.centers.cols());
  for (Index i = 0; i < x.cols(); ++i) {
    counts(fit.labels(i)) += 1;
    if (fit.responsibilities.size() == 0) continue;
    CHECK(fit.responsibilities(fit.labels(i), i) == fit.responsibilities.col(i).maxCoeff());
    CHECK(fit.responsibilities.col(i).sum() == Approx(1).epsilon(1e-14));
  }
  CHECK((counts == fit.counts).all());
  if (fit.responsibilities.size() > 0) CHECK((fit.responsibilities * w.matrix()).isApprox(fit.mass.matrix(), 1e-12));
  if (!fit.values.empty()) {
    CHECK(fit.values.back() == fit.log_likelihood);
    CHECK(static_cast<int>(fit.values.size()) == fit.iterations + 1);
    for (std::size_t t = 1; t < fit.values.size(); ++t)
      CHECK(fit.values[t] >= fit.values[t - 1] - 1e-14 * (std::abs(fit.values[t]) + w.sum()));
  }
}

}  // namespace

TEST_CASE("one component: the fit is the mean and the variance, in one step from anywhere") {
  const Eigen::MatrixXd x = three_groups(3, 200, 2, 1);
  const Eigen::ArrayXd w = some_weights(200, 2);
  const Eigen::VectorXd mean = x * w.matrix() / w.sum();
  const double variance = ((x.colwise() - mean).colwise().squaredNorm().transpose().array() * w).sum() / (3 * w.sum());
  for (const auto model : {VarianceModel::shared, VarianceModel::per_component}) {
    const auto fit = fit_mixture(EmpiricalObjective(x, w), Eigen::MatrixXd(x.leftCols(1)), {.variance = model});
    CHECK(fit.parameters.centers.col(0).isApprox(mean, 1e-14));
    CHECK(fit.parameters.variances(0) == Approx(variance).epsilon(1e-13));
    CHECK(fit.parameters.weights(0) == 1);
    CHECK(fit.iterations <= 3);
    // l at the maximum: -W d / 2 (log(2 pi sigma^2) + 1).
    CHECK(fit.log_likelihood ==
          Approx(-w.sum() * 1.5 * (std::log(2 * std::numbers::pi * variance) + 1)).epsilon(1e-13));
    CHECK(fit.free_parameters == 4);
  }
  const auto fixed = fit_mixture(EmpiricalObjective(x, w), Eigen::MatrixXd(x.leftCols(1)),
                                 {.variance = VarianceModel::fixed, .start_variance = 2.5});
  CHECK(fixed.parameters.centers.col(0).isApprox(mean, 1e-14));
  CHECK(fixed.parameters.variances(0) == 2.5);
  CHECK(fixed.free_parameters == 3);
}

TEST_CASE("by hand: one step on two pairs of points") {
  // Points -1, 1 with centers -1 and 1, variance 1, equal weights: r = 1 / (1 + exp(-2)) for the own center.
  const double r = 1 / (1 + std::exp(-2.0)), m = 2 * r - 1;
  const Parameters start{on_line({-1, 1}), Eigen::Array2d(1, 1), Eigen::Array2d(3, 3)};
  const auto fit = fit_mixture(EmpiricalObjective(on_line({-1, 1})), start, {.max_iterations = 1, .keep_values = true});
  CHECK(fit.status == MixtureStatus::iteration_limit);
  CHECK(fit.parameters.centers(1) == Approx(m).epsilon(1e-15));
  CHECK(fit.parameters.variances(0) == Approx(1 - m * m).epsilon(1e-14));  // second moment 1 less the mean's square
  CHECK((fit.parameters.weights == 0.5).all());
  CHECK(fit.values.front() == Approx(2 * std::log((1 + std::exp(-2.0)) / 2 / std::sqrt(2 * std::numbers::pi))));
}

TEST_CASE("EM ends at a stationary point of the likelihood, which it never lowers") {
  const auto model = GENERATE(VarianceModel::fixed, VarianceModel::shared, VarianceModel::per_component);
  const bool free_weights = GENERATE(true, false);
  const Index d = GENERATE(1, 2, 4);
  CAPTURE(to_string(model), free_weights, d);
  const Eigen::MatrixXd x = three_groups(d, 120, 3.5, 3);
  const Eigen::ArrayXd w = some_weights(120, 4);
  MixtureOptions options{.variance = model,
                         .free_weights = free_weights,
                         .max_iterations = 100000,
                         .tolerance = 0,
                         .keep_values = true,
                         .keep_responsibilities = true};
  const EmpiricalObjective data(x, w);
  const Parameters start = some_start(x.leftCols(6).rightCols(3));
  const auto fit = fit_mixture(data, start, options);
  CHECK(fit.status == MixtureStatus::rounding_limit);
  CHECK(fit.at_floor == 0);
  CHECK(fit.empty_components == 0);
  check_consistent(x, w, fit);
  CHECK(fit.values.back() > fit.values.front());
  CHECK(steepest_slope(x, w, fit.parameters, options) < 1e-8);
  CHECK(steepest_slope(x, w, {start.centers, start.variances, start.weights / start.weights.sum()}, options) > 1);
  const Index variances = model == VarianceModel::fixed ? 0 : model == VarianceModel::shared ? 1 : 3;
  CHECK(fit.free_parameters == 3 * d + (free_weights ? 2 : 0) + variances);
  if (model == VarianceModel::fixed) CHECK((fit.parameters.variances == start.variances).all());
  if (model == VarianceModel::shared) CHECK((fit.parameters.variances == fit.parameters.variances(0)).all());
  if (!free_weights) CHECK((fit.parameters.weights - start.weights / start.weights.sum()).abs().maxCoeff() == 0);

  // The tolerance is on the rise that is left.
  options.tolerance = 1e-8;
  const auto early = fit_mixture(data, start, options);
  CHECK(early.status == MixtureStatus::converged);
  CHECK(early.iterations < fit.iterations);
  CHECK(fit.log_likelihood - early.log_likelihood < 3e-8 * w.sum());
}

TEST_CASE("with variances and weights fixed, EM is Lloyd's iteration on the likelihood objective") {
  const Eigen::MatrixXd x = three_groups(2, 150, 2, 5), start = x.leftCols(6).rightCols(3);
  const double tau = 0.8;
  const auto fit = fit_mixture(EmpiricalObjective(x), start,
                               {.variance = VarianceModel::fixed,
                                .free_weights = false,
                                .start_variance = tau * tau,
                                .max_iterations = 7,
                                .tolerance = 0});
  const kmscape::LikelihoodObjective objective(x, tau);
  const auto lloyd = kmscape::lloyd(objective, start, {.max_iterations = 7});
  REQUIRE(lloyd.iterations == 7);
  CHECK(fit.parameters.centers.isApprox(lloyd.centers, 1e-13));
  CHECK(fit.log_likelihood == Approx(objective.log_likelihood(fit.parameters.centers)).epsilon(1e-13));
}

TEST_CASE("separated groups are recovered: centers, variances and weights, and labels") {
  Eigen::MatrixXd truth(2, 3);
  truth << 0, 12, 0, 0, 0, 15;
  const Eigen::Array3d sigmas(0.5, 1.5, 1.0), weights(0.5, 0.2, 0.3);
  const kmscape::GaussianMixtureModel<double> model(truth, sigmas, weights);
  const auto sample = model.sample(1000, kmscape::Seed{6});
  const auto fit =
      fit_mixture(EmpiricalObjective(sample.points), 3,
                  {.variance = VarianceModel::per_component, .keep_values = true, .restarts = 5, .seed = 7});
  check_consistent(sample.points, ones(sample.points), fit);
  CHECK((fit.status == MixtureStatus::converged || fit.status == MixtureStatus::rounding_limit));
  CHECK(fit.restarts.size() == 5);
  for (Index s = 0; s < 3; ++s) {
    Index j = 0;
    (fit.parameters.centers.colwise() - truth.col(s)).colwise().norm().minCoeff(&j);
    const double count = 1000 * weights(s);
    CAPTURE(s, j);
    // Five standard errors of mean, variance and share.
    CHECK((fit.parameters.centers.col(j) - truth.col(s)).norm() < 5 * sigmas(s) * std::sqrt(2 / count));
    CHECK(std::abs(fit.parameters.variances(j) / (sigmas(s) * sigmas(s)) - 1) < 5 / std::sqrt(count));
    CHECK(std::abs(fit.parameters.weights(j) - weights(s)) < 5 * std::sqrt(weights(s) / 1000));
    for (Index i = 0; i < 1000; ++i)
      if (sample.labels(i) == s) CHECK(fit.labels(i) == j);
  }
  // The truth is no better: the fit is a maximum.
  const Parameters planted{truth, sigmas.square(), weights};
  CHECK(fit.log_likelihood > static_cast<double>(log_likelihood(sample.points, ones(sample.points), planted)));
}

TEST_CASE("AIC and BIC of separated groups are least at their number") {
  const Eigen::MatrixXd x = three_groups(2, 120, 9, 8);
  std::vector<double> aic, bic;
  for (Index k = 1; k <= 5; ++k) {
    const auto fit =
        fit_mixture(EmpiricalObjective(x), k,
                    {.variance = VarianceModel::per_component, .tolerance = 1e-6, .restarts = 3, .seed = 9});
    aic.push_back(fit.aic);
    bic.push_back(fit.bic);
  }
  CHECK(std::min_element(bic.begin(), bic.end()) - bic.begin() == 2);
  CHECK(aic[2] < aic[1]);
  CHECK(aic[1] < aic[0]);
}

TEST_CASE("restarts return the best of all, and every one of them") {
  const Eigen::MatrixXd x = three_groups(2, 150, 4, 10);
  const EmpiricalObjective data(x);
  const MixtureOptions options{
      .tolerance = 1e-6, .restarts = 12, .seeding = kmscape::Seeding::uniform_points, .seed = 11};
  const auto fit = fit_mixture(data, 4, options);
  REQUIRE(fit.restarts.size() == 12);
  double best = -std::numeric_limits<double>::infinity();
  for (const auto& restart : fit.restarts)
    if (restart.at_floor == 0) best = std::max(best, restart.log_likelihood);
  CHECK(fit.log_likelihood == best);
  CHECK(fit.restarts[static_cast<std::size_t>(fit.best_restart)].log_likelihood == best);
  CHECK(fit.restarts[static_cast<std::size_t>(fit.best_restart)].iterations == fit.iterations);
  // Restart r is a fit from centers drawn on stream r of the seed.
  kmscape::RandomStream stream(kmscape::Seed{11}, 3);
  const auto start = kmscape::seed_centers(data, 4, {.method = kmscape::Seeding::uniform_points}, stream);
  CHECK(fit_mixture(data, start.centers, {.tolerance = 1e-6}).log_likelihood == fit.restarts[3].log_likelihood);
  // More restarts extend the list.
  auto fewer = options;
  fewer.restarts = 5;
  const auto part = fit_mixture(data, 4, fewer);
  for (std::size_t r = 0; r < 5; ++r) CHECK(part.restarts[r].log_likelihood == fit.restarts[r].log_likelihood);
}

TEST_CASE("a component that closes in on a point ends on the floor, and without a floor collapses") {
  // Nine points and a far one, on which a component starts.
  Eigen::MatrixXd x = normal_points(2, 10, 12);
  x.col(9) << 8, 8;
  const EmpiricalObjective data(x);
  Eigen::MatrixXd start(2, 2);
  start << 0, 7.5, 0, 7.5;
  const auto held = fit_mixture(data, start, {.variance = VarianceModel::per_component, .keep_values = true});
  CHECK(held.status == MixtureStatus::variance_floor);
  CHECK(held.at_floor == 1);
  CHECK(held.parameters.variances(1) == held.variance_floor);
  CHECK(held.parameters.centers.col(1).isApprox(x.col(9), 1e-12));
  const Eigen::VectorXd mean = x.rowwise().mean();
  CHECK(held.variance_floor == Approx(1e-6 * (x.colwise() - mean).squaredNorm() / 20).epsilon(1e-12));
  check_consistent(x, ones(x), held);
  // On the floor the likelihood rises to it, everything else being stationary.
  Parameters higher = held.parameters;
  higher.variances(1) *= 1.01;
  CHECK(static_cast<double>(log_likelihood(x, ones(x), higher)) < held.log_likelihood);

  const auto collapsed =
      fit_mixture(data, start, {.variance = VarianceModel::per_component, .variance_floor = 0, .keep_values = true});
  CHECK(collapsed.status == MixtureStatus::collapsed);
  CHECK(collapsed.variance_floor == 0);
  CHECK((collapsed.parameters.variances > 0).all());
  CHECK(std::isfinite(collapsed.log_likelihood));
  check_consistent(x, ones(x), collapsed);

  // A shared variance cannot: the other component keeps it up.
  const auto shared = fit_mixture(data, start, {.variance_floor = 0});
  CHECK((shared.status == MixtureStatus::converged || shared.status == MixtureStatus::rounding_limit));
}

TEST_CASE("a fit on the floor is not returned where a restart is free of it, though its likelihood is higher") {
  // Twenty points: in some restarts a component ends on one or two of them.
  Eigen::MatrixXd x = normal_points(1, 20, 13);
  for (Index i = 0; i < 20; ++i) x(0, i) += 3 * static_cast<double>(i % 3);
  const MixtureOptions options{.variance = VarianceModel::per_component,
                               .restarts = 30,
                               .seeding = kmscape::Seeding::uniform_points,
                               .seed = 14};
  const auto fit = fit_mixture(EmpiricalObjective(x), 3, options);
  const auto is_on_floor = [](const auto& restart) { return restart.at_floor > 0; };
  const auto on_floor = std::count_if(fit.restarts.begin(), fit.restarts.end(), is_on_floor);
  CHECK(on_floor > 0);
  REQUIRE(on_floor < 30);
  CHECK(fit.at_floor == 0);
  for (const auto& restart : fit.restarts)
    if (is_on_floor(restart)) CHECK(restart.log_likelihood > fit.log_likelihood);
}

TEST_CASE("components on all distinct points: the floor holds a shared variance too") {
  const Eigen::MatrixXd x = on_line({0, 1, 5});
  const auto fit = fit_mixture(EmpiricalObjective(x), 3);
  CHECK(fit.status == MixtureStatus::variance_floor);
  CHECK(fit.at_floor == 1);
  CHECK((fit.parameters.variances == fit.variance_floor).all());
  CHECK(fit_mixture(EmpiricalObjective(x), 3, {.variance_floor = 0}).status == MixtureStatus::collapsed);
}

TEST_CASE("a component without mass stays where it is, with weight 0") {
  const Eigen::MatrixXd x = three_groups(2, 60, 2, 15);
  Eigen::MatrixXd start(2, 3);
  start << 0, 3, 1e6, 0, 0, 0;
  const Parameters at{start, Eigen::Array3d(1, 1, 1), Eigen::Array3d(1, 1, 1)};
  const auto fit = fit_mixture(EmpiricalObjective(x), at, {.variance = VarianceModel::per_component});
  CHECK(fit.empty_components == 1);
  CHECK(fit.parameters.weights(2) == 0);
  CHECK(fit.parameters.centers.col(2) == start.col(2));
  CHECK(fit.parameters.variances(2) == 1);
  CHECK(fit.mass(2) == 0);
  CHECK(fit.counts(2) == 0);
  CHECK(fit.status == MixtureStatus::converged);
  const Parameters two{fit.parameters.centers.leftCols(2), fit.parameters.variances.head(2),
                       fit.parameters.weights.head(2)};
  CHECK(fit.log_likelihood == Approx(static_cast<double>(log_likelihood(x, ones(x), two))).epsilon(1e-13));
}

TEST_CASE("copies of points act as weights in a mixture fit") {
  const Eigen::MatrixXd x = three_groups(2, 60, 3, 16), start = x.leftCols(6).rightCols(3);
  Eigen::MatrixXd copies(2, 120);
  copies << x, x;
  const MixtureOptions options{.variance = VarianceModel::per_component, .max_iterations = 30, .tolerance = 0};
  const auto a = fit_mixture(EmpiricalObjective(x, Eigen::ArrayXd(Eigen::ArrayXd::Constant(60, 2))), start, options);
  const auto b = fit_mixture(EmpiricalObjective(copies), start, options);
  CHECK(a.log_likelihood == Approx(b.log_likelihood).epsilon(1e-12));
  CHECK(a.parameters.centers.isApprox(b.parameters.centers, 1e-11));
  CHECK(a.bic == Approx(b.bic).epsilon(1e-12));
}

TEST_CASE("a mixture fit follows its data through permutation, translation and scale") {
  const auto model = GENERATE(VarianceModel::shared, VarianceModel::per_component);
  const MixtureOptions options{.variance = model, .max_iterations = 60, .tolerance = 0};
  // Multiples of 1/64, so that the moved data is exact.
  const Eigen::MatrixXd x = (three_groups(2, 120, 3, 17) * 64).array().round() / 64;
  const Eigen::MatrixXd start = x.leftCols(6).rightCols(3);
  const auto fit = fit_mixture(EmpiricalObjective(x), start, options);

  const auto swapped = fit_mixture(EmpiricalObjective(Eigen::MatrixXd(x.rowwise().reverse())),
                                   Eigen::MatrixXd(start.rowwise().reverse()), options);
  CHECK(swapped.log_likelihood == Approx(fit.log_likelihood).epsilon(1e-12));
  CHECK(swapped.parameters.centers.rowwise().reverse().isApprox(fit.parameters.centers, 1e-10));
  CHECK((swapped.parameters.variances.reverse() / fit.parameters.variances - 1).abs().maxCoeff() < 1e-10);
  for (Index i = 0; i < 120; ++i) CHECK(swapped.labels(119 - i) == 2 - fit.labels(i));

  const Eigen::MatrixXd far = x.array() + 0x1p20;
  const auto moved = fit_mixture(EmpiricalObjective(far), Eigen::MatrixXd(start.array() + 0x1p20), options);
  CHECK(moved.log_likelihood == Approx(fit.log_likelihood).epsilon(1e-9));
  CHECK((moved.parameters.centers.array() - 0x1p20 - fit.parameters.centers.array()).abs().maxCoeff() < 1e-7);
  CHECK((moved.labels == fit.labels).all());

  // A power of two scales every number exactly; l shifts by -n d log(scale).
  const double scale = 0x1p40;
  const auto scaled =
      fit_mixture(EmpiricalObjective(Eigen::MatrixXd(scale * x)), Eigen::MatrixXd(scale * start), options);
  CHECK(scaled.parameters.centers.isApprox(scale * fit.parameters.centers, 1e-10));
  CHECK((scaled.parameters.variances / (scale * scale) / fit.parameters.variances - 1).abs().maxCoeff() < 1e-10);
  CHECK(scaled.log_likelihood == Approx(fit.log_likelihood - 240 * std::log(scale)).epsilon(1e-12));
  CHECK(scaled.iterations == fit.iterations);
}

TEST_CASE("float data far from the origin is fitted in double") {
  const Eigen::MatrixXf near = ((three_groups(2, 200, 4, 18) * 16).array().round() / 16).cast<float>().matrix();
  const Eigen::MatrixXf far = near.array() + 100000.0f;
  const Eigen::MatrixXd start = near.leftCols(6).rightCols(3).cast<double>();
  const auto a = fit_mixture(EmpiricalObjective(near), start, {.variance = VarianceModel::per_component});
  const auto b = fit_mixture(EmpiricalObjective(far), Eigen::MatrixXd(start.array() + 1e5),
                             {.variance = VarianceModel::per_component});
  static_assert(std::same_as<decltype(a.log_likelihood), double>);
  CHECK(a.status == MixtureStatus::converged);
  CHECK(b.status == MixtureStatus::converged);
  CHECK((b.parameters.centers.array() - 1e5 - a.parameters.centers.array()).abs().maxCoeff() < 1e-6);
  CHECK((b.parameters.variances / a.parameters.variances - 1).abs().maxCoeff() < 1e-6);
  CHECK(b.log_likelihood == Approx(a.log_likelihood).epsilon(1e-9));
}

TEST_CASE("mixture fits have the same bits for any number of threads") {
  const Eigen::MatrixXd x = three_groups(3, 2500, 2, 19);  // three chunks
  const EmpiricalObjective data(x, some_weights(2500, 20));
  MixtureOptions options{.variance = VarianceModel::per_component,
                         .max_iterations = 8,
                         .keep_responsibilities = true,
                         .restarts = 2,
                         .seed = 21};
  const auto one = fit_mixture(data, 4, options);
  for (const int threads : {2, 5}) {
    options.threads = threads;
    const auto fit = fit_mixture(data, 4, options);
    CHECK(fit.log_likelihood == one.log_likelihood);
    CHECK(fit.parameters.centers == one.parameters.centers);
    CHECK((fit.parameters.variances == one.parameters.variances).all());
    CHECK((fit.parameters.weights == one.parameters.weights).all());
    CHECK((fit.labels == one.labels).all());
    CHECK(fit.responsibilities == one.responsibilities);
  }
}

TEST_CASE("a mixture fit stops where its callback says, and evaluates the start alone on request") {
  const Eigen::MatrixXd x = three_groups(2, 60, 2, 22);
  const EmpiricalObjective data(x);
  int calls = 0;
  const MixtureOptions stopping{.restarts = 5, .on_progress = [&](const kmscape::Progress& progress) {
                                  CHECK(progress.stage == "mixture");
                                  return ++calls < 4;
                                }};
  const auto fit = fit_mixture(data, 3, stopping);
  CHECK(fit.status == MixtureStatus::stopped_by_callback);
  CHECK(fit.iterations == 3);
  CHECK(fit.restarts.size() == 1);

  const Parameters start = some_start(x.leftCols(6).rightCols(3));
  for (const auto model : all_models) {
    const auto still = fit_mixture(data, start, {.variance = model, .max_iterations = 0});
    CHECK(still.iterations == 0);
    CHECK(still.status == MixtureStatus::iteration_limit);
    CHECK(still.parameters.centers == start.centers);
    check_consistent(x, ones(x), still);
  }
  // Shared: the mean of 0.7, 1, 1.3 under weights 1, 1.5, 2.
  const auto shared = fit_mixture(data, start, {.max_iterations = 0});
  CHECK(shared.parameters.variances(2) == Approx((0.7 + 1.5 + 2.6) / 4.5).epsilon(1e-14));
}

TEST_CASE("a likelihood that overflows ends a mixture fit as non_finite") {
  const Parameters start{on_line({0, 1}), Eigen::Array2d(1, 1), Eigen::Array2d(1, 1)};
  const auto fit = fit_mixture(EmpiricalObjective(on_line({-1e200, 1e200})), start, {.variance = VarianceModel::fixed});
  CHECK(fit.status == MixtureStatus::non_finite);
}

TEST_CASE("fit_mixture refuses what it cannot fit") {
  const Eigen::MatrixXd x = three_groups(2, 30, 2, 23);
  const EmpiricalObjective data(x);
  const Eigen::MatrixXd start = x.leftCols(3);
  const auto with = [&](const MixtureOptions& options) {
    return refusal([&] { (void)fit_mixture(data, start, options); });
  };
  CHECK(with({.variance = VarianceModel::fixed}) ==
        "kmscape::fit_mixture: options.start_variance = 0, but a variance that is fixed must be given; pass sigma^2 > "
        "0, or another VarianceModel");
  CHECK(with({.start_variance = -1}) ==
        "kmscape::fit_mixture: options.start_variance = -1, but it is finite and not negative; pass 0 to take it from "
        "the data");
  CHECK(with({.variance_floor = std::nan("")}) ==
        "kmscape::fit_mixture: options.variance_floor = nan, but it is finite and not negative; pass 0 for none");
  CHECK(with({.tolerance = -1}).starts_with("kmscape::fit_mixture: options.tolerance = -1"));
  CHECK(with({.max_iterations = -1}) ==
        "kmscape::fit_mixture: options.max_iterations = -1, but a number of steps cannot be negative; pass 0 to "
        "evaluate the start only");
  CHECK(with({.threads = -1}).starts_with("kmscape::fit_mixture: options.threads = -1"));
  CHECK(with({.start_variance = 1e-12}).ends_with("start from larger variances, or lower options.variance_floor"));
  CHECK(refusal([&] { (void)fit_mixture(data, 0); }) ==
        "kmscape::fit_mixture: k = 0, but at least one center is needed; pass k >= 1");
  CHECK(refusal([&] { (void)fit_mixture(data, 31); }) ==
        "kmscape::fit_mixture: k = 31, but the data holds 30 distinct points; use k <= 30, or jitter the data");
  CHECK(refusal([&] { (void)fit_mixture(data, 2, {.restarts = 0}); }) ==
        "kmscape::fit_mixture: options.restarts = 0, but at least one fit is needed; pass restarts >= 1");
  CHECK(refusal([&] {
          (void)fit_mixture(data, Eigen::MatrixXd::Zero(3, 2));
        }).starts_with("kmscape::fit_mixture: start = a 3 x 2 matrix"));
  const EmpiricalObjective same(on_line({3, 3, 3}));
  CHECK(refusal([&] { (void)fit_mixture(same, 1); }) ==
        "kmscape::fit_mixture: the data's variance per coordinate = 0, but it does not exceed the rounding of the "
        "coordinates, so that no variance can be estimated; use VarianceModel::fixed, or pass distinct points, nearer "
        "to the origin");
  CHECK(fit_mixture(same, 1, {.variance = VarianceModel::fixed, .start_variance = 1}).parameters.centers(0) == 3);

  const auto from = [&](const Parameters& parameters) { return refusal([&] { (void)fit_mixture(data, parameters); }); };
  CHECK(from({start, Eigen::Array2d(1, 1), Eigen::Array3d(1, 1, 1)}) ==
        "kmscape::fit_mixture: start.variances = 2 numbers, but there are 3 components; pass one weight per component");
  CHECK(from({start, Eigen::Array3d(1, -1, 1), Eigen::Array3d(1, 1, 1)})
            .starts_with("kmscape::fit_mixture: start.variances(1) = -1"));
  CHECK(from({start, Eigen::Array3d(1, 1, 1), Eigen::Array3d(1, 0, 1)})
            .starts_with("kmscape::fit_mixture: start.weights(1) = 0"));
}

TEST_CASE("statuses and variance models print their names") {
  CHECK(to_string(MixtureStatus::converged) == "converged");
  CHECK(to_string(MixtureStatus::rounding_limit) == "rounding_limit");
  CHECK(to_string(MixtureStatus::variance_floor) == "variance_floor");
  CHECK(to_string(MixtureStatus::iteration_limit) == "iteration_limit");
  CHECK(to_string(MixtureStatus::collapsed) == "collapsed");
  CHECK(to_string(MixtureStatus::stopped_by_callback) == "stopped_by_callback");
  CHECK(to_string(MixtureStatus::non_finite) == "non_finite");
  CHECK(to_string(VarianceModel::fixed) == "fixed");
  CHECK(to_string(VarianceModel::shared) == "shared");
  CHECK(to_string(VarianceModel::per_component) == "per_component");
}

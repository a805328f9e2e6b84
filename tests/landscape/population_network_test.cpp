// Saddles of populations against closed forms, differences of the objective and the ways down from them, and the
// network that they make.
#include <kmscape/geometry/gauss_legendre.hpp>
#include <kmscape/landscape/association.hpp>
#include <kmscape/landscape/population_network.hpp>
#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/solve/lloyd.hpp>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/trials.hpp"

using kmscape::population_network;
using kmscape::PopulationObjective;
using kmscape::saddle_from;
using kmscape::SaddleSearchStatus;

namespace {

PopulationObjective<kmscape::StochasticBallModel<double>> three_intervals(double radius) {
  return PopulationObjective(kmscape::StochasticBallModel<double>(testing::on_line({-1, 0, 1}), radius));
}

std::vector<Eigen::MatrixXd> one(const Eigen::MatrixXd& minimum) { return {minimum}; }

/// Two centers over the intervals [s - r, s + r], s = -1, 0, 1, that meet at b: their means, and G there.
struct MeetingAt {
  double left, right, value;
  MeetingAt(double b, double r) {
    const double left_mass = (1 + (b + r) / (2 * r)) / 3, right_mass = 1 - left_mass;
    left = (-1 + (b * b - r * r) / (4 * r)) / (3 * left_mass);
    right = (1 + (r * r - b * b) / (4 * r)) / (3 * right_mass);
    value = 2.0 / 3 + r * r / 3 - left_mass * left * left - right_mass * right * right;
  }
};

/// By differences of the value: what the library knows in closed form it is not asked for.
template <class Objective>
Eigen::VectorXd slopes_by_differences(const Objective& objective, const Eigen::MatrixXd& centers) {
  constexpr double step = 1e-4;
  Eigen::VectorXd slopes(centers.size());
  for (kmscape::Index e = 0; e < centers.size(); ++e) {
    Eigen::MatrixXd ahead = centers, behind = centers;
    ahead.reshaped()(e) += step;
    behind.reshaped()(e) -= step;
    slopes(e) = (objective.value(ahead) - objective.value(behind)) / (2 * step);
  }
  return slopes;
}

/// By differences of the gradient.
template <class Objective>
Eigen::MatrixXd hessian_by_differences(const Objective& objective, const Eigen::MatrixXd& centers) {
  constexpr double step = 1e-4;
  Eigen::MatrixXd hessian(centers.size(), centers.size());
  for (kmscape::Index e = 0; e < centers.size(); ++e) {
    Eigen::MatrixXd ahead = centers, behind = centers;
    ahead.reshaped()(e) += step;
    behind.reshaped()(e) -= step;
    hessian.col(e) = (objective.gradient(ahead) - objective.gradient(behind)).reshaped() / (2 * step);
  }
  return (hessian + hessian.transpose()) / 2;
}

/// Steepest descent in steps of this length a unit of slope, until one of `minima` is near; -1 where none comes near.
template <class Objective, class Minima>
kmscape::Index minimum_below(const Objective& objective, Eigen::MatrixXd centers, const Minima& minima) {
  constexpr double length = 1.4;  // less than twice the inverse of any eigenvalue, which are at most 4/3 here
  for (int step = 0; step < 20'000; ++step) {
    centers -= length * objective.gradient(centers);
    if (step % 20 != 0) continue;
    for (std::size_t m = 0; m < minima.size(); ++m)
      if (kmscape::internal::same_center_sets(minima[m].centers, centers, 0.15)) return static_cast<kmscape::Index>(m);
  }
  return -1;
}

/// Centers at this distance from the origin, 120 degrees apart, the first at `angle`.
Eigen::MatrixXd three_around(double distance, double angle) {
  Eigen::MatrixXd centers(2, 3);
  for (kmscape::Index s = 0; s < 3; ++s) {
    const double turned = angle + 2 * std::numbers::pi / 3 * static_cast<double>(s);
    centers.col(s) << distance * std::cos(turned), distance * std::sin(turned);
  }
  return centers;
}

}  // namespace

TEST_CASE("Example 1 below r = 4/17: the symmetric point is the saddle between the two minima") {
  const double r = 0.2, a = 2.0 / 3 + r / 6;
  const auto objective = three_intervals(r);
  const auto result = population_network(objective, one(testing::on_line({-1, 0.5})));
  CHECK(result.network.status == kmscape::NetworkStatus::closed);
  REQUIRE(result.network.minima.size() == 2);  // the mirrored one was met on the way
  REQUIRE(result.network.states.size() == 1);
  const auto& state = result.network.states.front();
  CHECK(state.value == Approx(2.0 / 3 + r * r / 3 - a * a).epsilon(1e-12));
  CHECK(state.centers.cwiseAbs().isApproxToConstant(a, 1e-9));
  CHECK(state.first_minimum + state.second_minimum == 1);
  CHECK(result.saddles.front().negative == 1);
  CHECK(result.saddles.front().eigenvalues(0) == Approx((6 * r - 2 * a) / (6 * r)).epsilon(1e-8));
  CHECK(result.saddles.front().eigenvalues(1) == Approx(1).epsilon(1e-8));
  for (const auto& minimum : result.network.minima) CHECK(minimum.value == Approx(1.0 / 6 + r * r / 3).epsilon(1e-12));
  CHECK(result.walks == 8);
  CHECK(result.walks == result.found_saddle + result.other_index + result.empty_cell + result.step_limit);
  CHECK(kmscape::connected_components(result.network).count == 1);
  CHECK(kmscape::barriers(result.network)(0, 1) == Approx(state.value));
}

TEST_CASE("Example 1 between r = 4/17 and 1/4: a saddle on either side of the symmetric minimum") {
  const double r = 0.24;
  const auto objective = three_intervals(r);
  const auto result = population_network(objective, one(testing::on_line({-1, 0.5})));
  REQUIRE(result.network.minima.size() == 3);
  REQUIRE(result.network.states.size() == 2);
  // Where the two means meet halfway, other than at 0.
  double low = -r + 1e-9, high = -1e-4;
  const auto excess = [&](double b) { return MeetingAt(b, r).left + MeetingAt(b, r).right - 2 * b; };
  REQUIRE(excess(low) * excess(high) < 0);
  for (int halving = 0; halving < 100; ++halving) {
    const double middle = (low + high) / 2;
    (excess(low) * excess(middle) <= 0 ? high : low) = middle;
  }
  const MeetingAt exact(low, r);
  for (const auto& state : result.network.states) {
    CHECK(state.value == Approx(exact.value).epsilon(1e-11));
    CHECK(state.centers.minCoeff() + state.centers.maxCoeff() == Approx(2 * std::copysign(low, state.centers.sum())));
    CHECK(state.first_minimum != state.second_minimum);
  }
  CHECK(kmscape::connected_components(result.network).count == 1);
}

TEST_CASE("Example 2 before its pitchfork: the symmetric point of three disks is the saddle between mirrored minima") {
  const double r = 0.29, a = 2.0 / 3 + 4 * r / (9 * std::numbers::pi);
  const Eigen::MatrixXd truth = (Eigen::MatrixXd(2, 3) << -1, 0, 1, 0, 0, 0).finished();
  const PopulationObjective objective(kmscape::StochasticBallModel<double>(truth, r));
  const Eigen::MatrixXd minimum =
      kmscape::stationary_point(objective, (Eigen::MatrixXd(2, 2) << -0.900919, 0.556535, 0, 0).finished()).centers;
  const auto result = population_network(objective, one(minimum));
  const auto found = std::find_if(result.network.states.begin(), result.network.states.end(), [&](const auto& state) {
    return std::abs(state.centers.row(0).sum()) < 1e-7 && std::abs(state.centers(1, 0)) < 1e-7;
  });
  REQUIRE(found != result.network.states.end());
  CHECK(found->value == Approx(2.0 / 3 + r * r / 2 - a * a).epsilon(1e-12));
  CHECK(std::abs(found->centers(0, 0)) == Approx(a).epsilon(1e-9));
  REQUIRE(found->first_minimum >= 0);
  REQUIRE(found->second_minimum >= 0);
  CHECK(found->first_minimum != found->second_minimum);
}

TEST_CASE(
    "three centers in the plane: differences of G show a saddle, and steepest descent leads to the minima it names") {
  const Eigen::MatrixXd truth = (Eigen::MatrixXd(2, 3) << -4.4, 4.2, 0.2, -2.5, -2.4, 4.9).finished();
  const PopulationObjective objective(
      kmscape::GaussianMixtureModel<double>(truth, Eigen::Array3d(1, 1, 1), Eigen::Array3d(0.3, 0.33, 0.37)));
  // The best minimum, and two centers on the third cluster beside one over the others.
  const Eigen::MatrixXd spurious = (Eigen::MatrixXd(2, 3) << -0.1, -0.5, 1.1, -2.3, 4.9, 4.9).finished();
  const auto lowest = [&](const Eigen::MatrixXd& start) -> Eigen::MatrixXd {
    return kmscape::stationary_point(objective, kmscape::lloyd(objective, start).centers).centers;
  };
  const auto result =
      population_network(objective, {lowest(spurious), lowest(truth)},
                         {.search = {.max_steps = 120},
                          .max_minima = testing::is_sanitized ? 2 : 1000});  // there: walks from the first only
  const auto& network = result.network;
  if (!testing::is_sanitized) CHECK(network.status == kmscape::NetworkStatus::closed);
  CHECK(kmscape::connected_components(network).count == 1);
  REQUIRE(network.minima.size() >= 2);
  REQUIRE(network.states.size() >= (testing::is_sanitized ? 1 : 3));
  CHECK(kmscape::associate(network.minima.front().centers, objective.model()).is_truth());
  std::size_t out_of_spurious = 0, left = testing::trials<std::size_t>(4);
  for (std::size_t s = network.states.size(); s-- > 0;) {  // those between minima that turn into each other come last
    CAPTURE(s);
    const auto& state = network.states[s];
    CHECK(slopes_by_differences(objective, state.centers).cwiseAbs().maxCoeff() < 1e-7);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(hessian_by_differences(objective, state.centers));
    CHECK(eigen.eigenvalues()(0) < -1e-5);
    CHECK(eigen.eigenvalues()(1) > 1e-5);
    CHECK(eigen.eigenvalues().isApprox(result.saddles[s].eigenvalues, 1e-6));
    const bool joins_truth =
        state.first_minimum != state.second_minimum && (state.first_minimum == 0 || state.second_minimum == 0);
    out_of_spurious += joins_truth;
    if (left == 0 || state.first_minimum < 0 || state.second_minimum < 0) continue;
    --left;
    const Eigen::MatrixXd along = 0.1 * eigen.eigenvectors().col(0).reshaped(2, 3);
    std::vector<kmscape::Index> below = {minimum_below(objective, state.centers + along, network.minima),
                                         minimum_below(objective, state.centers - along, network.minima)};
    std::vector<kmscape::Index> named = {state.first_minimum, state.second_minimum};
    std::sort(below.begin(), below.end());
    std::sort(named.begin(), named.end());
    CHECK(below == named);
  }
  CHECK(out_of_spurious >= (testing::is_sanitized ? 1 : 2));
}

TEST_CASE("three disks on a triangle: the point with a center between any two of them is a saddle in closed form") {
  // Each cell is a third of the plane that halves two disks, with the half disks' means 4 r / (3 pi) off their middles.
  for (const double side : {2.1, 2.5, 3.0}) {
    CAPTURE(side);
    const double r = 1, R = side / std::sqrt(3.0), a = R / 2 + 2 * r / (std::sqrt(3.0) * std::numbers::pi);
    const PopulationObjective objective(kmscape::StochasticBallModel<double>(three_around(R, 0), r));
    const Eigen::MatrixXd saddle = three_around(a, std::numbers::pi / 3);
    CHECK(slopes_by_differences(objective, saddle).cwiseAbs().maxCoeff() < 1e-7);
    CHECK((hessian_by_differences(objective, saddle).eigenvalues().real().array() < 0).count() == 1);
    const auto certificate = kmscape::certify(objective, saddle);
    CHECK(certificate.verdict == kmscape::PopulationVerdict::saddle);
    CHECK(certificate.negative == 1);
    CHECK(certificate.value == Approx(R * R + r * r / 2 - a * a).epsilon(1e-13));
  }
}

TEST_CASE("three Gaussians on a triangle: walks from the truth find the saddle with a center between any two of them") {
  for (const double side : {3.0, 4.5}) {
    CAPTURE(side);
    // The cells are thirds of the plane around directions u_j, and the centers lie at a u_j, a = E max_j x . u_j: three
    // times the integral over one third, in polar coordinates.
    const Eigen::MatrixXd truth = three_around(side / std::sqrt(3.0), 0);
    const Eigen::MatrixXd directions = three_around(1, std::numbers::pi / 3);
    const auto rule = kmscape::gauss_legendre<double>(48);
    double a = 0;
    for (kmscape::Index t = 0; t < rule.points.size(); ++t)
      for (kmscape::Index u = 0; u < rule.points.size(); ++u) {
        const double angle = std::numbers::pi / 3 * (1 + rule.points(t)), reach = side + 9,
                     distance = reach * (1 + rule.points(u)) / 2;
        const Eigen::Vector2d x = distance * Eigen::Vector2d(std::cos(angle), std::sin(angle));
        const double area = std::numbers::pi / 3 * rule.weights(t) * reach / 2 * rule.weights(u) * distance;
        for (kmscape::Index s = 0; s < 3; ++s)
          a += area * directions.col(0).dot(x) * std::exp(-(x - truth.col(s)).squaredNorm() / 2) /
               (2 * std::numbers::pi);
      }
    const PopulationObjective objective(kmscape::GaussianMixtureModel<double>(truth, 1.0));
    const Eigen::MatrixXd minimum = kmscape::stationary_point(objective, truth).centers;
    const auto result = population_network(objective, one(minimum), {.search = {.max_steps = 120}});
    REQUIRE(result.network.minima.size() == 1);
    const auto found = std::find_if(result.network.states.begin(), result.network.states.end(), [&](const auto& state) {
      return kmscape::internal::same_center_sets(state.centers, a * directions, 1e-9);
    });
    REQUIRE(found != result.network.states.end());
    CHECK(found->value == Approx(side * side / 3 + 2 - a * a).epsilon(1e-12));
    // Turned on by 60 degrees either way, each center comes to a component again.
    CHECK(found->first_minimum == 0);
    CHECK(found->second_minimum == 0);
  }
}

TEST_CASE("the halves of a disk that turn freely are one minimum of the network") {
  const PopulationObjective objective(kmscape::StochasticBallModel<double>(three_around(5 / std::sqrt(3.0), 0), 1.0));
  const double half = 4 / (3 * std::numbers::pi), R = 5 / std::sqrt(3.0);
  std::vector<Eigen::MatrixXd> turned;
  for (const double angle : {0.0, 0.4, 1.3}) {
    turned.emplace_back(2, 3);
    turned.back() << -R / 2, R + half * std::cos(angle), R - half * std::cos(angle),  //
        0, half * std::sin(angle), -half * std::sin(angle);
    CHECK(kmscape::certify(objective, turned.back()).continuum == 1);
  }
  const auto result = population_network(objective, turned);
  CHECK(result.network.status == kmscape::NetworkStatus::closed);
  const auto halved =
      std::count_if(result.network.minima.begin(), result.network.minima.end(), [&](const auto& minimum) {
        return std::abs(minimum.value - result.network.minima.back().value) < 1e-9 &&
               (minimum.centers.colwise() - Eigen::Vector2d(-R / 2, 0)).colwise().norm().minCoeff() < 1e-6;
      });
  CHECK(halved == 1);
}

TEST_CASE("the pitchfork of three Gaussians on the line: a saddle at the symmetric point while 2 a f(0) exceeds 1") {
  const double sigma = 0.15;
  const PopulationObjective objective(kmscape::GaussianMixtureModel<double>(testing::on_line({-1, 0, 1}), sigma));
  const auto density = [&](double x) {
    return std::exp(-x * x / (2 * sigma * sigma)) / (sigma * std::sqrt(2 * std::numbers::pi));
  };
  // a = E|x| and f(0).
  const double folded = 2 * sigma * sigma * density(1) + std::erf(1 / (sigma * std::sqrt(2.0)));
  const double a = (2 * folded + 2 * sigma * sigma * density(0)) / 3, at_middle = (density(0) + 2 * density(1)) / 3;
  REQUIRE(2 * a * at_middle > 1);
  const Eigen::MatrixXd minimum =
      kmscape::stationary_point(objective, kmscape::lloyd(objective, testing::on_line({-1, 0.4})).centers).centers;
  const auto saddle = saddle_from(objective, minimum, 0, 1);
  const auto other = saddle_from(objective, minimum, 0, -1);
  REQUIRE((saddle.status == SaddleSearchStatus::saddle || other.status == SaddleSearchStatus::saddle));
  const auto& found = saddle.status == SaddleSearchStatus::saddle ? saddle : other;
  CHECK(found.centers.cwiseAbs().isApproxToConstant(a, 1e-9));
  CHECK(found.certificate.eigenvalues(0) == Approx(1 - 2 * a * at_middle).epsilon(1e-8));
  CHECK(found.certificate.negative == 1);
}

TEST_CASE("a population's network does not depend on the threads and can be stopped") {
  const auto objective = three_intervals(0.24);
  const auto starts = one(testing::on_line({-1, 0.5}));
  const auto serial = population_network(objective, starts, {.threads = 1});
  const auto parallel = population_network(objective, starts, {.threads = 3});
  REQUIRE(serial.network.states.size() == parallel.network.states.size());
  for (std::size_t s = 0; s < serial.network.states.size(); ++s)
    CHECK(serial.network.states[s].centers == parallel.network.states[s].centers);
  const auto limited = population_network(objective, starts, {.max_minima = 1});
  CHECK(limited.network.status == kmscape::NetworkStatus::minima_budget);
  CHECK(limited.network.minima.size() == 1);
  const auto stopped = population_network(objective, starts, {.progress = [](const kmscape::Progress& progress) {
                                            CHECK(progress.stage == std::string("walks"));
                                            return false;
                                          }});
  CHECK(stopped.network.status == kmscape::NetworkStatus::stopped_by_callback);
  CHECK(stopped.network.explored == 1);
}

TEST_CASE("saddle searches refuse what they cannot use") {
  const auto objective = three_intervals(0.2);
  const Eigen::MatrixXd minimum = testing::on_line({-1, 0.5});
  const auto error = [&](kmscape::Index mode, int sign, const kmscape::SaddleSearchOptions& options) {
    return refusal([&] { static_cast<void>(saddle_from(objective, minimum, mode, sign, options)); });
  };
  CHECK_THAT(error(2, 1, {}),
             ContainsSubstring("kmscape::saddle_from: mode = 2, but there are 2 eigenvectors; pass 0, ..., 1"));
  CHECK_THAT(error(0, 2, {}),
             ContainsSubstring("kmscape::saddle_from: sign = 2, but a walk goes one way or the other; pass 1 or -1"));
  CHECK_THAT(error(0, 1, {.step = 0}),
             ContainsSubstring("kmscape::saddle_from: options.step = 0, but a step is positive "
                               "and finite; pass e.g. 0.05"));
  CHECK_THAT(error(0, 1, {.max_steps = 0}), ContainsSubstring("options.max_steps = 0, but a walk needs a step"));
  CHECK_THAT(refusal([&] {
               static_cast<void>(saddle_from(objective, testing::on_line({-1, 0.5, 9}), 0, 1));
             }),
             ContainsSubstring("kmscape::saddle_from: minimum = a center without mass, but nothing holds such a center "
                               "in its place; leave it out"));
  CHECK_THAT(refusal([&] { static_cast<void>(population_network(objective, std::vector<Eigen::MatrixXd>{})); }),
             ContainsSubstring("kmscape::population_network: minima = an empty list, but the search starts at minima; "
                               "pass those of a survey"));
}

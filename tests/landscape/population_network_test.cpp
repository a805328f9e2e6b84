// Saddles of populations against closed forms for two centers over three components, and the network that they make.
#include <kmscape/landscape/population_network.hpp>
#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/solve/lloyd.hpp>

#include <cmath>
#include <numbers>
#include <vector>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

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

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <kmscape/transition/constrained_lsa.hpp>
#include <kmscape/transition/transition.hpp>
#include <kmscape/transition/verify.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/transitions.hpp"

namespace {

using kmscape::Diagrams;
using kmscape::Index;
using kmscape::Label;
using kmscape::Labels;
using kmscape::TransitionPhase;

struct Instance {
  Eigen::MatrixXd points, start_sites, target_sites;
  Labels start, target;
};

/// Random sizes that sum to n; zeros occur.
kmscape::Counts random_sizes(Index n, Index k, kmscape::RandomStream& stream) {
  kmscape::Counts sizes = kmscape::Counts::Zero(k);
  for (Index j = 0; j < n; ++j) ++sizes(stream.index(k));
  return sizes;
}

/// n items around 0 and two optimal clusterings of random sizes, or of the same; on a coarse grid there are ties.
Instance transition_instance(std::uint64_t seed, Index n, Index d, Index k, bool ties, bool equal_sizes) {
  kmscape::RandomStream stream(kmscape::Seed{seed}, 17);
  Instance instance;
  instance.points = ties ? testing::grid_points(d, n, 3, seed) : testing::normal_points(d, n, seed);
  instance.start_sites = ties ? testing::grid_points(d, k, 2, seed + 1) : testing::normal_points(d, k, seed + 1);
  instance.target_sites = ties ? testing::grid_points(d, k, 2, seed + 2) : testing::normal_points(d, k, seed + 2);
  const auto sizes = random_sizes(n, k, stream);
  instance.start = kmscape::constrained_lsa(instance.points, instance.start_sites, sizes);
  instance.target = kmscape::constrained_lsa(instance.points, instance.target_sites,
                                             equal_sizes ? sizes : random_sizes(n, k, stream));
  return instance;
}

kmscape::Transition run(const Instance& instance, const kmscape::TransitionSequenceOptions& options = {}) {
  return kmscape::transition(instance.points, instance.start, instance.start_sites, instance.target,
                             instance.target_sites, options);
}

std::string failures(const kmscape::TransitionVerification& verification) {
  std::string result;
  for (const auto& property : verification.properties)
    if (!property.holds)
      result += property.statement + " (step " + std::to_string(property.step) + ", violation " +
                std::to_string(property.violation) + "); ";
  return result;
}

}  // namespace

TEST_CASE("Theorem 1: a transition has every property, with and without ties, empty clusters and equal sizes") {
  Index steps = 0, ties = 0;
  for (std::uint64_t seed = 1; seed <= 240; ++seed) {
    const auto instance =
        transition_instance(10 * seed, 4 + static_cast<Index>(seed % 9), 1 + static_cast<Index>(seed % 3),
                            2 + static_cast<Index>(seed % 4), seed % 2 == 0, seed % 5 == 0);
    const auto transition = run(instance, {.center = seed % 7 != 0, .diagrams = Diagrams::all});
    const auto verification = kmscape::verify(instance.points, transition);
    INFO("seed " << seed << ": " << failures(verification));
    REQUIRE(verification.holds);
    steps += static_cast<Index>(transition.steps.size());
    for (const auto& step : transition.steps) ties += step.is_tie;
    // Where all sizes are fixed, start and target are radial as they are; on the grid equal values may differ by ties.
    if (seed % 5 == 0 && seed % 2 != 0)
      for (const auto& step : transition.steps) CHECK(step.phase == TransitionPhase::linear);
    REQUIRE(kmscape::verify(instance.points, kmscape::reversed(transition)).holds);
  }
  CHECK(steps > 1000);
  CHECK(ties > 50);
}

TEST_CASE("Breakpoints are those of LP (9), objective values the optimum of LP (2), and margins those of LP (6)") {
  Index breakpoints = 0, margins = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Index n = 4 + static_cast<Index>(seed % 7), d = 1 + static_cast<Index>(seed % 3);
    const auto instance =
        transition_instance(seed, n, d, 2 + static_cast<Index>(seed % 3), seed % 4 == 0, seed % 3 == 0);
    const auto transition = run(instance, {.diagrams = Diagrams::margins});
    const Eigen::VectorXd mean = instance.points.rowwise().mean();
    Labels labels = transition.start;
    double lambda = 0;
    INFO("seed " << seed);
    const auto sites = [&](double at) -> Eigen::MatrixXd {
      return (1 - at) * instance.start_sites + at * instance.target_sites;
    };
    const auto check_margin = [&](double at, double margin) {
      const double expected = testing::largest_margin(instance.points, labels, sites(at));
      if (std::isinf(expected))
        REQUIRE(std::isinf(margin));
      else
        REQUIRE(margin == Approx(expected).margin(1e-9));
      ++margins;
    };
    check_margin(0, transition.start_margin);
    for (std::size_t r = 0; r < transition.steps.size(); ++r) {
      const auto& step = transition.steps[r];
      const bool is_linear = step.phase == TransitionPhase::linear;
      if (is_linear && step.lambda < 1) {
        const double expected =
            testing::ranging_breakpoint(instance.points, labels, instance.start_sites, instance.target_sites,
                                        transition.lower, transition.upper, mean);
        REQUIRE(step.lambda == Approx(expected).margin(1e-9));
        REQUIRE(step.lambda >= lambda);
        lambda = step.lambda;
        ++breakpoints;
      }
      kmscape::apply_exchange(step.moves, labels);
      if (is_linear)
        REQUIRE(testing::objective(instance.points, labels, sites(step.lambda), mean) ==
                Approx(testing::transportation_optimum(instance.points, sites(step.lambda), transition.lower,
                                                       transition.upper, mean))
                    .margin(1e-9));
      const bool more =
          is_linear && r + 1 < transition.steps.size() && transition.steps[r + 1].phase == TransitionPhase::linear;
      // Between equal breakpoints sites may coincide, and rounding would decide.
      if (more && transition.steps[r + 1].lambda == step.lambda) continue;
      const double halfway = more ? (step.lambda + transition.steps[r + 1].lambda) / 2 : 1;
      check_margin(step.phase == TransitionPhase::initial ? 0 : halfway, step.margin);
    }
    // After the last breakpoint the clustering stays optimal.
    if (transition.steps.empty())
      REQUIRE(testing::ranging_breakpoint(instance.points, labels, instance.start_sites, instance.target_sites,
                                          transition.lower, transition.upper, mean) >= 1 - 1e-9);
  }
  CHECK(breakpoints > 500);
  CHECK(margins > 1000);
}

TEST_CASE("Radial clusterings and constrained assignments have the optimum of the transportation program (2)") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    kmscape::RandomStream stream(kmscape::Seed{seed}, 5);
    const Index n = 4 + static_cast<Index>(seed % 5), k = 2 + static_cast<Index>(seed % 3);
    const Eigen::MatrixXd points =
        seed % 2 == 0 ? testing::grid_points(2, n, 3, seed) : testing::normal_points(2, n, seed);
    const Eigen::MatrixXd sites = testing::normal_points(2, k, seed + 500);
    const auto sizes = random_sizes(n, k, stream);
    const kmscape::Counts lower = (sizes - 1).max(0), upper = sizes + 2;
    const Eigen::VectorXd origin = Eigen::VectorXd::Zero(2), mean = points.rowwise().mean();
    INFO("seed " << seed);
    const auto fixed = kmscape::constrained_lsa(points, sites, sizes);
    CHECK((testing::sizes_of(fixed, k) == sizes).all());
    CHECK(testing::objective(points, fixed, sites, origin) ==
          Approx(testing::transportation_optimum(points, sites, sizes, sizes, origin)).margin(1e-9));
    for (const bool center : {false, true}) {
      const auto bounds =
          kmscape::Capacities::between({lower.data(), lower.data() + k}, {upper.data(), upper.data() + k});
      const auto radial = kmscape::radial_clustering(points, sites, bounds, center);
      const Eigen::VectorXd from = center ? mean : origin;
      const kmscape::Counts found = testing::sizes_of(radial, k);
      CHECK(((found >= lower) && (found <= upper)).all());
      CHECK(testing::objective(points, radial, sites, from) ==
            Approx(testing::transportation_optimum(points, sites, lower, upper, from)).margin(1e-9));
      if (n <= 6)
        CHECK(testing::objective(points, radial, sites, from) ==
              Approx(testing::objective(points, testing::best_clustering(points, sites, lower, upper, from), sites,
                                        from)));
    }
  }
}

TEST_CASE("Theorem 2: sizes move monotonically to a radial clustering, in half as many steps as sizes differ") {
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    kmscape::RandomStream stream(kmscape::Seed{seed}, 3);
    const Index n = 30, k = 4;
    const Eigen::MatrixXd points =
        seed % 2 == 0 ? testing::grid_points(2, n, 6, seed) : testing::normal_points(2, n, seed);
    const Eigen::MatrixXd sites = testing::normal_points(2, k, seed + 500);
    const auto sizes = random_sizes(n, k, stream);
    const kmscape::Counts lower = (sizes - 3).max(0), upper = sizes + 4;
    const auto start = kmscape::constrained_lsa(points, sites, sizes);
    const auto walk = kmscape::lsa_to_radial(points, start, sites, lower, upper, {.diagrams = Diagrams::all});
    INFO("seed " << seed);
    const auto verification = kmscape::verify(points, walk);
    INFO(failures(verification));
    CHECK(verification.holds);
    const kmscape::Counts last = testing::sizes_of(walk.target, k);
    CHECK(static_cast<Index>(walk.steps.size()) == (last - sizes).abs().sum() / 2);
    const Eigen::VectorXd mean = points.rowwise().mean();
    CHECK(testing::objective(points, walk.target, sites, mean) ==
          Approx(testing::transportation_optimum(points, sites, lower, upper, mean)).margin(1e-9));
    for (const auto& step : walk.steps) {
      CHECK(step.phase == TransitionPhase::initial);
      CHECK(!kmscape::is_cyclical(step.moves));
      CHECK(last(step.moves.front().from) < sizes(step.moves.front().from));
      CHECK(last(step.moves.back().to) > sizes(step.moves.back().to));
    }
  }
}

TEST_CASE("Theorem 3: between radial clusterings all are radial, also with bounds wider than the sizes") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Index n = 40, k = 4;
    const Eigen::MatrixXd points = testing::normal_points(2, n, seed);
    const Eigen::MatrixXd s = testing::normal_points(2, k, seed + 100), t = testing::normal_points(2, k, seed + 200);
    const auto bounds = kmscape::Capacities::between(5, 20);
    const auto start = kmscape::radial_clustering(points, s, bounds),
               target = kmscape::radial_clustering(points, t, bounds);
    kmscape::TransitionSequenceOptions options;
    options.lower = kmscape::Counts::Constant(k, 5);
    options.upper = kmscape::Counts::Constant(k, 20);
    options.diagrams = Diagrams::all;
    const auto walk = kmscape::radial_to_radial(points, start, s, target, t, options);
    INFO("seed " << seed);
    const auto verification = kmscape::verify(points, walk);
    INFO(failures(verification));
    CHECK(verification.holds);
    for (const auto& step : walk.steps) CHECK(step.phase == TransitionPhase::linear);
  }
}

TEST_CASE("Large clusters, whose pools are parts of them, give the same transition as a scan would") {
  for (const Index k : {3, 6}) {
    const Index n = 6000;
    const Eigen::MatrixXd points = testing::normal_points(2, n, 5);
    const Eigen::MatrixXd s = testing::normal_points(2, k, 6);
    const Eigen::MatrixXd t = s + 0.1 * testing::normal_points(2, k, 7);
    kmscape::Counts sizes = kmscape::Counts::Constant(k, n / k);
    const auto start = kmscape::constrained_lsa(points, s, sizes);
    sizes(0) += 30;
    sizes(1) -= 30;
    const auto target = kmscape::constrained_lsa(points, t, sizes);
    const auto walk = kmscape::transition(points, start, s, target, t, {.diagrams = Diagrams::margins});
    const auto verification = kmscape::verify(points, walk, {.most_clusterings = 30});
    INFO(failures(verification));
    CHECK(verification.holds);
    CHECK(walk.steps.size() > 100);
    for (const auto& step : walk.steps) CHECK((step.margin > 0 || step.is_tie));
  }
}

TEST_CASE("A sequence is the transition, one step at a time, and its labels are those after each step") {
  const auto instance = transition_instance(77, 25, 2, 4, false, false);
  const auto whole = run(instance);
  kmscape::TransitionSequence sequence(instance.points, instance.start, instance.start_sites, instance.target,
                                       instance.target_sites);
  Labels labels = instance.start;
  std::size_t r = 0;
  while (const auto step = sequence.next()) {
    REQUIRE(r < whole.steps.size());
    CHECK(step->moves == whole.steps[r].moves);
    CHECK(step->lambda == whole.steps[r].lambda);
    kmscape::apply_exchange(step->moves, labels);
    CHECK((labels == sequence.labels()).all());
    ++r;
  }
  CHECK(r == whole.steps.size());
  CHECK(!sequence.next());
  CHECK((labels == instance.target).all());
}

TEST_CASE("Translated and rotated data have the same exchanges; data of one cluster have none") {
  const auto instance = transition_instance(123, 40, 2, 4, false, false);
  const auto walk = run(instance);
  REQUIRE(walk.steps.size() > 5);
  auto moved = instance;
  const Eigen::Vector2d shift(10, -7);
  Eigen::Matrix2d turn;
  turn << 0.6, -0.8, 0.8, 0.6;
  moved.points = (turn * instance.points).colwise() + shift;
  moved.start_sites = (turn * instance.start_sites).colwise() + shift;
  moved.target_sites = (turn * instance.target_sites).colwise() + shift;
  const auto again = run(moved);
  REQUIRE(again.steps.size() == walk.steps.size());
  for (std::size_t r = 0; r < walk.steps.size(); ++r) {
    CHECK(again.steps[r].moves == walk.steps[r].moves);
    CHECK(again.steps[r].lambda == Approx(walk.steps[r].lambda).margin(1e-9));
  }
  const Labels one = Labels::Zero(40);
  CHECK(kmscape::transition(instance.points, one, Eigen::MatrixXd::Zero(2, 1), one, Eigen::MatrixXd::Ones(2, 1))
            .steps.empty());
}

TEST_CASE("A callback ends a transition, which says so") {
  const auto instance = transition_instance(123, 40, 2, 4, false, false);
  kmscape::TransitionSequenceOptions options;
  options.progress = [](const kmscape::Progress&) { return false; };
  const auto walk = run(instance, options);
  CHECK(walk.status == kmscape::TransitionStatus::stopped_by_callback);
  CHECK(to_string(walk.status) == "stopped_by_callback");
  CHECK(walk.steps.size() == 1);
  CHECK(!kmscape::verify(instance.points, walk).properties[0].holds);
}

TEST_CASE("Verification finds what was spoilt") {
  const auto instance = transition_instance(3, 40, 2, 4, false, false);
  const auto walk = run(instance, {.diagrams = Diagrams::all});
  REQUIRE(kmscape::verify(instance.points, walk).holds);
  const auto fails = [&](const kmscape::Transition& spoilt, int number) {
    return !kmscape::verify(instance.points, spoilt).properties[static_cast<std::size_t>(number - 1)].holds;
  };
  auto spoilt = walk;
  spoilt.steps.pop_back();
  CHECK(fails(spoilt, 1));
  spoilt = walk;
  spoilt.target_sites = -spoilt.target_sites;
  CHECK(fails(spoilt, 2));
  spoilt = walk;
  spoilt.upper = spoilt.lower;
  CHECK(fails(spoilt, 3));
  spoilt = walk;
  spoilt.steps[2].moves.insert(spoilt.steps[2].moves.end(), spoilt.steps[3].moves.begin(), spoilt.steps[3].moves.end());
  CHECK(fails(spoilt, 4));
  spoilt = walk;
  spoilt.steps[1].separating.gamma(0) += 1;
  CHECK(fails(spoilt, 5));
  spoilt = walk;
  spoilt.steps[1].shared.gamma(0) += 1;
  CHECK(fails(spoilt, 6));
  spoilt = walk;
  for (auto& step : spoilt.steps)
    if (step.phase == TransitionPhase::linear) step.lambda = 1 - step.lambda;
  CHECK(fails(spoilt, 7));
  for (const auto& [phase, keeps_sites, keeps_sizes] :
       {std::tuple{TransitionPhase::initial, 8, 10}, {TransitionPhase::target, 9, 11}}) {
    const auto first = std::find_if(walk.steps.begin(), walk.steps.end(),
                                    [in = phase](const kmscape::TransitionStep& step) { return step.phase == in; });
    REQUIRE(first != walk.steps.end());
    const auto at = first - walk.steps.begin();
    spoilt = walk;
    spoilt.steps[static_cast<std::size_t>(at)].lambda = 0.5;
    CHECK(fails(spoilt, keeps_sites));
    // There, back and there again: the sizes at the phase's start come twice.
    auto back = *first;
    back.moves = kmscape::reversed(back.moves);
    spoilt = walk;
    spoilt.steps.insert(spoilt.steps.begin() + at + 1, {back, *first});
    CHECK(fails(spoilt, keeps_sizes));
    CHECK(!fails(spoilt, keeps_sites));
  }
}

TEST_CASE("Transitions refuse clusterings that are no assignment for their sites, and say which items gain") {
  Eigen::MatrixXd points = testing::on_line({0, 1, 2, 3}), sites = testing::on_line({0, 3});
  const auto good = testing::labels({0, 0, 1, 1}), bad = testing::labels({0, 1, 0, 1}),
             other = testing::labels({0, 1, 1, 1});
  CHECK(refusal([&] { (void)kmscape::transition(points, bad, sites, good, sites); }) ==
        "kmscape::transition: start = a clustering, but it is no constrained least-squares assignment for start_sites: "
        "moving item 2 from cluster 0 to 1, item 1 from cluster 1 to 0 keeps all sizes and lowers the sum of squared "
        "distances by 6; pass the sites that it is optimal for, or constrained_lsa(points, sites, sizes)");
  CHECK_THAT(refusal([&] { (void)kmscape::transition(points, good, sites, bad, sites); }),
             ContainsSubstring("target = a clustering"));
  CHECK_THAT(refusal([&] {
               (void)kmscape::lsa_to_radial(points, good, sites, testing::sizes_of(other, 2),
                                            testing::sizes_of(other, 2));
             }),
             ContainsSubstring("a clustering with 2 items in cluster 0"));
  kmscape::TransitionSequenceOptions options;
  options.lower = kmscape::Counts::Zero(2);
  options.upper = kmscape::Counts::Constant(2, 4);
  CHECK_THAT(refusal([&] { (void)kmscape::radial_to_radial(points, other, sites, good, sites, options); }),
             ContainsSubstring("start = a clustering, but it is not radial for start_sites"));
  CHECK_THAT(refusal([&] { (void)kmscape::radial_to_radial(points, good, sites, other, sites, options); }),
             ContainsSubstring("target = a clustering, but it is not radial for target_sites"));
  options.upper.resize(0);
  CHECK_THAT(refusal([&] { (void)kmscape::transition(points, good, sites, good, sites, options); }),
             ContainsSubstring("pass both bounds or neither"));
  options.lower = kmscape::Counts::Constant(2, -1);
  options.upper = kmscape::Counts::Constant(2, 4);
  CHECK_THAT(refusal([&] { (void)kmscape::transition(points, good, sites, good, sites, options); }),
             ContainsSubstring("lower(0) = -1, but no cluster has fewer than 0 items; pass bounds >= 0"));
  options.lower = options.upper = kmscape::Counts::Zero(3);
  CHECK_THAT(refusal([&] { (void)kmscape::transition(points, good, sites, good, sites, options); }),
             ContainsSubstring("lower = 3 bounds, but there are 2 clusters"));
  CHECK_THAT(refusal([&] {
               (void)kmscape::transition(points, good, sites, good, testing::on_line({0, 1, 2}));
             }),
             ContainsSubstring("target_sites.cols() = 3, but there are 2 start sites"));
  CHECK_THAT(refusal([&] { (void)kmscape::transition(points, good, sites, good, sites, {.tolerance = 2}); }),
             ContainsSubstring("options.tolerance = 2"));
  CHECK_THAT(refusal([&] {
               (void)kmscape::transition(points, testing::labels({0, 0, 1, 2}), sites, good, sites);
             }),
             ContainsSubstring("start(3) = 2, but there are 2 sites"));
  CHECK_THAT(refusal([&] { (void)kmscape::transition(points, good, Eigen::MatrixXd::Zero(2, 2), good, sites); }),
             ContainsSubstring("start_sites.rows() = 2, but the points have 1 coordinates"));
  CHECK_THAT(refusal([&] { (void)kmscape::constrained_lsa(points, sites, testing::sizes_of(good, 3)); }),
             ContainsSubstring("there are 2 centers"));
  CHECK_THAT(refusal([&] {
               (void)kmscape::radial_clustering(points, Eigen::MatrixXd::Zero(2, 2), kmscape::Capacities::equal());
             }),
             ContainsSubstring("sites.rows() = 2"));
  CHECK(to_string(TransitionPhase::initial) == "initial");
  CHECK(to_string(TransitionPhase::linear) == "linear");
  CHECK(to_string(TransitionPhase::target) == "target");
  CHECK(to_string(kmscape::TransitionStatus::complete) == "complete");
}

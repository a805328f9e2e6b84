// Transition states against enumeration of all partitions with one divided point, and against G_n itself around them.
#include <kmscape/landscape/transition_states.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/landscape/certificate.hpp>
#include <kmscape/landscape/survey.hpp>

#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/partitions.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/trials.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::Label;
using kmscape::NetworkStatus;
using kmscape::survey;
using kmscape::transition_states;
using kmscape::TransitionOptions;
using testing::for_each_partition;
using testing::iris;
using testing::normal_points;
using testing::on_line;

namespace {

using Wide = long double;
using WidePoints = Eigen::Matrix<Wide, Eigen::Dynamic, Eigen::Dynamic>;
using Names = std::vector<int>;

/// What a state is: the divided point, the unordered pair of cells, each named by its set of undivided points, and all
/// cells in order of their first point.
struct Identity {
  Index point;
  std::set<Names> pair, cells;
  auto operator<=>(const Identity&) const = default;
};

/// From labels and the positions of the divided points (all copies of one).
template <class L>
Identity identity(const L& labels, Index point, const std::set<Index>& divided, int first, int second) {
  std::map<int, Names> cell;
  for (Index i = 0; i < static_cast<Index>(labels.size()); ++i)
    if (!divided.contains(i))
      cell[static_cast<int>(labels[static_cast<std::size_t>(i)])].push_back(static_cast<int>(i));
  Identity result{point, {cell[first], cell[second]}, {}};
  for (const auto& [name, members] : cell) result.cells.insert(members);
  return result;
}

template <class State>
Identity identity(const State& state) {
  const std::vector<Label> labels(state.labels.begin(), state.labels.end());
  return identity(labels, state.point, {state.point}, state.first, state.second);
}

template <class L>
std::set<Names> cells_of(const L& labels) {
  std::map<int, Names> cell;
  for (Index i = 0; i < labels.size(); ++i) cell[static_cast<int>(labels(i))].push_back(static_cast<int>(i));
  std::set<Names> result;
  for (const auto& [name, members] : cell) result.insert(members);
  return result;
}

/// Masses and means of the points with labels >= 0, to more digits.
struct Means {
  std::vector<Wide> mass;
  WidePoints mean;

  Means(const WidePoints& points, const std::vector<Wide>& weights, const Names& labels, int k)
      : mass(static_cast<std::size_t>(k), 0), mean(WidePoints::Zero(points.rows(), k)) {
    for (Index i = 0; i < points.cols(); ++i) {
      const int j = labels[static_cast<std::size_t>(i)];
      if (j < 0) continue;
      mass[static_cast<std::size_t>(j)] += weights[static_cast<std::size_t>(i)];
      mean.col(j) += weights[static_cast<std::size_t>(i)] * points.col(i);
    }
    for (int j = 0; j < k; ++j) mean.col(j) /= mass[static_cast<std::size_t>(j)];
  }
};

struct Enumerated {
  std::set<std::set<Names>> minima;
  std::map<Identity, Wide> states;  // with t as the share of the lower-named cell of `pair`
  std::vector<Eigen::MatrixXd> minimum_centers;
  Wide margin = std::numeric_limits<Wide>::infinity();  // by which the closest decision was taken
};

/// Every partition, and every partition with one divided point, judged by the definition.
Enumerated enumerate(const Eigen::MatrixXd& data, const std::vector<Wide>& weights, int k) {
  const WidePoints points = data.cast<Wide>();
  const auto n = static_cast<int>(points.cols());
  Enumerated result;
  const auto decide = [&](Wide difference) {
    result.margin = std::min(result.margin, std::abs(difference));
    return difference > 0;
  };
  for_each_partition(n, k, [&](const Names& labels) {
    const Means cells(points, weights, labels, k);
    for (int i = 0; i < n; ++i) {
      const int own = labels[static_cast<std::size_t>(i)];
      const Wide here = (points.col(i) - cells.mean.col(own)).squaredNorm();
      for (int j = 0; j < k; ++j)
        if (j != own && !decide((points.col(i) - cells.mean.col(j)).squaredNorm() - here)) return;
    }
    std::map<int, Names> members;
    for (int i = 0; i < n; ++i) members[labels[static_cast<std::size_t>(i)]].push_back(i);
    std::set<Names> parts;
    for (const auto& [name, part] : members) parts.insert(part);
    result.minima.insert(parts);
    result.minimum_centers.push_back(cells.mean.cast<double>());
  });
  for (int x = 0; x < n; ++x)
    for_each_partition(n - 1, k, [&](const Names& others) {
      Names labels = others;
      labels.insert(labels.begin() + x, -1);
      const Means cells(points, weights, labels, k);
      const Wide w = weights[static_cast<std::size_t>(x)];
      for (int i = 0; i < k; ++i)
        for (int j = i + 1; j < k; ++j) {
          const Wide A = cells.mass[static_cast<std::size_t>(i)], B = cells.mass[static_cast<std::size_t>(j)];
          const Wide a = A * (points.col(x) - cells.mean.col(i)).norm(),
                     b = B * (points.col(x) - cells.mean.col(j)).norm();
          const Wide t = (a * (B + w) - b * A) / (w * (a + b));
          if (!decide(t) || !decide(1 - t)) continue;
          WidePoints centers = cells.mean;
          centers.col(i) = (A * cells.mean.col(i) + t * w * points.col(x)) / (A + t * w);
          centers.col(j) = (B * cells.mean.col(j) + (1 - t) * w * points.col(x)) / (B + (1 - t) * w);
          // p and q in one direction from x: one center twice, and no tie of x alone.
          if ((centers.col(i) - centers.col(j)).norm() < 1e-12L) continue;
          bool holds = true;
          for (int y = 0; y < n && holds; ++y) {
            const int own = y == x ? i : labels[static_cast<std::size_t>(y)];
            const Wide here = (points.col(y) - centers.col(own)).squaredNorm();
            for (int l = 0; l < k && holds; ++l)
              if (l != own && !(y == x && l == j))
                holds = decide((points.col(y) - centers.col(l)).squaredNorm() - here);
          }
          if (!holds) continue;
          result.states.emplace(identity(labels, x, {x}, i, j), t);
        }
    });
  return result;
}

template <class N>
std::set<Identity> identities(const N& network) {
  std::set<Identity> result;
  for (const auto& state : network.states) result.insert(identity(state));
  return result;
}

template <class Objective>
auto from_centers(const Objective& objective, const std::vector<Eigen::MatrixXd>& centers,
                  const TransitionOptions& options = {}) {
  return transition_states(objective, std::span<const Eigen::MatrixXd>(centers), options);
}

}  // namespace

namespace {

/// G_n by its definition.
double plain_value(const Eigen::MatrixXd& points, const Eigen::MatrixXd& centers) {
  Wide sum = 0;
  for (Index i = 0; i < points.cols(); ++i) {
    Wide least = std::numeric_limits<Wide>::infinity();
    for (Index j = 0; j < centers.cols(); ++j)
      least = std::min(least, (points.col(i) - centers.col(j)).cast<Wide>().squaredNorm());
    sum += least;
  }
  return static_cast<double>(sum);
}

/// Whether a state of equally weighted points is one, from its labels alone and with more digits: shares from the tie,
/// the tie to be the least squared distance, every other point strictly nearest to its own center.
template <class State>
void check_state(const Eigen::MatrixXd& data, const State& state) {
  const WidePoints points = data.cast<Wide>();
  const auto k = static_cast<int>(state.centers.cols());
  Names labels(state.labels.begin(), state.labels.end());
  Wide w = 0;
  std::vector<Wide> weights(labels.size(), 1);
  for (Index y = 0; y < points.cols(); ++y)
    if (data.col(y) == data.col(state.point)) {
      REQUIRE(labels[static_cast<std::size_t>(y)] == state.first);
      labels[static_cast<std::size_t>(y)] = -1;
      w += 1;
    }
  const Means cells(points, weights, labels, k);
  WidePoints centers = cells.mean;
  const auto share = [&](int cell, Wide part) {
    const Wide mass = cells.mass[static_cast<std::size_t>(cell)];
    centers.col(cell) = (mass * cells.mean.col(cell) + part * w * points.col(state.point)) / (mass + part * w);
  };
  REQUIRE(state.t > 0);
  REQUIRE(state.t < 1);
  share(state.first, state.t);
  share(state.second, 1 - static_cast<Wide>(state.t));
  const double scale = data.cwiseAbs().maxCoeff();
  CHECK(static_cast<double>((centers - state.centers.template cast<Wide>()).cwiseAbs().maxCoeff()) < 1e-13 * scale);
  const auto distance = [&](Index y, int cell) { return (points.col(y) - centers.col(cell)).squaredNorm(); };
  const Wide tie = distance(state.point, state.first);
  CHECK(static_cast<double>(std::abs(tie - distance(state.point, state.second))) < 1e-12 * scale * scale);
  bool strict = true;
  for (Index y = 0; y < points.cols(); ++y) {
    const int own = labels[static_cast<std::size_t>(y)];
    for (int l = 0; l < k; ++l) {
      if (own < 0 ? l == state.first || l == state.second : l == own) continue;
      strict &= distance(y, l) > (own < 0 ? tie : distance(y, own));
    }
  }
  CHECK(strict);
  CHECK(state.value == Approx(plain_value(data, state.centers)).epsilon(1e-12));
}

template <class A, class B>
void check_same_network(const A& a, const B& b) {
  REQUIRE(a.minima.size() == b.minima.size());
  REQUIRE(a.states.size() == b.states.size());
  CHECK(a.status == b.status);
  CHECK(a.explored == b.explored);
  CHECK(a.starts.total == b.starts.total);
  CHECK(a.starts.found_state == b.starts.found_state);
  for (std::size_t m = 0; m < a.minima.size(); ++m) {
    CHECK(a.minima[m].value == b.minima[m].value);
    CHECK(a.minima[m].centers == b.minima[m].centers);
  }
  for (std::size_t s = 0; s < a.states.size(); ++s) {
    CHECK(a.states[s].value == b.states[s].value);
    CHECK(a.states[s].t == b.states[s].t);
    CHECK(a.states[s].centers == b.states[s].centers);
    CHECK(a.states[s].point == b.states[s].point);
    CHECK(a.states[s].first_minimum == b.states[s].first_minimum);
    CHECK(a.states[s].second_minimum == b.states[s].second_minimum);
  }
}

template <class N>
void check_counts(const N& network) {
  const auto& starts = network.starts;
  CHECK(starts.found_state + starts.outside + starts.third_center + starts.tied_point + starts.empty_cell +
            starts.degenerate + starts.no_convergence ==
        starts.total);
}

}  // namespace

TEST_CASE("three points on a line: the middle one divides in halves, at 2/3 between two minima at 1/2") {
  // Centers -2/3 and 2/3: 2 (1/3)^2 + (2/3)^2.
  const auto network = from_centers(EmpiricalObjective(on_line({-1, 0, 1})), {on_line({-0.5, 1})});
  REQUIRE(network.minima.size() == 2);
  REQUIRE(network.states.size() == 1);
  const auto& state = network.states[0];
  CHECK(state.point == 1);
  CHECK(state.t == 0.5);
  CHECK(state.value == Approx(2.0 / 3).epsilon(1e-15));
  CHECK(state.centers.isApprox(on_line({-2.0 / 3, 2.0 / 3}), 1e-15));
  CHECK(network.minima[0].value == 0.5);
  CHECK(network.minima[1].value == 0.5);
  CHECK(std::set<Index>{state.first_minimum, state.second_minimum} == std::set<Index>{0, 1});
  CHECK(network.status == NetworkStatus::closed);
  CHECK(network.explored == 2);
  // First and second minimum are those where the whole point is in cell `first`, or `second`.
  CHECK(network.minima[static_cast<std::size_t>(state.first_minimum)].labels(1) ==
        network.minima[static_cast<std::size_t>(state.first_minimum)].labels(state.first == state.labels(0) ? 0 : 2));
}

TEST_CASE("every facet start of 8 points leads to an enumerated state, and every enumerated state to itself") {
  Index states = 0;
  for (std::uint64_t seed = 0; seed < testing::trials(12u); ++seed) {
    const int n = 8, k = 2 + static_cast<int>(seed % 2);
    const Index d = 1 + static_cast<Index>(seed % 3);
    const Eigen::MatrixXd points = normal_points(d, n, seed);
    std::vector<Wide> weights;
    Eigen::ArrayXd given(n);
    for (int i = 0; i < n; ++i) {
      given(i) = seed < 6 ? 1 : 0.5 + i % 3;
      weights.push_back(given(i));
    }
    const auto expected = enumerate(points, weights, k);
    REQUIRE(expected.margin > 1e-9);
    const EmpiricalObjective<double> objective(points, given);
    const kmscape::internal::FacetLloyd<double, Eigen::Dynamic> facets(objective);
    kmscape::internal::FacetLloyd<double, Eigen::Dynamic>::Workspace work;
    std::set<Identity> found;
    for (int x = 0; x < n; ++x)
      for_each_partition(n - 1, k, [&](const Names& others) {
        for (Label i = 0; i < k; ++i)
          for (Label j = 0; j < k; ++j) {
            if (i == j) continue;
            Names labels = others;
            labels.insert(labels.begin() + x, i);
            const auto from = facets.partition(Eigen::Map<const kmscape::Labels>(labels.data(), n), k);
            if (facets.run(from, x, i, j, 1000, work) != kmscape::internal::FacetEnd::state) continue;
            const auto which = identity(std::vector<Label>(work.labels.begin(), work.labels.end()), x, {x}, i, j);
            found.insert(which);
            const auto known = expected.states.find(which);
            REQUIRE(known != expected.states.end());
            const Wide t = known->second, other = 1 - t, here = work.t;
            CHECK(static_cast<double>(std::min(std::abs(here - t), std::abs(here - other))) < 1e-12);
          }
      });
    CHECK(found.size() == expected.states.size());
    states += static_cast<Index>(found.size());
  }
  CHECK(states > testing::trials(200));
}

TEST_CASE("networks of up to 10 points hold every minimum, nothing but enumerated states, and most of those") {
  Index known = 0, reached = 0, reached_by_more = 0, reached_by_all = 0;
  for (std::uint64_t seed = 0; seed < testing::trials(24u); ++seed) {
    const int n = 7 + static_cast<int>(seed % 4), k = 2 + static_cast<int>(seed / 3 % 2);
    const Eigen::MatrixXd points = normal_points(2, n, seed + 2000);
    const auto expected = enumerate(points, std::vector<Wide>(static_cast<std::size_t>(n), 1), k);
    REQUIRE(expected.margin > 1e-9);
    const EmpiricalObjective<double> objective(points);
    const auto network = from_centers(objective, expected.minimum_centers);
    const auto more =
        from_centers(objective, expected.minimum_centers, {.from_states = true, .random_partitions = 200});
    const auto all = from_centers(objective, expected.minimum_centers,
                                  {.from_states = true, .all_pairs = true, .random_partitions = 2000});
    for (const auto* found : {&network, &more, &all}) {
      CHECK(found->status == NetworkStatus::closed);
      CHECK(found->minima.size() == expected.minima.size());
      for (const auto& minimum : found->minima) CHECK(expected.minima.contains(cells_of(minimum.labels)));
      check_counts(*found);
      const auto ids = identities(*found);
      CHECK(ids.size() == found->states.size());
      for (const auto& id : ids) REQUIRE(expected.states.contains(id));
    }
    known += static_cast<Index>(expected.states.size());
    reached += static_cast<Index>(network.states.size());
    reached_by_more += static_cast<Index>(more.states.size());
    reached_by_all += static_cast<Index>(all.states.size());
    CHECK(all.starts.total % (n * k * (k - 1) / 2) == 0);
    const auto few = identities(network), many = identities(more), most = identities(all);
    CHECK(std::includes(many.begin(), many.end(), few.begin(), few.end()));
    CHECK(std::includes(most.begin(), most.end(), many.begin(), many.end()));
  }
  CHECK(known > (testing::is_sanitized ? 70 : 500));
  CHECK(static_cast<double>(reached) > 0.8 * static_cast<double>(known));
  CHECK(static_cast<double>(reached_by_more) > 0.95 * static_cast<double>(known));
  CHECK(static_cast<double>(reached_by_all) > 0.99 * static_cast<double>(known));
}

TEST_CASE("iris, k = 3: from its survey 10 minima and 13 transition states in one component, each certified anew") {
  const auto objective = iris();
  const Eigen::MatrixXd points = objective.points();
  const auto minima = survey(objective, {.clusters = 3, .restarts = 100, .stuck_tests = false});
  const auto network = transition_states(objective, minima);
  CHECK(network.status == NetworkStatus::closed);
  CHECK(network.minima.size() == 10);
  CHECK(network.states.size() == 13);
  CHECK(network.explored == 10);
  CHECK(network.starts.total == 10 * 149 * 2);  // 149 distinct points
  CHECK(connected_components(network).count == 1);
  CHECK(network.best().value == Approx(78.851441426146).epsilon(1e-12));
  check_counts(network);
  for (const auto& minimum : network.minima) {
    const auto certificate = certify(objective, minimum.centers);
    CHECK(certificate.status == kmscape::CertificateStatus::strict_minimum);
    CHECK((objective.assign(minimum.centers).labels == minimum.labels).all());
    CHECK(minimum.sizes.sum() == 150);
  }
  for (const auto& state : network.states) {
    check_state(points, state);
    for (const Index below : {state.first_minimum, state.second_minimum}) {
      REQUIRE(below >= 0);
      CHECK(network.minima[static_cast<std::size_t>(below)].value < state.value);
    }
  }
  // The same from its best minimum alone.
  const auto from_best = from_centers(objective, {network.best().centers});
  CHECK(identities(from_best) == identities(network));
}

TEST_CASE("iris, k = 4: one component, every state certified anew, more with starts beside the states") {
  const auto objective = iris();
  const Eigen::MatrixXd points = objective.points();
  const auto minima = survey(objective, {.clusters = 4, .restarts = 100, .stuck_tests = false});
  const auto network = transition_states(objective, minima);
  CHECK(network.status == NetworkStatus::closed);
  CHECK(network.minima.size() >= 29);
  CHECK(network.states.size() >= 54);
  CHECK(connected_components(network).count == 1);
  for (const auto& state : network.states) check_state(points, state);
  const Index most = testing::is_sanitized ? 36 : 60;
  const auto more = transition_states(objective, minima, {.from_states = true, .max_minima = most});
  CHECK(more.status == NetworkStatus::minima_budget);
  CHECK(more.minima.size() == static_cast<std::size_t>(most));
  for (const auto& state : more.states) check_state(points, state);
}

TEST_CASE("along minimum, transition state, minimum the objective is highest at the state") {
  const auto objective = iris();
  const Eigen::MatrixXd points = objective.points();
  const auto network = from_centers(objective, {points.leftCols(4), points.middleCols(60, 4)});
  REQUIRE(network.states.size() > 20);
  Index segments = 0;
  for (const auto& state : network.states)
    for (const bool to_first : {true, false}) {
      // Down by Lloyd's iteration, from means of the adjoining partition, on straight lines.
      kmscape::Labels labels = state.labels;
      for (Index y = 0; y < labels.size(); ++y)
        if (points.col(y) == points.col(state.point)) labels(y) = to_first ? state.first : state.second;
      const Means cells(points.cast<Wide>(), std::vector<Wide>(150, 1), {labels.begin(), labels.end()}, 4);
      const auto fit = kmscape::lloyd(objective, Eigen::MatrixXd(cells.mean.cast<double>()), {.keep_centers = true});
      const Index end = to_first ? state.first_minimum : state.second_minimum;
      if (fit.empty_cells > 0) continue;
      CHECK(cells_of(fit.labels) == cells_of(network.minima[static_cast<std::size_t>(end)].labels));
      Eigen::MatrixXd from = state.centers;
      for (const auto& to : fit.path) {
        ++segments;
        for (int part = 1; part <= 8; ++part)
          REQUIRE(plain_value(points, from + (to - from) * (part / 8.0)) < state.value);
        from = to;
      }
    }
  CHECK(segments > 100);
}

TEST_CASE("around a transition state one pair of directions goes down, and all orthogonal to it go up") {
  for (std::uint64_t seed = 0; seed < testing::trials(5u); ++seed) {
    const Eigen::MatrixXd points = normal_points(2, 30, seed);
    const EmpiricalObjective<double> objective(points);
    const auto network = transition_states(objective, survey(objective, {.clusters = 3, .restarts = 20}));
    REQUIRE(network.states.size() > 0);
    for (const auto& state : network.states) {
      // Gradients of the two pieces by differences of the pieces, which are quadratics: exact but for rounding.
      const auto piece = [&](const Eigen::MatrixXd& centers, Label cell) {
        double sum = 0;
        for (Index y = 0; y < points.cols(); ++y)
          sum += (points.col(y) - centers.col(y == state.point ? cell : state.labels(y))).squaredNorm();
        return sum;
      };
      const auto gradient = [&](Label cell) {
        Eigen::MatrixXd result(2, 3);
        for (Index c = 0; c < 6; ++c) {
          Eigen::MatrixXd up = state.centers, down = state.centers;
          up.data()[c] += 0.5;
          down.data()[c] -= 0.5;
          result.data()[c] = piece(up, cell) - piece(down, cell);
        }
        return result;
      };
      const Eigen::MatrixXd first = gradient(state.first), second = gradient(state.second);
      REQUIRE((state.t * first + (1 - state.t) * second).norm() < 1e-11 * (1 + first.norm()));
      REQUIRE(first.norm() > 1e-6);
      const Eigen::MatrixXd down = first / first.norm();
      // As far as the two pieces reach: no other label changes.
      const auto two = objective.nearest_two(state.centers);
      double gap = std::numeric_limits<double>::infinity();
      for (Index y = 0; y < points.cols(); ++y)
        if (y != state.point)
          gap = std::min(gap, std::sqrt(two.second_squared_distance(y)) - std::sqrt(two.first_squared_distance(y)));
      const double step = std::min({1e-3, gap / 3, first.norm() / 1e3, second.norm() / 1e3});
      const double here = plain_value(points, state.centers);
      CHECK(plain_value(points, state.centers + step * down) < here);
      CHECK(plain_value(points, state.centers - step * down) < here);
      if (step < 1e-6) continue;  // second order would drown in rounding
      for (std::uint64_t draw = 0; draw < 8; ++draw) {
        Eigen::MatrixXd across = normal_points(2, 3, 100 * seed + draw);
        across -= down * (down.array() * across.array()).sum();
        across /= across.norm();
        CHECK(plain_value(points, state.centers + step * across) > here);
        CHECK(plain_value(points, state.centers - step * across) > here);
      }
    }
  }
}

TEST_CASE("copies of points give the network of weighted points") {
  const Eigen::MatrixXd points = normal_points(2, 25, 3);
  Eigen::ArrayXd weights(25);
  std::vector<Index> of;
  for (Index i = 0; i < 25; ++i) {
    weights(i) = static_cast<double>(1 + i % 3);
    for (Index copy = 0; copy <= i % 3; ++copy) of.push_back(i);
  }
  Eigen::MatrixXd copies(2, static_cast<Index>(of.size()));
  for (std::size_t c = 0; c < of.size(); ++c) copies.col(static_cast<Index>(c)) = points.col(of[c]);
  const std::vector<Eigen::MatrixXd> start = {points.leftCols(3)};
  const auto weighted = from_centers(EmpiricalObjective<double>(points, weights), start);
  const auto copied = from_centers(EmpiricalObjective<double>(copies), start);
  REQUIRE(weighted.states.size() > 3);
  REQUIRE(weighted.states.size() == copied.states.size());
  REQUIRE(weighted.minima.size() == copied.minima.size());
  CHECK(weighted.starts.total == copied.starts.total);
  for (std::size_t s = 0; s < weighted.states.size(); ++s) {
    const auto &a = weighted.states[s], &b = copied.states[s];
    CHECK(a.value == b.value);
    CHECK(a.t == b.t);
    CHECK(a.centers == b.centers);
    CHECK(a.point == of[static_cast<std::size_t>(b.point)]);
    CHECK(a.first_minimum == b.first_minimum);
    CHECK(a.second_minimum == b.second_minimum);
    for (Index c = 0; c < copies.cols(); ++c) CHECK(b.labels(c) == a.labels(of[static_cast<std::size_t>(c)]));
    check_state(copies, b);
  }
  for (std::size_t m = 0; m < weighted.minima.size(); ++m) {
    CHECK(weighted.minima[m].value == copied.minima[m].value);
    CHECK(copied.minima[m].sizes.sum() == copies.cols());
  }
}

TEST_CASE("threads change no bit of a network, nor where it stops") {
  const EmpiricalObjective<double> objective(normal_points(3, 60, 11));
  const auto minima = survey(objective, {.clusters = 4, .restarts = 10, .stuck_tests = false});
  const auto with = [&](TransitionOptions options, int threads) {
    options.threads = threads;
    return transition_states(objective, minima, options);
  };
  const TransitionOptions limited{.max_minima = 40}, few{.max_states = 25},
      sampled{.max_minima = 40, .starts_per_partition = 20, .seed = 5},
      more{.from_states = true, .random_partitions = 5, .max_minima = 40};
  for (const auto& options : {limited, few, sampled, more}) {
    const auto one = with(options, 1);
    REQUIRE(one.states.size() > 10);
    for (const int threads : {2, 3}) check_same_network(one, with(options, threads));
  }
}

TEST_CASE("a network far from the origin is the one near it") {
  // On a grid of 2^-10 the offset is added without rounding.
  Eigen::MatrixXd points = normal_points(2, 40, 21);
  points = (points * 1024).array().round() / 1024;
  const std::vector<Eigen::MatrixXd> start = {points.leftCols(3)};
  std::vector<Eigen::MatrixXd> far_start = start;
  far_start[0].array() += 1e6;
  const auto near = from_centers(EmpiricalObjective<double>(points), start);
  const auto far = from_centers(EmpiricalObjective<double>(points.array() + 1e6), far_start);
  REQUIRE(near.states.size() > 5);
  REQUIRE(near.states.size() == far.states.size());
  CHECK(identities(near) == identities(far));
  for (std::size_t s = 0; s < near.states.size(); ++s) {
    CHECK(near.states[s].value == far.states[s].value);
    CHECK(near.states[s].t == far.states[s].t);
  }
}

TEST_CASE("float data has the network of its double copy") {
  const Eigen::MatrixXf points = normal_points<float>(2, 40, 8);
  const Eigen::MatrixXd wide = points.cast<double>();
  const std::vector<Eigen::MatrixXd> start = {wide.leftCols(3)};
  const auto narrow = from_centers(EmpiricalObjective<float>(points), start);
  const auto copy = from_centers(EmpiricalObjective<double>(wide), start);
  REQUIRE(narrow.states.size() > 5);
  check_same_network(narrow, copy);
}

TEST_CASE("whole numbers full of ties: what is found is strict, and every start is accounted for") {
  Index states = 0, refused = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Eigen::MatrixXd points = testing::grid_points(1 + static_cast<Index>(seed % 2), 14, 6, seed);
    const EmpiricalObjective<double> objective(points);
    const auto k = std::min<Index>(3, objective.distinct_points(3));
    const auto network = transition_states(objective, survey(objective, {.clusters = k, .restarts = 30}));
    check_counts(network);
    for (const auto& minimum : network.minima)
      CHECK(certify(objective, minimum.centers).status == kmscape::CertificateStatus::strict_minimum);
    for (const auto& state : network.states) check_state(points, state);
    states += static_cast<Index>(network.states.size());
    refused += network.starts.degenerate + network.starts.tied_point;
  }
  CHECK(states > 50);
  CHECK(refused > 10);
}

TEST_CASE("collinear and degenerate starts end as such") {
  // All weight of one point: no state between two points, and none for k = n or k = 1.
  CHECK(from_centers(EmpiricalObjective<double>(on_line({0, 5})), {on_line({0, 5})}).states.empty());
  const auto every = from_centers(EmpiricalObjective<double>(on_line({0, 1, 5})), {on_line({0, 1, 5})});
  CHECK(every.minima.size() == 1);
  CHECK(every.starts.empty_cell == 6);  // a cell of one point has nothing left without it
  const auto one = from_centers(EmpiricalObjective<double>(on_line({0, 1, 5})), {on_line({2})});
  CHECK(one.minima.size() == 1);
  CHECK(one.starts.total == 0);
  CHECK(one.status == NetworkStatus::closed);
  CHECK(one.explored == 1);
}

TEST_CASE("centers that are no minimum are taken down, and empty ones put to use") {
  const EmpiricalObjective<double> objective(on_line({0, 1, 10, 11, 20, 22}));
  const auto network = from_centers(objective, {on_line({0, 1, 500}), on_line({0.5, 10.5, 21})});
  CHECK(network.best().value == 0.5 + 0.5 + 2);
  for (const auto& minimum : network.minima) CHECK(minimum.sizes.minCoeff() > 0);
  CHECK(network.uncertified_given == 0);
}

TEST_CASE("budgets and the callback end a search, and say so") {
  const auto objective = iris();
  const std::vector<Eigen::MatrixXd> start = {objective.points().leftCols(4)};
  const auto whole = from_centers(objective, start);
  const auto minima = from_centers(objective, start, {.max_minima = 5});
  CHECK(minima.status == NetworkStatus::minima_budget);
  CHECK(minima.minima.size() == 5);
  CHECK(minima.explored < 5);
  check_counts(minima);
  const auto states = from_centers(objective, start, {.max_states = 7});
  CHECK(states.status == NetworkStatus::states_budget);
  CHECK(states.states.size() == 7);
  check_counts(states);
  // A budget that is met and not exceeded is no reason to stop.
  const auto exact = from_centers(
      objective, start,
      {.max_minima = static_cast<Index>(whole.minima.size()), .max_states = static_cast<Index>(whole.states.size())});
  CHECK(exact.status == NetworkStatus::closed);
  check_same_network(exact, whole);

  Index calls = 0;
  const auto stopped = from_centers(objective, start, {.progress = [&](const kmscape::Progress& progress) {
                                      ++calls;
                                      CHECK(progress.stage == "starts");
                                      CHECK(progress.done <= progress.total);
                                      return false;
                                    }});
  CHECK(calls == 1);
  CHECK(stopped.status == NetworkStatus::stopped_by_callback);
  CHECK(stopped.starts.total < whole.starts.total);
  check_counts(stopped);

  const auto sampled = from_centers(objective, start, {.starts_per_partition = 50, .seed = 3});
  CHECK(sampled.sampled);
  CHECK_FALSE(whole.sampled);
  CHECK(sampled.starts.total == 50 * sampled.explored);
  CHECK(to_string(sampled.status) == "closed");
  // A limit of one step is met by most, and said.
  const auto hasty = from_centers(objective, {whole.best().centers}, {.max_iterations = 1});
  CHECK(hasty.starts.no_convergence > 0);
  check_counts(hasty);
}

TEST_CASE("transition_states refuses what it cannot start from") {
  const EmpiricalObjective<double> objective(on_line({0, 0, 1, 2}));
  const auto with = [&](const std::vector<Eigen::MatrixXd>& minima, const TransitionOptions& options = {}) {
    return refusal([&] { static_cast<void>(from_centers(objective, minima, options)); });
  };
  CHECK(with({}) ==
        "kmscape::transition_states: minima = an empty list, but the search starts at minima; pass those of a survey");
  CHECK_THAT(with({on_line({0, 1}), on_line({std::nan(""), 1})}),
             ContainsSubstring("kmscape::transition_states: minima[1](0, 0) = nan"));
  CHECK_THAT(with({on_line({0, 1}), on_line({1})}),
             ContainsSubstring("minima[1] = 1 centers, but minima[0] has 2; pass minima of one k"));
  CHECK_THAT(with({Eigen::MatrixXd::Zero(2, 2)}), ContainsSubstring("minima[0] = a 2 x 2 matrix"));
  CHECK_THAT(with({on_line({0, 1, 2, 3})}),
             ContainsSubstring("minima[0].cols() = 4, but the data holds 3 distinct points"));
  CHECK_THAT(with({on_line({0, 1})}, {.random_partitions = -1}), ContainsSubstring("options.random_partitions = -1"));
  CHECK_THAT(with({on_line({0, 1})}, {.max_minima = 0}), ContainsSubstring("options.max_minima = 0"));
  CHECK_THAT(with({on_line({0, 1})}, {.max_states = 0}), ContainsSubstring("options.max_states = 0"));
  CHECK_THAT(with({on_line({0, 1})}, {.starts_per_partition = -1}),
             ContainsSubstring("options.starts_per_partition = -1"));
  CHECK_THAT(with({on_line({0, 1})}, {.max_iterations = 0}), ContainsSubstring("options.max_iterations = 0"));
  CHECK_THAT(with({on_line({0, 1})}, {.threads = -2}),
             ContainsSubstring("kmscape::transition_states: options.threads"));
}

// The worked example of the k-means tutorial, section 4, step by step, and its claim about poor starts put to the test.
//
// Six points, K = 2, start (1, 1) and (5, 5). The tutorial ends at J = 2.67, and says that a poor start, "e.g., both
// near A, may converge to suboptimal J=10+". There are 31 ways to cut six points in two, few enough to look at all of
// them. The program fails if a number is not the tutorial's, or if what it says about poor starts is not so.
//
// Small run:
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"

namespace {

using kmscape::EmptyCell;
using kmscape::Index;
using Objective = kmscape::EmpiricalObjective<double, 2>;
using Centers = kmscape::Centers<double, 2>;

Objective six_points();
void follow_the_example(const Objective& objective);
void look_at_every_bipartition(const Objective& objective);
void start_from_every_pair_of_points(const Objective& objective);
void start_where_a_cell_may_be_empty(const Objective& objective);

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "tutorial", {});
    if (arguments.printed_help()) return;
    if (!arguments.positional().empty()) throw examples::input_error("there is nothing to choose; see --help");
    const Objective objective = six_points();
    follow_the_example(objective);
    look_at_every_bipartition(objective);
    start_from_every_pair_of_points(objective);
    start_where_a_cell_may_be_empty(objective);
  });
}

namespace {

constexpr std::array names = {'A', 'B', 'C', 'D', 'E', 'F'};
constexpr double best_value = 8.0 / 3, one_cell_value = 152.0 / 3;

Objective six_points() {
  kmscape::Points<double, 2> points(2, 6);
  points << 1, 1, 2, 5, 5, 6,  //
      1, 2, 1, 5, 6, 5;
  return Objective(points);
}

Centers pair_of(const Eigen::Vector2d& first, const Eigen::Vector2d& second) {
  Centers centers(2, 2);
  centers << first, second;
  return centers;
}

std::string fixed(double value, int decimals = 2) {
  char out[64];
  std::snprintf(out, sizeof out, "%.*f", decimals, value);
  return out;
}

std::string at(const Eigen::Vector2d& x, int decimals = 2) {
  return std::string("(").append(fixed(x.x(), decimals)).append(", ").append(fixed(x.y(), decimals)).append(")");
}

/// The members of the cell `label`.
std::string members(const kmscape::Labels& labels, kmscape::Label label) {
  std::string list;
  for (Index i = 0; i < labels.size(); ++i)
    if (labels(i) == label) list += (list.empty() ? "" : ",") + std::string(1, names[static_cast<std::size_t>(i)]);
  return list;
}

std::string cells(const kmscape::Labels& labels) { return members(labels, 0) + " | " + members(labels, 1); }

void must_hold(bool holds, const std::string& statement) {
  if (!holds) throw std::runtime_error("this does not hold: " + statement);
}

/// One line "tutorial says / we measure"; the two must be the same text.
void compare(const std::string& what, const std::string& tutorial, const std::string& measured) {
  std::printf("    %-24s tutorial says %-14s we measure %s\n", what.c_str(), tutorial.c_str(), measured.c_str());
  must_hold(tutorial == measured, what + " = " + tutorial);
}

bool is_value(double value, double expected) { return std::abs(value - expected) < 1e-12 * expected; }

void follow_the_example(const Objective& objective) {
  const auto points = objective.points();
  const auto run = kmscape::lloyd(objective, pair_of({1, 1}, {5, 5}), {.keep_values = true, .keep_centers = true});
  std::cout << "Section 4: six points, K = 2, start (1, 1) and (5, 5)\n";
  for (std::size_t step = 0; step < run.path.size(); ++step) {
    const Centers centers = run.path[step];
    const auto assignment = objective.assign(centers);
    std::cout << "\n  Iteration " << step + 1 << ": means " << at(centers.col(0)) << " and " << at(centers.col(1))
              << '\n';
    for (Index i = 0; i < objective.size(); ++i)
      std::printf("    %c %s  to mu_1 %.2f  to mu_2 %.2f  -> cluster %d\n", names[static_cast<std::size_t>(i)],
                  at(points.col(i), 0).c_str(), (points.col(i) - centers.col(0)).norm(),
                  (points.col(i) - centers.col(1)).norm(), assignment.labels(i) + 1);
    std::cout << "    J = " << fixed(run.values[step], 4) << '\n';
  }

  std::cout << "\n  Checked\n";
  const std::array<const char*, 6> distances = {"0.00", "1.00", "1.00", "5.66", "6.40", "6.40"};
  for (Index i = 0; i < objective.size(); ++i)
    compare(std::string("distance of ") + names[static_cast<std::size_t>(i)] + " to mu_1",
            distances[static_cast<std::size_t>(i)], fixed((points.col(i) - run.path[0].col(0)).norm()));
  compare("cluster 1", "A,B,C", members(run.labels, 0));
  compare("cluster 2", "D,E,F", members(run.labels, 1));
  compare("new mu_1", "(1.33, 1.33)", at(run.path[1].col(0)));
  compare("new mu_2", "(5.33, 5.33)", at(run.path[1].col(1)));
  compare("iteration 2", "converge", run.status == kmscape::LloydStatus::fixed_point ? "converge" : "goes on");
  compare("iterations", "2", std::to_string(run.path.size()));
  compare("J", "2.67", fixed(run.value));
  must_hold(is_value(run.value, best_value), "J = 8/3");
  std::cout << "    J is 8/3 to rounding, down from " << fixed(run.values[0]) << " at the start\n";
}

/// The two means of the points in `subset`, one bit a point, and of the others.
Centers means_of(const Objective& objective, unsigned subset, kmscape::Labels& labels) {
  Centers sums = Centers::Zero(2, 2);
  Eigen::Array2d counts(0, 0);
  labels.resize(objective.size());
  for (Index i = 0; i < objective.size(); ++i) {
    labels(i) = (subset >> i & 1u) != 0 ? 0 : 1;
    sums.col(labels(i)) += objective.points().col(i);
    counts(labels(i)) += 1;
  }
  return pair_of(sums.col(0) / counts(0), sums.col(1) / counts(1));
}

/// The sum of squared distances to the own mean, and whether no point is nearer to the other mean.
struct Judgement {
  double value;
  bool is_fixed;
};

Judgement judge(const Objective& objective, const kmscape::Labels& labels, const Centers& means) {
  Judgement result{0, true};
  for (Index i = 0; i < objective.size(); ++i) {
    const double own = (objective.points().col(i) - means.col(labels(i))).squaredNorm();
    const double other = (objective.points().col(i) - means.col(1 - labels(i))).squaredNorm();
    result.value += own;
    result.is_fixed &= own <= other;
  }
  return result;
}

void look_at_every_bipartition(const Objective& objective) {
  int fixed_points = 0, ends_at_best = 0;
  double second = std::numeric_limits<double>::infinity(), highest = 0;
  std::string the_fixed_one, the_second;
  for (unsigned subset = 1; subset < 63; subset += 2) {  // those that hold A, all six excepted
    kmscape::Labels labels;
    const Centers means = means_of(objective, subset, labels);
    const auto [value, is_fixed] = judge(objective, labels, means);
    highest = std::max(highest, value);
    if (is_fixed) {
      ++fixed_points;
      the_fixed_one = cells(labels);
      must_hold(is_value(value, best_value), "the fixed point has J = 8/3");
    } else if (value < second) {
      second = value;
      the_second = cells(labels);
    }
    // An empty center would be dropped here, and J = 152/3 be left.
    const auto run = kmscape::lloyd(objective, means, {.on_empty = EmptyCell::drop});
    ends_at_best += is_value(run.value, best_value) ? 1 : 0;
  }
  must_hold(fixed_points == 1, "one bipartition is a fixed point");
  must_hold(ends_at_best == 31, "Lloyd's iteration goes from the means of every bipartition to J = 8/3");
  std::cout
      << "\nThe claim: \"if poor init (e.g., both near A), may converge to suboptimal J=10+\"\n\n"
      << "  All 31 ways to cut the points in two\n"
      << "    fixed points of Lloyd's iteration: " << fixed_points << ", " << the_fixed_one << " with J = 8/3\n"
      << "    the next best cut, " << the_second << ", has J = " << fixed(second)
      << " and the worst J = " << fixed(highest) << "; a point moves in each\n"
      << "    from the means of all 31 the iteration ends at J = 8/3\n"
      << "  So no start that gives both centers a point can end elsewhere: after one step its centers are the means\n"
      << "  of one of these cuts. J = 10+ cannot happen from such a start.\n";
}

void start_from_every_pair_of_points(const Objective& objective) {
  int starts = 0, ends_at_best = 0;
  for (Index i = 0; i < objective.size(); ++i)
    for (Index j = 0; j < objective.size(); ++j) {
      const auto run = kmscape::lloyd(objective, pair_of(objective.points().col(i), objective.points().col(j)));
      ++starts;
      ends_at_best += is_value(run.value, best_value) ? 1 : 0;
    }
  must_hold(ends_at_best == starts, "every pair of data points leads to J = 8/3");
  std::cout << "\n  Both centers on data points, all " << starts << " ordered pairs, equal ones among them\n"
            << "    " << ends_at_best
            << " end at J = 8/3. (Of two centers on one point the second has no cell at first,\n"
            << "    but it stays, and wins points as the first moves off to the mean of all.)\n";
}

/// Ends of the starts whose centers lie on a grid from `low` to `high`.
struct Ends {
  int starts = 0, best = 0, one_cell = 0;
};

Ends from_grid(const Objective& objective, double low, double high, double step, EmptyCell policy) {
  std::vector<Eigen::Vector2d> places;
  const int count = static_cast<int>(std::lround((high - low) / step)) + 1;
  for (int x = 0; x < count; ++x)
    for (int y = 0; y < count; ++y) places.emplace_back(low + step * x, low + step * y);
  Ends ends;
  for (const auto& first : places)
    for (const auto& second : places) {
      const auto run = kmscape::lloyd(objective, pair_of(first, second), {.on_empty = policy});
      ++ends.starts;
      ends.best += is_value(run.value, best_value) ? 1 : 0;
      ends.one_cell += is_value(run.value, one_cell_value) ? 1 : 0;
    }
  must_hold(ends.best + ends.one_cell == ends.starts, "every start ends at J = 8/3 or at J = 152/3");
  return ends;
}

void start_where_a_cell_may_be_empty(const Objective& objective) {
  const Eigen::Vector2d mean = objective.points().rowwise().mean();
  must_hold(is_value(objective.value(mean), one_cell_value), "all points in one cell have J = 152/3");
  std::cout
      << "\n  Starts that may leave a center without a point (the tutorial: \"reinitialize randomly or drop it\")\n"
      << "    all points in one cell: mean " << at(mean) << ", J = 152/3 = " << fixed(one_cell_value) << '\n';

  struct Row {
    const char* where;
    double low, high, step;
  };
  const std::array<Row, 2> grids = {
      {{"both near A, in [0, 2]^2", 0, 2, 0.25}, {"anywhere in [-9, 15]^2", -9, 15, 1.5}}};
  bool near_a_fails_when_dropped = false, near_a_fails_when_kept = false, reseeding_fails = false;
  for (const auto& grid : grids) {
    const long places = std::lround((grid.high - grid.low) / grid.step) + 1;
    std::cout << "    " << grid.where << ", all pairs of places on a grid of " << places << " x " << places << '\n';
    for (const auto policy : {EmptyCell::keep, EmptyCell::drop, EmptyCell::reseed_random}) {
      const auto ends = from_grid(objective, grid.low, grid.high, grid.step, policy);
      std::printf("      %-14s J = 8/3: %6d   one cell, J = 152/3: %6d\n", std::string(to_string(policy)).c_str(),
                  ends.best, ends.one_cell);
      const bool fails = ends.one_cell > 0, near_a = &grid == grids.data();
      reseeding_fails |= fails && policy == EmptyCell::reseed_random;
      near_a_fails_when_dropped |= fails && near_a && policy == EmptyCell::drop;
      near_a_fails_when_kept |= fails && near_a && policy == EmptyCell::keep;
    }
  }
  must_hold(!reseeding_fails, "reinitialised, an empty center never stays without a point");
  must_hold(near_a_fails_when_dropped, "both near A, a dropped center leaves one cell");
  must_hold(!near_a_fails_when_kept, "both near A, a center that is kept finds points");
  std::cout
      << "\nFinding: where both clusters hold points, no start ends at J = 10+; J = 8/3 is the only end. A larger J\n"
         "comes from losing a cluster: a center that never gets a point leaves all six in one cell, J = 50.67. Both\n"
         "near A that happens where empty centers are dropped, which the tutorial allows, and not where they are\n"
         "kept or reinitialised.\n";
}

}  // namespace

// In place of BalLOT's Figure 6, whose caption was not at hand: how often its one-step initialisations recover planted
// balls by the first assignment, against the balls' distance.
//
// Small run: --out {out} --trials 4
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/report.hpp"
#include "common/two_balls.hpp"

namespace {

using kmscape::Index;

struct Start {
  std::string name;
  std::string colour;
};
const std::array<Start, 2> of_two = {
    {{"farthest pair", examples::before_colour}, {"two random points", examples::after_colour}}};
const std::array<Start, 3> of_five = {{{"groups of a sample", examples::before_colour},
                                       {"k-means++", examples::colour(2)},
                                       {"random points", examples::after_colour}}};
constexpr Index balls = 5, points_each = 100;

bool recovers(const kmscape::Sample<double>& sample, const Eigen::MatrixXd& start) {
  return start.cols() > 0 &&
         kmscape::exact_recovery(kmscape::assign_balanced(sample.points, start).labels, sample.labels);
}

Eigen::MatrixXd start_of_two(std::size_t which, const Eigen::MatrixXd& points, std::int64_t trial) {
  if (which == 1) return examples::random_pair(points, trial);
  const auto [first, second] = kmscape::farthest_pair(points);
  Eigen::MatrixXd start(points.rows(), 2);
  start << points.col(first), points.col(second);
  return start;
}

/// No centers where the groups are more or fewer than the balls.
Eigen::MatrixXd start_of_five(std::size_t which, const Eigen::MatrixXd& points, double delta, std::int64_t trial) {
  const auto seed = static_cast<std::uint64_t>(trial);
  if (which > 0)
    return kmscape::seed_centers(
               kmscape::EmpiricalObjective<double>(points), balls,
               {.method = which == 1 ? kmscape::Seeding::kmeans_plus_plus : kmscape::Seeding::uniform_points,
                .seed = seed})
        .centers;
  const auto chosen =
      kmscape::group_start(points, balls, {.reach = std::min(delta - 2, 2.0), .failure = 0.01, .seed = seed});
  Eigen::MatrixXd start(points.rows(), chosen.size() == std::size_t{balls} ? balls : 0);
  for (Index j = 0; j < start.cols(); ++j) start.col(j) = points.col(chosen[static_cast<std::size_t>(j)]);
  return start;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "ballot_figure_6 [--out DIR] [--trials T]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"trials", "T", "samples for each point, 200 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto trials = arguments.integer("trials", 200, 1);
    const double share = 100 / static_cast<double>(trials);

    examples::Report report("ballot_figure_6", "In place of BalLOT Figure 6: starts that recover in one step",
                            "This library's experiment, since the paper's Figure 6 was not at hand. The share of " +
                                std::to_string(trials) +
                                " samples whose planted balls the first assignment recovers. Left: two unit balls in "
                                "the plane, 100 points. Right: five on a line, 100 points each; groups of a sample are "
                                "the components of its graph of pairs at most min(Delta - 2, 2) apart, failure "
                                "probability 0.01; beyond Delta = 4 they are whole balls. Standard errors are at "
                                "most " +
                                examples::number(std::sqrt(0.25 / static_cast<double>(trials)) * 100, 2) +
                                " percentage points.");
    examples::Sheet sheet(folder / "ballot_figure_6.png", 980, 430);
    auto left = sheet.chart({75, 50, 380, 300}, "two balls, recovered by the first step",
                            "distance of the balls' centers, in radii", "% of samples");
    left.set("xrange [1.95:4.05]").set("yrange [-3:104]").set("key bottom right samplen 2");
    for (std::size_t m = 0; m < of_two.size(); ++m) {
      Eigen::MatrixXd line = Eigen::MatrixXd::Zero(2, 11);
      for (Index g = 0; g < line.cols(); ++g) {
        line(0, g) = 2 + 0.2 * static_cast<double>(g);
        for (std::int64_t trial = 0; trial < trials; ++trial) {
          const auto sample = examples::two_balls(line(0, g), 100, trial);
          line(1, g) += recovers(sample, start_of_two(m, sample.points, trial)) ? share : 0;
        }
      }
      left.add(line,
               "with linespoints lw 2 pt 7 ps 0.8 lc rgb '" + of_two[m].colour + "' title '" + of_two[m].name + "'");
      report.row(
          "two balls, " + of_two[m].name, m == 0 ? "initialisations with one-step recovery" : "not at hand",
          examples::number(line(1, 1), 4) + "% at Delta = 2.2, " + examples::number(line(1, 10), 4) + "% at Delta = 4");
    }
    left.finish();

    auto right = sheet.chart({560, 50, 380, 300}, "five balls on a line, recovered by the first step",
                             "distance of neighbouring balls' centers, in radii", "% of samples");
    right.set("xtics 2.4,0.8").set("arrow from 4,graph 0.2 to 4,graph 1 nohead lc rgb '#BBBBBB' dt 2 lw 1");
    right.label("groups are whole balls", {4, 20}, examples::faint, "left", {0.5, 0.6}, 10);
    right.set("xrange [2.3:5.7]").set("yrange [-3:104]").set("key bottom right samplen 2");
    for (std::size_t m = 0; m < of_five.size(); ++m) {
      Eigen::MatrixXd line = Eigen::MatrixXd::Zero(2, 9);
      for (Index g = 0; g < line.cols(); ++g) {
        line(0, g) = 2.4 + 0.4 * static_cast<double>(g);
        Eigen::MatrixXd centers = Eigen::MatrixXd::Zero(2, balls);
        centers.row(0) = kmscape::centers_on_line(balls, line(0, g));
        const kmscape::StochasticBallModel<double> model(centers, 1.0);
        for (std::int64_t trial = 0; trial < trials; ++trial) {
          const auto sample =
              model.sample_balanced(points_each * balls, kmscape::Seed(static_cast<std::uint64_t>(trial)));
          line(1, g) += recovers(sample, start_of_five(m, sample.points, line(0, g), trial)) ? share : 0;
        }
      }
      right.add(line,
                "with linespoints lw 2 pt 7 ps 0.8 lc rgb '" + of_five[m].colour + "' title '" + of_five[m].name + "'");
      report.row("five balls, " + of_five[m].name, m == 0 ? "initialisations with one-step recovery" : "not at hand",
                 examples::number(line(1, 0), 4) + "% at Delta = 2.4, " + examples::number(line(1, 4), 4) +
                     "% at Delta = 4, at least " + examples::number(line.row(1).tail(4).minCoeff(), 4) + "% above",
                 m == 0 ? "for Delta > 4 the groups are exactly the balls, if the sample meets all of them" : "");
    }
    right.finish();
    sheet.draw();
    report.write(folder);
  });
}

// BalLOT Figure 4: the probability that BalLOT recovers planted balls exactly, against their distance and the error of
// the start, for k = 2 and 3.
//
// Small run: --out {out} --trials 2 --grid 5
#include <algorithm>
#include <cstddef>
#include <string>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;

constexpr double least_delta = 1.6, most_delta = 4, most_error = 6;

struct Shares {
  double in_the_end = 0, in_one_step = 0;
};

/// Centers start in random directions, at distance `error` of the balls' centers.
Shares recovery(Index k, double delta, double error, std::int64_t trials) {
  const Eigen::MatrixXd centers = kmscape::centers_on_simplex(k, delta, 2);
  const kmscape::StochasticBallModel<double> model(centers, 1.0);
  Shares shares;
  for (std::int64_t trial = 0; trial < trials; ++trial) {
    const auto seed = static_cast<std::uint64_t>(trial);
    const auto sample = model.sample_balanced(50 * k, kmscape::Seed(seed));
    kmscape::RandomStream stream(kmscape::Seed(seed), 1);
    Eigen::MatrixXd start = centers;
    Eigen::VectorXd direction(2);
    for (Index j = 0; j < k; ++j) {
      stream.unit_sphere(direction);
      start.col(j) += error * direction;
    }
    const double share = 1 / static_cast<double>(trials);
    if (kmscape::exact_recovery(kmscape::ballot(sample.points, start).labels, sample.labels))
      shares.in_the_end += share;
    if (kmscape::exact_recovery(kmscape::assign_balanced(sample.points, start).labels, sample.labels))
      shares.in_one_step += share;
  }
  return shares;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "ballot_figure_4 [--out DIR] [--trials T] [--grid G]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"trials", "T", "samples for each point of the maps, 50 unless given"},
                                         {"grid", "G", "points along each axis, 25 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto trials = arguments.integer("trials", 50, 1);
    const Index grid = arguments.integer("grid", 25, 2, 200);

    examples::Report report("ballot_figure_4", "BalLOT Figure 4: where BalLOT recovers planted balls",
                            "50 points in each of k unit balls in the plane, centers Delta apart; every center starts "
                            "at the given distance from its ball's, in a random direction. Balls are apart for "
                            "Delta > 2. White: recovered in all of " +
                                std::to_string(trials) +
                                " samples, black: in none. The line is error = Delta / 2 - 1, below which one step is "
                                "proved to do it: a "
                                "statement of this library, which the paper's theorem may sharpen. The axes are ours.");
    examples::Sheet sheet(folder / "ballot_figure_4.png", 1050, 900);
    examples::ProgressBar bar;
    const auto progress = bar.callback();
    for (const Index k : {2, 3}) {
      Eigen::MatrixXd end(3, grid * grid), step(3, grid * grid);
      double sum_end = 0, sum_step = 0, below_line = 1;
      for (Index a = 0; a < grid; ++a) {
        for (Index b = 0; b < grid; ++b) {
          const double delta =
              least_delta + (most_delta - least_delta) * static_cast<double>(a) / static_cast<double>(grid - 1);
          const double error = most_error * static_cast<double>(b) / static_cast<double>(grid - 1);
          const auto shares = recovery(k, delta, error, trials);
          end.col(a * grid + b) << delta, error, shares.in_the_end;
          step.col(a * grid + b) << delta, error, shares.in_one_step;
          sum_end += shares.in_the_end / static_cast<double>(grid * grid);
          sum_step += shares.in_one_step / static_cast<double>(grid * grid);
          if (error < kmscape::recovery_radius(delta)) below_line = std::min(below_line, shares.in_one_step);
        }
        if (progress) progress({"maps", (k - 2) * grid + a + 1, 2 * grid});
      }
      const auto map = [&](const Eigen::MatrixXd& shares, bool is_end, double top, const std::string& title) {
        auto chart = sheet.chart({70 + 480 * static_cast<double>(k - 2), top, 390, 340},
                                 "k = " + std::to_string(k) + ": " + title, "distance of the balls' centers, in radii",
                                 "error of each starting center");
        chart.set("palette gray").set("cbrange [0:1]");
        const double half_x = (most_delta - least_delta) / static_cast<double>(2 * (grid - 1));
        const double half_y = most_error / static_cast<double>(2 * (grid - 1));
        chart.set("xrange [" + examples::number(least_delta - half_x) + ":" + examples::number(most_delta + half_x) +
                  "]");
        chart.set("yrange [" + examples::number(-half_y) + ":" + examples::number(most_error + half_y) + "]");
        chart.set("border 15").set("xtics 1.6,0.4").set("cblabel 'share of samples' offset -0.6,0");
        if (k == 3)
          chart.set("colorbox");
        else
          chart.set("colorbox user origin 2,2");  // off the page: one is enough
        chart.add(shares, "with image");
        Eigen::MatrixXd line(2, 2);
        line << 2, most_delta, 0, kmscape::recovery_radius(most_delta);
        chart.line(line, {examples::after_colour, 2.5, 1});
        Eigen::MatrixXd touching(2, 2);
        touching << 2, 2, -half_y, most_error + half_y;
        chart.line(touching, {examples::colour(5), 2, 2});
        chart.label("one step is proved below", {most_delta, kmscape::recovery_radius(most_delta)},
                    examples::after_colour, "right", {-0.3, 0.9}, 10);
        if (is_end) chart.label("balls touch", {2, most_error}, examples::colour(0), "left", {0.5, -0.3}, 10);
        chart.finish();
      };
      map(end, true, 50, "recovered in the end");
      map(step, false, 500, "recovered by the first step");
      report.row("k = " + std::to_string(k) + ", below the threshold", "recovered",
                 examples::number(100 * below_line, 4) + "% at the worst point of the map, in one step");
      report.row("k = " + std::to_string(k) + ", mean over the map", "a picture only",
                 examples::number(100 * sum_end, 4) + "% in the end, " + examples::number(100 * sum_step, 4) +
                     "% by the first step",
                 "iteration reaches far beyond the basin that is proved");
    }
    bar.clear();
    sheet.draw();
    report.write(folder);
  });
}

// BalLOT Figure 1: how often each method recovers two planted balls exactly, against their distance. All but the
// relaxation start from the same two random points.
//
// Small run: --out {out} --trials 3 --relaxations 1
#include <array>
#include <cstddef>
#include <string>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;

constexpr Index n = 100, grid = 11;
constexpr double relaxation_tolerance = 1e-4;
constexpr int relaxation_iterations = 500;
const std::array<std::string, 5> names = {"BalLOT", "Hungarian / Matchpair", "E-BalLOT", "Lloyd", "Amini-Levina SDP"};

/// Two unit balls in the plane, delta apart.
kmscape::StochasticBallModel<double> two_balls(double delta) {
  Eigen::MatrixXd centers = Eigen::MatrixXd::Zero(2, 2);
  centers(0, 1) = delta;
  return {centers, 1.0};
}

struct Tally {
  std::array<std::int64_t, 5> recovered{}, trials{};
  std::int64_t same_as_matching = 0, converged = 0;
};

Tally tally(double delta, std::int64_t trials, std::int64_t relaxations) {
  Tally result;
  for (std::int64_t trial = 0; trial < trials; ++trial) {
    const auto seed = static_cast<std::uint64_t>(trial);
    const auto sample = two_balls(delta).sample_balanced(n, kmscape::Seed(seed));
    kmscape::RandomStream stream(kmscape::Seed(seed), 1);
    const Index first = stream.index(n), second = (first + 1 + stream.index(n - 1)) % n;
    Eigen::MatrixXd start(2, 2);
    start << sample.points.col(first), sample.points.col(second);
    const auto count = [&](std::size_t method, const kmscape::Labels& labels) {
      result.recovered[method] += kmscape::exact_recovery(labels, sample.labels) ? 1 : 0;
      ++result.trials[method];
    };
    const auto exact = kmscape::ballot(sample.points, start);
    const auto matching = kmscape::matching_ballot(sample.points, start);
    result.same_as_matching += (exact.labels == matching.labels).all() ? 1 : 0;
    count(0, exact.labels);
    count(1, matching.labels);
    count(2, kmscape::entropic_ballot(sample.points, start).labels);
    count(3, kmscape::lloyd(kmscape::EmpiricalObjective<double>(sample.points), start).labels);
    if (trial < relaxations) {
      const auto relaxed = kmscape::amini_levina(
          sample.points, 2, {.tolerance = relaxation_tolerance, .max_iterations = relaxation_iterations});
      result.converged += relaxed.status == kmscape::AminiLevinaStatus::converged ? 1 : 0;
      count(4, relaxed.labels);
    }
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv, "ballot_figure_1 [--out DIR] [--trials T] [--relaxations R]",
        {{"out", "DIR", "folder for the picture and its page"},
         {"trials", "T", "samples for each distance, 300 unless given"},
         {"relaxations", "R", "of these, samples that the semidefinite relaxation gets, 20 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto trials = arguments.integer("trials", 300, 1), relaxations = arguments.integer("relaxations", 20, 0);

    examples::Report report(
        "ballot_figure_1", "BalLOT Figure 1: exact recovery against separation",
        "100 points, exactly 50 in each of two unit balls in the plane whose centers are Delta apart; " +
            std::to_string(trials) + " samples for each Delta (" + std::to_string(relaxations) +
            " for the relaxation, whose curve is therefore rougher). Iterations start from two random data points. The "
            "relaxation is solved to a relative tolerance of " +
            examples::number(relaxation_tolerance) + " or for " + std::to_string(relaxation_iterations) +
            " iterations, then rounded. Six methods, five curves: Hungarian and Matchpair solve one assignment "
            "problem. Only distances Delta > 2 separate the balls. The grid of Delta is ours.");
    Eigen::MatrixXd shares(1 + names.size(), grid);
    examples::ProgressBar bar;
    const auto progress = bar.callback();
    std::int64_t same = 0, converged = 0;
    double touching_difference = 0;
    for (Index g = 0; g < grid; ++g) {
      const double delta = 1.6 + 0.1 * static_cast<double>(g);
      const auto counts = tally(delta, trials, relaxations);
      same += counts.same_as_matching;
      converged += counts.converged;
      shares(0, g) = delta;
      std::string measured;
      for (std::size_t m = 0; m < names.size(); ++m) {
        const double share = counts.trials[m] == 0 ? 0
                                                   : 100 * static_cast<double>(counts.recovered[m]) /
                                                         static_cast<double>(counts.trials[m]);
        shares(static_cast<Index>(m) + 1, g) = share;
        measured += (m > 0 ? ", " : "") + names[m] + " " + examples::number(share, 4) + "%";
      }
      if (g == 4) touching_difference = shares(1, g) - shares(4, g);
      report.row("Delta = " + examples::number(delta, 3), "rates in a picture only", measured);
      if (progress) progress({"distances", g + 1, grid});
    }
    bar.clear();
    report.row("BalLOT, Hungarian and Matchpair", "perform identically: their curves coincide",
               "the same labels in " + std::to_string(same) + " of " + std::to_string(trials * grid) + " runs",
               "Hungarian and Matchpair solve one assignment problem, so that one solver stands for both here");
    report.row("Amini-Levina SDP", "",
               std::to_string(converged) + " of " + std::to_string(relaxations * grid) +
                   " relaxations came to the tolerance, the others stopped at the limit of iterations");
    report.row("Delta = 2: BalLOT minus Lloyd", "", examples::number(touching_difference, 3) + " percentage points");

    examples::Sheet sheet(folder / "ballot_figure_1.png", 720, 470);
    auto chart = sheet.chart({70, 50, 620, 360}, "How often two planted balls are recovered exactly (n = 100, d = 2)",
                             "distance of the balls' centers, in radii", "% of samples");
    chart.set("xrange [1.57:2.63]").set("yrange [-3:104]").set("key bottom right samplen 2");
    chart.set("arrow from 2,graph 0 to 2,graph 1 nohead lc rgb '#BBBBBB' dt 2 lw 1");
    chart.label("balls touch", {2, 3}, examples::faint, "right", {-0.6, 0}, 10);
    // Three curves coincide: BalLOT lies wide and pale at the bottom, E-BalLOT narrow at the top.
    const std::array<std::string, 5> style = {
        "with lines lw 9 lc rgb '" + examples::pale_colour(0) + "'",
        "with linespoints lw 3.6 pt 6 ps 1.3 lc rgb '" + examples::colour(3) + "'",
        "with linespoints lw 1.6 pt 5 ps 0.6 lc rgb '" + examples::colour(1) + "'",
        "with linespoints lw 1.6 pt 9 ps 0.8 lc rgb '" + examples::colour(2) + "'",
        "with linespoints lw 1.6 dt 2 pt 6 ps 0.8 lc rgb '" + examples::ink + "'"};
    for (std::size_t m = 0; m < names.size(); ++m) {
      if (m == 4 && relaxations == 0) continue;
      Eigen::MatrixXd line(2, grid);
      line << shares.row(0), shares.row(static_cast<Index>(m) + 1);
      const std::string words = m == 4 ? ", " + std::to_string(relaxations) + " samples" : "";
      chart.add(line, style[m] + " title '" + names[m] + words + "'");
    }
    chart.finish();
    sheet.draw();
    report.write(folder);
  });
}

// In place of BalLOT's Figure 9, whose caption was not at hand: one model, two landscapes. Plain k-means has spurious
// minima on separated balls (QZC), balanced k-means loses them (BalLOT). Restarts of Lloyd's iteration and of BalLOT
// from the same random points, where they end, and whether the ends are minima.
//
// Small run: --out {out} --restarts 40 --samples 1
#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;

constexpr Index points_each = 100;

/// An end that restarts came to.
struct Minimum {
  double value = 0;
  bool is_proved = false;  // to be a local minimum
  std::int64_t count = 0;
  Eigen::MatrixXd centers;
  kmscape::Labels labels;
};

/// k unit balls on a line in the plane, 5 apart.
kmscape::StochasticBallModel<double> balls_on_line(Index k) {
  Eigen::MatrixXd centers = Eigen::MatrixXd::Zero(2, k);
  centers.row(0) = kmscape::centers_on_line(k, 5.0);
  return {centers, 1.0};
}

/// Minima of plain and of balanced k-means from the same starts, each sorted by value.
std::array<std::vector<Minimum>, 2> landscapes(const Eigen::MatrixXd& points, Index k, std::int64_t restarts) {
  constexpr auto seeding = kmscape::Seeding::uniform_points;
  std::array<std::vector<Minimum>, 2> result;
  const auto plain = kmscape::survey(kmscape::EmpiricalObjective<double>(points),
                                     {.clusters = k, .restarts = restarts, .seeding = seeding, .stuck_tests = false});
  for (const auto& end : plain.minima) result[0].push_back({end.value, true, end.count, end.centers, end.labels});
  const auto balanced = kmscape::survey_balanced(points, {.clusters = k, .restarts = restarts, .seeding = seeding});
  for (const auto& end : balanced.minima)
    result[1].push_back({end.value, end.is_minimum, end.count, end.centers, end.labels});
  return result;
}

double share_of_truth(const std::vector<Minimum>& minima, const kmscape::Labels& truth) {
  std::int64_t all = 0, right = 0;
  for (const auto& minimum : minima) {
    all += minimum.count;
    if (kmscape::exact_recovery(minimum.labels, truth)) right += minimum.count;
  }
  return static_cast<double>(right) / static_cast<double>(all);
}

void draw_minimum(examples::Sheet& sheet, const examples::Frame& frame, const std::string& title,
                  const Eigen::MatrixXd& points, const Minimum& minimum) {
  auto plane = sheet.drawing(frame, examples::box_around(points, 0.03), title);
  Eigen::MatrixXd coloured(3, points.cols());
  coloured.topRows(2) = points;
  for (Index i = 0; i < points.cols(); ++i) coloured(2, i) = examples::colour_value(minimum.labels(i));
  plane.add(coloured, "using 1:2:3 with points pt 7 ps 0.35 lc rgb variable");
  plane.dots(minimum.centers, examples::ink, 1.3);
  plane.finish();
}

/// Both objectives at the centers on the straight way from the spurious minimum to the truth.
void draw_path(examples::Sheet& sheet, const examples::Frame& frame, const Eigen::MatrixXd& points,
               const Eigen::MatrixXd& spurious, const Eigen::MatrixXd& truth, const std::array<std::string, 2>& paint,
               examples::Report& report) {
  const Index k = truth.cols(), steps = 100;
  Eigen::MatrixXd distances(k, k);
  for (Index i = 0; i < k; ++i)
    for (Index j = 0; j < k; ++j) distances(i, j) = (spurious.col(i) - truth.col(j)).squaredNorm();
  const auto partner = kmscape::minimum_cost_matching(distances).column;
  const kmscape::EmpiricalObjective<double> objective(points);
  const double n = static_cast<double>(points.cols());
  Eigen::MatrixXd plain(2, steps + 1), balanced(2, steps + 1);
  for (Index t = 0; t <= steps; ++t) {
    const double part = static_cast<double>(t) / static_cast<double>(steps);
    Eigen::MatrixXd centers = (1 - part) * spurious;
    for (Index i = 0; i < k; ++i) centers.col(i) += part * truth.col(partner[static_cast<std::size_t>(i)]);
    plain.col(t) << part, objective.value(centers) / n;
    balanced.col(t) << part, kmscape::assign_balanced(points, centers).cost / n;
  }
  Index first_fall = 0, falls = 0;
  while (first_fall < steps && plain(1, first_fall + 1) >= plain(1, first_fall)) ++first_fall;
  for (Index t = 0; t < steps; ++t) falls += balanced(1, t + 1) < balanced(1, t) ? 1 : 0;

  auto chart =
      sheet.chart(frame, "from the spurious minimum straight to the truth", "part of the way", "mean squared distance");
  chart.set("logscale y").set("xrange [0:1]").set("key bottom left samplen 2").set("ytics (0.5, 1, 2, 5, 10)");
  chart.set("yrange [" + examples::number(0.8 * plain.row(1).minCoeff()) + ":" +
            examples::number(1.3 * std::max(plain.row(1).maxCoeff(), balanced.row(1).maxCoeff())) + "]");
  // They coincide on the second half of the way: one wide, one narrow on it.
  chart.add(balanced, "with lines lw 5 lc rgb '" + paint[1] + "' title 'balanced'");
  chart.add(plain, "with lines lw 2 lc rgb '" + paint[0] + "' title 'k-means'");
  chart.finish();
  report.row("from the spurious minimum straight to the truth", "spurious minima exist (QZC); benign (BalLOT)",
             "k-means first rises, by " + examples::number(100 * (plain(1, first_fall) / plain(1, 0) - 1), 3) +
                 "%, over " + std::to_string(first_fall) + "% of the way; the balanced objective falls in " +
                 std::to_string(falls) + " of " + std::to_string(steps) + " steps");
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv, "ballot_figure_9 [--out DIR] [--restarts R] [--samples S]",
        {{"out", "DIR", "folder for the picture and its page"},
         {"restarts", "R", "restarts for each sample, 400 unless given"},
         {"samples", "S", "samples for each k of the lower right chart, 5 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto restarts = arguments.integer("restarts", 400, 1), samples = arguments.integer("samples", 5, 1);
    const std::array<std::string, 2> names = {"Lloyd", "BalLOT"},
                                     paint = {examples::after_colour, examples::before_colour};

    examples::Report report(
        "ballot_figure_9",
        "In place of BalLOT Figure 9: two papers, one model, spurious minima with and without balance",
        "Unit balls in the plane, 5 apart on a line, 100 points each. Restarts begin at random "
        "data points, the same for "
        "both methods. QZC: the minima of plain k-means put several centers on one ball and one "
        "over several. BalLOT: the "
        "population landscape of balanced k-means is benign; what is shown here are samples, which "
        "the paper's theorem on "
        "the population does not cover.");
    examples::ProgressBar bar;
    const auto progress = bar.callback();
    const Index k = 3;
    const auto sample = balls_on_line(k).sample_balanced(points_each * k, kmscape::Seed{1});
    const auto minima = landscapes(sample.points, k, restarts);

    examples::Sheet sheet(folder / "ballot_figure_9.png", 1280, 640);
    const auto percent = [&](std::int64_t counted) {
      return examples::number(100 * static_cast<double>(counted) / static_cast<double>(restarts), 3) + "% of restarts";
    };
    // The spurious end that most restarts come to, and what most restarts of BalLOT come to.
    const auto most = [](const std::vector<Minimum>& all, std::size_t first) {
      return *std::max_element(all.begin() + static_cast<std::ptrdiff_t>(first), all.end(),
                               [](const auto& a, const auto& b) { return a.count < b.count; });
    };
    const Minimum spurious = most(minima[0], minima[0].size() > 1 ? 1 : 0), best = most(minima[1], 0);
    draw_minimum(sheet, {30, 45, 520, 165}, "Lloyd: a minimum that is not the truth, " + percent(spurious.count),
                 sample.points, spurious);
    draw_minimum(sheet, {730, 45, 520, 165}, "BalLOT: " + percent(best.count), sample.points, best);

    draw_path(sheet, {85, 295, 320, 275}, sample.points, spurious.centers, best.centers, paint, report);

    auto chart = sheet.chart({510, 295, 320, 275}, "where restarts end (k = 3)", "objective",
                             "% of restarts, summed from the left");
    double highest = 0, lowest = minima[1].front().value;
    for (const auto& all : minima) {
      highest = std::max(highest, all.back().value);
      lowest = std::min(lowest, all.front().value);
    }
    const double width = std::max(highest - lowest, 0.1 * highest);
    const double from = lowest - 0.1 * width, to = highest + 0.1 * width;
    chart.set("yrange [-3:109]").set("key bottom right samplen 2");
    chart.set("xrange [" + examples::number(from, 8) + ":" + examples::number(to, 8) + "]").set("xtics 400");
    // Shares summed from the left, so that ends of nearly one objective hide nothing; BalLOT's wide, Lloyd's on it.
    for (const std::size_t m : {std::size_t{1}, std::size_t{0}}) {
      std::vector<Eigen::Vector2d> sums = {{from, 0}};
      for (const auto& minimum : minima[m])
        sums.emplace_back(minimum.value,
                          sums.back().y() + 100 * static_cast<double>(minimum.count) / static_cast<double>(restarts));
      sums.emplace_back(to, sums.back().y());
      chart.add(examples::in_columns(sums), std::string("with steps lw ") + (m == 0 ? "2" : "5") + " lc rgb '" +
                                                paint[m] + "' title '" + names[m] + "'");
    }
    chart.finish();
    for (const std::size_t m : {std::size_t{0}, std::size_t{1}})
      report.row("k = 3, " + names[m], m == 0 ? "spurious minima exist (QZC)" : "benign in the population (BalLOT)",
                 std::to_string(minima[m].size()) + (minima[m].size() == 1 ? " end, " : " ends, ") +
                     std::to_string(std::count_if(minima[m].begin(), minima[m].end(),
                                                  [](const Minimum& minimum) { return minimum.is_proved; })) +
                     " proved a local minimum, " + examples::number(100 * share_of_truth(minima[m], sample.labels), 4) +
                     "% of restarts at the truth");

    auto growth =
        sheet.chart({935, 295, 320, 275}, "restarts that recover every ball", "number of balls k", "% of restarts");
    const std::array<Index, 5> counts = {2, 3, 4, 6, 8};
    Eigen::MatrixXd shares = Eigen::MatrixXd::Zero(3, counts.size());
    for (std::size_t c = 0; c < counts.size(); ++c) {
      shares(0, static_cast<Index>(c)) = static_cast<double>(counts[c]);
      for (std::int64_t s = 0; s < samples; ++s) {
        const auto data = balls_on_line(counts[c]).sample_balanced(points_each * counts[c],
                                                                   kmscape::Seed(static_cast<std::uint64_t>(s)));
        const auto ends = landscapes(data.points, counts[c], restarts);
        for (std::size_t m = 0; m < 2; ++m)
          shares(static_cast<Index>(m) + 1, static_cast<Index>(c)) +=
              100 * share_of_truth(ends[m], data.labels) / static_cast<double>(samples);
        if (progress)
          progress({"samples", static_cast<Index>(c) * samples + s + 1, static_cast<Index>(counts.size()) * samples});
      }
    }
    bar.clear();
    growth.set("xrange [1.7:8.3]").set("yrange [-3:109]").set("key bottom left samplen 2");
    for (std::size_t m = 0; m < 2; ++m) {
      Eigen::MatrixXd line(2, shares.cols());
      line << shares.row(0), shares.row(static_cast<Index>(m) + 1);
      growth.add(line, "with linespoints lw 2 pt 7 ps 0.9 lc rgb '" + paint[m] + "' title '" + names[m] + "'");
    }
    growth.finish();
    for (Index c = 0; c < shares.cols(); ++c)
      report.row("k = " + examples::number(shares(0, c)), "not at hand",
                 "Lloyd " + examples::number(shares(1, c), 4) + "%, BalLOT " + examples::number(shares(2, c), 4) +
                     "% of restarts recover every ball");
    sheet.draw();
    report.write(folder);
  });
}

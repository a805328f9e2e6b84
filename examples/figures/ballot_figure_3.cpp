// BalLOT Figure 3: the means of a balanced Gaussian mixture, estimated by BalLOT, E-BalLOT and Lloyd's iteration from
// the same k-means++ starts.
//
// Small run: --out {out} --trials 3
#include <algorithm>
#include <array>
#include <cmath>
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

constexpr Index k = 12, points_each = 100;
const std::array<std::string, 3> names = {"BalLOT", "E-BalLOT", "Lloyd"};

/// Centers that each of the three ends at.
std::array<Eigen::MatrixXd, 3> estimates(const Eigen::MatrixXd& points, kmscape::Seed seed) {
  const kmscape::EmpiricalObjective<double> objective(points);
  const Eigen::MatrixXd start = kmscape::seed_centers(objective, k, {.seed = seed}).centers;
  return {kmscape::ballot(points, start).centers, kmscape::entropic_ballot(points, start).centers,
          kmscape::lloyd(objective, start).centers};
}

double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv, "ballot_figure_3 [--out DIR] [--trials T]",
        {{"out", "DIR", "folder for the picture and its page"}, {"trials", "T", "samples, 100 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto trials = arguments.integer("trials", 100, 1);

    const kmscape::GaussianMixtureModel<double> model(kmscape::centers_at_random(k, 2, 3.0, 17.0, kmscape::Seed{2}),
                                                      1.0);
    std::array<std::vector<double>, 3> errors;
    std::array<Eigen::MatrixXd, 3> shown;
    Eigen::MatrixXd points;
    examples::ProgressBar bar;
    const auto progress = bar.callback();
    double most_apart = -1;
    for (std::int64_t trial = 0; trial < trials; ++trial) {
      const kmscape::Seed seed(static_cast<std::uint64_t>(trial));
      const auto sample = model.sample_balanced(k * points_each, seed);
      auto centers = estimates(sample.points, seed);
      for (std::size_t m = 0; m < 3; ++m) errors[m].push_back(kmscape::wasserstein2(centers[m], model.centers()));
      // The trial on the left is the one where it matters most which is taken.
      if (const double apart = errors[2].back() - errors[0].back(); apart > most_apart) {
        most_apart = apart;
        shown = centers;
        points = sample.points;
      }
      if (progress) progress({"samples", trial + 1, trials});
    }
    bar.clear();

    examples::Report report(
        "ballot_figure_3", "BalLOT Figure 3: means of a balanced Gaussian mixture",
        "12 Gaussian clusters of deviation 1 and 100 points each, means at least 3 apart in the plane; " +
            std::to_string(trials) +
            " samples, one k-means++ start for all three methods. Left: the sample where BalLOT gains most on Lloyd, "
            "estimates joined to the true means by an optimal matching. Right: 2-Wasserstein distances, on a "
            "logarithmic scale, boxes from the lower to the upper quartile with the median in them, whiskers from the "
            "5th to the 95th percentile. The mixture is ours.");
    examples::Sheet sheet(folder / "ballot_figure_3.png", 1000, 520);
    auto plane = sheet.drawing({20, 50, 560, 440}, examples::box_around(points, 0.02),
                               "the sample where BalLOT gains most on Lloyd");
    plane.set("key bottom right noautotitle samplen 1 spacing 1.15 reverse Left");
    plane.add(points, "with points pt 7 ps 0.25 lc rgb '#C9CCD1'");
    const auto paint = [](std::size_t m) {
      return m == 0 ? examples::before_colour : m == 1 ? examples::colour(2) : examples::after_colour;
    };
    for (const std::size_t m : {std::size_t{2}, std::size_t{1}, std::size_t{0}}) {
      Eigen::MatrixXd cost(k, k);
      for (Index i = 0; i < k; ++i)
        for (Index j = 0; j < k; ++j) cost(i, j) = (model.centers().col(i) - shown[m].col(j)).squaredNorm();
      const auto matching = kmscape::minimum_cost_matching(cost);
      for (Index i = 0; i < k; ++i) {
        Eigen::MatrixXd segment(2, 2);
        segment << model.centers().col(i), shown[m].col(matching.column[static_cast<std::size_t>(i)]);
        plane.line(segment, {paint(m), 1.4, 1});
      }
    }
    // What lies on one place stays visible: disks, rings around smaller disks, crosses on top.
    const std::array<std::string, 3> mark = {"pt 7 ps 0.6", "pt 6 ps 1.5 lw 2", "pt 7 ps 1.3"};
    for (const std::size_t m : {std::size_t{2}, std::size_t{1}, std::size_t{0}})
      plane.add(shown[m], "with points " + mark[m] + " lc rgb '" + paint(m) + "' title '" + names[m] + "'");
    plane.add(model.centers(), "with points pt 1 ps 1.6 lw 1.2 lc rgb '" + examples::ink + "' title 'true means'");
    plane.finish();

    auto chart = sheet.chart({660, 50, 320, 400}, "distance from the true means", "", "W_2");
    chart.set("xrange [0.4:3.6]")
        .set("logscale y")
        .set("yrange [0.08:5]")
        .set("xtics ('BalLOT' 1, 'E-BalLOT' 2, 'Lloyd' 3)");
    chart.set("ytics (0.1, 0.2, 0.5, 1, 2, 5)").set("grid ytics lc '#EEEEEE'");
    for (std::size_t m = 0; m < 3; ++m) {
      std::sort(errors[m].begin(), errors[m].end());
      Eigen::MatrixXd box(6, 1);
      box << static_cast<double>(m + 1), quantile(errors[m], 0.25), quantile(errors[m], 0.05),
          quantile(errors[m], 0.95), quantile(errors[m], 0.75), quantile(errors[m], 0.5);
      chart.add(box, "using 1:2:3:4:5:(0.5) with candlesticks lw 1.4 lc rgb '" + paint(m) +
                         "' fs solid 0.25 border lc rgb '" + paint(m) + "' whiskerbars 0.5");
      chart.add(box, "using ($1 - 0.25):6:(0.5):(0) with vectors nohead lw 2.5 lc rgb '" + paint(m) + "'");
      report.row(names[m], "box plots of W_2 only",
                 "median W_2 " + examples::number(quantile(errors[m], 0.5), 3) + ", 95th percentile " +
                     examples::number(quantile(errors[m], 0.95), 3));
    }
    chart.finish();
    sheet.draw();
    report.write(folder);
  });
}

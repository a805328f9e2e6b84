// BalLOT Figure 5: what the first step misclusters, for two balls and starts at an angle to their axis, beside the rate
// as n goes to infinity.
//
// Small run: --out {out} --trials 5
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;

constexpr double delta = 2.5;
constexpr Index grid = 21;
constexpr std::array<Index, 2> dimensions = {2, 5}, sizes = {100, 10'000};

/// Share of points with the other ball after one assignment to centers whose difference has this cosine with the axis.
double misclustered(Index d, Index n, double cosine, std::uint64_t seed) {
  Eigen::MatrixXd centers = Eigen::MatrixXd::Zero(d, 2), start = centers;
  centers(0, 0) = delta / 2;
  start(0, 0) = cosine;
  start(1, 0) = std::sqrt((1 - cosine) * (1 + cosine));
  centers.col(1) = -centers.col(0);
  start.col(1) = -start.col(0);
  const auto sample = kmscape::StochasticBallModel<double>(centers, 1.0).sample_balanced(n, kmscape::Seed(seed));
  const auto labels = kmscape::assign_balanced(sample.points, start).labels;
  return kmscape::misclassification_rate(labels, sample.labels);
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "ballot_figure_5 [--out DIR] [--trials T]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"trials", "T", "samples for each point, 100 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto trials = arguments.integer("trials", 100, 1);

    examples::Report report(
        "ballot_figure_5", "BalLOT Figure 5: what the first step misclusters",
        "Two unit balls 2.5 apart. The first assignment to centers mu_1, mu_2 depends on the direction mu_1 - mu_2 "
        "only; theta is its angle with the balls' axis. Curves: the rate as n goes to infinity, I(1 - a^2; (d + 1)/2, "
        "1/2) / 2 with a = (Delta / 2) cos theta, a formula of this library. Points: means over " +
            std::to_string(trials) + " samples.");
    examples::Sheet sheet(folder / "ballot_figure_5.png", 980, 440);
    for (std::size_t side = 0; side < dimensions.size(); ++side) {
      const Index d = dimensions[side];
      auto chart = sheet.chart({70 + 480 * static_cast<double>(side), 50, 400, 320}, "d = " + std::to_string(d),
                               "cos of the start's angle with the balls' axis", "% misclustered by the first step");
      chart.set("xrange [-0.02:1.02]").set("yrange [-1:52]").set("key top right samplen 2");
      Eigen::MatrixXd limit(2, 201);
      limit.row(0) = examples::steps(0, 1, 200);
      for (Index i = 0; i < 201; ++i) limit(1, i) = 100 * kmscape::first_step_misclustering(delta, limit(0, i), d);
      chart.add(limit, "with lines lw 2 lc rgb '" + examples::ink + "' title 'n to infinity'");
      for (std::size_t s = 0; s < sizes.size(); ++s) {
        Eigen::MatrixXd mean = Eigen::MatrixXd::Zero(2, grid);
        mean.row(0) = examples::steps(0, 1, grid - 1);
        double worst = 0;
        const auto runs = s == 0 ? trials : std::max<std::int64_t>(1, trials / 20);
        for (Index i = 0; i < grid; ++i) {
          for (std::int64_t trial = 0; trial < runs; ++trial)
            mean(1, i) += 100 * misclustered(d, sizes[s], mean(0, i), static_cast<std::uint64_t>(trial)) /
                          static_cast<double>(runs);
          worst = std::max(worst, std::abs(mean(1, i) - 100 * kmscape::first_step_misclustering(delta, mean(0, i), d)));
        }
        chart.add(mean, "with points pt 7 ps " + examples::number(s == 0 ? 1.1 : 0.7) + " lc rgb '" +
                            examples::colour(static_cast<Index>(s == 0 ? 1 : 0)) +
                            "' title 'n = " + std::to_string(sizes[s]) + "'");
        report.row("d = " + std::to_string(d) + ", n = " + std::to_string(sizes[s]),
                   "a picture, with the n -> infinity version of its bound",
                   "at most " + examples::number(worst, 3) + " percentage points from the formula",
                   s == 0 ? "small samples: the threshold is a sample's median, and at cos = 0 the better of two names "
                            "for the clusters counts"
                          : "");
      }
      const double threshold = kmscape::recovery_cosine(delta);
      chart.set("arrow from " + examples::number(threshold, 6) + ",graph 0 to " + examples::number(threshold, 6) +
                ",graph 0.55 nohead lc rgb '#BBBBBB' dt 2 lw 1");
      chart.label("2/{/Symbol D}", {threshold, 29}, examples::faint, "center", {0, 0.6}, 10);
      chart.finish();
    }
    sheet.draw();
    report.row("no error at all", "", "cos theta >= 2/Delta = " + examples::number(kmscape::recovery_cosine(delta), 3),
               "for every n: the balls' shadows on the direction are disjoint");
    report.write(folder);
  });
}

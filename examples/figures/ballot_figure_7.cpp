// In place of BalLOT's Figure 7, whose caption was not at hand: exact recovery against n where two balls touch or
// overlap, from two random points.
//
// Small run: --out {out} --trials 4
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/report.hpp"
#include "common/two_balls.hpp"

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "ballot_figure_7 [--out DIR] [--trials T]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"trials", "T", "samples for each point, 300 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto trials = arguments.integer("trials", 300, 1);

    examples::Report report("ballot_figure_7", "In place of BalLOT Figure 7: recovery against n",
                            "This library's experiment, since the paper's Figure 7 was not at hand. Two unit balls in "
                            "the plane; the share of " +
                                std::to_string(trials) +
                                " samples whose planted balls BalLOT recovers exactly from two random points.");
    examples::Sheet sheet(folder / "ballot_figure_7.png", 720, 460);
    auto chart = sheet.chart({80, 50, 600, 340}, "exact recovery of two balls, {/Symbol D} radii apart",
                             "number of points n", "% of samples");
    chart.set("logscale x").set("xrange [14:5000]").set("yrange [-3:104]").set("key at graph 0.99,0.8 samplen 3");
    chart.set("xtics (20, 50, 100, 200, 500, 1000, 4000)").set("mxtics 1").set("grid ytics lc '#EEEEEE'");
    const std::array<double, 5> distances = {1.8, 1.9, 1.95, 2.0, 2.1};
    for (std::size_t c = 0; c < distances.size(); ++c) {
      std::vector<Eigen::Vector2d> line;
      for (const Eigen::Index n : {20, 50, 100, 200, 500, 1000, 4000}) {
        int recovered = 0;
        for (std::int64_t trial = 0; trial < trials; ++trial) {
          const auto sample = examples::two_balls(distances[c], n, trial);
          const auto labels = kmscape::ballot(sample.points, examples::random_pair(sample.points, trial)).labels;
          recovered += kmscape::exact_recovery(labels, sample.labels) ? 1 : 0;
        }
        line.emplace_back(static_cast<double>(n), 100.0 * recovered / static_cast<double>(trials));
      }
      const auto colour = examples::colour(static_cast<Eigen::Index>(c));
      // The last two nearly coincide: one wide, one narrow and dashed on it.
      const std::string width = distances[c] == 2  ? "lw 4 pt 6 ps 1.7"
                                : distances[c] > 2 ? "lw 1.6 dt 2 pt 7 ps 0.6"
                                                   : "lw 2 pt 7 ps 0.9";
      chart.add(examples::in_columns(line), "with linespoints " + width + " lc rgb '" + colour +
                                                "' title '{/Symbol D} = " + examples::number(distances[c]) + "'");
      report.row("Delta = " + examples::number(distances[c]), "not at hand",
                 examples::number(line.front().y(), 4) + "% at n = 20, " + examples::number(line[2].y(), 4) +
                     "% at n = 100, " + examples::number(line.back().y(), 4) + "% at n = 4000",
                 distances[c] < 2    ? "balls overlap: with many points some lie in the other's half"
                 : distances[c] == 2 ? "balls touch"
                                     : "balls are apart");
    }
    chart.finish();
    sheet.draw();
    report.write(folder);
  });
}

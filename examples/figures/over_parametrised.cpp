// QZC section 4: fit more centers than there are clusters, then drop almost-empty cells and merge those that share a
// cluster. How often that ends with a center on every cluster, against the number m of centers fitted.
//
// Small run: --out {out} --models 1 --restarts 10
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/gnuplot.hpp"
#include "common/planted_sets.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;

constexpr std::array<double, 7> ratios = {1, 1.25, 1.5, 2, 2.5, 3, 4};
constexpr std::array<Index, 4> cluster_counts = {5, 10, 20, 50};
constexpr std::array<kmscape::Seeding, 2> seedings = {kmscape::Seeding::uniform_points,
                                                      kmscape::Seeding::kmeans_plus_plus};
const std::array<std::string, 2> seeding_names = {"uniform points", "k-means++"};

/// Of so many restarts those that end with a center on every cluster.
struct Count {
  Index found = 0, of = 0;
};

void add(Count& count, const examples::PlantedSet& set, kmscape::Seeding seeding, double ratio, Index restarts) {
  const kmscape::EmpiricalObjective<double> objective(set.points);
  const Index k = set.true_centers.cols();
  const auto m = static_cast<Index>(std::lround(ratio * static_cast<double>(k)));
  std::vector<char> found(static_cast<std::size_t>(restarts));
  kmscape::ThreadTeam team(0);
  team.run(restarts, [&](Index r, int) {
    kmscape::RandomStream stream(kmscape::Seed{3}, static_cast<std::uint64_t>(r));
    const auto fit =
        kmscape::lloyd(objective, kmscape::seed_centers(objective, m, {.method = seeding}, stream).centers);
    const auto merged = kmscape::lloyd(objective, kmscape::merged_to(fit.cells, k));
    found[static_cast<std::size_t>(r)] = kmscape::centroid_index(merged.centers, set.true_centers) == 0;
  });
  count.found += std::count(found.begin(), found.end(), 1);
  count.of += restarts;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "over_parametrised [--out DIR] [--models M] [--restarts R]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"models", "M", "random mixtures per number of clusters, 3 unless given"},
                                         {"restarts", "R", "restarts per mixture, seeding and m, 60 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto models = arguments.integer("models", 3, 1), restarts = arguments.integer("restarts", 60, 1);

    Count counts[2][cluster_counts.size()][ratios.size()];
    examples::ProgressBar bar;
    const auto progress = bar.callback();
    Index done = 0;
    for (std::size_t c = 0; c < cluster_counts.size(); ++c)
      for (std::int64_t model = 0; model < models; ++model) {
        const auto k = cluster_counts[c];
        const auto set = examples::even_set("", 2, k, 100, 6, 11 * std::sqrt(static_cast<double>(k)),
                                            static_cast<std::uint64_t>(model));
        for (std::size_t s = 0; s < seedings.size(); ++s)
          for (std::size_t q = 0; q < ratios.size(); ++q) add(counts[s][c][q], set, seedings[s], ratios[q], restarts);
        if (progress) progress({"mixtures", ++done, static_cast<Index>(cluster_counts.size()) * models});
      }
    bar.clear();

    examples::Report report(
        "over_parametrised", "QZC section 4: more centers than clusters, merged down",
        "Planted mixtures in the plane: k Gaussian clusters of deviation 1 and 100 points each, centers at least 6 "
        "apart. Lloyd's iteration with m centers, then the cheapest pairs are merged until k are left (an empty cell "
        "costs nothing), then Lloyd's iteration again. Success: centroid index 0. " +
            std::to_string(models) + " mixtures of " + std::to_string(restarts) +
            " restarts each; bars are 95% Wilson intervals, and marks of one m / k stand side by side.");
    examples::Picture picture(folder / "over_parametrised.png", 2000, 900);
    picture << "set termoption fontscale 2"
            << "set termoption linewidth 2"
            << "set termoption pointscale 2"
            << "set multiplot layout 1,2 margins 0.075,0.985,0.13,0.91 spacing 0.06"
            << "set xrange [0.9:4.12]"
            << "set yrange [-3:104]"
            << "set xtics (1, 1.5, 2, 2.5, 3, 4)"
            << "set grid ytics lc '#E8E8E8'"
            << "set xlabel 'centers fitted / clusters, m / k'"
            << "set key bottom right";
    for (std::size_t s = 0; s < seedings.size(); ++s) {
      picture << "set title 'seeded by " + seeding_names[s] + " (bars: 95% intervals)'"
              << (s == 0 ? "set ylabel '% of restarts that find every cluster' offset 0.5,0" : "unset ylabel");
      std::string plot;
      for (std::size_t c = 0; c < cluster_counts.size(); ++c) {
        Eigen::MatrixXd table(4, ratios.size());
        std::string measured;
        for (std::size_t q = 0; q < ratios.size(); ++q) {
          const auto& count = counts[s][c][q];
          const auto interval = kmscape::wilson_interval(count.found, count.of);
          const double share = 100 * static_cast<double>(count.found) / static_cast<double>(count.of);
          const double aside = 0.024 * (static_cast<double>(c) - 1.5);  // so that marks of 100% do not hide each other
          table.col(static_cast<Index>(q)) << ratios[q] + aside, share, 100 * interval.low, 100 * interval.high;
          measured += (q > 0 ? ", " : "") + examples::number(share, 3) + "% at " + examples::number(ratios[q], 3);
        }
        report.row("k = " + std::to_string(cluster_counts[c]) + ", " + seeding_names[s],
                   c == 0 && s == 0 ? "prune and merge to find the right structure" : "", measured + " k");
        const auto block = picture.data(table);
        const std::string paint = "lc rgb '" + examples::colour(static_cast<Index>(c)) + "'";
        plot += (c > 0 ? ", " : "plot ") + block + " using 1:2 with lines lw 2 " + paint + " notitle, " + block +
                " using 1:2:3:4 with yerrorbars pt 7 ps 0.9 lw 1 " + paint +
                " title 'k = " + std::to_string(cluster_counts[c]) + "'";
      }
      picture << plot;
    }
    picture << "unset multiplot";
    picture.draw();
    report.write(folder);
  });
}

// QZC section 4: the more clusters, the more ways to put two centers on one and one over two. The share of restarts
// that end with a center on every cluster, against the number of clusters, for three seedings.
//
// Small run: --out {out} --models 2 --restarts 10
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/gnuplot.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

constexpr std::array<kmscape::Index, 5> cluster_counts = {3, 5, 10, 20, 50};
constexpr std::array<kmscape::Seeding, 3> methods = {
    kmscape::Seeding::uniform_points, kmscape::Seeding::kmeans_plus_plus, kmscape::Seeding::greedy_kmeans_plus_plus};
const std::array<std::string, 3> names = {"uniform points", "k-means++", "greedy k-means++"};

/// k Gaussian clusters of deviation 1 in the plane, centers at least 8 apart in a box that grows with k.
kmscape::GaussianMixtureModel<double> planted(kmscape::Index k, std::uint64_t seed) {
  return {kmscape::centers_at_random(k, 2, 8.0, 14 * std::sqrt(static_cast<double>(k)), kmscape::Seed{seed}), 1.0};
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "seeding_success [--out DIR] [--models M] [--restarts R]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"models", "M", "random mixtures per number of clusters, 20 unless given"},
                                         {"restarts", "R", "restarts per mixture and seeding, 100 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto models = arguments.integer("models", 20, 1), restarts = arguments.integer("restarts", 100, 1);

    examples::Report report(
        "seeding_success", "QZC section 4: it gets harder with k",
        "Planted mixtures in the plane: k Gaussian clusters of deviation 1 and 100 points each, centers "
        "at least 8 apart. A restart succeeds when the centroid index of its end is 0: every cluster "
        "has its own center. Bars are 95% Wilson intervals over all restarts, " +
            std::to_string(models) + " mixtures of " + std::to_string(restarts) +
            " restarts each; how mixtures of one k differ is not in them.");
    Eigen::MatrixXd table(1 + 3 * methods.size(), cluster_counts.size());  // k, then share, low, high per method
    examples::ProgressBar bar;
    const auto progress = bar.callback();
    for (std::size_t c = 0; c < cluster_counts.size(); ++c) {
      const auto k = cluster_counts[c];
      std::array<kmscape::Index, methods.size()> successes{};
      for (std::int64_t m = 0; m < models; ++m) {
        const auto model = planted(k, static_cast<std::uint64_t>(m));
        const kmscape::EmpiricalObjective objective(model.sample_balanced(100 * k, kmscape::Seed{1}).points);
        for (std::size_t s = 0; s < methods.size(); ++s) {
          const auto survey = kmscape::survey(objective, {.clusters = k,
                                                          .restarts = restarts,
                                                          .seeding = methods[s],
                                                          .seed = static_cast<std::uint64_t>(m),
                                                          .stuck_tests = false});
          for (const auto& minimum : survey.minima)
            if (kmscape::centroid_index(minimum.centers, model.centers()) == 0) successes[s] += minimum.count;
        }
        if (progress)
          progress({"mixtures", static_cast<kmscape::Index>(c) * models + m + 1,
                    static_cast<kmscape::Index>(cluster_counts.size()) * models});
      }
      table(0, static_cast<Eigen::Index>(c)) = static_cast<double>(k);
      std::string measured;
      for (std::size_t s = 0; s < methods.size(); ++s) {
        const auto interval = kmscape::wilson_interval(successes[s], models * restarts);
        const double share = static_cast<double>(successes[s]) / static_cast<double>(models * restarts);
        table.block<3, 1>(static_cast<Eigen::Index>(1 + 3 * s), static_cast<Eigen::Index>(c)) << 100 * share,
            100 * interval.low, 100 * interval.high;
        measured += (s > 0 ? ", " : "") + names[s] + " " + examples::number(100 * share, 3) + "%";
      }
      report.row("k = " + std::to_string(k), c == 0 ? "harder with every cluster more" : "", measured);
    }
    bar.clear();

    examples::Picture picture(folder / "seeding_success.png", 1800, 1200);
    const auto block = picture.data(table);
    picture << "set termoption fontscale 2"
            << "set termoption linewidth 2"
            << "set termoption pointscale 2"
            << "set logscale x"
            << "set xtics (3, 5, 10, 20, 50)"
            << "set xrange [2.6:58]"
            << "set yrange [-3:104]"
            << "set grid ytics lc '#E4E4E4'"
            << "set xlabel 'number of clusters k'"
            << "set ylabel '% of restarts that find every cluster'"
            << "set title 'One restart on planted clusters at least 8 deviations apart (bars: 95% intervals)'"
            << "set key at graph 0.03,0.16 left bottom reverse Left spacing 1.2";
    std::string plot;
    for (std::size_t s = 0; s < methods.size(); ++s) {
      const auto column = [&](std::size_t offset) { return std::to_string(2 + 3 * s + offset); };
      const std::string paint = "lc rgb '" + examples::colour(static_cast<Eigen::Index>(s)) + "'";
      plot += (s > 0 ? ", " : "") + block + " using 1:" + column(0) + " with lines lw 2 " + paint + " notitle, " +
              block + " using 1:" + column(0) + ":" + column(1) + ":" + column(2) +
              " with yerrorbars pt 7 ps 1 lw 1.2 " + paint + " title '" + names[s] + "'";
    }
    picture << "plot " + plot;
    picture.draw();
    report.write(folder);
  });
}

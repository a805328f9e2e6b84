// What a spurious minimum of planted clusters must climb to get out, against separation and number of clusters, beside
// how much worse it is than the best one: why greedy methods stay, and by how much.
//
// Small run: --out {out} --samples 1 --columns 3
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/disconnectivity.hpp"
#include "common/gnuplot.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;

constexpr std::array<Index, 3> cluster_counts = {3, 4, 5};
constexpr std::array<double, 8> separations = {3, 3.5, 4, 5, 6, 8, 10, 12};
constexpr Index per_cluster = 8;  // with many more a network is too large to be found whole

/// Centers on a regular polygon of this side.
Eigen::MatrixXd polygon(Index k, double side) {
  Eigen::MatrixXd centers(2, k);
  const double radius = side / (2 * std::sin(std::numbers::pi / static_cast<double>(k)));
  for (Index s = 0; s < k; ++s) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(s) / static_cast<double>(k);
    centers.col(s) << radius * std::cos(angle), radius * std::sin(angle);
  }
  return centers;
}

struct Found {
  kmscape::Network<double> network;
  std::vector<Index> kinds;
};

Found find(Index k, double separation, std::uint64_t seed) {
  const auto sample = kmscape::GaussianMixtureModel<double>(polygon(k, separation), 1.0)
                          .sample_balanced(k * per_cluster, kmscape::Seed{seed});
  const kmscape::EmpiricalObjective<double> objective(sample.points);
  const auto survey = kmscape::survey(objective, {.clusters = k,
                                                  .restarts = 500,
                                                  .seeding = kmscape::Seeding::uniform_points,
                                                  .seed = seed,
                                                  .stuck_tests = false});
  Found found{kmscape::transition_states(objective, survey, {.max_minima = 6000}), {}};
  for (const auto& minimum : found.network.minima)
    found.kinds.push_back(examples::class_of(kmscape::associate(objective, minimum.centers, sample.labels)));
  return found;
}

/// Of the minima with several centers on a cluster and one over several: how much worse than the best, what the way to
/// it climbs; both as shares of the best value.
struct Spurious {
  std::vector<double> gaps, climbs;
  Index without_path = 0;
  Index not_closed = 0;  // networks left out, of which a part would be a biased choice
};

void add(Spurious& all, const Found& found) {
  if (found.network.status != kmscape::NetworkStatus::closed) {
    ++all.not_closed;
    return;
  }
  const auto heights = kmscape::barriers(found.network);
  const double best = found.network.best().value;
  for (std::size_t m = 1; m < found.kinds.size(); ++m) {
    if (found.kinds[m] != 1) continue;
    const double value = found.network.minima[m].value, height = heights(static_cast<Index>(m), 0);
    all.gaps.push_back(value / best - 1);
    if (std::isfinite(height))
      all.climbs.push_back((height - value) / best);
    else
      ++all.without_path;
  }
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return std::nan("");
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "barriers [--out DIR] [--samples S] [--columns C]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"samples", "S", "samples per separation and k, 4 unless given"},
                                         {"columns", "C", "separations, of 8, from the smallest; 8 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto samples = arguments.integer("samples", 4, 1);
    const auto columns = static_cast<std::size_t>(arguments.integer("columns", 8, 3, 8));

    std::array<std::array<Spurious, separations.size()>, cluster_counts.size()> all;
    std::vector<Found> shown;  // of the middle number of clusters
    examples::ProgressBar bar;
    const auto progress = bar.callback();
    Index done = 0;
    for (std::size_t c = 0; c < cluster_counts.size(); ++c)
      for (std::size_t s = 0; s < columns; ++s) {
        for (std::int64_t sample = 0; sample < samples; ++sample) {
          auto found = find(cluster_counts[c], separations[s], static_cast<std::uint64_t>(sample));
          add(all[c][s], found);
          if (c == 1 && sample == 0) shown.push_back(std::move(found));
        }
        if (progress)
          progress({"mixtures", ++done, static_cast<Index>(cluster_counts.size()) * static_cast<Index>(columns)});
      }
    bar.clear();

    examples::Report report(
        "barriers", "Barriers out of spurious minima, as clusters separate",
        "Planted in the plane: k Gaussian clusters of deviation 1 and " + std::to_string(per_cluster) +
            " points each on a regular polygon whose side is the separation, " + std::to_string(samples) +
            " samples each. Spurious: a minimum with several centers on one cluster and one over several, none of them "
            "almost empty. Barrier: the lowest point of a way to the best minimum over transition states, less the "
            "spurious minimum's value; gap: how much worse it is than the best minimum. Both are shares of the best "
            "value, medians over the spurious minima, bars from the first to the ninth tenth. Graphs: a point is a "
            "minimum at its objective, branches join where the lowest way between them passes; between trees that stay "
            "apart no way is known.");
    examples::Picture picture(folder / "barriers.png", 2300, 1500);
    picture << "set termoption fontscale 2"
            << "set termoption linewidth 2"
            << "set termoption pointscale 2"
            << "set multiplot"
            << "set logscale xy"
            << "set xrange [2.8:13]"
            << "set xtics (3, 4, 5, 6, 8, 10, 12)"
            << "set format y '%g'"
            << "set yrange [1e-4:1e4]"  // the same on both, to be compared
            << "set grid ytics lc '#E8E8E8'"
            << "set xlabel 'separation, in standard deviations' offset 0,0.4"
            << "set tmargin at screen 0.94\nset bmargin at screen 0.58";
    const auto panel = [&](int number, const std::string& title, const auto& values_of) {
      const double left = 0.08 + 0.49 * number;
      picture << "set lmargin at screen " + examples::number(left) + "\nset rmargin at screen " +
                     examples::number(left + 0.41)
              << "set title '" + title + "'" << std::string("set key ") + (number == 0 ? "top left" : "bottom right")
              << "set ylabel '% of the best value' offset 1,0";
      std::string plot;
      for (std::size_t c = 0; c < cluster_counts.size(); ++c) {
        std::vector<Eigen::Vector4d> marks;
        for (std::size_t s = 0; s < columns; ++s) {
          const auto& values = values_of(all[c][s]);
          if (values.empty()) continue;
          // Side by side, so that bars do not hide each other.
          marks.emplace_back(separations[s] * (1 + 0.012 * (static_cast<double>(c) - 1)), 100 * quantile(values, 0.5),
                             100 * quantile(values, 0.1), 100 * quantile(values, 0.9));
        }
        if (marks.empty()) continue;
        Eigen::MatrixXd table(4, static_cast<Index>(marks.size()));
        for (std::size_t t = 0; t < marks.size(); ++t) table.col(static_cast<Index>(t)) = marks[t];
        const auto block = picture.data(table);
        const std::string paint = "lc rgb '" + examples::colour(static_cast<Index>(c)) + "'";
        plot += (plot.empty() ? "plot " : ", ") + block + " using 1:2 with lines lw 1.6 " + paint + " notitle, " +
                block + " using 1:2:3:4 with yerrorbars pt 7 ps 0.8 lw 1 " + paint +
                " title 'k = " + std::to_string(cluster_counts[c]) + "'";
      }
      if (!plot.empty()) picture << plot;
    };
    panel(
        0, "barrier out of a spurious minimum (median, 10% to 90%)",
        [](const Spurious& s) -> const auto& { return s.climbs; });
    panel(
        1, "gap to the best minimum (median, 10% to 90%)", [](const Spurious& s) -> const auto& { return s.gaps; });

    picture << "unset logscale"
            << "unset xlabel"
            << "unset ylabel"
            << "unset xtics"
            << "unset grid"
            << "unset key"
            << "set border 2"
            << "set tmargin at screen 0.37\nset bmargin at screen 0.03"
            << "set label 1 'Disconnectivity graphs of one sample with k = 4: minima at their objective, joined where "
               "ways between them pass' at screen 0.5,0.475 center font ',12' textcolor '#222222'";
    examples::add_class_legend(picture, 0.44);
    const std::size_t graphs[] = {0, columns / 2, columns - 1};
    for (std::size_t g = 0; g < 3; ++g) {
      const auto& found = shown[graphs[g]];
      const auto& network = found.network;
      const auto minima = network.minima.size();
      const auto plot = examples::graph_plot(picture, network, found.kinds, 0.7, minima > 60 ? 0.4 : 0.8);
      picture << "set xrange [" + examples::number(-0.03 * static_cast<double>(minima)) + ":" + std::to_string(minima) +
                     "]";  // the first leaves off the axis
      const double left = 0.055 + 0.325 * static_cast<double>(g);
      picture << "set lmargin at screen " + examples::number(left) + "\nset rmargin at screen " +
                     examples::number(left + 0.275)
              << "set title 'separation " + examples::number(separations[graphs[g]], 3) + ": " +
                     std::to_string(minima) + " minima, " + std::to_string(network.states.size()) +
                     " transition states' font ',10'"
              << "plot " + plot;
      examples::end_class_legend(picture);
    }
    picture << "unset multiplot";
    picture.draw();

    for (std::size_t c = 0; c < cluster_counts.size(); ++c) {
      std::string measured;
      Index lost = 0, count = 0, not_closed = 0;
      for (std::size_t s = 0; s < columns; ++s) {
        const auto& spurious = all[c][s];
        lost += spurious.without_path;
        not_closed += spurious.not_closed;
        count += static_cast<Index>(spurious.gaps.size());
        measured += (s > 0 ? "; " : "") + std::string("at ") + examples::number(separations[s], 3) + ": " +
                    (spurious.gaps.empty()
                         ? "none"
                         : std::to_string(spurious.gaps.size()) + " minima, gap " +
                               examples::number(100 * quantile(spurious.gaps, 0.5), 3) + "%, " +
                               (spurious.climbs.empty()
                                    ? "no path known"
                                    : "barrier " + examples::number(100 * quantile(spurious.climbs, 0.5), 3) + "%"));
      }
      report.row(
          "k = " + std::to_string(cluster_counts[c]),
          c == 0 ? "one-fit-many beside many-fit-one minima exist however far the clusters are apart" : "the same",
          measured,
          std::to_string(lost) + " of " + std::to_string(count) + " have no path to the best; " +
              std::to_string(not_closed) + " networks not closed and left out");
    }
    report.write(folder);
  });
}

// The networks of minima and transition states of two data sets: how many, how long it takes, and what they look like.
//
// Small run: --out {out} --data {data} --restarts 300 --max-minima 40
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/csv.hpp"
#include "common/disconnectivity.hpp"
#include "common/gnuplot.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;

struct Case {
  std::string file, words;
  bool standardised;
  Index k;
  Index restarts;  // few where the restarts alone would find more minima than the search has room for
};

struct Found {
  kmscape::Network<double> network;
  std::vector<Index> kinds;      // of the minima, as in class_names
  Index restarts = 0, from = 0;  // of the survey, and the minima that it found
  double seconds = 0;
};

examples::Table table_of(const std::filesystem::path& data, const Case& of) {
  auto table = examples::read_table((data / of.file).string(), "label");
  if (!of.standardised) return table;
  for (Index s = 0; s < table.points.rows(); ++s) {
    auto row = table.points.row(s).array();
    row -= row.mean();
    row /= std::sqrt(row.square().mean());
  }
  return table;
}

Found find(const std::filesystem::path& data, const Case& of, Index most_restarts, Index max_minima,
           const kmscape::ProgressCallback& progress) {
  const auto table = table_of(data, of);
  const kmscape::EmpiricalObjective<double> objective(table.points);
  Found found;
  const auto begin = std::chrono::steady_clock::now();
  found.restarts = std::min(of.restarts, most_restarts);
  const auto survey = kmscape::survey(
      objective, {.clusters = of.k, .restarts = found.restarts, .seed = 1, .stuck_tests = false, .progress = progress});
  found.from = static_cast<Index>(survey.minima.size());
  found.network = kmscape::transition_states(objective, survey, {.max_minima = max_minima, .progress = progress});
  found.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (const auto& minimum : found.network.minima)
    found.kinds.push_back(examples::class_of(kmscape::associate(objective, minimum.centers, table.labels)));
  return found;
}

std::string counts(const Found& found) {
  const auto components = kmscape::connected_components(found.network).count;
  return std::to_string(found.network.minima.size()) + " minima, " + std::to_string(found.network.states.size()) +
         " transition states, " + std::to_string(components) + (components == 1 ? " component" : " components");
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv, "networks [--out DIR] [--data DIR] [--restarts R] [--max-minima M]",
        {{"out", "DIR", "folder for the picture and its page"},
         {"data", "DIR", "folder of iris.csv and wine.csv, examples/data unless given"},
         {"restarts", "R", "restarts of a survey that begins a search at most, 100000 unless given"},
         {"max-minima", "M", "end a search when it has found so many minima, 1500 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const std::filesystem::path data = arguments.text("data", "examples/data");
    const auto restarts = arguments.integer("restarts", 100'000, 1);
    const auto max_minima = arguments.integer("max-minima", 1500, 1);

    const std::vector<Case> cases = {{"iris.csv", "iris, k = 3", false, 3, 100'000},
                                     {"iris.csv", "iris, k = 4", false, 4, 100'000},
                                     {"iris.csv", "iris, k = 5", false, 5, 100'000},
                                     {"iris.csv", "iris, k = 6", false, 6, 1000},
                                     {"wine.csv", "wine, k = 3", false, 3, 100'000},
                                     {"wine.csv", "wine, k = 4", false, 4, 100'000},
                                     {"wine.csv", "wine, standardised, k = 2", true, 2, 100'000},
                                     {"wine.csv", "wine, standardised, k = 3", true, 3, 1000}};
    examples::ProgressBar bar;
    std::vector<Found> all;
    for (const auto& of : cases) all.push_back(find(data, of, restarts, max_minima, bar.callback()));
    bar.clear();

    examples::Report report(
        "networks", "Minima and transition states of iris and wine",
        "Every minimum that restarts find starts a search on each facet where one of its points ties; minima met on "
        "the way start theirs, until nothing new is found or " +
            std::to_string(max_minima) +
            " minima are. Every state is certified: 0 < t < 1, the point's two nearest centers, all others in their "
            "cells, and Lloyd's iteration from either side down to a certified minimum. The thirteenth state of iris, "
            "k = 3, is reached over points where t lies outside (0, 1): a search that gives up there finds twelve. "
            "Counts are what was found, not proved to be all: for k = 4 more restarts find more, and k = 6 has more "
            "than "
            "22,000 minima and 100,000 states. Studies of the energy landscape of k-means used general saddle searches "
            "where these states have a closed form.");
    examples::Picture picture(folder / "networks.png", 2400, 1200);
    picture << "set termoption fontscale 2"
            << "set termoption linewidth 2"
            << "set termoption pointscale 2"
            << "set multiplot layout 2,4 margins 0.045,0.99,0.03,0.82 spacing 0.05,0.13"
            << "set border 2"
            << "unset xtics"
            << "unset key"
            << "set ytics font ',8' offset 0.6,0"
            << "set format y '%.2s%c'"
            << "set title font ',10'"
            << "set label 1 'Disconnectivity graphs: two minima are joined at the lowest barrier between them "
               "(objective), where a way between them was found' at "
               "screen 0.5,0.97 center font ',12' textcolor '#222222'";
    examples::add_class_legend(picture, 0.935);
    for (std::size_t c = 0; c < cases.size(); ++c) {
      const auto& found = all[c];
      const auto& network = found.network;
      const bool closed = network.status == kmscape::NetworkStatus::closed;
      report.row(cases[c].words, "nothing", counts(found) + ", " + examples::number(found.seconds, 2) + " s",
                 std::string(closed ? "closed" : "budget reached: more to find") + "; " + std::to_string(found.from) +
                     " minima from " + std::to_string(found.restarts) + " restarts; " +
                     std::to_string(kmscape::funnels(network).bottoms.size()) + " funnels, " +
                     examples::number(100 * kmscape::funnels(network).share_of_best, 3) +
                     "% of the minima in the best one's");
      const auto minima = network.minima.size();
      const auto plot = examples::graph_plot(picture, network, found.kinds, 0.6, minima > 100 ? 0.35 : 0.8);
      picture << "set title \"" + cases[c].words + "\\n{/*0.85 " + std::to_string(minima) + " minima, " +
                     std::to_string(network.states.size()) + " states, " + examples::number(found.seconds, 2) + " s" +
                     (closed ? "" : ", not closed") + "}\""
              << "plot " + plot;
      examples::end_class_legend(picture);
    }
    picture << "unset multiplot";
    picture.draw();
    report.write(folder);
  });
}

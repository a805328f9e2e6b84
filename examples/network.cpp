// The network of a file of points: its local minima, the transition states that join them, and what they say about
// getting from a bad minimum to the best one.
//
// Small run: {data}/iris.csv --k 3 --truth label --restarts 300 --json {out}/network.json --figure {out}/network.png
// Small run: {data}/line.csv --k 2 --from-states --all-pairs
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/csv.hpp"
#include "common/disconnectivity.hpp"
#include "common/gnuplot.hpp"
#include "common/json.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;
using Network = kmscape::Network<double>;
using Objective = kmscape::EmpiricalObjective<double>;

struct Input {
  std::string name;  // of the file
  examples::Table table;
  kmscape::SurveyOptions survey;
  kmscape::TransitionOptions search;
};

Input read_input(const examples::Arguments& arguments);
void print(const Input& input, const Network& network, double seconds);
examples::Json to_json(const Input& input, const Network& network);
void draw(const std::filesystem::path& path, const Input& input, const Objective& objective, const Network& network);

void run(const examples::Arguments& arguments) {
  Input input = read_input(arguments);
  const Objective objective(input.table.points);
  examples::ProgressBar bar;
  input.survey.progress = input.search.progress = bar.callback();
  const auto begin = std::chrono::steady_clock::now();
  const auto network = kmscape::transition_states(objective, kmscape::survey(objective, input.survey), input.search);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  bar.clear();
  print(input, network, seconds);
  if (arguments.has("json")) examples::write_file(arguments.text("json"), to_json(input, network).text() + "\n");
  if (arguments.has("figure")) draw(arguments.text("figure"), input, objective, network);
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv, "network DATA.csv --k K [options]",
        {{"k", "K", "number of centers"},
         {"truth", "COLUMN",
          "column of class labels, by name or by number from 1; `label` if there is one: colours the minima of the "
          "figure"},
         {"restarts", "R",
          "restarts of the survey that begins the search; 1000 or, for little data, up to 100000 unless given"},
         {"from-states", "", "search from both sides of every state, too: finds more and takes longer"},
         {"all-pairs", "",
          "search with each point between any two cells, not only its own and another: finds a few more"},
         {"max-minima", "M", "end the search when it has found so many minima, 10000 unless given"},
         {"seed", "SEED", "seed of everything random, 1 unless given"},
         {"threads", "T", "threads, 0 (default) for all cores; results do not depend on them"},
         {"json", "FILE", "write minima and transition states in full precision"},
         {"figure", "FILE", "draw the disconnectivity graph, .png or .svg"}});
    if (!arguments.printed_help()) run(arguments);
  });
}

namespace {

Input read_input(const examples::Arguments& arguments) {
  if (arguments.positional().size() != 1) throw examples::input_error("give one file of points; see --help");
  if (!arguments.has("k")) throw examples::input_error("--k is missing: how many centers? see --help");
  Input input;
  input.survey.clusters = arguments.integer("k", 0, 1);
  input.survey.seed = input.search.seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0));
  input.survey.threads = input.search.threads = static_cast<int>(arguments.integer("threads", 0, 0, 1024));
  input.search.from_states = arguments.has("from-states");
  input.search.all_pairs = arguments.has("all-pairs");
  input.search.max_minima = arguments.integer("max-minima", input.search.max_minima, 1);
  input.name = arguments.positional().front();
  input.table = examples::read_table(input.name, arguments.text("truth"));
  // A rare minimum may be the only way to others: as many restarts as a second or so has room for.
  const Index restarts =
      std::clamp<Index>(100'000'000 / (input.table.points.cols() * input.survey.clusters), 1000, 100'000);
  input.survey.restarts = arguments.integer("restarts", restarts, 1);
  const auto distinct = Objective(input.table.points).distinct_points(input.survey.clusters);
  if (distinct < input.survey.clusters)
    throw examples::input_error(input.name + ": --k = " + std::to_string(input.survey.clusters) +
                                ", but there are only " + std::to_string(distinct) + " distinct points");
  return input;
}

void print(const Input& input, const Network& network, double seconds) {
  const auto parts = kmscape::connected_components(network);
  const auto funnels = kmscape::funnels(network);
  const auto count = [](std::size_t number, const std::string& one, const std::string& many) {
    return std::to_string(number) + " " + (number == 1 ? one : many);
  };
  std::cout << input.name << ": n = " << input.table.points.cols() << ", d = " << input.table.points.rows()
            << input.table.remark() << ", k = " << input.survey.clusters << "; " << input.survey.restarts
            << " restarts, then " << network.starts.total
            << " searches on facets: " << count(network.minima.size(), "local minimum", "local minima") << ", "
            << count(network.states.size(), "transition state", "transition states") << ", "
            << count(static_cast<std::size_t>(parts.count), "component", "components") << ", "
            << to_string(network.status) << ", " << examples::number(seconds, 3) << " s\n";
  if (network.minima.empty()) return;
  std::cout << count(funnels.bottoms.size(), "funnel", "funnels")
            << ": going on over the lowest state to a lower minimum, "
            << examples::number(100 * funnels.share_of_best, 3) << "% of the minima end in the best one, "
            << examples::number(network.best().value, 10) << '\n';
  for (const Index bottom : funnels.bottoms) {
    if (bottom == 0) continue;
    const auto members = std::count(funnels.bottom.begin(), funnels.bottom.end(), bottom);
    std::cout << "  a funnel of " << members << " ends in "
              << examples::number(network.minima[static_cast<std::size_t>(bottom)].value, 10) << '\n';
  }
  // What a minimum must climb on its way to the best one, most of all.
  const auto tree = kmscape::merge_tree(network);
  double highest = 0;
  Index from = -1;
  for (std::size_t m = 1; m < network.minima.size(); ++m) {
    std::size_t node = m;
    while (tree.nodes[node].parent >= 0 && tree.nodes[node].lowest != 0)
      node = static_cast<std::size_t>(tree.nodes[node].parent);
    if (tree.nodes[node].lowest != 0) continue;  // no path is known
    const double climb = tree.nodes[node].value - network.minima[m].value;
    if (from >= 0 && climb <= highest) continue;
    highest = climb;
    from = static_cast<Index>(m);
  }
  if (from >= 0)
    std::cout << "the highest barrier on a way to the best minimum: " << examples::number(highest, 6)
              << " above minimum " << from << " of value "
              << examples::number(network.minima[static_cast<std::size_t>(from)].value, 10) << '\n';
}

examples::Json to_json(const Input& input, const Network& network) {
  using examples::Json;
  std::vector<Json> minima, states;
  for (const auto& minimum : network.minima)
    minima.push_back(Json::object({{"value", minimum.value}, {"centers", minimum.centers}, {"sizes", minimum.sizes}}));
  for (const auto& state : network.states)
    states.push_back(Json::object({{"value", state.value},
                                   {"minima", Json::list({state.first_minimum, state.second_minimum})},
                                   {"point", state.point},
                                   {"pair", Json::list({state.first, state.second})},
                                   {"t", state.t},
                                   {"centers", state.centers}}));
  return Json::object({{"n", input.table.points.cols()},
                       {"k", input.survey.clusters},
                       {"components", kmscape::connected_components(network).count},
                       {"status", to_string(network.status)},
                       {"minima", Json::list(minima)},
                       {"transition_states", Json::list(states)}});
}

void draw(const std::filesystem::path& path, const Input& input, const Objective& objective, const Network& network) {
  const auto minima = static_cast<Index>(network.minima.size());
  std::vector<Index> kinds;
  std::vector<bool> seen(std::size(examples::class_names), false);
  for (const auto& minimum : network.minima) {
    kinds.push_back(input.table.labels.size() == 0
                        ? 4
                        : examples::class_of(kmscape::associate(objective, minimum.centers, input.table.labels)));
    seen[static_cast<std::size_t>(kinds.back())] = true;
  }

  examples::Picture picture(path, 1100, 700);
  picture << "set title '" + examples::plain(std::filesystem::path(input.name).filename().string()) +
                 ", k = " + std::to_string(input.survey.clusters) + ": " + std::to_string(minima) + " local minima, " +
                 std::to_string(network.states.size()) + " transition states' font ',15'"
          << "set ylabel 'objective: two minima are joined at the lowest barrier between them'"
          << "unset xtics"
          << "set border 2"
          << "set key top left";
  std::string plot = examples::graph_plot(picture, network, kinds, 1.2, minima > 100 ? 0.7 : 1.3);
  for (std::size_t kind = 0; kind < seen.size(); ++kind)
    if (seen[kind])
      plot += ", 1/0 with points pt 7 ps 1.3 lc rgb '" + examples::colour(static_cast<Index>(kind)) + "' title '" +
              examples::class_names[kind] + "'";
  picture << "plot " + plot;
  picture.draw();
}

}  // namespace

// The network of a file of points, or of a population: its local minima, the saddles that join them, and what they say
// about getting from a bad minimum to the best one.
//
// Small run: {data}/iris.csv --k 3 --truth label --restarts 300 --json {out}/network.json --figure {out}/network.png
// Small run: {data}/line.csv --k 2 --from-states --all-pairs
// Small run: --model gmm --centers {data}/line.csv --sigma 0.3 --k 2 --json {out}/p.json --figure {out}/population.png
// Small run: --model ball --centers {data}/line.csv --radius 0.3 --n 60 --balanced --restarts 99
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/csv.hpp"
#include "common/disconnectivity.hpp"
#include "common/gnuplot.hpp"
#include "common/json.hpp"
#include "common/planted_model.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;
using Network = kmscape::Network<double>;

/// A network and what is said of it.
struct Study {
  std::string name;   // of the file or the model
  std::string words;  // what was searched, and how far
  kmscape::SurveyOptions survey;
  Network network;
  double seconds = 0;
  std::vector<kmscape::Association> truths;  // of the minima, where there is a truth
  std::vector<std::string> label_names;
  examples::Json json;
};

Study study_data(const examples::Arguments& arguments, bool planted);
Study study_population(const examples::Arguments& arguments);
void print(const Study& study);
void draw(const std::filesystem::path& path, const Study& study);

void run(const examples::Arguments& arguments) {
  const bool planted = examples::is_planted(arguments);
  const Study study = planted && !arguments.has("n") ? study_population(arguments) : study_data(arguments, planted);
  print(study);
  if (arguments.has("json")) examples::write_file(arguments.text("json"), study.json.text() + "\n");
  if (arguments.has("figure")) draw(arguments.text("figure"), study);
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv,
        "network DATA.csv --k K [options]\n"
        "       network --model ball --centers FILE --radius R [--n N] [options]\n"
        "       network --model gmm --centers FILE --sigma S [--n N] [options]\n"
        "Without --n the saddles are those of the population itself, on the line or in the plane. No point is divided "
        "there\n"
        "and cells hold no points: the JSON file has the cells' `masses` for `sizes`, and the Hessian's `eigenvalues` "
        "for\n"
        "`point`, `pair` and `t`.",
        examples::with_model_options(
            {{"k", "K", "number of centers; with --model the number of its components unless given"},
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
             {"json", "FILE", "write minima and saddles in full precision"},
             {"figure", "FILE", "draw the disconnectivity graph, .png or .svg"}},
            "study planted data instead of a file", "points to sample from the model; the population unless given"));
    if (!arguments.printed_help()) run(arguments);
  });
}

namespace {

std::string counted(Index number, const std::string& one, const std::string& many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

kmscape::SurveyOptions survey_options(const examples::Arguments& arguments) {
  kmscape::SurveyOptions options;
  options.clusters = arguments.integer("k", 0, 1);
  options.restarts = arguments.integer("restarts", 1000, 1);
  options.seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0));
  options.threads = static_cast<int>(arguments.integer("threads", 0, 0, 1024));
  return options;
}

examples::Json::Members frame(const Network& network, const kmscape::SurveyOptions& survey,
                              const std::vector<examples::Json>& minima, const std::vector<examples::Json>& states) {
  using examples::Json;
  return {{"k", survey.clusters},
          {"components", kmscape::connected_components(network).count},
          {"status", to_string(network.status)},
          {"minima", Json::list(minima)},
          {"transition_states", Json::list(states)}};
}

Study study_data(const examples::Arguments& arguments, bool planted) {
  using examples::Json;
  Study study;
  study.survey = survey_options(arguments);
  kmscape::TransitionOptions search;
  search.seed = study.survey.seed;
  search.threads = study.survey.threads;
  search.from_states = arguments.has("from-states");
  search.all_pairs = arguments.has("all-pairs");
  search.max_minima = arguments.integer("max-minima", search.max_minima, 1);
  study.name = planted ? "model " + arguments.text("model") : arguments.positional().front();
  auto table = planted ? examples::sample_of(examples::read_model(arguments), arguments)
                       : examples::read_table(study.name, arguments.text("truth"));
  Index& k = study.survey.clusters;
  if (k == 0) k = static_cast<Index>(table.label_names.size());
  // A rare minimum may be the only way to others: as many restarts as a second or so has room for.
  if (!arguments.has("restarts"))
    study.survey.restarts = std::clamp<Index>(100'000'000 / (table.points.cols() * k), 1000, 100'000);
  const kmscape::EmpiricalObjective<double> objective(table.points);
  if (const auto distinct = objective.distinct_points(k); distinct < k)
    throw examples::input_error(study.name + ": --k = " + std::to_string(k) + ", but there are only " +
                                std::to_string(distinct) + " distinct points");

  examples::ProgressBar bar;
  study.survey.progress = search.progress = bar.callback();
  const Stopwatch watch;
  study.network = kmscape::transition_states(objective, kmscape::survey(objective, study.survey), search);
  study.seconds = watch.seconds();
  bar.clear();
  const Network& network = study.network;
  if (table.labels.size() > 0)
    for (const auto& minimum : network.minima)
      study.truths.push_back(kmscape::associate(objective, minimum.centers, table.labels));
  study.label_names = table.label_names;
  study.words = "n = " + std::to_string(table.points.cols()) + ", d = " + std::to_string(table.points.rows()) +
                table.remark() + ", k = " + std::to_string(k) + "; " + std::to_string(study.survey.restarts) +
                " restarts, then " + std::to_string(network.starts.total) + " searches on facets";

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
  auto members = frame(network, study.survey, minima, states);
  members.insert(members.begin(), {"n", table.points.cols()});
  study.json = Json::object(members);
  return study;
}

template <class Model>
void study_population(const Model& model, kmscape::PopulationNetworkOptions search, Study& study) {
  using examples::Json;
  const kmscape::PopulationObjective<Model> objective(model);
  examples::ProgressBar bar;
  study.survey.progress = search.progress = bar.callback();
  const Stopwatch watch;
  const auto survey = kmscape::survey(objective, study.survey);
  std::vector<kmscape::FittedCenters<double>> given;
  for (const auto& minimum : survey.minima)
    if (minimum.certificate.empty_cells == 0) given.push_back(minimum.centers);
  kmscape::PopulationNetwork<double> found;
  if (!given.empty()) found = kmscape::population_network(objective, given, search);
  study.seconds = watch.seconds();
  bar.clear();
  study.network = std::move(found.network);
  const Network& network = study.network;
  for (const auto& minimum : network.minima) study.truths.push_back(kmscape::associate(minimum.centers, model));
  for (Index s = 0; s < model.components(); ++s) study.label_names.push_back(std::to_string(s));
  study.words = "the population, d = " + std::to_string(model.dimension()) +
                ", k = " + std::to_string(study.survey.clusters) + "; " + std::to_string(survey.restarts) +
                " restarts, then " + std::to_string(found.walks) + " walks along eigenvectors";
  const auto left_out = static_cast<Index>(survey.minima.size() - given.size());
  if (left_out > 0) study.words += " (" + counted(left_out, "minimum", "minima") + " with an empty cell left out)";
  if (survey.degenerate + survey.unfinished > 0)
    study.words += " (" + counted(survey.degenerate + survey.unfinished, "restart", "restarts") +
                   " ended at no certified minimum)";

  std::vector<Json> minima, states;
  for (const auto& minimum : network.minima)
    minima.push_back(Json::object(
        {{"value", minimum.value}, {"centers", minimum.centers}, {"masses", objective.cells(minimum.centers).mass}}));
  for (std::size_t s = 0; s < network.states.size(); ++s) {
    const auto& state = network.states[s];
    states.push_back(Json::object({{"value", state.value},
                                   {"minima", Json::list({state.first_minimum, state.second_minimum})},
                                   {"eigenvalues", found.saddles[s].eigenvalues},
                                   {"centers", state.centers}}));
  }
  study.json = Json::object(frame(network, study.survey, minima, states));
}

Study study_population(const examples::Arguments& arguments) {
  for (const auto* name : {"balanced", "from-states", "all-pairs"})
    if (arguments.has(name))
      throw examples::input_error(std::string("--") + name + " is for data: give --n for a sample; see --help");
  Study study;
  study.survey = survey_options(arguments);
  kmscape::PopulationNetworkOptions search;
  search.max_minima = arguments.integer("max-minima", 10'000, 1);
  search.threads = study.survey.threads;
  study.name = "model " + arguments.text("model");
  std::visit(
      [&](const auto& model) {
        if (model.dimension() > 2)
          throw examples::input_error(arguments.text("centers") + ": centers have " +
                                      std::to_string(model.dimension()) +
                                      " coordinates, but saddles of a population are found on the line and in the "
                                      "plane; give --n for a sample");
        if (study.survey.clusters == 0) study.survey.clusters = model.components();
        study_population(model, search, study);
      },
      examples::read_model(arguments));
  return study;
}

void print(const Study& study) {
  const Network& network = study.network;
  const auto parts = kmscape::connected_components(network);
  const auto funnels = kmscape::funnels(network);
  std::cout << study.name << ": " << study.words << ": "
            << counted(static_cast<Index>(network.minima.size()), "local minimum", "local minima") << ", "
            << counted(static_cast<Index>(network.states.size()), "transition state", "transition states") << ", "
            << counted(parts.count, "component", "components") << ", " << to_string(network.status) << ", "
            << examples::number(study.seconds, 3) << " s\n";
  if (network.minima.empty()) return;
  const auto truth = [&](Index minimum) {
    return study.truths.empty()
               ? std::string()
               : " (" + describe(study.truths[static_cast<std::size_t>(minimum)], study.label_names) + ")";
  };
  std::cout << counted(static_cast<Index>(funnels.bottoms.size()), "funnel", "funnels")
            << ": going on over the lowest state to a lower minimum, "
            << examples::number(100 * funnels.share_of_best, 3) << "% of the minima end in the best one, "
            << examples::number(network.best().value, 10) << truth(0) << '\n';
  for (const Index bottom : funnels.bottoms) {
    if (bottom == 0) continue;
    const auto members = std::count(funnels.bottom.begin(), funnels.bottom.end(), bottom);
    std::cout << "  a funnel of " << members << " ends in "
              << examples::number(network.minima[static_cast<std::size_t>(bottom)].value, 10) << truth(bottom) << '\n';
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
              << examples::number(network.minima[static_cast<std::size_t>(from)].value, 10) << truth(from) << '\n';
}

void draw(const std::filesystem::path& path, const Study& study) {
  const Network& network = study.network;
  const auto minima = static_cast<Index>(network.minima.size());
  std::vector<Index> kinds;
  std::vector<bool> seen(std::size(examples::class_names), false);
  for (std::size_t m = 0; m < network.minima.size(); ++m) {
    kinds.push_back(study.truths.empty() ? 4 : examples::class_of(study.truths[m]));
    seen[static_cast<std::size_t>(kinds.back())] = true;
  }

  examples::Picture picture(path, 1100, 700);
  picture << "set title '" + examples::plain(std::filesystem::path(study.name).filename().string()) +
                 ", k = " + std::to_string(study.survey.clusters) + ": " + std::to_string(minima) + " local minima, " +
                 std::to_string(network.states.size()) + " transition states' font ',15'"
          << "set ylabel 'objective: two minima are joined at the lowest barrier between them'"
          << "unset xtics"
          << "set border 2"
          << "set key outside bottom center horizontal";
  std::string plot = examples::graph_plot(picture, network, kinds, 1.2, minima > 100 ? 0.7 : 1.3);
  for (std::size_t kind = 0; kind < seen.size(); ++kind)
    if (seen[kind])
      plot += ", 1/0 with points pt 7 ps 1.3 lc rgb '" + examples::colour(static_cast<Index>(kind)) + "' title '" +
              examples::class_names[kind] + "'";
  picture << "plot " + plot;
  picture.draw();
}

}  // namespace

// Fits k-means to a file of points and leaves bad local minima by moves of centers where restarts would begin anew.
//
// Small run: {data}/iris.csv --k 4 --truth label --json {out}/escape.json
#include <iostream>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/csv.hpp"
#include "common/json.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

const std::vector<std::string> strategies = {"best",         "fission_fusion",    "random_swap",
                                             "ls_plus_plus", "over_parametrised", "breathing"};
constexpr kmscape::EscapeStrategy strategy_of[] = {kmscape::EscapeStrategy::best,
                                                   kmscape::EscapeStrategy::fission_fusion,
                                                   kmscape::EscapeStrategy::random_swap,
                                                   kmscape::EscapeStrategy::ls_plus_plus,
                                                   kmscape::EscapeStrategy::over_parametrised,
                                                   kmscape::EscapeStrategy::breathing};
const std::vector<std::string> seedings = {"kmeans++", "greedy", "random", "partition", "maximin"};
constexpr kmscape::Seeding methods[] = {kmscape::Seeding::kmeans_plus_plus, kmscape::Seeding::greedy_kmeans_plus_plus,
                                        kmscape::Seeding::uniform_points, kmscape::Seeding::random_partition,
                                        kmscape::Seeding::maximin};

void run(const examples::Arguments& arguments) {
  if (arguments.positional().size() != 1) throw examples::input_error("give one file of points; see --help");
  if (!arguments.has("k")) throw examples::input_error("--k is missing: how many centers? see --help");
  const kmscape::Index k = arguments.integer("k", 0, 1);
  kmscape::SeedingOptions seeding;
  seeding.method = methods[arguments.choice("seeding", seedings)];
  seeding.seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0));
  kmscape::EscapeOptions options;
  options.strategy = strategy_of[arguments.choice("strategy", strategies)];
  options.max_moves = arguments.integer("moves", options.max_moves, 0);
  options.max_iterations = arguments.integer("iterations", options.max_iterations, 0);
  if (arguments.has("seconds")) options.seconds = arguments.positive("seconds");
  if (arguments.has("target")) options.target = arguments.positive("target");
  options.seed = seeding.seed;
  options.threads = static_cast<int>(arguments.integer("threads", 0, 0, 1024));

  const std::string& name = arguments.positional().front();
  const auto table = examples::read_table(name, arguments.text("truth"));
  const kmscape::EmpiricalObjective<double> objective(table.points);
  if (const auto distinct = objective.distinct_points(k); distinct < k)
    throw examples::input_error(name + ": --k = " + std::to_string(k) + ", but there are only " +
                                std::to_string(distinct) + " distinct points");

  examples::ProgressBar bar;
  options.progress = bar.callback();
  kmscape::RandomStream stream(seeding.seed);
  const auto start = kmscape::seed_centers(objective, k, seeding, stream).centers;
  const auto result = kmscape::escape(objective, start, options);
  const auto certificate = kmscape::certify(objective, result.centers);
  bar.clear();

  std::cout << name << ": n = " << table.points.cols() << ", d = " << table.points.rows() << table.remark()
            << ", k = " << k << "; " << to_string(options.strategy) << " from " << to_string(seeding.method)
            << ", seed " << seeding.seed.value << "\nseeded " << examples::number(result.start_value, 8)
            << ", after Lloyd's iteration " << examples::number(result.history.front(), 8) << ", after "
            << result.accepted << " of " << result.moves << " moves " << examples::number(result.value, 8) << " ("
            << to_string(result.status) << ", " << result.lloyd_iterations << " Lloyd steps, "
            << examples::number(result.seconds, 3) << " s)\ncertificate: " << to_string(certificate.status)
            << ", grade " << to_string(certificate.grade) << '\n';
  if (!arguments.has("json")) return;
  using examples::Json;
  examples::write_file(arguments.text("json"),
                       Json::object({{"start_value", result.start_value},
                                     {"value", result.value},
                                     {"centers", result.centers},
                                     {"sizes", result.sizes},
                                     {"lloyd_iterations", result.lloyd_iterations},
                                     {"seconds", result.seconds},
                                     {"history", Json::list({result.history.begin(), result.history.end()})},
                                     {"certificate", Json::object({{"status", to_string(certificate.status)},
                                                                   {"grade", to_string(certificate.grade)},
                                                                   {"residual", certificate.residual},
                                                                   {"tie_margin", certificate.tie_margin},
                                                                   {"radius", certificate.radius}})}})
                               .text() +
                           "\n");
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv, "escape DATA.csv --k K [options]",
        {{"k", "K", "number of centers"},
         {"strategy", "NAME",
          "best (default), fission_fusion, random_swap, ls_plus_plus, over_parametrised, breathing"},
         {"seeding", "METHOD", "kmeans++ (default), greedy, random, partition or maximin"},
         {"seed", "SEED", "seed of everything random, 1 unless given"},
         {"moves", "M", "moves to try at most, 100 unless given"},
         {"iterations", "I", "Lloyd steps at most, all moves together, 100000 unless given"},
         {"seconds", "S", "end with the first step of Lloyd's iteration beyond so many seconds"},
         {"target", "V", "end when the objective is at most V"},
         {"truth", "COLUMN",
          "column of class labels to leave out, by name or by number from 1; `label` if there is one"},
         {"threads", "T", "threads, 0 (default) for all cores; results do not depend on them"},
         {"json", "FILE", "write the fit in full precision"}});
    if (!arguments.printed_help()) run(arguments);
  });
}

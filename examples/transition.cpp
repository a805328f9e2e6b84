// Leads one separable clustering of a file of points to another, one exchange of items at a time, with all clusterings
// in between separable.
//
// --from and --to name columns of labels in the file, or files with one label a line; their clusters are the same where
// they have the same name. Sites are the clusters' means, or those of --from-sites and --to-sites, one a line in the
// order of the labels; without labels every point starts and ends at the nearest site. Ends with exit code 1 where a
// property of BHZ's Theorem 1 fails.
//
// Small run: {data}/iris.csv --truth label --from-sites {data}/iris_sites_a.csv --to-sites {data}/iris_sites_b.csv
// Small run: {data}/plane_labels.csv --from a --to b --frames {out}/transition --most-frames 3 --json {out}/t.json
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/csv.hpp"
#include "common/drawing.hpp"
#include "common/json.hpp"
#include "common/plane.hpp"
#include "common/progress_bar.hpp"
#include "common/transition_picture.hpp"

namespace {

using kmscape::Index;

struct Input {
  std::string name, remark;  // of the file
  Eigen::MatrixXd points;
  std::vector<std::string> cluster_names;
  kmscape::Labels start, target;
  Eigen::MatrixXd start_sites, target_sites;
};

Input read_input(const examples::Arguments& arguments);
void print(const Input& input, const kmscape::Transition& transition, double seconds,
           const kmscape::TransitionVerification& verification);
examples::Json to_json(const kmscape::Transition& transition, double seconds, bool verified);

/// Whether the transition has all properties that are promised.
bool run(const examples::Arguments& arguments) {
  const auto most_frames = arguments.integer("most-frames", 60, 2, 10000);
  const Input input = read_input(arguments);
  examples::ProgressBar bar;
  kmscape::TransitionSequenceOptions options;
  options.diagrams = arguments.has("frames") ? kmscape::Diagrams::all : kmscape::Diagrams::margins;
  options.progress = bar.callback();

  const auto begin = std::chrono::steady_clock::now();
  const auto transition =
      kmscape::transition(input.points, input.start, input.start_sites, input.target, input.target_sites, options);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  // All clusterings of a small transition; of a large one about as many as a minute allows.
  const double work = static_cast<double>(input.points.size()) * static_cast<double>(input.start_sites.cols());
  kmscape::VerifyOptions checks;
  checks.most_clusterings = std::max<Index>(20, static_cast<Index>(1e10 / work));
  checks.progress = bar.callback();
  const auto verification = kmscape::verify(input.points, transition, checks);

  bar.clear();
  print(input, transition, seconds, verification);
  if (arguments.has("json"))
    examples::write_file(arguments.text("json"), to_json(transition, seconds, verification.holds).text() + "\n");
  if (arguments.has("frames"))
    examples::draw_transition(arguments.text("frames"), std::filesystem::path(input.name).filename().string(),
                              input.points, transition, most_frames, bar.callback());
  return verification.holds;
}

}  // namespace

int main(int argc, char** argv) {
  bool verified = true;
  const int code = examples::run([&] {
    const examples::Arguments arguments(
        argc, argv,
        "transition DATA.csv --from LABELS --to LABELS [options]\n"
        "       transition DATA.csv --from-sites FILE --to-sites FILE [options]",
        {{"from", "LABELS", "the clustering to begin with: a column of the data, by name or number, or a file"},
         {"to", "LABELS", "the clustering to end with"},
         {"from-sites", "FILE", "sites of the first, one a line; the means of its clusters unless given"},
         {"to-sites", "FILE", "sites of the last"},
         {"truth", "COLUMN", "a column of the data to leave out, beside `label`"},
         {"json", "FILE", "write every exchange in full precision; a margin is null where no boundary bounds it"},
         {"frames", "DIR", "draw pictures of the items changing cells, and a page that plays them, index.html"},
         {"most-frames", "F", "how many pictures at most, evenly spread; 60 unless given"}});
    if (!arguments.printed_help()) verified = run(arguments);
  });
  return code == 0 && !verified ? 1 : code;
}

namespace {

/// The means of the clusters; of an empty one the other clustering's, or that of all points.
Eigen::MatrixXd means_of(const Eigen::MatrixXd& points, const kmscape::Labels& labels, const kmscape::Labels& other,
                         Index k) {
  const auto mean = [&](const kmscape::Labels& clustering, Index i, Eigen::VectorXd& result) {
    Index size = 0;
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(points.rows());
    for (Index j = 0; j < points.cols(); ++j)
      if (clustering(j) == i) {
        sum += points.col(j);
        ++size;
      }
    if (size > 0) result = sum / static_cast<double>(size);
    return size > 0;
  };
  Eigen::MatrixXd result(points.rows(), k);
  for (Index i = 0; i < k; ++i) {
    Eigen::VectorXd site = points.rowwise().mean();
    if (!mean(labels, i, site)) mean(other, i, site);
    result.col(i) = site;
  }
  return result;
}

/// One label a line.
std::vector<std::string> read_words(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw examples::input_error(file + ": cannot be read");
  std::vector<std::string> words;
  std::string line;
  while (std::getline(in, line))
    if (const auto word = examples::internal::trimmed(line); !word.empty() && word.front() != '#')
      words.emplace_back(word);
  return words;
}

Input read_input(const examples::Arguments& arguments) {
  if (arguments.positional().size() != 1) throw examples::input_error("give one file of points; see --help");
  for (const auto& [first, second] : {std::pair{"from", "to"}, {"from-sites", "to-sites"}})
    if (arguments.has(first) != arguments.has(second))
      throw examples::input_error(std::string("--") + (arguments.has(first) ? second : first) +
                                  " is missing; see --help");
  const bool has_labels = arguments.has("from"), has_sites = arguments.has("from-sites");
  if (!has_labels && !has_sites)
    throw examples::input_error("give --from and --to, or --from-sites and --to-sites; see --help");

  // Labels are columns of the data or, where such files exist, in files.
  const std::vector<std::string> ends = {arguments.text("from"), arguments.text("to")};
  const bool in_files =
      has_labels && std::filesystem::is_regular_file(ends[0]) && std::filesystem::is_regular_file(ends[1]);
  if (has_labels && ends[0] == ends[1])
    throw examples::input_error("--from and --to are the same, " + ends[0] + ": there is nothing to change");
  std::vector<std::string> columns;
  if (has_labels && !in_files) columns = ends;
  if (arguments.has("truth")) columns.push_back(arguments.text("truth"));

  Input input;
  input.name = arguments.positional().front();
  auto table = examples::read_table(input.name, columns);
  input.points = table.points;
  input.remark = table.remark();
  const Index n = input.points.cols();
  if (in_files) {
    std::vector<std::string> words;
    for (const auto& end : ends) {
      const auto more = read_words(end);
      if (static_cast<Index>(more.size()) != n)
        throw examples::input_error(end + ": " + std::to_string(more.size()) + " labels, but " + input.name + " has " +
                                    std::to_string(n) + " points");
      words.insert(words.end(), more.begin(), more.end());
    }
    table.columns.clear();
    table.label_names.clear();
    examples::internal::name_labels(words, table);
  }
  Index k = 0;
  if (has_labels) {
    input.start = table.columns[0];
    input.target = table.columns[1];
    k = std::max(input.start.maxCoeff(), input.target.maxCoeff()) + 1;
  }
  if (has_sites) {
    for (const auto& [option, sites] :
         {std::pair{"from-sites", &input.start_sites}, {"to-sites", &input.target_sites}}) {
      const std::string file = arguments.text(option);
      *sites = examples::read_table(file).points;
      if (sites->rows() != input.points.rows())
        throw examples::input_error(file + ": the sites have " + std::to_string(sites->rows()) +
                                    " coordinates, but the points of " + input.name + " have " +
                                    std::to_string(input.points.rows()));
      if (k > 0 && sites->cols() != k)
        throw examples::input_error(file + ": " + std::to_string(sites->cols()) + " sites, but there are " +
                                    std::to_string(k) + " clusters");
      k = sites->cols();
    }
  }
  if (!has_sites) {
    input.start_sites = means_of(input.points, input.start, input.target, k);
    input.target_sites = means_of(input.points, input.target, input.start, k);
  }
  if (!has_labels) {
    const auto nearest = [&](const Eigen::MatrixXd& sites) {
      return kmscape::PowerDiagram{sites, sites.colwise().squaredNorm().transpose() / 2}.classify(input.points);
    };
    input.start = nearest(input.start_sites);
    input.target = nearest(input.target_sites);
  }
  return input;
}

void print(const Input& input, const kmscape::Transition& transition, double seconds,
           const kmscape::TransitionVerification& verification) {
  std::map<kmscape::TransitionPhase, Index> phases;
  Index moves = 0, cyclical = 0;
  for (const auto& step : transition.steps) {
    ++phases[step.phase];
    moves += static_cast<Index>(step.moves.size());
    cyclical += kmscape::is_cyclical(step.moves);
  }
  std::cout << input.name << ": n = " << input.points.cols() << ", d = " << input.points.rows() << input.remark
            << ", k = " << input.start_sites.cols() << "; " << (input.start != input.target).count()
            << " items differ\n"
            << transition.steps.size() << " exchanges, " << cyclical << " of them cyclical, move " << moves
            << " items, in " << examples::number(seconds, 3) << " s\n"
            << "  sites at the start, to a radial clustering: " << phases[kmscape::TransitionPhase::initial] << '\n'
            << "  sites on their way, radial clusterings: " << phases[kmscape::TransitionPhase::linear] << '\n'
            << "  sites at the target: " << phases[kmscape::TransitionPhase::target] << '\n'
            << (verification.holds ? "verified" : "NOT VERIFIED") << ", by sums over all items:\n";
  for (const auto& property : verification.properties) {
    std::printf("  %2d %-80s ", property.number, property.statement.c_str());
    if (!property.holds)
      std::printf("FAILS at step %td by %.2g\n", property.step, property.violation);
    else if (property.checked == 0)
      std::printf("nothing to check\n");
    else
      std::printf("holds, %td checked\n", property.checked);
  }
}

examples::Json to_json(const kmscape::Transition& transition, double seconds, bool verified) {
  using examples::Json;
  std::vector<Json> steps;
  for (const auto& step : transition.steps) {
    std::vector<Json> moves;
    for (const auto& move : step.moves) moves.push_back(Json::list({move.item, move.from, move.to}));
    steps.push_back(Json::object({{"phase", to_string(step.phase)},
                                  {"lambda", step.lambda},
                                  {"moves", Json::list(moves)},
                                  {"margin", step.margin}}));
  }
  return Json::object({{"start", transition.start},
                       {"target", transition.target},
                       {"steps", Json::list(steps)},
                       {"seconds", seconds},
                       {"verified", verified}});
}

}  // namespace

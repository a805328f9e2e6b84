// Surveys the local minima of k-means on a file of points or on planted data, and says what each one is.
//
// Small run: {data}/iris.csv --k 3 --truth label --restarts 300 --json {out}/iris.json --figure {out}/iris.png
// Small run: --model ball --centers {data}/line.csv --radius 0.3 --n 300 --balanced --restarts 99 --figure {out}/l.png
#include <iostream>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/csv.hpp"
#include "common/json.hpp"
#include "common/planted_model.hpp"
#include "common/progress_bar.hpp"
#include "common/survey_picture.hpp"

namespace {

using Survey = kmscape::Survey<double>;
using Objective = kmscape::EmpiricalObjective<double>;

/// What is surveyed: points, and a truth to compare with where there is one.
struct Input {
  std::string name;  // of the file or the model
  examples::Table table;
  kmscape::SurveyOptions options;
};

Input read_input(const examples::Arguments& arguments);
void print(const Input& input, const Survey& survey, const std::vector<kmscape::Association>& associations);
examples::Json to_json(const Input& input, const Survey& survey, const std::vector<kmscape::Association>& associations);

const std::vector<std::string> seedings = {"kmeans++", "greedy", "random", "partition", "maximin"};
constexpr kmscape::Seeding methods[] = {kmscape::Seeding::kmeans_plus_plus, kmscape::Seeding::greedy_kmeans_plus_plus,
                                        kmscape::Seeding::uniform_points, kmscape::Seeding::random_partition,
                                        kmscape::Seeding::maximin};

void run(const examples::Arguments& arguments) {
  Input input = read_input(arguments);
  const Objective objective(input.table.points);

  examples::ProgressBar bar;
  input.options.progress = bar.callback();
  const Survey survey = kmscape::survey(objective, input.options);

  std::vector<kmscape::Association> associations;
  if (input.table.labels.size() > 0)
    for (const auto& minimum : survey.minima)
      associations.push_back(kmscape::associate(objective, minimum.centers, input.table.labels));

  bar.clear();
  print(input, survey, associations);
  if (arguments.has("json"))
    examples::write_file(arguments.text("json"), to_json(input, survey, associations).text() + "\n");
  if (arguments.has("figure"))
    examples::draw_survey(arguments.text("figure"), input.name, objective, survey, associations,
                          input.table.label_names);
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv,
        "survey DATA.csv --k K [options]\n"
        "       survey --model ball --centers FILE --radius R --n N [options]\n"
        "       survey --model gmm --centers FILE --sigma S --n N [options]",
        examples::with_model_options(
            {{"k", "K", "number of centers to fit; with --model the number of its components unless given"},
             {"truth", "COLUMN", "column of class labels, by name or by number from 1; `label` if there is one"},
             {"restarts", "R", "restarts, 1000 unless given"},
             {"seeding", "METHOD", "kmeans++ (default), greedy, random, partition or maximin"},
             {"seed", "SEED", "seed of everything random, 1 unless given"},
             {"threads", "T", "threads, 0 (default) for all cores; results do not depend on them"},
             {"json", "FILE", "write every minimum in full precision"},
             {"figure", "FILE", "draw a picture, .png or .svg"}},
            "survey planted data instead of a file", "points to sample from the model"));
    if (!arguments.printed_help()) run(arguments);
  });
}

namespace {

Input read_input(const examples::Arguments& arguments) {
  Input input;
  const bool planted = examples::is_planted(arguments);

  // Options first: a mistyped number should not cost the time to read a large file.
  auto& options = input.options;
  options.clusters = arguments.integer("k", 0, 1);
  options.restarts = arguments.integer("restarts", 1000, 1);
  options.seeding = methods[arguments.choice("seeding", seedings)];
  options.seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0));
  options.threads = static_cast<int>(arguments.integer("threads", 0, 0, 1024));

  input.name = planted ? "model " + arguments.text("model") : arguments.positional().front();
  input.table = planted ? examples::sample_of(examples::read_model(arguments), arguments)
                        : examples::read_table(input.name, arguments.text("truth"));
  if (planted && options.clusters == 0) options.clusters = static_cast<kmscape::Index>(input.table.label_names.size());
  const auto distinct = Objective(input.table.points).distinct_points(options.clusters);
  if (distinct < options.clusters)
    throw examples::input_error(input.name + ": --k = " + std::to_string(options.clusters) + ", but there are only " +
                                std::to_string(distinct) + " distinct points");
  return input;
}

std::string percent(double share) { return examples::number(100 * share, 3) + "%"; }

void print(const Input& input, const Survey& survey, const std::vector<kmscape::Association>& associations) {
  std::cout << input.name << ": n = " << input.table.points.cols() << ", d = " << input.table.points.rows()
            << input.table.remark() << ", k = " << input.options.clusters << "; " << survey.restarts
            << " restarts from " << to_string(input.options.seeding) << ", seed " << input.options.seed.value << ": "
            << survey.minima.size() << (survey.minima.size() == 1 ? " local minimum\n" : " local minima\n");
  if (survey.unfinished > 0) std::cout << survey.unfinished << " restarts ended at no certified minimum\n";
  for (std::size_t m = 0; m < survey.minima.size(); ++m) {
    const auto& minimum = survey.minima[m];
    const auto& certificate = minimum.certificate;
    const auto& stuck = minimum.stuck;
    char line[160];
    std::snprintf(line, sizeof line, "\n%3zu  objective %.6f (+%.3g%%), reached by %s of restarts [%s, %s]\n", m + 1,
                  minimum.value, 100 * (minimum.value / survey.best().value - 1), percent(minimum.share).c_str(),
                  percent(minimum.share_low).c_str(), percent(minimum.share_high).c_str());
    std::cout << line;
    if (!associations.empty())
      std::cout << "     truth: " << describe(associations[m], input.table.label_names) << '\n';
    std::cout << "     certificate: " << to_string(certificate.status) << ", grade " << to_string(certificate.grade)
              << ", residual " << certificate.residual << ", tie margin " << certificate.tie_margin << '\n';
    std::cout << "     stuck test: ";
    if (!stuck.has_move)
      std::cout << "no merge and split to try\n";
    else
      std::cout << (stuck.stuck ? "STUCK: " : "not stuck: ") << "merging centers " << stuck.merge_first << " and "
                << stuck.merge_second << " costs " << stuck.merge_cost << ", splitting " << stuck.split << " gains "
                << stuck.split_gain
                << (stuck.stuck ? "; the move leads to " + examples::number(stuck.repaired_value, 8) : "") << '\n';
  }
}

examples::Json to_json(const kmscape::Association& association, const std::vector<std::string>& names) {
  using examples::Json;
  const auto list = [](const std::vector<kmscape::Index>& items) { return Json::list({items.begin(), items.end()}); };
  std::vector<Json> groups;
  for (const auto& group : association.groups)
    groups.push_back(Json::object(
        {{"kind", to_string(group.kind)}, {"centers", list(group.centers)}, {"clusters", list(group.clusters)}}));
  return Json::object({{"summary", describe(association, names)},
                       {"groups", Json::list(groups)},
                       {"almost_empty", list(association.almost_empty)},
                       {"mass", association.mass.transpose()}});
}

examples::Json to_json(const Input& input, const Survey& survey,
                       const std::vector<kmscape::Association>& associations) {
  using examples::Json;
  std::vector<Json> minima;
  for (std::size_t m = 0; m < survey.minima.size(); ++m) {
    const auto& minimum = survey.minima[m];
    const auto& stuck = minimum.stuck;
    minima.push_back(Json::object(
        {{"value", minimum.value},
         {"count", minimum.count},
         {"share", minimum.share},
         {"share_interval", Json::list({minimum.share_low, minimum.share_high})},
         {"centers", minimum.centers},
         {"sizes", minimum.sizes},
         {"certificate", Json::object({{"status", to_string(minimum.certificate.status)},
                                       {"grade", to_string(minimum.certificate.grade)},
                                       {"residual", minimum.certificate.residual},
                                       {"tie_margin", minimum.certificate.tie_margin},
                                       {"radius", minimum.certificate.radius}})},
         {"association", associations.empty() ? Json() : to_json(associations[m], input.table.label_names)},
         {"stuck", Json::object({{"stuck", stuck.stuck},
                                 {"has_move", stuck.has_move},
                                 {"merge", Json::list({stuck.merge_first, stuck.merge_second})},
                                 {"merge_cost", stuck.merge_cost},
                                 {"split", stuck.split},
                                 {"split_gain", stuck.split_gain},
                                 {"moved_value", stuck.moved_value},
                                 {"repaired_value", stuck.repaired_value}})}}));
  }
  return Json::object({{"n", input.table.points.cols()},
                       {"d", input.table.points.rows()},
                       {"k", input.options.clusters},
                       {"restarts", survey.restarts},
                       {"seed", input.options.seed.value},
                       {"seeding", to_string(input.options.seeding)},
                       {"unfinished", survey.unfinished},
                       {"minima", Json::list(minima)},
                       {"best", survey.minima.empty() ? Json() : Json(survey.best().value)}});
}

}  // namespace

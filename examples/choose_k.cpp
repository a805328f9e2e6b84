// How many clusters does a file of points hold? Fits for k = 1, ..., k_max, and the k that each rule of thumb chooses.
//
// Small run: {data}/planted.csv --truth label --k-max 8 --json {out}/choose_k.json --figure {out}/choose_k.png
// Small run: {data}/line.csv --references 0 --figure {out}/choose_k_line.png
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/csv.hpp"
#include "common/gnuplot.hpp"
#include "common/json.hpp"
#include "common/plane.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"
#include "common/survey_picture.hpp"

namespace {

using Objective = kmscape::EmpiricalObjective<double>;
using Result = kmscape::ChooseKResult<double>;
using Fit = kmscape::KFit<double>;

struct Input {
  std::string name;  // of the file
  examples::Table table;
  kmscape::ChooseKOptions options;
};

/// A rule and the k that it chooses, or -1.
struct Choice {
  std::string rule;
  kmscape::Index k;
};

Input read_input(const examples::Arguments& arguments);
std::vector<Choice> choices_of(const Result& result);
kmscape::Index most_chosen(const std::vector<Choice>& choices);
void print(const Input& input, const Result& result);
examples::Json to_json(const Input& input, const Result& result);
void draw(const std::filesystem::path& path, const Input& input, const Objective& objective, const Result& result);

void run(const examples::Arguments& arguments) {
  Input input = read_input(arguments);
  const Objective objective(input.table.points);

  examples::ProgressBar bar;
  input.options.progress = bar.callback();
  const Result result = kmscape::choose_k(objective, input.options);
  bar.clear();

  print(input, result);
  if (arguments.has("json")) examples::write_file(arguments.text("json"), to_json(input, result).text() + "\n");
  if (arguments.has("figure")) draw(arguments.text("figure"), input, objective, result);
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv, "choose_k DATA.csv [options]",
        {{"k-max", "K", "largest number of centers to try; 10, or as many as there are distinct points, unless given"},
         {"truth", "COLUMN",
          "column of class labels to compare with, by name or by number from 1; `label` if there is one"},
         {"restarts", "R", "restarts for every k, 10 unless given"},
         {"references", "B", "reference samples of the gap statistic, 20 unless given; 0 leaves it out"},
         {"box", "BOX", "where references are uniform: principal (default) or bounding"},
         {"seed", "SEED", "seed of everything random, 1 unless given"},
         {"threads", "T", "threads, 0 (default) for all cores; results do not depend on them"},
         {"json", "FILE", "write every k in full precision"},
         {"figure", "FILE", "draw a picture, .png or .svg"}});
    if (!arguments.printed_help()) run(arguments);
  });
}

namespace {

Input read_input(const examples::Arguments& arguments) {
  if (arguments.positional().size() != 1) throw examples::input_error("give one file of points; see --help");

  // Options first: a mistyped number should not cost the time to read a large file.
  Input input;
  auto& options = input.options;
  options.k_max = arguments.integer("k-max", 10, 1);
  options.restarts = static_cast<int>(arguments.integer("restarts", 10, 1, 1'000'000));
  options.references = static_cast<int>(arguments.integer("references", 20, 0, 1'000'000));
  options.reference = arguments.choice("box", {"principal", "bounding"}) == 0 ? kmscape::GapReference::principal_box
                                                                              : kmscape::GapReference::bounding_box;
  options.seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0));
  options.threads = static_cast<int>(arguments.integer("threads", 0, 0, 1024));

  input.name = arguments.positional().front();
  input.table = examples::read_table(input.name, arguments.text("truth"));
  const auto distinct = Objective(input.table.points).distinct_points(options.k_max);
  if (distinct < options.k_max && arguments.has("k-max"))
    throw examples::input_error(input.name + ": --k-max = " + std::to_string(options.k_max) + ", but there are only " +
                                std::to_string(distinct) + " distinct points");
  options.k_max = distinct;
  return input;
}

std::vector<Choice> choices_of(const Result& result) {
  return {{"elbow", result.elbow},
          {"second difference", result.second_difference},
          {"silhouette", result.silhouette},
          {"simplified silhouette", result.simplified_silhouette},
          {"gap", result.gap}};
}

/// The k that most rules choose, of several the smallest; 1 where no rule chooses any.
kmscape::Index most_chosen(const std::vector<Choice>& choices) {
  const auto votes = [&](kmscape::Index k) {
    return std::count_if(choices.begin(), choices.end(), [&](const auto& choice) { return choice.k == k; });
  };
  kmscape::Index best = -1;
  for (const auto& [rule, k] : choices)
    if (k > 0 && (best < 0 || std::pair(votes(k), -k) > std::pair(votes(best), -best))) best = k;
  return std::max<kmscape::Index>(best, 1);
}

/// The rules that choose k, as a list in words.
std::string voters(const std::vector<Choice>& choices, kmscape::Index k) {
  std::string list;
  for (const auto& choice : choices)
    if (choice.k == k) list += (list.empty() ? "" : ", ") + choice.rule;
  return list;
}

std::string cell(const std::optional<double>& value, int width, int decimals) {
  char out[64];
  if (value)
    std::snprintf(out, sizeof out, "%*.*f", width, decimals, *value);
  else
    std::snprintf(out, sizeof out, "%*s", width, "-");
  return out;
}

const Fit& fit_of(const Result& result, kmscape::Index k) { return result.fits[static_cast<std::size_t>(k - 1)]; }

void print(const Input& input, const Result& result) {
  const auto& options = input.options;
  const bool has_truth = input.table.labels.size() > 0;
  std::cout << input.name << ": n = " << input.table.points.cols() << ", d = " << input.table.points.rows()
            << input.table.remark() << "; k = 1 to " << options.k_max << ", " << options.restarts << " restarts each, "
            << options.references << " references in the "
            << (options.reference == kmscape::GapReference::principal_box ? "principal" : "bounding") << " box, seed "
            << options.seed.value << "\n\n"
            << "  k         value  explained   elbow  2nd diff  silhouette  simplified      gap     s_k"
            << (has_truth ? "     ARI" : "") << '\n';
  for (const auto& fit : result.fits) {
    char start[64];
    std::snprintf(start, sizeof start, "%3d  %12.6g  %8.2f%%", static_cast<int>(fit.k), fit.value, 100 * fit.explained);
    std::cout << start << cell(fit.elbow, 8, 4) << cell(fit.second_difference, 10, 4) << cell(fit.silhouette, 12, 4)
              << cell(fit.simplified_silhouette, 12, 4) << cell(fit.gap, 9, 4) << cell(fit.gap_error, 8, 4);
    if (has_truth) std::cout << cell(kmscape::adjusted_rand_index(fit.fit.labels, input.table.labels), 8, 4);
    std::cout << '\n';
  }
  const auto choices = choices_of(result);
  std::cout << '\n';
  for (const auto& [rule, k] : choices)
    std::cout << rule << std::string(22 - rule.size(), ' ') << (k > 0 ? "k = " + std::to_string(k) : "no choice")
              << '\n';
  const auto k = most_chosen(choices);
  const auto rules = voters(choices, k);
  if (rules.empty())
    std::cout << "no rule makes a choice; k = " << k;
  else
    std::cout << "chosen most: k = " << k << " (" << rules << ")";
  if (has_truth)
    std::cout << "; the truth has " << input.table.label_names.size() << " classes, adjusted Rand index "
              << examples::number(kmscape::adjusted_rand_index(fit_of(result, k).fit.labels, input.table.labels), 4);
  std::cout << '\n';
}

examples::Json to_json(const Input& input, const Result& result) {
  using examples::Json;
  const auto optional = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
  std::vector<Json> fits;
  for (const auto& fit : result.fits)
    fits.push_back(Json::object(
        {{"k", fit.k},
         {"value", fit.value},
         {"explained", fit.explained},
         {"restart", fit.restart},
         {"elbow", optional(fit.elbow)},
         {"second_difference", optional(fit.second_difference)},
         {"silhouette", optional(fit.silhouette)},
         {"simplified_silhouette", optional(fit.simplified_silhouette)},
         {"reference_log_value", optional(fit.reference_log_value)},
         {"gap", optional(fit.gap)},
         {"gap_error", optional(fit.gap_error)},
         {"adjusted_rand_index", input.table.labels.size() > 0
                                     ? Json(kmscape::adjusted_rand_index(fit.fit.labels, input.table.labels))
                                     : Json()},
         {"sizes", fit.fit.counts},
         {"centers", fit.fit.centers}}));
  const auto choices = choices_of(result);
  std::vector<std::pair<std::string, Json>> chosen;
  for (auto [rule, k] : choices) {
    std::replace(rule.begin(), rule.end(), ' ', '_');
    chosen.emplace_back(rule, k > 0 ? Json(k) : Json());
  }
  return Json::object({{"n", input.table.points.cols()},
                       {"d", input.table.points.rows()},
                       {"restarts", input.options.restarts},
                       {"references", input.options.references},
                       {"reference_box", to_string(input.options.reference)},
                       {"seed", input.options.seed.value},
                       {"chosen", Json::object(chosen)},
                       {"most_chosen", most_chosen(choices)},
                       {"fits", Json::list(fits)}});
}

/// One line of the picture: the values of the k that have one (1 + columns x count), k first.
Eigen::MatrixXd series(const Result& result, const std::vector<std::optional<double> Fit::*>& columns) {
  std::vector<double> numbers;
  for (const auto& fit : result.fits) {
    if (!(fit.*columns.front())) continue;
    numbers.push_back(static_cast<double>(fit.k));
    for (const auto column : columns) numbers.push_back(*(fit.*column));
  }
  const auto rows = static_cast<Eigen::Index>(columns.size()) + 1;
  return Eigen::Map<const Eigen::MatrixXd>(numbers.data(), rows, static_cast<Eigen::Index>(numbers.size()) / rows);
}

std::string title(const std::string& name, const std::vector<std::pair<std::string, kmscape::Index>>& rules) {
  std::string below;
  for (const auto& [rule, k] : rules)
    below += (below.empty() ? "" : ", ") + rule + (k > 0 ? " chooses k = " + std::to_string(k) : " makes no choice");
  return "set title \"" + name + "\\n{/*0.8 " + below + "}\"";
}

/// A ring around the value that a rule chooses; nothing where it chooses none.
std::string ring(examples::Picture& picture, kmscape::Index k, double value, Eigen::Index paint) {
  if (k < 1) return "";
  Eigen::MatrixXd at(2, 1);
  at << static_cast<double>(k), value;
  return ", " + picture.data(at) + " with points pt 6 ps 2.6 lw 2.5 lc rgb '" + examples::colour(paint) + "' notitle";
}

std::string line(const std::string& block, Eigen::Index paint, const std::string& name) {
  return block + " with linespoints lw 2 pt 7 ps 1 lc rgb '" + examples::colour(paint) + "' " +
         (name.empty() ? "notitle" : "title '" + name + "'");
}

void draw_elbow(examples::Picture& picture, const Result& result) {
  const auto k_max = static_cast<Eigen::Index>(result.fits.size());
  Eigen::MatrixXd values(2, k_max), chord(2, 2);
  for (const auto& fit : result.fits) values.col(fit.k - 1) << static_cast<double>(fit.k), fit.value;
  chord << values.col(0), values.col(k_max - 1);
  const auto value = [&](kmscape::Index k) { return k > 0 ? fit_of(result, k).value : 0; };
  picture << "set key samplen 4"
          << title("elbow: the objective W_k",
                   {{"chord", result.elbow}, {"second difference", result.second_difference}})
          << "set ylabel 'W_k'"
          << "set yrange [0:*]"
          << "plot " + picture.data(chord) + " with lines lw 1.5 dt 2 lc rgb '#999999' title 'chord', " +
                 line(picture.data(values), 0, "") + ring(picture, result.elbow, value(result.elbow), 4) +
                 ring(picture, result.second_difference, value(result.second_difference), 4)
          << "set yrange [*:*]"
          << "set key samplen 1.5";
}

void draw_nothing(examples::Picture& picture) {
  picture << "set yrange [0:1]"
          << "set label 1 'not computed' at graph 0.5, graph 0.5 center textcolor '#777777'"
          << "plot -1 notitle"
          << "unset label 1"
          << "set yrange [*:*]";
}

void draw_silhouettes(examples::Picture& picture, const Result& result) {
  const auto full = series(result, {&Fit::silhouette}), simplified = series(result, {&Fit::simplified_silhouette});
  std::string plot;
  if (simplified.cols() > 0) {
    plot = line(picture.data(simplified), 5, "simplified");
    plot += ring(
        picture, result.simplified_silhouette,
        result.simplified_silhouette > 0 ? *fit_of(result, result.simplified_silhouette).simplified_silhouette : 0, 4);
  }
  if (full.cols() > 0) {
    plot += (plot.empty() ? "" : ", ") + line(picture.data(full), 0, "full");
    plot +=
        ring(picture, result.silhouette, result.silhouette > 0 ? *fit_of(result, result.silhouette).silhouette : 0, 4);
  }
  picture << title("mean silhouettes", {{"full", result.silhouette}, {"simplified", result.simplified_silhouette}})
          << "set ylabel 'mean silhouette'";
  if (plot.empty()) return draw_nothing(picture);
  picture << "plot " + plot;
}

void draw_gap(examples::Picture& picture, const Result& result) {
  const auto gaps = series(result, {&Fit::gap, &Fit::gap_error});
  picture << title("gap statistic, with s_k", {{"the rule", result.gap}}) << "set ylabel 'gap(k)'";
  if (gaps.cols() == 0) return draw_nothing(picture);
  const auto block = picture.data(gaps);
  picture << "plot " + block + " using 1:2:3 with yerrorbars lw 1.5 pt 7 ps 0 lc rgb '#777777' notitle, " +
                 line(block, 0, "") +
                 ring(picture, result.gap, result.gap > 0 ? *fit_of(result, result.gap).gap : 0, 4);
}

void draw(const std::filesystem::path& path, const Input& input, const Objective& objective, const Result& result) {
  examples::Picture picture(path, 1200, 900);
  const auto choices = choices_of(result);
  const auto chosen = most_chosen(choices);
  const auto rules = voters(choices, chosen);
  picture << "set multiplot layout 2,2 title 'how many clusters? " +
                 examples::plain(std::filesystem::path(input.name).filename().string()) +
                 ", n = " + std::to_string(objective.size()) + ", d = " + std::to_string(objective.dimension()) +
                 "; rings: what the rules choose' font ',15' margins 0.07,0.97,0.07,0.88 spacing 0.09,0.16"
          << "set xlabel 'k'"
          << "set xrange [0.5:" + std::to_string(result.fits.size()) + ".5]"
          << "set xtics " + std::to_string((result.fits.size() + 11) / 12);
  draw_elbow(picture, result);
  draw_silhouettes(picture, result);
  draw_gap(picture, result);

  const auto& names = input.table.names;
  const bool on_line = objective.dimension() == 1, in_plane = objective.dimension() == 2 && names.size() == 2;
  picture << "set xlabel '" +
                 (in_plane  ? examples::plain(names[0])
                  : on_line ? ""
                            : "first principal axis") +
                 "'"
          << "set ylabel '" +
                 (in_plane  ? examples::plain(names[1])
                  : on_line ? ""
                            : "second principal axis") +
                 "'"
          << "set xtics autofreq";
  examples::PlaneProjection plane;
  if (on_line)
    picture << "unset ytics";
  else
    plane = examples::plane_of(objective.points());
  examples::internal::draw_minimum(picture,
                                   "the data in " + std::to_string(chosen) + (chosen == 1 ? " cluster" : " clusters") +
                                       "\\n{/*0.8 " + (rules.empty() ? "no rule makes a choice" : rules) + "}",
                                   objective, fit_of(result, chosen).fit.centers, on_line ? nullptr : &plane);
  picture << "unset multiplot";
  picture.draw();
}

}  // namespace

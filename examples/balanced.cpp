// Balanced clusters of a file of points, proved cheapest for their centers: BalLOT, its entropic version, or a single
// exact assignment to centers that are given.
//
// Small run: {data}/iris.csv --k 3 --truth label --json {out}/balanced.json --figure {out}/balanced.png
// Small run: {data}/planted.csv --k 4 --truth label --min-size 10 --max-size 600 --json {out}/balanced_bounds.json
// Small run: {data}/planted.csv --k 3 --truth label --entropic 0.05 --figure {out}/balanced_entropic.png
// Small run: {data}/line.csv --centers {data}/line.csv --assign-only --json {out}/line.json --figure {out}/line.png
#include <algorithm>
#include <chrono>
#include <cstddef>
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
#include "common/report.hpp"

namespace {

using kmscape::Index;

struct Input {
  std::string name;  // of the file
  examples::Table table;
  Index k = 0;
  std::optional<Eigen::MatrixXd> centers;
  bool only_assign = false;
  kmscape::Capacities capacities = kmscape::Capacities::equal();
  std::optional<double> entropic;
  std::optional<std::filesystem::path> figure;
  kmscape::Seed seed;
};

struct Answer {
  Eigen::MatrixXd centers;  // d x k
  kmscape::Labels labels;
  kmscape::Counts sizes;
  double cost = 0;
  // Of the assignment that gave the labels; the cells of its power diagram belong to `sites`.
  Eigen::MatrixXd sites;
  Eigen::ArrayXd prices;
  double gap = 0, gap_error = 0;
  int iterations = 0;
  std::string status;
  double seconds = 0;
};

Input read_input(const examples::Arguments& arguments);
Answer solve(const Input& input);
examples::Json json(const Input& input, const Answer& answer);
void print(const Input& input, const Answer& answer);
void draw(const std::filesystem::path& path, const Input& input, const Answer& answer);

void run(const examples::Arguments& arguments) {
  const Input input = read_input(arguments);
  const Answer answer = solve(input);
  print(input, answer);
  if (arguments.has("json")) examples::write_file(arguments.text("json"), json(input, answer).text() + "\n");
  if (input.figure) draw(*input.figure, input, answer);
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv, "balanced DATA.csv --k K [options]",
        {{"k", "K", "number of clusters; may be left out where --centers gives them"},
         {"centers", "FILE", "centers to start from, one a line; k-means++ unless given"},
         {"assign-only", "", "assign to the centers once, exactly, and stop"},
         {"min-size", "A", "least number of points in a cluster; with --max-size, in place of equal sizes"},
         {"max-size", "B", "largest number of points in a cluster"},
         {"entropic", "EPS", "E-BalLOT with this last regularisation, in data units squared"},
         {"truth", "COLUMN",
          "column of class labels to compare with, by name or by number from 1; `label` if there is one"},
         {"seed", "SEED", "seed of everything random, 1 unless given"},
         {"json", "FILE",
          "write the result in full precision; with --entropic also `sites`, the means under the plan, which `prices` "
          "and `gap` belong to (otherwise `centers`)"},
         {"figure", "FILE", "draw a picture, .png or .svg"}});
    if (!arguments.printed_help()) run(arguments);
  });
}

namespace {

Input read_input(const examples::Arguments& arguments) {
  if (arguments.positional().size() != 1) throw examples::input_error("give one file of points; see --help");
  if (!arguments.has("k") && !arguments.has("centers")) throw examples::input_error("--k is missing; see --help");
  if (arguments.has("assign-only") && !arguments.has("centers"))
    throw examples::input_error("--assign-only needs --centers; see --help");
  if (arguments.has("entropic") &&
      (arguments.has("assign-only") || arguments.has("min-size") || arguments.has("max-size")))
    throw examples::input_error(
        "--entropic makes clusters of equal size by iteration; leave out --assign-only, --min-size "
        "and --max-size");

  // Options first: a mistyped number should not cost the time to read a large file.
  Input input;
  input.k = arguments.integer("k", 0, 1, 1 << 20);
  input.only_assign = arguments.has("assign-only");
  input.seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0));
  if (arguments.has("figure")) input.figure = examples::picture_path(arguments.text("figure"));
  if (arguments.has("entropic")) input.entropic = arguments.positive("entropic");
  const Index least = arguments.integer("min-size", 0, 0);
  std::optional<Index> most;
  if (arguments.has("max-size")) most = arguments.integer("max-size", 0, 0);

  input.name = arguments.positional().front();
  input.table = examples::read_table(input.name, arguments.text("truth"));
  const Index n = input.table.points.cols(), d = input.table.points.rows();
  if (arguments.has("centers")) {
    const std::string file = arguments.text("centers");
    input.centers = examples::read_table(file).points;
    if (input.centers->rows() != d)
      throw examples::input_error(file + ": the centers have " + std::to_string(input.centers->rows()) +
                                  " coordinates, but the points of " + input.name + " have " + std::to_string(d));
    if (arguments.has("k") && input.k != input.centers->cols())
      throw examples::input_error(file + ": " + std::to_string(input.centers->cols()) +
                                  " centers, but --k = " + std::to_string(input.k) + "; leave out --k");
    input.k = input.centers->cols();
  }
  const bool has_bounds = arguments.has("min-size") || most;
  if (has_bounds) input.capacities = kmscape::Capacities::between(least, most.value_or(n));
  if (input.k > n)
    throw examples::input_error(input.name + ": --k = " + std::to_string(input.k) + ", but there are only " +
                                std::to_string(n) + " points");
  if (has_bounds && (least > n / input.k || most.value_or(n) < (n + input.k - 1) / input.k || most.value_or(n) < least))
    throw examples::input_error(input.name + ": " + std::to_string(n) + " points do not make " +
                                std::to_string(input.k) + " clusters of " + std::to_string(least) + " to " +
                                std::to_string(most.value_or(n)) + " points; change --min-size or --max-size");
  if (!input.centers) {
    const kmscape::EmpiricalObjective<double> objective(input.table.points);
    if (const auto distinct = objective.distinct_points(input.k); distinct < input.k)
      throw examples::input_error(input.name + ": --k = " + std::to_string(input.k) + ", but there are only " +
                                  std::to_string(distinct) + " distinct points; give --centers");
  }
  return input;
}

Answer solve(const Input& input) {
  const Eigen::MatrixXd& points = input.table.points;
  const auto begin = std::chrono::steady_clock::now();
  const Eigen::MatrixXd start =
      input.centers
          ? *input.centers
          : kmscape::seed_centers(kmscape::EmpiricalObjective<double>(points), input.k, {.seed = input.seed}).centers;
  Answer answer;
  // What the results of all three have under one name.
  const auto take = [&](const auto& result) {
    answer.labels = result.labels;
    answer.sizes = result.sizes;
    answer.cost = result.cost;
    answer.prices = result.prices;
    answer.gap = result.gap;
    answer.gap_error = result.gap_error;
    answer.status = to_string(result.status);
  };
  if (input.only_assign) {
    take(kmscape::assign_balanced(points, start, input.capacities, {.seed = input.seed}));
    answer.centers = answer.sites = start;
  } else if (input.entropic) {
    const auto result = kmscape::entropic_ballot(points, start, {.epsilon = *input.entropic, .seed = input.seed});
    take(result);
    answer.centers = result.centers;
    answer.sites = result.soft_centers;
    answer.iterations = result.iterations;
  } else {
    const auto result = kmscape::ballot(points, start, {.capacities = input.capacities, .seed = input.seed});
    take(result);
    answer.centers = answer.sites = result.centers;
    answer.iterations = result.iterations;
  }
  answer.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return answer;
}

examples::Json json(const Input& input, const Answer& answer) {
  std::vector<std::pair<std::string, examples::Json>> members = {{"cost", answer.cost},     {"labels", answer.labels},
                                                                 {"sizes", answer.sizes},   {"centers", answer.centers},
                                                                 {"prices", answer.prices}, {"gap", answer.gap}};
  if (input.entropic) members.emplace_back("sites", answer.sites);
  members.emplace_back("iterations", answer.iterations);
  members.emplace_back("seconds", answer.seconds);
  return examples::Json::object(members);
}

void print(const Input& input, const Answer& answer) {
  std::cout << input.name << ": n = " << input.table.points.cols() << ", d = " << input.table.points.rows()
            << input.table.remark() << ", k = " << input.k << "; "
            << (input.only_assign ? "one assignment"
                : input.entropic  ? "E-BalLOT"
                                  : "BalLOT")
            << ", " << answer.status;
  if (!input.only_assign) std::cout << " after " << answer.iterations << (answer.iterations == 1 ? " step" : " steps");
  std::cout << ", " << examples::number(answer.seconds, 3) << " s\n"
            << "cost " << examples::number(answer.cost, 10)
            << (input.entropic ? "; for the means under the plan, no balanced assignment is cheaper by more than "
                               : "; for these centers, no assignment of such sizes is cheaper by more than ")
            << examples::number(answer.gap, 3) << " (rounding " << examples::number(answer.gap_error, 2) << ")\n"
            << "sizes " << answer.sizes.minCoeff() << " to " << answer.sizes.maxCoeff();
  if (input.table.labels.size() > 0)
    std::cout << "; adjusted Rand index with the truth "
              << examples::number(kmscape::adjusted_rand_index(answer.labels, input.table.labels), 4);
  std::cout << '\n';
}

/// The cells of the power diagram that the prices make of the sites, as far as the box shows them.
std::vector<Eigen::MatrixXd> power_cells(const Answer& answer, const examples::Box& box) {
  std::vector<Eigen::MatrixXd> cells;
  const auto diagram = kmscape::power_diagram(answer.sites, answer.prices);
  for (Index i = 0; i < answer.sites.cols(); ++i)
    cells.push_back(examples::common_area(diagram.half_planes(i), examples::box_sides(box)));
  return cells;
}

void draw(const std::filesystem::path& path, const Input& input, const Answer& answer) {
  const Eigen::MatrixXd& points = input.table.points;
  const Index n = points.cols(), d = points.rows(), k = input.k;
  examples::Picture picture(path, 1200, 620);
  picture << "set multiplot layout 1,2 title '" +
                 examples::plain(std::filesystem::path(input.name).filename().string()) + ", " + std::to_string(n) +
                 " points in " + std::to_string(k) + " balanced clusters, cost " + examples::number(answer.cost, 6) +
                 "' font ',15' margins 0.06,0.97,0.1,0.85 spacing 0.09,0.1";

  Eigen::MatrixXd shown(3, n), at(2, k);
  if (d == 1) {
    // One coordinate leaves the other axis for the order of the points.
    shown.row(0) = points.row(0);
    for (Index i = 0; i < n; ++i) shown(1, i) = (static_cast<double>(i) + 0.5) / static_cast<double>(n);
    at << answer.centers, Eigen::MatrixXd::Constant(1, k, 0.5);
  } else {
    const auto plane = examples::plane_of(points);
    shown.topRows(2) = plane(points);
    at = plane(answer.centers);
  }
  for (Index i = 0; i < n; ++i) shown(2, i) = examples::colour_value(answer.labels(i));
  const auto box = examples::box_around(shown.topRows(2));
  std::string plot;
  if (d == 2) {
    const auto cells = power_cells(answer, box);
    for (std::size_t j = 0; j < cells.size(); ++j)
      if (cells[j].cols() > 2)
        plot += picture.data(cells[j]) + " with filledcurves closed lc rgb '" +
                examples::pale_colour(static_cast<Index>(j)) + "', ";
  }
  plot += picture.data(shown) + " using 1:2:3 with points pt 7 ps 0.5 lc rgb variable, ";
  const auto centers = picture.data(at);
  plot += centers + " with points pt 7 ps 2.2 lc rgb 'white', " + centers + " with points pt 7 ps 1.7 lc rgb '#222222'";
  const auto& names = input.table.names;
  const auto axis = [&](std::size_t i, const std::string& principal) {
    return d > 2 ? principal : names.size() > i ? examples::plain(names[i]) : "column " + std::to_string(i + 1);
  };
  picture << std::string("set title '") +
                 (d == 2   ? "clusters, and the power diagram that proves them"
                  : d == 1 ? "clusters on the line"
                           : "clusters in the plane of the principal axes") +
                 "'"
          << "set xlabel '" + axis(0, "first principal axis") + "'"
          << "set ylabel '" + (d == 1 ? "place in the file" : axis(1, "second principal axis")) + "'"
          << "unset key"
          << "set xrange [" + examples::number(box.low.x(), 12) + ":" + examples::number(box.high.x(), 12) + "]"
          << "set yrange [" + examples::number(box.low.y(), 12) + ":" + examples::number(box.high.y(), 12) + "]"
          << "plot " + plot;

  // Sizes beside those that the nearest center would give.
  const auto nearest = kmscape::EmpiricalObjective<double>(points).assign(answer.centers).labels;
  Eigen::MatrixXd bars(4, k);
  for (Index j = 0; j < k; ++j)
    bars.col(j) << static_cast<double>(j), static_cast<double>(answer.sizes(j)),
        static_cast<double>((nearest == static_cast<kmscape::Label>(j)).count()), examples::colour_value(j);
  const auto block = picture.data(bars);
  picture << "set title 'points in each cluster'"
          << "set xlabel 'cluster'"
          << "set ylabel 'points'"
          << "set key top right"
          << "set xrange [-0.7:" + examples::number(static_cast<double>(k) - 0.3) + "]"
          << "set yrange [0:" + examples::number(1.25 * bars.middleRows(1, 2).maxCoeff()) + "]"
          << "set xtics " + std::to_string((k + 11) / 12) << "set boxwidth 0.38"
          << "plot " + block + " using ($1-0.2):2:4 with boxes lc rgb variable title 'balanced', " + block +
                 " using ($1+0.2):3 with boxes lc rgb '#C9CCD1' title 'with the nearest center'"
          << "unset multiplot";
  picture.draw();
}

}  // namespace

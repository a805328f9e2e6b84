// Where the structure of QZC's theorems survives far below their hypotheses: a map over the separation eta_min and the
// unevenness eta_max/eta_min of random ball models in the plane, for three, four and five clusters.
//
// Small run: --out {out} --models 1 --restarts 5
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <kmscape/landscape/association.hpp>
#include <kmscape/landscape/population_survey.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/separation.hpp>

#include "common/arguments.hpp"
#include "common/gnuplot.hpp"
#include "common/progress_bar.hpp"
#include "common/random_starts.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;

constexpr std::array<Index, 3> cluster_counts = {3, 4, 5};
constexpr int columns = 14, rows = 12;
constexpr double lowest_eta = 1.2, highest_eta = 8, highest_ratio = 6;

/// The edges of column a and of row b, both on logarithmic scales.
double eta_edge(double a) { return lowest_eta * std::pow(highest_eta / lowest_eta, a / columns); }
double ratio_edge(double b) { return std::pow(highest_ratio, b / rows); }

double unevenness(const Eigen::MatrixXd& centers) {
  const auto apart = kmscape::separation(centers, 1.0);
  return apart.delta_max / apart.delta_min;
}

/// The most even layout of k = 3, 4 or 5 centers in the plane.
Eigen::MatrixXd polygon(Index k) {
  Eigen::MatrixXd corners(2, k);
  for (Index s = 0; s < k; ++s) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(s) / static_cast<double>(k);
    corners.col(s) << std::cos(angle), std::sin(angle);
  }
  return corners;
}

Eigen::MatrixXd line(Index k) {
  Eigen::MatrixXd centers = Eigen::MatrixXd::Zero(2, k);
  centers.row(0) = kmscape::centers_on_line(k, 1.0);
  return centers;
}

/// The row that a layout belongs to.
int row_of(const Eigen::MatrixXd& centers) {
  int b = 0;
  while (ratio_edge(b + 1) <= unevenness(centers)) ++b;
  return b;
}
int first_row(Index k) { return row_of(polygon(k)); }

/// Layout m of row b: k random centers in the plane with Delta_min = 1. Random centers are hardly ever as even as the
/// first row's, which therefore has the polygon and others near it. The evenly spaced line, QZC's Example 2 for k = 3,
/// is the first layout of its row.
Eigen::MatrixXd layout(Index k, int b, std::int64_t m) {
  if (m == 0 && b == row_of(line(k))) return line(k);
  for (std::uint64_t attempt = 0;; ++attempt) {
    const kmscape::Seed seed{10'000'000 * static_cast<std::uint64_t>(1000 * b + m) + attempt};
    Eigen::MatrixXd centers = polygon(k);
    if (b == first_row(k)) {
      kmscape::RandomStream stream(seed);
      for (double& coordinate : centers.reshaped()) coordinate += (m == 0 ? 0 : 0.08) * stream.normal();
    } else {
      centers = kmscape::centers_at_random(k, 2, 0.1, 1.0, seed);
    }
    if (row_of(centers) == b) return centers / kmscape::separation(centers, 1.0).delta_min;
  }
}

/// How many minima, and restarts that ended in them, have no group of several centers over several clusters.
struct Structure {
  Index minima = 0, structured = 0, restarts = 0, restarts_structured = 0;

  void add(const Structure& other) {
    minima += other.minima;
    structured += other.structured;
    restarts += other.restarts;
    restarts_structured += other.restarts_structured;
  }
  [[nodiscard]] double share() const { return 100.0 * static_cast<double>(structured) / static_cast<double>(minima); }
  [[nodiscard]] double restart_share() const {
    return 100.0 * static_cast<double>(restarts_structured) / static_cast<double>(restarts);
  }
};

/// Cells are judged by the balls' own shares, which have equal weights.
Structure structure_of(const kmscape::PopulationSurvey<double>& survey) {
  Structure result;
  for (const auto& minimum : survey.minima) {
    const bool structured = kmscape::associate(minimum.component_mass).is_structured();
    ++result.minima;
    result.structured += structured;
    result.restarts += minimum.count;
    result.restarts_structured += structured ? minimum.count : 0;
  }
  return result;
}

kmscape::PopulationSurvey<double> survey_of(const kmscape::StochasticBallModel<double>& model, Index restarts,
                                            std::uint64_t seed) {
  return kmscape::survey(kmscape::PopulationObjective(model),
                         examples::random_starts(model, model.components(), restarts, seed));
}

using Map = std::array<std::array<Structure, columns>, rows>;

/// From this column on, `percent` of the restarts of every column end in structured minima; `columns` if there is none.
int first_safe_column(const std::array<Structure, columns>& row, double percent) {
  int first = columns;
  while (first > 0 && row[static_cast<std::size_t>(first - 1)].restart_share() >= percent) --first;
  return first;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "qzc_structure_map [--out DIR] [--models M] [--restarts R]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"models", "M", "models per cell of the map, 6 unless given"},
                                         {"restarts", "R", "restarts per model, 40 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto models = arguments.integer("models", 6, 1), restarts = arguments.integer("restarts", 40, 1);

    examples::ProgressBar bar;
    const auto progress = bar.callback();
    std::array<Map, cluster_counts.size()> maps{};
    Index done = 0, total = 0;
    for (const Index k : cluster_counts) total += (rows - first_row(k)) * models;
    for (std::size_t p = 0; p < cluster_counts.size(); ++p)
      for (int b = first_row(cluster_counts[p]); b < rows; ++b)
        for (std::int64_t m = 0; m < models; ++m) {
          // One layout serves a whole row: from left to right only its balls shrink.
          const auto seed = static_cast<std::uint64_t>(1000 * b + m);
          const auto truth = layout(cluster_counts[p], b, m);
          for (int a = 0; a < columns; ++a)
            maps[p][static_cast<std::size_t>(b)][static_cast<std::size_t>(a)].add(
                structure_of(survey_of({truth, 1 / eta_edge(a + 0.5)}, restarts, seed)));
          if (progress) progress({"models", ++done, total});
        }
    bar.clear();

    const std::string ink = "#3B4252", whole = "#8DB59C";
    examples::Picture picture(folder / "qzc_structure_map.png", 2200, 920);
    picture << "set termoption fontscale 2"
            << "set termoption linewidth 2"
            << "set multiplot"
            << "unset key"
            << "set border 3 lc '#999999' lw 0.8"
            << "set tics nomirror out scale 0.6 textcolor '#555555'"
            << "set logscale xy"
            << "set xrange [" + examples::number(lowest_eta) + ":" + examples::number(highest_eta) + "]"
            << "set yrange [1:" + examples::number(highest_ratio) + "]"
            << "set xtics (1.5, 2, 3, 4, 6, 8)"
            << "set ytics (1, 1.5, 2, 3, 4, 5, 6)"
            << "set palette defined (0 '#7A3B2E', 50 '#B4553A', 80 '#DDA27F', 95 '#EFE3D2', 100 '#CFE0D3')"
            << "set cbrange [0:100]"
            << "unset colorbox"
            << "set xlabel 'separation η_{min}' textcolor '" + ink + "'"
            << "set tmargin at screen 0.90\nset bmargin at screen 0.15";
    examples::Report report("qzc_structure_map", "QZC beyond Theorem 1: where the structure of local minima survives",
                            "Ball models in the plane, " + std::to_string(models) + " a cell of the map and " +
                                std::to_string(restarts) +
                                " restarts a model, half of them from points of the model and half from anywhere "
                                "around, which leaves cells empty. Layouts are random; the most even one and the "
                                "evenly spaced line are the first of their rows. Colour: the share of distinct "
                                "population minima, each certified by the Hessian, without a group of several centers "
                                "over several clusters (cells and clusters are joined from a share of 30%). The dark "
                                "line: to its right, 99% of restarts end in such minima. Balls overlap left of eta_min "
                                "= 2. Theorem 1 begins at eta_max = 72,900 for k = 3.");
    const auto map_of = [&](const std::string& block, const std::string& stairs) {
      const std::string boxes = " with boxxyerror fillstyle solid noborder lc ";
      return block + " using (sqrt($1*$2)):(sqrt($3*$4)):1:2:3:4:5" + boxes + "palette, " + block +
             " using ($5<100?NaN:sqrt($1*$2)):(sqrt($3*$4)):1:2:3:4" + boxes + "rgb '" + whole + "', " + stairs +
             " with lines lw 2.2 lc rgb '" + ink + "'";
    };
    for (std::size_t p = 0; p < cluster_counts.size(); ++p) {
      const auto k = cluster_counts[p];
      const auto& map = maps[p];
      const int first_b = first_row(k), own_rows = rows - first_b;
      Eigen::MatrixXd tiles(5, own_rows * columns), border(2, 2 * own_rows);
      std::array<Structure, columns> by_eta{};
      std::array<int, rows> safe{};
      for (int b = first_b; b < rows; ++b) {
        for (int a = 0; a < columns; ++a) {
          const auto& cell = map[static_cast<std::size_t>(b)][static_cast<std::size_t>(a)];
          by_eta[static_cast<std::size_t>(a)].add(cell);
          tiles.col((b - first_b) * columns + a) << eta_edge(a), eta_edge(a + 1), ratio_edge(b), ratio_edge(b + 1),
              cell.share();
        }
        const int first = first_safe_column(map[static_cast<std::size_t>(b)], 99);
        safe[static_cast<std::size_t>(b)] = first;
        border.col(2 * (b - first_b)) << eta_edge(first), ratio_edge(b);
        border.col(2 * (b - first_b) + 1) << eta_edge(first), ratio_edge(b + 1);
      }
      const double left = 0.072 + 0.282 * static_cast<double>(p);
      picture << "set lmargin at screen " + examples::number(left) + "\nset rmargin at screen " +
                     examples::number(left + 0.25)
              << "set title 'k = " + std::to_string(k) + " clusters' textcolor '" + ink + "'";
      picture << "unset label";
      if (p == 0)
        picture << "set ylabel 'unevenness η_{max} / η_{min}' textcolor '" + ink + "' offset 0.5,0"
                << "set label 'balls touch' at 2,graph 0.04 offset 0.5,0 left front textcolor '#3F6350'";
      else
        picture << "unset ylabel\nset format y ''"
                << "set label \"no " + std::to_string(k) + " centers\\nare so even\" at 4,graph " +
                       (p == 1 ? "0.11" : "0.15") + " center front textcolor '" + ink + "'";
      picture << "set label \"99% of restarts\\nare structured →\" at graph 0.98,first 5.4 right front textcolor '" +
                     ink + "'";
      if (p == 2)
        picture << "set colorbox user origin screen 0.905,0.15 size screen 0.012,0.66"
                << "set object rectangle from screen 0.905,0.85 to screen 0.917,0.9 fc rgb '" + whole +
                       "' fillstyle solid noborder"
                << "set label '100' at screen 0.9325,0.875 left textcolor '#555555'"
                << "set cbtics 20 textcolor '#555555' add ('<100' 100)\nset cblabel '% of minima with the structure' "
                   "textcolor '" +
                       ink + "'";
      picture << "set arrow 1 from 2,graph 0 to 2,graph 1 nohead front lc rgb '#6B7280' lw 1.2 dt 2"
              << "plot " + map_of(picture.data(tiles), picture.data(border));

      const auto column_of = [&](double eta) {
        int a = 0;
        while (a + 1 < columns && eta_edge(a + 1) < eta) ++a;
        return by_eta[static_cast<std::size_t>(a)];
      };
      std::string measured;
      for (const double eta : {1.5, 2.2, 3.0, 4.0, 6.0}) {
        const auto cell = column_of(eta);
        measured += (measured.empty() ? "" : "; ") + std::string("eta_min about ") + examples::number(eta, 2) + ": " +
                    examples::number(cell.share(), 3) + "% of minima, " + examples::number(cell.restart_share(), 3) +
                    "% of restarts";
      }
      Structure all;
      for (const auto& cell : by_eta) all.add(cell);
      report.row("k = " + std::to_string(k) + ", share with the structure",
                 "nothing below eta_max = " + examples::number(100 * 9 * std::pow(static_cast<double>(k), 4), 7),
                 measured, std::to_string(all.minima) + " minima in all");
      const auto [least, most] = std::minmax_element(safe.begin() + first_b, safe.end());
      report.row(
          "k = " + std::to_string(k) + ", 99% of restarts structured", "nothing",
          "from eta_min = " + examples::number(eta_edge(*least), 3) + " to " +
              (*most == columns ? "beyond " + examples::number(highest_eta, 3) : examples::number(eta_edge(*most), 3)) +
              " on, by row");
    }
    picture << "unset multiplot";
    picture.draw();
    const kmscape::StochasticBallModel<double> example(line(3), 0.31);
    const auto anywhere = structure_of(survey_of(example, restarts, 1));
    const auto from_points = structure_of(
        kmscape::survey(kmscape::PopulationObjective(example),
                        {.clusters = 3, .restarts = restarts, .seeding = kmscape::Seeding::uniform_points, .seed = 1}));
    const auto others = [](const Structure& of) {
      return std::to_string(of.minima - of.structured) + " of " + std::to_string(of.minima) + " minima, " +
             examples::number(100 - of.restart_share(), 3) + "% of restarts";
    };
    report.row("Example 2: three balls on a line, r = 0.31, eta_min = 3.2",
               "two centers over three clusters are a minimum (the third center's cell is empty)", others(anywhere),
               "from points of the model alone: " + others(from_points));
    report.write(folder);
  });
}

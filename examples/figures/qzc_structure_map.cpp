// Where the structure of QZC's theorems survives far below their hypotheses: a map over the separation eta_min and the
// unevenness eta_max/eta_min of random ball models in the plane, for three, four and five clusters.
//
// Small run: --out {out} --models 1 --restarts 5
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <kmscape/landscape/association.hpp>
#include <kmscape/landscape/population_survey.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/separation.hpp>

#include "common/arguments.hpp"
#include "common/gnuplot.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;

constexpr std::array<Index, 3> cluster_counts = {3, 4, 5};
constexpr int columns = 14, rows = 9;
constexpr double lowest_eta = 1.2, highest_eta = 8, lowest_ratio = 1.8, highest_ratio = 6;

/// The edges of column a and of row b, both on logarithmic scales.
double eta_edge(double a) { return lowest_eta * std::pow(highest_eta / lowest_eta, a / columns); }
double ratio_edge(double b) { return lowest_ratio * std::pow(highest_ratio / lowest_ratio, b / rows); }

/// k random centers in the plane with Delta_min = 1 and Delta_max between two bounds.
Eigen::MatrixXd layout(Index k, double low, double high, std::uint64_t seed) {
  for (std::uint64_t attempt = 0;; ++attempt) {
    const Eigen::MatrixXd centers =
        kmscape::centers_at_random(k, 2, 0.1, 1.0, kmscape::Seed{10'000'000 * seed + attempt});
    const auto apart = kmscape::separation(centers, 1.0);
    const double ratio = apart.delta_max / apart.delta_min;
    if (ratio >= low && ratio < high) return centers / apart.delta_min;
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

Structure structure_of(const kmscape::StochasticBallModel<double>& model, Index restarts, std::uint64_t seed) {
  const auto survey = kmscape::survey(kmscape::PopulationObjective(model), {.clusters = model.components(),
                                                                            .restarts = restarts,
                                                                            .seeding = kmscape::Seeding::uniform_points,
                                                                            .seed = seed});
  Structure result;
  for (const auto& minimum : survey.minima) {
    const Eigen::ArrayXXd masses = minimum.component_mass.rowwise() * model.weights().cast<double>().transpose();
    const bool structured = kmscape::associate(masses).is_structured();
    ++result.minima;
    result.structured += structured;
    result.restarts += minimum.count;
    result.restarts_structured += structured ? minimum.count : 0;
  }
  return result;
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
                                         {"models", "M", "random models per cell of the map, 8 unless given"},
                                         {"restarts", "R", "restarts per model, 40 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto models = arguments.integer("models", 8, 1), restarts = arguments.integer("restarts", 40, 1);

    examples::ProgressBar bar;
    const auto progress = bar.callback();
    std::array<Map, cluster_counts.size()> maps{};
    Index done = 0;
    for (std::size_t p = 0; p < cluster_counts.size(); ++p)
      for (int b = 0; b < rows; ++b)
        for (std::int64_t m = 0; m < models; ++m) {
          // One layout serves a whole row: from left to right only its balls shrink.
          const auto seed = static_cast<std::uint64_t>(1000 * b + m);
          const auto truth = layout(cluster_counts[p], ratio_edge(b), ratio_edge(b + 1), seed);
          for (int a = 0; a < columns; ++a)
            maps[p][static_cast<std::size_t>(b)][static_cast<std::size_t>(a)].add(
                structure_of({truth, 1 / eta_edge(a + 0.5)}, restarts, seed));
          if (progress) progress({"models", ++done, static_cast<Index>(cluster_counts.size()) * rows * models});
        }
    bar.clear();

    const std::string ink = "#3B4252";
    examples::Picture picture(folder / "qzc_structure_map.png", 2200, 920);
    picture << "set termoption fontscale 2"
            << "set termoption linewidth 2"
            << "set multiplot"
            << "unset key"
            << "set border 3 lc '#999999' lw 0.8"
            << "set tics nomirror out scale 0.6 textcolor '#555555'"
            << "set logscale xy"
            << "set xrange [" + examples::number(lowest_eta) + ":" + examples::number(highest_eta) + "]"
            << "set yrange [" + examples::number(lowest_ratio) + ":" + examples::number(highest_ratio) + "]"
            << "set xtics (1.5, 2, 3, 4, 6, 8)"
            << "set ytics (2, 3, 4, 5, 6)"
            << "set palette defined (0 '#7A3B2E', 50 '#B4553A', 80 '#DDA27F', 95 '#EFE3D2', 99.5 '#CFE0D3', 100 "
               "'#8DB59C')"
            << "set cbrange [0:100]"
            << "unset colorbox"
            << "set xlabel 'separation η_{min}' textcolor '" + ink + "'"
            << "set tmargin at screen 0.90\nset bmargin at screen 0.15";
    examples::Report report(
        "qzc_structure_map", "QZC beyond Theorem 1: where the structure of local minima survives",
        "Random ball models in the plane, " + std::to_string(models) + " a cell of the map and " +
            std::to_string(restarts) +
            " restarts a model. Colour: the share of distinct population minima, each certified by the Hessian, "
            "without "
            "a group of several centers over several clusters (cells and clusters are joined from a share of 30%). The "
            "dark line: to its right, 99% of restarts end in such minima. Balls overlap left of eta_min = 2. Theorem 1 "
            "begins at eta_max = 72,900 for k = 3.");
    for (std::size_t p = 0; p < cluster_counts.size(); ++p) {
      const auto k = cluster_counts[p];
      const auto& map = maps[p];
      Eigen::MatrixXd tiles(5, rows * columns), line(2, 2 * rows);
      std::array<Structure, columns> by_eta{};
      std::array<int, rows> safe{};
      for (int b = 0; b < rows; ++b) {
        for (int a = 0; a < columns; ++a) {
          const auto& cell = map[static_cast<std::size_t>(b)][static_cast<std::size_t>(a)];
          by_eta[static_cast<std::size_t>(a)].add(cell);
          tiles.col(b * columns + a) << eta_edge(a), eta_edge(a + 1), ratio_edge(b), ratio_edge(b + 1), cell.share();
        }
        const int first = first_safe_column(map[static_cast<std::size_t>(b)], 99);
        safe[static_cast<std::size_t>(b)] = first;
        line.col(2 * b) << eta_edge(first), ratio_edge(b);
        line.col(2 * b + 1) << eta_edge(first), ratio_edge(b + 1);
      }
      const double left = 0.055 + 0.287 * static_cast<double>(p);
      picture << "set lmargin at screen " + examples::number(left) + "\nset rmargin at screen " +
                     examples::number(left + 0.255)
              << "set title 'k = " + std::to_string(k) + " clusters' textcolor '" + ink + "'";
      if (p == 0)
        picture << "set ylabel 'unevenness η_{max} / η_{min}' textcolor '" + ink + "' offset 0.5,0"
                << "set label 1 'balls touch' at 2,graph 0.04 offset 0.5,0 left front textcolor '#3F6350'";
      else
        picture << "unset ylabel"
                << "set label 1 \"99% of restarts\\nare structured →\" at 4.5,5.3 center front textcolor '" + ink + "'";
      if (p == 2)
        picture << "set colorbox user origin screen 0.905,0.15 size screen 0.012,0.75"
                << "set cbtics 20 textcolor '#555555'\nset cblabel '% of minima with the structure' textcolor '" + ink +
                       "'";
      const auto block = picture.data(tiles), stairs = picture.data(line);
      picture
          << "set arrow 1 from 2,graph 0 to 2,graph 1 nohead front lc rgb 'white' lw 1.2 dt 2"
          << "plot " + block +
                 " using (sqrt($1*$2)):(sqrt($3*$4)):1:2:3:4:5 with boxxyerror fillstyle solid noborder lc palette, " +
                 stairs + " with lines lw 2.2 lc rgb '" + ink + "'";

      const auto row_of = [&](double eta) {
        int a = 0;
        while (a + 1 < columns && eta_edge(a + 1) < eta) ++a;
        return by_eta[static_cast<std::size_t>(a)];
      };
      std::string measured;
      for (const double eta : {1.5, 2.2, 3.0, 4.0, 6.0}) {
        const auto cell = row_of(eta);
        measured += (measured.empty() ? "" : "; ") + std::string("eta_min about ") + examples::number(eta, 2) + ": " +
                    examples::number(cell.share(), 3) + "% of minima, " + examples::number(cell.restart_share(), 3) +
                    "% of restarts";
      }
      Structure all;
      for (const auto& cell : by_eta) all.add(cell);
      report.row("k = " + std::to_string(k) + ", share with the structure",
                 "nothing below eta_max = " + examples::number(100 * 9 * std::pow(static_cast<double>(k), 4), 7),
                 measured, std::to_string(all.minima) + " minima in all");
      const auto [least, most] = std::minmax_element(safe.begin(), safe.end());
      report.row(
          "k = " + std::to_string(k) + ", 99% of restarts structured", "nothing",
          "from eta_min = " + examples::number(eta_edge(*least), 3) + " to " +
              (*most == columns ? "beyond " + examples::number(highest_eta, 3) : examples::number(eta_edge(*most), 3)) +
              " on, by row");
    }
    picture << "unset multiplot";
    picture.draw();
    report.write(folder);
  });
}

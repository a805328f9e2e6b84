// Beyond QZC's theorems, which are about equal clusters: three balls in the plane, the weight and radius of one of them
// changed, and which local minima of the balanced model go on to exist.
//
// Small run: --out {out} --columns 6 --restarts 5
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <kmscape/landscape/association.hpp>
#include <kmscape/landscape/population_survey.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "common/arguments.hpp"
#include "common/gnuplot.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;

constexpr double side = 4, heaviest = 32, smallest = 0.2, largest = 2.6;

/// What three centers make of the changed cluster, 0, and the two unchanged ones.
enum Structure { truth, two_on_changed, one_over_changed, other, many_fit_many };
constexpr std::size_t structures = 5;

Eigen::MatrixXd triangle() { return kmscape::centers_on_simplex(3, side); }

kmscape::StochasticBallModel<double> model_with(double weight, double radius) {
  return {triangle(), Eigen::Vector3d(radius, 1, 1), Eigen::Vector3d(weight, 1, 1)};
}

/// A heavy or a light cluster is one cluster like any other: cells are judged by the balls' own shares.
Structure structure_of(const Eigen::ArrayXXd& component_mass) {
  const auto association = kmscape::associate(component_mass);
  if (!association.is_structured()) return many_fit_many;
  if (association.is_truth()) return truth;
  for (const auto& group : association.groups)
    if (group.kind == kmscape::AssociationKind::many_fit_one)
      return group.clusters.front() == 0 ? two_on_changed : one_over_changed;
  return other;
}

/// Two centers beside each other on cluster s and one at the mean of the other two.
kmscape::FittedCenters<double> two_on(const kmscape::StochasticBallModel<double>& model, Index s) {
  const auto& centers = model.centers();
  const auto& weights = model.weights();
  const Index a = (s + 1) % 3, b = (s + 2) % 3;
  const Eigen::VectorXd along = (centers.col(b) - centers.col(a)).normalized() * (0.42 * model.radii()(s));
  kmscape::FittedCenters<double> result(2, 3);
  result.col(0) = centers.col(s) + along;
  result.col(1) = centers.col(s) - along;
  result.col(2) = (weights(a) * centers.col(a) + weights(b) * centers.col(b)) / (weights(a) + weights(b));
  return result;
}

/// Which structures a model has, and the share of random restarts that end in each.
struct Landscape {
  std::array<bool, structures> exists{};
  std::array<double, structures> share{};
  Index minima = 0;
};

Landscape landscape_of(const kmscape::StochasticBallModel<double>& model, Index restarts) {
  const kmscape::PopulationObjective objective(model);
  const auto random = kmscape::survey(
      objective, {.clusters = 3, .restarts = restarts, .seeding = kmscape::Seeding::uniform_points, .seed = 1});
  // Rare minima are asked for by name.
  const std::vector<kmscape::FittedCenters<double>> named = {model.centers(), two_on(model, 0), two_on(model, 1),
                                                             two_on(model, 2)};
  const auto wanted = kmscape::survey(objective, named);
  Landscape result;
  for (const auto* survey : {&random, &wanted})
    for (const auto& minimum : survey->minima) {
      const auto structure = structure_of(minimum.component_mass);
      result.exists[structure] = true;
      if (survey == &random) result.share[structure] += 100 * minimum.share;
    }
  result.minima = static_cast<Index>(random.minima.size());
  return result;
}

/// The structure in miniature above a panel: the changed ball in colour, dots for the centers.
void draw_icon(examples::Picture& picture, double x, Structure structure, int panel) {
  constexpr double high = 0.94, low = 0.86, half = 0.022, size = 0.011;
  const std::array<Eigen::Vector2d, 3> balls = {{{x, high}, {x - half, low}, {x + half, low}}};
  auto circle = [&, number = 10 + 10 * panel](const Eigen::Vector2d& at, double radius,
                                              const std::string& fill) mutable {
    picture << "set object " + std::to_string(number++) + " circle at screen " + examples::number(at.x()) + "," +
                   examples::number(at.y()) + " size screen " + examples::number(radius) + " fc rgb '" + fill +
                   "' fs solid noborder front";
  };
  for (std::size_t s = 0; s < 3; ++s) circle(balls[s], size, s == 0 ? "#E3B59C" : "#D5D9DF");
  std::vector<Eigen::Vector2d> dots(balls.begin(), balls.end());
  const Eigen::Vector2d beside(0.005, 0);
  if (structure == two_on_changed) dots = {balls[0] + beside, balls[0] - beside, (balls[1] + balls[2]) / 2};
  if (structure == one_over_changed) dots = {balls[2] + beside, balls[2] - beside, (balls[0] + balls[1]) / 2};
  if (structure == many_fit_many)
    dots = {balls[2], 0.75 * balls[0] + 0.25 * balls[1], 0.25 * balls[0] + 0.75 * balls[1]};
  for (const auto& dot : dots) circle(dot, 0.003, "#3B4252");
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "qzc_imbalanced [--out DIR] [--columns C] [--restarts R]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"columns", "C", "weights in the map, 41 unless given; 3/4 as many radii"},
                                         {"restarts", "R", "random restarts per model, 50 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto columns = arguments.integer("columns", 41, 2), restarts = arguments.integer("restarts", 50, 1);
    const auto rows = std::max<Index>(columns * 3 / 4, 2);
    const auto weight_at = [&](double a) { return std::pow(heaviest, 2 * a / static_cast<double>(columns) - 1); };
    const auto radius_at = [&](double b) { return smallest + (largest - smallest) * b / static_cast<double>(rows); };

    examples::ProgressBar bar;
    const auto progress = bar.callback();
    std::array<Eigen::MatrixXd, structures> tiles;
    for (auto& tile : tiles) tile.resize(5, rows * columns);
    std::array<Index, structures> alive{};
    for (Index b = 0; b < rows; ++b)
      for (Index a = 0; a < columns; ++a) {
        const auto column = static_cast<double>(a), row = static_cast<double>(b);
        const auto landscape = landscape_of(model_with(weight_at(column + 0.5), radius_at(row + 0.5)), restarts);
        for (std::size_t s = 0; s < structures; ++s) {
          alive[s] += landscape.exists[s];
          tiles[s].col(b * columns + a) << weight_at(column), weight_at(column + 1), radius_at(row), radius_at(row + 1),
              landscape.exists[s] ? landscape.share[s] : -1;
        }
        if (progress) progress({"models", b * columns + a + 1, rows * columns});
      }
    bar.clear();
    const std::string ink = "#3B4252", not_met = "#F1DFBF";
    examples::Picture picture(folder / "qzc_imbalanced.png", 2200, 900);
    picture << "set termoption fontscale 2"
            << "set termoption linewidth 2"
            << "set multiplot"
            << "unset key"
            << "set border 3 lc '#999999' lw 0.8"
            << "set tics nomirror out scale 0.6 textcolor '#555555'"
            << "set logscale x"
            << "set xrange [" + examples::number(weight_at(0), 10) + ":" + examples::number(heaviest) + "]"
            << "set yrange [" + examples::number(smallest) + ":" + examples::number(largest) + "]"
            << "set xtics ('1/16' 1.0/16, '1/4' 0.25, '1' 1, '4' 4, '16' 16)"
            << "set ytics 0.5"
            << "set palette defined (0 '#DCE7F0', 15 '#C3D5E3', 50 '#7FA3C0', 100 '#2F5D86')"
            << "set cbrange [0:100]"
            << "unset colorbox"
            << "set xlabel 'its weight (others: 1)' textcolor '" + ink + "'"
            << "set tmargin at screen 0.74\nset bmargin at screen 0.16";
    const std::array<std::pair<Structure, std::string>, 4> panels = {{{truth, "a center on each"},
                                                                      {two_on_changed, "two on the changed cluster"},
                                                                      {one_over_changed, "one over it and another"},
                                                                      {many_fit_many, "several over several"}}};
    const auto map_of = [&](const std::string& block) {
      const std::string boxes = " with boxxyerror fillstyle solid noborder lc ";
      return block + " using ($5>0?sqrt($1*$2):NaN):(($3+$4)/2):1:2:3:4:5" + boxes + "palette, " + block +
             " using ($5==0?sqrt($1*$2):NaN):(($3+$4)/2):1:2:3:4" + boxes + "rgb '" + not_met + "'";
    };
    for (std::size_t p = 0; p < panels.size(); ++p) {
      const auto& tile = tiles[panels[p].first];
      const double left = 0.075 + 0.212 * static_cast<double>(p);
      if (p + 1 == panels.size())
        picture << "set colorbox user origin screen 0.925,0.16 size screen 0.012,0.42"
                << "set cbtics 25 textcolor '#555555'\nset cblabel '% of restarts' textcolor '" + ink + "'"
                << "set object 2 rectangle from screen 0.925,0.62 to screen 0.937,0.66 fc rgb '" + not_met +
                       "' fillstyle solid noborder"
                << "set object 3 rectangle from screen 0.925,0.70 to screen 0.937,0.74 fc rgb 'white' fillstyle solid "
                   "border lc rgb '#999999'"
                << "set label 'not met' at screen 0.943,0.64 left textcolor '#555555'"
                << "set label 'none' at screen 0.943,0.72 left textcolor '#555555'";
      draw_icon(picture, left + 0.0975, panels[p].first, static_cast<int>(p));
      picture << "set lmargin at screen " + examples::number(left) + "\nset rmargin at screen " +
                     examples::number(left + 0.195)
              << "set title '" + panels[p].second + "' textcolor '" + ink + "'"
              << (p == 0 ? "set ylabel 'radius of the changed cluster (others: 1)' textcolor '" + ink + "' offset 0.5,0"
                         : std::string("unset ylabel\nset format y ''"))
              << "set object 1 circle at 1,1 size scr 0.004 fc rgb 'white' fs solid border lc rgb '" + ink + "' front"
              << "plot " + map_of(picture.data(tile));
    }
    picture << "unset multiplot";
    picture.draw();

    examples::Report report(
        "qzc_imbalanced", "QZC beyond equal clusters: which minima survive unequal weights and radii",
        "Three balls at the corners of an equilateral triangle of side 4; the weight (1/32 to 32 times that of the "
        "others) and radius (0.2 to 2.6) of one of them change. Colour: the share of " +
            std::to_string(restarts) +
            " random restarts that end in population minima of a structure; sand: it exists, but no restart met it; "
            "white: Lloyd's iteration from that structure leads elsewhere. The dot is the balanced model.");
    // Where a structure is a minimum, and how often restarts end in it there: the rarest and the most frequent.
    const auto extent = [&](Structure s) {
      double least = 100, most = 0;
      for (const auto& tile : tiles[s].colwise())
        if (tile(4) >= 0) {
          least = std::min(least, tile(4));
          most = std::max(most, tile(4));
        }
      const std::string count =
          "a minimum in " + std::to_string(alive[s]) + " of " + std::to_string(rows * columns) + " models";
      if (alive[s] == 0) return count;
      return count + ", where " + examples::number(least, 3) + "% to " + examples::number(most, 3) +
             "% of random restarts end in it";
    };
    const auto at = [&](double weight, double radius) {
      const auto landscape = landscape_of(model_with(weight, radius), restarts);
      std::string out;
      for (const auto& [structure, words] : panels)
        out += (out.empty() ? "" : "; ") + words + ": " +
               (landscape.exists[structure] ? examples::number(landscape.share[structure], 3) + "%" : "no minimum");
      return out;
    };
    // The weights at which a structure exists while the radii are equal.
    const auto weights_of = [&](Structure structure) {
      double low = heaviest, high = 0;
      for (const auto& tile : tiles[structure].colwise())
        if (tile(2) <= 1 && 1 < tile(3) && tile(4) >= 0) {
          low = std::min(low, tile(0));
          high = std::max(high, tile(1));
        }
      return high == 0 ? std::string("at no weight")
                       : "at weights " + examples::number(low, 2) + " to " + examples::number(high, 2);
    };
    for (const auto& [structure, words] : panels)
      report.row(words, structure == many_fit_many ? "no minimum (equal, well separated clusters)" : "nothing",
                 extent(structure) + "; for equal radii " + weights_of(structure));
    report.row("balanced, weight 1 and radius 1", "nothing below eta_max = 72,900", at(1, 1), "eta_min = 4");
    report.row("light, weight 1/16", "nothing", at(1.0 / 16, 1));
    report.row("heavy, weight 16", "nothing", at(16, 1));
    report.row("small, radius 0.3", "nothing", at(1, 0.3));
    report.row("large, radius 2.5", "nothing", at(1, 2.5));
    report.write(folder);
  });
}

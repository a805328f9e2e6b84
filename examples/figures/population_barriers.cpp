// The barrier out of a spurious minimum of three Gaussians, in the population and in samples of it: the saddle of G is
// computed from where it is born together with the minimum, and the transition states of G_n gather around it.
//
// Small run: --out {out} --samples 1 --largest 300
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Geometry>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/disconnectivity.hpp"
#include "common/gnuplot.hpp"
#include "common/plane.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;
using Gaussians = kmscape::GaussianMixtureModel<double>;
using Population = kmscape::PopulationObjective<Gaussians>;
using Data = kmscape::EmpiricalObjective<double>;

constexpr std::array<double, 6> separations = {7.5, 8, 9, 10, 11.5, 13};  // of the samples, in deviations
constexpr double shown = 10;                                              // in the pictures, and as n grows

/// Corners of an equilateral triangle, cluster 2 on top, and the middle between the other two.
Eigen::MatrixXd triangle(double side) {
  const double low = -side / (2 * std::sqrt(3.0));
  return (Eigen::MatrixXd(2, 3) << -side / 2, side / 2, 0, low, low, -2 * low).finished();
}

/// One center between clusters 0 and 1, two on cluster 2, their line turned by `angle`.
Eigen::MatrixXd spurious_start(double side, double angle) {
  const Eigen::MatrixXd truth = triangle(side);
  const Eigen::Vector2d half = std::sqrt(2 / std::numbers::pi) * Eigen::Vector2d(std::cos(angle), std::sin(angle));
  Eigen::MatrixXd centers(2, 3);
  centers << (truth.col(0) + truth.col(1)) / 2, truth.col(2) + half, truth.col(2) - half;
  return centers;
}

Eigen::MatrixXd mirrored(const Eigen::MatrixXd& centers) { return Eigen::Vector2d(-1, 1).asDiagonal() * centers; }

/// `centers` turned about the origin by a third, so many times: the model's symmetry.
Eigen::MatrixXd turned(const Eigen::MatrixXd& centers, int times) {
  return Eigen::Rotation2Dd(2 * std::numbers::pi / 3 * times).toRotationMatrix() * centers;
}

/// The spurious minimum of G, and the lowest saddle between it and the truth.
struct Exit {
  double separation = 0;
  Eigen::MatrixXd minimum, saddle;
  double gap = 0, barrier = 0;  // shares of the best value
};

/// Both, for a separation nearby, by Newton's method; nothing where they are no longer what they were.
std::optional<Exit> followed(const Exit& from, double separation) {
  const Population population(Gaussians(triangle(separation), 1.0));
  Eigen::MatrixXd shift = spurious_start(separation, 0) - spurious_start(from.separation, 0);
  const auto minimum = kmscape::stationary_point(population, from.minimum + shift);
  const auto saddle = kmscape::stationary_point(population, from.saddle + shift);
  if (!minimum.converged || !saddle.converged) return std::nullopt;
  const auto below = kmscape::certify(population, minimum.centers),
             above = kmscape::certify(population, saddle.centers);
  if (!below.is_minimum() || above.negative != 1 || !(above.value > below.value)) return std::nullopt;
  // Newton's method could have come to those of another orientation.
  if ((minimum.centers - from.minimum - shift).norm() > 1 || (saddle.centers - from.saddle - shift).norm() > 1)
    return std::nullopt;
  const double best = population.value(kmscape::stationary_point(population, triangle(separation)).centers);
  return Exit{separation, minimum.centers, saddle.centers, below.value / best - 1, (above.value - below.value) / best};
}

bool is_spurious(const kmscape::Association& association, Index cluster) {
  if (!association.is_structured() || !association.almost_empty.empty()) return false;
  return std::any_of(association.groups.begin(), association.groups.end(), [&](const auto& group) {
    return group.kind == kmscape::AssociationKind::many_fit_one && group.clusters.front() == cluster;
  });
}

/// The population's network at one separation, with what its minima are.
struct Landscape {
  kmscape::Network<double> network;
  std::vector<Index> kinds;
  std::vector<kmscape::Association> truths;
};

Landscape landscape_of(double separation, const std::vector<Eigen::MatrixXd>& minima) {
  const Gaussians model(triangle(separation), 1.0);
  Landscape landscape;
  landscape.network = kmscape::population_network(Population(model), minima, {.search = {.max_steps = 100}}).network;
  for (const auto& minimum : landscape.network.minima) {
    landscape.truths.push_back(kmscape::associate(minimum.centers, model));
    landscape.kinds.push_back(examples::class_of(landscape.truths.back()));
  }
  return landscape;
}

/// From the truth and what starts near the spurious minimum of cluster 2 lead to.
Landscape landscape_of(double separation) {
  const std::vector<Eigen::MatrixXd> starts = {triangle(separation), spurious_start(separation, 0.1),
                                               spurious_start(separation, 1.5)};
  std::vector<Eigen::MatrixXd> minima;
  for (const auto& end :
       kmscape::survey(Population(Gaussians(triangle(separation), 1.0)), std::span<const Eigen::MatrixXd>(starts))
           .minima)
    minima.push_back(end.centers);
  return landscape_of(separation, minima);
}

/// The lowest way out of the minima with two centers on cluster 2, of which the lowest is `minimum`.
Exit exit_of(const Landscape& landscape, double separation) {
  const auto& network = landscape.network;
  for (const auto& state : network.states) {
    const auto low = std::min(state.first_minimum, state.second_minimum),
               high = std::max(state.first_minimum, state.second_minimum);
    if (low != 0 || !is_spurious(landscape.truths[static_cast<std::size_t>(high)], 2)) continue;
    // In the order of `spurious_start`: the center of the two clusters first, then as they are.
    const auto in_order = [](const Eigen::MatrixXd& centers) {
      Index first = 0;
      centers.row(1).minCoeff(&first);
      Eigen::MatrixXd ordered(2, 3);
      ordered << centers.col(first), centers.col((first + 1) % 3), centers.col((first + 2) % 3);
      return ordered;
    };
    Exit at{separation, in_order(network.minima[static_cast<std::size_t>(high)].centers), in_order(state.centers), 0,
            0};
    if (const auto exact = followed(at, separation)) return *exact;
  }
  throw std::runtime_error("no saddle of the population leads out of the spurious minimum");
}

/// Of a sample and one cluster with two centers: the spurious minimum that must climb most on its way to the truth.
/// Others lie on the slope beyond.
struct Measured {
  bool has_minimum = false, has_way = false;
  double value = 0, height = 0;  // of the minimum, and of its way
  double best = 1;               // value of the sample's best minimum

  [[nodiscard]] double barrier() const { return (height - value) / best; }
};

Measured measured(const Landscape& landscape, Index cluster) {
  const auto heights = kmscape::barriers(landscape.network);
  const auto& minima = landscape.network.minima;
  Measured found;
  found.best = minima.front().value;
  for (std::size_t m = 1; m < minima.size(); ++m) {
    if (!is_spurious(landscape.truths[m], cluster)) continue;
    const double height = heights(0, static_cast<Index>(m)), climb = height - minima[m].value;
    found.has_minimum = true;
    if (!std::isfinite(height) || (found.has_way && climb <= found.height - found.value)) continue;
    found.has_way = true;
    found.value = minima[m].value;
    found.height = height;
  }
  return found;
}

Landscape landscape_of(const Data& data, const kmscape::Labels& labels, const std::vector<Eigen::MatrixXd>& starts,
                       const kmscape::ProgressCallback& progress = {}) {
  Landscape landscape;
  landscape.network = kmscape::transition_states(data, std::span<const Eigen::MatrixXd>(starts),
                                                 {.all_pairs = data.size() <= 300, .progress = progress});
  for (const auto& minimum : landscape.network.minima) {
    landscape.truths.push_back(kmscape::associate(data, minimum.centers, labels));
    landscape.kinds.push_back(examples::class_of(landscape.truths.back()));
  }
  return landscape;
}

std::vector<Eigen::MatrixXd> all_starts(double separation) {
  std::vector<Eigen::MatrixXd> starts = {triangle(separation)};
  for (int turn = 0; turn < 3; ++turn)
    for (int angle = 0; angle < 4; ++angle)
      starts.push_back(turned(spurious_start(separation, std::numbers::pi * angle / 4), turn));
  return starts;
}

/// The same for samples that are too large for the whole network: the states to which the minimum next to the way out
/// leads, and the lowest of the minima that turned starts lead to.
Measured measured_at_exit(const Data& data, const kmscape::Labels& labels, const Exit& exit) {
  std::vector<Eigen::MatrixXd> given = {triangle(exit.separation)};
  for (const bool is_mirrored : {false, true}) {
    const Eigen::MatrixXd near = exit.saddle + 0.1 * (exit.minimum - exit.saddle);
    given.push_back(is_mirrored ? mirrored(near) : near);
  }
  const Index searches = 2 * data.size() * static_cast<Index>(given.size());
  const auto landscape = landscape_of(data, labels, given, [&](const kmscape::Progress& progress) {
    return progress.done < searches;  // the given minima come first
  });
  Measured found = measured(landscape, 2);
  if (!found.has_way) return found;
  for (int angle = 0; angle < 12; ++angle) {
    const auto fit = kmscape::lloyd(data, spurious_start(exit.separation, std::numbers::pi * angle / 12));
    if (is_spurious(kmscape::associate(data, fit.centers, labels), 2))
      found.value = std::min(found.value, static_cast<double>(fit.value));
  }
  return found;
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return std::nan("");
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

/// All samples of one size and separation.
struct Samples {
  Index n = 0;
  double separation = 0;
  std::vector<double> barriers;  // 0 where the sample has no such minimum
  Index without_minimum = 0, without_way = 0;
};

Samples study(Index n, const Exit& exit, std::int64_t count) {
  Samples result{n, exit.separation, {}, 0, 0};
  for (std::int64_t s = 0; s < count; ++s) {
    const auto sample =
        Gaussians(triangle(exit.separation), 1.0).sample_balanced(n, kmscape::Seed{static_cast<std::uint64_t>(s + 1)});
    const Data data(sample.points);
    std::vector<Measured> all;
    if (n <= 300) {
      const auto landscape = landscape_of(data, sample.labels, all_starts(exit.separation));
      for (Index cluster = 0; cluster < 3; ++cluster) all.push_back(measured(landscape, cluster));
    } else {
      all.push_back(measured_at_exit(data, sample.labels, exit));
    }
    for (const auto& one : all) {
      result.without_minimum += !one.has_minimum;
      result.without_way += one.has_minimum && !one.has_way;
      if (!one.has_minimum || one.has_way) result.barriers.push_back(one.barrier());
    }
  }
  return result;
}

std::string percent(double share, int digits = 3) { return examples::number(100 * share, digits) + "%"; }

// ---- the picture's panels

/// Centers' cells within the box, and lines from where Lloyd's iteration starts to where it ends.
std::string cells_of(examples::Picture& picture, const Eigen::MatrixXd& centers, const examples::Box& box) {
  std::string plot;
  const auto cells = examples::voronoi_cells(centers, box);
  for (std::size_t j = 0; j < cells.size(); ++j)
    if (cells[j].cols() > 2)
      plot += picture.data(cells[j]) + " with filledcurves closed lc rgb '" +
              examples::pale_colour(static_cast<Index>(j)) + "', ";
  return plot;
}

/// Lloyd's iteration from either side of a saddle, lines that end in squares.
template <class Objective>
std::string ways_down(examples::Picture& picture, const Objective& objective, const Eigen::MatrixXd& saddle,
                      const std::array<Eigen::MatrixXd, 2>& sides) {
  std::string plot;
  for (const auto& side : sides) {
    const auto fit = kmscape::lloyd(objective, side, {.max_iterations = 3000, .keep_centers = true});
    for (Index j = 0; j < side.cols(); ++j) {
      Eigen::MatrixXd line(2, static_cast<Index>(fit.path.size()));
      for (std::size_t t = 0; t < fit.path.size(); ++t) line.col(static_cast<Index>(t)) = fit.path[t].col(j);
      plot += picture.data(line) + " with lines lw 1.5 lc rgb '#222222', ";
    }
    const auto block = picture.data(fit.centers);
    plot += block + " with points pt 5 ps 1.3 lc rgb 'white', " + block + " with points pt 5 ps 0.9 lc rgb '#222222', ";
  }
  const auto block = picture.data(saddle);
  return plot + block + " with points pt 7 ps 1.7 lc rgb 'white', " + block + " with points pt 7 ps 1.3 lc rgb '" +
         examples::colour(4) + "'";
}

std::string rings(examples::Picture& picture) {
  constexpr Index sides = 72;
  std::string plot;
  for (Index s = 0; s < 3; ++s)
    for (const double radius : {1.0, 2.0}) {
      Eigen::MatrixXd ring(2, sides + 1);
      for (Index i = 0; i <= sides; ++i) {
        const double angle = 2 * std::numbers::pi * static_cast<double>(i) / sides;
        ring.col(i) = triangle(shown).col(s) + radius * Eigen::Vector2d(std::cos(angle), std::sin(angle));
      }
      plot += picture.data(ring) + " with lines lw 0.8 lc rgb '#9A9A9A', ";
    }
  return plot;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "population_barriers [--out DIR] [--samples S] [--largest N]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"samples", "S", "samples of the larger sizes, 4 unless given"},
                                         {"largest", "N", "points of the largest sample, 3000 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto samples = arguments.integer("samples", 4, 1), largest = arguments.integer("largest", 3000, 30);

    // The population: one network, and the way out of it followed through all separations.
    std::vector<Exit> curve = {exit_of(landscape_of(8), 8)};
    while (curve.back().separation < 13.2 - 1e-9)
      if (auto next = followed(curve.back(), curve.back().separation + 0.1))
        curve.push_back(*next);
      else
        break;
    std::reverse(curve.begin(), curve.end());
    for (double step = 0.1; step > 1e-4;)
      if (auto next = followed(curve.back(), curve.back().separation - step))
        curve.push_back(*next);
      else
        step /= 2;
    std::reverse(curve.begin(), curve.end());
    const double born = curve.front().separation;
    const auto exit_at = [&](double separation) {
      const auto near = std::min_element(curve.begin(), curve.end(), [&](const Exit& a, const Exit& b) {
        return std::abs(a.separation - separation) < std::abs(b.separation - separation);
      });
      const auto exact = followed(*near, separation);
      if (!exact) throw std::runtime_error("the saddle could not be followed to a separation of the samples");
      return *exact;
    };

    std::vector<Eigen::MatrixXd> minima = {
        kmscape::stationary_point(Population(Gaussians(triangle(shown), 1.0)), triangle(shown)).centers};
    for (int turn = 0; turn < 3; ++turn)
      for (const auto& minimum : {exit_at(shown).minimum, mirrored(exit_at(shown).minimum)})
        minima.push_back(turned(minimum, turn));
    const auto landscape = landscape_of(shown, minima);

    examples::ProgressBar bar;
    const auto progress = bar.callback();
    Index done = 0;
    // More where they are cheap, and where they are compared with one another.
    const auto count = [&](Index n, double separation) {
      return samples * (n <= 90 || n == 900 ? 4 : n > 900 && separation == shown ? 2 : 1);
    };
    std::vector<Samples> all;
    for (const Index n : {30, 90, 300, 900, 3000}) {
      if (n > largest) continue;
      for (const double separation : separations) {
        const bool is_between = n == 90 || n == 900;
        if (is_between && separation != shown) continue;
        all.push_back(study(n, exit_at(separation), count(n, separation)));
        if (progress) progress({"samples", ++done, 20});
      }
    }
    bar.clear();

    examples::Report report(
        "population_barriers", "The barrier out of a spurious minimum, in the population and in samples",
        "Three Gaussian clusters of deviation 1 on an equilateral triangle whose side is the separation, three "
        "centers. "
        "Spurious: two centers on one cluster and one between the others. Barrier: the lowest point of a way to the "
        "best minimum less the spurious minimum's value, as a share of the best value. Population: the saddle of index "
        "1 of G, computed and certified, and followed by Newton's method down to where it meets the minimum. Samples, "
        "with as many points a cluster: transition states of G_n, from the spurious minimum of each cluster that must "
        "climb most, 0 where a sample has none; medians, bars from the first to the ninth tenth. Up to n = 300 the "
        "whole network is searched; beyond it, for one cluster only, what the minimum beside the way out leads to, "
        "which can miss a lower way. Maps: circles are the saddle, lines Lloyd's iteration from either side of it, "
        "squares where it ends; the divided point of the sample is ringed. Graphs: their upper end, the best minimum "
        "lies far below.");
    examples::Picture picture(folder / "population_barriers.png", 2300, 1560);
    picture << "set termoption fontscale 2"
            << "set termoption linewidth 2"
            << "set termoption pointscale 2"
            << "set multiplot"
            << "set tmargin at screen 0.945\nset bmargin at screen 0.575"
            << "set grid ytics lc '#E8E8E8'"
            << "set lmargin at screen 0.07\nset rmargin at screen 0.56"
            << "set xrange [6.6:13.6]"
            << "set yrange [-1.2:23]"
            << "set xtics out 7,1,13"
            << "set xlabel 'separation, in standard deviations' offset 0,0.4"
            << "set ylabel 'barrier, % of the best value' offset 1,0"
            << "set title 'barrier out of the spurious minimum'"
            << "set key bottom right reverse Left"
            << "set arrow 1 from 8.1,-0.65 to " + examples::number(born + 0.03) + ",-0.15 lw 0.8 lc '#888888'"
            << "set label 1 'born with its saddle at " + examples::number(born, 4) +
                   "' at 8.15,-0.65 left font ',9' textcolor '#555555'";
    Eigen::MatrixXd line(2, static_cast<Index>(curve.size()));
    for (std::size_t c = 0; c < curve.size(); ++c)
      line.col(static_cast<Index>(c)) << curve[c].separation, 100 * curve[c].barrier;
    const std::array<std::pair<Index, Index>, 5> colours = {{{30, 5}, {90, 2}, {300, 1}, {900, 3}, {3000, 0}}};
    const auto paint = [&](Index n) {
      for (const auto& [size, colour] : colours)
        if (size == n) return "lc rgb '" + examples::colour(colour) + "'";
      return std::string("lc rgb '#222222'");
    };
    std::string plot = "plot " + picture.data(line) + " with lines lw 2.2 lc rgb '#222222' title 'population'";
    for (const Index n : {30, 300, 3000}) {
      std::vector<Eigen::Vector4d> marks;
      for (const auto& at : all)
        if (at.n == n && !at.barriers.empty())
          // Side by side, so that bars do not hide each other.
          marks.emplace_back(at.separation + (n == 30    ? -0.09
                                              : n == 300 ? 0
                                                         : 0.09),
                             100 * quantile(at.barriers, 0.5), 100 * quantile(at.barriers, 0.1),
                             100 * quantile(at.barriers, 0.9));
      if (marks.empty()) continue;
      Eigen::MatrixXd table(4, static_cast<Index>(marks.size()));
      for (std::size_t t = 0; t < marks.size(); ++t) table.col(static_cast<Index>(t)) = marks[t];
      plot += ", " + picture.data(table) + " using 1:2:3:4 with yerrorbars pt 7 ps 0.9 lw 1.1 " + paint(n) +
              " title 'n = " + std::to_string(n) + "'";
    }
    picture << plot;

    // As n grows, at one separation.
    const double limit = exit_at(shown).barrier;
    std::vector<Eigen::Vector2d> errors;
    for (const auto& at : all) {
      if (at.separation != shown || at.barriers.empty()) continue;
      std::vector<double> off;
      for (const double barrier : at.barriers) off.push_back(std::abs(barrier - limit));
      errors.emplace_back(static_cast<double>(at.n), 100 * quantile(off, 0.5));
    }
    Eigen::MatrixXd falling(2, static_cast<Index>(errors.size()));
    for (std::size_t e = 0; e < errors.size(); ++e) falling.col(static_cast<Index>(e)) = errors[e];
    const double level = std::exp((falling.row(1).array() * falling.row(0).array().sqrt()).log().mean());
    picture << "unset arrow 1\nunset label 1"
            << "set lmargin at screen 0.68\nset rmargin at screen 0.98"
            << "set logscale xy"
            << "set xrange [20:5000]\nset yrange [*:*]"
            << "set xtics (30, 90, 300, 900, 3000)"
            << "set xlabel 'points n'"
            << "set ylabel 'distance from the population, %' offset 1.5,0"
            << "set title 'median distance at separation " + examples::number(shown) + "'"
            << "set key top right noreverse Right"
            << "plot " + examples::number(level) +
                   "/sqrt(x) with lines lw 1.4 dt 2 lc rgb '#777777' title 'n^{-1/2}', " + picture.data(falling) +
                   " with linespoints pt 7 ps 1 lw 1.4 lc rgb '#222222' title 'measured'";

    // The saddle of G and a transition state of a sample, with their ways down and their graphs.
    const Gaussians model(triangle(shown), 1.0);
    const Population population(model);
    const auto sample = model.sample_balanced(300, kmscape::Seed{2});
    const Data data(sample.points);
    const auto of_sample = landscape_of(data, sample.labels, all_starts(shown));
    const auto box = [&] {
      examples::Box around = examples::box_around(sample.points, 0.04);
      const Eigen::Vector2d middle = (around.low + around.high) / 2;
      const double half = std::max(around.high.x() - around.low.x(), around.high.y() - around.low.y()) / 2;
      return examples::Box{middle.array() - half, middle.array() + half};
    }();
    picture << "unset logscale\nunset xlabel\nunset ylabel\nunset grid\nunset key\nunset xtics\nunset ytics"
            << "set border 15 lc '#BBBBBB'"
            << "set tmargin at screen 0.43\nset bmargin at screen 0.03";
    const auto place = [&](double left, double right) {
      picture << "set lmargin at screen " + examples::number(left) + "\nset rmargin at screen " +
                     examples::number(right);
    };
    const auto map = [&](const std::string& title, const std::string& drawn) {
      picture << "set title '" + title + "' font ',11'"
              << "set xrange [" + examples::number(box.low.x()) + ":" + examples::number(box.high.x()) + "]"
              << "set yrange [" + examples::number(box.low.y()) + ":" + examples::number(box.high.y()) + "]"
              << "plot " + drawn;
    };
    place(0.015, 0.2863);
    {
      const Exit exit = exit_at(shown);
      const auto certificate = kmscape::certify(population, exit.saddle);
      const Eigen::MatrixXd along = 0.02 * certificate.escape;
      map("population: saddle and ways down",
          cells_of(picture, exit.saddle, box) + rings(picture) +
              ways_down(picture, population, exit.saddle, {exit.saddle + along, exit.saddle - along}));
    }
    place(0.2963, 0.5676);
    // The state nearest to the population's saddle, or to its mirror image, of those between the truth and another.
    const kmscape::TransitionState<double>* nearest = nullptr;
    double least = std::numeric_limits<double>::infinity();
    for (const auto& state : of_sample.network.states) {
      if (std::min(state.first_minimum, state.second_minimum) != 0) continue;
      for (const auto& saddle : {exit_at(shown).saddle, mirrored(exit_at(shown).saddle)}) {
        double distance = 0;
        for (Index j = 0; j < 3; ++j)
          distance += (saddle.colwise() - state.centers.col(j)).colwise().squaredNorm().minCoeff();
        if (distance >= least) continue;
        least = distance;
        nearest = &state;
      }
    }
    if (nearest != nullptr) {
      const auto& state = *nearest;
      // The divided point in either of its cells.
      std::array<Eigen::MatrixXd, 2> sides;
      for (int side = 0; side < 2; ++side) {
        auto labels = state.labels;
        labels(state.point) = side == 0 ? state.first : state.second;
        sides[static_cast<std::size_t>(side)] = Eigen::MatrixXd::Zero(2, 3);
        Eigen::Array3d sizes = Eigen::Array3d::Zero();
        for (Index i = 0; i < data.size(); ++i) {
          sides[static_cast<std::size_t>(side)].col(labels(i)) += sample.points.col(i);
          sizes(labels(i)) += 1;
        }
        sides[static_cast<std::size_t>(side)].array().rowwise() /= sizes.transpose();
      }
      const auto divided = picture.data(sample.points.col(state.point));
      map("a sample of 300: transition state",
          cells_of(picture, state.centers, box) + picture.data(sample.points) +
              " with points pt 7 ps 0.25 lc rgb '#8A8A8A', " + ways_down(picture, data, state.centers, sides) + ", " +
              divided + " with points pt 6 ps 1.6 lw 1.6 lc rgb '" + examples::colour(4) + "', " + divided +
              " with points pt 7 ps 0.5 lc rgb '" + examples::colour(4) + "'");
    }
    picture << "set border 2"
            << "set ytics nomirror font ',9' textcolor '#333333'"
            << "set ylabel 'objective / best value' offset 1.2,0"
            << "set format y '%.4g'";
    const auto graph = [&](const std::string& title, kmscape::Network<double> network, const std::vector<Index>& kinds,
                           double unit, double size) {
      // As shares of the best value, so that both panels have one scale.
      for (auto& minimum : network.minima) minimum.value /= unit;
      for (auto& state : network.states) state.value /= unit;
      // Ways between other orders of clusters climb much higher; they are of no interest here.
      const auto drawn = examples::graph_plot(picture, network, kinds, 1, size);
      double low = std::numeric_limits<double>::infinity(), high = 0;
      for (std::size_t m = 1; m < kinds.size(); ++m) {
        if (kinds[m] != 1) continue;
        low = std::min(low, network.minima[m].value);
      }
      for (const auto& node : kmscape::merge_tree(network).nodes)
        if (node.parent >= 0 || node.state >= 0) high = std::max(high, node.value);
      picture << "set yrange [" + examples::number(low - 0.25 * (high - low)) + ":" +
                     examples::number(high + 0.08 * (high - low)) + "]"
              << "set title '" + title + "' font ',11'"
              << "plot " + drawn;
    };
    place(0.645, 0.79);
    graph("population: " + std::to_string(landscape.network.minima.size()) + " minima", landscape.network,
          landscape.kinds, landscape.network.best().value, 0.9);
    place(0.85, 0.99);
    picture << "unset ylabel";
    graph("sample: " + std::to_string(of_sample.network.minima.size()) + " minima", of_sample.network, of_sample.kinds,
          of_sample.network.best().value, 0.6);
    picture << "unset multiplot";
    picture.draw();

    report.row("where the spurious minimum is born", "exists if the clusters are far enough apart (QZC Theorem 1)",
               "at separation " + examples::number(born, 5) + ", with the saddle that leads out of it",
               "followed down by Newton's method; barrier there " + percent(curve.front().barrier, 2));
    for (const double separation : separations) {
      const Exit exit = exit_at(separation);
      std::string words;
      Index without_minimum = 0, without_way = 0;
      for (const auto& at : all) {
        if (at.separation != separation) continue;
        words += "; n = " + std::to_string(at.n) + ": " + percent(quantile(at.barriers, 0.5)) + " [" +
                 percent(quantile(at.barriers, 0.1)) + ", " + percent(quantile(at.barriers, 0.9)) + "]";
        without_minimum += at.without_minimum;
        without_way += at.without_way;
      }
      report.row("barrier at separation " + examples::number(separation),
                 "that of samples tends to the population's, since G_n tends to G uniformly",
                 "population " + percent(exit.barrier) + words,
                 "the minimum is worse than the best by " + percent(exit.gap) + "; " + std::to_string(without_minimum) +
                     " clusters of samples without such a minimum, " + std::to_string(without_way) +
                     " without a way found and left out");
    }
    report.row(
        "distance from the population's at separation " + examples::number(shown), "n^(-1/2)",
        [&] {
          std::string words;
          for (const auto& at : errors)
            words += (words.empty() ? "" : ", ") + ("n = " + examples::number(at(0)) + ": ") +
                     examples::number(at(1), 2) + "%";
          return words;
        }(),
        "medians of the samples");
    report.write(folder);
  });
}

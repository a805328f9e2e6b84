// QZC Figure 1: which configurations of four centers on four Gaussian clusters are local minima, and where Lloyd's
// iteration takes those that are not, in the population and on a sample of it.
//
// Panels 1a to 1d place the centers by the masses of a separated mixture: a cell that holds whole clusters has its
// center at their mean, and a cell that halves a cluster gets half of it, whose mean lies sigma sqrt(2/pi) off the
// middle. In the population a spherical cluster may be halved in any direction; the sample decides for its longest
// axis, so we take that.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/gnuplot.hpp"
#include "common/plane.hpp"
#include "common/report.hpp"

namespace {

constexpr double sigma = 0.6;

struct Panel {
  std::string name, what, paper;
  Eigen::MatrixXd start;
};

Eigen::MatrixXd true_centers() {
  Eigen::MatrixXd centers(2, 4);
  centers << 3, 3.5, 2.5, -5,  //
      3.4, 0, -3.6, 0.5;
  return centers;
}

/// The direction in which the points of one cluster spread most, a unit vector.
Eigen::Vector2d longest_axis(const kmscape::Sample<double>& sample, kmscape::Label cluster) {
  Eigen::MatrixXd scatter = Eigen::MatrixXd::Zero(2, 2);
  const Eigen::Vector2d center = true_centers().col(cluster);
  for (Eigen::Index i = 0; i < sample.points.cols(); ++i)
    if (sample.labels(i) == cluster)
      scatter += (sample.points.col(i) - center) * (sample.points.col(i) - center).transpose();
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(scatter).eigenvectors().col(1);
}

std::array<Panel, 4> panels(const kmscape::Sample<double>& sample) {
  const Eigen::MatrixXd truth = true_centers();
  const Eigen::Vector2d a = truth.col(0), b = truth.col(1), c = truth.col(2), d = truth.col(3);
  const double half = sigma * std::sqrt(2 / std::numbers::pi);
  const Eigen::Vector2d up(0, half), right(half, 0), along = half * longest_axis(sample, 3);
  const auto four = [](const auto& p, const auto& q, const auto& r, const auto& s) {
    Eigen::MatrixXd centers(2, 4);
    centers << p, q, r, s;
    return centers;
  };
  return {{{"1a", "one center on each cluster", "global minimum: stays", truth},
           {"1b", "one over two clusters, two on one", "spurious local minimum: stays",
            four((a + b) / 2, c, d + along, d - along)},
           {"1c", "two over three clusters, two on one", "no minimum: goes to the spurious minimum of 1b",
            four((a + (b + up) / 2) / 1.5, (c + (b - up) / 2) / 1.5, d + along, d - along)},
           {"1d", "two side by side over two clusters", "no minimum: goes to the truth of 1a",
            four((a + b) / 2 + right, (a + b) / 2 - right, c, d)}}};
}

/// The sample as dots.
std::string dots(examples::Picture& picture, const Eigen::MatrixXd& points) {
  return picture.data(points) + " with points pt 7 ps 0.25 lc rgb '#9A9A9A', ";
}

/// The mixture as circles at one and two standard deviations around every true center.
std::string rings(examples::Picture& picture) {
  constexpr Eigen::Index sides = 72;
  std::string plot;
  for (Eigen::Index s = 0; s < 4; ++s)
    for (const double radius : {sigma, 2 * sigma}) {
      Eigen::MatrixXd ring(2, sides + 1);
      for (Eigen::Index i = 0; i <= sides; ++i) {
        const double angle = 2 * std::numbers::pi * static_cast<double>(i) / sides;
        ring.col(i) = true_centers().col(s) + radius * Eigen::Vector2d(std::cos(angle), std::sin(angle));
      }
      plot += picture.data(ring) + " with lines lw 1 lc rgb '#9A9A9A', ";
    }
  return plot;
}

/// The box made wider or higher, so that a unit is as long up as across in a panel of this ratio of width to height.
examples::Box with_ratio(examples::Box box, double ratio) {
  const Eigen::Vector2d middle = (box.low + box.high) / 2, size = box.high - box.low;
  const Eigen::Vector2d half =
      Eigen::Vector2d(std::max(size.x(), ratio * size.y()), std::max(size.y(), size.x() / ratio)) / 2;
  box.low = middle - half;
  box.high = middle + half;
  return box;
}

/// A panel of cells, what lies `below` the true centers and what `more` adds.
void draw(examples::Picture& picture, const std::string& title, const std::string& below,
          const Eigen::MatrixXd& centers, const examples::Box& box, const std::string& more) {
  std::string plot;
  const auto cells = examples::voronoi_cells(centers, box);
  for (std::size_t j = 0; j < cells.size(); ++j)
    plot += picture.data(cells[j]) + " with filledcurves closed lc rgb '" +
            examples::pale_colour(static_cast<Eigen::Index>(j)) + "', ";
  picture << "set title \"" + title + "\""
          << "plot " + plot + below + picture.data(true_centers()) +
                 " with points pt 3 ps 1.6 lw 1.5 lc rgb '#222222'" + more;
}

std::string markers(examples::Picture& picture, const Eigen::MatrixXd& centers, int type) {
  std::string plot;
  for (Eigen::Index j = 0; j < centers.cols(); ++j) {
    const auto block = picture.data(centers.col(j));
    plot += ", " + block + " with points pt " + std::to_string(type) + " ps 2 lc rgb 'white', " + block +
            " with points pt " + std::to_string(type) + " ps 1.5 lc rgb '" + examples::colour(j) + "'";
  }
  return plot;
}

std::string trajectories(examples::Picture& picture, const std::vector<Eigen::MatrixXd>& path) {
  std::string plot;
  for (Eigen::Index j = 0; j < path.front().cols(); ++j) {
    Eigen::MatrixXd line(2, static_cast<Eigen::Index>(path.size()));
    for (std::size_t t = 0; t < path.size(); ++t) line.col(static_cast<Eigen::Index>(t)) = path[t].col(j);
    plot += ", " + picture.data(line) + " with lines lw 2 lc rgb '#222222'";
  }
  return plot;
}

/// The halves of a round cluster turn in a valley of G that is all but flat: the other clusters are felt by their tails
/// only, and a step of Lloyd's iteration turns the halves by less than 1e-9 of what is left.
struct Valley {
  double variation = 0;    // of G along it
  double turn = 0;         // from the given centers to its lowest point, in degrees, at most 90 either way
  Eigen::MatrixXd bottom;  // the centers there
};

/// The valley of `centers`, of which 2 and 3 are the halves.
template <class Population>
Valley valley_of(const Population& population, const Eigen::MatrixXd& centers) {
  constexpr int angles = 36;
  const Eigen::Vector2d middle = (centers.col(2) + centers.col(3)) / 2, half = (centers.col(2) - centers.col(3)) / 2;
  const auto turned_by = [&](double angle) -> Eigen::Vector2d {
    return std::cos(angle) * half + std::sin(angle) * Eigen::Vector2d(-half.y(), half.x());
  };
  // All else in equilibrium, which Lloyd's iteration reaches long before the halves turn.
  const auto at = [&](double angle) -> Eigen::MatrixXd {
    Eigen::MatrixXd turned = centers;
    turned.col(2) = middle + turned_by(angle);
    turned.col(3) = middle - turned_by(angle);
    return kmscape::lloyd(population, turned, {.max_iterations = 200}).centers;
  };
  const auto slope = [&](double angle) {
    const Eigen::MatrixXd gradient = population.gradient(at(angle));
    const Eigen::Vector2d across = turned_by(angle + std::numbers::pi / 2);
    return across.dot(gradient.col(2) - gradient.col(3));
  };
  double least = std::numeric_limits<double>::infinity(), most = 0, lowest = 0;
  for (int a = 0; a < angles; ++a) {
    const double angle = std::numbers::pi * (static_cast<double>(a) / angles - 0.5);
    const double value = population.value(at(angle));
    most = std::max(most, value);
    if (!(value < least)) continue;
    least = value;
    lowest = angle;
  }
  double low = lowest - std::numbers::pi / angles, high = lowest + std::numbers::pi / angles;
  for (int halvings = 0; halvings < 20; ++halvings) {
    const double angle = (low + high) / 2;
    (slope(angle) < 0 ? low : high) = angle;
  }
  return {most - least, (low + high) / 2 * 180 / std::numbers::pi, at((low + high) / 2)};
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv, "qzc_figure_1 [--out DIR] [--data FILE]",
        {{"out", "DIR", "folder for the picture and its page"},
         {"data", "FILE", "only write the planted data set that the survey example uses"}});
    if (arguments.printed_help()) return;
    const kmscape::GaussianMixtureModel model(true_centers(), sigma);
    if (arguments.has("data")) {
      const auto planted = model.sample_balanced(400, kmscape::Seed{1});
      std::string text = "x,y,label\n";
      char line[64];
      for (Eigen::Index i = 0; i < planted.points.cols(); ++i) {
        std::snprintf(line, sizeof line, "%.4f,%.4f,%d\n", planted.points(0, i), planted.points(1, i),
                      planted.labels(i));
        text += line;
      }
      return examples::write_file(arguments.text("data"), text);
    }

    const auto folder = examples::output_folder(arguments.text("out"));
    const auto sample = model.sample_balanced(2000, kmscape::Seed{1});
    const kmscape::EmpiricalObjective objective(sample.points);
    // Width and height of a panel by the margins and spacings below.
    const auto box =
        with_ratio(examples::box_around(sample.points), (0.98 - 3 * 0.012) / 4 * 1600 / ((0.9 - 2 * 0.06) / 3 * 1320));
    const kmscape::PopulationObjective population(model);
    examples::Picture picture(folder / "qzc_figure_1.png", 1600, 1320);
    picture << "set multiplot layout 3,4 margins 0.01,0.99,0.02,0.92 spacing 0.012,0.06 title 'stars: true centers;  "
               "circles: starts;  squares: where Lloyd\'\'s iteration ends'"
            << "unset key"
            << "unset tics"
            << "set border 15 lc '#BBBBBB'"
            << "set xrange [" + examples::number(box.low.x()) + ":" + examples::number(box.high.x()) + "]"
            << "set yrange [" + examples::number(box.low.y()) + ":" + examples::number(box.high.y()) + "]";
    examples::Report report("qzc_figure_1", "QZC Figure 1: minima and non-minima on four Gaussian clusters",
                            "Above: four configurations (circles) with their Voronoi cells on a mixture with sigma = "
                            "0.6, drawn as circles of "
                            "one and two sigma; stars are the true centers. Middle: Lloyd's iteration on the "
                            "population objective from each "
                            "(lines) to where it ends (squares); the halves of a round cluster turn so slowly "
                            "that it is stopped. Below: the same on 2000 points of the mixture.");

    for (const auto& panel : panels(sample))
      draw(picture, panel.name + ": " + panel.what, rings(picture), panel.start, box, markers(picture, panel.start, 7));
    const auto follow = [&](const auto& function, char row, const std::string& where, const std::string& below,
                            const auto& words, const auto& verdict) {
      for (const auto& panel : panels(sample)) {
        const auto fit = kmscape::lloyd(function, panel.start, {.max_iterations = 20'000, .keep_centers = true});
        const double moved = (fit.centers - panel.start).colwise().norm().maxCoeff();
        const std::string steps = (fit.status == kmscape::LloydStatus::iteration_limit ? "stopped after " : "") +
                                  std::to_string(fit.iterations) + (fit.iterations == 1 ? " step" : " steps");
        const std::string name = std::string(1, row) + panel.name.substr(1) + ": " + where;
        draw(picture, name + ", " + steps, below, fit.centers, box,
             trajectories(picture, fit.path) + markers(picture, panel.start, 7) + markers(picture, fit.centers, 5));
        report.row(panel.name + " in the " + where + ", " + panel.what, panel.paper,
                   words(fit.centers) + "; " + verdict(fit.centers),
                   steps + ", largest move " + examples::number(moved / sigma, 2) + " sigma, objective " +
                       examples::number(static_cast<double>(function.value(panel.start))) + " to " +
                       examples::number(fit.value));
      }
    };
    follow(
        population, '2', "population", rings(picture),
        [&](const auto& centers) { return describe(kmscape::associate(centers, model)); },
        [&](const auto& centers) {
          const kmscape::PopulationCertificateOptions fine{.curvature = 1e-12};
          const auto certificate = kmscape::certify(population, centers, fine);
          std::string out = std::string(to_string(certificate.verdict)) + ", least eigenvalue " +
                            examples::number(certificate.smallest_eigenvalue, 3);
          if (certificate.verdict != kmscape::PopulationVerdict::degenerate) return out;
          const auto valley = valley_of(population, centers);
          const auto below = kmscape::certify(population, valley.bottom, fine);
          return out +
                 ": stopped short of the minimum, on the floor of a valley along which the halves turn and G varies "
                 "by " +
                 examples::number(valley.variation, 2) + "; at its bottom, " +
                 examples::number(std::abs(valley.turn), 2) + " degrees on: " + std::string(to_string(below.verdict)) +
                 ", least eigenvalue " + examples::number(below.smallest_eigenvalue, 3);
        });
    follow(
        objective, '3', "sample", dots(picture, sample.points),
        [&](const auto& centers) { return describe(kmscape::associate(objective, centers, sample.labels)); },
        [&](const auto& centers) { return std::string(to_string(kmscape::certify(objective, centers).status)); });
    picture << "unset multiplot";
    picture.draw();
    report.write(folder);
  });
}

// QZC Figure 6 and Lemma 8: a Voronoi cell P that does not hold the middle of a ball has little of the ball, because
// all it has lies between its boundary within the ball and that boundary shifted by r.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <kmscape/geometry/voronoi_cells.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/objective/population_objective.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/report.hpp"

namespace {

constexpr double radius = 1;
const Eigen::Vector2d origin(0, 0);

/// P is the cell of the first.
Eigen::MatrixXd centers() {
  Eigen::MatrixXd result(2, 4);
  result << 0.95, -0.55, 0.35, 1.5,  //
      0.5, -0.35, 1.85, -1.05;
  return result;
}

/// What a segment covers when it is shifted by `by`.
Eigen::MatrixXd band(const Eigen::Matrix2d& segment, const Eigen::Vector2d& by) {
  Eigen::MatrixXd corners(2, 4);
  corners << segment, segment.col(1) + by, segment.col(0) + by;
  return corners;
}

/// The pieces of P's boundary that lie in the ball, as chords cut to the facets.
std::vector<Eigen::Matrix2d> facets_in_ball(const kmscape::ConvexPolygon& polygon) {
  std::vector<Eigen::Matrix2d> result;
  for (const auto& edge : polygon.edges()) {
    const double half = std::sqrt(std::max(0.0, radius * radius - edge.offset * edge.offset));
    const double from = std::max(edge.from, -half), to = std::min(edge.to, half);
    if (!(from < to)) continue;
    result.emplace_back();
    result.back() << edge.at(from), edge.at(to);
  }
  return result;
}

/// Of a grid's points in P and the ball, how many lie on no path of length r along v from P's boundary in the ball.
std::pair<int, int> uncovered(const kmscape::ConvexPolygon& polygon, const Eigen::Vector2d& v) {
  std::vector<Eigen::Matrix2d> bands;  // coordinates of a point along the facet and along v
  std::vector<Eigen::Vector2d> starts;
  for (const auto& facet : facets_in_ball(polygon)) {
    Eigen::Matrix2d axes;
    axes << facet.col(1) - facet.col(0), radius * v;
    bands.push_back(axes.inverse());
    starts.push_back(facet.col(0));
  }
  int all = 0, missed = 0;
  constexpr int steps = 1000;
  for (int x = 0; x < steps; ++x)
    for (int y = 0; y < steps; ++y) {
      const Eigen::Vector2d point = radius * Eigen::Vector2d(2.0 * x + 1 - steps, 2.0 * y + 1 - steps) / steps;
      if (point.norm() > radius || !polygon.contains(point)) continue;
      ++all;
      bool covered = false;
      for (std::size_t b = 0; b < bands.size() && !covered; ++b) {
        const Eigen::Vector2d at = bands[b] * (point - starts[b]);
        covered = at.minCoeff() >= -1e-12 && at.maxCoeff() <= 1 + 1e-12;
      }
      missed += !covered;
    }
  return {missed, all};
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "qzc_figure_6 [--out DIR]",
                                        {{"out", "DIR", "folder for the picture and its page"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));

    const Eigen::MatrixXd before = centers();
    // The separating direction: from the ball's middle to the nearest point of P.
    const auto nearest = kmscape::nearest_in_cell(kmscape::polyhedral_cell(before, 0), origin);
    const Eigen::Vector2d v = nearest.point.normalized(), shift = radius * v;
    const auto cell = examples::cell_sides(before, 0), ball = examples::disk_sides(origin, radius);
    const Eigen::MatrixXd after = before.colwise() + shift;
    const kmscape::ConvexPolygon polygon(cell);

    examples::Sheet sheet(folder / "qzc_figure_6.png", 760, 640);
    auto drawing = sheet.drawing({10, 10, 740, 620}, {{-1.3, -1.25}, {2.3, 1.85}}, "");
    const auto box = drawing.box();
    drawing.disk(origin, radius).area(examples::common_area(cell, examples::box_sides(box)), examples::colour(0), 0.1);
    for (const auto& facet : facets_in_ball(polygon)) drawing.area(band(facet, shift), examples::colour(1), 0.2);
    drawing.area(examples::common_area(cell, ball), "#9DBBDD").circle(origin, radius);
    for (const auto& facet : examples::boundary_in(examples::cell_sides(after, 0), box))
      drawing.line(facet.ends, {examples::after_colour, 2, 2});
    for (const auto& facet : examples::boundary_in(cell, box))
      drawing.line(facet.ends, {examples::before_colour, 1.6, 1});
    for (const auto& facet : facets_in_ball(polygon))
      drawing.line(facet, {examples::before_colour, 4.5, 1}).arrow(facet.col(0), facet.col(0) + shift);
    drawing.arrow(origin, shift, {examples::ink, 1.6, 1})
        .label("rv", 0.75 * shift, examples::ink, "right", {-0.2, 0.9})
        .label("0", origin, examples::ink, "right", {-0.9, 0})
        .label("B", {-0.55, 0.62}, "#6B7280")
        .label("P ∩ B", {0.62, -0.12}, "#1F3B66")
        .label("P", {box.high.x() - 0.25, 0.75}, examples::before_colour)
        .label("P + rv", {box.high.x() - 0.35, 1.45}, examples::after_colour)
        .dots(origin, examples::ink);
    drawing.finish();
    sheet.draw();

    const kmscape::PopulationObjective objective(kmscape::StochasticBallModel<double>(origin, radius));
    const double mass = objective.cells(before).mass(0), moved_mass = objective.cells(after).mass(0);
    double sum = 0, largest = 0;
    for (const auto& face : objective.faces(before)) {
      if (face.i != 0) continue;
      sum += face.density(0);
      largest = std::max(largest, face.density(0));
    }
    const auto facets = static_cast<double>(polygon.edges().size());
    const auto [missed, points] = uncovered(polygon, v);
    examples::Report report(
        "qzc_figure_6", "QZC Figure 6: shifting a cell out of a ball",
        "Lemma 8: P (blue) does not hold the ball's middle. Shifted by r along the direction v to its nearest point it "
        "leaves the ball, and what it had of the ball (darker) lies in the bands (yellow) that its boundary in the "
        "ball (thick) sweeps on the way. P is the Voronoi cell of one of four centers.");
    report.row("mass of P + rv in the ball", "0", examples::number(moved_mass, 2))
        .row("P and the ball, covered by the bands", "all of it",
             std::to_string(points - missed) + " of " + std::to_string(points) + " grid points")
        .row("mass of P in the ball, mu(P)", "at most r times the sum of rho over the facets", examples::number(mass),
             "r sum rho = " + examples::number(radius * sum))
        .row("the bound of Lemma 8", "mu(P) <= k lambda r, with lambda = max rho and k facets",
             examples::number(mass) + " <= " + examples::number(facets * largest * radius),
             "with " + examples::number(facets) + " facets; " + examples::number(facets * largest * radius / mass, 3) +
                 " times the mass");
    report.write(folder);
  });
}

// QZC Figure 2 and Proposition 2 in the population: the spurious minimum of three intervals on the line, the objective
// around it, and what becomes of it at r = 0.4, where the boundary of cells 2 and 3 reaches the middle interval.
#include <algorithm>
#include <cmath>
#include <string>

#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/objective/directional_objective.hpp>
#include <kmscape/objective/population_objective.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/report.hpp"

namespace {

using Model = kmscape::StochasticBallModel<double, 1>;
using Objective = kmscape::PopulationObjective<Model>;

constexpr double shown_radius = 0.3;

Objective objective(double radius) { return Objective(Model(kmscape::centers_on_line(3, 2.0), radius)); }
Eigen::RowVector3d spurious(double radius) { return {-2 - radius / 2, -2 + radius / 2, 1}; }
const Eigen::RowVector3d truth(-2, 0, 2);

Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(double radius) {
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(objective(radius).hessian(spurious(radius)));
}

/// Where Lloyd's iteration ends when the third center starts a little to the right of the spurious point.
kmscape::LloydResult<double, 1> end_near(double radius) {
  Eigen::RowVector3d start = spurious(radius);
  start(2) += 1e-6;
  return kmscape::lloyd(objective(radius), start);
}

void draw_density(examples::Sheet& sheet, const examples::Frame& frame) {
  const auto model = objective(shown_radius).model();
  const Eigen::RowVector3d centers = spurious(shown_radius);
  auto chart = sheet.chart(frame, "The spurious minimum for r = 0.3: density, cells and centers", "", "");
  chart.set("xrange [-2.7:2.7]")
      .set("yrange [-0.22:0.95]")
      .set("border 0")
      .set("xtics 1 scale 0")
      .set("ytics scale 0 format ''");
  chart.set("ytics ()");
  for (Eigen::Index j = 0; j < 3; ++j) {
    const double left = j == 0 ? -2.7 : (centers(j - 1) + centers(j)) / 2;
    const double right = j == 2 ? 2.7 : (centers(j) + centers(j + 1)) / 2;
    Eigen::MatrixXd cell(2, 4);
    cell << left, right, right, left, -0.22, -0.22, 0.95, 0.95;
    chart.area(cell, examples::colour(j), 0.12);
    if (j > 0) {
      Eigen::Matrix2d boundary;
      boundary << left, left, -0.22, 0.95;
      chart.line(boundary, {examples::before_colour, 1.3, 2});
    }
  }
  Eigen::MatrixXd axis(2, 2);
  axis << -2.7, 2.7, 0, 0;
  for (const double center : truth) {
    Eigen::MatrixXd interval(2, 4);
    const double height = model.density(Eigen::Matrix<double, 1, 1>::Constant(center));
    interval << center - shown_radius, center + shown_radius, center + shown_radius, center - shown_radius, 0, 0,
        height, height;
    chart.area(interval, "#AEB4BC", 0.85);
  }
  Eigen::MatrixXd fitted(2, 3), stars(2, 3);
  fitted << centers, Eigen::RowVector3d::Zero();
  stars << truth, Eigen::RowVector3d::Constant(0.27);
  chart.line(axis, {examples::faint, 1, 1})
      .stars(stars, examples::ink)
      .label("β_1", {centers(0), 0}, examples::after_colour, "right", {0.2, -1.1})
      .label("β_2", {centers(1), 0}, examples::after_colour, "left", {-0.2, -1.1})
      .label("β_3 = 1", {1, 0}, examples::after_colour, "center", {0, -1.1})
      .label("∂_{12} = −2", {-2, 0.84}, examples::before_colour, "left", {0.7, 0}, 10)
      .label("∂_{23} = −1/2 + r/4", {-0.425, 0.84}, examples::before_colour, "right", {-0.7, 0}, 10)
      .label("1/(6r)", {2.3, 0.5556}, "#6B7280", "left", {0.6, -0.2}, 10)
      .dots(fitted, examples::after_colour, 1.5);
  chart.finish();
}

void draw_worst_direction(examples::Sheet& sheet, const examples::Frame& frame) {
  Eigen::RowVector3d v = eigen(shown_radius).eigenvectors().col(0).transpose();
  if (v.sum() < 0) v = -v;
  const auto h = kmscape::directional(objective(shown_radius), spurious(shown_radius), v);
  const Eigen::RowVectorXd t = examples::steps(-0.9, 0.9, 240);
  Eigen::MatrixXd curve(2, t.size()), upper(2, t.size()), parabola(2, t.size());
  for (Eigen::Index i = 0; i < t.size(); ++i) {
    curve.col(i) << t(i), h.value(t(i));
    upper.col(i) << t(i), h.unreassigned(t(i));
    parabola.col(i) << t(i), h.value(0) + h.second_derivative(0) / 2 * t(i) * t(i);
  }
  auto chart = sheet.chart(frame, "G along the worst direction (1, 1, 0)/√2", "t", "");
  chart.set("xrange [-0.9:0.9]").set("yrange [0.68:0.82]").set("xtics 0.4").set("ytics 0.04");
  chart.add(upper, "with lines lw 1.6 dt 2 lc rgb '" + examples::faint + "'")
      .add(parabola, "with lines lw 1.6 dt 3 lc rgb '" + examples::after_colour + "'")
      .add(curve, "with lines lw 2.6 lc rgb '" + examples::colour(0) + "'")
      .label("U, cells fixed", {-0.72, 0.775}, "#7F7F7F", "left", {0.4, 0.6}, 10)
      .label("t^2/12", {-0.88, 0.712}, examples::after_colour, "left", {0, 0}, 10)
      .label("G", {0.7, 0.711}, examples::colour(0), "center", {0, 0}, 11)
      .dots(Eigen::Vector2d(0, h.value(0)), examples::after_colour);
  chart.finish();
}

/// Returns the height of the barrier above the spurious minimum on the segment.
double draw_segment(examples::Sheet& sheet, const examples::Frame& frame) {
  const auto h = kmscape::directional(objective(shown_radius), spurious(shown_radius), truth - spurious(shown_radius));
  const Eigen::RowVectorXd t = examples::steps(-0.1, 1.1, 480);
  Eigen::MatrixXd curve(2, t.size());
  for (Eigen::Index i = 0; i < t.size(); ++i) curve.col(i) << t(i), h.value(t(i));
  double top = 0, at_top = 0;
  for (Eigen::Index i = 0; i < t.size(); ++i)
    if (t(i) >= 0 && curve(1, i) > top) top = curve(1, i), at_top = t(i);
  Eigen::MatrixXd ends(2, 2);
  ends << 0, 1, h.value(0), h.value(1);
  auto chart = sheet.chart(frame, "G from the minimum to the truth", "share of the way", "");
  chart.set("xrange [-0.1:1.1]").set("yrange [0:0.85]").set("xtics 0.5").set("ytics 0.2");
  chart.add(curve, "with lines lw 2.6 lc rgb '" + examples::colour(0) + "'")
      .label("minimum", {0, h.value(0)}, examples::after_colour, "left", {-1.2, -1.2}, 10)
      .label("barrier", {at_top, top}, "#6B7280", "center", {0, 0.8}, 10)
      .label("truth", {1, h.value(1)}, examples::after_colour, "center", {0, 1}, 10)
      .dots(ends, examples::after_colour);
  chart.finish();
  return top - h.value(0);
}

void draw_radii(examples::Sheet& sheet, const examples::Frame& frame) {
  const Eigen::RowVectorXd radii = examples::steps(0.0025, 0.7975, 159);
  Eigen::MatrixXd least(2, radii.size()), end(2, radii.size()), formula(2, radii.size());
  Eigen::Index before = 0;  // radii below 0.4
  for (Eigen::Index i = 0; i < radii.size(); ++i) {
    least.col(i) << radii(i), eigen(radii(i)).eigenvalues()(0);
    end.col(i) << radii(i), end_near(radii(i)).value;
    formula.col(i) << radii(i), 2.0 / 3 + radii(i) * radii(i) / 4;
    before += radii(i) < 0.4;
  }
  auto chart = sheet.chart(frame, "Against the radius", "r", "");
  chart.set("xrange [0:0.8]").set("yrange [-0.65:0.95]").set("xtics 0.2").set("ytics 0.4");
  chart.set("arrow from graph 0,first 0 to graph 1,first 0 nohead lw 0.8 lc rgb '#999999'")
      .set("arrow from 0.4,graph 0 to 0.4,graph 1 nohead dt 2 lw 1.2 lc rgb '#9A9A9A'")
      .add(formula, "with lines lw 1.3 dt 2 lc rgb '" + examples::faint + "'");
  for (const auto* curve : {&end, &least}) {
    const std::string paint = curve == &end ? examples::colour(0) : examples::after_colour;
    chart.add(curve->leftCols(before), "with lines lw 2.6 lc rgb '" + paint + "'")
        .add(curve->rightCols(curve->cols() - before), "with lines lw 2.6 lc rgb '" + paint + "'");
  }
  chart.label("2/3 + r^2/4", {0.6, 0.757}, "#7F7F7F", "center", {0, 0.9}, 10)
      .label("G where Lloyd ends", {0.02, 0.67}, examples::colour(0), "left", {0, -0.9}, 10)
      .label("least eigenvalue", {0.02, 1.0 / 6}, examples::after_colour, "left", {0, 0.8}, 10)
      .label("r = 0.4", {0.4, -0.55}, "#6B7280", "right", {-0.5, 0}, 10);
  chart.finish();
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "qzc_figure_2 [--out DIR]",
                                        {{"out", "DIR", "folder for the picture and its page"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));

    examples::Sheet sheet(folder / "qzc_figure_2.png", 1100, 640);
    draw_density(sheet, {20, 40, 1060, 205});
    draw_worst_direction(sheet, {60, 320, 290, 260});
    const double barrier = draw_segment(sheet, {425, 320, 290, 260});
    draw_radii(sheet, {790, 320, 290, 260});
    sheet.draw();

    examples::Report report("qzc_figure_2", "QZC Figure 2: a spurious minimum on the line, exactly",
                            "Three intervals of radius r around -2, 0, 2. Above: the minimum of Proposition 2, two "
                            "centers on one interval and "
                            "one over two (dots; stars are the truth). Below: the objective along the direction in "
                            "which it rises least, with "
                            "its bound U and its parabola; on the way to the truth; and, against r, the least "
                            "eigenvalue of the Hessian and "
                            "where Lloyd's iteration ends that starts within 1e-6 of the point.");
    double gradient = 0, value = 0, matrix = 0;
    Eigen::Matrix3d closed;
    closed << 0.25, -1.0 / 12, 0, -1.0 / 12, 0.25, 0, 0, 0, 4.0 / 3;
    for (const double radius : examples::steps(0.001, 0.399, 398)) {
      const auto at = objective(radius);
      gradient = std::max(gradient, at.gradient(spurious(radius)).cwiseAbs().maxCoeff());
      value = std::max(value, std::abs(at.value(spurious(radius)) - (2.0 / 3 + radius * radius / 4)));
      matrix = std::max(matrix, (at.hessian(spurious(radius)) - closed).cwiseAbs().maxCoeff());
    }
    const auto number = [](double x, int digits = 6) { return examples::number(x, digits); };
    const auto spectrum = eigen(shown_radius).eigenvalues();
    report.row("gradient at the point, r from 0.001 to 0.399", "0", "at most " + number(gradient, 2))
        .row("G at the point", "2/3 + r^2/4", "differs by at most " + number(value, 2),
             "from integrating the paper's G")
        .row("Hessian", "[[1.5r, -0.5r, 0], [-0.5r, 1.5r, 0], [0, 0, 8r]]",
             "[[1/4, -1/12, 0], [-1/12, 1/4, 0], [0, 0, 4/3]] within " + number(matrix, 2),
             "the paper leaves out the density 1/(6r): the true Hessian does not depend on r")
        .row("eigenvalues", "positive", number(spectrum(0)) + ", " + number(spectrum(1)) + ", " + number(spectrum(2)),
             "1/6, 1/3, 4/3")
        .row("barrier on the segment to the truth, r = 0.3", "", number(barrier, 4) + " above the minimum");
    for (const double radius : {0.399, 0.4, 0.401, 0.6}) {
      const auto at = objective(radius);
      const auto end = end_near(radius);
      const bool comes_back = (end.centers - spurious(radius)).cwiseAbs().maxCoeff() < 1e-6;
      report.row("r = " + number(radius), radius < 0.4 ? "a local minimum" : "not claimed",
                 std::string(comes_back ? "a minimum: Lloyd's iteration comes back in "
                                        : "none: Lloyd's iteration leaves, and gives every cluster its center, in ") +
                     std::to_string(end.iterations) + (end.iterations == 1 ? " step" : " steps"),
                 "gradient " + number(at.gradient(spurious(radius)).cwiseAbs().maxCoeff(), 2) + ", least eigenvalue " +
                     number(eigen(radius).eigenvalues()(0), 4) +
                     (radius == 0.4 ? ": of the side where the boundary stays left of the interval; on the other side "
                                      "it is negative"
                                    : ""));
    }
    report.row("the condition r < 0.4", "sufficient", "necessary too",
               "at r = 0.4 the boundary -1/2 + r/4 touches the middle interval, whose density 1/(6r) at distance 1.4 "
               "outweighs the masses of both cells");
    report.write(folder);
  });
}

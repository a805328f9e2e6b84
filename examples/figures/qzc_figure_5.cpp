// QZC Figure 5: opposite moves turn the boundary of two cells around their midpoint; the swept set Delta_{i->j}(t), the
// part of it that the proof of Proposition 4 keeps, and the limits that both give for W_{i->j,s}(t)/t^2.
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include <kmscape/landscape/candidate_geometry.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/objective/directional_objective.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/report.hpp"

namespace {

constexpr double half_distance = 1.1, radius = 0.8, angle = 55 * std::numbers::pi / 180, step = 0.42;
const Eigen::Vector2d cluster(0.2, -1.75);
const std::string swept_colour = "#5BAA7F";

/// The local coordinates of the paper: the midpoint is the origin, beta_i lies on the positive x_1 axis.
Eigen::MatrixXd centers() {
  Eigen::MatrixXd result(2, 2);
  result << half_distance, -half_distance, 0, 0;
  return result;
}

/// v_j = (cos theta, -sin theta) = -v_i.
Eigen::MatrixXd direction() {
  Eigen::MatrixXd result(2, 2);
  result << -std::cos(angle), std::cos(angle), std::sin(angle), -std::sin(angle);
  return result;
}

void draw(examples::Sheet& sheet, const examples::Frame& frame, const std::string& title, bool is_kept_part,
          double lever, double psi) {
  const Eigen::MatrixXd before = centers(), after = before + step * direction();
  auto drawing = sheet.drawing(frame, {{-1.75, -2.75}, {1.75, 1.25}}, title);
  const auto box = drawing.box();
  auto region = examples::cell_sides(before, 0);  // V_i before, V_j after
  for (const auto& side : examples::cell_sides(after, 1)) region.push_back(side);
  const double width = lever * std::tan(psi);
  if (is_kept_part) region.push_back({{1, 0}, width});

  drawing.disk(cluster, radius)
      .area(examples::common_area(region, examples::box_sides(box)), swept_colour, 0.35)
      .area(examples::common_area(region, examples::disk_sides(cluster, radius)), swept_colour, 0.6)
      .circle(cluster, radius);
  drawing.arrow({box.low.x(), 0}, {box.high.x(), 0}, {examples::faint, 0.8, 1})
      .arrow({0, box.low.y()}, {0, box.high.y()}, {examples::faint, 0.8, 1})
      .label("x_1", {box.high.x(), 0}, "#6B7280", "right", {0, 0.8}, 10)
      .label("x_2", {0, box.high.y()}, "#6B7280", "left", {0.7, -0.5}, 10);
  for (const auto& face : examples::faces_in(before, box)) drawing.line(face.ends, {examples::before_colour, 2, 1});
  for (const auto& face : examples::faces_in(after, box)) drawing.line(face.ends, {examples::after_colour, 2, 2});
  drawing.arc({0, 0}, 0.75, -std::numbers::pi / 2, -std::numbers::pi / 2 + psi, {examples::ink, 1.2, 1})
      .label("ψ(t)", {0.75 * std::sin(psi / 2), -0.75}, examples::ink, "center", {0.3, -0.8}, 10)
      .label("B_s", cluster + Eigen::Vector2d(-0.78, 0.5), "#6B7280", "right")
      .label("∂_{ij}(β)", {0, box.low.y() + 0.15}, examples::before_colour, "right", {-0.8, 0}, 10);
  const double reach = box.low.y() + 0.15;
  drawing.label("∂_{ij}(β + tv)", {-reach * std::tan(psi), reach}, examples::after_colour, "left", {0.8, 0}, 10);
  if (is_kept_part) {
    Eigen::Matrix2d edge;
    edge << width, width, box.low.y(), 0.1;
    drawing.line(edge, {examples::ink, 1.2, 3})
        .arrow({0, -0.12}, {width, -0.12}, {examples::ink, 1, 1}, "heads")
        .label("D_{ijs} tan ψ(t)", {width, -0.12}, examples::ink, "left", {0.8, 0}, 10)
        .arrow({-0.16, 0}, {-0.16, -lever}, {examples::after_colour, 1.2, 1}, "heads")
        .label("D_{ijs}", {-0.16, -lever / 2}, examples::after_colour, "right", {-0.7, 0}, 10);
    // Where the proof finds the largest x_2 of the kept part in the ball: the arc of its sphere.
    const double from = std::acos((width - cluster.x()) / radius), to = std::acos(-cluster.x() / radius);
    drawing.arc(cluster, radius, from, to, {examples::colour(0), 4.5, 1});
  } else {
    for (Eigen::Index i = 0; i < 2; ++i) drawing.arrow(before.col(i), after.col(i), {examples::before_colour, 1.6, 1});
    drawing.arc(before.col(1), 0.34, -angle, 0, {examples::ink, 1.2, 1})
        .label("θ^{v}_{ij}", before.col(1), examples::ink, "left", {4.7, -0.9}, 10)
        .label("β_i", before.col(0), examples::before_colour, "left", {0.8, -0.7})
        .label("β_j", before.col(1), examples::before_colour, "right", {-0.8, 0.7})
        .label("β_i + tv_i", after.col(0), examples::after_colour, "center", {0, 1})
        .label("β_j + tv_j", after.col(1), examples::after_colour, "center", {0, -1.1})
        .dots(before, examples::before_colour)
        .stars(after, examples::after_colour);
  }
  drawing.dots(Eigen::Vector2d(0, 0), "#2E7D5B");
  drawing.finish();
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "qzc_figure_5 [--out DIR]",
                                        {{"out", "DIR", "folder for the picture and its page"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));

    Eigen::MatrixXd truth(2, 2);
    truth << cluster.x(), 9, cluster.y(), 0;
    const kmscape::StochasticBallModel<double> model(truth, radius);
    const auto geometry = kmscape::candidate_geometry(model, centers());
    const auto& face = geometry.faces.front();
    const double lever = face.ball_distance(0);
    const Eigen::MatrixXd after = centers() + step * direction();
    const Eigen::Vector2d normal = (after.col(0) - after.col(1)).normalized();
    const double psi = std::atan2(normal.y(), normal.x());

    examples::Sheet sheet(folder / "qzc_figure_5.png", 960, 560);
    draw(sheet, {10, 35, 465, 515}, "Δ_{i→j}(t): what goes over to center j", false, lever, psi);
    draw(sheet, {485, 35, 465, 515}, "the part within x_1 ≤ D_{ijs} tan ψ(t)", true, lever, psi);
    sheet.draw();

    const kmscape::PopulationObjective objective(model);
    const auto h = kmscape::directional(objective, centers(), direction());
    const double theta = kmscape::perturbation_angle(centers(), direction(), 0, 1),
                 square = std::pow(std::sin(theta), 2);
    const auto moments = objective.face(centers(), 0, 1);
    const double exact = -2 * square / half_distance * moments.second[0](1, 1);
    const double bound = -2 * square * lever * lever / half_distance * face.density(0);
    examples::Report report("qzc_figure_5", "QZC Figure 5: a boundary that turns",
                            "In the local coordinates of section 6.3 the centers move by t = 0.42 in opposite "
                            "directions, and their boundary "
                            "turns by psi(t) around the midpoint. Left, green: the points that go over to center j, "
                            "darker within the ball. "
                            "Right: the part that the proof keeps, a strip cut off at x_1 = D tan psi; on the blue arc "
                            "lies its largest x_2, which tends to -D.");
    report.row("tan psi(t), equation (26)",
               "t sin(theta)/(d - t cos(theta)) = " +
                   examples::number(step * std::sin(theta) / (half_distance - step * std::cos(theta)), 10),
               examples::number(std::tan(psi), 10));
    report.row("limit of W_{i->j,s}(t)/t^2", "at most " + examples::number(bound) + " (Proposition 4)",
               examples::number(exact),
               "-(2/d) sin^2(theta) times the integral of x_2^2 over the face: the bound has D^2 in place of x_2^2, "
               "and so misses " +
                   examples::number(100 * (1 - bound / exact), 2) + "% here");
    for (const double t : {step, 0.1, 0.01, 0.001}) {
      const auto swept = h.swept(t);
      report.row("W_{i->j,s}(t)/t^2 at t = " + examples::number(t), "",
                 examples::number(swept.component_gain[0](0, 1) / (t * t)),
                 t == step ? "of the picture; " + examples::number(100 * swept.component_mass[0](0, 1), 3) +
                                 "% of the cluster change cells"
                           : "");
    }
    report.write(folder);
  });
}

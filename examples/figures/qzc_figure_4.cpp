// QZC Figure 4: the four quantities d_ij, theta^v_ij, D_ijs and rho_s of a face against a true cluster, as
// `candidate_geometry` measures them, beside what the drawing's own numbers give by hand.
#include <cmath>
#include <numbers>
#include <string>

#include <kmscape/landscape/candidate_geometry.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/report.hpp"

namespace {

constexpr double half_distance = 1.15, radius = 0.85, angle = 38 * std::numbers::pi / 180, step = 0.95;
const Eigen::Vector2d cluster(0.3, -1.75);

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "qzc_figure_4 [--out DIR]",
                                        {{"out", "DIR", "folder for the picture and its page"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));

    // Column 0 is beta_i, column 1 beta_j. The model's second ball lies beyond the picture: two clusters are the
    // fewest.
    Eigen::MatrixXd centers(2, 2), truth(2, 2), direction = Eigen::MatrixXd::Zero(2, 2);
    centers << half_distance, -half_distance, 0, 0;
    truth << cluster.x(), 9, cluster.y(), 0;
    direction.col(1) << std::cos(angle), std::sin(angle);
    const kmscape::StochasticBallModel<double> model(truth, radius);
    const auto geometry = kmscape::candidate_geometry(model, centers);
    const auto& face = geometry.faces.front();
    const double theta = kmscape::perturbation_angle(centers, direction, 0, 1);
    const Eigen::Vector2d beta_i = centers.col(0), beta_j = centers.col(1), middle = face.midpoint;
    const Eigen::Vector2d foot = face.ball_foot.col(0), moved = beta_j + step * direction.col(1);

    examples::Sheet sheet(folder / "qzc_figure_4.png", 760, 620);
    auto drawing = sheet.drawing({20, 20, 720, 580}, {{-2, -2.75}, {2, 0.95}}, "");
    const auto box = drawing.box();
    const auto in_ball = examples::disk_sides(cluster, radius);
    drawing.disk(cluster, radius).circle(cluster, radius);
    for (const auto& boundary : examples::faces_in(centers, box))
      drawing.line(boundary.ends, {examples::before_colour, 1.6, 1});
    // The part of the boundary in the ball, thick; its upper end is the foot of D_ijs.
    const double half_chord = std::abs(foot.y() - cluster.y());
    Eigen::Matrix2d chord, lever, base, pointer;
    chord << foot, foot - Eigen::Vector2d(0, 2 * half_chord);
    lever << middle, foot;
    base << beta_j, beta_i;
    pointer << -0.75, -0.06, cluster.y() - 0.1, cluster.y() - 0.1;
    drawing.line(base, {examples::faint, 1, 2})
        .line(chord, {examples::colour(0), 5, 1})
        .line(lever, {examples::after_colour, 5, 1})
        .arc(beta_j, 0.42, 0, theta, {examples::ink, 1.2, 1})
        .arrow(beta_j, moved, {examples::ink, 1.6, 1})
        .arrow({beta_j.x(), -0.28}, {middle.x(), -0.28}, {examples::ink, 1.1, 1}, "heads")
        .label("d_{ij}", {-half_distance / 2, -0.42})
        .label("θ^{v}_{ij}", beta_j + 0.62 * Eigen::Vector2d(std::cos(theta / 2), std::sin(theta / 2)))
        .label("D_{ijs}", (middle + foot) / 2, examples::after_colour, "left", {1, 0})
        .line(pointer, {examples::colour(0), 1, 1})
        .label("∂_{ij} ∩ B_s, of length", pointer.col(0), examples::colour(0), "right", {-0.5, 0.5})
        .label("ρ_s(∂_{ij}) Vol(B_s)", pointer.col(0), examples::colour(0), "right", {-0.5, -0.7})
        .label("B_s", cluster + Eigen::Vector2d(0.58, 0.78), "#6B7280", "left")
        .label("β@^*_s", cluster, examples::ink, "left", {0.8, -0.6})
        .label("∂_{ij}", {0, box.high.y() - 0.12}, examples::before_colour, "left", {1, 0})
        .label("V_j", {box.low.x() + 0.25, box.high.y() - 0.12}, "#6B7280")
        .label("V_i", {box.high.x() - 0.25, box.high.y() - 0.12}, "#6B7280")
        .label("β_i", beta_i, examples::before_colour, "left", {1, 0})
        .label("β_j", beta_j, examples::before_colour, "right", {-1, 0})
        .label("β_j + tv_j", moved, examples::after_colour, "right", {-1, 0.4})
        .label("(β_i + β_j)/2", middle, "#2E7D5B", "left", {1, 0.9})
        .dots(centers, examples::before_colour, 1.5)
        .dots(middle, "#2E7D5B", 1.5)
        .stars(cluster, examples::ink)
        .stars(moved, examples::after_colour, 1.6);
    drawing.finish();
    sheet.draw();

    const double chord_length = 2 * std::sqrt(radius * radius - cluster.x() * cluster.x());
    const double by_hand_lever = -cluster.y() - chord_length / 2;
    const double by_hand_density = chord_length / (std::numbers::pi * radius * radius);
    examples::Report report(
        "qzc_figure_4", "QZC Figure 4: a face and a true cluster",
        "What the proof of Theorem 3 measures on the boundary of two cells: the distance of the centers from it, the "
        "angle of the move, the distance of the midpoint from the part of the boundary that lies in the ball (red), "
        "and that part's size (blue) over the ball's. Everything is drawn from the measured values.");
    const auto number = [](double value) { return examples::number(value, 10); };
    report.row("d_ij", "half the distance of the centers: " + number(half_distance), number(face.half_distance))
        .row("theta^v_ij", "angle of v_j and beta_i - beta_j: 38 degrees",
             number(theta * 180 / std::numbers::pi) + " degrees")
        .row("D_ijs", "|b_2| - (r^2 - b_1^2)^(1/2) = " + number(by_hand_lever), number(face.ball_distance(0)),
             "by a quadratic program over the face and the ball")
        .row("rho_s", "2 (r^2 - b_1^2)^(1/2)/(pi r^2) = " + number(by_hand_density), number(face.density(0)))
        .row("necessary for a minimum, (18)", "d_ij rho_s <= k/2 = 1", number(face.half_distance * face.density(0)))
        .row("necessary for a minimum, (19)", "D_ijs^2 rho_s/d_ij <= k/2 = 1",
             number(face.ball_distance(0) * face.ball_distance(0) * face.density(0) / face.half_distance))
        .row("a cluster that the face misses", "D_ijs = 1 by convention", number(face.ball_distance(1)),
             "the model's second ball, right of the picture");
    report.write(folder);
  });
}

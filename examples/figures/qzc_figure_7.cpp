// QZC Figure 7, Example 2: one center over two disks need not lie at the mean of their centers. The exact minimum for
// radii beyond 1/4, followed until it merges with the symmetric one.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/objective/population_objective.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/report.hpp"
#include "common/stationary_pairs.hpp"

namespace {

constexpr double touching = 0.25;

/// Where the symmetric point turns from a saddle into a minimum, by hand.
const double critical_radius = 8.0 / 3 / (3 * std::numbers::pi - 16 / (9 * std::numbers::pi));

using Model = kmscape::StochasticBallModel<double, 2>;

/// The least eigenvalue in the two effective centers; the third has an empty cell.
double effective_eigenvalue(const kmscape::PopulationObjective<Model>& objective, const Eigen::MatrixXd& centers) {
  return examples::least_eigenvalue(objective, centers.leftCols(2));
}

/// The radius at which the symmetric point's least eigenvalue changes its sign.
double measured_critical_radius() {
  double low = 0.27, high = 0.35;
  for (int halving = 0; halving < 45; ++halving) {
    const double radius = (low + high) / 2;
    const kmscape::PopulationObjective objective(examples::example_2_model(radius));
    const bool is_saddle = examples::least_eigenvalue(objective, examples::means_beside(objective, 0)) < 0;
    (is_saddle ? low : high) = radius;
  }
  return (low + high) / 2;
}

/// Disks, truth and cells of two centers; `after`, if it has columns, is a second configuration, drawn dashed.
void draw(examples::Sheet& sheet, const examples::Frame& frame, const std::string& title, double radius,
          const Eigen::MatrixXd& centers, const Eigen::MatrixXd& after, const std::string& boundary) {
  auto drawing = sheet.drawing(frame, {{-1.45, -0.62}, {1.45, 0.62}}, title);
  const auto box = drawing.box();
  const auto m = examples::example_2_model(radius);
  for (Eigen::Index s = 0; s < 3; ++s) drawing.disk(m.centers().col(s), radius);
  const bool moves = after.cols() > 0;
  if (moves)
    drawing.area(examples::common_area(examples::cell_sides(centers, 1), examples::cell_sides(after, 0),
                                       examples::disk_sides(m.centers().col(1), radius)),
                 examples::colour(2), 0.65);
  else
    for (Eigen::Index i = 0; i < 2; ++i)
      for (Eigen::Index s = 0; s < 3; ++s)
        drawing.area(
            examples::common_area(examples::cell_sides(centers, i), examples::disk_sides(m.centers().col(s), radius)),
            examples::colour(i), 0.3);
  for (Eigen::Index s = 0; s < 3; ++s) drawing.circle(m.centers().col(s), radius);
  for (const auto& face : examples::faces_in(centers, box))
    drawing.line(face.ends, {moves ? examples::before_colour : "#2E7D5B", 2, 1})
        .label(boundary, {face.ends.row(0).mean(), box.low.y() + 0.06}, moves ? examples::before_colour : "#2E7D5B",
               "right", {-0.7, 0}, 10);
  for (const auto& face : examples::faces_in(after, box)) {
    const Eigen::Vector2d top = face.ends(1, 0) > face.ends(1, 1) ? face.ends.col(0) : face.ends.col(1);
    drawing.line(face.ends, {examples::after_colour, 2, 2})
        .label("∂_{12}(β')", top, examples::after_colour, "left", {0.8, -0.6}, 10);
  }
  for (Eigen::Index s = 0; s < 3; ++s) {
    const std::string name = "β@^*_" + std::to_string(s + 1);
    drawing.label(name, m.centers().col(s), "#6B7280", "center", {0, -1.1}, 10);
  }
  drawing.stars(m.centers(), "#6B7280", 1.1);
  for (Eigen::Index i = 0; i < 2; ++i) {
    const std::string name = "β_" + std::to_string(i + 1);
    drawing.label(name, centers.col(i), examples::before_colour, "center", {0, 1});
    if (!moves) continue;
    drawing.arrow(centers.col(i), after.col(i), {examples::ink, 1.2, 1})
        .label(name + "'", after.col(i), examples::after_colour, "left", {0.7, after(1, i) > 0 ? 0.3 : -0.4});
  }
  drawing.dots(centers.leftCols(2), examples::before_colour);
  if (moves) drawing.stars(after.leftCols(2), examples::after_colour);
  drawing.finish();
}

/// Boundaries of all stationary pairs against the radius, minima and saddles apart: rows r, b.
struct Branches {
  std::vector<Eigen::Vector2d> asymmetric, symmetric_saddle, symmetric_minimum;
};
Branches branches() {
  Branches result;
  std::vector<double> radii;
  for (double radius = 0.2; radius < 0.3601; radius += 0.0005) radii.push_back(radius);
  // The boundary goes like the root of what is missing to the critical radius: steps of the root leave no gaps.
  for (double root = 0.01; root < 0.2; root += 0.01) radii.push_back(critical_radius - 0.2 * root * root);
  std::sort(radii.begin(), radii.end());
  for (const double radius : radii) {
    const kmscape::PopulationObjective objective(examples::example_2_model(radius));
    for (const auto& pair : examples::stationary_pairs(objective, 0.37, 61)) {
      auto& branch = std::abs(pair.boundary) > 1e-9 ? result.asymmetric
                     : pair.least_eigenvalue > 0    ? result.symmetric_minimum
                                                    : result.symmetric_saddle;
      if (&branch != &result.asymmetric || pair.least_eigenvalue > 0) branch.emplace_back(radius, pair.boundary);
    }
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "qzc_figure_7 [--out DIR]",
                                        {{"out", "DIR", "folder for the picture and its page"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));

    examples::Report report("qzc_figure_7", "QZC Figure 7, Example 2: a center over two disks, but not at their mean",
                            "Three disks, a third center far away. Above: at r = 1/4 the boundary touches the middle "
                            "disk and the candidate is "
                            "a minimum (left); a perturbed solution (right). Below: for larger r the exact minimum "
                            "gives a part of the middle "
                            "disk to center 1, and both centers leave the means that Theorem 1 names (left). The "
                            "minimum and its mirror image "
                            "(blue) move until they merge with the symmetric solution, which is a saddle before "
                            "(dashed) and a minimum after.");
    const kmscape::PopulationObjective at_touch(examples::example_2_model(touching));
    const Eigen::VectorXd eigenvalues =
        Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(at_touch.hessian(examples::example_2_candidate().leftCols(2)))
            .eigenvalues();
    report.row("r = 1/4: the candidate (-1, 0), (1/2, 0)", "a local minimum",
               "gradient " + examples::number(at_touch.gradient(examples::example_2_candidate()).norm(), 2) +
                   ", eigenvalues of the Hessian " + examples::number(eigenvalues(0)) + ", " +
                   examples::number(eigenvalues(1)) + ", " + examples::number(eigenvalues(2)) + ", " +
                   examples::number(eigenvalues(3)),
               "2/3 and 4/3, twice each");

    Eigen::MatrixXd marks(2, 4), shown;
    const std::array<double, 4> radii = {0.26, 0.29, 0.30, 0.31};
    for (std::size_t p = 0; p < radii.size(); ++p) {
      const kmscape::PopulationObjective objective(examples::example_2_model(radii[p]));
      const auto fit = kmscape::lloyd(objective, examples::example_2_candidate(), {.max_iterations = 20'000});
      const Eigen::MatrixXd centers = fit.centers;
      const double boundary = centers.row(0).head(2).mean();
      marks.col(static_cast<Eigen::Index>(p)) << radii[p], boundary;
      if (radii[p] == 0.29) shown = centers;
      report.row("r = " + examples::number(radii[p]) + ": where Lloyd's iteration ends from the candidate",
                 radii[p] > critical_radius ? "" : "close but not equal to (-1, 0) and (1/2, 0)",
                 "(" + examples::number(centers(0, 0)) + ", 0) and (" + examples::number(centers(0, 1)) +
                     ", 0), boundary " + examples::number(boundary, 4) + ", least eigenvalue " +
                     examples::number(effective_eigenvalue(objective, centers), 3),
                 std::to_string(fit.iterations) + " steps, " + std::string(to_string(fit.status)) +
                     (radii[p] > critical_radius ? "; no longer close: both centers share the middle disk" : ""));
    }
    report.row("how far the branch goes", "r slightly above 1/4",
               "the symmetric point becomes a minimum at r = " + examples::number(measured_critical_radius(), 8),
               "(8/3)/(3 pi - 16/(9 pi)) = " + examples::number(critical_radius, 8) + " by hand");

    Eigen::MatrixXd moved = examples::example_2_candidate();
    moved.col(0) += Eigen::Vector2d(0.2, 0.07);
    moved.col(1) += Eigen::Vector2d(0.07, -0.22);
    examples::Sheet sheet(folder / "qzc_figure_7.png", 1000, 700);
    draw(sheet, {10, 35, 485, 260}, "r = 1/4: the candidate, β_1 = −1, β_2 = 1/2", touching,
         examples::example_2_candidate(), {}, "∂_{12}(β)");
    draw(sheet, {505, 35, 485, 260}, "r = 1/4: a perturbed solution", touching, examples::example_2_candidate(), moved,
         "∂_{12}(β)");
    draw(sheet, {10, 355, 485, 290}, "r = 0.29: the exact minimum, β_1 = −0.901, β_2 = 0.557", 0.29, shown, {},
         "∂_{12}");
    const auto all = branches();
    auto chart = sheet.chart({585, 355, 395, 270}, "Boundary of the two cells against r", "r", "x_1 of ∂_{12}");
    chart.set("xrange [0.2:0.36]")
        .set("yrange [-0.4:0.4]")
        .set("xtics 0.04")
        .set("ytics 0.2")
        .set("arrow from " + examples::number(critical_radius) + ",graph 0 to " + examples::number(critical_radius) +
             ",graph 1 nohead dt 3 lc rgb '#9A9A9A' lw 1")
        .set("label \"r_c = 0.3010\" at " + examples::number(critical_radius) +
             ",graph 0.95 left offset character 0.6,0 textcolor rgb '#6B7280' font ',10'")
        .add(examples::in_columns(all.asymmetric), "with points pt 7 ps 0.35 lc rgb '" + examples::colour(0) + "'")
        .add(examples::in_columns(all.symmetric_saddle), "with lines lw 1.6 dt 2 lc rgb '" + examples::colour(4) + "'")
        .add(examples::in_columns(all.symmetric_minimum), "with lines lw 2.4 lc rgb '" + examples::colour(0) + "'")
        .label("minimum", {0.222, -0.25}, examples::colour(0), "left", {0, 0.9}, 10)
        .label("its mirror image", {0.222, 0.25}, examples::colour(0), "left", {0, -0.9}, 10)
        .label("saddle", {0.222, 0}, examples::colour(4), "left", {0, 0.8}, 10)
        .label("minimum", {0.33, 0}, examples::colour(0), "center", {0, 0.9}, 10)
        .dots(marks, examples::after_colour, 1.1);
    chart.finish();
    sheet.draw();
    report.write(folder);
  });
}

// QZC Figure 3: the sets Delta_{i->j}(t) of points that change cells when the centers move along the same or along
// opposite directions, and the decomposition H = U + W of the objective that they enter (equation 10).
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/objective/directional_objective.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/report.hpp"

namespace {

constexpr double sigma = 0.6;

/// Where the name of a narrow swept set stands, with a line to it.
struct Tag {
  Eigen::Index i, j;
  Eigen::Vector2d place;
};

/// The centers move by step * signs(i) * axis. All are multiples of 1/32, so that boundaries that shift are parallel to
/// the last bit.
struct Move {
  std::string side, title;
  Eigen::Vector2d axis;
  Eigen::RowVector3d signs;
  double step;
  std::vector<Tag> tags;

  [[nodiscard]] Eigen::MatrixXd direction() const { return axis * signs; }
};
const std::vector<Move> moves = {
    {"left", "v_1 = v_2 = v_3: all boundaries shift by tv_1", {0.8125, 0.3125}, {1, 1, 1}, 0.5, {{2, 0, {-1.5, -0.9}}}},
    {"right",
     "v_1 = −v_2 = −v_3: two turn, one shifts",
     {0.5, 0.75},
     {1, -1, -1},
     0.375,
     {{1, 0, {-1.3, 1.75}}, {0, 1, {-0.75, 0.02}}, {2, 0, {-0.75, -0.4}}}}};

Eigen::MatrixXd centers() {
  Eigen::MatrixXd result(2, 3);
  result << -1.25, 1.0625, 0.75,  //
      0.15625, 1.0625, -1.15625;
  return result;
}

/// The middle of a polygon's corners.
Eigen::Vector2d middle(const Eigen::MatrixXd& corners) { return corners.rowwise().mean(); }

void draw(examples::Sheet& sheet, const examples::Frame& frame, const Move& move) {
  const Eigen::MatrixXd direction = move.direction(), before = centers(), after = before + move.step * direction;
  auto drawing = sheet.drawing(frame, {{-2.5, -2.2}, {2.5, 2.2}}, move.title);
  const auto box = drawing.box();
  for (Eigen::Index i = 0; i < 3; ++i)
    for (Eigen::Index j = 0; j < 3; ++j) {
      if (i == j) continue;
      const auto swept = examples::common_area(examples::cell_sides(before, i), examples::cell_sides(after, j),
                                               examples::box_sides(box));
      drawing.area(swept, examples::colour(j), 0.35);
      if (swept.cols() == 0) continue;
      const std::string name = "Δ_{" + std::to_string(i + 1) + "→" + std::to_string(j + 1) + "}";
      const auto tag =
          std::find_if(move.tags.begin(), move.tags.end(), [&](const Tag& one) { return one.i == i && one.j == j; });
      if (tag == move.tags.end()) {
        drawing.label(name, middle(swept), examples::ink, "center", {0, 0}, 10);
      } else {
        drawing.label(name, tag->place, examples::ink, "right", {-0.4, 0}, 10)
            .arrow(tag->place, middle(swept), {examples::ink, 0.8, 1}, "nohead");
      }
    }
  for (const auto& face : examples::faces_in(before, box)) drawing.line(face.ends, {examples::before_colour, 2, 1});
  for (const auto& face : examples::faces_in(after, box)) drawing.line(face.ends, {examples::after_colour, 2, 2});
  for (Eigen::Index i = 0; i < 3; ++i) {
    const std::string name = "β_" + std::to_string(i + 1);
    drawing.arrow(before.col(i), after.col(i), {examples::ink, 1.2, 1});
    const bool moves_right = direction(0, i) > 0;
    drawing.label(name, before.col(i), examples::before_colour, moves_right ? "right" : "left",
                  {moves_right ? -1.0 : 1.0, 0.0});
    drawing.label(name + " + tv_" + std::to_string(i + 1), after.col(i), examples::after_colour,
                  moves_right ? "left" : "right", {moves_right ? 0.8 : -0.8, 0.5});
  }
  drawing.dots(before, examples::before_colour).stars(after, examples::after_colour);
  drawing.finish();
}

/// The angle in degrees between the bisectors of centers i and j before and after, and how far the old midpoint lies
/// from the new one.
struct Motion {
  double angle, midpoint_distance, shift;
};
Motion motion(const Eigen::MatrixXd& before, const Eigen::MatrixXd& after, Eigen::Index i, Eigen::Index j) {
  const Eigen::Vector2d old_normal = (before.col(j) - before.col(i)).normalized();
  const Eigen::Vector2d new_normal = (after.col(j) - after.col(i)).normalized();
  const Eigen::Vector2d old_middle = (before.col(i) + before.col(j)) / 2;
  const Eigen::Vector2d new_middle = (after.col(i) + after.col(j)) / 2;
  const double cross = old_normal.x() * new_normal.y() - old_normal.y() * new_normal.x();
  return {std::atan2(std::abs(cross), old_normal.dot(new_normal)) * 180 / std::numbers::pi,
          std::abs(new_normal.dot(new_middle - old_middle)), old_normal.dot(new_middle - old_middle)};
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "qzc_figure_3 [--out DIR]",
                                        {{"out", "DIR", "folder for the picture and its page"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const Eigen::MatrixXd before = centers();

    examples::Sheet sheet(folder / "qzc_figure_3.png", 1000, 470);
    draw(sheet, {10, 40, 485, 425}, moves[0]);
    draw(sheet, {505, 40, 485, 425}, moves[1]);
    sheet.draw();

    examples::Report report(
        "qzc_figure_3", "QZC Figure 3: the points that change cells",
        "Three centers (dots) move by tv to the stars. Solid lines are the Voronoi boundaries before, dashed lines "
        "those after; each coloured area is the set of points that go from center i to center j. The masses in the "
        "table are those of three Gaussian clusters with sigma = 0.6 around the centers.");
    const Eigen::MatrixXd same = before + moves[0].step * moves[0].direction();
    const Eigen::MatrixXd opposite = before + moves[1].step * moves[1].direction();
    double turned = 0, off = 0;
    for (const auto& [i, j] : {std::pair<Eigen::Index, Eigen::Index>{0, 1}, {0, 2}, {1, 2}}) {
      const auto moved = motion(before, same, i, j);
      const Eigen::Vector2d normal = (before.col(j) - before.col(i)).normalized();
      turned = std::max(turned, moved.angle);
      off = std::max(off, std::abs(moved.shift - moves[0].step * normal.dot(moves[0].axis)));
    }
    report.row(
        "left: boundaries against the old ones moved by tv_1", "parallel, shifted by tv_1",
        "turned by at most " + examples::number(turned, 2) + " degrees, off by at most " + examples::number(off, 2));
    for (const Eigen::Index j : {1, 2}) {
      const auto moved = motion(before, opposite, 0, j);
      report.row("right: boundary of cells 1 and " + std::to_string(j + 1), "turns around the midpoint",
                 "turned by " + examples::number(moved.angle, 4) + " degrees, passes the midpoint at " +
                     examples::number(moved.midpoint_distance, 2));
    }
    const auto parallel = motion(before, opposite, 1, 2);
    report.row("right: boundary of cells 2 and 3", "shifts parallelly in the direction of v_2",
               "turned by " + examples::number(parallel.angle, 2) + " degrees, shifted by " +
                   examples::number(std::abs(parallel.shift), 4));

    const kmscape::PopulationObjective objective(kmscape::GaussianMixtureModel<double>(before, sigma));
    for (const auto& move : moves) {
      const double t = move.step;
      const auto h = kmscape::directional(objective, before, move.direction());
      const auto swept = h.swept(t);
      report.row(move.side + ": equation (10), H = U + W", "an identity",
                 "H - U - W = " + examples::number(h.value(t) - h.unreassigned(t) - swept.reassignment(), 2),
                 "H = " + examples::number(h.value(t)) + ", U = " + examples::number(h.unreassigned(t)) +
                     ", W = " + examples::number(swept.reassignment()) + "; " +
                     examples::number(100 * (1 - swept.mass.matrix().diagonal().sum()), 3) +
                     "% of the mass change cells");
      std::string masses;
      for (Eigen::Index i = 0; i < 3; ++i)
        for (Eigen::Index j = 0; j < 3; ++j)
          if (i != j && swept.mass(i, j) > 0)
            masses += (masses.empty() ? "" : ", ") + std::to_string(i + 1) + " to " + std::to_string(j + 1) + ": " +
                      examples::number(100 * swept.mass(i, j), 3) + "%";
      report.row(move.side + ": masses of the swept sets", "", masses);
      report.row(move.side + ": Remark 1", "no swept set contributes more than 0",
                 "contributions from " + examples::number(swept.gain.minCoeff(), 4) + " to " +
                     examples::number(swept.gain.maxCoeff(), 2));
      report.row(move.side + ": equation (11), only adjacent cells", "an upper bound of H",
                 "exceeds H by " + examples::number(h.upper_bound(t) - h.value(t), 2),
                 "all three cells are adjacent: nothing is left out");
    }
    report.write(folder);
  });
}

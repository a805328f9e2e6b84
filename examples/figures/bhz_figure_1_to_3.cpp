// BHZ Figures 1 to 3: a power diagram from balls, a separating power diagram, and one that two clusterings share, all
// of them computed from clusterings of uniform items.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/report.hpp"
#include "common/transition_instances.hpp"
#include "common/transition_picture.hpp"

namespace {

using kmscape::Index;

/// Squared radii of balls around the sites with the same diagram, the smallest ball with the radius given:
/// |x - s_i|^2 - r_i^2 and 2 gamma_i - 2 s_i . x differ by the same for all i.
Eigen::VectorXd squared_radii(const kmscape::PowerDiagram& diagram, double smallest) {
  Eigen::VectorXd result = diagram.sites.colwise().squaredNorm().transpose() - 2 * diagram.gamma;
  result.array() += smallest * smallest - result.minCoeff();
  return result;
}

/// Where two circles meet; empty where they do not.
Eigen::MatrixXd common_points(const Eigen::Vector2d& a, double a_squared, const Eigen::Vector2d& b, double b_squared) {
  const Eigen::Vector2d way = b - a;
  const double distance = way.norm(), along = (distance * distance + a_squared - b_squared) / (2 * distance);
  const double across = a_squared - along * along;
  if (!(across > 0)) return Eigen::MatrixXd(2, 0);
  const Eigen::Vector2d unit = way / distance, normal(-unit.y(), unit.x());
  Eigen::MatrixXd result(2, 2);
  result << a + along * unit + std::sqrt(across) * normal, a + along * unit - std::sqrt(across) * normal;
  return result;
}

/// How far x is from the hyperplane between cells i and l.
double distance_from_boundary(const kmscape::PowerDiagram& diagram, Index i, Index l, const Eigen::Vector2d& x) {
  const Eigen::Vector2d gap = diagram.sites.col(l) - diagram.sites.col(i);
  return std::abs(gap.dot(x) - (diagram.gamma(l) - diagram.gamma(i))) / gap.norm();
}

/// The largest such distance of the points where two balls meet, over all pairs, with radii r_i -> sqrt(r_i^2 + more)
/// or factor * r_i.
double largest_distance(const kmscape::PowerDiagram& diagram, const Eigen::VectorXd& squared, double more,
                        double factor) {
  double largest = 0;
  for (Index i = 0; i < squared.size(); ++i)
    for (Index l = 0; l < i; ++l) {
      const auto points = common_points(diagram.sites.col(i), factor * factor * squared(i) + more, diagram.sites.col(l),
                                        factor * factor * squared(l) + more);
      for (Index p = 0; p < points.cols(); ++p)
        largest = std::max(largest, distance_from_boundary(diagram, i, l, points.col(p)));
    }
  return largest;
}

void draw_balls(examples::Drawing drawing, const kmscape::PowerDiagram& diagram, const Eigen::VectorXd& squared,
                double more) {
  const Index k = diagram.sites.cols();
  const auto sides = examples::box_sides(drawing.box());
  std::vector<kmscape::ConvexPolygon> cells;
  for (Index i = 0; i < k; ++i) {
    auto cell = diagram.half_planes(i);
    cell.insert(cell.end(), sides.begin(), sides.end());
    cells.emplace_back(cell);
    drawing.area(examples::in_columns(cells.back().corners()), examples::pale_colour(i));
  }
  for (Index i = 0; i < k; ++i) {
    const auto ball = examples::disk_sides(diagram.sites.col(i), std::sqrt(squared(i)));
    drawing.area(examples::common_area(ball, sides), examples::colour(i), 0.28);
    // Circles are cut off by the frame, not led along it.
    drawing.circle(diagram.sites.col(i), std::sqrt(squared(i)), {examples::colour(i), 1.6, 1});
    drawing.circle(diagram.sites.col(i), std::sqrt(squared(i) + more), {examples::colour(i), 1, 2});
  }
  for (Index i = 0; i < k; ++i)
    for (const auto& face : examples::boundary_in(diagram.half_planes(i), drawing.box()))
      if (face.j > i) drawing.line(face.ends, {examples::ink, 1.6, 1});
  // Two enlarged balls meet on the line between their cells, not always on the edge.
  for (Index i = 0; i < k; ++i)
    for (Index l = 0; l < i; ++l) {
      const auto points =
          common_points(diagram.sites.col(i), squared(i) + more, diagram.sites.col(l), squared(l) + more);
      for (Index p = 0; p < points.cols(); ++p) {
        const Eigen::Vector2d between = points.col(p), slack = (diagram.sites.col(l) - diagram.sites.col(i)) * 1e-9;
        if (cells[static_cast<std::size_t>(i)].contains(between - slack) &&
            cells[static_cast<std::size_t>(l)].contains(between + slack))
          drawing.dots(between, examples::ink, 0.8);
      }
    }
  for (Index i = 0; i < k; ++i) {
    drawing.add(diagram.sites.col(i), "with points pt 2 ps 1.3 lw 2 lc rgb '" + examples::ink + "'");
    drawing.label("s_" + std::to_string(i + 1), diagram.sites.col(i), examples::ink, "left", {0.8, 0.6}, 10);
  }
  drawing.finish();
}

/// A transition between clusterings of equal sizes, whose exchanges are cycles.
struct Shared {
  Eigen::MatrixXd points;
  kmscape::Labels before, after;
  kmscape::TransitionStep step;
};

Shared two_clusterings() {
  const auto instance = examples::transition_instance(45, 4, 0.4, 3);
  kmscape::TransitionSequenceOptions options;
  options.diagrams = kmscape::Diagrams::all;
  kmscape::TransitionSequence sequence(instance.points, instance.start, instance.start_sites, instance.target,
                                       instance.target_sites, options);
  Shared result{instance.points, instance.start, instance.start, {}};
  // The exchange of three items whose boundaries are the freest of other items.
  double best = -1;
  for (kmscape::Labels labels = instance.start; auto step = sequence.next(); labels = sequence.labels()) {
    if (step->moves.size() != 3) continue;
    double clear = std::numeric_limits<double>::infinity();
    for (Index a = 0; a < 3; ++a)
      for (Index b = 0; b < a; ++b)
        clear = std::min(clear, (instance.points.col(step->moves[static_cast<std::size_t>(a)].item) -
                                 instance.points.col(step->moves[static_cast<std::size_t>(b)].item))
                                    .norm());
    if (clear <= best) continue;
    best = clear;
    result.before = labels;
    result.after = sequence.labels();
    result.step = std::move(*step);
  }
  return result;
}

/// The sum of squared distances to the sites.
double objective(const Eigen::MatrixXd& points, const kmscape::Labels& labels, const Eigen::MatrixXd& sites) {
  double sum = 0;
  for (Index j = 0; j < points.cols(); ++j) sum += (points.col(j) - sites.col(labels(j))).squaredNorm();
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "bhz_figure_1_to_3 [--out DIR]",
                                        {{"out", "DIR", "folder for the picture and its page"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));

    // Figure 1 needs unequal balls: sizes far from those of the Voronoi cells.
    kmscape::RandomStream stream(kmscape::Seed{5}, 4);
    const Eigen::MatrixXd many = examples::uniform_items(400, stream);
    Eigen::MatrixXd sites(2, 5);
    sites << 0.17, 0.78, 0.52, 0.22, 0.86, 0.80, 0.84, 0.46, 0.20, 0.24;
    kmscape::Counts sizes(5);
    sizes << 72, 95, 84, 84, 65;
    const auto labels_of_many = kmscape::constrained_lsa(many, sites, sizes);
    const auto balls = kmscape::maximum_margin_diagram(many, labels_of_many, sites).diagram;
    const auto squared = squared_radii(balls, 0.13);
    double joint = 0;
    for (int trial = 0; trial < 50; ++trial) joint = std::max(joint, largest_distance(balls, squared, 0.01 * trial, 1));
    const double by_factor = largest_distance(balls, squared, 0, 1.5);
    Index misplaced = 0;
    const Eigen::MatrixXd probes = examples::uniform_items(20'000, stream);
    const auto cells = balls.classify(probes);
    for (Index j = 0; j < probes.cols(); ++j) {
      Index nearest = 0;
      ((balls.sites.colwise() - probes.col(j)).colwise().squaredNorm().transpose() - squared).minCoeff(&nearest);
      misplaced += nearest != cells(j);
    }

    // Figure 2.
    const Eigen::MatrixXd few = many.leftCols(70);
    sizes << 12, 18, 15, 14, 11;
    const auto labels = kmscape::constrained_lsa(few, sites, sizes);
    const auto separating = kmscape::maximum_margin_diagram(few, labels, sites);

    // Figure 3.
    const auto shared = two_clusterings();
    double off_boundary = 0;
    for (const auto& move : shared.step.moves)
      off_boundary = std::max(
          off_boundary, distance_from_boundary(shared.step.shared, move.from, move.to, shared.points.col(move.item)));
    const double rise = objective(shared.points, shared.after, shared.step.shared.sites) -
                        objective(shared.points, shared.before, shared.step.shared.sites);

    const examples::Box unit{{-0.06, -0.06}, {1.06, 1.06}};
    examples::Sheet sheet(folder / "bhz_figure_1_to_3.png", 1000, 1020);
    draw_balls(sheet.drawing({15, 40, 475, 455}, unit, "Figure 1: a power diagram and its balls"), balls, squared,
               0.045);
    const auto draw = [&](const examples::Frame& frame, const std::string& title, const Eigen::MatrixXd& points,
                          const kmscape::Labels& of_points, const kmscape::PowerDiagram& diagram,
                          const kmscape::ItemExchange& moves) {
      auto drawing = sheet.drawing(frame, unit, title);
      examples::draw_clustering(drawing, points, of_points, diagram, diagram.sites, moves, 1.1);
      drawing.finish();
    };
    draw({510, 40, 475, 455}, "Figure 2: a separating power diagram", few, labels, separating.diagram, {});
    draw({15, 550, 475, 455}, "Figure 3: before an exchange ...", shared.points, shared.before, shared.step.shared,
         kmscape::reversed(shared.step.moves));
    draw({510, 550, 475, 455}, "Figure 3: ... and after it", shared.points, shared.after, shared.step.shared,
         shared.step.moves);
    sheet.draw();

    examples::Report report(
        "bhz_figure_1_to_3", "BHZ Figures 1 to 3: power diagrams",
        "Figure 1: balls around sites, and the same balls (dashed) with r^2 enlarged by 0.045, which meet in the dots. "
        "Figure 2: five clusters of prescribed sizes and the power diagram of largest margin for their sites "
        "(crosses). Figure 3: two clusterings that share one power diagram; they differ in the circled items, which "
        "lie on boundaries and have the rim of the other clustering's colour.");
    report.row("Figure 1: where two balls of a joint scaling meet", "on the hyperplane between their cells",
               "within " + examples::number(joint, 2) + " of it if every r^2 grows by the same",
               "but " + examples::number(by_factor, 2) +
                   " off if every r grows by the factor 1.5: 'scaling' is not "
                   "meant literally");
    report.row("Figure 1: cells from gamma and from balls", "equivalent",
               std::to_string(misplaced) + " of 20,000 points in different cells");
    report.row("Figure 2: items outside of their cell", "0",
               std::to_string((separating.diagram.classify(few) != labels).count()) + " of 70",
               "margin " + examples::number(separating.margin, 3) + ", the optimum of LP (6)");
    report.row("Figure 3: the items that differ", "lie on the separating hyperplanes",
               "within " + examples::number(off_boundary, 2) + " of them",
               std::to_string(shared.step.moves.size()) + " items in one cyclical exchange");
    report.row("Figure 3: both are equally good for the sites", "equal objective",
               "differ by " + examples::number(std::abs(rise), 2));
    report.write(folder);
  });
}

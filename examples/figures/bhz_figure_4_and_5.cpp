// BHZ Figures 4 and 5: an initial and a target clustering of the same items, and two clusterings on the way from one to
// the other, with the clustering difference graph that is one cyclical exchange.
#include <algorithm>
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

constexpr Index n = 60, k = 5;

/// Clusters where their sites are, and an arc with its item's name for every item that moves.
void draw_difference_graph(examples::Drawing drawing, const kmscape::DifferenceGraph& graph,
                           const Eigen::MatrixXd& sites) {
  constexpr double radius = 0.07;
  for (const auto& arc : graph.arcs) {
    const Eigen::Vector2d from = sites.col(arc.from), to = sites.col(arc.to), way = (to - from).normalized();
    const Eigen::Vector2d left(-way.y(), way.x());
    drawing.arrow(from + 1.15 * radius * way, to - 1.15 * radius * way, {examples::ink, 1.8, 1})
        .label("x_{" + std::to_string(arc.item) + "}", (from + to) / 2 + 0.07 * left, examples::ink);
  }
  for (Index i = 0; i < k; ++i)
    drawing.disk(sites.col(i), radius, examples::colour(i))
        .label("C_" + std::to_string(i + 1), sites.col(i), "white", "center", {0, 0}, 12);
  drawing.finish();
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "bhz_figure_4_and_5 [--out DIR]",
                                        {{"out", "DIR", "folder for the picture and its page"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));

    const auto instance = examples::transition_instance(n, k, 0.4, 12);
    const auto transition = kmscape::transition(instance.points, instance.start, instance.start_sites, instance.target,
                                                instance.target_sites, {.diagrams = kmscape::Diagrams::all});
    const auto verification = kmscape::verify(instance.points, transition);
    const auto& steps = transition.steps;

    // The longest exchange, the first of several.
    const auto longest = std::max_element(steps.begin(), steps.end(),
                                          [](const auto& a, const auto& b) { return a.moves.size() < b.moves.size(); });
    kmscape::Labels before = transition.start;
    for (auto step = steps.begin(); step != longest; ++step) kmscape::apply_exchange(step->moves, before);
    kmscape::Labels after = before;
    kmscape::apply_exchange(longest->moves, after);
    const auto graph = kmscape::difference_graph(before, after);
    const auto parts = kmscape::decompose(graph);
    const auto whole = kmscape::decompose(kmscape::difference_graph(transition.start, transition.target));
    const auto separates = [&](const kmscape::Labels& labels) {
      return kmscape::shared_diagram(instance.points, before, labels, longest->shared.sites).has_value();
    };

    const examples::Box unit{{-0.06, -0.06}, {1.06, 1.06}};
    examples::Sheet sheet(folder / "bhz_figure_4_and_5.png", 1000, 1345);
    const auto draw = [&](double left, double top, const std::string& title, const kmscape::Labels& labels,
                          const kmscape::PowerDiagram& diagram, const kmscape::ItemExchange& moves) {
      auto drawing = sheet.drawing({left, top, 475, 440}, unit, title);
      examples::draw_clustering(drawing, instance.points, labels, diagram, diagram.sites, moves, 1.1);
      for (const auto& move : moves)
        drawing.label("x_{" + std::to_string(move.item) + "}", instance.points.col(move.item), examples::ink, "left",
                      {1.1, 0.9}, 10);
      drawing.finish();
    };
    draw(15, 40, "Figure 4: an initial clustering ...", transition.start, transition.start_diagram, {});
    draw(510, 40, "... and a target", transition.target, steps.back().separating, {});
    draw(15, 535, "Figure 5: a clustering on the way ...", before, longest->shared, kmscape::reversed(longest->moves));
    draw(510, 535, "... and the next, which shares its power diagram", after, longest->shared, longest->moves);
    draw_difference_graph(sheet.drawing({262, 1030, 475, 300}, {{-0.05, 0.0}, {1.05, 0.95}}, "their difference graph"),
                          graph, longest->shared.sites);
    sheet.draw();

    std::size_t moves = 0;
    for (const auto& step : steps) moves += step.moves.size();
    examples::Report report(
        "bhz_figure_4_and_5", "BHZ Figures 4 and 5: two clusterings, and an exchange between them",
        "60 items, 5 clusters of 12. Figure 4: power diagrams of largest margin. Figure 5: the exchange of most items "
        "on the way from the first to the second; circled items have the rim of the other clustering's colour, and lie "
        "on boundaries of the shared diagram. The graph has an arc for each item that changes its cluster.");
    report.row("Figure 4: a gradual transition that keeps separability", "exists",
               std::to_string(steps.size()) + " exchanges, " +
                   (verification.holds ? "all properties of Theorem 1 hold" : "VIOLATED"),
               std::to_string((transition.start != transition.target).count()) + " items differ and " +
                   std::to_string(moves) +
                   " are moved; their difference graph, taken apart without regard to separability, has " +
                   std::to_string(whole.size()) + " exchanges");
    report.row("Figure 5: the difference graph", "a single cycle",
               std::to_string(parts.size()) + " exchange, " +
                   (kmscape::is_cyclical(parts.front()) ? "cyclical" : "sequential") + ", of " +
                   std::to_string(graph.arcs.size()) + " items",
               "at λ = " + examples::number(longest->lambda, 3));
    report.row("Figure 5: a power diagram for both", "exists", separates(after) ? "found" : "NONE",
               std::string("none for the same sites and the target of Figure 4") +
                   (separates(transition.target) ? ": FOUND" : ""));
    report.write(folder);
  });
}

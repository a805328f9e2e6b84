// BHZ Figures 8 and 9: three clusterings of a transition with fixed sites (Algorithm 2), and three of one while the
// sites move (Algorithm 3).
#include <algorithm>
#include <string>
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

/// A clustering of a transition, what was moved since the one shown before, and its diagram of largest margin.
struct Shown {
  kmscape::Labels labels;
  kmscape::ItemExchange moves;
  kmscape::PowerDiagram diagram;
  double lambda = 0;
};

/// The first clustering, the one after half of the steps, and the last.
std::vector<Shown> three_of(const kmscape::Transition& transition) {
  std::vector<Shown> result = {{transition.start, {}, transition.start_diagram, 0}};
  const std::size_t count = transition.steps.size();
  std::size_t made = 0;
  for (const std::size_t until : {count / 2, count}) {
    Shown next = result.back();
    for (; made < until; ++made) {
      kmscape::apply_exchange(transition.steps[made].moves, next.labels);
      next.diagram = transition.steps[made].separating;
      next.lambda = transition.steps[made].lambda;
    }
    next.moves = kmscape::ItemExchange();
    for (const auto& arc : kmscape::difference_graph(result.back().labels, next.labels).arcs) next.moves.push_back(arc);
    result.push_back(std::move(next));
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "bhz_figure_8_and_9 [--out DIR]",
                                        {{"out", "DIR", "folder for the picture and its page"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));

    kmscape::RandomStream stream(kmscape::Seed{8}, 3);
    const Eigen::MatrixXd points = examples::uniform_items(n, stream);
    const Eigen::MatrixXd s = examples::spread_sites(k, stream);
    kmscape::Counts sizes(k), lower(k), upper(k);
    sizes << 10, 14, 12, 13, 11;
    lower << 9, 9, 9, 9, 9;
    upper << 15, 15, 15, 15, 15;
    const auto fixed = kmscape::lsa_to_radial(points, kmscape::constrained_lsa(points, s, sizes), s, lower, upper,
                                              {.diagrams = kmscape::Diagrams::all});
    const auto fixed_holds = kmscape::verify(points, fixed).holds;
    Index apart = 0;
    for (kmscape::Label i = 0; i < k; ++i) apart += std::abs((fixed.target == i).count() - sizes(i));
    apart /= 2;

    const Eigen::MatrixXd t = s + 0.5 * (examples::spread_sites(k, stream) - s);
    kmscape::TransitionSequenceOptions options;
    options.lower = lower;
    options.upper = upper;
    options.diagrams = kmscape::Diagrams::all;
    const auto bounds = kmscape::Capacities::between(9, 15);
    const auto moving =
        kmscape::radial_to_radial(points, fixed.target, s, kmscape::radial_clustering(points, t, bounds), t, options);
    const auto moving_holds = kmscape::verify(points, moving).holds;

    const examples::Box unit{{-0.06, -0.06}, {1.06, 1.06}};
    examples::Sheet sheet(folder / "bhz_figure_8_and_9.png", 1200, 850);
    for (const bool is_moving : {false, true}) {
      const auto shown = three_of(is_moving ? moving : fixed);
      for (std::size_t p = 0; p < 3; ++p) {
        const std::string sites = p == 0   ? "sites s"
                                  : p == 2 ? "sites t"
                                           : "λ = " + examples::number(shown[p].lambda, 2);
        std::string title =
            is_moving ? "radial, " + sites
                      : std::string(p == 2 ? "radial, " : "") + "sizes " + examples::sizes_in_words(shown[p].labels, k);
        if (p == 0) title = (is_moving ? "Figure 9: " : "Figure 8: ") + title;
        auto drawing =
            sheet.drawing({15 + 395 * static_cast<double>(p), is_moving ? 460.0 : 40.0, 380, 375}, unit, title);
        examples::draw_clustering(drawing, points, shown[p].labels, shown[p].diagram, shown[p].diagram.sites,
                                  shown[p].moves, 1.0);
        for (Index i = 0; is_moving && i < k; ++i) drawing.arrow(s.col(i), t.col(i), {examples::ink, 1, 3});
        drawing.finish();
      }
    }
    sheet.draw();

    examples::Report report(
        "bhz_figure_8_and_9", "BHZ Figures 8 and 9: a transition with fixed sites, and one with moving sites",
        "60 items, 5 clusters of 9 to 15 items. Circled items have changed their cluster since the picture before, and "
        "have the rim of their old colour. Crosses are sites, dotted arrows their ways from s to t.");
    report.row("Figure 8: steps to the radial clustering", "below the number of shapes",
               std::to_string(fixed.steps.size()),
               "half of the l1 distance of the sizes is " + std::to_string(apart) + ": no walk is shorter");
    report.row("Figure 8: properties of Theorem 2", "hold", fixed_holds ? "hold, checked independently" : "VIOLATED");
    report.row("Figure 9: steps between radial clusterings", "one exchange each",
               std::to_string(moving.steps.size()) + " exchanges",
               std::to_string((moving.start != moving.target).count()) + " items differ");
    report.row("Figure 9: properties of Theorem 3", "hold", moving_holds ? "hold, checked independently" : "VIOLATED");
    report.write(folder);
  });
}

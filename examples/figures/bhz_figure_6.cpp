// BHZ Figure 6: a whole transition in six pictures, from an assignment to sites s over radial clusterings to an
// assignment to sites t, as computed; and all of its steps as a film.
//
// Small run: --out {out} --most-frames 3
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"
#include "common/transition_instances.hpp"
#include "common/transition_picture.hpp"

namespace {

using kmscape::Index;
using kmscape::TransitionPhase;

constexpr Index n = 60, k = 5;

/// Items in the unit square, and two clusterings of different sizes that only a few exchanges separate from radial
/// ones.
kmscape::Transition whole_transition(Eigen::MatrixXd& points) {
  kmscape::RandomStream stream(kmscape::Seed{6}, 2);
  points = examples::uniform_items(n, stream);
  const Eigen::MatrixXd s = examples::spread_sites(k, stream);
  const Eigen::MatrixXd t = s + 0.45 * (examples::spread_sites(k, stream) - s);
  kmscape::Counts first(k), last(k);
  first << 10, 14, 12, 13, 11;
  last << 13, 11, 13, 11, 12;
  kmscape::TransitionSequenceOptions options;
  options.lower = first.min(last) - 2;
  options.upper = first.max(last) + 2;
  options.diagrams = kmscape::Diagrams::all;
  return kmscape::transition(points, kmscape::constrained_lsa(points, s, first), s,
                             kmscape::constrained_lsa(points, t, last), t, options);
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "bhz_figure_6 [--out DIR] [--most-frames F]",
                                        {{"out", "DIR", "folder for the picture, its page and the film"},
                                         {"most-frames", "F", "pictures of the film, 200 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto most = arguments.integer("most-frames", 200, 2);
    Eigen::MatrixXd points;
    const auto transition = whole_transition(points);
    const auto verification = kmscape::verify(points, transition);

    // The ends, the first and last radial clustering, and two on the way.
    std::vector<Index> linear;
    const auto count = static_cast<Index>(transition.steps.size());
    Index initial = 0, target = 0;
    for (Index r = 0; r < count; ++r) {
      const auto phase = transition.steps[static_cast<std::size_t>(r)].phase;
      initial += phase == TransitionPhase::initial;
      target += phase == TransitionPhase::target;
      if (phase == TransitionPhase::linear) linear.push_back(r + 1);
    }
    const auto on_the_way = [&](Index part) { return linear[linear.size() * static_cast<std::size_t>(part) / 3]; };
    const std::vector<Index> shown = {0, initial, on_the_way(1), on_the_way(2), count - target, count};
    const std::vector<std::string> titles = {
        "(a) initial assignment, sites s", "(b) radial, sites s", "(c) radial", "(d) radial", "(e) radial, sites t",
        "(f) target assignment, sites t"};

    examples::Sheet sheet(folder / "bhz_figure_6.png", 1200, 850);
    kmscape::Labels labels = transition.start;
    Index made = 0;
    for (std::size_t p = 0; p < shown.size(); ++p) {
      const kmscape::ItemExchange* moves = nullptr;
      for (; made < shown[p]; ++made) {
        moves = &transition.steps[static_cast<std::size_t>(made)].moves;
        kmscape::apply_exchange(*moves, labels);
      }
      const auto& diagram =
          made == 0 ? transition.start_diagram : transition.steps[static_cast<std::size_t>(made - 1)].separating;
      std::string title = titles[p];
      if (p == 2 || p == 3)
        title += ", λ = " + examples::number(transition.steps[static_cast<std::size_t>(made - 1)].lambda, 2);
      const double left = 15 + 395 * static_cast<double>(p % 3), top = p < 3 ? 40 : 460;
      auto drawing = sheet.drawing({left, top, 380, 375}, {{-0.06, -0.06}, {1.06, 1.06}}, title);
      examples::draw_clustering(drawing, points, labels, diagram, diagram.sites,
                                moves != nullptr ? *moves : kmscape::ItemExchange{}, 1.1);
      drawing.finish();
    }
    sheet.draw();

    examples::ProgressBar bar;
    examples::draw_transition(folder / "bhz_figure_6_film", "Figure 6", points, transition, most, bar.callback());
    bar.clear();

    examples::Report report(
        "bhz_figure_6", "BHZ Figure 6: a whole transition",
        "60 items, 5 clusters. Consecutive clusterings differ by one exchange; the items of the last "
        "one are circled in the colour that they had. Crosses are sites, cells those of the power "
        "diagram of largest margin. The film is in bhz_figure_6_film/index.html.");
    report.row("exchanges with sites s", "one or more", std::to_string(initial));
    report.row("exchanges while sites move", "3 shown", std::to_string(linear.size()));
    report.row("exchanges with sites t", "one or more", std::to_string(target));
    report.row("properties of Theorem 1", "11 hold",
               verification.holds ? "11 hold, checked independently" : "VIOLATED");
    report.write(folder);
  });
}

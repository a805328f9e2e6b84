// BHZ Figure 10: for the same sites, a radial clustering among those of one shape, which is any constrained
// least-squares assignment, and one among all shapes, whose clusters lie around the origin like slices of a cake.
#include <algorithm>
#include <cmath>
#include <string>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/report.hpp"
#include "common/transition_instances.hpp"
#include "common/transition_picture.hpp"

namespace {

using kmscape::Index;

constexpr Index n = 60, k = 5;

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "bhz_figure_10 [--out DIR]",
                                        {{"out", "DIR", "folder for the picture and its page"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));

    kmscape::RandomStream stream(kmscape::Seed{10}, 3);
    Eigen::MatrixXd points = 2 * examples::uniform_items(n, stream);
    points.colwise() -= points.rowwise().mean().eval();
    // The fifth site is a mean of others: no direction has its largest product there.
    Eigen::MatrixXd sites(2, k);
    sites << -0.6, 0.65, 0.5, -0.45, 0.12, 0.5, 0.55, -0.6, -0.55, 0.05;
    const auto single = kmscape::radial_clustering(points, sites, kmscape::Capacities::equal());
    const auto assignment = kmscape::constrained_lsa(points, sites, kmscape::Counts::Constant(k, n / k));
    const auto all = kmscape::radial_clustering(points, sites, kmscape::Capacities::between(0, n));
    Index elsewhere = 0;
    for (Index j = 0; j < n; ++j) {
      Index most = 0;
      (sites.transpose() * points.col(j)).maxCoeff(&most);
      elsewhere += all(j) != most;
    }
    // x goes to the largest x . s_i: the diagram with gamma = 0.
    const kmscape::PowerDiagram cones{sites, Eigen::VectorXd::Zero(k)};
    const auto largest_margin = kmscape::maximum_margin_diagram(points, single, sites);

    const auto box = examples::box_around(points);
    examples::Sheet sheet(folder / "bhz_figure_10.png", 1000, 530);
    const auto draw = [&](double left, const std::string& title, const kmscape::Labels& labels,
                          const kmscape::PowerDiagram& diagram) {
      auto drawing = sheet.drawing({left, 45, 475, 470}, box, title);
      examples::draw_clustering(drawing, points, labels, diagram, sites, {}, 1.1);
      drawing.circle({0, 0}, 0.035, {examples::ink, 1.8, 1});
      drawing.finish();
    };
    draw(15, "(a) radial among clusterings of equal sizes", single, largest_margin.diagram);
    draw(510, "(b) radial among all clusterings", all, cones);
    sheet.draw();

    examples::Report report("bhz_figure_10", "BHZ Figure 10: radial clusterings of one shape and of all shapes",
                            "60 items around their mean (circle), 5 sites (crosses). A radial clustering maximises the "
                            "sum of x . s_i over the clusterings within its size bounds.");
    report.row("(a) one shape", "any assignment is radial", (single == assignment).all() ? "both agree" : "DIFFER",
               "sizes " + examples::sizes_in_words(single, k));
    report.row("(b) all shapes: items not at their largest x . s_i", "0", std::to_string(elsewhere),
               "cells are cones from the origin: gamma = 0");
    Index empty = 0;
    for (kmscape::Label i = 0; i < k; ++i) empty += (all == i).count() == 0;
    report.row("(b) empty clusters", "possible", std::to_string(empty), "sizes " + examples::sizes_in_words(all, k));
    report.write(folder);
  });
}

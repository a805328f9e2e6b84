// BHZ Figure 7, a sketch there, drawn to scale: the shadow of a bounded-shape partition polytope in the plane of the
// two site vectors s and t, and in it the transition from one constrained least-squares assignment to another.
//
// The clustering vector w(C) has k d coordinates. In the plane of s and t its shadow is (s . w, t . w) in orthonormal
// coordinates, and the shadow's corner in a direction a s + b t is that of a radial clustering for the sites a s + b t.
// A transition between radial clusterings therefore walks along the shadow's boundary.
//
// Small run: --out {out} --directions 30
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/report.hpp"
#include "common/transition_instances.hpp"

namespace {

using kmscape::Index;
using kmscape::TransitionPhase;

constexpr Index n = 60, k = 4;

/// Orthonormal coordinates in the plane of two site vectors.
class SitePlane {
 public:
  SitePlane(const Eigen::MatrixXd& s, const Eigen::MatrixXd& t) : first_(s / s.norm()) {
    const Eigen::MatrixXd rest = t - dot(t, first_) * first_;
    second_ = rest / rest.norm();
  }
  [[nodiscard]] Eigen::Vector2d operator()(const Eigen::MatrixXd& vector) const {
    return {dot(vector, first_), dot(vector, second_)};
  }
  /// The site vector of a direction in the plane.
  [[nodiscard]] Eigen::MatrixXd sites(double angle) const {
    return std::cos(angle) * first_ + std::sin(angle) * second_;
  }

 private:
  [[nodiscard]] static double dot(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
    return a.cwiseProduct(b).sum();
  }
  Eigen::MatrixXd first_, second_;
};

/// w(C): the sums of the clusters' items.
Eigen::MatrixXd clustering_vector(const Eigen::MatrixXd& points, const kmscape::Labels& labels) {
  Eigen::MatrixXd result = Eigen::MatrixXd::Zero(points.rows(), k);
  for (Index j = 0; j < points.cols(); ++j) result.col(labels(j)) += points.col(j);
  return result;
}

/// How far inside of the hull x lies; negative outside. The corners are in counter-clockwise order.
double depth(const std::vector<Eigen::Vector2d>& corners, const Eigen::Vector2d& x) {
  double least = 1e300;
  for (std::size_t c = 0; c < corners.size(); ++c) {
    const Eigen::Vector2d side = corners[(c + 1) % corners.size()] - corners[c];
    if (side.norm() < 1e-9) continue;
    const Eigen::Vector2d normal = Eigen::Vector2d(-side.y(), side.x()).normalized();
    least = std::min(least, normal.dot(x - corners[c]));
  }
  return least;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "bhz_figure_7 [--out DIR] [--directions D]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"directions", "D", "in which the shadow is computed, 2000 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto directions = arguments.integer("directions", 2000, 8);

    kmscape::RandomStream stream(kmscape::Seed{28}, 7);
    Eigen::MatrixXd points = examples::uniform_items(n, stream);
    points.colwise() -= points.rowwise().mean().eval();
    const Eigen::MatrixXd half = Eigen::MatrixXd::Constant(2, k, 0.5);
    const Eigen::MatrixXd s = examples::spread_sites(k, stream) - half, t = examples::spread_sites(k, stream) - half;
    kmscape::Counts first(k), last(k);
    first << 4, 26, 7, 23;
    last << 25, 5, 24, 6;
    const auto transition = kmscape::transition(points, kmscape::constrained_lsa(points, s, first), s,
                                                kmscape::constrained_lsa(points, t, last), t);
    const auto& lower = transition.lower;
    const auto& upper = transition.upper;
    const auto bounds =
        kmscape::Capacities::between({lower.data(), lower.data() + k}, {upper.data(), upper.data() + k});

    const SitePlane plane(s, t);
    const auto shadow_of = [&](const kmscape::Labels& labels) { return plane(clustering_vector(points, labels)); };
    std::vector<Eigen::Vector2d> shadow;
    for (std::int64_t a = 0; a < directions; ++a) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(a) / static_cast<double>(directions);
      const auto corner = shadow_of(kmscape::radial_clustering(points, plane.sites(angle), bounds));
      if (shadow.empty() || (corner - shadow.back()).norm() > 1e-9) shadow.push_back(corner);
    }
    std::vector<Eigen::Vector2d> initial, linear, target, middle;
    kmscape::Labels labels = transition.start;
    initial.push_back(shadow_of(labels));
    double furthest = 0;
    for (const auto& step : transition.steps) {
      const auto before = shadow_of(labels);
      kmscape::apply_exchange(step.moves, labels);
      const auto after = shadow_of(labels);
      if (step.phase == TransitionPhase::initial) {
        initial.push_back(after);
      } else if (step.phase == TransitionPhase::linear) {
        if (linear.empty()) linear.push_back(before);
        linear.push_back(after);
        if (step.lambda < 0.5) middle = {after};
        furthest = std::max({furthest, depth(shadow, before), depth(shadow, after)});
      } else {
        if (target.empty()) target.push_back(before);
        target.push_back(after);
      }
    }

    const auto corners = examples::in_columns(shadow);
    const auto box = examples::box_around(corners, 0.18);
    examples::Sheet sheet(folder / "bhz_figure_7.png", 900, 760);
    auto drawing =
        sheet.drawing({20, 45, 860, 700}, box,
                      "the polytope of all clusterings within the size bounds, seen in the plane of s and t");
    drawing.area(corners, examples::cluster_colour).outline(corners, {examples::faint, 1.2, 1});
    drawing.set("key bottom left Left reverse noautotitle samplen 2");
    const auto explain = [&](const std::string& colour, const std::string& meaning) {
      drawing.plot("NaN with linespoints pt 7 ps 0.7 lw 2.4 lc rgb '" + colour + "' title '" + meaning + "'");
    };
    explain(examples::before_colour, "steps with fixed sites, s or t");
    explain(examples::after_colour, "steps while the sites move from s to t");
    drawing.plot("NaN with boxes lc rgb '" + examples::cluster_colour + "' title 'all clusterings within the bounds'");
    const auto walk = [&](const std::vector<Eigen::Vector2d>& path, const std::string& colour) {
      if (path.size() < 2) return;
      drawing.line(examples::in_columns(path), {colour, 2.4, 1});
      drawing.dots(examples::in_columns(path), colour, 0.7);
    };
    walk(linear, examples::after_colour);
    walk(initial, examples::before_colour);
    walk(target, examples::before_colour);
    const auto arrow = [&](const Eigen::MatrixXd& sites, const Eigen::Vector2d& from, const std::string& name) {
      const Eigen::Vector2d way = 0.13 * (box.high - box.low).norm() * plane(sites).normalized();
      drawing.arrow(from, from + way, {examples::ink, 1.8, 1}).label(name, from + 1.12 * way, examples::ink);
    };
    arrow(s, initial.back(), "s");
    arrow(t, target.empty() ? linear.back() : target.front(), "t");
    const auto name = [&](const std::string& text, const Eigen::Vector2d& place, const Eigen::Vector2d& offset) {
      drawing.label(text, place, examples::ink, "center", offset, 12);
    };
    name("C^s", initial.front(), {-0.4, -1.2});
    name("C^t", target.empty() ? linear.back() : target.back(), {-0.4, -1.2});
    name("C^s_{rad}", initial.back(), {2.8, -0.6});
    name("C^t_{rad}", target.empty() ? linear.back() : target.front(), {-2.6, 0.6});
    if (!middle.empty()) {
      drawing.dots(middle.front(), examples::ink, 1.3);
      name("C^{1/2}", middle.front(), {2.2, 0.6});
    }
    drawing.finish();
    sheet.draw();

    const double deepest =
        std::min(depth(shadow, initial.front()), target.empty() ? 0.0 : depth(shadow, target.back()));
    examples::Report report(
        "bhz_figure_7", "BHZ Figure 7: a transition in its partition polytope",
        "60 items, 4 clusters with sizes (4, 26, 7, 23) and (25, 5, 24, 6). Each dot is a clustering vector of 8 "
        "coordinates, in orthonormal coordinates of the plane of s and t. Grey: all clusterings within the size "
        "bounds. Blue: steps with fixed sites, red: steps while the sites move.");
    report.row("steps with sites s, while they move, with sites t", "blue, red, blue",
               std::to_string(initial.size() - 1) + ", " + std::to_string(linear.size() - 1) + ", " +
                   std::to_string(target.empty() ? 0 : target.size() - 1));
    report.row("initial and target clustering", "not on the boundary",
               "at least " + examples::number(deepest, 2) + " inside of the shadow's boundary");
    report.row("radial clusterings", "on the boundary", "at most " + examples::number(furthest, 2) + " inside of it",
               std::to_string(shadow.size()) + " corners of the shadow from " + std::to_string(directions) +
                   " directions, each by a radial clustering of its own");
    report.write(folder);
  });
}

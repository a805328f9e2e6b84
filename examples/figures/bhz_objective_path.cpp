// BHZ section 6 with numbers, and the k-means objective along transitions between local minima: what lies between two
// minima of the landscape when all clusterings on the way are to be separable.
//
// Small run: --out {out} --restarts 30 --pairs 6
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;
using kmscape::TransitionPhase;

constexpr Index n = 400, k = 6;

/// The sum of squared distances to the means of the clusters, kept up to date by sums.
class ClusterObjective {
 public:
  ClusterObjective(const Eigen::MatrixXd& points, const kmscape::Labels& labels, Index clusters)
      : points_(points),
        squares_(points.squaredNorm()),
        sums_(Eigen::MatrixXd::Zero(points.rows(), clusters)),
        sizes_(Eigen::ArrayXd::Zero(clusters)) {
    for (Index j = 0; j < labels.size(); ++j) {
      sums_.col(labels(j)) += points.col(j);
      ++sizes_(labels(j));
    }
  }

  void apply(const kmscape::ItemExchange& exchange) {
    for (const auto& move : exchange) {
      sums_.col(move.from) -= points_.col(move.item);
      sums_.col(move.to) += points_.col(move.item);
      --sizes_(move.from);
      ++sizes_(move.to);
    }
  }

  [[nodiscard]] const Eigen::ArrayXd& sizes() const { return sizes_; }

  [[nodiscard]] double value() const {
    double value = squares_;
    for (Index i = 0; i < sizes_.size(); ++i)
      if (sizes_(i) > 0) value -= sums_.col(i).squaredNorm() / sizes_(i);
    return value;
  }

 private:
  const Eigen::MatrixXd& points_;
  double squares_;
  Eigen::MatrixXd sums_;
  Eigen::ArrayXd sizes_;
};

/// The other clustering's labels, renamed to agree with the first in as many items as possible.
void rename(const kmscape::Labels& first, kmscape::Labels& other, Eigen::MatrixXd& sites) {
  std::vector<Index> name(static_cast<std::size_t>(k)), best;
  for (Index i = 0; i < k; ++i) name[static_cast<std::size_t>(i)] = i;
  Eigen::ArrayXXi common = Eigen::ArrayXXi::Zero(k, k);
  for (Index j = 0; j < first.size(); ++j) ++common(other(j), first(j));
  int most = -1;
  do {
    int sum = 0;
    for (Index i = 0; i < k; ++i) sum += common(i, name[static_cast<std::size_t>(i)]);
    if (sum > most) {
      most = sum;
      best = name;
    }
  } while (std::next_permutation(name.begin(), name.end()));
  Eigen::MatrixXd renamed = sites;
  for (Index i = 0; i < k; ++i) renamed.col(best[static_cast<std::size_t>(i)]) = sites.col(i);
  sites = renamed;
  for (Index j = 0; j < other.size(); ++j)
    other(j) = static_cast<kmscape::Label>(best[static_cast<std::size_t>(other(j))]);
}

struct Path {
  std::vector<double> values;         // of the objective, from the first clustering on, relative to the best minimum
  std::vector<Eigen::ArrayXd> sizes;  // of the clusters, likewise
  Index differ = 0, steps = 0, moves = 0, turns = 0, clusters_that_turn = 0;
  double barrier = 0;  // the highest value, relative to the higher end
};

Path path_between(const Eigen::MatrixXd& points, const kmscape::Labels& first, const Eigen::MatrixXd& first_sites,
                  const kmscape::Labels& last, const Eigen::MatrixXd& last_sites, double best) {
  Path path;
  const auto transition = kmscape::transition(points, first, first_sites, last, last_sites);
  ClusterObjective objective(points, first, k);
  path.values.push_back(objective.value() / best);
  path.sizes.push_back(objective.sizes());
  path.differ = (first != last).count();
  Eigen::ArrayXi direction = Eigen::ArrayXi::Zero(k), turned = Eigen::ArrayXi::Zero(k);
  for (const auto& step : transition.steps) {
    objective.apply(step.moves);
    path.values.push_back(objective.value() / best);
    path.sizes.push_back(objective.sizes());
    path.moves += static_cast<Index>(step.moves.size());
    if (kmscape::is_cyclical(step.moves)) continue;
    for (const auto& [cluster, sign] : {std::pair{step.moves.front().from, -1}, {step.moves.back().to, 1}}) {
      if (direction(cluster) == -sign) {
        ++path.turns;
        turned(cluster) = 1;
      }
      direction(cluster) = sign;
    }
  }
  path.steps = static_cast<Index>(transition.steps.size());
  path.clusters_that_turn = turned.sum();
  path.barrier =
      *std::max_element(path.values.begin(), path.values.end()) - std::max(path.values.front(), path.values.back());
  return path;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "bhz_objective_path [--out DIR] [--restarts R] [--pairs P]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"restarts", "R", "restarts of the survey, 1000 unless given"},
                                         {"pairs", "P", "pairs of minima to join, 120 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto restarts = arguments.integer("restarts", 1000, 2), most_pairs = arguments.integer("pairs", 120, 1);

    kmscape::RandomStream stream(kmscape::Seed{3}, 0);
    Eigen::MatrixXd points(2, n);
    for (Index j = 0; j < n; ++j) points.col(j) << 1.6 * stream.uniform(), stream.uniform();
    const kmscape::EmpiricalObjective<double> data(points);
    examples::ProgressBar bar;
    const auto survey =
        kmscape::survey(data, {.clusters = k, .restarts = restarts, .seed = 1, .progress = bar.callback()});
    bar.clear();

    std::vector<Path> paths;
    const auto minima = static_cast<Index>(survey.minima.size());
    for (std::int64_t pair = 0; pair < most_pairs && minima > 1; ++pair) {
      const Index a = stream.index(minima), b = (a + 1 + stream.index(minima - 1)) % minima;
      const auto& low = survey.minima[static_cast<std::size_t>(std::min(a, b))];
      const auto& high = survey.minima[static_cast<std::size_t>(std::max(a, b))];
      const auto first = data.assign(low.centers).labels;
      kmscape::Labels last = data.assign(high.centers).labels;
      Eigen::MatrixXd last_sites = high.centers;
      rename(first, last, last_sites);
      paths.push_back(path_between(points, first, low.centers, last, last_sites, survey.best().value));
    }
    std::sort(paths.begin(), paths.end(), [](const Path& a, const Path& b) { return a.differ < b.differ; });

    double step_share = 0, steps = 0, differ = 0, moves = 0, turning = 0, turned = 0, flat = 0, barrier = 0;
    for (const auto& path : paths) {
      steps += static_cast<double>(path.steps);
      differ += static_cast<double>(path.differ);
      moves += static_cast<double>(path.moves);
      step_share += static_cast<double>(path.steps) / static_cast<double>(std::max<Index>(1, path.differ));
      turning += path.turns > 0;
      turned += static_cast<double>(path.clusters_that_turn);
      flat += path.barrier < 1e-9;
      barrier += path.barrier;
    }
    const auto count = static_cast<double>(std::max<std::size_t>(1, paths.size()));

    examples::Sheet sheet(folder / "bhz_objective_path.png", 1180, 900);
    std::vector<std::size_t> shown;
    for (std::size_t p = paths.size() / 3; p < paths.size() && shown.size() < 6;
         p += std::max<std::size_t>(1, paths.size() / 9))
      if (paths[p].values.size() > 3) shown.push_back(p);
    auto left =
        sheet.chart({80, 50, 470, 340},
                    std::to_string(shown.size()) + " ways between local minima, a colour each, dots at the minima",
                    "share of the exchanges made", "objective / best minimum");
    for (std::size_t s = 0; s < shown.size(); ++s) {
      const auto& values = paths[shown[s]].values;
      Eigen::MatrixXd curve(2, static_cast<Index>(values.size()));
      for (std::size_t r = 0; r < values.size(); ++r)
        curve.col(static_cast<Index>(r)) << static_cast<double>(r) / static_cast<double>(values.size() - 1), values[r];
      const auto colour = examples::colour(static_cast<Index>(s));
      left.line(curve, {colour, 1.8, 1});
      Eigen::MatrixXd ends(2, 2);
      ends << curve.col(0), curve.rightCols(1);
      left.dots(ends, colour, 0.7);
    }
    left.finish();
    auto right =
        sheet.chart({660, 50, 470, 340}, "exchanges against items that differ", "items that differ", "exchanges");
    Eigen::MatrixXd dots(2, static_cast<Index>(paths.size()));
    double widest = 1;
    for (std::size_t p = 0; p < paths.size(); ++p) {
      dots.col(static_cast<Index>(p)) << static_cast<double>(paths[p].differ), static_cast<double>(paths[p].steps);
      widest = std::max({widest, dots(0, static_cast<Index>(p)), dots(1, static_cast<Index>(p))});
    }
    Eigen::MatrixXd diagonal(2, 2);
    diagonal << 0, widest, 0, widest;
    right.set("key bottom right noautotitle");
    right.add(diagonal, "with lines lc rgb '" + examples::faint +
                            "' lw 1.2 dt 2 title 'one exchange for each item that differs'");
    right.dots(dots, examples::before_colour, 0.9);
    right.finish();
    if (!paths.empty()) {
      const auto& turning_most =
          *std::max_element(paths.begin(), paths.end(), [](const Path& a, const Path& b) { return a.turns < b.turns; });
      auto sizes = sheet.chart({80, 490, 470, 340}, "cluster sizes on the way that turns most often", "exchanges made",
                               "items in a cluster");
      sizes.set("key top center horizontal maxrows 2").set("offsets graph 0, graph 0, graph 0.2, graph 0");
      for (Index i = 0; i < k; ++i) {
        Eigen::MatrixXd curve(2, static_cast<Index>(turning_most.sizes.size()));
        for (std::size_t r = 0; r < turning_most.sizes.size(); ++r)
          curve.col(static_cast<Index>(r)) << static_cast<double>(r), turning_most.sizes[r](i);
        sizes.add(curve, "with lines lw 1.8 lc rgb '" + examples::colour(i) + "' title 'cluster " +
                             std::to_string(i + 1) + "'");
      }
      sizes.finish();
      auto rise = sheet.chart({660, 490, 470, 340}, "how high the way leads", "items that differ",
                              "rise above the higher minimum, % of the best");
      for (Index p = 0; p < dots.cols(); ++p) dots(1, p) = 100 * paths[static_cast<std::size_t>(p)].barrier;
      rise.dots(dots, examples::after_colour, 0.9);
      rise.finish();
    }
    sheet.draw();

    examples::Report report(
        "bhz_objective_path", "BHZ section 6 with numbers, and the k-means objective along a transition",
        std::to_string(n) + " items uniform in a rectangle, k = " + std::to_string(k) + ": " +
            std::to_string(survey.minima.size()) + " local minima in " + std::to_string(restarts) + " restarts, " +
            std::to_string(paths.size()) +
            " pairs of them joined by transitions between their centers, clusters named to agree in as many items as "
            "possible. The objective is the one with the means as centers; the dashed line is one exchange for each "
            "item that differs.");
    report.row("exchanges for each item that differs", "below 1 in all runs between radial clusterings",
               examples::number(step_share / count, 3) + " on average",
               examples::number(steps / count, 3) + " exchanges move " + examples::number(moves / count, 3) +
                   " items where " + examples::number(differ / count, 3) + " differ");
    report.row("cluster sizes monotone?", "open",
               examples::number(100 * turning / count, 3) + "% of transitions have a cluster that grows and shrinks",
               examples::number(turned / count, 3) + " of " + std::to_string(k) +
                   " clusters on average; with fixed sites sizes are always monotone (Algorithm 2 takes best paths)");
    report.row(
        "objective between two minima", "nothing",
        "rises above the higher minimum by " + examples::number(100 * barrier / count, 3) + "% of the best on average",
        examples::number(100 * flat / count, 3) + "% of the paths never rise above their higher end");
    report.write(folder);
  });
}

// BHZ Tables 1 and 2: steps and time of transitions on random instances, beside the paper's linear programs, and how
// they grow beyond its sizes.
//
// Small run: --out {out} --runs 1 --most-items 1000
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"
#include "common/transition_instances.hpp"

namespace {

using kmscape::Index;

// In each row run 0 is not counted: it warms caches and the heap up.
struct Measured {
  double steps = 0, seconds = 0, differ = 0, setup = 0;  // means over the runs; setup is a part of seconds
};

template <class Work>
double seconds_of(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Algorithm 2 on uniform items: from an assignment with random sizes within (1 +- slack) n / k to the radial one.
Measured fixed_sites(Index k, Index n, double slack, std::int64_t runs) {
  Measured result;
  for (std::int64_t run = 0; run <= runs; ++run) {
    kmscape::RandomStream stream(kmscape::Seed{static_cast<std::uint64_t>(run)}, 11);
    const Eigen::MatrixXd points = examples::uniform_items(n, stream);
    const Eigen::MatrixXd sites = examples::spread_sites(k, stream);
    // Bounds are drawn around n / k, and so are sizes within them; what is left over goes where there is room.
    const double mean = static_cast<double>(n) / static_cast<double>(k);
    kmscape::Counts lower(k), upper(k), sizes(k);
    for (Index i = 0; i < k; ++i) {
      lower(i) = static_cast<Index>(std::floor(mean * (1 - slack * stream.uniform())));
      upper(i) = static_cast<Index>(std::ceil(mean * (1 + slack * stream.uniform())));
      sizes(i) = lower(i) + stream.index(upper(i) - lower(i) + 1);
    }
    for (Index left = n - sizes.sum(); left != 0; left = n - sizes.sum()) {
      const Index i = stream.index(k);
      if (left > 0 && sizes(i) < upper(i)) ++sizes(i);
      if (left < 0 && sizes(i) > lower(i)) --sizes(i);
    }
    const auto start = kmscape::constrained_lsa(points, sites, sizes);
    std::size_t steps = 0;
    const double seconds = seconds_of([&] {
      steps =
          kmscape::lsa_to_radial(points, start, sites, lower, upper, {.diagrams = kmscape::Diagrams::all}).steps.size();
    });
    if (run == 0) continue;
    result.seconds += seconds;
    result.steps += static_cast<double>(steps);
  }
  const auto count = static_cast<double>(runs);
  return {result.steps / count, result.seconds / count, 0, 0};
}

/// Algorithm 3 between radial clusterings that differ in a share of the items. Without diagrams, as for large
/// instances, no run is spent on warming up.
Measured moving_sites(Index k, Index n, double difference, std::int64_t runs, kmscape::Diagrams diagrams) {
  Measured result;
  for (std::int64_t run = diagrams == kmscape::Diagrams::none ? 1 : 0; run <= runs; ++run) {
    const auto instance = examples::transition_instance(n, k, difference, static_cast<std::uint64_t>(run));
    kmscape::TransitionSequenceOptions options;
    options.diagrams = diagrams;
    Index steps = 0;
    std::optional<kmscape::TransitionSequence> sequence;
    const double setup = seconds_of([&] {
      sequence.emplace(instance.points, instance.start, instance.start_sites, instance.target, instance.target_sites,
                       options);
    });
    const double walk = seconds_of([&] {
      while (const auto step = sequence->next()) ++steps;
    });
    if (run == 0) continue;
    result.setup += setup;
    result.seconds += setup + walk;
    result.steps += static_cast<double>(steps);
    result.differ += instance.difference;
  }
  const auto count = static_cast<double>(runs);
  return {result.steps / count, result.seconds / count, result.differ / count, result.setup / count};
}

struct Row {
  Index k, n;
  std::array<double, 3> steps, seconds;  // the paper's
};

const std::vector<Row> table_1 = {
    {5, 100, {1.55, 5.35, 8.56}, {0.01, 0.04, 0.06}},  {10, 100, {1.60, 5.88, 11.8}, {0.01, 0.12, 0.23}},
    {10, 500, {12.5, 24.0, 50.2}, {0.96, 3.07, 4.87}}, {10, 1000, {24.6, 70.2, 132}, {4.88, 11.1, 19.6}},
    {10, 5000, {157, 380, 625}, {180, 377, 579}},      {20, 5000, {129, 335, 640}, {213, 659, 1260}}};
const std::vector<Row> table_2 = {
    {5, 100, {6, 13, 0}, {0.2, 0.4, 0}},         {10, 100, {6, 12, 0}, {0.2, 0.5, 0}},
    {10, 500, {29, 68, 0}, {5.7, 14.0, 0}},      {10, 1000, {58, 124, 0}, {39.9, 87.5, 0}},
    {10, 2500, {121, 380, 0}, {747, 2364, 0}},   {20, 2500, {104, 345, 0}, {1675, 5554, 0}},
    {10, 5000, {232, 702, 0}, {8007, 24205, 0}}, {20, 5000, {220, 685, 0}, {24794, 77655, 0}}};
constexpr std::array<double, 3> slacks = {0.1, 0.25, 0.4}, differences = {0.1, 0.25, 0};

std::string percent(double share) { return examples::number(100 * share, 2) + "%"; }
std::string told(double steps, double seconds) {
  return examples::number(steps, 4) + " steps, " + examples::number(seconds, 3) + " s";
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv, "bhz_tables [--out DIR] [--runs R] [--most-items N] [--large]",
        {{"out", "DIR", "folder for the picture and its page"},
         {"runs", "R", "runs for each row of the tables, 20 unless given, as in the paper"},
         {"most-items", "N", "largest instance, 1000000 unless given"},
         {"large", "", "also k = 10 and 100 with more than 100000 items, which takes minutes"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto runs = arguments.integer("runs", 20, 1), most = arguments.integer("most-items", 1'000'000, 100);
    const auto most_beside = arguments.has("large") ? most : std::min<Index>(most, 100'000);

    examples::Report report(
        "bhz_tables", "BHZ Tables 1 and 2, and beyond",
        "Items uniform in the unit square, sites spread at random. Paper: Gurobi on an i7-7700HQ. Means over " +
            std::to_string(runs) +
            " runs with all power diagrams, as in the paper; rows that say 'one run' are that, without diagrams, and "
            "so "
            "are the upper panels.");
    examples::ProgressBar bar;
    const auto progress = bar.callback();
    Index done = 0;
    const auto total = static_cast<Index>(3 * table_1.size() + 2 * table_2.size());
    const auto advance = [&] { return !progress || progress({"rows", ++done, total}); };
    for (const auto& row : table_1)
      for (std::size_t c = 0; c < 3 && row.n <= most; ++c) {
        const auto ours = fixed_sites(row.k, row.n, slacks[c], runs);
        report.row(
            "Table 1, k = " + std::to_string(row.k) + ", n = " + std::to_string(row.n) + ", slack " +
                percent(slacks[c]),
            told(row.steps[c], row.seconds[c]), told(ours.steps, ours.seconds),
            c == 2 ? "the most improving path each time: no sequence of exchanges between these sizes is shorter" : "");
        advance();
      }
    std::vector<Eigen::Vector3d> points;  // n, paper's seconds, ours
    for (const auto& row : table_2)
      for (std::size_t c = 0; c < 2 && row.n <= most; ++c) {
        const auto ours = moving_sites(row.k, row.n, differences[c], runs, kmscape::Diagrams::all);
        report.row("Table 2, k = " + std::to_string(row.k) + ", n = " + std::to_string(row.n) + ", " +
                       percent(differences[c]) + " differ",
                   told(row.steps[c], row.seconds[c]), told(ours.steps, ours.seconds),
                   "faster by " + examples::number(row.seconds[c] / ours.seconds, 2));
        if (c == 1 && row.k == 10) points.emplace_back(static_cast<double>(row.n), row.seconds[c], ours.seconds);
        advance();
      }

    // Beyond the tables: one run each, without diagrams.
    const auto curve = [&](const std::vector<Index>& sizes, Index k, Index largest) {
      std::vector<Eigen::Vector3d> result;
      for (const Index n : sizes)
        if (n <= largest) {
          const auto ours = moving_sites(k, n, 0.25, 1, kmscape::Diagrams::none);
          const double step = 1e6 * (ours.seconds - ours.setup) / ours.steps;
          result.emplace_back(static_cast<double>(n), ours.seconds, step);
          report.row("k = " + std::to_string(k) + ", n = " + std::to_string(n) + ", 25% differ, one run", "",
                     told(ours.steps, ours.seconds),
                     examples::number(step, 3) + " us a step after " + examples::number(ours.setup, 2) + " s of setup");
        }
      if (result.size() > 1)
        report.row(
            "k = " + std::to_string(k) + ": a step's time grows as n to the power of", "2.2 (n = 500 to 5000, k = 10)",
            examples::number(
                std::log(result.back()(2) / result.front()(2)) / std::log(result.back()(0) / result.front()(0)), 2),
            "from n = " + examples::number(result.front()(0)) + " to " + examples::number(result.back()(0)) +
                ", setup left out");
      return result;
    };
    const std::vector<Index> sizes = {1000, 3000, 10'000, 30'000, 100'000, 300'000, 1'000'000};
    const auto ten = curve(sizes, 10, most_beside), twenty = curve(sizes, 20, most),
               hundred = curve({10'000, 100'000, 1'000'000}, 100, most_beside);

    // Growth with the number of clusters and with the share of items that differ: what grows, steps, microseconds a
    // step.
    const Index middle = std::min<Index>(most, 5000);
    std::vector<Eigen::Vector3d> by_clusters, by_difference;
    const auto enter = [&](std::vector<Eigen::Vector3d>& into, double value, const Measured& ours,
                           const std::string& name) {
      into.emplace_back(value, ours.steps, 1e6 * ours.seconds / ours.steps);
      report.row(name + ", n = " + std::to_string(middle), "", told(ours.steps, ours.seconds),
                 examples::number(into.back()(2), 3) + " us a step");
    };
    for (const Index k : {2, 5, 10, 20, 50, 100})
      enter(by_clusters, static_cast<double>(k), moving_sites(k, middle, 0.25, runs, kmscape::Diagrams::all),
            "k = " + std::to_string(k) + ", 25% differ");
    for (const double share : {0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5}) {
      const auto ours = moving_sites(20, middle, share, runs, kmscape::Diagrams::all);
      enter(by_difference, 100 * ours.differ, ours, "k = 20, " + percent(ours.differ) + " differ");
    }
    bar.clear();

    const auto columns = [](const std::vector<Eigen::Vector3d>& from, Index column) {
      Eigen::MatrixXd result(2, static_cast<Index>(from.size()));
      for (std::size_t i = 0; i < from.size(); ++i) result.col(static_cast<Index>(i)) << from[i](0), from[i](column);
      return result;
    };
    examples::Sheet sheet(folder / "bhz_tables.png", 1180, 900);
    auto left = sheet.chart({80, 50, 470, 340}, "a whole transition, 25% of the items differ", "items n", "seconds");
    left.set("logscale xy")
        .set("key bottom right")
        .set("yrange [1e-7:1e5]")
        .set("format y '10^{%L}'")
        .set("format x '10^{%L}'");
    const auto draw = [&](examples::Drawing& chart, const std::vector<Eigen::Vector3d>& from, Index column,
                          const std::string& colour, const std::string& title) {
      if (!from.empty())
        chart.add(columns(from, column),
                  "with linespoints pt 7 ps 0.8 lw 1.6 lc rgb '" + colour + "' title '" + title + "'");
    };
    draw(left, points, 1, examples::faint, "linear programs, k = 10 (BHZ)");
    draw(left, ten, 1, examples::colour(0), "k = 10");
    draw(left, twenty, 1, examples::colour(1), "k = 20");
    draw(left, hundred, 1, examples::colour(2), "k = 100");
    left.finish();
    auto right = sheet.chart({660, 50, 470, 340}, "one exchange, once set up", "items n", "microseconds");
    right.set("logscale xy").set("key top left").set("format x '10^{%L}'").set("yrange [1:1000]");
    draw(right, ten, 2, examples::colour(0), "k = 10");
    draw(right, twenty, 2, examples::colour(1), "k = 20");
    draw(right, hundred, 2, examples::colour(2), "k = 100");
    right.finish();
    auto clusters =
        sheet.chart({80, 490, 470, 340}, "the number of clusters, n = " + std::to_string(middle), "clusters k", "");
    clusters.set("logscale xy").set("key top left").set("yrange [1:10000]").set("format y '10^{%L}'");
    clusters.set("xtics (2, 5, 10, 20, 50, 100)").set("xrange [1.7:120]");
    draw(clusters, by_clusters, 1, examples::colour(0), "steps");
    draw(clusters, by_clusters, 2, examples::colour(4), "microseconds a step");
    clusters.finish();
    auto differing =
        sheet.chart({660, 490, 470, 340}, "the share of items that differ, k = 20, n = " + std::to_string(middle),
                    "per cent of the items differ", "steps");
    differing.set("key top left").set("xrange [0:*]").set("yrange [0:*]");
    draw(differing, by_difference, 1, examples::colour(1), "steps");
    if (middle == 5000) draw(differing, {{10, 220, 0}, {25, 685, 0}}, 1, examples::faint, "steps of BHZ");
    differing.finish();
    sheet.draw();
    report.write(folder);
  });
}

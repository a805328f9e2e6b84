// How often one run finds every planted cluster, and what it costs: seedings, best of 10 and of 100 restarts, and the
// ways to leave a bad minimum, on sets in the manner of the S, A, Unbalance and Dim benchmarks.
//
// Small run: --out {out} --runs 4 --slow-runs 1
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/gnuplot.hpp"
#include "common/planted_sets.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;
using Objective = kmscape::EmpiricalObjective<double>;

struct Run {
  Eigen::MatrixXd centers;
  double value = 0, seconds = 0;
  bool found = false;  // the structure of the best known clustering
};

struct Method {
  std::string name;
  bool is_slow;
  std::function<Run(const Objective&, Index, std::uint64_t)> run;
};

struct Outcome {
  double success = 0, low = 0, high = 0;  // shares
  double cost = 0;                        // in median runs of k-means++
};

kmscape::RandomStream stream_of(std::uint64_t seed) { return kmscape::RandomStream(kmscape::Seed{11}, seed); }

Run restart(const Objective& objective, Index k, kmscape::Seeding seeding, std::uint64_t seed) {
  auto stream = stream_of(seed);
  auto fit = kmscape::lloyd(objective, kmscape::seed_centers(objective, k, {.method = seeding}, stream).centers);
  return {std::move(fit.centers), fit.value, 0, false};
}

/// From the same k-means++ seeding as the restart of this number; its Lloyd iteration is part of the escape.
Run escaped(const Objective& objective, Index k, kmscape::EscapeStrategy strategy, std::uint64_t seed) {
  auto stream = stream_of(seed);
  kmscape::EscapeOptions options;
  options.strategy = strategy;
  options.seed = kmscape::Seed{seed};
  if (strategy == kmscape::EscapeStrategy::random_swap) options.max_moves = 6 * k;
  if (strategy == kmscape::EscapeStrategy::ls_plus_plus) options.max_moves = 2 * k;
  if (strategy == kmscape::EscapeStrategy::over_parametrised) options.max_moves = 5;
  auto result = kmscape::escape(objective, kmscape::seed_centers(objective, k, {}, stream).centers, options);
  return {std::move(result.centers), result.value, 0, false};
}

std::vector<Method> methods() {
  std::vector<Method> all;
  const auto add_seeding = [&](const std::string& name, kmscape::Seeding seeding) {
    all.push_back({name, false, [=](const Objective& objective, Index k, std::uint64_t seed) {
                     return restart(objective, k, seeding, seed);
                   }});
  };
  const auto add_escape = [&](const std::string& name, kmscape::EscapeStrategy strategy, bool is_slow) {
    all.push_back({name, is_slow, [=](const Objective& objective, Index k, std::uint64_t seed) {
                     return escaped(objective, k, strategy, seed);
                   }});
  };
  add_seeding("k-means++", kmscape::Seeding::kmeans_plus_plus);  // first: its median run is the unit of cost
  add_seeding("uniform points", kmscape::Seeding::uniform_points);
  add_seeding("greedy k-means++", kmscape::Seeding::greedy_kmeans_plus_plus);
  add_escape("random swap", kmscape::EscapeStrategy::random_swap, true);
  add_escape("LS++", kmscape::EscapeStrategy::ls_plus_plus, true);
  add_escape("fission-fusion", kmscape::EscapeStrategy::fission_fusion, true);
  add_escape("over-parametrised", kmscape::EscapeStrategy::over_parametrised, true);
  add_escape("breathing", kmscape::EscapeStrategy::breathing, true);
  add_escape("best (default)", kmscape::EscapeStrategy::best, false);
  return all;
}

/// Of this thread: unlike time on the wall it does not count what other programs take of the core.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double median_seconds(const std::vector<Run>& runs) {
  std::vector<double> seconds;
  for (const auto& run : runs) seconds.push_back(run.seconds);
  return median(std::move(seconds));
}

Outcome outcome_of(const std::vector<Run>& runs, double unit) {
  const auto found = std::count_if(runs.begin(), runs.end(), [](const Run& run) { return run.found; });
  const auto interval = kmscape::wilson_interval(found, static_cast<Index>(runs.size()));
  return {static_cast<double>(found) / static_cast<double>(runs.size()), interval.low, interval.high,
          median_seconds(runs) / unit};
}

/// The lowest of `size` restarts: the mean over all choices of so many of the runs.
Outcome best_of(std::vector<Run> runs, Index size) {
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.value < b.value; });
  const auto total = static_cast<double>(runs.size()), chosen = static_cast<double>(std::min<Index>(size, runs.size()));
  // Probability that run i is the lowest of those chosen: C(n - 1 - i, m - 1) / C(n, m).
  double lowest = chosen / total, success = 0;
  for (std::size_t i = 0; i < runs.size() && lowest > 0; ++i) {
    if (runs[i].found) success += lowest;
    const double left = total - 1 - static_cast<double>(i);
    lowest *= left > 0 ? std::max(0.0, left - chosen + 1) / left : 0;
  }
  return {success, success, success, static_cast<double>(size)};
}

struct Row {
  std::string name, words;
  std::vector<Outcome> outcomes;
  double unit = 0;  // seconds of a median run of k-means++
  bool is_planted = true;
};

Row measure(const examples::PlantedSet& set, const std::vector<Method>& all, Index runs, Index slow_runs,
            const kmscape::ProgressCallback& progress) {
  const Objective objective(set.points);
  const Index k = set.true_centers.cols(), d = set.points.rows();
  Row row{set.name, {}, {}, 0, true};
  row.words = "n = " + std::to_string(set.points.cols()) + ", d = " + std::to_string(d) + ", k = " + std::to_string(k) +
              ", overlap " + examples::number(100 * examples::overlap(set), 2) + "%";

  kmscape::ThreadTeam team(0);
  std::vector<std::vector<Run>> results;
  for (const auto& method : all) {
    auto& own = results.emplace_back(static_cast<std::size_t>(method.is_slow ? slow_runs : runs));
    team.run(static_cast<Index>(own.size()), [&](Index r, int) {
      const double begin = processor_seconds();
      auto& run = own[static_cast<std::size_t>(r)];
      run = method.run(objective, k, static_cast<std::uint64_t>(r));
      run.seconds = processor_seconds() - begin;
    });
    if (progress) progress({set.name, static_cast<Index>(results.size()), static_cast<Index>(all.size())});
  }
  // The structure to find is that of the lowest clustering known, be it the planted one or not.
  auto reference = kmscape::lloyd(objective, set.true_centers);
  for (const auto& own : results)
    for (const auto& run : own)
      if (run.value < reference.value) {
        reference.value = run.value;
        reference.centers = run.centers;
      }
  row.is_planted = kmscape::centroid_index(reference.centers, set.true_centers) == 0;
  for (auto& own : results)
    for (auto& run : own) run.found = kmscape::centroid_index(run.centers, reference.centers) == 0;
  row.unit = median_seconds(results.front());
  for (std::size_t m = 0; m < results.size(); ++m) {
    row.outcomes.push_back(outcome_of(results[m], row.unit));
    if (m != 2) continue;
    row.outcomes.push_back(best_of(results.front(), 10));
    row.outcomes.push_back(best_of(results.front(), 100));
  }
  return row;
}

std::vector<std::string> names_of(const std::vector<Method>& all) {
  std::vector<std::string> names;
  for (const auto& method : all) names.push_back(method.name);
  names.insert(names.begin() + 3, {"best of 10 restarts", "best of 100 restarts"});
  return names;
}

void draw(const std::filesystem::path& path, const std::vector<Row>& rows, const std::vector<std::string>& names,
          const std::string& note) {
  examples::Picture picture(path, 2400, 1060);
  // Round: one restart; squares: many; triangles and diamonds: escapes.
  const std::string shapes[] = {"7", "7", "7", "5", "5", "9", "9", "11", "11", "13", "13"};
  const Eigen::Index colours[] = {0, 7, 5, 3, 6, 7, 1, 3, 5, 2, 4};
  const auto mark = [&](std::size_t m) {
    return "with points pt " + shapes[m] + " ps " + (m + 1 == names.size() ? "1.6" : "1.15") + " lc rgb '" +
           examples::colour(colours[m]) + "'";
  };
  picture << "set termoption fontscale 2"
          << "set termoption linewidth 2"
          << "set termoption pointscale 2"
          << "set multiplot"
          << "unset key"
          << "set lmargin at screen 0.065\nset rmargin at screen 0.46\nset tmargin at screen 0.90\nset bmargin at "
             "screen 0.13"
          << "set title 'One run: success against cost, one mark for each set'"
          << "set logscale x"
          << "set xrange [0.5:400]"
          << "set yrange [-3:126]"
          << "set xtics (1, 2, 5, 10, 20, 50, 100, 200)"
          << "set ytics 0,20,100"
          << "set xlabel 'cost, in median runs of k-means++ with Lloyd''s iteration'"
          << "set ylabel '% of runs that find every cluster' offset 0.5,0"
          << "set grid ytics lc '#E8E8E8'"
          << "set label 3 'aim: at most 10' at 11,30 left font ',9' textcolor '#777777'"
          << "set arrow 1 from 10,-3 to 10,126 nohead lc '#999999' dt 2 back"
          << "set object 1 rectangle from graph 0, first 101 to graph 1, first 126 fc rgb '#EEF4F0' fs solid noborder "
             "behind"
          << "set label 1 \"all runs (100%):\\na row for each method\" at 0.56,119 left font ',9' textcolor '#3F6350'";
  std::string plot;
  for (std::size_t m = 0; m < names.size(); ++m) {
    Eigen::MatrixXd marks(2, static_cast<Index>(rows.size()));
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto& outcome = rows[r].outcomes[m];
      // Marks of full success would hide each other on one line.
      const double lane = 124 - 2.1 * static_cast<double>(m);
      marks.col(static_cast<Index>(r)) << outcome.cost, outcome.success < 1 ? 100 * outcome.success : lane;
    }
    plot += (m > 0 ? ", " : "plot ") + picture.data(marks) + " " + mark(m);
  }
  picture << plot;

  Eigen::MatrixXd tiles(3, static_cast<Index>(rows.size() * names.size()));
  std::string x_tics, y_tics;
  picture << "unset arrow 1"
          << "unset object 1"
          << "unset label 1"
          << "unset label 3"
          << "unset grid"
          << "unset logscale"
          << "unset xlabel"
          << "unset ylabel"
          << "unset title"
          << "set border 0"
          << "set label 2 '% of runs that find every cluster' at screen 0.78,0.94 center font ',12'"
          << "set label 4 '" + note + "' at screen 0.965,0.085 right font ',9' textcolor '#555555'"
          << "set lmargin at screen 0.61\nset rmargin at screen 0.965\nset tmargin at screen 0.79"
          << "set xrange [-1.3:" + std::to_string(rows.size()) + " - 0.5]"
          << "set yrange [" + std::to_string(names.size()) + " - 0.5:-0.5]"
          << "set palette defined (0 '#B4553A', 50 '#E9C7A8', 90 '#F3EFE0', 99 '#BFD9C6', 100 '#8DB59C')"
          << "set cbrange [0:100]"
          << "unset colorbox";
  std::string legend;
  for (std::size_t m = 0; m < names.size(); ++m) {
    y_tics += (m > 0 ? ", " : "") + ("'" + names[m] + "' ") + std::to_string(m);
    legend += ", " + picture.data(Eigen::Vector2d(-0.95, static_cast<double>(m))) + " " + mark(m);
    for (std::size_t r = 0; r < rows.size(); ++r)
      tiles.col(static_cast<Index>(m * rows.size() + r)) << static_cast<double>(r), static_cast<double>(m),
          100 * rows[r].outcomes[m].success;
  }
  for (std::size_t r = 0; r < rows.size(); ++r)
    x_tics += (r > 0 ? ", " : "") + ("'" + rows[r].name + "' ") + std::to_string(r);
  const auto block = picture.data(tiles);
  picture << "set x2tics (" + x_tics + ") scale 0 rotate by 35 left offset -0.5,-0.3"
          << "unset xtics"
          << "set x2range [-1.3:" + std::to_string(rows.size()) + " - 0.5]"
          << "set ytics (" + y_tics + ") scale 0"
          << "plot " + block + " using 1:2:3 with image, " + block +
                 " using 1:2:(sprintf('%.0f', floor($3))) with labels font ',9' textcolor '#333333'" + legend
          << "unset multiplot";
  picture.draw();
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv, "escape_benchmark [--out DIR] [--runs R] [--slow-runs S] [--layout L]",
        {{"out", "DIR", "folder for the picture and its page"},
         {"runs", "R", "runs per set of the seedings and of the default escape, 400 unless given"},
         {"slow-runs", "S", "runs per set of the other strategies, 8 unless given"},
         {"layout", "L", "which centers and points the sets have, 11 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto runs = arguments.integer("runs", 400, 1), slow_runs = arguments.integer("slow-runs", 8, 1);
    const auto layout = static_cast<std::uint64_t>(arguments.integer("layout", 11, 1));

    const auto all = methods();
    const auto names = names_of(all);
    examples::ProgressBar bar;
    std::vector<Row> rows;
    for (const auto& set : examples::planted_benchmark(layout))
      rows.push_back(measure(set, all, runs, slow_runs, bar.callback()));
    bar.clear();

    examples::Report report(
        "escape_benchmark", "Finding every planted cluster in one run",
        "Gaussian clusters drawn from a seed, in the manner of the benchmark sets S, A, Unbalance and Dim; none of "
        "their data is used. Overlap: the share of points nearer to a point of another cluster than to the mean of "
        "their own. A run succeeds when the centroid index between its end and the lowest clustering known is 0. "
        "Escapes start from a k-means++ seeding; their cost includes it. Cost: median processor time in units of a "
        "median run of k-means++ with Lloyd's iteration, one thread a run, " +
            std::to_string(runs) + " runs a set (" + std::to_string(slow_runs) +
            " of the escapes other than the default); in brackets 95% intervals of the success. Best of m restarts: "
            "over all choices of m "
            "of the runs, lowest value. The default escape's settings were chosen on layout 1 of the sets; this is "
            "layout " +
            std::to_string(layout) + ".");
    for (const auto& row : rows) {
      std::string measured;
      for (std::size_t m = 0; m < names.size(); ++m) {
        const auto& outcome = row.outcomes[m];
        measured += (m > 0 ? "; " : "") + names[m] + " " +
                    examples::number(std::floor(1000 * outcome.success) / 10, 3) + "%" +
                    // Few runs say little; of best-of-m shares no interval is known.
                    (outcome.low < outcome.high ? " [" + examples::number(100 * outcome.low, 3) + "%, " +
                                                      examples::number(100 * outcome.high, 3) + "%]"
                                                : "") +
                    " at " + examples::number(outcome.cost, 2);
      }
      report.row(row.name + ": " + row.words, "", measured,
                 "unit " + examples::number(1e3 * row.unit, 2) + " ms; " +
                     (row.is_planted ? "the lowest clustering has the planted structure"
                                     : "the lowest clustering is not the planted one"));
    }
    double least = 1, lowest = 1, most = 0;
    std::string worst;
    for (const auto& row : rows) {
      const auto& best = row.outcomes.back();
      least = std::min(least, best.success);
      lowest = std::min(lowest, best.low);
      if (best.cost > most) worst = row.name;
      most = std::max(most, best.cost);
    }
    report.row("best, over all sets", "at least 99% at a cost of at most 10 (this library's aim)",
               "at least " + examples::number(std::floor(1000 * least) / 10, 3) + "% at a cost of at most " +
                   examples::number(most, 2) + " (" + worst + ")",
               "95% interval of the least: from " + examples::number(100 * lowest, 4) + "%");
    draw(folder / "escape_benchmark.png", rows, names,
         "random swap to breathing: " + std::to_string(slow_runs) + " runs a set, the others " + std::to_string(runs) +
             "; rounded down");
    report.write(folder);
  });
}

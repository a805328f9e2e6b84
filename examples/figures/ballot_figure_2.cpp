// BalLOT Figure 2: median running time against n, two balls in the plane. Lengths up to 2^27 on request: 2 GB of
// points.
//
// Small run: --out {out} --largest 10 --repeats 1
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;

constexpr double relaxation_tolerance = 1e-4;
constexpr int relaxation_iterations = 1000;

/// A method, and the largest n (as a power of two) at which it is still run.
struct Method {
  std::string name;
  int largest;
};
const std::array<Method, 5> methods = {
    {{"BalLOT", 27}, {"E-BalLOT", 27}, {"Lloyd", 27}, {"Hungarian / Matchpair", 10}, {"Amini-Levina SDP", 7}}};

template <class Work>
double seconds(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// The exponent p of y ~ x^p, by least squares of the logarithms of the columns (x, y).
double growth(const Eigen::MatrixXd& line) {
  const Eigen::ArrayXd x = line.row(0).array().log().transpose(), y = line.row(1).array().log().transpose();
  return ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum();
}

double run_method(std::size_t method, const Eigen::MatrixXd& points,
                  const kmscape::EmpiricalObjective<double>& objective, const Eigen::MatrixXd& start) {
  return seconds([&] {
    switch (method) {
      case 0:
        return void(kmscape::ballot(points, start));
      case 1:
        return void(kmscape::entropic_ballot(points, start));
      case 2:
        return void(kmscape::lloyd(objective, start));
      case 3:
        return void(kmscape::matching_ballot(points, start));
      default:
        return void(kmscape::amini_levina(
            points, 2, {.tolerance = relaxation_tolerance, .max_iterations = relaxation_iterations}));
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv, "ballot_figure_2 [--out DIR] [--largest P] [--repeats R]",
        {{"out", "DIR", "folder for the picture and its page"},
         {"largest", "P", "up to 2^P points, 20 unless given; the paper's figure ends at 27"},
         {"repeats", "R", "samples for each n, 5 unless given; one above 2^22"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const int largest = static_cast<int>(arguments.integer("largest", 20, 3, 27));
    const auto repeats = arguments.integer("repeats", 5, 1, 1000);

    // Far enough apart that all methods recover them.
    Eigen::MatrixXd centers = Eigen::MatrixXd::Zero(2, 2);
    centers(0, 1) = 3;
    const kmscape::StochasticBallModel<double> model(centers, 1.0);
    std::array<std::vector<Eigen::Vector2d>, 5> medians;
    examples::ProgressBar bar;
    const auto progress = bar.callback();
    for (int power = 2; power <= largest; ++power) {
      const Index n = Index{1} << power;
      std::array<std::vector<double>, 5> times;
      for (std::int64_t repeat = 0; repeat < (power > 22 ? 1 : repeats); ++repeat) {
        const kmscape::Seed seed(static_cast<std::uint64_t>(repeat));
        const Eigen::MatrixXd points = model.sample_balanced(n, seed).points;
        const kmscape::EmpiricalObjective<double> objective(Eigen::Map<const Eigen::MatrixXd>(points.data(), 2, n));
        Eigen::MatrixXd start(2, 2);
        start << points.col(0), points.col(n / 2);
        if (start.col(0) == start.col(1)) continue;
        for (std::size_t m = 0; m < methods.size(); ++m)
          if (power <= methods[m].largest) times[m].push_back(run_method(m, points, objective, start));
      }
      for (std::size_t m = 0; m < methods.size(); ++m) {
        if (times[m].empty()) continue;
        std::sort(times[m].begin(), times[m].end());
        medians[m].emplace_back(static_cast<double>(n), times[m][times[m].size() / 2]);
      }
      if (progress) progress({"sizes", power - 1, largest - 1});
    }
    bar.clear();

    examples::Report report(
        "ballot_figure_2", "BalLOT Figure 2: running time against n",
        "Two unit balls in the plane, 3 apart, n points; medians over samples, one thread, from two data points. "
        "Growth is the exponent p of time ~ n^p, fitted to the ten doublings that end at the largest n, for the others "
        "to the last three. The relaxation is solved to a relative tolerance of " +
            examples::number(relaxation_tolerance) + " or for " + std::to_string(relaxation_iterations) +
            " iterations, and rounded; it and matching end where they take too long.");
    examples::Sheet sheet(folder / "ballot_figure_2.png", 760, 500);
    auto chart = sheet.chart({85, 50, 640, 380}, "Time to cluster n points into two balls", "n", "median seconds");
    chart.set("logscale xy")
        .set("format x '2^{%L}'")
        .set("format y '10^{%L}'")
        .set("logscale x 2")
        .set("key bottom right samplen 2");
    chart.set("xrange [3.2:" + examples::number(1.25 * std::ldexp(1.0, largest)) + "]");
    chart.set("grid ytics lc '#EEEEEE'");
    for (std::size_t m = 0; m < methods.size(); ++m) {
      const auto line = examples::in_columns(medians[m]);
      chart.add(line, "with linespoints lw 1.8 pt 7 ps 0.6 lc rgb '" +
                          (m == 4 ? examples::ink : examples::colour(static_cast<Index>(m))) + "' title '" +
                          methods[m].name + "'");
      const Index last = line.cols() - 1;
      const bool is_linear = m < 3;
      const double exponent = growth(line.rightCols(std::min<Index>(line.cols(), is_linear ? 11 : 4)));
      report.row(methods[m].name, is_linear ? "near-linear" : "super-linear",
                 examples::number(line(1, last), 3) + " s at n = 2^" +
                     std::to_string(static_cast<int>(std::lround(std::log2(line(0, last))))) + ", growth n^" +
                     examples::number(exponent, 3));
    }
    chart.finish();
    sheet.draw();
    report.write(folder);
  });
}

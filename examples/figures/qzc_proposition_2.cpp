// QZC Proposition 2 and Figure 2 on data: the one-dimensional ball model (-2, 0, 2) has a spurious local minimum near
// (-2 - r/2, -2 + r/2, 1), and a survey of a balanced sample finds it, names it and counts it.
#include <algorithm>
#include <string>
#include <vector>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/gnuplot.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

constexpr double radius = 0.3;
constexpr kmscape::Index points = 3000, restarts = 20'000;

kmscape::Centers<double, 1> sorted(kmscape::Centers<double, 1> centers) {
  std::sort(centers.data(), centers.data() + centers.size());
  return centers;
}

std::string in_words(const kmscape::Centers<double, 1>& centers) {
  std::string out;
  for (const double center : centers.reshaped()) out += (out.empty() ? "(" : ", ") + examples::number(center, 4);
  return out + ")";
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "qzc_proposition_2 [--out DIR]",
                                        {{"out", "DIR", "folder for the picture and its page"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));

    const kmscape::StochasticBallModel model(kmscape::centers_on_line(3, 2.0), radius);
    const auto sample = model.sample_balanced(points, kmscape::Seed{1});
    const kmscape::EmpiricalObjective objective(sample.points);
    examples::ProgressBar bar;
    const auto survey = kmscape::survey(objective, {.clusters = 3,
                                                    .restarts = restarts,
                                                    .seeding = kmscape::Seeding::uniform_points,
                                                    .seed = 1,
                                                    .progress = bar.callback()});
    bar.clear();

    // The minima by structure: QZC's theorems know the words, the sample splits each into a few neighbours.
    struct Kind {
      std::string words;
      kmscape::Index count = 0, minima = 0;
      const kmscape::LocalMinimum<double, 1>* best = nullptr;
    };
    std::vector<Kind> kinds;
    for (const auto& minimum : survey.minima) {
      const auto words = describe(kmscape::associate(minimum.centers, model));
      auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.words == words; });
      if (kind == kinds.end()) kind = kinds.insert(kind, Kind{words, 0, 0, &minimum});
      kind->count += minimum.count;
      kind->minima += 1;
    }

    examples::Report report("qzc_proposition_2",
                            "QZC Proposition 2: the spurious minimum of the ball model on the line",
                            "The model (-2, 0, 2) with radius 0.3, a balanced sample of 3000 points, 20,000 restarts "
                            "from uniform points. Every "
                            "strip shows the best minimum of one structure: the sample (grey), the true centers "
                            "(stars), the fitted centers and "
                            "their cells. The paper's example is the first spurious one, up to the mirror image.");
    examples::Picture picture(folder / "qzc_proposition_2.png", 2000, 240 + 300 * static_cast<int>(kinds.size()));
    picture << "set termoption fontscale 2"
            << "set termoption linewidth 2"
            << "set termoption pointscale 2"
            << "set multiplot layout " + std::to_string(kinds.size()) + ",1 margins 0.03,0.97,0.07,0.91 spacing 0,0.15"
            << "unset key"
            << "unset ytics"
            << "set border 1"
            << "set xrange [-2.6:2.6]"
            << "set yrange [0:1]";
    for (std::size_t m = 0; m < kinds.size(); ++m) {
      const auto& kind = kinds[m];
      const auto centers = sorted(kind.best->centers);
      const double share = 100 * static_cast<double>(kind.count) / static_cast<double>(survey.restarts);
      picture << "set title \"" + examples::plain(kind.words) + ": " + examples::number(share, 3) + "% of restarts\"";
      std::string plot;
      for (Eigen::Index j = 0; j < 3; ++j) {
        const double left = j == 0 ? -2.6 : (centers(j - 1) + centers(j)) / 2;
        const double right = j == 2 ? 2.6 : (centers(j) + centers(j + 1)) / 2;
        Eigen::MatrixXd cell(2, 4);
        cell << left, right, right, left, 0, 0, 1, 1;
        plot += picture.data(cell) + " with filledcurves closed lc rgb '" + examples::pale_colour(j) + "', ";
      }
      Eigen::MatrixXd dots(2, points / 5);
      for (Eigen::Index i = 0; i < dots.cols(); ++i)
        dots.col(i) << sample.points(0, i),
            0.15 + 0.7 * kmscape::RandomStream(kmscape::Seed{0}, std::uint64_t(i)).uniform();
      Eigen::MatrixXd fitted(2, 3), truth(2, 3);
      fitted << centers, Eigen::RowVector3d::Constant(0.5);
      truth << model.centers(), Eigen::RowVector3d::Constant(0.5);
      const auto block = picture.data(fitted);
      picture << "plot " + plot + picture.data(dots) + " with points pt 7 ps 0.3 lc rgb '#9A9A9A', " +
                     picture.data(truth) + " with points pt 3 ps 1.6 lw 1.5 lc rgb '#222222', " + block +
                     " with points pt 7 ps 2.2 lc rgb 'white', " + block + " with points pt 7 ps 1.7 lc rgb '#D55E00'";

      const bool truth_found = m == 0;
      const bool paper_example = kind.words == "2 centers on cluster 0; 1 center over clusters {1, 2}";
      report.row(kind.words,
                 truth_found     ? "global minimum at (-2, 0, 2), objective per point r^2/3 = 0.03"
                 : paper_example ? "local minimum at (-2.15, -1.85, 1), objective per point 2/3 + r^2/4 = 0.689167"
                                 : "not named",
                 in_words(centers) + ", objective per point " +
                     examples::number(kind.best->value / static_cast<double>(points)) + ", " +
                     std::string(to_string(kind.best->certificate.status)),
                 examples::number(share, 3) + "% of restarts, in " + std::to_string(kind.minima) +
                     (kind.minima == 1 ? " minimum" : " minima") + " of the sample" +
                     (!truth_found && !paper_example ? "; the mirror image" : ""));
    }
    picture << "unset multiplot";
    picture.draw();
    report.write(folder);
  });
}

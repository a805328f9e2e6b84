// From the population to data: how far the local minima of G_n lie from those of G, and how many more there are.
//
// Around a strict minimum of G with Hessian H the nearest minimum of G_n is off by a normal error of covariance
// H^-1 V H^-1 / n, V the covariance of one point's gradient (Pollard 1982): blocks 4 E[(x - beta_i)(x - beta_i)'; V_i].
//
// Small run: --out {out} --trials 3 --largest 1000
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmscape/landscape/association.hpp>
#include <kmscape/landscape/population_survey.hpp>
#include <kmscape/landscape/survey.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/objective/empirical_objective.hpp>

#include "common/arguments.hpp"
#include "common/gnuplot.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;

/// Minima of G_n within so many standard errors of one of G, and nearer to it than halfway to the next, are its
/// shadows; the others exist on the sample only.
constexpr double near = 6;

/// The order of b's centers in which they lie nearest to a's.
Eigen::MatrixXd in_order_of(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  std::vector<Index> order(static_cast<std::size_t>(a.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  double least = std::numeric_limits<double>::infinity();
  Eigen::MatrixXd nearest = b;
  do {
    const Eigen::MatrixXd permuted = b(Eigen::all, order);
    const double sum = (a - permuted).squaredNorm();
    if (!(sum < least)) continue;
    least = sum;
    nearest = permuted;
  } while (std::next_permutation(order.begin(), order.end()));
  return nearest;
}

/// Root of the sum of squared distances between two sets of centers, matched as well as can be.
double distance(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) { return (a - in_order_of(a, b)).norm(); }

/// How many points two sets of centers, in one order, put into different cells.
Index points_between(const Eigen::MatrixXd& points, const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  Index count = 0;
  for (const auto& x : points.colwise()) {
    Index i = 0, j = 0;
    (a.colwise() - x).colwise().squaredNorm().minCoeff(&i);
    (b.colwise() - x).colwise().squaredNorm().minCoeff(&j);
    count += i != j;
  }
  return count;
}

/// sqrt(n) times the root-mean-square error that the limit theorem predicts.
template <class Model>
double error_constant(const kmscape::PopulationObjective<Model>& objective, const Eigen::MatrixXd& centers) {
  // The second moments of the cells, by a large sample; a few parts in a thousand do not show.
  constexpr Index points = 200'000;
  const auto sample = objective.model().sample(points, kmscape::Seed{2});
  const Index d = centers.rows(), k = centers.cols();
  Eigen::MatrixXd noise = Eigen::MatrixXd::Zero(d * k, d * k);
  for (Index x = 0; x < points; ++x) {
    Index i = 0;
    (centers.colwise() - sample.points.col(x)).colwise().squaredNorm().minCoeff(&i);
    const Eigen::VectorXd offset = sample.points.col(x) - centers.col(i);
    noise.block(d * i, d * i, d, d) += 4.0 / static_cast<double>(points) * offset * offset.transpose();
  }
  const Eigen::MatrixXd inverse = objective.hessian(centers).inverse();
  return std::sqrt((inverse * noise * inverse).trace());
}

/// The groups in a few words that fit a panel: `2 on 0, 1 over 1+2`.
std::string in_short(const kmscape::Association& association) {
  if (association.is_truth()) return "one center on each";
  std::string out;
  for (const auto& group : association.groups) {
    std::string clusters;
    for (const Index s : group.clusters) clusters.append(clusters.empty() ? "" : "+").append(std::to_string(s));
    out.append(out.empty() ? "" : ", ").append(std::to_string(group.centers.size()));
    out.append(group.clusters.size() > 1 ? " over " : " on ").append(clusters);
  }
  return out;
}

/// What samples of one size say: for every minimum of G the root-mean-square error, and counts a sample. A minimum of G
/// can have several shadows: the lowest stands for it, the others are its doubles.
struct AtSize {
  Index n = 0;
  Eigen::ArrayXd error;                       // of the lowest shadow, NaN where no sample has one
  double lowest = 0, doubles = 0, extra = 0;  // minima of G_n: lowest shadows, their doubles, and those elsewhere
  double apart = 0, moved = 0;  // of a double and its lowest shadow: mean distance, and points that they part otherwise
};

struct Study {
  std::string name;
  std::vector<Eigen::MatrixXd> minima;          // of G, by value
  std::vector<double> values, constants, room;  // room: half the distance to the nearest other minimum of G
  std::vector<std::string> words;
  std::vector<AtSize> sizes;
};

template <class Model, class Tick>
Study study_of(std::string name, const Model& model, Index k, std::int64_t trials, std::int64_t restarts,
               const std::vector<Index>& sizes, const Tick& tick) {
  const kmscape::PopulationObjective objective(model);
  Study study{std::move(name), {}, {}, {}, {}, {}, {}};
  const auto survey = kmscape::survey(objective, {.clusters = k, .restarts = 400, .seed = 1});
  for (const auto& minimum : survey.minima) {
    if (minimum.certificate.verdict != kmscape::PopulationVerdict::strict_minimum) continue;
    study.minima.push_back(minimum.centers);
    study.values.push_back(minimum.value);
    study.words.push_back(in_short(kmscape::associate(minimum.centers, model)));
    study.constants.push_back(error_constant(objective, minimum.centers));
  }

  const auto count = study.minima.size();
  for (std::size_t s = 0; s < count; ++s) {
    study.room.push_back(std::numeric_limits<double>::infinity());
    for (std::size_t t = 0; t < count; ++t)
      if (t != s) study.room[s] = std::min(study.room[s], distance(study.minima[s], study.minima[t]) / 2);
  }
  for (const Index n : sizes) {
    AtSize at{.n = n, .error = Eigen::ArrayXd::Zero(static_cast<Index>(count))};
    Eigen::ArrayXd seen = Eigen::ArrayXd::Zero(static_cast<Index>(count));
    for (std::int64_t trial = 0; trial < trials; ++trial) {
      const auto seed = static_cast<std::uint64_t>(trial) + 1;
      const kmscape::EmpiricalObjective data(
          model.sample(n, kmscape::Seed{1000 * seed + static_cast<std::uint64_t>(n)}).points);
      // Half of the restarts begin at a minimum of G, moved as far as its errors reach, the others at random points.
      std::vector<kmscape::FittedCenters<double, Model::dim>> starts;
      kmscape::RandomStream stream(kmscape::Seed{seed}, 0);
      for (std::int64_t r = 0; r < restarts; ++r) {
        kmscape::FittedCenters<double, Model::dim> start(model.dimension(), k);
        const auto s = static_cast<std::size_t>(r / 2) % count;
        const double spread = study.constants[s] / std::sqrt(static_cast<double>(n * k * model.dimension()));
        for (Index i = 0; i < k; ++i) {
          const auto point = std::min(static_cast<Index>(stream.uniform() * static_cast<double>(n)), n - 1);
          if (r % 2 == 0)
            for (Index e = 0; e < start.rows(); ++e) start(e, i) = study.minima[s](e, i) + spread * stream.normal();
          else
            start.col(i) = data.points().col(point);
        }
        starts.push_back(std::move(start));
      }
      const auto found = kmscape::survey(data, starts, {.same = kmscape::SameMinimum::centers, .stuck_tests = false});
      std::vector<const std::remove_cvref_t<decltype(found.minima.front())>*> lowest(count, nullptr);
      for (const auto& minimum : found.minima) {  // by value: the first shadow of a minimum of G is its lowest
        std::size_t nearest = 0;
        for (std::size_t s = 1; s < count; ++s)
          if (distance(study.minima[s], minimum.centers) < distance(study.minima[nearest], minimum.centers))
            nearest = s;
        const double error = distance(study.minima[nearest], minimum.centers);
        const bool is_near =
            error <= std::min(near * study.constants[nearest] / std::sqrt(static_cast<double>(n)), study.room[nearest]);
        if (!is_near) {
          at.extra += 1;
        } else if (!lowest[nearest]) {
          lowest[nearest] = &minimum;
          at.lowest += 1;
          at.error(static_cast<Index>(nearest)) += error * error;
          seen(static_cast<Index>(nearest)) += 1;
        } else {
          const Eigen::MatrixXd here = in_order_of(lowest[nearest]->centers, minimum.centers);
          at.doubles += 1;
          at.apart += (here - lowest[nearest]->centers).norm();
          at.moved += static_cast<double>(points_between(data.points(), lowest[nearest]->centers, here));
        }
      }
      tick();
    }
    at.error = (at.error / seen).sqrt();
    at.apart /= at.doubles;
    at.moved /= at.doubles;
    for (double* number : {&at.lowest, &at.doubles, &at.extra}) *number /= static_cast<double>(trials);
    study.sizes.push_back(std::move(at));
  }
  return study;
}

/// Slope of the logarithm of what `quantity` tells of a size over log n by least squares, from n = 300 on.
template <class Quantity>
double slope(const Study& study, const Quantity& quantity) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const auto& at : study.sizes) {
    if (at.n < 300 || !std::isfinite(quantity(at))) continue;
    const double u = std::log(static_cast<double>(at.n)), v = std::log(quantity(at));
    n += 1, x += u, y += v, xx += u * u, xy += u * v;
  }
  return (n * xy - x * y) / (n * xx - x * x);
}

/// A quantity at every size, in a row.
template <class Quantity>
std::string by_size(const Study& study, int digits, const Quantity& quantity) {
  std::string out;
  for (const auto& at : study.sizes) out += (out.empty() ? "" : ", ") + examples::number(quantity(at), digits);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "qzc_finite_sample [--out DIR] [--trials T] [--largest N]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"trials", "T", "samples of every size, 60 unless given"},
                                         {"largest", "N", "points of the largest sample, 30000 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto trials = arguments.integer("trials", 60, 1), largest = arguments.integer("largest", 30'000, 100);
    std::vector<Index> sizes;
    for (const Index n : {30, 100, 300, 1000, 3000, 10'000, 30'000, 100'000})
      if (n <= largest) sizes.push_back(n);

    examples::ProgressBar bar;
    const auto progress = bar.callback();
    Index done = 0;
    const auto tick = [&] {
      if (progress) progress({"samples", ++done, 2 * trials * static_cast<Index>(sizes.size())});
    };
    Eigen::MatrixXd plane(2, 3);
    plane << 0, 3.2, 1.2, 0, 0.4, 3;
    const std::array<Study, 2> studies = {
        study_of("three balls on the line",
                 kmscape::StochasticBallModel<double>(Eigen::MatrixXd(kmscape::centers_on_line(3, 2.0)), 0.3), 3,
                 trials, 60, sizes, tick),
        study_of("two centers on three Gaussians", kmscape::GaussianMixtureModel<double>(plane, 0.6), 2, trials, 60,
                 sizes, tick)};
    bar.clear();

    const std::string ink = "#3B4252", muted = "#6B7280";
    const std::array<std::array<std::string, 4>, 2> colours = {
        {{"#3E6D9C", "#B4553A", "#C98A6B", "#8A8FA0"}, {"#5B8C6E", "#9A7AA0", "#B98A3E", "#7C8DA6"}}};
    examples::Picture picture(folder / "qzc_finite_sample.png", 2200, 1000);
    const auto last = static_cast<double>(sizes.back());
    picture << "set termoption fontscale 2"
            << "set termoption linewidth 2"
            << "set termoption pointscale 2"
            << "set multiplot"
            << "unset key"
            << "set border 3 lc '#999999' lw 0.8"
            << "set tics nomirror out scale 0.6 textcolor '#555555'"
            << "set logscale xy"
            << "set format x '10^{%T}'"
            << "set xrange [20:" + examples::number(1.5 * last) + "]"
            << "set xlabel 'points n' textcolor '" + ink + "'"
            << "set tmargin at screen 0.90\nset bmargin at screen 0.145";
    examples::Report report(
        "qzc_finite_sample", "QZC on data: minima of the sample beside those of the population",
        "Left and middle: root-mean-square distance (of all centers together) from each minimum of G to the lowest "
        "minimum of G_n within 6 standard errors and halfway to the next, " +
            std::to_string(trials) +
            " samples a size; lines are the limit theorem's sqrt(tr(H^-1 V H^-1)/n), not a fit. '2 on 0, 1 over 1+2': "
            "two centers on cluster 0, one over clusters 1 and 2. Right: minima of G_n a sample: minima of G that have "
            "one near them, the further ones that some have, and those elsewhere.");
    for (std::size_t p = 0; p < studies.size(); ++p) {
      const auto& study = studies[p];
      const double left = 0.08 + 0.31 * static_cast<double>(p);
      picture << "unset label"
              << "set lmargin at screen " + examples::number(left) + "\nset rmargin at screen " +
                     examples::number(left + 0.235)
              << "set title '" + study.name + "' textcolor '" + ink + "'"
              << (p == 0 ? "set ylabel 'distance from the minimum of G' textcolor '" + ink + "' offset 0.5,0"
                         : std::string("unset ylabel"))
              << "set yrange [0.001:1]\nset format y '10^{%T}'";
      std::string plot;
      for (std::size_t m = 0; m < study.minima.size(); ++m) {
        Eigen::MatrixXd measured(2, static_cast<Index>(sizes.size()));
        for (std::size_t e = 0; e < sizes.size(); ++e)
          measured.col(static_cast<Index>(e)) << static_cast<double>(sizes[e]),
              study.sizes[e].error(static_cast<Index>(m));
        const std::string paint = "lc rgb '" + colours[p][m % 4] + "'";
        plot += (m > 0 ? ", " : "") + examples::number(study.constants[m]) + "/sqrt(x) with lines lw 1.2 " + paint +
                ", " + picture.data(measured) + " with points pt 7 ps 0.8 " + paint;
        picture << "set label '" + study.words[m] + "' at graph 0.04," +
                       examples::number(0.05 + 0.065 * static_cast<double>(m)) + " left textcolor '" +
                       colours[p][m % 4] + "'";
        const auto error = [&](const AtSize& at) { return at.error(static_cast<Index>(m)); };
        report.row(study.name + ", " + study.words[m] + ", G = " + examples::number(study.values[m], 5),
                   "open (Conclusion)", "n^(" + examples::number(slope(study, error), 3) + ") from n = 300 on",
                   "Pollard 1982: n^(-1/2); measured over predicted, by n: " + by_size(study, 2, [&](const AtSize& at) {
                     return error(at) * std::sqrt(static_cast<double>(at.n)) / study.constants[m];
                   }));
      }
      picture << "set label \"lines: predicted,\\n" +
                     std::string(p == 0 ? "the same for both\\nspurious minima" : "nearly the same\\nfor all three") +
                     "\" at graph 0.97,0.96 right textcolor '" + muted + "'"
              << "plot " + plot;
      report.row(study.name + ", minima of G that G_n shows", "open (Conclusion)",
                 by_size(study, 3, [](const AtSize& at) { return at.lowest; }),
                 "of " + std::to_string(study.minima.size()) + ", by n, a sample");
      report.row(study.name + ", further minima of G_n beside the same ones", "open (Conclusion)",
                 by_size(study, 3, [](const AtSize& at) { return at.doubles; }),
                 "by n, a sample: doubles of one minimum of G, which part " +
                     by_size(study, 2, [](const AtSize& at) { return at.moved; }) +
                     " points otherwise than the lowest of them and lie n^(" +
                     examples::number(slope(study, [](const AtSize& at) { return at.apart; }), 2) +
                     ") from it: a few points at a face decide, and each moves a center by an order of 1/n only");
      report.row(study.name + ", spurious minima elsewhere", "open (Conclusion)",
                 by_size(study, 2, [](const AtSize& at) { return at.extra; }), "by n, a sample; none in the limit");
    }
    picture << "unset label"
            << "set lmargin at screen 0.71\nset rmargin at screen 0.96"
            << "set title 'minima of G_n that 60 restarts find' textcolor '" + ink + "'"
            << "set ylabel 'how many, mean of the samples' textcolor '" + ink + "' offset 0.5,0"
            << "unset logscale y\nset format y '%g'\nset yrange [0:4.5]\nset ytics 1";
    std::string plot;
    for (std::size_t p = 0; p < studies.size(); ++p) {
      Eigen::MatrixXd counts(4, static_cast<Index>(sizes.size()));
      for (std::size_t e = 0; e < sizes.size(); ++e) {
        const auto& at = studies[p].sizes[e];
        counts.col(static_cast<Index>(e)) << static_cast<double>(at.n), at.lowest, at.doubles, at.extra;
      }
      const auto block = picture.data(counts);
      const std::string paint = "lc rgb '" + colours[p][0] + "'";
      plot += (p > 0 ? ", " : "") + block + " using 1:2 with linespoints pt 7 ps 0.8 lw 1.6 " + paint + ", " + block +
              " using 1:3 with linespoints pt 6 ps 0.8 lw 1.6 " + paint + ", " + block +
              " using 1:4 with lines lw 1.6 dt 2 " + paint;
      picture << "set label '" + std::string(p == 0 ? "line" : "plane") + "' at graph 0.98," +
                     std::string(p == 0 ? "0.965" : "0.90") + " right textcolor '" + colours[p][0] + "'";
    }
    const std::array<std::string, 3> legend = {"full: minima of G that show", "open: doubles of them",
                                               "dashed: elsewhere"};
    for (std::size_t line = 0; line < legend.size(); ++line)
      picture << "set label '" + legend[line] + "' at graph 0.03," +
                     examples::number(0.965 - 0.065 * static_cast<double>(line)) + " left textcolor '" + muted + "'";
    picture << "plot " + plot << "unset multiplot";
    picture.draw();
    report.write(folder);
  });
}

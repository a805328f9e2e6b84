// QZC Theorems 1 and 2 put to the test: population local minima of models that meet the hypotheses, each held against
// every conclusion, and how far below its bound each observed error lies.
//
// Small run: --out {out} --models 2 --starts 6
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <kmscape/landscape/population_certificate.hpp>
#include <kmscape/landscape/population_survey.hpp>
#include <kmscape/landscape/theorem_mode.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/separation.hpp>
#include <kmscape/objective/population_objective.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "common/arguments.hpp"
#include "common/gnuplot.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::ConclusionKind;
using kmscape::Index;
using Starts = std::vector<kmscape::FittedCenters<double>>;

constexpr double c = 3;
// Errors below this share of Delta_max are rounding: a center that is the exact mean of its clusters.
constexpr double rounding = 1e-12;

/// Largest distance of two centers over the least.
double unevenness(const Eigen::MatrixXd& centers) {
  const auto apart = kmscape::separation(centers, 1.0);
  return apart.delta_max / apart.delta_min;
}

/// k random centers in d dimensions, Delta_max = 1, not less even than `most`.
Eigen::MatrixXd layout(Index k, Index d, double most, std::uint64_t seed) {
  for (std::uint64_t attempt = 0;; ++attempt) {
    const kmscape::Seed drawn{1'000'000 * seed + attempt};
    Eigen::MatrixXd centers = kmscape::centers_at_random(k, d, 0.0, 1.0, drawn);
    if (unevenness(centers) <= most) return centers / kmscape::separation(centers, 1.0).delta_max;
  }
}

/// Half of the starts are points of the model, so that clusters get several centers; the others are uniform in the box
/// of the true centers and around, so that cells stay empty.
template <class Model>
Starts random_starts(const Model& model, std::int64_t count, std::uint64_t seed) {
  const Eigen::VectorXd low = model.centers().rowwise().minCoeff(), high = model.centers().rowwise().maxCoeff();
  Starts starts;
  for (std::int64_t r = 0; r < count; ++r) {
    kmscape::RandomStream stream(kmscape::Seed{seed}, static_cast<std::uint64_t>(r));
    kmscape::FittedCenters<double> start = model.sample(model.components(), stream).points;
    if (r % 2 == 1)
      for (double& coordinate : start.reshaped()) coordinate = stream.uniform();
    if (r % 2 == 1) start = ((1.5 * start.array() - 0.25).colwise() * (high - low).array()).colwise() + low.array();
    starts.push_back(std::move(start));
  }
  return starts;
}

/// What the minima of some models say about the theorem.
struct Tally {
  Index models = 0, minima = 0, rows = 0, violations = 0, silent = 0, broken = 0, saddles = 0;
  Index undecided = 0;                        // restarts without a certified end
  std::map<ConclusionKind, double> tightest;  // largest observed error / bound
  std::map<ConclusionKind, Index> counts;

  void add(const kmscape::TheoremReport& report) {
    ++minima;
    broken += !report.concludes();
    if (!report.model_applies())
      ++silent;
    else if (report.verdict() != kmscape::TheoremVerdict::confirmed)
      ++violations;
    for (const auto& row : report.conclusions) {
      ++rows;
      ++counts[row.kind];
      auto& share = tightest[row.kind];
      if (row.observed > rounding) share = std::max(share, row.observed / row.bound);
    }
  }
  void add(const Tally& other) {
    models += other.models;
    minima += other.minima;
    rows += other.rows;
    violations += other.violations;
    silent += other.silent;
    broken += other.broken;
    saddles += other.saddles;
    undecided += other.undecided;
    for (const auto& [kind, share] : other.tightest) tightest[kind] = std::max(tightest[kind], share);
    for (const auto& [kind, count] : other.counts) counts[kind] += count;
  }
  [[nodiscard]] double share(ConclusionKind kind) const {
    const auto found = tightest.find(kind);
    return found == tightest.end() ? 0 : found->second;
  }
};

/// The survey's certified minima, those included that are not strict. (A pair on one ball may turn freely, an empty
/// cell moves freely.)
template <class Model, class Theorem>
Tally tally_of(const Model& model, std::int64_t count, std::uint64_t seed, const Theorem& theorem) {
  const kmscape::PopulationObjective objective(model);
  const auto survey = kmscape::survey(objective, random_starts(model, count, seed));
  Tally tally;
  tally.models = 1;
  tally.saddles = static_cast<Index>(survey.saddles.size());
  tally.undecided = survey.degenerate + survey.unfinished;
  for (const auto& minimum : survey.minima) tally.add(theorem(model, minimum.centers));
  return tally;
}

/// Stationary to a thousandth of a component's size, be it ever so small.
kmscape::TheoremOptions options_for(double eta_max) { return {.stationarity = std::min(1e-9, 1e-3 / eta_max)}; }

kmscape::TheoremReport of_balls(const kmscape::StochasticBallModel<double>& model, const Eigen::MatrixXd& centers) {
  return kmscape::theorem1(model, centers, c, options_for(kmscape::separation(model).eta_max));
}

/// The same for more than two dimensions, with true centers and starts in one plane: cells are cylinders over it, and
/// all is exact. A pair of centers on one ball may turn out of the plane, which no certificate follows exactly; what
/// counts is what the theorem's proof uses, a stationary point whose Hessian, in all dimensions, has no negative
/// eigenvalue.
Tally tally_in_plane(const kmscape::StochasticBallModel<double>& model, std::int64_t count, std::uint64_t seed) {
  const kmscape::PopulationObjective objective(model);
  const double little = 1e-4 * kmscape::component_scale(model);
  Tally tally;
  tally.models = 1;
  std::vector<double> values;
  for (auto start : random_starts(model, count, seed)) {
    start.bottomRows(start.rows() - 2).setZero();
    const auto fit = kmscape::lloyd(objective, start, {.max_iterations = 1000, .tolerance = little * little});
    const auto point = kmscape::stationary_point(objective, fit.centers);
    if (!point.converged) {
      ++tally.undecided;
      continue;
    }
    const double value = objective.value(point.centers);
    if (std::any_of(values.begin(), values.end(),
                    [&](double other) { return std::abs(other - value) <= 1e-9 * value; }))
      continue;
    values.push_back(value);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(objective.hessian(point.centers),
                                                               Eigen::EigenvaluesOnly);
    if (eigen.eigenvalues()(0) < -1e-6 * eigen.eigenvalues().maxCoeff())
      ++tally.saddles;
    else
      tally.add(of_balls(model, point.centers));
  }
  return tally;
}

/// Theorem 2 with the t, of those that meet its hypotheses, that promises most.
kmscape::TheoremReport of_gaussians(const kmscape::GaussianMixtureModel<double>& model,
                                    const Eigen::MatrixXd& centers) {
  const auto apart = kmscape::separation(model);
  const auto k = static_cast<double>(model.components());
  const auto span = std::min(model.dimension(), 2 * model.components());
  double best = 2, least = std::numeric_limits<double>::infinity();
  for (double t = 2; t <= 20; t += 0.25) {
    const auto bounds = kmscape::theorem2_bounds(k, c, t, span, apart.delta_max, apart.eta_max);
    if (bounds.many_fit_one >= least) continue;
    least = bounds.many_fit_one;
    best = t;
  }
  return kmscape::theorem2(model, centers, c, best, options_for(apart.eta_max));
}

/// The least eta_max at which layouts as uneven as `ratio` meet Theorem 1's hypotheses.
double threshold(Index k, double ratio) { return std::pow(10 * c * static_cast<double>(k * k) * ratio, 2); }

/// How uneven a layout may be: the evenest k centers have 1, sqrt(2), 1.62, 1.90 in the plane and k - 1 on the line.
double evenness(Index k, Index d) { return d == 1 ? static_cast<double>(k) : 2 + 0.3 * static_cast<double>(k - 3); }

std::string counted(const Tally& tally) {
  return std::to_string(tally.violations) + " violations: " + std::to_string(tally.minima) + " minima of " +
         std::to_string(tally.models) + " models, " + std::to_string(tally.rows) + " conclusions";
}

std::string saddles(const Tally& tally) {
  return std::to_string(tally.saddles) + " other ends of Lloyd's iteration are saddles; " +
         std::to_string(tally.undecided) +
         " restarts ended at no stationary point, or one that the certificate leaves undecided";
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "qzc_theorem_1 [--out DIR] [--models M] [--starts R]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"models", "M", "random models per point of the picture, 40 unless given"},
                                         {"starts", "R", "random starts per model, 24 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto models = arguments.integer("models", 40, 1), starts = arguments.integer("starts", 24, 1);

    const std::array<ConclusionKind, 4> kinds = {ConclusionKind::many_fit_one, ConclusionKind::one_fit_many,
                                                 ConclusionKind::one_fit_one, ConclusionKind::almost_empty};
    constexpr int steps = 25;
    const std::vector<Index> cluster_counts = {3, 4, 5, 6}, dimensions = {1, 2, 3, 5, 10};
    examples::ProgressBar bar;
    const auto progress = bar.callback();
    Index done = 0;
    const auto few = (models + 3) / 4;
    const Index total = 2 * (steps + 1) * models + static_cast<Index>(cluster_counts.size() * dimensions.size()) * few;
    const auto tick = [&] {
      ++done;
      if (progress) progress({"models", done, total});
    };

    // Three clusters in the plane, from balls that nearly touch to far beyond the hypotheses.
    Tally theorem1, theorem2, below;
    Eigen::MatrixXd balls(1 + kinds.size(), steps + 1), gaussians(2, steps + 1);
    for (int e = 0; e <= steps; ++e) {
      const double eta = 4 * std::pow(10.0, 0.3 * e);
      Tally here, here_gaussian;
      for (std::int64_t m = 0; m < models; ++m) {
        const auto seed = static_cast<std::uint64_t>(m);
        const auto truth = layout(3, 2, evenness(3, 2), seed);
        const auto ball = tally_of(kmscape::StochasticBallModel<double>(truth, 1 / eta), starts, seed, of_balls);
        here.add(ball);
        (ball.silent == 0 ? theorem1 : below).add(ball);
        tick();
        const auto gaussian = tally_of(kmscape::GaussianMixtureModel<double>(truth, 1 / (eta * std::sqrt(2.0))), starts,
                                       seed, of_gaussians);
        here_gaussian.add(gaussian);
        if (gaussian.silent == 0) theorem2.add(gaussian);
        tick();
      }
      balls(0, e) = gaussians(0, e) = eta;
      for (std::size_t a = 0; a < kinds.size(); ++a) balls(static_cast<Index>(a) + 1, e) = here.share(kinds[a]);
      gaussians(1, e) = here_gaussian.share(ConclusionKind::many_fit_one);
    }

    // Every k and d, at the least separation that the theorem grants its layout.
    Tally others;
    std::vector<Eigen::MatrixXd> by_dimension;
    for (const auto d : dimensions) {
      std::vector<double> flat;
      for (const auto k : cluster_counts) {
        Tally here;
        for (std::int64_t m = 0; m < few; ++m) {
          const auto seed = static_cast<std::uint64_t>(m);
          const Index flat_dimension = std::min<Index>(d, 2);
          Eigen::MatrixXd truth = Eigen::MatrixXd::Zero(d, k);
          truth.topRows(flat_dimension) = layout(k, flat_dimension, evenness(k, d), seed);
          const kmscape::StochasticBallModel<double> model(truth, 1 / (1.001 * threshold(k, unevenness(truth))));
          here.add(d <= 2 ? tally_of(model, starts, seed, of_balls) : tally_in_plane(model, starts, seed));
          tick();
        }
        others.add(here);
        flat.push_back(static_cast<double>(k));
        flat.push_back(here.share(ConclusionKind::many_fit_one));
      }
      by_dimension.push_back(Eigen::Map<Eigen::MatrixXd>(flat.data(), 2, static_cast<Index>(flat.size() / 2)));
    }
    bar.clear();

    const std::string ink = "#3B4252", muted = "#6B7280";
    const std::array<std::string, 5> colours = {"#B4553A", "#3E6D9C", "#5B8C6E", "#9A7AA0", "#B98A3E"};
    examples::Picture picture(folder / "qzc_theorem_1.png", 2200, 1000);
    const double all_meet = threshold(3, evenness(3, 2));
    const auto where = [](double value) { return examples::number(value, 10); };
    picture
        << "set termoption fontscale 2"
        << "set termoption linewidth 2"
        << "set termoption pointscale 2"
        << "set multiplot"
        << "unset key"
        << "set border 3 lc '#999999' lw 0.8"
        << "set tics nomirror out scale 0.6 textcolor '#555555'"
        << "set logscale xy"
        << "set format '10^{%T}'"
        << "set lmargin at screen 0.075\nset rmargin at screen 0.56\nset tmargin at screen 0.90\nset bmargin at "
           "screen 0.145"
        << "set title 'k = 3 clusters in the plane: how much of its bound an error uses' textcolor '" + ink + "'"
        << "set xlabel 'separation η_{max}' textcolor '" + ink + "'"
        << "set ylabel 'largest observed error / bound' textcolor '" + ink + "' offset 0.5,0"
        << "set xrange [3:2e8]"
        << "set yrange [1e-8:2]"
        << "set object 1 rectangle from " + where(all_meet) +
               ",1e-8 to 2e8,2 behind fc rgb '#EEF3EE' fillstyle solid noborder"
        << "set arrow 1 from 3,1 to 2e8,1 nohead lc rgb '" + ink + "' lw 0.8 dt 2"
        << "set label 1 'the bound' at 5e3,1 offset 0,-0.7 textcolor '" + muted + "'"
        << "set label 2 \"the theorem's\\nhypotheses hold\" at 7e6,1e-1 center textcolor '#5B7F63'"
        << "set label 3 'the theorem is silent' at 5e3,1e-2 center textcolor '" + muted + "'"
        << "set label 4 'many-fit-one, balls' at 1e4,2e-5 offset 0.5,0.9 left textcolor '" + colours[0] + "'"
        << "set label 5 'many-fit-one, Gaussians' at 8e5,4e-7 right textcolor '#B98A3E'"
        << "set label 6 'almost empty: half a ball' at 22,7e-2 left textcolor '" + colours[3] + "'"
        << "set label 8 'one-fit-one' at 3.6,1.6e-3 left textcolor '" + colours[2] + "'"
        << "set label 7 \"one-fit-many and one-fit-one: 0 to rounding\\nonce no face cuts a ball\" at 3.6,5e-8 left "
           "textcolor '" +
               colours[1] + "'";
    std::string plot;
    const auto block = picture.data(balls), gaussian_block = picture.data(gaussians);
    for (std::size_t a = kinds.size(); a-- > 0;)
      plot += block + " using 1:($" + std::to_string(a + 2) + ">0?$" + std::to_string(a + 2) +
              ":NaN) with linespoints pt 7 ps 0.5 lw 1.6 lc rgb '" + colours[a] + "', ";
    picture << "plot " + plot + gaussian_block +
                   " using 1:($2>0?$2:NaN) with linespoints pt 6 ps 0.5 lw 1.2 lc rgb '#B98A3E'"
            << "unset label\nunset arrow\nunset object"
            << "set lmargin at screen 0.64\nset rmargin at screen 0.785"
            << "unset title"
            << "set label 20 'many-fit-one error / bound, at the least η_{max} allowed' at screen 0.80,0.95 center "
               "textcolor '" +
                   ink + "'"
            << "set xlabel 'number of clusters k'"
            << "unset ylabel"
            << "unset logscale x\nset format x '%g'"
            << "set xtics (3, 4, 5, 6)"
            << "set xrange [2.7:7.4]"
            << "set yrange [5e-8:1e-5]\nset format y '10^{%T}'";
    const auto plane = picture.data(by_dimension[1]);
    picture << "set label 'd = 2' at 6," + where(by_dimension[1](1, by_dimension[1].cols() - 1)) +
                   " offset 0.8,0 left textcolor '" + ink + "'"
            << "plot " + plane + " with linespoints pt 7 ps 0.8 lw 1.6 lc rgb '" + ink + "'"
            << "unset label"
            << "set lmargin at screen 0.835\nset rmargin at screen 0.975"
            << "set logscale x"
            << "set xlabel 'dimension d'"
            << "set xtics (1, 2, 3, 5, 10)"
            << "set xrange [0.85:17]";
    plot.clear();
    for (std::size_t k = 0; k < cluster_counts.size(); ++k) {
      Eigen::MatrixXd line(2, static_cast<Index>(dimensions.size()));
      for (std::size_t d = 0; d < dimensions.size(); ++d)
        line.col(static_cast<Index>(d)) << static_cast<double>(dimensions[d]),
            by_dimension[d](1, static_cast<Index>(k));
      picture << "set label '" + std::string(k == 0 ? "k = " : "") + std::to_string(cluster_counts[k]) + "' at 10," +
                     where(line(1, line.cols() - 1)) + " offset 1,0 left textcolor '" + colours[k] + "'";
      plot +=
          (k > 0 ? ", " : "") + picture.data(line) + " with linespoints pt 7 ps 0.8 lw 1.6 lc rgb '" + colours[k] + "'";
    }
    picture << "plot " + plot << "unset multiplot";
    picture.draw();

    examples::Report report(
        "qzc_theorem_1", "QZC Theorems 1 and 2: thousands of minima, no exception, and bounds to spare",
        "Population local minima from random starts, half of them points of the model and half anywhere around, of " +
            std::to_string(models) +
            " random triangles at every separation, each certified by its Hessian. Each is held against every "
            "conclusion of its theorem, with c = 3 and, for Gaussians, the t that promises most.");
    report.row("Theorem 1 (balls), k = 3, d = 2", "every local minimum satisfies every conclusion", counted(theorem1),
               saddles(theorem1));
    report.row("Theorem 2 (Gaussians), k = 3, d = 2", "every local minimum satisfies every conclusion",
               counted(theorem2), saddles(theorem2));
    report.row(
        "Theorem 1, other k and d", "every local minimum satisfies every conclusion", counted(others),
        "k = 3 to 6 on the line, in the plane, and in 3, 5 and 10 dimensions around centers of a plane, at the least "
        "separation allowed; " +
            saddles(others));
    const double last_eta = balls(0, steps);
    report.row("many-fit-one error", "at most 8 c k^2 sqrt(r Delta_max)",
               "at eta_max = " + examples::number(last_eta, 2) + ": " + examples::number(balls(1, steps), 3) +
                   " of the bound, " + examples::number(balls(1, steps) * 8 * c * 9 * std::sqrt(last_eta), 4) + " r",
               "4/(3 pi) = 0.4244: the mean of half a disk. The error goes like r, the bound like sqrt(r): the share "
               "falls with slope -1/2");
    report.row("one-fit-many and one-fit-one errors", "at most 11 and 8 c k^2 sqrt(r Delta_max)",
               "in all models that meet the hypotheses " +
                   examples::number(theorem1.share(ConclusionKind::one_fit_many), 2) + " and " +
                   examples::number(theorem1.share(ConclusionKind::one_fit_one), 2) + " of the bound",
               "no face of a minimum but the many-fit-one ones cuts a ball; errors below 1e-12 Delta_max count as 0");
    report.row("almost-empty cells", "P(V_i) at most c k / sqrt(eta_max)",
               std::to_string(theorem1.counts[ConclusionKind::almost_empty]) + " cells, " +
                   examples::number(theorem1.share(ConclusionKind::almost_empty), 2) + " of the bound",
               "they are wholly empty");
    for (std::size_t d = 0; d < dimensions.size(); ++d) {
      std::string shares;
      for (std::size_t k = 0; k < cluster_counts.size(); ++k)
        shares += (k > 0 ? ", " : "") + examples::number(by_dimension[d](1, static_cast<Index>(k)), 2) +
                  " (k = " + std::to_string(cluster_counts[k]) + ")";
      report.row("share of the many-fit-one bound, d = " + std::to_string(dimensions[d]),
                 "at the least eta_max allowed", shares,
                 d == 0 ? "layouts on the line are less even, and need a larger eta_max"
                        : "falls like k^-4, and with d as the mean of half a ball draws near its center");
    }
    report.row(
        "below the hypotheses", "nothing",
        std::to_string(below.minima) + " minima of " + std::to_string(below.models) + " models, from eta_max = 4; " +
            std::to_string(below.broken) + " break a conclusion",
        "where eta_max < 46,656 the many-fit-one bound exceeds Delta_max and says nothing; below about 20 the proof's "
        "own level lambda calls one half of a halved ball almost empty");
    report.write(folder);
  });
}

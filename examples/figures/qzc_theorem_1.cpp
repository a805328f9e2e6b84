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
#include "common/random_starts.hpp"
#include "common/report.hpp"

namespace {

using kmscape::ConclusionKind;
using kmscape::Index;
using Balls = kmscape::StochasticBallModel<double>;
using Gaussians = kmscape::GaussianMixtureModel<double>;
using examples::random_starts;

constexpr double c = 3;
// Errors below this share of Delta_max are rounding, or what Newton's method leaves: a center at the mean of its
// clusters.
constexpr double rounding = 1e-10;

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

/// Layouts of Delta_max = 1 at a given eta_max; `span` is Theorem 2's min(d, 2k).
Balls balls_at(const Eigen::MatrixXd& truth, double eta_max) { return {truth, 1 / eta_max}; }
Gaussians gaussians_at(const Eigen::MatrixXd& truth, double eta_max, Index span) {
  return {truth, 1 / (eta_max * std::sqrt(static_cast<double>(span)))};
}

/// The values of t that Theorem 2 is tried with.
std::vector<double> tail_cuts() {
  std::vector<double> result;
  for (double t = 2; t <= 20; t += 0.25) result.push_back(t);
  return result;
}

/// The least eta_max at which layouts as uneven as `ratio` meet the hypotheses, for `count` centers or clusters.
double threshold_of_balls(Index count, double ratio) {
  return std::pow(10 * c * static_cast<double>(count * count) * ratio, 2);
}
double threshold_of_gaussians(Index count, Index span, double ratio) {
  const auto k = static_cast<double>(count);
  double least = std::numeric_limits<double>::infinity();
  for (const double t : tail_cuts()) {
    // eta_min >= 8 c sqrt(t) k^2 sqrt(eta_max) + 7 k phi(t) eta_max, over eta_max.
    const double left = 1 / ratio - 7 * k * kmscape::gaussian_tail_bound(t, span);
    if (left > 0) least = std::min(least, t * std::pow(8 * c * k * k / left, 2));
  }
  return least;
}

/// Stationary to a thousandth of a component's size, be it ever so small.
kmscape::TheoremOptions options_for(double eta_max) { return {.stationarity = std::min(1e-9, 1e-3 / eta_max)}; }

kmscape::TheoremReport theorem_on(const Balls& model, const Eigen::MatrixXd& centers) {
  return kmscape::theorem1(model, centers, c, options_for(kmscape::separation(model).eta_max));
}

/// Theorem 2 with the t, of those that meet its hypotheses, that promises most.
kmscape::TheoremReport theorem_on(const Gaussians& model, const Eigen::MatrixXd& centers) {
  const auto apart = kmscape::separation(model);
  const auto count = std::max(model.components(), centers.cols());
  const auto span = std::min(model.dimension(), 2 * count);
  std::pair best{true, std::numeric_limits<double>::infinity()};
  double best_t = 2;
  for (const double t : tail_cuts()) {
    const auto bounds =
        kmscape::theorem2_bounds(static_cast<double>(count), c, t, span, apart.delta_max, apart.eta_max);
    const bool fails = apart.eta_max < bounds.least_eta_max || apart.eta_min < bounds.least_eta_min;
    if (std::pair(fails, bounds.many_fit_one) >= best) continue;
    best = {fails, bounds.many_fit_one};
    best_t = t;
  }
  return kmscape::theorem2(model, centers, c, best_t, options_for(apart.eta_max));
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
  /// The largest share of all kinds but many-fit-one.
  [[nodiscard]] double other_share() const {
    return std::max(
        {share(ConclusionKind::one_fit_many), share(ConclusionKind::one_fit_one), share(ConclusionKind::almost_empty)});
  }
  [[nodiscard]] double share(ConclusionKind kind) const {
    const auto found = tightest.find(kind);
    return found == tightest.end() ? 0 : found->second;
  }
};

/// The survey's certified minima, those included that are not strict. (A pair on one ball may turn freely, an empty
/// cell moves freely.)
template <class Model>
Tally tally_of(const Model& model, Index m, std::int64_t count, std::uint64_t seed) {
  const kmscape::PopulationObjective objective(model);
  const auto survey = kmscape::survey(objective, random_starts(model, m, count, seed));
  Tally tally;
  tally.models = 1;
  tally.saddles = static_cast<Index>(survey.saddles.size());
  tally.undecided = survey.degenerate + survey.unfinished;
  for (const auto& minimum : survey.minima) tally.add(theorem_on(model, minimum.centers));
  return tally;
}

/// The same for more than two dimensions, with true centers and starts in one plane: cells are cylinders over it, and
/// all is exact. A pair of centers on one ball may turn out of the plane, which no certificate follows exactly; what
/// counts is what the theorem's proof uses, a stationary point whose Hessian, in all dimensions, has no negative
/// eigenvalue.
template <class Model>
Tally tally_in_plane(const Model& model, Index m, std::int64_t count, std::uint64_t seed) {
  const kmscape::PopulationObjective objective(model);
  const double little = 1e-4 * kmscape::component_scale(model);
  Tally tally;
  tally.models = 1;
  std::vector<double> values;
  for (auto start : random_starts(model, m, count, seed)) {
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
      tally.add(theorem_on(model, point.centers));
  }
  return tally;
}

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
    const Index total =
        (steps + 1) * models + few * static_cast<Index>(cluster_counts.size() * (dimensions.size() + 4));
    const auto tick = [&] {
      ++done;
      if (progress) progress({"models", done, total});
    };

    // Three clusters in the plane, from components that nearly touch to far beyond the hypotheses.
    Tally theorem1, theorem2, below;
    Eigen::MatrixXd balls(1 + kinds.size(), steps + 1), gaussians(1 + kinds.size(), steps + 1);
    for (int e = 0; e <= steps; ++e) {
      const double eta = 4 * std::pow(10.0, 0.3 * e);
      Tally here, here_gaussian;
      for (std::int64_t model = 0; model < models; ++model) {
        const auto seed = static_cast<std::uint64_t>(model);
        const auto truth = layout(3, 2, evenness(3, 2), seed);
        const auto ball = tally_of(balls_at(truth, eta), 3, starts, seed);
        here.add(ball);
        (ball.silent == 0 ? theorem1 : below).add(ball);
        const auto gaussian = tally_of(gaussians_at(truth, eta, 2), 3, starts, seed);
        here_gaussian.add(gaussian);
        if (gaussian.silent == 0) theorem2.add(gaussian);
        tick();
      }
      balls(0, e) = gaussians(0, e) = eta;
      for (std::size_t a = 0; a < kinds.size(); ++a) {
        balls(static_cast<Index>(a) + 1, e) = here.share(kinds[a]);
        gaussians(static_cast<Index>(a) + 1, e) = here_gaussian.share(kinds[a]);
      }
    }

    // Every k and d, at the least separation that the theorem grants its layout; in one and two dimensions with a
    // center less and a center more, too.
    std::array<Tally, 3> others_of_balls, others_of_gaussians;  // by m - k + 1
    const auto ks = static_cast<Index>(cluster_counts.size()), ds = static_cast<Index>(dimensions.size());
    Eigen::MatrixXd ball_shares(ks, ds), gaussian_shares(ks, ds);  // of the many-fit-one bound, for m = k
    for (Index a = 0; a < ks; ++a)
      for (Index b = 0; b < ds; ++b)
        for (const Index more : {-1, 0, 1}) {
          const Index k = cluster_counts[static_cast<std::size_t>(a)], d = dimensions[static_cast<std::size_t>(b)];
          if (more != 0 && d > 2) continue;
          const Index m = k + more, count = std::max(m, k), flat = std::min<Index>(d, 2), span = std::min(d, 2 * count);
          Tally ball, gaussian;
          for (std::int64_t model = 0; model < few; ++model) {
            const auto seed = static_cast<std::uint64_t>(model);
            Eigen::MatrixXd truth = Eigen::MatrixXd::Zero(d, k);
            truth.topRows(flat) = layout(k, flat, evenness(k, d), seed);
            const double ratio = unevenness(truth);
            const auto tally = [&](const auto& of) {
              return d <= 2 ? tally_of(of, m, starts, seed) : tally_in_plane(of, m, starts, seed);
            };
            ball.add(tally(balls_at(truth, 1.001 * threshold_of_balls(count, ratio))));
            gaussian.add(tally(gaussians_at(truth, 1.001 * threshold_of_gaussians(count, span, ratio), span)));
            tick();
          }
          others_of_balls[static_cast<std::size_t>(more + 1)].add(ball);
          others_of_gaussians[static_cast<std::size_t>(more + 1)].add(gaussian);
          if (more != 0) continue;
          ball_shares(a, b) = ball.share(ConclusionKind::many_fit_one);
          gaussian_shares(a, b) = gaussian.share(ConclusionKind::many_fit_one);
        }
    bar.clear();
    Tally all_balls = theorem1, all_gaussians = theorem2;
    for (const auto& tally : others_of_balls) all_balls.add(tally);
    for (const auto& tally : others_of_gaussians) all_gaussians.add(tally);

    const std::string ink = "#3B4252", muted = "#6B7280";
    const std::array<std::string, 4> colours = {"#B4553A", "#3E6D9C", "#5B8C6E", "#9A7AA0"};
    examples::Picture picture(folder / "qzc_theorem_1.png", 2200, 1000);
    const double balls_meet = threshold_of_balls(3, evenness(3, 2)),
                 gaussians_meet = threshold_of_gaussians(3, 2, evenness(3, 2));
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
        << "set object 1 rectangle from " + where(balls_meet) +
               ",1e-8 to 2e8,2 behind fc rgb '#EEF3EE' fillstyle solid noborder"
        << "set object 2 rectangle from " + where(gaussians_meet) +
               ",1e-8 to 2e8,2 behind fc rgb '#DFE9DF' fillstyle solid noborder"
        << "set arrow 1 from 3,1 to 2e8,1 nohead lc rgb '" + ink + "' lw 0.8 dt 2"
        << "set label 1 'the bound' at 5e3,1 offset 0,-0.7 textcolor '" + muted + "'"
        << "set label 2 \"hypotheses of\\nTheorem 1, then\\nof both hold\" at 7e6,1e-1 center textcolor '#5B7F63'"
        << "set label 3 'the theorems are silent' at 5e3,1e-2 center textcolor '" + muted + "'"
        << "set label 4 'many-fit-one' at 5e3,2.8e-5 offset 0.5,0.9 left textcolor '" + colours[0] + "'"
        << "set label 5 'one-fit-many' at 11,5e-5 left textcolor '" + colours[1] + "'"
        << "set label 6 'almost empty: half a cluster' at 22,7e-2 left textcolor '" + colours[3] + "'"
        << "set label 7 'one-fit-one' at 3.6,3e-3 left textcolor '" + colours[2] + "'"
        << "set label 8 \"full lines: balls, dashed: Gaussians\\nno point: below 10^{-8}, most often 0,\\nas no face "
           "cuts another cluster\" at 3.6,1.7e-7 left textcolor '" +
               muted + "'";
    // Colours tell the kinds of errors; full lines and points are balls, dashed and open ones Gaussians.
    const auto series = [&](const Eigen::MatrixXd& values, std::size_t kind, const std::string& style) {
      return picture.data(values) + " using 1:($" + std::to_string(kind + 2) + ">1e-8?$" + std::to_string(kind + 2) +
             ":NaN) with linespoints " + style + " lw 1.6 lc rgb '" + colours[kind] + "'";
    };
    std::string plot;
    for (const std::size_t kind : {3, 1, 0, 2})  // last what others would hide
      plot += series(balls, kind, kind == 2 ? "pt 4 ps 1.1" : "pt 7 ps 0.5") + ", " +
              series(gaussians, kind, kind == 2 ? "dt 2 pt 12 ps 1.3" : "dt 2 pt 6 ps 0.5") + (kind == 2 ? "" : ", ");
    picture << "plot " + plot << "unset label\nunset arrow\nunset object"
            << "set lmargin at screen 0.64\nset rmargin at screen 0.785"
            << "unset title"
            << "set label 20 'many-fit-one error / bound, at the least η_{max} allowed' at screen 0.80,0.95 center "
               "textcolor '" +
                   ink + "'"
            << "set xlabel 'clusters k (d = 2)'"
            << "unset ylabel"
            << "unset logscale x\nset format x '%g'"
            << "set xtics (3, 4, 5, 6)"
            << "set xrange [2.7:7.4]"
            << "set yrange [3e-8:2e-5]\nset format y '10^{%T}'";
    const std::string full = "pt 7", dashed = "dt 2 pt 6";
    const auto shares_of = [&](const auto& places, const auto& values, const std::string& style,
                               const std::string& paint) {
      Eigen::MatrixXd result(2, values.size());
      for (Index i = 0; i < result.cols(); ++i)
        result.col(i) << static_cast<double>(places[static_cast<std::size_t>(i)]), values(i);
      return picture.data(result) + " with linespoints " + style + " ps 0.8 lw 1.6 lc rgb '" + paint + "'";
    };
    picture << "set label 21 \"full: balls\\ndashed: Gaussians\\nother errors: " +
                   examples::number(std::max(all_balls.other_share(), all_gaussians.other_share()), 2) +
                   "\" at graph 0.98,0.95 right textcolor '" + muted + "'"
            << "plot " + shares_of(cluster_counts, ball_shares.col(1), full, ink) + ", " +
                   shares_of(cluster_counts, gaussian_shares.col(1), dashed, ink)
            << "unset label"
            << "set lmargin at screen 0.835\nset rmargin at screen 0.975"
            << "set logscale x"
            << "set xlabel 'dimension d'"
            << "set xtics (1, 2, 3, 5, 10)"
            << "set xrange [0.85:17]";
    plot.clear();
    for (Index a = 0; a < ks; ++a) {
      const auto& paint = colours[static_cast<std::size_t>(a)];
      picture << "set label '" + std::string(a == 0 ? "k = " : "") +
                     std::to_string(cluster_counts[static_cast<std::size_t>(a)]) + "' at 10," +
                     where(ball_shares(a, ds - 1)) + " offset 1,0 left textcolor '" + paint + "'";
      plot += (a > 0 ? ", " : "") + shares_of(dimensions, ball_shares.row(a), full, paint) + ", " +
              shares_of(dimensions, gaussian_shares.row(a), dashed, paint);
    }
    picture << "plot " + plot << "unset multiplot";
    picture.draw();

    examples::Report report(
        "qzc_theorem_1", "QZC Theorems 1 and 2: thousands of minima, no exception, and bounds to spare",
        "Population local minima from random starts, half of them points of the model and half anywhere around, of " +
            std::to_string(models) + " random triangles at every separation and " + std::to_string(few) +
            " layouts for every k and d. In one and two dimensions each minimum is certified by its Hessian. In d >= 3 "
            "true centers and starts lie in one plane, where all is exact, and a stationary point counts when its "
            "Hessian, in all d dimensions, has no eigenvalue below -1e-6 of the largest: two centers on one cluster "
            "may turn out of the plane, which no certificate follows. Each minimum is held against every conclusion of "
            "its theorem, with c = 3 and, for Gaussians, the t that promises most.");
    report.row("Theorem 1 (balls), k = 3, d = 2", "every local minimum satisfies every conclusion", counted(theorem1),
               saddles(theorem1));
    report.row("Theorem 2 (Gaussians), k = 3, d = 2", "every local minimum satisfies every conclusion",
               counted(theorem2), saddles(theorem2));
    const std::string least =
        "k = 3 to 6 on the line, in the plane, and in 3, 5 and 10 dimensions around centers of a plane, at the least "
        "separation allowed; ";
    report.row("Theorem 1, other k and d", "every local minimum satisfies every conclusion",
               counted(others_of_balls[1]), least + saddles(others_of_balls[1]));
    report.row("Theorem 2, other k and d", "every local minimum satisfies every conclusion",
               counted(others_of_gaussians[1]), least + saddles(others_of_gaussians[1]));
    for (const std::size_t more : {0, 2})
      for (const auto* others : {&others_of_balls, &others_of_gaussians})
        report.row(std::string(others == &others_of_balls ? "Theorem 1" : "Theorem 2") + ", m = k " +
                       (more == 0 ? "- 1" : "+ 1") + " centers",
                   "the results extend to m != k", counted((*others)[more]),
                   "k = 3 to 6 on the line and in the plane, max(m, k) in place of k; " + saddles((*others)[more]));
    const double last_eta = balls(0, steps);
    report.row("many-fit-one error", "at most 8 c k^2 sqrt(r Delta_max)",
               "at eta_max = " + examples::number(last_eta, 2) + ": " + examples::number(balls(1, steps), 3) +
                   " of the bound, " + examples::number(balls(1, steps) * 8 * c * 9 * std::sqrt(last_eta), 4) + " r",
               "4/(3 pi) = 0.4244: the mean of half a disk. The error goes like r, the bound like sqrt(r): the share "
               "falls with slope -1/2");
    report.row("one-fit-many, one-fit-one, almost-empty errors",
               "at most 11 c k^2 sqrt(r Delta_max), 8 c k^2 sqrt(r Delta_max), c k/sqrt(eta_max); Gaussians alike",
               "wherever the hypotheses hold: balls " + examples::number(all_balls.other_share(), 2) +
                   " of the bounds, Gaussians " + examples::number(all_gaussians.other_share(), 2),
               "only faces between centers that share a cluster cut a ball, or 1e-16 off a Gaussian; errors below "
               "1e-10 Delta_max count as 0; " +
                   std::to_string(all_balls.counts[ConclusionKind::almost_empty] +
                                  all_gaussians.counts[ConclusionKind::almost_empty]) +
                   " almost-empty cells are wholly empty");
    const auto in_words = [&](const Eigen::RowVectorXd& shares) {
      std::string out;
      for (Index a = 0; a < ks; ++a)
        out += (a > 0 ? ", " : "") + examples::number(shares(a), 2) +
               " (k = " + std::to_string(cluster_counts[static_cast<std::size_t>(a)]) + ")";
      return out;
    };
    const auto decay = [&](const Eigen::VectorXd& shares) {
      return std::log(shares(0) / shares(ks - 1)) / std::log(static_cast<double>(cluster_counts.back()) / 3);
    };
    for (Index b = 0; b < ds; ++b)
      report.row("share of the many-fit-one bound, d = " + std::to_string(dimensions[static_cast<std::size_t>(b)]),
                 "at the least eta_max allowed",
                 "balls " + in_words(ball_shares.col(b).transpose()) + "; Gaussians " +
                     in_words(gaussian_shares.col(b).transpose()),
                 "from k = 3 to 6 like k^-" + examples::number(decay(ball_shares.col(b)), 2) + " and k^-" +
                     examples::number(decay(gaussian_shares.col(b)), 2) + ": k^-4 of the bounds, and " +
                     (b == 0 ? "k centers on the line are at best as uneven as k - 1"
                             : "random layouts may be less even the more centers they have, 2 to 2.9"));
    report.row(
        "these shares against d", "nothing", "balls' falls from d = 2 on, Gaussians' stays",
        "the mean of half a ball draws near its center; the mean of half a Gaussian does not, and t sqrt(min(d, 2k)), "
        "which the tail decides, is the same for every d");
    report.row(
        "below the hypotheses", "nothing",
        std::to_string(below.minima) + " minima of " + std::to_string(below.models) + " models, from eta_max = 4; " +
            std::to_string(below.broken) + " break a conclusion",
        "where eta_max < 46,656 the many-fit-one bound exceeds Delta_max and says nothing; below about 20 the proof's "
        "own level lambda calls one half of a halved ball almost empty");
    report.write(folder);
  });
}

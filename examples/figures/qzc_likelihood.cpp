// QZC section 2.2: k-means as the limit of the likelihood. 2 tau^2 L_tau tends to G as tau -> 0, the minima of L_tau
// start from those of G and vanish one after another as tau grows, and EM, its fixed-point iteration, fits mixtures.
//
// Small run: --out {out} --starts 6
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include <kmscape/metric/centroid_index.hpp>
#include <kmscape/metric/matching.hpp>
#include <kmscape/metric/partition_agreement.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/objective/population_likelihood.hpp>
#include <kmscape/objective/population_objective.hpp>
#include <kmscape/solve/lloyd.hpp>
#include <kmscape/solve/mixture_em.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;

constexpr double radius = 0.3;
using Line = kmscape::StochasticBallModel<double, 1>;
Line line_model() { return Line(kmscape::centers_on_line(3, 2.0), radius); }
Eigen::MatrixXd truth() { return Eigen::RowVector3d(-2, 0, 2); }
Eigen::MatrixXd spurious() { return Eigen::RowVector3d(-2 - radius / 2, -2 + radius / 2, 1); }

using Population = kmscape::PopulationLikelihood<Line>;
using OfSample = kmscape::LikelihoodObjective<double, 1>;

Population population_at(double tau, double tolerance = 1e-10) {
  return Population(line_model(), tau, {.tolerance = tolerance});
}

/// The minimum that EM leads to from `start`, finished by Newton's method. Saddles are left along their lowest
/// direction; none where the iteration does not end.
template <class Objective>
std::optional<Eigen::MatrixXd> minimum_from(const Objective& objective, Eigen::MatrixXd start) {
  constexpr int most_steps = 20'000;
  Index wait = 0;  // EM steps until Newton's method is tried again
  double size = std::sqrt(std::abs(objective.value(start))) + 1e-9;
  for (int step = 0; step < most_steps; ++step) {
    const auto cells = objective.cells(start);
    const Eigen::MatrixXd slope = 2 * (start - cells.centroid) * cells.mass.matrix().asDiagonal();
    if (--wait < 0) {
      wait = 20;
      const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(objective.hessian(start));
      const double least = eigen.eigenvalues()(0);
      if (slope.norm() < 1e-11 * size && least > 0) return start;
      if (slope.norm() < 1e-7 * size && least < 0) {
        start += 0.02 * size * eigen.eigenvectors().col(0).reshaped(start.rows(), start.cols());
        continue;
      }
      if (least > 0) {
        const Eigen::MatrixXd moved =
            start - (eigen.eigenvectors() *
                     (eigen.eigenvectors().transpose() * slope.reshaped()).cwiseQuotient(eigen.eigenvalues()))
                        .reshaped(start.rows(), start.cols());
        if ((moved - start).norm() < 0.05 * size && objective.gradient(moved).norm() < slope.norm()) {
          start = moved;
          wait = 0;
          continue;
        }
      }
    }
    start = cells.centroid;
  }
  return std::nullopt;
}

/// A minimum of L_tau followed from small tau upwards, and where it ends: by jumping to another one.
struct Branch {
  struct Piece {
    std::vector<double> taus;
    std::vector<Eigen::MatrixXd> centers;
  };
  std::vector<Piece> pieces;
  std::vector<double> ends;  // tau of every jump

  /// Center j of a piece against tau.
  [[nodiscard]] static Eigen::MatrixXd path(const Piece& piece, Index j) {
    Eigen::MatrixXd result(2, static_cast<Index>(piece.taus.size()));
    for (std::size_t t = 0; t < piece.taus.size(); ++t)
      result.col(static_cast<Index>(t)) << piece.taus[t], piece.centers[t](j);
    return result;
  }
};

/// @param family makes the objective at tau
template <class Family>
Branch follow(const Family& family, const Eigen::MatrixXd& start, double from, double to, double step) {
  constexpr double jump = 0.35;  // a minimum moves less far from step to step
  Branch branch;
  branch.pieces.emplace_back();
  Eigen::MatrixXd now = start;
  const auto next = [&](double tau) {
    // Off the line of symmetry, so that EM does not come to rest on a saddle.
    Eigen::MatrixXd pushed = now;
    for (Index j = 0; j < pushed.cols(); ++j) pushed(j) += 1e-5 * static_cast<double>(j * j + 1);
    return minimum_from(family(tau), pushed);
  };
  const auto keep = [&](double tau, const Eigen::MatrixXd& centers) {
    now = centers;
    branch.pieces.back().taus.push_back(tau);
    branch.pieces.back().centers.push_back(centers);
  };
  double last = from;
  for (double tau = from; tau <= to; tau += step) {
    const auto found = next(tau);
    if (!found) continue;
    const auto is_far = [&](const Eigen::MatrixXd& centers) { return (centers - now).cwiseAbs().maxCoeff() > jump; };
    if (is_far(*found)) {
      // Where it is lost, by halving; where it only moves fast, halving catches up with it.
      double high = tau;
      for (int halving = 0; halving < 10; ++halving) {
        const double middle = (last + high) / 2;
        const auto there = next(middle);
        if (there && !is_far(*there)) {
          keep(middle, *there);
          last = middle;
        } else {
          high = middle;
        }
      }
      if (is_far(*found)) {
        branch.ends.push_back((last + high) / 2);
        branch.pieces.emplace_back();
      }
    }
    keep(tau, *found);
    last = tau;
  }
  return branch;
}

/// G - G_tau at fixed centers against tau, in rows.
template <class Family>
Eigen::MatrixXd differences(const Family& family, const Eigen::MatrixXd& centers, double limit) {
  std::vector<Eigen::Vector2d> result;
  for (double log_tau = -2; log_tau <= 0.0001; log_tau += 0.05) {
    const double tau = std::pow(10.0, log_tau), value = limit - family(tau).value(centers);
    if (value > 1e-11) result.emplace_back(tau, value);
  }
  return examples::in_columns(result);
}

/// Five clusters of deviation 1 on a pentagon, six deviations apart.
kmscape::GaussianMixtureModel<double, 2> pentagon() {
  Eigen::Matrix<double, 2, 5> centers;
  for (Index s = 0; s < 5; ++s) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(s) / 5 + std::numbers::pi / 2;
    centers.col(s) << std::cos(angle), std::sin(angle);
  }
  return {centers * (3 / std::sin(std::numbers::pi / 5)), 1.0};
}

/// Where EM ends from random points of the sample, for one tau; 0: k-means.
struct Census {
  double tau = 0;
  Index minima = 0, found = 0;  // different minima; starts that end with one center on each cluster
};
Census census(const kmscape::GaussianMixtureModel<double, 2>& model, const Eigen::Matrix2Xd& points, double tau,
              std::int64_t starts) {
  const kmscape::EmpiricalObjective<double, 2> data(points);
  const Index k = model.components();
  Census result{.tau = tau};
  std::vector<double> values;
  for (std::int64_t r = 0; r < starts; ++r) {
    kmscape::RandomStream stream(kmscape::Seed{11}, static_cast<std::uint64_t>(r));
    const Eigen::MatrixXd start = model.sample(k, stream).points;
    Eigen::MatrixXd end;
    double value = 0;
    if (tau == 0) {
      const auto fit = kmscape::lloyd(data, start);
      end = fit.centers;
      value = fit.value;
    } else {
      const kmscape::LikelihoodObjective<double, 2> objective(data, tau);
      const auto minimum = minimum_from(objective, start);
      if (!minimum) continue;
      end = *minimum;
      value = objective.value(end);
    }
    result.found += kmscape::centroid_index(end, model.centers()) == 0;
    if (std::none_of(values.begin(), values.end(),
                     [&](double other) { return std::abs(other - value) <= 1e-7 * std::abs(value); }))
      values.push_back(value);
  }
  result.minima = static_cast<Index>(values.size());
  return result;
}

/// Three clusters that differ in size and weight: what k-means is not made for.
kmscape::GaussianMixtureModel<double, 2> uneven() {
  Eigen::Matrix<double, 2, 3> centers;
  centers << 0, 4.4, 1.2, 0, 0.6, 4.6;
  return {centers, Eigen::Array3d(1.6, 0.4, 0.7), Eigen::Array3d(0.55, 0.15, 0.30)};
}

/// The largest distance of a true center from the fitted one that is matched to it.
double center_error(const Eigen::MatrixXd& fitted, const Eigen::MatrixXd& true_centers) {
  Eigen::MatrixXd cost(true_centers.cols(), fitted.cols());
  for (Index s = 0; s < cost.rows(); ++s) cost.row(s) = (fitted.colwise() - true_centers.col(s)).colwise().norm();
  const auto matching = kmscape::minimum_cost_matching(cost);
  double result = 0;
  for (Index s = 0; s < cost.rows(); ++s)
    result = std::max(result, cost(s, matching.column[static_cast<std::size_t>(s)]));
  return result;
}

using Fit = kmscape::MixtureFit<double, 2>;

/// Restarts that reach the best one's likelihood.
Index restarts_at_best(const Fit& fit) {
  return std::count_if(fit.restarts.begin(), fit.restarts.end(), [&](const auto& restart) {
    return restart.log_likelihood > fit.log_likelihood - 1e-6 * std::abs(fit.log_likelihood);
  });
}

std::string rounded(const Eigen::ArrayXd& values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  std::string out;
  for (const double value : sorted) out += (out.empty() ? "" : ", ") + examples::number(value, 3);
  return out;
}

void draw_differences(examples::Sheet& sheet, const examples::Frame& frame, const Eigen::MatrixXd& at_spurious,
                      const Eigen::MatrixXd& at_truth, const Eigen::MatrixXd& of_sample, double constant) {
  auto chart = sheet.chart(frame, "G - 2τ^2L_τ at fixed centers", "τ", "");
  Eigen::MatrixXd law(2, 2);
  law << 0.01, 0.25, constant * 1e-8, constant * std::pow(0.25, 4);
  chart.set("logscale xy")
      .set("format '10^{%T}'")
      .set("xrange [0.01:1]")
      .set("yrange [1e-11:10]")
      .set("ytics 100")
      .add(of_sample, "with linespoints pt 6 ps 0.6 lw 1.2 lc rgb '" + examples::colour(1) + "'")
      .add(at_spurious, "with lines lw 2.4 lc rgb '" + examples::after_colour + "'")
      .add(at_truth, "with lines lw 2.4 lc rgb '" + examples::before_colour + "'")
      .add(law, "with lines lw 1.2 dt 2 lc rgb '" + examples::ink + "'")
      .label("two on one:", {0.011, 3e-3}, examples::after_colour, "left", {0, 0.6})
      .label("like τ^4, as predicted (dashed)", {0.011, 3e-3}, examples::after_colour, "left", {0, -0.6}, 10)
      .label("the same, sample of 200", {0.02, 2e-9}, examples::colour(1), "left", {0, 0}, 10)
      .label("truth:", {0.30, 1e-5}, examples::before_colour, "right", {0, 0})
      .label("exponentially small", {0.30, 1e-5}, examples::before_colour, "right", {0, -1.3}, 10);
  chart.finish();
}

void draw_branches(examples::Sheet& sheet, const examples::Frame& frame, const Branch& of_truth,
                   const Branch& of_spurious, const Branch& of_sample) {
  auto chart = sheet.chart(frame, "Centers of minima of L_τ as τ grows", "τ", "");
  chart.set("xrange [0:1.8]").set("yrange [-2.7:2.5]").set("xtics 0.3").set("ytics 1");
  const auto draw = [&](const Branch::Piece& piece, const std::string& words) {
    for (Index j = 0; j < 3; ++j) chart.add(Branch::path(piece, j), words);
  };
  for (const auto& piece : of_truth.pieces) draw(piece, "with lines lw 2.4 lc rgb '" + examples::before_colour + "'");
  draw(of_spurious.pieces.front(), "with lines lw 2.4 lc rgb '" + examples::after_colour + "'");
  draw(of_sample.pieces.front(), "with points pt 6 ps 0.55 lw 1 lc rgb '" + examples::colour(1) + "'");
  if (!of_spurious.ends.empty()) {
    const std::string x = examples::number(of_spurious.ends.front());
    chart.set("arrow from " + x + ",graph 0 to " + x + ",graph 1 nohead dt 2 lw 1.2 lc rgb '" + examples::after_colour +
              "'");
    chart.label("no spurious minimum", {of_spurious.ends.front(), -2.5}, examples::after_colour, "left", {0.5, 0}, 10);
  }
  if (!of_truth.ends.empty()) {
    const std::string x = examples::number(of_truth.ends.front());
    chart
        .set("arrow from " + x + ",graph 0 to " + x + ",graph 1 nohead dt 2 lw 1.2 lc rgb '" + examples::before_colour +
             "'")
        .label("lost: EM goes", {of_truth.ends.front(), -2}, examples::before_colour, "left", {0.5, 0.6}, 10)
        .label("to another", {of_truth.ends.front(), -2}, examples::before_colour, "left", {0.5, -0.6}, 10);
  }
  chart.label("one center on each", {0.75, 2.15}, examples::before_colour, "left", {0, 0})
      .label("one over two", {0.06, 1.0}, examples::after_colour, "left", {0, 0.8})
      .label("two on one", {0.03, -1.45}, examples::after_colour, "left", {0, 0})
      .label("sample of 200", {0.06, -2.5}, examples::colour(1), "left", {0, 0}, 10);
  chart.finish();
}

void draw_census(examples::Sheet& sheet, const examples::Frame& upper, const examples::Frame& lower,
                 const std::vector<Census>& all, std::int64_t starts) {
  Eigen::MatrixXd share(2, static_cast<Index>(all.size())), minima = share;
  for (std::size_t t = 0; t < all.size(); ++t) {
    const auto column = static_cast<Index>(t);
    share.col(column) << all[t].tau, 100 * static_cast<double>(all[t].found) / static_cast<double>(starts);
    minima.col(column) << all[t].tau, static_cast<double>(all[t].minima);
  }
  auto top = sheet.chart(upper, "Five clusters in the plane, sample of 500", "", "");
  top.set("xrange [-0.08:3.6]").set("yrange [0:105]").set("format x ''").set("ytics 50");
  top.add(share, "with linespoints pt 7 ps 0.9 lw 2 lc rgb '" + examples::before_colour + "'")
      .label("% of starts of EM that end with one center on each", {0.05, 12}, examples::before_colour, "left", {0, 0},
             10);
  top.finish();
  auto bottom = sheet.chart(lower, "", "τ (clusters have σ = 1)", "");
  bottom.set("xrange [-0.08:3.6]").set("logscale y").set("yrange [0.8:100]");
  bottom.add(minima, "with linespoints pt 7 ps 0.9 lw 2 lc rgb '" + examples::after_colour + "'")
      .label("different minima found", {1.5, 20}, examples::after_colour, "left", {0, 0}, 10);
  bottom.finish();
}

void draw_fits(examples::Sheet& sheet, const examples::Frame& frame, const kmscape::Sample<double, 2>& sample,
               const kmscape::GaussianMixtureModel<double, 2>& model, const Eigen::MatrixXd& k_means, const Fit& fit) {
  auto drawing = sheet.drawing(frame, {{-5.0, -6.2}, {6.6, 6.6}}, "Unequal clusters: k-means and EM");
  for (Index s = 0; s < model.components(); ++s) {
    std::vector<Eigen::Vector2d> own;
    for (Index i = 0; i < sample.points.cols(); ++i)
      if (sample.labels(i) == s) own.emplace_back(sample.points.col(i));
    drawing.add(examples::in_columns(own), "with points pt 7 ps 0.28 lc rgb '" + examples::colour(s + 4) + "'");
  }
  for (const auto& face : examples::faces_in(k_means, drawing.box())) drawing.line(face.ends, {examples::ink, 1.6, 2});
  drawing.stars(k_means, examples::ink, 1.5);
  for (Index j = 0; j < fit.parameters.centers.cols(); ++j) {
    const Eigen::Vector2d center = fit.parameters.centers.col(j);
    drawing.circle(center, 2 * std::sqrt(fit.parameters.variances(j)), {examples::before_colour, 2.4, 1});
  }
  drawing.dots(fit.parameters.centers, examples::before_colour, 1.2)
      .label("EM: centers and 2σ_j", {-4.8, -5.2}, examples::before_colour, "left", {0, 0})
      .label("k-means: centers and cells", {-4.8, -5.2}, examples::ink, "left", {0, -1.4});
  drawing.finish();
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "qzc_likelihood [--out DIR] [--starts R]",
                                        {{"out", "DIR", "folder for the picture and its page"},
                                         {"starts", "R", "random starts of EM for every tau, 100 unless given"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const auto starts = arguments.integer("starts", 100, 1);

    // Three intervals on the line: the truth and Proposition 2's minimum, in the population and in a sample.
    const kmscape::PopulationObjective<Line> limit(line_model());
    const auto points = line_model().sample(200, kmscape::Seed{4}).points;
    const kmscape::EmpiricalObjective<double, 1> data(points);
    const auto of_population = [](double tau) { return population_at(tau); };
    const auto to_rounding = [](double tau) { return population_at(tau, 1e-13); };
    struct PerPoint {  // of the sample, a mean as the population's
      OfSample objective;
      double n;
      [[nodiscard]] double value(const Eigen::MatrixXd& centers) const { return objective.value(centers) / n; }
    };
    const auto of_points = [&](double tau) { return OfSample(data, tau); };
    const auto per_point = [&](double tau) { return PerPoint{of_points(tau), 200}; };

    const auto fit = kmscape::lloyd(data, spurious());
    const Eigen::MatrixXd at_spurious = differences(to_rounding, spurious(), limit.value(spurious())),
                          at_truth = differences(to_rounding, truth(), limit.value(truth())),
                          of_sample = differences(per_point, fit.centers, fit.value / 200);
    // pi^2/3 sum over faces of density / distance: one face, in the middle of the left interval.
    const double constant = std::numbers::pi * std::numbers::pi / 3 / (3 * 2 * radius) / radius;

    const auto branch_of_truth = follow(of_population, truth(), 0.03, 1.8, 0.03);
    const auto branch_of_spurious = follow(of_population, spurious(), 0.03, 1.2, 0.02);
    const auto branch_of_sample = follow(of_points, fit.centers, 0.03, 1.2, 0.03);

    examples::ProgressBar bar;
    const auto progress = bar.callback();
    const auto five = pentagon();
    const Eigen::Matrix2Xd plane = five.sample(500, kmscape::Seed{5}).points;
    std::vector<Census> counts;
    const std::vector<double> taus = {0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5};
    for (const double tau : taus) {
      counts.push_back(census(five, plane, tau, starts));
      if (progress) progress({"tau", static_cast<std::int64_t>(counts.size()), static_cast<std::int64_t>(taus.size())});
    }
    bar.clear();

    // EM as an estimator, its variances and weights fixed or free.
    const auto model = uneven();
    const auto sample = model.sample(1500, kmscape::Seed{6});
    const kmscape::EmpiricalObjective<double, 2> cloud(sample.points);
    Eigen::MatrixXd k_means;
    double least = 0;
    for (std::uint64_t r = 0; r < 20; ++r) {
      const auto seeds = kmscape::seed_centers(cloud, 3, {.seed = r});
      const auto run = kmscape::lloyd(cloud, seeds.centers);
      if (r > 0 && run.value >= least) continue;
      least = run.value;
      k_means = run.centers;
    }
    const Eigen::ArrayXd variances = model.sigmas().square();
    const double pooled = (variances * model.weights()).sum();
    const Fit fixed = fit_mixture(cloud, 3,
                                  {.variance = kmscape::VarianceModel::fixed,
                                   .free_weights = false,
                                   .start_variance = pooled,
                                   .restarts = 20,
                                   .seed = 3}),
              shared = fit_mixture(cloud, 3, {.restarts = 20, .seed = 3}),
              own =
                  fit_mixture(cloud, 3, {.variance = kmscape::VarianceModel::per_component, .restarts = 20, .seed = 3}),
              exact = fit_mixture(cloud, {model.centers(), variances, model.weights()},
                                  {.variance = kmscape::VarianceModel::fixed, .max_iterations = 0});

    examples::Sheet sheet(folder / "qzc_likelihood.png", 1100, 900);
    draw_differences(sheet, {75, 45, 440, 340}, at_spurious, at_truth, of_sample, constant);
    draw_branches(sheet, {610, 45, 465, 340}, branch_of_truth, branch_of_spurious, branch_of_sample);
    draw_census(sheet, {75, 490, 440, 170}, {75, 690, 440, 140}, counts, starts);
    draw_fits(sheet, {610, 480, 465, 400}, sample, model, k_means, own);
    sheet.draw();

    examples::Report report(
        "qzc_likelihood", "QZC section 2.2: the likelihood's landscape beside that of k-means",
        "L_tau is the negative log-likelihood of Gaussians of deviation tau as a function of their centers. Above: "
        "intervals of radius 0.3 around -2, 0, 2, in the population, computed and not sampled, and for 200 points. "
        "Left, how 2 tau^2 L_tau tends to G at fixed centers; right, minima of L_tau followed from those of G at tau = "
        "0. Below left: where EM, the fixed-point iteration of L_tau, ends from " +
            std::to_string(starts) +
            " random starts on five clusters of deviation 1 whose neighbours are 6 apart. Below right: a mixture of "
            "unequal sizes and weights, 1500 points, by k-means and by EM with all parameters free.");
    const auto number = [](double value, int digits = 4) { return examples::number(value, digits); };
    for (const double tau : {0.1, 0.03, 0.01}) {
      const double measured = limit.value(spurious()) - to_rounding(tau).value(spurious());
      report.row("tau = " + number(tau) + ": G - 2 tau^2 L_tau at the spurious minimum", "tends to 0",
                 number(measured, 6),
                 number(measured / (constant * std::pow(tau, 4)), 6) + " times pi^2/3 rho/d tau^4");
    }
    for (const double tau : {0.4, 0.3, 0.2})
      report.row("tau = " + number(tau) + ": the same at the truth", "tends to 0",
                 number(limit.value(truth()) - to_rounding(tau).value(truth()), 4),
                 "no density on the faces: exponentially small, e^(-2.8/(2 tau^2)) = " +
                     number(std::exp(-2.8 / (2 * tau * tau)), 2));
    const auto ends = [&](const Branch& branch) {
      return branch.ends.empty() ? std::string("it does not end") : "tau = " + number(branch.ends.front());
    };
    report
        .row("the minimum with two centers on one interval is lost, in the population", "", ends(branch_of_spurious),
             "its two centers are one from tau = r/sqrt(3) = " + number(radius / std::sqrt(3.0)) + " on, measured " +
                 number([&] {
                   const auto& piece = branch_of_spurious.pieces.front();
                   for (std::size_t t = 0; t < piece.taus.size(); ++t)
                     if (std::abs(piece.centers[t](0) - piece.centers[t](1)) < 1e-6) return piece.taus[t];
                   return 0.0;
                 }()) +
                 " on a grid of 0.02")
        .row("the same for 200 points", "", ends(branch_of_sample))
        .row("the minimum that is the truth at tau = 0 is lost, in the population", "", ends(branch_of_truth),
             "two of its centers are one by then; EM goes from there to a minimum with all three apart, where the "
             "curves begin anew");
    const auto share = [&](const Census& at) {
      return std::to_string(at.found) + " of " + std::to_string(starts) + " starts, " + std::to_string(at.minima) +
             (at.minima == 1 ? " minimum" : " different minima");
    };
    report.row("five clusters, tau -> 0 (k-means): one center on each", "some minima are spurious", share(counts[0]));
    for (const std::size_t t : {std::size_t{4}, std::size_t{8}, std::size_t{10}})
      report.row("five clusters, tau = " + number(counts[t].tau), "", share(counts[t]),
                 counts[t].tau == 1 ? "the true deviation: spurious minima as those of k-means" : "");
    const auto quality = [&](const kmscape::Labels& labels, const Eigen::MatrixXd& centers) {
      return number(100 * kmscape::misclassification_rate(labels, sample.labels), 3) +
             "% misclassified, centers off by at most " + number(center_error(centers, model.centers()), 3);
    };
    report.row("unequal clusters: k-means, best of 20", "", quality(cloud.assign(k_means).labels, k_means))
        .row("EM, variance fixed at the mean, weights fixed and equal", "",
             quality(fixed.labels, fixed.parameters.centers),
             std::to_string(restarts_at_best(fixed)) + " of 20 restarts reach it; log-likelihood " +
                 number(fixed.log_likelihood, 6))
        .row("EM, one variance for all, weights free", "", quality(shared.labels, shared.parameters.centers),
             std::to_string(restarts_at_best(shared)) + " of 20 restarts reach it; log-likelihood " +
                 number(shared.log_likelihood, 6))
        .row("EM, all variances and weights free", "", quality(own.labels, own.parameters.centers),
             std::to_string(restarts_at_best(own)) + " of 20 restarts reach it; log-likelihood " +
                 number(own.log_likelihood, 6))
        .row("its deviations and weights", "0.4, 0.7, 1.6 and 0.15, 0.3, 0.55",
             rounded(own.parameters.variances.sqrt()) + " and " + rounded(own.parameters.weights))
        .row("the true parameters", "", quality(exact.labels, model.centers()),
             "log-likelihood " + number(exact.log_likelihood, 6));
    report.write(folder);
  });
}

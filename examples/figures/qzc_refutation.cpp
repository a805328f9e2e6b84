// QZC equations (13) and (17): a many-fit-many candidate is refuted constructively. Every center along or against one
// unit vector: the second-order limit promises a descent, and G falls by it. The Hessian's negative direction beside
// it.
#include <Eigen/Eigenvalues>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <kmscape/landscape/candidate_geometry.hpp>
#include <kmscape/landscape/opposing_directions.hpp>
#include <kmscape/landscape/population_certificate.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/objective/directional_objective.hpp>
#include <kmscape/objective/population_objective.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "common/arguments.hpp"
#include "common/drawing.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;
using Model = kmscape::StochasticBallModel<double>;
using Objective = kmscape::PopulationObjective<Model>;

struct Candidate {
  std::string title, kind;
  Model model;
  Eigen::MatrixXd centers;  // 2 x m, a stationary point
  examples::Box box;
  double arrow = 1;  // length of the arrows
};

/// Three discs, of which two centers share two: each of these has a half of both.
Candidate shared_discs() {
  const double r = 0.3, height = 4 * r / (3 * std::numbers::pi);
  Eigen::MatrixXd truth(2, 3), centers(2, 3);
  truth << -1, 1, 0, 0, 0, 2.4;
  centers << 0, 0, 0, height, -height, 2.4;
  return {"Two centers share two discs", "2-fit-2", Model(truth, r), centers, {{-1.45, -0.85}, {1.45, 2.8}}, 0.42};
}

/// QZC's Example 2 below its pitchfork: two centers over three discs, the one in the middle halved.
Candidate halved_disc() {
  const double r = 0.27, a = 2.0 / 3 + 4 * r / (9 * std::numbers::pi);
  Eigen::MatrixXd truth(2, 3), centers(2, 2);
  truth << -1, 0, 1, 0, 0, 0;
  centers << -a, a, 0, 0;
  return {"Two centers over three discs", "2-fit-3", Model(truth, r), centers, {{-1.45, -0.9}, {1.45, 0.9}}, 0.36};
}

/// A direction with |v|^2 = m, as QZC's have, and what second-order terms promise on it.
struct Direction {
  std::string name, colour;
  Eigen::MatrixXd v;
  double limit = 0;  // of (G(beta + t v) - G(beta))/t^2
};

struct Study {
  Candidate candidate;
  Objective objective;
  kmscape::CandidateGeometry geometry;
  kmscape::OpposingDirection opposing;
  kmscape::PopulationCertificate<double> certificate;
  Direction paper, hessian;
  kmscape::MeasuredDrop drop, hessian_drop;

  explicit Study(Candidate what)
      : candidate(std::move(what)),
        objective(candidate.model),
        geometry(kmscape::candidate_geometry(candidate.model, candidate.centers)),
        opposing(kmscape::opposing_directions(geometry)),
        certificate(kmscape::certify(objective, candidate.centers)),
        drop(kmscape::measure_drop(objective, geometry, opposing)) {
    const double m = static_cast<double>(candidate.centers.cols());
    paper = {"QZC (13)", examples::after_colour, opposing.direction, opposing.second_order};
    Eigen::MatrixXd escape = std::sqrt(m) * certificate.escape;
    // A direction and its opposite are one: shown the way the paper's goes.
    if (escape.cwiseProduct(paper.v).sum() < 0) escape = -escape;
    hessian = {"Hessian", examples::before_colour, escape, m * certificate.smallest_eigenvalue / 2};
    auto along_hessian = opposing;
    along_hessian.direction = escape;
    hessian_drop = kmscape::measure_drop(objective, geometry, along_hessian);
  }

  /// (G(beta + t v) - G(beta))/t^2, with G's difference from the swept sets: no digits are lost at small t.
  [[nodiscard]] double quotient(const Direction& direction, double t) const {
    const auto h = kmscape::directional(objective, candidate.centers, direction.v);
    return (h.unreassigned(t) - h.unreassigned(0) + h.reassignment(t)) / (t * t);
  }
};

void draw_candidate(examples::Sheet& sheet, const examples::Frame& frame, const Study& study) {
  const auto& [title, kind, model, centers, box, length] = study.candidate;
  auto drawing = sheet.drawing(frame, box, title);
  for (Index s = 0; s < model.components(); ++s)
    drawing.disk(model.centers().col(s), model.radii()(s)).circle(model.centers().col(s), model.radii()(s));
  for (const auto& face : examples::faces_in(centers, drawing.box())) drawing.line(face.ends, {examples::ink, 1.8, 1});
  for (Index i = 0; i < centers.cols(); ++i) {
    const Eigen::Vector2d at = centers.col(i), paper = study.paper.v.col(i), hessian = study.hessian.v.col(i);
    if (hessian.norm() > 1e-6) drawing.arrow(at, at + length * hessian, {study.hessian.colour, 4.2, 1});
    drawing.arrow(at, at + length * paper, {study.paper.colour, 1.8, 1});
  }
  drawing.dots(centers, examples::ink, 1.1)
      .label("QZC (13)", box.low, study.paper.colour, "left", {0, 0.8})
      .label("Hessian", box.low, study.hessian.colour, "left", {9, 0.8});
  drawing.finish();
}

void draw_quotients(examples::Sheet& sheet, const examples::Frame& frame, const Study& study, double reach) {
  const double least = std::min(study.paper.limit, study.hessian.limit), low = 1.15 * least, high = -0.15 * least;
  auto chart = sheet.chart(frame, "(G(β + tv) - G(β)) / t^2", "t", "");
  chart.set("logscale x").set("format x '10^{%T}'").set("xrange [1e-4:" + examples::number(1.2 * reach) + "]");
  chart.set("yrange [" + examples::number(low) + ":" + examples::number(high) + "]");
  chart.set("arrow from graph 0,first 0 to graph 1,first 0 nohead lw 0.8 lc rgb '#999999'");
  Eigen::MatrixXd printed(2, 2);
  printed << 1e-4, reach, study.opposing.printed_limit, study.opposing.printed_limit;
  chart.add(printed, "with lines lw 1.4 dt 3 lc rgb '" + examples::faint + "'");
  for (const auto* direction : {&study.hessian, &study.paper}) {
    const auto points = static_cast<Index>(std::floor(8 * std::log10(reach / 1e-4) + 1e-9)) + 1;
    Eigen::MatrixXd limit(2, 2), measured(2, points);
    limit << 1e-4, reach, direction->limit, direction->limit;
    for (Index n = 0; n < points; ++n) {
      const double t = std::pow(10.0, -4 + static_cast<double>(n) / 8);
      measured.col(n) << t, study.quotient(*direction, t);
    }
    chart.add(limit, "with lines lw 1.4 dt 2 lc rgb '" + direction->colour + "'")
        .add(measured, "with points pt 7 ps 0.7 lc rgb '" + direction->colour + "'");
  }
  const bool is_one = study.paper.limit < study.hessian.limit + 1e-9;  // both directions are the same
  const auto name = [&](const Direction& direction, const std::string& text) {
    chart.label(text, {1.3e-4, direction.limit}, direction.colour, "left", {0, 0.8}, 10);
  };
  name(study.paper, is_one ? "limit for both" : "limit for QZC's direction");
  if (!is_one) name(study.hessian, "limit for the Hessian's");
  chart.label("(17) as printed", {1.3e-4, study.opposing.printed_limit}, "#7F7F7F", "left", {0, is_one ? -0.8 : -0.9},
              10);
  chart.finish();
}

void draw_descent(examples::Sheet& sheet, const examples::Frame& frame, const Study& study, double reach) {
  auto chart = sheet.chart(frame, "G(β + tv) - G(β)", "t", "");
  chart.set("xrange [0:" + examples::number(reach) + "]").set("xtics " + examples::number(reach / 4));
  chart.set("arrow from graph 0,first 0 to graph 1,first 0 nohead lw 0.8 lc rgb '#999999'");
  for (const auto* direction : {&study.hessian, &study.paper}) {
    const auto h = kmscape::directional(study.objective, study.candidate.centers, direction->v);
    const Eigen::RowVectorXd t = examples::steps(0, reach, 120);
    Eigen::MatrixXd curve(2, t.size());
    for (Index n = 0; n < t.size(); ++n) curve.col(n) << t(n), h.value(t(n)) - h.value(0);
    chart.add(curve, "with lines lw " + std::string(direction == &study.hessian ? "4" : "2") + " lc rgb '" +
                         direction->colour + "'");
  }
  chart.finish();
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "qzc_refutation [--out DIR]",
                                        {{"out", "DIR", "folder for the picture and its page"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));
    const std::vector<Study> studies = {Study(shared_discs()), Study(halved_disc())};

    examples::Sheet sheet(folder / "qzc_refutation.png", 1150, 800);
    for (std::size_t row = 0; row < studies.size(); ++row) {
      const auto& study = studies[row];
      const double top = row == 0 ? 45 : 445;
      draw_candidate(sheet, {15, top, 340, 300}, study);
      draw_quotients(sheet, {425, top, 310, 300}, study, row == 0 ? 1 : 0.25);
      draw_descent(sheet, {825, top, 300, 300}, study, row == 0 ? 1.2 : 0.4);
    }
    sheet.draw();

    examples::Report report(
        "qzc_refutation", "QZC equations (13) and (17): many-fit-many candidates refuted, with the way down",
        "Stationary points that are no minima, for three discs. Red: QZC's direction, every center along or against "
        "one unit vector, the best of all signs and vectors; blue: the Hessian's lowest eigenvector, made as long. "
        "Middle: the quotient measured from the swept sets (dots) and its limit from integrals over the faces "
        "(dashed); dotted: what equation (17) as printed grants, which counts one face and one cluster. Right: how far "
        "G falls.");
    const auto number = [](double value, int digits = 6) { return examples::number(value, digits); };
    for (const auto& study : studies) {
      const auto& candidate = study.candidate;
      const std::string name = candidate.kind + ": ";
      std::string signs;
      for (const int sign : study.opposing.signs)
        signs += (signs.empty() ? "" : ", ") + std::string(sign > 0 ? "+" : "-");
      const Eigen::MatrixXd gradient = study.objective.gradient(candidate.centers);
      report.row(name + "gradient at the candidate", "0", number(gradient.norm(), 2),
                 "verdict of the certificate: " + std::string(to_string(study.certificate.verdict)) + ", index " +
                     std::to_string(study.certificate.negative));
      for (const auto* direction : {&study.paper, &study.hessian})
        report.row(
            name + direction->name + ", limit of (G(beta + t v) - G(beta))/t^2",
            direction == &study.paper
                ? "(17): at most " + number(study.opposing.printed_limit) + ", negative: no minimum"
                : "",
            "at t = 0.01, 0.001, 0.0001: " + number(study.quotient(*direction, 1e-2)) + ", " +
                number(study.quotient(*direction, 1e-3)) + ", " + number(study.quotient(*direction, 1e-4)),
            "all faces and clusters: " + number(direction->limit) +
                (direction == &study.paper ? "; signs " + signs + ", axis (" + number(study.opposing.axis(0), 3) +
                                                 ", " + number(study.opposing.axis(1), 3) + ")"
                                           : ", half the least eigenvalue times m"));
      const auto fall =
          kmscape::lloyd(study.objective, (candidate.centers + study.drop.step * study.opposing.direction).eval(),
                         {.max_iterations = 20'000});
      const double here = study.objective.value(candidate.centers);
      const auto descent = [&](const kmscape::MeasuredDrop& drop) {
        return "by " + number(drop.drop) + " of " + number(here) + " at t = " + number(drop.step, 4);
      };
      report.row(name + "measured descent along QZC's direction", "G falls", descent(study.drop),
                 "the lowest of steps that double; Lloyd's iteration from there ends at " + number(fall.value));
      report.row(name + "measured descent along the Hessian's direction", "", descent(study.hessian_drop),
                 "the lowest of the same steps");
    }
    report.write(folder);
  });
}

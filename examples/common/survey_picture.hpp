// A survey in one picture: every minimum by value and share, and the three that matter most on the data.
#pragma once

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/landscape/association.hpp>
#include <kmscape/landscape/survey.hpp>
#include <kmscape/objective/empirical_objective.hpp>

#include "common/gnuplot.hpp"
#include "common/plane.hpp"
#include "common/report.hpp"

namespace examples {

namespace internal {

/// Points as they are shown: in the plane, by their two principal axes, or spread out above the line.
inline Eigen::MatrixXd shown(const Eigen::MatrixXd& points, const PlaneProjection* plane) {
  if (plane) return (*plane)(points);
  Eigen::MatrixXd result(2, points.cols());
  kmscape::RandomStream stream(kmscape::Seed{0});
  for (Eigen::Index i = 0; i < points.cols(); ++i) result.col(i) << points(0, i), stream.uniform();
  return result;
}

/// One value and share per minimum, in the colour of its structure.
inline void draw_landscape(Picture& picture, const kmscape::Survey<double>& survey,
                           const std::vector<kmscape::Association>& associations) {
  const auto kind = [&](std::size_t m) -> Eigen::Index {
    if (associations.empty()) return survey.minima[m].stuck.stuck ? 1 : 0;
    if (associations[m].is_truth()) return 0;
    return associations[m].is_structured() ? 1 : 2;
  };
  const std::vector<std::string> names =
      associations.empty()
          ? std::vector<std::string>{"not stuck", "stuck: a merge and split helps"}
          : std::vector<std::string>{"one center per cluster", "many-fit-one and one-fit-many", "many-fit-many"};
  std::vector<std::string> plots;
  for (std::size_t type = 0; type < names.size(); ++type) {
    std::vector<double> rows;
    for (std::size_t m = 0; m < survey.minima.size(); ++m)
      if (kind(m) == static_cast<Eigen::Index>(type))
        rows.insert(rows.end(), {survey.minima[m].value, 100 * survey.minima[m].share});
    if (rows.empty()) continue;
    const auto block =
        picture.data(Eigen::Map<Eigen::MatrixXd>(rows.data(), 2, static_cast<Eigen::Index>(rows.size() / 2)));
    const std::string paint = "lc rgb '" + colour(static_cast<Eigen::Index>(type == 2 ? 7 : type == 1 ? 4 : 0)) + "'";
    plots.push_back(block + " using 1:2 with impulses lw 2 " + paint + " notitle, " + block +
                    " using 1:2 with points pt 7 ps 1.2 " + paint + " title '" + names[type] + "'");
  }
  std::string all;
  for (const auto& plot : plots) all += (all.empty() ? "" : ", ") + plot;
  picture << "set title 'every local minimum found'"
          << "set xlabel 'objective'"
          << "set ylabel '% of restarts'"
          << "set logscale y"
          << "set yrange [" + number(50.0 / static_cast<double>(survey.restarts)) + ":400]"
          << "set key top right"
          << "set xrange [*:*] noextend"
          << "set offsets graph 0.06, graph 0.06, 0, 0"
          << "plot " + all << "unset logscale y"
          << "unset offsets"
          << "unset xlabel"
          << "unset ylabel"
          << "set yrange [*:*]";
}

inline void draw_minimum(Picture& picture, const std::string& title,
                         const kmscape::EmpiricalObjective<double>& objective, const Eigen::MatrixXd& centers,
                         const PlaneProjection* plane) {
  const Eigen::MatrixXd points = shown(objective.points(), plane);
  Eigen::MatrixXd at = plane ? (*plane)(centers) : Eigen::MatrixXd(2, centers.cols());
  if (!plane) at << centers, Eigen::MatrixXd::Constant(1, centers.cols(), 0.5);
  const Box box = box_around(points);
  const auto labels = objective.assign(centers).labels;

  picture << "set title \"" + title + "\""
          << "set xrange [" + number(box.low.x()) + ":" + number(box.high.x()) + "]"
          << "set yrange [" + number(box.low.y()) + ":" + number(box.high.y()) + "]"
          << "unset key";
  std::string plot;
  // Cells are drawn where the picture is the space itself; a projection does not show them.
  if (objective.dimension() <= 2) {
    const auto cells = voronoi_cells(at, box);
    for (std::size_t j = 0; j < cells.size(); ++j)
      if (cells[j].cols() > 2)
        plot += picture.data(cells[j]) + " with filledcurves closed lc rgb '" +
                pale_colour(static_cast<Eigen::Index>(j)) + "', ";
  }
  Eigen::MatrixXd coloured(3, points.cols());
  coloured.topRows(2) = points;
  for (Eigen::Index i = 0; i < points.cols(); ++i) coloured(2, i) = colour_value(labels(i));
  plot += picture.data(coloured) + " using 1:2:3 with points pt 7 ps 0.5 lc rgb variable, ";
  const auto block = picture.data(at);
  plot += block + " with points pt 7 ps 2.2 lc rgb 'white', " + block + " with points pt 7 ps 1.7 lc rgb '#222222'";
  picture << "plot " + plot << "set xrange [*:*]"
          << "set yrange [*:*]"
          << "set key";
}

}  // namespace internal

/// Draws `survey` of `objective` into `path`; false where gnuplot is missing.
inline bool draw_survey(const std::filesystem::path& path, const std::string& name,
                        const kmscape::EmpiricalObjective<double>& objective, const kmscape::Survey<double>& survey,
                        const std::vector<kmscape::Association>& associations,
                        const std::vector<std::string>& cluster_names) {
  const std::size_t total = survey.minima.size();
  const auto words = [&](std::size_t m) {
    return associations.empty() ? std::string() : describe(associations[m], cluster_names);
  };
  // The best, and of the others the two that restarts fall into most often, of different structures while there are
  // any.
  std::vector<std::size_t> order(total);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t place = 1; place < std::min<std::size_t>(total, 3); ++place) {
    const auto chosen = order.begin() + static_cast<std::ptrdiff_t>(place);
    const auto rank = [&](std::size_t m) {
      const bool is_new =
          std::none_of(order.begin(), chosen, [&](std::size_t shown) { return words(shown) == words(m); });
      return std::pair(is_new, survey.minima[m].count);
    };
    std::iter_swap(chosen, std::max_element(chosen, order.end(), [&](auto a, auto b) { return rank(a) < rank(b); }));
  }
  order.resize(std::min<std::size_t>(total, 3));

  Picture picture(path, 1200, 900);
  picture << "set multiplot layout 2,2 title 'k-means on " + plain(std::filesystem::path(name).filename().string()) +
                 ", k = " + std::to_string(total > 0 ? survey.best().centers.cols() : 0) + ", " +
                 std::to_string(survey.restarts) +
                 " restarts' font ',15' margins 0.07,0.97,0.06,0.88 spacing 0.07,0.14";
  if (total > 0) internal::draw_landscape(picture, survey, associations);
  PlaneProjection plane;
  if (objective.dimension() > 1) plane = plane_of(objective.points());
  if (objective.dimension() == 1) picture << "unset ytics";
  for (const std::size_t m : order) {
    const auto& minimum = survey.minima[m];
    std::string title = "minimum " + std::to_string(m + 1) + ": " + number(minimum.value, 7) + ", " +
                        number(100 * minimum.share, 3) + "% of restarts";
    title += "\\n{/*0.8 " + plain(words(m)) + "}";
    internal::draw_minimum(picture, title, objective, minimum.centers, objective.dimension() > 1 ? &plane : nullptr);
  }
  picture << "unset multiplot";
  return picture.draw();
}

}  // namespace examples

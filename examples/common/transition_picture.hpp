// A transition as a film: a picture for each of some clusterings, and a page that plays them.
#pragma once

#include <Eigen/Dense>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <kmscape/core/progress.hpp>
#include <kmscape/geometry/power_diagram.hpp>
#include <kmscape/transition/transition.hpp>

#include "common/drawing.hpp"
#include "common/errors.hpp"
#include "common/gnuplot.hpp"
#include "common/plane.hpp"

namespace examples {

/// "(12, 11, 13)": how many items each of the k clusters has.
inline std::string sizes_in_words(const kmscape::Labels& labels, kmscape::Index k) {
  std::vector<kmscape::Index> sizes(static_cast<std::size_t>(k), 0);
  for (kmscape::Index j = 0; j < labels.size(); ++j) ++sizes[static_cast<std::size_t>(labels(j))];
  std::string result;
  for (const auto size : sizes) result += (result.empty() ? "(" : ", ") + std::to_string(size);
  return result + ")";
}

/// Cells (in the plane), items, sites, and the items that the step before moved, circled and with a trace of their old
/// colour.
inline void draw_clustering(Drawing& drawing, const Eigen::Ref<const Eigen::MatrixXd>& items,
                            const kmscape::Labels& labels, const kmscape::PowerDiagram& diagram,
                            const Eigen::Ref<const Eigen::MatrixXd>& sites, const kmscape::ItemExchange& moves,
                            double size) {
  using kmscape::Index;
  const Index k = sites.cols();
  if (diagram.sites.rows() == 2)
    for (Index i = 0; i < k; ++i) {
      auto sides = diagram.half_planes(i);
      for (const auto& side : box_sides(drawing.box())) sides.push_back(side);
      const auto corners = in_columns(kmscape::ConvexPolygon(sides).corners());
      drawing.area(corners, pale_colour(i));
      drawing.outline(corners, {"#FFFFFF", 1.6, 1});
    }
  for (Index i = 0; i < k; ++i) {
    std::vector<Eigen::Vector2d> own;
    for (Index j = 0; j < items.cols(); ++j)
      if (labels(j) == i) own.push_back(items.col(j));
    if (!own.empty())
      drawing.add(in_columns(own), "with points pt 7 ps " + number(size) + " lc rgb '" + colour(i) + "'");
  }
  for (const auto& move : moves) {
    const Eigen::Vector2d place = items.col(move.item);
    drawing.add(place, "with points pt 7 ps " + number(2.6 * size) + " lc rgb '" + colour(move.from) + "'");
    drawing.add(place, "with points pt 7 ps " + number(2.0 * size) + " lc rgb 'white'");
    drawing.add(place, "with points pt 7 ps " + number(1.5 * size) + " lc rgb '" + colour(move.to) + "'");
  }
  for (Index i = 0; i < k; ++i) {
    const Eigen::Vector2d place = sites.col(i);
    drawing.add(place, "with points pt 2 ps 1.5 lw 4.5 lc rgb 'white'");
    drawing.add(place, "with points pt 2 ps 1.3 lw 2 lc rgb '" + ink + "'");
  }
}

/// Draws at most `most` frames, evenly spread over the steps and with both ends, into `folder`, and index.html. The
/// transition must hold its power diagrams.
inline void draw_transition(const std::filesystem::path& folder, const std::string& name,
                            const Eigen::Ref<const Eigen::MatrixXd>& points, const kmscape::Transition& transition,
                            kmscape::Index most, const kmscape::ProgressCallback& progress) {
  using kmscape::Index;
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) throw input_error(folder.string() + ": cannot be made a folder");
  const Index d = points.rows(), n = points.cols();
  const auto count = static_cast<Index>(transition.steps.size());
  const Index frames = std::min(most, count + 1);

  // A line is shown with the places in the file on the other axis, higher dimensions by their principal axes.
  const auto flat = [&](const Eigen::MatrixXd& columns, bool are_items) -> Eigen::MatrixXd {
    if (d >= 2) return plane_of(points)(columns);
    Eigen::MatrixXd result(2, columns.cols());
    const double width = points.maxCoeff() - points.minCoeff();
    for (Index j = 0; j < columns.cols(); ++j)
      result.col(j) << columns(0, j),
          are_items ? 0.3 * width * static_cast<double>(j) / static_cast<double>(n) : 0.15 * width;
    return result;
  };
  const Eigen::MatrixXd items = flat(points, true);
  // Sites move along lines from start to target, not always among the items.
  Eigen::MatrixXd shown(2, n + 2 * transition.start_sites.cols());
  shown << items, flat(transition.start_sites, false), flat(transition.target_sites, false);
  const Box box = box_around(shown);
  const Eigen::Vector2d extent = box.high - box.low;
  const double height = std::clamp(600 * extent.y() / extent.x(), 200.0, 900.0);
  const double size = n <= 100 ? 1.1 : n <= 1000 ? 0.75 : n <= 10000 ? 0.4 : 0.2;

  kmscape::Labels labels = transition.start;
  std::string list;
  Index done = 0, drawn = 0;
  for (Index r = -1; r < count; ++r) {
    if (r >= 0) kmscape::apply_exchange(transition.steps[static_cast<std::size_t>(r)].moves, labels);
    const bool is_due = r < 0 || r == count - 1 || (r + 1) * (frames - 1) / std::max<Index>(1, count) > done;
    if (!is_due) continue;
    done = (r + 1) * (frames - 1) / std::max<Index>(1, count);
    const auto* const step = r < 0 ? nullptr : &transition.steps[static_cast<std::size_t>(r)];
    const auto& diagram = step == nullptr ? transition.start_diagram : step->separating;
    const std::string title = step == nullptr
                                  ? std::string("start")
                                  : "step " + std::to_string(r + 1) + " of " + std::to_string(count) + ", " +
                                        std::string(to_string(step->phase)) + " phase, λ = " + number(step->lambda, 4);
    char file[32];
    std::snprintf(file, sizeof file, "frame_%04td.png", drawn++);
    Sheet sheet(folder / file, 620, static_cast<int>(height) + 54);
    auto drawing = sheet.drawing({10, 44, 600, height}, box, plain(name) + ": " + title);
    draw_clustering(drawing, items, labels, d == 2 ? diagram : kmscape::PowerDiagram{}, flat(diagram.sites, false),
                    step == nullptr ? kmscape::ItemExchange{} : step->moves, size);
    drawing.finish();
    sheet.draw();
    list += std::string(list.empty() ? "" : ",") + "\"" + file + "\"";
    if (progress && !progress({"frames", drawn, frames})) break;
  }
  write_file(folder / "index.html",
             "<!doctype html>\n<meta charset=\"utf-8\">\n<title>" + escaped(name) +
                 "</title>\n<body style=\"font-family:sans-serif;text-align:center;color:#333\">\n"
                 "<img id=\"frame\" width=\"620\" alt=\"the clustering\"><br>\n"
                 "<input id=\"at\" type=\"range\" min=\"0\" style=\"width:500px\"> <button id=\"play\">pause</button>\n"
                 "<script>\nconst files = [" +
                 list +
                 "], frame = document.getElementById('frame'), at = document.getElementById('at'), "
                 "play = document.getElementById('play');\nfiles.forEach(file => new Image().src = file);\n"
                 "at.max = files.length - 1;\nlet playing = true;\n"
                 "const show = i => { at.value = i; frame.src = files[i]; };\n"
                 "at.oninput = () => { playing = false; play.textContent = 'play'; show(+at.value); };\n"
                 "play.onclick = () => { playing = !playing; play.textContent = playing ? 'pause' : 'play'; };\n"
                 "setInterval(() => { if (playing) show((+at.value + 1) % files.length); }, 250);\nshow(0);\n"
                 "</script>\n");
}

}  // namespace examples

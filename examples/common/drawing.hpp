// Figures of the plane in true proportion, drawn from the library's polygons: a sheet holds drawings (areas, lines,
// disks, arrows, labels) and charts (axes), each in a frame that is placed by hand.
#pragma once

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <kmscape/geometry/convex_polygon.hpp>

#include "common/gnuplot.hpp"
#include "common/plane.hpp"
#include "common/report.hpp"

namespace examples {

/// Colours beside those of cells: text and lines, true clusters, and the two that stand for before and after.
inline const std::string ink = "#333333", faint = "#9A9A9A", cluster_colour = "#D9DCE0", before_colour = "#3B5B92",
                         after_colour = "#C0533E";

/// A disk as half-planes, as fine as a picture needs.
inline std::vector<kmscape::HalfPlane> disk_sides(const Eigen::Vector2d& center, double radius) {
  constexpr int sides = 240;
  std::vector<kmscape::HalfPlane> result;
  for (int i = 0; i < sides; ++i) {
    const double angle = 2 * std::numbers::pi * i / sides;
    const Eigen::Vector2d normal(std::cos(angle), std::sin(angle));
    result.push_back({normal, normal.dot(center) + radius * std::cos(std::numbers::pi / sides)});
  }
  return result;
}

/// A piece of a cell's boundary: the segment from column 0 to column 1, with center j behind it.
struct Segment {
  Eigen::Index j = 0;
  Eigen::Matrix2d ends = Eigen::Matrix2d::Zero();
};

/// The boundary of a Voronoi cell, given as half-planes, within a box.
inline std::vector<Segment> boundary_in(std::vector<kmscape::HalfPlane> cell, const Box& box) {
  for (const auto& side : box_sides(box)) cell.push_back(side);  // of origin -1
  const kmscape::ConvexPolygon cut(cell);
  std::vector<Segment> result;
  for (const auto& edge : cut.edges()) {
    if (edge.origin < 0) continue;
    result.push_back({.j = edge.origin});
    result.back().ends << edge.at(edge.from), edge.at(edge.to);
  }
  return result;
}

/// All faces of the Voronoi diagram of `centers` (2 x k) within the box.
inline std::vector<Segment> faces_in(const Eigen::Ref<const Eigen::MatrixXd>& centers, const Box& box) {
  std::vector<Segment> result;
  for (Eigen::Index i = 0; i < centers.cols(); ++i)
    for (const auto& face : boundary_in(cell_sides(centers, i), box))
      if (face.j > i) result.push_back(face);
  return result;
}

/// n + 1 values from `from` to `to`.
inline Eigen::RowVectorXd steps(double from, double to, Eigen::Index n) {
  return Eigen::RowVectorXd::LinSpaced(n + 1, from, to);
}

/// The place of a drawing or chart, in pixels from the sheet's upper left corner.
struct Frame {
  double left, top, width, height;
};

struct LineStyle {
  std::string colour = ink;
  double width = 1.5;
  int dash = 1;  // 1 solid, 2 dashed, 3 dotted, as gnuplot counts them
};

/// One frame: what is added first lies lowest; labels and arrows lie on top.
class Drawing {
 public:
  Drawing(Picture& picture, const Box& box) : picture_(picture), box_(box) {}

  /// What the frame shows, in true proportion.
  [[nodiscard]] const Box& box() const { return box_; }

  /// A polygon (2 x corners), filled; nothing where it has no corners.
  Drawing& area(const Eigen::Ref<const Eigen::MatrixXd>& corners, const std::string& colour, double opacity = 1) {
    if (corners.cols() > 0)
      add(corners,
          "with filledcurves closed lc rgb '" + colour + "' fs transparent solid " + number(opacity) + " noborder");
    return *this;
  }
  Drawing& disk(const Eigen::Vector2d& center, double radius, const std::string& colour = cluster_colour,
                double opacity = 1) {
    return area(common_area(disk_sides(center, radius)), colour, opacity);
  }
  /// Through the columns of `points`.
  Drawing& line(const Eigen::Ref<const Eigen::MatrixXd>& points, const LineStyle& style = {}) {
    add(points, "with lines " + in_words(style));
    return *this;
  }
  Drawing& outline(const Eigen::Ref<const Eigen::MatrixXd>& corners, const LineStyle& style = {}) {
    if (corners.cols() == 0) return *this;
    Eigen::MatrixXd closed(2, corners.cols() + 1);
    closed << corners, corners.col(0);
    return line(closed, style);
  }
  Drawing& circle(const Eigen::Vector2d& center, double radius, const LineStyle& style = {faint, 1, 1}) {
    return outline(common_area(disk_sides(center, radius)), style);
  }
  /// Part of a circle, for an angle, from one to another in radians.
  Drawing& arc(const Eigen::Vector2d& center, double radius, double from, double to, const LineStyle& style = {}) {
    const Eigen::ArrayXd angles = steps(from, to, 60).transpose().array();
    Eigen::MatrixXd points(2, angles.size());
    points << radius * angles.cos().transpose().matrix(), radius * angles.sin().transpose().matrix();
    return line(points.colwise() + center, style);
  }
  /// Round points on white rims.
  Drawing& dots(const Eigen::Ref<const Eigen::MatrixXd>& points, const std::string& colour, double size = 1.3) {
    const auto block = picture_.data(points);
    plot(block + " with points pt 7 ps " + number(1.35 * size) + " lc rgb 'white'");
    plot(block + " with points pt 7 ps " + number(size) + " lc rgb '" + colour + "'");
    return *this;
  }
  Drawing& stars(const Eigen::Ref<const Eigen::MatrixXd>& points, const std::string& colour = ink, double size = 1.4) {
    add(points, "with points pt 3 ps " + number(size) + " lw 1.4 lc rgb '" + colour + "'");
    return *this;
  }
  Drawing& arrow(const Eigen::Vector2d& from, const Eigen::Vector2d& to, const LineStyle& style = {},
                 const std::string& heads = "head") {
    picture_ << "set arrow from " + at(from) + " to " + at(to) + " " + heads + " filled size char 0.9,22 front " +
                    in_words(style);
    return *this;
  }
  /// Text in gnuplot's enhanced mode, to the `align` (left, center, right) of a place, moved by (x, y) characters.
  Drawing& label(const std::string& text, const Eigen::Vector2d& place, const std::string& colour = ink,
                 const std::string& align = "center", const Eigen::Vector2d& offset = Eigen::Vector2d::Zero(),
                 int size = 11) {
    picture_ << "set label \"" + text + "\" at " + at(place) + " " + align + " offset character " + at(offset) +
                    " front textcolor rgb '" + colour + "' font '," + std::to_string(size) + "'";
    return *this;
  }
  /// Something else to plot, in gnuplot's words.
  Drawing& plot(const std::string& words) {
    plots_ += (plots_.empty() ? "" : ", ") + words;
    return *this;
  }
  /// Rows of `values` as the columns of a block, in gnuplot's words.
  Drawing& add(const Eigen::Ref<const Eigen::MatrixXd>& values, const std::string& words) {
    return plot(picture_.data(values) + " " + words);
  }
  Drawing& set(const std::string& words) {
    picture_ << "set " + words;
    return *this;
  }

  /// Hands all to the sheet; once, before the next frame is begun.
  void finish() { picture_ << "plot " + plots_; }

 private:
  static std::string at(const Eigen::Vector2d& place) { return number(place.x(), 10) + "," + number(place.y(), 10); }
  static std::string in_words(const LineStyle& style) {
    return "lc rgb '" + style.colour + "' lw " + number(style.width) + " dt " + std::to_string(style.dash);
  }

  Picture& picture_;
  Box box_;
  std::string plots_;
};

/// A picture of several frames. Sizes are in pixels on the page; the file has two to each, for sharp screens.
class Sheet {
 public:
  Sheet(const std::filesystem::path& path, int width, int height)
      : picture_(path, 2 * width, 2 * height), width_(width), height_(height) {
    picture_ << "set termoption fontscale 2"
             << "set termoption linewidth 2"
             << "set termoption pointscale 2"
             << "set multiplot"
             << "unset key";
  }

  /// A frame without axes that shows `box`, made wider or higher to fill it in true proportion.
  [[nodiscard]] Drawing drawing(const Frame& frame, Box box, const std::string& title) {
    const Eigen::Vector2d middle = (box.low + box.high) / 2;
    Eigen::Vector2d half = (box.high - box.low) / 2;
    const double pixel = std::max(half.x() / frame.width, half.y() / frame.height);
    half = pixel * Eigen::Vector2d(frame.width, frame.height);
    box = {middle - half, middle + half};
    begin(frame, title);
    picture_ << "unset tics"
             << "unset border"
             << "set xrange [" + number(box.low.x(), 10) + ":" + number(box.high.x(), 10) + "]"
             << "set yrange [" + number(box.low.y(), 10) + ":" + number(box.high.y(), 10) + "]";
    return {picture_, box};
  }

  /// A frame with axes. Ranges and tics are set with `Drawing::set`.
  [[nodiscard]] Drawing chart(const Frame& frame, const std::string& title, const std::string& x_label,
                              const std::string& y_label) {
    begin(frame, title);
    picture_ << "set border 3 lc '#999999' lw 0.8"
             << "set tics nomirror out scale 0.6 textcolor '#555555'"
             << "set xtics autofreq"
             << "set ytics autofreq"
             << "set xrange [*:*]"
             << "set yrange [*:*]"
             << "set xlabel \"" + x_label + "\" textcolor '#333333' offset 0,0.3"
             << "set ylabel \"" + y_label + "\" textcolor '#333333' offset 0.8,0";
    return {picture_, {}};
  }

  /// Writes the script and draws the picture where gnuplot is installed.
  void draw() {
    picture_ << "unset multiplot";
    picture_.draw();
  }

 private:
  void begin(const Frame& frame, const std::string& title) {
    const auto margin = [&](const std::string& side, double pixels, double all) {
      picture_ << "set " + side + "margin at screen " + number(pixels / all, 8);
    };
    picture_ << "reset"
             << "unset key"
             << "set style fill solid noborder"
             << "set title \"" + title + "\" font ',12' textcolor '#222222'";
    margin("l", frame.left, width_);
    margin("r", frame.left + frame.width, width_);
    margin("t", height_ - frame.top, height_);
    margin("b", height_ - frame.top - frame.height, height_);
  }

  Picture picture_;
  double width_, height_;
};

}  // namespace examples

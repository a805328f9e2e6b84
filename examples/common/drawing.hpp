// Figures of the plane in true proportion, drawn from the library's polygons: a sheet holds drawings (areas, lines,
// disks, arrows, labels) and charts (axes), each in a frame that is placed by hand.
#pragma once

#include <Eigen/Dense>
#include <filesystem>
#include <string>
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
std::vector<kmscape::HalfPlane> disk_sides(const Eigen::Vector2d& center, double radius);

/// A piece of a cell's boundary: the segment from column 0 to column 1, with center j behind it.
struct Segment {
  Eigen::Index j = 0;
  Eigen::Matrix2d ends = Eigen::Matrix2d::Zero();
};

/// The boundary of a Voronoi cell, given as half-planes, within a box.
std::vector<Segment> boundary_in(std::vector<kmscape::HalfPlane> cell, const Box& box);

/// All faces of the Voronoi diagram of `centers` (2 x k) within the box.
std::vector<Segment> faces_in(const Eigen::Ref<const Eigen::MatrixXd>& centers, const Box& box);

/// n + 1 values from `from` to `to`.
Eigen::RowVectorXd steps(double from, double to, Eigen::Index n);

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
  Drawing& area(const Eigen::Ref<const Eigen::MatrixXd>& corners, const std::string& colour, double opacity = 1);
  Drawing& disk(const Eigen::Vector2d& center, double radius, const std::string& colour = cluster_colour,
                double opacity = 1);
  /// Through the columns of `points`.
  Drawing& line(const Eigen::Ref<const Eigen::MatrixXd>& points, const LineStyle& style = {});
  Drawing& outline(const Eigen::Ref<const Eigen::MatrixXd>& corners, const LineStyle& style = {});
  Drawing& circle(const Eigen::Vector2d& center, double radius, const LineStyle& style = {faint, 1, 1});
  /// Part of a circle, for an angle, from one to another in radians.
  Drawing& arc(const Eigen::Vector2d& center, double radius, double from, double to, const LineStyle& style = {});
  /// Round points on white rims.
  Drawing& dots(const Eigen::Ref<const Eigen::MatrixXd>& points, const std::string& colour, double size = 1.3);
  Drawing& stars(const Eigen::Ref<const Eigen::MatrixXd>& points, const std::string& colour = ink, double size = 1.4);
  Drawing& arrow(const Eigen::Vector2d& from, const Eigen::Vector2d& to, const LineStyle& style = {},
                 const std::string& heads = "head");
  /// Text in gnuplot's enhanced mode, to the `align` (left, center, right) of a place, moved by (x, y) characters.
  Drawing& label(const std::string& text, const Eigen::Vector2d& place, const std::string& colour = ink,
                 const std::string& align = "center", const Eigen::Vector2d& offset = Eigen::Vector2d::Zero(),
                 int size = 11);
  /// Something else to plot, in gnuplot's words.
  Drawing& plot(const std::string& words);
  /// Rows of `values` as the columns of a block, in gnuplot's words.
  Drawing& add(const Eigen::Ref<const Eigen::MatrixXd>& values, const std::string& words);
  Drawing& set(const std::string& words);

  /// Hands all to the sheet; once, before the next frame is begun.
  void finish() { picture_ << "plot " + plots_; }

 private:
  static std::string at(const Eigen::Vector2d& place) { return number(place.x(), 10) + "," + number(place.y(), 10); }
  static std::string in_words(const LineStyle& style);

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
  [[nodiscard]] Drawing drawing(const Frame& frame, Box box, const std::string& title);

  /// A frame with axes. Ranges and tics are set with `Drawing::set`.
  [[nodiscard]] Drawing chart(const Frame& frame, const std::string& title, const std::string& x_label,
                              const std::string& y_label);

  /// Writes the script and draws the picture where gnuplot is installed.
  void draw();

 private:
  void begin(const Frame& frame, const std::string& title);

  Picture picture_;
  double width_, height_;
};

}  // namespace examples

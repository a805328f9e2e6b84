#include "common/drawing.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace examples {

std::vector<kmscape::HalfPlane> disk_sides(const Eigen::Vector2d& center, double radius) {
  constexpr int sides = 240;
  std::vector<kmscape::HalfPlane> result;
  for (int i = 0; i < sides; ++i) {
    const double angle = 2 * std::numbers::pi * i / sides;
    const Eigen::Vector2d normal(std::cos(angle), std::sin(angle));
    result.push_back({normal, normal.dot(center) + radius * std::cos(std::numbers::pi / sides)});
  }
  return result;
}

std::vector<Segment> boundary_in(std::vector<kmscape::HalfPlane> cell, const Box& box) {
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

std::vector<Segment> faces_in(const Eigen::Ref<const Eigen::MatrixXd>& centers, const Box& box) {
  std::vector<Segment> result;
  for (Eigen::Index i = 0; i < centers.cols(); ++i)
    for (const auto& face : boundary_in(cell_sides(centers, i), box))
      if (face.j > i) result.push_back(face);
  return result;
}

Eigen::RowVectorXd steps(double from, double to, Eigen::Index n) {
  return Eigen::RowVectorXd::LinSpaced(n + 1, from, to);
}

Drawing& Drawing::area(const Eigen::Ref<const Eigen::MatrixXd>& corners, const std::string& colour, double opacity) {
  if (corners.cols() > 0)
    add(corners,
        "with filledcurves closed lc rgb '" + colour + "' fs transparent solid " + number(opacity) + " noborder");
  return *this;
}

Drawing& Drawing::disk(const Eigen::Vector2d& center, double radius, const std::string& colour, double opacity) {
  return area(common_area(disk_sides(center, radius)), colour, opacity);
}

Drawing& Drawing::line(const Eigen::Ref<const Eigen::MatrixXd>& points, const LineStyle& style) {
  add(points, "with lines " + in_words(style));
  return *this;
}

Drawing& Drawing::outline(const Eigen::Ref<const Eigen::MatrixXd>& corners, const LineStyle& style) {
  if (corners.cols() == 0) return *this;
  Eigen::MatrixXd closed(2, corners.cols() + 1);
  closed << corners, corners.col(0);
  return line(closed, style);
}

Drawing& Drawing::circle(const Eigen::Vector2d& center, double radius, const LineStyle& style) {
  return outline(common_area(disk_sides(center, radius)), style);
}

Drawing& Drawing::arc(const Eigen::Vector2d& center, double radius, double from, double to, const LineStyle& style) {
  const Eigen::ArrayXd angles = steps(from, to, 60).transpose().array();
  Eigen::MatrixXd points(2, angles.size());
  points << radius * angles.cos().transpose().matrix(), radius * angles.sin().transpose().matrix();
  return line(points.colwise() + center, style);
}

Drawing& Drawing::dots(const Eigen::Ref<const Eigen::MatrixXd>& points, const std::string& colour, double size) {
  const auto block = picture_.data(points);
  plot(block + " with points pt 7 ps " + number(1.35 * size) + " lc rgb 'white'");
  plot(block + " with points pt 7 ps " + number(size) + " lc rgb '" + colour + "'");
  return *this;
}

Drawing& Drawing::stars(const Eigen::Ref<const Eigen::MatrixXd>& points, const std::string& colour, double size) {
  add(points, "with points pt 3 ps " + number(size) + " lw 1.4 lc rgb '" + colour + "'");
  return *this;
}

Drawing& Drawing::arrow(const Eigen::Vector2d& from, const Eigen::Vector2d& to, const LineStyle& style,
                        const std::string& heads) {
  picture_ << "set arrow from " + at(from) + " to " + at(to) + " " + heads + " filled size char 0.9,22 front " +
                  in_words(style);
  return *this;
}

Drawing& Drawing::label(const std::string& text, const Eigen::Vector2d& place, const std::string& colour,
                        const std::string& align, const Eigen::Vector2d& offset, int size) {
  picture_ << "set label \"" + text + "\" at " + at(place) + " " + align + " offset character " + at(offset) +
                  " front textcolor rgb '" + colour + "' font '," + std::to_string(size) + "'";
  return *this;
}

Drawing& Drawing::plot(const std::string& words) {
  plots_ += (plots_.empty() ? "" : ", ") + words;
  return *this;
}

Drawing& Drawing::add(const Eigen::Ref<const Eigen::MatrixXd>& values, const std::string& words) {
  return plot(picture_.data(values) + " " + words);
}

Drawing& Drawing::set(const std::string& words) {
  picture_ << "set " + words;
  return *this;
}

std::string Drawing::in_words(const LineStyle& style) {
  return "lc rgb '" + style.colour + "' lw " + number(style.width) + " dt " + std::to_string(style.dash);
}

Drawing Sheet::drawing(const Frame& frame, Box box, const std::string& title) {
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

Drawing Sheet::chart(const Frame& frame, const std::string& title, const std::string& x_label,
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

void Sheet::draw() {
  picture_ << "unset multiplot";
  picture_.draw();
}

void Sheet::begin(const Frame& frame, const std::string& title) {
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

}  // namespace examples

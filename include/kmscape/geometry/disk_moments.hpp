// Moments of a uniform distribution on a disc, and of the shadows of higher balls on the plane, over convex polygons.
//
// Disc and polygon meet in a region bounded by chords and arcs. For the disc itself (D = 2) the region is the polygon
// of the chords' ends and a circular segment on every arc, and everything is summed as positive pieces: small regions
// keep full relative accuracy. The uniform distribution on a D-ball has the density f_q = (q + 1)/pi (1 - |y|^2)^q on
// the plane, q = (D - 2)/2. With g = (1 - |y|^2)^{q+1}/(2 pi), y f_q = -grad g, so that moments are line integrals of
// powers of 1 - |y|^2 along the chords, and the mass climbs in q from the disc's area or, for odd D, from the area of a
// polygon of small circles on the hemisphere: P_{q+1} = P_q + sum_edges h int g ds, h an edge's distance.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <numbers>

#include <kmscape/core/points.hpp>
#include <kmscape/geometry/convex_polygon.hpp>
#include <kmscape/geometry/gauss_legendre.hpp>
#include <kmscape/geometry/plane_moments.hpp>

namespace kmscape {

/// Moments over `polygon` of the uniform distribution on the ball of dimension D = `ball_dimension` >= 2 around a
/// center that lies over `center`, seen in its first two coordinates. Relative accuracy near rounding for D = 2;
/// otherwise absolute, and relative for polygons off the center that are no slivers. O(edges D).
[[nodiscard]] PlaneMoments ball_moments(const std::same_as<ConvexPolygon> auto& polygon, const Eigen::Vector2d& center,
                                        double radius, Index ball_dimension = 2);

namespace internal {

[[nodiscard]] inline double cross(double ax, double ay, double bx, double by) { return ax * by - ay * bx; }

/// The part of an edge inside the unit disc.
struct Chord {
  const PolygonEdge* edge;
  double distance;             // of the edge's line from the origin, positive when the origin is inside
  double from, to;             // along the tangent, from the foot of the perpendicular
  bool enters, leaves;         // whether these ends lie on the circle
  Eigen::Vector2d start, end;  // the same ends in the plane
};

/// Calls visit(chord) for the parts of the polygon's edges inside the disc, in counter-clockwise order.
template <class Visitor>
void for_each_chord(const ConvexPolygon& polygon, const Eigen::Vector2d& center, double radius, Visitor&& visit) {
  for (const auto& edge : polygon.edges()) {
    const double h = (edge.offset - edge.normal.dot(center)) / radius;
    if (!(std::abs(h) < 1)) continue;
    const Eigen::Vector2d tangent = edge.tangent();
    const double foot = tangent.dot(center), half = std::sqrt((1 - h) * (1 + h));
    const double from = (edge.from - foot) / radius, to = (edge.to - foot) / radius;
    Chord chord{&edge, h, std::max(from, -half), std::min(to, half), from <= -half, to >= half, {}, {}};
    if (!(chord.from < chord.to)) continue;
    const auto at = [&](double s) {
      return Eigen::Vector2d(h * edge.normal.x() + s * tangent.x(), h * edge.normal.y() + s * tangent.y());
    };
    chord.start = at(chord.from);
    chord.end = at(chord.to);
    visit(chord);
  }
}

/// The angle of the arc, counter-clockwise, between where one chord leaves the disc and the next one enters it. The
/// edges' normals tell an arc of almost nothing from one of almost the whole circle.
template <class WhenUsed = void>
[[nodiscard]] double arc_angle(const Chord& chord, const Chord& next) {
  const double rough = turn(*chord.edge, *next.edge) - std::acos(chord.distance) - std::acos(next.distance);
  const auto& a = chord.end;
  const auto& b = next.start;
  const double angle = std::atan2(cross(a.x(), a.y(), b.x(), b.y()), a.x() * b.x() + a.y() * b.y());
  return std::max(0.0, angle + 2 * std::numbers::pi * std::round((rough - angle) / (2 * std::numbers::pi)));
}

/// Adds to area, first and second moments around the origin.
template <class WhenUsed>
struct BasicAreaSums {
  double area = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;

  void add(double size, double along_x, double along_y) {
    area += size;
    x += along_x;
    y += along_y;
  }

  /// share * v v^T.
  void add_square(double share, double along_x, double along_y) {
    xx += share * along_x * along_x;
    xy += share * along_x * along_y;
    yy += share * along_y * along_y;
  }

  [[nodiscard]] PlaneMoments scaled(double factor) const {
    PlaneMoments result;
    result.mass = factor * area;
    result.first = {factor * x, factor * y};
    result.second << factor * xx, factor * xy, factor * xy, factor * yy;
    return result;
  }

  /// The triangle (base, a, b), with its orientation's sign.
  void add_triangle(const Eigen::Vector2d& base, const Eigen::Vector2d& a, const Eigen::Vector2d& b) {
    const double size = cross(a.x() - base.x(), a.y() - base.y(), b.x() - base.x(), b.y() - base.y()) / 2;
    const double sum_x = base.x() + a.x() + b.x(), sum_y = base.y() + a.y() + b.y();
    add(size, size / 3 * sum_x, size / 3 * sum_y);
    for (const auto* corner : {&base, &a, &b}) add_square(size / 12, corner->x(), corner->y());
    add_square(size / 12, sum_x, sum_y);
  }

  /// The unit disc's segment between the chord and the arc from `start` over `angle`, counter-clockwise.
  void add_segment(const Eigen::Vector2d& start, double angle) {
    const double half = angle / 2, sine = std::sin(half), cosine = std::cos(half);
    const double axis_x = cosine * start.x() - sine * start.y(), axis_y = sine * start.x() + cosine * start.y();
    double size, along, across;
    if (half < 0.5) {
      // Closed forms would cancel: integrate 2 sin^2, 2 sin^2 cos^2 and 2/3 sin^4.
      const auto& rule = gauss_legendre<10>();
      size = along = across = 0;
      for (std::size_t i = 0; i < rule.node.size(); ++i) {
        const double s = std::sin(half * rule.node[i]), square = s * s, part = half * rule.weight[i] * square;
        size += 2 * part;
        along += 2 * part * (1 - square);
        across += 2 * part * square / 3;
      }
    } else {
      const double sin2 = 2 * sine * cosine, sin4 = 2 * sin2 * (2 * cosine * cosine - 1);
      size = half - sin2 / 2;
      along = half / 4 - sin4 / 16;
      across = half / 4 - sin2 / 6 + sin4 / 48;
    }
    const double lever = 2.0 / 3 * sine * sine * sine;
    add(size, lever * axis_x, lever * axis_y);
    add_square(along - across, axis_x, axis_y);
    xx += across;
    yy += across;
  }
};
using AreaSums = BasicAreaSums<void>;

/// Of the whole unit ball of this dimension.
template <class WhenUsed = void>
[[nodiscard]] PlaneMoments centered_moments(Index dimension) {
  PlaneMoments result;
  result.mass = 1;
  result.second(0, 0) = result.second(1, 1) = 1 / (static_cast<double>(dimension) + 2);
  return result;
}

[[nodiscard]] PlaneMoments disk_moments(const std::same_as<ConvexPolygon> auto& polygon, const Eigen::Vector2d& center,
                                        double radius) {
  AreaSums sums;
  Chord first, last;
  bool any = false;
  const auto close_gap = [&](const Chord& from, const Chord& to) {
    if (!from.leaves || !to.enters) return;
    sums.add_triangle(first.start, from.end, to.start);
    sums.add_segment(from.end, arc_angle(from, to));
  };
  for_each_chord(polygon, center, radius, [&](const Chord& chord) {
    if (any)
      close_gap(last, chord);
    else
      first = chord;
    sums.add_triangle(first.start, chord.start, chord.end);
    last = chord;
    any = true;
  });
  if (!any) {
    if (!polygon.contains(center)) return {};
    return centered_moments(2);
  }
  close_gap(last, first);
  return sums.scaled(std::numbers::inv_pi);
}

/// Twice pi times the share of the hemisphere over the wedge from the origin to the part of a line at distance h up to
/// s along it, against the same share for a sector: antisymmetric in s.
template <class WhenUsed = void>
[[nodiscard]] double hemisphere_wedge(double h, double s, bool on_circle) {
  if (h == 0) return 0;
  const double half = std::sqrt((1 - h) * (1 + h));
  const double height = on_circle ? 0 : std::sqrt(std::max(0.0, (half - s) * (half + s)));
  const double beyond = height == 0 ? std::copysign(std::numbers::pi / 2, s * h) : std::atan(s / (h * height));
  return std::atan(s / h) - beyond + h * std::asin(std::clamp(s / half, -1.0, 1.0));
}

/// The mass of the wedge from the origin to a part of a line at distance h > 0, beyond the line: the integral of
/// h g / (h^2 + s^2). Everything in it is positive.
template <class WhenUsed = void>
[[nodiscard]] double mass_beyond_chord(double h, double from, double to, Index ball_dimension) {
  const double square = (1 - h) * (1 + h), half = std::sqrt(square), power = static_cast<double>(ball_dimension + 1);
  const auto angle = [half](double s) { return std::atan2(s, std::sqrt(std::max(0.0, (half - s) * (half + s)))); };
  const double start = angle(from), end = angle(to);
  const auto& rule = gauss_legendre<16>();
  const auto f = [&](double at) {
    const double s = half * std::sin(at);
    return std::pow(std::cos(at), power) / (h * h + s * s);
  };
  double sum = 0;
  for (double left = start; left < end;) {
    // As short as the power asks, and as the distance of the poles at s = +-ih allows.
    const double nearest = left < 0 && end > 0 ? 0 : half * std::sin(left);
    double right = std::min({end, left + std::sqrt(h * h + nearest * nearest) / half, left + 2 / std::sqrt(power)});
    if (left < 0 && right < end) right = std::min(right, std::max(left / 2, left + h / half));
    sum += rule.integrate(left, right, f);
    left = right;
  }
  return h * std::pow(half, power) * sum / (2 * std::numbers::pi);
}

[[nodiscard]] PlaneMoments shadow_moments(const std::same_as<ConvexPolygon> auto& polygon,
                                          const Eigen::Vector2d& center, double radius, Index ball_dimension) {
  const double dimension = static_cast<double>(ball_dimension);
  const bool is_odd = ball_dimension % 2 == 1;
  double climb = 0, boundary = 0;  // sums of h int g_j ds over all lower powers j, and at the last one
  double hemisphere = 0, beyond = 0;
  double nearest = 1;  // distance of the nearest edge's line, negative when the center is beyond it
  for (const auto& edge : polygon.edges())
    nearest = std::min(nearest, (edge.offset - edge.normal.dot(center)) / radius);
  const bool is_near = std::abs(nearest) < 0.7 / std::sqrt(dimension);
  AreaSums sums;
  Chord first, last;
  bool any = false;
  const auto close_gap = [&](const Chord& from, const Chord& to) {
    if (from.leaves && to.enters) hemisphere += arc_angle(from, to);
  };
  for_each_chord(polygon, center, radius, [&](const Chord& chord) {
    const double h = chord.distance, square = (1 - h) * (1 + h), half = std::sqrt(square);
    // E_j = int (square - s^2)^j ds, j = power, climbs by 1; rest = (square - s^2)^j at the two ends.
    const double base_to = chord.leaves ? 0 : square - chord.to * chord.to;
    const double base_from = chord.enters ? 0 : square - chord.from * chord.from;
    double power = is_odd ? -0.5 : 0;
    double line =
        is_odd ? std::asin(std::clamp(chord.to / half, -1.0, 1.0)) - std::asin(std::clamp(chord.from / half, -1.0, 1.0))
               : chord.to - chord.from;
    double rest_to = is_odd ? std::sqrt(std::max(0.0, base_to)) : base_to;
    double rest_from = is_odd ? std::sqrt(std::max(0.0, base_from)) : base_from;
    double own = 0;
    for (; power < dimension / 2 - 0.25;) {
      power += 1;
      line = (chord.to * rest_to - chord.from * rest_from + 2 * power * square * line) / (2 * power + 1);
      own += line;
      rest_to *= base_to;
      rest_from *= base_from;
    }
    // The last power is that of g itself; the mass climbs with the ones before.
    climb += h * (own - line);
    boundary += h * line;
    const double moment = (rest_from - rest_to) / (2 * (power + 1));
    const auto& normal = chord.edge->normal;
    sums.add(0, -line * normal.x(), -line * normal.y());
    sums.add_square(-h * line, normal.x(), normal.y());
    // The tangent times the normal; the edges' parts that are not symmetric cancel.
    sums.xx += moment * normal.y() * normal.x();
    sums.xy -= moment * (normal.x() * normal.x() - normal.y() * normal.y()) / 2;
    sums.yy -= moment * normal.x() * normal.y();
    if (!is_near)
      beyond += std::copysign(mass_beyond_chord(std::abs(h), chord.from, chord.to, ball_dimension), h);
    else if (is_odd)
      hemisphere += hemisphere_wedge(h, chord.to, chord.leaves) - hemisphere_wedge(h, chord.from, chord.enters);
    if (!any)
      first = chord;
    else if (is_near)
      close_gap(last, chord);
    last = chord;
    any = true;
  });
  if (!any) {
    if (!polygon.contains(center)) return {};
    return centered_moments(ball_dimension);
  }
  const double per_turn = 1 / (2 * std::numbers::pi);
  PlaneMoments result = sums.scaled(per_turn);
  if (is_near) {
    close_gap(last, first);
    const double base = is_odd ? hemisphere * per_turn : disk_moments(polygon, center, radius).mass;
    result.mass = base + climb * per_turn;
  } else {
    // Wedges beyond the edges: far off the center the mass is a sum of small terms, none a difference of large ones.
    result.mass = (nearest > 0 ? 1 : 0) - beyond;
  }
  for (int s = 0; s < 2; ++s) result.second(s, s) += (result.mass + boundary * per_turn) / (dimension + 2);
  return result;
}

}  // namespace internal

PlaneMoments ball_moments(const std::same_as<ConvexPolygon> auto& polygon, const Eigen::Vector2d& center, double radius,
                          Index ball_dimension) {
  if (polygon.is_empty()) return {};
  return ball_dimension == 2 ? internal::disk_moments(polygon, center, radius)
                             : internal::shadow_moments(polygon, center, radius, ball_dimension);
}

}  // namespace kmscape

// Moments over a polygon by plain integration along horizontal and vertical lines: it shares nothing with geometry/ but
// the half-planes, and is good to about 1e-12 for a smooth density, to 1e-10 for one that ends at the circle.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <kmscape/core/gauss_legendre.hpp>
#include <kmscape/geometry/convex_polygon.hpp>
#include <kmscape/geometry/plane_moments.hpp>

namespace testing {

/// Moments of `density` (of a point in units around the component's center) over the half-planes' intersection with the
/// disc of radius `reach` around the center, in those units. Panels end where lines meet each other and the circle, and
/// nodes crowd there like squares, for the sake of a density with roots at the circle.
template <class Density>
kmscape::PlaneMoments plane_quadrature(const std::vector<kmscape::HalfPlane>& half_planes,
                                       const Eigen::Vector2d& center, double size, double reach,
                                       const Density& density) {
  std::vector<kmscape::HalfPlane> planes;
  for (const auto& plane : half_planes)
    planes.push_back({plane.normal, (plane.offset - plane.normal.dot(center)) / size, plane.origin});
  std::vector<double> cuts = {-reach, reach};
  const auto cut = [&](double x) {
    if (std::abs(x) < reach) cuts.push_back(x);
  };
  for (int p = 1; p < 12; ++p) cut(reach * (p / 6.0 - 1));
  for (const auto& a : planes) {
    const double half = reach * reach - a.offset * a.offset;
    if (half > 0) {
      cut(a.normal.x() * a.offset - a.normal.y() * std::sqrt(half));
      cut(a.normal.x() * a.offset + a.normal.y() * std::sqrt(half));
    }
    for (const auto& b : planes) {
      const double determinant = a.normal.x() * b.normal.y() - a.normal.y() * b.normal.x();
      if (determinant != 0) cut((a.offset * b.normal.y() - b.offset * a.normal.y()) / determinant);
    }
  }
  std::sort(cuts.begin(), cuts.end());
  // Between two cuts a steep line may still cross the whole disc.
  const std::size_t pieces = cuts.size() - 1;
  const int parts = 1 + static_cast<int>(reach);
  for (std::size_t c = 0; c < pieces; ++c)
    for (int p = 1; p < parts; ++p) cuts.push_back(cuts[c] + (cuts[c + 1] - cuts[c]) * p / parts);
  std::sort(cuts.begin(), cuts.end());
  const auto rule = kmscape::gauss_legendre<double>(24);
  const auto nodes = [&](double a, double b, const auto& visit) {
    for (kmscape::Index i = 0; i < rule.points.size(); ++i) {
      const double u = (1 + rule.points(i)) / 2;
      visit(a + (b - a) * u * u * (3 - 2 * u), (b - a) * 3 * u * (1 - u) * rule.weights(i));
    }
  };
  kmscape::PlaneMoments result;
  for (std::size_t c = 0; c + 1 < cuts.size(); ++c) {
    if (cuts[c + 1] - cuts[c] < 1e-15) continue;
    nodes(cuts[c], cuts[c + 1], [&](double x, double outer) {
      double low = -std::sqrt(std::max(0.0, reach * reach - x * x)), high = -low;
      for (const auto& plane : planes) {
        const double room = plane.offset - plane.normal.x() * x;
        if (plane.normal.y() > 0) high = std::min(high, room / plane.normal.y());
        if (plane.normal.y() < 0) low = std::max(low, room / plane.normal.y());
        if (plane.normal.y() == 0 && room < 0) high = -std::numeric_limits<double>::infinity();
      }
      if (!(low < high)) return;
      const int panels = 1 + static_cast<int>((high - low) / 2);
      for (int p = 0; p < panels; ++p) {
        const double step = (high - low) / panels;
        nodes(low + p * step, low + (p + 1) * step, [&](double y, double inner) {
          const Eigen::Vector2d point(x, y);
          const double part = outer * inner * density(point);
          result.mass += part;
          result.first += part * point;
          result.second += part * point * point.transpose();
        });
      }
    });
  }
  return result;
}

}  // namespace testing

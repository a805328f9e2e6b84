// Power diagrams: cells P_i = {x: (s_l - s_i) . x <= gamma_l - gamma_i for all l}, the convex cells of constrained
// least-squares assignments.
//
// Source: Aurenhammer, "Power diagrams: properties, algorithms and applications", SIAM J. Comput. 16, 1987; in this
// form BHZ Definition 3. With gamma_i = |s_i|^2 / 2 the cells are the Voronoi cells of the sites.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/geometry/convex_polygon.hpp>

namespace kmscape {

/// A power diagram of R^d. Adding one number to every gamma changes nothing.
struct PowerDiagram {
  Eigen::MatrixXd sites;  // d x k
  Eigen::VectorXd gamma;  // k

  /// For each point the cell that holds it, the lowest of several. Throws `invalid_input` unless the points are d x n
  /// and finite, there are k gammas, and sums of products do not overflow. O(n k d).
  template <class Derived>
  [[nodiscard]] Labels classify(const Eigen::MatrixBase<Derived>& points) const;

  /// The least Euclidean distance of a point from the boundary of the cell of its label; negative where a point lies
  /// outside, infinite without a boundary. Cells of equal sites have none between them. Throws `invalid_input`. O(n k
  /// d).
  template <class Derived>
  [[nodiscard]] double margin(const Eigen::MatrixBase<Derived>& points, const Labels& labels) const;

  /// The half-planes whose intersection is cell i in the plane; their origins are the cells behind. Throws
  /// `invalid_input` unless d = 2 and 0 <= i < k. Of several equal sites only those of least gamma have cells, which
  /// coincide.
  template <class WhenUsed = void>
  [[nodiscard]] std::vector<HalfPlane> half_planes(Index i) const;

  /// Cell i as a polygon in the plane. Throws as `half_planes`. O(k^2).
  template <class WhenUsed = void>
  [[nodiscard]] ConvexPolygon cell(Index i) const {
    return ConvexPolygon(half_planes<WhenUsed>(i));
  }
};

namespace internal {

/// The largest |coordinate| of which `terms` products, and a few sums of such, do not overflow.
[[nodiscard]] inline double largest_coordinate(double terms) {
  return std::sqrt(std::numeric_limits<double>::max() / (64 * terms));
}

template <class Derived>
void check_magnitude(const Eigen::MatrixBase<Derived>& columns, double most, std::string_view function,
                     std::string_view argument) {
  if (static_cast<double>(columns.cwiseAbs().maxCoeff()) <= most) [[likely]]
    return;
  for (Index j = 0; j < columns.cols(); ++j)
    for (Index r = 0; r < columns.rows(); ++r)
      require(std::abs(static_cast<double>(columns(r, j))) <= most, function, text(argument, "(", r, ", ", j, ")"),
              columns(r, j), text("sums of products overflow above ", most), "scale points and sites down");
}

template <class WhenUsed = void>
void check_diagram(const PowerDiagram& diagram, std::string_view function) {
  const auto& [sites, gamma] = diagram;
  check_columns(sites, function, "sites", "site");
  require(gamma.size() == sites.cols(), function, "gamma.size()", gamma.size(),
          text("there are ", sites.cols(), " sites"), "give each site one gamma");
  const double most = largest_coordinate(static_cast<double>(sites.rows()));
  check_magnitude(sites, most, function, "sites");
  for (Index i = 0; i < gamma.size(); ++i)
    require(std::abs(gamma(i)) <= most * most, function, text("gamma(", i, ")"), gamma(i),
            text("sums overflow above ", most * most), "give each site a finite gamma, of the size of its |s|^2");
}

/// Points that a diagram is asked about.
template <class Derived>
void check_points(const PowerDiagram& diagram, const Eigen::MatrixBase<Derived>& points, std::string_view function) {
  refuse_row_major<Derived>();
  check_columns(points, function, "points", "point");
  require(points.rows() == diagram.sites.rows(), function, "points.rows()", points.rows(),
          text("the sites have ", diagram.sites.rows(), " coordinates"), "pass points of that dimension");
  check_magnitude(points, largest_coordinate(static_cast<double>(points.rows())), function, "points");
  check_diagram(diagram, function);
}

}  // namespace internal

/// The diagram whose cell i holds the points where |x - s_i|^2 - price_i is least, as prices of a balanced assignment
/// say: gamma_i = (|s_i|^2 - price_i) / 2. `sites` is d x k, `prices` has k entries. Throws `invalid_input`. O(d k).
template <class Sites, class Prices>
[[nodiscard]] PowerDiagram power_diagram(const Eigen::MatrixBase<Sites>& sites,
                                         const Eigen::DenseBase<Prices>& prices) {
  internal::check_columns(sites, "power_diagram", "sites", "site");
  internal::check_magnitude(sites, internal::largest_coordinate(static_cast<double>(sites.rows())), "power_diagram",
                            "sites");
  internal::require(prices.size() == sites.cols(), "power_diagram", "prices.size()", prices.size(),
                    internal::text("there are ", sites.cols(), " sites"), "pass one price per site");
  PowerDiagram result;
  result.sites = sites.template cast<double>();
  result.gamma.resize(sites.cols());
  for (Index i = 0; i < sites.cols(); ++i) {
    const double price = static_cast<double>(prices(i));
    internal::require(std::isfinite(price), "power_diagram", internal::text("prices(", i, ")"), price,
                      "a price is a finite number", "pass the prices of an assignment");
    result.gamma(i) = -price / 2;
    for (Index r = 0; r < sites.rows(); ++r) result.gamma(i) += result.sites(r, i) * result.sites(r, i) / 2;
  }
  return result;
}

template <class Derived>
Labels PowerDiagram::classify(const Eigen::MatrixBase<Derived>& points) const {
  internal::check_points(*this, points, "PowerDiagram::classify");
  Labels labels(points.cols());
  for (Index j = 0; j < points.cols(); ++j) {
    double best = -std::numeric_limits<double>::infinity();
    for (Index i = 0; i < sites.cols(); ++i) {
      double value = -gamma(i);
      for (Index r = 0; r < sites.rows(); ++r) value += sites(r, i) * static_cast<double>(points(r, j));
      if (value > best) {
        best = value;
        labels(j) = static_cast<Label>(i);
      }
    }
  }
  return labels;
}

template <class Derived>
double PowerDiagram::margin(const Eigen::MatrixBase<Derived>& points, const Labels& labels) const {
  constexpr auto function = "PowerDiagram::margin";
  internal::check_points(*this, points, function);
  internal::check_labels(labels, points.cols(), function, "labels");
  const Index k = sites.cols(), d = sites.rows();
  std::vector<double> norms(static_cast<std::size_t>(k * k));
  for (Index i = 0; i < k; ++i)
    for (Index l = 0; l < k; ++l) norms[static_cast<std::size_t>(i * k + l)] = (sites.col(l) - sites.col(i)).norm();
  double least = std::numeric_limits<double>::infinity();
  for (Index j = 0; j < points.cols(); ++j) {
    const Index i = labels(j);
    if (i >= k) [[unlikely]]
      throw invalid_input(function, internal::text("labels(", j, ")"), internal::text(i),
                          internal::text("there are ", k, " cells"), "pass labels below that");
    for (Index l = 0; l < k; ++l) {
      const double norm = norms[static_cast<std::size_t>(i * k + l)];
      double room = gamma(l) - gamma(i);
      for (Index r = 0; r < d; ++r) room -= (sites(r, l) - sites(r, i)) * static_cast<double>(points(r, j));
      if (norm > 0)
        least = std::min(least, room / norm);
      else if (room < 0)
        least = -std::numeric_limits<double>::infinity();
    }
  }
  return least;
}

template <class WhenUsed>
std::vector<HalfPlane> PowerDiagram::half_planes(Index i) const {
  internal::require(sites.rows() == 2, "PowerDiagram::cell", "sites.rows()", sites.rows(),
                    "cells are polygons in the plane only", "project the sites to 2 x k");
  internal::require(i >= 0 && i < sites.cols(), "PowerDiagram::cell", "i", i, "cells are numbered 0, ..., k - 1",
                    "pass an index in this range");
  internal::check_diagram(*this, "PowerDiagram::cell");
  std::vector<HalfPlane> result;
  for (Index l = 0; l < sites.cols(); ++l) {
    if (l == i) continue;
    const double x = sites(0, l) - sites(0, i), y = sites(1, l) - sites(1, i), norm = std::hypot(x, y);
    const double room = gamma(l) - gamma(i);
    if (norm > 0)
      result.push_back({Eigen::Vector2d(x / norm, y / norm), room / norm, l});
    else if (room < 0)  // nothing lies in the cell: two half-planes without a common point
      result.insert(result.end(), {{Eigen::Vector2d::UnitX(), -1, -1}, {-Eigen::Vector2d::UnitX(), -1, -1}});
  }
  return result;
}

}  // namespace kmscape

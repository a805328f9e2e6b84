// Voronoi cells as polyhedra, in any dimension: depth of a point, distance to a cell or a face, adjacency.
//
// V_i = {x : u_ij . (x - beta_i) <= d_ij for all j}, with u_ij the unit vector from beta_i to beta_j and
// d_ij = |beta_i - beta_j|/2 (QZC section 2.4 and 6.1 (a)). Distances to cells are small convex quadratic programs,
// solved exactly (least_norm_point.hpp); so whether a ball meets a cell or a face is decided, not sampled.
//
// Where centers coincide, the one of lowest index owns the cell and the others have none, as everywhere in the library.
// Real is double, or long double for long double centers.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/geometry/least_norm_point.hpp>

namespace kmscape {

/// V_i as an intersection of half-spaces through beta_i's neighbourhood.
template <std::floating_point Real_, int Dim = Eigen::Dynamic>
struct VoronoiCell {
  using Real = Real_;

  Index index = 0;                                       // i
  bool owned = true;                                     // false: an earlier center coincides, and this cell is void
  Eigen::Matrix<Real, Dim, 1> center;                    // beta_i
  Points<Real, Dim> normals;                             // d x q: u_ij
  Eigen::Array<Real, Eigen::Dynamic, 1> half_distances;  // q: d_ij > 0
  std::vector<Index> others;                             // q: j, all centers that do not coincide with beta_i
};

/// F_ij = V_i and V_j together: a polyhedron in the bisector of beta_i and beta_j, with coordinates from the midpoint.
template <std::floating_point Real_, int Dim = Eigen::Dynamic>
struct VoronoiFace {
  using Real = Real_;

  Index first = 0, second = 0;                    // i, j
  bool adjacent = false;                          // V_i ~ V_j: the face has dimension d - 1 (QZC section 2.4)
  Real margin = 0;                                // how clearly: the sine of an angle, in (0, 1]; 0 when not adjacent
  Real half_distance = 0;                         // d_ij
  Eigen::Matrix<Real, Dim, 1> midpoint;           // (beta_i + beta_j)/2, which may lie beside the face
  Eigen::Matrix<Real, Dim, 1> normal;             // u_ij, from beta_i to beta_j
  Points<Real, Dim> edges;                        // d x q: unit vectors w_l orthogonal to u_ij
  Eigen::Array<Real, Eigen::Dynamic, 1> offsets;  // q: the face is where w_l . (x - midpoint) <= offsets(l) for all l
  Eigen::Matrix<Real, Dim, 1> inner;              // a point of its relative interior, where adjacent
};

/// Nearest point of a cell, a face, or the part of a face in a ball. `exists` is false when that set is void.
template <std::floating_point Real, int Dim = Eigen::Dynamic>
struct NearestPoint {
  bool exists = false;
  bool converged = true;  // false: rounding kept the active-set method from ending
  Real distance = std::numeric_limits<Real>::infinity();
  Eigen::Matrix<Real, Dim, 1> point;
};

/// A face whose margin is not above this counts as a degenerate one: four centers on a circle leave one of dimension
/// d - 2, with a margin of rounding size.
inline constexpr double least_face_margin = 1e-10;

namespace internal {

template <class Derived>
using GeometryReal = std::common_type_t<typename Derived::Scalar, double>;

inline void check_cell_index(Index i, Index cells, std::string_view function, std::string_view argument) {
  require(i >= 0 && i < cells, function, argument, i, text("there are ", cells, " centers"),
          "pass an index in 0, ..., centers.cols() - 1");
}

template <class Cell, class Derived>
void check_cell_point(const Cell& cell, const Eigen::MatrixBase<Derived>& x, std::string_view function) {
  require(x.cols() == 1 && x.rows() == cell.rows(), function, "x", text("a ", x.rows(), " x ", x.cols(), " matrix"),
          text("the dimension is ", cell.rows()), text("pass a vector of ", cell.rows()));
}

}  // namespace internal

/// The cell of center i among `centers` (d x k, finite). Throws `invalid_input`. O(k d).
template <class Derived>
[[nodiscard]] VoronoiCell<internal::GeometryReal<Derived>, Derived::RowsAtCompileTime> polyhedral_cell(
    const Eigen::MatrixBase<Derived>& centers, Index i) {
  internal::refuse_row_major<Derived>();
  internal::check_columns(centers, "polyhedral_cell", "centers", "center");
  internal::check_cell_index(i, centers.cols(), "polyhedral_cell", "i");
  using Real = internal::GeometryReal<Derived>;
  const Points<Real, Derived::RowsAtCompileTime> plain = centers.template cast<Real>();
  VoronoiCell<Real, Derived::RowsAtCompileTime> cell;
  cell.index = i;
  cell.center = plain.col(i);
  for (Index j = 0; j < plain.cols(); ++j) {
    if (plain.col(j) != plain.col(i))
      cell.others.push_back(j);
    else if (j < i)
      cell.owned = false;
  }
  const auto q = static_cast<Index>(cell.others.size());
  cell.normals.resize(plain.rows(), q);
  cell.half_distances.resize(q);
  for (Index l = 0; l < q; ++l) {
    const auto difference = (plain.col(cell.others[static_cast<std::size_t>(l)]) - plain.col(i)).eval();
    const Real length = difference.stableNorm();
    cell.normals.col(l) = difference / length;
    cell.half_distances(l) = length / 2;
  }
  return cell;
}

/// How deep x (d) lies in the cell: the radius of the largest ball around x inside it. Positive iff x is in the cell's
/// interior, 0 on its boundary, negative outside; infinite for the only center, -infinite for a void cell. O(k d).
template <std::floating_point Real, int Dim, class Derived>
[[nodiscard]] Real depth(const VoronoiCell<Real, Dim>& cell, const Eigen::MatrixBase<Derived>& x) {
  internal::check_cell_point(cell.center, x, "depth");
  if (!cell.owned) return -std::numeric_limits<Real>::infinity();
  if (cell.others.empty()) return std::numeric_limits<Real>::infinity();
  const Eigen::Matrix<Real, Dim, 1> from = x.template cast<Real>() - cell.center;
  return (cell.half_distances - (cell.normals.transpose() * from).array()).minCoeff();
}

/// The point of the cell nearest to x (d); x itself if it lies there. `distance` is exact up to rounding, so a ball of
/// radius r around x meets the cell iff distance <= r, and its interior iff distance < r.
template <std::floating_point Real, int Dim, class Derived>
[[nodiscard]] NearestPoint<Real, Dim> nearest_in_cell(const VoronoiCell<Real, Dim>& cell,
                                                      const Eigen::MatrixBase<Derived>& x) {
  internal::check_cell_point(cell.center, x, "nearest_in_cell");
  NearestPoint<Real, Dim> result;
  const Eigen::Matrix<Real, Dim, 1> from = x.template cast<Real>() - cell.center;
  result.point = x.template cast<Real>();
  if (!cell.owned) return result;
  const auto step = least_norm_point<Real, Dim>(
      cell.normals, (cell.half_distances - (cell.normals.transpose() * from).array()).eval());
  result.exists = true;  // a cell holds its center
  result.converged = step.status == LeastNormStatus::found;
  result.distance = step.point.norm();
  result.point += step.point;
  return result;
}

/// The face between cells i and j. It is adjacent iff some point of the bisector is strictly nearer to beta_i and
/// beta_j than to every other center; that is a homogeneous system of strict inequalities, whose maximum-margin
/// solution is a least-norm point in d + 1 dimensions. Throws `invalid_input`. O(k d) a step.
template <class Derived>
[[nodiscard]] VoronoiFace<internal::GeometryReal<Derived>, Derived::RowsAtCompileTime> voronoi_face(
    const Eigen::MatrixBase<Derived>& centers, Index i, Index j) {
  internal::refuse_row_major<Derived>();
  internal::check_columns(centers, "voronoi_face", "centers", "center");
  internal::check_cell_index(i, centers.cols(), "voronoi_face", "i");
  internal::check_cell_index(j, centers.cols(), "voronoi_face", "j");
  internal::require(i != j, "voronoi_face", "j", j, "a face lies between two different cells", "pass j != i");
  using Real = internal::GeometryReal<Derived>;
  constexpr int dim = Derived::RowsAtCompileTime;
  constexpr int lifted_dim = dim == Eigen::Dynamic ? Eigen::Dynamic : dim + 1;
  using Vector = Eigen::Matrix<Real, dim, 1>;
  const Points<Real, dim> plain = centers.template cast<Real>();
  const Index d = plain.rows(), k = plain.cols();

  VoronoiFace<Real, dim> face;
  face.first = i;
  face.second = j;
  face.midpoint = plain.col(i) + (plain.col(j) - plain.col(i)) / 2;
  face.inner = face.midpoint;
  face.normal = plain.col(j) - plain.col(i);
  const Real length = face.normal.stableNorm();
  face.half_distance = length / 2;
  face.edges.resize(d, k);
  face.offsets.resize(k);
  bool possible = length > 0;
  for (Index l = 0; l < std::min(i, j); ++l)
    possible = possible && plain.col(l) != plain.col(i) && plain.col(l) != plain.col(j);
  if (length > 0) face.normal /= length;

  // With x = midpoint + y, y orthogonal to u_ij: |x - beta_l|^2 - |x - beta_i|^2 >= 0 reads
  // (beta_l - beta_i) . y <= (beta_l - beta_i) . (beta_l - beta_j)/2. The nearer of beta_i and beta_j takes the left
  // side: the two agree there, and the difference with the nearer one is the one known better.
  Index edges = 0;
  Points<Real, lifted_dim> lifted(d + 1, k + 1);
  for (Index l = 0; l < k && possible; ++l) {
    const Vector to_first = plain.col(l) - plain.col(i), to_second = plain.col(l) - plain.col(j);
    const Real first = to_first.stableNorm(), second = to_second.stableNorm();
    if (first == 0 || second == 0) continue;
    const Real nearer = std::min(first, second);
    const Vector across = (first <= second ? to_first : to_second) / nearer;
    Vector edge = across - face.normal * face.normal.dot(across);
    edge -= face.normal * face.normal.dot(edge);
    const Real offset = across.dot(first <= second ? to_second : to_first) / 2;
    const Real size = edge.norm();
    if (size <= 16 * std::numeric_limits<Real>::epsilon()) {  // beta_l is on the line through beta_i and beta_j
      possible = offset > 0;
      continue;
    }
    face.edges.col(edges) = edge / size;
    face.offsets(edges) = offset / size;
    auto column = lifted.col(edges);
    column << edge, -offset / length;
    column.normalize();
    ++edges;
  }
  face.edges.conservativeResize(Eigen::NoChange, edges);
  face.offsets.conservativeResize(edges);
  if (!possible) return face;

  // Strict solutions (y, tau) of w_l . y < offset tau, tau > 0, at distance 1 from all the bounding planes: the one of
  // least norm has the largest margin 1/norm.
  lifted.col(edges).setZero();
  lifted(d, edges) = -1;
  lifted.conservativeResize(Eigen::NoChange, edges + 1);
  const auto inside = least_norm_point<Real, lifted_dim>(
      lifted, Eigen::Array<Real, Eigen::Dynamic, 1>::Constant(edges + 1, Real(-1)).eval());
  if (inside.status != LeastNormStatus::found) return face;
  const Real margin = 1 / inside.point.norm();
  if (margin <= static_cast<Real>(least_face_margin)) return face;
  face.adjacent = true;
  face.margin = margin;
  face.inner = face.midpoint + inside.point.head(d) * (length / inside.point(d));
  return face;
}

/// The point of an adjacent face nearest to x (d). A ball of radius r around x meets the face's relative interior iff
/// distance < r.
template <std::floating_point Real, int Dim, class Derived>
[[nodiscard]] NearestPoint<Real, Dim> nearest_in_face(const VoronoiFace<Real, Dim>& face,
                                                      const Eigen::MatrixBase<Derived>& x) {
  internal::check_cell_point(face.midpoint, x, "nearest_in_face");
  NearestPoint<Real, Dim> result;
  result.point = x.template cast<Real>();
  if (!face.adjacent) return result;
  const Eigen::Matrix<Real, Dim, 1> from = x.template cast<Real>() - face.midpoint;
  const Real height = face.normal.dot(from);
  const Eigen::Matrix<Real, Dim, 1> shadow = from - height * face.normal;
  const auto step =
      least_norm_point<Real, Dim>(face.edges, (face.offsets - (face.edges.transpose() * shadow).array()).eval());
  result.exists = true;
  result.converged = step.status == LeastNormStatus::found;
  result.distance = std::hypot(height, step.point.norm());
  result.point = face.midpoint + shadow + step.point;
  return result;
}

/// The point of the face inside the closed ball of `radius` around `ball_center` (d) that is nearest to the midpoint
/// (beta_i + beta_j)/2. Its distance from the midpoint is QZC's D_ijs (section 6.1 (c)) for the ball of cluster s;
/// `exists` is false when the ball misses the face, where QZC sets D_ijs = 1.
template <std::floating_point Real, int Dim, class Derived>
[[nodiscard]] NearestPoint<Real, Dim> nearest_in_face_and_ball(const VoronoiFace<Real, Dim>& face,
                                                               const Eigen::MatrixBase<Derived>& ball_center,
                                                               std::type_identity_t<Real> radius);

namespace internal {

/// The projection of tau q onto {y : w_l . y <= h_l}, with the active constraints.
template <class Real, int Dim>
[[nodiscard]] LeastNormPoint<Real, Dim> project_along(const VoronoiFace<Real, Dim>& face,
                                                      const Eigen::Matrix<Real, Dim, 1>& q, Real tau) {
  auto step =
      least_norm_point<Real, Dim>(face.edges, (face.offsets - tau * (face.edges.transpose() * q).array()).eval());
  step.point += tau * q;
  return step;
}

}  // namespace internal

template <std::floating_point Real, int Dim, class Derived>
NearestPoint<Real, Dim> nearest_in_face_and_ball(const VoronoiFace<Real, Dim>& face,
                                                 const Eigen::MatrixBase<Derived>& ball_center,
                                                 std::type_identity_t<Real> radius) {
  internal::check_cell_point(face.midpoint, ball_center, "nearest_in_face_and_ball");
  internal::require(radius >= 0 && std::isfinite(radius), "nearest_in_face_and_ball", "radius", radius,
                    "a radius is finite and not negative", "pass the radius of the ball");
  using Vector = Eigen::Matrix<Real, Dim, 1>;
  NearestPoint<Real, Dim> result;
  result.point = face.midpoint;
  if (!face.adjacent) return result;
  const Vector from = ball_center.template cast<Real>() - face.midpoint;
  const Real height = face.normal.dot(from);
  if (std::abs(height) > radius) return result;
  const Vector q = from - height * face.normal;  // center of the ball's slice, from the midpoint
  const Real slice = std::sqrt((radius - height) * (radius + height));
  const auto finish = [&](const LeastNormPoint<Real, Dim>& step) {
    result.exists = true;
    result.converged = step.status == LeastNormStatus::found;
    result.distance = step.point.norm();
    result.point += step.point;
    return result;
  };
  auto near = internal::project_along(face, q, Real(0));
  if ((near.point - q).norm() <= slice) return finish(near);
  auto far = internal::project_along(face, q, Real(1));
  if ((far.point - q).norm() > slice) return result;

  // Minimise |y|^2 + lambda (|y - q|^2 - slice^2) over the face: y is the projection of tau q, tau = lambda/(1 +
  // lambda), and |y - q| falls as tau grows. Between changes of the active set y is affine in tau, so that the root on
  // the right piece is that of a quadratic; bisection finds the piece.
  Real low = 0, high = 1;
  for (int round = 0; round < 200 && high - low > 4 * std::numeric_limits<Real>::epsilon() * high; ++round) {
    internal::ActiveSet<Real, Dim> active(face.edges, face.offsets);
    for (const Index l : far.active) active.add(l);
    const Vector slope = active.beside(q);  // dy / dtau
    const Vector gap = far.point - q;
    // |gap - s slope|^2 = slice^2 for the step s > 0 back from high: a s^2 - 2 b s + c = 0.
    const Real a = slope.squaredNorm(), b = gap.dot(slope), c = gap.squaredNorm() - slice * slice;
    const Real root = a > 0 ? (b + std::sqrt(std::max(Real(0), b * b - a * c))) / a : Real(0);
    Real tau = high - root;
    const bool inside = tau > low && tau < high;
    if (!inside) tau = low + (high - low) / 2;
    auto middle = internal::project_along(face, q, tau);
    const bool same_piece = inside && middle.active == far.active;
    if (same_piece) return finish(middle);
    if ((middle.point - q).norm() <= slice) {
      high = tau;
      far = std::move(middle);
    } else {
      low = tau;
    }
  }
  return finish(far);
}

/// Which cells are adjacent, V_i ~ V_j (QZC section 2.4): k x k, symmetric, false on the diagonal. O(k^2) faces.
template <class Derived>
[[nodiscard]] Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic> adjacency(const Eigen::MatrixBase<Derived>& centers) {
  internal::check_columns(centers, "adjacency", "centers", "center");
  const Index k = centers.cols();
  Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic> result(k, k);
  result.setConstant(false);
  for (Index i = 0; i < k; ++i)
    for (Index j = i + 1; j < k; ++j) result(i, j) = result(j, i) = voronoi_face(centers, i, j).adjacent;
  return result;
}

}  // namespace kmscape

// True centers for studies: on a line, a simplex or a grid, and at random with a least separation. All but the random
// ones have their mean at the origin.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <string_view>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>

namespace kmscape {

namespace internal {

inline void check_layout(std::string_view function, Index k, std::string_view length_name, double length) {
  require(k >= 1, function, "k", k, "at least one center is needed", "pass k >= 1");
  require(length > 0 && std::isfinite(length), function, length_name, length, "a length is positive and finite",
          text("pass ", length_name, " > 0"));
}

}  // namespace internal

/// k equally spaced centers on the line, 1 x k: (3, 2.0) gives -2, 0, 2. Throws `invalid_input`.
template <std::floating_point Scalar = double>
[[nodiscard]] Centers<Scalar, 1> centers_on_line(Index k, Scalar spacing) {
  internal::check_layout("centers_on_line", k, "spacing", static_cast<double>(spacing));
  Centers<Scalar, 1> centers(1, k);
  for (Index s = 0; s < k; ++s) centers(0, s) = spacing * static_cast<Scalar>(2 * s - (k - 1)) / 2;
  return centers;
}

/// The k corners of a regular simplex of the given side, in `dimension` >= k - 1 (0: k - 1, and 1 for k = 1). Throws
/// `invalid_input`.
template <std::floating_point Scalar = double>
[[nodiscard]] Centers<Scalar> centers_on_simplex(Index k, Scalar side, Index dimension = 0) {
  internal::check_layout("centers_on_simplex", k, "side", static_cast<double>(side));
  const Index least = std::max<Index>(k - 1, 1);
  internal::require(dimension == 0 || dimension >= least, "centers_on_simplex", "dimension", dimension,
                    internal::text("a simplex with ", k, " corners spans ", least, " dimensions"),
                    internal::text("pass 0 or a dimension >= ", least));
  Centers<Scalar> centers = Centers<Scalar>::Zero(dimension == 0 ? least : dimension, k);
  // Corner s + 1 lies above the centroid of corners 0, ..., s, at the height that makes all its edges equal; moving the
  // earlier ones down keeps the mean at the origin.
  for (Index s = 0; s + 1 < k; ++s) {
    const auto corners = static_cast<Scalar>(s + 1);
    const Scalar height = side * std::sqrt((corners + 1) / (2 * corners));
    centers.row(s).head(s + 1).setConstant(-height / (corners + 1));
    centers(s, s + 1) = height * corners / (corners + 1);
  }
  return centers;
}

/// The first k points, row by row, of the smallest cubic grid that holds k, moved to mean zero. Throws `invalid_input`.
template <std::floating_point Scalar = double>
[[nodiscard]] Centers<Scalar> centers_on_grid(Index k, Scalar spacing, Index dimension = 2) {
  internal::check_layout("centers_on_grid", k, "spacing", static_cast<double>(spacing));
  internal::require(dimension >= 1, "centers_on_grid", "dimension", dimension, "a grid has at least one dimension",
                    "pass dimension >= 1");
  const auto holds = [&](Index side) {
    Index points = 1;
    for (Index s = 0; s < dimension && points < k; ++s) points *= side;
    return points >= k;
  };
  Index side = 1;
  while (!holds(side)) ++side;
  Centers<Scalar> centers(dimension, k);
  for (Index i = 0; i < k; ++i) {
    Index rest = i;
    for (Index s = 0; s < dimension; ++s) {
      centers(s, i) = spacing * static_cast<Scalar>(rest % side);
      rest /= side;
    }
  }
  const Eigen::Matrix<Scalar, Eigen::Dynamic, 1> mean = centers.rowwise().mean();
  centers.colwise() -= mean;
  return centers;
}

/// k centers, uniform in the cube [0, box_side]^dimension, each redrawn until it is at least `min_separation` from all
/// before it. Throws `invalid_input`, also after 10,000 redraws of one center: the box is then too small. O(k^2 d) when
/// roomy.
template <std::floating_point Scalar = double>
[[nodiscard]] Centers<Scalar> centers_at_random(Index k, Index dimension, Scalar min_separation, Scalar box_side,
                                                Seed seed) {
  internal::check_layout("centers_at_random", k, "box_side", static_cast<double>(box_side));
  internal::require(dimension >= 1, "centers_at_random", "dimension", dimension, "a point has at least one coordinate",
                    "pass dimension >= 1");
  internal::require(min_separation >= 0 && std::isfinite(min_separation), "centers_at_random", "min_separation",
                    min_separation, "a distance is finite and not negative", "pass 0 for no condition");
  constexpr int patience = 10'000;
  RandomStream stream(seed);
  Centers<Scalar> centers(dimension, k);
  for (Index i = 0; i < k; ++i) {
    for (int attempt = 0;; ++attempt) {
      internal::require(attempt < patience, "centers_at_random", "min_separation", min_separation,
                        internal::text("no place was found for center ", i, " in ", patience, " draws"),
                        "use a larger box_side, fewer centers or a smaller min_separation");
      for (Index s = 0; s < dimension; ++s) centers(s, i) = box_side * static_cast<Scalar>(stream.uniform());
      if (i == 0) break;
      const auto nearest = (centers.leftCols(i).colwise() - centers.col(i)).colwise().squaredNorm().minCoeff();
      if (nearest >= min_separation * min_separation) break;
    }
  }
  return centers;
}

}  // namespace kmscape

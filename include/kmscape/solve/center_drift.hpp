// How far centers have moved since a bound on a distance to them was found: what every accelerated engine keeps.
//
// A bound stored with the drift of its moment stays comparable for ever: a lower bound l on |x - c_j|, kept as l + U_j,
// is l + U_j - U_j' once the drift has grown to U_j'. Bounds are therefore never rewritten when centers move. Drifts
// are rounded up by a few millionths, which pays for all rounding of later comparisons.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape::internal {

/// The share by which a bound must beat another to count: far more than any rounding, far less than matters.
inline constexpr double bound_margin = 4e-6;

template <std::floating_point Real>
class CenterDrift {
 public:
  /// Forgets everything; the next `follow` starts at drift 0.
  void restart() { previous_.clear(); }
  [[nodiscard]] bool is_started() const { return !previous_.empty(); }

  /// Moves on to `centers` (d x k), measured in units of 1 / scale.
  void follow(const Real* centers, Index d, Index k, Real scale) {
    const auto size = static_cast<std::size_t>(d * k);
    step_.assign(static_cast<std::size_t>(k), 0);
    if (is_started()) {
      for (Index j = 0; j < k; ++j) {
        Real squared = 0;
        for (Index s = j * d; s < (j + 1) * d; ++s) {
          const Real move = (centers[s] - previous_[static_cast<std::size_t>(s)]) * scale;
          squared += move * move;
        }
        step_[static_cast<std::size_t>(j)] = std::sqrt(static_cast<double>(squared)) * (1 + bound_margin);
      }
    } else {
      own_.assign(static_cast<std::size_t>(k), 0);
      others_.assign(static_cast<std::size_t>(k), 0);
    }
    previous_.assign(centers, centers + size);
    Index farthest = 0;
    double first = 0, second = 0;
    for (Index j = 0; j < k; ++j) {
      const double step = step_[static_cast<std::size_t>(j)];
      if (step > first) {
        second = first;
        first = step;
        farthest = j;
      } else {
        second = std::max(second, step);
      }
    }
    for (Index j = 0; j < k; ++j) {
      own_[static_cast<std::size_t>(j)] += step_[static_cast<std::size_t>(j)];
      others_[static_cast<std::size_t>(j)] += j == farthest ? second : first;
    }
  }

  [[nodiscard]] double step(Index j) const { return step_[static_cast<std::size_t>(j)]; }
  /// What center j has moved in all.
  [[nodiscard]] double own(Index j) const { return own_[static_cast<std::size_t>(j)]; }
  /// The sum over steps of the farthest move of any center but j.
  [[nodiscard]] double others(Index j) const { return others_[static_cast<std::size_t>(j)]; }
  /// By how much the gap between a point of cell j and all other centers may have shrunk in all.
  [[nodiscard]] double closing(Index j) const { return own(j) + others(j); }

 private:
  std::vector<Real> previous_;
  std::vector<double> step_, own_, others_;
};

/// A float not above, or not below, a sum of two doubles.
[[nodiscard]] inline float float_below(double a, double b) {
  const float sum = static_cast<float>(a + b);
  if (!std::isfinite(sum)) return sum;
  return sum - static_cast<float>(std::abs(a) + std::abs(b)) * 2.5e-7f;
}
[[nodiscard]] inline float float_above(double a, double b) { return -float_below(-a, -b); }

/// Half the distance from each of k centers to its nearest other one, in units of 1 / scale, rounded down. O(k^2 d).
template <class Real>
void half_separations(const Real* centers, Index d, Index k, Real scale, std::vector<double>& out) {
  out.assign(static_cast<std::size_t>(k), std::numeric_limits<double>::infinity());
  for (Index i = 0; i < k; ++i)
    for (Index j = 0; j < i; ++j) {
      Real squared = 0;
      for (Index s = 0; s < d; ++s) {
        const Real difference = (centers[i * d + s] - centers[j * d + s]) * scale;
        squared += difference * difference;
      }
      out[static_cast<std::size_t>(i)] = std::min(out[static_cast<std::size_t>(i)], static_cast<double>(squared));
      out[static_cast<std::size_t>(j)] = std::min(out[static_cast<std::size_t>(j)], static_cast<double>(squared));
    }
  for (double& half : out) half = std::sqrt(half) / 2 * (1 - bound_margin);
}

}  // namespace kmscape::internal

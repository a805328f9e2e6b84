// What the filter of nearest_filter.hpp compares points with: centers in float, about an origin in the middle of the
// data and in a unit of its size, laid out for its inner loops.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/core/simd.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape::internal {

/// Where the filter measures from: x -> (x - origin) * scale, with coordinates of data about 1 at most.
template <std::floating_point Scalar>
struct FilterFrame {
  Eigen::Array<Scalar, Eigen::Dynamic, 1> origin;  // d
  Scalar scale = 1;                                // a power of two

  /// Whether scores are worth computing: not for types without fast arithmetic, nor where the error bound's constant
  /// would no longer be small.
  [[nodiscard]] bool is_useful() const { return !std::is_same_v<Scalar, long double> && origin.size() < 50'000; }

  /// (d + 6) 2^-24, rounded up.
  [[nodiscard]] float error_factor() const { return static_cast<float>(origin.size() + 6) * 6.1e-8f; }
};

/// The tile of scores that one inner loop keeps in registers: packs of points times centers.
inline constexpr int filter_lanes = pack_lanes<float>;
inline constexpr int filter_packs = registers == 32 ? 4 : 2;
inline constexpr int filter_width = filter_lanes * filter_packs;
/// At most so many centers: with two packs twelve sums, which leave of sixteen registers what a coordinate needs.
inline constexpr int wide_tile = 6;
/// For few coordinates, which stay in registers beside the scores.
inline constexpr int narrow_tile = 2;
inline constexpr Index narrow_dimension = 4;
/// For long points and few centers the turning of points into coordinates, beyond the nearest cache, would take longer
/// than the scores: packs of one point's coordinates are multiplied by a center's instead, and added up in the end.
inline constexpr Index row_dimension = 128;
inline constexpr Index row_centers = 2 * wide_tile;
inline constexpr int row_points = registers == 32 ? 4 : 2;  // at a time: their sums stay in registers

/// Centers in the filter's frame, negated, in tiles: one coordinate of a tile's centers after the other, or, by rows,
/// a pack of each center's coordinates after the other.
class FilterCenters {
 public:
  template <class Scalar>
  void assign(const Sum<Scalar>* centers, Index k, const FilterFrame<Scalar>& frame, int tile, bool by_rows = false) {
    using Real = Sum<Scalar>;
    const Index d = frame.origin.size(), lanes = by_rows ? filter_lanes : 1;
    tile_ = tile;
    tiles_ = (k + tile - 1) / tile;
    by_rows_ = by_rows;
    // Where a point's last pack, or the last tile, goes beyond the data, coordinates are 0.
    tile_size_ = (d + lanes - 1) / lanes * lanes * tile;
    coordinates_.assign(static_cast<std::size_t>((tiles_ * tile_size_ + filter_lanes - 1) / filter_lanes),
                        Pack<float>{});
    // Centers that fill up the last tile are infinitely far away.
    heights_.assign(static_cast<std::size_t>(tiles_ * tile), std::numeric_limits<float>::infinity());
    Real largest = 0;
    for (Index j = 0; j < k; ++j) {
      float* to = values() + (j / tile) * tile_size_ + j % tile * lanes;
      Real squared = 0;
      for (Index s = 0; s < d; ++s) {
        const Real c = (centers[j * d + s] - static_cast<Real>(frame.origin(s))) * static_cast<Real>(frame.scale);
        squared += c * c;
        to[by_rows ? s / filter_lanes * filter_lanes * tile + s % filter_lanes : s * tile] = static_cast<float>(-c);
      }
      heights_[static_cast<std::size_t>(j)] = static_cast<float>(squared / 2);
      largest = std::max(largest, squared);
    }
    largest_norm_ = static_cast<float>(std::sqrt(largest)) * (1 + 1e-6f);
  }

  /// In the form that suits the dimension and the number of centers.
  template <class Scalar>
  void assign(const Sum<Scalar>* centers, Index k, const FilterFrame<Scalar>& frame) {
    const Index d = frame.origin.size();
    const bool by_rows = d >= std::max<Index>(row_dimension, filter_lanes) && k <= row_centers;
    assign(centers, k, frame, d <= narrow_dimension ? narrow_tile : even_tile(k), by_rows);
  }

  [[nodiscard]] bool by_rows() const { return by_rows_; }
  [[nodiscard]] int tile() const { return tile_; }
  [[nodiscard]] Index tiles() const { return tiles_; }
  [[nodiscard]] const float* coordinates(Index t) const { return values() + t * tile_size_; }
  [[nodiscard]] const float* heights(Index t) const { return heights_.data() + t * tile_; }
  [[nodiscard]] float largest_norm() const { return largest_norm_; }

 private:
  /// Two to `wide_tile` centers, such that as few tiles are as full as can be.
  [[nodiscard]] static int even_tile(Index k) {
    const Index tiles = (k + wide_tile - 1) / wide_tile;
    return static_cast<int>(std::max<Index>(2, (k + tiles - 1) / tiles));
  }

  [[nodiscard]] float* values() { return reinterpret_cast<float*>(coordinates_.data()); }
  [[nodiscard]] const float* values() const { return reinterpret_cast<const float*>(coordinates_.data()); }

  Index tiles_ = 0, tile_size_ = 0;
  int tile_ = 1;
  bool by_rows_ = false;
  float largest_norm_ = 0;
  std::vector<Pack<float>> coordinates_;  // aligned
  std::vector<float> heights_;
};

}  // namespace kmscape::internal

// Squared distances from one point to every center, a register of centers at a time: the rows of a cost matrix that is
// never stored.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/simd.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape::internal {

/// Columns in memory: point i starts at data + i * stride.
template <class Scalar>
struct PointColumns {
  const Scalar* data = nullptr;
  Index dimension = 0, size = 0, stride = 0;

  [[nodiscard]] const Scalar* point(Index i) const { return data + i * stride; }
};

/// Those of an Eigen::Ref to points.
template <class Reference>
[[nodiscard]] PointColumns<typename Reference::Scalar> point_columns(const Reference& x) {
  return {x.data(), x.rows(), x.cols(), Reference::RowsAtCompileTime == 1 ? x.innerStride() : x.outerStride()};
}

/// `options.prices`: one for each of k centers, or none.
template <class WhenUsed = void>
void check_prices(const std::vector<double>& prices, Index k, std::string_view function) {
  require(prices.empty() || static_cast<Index>(prices.size()) == k, function, "options.prices",
          text(prices.size(), " numbers"), text("there are ", k, " centers"), "pass one price per center, or none");
  for (std::size_t j = 0; j < prices.size(); ++j)
    require(std::isfinite(prices[j]), function, text("options.prices[", j, "]"), prices[j],
            "every price must be a finite number", "pass the prices of an earlier result, or none");
}

template <std::floating_point Scalar_>
class CenterCosts {
 public:
  using Scalar = Scalar_;
  using Real = Sum<Scalar>;
  static constexpr Index lanes = pack_lanes<Real>;

  /// `center(j)` points to the d coordinates of center j, of type Real.
  template <class Center>
  CenterCosts(const PointColumns<Scalar>& points, Index k, const Center& center)
      : points_(points), k_(k), width_((k + lanes - 1) / lanes * lanes) {
    table_.assign(static_cast<std::size_t>(points.dimension * width_), Real(0));
    for (Index j = 0; j < k; ++j)
      for (Index s = 0; s < points.dimension; ++s)
        table_[static_cast<std::size_t>(s * width_ + j)] = static_cast<Real>(center(j)[s]);
  }

  [[nodiscard]] Index size() const { return points_.size; }
  [[nodiscard]] Index centers() const { return k_; }
  [[nodiscard]] Index dimension() const { return points_.dimension; }
  /// Entries of a row; those beyond the centers mean nothing.
  [[nodiscard]] Index width() const { return width_; }

  void row(Index i, Real* out) const {
    for (Index j = 0; j < width_; j += lanes) store_pack(out + j, pack(i, j));
  }

  /// One entry, with the same bits as in the row.
  [[nodiscard]] Real entry(Index i, Index j) const {
    Real values[static_cast<std::size_t>(lanes)];
    store_pack(values, pack(i, j / lanes * lanes));
    return values[j % lanes];
  }

  /// |x - c_1|^2 - |x - c_0|^2, for two centers.
  [[nodiscard, gnu::always_inline]] Real preference(Index i) const {
    const Scalar* x = points_.point(i);
    const Real* c = table_.data();
    Real own = 0, other = 0;
    for (Index s = 0; s < points_.dimension; ++s, c += width_) {
      const Real a = static_cast<Real>(x[s]) - c[0], b = static_cast<Real>(x[s]) - c[1];
      own += a * a;
      other += b * b;
    }
    return other - own;
  }

 private:
  [[nodiscard, gnu::always_inline]] inline Pack<Real> pack(Index i, Index first) const {
    const Scalar* x = points_.point(i);
    const Real* c = table_.data() + first;
    Pack<Real> sum{};
    for (Index s = 0; s < points_.dimension; ++s, c += width_) {
      const Pack<Real> difference = broadcast(static_cast<Real>(x[s])) - load_pack<Pack<Real>>(c);
      sum += difference * difference;
    }
    return sum;
  }

  PointColumns<Scalar> points_;
  Index k_, width_;
  std::vector<Real> table_;
};

/// The first lane that holds the value among `load(0), load(lanes), ...`, which cover `width` numbers and hold it.
template <class Real, class Load>
[[nodiscard, gnu::always_inline]] inline Index first_equal(Real value, Index width, const Load& load) {
  for (Index first = 0; first < width; first += pack_lanes<Real>)
    if (const auto bits = lane_bits((IntegerPack<Real>)(load(first) == broadcast(value))); bits != 0)
      return first + __builtin_ctz(bits);
  return 0;
}

/// The least of such numbers.
template <class Real, class Load>
[[nodiscard, gnu::always_inline]] inline Real least_of(Index width, const Load& load) {
  constexpr Index lanes = pack_lanes<Real>;
  Pack<Real> least = load(0);
  for (Index first = lanes; first < width; first += lanes) {
    const Pack<Real> here = load(first);
    least = here < least ? here : least;
  }
  Real parts[static_cast<std::size_t>(lanes)];
  store_pack(parts, least);
  Real result = parts[0];
  for (Index p = 1; p < lanes; ++p) result = std::min(result, parts[p]);
  return result;
}

/// The lowest index of the least of `width` numbers, a multiple of the register's.
template <class Real>
[[nodiscard]] inline Index index_of_least(const Real* numbers, Index width) {
  const auto load = [&](Index first) { return load_pack<Pack<Real>>(numbers + first); };
  return first_equal(least_of<Real>(width, load), width, load);
}

/// The cheapest center under prices: the least row[j] - price[j], the lowest j where several are equal. Both arrays
/// have `width` entries, a multiple of the register's; prices beyond the centers are -infinity.
template <class Real>
struct Cheapest {
  Index center;
  Real value;

  Cheapest(const Real* row, const Real* price, Index width) {
    const auto load = [&](Index j) { return load_pack<Pack<Real>>(row + j) - load_pack<Pack<Real>>(price + j); };
    value = least_of<Real>(width, load);
    center = first_equal(value, width, load);
  }
};

/// The two least of row[j] - price[j], j < k; the second is infinite for k = 1.
template <class Real>
struct TwoCheapest {
  Real first = std::numeric_limits<Real>::infinity(), second = first;

  TwoCheapest(const Real* row, const Real* price, Index k, Index width) {
    constexpr Index lanes = pack_lanes<Real>;
    if (k <= 4) {  // less work than the lanes of a register
      for (Index j = 0; j < k; ++j) add(row[j] - price[j]);
      return;
    }
    Pack<Real> least = broadcast(first), next = least;
    for (Index j = 0; j < width; j += lanes) {
      const Pack<Real> here = load_pack<Pack<Real>>(row + j) - load_pack<Pack<Real>>(price + j);
      const Pack<Real> larger = here < least ? least : here;
      next = larger < next ? larger : next;
      least = here < least ? here : least;
    }
    Real parts[2 * static_cast<std::size_t>(lanes)];
    store_pack(parts, least);
    store_pack(parts + lanes, next);
    for (const Real part : parts) add(part);
  }

 private:
  void add(Real value) {
    second = std::min(second, std::max(first, value));
    first = std::min(first, value);
  }
};

}  // namespace kmscape::internal

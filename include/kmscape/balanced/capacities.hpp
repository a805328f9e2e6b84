// How much each cluster may hold: sizes that differ by at most one, given sizes, or a lower and an upper bound each.
//
// Sizes count points, or whole weights where points are weighted.
#pragma once

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>

namespace kmscape {

/// Sizes that clusters may have. The bounds are checked, by the function that uses them, against the data.
class Capacities {
 public:
  /// floor(n / k) or ceil(n / k) points each, k <= n.
  [[nodiscard]] static Capacities equal() { return Capacities(Kind::equal, {}, {}); }

  /// `sizes[j]` points in cluster j; they sum to n.
  template <class WhenUsed = void>
  [[nodiscard]] static Capacities exactly(std::vector<Index> sizes) {
    return Capacities(Kind::sizes, sizes, sizes);
  }

  /// From `lower[j]` to `upper[j]` points in cluster j.
  template <class WhenUsed = void>
  [[nodiscard]] static Capacities between(std::vector<Index> lower, std::vector<Index> upper) {
    return Capacities(Kind::bounds, std::move(lower), std::move(upper));
  }

  /// The same bounds for every cluster.
  template <class WhenUsed = void>
  [[nodiscard]] static Capacities between(Index lower, Index upper) {
    return Capacities(Kind::common_bounds, {lower}, {upper});
  }

  struct Bounds {
    std::vector<Index> lower, upper;  // one per cluster
  };

  /// The bounds for k clusters of `total` points. Throws `invalid_input` where no partition keeps to them; `function`
  /// names the caller's in the refusal.
  template <class WhenUsed = void>
  [[nodiscard]] Bounds bounds(Index k, Index total, std::string_view function = "Capacities::bounds") const {
    using internal::require, internal::text;
    require(k >= 1, function, "k", k, "there must be a cluster", "pass k >= 1");
    const auto clusters = static_cast<std::size_t>(k);
    if (kind_ == Kind::equal) {
      require(k <= total, function, "k", k,
              text("there are only ", total, " points, and equal sizes would leave some clusters empty"),
              "pass at most one center per point, or Capacities::between(0, 1)");
      return {std::vector<Index>(clusters, total / k), std::vector<Index>(clusters, total / k + (total % k != 0))};
    }
    Bounds result{lower_, upper_};
    if (kind_ == Kind::common_bounds) {
      result.lower.resize(clusters, lower_[0]);
      result.upper.resize(clusters, upper_[0]);
    }
    const bool is_exact = kind_ == Kind::sizes;
    const auto check_size = [&](const std::vector<Index>& bound, std::string_view argument) {
      require(bound.size() == clusters, function, argument, text(bound.size(), " numbers"),
              text("there are ", k, " centers"), "pass one number per center");
    };
    check_size(result.lower, is_exact ? "sizes" : "lower");
    check_size(result.upper, "upper");
    Index least = 0, most = 0;
    for (std::size_t j = 0; j < clusters; ++j) {
      require(result.lower[j] >= 0, function, text(is_exact ? "sizes[" : "lower[", j, "]"), result.lower[j],
              "a cluster cannot hold a negative number of points", "pass 0 or more");
      require(result.lower[j] <= result.upper[j], function, text("upper[", j, "]"), result.upper[j],
              text("the lower bound of this cluster is ", result.lower[j]), "let no upper bound be below it");
      // An upper bound beyond the total is never reached, and this one cannot overflow a sum.
      if (!is_exact) result.upper[j] = std::min(result.upper[j], total + 1);
      least = std::min(result.lower[j], std::numeric_limits<Index>::max() - least) + least;
      most = std::min(result.upper[j], std::numeric_limits<Index>::max() - most) + most;
    }
    if (is_exact)
      require(least == total, function, "sum of sizes", least, text("there are ", total, " points to hold"),
              "let the sizes add up to the number of points (the sum of the weights)");
    require(least <= total, function, "sum of lower", least, text("there are only ", total, " points"),
            "lower the lower bounds");
    require(most >= total, function, "sum of upper", most, text("there are ", total, " points to hold"),
            "raise the upper bounds");
    return result;
  }

 private:
  enum class Kind { equal, sizes, bounds, common_bounds };

  Capacities(Kind kind, std::vector<Index> lower, std::vector<Index> upper)
      : kind_(kind), lower_(std::move(lower)), upper_(std::move(upper)) {}

  Kind kind_;
  std::vector<Index> lower_, upper_;
};

}  // namespace kmscape

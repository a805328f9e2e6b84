// Data as its distinct points, each with the weight of all its copies, seen from a point in their middle.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape::internal {

/// The same objective on other coordinates, in the type of sums. The origin is the point nearest to the mean: an offset
/// of the data then costs no digits, and differences of whole numbers stay whole.
template <DataObjective O>
class DistinctPoints {
 public:
  using Real = Sum<typename O::Scalar>;
  using CentersType = FittedCenters<Real, O::dim>;

  /// O(n d).
  explicit DistinctPoints(const O& objective) : objective_(merged(objective)) {}

  /// G_n as a function of centers less `origin()`.
  [[nodiscard]] const EmpiricalObjective<Real, O::dim>& objective() const { return objective_; }
  /// d x 1.
  [[nodiscard]] const CentersType& origin() const { return origin_; }
  /// Of every point of the data, the distinct point that it equals. In order of first occurrence.
  [[nodiscard]] const std::vector<Index>& place() const { return place_; }
  /// Of every distinct point, the first point of the data that equals it.
  [[nodiscard]] Index first_copy(Index distinct) const { return first_[static_cast<std::size_t>(distinct)]; }

 private:
  EmpiricalObjective<Real, O::dim> merged(const O& objective) {
    using Scalar = typename O::Scalar;
    const auto all = objective.points();
    const Index n = objective.size(), d = objective.dimension();
    std::unordered_multimap<std::size_t, Index> seen;
    std::vector<Real> weight;
    place_.reserve(static_cast<std::size_t>(n));
    for (Index i = 0; i < n; ++i) {
      std::size_t hash = 0;
      for (Index s = 0; s < d; ++s)
        hash = hash * 1099511628211u ^ std::hash<Scalar>{}(all(s, i) + Scalar(0));  // + 0 turns -0 into 0
      const auto [begin, end] = seen.equal_range(hash);
      auto known = begin;
      while (known != end && all.col(first_copy(known->second)) != all.col(i)) ++known;
      if (known != end) {
        place_.push_back(known->second);
        weight[static_cast<std::size_t>(known->second)] += static_cast<Real>(objective.weight(i));
        continue;
      }
      const auto distinct = static_cast<Index>(first_.size());
      seen.emplace(hash, distinct);
      place_.push_back(distinct);
      first_.push_back(i);
      weight.push_back(static_cast<Real>(objective.weight(i)));
    }

    const auto size = static_cast<Index>(first_.size());
    Points<Real, O::dim> points(d, size);
    Weights<Real> weights(size);
    Real total = 0;
    CentersType mean;
    mean.setZero(d, 1);
    for (Index i = 0; i < size; ++i) {
      points.col(i) = all.col(first_copy(i)).template cast<Real>();
      weights(i) = weight[static_cast<std::size_t>(i)];
      total += weights(i);
      mean.col(0) += (weights(i) / total) * (points.col(i) - mean.col(0));
    }
    Index middle = 0;
    (points.colwise() - mean.col(0)).colwise().squaredNorm().minCoeff(&middle);
    origin_ = points.col(middle);
    points.colwise() -= origin_.col(0);
    return EmpiricalObjective<Real, O::dim>(std::move(points), std::move(weights));
  }

  std::vector<Index> place_, first_;
  CentersType origin_;
  EmpiricalObjective<Real, O::dim> objective_;
};

}  // namespace kmscape::internal

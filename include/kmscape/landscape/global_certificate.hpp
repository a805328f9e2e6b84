// Is this fit globally optimal? Whatever can say so is asked: one center lies best on the mean, points on the line have
// an exact answer, few points can be enumerated, and for the rest a dual point may prove it (dual_certificate.hpp).
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/landscape/distinct_points.hpp>
#include <kmscape/landscape/dual_certificate.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/solve/optimal_line.hpp>
#include <kmscape/solve/seeding.hpp>

namespace kmscape {

enum class GlobalVerdict {
  optimal,     // no centers have a lower objective than the means of these cells
  improvable,  // `better` has one
  undecided,   // no proof either way: the optimum lies in [bound, value]
};

enum class GlobalMethod {
  one_center,   // k = 1: the mean
  line,         // d = 1: dynamic programming
  enumeration,  // all partitions of few distinct points
  dual,         // a dual point of the relaxation of Peng and Wei
};

[[nodiscard]] constexpr std::string_view to_string(GlobalVerdict verdict) {
  switch (verdict) {
    case GlobalVerdict::optimal:
      return "optimal";
    case GlobalVerdict::improvable:
      return "improvable";
    case GlobalVerdict::undecided:
      return "undecided";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(GlobalMethod method) {
  switch (method) {
    case GlobalMethod::one_center:
      return "one_center";
    case GlobalMethod::line:
      return "line";
    case GlobalMethod::enumeration:
      return "enumeration";
    case GlobalMethod::dual:
      return "dual";
  }
  return "unknown";
}

struct GlobalCertificateOptions {
  Index enumerate = 10;  // distinct points up to which all partitions are tried: 42,525 for 10 points and k = 5
};

template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct GlobalCertificate {
  GlobalVerdict verdict = GlobalVerdict::undecided;
  GlobalMethod method = GlobalMethod::dual;
  double value = 0;                   // objective with every center on its cell's mean
  double bound = 0;                   // no k centers have a lower one; the optimum itself unless undecided
  double gap = 0;                     // value - bound
  FittedCenters<Scalar, Dim> better;  // improvable: optimal centers, d x k; else d x 0
};

/// Certifies the partition that `centers` (d x k, finite) induce on the data. Throws `invalid_input`, also where the
/// data holds fewer than k distinct points. Cost: that of the method (`optimal_line`, `dual_certificate`, or O(d) a
/// partition).
template <DataObjective O, class Derived>
[[nodiscard]] GlobalCertificate<typename O::Scalar, O::dim> global_certificate(
    const O& objective, const Eigen::MatrixBase<Derived>& centers, const GlobalCertificateOptions& options = {});

namespace internal {

/// The best partition of a few weighted points into at most k cells, by branch and bound on the prefix's own scatter,
/// which no further point lowers.
template <DataObjective O>
class PartitionEnumeration {
 public:
  using Real = Sum<typename O::Scalar>;
  using CentersType = FittedCenters<Real, O::dim>;

  PartitionEnumeration(const O& objective, Index k)
      : objective_(objective), mass_(static_cast<std::size_t>(k), Real(0)) {
    means_.setZero(objective.dimension(), k);
  }

  /// The means of the best partition, d x k; a cell that it leaves empty stays where an equal value was met first.
  [[nodiscard]] CentersType run() {
    place(0, 0, 0);
    return best_;
  }

 private:
  void place(Index i, Index used, Real value) {
    if (!(value < least_)) return;
    if (i == objective_.size()) {
      least_ = value;
      best_ = means_;
      return;
    }
    const auto x = objective_.points().col(i);
    const Real w = objective_.weight(i);
    for (Index j = 0; j < std::min<Index>(used + 1, means_.cols()); ++j) {
      auto& mass = mass_[static_cast<std::size_t>(j)];
      const CentersType mean = means_.col(j);
      const Real before = mass;
      const Real rise = before > 0 ? before * w / (before + w) * (x - mean.col(0)).squaredNorm() : Real(0);
      mass += w;
      means_.col(j) += w / mass * (x - mean.col(0));
      place(i + 1, std::max(used, j + 1), value + rise);
      mass = before;
      means_.col(j) = mean;
    }
  }

  const O& objective_;
  CentersType means_, best_;
  std::vector<Real> mass_;
  Real least_ = std::numeric_limits<Real>::infinity();
};

}  // namespace internal

template <DataObjective O, class Derived>
GlobalCertificate<typename O::Scalar, O::dim> global_certificate(const O& objective,
                                                                 const Eigen::MatrixBase<Derived>& centers,
                                                                 const GlobalCertificateOptions& options) {
  using Scalar = typename O::Scalar;
  using Fitted = FittedCenters<Scalar, O::dim>;
  constexpr std::string_view function = "global_certificate";
  internal::require(options.enumerate >= 0 && options.enumerate <= 14, function, "options.enumerate", options.enumerate,
                    "all partitions of more than 14 points are too many", "pass 0, ..., 14");
  internal::refuse_row_major<Derived>();
  internal::check_centers(centers, objective.dimension(), function, "centers");
  const Index k = centers.cols();
  internal::check_clusters(objective, k, function, "centers.cols()");

  GlobalCertificate<Scalar, O::dim> result;
  result.better.resize(objective.dimension(), 0);
  const auto assignment = objective.assign(centers);
  const Fitted& means = assignment.cells.centroid;
  // The partition's own value: seen as centers its means may have other cells, of a lower one.
  for (Index i = 0; i < objective.size(); ++i) {
    double squared = 0;
    for (Index s = 0; s < means.rows(); ++s) {
      const auto step = static_cast<Sum<Scalar>>(objective.points()(s, i)) - means(s, assignment.labels(i));
      squared += static_cast<double>(step * step);
    }
    result.value += static_cast<double>(objective.weight(i)) * squared;
  }
  const auto settle = [&](const Fitted& optimum) {
    const auto lowest = static_cast<double>(objective.value(optimum));
    const double rounding = 64 * static_cast<double>(std::numeric_limits<double>::epsilon()) * result.value;
    if (result.value - lowest <= rounding) {
      result.verdict = GlobalVerdict::optimal;
      result.bound = result.value;
      return;
    }
    result.verdict = GlobalVerdict::improvable;
    result.bound = lowest;
    result.gap = result.value - lowest;
    result.better = optimum;
  };

  if (k == 1) {
    result.method = GlobalMethod::one_center;
    settle(means);
  } else if (objective.dimension() == 1) {
    result.method = GlobalMethod::line;
    settle(optimal_line(objective, k).centers);
  } else if (objective.distinct_points(options.enumerate + 1) <= options.enumerate) {
    result.method = GlobalMethod::enumeration;
    const internal::DistinctPoints<O> data(objective);
    Fitted optimum = internal::PartitionEnumeration(data.objective(), k).run();
    optimum.colwise() += data.origin().col(0);
    settle(optimum);
  } else {
    const auto dual = dual_certificate(objective, centers);
    result.verdict = dual.proven ? GlobalVerdict::optimal : GlobalVerdict::undecided;
    result.value = dual.value;
    result.bound = dual.bound;
    result.gap = dual.gap;
  }
  return result;
}

}  // namespace kmscape

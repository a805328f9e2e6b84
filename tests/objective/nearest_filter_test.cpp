#include <kmscape/objective/nearest_filter.hpp>

#include <cmath>
#include <numeric>

#include <kmscape/objective/empirical_objective.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::internal::filter_lanes;
using kmscape::internal::filter_width;
using kmscape::internal::FilterCenters;
using kmscape::internal::FilterPanel;
using testing::normal_points;

namespace {

template <class P, class C>
long double distance(const P& points, Index i, const C& centers, Index j) {
  long double sum = 0;
  for (Index s = 0; s < points.rows(); ++s) {
    const long double difference = static_cast<long double>(points(s, i)) - static_cast<long double>(centers(s, j));
    sum += difference * difference;
  }
  return std::sqrt(sum);
}

struct Found {
  Index certain = 0, looked_at = 0;
};

/// What the filter calls certain is true in long double, and its bounds hold; loads points in runs and by lists, and
/// where panels are kept both in turn.
template <class Scalar>
Found check(const kmscape::Points<Scalar>& points, const Eigen::MatrixXd& centers) {
  const Index n = points.cols(), k = centers.cols();
  const EmpiricalObjective<Scalar> objective(points);
  const auto& frame = objective.layout().frame;
  const double unit = 1 / static_cast<double>(frame.scale);
  FilterCenters filter;
  filter.assign(centers.data(), k, frame);
  FilterPanel<Scalar> panel(objective.span(), frame);
  std::vector<Index> list(static_cast<std::size_t>(n));
  std::iota(list.begin(), list.end(), Index{0});
  Found found;
  bool labels_hold = true, bounds_hold = true;
  for (const int pass : {0, 1, 2, 3, 4}) {
    const bool listed = pass % 2 != 0;
    panel.read(objective.span(), pass >= 2);
    for (Index first = 0; first < n; first += filter_width) {
      const int used = static_cast<int>(std::min<Index>(filter_width, n - first));
      if (listed)
        panel.find_nearest(list.data() + first, used, filter);
      else
        panel.find_nearest(first, used, filter);
      for (int p = 0; p < used; ++p) {
        const int u = p / filter_lanes, lane = p % filter_lanes;
        ++found.looked_at;
        if ((panel.uncertain(u) >> lane & 1) != 0) continue;
        ++found.certain;
        const Index label = panel.index(u)[lane];
        const auto bounds = panel.bounds(u);
        const long double own = distance(points, first + p, centers, label);
        bounds_hold &= own <= static_cast<long double>(bounds.upper[lane]) * unit;
        for (Index j = 0; j < k; ++j) {
          if (j == label) continue;
          const long double other = distance(points, first + p, centers, j);
          labels_hold &= own < other;
          bounds_hold &= other - own >= static_cast<long double>(bounds.gap[lane]) * unit;
        }
      }
    }
  }
  CHECK(labels_hold);
  CHECK(bounds_hold);
  return found;
}

template <class Scalar>
void check_sizes(Index d) {
  for (const Index n : {1, 15, 64, 130})
    for (const Index k : {2, 3, 4, 5, 6, 7, 9, 13, 40}) {
      INFO("d = " << d << ", n = " << n << ", k = " << k);
      const auto points = normal_points<Scalar>(d, n, static_cast<std::uint64_t>(d * 100 + n));
      const auto found = check<Scalar>(points, normal_points(d, k, static_cast<std::uint64_t>(k)));
      // A point in each pass, and a few of many, or the filter would be of no use.
      CHECK(found.looked_at - found.certain <= 5 + found.looked_at / 50);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("what the filter calls certain is certain, and its bounds hold, for any dimension", "", float,
                   double) {
  for (const Index d : {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33, 128, 130, 145}) check_sizes<TestType>(d);
}

TEST_CASE("the filter stays honest on data that is hard for floats") {
  const Eigen::MatrixXd points = normal_points(3, 200, 1), centers = normal_points(3, 9, 2);
  const Eigen::Vector3d far(1e9, -3e7, 12);
  // Far from the origin, the frame's origin takes the offset away.
  const auto moved = check<double>(points.colwise() + far, centers.colwise() + far);
  CHECK(moved.certain * 50 >= moved.looked_at * 49);
  // Tiny and huge units are the frame's scale.
  for (const double unit : {1e-150, 1e-30, 1e30, 1e150}) {
    const auto scaled = check<double>(points * unit, centers * unit);
    CHECK(scaled.certain * 50 >= scaled.looked_at * 49);
  }
  // Two centers so close that floats cannot tell them apart: hardly any point may be called certain wrongly.
  Eigen::MatrixXd close(3, 2);
  close.col(0) = centers.col(0);
  close.col(1) = centers.col(0) * (1 + 1e-9);
  check<double>(points, close);
  // One point far away makes the scale coarse for all others.
  Eigen::MatrixXd outlier = points;
  outlier.col(17) *= 1e6;
  check<double>(outlier, centers);
  // Coinciding centers and points on centers.
  check<double>(points, centers.col(0).replicate(1, 5));
  check<double>(points, points.leftCols(20));
  // Centers beyond every float leave everything in doubt.
  CHECK(check<double>(points, centers * 1e60).certain == 0);
}

TEST_CASE("equal distances are never called certain") {
  const Eigen::MatrixXd points = testing::grid_points(2, 300, 4, 3), centers = testing::grid_points(2, 8, 4, 4);
  const EmpiricalObjective objective(points);
  const auto two = objective.nearest_two(centers);
  FilterCenters filter;
  filter.assign(centers.data(), 8, objective.layout().frame);
  FilterPanel<double> panel(objective.span(), objective.layout().frame);
  Index ties = 0, in_doubt = 0;
  for (Index first = 0; first < 300; first += filter_width) {
    const int used = static_cast<int>(std::min<Index>(filter_width, 300 - first));
    panel.find_nearest(first, used, filter);
    for (int p = 0; p < used; ++p) {
      if (two.first_squared_distance(first + p) != two.second_squared_distance(first + p)) continue;
      ++ties;
      in_doubt += panel.uncertain(p / filter_lanes) >> (p % filter_lanes) & 1;
    }
  }
  CHECK(ties > 50);
  CHECK(in_doubt == ties);
}

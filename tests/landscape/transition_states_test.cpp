// Transition states against enumeration of all partitions with one divided point, and against G_n itself around them.
#include <kmscape/landscape/transition_states.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/landscape/certificate.hpp>
#include <kmscape/landscape/survey.hpp>

#include "common/csv.hpp"
#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::Label;
using kmscape::NetworkStatus;
using kmscape::survey;
using kmscape::transition_states;
using kmscape::TransitionOptions;
using testing::normal_points;
using testing::on_line;

namespace {

using Wide = long double;
using WidePoints = Eigen::Matrix<Wide, Eigen::Dynamic, Eigen::Dynamic>;
using Names = std::vector<int>;

EmpiricalObjective<double> iris() {
  return EmpiricalObjective<double>(
      examples::read_table(std::filesystem::path(KMSCAPE_EXAMPLES_DIR) / "data/iris.csv", "label").points);
}

/// What a state is: the divided point, the unordered pair of cells, each named by its set of undivided points, and all
/// cells in order of their first point.
struct Identity {
  Index point;
  std::set<Names> pair, cells;
  auto operator<=>(const Identity&) const = default;
};

/// From labels and the positions of the divided points (all copies of one).
template <class L>
Identity identity(const L& labels, Index point, const std::set<Index>& divided, int first, int second) {
  std::map<int, Names> cell;
  for (Index i = 0; i < static_cast<Index>(labels.size()); ++i)
    if (!divided.contains(i)) cell[static_cast<int>(labels[static_cast<std::size_t>(i)])].push_back(static_cast<int>(i));
  Identity result{point, {cell[first], cell[second]}, {}};
  for (const auto& [name, members] : cell) result.cells.insert(members);
  return result;
}

template <class State>
Identity identity(const State& state) {
  const std::vector<Label> labels(state.labels.begin(), state.labels.end());
  return identity(labels, state.point, {state.point}, state.first, state.second);
}

template <class L>
std::set<Names> cells_of(const L& labels) {
  std::map<int, Names> cell;
  for (Index i = 0; i < labels.size(); ++i) cell[static_cast<int>(labels(i))].push_back(static_cast<int>(i));
  std::set<Names> result;
  for (const auto& [name, members] : cell) result.insert(members);
  return result;
}

/// Calls `visit(labels)` for every way to put n points into cells named in order of first use.
template <class Visit>
void for_each_partition(int n, int k, const Visit& visit) {
  Names labels(static_cast<std::size_t>(n), 0);
  const auto place = [&](const auto& self, int i, int used) -> void {
    if (i == n) {
      if (used == k) visit(labels);
      return;
    }
    for (int j = 0; j <= std::min(used, k - 1); ++j) {
      labels[static_cast<std::size_t>(i)] = j;
      self(self, i + 1, std::max(used, j + 1));
    }
  };
  place(place, 0, 0);
}

/// Masses and means of the points with labels >= 0, to more digits.
struct Means {
  std::vector<Wide> mass;
  WidePoints mean;

  Means(const WidePoints& points, const std::vector<Wide>& weights, const Names& labels, int k)
      : mass(static_cast<std::size_t>(k), 0), mean(WidePoints::Zero(points.rows(), k)) {
    for (Index i = 0; i < points.cols(); ++i) {
      const int j = labels[static_cast<std::size_t>(i)];
      if (j < 0) continue;
      mass[static_cast<std::size_t>(j)] += weights[static_cast<std::size_t>(i)];
      mean.col(j) += weights[static_cast<std::size_t>(i)] * points.col(i);
    }
    for (int j = 0; j < k; ++j) mean.col(j) /= mass[static_cast<std::size_t>(j)];
  }
};

struct Enumerated {
  std::set<std::set<Names>> minima;
  std::map<Identity, Wide> states;  // with t as the share of the lower-named cell of `pair`
  std::vector<Eigen::MatrixXd> minimum_centers;
  Wide margin = std::numeric_limits<Wide>::infinity();  // by which the closest decision was taken
};

/// Every partition, and every partition with one divided point, judged by the definition.
Enumerated enumerate(const Eigen::MatrixXd& data, const std::vector<Wide>& weights, int k) {
  const WidePoints points = data.cast<Wide>();
  const auto n = static_cast<int>(points.cols());
  Enumerated result;
  const auto decide = [&](Wide difference) {
    result.margin = std::min(result.margin, std::abs(difference));
    return difference > 0;
  };
  for_each_partition(n, k, [&](const Names& labels) {
    const Means cells(points, weights, labels, k);
    for (int i = 0; i < n; ++i) {
      const int own = labels[static_cast<std::size_t>(i)];
      const Wide here = (points.col(i) - cells.mean.col(own)).squaredNorm();
      for (int j = 0; j < k; ++j)
        if (j != own && !decide((points.col(i) - cells.mean.col(j)).squaredNorm() - here)) return;
    }
    std::map<int, Names> members;
    for (int i = 0; i < n; ++i) members[labels[static_cast<std::size_t>(i)]].push_back(i);
    std::set<Names> parts;
    for (const auto& [name, part] : members) parts.insert(part);
    result.minima.insert(parts);
    result.minimum_centers.push_back(cells.mean.cast<double>());
  });
  for (int x = 0; x < n; ++x)
    for_each_partition(n - 1, k, [&](const Names& others) {
      Names labels = others;
      labels.insert(labels.begin() + x, -1);
      const Means cells(points, weights, labels, k);
      const Wide w = weights[static_cast<std::size_t>(x)];
      for (int i = 0; i < k; ++i)
        for (int j = i + 1; j < k; ++j) {
          const Wide A = cells.mass[static_cast<std::size_t>(i)], B = cells.mass[static_cast<std::size_t>(j)];
          const Wide a = A * (points.col(x) - cells.mean.col(i)).norm(), b = B * (points.col(x) - cells.mean.col(j)).norm();
          const Wide t = (a * (B + w) - b * A) / (w * (a + b));
          if (!decide(t) || !decide(1 - t)) continue;
          WidePoints centers = cells.mean;
          centers.col(i) = (A * cells.mean.col(i) + t * w * points.col(x)) / (A + t * w);
          centers.col(j) = (B * cells.mean.col(j) + (1 - t) * w * points.col(x)) / (B + (1 - t) * w);
          bool holds = true;
          for (int y = 0; y < n && holds; ++y) {
            const int own = y == x ? i : labels[static_cast<std::size_t>(y)];
            const Wide here = (points.col(y) - centers.col(own)).squaredNorm();
            for (int l = 0; l < k && holds; ++l)
              if (l != own && !(y == x && l == j)) holds = decide((points.col(y) - centers.col(l)).squaredNorm() - here);
          }
          if (!holds) continue;
          result.states.emplace(identity(labels, x, {x}, i, j), t);
        }
    });
  return result;
}

template <class N>
std::set<Identity> identities(const N& network) {
  std::set<Identity> result;
  for (const auto& state : network.states) result.insert(identity(state));
  return result;
}

template <class Objective>
auto from_centers(const Objective& objective, const std::vector<Eigen::MatrixXd>& centers,
                  const TransitionOptions& options = {}) {
  return transition_states(objective, std::span<const Eigen::MatrixXd>(centers), options);
}

}  // namespace

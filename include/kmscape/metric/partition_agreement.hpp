// How well two partitions of the same points agree, whatever their parts are called.
//
// Misclassification rate: the share of points outside the best one-to-one matching of parts. Rand index: the share of pairs
// of points on which both agree; adjusted for chance it is (index - expected) / (max - expected) (Hubert, Arabie 1985).
// Normalised mutual information: I(a; b) over a mean of the entropies H(a), H(b) (Strehl, Ghosh 2002).
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/metric/contingency.hpp>
#include <kmscape/metric/matching.hpp>

namespace kmscape {

/// The mean of the two entropies that mutual information is divided by.
enum class Normaliser { arithmetic, geometric, smaller, larger };

/// The least share of points that a one-to-one renaming of parts leaves with different labels; parts without a partner
/// count in full. In [0, 1). Throws `invalid_input`. O(n + min^2 max) for the numbers of parts.
[[nodiscard]] inline double misclassification_rate(const Labels& labels, const Labels& truth) {
  internal::check_label_pair(labels, truth, "misclassification_rate", "labels", "truth");
  return 1 + minimum_cost_matching(-contingency_table(labels, truth)).cost / static_cast<double>(truth.size());
}

/// True when both are the same partition up to the names of the parts. Throws `invalid_input`. O(n).
[[nodiscard]] inline bool exact_recovery(const Labels& labels, const Labels& truth) {
  internal::check_label_pair(labels, truth, "exact_recovery", "labels", "truth");
  std::vector<Label> there(static_cast<std::size_t>(labels.maxCoeff()) + 1, -1);
  std::vector<Label> back(static_cast<std::size_t>(truth.maxCoeff()) + 1, -1);
  for (Index i = 0; i < labels.size(); ++i) {
    auto& to = there[static_cast<std::size_t>(labels(i))];
    auto& from = back[static_cast<std::size_t>(truth(i))];
    if (to < 0 && from < 0) {
      to = truth(i);
      from = labels(i);
    }
    if (to != truth(i) || from != labels(i)) return false;
  }
  return true;
}

namespace internal {

/// Pairs of points: joined in both, in a, in b, and all there are.
struct PairCounts {
  double both, a, b, all;
};

[[nodiscard]] inline PairCounts count_pairs(const Labels& a, const Labels& b) {
  const Eigen::ArrayXXd table = contingency_table(a, b).array();
  const auto pairs = [](const auto& counts) { return (counts * (counts - 1)).sum() / 2; };
  const auto n = static_cast<double>(a.size());
  return {pairs(table), pairs(table.rowwise().sum()), pairs(table.colwise().sum()), n * (n - 1) / 2};
}

[[nodiscard]] inline double entropy_of(const Eigen::ArrayXd& masses) {
  double sum = 0;
  for (const double mass : masses)
    if (mass > 0) sum -= mass * std::log(mass);
  return sum;
}

}  // namespace internal

/// The share of pairs of points on which both partitions agree (together in both or apart in both); 1 for one point.
/// Throws `invalid_input`. O(n).
[[nodiscard]] inline double rand_index(const Labels& a, const Labels& b) {
  internal::check_label_pair(a, b, "rand_index", "a", "b");
  const auto pairs = internal::count_pairs(a, b);
  return pairs.all > 0 ? (pairs.all + 2 * pairs.both - pairs.a - pairs.b) / pairs.all : 1;
}

/// The Rand index adjusted for chance: 1 for equal partitions, 0 on average for independent ones of given sizes. Partitions
/// that leave chance no room (both of one part, or both of single points) agree by definition: 1. Throws `invalid_input`. O(n).
[[nodiscard]] inline double adjusted_rand_index(const Labels& a, const Labels& b) {
  internal::check_label_pair(a, b, "adjusted_rand_index", "a", "b");
  const auto pairs = internal::count_pairs(a, b);
  const double expected = pairs.all > 0 ? pairs.a * pairs.b / pairs.all : 0;
  const double largest = (pairs.a + pairs.b) / 2;
  return largest == expected ? 1 : (pairs.both - expected) / (largest - expected);
}

/// Mutual information in nats, at least 0. Throws `invalid_input`. O(n).
[[nodiscard]] inline double mutual_information(const Labels& a, const Labels& b) {
  internal::check_label_pair(a, b, "mutual_information", "a", "b");
  const Eigen::MatrixXd joint = contingency_table(a, b) / static_cast<double>(a.size());
  const Eigen::VectorXd in_a = joint.rowwise().sum(), in_b = joint.colwise().sum().transpose();
  double sum = 0;
  for (Index i = 0; i < joint.rows(); ++i)
    for (Index j = 0; j < joint.cols(); ++j)
      if (joint(i, j) > 0) sum += joint(i, j) * std::log(joint(i, j) / (in_a(i) * in_b(j)));
  return std::max(sum, 0.0);
}

/// Mutual information over a mean of the entropies, in [0, 1]. Two partitions of one part each agree: 1; when the divisor
/// alone is 0 the value is 0. Throws `invalid_input`. O(n).
[[nodiscard]] inline double normalized_mutual_information(const Labels& a, const Labels& b,
                                                          Normaliser normaliser = Normaliser::arithmetic) {
  internal::check_label_pair(a, b, "normalized_mutual_information", "a", "b");
  const Eigen::MatrixXd joint = contingency_table(a, b) / static_cast<double>(a.size());
  const double of_a = internal::entropy_of(joint.rowwise().sum()), of_b = internal::entropy_of(joint.colwise().sum());
  if (of_a == 0 && of_b == 0) return 1;
  double mean = 0;
  switch (normaliser) {
    case Normaliser::arithmetic: mean = (of_a + of_b) / 2; break;
    case Normaliser::geometric: mean = std::sqrt(of_a * of_b); break;
    case Normaliser::smaller: mean = std::min(of_a, of_b); break;
    case Normaliser::larger: mean = std::max(of_a, of_b); break;
  }
  return mean > 0 ? std::min(mutual_information(a, b) / mean, 1.0) : 0;
}

}  // namespace kmscape

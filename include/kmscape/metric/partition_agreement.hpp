// How well two partitions of the same points agree, whatever their parts are called.
//
// Misclassification rate: the share of points outside the best one-to-one matching of parts. Rand index: the share of
// pairs of points on which both agree (Rand 1971); adjusted for chance it is (index - expected) / (largest - expected)
// (Hubert, Arabie 1985). Normalised mutual information: I(a; b) over a mean of the entropies H(a), H(b) (Strehl, Ghosh
// 2002).
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/points.hpp>
#include <kmscape/metric/contingency.hpp>
#include <kmscape/metric/matching.hpp>

namespace kmscape {

// Every function here takes two lists of 0-based labels of equal length n >= 1, whose numbers of parts may differ, and
// throws `invalid_input` for others. Labels need not be consecutive: time and memory are O(n + largest label), also for
// partitions into very many parts, unless stated.

/// The mean of the two entropies that mutual information is divided by.
enum class Normaliser {
  arithmetic,  // (H(a) + H(b)) / 2
  geometric,   // sqrt(H(a) H(b))
  smaller,     // min(H(a), H(b)): 1 also when one partition refines the other
  larger,      // max(H(a), H(b))
};

[[nodiscard]] constexpr std::string_view to_string(Normaliser normaliser) {
  switch (normaliser) {
    case Normaliser::arithmetic:
      return "arithmetic";
    case Normaliser::geometric:
      return "geometric";
    case Normaliser::smaller:
      return "smaller";
    case Normaliser::larger:
      return "larger";
  }
  return "unknown";
}

/// The least share of points that a one-to-one renaming of parts leaves with different labels; points of parts without
/// a partner count as wrong. In [0, 1), symmetric. For r <= s parts O(r^2 s) time and O(r s) memory more.
template <class WhenUsed = void>
[[nodiscard]] double misclassification_rate(const Labels& labels, const Labels& truth);

/// True when both are the same partition up to the names of the parts.
template <class WhenUsed = void>
[[nodiscard]] bool exact_recovery(const Labels& labels, const Labels& truth);

/// The share of pairs of points on which both partitions agree (together in both or apart in both); 1 for one point.
template <class WhenUsed = void>
[[nodiscard]] double rand_index(const Labels& a, const Labels& b);

/// The Rand index adjusted for chance: 1 for equal partitions, 0 on average for independent ones with parts of the
/// given sizes. Partitions that leave chance no room (both of one part, or both of single points) agree by
/// definition: 1.
template <class WhenUsed = void>
[[nodiscard]] double adjusted_rand_index(const Labels& a, const Labels& b);

/// Entropy of a random point's label in nats, from 0 (one part) to log of the number of parts (equal parts). Throws
/// `invalid_input`.
template <class WhenUsed = void>
[[nodiscard]] double entropy(const Labels& labels);

/// Mutual information I(a; b) of a random point's labels in nats, at least 0.
template <class WhenUsed = void>
[[nodiscard]] double mutual_information(const Labels& a, const Labels& b);

/// Mutual information over a mean of the entropies, in [0, 1]: 1 for equal partitions. Two partitions of one part each
/// are equal: 1; where the mean alone is 0, a partition of one part tells nothing about the other: 0.
template <class WhenUsed = void>
[[nodiscard]] double normalized_mutual_information(const Labels& a, const Labels& b,
                                                   Normaliser normaliser = Normaliser::arithmetic);

namespace internal {

/// A labeling by the labels in use only, renumbered in their order, with the size of every part.
struct UsedLabels {
  Labels labels;
  std::vector<Index> sizes;
};

template <class WhenUsed = void>
[[nodiscard]] UsedLabels used_labels(const Labels& labels) {
  const auto at = [](Label label) { return static_cast<std::size_t>(label); };
  std::vector<Index> count(at(labels.maxCoeff()) + 1, 0);
  for (const Label label : labels) ++count[at(label)];
  UsedLabels used;
  std::vector<Label> name(count.size(), -1);
  for (std::size_t label = 0; label < count.size(); ++label) {
    if (count[label] == 0) continue;
    name[label] = static_cast<Label>(used.sizes.size());
    used.sizes.push_back(count[label]);
  }
  used.labels = labels.unaryExpr([&](Label label) { return name[at(label)]; });
  return used;
}

/// The contingency table without its empty cells, of which n parts on either side would leave n^2.
struct JointCounts {
  struct Cell {
    Index row, column, count;
  };
  std::vector<Cell> cells;           // row by row; every count is positive
  std::vector<Index> rows, columns;  // sums of the table; positive
  Index points = 0;
};

template <class WhenUsed = void>
[[nodiscard]] JointCounts joint_counts(const Labels& a, const Labels& b, std::string_view function,
                                       std::string_view a_name = "a", std::string_view b_name = "b") {
  check_label_pair(a, b, function, a_name, b_name);
  const auto at = [](Index i) { return static_cast<std::size_t>(i); };
  UsedLabels in_a = used_labels(a), in_b = used_labels(b);

  // A counting sort brings the points of each part of a together.
  std::vector<std::size_t> next(in_a.sizes.size(), 0);
  for (std::size_t part = 1; part < next.size(); ++part) next[part] = next[part - 1] + at(in_a.sizes[part - 1]);
  std::vector<Label> label_in_b(at(a.size()));
  for (Index i = 0; i < a.size(); ++i) label_in_b[next[at(in_a.labels(i))]++] = in_b.labels(i);

  JointCounts joint;
  std::vector<Index> count(in_b.sizes.size(), 0);
  std::vector<Label> met;
  std::size_t point = 0;
  for (std::size_t part = 0; part < in_a.sizes.size(); ++part) {
    met.clear();
    for (const std::size_t end = point + at(in_a.sizes[part]); point < end; ++point)
      if (count[at(label_in_b[point])]++ == 0) met.push_back(label_in_b[point]);
    for (const Label label : met) {
      joint.cells.push_back({static_cast<Index>(part), label, count[at(label)]});
      count[at(label)] = 0;
    }
  }
  joint.rows = std::move(in_a.sizes);
  joint.columns = std::move(in_b.sizes);
  joint.points = a.size();
  return joint;
}

/// Numbers of pairs of points by whether a and b put both points into one part. As integers they are exact up to 6e9
/// points, and so are the differences that they come from.
struct PairCounts {
  double in_both, in_a_only, in_b_only, in_neither;
};

template <class WhenUsed = void>
[[nodiscard]] PairCounts pair_counts(const JointCounts& joint) {
  const auto pairs = [](Index count) {
    const auto c = static_cast<std::uint64_t>(count);
    return c % 2 == 0 ? c / 2 * (c - 1) : (c - 1) / 2 * c;  // halved first: c (c - 1) may not fit
  };
  std::uint64_t both = 0, a = 0, b = 0;
  for (const auto& cell : joint.cells) both += pairs(cell.count);
  for (const Index count : joint.rows) a += pairs(count);
  for (const Index count : joint.columns) b += pairs(count);
  return {static_cast<double>(both), static_cast<double>(a - both), static_cast<double>(b - both),
          static_cast<double>(pairs(joint.points) - a - (b - both))};
}

/// Adds with the rounding error carried along (Kahan 1965): a partition may have as many terms as points.
class CompensatedSum {
 public:
  void add(double term) {
    const double corrected = term - error_, next = sum_ + corrected;
    error_ = (next - sum_) - corrected;
    sum_ = next;
  }
  [[nodiscard]] double value() const { return sum_; }

 private:
  double sum_ = 0, error_ = 0;
};

template <class WhenUsed = void>
[[nodiscard]] double entropy_of_parts(const std::vector<Index>& sizes, Index points) {
  const auto n = static_cast<double>(points);
  CompensatedSum sum;
  for (const Index size : sizes) sum.add(static_cast<double>(size) / n * std::log(n / static_cast<double>(size)));
  return sum.value();
}

template <class WhenUsed = void>
[[nodiscard]] double information_of(const JointCounts& joint) {
  const auto n = static_cast<double>(joint.points);
  CompensatedSum sum;
  for (const auto& [row, column, count] : joint.cells) {
    const auto c = static_cast<double>(count);
    const double independent = static_cast<double>(joint.rows[static_cast<std::size_t>(row)]) *
                               static_cast<double>(joint.columns[static_cast<std::size_t>(column)]);
    sum.add(c / n * std::log(c * n / independent));
  }
  return std::max(sum.value(), 0.0);  // rounding can leave a little less
}

}  // namespace internal

template <class WhenUsed>
double misclassification_rate(const Labels& labels, const Labels& truth) {
  const auto joint = internal::joint_counts(labels, truth, "misclassification_rate", "labels", "truth");
  Eigen::MatrixXd loss =
      Eigen::MatrixXd::Zero(static_cast<Index>(joint.rows.size()), static_cast<Index>(joint.columns.size()));
  for (const auto& [row, column, count] : joint.cells) loss(row, column) = -static_cast<double>(count);
  const auto n = static_cast<double>(joint.points);
  return (n + minimum_cost_matching(loss).cost) / n;
}

template <class WhenUsed>
bool exact_recovery(const Labels& labels, const Labels& truth) {
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

template <class WhenUsed>
double rand_index(const Labels& a, const Labels& b) {
  const auto pairs = internal::pair_counts(internal::joint_counts(a, b, "rand_index"));
  const double agreeing = pairs.in_both + pairs.in_neither, all = agreeing + (pairs.in_a_only + pairs.in_b_only);
  return all > 0 ? agreeing / all : 1;
}

template <class WhenUsed>
double adjusted_rand_index(const Labels& a, const Labels& b) {
  const auto [both, a_only, b_only, neither] =
      internal::pair_counts(internal::joint_counts(a, b, "adjusted_rand_index"));
  // Index minus expectation and largest minus expectation, both times the number of pairs and 2. Written out, nothing
  // in the divisor cancels, as (largest - expected) does when one part holds nearly all points.
  const double above_chance = 2 * (both * neither - a_only * b_only);
  const double room = (both + a_only) * (a_only + neither) + (both + b_only) * (b_only + neither);
  return room > 0 ? above_chance / room : 1;
}

template <class WhenUsed>
double entropy(const Labels& labels) {
  internal::check_label_pair(labels, labels, "entropy", "labels", "labels");
  return internal::entropy_of_parts(internal::used_labels(labels).sizes, labels.size());
}

template <class WhenUsed>
double mutual_information(const Labels& a, const Labels& b) {
  return internal::information_of(internal::joint_counts(a, b, "mutual_information"));
}

template <class WhenUsed>
double normalized_mutual_information(const Labels& a, const Labels& b, Normaliser normaliser) {
  const auto joint = internal::joint_counts(a, b, "normalized_mutual_information");
  if (joint.rows.size() == 1 && joint.columns.size() == 1) return 1;
  if (joint.rows.size() == 1 || joint.columns.size() == 1) return 0;
  const double of_a = internal::entropy_of_parts(joint.rows, joint.points);
  const double of_b = internal::entropy_of_parts(joint.columns, joint.points);
  double mean = 0;
  switch (normaliser) {
    case Normaliser::arithmetic:
      mean = (of_a + of_b) / 2;
      break;
    case Normaliser::geometric:
      mean = std::sqrt(of_a * of_b);
      break;
    case Normaliser::smaller:
      mean = std::min(of_a, of_b);
      break;
    case Normaliser::larger:
      mean = std::max(of_a, of_b);
      break;
  }
  return std::min(internal::information_of(joint) / mean, 1.0);
}

}  // namespace kmscape

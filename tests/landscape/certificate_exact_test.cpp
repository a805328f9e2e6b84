// Verdicts of `certify` against exact arithmetic on whole points, ties, empty and coinciding centers included.
#include <kmscape/landscape/certificate.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "support/catch.hpp"
#include "support/partitions.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::CertificateStatus;
using kmscape::certify;
using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::OptimalityGrade;
using testing::for_each_partition;
using testing::grid_points;
using testing::normal_points;
using testing::on_line;

namespace {

/// G_n by the definition, in long double.
template <class P, class C>
long double naive_value(const P& points, const C& centers) {
  long double sum = 0;
  for (Index i = 0; i < points.cols(); ++i) {
    long double least = std::numeric_limits<long double>::infinity();
    for (Index j = 0; j < centers.cols(); ++j) {
      long double squared = 0;
      for (Index s = 0; s < points.rows(); ++s) {
        const auto difference = static_cast<long double>(points(s, i)) - static_cast<long double>(centers(s, j));
        squared += difference * difference;
      }
      least = std::min(least, squared);
    }
    sum += least;
  }
  return sum;
}

/// Whole points and rational centers sums(:, j) / mass[j], so that every question is decided without rounding.
struct ExactCase {
  std::vector<std::vector<std::int64_t>> points;  // n times d
  std::vector<std::vector<std::int64_t>> sums;    // k times d
  std::vector<std::int64_t> mass;                 // k, positive

  /// |x_i - c_j|^2 mass[j]^2, whole.
  [[nodiscard]] std::int64_t scaled_distance(std::size_t i, std::size_t j) const {
    std::int64_t result = 0;
    for (std::size_t s = 0; s < points[i].size(); ++s) {
      const std::int64_t difference = mass[j] * points[i][s] - sums[j][s];
      result += difference * difference;
    }
    return result;
  }
  [[nodiscard]] bool is_closer(std::size_t i, std::size_t a, std::size_t b) const {
    return scaled_distance(i, a) * mass[b] * mass[b] < scaled_distance(i, b) * mass[a] * mass[a];
  }
  /// The centers nearest to point i, ascending: several where it ties.
  [[nodiscard]] std::vector<std::size_t> nearest(std::size_t i) const {
    std::vector<std::size_t> result{0};
    for (std::size_t j = 1; j < mass.size(); ++j) {
      if (is_closer(i, j, result.front())) result.clear();
      if (result.empty() || !is_closer(i, result.front(), j)) result.push_back(j);
    }
    return result;
  }
  [[nodiscard]] Eigen::MatrixXd centers() const {
    Eigen::MatrixXd result(static_cast<Index>(sums[0].size()), static_cast<Index>(mass.size()));
    for (std::size_t j = 0; j < mass.size(); ++j)
      for (std::size_t s = 0; s < sums[j].size(); ++s)
        result(static_cast<Index>(s), static_cast<Index>(j)) =
            static_cast<double>(sums[j][s]) / static_cast<double>(mass[j]);
    return result;
  }
};

std::vector<std::vector<std::int64_t>> whole(const Eigen::MatrixXd& points) {
  std::vector<std::vector<std::int64_t>> result;
  for (Index i = 0; i < points.cols(); ++i) {
    auto& point = result.emplace_back();
    for (Index s = 0; s < points.rows(); ++s) point.push_back(static_cast<std::int64_t>(points(s, i)));
  }
  return result;
}

/// True when every non-empty cell of `labels` has its center as mean.
bool is_stationary(const ExactCase& at, const std::vector<std::size_t>& labels) {
  for (std::size_t j = 0; j < at.mass.size(); ++j)
    for (std::size_t s = 0; s < at.sums[j].size(); ++s) {
      std::int64_t sum = 0, count = 0;
      for (std::size_t i = 0; i < labels.size(); ++i)
        if (labels[i] == j) {
          sum += at.points[i][s];
          ++count;
        }
      if (sum * at.mass[j] != at.sums[j][s] * count) return false;
    }
  return true;
}

/// Near the centers G_n is the least of the quadratics that the choices of the tied points make, all equal there. So
/// they are a local minimum iff they minimise every one of these, and a strict one iff moreover each choice fills every
/// cell.
CertificateStatus exact_status(const ExactCase& at) {
  std::vector<std::vector<std::size_t>> nearest;
  for (std::size_t i = 0; i < at.points.size(); ++i) nearest.push_back(at.nearest(i));
  std::vector<std::size_t> choice(nearest.size(), 0), labels(nearest.size());
  bool strict = true;
  for (bool first = true;; first = false) {
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = nearest[i][choice[i]];
    if (!is_stationary(at, labels)) return first ? CertificateStatus::not_stationary : CertificateStatus::not_a_minimum;
    for (std::size_t j = 0; j < at.mass.size(); ++j)
      strict = strict && std::find(labels.begin(), labels.end(), j) != labels.end();
    std::size_t i = 0;
    while (i < choice.size() && ++choice[i] == nearest[i].size()) choice[i++] = 0;
    if (i == choice.size()) return strict ? CertificateStatus::strict_minimum : CertificateStatus::flat_minimum;
  }
}

bool has_ties(const ExactCase& at) {
  for (std::size_t i = 0; i < at.points.size(); ++i)
    if (at.nearest(i).size() > 1) return true;
  return false;
}

/// The most that moving one point to another cell lowers the objective; 0 where none does. Times 840, which every cell
/// size up to 8 divides, all is whole.
double exact_best_gain(const ExactCase& at) {
  std::vector<std::size_t> labels;
  for (std::size_t i = 0; i < at.points.size(); ++i) labels.push_back(at.nearest(i).front());
  const auto spared = [&] {  // 840 (sum |x|^2 - objective of the partition)
    std::int64_t result = 0;
    for (std::size_t j = 0; j < at.mass.size(); ++j) {
      std::int64_t count = 0;
      for (const auto label : labels) count += label == j;
      for (std::size_t s = 0; s < at.sums[j].size() && count > 0; ++s) {
        std::int64_t sum = 0;
        for (std::size_t i = 0; i < labels.size(); ++i) sum += labels[i] == j ? at.points[i][s] : 0;
        result += 840 / count * sum * sum;
      }
    }
    return result;
  };
  const std::int64_t before = spared();
  std::int64_t best = 0;
  for (auto& label : labels) {
    const auto home = label;
    for (label = 0; label < at.mass.size(); ++label) best = std::max(best, spared() - before);
    label = home;
  }
  return static_cast<double>(best) / 840;
}

struct Verdicts {
  int strict = 0, flat = 0, tied = 0, moving = 0, c_local_only = 0, wrong = 0;
};

template <class Scalar>
void compare(const Eigen::MatrixXd& points, const EmpiricalObjective<Scalar>& objective, const ExactCase& at,
             Verdicts& verdicts) {
  const kmscape::Centers<Scalar> centers = at.centers().cast<Scalar>();
  const auto expected = exact_status(at);
  const auto certificate = certify(objective, centers);
  const double precision = std::is_same_v<Scalar, float> ? 1e-4 : 1e-12;

  const bool minimum = expected == CertificateStatus::strict_minimum || expected == CertificateStatus::flat_minimum;
  // Centers such as 4/3 are rounded, which gives a tied point to either cell: refuted it is both ways, as stationary or
  // not.
  bool right = certificate.status == expected || (!minimum && has_ties(at) &&
                                                  (certificate.status == CertificateStatus::not_stationary ||
                                                   certificate.status == CertificateStatus::not_a_minimum));
  right = right && certificate.is_minimum() == minimum && (certificate.descent.cols() == 0) == minimum;
  if (minimum) {
    const double gain = exact_best_gain(at);
    right = right && certificate.grade == (gain > 0 ? OptimalityGrade::c_local : OptimalityGrade::d_local);
    right = right && (certificate.exchange.point >= 0) == (gain > 0);
    right = right && std::abs(certificate.exchange.gain - gain) <= precision * (1 + gain);
    verdicts.c_local_only += gain > 0;
  } else {
    const auto here = naive_value(points, centers), there = naive_value(points, certificate.descent);
    right =
        right && there < here &&
        std::abs(static_cast<double>(here - there) - certificate.drop) <= precision * (1 + static_cast<double>(here));
    right = right &&
            certificate.grade == (certificate.status == CertificateStatus::not_a_minimum ? OptimalityGrade::lloyd_fixed
                                                                                         : OptimalityGrade::none);
  }
  verdicts.strict += expected == CertificateStatus::strict_minimum;
  verdicts.flat += expected == CertificateStatus::flat_minimum;
  verdicts.tied += expected == CertificateStatus::not_a_minimum;
  verdicts.moving += expected == CertificateStatus::not_stationary;
  if (right) return;
  ++verdicts.wrong;
  UNSCOPED_INFO("points " << points << "\ncenters " << centers << "\nexpected " << to_string(expected) << ", found "
                          << to_string(certificate.status) << ", grade " << to_string(certificate.grade) << ", gain "
                          << certificate.exchange.gain << ", drop " << certificate.drop);
}

/// Certifies the means of every partition of small sets of whole points, and these with one more center anywhere.
template <class Scalar>
Verdicts compare_all_partitions(int sets) {
  Verdicts verdicts;
  for (int set = 0; set < sets; ++set) {
    const Index d = 1 + set % 2, n = 7 + set / 2 % 2, most = d == 1 ? 12 : 4;
    const auto seed = static_cast<std::uint64_t>(set);
    const Eigen::MatrixXd points = grid_points(d, n, most, seed);
    const EmpiricalObjective<Scalar> objective(kmscape::Points<Scalar>(points.cast<Scalar>()));
    kmscape::RandomStream stream(kmscape::Seed(seed), 1);
    for (const std::size_t k : {std::size_t{2}, std::size_t{3}})
      for_each_partition(static_cast<std::size_t>(n), k, [&](const std::vector<std::size_t>& labels) {
        ExactCase at{whole(points), std::vector(k, std::vector<std::int64_t>(static_cast<std::size_t>(d), 0)),
                     std::vector<std::int64_t>(k, 0)};
        for (std::size_t i = 0; i < labels.size(); ++i) {
          at.mass[labels[i]] += 1;
          for (std::size_t s = 0; s < static_cast<std::size_t>(d); ++s) at.sums[labels[i]][s] += at.points[i][s];
        }
        compare(points, objective, at, verdicts);
        if (k == 3) return;
        auto& extra = at.sums.emplace_back();
        for (Index s = 0; s < d; ++s) extra.push_back(stream.index(3 * most) - most);
        at.mass.push_back(1);
        compare(points, objective, at, verdicts);
      });
  }
  return verdicts;
}

/// Centers moved by at most `length` each.
template <class C>
C moved(const C& centers, double length, kmscape::RandomStream& stream) {
  C delta = centers;
  for (Index j = 0; j < delta.cols(); ++j) {
    auto column = delta.col(j);
    stream.unit_ball(column);
    column *= length;
  }
  return centers + delta;
}

}  // namespace

TEST_CASE("a tie that the lowest index gives away from the mean is refuted as not stationary") {
  const EmpiricalObjective objective(on_line({-2, 0, 1}));
  const auto certificate = certify(objective, on_line({1, -1}));  // the same centers, but 0 now belongs to 1
  CHECK(certificate.status == CertificateStatus::not_stationary);
  CHECK(certificate.grade == OptimalityGrade::none);
  CHECK(certificate.residual == Approx(1).epsilon(1e-14));
  CHECK(certificate.drop == Approx(1.5).epsilon(1e-14));
}

TEST_CASE("an empty center as near to a point as the point's own is refuted") {
  const EmpiricalObjective objective(on_line({0, 2}));
  const auto certificate = certify(objective, on_line({1, 3}));  // 2 may go to either
  CHECK(certificate.status == CertificateStatus::not_a_minimum);
  CHECK(certificate.descent == on_line({0, 2}));
  CHECK(certificate.drop == Approx(2).epsilon(1e-14));
}

TEST_CASE("as many centers as points, one on each, are a strict minimum of value 0") {
  const Eigen::MatrixXd points = normal_points(2, 6, 2);
  const auto certificate = certify(EmpiricalObjective(points), points);
  CHECK(certificate.status == CertificateStatus::strict_minimum);
  CHECK(certificate.grade == OptimalityGrade::d_local);
  double closest = std::numeric_limits<double>::infinity();
  for (Index i = 0; i < 6; ++i)
    for (Index j = 0; j < i; ++j) closest = std::min(closest, (points.col(i) - points.col(j)).norm());
  CHECK(certificate.radius == Approx(closest / 2).epsilon(1e-14));
}

TEST_CASE("on every partition of small sets of whole points the verdict is that of exact arithmetic") {
  const auto verdicts = compare_all_partitions<double>(48);
  CHECK(verdicts.wrong == 0);
  // Every kind of verdict was asked for, many times over.
  CHECK(verdicts.strict > 100);
  CHECK(verdicts.flat > 100);
  CHECK(verdicts.tied > 30);
  CHECK(verdicts.moving > 1000);
  CHECK(verdicts.c_local_only > 20);
}

TEST_CASE("float certificates reach the verdicts of exact arithmetic, too") {
  const auto verdicts = compare_all_partitions<float>(12);
  CHECK(verdicts.wrong == 0);
  CHECK(verdicts.tied > 5);
}

TEST_CASE("no small move lowers the objective at a certified minimum, strict or flat") {
  kmscape::RandomStream stream{kmscape::Seed(5)};
  int strict = 0, flat = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Eigen::MatrixXd points = grid_points(2, 12, 5, seed);
    const EmpiricalObjective objective(points);
    Eigen::MatrixXd start = grid_points(2, 4, 5, seed + 100);
    if (seed % 2 == 0) start.col(3).setConstant(40);  // stays empty
    const auto fit = kmscape::lloyd(objective, start);
    const auto certificate = certify(objective, fit.centers);
    if (!certificate.is_minimum()) continue;
    strict += certificate.status == CertificateStatus::strict_minimum;
    flat += certificate.status == CertificateStatus::flat_minimum;
    const long double value = naive_value(points, fit.centers);
    INFO("seed " << seed);
    for (const double length : {1e-9, 1e-6, 1e-3, certificate.radius})
      for (int trial = 0; trial < 5; ++trial)
        CHECK(naive_value(points, moved(fit.centers, std::min(length, certificate.radius), stream)) >=
              value - 1e-14L * (1 + value));
  }
  CHECK(strict > 3);
  CHECK(flat > 3);
}

TEST_CASE("a weight certifies as that many copies of its point") {
  int minima = 0, refuted = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Eigen::MatrixXd points = grid_points(1, 7, 9, seed);
    kmscape::RandomStream stream(kmscape::Seed(seed), 3);
    const Eigen::ArrayXd weights =
        Eigen::ArrayXd::NullaryExpr(7, [&] { return static_cast<double>(1 + stream.index(3)); });
    Eigen::MatrixXd copies(1, static_cast<Index>(weights.sum()));
    for (Index i = 0, filled = 0; i < 7; ++i)
      for (double w = 0; w < weights(i); ++w) copies.col(filled++) = points.col(i);
    const EmpiricalObjective weighted(points, weights), repeated(copies);
    const Eigen::MatrixXd start = grid_points(1, 2, 9, seed + 100);
    const Eigen::MatrixXd centers =
        kmscape::lloyd(repeated, start, {.max_iterations = 1 + static_cast<int>(seed % 3)}).centers;
    const auto a = certify(weighted, centers), b = certify(repeated, centers);
    INFO("seed " << seed);
    CHECK(a.status == b.status);
    CHECK(a.residual == Approx(b.residual).margin(1e-14));
    CHECK(a.tie_margin == b.tie_margin);
    CHECK(a.radius == b.radius);
    CHECK(a.empty_cells == b.empty_cells);
    CHECK(a.drop >= b.drop - 1e-12);  // a tied point moves with its whole weight, of copies one moves
    if (a.status == CertificateStatus::not_stationary) CHECK(a.drop == Approx(b.drop).epsilon(1e-12));
    minima += a.is_minimum();
    refuted += !a.is_minimum();
  }
  CHECK(minima > 5);
  CHECK(refuted > 5);
}

TEST_CASE("an exchange moves a weighted point as a whole") {
  const Eigen::MatrixXd points = on_line({-1, 0, 1, 3, 7});
  const EmpiricalObjective objective(points, Eigen::ArrayXd(Eigen::ArrayXd::Constant(5, 2.5)));
  const auto certificate = certify(objective, on_line({0, 5}));
  CHECK(certificate.exchange.point == 3);
  CHECK(certificate.exchange.gain == Approx(2.5 * 1.25).epsilon(1e-14));
}

TEST_CASE("means that another program computed certify as stationary, wherever the data lies") {
  for (const double offset : {0.0, 1.0, 1e6}) {
    Eigen::MatrixXd points = normal_points(2, 1000, 9);
    points.colwise() -= points.rowwise().mean().eval();
    points.array() += offset;
    Eigen::MatrixXd backwards = Eigen::MatrixXd::Zero(2, 1);
    for (Index i = 999; i >= 0; --i) backwards += points.col(i);
    backwards /= 1000;
    INFO("offset " << offset);
    CHECK(certify(EmpiricalObjective(points), backwards).status == CertificateStatus::strict_minimum);
  }
}

TEST_CASE("a center off its mean by far more than rounding is refuted, however little that lowers the objective") {
  const Eigen::MatrixXd points = normal_points(2, 1000, 10);
  const EmpiricalObjective objective(points);
  Eigen::MatrixXd at = kmscape::lloyd(objective, points.leftCols(1)).centers;
  at(0, 0) += 1e-5;
  const auto certificate = certify(objective, at);
  CHECK(certificate.status == CertificateStatus::not_stationary);
  CHECK(certificate.residual == Approx(1e-5).epsilon(1e-6));
  CHECK(certificate.drop == Approx(1000 * 1e-10).epsilon(1e-3));
}

TEST_CASE("certify quotes the rule that centers break, in full") {
  const EmpiricalObjective objective(on_line({0, 1, 10, 11}));
  CHECK(refusal([&] { static_cast<void>(certify(objective, Eigen::MatrixXd::Zero(2, 3).eval())); }) ==
        "kmscape::certify: centers = a 2 x 3 matrix, but the objective's dimension is 1; pass a 1 x k matrix whose "
        "columns are the centers");
  CHECK(refusal([&] { static_cast<void>(certify(objective, Eigen::MatrixXd(1, 0))); }) ==
        "kmscape::certify: centers = a 1 x 0 matrix, but at least one center of at least one dimension is needed; pass "
        "a d x n matrix whose columns are the centers");
  CHECK(refusal([&] {
          static_cast<void>(certify(objective, on_line({0, std::nan("")})));
        }) ==
        "kmscape::certify: centers(0, 1) = nan, but every coordinate must be a finite number; drop or impute center 1");
}

TEST_CASE("every status and grade has its name") {
  CHECK(to_string(CertificateStatus::strict_minimum) == "strict_minimum");
  CHECK(to_string(CertificateStatus::flat_minimum) == "flat_minimum");
  CHECK(to_string(CertificateStatus::not_a_minimum) == "not_a_minimum");
  CHECK(to_string(CertificateStatus::not_stationary) == "not_stationary");
  CHECK(to_string(CertificateStatus::undecided) == "undecided");
  CHECK(to_string(OptimalityGrade::none) == "none");
  CHECK(to_string(OptimalityGrade::lloyd_fixed) == "lloyd_fixed");
  CHECK(to_string(OptimalityGrade::c_local) == "c_local");
  CHECK(to_string(OptimalityGrade::d_local) == "d_local");
  CHECK(to_string(OptimalityGrade::global) == "global");
}

#include <kmscape/landscape/certificate.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "support/catch.hpp"
#include "support/partitions.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/trials.hpp"

using kmscape::CertificateStatus;
using kmscape::certify;
using kmscape::EmpiricalObjective;
using kmscape::Index;
using kmscape::Label;
using kmscape::OptimalityGrade;
using testing::for_each_partition;
using testing::normal_points;
using testing::on_line;

namespace {

/// Sum of squares about the means of a partition, from scratch.
double partition_value(const Eigen::MatrixXd& points, const std::vector<int>& labels, int k) {
  double value = 0;
  for (int j = 0; j < k; ++j) {
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(points.rows());
    double count = 0;
    for (Index i = 0; i < points.cols(); ++i)
      if (labels[static_cast<std::size_t>(i)] == j) {
        sum += points.col(i);
        count += 1;
      }
    for (Index i = 0; i < points.cols(); ++i)
      if (labels[static_cast<std::size_t>(i)] == j) value += (points.col(i) - sum / count).squaredNorm();
  }
  return value;
}

/// What whole-number arithmetic says of a partition of whole-number points: every point nearest to its own mean?
enum class Exact { not_fixed, tied, strict };

Exact exact_verdict(const Eigen::MatrixXd& points, const std::vector<int>& labels, int k) {
  std::vector<long> count(static_cast<std::size_t>(k));
  std::vector<std::array<long, 2>> sum(static_cast<std::size_t>(k));
  for (Index i = 0; i < points.cols(); ++i) {
    const auto j = static_cast<std::size_t>(labels[static_cast<std::size_t>(i)]);
    ++count[j];
    for (Index s = 0; s < points.rows(); ++s) sum[j][static_cast<std::size_t>(s)] += std::lround(points(s, i));
  }
  // |n x - S|^2 is n^2 times the squared distance of x to the mean S / n.
  const auto scaled = [&](Index i, std::size_t j) {
    long squared = 0;
    for (Index s = 0; s < points.rows(); ++s) {
      const long difference = count[j] * std::lround(points(s, i)) - sum[j][static_cast<std::size_t>(s)];
      squared += difference * difference;
    }
    return squared;
  };
  Exact verdict = Exact::strict;
  for (Index i = 0; i < points.cols(); ++i) {
    const auto own = static_cast<std::size_t>(labels[static_cast<std::size_t>(i)]);
    for (std::size_t j = 0; j < static_cast<std::size_t>(k); ++j) {
      if (j == own) continue;
      const long here = scaled(i, own) * count[j] * count[j], there = scaled(i, j) * count[own] * count[own];
      if (here > there) return Exact::not_fixed;
      if (here == there) verdict = Exact::tied;
    }
  }
  return verdict;
}

Eigen::MatrixXd means(const Eigen::MatrixXd& points, const std::vector<int>& labels, int k) {
  Eigen::MatrixXd result = Eigen::MatrixXd::Zero(points.rows(), k);
  Eigen::ArrayXd count = Eigen::ArrayXd::Zero(k);
  for (Index i = 0; i < points.cols(); ++i) {
    result.col(labels[static_cast<std::size_t>(i)]) += points.col(i);
    count(labels[static_cast<std::size_t>(i)]) += 1;
  }
  for (int j = 0; j < k; ++j) result.col(j) /= count(j);
  return result;
}

bool has_equal_columns(const Eigen::MatrixXd& matrix) {
  for (Index i = 0; i < matrix.cols(); ++i)
    for (Index j = 0; j < i; ++j)
      if (matrix.col(i) == matrix.col(j)) return true;
  return false;
}

}  // namespace

TEST_CASE("two pairs on a line are a strict minimum with margin and radius by hand") {
  // Centers 0.5 and 10.5: the nearest point to the boundary 5.5 is 1 (or 10), at squared distances 0.25 and 90.25.
  const auto certificate = certify(EmpiricalObjective(on_line({0, 1, 10, 11})), on_line({0.5, 10.5}));
  CHECK(certificate.status == CertificateStatus::strict_minimum);
  CHECK(certificate.grade == OptimalityGrade::d_local);
  CHECK(certificate.residual == 0);
  CHECK(certificate.tie_margin == 90);
  CHECK(certificate.radius == 4.5);
  CHECK(certificate.tied_points == 0);
  CHECK(certificate.descent.cols() == 0);
}

TEST_CASE("a fixed point of Lloyd's iteration with a tied point is refuted, with a lower neighbour") {
  // Cells {-2, 0} and {1}: 0 lies at distance 1 from both means, and the piece {-2}, {0, 1} has value 1/2 instead of 2.
  const EmpiricalObjective objective(on_line({-2, 0, 1}));
  const auto certificate = certify(objective, on_line({-1, 1}));
  CHECK(kmscape::lloyd(objective, on_line({-1, 1})).iterations == 0);
  CHECK(certificate.status == CertificateStatus::not_a_minimum);
  CHECK(certificate.grade == OptimalityGrade::lloyd_fixed);
  CHECK(certificate.tied_points == 1);
  CHECK(certificate.tie_margin == 0);
  CHECK(certificate.descent == on_line({-2, 0.5}));
  CHECK(certificate.drop == 1.5);
  CHECK(certificate.exchange.gain == 1.5);
}

TEST_CASE("centers off their means are not stationary, and the step to the means is the descent") {
  const auto certificate = certify(EmpiricalObjective(on_line({0, 1, 10, 11})), on_line({0, 10.5}));
  CHECK(certificate.status == CertificateStatus::not_stationary);
  CHECK(certificate.grade == OptimalityGrade::none);
  CHECK(certificate.residual == 0.5);
  CHECK(certificate.descent == on_line({0.5, 10.5}));
  CHECK(certificate.drop == 0.5);  // two points, 0.5^2 each
}

TEST_CASE("an empty center far away leaves a flat minimum, one on a spread cell's center does not") {
  const EmpiricalObjective objective(on_line({0, 1, 10, 11}));
  const auto flat = certify(objective, on_line({0.5, 10.5, 100}));
  CHECK(flat.status == CertificateStatus::flat_minimum);
  CHECK(flat.empty_cells == 1);
  CHECK(flat.grade == OptimalityGrade::c_local);  // the empty center could take a point: an exchange lowers the value
  const auto doubled = certify(objective, on_line({0.5, 10.5, 10.5}));
  CHECK(doubled.status == CertificateStatus::not_a_minimum);
  CHECK(doubled.drop > 0);
  CHECK(objective.value(doubled.descent) == Approx(objective.value(on_line({0.5, 10.5})) - doubled.drop));
  const auto on_a_point = certify(EmpiricalObjective(on_line({0, 0, 10})), on_line({0, 10, 0}));
  CHECK(on_a_point.status == CertificateStatus::flat_minimum);
  CHECK(on_a_point.grade == OptimalityGrade::d_local);
}

TEST_CASE("one center on the mean is the global minimum") {
  const auto certificate = certify(EmpiricalObjective(on_line({0, 1, 5})), on_line({2}));
  CHECK(certificate.status == CertificateStatus::strict_minimum);
  CHECK(certificate.grade == OptimalityGrade::global);
  CHECK(certificate.tie_margin == std::numeric_limits<double>::infinity());
  CHECK(certificate.radius == std::numeric_limits<double>::infinity());
}

TEST_CASE("a minimum over centers need not be one over single exchanges, and the gain is that of the partitions") {
  // {0}, {3, 4.5, 5}...: searched for here by brute force, so that the case cannot be made up.
  Index found = 0;
  for (std::uint64_t seed = 0; seed < testing::trials(40u); ++seed) {
    const Eigen::MatrixXd points = testing::normal_points(2, 8, seed);
    const EmpiricalObjective objective(points);
    for_each_partition(8, 3, [&](const std::vector<int>& labels) {
      const auto certificate = certify(objective, means(points, labels, 3));
      if (!certificate.is_minimum()) return;
      double best = 0;
      for (int i = 0; i < 8; ++i)
        for (int j = 0; j < 3; ++j) {
          auto moved = labels;
          moved[static_cast<std::size_t>(i)] = j;
          if (std::count(moved.begin(), moved.end(), labels[static_cast<std::size_t>(i)]) == 0) continue;
          best = std::max(best, partition_value(points, labels, 3) - partition_value(points, moved, 3));
        }
      CHECK((certificate.grade == OptimalityGrade::d_local) == (best < 1e-12));
      CHECK(certificate.exchange.gain == Approx(best).margin(1e-12));
      found += best > 1e-12;
    });
  }
  CHECK(found > testing::trials(10));
}

TEST_CASE(
    "brute force: of all partitions exactly those are certified that whole-number arithmetic finds strictly nearest") {
  Index strict = 0, tied = 0;
  for (std::uint64_t seed = 0; seed < testing::trials(120u); ++seed) {
    const Index d = 1 + static_cast<Index>(seed % 2);
    const int n = 6 + static_cast<int>(seed % 3), k = 2 + static_cast<int>(seed / 2 % 2);
    const Eigen::MatrixXd points = testing::grid_points(d, n, 6, seed);
    const EmpiricalObjective objective(points);
    for_each_partition(n, k, [&](const std::vector<int>& labels) {
      const Eigen::MatrixXd centers = means(points, labels, k);
      if (has_equal_columns(centers)) return;  // not k centers; the other tests have them
      const auto certificate = certify(objective, centers);
      switch (exact_verdict(points, labels, k)) {
        case Exact::strict:
          REQUIRE(certificate.status == CertificateStatus::strict_minimum);
          ++strict;
          break;
        case Exact::tied:
          // The tie rule may give the point to the other cell, whose mean then lies elsewhere.
          REQUIRE((certificate.status == CertificateStatus::not_a_minimum ||
                   certificate.status == CertificateStatus::not_stationary));
          REQUIRE(objective.value(certificate.descent) < objective.value(centers));
          ++tied;
          break;
        case Exact::not_fixed: {
          // By accident the centers can still be the means of the partition that they induce, or leave a cell empty.
          if (certificate.empty_cells > 0) break;
          const auto induced = objective.assign(centers).labels;
          if (means(points, {induced.begin(), induced.end()}, k).isApprox(centers, 1e-12)) break;
          REQUIRE(certificate.status == CertificateStatus::not_stationary);
        }
      }
    });
  }
  CHECK(strict > testing::trials(300));
  CHECK(tied > testing::trials(30));
}

TEST_CASE("within its radius a minimum's objective grows by n_j times each center's squared move, and labels stay") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const EmpiricalObjective objective(normal_points(3, 60, seed));
    const auto fit = kmscape::lloyd(objective, Eigen::MatrixXd(objective.points().leftCols(4)));
    const auto certificate = certify(objective, fit.centers);
    REQUIRE(certificate.status == CertificateStatus::strict_minimum);
    const Eigen::MatrixXd direction = normal_points(3, 4, seed + 100);
    const double longest = direction.colwise().norm().maxCoeff();
    const Eigen::MatrixXd moved = fit.centers + direction * (0.999 * certificate.radius / longest);
    const auto there = objective.assign(moved);
    CHECK((there.labels == fit.labels).all());
    const double growth = ((moved - fit.centers).colwise().squaredNorm().transpose().array() * fit.cells.mass).sum();
    CHECK(there.value() == Approx(fit.value + growth).epsilon(1e-12));
    // The radius is sharp: moving the two nearest centers of the critical point along it flips its label.
    const auto two = objective.nearest_two(fit.centers);
    Index critical = 0;
    (two.second_squared_distance.sqrt() - two.first_squared_distance.sqrt()).minCoeff(&critical);
    Eigen::MatrixXd flipped = fit.centers;
    const Eigen::VectorXd x = objective.points().col(critical);
    const auto a = two.first(critical), b = two.second(critical);
    flipped.col(a) += 1.001 * certificate.radius * (flipped.col(a) - x).normalized();
    flipped.col(b) -= 1.001 * certificate.radius * (flipped.col(b) - x).normalized();
    CHECK(objective.assign(flipped).labels(critical) != fit.labels(critical));
  }
}

TEST_CASE("a certificate of weighted points is that of their copies") {
  const Eigen::MatrixXd points = on_line({0, 1, 7, 8, 20});
  const EmpiricalObjective weighted(points, Eigen::ArrayXd(Eigen::Array<double, 5, 1>(2, 1, 1, 3, 1)));
  const EmpiricalObjective copied(on_line({0, 0, 1, 7, 8, 8, 8, 20}));
  const auto fit = kmscape::lloyd(weighted, on_line({0, 8, 20}));
  const auto one = certify(weighted, fit.centers), other = certify(copied, fit.centers);
  CHECK(one.status == CertificateStatus::strict_minimum);
  CHECK(one.status == other.status);
  CHECK(one.tie_margin == other.tie_margin);
  CHECK(one.radius == other.radius);
}

TEST_CASE("float fits are certified too") {
  const EmpiricalObjective objective(normal_points<float>(2, 100, 5));
  const auto fit = kmscape::lloyd(objective, Eigen::MatrixXf(objective.points().leftCols(5)));
  CHECK(certify(objective, fit.centers).is_minimum());
}

TEST_CASE("certify refuses centers that are none") {
  const EmpiricalObjective objective(on_line({0, 1}));
  CHECK_THAT(refusal([&] { static_cast<void>(certify(objective, on_line({std::nan("")}))); }),
             ContainsSubstring("kmscape::certify: centers(0, 0) = nan"));
  CHECK_THAT(refusal([&] { static_cast<void>(certify(objective, Eigen::MatrixXd::Zero(3, 1).eval())); }),
             ContainsSubstring("centers = a 3 x 1 matrix, but the objective's dimension is 1"));
}

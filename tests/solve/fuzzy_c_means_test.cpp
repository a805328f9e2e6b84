#include <kmscape/solve/fuzzy_c_means.hpp>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>
#include <vector>

#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::EmpiricalObjective;
using kmscape::fuzzy_c_means;
using kmscape::FuzzyCMeansStatus;
using kmscape::Index;
using testing::grid_points;
using testing::normal_points;
using testing::on_line;

namespace {

using Long = long double;
using LongMatrix = Eigen::Matrix<Long, Eigen::Dynamic, Eigen::Dynamic>;

/// Memberships by the textbook's formula, 1 / sum_l (|x - c_j| / |x - c_l|)^(2 / (m - 1)).
LongMatrix membership_by_formula(const LongMatrix& x, const LongMatrix& c, Long m) {
  LongMatrix u = LongMatrix::Zero(c.cols(), x.cols());
  for (Index i = 0; i < x.cols(); ++i) {
    Index on = 0;
    for (Index j = 0; j < c.cols(); ++j) on += x.col(i) == c.col(j);
    for (Index j = 0; j < c.cols(); ++j) {
      if (on > 0) {
        u(j, i) = x.col(i) == c.col(j) ? 1 / static_cast<Long>(on) : 0;
        continue;
      }
      Long sum = 0;
      for (Index l = 0; l < c.cols(); ++l)
        sum += std::pow((x.col(i) - c.col(j)).stableNorm() / (x.col(i) - c.col(l)).stableNorm(), 2 / (m - 1));
      u(j, i) = 1 / sum;
    }
  }
  return u;
}

/// J by its definition.
Long value_of(const LongMatrix& x, const Eigen::ArrayXd& w, const LongMatrix& c, const LongMatrix& u, Long m) {
  Long sum = 0;
  for (Index i = 0; i < x.cols(); ++i)
    for (Index j = 0; j < c.cols(); ++j)
      sum += static_cast<Long>(w(i)) * std::pow(u(j, i), m) * (x.col(i) - c.col(j)).squaredNorm();
  return sum;
}

/// J at the best memberships for these centers.
Long value_at(const LongMatrix& x, const Eigen::ArrayXd& w, const LongMatrix& c, Long m) {
  return value_of(x, w, c, membership_by_formula(x, c, m), m);
}

LongMatrix means(const LongMatrix& x, const Eigen::ArrayXd& w, const LongMatrix& u, Long m) {
  LongMatrix c = LongMatrix::Zero(x.rows(), u.rows());
  for (Index j = 0; j < u.rows(); ++j) {
    Long mass = 0;
    for (Index i = 0; i < x.cols(); ++i) {
      const Long share = static_cast<Long>(w(i)) * std::pow(u(j, i), m);
      c.col(j) += share * x.col(i);
      mass += share;
    }
    c.col(j) /= mass;
  }
  return c;
}

Eigen::ArrayXd weights_of(Index n, std::uint64_t seed) {
  return grid_points(1, n, 8, seed).transpose().array() * 0.5 + 0.5;
}

/// Four groups whose spread is a hundredth of their distance.
Eigen::MatrixXd four_groups(Index n, std::uint64_t seed) {
  Eigen::MatrixXd x = normal_points(2, n, seed) * 0.1;
  for (Index i = 0; i < n; ++i)
    x.col(i) += 10 * Eigen::Vector2d(static_cast<double>(i % 2), static_cast<double>(i / 2 % 2));
  return x;
}

/// Everything that a result says must be true of its centers, by the definitions.
template <class O, class R>
void check_consistent(const O& objective, const R& result, double m, double rounding) {
  const LongMatrix x = objective.points().template cast<Long>(), c = result.centers.template cast<Long>();
  Eigen::ArrayXd w(x.cols());
  for (Index i = 0; i < w.size(); ++i) w(i) = static_cast<double>(objective.weight(i));
  const LongMatrix u = membership_by_formula(x, c, static_cast<Long>(m));
  REQUIRE(result.membership.rows() == c.cols());
  REQUIRE(result.membership.cols() == x.cols());
  CHECK(static_cast<double>((result.membership.template cast<Long>() - u).cwiseAbs().maxCoeff()) <= rounding);
  CHECK(static_cast<double>((result.membership.colwise().sum().array() - 1).abs().maxCoeff()) <
        1e-15 * double(c.cols()));
  CHECK(result.membership.minCoeff() >= 0);
  CHECK(static_cast<double>(result.value) ==
        Approx(static_cast<double>(value_of(x, w, c, u, static_cast<Long>(m)))).epsilon(rounding));
  kmscape::Counts counts = kmscape::Counts::Zero(c.cols());
  for (Index i = 0; i < x.cols(); ++i) {
    counts(result.labels(i)) += 1;
    CHECK(result.membership(result.labels(i), i) == result.membership.col(i).maxCoeff());
  }
  CHECK((counts == result.counts).all());
  for (Index j = 0; j < c.cols(); ++j) {
    Long mass = 0;
    for (Index i = 0; i < x.cols(); ++i) mass += static_cast<Long>(w(i)) * std::pow(u(j, i), static_cast<Long>(m));
    CHECK(static_cast<double>(result.mass(j)) == Approx(static_cast<double>(mass)).epsilon(10 * rounding));
  }
  if (!result.values.empty()) {
    CHECK(result.values.back() == result.value);
    CHECK(static_cast<int>(result.values.size()) == result.iterations + 1);
  }
  if (!result.path.empty()) CHECK(result.path.back() == result.centers);
}

}  // namespace

TEST_CASE("memberships, value and every step are those of the definition") {
  for (const double m : {1.2, 1.5, 2.0, 2.5, 4.0})
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      const Index d = 1 + static_cast<Index>(seed), k = 2 + static_cast<Index>(seed % 3);
      const Eigen::MatrixXd x = normal_points(d, 40, seed);
      const Eigen::ArrayXd w = seed % 2 == 0 ? Eigen::ArrayXd::Ones(40).eval() : weights_of(40, seed);
      const EmpiricalObjective objective(x, w);
      const Eigen::MatrixXd start = normal_points(d, k, seed + 50);
      INFO("m " << m << ", seed " << seed);
      for (const int limit : {0, 1, 2, 5}) {
        const auto result = fuzzy_c_means(
            objective, start, {.fuzzifier = m, .max_iterations = limit, .keep_values = true, .keep_centers = true});
        CHECK(result.status == FuzzyCMeansStatus::iteration_limit);
        check_consistent(objective, result, m, 1e-12);
        REQUIRE(result.path.size() == static_cast<std::size_t>(limit) + 1);
        CHECK(result.path.front() == start);
        for (std::size_t t = 0; t + 1 < result.path.size(); ++t) {
          const LongMatrix at = result.path[t].cast<Long>();
          const LongMatrix expected = means(x.cast<Long>(), w, membership_by_formula(x.cast<Long>(), at, m), m);
          CHECK(static_cast<double>((result.path[t + 1].cast<Long>() - expected).cwiseAbs().maxCoeff()) < 1e-13);
        }
      }
    }
}

TEST_CASE("two points and two centers by hand") {
  // From +-1/2: squared distances 1/4 and 9/4, memberships 9/10 and 1/10, centers +-(0.81 - 0.01) / (0.81 + 0.01).
  const EmpiricalObjective objective(on_line({-1, 1}));
  const auto start = fuzzy_c_means(objective, on_line({-0.5, 0.5}), {.max_iterations = 0});
  CHECK(start.membership(0, 0) == Approx(0.9).epsilon(1e-15));
  CHECK(start.membership(1, 0) == Approx(0.1).epsilon(1e-15));
  CHECK(start.value == Approx(2 * (0.81 * 0.25 + 0.01 * 2.25)).epsilon(1e-15));
  const auto step = fuzzy_c_means(objective, on_line({-0.5, 0.5}), {.max_iterations = 1});
  CHECK(step.centers(1) == Approx(0.8 / 0.82).epsilon(1e-15));
  CHECK(step.centers(0) == -step.centers(1));
  const auto end = fuzzy_c_means(objective, on_line({-0.5, 0.5}));
  CHECK(end.centers == on_line({-1, 1}));
  CHECK(end.value == 0);
  CHECK(end.membership == Eigen::Matrix2d::Identity());
  CHECK((end.labels == kmscape::Labels(Eigen::Array<int, 2, 1>(0, 1))).all());
}

TEST_CASE("no memberships of a fine grid give these centers a lower value") {
  const Eigen::MatrixXd x = normal_points(2, 6, 3), c = normal_points(2, 3, 4);
  for (const double m : {1.3, 2.0, 3.5}) {
    const auto result = fuzzy_c_means(EmpiricalObjective(x), c, {.fuzzifier = m, .max_iterations = 0});
    Long lowest = 0;  // points do not share memberships: the best grid point, point by point
    for (Index i = 0; i < x.cols(); ++i) {
      Long least = std::numeric_limits<Long>::infinity();
      constexpr int steps = 200;
      for (int a = 0; a <= steps; ++a)
        for (int b = 0; a + b <= steps; ++b) {
          const Long share[3] = {Long(a) / steps, Long(b) / steps, Long(steps - a - b) / steps};
          Long sum = 0;
          for (Index j = 0; j < 3; ++j)
            sum += std::pow(share[j], static_cast<Long>(m)) * static_cast<Long>((x.col(i) - c.col(j)).squaredNorm());
          least = std::min(least, sum);
        }
      lowest += least;
    }
    CHECK(result.value <= static_cast<double>(lowest) * (1 + 1e-14));
    CHECK(result.value >= static_cast<double>(lowest) * (1 - 5e-3));  // the grid comes that near
  }
}

TEST_CASE("at most eight points on a line: the best run ends at the minimum that a search over all centers finds") {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const Index n = 5 + static_cast<Index>(seed % 4);
    const double m = seed % 2 == 0 ? 2 : 1.6;
    const Eigen::MatrixXd x = normal_points(1, n, seed + 20);
    const Eigen::ArrayXd w = weights_of(n, seed);
    const LongMatrix points = x.cast<Long>();
    const auto value = [&](Long a, Long b) { return value_at(points, w, (LongMatrix(1, 2) << a, b).finished(), m); };
    // A grid over both centers, then a search that halves its steps where no step gains.
    Long a = 0, b = 0, lowest = std::numeric_limits<Long>::infinity();
    const Long low = points.minCoeff(), width = points.maxCoeff() - low;
    for (int s = 0; s <= 60; ++s)
      for (int t = s + 1; t <= 60; ++t) {
        const Long p = low + width * s / 60 + 1e-3L, q = low + width * t / 60 + 1e-3L;
        if (const Long here = value(p, q); here < lowest) lowest = here, a = p, b = q;
      }
    for (Long step = width / 60; step > 1e-9L;) {
      const Long before = lowest;
      for (const Long da : {-step, Long(0), step})
        for (const Long db : {-step, Long(0), step})
          if (const Long here = value(a + da, b + db); here < lowest) {
            lowest = here;
            a += da;
            b += db;
          }
      if (!(lowest < before)) step /= 2;
    }
    double found = std::numeric_limits<double>::infinity();
    for (Index i = 0; i < n; ++i)
      for (Index j = i + 1; j < n; ++j) {
        const auto result = fuzzy_c_means(EmpiricalObjective(x, w), on_line({x(0, i), x(0, j)}), {.fuzzifier = m});
        CHECK(result.status != FuzzyCMeansStatus::iteration_limit);
        found = std::min(found, result.value);
        CHECK(result.value >= static_cast<double>(lowest) * (1 - 1e-14));
      }
    INFO("seed " << seed);
    CHECK(found == Approx(static_cast<double>(lowest)).epsilon(1e-14));
  }
}

TEST_CASE("values fall, and the end is a local minimum of the value at best memberships") {
  for (const double m : {1.1, 1.4, 2.0, 3.0}) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      const Eigen::MatrixXd x = normal_points(2, 60, seed + 7);
      const EmpiricalObjective objective(x, weights_of(60, seed));
      const auto result =
          fuzzy_c_means(objective, x.leftCols(3), {.fuzzifier = m, .max_iterations = 20'000, .keep_values = true});
      INFO("m " << m << ", seed " << seed << ", status " << to_string(result.status));
      CHECK((result.status == FuzzyCMeansStatus::fixed_point || result.status == FuzzyCMeansStatus::rounding_limit));
      // A sum of 60 terms is off by 60 roundings at most; where steps gain less, its order of two values says nothing.
      for (std::size_t t = 1; t < result.values.size(); ++t)
        CHECK(result.values[t] <= result.values[t - 1] * (1 + 60 * 2.3e-16));
      const LongMatrix at = result.centers.cast<Long>();
      const Eigen::ArrayXd w = weights_of(60, seed);
      const Long value = value_at(x.cast<Long>(), w, at, m);
      const Long h = 1e-5L;
      for (Index e = 0; e < at.size(); ++e) {
        LongMatrix up = at, down = at;
        up.data()[e] += h;
        down.data()[e] -= h;
        const Long above = value_at(x.cast<Long>(), w, up, m), below = value_at(x.cast<Long>(), w, down, m);
        CHECK(static_cast<double>(std::abs(above - below) / (2 * h)) < 1e-8 * static_cast<double>(value));
        CHECK(above > value);
        CHECK(below > value);
      }
    }
  }
}

TEST_CASE("a point on one center or several belongs to these alone, in equal parts") {
  for (const double m : {1.001, 1.5, 2.0, 7.0}) {
    const auto one = fuzzy_c_means(EmpiricalObjective(on_line({0, 3, 5})), on_line({3, 4, 3, 3}),
                                   {.fuzzifier = m, .max_iterations = 0});
    CHECK(one.membership.col(1) == Eigen::Vector4d(1.0 / 3, 0, 1.0 / 3, 1.0 / 3));
    CHECK(one.labels(1) == 0);
    const auto two =
        fuzzy_c_means(EmpiricalObjective(on_line({0, 3, 5})), on_line({9, 3}), {.fuzzifier = m, .max_iterations = 0});
    CHECK(two.membership.col(1) == Eigen::Vector2d(0, 1));
    check_consistent(EmpiricalObjective(on_line({0, 3, 5})), two, m, 1e-12);
  }
  const Eigen::MatrixXd x = normal_points(2, 5, 30);  // k = n: every center on its point
  const auto all = fuzzy_c_means(EmpiricalObjective(x), x);
  CHECK(all.membership == Eigen::MatrixXd::Identity(5, 5));
  CHECK(all.value == 0);
  CHECK(all.status == FuzzyCMeansStatus::fixed_point);
  CHECK(all.iterations == 0);
}

TEST_CASE("one center is the mean, and J the sum of squares about it, whatever the fuzzifier") {
  const Eigen::MatrixXd x = normal_points(3, 50, 31);
  const Eigen::ArrayXd w = weights_of(50, 32);
  const Eigen::VectorXd mean = x * w.matrix() / w.sum();
  const double squares = ((x.colwise() - mean).colwise().squaredNorm().transpose().array() * w).sum();
  for (const double m : {1.0000001, 2.0, 30.0}) {
    const auto result = fuzzy_c_means(EmpiricalObjective(x, w), x.leftCols(1), {.fuzzifier = m});
    CHECK((result.centers - mean).norm() < 1e-14);
    CHECK(result.value == Approx(squares).epsilon(1e-14));
    CHECK((result.membership.array() == 1).all());
    CHECK(result.mass(0) == Approx(w.sum()).epsilon(1e-14));
    CHECK(result.iterations <= 3);
  }
}

TEST_CASE("as the fuzzifier falls to 1 the iteration becomes Lloyd's, step by step") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Index k = 2 + static_cast<Index>(seed % 4);
    const Eigen::MatrixXd x = normal_points(2, 150, seed + 40), start = normal_points(2, k, seed + 90);
    const EmpiricalObjective objective(x, weights_of(150, seed));
    const auto hard = lloyd(objective, start, {.keep_centers = true});
    for (const double m : {1 + 1e-9, 1 + 1e-14, std::nextafter(1.0, 2.0)}) {
      const auto soft = fuzzy_c_means(objective, start, {.fuzzifier = m, .keep_centers = true});
      INFO("seed " << seed << ", m - 1 = " << m - 1);
      CHECK(static_cast<double>((soft.centers - hard.centers).cwiseAbs().maxCoeff()) < 1e-13);
      CHECK((soft.labels == hard.labels).all());
      CHECK((soft.counts == hard.counts).all());
      CHECK(soft.value == Approx(hard.value).epsilon(1e-13));
      CHECK(soft.empty_cells == hard.empty_cells);
      for (Index i = 0; i < x.cols(); ++i) CHECK(soft.membership(soft.labels(i), i) == 1);
      REQUIRE(soft.path.size() >= hard.path.size());
      for (std::size_t t = 0; t < hard.path.size(); ++t)
        CHECK(static_cast<double>((soft.path[t] - hard.path[t]).cwiseAbs().maxCoeff()) < 1e-13);
    }
  }
  // A tie is shared, at any fuzzifier.
  const auto tie = fuzzy_c_means(EmpiricalObjective(on_line({-1, 0, 1})), on_line({-1, 1}), {.fuzzifier = 1 + 1e-12});
  CHECK(tie.membership(0, 1) == 0.5);
  CHECK(tie.centers(0) == Approx(-2.0 / 3).epsilon(1e-11));  // (-1 + 0 / 2) / (1 + 1 / 2)
}

TEST_CASE("centers near the mean meet there above the critical fuzzifier, and leave it below") {
  const Eigen::MatrixXd x = normal_points(6, 100, 60);
  const Eigen::VectorXd mean = x.rowwise().mean();
  const Eigen::MatrixXd directions = (x.colwise() - mean).colwise().normalized();
  const double lambda = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(directions * directions.transpose() / 100)
                            .eigenvalues()
                            .maxCoeff();
  REQUIRE(lambda < 0.4);
  const double critical = 1 / (1 - 2 * lambda);
  const Eigen::MatrixXd start = (1e-3 * normal_points(6, 3, 160)).colwise() + mean;
  const double squares = (x.colwise() - mean).squaredNorm();
  const auto spread = [&](const auto& result) { return (result.centers.colwise() - mean).cwiseAbs().maxCoeff(); };

  const double above = 1.1 * critical;
  const auto met = fuzzy_c_means(EmpiricalObjective(x), start, {.fuzzifier = above, .max_iterations = 20'000});
  CHECK(spread(met) < 1e-12);
  CHECK((met.membership.array() - 1.0 / 3).abs().maxCoeff() < 1e-12);
  CHECK(met.value == Approx(std::pow(1.0 / 3, above - 1) * squares).epsilon(1e-13));

  const double below = 0.9 * critical;
  const auto left = fuzzy_c_means(EmpiricalObjective(x), start, {.fuzzifier = below, .max_iterations = 20'000});
  CHECK(spread(left) > 0.1);
  CHECK(left.value < std::pow(1.0 / 3, below - 1) * squares);
}

TEST_CASE("a center whose memberships all underflow stays, as Lloyd's of an empty cell does") {
  const auto result = fuzzy_c_means(EmpiricalObjective(four_groups(40, 61)),
                                    (Eigen::MatrixXd(2, 3) << 0, 10, 1e6, 5, 5, 1e6).finished(), {.fuzzifier = 1.01});
  CHECK(result.empty_cells == 1);
  CHECK(result.centers.col(2) == Eigen::Vector2d(1e6, 1e6));
  CHECK(result.counts(2) == 0);
  CHECK((result.counts(0) == 20 && result.counts(1) == 20));
  // Masses are judged by whether they still have all their digits: 1e-253 has, 1e-300 has not.
  const auto two = EmpiricalObjective(on_line({0, 1}));
  const auto near = fuzzy_c_means(two, on_line({0.5, 10}), {.fuzzifier = 1.01, .max_iterations = 1});
  const LongMatrix expected =
      means(on_line({0, 1}).cast<Long>(), Eigen::ArrayXd::Ones(2),
            membership_by_formula(on_line({0, 1}).cast<Long>(), on_line({0.5, 10}).cast<Long>(), 1.01), 1.01);
  CHECK(near.centers(1) == Approx(static_cast<double>(expected(1))).epsilon(1e-12));
  const auto far = fuzzy_c_means(two, on_line({0.5, 16.27}), {.fuzzifier = 1.01});
  CHECK(far.mass(1) > 1e-301);
  CHECK(far.mass(1) < 1e-299);
  CHECK(far.empty_cells == 1);
  CHECK(far.centers(1) == 16.27);
  const auto softer = fuzzy_c_means(EmpiricalObjective(four_groups(40, 61)),
                                    (Eigen::MatrixXd(2, 3) << 0, 10, 1e6, 5, 5, 1e6).finished(), {.fuzzifier = 1.5});
  CHECK(softer.empty_cells == 0);
  CHECK(softer.centers.cwiseAbs().maxCoeff() < 11);
}

TEST_CASE("neither huge nor tiny distances nor an offset spoil the memberships") {
  const Eigen::MatrixXd x = normal_points(2, 30, 62), start = normal_points(2, 3, 63);
  for (const double m : {1.2, 2.0, 3.0}) {
    const auto base = fuzzy_c_means(EmpiricalObjective(x), start, {.fuzzifier = m, .max_iterations = 6});
    for (const int exponent : {-1000, -600, -520, -300, 300, 500}) {
      const double scale = std::ldexp(1.0, exponent);
      const auto scaled = fuzzy_c_means(EmpiricalObjective(Eigen::MatrixXd(scale * x)), scale * start,
                                        {.fuzzifier = m, .max_iterations = 6});
      INFO("m " << m << ", exponent " << exponent);
      CHECK(scaled.iterations == 6);
      CHECK((scaled.membership - base.membership).cwiseAbs().maxCoeff() < 1e-13);
      CHECK((scaled.centers / scale - base.centers).cwiseAbs().maxCoeff() < 1e-13);
    }
    // Where J itself overflows the iteration ends, with the memberships of its start.
    const auto start_only = fuzzy_c_means(EmpiricalObjective(x), start, {.fuzzifier = m, .max_iterations = 0});
    for (const double huge : {0x1p1000, 0x1p1022}) {  // with the second even differences overflow
      const auto over = fuzzy_c_means(EmpiricalObjective(Eigen::MatrixXd(huge * x)), huge * start, {.fuzzifier = m});
      CHECK(over.status == FuzzyCMeansStatus::non_finite);
      CHECK(over.iterations == 0);
      CHECK((over.membership - start_only.membership).cwiseAbs().maxCoeff() < 1e-13);
      CHECK((over.labels == start_only.labels).all());
    }
  }
  // Two centers much nearer to a point than squares can tell, and one far away.
  const auto near =
      fuzzy_c_means(EmpiricalObjective(on_line({0})), on_line({1e-200, -2e-200, 1}), {.max_iterations = 0});
  CHECK(near.membership(0, 0) == Approx(0.8).epsilon(1e-14));
  CHECK(near.membership(1, 0) == Approx(0.2).epsilon(1e-14));

  const Eigen::MatrixXd groups = four_groups(80, 64);
  const Eigen::MatrixXd far = (groups.array() + 1e8).matrix();
  const Eigen::MatrixXd back = (far.array() - 1e8).matrix();  // what of the groups the far data still holds
  const auto here = fuzzy_c_means(EmpiricalObjective(back), back.leftCols(4));
  const auto there = fuzzy_c_means(EmpiricalObjective(far), far.leftCols(4));
  CHECK((there.centers.array() - 1e8 - here.centers.array()).abs().maxCoeff() <= 4e-8);  // two units in the last place
  CHECK((there.membership - here.membership).cwiseAbs().maxCoeff() < 1e-8);
}

TEST_CASE("planted groups are found: labels are the groups, memberships nearly hard") {
  const Eigen::MatrixXd x = four_groups(200, 65);
  const auto result = fuzzy_c_means(EmpiricalObjective(x), x.leftCols(4));
  for (Index i = 0; i < 200; ++i) {
    CHECK(result.labels(i) == static_cast<int>(i % 4));
    CHECK(result.membership(i % 4, i) > 0.98);
  }
  CHECK((result.counts == 50).all());
}

TEST_CASE("a weight is that many copies of its point, and a common factor changes nothing but the value") {
  const Eigen::MatrixXd x = normal_points(2, 40, 66);
  const Eigen::ArrayXd w = grid_points(1, 40, 3, 67).transpose().array() + 1;
  Eigen::MatrixXd copies(2, static_cast<Index>(w.sum()));
  for (Index i = 0, at = 0; i < 40; ++i)
    for (Index c = 0; c < static_cast<Index>(w(i)); ++c) copies.col(at++) = x.col(i);
  const auto weighted = fuzzy_c_means(EmpiricalObjective(x, w), x.leftCols(3), {.max_iterations = 20});
  const auto copied = fuzzy_c_means(EmpiricalObjective(copies), x.leftCols(3), {.max_iterations = 20});
  CHECK((weighted.centers - copied.centers).cwiseAbs().maxCoeff() < 1e-14);
  CHECK(weighted.value == Approx(copied.value).epsilon(1e-14));
  for (const double factor : {0x1p-900, 0x1p300}) {
    const auto other =
        fuzzy_c_means(EmpiricalObjective(x, Eigen::ArrayXd(factor * w)), x.leftCols(3), {.max_iterations = 20});
    CHECK(other.centers == weighted.centers);
    CHECK(other.membership == weighted.membership);
    CHECK(other.value == factor * weighted.value);
  }
}

TEMPLATE_TEST_CASE("data of every scalar, fixed dimension or not, from a start of another scalar", "", float, double,
                   long double) {
  const auto points = normal_points<TestType, 3>(3, 100, 68);
  const EmpiricalObjective<TestType, 3> fixed(points);
  const EmpiricalObjective<TestType> dynamic{kmscape::Points<TestType>(points)};
  const Eigen::MatrixXf start = normal_points<float>(3, 4, 69);
  const auto one = fuzzy_c_means(fixed, start, {.fuzzifier = 1.7, .keep_values = true});
  const auto two = fuzzy_c_means(dynamic, start, {.fuzzifier = 1.7});
  CHECK(one.status != FuzzyCMeansStatus::iteration_limit);
  check_consistent(fixed, one, 1.7, 1e-12);
  CHECK(static_cast<double>((one.centers - two.centers).cwiseAbs().maxCoeff()) < 1e-12);
}

TEST_CASE("any number of threads gives the same bits at every step of fuzzy c-means") {
  const EmpiricalObjective objective(normal_points(3, 9000, 70),
                                     Eigen::ArrayXd(Eigen::ArrayXd::LinSpaced(9000, 0.5, 2)));
  const Eigen::MatrixXd start = normal_points(3, 5, 71);
  const auto run = [&](int threads) {
    return fuzzy_c_means(
        objective, start,
        {.fuzzifier = 1.6, .max_iterations = 6, .threads = threads, .keep_values = true, .keep_centers = true});
  };
  const auto one = run(1), two = run(2), five = run(5);
  CHECK(one.iterations == 6);
  CHECK(one.values == two.values);
  CHECK(one.path == two.path);
  CHECK(one.membership == two.membership);
  CHECK(one.path == five.path);
  CHECK((one.labels == five.labels).all());
  check_consistent(objective, one, 1.6, 1e-12);
  const LongMatrix x = objective.points().cast<Long>();
  const LongMatrix first =
      means(x, Eigen::ArrayXd::LinSpaced(9000, 0.5, 2), membership_by_formula(x, start.cast<Long>(), 1.6), 1.6);
  CHECK(static_cast<double>((one.path[1].cast<Long>() - first).cwiseAbs().maxCoeff()) < 1e-13);
}

TEST_CASE("fuzzy c-means stops for each of its reasons and says which") {
  const EmpiricalObjective objective(normal_points(2, 300, 72));
  const Eigen::MatrixXd start = normal_points(2, 3, 73);
  const auto full = fuzzy_c_means(objective, start);
  CHECK((full.status == FuzzyCMeansStatus::rounding_limit || full.status == FuzzyCMeansStatus::fixed_point));
  const auto tolerant = fuzzy_c_means(objective, start, {.tolerance = 1e-6, .keep_centers = true});
  CHECK(tolerant.status == FuzzyCMeansStatus::tolerance);
  REQUIRE(tolerant.path.size() >= 3);
  const auto move = [&](std::size_t t) {
    return (tolerant.path[t] - tolerant.path[t - 1]).colwise().squaredNorm().maxCoeff();
  };
  CHECK(move(tolerant.path.size() - 1) <= 1e-6);
  CHECK(move(tolerant.path.size() - 2) > 1e-6);
  CHECK(tolerant.iterations < full.iterations);

  std::vector<Index> done;
  const auto stopped = fuzzy_c_means(objective, start, {.on_progress = [&](const kmscape::Progress& p) {
                                       CHECK(p.stage == "fuzzy c-means");
                                       CHECK(p.total == 1000);
                                       done.push_back(p.done);
                                       return p.done < 2;
                                     }});
  CHECK(stopped.status == FuzzyCMeansStatus::stopped_by_callback);
  CHECK(stopped.iterations == 2);
  CHECK(done == std::vector<Index>{0, 1, 2});
  check_consistent(objective, stopped, 2, 1e-12);
}

TEST_CASE("every status of fuzzy c-means has a name of its own") {
  std::set<std::string_view> names;
  for (const auto status :
       {FuzzyCMeansStatus::fixed_point, FuzzyCMeansStatus::tolerance, FuzzyCMeansStatus::rounding_limit,
        FuzzyCMeansStatus::iteration_limit, FuzzyCMeansStatus::stopped_by_callback, FuzzyCMeansStatus::non_finite})
    names.insert(to_string(status));
  CHECK(names == std::set<std::string_view>{"fixed_point", "tolerance", "rounding_limit", "iteration_limit",
                                            "stopped_by_callback", "non_finite"});
}

TEST_CASE("bad starts and options of fuzzy c-means are refused before any work") {
  const EmpiricalObjective objective(on_line({1, 2, 3}));
  const auto with = [&](const Eigen::MatrixXd& start, const kmscape::FuzzyCMeansOptions& options) {
    return refusal([&] { static_cast<void>(fuzzy_c_means(objective, start, options)); });
  };
  const auto start = on_line({1, 2});
  CHECK(with(start, {.fuzzifier = 1}) ==
        "kmscape::fuzzy_c_means: options.fuzzifier = 1, but the exponent of memberships is a finite number above 1; "
        "pass 2 as a rule, or use lloyd for the limit 1");
  CHECK_THAT(with(start, {.fuzzifier = std::nan("")}), ContainsSubstring("options.fuzzifier = nan"));
  CHECK_THAT(with(start, {.fuzzifier = std::numeric_limits<double>::infinity()}),
             ContainsSubstring("options.fuzzifier = inf"));
  CHECK(with(start, {.max_iterations = -1}) ==
        "kmscape::fuzzy_c_means: options.max_iterations = -1, but a number of steps cannot be negative; pass 0 to "
        "evaluate the start only");
  CHECK(with(start, {.tolerance = -1}) ==
        "kmscape::fuzzy_c_means: options.tolerance = -1, but a squared move cannot be negative; pass 0 to iterate as "
        "far as rounding permits");
  CHECK_THAT(with(start, {.tolerance = std::nan("")}), ContainsSubstring("options.tolerance = nan"));
  CHECK_THAT(with(start, {.threads = -2}), ContainsSubstring("kmscape::fuzzy_c_means: options.threads = -2"));
  CHECK_THAT(with(on_line({1, std::nan("")}), {}), ContainsSubstring("kmscape::fuzzy_c_means: start(0, 1) = nan"));
  CHECK_THAT(with(Eigen::MatrixXd::Zero(2, 2), {}),
             ContainsSubstring("start = a 2 x 2 matrix, but the objective's dimension is 1"));
}

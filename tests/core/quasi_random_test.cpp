// Statistics are judged at five standard errors with fixed seeds.
#include <kmscape/core/quasi_random.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/refusal.hpp"

using kmscape::Index;
using kmscape::normal_quantile;
using kmscape::QuasiRandom;

namespace {

Eigen::MatrixXd points_of(const QuasiRandom& sequence, Index n) {
  Eigen::MatrixXd points(sequence.dimension(), n);
  for (Index i = 0; i < n; ++i) sequence.point(i, points.col(i));
  return points;
}

/// The least and the most points in a box of 2^a equal parts of one coordinate times 2^b of another.
std::pair<int, int> occupancy(const Eigen::MatrixXd& points, Index s, int a, Index t, int b) {
  std::vector<int> count(std::size_t{1} << (a + b), 0);
  for (Index i = 0; i < points.cols(); ++i) {
    const auto u = static_cast<std::size_t>(std::ldexp(points(s, i), a));
    const auto v = static_cast<std::size_t>(std::ldexp(points(t, i), b));
    count[(u << b) + v] += 1;
  }
  const auto [least, most] = std::minmax_element(count.begin(), count.end());
  return {*least, *most};
}

}  // namespace

TEST_CASE("each coordinate of the first 2^m quasi-random points visits each of 2^m equal intervals once") {
  // Up to and beyond the coordinates whose initial numbers are tabled.
  const auto points = points_of(QuasiRandom(60, 3, 1), 1024);
  for (Index s = 0; s < 60; ++s) {
    CAPTURE(s);
    for (const int m : {1, 4, 7, 10}) CHECK(occupancy(points.leftCols(Index{1} << m), s, m, s, 0) == std::pair{1, 1});
  }
  // A later block of 2^m numbers too.
  Eigen::MatrixXd block(2, 64);
  const QuasiRandom sequence(2, 9);
  for (Index i = 0; i < 64; ++i) sequence.point(64 * 12345 + i, block.col(i));
  CHECK(occupancy(block, 0, 6, 0, 0) == std::pair{1, 1});
  CHECK(occupancy(block, 0, 3, 1, 3) == std::pair{1, 1});
}

TEST_CASE("pairs of coordinates of quasi-random points are nets of quality t") {
  const int m = 10;
  const auto points = points_of(QuasiRandom(12, 5), Index{1} << m);
  const auto quality = [&](Index s, Index t) {
    int worst = 0;
    for (int parts = m; parts >= 0; --parts) {
      bool even = true;
      for (int a = 0; a <= parts; ++a) {
        const auto [least, most] = occupancy(points, s, a, t, parts - a);
        even = even && least == most;
      }
      if (even) return worst;
      ++worst;
    }
    return worst;
  };
  CHECK(quality(0, 1) == 0);
  double sum = 0;
  for (Index t = 1; t < 12; ++t)
    for (Index s = 0; s < t; ++s) {
      CAPTURE(s, t);
      const int q = quality(s, t);
      CHECK(q <= 4);
      sum += q;
    }
  CHECK(sum / 66 < 2);  // pseudo-random initial numbers give more
}

TEST_CASE("primitive polynomials over GF(2) are as many as Euler's function says") {
  // phi(2^s - 1) / s for s = 1, ..., 10.
  const std::vector<int> expected = {1, 1, 2, 2, 6, 6, 18, 16, 48, 60};
  std::vector<int> found(10, 0);
  const auto polynomials = kmscape::internal::primitive_polynomials(160);
  for (const auto& polynomial : polynomials) {
    found[static_cast<std::size_t>(polynomial.degree - 1)] += 1;
    CHECK(polynomial.bits >> polynomial.degree == 1);
  }
  CHECK(found == expected);
  CHECK(polynomials[3].bits == 0b1101);
  CHECK_FALSE(kmscape::internal::is_primitive(0b11111, 4));  // irreducible, but x has order 5
  CHECK_FALSE(kmscape::internal::is_primitive(0b101, 2));    // (x + 1)^2
  CHECK_FALSE(kmscape::internal::is_primitive(0b110, 2));    // divisible by x
}

TEST_CASE("initial direction numbers are odd and fit their digits") {
  const auto& table = kmscape::internal::sobol_initial_numbers;
  const auto polynomials = kmscape::internal::primitive_polynomials(static_cast<Index>(table.size()));
  for (std::size_t s = 0; s < table.size(); ++s)
    for (std::size_t k = 0; k < 7; ++k) {
      CAPTURE(s, k);
      if (static_cast<int>(k) >= polynomials[s].degree) {
        CHECK(table[s][k] == 0);
        continue;
      }
      CHECK(table[s][k] % 2 == 1);
      CHECK(table[s][k] < (2u << k));
    }
}

TEST_CASE("unscrambled columns follow the recurrence of their polynomial") {
  // x^2 + x + 1 with initial numbers 1, 1: m_k = 2 m_{k-1} ^ 4 m_{k-2} ^ m_{k-2} = 1, 1, 7, 11, ...
  const auto columns = kmscape::internal::sobol_columns(2, {0b111, 2}, 5);
  const std::vector<std::uint64_t> numbers = {1, 1, 7, 11, 13};
  std::vector<std::uint64_t> by_hand = {1, 1};
  for (std::size_t k = 2; k < 5; ++k) by_hand.push_back(2 * by_hand[k - 1] ^ 4 * by_hand[k - 2] ^ by_hand[k - 2]);
  CHECK(by_hand == numbers);
  for (std::size_t k = 0; k < 5; ++k) CHECK(columns[k] == numbers[k] << (63 - k));
}

TEST_CASE("any one quasi-random point is uniform over seeds and replicates") {
  const int trials = 4000;
  for (const Index number : {0, 1, 37}) {
    Eigen::Vector3d sum = Eigen::Vector3d::Zero(), squares = sum, x;
    double product = 0, low = 0;
    for (int t = 0; t < trials; ++t) {
      QuasiRandom(3, 77, t).point(number, x);
      sum += x;
      squares += x.cwiseAbs2();
      product += (x(0) - 0.5) * (x(1) - 0.5);
      low += std::fmod(x(2) * 0x1p40, 1.0);  // the low digits are random too
    }
    for (Index s = 0; s < 3; ++s) {
      CHECK(std::abs(sum(s) / trials - 0.5) < 5 * std::sqrt(1.0 / 12 / trials));
      CHECK(std::abs(squares(s) / trials - 1.0 / 3) < 5 * std::sqrt(4.0 / 45 / trials));
    }
    CHECK(std::abs(product / trials) < 5 * std::sqrt(1.0 / 144 / trials));
    CHECK(std::abs(low / trials - 0.5) < 5 * std::sqrt(1.0 / 12 / trials));
  }
}

TEST_CASE("replicates estimate an integral without bias, with an honest and small standard error") {
  // prod (1 + (u_s - 1/2) c_s), with integral 1; independent points have variance prod(1 + c_s^2 / 12) - 1.
  const Index d = 6, n = 4096;
  const int replicates = 32;
  const auto integrand = [](const Eigen::VectorXd& u) {
    double product = 1;
    for (Index s = 0; s < u.size(); ++s) product *= 1 + (u(s) - 0.5) * 2 / static_cast<double>(s + 1);
    return product;
  };
  double variance = 1;
  for (Index s = 1; s <= d; ++s) variance *= 1 + 4.0 / 12 / static_cast<double>(s * s);
  variance -= 1;
  double sum = 0, squares = 0;
  Eigen::VectorXd u(d);
  for (int r = 0; r < replicates; ++r) {
    const QuasiRandom sequence(d, 11, r);
    double mean = 0;
    for (Index i = 0; i < n; ++i) {
      sequence.point(i, u);
      mean += integrand(u) / static_cast<double>(n);
    }
    sum += mean;
    squares += (mean - 1) * (mean - 1);
  }
  const double error = std::sqrt(squares / replicates);  // of one replicate, about the exact value
  CHECK(std::abs(sum / replicates - 1) < 5 * error / std::sqrt(replicates));
  CHECK(error > 0);
  CHECK(error < 0.02 * std::sqrt(variance / static_cast<double>(n)));
}

TEST_CASE("quasi-random points depend on the seed, the replicate and the coordinate only") {
  const QuasiRandom few(3, 5, 2), many(9, 5, 2);
  Eigen::VectorXd a(3), b(9), c(3);
  for (const Index i : {0, 1, 100, 4095}) {
    few.point(i, a);
    many.point(i, b);
    CHECK(a == b.head(3));
    QuasiRandom(3, 5, 3).point(i, c);
    CHECK((a.array() != c.array()).all());
    QuasiRandom(3, 6, 2).point(i, c);
    CHECK((a.array() != c.array()).all());
  }
  few.point(QuasiRandom::most_points - 1, a);
  CHECK((a.array() > 0 && a.array() < 1).all());
  // No point repeats.
  std::set<double> seen;
  const QuasiRandom one(1, 1);
  Eigen::VectorXd x(1);
  for (Index i = 0; i < 5000; ++i) {
    one.point(i, x);
    CHECK(std::fmod(x(0) * 0x1p53, 2.0) == 1);
    seen.insert(x(0));
  }
  CHECK(seen.size() == 5000);
}

TEST_CASE("normal_quantile inverts the normal distribution function") {
  CHECK(normal_quantile(0.5) == Approx(0).margin(1e-16));
  CHECK(normal_quantile(0.975) == Approx(1.959963984540054).epsilon(1e-15));
  CHECK(normal_quantile(0.0013498980316300933) == Approx(-3).epsilon(1e-14));
  for (double u = 1e-300; u < 0.5; u *= 1.7) {
    const double x = normal_quantile(u);
    CAPTURE(u, x);
    // d log Phi / dx is about |x| far out, so that rounding of x shows as |x|^2 units in Phi.
    CHECK(std::abs(std::erfc(-x / std::sqrt(2.0)) / 2 / u - 1) < 4e-16 * (4 + x * x));
  }
  for (const double u : {0.1, 0.25, 0.4375})
    CHECK(normal_quantile(1 - u) == Approx(-normal_quantile(u)).epsilon(1e-15));
}

TEST_CASE("quasi-random normal vectors and points of the ball have the moments of theirs") {
  const Index n = 1 << 14;
  const Index d = GENERATE(1, 2, 3, 7);
  CAPTURE(d);
  const QuasiRandom for_normal(d, 2), for_ball(d + 1, 2);
  Eigen::VectorXd x(d), y(d), mean = Eigen::VectorXd::Zero(d), center = mean;
  Eigen::MatrixXd second = Eigen::MatrixXd::Zero(d, d), ball = second;
  for (Index i = 0; i < n; ++i) {
    for_normal.normal(i, x);
    mean += x / static_cast<double>(n);
    second += x * x.transpose() / static_cast<double>(n);
    for_ball.unit_ball(i, y);
    REQUIRE(y.norm() <= 1 + 1e-15);
    center += y / static_cast<double>(n);
    ball += y * y.transpose() / static_cast<double>(n);
  }
  // Independent points would be off by about 0.01.
  const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(d, d);
  CHECK(mean.cwiseAbs().maxCoeff() < 1e-3);
  CHECK((second - identity).cwiseAbs().maxCoeff() < 3e-3);
  CHECK(center.cwiseAbs().maxCoeff() < 1e-3);
  CHECK((ball - identity / static_cast<double>(d + 2)).cwiseAbs().maxCoeff() < 1e-3);
}

TEST_CASE("quasi-random points refuse bad dimensions, replicates and numbers") {
  CHECK(refusal([] { QuasiRandom(0); }) ==
        "kmscape::QuasiRandom: dimension = 0, but a point needs at least one coordinate; pass dimension >= 1");
  CHECK(refusal([] { QuasiRandom(1, 0, -1); }) ==
        "kmscape::QuasiRandom: replicate = -1, but replicates are numbered 0, 1, 2, ...; pass replicate >= 0");
  const QuasiRandom sequence(2);
  Eigen::VectorXd x(2);
  CHECK(refusal([&] { sequence.point(-1, x); }) ==
        "kmscape::QuasiRandom::point: i = -1, but points are numbered 0, ..., 2^32 - 1; use another replicate for more "
        "points");
  CHECK(refusal([&] { sequence.point(QuasiRandom::most_points, x); }) != "");
  CHECK(refusal([&] { sequence.unit_ball(0, x); }) ==
        "kmscape::QuasiRandom::unit_ball: out.size() = 2, but this sequence writes 1 coordinates; pass a vector of "
        "this size");
  for (const double u : {0.0, 1.0, -0.5, std::nan("")})
    CHECK(refusal([u] { (void)normal_quantile(u); }).starts_with("kmscape::normal_quantile: u = "));
}

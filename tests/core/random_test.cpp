// Statistics are judged at five standard errors with fixed seeds: a correct generator fails none of them, and a wrong
// scale, a missing draw or a correlation shows.
#include <kmscape/core/random.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <set>
#include <vector>

#include "support/catch.hpp"

using kmscape::Index;
using kmscape::RandomStream;
using kmscape::Seed;
using kmscape::internal::philox;
using kmscape::internal::PhiloxBlock;

namespace {

static_assert(std::uniform_random_bit_generator<RandomStream>);

/// The largest distance between the empirical distribution of `sample` and the uniform one on [0, 1], times sqrt(n).
/// Above 2.3 with a probability of 2 exp(-2 * 2.3^2) = 5e-5 (Kolmogorov and Smirnov).
double kolmogorov_smirnov(std::vector<double> sample) {
  std::sort(sample.begin(), sample.end());
  const double n = static_cast<double>(sample.size());
  double distance = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double below = static_cast<double>(i) / n;
    distance = std::max({distance, sample[i] - below, below + 1 / n - sample[i]});
  }
  return distance * std::sqrt(n);
}

constexpr double ks_limit = 2.3;

/// Sample mean minus the expected one, in standard errors.
double deviation(double sum, double n, double mean, double variance) {
  return (sum / n - mean) / std::sqrt(variance / n);
}

}  // namespace

TEST_CASE("Philox 4x32-10 gives the known answers of its authors") {
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("the first draws of stream 0 under seed 0 are Philox's first block, low word first") {
  RandomStream stream(Seed{0});
  CHECK(stream() == 0xe169c58d6627e8d5u);
  CHECK(stream() == 0x9b00dbd8bc57ac4cu);
}

TEST_CASE("a copy of a stream continues from the same position") {
  RandomStream stream(Seed{3}, 5);
  for (int t = 0; t < 3; ++t) (void)stream();
  (void)stream.normal();
  RandomStream copy = stream;
  for (int t = 0; t < 10; ++t) {
    CHECK(copy.normal() == stream.normal());
    CHECK(copy() == stream());
  }
}

TEST_CASE("no 64-bit draw repeats among streams of different ids, seeds and children") {
  std::set<std::uint64_t> draws;
  std::size_t made = 0;
  const auto take = [&](RandomStream stream) {
    for (int t = 0; t < 20; ++t, ++made) draws.insert(stream());
  };
  for (std::uint64_t seed : {0u, 1u, 2u})
    for (std::uint64_t id = 0; id < 50; ++id) {
      const RandomStream stream(Seed{seed}, id);
      take(stream);
      for (std::uint64_t child = 0; child < 3; ++child) take(stream.split(child));
    }
  take(RandomStream(Seed{std::uint64_t{1} << 32}));     // the seed's upper word counts
  take(RandomStream(Seed{0}, std::uint64_t{1} << 32));  // the id's too
  CHECK(draws.size() == made);
}

TEST_CASE("split depends on the seed, the id and the child, not on the draws made") {
  RandomStream stream(Seed{11}, 4);
  RandomStream before = stream.split(2);
  for (int t = 0; t < 7; ++t) (void)stream.normal();
  RandomStream after = stream.split(2);
  for (int t = 0; t < 8; ++t) CHECK(before() == after());

  RandomStream other_id = RandomStream(Seed{11}, 5).split(2), other_seed = RandomStream(Seed{12}, 4).split(2);
  CHECK(stream.split(2)() != other_id());
  CHECK(stream.split(2)() != other_seed());
}

TEST_CASE("neighbouring streams are uncorrelated") {
  const int n = 100000;
  double sum = 0;
  for (int id = 0; id < n; ++id) {
    RandomStream a(Seed{21}, static_cast<std::uint64_t>(id)), b(Seed{21}, static_cast<std::uint64_t>(id) + 1);
    sum += (a.uniform() - 0.5) * (b.uniform() - 0.5);
  }
  CHECK(std::abs(deviation(sum, n, 0, 1.0 / 144)) < 5);
}

TEST_CASE("uniform is uniform from 0 to below 1, and its successive draws are uncorrelated") {
  RandomStream stream(Seed{1});
  const int n = 200000;
  std::vector<double> sample;
  double sum = 0, squares = 0, products = 0, last = 0.5;
  for (int t = 0; t < n; ++t) {
    const double u = stream.uniform();
    REQUIRE((u >= 0 && u < 1));
    sample.push_back(u);
    sum += u;
    squares += u * u;
    products += (u - 0.5) * (last - 0.5);
    last = u;
  }
  CHECK(std::abs(deviation(sum, n, 0.5, 1.0 / 12)) < 5);
  CHECK(std::abs(deviation(squares, n, 1.0 / 3, 4.0 / 45)) < 5);
  CHECK(std::abs(deviation(products, n, 0, 1.0 / 144)) < 5);
  CHECK(kolmogorov_smirnov(sample) < ks_limit);
}

TEST_CASE("index is uniform on 0, ..., n - 1") {
  const Index n = GENERATE(1, 2, 3, 7, 100);
  CAPTURE(n);
  RandomStream stream(Seed{2}, static_cast<std::uint64_t>(n));
  const int draws = 100000;
  std::vector<int> counts(static_cast<std::size_t>(n), 0);
  for (int t = 0; t < draws; ++t) {
    const Index i = stream.index(n);
    REQUIRE((i >= 0 && i < n));
    ++counts[static_cast<std::size_t>(i)];
  }
  const double p = 1 / static_cast<double>(n);
  for (const int count : counts) CHECK(std::abs(count - draws * p) <= 5 * std::sqrt(draws * p * (1 - p)));
}

TEST_CASE("index has no bias where 64 bits divided by n leave a large remainder") {
  // With n = 3 * 2^61, a plain modulus would hit the thirds of the range, and a plain product the residues modulo 3,
  // with odds 3 : 3 : 2.
  const Index third = Index{1} << 61;
  RandomStream stream(Seed{5});
  const int draws = 30000;
  std::array<int, 3> counts{};
  std::array<int, 3> residues{};
  for (int t = 0; t < draws; ++t) {
    const Index i = stream.index(3 * third);
    ++counts[static_cast<std::size_t>(i / third)];
    ++residues[static_cast<std::size_t>(i % 3)];
  }
  const double error = std::sqrt(draws * (1.0 / 3) * (2.0 / 3));
  for (const int count : counts) CHECK(std::abs(count - draws / 3.0) < 5 * error);
  for (const int count : residues) CHECK(std::abs(count - draws / 3.0) < 5 * error);
}

TEST_CASE("index refuses an empty range") {
  RandomStream stream(Seed{1});
  CHECK_THROWS_WITH(stream.index(0),
                    "kmscape::RandomStream::index: n = 0, but there must be something to draw from; pass n >= 1");
  CHECK_THROWS_AS(stream.index(-4), kmscape::invalid_input);
}

TEST_CASE("normal has the standard normal's moments and distribution") {
  RandomStream stream(Seed{4});
  const int n = 200000;
  double sum = 0, squares = 0, cubes = 0, fourths = 0, products = 0, last = 0;
  std::vector<double> levels;
  for (int t = 0; t < n; ++t) {
    const double z = stream.normal();
    levels.push_back(0.5 * std::erfc(-z / std::numbers::sqrt2));
    sum += z;
    squares += z * z;
    cubes += z * z * z;
    fourths += z * z * z * z;
    products += z * last;
    last = z;
  }
  // The variances follow from E z^4 = 3, E z^6 = 15, E z^8 = 105.
  CHECK(std::abs(deviation(sum, n, 0, 1)) < 5);
  CHECK(std::abs(deviation(squares, n, 1, 2)) < 5);
  CHECK(std::abs(deviation(cubes, n, 0, 15)) < 5);
  CHECK(std::abs(deviation(fourths, n, 3, 96)) < 5);
  CHECK(std::abs(deviation(products, n, 0, 1)) < 5);
  CHECK(kolmogorov_smirnov(levels) < ks_limit);
}

TEST_CASE("unit_sphere gives unit vectors without a preferred direction") {
  const int d = GENERATE(1, 2, 3, 10);
  CAPTURE(d);
  RandomStream stream(Seed{6}, static_cast<std::uint64_t>(d));
  const int n = 50000;
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(d), x(d);
  Eigen::MatrixXd second = Eigen::MatrixXd::Zero(d, d);
  for (int t = 0; t < n; ++t) {
    stream.unit_sphere(x);
    REQUIRE(x.norm() == Approx(1).epsilon(1e-14));
    mean += x / n;
    second += x * x.transpose() / n;
  }
  // E x_s^2 = 1/d, E x_s^4 = 3/(d (d + 2)), E x_s^2 x_r^2 = 1/(d (d + 2)).
  const double dd = d * (d + 2.0);
  for (int s = 0; s < d; ++s) {
    CHECK(std::abs(mean(s)) < 5 * std::sqrt(1.0 / d / n));
    CHECK(std::abs(second(s, s) - 1.0 / d) <= 5 * std::sqrt((3 / dd - 1.0 / d / d) / n) + 1e-12);
    for (int r = 0; r < s; ++r) CHECK(std::abs(second(s, r)) < 5 * std::sqrt(1 / dd / n));
  }
}

TEST_CASE("unit_ball fills the ball evenly: the d-th power of the radius is uniform") {
  const int d = GENERATE(1, 2, 3, 10);
  CAPTURE(d);
  RandomStream stream(Seed{8}, static_cast<std::uint64_t>(d));
  const int n = 50000;
  std::vector<double> powers;
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(d), x(d);
  for (int t = 0; t < n; ++t) {
    stream.unit_ball(x);
    powers.push_back(std::pow(x.norm(), d));
    mean += x / n;
  }
  CHECK(kolmogorov_smirnov(powers) < ks_limit);
  // E x_s^2 = 1/(d + 2).
  for (int s = 0; s < d; ++s) CHECK(std::abs(mean(s)) < 5 * std::sqrt(1 / (d + 2.0) / n));
}

TEST_CASE("vectors of float and columns of a matrix are filled like any other") {
  RandomStream stream(Seed{9});
  Eigen::Vector3f x;
  stream.unit_sphere(x);
  CHECK(x.norm() == Approx(1.0f).epsilon(1e-6));

  Eigen::MatrixXd columns = Eigen::MatrixXd::Constant(2, 3, 9);
  for (auto column : columns.colwise()) stream.unit_sphere(column);
  CHECK((columns.colwise().norm().array() - 1).abs().maxCoeff() < 1e-14);
}

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/transition/item_pool.hpp>

#include "support/catch.hpp"

using kmscape::Index;
using kmscape::internal::ItemPool;

namespace {

ItemPool random_pool(Index count) {
  kmscape::RandomStream stream(kmscape::Seed(static_cast<std::uint64_t>(count)), 0);
  ItemPool pool;
  for (Index i = 0; i < count; ++i) {
    const double start = stream.normal(), end = stream.normal();
    pool.add(100 + i, start, end);
  }
  return pool;
}

}  // namespace

TEST_CASE("a pool's least value and the members below a limit are those that a plain loop finds") {
  for (const Index count : {1, 31, 32, 33, 64, 200}) {
    const ItemPool pool = random_pool(count);
    for (const double lambda : {0.0, 0.3, 1.0}) {
      double least = std::numeric_limits<double>::infinity();
      for (std::size_t m = 0; m < pool.size(); ++m) least = std::min(least, pool.start[m] + lambda * pool.slope[m]);
      CHECK(pool.least_value(lambda) == Approx(least).margin(1e-15));

      const double limit = 0.25;
      std::vector<std::size_t> expected, visited;
      for (std::size_t m = 0; m < pool.size(); ++m)
        if (pool.start[m] + lambda * pool.slope[m] < limit) expected.push_back(m);
      pool.visit_below(lambda, limit, [&](std::size_t m) { visited.push_back(m); });
      CHECK(visited == expected);
    }
  }
  CHECK(ItemPool{}.least_value(0.5) == std::numeric_limits<double>::infinity());
}

TEST_CASE("a visitor of a pool may lower the limit for the members after it") {
  ItemPool pool;
  for (Index i = 0; i < 100; ++i) pool.add(i, static_cast<double>(100 - i), 0);
  double lambda = 0, limit = 80;
  std::vector<std::size_t> visited;
  pool.visit_below(lambda, limit, [&](std::size_t m) {
    visited.push_back(m);
    limit = pool.value(m, lambda) - 10;
  });
  CHECK(visited == std::vector<std::size_t>{20, 30, 40, 50, 60, 70, 80, 90});
}

TEST_CASE("a member that is dropped from a pool takes its costs with it") {
  ItemPool pool;
  pool.add(5, 1, 2);
  pool.add(6, 3, 4);
  pool.add(7, -1, 8);
  pool.drop(0);
  CHECK(pool.items == std::vector<Index>{7, 6});
  CHECK(pool.value(0, 0.5) == 3.5);
  CHECK(pool.value(1, 1) == 4);
  pool.drop(1);
  CHECK(pool.items == std::vector<Index>{7});
  pool.clear();
  CHECK(pool.size() == 0);
}

TEST_CASE("what is left of a pool of several blocks is all that is visited") {
  ItemPool pool = random_pool(70);
  while (pool.size() > 3) pool.drop(0);
  std::size_t visits = 0;
  pool.visit_below(0.5, std::numeric_limits<double>::infinity(), [&](std::size_t) { ++visits; });
  CHECK(visits == 3);
  while (pool.size() > 0) pool.drop(0);
  pool.visit_below(0.5, std::numeric_limits<double>::infinity(), [&](std::size_t) { ++visits; });
  CHECK(visits == 3);
  CHECK(pool.least_value(0.5) == std::numeric_limits<double>::infinity());
  pool.add(4, 1, 2);
  CHECK(pool.value(0, 1) == 2);
  CHECK(pool.least_value(0) == 1);
}

#include <kmscape/transition/exchange.hpp>

#include <cstdint>
#include <string>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

namespace {

using kmscape::ItemExchange;

kmscape::Labels random_labels(kmscape::Index n, kmscape::Index k, std::uint64_t seed) {
  return testing::grid_points(1, n, k - 1, seed).transpose().array().cast<kmscape::Label>();
}

}  // namespace

TEST_CASE("The difference graph has an arc for each item that differs, and decomposes into single exchanges") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto n = static_cast<kmscape::Index>(1 + seed % 40), k = static_cast<kmscape::Index>(1 + seed % 7);
    const auto from = random_labels(n, k, seed), to = random_labels(n, k, seed + 1000);
    const auto graph = kmscape::difference_graph(from, to);
    CHECK(static_cast<kmscape::Index>(graph.arcs.size()) == (from != to).count());
    const auto exchanges = kmscape::decompose(graph);
    std::size_t moves = 0;
    kmscape::Index paths = 0, surplus = 0;
    auto labels = from;
    for (const auto& exchange : exchanges) {
      REQUIRE(kmscape::is_single_exchange(exchange));
      moves += exchange.size();
      CHECK((paths == 0 || !kmscape::is_cyclical(exchange)));
      paths += !kmscape::is_cyclical(exchange);
      kmscape::apply_exchange(exchange, labels);
    }
    for (kmscape::Label i = 0; i < k; ++i)
      surplus += std::max<kmscape::Index>(0, (from == i).count() - (to == i).count());
    CHECK(moves == graph.arcs.size());
    CHECK(paths == surplus);
    CHECK((labels == to).all());
  }
}

TEST_CASE("An exchange is one path or one cycle through different clusters") {
  CHECK(kmscape::is_single_exchange({{4, 0, 1}}));
  CHECK(kmscape::is_single_exchange({{4, 0, 1}, {5, 1, 0}}));
  CHECK(kmscape::is_single_exchange({{4, 0, 1}, {5, 1, 2}}));
  CHECK(kmscape::is_cyclical({{4, 0, 1}, {5, 1, 0}}));
  CHECK(!kmscape::is_cyclical({{4, 0, 1}, {5, 1, 2}}));
  CHECK(!kmscape::is_cyclical({}));
  CHECK(!kmscape::is_single_exchange({}));
  CHECK(!kmscape::is_single_exchange({{4, 1, 1}}));
  CHECK(!kmscape::is_single_exchange({{4, 0, 1}, {5, 2, 3}}));             // two paths
  CHECK(!kmscape::is_single_exchange({{4, 0, 1}, {5, 1, 0}, {6, 0, 2}}));  // a cycle and a path
  CHECK(!kmscape::is_single_exchange({{4, 0, 1}, {5, 1, 2}, {6, 2, 1}}));  // into a cluster twice
  CHECK(!kmscape::is_single_exchange({{4, 0, 1}, {4, 1, 2}}));             // one item twice
}

TEST_CASE("Reversed exchanges undo each other, and an exchange for another clustering is refused") {
  auto labels = testing::labels({0, 1, 2});
  const ItemExchange exchange = {{0, 0, 1}, {1, 1, 2}};
  kmscape::apply_exchange(exchange, labels);
  CHECK((labels == testing::labels({1, 2, 2})).all());
  CHECK_THAT(refusal([&] { kmscape::apply_exchange(exchange, labels); }),
             ContainsSubstring("labels(0) = 1, but the exchange moves this item from cluster 0"));
  kmscape::apply_exchange(kmscape::reversed(exchange), labels);
  CHECK((labels == testing::labels({0, 1, 2})).all());
  CHECK_THAT(refusal([&] { kmscape::apply_exchange({{3, 0, 1}}, labels); }), ContainsSubstring("there are 3 items"));
  CHECK_THAT(refusal([&] {
               (void)kmscape::difference_graph(labels, testing::labels({0, 1}));
             }),
             ContainsSubstring("to = 2 labels, but there are 3 points"));
  CHECK_THAT(refusal([&] { (void)kmscape::difference_graph(testing::labels({-1}), testing::labels({0})); }),
             ContainsSubstring("from(0) = -1"));
}

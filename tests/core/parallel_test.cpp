#include <kmscape/core/parallel.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"

using kmscape::Index;

TEST_CASE("ThreadTeam::run calls every task once, on a worker of the team") {
  const int threads = GENERATE(1, 2, 5);
  const Index tasks = GENERATE(Index{1}, Index{2}, Index{7}, Index{1000});
  CAPTURE(threads, tasks);
  kmscape::ThreadTeam team(threads);
  REQUIRE(team.size() == threads);

  std::vector<std::atomic<int>> calls(static_cast<std::size_t>(tasks));
  std::atomic<int> strangers{0};
  team.run(tasks, [&](Index t, int worker) {
    ++calls[static_cast<std::size_t>(t)];
    if (worker < 0 || worker >= threads) ++strangers;
  });
  CHECK(strangers == 0);
  for (const auto& count : calls) CHECK(count == 1);
}

TEST_CASE("ThreadTeam::run with no tasks calls nothing") {
  const int threads = GENERATE(1, 2, 5);
  kmscape::ThreadTeam team(threads);
  std::atomic<int> calls{0};
  team.run(0, [&](Index, int) { ++calls; });
  CHECK(calls == 0);
}

TEST_CASE("no two tasks run on one worker at the same time") {
  kmscape::ThreadTeam team(3);
  std::vector<std::atomic<int>> inside(3);
  std::atomic<int> clashes{0};
  for (int round = 0; round < 50; ++round)
    team.run(20, [&](Index, int worker) {
      auto& mine = inside[static_cast<std::size_t>(worker)];
      if (++mine != 1) ++clashes;
      --mine;
    });
  CHECK(clashes == 0);
}

TEST_CASE("a team runs many jobs one after another, and each is finished when run returns") {
  const int threads = GENERATE(1, 2, 5);
  CAPTURE(threads);
  kmscape::ThreadTeam team(threads);
  std::vector<Index> results(16);
  for (Index job = 0; job < 2000; ++job) {
    team.run(16, [&](Index t, int) { results[static_cast<std::size_t>(t)] = 16 * job + t; });
    Index sum = 0;
    for (const Index result : results) sum += result;
    // 16 jobs' offsets and 0 + 1 + ... + 15.
    REQUIRE(sum == 256 * job + 120);
  }
}

TEST_CASE("the exception of the lowest-numbered task that throws reaches the caller") {
  const int threads = GENERATE(1, 2, 5);
  CAPTURE(threads);
  kmscape::ThreadTeam team(threads);
  for (int round = 0; round < 100; ++round)
    CHECK_THROWS_WITH(team.run(50,
                               [](Index t, int) {
                                 if (t == 7 || t >= 20) throw std::runtime_error("task " + std::to_string(t));
                               }),
                      "task 7");
}

TEST_CASE("a team works as before after a task has thrown") {
  const int threads = GENERATE(1, 2, 5);
  CAPTURE(threads);
  kmscape::ThreadTeam team(threads);
  REQUIRE_THROWS_AS(team.run(10, [](Index, int) { throw std::logic_error("every task fails"); }), std::logic_error);
  std::atomic<Index> sum{0};
  CHECK_NOTHROW(team.run(10, [&](Index t, int) { sum += t; }));
  CHECK(sum == 45);
}

TEST_CASE("resolve_threads: 0 means all, a positive number itself, a negative one is refused") {
  CHECK(kmscape::resolve_threads(0) >= 1);
  CHECK(kmscape::resolve_threads(1) == 1);
  CHECK(kmscape::resolve_threads(64) == 64);
  CHECK_THROWS_WITH(
      kmscape::resolve_threads(-1),
      "kmscape::resolve_threads: threads = -1, but a number of threads cannot be negative; pass 0 for all "
      "cores or 1 for the calling thread only");
  CHECK_THROWS_AS(kmscape::ThreadTeam(-3), kmscape::invalid_input);
}

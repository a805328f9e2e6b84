// The network program as a user meets it: what it prints and writes, and how it refuses what it cannot use.
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/command.hpp"

namespace {

testing::Outcome network(const testing::Scratch& scratch, const std::string& arguments) {
  return testing::run_command(scratch, KMSCAPE_NETWORK_PROGRAM, arguments);
}

}  // namespace

TEST_CASE("network writes the keys that it promises, with the state of three points done by hand") {
  // Between {0} {4, 7}, value 9/2, and {0, 4} {7}, value 8: the point 4 divided in shares 5/7 and 2/7 moves the centers
  // to 5/3 and 19/3, each 7/3 away from it. There the value is (25 + 4 + 49) / 9.
  const testing::Scratch scratch;
  scratch.file("points.csv", "0\n4\n7\n");
  const auto outcome = network(scratch, "points.csv --k 2 --restarts 50 --json out.json");
  CHECK(outcome.code == 0);
  CHECK(outcome.err.empty());
  CHECK_THAT(outcome.out, ContainsSubstring("2 local minima, 1 transition state, 1 component, closed"));
  CHECK_THAT(outcome.out,
             ContainsSubstring("the highest barrier on a way to the best minimum: 0.666667 above minimum 1"));
  const std::string json = testing::read(scratch.path / "out.json");
  CHECK_THAT(json, ContainsSubstring("\"value\": 4.5"));
  CHECK_THAT(json, ContainsSubstring("\"value\": 8.66666666666666"));
  CHECK_THAT(json, ContainsSubstring("\"minima\": [1, 0]"));
  CHECK_THAT(json, ContainsSubstring("\"point\": 1"));
  CHECK_THAT(json, ContainsSubstring("\"pair\": [0, 1]"));
  CHECK_THAT(json, ContainsSubstring("\"t\": 0.7142857142857"));
  CHECK(
      testing::has_keys(json, {"n", "k", "components", "minima", "sizes", "transition_states", "point", "pair", "t"}));
  CHECK(network(scratch, "points.csv --k 2 --threads 1 --json again.json").code == 0);
  CHECK(testing::read(scratch.path / "again.json") == json);
  CHECK_THAT(network(scratch, "--help").out, ContainsSubstring("usage: network DATA.csv --k K [options]"));
}

TEST_CASE("network refuses bad files and arguments with one line and exit code 2") {
  struct Bad {
    std::string arguments, error;
  };
  const std::vector<Bad> cases = {
      {"--k 2", "give one file of points"},
      {"points.csv", "--k is missing"},
      {"points.csv --k 0", "--k = 0"},
      {"points.csv --k 4", "points.csv: --k = 4, but there are only 3 distinct points"},
      {"points.csv --k 2 --restarts 0", "--restarts = 0"},
      {"points.csv --k 2 --max-minima none", "--max-minima = 'none'"},
      {"nothing.csv --k 1", "nothing.csv: there is no such file"},
      {"points.csv --k 2 --size 3", "--size is not an option"},
  };
  const testing::Scratch scratch;
  scratch.file("points.csv", "0\n4\n4\n7\n");
  for (const auto& bad : cases) {
    CAPTURE(bad.arguments);
    const auto outcome = network(scratch, bad.arguments);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, ContainsSubstring(bad.error));
  }
}

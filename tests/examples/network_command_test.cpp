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

TEST_CASE("network of a population: the saddle of QZC's Example 1 and the keys that replace those of data") {
  // Two centers over the intervals [s - r, s + r], s = -1, 0, 1, meet in the middle at -a and a, a = 2/3 + r/6.
  const testing::Scratch scratch;
  scratch.file("centers.csv", "-1\n0\n1\n");
  const std::string model = "--model ball --centers centers.csv --radius 0.2 --k 2 ";
  const auto outcome = network(scratch, model + "--restarts 50 --json out.json");
  CHECK(outcome.code == 0);
  CHECK(outcome.err.empty());
  CHECK_THAT(outcome.out, ContainsSubstring("model ball: the population, d = 1, k = 2; 50 restarts, then 8 walks along "
                                            "eigenvectors: 2 local minima, 1 transition state, 1 component, closed"));
  CHECK_THAT(outcome.out, ContainsSubstring("the highest barrier on a way to the best minimum: 0.01 above "
                                            "minimum 1 of value 0.18 (1 center over clusters {"));
  const std::string json = testing::read(scratch.path / "out.json");
  CHECK(testing::has_keys(json, {"k", "components", "status", "minima", "value", "centers", "masses",
                                 "transition_states", "value", "minima", "eigenvalues", "centers"}));
  const auto state = json.substr(json.find("transition_states"));
  CHECK(std::stod(state.substr(state.find("\"value\": ") + 9)) ==
        Approx(2.0 / 3 + 0.04 / 3 - 0.7 * 0.7).epsilon(1e-12));
  for (const std::string key : {"n", "sizes", "point", "pair", "t"})
    CHECK_THAT(json, !ContainsSubstring("\"" + key + "\":"));
  CHECK(network(scratch, model + "--restarts 50 --threads 1 --json again.json").code == 0);
  CHECK(testing::read(scratch.path / "again.json") == json);
  CHECK_THAT(network(scratch, "--help").out,
             ContainsSubstring("`masses` for `sizes`") && ContainsSubstring("`eigenvalues`"));
}

TEST_CASE("network of a population in the plane: the halves of a ball that turn freely are one minimum") {
  const testing::Scratch scratch;
  scratch.file("centers.csv", "-2.5,0\n2.5,0\n0,4.330127018922193\n");
  const auto outcome = network(scratch, "--model ball --centers centers.csv --radius 1 --json out.json");
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.out, ContainsSubstring("d = 2, k = 3; 1000 restarts") && ContainsSubstring(": 4 local minima, "));
  CHECK_THAT(outcome.out, ContainsSubstring("of value 4.60662448"));
}

TEST_CASE("network of a sample says what its minima are") {
  const testing::Scratch scratch;
  scratch.file("centers.csv", "-2\n0\n2\n");
  const auto outcome = network(
      scratch, "--model ball --centers centers.csv --radius 0.3 --n 60 --balanced --restarts 99 --json out.json");
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.out, ContainsSubstring("model ball: n = 60, d = 1, k = 3; 99 restarts, then ") &&
                              ContainsSubstring("(every cluster has its own center)"));
  CHECK(
      testing::has_keys(testing::read(scratch.path / "out.json"), {"n", "k", "minima", "sizes", "transition_states"}));
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
      {"points.csv --k 2 --radius 3", "--radius needs --model"},
      {"points.csv --k 2 --n 3", "--n needs --model"},
      {"points.csv --model ball --k 2", "give one file of points, or --model"},
      {"--model cube", "--model = 'cube' must be one of ball, gmm"},
      {"--model ball --radius 1", "--model ball needs --centers"},
      {"--model ball --centers points.csv", "--model ball needs --radius"},
      {"--model gmm --centers points.csv --radius 1", "--model gmm needs --sigma"},
      {"--model gmm --centers points.csv --sigma -1", "--sigma = '-1' must be a positive number"},
      {"--model gmm --centers nothing.csv --sigma 1", "nothing.csv: there is no such file"},
      {"--model gmm --centers space.csv --sigma 1",
       "space.csv: centers have 3 coordinates, but saddles of a population are found on the line and in the plane; "
       "give --n for a sample"},
      {"--model ball --centers points.csv --radius 1 --truth label", "--truth is for files"},
      {"--model ball --centers points.csv --radius 1 --balanced", "--balanced is for data: give --n for a sample"},
      {"--model ball --centers points.csv --radius 1 --from-states", "--from-states is for data"},
      {"--model ball --centers points.csv --radius 1 --all-pairs", "--all-pairs is for data"},
      {"--model ball --centers points.csv --radius 1 --n 3 --k 4", "model ball: --k = 4, but there are only 3"},
  };
  const testing::Scratch scratch;
  scratch.file("points.csv", "0\n4\n4\n7\n");
  scratch.file("space.csv", "0,0,0\n4,4,4\n");
  for (const auto& bad : cases) {
    CAPTURE(bad.arguments);
    const auto outcome = network(scratch, bad.arguments);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, ContainsSubstring(bad.error));
  }
}

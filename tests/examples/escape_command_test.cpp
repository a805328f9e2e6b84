// The escape program as a user meets it: what it prints and writes, and how it refuses what it cannot use.
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/command.hpp"

namespace {

testing::Outcome run_escape(const testing::Scratch& scratch, const std::string& arguments) {
  return testing::run_command(scratch, KMSCAPE_ESCAPE_PROGRAM, arguments);
}

}  // namespace

TEST_CASE("escape writes the keys that it promises, in order, and finds the pairs") {
  const testing::Scratch scratch;
  scratch.file("points.csv", "0\n2\n100\n102\n200\n202\n300\n302\n");
  for (const std::string strategy :
       {"best", "fission_fusion", "random_swap", "ls_plus_plus", "over_parametrised", "breathing"}) {
    INFO(strategy);
    const auto outcome =
        run_escape(scratch, "points.csv --k 4 --seeding random --strategy " + strategy + " --json out.json");
    CHECK(outcome.code == 0);
    CHECK(outcome.err.empty());
    CHECK_THAT(outcome.out, ContainsSubstring("points.csv: n = 8, d = 1, k = 4; " + strategy));
    const std::string json = testing::read(scratch.path / "out.json");
    CHECK_THAT(json, ContainsSubstring("\"value\": 8,"));
    CHECK_THAT(json, ContainsSubstring("\"sizes\": [2, 2, 2, 2]"));
    CHECK_THAT(json, ContainsSubstring("\"strict_minimum\""));
    CHECK(testing::has_keys(
        json, {"start_value", "value", "centers", "sizes", "lloyd_iterations", "seconds", "history", "certificate"}));
  }
}

TEST_CASE("escape keeps to its budgets") {
  const testing::Scratch scratch;
  scratch.file("points.csv", "0\n1\n10\n11\n20\n21\n100\n101\n");
  const std::string common = "points.csv --k 4 --seeding random ";
  CHECK_THAT(run_escape(scratch, common + "--target 1e6").out, ContainsSubstring("(target_reached, "));
  CHECK_THAT(run_escape(scratch, common + "--seconds 1e-9").out, ContainsSubstring("(time_limit, "));
  CHECK_THAT(run_escape(scratch, common + "--iterations 0").out, ContainsSubstring("(iteration_limit, "));
  CHECK_THAT(run_escape(scratch, common + "--moves 0").out, ContainsSubstring("(move_limit, "));
  CHECK_THAT(run_escape(scratch, common + "--target 0").err, ContainsSubstring("--target"));
}

TEST_CASE("escape refuses bad arguments with exit code 2") {
  const testing::Scratch scratch;
  scratch.file("points.csv", "1\n2\n");
  const std::vector<std::vector<std::string>> cases = {
      {"--k 2", "give one file of points"},
      {"points.csv", "--k is missing"},
      {"points.csv --k 3", "there are only 2 distinct points"},
      {"points.csv --k 2 --strategy luck", "--strategy = 'luck' must be one of best"},
      {"none.csv --k 2", "there is no such file"}};
  for (const auto& bad : cases) {
    INFO(bad[0]);
    const auto outcome = run_escape(scratch, bad[0]);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, ContainsSubstring(bad[1]));
  }
}

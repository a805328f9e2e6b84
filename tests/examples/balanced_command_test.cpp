// The balanced program as a user meets it: what it prints and writes, and how it refuses what it cannot use.
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/command.hpp"

namespace {

testing::Outcome balanced(const testing::Scratch& scratch, const std::string& arguments) {
  return testing::run_command(scratch, KMSCAPE_BALANCED_PROGRAM, arguments);
}

/// All numbers of the list with this key, however nested.
std::vector<double> numbers_of(const std::string& json, const std::string& key) {
  std::vector<double> numbers;
  const auto begin = json.find("\"" + key + "\": ");
  if (begin == std::string::npos) return numbers;
  std::string list = json.substr(begin + key.size() + 4);
  list.resize(list.find('"'));
  for (char& c : list)
    if (c == '[' || c == ']' || c == ',') c = ' ';
  std::istringstream in(list);
  for (double value; in >> value;) numbers.push_back(value);
  return numbers;
}

}  // namespace

TEST_CASE("balanced writes the keys that it promises, in order, with the values of a case done by hand") {
  const testing::Scratch scratch;
  // Equal sizes send the third point to the second center: cost 0 + 1 + 64 + 0.
  scratch.file("points.csv", "0\n1\n2\n10\n");
  scratch.file("centers.csv", "0\n10\n");
  const auto outcome = balanced(scratch, "points.csv --centers centers.csv --assign-only --json out.json");
  CHECK(outcome.code == 0);
  CHECK(outcome.err.empty());
  CHECK_THAT(outcome.out, ContainsSubstring("points.csv: n = 4, d = 1, k = 2; one assignment, optimal, "));
  const std::string json = testing::read(scratch.path / "out.json");
  CHECK_THAT(json, ContainsSubstring("\"cost\": 65"));
  CHECK_THAT(json, ContainsSubstring("\"labels\": [0, 0, 1, 1]"));
  CHECK_THAT(json, ContainsSubstring("\"sizes\": [2, 2]"));
  CHECK_THAT(json, ContainsSubstring("\"gap\": 0"));
  CHECK_THAT(json, ContainsSubstring("\"iterations\": 0"));
  CHECK(testing::has_keys(json, {"cost", "labels", "sizes", "centers", "prices", "gap", "iterations", "seconds"}));
  // From there the means are 1/2 and 6, each 1/2 and 32 from the pairs.
  CHECK(balanced(scratch, "points.csv --centers centers.csv --json out.json").code == 0);
  CHECK_THAT(testing::read(scratch.path / "out.json"), ContainsSubstring("\"cost\": 32.5"));
  // Bounds let the third point stay.
  CHECK(balanced(scratch, "points.csv --centers centers.csv --min-size 1 --max-size 3 --json out.json").code == 0);
  CHECK_THAT(testing::read(scratch.path / "out.json"), ContainsSubstring("\"sizes\": [3, 1]"));
  const auto entropic = balanced(scratch, "points.csv --k 2 --entropic 0.5 --seed 3");
  CHECK(entropic.code == 0);
  CHECK_THAT(entropic.out, ContainsSubstring("E-BalLOT, converged"));
  CHECK_THAT(json, !ContainsSubstring("\"sites\""));
  CHECK_THAT(balanced(scratch, "--help").out, ContainsSubstring("usage: balanced DATA.csv --k K [options]"));
}

TEST_CASE("balanced --entropic writes the sites of which its prices make the labels") {
  const testing::Scratch scratch;
  scratch.file("points.csv", "0\n1\n2\n3\n7\n11\n");
  scratch.file("centers.csv", "0\n10\n");
  const auto outcome = balanced(scratch, "points.csv --centers centers.csv --entropic 30 --json out.json");
  CHECK(outcome.code == 0);
  const std::string json = testing::read(scratch.path / "out.json");
  CHECK_THAT(json, ContainsSubstring("\"labels\": [0, 0, 0, 1, 1, 1]"));
  const auto prices = numbers_of(json, "prices"), sites = numbers_of(json, "sites"),
             centers = numbers_of(json, "centers");
  REQUIRE(prices.size() == 2);
  REQUIRE(sites.size() == 2);
  // Between the two clusters lies the point where both charge the same; for the means it would lie elsewhere.
  const auto boundary = [&](const std::vector<double>& at) {
    return (at[0] + at[1]) / 2 + (prices[0] - prices[1]) / (2 * (at[1] - at[0]));
  };
  CHECK(boundary(sites) >= 2);
  CHECK(boundary(sites) <= 3);
  CHECK_FALSE((boundary(centers) >= 2 && boundary(centers) <= 3));
  CHECK_THAT(balanced(scratch, "--help").out, ContainsSubstring("with --entropic also `sites`"));
}

TEST_CASE("balanced refuses bad files and arguments with one line, exit code 2 and nothing written") {
  struct Bad {
    std::string arguments, error;
  };
  const std::vector<Bad> cases = {
      {"--k 2", "give one file of points"},
      {"points.csv", "--k is missing"},
      {"points.csv --k 0", "--k = 0 must be between 1 and"},
      {"points.csv --k 5", "points.csv: --k = 5, but there are only 4 points"},
      {"points.csv --k 4", "points.csv: --k = 4, but there are only 3 distinct points"},
      {"points.csv --k 2 --assign-only", "--assign-only needs --centers"},
      {"points.csv --centers plane.csv",
       "plane.csv: the centers have 2 coordinates, but the points of points.csv have 1"},
      {"points.csv --k 3 --centers centers.csv", "centers.csv: 2 centers, but --k = 3"},
      {"points.csv --k 2 --min-size 3", "4 points do not make 2 clusters of 3 to 4 points"},
      {"points.csv --k 2 --max-size 1", "4 points do not make 2 clusters of 0 to 1 points"},
      {"points.csv --k 2 --max-size -1", "--max-size = -1"},
      {"points.csv --k 2 --entropic 0", "--entropic = '0' must be a positive number"},
      {"points.csv --k 2 --entropic 1 --min-size 1", "--entropic makes clusters of equal size"},
      {"points.csv --k 2 --figure out.gif", "out.gif: pictures are .png or .svg"},
      {"bad.csv --k 1", "bad.csv:2:1: 'nan' is not a finite number"},
      {"nothing.csv --k 1", "nothing.csv: there is no such file"},
      {"points.csv --k 2 --size 3", "--size is not an option"},
  };
  const testing::Scratch scratch;
  scratch.file("points.csv", "0\n1\n1\n10\n");
  scratch.file("centers.csv", "0\n10\n");
  scratch.file("plane.csv", "0,0\n1,1\n");
  scratch.file("bad.csv", "0\nnan\n");
  for (const auto& bad : cases) {
    CAPTURE(bad.arguments);
    const auto outcome = balanced(scratch, "--figure out.png " + bad.arguments + " --json out.json");
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, ContainsSubstring(bad.error));
    CHECK(outcome.err.find('\n') == outcome.err.size() - 1);
    CHECK_FALSE(std::filesystem::exists(scratch.path / "out.json"));
    CHECK_FALSE(std::filesystem::exists(scratch.path / "out.png"));
  }
}

TEST_CASE("balanced draws points that are all equal, a single one, and data far from the origin") {
  const testing::Scratch scratch;
  scratch.file("equal.csv", "4,5\n4,5\n4,5\n4,5\n");
  scratch.file("one.csv", "3,7\n");
  scratch.file("line.csv", "3\n");
  scratch.file("far.csv", "1000000,1000000\n1000000.5,1000000\n1000001,1000000.25\n1000001,1000001\n");
  scratch.file("named.csv", "width,height\n0,0\n1,0\n");
  scratch.file("two.csv", "4,5\n4,5\n");
  const auto picture = [&](const std::string& arguments) {
    const auto outcome = balanced(scratch, arguments + " --figure out.svg");
    CAPTURE(arguments, outcome.err);
    CHECK(outcome.code == 0);
    return testing::read(scratch.path / "out.gp");
  };
  CHECK_THAT(picture("equal.csv --centers two.csv"), ContainsSubstring("set xlabel 'column 1'"));
  picture("one.csv --k 1");
  picture("line.csv --k 1");
  CHECK_THAT(picture("far.csv --k 2"), ContainsSubstring("set xrange [999999.94:1000001.06]"));
  CHECK_THAT(picture("named.csv --k 1"), ContainsSubstring("set ylabel 'height'"));
}

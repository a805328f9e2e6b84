// The transition program as a user meets it: what it prints and writes, and how it refuses what it cannot use.
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>

#include "support/catch.hpp"
#include "support/command.hpp"

namespace {

testing::Outcome lead(const testing::Scratch& scratch, const std::string& arguments) {
  return testing::run_command(scratch, KMSCAPE_TRANSITION_PROGRAM, arguments);
}

/// The JSON without white space and without the number of seconds, which is another in each run.
std::string without_spaces_and_seconds(const std::string& json) {
  std::string result;
  for (const char c : json)
    if (c != ' ' && c != '\n') result += c;
  const auto begin = result.find("\"seconds\":");
  if (begin == std::string::npos) return result;
  const auto number = begin + std::string("\"seconds\":").size();
  return result.erase(number, result.find(',', number) - number);
}

}  // namespace

TEST_CASE("transition writes the keys that it promises, with the one exchange of a case done by hand") {
  const testing::Scratch scratch;
  scratch.file("points.csv", "x,a,b\n0,left,left\n1,left,left\n2,right,left\n3,right,right\n");
  const auto outcome = lead(scratch, "points.csv --from a --to b --json out.json");
  CHECK(outcome.code == 0);
  CHECK(outcome.err.empty());
  CHECK_THAT(outcome.out,
             ContainsSubstring("points.csv: n = 4, d = 1, k = 2; 1 items differ\n1 exchanges, 0 of them "));
  CHECK_THAT(outcome.out, ContainsSubstring("\nverified, by sums over all items"));
  const std::string json = testing::read(scratch.path / "out.json");
  CHECK(without_spaces_and_seconds(json) ==
        R"({"start":[0,0,1,1],"target":[0,0,0,1],"steps":[{"phase":"target","lambda":1,"moves":[[2,1,0]],)"
        R"("margin":0.5}],"seconds":,"verified":true})");

  // The same from files of labels, and from sites of which each point takes the nearest.
  scratch.file("a.txt", "left\nleft\nright\nright\n");
  scratch.file("b.txt", "left\nleft\nleft\nright\n");
  scratch.file("line.csv", "0\n1\n2\n3\n");
  scratch.file("s.csv", "0.5\n2.5\n");
  scratch.file("t.csv", "1\n3.5\n");
  for (const std::string ends : {"--from a.txt --to b.txt", "--from-sites s.csv --to-sites t.csv"}) {
    CHECK(lead(scratch, "line.csv " + ends + " --json out.json").code == 0);
    CHECK_THAT(testing::read(scratch.path / "out.json"), ContainsSubstring("[2, 1, 0]"));
  }
}

TEST_CASE("transition draws frames, both ends among them, and a page that plays them") {
  const testing::Scratch scratch;
  scratch.file("points.csv", "x,y,a,b\n0,0,l,l\n1,2,l,l\n2,1,r,l\n3,0,r,l\n4,1,r,r\n5,2,r,r\n");
  const auto outcome = lead(scratch, "points.csv --from a --to b --frames film --most-frames 2");
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(std::filesystem::exists(scratch.path / "film" / "frame_0000.gp"));
  CHECK(std::filesystem::exists(scratch.path / "film" / "frame_0001.gp"));
  CHECK(!std::filesystem::exists(scratch.path / "film" / "frame_0002.gp"));
  CHECK_THAT(testing::read(scratch.path / "film" / "index.html"),
             ContainsSubstring("[\"frame_0000.png\",\"frame_0001.png\"]"));
}

TEST_CASE("transition draws frames that hold the sites, wherever they are") {
  const testing::Scratch scratch;
  scratch.file("points.csv", "x,y\n0,0\n1,2\n2,1\n3,0\n4,1\n5,2\n");
  scratch.file("s.csv", "-20,1\n4,1\n");
  scratch.file("t.csv", "1,1\n40,1\n");
  CHECK(lead(scratch, "points.csv --from-sites s.csv --to-sites t.csv --frames film --most-frames 2").code == 0);
  const std::string script = testing::read(scratch.path / "film" / "frame_0000.gp");
  const auto at = script.find("set xrange [");
  REQUIRE(at != std::string::npos);
  double low = 0, high = 0;
  REQUIRE(std::sscanf(script.c_str() + at, "set xrange [%lf:%lf]", &low, &high) == 2);
  CHECK(low < -20);
  CHECK(high > 40);
}

TEST_CASE("transition's help says what a margin of null means") {
  const testing::Scratch scratch;
  CHECK_THAT(lead(scratch, "--help").out, ContainsSubstring("a margin is null where no boundary bounds it"));
}

TEST_CASE("transition refuses bad files and arguments with one line, exit code 2 and nothing written") {
  const testing::Scratch scratch;
  scratch.file("points.csv", "x,a,b\n0,0,0\n1,0,1\n2,1,0\n3,1,1\n");
  scratch.file("sites.csv", "1\n2\n3\n");
  scratch.file("plane.csv", "1,1\n2,2\n");
  scratch.file("huge.csv", "x,a,b\n0,0,0\n1e160,0,1\n2e160,1,0\n3e160,1,1\n");
  scratch.file("line.csv", "0\n1e160\n");
  scratch.file("short.txt", "0\n1\n");
  scratch.file("other.txt", "1\n0\n");
  for (const auto& [arguments, words] : {
           std::pair<std::string, std::string>{"", "give one file of points"},
           {"points.csv", "give --from and --to, or --from-sites and --to-sites"},
           {"points.csv --from a", "--to is missing"},
           {"points.csv --from a --to a", "there is nothing to change"},
           {"points.csv --from a --to c", "there is no column 'c'"},
           {"points.csv --from a --to b --from-sites sites.csv --to-sites sites.csv",
            "3 sites, but there are 2 clusters"},
           {"points.csv --from-sites plane.csv --to-sites plane.csv", "the sites have 2 coordinates, but the points"},
           {"huge.csv --from a --to b", "points(0, 1) = 1e+160, but sums of products overflow"},
           {"line.csv --from-sites sites.csv --to-sites sites.csv", "PowerDiagram::classify: points("},
           {"points.csv --from short.txt --to other.txt", "2 labels, but points.csv has 4 points"},
           {"points.csv --from a --to b --most-frames 1", "--most-frames = 1 must be between 2 and 10000"},
           {"points.csv --from a --to b", "target = a clustering, but it is no constrained least-squares assignment"},
       }) {
    const auto outcome = lead(scratch, arguments + " --json out.json");
    INFO(arguments << ": " << outcome.err);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, ContainsSubstring(words));
    CHECK(outcome.err.find('\n') == outcome.err.size() - 1);
    CHECK(!std::filesystem::exists(scratch.path / "out.json"));
  }
}

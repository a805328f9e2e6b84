// The survey program as a user meets it: what it prints and writes, and how it refuses what it cannot use.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/command.hpp"

namespace {

namespace fs = std::filesystem;

using testing::Outcome;
using testing::read;
using testing::Scratch;

Outcome survey(const Scratch& scratch, const std::string& arguments) {
  return testing::run_command(scratch, KMSCAPE_SURVEY_PROGRAM, arguments);
}

const std::string data = std::string(KMSCAPE_EXAMPLES_DIR) + "/data/";

}  // namespace

TEST_CASE("survey refuses bad files and arguments with one line, exit code 2 and nothing written") {
  struct Bad {
    std::string content, arguments, error;
  };
  const std::string model = "--model ball --centers '" + data + "line.csv' ";
  // {f} is a file with the content; {json} asks for output files, which must not appear.
  const std::vector<Bad> cases = {
      {"", "{f} --k 2", "bad.csv: the file is empty"},
      {"# only a comment\n\n", "{f} --k 2", "bad.csv: the file is empty"},
      {"x,y\n", "{f} --k 2", "bad.csv: the file has a header, but no points"},
      {"x,y\n1,2\n3,n/a\n", "{f} --k 1", "bad.csv:3:2: 'n/a' is not a number"},
      {"1,2\n3,nan\n", "{f} --k 1", "bad.csv:2:2: 'nan' is not a finite number"},
      {"1,2\n-inf,4\n", "{f} --k 1", "bad.csv:2:1: '-inf' is not a finite number"},
      {"1,2\n1e999,4\n", "{f} --k 1", "bad.csv:2:1: '1e999' is not a finite number"},
      {"x,y\n1,2\n\n3,\n", "{f} --k 1", "bad.csv:4:2: the field is empty"},
      {"1,2,3\n4,5\n", "{f} --k 1", "bad.csv:2: 2 fields, but line 1 has 3"},
      {"1,2\n4,5,6\n", "{f} --k 1", "bad.csv:2: 3 fields, but line 1 has 2"},
      {"x\n1\n2 3\n", "{f} --k 1", "bad.csv:3: 2 fields, but line 1 has 1"},
      {"1,2\n3,4\n1,2\n", "{f} --k 3", "bad.csv: --k = 3, but there are only 2 distinct points"},
      {"x,y\n1,2\n", "{f} --k 1 --truth z", "bad.csv:1: there is no column 'z'; there are 'x', 'y'"},
      {"1,2\n3,4\n", "{f} --k 1 --truth 3", "no header: name it by its number, 1 to 2"},
      {"x\na\nb\n", "{f} --k 1 --truth x", "bad.csv:1: there is no column of numbers beside the labels"},
      {"", "nothing.csv --k 2", "nothing.csv: there is no such file"},
      {"", ". --k 2", ".: is a folder"},
      {"", "--k 2", "give one file of points, or --model"},
      {"1\n2\n", "{f} {f} --k 2", "give one file of points, or --model"},
      {"1\n2\n", "{f}", "--k is missing"},
      {"1\n2\n", "{f} --k", "--k needs a value"},
      {"1\n2\n", "{f} --k 0", "--k = 0 must be at least 1"},
      {"1\n2\n", "{f} --k -1", "--k = -1 must be at least 1"},
      {"1\n2\n", "{f} --k two", "--k = 'two' is not a whole number"},
      {"1\n2\n", "{f} --k 1.5", "--k = '1.5' is not a whole number"},
      {"1\n2\n", "{f} --k 99999999999999999999", "is not a whole number"},
      {"1\n2\n", "{f} --k 1 --restarts 0", "--restarts = 0 must be at least 1"},
      {"1\n2\n", "{f} --k 1 --seed -3", "--seed = -3 must be at least 0"},
      {"1\n2\n", "{f} --k 1 --threads -2", "--threads = -2 must be between 0 and 1024"},
      {"1\n2\n", "{f} --k 1 --seeding best",
       "--seeding = 'best' must be one of kmeans++, greedy, random, partition, maximin"},
      {"1\n2\n", "{f} --k 1 --restart 5", "--restart is not an option"},
      {"1\n2\n", "{f} --k 1 --radius 2", "--radius needs --model"},
      {"1\n2\n", "{f} --model ball", "give one file of points, or --model"},
      {"", "--model cube", "--model = 'cube' must be one of ball, gmm"},
      {"", "--model ball --radius 1 --n 9", "--model ball needs --centers"},
      {"", model + "--n 9", "--model ball needs --radius"},
      {"", "--model gmm --centers '" + data + "line.csv' --n 9", "--model gmm needs --sigma"},
      {"", model + "--radius 0 --n 9", "--radius = '0' must be a positive number"},
      {"", model + "--radius wide --n 9", "--radius = 'wide' must be a positive number"},
      {"", model + "--radius 1 --n 0", "--n = 0 must be at least 1"},
      {"", model + "--radius 1 --n 10 --balanced", "it must be a positive multiple of the 3 components"},
      {"", model + "--radius 1 --n 9 --truth x", "--truth is for files"},
      {"", model + "--radius 1 --n 9 --k 10", "there are only 9 distinct points"},
      {"", "--model ball --centers none.csv --radius 1 --n 9", "none.csv: there is no such file"},
  };
  for (const auto& bad : cases) {
    const Scratch scratch;
    std::string arguments = bad.arguments;
    scratch.file("bad.csv", bad.content);
    for (auto at = arguments.find("{f}"); at != std::string::npos; at = arguments.find("{f}"))
      arguments.replace(at, 3, "bad.csv");
    INFO(arguments);
    const auto outcome =
        survey(scratch, arguments + (bad.error == "--k needs a value" ? "" : " --json o.json --figure o.png"));
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, ContainsSubstring(bad.error));
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
    CHECK(std::distance(fs::directory_iterator(scratch.path), {}) == 1);  // bad.csv alone
  }
}

TEST_CASE("survey that cannot write its output says so and leaves no part of it") {
  const Scratch scratch;
  scratch.file("points.csv", "1\n2\n9\n");
  for (const std::string option : {"--json", "--figure"}) {
    const auto outcome = survey(scratch, "points.csv --k 2 --restarts 5 " + option + " nowhere/out.png");
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, ContainsSubstring("nowhere/out") && ContainsSubstring("cannot be written"));
    CHECK(std::distance(fs::directory_iterator(scratch.path), {}) == 1);
  }
}

TEST_CASE("survey reports iris: the best minimum, the truth's words, certificates, and silence on the error stream") {
  const Scratch scratch;
  const auto outcome = survey(scratch, "'" + data + "iris.csv' --k 3 --truth label --restarts 200 --json iris.json");
  CHECK(outcome.code == 0);
  CHECK(outcome.err.empty());
  CHECK_THAT(outcome.out, ContainsSubstring("objective 78.851441 (+0%)"));
  CHECK_THAT(outcome.out, ContainsSubstring("2 centers on cluster 0; 1 center over clusters {1, 2}"));
  CHECK_THAT(outcome.out, ContainsSubstring("STUCK"));
  const auto json = read(scratch.path / "iris.json");
  for (const std::string key :
       {"n", "d", "k", "restarts", "seed", "minima", "value", "count", "share", "centers", "sizes", "certificate",
        "status", "residual", "tie_margin", "association", "stuck", "best"})
    CHECK_THAT(json, ContainsSubstring("\"" + key + "\": "));
  // Full precision: the best value agrees with the sum over the file to the last digits.
  std::smatch best;
  REQUIRE(std::regex_search(json, best, std::regex("\"best\": ([0-9.]+)")));
  CHECK(std::stod(best[1]) == Approx(78.85144142614601).epsilon(1e-14));
  // As many minima as certificates, all of them minima.
  const auto count = [&](const std::string& text) {
    std::ptrdiff_t found = 0;
    for (auto at = json.find(text); at != std::string::npos; at = json.find(text, at + 1)) ++found;
    return found;
  };
  CHECK(count("\"status\": \"strict_minimum\"") == count("\"value\": "));
}

TEST_CASE("survey gives the same output and file for 1 and 2 threads") {
  const Scratch scratch;
  const std::string arguments = "--model ball --centers '" + data + "line.csv' --radius 0.3 --n 600 --seeding random ";
  const auto one = survey(scratch, arguments + "--threads 1 --json one.json");
  const auto two = survey(scratch, arguments + "--threads 2 --json two.json");
  CHECK(one.code == 0);
  CHECK(one.out == two.out);
  CHECK(read(scratch.path / "one.json") == read(scratch.path / "two.json"));
}

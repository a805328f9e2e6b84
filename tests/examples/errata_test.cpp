// The list of errata in examples/figures/README.md names tests that are there.
#include <filesystem>
#include <string>

#include "support/catch.hpp"
#include "support/command.hpp"

namespace {

/// The sources of all tests, one after another.
std::string test_sources() {
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::filesystem::path(KMSCAPE_EXAMPLES_DIR).parent_path() / "tests"))
    if (entry.path().extension() == ".cpp") all += testing::read(entry.path());
  return all;
}

}  // namespace

TEST_CASE("every erratum in the list names its tests, and they exist") {
  const std::string page = testing::read(std::filesystem::path(KMSCAPE_EXAMPLES_DIR) / "figures" / "README.md");
  const auto start = page.find("## Errata");
  REQUIRE(start != std::string::npos);
  const std::string sources = test_sources(), mark = "- test: `";
  int errata = 0, named = 0;
  for (auto at = page.find("\n- ", start); at != std::string::npos; at = page.find("\n- ", at + 1)) {
    const std::string item = page.substr(at + 1, page.find("\n- ", at + 1) - at - 1);
    CAPTURE(item);
    CHECK(item.find(mark) != std::string::npos);
    ++errata;
  }
  for (auto at = page.find(mark, start); at != std::string::npos; at = page.find(mark, at + 1)) {
    const auto from = at + mark.size();
    const std::string name = page.substr(from, page.find('`', from) - from);
    CAPTURE(name);
    CHECK(sources.find("TEST_CASE(\"" + name + "\")") != std::string::npos);
    ++named;
  }
  CHECK(errata >= 17);
  CHECK(named >= errata);
}

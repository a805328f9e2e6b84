// The page that joins all figures.
#include <filesystem>
#include <string>

#include "support/catch.hpp"
#include "support/command.hpp"

namespace {

int occurrences(const std::string& text, const std::string& part) {
  int count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

std::string index_of(const testing::Scratch& scratch) {
  const auto outcome = testing::run_command(scratch, std::string(KMSCAPE_FIGURES_FOLDER) + "/index", "--out .");
  CHECK(outcome.err.empty());
  CHECK(outcome.code == 0);
  return testing::read(scratch.path / "index.html");
}

}  // namespace

TEST_CASE("index puts figures in the order of their numbers") {
  const testing::Scratch scratch;
  const char* const names[] = {"bhz_figure_1_to_3", "bhz_figure_4_and_5", "bhz_figure_10",    "bhz_tables",
                               "qzc_figure_2",      "qzc_figure_8",       "qzc_proposition_1"};
  for (const std::string name : names)
    scratch.file(name + ".html", "<section id=\"" + name + "\">\n<h2>" + name + "</h2>\n</section>\n");
  const auto page = index_of(scratch);
  std::size_t link = 0, section = 0;
  for (const std::string name : names) {
    CAPTURE(name);
    const auto next_link = page.find("<a href=\"#" + name + "\">" + name + "</a>");
    const auto next_section = page.find("<section id=\"" + name + "\">");
    REQUIRE(next_link != std::string::npos);
    REQUIRE(next_section != std::string::npos);
    CHECK(next_link > link);
    CHECK(next_section > section);
    link = next_link;
    section = next_section;
  }
}

TEST_CASE("index ends with the errata of the figures' README") {
  const testing::Scratch scratch;
  const auto page = index_of(scratch);
  CHECK_THAT(page, ContainsSubstring("<li><a href=\"#errata\">Errata</a></li>"));
  const auto start = page.find("<section id=\"errata\">\n<h2>Errata</h2>\n<p>");
  REQUIRE(start != std::string::npos);
  const auto errata = page.substr(start);
  const auto readme = testing::read(std::filesystem::path(KMSCAPE_EXAMPLES_DIR) / "figures" / "README.md");
  const auto list = readme.substr(readme.find("## Errata"));
  CHECK(occurrences(errata, "<li>") == occurrences(list, "\n- ") + occurrences(list, "\n  - "));
  CHECK(occurrences(errata, "<li>test: <code>") == occurrences(list, "- test: `"));
  CHECK(occurrences(errata, "<p>") == 2);
  for (const std::string tag : {"p", "ul", "li", "code", "section"}) {
    CAPTURE(tag);
    CHECK(occurrences(errata, "<" + tag + ">") + (tag == "section") == occurrences(errata, "</" + tag + ">"));
  }
  CHECK_THAT(errata, ContainsSubstring("The last line should read G(beta) &gt; G(beta*), by 2/3"));
  CHECK_THAT(errata, ContainsSubstring("in part 2</code></li>\n</ul>\n</li>\n<li>"));
  CHECK(errata.find('`') == std::string::npos);
}

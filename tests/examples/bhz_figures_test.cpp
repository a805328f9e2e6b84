// What the tables of BHZ's figures say: numbers that the paper's theory fixes.
#include <string>

#include "support/catch.hpp"
#include "support/command.hpp"

namespace {

std::string bhz_table(const std::string& figure, const std::string& arguments = "") {
  const testing::Scratch scratch;
  const auto outcome =
      testing::run_command(scratch, std::string(KMSCAPE_FIGURES_FOLDER) + "/" + figure, "--out . " + arguments);
  CHECK(outcome.code == 0);
  return outcome.out;
}

}  // namespace

TEST_CASE("BHZ Figures 1 to 3: cells from balls and from gamma are the same, and clusterings lie in their cells") {
  const auto table = bhz_table("bhz_figure_1_to_3");
  CHECK_THAT(table, ContainsSubstring("we measure: 0 of 20,000 points in different cells"));
  CHECK_THAT(table, ContainsSubstring("we measure: 0 of 70\n"));
  CHECK_THAT(table, ContainsSubstring("note:       3 items in one cyclical exchange"));
}

TEST_CASE("BHZ Figures 4 and 5: the transition has all properties, and one step is a single cycle") {
  const auto table = bhz_table("bhz_figure_4_and_5");
  CHECK_THAT(table, ContainsSubstring("all properties of Theorem 1 hold"));
  CHECK_THAT(table, ContainsSubstring("we measure: 1 exchange, cyclical, of "));
  CHECK_THAT(table, ContainsSubstring("paper says: exists\n    we measure: found\n"));
}

TEST_CASE("BHZ Figure 7: radial clusterings lie on the boundary of the polytope's shadow") {
  CHECK_THAT(bhz_table("bhz_figure_7", "--directions 300"), ContainsSubstring("we measure: at most 0 inside of it"));
}

TEST_CASE("BHZ Figures 8 to 10: the theorems hold, and all-shape clusters are where x . s is largest") {
  const auto table = bhz_table("bhz_figure_8_and_9");
  CHECK_THAT(table, ContainsSubstring("properties of Theorem 2\n    paper says: hold\n    we measure: hold"));
  CHECK_THAT(table, ContainsSubstring("properties of Theorem 3\n    paper says: hold\n    we measure: hold"));
  const auto radial = bhz_table("bhz_figure_10");
  CHECK_THAT(radial, ContainsSubstring("we measure: both agree"));
  CHECK_THAT(radial, ContainsSubstring("items not at their largest x . s_i\n    paper says: 0\n    we measure: 0\n"));
  CHECK_THAT(radial, ContainsSubstring("empty clusters\n    paper says: possible\n    we measure: 1\n"));
}

// What the tables of figure programs say, in small runs.
#include <string>

#include "support/catch.hpp"
#include "support/command.hpp"

namespace {

std::string table_of(const std::string& figure, const std::string& arguments = "") {
  const testing::Scratch scratch;
  const auto outcome =
      testing::run_command(scratch, std::string(KMSCAPE_FIGURES_FOLDER) + "/" + figure, "--out . " + arguments);
  CHECK(outcome.code == 0);
  return outcome.out;
}

}  // namespace

TEST_CASE("qzc_imbalanced tells models with a minimum from the restarts that end in it") {
  const auto table = table_of("qzc_imbalanced", "--columns 4 --restarts 20");
  CHECK_THAT(table, ContainsSubstring("a center on each\n    paper says: nothing\n"
                                      "    we measure: a minimum in 12 of 12 models, where "));
  CHECK_THAT(table, ContainsSubstring("of random restarts end in it"));
  // The rarest share is not the whole, and the largest no more than it.
  const auto shares = table.substr(table.find("12 of 12 models, where "));
  const double least = std::stod(shares.substr(std::string("12 of 12 models, where ").size()));
  const double most = std::stod(shares.substr(shares.find("% to ") + 5));
  CHECK(least < 80);
  CHECK(most > 90);
  CHECK(most <= 100);
}

TEST_CASE("qzc_theorem_1 counts minima that the library certifies, none of which violates a theorem") {
  const auto table = table_of("qzc_theorem_1", "--models 1 --starts 8");
  CHECK_THAT(table, ContainsSubstring("Theorem 1 (balls), k = 3, d = 2\n    paper says: every local minimum satisfies "
                                      "every conclusion\n    we measure: 0 violations: "));
  CHECK_THAT(table, ContainsSubstring("; 0 restarts ended at no stationary point, or one that the certificate leaves "
                                      "undecided"));
  for (const std::string row :
       {"Theorem 2, other k and d\n", "Theorem 1, m = k - 1 centers\n", "Theorem 2, m = k - 1 centers\n",
        "Theorem 1, m = k + 1 centers\n", "Theorem 2, m = k + 1 centers\n"}) {
    CAPTURE(row);
    REQUIRE(table.find(row) != std::string::npos);
    const auto measured = table.substr(table.find("we measure: ", table.find(row)));
    CHECK(measured.starts_with("we measure: 0 violations: "));
    CHECK(!measured.starts_with("we measure: 0 violations: 0 minima"));
  }
}

TEST_CASE("qzc_proposition_1 shows the spurious minimum beyond eta = 5 and none at it") {
  const auto table = table_of("qzc_proposition_1", "--starts 8");
  const auto beside_truth = [&](const std::string& eta) {
    const auto row = table.find("eta_min = " + eta + ": minima beside the truth\n");
    REQUIRE(row != std::string::npos);
    const std::string mark = "we measure: ";
    return std::stoi(table.substr(table.find(mark, row) + mark.size()));
  };
  CHECK(beside_truth("4.99") == 0);
  CHECK(beside_truth("5") == 0);
  CHECK(beside_truth("5.01") > 0);
}

TEST_CASE("qzc_structure_map finds the minimum of QZC's Example 2, which points of the model do not lead to") {
  const auto table = table_of("qzc_structure_map", "--models 1 --restarts 12");
  const auto row = table.substr(table.find("Example 2: three balls on a line"));
  CHECK_THAT(row, ContainsSubstring("we measure: 1 of 2 minima, "));
  CHECK_THAT(row, ContainsSubstring("from points of the model alone: 0 of 1 minima"));
}

TEST_CASE("qzc_finite_sample tells the minima of G that samples show from their doubles") {
  const auto table = table_of("qzc_finite_sample", "--trials 4 --largest 1000");
  for (const std::string study : {"three balls on the line", "two centers on three Gaussians"}) {
    CAPTURE(study);
    const auto measured = [&](const std::string& quantity) {
      const auto row = table.find(study + ", " + quantity + "\n");
      REQUIRE(row != std::string::npos);
      const std::string mark = "we measure: ";
      const auto from = table.find(mark, row) + mark.size();
      const auto line = table.substr(from, table.find('\n', from) - from);
      return std::stod(line.substr(line.rfind(',') + 1));  // at the largest n
    };
    CHECK(measured("minima of G that G_n shows") == 3);
    CHECK(measured("further minima of G_n beside the same ones") > 0);
    CHECK(measured("spurious minima elsewhere") < 0.5);
  }
  CHECK_THAT(table, ContainsSubstring("points otherwise than the lowest of them and lie n^(-"));
}

TEST_CASE("qzc_figure_1 says why Lloyd's iteration ends at no minimum of the population, and where that lies") {
  const auto table = table_of("qzc_figure_1", "");
  for (const std::string panel : {"1b", "1c"}) {
    CAPTURE(panel);
    const auto row = table.substr(table.find("  " + panel + " in the population"));
    const auto measured = row.substr(0, row.find("note:"));
    CHECK_THAT(measured, ContainsSubstring("degenerate, least eigenvalue "));
    CHECK_THAT(measured, ContainsSubstring("stopped short of the minimum"));
    CHECK_THAT(measured, ContainsSubstring(" degrees on: strict_minimum, least eigenvalue "));
  }
}

TEST_CASE("BHZ Figures 1 to 3: cells from balls and from gamma are the same, and clusterings lie in their cells") {
  const auto table = table_of("bhz_figure_1_to_3");
  CHECK_THAT(table, ContainsSubstring("we measure: 0 of 20,000 points in different cells"));
  CHECK_THAT(table, ContainsSubstring("we measure: 0 of 70\n"));
  CHECK_THAT(table, ContainsSubstring("note:       3 items in one cyclical exchange"));
}

TEST_CASE("BHZ Figures 4 and 5: the transition has all properties, and one step is a single cycle") {
  const auto table = table_of("bhz_figure_4_and_5");
  CHECK_THAT(table, ContainsSubstring("all properties of Theorem 1 hold"));
  CHECK_THAT(table, ContainsSubstring("we measure: 1 exchange, cyclical, of "));
  CHECK_THAT(table, ContainsSubstring("paper says: exists\n    we measure: found\n"));
}

TEST_CASE("BHZ Figure 7: radial clusterings lie on the boundary of the polytope's shadow") {
  CHECK_THAT(table_of("bhz_figure_7", "--directions 300"), ContainsSubstring("we measure: at most 0 inside of it"));
}

TEST_CASE("BHZ Figures 8 to 10: the theorems hold, and all-shape clusters are where x . s is largest") {
  const auto table = table_of("bhz_figure_8_and_9");
  CHECK_THAT(table, ContainsSubstring("properties of Theorem 2\n    paper says: hold\n    we measure: hold"));
  CHECK_THAT(table, ContainsSubstring("properties of Theorem 3\n    paper says: hold\n    we measure: hold"));
  const auto radial = table_of("bhz_figure_10");
  CHECK_THAT(radial, ContainsSubstring("we measure: both agree"));
  CHECK_THAT(radial, ContainsSubstring("items not at their largest x . s_i\n    paper says: 0\n    we measure: 0\n"));
  CHECK_THAT(radial, ContainsSubstring("empty clusters\n    paper says: possible\n    we measure: 1\n"));
}

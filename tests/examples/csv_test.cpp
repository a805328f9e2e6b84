#include "common/csv.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace {

examples::Table read_text(const std::string& text, const std::string& label_column = "") {
  const auto path = std::filesystem::temp_directory_path() / ("kmscape-csv-" + std::to_string(getpid()));
  std::ofstream(path, std::ios::binary) << text;
  const auto table = examples::read_table(path, label_column);
  std::filesystem::remove(path);
  return table;
}

Eigen::MatrixXd two_points() {
  Eigen::MatrixXd points(2, 2);
  points << 1.5, -3, 2, 4e-3;
  return points;
}

}  // namespace

TEST_CASE("the same points in every separator, with and without a header, are the same table") {
  for (const std::string text :
       {"1.5,2\n-3,4e-3\n", "x,y\n1.5,2\n-3,4e-3", "1.5;2\r\n-3;4e-3\r\n", "1.5\t2\n-3\t4e-3\n",
        "  1.5   2\n-3 4e-3\n\n", "\xEF\xBB\xBFx,y\n1.5, 2\n-3 ,+4e-3\n", "# c\n\"1.5\",\"2\"\n-3,4e-3\n"})
    CHECK(read_text(text).points == two_points());
}

TEST_CASE("a header gives the names of the number columns") {
  const auto table = read_text("x,kind,y\n1.5,a,2\n-3,b,4e-3\n", "kind");
  CHECK(table.names == std::vector<std::string>{"x", "y"});
  CHECK(table.points == two_points());
}

TEST_CASE("words are labelled in order of appearance, numbers by size") {
  const auto words = read_text("1,setosa\n2,\"iris, wild\"\n3,setosa\n", "2");
  CHECK(words.label_names == std::vector<std::string>{"setosa", "iris, wild"});
  CHECK((words.labels == Eigen::Array3i(0, 1, 0)).all());
  const auto numbers = read_text("x,c\n1,10\n2,9\n3,10\n", "c");
  CHECK(numbers.label_names == std::vector<std::string>{"9", "10"});
  CHECK((numbers.labels == Eigen::Array3i(1, 0, 1)).all());
}

TEST_CASE("a column that the header calls label is no coordinate, asked for or not") {
  const std::string text = "x,label,kind,y\n1.5,7,a,2\n-3,3,b,4e-3\n";
  const auto asked = read_text("x,label,y\n1.5,7,2\n-3,3,4e-3\n", "label");
  const auto unasked = read_text("x,label,y\n1.5,7,2\n-3,3,4e-3\n");
  CHECK(asked.points == two_points());
  CHECK(unasked.points == two_points());
  CHECK(unasked.names == std::vector<std::string>{"x", "y"});
  CHECK((asked.labels == Eigen::Array2i(1, 0)).all());
  CHECK((unasked.labels == asked.labels).all());
  CHECK(asked.remark().empty());
  CHECK(unasked.remark() == " (column 'label' is no coordinate)");
  // Beside the column that was asked for it is left out.
  const auto other = read_text(text, "kind");
  CHECK(other.points == two_points());
  CHECK(other.names == std::vector<std::string>{"x", "y"});
  CHECK(other.label_names == std::vector<std::string>{"a", "b"});
  CHECK(other.columns.size() == 1);
  CHECK_FALSE(other.remark().empty());
  CHECK_THROWS_WITH(read_text("label\n1\n2\n"), ContainsSubstring("there is no column of numbers beside the labels"));
}

TEST_CASE("label columns that are read together are named together") {
  const auto path = std::filesystem::temp_directory_path() / ("kmscape-csv-two-" + std::to_string(getpid()));
  std::ofstream(path, std::ios::binary) << "x,a,y,b\n1.5,2,2,7\n-3,7,4e-3,3\n";
  const auto table = examples::read_table(path, std::vector<std::string>{"a", "b"});
  std::filesystem::remove(path);
  CHECK(table.points == two_points());
  CHECK(table.label_names == std::vector<std::string>{"2", "3", "7"});
  REQUIRE(table.columns.size() == 2);
  CHECK((table.columns[0] == Eigen::Array2i(0, 2)).all());
  CHECK((table.columns[1] == Eigen::Array2i(2, 1)).all());
  CHECK((table.labels == table.columns[0]).all());
}

#include "common/json.hpp"

#include <limits>
#include <string>

#include "support/catch.hpp"

using examples::Json;

TEST_CASE("numbers keep every bit, and what JSON has no number for becomes null") {
  CHECK(std::stod(Json(0.1 + 0.2).text()) == 0.1 + 0.2);
  CHECK(std::stod(Json(1e-300 / 3).text()) == 1e-300 / 3);
  CHECK(Json(0.1).text() == "0.1");
  CHECK(Json(std::numeric_limits<double>::infinity()).text() == "null");
  CHECK(Json(std::numeric_limits<double>::quiet_NaN()).text() == "null");
  CHECK(Json(std::int64_t{-7}).text() == "-7");
  CHECK(Json(true).text() == "true");
}

TEST_CASE("strings are escaped") { CHECK(Json("a\"b\\c\n\x01").text() == "\"a\\\"b\\\\c\\u000a\\u0001\""); }

TEST_CASE("centers are written one list a center, also in one dimension") {
  Eigen::MatrixXd centers(2, 3);
  centers << 1, 2, 3, 4, 5, 6;
  CHECK(Json(centers).text() == "[\n  [1, 4],\n  [2, 5],\n  [3, 6]\n]");
  const Eigen::MatrixXd line = centers.topRows(1);
  CHECK(Json(line).text() == "[\n  [1],\n  [2],\n  [3]\n]");
  CHECK(Json(Eigen::ArrayXd(centers.row(0).transpose())).text() == "[1, 2, 3]");
}

TEST_CASE("objects keep the order of their members and nest") {
  const auto json =
      Json::object({{"b", 1}, {"a", Json::list({Json::object({{"x", Json()}}), 2})}, {"c", Json::list({})}});
  CHECK(json.text() == "{\n  \"b\": 1,\n  \"a\": [\n    {\n      \"x\": null\n    },\n    2\n  ],\n  \"c\": []\n}");
}

// Data that come with the examples.
#pragma once

#include <filesystem>

#include <kmscape/objective/empirical_objective.hpp>

#include "common/csv.hpp"

namespace testing {

inline kmscape::EmpiricalObjective<double> iris() {
  return kmscape::EmpiricalObjective<double>(
      examples::read_table(std::filesystem::path(KMSCAPE_EXAMPLES_DIR) / "data/iris.csv", "label").points);
}

}  // namespace testing

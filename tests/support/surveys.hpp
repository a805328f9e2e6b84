// What tests ask of a survey.
#pragma once

#include <kmscape/core/points.hpp>

namespace testing {

/// Restarts that the survey of data or of a population accounts for, wherever they ended.
template <class S>
kmscape::Index restarts_counted(const S& survey) {
  kmscape::Index sum = survey.unfinished;
  if constexpr (requires { survey.degenerate; }) sum += survey.degenerate;
  for (const auto& minimum : survey.minima) sum += minimum.count;
  return sum;
}

}  // namespace testing

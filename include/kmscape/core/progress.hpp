// How long work tells its caller where it stands, and how the caller stops it.
#pragma once

#include <functional>
#include <string_view>

#include <kmscape/core/points.hpp>

namespace kmscape {

struct Progress {
  std::string_view stage;  // what is being done, e.g. "restarts"; valid during the call only
  Index done = 0;          // steps finished
  Index total = 0;         // steps planned
};

/// Called on the calling thread, between steps. Returning false stops the work at the next safe point; the result then
/// says so.
using ProgressCallback = std::function<bool(const Progress&)>;

}  // namespace kmscape

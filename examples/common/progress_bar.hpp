// A bar on the error stream while work goes on, if that is a terminal; silence in a pipe.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

#include <kmscape/core/progress.hpp>

namespace examples {

/// Hand `bar.callback()` to an option `progress`; the bar must outlive the call.
class ProgressBar {
 public:
  ProgressBar() : shown_(isatty(STDERR_FILENO) == 1) {}
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar() { clear(); }

  /// Takes the bar off the screen, before other output.
  void clear() {
    if (drawn_) std::fputs("\r\033[K", stderr);
    drawn_ = false;
  }

  [[nodiscard]] kmscape::ProgressCallback callback() {
    if (!shown_) return {};
    return [this](const kmscape::Progress& progress) {
      draw(progress);
      return true;
    };
  }

 private:
  using Clock = std::chrono::steady_clock;

  void draw(const kmscape::Progress& progress) {
    const auto now = Clock::now();
    if (progress.stage != stage_) {
      stage_ = progress.stage;
      begun_ = now;
    } else if (now - last_ < std::chrono::milliseconds(50)) {
      return;
    }
    last_ = now;
    const double share = static_cast<double>(progress.done) / static_cast<double>(progress.total);
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    const double left = share > 0 ? seconds / share - seconds : 0;
    constexpr int width = 30;
    const int full = static_cast<int>(share * width);
    std::fprintf(stderr, "\r\033[K%-9s [%s%s] %3.0f%%  %.0f s left", stage_.c_str(),
                 std::string(static_cast<std::size_t>(full), '#').c_str(),
                 std::string(static_cast<std::size_t>(width - full), '.').c_str(), 100 * share, left);
    std::fflush(stderr);
    drawn_ = true;
  }

  bool shown_, drawn_ = false;
  std::string stage_;
  Clock::time_point begun_, last_;
};

}  // namespace examples

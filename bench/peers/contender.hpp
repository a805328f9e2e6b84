// The programs under comparison, and how they take turns at one problem.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "peers/process.hpp"
#include "peers/protocol.hpp"

namespace peers {

struct Timing {
  double seconds;
  std::int64_t iterations;
};

/// A running peer; see protocol.hpp.
class Program {
 public:
  Program(std::string name, const std::vector<std::string>& command, int threads)
      : name_(std::move(name)), threads_(threads) {
    const std::string count = std::to_string(threads);
    auto words = command;
    words.push_back(count);
    process_ = std::make_unique<Process>(words, std::vector<std::pair<std::string, std::string>>{
                                                    {"OMP_NUM_THREADS", count}, {"OPENBLAS_NUM_THREADS", count}});
    const auto greeting = process_->read_line();
    if (!greeting) throw std::runtime_error(name_ + " is not installed, or does not run with threads = " + count);
    version_ = *greeting;
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& version() const { return version_; }
  [[nodiscard]] int threads() const { return threads_; }

  /// Whether the peer takes these points; they are read once. A file's name stands for what is in it.
  [[nodiscard]] bool load(const std::string& path) {
    if (path != loaded_) takes_ = answer("load " + path).has_value();
    loaded_ = path;
    return takes_;
  }

  [[nodiscard]] bool start(const std::string& path) { return answer("start " + path).has_value(); }

  /// Nothing if the peer cannot do this.
  [[nodiscard]] std::optional<Timing> fit(const std::string& method, int iterations, int repeats, bool by_cpu,
                                          const std::string& output) {
    // Threads of others that spin for a while before they sleep would take one of the cores away.
    if (threads_ > 1) std::this_thread::sleep_for(std::chrono::milliseconds(40));
    const auto reply =
        answer("fit " + method + ' ' + std::to_string(iterations) + ' ' + std::to_string(repeats) + ' ' + output);
    if (!reply) return std::nullopt;
    std::istringstream words(*reply);
    double wall = 0, cpu = 0;
    std::int64_t made = 0;
    words >> wall >> cpu >> made;
    return Timing{by_cpu ? cpu : wall, made};
  }

 private:
  [[nodiscard]] std::optional<std::string> answer(const std::string& question) {
    const auto reply = process_->ask(question);
    if (!reply) throw std::runtime_error(name_ + " ended before it answered '" + question + "'");
    if (!reply->starts_with("ok")) return std::nullopt;
    return reply->substr(2);
  }

  std::string name_, version_, loaded_;
  bool takes_ = false;
  int threads_;
  std::unique_ptr<Process> process_;
};

/// One way of one program to work.
struct Contender {
  Program* program;
  std::string method, label;
};

/// What a contender took, in the median over rounds.
struct Measured {
  std::string label;
  double seconds = 0;
  double ratio = 0;  // to the first contender, of the same round
  int rounds = 0;
  std::int64_t iterations = 0;
  std::string centers;  // the file that holds them
};

struct Rules {
  bool by_cpu = false;      // CPU time instead of wall time: for busy machines, one thread
  double budget = 1;        // seconds for each contender, roughly
  int first = 2, more = 0;  // an iteration is what `more` of them add to `first`; 0 more: fits until nothing changes
  std::string folder;
};

inline constexpr int until_nothing_changes = 10'000;

namespace internal {

/// Seconds an iteration, or a fit; nothing if the contender cannot, or did not make the iterations asked for.
[[nodiscard]] inline std::optional<Timing> sample(const Contender& contender, const Rules& rules, int repeats,
                                                  const std::string& output) {
  if (rules.more == 0)
    return contender.program->fit(contender.method, until_nothing_changes, repeats, rules.by_cpu, output);
  const auto few = contender.program->fit(contender.method, rules.first, repeats, rules.by_cpu, output);
  if (!few) return std::nullopt;
  const int all = rules.first + rules.more;
  const auto many = contender.program->fit(contender.method, all, repeats, rules.by_cpu, output);
  if (!many) return std::nullopt;
  if (few->iterations != rules.first || many->iterations != all) {
    std::cerr << contender.label << " made " << few->iterations << " and " << many->iterations << " iterations, not "
              << rules.first << " and " << all << ": left out\n";
    return std::nullopt;
  }
  return Timing{(many->seconds - few->seconds) / rules.more, many->iterations};
}

}  // namespace internal

/// Lets contenders that have loaded the problem take turns until the budget is used up: noise that comes and goes meets
/// all of them, and ratios are formed within a round. The first contender is the one to compare with.
[[nodiscard]] inline std::vector<Measured> take_turns(const std::vector<Contender>& contenders, const Rules& rules) {
  using Clock = std::chrono::steady_clock;
  struct State {
    Contender contender;
    Measured measured;
    int repeats = 1;
    std::vector<double> seconds, ratios;
  };
  std::vector<State> states;
  for (const auto& contender : contenders) {
    State state{contender, {}, 1, {}, {}};
    state.measured.label = contender.label;
    state.measured.centers = rules.folder + "/centers-" + std::to_string(states.size()) + ".bin";
    // Runs of microseconds are repeated within a round. This run also warms up.
    const int iterations = rules.more == 0 ? until_nothing_changes : rules.first;
    const auto once = contender.program->fit(contender.method, iterations, 1, rules.by_cpu, state.measured.centers);
    if (!once) continue;
    state.repeats = static_cast<int>(std::clamp(0.004 / std::max(once->seconds, 1e-6), 1.0, 50.0));
    states.push_back(std::move(state));
  }
  if (states.empty()) return {};

  const auto start = Clock::now();
  const auto used = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  const double budget = rules.budget * static_cast<double>(states.size());
  for (int round = 0; round < 41; ++round) {
    std::vector<double> seconds;
    for (auto& state : states) {
      const auto timing = internal::sample(state.contender, rules, state.repeats, state.measured.centers);
      seconds.push_back(timing ? timing->seconds : std::nan(""));
      if (timing) state.measured.iterations = timing->iterations;
    }
    for (std::size_t c = 0; c < states.size(); ++c) {
      // On a busy machine the longer run can come out as the shorter one.
      if (!(seconds[c] > 0)) continue;
      states[c].seconds.push_back(seconds[c]);
      if (seconds[0] > 0) states[c].ratios.push_back(seconds[c] / seconds[0]);
    }
    // Medians of three rounds at least, unless a round takes minutes.
    if (used() > budget && (round >= 2 || used() > 5 * budget)) break;
  }
  std::vector<Measured> result;
  for (auto& state : states) {
    if (state.ratios.empty()) continue;
    state.measured.seconds = median(state.seconds);
    state.measured.ratio = median(state.ratios);
    state.measured.rounds = static_cast<int>(state.seconds.size());
    result.push_back(state.measured);
  }
  return result;
}

}  // namespace peers

// The main function of every benchmark program: Google Benchmark's, and --markdown=FILE writes the results as a table.
#pragma once

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/numbers.hpp"

namespace bench {

/// BM_Work<double>/n:10/d:2/real_time as "`Work<double>`, n = 10, d = 2".
[[nodiscard]] inline std::string readable_name(const benchmark::BenchmarkReporter::Run& run) {
  const auto& name = run.run_name;
  std::string text =
      '`' + (name.function_name.starts_with("BM_") ? name.function_name.substr(3) : name.function_name) + '`';
  if (!name.args.empty()) text += ", ";
  for (const char c : name.args) {
    if (c == '/')
      text += ", ";
    else if (c == ':')
      text += " = ";
    else
      text += c;
  }
  return text;
}

/// Prints as Google Benchmark does, and keeps the runs for a table.
class TableReporter : public benchmark::ConsoleReporter {
 public:
  TableReporter() : ConsoleReporter(isatty(STDOUT_FILENO) != 0 ? OO_ColorTabular : OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const auto& run : runs)
      if (!run.error_occurred) runs_.push_back(run);
  }

  void write(std::ostream& out, std::string_view title, bool shows_time) const {
    std::vector<std::string> counters;
    for (const auto& run : runs_)
      for (const auto& [name, counter] : run.counters)
        if (std::find(counters.begin(), counters.end(), name) == counters.end()) counters.push_back(name);
    const bool has_labels =
        std::any_of(runs_.begin(), runs_.end(), [](const Run& run) { return !run.report_label.empty(); });
    out << "### " << title << "\n\n| benchmark | " << (has_labels ? "| " : "") << (shows_time ? "time |" : "");
    for (const auto& name : counters) out << ' ' << name << " |";
    out << "\n|---|" << (has_labels ? "---|" : "") << (shows_time ? "---:|" : "");
    for (std::size_t c = 0; c < counters.size(); ++c) out << "---:|";
    out << '\n';
    for (const auto& run : runs_) {
      out << "| " << readable_name(run) << " |";
      if (has_labels) out << ' ' << run.report_label << " |";
      if (shows_time)
        out << ' ' << duration(run.GetAdjustedRealTime() / benchmark::GetTimeUnitMultiplier(run.time_unit)) << " |";
      for (const auto& name : counters) {
        const auto found = run.counters.find(name);
        out << ' ' << (found == run.counters.end() ? "" : three_digits(found->second.value)) << " |";
      }
      out << '\n';
    }
    out << '\n';
  }

 private:
  std::vector<Run> runs_;
};

/// Runs what the command line asks for; returns the program's exit code. The table leaves out times where rates say
/// all.
inline int run(std::string_view title, int argc, char** argv, bool shows_time = true) {
  constexpr std::string_view flag = "--markdown=";
  std::string table;
  std::vector<char*> rest;
  for (int i = 0; i < argc; ++i) {
    if (std::string_view(argv[i]).starts_with(flag))
      table = std::string_view(argv[i]).substr(flag.size());
    else
      rest.push_back(argv[i]);
  }
  int count = static_cast<int>(rest.size());
  rest.push_back(nullptr);
  benchmark::Initialize(&count, rest.data());
  if (benchmark::ReportUnrecognizedArguments(count, rest.data())) return 1;
  TableReporter reporter;
  const bool ran = benchmark::RunSpecifiedBenchmarks(&reporter) > 0;
  benchmark::Shutdown();
  if (table.empty() || !ran) return 0;
  std::ofstream out(table);
  reporter.write(out, title, shows_time);
  if (out.flush()) return 0;
  std::cerr << table << " cannot be written\n";
  return 1;
}

}  // namespace bench

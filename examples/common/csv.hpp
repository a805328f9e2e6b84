// Reads points from a text file: one point a line, numbers separated by commas, semicolons, tabs or blanks.
//
// A first line without any number is the header. Blank lines and lines that begin with # are skipped. Some columns may
// hold labels (words or numbers); one that the header calls `label` always does. Every complaint is one line
// `FILE:LINE:COLUMN: ...`, COLUMN being the number of the field.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <kmscape/core/points.hpp>

#include "common/errors.hpp"

namespace examples {

struct Table {
  std::vector<std::string> names;        // of the d columns of numbers; empty without a header
  Eigen::MatrixXd points;                // d x n: a column for each line of the file
  kmscape::Labels labels;                // n, where there is a label column
  std::vector<std::string> label_names;  // what label 0, 1, ... is called in the file
  std::vector<kmscape::Labels> columns;  // all label columns that were asked for, named together; the first is `labels`
  bool has_unasked_labels = false;       // a column `label` that was not asked for: `labels` if none was, else left out

  /// What a program says of that column.
  [[nodiscard]] std::string remark() const {
    return has_unasked_labels ? " (column 'label' is no coordinate)" : std::string();
  }
};

namespace internal {

inline std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

inline std::vector<std::string> split(std::string_view line, char separator) {
  std::vector<std::string> fields;
  std::size_t at = 0;
  while (at <= line.size()) {
    std::size_t end = 0;
    if (separator == ' ') {
      at = line.find_first_not_of(" \t", at);
      if (at == std::string_view::npos) break;
      end = std::min(line.find_first_of(" \t", at), line.size());
    } else {
      const bool quoted = at < line.size() && line[at] == '"';
      end = std::min(line.find(separator, quoted ? line.find('"', at + 1) : at), line.size());
    }
    auto field = trimmed(line.substr(at, end - at));
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') field = field.substr(1, field.size() - 2);
    fields.emplace_back(field);
    at = end + 1;
  }
  return fields;
}

/// The number that the whole field spells, "nan" and "inf" included; nothing otherwise.
inline std::optional<double> parse_number(std::string_view field) {
  if (!field.empty() && field.front() == '+') field.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (end != field.data() + field.size() || field.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return HUGE_VAL;
  if (error != std::errc()) return std::nullopt;
  return value;
}

/// Labels by number where all are numbers, else in order of appearance.
inline void name_labels(const std::vector<std::string>& words, Table& table) {
  auto& names = table.label_names;
  for (const auto& word : words)
    if (std::find(names.begin(), names.end(), word) == names.end()) names.push_back(word);
  const auto is_number = [](const std::string& name) { return parse_number(name).has_value(); };
  if (std::all_of(names.begin(), names.end(), is_number))
    std::sort(names.begin(), names.end(),
              [](const auto& a, const auto& b) { return *parse_number(a) < *parse_number(b); });
  const auto n = static_cast<std::size_t>(table.points.cols());
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i % n == 0) table.columns.emplace_back(table.points.cols());
    table.columns.back()(static_cast<kmscape::Index>(i % n)) =
        static_cast<kmscape::Label>(std::find(names.begin(), names.end(), words[i]) - names.begin());
  }
  table.labels = table.columns.front();
}

}  // namespace internal

/// Reads `path`; each of `label_columns` is a header's name or a 1-based column number. A column `label` is no
/// coordinate either: without label columns it is the one. Throws `input_error`.
inline Table read_table(const std::filesystem::path& path, const std::vector<std::string>& label_columns) {
  const std::string file = path.string();
  const auto complain = [&](std::size_t line, std::size_t column, const std::string& what) {
    std::string place = file;
    if (line > 0) place += ':' + std::to_string(line);
    if (column > 0) place += ':' + std::to_string(column);
    throw input_error(place + ": " + what);
  };
  if (!std::filesystem::exists(path)) complain(0, 0, "there is no such file");
  if (std::filesystem::is_directory(path)) complain(0, 0, "is a folder, not a file of points");
  std::ifstream in(path, std::ios::binary);
  if (!in) complain(0, 0, "cannot be read");

  Table table;
  std::vector<double> numbers;
  std::vector<std::vector<std::string>> words(label_columns.size());
  std::vector<std::string> header;
  std::vector<std::size_t> label_at;  // the label columns' numbers from 1
  std::size_t left_out = 0;           // the number of a column that is neither read as numbers nor as labels
  const auto label_number = [&](std::size_t column) {
    return static_cast<std::size_t>(std::find(label_at.begin(), label_at.end(), column) - label_at.begin());
  };
  std::string text;
  std::size_t line = 0, first_line = 0, width = 0;
  kmscape::Index n = 0;
  char separator = ',';
  while (std::getline(in, text)) {
    ++line;
    std::string_view content = text;
    if (line == 1 && content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
    content = internal::trimmed(content);
    if (content.empty() || content.front() == '#') continue;

    const bool is_first = first_line == 0;
    if (is_first) {
      first_line = line;
      for (const char candidate : {',', ';', '\t', ' '}) {
        separator = candidate;
        if (content.find(candidate) != std::string_view::npos) break;
      }
    }
    auto fields = internal::split(content, separator);
    if (is_first) {
      width = fields.size();
      const bool has_number = std::any_of(fields.begin(), fields.end(),
                                          [](const auto& field) { return internal::parse_number(field).has_value(); });
      if (!has_number) header = fields;
      for (const auto& label_column : label_columns) {
        const auto named = std::find(header.begin(), header.end(), label_column);
        const auto number = internal::parse_number(label_column);
        if (named != header.end())
          label_at.push_back(static_cast<std::size_t>(named - header.begin()) + 1);
        else if (number && *number >= 1 && *number <= static_cast<double>(width) && *number == std::floor(*number))
          label_at.push_back(static_cast<std::size_t>(*number));
        else {
          std::string known;
          for (const auto& name : header) known += (known.empty() ? "'" : ", '") + name + "'";
          complain(line, 0,
                   "there is no column '" + label_column + "'; " +
                       (header.empty() ? "the file has no header: name it by its number, 1 to " + std::to_string(width)
                                       : "there are " + known));
        }
      }
      const auto unasked =
          static_cast<std::size_t>(std::find(header.begin(), header.end(), "label") - header.begin()) + 1;
      if (unasked <= header.size() && label_number(unasked) == label_at.size()) {
        table.has_unasked_labels = true;
        if (label_at.empty()) {
          label_at.push_back(unasked);
          words.resize(1);
        } else {
          left_out = unasked;
        }
      }
      if (width <= label_at.size() + (left_out > 0))
        complain(line, 0, "there is no column of numbers beside the labels");
      if (!header.empty()) {
        for (std::size_t c = 0; c < width; ++c)
          if (c + 1 != left_out && label_number(c + 1) == label_at.size()) table.names.push_back(header[c]);
        continue;
      }
    }
    if (fields.size() != width)
      complain(line, 0,
               std::to_string(fields.size()) + (fields.size() == 1 ? " field" : " fields") + ", but line " +
                   std::to_string(first_line) + " has " + std::to_string(width));
    for (std::size_t c = 0; c < width; ++c) {
      if (c + 1 == left_out) continue;
      const auto& field = fields[c];
      if (field.empty()) complain(line, c + 1, "the field is empty");
      if (const auto label = label_number(c + 1); label < label_at.size()) {
        words[label].push_back(field);
        continue;
      }
      const auto number = internal::parse_number(field);
      if (!number) complain(line, c + 1, "'" + field + "' is not a number");
      if (!std::isfinite(*number)) complain(line, c + 1, "'" + field + "' is not a finite number");
      numbers.push_back(*number);
    }
    ++n;
  }
  if (n == 0) complain(0, 0, header.empty() ? "the file is empty" : "the file has a header, but no points");
  table.points = Eigen::Map<Eigen::MatrixXd>(numbers.data(), static_cast<kmscape::Index>(numbers.size()) / n, n);
  std::vector<std::string> all;
  for (const auto& column : words) all.insert(all.end(), column.begin(), column.end());
  if (!all.empty()) internal::name_labels(all, table);
  return table;
}

/// The same with one label column, or none to ask for where its name is empty.
inline Table read_table(const std::filesystem::path& path, const std::string& label_column = "") {
  return read_table(path, label_column.empty() ? std::vector<std::string>() : std::vector<std::string>{label_column});
}

}  // namespace examples

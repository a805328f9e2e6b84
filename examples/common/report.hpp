// What a figure program says: a table "paper says / we measure" on the screen and, with its picture, on a page.
#pragma once

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "common/errors.hpp"

namespace examples {

/// Three significant digits more than a reader will compare.
inline std::string number(double value, int digits = 6) {
  char out[64];
  std::snprintf(out, sizeof out, "%.*g", digits, value);
  return out;
}

inline std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

class Report {
 public:
  /// @param name of the files, e.g. `qzc_figure_1`.
  Report(std::string name, std::string title, std::string text)
      : name_(std::move(name)), title_(std::move(title)), text_(std::move(text)) {}

  Report& row(std::string quantity, std::string paper, std::string measured, std::string note = "") {
    rows_.push_back({std::move(quantity), std::move(paper), std::move(measured), std::move(note)});
    return *this;
  }

  /// Prints the table and writes `NAME.html`, a fragment that shows `NAME.png` above it.
  void write(const std::filesystem::path& folder) const {
    std::cout << title_ << "\n\n";
    for (const auto& r : rows_)
      std::cout << "  " << r.quantity << "\n    paper says: " << r.paper << "\n    we measure: " << r.measured
                << (r.note.empty() ? "" : "\n    note:       " + r.note) << '\n';
    std::cout << '\n';

    std::string html = "<section id=\"" + name_ + "\">\n<h2>" + escaped(title_) + "</h2>\n<p>" + escaped(text_) +
                       "</p>\n<img src=\"" + name_ + ".png\" alt=\"" + escaped(title_) + "\">\n" +
                       "<table>\n<tr><th></th><th>paper says</th><th>we measure</th><th>note</th></tr>\n";
    for (const auto& r : rows_)
      html += "<tr><td>" + escaped(r.quantity) + "</td><td>" + escaped(r.paper) + "</td><td>" + escaped(r.measured) +
              "</td><td>" + escaped(r.note) + "</td></tr>\n";
    write_file(folder / (name_ + ".html"), html + "</table>\n</section>\n");
  }

 private:
  struct Row {
    std::string quantity, paper, measured, note;
  };
  std::string name_, title_, text_;
  std::vector<Row> rows_;
};

/// The folder that figure programs write to, made if it is not there.
inline std::filesystem::path output_folder(const std::string& name) {
  const std::filesystem::path folder = name.empty() ? "." : name;
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) throw input_error(folder.string() + ": the folder cannot be made");
  return folder;
}

}  // namespace examples

// Pictures by the program gnuplot: a script with its data inline is always written, the picture where gnuplot is
// installed.
#pragma once

#include <Eigen/Core>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "common/errors.hpp"

namespace examples {

/// Colours that also colour-blind readers tell apart (Okabe, Ito 2008), by index.
inline std::string colour(Eigen::Index i) {
  static const std::vector<std::string> colours = {"#0072B2", "#E69F00", "#009E73", "#CC79A7",
                                                   "#D55E00", "#56B4E9", "#8C6D31", "#7F7F7F"};
  return colours[static_cast<std::size_t>(i) % colours.size()];
}

/// The same, mixed with white: for areas behind points.
inline std::string pale_colour(Eigen::Index i) {
  static const std::vector<std::string> colours = {"#DCEBF5", "#FCF1DB", "#DBF1EA", "#F7E9F1",
                                                   "#F9E5DA", "#E7F4FC", "#EFEADF", "#ECECEC"};
  return colours[static_cast<std::size_t>(i) % colours.size()];
}

/// The colour as the number that gnuplot's `lc rgb variable` takes from a column.
inline double colour_value(Eigen::Index i) { return static_cast<double>(std::stoi(colour(i).substr(1), nullptr, 16)); }

/// A path that a picture can be written to; another format would silently be a PNG. Throws `input_error`.
inline std::filesystem::path picture_path(std::filesystem::path path) {
  if (path.extension() != ".png" && path.extension() != ".svg")
    throw input_error(path.string() + ": pictures are .png or .svg");
  return path;
}

/// A gnuplot script in the making. Text is passed on as it is; `data` gives numbers a name to plot.
class Picture {
 public:
  /// @param path of the picture, see `picture_path`. The script goes beside it, as .gp.
  Picture(std::filesystem::path path, int width, int height) : path_(picture_path(std::move(path))) {
    const bool svg = path_.extension() == ".svg";
    script_ << "set terminal " << (svg ? "svg" : "pngcairo") << " size " << width << ',' << height
            << " enhanced font 'DejaVu Sans," << (svg ? 13 : 11) << "' background '#FFFFFF'\n"
            << "set border 3 lc '#666666'\nset tics nomirror textcolor '#333333'\nset title font ',12'\n"
            << "set style fill solid noborder\nset key textcolor '#333333' samplen 1.5\n";
  }

  /// Stores the columns of `values`, one a line, and returns the name of the block.
  std::string data(const Eigen::Ref<const Eigen::MatrixXd>& values) {
    const std::string name = "$data" + std::to_string(blocks_++);
    script_ << name << " << EOD\n";
    script_.precision(10);
    for (Eigen::Index j = 0; j < values.cols(); ++j) {
      for (Eigen::Index i = 0; i < values.rows(); ++i) script_ << (i > 0 ? " " : "") << values(i, j);
      script_ << '\n';
    }
    script_ << "EOD\n";
    return name;
  }

  /// Adds a line to the script.
  Picture& operator<<(const std::string& line) {
    script_ << line << '\n';
    return *this;
  }

  /// Writes the script and draws the picture; false, with a line that says so, where gnuplot is missing.
  bool draw() const {
    auto script_path = path_;
    script_path.replace_extension(".gp");
    write_file(script_path, "set output '" + path_.filename().string() + "'\n" + script_.str());
    if (std::system("command -v gnuplot > /dev/null 2>&1") != 0) {
      std::cerr << "gnuplot is not installed (Debian, Ubuntu: gnuplot-nox): wrote " << script_path.string()
                << ", not the picture\n";
      return false;
    }
    const auto folder = path_.has_parent_path() ? path_.parent_path().string() : std::string(".");
    const std::string command =
        "cd " + in_shell(folder) + " && gnuplot " + in_shell(script_path.filename().string()) + " 2>&1";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("gnuplot failed on " + script_path.string());
    return true;
  }

 private:
  static std::string in_shell(const std::string& word) {
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
    return out + "'";
  }

  std::filesystem::path path_;
  std::ostringstream script_;
  int blocks_ = 0;
};

/// Text that gnuplot's enhanced mode would otherwise read as markup.
inline std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string("_^{}@&~").find(c) != std::string::npos) out += "\\\\";
    if (c == '\'') out += "'";
    out += c;
  }
  return out;
}

}  // namespace examples

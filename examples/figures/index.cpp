// Joins what the survey example and the figure programs wrote into one page, index.html.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "common/arguments.hpp"
#include "common/report.hpp"

namespace {

constexpr auto head = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>kmscape: surveys and figures</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
img { max-width: 100%; height: auto; border: 1px solid #ddd; border-radius: 6px }
table { border-collapse: collapse; margin: 1rem 0 3rem; font-size: .92rem }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem; border-bottom: 1px solid #ddd }
h2 { margin-top: 3rem }
</style>
</head>
<body>
<h1>kmscape: surveys and figures</h1>
)";

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A picture that no figure program describes: the survey example's, with its data.
std::string survey_section(const std::string& name) {
  const std::string data = name.substr(std::string("survey_").size());
  return "<section id=\"" + name + "\">\n<h2>Survey of " + data + "</h2>\n<img src=\"" + name +
         ".png\" alt=\"Survey of " + data + "\">\n<p>All minima in full precision: <a href=\"" + name + ".json\">" +
         name + ".json</a></p>\n</section>\n";
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "index --out DIR", {{"out", "DIR", "folder of the figures"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));

    std::vector<std::string> surveys, figures;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const auto name = entry.path().stem().string();
      if (entry.path().extension() == ".json" && name.starts_with("survey_")) surveys.push_back(name);
      if (entry.path().extension() == ".html" && name != "index") figures.push_back(name);
    }
    std::sort(surveys.begin(), surveys.end());
    std::sort(figures.begin(), figures.end());

    std::string list = "<ul>\n", body;
    const auto add = [&](const std::string& name, const std::string& section) {
      const auto begin = section.find("<h2>") + 4;
      list += "<li><a href=\"#" + name + "\">" + section.substr(begin, section.find("</h2>") - begin) + "</a></li>\n";
      body += section;
    };
    for (const auto& name : surveys) add(name, survey_section(name));
    for (const auto& name : figures) add(name, read(folder / (name + ".html")));
    examples::write_file(folder / "index.html", head + list + "</ul>\n" + body + "</body>\n</html>\n");
    std::cout << "wrote " << (folder / "index.html").string() << '\n';
  });
}

// Joins what the examples and the figure programs wrote into one page, index.html.
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
<title>kmscape: examples and figures</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
img { max-width: 100%; height: auto; border: 1px solid #ddd; border-radius: 6px }
table { border-collapse: collapse; margin: 1rem 0 3rem; font-size: .92rem }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem; border-bottom: 1px solid #ddd }
h2 { margin-top: 3rem }
</style>
</head>
<body>
<h1>kmscape: examples and figures</h1>
)";

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A picture that no figure program describes: an example's, with its data.
struct ExampleKind {
  std::string prefix, title, numbers;
};
const std::vector<ExampleKind> example_kinds = {
    {"survey_", "Survey of ", "All minima"},
    {"choose_k_", "How many clusters: ", "All scores"},
    {"network_", "Minima and the barriers between them: ", "All minima and transition states"},
};

std::string example_section(const ExampleKind& kind, const std::string& name) {
  const std::string title = kind.title + name.substr(kind.prefix.size());
  return "<section id=\"" + name + "\">\n<h2>" + title + "</h2>\n<img src=\"" + name + ".png\" alt=\"" + title +
         "\">\n<p>" + kind.numbers + " in full precision: <a href=\"" + name + ".json\">" + name +
         ".json</a></p>\n</section>\n";
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "index --out DIR", {{"out", "DIR", "folder of the figures"}});
    if (arguments.printed_help()) return;
    const auto folder = examples::output_folder(arguments.text("out"));

    std::vector<std::string> examples, figures;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const auto name = entry.path().stem().string();
      if (entry.path().extension() == ".json") examples.push_back(name);
      if (entry.path().extension() == ".html" && name != "index") figures.push_back(name);
    }
    std::sort(examples.begin(), examples.end());
    std::sort(figures.begin(), figures.end());

    std::string list = "<ul>\n", body;
    const auto add = [&](const std::string& name, const std::string& section) {
      const auto begin = section.find("<h2>") + 4;
      list += "<li><a href=\"#" + name + "\">" + section.substr(begin, section.find("</h2>") - begin) + "</a></li>\n";
      body += section;
    };
    for (const auto& kind : example_kinds)
      for (const auto& name : examples)
        if (name.starts_with(kind.prefix)) add(name, example_section(kind, name));
    for (const auto& name : figures) add(name, read(folder / (name + ".html")));
    examples::write_file(folder / "index.html", head + list + "</ul>\n" + body + "</body>\n</html>\n");
    std::cout << "wrote " << (folder / "index.html").string() << '\n';
  });
}

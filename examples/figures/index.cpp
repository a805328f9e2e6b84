// Joins what the examples and the figure programs wrote into one page, index.html, with the list of errata at its end.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "common/arguments.hpp"
#include "common/errors.hpp"
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

/// Numbers within names are compared as numbers: figure 4 comes before figure 10.
bool naturally_less(const std::string& a, const std::string& b) {
  const auto number_at = [](const std::string& text, std::size_t at) {
    return text.substr(at, text.find_first_not_of("0123456789", at) - at);
  };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    const auto left = number_at(a, i), right = number_at(b, j);
    if (left.empty() || right.empty()) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
    } else {
      if (left.size() != right.size()) return left.size() < right.size();
      if (left != right) return left < right;
      i += left.size();
      j += right.size();
    }
  }
  return a.size() - i < b.size() - j;
}

/// One line of markdown: `code` and what HTML must not take for tags.
std::string inline_html(const std::string& text) {
  std::string html;
  bool in_code = false;
  for (const char c : text) {
    if (c == '`') {
      html += in_code ? "</code>" : "<code>";
      in_code = !in_code;
    } else {
      html += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
    }
  }
  return html;
}

/// A paragraph, or an item of a list and how deep that is nested.
struct Block {
  std::size_t depth;
  std::string text;
};

/// Paragraphs and lists, nested by two spaces, whose lines may be continued.
std::vector<Block> blocks_of(const std::string& markdown) {
  std::vector<Block> blocks;
  std::istringstream lines(markdown);
  bool is_new = true;
  for (std::string line; std::getline(lines, line);) {
    const auto indent = line.find_first_not_of(' ');
    if (indent == std::string::npos) {
      is_new = true;
    } else if (line.compare(indent, 2, "- ") == 0) {
      blocks.push_back({indent / 2 + 1, line.substr(indent + 2)});
      is_new = false;
    } else if (is_new) {
      blocks.push_back({0, line.substr(indent)});
      is_new = false;
    } else {
      blocks.back().text += ' ' + line.substr(indent);
    }
  }
  return blocks;
}

/// The errata of the README beside this program's source.
std::string errata_section() {
  const auto path = std::filesystem::path(__FILE__).parent_path() / "README.md";
  const std::string page = read(path), title = "## Errata\n";
  const auto start = page.find(title);
  if (start == std::string::npos) throw examples::input_error(path.string() + ": there is no section 'Errata'");
  const auto from = start + title.size();
  std::string html = "<section id=\"errata\">\n<h2>Errata</h2>\n";
  std::size_t depth = 0;
  const auto close_to = [&](std::size_t least) {
    for (; depth > least; --depth) html += "</li>\n</ul>\n";
  };
  for (const auto& block : blocks_of(page.substr(from, page.find("\n## ", from) - from))) {
    close_to(block.depth);
    if (block.depth == 0) {
      html += "<p>" + inline_html(block.text) + "</p>\n";
      continue;
    }
    if (depth == block.depth) html += "</li>\n";
    for (; depth < block.depth; ++depth) html += "\n<ul>\n";
    html += "<li>" + inline_html(block.text);
  }
  close_to(0);
  return html + "</section>\n";
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
    std::sort(examples.begin(), examples.end(), naturally_less);
    std::sort(figures.begin(), figures.end(), naturally_less);

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
    add("errata", errata_section());
    examples::write_file(folder / "index.html", head + list + "</ul>\n" + body + "</body>\n</html>\n");
    std::cout << "wrote " << (folder / "index.html").string() << '\n';
  });
}

// The disconnectivity graph of a network as lines and places to draw: minima are leaves, joined at their lowest
// barrier.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <kmscape/landscape/association.hpp>
#include <kmscape/landscape/network.hpp>

#include "common/gnuplot.hpp"
#include "common/report.hpp"

namespace examples {

/// Whether no state is known that joins this minimum to another.
inline bool is_alone(const kmscape::MergeTree& tree, std::size_t node) {
  return tree.nodes[node].parent < 0 && tree.nodes[node].state < 0;
}

/// Leaves of the tree from left to right, the deeper subtree first and those alone last; a node stands over the middle
/// of its subtrees.
inline std::vector<double> places(const kmscape::MergeTree& tree) {
  std::vector<double> place(tree.nodes.size(), 0);
  std::vector<std::size_t> roots;
  for (std::size_t node = 0; node < tree.nodes.size(); ++node)
    if (tree.nodes[node].parent < 0) roots.push_back(node);
  std::stable_sort(roots.begin(), roots.end(), [&](std::size_t a, std::size_t b) {
    const bool a_alone = is_alone(tree, a), b_alone = is_alone(tree, b);
    return a_alone != b_alone ? b_alone : tree.nodes[a].lowest < tree.nodes[b].lowest;
  });
  double next = 0;
  for (const std::size_t root : roots) {
    std::vector<std::size_t> open = {root};
    while (!open.empty()) {
      const auto node = open.back();
      open.pop_back();
      if (tree.nodes[node].state < 0) {
        place[node] = next++;
        continue;
      }
      open.push_back(static_cast<std::size_t>(tree.nodes[node].higher));
      open.push_back(static_cast<std::size_t>(tree.nodes[node].lower));
    }
  }
  // Subtrees come before what joins them.
  for (std::size_t node = 0; node < tree.nodes.size(); ++node)
    if (tree.nodes[node].state >= 0)
      place[node] = (place[static_cast<std::size_t>(tree.nodes[node].lower)] +
                     place[static_cast<std::size_t>(tree.nodes[node].higher)]) /
                    2;
  return place;
}

struct DisconnectivityGraph {
  Eigen::MatrixXd lines;      // x, y and how far each goes in x and y
  std::vector<double> place;  // x of every node, minima first
  double top = 0;             // the highest barrier, or minimum
  double head = 0;            // by how much the best minimum's tree stands out above it
};

inline DisconnectivityGraph disconnectivity_graph(const kmscape::MergeTree& tree) {
  DisconnectivityGraph graph;
  graph.place = places(tree);
  if (tree.nodes.empty()) return graph;
  double bottom = tree.nodes.front().value;
  graph.top = bottom;
  for (const auto& node : tree.nodes) {
    graph.top = std::max(graph.top, node.value);
    bottom = std::min(bottom, node.value);
  }
  graph.head = 0.05 * (graph.top - bottom);
  std::vector<Eigen::Vector4d> lines;
  for (std::size_t n = 0; n < tree.nodes.size(); ++n) {
    const auto& node = tree.nodes[n];
    // The tree of the best minimum stands out above; no way is known from the others to it.
    const bool is_joined = node.parent >= 0;
    if (is_joined || node.lowest == 0) {
      const double above = is_joined ? tree.nodes[static_cast<std::size_t>(node.parent)].value : graph.top + graph.head;
      lines.emplace_back(graph.place[n], node.value, 0, above - node.value);
    }
    if (node.state < 0) continue;
    const double left = graph.place[static_cast<std::size_t>(node.lower)],
                 right = graph.place[static_cast<std::size_t>(node.higher)];
    lines.emplace_back(left, node.value, right - left, 0);
  }
  graph.lines.resize(4, static_cast<Eigen::Index>(lines.size()));
  for (std::size_t l = 0; l < lines.size(); ++l) graph.lines.col(static_cast<Eigen::Index>(l)) = lines[l];
  return graph;
}

inline constexpr const char* class_names[] = {"every cluster has its center", "many-fit-one beside one-fit-many",
                                              "an almost-empty center", "many-fit-many", "minimum"};

/// Which of `class_names` a minimum belongs to.
inline Eigen::Index class_of(const kmscape::Association& association) {
  if (association.is_truth()) return 0;
  if (!association.is_structured()) return 3;
  return association.almost_empty.empty() ? 1 : 2;
}

/// Sets the ranges for a network's graph and returns what plots it: lines of this width, and minima as points of this
/// size in the colours of their classes, `kinds`.
inline std::string graph_plot(Picture& picture, const kmscape::Network<double>& network,
                              const std::vector<Eigen::Index>& kinds, double width, double size) {
  const auto graph = disconnectivity_graph(kmscape::merge_tree(network));
  const auto minima = static_cast<Eigen::Index>(network.minima.size());
  Eigen::MatrixXd marks(3, minima);
  for (Eigen::Index m = 0; m < minima; ++m) {
    const auto at = static_cast<std::size_t>(m);
    marks.col(m) << graph.place[at], network.minima[at].value, colour_value(kinds[at]);
  }
  picture << "set xrange [-1:" + std::to_string(minima) + "]"
          << "set yrange [" + number((minima == 0 ? 0 : network.best().value) - graph.head, 10) + ":" +
                 number(graph.top + 1.5 * graph.head, 10) + "]";
  return picture.data(graph.lines) + " with vectors nohead lw " + number(width) + " lc rgb '#777777' notitle, " +
         picture.data(marks) + " using 1:2:3 with points pt 7 ps " + number(size) + " lc rgb variable notitle";
}

/// The classes in their colours, at this height of a picture of several panels, as labels 10 to 13.
inline void add_class_legend(Picture& picture, double height) {
  for (std::size_t kind = 0; kind < 4; ++kind)
    picture << "set label " + std::to_string(10 + kind) + " '" + class_names[kind] + "' at screen " +
                   number(0.10 + 0.22 * static_cast<double>(kind)) + "," + number(height) +
                   " left offset 1.2,0 font ',9' textcolor '#333333' point pt 7 ps 1 lc rgb '" +
                   colour(static_cast<Eigen::Index>(kind)) + "'";
}

/// The panels that follow are without the legend and without label 1.
inline void end_class_legend(Picture& picture) {
  picture << "unset label 1";
  for (std::size_t kind = 0; kind < 4; ++kind) picture << "unset label " + std::to_string(10 + kind);
}

}  // namespace examples

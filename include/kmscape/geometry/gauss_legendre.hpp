// Gauss-Legendre rules of fixed size on [0, 1], computed once: what inner loops of geometry/ integrate with.
#pragma once

#include <array>
#include <cstddef>

#include <kmscape/core/gauss_legendre.hpp>
#include <kmscape/core/points.hpp>

namespace kmscape::internal {

/// Nodes and weights on [0, 1].
template <int N>
struct GaussLegendre {
  using Values = std::array<double, static_cast<std::size_t>(N)>;
  Values node, weight;

  /// The integral of f over [a, b].
  template <class Function>
  [[nodiscard]] double integrate(double a, double b, const Function& f) const {
    double sum = 0;
    for (std::size_t i = 0; i < node.size(); ++i) sum += weight[i] * f(a + (b - a) * node[i]);
    return (b - a) * sum;
  }
};

template <int N>
[[nodiscard]] const GaussLegendre<N>& gauss_legendre() {
  static const GaussLegendre<N> rule = [] {
    const auto symmetric = kmscape::gauss_legendre<long double>(N);
    GaussLegendre<N> result;
    for (std::size_t i = 0; i < result.node.size(); ++i) {
      const auto at = static_cast<Index>(i);
      result.node[i] = static_cast<double>((1 + symmetric.points(at)) / 2);
      result.weight[i] = static_cast<double>(symmetric.weights(at) / 2);
    }
    return result;
  }();
  return rule;
}

}  // namespace kmscape::internal

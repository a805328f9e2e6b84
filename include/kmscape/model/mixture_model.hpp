// What the library asks of planted data: a mixture f = sum_s w_s f_s with known centers beta*_s (QZC equation 2).
//
// Sampling is shared by all models. Point i of a sample draws from stream i of its seed alone, so a sample of 1000
// points is the beginning of a sample of 2000.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string_view>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>

namespace kmscape {

/// Points and the component that each was drawn from.
template <std::floating_point Scalar, int Dim = Eigen::Dynamic>
struct Sample {
  Points<Scalar, Dim> points;  // d x n
  Labels labels;               // n
};

/// A mixture with these members works with the samplers, `separation`, `cell_masses` and `associate`.
template <class M>
concept MixtureModel = requires(const M& model, Index s, typename M::Scalar x, RandomStream& stream,
                                Eigen::Matrix<typename M::Scalar, M::dim, 1>& point) {
  requires std::floating_point<typename M::Scalar>;
  { model.dimension() } -> std::convertible_to<Index>;                          // d
  { model.components() } -> std::convertible_to<Index>;                         // k
  model.centers();                                                              // d x k
  model.weights();                                                              // k, positive, summing to 1
  model.draw(s, stream, point);                                                 // a point of component s
  { model.component_variance(s) } -> std::convertible_to<typename M::Scalar>;   // E|x - center|^2
  { model.interval_mass(s, x, x) } -> std::convertible_to<typename M::Scalar>;  // d = 1: mass of component s in [a, b]
};

namespace internal {

/// The component that a uniform draw falls to.
template <class Scalar>
[[nodiscard]] Label draw_component(const Weights<Scalar>& weights, RandomStream& stream) {
  const auto u = static_cast<Scalar>(stream.uniform());
  Scalar reached = 0;
  for (Index s = 0; s + 1 < weights.size(); ++s) {
    reached += weights(s);
    if (u < reached) return static_cast<Label>(s);
  }
  return static_cast<Label>(weights.size() - 1);
}

/// n independent points; `component(i, stream)` chooses the component of point i.
template <class Model, class Component>
[[nodiscard]] Sample<typename Model::Scalar, Model::dim> draw_sample(const Model& model, Index n,
                                                                     const RandomStream& stream,
                                                                     const Component& component,
                                                                     std::string_view function) {
  require(n >= 1, function, "n", n, "a sample holds at least one point", "pass n >= 1");
  Sample<typename Model::Scalar, Model::dim> sample;
  sample.points.resize(model.dimension(), n);
  sample.labels.resize(n);
  for (Index i = 0; i < n; ++i) {
    RandomStream own = stream.split(static_cast<std::uint64_t>(i));
    sample.labels(i) = component(i, own);
    auto point = sample.points.col(i);
    model.draw(sample.labels(i), own, point);
  }
  return sample;
}

template <class Model>
[[nodiscard]] auto draw_independent(const Model& model, Index n, const RandomStream& stream,
                                    std::string_view function) {
  return draw_sample(
      model, n, stream, [&](Index, RandomStream& own) { return draw_component(model.weights(), own); }, function);
}

template <class Model>
[[nodiscard]] auto draw_balanced(const Model& model, Index n, const RandomStream& stream, std::string_view function) {
  const Index k = model.components();
  const auto least = model.weights().minCoeff(), most = model.weights().maxCoeff();
  // Thirds that were added up differently still count as equal.
  require(most - least <= 4 * std::numeric_limits<decltype(most)>::epsilon() * most, function, "weights", "unequal",
          "a balanced sample takes the same number of points from every component",
          "use sample(), or a model with equal weights");
  require(n >= k && n % k == 0, function, "n", n, text("it must be a positive multiple of the ", k, " components"),
          text("pass e.g. ", n > k ? n - n % k : k));
  return draw_sample(
      model, n, stream, [k](Index i, RandomStream&) { return static_cast<Label>(i % k); }, function);
}

/// Component weights, scaled to sum to 1.
template <class Scalar, class Derived>
[[nodiscard]] Weights<Scalar> normalised_weights(const Eigen::DenseBase<Derived>& weights, Index k,
                                                 std::string_view function) {
  check_weights(weights, k, function, "weights", "component");
  const Weights<Scalar> plain = weights.derived();
  const Scalar total = plain.sum();
  require(std::isfinite(total), function, "weights.sum()", total, "the sum of the weights must be finite",
          "divide all of them by the largest");
  return plain / total;
}

/// The centers as the model holds them: finite, and of its dimension.
template <class Plain, class Derived>
[[nodiscard]] Plain true_centers(const Eigen::MatrixBase<Derived>& centers, std::string_view function) {
  refuse_row_major<Derived>();
  check_columns(centers, function, "centers", "center");
  constexpr int dim = Plain::RowsAtCompileTime;
  if (dim != Eigen::Dynamic && centers.rows() != dim) [[unlikely]]
    throw invalid_input(function, "centers", text("a ", centers.rows(), " x ", centers.cols(), " matrix"),
                        text("the model's compile-time dimension is ", dim),
                        text("pass ", dim, " x k centers, or leave the dimension to deduction"));
  return centers;
}

/// Cheap enough for every draw.
inline void check_component(Index s, Index components, std::string_view function) {
  require(s >= 0 && s < components, function, "s", s, "components are numbered 0, ..., components() - 1",
          "pass an index in this range");
}

/// Where interval_mass has an answer: on the line, with ends in order. NaN is not in order.
template <class Scalar>
void check_interval(Scalar a, Scalar b, Index dimension, std::string_view function) {
  require(dimension == 1, function, "dimension", dimension, "intervals are sets on the line",
          "use cell_masses, which takes any dimension");
  if (!(a <= b)) [[unlikely]]
    throw invalid_input(function, "[a, b]", text("[", a, ", ", b, "]"), "a <= b must hold",
                        "pass the smaller end first; an end may be infinite but not NaN");
}

template <class Derived>
void check_point(const Eigen::MatrixBase<Derived>& x, Index dimension, std::string_view function) {
  if (x.rows() != dimension || x.cols() != 1) [[unlikely]]
    throw invalid_input(function, "x", text("a ", x.rows(), " x ", x.cols(), " matrix"),
                        text("the model's dimension is ", dimension), text("pass a vector of ", dimension));
  check_columns(x, function, "x", "point");
}

template <class Scalar>
[[nodiscard]] Scalar positive_size(Scalar size, std::string_view function, std::string_view argument,
                                   std::string_view noun) {
  require(size > 0 && std::isfinite(size), function, argument, size, text("a ", noun, " is positive and finite"),
          text("pass a ", noun, " > 0"));
  return size;
}

/// One positive size (radius or deviation) per component.
template <class Scalar, class Derived>
[[nodiscard]] Weights<Scalar> component_sizes(const Eigen::DenseBase<Derived>& sizes, Index k,
                                              std::string_view function, std::string_view argument,
                                              std::string_view noun) {
  require(sizes.size() == k, function, argument, text(sizes.size(), " numbers"), text("there are ", k, " components"),
          text("pass one ", noun, " per component"));
  const Weights<Scalar> plain = sizes.derived();
  for (Index s = 0; s < k; ++s) (void)positive_size(plain(s), function, text(argument, "(", s, ")"), noun);
  return plain;
}

}  // namespace internal
}  // namespace kmscape

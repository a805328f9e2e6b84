// Small data for the tests, a function of the seed.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstdint>
#include <initializer_list>

#include <kmscape/core/points.hpp>
#include <kmscape/core/random.hpp>

namespace testing {

/// Standard normal coordinates.
template <class Scalar = double, int Dim = Eigen::Dynamic>
kmscape::Points<Scalar, Dim> normal_points(kmscape::Index d, kmscape::Index n, std::uint64_t seed) {
  kmscape::RandomStream stream{kmscape::Seed(seed)};
  kmscape::Points<Scalar, Dim> points(d, n);
  for (kmscape::Index i = 0; i < points.size(); ++i) points.data()[i] = static_cast<Scalar>(stream.normal());
  return points;
}

/// Whole numbers 0, ..., most: many equal points and exact ties.
inline Eigen::MatrixXd grid_points(kmscape::Index d, kmscape::Index n, kmscape::Index most, std::uint64_t seed) {
  kmscape::RandomStream stream{kmscape::Seed(seed)};
  return Eigen::MatrixXd::NullaryExpr(d, n, [&] { return static_cast<double>(stream.index(most + 1)); });
}

/// Points on the line.
inline Eigen::MatrixXd on_line(std::initializer_list<double> values) {
  Eigen::MatrixXd points(1, static_cast<kmscape::Index>(values.size()));
  kmscape::Index i = 0;
  for (const double value : values) points(0, i++) = value;
  return points;
}

/// Whole weights 1, ..., 5.
inline Eigen::ArrayXd whole_weights(kmscape::Index n, std::uint64_t seed) {
  return grid_points(1, n, 4, seed).transpose().array() + 1;
}

inline kmscape::Labels labels(std::initializer_list<kmscape::Label> values) {
  kmscape::Labels result(static_cast<kmscape::Index>(values.size()));
  std::copy(values.begin(), values.end(), result.data());
  return result;
}

}  // namespace testing

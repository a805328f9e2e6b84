// Numbers that several tests compare with.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

namespace testing {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// Share of a standard normal population below x.
inline double normal_below(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

/// sqrt(n) times the largest distance of the sample's distribution from the uniform one on [0, 1].
inline double kolmogorov_smirnov(std::vector<double> sample) {
  std::sort(sample.begin(), sample.end());
  const double n = static_cast<double>(sample.size());
  double distance = 0;
  for (std::size_t i = 0; i < sample.size(); ++i)
    distance = std::max({distance, sample[i] - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - sample[i]});
  return distance * std::sqrt(n);
}

}  // namespace testing

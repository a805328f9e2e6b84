// Numbers as a person writes them.
#pragma once

#include <cmath>
#include <cstdio>
#include <string>

namespace bench {

/// Three digits, and a unit prefix for rates.
[[nodiscard]] inline std::string three_digits(double value) {
  const double size = std::abs(value);
  char text[32];
  const auto print = [&](double shown, int decimals, const char* suffix) {
    std::snprintf(text, sizeof(text), "%.*f%s", decimals, shown, suffix);
  };
  const auto decimals = [](double shown) { return std::abs(shown) >= 99.95 ? 0 : std::abs(shown) >= 9.995 ? 1 : 2; };
  if (size >= 1e9)
    print(value / 1e9, decimals(value / 1e9), "G");
  else if (size >= 1e6)
    print(value / 1e6, decimals(value / 1e6), "M");
  else if (size >= 1e4)
    print(value / 1e3, decimals(value / 1e3), "k");
  else if (value == std::floor(value))
    print(value, 0, "");
  else if (size >= 0.1)
    print(value, decimals(value), "");
  else
    std::snprintf(text, sizeof(text), "%.2g", value);
  return text;
}

/// Seconds in the unit that a person would choose.
[[nodiscard]] inline std::string duration(double seconds) {
  if (seconds >= 1) return three_digits(seconds) + " s";
  if (seconds >= 1e-3) return three_digits(seconds * 1e3) + " ms";
  if (seconds >= 1e-6) return three_digits(seconds * 1e6) + " us";
  return three_digits(seconds * 1e9) + " ns";
}

}  // namespace bench

// How often a test repeats its random trials.
#pragma once

#include <concepts>

namespace testing {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool is_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif
#else
inline constexpr bool is_sanitized = false;
#endif

/// `count`, and with sanitizers a fifth: instrumented code is ten times as slow, and an error that it can see shows in
/// few trials, while what the counts prove is proved by the other build.
template <std::integral Count>
constexpr Count trials(Count count) {
  return is_sanitized ? (count + 4) / 5 : count;
}

}  // namespace testing

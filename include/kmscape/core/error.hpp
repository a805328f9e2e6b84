// The one exception of the library: a caller broke a rule.
//
// Everything an algorithm can meet on valid input (no convergence, ties, empty cells) is a field of its result instead.
#pragma once

#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace kmscape {

/// Thrown, before any work is done, when an argument breaks a rule. The text reads
/// `kmscape::FUNCTION: ARGUMENT = VALUE, but RULE; WAY OUT`.
class invalid_input : public std::invalid_argument {
 public:
  invalid_input(std::string_view function, std::string_view argument, std::string_view value, std::string_view rule,
                std::string_view way_out)
      : std::invalid_argument(std::string("kmscape::")
                                  .append(function)
                                  .append(": ")
                                  .append(argument)
                                  .append(" = ")
                                  .append(value)
                                  .append(", but ")
                                  .append(rule)
                                  .append("; ")
                                  .append(way_out)),
        argument_(argument) {}

  /// Name of the argument that broke the rule.
  [[nodiscard]] const std::string& argument() const noexcept { return argument_; }

 private:
  std::string argument_;
};

namespace internal {

/// Writes a value; of a floating-point number every digit that distinguishes it.
template <class Part>
void put(std::ostringstream& out, const Part& part) {
  if constexpr (std::is_floating_point_v<Part>) {
    // The shortest of the two precisions that reads back as the same number.
    std::ostringstream brief;
    brief.precision(std::numeric_limits<Part>::digits10);
    brief << part;
    Part again{};
    // The largest numbers, rounded to fewer digits, can overflow when read back.
    const bool read = static_cast<bool>(std::istringstream(brief.str()) >> again);
    if ((read && again == part) || part != part) {
      out << brief.str();
    } else {
      out.precision(std::numeric_limits<Part>::max_digits10);
      out << part;
    }
  } else {
    out << part;
  }
}

/// Joins values into one string. By value: literals of every length are then of one type, compiled once.
template <class... Parts>
[[nodiscard]] std::string text(Parts... parts) {
  std::ostringstream out;
  (put(out, parts), ...);
  return out.str();
}

/// Throws `invalid_input` unless `rule_holds`; the value is rendered only on failure.
template <class Value>
void require(bool rule_holds, std::string_view function, std::string_view argument, const Value& value,
             std::string_view rule, std::string_view way_out) {
  if (!rule_holds) [[unlikely]]
    throw invalid_input(function, argument, text(value), rule, way_out);
}

}  // namespace internal
}  // namespace kmscape

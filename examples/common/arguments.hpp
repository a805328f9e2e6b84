// Command lines: `--name value` or `--name=value`, flags, and positional arguments, checked against what is declared.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iostream>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/csv.hpp"
#include "common/errors.hpp"

namespace examples {

struct Option {
  std::string name;   // without dashes
  std::string value;  // what its value is called in the help; empty for a flag
  std::string help;
};

class Arguments {
 public:
  /// Throws `input_error` for an option that is not declared or lacks its value.
  Arguments(int argc, const char* const* argv, std::string usage, std::vector<Option> options)
      : usage_(std::move(usage)), options_(std::move(options)) {
    for (int i = 1; i < argc; ++i) {
      const std::string word = argv[i];
      if (!word.starts_with("--")) {
        positional_.push_back(word);
        continue;
      }
      const auto equals = word.find('=');
      const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
      if (name == "help") {
        wants_help_ = true;
        continue;
      }
      const auto known = std::find_if(options_.begin(), options_.end(), [&](const auto& o) { return o.name == name; });
      if (known == options_.end()) throw input_error("--" + name + " is not an option; see --help");
      if (known->value.empty()) {
        if (equals != std::string::npos) throw input_error("--" + name + " takes no value; see --help");
        values_[name] = "";
      } else if (equals != std::string::npos) {
        values_[name] = word.substr(equals + 1);
      } else if (i + 1 < argc && !std::string_view(argv[i + 1]).starts_with("--")) {
        values_[name] = argv[++i];
      } else {
        throw input_error("--" + name + " needs a value, " + known->value + "; see --help");
      }
    }
  }

  /// True after printing the help, when it was asked for.
  [[nodiscard]] bool printed_help() const {
    if (!wants_help_) return false;
    std::cout << "usage: " << usage_ << '\n';
    std::size_t width = 0;
    for (const auto& o : options_) width = std::max(width, o.name.size() + o.value.size());
    for (const auto& o : options_)
      std::cout << "  --" << o.name << ' ' << o.value << std::string(width + 2 - o.name.size() - o.value.size(), ' ')
                << o.help << '\n';
    return true;
  }

  [[nodiscard]] const std::vector<std::string>& positional() const { return positional_; }
  [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }

  [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise = "") const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }

  [[nodiscard]] std::int64_t integer(const std::string& name, std::int64_t otherwise, std::int64_t least,
                                     std::int64_t most = std::numeric_limits<std::int64_t>::max()) const {
    if (!has(name)) return otherwise;
    const std::string word = text(name);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size())
      throw input_error("--" + name + " = '" + word + "' is not a whole number; see --help");
    if (value < least || value > most)
      throw input_error("--" + name + " = " + word + " must be " +
                        (most == std::numeric_limits<std::int64_t>::max()
                             ? "at least " + std::to_string(least)
                             : "between " + std::to_string(least) + " and " + std::to_string(most)) +
                        "; see --help");
    return value;
  }

  /// A positive finite number.
  [[nodiscard]] double positive(const std::string& name) const {
    const std::string word = text(name);
    const auto value = internal::parse_number(word);
    if (!value || !(*value > 0) || !std::isfinite(*value))
      throw input_error("--" + name + " = '" + word + "' must be a positive number; see --help");
    return *value;
  }

  /// One of `choices`; the first where the option is absent.
  [[nodiscard]] std::size_t choice(const std::string& name, const std::vector<std::string>& choices) const {
    const std::string word = text(name, choices.front());
    const auto found = std::find(choices.begin(), choices.end(), word);
    if (found == choices.end()) {
      std::string list;
      for (const auto& c : choices) list += (list.empty() ? "" : ", ") + c;
      throw input_error("--" + name + " = '" + word + "' must be one of " + list + "; see --help");
    }
    return static_cast<std::size_t>(found - choices.begin());
  }

 private:
  std::string usage_;
  std::vector<Option> options_;
  std::map<std::string, std::string> values_;
  std::vector<std::string> positional_;
  bool wants_help_ = false;
};

}  // namespace examples

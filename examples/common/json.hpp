// Writes JSON: values in full precision, keys in the order in which they were set.
#pragma once

#include <Eigen/Core>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace examples {

/// A JSON value, kept as the text it will become.
class Json {
 public:
  Json() = default;  // null
  Json(bool value) : text_(value ? "true" : "false") {}
  Json(std::integral auto value) : text_(std::to_string(value)) {}
  /// The shortest text that reads back as the same number; null where it is not finite, as JSON has no such numbers.
  Json(double value) {
    if (!std::isfinite(value)) return;
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    text_.assign(digits.data(), end);
  }
  Json(std::string_view value) : text_(quoted(value)) {}
  Json(const char* value) : Json(std::string_view(value)) {}
  Json(const std::string& value) : Json(std::string_view(value)) {}

  /// A vector of numbers becomes a list; a d x k matrix a list of its k columns, each a list of d numbers.
  template <class Derived>
  Json(const Eigen::DenseBase<Derived>& values) {
    const auto list = [](const auto& column) {
      std::vector<Json> items;
      for (Eigen::Index i = 0; i < column.size(); ++i) items.emplace_back(column(i));
      return Json::list(items);
    };
    if constexpr (Derived::IsVectorAtCompileTime && !(Derived::RowsAtCompileTime == 1)) {
      *this = list(values.derived());
    } else {
      std::vector<Json> columns;
      for (Eigen::Index j = 0; j < values.cols(); ++j) columns.push_back(list(values.col(j)));
      *this = Json::list(columns);
    }
  }

  static Json list(const std::vector<Json>& items) {
    Json result;
    result.text_ = "[";
    bool nested = false;
    for (const auto& item : items) nested |= item.text_.front() == '[' || item.text_.front() == '{';
    for (std::size_t i = 0; i < items.size(); ++i) {
      result.text_ += i == 0 ? "" : nested ? "," : ", ";
      result.text_ += nested ? "\n  " + indented(items[i].text_) : items[i].text_;
    }
    result.text_ += nested ? "\n]" : "]";
    return result;
  }

  using Members = std::vector<std::pair<std::string, Json>>;

  static Json object(const Members& members) {
    Json result;
    result.text_ = "{";
    for (std::size_t i = 0; i < members.size(); ++i)
      result.text_ += (i == 0 ? "\n  " : ",\n  ") + quoted(members[i].first) + ": " + indented(members[i].second.text_);
    result.text_ += members.empty() ? "}" : "\n}";
    return result;
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  static std::string quoted(std::string_view value) {
    std::string out = "\"";
    for (const char c : value) {
      constexpr std::string_view digits = "0123456789abcdef";
      if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
      } else if (const auto code = static_cast<unsigned char>(c); code < 0x20) {
        out += "\\u00";
        out += digits[code >> 4];
        out += digits[code & 15];
      } else {
        out += c;
      }
    }
    return out + '"';
  }

  static std::string indented(const std::string& text) {
    std::string out;
    for (const char c : text) {
      out += c;
      if (c == '\n') out += "  ";
    }
    return out;
  }

  std::string text_ = "null";
};

}  // namespace examples

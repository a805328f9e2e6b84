// The text of the `invalid_input` that a call throws; empty when it throws none.
#pragma once

#include <string>

#include <kmscape/core/error.hpp>

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const kmscape::invalid_input& error) {
    return error.what();
  }
  return "";
}

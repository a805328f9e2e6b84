// What an example does about trouble: one line on the error stream, an exit code, and no half-written file.
#pragma once

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>

#include <kmscape/core/error.hpp>

namespace examples {

/// A file or an argument that the user must mend; the text is one complete line.
class input_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs a program's body: bad input ends with exit code 2, anything unexpected with 1, each with one line.
template <class Body>
int run(const Body& body) {
  try {
    body();
    return 0;
  } catch (const input_error& error) {
    std::cerr << error.what() << '\n';
    return 2;
  } catch (const kmscape::invalid_input& error) {
    std::cerr << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "unexpected: " << error.what() << '\n';
    return 1;
  }
}

/// Writes a whole file or none: into a neighbour first, which then takes the name.
inline void write_file(const std::filesystem::path& path, const std::string& text) {
  const std::filesystem::path partial = path.string() + ".partial";
  std::ofstream out(partial, std::ios::binary);
  out << text;
  out.close();
  std::error_code failed;
  if (out) std::filesystem::rename(partial, path, failed);
  if (!out || failed) {
    std::filesystem::remove(partial, failed);
    throw input_error(path.string() + ": cannot be written; check that the folder exists and may be written to");
  }
}

}  // namespace examples

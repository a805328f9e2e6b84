// Runs an example program as a user would: in a folder of its own, its output and exit code caught.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace testing {

/// A folder of its own that goes away with the object.
struct Scratch {
  std::filesystem::path path;
  Scratch() : path(std::filesystem::temp_directory_path() / ("kmscape-command-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~Scratch() { std::filesystem::remove_all(path); }
  void file(const std::string& name, const std::string& text) const { std::ofstream(path / name) << text; }
};

inline std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Outcome {
  int code;
  std::string out, err;
};

/// `arguments` are words as a shell reads them.
inline Outcome run_command(const Scratch& scratch, const std::string& program, const std::string& arguments) {
  const std::string command =
      "cd '" + scratch.path.string() + "' && '" + program + "' " + arguments + " > out.txt 2> err.txt < /dev/null";
  const int status = std::system(command.c_str());
  const Outcome outcome{WEXITSTATUS(status), read(scratch.path / "out.txt"), read(scratch.path / "err.txt")};
  std::filesystem::remove(scratch.path / "out.txt");
  std::filesystem::remove(scratch.path / "err.txt");
  return outcome;
}

/// Whether a JSON text has the keys in this order.
inline bool has_keys(const std::string& json, const std::vector<std::string>& keys) {
  std::size_t place = 0;
  for (const auto& key : keys) {
    place = json.find("\"" + key + "\":", place);
    if (place == std::string::npos) return false;
  }
  return true;
}

}  // namespace testing

// A program that answers lines of text on pipes.
#pragma once

#include <fcntl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace peers {

class Process {
 public:
  /// Starts `command` with `environment` (NAME, value) added to this program's.
  Process(const std::vector<std::string>& command,
          const std::vector<std::pair<std::string, std::string>>& environment) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe can be made");
    // Writing to a program that has ended shall fail, not end this one.
    std::signal(SIGPIPE, SIG_IGN);
    child_ = fork();
    if (child_ < 0) throw std::runtime_error("no process can be made");
    if (child_ == 0) {
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
      std::vector<char*> words;
      for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
      words.push_back(nullptr);
      execvp(words[0], words.data());
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to_ = fdopen(in[1], "w");
    from_ = fdopen(out[0], "r");
  }

  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  ~Process() {
    std::fclose(to_);
    std::fclose(from_);
    waitpid(child_, nullptr, 0);
  }

  /// The next line; nothing once the program has ended.
  [[nodiscard]] std::optional<std::string> read_line() {
    std::string line;
    for (int c = std::fgetc(from_); c != '\n'; c = std::fgetc(from_)) {
      if (c == EOF) return std::nullopt;
      line += static_cast<char>(c);
    }
    return line;
  }

  /// Sends a line and waits for the answer.
  [[nodiscard]] std::optional<std::string> ask(const std::string& line) {
    std::fputs((line + '\n').c_str(), to_);
    std::fflush(to_);
    return read_line();
  }

 private:
  pid_t child_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace peers

// How compare.cpp talks to the programs that it compares, one a library: lines on standard input and output.
//
//   (at the start)                              NAME VERSION
//   load FILE                                   ok | no REASON
//   start FILE                                  ok | no REASON
//   fit METHOD ITERATIONS REPEATS OUTPUT        ok SECONDS CPU_SECONDS ITERATIONS_MADE | no REASON
//
// The file of `load` holds n, d and the size of a number in bytes as 64-bit integers, then n points of d numbers. That
// of `start` holds k as a 64-bit integer, k centers as doubles and the label of each point's nearest center as a 32-bit
// integer. `fit` iterates from there, at most ITERATIONS times, and leaves the centers in OUTPUT, as doubles. Its time
// is the median of REPEATS runs, of one call of the library each, from data in the library's own form to centers; with
// more than one repeat a run that warms up goes before them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace peers {

template <class Scalar>
struct Points {
  std::int64_t n = 0, d = 0;
  std::vector<Scalar> numbers;  // n d, point after point
};

struct Start {
  std::int64_t k = 0;
  std::vector<double> centers;       // k d
  std::vector<std::int32_t> labels;  // n
};

/// A library under comparison. Whoever cannot do something says so by throwing std::runtime_error.
class Peer {
 public:
  virtual ~Peer() = default;
  [[nodiscard]] virtual std::string name_and_version() const = 0;

  virtual void load(Points<float>) { throw std::runtime_error("takes no float data"); }
  virtual void load(Points<double>) { throw std::runtime_error("takes no double data"); }
  virtual void start(Start start) = 0;

  /// What a run needs and no user would count as its work.
  virtual void prepare(const std::string& method, int iterations) = 0;
  /// The run that is timed; returns the number of iterations made.
  virtual std::int64_t fit() = 0;
  [[nodiscard]] virtual std::vector<double> centers() const = 0;
};

template <class Number>
void read_numbers(std::istream& in, std::vector<Number>& numbers, std::int64_t count) {
  numbers.resize(static_cast<std::size_t>(count));
  in.read(reinterpret_cast<char*>(numbers.data()), static_cast<std::streamsize>(numbers.size() * sizeof(Number)));
}

template <class Number>
void write_numbers(std::ostream& out, const Number* numbers, std::int64_t count) {
  out.write(reinterpret_cast<const char*>(numbers), static_cast<std::streamsize>(sizeof(Number)) * count);
}

template <class Scalar>
void write_points(const std::string& path, std::int64_t n, std::int64_t d, const Scalar* points) {
  std::ofstream out(path, std::ios::binary);
  const std::int64_t header[] = {n, d, sizeof(Scalar)};
  write_numbers(out, header, 3);
  write_numbers(out, points, n * d);
  if (!out.flush()) throw std::runtime_error(path + " cannot be written");
}

inline void write_start(const std::string& path, std::int64_t n, std::int64_t d, std::int64_t k, const double* centers,
                        const std::int32_t* labels) {
  std::ofstream out(path, std::ios::binary);
  write_numbers(out, &k, 1);
  write_numbers(out, centers, k * d);
  write_numbers(out, labels, n);
  if (!out.flush()) throw std::runtime_error(path + " cannot be written");
}

[[nodiscard]] inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The other side of a pipe: does what it is told by lines of text.
class Server {
 public:
  explicit Server(Peer& peer) : peer_(peer) {}

  /// Answers commands until there are no more; returns the program's exit code.
  int run() {
    std::cout << peer_.name_and_version() << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
      std::string reply;
      try {
        reply = answer(line);
      } catch (const std::exception& problem) {
        reply = std::string("no ") + problem.what();
      }
      std::replace(reply.begin(), reply.end(), '\n', ' ');
      std::cout << reply << std::endl;
    }
    return 0;
  }

 private:
  [[nodiscard]] std::string answer(const std::string& line) {
    std::istringstream command(line);
    std::string word;
    command >> word;
    if (word == "fit") return timed_fit(command);
    std::string path;
    std::getline(command >> std::ws, path);
    std::ifstream in(path, std::ios::binary);
    if (word == "load") {
      std::int64_t header[3] = {};
      in.read(reinterpret_cast<char*>(header), sizeof(header));
      n_ = header[0];
      d_ = header[1];
      if (header[2] == sizeof(float))
        peer_.load(points<float>(in));
      else
        peer_.load(points<double>(in));
    } else if (word == "start") {
      Start start;
      in.read(reinterpret_cast<char*>(&start.k), sizeof(start.k));
      read_numbers(in, start.centers, start.k * d_);
      read_numbers(in, start.labels, n_);
      if (!in) throw std::runtime_error("the file of the start is cut short");
      peer_.start(std::move(start));
    } else {
      throw std::runtime_error("there is no command " + word);
    }
    return "ok";
  }

  template <class Scalar>
  [[nodiscard]] Points<Scalar> points(std::istream& in) const {
    Points<Scalar> result{n_, d_, {}};
    read_numbers(in, result.numbers, n_ * d_);
    if (!in) throw std::runtime_error("the file of points is cut short");
    return result;
  }

  [[nodiscard]] std::string timed_fit(std::istream& command) {
    std::string method, output;
    int iterations = 0, repeats = 0;
    if (!(command >> method >> iterations >> repeats) || !std::getline(command >> std::ws, output))
      throw std::runtime_error("the command is cut short");
    std::vector<double> wall, cpu;
    std::int64_t made = 0;
    for (int r = repeats > 1 ? -1 : 0; r < repeats; ++r) {
      peer_.prepare(method, iterations);
      const std::clock_t cpu_start = std::clock();
      const auto start = std::chrono::steady_clock::now();
      made = peer_.fit();
      const auto end = std::chrono::steady_clock::now();
      const std::clock_t cpu_end = std::clock();
      if (r < 0) continue;
      wall.push_back(std::chrono::duration<double>(end - start).count());
      cpu.push_back(static_cast<double>(cpu_end - cpu_start) / CLOCKS_PER_SEC);
    }
    const auto centers = peer_.centers();
    std::ofstream out(output, std::ios::binary);
    write_numbers(out, centers.data(), static_cast<std::int64_t>(centers.size()));
    if (!out.flush()) throw std::runtime_error(output + " cannot be written");
    std::ostringstream reply;
    reply.precision(9);
    reply << "ok " << median(wall) << ' ' << median(cpu) << ' ' << made;
    return reply.str();
  }

  Peer& peer_;
  std::int64_t n_ = 0, d_ = 0;
};

/// The number of threads, from the command line.
[[nodiscard]] inline int threads_from(int argc, char** argv) {
  const int threads = argc == 2 ? std::atoi(argv[1]) : 0;
  if (threads < 1) {
    std::cerr << "usage: " << argv[0] << " THREADS\n";
    std::exit(2);
  }
  return threads;
}

}  // namespace peers

// k-means on a file larger than memory: its points are mapped, visited block by block, and never held.
//
// Small run: --file {out}/streamed.bin --n 20000 --d 8 --k 5 --block 1000 --check --json {out}/streamed.json
//
// The file holds n rows of d doubles in the machine's byte order, nothing else: what numpy's `tofile` writes of an n x
// d array. One that does not exist is made: points of k Gaussian clusters, block by block.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/json.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;

struct Settings {
  std::filesystem::path file;
  Index d, n, k, block;
  kmscape::SeedingOptions seeding;
  int threads;
};

Settings read_settings(const examples::Arguments& arguments);
void write_points(const Settings& settings, examples::ProgressBar& bar);

/// A file's bytes as memory, without reading them before they are used.
class MappedPoints {
 public:
  MappedPoints(const std::filesystem::path& file, Index d);
  MappedPoints(const MappedPoints&) = delete;
  MappedPoints& operator=(const MappedPoints&) = delete;
  ~MappedPoints() { munmap(memory_, bytes_); }

  [[nodiscard]] Index size() const { return static_cast<Index>(bytes_ / sizeof(double)) / d_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Points first, ..., first + count - 1 as d x count; a row of the file is a column here.
  [[nodiscard]] Eigen::Map<const Eigen::MatrixXd> columns(Index first, Index count) const {
    return Eigen::Map<const Eigen::MatrixXd>(static_cast<const double*>(memory_) + first * d_, d_, count);
  }
  /// Tells the system that these points are not needed soon, so that what is resident stays a block.
  void release(Index first, Index count) const {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE)),
               row = static_cast<std::size_t>(d_) * sizeof(double);
    const std::size_t begin = static_cast<std::size_t>(first) * row / page * page;
    madvise(static_cast<char*>(memory_) + begin, static_cast<std::size_t>(first + count) * row - begin, MADV_DONTNEED);
  }

 private:
  Index d_;
  std::size_t bytes_ = 0;
  void* memory_ = nullptr;
};

struct Fit {
  kmscape::LloydResult<double> result;
  double seconds = 0;
};

/// The whole fit, for points from anywhere.
template <class Objective>
Fit fit(const Objective& objective, const Settings& settings, examples::ProgressBar& bar) {
  const auto begun = std::chrono::steady_clock::now();
  const auto progress = bar.callback();
  kmscape::LloydOptions options{.max_iterations = 100, .threads = settings.threads};
  if (progress)
    options.on_step = [&](const kmscape::LloydStep& step) {
      return progress({"Lloyd", step.iteration, options.max_iterations});
    };
  const auto start = kmscape::seed_centers(objective, settings.k, settings.seeding);
  Fit fit{kmscape::lloyd(objective, start.centers, options)};
  bar.clear();
  fit.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  return fit;
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(argc, argv, "streamed --file FILE [options]",
                                        {{"file", "FILE", "n rows of d doubles; made if it does not exist"},
                                         {"d", "D", "coordinates of a point (8)"},
                                         {"n", "N", "points of a file that is made (2000000)"},
                                         {"k", "K", "centers (20)"},
                                         {"block", "M", "points visited at a time (65536)"},
                                         {"seed", "S", "of the points that are made and of the start (1)"},
                                         {"threads", "T", "0: all cores (0)"},
                                         {"check", "", "also fit the file in memory: every bit must be the same"},
                                         {"json", "FILE", "write the result there"}});
    if (arguments.printed_help()) return;
    const Settings settings = read_settings(arguments);
    examples::ProgressBar bar;
    if (!std::filesystem::exists(settings.file)) write_points(settings, bar);

    const MappedPoints mapped(settings.file, settings.d);
    Index passes = 0;
    const kmscape::StreamedObjective<double> objective([&](const auto& visit) {
      ++passes;
      for (Index first = 0; first < mapped.size(); first += settings.block) {
        const Index count = std::min(settings.block, mapped.size() - first);
        visit(mapped.columns(first, count));
        mapped.release(first, count);
      }
    });
    const auto streamed = fit(objective, settings, bar);
    const double peak = peak_megabytes();
    std::printf("%s: n = %td, d = %td, %.1f MB mapped\n", settings.file.string().c_str(), mapped.size(), settings.d,
                static_cast<double>(mapped.bytes()) / 1048576);
    std::printf("k = %td: objective %.10g after %d steps (%s), %td passes over the file, %.3g s\n", settings.k,
                streamed.result.value, streamed.result.iterations, to_string(streamed.result.status).data(), passes,
                streamed.seconds);
    std::printf("peak resident memory %.1f MB, with the program and the block in use\n", peak);

    if (arguments.has("json"))
      examples::write_file(arguments.text("json"),
                           examples::Json::object({{"n", mapped.size()},
                                                   {"d", settings.d},
                                                   {"k", settings.k},
                                                   {"value", streamed.result.value},
                                                   {"centers", streamed.result.centers},
                                                   {"sizes", streamed.result.counts},
                                                   {"status", to_string(streamed.result.status)},
                                                   {"iterations", streamed.result.iterations},
                                                   {"passes", passes},
                                                   {"seconds", streamed.seconds}})
                               .text());
    if (!arguments.has("check")) return;
    const auto whole = fit(kmscape::EmpiricalObjective<double>(mapped.columns(0, mapped.size())), settings, bar);
    if (whole.result.centers != streamed.result.centers || whole.result.value != streamed.result.value ||
        (whole.result.labels != streamed.result.labels).any())
      throw std::runtime_error("the fit in memory differs from the streamed one");
    std::printf("in memory: the same centers, labels and objective, to the last bit, in %.3g s\n", whole.seconds);
  });
}

namespace {

Settings read_settings(const examples::Arguments& arguments) {
  if (!arguments.positional().empty())
    throw examples::input_error("unexpected argument '" + arguments.positional().front() + "'; see --help");
  if (!arguments.has("file")) throw examples::input_error("--file is missing: where are the points? see --help");
  Settings settings;
  settings.file = arguments.text("file");
  settings.d = arguments.integer("d", 8, 1);
  settings.n = arguments.integer("n", 2'000'000, 1);
  settings.k = arguments.integer("k", 20, 1);
  settings.block = arguments.integer("block", 65'536, 1);
  settings.threads = static_cast<int>(arguments.integer("threads", 0, 0, 1024));
  settings.seeding = {.method = kmscape::Seeding::kmeans_parallel,
                      .seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0)),
                      .threads = settings.threads};
  return settings;
}

void write_points(const Settings& settings, examples::ProgressBar& bar) {
  const double side = 16 * std::pow(static_cast<double>(settings.k), 1.0 / static_cast<double>(settings.d));
  const auto centers = kmscape::centers_at_random(settings.k, settings.d, 8.0, side, settings.seeding.seed);
  const kmscape::GaussianMixtureModel model(centers, 1.0);
  std::ofstream out(settings.file, std::ios::binary);
  const auto progress = bar.callback();
  for (Index first = 0; first < settings.n; first += settings.block) {
    // Every block has a seed of its own, so that the file does not depend on how much is held at a time.
    const auto points = model
                            .sample(std::min(settings.block, settings.n - first),
                                    kmscape::RandomStream(settings.seeding.seed, static_cast<std::uint64_t>(first))())
                            .points;
    out.write(reinterpret_cast<const char*>(points.data()),
              static_cast<std::streamsize>(static_cast<std::size_t>(points.size()) * sizeof(double)));
    if (progress) progress({"writing", first, settings.n});
  }
  bar.clear();
  if (!out) throw examples::input_error(settings.file.string() + ": cannot be written");
}

MappedPoints::MappedPoints(const std::filesystem::path& file, Index d) : d_(d) {
  const int descriptor = open(file.c_str(), O_RDONLY);
  struct stat status {};
  if (descriptor < 0 || fstat(descriptor, &status) != 0) {
    if (descriptor >= 0) close(descriptor);
    throw examples::input_error(file.string() + ": cannot be read");
  }
  bytes_ = static_cast<std::size_t>(status.st_size);
  const std::size_t row = static_cast<std::size_t>(d) * sizeof(double);
  if (bytes_ == 0 || bytes_ % row != 0) {
    close(descriptor);
    throw examples::input_error(file.string() + ": " + std::to_string(bytes_) +
                                " bytes are no whole number of rows of " + std::to_string(d) + " doubles; see --d");
  }
  memory_ = mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, descriptor, 0);
  close(descriptor);
  if (memory_ == MAP_FAILED) throw std::runtime_error(file.string() + ": cannot be mapped");
}

}  // namespace

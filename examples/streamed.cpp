// Fits k-means to a file that need not fit into memory, and says what that took.
//
// The file holds n points of d coordinates as raw doubles of the machine's byte order, point after point (row-major
// n x d) and nothing else. If it is not there it is written first, block by block: points of k planted Gaussians. It is
// then mapped, and read in blocks that are given back as soon as they were seen: k-means|| (a pass a round) and Lloyd's
// iteration (a pass a step) never hold the data. `--check` loads the file whole and fails unless the fit in memory has
// the same bits.
//
// Small run: --file {out}/points.bin --n 20000 --k 8 --block 1000 --check --json {out}/streamed.json
// Small run: --file {out}/line.bin --d 1 --n 3001 --k 3 --block 1 --threads 1 --check
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <kmscape/kmscape.hpp>

#include "common/arguments.hpp"
#include "common/json.hpp"
#include "common/progress_bar.hpp"
#include "common/report.hpp"

namespace {

using kmscape::Index;
using Block = Eigen::Map<const Eigen::MatrixXd>;

struct Settings {
  std::string file;
  Index d = 8, n = 2'000'000, k = 20, block = 65'536;
  int threads = 0;
  kmscape::Seed seed;
};

/// A start and what Lloyd's iteration made of it.
struct Fit {
  kmscape::SeedingResult<double> start;
  kmscape::LloydResult<double> end;
  int seeding_passes = 0, lloyd_passes = 0;
  double seconds = 0;
};

class MappedFile;
Settings read_settings(const examples::Arguments& arguments);
bool write_points(const Settings& settings, examples::ProgressBar& bar);
template <class Objective>
Fit fit(const Objective& objective, const Settings& settings, std::pair<std::string, int>& stage);
void check(const Fit& fit, const MappedFile& file, const Settings& settings);
double peak_memory();
void print(const Fit& fit, Index n, double megabytes, double peak, const Settings& settings);
examples::Json to_json(const Fit& fit, Index n, double megabytes, double peak, bool checked, const Settings& settings);

/// A file of points in the address space; pages come and go with the blocks that are read.
class MappedFile {
 public:
  MappedFile(const std::string& name, Index d) : d_(d) {
    const int file = open(name.c_str(), O_RDONLY);
    struct stat status {};
    if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
      if (file >= 0) close(file);
      throw examples::input_error(name + ": cannot be read; it must be a file of raw doubles");
    }
    bytes_ = static_cast<std::size_t>(status.st_size);
    const auto bytes_per_point = static_cast<std::size_t>(d) * sizeof(double);
    if (bytes_ == 0 || bytes_ % bytes_per_point != 0) {
      close(file);
      throw examples::input_error(name + ": " + std::to_string(bytes_) + " bytes are not whole points of " +
                                  std::to_string(bytes_per_point) + " bytes; does --d = " + std::to_string(d) +
                                  " fit the file?");
    }
    void* begin = mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (begin == MAP_FAILED) throw examples::input_error(name + ": cannot be mapped: " + std::strerror(errno));
    begin_ = static_cast<char*>(begin);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() { munmap(begin_, bytes_); }

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] Index size() const { return static_cast<Index>(bytes_ / sizeof(double)) / d_; }
  [[nodiscard]] Block points(Index first, Index count) const {
    return {reinterpret_cast<const double*>(begin_) + first * d_, d_, count};
  }

  /// Gives back the memory of these points' pages, but the last where it holds more points.
  void release(Index first, Index count) const {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE)),
               point = static_cast<std::size_t>(d_) * sizeof(double);
    const std::size_t begin = static_cast<std::size_t>(first) * point / page * page;
    std::size_t end = static_cast<std::size_t>(first + count) * point;
    if (end < bytes_) end = end / page * page;
    if (begin < end) madvise(begin_ + begin, end - begin, MADV_DONTNEED);
  }

 private:
  Index d_;
  std::size_t bytes_ = 0;
  char* begin_ = nullptr;
};

void run(const examples::Arguments& arguments) {
  const Settings settings = read_settings(arguments);
  examples::ProgressBar bar;
  const auto show = bar.callback();
  const bool written = write_points(settings, bar);
  const MappedFile file(settings.file, settings.d);
  const Index n = file.size();
  if (arguments.has("n") && n != settings.n)
    throw examples::input_error(settings.file + ": it is there and holds " + std::to_string(n) + " points, not --n = " +
                                std::to_string(settings.n) + "; name another file, or leave out --n");

  // What is being done, and its passes so far.
  std::pair<std::string, int> stage{"look", 0};
  const kmscape::StreamedObjective<double> objective([&](const auto& visit) {
    const std::string name = stage.first + " " + std::to_string(++stage.second);
    for (Index first = 0; first < n; first += settings.block) {
      const Index count = std::min(settings.block, n - first);
      visit(file.points(first, count));
      file.release(first, count);
      if (show) show({name, first + count, n});
    }
  });
  const Fit streamed = fit(objective, settings, stage);
  const double peak = peak_memory(), megabytes = static_cast<double>(file.bytes()) / 1e6;
  bar.clear();

  std::cout << settings.file << (written ? " (written)" : "") << ": ";
  print(streamed, n, megabytes, peak, settings);
  if (arguments.has("check")) check(streamed, file, settings);
  if (arguments.has("json"))
    examples::write_file(arguments.text("json"),
                         to_json(streamed, n, megabytes, peak, arguments.has("check"), settings).text() + "\n");
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run([&] {
    const examples::Arguments arguments(
        argc, argv, "streamed [options]",
        {{"file", "FILE", "raw doubles, point after point, points.bin unless given; written if it is not there"},
         {"d", "D", "coordinates of a point, 8 unless given"},
         {"n", "N", "points to write, 2000000 unless given"},
         {"k", "K", "Gaussians to plant and centers to fit, 20 unless given"},
         {"block", "B", "points to read at a time, 65536 unless given; results do not depend on it"},
         {"threads", "T", "threads, 0 (default) for all cores; results do not depend on them"},
         {"seed", "SEED", "seed of everything random, 1 unless given"},
         {"check", "", "load the file whole and fail unless the fit in memory has the same bits"},
         {"json", "FILE", "write the fit in full precision"}});
    if (!arguments.printed_help()) run(arguments);
  });
}

namespace {

Settings read_settings(const examples::Arguments& arguments) {
  if (!arguments.positional().empty())
    throw examples::input_error("'" + arguments.positional().front() + "': name the file by --file; see --help");
  Settings settings;
  settings.file = arguments.text("file", "points.bin");
  settings.d = arguments.integer("d", settings.d, 1, 1 << 20);
  settings.n = arguments.integer("n", settings.n, 1, std::int64_t{1} << 40);
  settings.k = arguments.integer("k", settings.k, 1, 1 << 20);
  settings.block = arguments.integer("block", settings.block, 1, std::int64_t{1} << 40);
  settings.threads = static_cast<int>(arguments.integer("threads", settings.threads, 0, 1024));
  settings.seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0));
  return settings;
}

/// Writes the file unless it is there, the whole of it or none; true if it did.
bool write_points(const Settings& settings, examples::ProgressBar& bar) {
  if (std::filesystem::exists(settings.file)) return false;
  const auto show = bar.callback();
  kmscape::RandomStream stream(settings.seed, 1);
  // Ten standard deviations of a Gaussian for each standard deviation of the centers.
  Eigen::MatrixXd centers(settings.d, settings.k);
  for (Index i = 0; i < centers.size(); ++i) centers.data()[i] = 10 * stream.normal();
  const std::filesystem::path partial = settings.file + ".partial";
  std::ofstream out(partial, std::ios::binary);
  // The points do not depend on how many are read at a time.
  Eigen::MatrixXd block(settings.d, 4096);
  for (Index first = 0; first < settings.n && out; first += block.cols()) {
    const Index count = std::min(block.cols(), settings.n - first);
    for (Index i = 0; i < count; ++i) {
      block.col(i) = centers.col(stream.index(settings.k));
      for (Index s = 0; s < settings.d; ++s) block(s, i) += stream.normal();
    }
    out.write(reinterpret_cast<const char*>(block.data()),
              static_cast<std::streamsize>(count * settings.d) * static_cast<std::streamsize>(sizeof(double)));
    if (show) show({"write", first + count, settings.n});
  }
  out.close();
  std::error_code failed;
  if (out) std::filesystem::rename(partial, settings.file, failed);
  if (!out || failed) {
    std::filesystem::remove(partial, failed);
    throw examples::input_error(settings.file +
                                ": cannot be written; check the folder, and that the disk has room for it");
  }
  return true;
}

template <class Objective>
Fit fit(const Objective& objective, const Settings& settings, std::pair<std::string, int>& stage) {
  Fit result;
  const auto begin = std::chrono::steady_clock::now();
  stage = {"seed", 0};
  result.start = kmscape::seed_centers(
      objective, settings.k,
      {.method = kmscape::Seeding::kmeans_parallel, .seed = settings.seed, .threads = settings.threads});
  result.seeding_passes = stage.second;
  stage = {"lloyd", 0};
  result.end = kmscape::lloyd(objective, result.start.centers, {.threads = settings.threads});
  result.lloyd_passes = stage.second;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

void check(const Fit& streamed, const MappedFile& file, const Settings& settings) {
  const kmscape::EmpiricalObjective<double> objective(Eigen::MatrixXd(file.points(0, file.size())));
  std::pair<std::string, int> stage;
  const Fit loaded = fit(objective, settings, stage);
  const bool same_start =
      loaded.start.points == streamed.start.points && loaded.start.centers == streamed.start.centers;
  const bool same_end = loaded.end.centers == streamed.end.centers && loaded.end.value == streamed.end.value &&
                        loaded.end.iterations == streamed.end.iterations &&
                        loaded.end.labels.size() == streamed.end.labels.size() &&
                        (loaded.end.labels == streamed.end.labels).all();
  if (!same_start || !same_end)
    throw std::runtime_error(std::string("the fit in memory has another ") + (same_start ? "end" : "start"));
  std::cout << "check: the fit in memory took " << examples::number(loaded.seconds, 3)
            << " s and has the same start, centers, labels and value to the last bit\n";
}

/// The most memory that the program has held so far, pages of the mapped file included, in units of 10^6 bytes.
double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#if defined(__APPLE__)
  return static_cast<double>(usage.ru_maxrss) / 1e6;
#else
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
#endif
}

void print(const Fit& fit, Index n, double megabytes, double peak, const Settings& settings) {
  std::cout << "n = " << n << ", d = " << settings.d << ", k = " << settings.k << ", blocks of " << settings.block
            << ", seed " << settings.seed.value << '\n'
            << "value " << examples::number(fit.end.value, 12) << " after " << fit.end.iterations
            << (fit.end.iterations == 1 ? " step, " : " steps, ") << to_string(fit.end.status) << '\n'
            << "passes: 1 to look, " << fit.seeding_passes << " to seed by k-means||, " << fit.lloyd_passes
            << " by lloyd; " << examples::number(fit.seconds, 3) << " s\n"
            << "mapped " << examples::number(megabytes, 4) << " MB, peak resident memory " << examples::number(peak, 4)
            << " MB, a block of the mapping included\n";
}

examples::Json to_json(const Fit& fit, Index n, double megabytes, double peak, bool checked, const Settings& settings) {
  using examples::Json;
  return Json::object(
      {{"n", n},
       {"d", settings.d},
       {"k", settings.k},
       {"block", settings.block},
       {"seed", settings.seed.value},
       {"passes", Json::object({{"look", 1}, {"seed", fit.seeding_passes}, {"lloyd", fit.lloyd_passes}})},
       {"seconds", fit.seconds},
       {"mapped_megabytes", megabytes},
       {"peak_megabytes", peak},
       {"checked", checked},
       {"start", kmscape::Counts::Map(fit.start.points.data(), settings.k)},
       {"value", fit.end.value},
       {"steps", fit.end.iterations},
       {"status", to_string(fit.end.status)},
       {"sizes", fit.end.counts},
       {"centers", fit.end.centers}});
}

}  // namespace

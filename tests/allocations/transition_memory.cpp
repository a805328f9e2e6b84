// How much memory a lazy transition takes: room for the items and for the pools of k^2 arcs, however many steps it has.
// A program of its own, because it replaces the C library's allocator.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <iostream>

#include <kmscape/transition/constrained_lsa.hpp>
#include <kmscape/transition/transition.hpp>

#if defined(__GLIBC__)
#include <malloc.h>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void __libc_free(void* block);
}

namespace {

std::atomic<long> held{0}, most{0};

void* taken(void* block) {
  const long now = held += static_cast<long>(malloc_usable_size(block));
  if (now > most) most = now;
  return block;
}

struct Memory {
  double begin = 0, peak = 0;  // bytes after construction, and the most while stepping, beyond what was held before
  kmscape::Index steps = 0;
};

/// Clusters of equal size around k sites that move by a tenth of their distances.
Memory memory_of(kmscape::Index n, kmscape::Index k, kmscape::Diagrams diagrams) {
  kmscape::RandomStream stream(kmscape::Seed{3});
  Eigen::MatrixXd points(2, n), s(2, k), t(2, k);
  for (kmscape::Index i = 0; i < points.size(); ++i) points.data()[i] = stream.uniform();
  for (kmscape::Index i = 0; i < s.size(); ++i) {
    s.data()[i] = stream.uniform();
    t.data()[i] = s.data()[i] + 0.1 * (stream.uniform() - 0.5);
  }
  const kmscape::Counts sizes = kmscape::Counts::Constant(k, n / k);
  const auto start = kmscape::constrained_lsa(points, s, sizes), target = kmscape::constrained_lsa(points, t, sizes);
  kmscape::TransitionSequenceOptions options;
  options.diagrams = diagrams;
  const long before = held;
  Memory result;
  kmscape::TransitionSequence sequence(points, start, s, target, t, options);
  result.begin = static_cast<double>(held - before);
  most = held.load();
  while (sequence.next()) ++result.steps;
  result.peak = static_cast<double>(most - before);
  return result;
}

}  // namespace

extern "C" {
void* malloc(std::size_t size) { return taken(__libc_malloc(size)); }
void* aligned_alloc(std::size_t alignment, std::size_t size) { return taken(__libc_memalign(alignment, size)); }
void* calloc(std::size_t count, std::size_t size) {
  void* const block = __libc_malloc(count * size);
  if (block != nullptr) std::fill_n(static_cast<unsigned char*>(block), count * size, static_cast<unsigned char>(0));
  return taken(block);
}
void* realloc(void* block, std::size_t size) {
  held -= static_cast<long>(malloc_usable_size(block));
  return taken(__libc_realloc(block, size));
}
void free(void* block) {
  held -= static_cast<long>(malloc_usable_size(block));
  __libc_free(block);
}
}

int main() {
  bool passed = true;
  for (const kmscape::Index n : {4000, 16000, 64000})
    for (const kmscape::Index k : {4, 16}) {
      const auto memory = memory_of(n, k, kmscape::Diagrams::all);
      const auto items = static_cast<double>(n), arcs = static_cast<double>(k * k);
      const bool fits = memory.peak <= 100 * items + 16'000 * arcs && memory.peak <= 2 * memory.begin;
      passed = passed && fits && memory.steps > 10;
      std::cout << "n = " << n << ", k = " << k << ": " << memory.steps << " steps, " << memory.begin / items
                << " bytes an item at the beginning, " << memory.peak / items << " at most\n";
    }
  std::cout << (passed ? "at most 100 bytes an item and 16,000 an arc, and at most twice what it began with\n"
                       : "more memory than promised\n");
  return passed ? 0 : 1;
}

#else
int main() { std::cout << "skipped: only glibc's allocator can be measured\n"; }
#endif

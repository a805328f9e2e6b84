// Whether Lloyd's iteration allocates: as many iterations more must not cost one allocation more. A program of its own,
// because it replaces the C library's allocator.
#include <atomic>
#include <cstddef>
#include <iostream>

#include <kmscape/solve/lloyd.hpp>

#if defined(__GLIBC__)

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

std::atomic<long> allocations{0};

long allocations_of_fit(const kmscape::EmpiricalObjective<double>& objective, kmscape::Engine engine, int threads,
                        int iterations) {
  const long before = allocations;
  const auto fit = kmscape::lloyd(objective, objective.points().leftCols(30),
                                  {.engine = engine, .max_iterations = iterations, .threads = threads});
  const long made = allocations - before;
  return fit.iterations == iterations ? made : -1;
}

}  // namespace

extern "C" {
void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
}

int main() {
  using kmscape::Engine;
  bool passed = true;
  for (const kmscape::Index d : {2, 8, 40}) {
    kmscape::RandomStream stream(kmscape::Seed{7});
    kmscape::Points<double> points(d, 20000);  // without clusters: 40 iterations do not converge
    for (kmscape::Index i = 0; i < points.size(); ++i) points.data()[i] = stream.uniform();
    const kmscape::EmpiricalObjective objective(points);
    for (const Engine engine : {Engine::brute, Engine::hamerly, Engine::yinyang, Engine::elkan})
      for (const int threads : {1, 2}) {
        const long few = allocations_of_fit(objective, engine, threads, 10);
        const long many = allocations_of_fit(objective, engine, threads, 40);
        if (few > 0 && few == many) continue;
        passed = false;
        std::cout << "d = " << d << ", " << to_string(engine) << ", " << threads << " threads: " << few
                  << " allocations in 10 iterations, " << many << " in 40\n";
      }
  }
  std::cout << (passed ? "no allocation inside the loop\n" : "the loop allocates\n");
  return passed ? 0 : 1;
}

#else
int main() { std::cout << "skipped: only glibc's allocator can be counted\n"; }
#endif

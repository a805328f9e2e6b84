// Deterministic parallel loops: tasks are numbered, each writes only its own result, reductions follow task order.
//
// Which thread runs which task is left open; since no result depends on it, the same input gives the same bits for
// any number of threads. Waking a thread takes longer than a pass over little data, so that both sides look for each
// other for a while before they sleep.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/points.hpp>

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

namespace kmscape {

namespace internal {

/// Threads that the machine runs at once. Asked once: the answer takes longer to find than a small fit.
[[nodiscard]] inline int machine_threads() {
  static const int threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return threads;
}

/// Moves a thread that was just made to a core of its own, `place` cores after the caller's among those that are allowed.
/// Linux may start a thread on its maker's core and, while both work in bursts, leave the two to take turns there for as
/// long as a fit lasts. The thread is not bound: the system may move it afterwards.
inline void leave_callers_core([[maybe_unused]] std::thread& thread, [[maybe_unused]] int place) {
#if defined(__linux__) && defined(CPU_COUNT)
  cpu_set_t allowed, one;
  int core = sched_getcpu();
  if (core < 0 || pthread_getaffinity_np(thread.native_handle(), sizeof(allowed), &allowed) != 0) return;
  for (int left = place; left > 0; left -= CPU_ISSET(core, &allowed) ? 1 : 0) core = (core + 1) % CPU_SETSIZE;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  if (pthread_setaffinity_np(thread.native_handle(), sizeof(one), &one) == 0)
    pthread_setaffinity_np(thread.native_handle(), sizeof(allowed), &allowed);
#endif
}

}  // namespace internal

/// The number of threads that `options.threads` asks for: 0 means all that the machine has. `function` and `argument`
/// name the caller's in the refusal of a negative number.
[[nodiscard]] inline int resolve_threads(int threads, std::string_view function = "resolve_threads",
                                         std::string_view argument = "threads") {
  internal::require(threads >= 0, function, argument, threads, "a number of threads cannot be negative",
                    "pass 0 for all cores or 1 for the calling thread only");
  return threads > 0 ? threads : internal::machine_threads();
}

/// Workers that live as long as the object. With one thread it starts none and runs everything on the caller.
class ThreadTeam {
 public:
  template <class WhenUsed = void>
  explicit ThreadTeam(int threads)
      : size_(resolve_threads(threads)),
        spins_(size_ > 1 && internal::machine_threads() >= size_) {
    if (size_ == 1) return;
    parts_ = std::make_unique<Part[]>(static_cast<std::size_t>(size_));
    workers_.reserve(static_cast<std::size_t>(size_ - 1));
    for (int worker = 1; worker < size_; ++worker) {
      workers_.emplace_back([this, worker] { serve(worker); });
      if (spins_) internal::leave_callers_core(workers_.back(), worker);
    }
  }

  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  ~ThreadTeam() {
    {
      const std::lock_guard lock(mutex_);
      closing_.store(true);
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
  }

  /// Threads that take part, the caller included.
  [[nodiscard]] int size() const { return size_; }

  /// Calls `task(t, worker)` once for every t in 0, ..., tasks - 1 and returns when all are done; `worker` in
  /// 0, ..., size() - 1 names the thread, so that a task can use that thread's workspace. When tasks throw, the
  /// exception of the lowest-numbered one that did is rethrown here.
  template <class Task>
  void run(Index tasks, Task&& task) {
    if (size_ == 1 || tasks <= 1) {
      for (Index t = 0; t < tasks; ++t) task(t, 0);
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      job_ = [&task](Index t, int worker) { task(t, worker); };
      for (int part = 0; part < size_; ++part) {
        part_of(part).next.store(tasks * part / size_, std::memory_order_relaxed);
        part_of(part).end = tasks * (part + 1) / size_;
      }
      failed_task_ = tasks;
      failure_ = nullptr;
      busy_.store(size_ - 1);
      generation_.fetch_add(1);
    }
    wake_.notify_all();
    work(0);
    if (!spin_until([this] { return busy_.load() == 0; })) {
      std::unique_lock lock(mutex_);
      done_.wait(lock, [this] { return busy_.load() == 0; });
    }
    job_ = nullptr;
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  template <class WhenUsed = void>
  void serve(int worker) {
    std::size_t seen = 0;
    for (;;) {
      const auto called = [&] { return closing_.load() || generation_.load() != seen; };
      if (!spin_until(called)) {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, called);
      }
      if (closing_.load()) return;
      seen = generation_.load();
      work(worker);
      if (busy_.fetch_sub(1) == 1) {
        const std::lock_guard lock(mutex_);
        done_.notify_one();
      }
    }
  }

  /// Whether the condition came true within a millisecond, which the time between two passes hardly exceeds. Threads
  /// that share a core do not spin.
  template <class Condition>
  [[nodiscard]] bool spin_until(const Condition& condition) const {
    if (condition()) return true;
    if (!spins_) return false;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
    do {
      for (int turn = 0; turn < 64; ++turn) {
        if (condition()) return true;
#if defined(__SSE2__)
        __builtin_ia32_pause();
#endif
      }
    } while (std::chrono::steady_clock::now() < end);
    return condition();
  }

  /// Tasks that one thread takes first; the others help when their own are done. Call after call the same thread so
  /// meets the same data, as long as all are equally fast: it finds it in its own cache.
  struct alignas(64) Part {
    std::atomic<Index> next{0};
    Index end = 0;
  };

  [[nodiscard]] Part& part_of(int worker) { return parts_[static_cast<std::size_t>(worker)]; }

  void work(int worker) {
    for (int turn = 0; turn < size_; ++turn) {
      Part& part = part_of((worker + turn) % size_);
      for (Index t = part.next.fetch_add(1); t < part.end; t = part.next.fetch_add(1)) {
        try {
          job_(t, worker);
        } catch (...) {
          const std::lock_guard lock(mutex_);
          if (t < failed_task_) {
            failed_task_ = t;
            failure_ = std::current_exception();
          }
        }
      }
    }
  }

  int size_;
  bool spins_;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::function<void(Index, int)> job_;
  std::unique_ptr<Part[]> parts_;
  std::atomic<std::size_t> generation_{0};
  std::atomic<int> busy_{0};
  std::atomic<bool> closing_{false};
  Index failed_task_ = 0;
  std::exception_ptr failure_;
};

}  // namespace kmscape

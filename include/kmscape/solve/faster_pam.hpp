// FasterPAM (Schubert, Rousseeuw, "Fast and eager k-medoids clustering", Information Systems 2021), given columns of
// dissimilarities.
//
// A pass asks of every point whether it should replace a medoid, and of which one, all k at once in O(n), from each
// point's nearest and second nearest medoid and each medoid's removal loss; a swap that lowers the value is made at
// once. It ends when no swap of a medoid and another point lowers the value: the local optima of PAM (Kaufman,
// Rousseeuw 1987), which can lie above the global one. Starts: PAM's BUILD, its approximation on samples LAB (Schubert,
// Rousseeuw 2019), or points drawn at random.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <functional>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/solve/seeding.hpp>

namespace kmscape {

enum class MedoidSeeding {
  build,   // always the point that lowers the value most: O(n^2 k), the same for every seed
  lab,     // the same among 10 + sqrt(n) points drawn anew for each medoid, judged on these alone: O(n k)
  random,  // k points, drawn by their weights
};

enum class KMedoidsStatus {
  swap_optimal,         // no swap of one medoid and one other point lowers the value by more than rounding
  iteration_limit,      // max_iterations passes were made
  stopped_by_callback,  // on_progress returned false
  non_finite,           // distances or their sum overflowed: swaps cannot be judged
};

[[nodiscard]] constexpr std::string_view to_string(MedoidSeeding method) {
  switch (method) {
    case MedoidSeeding::build:
      return "build";
    case MedoidSeeding::lab:
      return "lab";
    case MedoidSeeding::random:
      return "random";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(KMedoidsStatus status) {
  switch (status) {
    case KMedoidsStatus::swap_optimal:
      return "swap_optimal";
    case KMedoidsStatus::iteration_limit:
      return "iteration_limit";
    case KMedoidsStatus::stopped_by_callback:
      return "stopped_by_callback";
    case KMedoidsStatus::non_finite:
      return "non_finite";
  }
  return "unknown";
}

struct KMedoidsOptions {
  MedoidSeeding seeding = MedoidSeeding::lab;
  std::vector<Index> start = {};      // k distinct points to start from; empty: as `seeding` says
  int max_iterations = 100;           // passes over all n candidates; 0 evaluates the start only
  Index cache_points = 4096;          // up to that many points all n^2 dissimilarities are computed once and kept
  Seed seed = 0;                      // for MedoidSeeding::lab and random
  int threads = 1;                    // 0: all cores; a callable is then called on several threads at a time
  bool keep_values = false;           // fill KMedoidsResult::values
  ProgressCallback on_progress = {};  // stage "build" (medoids), then "swap" (candidates); false stops the work
};

/// All that the result holds belongs to these medoids. Medoids of which one is a copy of the other can leave a cell
/// empty, since ties go to the cell of lower index.
template <std::floating_point Real>
struct KMedoidsResult {
  std::vector<Index> medoids;  // k: the point that represents each cell
  Labels labels;               // n: cell of every point, the one of its nearest medoid, ties to the lowest index
  Counts counts;               // k: points in each cell
  Weights<Real> distance;      // n: dissimilarity of every point to its medoid
  Weights<Real> removal_loss;  // k: what the value would rise by without this medoid; infinite when it is the only one
  Real value = 0;              // sum_i w_i distance_i
  KMedoidsStatus status = KMedoidsStatus::iteration_limit;
  int iterations = 0;        // passes over the candidates, the last one perhaps in part
  Index swaps = 0;           // medoids exchanged
  std::vector<Real> values;  // on request: the value at the start and after each swap
};

namespace internal {

/// Dissimilarities by column: all points against one. One call a column, so that solvers need not know the callable.
template <std::floating_point Entry>
struct DissimilarityColumns {
  Index size;
  std::function<const Entry*(Index j, Entry* buffer)> column;  // n numbers, in the buffer or elsewhere
  std::function<Entry(Index i, Index j)> entry;
};

/// A medoid's replacement by a candidate: the cell whose medoid goes, and the change of the value.
template <class Real>
struct MedoidSwap {
  Index cell = -1;
  Real change = 0;
};

template <std::floating_point Entry>
class FasterPam {
 public:
  using Real = Sum<Entry>;

  FasterPam(const DissimilarityColumns<Entry>& source, Index k, Weights<Real> weights, const KMedoidsOptions& options,
            ThreadTeam& team)
      : source_(source),
        options_(options),
        team_(team),
        weights_(std::move(weights)),
        is_medoid_(static_cast<std::size_t>(source.size), false),
        to_medoid_(source.size, k),
        second_(source.size),
        second_distance_(source.size) {
    if (weights_.size() == 0) weights_.setOnes(source.size);
    result_.medoids.reserve(static_cast<std::size_t>(k));
    result_.labels.resize(source.size);
    result_.distance.setConstant(source.size, std::numeric_limits<Real>::infinity());
  }

  KMedoidsResult<Real> run() {
    const bool stopped = !start();
    for (Index i = 0; i < size(); ++i) rank_medoids(i);
    update_losses();
    result_.value = weighted_sum([&](Index i) { return result_.distance(i); });
    if (options_.keep_values) result_.values.push_back(result_.value);
    if (stopped)
      result_.status = KMedoidsStatus::stopped_by_callback;
    else if (std::isfinite(result_.value))
      improve();
    // An infinite loss of several medoids hides the finite change of a swap.
    if (!std::isfinite(result_.value) || (clusters() > 1 && !result_.removal_loss.allFinite()))
      result_.status = KMedoidsStatus::non_finite;
    result_.counts.setZero(clusters());
    for (Index i = 0; i < size(); ++i) result_.counts(result_.labels(i)) += 1;
    return std::move(result_);
  }

 private:
  [[nodiscard]] Index size() const { return source_.size; }
  [[nodiscard]] Index clusters() const { return to_medoid_.cols(); }
  [[nodiscard]] Index chosen() const { return static_cast<Index>(result_.medoids.size()); }
  [[nodiscard]] bool is_medoid(Index i) const { return is_medoid_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] bool go_on(std::string_view stage, Index done, Index total) const {
    return !options_.on_progress || options_.on_progress({stage, done, total});
  }

  template <class Term>
  [[nodiscard]] Real weighted_sum(const Term& term) const {
    Real sum = 0;
    for (Index i = 0; i < size(); ++i) sum += weights_(i) * term(i);
    return sum;
  }

  // ---- The start. Until all medoids are chosen, result_.distance is the distance to the nearest of those so far.

  void add_medoid(Index point) {
    const Index cell = chosen();
    result_.medoids.push_back(point);
    is_medoid_[static_cast<std::size_t>(point)] = true;
    const Entry* column = source_.column(point, to_medoid_.col(cell).data());
    if (column != to_medoid_.col(cell).data()) std::copy_n(column, size(), to_medoid_.col(cell).data());
    result_.distance = result_.distance.min(to_medoid_.col(cell).template cast<Real>());
  }

  /// False when the callback stopped it: the medoids still missing are then the first points that are none.
  bool start() {
    if (!options_.start.empty()) {
      for (const Index point : options_.start) add_medoid(point);
      return true;
    }
    RandomStream stream(options_.seed);
    switch (options_.seeding) {
      case MedoidSeeding::build:
        return build();
      case MedoidSeeding::lab:
        lab(stream);
        break;
      case MedoidSeeding::random:
        draw(stream);
        break;
    }
    return true;
  }

  bool build() {
    constexpr Index task = 64;  // candidates
    const Index tasks = (size() + task - 1) / task;
    std::vector<std::pair<Real, Index>> best(static_cast<std::size_t>(tasks));
    std::vector<std::vector<Entry>> buffers(static_cast<std::size_t>(team_.size()));
    for (auto& buffer : buffers) buffer.resize(static_cast<std::size_t>(size()));
    while (chosen() < clusters()) {
      if (!go_on("build", chosen(), clusters())) {
        for (Index i = 0; chosen() < clusters(); ++i)
          if (!is_medoid(i)) add_medoid(i);
        return false;
      }
      team_.run(tasks, [&](Index t, int worker) {
        auto& mine = best[static_cast<std::size_t>(t)];
        mine.second = -1;
        for (Index c = t * task; c < std::min(size(), (t + 1) * task); ++c) {
          if (is_medoid(c)) continue;
          const Entry* column = source_.column(c, buffers[static_cast<std::size_t>(worker)].data());
          const Real value =
              weighted_sum([&](Index i) { return std::min(result_.distance(i), static_cast<Real>(column[i])); });
          if (mine.second < 0 || value < mine.first) mine = {value, c};
        }
      });
      std::pair<Real, Index> lowest{0, -1};
      for (const auto& of_task : best)
        if (of_task.second >= 0 && (lowest.second < 0 || of_task.first < lowest.first)) lowest = of_task;
      add_medoid(lowest.second);
    }
    return true;
  }

  void lab(RandomStream& stream) {
    std::vector<Index> free(static_cast<std::size_t>(size()));
    std::iota(free.begin(), free.end(), Index{0});
    const Index wanted = 10 + static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(size()))));
    while (chosen() < clusters()) {
      const Index left = static_cast<Index>(free.size());
      const Index sample = std::min(wanted, left);
      for (Index t = 0; t < sample; ++t)
        std::swap(free[static_cast<std::size_t>(t)], free[static_cast<std::size_t>(t + stream.index(left - t))]);
      Index best = -1;
      Real lowest = 0;
      for (Index t = 0; t < sample; ++t) {
        Real value = 0;
        for (Index u = 0; u < sample; ++u) {
          const Index i = free[static_cast<std::size_t>(u)];
          const auto here = static_cast<Real>(source_.entry(i, free[static_cast<std::size_t>(t)]));
          value += weights_(i) * std::min(result_.distance(i), here);
        }
        if (best < 0 || value < lowest) {
          lowest = value;
          best = t;
        }
      }
      add_medoid(free[static_cast<std::size_t>(best)]);
      std::swap(free[static_cast<std::size_t>(best)], free.back());
      free.pop_back();
    }
  }

  void draw(RandomStream& stream) {
    Weights<Real> left = weights_;
    while (chosen() < clusters()) {
      const Index point = draw_proportional(
          size(), [&](Index i) { return left(i); }, stream);
      left(point) = 0;
      add_medoid(point);
    }
  }

  // ---- Swaps.

  /// Nearest and second nearest medoid of point i, from scratch.
  void rank_medoids(Index i) {
    Label first = 0, second = -1;
    Real nearest = static_cast<Real>(to_medoid_(i, 0)), next = std::numeric_limits<Real>::infinity();
    for (Index j = 1; j < clusters(); ++j) {
      const auto here = static_cast<Real>(to_medoid_(i, j));
      if (here < nearest) {
        second = first;
        next = nearest;
        first = static_cast<Label>(j);
        nearest = here;
      } else if (here < next || second < 0) {
        second = static_cast<Label>(j);
        next = here;
      }
    }
    result_.labels(i) = first;
    result_.distance(i) = nearest;
    second_(i) = second;
    second_distance_(i) = next;
  }

  /// Losses are summed anew after each swap: O(n), as the swap itself, and rounding does not pile up.
  void update_losses() {
    if (clusters() == 1) {
      result_.removal_loss.setConstant(1, std::numeric_limits<Real>::infinity());
      return;
    }
    result_.removal_loss.setZero(clusters());
    for (Index i = 0; i < size(); ++i)
      result_.removal_loss(result_.labels(i)) += weights_(i) * (second_distance_(i) - result_.distance(i));
  }

  /// The best cell to give the candidate. What a point contributes does not depend on the cell that is given up, except
  /// when that is its own: then it goes to the candidate or to its second nearest medoid.
  [[nodiscard]] MedoidSwap<Real> best_swap(const Entry* column, Weights<Real>& change) const {
    if (clusters() == 1)
      return {0, weighted_sum([&](Index i) { return static_cast<Real>(column[i]) - result_.distance(i); })};
    change = result_.removal_loss;
    Real gain = 0;
    for (Index i = 0; i < size(); ++i) {
      const auto here = static_cast<Real>(column[i]);
      if (here < result_.distance(i)) {
        gain += weights_(i) * (here - result_.distance(i));
        change(result_.labels(i)) += weights_(i) * (result_.distance(i) - second_distance_(i));
      } else if (here < second_distance_(i)) {
        change(result_.labels(i)) += weights_(i) * (here - second_distance_(i));
      }
    }
    Index cell = 0;
    for (Index j = 1; j < clusters(); ++j)
      if (change(j) < change(cell)) cell = j;
    return {cell, change(cell) + gain};
  }

  /// Makes the swap if the value itself, not only the computed change, falls: no sequence of swaps can then return to
  /// where it was, whatever the rounding.
  bool try_swap(Index candidate, const Entry* column, const MedoidSwap<Real>& swap) {
    if (swap.cell < 0 || !(swap.change < 0)) return false;
    const Real value = weighted_sum([&](Index i) {
      const Real otherwise = result_.labels(i) == swap.cell ? second_distance_(i) : result_.distance(i);
      return std::min(otherwise, static_cast<Real>(column[i]));
    });
    if (!(value < result_.value)) return false;

    auto& medoid = result_.medoids[static_cast<std::size_t>(swap.cell)];
    is_medoid_[static_cast<std::size_t>(medoid)] = false;
    is_medoid_[static_cast<std::size_t>(candidate)] = true;
    medoid = candidate;
    std::copy_n(column, size(), to_medoid_.col(swap.cell).data());
    const auto cell = static_cast<Label>(swap.cell);
    for (Index i = 0; i < size(); ++i) {
      const auto here = static_cast<Real>(column[i]);
      if (result_.labels(i) == cell || second_(i) == cell) {
        rank_medoids(i);
      } else if (here < result_.distance(i) || (here == result_.distance(i) && cell < result_.labels(i))) {
        second_(i) = result_.labels(i);
        second_distance_(i) = result_.distance(i);
        result_.labels(i) = cell;
        result_.distance(i) = here;
      } else if (here < second_distance_(i)) {
        second_(i) = cell;
        second_distance_(i) = here;
      }
    }
    update_losses();
    result_.value = value;
    result_.swaps += 1;
    if (options_.keep_values) result_.values.push_back(value);
    return true;
  }

  /// Candidates are judged a block at a time, in parallel, and swapped in by index order; a swap voids what the block
  /// has found out about later candidates. The swaps are thus those of one candidate at a time, and blocks grow while
  /// there are none.
  void improve() {
    constexpr Index stride = 1024;  // candidates from one call of the callback to the next
    // The judging of one candidate among fewer points takes less time than waking a thread.
    const bool split = team_.size() > 1 && size() >= 4096;
    const Index least = split ? team_.size() : 1, most = split ? 16 * team_.size() : 1;
    struct Trial {
      MedoidSwap<Real> swap;
      const Entry* column = nullptr;
      std::vector<Entry> buffer;
      Weights<Real> change;
    };
    std::vector<Trial> trials(static_cast<std::size_t>(most));
    for (auto& trial : trials) trial.buffer.resize(static_cast<std::size_t>(size()));

    const Index limit = static_cast<Index>(options_.max_iterations) * size();
    Index considered = 0, since_swap = 0, wanted = least;
    result_.status = KMedoidsStatus::swap_optimal;
    while (since_swap < size()) {
      if (considered == limit) {
        result_.status = KMedoidsStatus::iteration_limit;
        break;
      }
      if (considered % stride == 0 && !go_on("swap", considered, limit)) {
        result_.status = KMedoidsStatus::stopped_by_callback;
        break;
      }
      const Index block = std::min({wanted, size() - since_swap, limit - considered, stride - considered % stride});
      const Index first = considered;
      const auto judge = [&](Index t, int) {
        auto& trial = trials[static_cast<std::size_t>(t)];
        const Index candidate = (first + t) % size();
        trial.swap = {};
        if (is_medoid(candidate)) return;
        trial.column = source_.column(candidate, trial.buffer.data());
        trial.swap = best_swap(trial.column, trial.change);
      };
      team_.run(block, judge);
      bool swapped = false;
      for (Index t = 0; t < block && !swapped; ++t) {
        const auto& trial = trials[static_cast<std::size_t>(t)];
        swapped = try_swap((first + t) % size(), trial.column, trial.swap);
        ++considered;
        since_swap = swapped ? 0 : since_swap + 1;
      }
      wanted = swapped ? least : std::min(2 * wanted, most);
    }
    result_.iterations = static_cast<int>((considered + size() - 1) / size());
  }

  const DissimilarityColumns<Entry>& source_;
  const KMedoidsOptions& options_;
  ThreadTeam& team_;
  Weights<Real> weights_;
  std::vector<bool> is_medoid_;
  Eigen::Array<Entry, Eigen::Dynamic, Eigen::Dynamic> to_medoid_;  // n x k
  Labels second_;                                                  // n: second nearest medoid, or -1
  Weights<Real> second_distance_;                                  // n
  KMedoidsResult<Real> result_;
};

}  // namespace internal
}  // namespace kmscape

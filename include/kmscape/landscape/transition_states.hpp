// The transition states of G_n and the network of minima that they join: exact, each state in closed form.
//
// G_n is a minimum of convex quadratics, one a partition. A transition state of index 1 is a point where exactly one
// data point ties between two cells and a convex combination of the two gradients vanishes: a partition with one
// divided point. Lloyd's iteration on the facet where the point ties (facet_lloyd.hpp) finds one from any start, and
// Lloyd's iteration from either of the two adjoining partitions leads down to the minima that it joins. Every minimum
// starts one such search for each of its points and each other cell; minima met on the way start theirs, until nothing
// new is found. Equal points are merged into one of their weight first: they tie together.
//
// The network is what these searches reach, not proved to be all there is: a facet has minima of its own, and a state
// to which no start leads is not found. Whatever is found is certified beyond rounding, and what ended otherwise is
// counted. On iris with k = 4, from 100,000 restarts: 117 minima and 337 states; 120 and 356 when searches start with
// points between any two cells (`all_pairs`), for twice the work; 201 and 869 when the partitions that adjoin states
// start searches too (`from_states`), for eight times the work.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <concepts>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <kmscape/core/error.hpp>
#include <kmscape/core/labellings.hpp>
#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/landscape/certificate.hpp>
#include <kmscape/landscape/distinct_points.hpp>
#include <kmscape/landscape/facet_lloyd.hpp>
#include <kmscape/landscape/network.hpp>
#include <kmscape/landscape/survey.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/solve/lloyd.hpp>
#include <kmscape/solve/seeding.hpp>

namespace kmscape {

struct TransitionOptions {
  bool from_states = false;     // search from both partitions that adjoin each state found, too: finds more, costs more
  bool all_pairs = false;       // tie a point between any two cells at the start, not only its own and another
  Index random_partitions = 0;  // search from the cells of k random points, too: so many times, after the minima
  Index max_minima = 10'000;
  Index max_states = 100'000;
  Index starts_per_partition = 0;  // 0: all n (k - 1), or n k (k - 1) / 2 with all_pairs; n distinct points.
                                   // Else as many of them, drawn without repeats
  Seed seed = 0;                   // of those draws
  int max_iterations = 1000;       // steps of one search on a facet, and of one descent
  int threads = 0;                 // searches run side by side; 0: all cores. The result does not depend on it
  ProgressCallback progress = {};  // stage "starts", in `total` those known so far; returning false ends the search
};

/// The transition states reached from `minima` (each d x k) and the minima that they join, the given ones included.
/// Centers that are no minimum are taken down to one by Lloyd's iteration first, an empty cell's center going to the
/// farthest point. Throws `invalid_input`. O(n k d) a step of n (k - 1) searches a partition (`all_pairs`: k / 2 times
/// as many); memory O(n) a minimum, a state and a search in flight.
template <DataObjective O>
[[nodiscard]] Network<typename O::Scalar, O::dim> transition_states(
    const O& objective, std::span<const FittedCenters<typename O::Scalar, O::dim>> minima,
    const TransitionOptions& options = {});

/// The same from the minima of a survey.
template <DataObjective O>
[[nodiscard]] Network<typename O::Scalar, O::dim> transition_states(const O& objective,
                                                                    const Survey<typename O::Scalar, O::dim>& survey,
                                                                    const TransitionOptions& options = {});

namespace internal {

/// A state in its canonical form: cells named in order of their first undivided point. `identity` tells it from all
/// others: the divided point has label -1 - first k - second, so that point and pair count as well.
template <std::floating_point Real, int Dim>
struct FoundState {
  FacetState<Real, Dim> state;
  Labels identity;
  std::uint64_t key = 0;
};

template <std::floating_point Real, int Dim>
[[nodiscard]] FoundState<Real, Dim> canonical_state(Index point, Label i, Label j, Real t, Labels labels,
                                                    const FittedCenters<Real, Dim>& centers) {
  const Index k = centers.cols();
  const auto [name, key] = name_by_first_point(labels, k, static_cast<std::uint64_t>(point) + 1, point);
  FoundState<Real, Dim> found;
  auto& state = found.state;
  state.centers.resize(centers.rows(), k);
  for (Index l = 0; l < k; ++l) state.centers.col(name[static_cast<std::size_t>(l)]) = centers.col(l);
  state.point = point;
  state.first = name[static_cast<std::size_t>(i)];
  state.second = name[static_cast<std::size_t>(j)];
  state.t = t;
  if (state.first > state.second) {
    std::swap(state.first, state.second);
    state.t = 1 - t;
  }
  // Two states that differ in the pair alone are rare enough to share a key.
  labels(point) = static_cast<Label>(-1 - state.first * static_cast<Label>(k) - state.second);
  found.key = key;
  found.identity = labels;
  labels(point) = state.first;
  state.labels = std::move(labels);
  return found;
}

/// The means of a partition of all points into k non-empty cells.
template <std::floating_point Real, int Dim>
[[nodiscard]] FittedCenters<Real, Dim> partition_means(const EmpiricalObjective<Real, Dim>& objective,
                                                       const Labels& labels, Index k) {
  FittedCenters<Real, Dim> means;
  means.setZero(objective.dimension(), k);
  std::vector<Real> mass(static_cast<std::size_t>(k), Real(0));
  const auto points = objective.points();
  for (Index y = 0; y < labels.size(); ++y) {
    const Real w = objective.weight(y);
    auto& m = mass[static_cast<std::size_t>(labels(y))];
    m += w;
    means.col(labels(y)) += (w / m) * (points.col(y) - means.col(labels(y)));
  }
  return means;
}

struct FacetStart {
  Index point;
  Label first, second;
};

/// Start number s of the n (k - 1) of a partition: point s / (k - 1), between its cell and the (s mod (k - 1))-th
/// other.
template <std::same_as<Labels> L>
[[nodiscard]] FacetStart start_of(Index s, Index k, const L& labels) {
  const Index point = s / (k - 1);
  const auto other = static_cast<Label>(s % (k - 1));
  return {point, labels(point), static_cast<Label>(other + (other >= labels(point)))};
}

/// Start number s of the n k (k - 1) / 2 for all pairs of cells.
[[nodiscard]] constexpr FacetStart start_of_pair(Index s, Index k) {
  const Index pairs = k * (k - 1) / 2;
  Index pair = s % pairs, first = 0;
  for (; pair >= k - 1 - first; ++first) pair -= k - 1 - first;
  return {s / pairs, static_cast<Label>(first), static_cast<Label>(first + 1 + pair)};
}

/// `size` of the numbers below `total`, ascending (Floyd's method).
template <class WhenUsed = void>
[[nodiscard]] std::vector<Index> sample_below(Index total, Index size, RandomStream stream) {
  Dependent<std::unordered_set<Index>, WhenUsed> chosen;
  for (Index top = total - size; top < total; ++top)
    if (const Index drawn = stream.index(top + 1); !chosen.insert(drawn).second) chosen.insert(top);
  std::vector<Index> result(chosen.begin(), chosen.end());
  std::sort(result.begin(), result.end());
  return result;
}

template <DataObjective O>
class TransitionSearch {
 public:
  using Scalar = typename O::Scalar;
  using Real = Sum<Scalar>;
  using CentersType = FittedCenters<Real, O::dim>;
  using End = SurveyEnd<Real, O::dim>;

  TransitionSearch(const O& objective, Index k, const TransitionOptions& options)
      : objective_(objective),
        k_(k),
        options_(options),
        data_(objective),
        facets_(data_.objective()),
        team_(resolve_threads(options.threads)) {
    all_starts_ = data_.objective().size() * (options.all_pairs ? k * (k - 1) / 2 : k - 1);
    starts_ = options.starts_per_partition > 0 ? std::min(options.starts_per_partition, all_starts_) : all_starts_;
    result_.sampled = starts_ < all_starts_;
  }

  template <class MinimumAt>
  [[nodiscard]] Network<Scalar, O::dim> run(Index given, const MinimumAt& centers_of) {
    bool goes_on = add_given(given, centers_of);
    if (goes_on) add_random_sources();
    // Steps between two reports, and searches whose ends are held together: by the size of the problem alone, so that a
    // search that is stopped stops at the same place for any number of threads.
    const Index work = data_.objective().size() * k_ * data_.objective().dimension();
    const Index batch = std::clamp<Index>((Index{1} << 23) / work, 16, 4096);
    Index next = 0;  // start number next % starts_ of partition next / starts_
    while (goes_on && next < known_starts()) {
      const Index size = std::min(batch, known_starts() - next);
      goes_on = follow(next, size);
      next = result_.starts.total;
      if (goes_on && options_.progress && !options_.progress({"starts", next, known_starts()})) {
        result_.status = NetworkStatus::stopped_by_callback;
        goes_on = false;
      }
    }
    const Index done = starts_ > 0 ? next / starts_ : static_cast<Index>(sources_.size());
    for (Index source = 0; source < done; ++source)
      result_.explored += sources_[static_cast<std::size_t>(source)].is_minimum;
    return finish();
  }

 private:
  struct Descent {
    End end;
    bool certified = false, refilled = false;
  };
  struct Joined {
    FacetState<Real, O::dim> state;
    Real value = 0;
    Descent down[2];
    Index minimum[2] = {-1, -1};
  };

  /// A partition whose starts are to be followed.
  struct Source {
    Labels labels;
    std::uint64_t key = 0;
    bool is_minimum = false;
  };

  [[nodiscard]] Index known_starts() const { return static_cast<Index>(sources_.size()) * starts_; }

  void add_source(Labels labels, bool is_minimum) {
    const auto key = name_by_first_point(labels, k_).key;
    if (const auto [position, is_new] = source_labels_.add(key, labels); is_new)
      sources_.push_back({std::move(labels), key, is_minimum});
    else if (is_minimum)
      sources_[static_cast<std::size_t>(position)].is_minimum = true;
  }

  /// Down to a certified minimum. A center whose cell runs empty may go anywhere without raising the objective.
  [[nodiscard]] Descent descend(const CentersType& start) const {
    const LloydOptions how{.max_iterations = options_.max_iterations, .on_empty = EmptyCell::reseed_farthest};
    Descent result;
    auto fit = lloyd(data_.objective(), start, how);
    for (;;) {
      result.refilled |= fit.reseeded > 0;
      if (!is_finished(fit) || fit.empty_cells > 0) break;
      const auto certificate = certify(data_.objective(), fit.centers);
      if (certificate.is_minimum()) {
        result.certified = true;
        break;
      }
      if (certificate.descent.cols() == 0) break;
      auto lower = lloyd(data_.objective(), certificate.descent, how);
      if (!(lower.value < fit.value)) break;
      fit = std::move(lower);
    }
    result.end = canonical(std::move(fit));
    return result;
  }

  /// The position of a minimum among those known, which it joins if it is new; -1 if the budget is spent.
  [[nodiscard]] Index add(End&& end) {
    const auto [position, is_new] = minimum_labels_.add(end.key, end.fit.labels);
    if (!is_new) return position;
    if (position == options_.max_minima) return -1;  // the search ends: labels added in vain do no harm
    add_source(end.fit.labels, true);
    minima_.push_back(std::move(end));
    return position;
  }

  template <class MinimumAt>
  [[nodiscard]] bool add_given(Index given, const MinimumAt& centers_of) {
    std::vector<Descent> down(static_cast<std::size_t>(given));
    team_.run(given, [&](Index m, int) {
      CentersType start = centers_of(m);
      start.colwise() -= data_.origin().col(0);
      down[static_cast<std::size_t>(m)] = descend(start);
    });
    for (auto& descent : down) {
      if (!descent.certified) {
        ++result_.uncertified_given;
      } else if (add(std::move(descent.end)) < 0) {
        result_.status = NetworkStatus::minima_budget;
        return false;
      }
    }
    return true;
  }

  void add_random_sources() {
    std::vector<Labels> drawn(static_cast<std::size_t>(options_.random_partitions));
    const auto& objective = data_.objective();
    team_.run(options_.random_partitions, [&](Index r, int) {
      // Centers are means of one, two or three draws: single points alone give few different partitions of little data.
      RandomStream stream = RandomStream(options_.seed).split(static_cast<std::uint64_t>(r));
      auto& labels = drawn[static_cast<std::size_t>(r)];
      for (int attempt = 0; attempt < 16; ++attempt) {
        const Index draws = 1 + r % 3;
        CentersType centers;
        centers.setZero(objective.dimension(), k_);
        for (Index l = 0; l < k_; ++l)
          for (Index draw = 0; draw < draws; ++draw)
            centers.col(l) += objective.points().col(stream.index(objective.size())) / static_cast<Real>(draws);
        const auto assignment = objective.assign(centers);
        if (assignment.counts.minCoeff() == 0) continue;
        labels = assignment.labels;
        return;
      }
      // Distinct points, each the nearest center to itself: no cell is empty.
      CentersType centers(objective.dimension(), k_);
      const auto chosen = sample_below(objective.size(), k_, stream);
      for (Index l = 0; l < k_; ++l) centers.col(l) = objective.points().col(chosen[static_cast<std::size_t>(l)]);
      labels = objective.assign(centers).labels;
    });
    for (auto& labels : drawn) add_source(std::move(labels), false);
  }

  /// Follows `size` starts from number `first` on and takes in what they find, in order. False when a budget is spent.
  [[nodiscard]] bool follow(Index first, Index size) {
    struct Outcome {
      FacetEnd end = FacetEnd::no_convergence;
      FoundState<Real, O::dim> found;
    };
    std::vector<Outcome> outcomes(static_cast<std::size_t>(size));
    work_.resize(static_cast<std::size_t>(team_.size()));
    draw_samples(first / starts_, (first + size - 1) / starts_);
    partitions_.clear();
    for (Index source = first / starts_; source <= (first + size - 1) / starts_; ++source)
      partitions_.push_back(facets_.partition(sources_[static_cast<std::size_t>(source)].labels, k_));
    team_.run(size, [&](Index s, int worker) {
      const Index source = (first + s) / starts_, number = (first + s) % starts_;
      const auto& labels = sources_[static_cast<std::size_t>(source)].labels;
      const auto& partition = partitions_[static_cast<std::size_t>(source - first / starts_)];
      const Index start =
          result_.sampled ? samples_[static_cast<std::size_t>(source - sampled_from_)][static_cast<std::size_t>(number)]
                          : number;
      const auto [point, from, to] = options_.all_pairs ? start_of_pair(start, k_) : start_of(start, k_, labels);
      auto& work = work_[static_cast<std::size_t>(worker)];
      auto& outcome = outcomes[static_cast<std::size_t>(s)];
      outcome.end = facets_.run(partition, point, from, to, options_.max_iterations, work);
      if (outcome.end == FacetEnd::state)
        outcome.found = canonical_state<Real, O::dim>(point, from, to, work.t, work.labels, work.centers);
    });

    // Which states are new, and at which start each was met first.
    std::vector<Joined> fresh;
    std::vector<Index> met;
    for (Index s = 0; s < size; ++s) {
      auto& outcome = outcomes[static_cast<std::size_t>(s)];
      if (outcome.end != FacetEnd::state) continue;
      if (!state_labels_.add(outcome.found.key, outcome.found.identity).second) continue;
      fresh.emplace_back().state = std::move(outcome.found.state);
      met.push_back(s);
      // One more than the budget holds shows that there are more.
      if (static_cast<Index>(states_.size() + fresh.size()) > options_.max_states) break;
    }
    team_.run(2 * static_cast<Index>(fresh.size()), [&](Index side, int) {
      auto& joined = fresh[static_cast<std::size_t>(side / 2)];
      const auto& state = joined.state;
      auto labels = state.labels;
      if (side % 2 == 0) joined.value = data_.objective().value(state.centers);
      labels(state.point) = side % 2 == 0 ? state.first : state.second;
      joined.down[side % 2] = descend(partition_means(data_.objective(), labels, k_));
    });

    // The first state that no budget has room for ends the search, at the start that met it.
    Index followed = size;
    for (std::size_t f = 0; f < fresh.size() && followed == size; ++f) {
      if (static_cast<Index>(states_.size()) == options_.max_states) {
        result_.status = NetworkStatus::states_budget;
        followed = met[f];
      } else if (!take_in(std::move(fresh[f]))) {
        result_.status = NetworkStatus::minima_budget;
        followed = met[f];
      }
    }
    for (Index s = 0; s < followed; ++s) count(outcomes[static_cast<std::size_t>(s)].end);
    return followed == size;
  }

  [[nodiscard]] bool take_in(Joined&& joined) {
    Index uncertified = 0, refilled = 0;
    for (int side = 0; side < 2; ++side) {
      auto& down = joined.down[side];
      refilled += down.refilled;
      if (!down.certified) {
        ++uncertified;
        continue;
      }
      joined.minimum[side] = add(std::move(down.end));
      if (joined.minimum[side] < 0) return false;
      down.end = {};
    }
    result_.uncertified_descents += uncertified;
    result_.refilled_descents += refilled;
    if (options_.from_states)
      for (const Label cell : {joined.state.first, joined.state.second}) {
        auto labels = joined.state.labels;
        labels(joined.state.point) = cell;
        add_source(std::move(labels), false);
      }
    states_.push_back(std::move(joined));
    return true;
  }

  void draw_samples(Index from, Index to) {
    if (!result_.sampled) return;
    sampled_from_ = from;
    samples_.clear();
    for (Index source = from; source <= to; ++source) {
      // By what the partition is, not by when it was met.
      const RandomStream stream(options_.seed, sources_[static_cast<std::size_t>(source)].key);
      samples_.push_back(sample_below(all_starts_, starts_, stream));
    }
  }

  void count(FacetEnd end) {
    auto& starts = result_.starts;
    ++starts.total;
    switch (end) {
      case FacetEnd::state:
        ++starts.found_state;
        break;
      case FacetEnd::outside:
        ++starts.outside;
        break;
      case FacetEnd::third_center:
        ++starts.third_center;
        break;
      case FacetEnd::tied_point:
        ++starts.tied_point;
        break;
      case FacetEnd::empty_cell:
        ++starts.empty_cell;
        break;
      case FacetEnd::degenerate:
        ++starts.degenerate;
        break;
      case FacetEnd::no_convergence:
        ++starts.no_convergence;
        break;
    }
  }

  /// Labels of the data's points from those of the distinct ones.
  [[nodiscard]] Labels spread(const Labels& labels) const {
    Labels result(objective_.size());
    for (Index i = 0; i < result.size(); ++i) result(i) = labels(data_.place()[static_cast<std::size_t>(i)]);
    return result;
  }

  [[nodiscard]] CentersType original(CentersType centers) const {
    centers.colwise() += data_.origin().col(0);
    return centers;
  }

  /// Positions in order of value, equal ones in order of discovery.
  template <class ValueOf>
  [[nodiscard]] static std::vector<std::size_t> by_value(std::size_t size, const ValueOf& value_of) {
    std::vector<std::size_t> order(size);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return value_of(a) < value_of(b); });
    return order;
  }

  [[nodiscard]] Network<Scalar, O::dim> finish() {
    std::vector<Index> rank(minima_.size());
    for (const auto m : by_value(minima_.size(), [&](std::size_t i) { return minima_[i].fit.value; })) {
      rank[m] = static_cast<Index>(result_.minima.size());
      auto& minimum = result_.minima.emplace_back();
      minimum.value = static_cast<double>(minima_[m].fit.value);
      minimum.centers = original(minima_[m].fit.centers);
      minimum.labels = spread(minima_[m].fit.labels);
      minimum.sizes.setZero(k_);
      for (Index i = 0; i < minimum.labels.size(); ++i) ++minimum.sizes(minimum.labels(i));
    }
    for (const auto s : by_value(states_.size(), [&](std::size_t i) { return states_[i].value; })) {
      const auto& joined = states_[s];
      const auto ranked = [&](Index minimum) {
        return minimum < 0 ? minimum : rank[static_cast<std::size_t>(minimum)];
      };
      auto& state = result_.states.emplace_back();
      state.value = static_cast<double>(joined.value);
      state.centers = original(joined.state.centers);
      state.point = data_.first_copy(joined.state.point);
      state.first = joined.state.first;
      state.second = joined.state.second;
      state.t = static_cast<double>(joined.state.t);
      state.first_minimum = ranked(joined.minimum[0]);
      state.second_minimum = ranked(joined.minimum[1]);
      state.labels = spread(joined.state.labels);
    }
    return std::move(result_);
  }

  const O& objective_;
  Index k_;
  const TransitionOptions& options_;
  DistinctPoints<O> data_;
  FacetLloyd<Real, O::dim> facets_;
  ThreadTeam team_;
  Index all_starts_ = 0, starts_ = 0;  // of every partition: there are, are followed
  std::vector<Source> sources_;
  std::vector<End> minima_;
  std::vector<Joined> states_;
  LabelCollection minimum_labels_, source_labels_, state_labels_;
  std::vector<typename FacetLloyd<Real, O::dim>::Workspace> work_;
  std::vector<typename FacetLloyd<Real, O::dim>::Partition> partitions_;  // that the batch starts from
  std::vector<std::vector<Index>> samples_;                               // of sources from `sampled_from_` on
  Index sampled_from_ = 0;
  Network<Scalar, O::dim> result_;
};

template <DataObjective O, class MinimumAt>
[[nodiscard]] Network<typename O::Scalar, O::dim> find_transition_states(const O& objective, Index given,
                                                                         const MinimumAt& centers_of,
                                                                         const TransitionOptions& options) {
  constexpr std::string_view function = "transition_states";
  const auto positive = [&](std::string_view argument, Index value) {
    require(value >= 1, function, argument, value, "nothing could be found", "pass at least 1");
  };
  positive("options.max_minima", options.max_minima);
  positive("options.max_states", options.max_states);
  positive("options.max_iterations", options.max_iterations);
  require(options.starts_per_partition >= 0, function, "options.starts_per_partition", options.starts_per_partition,
          "a number of starts cannot be negative", "pass 0 to follow all of them");
  require(options.random_partitions >= 0, function, "options.random_partitions", options.random_partitions,
          "a number of partitions cannot be negative", "pass 0 for none");
  static_cast<void>(resolve_threads(options.threads, function, "options.threads"));  // throws on a negative number
  require(given > 0, function, "minima", "an empty list", "the search starts at minima", "pass those of a survey");
  const Index k = centers_of(0).cols();
  for (Index m = 0; m < given; ++m) {
    const auto name = [&] { return text("minima[", m, "]"); };
    const auto& centers = centers_of(m);
    check_centers(centers, objective.dimension(), function, name());
    if (centers.cols() != k)
      require(false, function, name(), text(centers.cols(), " centers"), text("minima[0] has ", k),
              "pass minima of one k");
  }
  check_clusters(objective, k, function, "minima[0].cols()");
  return TransitionSearch<O>(objective, k, options).run(given, centers_of);
}

}  // namespace internal

template <DataObjective O>
Network<typename O::Scalar, O::dim> transition_states(const O& objective,
                                                      std::span<const FittedCenters<typename O::Scalar, O::dim>> minima,
                                                      const TransitionOptions& options) {
  return internal::find_transition_states(
      objective,
      static_cast<Index>(minima.size()), [&](Index m) -> const auto& { return minima[static_cast<std::size_t>(m)]; },
      options);
}

template <DataObjective O>
Network<typename O::Scalar, O::dim> transition_states(const O& objective,
                                                      const Survey<typename O::Scalar, O::dim>& survey,
                                                      const TransitionOptions& options) {
  return internal::find_transition_states(
      objective, static_cast<Index>(survey.minima.size()),
      [&](Index m) -> const auto& { return survey.minima[static_cast<std::size_t>(m)].centers; }, options);
}

}  // namespace kmscape

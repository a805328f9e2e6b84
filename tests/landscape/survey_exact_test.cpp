// The survey against enumeration, against Lloyd's iteration run by hand, and bit for bit against itself.
#include <kmscape/landscape/survey.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"
#include "support/surveys.hpp"
#include "support/trials.hpp"

using kmscape::CertificateStatus;
using kmscape::EmpiricalObjective;
using kmscape::EmptyCell;
using kmscape::Index;
using kmscape::SameMinimum;
using kmscape::Seeding;
using kmscape::survey;
using testing::grid_points;
using testing::normal_points;
using testing::on_line;
using testing::restarts_counted;

namespace {

/// Fisher's iris, 4 x 150, read here by other means than the examples' reader.
Eigen::MatrixXd iris_points() {
  const auto path = std::filesystem::path(KMSCAPE_EXAMPLES_DIR) / "data/iris.csv";
  std::ifstream file(path);
  Eigen::MatrixXd points(4, 150);
  std::string line, field;
  std::getline(file, line);
  for (Index i = 0; i < 150; ++i) {
    REQUIRE(std::getline(file, line));
    std::istringstream fields(line);
    for (Index s = 0; s < 4; ++s) {
      std::getline(fields, field, ',');
      points(s, i) = std::stod(field);
    }
  }
  return points;
}

using Names = std::vector<int>;

/// Labels renamed in order of first use, so that equal partitions are equal vectors.
template <class L>
Names canonical(const L& labels) {
  std::map<int, int> name;
  Names result;
  for (const auto label : labels)
    result.push_back(name.emplace(static_cast<int>(label), static_cast<int>(name.size())).first->second);
  return result;
}

struct Enumeration {
  std::set<Names> strict;  // partitions into k non-empty cells, every point strictly nearest to its own mean
  double global = std::numeric_limits<double>::infinity();
};

/// All partitions of whole points, judged in whole numbers: |m x - S|^2 is m^2 times the squared distance to the mean
/// S/m.
Enumeration enumerate(const Eigen::MatrixXd& points, int k) {
  Enumeration result;
  const auto n = static_cast<int>(points.cols()), d = static_cast<int>(points.rows());
  Names labels(static_cast<std::size_t>(n), 0);
  const auto judge = [&] {
    std::vector<std::int64_t> mass(static_cast<std::size_t>(k)), sum(static_cast<std::size_t>(k * d));
    double value = points.squaredNorm();
    const auto at = [&](int i, int s) { return static_cast<std::int64_t>(points(s, i)); };
    const auto own = [&](int i) { return labels[static_cast<std::size_t>(i)]; };
    for (int i = 0; i < n; ++i) {
      ++mass[static_cast<std::size_t>(own(i))];
      for (int s = 0; s < d; ++s) sum[static_cast<std::size_t>(own(i) * d + s)] += at(i, s);
    }
    for (int j = 0; j < k; ++j)
      for (int s = 0; s < d; ++s) {
        const auto moment = static_cast<double>(sum[static_cast<std::size_t>(j * d + s)]);
        value -= moment * moment / static_cast<double>(mass[static_cast<std::size_t>(j)]);
      }
    result.global = std::min(result.global, value);
    for (int i = 0; i < n; ++i) {
      const auto scaled = [&](int j) {
        std::int64_t squared = 0;
        for (int s = 0; s < d; ++s) {
          const auto difference =
              mass[static_cast<std::size_t>(j)] * at(i, s) - sum[static_cast<std::size_t>(j * d + s)];
          squared += difference * difference;
        }
        return squared;
      };
      const auto here = mass[static_cast<std::size_t>(own(i))];
      for (int j = 0; j < k; ++j) {
        const auto there = mass[static_cast<std::size_t>(j)];
        if (j != own(i) && scaled(own(i)) * there * there >= scaled(j) * here * here) return;
      }
    }
    result.strict.insert(labels);
  };
  const auto place = [&](const auto& self, int i, int used) -> void {
    if (i == n) {
      if (used == k) judge();
      return;
    }
    for (int j = 0; j < std::min(used + 1, k); ++j) {
      labels[static_cast<std::size_t>(i)] = j;
      self(self, i + 1, std::max(used, j + 1));
    }
  };
  place(place, 0, 0);
  return result;
}

/// Every number of one survey is that of the other, to the last bit.
template <class S>
bool same_to_the_bit(const S& a, const S& b) {
  if (a.minima.size() != b.minima.size() || a.restarts != b.restarts || a.redirected != b.redirected ||
      a.unfinished != b.unfinished || a.iterations != b.iterations || a.stopped != b.stopped)
    return false;
  for (std::size_t m = 0; m < a.minima.size(); ++m) {
    const auto &x = a.minima[m], &y = b.minima[m];
    if (x.value != y.value || x.count != y.count || x.first_restart != y.first_restart || x.share_low != y.share_low ||
        x.share_high != y.share_high || x.centers != y.centers || x.cells.centroid != y.cells.centroid ||
        (x.cells.mass != y.cells.mass).any() || (x.sizes != y.sizes).any() || (x.labels != y.labels).any() ||
        x.certificate.status != y.certificate.status || x.certificate.radius != y.certificate.radius ||
        x.stuck.split_gain != y.stuck.split_gain || x.stuck.repaired_value != y.stuck.repaired_value)
      return false;
  }
  return true;
}

}  // namespace

TEST_CASE("iris surveys are same_to_the_bit bit for bit for 1, 2 and 3 threads, and what they list holds together") {
  const EmpiricalObjective objective(iris_points());
  const auto with = [&](int threads, std::uint64_t seed) {
    return survey(objective, {.clusters = 3,
                              .restarts = testing::trials(2000),
                              .seeding = Seeding::uniform_points,
                              .seed = seed,
                              .threads = threads});
  };
  const auto one = with(1, 11);
  CHECK(same_to_the_bit(one, with(1, 11)));
  CHECK(same_to_the_bit(one, with(2, 11)));
  CHECK(same_to_the_bit(one, with(3, 11)));
  CHECK_FALSE(same_to_the_bit(one, with(1, 12)));

  CHECK(restarts_counted(one) == testing::trials(2000));
  CHECK(one.best().value == one.minima.front().value);
  std::set<Names> partitions;
  for (std::size_t m = 0; m < one.minima.size(); ++m) {
    const auto& minimum = one.minima[m];
    if (m > 0) CHECK(one.minima[m - 1].value <= minimum.value);
    CHECK(minimum.share == static_cast<double>(minimum.count) / testing::trials(2000));
    CHECK(partitions.insert(canonical(minimum.labels)).second);
    CHECK(canonical(minimum.labels) ==
          Names(minimum.labels.begin(), minimum.labels.end()));  // in order of first points
    CHECK((objective.assign(minimum.centers).labels == minimum.labels).all());
    double value = 0;
    for (Index i = 0; i < 150; ++i)
      value += (objective.points().col(i) - minimum.centers.col(minimum.labels(i))).squaredNorm();
    CHECK(minimum.value == Approx(value).epsilon(1e-13));
  }
}

TEST_CASE("on small whole points every strict minimum found is one by enumeration, and the best of all is found") {
  std::size_t found = 0, existing = 0;
  for (std::uint64_t seed = 0; seed < testing::trials(80u); ++seed) {
    const int k = 2 + static_cast<int>(seed % 2);
    const Eigen::MatrixXd points =
        grid_points(1 + static_cast<Index>(seed / 2 % 2), 7 + static_cast<Index>(seed % 2), 7, seed);
    const EmpiricalObjective objective(points);
    if (objective.distinct_points(k) < k) continue;
    const auto expected = enumerate(points, k);
    const auto result = survey(objective, {.clusters = k,
                                           .restarts = 1000,
                                           .seeding = Seeding::uniform_points,
                                           .seed = seed,
                                           .threads = 1,
                                           .on_empty = EmptyCell::reseed_farthest,
                                           .stuck_tests = false});
    INFO("seed " << seed << ", k = " << k);
    CHECK(result.unfinished == 0);
    CHECK(restarts_counted(result) == 1000);
    CHECK(result.best().value == Approx(expected.global).margin(1e-11));
    for (const auto& minimum : result.minima) {
      CHECK(minimum.certificate.status == CertificateStatus::strict_minimum);
      CHECK(expected.strict.contains(canonical(minimum.labels)));
    }
    found += result.minima.size();
    existing += expected.strict.size();
  }
  // Starts on points reach most minima, not only the best.
  CHECK(found > existing / 2);
  CHECK(found > testing::trials(100u));
}

TEST_CASE("the redirected restarts are those that plain Lloyd leaves on the tied partition") {
  const Eigen::MatrixXd points = on_line({-2, 0, 1});
  const EmpiricalObjective objective(points);
  std::vector<Eigen::MatrixXd> starts;
  Index tied = 0;
  for (Index a = 0; a < 3; ++a)
    for (Index b = 0; b < 3; ++b) {
      if (a == b) continue;
      Eigen::MatrixXd start(1, 2);
      start << points.col(a), points.col(b);
      const auto fit = kmscape::lloyd(objective, start);
      tied += fit.value > 1;  // {-2, 0} and {1} have the value 2, {-2} and {0, 1} 1/2
      starts.push_back(start);
    }
  REQUIRE(tied > 0);
  REQUIRE(tied < 6);
  const auto given = survey(objective, std::span<const Eigen::MatrixXd>(starts));
  CHECK(given.redirected == tied);
  CHECK(given.restarts == 6);

  const auto drawn = survey(objective, {.clusters = 2, .restarts = 600, .seeding = Seeding::uniform_points, .seed = 1});
  CHECK(std::abs(static_cast<double>(drawn.redirected) / 600 - static_cast<double>(tied) / 6) < 0.08);  // 5 deviations
  for (const auto& result : {given, drawn}) {
    REQUIRE(result.minima.size() == 1);
    CHECK(result.best().value == 0.5);
    CHECK(result.best().share == 1);
    CHECK(result.best().first_restart == 0);
    CHECK(result.best().certificate.status == CertificateStatus::strict_minimum);
  }
}

TEST_CASE("a redirected restart can be the first of the minimum that it leads to") {
  const EmpiricalObjective objective(on_line({-2, 0, 1}));
  const std::vector<Eigen::MatrixXd> starts = {on_line({-1, 1}), on_line({-2, 0.5})};
  const auto result = survey(objective, std::span(starts));
  CHECK(result.redirected == 1);
  REQUIRE(result.minima.size() == 1);
  CHECK(result.best().count == 2);
  CHECK(result.best().first_restart == 0);
}

TEST_CASE("from given starts the survey counts what Lloyd's iteration from each of them reaches") {
  const EmpiricalObjective objective(normal_points(2, 80, 12));
  std::vector<Eigen::MatrixXd> starts;
  std::map<Names, std::pair<Index, Index>> expected;  // count and first start
  for (Index r = 0; r < 150; ++r) {
    starts.push_back(normal_points(2, 4, static_cast<std::uint64_t>(1000 + r)));
    const auto fit = kmscape::lloyd(objective, starts.back());
    ++expected.emplace(canonical(fit.labels), std::pair<Index, Index>(0, r)).first->second.first;
  }
  // Options that only drawn starts need do not matter.
  const auto result =
      survey(objective, std::span<const Eigen::MatrixXd>(starts), {.clusters = 99, .restarts = -5, .threads = 2});
  CHECK(result.restarts == 150);
  CHECK(result.redirected == 0);
  REQUIRE(result.minima.size() == expected.size());
  CHECK(expected.size() > 3);
  for (const auto& minimum : result.minima) {
    const auto entry = expected.find(canonical(minimum.labels));
    REQUIRE(entry != expected.end());
    CHECK(minimum.count == entry->second.first);
    CHECK(minimum.first_restart == entry->second.second);
  }
}

TEST_CASE("a center tolerance as wide as the data merges ends, and still the survey ends and counts every restart") {
  // Regression: ends taken for one another led the way down in a circle.
  const EmpiricalObjective circle(grid_points(2, 11, 3, 237));
  const auto with = [](const auto& objective, Index k, double tolerance, std::uint64_t seed) {
    return survey(objective, {.clusters = k,
                              .restarts = 60,
                              .seeding = Seeding::uniform_points,
                              .seed = seed,
                              .threads = 1,
                              .same = SameMinimum::centers,
                              .center_tolerance = tolerance,
                              .stuck_tests = false});
  };
  CHECK(restarts_counted(with(circle, 3, 0.8, 237)) == 60);
  for (std::uint64_t seed = 0; seed < testing::trials(60u); ++seed) {
    const EmpiricalObjective objective(grid_points(2, 9, 3, seed));
    for (const double tolerance : {0.3, 0.8, 1.3}) {
      const auto result = with(objective, 3, tolerance, seed);
      CHECK(restarts_counted(result) == 60);
      CHECK(std::all_of(result.minima.begin(), result.minima.end(),
                        [](const auto& m) { return m.certificate.is_minimum(); }));
    }
  }
}

TEST_CASE("float data is surveyed to the minima of the same data in double") {
  const EmpiricalObjective precise(iris_points());
  const EmpiricalObjective<float, 4> coarse(kmscape::Points<float, 4>(iris_points().cast<float>()));
  const auto a = survey(precise, {.clusters = 3, .restarts = 1000, .seed = 3});
  const auto b = survey(coarse, {.clusters = 3, .restarts = 1000, .seed = 3});
  CHECK(b.best().value == Approx(a.best().value).epsilon(1e-5));
  CHECK(b.best().certificate.is_minimum());
  CHECK(restarts_counted(b) == 1000);
}

TEST_CASE("weights survey as copies: the same minima") {
  const Eigen::MatrixXd points = normal_points(2, 30, 14);
  kmscape::RandomStream stream(kmscape::Seed{2});
  const Eigen::ArrayXd weights =
      Eigen::ArrayXd::NullaryExpr(30, [&] { return static_cast<double>(1 + stream.index(3)); });
  Eigen::MatrixXd copies(2, static_cast<Index>(weights.sum()));
  for (Index i = 0, filled = 0; i < 30; ++i)
    for (double w = 0; w < weights(i); ++w) copies.col(filled++) = points.col(i);
  std::vector<Eigen::MatrixXd> starts;
  for (std::uint64_t r = 0; r < 100; ++r) starts.push_back(normal_points(2, 3, 500 + r));
  const std::span<const Eigen::MatrixXd> from(starts);
  const auto one = survey(EmpiricalObjective(points, weights), from), other = survey(EmpiricalObjective(copies), from);
  REQUIRE(one.minima.size() == other.minima.size());
  for (std::size_t m = 0; m < one.minima.size(); ++m) {
    CHECK(one.minima[m].value == Approx(other.minima[m].value).epsilon(1e-13));
    CHECK(one.minima[m].count == other.minima[m].count);
  }
}

TEST_CASE("a callback that ends the stuck tests leaves the counts whole, and no callback may change the result") {
  const EmpiricalObjective objective(normal_points(2, 60, 15));
  const kmscape::SurveyOptions plain{.clusters = 6, .restarts = 100, .seed = 2, .threads = 1};
  auto watched = plain;
  std::map<std::string, Index> last;
  watched.progress = [&](const kmscape::Progress& progress) {
    const std::string stage(progress.stage);
    CHECK(progress.done > last[stage]);
    CHECK(progress.done <= progress.total);
    last[stage] = progress.done;
    return true;
  };
  const auto result = survey(objective, watched);
  CHECK(last["restarts"] == 100);
  CHECK(last["minima"] == static_cast<Index>(result.minima.size()));
  CHECK(same_to_the_bit(result, survey(objective, plain)));

  watched.progress = [](const kmscape::Progress& progress) { return progress.stage == "restarts"; };
  const auto stopped = survey(objective, watched);
  CHECK(stopped.stopped);
  CHECK(stopped.restarts == 100);
  CHECK(restarts_counted(stopped) == 100);
}

TEST_CASE("the exact coverage of Wilson's interval stays above 93 percent for shares a survey can see") {
  for (const Index trials : {100, 1000})
    for (const double share : {0.05, 0.1, 0.25, 0.5, 0.8, 0.95}) {
      double coverage = 0;
      const auto n = static_cast<double>(trials);
      for (Index count = 0; count <= trials; ++count) {
        const auto interval = kmscape::wilson_interval(count, trials);
        if (interval.low > share || share > interval.high) continue;
        const auto c = static_cast<double>(count);
        coverage += std::exp(std::lgamma(n + 1) - std::lgamma(c + 1) - std::lgamma(n - c + 1) + c * std::log(share) +
                             (n - c) * std::log1p(-share));
      }
      INFO(share << " of " << trials);
      CHECK(coverage > 0.93);
      CHECK(coverage < 0.975);
    }
  // The ends solve (share - p)^2 = z^2 p (1 - p) / n.
  for (const Index count : {1, 7, 19}) {
    const auto interval = kmscape::wilson_interval(count, 20, 2.5);
    const double share = static_cast<double>(count) / 20;
    for (const double p : {interval.low, interval.high})
      CHECK((share - p) * (share - p) == Approx(2.5 * 2.5 * p * (1 - p) / 20).epsilon(1e-12));
  }
}

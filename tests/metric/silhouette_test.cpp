#include <kmscape/metric/silhouette.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <kmscape/core/random.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::Index;
using kmscape::Label;
using kmscape::Labels;
using kmscape::silhouette;
using kmscape::simplified_silhouette;
using testing::labels;
using testing::normal_points;
using testing::on_line;

namespace {

Labels random_cluster_labels(Index n, Label k, std::uint64_t seed) {
  kmscape::RandomStream stream(kmscape::Seed{seed}, 1);
  return Labels::NullaryExpr(n, [&] { return static_cast<Label>(stream.index(k)); });
}

/// Mean distance of point i to the others of cluster c.
double mean_distance(const Eigen::MatrixXd& points, const Labels& of, Index i, Label c) {
  double sum = 0, count = 0;
  for (Index j = 0; j < points.cols(); ++j) {
    if (of(j) != c || j == i) continue;
    sum += (points.col(i) - points.col(j)).norm();
    count += 1;
  }
  return sum / count;
}

struct Oracle {
  double own = 0, other = std::numeric_limits<double>::infinity(), value = 0;
};

/// Point i of unweighted data as Rousseeuw defines it.
Oracle by_definition(const Eigen::MatrixXd& points, const Labels& of, Index i) {
  Oracle result;
  for (Label c = 0; c <= of.maxCoeff(); ++c)
    if (c != of(i) && (of == c).any()) result.other = std::min(result.other, mean_distance(points, of, i, c));
  if ((of == of(i)).count() == 1) return result;
  result.own = mean_distance(points, of, i, of(i));
  const double larger = std::max(result.own, result.other);
  result.value = larger > 0 ? (result.other - result.own) / larger : 0;
  return result;
}

Eigen::MatrixXd means(const Eigen::MatrixXd& points, const Labels& of) {
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(points.rows(), of.maxCoeff() + 1);
  for (Index i = 0; i < points.cols(); ++i) sum.col(of(i)) += points.col(i);
  for (Label c = 0; c <= of.maxCoeff(); ++c) sum.col(c) /= std::max<double>(1, static_cast<double>((of == c).count()));
  return sum;
}

template <class A, class B>
void check_same(const A& a, const B& b, double tolerance) {
  CHECK((a.value - b.value).abs().maxCoeff() <= tolerance);
  CHECK((a.own_distance - b.own_distance).abs().maxCoeff() <= tolerance);
  CHECK((a.other_distance - b.other_distance).abs().maxCoeff() <= tolerance);
  CHECK((a.cluster_mean - b.cluster_mean).abs().maxCoeff() <= tolerance);
  CHECK((a.neighbor == b.neighbor).all());
  CHECK(std::abs(a.mean - b.mean) <= tolerance);
}

}  // namespace

TEST_CASE("silhouettes of three points on the line, by hand") {
  const auto result = silhouette(on_line({0, 1, 10}), labels({0, 0, 1}));
  CHECK(result.value(0) == Approx(0.9).epsilon(1e-15));
  CHECK(result.value(1) == Approx(8.0 / 9).epsilon(1e-15));
  CHECK(result.value(2) == 0);  // alone in its cluster
  CHECK(result.own_distance(2) == 0);
  CHECK(result.other_distance(2) == 9.5);
  CHECK((result.neighbor == labels({1, 1, 0})).all());
  CHECK(result.cluster_mean(0) == Approx((0.9 + 8.0 / 9) / 2).epsilon(1e-15));
  CHECK(result.cluster_mean(1) == 0);
  CHECK((result.cluster_weight == Eigen::Array2d(2, 1)).all());
  CHECK(result.mean == Approx((0.9 + 8.0 / 9) / 3).epsilon(1e-15));
  CHECK_FALSE(result.stopped);

  // Against the centers 1/2 and 10: (10 - 1/2) / 10 and (9 - 1/2) / 9.
  const auto simple = simplified_silhouette(on_line({0, 1, 10}), on_line({0.5, 10}), labels({0, 0, 1}));
  CHECK(simple.value(0) == Approx(0.95).epsilon(1e-15));
  CHECK(simple.value(1) == Approx(17.0 / 18).epsilon(1e-15));
  CHECK(simple.value(2) == 0);
  CHECK(simple.other_distance(2) == 9.5);
}

TEST_CASE("full silhouettes equal their definition: random data, labels, gaps in the labels, duplicates") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto d = static_cast<Index>(1 + seed % 5), n = static_cast<Index>(5 + 7 * (seed % 6));
    const Eigen::MatrixXd points = seed % 3 == 0 ? testing::grid_points(d, n, 2, seed) : normal_points(d, n, seed);
    Labels of = random_cluster_labels(n, static_cast<Label>(2 + seed % 9), seed) * (seed % 2 == 0 ? 3 : 1);
    of(0) = 0;
    of(1) = 4;  // two clusters in any case
    const auto result = silhouette(points, of);
    double mean = 0;
    Eigen::ArrayXd of_cluster = Eigen::ArrayXd::Zero(of.maxCoeff() + 1);
    for (Index i = 0; i < n; ++i) {
      CAPTURE(seed, i);
      const auto expected = by_definition(points, of, i);
      CHECK(result.own_distance(i) == Approx(expected.own).epsilon(1e-13));
      CHECK(result.other_distance(i) == Approx(expected.other).epsilon(1e-13));
      CHECK(result.value(i) == Approx(expected.value).margin(1e-13));
      CHECK(result.neighbor(i) != of(i));
      CHECK(mean_distance(points, of, i, result.neighbor(i)) == Approx(expected.other).epsilon(1e-13));
      mean += expected.value / static_cast<double>(n);
      of_cluster(of(i)) += expected.value / static_cast<double>((of == of(i)).count());
    }
    CHECK(result.mean == Approx(mean).margin(1e-13));
    REQUIRE(result.cluster_mean.size() == of_cluster.size());
    CHECK((result.cluster_mean - of_cluster).abs().maxCoeff() < 1e-13);
    for (Index c = 0; c < of_cluster.size(); ++c)
      CHECK(result.cluster_weight(c) == static_cast<double>((of == static_cast<Label>(c)).count()));
  }
}

TEST_CASE("simplified silhouettes equal their definition, and are never negative for nearest centers") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Index n = 30, k = 4;
    const Eigen::MatrixXd points = normal_points(3, n, seed), centers = normal_points(3, k, seed + 100);
    Labels nearest(n);
    for (Index i = 0; i < n; ++i) {
      Index j = 0;
      (centers.colwise() - points.col(i)).colwise().squaredNorm().minCoeff(&j);
      nearest(i) = static_cast<Label>(j);
    }
    if (nearest.minCoeff() < nearest.maxCoeff())
      CHECK(simplified_silhouette(points, centers, nearest).value.minCoeff() >= 0);
    const Labels of = random_cluster_labels(n, 3, seed);  // cluster 3 is empty: its center is nobody's neighbour
    const auto result = simplified_silhouette(points, centers, of);
    double mean = 0;
    for (Index i = 0; i < n; ++i) {
      const double own = (points.col(i) - centers.col(of(i))).norm();
      double other = std::numeric_limits<double>::infinity();
      for (Label c = 0; c < 3; ++c)
        if (c != of(i)) other = std::min(other, (points.col(i) - centers.col(c)).norm());
      CHECK(result.own_distance(i) == Approx(own).epsilon(1e-14));
      CHECK(result.other_distance(i) == Approx(other).epsilon(1e-14));
      CHECK(result.value(i) == Approx((other - own) / std::max(own, other)).margin(1e-14));
      mean += (other - own) / std::max(own, other) / static_cast<double>(n);
    }
    CHECK(result.mean == Approx(mean).margin(1e-14));
    CHECK(result.cluster_mean.size() == 4);
    CHECK(result.cluster_mean(3) == 0);
    CHECK(result.cluster_weight(3) == 0);
  }
}

TEST_CASE("the simplified form of points that are centers' copies: 1, and 0 where two centers coincide") {
  const auto points = on_line({0, 0, 5, 5});
  CHECK(simplified_silhouette(points, on_line({0, 5}), labels({0, 0, 1, 1})).mean == 1);
  CHECK(simplified_silhouette(points, on_line({0, 0}), labels({0, 1, 0, 1})).value(0) == 0);
}

TEST_CASE("a weight is that many copies of its point, of which one is left out") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Index n = 20;
    const Eigen::MatrixXd points = normal_points(2, n, seed);
    const Labels of = random_cluster_labels(n, 5, seed);
    const Eigen::ArrayXd weights = testing::grid_points(1, n, 3, seed).transpose().array() + 1;
    std::vector<Index> source;
    for (Index i = 0; i < n; ++i) source.insert(source.end(), static_cast<std::size_t>(weights(i)), i);
    const auto copies = silhouette(points(Eigen::all, source).eval(), of(source).eval());
    const auto weighted = silhouette(points, of, weights);
    const auto centers = means(points, of);
    const auto simple_copies = simplified_silhouette(points(Eigen::all, source).eval(), centers, of(source).eval());
    const auto simple = simplified_silhouette(points, centers, of, weights);
    for (std::size_t c = 0; c < source.size(); ++c) {
      const auto copy = static_cast<Index>(c);
      CAPTURE(seed, c);
      CHECK(weighted.value(source[c]) == Approx(copies.value(copy)).margin(1e-13));
      CHECK(weighted.own_distance(source[c]) == Approx(copies.own_distance(copy)).margin(1e-13));
      CHECK(simple.value(source[c]) == simple_copies.value(copy));
    }
    CHECK((weighted.cluster_mean - copies.cluster_mean).abs().maxCoeff() < 1e-13);
    CHECK((weighted.cluster_weight == copies.cluster_weight).all());
    CHECK(weighted.mean == Approx(copies.mean).margin(1e-13));
    CHECK(simple.mean == Approx(simple_copies.mean).margin(1e-13));
  }
  // Three copies alone in a cluster lie at distance 0 from each other; one copy is alone.
  const auto points = on_line({0, 4, 5});
  const auto of = labels({0, 1, 1});
  CHECK(silhouette(points, of, Eigen::Array3d(3, 1, 1)).value(0) == 1);
  CHECK(silhouette(points, of, Eigen::Array3d(1, 1, 1)).value(0) == 0);
  CHECK(simplified_silhouette(points, on_line({0, 4.5}), of, Eigen::Array3d(3, 1, 1)).value(0) == 1);
  CHECK(simplified_silhouette(points, on_line({0, 4.5}), of, Eigen::Array3d(1, 1, 1)).value(0) == 0);
}

TEST_CASE("a point of less than one copy is left out whole, so that shares below 1 have no unit") {
  const auto points = on_line({0, 1, 3, 10, 12});
  const auto of = labels({0, 0, 0, 1, 1});
  const Eigen::ArrayXd weights = (Eigen::ArrayXd(5) << 0.2, 0.5, 0.1, 0.25, 0.75).finished();
  const auto result = silhouette(points, of, weights);
  const double a = (0.5 * 1 + 0.1 * 3) / 0.6, b = (0.25 * 10 + 0.75 * 12) / 1.0;
  CHECK(result.own_distance(0) == Approx(a).epsilon(1e-14));
  CHECK(result.other_distance(0) == Approx(b).epsilon(1e-14));
  CHECK(result.value(0) == Approx((b - a) / b).epsilon(1e-14));
  check_same(result, silhouette(points, of, (weights / 1024).eval()), 0);
  CHECK(silhouette(on_line({0, 3, 4}), labels({0, 1, 1}), Eigen::Array3d(0.5, 0.5, 0.5)).value(0) == 0);
  // A tiny companion is enough for a cluster of two: nothing of its weight is lost in that of the point.
  CHECK(silhouette(on_line({0, 1, 5}), labels({0, 0, 1}), Eigen::Array3d(1, 1e-30, 1)).own_distance(0) ==
        Approx(1).epsilon(1e-15));
}

TEST_CASE("silhouettes do not see translations, rotations, units or the names of clusters") {
  const Index n = 60;
  const Eigen::MatrixXd points = normal_points(2, n, 5);
  const Labels of = random_cluster_labels(n, 4, 5);
  const auto plain = silhouette(points, of);
  Eigen::Matrix2d turn;
  turn << std::cos(1.0), -std::sin(1.0), std::sin(1.0), std::cos(1.0);
  check_same(plain, silhouette((turn * points).eval(), of), 1e-13);
  check_same(plain, silhouette((points.array() + 1e3).matrix().eval(), of), 1e-11);

  const auto renamed = silhouette(points, Labels(3 - of));
  CHECK((renamed.value == plain.value).all());
  CHECK((renamed.cluster_mean == plain.cluster_mean.reverse()).all());
  CHECK((renamed.neighbor == 3 - plain.neighbor).all());

  // Units in which squared distances overflow, or vanish.
  for (const int exponent : {900, -900}) {
    const double unit = std::ldexp(1.0, exponent);
    const auto scaled = silhouette((points * unit).eval(), of);
    CHECK((scaled.value == plain.value).all());
    CHECK((scaled.own_distance == plain.own_distance * unit).all());
    CHECK((scaled.other_distance == plain.other_distance * unit).all());
    CHECK(scaled.mean == plain.mean);
    const auto centers = means(points, of);
    CHECK((simplified_silhouette((points * unit).eval(), (centers * unit).eval(), of).value ==
           simplified_silhouette(points, centers, of).value)
              .all());
  }
}

TEST_CASE("float data is measured in double, long double in itself, and expressions and maps are points") {
  const Eigen::MatrixXf points = normal_points<float>(3, 50, 2);
  const Labels of = random_cluster_labels(50, 3, 2);
  const auto exact = silhouette(points.cast<double>().eval(), of);
  const auto from_float = silhouette(points, of);
  static_assert(std::is_same_v<decltype(from_float), const kmscape::Silhouette<double>>);
  check_same(exact, from_float, 0);
  check_same(exact, silhouette(points.block(0, 0, 3, 50), of), 0);
  check_same(exact, silhouette(Eigen::Map<const Eigen::Matrix<float, 3, Eigen::Dynamic>>(points.data(), 3, 50), of), 0);
  const auto longer = silhouette(points.cast<long double>().eval(), of);
  static_assert(std::is_same_v<decltype(longer), const kmscape::Silhouette<long double>>);
  CHECK(static_cast<double>(longer.mean) == Approx(exact.mean).margin(1e-15));
  const Eigen::MatrixXd centers = means(points.cast<double>(), of);
  check_same(simplified_silhouette(points.cast<double>().eval(), centers, of),
             simplified_silhouette(points, centers, of), 0);
  // Far from the origin a float holds little of a point, but all of it counts.
  const Eigen::MatrixXf far = (points.array() + 4096).matrix();
  check_same(silhouette(far, of), silhouette((far.cast<double>().array() - 4096).matrix().eval(), of), 1e-15);
}

TEST_CASE("equal points under different labels score 0, all points alone score 0") {
  const Eigen::MatrixXd same = Eigen::MatrixXd::Constant(2, 6, 1.5);
  const auto result = silhouette(same, labels({0, 0, 0, 1, 1, 1}));
  CHECK((result.value == 0).all());
  CHECK((result.other_distance == 0).all());
  const auto alone = silhouette(normal_points(2, 9, 3), Labels::LinSpaced(9, 0, 8));
  CHECK((alone.value == 0).all());
  CHECK(alone.mean == 0);
  CHECK(silhouette(on_line({0, 2, 1, 1}), labels({1, 2, 0, 0})).neighbor(2) == 1);  // a tie goes to the lowest label
}

TEST_CASE("threads and a listener change no bit") {
  const Index n = 1500;
  const Eigen::MatrixXd points = normal_points(3, n, 7);
  const Labels of = random_cluster_labels(n, 6, 7);
  const auto one = silhouette(points, of, {.threads = 1});
  check_same(one, silhouette(points, of, {.threads = 5}), 0);
  Index last = 0;
  int calls = 0;
  const auto listener = [&](const kmscape::Progress& progress) {
    CHECK(progress.stage == "silhouettes");
    CHECK(progress.total == n);
    CHECK(progress.done > last);
    last = progress.done;
    ++calls;
    return true;
  };
  check_same(one, silhouette(points, of, {.threads = 2, .progress = listener}), 0);
  CHECK(last == n);
  CHECK(calls > 5);
}

TEST_CASE("a listener ends the work, and the result says so and holds nothing else") {
  const auto result = silhouette(normal_points(2, 500, 1), random_cluster_labels(500, 3, 1),
                                 {.progress = [](const kmscape::Progress&) { return false; }});
  CHECK(result.stopped);
  CHECK(result.value.size() == 0);
  CHECK(result.cluster_mean.size() == 0);
  CHECK(result.mean == 0);
}

TEST_CASE("silhouettes refuse what they cannot judge") {
  const auto points = on_line({0, 1, 2});
  const auto two = labels({0, 0, 1});
  const auto of = [&](const Labels& l) { return refusal([&] { static_cast<void>(silhouette(points, l)); }); };
  CHECK(of(labels({2, 2, 2})) ==
        "kmscape::silhouette: labels = all 2, but a silhouette compares a cluster with others, and there is one only; "
        "pass labels of at least two clusters");
  CHECK(of(labels({0, 1})) ==
        "kmscape::silhouette: labels = 2 labels, but there are 3 points; pass one label per point");
  CHECK(of(labels({0, -1, 0})) ==
        "kmscape::silhouette: labels(1) = -1, but labels are 0-based cell indices; number the clusters 0, 1, 2, ...");
  CHECK(
      refusal([] { static_cast<void>(silhouette(Eigen::MatrixXd(2, 0), Labels())); }) ==
      "kmscape::silhouette: points = a 2 x 0 matrix, but at least one point of at least one dimension is needed; pass "
      "a d x n matrix whose columns are the points");
  CHECK(
      refusal([&] {
        static_cast<void>(silhouette(on_line({0, std::nan(""), 1}), two));
      }) ==
      "kmscape::silhouette: points(0, 1) = nan, but every coordinate must be a finite number; drop or impute point 1");
  CHECK(refusal([&] { static_cast<void>(silhouette(points, two, {.threads = -1})); }) ==
        "kmscape::silhouette: options.threads = -1, but a number of threads cannot be negative; pass 0 for all cores "
        "or 1 "
        "for the calling thread only");
  CHECK(
      refusal([&] { static_cast<void>(silhouette(points, two, Eigen::Array3d(1, 0, 1))); }) ==
      "kmscape::silhouette: weights(1) = 0, but every weight must be a positive finite number; drop point 1 instead of "
      "giving it no weight");
  CHECK(refusal([&] { static_cast<void>(silhouette(points, two, Eigen::Array2d(1, 1))); }) ==
        "kmscape::silhouette: weights = 2 numbers, but there are 3 points; pass one weight per point");
}

TEST_CASE("simplified silhouettes refuse what they cannot judge") {
  const auto points = on_line({0, 1, 2});
  const auto centers = on_line({0, 2});
  const auto of = [&](const Labels& l) {
    return refusal([&] { static_cast<void>(simplified_silhouette(points, centers, l)); });
  };
  CHECK(of(labels({1, 1, 1})) ==
        "kmscape::simplified_silhouette: labels = all 1, but a silhouette compares a cluster with others, and there is "
        "one only; pass labels of at least two clusters");
  CHECK(
      of(labels({0, 2, 1})) ==
      "kmscape::simplified_silhouette: labels(1) = 2, but there are 2 centers; pass labels that number the columns of "
      "`centers`");
  CHECK(of(labels({0})) ==
        "kmscape::simplified_silhouette: labels = 1 labels, but there are 3 points; pass one label per point");
  CHECK(refusal([&] {
          static_cast<void>(simplified_silhouette(points, Eigen::MatrixXd::Zero(2, 2), labels({0, 0, 1})));
        }) ==
        "kmscape::simplified_silhouette: centers = centers in 2 dimensions, but the points have 1; pass centers of one "
        "space with the points");
  CHECK(refusal([&] {
          static_cast<void>(
              simplified_silhouette(points, on_line({0, std::numeric_limits<double>::infinity()}), labels({0, 0, 1})));
        }) ==
        "kmscape::simplified_silhouette: centers(0, 1) = inf, but every coordinate must be a finite number; drop or "
        "impute center 1");
  CHECK(
      refusal([&] {
        static_cast<void>(simplified_silhouette(points, centers, labels({0, 0, 1}), Eigen::Array3d(1, 1, -2)));
      }) ==
      "kmscape::simplified_silhouette: weights(2) = -2, but every weight must be a positive finite number; drop point "
      "2 instead of giving it no weight");
  CHECK(refusal([&] {
          static_cast<void>(simplified_silhouette(points, centers, labels({0, 0, 1}), {.threads = -2}));
        }) ==
        "kmscape::simplified_silhouette: options.threads = -2, but a number of threads cannot be negative; pass 0 for "
        "all "
        "cores or 1 for the calling thread only");
}

#include <kmscape/metric/partition_agreement.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <kmscape/core/random.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::Index;
using kmscape::Label;
using kmscape::Labels;
using kmscape::Normaliser;
using testing::labels;

namespace {

Labels random_labels(Index n, Index k, std::uint64_t seed) {
  kmscape::RandomStream stream{kmscape::Seed(seed)};
  return Labels::NullaryExpr(n, [&] { return static_cast<Label>(stream.index(k)); });
}

Labels renamed(const Labels& a) {
  return a.unaryExpr([](Label label) { return static_cast<Label>((label * 3 + 2) % 7); });  // one to one on 0..6
}

/// The least share of wrong points over all ways to name the parts of `a`, of which there are `parts`, by names of
/// which there are enough for both.
double least_wrong(const Labels& a, const Labels& b, Index parts_a, Index parts_b) {
  std::vector<Label> name(static_cast<std::size_t>(std::max(parts_a, parts_b)));
  std::iota(name.begin(), name.end(), 0);
  Index best = a.size();
  do {
    Index wrong = 0;
    for (Index i = 0; i < a.size(); ++i) wrong += name[static_cast<std::size_t>(a(i))] != b(i);
    best = std::min(best, wrong);
  } while (std::next_permutation(name.begin(), name.end()));
  return static_cast<double>(best) / static_cast<double>(a.size());
}

/// Pairs of points, one by one, by whether they are together in a and in b.
struct Pairs {
  double both = 0, only_a = 0, only_b = 0, neither = 0;
};

Pairs count_pairs(const Labels& a, const Labels& b) {
  Pairs pairs;
  for (Index i = 0; i < a.size(); ++i)
    for (Index j = 0; j < i; ++j) {
      const bool in_a = a(i) == a(j), in_b = b(i) == b(j);
      (in_a && in_b ? pairs.both : in_a ? pairs.only_a : in_b ? pairs.only_b : pairs.neither) += 1;
    }
  return pairs;
}

}  // namespace

TEST_CASE("misclassification is the least over all renamings, parts without a partner counting in full") {
  CHECK(kmscape::misclassification_rate(labels({0, 0, 1, 1}), labels({1, 1, 0, 0})) == 0);
  CHECK(kmscape::misclassification_rate(labels({0, 0, 1, 2}), labels({0, 0, 1, 1})) == 0.25);
  CHECK(kmscape::misclassification_rate(labels({0, 0, 0, 0}), labels({0, 1, 2, 3})) == 0.75);
  // Matching the largest overlap first (3, then 0 + 0) would leave more wrong than 2 + 2.
  CHECK(kmscape::misclassification_rate(labels({0, 0, 0, 0, 0, 1, 1}), labels({0, 0, 0, 1, 1, 0, 0})) == 3.0 / 7);
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const Index parts_a = 1 + static_cast<Index>(seed % 5), parts_b = 1 + static_cast<Index>(seed / 5 % 5);
    const auto a = random_labels(23, parts_a, seed), b = random_labels(23, parts_b, seed + 1000);
    CAPTURE(seed);
    CHECK(kmscape::misclassification_rate(a, b) == least_wrong(a, b, parts_a, parts_b));
    CHECK(kmscape::misclassification_rate(b, a) == kmscape::misclassification_rate(a, b));
  }
}

TEST_CASE("recovery is exact up to names, and only then") {
  CHECK(kmscape::exact_recovery(labels({0, 0, 1, 5}), labels({2, 2, 0, 1})));
  CHECK_FALSE(kmscape::exact_recovery(labels({0, 0, 1, 1}), labels({0, 0, 1, 2})));
  CHECK_FALSE(kmscape::exact_recovery(labels({0, 0, 1, 2}), labels({0, 0, 1, 1})));
  CHECK_FALSE(kmscape::exact_recovery(labels({0, 1, 0, 1}), labels({0, 0, 1, 1})));
  int recovered = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto a = random_labels(4, 3, seed), b = random_labels(4, 3, seed + 300);
    const Pairs pairs = count_pairs(a, b);
    CHECK(kmscape::exact_recovery(a, b) == (pairs.only_a + pairs.only_b == 0));
    recovered += kmscape::exact_recovery(a, b);
  }
  CHECK(recovered > 10);
  CHECK(recovered < 290);
}

TEST_CASE("Rand and adjusted Rand agree with counting all pairs") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto a = random_labels(25, 3, seed), b = random_labels(25, 5, seed + 500);
    const Pairs pairs = count_pairs(a, b);
    CHECK(kmscape::rand_index(a, b) == (pairs.both + pairs.neither) / 300);
    // (index - expected) / (largest - expected), as Hubert and Arabie define it.
    const double in_a = pairs.both + pairs.only_a, in_b = pairs.both + pairs.only_b, expected = in_a * in_b / 300;
    CHECK(kmscape::adjusted_rand_index(a, b) ==
          Approx((pairs.both - expected) / ((in_a + in_b) / 2 - expected)).margin(1e-14));
  }
  // By hand: pairs together are 1, 2 and 1 of 6, expected 1/3: (1 - 1/3) / (3/2 - 1/3).
  CHECK(kmscape::adjusted_rand_index(labels({0, 0, 1, 1}), labels({0, 0, 1, 2})) == Approx(4.0 / 7).epsilon(1e-15));
  CHECK(kmscape::rand_index(labels({0, 0, 1, 1}), labels({0, 0, 1, 2})) == 5.0 / 6);
}

TEST_CASE("the adjusted Rand index is 0 on average over all orders of a labeling, and for independent labels") {
  const auto a = labels({0, 0, 0, 1, 1, 2, 2});
  Labels b = labels({0, 0, 1, 1, 1, 1, 2});
  double sum = 0;
  std::vector<int> order(7);
  std::iota(order.begin(), order.end(), 0);
  do {
    Labels shuffled(7);
    for (Index i = 0; i < 7; ++i) shuffled(i) = b(order[static_cast<std::size_t>(i)]);
    sum += kmscape::adjusted_rand_index(a, shuffled);
  } while (std::next_permutation(order.begin(), order.end()));
  CHECK(std::abs(sum / 5040) < 1e-14);

  double mean = 0, squares = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const double value = kmscape::adjusted_rand_index(random_labels(60, 3, seed), random_labels(60, 4, seed + 9000));
    mean += value / 400;
    squares += value * value;
  }
  CHECK(std::abs(mean) < 5 * std::sqrt(squares) / 400);
}

TEST_CASE("the adjusted Rand index keeps its digits when one part holds all points but one") {
  // a sets point 0 apart and b point 1. Of n points, C(n-2, 2) pairs are together in both, n - 2 in a only, n - 2 in b
  // only, 1 in neither, from which the index is -1/(n-1).
  for (const Index n : {3, 10, 1'000, 1'000'000}) {
    Labels a = Labels::Zero(n), b = Labels::Zero(n);
    a(0) = 1;
    b(1) = 1;
    CAPTURE(n);
    CHECK(kmscape::adjusted_rand_index(a, b) == Approx(-1 / static_cast<double>(n - 1)).epsilon(1e-14));
  }
}

TEST_CASE("entropy and mutual information by hand, the normalisers and their limits") {
  const auto a = labels({0, 0, 1, 1}), b = labels({0, 0, 1, 2});  // H(a) = ln 2, H(b) = 1.5 ln 2, I = ln 2
  const double ln2 = std::log(2.0);
  CHECK(kmscape::entropy(a) == Approx(ln2).epsilon(1e-15));
  CHECK(kmscape::entropy(b) == Approx(1.5 * ln2).epsilon(1e-15));
  CHECK(kmscape::entropy(labels({4, 4, 4})) == 0);
  CHECK(kmscape::mutual_information(a, b) == Approx(ln2).epsilon(1e-15));
  CHECK(kmscape::normalized_mutual_information(a, b) == Approx(1 / 1.25).epsilon(1e-15));
  CHECK(kmscape::normalized_mutual_information(a, b, Normaliser::geometric) ==
        Approx(1 / std::sqrt(1.5)).epsilon(1e-15));
  CHECK(kmscape::normalized_mutual_information(a, b, Normaliser::smaller) == Approx(1).epsilon(1e-15));
  CHECK(kmscape::normalized_mutual_information(a, b, Normaliser::larger) == Approx(1 / 1.5).epsilon(1e-15));
  const auto crossed = labels({0, 1, 0, 1});  // independent of a
  CHECK(kmscape::mutual_information(a, crossed) == Approx(0).margin(1e-15));
  CHECK(kmscape::normalized_mutual_information(a, crossed) == Approx(0).margin(1e-15));

  const auto one = labels({3, 3, 3, 3});
  for (const auto normaliser :
       {Normaliser::arithmetic, Normaliser::geometric, Normaliser::smaller, Normaliser::larger}) {
    CAPTURE(kmscape::to_string(normaliser));
    CHECK(kmscape::normalized_mutual_information(one, labels({0, 0, 0, 0}), normaliser) == 1);
    CHECK(kmscape::normalized_mutual_information(one, a, normaliser) == 0);
    CHECK(kmscape::normalized_mutual_information(a, one, normaliser) == 0);
    CHECK(kmscape::normalized_mutual_information(labels({1}), labels({0}), normaliser) == 1);
  }
}

TEST_CASE("information obeys I = H(a) + H(b) - H(a, b) and 0 <= I <= min H, and normalisers their order") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto a = random_labels(40, 2 + static_cast<Index>(seed % 5), seed), b = random_labels(40, 4, seed + 100);
    const Labels joint = a * 4 + b;
    const double of_a = kmscape::entropy(a), of_b = kmscape::entropy(b), shared = kmscape::mutual_information(a, b);
    CHECK(shared == Approx(of_a + of_b - kmscape::entropy(joint)).margin(1e-14));
    CHECK(shared >= 0);
    CHECK(shared <= std::min(of_a, of_b));
    const auto normalised = [&](Normaliser by) { return kmscape::normalized_mutual_information(a, b, by); };
    CHECK(normalised(Normaliser::larger) <= normalised(Normaliser::arithmetic) + 1e-15);
    CHECK(normalised(Normaliser::arithmetic) <= normalised(Normaliser::geometric) + 1e-15);
    CHECK(normalised(Normaliser::geometric) <= normalised(Normaliser::smaller) + 1e-15);
    CHECK(normalised(Normaliser::smaller) <= 1);
  }
}

TEST_CASE("the normalisers have names") {
  CHECK(kmscape::to_string(Normaliser::arithmetic) == "arithmetic");
  CHECK(kmscape::to_string(Normaliser::geometric) == "geometric");
  CHECK(kmscape::to_string(Normaliser::smaller) == "smaller");
  CHECK(kmscape::to_string(Normaliser::larger) == "larger");
}

TEST_CASE("every measure is symmetric, ignores names, and is perfect for equal partitions of a million points") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto a = random_labels(100, 4, seed), b = random_labels(100, 3, seed + 20);
    for (const auto measure :
         {&kmscape::rand_index<>, &kmscape::adjusted_rand_index<>, &kmscape::misclassification_rate<>}) {
      CHECK(measure(a, b) == measure(b, a));
      CHECK(measure(renamed(a), b) == measure(a, b));
    }
    CHECK(kmscape::mutual_information(renamed(a), b) == Approx(kmscape::mutual_information(b, a)).margin(1e-15));
    for (const auto normaliser :
         {Normaliser::arithmetic, Normaliser::geometric, Normaliser::smaller, Normaliser::larger})
      CHECK(kmscape::normalized_mutual_information(renamed(a), b, normaliser) ==
            Approx(kmscape::normalized_mutual_information(b, a, normaliser)).margin(1e-14));
  }
  const auto many = random_labels(1'000'000, 5, 3);
  CHECK(kmscape::rand_index(many, renamed(many)) == 1);
  CHECK(kmscape::adjusted_rand_index(many, renamed(many)) == 1);
  CHECK(kmscape::normalized_mutual_information(many, renamed(many)) == Approx(1).epsilon(1e-14));
  CHECK(kmscape::misclassification_rate(many, renamed(many)) == 0);
  CHECK(kmscape::exact_recovery(many, renamed(many)));
}

TEST_CASE("partitions into very many parts, and labels far apart, need no table of all pairs of labels") {
  const Index n = 300'000;  // a table would hold 9e10 entries
  const Labels single = Labels::LinSpaced(n, 0, static_cast<Label>(n - 1));
  const Labels paired = single / 2;
  CHECK(kmscape::rand_index(single, single.reverse()) == 1);
  CHECK(kmscape::adjusted_rand_index(single, single.reverse()) == 1);
  CHECK(kmscape::adjusted_rand_index(single, paired) == 0);
  CHECK(kmscape::entropy(single) == Approx(std::log(3e5)).epsilon(1e-14));
  CHECK(kmscape::mutual_information(single, paired) == Approx(std::log(1.5e5)).epsilon(1e-14));
  CHECK(kmscape::misclassification_rate(labels({0, 900'000, 0}), labels({800'000, 7, 7})) == 1.0 / 3);
}

TEST_CASE("trivial partitions agree by definition") {
  const auto one = labels({0, 0, 0}), single = labels({0, 1, 2});
  CHECK(kmscape::adjusted_rand_index(one, one) == 1);
  CHECK(kmscape::adjusted_rand_index(single, single) == 1);
  CHECK(kmscape::adjusted_rand_index(one, single) == 0);
  CHECK(kmscape::rand_index(one, single) == 0);
  CHECK(kmscape::rand_index(labels({0}), labels({3})) == 1);
  CHECK(kmscape::adjusted_rand_index(labels({0}), labels({3})) == 1);
  CHECK(kmscape::misclassification_rate(labels({0}), labels({3})) == 0);
}

TEST_CASE("labels that are none are refused by every measure") {
  CHECK(refusal([] {
          static_cast<void>(kmscape::adjusted_rand_index(labels({0, 1}), labels({0})));
        }) == "kmscape::adjusted_rand_index: b = 1 labels, but there are 2 points; pass one label per point");
  CHECK(refusal([] {
          static_cast<void>(kmscape::rand_index(labels({0, -1}), labels({0, 0})));
        }) == "kmscape::rand_index: a(1) = -1, but labels are 0-based cell indices; number the clusters 0, 1, 2, ...");
  CHECK(refusal([] { static_cast<void>(kmscape::misclassification_rate(labels({}), labels({}))); }) ==
        "kmscape::misclassification_rate: labels = an empty list, but there must be at least one point; "
        "pass one label per point");
  CHECK(refusal([] {
          static_cast<void>(kmscape::exact_recovery(labels({0}), labels({0, 1})));
        }) == "kmscape::exact_recovery: truth = 2 labels, but there are 1 points; pass one label per point");
  CHECK_THAT(refusal([] { static_cast<void>(kmscape::mutual_information(labels({}), labels({}))); }),
             ContainsSubstring("kmscape::mutual_information: a = an empty list"));
  CHECK_THAT(refusal([] { static_cast<void>(kmscape::normalized_mutual_information(labels({0}), labels({-2}))); }),
             ContainsSubstring("kmscape::normalized_mutual_information: b(0) = -2"));
  CHECK_THAT(refusal([] { static_cast<void>(kmscape::entropy(labels({}))); }),
             ContainsSubstring("kmscape::entropy: labels = an empty list"));
  CHECK_THAT(refusal([] {
               static_cast<void>(kmscape::entropy(labels({0, -1})));
             }),
             ContainsSubstring("kmscape::entropy: labels(1) = -1"));
}

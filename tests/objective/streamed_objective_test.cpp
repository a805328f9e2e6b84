#include <kmscape/objective/streamed_objective.hpp>

#include <limits>
#include <memory>
#include <vector>

#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::EmpiricalObjective;
using kmscape::EmptyCell;
using kmscape::Index;
using kmscape::lloyd;
using kmscape::StreamedObjective;
using testing::normal_points;

static_assert(kmscape::Objective<StreamedObjective<double>> && !kmscape::DataObjective<StreamedObjective<double>>);
static_assert(kmscape::Objective<StreamedObjective<float, 3>>);

namespace {

/// Hands out `points` in blocks of `size`; every pass but the first starts with a shorter one.
template <class Scalar>
StreamedObjective<Scalar> stream_of(const kmscape::Points<Scalar>& points, const kmscape::Weights<Scalar>& weights,
                                    Index size) {
  auto passes = std::make_shared<Index>(0);
  return StreamedObjective<Scalar>([=](const auto& visit) {
    Index first = 0, next = *passes == 0 ? size : 1 + *passes % size;
    ++*passes;
    while (first < points.cols()) {
      const Index count = std::min(next, points.cols() - first);
      const kmscape::Points<Scalar> block = points.middleCols(first, count);  // dies after the visit
      if (weights.size() > 0)
        visit(block, weights.segment(first, count));
      else
        visit(block);
      first += count;
      next = size;
    }
  });
}

template <class Scalar>
void compare(Index d, Index n, Index k, bool weighted) {
  const auto points = normal_points<Scalar>(d, n, static_cast<std::uint64_t>(d + n));
  kmscape::Weights<Scalar> weights;
  if (weighted) weights = normal_points<Scalar>(1, n, 5).array().abs().transpose() + Scalar(0.1);
  const EmpiricalObjective<Scalar> memory(points, weights);
  kmscape::Points<Scalar> start = points.leftCols(k);
  if (k > 2) start.col(1).setConstant(50);
  for (const Index size : {Index{1}, Index{7}, Index{1000}, n}) {
    if (n / size > 2000) continue;
    const auto stream = stream_of<Scalar>(points, weights, size);
    INFO("d = " << d << ", n = " << n << ", k = " << k << ", blocks of " << size << (weighted ? ", weights" : ""));
    CHECK(stream.size() == n);
    CHECK(stream.dimension() == d);
    CHECK(stream.is_weighted() == weighted);
    CHECK(static_cast<double>(stream.total_weight()) == Approx(static_cast<double>(memory.total_weight())));
    const auto here = memory.assign(start), there = stream.assign(start, 2);
    CHECK((here.labels == there.labels).all());
    CHECK((here.cells.distortion == there.cells.distortion).all());
    CHECK(here.cells.centroid == there.cells.centroid);
    CHECK(stream.value(start) == memory.value(start));
    CHECK(stream.gradient(start) == memory.gradient(start));
    for (const auto policy : {EmptyCell::keep, EmptyCell::drop, EmptyCell::reseed_farthest, EmptyCell::reseed_random}) {
      const auto expected = lloyd(memory, start, {.max_iterations = 30, .on_empty = policy, .seed = 4});
      const auto result = lloyd(stream, start, {.max_iterations = 30, .on_empty = policy, .seed = 4, .threads = 2});
      CHECK(result.centers == expected.centers);
      CHECK((result.labels == expected.labels).all());
      CHECK(result.value == expected.value);
      CHECK(result.status == expected.status);
      CHECK(result.iterations == expected.iterations);
      CHECK(result.reseeded == expected.reseeded);
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("a stream gives the bits of the same points in memory, however it is cut", "", float, double) {
  compare<TestType>(1, 40, 3, false);
  compare<TestType>(3, 500, 6, false);
  compare<TestType>(3, 500, 6, true);
  compare<TestType>(20, 300, 5, true);
  compare<TestType>(2, 9000, 4, false);  // several chunks
}

TEST_CASE("a range of blocks is a stream") {
  const Eigen::MatrixXd points = normal_points(2, 100, 1);
  const std::vector<Eigen::MatrixXd> blocks = {points.leftCols(30), points.middleCols(30, 1), points.rightCols(69)};
  const StreamedObjective<double> stream(blocks);
  CHECK(stream.size() == 100);
  CHECK(stream.value(points.leftCols(4)) == EmpiricalObjective(points).value(points.leftCols(4)));
}

TEST_CASE("a block may be some rows of a wider matrix") {
  const Eigen::MatrixXd wide = normal_points(3, 40, 6), points = wide.topRows(2);
  const StreamedObjective<double> stream([&](const auto& visit) { visit(wide.topRows(2)); });
  CHECK(stream.value(points.leftCols(3)) == EmpiricalObjective(points).value(points.leftCols(3)));
}

TEST_CASE("what a source may not do is refused in words") {
  using Stream = StreamedObjective<double>;
  const Eigen::MatrixXd two = normal_points(2, 5, 1), three = normal_points(3, 5, 2);
  CHECK(refusal([&] { Stream([](const auto&) {}); }) ==
        "kmscape::StreamedObjective: source = no block, but at least one point is needed; make the source call its "
        "argument for every block");
  const Stream::Source nothing;
  CHECK(refusal([&] { static_cast<void>(Stream(nothing)); }) ==
        "kmscape::StreamedObjective: source = an empty function, but points must come from somewhere; pass a function "
        "that calls its argument for every block");
  CHECK(refusal([&] {
          Stream([&](const auto& visit) {
            visit(two);
            visit(three);
          });
        }) ==
        "kmscape::StreamedObjective: source = a 3 x 5 block after 5 points, but its first block has dimension 2 and no "
        "weights; give all blocks one dimension, and weights to all or to none");
  CHECK_THAT(refusal([&] {
               Stream([&](const auto& visit) {
                 visit(two);
                 visit(two, Eigen::ArrayXd::Ones(5));
               });
             }),
             ContainsSubstring("a 2 x 5 block with weights after 5 points"));
  Eigen::MatrixXd bad = two;
  bad(1, 3) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THAT(refusal([&] {
               Stream([&](const auto& visit) {
                 visit(two);
                 visit(bad);
               });
             }),
             ContainsSubstring("block after 5 points(1, 3) = nan, but every coordinate must be a finite number"));
  CHECK_THAT(refusal([&] { Stream([&](const auto& visit) { visit(two, -Eigen::ArrayXd::Ones(5)); }); }),
             ContainsSubstring("weights after 0 points(0) = -1, but every weight must be a positive finite number"));
}

TEST_CASE("a source that changes its mind is noticed") {
  const Eigen::MatrixXd points = normal_points(2, 5, 1);
  int blocks = 2;
  const StreamedObjective<double> stream([&](const auto& visit) {
    for (int b = 0; b < blocks; ++b) visit(points);
  });
  blocks = 1;
  CHECK(
      refusal([&] { static_cast<void>(stream.value(points)); }) ==
      "kmscape::StreamedObjective: source = 5 points in a later pass, but its first pass gave 10; give the same points "
      "in every pass");
  blocks = 3;
  CHECK(refusal([&] { static_cast<void>(stream.value(points)); }) ==
        "kmscape::StreamedObjective: source = a 2 x 5 block after 10 points, but its first pass gave 10 points of "
        "dimension 2; give the same points in every pass");
}

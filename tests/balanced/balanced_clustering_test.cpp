#include <kmscape/balanced/balanced_clustering.hpp>

#include <cmath>
#include <string>

#include <kmscape/metric/partition_agreement.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::balanced_clustering;
using kmscape::BalancedClusteringStatus;
using kmscape::BalancedMethod;
using kmscape::Index;
using testing::on_line;

namespace {

constexpr BalancedMethod all_methods[] = {BalancedMethod::ballot, BalancedMethod::entropic, BalancedMethod::matching,
                                          BalancedMethod::semidefinite, BalancedMethod::lloyd};

}  // namespace

TEST_CASE("Every method over the one interface finds two clusters that no method can miss") {
  const Eigen::MatrixXd points = on_line({0, 11, 1, 10, 2, 12}), start = on_line({1, 9});
  for (const auto method : all_methods) {
    CAPTURE(std::string(to_string(method)));
    const auto result = balanced_clustering(points, start, {.method = method});
    CHECK(result.status == BalancedClusteringStatus::finished);
    CHECK(to_string(result.status) == "finished");
    CHECK(result.iterations >= 1);
    CHECK(kmscape::exact_recovery(result.labels, testing::labels({0, 1, 0, 1, 0, 1})));
    CHECK((result.sizes == 3).all());
    CHECK(result.cost == Approx(4));
    CHECK(result.centers.sum() == Approx(12));
    CHECK(result.centers.squaredNorm() == Approx(122));
    for (Index i = 0; i < 6; ++i)
      CHECK(std::abs(points(0, i) - result.centers(0, result.labels(i))) < 1.01);  // named as the labels are
  }
}

TEST_CASE("Where balance costs something, every method but Lloyd's pays it") {
  // Sizes 2 and 2 allow {0, 1}, {2, 10} at 1/2 + 32 and nothing cheaper; without them {0, 1, 2}, {10} costs 2.
  const Eigen::MatrixXd points = on_line({0, 1, 2, 10}), start = on_line({0, 10});
  for (const auto method : all_methods) {
    CAPTURE(std::string(to_string(method)));
    const auto result = balanced_clustering(points, start, {.method = method});
    const bool is_plain = method == BalancedMethod::lloyd;
    CHECK(result.cost == Approx(is_plain ? 2 : 32.5));
    CHECK(result.sizes.minCoeff() == (is_plain ? 1 : 2));
    CHECK(result.sizes.sum() == 4);
    CHECK(result.centers.sum() == Approx(is_plain ? 11 : 6.5));
  }
}

TEST_CASE("One interface passes options on, and refuses in one place") {
  const Eigen::MatrixXd points = testing::normal_points(2, 60, 1), start = points.leftCols(4);
  for (const auto method : all_methods) {
    CAPTURE(std::string(to_string(method)));
    const auto limited = balanced_clustering(points, start, {.method = method, .max_iterations = 1});
    CHECK(limited.status == BalancedClusteringStatus::iteration_limit);
    CHECK(limited.labels.size() == 60);
    const auto with = [&](const Eigen::MatrixXd& centers, int iterations) {
      return refusal(
          [&] { (void)balanced_clustering(points, centers, {.method = method, .max_iterations = iterations}); });
    };
    CHECK(with(on_line({1}), 0) ==
          "kmscape::balanced_clustering: start.rows() = 1, but the points have 2 coordinates; pass centers of the same "
          "dimension");
    CHECK_THAT(with(start, -1), ContainsSubstring("balanced_clustering: options.max_iterations = -1"));
    CHECK_THAT(with(1e200 * start, 0), ContainsSubstring("balanced_clustering: largest |coordinate|"));
  }
  const auto exact = balanced_clustering(points, start), same = balanced_clustering(points, start, {.threads = 3});
  CHECK(exact.cost == kmscape::ballot(points, start).cost);
  CHECK((same.labels == exact.labels).all());
  const auto soft = balanced_clustering(points, start, {.method = BalancedMethod::entropic, .epsilon = 0.5});
  CHECK(soft.cost == kmscape::entropic_ballot(points, start, {.epsilon = 0.5}).cost);
  const auto loose = balanced_clustering(points, start, {.method = BalancedMethod::semidefinite, .tolerance = 1e-2});
  CHECK(loose.iterations == kmscape::amini_levina(points, 4, {.tolerance = 1e-2}).iterations);
  const kmscape::Points<float, 2> single = points.cast<float>();
  for (const auto method : all_methods)
    CHECK(balanced_clustering(single, start, {.method = method, .tolerance = 1e-3}).cost > 0);
  CHECK_THAT(
      refusal([&] { (void)balanced_clustering(points.leftCols(59), start, {.method = BalancedMethod::matching}); }),
      ContainsSubstring("it does not divide the 59 points"));
}

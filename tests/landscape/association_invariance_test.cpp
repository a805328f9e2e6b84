// What associations must not depend on, and tables built to a known answer.
#include <kmscape/landscape/association.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/objective/empirical_objective.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::associate;
using kmscape::Association;
using kmscape::AssociationGroup;
using kmscape::AssociationKind;
using kmscape::Index;
using testing::on_line;

namespace {

std::vector<Index> permutation(Index size, kmscape::RandomStream& stream) {
  std::vector<Index> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), Index{0});
  for (Index i = size - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(stream.index(i + 1))]);
  return order;
}

using Sets = std::set<std::pair<std::set<Index>, std::set<Index>>>;

/// The groups as sets, with centers and clusters renamed.
template <class Name>
Sets sets(const Association& association, const Name& center, const Name& cluster) {
  Sets result;
  for (const auto& group : association.groups) {
    std::pair<std::set<Index>, std::set<Index>> both;
    for (const Index i : group.centers) both.first.insert(center[static_cast<std::size_t>(i)]);
    for (const Index s : group.clusters) both.second.insert(cluster[static_cast<std::size_t>(s)]);
    result.insert(std::move(both));
  }
  return result;
}

}  // namespace

TEST_CASE("renaming centers and clusters renames the groups, and scaling the masses changes nothing") {
  kmscape::RandomStream stream(kmscape::Seed{8});
  std::size_t groups = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    const Index m = 2 + stream.index(5), k = 2 + stream.index(5);
    Eigen::ArrayXXd masses(m, k);
    for (double& mass : masses.reshaped()) mass = stream.uniform() < 0.75 ? 0.001 * stream.uniform() : stream.uniform();
    const auto rows = permutation(m, stream), columns = permutation(k, stream);
    Eigen::ArrayXXd renamed(m, k);
    for (Index i = 0; i < m; ++i)
      for (Index s = 0; s < k; ++s)
        renamed(i, s) = masses(rows[static_cast<std::size_t>(i)], columns[static_cast<std::size_t>(s)]);
    std::vector<Index> same(static_cast<std::size_t>(std::max(m, k)));
    std::iota(same.begin(), same.end(), Index{0});
    const auto original = associate(masses), other = associate(renamed), scaled = associate(masses * 1024);
    CHECK(sets(original, same, same) == sets(other, rows, columns));
    CHECK(sets(original, same, same) == sets(scaled, same, same));
    CHECK((original.mass == scaled.mass).all());  // a power of two rounds nothing
    CHECK(original.almost_empty.size() == other.almost_empty.size());
    groups += original.groups.size();
  }
  CHECK(groups > 1500);  // most tables fall into several groups
}

TEST_CASE("a table made of known groups is taken apart into these groups") {
  kmscape::RandomStream stream(kmscape::Seed{9});
  for (int trial = 0; trial < 500; ++trial) {
    // Blocks of a x 1, 1 x b or 1 x 1, some dust between them, and almost-empty rows.
    std::vector<std::pair<Index, Index>> blocks;
    Index m = 0, k = 0;
    for (Index block = 0; block < 2 + stream.index(3); ++block) {
      const Index size = 1 + stream.index(3);
      blocks.emplace_back(stream.index(2) == 0 ? std::pair(size, Index{1}) : std::pair(Index{1}, size));
      m += blocks.back().first;
      k += blocks.back().second;
    }
    const Index empty = stream.index(3);
    Eigen::ArrayXXd masses = Eigen::ArrayXXd::Zero(m + empty, k);
    for (double& mass : masses.topRows(m).reshaped()) mass = 0.002 * stream.uniform();
    for (double& mass : masses.bottomRows(empty).reshaped()) mass = 1e-5 * stream.uniform();
    Index row = 0, column = 0, many_fit_one = 0, one_fit_many = 0;
    for (const auto& [height, width] : blocks) {
      // Halves and thirds of a cluster, clusters of equal weight.
      masses.block(row, column, height, width) += 1 / static_cast<double>(height);
      row += height;
      column += width;
      many_fit_one += height > 1;
      one_fit_many += width > 1;
    }
    const auto result = associate(masses);
    INFO("table\n" << masses);
    CHECK(result.groups.size() == blocks.size());
    CHECK(result.count(AssociationKind::many_fit_one) == many_fit_one);
    CHECK(result.count(AssociationKind::one_fit_many) == one_fit_many);
    CHECK(result.count(AssociationKind::many_fit_many) == 0);
    CHECK(static_cast<Index>(result.almost_empty.size()) == empty);
    CHECK(result.is_structured());
    CHECK(result.is_truth() == (empty == 0 && many_fit_one == 0 && one_fit_many == 0));
    // QZC's counting identity, from the kinds alone: m - k = sum_MFO (|S_a| - 1) + |S_0| - sum_OFM (|S*_a| - 1).
    Index identity = static_cast<Index>(result.almost_empty.size());
    for (const auto& group : result.groups) {
      if (group.kind == AssociationKind::many_fit_one) identity += static_cast<Index>(group.centers.size()) - 1;
      if (group.kind == AssociationKind::one_fit_many) identity -= static_cast<Index>(group.clusters.size()) - 1;
    }
    CHECK(identity == m + empty - k);
  }
}

TEST_CASE("groups come in order of their lowest cluster, their members ascending") {
  Eigen::ArrayXXd masses = Eigen::ArrayXXd::Zero(4, 4);
  masses(3, 0) = masses(0, 1) = masses(2, 1) = masses(1, 3) = masses(1, 2) = 1;
  const auto result = associate(masses);
  REQUIRE(result.groups.size() == 3);
  CHECK(result.groups[0].centers == std::vector<Index>{3});
  CHECK(result.groups[0].clusters == std::vector<Index>{0});
  CHECK(result.groups[1].centers == std::vector<Index>{0, 2});
  CHECK(result.groups[1].clusters == std::vector<Index>{1});
  CHECK(result.groups[2].centers == std::vector<Index>{1});
  CHECK(result.groups[2].clusters == std::vector<Index>{2, 3});
}

TEST_CASE(
    "a small cell belongs where its own mass lies: to its largest cluster, and to every one with a large share of it") {
  Eigen::ArrayXXd masses = Eigen::ArrayXXd::Zero(5, 4);
  for (Index s = 0; s < 4; ++s) {
    masses(s, s) = 10;
    masses(4, s) = s == 2 ? 1.1 : 1;  // about a quarter each: under the 30% that join
  }
  CHECK(describe(associate(masses)) == "2 centers on cluster 2; 3 other clusters have their own center");
  Eigen::ArrayXXd bridge(3, 2);
  bridge << 94, 0, 0, 96, 6, 4;  // few of either cluster, but 60% and 40% of the cell
  CHECK(associate(bridge).count(AssociationKind::many_fit_many) == 1);
  CHECK(associate(bridge, {.edge_share = 0.45}).count(AssociationKind::many_fit_one) == 1);
}

TEST_CASE("the words count what has its own center and name every almost-empty one") {
  Eigen::ArrayXXd masses = Eigen::ArrayXXd::Zero(6, 4);
  masses(0, 0) = masses(1, 0) = 0.5;
  masses(2, 1) = masses(3, 2) = masses(4, 3) = 1;
  CHECK(describe(associate(masses.topRows(5))) == "2 centers on cluster 0; 3 other clusters have their own center");
  CHECK(describe(associate(masses)) ==
        "2 centers on cluster 0; center 5 almost empty; 3 other clusters have their own center");
  Eigen::ArrayXXd more = Eigen::ArrayXXd::Zero(8, 4);
  more.topRows(6) = masses;
  CHECK(describe(associate(more)) ==
        "2 centers on cluster 0; centers 5, 6, 7 almost empty; 3 other clusters have their own center");
  // Fewer names than clusters: the others keep their numbers.
  const std::vector<std::string> names = {"north"};
  Eigen::ArrayXXd two = Eigen::ArrayXXd::Constant(1, 2, 1);
  CHECK(describe(associate(two), names) == "1 center over clusters {north, 1}");
}

TEST_CASE("a Gaussian mixture's local minimum is named from exact masses on the line") {
  const kmscape::GaussianMixtureModel model(on_line({-10, 0, 10}), 0.5);
  const auto result = associate(on_line({5, -10.4, -9.6}), model);
  CHECK(describe(result) == "2 centers on cluster 0; 1 center over clusters {1, 2}");
  CHECK(result.groups[0].centers == std::vector<Index>{1, 2});
  CHECK(associate(on_line({0, 10, -10}), model).is_truth());
}

TEST_CASE("labelled data with weights associates as with copies") {
  const Eigen::MatrixXd points = testing::normal_points(2, 40, 4);
  kmscape::RandomStream stream(kmscape::Seed{5});
  kmscape::Labels truth(40);
  for (Index i = 0; i < 40; ++i) truth(i) = static_cast<kmscape::Label>(i < 3 ? i : stream.index(3));
  const Eigen::ArrayXd weights =
      Eigen::ArrayXd::NullaryExpr(40, [&] { return static_cast<double>(1 + stream.index(3)); });
  const auto total = static_cast<Index>(weights.sum());
  Eigen::MatrixXd copies(2, total);
  kmscape::Labels copied(total);
  for (Index i = 0, filled = 0; i < 40; ++i)
    for (double w = 0; w < weights(i); ++w) {
      copies.col(filled) = points.col(i);
      copied(filled++) = truth(i);
    }
  const Eigen::MatrixXd centers = testing::normal_points(2, 4, 6);
  const auto one = associate(kmscape::EmpiricalObjective(points, weights), centers, truth);
  const auto other = associate(kmscape::EmpiricalObjective(copies), centers, copied);
  CHECK((one.mass - other.mass).abs().maxCoeff() < 1e-15);
  CHECK(describe(one) == describe(other));
}

TEST_CASE("labels that leave a number out are refused with the way out") {
  const kmscape::EmpiricalObjective objective(on_line({0, 1}));
  CHECK(
      refusal([&] { static_cast<void>(associate(objective, on_line({0}), kmscape::Labels(Eigen::Array2i(0, 2)))); }) ==
      "kmscape::associate: masses.col(1) = 0, but cluster 1 holds nothing; number the clusters that occur 0, 1, 2, ... "
      "without gaps");
}

#include <kmscape/landscape/association.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/objective/empirical_objective.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

using kmscape::associate;
using kmscape::AssociationKind;
using kmscape::Index;
using testing::on_line;

namespace {

Eigen::ArrayXXd table(Index rows, Index columns, std::initializer_list<double> values) {
  Eigen::ArrayXXd result(rows, columns);
  Index at = 0;
  for (const double value : values) {
    result(at / columns, at % columns) = value;
    ++at;
  }
  return result;
}

}  // namespace

TEST_CASE("every kind of association by hand, with its words") {
  const auto truth = associate(table(3, 3, {10, 1, 0, 0, 9, 0, 0, 0, 10}));
  CHECK(truth.is_truth());
  CHECK(describe(truth) == "every cluster has its own center");

  // Centers 0 and 2 share cluster 0, center 1 covers clusters 1 and 3, center 3 has cluster 2, center 4 nothing.
  const auto mixed = associate(table(5, 4, {5, 0, 0, 0, 0, 10, 0, 10, 5, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0}));
  CHECK(describe(mixed) ==
        "2 centers on cluster 0; 1 center over clusters {1, 3}; center 4 almost empty; 1 center on cluster 2");
  REQUIRE(mixed.groups.size() == 3);
  CHECK(mixed.groups[0].kind == AssociationKind::many_fit_one);
  CHECK(mixed.groups[0].centers == std::vector<Index>{0, 2});
  CHECK(mixed.groups[1].kind == AssociationKind::one_fit_many);
  CHECK(mixed.groups[1].clusters == std::vector<Index>{1, 3});
  CHECK(mixed.groups[2].kind == AssociationKind::one_fit_one);
  CHECK(mixed.almost_empty == std::vector<Index>{4});
  CHECK(mixed.is_structured());
  CHECK_FALSE(mixed.is_truth());
  CHECK(mixed.mass.sum() == Approx(1).epsilon(1e-15));

  // Two centers that halve two clusters each: QZC Figure 1d.
  const auto halves = associate(table(2, 2, {5, 5, 5, 5}));
  CHECK(halves.count(AssociationKind::many_fit_many) == 1);
  CHECK_FALSE(halves.is_structured());
  CHECK(describe(halves) == "2 centers over clusters {0, 1} (many-fit-many: not a minimum of a well-separated model)");
}

TEST_CASE("clusters are called by their names") {
  const std::vector<std::string> names = {"setosa", "versicolor", "virginica"};
  CHECK(describe(associate(table(3, 3, {5, 0, 0, 5, 0, 0, 0, 9, 9})), names) ==
        "2 centers on cluster setosa; 1 center over clusters {versicolor, virginica}");
}

TEST_CASE("the shares that join and that empty a cell are the options'") {
  const auto masses = table(2, 2, {8, 0, 2, 10});  // 20% of cluster 0 in cell 1, of which it is a sixth
  CHECK(associate(masses).is_truth());
  CHECK(associate(masses, {.edge_share = 0.2}).count(AssociationKind::many_fit_many) == 1);
  const auto small = table(2, 1, {99, 1});  // cell 1 holds 2% of the mean cell mass
  CHECK(associate(small).almost_empty.empty());
  CHECK(associate(small, {.empty_mass = 0.02}).almost_empty == std::vector<Index>{1});
}

TEST_CASE("a rare cluster's own cell is not almost empty") {
  CHECK(describe(associate(table(3, 2, {10, 0, 0, 0.01, 0, 0}))) ==
        "center 2 almost empty; 2 other clusters have their own center");
}

TEST_CASE("groups partition clusters and centers, and the counting identity holds, on thousands of tables") {
  kmscape::RandomStream stream(kmscape::Seed{1});
  for (int trial = 0; trial < 3000; ++trial) {
    const Index m = 1 + stream.index(6), k = 1 + stream.index(6);
    Eigen::ArrayXXd masses(m, k);
    for (double& mass : masses.reshaped()) mass = stream.uniform() < 0.6 ? 0 : std::pow(stream.uniform(), 4);
    for (Index s = 0; s < k; ++s) masses(stream.index(m), s) += 0.1;
    const auto result = associate(masses, {.edge_share = 0.05 + 0.9 * stream.uniform(), .empty_mass = 0.1});
    std::vector<int> centers(static_cast<std::size_t>(m)), clusters(static_cast<std::size_t>(k));
    Index balance = static_cast<Index>(result.almost_empty.size());
    for (const Index i : result.almost_empty) ++centers[static_cast<std::size_t>(i)];
    for (const auto& group : result.groups) {
      CHECK(!group.centers.empty());
      CHECK(!group.clusters.empty());
      for (const Index i : group.centers) ++centers[static_cast<std::size_t>(i)];
      for (const Index s : group.clusters) ++clusters[static_cast<std::size_t>(s)];
      balance += static_cast<Index>(group.centers.size()) - static_cast<Index>(group.clusters.size());
      CHECK((group.kind == AssociationKind::many_fit_many) == (group.centers.size() > 1 && group.clusters.size() > 1));
    }
    CHECK(std::all_of(centers.begin(), centers.end(), [](int times) { return times == 1; }));
    CHECK(std::all_of(clusters.begin(), clusters.end(), [](int times) { return times == 1; }));
    CHECK(balance == m - k);  // m - k = sum (|S_a| - |S*_a|) + |S_0|
    CHECK(describe(associate(masses * 7)) == describe(associate(masses)));
  }
}

TEST_CASE("Proposition 2's point: exact masses 1/6, 1/6, 2/3 and its words") {
  const kmscape::StochasticBallModel model(kmscape::centers_on_line(3, 2.0), 0.3);
  const auto result = associate(on_line({-2.15, -1.85, 1}), model);
  CHECK(describe(result) == "2 centers on cluster 0; 1 center over clusters {1, 2}");
  CHECK(result.standard_error == 0);
  const Eigen::ArrayXd cells = result.mass.rowwise().sum();
  CHECK(cells(0) == Approx(1.0 / 6).epsilon(1e-14));
  CHECK(cells(1) == Approx(1.0 / 6).epsilon(1e-14));
  CHECK(cells(2) == Approx(2.0 / 3).epsilon(1e-14));
}

TEST_CASE(
    "on the line cells are the intervals between midpoints, in any order, coinciding centers owned by the first") {
  const kmscape::GaussianMixtureModel model(on_line({0}), 1.0);
  const auto masses = kmscape::cell_masses(on_line({3, -1, 3, 1}), model);
  const auto below = [](double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; };
  CHECK(masses.mass(1, 0) == Approx(below(0)).epsilon(1e-14));
  CHECK(masses.mass(3, 0) == Approx(below(2) - below(0)).epsilon(1e-14));
  CHECK(masses.mass(0, 0) == Approx(1 - below(2)).epsilon(1e-13));
  CHECK(masses.mass(2, 0) == 0);
}

TEST_CASE("in the plane masses are exact") {
  // Cells split ball 0 through its center; ball 1 lies wholly in cell 1.
  const kmscape::StochasticBallModel model(Eigen::Matrix2d{{0, 10}, {0, 0}}, 1.0);
  const Eigen::MatrixXd centers = Eigen::Matrix2d{{-1, 1}, {0, 0}};
  const auto masses = kmscape::cell_masses(centers, model);
  CHECK(masses.standard_error == 0);
  CHECK(masses.mass(0, 0) == Approx(0.25).epsilon(1e-13));
  CHECK(masses.mass(1, 1) == Approx(0.5).epsilon(1e-12));
  CHECK(associate(centers, model).standard_error == 0);
}

TEST_CASE("labelled data: weights count, and the labels decide") {
  const kmscape::EmpiricalObjective objective(on_line({0, 1, 10, 11}), Eigen::ArrayXd(Eigen::Array4d(1, 1, 1, 5)));
  const kmscape::Labels truth = Eigen::Array4i(0, 0, 0, 1);
  const auto result = associate(objective, on_line({0.5, 10.5}), truth);
  CHECK((result.mass == table(2, 2, {2.0 / 8, 0, 1.0 / 8, 5.0 / 8})).all());
  CHECK(describe(result) == "2 centers over clusters {0, 1} (many-fit-many: not a minimum of a well-separated model)");
}

TEST_CASE("what has no association is refused") {
  const auto with = [](const Eigen::ArrayXXd& masses, const kmscape::AssociationOptions& options = {}) {
    return refusal([&] { static_cast<void>(associate(masses, options)); });
  };
  CHECK(
      with(table(1, 2, {1, 0})) ==
      "kmscape::associate: masses.col(1) = 0, but cluster 1 holds nothing; number the clusters that occur 0, 1, 2, ... "
      "without gaps");
  CHECK_THAT(with(table(1, 2, {1, -1})), ContainsSubstring("masses(0, 1) = -1"));
  CHECK_THAT(with(table(1, 1, {std::nan("")})), ContainsSubstring("masses(0, 0) = nan"));
  CHECK_THAT(with(Eigen::ArrayXXd(0, 2)), ContainsSubstring("masses = a 0 x 2 array"));
  CHECK_THAT(with(table(1, 1, {1}), {.edge_share = 0}), ContainsSubstring("options.edge_share = 0"));
  CHECK_THAT(with(table(1, 1, {1}), {.edge_share = 1.5}), ContainsSubstring("options.edge_share = 1.5"));
  CHECK_THAT(with(table(1, 1, {1}), {.empty_mass = 1}), ContainsSubstring("options.empty_mass = 1"));
  const kmscape::EmpiricalObjective objective(on_line({0, 1}));
  CHECK_THAT(refusal([&] { static_cast<void>(associate(objective, on_line({0}), kmscape::Labels::Zero(3))); }),
             ContainsSubstring("truth = 3 labels, but there are 2 points"));
  CHECK_THAT(refusal([&] { static_cast<void>(associate(objective, on_line({0}), kmscape::Labels::Constant(2, -1))); }),
             ContainsSubstring("truth(0) = -1"));
  const kmscape::StochasticBallModel model(on_line({0}), 1.0);
  CHECK_THAT(refusal([&] { static_cast<void>(kmscape::cell_masses(Eigen::MatrixXd::Zero(2, 1).eval(), model)); }),
             ContainsSubstring("centers = a 2 x 1 matrix"));
  CHECK_THAT(refusal([&] { static_cast<void>(kmscape::cell_masses(on_line({0}), model, {.samples = 0})); }),
             ContainsSubstring("options.samples = 0"));
}

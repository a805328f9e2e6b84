#include <kmscape/landscape/merge_cells.hpp>
#include <kmscape/objective/empirical_objective.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/refusal.hpp"

TEST_CASE("merging costs what the scatter rises by, and goes from the cheapest pair on") {
  // Cells {0, 2}, {4, 6}, {20}: scatters 2, 2, 0; the first two together 20.
  const kmscape::EmpiricalObjective line(testing::on_line({0, 2, 4, 6, 20}));
  const auto cells = line.cells(testing::on_line({1, 5, 20}));
  CHECK(kmscape::merge_cost(cells, 0, 1) == 16);
  CHECK(kmscape::merge_cost(cells, 1, 0) == 16);
  CHECK(kmscape::merged_to(cells, 3) == testing::on_line({1, 5, 20}));
  CHECK(kmscape::merged_to(cells, 2) == testing::on_line({3, 20}));
  CHECK(kmscape::merged_to(cells, 1)(0, 0) == Approx(6.4));
  // An empty cell costs nothing and leaves its partner where it is.
  const auto with_empty = line.cells(testing::on_line({1, 100, 5, 20}));
  CHECK(kmscape::merge_cost(with_empty, 0, 1) == 0);
  CHECK(kmscape::merged_to(with_empty, 3) == testing::on_line({1, 20, 5}));
}

TEST_CASE("the cost of a merge is that of a full evaluation on weighted points") {
  const auto points = testing::normal_points(3, 60, 4);
  const auto weights = testing::whole_weights(60, 5);
  const kmscape::EmpiricalObjective objective(points, weights);
  const auto assignment = objective.assign(points.leftCols(5));
  for (kmscape::Index i = 0; i < 5; ++i)
    for (kmscape::Index j = 0; j < i; ++j) {
      double scatter[3] = {};  // of cell i, of cell j, of both
      for (int part = 0; part < 3; ++part) {
        const auto belongs = [&](kmscape::Index p) {
          return (part != 1 && assignment.labels(p) == i) || (part != 0 && assignment.labels(p) == j);
        };
        Eigen::Vector3d mean = Eigen::Vector3d::Zero();
        double mass = 0;
        for (kmscape::Index p = 0; p < 60; ++p)
          if (belongs(p)) {
            mean += weights(p) * points.col(p);
            mass += weights(p);
          }
        mean /= mass;
        for (kmscape::Index p = 0; p < 60; ++p)
          if (belongs(p)) scatter[part] += weights(p) * (points.col(p) - mean).squaredNorm();
      }
      CHECK(kmscape::merge_cost(assignment.cells, i, j) == Approx(scatter[2] - scatter[0] - scatter[1]).epsilon(1e-11));
    }
}

TEST_CASE("merges that cannot be made are refused") {
  const kmscape::EmpiricalObjective line(testing::on_line({0, 2, 4}));
  const auto cells = line.cells(testing::on_line({0, 2}));
  CHECK_THAT(refusal([&] { static_cast<void>(kmscape::merged_to(cells, 3)); }),
             ContainsSubstring("kmscape::merged_to: k = 3, but there are 2 cells to begin with, and one must be left; "
                               "pass 1, ..., 2"));
  CHECK_THAT(
      refusal([&] { static_cast<void>(kmscape::merge_cost(cells, 0, 2)); }),
      ContainsSubstring("kmscape::merge_cost: j = 2, but cells are numbered 0, ..., m - 1; pass an index in this "
                        "range"));
}

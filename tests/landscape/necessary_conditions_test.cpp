#include <kmscape/landscape/necessary_conditions.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <kmscape/model/center_layouts.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"

using kmscape::candidate_geometry;
using kmscape::Index;
using kmscape::NecessaryCondition;
using kmscape::NecessaryKind;
using testing::on_line;

namespace {

std::vector<NecessaryCondition> rows_of(const std::vector<NecessaryCondition>& table, NecessaryKind kind) {
  std::vector<NecessaryCondition> result;
  std::copy_if(table.begin(), table.end(), std::back_inserter(result),
               [kind](const auto& row) { return row.kind == kind; });
  return result;
}

bool all_met(const std::vector<NecessaryCondition>& table) {
  return std::all_of(table.begin(), table.end(), [](const auto& row) { return row.met; });
}

/// u^T H u, where centers i and j move by `first` and `second` and the others rest.
template <class Objective>
double pair_curvature(const Objective& objective, const Eigen::MatrixXd& centers, Index i, Index j,
                      const Eigen::VectorXd& first, const Eigen::VectorXd& second) {
  // From the gradient at two points, which knows cells but no faces.
  const double h = 1e-5;
  Eigen::MatrixXd ahead = centers, behind = centers;
  ahead.col(i) += h * first;
  ahead.col(j) += h * second;
  behind.col(i) -= h * first;
  behind.col(j) -= h * second;
  const Eigen::MatrixXd change = objective.gradient(ahead) - objective.gradient(behind);
  return (change.col(i).dot(first) + change.col(j).dot(second)) / (2 * h);
}

}  // namespace

TEST_CASE("necessary conditions at Proposition 2's point by hand") {
  const double r = 0.3;
  const kmscape::StochasticBallModel model(kmscape::centers_on_line(3, 2.0), r);
  const auto table = necessary_conditions(candidate_geometry(model, on_line({-2 - r / 2, -2 + r / 2, 1})));
  CHECK(all_met(table));
  const auto depth = rows_of(table, NecessaryKind::cut_depth);
  REQUIRE(depth.size() == 6);
  CHECK(depth[0].left == Approx(0.25).epsilon(1e-14));  // d_01 rho_0 = r/2 1/(2r)
  CHECK(depth[0].right == 1.5);
  const auto density = rows_of(table, NecessaryKind::face_density);
  REQUIRE(density.size() == 2);
  CHECK(density[0].left == Approx(1.0 / 6).epsilon(1e-14));  // 2 r/2 1/(6r)
  CHECK(density[0].right == Approx(1.0 / 3).epsilon(1e-14));
  CHECK(rows_of(table, NecessaryKind::cut_offset).empty());  // d = 1 has no room to turn
  CHECK(rows_of(table, NecessaryKind::face_spread).empty());
}

TEST_CASE("Example 1 of QZC breaks their own equation (18) below r = 4/17") {
  // d_01 = 2/3 + r/6 and rho = 1/(2r): d rho <= 3/2 iff r >= 4/17. The two cells hold everything, so that the sharper
  // condition says the same. QZC claim a minimum for all r with (9 sqrt 2/2 - 1/4) r > 1, that is r > 0.1636.
  const auto table = [](double r) {
    const kmscape::StochasticBallModel model(kmscape::centers_on_line(3, 1.0), r);
    return necessary_conditions(candidate_geometry(model, on_line({-2.0 / 3 - r / 6, 2.0 / 3 + r / 6, 50})));
  };
  const auto saddle = table(0.2);
  const auto depth = rows_of(saddle, NecessaryKind::cut_depth)[1];
  CHECK(depth.left == Approx(1.75).epsilon(1e-13));
  CHECK_FALSE(depth.met);
  const auto density = rows_of(saddle, NecessaryKind::face_density)[0];
  CHECK(density.left == Approx(1.75 * 2 / 3).epsilon(1e-13));
  CHECK(density.right == Approx(1).epsilon(1e-13));
  CHECK_FALSE(density.met);
  CHECK_FALSE(all_met(rows_of(table(4.0 / 17 - 1e-6), NecessaryKind::cut_depth)));
  CHECK(all_met(table(4.0 / 17 + 1e-6)));
}

TEST_CASE("a third center's mass makes the sharper condition refute what (18) lets pass") {
  // Four intervals of length 2r = 1/2 around 0, 2, 4 and 100; centers 0 and 1 share the first three, center 2 has the
  // last: m_0 + m_1 = 3/4 of the mass where (18) allows all of it.
  const kmscape::StochasticBallModel model(on_line({0, 2, 4, 100}), 0.4);
  // By symmetry around 2: (0 + half of the middle one) : c = (0 + (2 - r/2)/2)/(3/2).
  const double left = (2 - 0.2) / 2 / 1.5, right = 4 - left;
  const auto table = necessary_conditions(candidate_geometry(model, on_line({left, right, 100})));
  const double d = (right - left) / 2, rho = 1 / 0.8;
  const auto depth = rows_of(table, NecessaryKind::cut_depth)[1];
  CHECK(depth.left == Approx(d * rho).epsilon(1e-13));
  CHECK(depth.right == 2);
  CHECK(depth.met);
  const auto density = rows_of(table, NecessaryKind::face_density)[0];
  CHECK(density.left == Approx(2 * d * rho / 4).epsilon(1e-13));
  CHECK(density.right == Approx(0.75).epsilon(1e-13));
  CHECK_FALSE(density.met);
}

TEST_CASE("two centers that share two discs fail (19), in closed form") {
  // Centers (0, +-4r/(3 pi)), discs around (+-1, 0): D = 1 - r, rho = 2/(pi r), d = 4r/(3 pi).
  const double r = 0.2, height = 4 * r / (3 * std::numbers::pi);
  const kmscape::StochasticBallModel model(Eigen::Matrix2d{{-1, 1}, {0, 0}}, r);
  const auto table = necessary_conditions(candidate_geometry(model, Eigen::Matrix2d{{0, 0}, {height, -height}}));
  for (const auto& row : rows_of(table, NecessaryKind::cut_offset)) {
    CHECK(row.left == Approx(1.5 * (1 - r) * (1 - r) / (r * r)).epsilon(1e-12));
    CHECK(row.right == 1);
    CHECK_FALSE(row.met);
  }
  const auto spread = rows_of(table, NecessaryKind::face_spread)[0];
  CHECK(spread.left == Approx(3 / (r * r) + 1).epsilon(1e-12));
  CHECK(spread.right == Approx(1).epsilon(1e-12));
  CHECK_FALSE(spread.met);
  CHECK(all_met(rows_of(table, NecessaryKind::cut_depth)));
  CHECK(all_met(rows_of(table, NecessaryKind::face_density)));
}

TEST_CASE("for two centers the sharper conditions are the curvature along their directions") {
  const Eigen::MatrixXd truth = testing::normal_points(2, 3, 5);
  const kmscape::GaussianMixtureModel model(truth, 0.6);
  const kmscape::PopulationObjective objective(model);
  const Eigen::MatrixXd centers = testing::normal_points(2, 2, 8);
  const auto geometry = candidate_geometry(model, centers, 2.0);
  const auto table = necessary_conditions(geometry);
  const Eigen::VectorXd along = geometry.faces[0].normal, across = Eigen::Vector2d(-along(1), along(0));
  const auto density = rows_of(table, NecessaryKind::face_density)[0];
  const auto spread = rows_of(table, NecessaryKind::face_spread)[0];
  CHECK(2 * (density.right - density.left) ==
        Approx(pair_curvature(objective, centers, 0, 1, along, along)).epsilon(1e-7));
  CHECK(2 * (spread.right - spread.left) ==
        Approx(pair_curvature(objective, centers, 0, 1, across, -across)).epsilon(1e-7));
}

TEST_CASE("the sharper conditions bound the curvature, and QZC's are weaker than they") {
  int checked = 0;
  for (std::uint64_t trial = 0; trial < 25; ++trial) {
    const Eigen::MatrixXd truth = testing::normal_points(2, 3, 200 + trial);
    const kmscape::StochasticBallModel model(truth, 0.5);
    const kmscape::PopulationObjective objective(model);
    const Eigen::MatrixXd centers = testing::normal_points(2, 4, 300 + trial);
    const auto geometry = candidate_geometry(model, centers);
    const auto table = necessary_conditions(geometry);
    CAPTURE(trial);
    for (const auto& face : geometry.faces) {
      const auto find = [&](NecessaryKind kind, Index s) {
        return *std::find_if(table.begin(), table.end(), [&](const auto& row) {
          return row.kind == kind && row.i == face.i && row.j == face.j && row.s == s;
        });
      };
      const auto density = find(NecessaryKind::face_density, -1), spread = find(NecessaryKind::face_spread, -1);
      const double curvature = pair_curvature(objective, centers, face.i, face.j, face.normal, face.normal);
      CHECK(curvature <= 2 * (density.right - density.left) + 1e-4);
      for (Index s = 0; s < 3; ++s) {
        // w_s of the condition of one component is part of that of all, and m_i + m_j <= 1.
        CHECK(find(NecessaryKind::cut_depth, s).left * 2 / 3 <= density.left * (1 + 1e-12));
        CHECK(find(NecessaryKind::cut_offset, s).left * 2 / 3 <= spread.left * (1 + 1e-9) + 1e-12);
        ++checked;
      }
      CHECK(density.right <= 1 + 1e-12);
    }
  }
  CHECK(checked > 200);
}

TEST_CASE("a pair that may turn on its disc meets the last condition with equality, and rounding does not refute it") {
  for (const double r : {0.1, 1e-4, 1e-7})
    for (int step = 0; step < 20; ++step) {
      const kmscape::StochasticBallModel model(Eigen::Matrix2d{{-1, 1}, {0.3, 0}}, r);
      const double angle = 0.3 * step, offset = 4 * r / (3 * std::numbers::pi);
      const Eigen::Vector2d along(offset * std::cos(angle), offset * std::sin(angle));
      Eigen::MatrixXd centers(2, 3);
      centers << model.centers().col(0) + along, model.centers().col(0) - along, model.centers().col(1);
      const auto table = necessary_conditions(candidate_geometry(model, centers));
      CAPTURE(r, angle);
      CHECK(all_met(table));
      const auto spread = rows_of(table, NecessaryKind::face_spread)[0];
      CHECK(spread.left == Approx(spread.right).epsilon(1e-15 / r + 1e-12));
      CHECK(spread.slack < 1e-6);
    }
}

TEST_CASE("the rows of a local minimum: Lemma 2 and the worst of each condition") {
  const double r = 0.3;
  const kmscape::StochasticBallModel model(kmscape::centers_on_line(3, 2.0), r);
  const auto rows = [&](const Eigen::MatrixXd& centers) {
    return kmscape::minimum_rows(candidate_geometry(model, centers), 1e-9);
  };
  const auto minimum = rows(on_line({-2 - r / 2, -2 + r / 2, 1}));
  REQUIRE(minimum.size() == 4);
  for (const auto& row : minimum) {
    CHECK(row.met);
    CHECK(row.role == kmscape::HypothesisRole::minimum);
  }
  CHECK(minimum[1].name == "|beta_i - c_i| = 0 (Lemma 2)");
  CHECK(minimum[2].left == Approx(0.25).epsilon(1e-13));
  const auto moved = rows(on_line({-2 - r / 2, -2 + r / 2, 1.01}));
  CHECK(moved[1].left == Approx(0.01).epsilon(1e-12));
  CHECK_FALSE(moved[1].met);
  const auto doubled = rows(on_line({0, 0, 0}));
  CHECK(doubled[0].left == 2);
  CHECK_FALSE(doubled[0].met);
  CHECK(doubled[1].met);  // the center of all is stationary for the one cell there is
}

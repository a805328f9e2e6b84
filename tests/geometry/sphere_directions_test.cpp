#include <kmscape/geometry/sphere_directions.hpp>

#include <Eigen/Core>

#include "support/catch.hpp"

TEST_CASE("directions are unit vectors, the same for the same seed, and spread evenly") {
  for (const kmscape::Index p : {1, 2, 3, 7}) {
    const auto sets = kmscape::internal::sphere_directions(p, {256, 8, kmscape::Seed(3)});
    const auto again = kmscape::internal::sphere_directions(p, {256, 8, kmscape::Seed(3)});
    const auto other = kmscape::internal::sphere_directions(p, {256, 8, kmscape::Seed(4)});
    REQUIRE(sets.size() == 8);
    for (std::size_t r = 0; r < sets.size(); ++r) {
      CHECK((sets[r].colwise().norm().array() - 1).abs().maxCoeff() < 1e-15);
      CHECK(sets[r] == again[r]);
      CHECK((p == 1 || sets[r] != other[r]));  // the line has two directions only
      CHECK((p == 1 || r == 0 || sets[r] != sets[r - 1]));
      // E u u^T = I / p. Independent points would miss it by about 0.06 for p = 2.
      const Eigen::MatrixXd square = sets[r] * sets[r].transpose() / 256;
      CHECK((square - Eigen::MatrixXd::Identity(p, p) / static_cast<double>(p)).cwiseAbs().maxCoeff() < 0.02);
    }
  }
}

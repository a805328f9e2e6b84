#include <kmscape/objective/objective.hpp>

#include <type_traits>

#include <kmscape/objective/empirical_objective.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"

using kmscape::CellMoments;
using kmscape::Centers;
using kmscape::Index;

namespace {

/// The least that a user's own objective must have; only its declarations matter here.
struct Least {
  using Scalar = float;
  static constexpr int dim = 1;
  int dimension() const;
  float value(const Centers<float, 1>& centers) const;
  Centers<float, 1> gradient(const Centers<float, 1>& centers) const;
  CellMoments<float, 1> cells(const Centers<float, 1>& centers) const;
};

struct WithoutCells {
  using Scalar = double;
  static constexpr int dim = Eigen::Dynamic;
  Index dimension() const { return 1; }
  double value(const Eigen::MatrixXd&) const { return 0; }
  Eigen::MatrixXd gradient(const Eigen::MatrixXd& c) const { return c; }
};

struct CellsOfTheWrongScalar : WithoutCells {
  CellMoments<float> cells(const Eigen::MatrixXd&) const { return {}; }
};

struct OfWholeNumbers : WithoutCells {
  using Scalar = int;
};

static_assert(kmscape::Objective<Least>);
static_assert(!kmscape::DataObjective<Least>);
static_assert(!kmscape::Objective<WithoutCells>);
static_assert(!kmscape::Objective<CellsOfTheWrongScalar>);
static_assert(!kmscape::Objective<OfWholeNumbers>);
static_assert(!kmscape::Objective<Eigen::MatrixXd>);

static_assert(kmscape::Objective<kmscape::EmpiricalObjective<double>>);
static_assert(kmscape::DataObjective<kmscape::EmpiricalObjective<float, 1>>);
static_assert(kmscape::DataObjective<kmscape::EmpiricalObjective<double, 33>>);

static_assert(std::is_same_v<kmscape::Sum<float>, double>);
static_assert(std::is_same_v<kmscape::Sum<double>, double>);
static_assert(std::is_same_v<kmscape::Sum<long double>, long double>);

}  // namespace

TEST_CASE("empty cells do not change the bits of the objective, wherever they stand") {
  // Terms that no two orders of summation add alike.
  const Eigen::ArrayXd terms = testing::normal_points(1, 23, 1).reshaped().array().exp();
  for (Index gap = 0; gap <= terms.size(); ++gap) {
    CellMoments<double> dense, sparse;
    dense.distortion = terms;
    sparse.distortion.setZero(terms.size() + 3);
    sparse.distortion.head(gap) = terms.head(gap);
    sparse.distortion.tail(terms.size() - gap) = terms.tail(terms.size() - gap);
    CHECK(sparse.value() == dense.value());
  }
}

TEST_CASE("the sum over cells of float data is kept in double") {
  CellMoments<float> cells;
  cells.distortion.resize(2);
  cells.distortion << 16777216.0, 1.0;  // 2^24 + 1 is no float
  CHECK(cells.value() == 16777217.0);
}

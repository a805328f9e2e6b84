// Errata of QZC and of the k-means tutorial that no test of a single header shows; examples/figures/README.md lists
// all.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include <kmscape/landscape/candidate_geometry.hpp>
#include <kmscape/landscape/population_certificate.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/population_objective.hpp>
#include <kmscape/solve/lloyd.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"

using kmscape::Index;
using kmscape::PopulationObjective;
using kmscape::StochasticBallModel;
using testing::on_line;

namespace {

/// The integral of x - center over [from, to].
double first_moment(double from, double to, double center) {
  return ((to - center) * (to - center) - (from - center) * (from - center)) / 2;
}

/// Two moves of unit length together, in the plane.
std::array<Eigen::Vector2d, 2> random_moves(std::uint64_t seed) {
  const Eigen::MatrixXd moves = testing::normal_points(2, 2, seed).normalized();
  return {moves.col(0), moves.col(1)};
}

}  // namespace

TEST_CASE("QZC appendix C: the gradient starts at the boundary, entry (1, 1) of the Hessian, and the factor 1/(6r)") {
  for (const double r : {0.1, 0.3}) {
    const PopulationObjective objective(StochasticBallModel(on_line({-2, 0, 2}), r));
    for (const auto& shift : {on_line({0, 0, 0}), on_line({0.02, 0.03, -0.04}), on_line({-0.01, 0.02, 0.03})}) {
      CAPTURE(r, shift);
      const Eigen::MatrixXd point = on_line({-2 - r / 2, -2 + r / 2, 1}) + shift;
      const double first = point(0), second = point(1), third = point(2), boundary = (first + second) / 2;
      const Eigen::RowVector3d gradient(first_moment(-2 - r, boundary, first), first_moment(boundary, -2 + r, second),
                                        first_moment(-r, r, third) + first_moment(2 - r, 2 + r, third));
      CHECK((objective.gradient(point) + 2 * gradient / (6 * r)).norm() < 1e-13);
      const double printed_second = first_moment(-2 - r, -2 + r, second);  // as if cell 2 had all of the ball
      CHECK(std::abs(printed_second - gradient(1)) > 0.3 * r * r);
      const Eigen::MatrixXd hessian = objective.hessian(point) * (6 * r);
      CHECK(hessian(0, 0) == Approx((first - second) / 2 + 2 * (boundary + 2 + r)).epsilon(1e-11));
      CHECK(hessian(0, 1) == Approx((first - second) / 2).epsilon(1e-11));
      CHECK(hessian(1, 1) == Approx((first - second) / 2 + 2 * (-2 + r - boundary)).epsilon(1e-11));
      CHECK((first - second) / 2 + 2 * ((first + second + 2 + r) / 2) < 0);               // entry (1, 1) as printed
      CHECK(objective.face(point, 0, 1).midpoint(0) == Approx(boundary).epsilon(1e-14));  // V_2 starts at -2, not at 2
    }
  }
}

TEST_CASE("QZC Proposition 2 is sharp: at r = 0.4 the gradient is 0 and there is a direction of descent") {
  const PopulationObjective objective(StochasticBallModel(on_line({-2, 0, 2}), 0.4));
  const Eigen::MatrixXd point = on_line({-2.2, -1.8, 1});
  CHECK(objective.gradient(point).norm() < 1e-14);
  CHECK(certify(objective, point).verdict == kmscape::PopulationVerdict::saddle);
  // The boundary of cells 2 and 3 lies on the end of the middle ball. Where beta_2 moves it in, the Hessian's entry 1/4
  // loses |beta_2 - beta_3|/2 = 1.4 times the density 1/2.4.
  const double t = 1e-4;
  const auto rise = [&](double step) {
    return objective.value(point + on_line({0, step, 0})) - objective.value(point);
  };
  CHECK(rise(t) / (t * t) == Approx((1.0 / 4 - 1.4 / 2.4) / 2).epsilon(1e-3));
  CHECK(rise(-t) / (t * t) == Approx(1.0 / 8).epsilon(1e-3));
}

TEST_CASE("QZC Example 2: the angle, the density and the rise, the swapped moves and the bound of d_2") {
  const double r = 0.25, area = std::numbers::pi * r * r;
  const Eigen::Matrix<double, 2, 3> truth{{-1, 0, 1}, {0, 0, 0}};
  const PopulationObjective objective(StochasticBallModel(truth, r));
  const Eigen::Matrix2d before{{-1, 0.5}, {0, 0}};
  for (std::uint64_t seed = 1; seed <= 40; ++seed)
    for (const double t : {0.01, 0.06, 0.12}) {
      CAPTURE(seed, t);
      const auto [first, second] = random_moves(seed);
      Eigen::Matrix2d after = before;
      after.col(0) += t * first;
      after.col(1) += t * second;
      const Eigen::Vector2d across = after.col(1) - after.col(0), middle = (after.col(0) + after.col(1)) / 2;
      CHECK(across.y() / across.x() ==
            Approx(t * (second.y() - first.y()) / (1.5 + t * (second.x() - first.x()))).epsilon(1e-12));

      // What the new boundary cuts off the middle ball, a segment at distance d_2 of its center, and K over it.
      const double depth = -across.normalized().dot(middle);  // d_2
      double cut = 0;
      if (depth < r) {
        const double half = std::sqrt(r * r - depth * depth);
        const double segment = r * r * std::acos(depth / r) - depth * half, moment = 2.0 / 3 * half * half * half;
        cut = 2 * across.norm() * (moment - depth * segment);
      }
      const double rise = objective.value(after) - objective.value(before);
      const double squares = first.squaredNorm() + 2 * second.squaredNorm();
      CHECK(rise == Approx((t * t * squares - cut / area) / 3).margin(1e-14));
      CHECK(rise >= (t * t - cut / area) / 3 - 1e-15);  // the printed t^2: a lower bound

      // The integrand of K at a point: with v_1 and v_2 where they belong it is the sum of the three kappas.
      const Eigen::Vector2d x = testing::normal_points(2, 1, seed).col(0);
      const double kappas = (x - before.col(1)).squaredNorm() - (x - before.col(0)).squaredNorm() +
                            t * t * (second.squaredNorm() - first.squaredNorm()) +
                            2 * t * ((first - second).dot(x) + second.dot(before.col(1)) - first.dot(before.col(0)));
      const auto integrand = [&](const Eigen::Vector2d& of_second, const Eigen::Vector2d& of_first) {
        return (x - before.col(1) - t * of_second).squaredNorm() - (x - before.col(0) - t * of_first).squaredNorm();
      };
      CHECK(integrand(second, first) == Approx(kappas).margin(1e-13));
      CHECK(std::abs(integrand(first, second) - kappas) > 1e-6);  // as printed

      // d_2 >= r/(1 + 2t) - 4rt, and only with the t does that imply r(1 - 6t).
      CHECK(depth >= r / (1 + 2 * t) - 4 * r * t);
      CHECK(r / (1 + 2 * t) - 4 * r * t >= r * (1 - 6 * t));
      CHECK(r / (1 + 2 * t) - 4 * r < r * (1 - 6 * t));
    }
}

TEST_CASE("QZC Lemma 7 has a gap in three dimensions: a facet beside the plane of the drawing") {
  // Centers 0 and 1 at -+1 on the first axis; center 2 takes all of their bisector but x_3 >= cut. The ball's center
  // (0, -s, 0) spans, with the first axis, the plane x_3 = 0, which the facet does not meet.
  const double cut = 0.95, s = 1.05, below = std::sqrt(cut * cut + 1) - cut;
  Eigen::MatrixXd centers(3, 3), balls(3, 2);
  centers << -1, 1, 0, 0, 0, 0, 0, 0, -below;
  balls << 0, 0, -s, 0, 0, -20;  // the second far from the facet
  const auto geometry = candidate_geometry(StochasticBallModel(balls, 1.0), centers);
  const auto face =
      std::find_if(geometry.faces.begin(), geometry.faces.end(), [](const auto& f) { return f.i == 0 && f.j == 1; });
  REQUIRE(face != geometry.faces.end());
  REQUIRE(face->meets(0));
  const double nearest = s - std::sqrt(1 - cut * cut);  // |x_2| of the facet's nearest point in the ball
  CHECK(face->ball_distance(0) == Approx(std::hypot(nearest, cut)).epsilon(1e-9));
  // In units of t^2, W gains -2/d times the facet's second moment along the direction of the moves. Proposition 4 says
  // that it is D^2 rho at least along the direction in the plane; it is so only towards the facet's nearest point.
  const double claimed = face->ball_distance(0) * face->ball_distance(0) * face->density(0);
  CHECK(claimed > 0);
  const Eigen::Matrix3d second = 2 * face->mixture_second;  // half of the mixture is the first ball
  CHECK(second(1, 1) < 0.9 * claimed);
  const Eigen::VectorXd towards = (face->ball_foot.col(0) - face->midpoint).normalized();
  CHECK(towards.dot(second * towards) > claimed);
}

TEST_CASE("Tutorial section 4: exactly one bipartition of its six points is a fixed point, J = 8/3") {
  Eigen::Matrix<double, 2, 6> points;
  points << 1, 1, 2, 5, 5, 6,  //
      1, 2, 1, 5, 6, 5;
  const kmscape::EmpiricalObjective objective(points);
  int fixed = 0;
  for (unsigned part = 1; part < 32; ++part) {  // point 5 is in the other part
    Eigen::Matrix2d means = Eigen::Matrix2d::Zero();
    Eigen::Array2d counts = Eigen::Array2d::Zero();
    for (Index i = 0; i < 6; ++i) {
      const Index side = (part >> i) & 1U ? 1 : 0;
      means.col(side) += points.col(i);
      counts(side) += 1;
    }
    means.col(0) /= counts(0);
    means.col(1) /= counts(1);
    bool stays = true;
    for (Index i = 0; i < 6; ++i) {
      const Index side = (part >> i) & 1U ? 1 : 0;
      stays &= (points.col(i) - means.col(side)).norm() < (points.col(i) - means.col(1 - side)).norm();
    }
    fixed += stays;
    CHECK(lloyd(objective, means).value == Approx(8.0 / 3).epsilon(1e-14));
  }
  CHECK(fixed == 1);
}

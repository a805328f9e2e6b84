// Every quantity of a candidate's geometry from its definition alone: quasi-random points and comparisons of distances.
#include <kmscape/landscape/candidate_geometry.hpp>

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <vector>

#include <kmscape/core/quasi_random.hpp>
#include <kmscape/geometry/convex_polygon.hpp>

#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/trials.hpp"

using kmscape::Index;
using kmscape::QuasiRandom;
using testing::normal_points;

namespace {

constexpr int replicates = 8;
constexpr Index set_size = testing::is_sanitized ? 256 : 4096;
/// What none of all points meets is smaller than this share of them, in 95 of 100 cases.
constexpr double unseen = 3.0 / (replicates * set_size);

/// Independent sets of points, d x set_size each.
using PointSets = std::vector<Eigen::MatrixXd>;

template <class Write>
PointSets point_sets(Index dimension, Index coordinates, const Write& write) {
  PointSets sets;
  for (int r = 0; r < replicates; ++r) {
    sets.push_back(Eigen::MatrixXd::Zero(dimension, set_size));
    if (dimension == 0) continue;
    const QuasiRandom sequence(coordinates, kmscape::Seed{5}, r);
    for (Index i = 0; i < set_size; ++i) write(sequence, i, sets.back().col(i));
  }
  return sets;
}

/// The same points in all tests: to make them takes longer than to use them.
struct Sources {
  PointSets balls, normals, directions;

  explicit Sources(Index d)
      : balls(point_sets(d, d + 1, [](const auto& sequence, Index i, auto out) { sequence.unit_ball(i, out); })),
        normals(point_sets(d, d, [](const auto& sequence, Index i, auto out) { sequence.normal(i, out); })),
        directions(normals) {
    for (auto& set : directions) set.colwise().normalize();
  }
};
const Sources& sources(Index d) {
  static const std::vector<Sources> all = {Sources(0), Sources(1), Sources(2), Sources(3), Sources(4), Sources(5)};
  return all[static_cast<std::size_t>(d)];
}

Eigen::MatrixXd placed(const Eigen::MatrixXd& set, double size, const Eigen::VectorXd& center) {
  return (size * set).colwise() + center;
}

/// A mean over all points with its standard error, entry by entry.
struct MeanOverSets {
  Eigen::ArrayXd mean, error;

  /// Student's t with 7 degrees of freedom exceeds 10, and with 15 of them 7, once or twice in 100,000 cases. `largest`
  /// bounds what one point contributes.
  [[nodiscard]] bool agrees(Index entry, double value, double value_error, double largest) const {
    return std::abs(value - mean(entry)) <= 10 * error(entry) + 7 * value_error + (unseen + 1e-12) * largest;
  }
};

/// `place(set)` makes points of those of a set, and `visit(x, sums)` adds what a point contributes.
template <class Place, class Visit>
MeanOverSets mean_over_sets(const PointSets& sets, Index entries, const Place& place, const Visit& visit) {
  Eigen::ArrayXXd means = Eigen::ArrayXXd::Zero(entries, replicates);
  for (int r = 0; r < replicates; ++r) {
    Eigen::ArrayXd sums = Eigen::ArrayXd::Zero(entries);
    const Eigen::MatrixXd points = place(sets[static_cast<std::size_t>(r)]);
    for (const auto& x : points.colwise()) visit(x, sums);
    means.col(r) = sums / static_cast<double>(set_size);
  }
  const Eigen::ArrayXd mean = means.rowwise().mean();
  return {mean, ((means.colwise() - mean).square().rowwise().sum() / (replicates * (replicates - 1))).sqrt()};
}

constexpr auto as_they_are = [](const Eigen::MatrixXd& set) { return set; };

/// By how much the nearest center but i and j is farther from x than center i, in squared distances: at least 0 iff x
/// lies in cell i (j = i), or on the face of i and j if it is on their bisector.
template <class Vector>
double farther(const Eigen::MatrixXd& centers, const Vector& x, Index i, Index j) {
  double own = 0, least = std::numeric_limits<double>::infinity();
  for (Index l = 0; l < centers.cols(); ++l) {
    double squared = 0;
    for (Index e = 0; e < centers.rows(); ++e) squared += (x(e) - centers(e, l)) * (x(e) - centers(e, l));
    if (l == i)
      own = squared;
    else if (l != j)
      least = std::min(least, squared);
  }
  return least - own;
}

/// The hyperplane between two centers.
struct Bisector {
  Eigen::VectorXd normal, middle;
  Eigen::MatrixXd basis;  // d x (d - 1)

  Bisector(const Eigen::MatrixXd& centers, Index i, Index j)
      : normal((centers.col(j) - centers.col(i)).normalized()), middle((centers.col(i) + centers.col(j)) / 2) {
    const Index d = centers.rows();
    basis = Eigen::MatrixXd(Eigen::HouseholderQR<Eigen::MatrixXd>(normal).householderQ()).rightCols(d - 1);
  }
  [[nodiscard]] double height(const Eigen::VectorXd& x) const { return normal.dot(x - middle); }
  [[nodiscard]] Eigen::VectorXd foot(const Eigen::VectorXd& x) const { return x - height(x) * normal; }
};

/// Whether x's surroundings lie in cell i up to this radius in all directions, and not in all of them much beyond.
bool is_inradius(double radius, const Eigen::MatrixXd& centers, Index i, const Eigen::VectorXd& x,
                 const PointSets& directions) {
  bool stays = true, leaves = false;
  for (const auto& set : directions)
    for (const auto& u : set.colwise()) {
      stays = stays && farther(centers, (x + 0.999 * radius * u).eval(), i, i) > 0;
      leaves = leaves || farther(centers, (x + 1.05 * radius * u).eval(), i, i) < 0;
    }
  return stays && leaves;
}

/// Whether some point of the bisector is nearer to centers i and j than to all others. Climbs from the middle to where
/// this holds by the most: the best of 256 quasi-random steps at a time, longer ones after a gain and shorter ones
/// after none. What is climbed is a minimum of linear functions, without other maxima.
bool has_face(const Eigen::MatrixXd& centers, const Bisector& plane, Index i, Index j, const Eigen::MatrixXd& steps) {
  constexpr Index tries = 256;
  Eigen::VectorXd best = plane.middle;
  double height = farther(centers, best, i, j);
  Index from = 0;
  for (double reach = 1; reach > 1e-6 && height < 1e-9; from = (from + tries) % steps.cols()) {
    const Eigen::VectorXd center = best;
    for (Index step = 0; step < tries; ++step) {
      const Eigen::VectorXd x = center + reach * (plane.basis * steps.col(from + step));
      const double there = farther(centers, x, i, j);
      if (!(there > height)) continue;
      best = x;
      height = there;
    }
    reach *= best != center ? 2 : 0.5;
  }
  return height >= 1e-9;
}

using Projection = std::function<void(Eigen::VectorXd&)>;

/// To the nearest point that is not farther from a than from b.
Projection nearer_to(const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
  return [middle = Eigen::VectorXd((a + b) / 2), apart = Eigen::VectorXd((b - a).normalized())](Eigen::VectorXd& x) {
    x -= std::max(0.0, apart.dot(x - middle)) * apart;
  };
}
Projection into_ball(const Eigen::VectorXd& center, double radius) {
  return [=](Eigen::VectorXd& x) {
    const double distance = (x - center).norm();
    if (distance > radius) x = center + (x - center) * (radius / distance);
  };
}
std::vector<Projection> into_cell(const Eigen::MatrixXd& centers, Index i) {
  std::vector<Projection> result;
  for (Index l = 0; l < centers.cols(); ++l)
    if (l != i) result.push_back(nearer_to(centers.col(i), centers.col(l)));
  return result;
}

/// The point nearest to x in all of some convex sets: Dykstra's alternating projections (Boyle, Dykstra 1986).
Eigen::VectorXd nearest_in_all(const std::vector<Projection>& sets, Eigen::VectorXd x) {
  std::vector<Eigen::VectorXd> moves(sets.size(), Eigen::VectorXd::Zero(x.size()));
  double change = 1;
  for (int sweep = 0; sweep < 5000 && change > 1e-14; ++sweep) {
    change = 0;
    for (std::size_t c = 0; c < sets.size(); ++c) {
      const Eigen::VectorXd from = x + moves[c];
      x = from;
      sets[c](x);
      change = std::max(change, (from - x - moves[c]).cwiseAbs().maxCoeff());
      moves[c] = from - x;
    }
  }
  return x;
}

double ball_volume(Index d) {
  const double half = static_cast<double>(d) / 2;
  return std::pow(std::numbers::pi, half) / std::tgamma(half + 1);
}

struct Setting {
  Index d, m;
  bool is_gaussian;
  Eigen::MatrixXd fitted, truth;
  Eigen::Array3d sizes, weights, radii;  // radii: of the balls B_s
  kmscape::CandidateGeometry geometry;
};

Setting setting(Index d, Index m, bool is_gaussian) {
  const auto seed = static_cast<std::uint64_t>(10 * d + m);
  Setting at{d, m, is_gaussian, normal_points(d, m, seed), normal_points(d, 3, 100 + seed), {}, {1, 2, 1.5}, {}, {}};
  at.weights /= 4.5;
  const kmscape::CandidateOptions options{{.samples = set_size / 8}, {.directions = set_size / 4}};
  if (is_gaussian) {
    at.sizes = {0.6, 0.9, 0.5};
    at.radii = 0.8 * at.sizes * std::sqrt(static_cast<double>(d));
    at.geometry =
        candidate_geometry(kmscape::GaussianMixtureModel(at.truth, at.sizes, at.weights), at.fitted, 0.8, options);
  } else {
    at.sizes = at.radii = {0.9, 1.4, 0.7};
    at.geometry = candidate_geometry(kmscape::StochasticBallModel(at.truth, at.sizes, at.weights), at.fitted, options);
  }
  return at;
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> result;
    for (Index d = 1; d <= 5; ++d)
      for (const Index m : {3, 5})
        for (const bool is_gaussian : {false, true}) result.push_back(setting(d, m, is_gaussian));
    return result;
  }();
  return all;
}

}  // namespace

TEST_CASE("every quantity of a candidate against quasi-Monte Carlo: masses and centroids of cells") {
  for (const auto& at : settings()) {
    CAPTURE(at.d, at.m, at.is_gaussian);
    const auto& geometry = at.geometry;
    CHECK(geometry.converged);
    const auto& sets = at.is_gaussian ? sources(at.d).normals : sources(at.d).balls;
    for (Index s = 0; s < 3; ++s) {
      const auto& centroids = geometry.centroid[static_cast<std::size_t>(s)];
      // A cell's share, and the part of x - c_is in it: nothing in the mean.
      const auto place = [&](const auto& set) { return placed(set, at.sizes(s), at.truth.col(s)); };
      const auto means = mean_over_sets(sets, at.m * (at.d + 1), place, [&](const auto& x, Eigen::ArrayXd& sums) {
        Index i = 0;
        while (farther(at.fitted, x, i, i) < 0) ++i;
        sums(i * (at.d + 1)) += 1;
        sums.segment(i * (at.d + 1) + 1, at.d) += (x - centroids.col(i)).array();
      });
      for (Index i = 0; i < at.m; ++i) {
        CAPTURE(s, i);
        const Index first = i * (at.d + 1);
        CHECK(means.agrees(first, geometry.mass(i, s), geometry.mass_error(i, s), 1));
        for (Index e = 1; e <= at.d; ++e)
          CHECK(means.agrees(first + e, 0, geometry.mass(i, s) * geometry.centroid_error(i, s), 4 * at.sizes(s)));
        CHECK(geometry.missing_mass(i, s) + geometry.mass(i, s) == Approx(1).epsilon(1e-9));
      }
    }
  }
}

TEST_CASE("every quantity of a candidate against quasi-Monte Carlo: adjacency, d, rho and the mixture on faces") {
  for (const auto& at : settings()) {
    CAPTURE(at.d, at.m, at.is_gaussian);
    const auto& sets = at.is_gaussian ? sources(at.d - 1).normals : sources(at.d - 1).balls;
    const auto& directions = sources(at.d).directions;
    const auto& steps = sources(at.d - 1).balls.front();
    auto face = at.geometry.faces.begin();
    for (Index i = 0; i < at.m; ++i)
      for (Index j = i + 1; j < at.m; ++j) {
        CAPTURE(i, j);
        const Bisector plane(at.fitted, i, j);
        const bool listed = face != at.geometry.faces.end() && face->i == i && face->j == j;
        REQUIRE(listed == has_face(at.fitted, plane, i, j, steps));
        if (!listed) continue;

        // d_ij is how far one can go from beta_i in any direction and stay nearer to it than to beta_j.
        Eigen::MatrixXd pair(at.d, 2);
        pair << at.fitted.col(i), at.fitted.col(j);
        CHECK(is_inradius(face->half_distance, pair, 0, pair.col(0), directions));

        Eigen::ArrayXd error = Eigen::ArrayXd::Zero(at.d * at.d + 1), total = error;
        double largest = 0;
        for (Index s = 0; s < 3; ++s) {
          CAPTURE(s);
          // The component on the bisector: a factor and a distribution in d - 1 dimensions around its center's foot.
          const double height = plane.height(at.truth.col(s)), size = at.sizes(s);
          const Eigen::VectorXd foot = plane.foot(at.truth.col(s));
          double factor = 0, spread = size;
          if (at.is_gaussian) {
            factor = std::exp(-height * height / (2 * size * size)) / (size * std::sqrt(2 * std::numbers::pi));
          } else if (std::abs(height) < size) {
            spread = std::sqrt(size * size - height * height);
            factor = ball_volume(at.d - 1) * std::pow(spread, static_cast<double>(at.d - 1)) /
                     (ball_volume(at.d) * std::pow(size, static_cast<double>(at.d)));
          }
          const auto place = [&](const auto& set) { return placed(plane.basis * set, spread, foot); };
          const auto means = mean_over_sets(sets, at.d * at.d + 2, place, [&](const auto& x, Eigen::ArrayXd& sums) {
            if (farther(at.fitted, x, i, j) < 0) return;
            const Eigen::VectorXd y = x - plane.middle;
            if (!at.is_gaussian || (x - at.truth.col(s)).norm() <= at.radii(s)) sums(0) += factor;
            sums(1) += factor;
            sums.tail(at.d * at.d) += factor * (y * y.transpose()).reshaped().array();
          });
          CHECK(means.agrees(0, face->density(s), face->density_error(s), factor));
          if (means.mean(0) > 0) CHECK(face->meets(s));
          total += at.weights(s) * means.mean.tail(at.d * at.d + 1);
          error += at.weights(s) * means.error.tail(at.d * at.d + 1);
          largest += at.weights(s) * factor * (1 + std::pow((foot - plane.middle).norm() + 3 * spread, 2));
        }
        // Errors of components that share their points are added up.
        const MeanOverSets mixture{total, error};
        CHECK(mixture.agrees(0, face->mixture_density, face->mixture_density_error, largest));
        for (Index e = 0; e < at.d * at.d; ++e)
          CHECK(mixture.agrees(1 + e, face->mixture_second.reshaped()(e), face->mixture_second_error, largest));
        ++face;
      }
    CHECK(face == at.geometry.faces.end());
  }
}

TEST_CASE("every quantity of a candidate against quasi-Monte Carlo: T, A and the distances and depths behind them") {
  int met = 0, missed = 0;
  for (const auto& at : settings()) {
    CAPTURE(at.d, at.m, at.is_gaussian);
    const auto& geometry = at.geometry;
    const auto& [balls, normals, directions] = sources(at.d);
    for (Index s = 0; s < 3; ++s) {
      const Eigen::VectorXd center = at.truth.col(s);
      std::vector<bool> is_hit(static_cast<std::size_t>(at.m), false);
      for (const auto& set : balls) {
        const Eigen::MatrixXd points = placed(set, at.radii(s), center);
        for (const auto& x : points.colwise())
          for (Index i = 0; i < at.m; ++i)
            if (farther(at.fitted, x, i, i) >= 0) is_hit[static_cast<std::size_t>(i)] = true;
      }
      for (Index i = 0; i < at.m; ++i) {
        CAPTURE(s, i);
        const bool inside = farther(at.fitted, center, i, i) > 0;
        CHECK(geometry.holds(i, s) == inside);
        if (inside) CHECK(is_inradius(geometry.depth(i, s), at.fitted, i, center, directions));

        const double distance = (nearest_in_all(into_cell(at.fitted, i), center) - center).norm();
        CHECK(geometry.cell_distance(i, s) == Approx(distance).epsilon(0).margin(1e-6));
        CHECK(geometry.meets(i, s) == (distance <= at.radii(s)));
        if (is_hit[static_cast<std::size_t>(i)]) CHECK(geometry.meets(i, s));
        ++(geometry.meets(i, s) ? met : missed);
      }
    }
  }
  CHECK(met > 100);
  CHECK(missed > 50);
}

TEST_CASE("every quantity of a candidate against quasi-Monte Carlo: D") {
  int cut = 0, missed = 0, at_midpoint = 0;
  for (const auto& at : settings()) {
    CAPTURE(at.d, at.m, at.is_gaussian);
    const auto& balls = sources(at.d - 1).balls;
    for (const auto& face : at.geometry.faces) {
      const Bisector plane(at.fitted, face.i, face.j);
      auto sets = into_cell(at.fitted, face.i);
      sets.push_back(nearer_to(at.fitted.col(face.j), at.fitted.col(face.i)));
      for (Index s = 0; s < 3; ++s) {
        CAPTURE(face.i, face.j, s);
        const Eigen::VectorXd center = at.truth.col(s);
        const bool meets = (nearest_in_all(sets, center) - center).norm() <= at.radii(s);
        CHECK(face.meets(s) == meets);

        // No point of face and ball is nearer to the midpoint.
        const double room = at.radii(s) * at.radii(s) - plane.height(center) * plane.height(center);
        const double slice = std::sqrt(std::max(0.0, room));
        double least = std::numeric_limits<double>::infinity();
        for (const auto& set : balls) {
          if (!(room > 0)) break;
          const Eigen::MatrixXd points = placed(plane.basis * set, slice, plane.foot(center));
          for (const auto& x : points.colwise())
            if (farther(at.fitted, x, face.i, face.j) >= 0) least = std::min(least, (x - plane.middle).norm());
        }
        if (!meets) {
          CHECK(least > 1e300);
          CHECK(face.ball_distance(s) == 1);  // QZC's convention
          CHECK(face.density(s) == 0);
          ++missed;
          continue;
        }
        CHECK(face.ball_distance(s) <= least + 1e-12);

        auto with_ball = sets;
        with_ball.push_back(into_ball(plane.foot(center), slice));
        const double distance = (nearest_in_all(with_ball, plane.middle) - plane.middle).norm();
        CHECK(face.ball_distance(s) == Approx(distance).epsilon(0).margin(1e-6));
        CHECK((face.ball_foot.col(s) - plane.middle).norm() == Approx(distance).epsilon(0).margin(1e-6));
        ++(distance > 0 ? cut : at_midpoint);
      }
    }
  }
  CHECK(cut > 60);
  CHECK(missed > 50);
  CHECK(at_midpoint > 20);
}

TEST_CASE("adjacency against quasi-Monte Carlo: some point of the bisector has its two centers nearest, or none has") {
  int apart = 0, beside_midpoint = 0;
  for (Index d = 2; d <= 4; ++d)
    for (std::uint64_t seed = 0; seed < testing::trials(3u); ++seed) {
      const Eigen::MatrixXd centers = normal_points(d, 9, 60 + seed);
      const auto neighbours = kmscape::adjacency(centers);
      for (Index i = 0; i < 9; ++i)
        for (Index j = i + 1; j < 9; ++j) {
          CAPTURE(d, seed, i, j);
          const Bisector plane(centers, i, j);
          CHECK(neighbours(i, j) == has_face(centers, plane, i, j, sources(d - 1).balls.front()));
          apart += !neighbours(i, j);
          beside_midpoint += neighbours(i, j) && farther(centers, plane.middle, i, j) < 0;
        }
    }
  CHECK(apart > testing::trials(50));
  CHECK(beside_midpoint > testing::trials(50));
}

TEST_CASE("theta against quasi-Monte Carlo: a direction's sign tells two vectors apart with the probability theta/pi") {
  for (Index d = 1; d <= 5; ++d) {
    const auto& directions = sources(d).directions;
    const Eigen::MatrixXd centers = normal_points(d, 4, 31), v = normal_points(d, 4, 32);
    for (Index i = 0; i < 4; ++i)
      for (Index j = 0; j < 4; ++j) {
        if (j == i) continue;
        CAPTURE(d, i, j);
        const auto share = mean_over_sets(directions, 1, as_they_are, [&](const auto& u, Eigen::ArrayXd& sums) {
          sums(0) += (u.dot(v.col(j)) > 0) != (u.dot(centers.col(i) - centers.col(j)) > 0);
        });
        CHECK(share.agrees(0, kmscape::perturbation_angle(centers, v, i, j) / std::numbers::pi, 0, 1));
      }
  }
}

TEST_CASE("the polygon of a cell against quasi-Monte Carlo: its area within a box") {
  PointSets points = point_sets(2, 2, [](const auto& sequence, Index i, auto out) { sequence.point(i, out); });
  for (auto& set : points) set = placed(set, 4, Eigen::Vector2d(-2, -2));
  for (const Index k : {2, 4, 9}) {
    const Eigen::MatrixXd centers = normal_points(2, k, 40 + static_cast<std::uint64_t>(k));
    const auto shares = mean_over_sets(points, k, as_they_are, [&](const auto& x, Eigen::ArrayXd& sums) {
      for (Index i = 0; i < k; ++i) sums(i) += farther(centers, x, i, i) >= 0;
    });
    for (Index i = 0; i < k; ++i) {
      CAPTURE(k, i);
      std::vector<kmscape::HalfPlane> sides = {{{1, 0}, 2, -1}, {{-1, 0}, 2, -1}, {{0, 1}, 2, -1}, {{0, -1}, 2, -1}};
      kmscape::append_voronoi_half_planes(centers, i, sides);
      const kmscape::ConvexPolygon polygon(sides);
      const auto corners = polygon.corners();
      double area = 0;
      for (std::size_t c = 0; c < corners.size(); ++c) {
        const auto& next = corners[c + 1 < corners.size() ? c + 1 : 0];
        area += (corners[c].x() * next.y() - corners[c].y() * next.x()) / 2;
      }
      CHECK(shares.agrees(i, area / 16, 0, 1));
    }
  }
}

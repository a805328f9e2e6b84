// Means over a mixture of balls or Gaussians of what soft cells sum: nodes, weights and an honest error.
//
// d = 1 and 2: adaptive product Gauss-Legendre rules, in polar coordinates around each component's center in the plane,
// so that ball and Gaussian alike become a smooth integrand over boxes. The boxes that change most when they are halved
// are halved first. d >= 3: scrambled Sobol points, some replicates of them, and the standard error over replicates.
//
// Where the centers span a line or a plane only, responsibilities depend on a point's place in it alone (QZC appendix
// F), and the adaptive rules serve any d: a Gaussian stays one in the span, a ball's shadow has density
// (1 - |y|^2)^(q/2), q = d - p. Across the span a component is symmetric around its center, with the variance sigma^2
// or r^2 (1 - |y|^2)/(q + 2) in every direction given y, which pairs of opposite nodes carry exactly.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include <kmscape/core/gauss_legendre.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/quasi_random.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/model/mixture_model.hpp>
#include <kmscape/objective/soft_cells.hpp>

namespace kmscape::internal {

/// Mixtures whose components are uniform on balls, and those whose components are spherical Gaussians.
template <class M>
concept BallMixture = MixtureModel<M> && requires(const M& model) {
  model.radii();
};
template <class M>
concept SphericalGaussianMixture = MixtureModel<M> && requires(const M& model) {
  model.sigmas();
};

/// Weighted points whose weighted sums are means over the model.
template <std::floating_point Real, int Dim>
struct Nodes {
  Points<Real, Dim> points;
  Weights<Real> weights;

  [[nodiscard]] PointSpan<Real> span() const { return {points.data(), points.rows(), points.cols()}; }
};

/// Means over the model, and an estimate of the error of each.
template <std::floating_point Real, int Dim>
struct SoftMeans {
  SoftSums<Real, Dim> sums, error;
  Index nodes = 0;
  bool converged = true;
};

/// |a - b|, entry by entry, for what soft cells sum.
template <std::floating_point Real, int Dim>
[[nodiscard]] SoftSums<Real, Dim> absolute_difference(const SoftSums<Real, Dim>& a, const SoftSums<Real, Dim>& b) {
  return {(a.mass - b.mass).abs(), (a.moment - b.moment).cwiseAbs(), (a.spread - b.spread).abs(),
          (a.share - b.share).abs(), std::abs(a.total - b.total)};
}

/// Units in which errors of sums compare: a length, and a size of log-likelihoods.
template <std::floating_point Real>
struct SumScale {
  Real length = 1, share = 1;

  template <int Dim>
  [[nodiscard]] Real largest(const SoftSums<Real, Dim>& error) const {
    return std::max(
        {error.mass.maxCoeff(), error.moment.maxCoeff() / length, error.share.maxCoeff() / share, error.total / share});
  }
};

/// Radius or deviation of component s.
template <class M>
[[nodiscard]] Sum<typename M::Scalar> component_size(const M& model, Index s) {
  if constexpr (BallMixture<M>)
    return static_cast<Sum<typename M::Scalar>>(model.radii()(s));
  else
    return static_cast<Sum<typename M::Scalar>>(model.sigmas()(s));
}

/// Adaptive integration over a model in one or two dimensions, or in the line or plane that the centers span.
template <class M>
class AdaptiveQuadrature {
 public:
  static constexpr int dim = M::dim;
  using Real = Sum<typename M::Scalar>;
  using CentersType = Centers<Real, dim>;
  using Sums = SoftSums<Real, dim>;
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;

  /// For d = 1 and 2.
  explicit AdaptiveQuadrature(const M& model)
      : AdaptiveQuadrature(model, Matrix::Identity(model.dimension(), model.dimension()),
                           Matrix(model.dimension(), 0)) {}
  /// @param basis d x p, p = 1 or 2, of the directions of what centers are given to `run`
  /// @param across d x (d - p), orthonormal with it
  AdaptiveQuadrature(const M& model, Matrix basis, Matrix across)
      : model_(model),
        p_(basis.cols()),
        basis_(std::move(basis)),
        across_(std::move(across)),
        reach_(BallMixture<M> ? (across_.cols() > 0 ? std::numbers::pi_v<Real> / 2 : Real(1))
                              : std::sqrt(16 - 2 * std::log(std::numeric_limits<Real>::epsilon()))),
        rule_(kmscape::gauss_legendre<Real>(p_ == 1 ? 16 : 8)) {}

  /// Halves boxes until the changes at the last halving add up to at most `tolerance` in units of `scale`, or there are
  /// `most_boxes`.
  [[nodiscard]] SoftMeans<Real, dim> run(const CentersType& centers, const SoftScores<Real>& scores,
                                         const SumScale<Real>& scale, Real tolerance, Index most_boxes) {
    families_.clear();
    std::vector<std::pair<Real, std::size_t>> heap;  // largest error first, then the youngest
    Real total = 0;
    const auto add = [&](Box box, const Sums& coarse) {
      Family family = evaluate_parts(box, coarse, centers, scores);
      const Real error = scale.largest(family.error);
      total += error;
      heap.emplace_back(error, families_.size());
      std::push_heap(heap.begin(), heap.end());
      families_.push_back(std::move(family));
    };
    for (const Box& box : first_boxes()) add(box, evaluate(box, centers, scores));
    const auto limit = static_cast<std::size_t>(most_boxes);
    while (total > tolerance && families_.size() < limit) {
      std::pop_heap(heap.begin(), heap.end());
      const auto [error, at] = heap.back();
      heap.pop_back();
      total -= error;
      const Family family = std::move(families_[at]);
      families_[at].parts.clear();
      for (const auto& part : family.parts) add(part.box, part.sums);
    }
    SoftMeans<Real, dim> result;
    result.converged = total <= tolerance;
    result.sums.reset(dimension(), centers.cols());
    result.error.reset(dimension(), centers.cols());
    for (const Family& family : families_) {
      if (family.parts.empty()) continue;
      result.error.add(family.error);
      for (const auto& part : family.parts) {
        result.sums.add(part.sums);
        result.nodes += box_nodes(few());
      }
    }
    return result;
  }

  /// The nodes that the last `run` ended with; across the span as many as second moments need.
  [[nodiscard]] Nodes<Real, dim> nodes() const {
    Index boxes = 0;
    for (const Family& family : families_) boxes += static_cast<Index>(family.parts.size());
    const Index size = box_nodes(across_.cols());
    Nodes<Real, dim> result{Points<Real, dim>(dimension(), boxes * size), Weights<Real>(boxes * size)};
    Index first = 0;
    for (const Family& family : families_)
      for (const auto& part : family.parts) {
        const auto own = box_rule(part.box, across_.cols());
        result.points.middleCols(first, size) = own.points;
        result.weights.segment(first, size) = own.weights;
        first += size;
      }
    return result;
  }

 private:
  /// A box of coordinates t (p = 1: in sizes of the component) or (radius in its sizes, angle). A ball's shadow has
  /// t = sin u, and u for its coordinate: its density ends like a power of cos u, without a root.
  struct Box {
    Index component = 0;
    std::array<Real, 2> low{}, high{};
  };
  struct Part {
    Box box;
    Sums sums;
  };
  /// A box by its parts, and how they differ from the box taken as one.
  struct Family {
    std::vector<Part> parts;
    Sums error;
  };

  [[nodiscard]] Index dimension() const { return basis_.rows(); }
  /// Pairs across the span that masses, first moments and squared distances need.
  [[nodiscard]] Index few() const { return std::min(across_.cols(), Index{1}); }
  [[nodiscard]] Index box_nodes(Index pairs) const {
    return (p_ == 1 ? rule_.points.size() : rule_.points.size() * rule_.points.size()) * std::max(2 * pairs, Index{1});
  }

  [[nodiscard]] std::vector<Box> first_boxes() const {
    std::vector<Box> boxes;
    for (Index s = 0; s < model_.components(); ++s) {
      if (p_ == 1) {
        boxes.push_back({s, {-reach_, 0}, {0, 0}});
        boxes.push_back({s, {0, 0}, {reach_, 0}});
        continue;
      }
      for (int quarter = 0; quarter < 4; ++quarter) {
        const Real right = std::numbers::pi_v<Real> / 2;
        boxes.push_back({s, {0, right * static_cast<Real>(quarter)}, {reach_, right * static_cast<Real>(quarter + 1)}});
      }
    }
    return boxes;
  }

  [[nodiscard]] std::vector<Box> halves(const Box& box) const {
    std::vector<Box> boxes{box};
    for (std::size_t axis = 0; axis < static_cast<std::size_t>(p_); ++axis) {
      const Real middle = (box.low[axis] + box.high[axis]) / 2;
      for (std::size_t b = boxes.size(); b-- > 0;) {
        boxes.push_back(boxes[b]);
        boxes[b].high[axis] = middle;
        boxes.back().low[axis] = middle;
      }
    }
    return boxes;
  }

  /// Density of the radius' place t in the span (p = 1: on the line; p = 2: times t, of the plane) at a box's
  /// coordinate, and the variance across the span there, in sizes of the component.
  struct Radial {
    Real t, density, variance;
  };
  [[nodiscard]] Radial radial(Real coordinate) const {
    constexpr Real pi = std::numbers::pi_v<Real>;
    if constexpr (BallMixture<M>) {
      if (across_.cols() == 0) return {coordinate, p_ == 1 ? Real(0.5) : coordinate / pi, 0};
      const auto d = static_cast<Real>(dimension()), q = static_cast<Real>(across_.cols());
      const Real t = std::sin(coordinate), root = std::cos(coordinate);
      // Gamma(d/2 + 1) / (sqrt(pi) Gamma((d + 1)/2)) on the line, d/(2 pi) in the plane.
      const Real scale =
          p_ == 1 ? std::exp(std::lgamma(d / 2 + 1) - std::lgamma((d + 1) / 2)) / std::sqrt(pi) : t * d / (2 * pi);
      return {t, scale * std::pow(root, q + 1), root * root / (q + 2)};
    } else {
      const Real bell = std::exp(-coordinate * coordinate / 2);
      return {coordinate, p_ == 1 ? bell / std::sqrt(2 * pi) : coordinate * bell / (2 * pi), 1};
    }
  }

  [[nodiscard]] Nodes<Real, dim> box_rule(const Box& box, Index pairs) const {
    Nodes<Real, dim> nodes{Points<Real, dim>(dimension(), box_nodes(pairs)), Weights<Real>(box_nodes(pairs))};
    const Index m = rule_.points.size(), s = box.component;
    const Real size = component_size(model_, s), share = static_cast<Real>(model_.weights()(s));
    const auto at = [&](std::size_t axis, Index i) {
      return (box.low[axis] + box.high[axis]) / 2 + (box.high[axis] - box.low[axis]) / 2 * rule_.points(i);
    };
    const auto width = [&](std::size_t axis, Index i) {
      return (box.high[axis] - box.low[axis]) / 2 * rule_.weights(i);
    };
    const auto true_center = model_.centers().col(s).template cast<Real>().eval();
    Index node = 0;
    const auto add = [&](const auto& place, Real weight) {
      nodes.points.col(node) = place;
      nodes.weights(node++) = weight;
    };
    const auto add_across = [&](const auto& place, Real variance, Real weight) {
      if (pairs == 0) return add(place, weight);
      // All directions share what `pairs` of them carry.
      const Real length = size * std::sqrt(variance * static_cast<Real>(across_.cols()));
      for (Index e = 0; e < pairs; ++e)
        for (const Real side : {length, -length})
          add(place + side * across_.col(e), weight / static_cast<Real>(2 * pairs));
    };
    for (Index i = 0; i < m; ++i) {
      const auto ring = radial(at(0, i));
      const Real weight = share * ring.density * width(0, i);
      if (p_ == 1) {
        add_across(true_center + size * ring.t * basis_.col(0), ring.variance, weight);
        continue;
      }
      for (Index l = 0; l < m; ++l) {
        const Real angle = at(1, l), x = size * ring.t * std::cos(angle), y = size * ring.t * std::sin(angle);
        add_across(true_center + x * basis_.col(0) + y * basis_.col(1), ring.variance, weight * width(1, l));
      }
    }
    return nodes;
  }

  [[nodiscard]] Sums evaluate(const Box& box, const CentersType& centers, const SoftScores<Real>& scores) {
    const auto nodes = box_rule(box, few());
    Sums sums;
    sums.reset(dimension(), centers.cols());
    block_.evaluate(nodes.span(), 0, nodes.points.cols(), centers, scores);
    block_.add_to(sums, centers, nodes.weights.data());
    return sums;
  }

  [[nodiscard]] Family evaluate_parts(const Box& box, const Sums& coarse, const CentersType& centers,
                                      const SoftScores<Real>& scores) {
    Family family;
    Sums fine;
    fine.reset(dimension(), centers.cols());
    for (const Box& half : halves(box)) {
      family.parts.push_back({half, evaluate(half, centers, scores)});
      fine.add(family.parts.back().sums);
    }
    family.error = absolute_difference(fine, coarse);
    return family;
  }

  M model_;
  Index p_;
  Matrix basis_, across_;
  Real reach_;  // where the components' density ends, in a box's coordinates
  QuadratureRule<Real> rule_;
  SoftBlock<Real, dim> block_;
  std::vector<Family> families_;  // those without parts were replaced by their halves
};

/// Replicates of scrambled Sobol points for every component, in any dimension: replicate r's nodes lie together.
template <class M>
[[nodiscard]] Nodes<Sum<typename M::Scalar>, M::dim> quasi_random_nodes(const M& model, Index points, Index replicates,
                                                                        Seed seed) {
  using Real = Sum<typename M::Scalar>;
  const Index d = model.dimension(), k = model.components();
  Nodes<Real, M::dim> nodes{Points<Real, M::dim>(d, replicates * k * points), Weights<Real>(replicates * k * points)};
  Eigen::VectorXd x(d);
  Index at = 0;
  for (Index r = 0; r < replicates; ++r)
    for (Index s = 0; s < k; ++s) {
      const QuasiRandom sequence(BallMixture<M> ? d + 1 : d, seed, r * k + s);
      for (Index i = 0; i < points; ++i, ++at) {
        if constexpr (BallMixture<M>)
          sequence.unit_ball(i, x);
        else
          sequence.normal(i, x);
        nodes.points.col(at) =
            model.centers().col(s).template cast<Real>() + component_size(model, s) * x.template cast<Real>();
        nodes.weights(at) = static_cast<Real>(model.weights()(s)) / static_cast<Real>(points);
      }
    }
  return nodes;
}

/// The mean over replicates and its standard error.
template <std::floating_point Real, int Dim>
[[nodiscard]] SoftMeans<Real, Dim> replicate_means(const Nodes<Real, Dim>& nodes, Index replicates,
                                                   const Centers<Real, Dim>& centers, const SoftScores<Real>& scores,
                                                   int threads) {
  const Index d = centers.rows(), k = centers.cols(), size = nodes.points.cols() / replicates;
  std::vector<SoftSums<Real, Dim>> parts;
  SoftMeans<Real, Dim> result;
  result.sums.reset(d, k);
  result.error.reset(d, k);
  result.nodes = nodes.points.cols();
  for (Index r = 0; r < replicates; ++r) {
    SoftPass<Real, Dim> pass({nodes.points.data() + r * size * d, d, size}, nodes.weights.data() + r * size, threads);
    parts.push_back(pass.sums(centers, scores));
    result.sums.add(parts.back());
  }
  const auto count = static_cast<Real>(replicates);
  result.sums.mass /= count;
  result.sums.moment /= count;
  result.sums.spread /= count;
  result.sums.share /= count;
  result.sums.total /= count;
  for (const auto& part : parts) {
    const auto away = absolute_difference(part, result.sums);
    result.error.mass += away.mass.square();
    result.error.moment += away.moment.cwiseAbs2();
    result.error.spread += away.spread.square();
    result.error.share += away.share.square();
    result.error.total += away.total * away.total;
  }
  const Real scale = 1 / (count * (count - 1));
  result.error.mass = (scale * result.error.mass).sqrt();
  result.error.moment = (scale * result.error.moment).cwiseSqrt();
  result.error.spread = (scale * result.error.spread).sqrt();
  result.error.share = (scale * result.error.share).sqrt();
  result.error.total = std::sqrt(scale * result.error.total);
  return result;
}

}  // namespace kmscape::internal

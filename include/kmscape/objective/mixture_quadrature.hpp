// Means over a mixture of balls or Gaussians of what soft cells sum: nodes, weights and an honest error.
//
// d = 1 and 2: adaptive product Gauss-Legendre rules, in polar coordinates around each component's center in the plane,
// so that ball and Gaussian alike become a smooth integrand over boxes. The boxes that change most when they are halved
// are halved first. d >= 3: scrambled Sobol points, some replicates of them, and the standard error over replicates.
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

/// Adaptive integration over a model in one or two dimensions.
template <class M>
class AdaptiveQuadrature {
 public:
  static constexpr int dim = M::dim;
  using Real = Sum<typename M::Scalar>;
  using CentersType = Centers<Real, dim>;
  using Sums = SoftSums<Real, dim>;

  explicit AdaptiveQuadrature(const M& model)
      : model_(model),
        d_(model.dimension()),
        reach_(BallMixture<M> ? Real(1) : std::sqrt(16 - 2 * std::log(std::numeric_limits<Real>::epsilon()))),
        rule_(kmscape::gauss_legendre<Real>(d_ == 1 ? 16 : 8)) {}

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
    result.sums.reset(d_, centers.cols());
    result.error.reset(d_, centers.cols());
    for (const Family& family : families_) {
      if (family.parts.empty()) continue;
      result.error.add(family.error);
      for (const auto& part : family.parts) {
        result.sums.add(part.sums);
        result.nodes += box_nodes();
      }
    }
    return result;
  }

  /// The nodes that the last `run` ended with.
  [[nodiscard]] Nodes<Real, dim> nodes() const {
    Index boxes = 0;
    for (const Family& family : families_) boxes += static_cast<Index>(family.parts.size());
    Nodes<Real, dim> result{Points<Real, dim>(d_, boxes * box_nodes()), Weights<Real>(boxes * box_nodes())};
    Index first = 0;
    for (const Family& family : families_)
      for (const auto& part : family.parts) {
        const auto own = box_rule(part.box);
        result.points.middleCols(first, box_nodes()) = own.points;
        result.weights.segment(first, box_nodes()) = own.weights;
        first += box_nodes();
      }
    return result;
  }

 private:
  /// A box of coordinates t (d = 1: in sizes of the component) or (radius in its sizes, angle).
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

  [[nodiscard]] Index box_nodes() const {
    return d_ == 1 ? rule_.points.size() : rule_.points.size() * rule_.points.size();
  }

  [[nodiscard]] std::vector<Box> first_boxes() const {
    std::vector<Box> boxes;
    for (Index s = 0; s < model_.components(); ++s) {
      if (d_ == 1) {
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
    for (std::size_t axis = 0; axis < static_cast<std::size_t>(d_); ++axis) {
      const Real middle = (box.low[axis] + box.high[axis]) / 2;
      for (std::size_t b = boxes.size(); b-- > 0;) {
        boxes.push_back(boxes[b]);
        boxes[b].high[axis] = middle;
        boxes.back().low[axis] = middle;
      }
    }
    return boxes;
  }

  [[nodiscard]] Nodes<Real, dim> box_rule(const Box& box) const {
    Nodes<Real, dim> nodes{Points<Real, dim>(d_, box_nodes()), Weights<Real>(box_nodes())};
    const Index m = rule_.points.size(), s = box.component;
    const Real size = component_size(model_, s), share = static_cast<Real>(model_.weights()(s));
    const auto at = [&](std::size_t axis, Index i) {
      return (box.low[axis] + box.high[axis]) / 2 + (box.high[axis] - box.low[axis]) / 2 * rule_.points(i);
    };
    const auto width = [&](std::size_t axis, Index i) {
      return (box.high[axis] - box.low[axis]) / 2 * rule_.weights(i);
    };
    constexpr Real pi = std::numbers::pi_v<Real>;
    for (Index i = 0; i < m; ++i) {
      const Real t = at(0, i);
      if (d_ == 1) {
        const Real density = BallMixture<M> ? Real(0.5) : std::exp(-t * t / 2) / std::sqrt(2 * pi);
        nodes.points(0, i) = static_cast<Real>(model_.centers()(0, s)) + size * t;
        nodes.weights(i) = share * density * width(0, i);
        continue;
      }
      const Real density = t * (BallMixture<M> ? 1 / pi : std::exp(-t * t / 2) / (2 * pi));
      for (Index l = 0; l < m; ++l) {
        const Real angle = at(1, l);
        nodes.points(0, i * m + l) = static_cast<Real>(model_.centers()(0, s)) + size * t * std::cos(angle);
        nodes.points(1, i * m + l) = static_cast<Real>(model_.centers()(1, s)) + size * t * std::sin(angle);
        nodes.weights(i * m + l) = share * density * width(0, i) * width(1, l);
      }
    }
    return nodes;
  }

  [[nodiscard]] Sums evaluate(const Box& box, const CentersType& centers, const SoftScores<Real>& scores) {
    const auto nodes = box_rule(box);
    Sums sums;
    sums.reset(d_, centers.cols());
    block_.evaluate(nodes.span(), 0, nodes.points.cols(), centers, scores);
    block_.add_to(sums, centers, nodes.weights.data());
    return sums;
  }

  [[nodiscard]] Family evaluate_parts(const Box& box, const Sums& coarse, const CentersType& centers,
                                      const SoftScores<Real>& scores) {
    Family family;
    Sums fine;
    fine.reset(d_, centers.cols());
    for (const Box& half : halves(box)) {
      family.parts.push_back({half, evaluate(half, centers, scores)});
      fine.add(family.parts.back().sums);
    }
    family.error = absolute_difference(fine, coarse);
    return family;
  }

  M model_;
  Index d_;
  Real reach_;  // where the components' density ends, in their sizes
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

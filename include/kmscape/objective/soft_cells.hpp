// One pass of the expectation step: how much of every point belongs to every center of a spherical Gaussian mixture.
//
// With scores s_ij = offset_j - rate_j |x_i - beta_j|^2 the responsibility of center j for point i is
// r_ij = exp(s_ij) / sum_l exp(s_il), and the point's log-likelihood, up to a constant, log sum_l exp(s_il). Both are
// formed from differences to the point's largest score, so that nothing overflows. A responsibility below about 1e-308
// counts as none.
//
// Sums run over chunks of fixed size in index order: the same bits for any number of threads. First moments are sums of
// differences from the present centers, so that data far from the origin keeps its digits.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/objective/nearest_center.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape::internal {

/// Scores of k components: log weight and half the inverse variance.
template <std::floating_point Real>
struct SoftScores {
  Weights<Real> offset, rate;  // k
};

/// What one pass sums, over points with weights w_i.
template <std::floating_point Real, int Dim>
struct SoftSums {
  Weights<Real> mass;                               // k: sum_i w_i r_ij
  Eigen::Matrix<Real, Dim, Eigen::Dynamic> moment;  // d x k: sum_i w_i r_ij (x_i - beta_j)
  Weights<Real> spread;                             // k: sum_i w_i r_ij |x_i - beta_j|^2
  Weights<Real> share;                              // k: sum_i w_i r_ij log sum_l exp(s_il)
  Real total = 0;                                   // sum_i w_i log sum_l exp(s_il), the sum of `share`

  void reset(Index dimension, Index k) {
    mass.setZero(k);
    moment.setZero(dimension, k);
    spread.setZero(k);
    share.setZero(k);
    total = 0;
  }

  void add(const SoftSums& other) {
    mass += other.mass;
    moment += other.moment;
    spread += other.spread;
    share += other.share;
    total += other.total;
  }
};

/// Responsibilities of a block of points; what passes over the data sum up. The buffers belong to one thread.
template <std::floating_point Scalar, int Dim>
class SoftBlock {
 public:
  using Real = Sum<Scalar>;
  using CentersType = FittedCenters<Scalar, Dim>;
  using Columns = Eigen::Array<Real, Eigen::Dynamic, Eigen::Dynamic>;
  static constexpr Index most_points = 64;

  /// Evaluates points first, ..., first + count - 1. O(count k d).
  void evaluate(const PointSpan<Scalar>& points, Index first, Index count, const CentersType& centers,
                const SoftScores<Real>& scores) {
    const Index d = points.dimension, k = centers.cols();
    coordinates_.resize(count, d);
    squared_.resize(count, k);
    share_.resize(count, k);
    for (Index b = 0; b < count; ++b)
      for (Index s = 0; s < d; ++s) coordinates_(b, s) = static_cast<Real>(points.point(first + b)[s]);
    for (Index j = 0; j < k; ++j) {
      squared_.col(j) = (coordinates_.col(0) - centers(0, j)).square();
      for (Index s = 1; s < d; ++s) squared_.col(j) += (coordinates_.col(s) - centers(s, j)).square();
      share_.col(j) = scores.offset(j) - scores.rate(j) * squared_.col(j);
    }
    largest_ = share_.rowwise().maxCoeff();
    // Below it Eigen's exponential stops at a smallest number instead of 0, and centers would be drawn by noise.
    static const Real least = std::log(std::numeric_limits<Real>::min());
    for (Index j = 0; j < k; ++j) {
      share_.col(j) -= largest_;
      share_.col(j) = (share_.col(j) < least).select(Real(0), share_.col(j).exp());
    }
    total_ = share_.rowwise().sum();
    for (Index j = 0; j < k; ++j) share_.col(j) /= total_;
    log_total_ = largest_ + total_.log();
  }

  [[nodiscard]] const Columns& coordinates() const { return coordinates_; }  // count x d
  [[nodiscard]] const Columns& squared() const { return squared_; }          // count x k: squared distances
  [[nodiscard]] const Columns& share() const { return share_; }              // count x k: responsibilities
  [[nodiscard]] const Weights<Real>& log_total() const { return log_total_; }

  /// Adds the block's sums; `weights` holds the count points' weights, or is null. Overwrites `share` by its products
  /// with the weights.
  void add_to(SoftSums<Real, Dim>& sums, const CentersType& centers, const Scalar* weights) {
    const Index count = share_.rows();
    if (weights != nullptr) {
      weights_ = Eigen::Map<const Weights<Scalar>>(weights, count).template cast<Real>();
      sums.total += (weights_ * log_total_).sum();
    } else {
      sums.total += log_total_.sum();
    }
    for (Index j = 0; j < centers.cols(); ++j) {
      auto weighted = share_.col(j);
      if (weights != nullptr) weighted *= weights_;
      sums.mass(j) += weighted.sum();
      sums.spread(j) += (weighted * squared_.col(j)).sum();
      sums.share(j) += (weighted * log_total_).sum();
      for (Index s = 0; s < centers.rows(); ++s)
        sums.moment(s, j) += (weighted * (coordinates_.col(s) - centers(s, j))).sum();
    }
  }

 private:
  Columns coordinates_, squared_, share_;
  Weights<Real> largest_, total_, log_total_, weights_;
};

/// Calls `visit(block, first, count, chunk)` for all blocks of points; blocks of one chunk in turn on one thread.
template <std::floating_point Scalar, int Dim>
class SoftPass {
 public:
  using Real = Sum<Scalar>;
  using CentersType = FittedCenters<Scalar, Dim>;

  /// `weights` holds one weight a point, or is null; both must outlive the object.
  SoftPass(const PointSpan<Scalar>& points, const Scalar* weights, int threads)
      : points_(points),
        weights_(weights),
        // At most 64 chunks; they depend on the data's size only.
        chunk_(std::max(Index{1024}, (points.size + 63) / 64)),
        chunks_((points.size + chunk_ - 1) / chunk_),
        team_(chunks_ > 1 ? threads : 1),
        blocks_(static_cast<std::size_t>(team_.size())),
        partial_(static_cast<std::size_t>(chunks_)) {}

  [[nodiscard]] Index chunks() const { return chunks_; }

  template <class Visitor>
  void for_each_block(const CentersType& centers, const SoftScores<Real>& scores, const Visitor& visit) {
    team_.run(chunks_, [&](Index c, int worker) {
      auto& block = blocks_[static_cast<std::size_t>(worker)];
      const Index end = std::min(points_.size, (c + 1) * chunk_);
      for (Index first = c * chunk_; first < end; first += SoftBlock<Scalar, Dim>::most_points) {
        const Index count = std::min(SoftBlock<Scalar, Dim>::most_points, end - first);
        block.evaluate(points_, first, count, centers, scores);
        visit(block, first, count, c);
      }
    });
  }

  /// The sums of one pass. O(n k d).
  [[nodiscard]] const SoftSums<Real, Dim>& sums(const CentersType& centers, const SoftScores<Real>& scores) {
    for (auto& partial : partial_) partial.reset(points_.dimension, centers.cols());
    for_each_block(centers, scores, [&](SoftBlock<Scalar, Dim>& block, Index first, Index, Index chunk) {
      block.add_to(partial_[static_cast<std::size_t>(chunk)], centers, weights_ ? weights_ + first : nullptr);
    });
    for (std::size_t c = 1; c < partial_.size(); ++c) partial_[0].add(partial_[c]);
    return partial_[0];
  }

  [[nodiscard]] const Scalar* weights() const { return weights_; }

 private:
  PointSpan<Scalar> points_;
  const Scalar* weights_;
  Index chunk_, chunks_;
  ThreadTeam team_;
  std::vector<SoftBlock<Scalar, Dim>> blocks_;
  std::vector<SoftSums<Real, Dim>> partial_;
};

/// Responsibilities as a matrix: k x n, columns summing to 1.
template <std::floating_point Scalar, int Dim>
[[nodiscard]] Eigen::Matrix<Sum<Scalar>, Eigen::Dynamic, Eigen::Dynamic> responsibilities(
    SoftPass<Scalar, Dim>& pass, Index n, const FittedCenters<Scalar, Dim>& centers,
    const SoftScores<Sum<Scalar>>& scores) {
  Eigen::Matrix<Sum<Scalar>, Eigen::Dynamic, Eigen::Dynamic> result(centers.cols(), n);
  pass.for_each_block(centers, scores, [&](const SoftBlock<Scalar, Dim>& block, Index first, Index count, Index) {
    result.middleCols(first, count) = block.share().matrix().transpose();
  });
  return result;
}

}  // namespace kmscape::internal

// G_n for data larger than memory: the points come from the caller in blocks, once a pass.
//
// Sums over cells are exact and the terms of the objective are added in fixed chunks (assignment_engine.hpp), so the
// results have the bits of the same points in memory, however the blocks are cut. What stays in memory is a label a
// point (4 bytes) and O(k d).
#pragma once

#include <Eigen/Core>
#include <concepts>
#include <functional>
#include <memory>
#include <ranges>
#include <string_view>
#include <utility>

#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/objective/assignment_engine.hpp>
#include <kmscape/objective/objective.hpp>

namespace kmscape {

/// The objective of points that a source hands out block by block.
///
///     const StreamedObjective<double> objective([&](const auto& visit) {
///       for (every block of the file) visit(Eigen::Map<const Eigen::MatrixXd>(pointer, d, points_of_the_block));
///     });
///
/// The source is called once a pass, starting with one in the constructor, and must give the same points in the same
/// order every time; the blocks may differ in size from pass to pass. A block need only live while `visit` runs. With
/// weights: visit(block, weights). Copies share the source, which must not be used from two threads at a time.
template <std::floating_point Scalar_, int Dim = Eigen::Dynamic>
class StreamedObjective {
 public:
  using Scalar = Scalar_;
  using Real = Sum<Scalar>;
  using PointsType = Points<Scalar, Dim>;
  using CentersType = FittedCenters<Scalar, Dim>;
  static constexpr int dim = Dim;

  /// What a source calls for every block: d x m points and, for weighted data, m weights.
  class Visitor {
   public:
    void operator()(const Eigen::Ref<const PointsType>& points) const { take(points, nullptr); }
    void operator()(const Eigen::Ref<const PointsType>& points,
                    const Eigen::Ref<const Weights<Scalar>>& weights) const {
      take(points, &weights);
    }

   private:
    friend class StreamedObjective;
    using Take = std::function<void(const Eigen::Ref<const PointsType>&, const Eigen::Ref<const Weights<Scalar>>*)>;
    explicit Visitor(const Take& take) : take_(&take) {}

    /// Columns with gaps between them, such as some rows of a matrix, are closed up first.
    void take(const Eigen::Ref<const PointsType>& points, const Eigen::Ref<const Weights<Scalar>>* weights) const {
      if (points.outerStride() == points.rows()) return (*take_)(points, weights);
      const PointsType closed = points;
      (*take_)(closed, weights);
    }

    const Take* take_;
  };
  using Source = std::function<void(const Visitor&)>;

  /// Reads the source once, for the number of points, their range and that all are finite. Throws `invalid_input`.
  explicit StreamedObjective(Source source) : shared_(std::make_shared<const Shared>(std::move(source))) {}

  /// From a range of blocks that can be gone through again and again, such as a vector of matrices.
  template <std::ranges::forward_range Blocks>
  requires std::convertible_to<std::ranges::range_reference_t<Blocks>, Eigen::Ref<const Points<Scalar_, Dim>>>
  explicit StreamedObjective(Blocks blocks)
      : StreamedObjective(Source([kept = std::move(blocks)](const Visitor& visit) {
          for (const auto& block : kept) visit(block);
        })) {}

  [[nodiscard]] Index dimension() const { return shared_->dimension; }
  [[nodiscard]] Index size() const { return shared_->size; }
  [[nodiscard]] bool is_weighted() const { return shared_->layout->sums.is_weighted; }
  [[nodiscard]] Real total_weight() const { return shared_->total_weight; }

  /// Nearest center of every point and the cells' moments. O(n k d), one pass over the source.
  /// @param centers d x k, finite.
  template <class Derived>
  [[nodiscard]] Assignment<Scalar, Dim> assign(const Eigen::MatrixBase<Derived>& centers, int threads = 1) const {
    const CentersType checked = check_centers(centers, "StreamedObjective::assign");
    return internal::assign_blocks<Dim>(*this, checked, resolve_threads(threads, "StreamedObjective::assign"));
  }

  template <class Derived>
  [[nodiscard]] CellMoments<Scalar, Dim> cells(const Eigen::MatrixBase<Derived>& centers) const {
    return assign(centers).cells;
  }

  /// G_n(centers), a sum over points.
  template <class Derived>
  [[nodiscard]] Real value(const Eigen::MatrixBase<Derived>& centers) const {
    return assign(centers).value();
  }

  /// dG_n / dbeta_i = 2 m_i (beta_i - c_i), d x k, as `EmpiricalObjective::gradient`.
  template <class Derived>
  [[nodiscard]] CentersType gradient(const Eigen::MatrixBase<Derived>& centers) const {
    const CentersType at = check_centers(centers, "StreamedObjective::gradient");
    return internal::gradient(at, cells(at));
  }

  /// @cond internal: what passes over the data work on.
  [[nodiscard]] const internal::DataLayout<Scalar>& layout() const { return *shared_->layout; }
  template <class Visit>
  void for_each_block(Labels& labels, Visit&& visit) const {
    Index seen = 0;
    shared_->read([&](const Eigen::Ref<const PointsType>& points, const Eigen::Ref<const Weights<Scalar>>* weights) {
      internal::require(
          points.rows() == dimension() && seen + points.cols() <= size() && (weights != nullptr) == is_weighted(),
          "StreamedObjective", "source",
          internal::text("a ", points.rows(), " x ", points.cols(), " block", weights ? " with weights" : "", " after ",
                         seen, " points"),
          internal::text("its first pass gave ", size(), " points of dimension ", dimension(),
                         is_weighted() ? " with weights" : ""),
          "give the same points in every pass");
      visit(
          internal::PointBlock<Scalar>{
              {points.data(), points.rows(), points.cols()}, weights ? weights->data() : nullptr, labels.data() + seen},
          seen);
      seen += points.cols();
    });
    internal::require(seen == size(), "StreamedObjective", "source", internal::text(seen, " points in a later pass"),
                      internal::text("its first pass gave ", size()), "give the same points in every pass");
  }
  /// @endcond

 private:
  struct Shared {
    Source source;
    Index dimension = 0, size = 0;
    Real total_weight = 0;
    std::unique_ptr<const internal::DataLayout<Scalar>> layout;

    explicit Shared(Source from) : source(std::move(from)) {
      internal::require(static_cast<bool>(source), "StreamedObjective", "source", "an empty function",
                        "points must come from somewhere", "pass a function that calls its argument for every block");
      internal::CoordinateRanges<Scalar> ranges;
      Real largest_weight = 0;
      bool is_weighted = false;
      read([&](const Eigen::Ref<const PointsType>& points, const Eigen::Ref<const Weights<Scalar>>* weights) {
        internal::check_columns(points, "StreamedObjective", internal::text("block after ", size, " points"), "point");
        if (size == 0) {
          dimension = points.rows();
          is_weighted = weights != nullptr;
        }
        internal::require(points.rows() == dimension && (weights != nullptr) == is_weighted, "StreamedObjective",
                          "source",
                          internal::text("a ", points.rows(), " x ", points.cols(), " block",
                                         weights ? " with weights" : "", " after ", size, " points"),
                          internal::text("its first block has dimension ", dimension,
                                         is_weighted ? " and weights" : " and no weights"),
                          "give all blocks one dimension, and weights to all or to none");
        if (weights) {
          internal::check_weights(*weights, points.cols(), "StreamedObjective",
                                  internal::text("weights after ", size, " points"), "point");
          largest_weight = std::max(largest_weight, static_cast<Real>(weights->maxCoeff()));
        }
        total_weight += weights ? weights->template cast<Real>().sum() : static_cast<Real>(points.cols());
        ranges.add({points.data(), points.rows(), points.cols()});
        size += points.cols();
      });
      internal::require(size > 0, "StreamedObjective", "source", "no block", "at least one point is needed",
                        "make the source call its argument for every block");
      layout = std::make_unique<const internal::DataLayout<Scalar>>(ranges, largest_weight);
    }

    void read(const typename Visitor::Take& take) const { source(Visitor(take)); }
  };

  template <class Derived>
  CentersType check_centers(const Eigen::MatrixBase<Derived>& centers, std::string_view function) const {
    internal::refuse_row_major<Derived>();
    internal::check_centers(centers, dimension(), function, "centers");
    return centers.template cast<Real>();
  }

  std::shared_ptr<const Shared> shared_;
};

}  // namespace kmscape

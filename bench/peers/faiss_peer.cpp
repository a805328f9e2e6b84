// FAISS among the peers: its Clustering with an exact index, on all points.
#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>
#include <omp.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "peers/protocol.hpp"

namespace {

class Faiss final : public peers::Peer {
 public:
  [[nodiscard]] std::string name_and_version() const override {
    return "FAISS " + std::to_string(FAISS_VERSION_MAJOR) + '.' + std::to_string(FAISS_VERSION_MINOR) + '.' +
           std::to_string(FAISS_VERSION_PATCH);
  }

  void load(peers::Points<float> points) override { points_ = std::move(points); }
  void start(peers::Start start) override { start_.assign(start.centers.begin(), start.centers.end()); }

  void prepare(const std::string&, int iterations) override {
    faiss::ClusteringParameters parameters;
    parameters.niter = iterations;
    parameters.min_points_per_centroid = 1;
    parameters.max_points_per_centroid = std::numeric_limits<int>::max();  // FAISS samples the data otherwise
    const auto d = static_cast<int>(points_.d), k = static_cast<int>(start_.size()) / d;
    clustering_ = std::make_unique<faiss::Clustering>(d, k, parameters);
    clustering_->centroids = start_;
    index_ = std::make_unique<faiss::IndexFlatL2>(points_.d);
  }

  std::int64_t fit() override {
    clustering_->train(points_.n, points_.numbers.data(), *index_);
    return static_cast<std::int64_t>(clustering_->iteration_stats.size());
  }

  [[nodiscard]] std::vector<double> centers() const override {
    return {clustering_->centroids.begin(), clustering_->centroids.end()};
  }

 private:
  peers::Points<float> points_;
  std::vector<float> start_;
  std::unique_ptr<faiss::Clustering> clustering_;
  std::unique_ptr<faiss::IndexFlatL2> index_;
};

}  // namespace

int main(int argc, char** argv) {
  omp_set_num_threads(peers::threads_from(argc, argv));
  Faiss peer;
  return peers::Server(peer).run();
}

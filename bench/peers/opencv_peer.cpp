// OpenCV among the peers: cv::kmeans from given labels, those that the starting centers give the points.
#include <cstring>
#include <opencv2/core.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "peers/protocol.hpp"

namespace {

class OpenCv final : public peers::Peer {
 public:
  [[nodiscard]] std::string name_and_version() const override { return std::string("OpenCV ") + CV_VERSION; }

  void load(peers::Points<float> points) override {
    points_.create(static_cast<int>(points.n), static_cast<int>(points.d), CV_32F);
    std::memcpy(points_.data, points.numbers.data(), points.numbers.size() * sizeof(float));
  }

  void start(peers::Start start) override {
    clusters_ = static_cast<int>(start.k);
    start_.create(points_.rows, 1, CV_32S);
    std::memcpy(start_.data, start.labels.data(), start.labels.size() * sizeof(std::int32_t));
  }

  void prepare(const std::string&, int iterations) override {
    if (points_.empty()) throw std::runtime_error("has no points");
    if (iterations < 2 || iterations > 100) throw std::runtime_error("makes 2 to 100 iterations");
    iterations_ = iterations;
    labels_ = start_.clone();
  }

  std::int64_t fit() override {
    const cv::TermCriteria criteria(cv::TermCriteria::COUNT | cv::TermCriteria::EPS, iterations_, 0.0);
    cv::kmeans(points_, clusters_, labels_, criteria, 1, cv::KMEANS_USE_INITIAL_LABELS, centers_);
    return iterations_;  // it does not tell
  }

  [[nodiscard]] std::vector<double> centers() const override { return {centers_.begin(), centers_.end()}; }

 private:
  cv::Mat points_, start_, labels_;
  cv::Mat_<float> centers_;
  int clusters_ = 0, iterations_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  cv::setNumThreads(peers::threads_from(argc, argv));
  OpenCv peer;
  return peers::Server(peer).run();
}

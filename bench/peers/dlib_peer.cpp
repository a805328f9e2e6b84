// dlib among the peers: find_clusters_using_kmeans on vectors of a fixed dimension, which is its fast form.
#include <dlib/clustering.h>
#include <dlib/matrix.h>
#include <dlib/revision.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "peers/protocol.hpp"

namespace {

class Dlib final : public peers::Peer {
 public:
  [[nodiscard]] std::string name_and_version() const override {
    return "dlib " + std::to_string(DLIB_MAJOR_VERSION) + '.' + std::to_string(DLIB_MINOR_VERSION);
  }

  void load(peers::Points<float> points) override { load_any(points); }
  void load(peers::Points<double> points) override { load_any(points); }
  void start(peers::Start start) override { start_(start.centers); }

  void prepare(const std::string&, int iterations) override {
    iterations_ = iterations;
    reset_();
  }

  std::int64_t fit() override {
    fit_();
    return iterations_;  // it does not tell
  }

  [[nodiscard]] std::vector<double> centers() const override { return centers_(); }

 private:
  template <class Scalar>
  void load_any(const peers::Points<Scalar>& points) {
    switch (points.d) {
      case 1:
        return load_fixed<Scalar, 1>(points);
      case 2:
        return load_fixed<Scalar, 2>(points);
      case 4:
        return load_fixed<Scalar, 4>(points);
      case 8:
        return load_fixed<Scalar, 8>(points);
      case 16:
        return load_fixed<Scalar, 16>(points);
      case 32:
        return load_fixed<Scalar, 32>(points);
      default:
        throw std::runtime_error("is compared in 1, 2, 4, 8, 16 and 32 dimensions");
    }
  }

  template <class Scalar, long D>
  void load_fixed(const peers::Points<Scalar>& given) {
    using Point = dlib::matrix<Scalar, D, 1>;
    const auto split = [](const auto& numbers) {
      std::vector<Point> points(numbers.size() / static_cast<std::size_t>(D));
      std::size_t at = 0;
      for (auto& point : points)
        for (long s = 0; s < D; ++s) point(s) = static_cast<Scalar>(numbers[at++]);
      return points;
    };
    auto points = std::make_shared<std::vector<Point>>(split(given.numbers));
    auto start = std::make_shared<std::vector<Point>>(), centers = std::make_shared<std::vector<Point>>();
    start_ = [=](const std::vector<double>& numbers) { *start = split(numbers); };
    reset_ = [=] { *centers = *start; };
    fit_ = [=, this] { dlib::find_clusters_using_kmeans(*points, *centers, static_cast<unsigned long>(iterations_)); };
    centers_ = [=] {
      std::vector<double> numbers;
      for (const auto& center : *centers)
        for (long s = 0; s < D; ++s) numbers.push_back(center(s));
      return numbers;
    };
  }

  int iterations_ = 0;
  std::function<void(const std::vector<double>&)> start_;
  std::function<void()> reset_, fit_;
  std::function<std::vector<double>()> centers_;
};

}  // namespace

int main(int argc, char** argv) {
  if (peers::threads_from(argc, argv) > 1) {
    std::cerr << "dlib clusters with one thread\n";
    return 2;
  }
  Dlib peer;
  return peers::Server(peer).run();
}

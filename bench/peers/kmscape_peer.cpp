// kmscape among the peers: methods are its engines.
#include <Eigen/Core>
#include <sstream>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <kmscape/core/version.hpp>

#include "peers/protocol.hpp"
#include "support/fit.hpp"

namespace {

template <class Scalar>
struct Task {
  kmscape::Points<Scalar> points;
  kmscape::Centers<Scalar> start;
  kmscape::LloydResult<Scalar> result;

  explicit Task(const peers::Points<Scalar>& given)
      : points(Eigen::Map<const kmscape::Points<Scalar>>(given.numbers.data(), given.d, given.n)) {}

  void begin_at(const peers::Start& given) {
    start = Eigen::Map<const Eigen::MatrixXd>(given.centers.data(), points.rows(), given.k).template cast<Scalar>();
  }

  std::int64_t fit(const kmscape::LloydOptions& options) {
    // The peers look for NaN and infinity in every fit; here it is the objective that does.
    const kmscape::EmpiricalObjective<Scalar> objective(
        Eigen::Map<const kmscape::Points<Scalar>>(points.data(), points.rows(), points.cols()));
    result = kmscape::lloyd(objective, start, options);
    return result.iterations;
  }

  [[nodiscard]] std::vector<double> centers() const {
    const auto& found = result.centers;
    return {found.data(), found.data() + found.size()};
  }
};

class Kmscape final : public peers::Peer {
 public:
  explicit Kmscape(int threads) { options_.threads = threads; }

  [[nodiscard]] std::string name_and_version() const override {
    std::ostringstream text;
    text << "kmscape " << KMSCAPE_VERSION_MAJOR << '.' << KMSCAPE_VERSION_MINOR << '.' << KMSCAPE_VERSION_PATCH;
    return text.str();
  }

  void load(peers::Points<float> points) override { task_.emplace<Task<float>>(points); }
  void load(peers::Points<double> points) override { task_.emplace<Task<double>>(points); }
  void start(peers::Start start) override {
    if (auto* task = std::get_if<Task<float>>(&task_)) return task->begin_at(start);
    std::get<Task<double>>(task_).begin_at(start);
  }

  void prepare(const std::string& method, int iterations) override {
    options_.max_iterations = iterations;
    for (const auto engine : bench::engines) {
      if (to_string(engine) != method) continue;
      options_.engine = engine;
      return;
    }
    throw std::runtime_error("there is no engine " + method);
  }

  std::int64_t fit() override {
    if (auto* task = std::get_if<Task<float>>(&task_)) return task->fit(options_);
    return std::get<Task<double>>(task_).fit(options_);
  }

  [[nodiscard]] std::vector<double> centers() const override {
    if (const auto* task = std::get_if<Task<float>>(&task_)) return task->centers();
    return std::get<Task<double>>(task_).centers();
  }

 private:
  kmscape::LloydOptions options_;
  std::variant<std::monostate, Task<float>, Task<double>> task_;
};

}  // namespace

int main(int argc, char** argv) {
  Kmscape peer(peers::threads_from(argc, argv));
  return peers::Server(peer).run();
}

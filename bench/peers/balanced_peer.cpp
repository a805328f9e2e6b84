// kmscape's side of pot_balanced.py: one assignment of points to centers that are read from files, timed.
//
// Usage: balanced_peer FOLDER N D K exact
//        balanced_peer FOLDER N D K sinkhorn EPSILON TOLERANCE
// FOLDER holds points.bin and centers.bin, coordinates of one column after another as doubles. Prints seconds, cost,
// marginal error and passes over the points.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include <kmscape/balanced/assign_balanced.hpp>
#include <kmscape/balanced/sinkhorn_assignment.hpp>

namespace {

Eigen::MatrixXd read(const std::string& path, Eigen::Index rows, Eigen::Index columns) {
  Eigen::MatrixXd values(rows, columns);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(sizeof(double)) * values.size());
  if (!file) {
    std::cerr << path << ": too short\n";
    std::exit(2);
  }
  return values;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6 && argc != 8) {
    std::cerr << "balanced_peer FOLDER N D K exact | balanced_peer FOLDER N D K sinkhorn EPSILON TOLERANCE\n";
    return 2;
  }
  const std::string folder = argv[1];
  const Eigen::Index n = std::atol(argv[2]), d = std::atol(argv[3]), k = std::atol(argv[4]);
  const auto points = read(folder + "/points.bin", d, n), centers = read(folder + "/centers.bin", d, k);
  std::cout.precision(17);
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  if (argc == 6) {
    const auto result = kmscape::assign_balanced(points, centers);
    std::cout << seconds() << ' ' << result.cost << " 0 0\n";
  } else {
    const kmscape::Weights<double> shares = kmscape::Weights<double>::Constant(k, 1 / static_cast<double>(k));
    const auto result =
        kmscape::sinkhorn_assignment(points, centers, shares, std::atof(argv[6]), {.tolerance = std::atof(argv[7])});
    std::cout << seconds() << ' ' << result.transport_cost << ' ' << result.marginal_error << ' ' << result.iterations
              << '\n';
  }
}

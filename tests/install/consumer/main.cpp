#include <iostream>

#include <kmscape/kmscape.hpp>

// What a guest must find: headers, Eigen and threads. Fits are compiled by other tests, in a fraction of the time.
int main() {
  const auto model = kmscape::StochasticBallModel(kmscape::centers_on_line(3, 2.0), /*radius=*/0.3);
  const auto sample = model.sample(300, kmscape::Seed{7});
  kmscape::ThreadTeam team(2);
  team.run(2, [](kmscape::Index, int) {});
  std::cout << "kmscape " << KMSCAPE_VERSION_MAJOR << '.' << KMSCAPE_VERSION_MINOR << '.' << KMSCAPE_VERSION_PATCH
            << ": " << sample.points.cols() << " points\n";
  return kmscape::centroid_index(sample.points, model.centers()) > 0 ? 0 : 1;
}

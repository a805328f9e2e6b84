#include <iostream>

#include <kmscape/kmscape.hpp>

int main() {
  const auto model = kmscape::StochasticBallModel(kmscape::centers_on_line(3, 2.0), /*radius=*/0.3);
  const auto sample = model.sample(300, kmscape::Seed{7});
  const auto survey =
      kmscape::survey(kmscape::EmpiricalObjective(sample.points), {.clusters = 3, .restarts = 100, .seed = 7});
  std::cout << "kmscape " << KMSCAPE_VERSION_MAJOR << '.' << KMSCAPE_VERSION_MINOR << '.' << KMSCAPE_VERSION_PATCH
            << ": best of " << survey.minima.size()
            << " minima: " << kmscape::describe(kmscape::associate(survey.best().centers, model)) << '\n';
  return kmscape::associate(survey.best().centers, model).is_truth() ? 0 : 1;
}

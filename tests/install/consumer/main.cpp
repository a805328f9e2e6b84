#include <iostream>

#include <kmscape/kmscape.hpp>

int main() {
  const auto model = kmscape::StochasticBallModel(kmscape::centers_on_line(3, 2.0), /*radius=*/0.3);
  const auto sample = model.sample(300, kmscape::Seed{7});
  const auto fit = kmscape::lloyd(kmscape::EmpiricalObjective(sample.points), model.centers());
  const auto association = kmscape::associate(fit.centers, model);
  std::cout << "kmscape " << KMSCAPE_VERSION_MAJOR << '.' << KMSCAPE_VERSION_MINOR << '.' << KMSCAPE_VERSION_PATCH
            << ": " << kmscape::describe(association) << '\n';
  return association.is_truth() ? 0 : 1;
}

// The population's value, gradient, masses and Hessian in the plane against numbers that another program computed.
#include <kmscape/objective/population_objective.hpp>

#include <Eigen/Core>

#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "support/catch.hpp"

using kmscape::Index;

namespace {

/// Four fitted centers in the plane and three true ones, of unequal sizes and weights.
struct KnownPlane {
  double value;
  double gradient[8];
  double mass[3][4];   // P_s(V_i) by component, then center
  double upper[8][8];  // the Hessian's rows from the diagonal on
};

// Cells integrated in closed form along vertical lines and by quadrature across them, faces by quadrature, in 30 digits
// (mpmath 1.3).
const KnownPlane known_balls_in_plane = {
    0.42700852731286153961,
    {0.25, -0.0625, -0.12809605140500382994, 0.24154537757231622962, -0.039794656443645400883, -0.10558904207050534548,
     -0.074370448179416418115, -0.035018578051555387861},
    {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0.022281733035892224215, 0.61015397705150573927, 0.36756428991260203651}},
    {{0.5, 0, 0, 0, 0, 0, 0, 0},
     {0.5, 0, 0, 0, 0, 0, 0},
     {1.0024596617084103739, -0.013042383192112635974, -0.011226454166403915057, -0.009769637437837090288,
      0.00025588838144682639547, -0.00082575163520914289683},
     {0.97584820972149958444, -0.020753500358420661035, -0.014448340933786677697, 0.0025887362575942128526,
      -0.012907730132361695941},
     {0.24205702060614606931, 0.0087243565439584071571, -0.043789621479735949876, 0.021607278075935511756},
     {0.15788439284972686685, 0.12200860417335893967, 0.063922290207234888695},
     {0.059304227290958511203, -0.035641605717316431835},
     {0.11545905898805793403}}};
const KnownPlane known_gaussians_in_plane = {
    1.1677480666073440464,
    {0.29754676303706788164, -0.034424065330073641287, -0.11813366630205758836, 0.28653406471376990365,
     -0.16300956186499727177, -0.0813317704732173309, -0.0040788566774622283216, -0.13396665846239115378},
    {{0.84709697735914633788, 0.058014018618302234533, 0.0029331420742730576149, 0.091955861948278369972},
     {0.016379234524547065065, 0.95105919153581166317, 0.028034692886847078891, 0.0045268810527941928754},
     {0.059915482131836001875, 0.11541210701829479106, 0.4929334349293684884, 0.33173897592050071867}},
    {{0.40923279053953413114, 0.020672223333285574126, -0.034588812544439600691, 0.023617587162462329114, 0, 0,
      -0.0060442439097871101528, -0.023863797462450952601},
     {0.30994936430085698351, 0.070828614454006054224, 0.0095678531463767863247, 0, 0, -0.089628865666797824957,
      0.019491605294293864798},
     {0.86238775624697093528, -0.014183338857040071921, -0.0073622753846130189825, -0.097024491602189876352,
      0.00058567070002632248312, 0.0020839447665513262794},
     {0.96074399098193665046, -0.028676433626856139571, -0.020630706381012320663, 0.0008038477712230133603,
      -0.02097651358202208016},
     {0.22081709495910083758, -0.018134349568635876102, -0.010201419905575228138, 0.026606087164915069431},
     {0.0214439159516834647, 0.12001446336629347897, 0.099763992992831183164},
     {0.024785103099993826656, -0.04935074619722923552},
     {0.086603125218316273282}}};

template <class Model>
void check_known(const KnownPlane& known) {
  const Eigen::Matrix<double, 2, 3> truth{{-1.5, 0.5, 1.25}, {0.25, -1, 1}};
  const Eigen::Matrix<double, 2, 4> fitted{{-1, 0.375, 1.5, 0.25}, {0.125, -0.75, 0.5, 1.125}};
  const kmscape::PopulationObjective objective(Model(truth, Eigen::Array3d(0.875, 0.5, 1.25), Eigen::Array3d(1, 2, 1)));
  CHECK(objective.value(fitted) == Approx(known.value).epsilon(1e-12));

  const Eigen::Map<const Eigen::Matrix<double, 2, 4>> gradient(known.gradient);
  CHECK((objective.gradient(fitted) - gradient).norm() < 1e-12 * gradient.norm());

  const auto mass = objective.component_cells(fitted).mass;
  for (Index s = 0; s < 3; ++s)
    for (Index i = 0; i < 4; ++i) {
      CAPTURE(s, i);
      CHECK(mass(i, s) == Approx(known.mass[s][i]).epsilon(1e-12).margin(0));
    }

  Eigen::Matrix<double, 8, 8> hessian;
  for (Index a = 0; a < 8; ++a)
    for (Index b = a; b < 8; ++b) hessian(a, b) = hessian(b, a) = known.upper[a][b - a];
  CHECK((objective.hessian(fitted) - hessian).norm() < 1e-12 * hessian.norm());
}

}  // namespace

TEST_CASE("balls in the plane against 20 digits: value, gradient, masses and Hessian") {
  check_known<kmscape::StochasticBallModel<double, 2>>(known_balls_in_plane);
}

TEST_CASE("Gaussians in the plane against 20 digits: value, gradient, masses and Hessian") {
  check_known<kmscape::GaussianMixtureModel<double, 2>>(known_gaussians_in_plane);
}

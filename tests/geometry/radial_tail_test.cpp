#include <kmscape/geometry/radial_tail.hpp>

#include "support/catch.hpp"

using kmscape::Index;
namespace internal = kmscape::internal;

namespace {

struct KnownTail {
  Index p, ball_dimension;  // 0: a Gaussian
  double rho, mass, first, second;
};

/// From integrals of the radius' density in 40 digits (mpmath 1.3).
const KnownTail known_tails[] = {
    {1, 0, 0.5, 0.61707507745197379272, 0.70413065352859895555, 0.9691404042162732705},
    {3, 0, 2, 0.2614641299491106222, 0.64789159815825662341, 1.6482478540583406978},
    {4, 0, 1, 0.90979598956895013541, 1.8095959375602940193, 3.9424492881321172534},
    {7, 0, 9, 8.6117976341396740704e-15, 7.8509920294378436344e-14, 7.1585376104313368822e-13},
    {10, 0, 3, 0.53210357637471547756, 1.9181197811313833097, 7.0293043486082744535},
    {2, 0, 20, 1.3838965267367375306e-87, 2.7746953655468793144e-86, 5.5632640374816848732e-85},
    {3, 3, 0.5, 0.875, 0.703125, 0.58125},
    {3, 5, 0.75, 0.30126953125, 0.25421142578125, 0.21563284737723214286},
    {4, 5, 0.25, 0.99283020349555364488, 0.73487903971352010102, 0.57113064002103915031},
    {6, 10, 0.96875, 0.0021191244039702183954, 0.0020699396401920424328, 0.0020219765208969687695},
    {5, 40, 0.5, 0.050224821816213123741, 0.02724889611705857291, 0.014851998639776248902},
    {3, 4, 0.984375, 0.0091819104545472562556, 0.0090961793046420449292, 0.0090114028136504173346},
    {9, 9, 0.125, 0.99999999254941940308, 0.89999999916180968285, 0.81818181808656928214},
};

}  // namespace

TEST_CASE("tails of the radius of Gaussians and of balls' shadows against 40 digits") {
  for (const auto& [p, ball_dimension, rho, mass, first, second] : known_tails) {
    CAPTURE(p, ball_dimension, rho);
    const auto tail = ball_dimension == 0 ? internal::gaussian_radial_tail(p, rho)
                                          : internal::ball_radial_tail(p, ball_dimension, rho);
    const double units = ball_dimension == 0 ? 2e-15 * (1 + rho * rho / 8) : 2e-14;
    CHECK(tail.mass == Approx(mass).epsilon(units).margin(0));
    CHECK(tail.first == Approx(first).epsilon(units).margin(0));
    CHECK(tail.second == Approx(second).epsilon(units).margin(0));
  }
}

TEST_CASE("tails of the radius start from the whole and end at nothing") {
  for (const Index p : {1, 2, 3, 6, 11}) {
    CHECK(internal::gaussian_radial_tail(p, 0).mass == Approx(1).epsilon(1e-15));
    CHECK(internal::gaussian_radial_tail(p, 0).second == Approx(static_cast<double>(p)).epsilon(1e-15));
    for (const Index extra : {0, 1, 4}) {
      const auto whole = internal::ball_radial_tail(p, p + extra, 0);
      CHECK(whole.mass == Approx(1).epsilon(1e-15));
      CHECK(whole.second == Approx(static_cast<double>(p) / static_cast<double>(p + extra + 2)).epsilon(1e-15));
      CHECK(internal::ball_radial_tail(p, p + extra, 1).mass == 0);
    }
  }
}

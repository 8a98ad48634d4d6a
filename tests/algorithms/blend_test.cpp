// SPDX-License-Identifier: Apache-2.0
#include "algorithms/sampling/blend.h"

#include <cmath>

#include "tests/catch.h"

namespace hone::sampling {
namespace {

Mixture At(double point) {
  Components components;
  components.points = Eigen::ArrayXXd::Constant(1, 1, point);
  components.weights = Eigen::ArrayXd::Ones(1);
  components.spreads = Eigen::ArrayXXd::Constant(1, 1, 0.05);
  components.prior_weight = 1e-6;
  return {{Coordinate{}}, components};
}

Rng Numbers() {
  return {7, Scope::Experiment(), Purpose::kSimulation};
}

TEST_CASE("blend: of one mixture it is that mixture", "[algorithms]") {
  const Mixture one = At(0.3);
  const Blend blend(one, 5);
  Rng first = Numbers();
  Rng second = Numbers();
  const Eigen::ArrayXXd points = one.Sample(20, first);
  CHECK((blend.Sample(20, second) == points).all());
  CHECK((blend.LogDensity(points) == one.LogDensity(points)).all());
}

TEST_CASE("blend: densities and draws are those of the weighted sum", "[algorithms]") {
  const Mixture middle = At(0.5);
  const Mixture right = At(0.8);
  Blend blend(At(0.2), 1);
  blend.Add(middle, 1);
  blend.Add(right, 2);
  const Eigen::ArrayXXd points = Eigen::ArrayXd::LinSpaced(41, 0, 1);
  const Eigen::ArrayXd sum = 0.25 * At(0.2).LogDensity(points).exp() +
                             0.25 * middle.LogDensity(points).exp() +
                             0.5 * right.LogDensity(points).exp();
  CHECK((blend.LogDensity(points).exp() - sum).abs().maxCoeff() < 1e-9);
  Rng rng = Numbers();
  const Eigen::ArrayXXd drawn = blend.Sample(4000, rng);
  REQUIRE(drawn.rows() == 4000);
  const auto near = [&](double at) {
    return static_cast<double>(((drawn - at).abs() < 0.15).count()) / 4000;
  };
  // Six standard deviations of a share of 4000 draws are at most 0.047.
  CHECK(near(0.2) == Approx(0.25).margin(0.047));
  CHECK(near(0.5) == Approx(0.25).margin(0.047));
  CHECK(near(0.8) == Approx(0.5).margin(0.047));
}

}  // namespace
}  // namespace hone::sampling

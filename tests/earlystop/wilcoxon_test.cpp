// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/catch.h"
#include "tests/contracts/stopper_contract.h"

namespace hone {
namespace {

StopperLab Lab(std::vector<Setting> settings) {
  return {*StopperRegistry::Instance().Find("wilcoxon"), {.settings = std::move(settings)}};
}

/// The p that it reaches for these differences to a best trial of zeros; 1: no verdict.
double Tested(const std::vector<double>& differences) {
  StopperLab lab = Lab({{"p_threshold", "0.999"}, {"start_step", "1"}});
  lab.Finish(std::vector<double>(differences.size(), 0.0));
  Curve curve;
  for (const double difference : differences) {
    curve.Add(difference);
  }
  const auto stop = lab.stopper().Judge(9, curve).stop;
  return stop ? stop->value : 1;
}

TEST_CASE("wilcoxon: the test is exact for few instances", "[earlystop]") {
  // By hand: of the 2^n sign patterns those with at least this sum of positive ranks.
  CHECK(Tested({1, 2, 3}) == 1.0 / 8);
  CHECK(Tested({-1, 2, 3}) == 2.0 / 8);
  CHECK(Tested({1, 2, 3, 4, 5}) == 1.0 / 32);
  CHECK(Tested({1, -2, 3, 4, 5}) == 3.0 / 32);
  // Ties: ranks 1.5, 1.5, 3 with the first negative; sums of at least 4.5 are {1.5, 3} twice and
  // all three.
  CHECK(Tested({-1, 1, 3}) == 3.0 / 8);
  // A zero takes rank 1 and counts for neither side (Pratt): of ranks 2 and 3 both are positive.
  CHECK(Tested({0, 2, 3}) == 1.0 / 4);
}

TEST_CASE("wilcoxon: for many instances the normal approximation is close", "[earlystop]") {
  std::vector<double> differences;
  for (int i = 1; i <= 51; ++i) {
    differences.push_back(i % 3 == 0 ? -i : i);
  }
  // All 2^51 sign patterns counted in whole numbers (Python, one sum at a time): 0.02799010. The
  // approximation knows nothing of steps, so it is not the same.
  CHECK(std::abs(Tested(differences) / 0.02799010 - 1) < 0.01);
}

TEST_CASE("wilcoxon: worse on the same instances ends a trial, noise does not", "[earlystop]") {
  StopperLab lab = Lab({});
  lab.Finish({0.30, 0.10, 0.40, 0.20, 0.25});
  lab.Finish({0.50, 0.50, 0.50, 0.50, 0.50});  // not the best
  CHECK_FALSE(lab.Run(std::vector<double>{0.31, 0.09, 0.41, 0.19, 0.26}).stop);
  const auto fate = lab.Run(std::vector<double>{0.40, 0.21, 0.53, 0.34, 0.41});
  REQUIRE(fate.stop);
  CHECK(fate.reports == 4);  // 1/8 is not below 0.1, 1/16 is
  CHECK(fate.stop->value == 1.0 / 16);
  CHECK(fate.stop->bar == 0.1);
}

TEST_CASE("wilcoxon: instances beyond those of the best trial say nothing", "[earlystop]") {
  StopperLab lab = Lab({});
  lab.Finish({0, 0});
  CHECK_FALSE(lab.Run(std::vector<double>{1, 1, 1, 1, 1, 1, 1}).stop);
}

}  // namespace
}  // namespace hone

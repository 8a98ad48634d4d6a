// SPDX-License-Identifier: Apache-2.0
#include "tests/catch.h"
#include "tests/contracts/stopper_contract.h"

namespace hone {
namespace {

StopperLab Lab(std::vector<Setting> settings) {
  return {*StopperRegistry::Instance().Find("percentile"), {.settings = std::move(settings)}};
}

TEST_CASE("percentile: the best share of those that came as far goes on", "[earlystop]") {
  StopperLab lab = Lab({{"percentile", "25"}, {"min_trials_required", "5"}});
  for (const double end : {1.0, 2.0, 3.0, 4.0, 5.0}) {
    lab.Finish({10, end, end + 1});
  }
  Curve curve;
  curve.Add(10);
  CHECK_FALSE(lab.stopper().Judge(9, curve).stop);  // no worse than any
  curve.Add(2);                                     // numpy.percentile([1 2 3 4 5], 25) is 2
  CHECK_FALSE(lab.stopper().Judge(9, curve).stop);
  Curve worse;
  worse.Add(10);
  worse.Add(2.5);
  const auto stop = lab.stopper().Judge(9, worse).stop;
  REQUIRE(stop);
  CHECK(stop->value == 2.5);
  CHECK(stop->bar == 2);
  worse.Add(9);
  CHECK(lab.stopper().Judge(9, worse).stop->bar == 2);  // theirs is the best so far, too
}

TEST_CASE("percentile: between ranks it is linear", "[earlystop]") {
  StopperLab lab = Lab({{"percentile", "30"}, {"min_trials_required", "1"}});
  lab.Finish({0});
  lab.Finish({10});
  Curve curve;
  curve.Add(4);
  CHECK(lab.stopper().Judge(9, curve).stop->bar == 3);
}

TEST_CASE("percentile: too few trials came as far, or it is too early: no verdict", "[earlystop]") {
  StopperLab lab = Lab({{"min_trials_required", "2"}, {"start_step", "2"}});
  lab.Finish({1, 1, 1});
  lab.Finish({1, 1});
  Curve curve;
  curve.Add(9);
  CHECK_FALSE(lab.stopper().Judge(9, curve).stop);
  curve.Add(9);
  CHECK(lab.stopper().Judge(9, curve).stop);
  curve.Add(9);
  CHECK_FALSE(lab.stopper().Judge(9, curve).stop);
}

}  // namespace
}  // namespace hone

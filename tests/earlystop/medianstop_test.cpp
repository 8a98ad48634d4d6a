// SPDX-License-Identifier: Apache-2.0
#include "tests/catch.h"
#include "tests/contracts/stopper_contract.h"

namespace hone {
namespace {

StopperLab Lab(std::vector<Setting> settings) {
  return {*StopperRegistry::Instance().Find("medianstop"), {.settings = std::move(settings)}};
}

TEST_CASE("medianstop: the bar is the median of the averages of the first reports", "[earlystop]") {
  struct Case {
    std::string name;
    std::string statistic;
    double bar;
  };
  const Case c = GENERATE(values<Case>({{"median", "median", 3}, {"Katib's mean", "mean", 12}}));
  INFO(c.name);
  StopperLab lab = Lab({{"start_step", "2"}, {"statistic", c.statistic}});
  CHECK_FALSE(lab.stopper().Standing());
  lab.Finish({2, 4, 0});                                       // 3: the third report plays no role
  lab.Finish({1, 1, 99});                                      // 1
  CHECK_FALSE(lab.Run(std::vector<double>{50, 50, 50}).stop);  // finishes: 50; now there are three
  lab = Lab({{"start_step", "2"}, {"statistic", c.statistic}});
  lab.Finish({2, 4, 0});
  lab.Finish({1, 1, 99});
  lab.Finish({32});  // fewer reports: what there is
  REQUIRE(lab.stopper().Standing());
  CHECK(lab.stopper().Standing()->value == c.bar);
  CHECK(lab.stopper().Standing()->start_step == 2);
  CHECK(lab.stopper().Standing()->trials == 3);
  const auto fate = lab.Run(std::vector<double>{40, 30, 20});
  REQUIRE(fate.stop);
  CHECK(fate.reports == 2);
  CHECK(fate.stop->value == 30);
  CHECK(fate.stop->bar == c.bar);
}

TEST_CASE("medianstop: an even number of trials has its median between two", "[earlystop]") {
  StopperLab lab = Lab({{"start_step", "1"}, {"min_trials_required", "2"}});
  lab.Finish({1});
  lab.Finish({2});
  CHECK(lab.stopper().Standing()->value == 1.5);
}

TEST_CASE("medianstop: judged at every report from start_step on, by the best so far",
          "[earlystop]") {
  StopperLab lab = Lab({{"start_step", "2"}, {"min_trials_required", "1"}});
  lab.Finish({10, 10});
  Curve curve;
  curve.Add(20);
  CHECK_FALSE(lab.stopper().Judge(9, curve).stop);  // too early
  curve.Add(5);
  CHECK_FALSE(lab.stopper().Judge(9, curve).stop);
  curve.Add(30);  // the best is still 5
  CHECK_FALSE(lab.stopper().Judge(9, curve).stop);
  lab.Finish({1, 1});
  lab.Finish({1, 1});
  CHECK(lab.stopper().Judge(9, curve).stop);  // the bar has moved to 1
}

TEST_CASE("medianstop: the sentence tells all", "[earlystop]") {
  StopperLab lab(*StopperRegistry::Instance().Find("medianstop"),
                 {.direction = Direction::kMaximize,
                  .settings = {{"start_step", "2"}, {"min_trials_required", "1"}}});
  lab.Finish({0.5, 0.75});
  const auto fate = lab.Run(std::vector<double>{0.25, 0.375});
  REQUIRE(fate.stop);
  CHECK(fate.stop->reason ==
        "loss = 0.375, the best of 2 reports, is worse than 0.625, the median of 1 finished "
        "trial over their first 2 reports");
}

}  // namespace
}  // namespace hone

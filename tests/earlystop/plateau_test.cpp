// SPDX-License-Identifier: Apache-2.0
#include "tests/catch.h"
#include "tests/contracts/stopper_contract.h"

namespace hone {
namespace {

std::size_t StoppedAt(std::vector<Setting> settings, const std::vector<double>& reports) {
  StopperLab lab(*StopperRegistry::Instance().Find("plateau"), {.settings = std::move(settings)});
  const auto fate = lab.Run(reports);
  return fate.stop ? fate.reports : 0;
}

TEST_CASE("plateau: stops after so many reports without an improvement", "[earlystop]") {
  struct Case {
    std::string name;
    std::vector<Setting> settings;
    std::vector<double> reports;
    std::size_t stopped_at;  // 0: never
  };
  const Case c = GENERATE(values<Case>({
      {"flat from the start", {{"patience", "3"}}, {5, 5, 5, 5, 5, 5}, 4},
      {"always better", {{"patience", "1"}}, {6, 5, 4, 3, 2, 1}, 0},
      {"worse, then better in time", {{"patience", "3"}}, {5, 6, 7, 4, 8, 8, 3}, 0},
      {"better, but too late", {{"patience", "2"}}, {5, 6, 7, 4, 8, 8, 3}, 3},
      {"better by too little",
       {{"patience", "2"}, {"min_delta", "0.5"}},
       {5, 4.875, 4.75, 4.625, 4.5},
       3},
      {"not before start_step", {{"patience", "1"}, {"start_step", "4"}}, {5, 5, 5, 5, 5}, 4},
  }));
  INFO(c.name);
  CHECK(StoppedAt(c.settings, c.reports) == c.stopped_at);
}

}  // namespace
}  // namespace hone

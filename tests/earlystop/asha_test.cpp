// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "base/rng.h"
#include "tests/catch.h"
#include "tests/contracts/stopper_contract.h"

namespace hone {
namespace {

const StopperInfo& Info() {
  return *StopperRegistry::Instance().Find("asha");
}

/// Line by line: at rung k a trial goes on if it is in the top 1/eta of all that were recorded
/// there, itself included; while they are fewer than eta nobody is stopped.
struct Simple {
  std::size_t eta = 3;
  std::map<std::size_t, std::vector<double>> recorded{};

  bool GoesOn(std::size_t report, double value) {
    std::size_t rung = 1;
    while (rung < report) {
      rung *= eta;
    }
    if (rung != report) {
      return true;
    }
    std::vector<double>& there = recorded[rung];
    there.push_back(value);
    if (there.size() < eta) {
      return true;
    }
    std::vector<double> sorted = there;
    std::ranges::sort(sorted);
    return value <= sorted[sorted.size() / eta - 1];
  }
};

TEST_CASE("asha: decides as the pseudocode, line by line", "[earlystop]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Rng rng(seed, Scope::Experiment(), Purpose::kSample);
    StopperLab lab(Info(), {});
    Simple simple;
    std::map<std::size_t, int> ends;
    for (int t = 0; t < 200; ++t) {
      const std::vector<double> curve = Falling(2, rng.Uniform(), 81);
      const auto fate = lab.Run(curve);
      std::size_t expected = 0;
      bool goes_on = true;
      while (goes_on && expected < curve.size()) {
        goes_on = simple.GoesOn(expected + 1, curve[expected]);
        ++expected;
      }
      CHECK(fate.reports == expected);
      CHECK(fate.stop.has_value() == !goes_on);
      ++ends[fate.reports];
    }
    CHECK(ends[1] > ends[81]);  // most end at the first rung
  }
}

TEST_CASE("asha: a rung that was passed unseen is judged by the value it had there",
          "[earlystop]") {
  StopperLab lab(Info(), {.settings = {{"min_resource", "2"}}});
  Curve curve;
  for (const double value : {9.0, 8.0, 7.0, 6.0, 5.0, 4.0}) {
    curve.Add(value);
  }
  const Judgement judgement = lab.stopper().Judge(1, curve);
  CHECK(judgement.rungs == std::vector<Rung>{{2, 8}, {6, 4}});
}

TEST_CASE("asha: a trial that starts again is compared anew", "[earlystop]") {
  StopperLab lab(Info(), {.settings = {{"reduction_factor", "2"}}});
  lab.stopper().Reached(1, {1, 10});
  lab.stopper().Reached(2, {1, 5});
  Curve curve;
  curve.Add(7);
  CHECK(lab.stopper().Judge(2, curve).rungs.empty());  // it has been there
  lab.stopper().Again(2);
  const Judgement judgement = lab.stopper().Judge(2, curve);
  CHECK(judgement.rungs == std::vector<Rung>{{1, 7}});
  CHECK_FALSE(judgement.stop);
}

}  // namespace
}  // namespace hone

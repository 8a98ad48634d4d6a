// SPDX-License-Identifier: Apache-2.0
// A trial that was stopped early never counts as an ordinary good result, whatever it had reached.
#include <algorithm>
#include <string>

#include "base/text.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"
#include "tests/contracts/searcher_contract.h"

namespace hone {
namespace {

constexpr int kTrials = 60;

/// Half of the space is stopped early, with a value that would be wonderful. @returns how many of
/// the last 20 proposals lie in the other half, where results get better towards 1
int InSoundHalf(const SearcherInfo& info, std::uint64_t seed) {
  ExperimentSpec spec;
  spec.name = "stopped";
  spec.space = {{spaces::Real("x", 0, 1), spaces::Real("y", 0, 1)}};
  spec.algorithm.name = info.name;
  SearcherLab lab(info, std::move(spec), seed);
  int sound = 0;
  for (int i = 0; i < kTrials; ++i) {
    const auto answers = lab.Ask(1);
    const auto& values = std::get<proposal::Start>(answers.front()).values;
    const double x = ParseDouble(values[0].text).value();
    const TrialNumber trial = lab.running().front();
    if (x < 0.5) {
      lab.StopEarly(trial, -100 + x);
    } else {
      lab.Complete(trial, 2 - x);
      sound += i >= kTrials - 20 ? 1 : 0;
    }
  }
  return sound;
}

TEST_CASE("searchers: what was stopped early is never a good result", "[algorithms]") {
  for (const char* name : {"tpe", "multivariate-tpe", "bayesianoptimization", "cmaes"}) {
    DYNAMIC_SECTION(name) {
      const SearcherInfo* info = SearcherRegistry::Instance().Find(name);
      REQUIRE(info != nullptr);
      for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        CHECK(InSoundHalf(*info, seed) >= 15);  // at random it would be 10
      }
    }
  }
}

TEST_CASE("searchers: if all are stopped early they still learn from what was reached",
          "[algorithms]") {
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    DYNAMIC_SECTION(info->name) {
      ExperimentSpec spec = ContractSpec(*info);
      spec.algorithm.name = info->name;
      SearcherLab lab(*info, std::move(spec), 1);
      for (int i = 0; i < 25; ++i) {
        CHECK(lab.Ask(1).size() == 1);
        lab.StopEarly(lab.running().front(), 1.0 / (1 + i));
      }
    }
  }
}

}  // namespace
}  // namespace hone

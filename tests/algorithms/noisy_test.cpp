// SPDX-License-Identifier: Apache-2.0
// When a configuration is tried a second time: `objective.noisy`.
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/text.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"
#include "tests/contracts/searcher_contract.h"

namespace hone {
namespace {

/// How often each configuration was tried.
using Counts = std::map<std::string, int>;

struct Case {
  std::string algorithm;
  Space space;
  bool noisy = false;  ///< as the experiment says
  double noise = 0;    ///< as it is
  int trials = 40;
};

/// @returns counts by values; "exhausted" if the search was
Counts Played(const Case& c, std::uint64_t seed) {
  const SearcherInfo* const info = SearcherRegistry::Instance().Find(c.algorithm);
  REQUIRE(info != nullptr);
  ExperimentSpec spec;
  spec.name = "noisy";
  spec.space = c.space;
  spec.algorithm.name = c.algorithm;
  spec.objective.noisy = c.noisy;
  SearcherLab lab(*info, std::move(spec), seed);
  Rng rng(seed, Scope::Experiment(), Purpose::kSimulation);
  Counts counts;
  for (int i = 0; i < c.trials; ++i) {
    const auto answers = lab.Ask(1);
    const auto* const start = std::get_if<proposal::Start>(&answers.front());
    if (start == nullptr) {
      ++counts["exhausted"];
      break;
    }
    std::string key;
    double loss = 0;
    for (const Value& value : start->values) {
      key += value.text + " ";
      loss += std::pow(ParseDouble(value.text).value() / 5 - 0.6, 2);
    }
    ++counts[key];
    lab.Complete(lab.running().front(), loss + c.noise * rng.Normal());
  }
  return counts;
}

int Most(const Counts& counts) {
  int most = 0;
  for (const auto& [key, count] : counts) {
    most = std::max(most, count);
  }
  return most;
}

Space Grid(std::int64_t most) {
  return Space{{spaces::Whole("a", 0, most), spaces::Whole("b", 0, most)}};
}

TEST_CASE("noisy: a configuration may be tried again only if the experiment says so",
          "[algorithms][slow]") {
  for (const char* name : {"tpe", "multivariate-tpe", "bayesianoptimization", "cmaes", "auto"}) {
    DYNAMIC_SECTION(name) {
      int repeated = 0;
      for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        CHECK(Most(Played({name, Grid(99), false, 0}, seed)) == 1);
        repeated += Most(Played({name, Grid(5), true, 0.3}, seed)) > 1 ? 1 : 0;
      }
      CHECK(repeated == 3);
    }
  }
}

TEST_CASE("noisy: a space that was tried is not exhausted", "[algorithms]") {
  for (const char* name : {"tpe", "multivariate-tpe", "bayesianoptimization", "cmaes"}) {
    DYNAMIC_SECTION(name) {
      const Counts counts = Played({name, Grid(1), true, 0.1, 30}, 1);
      CHECK_FALSE(counts.contains("exhausted"));
      CHECK(counts.size() <= 4);
    }
  }
  CHECK(Played({"bayesianoptimization", Grid(1), false, 0.1, 30}, 1).contains("exhausted"));
}

}  // namespace
}  // namespace hone

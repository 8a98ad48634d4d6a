// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "algorithms/encoder.h"
#include "tests/catch.h"
#include "tests/contracts/searcher_contract.h"

namespace hone {
namespace {

/// A Gaussian process takes milliseconds an answer, a hundred times that under sanitizers. These
/// lives have its design, the fits at each result up to 16, those at some of the results after
/// that, and rows appended between two fits; `auto`, which hands over to it, has less of them.
ContractEffort EffortFor(const SearcherInfo& info) {
  if (info.name == "bayesianoptimization") {
    return {.lives = 1, .rounds = 10, .rebuilds = 2};
  }
  return info.name == "auto" ? ContractEffort{.lives = 1, .rounds = 5, .rebuilds = 1}
                             : ContractEffort{};
}

bool IsGp(const SearcherInfo& info) {
  return info.name == "bayesianoptimization" || info.name == "auto";
}

TEST_CASE("searchers: each registered one keeps the contract", "[algorithms]") {
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    DYNAMIC_SECTION(info->name) {
      CheckSearcherContract(*info, EffortFor(*info));
    }
  }
}

TEST_CASE("searchers: eight at a time are eight different points", "[algorithms]") {
  constexpr std::uint32_t kBatch = 8;
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    if ((info->supports & kParallel) == 0) {
      continue;
    }
    DYNAMIC_SECTION(info->name) {
      SearcherLab lab(*info, ContractSpec(*info), 7);
      for (int round = 0; round < 6; ++round) {
        std::set<std::string> seen;
        for (const Proposal& answer : lab.Ask(kBatch)) {
          // One that goes on from another's checkpoint may have its values.
          if (const auto* start = std::get_if<proposal::Start>(&answer); start && !start->parent) {
            INFO("round " << round);
            CHECK(seen.insert(KeyOf(start->values)).second);
          }
        }
        while (!lab.running().empty()) {
          const TrialNumber trial = lab.running().front();
          lab.Complete(trial, 1.0 / trial);  // the newest is the best, which draws all to it
        }
      }
    }
  }
}

TEST_CASE("searchers: many trials are no burden", "[algorithms][slow]") {
  // A Gaussian process takes tens of milliseconds an answer from a few hundred results on; its
  // growth is bounded, which benchmarks/speed/gp_ask measures.
  constexpr int kTrials = 10000;
  constexpr int kTrialsOfGp = 300;
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    if (info->name == "auto") {
      continue;  // as quick as those it chooses among
    }
    DYNAMIC_SECTION(info->name) {
      CheckSearcherKeepsUp(*info, IsGp(*info) ? kTrialsOfGp : kTrials);
    }
  }
}

TEST_CASE("searchers: those that do not learn give the same points however asked", "[algorithms]") {
  for (const char* name : {"random", "grid", "sobol"}) {
    DYNAMIC_SECTION(name) {
      const SearcherInfo* info = SearcherRegistry::Instance().Find(name);
      REQUIRE(info != nullptr);
      CheckSplitInvariance(*info);
    }
  }
}

}  // namespace
}  // namespace hone

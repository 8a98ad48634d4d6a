// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/contracts/searcher_contract.h"

namespace hone {
namespace {

TEST_CASE("searchers: each registered one keeps the contract", "[algorithms]") {
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    DYNAMIC_SECTION(info->name) {
      CheckSearcherContract(*info);
    }
  }
}

TEST_CASE("searchers: 10,000 trials are no burden", "[algorithms][slow]") {
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    DYNAMIC_SECTION(info->name) {
      CheckSearcherKeepsUp(*info);
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

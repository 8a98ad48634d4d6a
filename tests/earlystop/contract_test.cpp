// SPDX-License-Identifier: Apache-2.0
#include "tests/catch.h"
#include "tests/contracts/stopper_contract.h"

namespace hone {
namespace {

TEST_CASE("stoppers: each registered rule keeps the contract", "[earlystop]") {
  for (const StopperInfo* info : StopperRegistry::Instance().All()) {
    DYNAMIC_SECTION(info->name) {
      CheckStopperContract(*info);
    }
  }
}

TEST_CASE("stoppers: the expected rules are registered", "[earlystop]") {
  for (const char* name : {"asha", "medianstop", "percentile", "plateau", "wilcoxon"}) {
    CAPTURE(name);
    CHECK(StopperRegistry::Instance().Find(name) != nullptr);
  }
  CHECK(StopperRegistry::Instance().Find("medianstopp") == nullptr);
}

}  // namespace
}  // namespace hone

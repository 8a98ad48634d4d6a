// SPDX-License-Identifier: Apache-2.0
#include "earlystop/check.h"

#include "tests/catch.h"

namespace hone {
namespace {

ExperimentSpec Spec() {
  ExperimentSpec spec;
  spec.objective.metric = "loss";
  spec.early_stopping = AlgorithmSpec{"medianstop", {}};
  return spec;
}

TEST_CASE("check: Katib's rule is taken, an experiment without a rule is, too", "[earlystop]") {
  Problems problems;
  CheckEarlyStopping(Spec(), problems);
  CheckEarlyStopping(ExperimentSpec{}, problems);
  CHECK(problems.list().empty());
}

TEST_CASE("check: several objectives are compared by fronts, where a rule can", "[earlystop]") {
  ExperimentSpec spec = Spec();
  spec.objective.further.push_back({"seconds", Direction::kMinimize, std::nullopt});
  Problems none;
  CheckEarlyStopping(spec, none);
  CHECK(none.list().empty());
  spec.early_stopping->name = "plateau";
  Problems problems;
  CheckEarlyStopping(spec, problems);
  REQUIRE(problems.list().size() == 1);
  CHECK(problems.list()[0].field == "spec.earlyStopping.algorithmName");
}

}  // namespace
}  // namespace hone

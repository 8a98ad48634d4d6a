// SPDX-License-Identifier: Apache-2.0
#include "suggestion/answers.h"

#include <limits>

#include "tests/catch.h"

namespace hone {
namespace {

Space Conditional() {
  Parameter optimizer{"optimizer", CategoricalDomain{{"adam", "sgd"}}, {}, {}};
  Parameter momentum{"momentum", RealDomain{0, 1, {}, Distribution::kUniform},
                     Activation{"optimizer", {"sgd"}}, "none"};
  return Space{{optimizer, momentum}};
}

Proposal Start(Assignment values, std::optional<double> budget = {}, std::string tag = {}) {
  proposal::Start start;
  start.values = std::move(values);
  start.budget = budget;
  start.tag = std::move(tag);
  return start;
}

const Assignment kSgd = {{"sgd"}, {"0.5"}};
const Assignment kAdam = {{"adam"}, {"none", false}};

TEST_CASE("answers: honest ones pass, lies are named", "[suggestion]") {
  struct Case {
    const char* name;
    std::vector<Proposal> answers;
    const char* lie;  // empty: honest
  };
  const double inf = std::numeric_limits<double>::infinity();
  const Case cases[] = {
      {"active", {Start(kSgd), Start(kAdam)}, ""},
      {"budget and tag", {Start(kSgd, 2.5, std::string(4096, 't')), Start(kAdam)}, ""},
      {"wait and exhausted", {proposal::Wait{}, proposal::Exhausted{"done"}}, ""},
      {"resume", {proposal::Resume{1, 9.0, "x"}, proposal::Resume{2, {}, ""}}, ""},
      {"too few", {Start(kSgd)}, "1 answers for 2 trials"},
      {"too many", {Start(kSgd), Start(kSgd), Start(kSgd)}, "3 answers for 2 trials"},
      {"out of bounds",
       {Start(kSgd), Start({{"sgd"}, {"1.5"}})},
       "answer for trial 8: parameter momentum: \"1.5\" is above the maximum 1"},
      {"no choice", {Start({{"x"}, {"0"}}), Start(kSgd)}, "trial 7: parameter optimizer: \"x\""},
      {"too few values", {Start({{"sgd"}}), Start(kSgd)}, "it has 1 values for 2 parameters"},
      {"active without reason", {Start({{"adam"}, {"0.5"}}), Start(kSgd)}, "does not hold"},
      {"inactive without reason", {Start({{"sgd"}, {"none", false}}), Start(kSgd)}, "holds"},
      {"wrong inactive value", {Start({{"adam"}, {"0", false}}), Start(kSgd)}, "inactiveValue"},
      {"inactive root", {Start({{"adam", false}, {"none", false}}), Start(kSgd)}, "optimizer"},
      {"long tag", {Start(kSgd, {}, std::string(4097, 't')), Start(kSgd)}, "4097 bytes"},
      {"infinite budget", {Start(kSgd, inf), Start(kSgd)}, "budget inf"},
      {"budget 0", {Start(kSgd, 0), Start(kSgd)}, "budget 0"},
      {"resumed twice", {proposal::Resume{3, {}, ""}, proposal::Resume{3, {}, ""}}, "twice"},
      {"resume with a long tag",
       {proposal::Resume{3, {}, std::string(5000, 't')}, proposal::Wait{}},
       "5000 bytes"},
  };
  const std::vector<TrialNumber> numbers = {7, 8};
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const Status status = CheckAnswers(Conditional(), numbers, c.answers);
      CHECK(status.has_value() == (*c.lie == '\0'));
      if (!status) {
        CHECK(status.error().code == Code::kInternal);
        CHECK_THAT(status.error().message, Catch::Matchers::Contains(c.lie));
      }
    }
  }
}

}  // namespace
}  // namespace hone

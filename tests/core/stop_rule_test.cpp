// SPDX-License-Identifier: Apache-2.0
#include "core/stop_rule.h"

#include "core/transitions.h"
#include "tests/catch.h"

namespace hone {
namespace {

using Labels = std::map<std::string, std::string>;

TEST_CASE("stop rules: a label keeps them as they were", "[core]") {
  const std::vector<StopRule> rules = {{"loss", Comparison::kGreater, "0.50", 4},
                                       {"acc\"", Comparison::kLess, "1e-3", 0},
                                       {"heat", Comparison::kEqual, "7", 1}};
  Labels labels = {{"other", "1"}};
  PutRules(rules, labels);
  CHECK(labels.size() == 2);
  CHECK(RulesOf(labels) == rules);
  PutRules({}, labels);
  CHECK(labels == Labels{{"other", "1"}});
  CHECK(RulesOf(labels).empty());
}

TEST_CASE("stop rules: a trial has those of its proposal", "[core]") {
  const std::vector<StopRule> rules = {{"loss", Comparison::kGreater, "0.5", 4}};
  event::TrialProposed proposed;
  proposed.trial = 2;
  PutRules(rules, proposed.labels);
  ExperimentState state;
  Evolve(state, {1, {}, event::TrialsReserved{.first = 1, .count = 2}});
  Evolve(state, {2, {}, proposed});
  CHECK(state.Find(1)->stop_rules.empty());
  CHECK(state.Find(2)->stop_rules == rules);
}

TEST_CASE("stop rules: the stored text stays readable", "[core]") {
  // A ledger that was written once must stay readable.
  const Labels labels = {
      {"hone.dev/stop-rules",
       R"([{"comparison":"less","name":"acc","startStep":3,"value":"0.7","more":1}])"}};
  CHECK(RulesOf(labels) == std::vector<StopRule>{{"acc", Comparison::kLess, "0.7", 3}});
}

TEST_CASE("stop rules: what was not written here is none", "[core]") {
  for (const char* text : {"", "[", "7", "{}", "[7]", R"([{"name":"acc"}])",
                           R"([{"comparison":"more","name":"acc","startStep":3,"value":"1"}])",
                           R"([{"comparison":"less","name":"acc","startStep":-3,"value":"1"}])"}) {
    CAPTURE(text);
    CHECK(RulesOf({{"hone.dev/stop-rules", text}}).empty());
  }
}

}  // namespace
}  // namespace hone

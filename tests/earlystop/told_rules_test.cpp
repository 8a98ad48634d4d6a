// SPDX-License-Identifier: Apache-2.0
// Rules that a service gave each trial, at work.
#include "earlystop/told_rules.h"

#include <nlohmann/json.hpp>

#include "core/spec_codec.h"
#include "earlystop/check.h"
#include "earlystop/early_stop.h"
#include "earlystop/recheck.h"
#include "tests/catch.h"

namespace hone {
namespace {

using nlohmann::json;

ExperimentSpec Spec(const char* type) {
  Problems problems;
  const json document = {
      {"apiVersion", "kubeflow.org/v1beta1"},
      {"kind", "Experiment"},
      {"metadata", {{"name", "told"}}},
      {"spec",
       {{"objective",
         {{"type", type}, {"objectiveMetricName", "score"}, {"additionalMetricNames", {"heat"}}}},
        {"algorithm", {{"algorithmName", "random"}}},
        {"earlyStopping", {{"algorithmName", "theirs"}, {"endpoint", "there:6788"}}},
        {"maxTrialCount", 9},
        {"runner", {{"kind", "AskTell"}}},
        {"parameters",
         {{{"name", "x"},
           {"parameterType", "double"},
           {"feasibleSpace", {{"min", "0"}, {"max", "1"}}}}}}}}};
  ExperimentSpec spec = DecodeSpec(document, nullptr, problems);
  CheckEarlyStopping(spec, problems);
  INFO((problems.list().empty() ? "" : problems.list().front().message));
  REQUIRE_FALSE(problems.HasErrors());
  return spec;
}

/// The rule of an experiment, and a ledger with one trial.
class Lab {
 public:
  Lab(const char* type, const std::vector<StopRule>& rules) : spec_(Spec(type)) {
    auto made = EarlyStop::Create(spec_);
    REQUIRE(made.has_value());
    rule_ = *std::move(made);
    event::TrialProposed proposed;
    proposed.trial = 1;
    PutRules(rules, proposed.labels);
    Record(proposed);
    Record(event::TrialLaunched{1, 1, "here"});
  }

  void Record(Event event) {
    ledger_.push_back({ledger_.size() + 1, {}, std::move(event)});
    rule_->Observe(ledger_.back());
  }
  /// @returns  the verdict, if there is one
  std::optional<input::Verdict> Tell(const std::string& metric, const std::string& text,
                                     Attempt attempt = 1) {
    const auto report = fold_.Add({metric, text, std::nullopt, std::nullopt});
    REQUIRE(report.has_value());
    told_.push_back(*report);
    REQUIRE(rule_->Add(1, attempt, told_.size(), *report));
    return Verdict();
  }
  [[nodiscard]] std::optional<input::Verdict> Verdict() const {
    const std::vector<Input> inputs = rule_->Judge(1);
    return inputs.empty() ? std::nullopt : std::optional(std::get<input::Verdict>(inputs.front()));
  }
  /// What `hone replay` makes of it.
  [[nodiscard]] VerdictReport Recheck() const {
    const auto report = RecheckVerdicts(spec_, ledger_, {{1, told_}});
    REQUIRE(report.has_value());
    return *report;
  }
  void Forget() { told_.clear(); }

 private:
  ExperimentSpec spec_;
  std::unique_ptr<EarlyStop> rule_;
  ReportFold fold_{EarlyStopMetrics(spec_)};
  std::vector<Recorded> ledger_;
  std::vector<MetricReport> told_;
};

TEST_CASE("told rules: which report stops a trial", "[earlystop]") {
  using Told = std::vector<std::pair<const char*, const char*>>;
  struct Case {
    const char* name;
    const char* type;
    std::vector<StopRule> rules;
    Told told;
    std::size_t stopped_at;  // 0: never
  };
  const auto less = [](const char* value, std::uint32_t step = 0, const char* metric = "score") {
    return StopRule{metric, Comparison::kLess, value, step};
  };
  const auto greater = [](const char* value, std::uint32_t step = 0, const char* metric = "score") {
    return StopRule{metric, Comparison::kGreater, value, step};
  };
  const Case cases[] = {
      {"no rules", "maximize", {}, {{"score", "0"}}, 0},
      {"the first report that is worse", "maximize", {less("0.5")}, {{"score", "0.4"}}, 1},
      {"the best so far counts",
       "maximize",
       {less("0.5")},
       {{"score", "0.6"}, {"score", "0.1"}},
       0},
      {"the least is the best",
       "minimize",
       {greater("0.5")},
       {{"score", "0.4"}, {"score", "0.9"}},
       0},
      {"a bar is not crossed by reaching it", "minimize", {greater("0.5")}, {{"score", "0.5"}}, 0},
      {"not before its step",
       "minimize",
       {greater("0.5", 3)},
       {{"score", "0.9"}, {"heat", "1"}, {"score", "0.8"}, {"score", "0.7"}, {"score", "0.6"}},
       4},
      {"after its step, too",
       "minimize",
       {greater("0.5", 1), greater("40", 0, "heat")},
       {{"score", "0.9"}, {"heat", "30"}, {"heat", "41"}},
       3},
      {"of another metric the latest counts",
       "minimize",
       {greater("40", 2, "heat")},
       {{"heat", "50"}, {"heat", "30"}, {"heat", "45"}},
       3},
      {"what was met stays met",
       "minimize",
       {greater("40", 0, "heat"), greater("0.5", 2)},
       {{"heat", "50"}, {"score", "0.9"}, {"heat", "1"}, {"score", "0.9"}},
       4},
      {"all are needed",
       "minimize",
       {greater("40", 0, "heat"), greater("0.5")},
       {{"score", "0.9"}, {"heat", "39"}},
       0},
      {"equal",
       "minimize",
       {{"heat", Comparison::kEqual, "7.0", 0}},
       {{"heat", "6"}, {"heat", "7"}},
       2},
      {"what is no number counts and is not judged",
       "minimize",
       {greater("0.5", 2)},
       {{"score", "nan"}, {"score", "0.6"}},
       2},
      {"what is no number is not judged", "minimize", {greater("0.5")}, {{"score", "inf"}}, 0},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      Lab lab(c.type, c.rules);
      std::size_t stopped_at = 0;
      for (std::size_t i = 0; i < c.told.size() && stopped_at == 0; ++i) {
        const auto verdict = [&] {
          if (!c.rules.empty()) {
            return lab.Tell(c.told[i].first, c.told[i].second);
          }
          return lab.Verdict();
        }();
        if (verdict) {
          stopped_at = i + 1;
          CHECK(verdict->ruling.report == stopped_at);
          CHECK(verdict->ruling.rule == "theirs");
        }
      }
      CHECK(stopped_at == c.stopped_at);
    }
  }
}

TEST_CASE("told rules: the sentence tells all, and replay reaches it again", "[earlystop]") {
  Lab lab("maximize",
          {{"score", Comparison::kLess, "0.5", 2}, {"heat", Comparison::kGreater, "9"}});
  CHECK_FALSE(lab.Tell("heat", "10"));
  CHECK_FALSE(lab.Tell("score", "0.25"));
  const auto verdict = lab.Tell("score", "0.375");
  REQUIRE(verdict.has_value());
  CHECK(verdict->reason ==
        "theirs: score = 0.375, the best of 2 reports, is less than 0.5, and heat = 10 at its "
        "report 1 is greater than 9 (rules of the service)");
  CHECK(verdict->ruling == event::Ruling{"theirs", 3, 0.375, 0.5});
  lab.Record(event::TrialStopRequested{1, 1, event::TrialStopRequested::Cause::kEarlyStopped,
                                       verdict->reason, verdict->ruling});
  CHECK_FALSE(lab.Verdict());  // it was asked to end
  CHECK(lab.Recheck().compared == 1);
  CHECK(lab.Recheck().different == 0);
}

TEST_CASE("told rules: an attempt is judged from its own beginning", "[earlystop]") {
  Lab lab("maximize", {{"score", Comparison::kLess, "0.5", 2}});
  CHECK_FALSE(lab.Tell("score", "0.25"));
  lab.Record(event::TrialRequeued{1, 1, EndingKind::kLost, "lost"});
  lab.Record(event::TrialLaunched{1, 2, "here"});
  lab.Forget();
  CHECK_FALSE(lab.Tell("score", "0.25", 2));
  CHECK(lab.Tell("score", "0.25", 2));
}

}  // namespace
}  // namespace hone

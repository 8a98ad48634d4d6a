// SPDX-License-Identifier: Apache-2.0
// Early stopping with several objectives, and reports that tell their steps.
#include "earlystop/front_rule.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "base/rng.h"
#include "earlystop/early_stop.h"
#include "earlystop/registry.h"
#include "tests/catch.h"
#include "tests/contracts/stopper_contract.h"

namespace hone {
namespace {

bool Dominates(const Losses& a, const Losses& b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) {
      return false;
    }
    better = better || a[i] < b[i];
  }
  return better;
}

/// By the definition: take away what nothing dominates, again and again.
std::map<TrialNumber, std::size_t> Peel(std::map<TrialNumber, Losses> all) {
  std::map<TrialNumber, std::size_t> fronts;
  for (std::size_t front = 1; !all.empty(); ++front) {
    std::set<TrialNumber> best;
    for (const auto& [trial, losses] : all) {
      if (std::ranges::none_of(
              all, [&](const auto& other) { return Dominates(other.second, losses); })) {
        best.insert(trial);
      }
    }
    for (const TrialNumber trial : best) {
      fronts[trial] = front;
      all.erase(trial);
    }
  }
  return fronts;
}

Losses Draw(Rng& rng, std::size_t objectives) {
  Losses losses;
  for (std::size_t i = 0; i < objectives; ++i) {
    losses.push_back(rng.Below(8));  // with equals
  }
  return losses;
}

TEST_CASE("fronts: kept up to date one by one, they are those of the definition", "[earlystop]") {
  const auto objectives = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{3});
  Rng rng(objectives, Scope::Experiment(), Purpose::kSimulation);
  Fronts fronts;
  std::map<TrialNumber, Losses> all;
  for (TrialNumber trial = 1; trial <= 60; ++trial) {
    const Losses losses = Draw(rng, objectives);
    const std::size_t expected = fronts.FrontOf(losses);
    all[trial] = losses;
    fronts.Add(trial, losses);
    if (trial % 7 == 0) {
      all.erase(trial - 3);
      fronts.Erase(trial - 3);
    }
    const auto peeled = Peel(all);
    CHECK(peeled.at(trial) <= expected);
    CHECK(fronts.size() == all.size());
    for (const auto& [number, front] : peeled) {
      REQUIRE(fronts.FrontOf(all.at(number)) == front);  // equals share a front
      REQUIRE(fronts.Before(front) ==
              static_cast<std::size_t>(std::ranges::count_if(
                  peeled, [&, f = front](const auto& other) { return other.second < f; })));
    }
  }
}

Objective Several(std::size_t further) {
  Objective objective;
  objective.direction = Direction::kMinimize;
  objective.metric = "loss";
  for (std::size_t i = 0; i < further; ++i) {
    objective.further.push_back({"seconds", Direction::kMinimize, std::nullopt});
  }
  return objective;
}

std::unique_ptr<FrontRule> Make(const std::string& name, const std::vector<Setting>& given,
                                const Objective& objective) {
  const StopperInfo* const info = StopperRegistry::Instance().Find(name);
  REQUIRE(info != nullptr);
  Problems problems;
  const Settings settings = CheckSettings(info->settings, given, "settings", problems);
  REQUIRE(problems.list().empty());
  auto rule = info->create_for_several({settings, objective});
  REQUIRE(rule.has_value());
  return std::move(*rule);
}

/// How far a trial comes: judged at each report, told as finished at its end.
std::size_t RunFronts(FrontRule& rule, TrialNumber trial,
                      const std::vector<std::vector<double>>& reports) {
  std::vector<Curve> curves(reports.size());
  for (std::size_t k = 0; k < reports.front().size(); ++k) {
    for (std::size_t i = 0; i < curves.size(); ++i) {
      curves[i].Add(reports[i][k]);
    }
    const FrontJudgement judgement = rule.Judge(trial, curves);
    for (const FrontRung& rung : judgement.rungs) {
      rule.Reached(trial, rung);
    }
    if (judgement.stop) {
      CHECK(judgement.stop->front > judgement.stop->bar);
      CHECK(judgement.stop->reason.find("loss = ") == 0);
      return k + 1;
    }
  }
  rule.Finished(trial, curves);
  return reports.front().size();
}

TEST_CASE("fronts: with one objective asha says what the rule of that name says", "[earlystop]") {
  const StopperInfo* const info = StopperRegistry::Instance().Find("asha");
  REQUIRE(info != nullptr);
  StopperLab lab(*info, {.direction = Direction::kMinimize, .settings = {}});
  const auto rule = Make("asha", {}, Several(0));
  Rng rng(5, Scope::Experiment(), Purpose::kSimulation);
  std::size_t stopped = 0;
  for (TrialNumber trial = 1; trial <= 80; ++trial) {
    std::vector<double> reports;
    for (const double value : Falling(2, rng.Uniform(), 27)) {
      reports.push_back(value + 0.2 * rng.Uniform());
    }
    const std::size_t expected = lab.Run(reports).reports;
    REQUIRE(RunFronts(*rule, trial, {reports}) == expected);
    stopped += expected < 27 ? 1 : 0;
  }
  CHECK(stopped > 40);
}

TEST_CASE("fronts: a trial that is best in one objective goes on, a dominated one ends",
          "[earlystop]") {
  const std::string name = GENERATE("asha", "medianstop", "percentile");
  INFO(name);
  std::vector<Setting> settings;
  if (name != "asha") {
    settings = {{"min_trials_required", "3"}, {"start_step", "1"}};
  }
  const auto rule = Make(name, settings, Several(1));
  const auto flat = [](double loss, double seconds) {
    return std::vector<std::vector<double>>{std::vector<double>(9, loss),
                                            std::vector<double>(9, seconds)};
  };
  CHECK(RunFronts(*rule, 1, flat(0.1, 9)) == 9);
  CHECK(RunFronts(*rule, 2, flat(0.5, 5)) == 9);
  CHECK(RunFronts(*rule, 3, flat(0.9, 1)) == 9);
  CHECK(RunFronts(*rule, 4, flat(0.4, 4)) == 9);     // dominates the second one
  CHECK(RunFronts(*rule, 5, flat(0.95, 9)) < 9);     // dominated by all
  CHECK(RunFronts(*rule, 6, flat(0.01, 100)) == 9);  // the best loss of all
}

TEST_CASE("fronts: rules that judge one objective are refused for several", "[earlystop]") {
  for (const StopperInfo* info : StopperRegistry::Instance().All()) {
    const bool several =
        info->name == "asha" || info->name == "medianstop" || info->name == "percentile";
    CHECK((info->create_for_several != nullptr) == several);
  }
}

TEST_CASE("fronts: 20,000 verdicts over 1,000 trials in bounded time", "[earlystop]") {
  const auto rule = Make("medianstop", {}, Several(1));
  Rng rng(9, Scope::Experiment(), Purpose::kSimulation);
  const auto begin = std::chrono::steady_clock::now();
  for (TrialNumber trial = 1; trial <= 1000; ++trial) {
    std::vector<Curve> curves(2);
    for (int report = 0; report < 20; ++report) {
      curves[0].Add(rng.Uniform());
      curves[1].Add(rng.Uniform());
      static_cast<void>(rule->Judge(trial, curves));
    }
    rule->Finished(trial, curves);
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(60));
}

TEST_CASE("reports: the k-th value of each metric makes the k-th report", "[earlystop]") {
  ReportFold fold({.names = {"loss", "seconds"}});
  const auto add = [&](const char* metric, const char* text, std::optional<double> step = {}) {
    return fold.Add({metric, text, std::nullopt, step});
  };
  CHECK_FALSE(add("loss", "0.5", 10).has_value());
  CHECK_FALSE(add("other", "1").has_value());
  CHECK_FALSE(add("loss", "0.4", 20).has_value());
  CHECK(add("seconds", "7") == MetricReport{{"0.5", "7"}, 10.0});
  CHECK(add("seconds", "8", 21) == MetricReport{{"0.4", "8"}, 20.0});
  CHECK_FALSE(add("seconds", "9").has_value());
  CHECK(ReportFold({.names = {"loss"}}).Add({"loss", "1", {}, 3.0}) == MetricReport{{"1"}, 3.0});
}

/// A rule of the engine over trials that report with steps.
class Steps {
 public:
  explicit Steps(const std::string& count_by) {
    ExperimentSpec spec;
    spec.objective.direction = Direction::kMinimize;
    spec.objective.metric = "loss";
    spec.early_stopping = AlgorithmSpec{
        "asha", {{"min_resource", "9"}, {"reduction_factor", "2"}, {"count_by", count_by}}};
    auto rule = EarlyStop::Create(spec);
    REQUIRE(rule.has_value());
    rule_ = std::move(*rule);
  }
  void Launch(TrialNumber trial) {
    rule_->Observe({++seq_, {}, event::TrialLaunched{trial, 1, "here"}});
    reports_[trial] = 0;
  }
  /// @returns  budgets of the rungs that it makes the trial reach
  std::vector<double> Tell(TrialNumber trial, const std::string& value,
                           std::optional<double> step) {
    REQUIRE(rule_->Add(trial, 1, ++reports_[trial], {{value}, step}));
    std::vector<double> rungs;
    for (const Input& input : rule_->Judge(trial)) {
      if (const auto* rung = std::get_if<input::RungResult>(&input)) {
        rungs.push_back(rung->budget);
        rule_->Observe({++seq_, {}, event::TrialReported{trial, 1, rung->budget, rung->value}});
      }
    }
    return rungs;
  }

 private:
  std::unique_ptr<EarlyStop> rule_;
  std::map<TrialNumber, std::size_t> reports_;
  Version seq_ = 0;
};

TEST_CASE("reports: by steps a rung is reached at its step, whatever was told in between",
          "[earlystop]") {
  using Rungs = std::vector<double>;
  Steps steps("steps");
  steps.Launch(1);
  CHECK(steps.Tell(1, "0.9", 3).empty());
  CHECK(steps.Tell(1, "0.8", 6).empty());
  CHECK(steps.Tell(1, "0.1", 6).empty());  // told once more
  CHECK(steps.Tell(1, "0.1", 5).empty());  // too late
  CHECK(steps.Tell(1, "0.7", 12) == Rungs{9});
  CHECK(steps.Tell(1, "0.7", 40) == Rungs{18, 36});
  CHECK(steps.Tell(1, "0.7", std::nullopt).empty());  // the next one
  CHECK(steps.Tell(1, "0.7", 9999) == Rungs{72, 144, 288, 576, 1152, 2304, 4608, 9216});
  CHECK(steps.Tell(1, "0.7", 1e12).empty());  // no rule looks so far
  steps.Launch(2);
  CHECK(steps.Tell(2, "0.9", 0).empty());  // counts from 0: nine epochs are 0 to 8
  CHECK(steps.Tell(2, "0.9", 7).empty());
  CHECK(steps.Tell(2, "0.9", 8) == Rungs{9});
  Steps reports("reports");
  reports.Launch(1);
  for (int i = 1; i < 9; ++i) {
    CHECK(reports.Tell(1, "0.9", 100.0 * i).empty());
  }
  CHECK(reports.Tell(1, "0.9", 900) == Rungs{9});
}

}  // namespace
}  // namespace hone

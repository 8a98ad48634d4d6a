// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/rng.h"
#include "tests/algorithms/pausing_race.h"
#include "tests/algorithms/race.h"

namespace hone {
namespace {

/// Algorithm 2 of arXiv 1810.05934, line by line.
class Paper {
 public:
  struct Job {
    std::optional<TrialNumber> parent;
    std::size_t rung = 0;
    bool operator==(const Job&) const = default;
  };

  Paper(std::size_t top, double eta) : eta_(eta), rungs_(top + 1), promoted_(top + 1) {}

  // for completed job: update configuration theta in rung k with loss l
  void Complete(std::size_t k, TrialNumber theta, double l) { rungs_[k][theta] = l; }

  // function get_job()
  Job GetJob() {
    // for k = floor(log_eta(R/r)) - s - 1, ..., 1, 0 do
    for (std::size_t k = rungs_.size() - 1; k-- > 0;) {
      // candidates = top_k(rung k, |rung k| / eta)
      const auto count =
          static_cast<std::size_t>(std::floor(static_cast<double>(rungs_[k].size()) / eta_));
      std::vector<std::pair<double, TrialNumber>> sorted;
      for (const auto& [theta, loss] : rungs_[k]) {
        sorted.emplace_back(loss, theta);
      }
      std::ranges::sort(sorted);
      sorted.resize(count);
      // promotable = {t for t in candidates if t not already promoted}
      for (const auto& [loss, theta] : sorted) {
        // if |promotable| > 0 then return promotable[0], k + 1
        if (promoted_[k].insert(theta).second) {
          return {theta, k + 1};
        }
      }
    }
    // Draw random configuration theta; return theta, 0
    return {};
  }

 private:
  double eta_;
  std::vector<std::map<TrialNumber, double>> rungs_;
  std::vector<std::set<TrialNumber>> promoted_;
};

TEST_CASE("asha: promotes what its pseudocode promotes, and never waits while a slot is free",
          "[algorithms]") {
  const double eta = GENERATE(2, 3, 4);
  const std::uint32_t parallel = GENERATE(1U, 5U, 16U);
  INFO("eta " << eta << ", " << parallel << " at once");
  Rng rng(5, Scope::Experiment(), Purpose::kSimulation, parallel);
  constexpr std::size_t kTrials = 400;
  Race race("asha", {{"r_l", "64"}, {"eta", std::to_string(eta)}, {"resource_name", "HONE_BUDGET"}},
            kTrials);
  Paper paper(eta == 2 ? 6 : 3, eta);
  std::size_t compared = 0;
  std::set<std::size_t> rungs;
  while (race.left() > 0) {
    CHECK(race.Ask(parallel - race.running().size()) == 0);
    CHECK(race.running().size() == std::min<std::size_t>(parallel, race.left()));
    for (; compared < race.all().size(); ++compared) {
      const Place& place = race.all()[compared].place;
      INFO("trial " << race.all()[compared].number);
      CHECK(paper.GetJob() == Paper::Job{place.parent, place.rung});
      rungs.insert(place.rung);
    }
    // Some end before the next question, in any order.
    for (std::uint32_t ends = 1 + rng.Below(parallel); ends > 0 && !race.running().empty();
         --ends) {
      const auto index = rng.Below(static_cast<std::uint32_t>(race.running().size()));
      const Race::Runner runner = race.running()[index];
      const double loss = rng.Normal();
      race.Complete(index, loss);
      paper.Complete(runner.place.rung, runner.number, loss);
    }
  }
  CHECK(compared == kTrials);
  CHECK(rungs.size() >= 4);
}

TEST_CASE("asha: a failed trial is the worst of its rung, a lost one is none", "[algorithms]") {
  Race race("asha", {{"r_l", "9"}, {"resource_name", "HONE_BUDGET"}}, 100);
  race.Ask(3);
  race.Fail(0);
  race.Lose(0);
  race.Complete(0, 1);
  race.Ask(1);
  CHECK_FALSE(race.running().front().place.parent.has_value());  // two results: a third is none
  race.Fail(0);
  race.Ask(1);
  CHECK(race.running().front().place.parent == TrialNumber{3});  // three: the only value is best
  race.Complete(0, 1);
  race.Ask(1);
  race.Fail(0);
  race.Ask(1);
  CHECK_FALSE(race.running().front().place.parent.has_value());  // the others have failed
}

TEST_CASE("asha: pauses and resumes what its pseudocode promotes", "[algorithms]") {
  const double eta = GENERATE(2, 3, 4);
  const std::uint32_t parallel = GENERATE(1U, 5U, 16U);
  INFO("eta " << eta << ", " << parallel << " at once");
  Rng rng(6, Scope::Experiment(), Purpose::kSimulation, parallel);
  constexpr int kTrials = 150;
  PausingRace race("asha",
                   {{"r_l", "64"}, {"eta", std::to_string(eta)}, {"resource_name", "HONE_BUDGET"}},
                   kTrials);
  Paper paper(eta == 2 ? 6 : 3, eta);
  std::size_t compared = 0;
  std::set<std::size_t> rungs;
  while (true) {
    const std::size_t waits = race.Ask(parallel - race.running().size());
    for (; compared < race.all().size(); ++compared) {
      const PausingRace::Leg& answered = race.all()[compared];
      INFO("answer " << compared);
      const Place& place = answered.place;
      CHECK(paper.GetJob() == Paper::Job{place.parent, place.rung});
      CHECK((!place.parent || place.parent == answered.trial));
      rungs.insert(place.rung);
    }
    if (waits > 0 && race.running().empty()) {
      break;  // every configuration has begun, and none of them may go on
    }
    for (std::uint32_t ends = 1 + rng.Below(parallel); ends > 0 && !race.running().empty();
         --ends) {
      const auto index = rng.Below(static_cast<std::uint32_t>(race.running().size()));
      const PausingRace::Leg leg = race.running()[index];
      const double loss = rng.Normal();
      race.Complete(index, loss);
      paper.Complete(leg.place.rung, leg.trial, loss);
    }
  }
  CHECK(race.starts().size() == kTrials);
  CHECK(rungs.size() >= 4);
}

TEST_CASE("asha: the budget of a resumed trial, its parameter and its note", "[algorithms]") {
  const std::string carrier = GENERATE("HONE_BUDGET", "epochs");
  INFO(carrier);
  PausingRace race("asha", {{"r_l", "9"}, {"resource_name", carrier}}, 3);
  CHECK(race.Ask(3) == 0);
  for (const double loss : {3.0, 1.0, 2.0}) {
    race.Complete(0, loss);
  }
  CHECK(race.Ask(3) == 2);
  REQUIRE(race.resumes().size() == 1);
  const proposal::Resume& resume = race.resumes().front();
  CHECK(resume.trial == 2);
  CHECK(resume.budget == 3.0);
  CHECK(resume.pauses);
  CHECK(resume.note == "rung 1: budget 3, goes on from its checkpoint");
  if (carrier == "epochs") {
    REQUIRE(resume.values.size() == 2);
    CHECK(resume.values[0] == race.starts()[1].values[0]);
    CHECK(resume.values[1].text == "3");
  } else {
    CHECK(resume.values.empty());
  }
}

TEST_CASE("asha: what is killed at its pause, or fails after it, goes no further", "[algorithms]") {
  PausingRace race("asha", {{"r_l", "9"}, {"eta", "2"}, {"resource_name", "HONE_BUDGET"}}, 4);
  race.Ask(4);
  for (const double loss : {1.0, 2.0, 3.0, 4.0}) {
    race.Complete(0, loss);
  }
  race.Kill(1);
  CHECK(race.Ask(1) == 0);  // of four results the best two: one is gone, the other goes on
  CHECK(race.resumes().back().trial == 2);
  CHECK(race.Ask(1) == 0);
  CHECK(race.resumes().back().trial == 3);
  race.Fail(0);
  race.Complete(0, 5);
  CHECK(race.Ask(1) == 0);  // two results at the next rung, one of which is a failure
  CHECK(race.resumes().back().trial == 3);
  CHECK(race.resumes().back().budget == 4.0);
}

TEST_CASE("asha: over Katib's wire, and of what was concluded, a promotion is a child",
          "[algorithms]") {
  PausingRace race("asha", {{"r_l", "9"}, {"resource_name", "HONE_BUDGET"}}, 3);
  race.Ask(3);
  for (const double loss : {3.0, 1.0, 2.0}) {
    race.Complete(0, loss);
  }
  const auto told = race.searcher().Propose({{9}, std::nullopt, false});
  REQUIRE(told.has_value());
  const auto* child = std::get_if<proposal::Start>(told->data());
  REQUIRE(child != nullptr);
  CHECK(child->parent == 2);
  race.ConcludeAndGoOn(1);
  CHECK(race.Ask(1) == 0);
  CHECK(race.starts().back().parent == 2);
  CHECK(race.starts().back().start_from == "c");
  CHECK(race.starts().back().pauses);
}

TEST_CASE("asha: promote_by is refused where nothing can go on", "[algorithms]") {
  struct Case {
    std::string name;
    std::string by;
    std::string from;
    RunnerKind runner;
    bool refused;
    bool pauses;
  };
  const Case c = GENERATE(values<Case>({
      {"by default", "", "checkpoint", RunnerKind::kLocal, false, true},
      {"from zero", "", "zero", RunnerKind::kLocal, false, false},
      {"workers", "", "checkpoint", RunnerKind::kAskTell, false, false},
      {"child", "child", "checkpoint", RunnerKind::kLocal, false, false},
      {"resumed from zero", "resume", "zero", RunnerKind::kLocal, true, false},
      {"resumed workers", "resume", "checkpoint", RunnerKind::kAskTell, true, false},
  }));
  INFO(c.name);
  ExperimentSpec spec;
  spec.space = Space{{spaces::Real("x", 0, 1), spaces::Whole("epochs", 1, 9)}};
  spec.runner = c.runner;
  spec.algorithm = {"asha", {{"r_l", "9"}, {"resource_name", "epochs"}, {"promote_from", c.from}}};
  if (!c.by.empty()) {
    spec.algorithm.settings.push_back({"promote_by", c.by});
  }
  Problems problems;
  const auto choice = CheckAlgorithm(spec, problems);
  REQUIRE(problems.HasErrors() == c.refused);
  if (!c.refused) {
    const auto searcher = choice->info->create(ContextOf(spec, choice->settings, 1));
    const auto answers = (*searcher)->Propose({{1}, std::nullopt});
    REQUIRE(answers.has_value());
    CHECK(std::get<proposal::Start>(answers->front()).pauses == c.pauses);
  }
}

}  // namespace
}  // namespace hone

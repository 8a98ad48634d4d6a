// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <set>

#include "base/rng.h"
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

}  // namespace
}  // namespace hone

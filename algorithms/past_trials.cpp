// SPDX-License-Identifier: Apache-2.0
#include "algorithms/past_trials.h"

#include <map>
#include <utility>
#include <variant>

namespace hone {
namespace {

using Outcome = PastTrial::Outcome;

class Collector {
 public:
  void operator()(const history::Proposed& what) { running_[what.trial] = what.values; }
  void operator()(const history::Completed& what) {
    End(what.trial, Outcome::kCompleted, what.values.front());
  }
  void operator()(const history::StoppedEarly& what) { End(what.trial, Outcome::kStopped, 0); }
  void operator()(const history::Infeasible& what) { End(what.trial, Outcome::kInfeasible, 0); }
  void operator()(const history::Lost& what) { running_.erase(what.trial); }
  template <class Other>
  void operator()(const Other& /*what*/) {}

  std::vector<PastTrial> Take() { return std::move(over_); }

 private:
  void End(TrialNumber trial, Outcome outcome, double value) {
    if (auto found = running_.extract(trial)) {
      over_.push_back({trial, outcome, std::move(found.mapped()), value});
    }
  }

  std::map<TrialNumber, Assignment> running_;
  std::vector<PastTrial> over_;
};

}  // namespace

std::vector<PastTrial> PastTrials(History history) {
  Collector collector;
  for (const HistoryItem& item : history) {
    std::visit(collector, item.what);
  }
  return collector.Take();
}

}  // namespace hone

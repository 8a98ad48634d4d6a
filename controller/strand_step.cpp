// SPDX-License-Identifier: Apache-2.0
#include "controller/strand_step.h"

#include "core/projection.h"

namespace hone {
namespace {

struct Noter {
  StrandStep& step;

  void operator()(const event::TrialLaunched& e) const {
    step.launched.emplace_back(e.trial, e.attempt);
  }
  void operator()(const event::TrialRunning& e) const { step.running.push_back(e.trial); }
  void operator()(const event::TrialPaused& e) const { Over(e.outcome); }
  void operator()(const event::TrialRequeued& e) const {
    step.over.emplace_back(e.trial, e.attempt);
  }
  void operator()(const event::TrialSucceeded& e) const { Over(e.outcome); }
  void operator()(const event::TrialFailed& e) const { Over(e.outcome); }
  void operator()(const event::TrialEarlyStopped& e) const {
    Over(e.outcome);
    step.stopped.push_back(e.outcome.trial);
  }
  void operator()(const event::TrialKilled& e) const { Over(e.outcome); }
  template <class Other>
  void operator()(const Other& /*event*/) const {}

  void Over(const event::TrialOutcome& outcome) const {
    if (outcome.attempt > 0) {
      step.over.emplace_back(outcome.trial, outcome.attempt);
    }
  }
};

}  // namespace

void StrandStep::Note(const Event& event) {
  std::visit(Noter{*this}, event);
  for (const TrialNumber trial : TouchedTrials(event)) {
    touched.insert(trial);
  }
}

}  // namespace hone

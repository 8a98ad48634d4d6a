// SPDX-License-Identifier: Apache-2.0
#include "core/history.h"

#include <utility>
#include <vector>

#include "core/excess.h"

namespace hone {
namespace {

using What = decltype(HistoryItem::what);
using Losses = std::vector<double>;

double Sign(const ExperimentSpec& spec) {
  return spec.objective.direction == Direction::kMinimize ? 1.0 : -1.0;
}

bool Teaches(EndingKind kind) {
  switch (kind) {
    case EndingKind::kExitCode:
    case EndingKind::kSignal:
    case EndingKind::kOutOfMemory:
    case EndingKind::kTimeout:
    case EndingKind::kMetricNotANumber:
      return true;
    case EndingKind::kSucceeded:
    case EndingKind::kFailedToStart:
    case EndingKind::kLost:
    case EndingKind::kStopped:
    case EndingKind::kMetricMissing:
    case EndingKind::kPreempted:
      return false;
  }
  return false;
}

struct Translator {
  const ExperimentSpec& spec;

  std::optional<What> operator()(const event::TrialProposed& e) const {
    return history::Proposed{e.trial, e.values, e.tag, e.budget, e.parent, e.start_from};
  }
  std::optional<What> operator()(const event::TrialReported& e) const {
    return history::Reported{e.trial, e.budget, Sign(spec) * e.value};
  }
  std::optional<What> operator()(const event::TrialPaused& e) const {
    Losses values;
    if (!Violation(spec.objective, e.outcome.observation)) {
      values = LossesOf(spec.objective, e.outcome.observation).value_or(Losses());
    }
    return history::Paused{e.outcome.trial, std::move(values), e.outcome.checkpoint};
  }
  std::optional<What> operator()(const event::TrialResumed& e) const {
    return history::Resumed{e.trial, e.budget, e.tag};
  }
  std::optional<What> operator()(const event::TrialEarlyStopped& e) const {
    return history::StoppedEarly{
        e.outcome.trial, LossesOf(spec.objective, e.outcome.observation).value_or(Losses())};
  }
  std::optional<What> operator()(const event::TrialSucceeded& e) const {
    auto losses = LossesOf(spec.objective, e.outcome.observation);
    std::vector<double> excess = ExcessOf(spec.objective, e.outcome.observation);
    if (Violation(spec.objective, e.outcome.observation)) {
      return history::Infeasible{e.outcome.trial, EndingKind::kSucceeded,
                                 std::move(losses).value_or(Losses()), std::move(excess)};
    }
    if (losses) {
      return history::Completed{e.outcome.trial, std::move(*losses),
                                e.outcome.ended_at - e.outcome.started_at, e.outcome.checkpoint,
                                std::move(excess)};
    }
    return history::Lost{e.outcome.trial};  // a text objective: nothing to learn from
  }
  std::optional<What> operator()(const event::TrialFailed& e) const {
    if (Teaches(e.ending.kind)) {
      return history::Infeasible{e.outcome.trial, e.ending.kind};
    }
    return history::Lost{e.outcome.trial};
  }
  std::optional<What> operator()(const event::TrialKilled& e) const {
    return history::Lost{e.outcome.trial};
  }
  template <class Other>
  std::optional<What> operator()(const Other& /*event*/) const {
    return std::nullopt;
  }
};

}  // namespace

std::optional<HistoryItem> ToHistory(const ExperimentSpec& spec, const Recorded& recorded) {
  auto what = std::visit(Translator{spec}, recorded.event);
  return what ? std::optional(HistoryItem{recorded.seq, std::move(*what)}) : std::nullopt;
}

}  // namespace hone

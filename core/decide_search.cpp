// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "core/cost.h"
#include "core/decide_internal.h"

namespace hone {
namespace {

bool TakesTrials(const ExperimentState& state) {
  return state.phase == ExperimentPhase::kRunning || state.phase == ExperimentPhase::kRestarting;
}

/// How many answers the budget and the algorithm allow now: new trials, and paused ones that go on.
std::uint32_t AnswersAllowed(const ExperimentState& state) {
  if (state.reservation || state.exhausted || state.waiting) {
    return 0;
  }
  const std::uint32_t affordable = AffordableTrials(state).value_or(UINT32_MAX);
  if (!state.max_trial_count) {
    return affordable;
  }
  const auto budget = static_cast<std::uint32_t>(*state.max_trial_count);
  const auto used = state.Completed() + static_cast<std::uint32_t>(state.active.size()) -
                    state.Count(TrialPhase::kPaused);
  return budget > used ? std::min(budget - used, affordable) : 0;
}

std::uint32_t FreePlaces(const ExperimentState& state) {
  const auto parallel = static_cast<std::uint32_t>(state.parallel_trial_count);
  return parallel > state.SlotsHeld() ? parallel - state.SlotsHeld() : 0;
}

}  // namespace

std::uint32_t Want(const ExperimentState& state) {
  if (!TakesTrials(state)) {
    return 0;
  }
  const auto relaunches = static_cast<std::uint64_t>(state.queued.size());
  const std::uint64_t useful = relaunches + AnswersAllowed(state);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(FreePlaces(state), useful));
}

std::vector<Command> PendingQuestions(const ExperimentState& state) {
  if (!state.reservation) {
    return {};
  }
  return {command::AskSuggester{state.reservation->seq, state.reservation->first,
                                state.reservation->count}};
}

namespace decide {
namespace {

using Why = event::TrialsWithdrawn::Why;

/// Answers of one reservation, sorted into what becomes of their numbers.
class Answers {
 public:
  Answers(Draft& draft, const input::Proposals& proposals) : draft_(draft), in_(proposals) {}

  void Take(TrialNumber number, const Proposal& answer) {
    number_ = number;
    std::visit(*this, answer);
  }

  void operator()(const proposal::Start& start) {
    if (IsFull()) {
      waits_.push_back(number_);  // only paused trials may go on
      return;
    }
    ++new_;
    draft_.Emit(event::TrialProposed{.trial = number_,
                                     .reservation = in_.reservation,
                                     .based_on = in_.based_on,
                                     .values = start.values,
                                     .name = start.name,
                                     .tag = start.tag,
                                     .note = start.note,
                                     .budget = start.budget,
                                     .start_from = start.start_from,
                                     .labels = start.labels,
                                     .parent = start.parent,
                                     .pauses = start.pauses});
    draft_.Launch(number_, 1, in_.runner);
    ++started_;
  }

  void operator()(const proposal::Resume& resume) {
    const TrialState* trial = draft_.state().Find(resume.trial);
    if (trial == nullptr || trial->phase != TrialPhase::kPaused) {
      // Late. The search is asked again: it did not know of that.
      draft_.Withdraw({{number_}, Why::kEnded, "the trial to go on with is over"});
      ++late_;
      return;
    }
    draft_.Withdraw({{number_}, Why::kResumedOther, "trial continues instead"});
    draft_.Resume({resume.trial, in_.reservation, in_.based_on, resume.budget, resume.tag,
                   resume.values, resume.note, resume.pauses});
    draft_.Launch(resume.trial, trial->attempt + 1, in_.runner);
    ++started_;
  }

  void operator()(const proposal::Wait& /*wait*/) { waits_.push_back(number_); }

  void operator()(const proposal::Exhausted& exhausted) {
    exhausted_.push_back(number_);
    reason_ = exhausted.reason;
  }

  void Finish() {
    const bool waits = !waits_.empty();
    draft_.Withdraw({std::move(waits_), Why::kWait, "the search algorithm waits for results"});
    if (!exhausted_.empty()) {
      draft_.Withdraw({std::move(exhausted_), Why::kExhausted, reason_});
      draft_.Exhaust(reason_);
    }
    draft_.EndIfDone();
    const bool stuck = waits && late_ == 0 && started_ == 0 && draft_.BusyCount() == 0;
    if (stuck && draft_.PausedCount() > 0 && !draft_.ended()) {
      draft_.ConcludePaused("no result is under way that could let it go on");
      return draft_.EndIfDone();
    }
    if (stuck && !draft_.ended()) {
      draft_.End(event::ExperimentEnded::Reason::kSearchStalled,
                 "the search algorithm waits for results, but no trial is running, pending or "
                 "paused");
    }
  }

 private:
  /// Whether maxTrialCount is used up: numbers beyond it are reserved for paused trials.
  [[nodiscard]] bool IsFull() const {
    const ExperimentState& state = draft_.state();
    const auto used = state.Completed() + static_cast<std::uint32_t>(state.active.size()) -
                      state.Count(TrialPhase::kReserved) + new_;
    return state.max_trial_count && used >= static_cast<std::uint32_t>(*state.max_trial_count);
  }

  Draft& draft_;
  const input::Proposals& in_;
  TrialNumber number_ = 0;
  std::vector<TrialNumber> waits_;
  std::vector<TrialNumber> exhausted_;
  std::string reason_;
  std::uint32_t new_ = 0;  // of started_
  int started_ = 0;
  int late_ = 0;
};

/// Whether the search is over because what is proposed is hardly expected to be better.
bool EndIfNoGain(Draft& draft, const input::Proposals& proposals) {
  const std::optional<double>& least = draft.state().spec->min_expected_gain;
  if (!least || !proposals.expected_gain || *proposals.expected_gain >= *least) {
    return false;
  }
  draft.End(event::ExperimentEnded::Reason::kNoGainExpected,
            "the next trial is expected to improve the objective by " +
                FormatDouble(*proposals.expected_gain) + ", less than minExpectedGain (" +
                FormatDouble(*least) + ")");
  return true;
}

}  // namespace

void OnOffer(Draft& draft, const input::Offer& offer) {
  if (draft.EndIfUsedUp()) {
    return;
  }
  const ExperimentState& state = draft.state();
  std::uint32_t places = std::min(offer.slots, Want(state));
  for (const TrialNumber number : state.queued) {
    if (places == 0) {
      return;
    }
    draft.Launch(number, state.Find(number)->attempt + 1, offer.runner);
    --places;
  }
  const std::uint32_t count = std::min(places, AnswersAllowed(state));
  if (count == 0) {
    return;
  }
  const auto first = static_cast<TrialNumber>(state.trials.size() + 1);
  const Version seq = state.version + 1 + state.queued.size();  // each relaunch above is one event
  draft.Emit(event::TrialsReserved{first, count});
  draft.Order(command::AskSuggester{seq, first, count});
}

void OnProposals(Draft& draft, const input::Proposals& proposals) {
  const ExperimentState& state = draft.state();
  if (!state.reservation || state.reservation->seq != proposals.reservation ||
      state.reservation->count != proposals.answers.size()) {
    return;  // withdrawn meanwhile
  }
  if (draft.EndIfUsedUp() || EndIfNoGain(draft, proposals)) {
    return;
  }
  Answers answers(draft, proposals);
  TrialNumber number = state.reservation->first;
  for (const Proposal& answer : proposals.answers) {
    answers.Take(number++, answer);
  }
  answers.Finish();
}

void OnSearchFailed(Draft& draft, const input::SearchFailed& failed) {
  const ExperimentState& state = draft.state();
  if (draft.ended() || !state.reservation || state.reservation->seq != failed.reservation) {
    return;
  }
  // Rules of early stopping come with proposals, and their error names its own field.
  const bool of_rules = failed.error.field.starts_with("spec.earlyStopping");
  draft.End(event::ExperimentEnded::Reason::kSuggestionFailed,
            (of_rules ? "" : "the search algorithm failed: ") + failed.error.Text());
}

}  // namespace decide
}  // namespace hone

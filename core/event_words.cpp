// SPDX-License-Identifier: Apache-2.0
#include "core/event_words.h"

#include <array>

namespace hone {
namespace {

using Why = event::TrialsWithdrawn::Why;
using Cause = event::TrialStopRequested::Cause;
using Reason = event::ExperimentEnded::Reason;

template <class E>
struct Entry {
  E value;
  std::string_view word;
};

constexpr std::array kWhys = {
    Entry<Why>{Why::kWait, "Wait"},           Entry<Why>{Why::kExhausted, "Exhausted"},
    Entry<Why>{Why::kSuspended, "Suspended"}, Entry<Why>{Why::kEnded, "Ended"},
    Entry<Why>{Why::kBudget, "Budget"},       Entry<Why>{Why::kResumedOther, "ResumedOther"},
};
constexpr std::array kCauses = {
    Entry<Cause>{Cause::kEarlyStopped, "EarlyStopped"},
    Entry<Cause>{Cause::kPaused, "Paused"},
    Entry<Cause>{Cause::kKilled, "Killed"},
    Entry<Cause>{Cause::kInterrupted, "Interrupted"},
};
constexpr std::array kReasons = {
    Entry<Reason>{Reason::kGoalReached, "ExperimentGoalReached"},
    Entry<Reason>{Reason::kMaxTrialsReached, "ExperimentMaxTrialsReached"},
    Entry<Reason>{Reason::kSuggestionEndReached, "ExperimentSuggestionEndReached"},
    Entry<Reason>{Reason::kMaxFailedReached, "ExperimentFailed"},
    Entry<Reason>{Reason::kSuggestionFailed, "ExperimentSuggestionFailed"},
    Entry<Reason>{Reason::kSearchStalled, "ExperimentSearchStalled"},
    Entry<Reason>{Reason::kMaxDurationReached, "ExperimentMaxDurationReached"},
    Entry<Reason>{Reason::kNoImprovement, "ExperimentNoImprovement"},
    Entry<Reason>{Reason::kMaxCostReached, "ExperimentMaxCostReached"},
    Entry<Reason>{Reason::kNoGainExpected, "ExperimentNoGainExpected"},
};

template <class E, std::size_t N>
std::string_view WordIn(const std::array<Entry<E>, N>& entries, E value) {
  for (const auto& entry : entries) {
    if (entry.value == value) {
      return entry.word;
    }
  }
  return "";
}

template <class E, std::size_t N>
bool FindIn(const std::array<Entry<E>, N>& entries, std::string_view word, E& out) {
  for (const auto& entry : entries) {
    if (entry.word == word) {
      out = entry.value;
      return true;
    }
  }
  return false;
}

}  // namespace

std::string_view Word(Why why) {
  return WordIn(kWhys, why);
}
std::string_view Word(Cause cause) {
  return WordIn(kCauses, cause);
}
std::string_view Word(Reason reason) {
  return WordIn(kReasons, reason);
}
std::string_view Word(EndingKind kind) {
  return EndingWord(kind);
}

bool FromWord(std::string_view word, Why& out) {
  return FindIn(kWhys, word, out);
}
bool FromWord(std::string_view word, Cause& out) {
  return FindIn(kCauses, word, out);
}
bool FromWord(std::string_view word, Reason& out) {
  return FindIn(kReasons, word, out);
}
bool FromWord(std::string_view word, EndingKind& out) {
  const auto kind = ParseEnding(word);
  if (kind) {
    out = *kind;
  }
  return kind.has_value();
}

bool Succeeds(Reason reason) {
  switch (reason) {
    case Reason::kGoalReached:
    case Reason::kMaxTrialsReached:
    case Reason::kSuggestionEndReached:
    case Reason::kMaxDurationReached:
    case Reason::kNoImprovement:
    case Reason::kMaxCostReached:
    case Reason::kNoGainExpected:
      return true;
    case Reason::kMaxFailedReached:
    case Reason::kSuggestionFailed:
    case Reason::kSearchStalled:
      return false;
  }
  return false;
}

}  // namespace hone

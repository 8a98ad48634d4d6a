// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "core/ending.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/observation.h"

namespace hone {

/// What a search algorithm answers to one reserved number.
namespace proposal {

struct Start {
  Assignment values;
  std::optional<double> budget;
  std::optional<std::string> start_from;  ///< digest of the parent's checkpoint
  std::string name;
  std::string tag;
  std::string note;
  std::map<std::string, std::string> labels;
  TrialNumber parent{};  ///< the trial that this one goes on with; 0: none
  bool pauses{};         ///< at its good end it is paused, and may be resumed
  bool operator==(const Start&) const = default;
};

/// Continue a paused trial instead; the reserved number is withdrawn.
struct Resume {
  TrialNumber trial = 0;
  std::optional<double> budget;
  std::string tag;
  Assignment values{};  ///< where a parameter carries the budget; empty: those that it has
  std::string note{};
  bool pauses{};  ///< at its good end it is paused again
  bool operator==(const Resume&) const = default;
};

/// Nothing yet: more results are needed first.
struct Wait {
  bool operator==(const Wait&) const = default;
};

/// Nothing more, ever.
struct Exhausted {
  std::string reason;
  bool operator==(const Exhausted&) const = default;
};

}  // namespace proposal

using Proposal =
    std::variant<proposal::Start, proposal::Resume, proposal::Wait, proposal::Exhausted>;

/// What reaches an experiment from outside; Decide answers with events and commands.
namespace input {

/// This many more trials may run now. What Decide does not use goes back to the scheduler.
struct Offer {
  std::uint32_t slots = 0;
  std::string runner;  ///< instance that would run them
};

/// The algorithm's answers, one for each number of the reservation, in order.
struct Proposals {
  Version reservation = 0;
  Version based_on = 0;
  std::vector<Proposal> answers;
  std::string runner;
  /// By how much the best of these configurations is expected to improve on the best trial, in the
  /// unit of the objective; nothing: not asked for, or too little is known.
  std::optional<double> expected_gain{};
};

/// The algorithm cannot answer and will not.
struct SearchFailed {
  Version reservation = 0;
  Error error;
};

/// Something of ours was seen; if it is over, `observation` is what its whole log says.
struct Seen {
  Sighting sighting;
  Observation observation;
};

/// A verdict of an early stopper.
struct Verdict {
  TrialNumber trial = 0;
  Attempt attempt = 0;
  bool pause = false;  ///< else stop
  std::string reason;
  event::Ruling ruling{};
};

struct RungResult {
  TrialNumber trial = 0;
  Attempt attempt = 0;
  double budget = 0;
  double value = 0;
  std::vector<double> further{};  ///< of the further objectives
};

struct KillTrial {
  TrialNumber trial = 0;
  std::string reason;
};

struct EditBudget {
  event::BudgetEdited edit;
};

struct Suspend {
  std::string reason;
  bool parked = false;
};

struct Resume {};

/// ExperimentState::Deadline may have come; means nothing before.
struct TimeUp {};

}  // namespace input

using Input = std::variant<input::Offer, input::Proposals, input::SearchFailed, input::Seen,
                           input::Verdict, input::RungResult, input::KillTrial, input::EditBudget,
                           input::Suspend, input::Resume, input::TimeUp>;

}  // namespace hone

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "core/ending.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/space.h"
#include "core/state.h"

/// What a search algorithm is told, in the order of the ledger.
namespace hone::history {

struct Proposed {
  TrialNumber trial = 0;
  Assignment values;
  std::string tag;
  std::optional<double> budget;
  TrialNumber parent{};                     ///< the trial that it goes on with; 0: none
  std::optional<std::string> start_from{};  ///< digest of the parent's checkpoint
  bool operator==(const Proposed&) const = default;
};

/// A result at a rung. Objectives are always to be minimised here: maximised ones come negated.
struct Reported {
  TrialNumber trial = 0;
  double budget = 0;
  double value = 0;
  bool operator==(const Reported&) const = default;
};

/// A result at a rung of a trial that may be resumed.
struct Paused {
  TrialNumber trial = 0;
  std::vector<double> values{};             ///< as of Completed; empty: none that counts
  std::optional<std::string> checkpoint{};  ///< digest of what it left in its folder
  bool operator==(const Paused&) const = default;
};

struct Resumed {
  TrialNumber trial = 0;
  std::optional<double> budget;
  std::string tag;
  bool operator==(const Resumed&) const = default;
};

/// A censored result: the best or latest values so far. May be empty.
struct StoppedEarly {
  TrialNumber trial = 0;
  std::vector<double> values;
  bool operator==(const StoppedEarly&) const = default;
};

/// All finite; one for each objective, to be minimised.
struct Completed {
  TrialNumber trial = 0;
  std::vector<double> values;
  Duration duration{};
  std::optional<std::string> checkpoint{};  ///< digest of what others can start from
  std::vector<double> excess{};  ///< beyond each bound of the outcome constraints, <= 0 (excess.h)
  bool operator==(const Completed&) const = default;
};

/// The configuration itself is bad: out of memory, time-out, NaN, exit code, or (kSucceeded) an
/// outcome constraint that it does not keep. The only kind of failure that teaches.
struct Infeasible {
  TrialNumber trial = 0;
  EndingKind kind = EndingKind::kExitCode;
  /// Of one that ended well but does not keep its bounds; as Completed has them. Either may be
  /// empty: a failure has none, and an objective need not be a number.
  std::vector<double> values{};
  std::vector<double> excess{};
  bool operator==(const Infeasible&) const = default;
};

/// Over without a lesson: lost, killed, failed to start.
struct Lost {
  TrialNumber trial = 0;
  bool operator==(const Lost&) const = default;
};

}  // namespace hone::history

namespace hone {

struct HistoryItem {
  Version seq = 0;
  std::variant<history::Proposed, history::Reported, history::Paused, history::Resumed,
               history::StoppedEarly, history::Completed, history::Infeasible, history::Lost>
      what;
  bool operator==(const HistoryItem&) const = default;
};

using History = std::span<const HistoryItem>;

/// What a recorded event teaches, if anything. @param spec  of the experiment, for direction and
/// strategy
std::optional<HistoryItem> ToHistory(const ExperimentSpec& spec, const Recorded& recorded);

}  // namespace hone

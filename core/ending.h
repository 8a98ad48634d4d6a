// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "core/ids.h"

namespace hone {

/// How an attempt of a trial ended. The words (EndingWord) are stored, shown and used in
/// retryPolicy.on.
enum class EndingKind {
  kSucceeded,
  kExitCode,          ///< the training code returned non-zero
  kSignal,            ///< killed by a signal that was not ours
  kOutOfMemory,       ///< killed by the kernel's out-of-memory killer
  kTimeout,           ///< ran longer than its deadline
  kFailedToStart,     ///< the program could not be started
  kLost,              ///< nobody knows: the machine restarted, or the shim was killed
  kStopped,           ///< ended because hone asked it to
  kMetricMissing,     ///< ended well, but never reported the objective
  kMetricNotANumber,  ///< ended well, but its objective is NaN, infinite or empty
  kPreempted,         ///< somebody else ended it: the machine goes down, or is given to others
};

/// "Succeeded", "ExitCode", "Signal", "OutOfMemory", "Timeout", "FailedToStart", "Lost", "Stopped",
/// "MetricMissing", "MetricNotANumber", "Preempted".
std::string_view EndingWord(EndingKind kind);
std::optional<EndingKind> ParseEnding(std::string_view word);

/// What a runner knows about an attempt that is over.
struct Ending {
  EndingKind kind = EndingKind::kSucceeded;
  int exit_code = 0;
  int signal = 0;
  std::string message;  ///< for people: the reason and the last lines of output, safe to print
  bool operator==(const Ending&) const = default;
};

/// Something of ours seen in the outside world.
struct Sighting {
  TrialNumber trial = 0;
  Attempt attempt = 0;
  std::string place;  ///< where it runs, for people: "pid 4711", "gpu 0,1"
  Timestamp started_at;
  Timestamp ended_at;            ///< meaningful if ending is set
  std::optional<Ending> ending;  ///< nothing: it runs
  /// Digest of what an attempt that is over left in its checkpoint folder; nothing: that is empty.
  std::optional<std::string> checkpoint{};
  bool operator==(const Sighting&) const = default;
};

}  // namespace hone

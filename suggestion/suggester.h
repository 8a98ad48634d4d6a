// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/history.h"
#include "core/input.h"
#include "core/spec.h"

namespace hone {

/// A question for one reservation, with what happened since the last question.
struct SuggestRequest {
  Version reservation = 0;
  Version based_on = 0;  ///< last event of the deltas; comes back with the answer
  std::vector<HistoryItem> deltas;
  std::vector<TrialNumber> numbers;
  std::optional<std::uint32_t> trials_left;
  /// When each of the deltas was recorded, which only services are told; empty: not known.
  std::vector<Timestamp> recorded_at{};
};

struct SuggestReply {
  Version reservation = 0;
  Version based_on = 0;
  std::vector<Proposal> answers;  ///< one for each number
  /// Trials whose checkpoints no answer will name any more; each is told at least once.
  std::vector<TrialNumber> released{};
  /// input::Proposals::expected_gain.
  std::optional<double> expected_gain{};
};

/// One experiment's search algorithm, wherever it lives. A cache: it can be thrown away and made
/// again from history.
/// @threads  Ask is called by one strand, one question at a time
class Suggester {
 public:
  using Done = std::function<void(Result<SuggestReply>)>;
  virtual ~Suggester() = default;

  /// Returns at once; `done` runs once, on any thread and maybe before this returns, unless the
  /// suggester is destroyed first.
  /// @errors (to done) kUnavailable, kDeadlineExceeded: may be asked again with the same deltas;
  /// others are final
  virtual void Ask(SuggestRequest request, Done done) = 0;
  /// A trial was stopped by a rule that an answer gave it. Returns at once; it may be lost.
  virtual void TrialStopped(const std::string& /*name*/) {}
};

/// What the first event says of how answers are computed.
struct Origin {
  std::uint64_t seed = 0;
  std::string cpu_level{};  ///< with the device that models may use, if any
};

/// Makes suggesters; one for each experiment that a process drives.
class SuggesterFactory {
 public:
  virtual ~SuggesterFactory() = default;
  /// @param id  the experiment that a crash of its search counts against
  /// @errors kInvalidArgument: the algorithm cannot do this experiment
  virtual Result<std::unique_ptr<Suggester>> Create(const ExperimentId& id,
                                                    const ExperimentSpec& spec,
                                                    const Origin& origin) = 0;
};

}  // namespace hone

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <utility>

#include "base/result.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/state.h"
#include "store/ledger.h"

namespace hone::cli {

/// An experiment's state rebuilt from its ledger, and kept up to date by reading on. Whoever drives
/// the experiment, everybody who follows it sees the same.
/// @threads  one
class Follower {
 public:
  /// Told of each event, with the state after it.
  using OnEvent = std::function<void(const ExperimentState&, const Recorded&)>;

  /// @param ledger  outlives the follower
  Follower(Ledger& ledger, ExperimentId id);

  /// Reads everything that is new. @param on_event  may be empty
  /// @returns whether there was anything; @errors those of the ledger; kDataLoss (CheckNext)
  Result<bool> CatchUp(const OnEvent& on_event);

  /// Its spec is null until the first event was read.
  [[nodiscard]] const ExperimentState& state() const { return state_; }
  ExperimentState TakeState() && { return std::move(state_); }

 private:
  Status Apply(std::span<const Recorded> events, const OnEvent& on_event);

  Ledger* ledger_;
  ExperimentState state_;
};

}  // namespace hone::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/executor.h"
#include "controller/owner_lease.h"
#include "store/store.h"
#include "suggestion/suggester.h"
#include "trial-runner/trial_runner.h"

namespace hone {

/// Everything outside that the engine works with. All of it outlives the engine.
struct EnginePorts {
  Store& store;
  SuggesterFactory& suggesters;
  TrialRunner& runner;
  Executor& control;  ///< strands: never blocks
  Executor& io;       ///< log reading, loading ledgers: may block
  const Clock& clock;
  const OwnerLease* lease = nullptr;  ///< set by the engine; null: nothing is held back
};

}  // namespace hone

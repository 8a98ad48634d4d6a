// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>

#include "api/server/daemon/door.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/result.h"
#include "controller/engine.h"
#include "store/store.h"
#include "trial-runner/trial_runner.h"
#include "trial-runner/workers.h"

namespace hone::daemon {

class EventFeed;
class KnownStates;

/// How much clients may take; 0: any.
struct Limits {
  std::uint32_t most_experiments = 0;  ///< of a namespace
};

/// What the API of the daemon works with. All of it outlives the API.
struct Parts {
  Engine& engine;
  Store& store;
  Workers& workers;
  TrialRunner& runner;  ///< of local trials, for their logs
  Executor& readers;    ///< calls are served here: may block
  Executor& watchers;   ///< streams: many of them must not keep calls waiting
  Executor& compute;    ///< what takes longer: one at a time
  EventFeed& feed;
  KnownStates& states;
  const Clock& clock;
  const std::atomic<bool>& draining;  ///< streams end
  Door& door;
  Limits limits;
  std::filesystem::path token_file;
};

/// Called once, on any thread.
template <class Reply>
using Answer = std::function<void(Result<Reply>)>;

}  // namespace hone::daemon

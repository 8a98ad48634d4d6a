// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "apps/cli/config.h"
#include "apps/cli/waiter.h"
#include "base/result.h"
#include "controller/request.h"

namespace hone::cli {

/// Who answered.
struct Answer {
  std::string text;  ///< of the engine's reply
  int holder = 0;    ///< pid of the process that is the engine; 0: this one was, for this request
};

/// Hands a request to whoever is the engine of the data folder: the process that holds it, through
/// the requests table, or this one for as long as the request takes.
/// @param on_signal  called for each Ctrl-C while waiting; may be empty
/// @errors  the engine's own; kUnavailable if the holder died before it answered
Result<Answer> AskEngine(const Config& config, const EngineRequest& request, Waiter& waiter,
                         const std::function<void()>& on_signal);

/// Hands a request to the process that holds the data folder and waits for its answer.
/// @errors kUnavailable if it died, or nobody holds the folder
Result<Answer> AskHolder(const Config& config, const EngineRequest& request, Waiter& waiter,
                         const std::function<void()>& on_signal);

/// For `on_signal` of short commands: the process ends with 130 there and then; what was asked for
/// is recorded, and the engine carries it out.
void LeaveAtOnce();

}  // namespace hone::cli

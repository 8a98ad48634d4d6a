// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"

namespace hone::cli {

/// What the main thread waits with: for Ctrl-C and its like, for a wake-up of another thread, or
/// for time to pass. Signals are read from a descriptor, so no code of ours runs inside a handler.
/// Life: made before any thread starts, because threads inherit the blocked signals.
class Waiter {
 public:
  enum class Woke { kTimeout, kSignal, kWake, kClosed };

  /// Blocks SIGINT, SIGTERM and SIGHUP for good, and ignores SIGPIPE: a reader that goes away is an
  /// error of a write then, not the end of an engine. Children get the defaults again
  /// (base/process.h).
  static Result<std::unique_ptr<Waiter>> Create();

  /// A signal that came before the call counts. @returns kSignal before kWake if there are both
  Woke Wait(Duration timeout);
  /// From now on Wait is kClosed once nobody can write to standard input any more: it is for a
  /// program that holds the other end of it. @errors kInvalidArgument: it is no pipe or socket
  Status WatchInput();
  /// Ends the present or next Wait. @threads safe
  void Wake();

 private:
  Waiter(UniqueFd signals, UniqueFd wake);

  UniqueFd signals_;
  UniqueFd wake_;
  int input_ = -1;  // poll passes over it
};

}  // namespace hone::cli

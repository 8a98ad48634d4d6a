// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/file.h"
#include "base/guarded.h"
#include "base/process.h"
#include "base/result.h"
#include "trial-runner/local/attempt.h"

namespace hone::local {

/// Waits for shims on one thread: for the word that they have claimed their attempt, and for their
/// end. Shims outlive it: destruction ends the thread, nothing else.
/// @threads  calls are thread-safe
class ShimWatch {
 public:
  struct Events {
    /// The shim said who it is (text of the claim); empty: it said nothing and is about to end.
    std::function<void(const AttemptKey&, const std::string& claim)> claimed;
    /// The shim ended. The status is known for children of this process only.
    std::function<void(const AttemptKey&, std::optional<ExitStatus>)> gone;
    /// Every kTick while KeepTicking was asked for.
    std::function<void()> tick;
  };
  static constexpr std::chrono::milliseconds kTick{50};

  /// @errors kUnavailable, kResourceExhausted (descriptors). All events come on one thread.
  static Result<std::unique_ptr<ShimWatch>> Create(Events events);
  ~ShimWatch();
  ShimWatch(const ShimWatch&) = delete;
  ShimWatch& operator=(const ShimWatch&) = delete;

  /// @param claim_pipe  the shim's standard output; invalid for one that claimed long ago
  Status Add(const AttemptKey& key, Child shim, UniqueFd claim_pipe);
  /// Sends a signal to a watched shim; an unknown or ended one is fine.
  void Signal(const AttemptKey& key, int signal);
  void SignalAll(int signal);
  /// Wants `tick` events until told otherwise.
  void KeepTicking(bool wanted);
  /// Ends the thread; no event comes afterwards. Idempotent; not from an event.
  void Stop();

 private:
  struct Watched {
    std::uint64_t number = 0;
    Child shim;
    UniqueFd claim_pipe;
  };
  struct Shims {
    std::map<AttemptKey, Watched> by_key;
    std::map<std::uint64_t, AttemptKey> by_number;  // descriptors are reused, these are not
    std::uint64_t last_number = 0;
  };

  ShimWatch(UniqueFd epoll, UniqueFd wake, Events events);
  void Run();
  void OnReady(std::uint64_t mark);
  void ReadClaim(const AttemptKey& key);
  void Reap(const AttemptKey& key);
  void Wake();

  UniqueFd epoll_;
  UniqueFd wake_;
  Events events_;
  Guarded<Shims> shims_;
  std::atomic<bool> ticking_ = false;
  std::atomic<bool> stopping_ = false;
  std::jthread thread_;  // last: starts when all else is there
};

}  // namespace hone::local

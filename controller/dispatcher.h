// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "controller/ports.h"
#include "controller/trial_watch.h"
#include "core/command.h"
#include "core/input.h"
#include "core/state.h"

namespace hone {

/// Carries out durable commands of one experiment with its runner, and crosses them off in the
/// outbox. Repeats what the environment refused for a while; an attempt that cannot be started
/// becomes a sighting of its failure.
/// @threads  on the strand of its owner only
class Dispatcher : public std::enable_shared_from_this<Dispatcher> {
 public:
  using OnSeen = std::function<void(input::Seen)>;

  /// Identity of a command in the outbox.
  struct Entry {
    Version seq = 0;
    std::uint32_t n = 0;
  };

  Dispatcher(const EnginePorts& ports, ExperimentId id, std::shared_ptr<Executor> strand,
             std::shared_ptr<TrialWatch> watch, OnSeen on_seen);

  /// @param state  as of the command's commit or later
  void Carry(const Command& command, Entry entry, const ExperimentState& state);
  /// Asks again for the end of an attempt that was asked to stop and is seen to run: stopping is
  /// level-triggered.
  void StopAgain(const ExperimentState& state, TrialNumber trial);

 private:
  void Launch(LaunchSpec spec, Entry entry, int tries);
  void LaunchLater(const LaunchSpec& spec, Entry entry, int tries);
  void OnLaunched(const LaunchSpec& spec, Entry entry, int tries, const Status& status);
  void Stop(const command::Stop& stop, Entry entry);
  void FailToStart(TrialNumber trial, Attempt attempt, const std::string& reason);

  EnginePorts ports_;
  ExperimentId id_;
  std::shared_ptr<Executor> strand_;
  std::shared_ptr<TrialWatch> watch_;  // shared with its own callbacks
  OnSeen on_seen_;
};

}  // namespace hone

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "base/guarded.h"
#include "core/ids.h"
#include "trial-runner/trial_runner.h"

namespace hone {

/// Shares a runner's resources between the experiments of a process, round robin by slot. It
/// decides nothing about trials: it only says "you may have k more".
///
/// Level-triggered: an experiment reports what it holds and wants after each of its steps; what is
/// free is computed from the reports, so nothing can leak.
/// @threads  all calls are thread-safe; offers are made outside the lock, on the thread that
/// reported
class SlotScheduler {
 public:
  using Offer = std::function<void(std::uint32_t slots)>;

  explicit SlotScheduler(Capacity total) {
    state_.WithLock([&](State& s) { s.total = total; });
  }

  void Register(const ExperimentId& id, Demand demand, Offer offer);
  void Unregister(const ExperimentId& id);
  /// @param held  slots in use; @param want  how many more would be used now
  /// @param answered  the last offer has been dealt with (what it took is in `held`)
  void Report(const ExperimentId& id, std::uint32_t held, std::uint32_t want, bool answered);

 private:
  struct Client {
    Demand demand;
    Offer offer;
    std::uint32_t held = 0;
    std::uint32_t want = 0;
    std::uint32_t offered = 0;  // not yet answered
  };
  struct State {
    Capacity total;
    std::map<ExperimentId, Client> clients;
    ExperimentId last;  // the one served last
  };
  struct Grant {
    Offer offer;
    std::uint32_t slots = 0;
  };

  static std::vector<Grant> Distribute(State& state);
  void Share();

  Guarded<State> state_;
};

}  // namespace hone

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "controller/slots.h"
#include "core/ids.h"
#include "trial-runner/trial_runner.h"

namespace hone {

/// Who asks for slots.
struct SlotClient {
  std::string name;
  std::string name_space;
  Demand demand;  ///< of one trial; all of it is given at once, or nothing
};

/// Shares a runner's resources between the experiments of a process. It decides nothing about
/// trials: it only says "you may have k more".
///
/// Each slot goes to the namespace with the smallest dominant share of the machine, and in it to
/// the experiment with the smallest; among equals to the one that waits longest. A trial that does
/// not fit lets smaller ones pass, but not more than kPatience of those that take what it needs:
/// then what comes free is kept for it. So nobody starves, and nothing that runs is taken away.
///
/// Level-triggered: an experiment reports what it holds and wants after each of its steps; what is
/// free is computed from the reports, so nothing can leak.
/// @threads  all calls are thread-safe; offers are made outside the lock, on the thread that
/// reported
/// @source   dominant shares: Ghodsi et al., Dominant Resource Fairness, NSDI 2011
class SlotScheduler {
 public:
  using Offer = std::function<void(std::uint32_t slots)>;

  static constexpr std::uint32_t kPatience = 8;

  /// @param on_change  something of View may be different now; may be empty. Called without a lock
  /// held, on the thread that reported
  explicit SlotScheduler(Capacity total, std::function<void()> on_change = {});

  void Register(const ExperimentId& id, SlotClient who, Offer offer);
  void Unregister(const ExperimentId& id);
  /// What one trial of it takes from now on, those that run included. Counts with the next Report.
  void Resize(const ExperimentId& id, const Demand& demand);
  /// @param held  slots in use; @param want  how many more would be used now
  /// @param answered  the last offer has been dealt with (what it took is in `held`)
  void Report(const ExperimentId& id, std::uint32_t held, std::uint32_t want, bool answered);

  /// Who has what, and why the others wait.
  [[nodiscard]] SlotsView View() const;

 private:
  struct Client {
    SlotClient who;
    Offer offer;
    std::uint32_t held = 0;
    std::uint32_t want = 0;
    std::uint32_t offered = 0;    // not yet answered
    std::uint32_t passed = 0;     // by others who took what it needs, since it last got a slot
    std::uint64_t last_turn = 0;  // of the last slot that it got
  };
  struct State {
    Capacity total;
    std::map<ExperimentId, Client> clients;
    std::uint64_t turn = 0;
  };
  struct Grant {
    Offer offer;
    std::uint32_t slots = 0;
  };
  class Round;

  static std::vector<Grant> Distribute(State& state);
  void Share();

  Guarded<State> state_;
  const std::function<void()> on_change_;
};

}  // namespace hone

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/guarded.h"
#include "trial-runner/trial_runner.h"

namespace hone {

/// What a simulated job does: prints its lines, then ends.
struct SimulatedJob {
  struct Line {
    Duration after{};  ///< since the start
    std::string text;
  };
  Duration starts_after{};  ///< until it is seen to run
  Duration runs_for{};      ///< from then on; zero: ends at once, without being seen to run
  std::vector<Line> lines;
  Ending ending;
  std::optional<std::string> checkpoint{};  ///< digest of what it leaves, unless it is lost
  Duration stops_after{};                   ///< how long it takes to end when asked to
};

/// The outside world of the simulation: it goes on when an engine dies, so a new SimulatedRunner
/// over the same world finds what the old one started.
/// @threads  all calls are thread-safe
class SimulatedWorld {
 public:
  using Behaviour = std::function<SimulatedJob(const LaunchSpec&)>;

  /// @param executor, clock  of the world itself; an engine's crash must not stop them
  SimulatedWorld(Executor& executor, const Clock& clock, Behaviour behaviour);

  /// How often each attempt was really started: more than once would be a bug of the engine's.
  [[nodiscard]] std::map<std::pair<TrialNumber, Attempt>, int> Starts() const;
  /// Trials whose checkpoints were dropped.
  [[nodiscard]] std::set<TrialId> Dropped() const;
  /// Attempts that run now.
  [[nodiscard]] std::size_t Running() const;
  /// Ends all that runs as if the machine had lost it. @param leave_trace  a lost attempt is still
  /// told about
  void LoseAll();

 private:
  friend class SimulatedRunner;
  friend class SimulatedOutput;
  struct Attempted {
    SimulatedJob job;
    Timestamp launched_at;
    Timestamp stop_at;  ///< default value: not asked to stop
    bool lost = false;
    bool forgotten = false;
    int starts = 0;
  };
  using Key = std::pair<TrialId, Attempt>;
  struct State {
    std::map<Key, Attempted> attempts;
    std::set<TrialId> dropped;
    std::function<void(TrialId)> hint;
    std::uint64_t hint_owner = 0;
    std::uint64_t runners = 0;
  };

  static Sighting See(const Key& key, const Attempted& attempted, Timestamp now);
  static Timestamp EndOf(const Attempted& attempted);
  void HintAfter(const TrialId& id, Duration delay);

  Executor& executor_;
  const Clock& clock_;
  Behaviour behaviour_;
  Guarded<State> state_;
};

/// A runner over a simulated world, for tests in virtual time and for benchmarks of the engine
/// alone.
class SimulatedRunner final : public TrialRunner {
 public:
  using DemandOfSpec = std::function<Demand(const ExperimentSpec&)>;

  /// @param demand_of  what a trial takes; empty: one CPU; @param instance  another one for each
  /// machine
  SimulatedRunner(SimulatedWorld& world, Capacity capacity, DemandOfSpec demand_of = {},
                  std::string instance = "simulated");
  ~SimulatedRunner() override;

  [[nodiscard]] std::string Instance() const override { return instance_; }
  void Check(const ExperimentSpec& spec, Problems& problems) const override;
  [[nodiscard]] Demand DemandOf(const ExperimentSpec& spec) const override;
  [[nodiscard]] Capacity Total() const override { return capacity_; }
  void Launch(LaunchSpec spec, Done done) override;
  void Stop(TrialId id, Attempt attempt, StopMode mode, Done done) override;
  void Observe(const ExperimentId& experiment, Seen seen) override;
  void OnHint(std::function<void(TrialId)> hint) override;
  Result<std::optional<Sighting>> Look(TrialId id, Attempt attempt) override;
  void Forget(TrialId id, Attempt attempt) override;
  Result<std::unique_ptr<ByteSource>> OpenOutput(TrialId id, Attempt attempt,
                                                 const std::string& file) override;
  void DropCheckpoint(const TrialId& id) override;
  Status Remove(const ExperimentId& experiment) override;

 private:
  SimulatedWorld& world_;
  Capacity capacity_;
  DemandOfSpec demand_of_;
  std::string instance_;
  std::uint64_t number_;  // among the runners of the world
};

}  // namespace hone

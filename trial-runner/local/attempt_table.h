// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "core/ending.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/gpus.h"
#include "trial-runner/trial_runner.h"

namespace hone::local {

/// What this instance of the runner knows of attempts, and which of them has which GPU. A cache of
/// the work folder; lost with the process.
/// @threads  safe
class AttemptTable {
 public:
  using Callers = std::vector<TrialRunner::Done>;
  enum class Place { kNew, kLaunching, kKnown };

  explicit AttemptTable(GpuPool gpus);

  /// Enters an attempt that is to be launched. kLaunching: it is already on its way, and `done`
  /// will hear of it; kKnown: it runs or ran, and `done` is not kept.
  Place Begin(const AttemptKey& key, TrialRunner::Done& done);
  /// Enters an attempt that was found. @returns false if it is known
  bool Enter(const AttemptKey& key);

  /// What others are waiting for when the state of an attempt changes.
  struct Change {
    Callers callers;           ///< of Launch
    bool stop_wanted = false;  ///< it shall end as soon as it runs
  };
  Change Running(const AttemptKey& key, Sighting sighting);
  Change Ended(const AttemptKey& key, Sighting sighting);
  /// It never started.
  Change Drop(const AttemptKey& key);

  /// Remembers that the attempt shall end. @returns whether it runs, so that its shim listens
  bool WantStop(const AttemptKey& key);

  /// GPUs for an attempt of this table, or nothing if not enough are free.
  std::optional<std::vector<std::string>> TakeGpus(const AttemptKey& key, std::size_t count);
  /// GPUs that an attempt of this table has had from an earlier instance.
  void KeepGpus(const AttemptKey& key, const std::vector<std::string>& gpus);

  [[nodiscard]] bool Knows(const AttemptKey& key) const;
  /// Its sighting, if it runs or ended.
  [[nodiscard]] std::optional<Sighting> Look(const AttemptKey& key) const;
  [[nodiscard]] std::vector<Sighting> Of(const ExperimentId& experiment) const;
  /// Whether something of an experiment is on its way or runs.
  [[nodiscard]] bool IsActive(const ExperimentId& experiment) const;
  /// Removes an attempt that has ended.
  void Forget(const AttemptKey& key);
  void ForgetAll(const ExperimentId& experiment);

  /// Attempts whose shim has not said yet who it is, and since when.
  using Since = std::chrono::steady_clock::time_point;
  void Suspect(const AttemptKey& key, Since now);
  void Unsuspect(const AttemptKey& key);
  [[nodiscard]] std::map<AttemptKey, Since> Suspects() const;

  /// @returns true the first time it is asked for an experiment
  bool MarkScanned(const ExperimentId& experiment);

 private:
  enum class Phase { kLaunching, kRunning, kEnded };
  struct Entry {
    Phase phase = Phase::kLaunching;
    bool stop_wanted = false;
    Callers callers;
    std::vector<std::string> gpus;
    Sighting sighting;
  };
  struct State {
    std::map<AttemptKey, Entry> entries;
    std::map<AttemptKey, Since> suspects;
    std::set<ExperimentId> scanned;
    GpuPool gpus;
  };
  Change Move(const AttemptKey& key, Phase phase, Sighting sighting);

  Guarded<State> state_;
};

}  // namespace hone::local

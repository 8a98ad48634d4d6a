// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "tests/base/temp_folder.h"
#include "tests/trial-runner/launch_spec.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/local_runner.h"

namespace hone::testing {

inline constexpr std::chrono::seconds kTestPatience{60};  // only a failing test waits this long

/// A batch/v1 Job that runs this command.
std::string JobObject(const std::vector<std::string>& command);
/// The same for a script of bash.
std::string ScriptObject(const std::string& script);

/// Whether a process is there and is no zombie.
bool IsAlive(pid_t pid);
/// Processes that were started with this HONE_TRIAL_DIR.
std::vector<pid_t> ProcessesOf(const std::filesystem::path& trial_folder);
/// Waits until the condition holds. @returns whether it did in time
bool Eventually(const std::function<bool()>& condition);

/// A LocalRunner over a folder of its own, and what it said.
class LocalBench {
 public:
  LocalBench();
  ~LocalBench();
  LocalBench(const LocalBench&) = delete;
  LocalBench& operator=(const LocalBench&) = delete;

  LocalOptions options;  ///< for the next Start

  /// A new runner over the same folder; the one before dies, like an engine, without a word.
  LocalRunner& Start();
  void Die() { runner_.reset(); }
  LocalRunner& runner() { return *runner_; }

  [[nodiscard]] LaunchSpec Spec(TrialNumber number, std::string run_object) const;
  /// Launches and waits for the answer.
  Status Launch(LaunchSpec spec);
  Status Launch(TrialNumber number, const std::string& script);
  Status Stop(TrialNumber number, Attempt attempt = 1);
  Result<std::vector<Sighting>> Observe();
  /// Waits for hints until the attempt is over.
  Sighting WaitForEnd(TrialNumber number, Attempt attempt = 1);
  /// Launches a script and waits for its end.
  Sighting RunScript(TrialNumber number, const std::string& script);

  [[nodiscard]] std::filesystem::path AttemptFolder(TrialNumber number, Attempt attempt = 1) const;
  [[nodiscard]] std::filesystem::path WorkFolder(TrialNumber number) const;
  [[nodiscard]] std::string Output(TrialNumber number, Attempt attempt = 1) const;
  /// The claim of an attempt. It must have been made.
  [[nodiscard]] local::ClaimRecord Claim(TrialNumber number, Attempt attempt = 1) const;
  /// The trial's file in its own folder, once it is there and not empty.
  std::string WaitForFile(TrialNumber number, const std::string& name) const;

  const ExperimentId experiment;
  const TempFolder folder;

 private:
  SystemClock clock_;
  std::unique_ptr<LocalRunner> runner_;
  std::mutex mutex_;
  std::condition_variable hinted_;
  std::uint64_t hints_ = 0;
};

}  // namespace hone::testing

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/executor.h"
#include "store/store.h"
#include "trial-runner/trial_runner.h"

namespace hone::bench {

double SecondsSince(std::chrono::steady_clock::time_point start);

/// An experiment of no-op trials: random search over 8 floats, 1 metric.
/// @param command  JSON list, the container's command
std::string NoOpDocument(int trials, int in_flight, const std::string& command);

/// Drives a document to its end with a whole engine over the store and the runner. Ends the process
/// with a message if that fails. @returns the experiment, and sets `seconds`
ExperimentId RunToEnd(Store& store, TrialRunner& runner, const std::string& document,
                      double& seconds);

/// CPU seconds and peak resident memory of this process so far.
nlohmann::json Usage();

/// A fresh folder below the given one (or the system's temporary folder), removed at the end.
class Scratch {
 public:
  explicit Scratch(const char* below);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Prints the error and ends the process.
[[noreturn]] void Die(const std::string& why);

}  // namespace hone::bench

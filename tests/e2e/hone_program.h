// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/process.h"
#include "core/state.h"
#include "store/store.h"

namespace hone::test {

/// How a run of the program ended, and what it wrote.
struct HoneRun {
  int exit_code = -1;
  int signal = 0;
  std::string out;
  std::string err;
};

/// The real program `hone` over a data folder of its own.
class HoneProgram {
 public:
  /// @param folder  for what the program prints; @param data  its data folder; empty: `folder`/data
  explicit HoneProgram(std::filesystem::path folder, std::filesystem::path data = {});

  /// A started run whose output goes to files.
  struct Started {
    Child child;
    std::filesystem::path out;
    std::filesystem::path err;
  };
  Started Start(std::vector<std::string> arguments);
  /// Waits; kills it, and fails the test, after `timeout`.
  HoneRun Wait(Started& started, Duration timeout = std::chrono::minutes(3));
  HoneRun Run(std::vector<std::string> arguments, Duration timeout = std::chrono::minutes(3));

  [[nodiscard]] const std::filesystem::path& data() const { return data_; }
  /// The state as the ledger in the data folder tells it.
  [[nodiscard]] ExperimentState StateOf(const std::string& name) const;
  /// Number of rows in the observations of a trial.
  [[nodiscard]] std::size_t RowsOf(const TrialId& trial) const;

 private:
  std::filesystem::path folder_;
  std::filesystem::path data_;
  int runs_ = 0;
};

/// Writes an experiment file whose trials run `script` with bash: HONE_PARAMETERS, $1 = x in [0,
/// 1], $2 = k in 1..4.
/// @param more  lines put into spec as they are
std::filesystem::path WriteExperiment(const std::filesystem::path& folder, const std::string& name,
                                      int trials, int parallel, const std::string& script,
                                      const std::string& more = "");

/// Processes that carry this text in their environment: what a trial may have left behind.
std::vector<pid_t> ProcessesWith(const std::string& environment_text);

}  // namespace hone::test

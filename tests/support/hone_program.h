// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/process.h"
#include "core/state.h"
#include "tests/base/temp_folder.h"

namespace hone::test {

/// What a program that has ended printed.
struct ProgramRun {
  int exit_code = -1;  ///< 128 and the signal's number if it died of one
  std::string out;
  std::string err;
};

std::string ReadText(const std::filesystem::path& file);

bool Has(const std::string& text, const std::string& part);

/// Looks again and again until the condition holds. @returns false after half a minute
bool Eventually(const std::function<bool()>& holds);

/// An experiment whose trials are shell scripts; `${x}` in `script` is the parameter.
struct ScriptExperiment {
  std::string name = "demo";
  std::string script = "echo loss=${x}";
  int trials = 3;
  int parallel = 2;
  nlohmann::json* extra = nullptr;  ///< merged into spec; may be null
};

/// Processes that carry this text in their environment: what a trial may have left behind.
std::vector<pid_t> ProcessesWith(const std::string& environment_text);

/// A program of hone that runs.
class RunningProgram {
 public:
  RunningProgram(Child child, std::filesystem::path out, std::filesystem::path err);
  /// Kills it if it still runs, so that a failing test leaves nothing behind.
  ~RunningProgram();
  RunningProgram(RunningProgram&&) = default;
  RunningProgram& operator=(RunningProgram&&) = delete;

  void Signal(int signal) const;
  /// Fails the test if it takes longer than `patience`, which is for a loaded machine.
  ProgramRun Wait(Duration patience = std::chrono::minutes(3));
  /// Whether it ends by itself in this time; if so, it need not be waited for again.
  bool EndsWithin(Duration time);
  [[nodiscard]] std::string OutSoFar() const { return ReadText(out_); }
  [[nodiscard]] std::string ErrSoFar() const { return ReadText(err_); }
  [[nodiscard]] pid_t pid() const { return child_.pid; }

 private:
  Child child_;
  std::filesystem::path out_;
  std::filesystem::path err_;
  bool waited_ = false;
};

/// The real binary over a data folder of its own, in a working folder of its own.
class HoneProgram {
 public:
  HoneProgram() : data_(folder_ / "data") {}
  /// With a data folder that lies elsewhere.
  explicit HoneProgram(std::filesystem::path data) : data_(std::move(data)) {}

  /// Where it works.
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
  /// Runs to the end.
  ProgramRun Run(const std::vector<std::string>& arguments);
  RunningProgram Start(const std::vector<std::string>& arguments);
  /// The output of `-o json` of a command that must succeed.
  nlohmann::json Json(std::vector<std::string> arguments);
  /// Any program, with hone's data folder in its environment.
  RunningProgram StartProgram(std::vector<std::string> argv);

  /// Writes the experiment's file. @returns its path
  std::string Write(const ScriptExperiment& experiment);
  std::string Write(const std::string& file_name, const std::string& text);

  /// Names of an experiment's trials, in order.
  std::vector<std::string> Trials(const std::string& experiment);
  /// Type of the experiment's last condition that is True.
  std::string Status(const std::string& experiment);
  /// The state as the ledger in the data folder tells it, whether or not an engine runs.
  [[nodiscard]] ExperimentState StateOf(const std::string& experiment) const;
  /// Number of rows in the observations of a trial.
  [[nodiscard]] std::size_t RowsOf(const TrialId& trial) const;

  /// Where the programs are started and trials may leave marks.
  [[nodiscard]] std::filesystem::path work() const { return folder_.path(); }
  [[nodiscard]] const std::filesystem::path& data() const { return data_; }

 private:
  testing::TempFolder folder_;
  std::filesystem::path data_;
  int started_ = 0;
};

}  // namespace hone::test

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/cli/config.h"
#include "base/result.h"
#include "core/experiment_event.h"

/// The commands of `hone`; each is implemented in the file of its name. All return the exit code,
/// or an error that main prints (kInvalidArgument exits with 2, others with 1).
namespace hone::cli {

Result<int> RunFile(const Config& config, const std::string& file, OutputFormat output);
Result<int> ValidateFiles(const std::vector<std::string>& files);
Result<int> ListExperiments(const Config& config, OutputFormat output);
Result<int> GetExperiment(const Config& config, const std::string& name, OutputFormat output);
Result<int> ListTrials(const Config& config, const std::string& name, OutputFormat output);

struct MetricsOptions {
  std::string trial;
  std::string metric;  ///< empty: all
  OutputFormat output = OutputFormat::kTable;
};
Result<int> ShowMetrics(const Config& config, const MetricsOptions& options);

struct LogsOptions {
  std::string trial;
  std::optional<std::uint32_t> attempt;  ///< nothing: the latest
  bool follow = false;
};
Result<int> ShowLogs(const Config& config, const LogsOptions& options);

/// @param name  of a trial or an experiment
Result<int> Explain(const Config& config, const std::string& name, OutputFormat output);
Result<int> ShowBest(const Config& config, const std::string& name, OutputFormat output);
Result<int> StopExperiment(const Config& config, const std::string& name);

struct ResumeOptions {
  std::string name;
  event::BudgetEdited edit;
  OutputFormat output = OutputFormat::kTable;
};
Result<int> ResumeExperiment(const Config& config, const ResumeOptions& options);
Result<int> DeleteExperiment(const Config& config, const std::string& name);
Result<int> KillTrial(const Config& config, const std::string& trial);
Result<int> ListAlgorithms(OutputFormat output, bool markdown);
Result<int> ReplayProposals(const Config& config, const std::string& name, OutputFormat output);

struct EventsOptions {
  std::string name;
  std::uint64_t from = 0;  ///< events with a greater seq
  OutputFormat output = OutputFormat::kTable;
};
Result<int> ShowEvents(const Config& config, const EventsOptions& options);

/// @param check  only compare, write nothing
Result<int> RebuildRows(const Config& config, bool check);

}  // namespace hone::cli

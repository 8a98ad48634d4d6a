// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/wire/experiment_file.h"
#include "apps/cli/args.h"
#include "apps/cli/config.h"
#include "base/result.h"
#include "trial-runner/trial_runner.h"

namespace hone::cli {

/// Which experiment is meant.
struct FileArguments {
  std::string file;                      ///< "-" is standard input
  std::vector<std::string> sets;         ///< of --set
  std::vector<std::string> config_maps;  ///< files with the templates it refers to
};
/// What `run` and `create` take.
struct StartOptions {
  FileArguments arguments;
  OutputFormat output = OutputFormat::kTable;
};
void DeclareStart(Args& args, StartOptions& options);
/// Only what changes it.
void DeclareSets(Args& args, std::vector<std::string>& sets);
/// Only the files with its templates.
void DeclareConfigMaps(Args& args, std::vector<std::string>& files);

/// Reads an experiment file and makes every check of it. @param runner  that would run it
/// @errors a file cannot be read
Result<LoadedExperiment> LoadChecked(const FileArguments& arguments, const TrialRunner& runner);

/// What is no fault of the file, but cannot be done here, becomes a warning.
void ForgiveUnsupported(LoadedExperiment& loaded);

/// One line a problem: `FILE:LINE: field: message`.
std::string ProblemLines(const LoadedExperiment& loaded);

/// What `run` and `create` start from: the checked spec, with this process's working folder in it.
/// Everything wrong is told on stderr. @returns nothing if there are errors
/// @errors  kInvalidArgument: the file cannot be read, or the name is taken
Result<std::optional<ExperimentSpec>> LoadForStart(const Config& config,
                                                   const FileArguments& arguments);

/// The spec with the folder in its annotations where its relative paths start, unless it names one.
Result<ExperimentSpec> WithWorkingFolder(const ExperimentSpec& spec, const std::string& folder);

}  // namespace hone::cli

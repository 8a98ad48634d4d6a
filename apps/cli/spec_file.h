// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/wire/experiment_file.h"
#include "apps/cli/args.h"
#include "apps/cli/session.h"
#include "base/result.h"
#include "trial-runner/trial_runner.h"

namespace hone::cli {

/// Reads an experiment file and makes every check of it. @param file  "-" is standard input
/// @param runner  that would run it; @param sets  of --set; @errors the file cannot be read
Result<LoadedExperiment> LoadChecked(const std::string& file, const TrialRunner& runner,
                                     std::span<const std::string> sets = {});
/// --set, as `run`, `create` and `validate` take it.
void DeclareSets(Args& args, std::vector<std::string>& sets);

/// One line a problem: `FILE:LINE: field: message`.
std::string ProblemLines(const LoadedExperiment& loaded);

/// What `run` and `create` start from: the checked spec, with this process's working folder in it.
/// Everything wrong is told on stderr. @returns nothing if there are errors
/// @errors  kInvalidArgument: the file cannot be read, or the name is taken
Result<std::optional<ExperimentSpec>> LoadForStart(const Config& config, const std::string& file,
                                                   std::span<const std::string> sets);

/// The spec with the folder in its annotations where its relative paths start, unless it names one.
Result<ExperimentSpec> WithWorkingFolder(const ExperimentSpec& spec, const std::string& folder);

}  // namespace hone::cli

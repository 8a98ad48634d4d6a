// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "api/wire/experiment_file.h"
#include "base/result.h"
#include "trial-runner/trial_runner.h"

namespace hone::cli {

/// Reads an experiment file and makes every check of it. @param file  "-" is standard input
/// @param runner  that would run it; @errors the file cannot be read
Result<LoadedExperiment> LoadChecked(const std::string& file, const TrialRunner& runner);

/// One line a problem: `FILE:LINE: field: message`.
std::string ProblemLines(const LoadedExperiment& loaded);

/// The spec with the folder in its annotations where its relative paths start, unless it names one.
Result<ExperimentSpec> WithWorkingFolder(const ExperimentSpec& spec, const std::string& folder);

}  // namespace hone::cli

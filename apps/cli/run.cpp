// SPDX-License-Identifier: Apache-2.0
// hone run: one experiment from its file to its best trial.
#include <cstdio>
#include <filesystem>

#include "apps/cli/drive.h"
#include "apps/cli/local_checks.h"
#include "apps/cli/session.h"
#include "apps/cli/spec_file.h"
#include "apps/cli/verbs.h"

namespace hone::cli {
namespace {

/// What this machine offers to trials.
Capacity CapacityOf(const Config& config) {
  LocalOptions options;
  options.cpus = config.cpus.value_or(0);
  options.gpus = config.gpus;
  return LocalCapacity(options);
}

/// Said before the first trial starts rather than after a request was refused.
Status CheckNameIsFree(const Config& config, const ExperimentSpec& spec) {
  Config where = config;
  where.name_space = spec.name_space;
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(where));
  if (!session.Find(spec.name).has_value()) {
    return {};
  }
  return Fail(Code::kInvalidArgument,
              "there is an experiment '" + spec.name + "' already in " + config.data_dir.string() +
                  ": 'hone resume " + spec.name + "' goes on with it, 'hone delete " + spec.name +
                  "' removes it",
              "metadata.name");
}

}  // namespace

Result<int> RunFile(const Config& config, const std::string& file, OutputFormat output) {
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  const auto loaded = LoadChecked(file, LocalChecks(CapacityOf(config)));
  if (!loaded.has_value()) {
    return Fail(Code::kInvalidArgument, loaded.error().Text());
  }
  std::fputs(ProblemLines(*loaded).c_str(), stderr);
  if (loaded->HasErrors()) {
    return kExitUsage;
  }
  std::error_code error;
  const std::string here = std::filesystem::current_path(error).string();
  HONE_ASSIGN_OR_RETURN(const ExperimentSpec spec, WithWorkingFolder(loaded->spec, here));
  HONE_RETURN_IF_ERROR(CheckNameIsFree(config, spec));
  if (!spec.max_trial_count) {
    std::fputs(
        "hone: there is no maxTrialCount, so this goes on until a goal is reached or somebody "
        "stops it\n",
        stderr);
  }
  return Drive(config, output, *waiter).Run(request::Create{spec.document}, 0);
}

}  // namespace hone::cli

// SPDX-License-Identifier: Apache-2.0
// hone tensorboard: curves and parameters of an experiment as event files that TensorBoard reads.
#include <filesystem>

#include "apps/cli/hparams.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/verb.h"
#include "base/file.h"

namespace hone::cli {
namespace {

namespace fs = std::filesystem;

// TensorBoard wants "tfevents" in the name. The same each time, so that writing again replaces.
constexpr char kFileName[] = "events.out.tfevents.0.hone";

struct Options {
  std::string name;
  std::string folder;
};

void Declare(Args& args, Options& options) {
  args.Experiment(options.name);
  args.Add("--logdir", options.folder,
           {.type = "DIR",
            .help = "where to write; default: NAME-tensorboard",
            .values = Values::kFolder});
}

Status WriteEvents(const fs::path& folder, const std::string& events) {
  HONE_RETURN_IF_ERROR(MakeFolders(folder));
  return WriteFile(folder / kFileName, events);
}

/// A trial that was launched once. @returns whether it was
Result<bool> WriteTrial(const Session& session, const ExperimentState& state,
                        const TrialState& trial, const fs::path& folder) {
  if (trial.attempt == 0 || !IsSet(trial.started_at)) {
    return false;
  }
  HONE_ASSIGN_OR_RETURN(const auto records,
                        session.store().ReadRecords({state.id, trial.number}, trial.attempt, ""));
  HONE_RETURN_IF_ERROR(
      WriteEvents(folder / state.NameOf(trial), TrialEvents(state, trial, records)));
  return true;
}

Result<int> Write(const Config& config, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(options.name));
  const fs::path folder = options.folder.empty() ? options.name + "-tensorboard" : options.folder;
  HONE_RETURN_IF_ERROR(WriteEvents(folder, ExperimentEvents(state)));
  std::size_t runs = 0;
  for (const TrialState& trial : state.trials) {
    HONE_ASSIGN_OR_RETURN(const bool written, WriteTrial(session, state, trial, folder));
    runs += written ? 1 : 0;
  }
  HONE_RETURN_IF_ERROR(PrintText("wrote " + std::to_string(runs) + " runs; look at them with: " +
                                 "tensorboard --logdir " + folder.string() + "\n"));
  return kExitOk;
}

}  // namespace

Verb TensorboardVerb() {
  return MakeVerb<Options>({.name = "tensorboard",
                            .group = kReadGroup,
                            .summary = "curves and parameters as files that TensorBoard reads",
                            .example = "hone tensorboard digits --logdir runs"},
                           &Declare, &Write);
}

}  // namespace hone::cli

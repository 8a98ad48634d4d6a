// SPDX-License-Identifier: Apache-2.0
// hone rebuild: the rows that lists and people read, made anew from the ledgers.
#include <cstdio>
#include <map>

#include "apps/cli/format.h"
#include "apps/cli/open_store.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/verb.h"
#include "base/file.h"

namespace hone::cli {
namespace {

constexpr int kTries = 10;

/// Names of what differs between the stored rows and those the ledger says.
std::vector<std::string> Differences(const ExperimentRow& row, const std::vector<TrialRow>& trials,
                                     const Projection& right) {
  std::vector<std::string> found;
  if (row != right.experiment) {
    found.push_back("experiment " + row.name);
  }
  std::map<TrialNumber, const TrialRow*> stored;
  for (const TrialRow& trial : trials) {
    stored[trial.number] = &trial;
  }
  for (const TrialRow& trial : right.trials) {
    const auto at = stored.find(trial.number);
    if (at == stored.end()) {
      found.push_back("trial " + trial.name + " (has no row)");
    } else if (*at->second != trial) {
      found.push_back("trial " + trial.name);
    }
    stored.erase(trial.number);
  }
  for (const auto& [number, trial] : stored) {
    found.push_back("trial " + trial->name + " (is not in the ledger)");
  }
  return found;
}

struct Comparison {
  Projection right;
  std::vector<std::string> differences;
};

/// Of one experiment at one version: an engine may write meanwhile.
Result<Comparison> Compare(const Session& session, const ExperimentRow& listed) {
  for (int tries = 1;; ++tries) {
    HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(listed.id));
    HONE_ASSIGN_OR_RETURN(const auto trials, session.store().ListTrials(listed.id));
    const auto row = session.store().FindExperiment(listed.name_space, listed.name);
    if (row.has_value() && row->id == listed.id && row->version > state.version && tries < kTries) {
      continue;  // it has moved on, or its row is wrong
    }
    Projection right = ProjectAll(state);
    auto differences = Differences(row.value_or(listed), trials, right);
    return Comparison{std::move(right), std::move(differences)};
  }
}

using Repair = std::function<Status(const Projection&)>;

/// Tells each difference, and calls `repair` if there are some. @returns how many
Result<std::size_t> CompareOne(const Session& session, const ExperimentRow& row,
                               const Repair& repair) {
  HONE_ASSIGN_OR_RETURN(const Comparison compared, Compare(session, row));
  for (const std::string& difference : compared.differences) {
    HONE_RETURN_IF_ERROR(PrintText(difference + " differs from its ledger\n"));
  }
  if (!compared.differences.empty() && repair) {
    HONE_RETURN_IF_ERROR(repair(compared.right));
  }
  return compared.differences.size();
}

Result<std::size_t> CompareAll(const Session& session, const Repair& repair) {
  HONE_ASSIGN_OR_RETURN(const auto rows, session.List());
  std::size_t different = 0;
  for (const ExperimentRow& row : rows) {
    HONE_ASSIGN_OR_RETURN(const std::size_t here, CompareOne(session, row, repair));
    different += here;
  }
  return different;
}

struct Options {
  bool check = false;
};

void Declare(Args& args, Options& options) {
  args.Flag("--check", options.check, "only say what differs");
}

Result<int> RebuildRows(const Config& config, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  if (!session.HasStore()) {
    HONE_RETURN_IF_ERROR(PrintText("no experiments\n"));
    return kExitOk;
  }
  if (options.check) {
    HONE_ASSIGN_OR_RETURN(const std::size_t different, CompareAll(session, {}));
    HONE_RETURN_IF_ERROR(PrintText("rows that differ: " + std::to_string(different) + "\n"));
    return different == 0 ? kExitOk : kExitFailed;
  }
  HONE_ASSIGN_OR_RETURN(const FileLock lock, FileLock::Acquire(config.LockFile()));
  HONE_ASSIGN_OR_RETURN(const auto store, OpenStore(config, StoreAccess::kOwner));
  HONE_ASSIGN_OR_RETURN(const std::size_t different,
                        CompareAll(session, [&](const Projection& right) {
                          return store->ReplaceRows(right.experiment.id, right);
                        }));
  HONE_RETURN_IF_ERROR(PrintText("rows made anew: " + std::to_string(different) + "\n"));
  return kExitOk;
}

}  // namespace

Verb RebuildVerb() {
  return MakeVerb<Options>({.name = "rebuild",
                            .group = "",  // hidden: for repairs
                            .summary = "make the tables anew from the ledgers",
                            .example = "hone rebuild --check",
                            .needs_folder = true},
                           &Declare, &RebuildRows);
}

}  // namespace hone::cli

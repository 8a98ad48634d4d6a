// SPDX-License-Identifier: Apache-2.0
// hone rebuild: the rows that lists and people read, made anew from the ledgers.
#include <cstdio>
#include <map>

#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/verbs.h"
#include "base/file.h"
#include "store/sqlite/sqlite_store.h"

namespace hone::cli {
namespace {

Projection Project(const ExperimentState& state) {
  Projection projection;
  projection.experiment = ProjectExperiment(state);
  for (const TrialState& trial : state.trials) {
    if (trial.phase != TrialPhase::kReserved && trial.phase != TrialPhase::kWithdrawn) {
      projection.trials.push_back(ProjectTrial(state, trial));
    }
  }
  return projection;
}

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

/// Compares all, tells each difference, and calls `repair` for experiments that have some.
Result<std::size_t> CompareAll(const Session& session, Store& store,
                               const std::function<Status(const Projection&)>& repair) {
  HONE_ASSIGN_OR_RETURN(const auto rows, session.List());
  std::size_t different = 0;
  for (const ExperimentRow& row : rows) {
    HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(row.id));
    HONE_ASSIGN_OR_RETURN(const auto trials, store.ListTrials(row.id));
    const Projection right = Project(state);
    const auto differences = Differences(row, trials, right);
    for (const std::string& difference : differences) {
      HONE_RETURN_IF_ERROR(PrintText(difference + " differs from its ledger\n"));
    }
    different += differences.size();
    if (!differences.empty() && repair) {
      HONE_RETURN_IF_ERROR(repair(right));
    }
  }
  return different;
}

}  // namespace

Result<int> RebuildRows(const Config& config, bool check) {
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  if (!session.HasStore()) {
    HONE_RETURN_IF_ERROR(PrintText("no experiments\n"));
    return kExitOk;
  }
  if (check) {
    HONE_ASSIGN_OR_RETURN(const std::size_t different, CompareAll(session, session.store(), {}));
    HONE_RETURN_IF_ERROR(PrintText(Counted(different, "row") + " differ from the ledgers\n"));
    return different == 0 ? kExitOk : kExitFailed;
  }
  HONE_ASSIGN_OR_RETURN(const FileLock lock, FileLock::Acquire(config.LockFile()));
  HONE_ASSIGN_OR_RETURN(const auto store, SqliteStore::Create(config.DataFile(), {}));
  HONE_ASSIGN_OR_RETURN(const std::size_t different,
                        CompareAll(session, *store, [&](const Projection& right) {
                          return store->ReplaceRows(right.experiment.id, right);
                        }));
  HONE_RETURN_IF_ERROR(PrintText(Counted(different, "row") + " made anew\n"));
  return kExitOk;
}

}  // namespace hone::cli

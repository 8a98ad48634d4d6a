// SPDX-License-Identifier: Apache-2.0
// hone trials: all trials of an experiment.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/wire/render.h"
#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/verb.h"
#include "base/text.h"

namespace hone::cli {
namespace {

std::string TimeOf(const TrialState& trial, Timestamp now) {
  if (trial.started_at == Timestamp()) {
    return "";
  }
  const Timestamp until = trial.ended_at == Timestamp() ? now : trial.ended_at;
  return FormatDuration(until - trial.started_at);
}

std::string TableText(const ExperimentState& state, Timestamp now) {
  const bool budgets = std::ranges::any_of(
      state.trials, [](const TrialState& trial) { return trial.budget.has_value(); });
  std::vector<std::string> heads = ObjectiveHeads(state.spec->objective);
  heads.insert(heads.begin(), {"NAME", "STATUS"});
  if (budgets) {
    heads.emplace_back("BUDGET");
  }
  heads.insert(heads.end(), {"TIME", "PARAMETERS"});
  Table table(std::move(heads));
  for (const TrialState& trial : state.trials) {
    if (trial.phase == TrialPhase::kReserved || trial.phase == TrialPhase::kWithdrawn) {
      continue;
    }
    std::string status(PhaseWord(trial.phase));
    if (trial.phase == TrialPhase::kFailed || trial.phase == TrialPhase::kMetricsUnavailable) {
      status += " (" + std::string(EndingWord(trial.ending)) + ")";
    }
    std::vector<std::string> cells = ObjectiveTexts(state, trial);
    cells.insert(cells.begin(), {state.NameOf(trial) + (state.best == trial.number ? " *" : ""),
                                 std::move(status)});
    if (budgets) {
      cells.push_back(trial.budget ? FormatDouble(*trial.budget) : "");
    }
    cells.push_back(TimeOf(trial, now));
    cells.push_back(FormatParameters(state.spec->space, trial.values));
    table.Add(std::move(cells));
  }
  return table.Text();
}

Result<int> ListTrials(const Config& config, const NamedOptions& options) {
  const auto& [name, output] = options;
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(name));
  if (output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(TableText(state, SystemClock().Now())));
  } else {
    HONE_RETURN_IF_ERROR(PrintDocument(TrialList(state), output));
  }
  return kExitOk;
}

}  // namespace

Verb TrialsVerb() {
  return MakeVerb<NamedOptions>({.name = "trials",
                                 .group = kReadGroup,
                                 .summary = "all trials of an experiment",
                                 .example = "hone trials digits"},
                                &DeclareReader, &ListTrials);
}

}  // namespace hone::cli

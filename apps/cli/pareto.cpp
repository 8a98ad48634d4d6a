// SPDX-License-Identifier: Apache-2.0
// hone pareto: the trials of an experiment that no other one beats in every objective.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "algorithms/pareto/front.h"
#include "api/wire/render.h"
#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

using Trials = std::vector<const TrialState*>;

/// Best in the first objective first. Trials that were stopped early count as `best` counts them.
Trials FrontOf(const ExperimentState& state) {
  Trials trials;
  std::vector<pareto::Losses> losses;
  for (const TrialState& trial : state.trials) {
    const bool counts =
        (trial.phase == TrialPhase::kSucceeded || trial.phase == TrialPhase::kEarlyStopped) &&
        !Violation(state.spec->objective, trial.observation);
    auto of_trial = counts ? LossesOf(state.spec->objective, trial.observation) : std::nullopt;
    if (of_trial) {
      trials.push_back(&trial);
      losses.push_back(std::move(*of_trial));
    }
  }
  std::vector<std::pair<pareto::Losses, const TrialState*>> front;
  for (const std::size_t i : pareto::Front(losses)) {
    front.emplace_back(losses[i], trials[i]);
  }
  std::ranges::stable_sort(front, {}, &std::pair<pareto::Losses, const TrialState*>::first);
  Trials sorted;
  sorted.reserve(front.size());
  for (const auto& [of_trial, trial] : front) {
    sorted.push_back(trial);
  }
  return sorted;
}

std::string TableText(const ExperimentState& state, const Trials& front) {
  std::vector<std::string> heads = ObjectiveHeads(state.spec->objective);
  heads.insert(heads.begin(), "NAME");
  heads.emplace_back("PARAMETERS");
  Table table(std::move(heads));
  for (const TrialState* trial : front) {
    std::vector<std::string> cells = ObjectiveTexts(state, *trial);
    cells.insert(cells.begin(), state.NameOf(*trial) + (state.best == trial->number ? " *" : ""));
    cells.push_back(FormatParameters(state.spec->space, trial->values));
    table.Add(std::move(cells));
  }
  return table.Text();
}

Result<int> ShowFront(const Config& config, const NamedOptions& options) {
  const auto& [name, output] = options;
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(name));
  const Trials front = FrontOf(state);
  if (output == OutputFormat::kTable && front.empty()) {
    return Fail(Code::kNotFound,
                "no trial of '" + name + "' has reported " +
                    (state.spec->objective.Count() == 1 ? "the objective" : "all objectives") +
                    " yet");
  }
  if (output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(TableText(state, front)));
  } else {
    nlohmann::json items = nlohmann::json::array();
    for (const TrialState* trial : front) {
      items.push_back(TrialObject(state, *trial));
    }
    HONE_RETURN_IF_ERROR(PrintDocument({{"items", std::move(items)}}, output));
  }
  return kExitOk;
}

}  // namespace

Verb ParetoVerb() {
  return MakeVerb<NamedOptions>({.name = "pareto",
                                 .group = kReadGroup,
                                 .summary = "the trials that no other one beats in every objective",
                                 .example = "hone pareto digits"},
                                &DeclareReader, &ShowFront);
}

}  // namespace hone::cli

// SPDX-License-Identifier: Apache-2.0
// hone get: one experiment.
#include <nlohmann/json.hpp>

#include "api/wire/render.h"
#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/slots_file.h"
#include "apps/cli/verb.h"
#include "apps/cli/view.h"
#include "base/text.h"

namespace hone::cli {
namespace {

std::string BudgetText(const ExperimentState& state) {
  std::string text = std::to_string(state.parallel_trial_count) + " at a time, ";
  text += state.max_trial_count ? "at most " + std::to_string(*state.max_trial_count)
                                : std::string("without limit");
  if (state.max_failed_trial_count) {
    text += ", fails at " + std::to_string(*state.max_failed_trial_count) + " failed";
  }
  return text;
}

std::string GoalText(const Objective& objective) {
  std::string text;
  const auto add = [&text](Direction direction, const std::string& metric,
                           const std::optional<double>& goal) {
    text.append(text.empty() ? "" : "; ");
    text.append(direction == Direction::kMaximize ? "maximize " : "minimize ").append(metric);
    text.append(goal ? ", goal " + FormatDouble(*goal) : "");
  };
  add(objective.direction, objective.metric, objective.goal);
  for (const FurtherObjective& other : objective.further) {
    add(other.direction, other.metric, other.goal);
  }
  return text;
}

std::string TableText(const ExperimentState& state, const std::string& waits) {
  const bool running = state.ended_at == Timestamp();
  const Timestamp until = running ? state.changed_at : state.ended_at;
  std::string text = ResultText(state);
  text += "objective   " + GoalText(state.spec->objective) + "\n";
  text +=
      "algorithm   " + state.spec->algorithm.name + ", seed " + std::to_string(state.seed) + "\n";
  text += "budget      " + BudgetText(state) + "\n";
  if (!waits.empty()) {
    text += "waits       " + Printable(waits, 300) + "\n";
  }
  text += "created     " + FormatSeconds(state.created_at) + "\n";
  text += std::string(running ? "last event  " : "ended       ") + FormatSeconds(until) +
          ", after " + FormatDuration(until - state.created_at) + "\n";
  return text + "uid         " + state.id.text + "\n";
}

Result<int> GetExperiment(const Config& config, const NamedOptions& options) {
  const auto& [name, output] = options;
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(name));
  if (output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(TableText(state, WhyItWaits(config, state.id))));
  } else {
    HONE_RETURN_IF_ERROR(PrintDocument(ExperimentObject(state), output));
  }
  return kExitOk;
}

}  // namespace

Verb GetVerb() {
  return MakeVerb<NamedOptions>({.name = "get",
                                 .group = kReadGroup,
                                 .summary = "one experiment",
                                 .example = "hone get digits -o yaml"},
                                &DeclareReader, &GetExperiment);
}

}  // namespace hone::cli

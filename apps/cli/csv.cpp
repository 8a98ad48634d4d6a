// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/csv.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/observation.h"

namespace hone::cli {
namespace {

std::string Field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    return std::string(text);
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + '"';
}

void AddLine(std::string& csv, const std::vector<std::string>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    csv += (i == 0 ? "" : ",") + Field(cells[i]);
  }
  csv += '\n';
}

void AddHead(std::vector<std::string>& heads, const std::string& name, const std::string& prefix) {
  const bool taken = std::find(heads.begin(), heads.end(), name) != heads.end();
  heads.push_back(taken ? prefix + name : name);
}

std::string TimeCell(Timestamp time) {
  return time == Timestamp() ? "" : FormatMicros(time);
}

/// What the strategy of the objective's metric takes of the reported values.
std::string MetricCell(const Objective& objective, const Observation& observation) {
  const ObjectiveValue value = ObjectiveOf(objective, observation);
  if (value.availability != Availability::kNotANumber) {
    return value.text;
  }
  const auto summary = std::find_if(observation.begin(), observation.end(), [&](const auto& known) {
    return known.metric == objective.metric;
  });
  return summary->latest;
}

/// The objective once for each metric, as if that were what is optimised.
std::vector<Objective> ByMetric(const Objective& objective) {
  std::vector<Objective> each;
  for (const std::string& metric : objective.MetricNames()) {
    each.push_back(objective);
    each.back().metric = metric;
  }
  return each;
}

}  // namespace

std::string TrialsCsv(const ExperimentState& state) {
  const std::vector<Objective> metrics = ByMetric(state.spec->objective);
  std::vector<std::string> cells = {"trial", "status", "start", "end"};
  for (const Parameter& parameter : state.spec->space.parameters) {
    AddHead(cells, parameter.name, "parameter.");
  }
  for (const Objective& metric : metrics) {
    AddHead(cells, metric.metric, "metric.");
  }
  std::string csv;
  AddLine(csv, cells);
  for (const TrialState& trial : state.trials) {
    if (trial.phase == TrialPhase::kReserved || trial.phase == TrialPhase::kWithdrawn) {
      continue;
    }
    cells = {state.NameOf(trial), std::string(PhaseWord(trial.phase)), TimeCell(trial.started_at),
             TimeCell(trial.ended_at)};
    for (const Value& value : trial.values) {
      cells.push_back(value.active ? value.text : "");
    }
    for (const Objective& metric : metrics) {
      cells.push_back(MetricCell(metric, trial.observation));
    }
    AddLine(csv, cells);
  }
  return csv;
}

}  // namespace hone::cli

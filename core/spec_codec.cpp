// SPDX-License-Identifier: Apache-2.0
#include "core/spec_codec.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "core/spec_parts.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 2> kDirections = {"minimize", "maximize"};
constexpr std::array<std::string_view, 3> kStrategies = {"min", "max", "latest"};
constexpr std::array<std::string_view, 3> kResumePolicies = {"Never", "LongRunning", "FromVolume"};
constexpr int kDefaultParallel = 3;
// Copying and substituting walk the document recursively.
constexpr std::size_t kDeepest = 100;

void DecodeHead(Fields& root, ExperimentSpec& spec) {
  for (const auto& [key, wanted] :
       {std::pair{"apiVersion", "kubeflow.org/v1beta1"}, std::pair{"kind", "Experiment"}}) {
    if (root.Text(key).value_or("") != wanted) {
      root.problems().Refuse(key, "must be " + std::string(wanted));
    }
  }
  root.object().erase("status");  // of an exported object; the ledger is the truth
  std::optional<Fields> metadata = root.Object("metadata");
  if (!metadata) {
    root.problems().Refuse("metadata.name", "is required; name the experiment");
    return;
  }
  metadata->Keep({"labels", "annotations", "uid", "creationTimestamp", "generation",
                  "resourceVersion", "managedFields", "ownerReferences", "finalizers", "selfLink",
                  "generateName", "deletionTimestamp", "deletionGracePeriodSeconds"});
  spec.name = metadata->RequiredText("name", "name the experiment (generateName is not supported)");
  if (const auto name_space = metadata->Text("namespace"); name_space && !name_space->empty()) {
    spec.name_space = *name_space;
  } else {
    metadata->object()["namespace"] = spec.name_space;
  }
  metadata->Finish();
}

void DecodeStrategies(Fields& fields, Objective& objective) {
  std::set<std::string, std::less<>> listed;
  fields.ForEach("metricStrategies", [&objective, &listed](Fields& item) {
    const std::string name = item.RequiredText("name", "name a metric");
    const auto value = item.Word("value", kStrategies);
    if (!item.Has("value")) {
      item.problems().Refuse(item.Path("value"), "is required: min, max or latest");
    }
    const bool twice = !name.empty() && !listed.insert(name).second;
    if (twice) {
      item.problems().Refuse(item.Path("name"), "this metric already has a strategy");
    }
    if (!name.empty() && !twice) {
      objective.strategies.push_back({name, static_cast<Strategy>(value.value_or(2))});
    }
  });
}

Strategy DefaultStrategy(const Objective& objective, const std::string& metric) {
  const auto further = std::ranges::find(objective.further, metric, &FurtherObjective::metric);
  if (further != objective.further.end()) {
    return objective.StrategyOf(metric, further->direction);
  }
  const bool of_katib =
      metric == objective.metric ||
      std::ranges::find(objective.additional_metrics, metric) != objective.additional_metrics.end();
  return of_katib ? objective.StrategyOf(metric, objective.direction)
                  : objective.StrategyOf(metric);
}

/// Katib's order: the user's entries, then the objective, then the additional metrics.
void AddDefaultStrategies(Fields& fields, Objective& objective) {
  std::set<std::string, std::less<>> listed;
  for (const MetricStrategy& entry : objective.strategies) {
    listed.insert(entry.metric);
  }
  for (const std::string& metric : objective.MetricNames()) {
    if (!metric.empty() && listed.insert(metric).second) {
      objective.strategies.push_back({metric, DefaultStrategy(objective, metric)});
    }
  }
  json list = json::array();
  for (const MetricStrategy& entry : objective.strategies) {
    list.push_back({{"name", entry.metric},
                    {"value", kStrategies.at(static_cast<std::size_t>(entry.strategy))}});
  }
  json& written = fields.object()["metricStrategies"];
  if (written.is_null() || written.is_array()) {
    // Entries that the user wrote stay as they are, with fields that hone does not know.
    for (std::size_t i = written.size(); i < list.size(); ++i) {
      written.push_back(list[i]);
    }
  }
}

void DecodeFurtherObjectives(Fields& fields, Objective& objective) {
  fields.ForEach("additionalObjectives", [&objective](Fields& item) {
    FurtherObjective other;
    other.metric = item.RequiredText("metricName", "name a further metric that trials report");
    if (const auto type = item.Word("type", kDirections)) {
      other.direction = static_cast<Direction>(*type);
    } else {
      (void)item.RequiredText("type", "say minimize or maximize");
    }
    other.goal = item.Number("goal");
    item.Finish();
    objective.further.push_back(std::move(other));
  });
}

void DecodeOutcomeConstraints(Fields& fields, Objective& objective) {
  fields.ForEach("outcomeConstraints", [&objective](Fields& item) {
    OutcomeConstraint constraint;
    constraint.metric = item.RequiredText("metricName", "name a metric that trials report");
    constraint.at_most = item.Number("atMost");
    constraint.at_least = item.Number("atLeast");
    const bool given = item.Has("atMost") || item.Has("atLeast");
    if (!given) {
      item.problems().Refuse(item.Path("atMost"), "say atMost, atLeast or both");
    }
    if (constraint.at_most && constraint.at_least && *constraint.at_most < *constraint.at_least) {
      item.problems().Refuse(item.Path("atMost"), "must not be below atLeast");
    }
    item.Finish();
    objective.constraints.push_back(std::move(constraint));
  });
}

void DecodeObjective(Fields& spec, Objective& objective) {
  std::optional<Fields> fields = spec.Object("objective");
  if (!fields) {
    if (!spec.Has("objective")) {
      spec.problems().Refuse(spec.Path("objective"), "is required: type and objectiveMetricName");
    }
    return;
  }
  if (const auto type = fields->Word("type", kDirections)) {
    objective.direction = static_cast<Direction>(*type);
  } else if (fields->RequiredText("type", "say minimize or maximize").empty()) {
    objective.direction = Direction::kMaximize;
  }
  objective.goal = fields->Number("goal");
  objective.metric =
      fields->RequiredText("objectiveMetricName", "name the metric that trials report");
  objective.additional_metrics = fields->Texts("additionalMetricNames");
  DecodeFurtherObjectives(*fields, objective);
  DecodeOutcomeConstraints(*fields, objective);
  DecodeStrategies(*fields, objective);
  AddDefaultStrategies(*fields, objective);
  objective.noisy = fields->Flag("noisy").value_or(false);
  if (objective.noisy && !objective.further.empty()) {
    fields->problems().Refuse(fields->Path("noisy"),
                              "is for a single objective; remove it or additionalObjectives");
  }
  fields->Finish();
}

std::optional<AlgorithmSpec> DecodeAlgorithm(Fields& spec, std::string_view key) {
  std::optional<Fields> fields = spec.Object(key);
  if (!fields) {
    return std::nullopt;
  }
  AlgorithmSpec algorithm;
  algorithm.name = fields->RequiredText("algorithmName", "name one of `hone algorithms`");
  fields->ForEach("algorithmSettings", [&algorithm](Fields& item) {
    std::string name = item.RequiredText("name", "name a setting of the algorithm");
    if (!item.Has("value")) {
      item.problems().Refuse(item.Path("value"), "is required");
    }
    algorithm.settings.push_back({std::move(name), item.Text("value").value_or("")});
  });
  DecodeEndpoint(*fields);
  fields->Finish();
  return algorithm;
}

void DecodeBudget(Fields& fields, ExperimentSpec& spec) {
  if (!fields.Has("parallelTrialCount")) {
    fields.object()["parallelTrialCount"] = kDefaultParallel;
  }
  spec.parallel_trial_count = fields.Count("parallelTrialCount").value_or(kDefaultParallel);
  spec.max_trial_count = fields.Count("maxTrialCount");
  spec.max_failed_trial_count = fields.Count("maxFailedTrialCount");
  if (!fields.Has("resumePolicy") || fields.object()["resumePolicy"] == "") {
    fields.object()["resumePolicy"] = "Never";
  }
  if (const auto policy = fields.Word("resumePolicy", kResumePolicies)) {
    spec.resume_policy = static_cast<ResumePolicy>(*policy);
  }
}

void DecodeBody(Fields& fields, ExperimentSpec& spec) {
  DecodeSpace(fields, spec.space);
  DecodeNas(fields, spec.nas);
  DecodeObjective(fields, spec.objective);
  if (auto algorithm = DecodeAlgorithm(fields, "algorithm")) {
    spec.algorithm = std::move(*algorithm);
  } else if (!fields.Has("algorithm")) {
    fields.problems().Refuse(fields.Path("algorithm"),
                             "is required; name one of `hone algorithms`");
  }
  spec.early_stopping = DecodeAlgorithm(fields, "earlyStopping");
  DecodeBudget(fields, spec);
  spec.runner = DecodeRunner(fields);
  DecodeCollector(fields, spec.runner, spec.collector);
  DecodeTemplate(fields, spec.runner, spec.trial_template);
  DecodeOwnFields(fields, spec);
  fields.Finish();
}

bool NestsDeeperThan(std::size_t levels, const json& value) {
  return value.is_structured() && (levels == 0 || std::ranges::any_of(value, [&](const json& item) {
                                     return NestsDeeperThan(levels - 1, item);
                                   }));
}

}  // namespace

ExperimentSpec DecodeSpec(json document, const SourceText& source_text, Problems& problems) {
  ExperimentSpec spec;
  if (!document.is_object()) {
    problems.Refuse("",
                    "is not an Experiment: an object with apiVersion, kind, metadata and spec "
                    "is wanted");
    return spec;
  }
  if (NestsDeeperThan(kDeepest, document)) {
    problems.Refuse("", "the nesting is deeper than 100 levels");
    return spec;
  }
  json normal = std::move(document);
  DecodeContext context{source_text, problems};
  Fields root(normal, "", context);
  DecodeHead(root, spec);
  if (std::optional<Fields> body = root.Object("spec")) {
    DecodeBody(*body, spec);
  } else if (!root.Has("spec")) {
    problems.Refuse("spec", "is required");
  }
  root.Finish();
  spec.document = DumpJson(normal);
  return spec;
}

Result<ExperimentSpec> DecodeStoredSpec(std::string_view document) {
  json parsed = ParseJson(document);
  if (parsed.is_discarded()) {
    return Fail(Code::kDataLoss, "the stored experiment is not JSON");
  }
  Problems problems;
  ExperimentSpec spec = DecodeSpec(std::move(parsed), nullptr, problems);
  for (const Problem& problem : problems.list()) {
    if (problem.severity == Problem::Severity::kError) {
      return Fail(Code::kDataLoss, "the stored experiment does not decode: " + problem.message,
                  problem.field);
    }
  }
  return spec;
}

}  // namespace hone

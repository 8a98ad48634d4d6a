// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "core/spec_codec.h"
#include "core/template.h"

namespace hone {
namespace {

using nlohmann::json;

// Katib's limit; trial names add nine characters to it.
constexpr std::size_t kLongestName = 40;
constexpr std::size_t kLongestNamespace = 63;
constexpr int kMostSuggestions = 50;

bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}

bool IsLabelChar(char c) {
  return IsLower(c) || (c >= '0' && c <= '9') || c == '-';
}

/// A DNS label: lower-case letters, digits and '-', not at either end.
bool IsLabel(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, IsLabelChar) && text.front() != '-' &&
         text.back() != '-';
}

void CheckNames(const ExperimentSpec& spec, Problems& problems) {
  const std::string& name = spec.name;
  const std::vector<std::string_view> labels = Split(name, '.');
  if (!name.empty() && (!IsLower(name.front()) || !std::ranges::all_of(labels, IsLabel))) {
    problems.Refuse("metadata.name",
                    Quoted(name) +
                        " must start with a lower-case letter and hold only lower-case letters, "
                        "digits, '-' and '.', ending with a letter or digit");
  }
  if (name.size() > kLongestName) {
    problems.Refuse("metadata.name",
                    "must have at most 40 characters (it has " + std::to_string(name.size()) + ")");
  }
  if (!IsLabel(spec.name_space) || spec.name_space.size() > kLongestNamespace) {
    problems.Refuse(
        "metadata.namespace",
        Quoted(spec.name_space) + " must hold only lower-case letters, digits and '-', at most 63");
  }
}

void CheckCounts(const ExperimentSpec& spec, Problems& problems) {
  const std::optional<int>& most = spec.max_trial_count;
  if (spec.parallel_trial_count <= 0) {
    problems.Refuse("spec.parallelTrialCount", "must be > 0");
  }
  if (most && *most <= 0) {
    problems.Refuse("spec.maxTrialCount", "must be > 0");
  }
  if (spec.max_failed_trial_count && *spec.max_failed_trial_count < 0) {
    problems.Refuse("spec.maxFailedTrialCount", "must be >= 0");
  }
  if (!most) {
    return;
  }
  const auto at_most = [&](const char* field, int count, const char* hint) {
    if (count > *most && *most > 0) {
      problems.Refuse(field, "must be <= maxTrialCount (" + std::to_string(count) + " > " +
                                 std::to_string(*most) + ")" + hint);
    }
  };
  at_most("spec.parallelTrialCount", spec.parallel_trial_count, "; it is 3 if not given");
  at_most("spec.maxFailedTrialCount", spec.max_failed_trial_count.value_or(0), "");
}

void CheckFurtherObjectives(const Objective& objective, Problems& problems) {
  std::set<std::string_view> seen{objective.metric};
  for (std::size_t i = 0; i < objective.further.size(); ++i) {
    const std::string& name = objective.further[i].metric;
    if (!name.empty() && !seen.insert(name).second) {
      problems.Refuse(
          "spec.objective.additionalObjectives[" + std::to_string(i) + "].metricName",
          Quoted(name) + " is an objective already; name another metric or remove it here");
    }
  }
}

void CheckMetrics(const Objective& objective, Problems& problems) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < objective.additional_metrics.size(); ++i) {
    const std::string& name = objective.additional_metrics[i];
    const std::string field = "spec.objective.additionalMetricNames[" + std::to_string(i) + "]";
    if (name.empty()) {
      problems.Refuse(field, "is empty; name a metric or remove it");
    } else if (name == objective.metric) {
      problems.Refuse(field, Quoted(name) + " is the objective already; remove it here");
    } else if (!seen.insert(name).second) {
      problems.Warn(field, Quoted(name) + " is listed twice");
    }
  }
  const std::vector<std::string> names = objective.MetricNames();
  const std::set<std::string_view> known(names.begin(), names.end());
  for (std::size_t i = 0; i < objective.strategies.size(); ++i) {
    const std::string& name = objective.strategies[i].metric;
    if (!known.contains(name)) {
      problems.Warn("spec.objective.metricStrategies[" + std::to_string(i) + "].name",
                    Quoted(name) + " is neither an objective nor an additional metric");
    }
  }
}

/// The rules of `spec.trialTemplate` that need the placeholders and the space.
class TemplateCheck {
 public:
  TemplateCheck(const ExperimentSpec& spec, Problems& problems)
      : spec_(spec), template_(spec.trial_template), problems_(problems) {}

  void Run() {
    if (template_.trial_spec.empty()) {
      return;  // told by DecodeSpec
    }
    object_ = ParseJson(template_.trial_spec);
    CheckObject();
    placeholders_ = PlaceholdersIn(template_.trial_spec);
    used_.insert(placeholders_.begin(), placeholders_.end());
    for (const Parameter& parameter : spec_.space.parameters) {
      known_.insert(parameter.name);
    }
    for (std::size_t i = 0; i < template_.parameters.size(); ++i) {
      CheckParameter(i);
    }
    CheckLeftovers();
    CheckUnused();
  }

 private:
  static constexpr const char* kPath = "spec.trialTemplate.trialSpec";

  void CheckObject() {
    if (!object_.is_object()) {
      problems_.Refuse(kPath, "must be an object");
      return;
    }
    for (const char* key : {"apiVersion", "kind"}) {
      const auto found = object_.find(key);
      if (found == object_.end() || !found->is_string() || *found == "") {
        problems_.Refuse(std::string(kPath) + "." + key, "is required");
      }
    }
    const auto metadata = object_.find("metadata");
    if (metadata == object_.end() || !metadata->is_object()) {
      return;
    }
    for (const char* key : {"name", "namespace"}) {
      const auto found = metadata->find(key);
      if (found != metadata->end() && !found->is_null() && *found != "") {
        problems_.Refuse(std::string(kPath) + ".metadata." + key,
                         "must be absent, because every trial gets its own; remove it");
      }
    }
  }

  void CheckParameter(std::size_t i) {
    const TrialParameter& parameter = template_.parameters[i];
    const std::string path = "spec.trialTemplate.trialParameters[" + std::to_string(i) + "]";
    if (!parameter.name.empty()) {
      CheckParameterName(parameter.name, path + ".name");
    }
    if (!parameter.reference.empty()) {
      CheckReference(parameter.reference, path + ".reference");
    }
  }

  void CheckParameterName(const std::string& name, const std::string& field) {
    if (name.find_first_of("{}") != std::string::npos) {
      problems_.Refuse(field, "must not contain braces");
      return;
    }
    if (!names_.insert(name).second) {
      problems_.Refuse(field, Quoted(name) + " is used by another trial parameter already");
    } else if (!used_.contains(name)) {
      problems_.Refuse(field, "the trialSpec does not use ${trialParameters." + Printable(name) +
                                  "}; use it or remove the parameter");
    }
  }

  void CheckReference(const std::string& reference, const std::string& field) {
    if (!references_.insert(reference).second) {
      problems_.Refuse(field, Quoted(reference) + " is used by another trial parameter already");
      return;
    }
    if (IsMetadataReference(reference)) {
      if (const auto value = MetadataReference(object_, spec_, "trial", reference); !value) {
        problems_.Refuse(field, value.error().message);
      }
      return;
    }
    if (known_.empty() || known_.contains(reference)) {
      return;
    }
    std::string_view near;
    if (suggestions_ < kMostSuggestions) {  // each compares with every name
      const std::vector<std::string_view> known(known_.begin(), known_.end());
      near = Nearest(reference, known);
      ++suggestions_;
    }
    problems_.Refuse(field, "there is no parameter " + Quoted(reference) +
                                (near.empty() ? "; name one of spec.parameters"
                                              : ", did you mean " + std::string(near) + "?"));
  }

  void CheckLeftovers() {
    for (const std::string& name : placeholders_) {
      if (!names_.contains(name)) {
        problems_.Refuse(kPath, "uses ${trialParameters." + Printable(name) +
                                    "}, which is not in trialParameters; add it there");
      }
    }
  }

  void CheckUnused() {
    for (std::size_t i = 0; i < spec_.space.parameters.size(); ++i) {
      const Parameter& parameter = spec_.space.parameters[i];
      const std::string path = "spec.parameters[" + std::to_string(i) + "]";
      const bool used = references_.contains(parameter.name);
      if (!used && !parameter.name.empty()) {
        problems_.Refuse(path + ".name", "no trialParameter refers to " + Quoted(parameter.name) +
                                             ", so its value would reach no trial; add one or "
                                             "remove the parameter");
      }
      if (used && parameter.active_when && !parameter.inactive_value) {
        problems_.Refuse(path + ".inactiveValue",
                         "is required, because the template uses this parameter: say what it gets "
                         "while the parameter is inactive");
      }
    }
  }

  const ExperimentSpec& spec_;
  const TrialTemplate& template_;
  Problems& problems_;
  json object_;
  std::vector<std::string> placeholders_;
  std::set<std::string_view> used_;   // the placeholders
  std::set<std::string_view> known_;  // names of the search parameters
  int suggestions_ = 0;
  std::set<std::string> names_;
  std::set<std::string> references_;
};

}  // namespace

void CheckSpec(const ExperimentSpec& spec, Problems& problems) {
  CheckNames(spec, problems);
  CheckCounts(spec, problems);
  CheckSpace(spec.space, "spec.parameters", problems);
  if (spec.nas) {
    for (std::size_t i = 0; i < spec.nas->operations.size(); ++i) {
      CheckSpace(spec.nas->operations[i].choices,
                 "spec.nasConfig.operations[" + std::to_string(i) + "].parameters", problems);
    }
  }
  CheckFurtherObjectives(spec.objective, problems);
  CheckMetrics(spec.objective, problems);
  TemplateCheck(spec, problems).Run();
}

}  // namespace hone

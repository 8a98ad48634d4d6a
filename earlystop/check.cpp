// SPDX-License-Identifier: Apache-2.0
#include "earlystop/check.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "core/remote_service.h"
#include "earlystop/early_stop.h"
#include "earlystop/registry.h"

namespace hone {
namespace {

constexpr char kNameField[] = "spec.earlyStopping.algorithmName";
constexpr char kSettingsField[] = "spec.earlyStopping.algorithmSettings";

void RefuseUnknown(const std::string& name, Problems& problems) {
  problems.Refuse(kNameField, NoSuch("early stopping", name, StopperRegistry::Instance().Names()));
}

/// A rule can only follow what is collected.
void CheckMetric(const ExperimentSpec& spec, Problems& problems) {
  const std::vector<std::string> collected = spec.objective.MetricNames();
  const std::string metric = EarlyStopMetrics(spec).names.front();
  if (std::ranges::find(collected, metric) == collected.end()) {
    problems.Refuse(kSettingsField, "the metric " + Quoted(metric) +
                                        " is not collected; add it to "
                                        "spec.objective.additionalMetricNames");
  }
}

}  // namespace

void CheckEarlyStopping(const ExperimentSpec& spec, Problems& problems) {
  if (!spec.early_stopping || spec.early_stopping->name.empty()) {
    return;  // nothing to check, or told already
  }
  if (RemoteEarlyStopping(spec)) {
    return;  // name and settings are the service's business
  }
  const StopperInfo* info = StopperRegistry::Instance().Find(spec.early_stopping->name);
  if (info == nullptr) {
    return RefuseUnknown(spec.early_stopping->name, problems);
  }
  Problems found;
  static_cast<void>(
      CheckSettings(info->settings, spec.early_stopping->settings, kSettingsField, found));
  const bool objective_told = problems.HasErrorsAt("spec.objective");
  problems.AddNew(found);
  if (spec.objective.Count() > 1 && info->create_for_several == nullptr) {
    problems.Refuse(kNameField,
                    info->name +
                        " judges one objective; use asha, medianstop or percentile, which compare "
                        "trials by their fronts, or leave out spec.objective.additionalObjectives");
  }
  if (!found.HasErrors() && !objective_told) {
    CheckMetric(spec, problems);
  }
}

}  // namespace hone

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "core/quantity.h"
#include "core/spec_parts.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr std::string_view kGpu = "nvidia.com/gpu";
constexpr std::array<std::string_view, 3> kResources = {"cpu", "memory", kGpu};

using Resources = std::vector<std::pair<std::string, std::string>>;

/// The resources that make sense; the others are told.
Resources CheckedResources(Fields& spec) {
  Resources checked;
  for (auto& [name, text] : spec.TextMap("resources")) {
    const std::string field = spec.Path("resources") + "." + Printable(name);
    if (std::ranges::find(kResources, name) == kResources.end()) {
      const std::string_view near = Nearest(name, kResources);
      spec.problems().Refuse(field,
                             "is no resource; there are cpu, memory and nvidia.com/gpu" +
                                 (near.empty() ? "" : ", did you mean " + std::string(near) + "?"));
      continue;
    }
    const std::optional<double> quantity = ParseQuantity(text);
    if (!quantity || *quantity <= 0) {
      spec.problems().Refuse(
          field, "must be a quantity > 0 such as 2, \"500m\" or 4Gi (it is " + Quoted(text) + ")");
    } else if (name == kGpu && *quantity != std::floor(*quantity)) {
      spec.problems().Refuse(field, "must be a whole number of GPUs");
    } else {
      checked.emplace_back(name, text);
    }
  }
  return checked;
}

json* PrimaryContainer(json& job, const std::string& name) {
  const json::json_pointer path("/spec/template/spec/containers");
  if (!job.is_object() || job.value("kind", json()) != "Job" || !job.contains(path) ||
      !job.at(path).is_array()) {
    return nullptr;
  }
  json& containers = job.at(path);
  const auto found = std::ranges::find_if(containers, [&name](const json& container) {
    return container.is_object() && container.value("name", json()) == name;
  });
  return found == containers.end() ? nullptr : &*found;
}

/// Puts what neither the container's limits nor its requests name into its limits.
void AddLimits(json& container, const Resources& resources) {
  json& written = container["resources"];
  for (const char* const group : {"limits", "requests"}) {
    const bool readable = (written.is_null() || written.is_object()) &&
                          (!written.contains(group) || written[group].is_object());
    if (!readable) {
      return;  // told by the check of the template
    }
  }
  for (const auto& [name, text] : resources) {
    const bool said = (written.contains("limits") && written["limits"].contains(name)) ||
                      (written.contains("requests") && written["requests"].contains(name));
    if (!said) {
      written["limits"][name] = text;
    }
  }
}

}  // namespace

void DecodeResources(Fields& spec, TrialTemplate& trial) {
  const Resources resources = CheckedResources(spec);
  if (resources.empty() || trial.trial_spec.empty()) {
    return;
  }
  json object = ParseJson(trial.trial_spec);
  json* const container = PrimaryContainer(object, trial.primary_container);
  if (container == nullptr) {
    spec.problems().CannotHere(spec.Path("resources"),
                               "is for the primary container of a Job, and the template has none; "
                               "write limits into the template");
    return;
  }
  AddLimits(*container, resources);
  trial.trial_spec = DumpJson(object);
}

}  // namespace hone

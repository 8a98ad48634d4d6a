// SPDX-License-Identifier: Apache-2.0
#include "core/larger_memory.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "core/quantity.h"

namespace hone {
namespace {

using nlohmann::json;

void Enlarge(json& group, double factor) {
  const auto memory = group.is_object() ? group.find("memory") : group.end();
  if (!group.is_object() || memory == group.end()) {
    return;
  }
  const std::string text = memory->is_string() ? memory->get<std::string>() : memory->dump();
  const std::optional<double> quantity = ParseQuantity(text);
  constexpr double kMost = 9e18;
  if (quantity && *quantity > 0) {
    const double bytes = std::min(std::ceil(*quantity * factor), kMost);
    *memory = std::to_string(static_cast<std::int64_t>(bytes));
  }
}

void EnlargeContainer(json& container, double factor) {
  const auto resources = container.is_object() ? container.find("resources") : container.end();
  if (!container.is_object() || resources == container.end() || !resources->is_object()) {
    return;
  }
  for (const char* const group : {"limits", "requests"}) {
    if (const auto found = resources->find(group); found != resources->end()) {
      Enlarge(*found, factor);
    }
  }
}

/// Pod templates stand at different depths in a Job and in training jobs.
void EnlargeAll(json& node, double factor) {
  for (auto& [key, value] : node.items()) {
    if (key == "containers" && value.is_array()) {
      for (json& container : value) {
        EnlargeContainer(container, factor);
      }
    } else if (value.is_object()) {
      EnlargeAll(value, factor);
    }
  }
}

}  // namespace

double MemoryFactor(const RetryPolicy& policy, const TrialState& trial) {
  return std::pow(policy.memory_factor, trial.out_of_memory);
}

double MemoryFactor(const ExperimentState& state) {
  double most = 1;
  if (state.spec->retry_policy && state.spec->retry_policy->memory_factor > 1) {
    for (const TrialNumber number : state.active) {
      most = std::max(most, MemoryFactor(*state.spec->retry_policy, *state.Find(number)));
    }
  }
  return most;
}

std::string WithMoreMemory(std::string_view object, double factor) {
  json node = ParseJson(object);
  if (factor == 1 || !node.is_object()) {
    return std::string(object);
  }
  EnlargeAll(node, factor);
  return DumpJson(node);
}

}  // namespace hone

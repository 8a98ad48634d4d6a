// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/spec.h"

namespace hone {

/// Starts the text of a scalar with placeholders that stands without quotes in a ConfigMap's
/// template: with the values put in, it gets the type that YAML gives such a text (`replicas:
/// ${trialParameters.n}` is a number). In inline templates every placeholder gives a text.
inline constexpr std::string_view kPlainMark = "${plainScalar}";

/// A trial's run object: the template with its values put in, named after the trial.
/// @param trial_name  becomes metadata.name; @param values  in the order of spec.space
/// @returns  JSON text of the Kubernetes object
/// @errors   kInvalidArgument: a reference without value, a placeholder left over, text that is no
/// JSON afterwards
Result<std::string> RenderTrial(const ExperimentSpec& spec, std::string_view trial_name,
                                const Assignment& values);

/// The first `${trialParameters.NAME}` of a text: where it starts and ends.
struct PlaceholderRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};
std::optional<PlaceholderRange> FindPlaceholder(std::string_view text);

/// Names of all `${trialParameters.NAME}` placeholders in a text, in order of appearance, once
/// each.
std::vector<std::string> PlaceholdersIn(std::string_view text);

/// The value of a metadata reference such as "${trialSpec.Labels[team]}" (Name, Namespace, Kind,
/// APIVersion, Labels, Annotations of the template). @param object  the template
/// @errors kInvalidArgument: unknown word
/// or missing key
Result<std::string> MetadataReference(const nlohmann::json& object, const ExperimentSpec& spec,
                                      std::string_view trial_name, std::string_view reference);
/// Whether a trialParameter's reference is a metadata reference.
bool IsMetadataReference(std::string_view reference);

}  // namespace hone

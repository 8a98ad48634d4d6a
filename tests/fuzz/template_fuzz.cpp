// SPDX-License-Identifier: Apache-2.0
// Substitution: a value, a zero byte, a metadata reference, a zero byte, and the JSON of a template
// with the placeholders ${trialParameters.a} and ${trialParameters.b}.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "core/template.h"
#include "tests/fuzz/fuzz.h"

void hone::fuzz::FuzzOne(std::string_view input) {
  ExperimentSpec spec;
  spec.name = "fuzz";
  spec.space.parameters = {{"x", CategoricalDomain{{"one"}}, std::nullopt, std::nullopt}};
  const std::string value(TakePart(input));
  const std::string reference(TakePart(input));
  spec.trial_template.parameters = {{"a", "", "x"}, {"b", "", reference}};
  spec.trial_template.trial_spec = std::string(input);
  static_cast<void>(PlaceholdersIn(input));
  const nlohmann::json object = hone::ParseJson(input);
  [[maybe_unused]] const auto word = MetadataReference(object, spec, "fuzz-1", reference);
  [[maybe_unused]] const auto job = RenderTrial(spec, "fuzz-1", {{value, true}});
  spec.trial_template.config_map.emplace();
  [[maybe_unused]] const auto typed = RenderTrial(spec, "fuzz-1", {{value, true}});
}

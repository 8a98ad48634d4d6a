// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "core/spec_parts.h"

namespace hone {
namespace {

void DecodeGraph(Fields& config, NasSpec& nas) {
  std::optional<Fields> graph = config.Object("graphConfig");
  if (!graph) {
    if (!config.Has("graphConfig")) {
      config.problems().Refuse(config.Path("graphConfig"), "is required: numLayers at least");
    }
    return;
  }
  const std::optional<int> layers = graph->Count("numLayers");
  if (!graph->Has("numLayers") || layers.value_or(1) <= 0) {
    graph->problems().Refuse(graph->Path("numLayers"), "must be given and > 0");
  }
  nas.layers = layers.value_or(0);
  nas.input_sizes = graph->Counts("inputSizes");
  nas.output_sizes = graph->Counts("outputSizes");
  graph->Finish();
}

/// Katib's services need a step to count the values of a double.
void CheckCountable(const Space& choices, const std::string& path, Problems& problems) {
  for (std::size_t i = 0; i < choices.parameters.size(); ++i) {
    const auto* real = std::get_if<RealDomain>(&choices.parameters[i].domain);
    if (real != nullptr && !real->step) {
      problems.Refuse(path + "[" + std::to_string(i) + "].feasibleSpace.step",
                      "is required for a double in an operation, whose values are counted");
    }
  }
}

NasOperation DecodeOperation(Fields& fields) {
  NasOperation operation;
  operation.type = fields.RequiredText("operationType", "name the operation, such as convolution");
  DecodeParameters(fields, operation.choices, /*default_distribution=*/false);
  if (operation.choices.parameters.empty() && operation.type != "skip_connection") {
    fields.problems().Refuse(fields.Path("parameters"),
                             "is required: at least one parameter, except for skip_connection");
  }
  CheckCountable(operation.choices, fields.Path("parameters"), fields.problems());
  return operation;
}

}  // namespace

void DecodeNas(Fields& spec, std::optional<NasSpec>& nas) {
  std::optional<Fields> config = spec.Object("nasConfig");
  if (!config) {
    return;
  }
  nas.emplace();
  DecodeGraph(*config, *nas);
  const bool present = config->ForEach(
      "operations", [&nas](Fields& fields) { nas->operations.push_back(DecodeOperation(fields)); });
  if (!present || (nas->operations.empty() && config->object()["operations"].empty())) {
    config->problems().Refuse(config->Path("operations"),
                              "is required: list at least one operation");
  }
  config->Finish();
}

}  // namespace hone

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/problem.h"
#include "core/spec.h"

namespace hone {

/// The source text of a scalar at a path ("spec.parameters[0].feasibleSpace.max"), where the
/// document had one without quotes: `0.10` is the number 0.1 in JSON, but Katib's texts keep it as
/// written.
using SourceText = std::function<std::optional<std::string>(std::string_view path)>;

/// Decodes a Katib v1beta1 Experiment document with hone's own fields, and applies Katib's defaults
/// in Katib's order. Collects every problem of shape: missing and mistyped fields, unknown words,
/// and unknown fields (warnings with the nearest known name). Checks that need more than one field
/// are CheckSpec's and admission's.
/// @returns  what could be decoded; use it only if `problems` has no errors
ExperimentSpec DecodeSpec(nlohmann::json document, const SourceText& source_text,
                          Problems& problems);

/// DecodeSpec for text that was made by it before (ExperimentSpec::document). @errors kDataLoss if
/// it does not decode
Result<ExperimentSpec> DecodeStoredSpec(std::string_view document);

/// Checks over several fields that need no registry: counts, metric names, template parameters and
/// placeholders, the space. See docs/strictness.md.
void CheckSpec(const ExperimentSpec& spec, Problems& problems);

}  // namespace hone

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace hone {

/// The JSON Schema (draft 7, which editors know) of an experiment file, as text that ends with a
/// newline: every field with what it means, and the settings of every registered algorithm with
/// their ranges. What it accepts may still be refused: hone validate knows rules over several
/// fields. Unknown fields are allowed, as Katib allows them.
std::string ExperimentSchema();

}  // namespace hone

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace hone {

/// docs/algorithms.md: every registered algorithm with its settings, made from the registrations.
std::string AlgorithmsMarkdown();

}  // namespace hone

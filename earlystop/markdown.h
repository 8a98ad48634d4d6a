// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace hone {

/// docs/stopping-rules.md: every registered rule of early stopping with its settings.
std::string StoppingRulesMarkdown();

}  // namespace hone

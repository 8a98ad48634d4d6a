// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/stop_rule.h"

namespace hone::remote {

/// What an early-stopping service answers: nothing of it is believed.
/// @param reply    a GetEarlyStoppingRulesReply as proto3's JSON
/// @param metrics  that are collected
/// @returns  rules about those metrics, with finite numbers; a comparison that is not told is
///           "equal", as in Katib
/// @errors   kUnavailable: else, saying what is wrong; a service may do better when asked again
Result<std::vector<StopRule>> ReadRules(std::string_view reply,
                                        const std::vector<std::string>& metrics);

}  // namespace hone::remote

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/input.h"
#include "core/settings.h"
#include "core/space.h"

/// What a suggestion service answers: nothing of it is believed.
namespace hone::remote {

/// What a reply is checked against.
struct Expected {
  const Space& space;  ///< without conditional parameters
  std::size_t count = 0;
  const std::set<std::string>& names;    ///< of the experiment's trials so far
  const std::vector<Setting>& settings;  ///< what the service remembers so far
  Timestamp now;                         ///< of the proposals' tags
};

/// @param reply  a GetSuggestionsReply as proto3's JSON
/// @returns  as many proposals as were asked for, each with every parameter once, within its
///           bounds, and a name that no trial has; tags as tag.h says
/// @errors   kUnavailable: else, saying what is wrong; a service may do better when asked again
Result<std::vector<Proposal>> ReadReply(std::string_view reply, const Expected& expected);

/// Katib's rule: a setting of that name is replaced in its place, a new one comes last.
std::vector<Setting> Merged(std::vector<Setting> settings, const std::vector<Setting>& newer);

}  // namespace hone::remote

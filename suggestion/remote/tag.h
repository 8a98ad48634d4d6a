// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "core/settings.h"

namespace hone::remote {

/// What the ledger keeps with a trial for the requests that follow, in its tag.
struct Tag {
  Timestamp started{};  ///< when it was proposed
  std::string name{};   ///< that the service gave; empty: hone's
  /// What the service wants to be told again, by Katib's rule: settings of its replies.
  std::vector<Setting> settings{};
  bool operator==(const Tag&) const = default;
};

/// A JSON object.
std::string MakeTag(const Tag& tag);
/// An empty one for anything else.
Tag ReadTag(std::string_view text);

}  // namespace hone::remote

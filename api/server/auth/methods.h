// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "api/server/auth/token.h"

namespace hone::auth {

/// What a method of the wire asks of its caller. HTTP's routes are these methods, too.
struct MethodRule {
  std::string_view method;  ///< "hone.v1.Experiments/Create"
  Role role;                ///< at least
  bool everywhere = false;  ///< its data has no namespace: the token must be for all of them
  bool by_trial = false;    ///< a trial's own token will do, for that trial
};

/// All there are.
std::span<const MethodRule> MethodRules();
/// Null: there is no such method, and nobody may call it.
const MethodRule* RuleOf(std::string_view method);

}  // namespace hone::auth

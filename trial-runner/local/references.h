// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hone::local {

using Variables = std::map<std::string, std::string, std::less<>>;

/// "NAME=value" texts as a map; what has no name is left out.
Variables SplitVariables(const std::vector<std::string>& entries);

/// Expands `$(NAME)` as Kubernetes does in command, args and env: `$$` is one dollar, a name that
/// is not among `variables` stays as written, and so does a reference without closing bracket.
std::string ExpandReferences(std::string_view text, const Variables& variables);

}  // namespace hone::local

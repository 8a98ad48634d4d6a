// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/references.h"

namespace hone::local {

Variables SplitVariables(const std::vector<std::string>& entries) {
  Variables variables;
  for (const std::string& entry : entries) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos && equals > 0) {
      variables.insert_or_assign(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  return variables;
}

std::string ExpandReferences(std::string_view text, const Variables& variables) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '$' || at + 1 == text.size()) {
      out += text[at];
      continue;
    }
    const char next = text[at + 1];
    if (next == '$') {
      out += '$';
      ++at;
      continue;
    }
    const std::size_t close = next == '(' ? text.find(')', at) : std::string_view::npos;
    if (close == std::string_view::npos) {
      out += '$';
      continue;
    }
    const auto found = variables.find(text.substr(at + 2, close - at - 2));
    out += found == variables.end() ? text.substr(at, close - at + 1) : found->second;
    at = close;
  }
  return out;
}

}  // namespace hone::local

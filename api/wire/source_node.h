// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace hone {

/// A YAML value with its place. Internal to api/wire.
struct SourceNode {
  enum class Kind { kScalar, kList, kMap };
  Kind kind = Kind::kScalar;
  bool plain = false;  ///< a scalar without quotes
  int line = 1;        ///< of the key for a member of a map, else of the value
  std::string text;    ///< of a scalar
  std::string tag;     ///< of a scalar: "!!int" and the like, empty for most
  std::vector<SourceNode> items;
  std::map<std::string, SourceNode, std::less<>> members;
};

}  // namespace hone

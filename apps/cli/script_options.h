// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace hone::cli {

/// An option that a training script takes, as its source says.
struct ScriptOption {
  enum class Kind { kReal, kInteger, kText };
  std::string name;  ///< without the dashes
  Kind kind = Kind::kText;
  bool required = false;  ///< the script cannot be started without it
  std::optional<std::string> default_text;
  std::vector<std::string> choices;
  std::string help;
};

/// What `hone init` can tell of a script without running it.
struct Script {
  std::vector<std::string> command;   ///< that starts it, without arguments
  std::vector<ScriptOption> options;  ///< of a Python script: its add_argument calls
  std::string metric;                 ///< a usual one that it seems to print; may be empty
};

/// Reads the script; Python's own parser reads a Python script (no line of which is run).
/// @param path  as the person wrote it, and as the command will have it
/// @errors  kInvalidArgument: it cannot be read, or nobody knows how to start it
Result<Script> ReadScript(const std::string& path);

}  // namespace hone::cli

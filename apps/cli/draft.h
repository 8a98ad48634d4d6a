// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/cli/script_options.h"
#include "base/result.h"

/// The experiment file that `hone init` writes. Pure.
namespace hone::cli {

/// A parameter to vary.
struct DraftParameter {
  std::string name;
  std::string type;      ///< "double", "int", "discrete", "categorical"
  std::string min, max;  ///< of the first two
  bool log = false;
  std::vector<std::string> values;  ///< of the last two
  std::string help;

  bool operator==(const DraftParameter&) const = default;
};

struct Draft {
  std::string name;
  std::vector<std::string> command;
  std::string metric;
  bool maximize = false;
  std::uint32_t max_trials = 16;
  std::uint32_t parallel = 2;
  std::string algorithm = "random";
  std::vector<DraftParameter> parameters;
};

/// "0.001..0.1:log", "8..128", "sgd,adam": MIN..MAX with :log, :int or :double behind it, or a
/// list.
/// @param kind  what the script says of it; kText: nothing, so whole bounds make it an int
/// @errors kInvalidArgument
Result<DraftParameter> ParseRange(const std::string& name, std::string_view text,
                                  ScriptOption::Kind kind);

/// A range around the option's default, or its choices; "" if it is not likely to be varied.
std::string SuggestRange(const ScriptOption& option);

/// Whether more of it is better: what its name says. @returns nothing for an unknown name
std::optional<bool> IsMaximized(std::string_view metric);

/// A name for the experiment: letters, digits and dashes of the script's own.
std::string NameFor(const std::string& script);

/// The file, with comments.
std::string DraftText(const Draft& draft);

}  // namespace hone::cli

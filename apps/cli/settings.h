// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cli/args.h"
#include "apps/cli/config.h"
#include "base/result.h"

/// The configuration: one table of settings, from which flags, variables of the environment, the
/// keys of the file and docs/configuration.md are made.
namespace hone::cli {

/// @param name  of a variable of the environment. @returns its value; "" if unset
using Environment = std::function<std::string(const std::string& name)>;
Environment ProcessEnvironment();

struct Setting {
  std::string key;          ///< in the file; the flag is --key, the variable HONE_KEY
  std::string short_flag;   ///< such as "-n"; may be empty
  std::string type;         ///< of its value, such as "SECONDS"
  std::string help;         ///< what it does, with unit
  std::string range;        ///< what is accepted
  std::string default_doc;  ///< in documents
  std::function<std::string(const Environment&)> default_text;  ///< what holds if nobody says
  std::function<Status(Config&, const std::string&)> set;       ///< its error says what is accepted
  Values values = Values::kAny;
  std::vector<std::string> words = {};  ///< for kWords
  bool secret = false;                  ///< never shown

  [[nodiscard]] std::string Flag() const { return "--" + key; }
  [[nodiscard]] std::string Variable() const;
};

/// All settings of hone.
const std::vector<Setting>& Settings();

/// What the command line said: key to text. "config" is the file's path.
using FlagTexts = std::map<std::string, std::string>;

/// The configuration that holds. The file is the one of --config, else of $HONE_CONFIG, else
/// $XDG_CONFIG_HOME/hone/config.yaml, else ~/.config/hone/config.yaml; only the last two may be
/// missing.
/// @errors kInvalidArgument: the field is the place ("--cpus", "HONE_CPUS", "FILE:LINE: cpus")
Result<Config> ResolveConfig(std::span<const Setting> settings, const FlagTexts& flags,
                             const Environment& environment);

/// docs/configuration.md.
std::string ConfigurationMarkdown();

}  // namespace hone::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/config.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's own
class App;
class Option;
}  // namespace CLI

namespace hone::cli {

/// What the values of an argument are; shells complete by it.
enum class Values { kAny, kFile, kFolder, kExperiment, kTrial, kExperimentOrTrial, kWords };

/// What people and shells are told of an argument.
struct ArgInfo {
  std::string type = {};  ///< of its value, such as "FILE"
  std::string help = {};
  Values values = Values::kAny;
  std::vector<std::string> words = {};  ///< all values there are, for kWords; others are refused
  bool required = false;                ///< of a positional
  std::string shown_default = {};       ///< in help; empty: none
};

/// What CLI11 does not keep of an argument.
struct ArgNotes {
  Values values = Values::kAny;
  std::vector<std::string> words;
};
using ArgNotesMap = std::map<const CLI::Option*, ArgNotes>;

/// Declares what a command takes: CLI11 without its header, which takes seconds to compile. Names
/// are CLI11's: "-f,--follow" is an option, "name" a positional. Targets outlive the parsing.
class Args {
 public:
  Args(CLI::App& app, ArgNotesMap& notes) : app_(app), notes_(notes) {}

  void Add(const std::string& names, std::string& target, const ArgInfo& info);
  /// Repeatable, or many values of a positional.
  void Add(const std::string& names, std::vector<std::string>& target, const ArgInfo& info);
  void Add(const std::string& names, std::uint64_t& target, const ArgInfo& info);
  void Add(const std::string& names, std::optional<std::uint32_t>& target, const ArgInfo& info);
  void Add(const std::string& names, std::optional<int>& target, const ArgInfo& info);
  void Flag(const std::string& names, bool& target, const std::string& help);

  /// -o, --output; its default is what `target` holds: table or json.
  void Output(OutputFormat& target);
  void Experiment(std::string& target);
  void Trial(std::string& target);

 private:
  void Note(CLI::Option& option, const ArgInfo& info);

  CLI::App& app_;
  ArgNotesMap& notes_;
};

}  // namespace hone::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apps/cli/args.h"
#include "apps/cli/config.h"
#include "base/result.h"

namespace hone::cli {

/// Performs a command whose arguments were parsed. @returns the exit code; an error is printed by
/// Main, which exits with 2 for kInvalidArgument and with 1 for others
using Action = std::function<Result<int>(const Config&)>;

/// What people are told of a command.
struct VerbInfo {
  std::string name;
  std::string group;  ///< the heading it stands under; empty: hidden
  std::string summary;
  std::string example;        ///< a line each, as typed into a shell; each begins with "hone "
  bool needs_folder = false;  ///< has no meaning for a daemon of another place
};

inline constexpr const char* kRunGroup = "Run experiments";
inline constexpr const char* kReadGroup = "Read what was run";
inline constexpr const char* kServeGroup = "Serve other programs";
inline constexpr const char* kSetUpGroup = "Write files, check and set up";

/// A command of `hone`. Each has a file of its name that defines `Verb NameVerb()`, and a line in
/// verbs.cpp; help, shell completion, manual page and docs/commands.md are made from it.
struct Verb {
  VerbInfo info;
  std::function<Action(Args&)> declare;  ///< says what it takes
};

/// A command that keeps what it is given in an Options.
template <class Options>
Verb MakeVerb(VerbInfo info, void (*declare)(Args&, Options&),
              Result<int> (*perform)(const Config&, const Options&)) {
  return {std::move(info), [declare, perform](Args& args) -> Action {
            const auto options = std::make_shared<Options>();  // the parser's and the action's
            declare(args, *options);
            return [options, perform](const Config& config) { return perform(config, *options); };
          }};
}

/// What many commands take: an experiment or trial, and how to print it.
struct NamedOptions {
  std::string name;
  OutputFormat output = OutputFormat::kTable;
};
/// Declares an experiment's name and -o.
inline void DeclareReader(Args& args, NamedOptions& options) {
  args.Experiment(options.name);
  args.Output(options.output);
}

/// All of them, in the order of the help.
const std::vector<Verb>& AllVerbs();

}  // namespace hone::cli

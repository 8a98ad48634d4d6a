// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "apps/cli/args.h"

/// The command line as data: read from CLI11's objects, so that what is told about it is what is
/// parsed.
namespace hone::cli {

struct ArgModel {
  std::vector<std::string> names;  ///< "-o", "--output"; of a positional its name
  bool positional = false;
  bool takes_value = true;
  bool required = false;
  bool repeated = false;
  std::string type;
  std::string help;
  std::string default_text;
  Values values = Values::kAny;
  std::vector<std::string> words;
};

struct VerbModel {
  std::string name;
  std::string group;  ///< empty: hidden
  std::string summary;
  std::string example;
  std::vector<ArgModel> args;  ///< positionals in their order, then options
};

struct ProgramModel {
  std::string summary;
  std::vector<ArgModel> globals;
  std::vector<VerbModel> verbs;
};

/// "hone logs [OPTIONS] TRIAL".
std::string UsageOf(const VerbModel& verb);
/// "-o, --output table|json|yaml".
std::string SignatureOf(const ArgModel& arg);

/// The manual page, hone(1), for man(7) macros.
std::string ManPage(const ProgramModel& program);
/// docs/commands.md.
std::string CommandsMarkdown(const ProgramModel& program);

}  // namespace hone::cli

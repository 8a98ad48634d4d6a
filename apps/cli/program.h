// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/cli/model.h"
#include "apps/cli/settings.h"
#include "apps/cli/verb.h"
#include "base/result.h"

namespace hone::cli {

/// The command line as CLI11 knows it, made from the tables of settings and commands.
class Program {
 public:
  Program();
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// What a command line asks for.
  struct Parsed {
    Action action;  ///< empty: `text` is the answer (help, version)
    FlagTexts flags;
    std::string text;
  };
  /// Parses once in an object's life. @param arguments  without the program's name
  /// @errors kInvalidArgument
  Result<Parsed> Parse(std::vector<std::string> arguments);

  /// What help, completion and documents are made from.
  [[nodiscard]] ProgramModel Describe() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Parses the command line, runs the command and says what went wrong. @returns the exit code
int Main(int argc, char** argv);

}  // namespace hone::cli

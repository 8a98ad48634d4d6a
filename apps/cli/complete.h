// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/cli/model.h"
#include "apps/cli/settings.h"

/// What a shell offers while a command line is typed. The shells' own scripts only ask
/// `hone __complete WORD...` and show the answer.
namespace hone::cli {

inline constexpr const char* kCompleteVerb = "__complete";

struct Candidate {
  std::string text;
  std::string help;
  bool operator==(const Candidate&) const = default;
};

struct Completion {
  std::vector<Candidate> candidates;  ///< that begin with the last word
  bool files = false;                 ///< the shell offers files
  bool folders = false;               ///< the shell offers folders
};

/// @param values  kExperiment, kTrial or kExperimentOrTrial; @param flags  that were typed before
/// @param prefix  only names that begin with it are of interest
using NameSource = std::function<std::vector<Candidate>(Values values, const FlagTexts& flags,
                                                        const std::string& prefix)>;

/// @param words  typed so far, without the program's name; the last one is being typed and may be
/// empty. Some shells cut "--output=json" at the "="
Completion Complete(const ProgramModel& program, const std::vector<std::string>& words,
                    const NameSource& names);

/// `hone __complete`: a candidate a line, its help behind a tab; ":files" and ":folders" ask the
/// shell for these. Failures are silent: a shell is no place for messages. @returns 0
int PrintCompletions(const ProgramModel& program, const std::vector<std::string>& words);

}  // namespace hone::cli

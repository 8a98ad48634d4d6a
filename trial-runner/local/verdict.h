// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/ending.h"
#include "trial-runner/local/attempt.h"

namespace hone::local {

/// The last lines of a log, safe to print and at most 2 KiB, joined by " | "; binary rubbish and
/// endless lines are harmless. Empty if there is none.
std::string LastLines(const std::filesystem::path& log);

/// The same of the collector beside the trial; empty if there was none.
std::string CollectorSaid(const std::filesystem::path& attempt);

/// What a shim's record means, with a sentence for people.
/// @param deadline  that the shim enforced; @param last_lines  see LastLines
Ending Judge(const ExitRecord& record, std::optional<Duration> deadline,
             const std::string& last_lines);

/// An ending as the conditions of a template judge the status object: they have the last word, but
/// for a condition that cannot be read, which admission refuses.
/// @param what  ended, for people: "job"; @param status  JSON, see core/training_status.h
Ending ByConditions(Ending ending, std::string_view what, const std::string& status,
                    std::string_view success_condition, std::string_view failure_condition);

/// "SIGSEGV"; "signal 99" for one without a name.
std::string SignalName(int signal);

}  // namespace hone::local

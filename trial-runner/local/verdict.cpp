// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/verdict.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "core/training_status.h"
#include "trial-runner/local/attempt_files.h"

namespace hone::local {
namespace {

namespace files = attempt_files;

constexpr std::size_t kTailBytes = 4096;
constexpr std::size_t kMostLines = 10;
constexpr std::size_t kLongestLine = 400;
constexpr std::size_t kLongestTail = 1800;  // leaves room for the reason within 2 KiB

std::string ReadTail(const std::filesystem::path& log) {
  const UniqueFd fd(::open(log.c_str(), O_RDONLY | O_CLOEXEC));
  std::string tail(kTailBytes, '\0');
  const off_t size = fd.valid() ? ::lseek(fd.get(), 0, SEEK_END) : 0;
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(kTailBytes));
  const ssize_t got = fd.valid() ? ::pread(fd.get(), tail.data(), tail.size(), from) : 0;
  tail.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  const std::size_t first_end = tail.find('\n');
  if (from > 0 && first_end != std::string::npos && first_end + 1 < tail.size()) {
    tail.erase(0, first_end + 1);  // the rest of a line whose start is not here
  }
  return tail;
}

std::string Seconds(Duration duration) {
  return FormatDouble(static_cast<double>(duration.count()) / 1e6) + " s";
}

// Word of the record to kind of ending.
EndingKind KindOf(const ExitRecord& record) {
  constexpr std::pair<std::string_view, EndingKind> kKinds[] = {
      {files::kKindSignal, EndingKind::kSignal},
      {files::kKindOutOfMemory, EndingKind::kOutOfMemory},
      {files::kKindTimeout, EndingKind::kTimeout},
      {files::kKindFailedToStart, EndingKind::kFailedToStart},
      {files::kKindStopped, EndingKind::kStopped},
  };
  for (const auto& [word, kind] : kKinds) {
    if (record.kind == word) {
      return kind;
    }
  }
  return record.exit_code == 0 ? EndingKind::kSucceeded : EndingKind::kExitCode;
}

std::string Reason(EndingKind kind, const ExitRecord& record, std::optional<Duration> deadline) {
  switch (kind) {
    case EndingKind::kExitCode:
      return "exit code " + std::to_string(record.exit_code);
    case EndingKind::kSignal:
      return "killed by " + SignalName(record.signal);
    case EndingKind::kOutOfMemory:
      return "killed by the system because memory ran out";
    case EndingKind::kTimeout:
      return deadline ? "ran longer than its deadline of " + Seconds(*deadline)
                      : "ran longer than its deadline";
    case EndingKind::kFailedToStart:
      return Printable(record.reason, 1024);
    case EndingKind::kStopped:
      return "stopped by hone";
    case EndingKind::kSucceeded:
    case EndingKind::kLost:
    case EndingKind::kMetricMissing:
    case EndingKind::kMetricNotANumber:
    case EndingKind::kPreempted:
      return "";
  }
  return "";
}

}  // namespace

std::string LastLines(const std::filesystem::path& log) {
  const std::string tail = ReadTail(log);
  std::vector<std::string> lines;
  for (const std::string_view line : Split(tail, '\n')) {
    if (!Trim(line).empty()) {
      lines.push_back(Printable(Trim(line), kLongestLine));
    }
  }
  std::string text;
  std::size_t taken = 0;
  while (taken < lines.size() && taken < kMostLines) {
    const std::string& line = lines[lines.size() - 1 - taken];
    if (text.size() + line.size() > kLongestTail) {
      break;
    }
    text.insert(0, taken == 0 ? line : line + " | ");
    ++taken;
  }
  return text;
}

std::string CollectorSaid(const std::filesystem::path& attempt) {
  return LastLines(attempt / (std::string(files::kReplicaLogStart) + files::kCollectorName +
                              files::kReplicaLogEnd));
}

std::string SignalName(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name;
}

Ending Judge(const ExitRecord& record, std::optional<Duration> deadline,
             const std::string& last_lines) {
  Ending ending{.kind = KindOf(record),
                .exit_code = record.exit_code,
                .signal = record.signal,
                .message = ""};
  ending.message = Reason(ending.kind, record, deadline);
  const bool wants_lines =
      ending.kind != EndingKind::kSucceeded && ending.kind != EndingKind::kStopped;
  if (wants_lines && !last_lines.empty()) {
    ending.message += "; last lines: " + last_lines;
  }
  return ending;
}

Ending ByConditions(Ending ending, std::string_view what, const std::string& status,
                    std::string_view success_condition, std::string_view failure_condition) {
  const auto verdict = JudgeByConditions(status, success_condition, failure_condition);
  if (!verdict.has_value()) {
    return ending;
  }
  const bool succeeded = ending.kind == EndingKind::kSucceeded;
  if (*verdict == ConditionVerdict::kSucceeded) {
    return succeeded ? ending : Ending{};
  }
  if (succeeded) {
    ending.kind = EndingKind::kExitCode;
    ending.message = "the " + std::string(what) +
                     (*verdict == ConditionVerdict::kFailed
                          ? " succeeded, but its status meets the failureCondition"
                          : " succeeded, but its status meets neither the successCondition nor the "
                            "failureCondition");
  }
  return ending;
}

}  // namespace hone::local

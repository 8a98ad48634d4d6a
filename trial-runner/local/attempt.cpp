// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/attempt.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/text.h"
#include "trial-runner/local/attempt_files.h"

namespace hone::local {
namespace {

namespace fs = std::filesystem;
namespace files = attempt_files;

constexpr std::string_view kAttemptPrefix = "attempt-";
constexpr std::uint64_t kLargestLaunch = std::uint64_t{16} << 20;

template <class T>
T Number(std::string_view text) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Names of the folders in a folder; none if it does not exist.
Result<std::vector<std::string>> FoldersIn(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->is_directory()) {
      names.push_back(at->path().filename().string());
    }
  }
  if (error && error.value() != ENOENT) {
    return tl::make_unexpected(ErrnoError(error.value(), "read " + folder.string()));
  }
  return names;
}

// Folder names that are numbers after a prefix, in order.
Result<std::vector<std::uint32_t>> NumbersIn(const fs::path& folder, std::string_view prefix) {
  HONE_ASSIGN_OR_RETURN(const auto names, FoldersIn(folder));
  std::vector<std::uint32_t> numbers;
  for (const std::string& name : names) {
    if (!name.starts_with(prefix)) {
      continue;
    }
    const std::string_view digits = std::string_view(name).substr(prefix.size());
    const auto number = Number<std::uint32_t>(digits);
    if (number > 0 && std::to_string(number) == digits) {
      numbers.push_back(number);
    }
  }
  std::ranges::sort(numbers);
  return numbers;
}

// The value behind `key` on a line of its own.
std::optional<std::string_view> LineOf(std::string_view text, std::string_view key) {
  for (const std::string_view line : Split(text, '\n')) {
    if (line.starts_with(key)) {
      return line.substr(key.size());
    }
  }
  return std::nullopt;
}

Timestamp MicrosOf(std::string_view text, std::string_view key) {
  return Timestamp(Duration(Number<std::int64_t>(LineOf(text, key).value_or("0"))));
}

ReplicaOutcome::State ParseState(std::string_view word) {
  if (word == files::kStateSucceeded) {
    return ReplicaOutcome::State::kSucceeded;
  }
  return word == files::kStateFailed ? ReplicaOutcome::State::kFailed
                                     : ReplicaOutcome::State::kEnded;
}

std::vector<ReplicaOutcome> OutcomesIn(std::string_view text) {
  std::vector<ReplicaOutcome> outcomes;
  for (std::string_view line : Split(text, '\n')) {
    if (!line.starts_with(files::kOutcome)) {
      continue;
    }
    line.remove_prefix(std::string_view(files::kOutcome).size());
    const auto words = Split(line, ' ');
    if (words.size() == 4) {
      outcomes.push_back({.name = std::string(words[0]),
                          .state = ParseState(words[1]),
                          .exit_code = Number<int>(words[2]),
                          .restarts = Number<std::uint32_t>(words[3])});
    }
  }
  return outcomes;
}

// Whether a shim lives that holds the attempt.
bool IsLocked(const fs::path& folder) {
  const UniqueFd fd(::open((folder / files::kLaunch).c_str(), O_RDONLY | O_CLOEXEC));
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fd.valid() && ::fcntl(fd.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

// The file's text; nothing if there is no such file.
Result<std::optional<std::string>> ReadIfThere(const fs::path& path) {
  auto text = ReadFile(path);
  if (!text.has_value()) {
    if (text.error().code == Code::kNotFound) {
      return std::nullopt;
    }
    return tl::make_unexpected(std::move(text).error());
  }
  return std::move(text).value();
}

Result<std::optional<ExitRecord>> ReadExit(const fs::path& folder) {
  HONE_ASSIGN_OR_RETURN(const auto text, ReadIfThere(folder / files::kExit));
  return text ? DecodeExit(*text) : std::nullopt;
}

// A power cut can take the end of a log whose exit record it left.
bool LogWasCut(const fs::path& folder, const ExitRecord& record) {
  std::error_code error;
  const auto size = fs::file_size(folder / files::kOutput, error);
  return record.output_bytes > 0 && (error || size < record.output_bytes);
}

// What the files of an attempt said.
struct Findings {
  bool claimed = false;
  bool locked = false;
  std::optional<ClaimRecord> claim;
  std::optional<ExitRecord> record;
};

// Record, claim, lock, in this order.
Result<Findings> LookOnce(const fs::path& folder) {
  Findings found;
  HONE_ASSIGN_OR_RETURN(found.record, ReadExit(folder));
  HONE_ASSIGN_OR_RETURN(const auto claim, ReadIfThere(folder / files::kClaim));
  found.locked = !found.record && IsLocked(folder);
  found.claimed = claim.has_value();
  found.claim = DecodeClaim(claim.value_or(""));
  if (!found.record) {
    found.record = DecodeExit(claim.value_or(""));  // where the shim keeps it on a full disk
  }
  return found;
}

AttemptState Conclude(const fs::path& folder, const std::string& boot_id, const Findings& found) {
  const bool other_boot = found.claim && found.claim->shim.boot_id != boot_id;
  if (found.record && other_boot && LogWasCut(folder, *found.record)) {
    return Vanished{"the machine restarted and the end of the log is lost",
                    found.record->started_at};
  }
  if (found.record) {
    return *found.record;
  }
  if (found.locked) {
    return found.claim ? AttemptState(*found.claim) : AttemptState(Starting{});
  }
  if (!found.claimed) {
    return Unclaimed{};
  }
  return Vanished{other_boot ? "the machine restarted while it ran"
                             : "hone-shim, which watched over it, was killed",
                  found.claim ? found.claim->started_at : Timestamp{}};
}

}  // namespace

fs::path Layout::Experiment(const ExperimentId& id) const {
  return Trials() / id.text;
}

fs::path Layout::Trial(const TrialId& id) const {
  return Experiment(id.experiment) / std::to_string(id.number);
}

fs::path Layout::Attempt(const AttemptKey& key) const {
  return Trial(key.trial) / (std::string(kAttemptPrefix) + std::to_string(key.attempt));
}

Result<std::vector<AttemptKey>> Layout::List(const ExperimentId& experiment) const {
  HONE_ASSIGN_OR_RETURN(const auto trials, NumbersIn(Experiment(experiment), ""));
  std::vector<AttemptKey> keys;
  for (const TrialNumber number : trials) {
    const TrialId trial{experiment, number};
    HONE_ASSIGN_OR_RETURN(const auto attempts, NumbersIn(Trial(trial), kAttemptPrefix));
    for (const std::uint32_t attempt : attempts) {
      keys.push_back({trial, attempt});
    }
  }
  return keys;
}

Result<std::vector<ExperimentId>> Layout::Experiments() const {
  HONE_ASSIGN_OR_RETURN(const auto names, FoldersIn(Trials()));
  std::vector<ExperimentId> ids;
  for (const std::string& name : names) {
    if (IsPlainName(name)) {
      ids.push_back({name});
    }
  }
  return ids;
}

bool IsPlainName(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

std::optional<ClaimRecord> DecodeClaim(std::string_view text) {
  // The last line tells that all of it was written.
  const auto boot_id = LineOf(text, files::kBootId);
  const auto pid = LineOf(text, files::kShimPid);
  const auto ticks = LineOf(text, files::kShimTicks);
  const auto child = LineOf(text, files::kChildPid);
  if (!boot_id || !pid || !ticks || !child || !LineOf(text, files::kStarted)) {
    return std::nullopt;
  }
  return ClaimRecord{.shim = {.pid = Number<pid_t>(*pid),
                              .boot_id = std::string(*boot_id),
                              .start_ticks = Number<unsigned long long>(*ticks)},
                     .child = Number<pid_t>(*child),
                     .started_at = MicrosOf(text, files::kStarted)};
}

std::optional<ExitRecord> DecodeExit(std::string_view text) {
  const auto kind = LineOf(text, files::kKind);
  if (!kind || !LineOf(text, files::kExitEnd)) {
    return std::nullopt;
  }
  return ExitRecord{
      .kind = std::string(*kind),
      .exit_code = Number<int>(LineOf(text, files::kExitCode).value_or("0")),
      .signal = Number<int>(LineOf(text, files::kSignal).value_or("0")),
      .stopped = LineOf(text, files::kStopped) == "1",
      .started_at = MicrosOf(text, files::kStarted),
      .ended_at = MicrosOf(text, files::kEnded),
      .output_bytes = Number<std::uint64_t>(LineOf(text, files::kOutputBytes).value_or("0")),
      .reason = std::string(LineOf(text, files::kReason).value_or("")),
      .culprits = std::string(LineOf(text, files::kCulprits).value_or("")),
      .replicas = OutcomesIn(text)};
}

Result<AttemptState> ReadAttempt(const fs::path& folder, const std::string& boot_id) {
  HONE_ASSIGN_OR_RETURN(Findings found, LookOnce(folder));
  const bool unclear = !found.record && !found.locked;
  if (unclear) {
    // A shim locks, claims, records, and lets go by dying. One that did all of that between the
    // looks above has left a claim now.
    HONE_ASSIGN_OR_RETURN(found, LookOnce(folder));
  }
  if (unclear && found.claimed && !found.locked) {
    // A claim without lock tells of a dead shim, all of whose words can be read now.
    HONE_ASSIGN_OR_RETURN(found, LookOnce(folder));
  }
  return Conclude(folder, boot_id, found);
}

}  // namespace hone::local

// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/trial_logs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/text.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/attempt_files.h"

namespace hone::cli {
namespace {

constexpr std::string_view kAttempt = "attempt-";
constexpr std::uint64_t kBlock = 512;  // the unit of st_blocks, whatever the file system's is

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

/// A folder in another one. @returns null if there is none of this name, or something else than a
/// real folder
Result<Folder> OpenIn(int parent, const char* name, int follow = O_NOFOLLOW) {
  UniqueFd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow));
  if (!fd.valid()) {
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) {
      return Folder();
    }
    return tl::make_unexpected(ErrnoError(errno, "open the folder " + std::string(name)));
  }
  Folder folder(::fdopendir(fd.get()));
  if (folder == nullptr) {
    return tl::make_unexpected(ErrnoError(errno, "read the folder " + std::string(name)));
  }
  static_cast<void>(fd.Release());  // the folder closes it
  return folder;
}

/// The number behind `prefix`; nothing for other names.
std::optional<std::int64_t> NumberOf(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) {
    return std::nullopt;
  }
  const std::string_view digits = name.substr(prefix.size());
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  return ParseInt(digits);
}

using InFolder = std::function<Status(int folder)>;

/// @returns nothing at the end
Result<std::optional<std::string>> NextName(DIR* folder) {
  errno = 0;
  const dirent* const entry = ::readdir(folder);  // NOLINT(concurrency-mt-unsafe): own stream
  if (entry != nullptr) {
    return std::string(static_cast<const char*>(entry->d_name));
  }
  if (errno != 0) {
    return tl::make_unexpected(ErrnoError(errno, "read a trial folder"));
  }
  return std::nullopt;
}

Status VisitFolder(DIR* parent, const std::string& name, const InFolder& visit) {
  HONE_ASSIGN_OR_RETURN(const Folder folder, OpenIn(::dirfd(parent), name.c_str()));
  return folder == nullptr ? Status() : visit(::dirfd(folder.get()));
}

/// Calls `visit` with each folder in `parent` whose name is `prefix` and a number up to `most`.
Status ForEachNumbered(DIR* parent, std::string_view prefix, std::int64_t most,
                       const InFolder& visit) {
  while (true) {
    HONE_ASSIGN_OR_RETURN(const std::optional<std::string> name, NextName(parent));
    if (!name) {
      return {};
    }
    const auto number = NumberOf(*name, prefix);
    const bool wanted = number && *number <= most;
    HONE_RETURN_IF_ERROR(wanted ? VisitFolder(parent, *name, visit) : Status());
  }
}

/// Calls `visit` with each attempt's folder of trials 1 to `through`.
Status ForEachAttempt(const std::filesystem::path& data_dir, const ExperimentId& experiment,
                      TrialNumber through, const InFolder& visit) {
  if (!local::IsPlainName(experiment.text)) {
    return Fail(Code::kInvalidArgument, "no such experiment");
  }
  HONE_ASSIGN_OR_RETURN(const Folder data, OpenIn(AT_FDCWD, data_dir.c_str(), 0));
  Folder folder;
  if (data != nullptr) {
    HONE_ASSIGN_OR_RETURN(folder, OpenIn(::dirfd(data.get()), "trials"));
  }
  if (folder != nullptr) {
    HONE_ASSIGN_OR_RETURN(folder, OpenIn(::dirfd(folder.get()), experiment.text.c_str()));
  }
  if (folder == nullptr) {
    return {};
  }
  return ForEachNumbered(folder.get(), "", through, [&](int trial) -> Status {
    HONE_ASSIGN_OR_RETURN(const Folder attempts, OpenIn(trial, "."));
    return ForEachNumbered(attempts.get(), kAttempt, UINT32_MAX, visit);
  });
}

bool IsLog(std::string_view name) {
  return name == attempt_files::kOutput || (name.starts_with(attempt_files::kReplicaLogStart) &&
                                            name.ends_with(attempt_files::kReplicaLogEnd));
}

/// Calls `visit` with each log in an attempt's folder; a training job has one for each replica.
Status ForEachLog(int attempt, const std::function<Status(const char* name)>& visit) {
  HONE_ASSIGN_OR_RETURN(const Folder folder, OpenIn(attempt, "."));
  while (folder != nullptr) {
    HONE_ASSIGN_OR_RETURN(const std::optional<std::string> name, NextName(folder.get()));
    if (!name) {
      break;
    }
    HONE_RETURN_IF_ERROR(IsLog(*name) ? visit(name->c_str()) : Status());
  }
  return {};
}

/// Adds a log in an attempt's folder to `size`. @returns whether there is one
bool Measure(int attempt, const char* name, LogsSize& size) {
  struct stat info = {};
  const int found = ::fstatat(attempt, name, &info, AT_SYMLINK_NOFOLLOW);
  if (found != 0 || !S_ISREG(info.st_mode)) {
    return false;
  }
  size.files += 1;
  size.bytes += static_cast<std::uint64_t>(info.st_blocks) * kBlock;
  return true;
}

}  // namespace

Result<LogsSize> SizeOfLogs(const std::filesystem::path& data_dir, const ExperimentId& experiment,
                            TrialNumber through) {
  LogsSize size;
  HONE_RETURN_IF_ERROR(ForEachAttempt(data_dir, experiment, through, [&](int attempt) {
    return ForEachLog(attempt, [&](const char* name) -> Status {
      static_cast<void>(Measure(attempt, name, size));  // what is no file adds nothing
      return {};
    });
  }));
  return size;
}

Result<LogsSize> RemoveLogs(const std::filesystem::path& data_dir, const ExperimentId& experiment,
                            TrialNumber through) {
  LogsSize size;
  HONE_RETURN_IF_ERROR(ForEachAttempt(data_dir, experiment, through, [&](int attempt) {
    return ForEachLog(attempt, [&](const char* name) -> Status {
      const bool there = Measure(attempt, name, size);
      if (there && ::unlinkat(attempt, name, 0) != 0 && errno != ENOENT) {
        return tl::make_unexpected(ErrnoError(errno, "remove a trial's log"));
      }
      return {};
    });
  }));
  return size;
}

}  // namespace hone::cli

// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/pipeline/step_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/file_tree.h"
#include "base/json.h"
#include "base/text.h"

namespace hone::local {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char kEntry[] = "entry.json";
constexpr char kHits[] = "hits";
constexpr std::string_view kHalf[] = {".part", ".gone"};
constexpr std::chrono::hours kForgotten{1};
constexpr std::size_t kKeyLength = 64;

bool IsKey(std::string_view text) {
  return text.size() == kKeyLength &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string Encode(const KeptStep& step) {
  json artifacts = json::object();
  for (const auto& [name, content] : step.outputs.artifacts) {
    artifacts[name] = content.digest;
  }
  return DumpJson(json({{"key", step.key},
                        {"step", step.step},
                        {"experiment", step.experiment},
                        {"trial", step.trial},
                        {"madeAt", FormatMicros(step.made_at)},
                        {"seconds", step.seconds},
                        {"parameters", step.outputs.parameters},
                        {"artifacts", std::move(artifacts)},
                        {"result", step.result},
                        {"bootId", step.boot_id}}),
                  2);
}

std::optional<KeptStep> Decode(const std::string& text, const fs::path& folder) {
  const json entry = ParseJson(text);
  if (!entry.is_object() || !entry.contains("artifacts")) {
    return std::nullopt;
  }
  try {
    KeptStep step;
    step.key = entry.at("key").get<std::string>();
    step.step = entry.at("step").get<std::string>();
    step.experiment = entry.at("experiment").get<std::string>();
    step.trial = entry.at("trial").get<std::string>();
    step.made_at = ParseTimestamp(entry.at("madeAt").get<std::string>()).value_or(Timestamp{});
    step.seconds = entry.at("seconds").get<double>();
    step.result = entry.at("result").get<std::string>();
    step.boot_id = entry.at("bootId").get<std::string>();
    for (const auto& [name, value] : entry.at("parameters").items()) {
      step.outputs.parameters[name] = value.get<std::string>();
    }
    for (const auto& [name, digest] : entry.at("artifacts").items()) {
      step.outputs.artifacts[name] = {.path = (folder / kKeptArtifacts / name).string(),
                                      .digest = digest.get<std::string>(),
                                      .raw = ""};
    }
    return step;
  } catch (const json::exception&) {
    return std::nullopt;  // a file that somebody has changed
  }
}

Status SyncOne(const fs::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid() || ::fsync(file.get()) != 0) {
    return tl::make_unexpected(ErrnoError(errno, "sync " + path.string()));
  }
  return {};
}

/// Everything below, then the folder itself.
Status SyncTree(const fs::path& folder) {
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    HONE_RETURN_IF_ERROR(at->is_symlink() ? Status() : SyncOne(at->path()));
  }
  if (error) {
    return tl::make_unexpected(ErrnoError(error.value(), "sync " + folder.string()));
  }
  return SyncOne(folder);
}

std::uint64_t BytesIn(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    struct stat info {};
    bytes += ::lstat(at->path().c_str(), &info) == 0
                 ? static_cast<std::uint64_t>(info.st_blocks) * 512
                 : 0;
  }
  return bytes;
}

Timestamp ModifiedAt(const struct stat& info) {
  return Timestamp(std::chrono::duration_cast<Duration>(
      std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec)));
}

/// What is there is from before the machine started; the store is one trial's alone.
Status Replace(const fs::path& folder, const fs::path& target) {
  std::error_code error;
  fs::remove_all(target, error);
  return ::rename(folder.c_str(), target.c_str()) == 0
             ? Status()
             : tl::make_unexpected(ErrnoError(errno, "keep " + target.string()));
}

bool IsThere(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

}  // namespace

std::optional<StepStore::Hit> StepStore::Find(const std::string& key, bool count) const {
  const fs::path folder = FolderOf(key);
  UniqueFd use(::open((folder / kHits).c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (!use.valid() || ::flock(use.get(), LOCK_SH | LOCK_NB) != 0) {
    return std::nullopt;  // none, or being removed
  }
  const auto text = ReadFile(folder / kEntry);
  auto step = text.has_value() ? Decode(*text, folder) : std::nullopt;
  if (!step || step->key != key || step->boot_id != boot_id_) {
    return std::nullopt;
  }
  if (count) {
    static_cast<void>(!::write(use.get(), "+", 1));  // a count for people; a full disk loses one
  }
  return Hit{std::move(*step), folder, std::move(use)};
}

Status StepStore::Put(const fs::path& folder, KeptStep step) const {
  HONE_RETURN_IF_ERROR(MakeFolders(root_));
  step.boot_id = boot_id_;
  HONE_RETURN_IF_ERROR(WriteFile(folder / kEntry, Encode(step)));
  if (boot_id_.empty()) {
    HONE_RETURN_IF_ERROR(SyncTree(folder));
  }
  const fs::path target = FolderOf(step.key);
  if (::rename(folder.c_str(), target.c_str()) == 0) {
    return boot_id_.empty() ? SyncOne(root_) : Status();
  }
  if (errno == EEXIST || errno == ENOTEMPTY) {
    return boot_id_.empty() ? Status() : Replace(folder, target);
  }
  if (errno != EXDEV) {
    return tl::make_unexpected(ErrnoError(errno, "keep " + target.string()));
  }
  HONE_ASSIGN_OR_RETURN(const auto digest, DigestOfTree(folder));
  // Two that copy at once have the same digest, but would stand in each other's way.
  const auto alone = FileLock::Acquire(root_ / "copying");
  if (!alone.has_value()) {
    return alone.error().code == Code::kFailedPrecondition ? Status()
                                                           : tl::make_unexpected(alone.error());
  }
  return IsThere(target) ? Status() : CopyTree(folder, target, digest.value_or(""));
}

Result<std::vector<StoredStep>> StepStore::List() const {
  std::vector<StoredStep> steps;
  std::error_code error;
  fs::directory_iterator at(root_, error);
  for (const fs::directory_iterator end; !error && at != end; at.increment(error)) {
    const fs::path folder = at->path();
    const auto text =
        IsKey(folder.filename().string()) ? ReadFile(folder / kEntry) : Result<std::string>("");
    auto step = text.has_value() ? Decode(*text, folder) : std::nullopt;
    if (!step) {
      continue;
    }
    StoredStep stored{.step = std::move(*step), .bytes = BytesIn(folder)};
    stored.used_at = stored.step.made_at;
    struct stat info {};
    if (::stat((folder / kHits).c_str(), &info) == 0 && info.st_size > 0) {
      stored.hits = static_cast<std::uint64_t>(info.st_size);
      stored.used_at = ModifiedAt(info);
    }
    steps.push_back(std::move(stored));
  }
  if (error && error.value() != ENOENT) {
    return tl::make_unexpected(ErrnoError(error.value(), "read " + root_.string()));
  }
  std::ranges::sort(steps, {}, [](const StoredStep& stored) {
    return std::pair(stored.used_at, stored.step.key);
  });
  return steps;
}

Result<bool> StepStore::Remove(const std::string& key) const {
  if (!IsKey(key)) {
    return Fail(Code::kInvalidArgument, "'" + Printable(key, 80) + "' is no key of a step");
  }
  const fs::path folder = FolderOf(key);
  const UniqueFd use(
      ::open((folder / kHits).c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (!use.valid()) {
    return errno == ENOENT ? Result<bool>(true)
                           : tl::make_unexpected(ErrnoError(errno, "open " + folder.string()));
  }
  if (::flock(use.get(), LOCK_EX | LOCK_NB) != 0) {
    return false;
  }
  // Out of sight at once, so that nobody finds half of it.
  const fs::path gone = folder.string() + ".gone";
  std::error_code error;
  fs::remove_all(gone, error);
  if (::rename(folder.c_str(), gone.c_str()) != 0) {
    return tl::make_unexpected(ErrnoError(errno, "remove " + folder.string()));
  }
  fs::remove_all(gone, error);
  if (error) {
    return tl::make_unexpected(ErrnoError(error.value(), "remove " + gone.string()));
  }
  return true;
}

void StepStore::RemoveRests() const {
  std::error_code error;
  std::vector<fs::path> rests;
  fs::directory_iterator at(root_, error);
  for (const fs::directory_iterator end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    const bool half =
        std::ranges::any_of(kHalf, [&name](std::string_view tail) { return name.ends_with(tail); });
    struct stat info {};
    if (half && ::lstat(at->path().c_str(), &info) == 0 &&
        SystemClock().Now() - ModifiedAt(info) > kForgotten) {
      rests.push_back(at->path());
    }
  }
  for (const fs::path& rest : rests) {
    fs::remove_all(rest, error);  // what stays is tried again the next time
  }
}

}  // namespace hone::local

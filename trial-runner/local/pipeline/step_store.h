// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "core/workflow/run.h"

/// What steps that have ended left behind, each in a folder named by the SHA-256 of what made it:
/// ROOT/KEY/ with `entry.json`, `artifacts/NAME/content`, `log`, and `hits`, a byte for each use.
/// An entry appears by one rename when all of it is on the disk, and is never changed: whatever
/// happens before, a crash or a full disk, there is none.
namespace hone::local {

/// A step that has ended well.
struct KeptStep {
  std::string key{};
  std::string step{};        ///< its id, for people
  std::string experiment{};  ///< which made it, for people
  std::string trial{};
  Timestamp made_at{};
  double seconds = 0;          ///< that it took
  workflow::Values outputs{};  ///< artifacts below the entry's folder
  std::string result{};
  std::string boot_id{};  ///< see StepStore
};

/// An entry, for people.
struct StoredStep {
  KeptStep step{};
  std::uint64_t bytes = 0;
  std::uint64_t hits = 0;
  Timestamp used_at{};
};

/// The artifacts of a step that is being kept, and its log.
inline constexpr char kKeptArtifacts[] = "artifacts";
inline constexpr char kKeptContent[] = "content";
inline constexpr char kKeptLog[] = "log";

class StepStore {
 public:
  /// @param root     made when something is put there
  /// @param boot_id  of this machine: entries are not waited for to be on the disk, and hold until
  ///                 it starts again; empty: they hold for ever
  explicit StepStore(std::filesystem::path root, std::string boot_id = "")
      : root_(std::move(root)), boot_id_(std::move(boot_id)) {}

  /// An entry in use, which Prune leaves alone until it is destroyed.
  struct Hit {
    KeptStep step;
    std::filesystem::path folder{};
    UniqueFd use;
  };
  /// @param count  whether this is a use that the listing tells
  /// @returns nothing: there is none, or it is not whole
  [[nodiscard]] std::optional<Hit> Find(const std::string& key, bool count) const;

  /// Makes an entry of a folder that holds `artifacts` and `log`; the folder is moved if it can be.
  /// One that is there already stays.
  /// @errors kResourceExhausted: the disk is full; as ErrnoError. `folder` is as it was then
  Status Put(const std::filesystem::path& folder, KeptStep step) const;

  /// All entries, the oldest use first. Half-made ones are not told.
  [[nodiscard]] Result<std::vector<StoredStep>> List() const;
  /// Removes an entry. @returns false: it is in use
  [[nodiscard]] Result<bool> Remove(const std::string& key) const;
  /// Removes what processes that died left half-made, an hour ago or more.
  void RemoveRests() const;

 private:
  [[nodiscard]] std::filesystem::path FolderOf(const std::string& key) const { return root_ / key; }
  std::filesystem::path root_;
  std::string boot_id_;
};

}  // namespace hone::local

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace hone {

/// A file descriptor that closes itself.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd();

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  int Release();

 private:
  int fd_ = -1;
};

/// An Error for the current errno: ENOSPC and EDQUOT are kResourceExhausted, ENOENT kNotFound,
/// EACCES, EPERM and EROFS kPermissionDenied, EEXIST kAlreadyExists, the rest kUnavailable. The
/// message names `what` and the system's reason.
Error ErrnoError(int error_number, std::string_view what);

/// The whole file. @errors kNotFound, kPermissionDenied, kUnavailable; kResourceExhausted if longer
/// than `limit` bytes
Result<std::string> ReadFile(const std::filesystem::path& path,
                             std::uint64_t limit = std::uint64_t{64} << 20);
/// Replaces the file in one step that survives a power cut: temporary file, fsync, rename, fsync of
/// the folder.
Status WriteFileDurably(const std::filesystem::path& path, std::string_view content);
/// Replaces the file in one step (rename) without fsync.
Status WriteFile(const std::filesystem::path& path, std::string_view content);
/// mkdir -p. @errors as ErrnoError
Status MakeFolders(const std::filesystem::path& path);

/// An exclusive lock on a file (flock, close-on-exec), held until destruction. The file's text is
/// the holder's pid.
class FileLock {
 public:
  /// @errors kFailedPrecondition if another process holds it (the message ends with its pid); else
  /// as ErrnoError
  static Result<FileLock> Acquire(const std::filesystem::path& path);
  /// @returns the pid of the process that holds the lock now, 0 if nobody does. Takes a shared lock
  /// for an instant, which Acquire knows to wait for.
  static Result<int> Holder(const std::filesystem::path& path);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace hone

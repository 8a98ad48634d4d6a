// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

/// Tar files behind zstd, by libarchive. Only ordinary files: no folders, links or devices.
namespace hone::archive {

/// Writes members one after the other into a descriptor. Life: Create, members, Close. Without
/// Close, errors of the last bytes stay unknown.
class TarWriter {
 public:
  /// @param fd  stays the caller's, and open
  static Result<TarWriter> Create(int fd);
  ~TarWriter();
  TarWriter(TarWriter&&) noexcept;
  TarWriter& operator=(TarWriter&&) noexcept;

  /// `size` bytes have to follow. @errors those of writing
  Status Begin(const std::string& name, std::uint64_t size);
  Status Write(std::string_view bytes);
  Status Close();

 private:
  struct Handle;
  explicit TarWriter(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

/// Reads members in their order. What it is given is not trusted: anything but an ordinary file is
/// an error.
class TarReader {
 public:
  struct Member {
    std::string name;
    std::uint64_t size = 0;  ///< as the archive says; no more than that is read
  };

  /// @param fd  stays the caller's, and open. @errors kInvalidArgument: no archive
  static Result<TarReader> OpenFd(int fd);
  /// @param bytes  must outlive the reader
  static Result<TarReader> OpenMemory(std::string_view bytes);
  ~TarReader();
  TarReader(TarReader&&) noexcept;
  TarReader& operator=(TarReader&&) noexcept;

  /// @returns nothing behind the last one. @errors kDataLoss
  Result<std::optional<Member>> Next();
  /// Hands over the present member's bytes in parts. @returns how many there were
  /// @errors kDataLoss, those of `take`
  Result<std::uint64_t> Read(const std::function<Status(std::string_view part)>& take);

 private:
  struct Handle;
  explicit TarReader(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

}  // namespace hone::archive

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/file.h"
#include "base/result.h"
#include "store/sqlite/connection.h"

namespace hone::sqlite {

/// The number of the last commit, told twice: by the database (table `commits`) and, after the
/// commit, by a small file beside it. A write-ahead log whose end is damaged looks as if power had
/// failed during the last commit, and SQLite drops it without a word; the file knows better. It is
/// written without fsync: it may tell too few after a power cut, never too many.
/// @threads  one at a time
class LastCommit {
 public:
  /// For the writer of an open database with the schema of this program.
  /// @errors as ErrnoError of the file beside it
  static Result<LastCommit> Open(Connection& connection, const std::filesystem::path& database);

  /// What the file beside it tells; 0 if there is none or it is empty.
  /// @errors kDataLoss (it is damaged); kPermissionDenied, kUnavailable
  static Result<std::uint64_t> Recorded(const std::filesystem::path& database);
  /// What the database tells. Throws SQLite::Exception.
  static std::uint64_t Stored(Connection& connection);
  /// kDataLoss if the database has fewer commits than were recorded before it was read.
  static Status Check(std::uint64_t recorded, std::uint64_t stored,
                      const std::filesystem::path& database);

  /// Last in a transaction: this is one commit more. Throws SQLite::Exception.
  void Count(Connection& connection) const;
  /// After the transaction that was counted is on the disk.
  void Committed();

 private:
  LastCommit(UniqueFd file, std::uint64_t number) : file_(std::move(file)), number_(number) {}
  Status Write() const;

  UniqueFd file_;
  std::uint64_t number_;  // of the last commit
  bool told_ = false;     // that the file cannot be written
};

}  // namespace hone::sqlite

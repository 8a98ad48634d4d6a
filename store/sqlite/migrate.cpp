// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/migrate.h"

#include <array>
#include <fstream>
#include <string>

#include "store/sqlite/checked_file.h"
#include "store/sqlite/last_commit.h"
#include "store/sqlite/sqlite_error.h"

namespace hone::sqlite {
namespace {

using store::Migration;

// Offsets of the file header: https://www.sqlite.org/fileformat2.html, section 1.3.
constexpr std::size_t kFirstPage = 4096;
constexpr std::size_t kHeaderBytes = 100;
constexpr std::size_t kUserVersionAt = 60;
constexpr std::size_t kApplicationIdAt = 68;
constexpr int kCountsCommits = 2;  // schema 0002
constexpr std::string_view kMagic("SQLite format 3\0", 16);

Error NotOurs(const std::string& path) {
  return {Code::kFailedPrecondition, path + " is not a hone database; it was not touched", {}};
}

Error TooNew(std::int64_t version, std::size_t known) {
  return {Code::kFailedPrecondition,
          "the database has schema " + std::to_string(version) + ", this hone knows up to " +
              std::to_string(known) + ": use the newer hone; the file was not touched",
          {}};
}

std::int64_t BigEndian(std::string_view header, std::size_t at) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<unsigned char>(header[at + i]);
  }
  return value;
}

/// The first page alone, before SQLite gets to see the file.
Status CheckHeader(const std::string& path, std::string_view header, std::size_t known) {
  const bool short_header = header.size() < kHeaderBytes;
  const bool begins_well = kMagic.starts_with(header.substr(0, kMagic.size()));
  const bool ours = !short_header && BigEndian(header, kApplicationIdAt) == kApplicationId;
  if (begins_well && (short_header || (ours && header.size() < kFirstPage))) {
    return tl::make_unexpected(Lost(path + " is cut short"));
  }
  if (IsDamagedFirstPage(header)) {
    return tl::make_unexpected(Lost("page 1 of " + path + " is damaged"));
  }
  if (short_header || !begins_well) {
    return tl::make_unexpected(NotOurs(path));
  }
  const std::int64_t application = BigEndian(header, kApplicationIdAt);
  const std::int64_t version = BigEndian(header, kUserVersionAt);
  const bool unfinished = application == 0 && version == 0;  // died before its first migration
  if (application != kApplicationId && !unfinished) {
    return tl::make_unexpected(NotOurs(path));
  }
  if (version > static_cast<std::int64_t>(known)) {
    return tl::make_unexpected(TooNew(version, known));
  }
  return {};
}

Status CheckUnchanged(Connection& connection, std::span<const Migration> known) {
  Use rows(connection, "SELECT number, checksum FROM migrations ORDER BY number");
  while (rows.Step()) {
    const Migration& migration = known[static_cast<std::size_t>(rows.GetInt(0)) - 1];
    const std::string applied = rows.GetText(1);
    if (const std::string now = store::Checksum(migration.sql); applied != now) {
      std::string text = "migration ";
      text += migration.name;
      text += " was applied with checksum ";
      text += applied;
      text += " and is now ";
      text += now;
      text += ": this hone is another build";
      return Fail(Code::kFailedPrecondition, text);
    }
  }
  return {};
}

void Apply(Connection& connection, const Migration& migration, Timestamp now) {
  connection.database().exec(std::string(migration.sql));
  const std::string name(migration.name);
  const std::string checksum = store::Checksum(migration.sql);
  Use(connection, "INSERT INTO migrations (number, name, at, checksum) VALUES (?, ?, ?, ?)")
      .Int(migration.number)
      .Text(name)
      .Time(now)
      .Text(checksum)
      .Run();
}

}  // namespace

Status CheckFile(const std::filesystem::path& path, std::span<const Migration> known) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error == std::errc::no_such_file_or_directory) {
    return {};
  }
  if (error) {
    return Fail(Code::kPermissionDenied, path.string() + ": " + error.message());
  }
  // Read first: what commits meanwhile counts in the database only.
  HONE_ASSIGN_OR_RETURN(const std::uint64_t recorded, LastCommit::Recorded(path));
  if (size == 0) {
    return LastCommit::Check(recorded, 0, path);
  }
  std::array<char, kFirstPage> bytes{};
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Fail(Code::kPermissionDenied, path.string() + ": cannot be read");
  }
  file.read(bytes.data(), bytes.size());
  const std::string_view header(bytes.data(), static_cast<std::size_t>(file.gcount()));
  HONE_RETURN_IF_ERROR(CheckHeader(path.string(), header, known.size()));
  return Try("open " + path.string(), [&]() -> Status {
    // What was committed but not yet copied from the write-ahead log counts too.
    Connection connection(path, ReadAccess(path), std::chrono::seconds(5));
    HONE_ASSIGN_OR_RETURN(const int applied, AppliedMigrations(connection, known));
    const std::uint64_t stored = applied >= kCountsCommits ? LastCommit::Stored(connection) : 0;
    return LastCommit::Check(recorded, stored, path);
  });
}

Result<int> AppliedMigrations(Connection& connection, std::span<const Migration> known) {
  SQLite::Database& database = connection.database();
  const auto version = database.execAndGet("PRAGMA user_version").getInt64();
  const auto application = database.execAndGet("PRAGMA application_id").getInt64();
  if (application == 0 && version == 0 &&
      database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt64() == 0) {
    return 0;
  }
  if (application != kApplicationId) {
    return tl::make_unexpected(NotOurs(database.getFilename()));
  }
  if (version > static_cast<std::int64_t>(known.size())) {
    return tl::make_unexpected(TooNew(version, known.size()));
  }
  HONE_RETURN_IF_ERROR(CheckUnchanged(connection, known));
  return static_cast<int>(version);
}

Status Migrate(Connection& connection, std::span<const Migration> known, Timestamp now) {
  Status status = Try("migrate the database", [&]() -> Status {
    if (!connection.HasStamps()) {
      connection.MakeStamps();  // first, because a schema from 0002 on promises them
    }
    connection.Begin();
    HONE_ASSIGN_OR_RETURN(const int applied, AppliedMigrations(connection, known));
    for (const Migration& migration : known.subspan(static_cast<std::size_t>(applied))) {
      Apply(connection, migration, now);
    }
    if (static_cast<std::size_t>(applied) < known.size()) {
      connection.database().exec("PRAGMA application_id = " + std::to_string(kApplicationId));
      connection.database().exec("PRAGMA user_version = " + std::to_string(known.size()));
    }
    connection.Commit();
    if (static_cast<std::size_t>(applied) < known.size()) {
      connection.database().exec("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    return {};
  });
  if (!status) {
    connection.Rollback();
  }
  return status;
}

}  // namespace hone::sqlite

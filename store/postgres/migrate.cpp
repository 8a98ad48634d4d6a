// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/migrate.h"

#include <string>

#include "store/postgres/text_codec.h"

namespace hone::postgres {
namespace {

using store::Migration;

constexpr int kOldestServer = 130'000;  // 13: pg_current_xact_id()

// "hone" in ASCII.
constexpr char kLock[] = "SELECT pg_advisory_xact_lock(1752133221)";

// What was restored into a younger cluster has positions that its transactions have not reached.
// All rows of a statement's snapshot are of transactions before its xmax.
constexpr char kRaiseBase[] =
    "UPDATE positions SET base = base + late FROM (SELECT (max(position) >> 20) + 1 - "
    "(SELECT base FROM positions) - "
    "pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS late FROM events) AS ahead "
    "WHERE late > 0";

Status CheckServer(Connection& connection) {
  const Rows server = Use(connection,
                          "SELECT current_setting('server_version_num')::bigint, "
                          "current_setting('server_encoding'), current_setting('server_version')")
                          .Run();
  if (server.GetInt(0, 0) < kOldestServer) {
    return Fail(Code::kFailedPrecondition, "the server is PostgreSQL " + server.GetText(0, 2) +
                                               "; version 13 or later is needed");
  }
  if (server.GetText(0, 1) != "UTF8") {
    return Fail(Code::kFailedPrecondition,
                "the database's encoding is " + server.GetText(0, 1) +
                    "; make one with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0");
  }
  return {};
}

/// A table of this name that we would make, and no table of migrations: another program's.
Result<bool> HasTables(Connection& connection) {
  const Rows tables = Use(connection,
                          "SELECT (to_regclass('migrations') IS NOT NULL)::int, "
                          "(to_regclass('experiments') IS NOT NULL)::int, "
                          "(SELECT count(*) FROM pg_attribute WHERE attrelid = "
                          "to_regclass('migrations') AND attname IN ('number', 'checksum'))")
                          .Run();
  const bool migrations = tables.GetInt(0, 0) != 0;
  const bool experiments = tables.GetInt(0, 1) != 0;
  if (migrations != experiments || (migrations && tables.GetInt(0, 2) != 2)) {
    return Fail(Code::kFailedPrecondition,
                "the database has tables of another program; nothing was touched. Give hone a "
                "database of its own");
  }
  return migrations;
}

Status CheckUnchanged(const Rows& applied, std::span<const Migration> known) {
  for (std::size_t i = 0; i < applied.Count(); ++i) {
    const std::string now = store::Checksum(known[i].sql);
    if (applied.GetUnsigned(i, 0) != i + 1 || applied.GetText(i, 1) != now) {
      return Fail(Code::kFailedPrecondition, "migration " + std::string(known[i].name) +
                                                 " was applied with checksum " +
                                                 applied.GetText(i, 1) + " and is now " + now +
                                                 ": this hone is another build");
    }
  }
  return {};
}

}  // namespace

Result<int> AppliedMigrations(Connection& connection, std::span<const Migration> known) {
  HONE_RETURN_IF_ERROR(CheckServer(connection));
  HONE_ASSIGN_OR_RETURN(const bool ours, HasTables(connection));
  if (!ours) {
    return 0;
  }
  const Rows applied =
      Use(connection, "SELECT number, checksum FROM migrations ORDER BY number").Run();
  if (applied.Count() > known.size()) {
    return Fail(Code::kFailedPrecondition,
                "the database has schema " + std::to_string(applied.Count()) +
                    ", this hone knows up to " + std::to_string(known.size()) +
                    ": use the newer hone; the database was not touched");
  }
  HONE_RETURN_IF_ERROR(CheckUnchanged(applied, known));
  return static_cast<int>(applied.Count());
}

Status Migrate(Connection& connection, std::span<const Migration> known, Timestamp now) {
  connection.Begin();
  connection.ExecuteScript(kLock);
  HONE_ASSIGN_OR_RETURN(const int applied, AppliedMigrations(connection, known));
  for (const Migration& migration : known.subspan(static_cast<std::size_t>(applied))) {
    connection.ExecuteScript(std::string(migration.sql));
    Use(connection, "INSERT INTO migrations (number, name, at, checksum) VALUES ($1, $2, $3, $4)")
        .Int(migration.number)
        .Text(migration.name)
        .Time(now)
        .Text(store::Checksum(migration.sql))
        .Run();
  }
  connection.ExecuteScript(kRaiseBase);
  connection.Commit();
  return {};
}

}  // namespace hone::postgres

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/clock.h"
#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/schema/schema.h"

/// Both throw what libpqxx throws.
namespace hone::postgres {

/// How many migrations the database has; all must be known and unchanged. 0: no tables of ours yet.
/// @errors kFailedPrecondition: a server that is too old, a database that is not in UTF-8, tables
/// of another program, a newer schema. Nothing is written.
Result<int> AppliedMigrations(Connection& connection, std::span<const store::Migration> known);

/// Applies what is missing, all in one transaction, while no other process does.
/// @errors as AppliedMigrations; nothing has changed then
Status Migrate(Connection& connection, std::span<const store::Migration> known, Timestamp now);

}  // namespace hone::postgres

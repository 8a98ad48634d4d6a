// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>

#include "base/clock.h"
#include "base/result.h"
#include "store/schema/schema.h"
#include "store/sqlite/connection.h"

namespace hone::sqlite {

/// "hone" in ASCII, in the header of each of our files.
inline constexpr std::int64_t kApplicationId = 0x686f6e65;

/// Refuses, without writing a byte, a file that is not ours, is of a newer version, or was made by
/// migrations that have changed since. A missing or empty file passes.
/// @errors kFailedPrecondition; kDataLoss (damaged); kPermissionDenied
Status CheckFile(const std::filesystem::path& path, std::span<const store::Migration> known);

/// How many migrations the database has; all must be known and unchanged. 0: nothing in it yet.
/// @errors kFailedPrecondition
Result<int> AppliedMigrations(Connection& connection, std::span<const store::Migration> known);

/// Applies what is missing, all in one transaction.
/// @errors as AppliedMigrations; kInternal (a migration does not run); nothing has changed then
Status Migrate(Connection& connection, std::span<const store::Migration> known, Timestamp now);

}  // namespace hone::sqlite

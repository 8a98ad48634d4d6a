// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "apps/cli/config.h"
#include "apps/cli/open_store.h"
#include "base/result.h"
#include "store/observation_logs.h"

/// PostgreSQL is in programs of its own, hone-postgres and hone-services, because its libraries
/// would cost each command processor time at its start. In the others these are stand-ins.
namespace hone::cli {

/// Before a command that has a store of PostgreSQL does anything: becomes the program that can open
/// it, if this one cannot. @errors kUnavailable: there is none, or it cannot be started
Status HavePostgres();

/// The database of --store. @errors those of PostgresStore::Create
Result<std::unique_ptr<Store>> OpenPostgres(const Config& config, StoreAccess access);

/// Katib's table of observation logs in it. @errors those of OpenPostgresLogs (store/postgres/)
Result<std::unique_ptr<ObservationLogs>> OpenPostgresLogs(const Config& config);

}  // namespace hone::cli

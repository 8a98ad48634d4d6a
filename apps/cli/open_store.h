// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "apps/cli/config.h"
#include "base/result.h"
#include "store/store.h"

namespace hone::cli {

/// kOwner makes the store if need be and may write everything; kGuest reads beside an owner and
/// posts requests.
enum class StoreAccess { kOwner, kGuest };

/// The store of the configuration: the data folder's file, or the database of --store.
/// @errors those of SqliteStore::Create or PostgresStore::Create
Result<std::unique_ptr<Store>> OpenStore(const Config& config, StoreAccess access);

/// Owner of experiments in the store: one name for all processes that ever hold a data folder.
/// Whoever has the lock knows that the holders before it are gone, so their leases end at once.
std::string OwnerName(const Config& config);

}  // namespace hone::cli

// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/postgres_store.h"

#include "apps/cli/postgres.h"
#include "store/postgres/observation_logs.h"

namespace hone::cli {

Status HavePostgres() {
  return {};
}

Result<std::unique_ptr<Store>> OpenPostgres(const Config& config, StoreAccess access) {
  PostgresOptions options;
  options.read_only = access == StoreAccess::kGuest;
  options.requests_of = OwnerName(config);
  return PostgresStore::Create(config.store_url, options);
}

Result<std::unique_ptr<ObservationLogs>> OpenPostgresLogs(const Config& config) {
  return hone::OpenPostgresLogs(config.store_url, {});
}

}  // namespace hone::cli

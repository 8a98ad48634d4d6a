// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/open_store.h"

#include <unistd.h>

#include <cstdio>

#include "apps/cli/postgres.h"
#include "apps/cli/server.h"
#include "base/file.h"
#include "base/hash.h"
#include "store/sqlite/sqlite_store.h"

namespace hone::cli {
namespace {

constexpr char kFolderOwner[] = "holder of engine.lock";

std::string HostName() {
  char name[256] = "";
  static_cast<void>(::gethostname(name, sizeof name - 1));  // an empty name will do
  return name;
}

/// Tells apart machines of one name. The machine's id itself is nobody's business.
std::string MachineMark() {
  const auto id = ReadFile("/etc/machine-id");
  char mark[9] = "";
  static_cast<void>(
      std::snprintf(mark, sizeof mark, "%08x", static_cast<unsigned>(StableHash(id.value_or("")))));
  return mark;
}

}  // namespace

std::string OwnerName(const Config& config) {
  // A database is shared by the holders of many folders.
  return config.store_url.empty()
             ? kFolderOwner
             : HostName() + ":" + config.data_dir.string() + " (machine " + MachineMark() + ")";
}

Result<std::unique_ptr<Store>> OpenStore(const Config& config, StoreAccess access) {
  if (!config.server.empty()) {
    return OpenServer(config);
  }
  if (!config.store_url.empty()) {
    return OpenPostgres(config, access);
  }
  SqliteOptions options;
  options.read_only = access == StoreAccess::kGuest;
  return SqliteStore::Create(config.DataFile(), options);
}

}  // namespace hone::cli

// SPDX-License-Identifier: Apache-2.0
// Of a build without libpqxx.
#include "apps/cli/postgres.h"

namespace hone::cli {
namespace {

Error Absent() {
  return {
      Code::kUnimplemented,
      "this hone was built without PostgreSQL; install libpqxx (tools/setup.sh) and build again",
      {}};
}

}  // namespace

Status HavePostgres() {
  return tl::make_unexpected(Absent());
}

Result<std::unique_ptr<Store>> OpenPostgres(const Config& /*config*/, StoreAccess /*access*/) {
  return tl::make_unexpected(Absent());
}

Result<std::unique_ptr<ObservationLogs>> OpenPostgresLogs(const Config& /*config*/) {
  return tl::make_unexpected(Absent());
}

}  // namespace hone::cli

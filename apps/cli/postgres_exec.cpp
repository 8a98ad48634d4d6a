// SPDX-License-Identifier: Apache-2.0
// Of the program `hone`: PostgreSQL is in hone-postgres.
#include "apps/cli/become.h"
#include "apps/cli/postgres.h"

namespace hone::cli {

Status HavePostgres() {
  return BecomeProgram("hone-postgres");
}

Result<std::unique_ptr<Store>> OpenPostgres(const Config& /*config*/, StoreAccess /*access*/) {
  return Fail(Code::kInternal, "this program cannot open PostgreSQL");
}

Result<std::unique_ptr<ObservationLogs>> OpenPostgresLogs(const Config& /*config*/) {
  return Fail(Code::kInternal, "this program cannot open PostgreSQL");
}

}  // namespace hone::cli

// SPDX-License-Identifier: Apache-2.0
// hone db-manager: Katib's DBManager service over a file in the data folder, or a
// database of Katib's.
#include "apps/cli/services.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

void Declare(Args& args, ListenOptions& options) {
  DeclareListen(args, options, "127.0.0.1:6789");
}

}  // namespace

Verb DbManagerVerb() {
  return MakeVerb<ListenOptions>({.name = "db-manager",
                                  .group = kServeGroup,
                                  .summary = "keeps what Katib's trials report",
                                  .example = "hone db-manager --data-dir /srv/hone\n"
                                             "hone db-manager --listen 0.0.0.0:6789 --insecure\n"
                                             "hone db-manager --store "
                                             "postgresql://katib@db.example/katib",
                                  .needs_folder = true},
                                 &Declare, &ServeDbManager);
}

}  // namespace hone::cli

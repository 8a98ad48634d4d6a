// SPDX-License-Identifier: Apache-2.0
// hone db-manager: Katib's DBManager service over a file in the data folder, or a
// database of Katib's.
#include "apps/cli/services.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

void Declare(Args& args, DbManagerOptions& options) {
  DeclareListen(args, options.grpc, "127.0.0.1:6789");
  args.Flag("--own-trials", options.own_trials,
            "tell what hone's own trials reported, of experiments that name an early-stopping "
            "service, and nothing else; an engine starts one by itself");
  args.Flag("--until-input-closes", options.until_input_closes,
            "end when nobody can write to standard input, a pipe, any more");
}

}  // namespace

Verb DbManagerVerb() {
  return MakeVerb<DbManagerOptions>({.name = "db-manager",
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

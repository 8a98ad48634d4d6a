// SPDX-License-Identifier: Apache-2.0
// hone earlystop: rules of early stopping as Katib's EarlyStopping service.
#include "apps/cli/services.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

void Declare(Args& args, ListenOptions& options) {
  DeclareListen(args, options, "127.0.0.1:6788");
}

}  // namespace

Verb EarlyStopVerb() {
  return MakeVerb<ListenOptions>(
      {.name = "earlystop",
       .group = kServeGroup,
       .summary = "rules of early stopping as Katib's EarlyStopping service",
       .example = "hone earlystop\n"
                  "hone earlystop --listen 0.0.0.0:6788 --insecure",
       .needs_folder = true},
      &Declare, &ServeEarlyStop);
}

}  // namespace hone::cli

// SPDX-License-Identifier: Apache-2.0
// hone serve: the daemon.
#include "apps/cli/services.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

void Declare(Args& args, ServeOptions& options) {
  DeclareListen(args, options.grpc, "127.0.0.1:6790");
  args.Add(
      "--http", options.http,
      {.type = "HOST:PORT",
       .help =
           "where to serve HTTP with JSON, /metrics and /healthz, also unix:/PATH; not at all if "
           "not given"});
  args.Add("--adopted-lease", options.adopted_lease,
           {.type = "SECONDS",
            .help = "how long workers of a daemon that ended have to be heard by this one",
            .shown_default = "60"});
  args.Flag("--until-input-closes", options.until_input_closes,
            "end when nobody can write to standard input, a pipe, any more: a program that "
            "starts a daemon for itself leaves none behind, however it ends");
}

}  // namespace

Verb ServeVerb() {
  return MakeVerb<ServeOptions>(
      {.name = "serve",
       .group = kServeGroup,
       .summary = "the daemon: runs experiments for clients, hands trials to workers",
       .example = "hone serve --data-dir /srv/hone\n"
                  "hone serve --listen unix:/run/hone/hone.sock",
       .needs_folder = true},
      &Declare, &ServeDaemon);
}

}  // namespace hone::cli

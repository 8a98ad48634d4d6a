// SPDX-License-Identifier: Apache-2.0
// hone serve: the daemon.
#include "apps/cli/services.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

void DeclareLimits(Args& args, ServeOptions& options) {
  args.Add("--max-rate", options.rate,
           {.type = "N",
            .help = "requests a second with one token; 0: any",
            .shown_default = std::to_string(kMostRate)});
  args.Add("--max-streams", options.most_streams,
           {.type = "N",
            .help = "calls that watch or follow at a time with one token; 0: as many as the server",
            .shown_default = std::to_string(kMostStreams)});
  args.Add("--max-experiments", options.most_experiments,
           {.type = "N",
            .help = "experiments of one namespace; 0: any",
            .shown_default = std::to_string(kMostExperiments)});
  args.Add("--max-message", options.most_message,
           {.type = "MIB",
            .help = "size of a request, 1 to 1024 MiB",
            .shown_default = "64 of gRPC, 2 of HTTP"});
}

void Declare(Args& args, ServeOptions& options) {
  DeclareListen(args, options.grpc, "127.0.0.1:6790");
  args.Add(
      "--http", options.http,
      {.type = "HOST:PORT",
       .help =
           "where to serve HTTP with JSON, /metrics and /healthz, also unix:/PATH; not at all if "
           "not given"});
  args.Flag("--require-tokens", options.require_tokens,
            "ask every caller for a token even if there are none yet; as soon as 'hone token "
            "create' has made one, that is so anyway");
  args.Add("--tls-cert", options.tls_certificate,
           {.type = "FILE",
            .help = "speak TLS, with this certificate and those that vouch for it, in PEM",
            .values = Values::kFile});
  args.Add("--tls-key", options.tls_key,
           {.type = "FILE", .help = "the certificate's key, in PEM", .values = Values::kFile});
  args.Add("--tls-client-ca", options.tls_client_ca,
           {.type = "FILE",
            .help = "let in only clients with a certificate that one of these has signed",
            .values = Values::kFile});
  DeclareLimits(args, options);
  args.Add("--adopted-lease", options.adopted_lease,
           {.type = "SECONDS",
            .help = "how long workers of a daemon that ended have to be heard by this one",
            .shown_default = "60"});
  args.Add("--lease", options.lease,
           {.type = "SECONDS",
            .help = "with --store: how long after its last sign of life another daemon takes over "
                    "what this one drives, 3 to 3600",
            .shown_default = "15"});
  args.Add("--lost-after", options.lost_after,
           {.type = "SECONDS",
            .help = "with --store: how long local trials of another machine may be out of sight "
                    "before they are lost and started again here",
            .shown_default = "600"});
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
                  "hone serve --listen unix:/run/hone/hone.sock\n"
                  "hone serve --listen 0.0.0.0:6790 --tls-cert hone.crt --tls-key hone.key",
       .needs_folder = true},
      &Declare, &ServeDaemon);
}

}  // namespace hone::cli

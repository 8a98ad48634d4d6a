// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/services.h"

namespace hone::cli {

void DeclareListen(Args& args, ListenOptions& options, const std::string& default_listen) {
  options.listen = default_listen;
  args.Add("--listen", options.listen,
           {.type = "HOST:PORT",
            .help = "where to listen; port 0: a free one, printed",
            .shown_default = default_listen});
  args.Flag("--insecure", options.insecure,
            "allow an address that other machines reach: whoever reaches it may use the service, "
            "and nothing is encrypted; Katib's own services do the same inside a cluster");
}

}  // namespace hone::cli

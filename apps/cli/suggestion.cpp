// SPDX-License-Identifier: Apache-2.0
// hone suggestion: the search algorithms as Katib's Suggestion service.
#include "apps/cli/services.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

void Declare(Args& args, SuggestionOptions& options) {
  DeclareListen(args, options.grpc, "127.0.0.1:6789");
  args.Add("--trial-data", options.trial_data,
           {.type = "DIR",
            .help = "the volume with a folder for each trial (<experiment>/<trial>), which Katib "
                    "mounts at /opt/katib/data; without it pbt is refused"});
}

}  // namespace

Verb SuggestionVerb() {
  return MakeVerb<SuggestionOptions>({.name = "suggestion",
                                      .group = kServeGroup,
                                      .summary = "search algorithms as Katib's Suggestion service",
                                      .example = "hone suggestion\n"
                                                 "hone suggestion --listen 0.0.0.0:6789 --insecure",
                                      .needs_folder = true},
                                     &Declare, &ServeSuggestion);
}

}  // namespace hone::cli

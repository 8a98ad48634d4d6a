// SPDX-License-Identifier: Apache-2.0
// hone suggestion: the search algorithms as Katib's Suggestion service.
#include "apps/cli/services.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

void Declare(Args& args, ListenOptions& options) {
  DeclareListen(args, options, "127.0.0.1:6789");
}

}  // namespace

Verb SuggestionVerb() {
  return MakeVerb<ListenOptions>({.name = "suggestion",
                                  .group = kServeGroup,
                                  .summary = "search algorithms as Katib's Suggestion service",
                                  .example = "hone suggestion\n"
                                             "hone suggestion --listen 0.0.0.0:6789 --insecure",
                                  .needs_folder = true},
                                 &Declare, &ServeSuggestion);
}

}  // namespace hone::cli

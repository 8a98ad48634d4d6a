// SPDX-License-Identifier: Apache-2.0
// Of the program `hone`: the services live in hone-services, a program of its own, because gRPC's
// libraries would cost each command 6 ms of processor time at its start, which takes 4 without
// them. This process becomes that one.
#include "apps/cli/become.h"
#include "apps/cli/services.h"

namespace hone::cli {
namespace {

Result<int> BecomeServices() {
  return tl::make_unexpected(BecomeProgram("hone-services").error());
}

}  // namespace

Result<int> ServeDaemon(const Config& /*config*/, const ServeOptions& /*options*/) {
  return BecomeServices();
}

Result<int> ServeSuggestion(const Config& /*config*/, const SuggestionOptions& /*options*/) {
  return BecomeServices();
}

Result<int> ServeEarlyStop(const Config& /*config*/, const ListenOptions& /*options*/) {
  return BecomeServices();
}

Result<int> ServeDbManager(const Config& /*config*/, const DbManagerOptions& /*options*/) {
  return BecomeServices();
}

}  // namespace hone::cli

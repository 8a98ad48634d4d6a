// SPDX-License-Identifier: Apache-2.0
// Of a build without gRPC.
#include "apps/cli/services.h"

namespace hone::cli {
namespace {

tl::unexpected<Error> Absent() {
  return Fail(Code::kUnimplemented,
              "this hone was built without gRPC; docs/building.md says how to build it with");
}

}  // namespace

Result<int> ServeDaemon(const Config& /*config*/, const ServeOptions& /*options*/) {
  return Absent();
}

Result<int> ServeSuggestion(const Config& /*config*/, const SuggestionOptions& /*options*/) {
  return Absent();
}

Result<int> ServeEarlyStop(const Config& /*config*/, const ListenOptions& /*options*/) {
  return Absent();
}

Result<int> ServeDbManager(const Config& /*config*/, const DbManagerOptions& /*options*/) {
  return Absent();
}

}  // namespace hone::cli

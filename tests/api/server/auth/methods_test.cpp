// SPDX-License-Identifier: Apache-2.0
// The table of rules against the published services: a method that nobody thought of is refused to
// everybody, which this test notices first.
#include "api/server/auth/methods.h"

#include <google/protobuf/descriptor.h>

#include <set>

#include "api/proto/hone/v1/hone.pb.h"
#include "api/proto/katib_v1beta1.pb.h"
#include "tests/catch.h"

namespace hone::auth {
namespace {

TEST_CASE("methods: every published method has one rule, and no rule is for nothing", "[api]") {
  std::set<std::string> published = {"/metrics"};
  for (const auto* file : {hone::v1::GetExperimentRequest::descriptor()->file(),
                           api::v1::beta1::Experiment::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      const auto* const service = file->service(i);
      for (int k = 0; k < service->method_count(); ++k) {
        published.insert(service->full_name() + "/" + service->method(k)->name());
      }
    }
  }
  std::set<std::string> ruled;
  for (const MethodRule& rule : MethodRules()) {
    CHECK(ruled.insert(std::string(rule.method)).second);
  }
  CHECK(ruled == published);
}

}  // namespace
}  // namespace hone::auth

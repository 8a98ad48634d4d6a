// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "base/json.h"
#include "tests/catch.h"
#include "tests/support/podman_here.h"
#include "tests/trial-runner/local_bench.h"

/// What tests with real containers share.
namespace hone::testing {

using nlohmann::json;
using test::PodmanHere;

inline json JobOf(const std::string& script) {
  return ParseJsonOrThrow(
             R"({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": {
      "containers": [{"name": "main"}]}}}})")
      .patch(json::array({{{"op", "add"},
                           {"path", "/spec/template/spec/containers/0/image"},
                           {"value", PodmanHere::kImage}},
                          {{"op", "add"},
                           {"path", "/spec/template/spec/containers/0/command"},
                           {"value", {"/bin/sh", "-c", script}}}}));
}

inline json& ContainerOf(json& job) {
  return job["/spec/template/spec/containers/0"_json_pointer];
}

/// A LocalBench whose trials are containers.
class ContainerBench : public LocalBench {
 public:
  explicit ContainerBench(const PodmanHere& podman) : podman_(podman) {
    options.environment = podman.environment();
    options.grace = std::chrono::milliseconds(300);
    Start();
  }
  Status LaunchJob(TrialNumber number, const json& job) { return Launch(SpecOf(number, job)); }
  [[nodiscard]] LaunchSpec SpecOf(TrialNumber number, const json& job) const {
    LaunchSpec spec = Spec(number, DumpJson(job));
    spec.container.emplace();
    return spec;
  }
  Sighting RunJob(TrialNumber number, const json& job) {
    const Status launched = LaunchJob(number, job);
    INFO((launched.has_value() ? "" : launched.error().Text()));
    REQUIRE(launched.has_value());
    return WaitForEnd(number);
  }
  void CheckNothingIsLeft(TrialNumber number) {
    CHECK(podman_.Containers().empty());
    CHECK(Eventually([&] { return ProcessesOf(WorkFolder(number)).empty(); }));
  }

 private:
  const PodmanHere& podman_;
};

#define HONE_NEEDS_PODMAN(name)                                                    \
  const ::hone::test::PodmanHere* const name = ::hone::test::PodmanHere::Shared(); \
  if (name == nullptr) {                                                           \
    SUCCEED("skipped: no container can be started here");                          \
    return;                                                                        \
  }

}  // namespace hone::testing

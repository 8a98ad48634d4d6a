// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/attempt.h"

#include <fstream>

#include "tests/base/temp_folder.h"
#include "tests/catch.h"

namespace hone::local {
namespace {

namespace fs = std::filesystem;
using testing::TempFolder;

LaunchPlan FullPlan() {
  return {
      .argv = {"sh", "-c", "echo \"a\nb\" =", ""},
      .env = {"A=1", "B=x=y", "EMPTY="},
      .folder = "/some where",
      .deadline = std::chrono::milliseconds(1500),
      .grace = std::chrono::seconds(10),
      .log_quota = 65536,
      .oom_counter = "/sys/counter",
      .gpus = {"0", "GPU-1"},
      .metrics_from = "/m.log",
      .metrics_to = "/own/m.log",
      .replicas = {},
      .job = {},
      .collector = HelperPlan{
          .argv = {"hone-push", "1"}, .env = {"B=2"}, .folder = "/beside", .ready_first = true}};
}

TEST_CASE("attempt: a launch file reads back as written", "[trial-runner]") {
  const LaunchPlan plan = FullPlan();
  CHECK(DecodeLaunch(EncodeLaunch(plan).value()) == plan);
  const LaunchPlan small{.argv = {"true"},
                         .env = {},
                         .folder = "/",
                         .deadline = {},
                         .grace = {},
                         .oom_counter = "",
                         .gpus = {},
                         .metrics_from = "",
                         .metrics_to = "",
                         .replicas = {},
                         .job = {}};
  CHECK(DecodeLaunch(EncodeLaunch(small).value()) == small);
}

// Two replicas, the second of which is read.
LaunchPlan JobPlan() {
  LaunchPlan plan = FullPlan();
  plan.argv.clear();
  plan.env.clear();
  plan.folder.clear();
  plan.replicas = {{.name = "ps-0",
                    .restart = "Always",
                    .argv = {"serve", "a b"},
                    .env = {"A=1"},
                    .folder = "/one"},
                   {.name = "worker-0",
                    .restart = "Never",
                    .decides = true,
                    .primary = true,
                    .argv = {"train"},
                    .env = {},
                    .folder = "/two"}};
  plan.backoff_limit = 3;
  plan.job = {"TFJob", "trial-7", "succeeded", "failed"};
  return plan;
}

TEST_CASE("attempt: a training job's launch file reads back as written", "[trial-runner]") {
  const LaunchPlan plan = JobPlan();
  CHECK(DecodeLaunch(EncodeLaunch(plan).value()) == plan);
  CHECK(plan.PrimaryFolder() == "/two");
  CHECK(LogNameOf(plan, "") == "output.log");
  CHECK(LogNameOf(plan, "worker-0") == "output.log");
  CHECK(LogNameOf(plan, "collector") == "replica-collector.log");
  CHECK(LogNameOf(plan, "ps-0") == "replica-ps-0.log");
  CHECK_FALSE(LogNameOf(plan, "ps-1"));
}

TEST_CASE("attempt: no part of a launch file passes for the whole", "[trial-runner]") {
  const std::string text = EncodeLaunch(FullPlan()).value();
  for (std::size_t length = 0; length < text.size(); ++length) {
    CHECK_FALSE(DecodeLaunch(text.substr(0, length)));
  }
}

TEST_CASE("attempt: a command with NUL is refused", "[trial-runner]") {
  LaunchPlan plan = FullPlan();
  plan.argv.emplace_back("a\0b", 3);
  CHECK(EncodeLaunch(plan).error().code == Code::kInvalidArgument);
}

TEST_CASE("attempt: claims and exit records in parts are none", "[trial-runner]") {
  const std::string claim =
      "boot_id=b\nshim_pid=1\nshim_ticks=2\nchild_pid=3\nchild_ticks=4\nstarted_us=5\n";
  CHECK(DecodeClaim(claim) == ClaimRecord{{1, "b", 2}, 3, Timestamp(Duration(5))});
  CHECK_FALSE(DecodeClaim(claim.substr(0, 40)));
  CHECK_FALSE(DecodeClaim(""));
  const std::string exit =
      "kind=exited\nexit_code=3\nsignal=0\nstopped=0\nstarted_us=5\nended_us=6\noutput_bytes=7\n"
      "reason=why\nend=1\n";
  const auto record = DecodeExit(exit);
  REQUIRE(record);
  CHECK(record->kind == "exited");
  CHECK(record->exit_code == 3);
  CHECK(record->ended_at == Timestamp(Duration(6)));
  CHECK(record->output_bytes == 7);
  CHECK(record->reason == "why");
  CHECK(record->replicas.empty());
  const auto job = DecodeExit(
      "kind=exited\nculprits=worker-1\noutcome=worker-0 ended 143 0\noutcome=worker-1 failed 3 2\n"
      "end=1\n");
  REQUIRE(job);
  CHECK(job->culprits == "worker-1");
  CHECK(job->replicas ==
        std::vector<ReplicaOutcome>{{"worker-0", ReplicaOutcome::State::kEnded, 143, 0},
                                    {"worker-1", ReplicaOutcome::State::kFailed, 3, 2}});
  CHECK_FALSE(DecodeExit(exit.substr(0, exit.size() - 4)));
  CHECK_FALSE(DecodeExit(claim));
}

TEST_CASE("attempt: folders are listed in order, others are left alone", "[trial-runner]") {
  const TempFolder folder;
  const Layout layout(folder.path());
  const ExperimentId id{"e-1"};
  CHECK(layout.List(id).value().empty());
  for (const char* name : {"10/attempt-1", "2/attempt-10", "2/attempt-2", "2/work", "x/attempt-1",
                           "3/attempt-x", "4/attempt-01", "0/attempt-1"}) {
    fs::create_directories(layout.Experiment(id) / name);
  }
  const std::vector<AttemptKey> wanted = {{{id, 2}, 2}, {{id, 2}, 10}, {{id, 10}, 1}};
  CHECK(layout.List(id).value() == wanted);
  fs::create_directories(layout.Trials() / "not a name");
  CHECK(layout.Experiments().value() == std::vector<ExperimentId>{id});
}

TEST_CASE("attempt: only plain names can be folders", "[trial-runner]") {
  CHECK(IsPlainName("8f14e45f-ceea-467f-a0e6-0123456789ab"));
  for (const char* name : {"", ".", "..", "a/b", "../x", "a b", "a\n"}) {
    CHECK_FALSE(IsPlainName(name));
  }
}

TEST_CASE("attempt: an empty claim without a living shim is a lost attempt", "[trial-runner]") {
  const TempFolder folder;
  CHECK(std::holds_alternative<Unclaimed>(ReadAttempt(folder.path(), "b").value()));
  std::ofstream(folder / "launch") << "x";
  CHECK(std::holds_alternative<Unclaimed>(ReadAttempt(folder.path(), "b").value()));
  std::ofstream(folder / "claim") << "";
  CHECK(std::holds_alternative<Vanished>(ReadAttempt(folder.path(), "b").value()));
}

}  // namespace
}  // namespace hone::local

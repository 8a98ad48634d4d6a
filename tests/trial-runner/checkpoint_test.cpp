// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/checkpoint.h"

#include <filesystem>
#include <string>

#include "base/file.h"
#include "tests/catch.h"
#include "tests/trial-runner/local_bench.h"

namespace hone {
namespace {

using testing::LocalBench;

const std::string kCount =
    "n=$(cat $HONE_CHECKPOINT_DIR/count || echo 0); echo $((n + 1)) > $HONE_CHECKPOINT_DIR/count; "
    "cp $HONE_CHECKPOINT_DIR/count $HONE_ARTIFACT_DIR/model; echo began at $n";

LaunchSpec Child(const LocalBench& bench, TrialNumber number, const Sighting& parent,
                 const std::string& script) {
  LaunchSpec spec = bench.Spec(number, testing::ScriptObject(script));
  spec.parent = parent.trial;
  spec.start_from = parent.checkpoint;
  return spec;
}

std::string CheckpointFile(const LocalBench& bench, TrialNumber number) {
  return (bench.WorkFolder(number).parent_path() / "checkpoint/count").string();
}

TEST_CASE("checkpoints: a child starts from a copy of its parent's, which stays as it was",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const Sighting parent = bench.RunScript(1, kCount);
  REQUIRE(parent.checkpoint.has_value());
  CHECK(parent.checkpoint->size() == 64);
  REQUIRE(bench.Launch(Child(bench, 2, parent, kCount)).has_value());
  const Sighting child = bench.WaitForEnd(2);
  CHECK(bench.Output(2).find("began at 1\n") != std::string::npos);
  REQUIRE(child.checkpoint.has_value());
  CHECK(child.checkpoint != parent.checkpoint);
  REQUIRE(bench.Launch(Child(bench, 3, parent, kCount)).has_value());
  // The same bytes have the same name.
  CHECK(bench.WaitForEnd(3).checkpoint == child.checkpoint);
}

TEST_CASE("checkpoints: a trial that leaves nothing has none", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  CHECK_FALSE(bench.RunScript(1, "ls $HONE_CHECKPOINT_DIR $HONE_ARTIFACT_DIR").checkpoint);
}

TEST_CASE("checkpoints: what cannot be copied whole is none", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const Sighting end = bench.RunScript(1, "ln -s /etc/passwd $HONE_CHECKPOINT_DIR/x; echo loss=1");
  CHECK(end.ending->kind == EndingKind::kSucceeded);
  CHECK_FALSE(end.checkpoint);
}

TEST_CASE("checkpoints: a trial that was stopped keeps what it saved", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  REQUIRE(bench
              .Launch(1,
                      "trap 'echo saved > $HONE_CHECKPOINT_DIR/count; exit 1' TERM; "
                      "touch $HONE_TRIAL_DIR/ready; echo 1 > $HONE_TRIAL_DIR/up; "
                      "while :; do sleep 0.05; done")
              .has_value());
  bench.WaitForFile(1, "up");
  REQUIRE(bench.Stop(1).has_value());
  CHECK(bench.WaitForEnd(1).checkpoint.has_value());
}

TEST_CASE("checkpoints: one that was changed, or is gone, is not started from", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const Sighting parent = bench.RunScript(1, kCount);
  SECTION("changed") {
    REQUIRE(WriteFile(CheckpointFile(bench, 1), "7\n").has_value());
  }
  SECTION("gone") {
    std::filesystem::remove(CheckpointFile(bench, 1));
  }
  const Status launched = bench.Launch(Child(bench, 2, parent, kCount));
  REQUIRE_FALSE(launched.has_value());
  CHECK(launched.error().code == Code::kFailedPrecondition);
  CHECK_FALSE(std::filesystem::exists(CheckpointFile(bench, 2)));
}

TEST_CASE("checkpoints: another attempt of a trial goes on with what the trial has",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const Sighting parent = bench.RunScript(1, kCount);
  REQUIRE(bench.Launch(Child(bench, 2, parent, kCount + "; exit 3")).has_value());
  bench.WaitForEnd(2);
  LaunchSpec again = Child(bench, 2, parent, kCount);
  again.attempt = 2;
  REQUIRE(bench.Launch(again).has_value());
  bench.WaitForEnd(2, 2);
  CHECK(bench.Output(2, 2).find("began at 2\n") != std::string::npos);
}

TEST_CASE("checkpoints: a trial that goes on after a pause must find what it left",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const Sighting pause = bench.RunScript(1, kCount);
  LaunchSpec spec = bench.Spec(1, testing::ScriptObject(kCount));
  spec.attempt = 2;
  spec.budget = 9;
  spec.goes_on = pause.checkpoint;
  SECTION("as it was") {
    REQUIRE(bench.Launch(spec).has_value());
    const Sighting end = bench.WaitForEnd(1, 2);
    CHECK(bench.Output(1, 2).find("began at 1\n") != std::string::npos);
    CHECK(end.checkpoint != pause.checkpoint);
  }
  SECTION("changed") {
    REQUIRE(WriteFile(CheckpointFile(bench, 1), "7\n").has_value());
    const Status launched = bench.Launch(spec);
    REQUIRE_FALSE(launched.has_value());
    CHECK(launched.error().message == "the checkpoint that it left at its pause was changed");
  }
  SECTION("gone") {
    std::filesystem::remove(CheckpointFile(bench, 1));
    const Status launched = bench.Launch(spec);
    REQUIRE_FALSE(launched.has_value());
    CHECK(launched.error().code == Code::kFailedPrecondition);
    CHECK(launched.error().message == "the checkpoint that it left at its pause is gone");
  }
}

TEST_CASE("checkpoints: a new engine reads the same digest", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const Sighting end = bench.RunScript(1, kCount);
  bench.Start();
  const auto seen = bench.Observe();
  REQUIRE(seen.has_value());
  REQUIRE(seen->size() == 1);
  CHECK(seen->front().checkpoint == end.checkpoint);
}

TEST_CASE("checkpoints: Katib's path in the job becomes the trial's folder", "[trial-runner]") {
  const struct {
    const char* name;
    const char* text;
    const char* becomes;
  } cases[] = {
      {"as an option", "--dir=/ckpt/data", "--dir=OWN"},
      {"with more behind", "open('/ckpt/data/model.pt')", "open('OWN/model.pt')"},
      {"twice", "/ckpt/data:/ckpt/data", "OWN:OWN"},
      {"part of a longer name", "/ckpt/data2", "/ckpt/data2"},
      {"below another folder", "/mnt/ckpt/data", "/mnt/ckpt/data"},
  };
  for (const auto& c : cases) {
    INFO(c.name);
    local::LocalJob job;
    job.command = {"train", c.text};
    job.env = {{"DIR", c.text}};
    local::NameCheckpointFolder("/ckpt/data/", "OWN", job);
    CHECK(job.command[1] == c.becomes);
    CHECK(job.env[0].second == c.becomes);
  }
}

TEST_CASE("checkpoints: a job that names Katib's path writes into its own folder",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  LaunchSpec spec = bench.Spec(1, testing::ScriptObject("echo 1 > /opt/katib/data/count"));
  spec.checkpoint_path = "/opt/katib/data";
  REQUIRE(bench.Launch(spec).has_value());
  CHECK(bench.WaitForEnd(1).checkpoint.has_value());
  CHECK(std::filesystem::exists(CheckpointFile(bench, 1)));
}

}  // namespace
}  // namespace hone

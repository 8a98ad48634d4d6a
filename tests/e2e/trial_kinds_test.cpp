// SPDX-License-Identifier: Apache-2.0
// Training jobs, containers and pipelines under a real `hone run`: the engine is killed while they
// are under way, and parts of them die, hang or never join.
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <memory>

#include "base/text.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"
#include "tests/support/podman_here.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

enum class Kind { kJob, kContainer, kPipeline };

struct Experiment {
  Kind kind = Kind::kJob;
  std::string trial_spec;  // JSON, whose scripts are quoted already
  int trials = 2;
  int parallel = 1;
  std::string limit = {};  // maxTrialDuration; empty: none
};

/// A script as a string of JSON. WORK is the test's folder, LOSS what the search decided.
std::string Quoted(std::string script) {
  const auto put = [&script](std::string_view from, std::string_view to) {
    for (auto at = script.find(from); at != std::string::npos; at = script.find(from, at)) {
      script.replace(at, from.size(), to);
      at += to.size();
    }
  };
  put("\\", "\\\\");
  put("\"", "\\\"");
  put("LOSS", "${trialParameters.x}");
  return "\"" + script + "\"";
}

std::string Command(const std::string& script) {
  return R"({"name": "main", "image": "localhost/hone-test:1", "command": ["sh", "-c", )" +
         Quoted(script) + "]}";
}

/// A master and a worker.
std::string JobSpec(const std::string& master, const std::string& worker) {
  const auto replica = [](const std::string& script) {
    return R"({"replicas": 1, "restartPolicy": "Never", "template": {"spec": {"containers": [)" +
           Command(script) + "]}}}";
  };
  return R"({"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "spec":
      {"pytorchReplicaSpecs": {"Master": )" +
         replica(master) + R"(, "Worker": )" + replica(worker) + "}}}";
}

std::string ContainerSpec(const std::string& script) {
  std::string container = Command(script);
  container.pop_back();
  return R"({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": {
      "volumes": [{"name": "work", "hostPath": {"path": "WORK"}}], "containers": [)" +
         container + R"(, "volumeMounts": [{"name": "work", "mountPath": "WORK"}]}]}}}})";
}

/// Three steps, one after the other. The last is the trial's own.
std::string PipelineSpec(const std::string& prepare, const std::string& train) {
  const auto step = [](const std::string& name, const std::string& script,
                       const std::string& more = "") {
    return R"({"name": ")" + name + R"(", )" + more + R"("container": )" + Command(script) + "}";
  };
  const std::string last = "echo \"$HONE_TRIAL_NAME evaluate\" >> WORK/starts; echo loss=LOSS";
  return R"({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {
      "entrypoint": "main", "templates": [{"name": "main", "steps": [
      [{"name": "prepare", "template": "prepare"}], [{"name": "train", "template": "train"}],
      [{"name": "evaluate", "template": "evaluate"}]]}, )" +
         step("prepare", prepare) + ", " + step("train", train) + ", " +
         step("evaluate", last, R"("metadata": {"labels": {"role": "last"}}, )") + "]}}";
}

/// One data folder, and the engines that work on it one after the other.
class Bench {
 public:
  explicit Bench(const Experiment& experiment) : podman_(nullptr) {
    if (experiment.kind == Kind::kContainer) {
      podman_ = PodmanHere::Shared();
    }
    std::string text = R"(apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: kinds}
spec:
  seed: 7
  objective: {type: minimize, objectiveMetricName: loss}
  algorithm: {algorithmName: random}
  parameters:
    - {name: x, parameterType: double, feasibleSpace: {min: "0", max: "1"}}
)";
    text += "  maxTrialCount: " + std::to_string(experiment.trials) +
            "\n  parallelTrialCount: " + std::to_string(experiment.parallel) + "\n";
    text += experiment.limit.empty() ? "" : "  maxTrialDuration: " + experiment.limit + "\n";
    text += experiment.kind == Kind::kContainer ? "  runner: {kind: Container}\n" : "";
    text += R"(  trialTemplate:
    primaryContainerName: main
    trialParameters: [{name: x, reference: x}]
)";
    if (experiment.kind == Kind::kPipeline) {
      text += R"(    primaryPodLabels: {role: last}
    successCondition: status.[@this].#(phase=="Succeeded")#
    failureCondition: status.[@this].#(phase=="Failed")#
)";
    }
    text += "    trialSpec: " + experiment.trial_spec + "\n";
    file_ = hone.Write("kinds.yaml", InWork(std::move(text)));
  }

  /// Whether what this kind needs is here; if not, the reason has been told.
  [[nodiscard]] bool CanRun(Kind kind) const {
    return kind != Kind::kContainer || podman_ != nullptr;
  }
  RunningProgram Start(int cpus) {
    return StartEngine({"run", file_, "--cpus", std::to_string(cpus), "--grace", "1"});
  }
  RunningProgram Resume(int cpus) {
    return StartEngine({"resume", "kinds", "--cpus", std::to_string(cpus), "--grace", "1"});
  }
  [[nodiscard]] std::vector<std::string> Starts() const {
    std::ifstream file(hone.work() / "starts");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
      lines.emplace_back(Trim(line));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  /// The processes that watch over trials, whether or not there is an engine.
  [[nodiscard]] std::vector<pid_t> Shims() const {
    std::vector<pid_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const auto pid = ParseInt(entry.path().filename().string());
      const std::string command = pid ? ReadText(entry.path() / "cmdline") : "";
      const bool mine = command.find(hone.data().string() + "/") != std::string::npos;
      if (mine && command.find("hone-shim") < command.find('\0')) {
        found.push_back(static_cast<pid_t>(*pid));
      }
    }
    return found;
  }
  [[nodiscard]] bool NothingRuns() const {
    return Shims().empty() && ProcessesWith(hone.data().string()).empty();
  }
  void CheckNothingIsLeft() const {
    CHECK(Eventually([this] { return NothingRuns(); }));
    if (podman_ != nullptr) {
      CHECK(podman_->Containers().empty());
    }
  }
  void LetGo() const { std::ofstream(hone.work() / "go"); }
  void HoldBack() const { fs::remove(hone.work() / "go"); }

  HoneProgram hone;

 private:
  [[nodiscard]] std::string InWork(std::string text) const {
    const std::string work = hone.work().string();
    for (auto at = text.find("WORK"); at != std::string::npos; at = text.find("WORK", at)) {
      text.replace(at, 4, work);
      at += work.size();
    }
    return text;
  }
  RunningProgram StartEngine(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {"env"};
    if (podman_ != nullptr) {
      argv.insert(argv.end(), podman_->environment().begin(), podman_->environment().end());
    }
    argv.push_back(ProgramFolder() / "hone");
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return hone.StartProgram(std::move(argv));
  }

  PodmanHere* podman_;
  std::string file_;
};

/// And no longer than there is a test.
const std::string kWaitsForGo =
    "while test -e WORK/starts && ! test -e WORK/go; do sleep 0.05; done; ";

std::string Notes(const std::string& part) {
  return "echo \"$HONE_TRIAL_NAME " + part + "\" >> WORK/starts; ";
}

struct Killed {
  std::string name;
  Kind kind;
  std::string trial_spec;
  std::vector<std::string> before;  // parts that have started when the engine is killed
  std::vector<std::string> parts;   // all of a trial
};

std::vector<Killed> KilledCases() {
  return {
      {"a job of two processes",
       Kind::kJob,
       JobSpec(Notes("$HONE_REPLICA") + kWaitsForGo + "echo loss=LOSS",
               Notes("$HONE_REPLICA") + kWaitsForGo),
       {"master-0", "worker-0"},
       {"master-0", "worker-0"}},
      {"a container",
       Kind::kContainer,
       ContainerSpec(Notes("container") + kWaitsForGo + "echo loss=LOSS"),
       {"container"},
       {"container"}},
      {"a pipeline between two steps",
       Kind::kPipeline,
       PipelineSpec(Notes("prepare"), Notes("train") + kWaitsForGo),
       {"prepare", "train"},
       {"prepare", "train", "evaluate"}},
  };
}

/// Every part of these trials once.
std::vector<std::string> Expected(HoneProgram& hone, const std::vector<std::string>& parts) {
  std::vector<std::string> lines;
  for (const std::string& trial : hone.Trials("kinds")) {
    for (const std::string& part : parts) {
      lines.push_back(std::string(trial).append(" ").append(part));
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

void CheckReplay(HoneProgram& hone) {
  const auto replay = hone.Run({"replay", "kinds"});
  INFO(replay.out << replay.err);
  CHECK(replay.exit_code == 0);
}

TEST_CASE("trial kinds: the engine dies while they are under way", "[e2e][slow]") {
  const Killed c = GENERATE(from_range(KilledCases()));
  INFO(c.name);
  Bench bench({.kind = c.kind, .trial_spec = c.trial_spec, .trials = 4, .parallel = 2});
  if (!bench.CanRun(c.kind)) {
    return;
  }
  {
    auto first = bench.Start(4);
    REQUIRE(Eventually([&] { return bench.Starts().size() == 2 * c.before.size(); }));
    first.Signal(SIGKILL);
    first.Wait();
  }
  bench.LetGo();  // the first two end while there is no engine
  REQUIRE(Eventually([&] { return bench.NothingRuns(); }));
  CHECK(bench.Starts().size() == 2 * c.parts.size());
  bench.HoldBack();
  {
    auto second = bench.Resume(4);
    REQUIRE(Eventually(
        [&] { return bench.Starts().size() == 2 * (c.parts.size() + c.before.size()); }));
    second.Signal(SIGKILL);
    second.Wait();
  }
  auto third = bench.Resume(4);  // the last two are adopted
  bench.LetGo();
  const auto run = third.Wait();
  INFO(run.err);
  CHECK(run.exit_code == 0);
  const ExperimentState state = bench.hone.StateOf("kinds");
  CHECK(state.phase == ExperimentPhase::kSucceeded);
  CHECK(state.Count(TrialPhase::kSucceeded) == 4);
  for (const TrialState& trial : state.trials) {
    CHECK((trial.phase == TrialPhase::kWithdrawn || trial.attempt == 1));
  }
  CHECK(bench.Starts() == Expected(bench.hone, c.parts));
  CheckReplay(bench.hone);
  bench.CheckNothingIsLeft();
}

TEST_CASE("trial kinds: when the shim is killed, too, no step is repeated that had ended",
          "[e2e][slow]") {
  Bench bench({.kind = Kind::kPipeline,
               .trial_spec = PipelineSpec(Notes("prepare"), Notes("train") + kWaitsForGo),
               .trials = 1});
  {
    auto first = bench.Start(1);
    REQUIRE(Eventually([&] { return bench.Starts().size() == 2; }));
    first.Signal(SIGKILL);
    first.Wait();
  }
  REQUIRE(bench.Shims().size() == 1);
  REQUIRE(::kill(bench.Shims()[0], SIGKILL) == 0);
  auto second = bench.Resume(1);
  const bool again = Eventually([&] { return bench.Starts().size() == 3; });
  INFO(second.ErrSoFar());
  REQUIRE(again);
  bench.LetGo();
  const auto run = second.Wait();
  INFO(run.err);
  CHECK(run.exit_code == 0);
  const ExperimentState state = bench.hone.StateOf("kinds");
  CHECK(state.Find(1)->phase == TrialPhase::kSucceeded);
  CHECK(state.Find(1)->attempt == 2);
  CHECK(bench.Starts() == Expected(bench.hone, {"prepare", "train", "train", "evaluate"}));
  CheckReplay(bench.hone);
  bench.CheckNothingIsLeft();
}

struct Broken {
  std::string name;
  Kind kind;
  std::string trial_spec;
  std::string limit;  // maxTrialDuration; empty: none
  int cpus;           // what one trial takes: the next one starts when all of it is free
  EndingKind ending;
  std::vector<std::string> told;  // what `explain` says of the first trial
};

/// Only in the first trial.
std::string First(const std::string& script) {
  return "if mkdir WORK/first 2>/dev/null; then " + script + "; fi; ";
}

std::vector<Broken> BrokenCases() {
  const std::string hangs = "trap '' TERM; while :; do sleep 0.1; done";
  const std::string joins = "echo > WORK/joined-$HONE_TRIAL_NAME";
  const std::string master = Notes("master") +
                             "while ! test -e WORK/joined-$HONE_TRIAL_NAME; do sleep 0.05; done; "
                             "echo loss=LOSS";
  return {
      {"a replica dies",
       Kind::kJob,
       JobSpec(master, First("exit 3") + joins),
       "",
       2,
       EndingKind::kExitCode,
       {"worker-0", "exit code 3"}},
      {"a replica hangs and ignores TERM",
       Kind::kJob,
       JobSpec(master, First(hangs) + joins),
       "2s",
       2,
       EndingKind::kTimeout,
       {"worker-0", "deadline of"}},
      {"a replica never joins",
       Kind::kJob,
       JobSpec(master, First("exit 0") + joins),
       "2s",
       2,
       EndingKind::kTimeout,
       {"master-0", "deadline of"}},
      {"a step hangs and ignores TERM",
       Kind::kPipeline,
       PipelineSpec("true", Notes("train") + First(hangs)),
       "3s",
       1,
       EndingKind::kTimeout,
       {"step train", "deadline of"}},
      {"a container hangs and ignores TERM",
       Kind::kContainer,
       ContainerSpec(Notes("container") + First(hangs) + "echo loss=LOSS"),
       "3s",
       1,
       EndingKind::kTimeout,
       {"deadline of"}},
  };
}

void CheckBroken(const Broken& c, Bench& bench, const ProgramRun& run) {
  INFO(c.name << "\n" << run.err);
  CHECK(run.exit_code == 0);
  const ExperimentState state = bench.hone.StateOf("kinds");
  CHECK(state.Find(1)->phase == TrialPhase::kFailed);
  CHECK(state.Find(1)->ending == c.ending);
  const auto explained = bench.hone.Run({"explain", state.NameOf(*state.Find(1))});
  INFO(explained.out);
  for (const std::string& word : c.told) {
    CHECK(explained.out.find(word) != std::string::npos);
  }
  // The second was started in the first one's slots. Where there is a limit, a loaded machine may
  // be too slow for it.
  CHECK(state.Find(2)->started_at >= state.Find(1)->ended_at);
  CHECK((!c.limit.empty() || state.Find(2)->phase == TrialPhase::kSucceeded));
  bench.CheckNothingIsLeft();
}

TEST_CASE("trial kinds: what dies, hangs or never joins ends, is named, and frees its slots",
          "[e2e][slow]") {
  struct Run {
    Broken c;
    std::unique_ptr<Bench> bench;
    RunningProgram program;
  };
  std::vector<Run> runs;  // most of their time is waiting, so they wait together
  for (const Broken& c : BrokenCases()) {
    auto bench = std::make_unique<Bench>(
        Experiment{.kind = c.kind, .trial_spec = c.trial_spec, .trials = 2, .limit = c.limit});
    if (bench->CanRun(c.kind)) {
      RunningProgram program = bench->Start(c.cpus);
      runs.push_back({c, std::move(bench), std::move(program)});
    }
  }
  for (Run& run : runs) {
    CheckBroken(run.c, *run.bench, run.program.Wait(60s));
  }
}

}  // namespace
}  // namespace hone::test

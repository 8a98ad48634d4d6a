// SPDX-License-Identifier: Apache-2.0
// How a machine's resources are shared between experiments and namespaces: fair, and nobody
// starves. In virtual time.
#include <algorithm>
#include <map>

#include "controller/scheduler.h"
#include "tests/catch.h"
#include "tests/support/experiment.h"
#include "tests/support/simulation.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

/// Experiments that take every slot they are offered; nothing of them ends by itself.
class Table {
 public:
  explicit Table(Capacity total) : slots(total) {}

  void Join(const std::string& name, const std::string& name_space, Demand demand,
            std::uint32_t want) {
    want_[name] = want;
    slots.Register({name}, {.name = name, .name_space = name_space, .demand = demand},
                   [this, name](std::uint32_t offered) { offers_.emplace_back(name, offered); });
    Report(name, false);
  }
  void End(const std::string& name, std::uint32_t trials) {
    held_[name] -= trials;
    Report(name, false);
  }
  std::uint32_t Held(const std::string& name) const {
    const auto found = held_.find(name);
    return found == held_.end() ? 0 : found->second;
  }
  std::string Waits(const std::string& name) const {
    const SlotsView view = slots.View();
    const auto found = std::ranges::find(view.uses, name, &SlotUse::name);
    return found == view.uses.end() ? "?" : found->waits;
  }

  SlotScheduler slots;

 private:
  void Report(const std::string& name, bool answered) {
    slots.Report({name}, held_[name], want_[name], answered);
    while (!offers_.empty()) {
      const auto [taker, offered] = offers_.front();
      offers_.erase(offers_.begin());
      held_[taker] += offered;
      want_[taker] -= offered;
      slots.Report({taker}, held_[taker], want_[taker], true);
    }
  }

  std::map<std::string, std::uint32_t> held_;
  std::map<std::string, std::uint32_t> want_;
  std::vector<std::pair<std::string, std::uint32_t>> offers_;
};

TEST_CASE("slots: what becomes free goes to the namespace, then the experiment, with least",
          "[controller]") {
  Table table({.cpus = 12});
  table.Join("a1", "a", {}, 100);
  CHECK(table.Held("a1") == 12);
  table.Join("a2", "a", {}, 100);
  table.Join("a3", "a", {}, 100);
  table.Join("b1", "b", {}, 100);
  CHECK(table.Held("b1") == 0);
  for (int i = 0; i < 8; ++i) {
    table.End("a1", 1);
  }
  // Half for each namespace; in a its experiments level out.
  CHECK(table.Held("b1") == 6);
  CHECK(table.Held("a1") + table.Held("a2") + table.Held("a3") == 6);
  CHECK(table.Held("a2") == 1);
  CHECK(table.Held("a3") == 1);
}

TEST_CASE("slots: shares are by the resource of which an experiment has most", "[controller]") {
  Table table({.cpus = 16, .gpus = 8});
  table.Join("gpu", "default", {.cpus = 1, .gpus = 1}, 100);
  CHECK(table.Held("gpu") == 8);
  table.Join("cpu", "default", {.cpus = 1}, 100);
  CHECK(table.Held("cpu") == 8);  // GPUs are no use to it, nor CPUs to the other
}

TEST_CASE("slots: a request is granted whole or not at all, and memory counts", "[controller]") {
  Table table({.cpus = 8, .gpus = 4, .memory_bytes = 16 * kGiB});
  table.Join("job", "default", {.cpus = 2, .gpus = 3}, 2);
  CHECK(table.Held("job") == 1);
  CHECK(table.Waits("job") == "a trial takes 3 GPUs, and free is 1 GPU");
  table.Join("fat", "default", {.cpus = 1, .memory_bytes = 10 * kGiB}, 2);
  CHECK(table.Held("fat") == 1);
  CHECK(table.Waits("fat") == "a trial takes 10 GiB of memory, and free is 6 GiB of memory");
  table.Join("thin", "default", {.cpus = 4}, 2);
  CHECK(table.Held("thin") == 1);
  CHECK(table.Waits("thin") == "a trial takes 4 CPUs, and free is 1 CPU");
  table.End("job", 1);
  CHECK(table.Held("job") == 1);
}

TEST_CASE("slots: a large trial lets small ones pass, but not for ever", "[controller]") {
  Table table({.cpus = 16, .gpus = 4});
  table.Join("small", "default", {.cpus = 1, .gpus = 1}, 1000);
  CHECK(table.Held("small") == 4);
  table.Join("large", "default", {.cpus = 1, .gpus = 4}, 1);
  std::uint32_t ended = 0;
  while (table.Held("large") == 0 && ended < 100) {
    table.End("small", 1);
    ++ended;
  }
  // It is passed kPatience times; then what comes free is kept until there is enough.
  CHECK(ended == SlotScheduler::kPatience + 4);
  CHECK(table.Held("small") == 0);
  CHECK(table.Waits("small") == "a trial takes 1 GPU, and free is nothing");
  table.End("large", 1);
  CHECK(table.Held("small") == 4);
}

TEST_CASE("slots: what is kept for one harms nobody who needs something else", "[controller]") {
  Table table({.cpus = 16, .gpus = 4});
  table.Join("small", "default", {.cpus = 1, .gpus = 1}, 1000);
  table.Join("large", "default", {.cpus = 1, .gpus = 4}, 1);
  for (std::uint32_t i = 0; i < SlotScheduler::kPatience + 2; ++i) {
    table.End("small", 1);
  }
  REQUIRE(table.Held("small") == 2);
  CHECK(table.Waits("small") == "what is free is kept for a larger trial that has waited longer");
  table.Join("cpu", "default", {.cpus = 2}, 3);
  CHECK(table.Held("cpu") == 3);
}

TEST_CASE("slots: those that take nothing are always served", "[controller]") {
  Table table({.cpus = 1});
  table.Join("local", "default", {}, 5);
  table.Join("workers", "default", {.cpus = 0}, 500);
  CHECK(table.Held("workers") == 500);
}

SimulatedJob Prints(const LaunchSpec& launch) {
  SimulatedJob job;
  // Not all equal: else the small ones would make room all at once.
  job.runs_for = launch.experiment_name == "large" ? 60s : 10s + 1s * (launch.id.number % 7);
  job.lines = {{1s, "acc=0.5"}};
  return job;
}

Demand DemandByName(const ExperimentSpec& spec) {
  return spec.name == "large" ? Demand{.cpus = 1, .gpus = 4} : Demand{.cpus = 1, .gpus = 1};
}

TEST_CASE("slots: in an engine full of small trials a large one starts in bounded time",
          "[controller]") {
  Simulation simulation(&Prints, {.cpus = 16, .gpus = 4}, &DemandByName);
  Create(simulation, {.name = "small-1", .max_trials = 200, .parallel = 8});
  Create(simulation, {.name = "small-2", .max_trials = 200, .parallel = 8});
  Create(simulation, {.name = "large", .max_trials = 3, .parallel = 2});
  const Timestamp begin = simulation.executor.Now();
  REQUIRE(simulation.RunUntil(
      [&] { return simulation.StateOf("large").Count(TrialPhase::kRunning) > 0; }, 1h));
  // kPatience others of at most 16 s on 4 GPUs pass, and then the last four end.
  CHECK(simulation.executor.Now() - begin < 90s);
  const SlotsView view = simulation.engine->Slots();
  CHECK(std::ranges::all_of(view.uses, [](const SlotUse& use) { return !use.waits.empty(); }));
  REQUIRE(simulation.RunToEnd());
  for (const char* name : {"small-1", "small-2", "large"}) {
    CHECK(simulation.StateOf(name).phase == ExperimentPhase::kSucceeded);
  }
}

TEST_CASE("slots: two experiments get the same, whoever was first", "[controller]") {
  Simulation simulation(&Prints, {.cpus = 16, .gpus = 6}, &DemandByName);
  Create(simulation, {.name = "first", .max_trials = 300, .parallel = 300});
  REQUIRE(simulation.RunUntil(
      [&] { return simulation.StateOf("first").Count(TrialPhase::kRunning) == 6; }, 1h));
  Create(simulation, {.name = "second", .max_trials = 300, .parallel = 300});
  const Timestamp begin = simulation.executor.Now();
  simulation.RunUntil([&] { return simulation.executor.Now() - begin > 10min; }, 1h);
  const auto done = [&](const char* name) {
    return static_cast<int>(simulation.StateOf(name).Count(TrialPhase::kSucceeded));
  };
  CHECK(std::abs(done("first") - done("second")) <= 6);
  CHECK(done("second") > 100);
}

TEST_CASE("slots: a trial that can never start is refused, not waited for", "[controller]") {
  Simulation simulation(&Prints, {.cpus = 16, .gpus = 2}, &DemandByName);
  const auto answer = simulation.Ask(request::Create{MakeSpec({.name = "large"}).document});
  REQUIRE(answer.has_value());
  REQUIRE_FALSE(answer->has_value());
  CHECK(answer->error().code == Code::kFailedPrecondition);
  CHECK(answer->error().message == "a trial asks for 4 GPUs, this machine has 2");
}

TEST_CASE("slots: a trial that ran out of memory starts again alone, with twice as much",
          "[controller]") {
  std::map<std::string, std::pair<bool, std::size_t>> retry;  // has the memory; others that ran
  Simulation* world = nullptr;
  Simulation simulation(
      [&](const LaunchSpec& launch) {
        SimulatedJob job = Prints(launch);
        if (launch.id.number == 2 && launch.attempt == 1) {
          job.ending = {EndingKind::kOutOfMemory, 0, 9, "oom"};
          job.lines.clear();
        } else if (launch.id.number == 2) {
          retry["second"] = {
              launch.run_object.find(R"("memory":"8589934592")") != std::string::npos,
              world->world.Running()};
        } else {
          CHECK(launch.run_object.find(R"("memory":"4Gi")") != std::string::npos);
        }
        return job;
      },
      {.cpus = 16, .gpus = 0, .memory_bytes = 9 * kGiB},
      [](const ExperimentSpec& /*spec*/) { return Demand{.memory_bytes = 4 * kGiB}; });
  world = &simulation;
  Create(simulation, {.max_trials = 6, .parallel = 2, .more = R"({"resources": {"memory": "4Gi"},
                                  "retryPolicy": {"maxRetries": 1, "memoryFactor": 2}})"});
  REQUIRE(simulation.RunToEnd());
  CHECK(simulation.StateOf("sim").Count(TrialPhase::kSucceeded) == 6);
  REQUIRE(retry.contains("second"));
  CHECK(retry.at("second") == std::pair(true, std::size_t{0}));
}

}  // namespace
}  // namespace hone::test

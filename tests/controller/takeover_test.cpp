// SPDX-License-Identifier: Apache-2.0
// Two engines over one store, in virtual time: who drives an experiment, and what becomes of the
// trials of one that died, was paused, or came back.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "controller/engine.h"
#include "core/transitions.h"
#include "store/memory/memory_store.h"
#include "suggestion/inprocess/factory.h"
#include "tests/catch.h"
#include "tests/support/experiment.h"
#include "trial-runner/simulated/simulated_runner.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLease = 15s;
constexpr Duration kLostAfter = 10min;

/// The threads of a process that may be killed or stopped for a while: its tasks then run never, or
/// later.
class Threads final : public Executor {
 public:
  struct Life {
    bool dead = false;
    bool paused = false;
    std::vector<Task> waiting;
  };

  Threads(Executor& machine, std::shared_ptr<Life> life)
      : Threads(nullptr, machine, std::move(life)) {}
  Threads(std::shared_ptr<Executor> own, Executor& machine, std::shared_ptr<Life> life)
      : own_(std::move(own)), machine_(machine), life_(std::move(life)) {}

  void Post(Task task) override { machine_.Post(Wrap(std::move(task))); }
  void PostAfter(Duration delay, Task task) override {
    machine_.PostAfter(delay, Wrap(std::move(task)));
  }
  std::shared_ptr<Executor> MakeStrand() override {
    auto strand = machine_.MakeStrand();
    Executor& raw = *strand;
    return std::make_shared<Threads>(std::move(strand), raw, life_);
  }

 private:
  Task Wrap(Task task) {
    return [life = life_, task = std::move(task)] {
      if (life->paused) {
        life->waiting.push_back(task);
      } else if (!life->dead) {
        task();
      }
    };
  }

  std::shared_ptr<Executor> own_;
  Executor& machine_;
  std::shared_ptr<Life> life_;  // shared with the tasks
};

/// A machine, and the processes of hone that run on it one after the other.
class Machine {
 public:
  Machine(SimExecutor& executor, MemoryStore& store, std::string name)
      : executor_(executor),
        store_(store),
        name_(std::move(name)),
        world_(executor, executor, [](const LaunchSpec& launch) {
          SimulatedJob job;
          job.runs_for = 4s;
          job.lines = {{2s, "acc=0." + std::to_string(launch.id.number)}};
          return job;
        }) {}
  ~Machine() { Kill(); }

  void Start() {
    auto& process = processes_.emplace_back(std::make_unique<Process>());
    process->threads = std::make_unique<Threads>(executor_, process->life);
    process->runner = std::make_unique<SimulatedRunner>(
        world_, Capacity{4, 0}, SimulatedRunner::DemandOfSpec(), "at " + name_);
    process->suggesters = std::make_unique<InProcessSuggesterFactory>(*process->threads);
    auto made = Engine::Create({store_, *process->suggesters, *process->runner, *process->threads,
                                *process->threads, executor_},
                               {.owner = name_,
                                .crash_folder = {},
                                .drive_all = true,
                                .lease = kLease,
                                .lost_after = kLostAfter});
    REQUIRE(made.has_value());
    process->engine = *made;
  }
  void Kill() {
    for (const auto& process : processes_) {
      process->life->dead = true;
      process->life->waiting.clear();
    }
  }
  void Pause() { processes_.back()->life->paused = true; }
  void Continue() {
    processes_.back()->life->paused = false;
    for (Task& task : std::exchange(processes_.back()->life->waiting, {})) {
      processes_.back()->threads->Post(std::move(task));
    }
  }

  [[nodiscard]] Engine& engine() { return *processes_.back()->engine; }
  [[nodiscard]] const SimulatedWorld& world() const { return world_; }

 private:
  struct Process {
    std::shared_ptr<Threads::Life> life = std::make_shared<Threads::Life>();
    std::unique_ptr<Threads> threads;
    std::unique_ptr<SimulatedRunner> runner;
    std::unique_ptr<SuggesterFactory> suggesters;
    std::shared_ptr<Engine> engine;  // shared with its own callbacks
  };

  SimExecutor& executor_;
  MemoryStore& store_;
  std::string name_;
  SimulatedWorld world_;
  std::vector<std::unique_ptr<Process>> processes_;  // dead ones too: what they queued is dropped
};

/// Two machines; `a` drives the experiment "sim".
struct Site {
  explicit Site(const ExperimentOptions& options = {.max_trials = 12}) {
    ConfigureLog(LogLevel::kOff, LogFormat::kLogfmt);  // the faults are on purpose
    a.Start();
    b.Start();
    REQUIRE(Ask(a, request::Create{MakeSpec(options).document}).has_value());
  }
  ~Site() {
    a.Kill();
    b.Kill();
    executor.DropAll();
  }

  Result<std::string> Ask(Machine& machine, EngineRequest request) {
    // Shared with the reply, which may come late.
    const auto answer = std::make_shared<std::optional<Result<std::string>>>();
    machine.engine().Handle(std::move(request),
                            [answer](const Result<std::string>& reply) { *answer = reply; });
    REQUIRE(Until([&] { return answer->has_value(); }, 5min));
    return **answer;
  }
  bool Until(const std::function<bool()>& done, Duration limit) {
    const Timestamp until = executor.Now() + limit;
    executor.RunUntil([&] { return done() || executor.Now() > until; });
    return done();
  }
  void Pass(Duration time) {
    Until([] { return false; }, time);
  }

  std::vector<Recorded> Ledger() { return store.Read(Row().id, 0, 1'000'000).value(); }
  ExperimentRow Row() { return store.FindExperiment("default", "sim").value(); }
  std::string Owner() { return store.OwnerOf(Row().id).value().name; }
  ExperimentState State() {
    ExperimentState state;
    state.id = Row().id;
    for (const Recorded& recorded : Ledger()) {
      Evolve(state, recorded);
    }
    return state;
  }
  std::uint32_t Succeeded() { return State().Count(TrialPhase::kSucceeded); }
  /// Trials that were started again, and why.
  std::vector<std::string> Requeued() {
    std::vector<std::string> reasons;
    for (const Recorded& recorded : Ledger()) {
      if (const auto* again = std::get_if<event::TrialRequeued>(&recorded.event)) {
        CHECK(again->kind == EndingKind::kLost);
        reasons.push_back(again->message);
      }
    }
    return reasons;
  }

  /// It came to its end, and no attempt was started twice, be it on two machines.
  void CheckEnd() {
    CHECK(Until([&] { return State().phase == ExperimentPhase::kSucceeded; }, 30min));
    const ExperimentState state = State();
    CHECK(state.Count(TrialPhase::kSucceeded) == 12);
    std::map<std::pair<TrialNumber, Attempt>, int> starts = a.world().Starts();
    for (const auto& [attempt, count] : b.world().Starts()) {
      starts[attempt] += count;
    }
    for (const auto& [attempt, count] : starts) {
      INFO("trial " << attempt.first << ", attempt " << attempt.second);
      CHECK(count == 1);
    }
    for (const TrialState& trial : state.trials) {
      CHECK(trial.failures == 0);
      const auto rows = store.ReadRecords({state.id, trial.number}, trial.attempt, "").value();
      CHECK(rows.size() == 1);
    }
  }

  SimExecutor executor{Timestamp(std::chrono::hours(24 * 365 * 50))};
  MemoryStore store{executor, executor};
  Machine a{executor, store, "a"};
  Machine b{executor, store, "b"};
};

TEST_CASE("takeover: a dead daemon's experiment is another one's within the lease",
          "[controller]") {
  Site site({.max_trials = 12, .parallel = 6});  // of which a machine has room for four
  REQUIRE(site.Until([&] { return site.Succeeded() >= 3; }, 1min));
  site.Pass(1s);
  REQUIRE(site.a.world().Running() == 4);
  site.a.Kill();
  const Timestamp killed = site.executor.Now();
  REQUIRE(site.Until([&] { return site.Owner() == "b"; }, 1min));
  CHECK(site.executor.Now() - killed <= kLease + 1s);
  // What ran on the other machine is waited for; the rest goes on at once.
  REQUIRE(site.Until([&] { return site.Succeeded() == 8; }, 2min));
  CHECK(site.Requeued().empty());
  REQUIRE(site.Until([&] { return !site.Requeued().empty(); }, kLostAfter));
  CHECK(site.executor.Now() - killed >= kLostAfter);
  for (const std::string& reason : site.Requeued()) {
    CHECK(reason.find("infrastructure lost") != std::string::npos);
    CHECK(reason.find("at a") != std::string::npos);
  }
  site.CheckEnd();
}

TEST_CASE("takeover: a daemon that starts again within its lease keeps what it had",
          "[controller]") {
  Site site;
  REQUIRE(site.Until([&] { return site.Succeeded() >= 3; }, 1min));
  site.Pass(1s);
  site.a.Kill();
  site.Pass(5s);
  site.a.Start();
  CHECK(site.Owner() == "a");
  site.CheckEnd();
  CHECK(site.Owner() == "a");
  CHECK(site.Requeued().empty());
  CHECK(site.b.world().Starts().empty());
}

TEST_CASE("takeover: a daemon that comes back late ends its trials and says so", "[controller]") {
  Site site;
  REQUIRE(site.Until([&] { return site.Succeeded() >= 3; }, 1min));
  site.Pass(1s);
  site.a.Kill();
  const Timestamp killed = site.executor.Now();
  REQUIRE(site.Until([&] { return site.Owner() == "b"; }, 1min));
  site.a.Start();
  site.CheckEnd();
  CHECK(site.Owner() == "b");
  CHECK_FALSE(site.Requeued().empty());
  CHECK(site.executor.Now() - killed < kLostAfter);  // nobody waited for it
}

TEST_CASE("takeover: a daemon that was stopped for too long gives up what it had", "[controller]") {
  Site site;
  REQUIRE(site.Until([&] { return site.Succeeded() >= 3; }, 1min));
  site.Pass(1s);
  site.a.Pause();
  REQUIRE(site.Until([&] { return site.Owner() == "b"; }, 1min));
  const auto starts = site.a.world().Starts();
  site.a.Continue();
  site.CheckEnd();
  CHECK(site.Owner() == "b");
  CHECK(site.a.world().Starts() == starts);
  CHECK(site.a.world().Running() == 0);
  // It is a daemon again like any other.
  CHECK(site.a.engine().StoreAnswers());
  site.b.Kill();
  REQUIRE(site.Ask(site.a, request::Create{MakeSpec({.name = "next", .max_trials = 3}).document})
              .has_value());
  const auto next = [&] { return site.store.FindExperiment("default", "next").value(); };
  CHECK(site.Until([&] { return next().phase == "Succeeded"; }, 5min));
}

TEST_CASE("takeover: a store that is away for a minute changes no owner", "[controller]") {
  Site site({.max_trials = 12, .parallel = 2});
  REQUIRE(site.Until([&] { return site.Succeeded() >= 2; }, 1min));
  CHECK(site.a.engine().StoreAnswers());
  site.store.OnWrite([](const StoreWrite&) { return WriteFate::kFail; });
  site.Pass(1min);
  CHECK_FALSE(site.a.engine().StoreAnswers());
  CHECK_FALSE(site.b.engine().StoreAnswers());
  site.store.OnWrite({});
  REQUIRE(site.Until([&] { return site.a.engine().StoreAnswers(); }, kLease));
  site.CheckEnd();
  CHECK(site.Requeued().empty());
}

TEST_CASE("takeover: a request to the one that does not drive is done by the other",
          "[controller]") {
  Site site;
  REQUIRE(site.Until([&] { return site.Succeeded() >= 3; }, 1min));
  const auto stopped = site.Ask(site.b, request::Stop{{"default", "sim"}, "tired"});
  INFO((stopped.has_value() ? "" : stopped.error().Text()));
  REQUIRE(stopped.has_value());
  CHECK(site.State().phase == ExperimentPhase::kSuspended);
  CHECK(site.a.world().Running() == 0);
  CHECK(site.Owner() == "a");
  const event::BudgetEdited edit{1, 12, {}};
  REQUIRE(site.Ask(site.b, request::Resume{{"default", "sim"}, edit}).has_value());
  CHECK(site.State().parallel_trial_count == 1);
  const Status asked = site.b.engine().CheckDriven(site.Row().id);
  REQUIRE_FALSE(asked.has_value());
  CHECK(asked.error().code == Code::kFailedPrecondition);
  CHECK(asked.error().message.find("drives this experiment: a") != std::string::npos);
  CHECK(site.a.engine().CheckDriven(site.Row().id).has_value());
  REQUIRE(site.Ask(site.b, request::Delete{{"default", "sim"}}).has_value());
  CHECK_FALSE(site.store.FindExperiment("default", "sim").has_value());
}

TEST_CASE("takeover: killed again and again, in turns", "[controller]") {
  Site site;
  for (int round = 0; round < 4; ++round) {
    Machine& victim = site.Owner() == "a" ? site.a : site.b;
    site.Pass(3s);
    victim.Kill();
    site.Pass(round % 2 == 0 ? 20s : 5s);  // after the other has taken over, and before
    victim.Start();
    site.Pass(2s);
  }
  site.CheckEnd();
}

}  // namespace
}  // namespace hone::test

// SPDX-License-Identifier: Apache-2.0
#include "tests/support/simulation.h"

#include "base/log.h"
#include "tests/catch.h"

namespace hone::test {

Simulation::Simulation(SimulatedWorld::Behaviour behaviour, Capacity capacity,
                       SimulatedRunner::DemandOfSpec demand_of)
    : executor(Timestamp(std::chrono::hours(24 * 365 * 50))),
      store(executor, executor),
      world(executor, executor, std::move(behaviour)),
      capacity_(capacity),
      demand_of_(std::move(demand_of)) {
  ConfigureLog(LogLevel::kOff, LogFormat::kLogfmt);  // the faults are on purpose
  StartEngine(false);
}

Simulation::~Simulation() {
  KillEngine();
}

void Simulation::StartEngine(bool drive_all) {
  runner = std::make_unique<SimulatedRunner>(world, capacity_, demand_of_);
  suggesters = std::make_unique<InProcessSuggesterFactory>(executor);
  if (around_search) {
    suggesters = around_search(std::move(suggesters));
  }
  auto made =
      Engine::Create(EnginePorts{store, *suggesters, *runner, executor, executor, executor},
                     {.owner = "simulation", .crash_folder = crash_folder, .drive_all = drive_all});
  REQUIRE(made.has_value());
  engine = *made;
}

void Simulation::KillEngine() {
  executor.DropAll();
  engine.reset();
  suggesters.reset();
  runner.reset();
  executor.DropAll();
  store.Crash();  // what it was about to write is gone with it
  store.Restart();
}

std::optional<Result<std::string>> Simulation::Ask(EngineRequest request) {
  // Shared with the reply, which may come after this function gave up.
  const auto answer = std::make_shared<std::optional<Result<std::string>>>();
  engine->Handle(std::move(request),
                 [answer](const Result<std::string>& reply) { *answer = reply; });
  RunUntil([&] { return answer->has_value(); });
  return *answer;
}

bool Simulation::RunUntil(const std::function<bool()>& done, Duration limit) {
  const Timestamp until = executor.Now() + limit;
  executor.RunUntil([&] { return done() || store.crashed() || executor.Now() > until; });
  return done();
}

bool Simulation::RunToEnd(Duration limit) {
  const auto idle = std::make_shared<bool>(false);  // shared with the callback
  engine->WhenIdle([idle] { *idle = true; });
  return RunUntil([&] { return *idle; }, limit) && !store.crashed();
}

std::vector<Recorded> Simulation::LedgerOf(const std::string& name) {
  const auto row = store.FindExperiment("default", name);
  REQUIRE(row.has_value());
  auto events = store.Read(row->id, 0, 1'000'000);
  REQUIRE(events.has_value());
  return *events;
}

ExperimentState Simulation::StateOf(const std::string& name) {
  const auto row = store.FindExperiment("default", name);
  REQUIRE(row.has_value());
  ExperimentState state;
  state.id = row->id;
  for (const Recorded& recorded : LedgerOf(name)) {
    Evolve(state, recorded);
  }
  return state;
}

void Create(Simulation& simulation, const ExperimentOptions& options) {
  const auto answer = simulation.Ask(request::Create{MakeSpec(options).document});
  REQUIRE(answer.has_value());
  INFO((answer->has_value() ? "" : answer->error().Text()));
  REQUIRE(answer->has_value());
}

}  // namespace hone::test

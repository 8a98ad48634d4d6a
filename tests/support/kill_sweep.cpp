// SPDX-License-Identifier: Apache-2.0
#include "tests/support/kill_sweep.h"

#include <utility>

#include "tests/catch.h"

namespace hone::test {
namespace {

constexpr std::uint32_t kCpus = 8;
constexpr std::uint64_t kFirstWrite = 3;  // those before make the engine known, not the experiment
constexpr Duration kLimit = std::chrono::hours(24);

Simulation& Prepared(const KillSweep& sweep, Simulation& simulation) {
  if (sweep.prepare) {
    sweep.prepare(simulation);
  }
  return simulation;
}

/// @returns how many writes it takes
std::uint64_t Undisturbed(const KillSweep& sweep) {
  std::uint64_t writes = 0;
  Simulation simulation(sweep.behaviour, kCpus);
  Prepared(sweep, simulation).store.OnWrite([&](const StoreWrite& write) {
    writes = write.n;
    return WriteFate::kCommit;
  });
  const auto created = simulation.Ask(request::Create{MakeSpec(sweep.options).document});
  REQUIRE(created.has_value());
  REQUIRE(created->has_value());
  REQUIRE(simulation.RunToEnd(kLimit));
  sweep.check(simulation);
  return writes;
}

void KilledAt(const KillSweep& sweep, std::uint64_t n, WriteFate fate) {
  Simulation simulation(sweep.behaviour, kCpus);
  bool crashed = false;
  Prepared(sweep, simulation).store.OnWrite([&](const StoreWrite& write) {
    return write.n == n && !std::exchange(crashed, true) ? fate : WriteFate::kCommit;
  });
  const auto created = simulation.Ask(request::Create{MakeSpec(sweep.options).document});
  if (created.has_value()) {
    simulation.RunToEnd(kLimit);
  }
  CHECK(crashed);
  simulation.KillEngine();
  simulation.StartEngine(true);
  if (!simulation.store.FindExperiment("default", "sim").has_value()) {
    return;  // killed before there was an experiment
  }
  REQUIRE(simulation.RunToEnd(kLimit));
  sweep.check(simulation);
}

}  // namespace

void KillAtEveryWrite(const KillSweep& sweep) {
  const std::uint64_t writes = Undisturbed(sweep);
  REQUIRE(writes >= sweep.fewest_writes);
  for (const WriteFate fate : {WriteFate::kCrashBefore, WriteFate::kCrashAfter}) {
    for (std::uint64_t n = kFirstWrite; n <= writes; n += sweep.step) {
      INFO("crash " << (fate == WriteFate::kCrashBefore ? "before" : "after") << " write " << n);
      KilledAt(sweep, n, fate);
    }
  }
}

}  // namespace hone::test

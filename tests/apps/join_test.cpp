// SPDX-License-Identifier: Apache-2.0
// Several processes of hone over one data folder.
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/support/hone_program.h"

using hone::test::Eventually;
using hone::test::Has;
using hone::test::HoneProgram;
using hone::test::RunningProgram;

namespace {

std::string UntilFile(const std::string& name) {
  return "until [ -e " + name + " ]; do sleep 0.05; done; echo loss=${x}";
}

void Touch(const HoneProgram& hone, const std::string& name) {
  std::ofstream(hone.work() / name) << "";
}

/// One process with experiment `first`, another with `second`, each of two trials, one at a time.
struct TwoTerminals {
  HoneProgram hone;
  RunningProgram first;
  RunningProgram second;

  TwoTerminals() : first(Begin("first")), second(Begin("second")) {
    REQUIRE(Eventually([&] { return Has(second.ErrSoFar(), "second-"); }));  // its trial runs
  }

 private:
  RunningProgram Begin(const std::string& name) {
    auto run = hone.Start(
        {"run",
         hone.Write({.name = name, .script = UntilFile("go-" + name), .trials = 2, .parallel = 1}),
         "--cpus", "2"});
    REQUIRE(Eventually(
        [&] { return Has(run.ErrSoFar(), name == "first" ? "first-" : "joined the engine"); }));
    return run;
  }
};

}  // namespace

TEST_CASE("hone run: a second run joins the first engine and shows its own progress",
          "[apps][slow]") {
  TwoTerminals two;
  CHECK(Has(two.second.ErrSoFar(), "(process " + std::to_string(two.first.pid()) + ")"));
  Touch(two.hone, "go-second");
  const auto second = two.second.Wait();
  CHECK(second.exit_code == 0);
  CHECK(Has(second.out, "experiment  second"));
  CHECK_FALSE(Has(second.err, "first-"));
  Touch(two.hone, "go-first");
  const auto first = two.first.Wait();
  CHECK(first.exit_code == 0);
  CHECK(Has(first.out, "experiment  first"));
}

TEST_CASE("hone run: the engine stays until the experiments of other terminals are done",
          "[apps][slow]") {
  TwoTerminals two;
  Touch(two.hone, "go-first");
  REQUIRE(Eventually(
      [&] { return Has(two.first.ErrSoFar(), "other experiments still run here (second)"); }));
  CHECK(Has(two.first.OutSoFar(), "experiment  first"));  // the result does not wait for others
  Touch(two.hone, "go-second");
  CHECK(two.second.Wait().exit_code == 0);
  CHECK(two.first.Wait().exit_code == 0);
}

TEST_CASE("hone run: Ctrl-C in a joined terminal interrupts its own experiment only",
          "[apps][slow]") {
  TwoTerminals two;
  two.second.Signal(SIGINT);
  const auto second = two.second.Wait();
  CHECK(second.exit_code == 130);
  CHECK(Has(second.err, "'hone resume second' goes on"));
  CHECK(two.hone.Status("first") == "Running");
  Touch(two.hone, "go-first");
  CHECK(two.first.Wait().exit_code == 0);
}

TEST_CASE("hone run: when the engine dies, a joined terminal takes its place", "[apps][slow]") {
  TwoTerminals two;
  two.first.Signal(SIGKILL);
  two.first.Wait();
  REQUIRE(Eventually([&] { return Has(two.second.ErrSoFar(), "goes on in its place"); }));
  Touch(two.hone, "go-second");
  CHECK(two.second.Wait().exit_code == 0);
  Touch(two.hone, "go-first");
  CHECK(two.hone.Run({"resume", "first"}).exit_code == 0);
}

TEST_CASE("hone run: a bad second experiment is refused by the first engine's name check",
          "[apps][slow]") {
  TwoTerminals two;
  const auto again = two.hone.Run({"run", (two.hone.work() / "first.json").string()});
  CHECK(again.exit_code == 2);
  CHECK(Has(again.err, "there is an experiment 'first' already"));
  Touch(two.hone, "go-first");
  Touch(two.hone, "go-second");
  CHECK(two.first.Wait().exit_code == 0);
  CHECK(two.second.Wait().exit_code == 0);
}

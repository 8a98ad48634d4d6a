// SPDX-License-Identifier: Apache-2.0
// The real daemon and workers in Python that know nothing but the published API.
#include <csignal>
#include <filesystem>

#include "tests/catch.h"
#include "tests/e2e/python.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

constexpr const char* kProto = "api/proto/hone/v1/hone.proto";

ProgramRun Drive(HoneProgram& hone, const std::string& stubs, const std::string& address,
                 const std::string& kind) {
  return hone
      .StartProgram(
          {kPython, (SourceFolder() / "tests/e2e/daemon_client.py").string(), stubs, address, kind})
      .Wait();
}

TEST_CASE("serve: workers ask, report and tell; what they may not do is refused", "[e2e][slow]") {
  HoneProgram hone;
  const std::string stubs = MakeStubs(hone, kProto);
  if (stubs.empty()) {
    return;
  }
  RunningProgram daemon = hone.Start({"serve", "--listen", "127.0.0.1:0"});
  const std::string address = AddressOf(daemon);
  for (const char* const kind : {"life", "stop", "lease", "next", "refusals"}) {
    const ProgramRun client = Drive(hone, stubs, address, kind);
    INFO(kind << client.out << client.err << daemon.ErrSoFar());
    CHECK(client.exit_code == 0);
  }
  CHECK(daemon.ErrSoFar().find("runs its code as this user") != std::string::npos);
  const ProgramRun second = hone.Run({"serve", "--listen", "127.0.0.1:0"});
  CHECK(second.exit_code == 1);
  CHECK(second.err.find(std::to_string(daemon.pid())) != std::string::npos);
  daemon.Signal(SIGTERM);
  CHECK(daemon.Wait().exit_code == 0);
}

TEST_CASE("serve: a daemon that is killed again and again loses and doubles nothing that was told",
          "[e2e][slow]") {
  HoneProgram hone;
  const std::string stubs = MakeStubs(hone, kProto);
  if (stubs.empty()) {
    return;
  }
  auto daemon = std::make_unique<RunningProgram>(
      hone.Start({"serve", "--listen", "127.0.0.1:0", "--adopted-lease", "1"}));
  const std::string address = AddressOf(*daemon);
  RunningProgram client =
      hone.StartProgram({kPython, (SourceFolder() / "tests/e2e/daemon_client.py").string(), stubs,
                         address, "storm", "60"});
  for (const char* const told : {"12\n", "24\n", "36\n"}) {
    REQUIRE(Eventually([&] { return client.OutSoFar().find(told) != std::string::npos; }));
    daemon->Signal(SIGKILL);
    CHECK(daemon->Wait().exit_code == 128 + SIGKILL);
    daemon = std::make_unique<RunningProgram>(
        hone.Start({"serve", "--listen", address, "--adopted-lease", "1"}));
  }
  const ProgramRun run = client.Wait();
  INFO(run.out << run.err << daemon->ErrSoFar());
  CHECK(run.exit_code == 0);
  daemon->Signal(SIGTERM);
  CHECK(daemon->Wait().exit_code == 0);
}

TEST_CASE("serve: the same over HTTP, and no request makes it fail", "[e2e][slow]") {
  HoneProgram hone;
  const std::string stubs = MakeStubs(hone, kProto);
  if (stubs.empty()) {
    return;
  }
  RunningProgram daemon = hone.Start({"serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"});
  REQUIRE(
      Eventually([&] { return daemon.OutSoFar().find("\nlistening on ") != std::string::npos; }));
  const std::string out = daemon.OutSoFar();
  const std::vector<std::string_view> lines = Split(out, '\n');
  REQUIRE(lines[0].starts_with("HTTP on "));
  REQUIRE(lines[1].starts_with("listening on "));
  const ProgramRun client =
      hone.StartProgram({kPython, (SourceFolder() / "tests/e2e/daemon_client.py").string(), stubs,
                         std::string(lines[1].substr(13)), "rest", std::string(lines[0].substr(8))})
          .Wait();
  INFO(client.out << client.err << daemon.ErrSoFar());
  CHECK(client.exit_code == 0);
  daemon.Signal(SIGTERM);
  CHECK(daemon.Wait().exit_code == 0);
}

TEST_CASE("serve: schemathesis finds no request of the OpenAPI document that makes it fail",
          "[e2e][slow]") {
  const std::string schemathesis = (SourceFolder() / "build/rest-venv/bin/schemathesis").string();
  if (!std::filesystem::exists(schemathesis)) {
    WARN("skipped: there is no schemathesis (tools/setup.sh --test installs it)");
    return;
  }
  HoneProgram hone;
  RunningProgram daemon = hone.Start({"serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"});
  REQUIRE(
      Eventually([&] { return daemon.OutSoFar().find("\nlistening on ") != std::string::npos; }));
  const std::string out = daemon.OutSoFar();
  const std::string http(Split(out, '\n')[0].substr(8));
  const ProgramRun run =
      hone.StartProgram({schemathesis, "run", "http://" + http + "/api/v1/openapi.json", "--checks",
                         "not_a_server_error", "--phases", "coverage,fuzzing", "--max-examples",
                         "5", "--seed", "1", "--no-shrink", "--generation-database", "none",
                         "--warnings", "off", "--no-color"})
          .Wait();
  INFO(run.out << run.err << daemon.ErrSoFar());
  CHECK(run.exit_code == 0);
  daemon.Signal(SIGTERM);
  CHECK(daemon.Wait().exit_code == 0);
}

struct LoadPlan {
  const char* watchers;
  const char* workers;
  const char* seconds;
  const char* think_ms;
  const char* experiments;
};

struct LoadRun {
  std::string figures;
  double peak_mib = 0;  ///< memory of the daemon
};

/// Runs serve_load against a daemon.
LoadRun LoadDaemon(const LoadPlan& plan) {
  HoneProgram hone;
  RunningProgram daemon = hone.Start({"serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"});
  REQUIRE(
      Eventually([&] { return daemon.OutSoFar().find("\nlistening on ") != std::string::npos; }));
  const std::string out = daemon.OutSoFar();
  const std::string_view http = Split(out, '\n')[0];
  const std::string_view grpc = Split(out, '\n')[1].substr(13);
  const ProgramRun run =
      hone.StartProgram({HONE_SERVE_LOAD, std::string(grpc),
                         std::string(http.substr(http.rfind(':') + 1)), plan.watchers, plan.workers,
                         plan.seconds, plan.think_ms, plan.experiments})
          .Wait();
  INFO(run.out << run.err << daemon.ErrSoFar());
  CHECK(run.exit_code == 0);
  CHECK(run.out.find("\"told\": 0,") == std::string::npos);
  const std::string status = ReadText("/proc/" + std::to_string(daemon.pid()) + "/status");
  const std::size_t peak = status.find("VmHWM:");
  REQUIRE(peak != std::string::npos);
  daemon.Signal(SIGTERM);
  CHECK(daemon.Wait().exit_code == 0);
  return {run.out, std::stod(status.substr(peak + 6)) / 1024};
}

TEST_CASE("serve: many watchers and workers at a time: nothing fails, nothing is missed",
          "[e2e][slow]") {
  CHECK(LoadDaemon({"200", "20", "3", "50", "5"}).peak_mib < 512);
}

// For people: docs/benchmarks.md.
TEST_CASE("serve: 1,000 watchers and 200 workers for a minute", "[.load]") {
  const LoadRun run = LoadDaemon({"1000", "200", "60", "1000", "20"});
  WARN(run.figures << "peak memory in MiB: " << run.peak_mib);
  CHECK(run.peak_mib < 512);
}

TEST_CASE("serve: it is not opened to other machines by accident", "[e2e]") {
  HoneProgram hone;
  const ProgramRun refused = hone.Run({"serve", "--listen", "0.0.0.0:0"});
  CHECK(refused.exit_code == 2);
  CHECK(refused.err.find("--insecure") != std::string::npos);
  const std::string socket = "unix:" + (hone.work() / "hone.sock").string();
  RunningProgram daemon = hone.Start({"serve", "--listen", socket});
  CHECK(AddressOf(daemon) == socket);
  daemon.Signal(SIGINT);
  CHECK(daemon.Wait().exit_code == 0);
}

}  // namespace
}  // namespace hone::test

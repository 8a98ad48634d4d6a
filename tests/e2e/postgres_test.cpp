// SPDX-License-Identifier: Apache-2.0
// The real daemon and commands over a real PostgreSQL.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/catch.h"
#include "tests/support/hone_program.h"
#include "tests/support/postgres_server.h"

namespace hone::test {
namespace {

constexpr int kTrials = 12;

std::size_t LinesIn(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line);) {
    ++lines;
  }
  return lines;
}

std::size_t Succeeded(HoneProgram& hone, const std::string& url) {
  const auto object = hone.Json({"get", "pg", "--store", url});
  return object.at("status").value("trialsSucceeded", std::size_t{0});
}

TEST_CASE("serve: over PostgreSQL, a daemon that is killed goes on where it was", "[e2e][slow]") {
  auto* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  HoneProgram hone;
  const std::string url = server->NewSchema();
  const std::vector<std::string> serve = {"serve",  "--listen", "127.0.0.1:0", "--store", url,
                                          "--cpus", "2"};
  const auto ready = [](const RunningProgram& daemon) {
    return Eventually([&] { return daemon.OutSoFar().find("listening on ") != std::string::npos; });
  };
  auto daemon = std::make_unique<RunningProgram>(hone.Start(serve));
  INFO(daemon->ErrSoFar());
  REQUIRE(ready(*daemon));
  const std::string file = hone.Write({.name = "pg",
                                       .script = "echo \"$HONE_TRIAL_NAME\" >> starts\n"
                                                 "sleep 0.2; echo loss=${x}",
                                       .trials = kTrials});
  const ProgramRun created = hone.Run({"create", file, "--store", url});
  INFO(created.err);
  REQUIRE(created.exit_code == 0);
  for (const std::size_t after : {std::size_t{2}, std::size_t{6}}) {
    REQUIRE(Eventually([&] { return Succeeded(hone, url) >= after; }));
    daemon->Signal(SIGKILL);
    CHECK(daemon->Wait().exit_code == 128 + SIGKILL);
    daemon = std::make_unique<RunningProgram>(hone.Start(serve));
    REQUIRE(ready(*daemon));
  }
  CHECK(Eventually([&] { return Succeeded(hone, url) == kTrials; }));
  daemon->Signal(SIGTERM);
  CHECK(daemon->Wait().exit_code == 0);
  CHECK(LinesIn(hone.work() / "starts") == kTrials);  // none was run twice
  CHECK(server->Sql(url, "SELECT count(*) FROM observations") == std::to_string(kTrials));
  CHECK_FALSE(std::filesystem::exists(hone.data() / "hone.db"));
}

TEST_CASE("run: over the PostgreSQL of HONE_STORE, which trials are not told", "[e2e]") {
  auto* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  HoneProgram hone;
  const std::string file = hone.Write(
      {.name = "pg", .script = "env > seen; echo loss=${x}", .trials = 1, .parallel = 1});
  ::setenv("HONE_STORE", server->NewSchema().c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  const ProgramRun run = hone.Run({"run", file});
  const ProgramRun list = hone.Run({"list"});
  ::unsetenv("HONE_STORE");  // NOLINT(concurrency-mt-unsafe)
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  CHECK(list.out.find("Succeeded") != std::string::npos);
  const std::string seen = ReadText(hone.work() / "seen");
  CHECK(seen.find("HONE_TRIAL_NAME=") != std::string::npos);
  CHECK(seen.find("HONE_STORE") == std::string::npos);
  CHECK_FALSE(std::filesystem::exists(hone.data() / "hone.db"));
}

TEST_CASE("commands: none shows the password of --store", "[e2e]") {
  HoneProgram hone;
  for (const char* const url :
       {"postgresql://u:hushhush@[::1/db", "postgresql://u:hushhush@127.0.0.1:1/db",
        "postgresql://u:hushhush", "mysql://u:hushhush@localhost/db"}) {
    for (const char* const verb : {"list", "config", "serve"}) {
      const ProgramRun run = hone.Run({verb, "--store", url});
      CAPTURE(url, verb, run.out, run.err);
      CHECK((run.exit_code != 0 || std::string(verb) == "config"));
      CHECK((run.out + run.err).find("hush") == std::string::npos);
    }
  }
}

}  // namespace
}  // namespace hone::test

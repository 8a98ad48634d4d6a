// SPDX-License-Identifier: Apache-2.0
// The real program and a Python client that does what Katib's controller and collectors do.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "algorithms/registry.h"
#include "base/text.h"
#include "tests/catch.h"
#include "tests/e2e/python.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

constexpr long kMostResidentKib = 64L << 10;

/// From its start until it serves; the bound is for a loaded machine (docs/katib-services.md has
/// figures).
constexpr auto kMostStart = std::chrono::seconds(10);

long ResidentKib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  long kib = 0;
  while (status >> word && word != "VmRSS:") {
  }
  status >> kib;
  return kib;
}

/// Runs the client against a service; what it expects of the service is in its file.
void Drive(HoneProgram& hone, const std::string& stubs, const std::string& address,
           const std::string& kind, const std::vector<std::string>& more) {
  std::vector<std::string> argv = {kPython, (SourceFolder() / "tests/e2e/katib_client.py").string(),
                                   stubs, address, kind};
  argv.insert(argv.end(), more.begin(), more.end());
  const ProgramRun client = hone.StartProgram(argv).Wait();
  INFO(client.out << client.err);
  CHECK(client.exit_code == 0);
  CHECK(client.out.ends_with("ok\n"));
}

TEST_CASE("katib: a controller's rounds with every algorithm of hone suggestion", "[e2e][slow]") {
  HoneProgram hone;
  const std::string stubs = MakeStubs(hone, "api/proto/katib_v1beta1.proto");
  if (stubs.empty()) {
    return;
  }
  RunningProgram service = hone.Start({"suggestion", "--listen", "127.0.0.1:0"});
  const RunningProgram other = hone.Start({"suggestion", "--listen", "127.0.0.1:0"});
  std::vector<std::string> algorithms = {AddressOf(other)};
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    if ((info->supports & kCheckpoints) == 0) {
      algorithms.push_back(info->name);
    }
  }
  Drive(hone, stubs, AddressOf(service), "suggestion", algorithms);
  CHECK(ResidentKib(service.pid()) > 0);
  CHECK(ResidentKib(service.pid()) < kMostResidentKib);
  service.Signal(SIGTERM);
  const ProgramRun run = service.Wait();
  CHECK(run.exit_code == 0);
  CHECK(run.err.empty());
}

TEST_CASE("katib: what a collector reports to hone db-manager is there after a crash",
          "[e2e][slow]") {
  HoneProgram hone;
  const std::string stubs = MakeStubs(hone, "api/proto/katib_v1beta1.proto");
  if (stubs.empty()) {
    return;
  }
  for (const char* const run : {"1", "2"}) {
    RunningProgram service = hone.Start({"db-manager", "--listen", "127.0.0.1:0"});
    Drive(hone, stubs, AddressOf(service), "db-manager", {run});
    const ProgramRun second = hone.Run({"db-manager", "--listen", "127.0.0.1:0"});
    CHECK(second.exit_code == 1);
    CHECK(second.err.find(std::to_string(service.pid())) != std::string::npos);
    CHECK(ResidentKib(service.pid()) < kMostResidentKib);
    service.Signal(SIGKILL);
    CHECK(service.Wait().exit_code == 128 + SIGKILL);
  }
}

TEST_CASE("katib: hone earlystop makes rules of what a db-manager knows", "[e2e][slow]") {
  HoneProgram hone;
  const std::string stubs = MakeStubs(hone, "api/proto/katib_v1beta1.proto");
  if (stubs.empty()) {
    return;
  }
  const RunningProgram logs = hone.Start({"db-manager", "--listen", "127.0.0.1:0"});
  const std::string logs_address = AddressOf(logs);
  RunningProgram service = hone.Start({"earlystop", "--listen", "127.0.0.1:0"});
  Drive(hone, stubs, AddressOf(service), "earlystop", {logs_address});
  CHECK(ResidentKib(service.pid()) < kMostResidentKib);
  service.Signal(SIGTERM);
  CHECK(service.Wait().exit_code == 0);
}

TEST_CASE("katib: at TERM hone suggestion answers what is under way and ends", "[e2e][slow]") {
  HoneProgram hone;
  const std::string stubs = MakeStubs(hone, "api/proto/katib_v1beta1.proto");
  if (stubs.empty()) {
    return;
  }
  RunningProgram service = hone.Start({"suggestion", "--listen", "127.0.0.1:0", "--grace", "120"});
  RunningProgram client =
      hone.StartProgram({kPython, (SourceFolder() / "tests/e2e/katib_client.py").string(), stubs,
                         AddressOf(service), "drain"});
  REQUIRE(Eventually([&] { return client.OutSoFar() == "under way\n"; }));
  service.Signal(SIGTERM);
  CHECK(service.Wait().exit_code == 0);
  const ProgramRun answered = client.Wait();
  INFO(answered.out << answered.err);
  CHECK(answered.out.ends_with("ok\n"));
}

TEST_CASE("katib: services start at once and end at once when nobody asks", "[e2e]") {
  HoneProgram hone;
  for (const char* const name : {"suggestion", "earlystop", "db-manager"}) {
    const auto begin = std::chrono::steady_clock::now();
    RunningProgram service = hone.Start({name, "--listen", "127.0.0.1:0"});
    AddressOf(service);
    CHECK(std::chrono::steady_clock::now() - begin < kMostStart);
    service.Signal(SIGTERM);
    CHECK(service.Wait(kMostStart).exit_code == 0);
  }
}

TEST_CASE("katib: a service is not opened to other machines by accident", "[e2e]") {
  HoneProgram hone;
  const ProgramRun refused = hone.Run({"suggestion", "--listen", "0.0.0.0:0"});
  CHECK(refused.exit_code == 2);
  CHECK(refused.err.find("--insecure") != std::string::npos);
  const ProgramRun malformed = hone.Run({"suggestion", "--listen", "here"});
  CHECK(malformed.exit_code == 2);
  CHECK(malformed.err.find("--listen: must be HOST:PORT") != std::string::npos);

  RunningProgram open = hone.Start({"suggestion", "--listen", "0.0.0.0:0", "--insecure"});
  const std::string address = AddressOf(open);
  const std::string port = address.substr(address.rfind(':'));
  const ProgramRun taken = hone.Run({"suggestion", "--listen", "0.0.0.0" + port, "--insecure"});
  CHECK(taken.exit_code == 1);
  CHECK(taken.err.find("the port is taken") != std::string::npos);
  open.Signal(SIGINT);
  CHECK(open.Wait().exit_code == 0);
}

}  // namespace
}  // namespace hone::test

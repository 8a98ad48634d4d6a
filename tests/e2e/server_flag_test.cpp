// SPDX-License-Identifier: Apache-2.0
// The commands with --server: the same words as in the data folder of the daemon itself.
#include <csignal>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/catch.h"
#include "tests/e2e/python.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

/// A daemon over `there`, and somebody elsewhere with a data folder of their own.
struct TwoPlaces {
  HoneProgram there;
  HoneProgram here;
  RunningProgram daemon = there.Start({"serve", "--listen", "127.0.0.1:0"});
  std::string address = AddressOf(daemon);

  ProgramRun Run(std::vector<std::string> words) {
    words.insert(words.end(), {"--server", address});
    return here.Run(words);
  }
};

TEST_CASE("--server: an experiment is run from elsewhere, and read as on the spot", "[e2e][slow]") {
  TwoPlaces places;
  const std::string file = places.here.Write({.script = "for i in 1 2 3; do echo loss=${x}; done"});
  const ProgramRun run = places.Run({"run", file});
  INFO(run.out << run.err << places.daemon.ErrSoFar());
  REQUIRE(run.exit_code == 0);
  CHECK(run.err.find("the daemon at " + places.address) != std::string::npos);
  CHECK(run.out.find("demo") != std::string::npos);

  const std::string trial = places.there.Trials("demo").at(0);
  const std::vector<std::vector<std::string>> readers = {{"list", "-o", "json"},
                                                         {"get", "demo", "-o", "json"},
                                                         {"trials", "demo", "-o", "json"},
                                                         {"best", "demo"},
                                                         {"explain", "demo"},
                                                         {"explain", trial},
                                                         {"events", "demo"},
                                                         {"metrics", trial},
                                                         {"logs", trial},
                                                         {"export", "demo", "--csv"},
                                                         {"logs", trial, "--attempt", "1"}};
  for (const auto& words : readers) {
    const ProgramRun far = places.Run(words);
    const ProgramRun near = places.there.Run(words);
    INFO(words.front() << ": " << far.err << near.err);
    CHECK(far.exit_code == 0);
    CHECK(far.out == near.out);
    CHECK_FALSE(far.out.empty());
  }
  CHECK(places.here.Json({"list"}).at("items").empty());  // nothing came here

  const ProgramRun again = places.Run({"run", file});
  CHECK(again.exit_code == 2);
  CHECK(again.err.find("already in the daemon at") != std::string::npos);
  CHECK(places.Run({"delete", "demo"}).exit_code == 0);
  CHECK(places.Run({"get", "demo"}).exit_code == 1);
}

TEST_CASE("--server: stop, resume and kill reach the daemon's engine; Ctrl-C interrupts",
          "[e2e][slow]") {
  TwoPlaces places;
  const std::string file =
      places.here.Write({.script = "echo loss=${x}; sleep 60", .trials = 2, .parallel = 1});
  const ProgramRun created = places.Run({"create", file});
  INFO(created.err);
  REQUIRE(created.exit_code == 0);
  CHECK(created.out.find("the daemon at") != std::string::npos);
  REQUIRE(Eventually([&] {
    return places.there.Run({"trials", "demo"}).out.find("Running") != std::string::npos;
  }));
  const std::string trial = places.there.Trials("demo").at(0);
  CHECK(places.Run({"kill", trial}).exit_code == 0);
  CHECK(Eventually(
      [&] { return places.there.Run({"explain", trial}).out.find("illed") != std::string::npos; }));
  CHECK(places.Run({"stop", "demo"}).exit_code == 0);
  CHECK(places.there.StateOf("demo").phase == ExperimentPhase::kSuspended);

  RunningProgram resumed = places.here.Start({"resume", "demo", "--server", places.address});
  REQUIRE(
      Eventually([&] { return places.there.StateOf("demo").phase == ExperimentPhase::kRunning; }));
  resumed.Signal(SIGINT);
  const ProgramRun interrupted = resumed.Wait();
  INFO(interrupted.err);
  CHECK(interrupted.exit_code == 130);
  CHECK(places.there.StateOf("demo").phase == ExperimentPhase::kSuspended);
}

TEST_CASE("--server: a daemon that is gone, wrong addresses and commands of a folder are told",
          "[e2e][slow]") {
  TwoPlaces places;
  places.daemon.Signal(SIGTERM);
  CHECK(places.daemon.Wait().exit_code == 0);
  const ProgramRun gone = places.Run({"list"});
  CHECK(gone.exit_code == 1);
  CHECK(gone.err.find("the daemon at " + places.address + " cannot be reached") !=
        std::string::npos);
  const ProgramRun wrong = places.here.Run({"list", "--server", "nowhere"});
  CHECK(wrong.exit_code == 2);
  CHECK(wrong.err.find("HOST:PORT") != std::string::npos);
  const ProgramRun folder = places.here.Run({"gc", "--server", places.address});
  CHECK(folder.exit_code == 2);
  CHECK(folder.err.find("leave out --server") != std::string::npos);
  const ProgramRun token =
      places.here.Run({"list", "--server", "192.0.2.1:6790", "--token", "s3cret"});
  CHECK(token.exit_code == 2);
  CHECK(token.err.find("clear text") != std::string::npos);
  CHECK(token.err.find("s3cret") == std::string::npos);
}

TEST_CASE("--server: the caller's token goes along", "[e2e][slow]") {
  TwoPlaces places;
  const ProgramRun made = places.there.Run({"token", "create", "--role", "viewer"});
  INFO(made.err);
  REQUIRE(made.exit_code == 0);
  const std::string token(Trim(made.out));
  const ProgramRun without = places.Run({"list"});
  CHECK(without.exit_code == 1);
  CHECK(without.err.find("token") != std::string::npos);
  CHECK(places.Run({"list", "--token", token}).exit_code == 0);
  const std::string file = places.here.Write({.script = "echo loss=1"});
  const ProgramRun refused = places.Run({"create", file, "--token", token});
  INFO(refused.err);
  CHECK(refused.exit_code == 1);
  CHECK(refused.err.find("editor") != std::string::npos);
  CHECK(refused.err.find(token) == std::string::npos);
}

TEST_CASE("--server: an admin makes, lists and revokes tokens from elsewhere", "[e2e][slow]") {
  TwoPlaces places;
  const ProgramRun first = places.Run({"token", "create", "--role", "admin"});
  CHECK(first.exit_code == 1);  // nobody can be told from a stranger yet
  CHECK(first.err.find("make the first one beside it") != std::string::npos);
  const ProgramRun made = places.there.Run({"token", "create", "--role", "admin", "--for", "*"});
  REQUIRE(made.exit_code == 0);
  const std::string admin(Trim(made.out));

  const ProgramRun far = places.Run({"token", "create", "--name", "ada", "--role", "editor",
                                     "--for", "vision", "--expires", "12h", "--token", admin});
  INFO(far.err);
  REQUIRE(far.exit_code == 0);
  const std::string editor(Trim(far.out));
  CHECK(editor.starts_with("hone_"));
  const ProgramRun listed = places.Run({"token", "list", "-o", "json", "--token", admin});
  REQUIRE(listed.exit_code == 0);
  const auto items = ParseJsonOrThrow(listed.out).at("items");
  CHECK(items == places.there.Json({"token", "list"}).at("items"));
  REQUIRE(items.size() == 2);
  CHECK(items.at(1).at("name") == "ada");
  CHECK(items.at(1).at("namespaces") == nlohmann::json{"vision"});
  CHECK(items.at(1).at("state") == "valid");
  CHECK(listed.out.find(editor) == std::string::npos);
  CHECK(places.here.Json({"token", "list"}).at("items").empty());  // nothing came here

  const ProgramRun mere = places.Run({"token", "list", "--token", editor});
  CHECK(mere.exit_code == 1);
  CHECK(mere.err.find("needs the role admin") != std::string::npos);
  CHECK(places.Run({"token", "revoke", items.at(1).at("id"), "--token", admin}).exit_code == 0);
  CHECK(places.Run({"list", "--namespace", "vision", "--token", editor}).err.find("revoked") !=
        std::string::npos);
  CHECK(places.Run({"token", "revoke", "00000000", "--token", admin}).exit_code == 1);
}

}  // namespace
}  // namespace hone::test

// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

using hone::test::HoneProgram;
using nlohmann::json;

namespace {

std::map<std::string, json> ByName(const std::string& text) {
  std::map<std::string, json> checks;
  const json document = hone::ParseJsonOrThrow(text);
  for (const auto& item : document.at("items")) {
    checks[item.at("name")] = item;
  }
  return checks;
}

}  // namespace

TEST_CASE("hone doctor: a fit machine with a sound data file exits 0", "[apps]") {
  HoneProgram hone;
  REQUIRE(hone.Run({"run", hone.Write({.trials = 1, .parallel = 1})}).exit_code == 0);
  const auto run = hone.Run({"doctor", "-o", "json"});
  INFO(run.out << run.err);
  CHECK(run.exit_code == 0);
  CHECK(hone::ParseJsonOrThrow(run.out).at("fit") == true);
  auto checks = ByName(run.out);
  CHECK(checks.size() == 13);
  CHECK(checks["containers"]["status"] != "fail");
  CHECK(checks["data file"]["message"] == "sound; 1 experiment");
  CHECK(checks["engine"]["message"] == "none runs here");
  CHECK(checks["disk flush"]["status"] != "fail");
  const auto table = hone.Run({"doctor"});
  CHECK(table.out.rfind("STATUS  CHECK", 0) == 0);
}

TEST_CASE("hone doctor: makes nothing in a folder where nothing was run", "[apps]") {
  HoneProgram hone;
  const auto run = hone.Run({"doctor"});
  CHECK(run.exit_code == 0);
  CHECK_FALSE(std::filesystem::exists(hone.data()));
}

TEST_CASE("hone doctor: a damaged data file is told, and exits 1", "[apps]") {
  HoneProgram hone;
  REQUIRE(hone.Run({"run", hone.Write({.trials = 2})}).exit_code == 0);
  const auto file = hone.data() / "hone.db";
  // The last page only: the file still opens.
  const auto size = std::filesystem::file_size(file);
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(size) - 4096);
  stream << std::string(4096, '\x5a');
  stream.close();
  const auto run = hone.Run({"doctor", "-o", "json"});
  INFO(run.out << run.err);
  CHECK(run.exit_code == 1);
  CHECK(hone::ParseJsonOrThrow(run.out).at("fit") == false);
  CHECK(ByName(run.out)["data file"]["status"] == "fail");
  CHECK_THAT(ByName(run.out)["data file"]["message"].get<std::string>(),
             Catch::Matchers::Contains("damaged"));
}

TEST_CASE("hone doctor: a data folder that cannot be is told, and exits 1", "[apps]") {
  HoneProgram hone;
  const std::string blocked = hone.Write("blocked", "a file");
  const auto run = hone.Run({"doctor", "-o", "json", "--data-dir", blocked});
  CHECK(run.exit_code == 1);
  CHECK(ByName(run.out)["data folder"]["status"] == "fail");
}

TEST_CASE("hone doctor: a missing hone-shim is told, and exits 1", "[apps]") {
  HoneProgram hone;
  std::filesystem::copy_file(hone::test::ProgramFolder() / "hone", hone.work() / "hone");
  const auto run =
      hone.StartProgram({(hone.work() / "hone").string(), "doctor", "-o", "json"}).Wait();
  CHECK(run.exit_code == 1);
  CHECK(ByName(run.out)["hone-shim"]["status"] == "fail");
}

TEST_CASE("hone doctor: few open files are told", "[apps]") {
  HoneProgram hone;
  const std::string program = (hone::test::ProgramFolder() / "hone").string();
  const auto few =
      hone.StartProgram({"bash", "-c", "ulimit -n 200; " + program + " doctor -o json"}).Wait();
  CHECK(few.exit_code == 0);
  CHECK(ByName(few.out)["open files"]["status"] == "warn");
  const auto none =
      hone.StartProgram({"bash", "-c", "ulimit -n 64; " + program + " doctor -o json"}).Wait();
  CHECK(none.exit_code == 1);
  CHECK(ByName(none.out)["open files"]["status"] == "fail");
}

TEST_CASE("hone doctor: tells which process is the engine", "[apps][slow]") {
  HoneProgram hone;
  auto run =
      hone.Start({"run", hone.Write({.script = "sleep 60; echo loss=${x}"}), "--grace", "1"});
  REQUIRE(
      hone::test::Eventually([&] { return run.ErrSoFar().find("runs:") != std::string::npos; }));
  const auto checks = ByName(hone.Run({"doctor", "-o", "json"}).out);
  CHECK(checks.at("engine").at("message") ==
        "process " + std::to_string(run.pid()) + " holds the data folder");
  run.Signal(SIGINT);
  run.Wait();
}

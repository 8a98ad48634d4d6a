// SPDX-License-Identifier: Apache-2.0
// hone run on a terminal: `script` (util-linux) gives it one.
#include <algorithm>
#include <filesystem>
#include <string>

#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

using hone::test::Has;
using hone::test::HoneProgram;

namespace {

std::string Without(std::string text, const std::string& part) {
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part)) {
    text.erase(at, part.size());
  }
  return text;
}

}  // namespace

TEST_CASE("hone run: on a terminal a live line is redrawn and cleared without garbage",
          "[apps][slow]") {
  if (!std::filesystem::exists("/usr/bin/script")) {
    WARN("skipped: there is no script(1)");
    return;
  }
  HoneProgram hone;
  const std::string file = hone.Write({.script = "sleep 0.5; echo loss=${x}"});
  const auto run =
      hone.StartProgram({"/usr/bin/env", "TERM=xterm", "script", "-qec",
                         (hone::test::ProgramFolder() / "hone").string() + " run " + file,
                         "/dev/null"})
          .Wait();
  CHECK(run.exit_code == 0);
  CHECK(Has(run.out, "\r\x1b[Kdemo: 0/3 done"));
  CHECK(Has(run.out, "running"));
  // Nothing but "carriage return, clear line" controls the screen.
  const std::string plain = Without(Without(run.out, "\r\x1b[K"), "\r\n");
  CHECK(std::none_of(plain.begin(), plain.end(), [](char c) { return c >= 0 && c < ' '; }));
  // The live line is gone before the result is printed.
  const std::size_t result = run.out.find("experiment  demo\r\n");
  REQUIRE(result != std::string::npos);
  const std::string before = run.out.substr(0, result);
  CHECK((before.ends_with("\r\n") || before.ends_with("\r\x1b[K")));
}

TEST_CASE("hone run: a dumb terminal gets plain lines", "[apps][slow]") {
  if (!std::filesystem::exists("/usr/bin/script")) {
    WARN("skipped: there is no script(1)");
    return;
  }
  HoneProgram hone;
  const auto run =
      hone.StartProgram({"/usr/bin/env", "TERM=dumb", "script", "-qec",
                         (hone::test::ProgramFolder() / "hone").string() + " run " + hone.Write({}),
                         "/dev/null"})
          .Wait();
  CHECK(run.exit_code == 0);
  CHECK_FALSE(Has(run.out, "\x1b"));
  CHECK(Has(run.out, "succeeded: all 3 trials"));
}

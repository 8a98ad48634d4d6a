// SPDX-License-Identifier: Apache-2.0
#include "base/crash.h"

#include "base/file.h"
#include "base/process.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"

namespace {

using hone::CrashCount;
using hone::testing::TempFolder;

bool Dies(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{HONE_TEST_CHILD};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return !hone::RunAndRead(argv, std::chrono::seconds(20)).has_value();
}

TEST_CASE("crash: the innermost label of the crashing thread is charged", "[base]") {
  for (const char* how : {"abort", "segv", "overflow", "check"}) {
    DYNAMIC_SECTION(how) {
      const TempFolder folder;
      CHECK(Dies({"crash", how, folder.path().string()}));
      CHECK(CrashCount(folder.path(), "inner") == 1);
      CHECK(CrashCount(folder.path(), "outer") == 0);
    }
  }
}

TEST_CASE("crash: a label that ended gives way to the one before", "[base]") {
  const TempFolder folder;
  CHECK(Dies({"crash", "after-inner", folder.path().string()}));
  CHECK(CrashCount(folder.path(), "inner") == 0);
  CHECK(CrashCount(folder.path(), "outer") == 1);
}

TEST_CASE("crash: work without a label and clean exits leave nothing", "[base]") {
  const TempFolder folder;
  CHECK(Dies({"crash-unlabelled", folder.path().string()}));
  CHECK_FALSE(Dies({"crash", "not-at-all", folder.path().string()}));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("crash: crashes add up until they are forgiven", "[base]") {
  const TempFolder folder;
  for (int i = 1; i <= 2; ++i) {
    CHECK(Dies({"crash", "abort", folder.path().string()}));
    CHECK(CrashCount(folder.path(), "inner") == i);
  }
  CHECK(hone::ForgiveCrashes(folder.path(), "inner").has_value());
  CHECK(CrashCount(folder.path(), "inner") == 0);
  CHECK(hone::ForgiveCrashes(folder.path(), "inner").has_value());
}

}  // namespace

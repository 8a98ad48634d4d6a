// SPDX-License-Identifier: Apache-2.0
// The quota of trial logs, with the real program, the real shim and trials that write too much.
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/catch.h"
#include "tests/support/hone_program.h"

using hone::test::Has;
using hone::test::HoneProgram;

namespace {

constexpr std::uint64_t kQuota = std::uint64_t{64} << 10;

/// The one log in a data folder.
std::filesystem::path LogOf(const HoneProgram& hone) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(hone.data() / "trials")) {
    if (entry.path().filename() == "output.log") {
      return entry.path();
    }
  }
  return {};
}

std::uint64_t BytesOnDisk(const std::filesystem::path& file) {
  struct stat info = {};
  return ::stat(file.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_blocks) * 512 : 0;
}

}  // namespace

TEST_CASE("log quota: the beginning and the end of a long log are kept, and its last metric counts",
          "[apps]") {
  HoneProgram hone;
  // 20 MB, more than three hundred times the quota; the trial looks at its own log meanwhile.
  const std::string script =
      "echo first=1; log=$(dirname $HONE_TRIAL_DIR)/attempt-1/output.log; most=0; "
      "for i in $(seq 20); do seq -f 'line %.0f of many that nobody will ever read' 25000; "
      "now=$(stat -c %b $log); [ $now -gt $most ] && most=$now; done; "
      "echo blocks=$most; echo loss=0.25";
  const auto run = hone.Run(
      {"run", hone.Write({.script = script, .trials = 1, .parallel = 1}), "--log-quota", "64K"});
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  CHECK(Has(run.out, "loss=0.25"));

  const auto log = LogOf(hone);
  CHECK(std::filesystem::file_size(log) > 100 * kQuota);
  CHECK(BytesOnDisk(log) <= kQuota);

  const std::string shown = hone.Run({"logs", hone.Trials("demo").front()}).out;
  CHECK(shown.size() <= kQuota);
  CHECK(shown.size() > kQuota / 2);
  CHECK(shown.starts_with("first=1\nline 1 of many"));
  CHECK(shown.ends_with("\nloss=0.25\n"));
  CHECK(
      Has(shown, "\n[hone: output was cut out here: it is longer than the quota of 65536 bytes]"));
  CHECK(Has(shown, "\n[hone: it goes on here] "));
  CHECK(shown.find('\0') == std::string::npos);
  // Nothing but whole lines, and those two.
  std::size_t strange = 0;
  std::istringstream lines(shown);
  for (std::string line; std::getline(lines, line);) {
    const bool whole = line.starts_with("line ") && line.ends_with("nobody will ever read");
    const bool other = line == "first=1" || line == "loss=0.25" || line.starts_with("blocks=") ||
                       line.starts_with("[hone: ");
    strange += whole || other ? 0 : 1;
  }
  CHECK(strange == 0);
  // At no time did it take more; stat counts blocks of 512 bytes.
  const std::size_t at = shown.find("blocks=") + 7;
  CHECK(std::stoull(shown.substr(at)) * 512 <= kQuota);
  CHECK(std::stoull(shown.substr(at)) > 0);
}

TEST_CASE("log quota: a log within it is kept byte by byte, and 0 is no limit", "[apps]") {
  HoneProgram hone;
  const std::string script = "seq 30000; printf 'loss=1 \\001 no end of line'";
  const auto run = hone.Run(
      {"run", hone.Write({.script = script, .trials = 1, .parallel = 1}), "--log-quota", "0"});
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  std::string expected;
  for (int i = 1; i <= 30000; ++i) {
    expected += std::to_string(i) + "\n";
  }
  expected += "loss=1 \001 no end of line";
  CHECK(hone.Run({"logs", hone.Trials("demo").front()}).out == expected);
}

TEST_CASE("log quota: one that leaves no room for two ends is refused before anything runs",
          "[apps]") {
  HoneProgram hone;
  const auto run = hone.Run({"run", hone.Write({}), "--log-quota", "10K"});
  CHECK(run.exit_code == 2);
  CHECK(Has(run.err, "log-quota: must be 0 or at least 64 KiB"));
}

// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/verdict.h"

#include <csignal>
#include <fstream>

#include "tests/base/temp_folder.h"
#include "tests/catch.h"

namespace hone::local {
namespace {

using testing::TempFolder;

std::string TailOf(const std::string& content) {
  const TempFolder folder;
  std::ofstream(folder / "log", std::ios::binary) << content;
  return LastLines(folder / "log");
}

TEST_CASE("verdict: the last lines of a log", "[trial-runner]") {
  std::string many;
  for (int i = 1; i <= 500; ++i) {
    many += "line " + std::to_string(i) + "\n";
  }
  struct Case {
    const char* name;
    std::string content;
    std::string tail;
  };
  const Case cases[] = {
      {"empty", "", ""},
      {"one", "a\n", "a"},
      {"no line end", "a\nb", "a | b"},
      {"blank lines", "a\n\n  \nb\r\n", "a | b"},
      {"only the last ten", many,
       "line 491 | line 492 | line 493 | line 494 | line 495 | line 496 | line 497 | line 498 | "
       "line 499 | line 500"},
      {"control characters", "\x1b[31mred\n", "\\x1b[31mred"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      CHECK(TailOf(c.content) == c.tail);
    }
  }
  CHECK(LastLines("/no/such/log").empty());
}

TEST_CASE("verdict: rubbish stays short", "[trial-runner]") {
  CHECK(TailOf(std::string(1 << 20, 'x')).size() <= 1800);
  CHECK(TailOf(std::string(1 << 20, '\0')).size() <= 1800);
  CHECK(TailOf(std::string(1 << 20, '\n')).empty());
  CHECK_FALSE(TailOf(std::string(1 << 20, 'x')).empty());
}

TEST_CASE("verdict: each word of a record has its kind and sentence", "[trial-runner]") {
  struct Case {
    const char* word;
    int exit_code;
    int signal;
    EndingKind kind;
    const char* message;
  };
  const Case cases[] = {
      {"exited", 0, 0, EndingKind::kSucceeded, ""},
      {"exited", 2, 0, EndingKind::kExitCode, "exit code 2; last lines: oh"},
      {"signal", 0, SIGSEGV, EndingKind::kSignal, "killed by SIGSEGV; last lines: oh"},
      {"signal", 0, 99, EndingKind::kSignal, "killed by signal 99; last lines: oh"},
      {"out_of_memory", 0, SIGKILL, EndingKind::kOutOfMemory,
       "killed by the system because memory ran out; last lines: oh"},
      {"timeout", 0, SIGTERM, EndingKind::kTimeout,
       "ran longer than its deadline of 90 s; last lines: oh"},
      {"failed_to_start", 0, 0, EndingKind::kFailedToStart, "no such program; last lines: oh"},
      {"stopped", 0, SIGTERM, EndingKind::kStopped, "stopped by hone"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.word << " " << c.exit_code << " " << c.signal) {
      const ExitRecord record{.kind = c.word,
                              .exit_code = c.exit_code,
                              .signal = c.signal,
                              .stopped = false,
                              .started_at = {},
                              .ended_at = {},
                              .output_bytes = 0,
                              .reason = "no such program",
                              .culprits = "",
                              .replicas = {}};
      CHECK(Judge(record, std::chrono::seconds(90), "oh") ==
            Ending{c.kind, c.exit_code, c.signal, c.message});
    }
  }
}

}  // namespace
}  // namespace hone::local

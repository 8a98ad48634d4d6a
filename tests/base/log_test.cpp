// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <fcntl.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"

namespace {

/// The lines that a program with this log format wrote on stderr, each without its time.
std::vector<std::string> LoggedLines(const std::string& format) {
  const hone::testing::TempFolder folder;
  const auto path = folder / "log";
  const hone::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  hone::ProcessSpec spec{.argv = {HONE_TEST_CHILD, "log", format}, .env = {}, .working_folder = {}};
  spec.stderr_fd = fd.get();
  const auto child = hone::Spawn(spec);
  REQUIRE(child.has_value());
  REQUIRE(hone::WaitFor(*child, std::chrono::seconds(20)) == hone::ExitStatus{});
  const std::string text = hone::ReadFile(path).value();
  REQUIRE(text.ends_with('\n'));
  const auto parts = hone::Split(std::string_view(text).substr(0, text.size() - 1), '\n');
  return {parts.begin(), parts.end()};
}

TEST_CASE("log: logfmt lines, with what is below the level left out", "[base]") {
  std::vector<std::string> lines = LoggedLines("logfmt");
  for (std::string& line : lines) {
    REQUIRE(line.starts_with("ts=20"));
    line.erase(0, line.find(' ') + 1);
  }
  const std::vector<std::string> expected = {
      "level=info event=plain",
      "level=error event=typed text=\"two words\" count=3 big=9223372036854775808 ratio=0.5 "
      "bad=nan "
      "flag=true empty=\"\"",
      "level=warn event=nasty text=\"a\\\"b\\\\c\\\\x0a\\\\x1b[2J{}\xEF\xBF\xBD level=error\"",
  };
  CHECK(lines == expected);
}

TEST_CASE("log: JSON lines parse and keep the types", "[base]") {
  const std::vector<std::string> lines = LoggedLines("json");
  REQUIRE(lines.size() == 3);
  const auto typed = hone::ParseJsonOrThrow(lines[1]);
  CHECK(typed["ts"].get<std::string>().size() == 27);
  CHECK(typed["level"] == "error");
  CHECK(typed["event"] == "typed");
  CHECK(typed["count"] == 3);
  CHECK(typed["big"] == std::uint64_t{1} << 63U);
  CHECK(typed["ratio"] == 0.5);
  CHECK(typed["bad"] == "nan");
  CHECK(typed["flag"] == true);
  CHECK(hone::ParseJsonOrThrow(lines[2])["text"] ==
        "a\"b\\c\\x0a\\x1b[2J{}\xEF\xBF\xBD level=error");
}

TEST_CASE("log: warn is the default level and off silences all", "[base]") {
  CHECK(hone::LogEnabled(hone::LogLevel::kWarn));
  CHECK_FALSE(hone::LogEnabled(hone::LogLevel::kInfo));
  hone::ConfigureLog(hone::LogLevel::kOff, hone::LogFormat::kLogfmt);
  CHECK_FALSE(hone::LogEnabled(hone::LogLevel::kError));
  CHECK_FALSE(hone::LogEnabled(hone::LogLevel::kOff));
  hone::ConfigureLog(hone::LogLevel::kWarn, hone::LogFormat::kLogfmt);
}

}  // namespace

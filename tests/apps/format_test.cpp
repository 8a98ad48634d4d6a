// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/format.h"

#include "tests/catch.h"

using hone::Duration;
using namespace hone::cli;  // NOLINT(google-build-using-namespace): the subject of this file

TEST_CASE("format: durations are rounded to what a person wants to know", "[apps]") {
  struct Row {
    std::int64_t milliseconds;
    std::string text;
  };
  const Row rows[] = {{-5, "0.0 s"},
                      {0, "0.0 s"},
                      {49, "0.0 s"},
                      {250, "0.3 s"},
                      {9940, "9.9 s"},
                      {9960, "10 s"},
                      {59'400, "59 s"},
                      {59'600, "1 min"},
                      {125'000, "2 min 5 s"},
                      {3'600'000, "1 h"},
                      {6'000'000, "1 h 40 min"},
                      {86'400'000, "1 d"},
                      {273'600'000, "3 d 4 h"}};
  for (const Row& row : rows) {
    CAPTURE(row.milliseconds);
    CHECK(FormatDuration(std::chrono::milliseconds(row.milliseconds)) == row.text);
  }
}

TEST_CASE("format: a table aligns code points, not bytes, and ends lines without blanks",
          "[apps]") {
  Table table({"NAME", "VALUE"});
  table.Add({"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", "1"});
  table.Add({"ab"});
  CHECK(table.Text() == "NAME   VALUE\n\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9  1\nab\n");
}

TEST_CASE("format: untrusted text cannot control the terminal", "[apps]") {
  Table table({"VALUE"});
  table.Add({"\x1b[31mred\nline"});
  CHECK(table.Text() == "VALUE\n\\x1b[31mred\\x0aline\n");
}

TEST_CASE("format: text is cut to a width at code points", "[apps]") {
  CHECK(CutToWidth("abcdef", 6) == "abcdef");
  CHECK(CutToWidth("abcdefg", 6) == "abc...");
  CHECK(CutToWidth("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 4) == "\xC3\xA9...");
  CHECK(CutToWidth("abcdef", 2) == "..");
  CHECK(CutToWidth("abcdef", 0).empty());
}

TEST_CASE("format: inactive parameters are left out", "[apps]") {
  hone::Space space;
  space.parameters = {{"lr", hone::RealDomain{}, {}, {}}, {"depth", hone::IntegerDomain{}, {}, {}}};
  CHECK(FormatParameters(space, {{"0.1", true}, {"3", true}}) == "lr=0.1 depth=3");
  CHECK(FormatParameters(space, {{"0.1", true}, {"3", false}}) == "lr=0.1");
}

// SPDX-License-Identifier: Apache-2.0
#include "core/settings.h"

#include "tests/catch.h"

namespace hone {
namespace {

constexpr char kPath[] = "spec.algorithm.algorithmSettings";

std::vector<SettingSpec> Schema() {
  SettingSpec folder;
  folder.name = "folder";
  folder.doc = "where checkpoints are";
  folder.required = true;
  SettingSpec verbose;
  verbose.name = "verbose";
  verbose.kind = SettingSpec::Kind::kFlag;
  verbose.default_text = "false";
  return {IntSetting("random_state", std::nullopt, {.min = 0}, "seed"),
          RealSetting("gamma", 0.25, {.min = 0, .max = 1, .open_min = true, .open_max = true}, "g"),
          ChoiceSetting("acq_func", "EI", {"EI", "PI"}, "acquisition"), folder, verbose};
}

struct Checked {
  Settings settings;
  std::vector<Problem> problems;
};

Checked Check(std::vector<Setting> given) {
  const std::vector<SettingSpec> schema = Schema();
  Problems problems;
  Settings settings = CheckSettings(schema, given, kPath, problems);
  return {std::move(settings), problems.list()};
}

TEST_CASE("settings: defaults are filled in and given values win", "[core]") {
  const Checked c = Check({{"folder", "/ckpt"}, {"random_state", "17"}, {"gamma", "0.5"}});
  CHECK(c.problems.empty());
  CHECK(c.settings.Int("random_state") == 17);
  CHECK(c.settings.Real("gamma") == 0.5);
  CHECK(c.settings.Text("acq_func") == "EI");
  CHECK(c.settings.Text("folder") == "/ckpt");
  CHECK(c.settings.Text("verbose") == "false");
  CHECK_FALSE(Check({{"folder", "/ckpt"}}).settings.Has("random_state"));
  CHECK(Check({{"folder", "/ckpt"}}).settings.Real("gamma") == 0.25);
}

TEST_CASE("settings: each mistake is refused at its place", "[core]") {
  struct Case {
    const char* name;
    Setting setting;
    const char* field;
    const char* message;
  };
  const Case cases[] = {
      {"slip of the pen", {"gama", "0.5"}, "[1].name", "did you mean \"gamma\"?"},
      {"unknown", {"temperature", "1"}, "[1].name", "known are random_state, gamma"},
      {"twice", {"folder", "/b"}, "[1].name", "given already by setting 0"},
      {"no int", {"random_state", "1.5"}, "[1].value", "must be int >= 0, not \"1.5\""},
      {"int too small", {"random_state", "-1"}, "[1].value", "int >= 0"},
      {"no real", {"gamma", "much"}, "[1].value", "0 < real < 1"},
      {"at the open lower bound", {"gamma", "0"}, "[1].value", "0 < real < 1"},
      {"at the open upper bound", {"gamma", "1"}, "[1].value", "0 < real < 1"},
      {"NaN", {"gamma", "nan"}, "[1].value", "0 < real < 1"},
      {"no choice", {"acq_func", "ei"}, "[1].value", "one of EI, PI"},
      {"no flag", {"verbose", "yes"}, "[1].value", "true or false"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const Checked checked = Check({{"folder", "/a"}, c.setting});
      REQUIRE(checked.problems.size() == 1);
      CHECK(checked.problems[0].severity == Problem::Severity::kError);
      CHECK(checked.problems[0].field == kPath + std::string(c.field));
      CHECK_THAT(checked.problems[0].message, Catch::Matchers::Contains(c.message));
    }
  }
}

TEST_CASE("settings: a missing required one is refused with its meaning", "[core]") {
  const Checked c = Check({});
  REQUIRE(c.problems.size() == 1);
  CHECK(c.problems[0].field == kPath);
  CHECK_THAT(c.problems[0].message, Catch::Matchers::Contains("\"folder\" is required"));
  CHECK_THAT(c.problems[0].message, Catch::Matchers::Contains("where checkpoints are"));
}

TEST_CASE("settings: an algorithm without settings says so", "[core]") {
  Problems problems;
  const std::vector<Setting> given = {{"a", "1"}};
  CheckSettings({}, given, kPath, problems);
  REQUIRE(problems.list().size() == 1);
  CHECK_THAT(problems.list()[0].message, Catch::Matchers::Contains("has none"));
}

TEST_CASE("settings: ranges are described for people", "[core]") {
  CHECK(DescribeRange(IntSetting("a", 1, {}, "")) == "int");
  CHECK(DescribeRange(IntSetting("a", 1, {.min = 1}, "")) == "int >= 1");
  CHECK(DescribeRange(RealSetting("a", 1, {.min = 0, .open_min = true}, "")) == "real > 0");
  CHECK(DescribeRange(RealSetting("a", 1, {.max = 2}, "")) == "real <= 2");
  CHECK(DescribeRange(RealSetting("a", 1, {.min = 0, .max = 1}, "")) == "0 <= real <= 1");
  CHECK(DescribeRange(ChoiceSetting("a", "x", {"x", "y"}, "")) == "one of x, y");
}

}  // namespace
}  // namespace hone
